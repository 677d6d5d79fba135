/* What the libraries under measurement have in common: each is given the same bytes in the same
 * pieces, and hands what it makes of them to the same sink. C and C++. */
#ifndef SPEED_H
#define SPEED_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum operation {
    DECODE,        /* a server receives masked frames; whole messages */
    DECODE_STREAM, /* likewise; parts of messages as they come */
    ENCODE_SERVER, /* messages become frames in a buffer */
    ENCODE_CLIENT, /* likewise, masked with unpredictable keys */
    ECHO,          /* a server receives messages and sends each back */
    HANDSHAKE,     /* a server answers a browser's request with 101 */
    OPERATIONS
};

/* One row: what is done, with what. */
struct job {
    enum operation operation;
    int is_text;            /* frames say text; what they have is judged as UTF-8 */
    size_t payload;         /* bytes of a message */
    size_t chunk;           /* bytes of a read */
    size_t messages;        /* of a sample */
    const uint8_t *message; /* what each message has */
    const uint8_t *wire;    /* what is received in a sample */
    size_t wire_length;
};

/* Where a library puts what it has made. In the untimed pass every byte is compared. */
struct sink {
    const struct job *job;
    int verify;
    size_t in_message;    /* bytes of the message that is arriving */
    uint64_t messages;    /* received whole */
    uint64_t bytes;       /* of payload received, or of output made */
    int wrong;            /* something was not as it should be */
    uint8_t *output;      /* verify: output so far */
    size_t output_length; /* bytes */
    size_t joined;        /* bytes of pieces that wait for others */
};

/* A part of a received message. */
void sink_data(struct sink *sink, const uint8_t *data, size_t length, int last);
/* Bytes that go out: copied, as a socket does. */
void sink_output(struct sink *sink, const uint8_t *data, size_t length);
/* Likewise, where a library hands out the pieces of its frames one by one: small ones are joined,
 * as a program does that wants to write seldom. */
void sink_piece(struct sink *sink, const uint8_t *data, size_t length);
/* Nothing more will join the pieces. */
void sink_flush(struct sink *sink);

/* Memory for a read, at the beginning of a page, as pools of buffers have it. */
uint8_t *new_buffer(size_t length);

/* A library as it is measured. */
struct library {
    const char *name;
    int (*can)(const struct job *job); /* whether it does this at all */
    /* Gets ready for samples of this job; returns what run is given, or NULL. */
    void *(*open)(const struct job *job);
    /* One sample: all messages of the job. */
    void (*run)(void *state, struct sink *sink);
    void (*close)(void *state);
};

extern const struct library library_purews;
extern const struct library library_limit;
extern const struct library library_wslay_event;
extern const struct library library_wslay_frame;
extern const struct library library_beast;

/* Unpredictable enough for measurements. */
uint32_t speed_random(void);

#ifdef __cplusplus
}
#endif

#endif
