/* purews: the WebSocket protocol (RFC 6455) as a pure state machine.
 *
 * Bytes go in, events come out. The library opens no socket, allocates nothing, reads no clock and
 * keeps no global state; it plugs into whatever transport and event loop the program already owns.
 *
 *     pws_bytes in = {buffer, length};          what you have just read; must be writable
 *     while (pws_next(&ws, &in, &ev))           one event at a time
 *         switch (ev.kind) { ... }
 *
 * One rule: *tell* the machine something (pws_send, pws_close, pws_accept, ...), then *pull* with
 * pws_next until it returns 0. What has to go over the wire comes as PWS_WRITE events, in the right
 * order. The machine tells when it is time to close the transport with PWS_CLOSED.
 *
 * Lifetimes. Pointers in an event last until the next pws_next on the same connection; the data of
 * a PWS_TEXT or PWS_BINARY event also survives pws_next with NULL input. It may be sent as it is,
 * since what is borrowed is written before more input is taken; but input pulled while the
 * connection is held (pws_hold) overwrites it, so whoever does that sends copies. Every other
 * function of this header leaves them intact. What you pass to a function is read during the call
 * only, except where the function says "borrowed".
 *
 * Errors. Functions that return int32_t return PWS_OK (0) or one of the PWS_E_ codes, all positive.
 * A call that fails has changed nothing. pws_strerror says each in a line of English.
 *
 * Threads. A connection is used by one thread at a time; different connections are independent. A
 * pws_config is only read and may be shared by any number of threads, if its codec may. A
 * pws_random is written by every client send: one for each thread.
 *
 * Compiling. Two macros leave parts of the library out where it is compiled: PWS_NO_SIMD vector
 * code, PWS_NO_DEFLATE compression (see pws_codec). For who includes this header nothing changes.
 *
 * Sections cited without a number of their own are those of RFC 6455.
 *
 * SPDX-License-Identifier: MIT */
#ifndef PUREWS_H
#define PUREWS_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#ifndef PWS_API /* what a shared library exports; define it as `static` to hide a vendored copy */
#if defined(__GNUC__)
#define PWS_API __attribute__((visibility("default")))
#else
#define PWS_API
#endif
#endif

/* ---- Version -------------------------------------------------------------------------------- */

/* The version of this header, as major * 10000 + minor * 100 + patch. */
#define PWS_VERSION 100
/* The version of this header as text. */
#define PWS_VERSION_STRING "0.1.0"

/* The PWS_VERSION the library was built from; compare it with the header's. */
PWS_API uint32_t pws_version(void);

/* sizeof(pws_conn) in the library as it was built, in bytes, for bindings and for checking that
 * header and library belong together. */
PWS_API size_t pws_sizeof(void);

/* ---- Pieces of memory ----------------------------------------------------------------------- */

/* Writable bytes: an input cursor, or the payload of an event. */
typedef struct pws_bytes {
    uint8_t *ptr; /* may be NULL if len is 0 */
    size_t len;   /* bytes */
} pws_bytes;

/* Bytes to read: one piece of output. */
typedef struct pws_view {
    const uint8_t *ptr; /* may be NULL if len is 0 */
    size_t len;         /* bytes */
} pws_view;

/* Text with a length and no NUL at its end. {NULL, 0} is the empty text. */
typedef struct pws_str {
    const char *ptr; /* may be NULL if len is 0 */
    size_t len;      /* bytes */
} pws_str;

/* The text of a C string (which must stay where it is), without its NUL. NULL gives {NULL, 0}. */
PWS_API pws_str pws_cstr(const char *text);

/* ---- Kinds of events and frames ------------------------------------------------------------- */

/* Kinds of events; those of frames carry the opcode of section 5.2. PWS_TEXT to PWS_PONG are also
 * what pws_send takes. Each names the fields of pws_event that it defines; the others hold
 * anything. */
enum {
    /* Never an event; only for pws_frame_write. */
    PWS_CONTINUATION = 0,
    /* flags, data, frames: a whole message of UTF-8; or with PWS_STREAM a part of one, which may
     * then begin and end inside a character. */
    PWS_TEXT = 1,
    /* flags, data, frames: likewise, any bytes. */
    PWS_BINARY = 2,
    /* The peer closes. code (1005 if it gave none), data: its reason, UTF-8; frames. It is answered
     * for you; PWS_CLOSED follows. */
    PWS_CLOSE = 8,
    /* data: 0 to 125 bytes; frames. Answered for you unless PWS_NO_AUTO_PONG is set: with the next
     * pws_next, behind what you send now. */
    PWS_PING = 9,
    /* data: 0 to 125 bytes; frames, rtt_ms. */
    PWS_PONG = 10,
    /* out: send out[0], then out[1], before the next pws_next; see there. frames, pings, pongs. */
    PWS_WRITE = 16,
    /* Server. head; error: the first rule of the opening handshake that the request breaks, PWS_OK
     * if none. Answer with pws_accept or pws_reject, now or later; head's strings last until then.
     */
    PWS_REQUEST = 17,
    /* Messages may flow. head.protocol: the subprotocol agreed on, or empty; deflate: the
     * parameters of permessage-deflate agreed on. Client: the whole head, the server's response. */
    PWS_OPEN = 18,
    /* Client. head: the server's response, with any status but 101. Its body, if any, is left in
     * the input cursor for you; end with pws_eof. */
    PWS_REJECTED = 19,
    /* need_receive, need_transmit: lend that many bytes with pws_lend_receive or pws_lend_transmit
     * (0: not needed), then pull again. */
    PWS_NEED_WORK = 20,
    /* The end, once. code, sent_code, error. Close the transport now. */
    PWS_CLOSED = 21
};

/* Flags of PWS_TEXT and PWS_BINARY events. Without PWS_STREAM every message has both. */
enum {
    PWS_FIRST = 0x100, /* the message begins with this event */
    PWS_LAST = 0x200   /* the message ends with this event */
};

/* Flags that are added to the kind given to pws_send and its relatives. */
enum {
    PWS_MORE = 0x400, /* not the last part of the message: a fragment (section 5.4) */
    PWS_PLAIN = 0x800 /* do not compress this message; with its first part (RFC 7692 6) */
};

/* What a function returned or an event carries: one name for each rule that can be broken. Behind
 * each, where it is our own finding about a peer: the close code or HTTP status that is sent. */
enum {
    PWS_OK = 0, /* no error */
    /* your call */
    PWS_E_ARG = 1,    /* an argument is NULL, out of range or contradicts another */
    PWS_E_STATE = 2,  /* not now: the connection is not in a state for this call */
    PWS_E_BUSY = 3,   /* something borrowed or lent is still in use: pull and write first */
    PWS_E_SPACE = 4,  /* the memory given is too small */
    PWS_E_HEADER = 5, /* a header line would break the head: its name is no token or is reserved for
                         the library, or its value has a CR, LF, NUL or other control character */
    PWS_E_URL = 6,    /* not a ws or wss URL (section 3) */
    /* the transport */
    PWS_E_EOF = 10,     /* it ended before the closing handshake was complete (section 7.1.5) */
    PWS_E_TIMEOUT = 11, /* a time limit of pws_config has passed. See there for what is sent */
    /* the opening handshake (section 4) */
    PWS_E_HTTP = 20,         /* malformed head (RFC 9112). 400 */
    PWS_E_HEAD_SIZE = 21,    /* the head is larger than max_head. 431 */
    PWS_E_METHOD = 22,       /* the method is not GET. 405 */
    PWS_E_HTTP_VERSION = 23, /* older than HTTP/1.1. 400 */
    PWS_E_HOST = 24,         /* no Host, several, or one that names no host. 400 */
    PWS_E_BODY = 25,         /* the GET announces a body. 400 */
    PWS_E_UPGRADE = 26,      /* Upgrade does not name websocket. 426 */
    PWS_E_CONNECTION = 27,   /* Connection does not list Upgrade. 426 */
    PWS_E_VERSION = 28,      /* Sec-WebSocket-Version is not 13. 426 */
    PWS_E_KEY = 29,          /* Sec-WebSocket-Key is not one base64 value of 16 bytes. 400 */
    PWS_E_ORIGIN = 30,       /* the origin is not allowed (section 10.2). 403 */
    PWS_E_STATUS = 31,       /* the handshake was answered with a status other than 101 */
    PWS_E_ACCEPT = 32,       /* Sec-WebSocket-Accept does not answer our key */
    PWS_E_PROTOCOL = 33,     /* malformed subprotocols (400), or one that was not offered */
    PWS_E_EXTENSION = 34,    /* malformed extensions (400), or one that was not offered */
    PWS_E_TARGET = 35,       /* the request target is no path or URL, or has a fragment. 400 */
    /* frames and messages (sections 5 to 8) */
    PWS_E_RSV = 40,           /* a reserved bit is set. 1002 */
    PWS_E_OPCODE = 41,        /* reserved opcode. 1002 */
    PWS_E_FRAGMENT = 42,      /* a message begins inside another, or continues without one. 1002 */
    PWS_E_CONTROL = 43,       /* control frame fragmented or over 125 bytes. 1002 */
    PWS_E_MASK = 44,          /* client frame unmasked, or server frame masked. 1002 */
    PWS_E_LENGTH = 45,        /* length not in its shortest form, or 2^63 and more. 1002 */
    PWS_E_CLOSE_PAYLOAD = 46, /* Close with a payload of one byte. 1002 */
    PWS_E_CLOSE_CODE = 47,    /* a close code that must not be on the wire. 1002 */
    PWS_E_UTF8 = 48,          /* text or close reason is not UTF-8. 1007 */
    PWS_E_TOO_BIG = 49,       /* the message is larger than max_message. 1009 */
    PWS_E_INFLATE = 50,       /* a compressed message is not DEFLATE. 1007 */
    PWS_E_DEFLATE = 51,       /* the codec failed to compress; pws_send returned PWS_OK. 1011 */
    PWS_E_CODEC = 52          /* no codec is free for a compressed message. 1013 */
};

/* What error means: one line of English with the RFC section, at most 123 bytes, never NULL. */
PWS_API const char *pws_strerror(int32_t error);

/* The name of a kind of event, such as "TEXT"; "?" for a number that is none. */
PWS_API const char *pws_kind_name(uint32_t kind);

/* ---- Heads of HTTP requests and responses --------------------------------------------------- */

/* What follows may be given any text: it looks for header lines and passes over what is none. The
 * functions that return 1 or 0 return 0 for a NULL argument. */

/* One header line. */
typedef struct pws_header {
    pws_str name;  /* a token; compared without regard to case */
    pws_str value; /* without white space around it */
} pws_header;

/* A head as it was received. Fields that do not belong to it are empty or 0. */
typedef struct pws_head {
    pws_str method;   /* request: "GET" */
    pws_str target;   /* request: path and query, or a whole URL; as sent, not decoded */
    pws_str host;     /* request: Host; or the host in a target that is a URL (RFC 9112 3.2.2) */
    pws_str origin;   /* request: Origin; empty: none */
    pws_str reason;   /* response: reason phrase */
    pws_str protocol; /* the subprotocol agreed on (PWS_OPEN) */
    pws_str fields;   /* every header line: give it to pws_header_next, pws_header_find, ... */
    uint32_t status;  /* response: three digits */
    uint32_t version; /* HTTP version: 10 * major + minor, 11 for HTTP/1.1 */
} pws_head;

/* Takes the next header line off *fields (a copy of head.fields). Returns 1 with the line in
 * *header, or 0 at the end. The strings point into the head. */
PWS_API int pws_header_next(pws_str *fields, pws_header *header);

/* Finds the first header line of that name, whatever its case. Returns 1 with *value set, or 0. */
PWS_API int pws_header_find(pws_str fields, const char *name, pws_str *value);

/* An iterator over the comma-separated elements of all header lines of one name, in order, as if
 * they stood in one line (RFC 9110 5.3). Commas in quoted strings do not separate; empty elements
 * are left out. Private; set up by pws_list_of. */
typedef struct pws_list {
    pws_str fields, name, rest;
} pws_list;

/* An iterator over the elements of all lines called name, such as "Sec-WebSocket-Protocol" for the
 * subprotocols offered. */
PWS_API pws_list pws_list_of(pws_str fields, const char *name);

/* Returns 1 with the next element, without white space around it, or 0 at the end. Linear in total.
 */
PWS_API int pws_list_next(pws_list *list, pws_str *element);

/* Finds a cookie by its exact name in the Cookie lines (RFC 6265 4.2.1). Returns 1 with *value set
 * (surrounding double quotes removed), or 0. */
PWS_API int pws_cookie(pws_str fields, const char *name, pws_str *value);

/* Finds a query parameter of a request target such as "/chat?token=a%20b" by its exact decoded name
 * and writes its value, percent-decoded and with + as a space, to buffer: *length bytes, no NUL.
 *
 * Errors: PWS_E_STATE not there; PWS_E_SPACE longer than capacity bytes; PWS_E_ARG a NULL argument;
 * PWS_E_URL a percent sign without two hexadecimal digits behind it. */
PWS_API int32_t pws_query(pws_str target, const char *name, char *buffer, size_t capacity,
                          size_t *length);

/* A ws or wss URL, taken apart (section 3). Its strings point into the text that was parsed. */
typedef struct pws_url {
    uint32_t secure; /* 1 for wss: TLS before the first byte (section 4.1) */
    uint32_t port;   /* 1 to 65535; 80 or 443 where the URL names none */
    pws_str host;    /* name or address to connect to; an IPv6 address without its brackets;
                           not percent-decoded */
    pws_str
        authority;  /* for pws_request.host: with brackets, with the port unless it's the default */
    pws_str target; /* for pws_request.target: path and query; may be empty */
} pws_url;

/* Takes a URL apart: ws and wss, default ports, IPv6 literals.
 *
 * Errors: PWS_E_ARG a NULL argument; PWS_E_URL another scheme, no host, user information, a port
 * outside 1 to 65535, a fragment, white space, control or non-ASCII characters, bad
 * percent-encoding. */
PWS_API int32_t pws_url_parse(pws_str text, pws_url *url);

/* ---- Randomness for clients ------------------------------------------------------------------ */

/* A generator of the unpredictable bytes that a client needs for its Sec-WebSocket-Key
 * (section 4.1) and its masking keys (sections 5.3 and 10.3): ChaCha20 with fast key erasure. One
 * for each thread, shared by the thread's connections. Begin with zeros. Fields are private. */
typedef struct pws_random {
    uint32_t key[8];
    uint8_t pool[480];
    uint32_t left;   /* bytes of pool not yet given out */
    uint32_t seeded; /* 0 until pws_random_seed */
} pws_random;

/* Seeds random with 32 bytes from the operating system (getrandom, /dev/urandom, BCryptGenRandom).
 * Seed again in the child after fork, or parent and child repeat each other.
 *
 * Errors: PWS_E_ARG a NULL argument. */
PWS_API int32_t pws_random_seed(pws_random *random, const uint8_t seed[32]);

/* Writes length random bytes.
 *
 * Errors: PWS_E_ARG a NULL argument; PWS_E_STATE not seeded. */
PWS_API int32_t pws_random_bytes(pws_random *random, void *bytes, size_t length);

/* ---- Compression: permessage-deflate (RFC 7692) through hooks -------------------------------- */

/* Characters that are enough for pws_deflate_offer and pws_deflate_answer. */
#define PWS_DEFLATE_TEXT 160

/* The parameters of permessage-deflate (RFC 7692 7.1): wanted, in pws_config, or agreed on. */
typedef struct pws_deflate_params {
    uint8_t agreed;                     /* 1: the extension is in use */
    uint8_t server_no_context_takeover; /* 1: each message of the server stands alone (7.1.1.1) */
    uint8_t client_no_context_takeover; /* 1: each message of the client stands alone (7.1.1.2) */
    uint8_t server_max_window_bits; /* 8 to 15: what the server sends looks back at most 2 to the
                                       power of so many bytes (7.1.2.1) */
    uint8_t client_max_window_bits; /* likewise for what the client sends (7.1.2.2) */
    uint8_t window_named;           /* 1: the offer has server_max_window_bits, the answer must */
    uint8_t reserved[2];            /* 0 */
} pws_deflate_params;

/* Directions of a codec. */
enum {
    PWS_INFLATE = 1, /* decompresses what the peer sends */
    PWS_DEFLATE = 2  /* compresses what we send */
};

/* Raw DEFLATE (RFC 1951, no header, no checksum), brought along by the program: zlib in
 * examples/zlib_codec.h, or any other. The library calls it from pws_next and the functions that
 * send, and pws_end gives codecs back, so no connection may be forgotten without it. Where context
 * is taken over, a codec is held from its direction's first compressed message to the end;
 * otherwise only from a message's first byte to its last, so that a pool of few serves many
 * connections.
 *
 * A library compiled with PWS_NO_DEFLATE takes no codec: pws_init and pws_start refuse a
 * configuration that has one (PWS_E_ARG), pws_work_size returns 0 for it, and pws_frame_deflate
 * compresses nothing (PWS_E_ARG). Nothing is offered, accepted or answered, and config.deflate is
 * not looked at. */
typedef struct pws_codec {
    /* Handed to open. */
    void *context;
    /* Returns a codec without history for PWS_INFLATE or PWS_DEFLATE, or NULL if none is free.
     * window_bits, 8 to 15: how far what it reads may look back, or how far at most what it writes
     * may, which is then not less than min_deflate_bits. Where none is free, a message that is
     * received ends the connection with 1013, pws_send returns PWS_E_BUSY. */
    void *(*open)(void *context, uint32_t direction, uint32_t window_bits);
    /* Takes bytes from *in and writes decompressed ones to *out, advancing both, until in is used
     * up or out is full. The end of a final block (BFINAL) is not the end: the next block follows
     * and may refer to what was before. Returns PWS_OK, or anything else if the bytes are not
     * DEFLATE; what is in out up to there counts. Whether it minds that a peer looks back further
     * than was agreed on, is its own affair. */
    int32_t (*inflate)(void *codec, pws_view *in, pws_bytes *out);
    /* Compresses all of *in into *out, advancing both, and ends with an empty stored block, so that
     * the last bytes are 00 00 ff ff (a sync flush); where it has just done so and in is empty, it
     * may write nothing. Returns PWS_OK when that is done, PWS_E_SPACE when out is full and it
     * wants to be called again with what is left of in and more room, or anything else if it
     * failed. */
    int32_t (*deflate)(void *codec, pws_view *in, pws_bytes *out);
    /* Takes a codec back. */
    void (*close)(void *codec);
    /* 8 to 15: the smallest window that it can deflate with (zlib: 9). It must inflate with all. */
    uint32_t min_deflate_bits;
    uintptr_t reserved[2]; /* 0 */
} pws_codec;

/* ---- Configuration --------------------------------------------------------------------------- */

/* Which end of the connection this is. The client masks (section 5.3), the server closes TCP first
 * (section 7.1.1). */
enum {
    PWS_SERVER = 1, /* it was connected to */
    PWS_CLIENT = 2  /* it has connected */
};

/* Flags of pws_config. */
enum {
    PWS_STREAM = 1,         /* deliver the parts of messages as they arrive; nothing is assembled */
    PWS_REQUIRE_ORIGIN = 2, /* server with origins: refuse requests without an Origin, too */
    PWS_NO_AUTO_PONG = 4    /* leave it to the program to answer PWS_PING with pws_send(PWS_PONG) */
};

/* Instructions beyond those that the library was compiled for, for pws_config.cpu. */
enum {
    PWS_CPU_AVX2 = 1,   /* x86-64: masks and judges text 32 bytes at a time */
    PWS_CPU_AVX512 = 2, /* x86-64: 64 bytes at a time (AVX-512 F, BW, VBMI) */
    PWS_CPU_SHA = 4     /* x86-64: SHA-1 (SHA, SSSE3, SSE4.1) */
};

/* Which of these this machine has and the library has code for. All that they change is speed. Ask
 * once and keep the answer: under a hypervisor it takes microseconds. */
PWS_API uint32_t pws_cpu(void);

/* Settings shared by any number of connections. Read-only while in use; must outlive them. Begin
 * with zeros, so that what is not set has its default. */
typedef struct pws_config {
    uint32_t role;          /* PWS_SERVER or PWS_CLIENT */
    uint32_t flags;         /* PWS_STREAM, ... */
    uint32_t max_head;      /* bytes of the peer's HTTP head, 64 to 2^24; 0: 8 KiB */
    uint32_t cpu;           /* what pws_cpu returned, or bits of it; 0: none */
    uint64_t max_message;   /* bytes of a received message; 0: 1 MiB, with PWS_STREAM no limit */
    const char *origins;    /* server: origins allowed, such as "https://example.com", separated by
                              spaces or commas; "null" only if listed; NULL: any (section 10.2) */
    const char *protocols;  /* subprotocols, best first, separated by spaces or commas; NULL: none.
                              A client offers them, a server chooses among them */
    const pws_codec *codec; /* DEFLATE for permessage-deflate; NULL: neither offered nor accepted */
    pws_deflate_params deflate; /* what is wanted; window bits 0: 15; agreed: ignored */
    uint32_t deflate_min;       /* bytes: messages that are smaller are sent plain; 0: 64 */
    /* Limits of time in milliseconds, kept by a program that calls pws_tick; 0: never. What runs
     * out ends the connection with PWS_CLOSED and PWS_E_TIMEOUT, even while it is held. */
    uint32_t open_ms;    /* for the opening handshake, from the first tick. A server answers 408, a
                            client says nothing; one that was rejected ends with PWS_E_STATUS */
    uint32_t ping_ms;    /* without a byte from the peer: it is sent a Ping (section 5.5.2) */
    uint32_t pong_ms;    /* after that Ping, still without a byte of any kind. Close 1011. While the
                            Ping is held it is send_ms that counts, if that is set */
    uint32_t idle_ms;    /* in which neither side sends anything but these Pings and the Pongs to
                            them, and nothing that the program sends is taken. Close 1001 */
    uint32_t message_ms; /* from the first to the last byte of a received message. Close 1008 */
    uint32_t send_ms;  /* that pws_hold stays on: the peer does not take our output. Nothing can be
                          said then */
    uint32_t close_ms; /* from our Close, or the peer's, a rejection or a failure, to the end,
                          whatever still comes or has to go out; 0: 5000. A client whose server does
                          not close the transport ends with PWS_OK */
    uintptr_t reserved[7]; /* 0 */
} pws_config;

/* The size in bytes of a transmit half that suits most programs. More gives larger batches. */
#define PWS_TRANSMIT_SIZE 4096
/* The smallest transmit half, in bytes: 139 for a frame header and a held Pong, and the rest for
 * the batch and for heads. A handshake with many extra headers needs more. */
#define PWS_TRANSMIT_MIN 512
/* What pws_work_size returns for a configuration with this max_message (a constant, not 0) and the
 * default max_head, for static arrays. */
#define PWS_WORK_SIZE(max_message)                                                                 \
    (((max_message) + 125 > 8192 ? (max_message) + 125 : 8192) + PWS_TRANSMIT_SIZE)

/* Bytes that pws_init asks for: receive half and transmit half together. SIZE_MAX if that is not
 * representable; 0 if config is NULL or invalid (as for pws_init). */
PWS_API size_t pws_work_size(const pws_config *config);

/* Bytes of the receive half alone, which pws_lend_receive asks for: max_head, or what a message and
 * one control frame need, whichever is more. Returns as pws_work_size. */
PWS_API size_t pws_receive_size(const pws_config *config);

/* ---- A connection ---------------------------------------------------------------------------- */

/* One connection: at most 256 bytes, wherever you want it, 8-byte aligned. It holds no pointer into
 * itself and may be moved while no event is in use. Its fields (at the end of this header) are
 * private; its size is part of the ABI. */
typedef struct pws_conn pws_conn;

/* What pws_next found. Each kind defines only the fields that the list of kinds names. */
typedef struct pws_event {
    uint32_t kind;      /* PWS_TEXT, ... */
    uint32_t flags;     /* PWS_FIRST, PWS_LAST */
    int32_t error;      /* PWS_REQUEST: the rule that it breaks. PWS_CLOSED: PWS_OK after a complete
                           closing handshake, otherwise our own finding, never the peer's close */
    uint32_t code;      /* PWS_CLOSE, PWS_CLOSED: the peer's close code; 1005: Close without a code;
                           1006: no Close at all (section 7.1.5) */
    uint32_t sent_code; /* PWS_CLOSED: our close code, likewise; 1006 too if it was still held */
    uint32_t frames;    /* TEXT to PONG: frames that began since the last such event. PWS_WRITE:
                           frames that stand in it and in no earlier one */
    uint32_t pings;     /* PWS_WRITE: of these, Pings that the library sends because of ping_ms */
    uint32_t pongs;     /* PWS_WRITE: and Pongs that it answers with; at most 65535 */
    uint32_t rtt_ms;    /* PWS_PONG: milliseconds since the library's Ping that it answers, as ticks
                           have it; UINT32_MAX: it answers none */
    uint32_t reserved;
    pws_bytes data;             /* payload, unmasked: in your input buffer or in the receive half */
    pws_view out[2];            /* PWS_WRITE: what to send; either may be empty, not both */
    size_t need_receive;        /* PWS_NEED_WORK: bytes */
    size_t need_transmit;       /* PWS_NEED_WORK: bytes */
    pws_head head;              /* PWS_REQUEST, PWS_OPEN, PWS_REJECTED */
    pws_deflate_params deflate; /* PWS_OPEN */
} pws_event;

/* States, as in the browsers' API. */
enum {
    PWS_STATE_CONNECTING = 0, /* opening handshake */
    PWS_STATE_OPEN = 1,       /* messages may be sent */
    PWS_STATE_CLOSING = 2, /* closing handshake, or its failure, under way; or after PWS_REJECTED */
    PWS_STATE_CLOSED = 3   /* PWS_CLOSED has been pulled, or pws_end called */
};

/* Begins a connection with its opening handshake (section 4). work, of at least
 * pws_work_size(config) bytes, is lent until the end: its first pws_receive_size(config) bytes are
 * the receive half, where the head and unfinished messages are kept, and all the rest is the
 * transmit half, where output is gathered. Or NULL and 0: then PWS_NEED_WORK asks for memory when
 * it is needed. A client calls pws_connect next; a server pulls.
 *
 * Errors: PWS_E_ARG ws or config is NULL, a field of config is out of range, or a reserved one not
 * 0; PWS_E_SPACE work is too small. */
PWS_API int32_t pws_init(pws_conn *ws, const pws_config *config, void *work, size_t work_size);

/* What a handshake done elsewhere has agreed on, for pws_start. Begin with zeros. */
typedef struct pws_agreed {
    pws_random *random;         /* client: needed; shared, kept until the end */
    pws_deflate_params deflate; /* agreed on; needs config.codec */
    uintptr_t reserved[5];      /* 0 */
} pws_agreed;

/* Begins a connection that is already open, after a handshake done elsewhere: by an HTTP server, or
 * with HTTP/2 (RFC 8441), for which pws_check_request, pws_check_response and pws_accept_key are
 * the pieces. The role of config decides who masks. No PWS_OPEN follows. work as in pws_init.
 *
 * Errors: as pws_init; PWS_E_ARG agreed is NULL, a reserved field is not 0, a client has no random,
 * or deflate is agreed on without config.codec or out of range; PWS_E_STATE random is not seeded.
 */
PWS_API int32_t pws_start(pws_conn *ws, const pws_config *config, void *work, size_t work_size,
                          const pws_agreed *agreed);

/* Lends the receive half, or with NULL and 0 takes it back: it is needed only from the first byte
 * of the opening handshake to its end, while a message or control frame is unfinished, and as long
 * as the data of an event that points into it is in use.
 *
 * Errors: PWS_E_ARG ws is NULL, or only one of memory and size is set; PWS_E_SPACE less than
 * pws_receive_size(config) bytes; PWS_E_BUSY the one lent before is in use. */
PWS_API int32_t pws_lend_receive(pws_conn *ws, void *memory, size_t size);

/* Lends the transmit half, or with NULL and 0 takes it back. It is not in use whenever pws_next has
 * returned 0, unless the connection is held, so one can serve all the connections of a thread; a
 * connection that is held keeps one of its own. Without one, a server sends each frame by itself
 * with its data borrowed, and a client can only pws_send_inplace and leaves the reason out of the
 * Close with which it fails a connection.
 *
 * Errors: PWS_E_ARG ws is NULL, or only one of memory and size is set; PWS_E_SPACE less than
 * PWS_TRANSMIT_MIN bytes; PWS_E_BUSY the one lent before is in use. */
PWS_API int32_t pws_lend_transmit(pws_conn *ws, void *memory, size_t size);

/* Abandons the connection at any moment: state CLOSED, no further event, everything lent or
 * borrowed is free, codecs are given back. Not needed after PWS_CLOSED. NULL is ignored. */
PWS_API void pws_end(pws_conn *ws);

/* ---- Pull ------------------------------------------------------------------------------------ */

/* Takes bytes off the cursor *in and returns 1 with the next event in *ev, or 0 when there is none.
 *
 * Input. in->ptr and in->len advance over what was consumed; payloads are unmasked in place; what
 * is not consumed is not altered. When 0 is returned, in is used up and the buffer free unless
 * pws_borrows (a Pong may lie there until then), except before pws_connect, while a request waits
 * for its answer, after PWS_REJECTED, and after PWS_CLOSED (pws_state says which): what is left
 * must be given again, or is yours. However input is cut into reads, events and output together are
 * the same, but that compressed messages may be cut into other frames. With in == NULL only output,
 * PWS_OPEN and the end are reported.
 *
 * Output. PWS_WRITE stands for bytes that must reach the transport before the next pws_next on this
 * connection. If the transport took fewer, say so with pws_wrote and pws_hold. Where there is a
 * transmit half, frames are gathered and one PWS_WRITE comes when the input is used up, the half is
 * full, data is borrowed, or the end is near.
 *
 * The end. PWS_CLOSED comes once, after the last output: on a server when both Close frames have
 * passed; on a client when moreover the transport has ended (pws_eof), since the server closes
 * first (section 7.1.1); on both as soon as the connection has failed and the Close with the reason
 * is written (section 7.1.7). Close the transport then so that the last bytes survive: shut down
 * sending, read until the end or a limit of time, close.
 *
 * ws and ev must not be NULL. */
PWS_API int pws_next(pws_conn *ws, pws_bytes *in, pws_event *ev);

/* Says how many bytes of the last PWS_WRITE went out. If not all, the rest is kept, borrowed where
 * it was, and comes again as PWS_WRITE. Call it before the next pws_next, once for an event, or not
 * at all: by itself pws_next takes it that all was written. NULL is ignored. */
PWS_API void pws_wrote(pws_conn *ws, size_t written);

/* full != 0: the transport takes no more. Until pws_hold(ws, 0), input events go on and no
 * PWS_WRITE comes. What is owed meanwhile is bounded: the transmit half, one borrowed send, the
 * Pong for the newest Ping (section 5.5.3) and one Close. Input that goes on overwrites the data of
 * earlier events, also of what was sent before and is still borrowed: whoever goes on pulling input
 * while held sends copies. A server may simply stop reading instead; a client must not, since two
 * peers that both stop reading wait for ever. NULL is ignored. */
PWS_API void pws_hold(pws_conn *ws, int full);

/* Says that the transport has ended: end of stream, an error, or a wait you give up. Pull
 * afterwards: output that is not held, then PWS_CLOSED. Input must have been pulled before. NULL is
 * ignored. */
PWS_API void pws_eof(pws_conn *ws);

/* PWS_STATE_CONNECTING, OPEN, CLOSING or CLOSED. NULL is CLOSED. */
PWS_API int pws_state(const pws_conn *ws);

/* 1 while data given to pws_send, pws_send_inplace, pws_send_prepared, pws_reject or pws_close is
 * borrowed and must stay as it is; also while the payload of a Pong or a reason of the library's
 * own is, where there is no transmit half. 0 when it is free. After the last PWS_WRITE that needs
 * it, it is freed by the next pws_next. */
PWS_API int pws_borrows(const pws_conn *ws);

/* Bytes of output, up to the end of the last frame given to pws_send or one of its relatives, that
 * have not been written: 0 when the transport has it all, or the connection is over. Those of a
 * PWS_WRITE count until pws_wrote or the next pws_next. While a message is being compressed it is
 * an estimate, but never 0. */
PWS_API uint64_t pws_unsent(const pws_conn *ws);

/* ---- Time -------------------------------------------------------------------------------------
 */

/* Says what time it is, in milliseconds of any clock that does not go back, the same for all calls
 * on a connection; an earlier time counts as the last. Call it after each wait, then read, tell and
 * pull. A limit that is over is judged when the first pull after the tick has used up its input,
 * also one with NULL: what the peer has sent by then, a pws_hold that ends and pws_eof come first,
 * so that a program that was stopped for a while does not blame its peers. The first call starts
 * the limits of pws_config; a program that never calls has none. NULL is ignored. */
PWS_API void pws_tick(pws_conn *ws, uint64_t now_ms);

/* The time at which pws_tick must be called next, in milliseconds: until then nothing can happen by
 * itself, and nothing does. It may become earlier or later with every call. 0 before the first
 * tick; UINT64_MAX: never, as for NULL. A Ping to be sent, or a limit that has run out, shows in
 * the events that are pulled after the tick. */
PWS_API uint64_t pws_deadline(const pws_conn *ws);

/* ---- Tell: opening handshake (section 4) -------------------------------------------------------
 */

/* What a client asks for. Begin with zeros. */
typedef struct pws_request {
    pws_str host;   /* Host: name or [address], :port unless it is the default; not empty */
    pws_str target; /* path and query; "/" is put in front where it does not begin so */
    pws_str origin; /* Origin, for browsers; empty: none */
    const pws_header *headers; /* further header lines, such as Authorization or Cookie */
    size_t header_count;       /* lines at headers */
    uintptr_t reserved[4];     /* 0 */
} pws_request;

/* Client: writes the opening handshake's request into the transmit half; config.protocols are
 * offered. random gives the key and later the masking keys and is kept until the end. Pull next. A
 * call that fails may have drawn from random.
 *
 * Errors: PWS_E_ARG a NULL argument, a reserved field not 0, no host, or white space, control or
 * non-ASCII characters in host, target or origin, or a fragment; PWS_E_STATE not a client or not
 * its first call, or random not seeded; PWS_E_HEADER see there (reserved: Host, Upgrade,
 * Connection, Origin, Sec-WebSocket-*, Content-Length, Transfer-Encoding); PWS_E_PROTOCOL
 * config.protocols has an element that is no token or stands twice; PWS_E_SPACE no transmit half,
 * or too small for the request. */
PWS_API int32_t pws_connect(pws_conn *ws, pws_random *random, const pws_request *request);

/* What a server answers. Begin with zeros. */
typedef struct pws_response {
    uint32_t status;           /* pws_reject: 200 to 599. pws_accept: 0 */
    uint32_t reserved0;        /* 0 */
    pws_str protocol;          /* pws_accept: subprotocol, one of those offered; empty: the first of
                                  config.protocols that was offered, if any */
    const pws_header *headers; /* further header lines, such as Set-Cookie or Content-Type */
    size_t header_count;       /* lines at headers */
    pws_view body;             /* pws_reject: borrowed until written */
    uintptr_t reserved[4];     /* 0 */
} pws_response;

/* Server: accepts the request of PWS_REQUEST: 101, then PWS_OPEN. A request that broke a rule
 * (ev.error) is not accepted but gets that rule's answer (400, 403, 405, 426), then PWS_CLOSED with
 * that error. response may be NULL for the defaults.
 *
 * Errors: PWS_E_ARG ws is NULL, status or a reserved field is not 0, or there is a body;
 * PWS_E_STATE no request waits; PWS_E_PROTOCOL that subprotocol was not offered; PWS_E_HEADER see
 * there (reserved: Upgrade, Connection, Sec-WebSocket-*, Content-Length, Transfer-Encoding);
 * PWS_E_SPACE no transmit half, or too small for the answer. */
PWS_API int32_t pws_accept(pws_conn *ws, const pws_response *response);

/* Server: answers the request of PWS_REQUEST with any other status (a page, a redirect, a 401),
 * with Connection: close and Content-Length; then PWS_CLOSED with PWS_E_STATUS. The body of 204,
 * 205 and 304 must be empty, and that of a HEAD request is not sent.
 *
 * Errors: PWS_E_ARG a NULL argument, status not 200 to 599, a protocol is set, a reserved field is
 * not 0, or a body where none may be; PWS_E_STATE no request waits; PWS_E_HEADER and PWS_E_SPACE as
 * pws_accept. */
PWS_API int32_t pws_reject(pws_conn *ws, const pws_response *response);

/* Handshakes done elsewhere, server side: checks a request as PWS_REQUEST does and returns the
 * first rule that it breaks. head gives method, version, target (empty: not checked), host (if
 * headers has no Host) and, for RFC 8441, method "CONNECT" with the :protocol pseudo-header in
 * head->protocol; then Upgrade, Connection and Sec-WebSocket-Key are not looked for (RFC 8441 5).
 * *protocol (may be NULL) becomes the first of config.protocols that is offered, or empty; *deflate
 * (may be NULL) the parameters of permessage-deflate agreed on, for pws_deflate_answer and
 * pws_start.
 *
 * Errors: PWS_E_ARG a NULL argument; PWS_E_METHOD, TARGET, HTTP_VERSION, HOST, BODY, UPGRADE,
 * CONNECTION, VERSION, KEY, ORIGIN, PROTOCOL, EXTENSION. */
PWS_API int32_t pws_check_request(const pws_config *config, const pws_head *head,
                                  const pws_header *headers, size_t header_count, pws_str *protocol,
                                  pws_deflate_params *deflate);

/* Handshakes done elsewhere, client side: checks a response as a client does. head gives status and
 * version; key is the Sec-WebSocket-Key that was sent, or empty for RFC 8441, where the status is
 * 2xx and Upgrade, Connection and Sec-WebSocket-Accept are not looked for. *protocol (may be NULL)
 * becomes the subprotocol agreed on, or empty; *deflate (may be NULL) the parameters of
 * permessage-deflate.
 *
 * Errors: PWS_E_ARG a NULL argument; PWS_E_STATUS, HTTP_VERSION, UPGRADE, CONNECTION, ACCEPT,
 * PROTOCOL, EXTENSION. */
PWS_API int32_t pws_check_response(const pws_config *config, const pws_head *head,
                                   const pws_header *headers, size_t header_count, pws_str key,
                                   pws_str *protocol, pws_deflate_params *deflate);

/* Handshakes done elsewhere, client side: writes the value of Sec-WebSocket-Extensions that a
 * client with this configuration offers (RFC 7692 7): *length characters, no NUL; 0 if config.codec
 * is NULL.
 *
 * Errors: PWS_E_ARG a NULL argument; PWS_E_SPACE longer than capacity; PWS_DEFLATE_TEXT is enough.
 */
PWS_API int32_t pws_deflate_offer(const pws_config *config, char *text, size_t capacity,
                                  size_t *length);

/* Handshakes done elsewhere, server side: writes the value of Sec-WebSocket-Extensions that answers
 * with what pws_check_request has agreed on; *length is 0 if nothing is. Errors as
 * pws_deflate_offer. */
PWS_API int32_t pws_deflate_answer(const pws_deflate_params *agreed, char *text, size_t capacity,
                                   size_t *length);

/* Computes the Sec-WebSocket-Accept for a Sec-WebSocket-Key (section 4.2.2): 28 characters, no NUL.
 *
 * Errors: PWS_E_ARG accept is NULL; PWS_E_KEY key is not base64 of 16 bytes. */
PWS_API int32_t pws_accept_key(char accept[28], pws_str key);

/* ---- Tell: frames and messages (section 5) -----------------------------------------------------
 */

/* Sends a message, a part of one, or a Ping or Pong. kind is PWS_TEXT, PWS_BINARY, PWS_PING or
 * PWS_PONG; PWS_TEXT or PWS_BINARY may be or-ed with PWS_MORE for all parts of a message but the
 * last, which have the same kind (section 5.4). Text must be UTF-8 (section 5.6): this is not
 * checked here, pws_utf8_valid does. A message that is worth it is
 * compressed where permessage-deflate is agreed on and there is a transmit half (see
 * config.deflate_min, PWS_PLAIN). Small data is copied into the transmit half and free at once;
 * otherwise it is borrowed (see pws_borrows) until pws_next has returned its last PWS_WRITE and
 * been called again. A client's frames are masked with a fresh key (section 5.3).
 *
 * Errors: PWS_E_ARG ws is NULL, data is NULL and length not 0, or kind is none of those;
 * PWS_E_STATE the connection is not open; PWS_E_FRAGMENT another kind of message is unfinished;
 * PWS_E_CONTROL Ping or Pong with PWS_MORE or over 125 bytes; PWS_E_BUSY data is borrowed from an
 * earlier call, or the transmit half is full: pull, write, and try again; or no codec is free: try
 * again later, or with PWS_PLAIN; PWS_E_SPACE client without a transmit half, or a compressed
 * message goes on without one. */
PWS_API int32_t pws_send(pws_conn *ws, uint32_t kind, const void *data, size_t length);

/* As pws_send, for data that may be overwritten: a client masks it where it lies, so that large
 * messages are never copied. It is borrowed, and scrambled after the call. */
PWS_API int32_t pws_send_inplace(pws_conn *ws, uint32_t kind, void *data, size_t length);

/* Server: sends a whole frame that pws_frame_write has written without a masking key, or
 * pws_frame_deflate: one message, Ping or Pong, the same bytes for any number of connections.
 * Borrowed like other data. window_bits: as given to pws_frame_deflate, otherwise 0. A compressed
 * frame can go only where server_no_context_takeover is agreed on, or it would miss in the history
 * of both ends, and server_max_window_bits is not less than its window.
 *
 * Errors: PWS_E_ARG a NULL argument, not exactly one such frame, or window_bits does not belong to
 * it; PWS_E_STATE not open, or a client; PWS_E_FRAGMENT a message is unfinished and this is
 * another; PWS_E_EXTENSION it is compressed and can't go here: send it plain; PWS_E_BUSY as
 * pws_send. */
PWS_API int32_t pws_send_prepared(pws_conn *ws, const void *frame, size_t length,
                                  uint32_t window_bits);

/* Begins the closing handshake (section 7): a Close frame with a code (0: none; 1000 to 1003, 1007
 * to 1014, 3000 to 4999) and a reason of at most 123 bytes of UTF-8, borrowed until written.
 * Nothing but Pongs can be sent after it; messages that the peer sent before its own Close are
 * still delivered.
 *
 * Errors: PWS_E_ARG ws is NULL, or a reason without a code; PWS_E_STATE not open (to abandon an
 * opening handshake: pws_eof, or pws_reject); PWS_E_CLOSE_CODE; PWS_E_CONTROL reason too long;
 * PWS_E_UTF8 reason is not UTF-8; PWS_E_SPACE client with a reason but without a transmit half. */
PWS_API int32_t pws_close(pws_conn *ws, uint32_t code, pws_str reason);

/* Bytes of a frame with a payload of length bytes: header, masking key if masked is not 0, payload.
 * SIZE_MAX if that is not representable. */
PWS_API size_t pws_frame_size(size_t length, int masked);

/* Writes a frame into buffer, for those who batch frames by themselves or send one to many. kind is
 * as for pws_send, or PWS_CONTINUATION; with PWS_MORE the FIN bit is clear. masking_key: 4
 * unpredictable bytes for a client's frame, NULL for a server's. *written becomes the frame's size
 * in bytes. data and buffer must not overlap.
 *
 * Errors: PWS_E_ARG buffer or written is NULL, data is NULL and length not 0, or kind is none of
 * those; PWS_E_CONTROL Ping or Pong with PWS_MORE or over 125 bytes; PWS_E_SPACE capacity is less
 * than pws_frame_size. */
PWS_API int32_t pws_frame_write(void *buffer, size_t capacity, size_t *written, uint32_t kind,
                                const uint8_t *masking_key, const void *data, size_t length);

/* Writes a server's frame with a whole compressed message into buffer, to be sent to many with
 * pws_send_prepared: kind is PWS_TEXT or PWS_BINARY, window_bits 8 to 15 the window to compress
 * with. config.codec is opened for it and closed again.
 *
 * Errors: PWS_E_ARG a NULL argument, no codec, a window it can't deflate with, or another kind;
 * PWS_E_BUSY no codec is free; PWS_E_DEFLATE the codec failed; PWS_E_SPACE capacity is too small
 * (it may take 24 bytes more than the frame has in the end). */
PWS_API int32_t pws_frame_deflate(const pws_config *config, uint32_t window_bits, void *buffer,
                                  size_t capacity, size_t *written, uint32_t kind, const void *data,
                                  size_t length);

/* 1 if the bytes are UTF-8 (RFC 3629), 0 if not. Nothing is UTF-8. */
PWS_API int pws_utf8_valid(const void *data, size_t length);

/* ---- Companions -------------------------------------------------------------------------------
 *
 * What production needs beside the protocol. They are called by the program, never from inside a
 * connection, know nothing of each other, and cost nothing where they are not used. The rules are
 * the same: no heap, no clock, no randomness of their own. Times are milliseconds of the clock that
 * pws_tick is told; an earlier time counts as the last. One thread at a time for each structure. */

/* ---- Companion: reconnecting ------------------------------------------------------------------
 */

/* How long to wait before connecting again. Read-only, may be shared. Begin with zeros. */
typedef struct pws_backoff_config {
    uint32_t base_ms; /* what the first wait is drawn from; it doubles each time. 0: 1000, or cap_ms
                         if less */
    uint32_t floor_ms; /* no wait is shorter; under base_ms, or the first are not spread. 0: none */
    uint32_t cap_ms;   /* what it is drawn from grows up to here. 0: 60000 */
    uint32_t max_attempts; /* waits in a row before giving up. 0: no limit */
    uint32_t stable_ms;    /* a connection that was open for so long begins a new row. 0: 60000 */
    uint32_t retry_after_max_ms; /* no server can ask for a longer wait. 0: an hour */
    uintptr_t reserved[2];       /* 0 */
} pws_backoff_config;

/* Where one client stands. Begin with zeros. Private but for attempts. */
typedef struct pws_backoff {
    uint32_t attempts; /* waits in this row */
    uint32_t open;     /* 1: since now_ms */
    uint64_t now_ms;   /* the last call's */
} pws_backoff;

/* The connection is open (PWS_OPEN). NULL is ignored. */
PWS_API void pws_backoff_opened(pws_backoff *backoff, uint64_t now_ms);

/* A connection has ended, for whatever reason, or could not be made: *at_ms becomes the time to try
 * again.
 *
 * The wait is drawn evenly from floor_ms to base_ms * 2^attempts, at most cap_ms (full jitter), so
 * that clients cut off together do not come back together. code: the server's close code or 0;
 * after 1012 (service restart) and 1013 (try again later) the bounds are at least 5 and 30 seconds,
 * also above cap_ms. retry_after_ms: what the server's Retry-After asks for (pws_retry_after) or 0;
 * the wait is added to it. random: 8 random bytes (pws_random_bytes). The same arguments give the
 * same time.
 *
 * Errors: PWS_E_ARG a NULL argument, floor_ms or base_ms above cap_ms, or a reserved field not 0;
 * PWS_E_STATE max_attempts is reached: give up; that the connection has ended is noted even so. */
PWS_API int32_t pws_backoff_next(pws_backoff *backoff, const pws_backoff_config *config,
                                 uint32_t code, uint64_t retry_after_ms, uint64_t now_ms,
                                 const uint8_t random[8], uint64_t *at_ms);

/* Reads the Retry-After of a response (RFC 9110 10.2.3), of PWS_REJECTED for example: seconds, or a
 * date in any of the three forms of RFC 9110 5.6.7. unix_seconds: the wall clock now, for dates;
 * one that has passed gives 0. *ms becomes the wait in milliseconds.
 *
 * Errors: PWS_E_ARG ms is NULL; PWS_E_STATE there is no Retry-After; PWS_E_HTTP it is neither. */
PWS_API int32_t pws_retry_after(pws_str fields, uint64_t unix_seconds, uint64_t *ms);

/* ---- Companion: rate limit --------------------------------------------------------------------
 */

/* How much a peer may send, on average and at once: two token buckets. Read-only, may be shared.
 * Begin with zeros. */
typedef struct pws_rate_config {
    uint32_t messages_per_second; /* 0: no limit */
    uint32_t messages_burst;      /* at once; 0: what one second has */
    uint32_t bytes_per_second;    /* 0: no limit */
    uint32_t bytes_burst;  /* at once, no less than a message may have; 0: what one second has */
    uintptr_t reserved[2]; /* 0 */
} pws_rate_config;

/* What one peer has used. Begin with zeros: nothing. Private. */
typedef struct pws_rate {
    uint64_t now_ms;         /* the last call's */
    uint64_t messages_spent; /* thousandths of a message: 0 is a full bucket */
    uint64_t bytes_spent;    /* thousandths of a byte */
} pws_rate;

/* Takes what an event has brought (messages: 1 or 0, or how many; bytes: its payload) out of the
 * buckets, also where there is not enough, since it has already come. Returns 0 if the peer keeps
 * its limit, else the milliseconds until it does so again. What to do is up to the program: count
 * it; not read from the peer for so long; or pws_close with 1008. A peer that goes on owes at most
 * one burst. 0 for a NULL argument. */
PWS_API uint64_t pws_rate_take(pws_rate *rate, const pws_rate_config *config, uint64_t now_ms,
                               uint64_t messages, uint64_t bytes);

/* Returns what pws_rate_take would for nothing, taking nothing: 0 if the peer keeps its limit now.
 * For who throws away what is too much: look first, take what is let through (one message more
 * than the burst). */
PWS_API uint64_t pws_rate_wait(const pws_rate *rate, const pws_rate_config *config,
                               uint64_t now_ms);

/* ---- Companion: outbound queue ----------------------------------------------------------------
 */

/* A message that many queues hold by reference: it exists once for any number of slow readers. The
 * program fills in the frames (pws_frame_write, pws_frame_deflate), which must stay as they are,
 * and sets count to 1 for its own reference. Not for several threads. */
typedef struct pws_shared {
    pws_view frame;       /* a whole text or binary frame without masking key, not compressed */
    pws_view deflated;    /* the same message compressed, for connections it can go to; or empty */
    uint32_t window_bits; /* as given to pws_frame_deflate; 0 if deflated is empty */
    uint32_t count;       /* references; at 0 the program may free it */
    struct pws_shared *next; /* private */
    void *context;           /* the program's */
} pws_shared;

/* Gives a reference back. Returns 1 if it was the last: free the message. 0 otherwise, and for
 * NULL. */
PWS_API int pws_shared_release(pws_shared *shared);

/* What happens to a message for which there is no room. */
enum {
    PWS_FULL_REFUSE = 0,      /* pws_queue_put returns PWS_E_SPACE */
    PWS_FULL_DROP_OLDEST = 1, /* those that have waited longest make room */
    PWS_FULL_DROP_NEWEST = 2, /* it is dropped, as if it had been put */
    PWS_FULL_REPLACE = 3, /* each message takes the place of the newest waiting one with its key,
                             full or not, and the time that it has waited; without one, and
                             without room, it is refused */
    PWS_FULL_CLOSE = 4    /* PWS_E_SPACE, and pws_queue_send closes the connection. For servers:
                             what overflows between two connections closes the next */
};

/* How queues behave. Read-only, may be shared. Begin with zeros. */
typedef struct pws_queue_config {
    uint32_t full;         /* PWS_FULL_REFUSE, ... */
    uint32_t close_code;   /* of PWS_FULL_CLOSE: 1008 or 1013; 0: 1008 */
    uint32_t delay_ms;     /* messages wait up to so long for others, to go out together. 0: not */
    uint32_t delay_bytes;  /* but no longer once so many bytes are waiting; 0: 4096 */
    size_t high;           /* bytes waiting that raise pws_queue_is_high; 0: never */
    size_t low;            /* bytes waiting at or under which it falls again; at most high */
    uintptr_t reserved[2]; /* 0 */
} pws_queue_config;

/* Bytes that a message takes in the queue's memory beside its payload, which is rounded up to a
 * multiple of 8. One that is shared takes these alone. */
#define PWS_QUEUE_ENTRY 64

/* A bounded queue of whole messages for one connection, over the program's memory, from which they
 * go out as fast as the peer takes them. A message stays in it until its last byte is with the
 * transport, so that what a connection that dies has not sent is still there for the next one. */
typedef struct pws_queue {
    size_t messages;                /* that wait or are not wholly written; read it */
    size_t bytes;                   /* their payload; of shared ones, their frame; read it */
    uint64_t dropped;               /* messages dropped or replaced so far; read it */
    const pws_queue_config *config; /* private, as all that follows */
    uint8_t *memory;                /* the program's */
    pws_shared *freed;              /* shared messages to hand back */
    size_t waiting_bytes;           /* of `bytes`, those of messages that wait */
    uint64_t written;               /* bytes of output so far */
    uint64_t now_ms;                /* the last call's time */
    uint32_t size;                  /* bytes at memory */
    uint32_t place;                 /* where to look for room first */
    uint32_t first;                 /* the list of messages, in their order */
    uint32_t last;                  /* its end */
    uint32_t waiting;               /* the first that no connection has been told */
    uint8_t is_high;                /* between high and low */
    uint8_t overflowed;             /* PWS_FULL_CLOSE has something to do */
    uint8_t ready;                  /* delay_ms is over for those that wait */
    uint8_t reserved;
} pws_queue;

/* Begins an empty queue over size bytes at memory, 8-byte aligned, which it uses until it is no
 * longer wanted: at least 2 * PWS_QUEUE_ENTRY, at most 2^31 of them are used.
 *
 * Errors: PWS_E_ARG a NULL argument, memory not aligned, a field of config out of range, or a
 * reserved one not 0; PWS_E_SPACE size is too small. */
PWS_API int32_t pws_queue_init(pws_queue *queue, const pws_queue_config *config, void *memory,
                               size_t size);

/* Puts a whole message at the end, copying it. kind: PWS_TEXT or PWS_BINARY, or-ed with PWS_PLAIN
 * if it is not to be compressed. key: names a state (a cursor, a price) of which only the latest
 * value counts, for PWS_FULL_REPLACE; 0: none. Text must be UTF-8. Time grows with the messages in
 * the queue only where it is almost full or a key is looked for.
 *
 * Errors: PWS_E_ARG queue is NULL, data is NULL and length not 0, or another kind; PWS_E_SPACE
 * there is no room (see config.full), or never will be for so large a message, for which nothing is
 * dropped or closed. */
PWS_API int32_t pws_queue_put(pws_queue *queue, uint32_t kind, const void *data, size_t length,
                              uint64_t key, uint64_t now_ms);

/* Puts a shared message at the end and takes a reference to it; for servers. When a queue gives the
 * last reference back, pws_queue_freed hands the message out.
 *
 * Errors: PWS_E_ARG a NULL argument, count is 0, or not a text or binary frame that
 * pws_send_prepared takes; PWS_E_SPACE as pws_queue_put. */
PWS_API int32_t pws_queue_put_shared(pws_queue *queue, pws_shared *shared, uint64_t key,
                                     uint64_t now_ms);

/* Tells the connection the waiting messages, as many as it takes now: call it before each pws_next.
 * Does nothing while the connection is held or not open,
 * the messages wait for others (delay_ms), or the program is in the middle of a message that it
 * sends in parts. Where PWS_FULL_CLOSE asks for it, closes the connection, also while it is held.
 *
 * Errors: PWS_E_ARG a NULL argument; PWS_E_SPACE a client without a transmit half; PWS_E_STATE a
 * shared message cannot go to a server. */
PWS_API int32_t pws_queue_send(pws_queue *queue, pws_conn *ws, uint64_t now_ms);

/* Says how many bytes of a PWS_WRITE went out, instead of pws_wrote: call it right after each
 * PWS_WRITE of the connection, whatever was in it. Messages that are wholly written leave the
 * queue, but none does after pws_eof. Without a queue (NULL) it is pws_wrote; a NULL connection is
 * ignored.
 */
PWS_API void pws_queue_wrote(pws_queue *queue, pws_conn *ws, size_t written);

/* The connection is gone (PWS_CLOSED, pws_end). What was not wholly written waits again, in order,
 * for the next one. NULL is ignored. */
PWS_API void pws_queue_lost(pws_queue *queue);

/* Forgets all messages, giving references back; they are not counted as dropped. Not while the
 * connection is still in use: it may borrow them. NULL is ignored. */
PWS_API void pws_queue_clear(pws_queue *queue);

/* The next shared message to which this queue held the last reference, for the program to free, or
 * NULL. Ask after each call that may drop or send. */
PWS_API pws_shared *pws_queue_freed(pws_queue *queue);

/* When pws_queue_send is to be called at the latest because the messages have waited for others
 * long enough: milliseconds; UINT64_MAX: nothing waits for that. */
PWS_API uint64_t pws_queue_deadline(const pws_queue *queue);

/* 1 from when `high` bytes wait until at most `low` do: ask the source for less. 0 for NULL. */
PWS_API int pws_queue_is_high(const pws_queue *queue);

/* ---- Companion: statistics --------------------------------------------------------------------
 */

/* Buckets of a pws_histogram: see pws_histogram_limit. */
#define PWS_BUCKETS 96

/* How often values occurred, in fixed buckets: each power of two is cut into four. For
 * milliseconds, or whatever else. Begin with zeros. */
typedef struct pws_histogram {
    uint64_t counts[PWS_BUCKETS]; /* values in each bucket */
    uint64_t count;               /* all values */
    uint64_t sum;                 /* their sum */
} pws_histogram;

/* Counts a value. NULL is ignored. */
PWS_API void pws_histogram_add(pws_histogram *histogram, uint64_t value);

/* The largest value that belongs into a bucket, 0 to PWS_BUCKETS - 1: 0, 1, 2, 3, 4, 5, 6, 7, 9,
 * 11, 13, 15, 19, ... No bucket is wider than a quarter of its values. UINT64_MAX for the last. */
PWS_API uint64_t pws_histogram_limit(uint32_t bucket);

/* The value that so many of 1000 do not exceed (500: the median; 990: p99), as the limit of its
 * bucket, so at most a quarter too high; UINT64_MAX if that is the last. 0 where nothing was
 * counted, and for NULL. per_mille above 1000 counts as 1000. */
PWS_API uint64_t pws_histogram_quantile(const pws_histogram *histogram, uint32_t per_mille);

/* Places in pws_stats.closes_received and closes_sent: 0 to 15 for 1000 to 1015, then 3000 to 3999,
 * 4000 to 4999. */
#define PWS_CLOSE_PLACES 18
/* Places in pws_stats.errors: the numbers of PWS_E_. */
#define PWS_ERROR_PLACES 64

/* What passed over one connection or many: feed one structure with the events of all. Begin with
 * zeros. Read it freely. */
typedef struct pws_stats {
    uint64_t opened;       /* connections: PWS_OPEN */
    uint64_t closed;       /* PWS_CLOSED, opened or not */
    uint64_t rejected;     /* PWS_REJECTED */
    uint64_t wire_in;      /* bytes read, all of them: pws_stats_read */
    uint64_t wire_out;     /* bytes written, all of them: pws_stats_wrote */
    uint64_t frames_in;    /* frames received, control frames too */
    uint64_t frames_out;   /* frames sent, control frames too */
    uint64_t messages_in;  /* whole messages received */
    uint64_t messages_out; /* whole messages sent */
    uint64_t payload_in;   /* bytes of messages received, after decompression */
    uint64_t payload_out;  /* bytes of messages sent, before compression */
    uint64_t pings_in;     /* Pings received */
    uint64_t pings_out;    /* Pings sent, of the program and of the library */
    uint64_t pongs_in;     /* Pongs received */
    uint64_t pongs_out;    /* Pongs sent, of the program and of the library */
    uint64_t rtt_last_ms;  /* round trips, from Pongs that answer the library's Pings: the last */
    uint64_t rtt_min_ms;   /* the shortest; if rtt.count is not 0 */
    uint64_t rtt_max_ms;   /* the longest */
    uint64_t
        rtt_smoothed_us; /* microseconds: 7/8 of what it was and 1/8 of the new one (RFC 6298) */
    pws_histogram rtt;   /* milliseconds */
    uint64_t errors[PWS_ERROR_PLACES];          /* PWS_CLOSED by its error; 0: clean */
    uint64_t closes_received[PWS_CLOSE_PLACES]; /* PWS_CLOSED by the peer's code */
    uint64_t closes_sent[PWS_CLOSE_PLACES];     /* by our code */
} pws_stats;

/* Counts an event of pws_next: each one, before or after what you do with it. NULL is ignored. */
PWS_API void pws_stats_event(pws_stats *stats, const pws_event *event);

/* Counts a message, a part of one, a Ping or a Pong that pws_send (kind and length as given there),
 * a relative of it, or pws_queue_put has taken. NULL is ignored. */
PWS_API void pws_stats_sent(pws_stats *stats, uint32_t kind, uint64_t length);

/* Count bytes that the transport has given and taken. NULL is ignored. */
PWS_API void pws_stats_read(pws_stats *stats, uint64_t bytes);
/* See pws_stats_read. */
PWS_API void pws_stats_wrote(pws_stats *stats, uint64_t bytes);

/* The place of a close code in closes_received and closes_sent; PWS_CLOSE_PLACES if it has none. */
PWS_API uint32_t pws_stats_close_place(uint32_t code);

/* Adds what another one has counted, of another thread for example. rtt_last_ms is taken from it if
 * it has one, rtt_smoothed_us is weighed by the number of round trips. NULL is ignored. */
PWS_API void pws_stats_add(pws_stats *stats, const pws_stats *other);

/* ---- Private: the fields of a connection -------------------------------------------------------
 */

/* Read and written by the library alone; here so that the size is known. */
struct pws_conn {
    uint8_t flags;          /* bits of internal.h */
    uint8_t phase;          /* see internal.h */
    uint8_t error;          /* why the connection failed */
    uint8_t scratch_length; /* bytes in scratch */
    uint8_t control_length; /* bytes of a cut control frame in the receive half */
    uint8_t message;        /* received message in progress: its opcode, or 0 */
    uint8_t send_message;   /* sent message in progress: its opcode, or 0 */
    uint8_t pong_length;    /* bytes at pong_data */
    uint8_t reason_length;  /* bytes at reason */
    uint8_t request_error;  /* server: the rule that the waiting request breaks */
    uint8_t tail_length;    /* of the four bytes at a compressed message's end, how many the codec
                               has had */
    uint8_t send_first;     /* first byte of a compressed message's next frame, without FIN */
    uint8_t stash_length;   /* bytes kept in small */
    uint8_t pings_out;      /* and Pings */
    uint16_t code;          /* close code received */
    const pws_config *config;
    pws_random *random;       /* client */
    uint8_t *receive;         /* lent receive half, or NULL */
    uint8_t *transmit;        /* lent transmit half, or NULL */
    const uint8_t *send_data; /* borrowed payload of the frame being sent: what is left of it */
    uint8_t *pong_data; /* payload of the Pong that is owed: input, receive or transmit half */
    const char *reason; /* borrowed reason of the Close that is owed */
    void *inflater;     /* codec of received messages, or NULL */
    void *deflater;     /* codec of sent messages, or NULL */
    union {
        struct {
            uint32_t line;  /* where the unfinished line begins */
            uint32_t total; /* bytes of the head, with interim responses */
        } head;             /* during the opening handshake */
        struct {
            uint32_t key;             /* where the Sec-WebSocket-Key begins */
            uint32_t protocol;        /* where the subprotocol agreed on begins */
            uint32_t protocol_length; /* and its bytes */
        } request;                    /* server: from a complete request to PWS_OPEN */
        struct {
            uint64_t left;    /* payload bytes of the frame still to come */
            uint64_t message; /* payload bytes of the message that its frame headers announced */
        } frame;              /* afterwards */
    } got;                    /* what is being received */
    uint64_t now;             /* milliseconds: the last tick */
    size_t send_length;       /* bytes at send_data */
    size_t gathered;          /* bytes in the receive half: of a message, or of a head */
    uint32_t busy;            /* what is under way or owed: bits of internal.h */
    uint32_t since;           /* times in milliseconds, their low 32 bits: see timer.c */
    uint32_t used;
    uint32_t began;
    uint32_t held;
    uint32_t pinged;
    uint32_t frames_in;     /* frames begun since the last event of one */
    uint32_t frames_out;    /* frames begun since the last PWS_WRITE */
    uint32_t transmit_size; /* bytes */
    uint32_t batch_length;  /* bytes of output gathered in the transmit half, or in small */
    uint32_t batch_done;    /* of these, bytes already written */
    uint32_t writing;       /* bytes of the batch in the PWS_WRITE that is out */
    uint32_t told;          /* where in the batch the last frame of the program ends */
    uint32_t utf8;          /* received text: state of the validator */
    uint16_t sent_code;     /* close code sent */
    uint16_t deflate;       /* parameters of permessage-deflate agreed on, packed */
    uint16_t pongs_out;     /* of frames_out, Pongs of the library */
    uint8_t scratch[16];    /* received frame header so far, or that of the frame at hand; client
                               handshake:    the nonce */
    uint8_t small[14];      /* frame header to send where there is no transmit half; where there is,
                               compressed bytes that may turn out to be the last four */
    uint8_t key[4];         /* masking key, rotated to the next byte: server, of the received frame;
                               client, of the frame being sent */
    uintptr_t reserved[4];
};

#ifdef __cplusplus
}
#endif

#endif
