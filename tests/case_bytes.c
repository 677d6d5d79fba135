/* Byte strings and patterns: building, matching, showing. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "case.h"
#include "case_codec.h"

void *must_realloc(void *memory, size_t size) {
    void *result = realloc(memory, size != 0 ? size : 1);
    if (result == NULL) {
        fprintf(stderr, "out of memory\n");
        exit(2);
    }
    return result;
}

/* ---- Bytes ---- */

static void bytes_reserve(struct bytes *bytes, size_t length) {
    size_t needed = bytes->length + length;
    if (needed <= bytes->capacity)
        return;
    bytes->capacity = needed < 64 ? 64 : needed * 2;
    bytes->ptr = (uint8_t *)must_realloc(bytes->ptr, bytes->capacity);
}

void bytes_add(struct bytes *bytes, const void *data, size_t length) {
    if (length == 0)
        return;
    bytes_reserve(bytes, length);
    memcpy(bytes->ptr + bytes->length, data, length);
    bytes->length += length;
}

void bytes_clear(struct bytes *bytes) {
    free(bytes->ptr);
    memset(bytes, 0, sizeof *bytes);
}

void bytes_printf(struct bytes *text, const char *format, ...) {
    char line[2048];
    va_list arguments;
    int length;
    va_start(arguments, format);
    length = vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    if (length < 0)
        return;
    bytes_add(text, line, (size_t)length < sizeof line ? (size_t)length : sizeof line - 1);
}

static int is_readable(uint8_t byte) {
    return (byte >= 0x20 && byte < 0x7f) || byte == '\r' || byte == '\n';
}

static void show_readable(struct bytes *text, const uint8_t *data, size_t length) {
    size_t i;
    bytes_add(text, "\"", 1);
    for (i = 0; i < length; i++) {
        if (data[i] == '\r')
            bytes_add(text, "\\r", 2);
        else if (data[i] == '\n')
            bytes_add(text, "\\n", 2);
        else if (data[i] == '"' || data[i] == '\\')
            bytes_printf(text, "\\%c", data[i]);
        else
            bytes_add(text, data + i, 1);
    }
    bytes_add(text, "\"", 1);
}

void bytes_show(struct bytes *text, const uint8_t *data, size_t length) {
    const size_t most = 200;
    size_t shown = length > most ? most : length, i = 0;
    if (length == 0)
        bytes_printf(text, "\"\"");
    while (i < shown) {
        size_t run = 0;
        while (i + run < shown && is_readable(data[i + run]))
            run++;
        if (i > 0)
            bytes_add(text, " ", 1);
        if (run >= 3 || (run > 0 && run == length)) {
            show_readable(text, data + i, run);
            i += run;
        } else {
            bytes_printf(text, "%02x", data[i]);
            i++;
        }
    }
    if (shown < length)
        bytes_printf(text, " ... (%zu bytes)", length);
}

/* ---- Patterns ---- */

void pattern_add(struct pattern *pattern, enum part_kind kind, const void *data, size_t length) {
    struct part *last = pattern->part_count > 0 ? &pattern->parts[pattern->part_count - 1] : NULL;
    size_t offset = pattern->bytes.length;
    if (kind == PART_LITERAL && length == 0)
        return;
    bytes_add(&pattern->bytes, data, length);
    if (kind == PART_LITERAL && pattern->part_count > pattern->sealed &&
        last->kind == PART_LITERAL) {
        last->length += length;
        return;
    }
    if ((pattern->part_count & (pattern->part_count - 1)) == 0) {
        size_t capacity = pattern->part_count == 0 ? 1 : pattern->part_count * 2;
        pattern->parts =
            (struct part *)must_realloc(pattern->parts, capacity * sizeof *pattern->parts);
    }
    last = &pattern->parts[pattern->part_count++];
    last->kind = kind;
    last->offset = offset;
    last->length = length;
}

void pattern_border(struct pattern *pattern) {
    size_t count = pattern->border_count;
    size_t here = pattern->bytes.length;
    if (count > 0 && pattern->borders[count - 1] == here)
        return;
    if ((count & (count - 1)) == 0)
        pattern->borders = (size_t *)must_realloc(pattern->borders, (count == 0 ? 1 : count * 2) *
                                                                        sizeof *pattern->borders);
    pattern->borders[pattern->border_count++] = here;
}

/* Appends a literal in pieces, so that the borders inside it come along. */
static void append_literal(struct pattern *pattern, const struct pattern *other,
                           const struct part *part, size_t *border) {
    size_t done = part->offset, end = part->offset + part->length;
    for (; *border < other->border_count && other->borders[*border] <= end; ++*border) {
        size_t here = other->borders[*border];
        if (here < done)
            continue;
        pattern_add(pattern, PART_LITERAL, other->bytes.ptr + done, here - done);
        pattern_border(pattern);
        done = here;
    }
    pattern_add(pattern, PART_LITERAL, other->bytes.ptr + done, end - done);
}

void pattern_append(struct pattern *pattern, const struct pattern *other) {
    size_t i, border = 0;
    for (i = 0; i < other->part_count; i++) {
        const struct part *part = &other->parts[i];
        if (part->kind == PART_LITERAL)
            append_literal(pattern, other, part, &border);
        else
            pattern_add(pattern, part->kind,
                        part->length > 0 ? other->bytes.ptr + part->offset : NULL, part->length);
    }
    pattern_border(pattern);
}

void pattern_clear(struct pattern *pattern) {
    bytes_clear(&pattern->bytes);
    free(pattern->parts);
    free(pattern->borders);
    memset(pattern, 0, sizeof *pattern);
}

void pattern_show(struct bytes *text, const struct pattern *pattern, size_t part_count) {
    size_t i;
    if (part_count == 0)
        bytes_printf(text, "nothing");
    for (i = 0; i < part_count; i++) {
        const struct part *part = &pattern->parts[i];
        if (i > 0)
            bytes_add(text, " ", 1);
        switch (part->kind) {
        case PART_LITERAL:
            bytes_show(text, pattern->bytes.ptr + part->offset, part->length);
            break;
        case PART_MASKED:
            bytes_printf(text, "{?");
            if (part->length > 0) {
                bytes_add(text, " ", 1);
                bytes_show(text, pattern->bytes.ptr + part->offset, part->length);
            }
            bytes_printf(text, "}");
            break;
        case PART_KEY:
            bytes_printf(text, "$key");
            break;
        case PART_ACCEPT:
            bytes_printf(text, "$accept");
            break;
        case PART_CLOSE:
            bytes_printf(text, "$close %u",
                         pattern->bytes.ptr[part->offset + 1] * 256u +
                             pattern->bytes.ptr[part->offset + 2]);
            break;
        case PART_LINE:
            bytes_printf(text, "$line");
            break;
        case PART_DEFLATED:
            bytes_printf(text, "$deflated %s ",
                         event_name(pattern->bytes.ptr[part->offset + DEFLATED_OPCODE]));
            bytes_show(text, pattern->bytes.ptr + part->offset + DEFLATED_HEAD,
                       part->length - DEFLATED_HEAD);
            break;
        }
    }
}

size_t pattern_longest(const struct pattern *pattern) {
    size_t i, total = 0;
    for (i = 0; i < pattern->part_count; i++) {
        const struct part *part = &pattern->parts[i];
        total += part->length;
        if (part->kind == PART_MASKED)
            total += 4;
        else if (part->kind == PART_KEY)
            total += KEY_LENGTH;
        else if (part->kind == PART_CLOSE)
            total += 6 + 125;
        else if (part->kind == PART_LINE)
            total += 65536;
        else if (part->kind == PART_DEFLATED) /* each frame may have but a few bytes of it */
            total += part->length + 1000;
    }
    return total;
}

static int is_base64(uint8_t byte) {
    return (byte >= 'A' && byte <= 'Z') || (byte >= 'a' && byte <= 'z') ||
           (byte >= '0' && byte <= '9') || byte == '+' || byte == '/';
}

/* How many of the bytes agree with 16 bytes in base64: 22 digits and "==". */
static size_t match_key(const uint8_t *actual, size_t length) {
    size_t i;
    for (i = 0; i < length && i < KEY_LENGTH; i++)
        if (i < KEY_LENGTH - 2 ? !is_base64(actual[i]) : actual[i] != '=')
            break;
    return i;
}

/* How many of the bytes agree with a Close frame that has this code and a reason in UTF-8. expected
 * is as PART_CLOSE has it. */
static size_t match_close(const uint8_t *expected, const uint8_t *actual, size_t length,
                          size_t *needed) {
    size_t masked = expected[0], head = masked ? 6 : 2, i;
    uint8_t payload[125];
    *needed = head + 2;
    if (length < 1 || actual[0] != 0x88)
        return 0;
    if (length < 2 || (actual[1] & 0x80) != (masked ? 0x80 : 0) || (actual[1] & 0x7f) < 2 ||
        (actual[1] & 0x7f) > 125)
        return 1;
    *needed = head + (actual[1] & 0x7f);
    if (length < *needed)
        return length;
    for (i = head; i < *needed; i++)
        payload[i - head] = (uint8_t)(masked ? actual[i] ^ actual[2 + (i - head) % 4] : actual[i]);
    if (payload[0] != expected[1] || payload[1] != expected[2])
        return head;
    return pws_utf8_valid(payload + 2, *needed - head - 2) ? *needed : head + 2;
}

/* ---- $deflated ---- */

/* What inflates the messages of one output. Begin with zeros. */
struct inflater {
    struct case_codecs codecs;
    pws_codec codec;
    void *open; /* or NULL */
};

static void inflater_close(struct inflater *inflater) {
    if (inflater->open != NULL)
        inflater->codec.close(inflater->open);
    inflater->open = NULL;
}

/* Inflates and compares with what is left of the message. Returns 0 if it differs. */
static int inflater_match(struct inflater *inflater, const uint8_t *data, size_t length,
                          const uint8_t **message, size_t *left) {
    pws_view in = {data, length};
    uint8_t block[256]; /* little more than the smallest window may be looked back behind */
    for (;;) {
        pws_bytes out = {block, sizeof block};
        size_t made;
        if (inflater->codec.inflate(inflater->open, &in, &out) != PWS_OK)
            return 0;
        made = sizeof block - out.len;
        if (made > *left || (made > 0 && memcmp(block, *message, made) != 0))
            return 0;
        *message += made;
        *left -= made;
        if (out.len > 0)
            return in.len == 0;
    }
}

/* The bytes before the payload of a frame, or 0 if they are not all there. *payload becomes how
 * many follow. */
static size_t frame_head(const uint8_t *actual, size_t length, size_t *payload) {
    size_t head = 2, extended, i;
    if (length < 2)
        return 0;
    *payload = actual[1] & 0x7f;
    extended = *payload == 126 ? 2 : *payload == 127 ? 8 : 0;
    head += extended + (actual[1] & 0x80 ? 4 : 0);
    if (length < head)
        return 0;
    if (extended > 0)
        for (*payload = 0, i = 0; i < extended; i++)
            *payload = *payload << 8 | actual[2 + i];
    return head;
}

static int frame_matches(struct inflater *inflater, const uint8_t *actual, size_t head,
                         size_t payload, const uint8_t **message, size_t *left) {
    uint8_t *data = (uint8_t *)must_realloc(NULL, payload);
    const uint8_t *key = actual[1] & 0x80 ? actual + head - 4 : NULL;
    size_t i;
    int result;
    for (i = 0; i < payload; i++)
        data[i] = (uint8_t)(actual[head + i] ^ (key != NULL ? key[i % 4] : 0));
    result = inflater_match(inflater, data, payload, message, left);
    free(data);
    return result;
}

/* How many of the bytes agree with the frames of a compressed message: RSV1 is set in the first
 * only (RFC 7692 6), and what they carry, with 00 00 ff ff behind it, inflates to the message. */
static size_t match_deflated(struct inflater *inflater, const uint8_t *expected, size_t size,
                             const uint8_t *actual, size_t length, size_t *needed) {
    static const uint8_t tail[4] = {0x00, 0x00, 0xff, 0xff};
    const uint8_t *message = expected + DEFLATED_HEAD;
    size_t left = size - DEFLATED_HEAD, at = 0;
    uint8_t first = (uint8_t)(0x40 | expected[DEFLATED_OPCODE]);
    if (expected[DEFLATED_FRESH])
        inflater_close(inflater);
    if (inflater->open == NULL) {
        inflater->codec = case_codec(&inflater->codecs);
        inflater->open =
            inflater->codec.open(inflater->codec.context, PWS_INFLATE, expected[DEFLATED_WINDOW]);
    }
    for (;;) {
        size_t payload = 0, head = frame_head(actual + at, length - at, &payload);
        int final;
        *needed = length + 1;
        if (head == 0 || length - at < head + payload)
            return length;
        final = (actual[at] & 0x80) != 0;
        if ((actual[at] & 0x7f) != first || (actual[at + 1] >> 7) != expected[DEFLATED_MASKED] ||
            !frame_matches(inflater, actual + at, head, payload, &message, &left))
            return at;
        if (final && (!inflater_match(inflater, tail, sizeof tail, &message, &left) || left > 0))
            return at;
        at += head + payload;
        first = 0;
        if (final) {
            *needed = at;
            return at;
        }
    }
}

/* How many of the bytes agree with a part that needs *needed bytes. */
static size_t match_part(const struct pattern *pattern, const struct part *part,
                         struct inflater *inflater, const uint8_t *actual, size_t length,
                         size_t *needed) {
    const uint8_t *expected = pattern->bytes.ptr != NULL ? pattern->bytes.ptr + part->offset : NULL;
    size_t i = 0;
    switch (part->kind) {
    case PART_LITERAL:
    case PART_ACCEPT:
        *needed = part->length;
        while (i < length && i < part->length && actual[i] == expected[i])
            i++;
        return i;
    case PART_MASKED:
        *needed = part->length + 4;
        if (length < 4)
            return length;
        i = 4;
        while (i < length && i < *needed && (uint8_t)(actual[i] ^ actual[i % 4]) == expected[i - 4])
            i++;
        return i;
    case PART_KEY:
        *needed = KEY_LENGTH;
        return match_key(actual, length);
    case PART_CLOSE:
        return match_close(expected, actual, length, needed);
    case PART_LINE:
        while (i < length && actual[i] != '\r')
            i++;
        *needed = i;
        return i;
    case PART_DEFLATED:
        return match_deflated(inflater, expected, part->length, actual, length, needed);
    }
    return 0;
}

static enum match match_parts(const struct pattern *pattern, size_t part_count,
                              struct inflater *inflater, const uint8_t *actual, size_t length,
                              size_t *at, const uint8_t **key) {
    size_t i;
    *at = 0;
    *key = NULL;
    for (i = 0; i < part_count; i++) {
        const struct part *part = &pattern->parts[i];
        size_t needed = 0, begin = *at;
        size_t agreed = match_part(pattern, part, inflater, actual != NULL ? actual + begin : NULL,
                                   length - begin, &needed);
        *at += agreed;
        if (agreed < needed)
            return *at == length ? MATCH_BEGIN : MATCH_DIFFERS;
        if (part->kind == PART_KEY)
            *key = actual + begin;
    }
    return *at == length ? MATCH_WHOLE : MATCH_DIFFERS;
}

enum match pattern_match(const struct pattern *pattern, size_t part_count, const uint8_t *actual,
                         size_t length, size_t *at, const uint8_t **key) {
    struct inflater inflater;
    enum match result;
    memset(&inflater, 0, sizeof inflater);
    result = match_parts(pattern, part_count, &inflater, actual, length, at, key);
    inflater_close(&inflater);
    return result;
}
