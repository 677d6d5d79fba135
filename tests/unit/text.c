/* Comparing and classifying text. */
#include "../check.h"
#include "internal.h"

#include <string.h>

#define TEXT(literal) ((pws_str){(literal), sizeof(literal) - 1})

static const pws_str nothing = {NULL, 0};

static int is(pws_str text, const char *wanted) {
    return pws_str_equal(text, pws_cstr(wanted));
}

/* The elements that next takes off text, each in brackets. */
static const char *elements(int (*next)(pws_str *, pws_str *), pws_str text) {
    static char all[256];
    size_t length = 0;
    pws_str element;

    while (next(&text, &element)) {
        all[length++] = '[';
        memcpy(all + length, element.ptr, element.len);
        length += element.len;
        all[length++] = ']';
    }
    all[length] = '\0';
    return all;
}

static void test_equality(void) {
    check_case("text is equal to the letter");
    CHECK(pws_str_equal(TEXT("chat"), pws_cstr("chat")));
    CHECK(!pws_str_equal(TEXT("chat"), TEXT("Chat")));
    CHECK(!pws_str_equal(TEXT("chat"), TEXT("chats")));
    CHECK(!pws_str_equal(TEXT("a\0b"), TEXT("a\0c")));
    CHECK(pws_str_equal(nothing, TEXT("")));

    check_case("text is equal whatever its case, in ASCII only");
    CHECK(pws_str_equal_nocase(TEXT("WebSocket"), TEXT("wEBsOCKET")));
    CHECK(pws_str_equal_nocase(TEXT("AZaz"), TEXT("azAZ")));
    CHECK(!pws_str_equal_nocase(TEXT("websocket"), TEXT("websocke")));
    CHECK(!pws_str_equal_nocase(TEXT("\xC4"), TEXT("\xE4")));
    CHECK(!pws_str_equal_nocase(TEXT("@[`{"), TEXT("`{@[")));
    CHECK(pws_str_equal_nocase(nothing, nothing));

    check_case("a header is known by its whole name, whatever its case");
    CHECK(PWS_IS_NAMED(TEXT("HOST"), "Host"));
    CHECK(!PWS_IS_NAMED(TEXT("Hos"), "Host"));
    CHECK(!PWS_IS_NAMED(TEXT("Hosts"), "Host"));
    CHECK(!PWS_IS_NAMED(TEXT("Host\0"), "Host"));
    CHECK(!PWS_IS_NAMED(nothing, "Host"));

    check_case("a C string becomes text without its NUL, NULL becomes nothing");
    CHECK(pws_cstr("abc").len == 3);
    CHECK(pws_cstr("").ptr != NULL && pws_cstr("").len == 0);
    CHECK(pws_cstr(NULL).ptr == NULL && pws_cstr(NULL).len == 0);
}

static void test_classes(void) {
    static const char marks[] = "!#$%&'*+-.^_`|~";
    int c;

    check_case("a tchar is a letter, a digit or one of fifteen marks (RFC 9110 5.6.2)");
    for (c = 0; c < 256; c++) {
        int wanted = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                     (c != 0 && strchr(marks, c) != NULL);
        CHECK(pws_is_tchar((char)c) == wanted);
    }

    check_case(
        "visible ASCII is 0x21 to 0x7E, a field value may have HTAB, SP and 0x80 to 0xFF too");
    for (c = 0; c < 256; c++) {
        char byte = (char)c;
        pws_str text = {&byte, 1};
        CHECK(pws_is_visible(text) == (c >= 0x21 && c <= 0x7E));
        CHECK(pws_is_field_value(text) == (c == '\t' || (c >= ' ' && c != 0x7F)));
    }

    check_case("a token and visible text have one character at least, a field value may have none");
    CHECK(pws_is_token(TEXT("chat.v2")));
    CHECK(!pws_is_token(TEXT("chat v2")));
    CHECK(!pws_is_token(nothing));
    CHECK(!pws_is_visible(nothing));
    CHECK(pws_is_field_value(nothing));

    check_case("text is missing if it has a length but no characters");
    CHECK(pws_is_missing((pws_str){NULL, 1}));
    CHECK(!pws_is_missing(nothing));
    CHECK(!pws_is_missing(TEXT("x")));
}

/* Words and blocks are looked at as a whole, so each place of a text has its turn. */
static void test_places(void) {
    char a[48], b[48];
    size_t length, at;
    int c;

    check_case("a token ends at the first character that is none, wherever it stands");
    for (at = 0; at < sizeof a; at++)
        for (c = 0; c < 256; c++) {
            memset(a, c % 2 == 0 ? 'x' : '~', sizeof a);
            a[at] = (char)c;
            CHECK(pws_token_span((pws_str){a, sizeof a}) ==
                  (pws_is_tchar((char)c) ? sizeof a : at));
            CHECK(pws_token_span((pws_str){a, at}) == at);
        }

    check_case("text differs in one character, wherever it stands");
    for (length = 0; length < sizeof a; length++) {
        memset(a, 'x', sizeof a);
        memcpy(b, a, sizeof b);
        CHECK(pws_str_equal((pws_str){a, length}, (pws_str){b, length}));
        for (at = 0; at < sizeof a; at++) {
            b[at] = 'y';
            CHECK(pws_str_equal((pws_str){a, length}, (pws_str){b, length}) == (at >= length));
            b[at] = 'X';
            CHECK(pws_str_equal_nocase((pws_str){a, length}, (pws_str){b, length}));
            b[at] = 'x';
        }
    }
}

static void test_parts(void) {
    check_case("parts of text, and of nothing");
    CHECK(is(pws_part(TEXT("abcdef"), 2, 4), "cd"));
    CHECK(pws_part(nothing, 0, 0).ptr == NULL);
    CHECK(pws_index_of(TEXT("a:b:c"), ':') == 1);
    CHECK(pws_index_of(TEXT("abc"), ':') == 3);
    CHECK(pws_index_of(nothing, ':') == 0);

    check_case("trimming takes SP and HTAB from both ends and nothing else");
    CHECK(is(pws_trim(TEXT(" \t a b\t ")), "a b"));
    CHECK(is(pws_trim(TEXT("\ra\n")), "\ra\n"));
    CHECK(pws_trim(TEXT(" \t ")).len == 0);
    CHECK(pws_trim(nothing).len == 0);
}

static void test_lists(void) {
    check_case("words are separated by commas and white space in any number");
    CHECK(strcmp(elements(pws_word_next, TEXT("a,b c\td , ,e")), "[a][b][c][d][e]") == 0);
    CHECK(strcmp(elements(pws_word_next, TEXT(" , ")), "") == 0);
    CHECK(strcmp(elements(pws_word_next, nothing), "") == 0);

    check_case("elements are separated by commas, trimmed, and empty ones left out");
    CHECK(strcmp(elements(pws_element_next, TEXT(" a b ,, c\t,")), "[a b][c]") == 0);
    CHECK(strcmp(elements(pws_element_next, TEXT(", ,")), "") == 0);
    CHECK(strcmp(elements(pws_element_next, nothing), "") == 0);

    check_case("a comma in a quoted string does not separate, an escaped quote does not end it");
    CHECK(strcmp(elements(pws_element_next, TEXT("a;x=\"1,2\", b")), "[a;x=\"1,2\"][b]") == 0);
    CHECK(strcmp(elements(pws_element_next, TEXT("\"a\\\",b\",c")), "[\"a\\\",b\"][c]") == 0);
    CHECK(strcmp(elements(pws_element_next, TEXT("\"a\\\\\",b")), "[\"a\\\\\"][b]") == 0);
    CHECK(strcmp(elements(pws_element_next, TEXT("a\\,b")), "[a\\][b]") == 0);

    check_case("a quoted string that does not end goes on to the end of the line");
    CHECK(strcmp(elements(pws_element_next, TEXT("a,\"b,c")), "[a][\"b,c]") == 0);
    CHECK(strcmp(elements(pws_element_next, TEXT("\"a\\")), "[\"a\\]") == 0);
}

int main(void) {
    test_equality();
    test_classes();
    test_places();
    test_parts();
    test_lists();
    return check_end();
}
