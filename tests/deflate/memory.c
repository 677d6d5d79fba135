/* Counts the memory that zlib asks for, with allocators of our own, for every window size and
 * memory level, prints it as the table in examples/zlib_codec.h, and checks that the table there is
 * that. */
#define _POSIX_C_SOURCE 200809L
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "check.h"

static size_t asked; /* bytes */

static voidpf count(voidpf opaque, uInt items, uInt size) {
    (void)opaque;
    asked += (size_t)items * size;
    return malloc((size_t)items * size);
}

static void uncount(voidpf opaque, voidpf memory) {
    (void)opaque;
    free(memory);
}

/* Bytes of a codec that decompresses with this window, which is full. */
static size_t inflate_memory(int bits) {
    z_stream z;
    Bytef nothing = 0;

    memset(&z, 0, sizeof z);
    z.zalloc = count;
    z.zfree = uncount;
    asked = 0;
    CHECK(inflateInit2(&z, -bits) == Z_OK);
    CHECK(inflateSetDictionary(&z, &nothing, 0) == Z_OK);
    inflateEnd(&z);
    return asked;
}

/* Bytes of a codec that compresses, or 0 if zlib cannot with this window. */
static size_t deflate_memory(int bits, int level) {
    z_stream z;

    memset(&z, 0, sizeof z);
    z.zalloc = count;
    z.zfree = uncount;
    asked = 0;
    if (deflateInit2(&z, 6, Z_DEFLATED, -bits, level, Z_DEFAULT_STRATEGY) != Z_OK)
        return 0;
    deflateEnd(&z);
    return asked;
}

/* One line of the table: level 0 is decompression. */
static void write_row(char *row, size_t size, int level) {
    int bits;
    size_t length, memory;

    if (level == 0)
        length = (size_t)snprintf(row, size, " *     %-16s", "inflate");
    else
        length = (size_t)snprintf(row, size, " *     deflate, level %d", level);
    for (bits = 8; bits <= 15; bits++) {
        memory = level == 0 ? inflate_memory(bits) : deflate_memory(bits, level);
        if (memory == 0)
            length += (size_t)snprintf(row + length, size - length, " %7s", "-");
        else
            length += (size_t)snprintf(row + length, size - length, " %7zu", memory);
    }
}

/* Whether the file has this line. */
static int has_line(FILE *file, const char *wanted) {
    char line[256];

    rewind(file);
    while (fgets(line, sizeof line, file) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        if (strcmp(line, wanted) == 0)
            return 1;
    }
    return 0;
}

int main(void) {
    FILE *file = fopen("examples/zlib_codec.h", "r");
    char row[256];
    int level;

    check_case("the table of memory in examples/zlib_codec.h");
    CHECK(file != NULL);
    printf("zlib %s\n", zlibVersion());
    for (level = 0; file != NULL && level <= 9; level++) {
        write_row(row, sizeof row, level);
        puts(row);
        if (strcmp(zlibVersion(), "1.2.13") == 0 && sizeof(void *) == 8)
            CHECK(has_line(file, row));
    }
    if (file != NULL)
        fclose(file);

    check_case("a window of 8 bits: zlib inflates with it and does not deflate");
    CHECK(inflate_memory(8) > 0);
    CHECK(deflate_memory(8, 8) == 0);
    CHECK(deflate_memory(9, 8) > 0);
    return check_end();
}
