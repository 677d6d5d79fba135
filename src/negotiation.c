/* Negotiation of permessage-deflate (RFC 7692 5 and 7.1): what a client offers, what a server
 * accepts and answers, and whether the client can live with it. Sections without a document are
 * those of RFC 7692. Neither it nor RFC 6455 9.1 says that case matters in names; the grammar that
 * both use takes literal text whatever its case (RFC 2616 2.1), and so do we. */
#include "internal.h"

#ifndef PWS_NO_DEFLATE

/* ---- Parameters as they stand in an offer or an answer ---- */

enum {
    PWS_MIN_WINDOW = 8, /* 7.1.2 */
    PWS_MAX_WINDOW = 15,
    /* parameters, pws_deflate_named.there */
    PWS_SERVER_NO_TAKEOVER = 1,
    PWS_CLIENT_NO_TAKEOVER = 2,
    PWS_SERVER_WINDOW = 4,
    PWS_CLIENT_WINDOW = 8
};

typedef struct pws_deflate_named {
    uint32_t there;                    /* the parameters that are named */
    uint32_t server_bits, client_bits; /* values of the windows; 0: without one */
} pws_deflate_named;

/* 7.1.1, 7.1.2. Returns 0 if there is no such parameter. */
static uint32_t pws_deflate_parameter(pws_str name) {
    if (PWS_IS_NAMED(name, "server_no_context_takeover"))
        return PWS_SERVER_NO_TAKEOVER;
    if (PWS_IS_NAMED(name, "client_no_context_takeover"))
        return PWS_CLIENT_NO_TAKEOVER;
    if (PWS_IS_NAMED(name, "server_max_window_bits"))
        return PWS_SERVER_WINDOW;
    if (PWS_IS_NAMED(name, "client_max_window_bits"))
        return PWS_CLIENT_WINDOW;
    return 0;
}

/* A decimal number from 8 to 15 without leading zeros (7.1.2), or 0. In an extension
 * of pws_extension_next, a quote or a backslash is never a part of the value itself. */
static uint32_t pws_window_bits(pws_str value) {
    uint32_t bits = 0;
    size_t i;
    for (i = 0; i < value.len; i++) {
        char c = value.ptr[i];
        if (c == '"' || c == '\\')
            continue;
        if (!pws_is_digit(c) || (bits == 0 && c == '0'))
            return 0;
        bits = bits * 10 + (uint32_t)(c - '0');
        if (bits > PWS_MAX_WINDOW)
            return 0;
    }
    return bits >= PWS_MIN_WINDOW ? bits : 0;
}

/* The server's window needs a value, the client's may go without (7.1.2.2), the others have none.
 */
static int pws_deflate_value_ok(pws_deflate_named *named, uint32_t parameter, pws_str value) {
    uint32_t bits = pws_window_bits(value);
    switch (parameter) {
    case PWS_SERVER_WINDOW:
        named->server_bits = bits;
        return bits != 0;
    case PWS_CLIENT_WINDOW:
        named->client_bits = bits;
        return bits != 0 || value.len == 0;
    default:
        return value.len == 0;
    }
}

/* Returns 0 if extension is not permessage-deflate or has a parameter that is unknown, stands twice
 * or has no value that it may have (7.1). */
static int pws_deflate_read(pws_str extension, pws_deflate_named *named) {
    pws_str name, value;
    memset(named, 0, sizeof *named);
    if (!PWS_IS_NAMED(pws_extension_name(&extension), "permessage-deflate"))
        return 0;
    while (pws_extension_parameter(&extension, &name, &value)) {
        uint32_t parameter = pws_deflate_parameter(name);
        if (parameter == 0 || (named->there & parameter) != 0 ||
            !pws_deflate_value_ok(named, parameter, value))
            return 0;
        named->there |= parameter;
    }
    return 1;
}

/* ---- What both sides want ---- */

/* What is not said or not wished is the largest window. */
static uint32_t pws_window_or_largest(uint32_t bits) {
    return bits != 0 ? bits : (uint32_t)PWS_MAX_WINDOW;
}

static uint32_t pws_smaller_window(uint32_t a, uint32_t b) {
    a = pws_window_or_largest(a);
    b = pws_window_or_largest(b);
    return a < b ? a : b;
}

static int pws_is_flag(uint8_t value) {
    return value <= 1;
}

static int pws_is_window(uint32_t bits) {
    return bits >= PWS_MIN_WINDOW && bits <= PWS_MAX_WINDOW;
}

static int pws_codec_ok(const pws_codec *codec) {
    return codec->open != NULL && codec->inflate != NULL && codec->deflate != NULL &&
           codec->close != NULL && pws_is_window(codec->min_deflate_bits) &&
           pws_is_zero(codec->reserved, sizeof codec->reserved / sizeof(uintptr_t));
}

PWS_PRIVATE int pws_deflate_wish_ok(const pws_config *config) {
    const pws_deflate_params *wish = &config->deflate;
    if (!pws_is_flag(wish->server_no_context_takeover) ||
        !pws_is_flag(wish->client_no_context_takeover) ||
        !pws_is_window(pws_window_or_largest(wish->server_max_window_bits)) ||
        !pws_is_window(pws_window_or_largest(wish->client_max_window_bits)) ||
        wish->window_named != 0 || wish->reserved[0] != 0 || wish->reserved[1] != 0)
        return 0;
    return config->codec == NULL || pws_codec_ok(config->codec);
}

/* ---- The server's side ---- */

/* Context is given up if either side asks for it: an offer's server_no_context_takeover binds
 * (7.1.1.1), its client_no_context_takeover says what the client does anyway (7.1.1.2), and the
 * server may ask for both. */
static int pws_gives_up(const pws_deflate_named *named, uint32_t parameter, uint8_t wish) {
    return (named->there & parameter) != 0 || wish != 0;
}

PWS_PRIVATE int pws_deflate_accept(const pws_config *config, pws_str offer,
                                   pws_deflate_params *agreed) {
    const pws_deflate_params *wish = &config->deflate;
    pws_deflate_named named;
    uint32_t server, client;
    if (config->codec == NULL || !pws_deflate_read(offer, &named))
        return 0;
    server = pws_smaller_window(named.server_bits, wish->server_max_window_bits);
    client = pws_smaller_window(named.client_bits, wish->client_max_window_bits);
    if (server < config->codec->min_deflate_bits)
        return 0;
    /* 7.1.2.2: the client can't be bound to a smaller window than it does not know of */
    if ((named.there & PWS_CLIENT_WINDOW) == 0 && client < PWS_MAX_WINDOW)
        return 0;
    memset(agreed, 0, sizeof *agreed);
    agreed->agreed = 1;
    agreed->server_no_context_takeover =
        (uint8_t)pws_gives_up(&named, PWS_SERVER_NO_TAKEOVER, wish->server_no_context_takeover);
    agreed->client_no_context_takeover =
        (uint8_t)pws_gives_up(&named, PWS_CLIENT_NO_TAKEOVER, wish->client_no_context_takeover);
    agreed->server_max_window_bits = (uint8_t)server;
    agreed->client_max_window_bits = (uint8_t)client;
    agreed->window_named = (named.there & PWS_SERVER_WINDOW) != 0;
    return 1;
}

/* ---- The client's side ---- */

/* 7.1.2.1: whether our offer names the server's window. */
static int pws_offers_window(const pws_deflate_params *wish) {
    return pws_window_or_largest(wish->server_max_window_bits) < PWS_MAX_WINDOW;
}

/* 7.1.1.1: what we demand of the server must be in its answer. */
static int pws_server_takeover_ok(const pws_deflate_params *wish, const pws_deflate_named *named) {
    return !wish->server_no_context_takeover || (named->there & PWS_SERVER_NO_TAKEOVER) != 0;
}

/* 7.1.2.1: likewise, and not larger. A server may also name its window unasked. */
static int pws_server_window_ok(const pws_deflate_params *wish, const pws_deflate_named *named) {
    return !pws_offers_window(wish) || ((named->there & PWS_SERVER_WINDOW) != 0 &&
                                        named->server_bits <= wish->server_max_window_bits);
}

/* 7.1.2.2: our offer always lets the server name our window; then with a value. One larger than our
 * hint is as good as the hint. */
static int pws_client_window_ok(const pws_deflate_named *named) {
    return (named->there & PWS_CLIENT_WINDOW) == 0 || named->client_bits != 0;
}

PWS_PRIVATE int pws_deflate_confirm(const pws_config *config, pws_str answer,
                                    pws_deflate_params *agreed) {
    const pws_deflate_params *wish = &config->deflate;
    pws_deflate_named named;
    if (config->codec == NULL || !pws_deflate_read(answer, &named) ||
        !pws_server_takeover_ok(wish, &named) || !pws_server_window_ok(wish, &named) ||
        !pws_client_window_ok(&named))
        return 0;
    memset(agreed, 0, sizeof *agreed);
    agreed->agreed = 1;
    agreed->server_no_context_takeover = (named.there & PWS_SERVER_NO_TAKEOVER) != 0;
    /* what we have offered to do ourselves holds even if the answer does not repeat it */
    agreed->client_no_context_takeover =
        (uint8_t)pws_gives_up(&named, PWS_CLIENT_NO_TAKEOVER, wish->client_no_context_takeover);
    agreed->server_max_window_bits = (uint8_t)pws_window_or_largest(named.server_bits);
    agreed->client_max_window_bits =
        (uint8_t)pws_smaller_window(named.client_bits, wish->client_max_window_bits);
    agreed->window_named = (uint8_t)pws_offers_window(wish);
    return 1;
}

/* ---- What is written ---- */

static void pws_put_window(pws_writer *out, const char *name, uint32_t bits) {
    pws_put_text(out, name);
    pws_put_text(out, "=");
    pws_put_number(out, bits);
}

static void pws_put_takeover(pws_writer *out, const pws_deflate_params *params) {
    if (params->server_no_context_takeover)
        pws_put_text(out, "; server_no_context_takeover");
    if (params->client_no_context_takeover)
        pws_put_text(out, "; client_no_context_takeover");
}

PWS_PRIVATE void pws_put_deflate_offer(pws_writer *out, const pws_config *config) {
    const pws_deflate_params *wish = &config->deflate;
    if (config->codec == NULL)
        return;
    pws_put_text(out, "permessage-deflate");
    pws_put_takeover(out, wish);
    if (pws_offers_window(wish))
        pws_put_window(out, "; server_max_window_bits", wish->server_max_window_bits);
    if (pws_window_or_largest(wish->client_max_window_bits) < PWS_MAX_WINDOW)
        pws_put_window(out, "; client_max_window_bits", wish->client_max_window_bits);
    else
        pws_put_text(out, "; client_max_window_bits");
}

PWS_PRIVATE void pws_put_deflate_answer(pws_writer *out, const pws_deflate_params *agreed) {
    if (!agreed->agreed)
        return;
    pws_put_text(out, "permessage-deflate");
    pws_put_takeover(out, agreed);
    if (agreed->server_max_window_bits < PWS_MAX_WINDOW || agreed->window_named)
        pws_put_window(out, "; server_max_window_bits", agreed->server_max_window_bits);
    if (agreed->client_max_window_bits < PWS_MAX_WINDOW)
        pws_put_window(out, "; client_max_window_bits", agreed->client_max_window_bits);
}

/* Text is handed out only as a whole. */
static int32_t pws_deflate_text(const pws_writer *written, char *text, size_t capacity,
                                size_t *length) {
    if (written->length > capacity)
        return PWS_E_SPACE;
    if (written->length > 0)
        memcpy(text, written->ptr, written->length);
    *length = written->length;
    return PWS_OK;
}

int32_t pws_deflate_offer(const pws_config *config, char *text, size_t capacity, size_t *length) {
    uint8_t memory[PWS_DEFLATE_TEXT];
    pws_writer out = {memory, sizeof memory, 0, 0};
    if (config == NULL || text == NULL || length == NULL)
        return PWS_E_ARG;
    pws_put_deflate_offer(&out, config);
    return pws_deflate_text(&out, text, capacity, length);
}

int32_t pws_deflate_answer(const pws_deflate_params *agreed, char *text, size_t capacity,
                           size_t *length) {
    uint8_t memory[PWS_DEFLATE_TEXT];
    pws_writer out = {memory, sizeof memory, 0, 0};
    if (agreed == NULL || text == NULL || length == NULL)
        return PWS_E_ARG;
    pws_put_deflate_answer(&out, agreed);
    return pws_deflate_text(&out, text, capacity, length);
}

/* ---- What has been agreed on ---- */

/* Bits of what is agreed on; above them four bits for each window. */
enum {
    PWS_PACKED_AGREED = 1,
    PWS_PACKED_SERVER_ALONE = 2, /* server_no_context_takeover */
    PWS_PACKED_CLIENT_ALONE = 4,
    PWS_PACKED_NAMED = 8, /* window_named */
    PWS_PACKED_SERVER_WINDOW = 8,
    PWS_PACKED_CLIENT_WINDOW = 12
};

PWS_PRIVATE uint16_t pws_deflate_pack(const pws_deflate_params *agreed) {
    unsigned packed = PWS_PACKED_AGREED;

    if (!agreed->agreed)
        return 0;
    if (agreed->server_no_context_takeover)
        packed |= PWS_PACKED_SERVER_ALONE;
    if (agreed->client_no_context_takeover)
        packed |= PWS_PACKED_CLIENT_ALONE;
    if (agreed->window_named)
        packed |= PWS_PACKED_NAMED;
    packed |= (unsigned)agreed->server_max_window_bits << PWS_PACKED_SERVER_WINDOW;
    packed |= (unsigned)agreed->client_max_window_bits << PWS_PACKED_CLIENT_WINDOW;
    return (uint16_t)packed;
}

PWS_PRIVATE pws_deflate_params pws_deflate_unpack(uint16_t packed) {
    pws_deflate_params agreed;

    memset(&agreed, 0, sizeof agreed);
    if (packed == 0)
        return agreed;
    agreed.agreed = 1;
    agreed.server_no_context_takeover = (packed & PWS_PACKED_SERVER_ALONE) != 0;
    agreed.client_no_context_takeover = (packed & PWS_PACKED_CLIENT_ALONE) != 0;
    agreed.window_named = (packed & PWS_PACKED_NAMED) != 0;
    agreed.server_max_window_bits = (uint8_t)pws_deflate_bits(packed, PWS_SERVER);
    agreed.client_max_window_bits = (uint8_t)pws_deflate_bits(packed, PWS_CLIENT);
    return agreed;
}

PWS_PRIVATE uint32_t pws_deflate_bits(uint16_t packed, uint32_t role) {
    return (uint32_t)packed >>
               (role == PWS_SERVER ? PWS_PACKED_SERVER_WINDOW : PWS_PACKED_CLIENT_WINDOW) &
           0xF;
}

PWS_PRIVATE int pws_deflate_takeover(uint16_t packed, uint32_t role) {
    return (packed & (role == PWS_SERVER ? PWS_PACKED_SERVER_ALONE : PWS_PACKED_CLIENT_ALONE)) == 0;
}

#endif
