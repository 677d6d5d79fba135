/* What a received head says: http.c and reading.c read it, handshake.c judges it, opening.c has it
 * done as bytes arrive. */
#ifndef PWS_READING_H
#define PWS_READING_H

#include "internal.h"

/* ---- http.c: heads of requests and responses (RFC 9112), strict, once through ---- */

/* Takes the line that begins a head apart; it is without its CR LF and has no control character but
 * HTAB. role is our own, so a server reads a request line. Returns 0 if it breaks the grammar. */
PWS_PRIVATE int pws_start_line(uint32_t role, pws_str line, pws_head *head);
/* The host and port in a target that is an http or https URL (RFC 9112 3.2.2); 0 if it is none. */
PWS_PRIVATE int pws_target_authority(pws_str target, pws_str *authority);

/* ---- What the header lines say ---- */

/* The lines of a name that may stand once only: how many there are, and the value of the first. */
typedef struct pws_single {
    size_t count;
    pws_str value;
} pws_single;

typedef struct pws_findings {
    const pws_config *config;
    pws_single host, key, version, origin, accept, protocol, extension;
    pws_str chosen;             /* the subprotocol offered that stands first in config.protocols */
    size_t rank;                /* its place there; SIZE_MAX: none */
    size_t offers;              /* subprotocols in Sec-WebSocket-Protocol */
    size_t extensions;          /* extensions in Sec-WebSocket-Extensions */
    pws_deflate_params deflate; /* what the first offer agrees on that a server can accept */
    /* 1 if ... */
    int has_body;          /* a body is announced */
    int websocket;         /* Upgrade names websocket */
    int other_upgrade;     /* Upgrade names something else */
    int connection;        /* Connection lists upgrade */
    int protocols_broken;  /* a subprotocol is no token */
    int extensions_broken; /* an extension is malformed */
} pws_findings;

/* Begins with nothing found. */
PWS_PRIVATE void pws_find_nothing(pws_findings *found, const pws_config *config);
/* Adds what a header line says. value is trimmed. */
PWS_PRIVATE void pws_found_line(pws_findings *found, pws_str name, pws_str value);

/* ---- Lines as they arrive ---- */

/* What has been read of a head. */
typedef struct pws_reading {
    const pws_config *config;
    pws_head *head;     /* if whole: method to reason, and where fields begins */
    pws_findings found; /* if whole */
    int whole;          /* 1: from its beginning on; else it is to be read again when it is there */
} pws_reading;

/* What reading lines comes to. */
enum {
    PWS_LINE_UNFINISHED, /* the input is used up */
    PWS_LINE_MALFORMED,  /* no header line, a bare CR or LF, a control character other than HTAB */
    PWS_LINE_WHOLE,      /* line is one */
    PWS_LINE_EMPTY       /* the end of the head */
};

/* Lines on their way from the input into the receive half. */
typedef struct pws_lines {
    const char *head;    /* where the head begins */
    uint8_t *begin;      /* the line that is not whole yet */
    uint8_t *to;         /* behind what is there of it */
    const uint8_t *from; /* what comes next; may be the same place as to */
    size_t left;         /* bytes at from, for which there is room at to */
    pws_str line;        /* the last whole one, without its CR LF */
} pws_lines;

/* Copies a part of a line, up to the next control character, and returns how many bytes these are;
 * up to length, more may be written. */
PWS_PRIVATE size_t pws_line_join(uint8_t *to, const uint8_t *from, size_t length);
/* Reads lines up to the end of the head, a fault, or the end of the input, and returns which of
 * these it was. */
PWS_PRIVATE int pws_read_lines(pws_lines *lines, pws_reading *reading);

/* ---- handshake.c: the rules of section 4, both roles ---- */

/* Judge a request by found: the first rule that it breaks, or PWS_OK. */
PWS_PRIVATE int32_t pws_request_judge(const pws_head *head, const pws_findings *found);
/* Judge a response likewise. *deflate becomes what it says. */
PWS_PRIVATE int32_t pws_response_judge(const pws_head *head, const pws_findings *found, pws_str key,
                                       pws_deflate_params *deflate);

#endif
