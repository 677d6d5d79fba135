/* Reading the head of a request or response: its lines, as they arrive (RFC 9112 2.2 and 5), and
 * what those say that matter to the opening handshake. Sections without a document are those of RFC
 * 6455. */
#include "reading.h"
#include "vector.h"

/* ---- Lines ---- */

/* Whether no head has this byte: a control character other than HTAB, CR, LF. */
static int pws_is_forbidden(uint8_t byte) {
    return (byte < ' ' && byte != '\t' && byte != '\r' && byte != '\n') || byte == 0x7F;
}

/* The index of the first control character, or length. What stands before it is copied. */
static size_t pws_control_find_plain(uint8_t *to, const uint8_t *from, size_t length) {
    size_t i;

    for (i = 0; i < length && from[i] >= ' ' && from[i] != 0x7F; i++)
        to[i] = from[i];
    return i;
}

#if PWS_BLOCKS

/* Copies sixteen bytes. Returns ones where they are control characters. */
static pws_block pws_control_block(uint8_t *to, const uint8_t *from) {
    const pws_block block = pws_block_load(from);
    const pws_block above = pws_reduce(block, pws_block_of(' ' - 1));

    pws_block_store(to, block);
    return pws_or(pws_equal(above, pws_block_of(0)), pws_equal(block, pws_block_of(0x7F)));
}

/* Sixteen bytes at a time; the last block overlaps what has been looked at. Up to length, more than
 * what stands before the character may be written. */
static size_t pws_control_find(uint8_t *to, const uint8_t *from, size_t length) {
    pws_block found;
    size_t i;

    if (length < 16)
        return pws_control_find_plain(to, from, length);
    for (i = 0; i < length - 16; i += 16) {
        found = pws_control_block(to + i, from + i);
        if (pws_any_high(found))
            return i + pws_first_high(found);
    }
    i = length - 16;
    return i + pws_first_high(pws_control_block(to + i, from + i));
}

#else

static size_t pws_control_find(uint8_t *to, const uint8_t *from, size_t length) {
    return pws_control_find_plain(to, from, length);
}

#endif

static pws_lines pws_lines_advance(pws_lines lines, size_t length) {
    lines.to += length;
    lines.from += length;
    lines.left -= length;
    return lines;
}

/* The line has a HTAB, or no CR LF in this input, or began in an earlier one. Any CR must be the
 * one before the LF (RFC 9112 2.2). */
static PWS_NOINLINE pws_lines pws_line_read_slowly(pws_lines lines) {
    lines.found = PWS_LINE_UNFINISHED;
    while (lines.left != 0) {
        lines.found = PWS_LINE_MALFORMED;
        if (pws_is_forbidden(*lines.from))
            return lines;
        *lines.to = *lines.from;
        lines = pws_lines_advance(lines, 1);
        lines.found = PWS_LINE_UNFINISHED;
        if (lines.to[-1] != '\n')
            continue;
        lines.line.ptr = (const char *)lines.begin;
        lines.line.len = (size_t)(lines.to - lines.begin);
        lines.found = PWS_LINE_MALFORMED;
        if (lines.line.len < 2 || pws_index_of(lines.line, '\r') != lines.line.len - 2)
            return lines;
        lines.line.len -= 2;
        lines.found = PWS_LINE_WHOLE;
        return lines;
    }
    return lines;
}

/* Takes the next line. */
static pws_lines pws_line_read(pws_lines lines) {
    size_t length = pws_control_find(lines.to, lines.from, lines.left);
    const uint8_t *end = lines.from + length;

    if (lines.begin != lines.to || lines.left - length < 2 || end[0] != '\r' || end[1] != '\n')
        return pws_line_read_slowly(pws_lines_advance(lines, length));
    lines.to[length] = '\r';
    lines.to[length + 1] = '\n';
    lines.line.ptr = (const char *)lines.begin;
    lines.line.len = length;
    lines.found = PWS_LINE_WHOLE;
    return pws_lines_advance(lines, length + 2);
}

/* field-line (RFC 9112 5). A name is a token, so that white space before the colon (5.1) and in
 * front of the name (obs-fold, 5.2) are refused with it. */
static int pws_field_divide(pws_str line, pws_str *name, pws_str *value) {
    size_t colon = pws_letters_end(line, 0);
    pws_str rest;

    if (colon == line.len || line.ptr[colon] != ':')
        colon = pws_token_span(line);
    if (colon == 0 || colon == line.len || line.ptr[colon] != ':')
        return 0;
    *name = pws_part(line, 0, colon);
    rest = pws_part(line, colon + 1, line.len);
    if (rest.len != 0 && rest.ptr[0] == ' ') /* as it almost always is, and then all */
        rest = pws_part(rest, 1, rest.len);
    if (rest.len != 0 && (rest.ptr[0] <= ' ' || rest.ptr[rest.len - 1] <= ' '))
        rest = pws_trim(rest);
    *value = rest;
    return 1;
}

/* ---- What the header lines say ---- */

static void pws_found_single(pws_single *single, pws_str value) {
    if (single->count++ == 0)
        single->value = value;
}

/* A list of protocols (RFC 9110 7.8). websocket has no version behind a slash. */
static PWS_NOINLINE void pws_found_upgrade(pws_findings *found, pws_str value) {
    pws_str element;
    while (pws_element_next(&value, &element)) {
        if (PWS_IS_NAMED(element, "websocket"))
            found->websocket = 1;
        else
            found->other_upgrade = 1;
    }
}

/* A list of tokens (RFC 9110 7.6.1): "upgraded" is another one. */
static PWS_NOINLINE void pws_found_connection(pws_findings *found, pws_str value) {
    pws_str element;
    while (pws_element_next(&value, &element))
        if (PWS_IS_NAMED(element, "upgrade"))
            found->connection = 1;
}

/* RFC 9112 6: any Transfer-Encoding, or a Content-Length that is not 0, announces a body. */
static void pws_found_length(pws_findings *found, pws_str value) {
    if (!pws_str_equal(value, PWS_LITERAL("0")))
        found->has_body = 1;
}

PWS_PRIVATE size_t pws_protocol_rank(pws_str configured, pws_str protocol) {
    pws_str word;
    size_t rank = 0;
    while (pws_word_next(&configured, &word)) {
        if (pws_str_equal(word, protocol))
            return rank;
        rank++;
    }
    return SIZE_MAX;
}

/* A list of subprotocols, which may go on in further lines (11.3.4). That a client offers each once
 * (4.1 item 10) is not checked: it would take quadratic time, and an offer that is repeated changes
 * nothing. */
static PWS_NOINLINE void pws_found_protocols(pws_findings *found, pws_str value) {
    pws_str configured = pws_cstr(found->config->protocols), element;
    pws_found_single(&found->protocol, value);
    while (pws_element_next(&value, &element)) {
        size_t rank = pws_protocol_rank(configured, element);
        found->offers++;
        if (!pws_is_token(element))
            found->protocols_broken = 1;
        if (rank >= found->rank)
            continue;
        found->rank = rank;
        found->chosen = element;
    }
}

/* A list of extensions, which may go on in further lines (9.1). Several offers of
 * permessage-deflate are alternatives, the best first (RFC 7692 5): the first that can be accepted
 * is. */
static PWS_NOINLINE void pws_found_extensions(pws_findings *found, pws_str value) {
    pws_str extension;
    pws_found_single(&found->extension, value);
    while (pws_extension_next(&value, &extension)) {
        found->extensions++;
        if (extension.ptr == NULL)
            found->extensions_broken = 1;
        else if (!found->deflate.agreed)
            (void)pws_deflate_accept(found->config, extension, &found->deflate);
    }
}

PWS_PRIVATE void pws_found_line(pws_findings *found, pws_str name, pws_str value) {
    switch (name.len) { /* most lines are none of these, and need not be compared with all */
    case 4:
        if (PWS_IS_NAMED(name, "Host"))
            pws_found_single(&found->host, value);
        break;
    case 6:
        if (PWS_IS_NAMED(name, "Origin"))
            pws_found_single(&found->origin, value);
        break;
    case 7:
        if (PWS_IS_NAMED(name, "Upgrade"))
            pws_found_upgrade(found, value);
        break;
    case 10:
        if (PWS_IS_NAMED(name, "Connection"))
            pws_found_connection(found, value);
        break;
    case 14:
        if (PWS_IS_NAMED(name, "Content-Length"))
            pws_found_length(found, value);
        break;
    case 17:
        if (PWS_IS_NAMED(name, "Sec-WebSocket-Key"))
            pws_found_single(&found->key, value);
        else if (PWS_IS_NAMED(name, "Transfer-Encoding"))
            found->has_body = 1;
        break;
    case 20:
        if (PWS_IS_NAMED(name, "Sec-WebSocket-Accept"))
            pws_found_single(&found->accept, value);
        break;
    case 21:
        if (PWS_IS_NAMED(name, "Sec-WebSocket-Version"))
            pws_found_single(&found->version, value);
        break;
    case 22:
        if (PWS_IS_NAMED(name, "Sec-WebSocket-Protocol"))
            pws_found_protocols(found, value);
        break;
    case 24:
        if (PWS_IS_NAMED(name, "Sec-WebSocket-Extensions"))
            pws_found_extensions(found, value);
        break;
    default:
        break;
    }
}

PWS_PRIVATE void pws_find_nothing(pws_findings *found, const pws_config *config) {
    memset(found, 0, sizeof *found);
    found->config = config;
    found->rank = SIZE_MAX;
}

/* ---- Both ---- */

/* What a line says. Returns 0 if it is malformed. */
static int pws_read_line(pws_reading *reading, const pws_lines *lines) {
    pws_str name, value;

    if (lines->line.ptr == lines->head) {
        reading->whole = 1;
        reading->head->fields.ptr = (const char *)lines->to;
        pws_find_nothing(&reading->found, reading->config);
        return pws_start_line(reading->config->role, lines->line, reading->head);
    }
    if (!pws_field_divide(lines->line, &name, &value))
        return 0;
    if (reading->whole)
        pws_found_line(&reading->found, name, value);
    return 1;
}

PWS_PRIVATE void pws_read_lines(pws_lines *cursor, pws_reading *reading) {
    pws_lines lines = *cursor; /* a copy, which can stay in registers */

    for (;;) {
        lines = pws_line_read(lines);
        if (lines.found != PWS_LINE_WHOLE)
            break;
        if (lines.line.len == 0 && lines.line.ptr != lines.head) {
            lines.found = PWS_LINE_EMPTY;
            break;
        }
        if (!pws_read_line(reading, &lines)) {
            lines.found = PWS_LINE_MALFORMED;
            break;
        }
        lines.begin = lines.to;
    }
    *cursor = lines;
}
