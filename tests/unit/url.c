/* ws and wss URLs and the query of a target: tables of what comes out. */
#include <string.h>

#include "../check.h"
#include "internal.h"

/* A good URL and its parts. */
static const struct {
    const char *url;
    uint32_t secure, port;
    const char *host, *authority, *target;
} good[] = {
    {"ws://example.com", 0, 80, "example.com", "example.com", ""},
    {"wss://example.com", 1, 443, "example.com", "example.com", ""},
    {"ws://example.com/", 0, 80, "example.com", "example.com", "/"},
    {"ws://example.com/chat", 0, 80, "example.com", "example.com", "/chat"},
    {"wss://example.com/chat?a=b&c", 1, 443, "example.com", "example.com", "/chat?a=b&c"},
    {"ws://example.com?a=b", 0, 80, "example.com", "example.com", "?a=b"},
    {"ws://example.com?", 0, 80, "example.com", "example.com", "?"},
    {"ws://example.com/?a=/b?c", 0, 80, "example.com", "example.com", "/?a=/b?c"},
    {"WS://example.com/", 0, 80, "example.com", "example.com", "/"},
    {"wSs://example.com/", 1, 443, "example.com", "example.com", "/"},
    {"ws://EXAMPLE.com/", 0, 80, "EXAMPLE.com", "EXAMPLE.com", "/"},
    {"ws://h:80/", 0, 80, "h", "h", "/"},
    {"wss://h:443/", 1, 443, "h", "h", "/"},
    {"ws://h:443/", 0, 443, "h", "h:443", "/"},
    {"wss://h:80/", 1, 80, "h", "h:80", "/"},
    {"ws://h:1", 0, 1, "h", "h:1", ""},
    {"ws://h:65535?q", 0, 65535, "h", "h:65535", "?q"},
    {"ws://h:", 0, 80, "h", "h", ""},
    {"wss://h:/x", 1, 443, "h", "h", "/x"},
    {"ws://h:0080/", 0, 80, "h", "h", "/"},
    {"ws://h:00000000000000008080/", 0, 8080, "h", "h:00000000000000008080", "/"},
    {"ws://127.0.0.1:9001/", 0, 9001, "127.0.0.1", "127.0.0.1:9001", "/"},
    {"ws://256.256.256.256/", 0, 80, "256.256.256.256", "256.256.256.256", "/"},
    {"ws://a-b_c~.d!$&'()*+,;=/", 0, 80, "a-b_c~.d!$&'()*+,;=", "a-b_c~.d!$&'()*+,;=", "/"},
    {"ws://b%C3%BCcher.example/", 0, 80, "b%C3%BCcher.example", "b%C3%BCcher.example", "/"},
    {"ws://h//a//b", 0, 80, "h", "h", "//a//b"},
    {"ws://h/a%20b%2fC", 0, 80, "h", "h", "/a%20b%2fC"},
    {"ws://h/a@b:c", 0, 80, "h", "h", "/a@b:c"},
    {"ws://h?user@b", 0, 80, "h", "h", "?user@b"},
    {"ws://h/[x]{y}|^`", 0, 80, "h", "h", "/[x]{y}|^`"},
    {"ws://h/!~?!~", 0, 80, "h", "h", "/!~?!~"},
    {"ws://[::]", 0, 80, "::", "[::]", ""},
    {"ws://[::1]/", 0, 80, "::1", "[::1]", "/"},
    {"ws://[::1]:80/", 0, 80, "::1", "[::1]", "/"},
    {"ws://[::1]:/", 0, 80, "::1", "[::1]", "/"},
    {"wss://[::1]:8443/x", 1, 8443, "::1", "[::1]:8443", "/x"},
    {"ws://[1::]/", 0, 80, "1::", "[1::]", "/"},
    {"ws://[1:2:3:4:5:6:7:8]/", 0, 80, "1:2:3:4:5:6:7:8", "[1:2:3:4:5:6:7:8]", "/"},
    {"ws://[1:2:3:4:5:6:7::]/", 0, 80, "1:2:3:4:5:6:7::", "[1:2:3:4:5:6:7::]", "/"},
    {"ws://[::2:3:4:5:6:7:8]/", 0, 80, "::2:3:4:5:6:7:8", "[::2:3:4:5:6:7:8]", "/"},
    {"ws://[1:2:3::5:6:7:8]/", 0, 80, "1:2:3::5:6:7:8", "[1:2:3::5:6:7:8]", "/"},
    {"ws://[2001:DB8::aBcD]?x", 0, 80, "2001:DB8::aBcD", "[2001:DB8::aBcD]", "?x"},
    {"ws://[::ffff:192.0.2.255]/", 0, 80, "::ffff:192.0.2.255", "[::ffff:192.0.2.255]", "/"},
    {"ws://[::0.0.0.0]/", 0, 80, "::0.0.0.0", "[::0.0.0.0]", "/"},
    {"ws://[1:2:3:4:5:6:1.2.3.4]/", 0, 80, "1:2:3:4:5:6:1.2.3.4", "[1:2:3:4:5:6:1.2.3.4]", "/"},
    {"ws://[::2:3:4:5:6:1.2.3.4]/", 0, 80, "::2:3:4:5:6:1.2.3.4", "[::2:3:4:5:6:1.2.3.4]", "/"},
};

static const char *const bad[] = {
    /* scheme */
    "", "w", "ws", "ws:", "ws:/", "wss:/", "ws:h", "ws:/h/", "http://h/", "https://h/", "wsss://h/",
    "s://h/", "//h/", "h", "/", " ws://h/", "ws ://h/", "ws//h/", "xws://h/",
    /* no host */
    "ws://", "wss://", "ws:///", "ws:///chat", "ws://:80/", "ws://?x", "ws://[]/", "ws://[]:80/",
    /* user information */
    "ws://user@h/", "ws://user:secret@h/", "ws://@h/", "ws://h@/", "ws://user@[::1]/",
    "ws://[::1]@h/", "ws://h:80@x/",
    /* port */
    "ws://h:0/", "ws://h:00/", "ws://h:65536/", "ws://h:99999/", "ws://h:4294967376/",
    "ws://h:18446744073709551696/", "ws://h:-1/", "ws://h:+80/", "ws://h: 80/", "ws://h:8o/",
    "ws://h:80:80/", "ws://h::80/", "ws://h:0x50/", "ws://[::1]80/", "ws://[::1]x/",
    "ws://[::1]:0/", "ws://[::1]:65536/", "ws://[::1]::/",
    /* fragment */
    "ws://h/#", "ws://h/#x", "ws://h#x", "ws://h/?a#x", "ws://#", "ws://h:80#",
    /* white space, control and other characters */
    "ws://h /", "ws://h/a b", "ws://h/a\tb", "ws://h/\r\nX: y", "ws://h\r\n/", "ws://h/\x7F",
    "ws://h\x01/", "ws://h/\xC3\xBC", "ws://b\xC3\xBCr.example/", "ws://h/ ", "ws://h\\x/",
    "ws://a\"b/", "ws://a<b>/", "ws://a|b/", "ws://a^b/", "ws://{h}/", "ws://a[b]/", "ws://a]/",
    "ws://h`/",
    /* percent-encoding */
    "ws://%/", "ws://h%2/", "ws://h%2g/", "ws://h%%20/", "ws://h/%", "ws://h/%2", "ws://h/%g0",
    "ws://h/%0g", "ws://h/?%", "ws://h/?a=%A", "ws://h/%%41", "ws://h/%2%30",
    /* IPv6 literals */
    "ws://[", "ws://[/", "ws://[::1", "ws://[::1/", "ws://::1/", "ws://::1]/", "ws://[:]/",
    "ws://[:::]/", "ws://[1]/", "ws://[1:]/", "ws://[:1]/", "ws://[1::2::3]/", "ws://[::1::]/",
    "ws://[1:2:3:4:5:6:7]/", "ws://[1:2:3:4:5:6:7:8:9]/", "ws://[1:2:3:4:5:6:7:8:]/",
    "ws://[:1:2:3:4:5:6:7:8]/", "ws://[1:2:3:4::5:6:7:8]/", "ws://[1:2:3:4:5:6:7:8::]/",
    "ws://[::1:2:3:4:5:6:7:8]/", "ws://[12345::]/", "ws://[::g]/", "ws://[::-1]/", "ws://[1:::2]/",
    "ws://[::1%25eth0]/", "ws://[fe80::1%eth0]/", "ws://[v1.a]/", "ws://[1.2.3.4]/", "ws://[ ::1]/",
    "ws://[::1 ]/", "ws://[[::1]]/",
    /* IPv4 addresses inside them */
    "ws://[::1.2.3]/", "ws://[::1.2.3.4.5]/", "ws://[::256.2.3.4]/", "ws://[::1.2.3.256]/",
    "ws://[::01.2.3.4]/", "ws://[::1.2.3.00]/", "ws://[::1.2.3.]/", "ws://[::.1.2.3]/",
    "ws://[::1..2.3]/", "ws://[::1.2.3.4:5]/", "ws://[::1.2.3.4::]/", "ws://[::1.2.3.1000]/",
    "ws://[1:2:3:4:5:6:7:1.2.3.4]/", "ws://[1:2:3:4:5:1.2.3.4]/", "ws://[1:2:3:4:5:6::1.2.3.4]/",
    "ws://[::1.2.3.a]/", "ws://[1.2.3.4::]/", "ws://[::1:2:3:4:5:6:1.2.3.4]/"};

/* Parameters: target, name, then the value, or NULL and the error. */
static const struct {
    const char *target, *name, *value;
    int32_t error;
} queries[] = {{"/chat?token=a%20b", "token", "a b", PWS_OK},
               {"/chat?token=abc", "token", "abc", PWS_OK},
               {"/chat?a=1&token=abc&b=2", "token", "abc", PWS_OK},
               {"/chat?a=1&token=abc", "a", "1", PWS_OK},
               {"?token=abc", "token", "abc", PWS_OK},
               {"/?token=", "token", "", PWS_OK},
               {"/?token", "token", "", PWS_OK},
               {"/?token&x", "token", "", PWS_OK},
               {"/?x&token", "token", "", PWS_OK},
               {"/?a=1&a=2", "a", "1", PWS_OK},
               {"/?a=b=c=d", "a", "b=c=d", PWS_OK},
               {"/?a==", "a", "=", PWS_OK},
               {"/?a=b?c", "a", "b?c", PWS_OK},
               {"/?a=b+c+", "a", "b c ", PWS_OK},
               {"/?a=b%2Bc%2bd", "a", "b+c+d", PWS_OK},
               {"/?a=%C3%bc", "a", "\xC3\xBC", PWS_OK},
               {"/?a=%26%3D%25%3f", "a", "&=%?", PWS_OK},
               {"/?a=%2525", "a", "%25", PWS_OK},
               {"/?%74oken=x", "token", "x", PWS_OK},
               {"/?my+name=x", "my name", "x", PWS_OK},
               {"/?my%20name=x", "my name", "x", PWS_OK},
               {"/?a%3Db=x", "a=b", "x", PWS_OK},
               {"/?a%26b=x", "a&b", "x", PWS_OK},
               {"/?&&a=1&&b=2&", "b", "2", PWS_OK},
               {"/?=x", "", "x", PWS_OK},
               {"/?ab=1&a=2", "a", "2", PWS_OK},
               {"/?a=1&ab=2", "ab", "2", PWS_OK},
               {"ws://h/x?a=1", "a", "1", PWS_OK},
               {"/?a[]=1", "a[]", "1", PWS_OK},
               {"", "a", NULL, PWS_E_STATE},
               {"/", "a", NULL, PWS_E_STATE},
               {"/a=1", "a", NULL, PWS_E_STATE},
               {"/?", "a", NULL, PWS_E_STATE},
               {"/?", "", NULL, PWS_E_STATE},
               {"/?&", "", NULL, PWS_E_STATE},
               {"/?a=1", "", NULL, PWS_E_STATE},
               {"/?A=1", "a", NULL, PWS_E_STATE},
               {"/?ab=1", "a", NULL, PWS_E_STATE},
               {"/?a=1", "ab", NULL, PWS_E_STATE},
               {"/?x=a=1", "a", NULL, PWS_E_STATE},
               {"/?a;b=1", "b", NULL, PWS_E_STATE},
               {"/?a%00=1", "a", NULL, PWS_E_STATE},
               {"/%zz?b=1", "a", NULL, PWS_E_STATE},
               {"/?a=%", "a", NULL, PWS_E_URL},
               {"/?a=%4", "a", NULL, PWS_E_URL},
               {"/?a=%4g", "a", NULL, PWS_E_URL},
               {"/?a=%g4", "a", NULL, PWS_E_URL},
               {"/?a=%4&b=1", "a", NULL, PWS_E_URL},
               {"/?%=1", "a", NULL, PWS_E_URL},
               {"/?a=1&b=%", "a", NULL, PWS_E_URL},
               {"/?a=%%41", "a", NULL, PWS_E_URL}};

static int is_text(pws_str str, const char *text) {
    return str.len == strlen(text) && memcmp(str.ptr, text, str.len) == 0;
}

/* The text at the end of its memory, where a sanitizer sees whether more is read. */
static pws_str copy_of(const char *text) {
    static char room[80];
    pws_str copy;

    copy.len = strlen(text);
    copy.ptr = (char *)memcpy(room + sizeof room - copy.len, text, copy.len);
    return copy;
}

static int is_inside(pws_str str, pws_str text) {
    return str.ptr >= text.ptr && str.ptr + str.len <= text.ptr + text.len;
}

/* A case for each row. */
static void check_urls(void) {
    pws_url url, before;
    pws_str text;
    size_t i;

    for (i = 0; i < sizeof good / sizeof good[0]; i++) {
        check_case(good[i].url);
        text = copy_of(good[i].url);
        memset(&url, 0xAA, sizeof url);
        CHECK(pws_url_parse(text, &url) == PWS_OK);
        CHECK(url.secure == good[i].secure);
        CHECK(url.port == good[i].port);
        CHECK(is_text(url.host, good[i].host) && is_inside(url.host, text));
        CHECK(is_text(url.authority, good[i].authority) && is_inside(url.authority, text));
        CHECK(is_text(url.target, good[i].target) && is_inside(url.target, text));
    }
    memset(&before, 0x55, sizeof before);
    for (i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        check_case(bad[i]);
        url = before;
        CHECK(pws_url_parse(copy_of(bad[i]), &url) == PWS_E_URL);
        CHECK(memcmp(&url, &before, sizeof url) == 0);
    }

    check_case("without a port it is 80 for ws and 443 for wss, in any case");
    CHECK(pws_url_parse(pws_cstr("Ws://h/"), &url) == PWS_OK && url.port == 80 && !url.secure);
    CHECK(pws_url_parse(pws_cstr("wSS://h/"), &url) == PWS_OK && url.port == 443 && url.secure);

    check_case("a URL ends with its length, not with a NUL");
    text = pws_cstr("ws://h:8080/path%20x");
    text.len = 9;
    CHECK(pws_url_parse(text, &url) == PWS_OK && url.port == 80 && is_text(url.authority, "h"));
    text.len = 7;
    CHECK(pws_url_parse(text, &url) == PWS_OK && url.port == 80 && is_text(url.authority, "h"));
    text.len = 17;
    CHECK(pws_url_parse(text, &url) == PWS_E_URL);
    text.ptr = "ws://h/\0";
    text.len = 8;
    CHECK(pws_url_parse(text, &url) == PWS_E_URL);

    check_case("NULL arguments of pws_url_parse; {NULL, 0} is the empty text");
    url = before;
    CHECK(pws_url_parse(pws_cstr("ws://h"), NULL) == PWS_E_ARG);
    text.ptr = NULL;
    text.len = 6;
    CHECK(pws_url_parse(text, &url) == PWS_E_ARG);
    CHECK(pws_url_parse(pws_cstr(NULL), &url) == PWS_E_URL);
    CHECK(memcmp(&url, &before, sizeof url) == 0);
}

static void check_queries(void) {
    char name[100], buffer[64];
    pws_str target;
    size_t i, length, j;

    for (i = 0; i < sizeof queries / sizeof queries[0]; i++) {
        snprintf(name, sizeof name, "%s, parameter \"%s\"", queries[i].target, queries[i].name);
        check_case(name);
        memset(buffer, '#', sizeof buffer);
        length = 12345;
        CHECK(pws_query(copy_of(queries[i].target), queries[i].name, buffer, sizeof buffer,
                        &length) == queries[i].error);
        if (queries[i].error == PWS_OK) {
            CHECK(length == strlen(queries[i].value));
            CHECK(memcmp(buffer, queries[i].value, strlen(queries[i].value)) == 0);
        } else {
            CHECK(length == 12345);
        }
        for (j = length == 12345 ? 0 : length; j < sizeof buffer; j++)
            CHECK(buffer[j] == '#');
    }

    check_case("a value may hold a NUL");
    CHECK(pws_query(pws_cstr("/?a=x%00y"), "a", buffer, sizeof buffer, &length) == PWS_OK);
    CHECK(length == 3 && memcmp(buffer, "x\0y", 3) == 0);

    check_case("the decoded value has to fit, and nothing is written if it does not");
    memset(buffer, '#', sizeof buffer);
    length = 12345;
    CHECK(pws_query(pws_cstr("/?a=x%20y"), "a", buffer, 2, &length) == PWS_E_SPACE);
    CHECK(pws_query(pws_cstr("/?a=x%20y"), "a", buffer, 0, &length) == PWS_E_SPACE);
    CHECK(length == 12345 && buffer[0] == '#');
    CHECK(pws_query(pws_cstr("/?a=x%20y"), "a", buffer, 3, &length) == PWS_OK);
    CHECK(length == 3 && memcmp(buffer, "x y#", 4) == 0);
    CHECK(pws_query(pws_cstr("/?a"), "a", buffer, 0, &length) == PWS_OK && length == 0);

    check_case("a target ends with its length");
    target = pws_cstr("/?a=bcd%20&b=1");
    target.len = 6;
    CHECK(pws_query(target, "a", buffer, sizeof buffer, &length) == PWS_OK);
    CHECK(length == 2 && memcmp(buffer, "bc", 2) == 0);
    target.len = 9;
    CHECK(pws_query(target, "a", buffer, sizeof buffer, &length) == PWS_E_URL);

    check_case("NULL arguments of pws_query; {NULL, 0} is the empty text");
    target = pws_cstr("/?a=b");
    CHECK(pws_query(target, NULL, buffer, sizeof buffer, &length) == PWS_E_ARG);
    CHECK(pws_query(target, "a", NULL, sizeof buffer, &length) == PWS_E_ARG);
    CHECK(pws_query(target, "a", buffer, sizeof buffer, NULL) == PWS_E_ARG);
    CHECK(pws_query(pws_cstr(NULL), "a", buffer, sizeof buffer, &length) == PWS_E_STATE);
    target.ptr = NULL;
    CHECK(pws_query(target, "a", buffer, sizeof buffer, &length) == PWS_E_ARG);
}

/* Blocks of it are looked at as a whole, so each place has its turn. */
static void check_hosts(void) {
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                  "-._~!$&'()*+,;=";
    char host[40];
    const pws_str text = {host, sizeof host};
    size_t at;
    int c;

    check_case("each character of a host, wherever it stands");
    for (at = 0; at < sizeof host; at++)
        for (c = 0; c < 256; c++) {
            memset(host, 'x', sizeof host);
            host[at] = (char)c;
            if (c == ':') /* an empty port may follow */
                CHECK(pws_is_authority(text) == (at == sizeof host - 1));
            else
                CHECK(pws_is_authority(text) == (c != 0 && strchr(allowed, c) != NULL));
        }

    check_case("a percent sign with two digits, wherever it stands");
    for (at = 0; at + 3 <= sizeof host; at++) {
        memset(host, 'x', sizeof host);
        memcpy(host + at, "%4f", 3);
        CHECK(pws_is_authority(text));
        host[at + 2] = 'g';
        CHECK(!pws_is_authority(text));
    }
}

int main(void) {
    check_hosts();
    check_urls();
    check_queries();
    return check_end();
}
