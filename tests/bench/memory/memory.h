/* A library whose connections are counted: many of them, in one process of their own. C and C++. */
#ifndef MEMORY_H
#define MEMORY_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The functions get what a peer sends and leave what they answer in the wire. What they take from
 * malloc, beginning with begin, is counted; the program's own handles, such as an array of pointers
 * to connections, come from memory_handles and are not. */
struct peer {
    const char *name;
    int shakes_hands; /* 0: the opening handshake is left to the program, and not counted */
    int deflates;     /* permessage-deflate is agreed on, without context takeover */
    /* Gets ready for so many connections. Returns NULL, or in a line why it can't. */
    const char *(*begin)(size_t count);
    /* Makes a connection and answers its request. Returns 0 if that failed. */
    int (*open)(size_t i);
    /* Receives one message on it and sends it back. Returns 0 if that failed. */
    int (*echo)(size_t i);
};

/* Those that the program was built with, ended by a name that is NULL. */
extern const struct peer peers[];

/* Memory for count handles of a size, zeros, that is not counted. Exits if there is none. */
void *memory_handles(size_t count, size_t size);

#ifdef __cplusplus
}
#endif

#endif
