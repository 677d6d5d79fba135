/* Test cases in the text format of cases/FORMAT.md, and how they are run:
 *     case_parse.c    files to cases, with case_items.c (byte strings) and case_names.c
 *     case_replay.c   one replay of one case, with case_call.c and case_event.c
 *     case_bytes.c    byte strings and patterns
 *     case_codec.c    the codec of permessage-deflate
 *     case_count.c    the frames in the output, counted
 *     run.c           command line, which replays, the report */
#ifndef CASE_H
#define CASE_H

#include <stddef.h>
#include <stdint.h>

#include "purews.h"

/* ---- case_bytes.c ---- */

/* Bytes that grow. Begin with zeros. */
struct bytes {
    uint8_t *ptr;
    size_t length, capacity;
};

void *must_realloc(void *memory, size_t size);
void bytes_add(struct bytes *bytes, const void *data, size_t length);
void bytes_clear(struct bytes *bytes);
/* Appends text as printf does. */
void bytes_printf(struct bytes *text, const char *format, ...);
/* Appends the bytes in the notation of the format; of long ones the first 200. */
void bytes_show(struct bytes *text, const uint8_t *data, size_t length);

enum part_kind {
    PART_LITERAL, /* these bytes */
    PART_MASKED,  /* {? ...}: any masking key, then these bytes masked with it */
    PART_KEY,     /* $key: the 24 characters of a Sec-WebSocket-Key */
    PART_ACCEPT,  /* $accept: 28 characters, to be filled in */
    PART_CLOSE,   /* $close 1002: a Close frame with that code and any reason; one byte that is 1 if
                     it is masked, then the code */
    PART_LINE,    /* $line: everything before the next CR, or to the end */
    PART_DEFLATED /* $deflated TEXT ...: frames of a compressed message; DEFLATED_HEAD bytes that
                     say how, then the message */
};

/* What stands before the message in a PART_DEFLATED. */
enum {
    DEFLATED_MASKED, /* 1 if the frames are masked */
    DEFLATED_OPCODE,
    DEFLATED_FRESH,  /* 1 if the message stands alone, without the context of those before it */
    DEFLATED_WINDOW, /* bits */
    DEFLATED_HEAD
};

struct part {
    enum part_kind kind;
    size_t offset, length; /* in the bytes of the pattern */
};

/* A byte string, parts of which are known only when the case runs. Begin with zeros. */
struct pattern {
    struct bytes bytes;
    struct part *parts;
    size_t part_count;
    size_t sealed;   /* so many parts are complete: nothing is appended to the last of them */
    size_t *borders; /* offsets of bytes where one item of the text ends and another begins */
    size_t border_count;
};

enum {
    KEY_LENGTH = 24,
    ACCEPT_LENGTH = 28
};

void pattern_add(struct pattern *pattern, enum part_kind kind, const void *data, size_t length);
void pattern_border(struct pattern *pattern);
void pattern_append(struct pattern *pattern, const struct pattern *other);
void pattern_clear(struct pattern *pattern);
void pattern_show(struct bytes *text, const struct pattern *pattern, size_t part_count);
/* The most bytes that the pattern can match; a $line counts as 64 KiB. */
size_t pattern_longest(const struct pattern *pattern);

enum match {
    MATCH_WHOLE,
    MATCH_BEGIN, /* so far they agree; the actual bytes end early */
    MATCH_DIFFERS
};

/* Compares bytes with the first part_count parts. *at becomes the offset of the first actual byte
 * that differs, or the length; *key the 24 characters that $key stands for, or NULL. */
enum match pattern_match(const struct pattern *pattern, size_t part_count, const uint8_t *actual,
                         size_t length, size_t *at, const uint8_t **key);

/* ---- case_parse.c ---- */

enum step_kind {
    STEP_IN,
    STEP_EVENT,
    STEP_CALL,
    STEP_STATE,
    STEP_BORROWS,
    STEP_CODECS,
    STEP_DEADLINE,
    STEP_UNSENT,
    STEP_IDLE
};

enum call_kind {
    CALL_CONNECT,
    CALL_ACCEPT,
    CALL_REJECT,
    CALL_SEND,
    CALL_INPLACE,
    CALL_PREPARED,
    CALL_DEFLATED,
    CALL_ECHO,
    CALL_CLOSE,
    CALL_EOF,
    CALL_HOLD,
    CALL_TICK,
    CALL_END,
    CALL_LEND_RECEIVE,
    CALL_LEND_TRANSMIT
};

/* A number that is compared only where the case gives it. */
struct given {
    int is_given;
    uint32_t number;
};

/* name="value" */
struct field {
    char name[16];
    struct bytes value;
};

struct step {
    enum step_kind kind;
    enum call_kind call; /* STEP_CALL */
    int line;
    const char *text; /* as the file has it, for reports */
    int text_length;
    int waits;       /* made when all input before it has been used up; otherwise at once after the
                        event before it */
    uint32_t number; /* STEP_EVENT: kind; send: kind, PWS_MORE, PWS_PLAIN; STEP_STATE, STEP_BORROWS,
                        STEP_CODECS, hold: the value; lend: bytes */
    uint64_t value;  /* STEP_DEADLINE, STEP_UNSENT: what is returned; tick: the time */
    uint32_t times;  /* STEP_EVENT: so many of them */
    struct given frames, rtt; /* STEP_EVENT */
    int unfinished;           /* STEP_EVENT: TEXT+ or BINARY+ */
    int raw;                  /* prepared, deflated: data is the frame itself */
    uint32_t window;          /* deflated: bits */
    int none, all;            /* lend: NULL; what is needed */
    uint32_t code;            /* close code or status */
    uint32_t sent_code;       /* STEP_EVENT CLOSED */
    int32_t error;            /* STEP_EVENT: the event's; STEP_CALL: the result */
    struct pattern data;
    struct field *fields;
    size_t field_count;
    size_t out_parts; /* STEP_IDLE: parts of the out lines above */
};

enum memory {
    MEMORY_LENT, /* both halves, from the beginning */
    MEMORY_LATE, /* late-work: when asked for, then left there */
    MEMORY_NONE  /* no-work: when asked for, taken back when free */
};

struct test_case {
    const char *file;
    int line;
    char *name;
    uint32_t role, flags, max_head;
    uint64_t max_message;
    char *origins, *protocols;
    int open;                   /* pws_start */
    pws_deflate_params deflate; /* agreed: there is a codec; the rest: what is wanted, or with open
                                   agreed on */
    uint32_t deflate_min;
    uint32_t open_ms, ping_ms, pong_ms, idle_ms, message_ms, send_ms, close_ms;
    unsigned codecs; /* that may be open at a time; 0: any number */
    enum memory memory;
    size_t transmit; /* bytes; 0: the default */
    struct step *steps;
    size_t step_count;
    struct pattern out, rest;
    int has_rest;
    size_t input_length; /* bytes of all in lines */
    size_t *borders;     /* of all in lines */
    size_t border_count;
};

struct suite {
    struct test_case *cases;
    size_t count;
    char **texts; /* of the files read; the steps point into them */
    size_t text_count;
};

/* Adds the cases of a file. What is malformed ends the program with status 2 and one line that says
 * where and why. */
void suite_read(struct suite *suite, const char *path);
void suite_free(struct suite *suite);

/* "OK", "E_ARG", ... ; "?" for a number that is none. */
const char *error_name(int32_t error);
/* "TEXT", ... ; "?" */
const char *event_name(uint32_t kind);
const char *state_name(uint32_t state);

/* ---- case_replay.c ---- */

enum plan_kind {
    PLAN_WHOLE,   /* as few reads as possible */
    PLAN_BYTES,   /* a byte at a time */
    PLAN_CUT,     /* one cut, behind `number` bytes of input */
    PLAN_BORDERS, /* cuts at all borders */
    PLAN_BUFFERS, /* cuts at all multiples of 4096 */
    PLAN_RANDOM,  /* cuts as a generator seeded with `number` says */
    PLAN_PARTIAL  /* likewise, and the transport often takes but a part of a PWS_WRITE */
};

/* How a replay cuts the input into reads. */
struct plan {
    enum plan_kind kind;
    uint64_t number;
};

/* One half of what is lent to a connection. */
struct half {
    uint8_t *ptr;
    size_t size;
};

/* Runs a case once. Returns 1 if it passes, or 0 with the reason in *report. *kept holds the
 * receive half from one replay of a case to the next, since fresh megabytes are slow under
 * sanitizers; it begins with zeros, and the caller frees kept->ptr. */
int replay(const struct test_case *test, struct plan plan, struct half *kept, struct bytes *report);

#endif
