/* Events: what came, compared with what an ev line says, and shown. */
#include <string.h>

#include "case_replay.h"

/* The parameters agreed on, as a field deflate="..." has them; nothing if the extension is not in
 * use. */
static void show_deflate(struct bytes *text, const pws_deflate_params *deflate) {
    if (deflate->agreed)
        bytes_printf(text, "server %u%s, client %u%s", (unsigned)deflate->server_max_window_bits,
                     deflate->server_no_context_takeover ? " fresh" : "",
                     (unsigned)deflate->client_max_window_bits,
                     deflate->client_no_context_takeover ? " fresh" : "");
}

void show_event(struct bytes *text, const pws_event *ev) {
    bytes_printf(text, "%s", event_name(ev->kind));
    switch (ev->kind) {
    case PWS_CLOSE:
        bytes_printf(text, " %u", (unsigned)ev->code);
        /* fall through */
    case PWS_TEXT:
    case PWS_BINARY:
    case PWS_PING:
    case PWS_PONG:
        bytes_printf(text, " ");
        bytes_show(text, ev->data.ptr, ev->data.len);
        bytes_printf(text, " frames=%u", (unsigned)ev->frames);
        if (ev->kind == PWS_PONG && ev->rtt_ms == UINT32_MAX)
            bytes_printf(text, " rtt=none");
        else if (ev->kind == PWS_PONG)
            bytes_printf(text, " rtt=%u", (unsigned)ev->rtt_ms);
        break;
    case PWS_REQUEST:
        bytes_printf(text, " %s method=", error_name(ev->error));
        bytes_show(text, (const uint8_t *)ev->head.method.ptr, ev->head.method.len);
        bytes_printf(text, " target=");
        bytes_show(text, (const uint8_t *)ev->head.target.ptr, ev->head.target.len);
        bytes_printf(text, " host=");
        bytes_show(text, (const uint8_t *)ev->head.host.ptr, ev->head.host.len);
        bytes_printf(text, " origin=");
        bytes_show(text, (const uint8_t *)ev->head.origin.ptr, ev->head.origin.len);
        break;
    case PWS_OPEN:
        bytes_printf(text, " protocol=");
        bytes_show(text, (const uint8_t *)ev->head.protocol.ptr, ev->head.protocol.len);
        bytes_printf(text, " deflate=\"");
        show_deflate(text, &ev->deflate);
        bytes_printf(text, "\"");
        break;
    case PWS_REJECTED:
        bytes_printf(text, " %u", (unsigned)ev->head.status);
        break;
    case PWS_CLOSED:
        bytes_printf(text, " %u %u %s", (unsigned)ev->code, (unsigned)ev->sent_code,
                     error_name(ev->error));
        break;
    default:
        break;
    }
}

static int same(pws_str text, const struct bytes *expected) {
    return text.len == expected->length &&
           (text.len == 0 || memcmp(text.ptr, expected->ptr, text.len) == 0);
}

int same_pattern(const uint8_t *data, size_t length, const struct pattern *expected) {
    return length == expected->bytes.length &&
           (length == 0 || memcmp(data, expected->bytes.ptr, length) == 0);
}

pws_header split_header(const uint8_t *line, size_t length) {
    pws_header header;
    const uint8_t *colon = (const uint8_t *)memchr(line, ':', length);
    size_t name = (size_t)(colon - line), value = name + 1;
    if (value < length && line[value] == ' ')
        value++;
    header.name.ptr = (const char *)line;
    header.name.len = name;
    header.value.ptr = (const char *)line + value;
    header.value.len = length - value;
    return header;
}

static int same_name(pws_str a, pws_str b) {
    size_t i;
    if (a.len != b.len)
        return 0;
    for (i = 0; i < a.len; i++) {
        char x = a.ptr[i], y = b.ptr[i];
        x = x >= 'A' && x <= 'Z' ? (char)(x + 32) : x;
        y = y >= 'A' && y <= 'Z' ? (char)(y + 32) : y;
        if (x != y)
            return 0;
    }
    return 1;
}

static int has_header(pws_str fields, const struct bytes *line) {
    pws_header wanted = split_header(line->ptr, line->length), header;
    while (pws_header_next(&fields, &header))
        if (same_name(header.name, wanted.name) && header.value.len == wanted.value.len &&
            memcmp(header.value.ptr, wanted.value.ptr, wanted.value.len) == 0)
            return 1;
    return 0;
}

/* The subprotocols offered, joined with ", ". */
static int offers(pws_str fields, const struct bytes *expected) {
    struct bytes joined = {NULL, 0, 0};
    pws_list list = pws_list_of(fields, "Sec-WebSocket-Protocol");
    pws_str element, text;
    int result;
    while (pws_list_next(&list, &element)) {
        if (joined.length > 0)
            bytes_add(&joined, ", ", 2);
        bytes_add(&joined, element.ptr, element.len);
    }
    text.ptr = (const char *)joined.ptr;
    text.len = joined.length;
    result = same(text, expected);
    bytes_clear(&joined);
    return result;
}

static int same_deflate(const pws_deflate_params *deflate, const struct bytes *expected) {
    struct bytes shown = {NULL, 0, 0};
    pws_str text;
    int result;
    show_deflate(&shown, deflate);
    text.ptr = (const char *)shown.ptr;
    text.len = shown.length;
    result = same(text, expected);
    bytes_clear(&shown);
    return result;
}

static int same_field(const struct field *field, const pws_event *ev) {
    const pws_head *head = &ev->head;
    const char *name = field->name;
    if (strcmp(name, "deflate") == 0)
        return same_deflate(&ev->deflate, &field->value);
    if (strcmp(name, "method") == 0)
        return same(head->method, &field->value);
    if (strcmp(name, "target") == 0)
        return same(head->target, &field->value);
    if (strcmp(name, "host") == 0)
        return same(head->host, &field->value);
    if (strcmp(name, "origin") == 0)
        return same(head->origin, &field->value);
    if (strcmp(name, "reason") == 0)
        return same(head->reason, &field->value);
    if (strcmp(name, "protocol") == 0)
        return same(head->protocol, &field->value);
    if (strcmp(name, "offers") == 0)
        return offers(head->fields, &field->value);
    if (strcmp(name, "version") == 0)
        return field->value.length == 2 && field->value.ptr[0] == '0' + head->version / 10 &&
               field->value.ptr[1] == '0' + head->version % 10;
    return has_header(head->fields, &field->value);
}

static int same_given(const struct given *given, uint32_t actual) {
    return !given->is_given || given->number == actual;
}

/* PWS_OPEN: a client's has the response, a server's nothing but what was agreed on. */
static int same_open(const struct test_case *test, const pws_head *head) {
    if (test->role == PWS_CLIENT)
        return test->open || head->status == 101;
    return head->status == 0 && head->version == 0 && head->method.len == 0 &&
           head->target.len == 0 && head->host.len == 0 && head->origin.len == 0 &&
           head->reason.len == 0 && head->fields.len == 0;
}

int same_event(const struct test_case *test, const struct step *step, const pws_event *ev) {
    size_t i;
    int has_protocol = 0, has_deflate = 0;
    if (step->number != ev->kind)
        return 0;
    if (!same_given(&step->frames, ev->frames) || !same_given(&step->rtt, ev->rtt_ms))
        return 0;
    for (i = 0; i < step->field_count; i++) {
        if (!same_field(&step->fields[i], ev))
            return 0;
        has_protocol |= strcmp(step->fields[i].name, "protocol") == 0;
        has_deflate |= strcmp(step->fields[i].name, "deflate") == 0;
    }
    switch (ev->kind) {
    case PWS_CLOSE:
        return ev->code == step->code && same_pattern(ev->data.ptr, ev->data.len, &step->data);
    case PWS_REQUEST:
        return ev->error == step->error;
    case PWS_OPEN:
        return (has_protocol || ev->head.protocol.len == 0) &&
               (has_deflate || !ev->deflate.agreed) && same_open(test, &ev->head);
    case PWS_REJECTED:
        return ev->head.status == step->code;
    case PWS_CLOSED:
        return ev->code == step->code && ev->sent_code == step->sent_code &&
               ev->error == step->error;
    default:
        return same_pattern(ev->data.ptr, ev->data.len, &step->data);
    }
}
