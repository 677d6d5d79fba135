/* What Linux says of memory. */
#ifndef PROC_H
#define PROC_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A line of a file of /proc such as "VmHWM:   1234 kB", in bytes; 0 if there is none. */
static inline uint64_t proc_bytes(const char *path, const char *name) {
    FILE *file = fopen(path, "r");
    char line[256];
    uint64_t kilobytes = 0;

    while (file != NULL && fgets(line, sizeof line, file) != NULL)
        if (strncmp(line, name, strlen(name)) == 0)
            kilobytes = strtoull(line + strlen(name), NULL, 10);
    if (file != NULL)
        fclose(file);
    return kilobytes * 1024;
}

#endif
