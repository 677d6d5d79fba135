/* The worst inputs, and the libraries that are given them. C and C++. */
#ifndef WORST_H
#define WORST_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
    WORST_HEAD = 65536,     /* bytes: the largest head that is accepted */
    WORST_MESSAGE = 1 << 20 /* bytes: the largest message */
};

/* The subprotocols that a server knows, best first. One of them is offered, behind many others. */
#define WORST_PROTOCOLS "v8.chat, v7.chat, v6.chat, v5.chat, v4.chat, v3.chat, v2.chat, v1.chat"
#define WORST_PROTOCOL "v1.chat"

/* The last header line of each request, which shows that it was read to its end. */
#define WORST_LAST_NAME "X-Last"
#define WORST_LAST_VALUE "here"

/* What a server receives, and what is to come of it. */
struct input {
    const char *name;
    int is_request; /* an opening handshake; 0: frames on an open connection */
    int offers_protocols, offers_extensions; /* what a request has */
    size_t read;                             /* bytes of a read */
    uint8_t *bytes;
    size_t length;
    uint8_t *message; /* frames: the text that arrives, once */
    size_t message_length;
    size_t pings; /* frames: each is answered with a Pong of the same 8 bytes, in order */
};

/* What a library has made of it. The output is in the wire. */
struct outcome {
    const struct input *input;
    int verify;      /* compare the bytes of the message */
    size_t messages; /* messages, or requests */
    int wrong;       /* something was not as it should be */
};

/* Kinds of input. Each is made in two sizes. */
enum {
    WORST_INPUTS = 9
};

/* Makes an input of that kind; large: the larger size. Exits if there is no memory. */
void worst_make(struct input *input, int kind, int large);
void worst_free(struct input *input);

/* A library has received a whole message. */
void worst_message(struct outcome *outcome, const void *data, size_t length);

struct library {
    const char *name;
    int (*can)(const struct input *input); /* whether it does this at all */
    /* Gets ready, for frames with an open connection; returns what run is given, or NULL. */
    void *(*open)(const struct input *input);
    /* Reads all that the wire has. */
    void (*run)(void *state, struct outcome *outcome);
    void (*close)(void *state);
};

extern const struct library worst_purews;
extern const struct library worst_wslay;
extern const struct library worst_beast;

#ifdef __cplusplus
}
#endif

#endif
