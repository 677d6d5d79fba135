/* Numbers in words. A switch, not a table: a table of pointers would need relocation. */
#include "internal.h"

PWS_PRIVATE const char *pws_reason_for(int32_t error) {
    switch (error) {
    case PWS_E_TIMEOUT:
        return "a time limit has passed (RFC 6455 7.1.7)";

    case PWS_E_HTTP:
        return "the HTTP head is malformed (RFC 9112 2.2)";
    case PWS_E_HEAD_SIZE:
        return "the HTTP head is larger than the limit (RFC 6585 5)";
    case PWS_E_METHOD:
        return "the request method is not GET (RFC 6455 4.2.1)";
    case PWS_E_HTTP_VERSION:
        return "the HTTP version is older than 1.1 (RFC 6455 4.2.1)";
    case PWS_E_HOST:
        return "the request has no Host header, several, or one that is no host (RFC 9112 3.2)";
    case PWS_E_BODY:
        return "the request announces a body (RFC 6455 4.1)";
    case PWS_E_UPGRADE:
        return "the Upgrade header does not name websocket (RFC 6455 4.2.1)";
    case PWS_E_CONNECTION:
        return "the Connection header does not list Upgrade (RFC 6455 4.2.1)";
    case PWS_E_VERSION:
        return "the Sec-WebSocket-Version header is not 13 (RFC 6455 4.4)";
    case PWS_E_KEY:
        return "the Sec-WebSocket-Key header is not one base64 value of 16 bytes (RFC 6455 4.2.1)";
    case PWS_E_ORIGIN:
        return "the origin of the request is not allowed (RFC 6455 10.2)";
    case PWS_E_PROTOCOL:
        return "the subprotocols are malformed, or one is used that was not offered (RFC 6455 4.1)";
    case PWS_E_EXTENSION:
        return "the extensions are malformed, or one is used that was not offered (RFC 6455 9.1)";
    case PWS_E_TARGET:
        return "the request target is neither a path nor an http URL, or has a fragment (RFC 6455 "
               "3)";

    case PWS_E_RSV:
        return "a reserved bit of a frame is set (RFC 6455 5.2)";
    case PWS_E_OPCODE:
        return "the opcode of a frame is reserved (RFC 6455 5.2)";
    case PWS_E_FRAGMENT:
        return "a message begins inside another, or continues where none has begun (RFC 6455 5.4)";
    case PWS_E_CONTROL:
        return "a control frame is fragmented or longer than 125 bytes (RFC 6455 5.5)";
    case PWS_E_MASK:
        return "a client frame is not masked, or a server frame is (RFC 6455 5.1)";
    case PWS_E_LENGTH:
        return "a frame length is not in its shortest form, or is 2^63 or more (RFC 6455 5.2)";
    case PWS_E_CLOSE_PAYLOAD:
        return "the payload of a Close frame is a single byte (RFC 6455 5.5.1)";
    case PWS_E_CLOSE_CODE:
        return "a close code is one that must not be sent (RFC 6455 7.4)";
    case PWS_E_UTF8:
        return "a text message or close reason is not valid UTF-8 (RFC 6455 8.1)";
    case PWS_E_INFLATE:
        return "a compressed message is not valid DEFLATE (RFC 7692 7.2.2)";
    case PWS_E_DEFLATE:
        return "the codec failed to compress a message (RFC 7692 7.2.1)";
    case PWS_E_CODEC:
        return "no codec is free to decompress a message (RFC 7692 7.2.2)";
    case PWS_E_TOO_BIG:
        return "a message is larger than the limit (RFC 6455 10.4)";

    default:
        return "unknown error";
    }
}

/* Apart from the others, so that who does not call it does without these texts. */
const char *pws_strerror(int32_t error) {
    switch (error) {
    case PWS_OK:
        return "no error";
    case PWS_E_ARG:
        return "an argument is NULL, out of range or contradicts another";
    case PWS_E_STATE:
        return "this call is not possible in the present state";
    case PWS_E_BUSY:
        return "memory that was borrowed or lent is still in use";
    case PWS_E_SPACE:
        return "the memory given is too small";
    case PWS_E_HEADER:
        return "a header name is no token or is reserved, or its value has a control character "
               "(RFC 9110 5.5)";
    case PWS_E_URL:
        return "this is not a valid ws or wss URL (RFC 6455 3)";
    case PWS_E_EOF:
        return "the transport ended before the closing handshake was complete (RFC 6455 7.1.5)";
    case PWS_E_STATUS:
        return "the handshake was answered with a status other than 101 (RFC 6455 4.1)";
    case PWS_E_ACCEPT:
        return "the Sec-WebSocket-Accept header does not answer the key that was sent "
               "(RFC 6455 4.1)";
    default:
        return pws_reason_for(error);
    }
}

const char *pws_kind_name(uint32_t kind) {
    switch (kind) {
    case PWS_CONTINUATION:
        return "CONTINUATION";
    case PWS_TEXT:
        return "TEXT";
    case PWS_BINARY:
        return "BINARY";
    case PWS_CLOSE:
        return "CLOSE";
    case PWS_PING:
        return "PING";
    case PWS_PONG:
        return "PONG";
    case PWS_WRITE:
        return "WRITE";
    case PWS_REQUEST:
        return "REQUEST";
    case PWS_OPEN:
        return "OPEN";
    case PWS_REJECTED:
        return "REJECTED";
    case PWS_NEED_WORK:
        return "NEED_WORK";
    case PWS_CLOSED:
        return "CLOSED";
    default:
        return "?";
    }
}

uint32_t pws_version(void) {
    return PWS_VERSION;
}

size_t pws_sizeof(void) {
    return sizeof(pws_conn);
}
