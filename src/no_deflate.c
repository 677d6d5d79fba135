/* Where PWS_NO_DEFLATE is defined, this stands for negotiation.c and deflate.c: a configuration has
 * no codec, so compression is neither offered nor accepted, and no message asks for it. */
#include "internal.h"

#ifdef PWS_NO_DEFLATE

/* ---- negotiation.c ---- */

PWS_PRIVATE int pws_deflate_wish_ok(const pws_config *config) {
    return config->codec == NULL;
}

PWS_PRIVATE int pws_deflate_accept(const pws_config *config, pws_str offer,
                                   pws_deflate_params *agreed) {
    (void)config;
    (void)offer;
    (void)agreed;
    return 0;
}

PWS_PRIVATE int pws_deflate_confirm(const pws_config *config, pws_str answer,
                                    pws_deflate_params *agreed) {
    return pws_deflate_accept(config, answer, agreed);
}

PWS_PRIVATE void pws_put_deflate_offer(pws_writer *out, const pws_config *config) {
    (void)out;
    (void)config;
}

PWS_PRIVATE void pws_put_deflate_answer(pws_writer *out, const pws_deflate_params *agreed) {
    (void)out;
    (void)agreed;
}

int32_t pws_deflate_offer(const pws_config *config, char *text, size_t capacity, size_t *length) {
    (void)capacity;
    if (config == NULL || text == NULL || length == NULL)
        return PWS_E_ARG;
    *length = 0;
    return PWS_OK;
}

int32_t pws_deflate_answer(const pws_deflate_params *agreed, char *text, size_t capacity,
                           size_t *length) {
    (void)capacity;
    if (agreed == NULL || text == NULL || length == NULL)
        return PWS_E_ARG;
    *length = 0;
    return PWS_OK;
}

PWS_PRIVATE uint16_t pws_deflate_pack(const pws_deflate_params *agreed) {
    (void)agreed;
    return 0;
}

PWS_PRIVATE pws_deflate_params pws_deflate_unpack(uint16_t packed) {
    const pws_deflate_params none = {0, 0, 0, 0, 0, 0, {0, 0}};

    (void)packed;
    return none;
}

PWS_PRIVATE uint32_t pws_deflate_bits(uint16_t packed, uint32_t role) {
    (void)packed;
    (void)role;
    return 0;
}

PWS_PRIVATE int pws_deflate_takeover(uint16_t packed, uint32_t role) {
    (void)packed;
    (void)role;
    return 0;
}

/* ---- deflate.c ---- */

PWS_PRIVATE void pws_close_codecs(pws_conn *ws) {
    (void)ws;
}

PWS_PRIVATE int pws_receive_deflated(pws_conn *ws, pws_bytes *in, pws_event *ev) {
    (void)ws;
    (void)in;
    (void)ev;
    return 0;
}

PWS_PRIVATE int pws_wants_deflate(const pws_conn *ws, uint32_t kind, size_t length) {
    (void)ws;
    (void)kind;
    (void)length;
    return 0;
}

PWS_PRIVATE int32_t pws_send_deflated(pws_conn *ws, uint32_t kind, const uint8_t *data,
                                      size_t length) {
    (void)ws;
    (void)kind;
    (void)data;
    (void)length;
    return PWS_E_STATE;
}

PWS_PRIVATE void pws_output_deflate(pws_conn *ws) {
    (void)ws;
}

int32_t pws_frame_deflate(const pws_config *config, uint32_t window_bits, void *buffer,
                          size_t capacity, size_t *written, uint32_t kind, const void *data,
                          size_t length) {
    (void)config;
    (void)window_bits;
    (void)buffer;
    (void)capacity;
    (void)written;
    (void)kind;
    (void)data;
    (void)length;
    return PWS_E_ARG;
}

#endif
