/* Reads files of test cases; the grammar is in cases/FORMAT.md. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "case_parse.h"

static struct step *add_step(struct parser *p, enum step_kind kind) {
    struct test_case *test = p->test;
    struct step *step;
    test->steps =
        (struct step *)must_realloc(test->steps, (test->step_count + 1) * sizeof *test->steps);
    step = &test->steps[test->step_count++];
    memset(step, 0, sizeof *step);
    step->kind = kind;
    step->line = p->line;
    return step;
}

/* 1000* in front of an event; 1 without it. */
static uint32_t read_times(struct parser *p) {
    uint32_t times;
    if (at_end(p) || !is_digit(*p->pos))
        return 1;
    times = (uint32_t)read_number(p, 1u << 26, "number of events");
    if (times == 0 || p->pos == p->end || *p->pos != '*')
        malformed(p, "a number and '*' were expected");
    p->pos++;
    return times;
}

/* frames=1 rtt=20, or rtt=none: numbers of an event with data. */
static void read_given(struct parser *p, struct step *step) {
    while (!at_end(p)) {
        struct given *given = take_word(p, "frames") ? &step->frames : NULL;
        if (given == NULL && step->number == PWS_PONG && take_word(p, "rtt"))
            given = &step->rtt;
        if (given == NULL || given->is_given || p->pos == p->end || *p->pos != '=')
            malformed(p, "frames=N was expected, or behind a PONG rtt=N, once");
        p->pos++;
        given->is_given = 1;
        if (given == &step->rtt && take_word(p, "none"))
            given->number = UINT32_MAX;
        else
            given->number = (uint32_t)read_number(p, UINT32_MAX - 1, "number");
    }
}

static void parse_event(struct parser *p) {
    struct step *step = add_step(p, STEP_EVENT);
    uint32_t kind;
    step->times = read_times(p);
    if (take_word(p, "TEXT+") || take_word(p, "BINARY+")) {
        step->number = p->pos[-2] == 'T' ? PWS_TEXT : PWS_BINARY;
        step->unfinished = 1;
        read_items(p, &step->data, 0);
        if (step->times > 1)
            malformed(p, "parts are put together, so this comes once");
        if (step->data.bytes.length == 0)
            malformed(p, "a part that is not the last one has data");
        return;
    }
    step->number = kind = read_name(p, event_names, "event");
    switch (kind) {
    case PWS_TEXT:
    case PWS_BINARY:
    case PWS_PING:
    case PWS_PONG:
        read_items(p, &step->data, 0);
        read_given(p, step);
        break;
    case PWS_CLOSE:
        step->code = (uint32_t)read_number(p, 65535, "close code");
        read_items(p, &step->data, 0);
        read_given(p, step);
        break;
    case PWS_REQUEST:
        if (!at_end(p) && p->pos[0] == 'E')
            step->error = (int32_t)read_name(p, error_names, "error");
        read_fields(p, step, " method target host origin offers version header ");
        break;
    case PWS_OPEN:
        read_fields(p, step, " protocol deflate header ");
        break;
    case PWS_REJECTED:
        step->code = (uint32_t)read_number(p, 999, "status");
        read_fields(p, step, " reason version header ");
        break;
    case PWS_CLOSED:
        step->code = (uint32_t)read_number(p, 65535, "close code");
        step->sent_code = (uint32_t)read_number(p, 65535, "close code that was sent");
        step->error = (int32_t)read_name(p, error_names, "error");
        break;
    default:
        malformed(p, "%s is not shown as an event", event_name(kind));
    }
}

static void parse_message(struct parser *p, struct step *step) {
    if (step->call == CALL_PREPARED && take_word(p, "raw")) {
        step->raw = 1;
    } else {
        step->number = read_name(p, event_names, "kind of message");
        if (take_word(p, "more"))
            step->number |= PWS_MORE;
        if (take_word(p, "plain"))
            step->number |= PWS_PLAIN;
    }
    read_items(p, &step->data, 0);
}

static void parse_deflated(struct parser *p, struct step *step) {
    if (take_word(p, "raw"))
        step->raw = 1;
    else
        step->number = read_name(p, event_names, "kind of message");
    step->window = (uint32_t)read_number(p, 255, "window bits");
    read_items(p, &step->data, 0);
}

static void parse_lend(struct parser *p, struct step *step) {
    if (take_word(p, "none"))
        step->none = 1;
    else if (!at_end(p) && is_digit(*p->pos))
        step->number = (uint32_t)read_number(p, 1u << 30, "size");
    else
        step->all = 1;
}

static void parse_call(struct parser *p) {
    struct step *step = add_step(p, STEP_CALL);
    step->call = (enum call_kind)read_name(p, call_names, "call");
    switch (step->call) {
    case CALL_CONNECT:
        read_fields(p, step, " host target origin header ");
        break;
    case CALL_ACCEPT:
        read_fields(p, step, " protocol header ");
        break;
    case CALL_REJECT:
        step->code = (uint32_t)read_number(p, 65535, "status");
        read_fields(p, step, " header body ");
        break;
    case CALL_SEND:
    case CALL_INPLACE:
    case CALL_PREPARED:
        parse_message(p, step);
        break;
    case CALL_DEFLATED:
        parse_deflated(p, step);
        break;
    case CALL_CLOSE:
        if (!at_end(p) && is_digit(*p->pos))
            step->code = (uint32_t)read_number(p, 1u << 30, "close code");
        read_items(p, &step->data, 0);
        break;
    case CALL_HOLD:
        step->number = (uint32_t)read_number(p, 1, "0 or 1");
        break;
    case CALL_TICK:
        step->value = read_number(p, UINT64_MAX, "time");
        break;
    case CALL_LEND_RECEIVE:
    case CALL_LEND_TRANSMIT:
        parse_lend(p, step);
        break;
    case CALL_ECHO:
    case CALL_EOF:
    case CALL_END:
        break;
    }
    if (!at_end(p) && p->end - p->pos >= 2 && p->pos[0] == '-' && p->pos[1] == '>') {
        if (step->call == CALL_EOF || step->call == CALL_HOLD || step->call == CALL_TICK ||
            step->call == CALL_END)
            malformed(p, "this call returns nothing");
        p->pos += 2;
        step->error = (int32_t)read_name(p, error_names, "error");
    }
}

/* The limits of time. Returns 0 if there is none. */
static int parse_limit(struct parser *p) {
    struct test_case *test = p->test;
    const char *const names[] = {"open-ms",    "ping-ms", "pong-ms", "idle-ms",
                                 "message-ms", "send-ms", "close-ms"};
    uint32_t *const limits[] = {&test->open_ms,    &test->ping_ms, &test->pong_ms, &test->idle_ms,
                                &test->message_ms, &test->send_ms, &test->close_ms};
    size_t i;
    for (i = 0; i < sizeof names / sizeof *names; i++)
        if (take_word(p, names[i])) {
            *limits[i] = (uint32_t)read_number(p, UINT32_MAX, "milliseconds");
            return 1;
        }
    return 0;
}

/* Options of permessage-deflate, which come behind `deflate`. Returns 0 if there is none. */
static int parse_deflate_option(struct parser *p) {
    struct test_case *test = p->test;
    pws_deflate_params *deflate = &test->deflate;
    if (take_word(p, "server-window"))
        deflate->server_max_window_bits = (uint8_t)read_number(p, 15, "window bits");
    else if (take_word(p, "client-window"))
        deflate->client_max_window_bits = (uint8_t)read_number(p, 15, "window bits");
    else if (take_word(p, "server-no-takeover"))
        deflate->server_no_context_takeover = 1;
    else if (take_word(p, "client-no-takeover"))
        deflate->client_no_context_takeover = 1;
    else if (take_word(p, "deflate-min"))
        test->deflate_min = (uint32_t)read_number(p, UINT32_MAX, "deflate-min");
    else if (take_word(p, "codecs"))
        test->codecs = (unsigned)read_number(p, UINT32_MAX, "codecs");
    else
        return 0;
    return 1;
}

static void parse_deflate(struct parser *p) {
    pws_deflate_params *deflate = &p->test->deflate;
    deflate->agreed = 1;
    deflate->server_max_window_bits = 15;
    deflate->client_max_window_bits = 15;
    while (!at_end(p) && parse_deflate_option(p)) {
    }
}

static void parse_role(struct parser *p, uint32_t role) {
    struct test_case *test = p->test;
    if (test->role != 0)
        malformed(p, "the case has a role already");
    if (test->step_count > 0 || test->out.part_count > 0 || test->has_rest)
        malformed(p, "the role comes first");
    test->role = role;
    test->open = take_word(p, "open");
    while (!at_end(p)) {
        if (take_word(p, "stream"))
            test->flags |= PWS_STREAM;
        else if (take_word(p, "no-auto-pong"))
            test->flags |= PWS_NO_AUTO_PONG;
        else if (take_word(p, "require-origin"))
            test->flags |= PWS_REQUIRE_ORIGIN;
        else if (take_word(p, "max-message"))
            test->max_message = read_number(p, UINT64_MAX, "max-message");
        else if (take_word(p, "max-head"))
            test->max_head = (uint32_t)read_number(p, UINT32_MAX, "max-head");
        else if (take_word(p, "transmit"))
            test->transmit = (size_t)read_number(p, 1u << 30, "transmit");
        else if (take_word(p, "origins") && test->origins == NULL)
            test->origins = read_text(p);
        else if (take_word(p, "protocols") && test->protocols == NULL)
            test->protocols = read_text(p);
        else if (take_word(p, "deflate"))
            parse_deflate(p);
        else if (take_word(p, "no-work"))
            test->memory = MEMORY_NONE;
        else if (take_word(p, "late-work"))
            test->memory = MEMORY_LATE;
        else if (!parse_limit(p))
            malformed(p, "unknown option");
    }
    if (test->memory != MEMORY_LENT && test->transmit != 0)
        malformed(p, "transmit contradicts no-work and late-work");
}

static void parse_let(struct parser *p) {
    struct definition definition;
    size_t i;
    memset(&definition, 0, sizeof definition);
    read_word(p, definition.name, sizeof definition.name, "a name");
    for (i = 0; i < p->definition_count; i++)
        if (strcmp(p->definitions[i].name, definition.name) == 0)
            malformed(p, "$%s is defined twice", definition.name);
    if (is_reserved(definition.name))
        malformed(p, "$%s has a meaning of its own", definition.name);
    read_items(p, &definition.value, 0);
    if (definition.value.part_count == 0)
        malformed(p, "bytes are missing");
    p->definitions = (struct definition *)must_realloc(p->definitions, (p->definition_count + 1) *
                                                                           sizeof *p->definitions);
    p->definitions[p->definition_count++] = definition;
}

static int is_tick(const struct step *step) {
    return step->kind == STEP_CALL && step->call == CALL_TICK;
}

/* A call right behind an event answers it; behind anything else it waits for the input's end, as a
 * tick does everywhere. */
static void set_waits(struct test_case *test) {
    int answers = 0;
    size_t i;
    for (i = 0; i < test->step_count; i++) {
        struct step *step = &test->steps[i];
        if (step->kind == STEP_EVENT)
            answers = !step->unfinished;
        else if (step->kind == STEP_IN || step->kind == STEP_IDLE || is_tick(step))
            answers = 0;
        step->waits = step->kind != STEP_EVENT && step->kind != STEP_IN && !answers;
    }
}

static void collect_borders(struct test_case *test) {
    size_t i, k;
    for (i = 0; i < test->step_count; i++) {
        const struct pattern *data = &test->steps[i].data;
        if (test->steps[i].kind != STEP_IN)
            continue;
        test->borders = (size_t *)must_realloc(
            test->borders, (test->border_count + data->border_count) * sizeof *test->borders);
        for (k = 0; k < data->border_count; k++)
            test->borders[test->border_count++] = test->input_length + data->borders[k];
        test->input_length += data->bytes.length;
    }
}

static void check_echoes(struct parser *p) {
    const struct test_case *test = p->test;
    size_t i;
    for (i = 0; i < test->step_count; i++) {
        const struct step *step = &test->steps[i];
        const struct step *event = i > 0 ? &test->steps[i - 1] : NULL;
        if (step->kind != STEP_CALL || step->call != CALL_ECHO)
            continue;
        if (event == NULL || event->kind != STEP_EVENT || event->unfinished ||
            event->number > PWS_PONG || event->number == PWS_CLOSE) {
            p->line = step->line;
            malformed(p, "echo needs an event with data directly before it");
        }
    }
}

static void end_case(struct parser *p) {
    if (p->test == NULL)
        return;
    if (p->test->role == 0) {
        p->line = p->test->line;
        malformed(p, "the case has no role");
    }
    if (p->test->step_count == 0) {
        p->line = p->test->line;
        malformed(p, "the case does nothing");
    }
    check_echoes(p);
    set_waits(p->test);
    collect_borders(p->test);
    p->test = NULL;
}

static void parse_case(struct parser *p) {
    struct suite *suite = p->suite;
    const char *begin, *end;
    struct test_case *test;
    size_t length, i;
    end_case(p);
    while (p->pos < p->end && (*p->pos == ' ' || *p->pos == '\t'))
        p->pos++;
    begin = end = p->pos;
    while (end < p->end && *end != '#' && *end != '\n')
        end++;
    p->pos = end;
    while (end > begin && is_space(end[-1]))
        end--;
    length = (size_t)(end - begin);
    if (length == 0)
        malformed(p, "the case has no name");
    for (i = 0; i < suite->count; i++)
        if (strlen(suite->cases[i].name) == length &&
            memcmp(suite->cases[i].name, begin, length) == 0)
            malformed(p, "this name is taken: %s:%d", suite->cases[i].file, suite->cases[i].line);
    suite->cases =
        (struct test_case *)must_realloc(suite->cases, (suite->count + 1) * sizeof *suite->cases);
    test = &suite->cases[suite->count++];
    memset(test, 0, sizeof *test);
    test->file = p->file;
    test->line = p->line;
    test->name = (char *)must_realloc(NULL, length + 1);
    memcpy(test->name, begin, length);
    test->name[length] = '\0';
    p->test = test;
}

static void parse_out(struct parser *p) {
    struct pattern line = {{NULL, 0, 0}, NULL, 0, 0, NULL, 0};
    read_items(p, &line, ALLOW_OUTPUT);
    if (line.part_count == 0)
        malformed(p, "bytes are missing");
    pattern_append(&p->test->out, &line);
    pattern_clear(&line);
}

/* The lines inside a case. */
static void parse_step(struct parser *p) {
    if (take_word(p, "in")) {
        struct step *step = add_step(p, STEP_IN);
        read_items(p, &step->data, ALLOW_ACCEPT);
        if (step->data.bytes.length == 0)
            malformed(p, "bytes are missing");
    } else if (take_word(p, "out")) {
        parse_out(p);
    } else if (take_word(p, "ev")) {
        parse_event(p);
    } else if (take_word(p, "call")) {
        parse_call(p);
    } else if (take_word(p, "state")) {
        struct step *step = add_step(p, STEP_STATE);
        step->number = read_name(p, state_names, "state");
    } else if (take_word(p, "borrows")) {
        struct step *step = add_step(p, STEP_BORROWS);
        step->number = (uint32_t)read_number(p, 1, "0 or 1");
    } else if (take_word(p, "codecs")) {
        struct step *step = add_step(p, STEP_CODECS);
        step->number = (uint32_t)read_number(p, UINT32_MAX, "codecs");
    } else if (take_word(p, "deadline")) {
        struct step *step = add_step(p, STEP_DEADLINE);
        step->value = take_word(p, "never") ? UINT64_MAX : read_number(p, UINT64_MAX, "time");
    } else if (take_word(p, "unsent")) {
        struct step *step = add_step(p, STEP_UNSENT);
        step->value = read_number(p, UINT64_MAX, "bytes");
    } else if (take_word(p, "idle")) {
        struct step *step = add_step(p, STEP_IDLE);
        step->out_parts = p->test->out.sealed = p->test->out.part_count;
    } else if (take_word(p, "rest")) {
        if (p->test->has_rest)
            malformed(p, "the case has a rest already");
        p->test->has_rest = 1;
        read_items(p, &p->test->rest, 0);
    } else {
        malformed(p, "unknown line");
    }
}

static void parse_line(struct parser *p) {
    const char *begin = p->pos, *end = p->pos;
    size_t steps = p->test != NULL ? p->test->step_count : 0;
    while (end < p->end && *end != '\n')
        end++;
    if (take_word(p, "case")) {
        parse_case(p);
    } else if (take_word(p, "let")) {
        end_case(p);
        parse_let(p);
    } else if (p->test == NULL) {
        malformed(p, "a line of a case before its case line");
    } else if (take_word(p, "server")) {
        parse_role(p, PWS_SERVER);
    } else if (take_word(p, "client")) {
        parse_role(p, PWS_CLIENT);
    } else if (p->test->role == 0) {
        malformed(p, "server or client was expected");
    } else {
        parse_step(p);
    }
    expect_end(p);
    if (p->test != NULL && p->test->step_count > steps && steps + 1 == p->test->step_count) {
        struct step *step = &p->test->steps[steps];
        step->text = begin;
        step->text_length = (int)(end - begin);
    }
}

/* 1 if the line has nothing but white space and a comment. */
static int is_blank(const char *line, const char *end) {
    while (line < end && (*line == ' ' || *line == '\t'))
        line++;
    return line == end || *line == '\n' || *line == '#';
}

static const char *next_line(const char *line, const char *end) {
    while (line < end && *line != '\n')
        line++;
    return line < end ? line + 1 : end;
}

/* The end of a logical line: with the lines behind it that begin with white space. */
static const char *logical_end(const char *line, const char *end) {
    const char *result = next_line(line, end), *next = result;
    while (next < end && (is_blank(next, end) || *next == ' ' || *next == '\t')) {
        int continues = !is_blank(next, end);
        next = next_line(next, end);
        if (continues)
            result = next;
    }
    return result;
}

static char *read_file(const char *path, size_t *length) {
    struct bytes text = {NULL, 0, 0};
    uint8_t block[65536];
    size_t count;
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        fprintf(stderr, "%s: cannot be opened\n", path);
        exit(2);
    }
    while ((count = fread(block, 1, sizeof block, file)) > 0)
        bytes_add(&text, block, count);
    if (ferror(file)) {
        fprintf(stderr, "%s: cannot be read\n", path);
        exit(2);
    }
    fclose(file);
    *length = text.length;
    bytes_add(&text, "", 1);
    return (char *)text.ptr;
}

void suite_read(struct suite *suite, const char *path) {
    struct parser parser;
    size_t length, before = suite->count, i;
    char *content = read_file(path, &length);
    const char *text = content, *end = content + length;
    suite->texts =
        (char **)must_realloc(suite->texts, (suite->text_count + 1) * sizeof *suite->texts);
    suite->texts[suite->text_count++] = content;
    memset(&parser, 0, sizeof parser);
    parser.file = path;
    parser.suite = suite;
    parser.line = 1;
    for (i = 0; i < length; i++) {
        if (text[i] == '\n')
            parser.line++;
        else if ((uint8_t)text[i] < 0x20 && text[i] != '\t')
            malformed(&parser, "a control character");
    }
    parser.line = 1;
    while (text < end) {
        const char *line_end = logical_end(text, end);
        int line = parser.line;
        parser.pos = text;
        parser.end = line_end > text && line_end[-1] == '\n' ? line_end - 1 : line_end;
        if (!is_blank(text, end)) {
            if (is_space(*text))
                malformed(&parser, "there is no line to continue");
            parse_line(&parser);
        }
        parser.line = line;
        for (; text < line_end; text++)
            parser.line += *text == '\n';
    }
    end_case(&parser);
    if (suite->count == before)
        malformed(&parser, "the file has no cases");
    for (i = 0; i < parser.definition_count; i++)
        pattern_clear(&parser.definitions[i].value);
    free(parser.definitions);
}

static void free_step(struct step *step) {
    size_t i;
    pattern_clear(&step->data);
    for (i = 0; i < step->field_count; i++)
        bytes_clear(&step->fields[i].value);
    free(step->fields);
}

void suite_free(struct suite *suite) {
    size_t i, k;
    for (i = 0; i < suite->count; i++) {
        struct test_case *test = &suite->cases[i];
        for (k = 0; k < test->step_count; k++)
            free_step(&test->steps[k]);
        pattern_clear(&test->out);
        pattern_clear(&test->rest);
        free(test->steps);
        free(test->borders);
        free(test->name);
        free(test->origins);
        free(test->protocols);
    }
    for (i = 0; i < suite->text_count; i++)
        free(suite->texts[i]);
    free(suite->cases);
    free(suite->texts);
    memset(suite, 0, sizeof *suite);
}
