/* A client from the first byte, against a server that may send anything. "$accept" in the input
 * stands for the Sec-WebSocket-Accept that answers the client's key. */
#include "drive.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    return fuzz_connection(PWS_CLIENT, data, size);
}
