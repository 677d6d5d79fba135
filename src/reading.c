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

/* Two blocks of sixteen bytes at a time. Up to length, more than what stands before the character
 * may be written. */
static inline size_t pws_control_find(uint8_t *to, const uint8_t *from, size_t length) {
    pws_block first, second;
    size_t i, found;

    for (i = 0; length - i >= 32; i += 32) {
        first = pws_control_block(to + i, from + i);
        second = pws_control_block(to + i + 16, from + i + 16);
        if (pws_any_high(pws_or(first, second))) {
            found = pws_first_high(first);
            return i + (found < 16 ? found : 16 + pws_first_high(second));
        }
    }
    return i + pws_control_find_plain(to + i, from + i, length - i);
}

#else

static inline size_t pws_control_find(uint8_t *to, const uint8_t *from, size_t length) {
    return pws_control_find_plain(to, from, length);
}

#endif

PWS_PRIVATE size_t pws_line_join(uint8_t *to, const uint8_t *from, size_t length) {
    return pws_control_find(to, from, length);
}

static void pws_lines_advance(pws_lines *lines, size_t length) {
    lines->to += length;
    lines->from += length;
    lines->left -= length;
}

/* A LF has come: what stands before it is a line if a CR stands just there and nowhere else (RFC
 * 9112 2.2). */
static int pws_line_end(pws_lines *lines) {
    lines->line.ptr = (const char *)lines->begin;
    lines->line.len = (size_t)(lines->to - lines->begin);
    if (lines->line.len < 2 || pws_index_of(lines->line, '\r') != lines->line.len - 2)
        return PWS_LINE_MALFORMED;
    lines->line.len -= 2;
    return PWS_LINE_WHOLE;
}

/* The line has a HTAB, or no CR LF in this input, or began in an earlier one. */
static PWS_NOINLINE int pws_line_read_slowly(pws_lines *lines) {
    size_t i = 0;

    while (i < lines->left) {
        uint8_t byte = lines->from[i];

        if (pws_is_forbidden(byte)) {
            pws_lines_advance(lines, i);
            return PWS_LINE_MALFORMED;
        }
        lines->to[i++] = byte;
        if (byte == '\n') {
            pws_lines_advance(lines, i);
            return pws_line_end(lines);
        }
    }
    pws_lines_advance(lines, i);
    return PWS_LINE_UNFINISHED;
}

/* Takes the next line. Returns 0 where that is for pws_line_read_slowly, with what stands before
 * the first control character taken. */
static inline int pws_line_read(pws_lines *lines) {
    size_t length = pws_control_find(lines->to, lines->from, lines->left);
    const uint8_t *end = lines->from + length;
    int goes_on = lines->begin != lines->to;

    if (goes_on || lines->left - length < 2 || end[0] != '\r' || end[1] != '\n') {
        pws_lines_advance(lines, length);
        return 0;
    }
    lines->to[length] = '\r';
    lines->to[length + 1] = '\n';
    lines->line.ptr = (const char *)lines->begin;
    lines->line.len = length;
    pws_lines_advance(lines, length + 2);
    return 1;
}

/* field-line (RFC 9112 5). A name is a token, so that white space before the colon (5.1) and in
 * front of the name (obs-fold, 5.2) are refused with it. Behind the line stands its CR. */
static int pws_field_divide(pws_str line, pws_str *name, pws_str *value) {
    size_t colon = pws_words_end(line, 0), begin;

    if (line.ptr[colon] != ':')
        colon = pws_token_span(line);
    if (colon == 0 || line.ptr[colon] != ':')
        return 0;
    *name = pws_part(line, 0, colon);
    begin = colon + 1;
    if (line.ptr[begin] == ' ') /* as it almost always is, and then all */
        begin++;
    *value = pws_part(line, begin, line.len);
    if (line.ptr[begin] <= ' ' || line.ptr[line.len - 1] <= ' ')
        *value = pws_trim(*value);
    return 1;
}

/* ---- What the header lines say ---- */

/* PWS_IS_NAMED, without a call where text is in the case that everybody writes. */
#define PWS_IS_WORD(text, literal) pws_is_word((text), PWS_LITERAL(literal))
static inline int pws_is_word(pws_str text, pws_str literal) {
    return text.len == literal.len &&
           (pws_same(text.ptr, literal.ptr, literal.len) || pws_str_equal_nocase(text, literal));
}

static void pws_found_single(pws_single *single, pws_str value) {
    if (single->count++ == 0)
        single->value = value;
}

/* A list of protocols (RFC 9110 7.8). websocket has no version behind a slash. */
static PWS_NOINLINE void pws_found_upgrade(pws_findings *found, pws_str value) {
    pws_str element;
    if (PWS_IS_WORD(value, "websocket")) { /* as browsers send it */
        found->websocket = 1;
        return;
    }
    while (pws_element_next(&value, &element)) {
        if (PWS_IS_WORD(element, "websocket"))
            found->websocket = 1;
        else
            found->other_upgrade = 1;
    }
}

/* A list of tokens (RFC 9110 7.6.1): "upgraded" is another one. */
static PWS_NOINLINE void pws_found_connection(pws_findings *found, pws_str value) {
    pws_str element;
    if (PWS_IS_WORD(value, "Upgrade")) { /* as browsers send it */
        found->connection = 1;
        return;
    }
    while (pws_element_next(&value, &element))
        if (PWS_IS_WORD(element, "Upgrade"))
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

/* The length of the shortest word; SIZE_MAX if there is none. */
static size_t pws_shortest(pws_str words) {
    pws_str word;
    size_t shortest = SIZE_MAX;
    while (pws_word_next(&words, &word))
        if (word.len < shortest)
            shortest = word.len;
    return shortest;
}

/* A list of subprotocols, which may go on in further lines (11.3.4). One that is shorter than all
 * of ours is none of them: so many short ones, which cost most for their bytes, cost little. That a
 * client offers each once (4.1 item 10) is not checked: it would take quadratic time, and an offer
 * that is repeated changes nothing. */
static PWS_NOINLINE void pws_found_protocols(pws_findings *found, pws_str value) {
    pws_str configured = pws_cstr(found->config->protocols), element;
    size_t shortest = pws_shortest(configured), rank;
    pws_found_single(&found->protocol, value);
    while (pws_element_next(&value, &element)) {
        found->offers++;
        if (!pws_is_token(element))
            found->protocols_broken = 1;
        rank = element.len < shortest ? SIZE_MAX : pws_protocol_rank(configured, element);
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
        if (PWS_IS_WORD(name, "Host"))
            pws_found_single(&found->host, value);
        break;
    case 6:
        if (PWS_IS_WORD(name, "Origin"))
            pws_found_single(&found->origin, value);
        break;
    case 7:
        if (PWS_IS_WORD(name, "Upgrade"))
            pws_found_upgrade(found, value);
        break;
    case 10:
        if (PWS_IS_WORD(name, "Connection"))
            pws_found_connection(found, value);
        break;
    case 14:
        if (PWS_IS_WORD(name, "Content-Length"))
            pws_found_length(found, value);
        break;
    case 17:
        if (PWS_IS_WORD(name, "Sec-WebSocket-Key"))
            pws_found_single(&found->key, value);
        else if (PWS_IS_WORD(name, "Transfer-Encoding"))
            found->has_body = 1;
        break;
    case 20:
        if (PWS_IS_WORD(name, "Sec-WebSocket-Accept"))
            pws_found_single(&found->accept, value);
        break;
    case 21:
        if (PWS_IS_WORD(name, "Sec-WebSocket-Version"))
            pws_found_single(&found->version, value);
        break;
    case 22:
        if (PWS_IS_WORD(name, "Sec-WebSocket-Protocol"))
            pws_found_protocols(found, value);
        break;
    case 24:
        if (PWS_IS_WORD(name, "Sec-WebSocket-Extensions"))
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

/* The line that begins the head. Returns 0 if it is malformed. */
static int pws_read_first(pws_reading *reading, pws_str line) {
    reading->whole = 1;
    reading->head->fields.ptr = line.ptr + line.len + 2;
    pws_find_nothing(&reading->found, reading->config);
    return pws_start_line(reading->config->role, line, reading->head);
}

/* What a line says. Returns PWS_LINE_WHOLE if another comes, else PWS_LINE_EMPTY or
 * PWS_LINE_MALFORMED. */
static int pws_read_line(pws_reading *reading, const char *head, pws_str line) {
    pws_str name, value;

    if (line.ptr == head)
        return pws_read_first(reading, line) ? PWS_LINE_WHOLE : PWS_LINE_MALFORMED;
    if (line.len == 0)
        return PWS_LINE_EMPTY;
    if (!pws_field_divide(line, &name, &value))
        return PWS_LINE_MALFORMED;
    if (reading->whole)
        pws_found_line(&reading->found, name, value);
    return PWS_LINE_WHOLE;
}

PWS_PRIVATE int pws_read_lines(pws_lines *cursor, pws_reading *reading) {
    pws_lines lines = *cursor; /* a copy, which can stay in registers */
    int found = PWS_LINE_WHOLE;

    while (found == PWS_LINE_WHOLE) {
        if (!pws_line_read(&lines)) {
            *cursor = lines;
            found = pws_line_read_slowly(cursor);
            lines = *cursor;
        }
        if (found == PWS_LINE_WHOLE)
            found = pws_read_line(reading, lines.head, lines.line);
        if (found == PWS_LINE_WHOLE)
            lines.begin = lines.to;
    }
    *cursor = lines;
    return found;
}
