/* Writing heads, and what callers may put into them. */
#include "../check.h"
#include "internal.h"

#include <string.h>

#define TEXT(literal) ((pws_str){(literal), sizeof(literal) - 1})

static uint8_t memory[256];

static pws_writer writer(size_t capacity) {
    pws_writer out = {memory, capacity, 0, 0};
    memset(memory, '#', sizeof memory);
    return out;
}

static int wrote(const pws_writer *out, const char *wanted) {
    return !out->full && out->length == strlen(wanted) &&
           memcmp(memory, wanted, out->length) == 0 && memory[out->length] == '#';
}

static void test_put(void) {
    pws_writer out = writer(100);
    pws_header headers[2] = {{TEXT("A"), TEXT("1")}, {TEXT("B"), TEXT("")}};

    check_case("text, numbers and header lines follow each other");
    pws_put_text(&out, "x ");
    pws_put(&out, TEXT("y\r\n"));
    pws_put(&out, pws_cstr(NULL));
    pws_put_number(&out, 0);
    pws_put_header(&out, "Host", TEXT("h"));
    pws_put_headers(&out, headers, 2);
    CHECK(wrote(&out, "x y\r\n0Host: h\r\nA: 1\r\nB: \r\n"));

    check_case("the largest number of 64 bits has twenty digits");
    out = writer(20);
    pws_put_number(&out, SIZE_MAX);
    CHECK(sizeof(size_t) != 8 || wrote(&out, "18446744073709551615"));

    check_case("what fits exactly is written");
    out = writer(3);
    pws_put_text(&out, "abc");
    CHECK(wrote(&out, "abc"));

    check_case("what does not fit is left out, and all that follows");
    out = writer(3);
    pws_put_text(&out, "ab");
    pws_put_text(&out, "cd");
    pws_put_text(&out, "e");
    CHECK(out.full && out.length == 2);
    CHECK(memory[2] == '#' && memory[3] == '#');

    check_case("a writer without memory is full");
    out = (pws_writer){NULL, 0, 0, 0};
    pws_put_text(&out, "a");
    CHECK(out.full && out.length == 0);
}

static int32_t checked(uint32_t role, pws_str name, pws_str value) {
    pws_header headers[2] = {{TEXT("X-Good"), TEXT("yes")}, {{NULL, 0}, {NULL, 0}}};
    headers[1].name = name;
    headers[1].value = value;
    return pws_headers_check(role, headers, 2);
}

static void test_check(void) {
    static const char *const reserved[] = {"Upgrade",           "connection",
                                           "CONTENT-LENGTH",    "Transfer-Encoding",
                                           "Sec-WebSocket-Key", "sec-websocket-anything",
                                           "Sec-WebSocket-"};
    static const char *const client_only[] = {"Host", "oRIGIN"};
    static const char *const free_names[] = {"Hosts", "Sec-WebSocke", "Sec-Fetch-Mode", "Upgrades",
                                             "Cookie"};
    size_t i;
    int c;

    check_case("headers of tokens and clean values pass");
    CHECK(checked(PWS_CLIENT, TEXT("Authorization"), TEXT("Basic a=")) == PWS_OK);
    CHECK(checked(PWS_SERVER, TEXT("Set-Cookie"), TEXT("a=b; c\t\xC3\xA4")) == PWS_OK);
    CHECK(checked(PWS_SERVER, TEXT("Empty"), TEXT("")) == PWS_OK);
    CHECK(pws_headers_check(PWS_SERVER, NULL, 0) == PWS_OK);

    check_case("a name that is no token is refused");
    CHECK(checked(PWS_CLIENT, TEXT(""), TEXT("x")) == PWS_E_HEADER);
    CHECK(checked(PWS_CLIENT, TEXT("A B"), TEXT("x")) == PWS_E_HEADER);
    CHECK(checked(PWS_CLIENT, TEXT("A:"), TEXT("x")) == PWS_E_HEADER);
    CHECK(checked(PWS_CLIENT, TEXT("A\r\nB"), TEXT("x")) == PWS_E_HEADER);
    CHECK(checked(PWS_CLIENT, TEXT("A\0"), TEXT("x")) == PWS_E_HEADER);

    check_case("a value that would break its line is refused");
    CHECK(checked(PWS_SERVER, TEXT("A"), TEXT("x\r\nSet-Cookie: y")) == PWS_E_HEADER);
    CHECK(checked(PWS_SERVER, TEXT("A"), TEXT("x\n y")) == PWS_E_HEADER);
    for (c = 0; c < 256; c++) {
        char byte = (char)c;
        pws_str value = {&byte, 1};
        int good = c == '\t' || (c >= ' ' && c != 0x7F);
        CHECK(checked(PWS_CLIENT, TEXT("A"), value) == (good ? PWS_OK : PWS_E_HEADER));
    }

    check_case("names that the library writes itself are reserved, whatever their case");
    for (i = 0; i < sizeof reserved / sizeof *reserved; i++) {
        CHECK(checked(PWS_CLIENT, pws_cstr(reserved[i]), TEXT("x")) == PWS_E_HEADER);
        CHECK(checked(PWS_SERVER, pws_cstr(reserved[i]), TEXT("x")) == PWS_E_HEADER);
    }

    check_case("Host and Origin are reserved for a client only");
    for (i = 0; i < sizeof client_only / sizeof *client_only; i++) {
        CHECK(checked(PWS_CLIENT, pws_cstr(client_only[i]), TEXT("x")) == PWS_E_HEADER);
        CHECK(checked(PWS_SERVER, pws_cstr(client_only[i]), TEXT("x")) == PWS_OK);
    }

    check_case("names that only resemble the reserved ones are free");
    for (i = 0; i < sizeof free_names / sizeof *free_names; i++)
        CHECK(checked(PWS_CLIENT, pws_cstr(free_names[i]), TEXT("x")) == PWS_OK);

    check_case("a NULL with a length is an argument error");
    CHECK(pws_headers_check(PWS_CLIENT, NULL, 1) == PWS_E_ARG);
    CHECK(checked(PWS_CLIENT, (pws_str){NULL, 1}, TEXT("x")) == PWS_E_ARG);
    CHECK(checked(PWS_CLIENT, TEXT("A"), (pws_str){NULL, 1}) == PWS_E_ARG);
    CHECK(checked(PWS_CLIENT, TEXT("A"), (pws_str){NULL, 0}) == PWS_OK);
}

int main(void) {
    test_put();
    test_check();
    return check_end();
}
