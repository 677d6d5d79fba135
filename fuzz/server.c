/* A server from the first byte, against a client that may send anything. */
#include "drive.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    return fuzz_connection(PWS_SERVER, data, size);
}
