/* Reads the words, byte strings and fields that lines of a case are made of. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "case_parse.h"

/* ---- Reading words ---- */

void malformed(const struct parser *p, const char *format, ...) {
    va_list arguments;
    fflush(stdout);
    fprintf(stderr, "%s:%d: ", p->file, p->line);
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fprintf(stderr, "\n");
    exit(2);
}

int is_space(char c) {
    return c == ' ' || c == '\t' || c == '\n';
}

int is_digit(char c) {
    return c >= '0' && c <= '9';
}

static int hex_value(char c) {
    if (is_digit(c))
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

static int is_word(char c) {
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
           c == '-' || c == '+';
}

static void skip_space(struct parser *p) {
    while (p->pos < p->end && (is_space(*p->pos) || *p->pos == '#')) {
        if (*p->pos == '#')
            while (p->pos < p->end && *p->pos != '\n')
                p->pos++;
        else if (*p->pos++ == '\n')
            p->line++;
    }
}

int at_end(struct parser *p) {
    skip_space(p);
    return p->pos == p->end;
}

void expect_end(struct parser *p) {
    if (!at_end(p))
        malformed(p, "'%c' was not expected here", *p->pos);
}

int take_word(struct parser *p, const char *word) {
    size_t length = strlen(word);
    skip_space(p);
    if ((size_t)(p->end - p->pos) < length || memcmp(p->pos, word, length) != 0)
        return 0;
    if (p->pos + length < p->end && is_word(p->pos[length]))
        return 0;
    p->pos += length;
    return 1;
}

void read_word(struct parser *p, char *word, size_t capacity, const char *what) {
    size_t length = 0;
    skip_space(p);
    while (p->pos < p->end && is_word(*p->pos)) {
        if (length + 1 == capacity)
            malformed(p, "%s is too long", what);
        word[length++] = *p->pos++;
    }
    word[length] = '\0';
    if (length == 0)
        malformed(p, "%s is missing", what);
}

uint32_t read_name(struct parser *p, const struct name *names, const char *what) {
    char word[32];
    read_word(p, word, sizeof word, what);
    for (; names->text != NULL; names++)
        if (strcmp(names->text, word) == 0)
            return names->number;
    malformed(p, "'%s' is no %s", word, what);
    return 0;
}

uint64_t read_number(struct parser *p, uint64_t most, const char *what) {
    uint64_t number = 0;
    skip_space(p);
    if (p->pos == p->end || !is_digit(*p->pos))
        malformed(p, "%s is missing", what);
    while (p->pos < p->end && is_digit(*p->pos)) {
        uint64_t digit = (uint64_t)(*p->pos++ - '0');
        if (digit > most || number > (most - digit) / 10)
            malformed(p, "%s is too large", what);
        number = number * 10 + digit;
    }
    if (p->pos < p->end && is_word(*p->pos))
        malformed(p, "%s is no number", what);
    return number;
}

/* ---- Reading bytes ---- */

static void read_item(struct parser *p, struct pattern *out, unsigned allowed);

static uint8_t read_hex_pair(struct parser *p) {
    int high = p->pos < p->end ? hex_value(p->pos[0]) : -1;
    int low = p->end - p->pos >= 2 ? hex_value(p->pos[1]) : -1;
    if (high < 0 || low < 0)
        malformed(p, "two hexadecimal digits were expected");
    p->pos += 2;
    return (uint8_t)(high * 16 + low);
}

/* "text", with its escapes */
static void read_string(struct parser *p, struct pattern *out) {
    p->pos++;
    for (;;) {
        uint8_t byte;
        if (p->pos == p->end || *p->pos == '\n')
            malformed(p, "the closing quote is missing");
        byte = (uint8_t)*p->pos++;
        if (byte == '"')
            return;
        if (byte == '\\') {
            char escape = p->pos < p->end ? *p->pos++ : '\n';
            switch (escape) {
            case 'r':
                byte = '\r';
                break;
            case 'n':
                byte = '\n';
                break;
            case 't':
                byte = '\t';
                break;
            case '\\':
            case '"':
                byte = (uint8_t)escape;
                break;
            case 'x':
                byte = read_hex_pair(p);
                break;
            default:
                malformed(p, "unknown escape in a string");
            }
        }
        pattern_add(out, PART_LITERAL, &byte, 1);
    }
}

static void read_items_until(struct parser *p, struct pattern *out, unsigned allowed,
                             char closing) {
    while (!at_end(p) && *p->pos != closing)
        read_item(p, out, allowed);
    if (p->pos == p->end)
        malformed(p, "'%c' is missing", closing);
    p->pos++;
}

/* {37fa213d "Hello"} or {? "Hello"} */
static void read_masked(struct parser *p, struct pattern *out, unsigned allowed) {
    struct pattern payload = {{NULL, 0, 0}, NULL, 0, 0, NULL, 0};
    uint8_t key[4];
    int any;
    size_t i;
    p->pos++;
    skip_space(p);
    any = p->pos < p->end && *p->pos == '?';
    if (any && !(allowed & ALLOW_OUTPUT))
        malformed(p, "{? } belongs in out lines");
    if (any)
        p->pos++;
    else
        for (i = 0; i < 4; i++)
            key[i] = read_hex_pair(p);
    if (p->pos < p->end && is_word(*p->pos))
        malformed(p, "a masking key has 4 bytes");
    read_items_until(p, &payload, 0, '}');
    if (any) {
        pattern_add(out, PART_MASKED, payload.bytes.ptr, payload.bytes.length);
    } else {
        pattern_add(out, PART_LITERAL, key, 4);
        pattern_border(out);
        for (i = 0; i < payload.bytes.length; i++)
            payload.bytes.ptr[i] ^= key[i % 4];
        pattern_append(out, &payload);
    }
    pattern_clear(&payload);
}

/* 1000*61 */
static void read_repeated(struct parser *p, struct pattern *out, unsigned allowed) {
    const uint64_t most = (uint64_t)1 << 26;
    struct pattern item = {{NULL, 0, 0}, NULL, 0, 0, NULL, 0};
    uint64_t count = 0;
    while (is_digit(*p->pos)) {
        count = count * 10 + (uint64_t)(*p->pos++ - '0');
        if (count > most)
            malformed(p, "that is repeated too often");
    }
    p->pos++;
    if (at_end(p))
        malformed(p, "what is repeated is missing");
    read_item(p, &item, allowed);
    if (count * item.bytes.length > most)
        malformed(p, "that is repeated too often");
    if (item.part_count == 1 && item.parts[0].kind == PART_LITERAL && item.bytes.length == 1) {
        /* A run of one byte: nobody wants a border inside. */
        while (count-- > 0)
            pattern_add(out, PART_LITERAL, item.bytes.ptr, 1);
    } else {
        while (count-- > 0)
            pattern_append(out, &item);
    }
    pattern_clear(&item);
}

/* $close 1002 */
static void read_close(struct parser *p, struct pattern *out) {
    uint32_t code = (uint32_t)read_number(p, 65535, "close code");
    uint8_t expected[3];
    expected[0] = p->test->role == PWS_CLIENT;
    expected[1] = (uint8_t)(code >> 8);
    expected[2] = (uint8_t)code;
    pattern_add(out, PART_CLOSE, expected, sizeof expected);
}

int is_reserved(const char *name) {
    return strcmp(name, "accept") == 0 || strcmp(name, "key") == 0 || strcmp(name, "line") == 0 ||
           strcmp(name, "close") == 0 || strcmp(name, "deflated") == 0;
}

/* $deflated TEXT "Hello" */
static void read_deflated(struct parser *p, struct pattern *out) {
    const struct test_case *test = p->test;
    const pws_deflate_params *deflate = &test->deflate;
    struct pattern message = {{NULL, 0, 0}, NULL, 0, 0, NULL, 0};
    struct bytes all = {NULL, 0, 0};
    uint8_t head[DEFLATED_HEAD];
    int server = test->role == PWS_SERVER;
    if (!deflate->agreed)
        malformed(p, "$deflated needs the option deflate");
    head[DEFLATED_MASKED] = !server;
    head[DEFLATED_OPCODE] = (uint8_t)read_name(p, event_names, "kind of message");
    head[DEFLATED_FRESH] =
        server ? deflate->server_no_context_takeover : deflate->client_no_context_takeover;
    head[DEFLATED_WINDOW] =
        server ? deflate->server_max_window_bits : deflate->client_max_window_bits;
    if (at_end(p))
        malformed(p, "the message is missing");
    read_item(p, &message, 0);
    bytes_add(&all, head, sizeof head);
    bytes_add(&all, message.bytes.ptr, message.bytes.length);
    pattern_add(out, PART_DEFLATED, all.ptr, all.length);
    bytes_clear(&all);
    pattern_clear(&message);
}

/* $accept, $key, $line, $close, $deflated, or what a let line has defined */
static void read_variable(struct parser *p, struct pattern *out, unsigned allowed) {
    static const uint8_t blank[ACCEPT_LENGTH] = {0};
    char name[32];
    size_t i;
    p->pos++;
    read_word(p, name, sizeof name, "a name behind $");
    if (is_reserved(name) && !(allowed & (name[0] == 'a' ? ALLOW_ACCEPT : ALLOW_OUTPUT)))
        malformed(p, "$%s does not belong here", name);
    if (strcmp(name, "accept") == 0) {
        pattern_add(out, PART_ACCEPT, blank, sizeof blank);
        return;
    }
    if (strcmp(name, "key") == 0 || strcmp(name, "line") == 0) {
        pattern_add(out, name[0] == 'k' ? PART_KEY : PART_LINE, NULL, 0);
        return;
    }
    if (strcmp(name, "close") == 0) {
        read_close(p, out);
        return;
    }
    if (strcmp(name, "deflated") == 0) {
        read_deflated(p, out);
        return;
    }
    for (i = 0; i < p->definition_count; i++)
        if (strcmp(p->definitions[i].name, name) == 0) {
            pattern_append(out, &p->definitions[i].value);
            return;
        }
    malformed(p, "$%s is not defined", name);
}

static void read_item(struct parser *p, struct pattern *out, unsigned allowed) {
    const char *digits = p->pos;
    while (digits < p->end && is_digit(*digits))
        digits++;
    if (digits > p->pos && digits < p->end && *digits == '*') {
        read_repeated(p, out, allowed);
    } else if (*p->pos == '"') {
        read_string(p, out);
    } else if (*p->pos == '{') {
        read_masked(p, out, allowed);
    } else if (*p->pos == '(') {
        p->pos++;
        read_items_until(p, out, allowed, ')');
    } else if (*p->pos == '$') {
        read_variable(p, out, allowed);
    } else if (hex_value(*p->pos) >= 0) {
        while (p->pos < p->end && is_word(*p->pos)) {
            uint8_t byte = read_hex_pair(p);
            pattern_add(out, PART_LITERAL, &byte, 1);
        }
    } else {
        malformed(p, "'%c' was not expected here", *p->pos);
    }
    pattern_border(out);
}

/* Whether a field follows: a name and '='. */
static int is_field(const struct parser *p) {
    const char *end = p->pos;
    while (end < p->end && is_word(*end))
        end++;
    return end > p->pos && end < p->end && *end == '=';
}

void read_items(struct parser *p, struct pattern *out, unsigned allowed) {
    while (!at_end(p) && *p->pos != '-' && !is_field(p))
        read_item(p, out, allowed);
}

/* One item, the whole of which is known now. */
static struct bytes read_value(struct parser *p) {
    struct pattern value = {{NULL, 0, 0}, NULL, 0, 0, NULL, 0};
    struct bytes bytes;
    if (at_end(p))
        malformed(p, "a value is missing");
    read_item(p, &value, 0);
    bytes = value.bytes;
    memset(&value.bytes, 0, sizeof value.bytes);
    pattern_clear(&value);
    return bytes;
}

char *read_text(struct parser *p) {
    struct bytes value = read_value(p);
    bytes_add(&value, "", 1);
    return (char *)value.ptr;
}

void read_fields(struct parser *p, struct step *step, const char *names) {
    while (!at_end(p) && *p->pos != '-') {
        struct field field;
        char word[sizeof field.name + 2];
        memset(&field, 0, sizeof field);
        read_word(p, field.name, sizeof field.name, "a field");
        (void)snprintf(word, sizeof word, " %s ", field.name);
        if (strstr(names, word) == NULL)
            malformed(p, "there is no field '%s' here", field.name);
        if (p->pos == p->end || *p->pos != '=')
            malformed(p, "'=' is missing behind '%s'", field.name);
        p->pos++;
        field.value = read_value(p);
        if (strcmp(field.name, "header") == 0 &&
            (field.value.length == 0 || memchr(field.value.ptr, ':', field.value.length) == NULL))
            malformed(p, "a header needs a colon");
        step->fields = (struct field *)must_realloc(step->fields,
                                                    (step->field_count + 1) * sizeof *step->fields);
        step->fields[step->field_count++] = field;
    }
}
