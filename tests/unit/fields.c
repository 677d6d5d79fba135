/* Header lines, lists and cookies of a head. */
#include "../check.h"
#include "internal.h"

#include <stdlib.h>

#define TEXT(literal) ((pws_str){(literal), sizeof(literal) - 1})

static int is(pws_str text, const char *wanted) {
    return pws_str_equal(text, pws_cstr(wanted));
}

static void test_headers(void) {
    pws_str fields = TEXT("Host: a\r\nX-Empty:\r\nX-Two: \t b c \r\n");
    pws_str all = fields, value = TEXT("before");
    pws_header header;

    check_case("header lines come in order, their values trimmed");
    CHECK(pws_header_next(&fields, &header) && is(header.name, "Host") && is(header.value, "a"));
    CHECK(pws_header_next(&fields, &header) && is(header.name, "X-Empty") && is(header.value, ""));
    CHECK(pws_header_next(&fields, &header) && is(header.name, "X-Two") && is(header.value, "b c"));
    CHECK(!pws_header_next(&fields, &header));
    CHECK(!pws_header_next(&fields, &header));

    check_case("a header line is found whatever its case, the first of several");
    CHECK(pws_header_find(all, "x-two", &value) && is(value, "b c"));
    CHECK(pws_header_find(TEXT("A: 1\r\na: 2\r\n"), "A", &value) && is(value, "1"));

    check_case("what is not there is not found, and the value stays as it was");
    value = TEXT("before");
    CHECK(!pws_header_find(all, "X-Tw", &value));
    CHECK(!pws_header_find(all, "", &value));
    CHECK(!pws_header_find(pws_cstr(NULL), "Host", &value));
    CHECK(is(value, "before"));

    check_case("lines that are no header lines are passed over");
    fields = TEXT("no colon\r\n: no name\r\n\r\n\r\r\nA: 1\rx\n\r\nlast: 2");
    CHECK(pws_header_next(&fields, &header) && is(header.name, "A") && is(header.value, "1\rx\n"));
    CHECK(pws_header_next(&fields, &header) && is(header.name, "last") && is(header.value, "2"));
    CHECK(!pws_header_next(&fields, &header));

    check_case("NULL finds nothing");
    CHECK(!pws_header_next(NULL, &header));
    CHECK(!pws_header_next(&all, NULL));
    CHECK(!pws_header_find(all, NULL, &value));
    CHECK(!pws_header_find(all, "Host", NULL));
}

static void test_list(void) {
    pws_list list = pws_list_of(TEXT("P: a, b\r\nHost: x\r\np: ,\r\nP: \"c,d\" ,e\r\n"), "P");
    pws_str element;

    check_case("a list goes on over all the lines of its name");
    CHECK(pws_list_next(&list, &element) && is(element, "a"));
    CHECK(pws_list_next(&list, &element) && is(element, "b"));
    CHECK(pws_list_next(&list, &element) && is(element, "\"c,d\""));
    CHECK(pws_list_next(&list, &element) && is(element, "e"));
    CHECK(!pws_list_next(&list, &element));
    CHECK(!pws_list_next(&list, &element));

    check_case("a quoted string does not go on in the next line");
    list = pws_list_of(TEXT("P: \"a\r\nP: b\"\r\n"), "P");
    CHECK(pws_list_next(&list, &element) && is(element, "\"a"));
    CHECK(pws_list_next(&list, &element) && is(element, "b\""));
    CHECK(!pws_list_next(&list, &element));

    check_case("there is no list of a name that is not there");
    list = pws_list_of(TEXT("P: a\r\n"), "Q");
    CHECK(!pws_list_next(&list, &element));
    list = pws_list_of(TEXT("P: a\r\n"), NULL);
    CHECK(!pws_list_next(&list, &element));
    CHECK(!pws_list_next(NULL, &element));
    CHECK(!pws_list_next(&list, NULL));
}

static void test_cookie(void) {
    pws_str fields =
        TEXT("Host: x\r\nCookie: a=1; session=s=2;b=\"q\" ; c ;e=\r\ncookie: a=9; d=4\r\n");
    pws_str value;

    check_case("a cookie is found by its exact name");
    CHECK(pws_cookie(fields, "a", &value) && is(value, "1"));
    CHECK(pws_cookie(fields, "session", &value) && is(value, "s=2"));
    CHECK(pws_cookie(fields, "e", &value) && is(value, ""));
    CHECK(!pws_cookie(fields, "A", &value));
    CHECK(!pws_cookie(fields, "sess", &value));

    check_case("double quotes around the value of a cookie are taken off");
    CHECK(pws_cookie(fields, "b", &value) && is(value, "q"));
    CHECK(pws_cookie(TEXT("Cookie: a=\"\"\r\n"), "a", &value) && is(value, ""));
    CHECK(pws_cookie(TEXT("Cookie: a=\"\r\n"), "a", &value) && is(value, "\""));
    CHECK(pws_cookie(TEXT("Cookie: a=\"b\r\n"), "a", &value) && is(value, "\"b"));

    check_case("a cookie may stand in a further line");
    CHECK(pws_cookie(fields, "d", &value) && is(value, "4"));

    check_case("what is no pair is no cookie");
    CHECK(!pws_cookie(fields, "c", &value));
    CHECK(!pws_cookie(TEXT("X-Cookie: a=1\r\nCookie: \r\nCookie: ;;\r\n"), "a", &value));
    CHECK(!pws_cookie(pws_cstr(NULL), "a", &value));
    CHECK(!pws_cookie(fields, NULL, &value));
    CHECK(!pws_cookie(fields, "a", NULL));
}

/* Everything that looks into fields stays inside them, for any text of these characters. The copy
 * has no byte to spare, so that a sanitizer sees a read that goes too far. */
static void test_any_text(void) {
    static const char characters[] = "\r\n:a,\"\\;= \0";
    uint32_t state = 1;
    int round;

    check_case("strings stay inside the fields, whatever text these are");
    for (round = 0; round < 20000; round++) {
        size_t length = (size_t)(round % 24), i, elements = 0;
        char *text = (char *)malloc(length == 0 ? 1 : length);
        pws_str fields = {text, length}, element;
        pws_header header;
        pws_list list;

        CHECK(text != NULL);
        if (text == NULL)
            return;
        for (i = 0; i < length; i++) {
            state = state * 1664525U + 1013904223U;
            text[i] = characters[(state >> 16) % (sizeof characters - 1)];
        }
        list = pws_list_of(fields, "a");
        while (pws_list_next(&list, &element)) {
            CHECK(element.ptr >= text && element.ptr + element.len <= text + length);
            elements++;
        }
        CHECK(elements <= length);
        (void)pws_cookie(fields, "a", &element);
        while (pws_header_next(&fields, &header)) {
            CHECK(header.name.len > 0 && header.name.ptr >= text);
            CHECK(header.value.ptr + header.value.len <= text + length);
        }
        CHECK(fields.len == 0);
        free(text);
    }
}

int main(void) {
    test_headers();
    test_list();
    test_cookie();
    test_any_text();
    return check_end();
}
