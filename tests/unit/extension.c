/* Taking an extension apart (RFC 6455 9.1). Which are malformed: handshake.c. */
#include "../check.h"
#include "internal.h"

#include <string.h>

#define TEXT(literal) ((pws_str){(literal), sizeof(literal) - 1})
#define COUNT(table) (sizeof(table) / sizeof *(table))

/* An extension and its parts, each behind a bar: its name, then name[=value] of each parameter. */
typedef struct extension {
    const char *name, *text, *parts;
} extension;

static const extension extensions[] = {
    {"a name alone", "a", "|a"},
    {"a parameter without a value", "a;b", "|a|b"},
    {"a parameter with a value", "a;b=c", "|a|b=c"},
    {"several parameters", "a;b;c=1;b=2", "|a|b|c=1|b=2"},
    {"white space between all parts", "a \t;\tb = c ;  d ; e\t=\tf", "|a|b=c|d|e=f"},
    {"a value in quotes", "a; b=\"c\"; d", "|a|b=\"c\"|d"},
    {"a value in quotes with escapes", "a; b = \"\\c\\d\" ; e", "|a|b=\"\\c\\d\"|e"},
};

/* Whether text is one extension, the only one of its list. */
static int is_extension(pws_str text) {
    pws_str found;

    return pws_extension_next(&text, &found) && found.ptr != NULL && text.len == 0;
}

static void test_parts(void) {
    size_t i;
    for (i = 0; i < COUNT(extensions); i++) {
        pws_str rest = pws_cstr(extensions[i].text), name, value;
        uint8_t memory[128];
        pws_writer out = {memory, sizeof memory, 0, 0};

        check_case(extensions[i].name);
        CHECK(is_extension(rest));
        pws_put_text(&out, "|");
        pws_put(&out, pws_extension_name(&rest));
        while (pws_extension_parameter(&rest, &name, &value)) {
            pws_put_text(&out, "|");
            pws_put(&out, name);
            CHECK((value.ptr == NULL) == (value.len == 0));
            if (value.len > 0)
                pws_put_text(&out, "=");
            pws_put(&out, value);
        }
        CHECK(out.length == strlen(extensions[i].parts));
        CHECK(memcmp(memory, extensions[i].parts, out.length) == 0);
    }
}

static void test_malformed(void) {
    static const char *const malformed[] = {
        "",       ";",          "a;",         "a;;b",        "a b",          "a=1",
        "a;=1",   "a;b=",       "a;b= ;c",    "a;b=1=2",     "a;b=\"\"",     "a;b=\"c",
        "a;b=\"", "a;b=\"\\\"", "a;b=\"c\"d", "a;b=\"c d\"", "a;b=\"\\\"\"", "a;b=\"\\\\\"",
        "a;b c",  "\"a\"",      "a;\"b\"",
    };
    size_t i;
    check_case("what the grammar has not is no extension");
    for (i = 0; i < COUNT(malformed); i++)
        CHECK(!is_extension(pws_cstr(malformed[i])));
}

int main(void) {
    test_parts();
    test_malformed();
    return check_end();
}
