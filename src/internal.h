/* Private declarations: what the files of src/ tell each other. Arrows point one way: conn ->
 * message, opening, send, timer -> phase -> output -> frame, close, heads -> handshake -> reading
 * -> negotiation -> extension, write, http, fields -> leaves. The exceptions are deflate, which
 * output and message call and which calls them, and phase; and what timer.c is told by the others.
 * With PWS_NO_DEFLATE, no_deflate stands for negotiation and deflate. The companions (backoff,
 * retry_after, rate, queue, histogram, stats) are called by nobody. */
#ifndef PWS_INTERNAL_H
#define PWS_INTERNAL_H

#include <stddef.h>
#include <stdint.h>

#include "purews.h"

/* The four functions that the library calls. <string.h> is no freestanding header, so C declares
 * them here; C++ can't without repeating the exception specification of its own library. */
#ifdef __cplusplus
#include <string.h>
#else
void *memcpy(void *, const void *, size_t);
void *memmove(void *, const void *, size_t);
void *memset(void *, int, size_t);
int memcmp(const void *, const void *, size_t);
#endif

/* Linkage of private functions: `static` in the two-file build, hidden otherwise. */
#ifndef PWS_PRIVATE
#if defined(__GNUC__)
#define PWS_PRIVATE __attribute__((visibility("hidden")))
#else
#define PWS_PRIVATE
#endif
#endif

/* Keeps the long way out of the short one, which would have to save registers for it. */
#if defined(__GNUC__)
#define PWS_NOINLINE __attribute__((noinline))
#else
#define PWS_NOINLINE
#endif

/* What is so only of compression, a condition or a bit: 0 where that is left out. */
#ifdef PWS_NO_DEFLATE
#define PWS_IF_DEFLATE(what) 0
#else
#define PWS_IF_DEFLATE(what) (what)
#endif

enum {
    PWS_MAX_CONTROL = 125,   /* payload bytes of a control frame (RFC 6455 5.5) */
    PWS_MAX_REASON = 123,    /* bytes of a close reason: 125 less the code */
    PWS_MAX_FRAME_HEAD = 14, /* bytes of a frame header with 64-bit length and masking key */
    PWS_KEY_LENGTH = 24,     /* characters of a Sec-WebSocket-Key */
    PWS_ACCEPT_LENGTH = 28,  /* characters of a Sec-WebSocket-Accept */
    PWS_DEFAULT_HEAD = 8192, /* bytes: pws_config.max_head */
    PWS_INFLATE_PIECE =
        4096, /* bytes of a compressed message that are delivered at a time, at least */
    PWS_DEFAULT_MESSAGE = 1048576 /* bytes: pws_config.max_message */
};

/* cpu, of functions here and below: config.cpu, or 0 where there is no configuration. It changes
 * their speed and nothing else. */

/* ---- names.c ---- */

/* pws_strerror for what a peer can be told of: in a Close or as the answer to its request. */
PWS_PRIVATE const char *pws_reason_for(int32_t error);

/* ---- mask.c: masking (RFC 6455 5.3) ---- */

/* dst[i] = src[i] ^ key[i % 4]. dst and src are the same or do not overlap. */
PWS_PRIVATE void pws_mask(uint8_t *dst, const uint8_t *src, size_t length, const uint8_t key[4],
                          uint32_t cpu);
/* Turns key so that its first byte is the one for the byte `length` further on. */
PWS_PRIVATE void pws_mask_rotate(uint8_t key[4], size_t length);

/* ---- utf8.c: UTF-8 (RFC 3629), incremental ---- */

/* Returns how many of the bytes can be part of UTF-8: length, or the index of the first impossible
 * byte. *state is 0 at the beginning, carries over from call to call, and is 0 between characters.
 */
PWS_PRIVATE size_t pws_utf8_scan(uint32_t *state, const uint8_t *bytes, size_t length,
                                 uint32_t cpu);
/* pws_mask, then whether what comes out is UTF-8 from its beginning to its end, in one go. */
PWS_PRIVATE int pws_mask_whole_text(uint8_t *dst, const uint8_t *src, size_t length,
                                    const uint8_t key[4], uint32_t cpu);
/* pws_mask, all of it, then pws_utf8_scan of what comes out, in one go. */
PWS_PRIVATE size_t pws_mask_text(uint8_t *dst, const uint8_t *src, size_t length,
                                 const uint8_t key[4], uint32_t *state, uint32_t cpu);

/* ---- sha1.c (RFC 3174), base64.c (RFC 4648) ---- */

enum {
    PWS_SHA1_TEXT = 60 /* bytes: a Sec-WebSocket-Key and the GUID (RFC 6455 4.2.2) */
};
PWS_PRIVATE void pws_sha1(uint8_t digest[20], const uint8_t text[PWS_SHA1_TEXT], uint32_t cpu);
/* Writes 4 * ((length + 2) / 3) characters, no NUL. */
PWS_PRIVATE void pws_base64_encode(char *out, const uint8_t *data, size_t length);
/* 1 if text is base64 of exactly 16 bytes: 22 characters of the alphabet and "==". */
PWS_PRIVATE int pws_base64_is_key(pws_str text);

/* ---- random.c ---- */

/* Four random bytes of one pool, for the masking key of a frame (RFC 6455 5.3); random is seeded.
 */
PWS_PRIVATE void pws_masking_key(pws_random *random, uint8_t key[4]);

/* ---- text.c: comparing and classifying text; ASCII only, no locale ---- */

/* A literal, whose length the compiler knows, as text. */
#define PWS_LITERAL(literal) pws_literal("" literal, sizeof(literal) - 1)
static inline pws_str pws_literal(const char *text, size_t length) {
    pws_str str = {text, length};

    return str;
}
/* The characters begin to end - 1 of text. */
static inline pws_str pws_part(pws_str text, size_t begin, size_t end) {
    if (begin > 0)
        text.ptr += begin;
    text.len = end - begin;
    return text;
}
PWS_PRIVATE int pws_str_equal(pws_str a, pws_str b);
/* Whatever the case of letters. */
PWS_PRIVATE int pws_str_equal_nocase(pws_str a, pws_str b);
/* 1 if text is that word, in that case. */
PWS_PRIVATE int pws_is_text(pws_str text, const char *word);
/* 1 if name is that literal, whatever its case (RFC 9110 5.1). */
#define PWS_IS_NAMED(name, literal) pws_str_equal_nocase((name), PWS_LITERAL(literal))
/* 1 if text begins so, whatever the case. */
PWS_PRIVATE int pws_begins(pws_str text, pws_str beginning);
/* The index of the first c in text, or its length. */
PWS_PRIVATE size_t pws_index_of(pws_str text, char c);
/* 1 if text has a length but is NULL. */
PWS_PRIVATE int pws_is_missing(pws_str text);
static inline int pws_is_digit(char c) {
    return c >= '0' && c <= '9';
}
static inline int pws_is_letter(char c) {
    return (uint8_t)((c | ('a' - 'A')) - 'a') < 26;
}
static inline int pws_is_space(char c) {
    return c == ' ' || c == '\t';
}
/* 1 if all are 0, as reserved fields must be, so that they can get a meaning later. */
PWS_PRIVATE int pws_is_zero(const uintptr_t *fields, size_t count);
/* Without SP and HTAB at both ends. */
PWS_PRIVATE pws_str pws_trim(pws_str text);
/* tchar of RFC 9110 5.6.2. */
PWS_PRIVATE int pws_is_tchar(char c);
/* The number of tchar in front of any other character. */
PWS_PRIVATE size_t pws_token_span(pws_str text);
/* A token of RFC 9110 5.6.2: one or more tchar. */
PWS_PRIVATE int pws_is_token(pws_str text);
/* The number of visible ASCII characters in front of any other. */
PWS_PRIVATE size_t pws_visible_span(pws_str text);
/* One or more visible ASCII characters: no white space, no control characters. */
PWS_PRIVATE int pws_is_visible(pws_str text);
/* field-value of RFC 9110 5.5: HTAB, SP, visible and non-ASCII characters, or nothing. */
PWS_PRIVATE int pws_is_field_value(pws_str text);
/* Takes the next element off *rest, a list separated by commas and white space (config.origins,
 * config.protocols). Returns 0 at the end. */
PWS_PRIVATE int pws_word_next(pws_str *rest, pws_str *word);
/* Takes the next element off *rest, a header value as RFC 9110 5.6.1 has it: separated by commas
 * outside quoted strings, trimmed, empty ones left out. Returns 0 at the end. */
PWS_PRIVATE int pws_element_next(pws_str *rest, pws_str *element);

/* ---- url.c ---- */

/* 1 if text is host [":" port] of RFC 3986 3.2, the value of Host (RFC 9112 3.2); not empty. */
PWS_PRIVATE int pws_is_authority(pws_str text);

/* ---- write.c: heads that we send ---- */

/* Writes text into memory of a fixed size; what does not fit sets full and is left out. */
typedef struct pws_writer {
    uint8_t *ptr;
    size_t capacity, length;
    int full;
} pws_writer;

PWS_PRIVATE void pws_put(pws_writer *out, pws_str text);
PWS_PRIVATE void pws_put_text(pws_writer *out, const char *text);
PWS_PRIVATE void pws_put_number(pws_writer *out, size_t number);
/* name: value CR LF */
PWS_PRIVATE void pws_put_header(pws_writer *out, const char *name, pws_str value);
/* PWS_OK if every header is a token and a value without control characters (HTAB is allowed; RFC
 * 9110 5.5) and none is reserved for the library in that role, else PWS_E_HEADER. PWS_E_ARG if a
 * pointer is NULL where a length is not 0. */
PWS_PRIVATE int32_t pws_headers_check(uint32_t role, const pws_header *headers, size_t count);
PWS_PRIVATE void pws_put_headers(pws_writer *out, const pws_header *headers, size_t count);

/* ---- frame.c: frame headers (RFC 6455 5.2) ---- */

/* Writes a frame header; with a masking key unless it is NULL. Returns its size in bytes, 2 to 14.
 */
PWS_PRIVATE size_t pws_frame_head(uint8_t *out, uint8_t first, uint64_t length, const uint8_t *key);
/* Bytes of a received frame header, once its first two bytes are there. */
PWS_PRIVATE size_t pws_frame_head_size(const uint8_t *head);
/* The payload length in a complete frame header. */
PWS_PRIVATE uint64_t pws_frame_length(const uint8_t *head);
/* The rules for a received header: its first byte, its second, and its complete length. */
PWS_PRIVATE int32_t pws_frame_check_first(uint8_t first, int in_message, int deflate);
PWS_PRIVATE int32_t pws_frame_check_second(uint8_t first, uint8_t second, uint32_t role);
PWS_PRIVATE int32_t pws_frame_check_length(const uint8_t *head, uint64_t length);
/* The rules for what the program sends as kind (PWS_TEXT | PWS_MORE, ...). */
PWS_PRIVATE int32_t pws_frame_check_kind(uint32_t kind, size_t length);
/* The first byte of a header that we send: opcode, and FIN unless kind has PWS_MORE. */
PWS_PRIVATE uint8_t pws_frame_first(uint32_t opcode, uint32_t kind);

/* ---- close.c: close codes and payloads (RFC 6455 7.4) ---- */

/* 1 if the code may be in a Close frame. */
PWS_PRIVATE int pws_close_code_ok(uint32_t code);
/* Takes apart the payload of a Close frame: *code (1005 if there is none) and reason. */
PWS_PRIVATE int32_t pws_close_parse(pws_bytes payload, uint16_t *code, pws_bytes *reason);
/* The close code that tells the peer of an error of ours. */
PWS_PRIVATE uint16_t pws_close_code_for(int32_t error);

/* ---- extension.c: the grammar of Sec-WebSocket-Extensions (RFC 6455 9.1) ---- */

/* Takes the next extension off *rest, a list: token *( ";" parameter ), white space around it left
 * out, empty ones passed over (RFC 9110 5.6.1). Where the list is malformed it is {NULL, 0}, and
 * the last. Returns 0 at the end. */
PWS_PRIVATE int pws_extension_next(pws_str *rest, pws_str *extension);
/* Takes the name off *rest, an extension of pws_extension_next. */
PWS_PRIVATE pws_str pws_extension_name(pws_str *rest);
/* Takes the next parameter off *rest. value: as it stands behind the "=", a quoted string with its
 * quotes; {NULL, 0} if there is no "=". Returns 0 at the end. */
PWS_PRIVATE int pws_extension_parameter(pws_str *rest, pws_str *name, pws_str *value);

/* ---- negotiation.c: permessage-deflate (RFC 7692 5 and 7.1) ---- */

/* A server's answer to one offer: 1 with *agreed, or 0 if it declines. */
PWS_PRIVATE int pws_deflate_accept(const pws_config *config, pws_str offer,
                                   pws_deflate_params *agreed);
/* A client's judgement of the answer to its offer: 1 with *agreed, or 0 if it must fail. */
PWS_PRIVATE int pws_deflate_confirm(const pws_config *config, pws_str answer,
                                    pws_deflate_params *agreed);
/* Write Sec-WebSocket-Extensions' value; nothing if there is none. */
PWS_PRIVATE void pws_put_deflate_offer(pws_writer *out, const pws_config *config);
PWS_PRIVATE void pws_put_deflate_answer(pws_writer *out, const pws_deflate_params *agreed);
/* 1 if what pws_config wants is in range. */
PWS_PRIVATE int pws_deflate_wish_ok(const pws_config *config);
/* What is agreed on as a connection keeps it: 0 if nothing is. */
PWS_PRIVATE uint16_t pws_deflate_pack(const pws_deflate_params *agreed);
PWS_PRIVATE pws_deflate_params pws_deflate_unpack(uint16_t packed);
/* Window bits and context takeover of the direction that role sends. */
PWS_PRIVATE uint32_t pws_deflate_bits(uint16_t packed, uint32_t role);
PWS_PRIVATE int pws_deflate_takeover(uint16_t packed, uint32_t role);

/* ---- handshake.c: the rules of section 4, both roles, without state ---- */

/* As pws_accept_key, for a key that has been looked at. */
PWS_PRIVATE void pws_accept_write(char accept[PWS_ACCEPT_LENGTH], const char *key, uint32_t cpu);
/* The pws_str of *protocol that equals wanted among those that header lines offer, or {NULL, 0}. */
PWS_PRIVATE pws_str pws_offered(pws_str fields, pws_str wanted);
/* The place of a subprotocol among those configured, best first; SIZE_MAX if it is none of them. */
PWS_PRIVATE size_t pws_protocol_rank(pws_str configured, pws_str protocol);

/* ---- heads.c: the heads that we send ---- */

/* Write the heads that we send; the arguments have been checked by these functions only as far as
 * said in purews.h for pws_connect, pws_accept and pws_reject. Return what those return. */
PWS_PRIVATE int32_t pws_write_request(pws_writer *out, const pws_config *config,
                                      const pws_request *request, pws_str key);
PWS_PRIVATE int32_t pws_write_switch(pws_writer *out, const pws_config *config, const char *key,
                                     const pws_response *response, pws_str protocol,
                                     const pws_deflate_params *deflate);
PWS_PRIVATE int32_t pws_write_response(pws_writer *out, const pws_response *response);
/* The answer to a request that breaks a rule: status, headers, one line of text as body. */
PWS_PRIVATE int32_t pws_write_refusal(pws_writer *out, int32_t error, int head_only);

/* ---- The connection's private state ---- */

/* pws_conn.phase */
enum {
    PWS_PHASE_REQUEST,  /* server: the request is coming */
    PWS_PHASE_ANSWER,   /* server: the request waits for pws_accept or pws_reject */
    PWS_PHASE_ACCEPTED, /* server: the answer is 101, PWS_OPEN has yet to be pulled */
    PWS_PHASE_CONNECT,  /* client: before pws_connect */
    PWS_PHASE_RESPONSE, /* client: the response is coming */
    PWS_PHASE_REJECTED, /* client: PWS_REJECTED; what is left of the input is its body */
    PWS_PHASE_OPEN,     /* frames are coming; our Close may have been sent */
    PWS_PHASE_DISCARD,  /* the peer's Close has come, or the connection has failed: input is thrown
                           away (RFC 6455 1.4, 7.1.7), and what is owed goes out before the end */
    PWS_PHASE_CLOSED    /* PWS_CLOSED has been pulled */
};

/* pws_conn.busy: 0 where a connection spends its life, open, between messages, with nothing owed
 * but perhaps a batch. Then the short ways of fast.c are taken. */
enum {
    PWS_BUSY_PHASE = 1,         /* the phase is not PWS_PHASE_OPEN */
    PWS_BUSY_MESSAGE = 2,       /* a message or a frame header is incomplete */
    PWS_BUSY_FRAME = 4,         /* a frame's payload is incomplete */
    PWS_BUSY_WRITING = 16,      /* a PWS_WRITE is out */
    PWS_BUSY_LENDING = 32,      /* and it shows send_data */
    PWS_BUSY_SEND = 64,         /* send_data is owed; its header is in the batch */
    PWS_BUSY_MASK = 128,        /* and has yet to be masked, into the transmit half */
    PWS_BUSY_PONG = 256,        /* a Pong is owed */
    PWS_BUSY_CLOSE = 512,       /* a Close is owed */
    PWS_BUSY_CLOSING = 1024,    /* our Close is owed or sent: no data may follow it */
    PWS_BUSY_REFUSE = 2048,     /* server: the answer to a malformed request is owed */
    PWS_BUSY_EOF = 4096,        /* the transport has ended */
    PWS_BUSY_HELD = 8192,       /* pws_hold */
    PWS_BUSY_PONGING = 16384,   /* send_data is the payload of a Pong, where it was received */
    PWS_BUSY_HEAD_ONLY = 32768, /* the malformed request is a HEAD: it is answered without a body */
    PWS_BUSY_TOLD = 262144,     /* send_data is of a frame of the program */
    PWS_BUSY_PING = 524288,     /* a Ping of our own is owed */
    PWS_BUSY_PROBED = 1048576,  /* it is owed or sent, and since then there was silence */
    /* a limit had run out at the last tick, unless input that is pulled now shows otherwise */
    PWS_BUSY_LATE_OPENING = 2097152,
    PWS_BUSY_LATE_PONG = 4194304,
    PWS_BUSY_LATE_MESSAGE = 8388608,
    PWS_BUSY_LATE_IDLE = 16777216,
    PWS_BUSY_LATE_PING = 33554432,
    PWS_BUSY_LATE_SEND = 67108864,
    PWS_BUSY_LATE_CLOSING = 134217728,
    /* send_data has yet to be compressed, into the transmit half */
    PWS_BUSY_DEFLATE = PWS_IF_DEFLATE(65536),
    /* there is more of the message to decompress without more input */
    PWS_BUSY_INFLATE = PWS_IF_DEFLATE(131072)
};

/* What pws_output_owed looks at. */
#define PWS_BUSY_OUTPUT                                                                            \
    ((uint32_t)(PWS_BUSY_SEND | PWS_BUSY_DEFLATE | PWS_BUSY_PONG | PWS_BUSY_CLOSE |                \
                PWS_BUSY_CLOSING | PWS_BUSY_REFUSE | PWS_BUSY_HELD | PWS_BUSY_PING))

/* All that says what send_data is. */
#define PWS_BUSY_SENDING                                                                           \
    ((uint32_t)(PWS_BUSY_SEND | PWS_BUSY_MASK | PWS_BUSY_DEFLATE | PWS_BUSY_PONGING |              \
                PWS_BUSY_TOLD))

/* Any limit. */
#define PWS_BUSY_LATE                                                                              \
    ((uint32_t)(PWS_BUSY_LATE_OPENING | PWS_BUSY_LATE_PONG | PWS_BUSY_LATE_MESSAGE |               \
                PWS_BUSY_LATE_IDLE | PWS_BUSY_LATE_PING | PWS_BUSY_LATE_SEND |                     \
                PWS_BUSY_LATE_CLOSING))

/* pws_conn.flags */
enum {
    PWS_FLAG_DELIVERED = 4,      /* a part of the received message has been delivered (streaming) */
    PWS_FLAG_TICKED = 16,        /* the program tells the time */
    PWS_FLAG_PINGED = 32,        /* the Ping of `pinged` has not been answered */
    PWS_FLAG_CLOSE_WRITTEN = 64, /* our Close is with the transport */
    PWS_FLAG_PING_OUT = 128,     /* our Ping is in the batch: it has yet to be written */
    PWS_FLAG_COMPRESSED = PWS_IF_DEFLATE(1),     /* the received message is compressed */
    PWS_FLAG_HAS_PAYLOAD = PWS_IF_DEFLATE(2),    /* and is not without payload */
    PWS_FLAG_SEND_COMPRESSED = PWS_IF_DEFLATE(8) /* the message being sent is compressed */
};

/* ---- output.c: what is owed to the transport, in its order ---- */

/* Payloads up to this many bytes are copied into the batch where there is room; a larger one costs
 * less as a piece of writev than as a copy. */
enum {
    PWS_COPY_MAX = 4096
};

/* Takes note that the last PWS_WRITE, which is out (PWS_BUSY_WRITING), has been written. */
PWS_PRIVATE void pws_output_settle(pws_conn *ws);
/* Makes the next PWS_WRITE of what must go out before more input is read. Returns 1 with an event.
 */
PWS_PRIVATE int pws_output_owed(pws_conn *ws, pws_event *ev);
/* Makes a PWS_WRITE of the batch, if there is one. Returns 1 with an event. */
PWS_PRIVATE int pws_output_flush(pws_conn *ws, pws_event *ev);
/* A writer over what is left of the transmit half; pws_output_head adds what it wrote to the batch.
 */
PWS_PRIVATE pws_writer pws_output_writer(pws_conn *ws);
PWS_PRIVATE void pws_output_head(pws_conn *ws, const pws_writer *head);
/* Whether there is room for a frame with a payload of that many bytes, or there will never be more.
 */
PWS_PRIVATE int pws_output_fits(const pws_conn *ws, size_t length);
/* Adds a frame header to the batch, where pws_output_fits has found room for it. key becomes the
 * masking key of a client's frame, zeros for a server's. */
PWS_PRIVATE void pws_output_frame(pws_conn *ws, uint8_t first, size_t length, uint8_t key[4]);
/* As pws_output_data, for a client's payload that must not be masked where it lies. The machine is
 * not asked to do this without a transmit half. */
PWS_PRIVATE void pws_output_masked(pws_conn *ws, const uint8_t *data, size_t length,
                                   const uint8_t key[4]);
/* Adds bytes that need no masking: copied into the batch if small, else borrowed. */
PWS_PRIVATE void pws_output_data(pws_conn *ws, const uint8_t *data, size_t length);
/* Bytes that the batch can grow by. */
static inline size_t pws_output_room(const pws_conn *ws) {
    return ws->transmit != NULL ? ws->transmit_size - PWS_MAX_CONTROL - ws->batch_length : 0;
}
/* Adds a whole frame, where there is room for it, and a client masks it. The payload may lie
 * PWS_MAX_FRAME_HEAD bytes behind the batch: then it moves up to its header. */
PWS_PRIVATE void pws_output_moved(pws_conn *ws, uint8_t first, const uint8_t *payload,
                                  size_t length);
/* Owes the Pong for a Ping (RFC 6455 5.5.3): instead of one that is still held. */
PWS_PRIVATE void pws_output_pong(pws_conn *ws, pws_bytes payload);
/* Gives up all that is owed to the transport. */
PWS_PRIVATE void pws_output_drop(pws_conn *ws);
/* Whether something is owed to the transport. */
PWS_PRIVATE int pws_output_owes(const pws_conn *ws);
/* Owes a Close. code 0: without a payload. */
PWS_PRIVATE void pws_output_close(pws_conn *ws, uint32_t code, const char *reason, size_t length);
/* Asks for a half. Returns 1: the event. */
PWS_PRIVATE int pws_need_receive(const pws_conn *ws, pws_event *ev);
PWS_PRIVATE int pws_need_transmit(pws_event *ev);

/* ---- send.c: frames of the program ---- */

/* pws_send, in full. */
PWS_PRIVATE int32_t pws_send_any(pws_conn *ws, uint32_t kind, const void *data, size_t length);

/* Whether bytes are exactly one frame that may be sent as it is: whole, unmasked, no Close, and
 * compressed if there is a window. */
PWS_PRIVATE int pws_is_prepared(const uint8_t *frame, size_t length, uint32_t window_bits);

/* ---- phase.c ---- */

/* Whether a request, as far as it has come, is a HEAD, which is answered without a body (RFC 9110
 * 9.3.2). */
PWS_PRIVATE int pws_asks_head(const pws_conn *ws);
/* Frames come next. */
PWS_PRIVATE void pws_enter_open(pws_conn *ws);
/* Input counts no more: the end comes as soon as nothing is owed. */
PWS_PRIVATE void pws_enter_discard(pws_conn *ws);
/* Fails the connection (RFC 6455 7.1.7): with a Close or, before it was open, an answer to the
 * request. */
PWS_PRIVATE void pws_fail(pws_conn *ws, int32_t error);
/* Likewise, with another close code than that error has. */
PWS_PRIVATE void pws_fail_with(pws_conn *ws, int32_t error, uint16_t code);

/* ---- timer.c: what the last tick means for the connection ---- */

/* Bytes of the payload of our Pings. */
enum {
    PWS_PING_PAYLOAD = 8
};
/* The peer has sent something. */
PWS_PRIVATE void pws_time_heard(pws_conn *ws);
/* The connection has been used, not only kept alive. */
static inline void pws_time_used(pws_conn *ws) {
    ws->used = (uint32_t)ws->now;
    ws->busy &= ~(uint32_t)PWS_BUSY_LATE_IDLE;
}
/* A Ping of our own goes out: its payload. */
PWS_PRIVATE void pws_time_pinged(pws_conn *ws, uint8_t payload[PWS_PING_PAYLOAD]);
/* It is with the transport: the peer can answer from now on. */
PWS_PRIVATE void pws_time_ping_written(pws_conn *ws);
/* The milliseconds since the Ping that this Pong answers; UINT32_MAX if it is none of ours. */
PWS_PRIVATE uint32_t pws_time_ponged(pws_conn *ws, pws_bytes payload);
/* All input is used up: fails the connection if a limit of its peer has run out. */
PWS_PRIVATE void pws_time_judge(pws_conn *ws);
/* Ends the connection without another word: PWS_CLOSED comes next. */
PWS_PRIVATE void pws_time_over(pws_conn *ws);

/* ---- deflate.c: compressed messages (RFC 7692 6 and 7.2) ---- */

/* Whether the program's message, or the part of one, is to be compressed. */
PWS_PRIVATE int pws_wants_deflate(const pws_conn *ws, uint32_t kind, size_t length);
/* Begins to compress data, borrowed, into the batch. PWS_E_BUSY: no codec is free. */
PWS_PRIVATE int32_t pws_send_deflated(pws_conn *ws, uint32_t kind, const uint8_t *data,
                                      size_t length);
/* Compresses as much of the borrowed data into the batch as there is room for, in frames. */
PWS_PRIVATE void pws_output_deflate(pws_conn *ws);
/* Reads payload of a compressed message. Returns 1 with an event. */
PWS_PRIVATE int pws_receive_deflated(pws_conn *ws, pws_bytes *in, pws_event *ev);
/* Gives the codecs back, but the one that has still to finish what is being sent. */
PWS_PRIVATE void pws_close_codecs(pws_conn *ws);

/* ---- message.c: frames received in PWS_PHASE_OPEN ---- */

/* Reads frames. Returns 1 with an event, or 0: more input is needed or the connection has failed.
 */
PWS_PRIVATE int pws_receive_frames(pws_conn *ws, pws_bytes *in, pws_event *ev);

/* Whether the frame at hand is the last of its message (FIN). */
PWS_PRIVATE int pws_is_final(const pws_conn *ws);
/* How many of the bytes waiting in the input belong to the frame at hand. */
PWS_PRIVATE size_t pws_available(const pws_conn *ws, const pws_bytes *in);
/* Judges text as it arrives (8.1), to the first byte that can't be UTF-8; at its end no character
 * may be unfinished. Returns how many of the bytes are good, and sets *error if not all are. */
PWS_PRIVATE size_t pws_text_check(pws_conn *ws, const uint8_t *bytes, size_t length, int last,
                                  int32_t *error);
/* Makes the event for a message or, streaming, a part of one. Returns 1. */
PWS_PRIVATE int pws_deliver(pws_conn *ws, uint8_t *bytes, size_t length, int last, pws_event *ev);

/* ---- conn.c ---- */

/* pws_next, in full. */
PWS_PRIVATE int pws_next_any(pws_conn *ws, pws_bytes *in, pws_event *ev);
/* pws_receive_size of a configuration that is valid, as that of a connection is. */
PWS_PRIVATE size_t pws_receive_needed(const pws_config *config);
/* Bytes: config.max_message, or its default. */
PWS_PRIVATE uint64_t pws_max_message(const pws_config *config);

/* ---- opening.c: the opening handshake as a part of the machine ---- */

/* Reads a head. Returns as pws_receive_frames. */
PWS_PRIVATE int pws_receive_head(pws_conn *ws, pws_bytes *in, pws_event *ev);
/* Makes PWS_OPEN of a server. Returns 1. */
PWS_PRIVATE int pws_open(pws_conn *ws, pws_event *ev);

#endif
