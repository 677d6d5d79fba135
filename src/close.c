/* Close codes and the payload of Close frames (RFC 6455 5.5.1, 7.4). */
#include "internal.h"

/* 7.4.1 with the registry that 11.7 founds (1012 to 1014 came later); 1004 is reserved, 1005, 1006
 * and 1015 must not be on the wire, 3000 to 4999 are for libraries, frameworks and applications. */
PWS_PRIVATE int pws_close_code_ok(uint32_t code) {
    if (code >= 3000)
        return code <= 4999;
    return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014);
}

PWS_PRIVATE int32_t pws_close_parse(pws_bytes payload, uint16_t *code, pws_bytes *reason) {
    uint32_t received;

    *code = 1005; /* 7.1.5: no code was given */
    reason->ptr = payload.ptr;
    reason->len = 0;
    if (payload.len == 0)
        return PWS_OK;
    if (payload.len == 1) /* 5.5.1: the first two bytes are the code */
        return PWS_E_CLOSE_PAYLOAD;
    received = (uint32_t)payload.ptr[0] << 8 | payload.ptr[1];
    if (!pws_close_code_ok(received))
        return PWS_E_CLOSE_CODE;
    if (!pws_utf8_valid(payload.ptr + 2, payload.len - 2)) /* 5.5.1: the reason is UTF-8 */
        return PWS_E_UTF8;
    *code = (uint16_t)received;
    reason->ptr = payload.ptr + 2;
    reason->len = payload.len - 2;
    return PWS_OK;
}

PWS_PRIVATE uint16_t pws_close_code_for(int32_t error) {
    switch (error) {
    case PWS_E_UTF8:
    case PWS_E_INFLATE:
        return 1007;
    case PWS_E_TOO_BIG:
        return 1009;
    case PWS_E_DEFLATE:
        return 1011;
    case PWS_E_CODEC:
        return 1013;
    default:
        return 1002;
    }
}
