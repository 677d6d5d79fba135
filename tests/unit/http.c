/* Heads of HTTP requests and responses, line by line. */
#include "../check.h"
#include "heads.h"

#define TEXT(literal) ((pws_str){(literal), sizeof(literal) - 1})

static int is(pws_str text, const char *wanted) {
    return pws_str_equal(text, pws_cstr(wanted));
}

/* A line of a table, and whether it is well-formed. */
typedef struct line {
    const char *name;
    pws_str text;
    int good;
} line;

static void test_lines(uint32_t role, int first, const line *lines, size_t count) {
    size_t i;
    for (i = 0; i < count; i++) {
        check_case(lines[i].name);
        CHECK(heads_line_ok(role, first, lines[i].text) == lines[i].good);
    }
}

#define GOOD(name, text)                                                                           \
    { name, {text, sizeof(text) - 1}, 1 }
#define BAD(name, text)                                                                            \
    { name, {text, sizeof(text) - 1}, 0 }

static const line request_lines[] = {
    GOOD("request line", "GET / HTTP/1.1\r\n"),
    GOOD("request line: any method and version", "!x HTTP HTTP/9.9\r\n"),
    GOOD("request line: a target of the whole visible range", "GET !/?%41#~ HTTP/1.0\r\n"),
    GOOD("request line: well-formed old version", "GET / HTTP/0.0\r\n"),
    BAD("request line: empty", "\r\n"),
    BAD("request line: nothing", ""),
    BAD("request line: bare LF", "GET / HTTP/1.1\n"),
    BAD("request line: LF alone", "\n"),
    BAD("request line: bare CR", "GET / HTTP/1.1\r\r\n"),
    BAD("request line: CR in the target", "GET /\rx HTTP/1.1\r\n"),
    BAD("request line: no version", "GET /\r\n"),
    BAD("request line: no target", "GET  HTTP/1.1\r\n"),
    BAD("request line: two spaces before the target", "GET  / HTTP/1.1\r\n"),
    BAD("request line: two spaces before the version", "GET /  HTTP/1.1\r\n"),
    BAD("request line: space in front", " GET / HTTP/1.1\r\n"),
    BAD("request line: space at the end", "GET / HTTP/1.1 \r\n"),
    BAD("request line: tab for a space", "GET\t/ HTTP/1.1\r\n"),
    BAD("request line: no method", " / HTTP/1.1\r\n"),
    BAD("request line: the method is no token", "GE(T / HTTP/1.1\r\n"),
    BAD("request line: lower-case protocol", "GET / http/1.1\r\n"),
    BAD("request line: another protocol", "GET / HTTQ/1.1\r\n"),
    BAD("request line: version of three digits", "GET / HTTP/1.10\r\n"),
    BAD("request line: version without minor", "GET / HTTP/1.\r\n"),
    BAD("request line: version with a comma", "GET / HTTP/1,1\r\n"),
    BAD("request line: version of letters", "GET / HTTP/a.1\r\n"),
    BAD("request line: version of marks", "GET / HTTP/1./\r\n"),
    BAD("request line: version of other marks", "GET / HTTP/1.:\r\n"),
    BAD("request line: NUL in the target", "GET /\0 HTTP/1.1\r\n"),
    BAD("request line: DEL in the target", "GET /\x7F HTTP/1.1\r\n"),
    BAD("request line: non-ASCII target", "GET /\xC3\xA4 HTTP/1.1\r\n"),
};

static const line status_lines[] = {
    GOOD("status line", "HTTP/1.1 101 Switching Protocols\r\n"),
    GOOD("status line: empty reason", "HTTP/1.1 200 \r\n"),
    GOOD("status line: highest status", "HTTP/1.0 599 x\r\n"),
    GOOD("status line: lowest status, reason of tabs and non-ASCII",
         "HTTP/1.1 100 \t\x80\xFF x\r\n"),
    BAD("status line: empty", "\r\n"),
    BAD("status line: no space behind the status", "HTTP/1.1 200\r\n"),
    BAD("status line: two spaces before the status", "HTTP/1.1  200 OK\r\n"),
    BAD("status line: status of two digits", "HTTP/1.1 20 OK\r\n"),
    BAD("status line: status of four digits", "HTTP/1.1 2000 OK\r\n"),
    BAD("status line: status below 100", "HTTP/1.1 099 OK\r\n"),
    BAD("status line: status above 599", "HTTP/1.1 600 OK\r\n"),
    BAD("status line: status of letters", "HTTP/1.1 2x0 OK\r\n"),
    BAD("status line: bad version", "HTTP/11 200 OK\r\n"),
    BAD("status line: another protocol", "ICY/1.1 200 OK\r\n"),
    BAD("status line: control character in the reason", "HTTP/1.1 200 O\x01K\r\n"),
    BAD("status line: DEL in the reason", "HTTP/1.1 200 O\x7FK\r\n"),
    BAD("status line: bare CR in the reason", "HTTP/1.1 200 O\rK\r\n"),
    BAD("status line: bare LF", "HTTP/1.1 200 OK\n"),
    BAD("status line: a request", "GET / HTTP/1.1\r\n"),
};

static const line field_lines[] = {
    GOOD("header line", "Host: example.com\r\n"),
    GOOD("header line: no white space", "Host:example.com\r\n"),
    GOOD("header line: white space around the value", "Host: \t example.com \t\r\n"),
    GOOD("header line: empty value", "Host:\r\n"),
    GOOD("header line: name of marks", "!#$%&'*+-.^_`|~9: x\r\n"),
    GOOD("header line: non-ASCII value", "X: \x80\xFF\r\n"),
    GOOD("header line: colons in the value", "Host: [::1]:80\r\n"),
    GOOD("empty line at the end", "\r\n"),
    BAD("header line: white space before the colon", "Host : example.com\r\n"),
    BAD("header line: tab before the colon", "Host\t: example.com\r\n"),
    BAD("header line: folded with a space", " more: text\r\n"),
    BAD("header line: folded with a tab", "\tmore: text\r\n"),
    BAD("header line: no colon", "Host example.com\r\n"),
    BAD("header line: no name", ": example.com\r\n"),
    BAD("header line: the name is no token", "Ho(st: x\r\n"),
    BAD("header line: non-ASCII name", "H\xC3\xB6st: x\r\n"),
    BAD("header line: bare LF", "Host: example.com\n"),
    BAD("header line: LF alone", "\n"),
    BAD("header line: bare CR", "Host: exam\rple.com\r\n"),
    BAD("header line: CR CR LF", "Host: x\r\r\n"),
    BAD("header line: NUL", "Host: x\0y\r\n"),
    BAD("header line: control character", "Host: x\x1By\r\n"),
    BAD("header line: DEL", "Host: x\x7F\r\n"),
    BAD("header line: no end", "Host: x"),
    BAD("header line: CR and no LF", "Host: x\ry"),
};

#define COUNT(table) (sizeof(table) / sizeof *(table))

static void test_controls(void) {
    int c;

    check_case("of all control characters only HTAB stands in a header line");
    for (c = 0; c < 256; c++) {
        char text[] = "Host: a-long-name-x.example.com\r\n";
        int allowed = (c >= ' ' && c != 0x7F) || c == '\t';
        text[18] = (char)c;
        CHECK(heads_line_ok(PWS_SERVER, 0, pws_cstr(c != 0 ? text : "\0")) == allowed);
    }
}

static void parse(uint32_t role, pws_str text, pws_head *head) {
    static char memory[1024];
    pws_config config;
    pws_findings found;

    memset(&config, 0, sizeof config);
    config.role = role;
    memcpy(memory, text.ptr, text.len);
    heads_parse(&config, memory, text.len, head, &found);
    head->host = found.host.value;
    head->origin = found.origin.value;
}

static void test_heads(void) {
    pws_head head;

    check_case("a request is taken apart");
    parse(PWS_SERVER,
          TEXT("GET /chat?x=1 HTTP/1.1\r\nhost: \t example.com:81 \r\n"
               "ORIGIN: https://example.com\r\nHost: other\r\nOrigin: other\r\n\r\n"),
          &head);
    CHECK(is(head.method, "GET"));
    CHECK(is(head.target, "/chat?x=1"));
    CHECK(head.version == 11);
    CHECK(is(head.host, "example.com:81"));
    CHECK(is(head.origin, "https://example.com"));
    CHECK(head.status == 0 && head.reason.len == 0 && head.protocol.len == 0);
    CHECK(is(head.fields, "host: \t example.com:81 \r\nORIGIN: https://example.com\r\n"
                          "Host: other\r\nOrigin: other\r\n"));

    check_case("a request without header lines is taken apart");
    parse(PWS_SERVER, TEXT("GET / HTTP/1.0\r\n\r\n"), &head);
    CHECK(is(head.method, "GET") && is(head.target, "/") && head.version == 10);
    CHECK(head.fields.len == 0 && head.host.len == 0 && head.origin.len == 0);

    check_case("of several Hosts the first counts, though it is empty");
    parse(PWS_SERVER, TEXT("GET / HTTP/1.1\r\nHost:\r\nHost: b\r\n\r\n"), &head);
    CHECK(head.host.len == 0);

    check_case("a response is taken apart");
    parse(PWS_CLIENT, TEXT("HTTP/1.1 404 Not Found\r\nServer: x\r\n\r\n"), &head);
    CHECK(head.status == 404 && head.version == 11);
    CHECK(is(head.reason, "Not Found"));
    CHECK(is(head.fields, "Server: x\r\n"));
    CHECK(head.method.len == 0 && head.target.len == 0);
}

int main(void) {
    test_controls();
    test_lines(PWS_SERVER, 1, request_lines, COUNT(request_lines));
    test_lines(PWS_CLIENT, 1, status_lines, COUNT(status_lines));
    test_lines(PWS_SERVER, 0, field_lines, COUNT(field_lines));
    test_lines(PWS_CLIENT, 0, field_lines, COUNT(field_lines));
    test_heads();
    return check_end();
}
