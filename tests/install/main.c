/* An outside program that uses the installed library. */
#include <purews.h>

#include <stdio.h>
#include <string.h>

int main(void) {
    char accept[28];
    if (pws_version() != PWS_VERSION || pws_sizeof() != sizeof(pws_conn))
        return 1;
    if (pws_accept_key(accept, pws_cstr("dGhlIHNhbXBsZSBub25jZQ==")) != PWS_OK)
        return 1;
    if (memcmp(accept, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=", 28) != 0)
        return 1;
    puts("purews " PWS_VERSION_STRING " is installed");
    return 0;
}
