/* Heads and their lines, read as the machine reads them, for the unit tests of the handshake. */
#ifndef HEADS_H
#define HEADS_H

#include <string.h>

#include "reading.h"

/* Reads what lies in memory, in place. Returns where that ended: PWS_LINE_. */
static inline int heads_read(const pws_config *config, char *memory, size_t length,
                             pws_reading *reading, pws_head *head, pws_lines *lines) {
    memset(head, 0, sizeof *head);
    memset(reading, 0, sizeof *reading);
    reading->config = config;
    reading->head = head;
    memset(lines, 0, sizeof *lines);
    lines->head = memory;
    lines->begin = lines->to = (uint8_t *)memory;
    lines->from = (const uint8_t *)memory;
    lines->left = length;
    return pws_read_lines(lines, reading);
}

/* Whether text is a whole line of a head, the first of it or another, and well-formed. */
static inline int heads_line_ok(uint32_t role, int first, pws_str text) {
    const char *begin = role == PWS_SERVER ? "GET / HTTP/1.1\r\n" : "HTTP/1.1 101 Well\r\n";
    size_t before = first ? 0 : strlen(begin);
    static char memory[1024];
    pws_reading reading;
    pws_config config;
    pws_lines lines;
    pws_head head;
    int found;

    memset(&config, 0, sizeof config);
    config.role = role;
    memcpy(memory, begin, before);
    memcpy(memory + before, text.ptr, text.len);
    found = heads_read(&config, memory, before + text.len, &reading, &head, &lines);
    if (text.len == 0 || lines.left != 0)
        return 0;
    return found == PWS_LINE_EMPTY || (found == PWS_LINE_UNFINISHED && lines.begin == lines.to);
}

/* Takes a head apart, up to and with its empty line, in place. */
static inline void heads_parse(const pws_config *config, char *memory, size_t length,
                               pws_head *head, pws_findings *found) {
    pws_reading reading;
    pws_lines lines;

    CHECK(heads_read(config, memory, length, &reading, head, &lines) == PWS_LINE_EMPTY);
    head->fields.len = (size_t)(memory + length - 2 - head->fields.ptr);
    *found = reading.found;
}

#endif
