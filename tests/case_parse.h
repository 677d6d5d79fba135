/* A file being read: what case_parse.c, case_items.c and case_names.c share. */
#ifndef CASE_PARSE_H
#define CASE_PARSE_H

#include "case.h"

/* A byte string that the file has named with let. */
struct definition {
    char name[32];
    struct pattern value;
};

struct parser {
    const char *file;
    const char *pos, *end; /* what is left of the logical line */
    int line;
    struct suite *suite;
    struct test_case *test; /* the case being read, or NULL */
    struct definition *definitions;
    size_t definition_count;
};

enum {
    ALLOW_ACCEPT = 1, /* $accept, in what is fed */
    ALLOW_OUTPUT = 2  /* {? }, $key, $close, $line and $deflated, in what is expected */
};

/* ---- case_names.c ---- */

struct name {
    const char *text;
    uint32_t number;
};

/* Each ends with a NULL. */
extern const struct name error_names[], event_names[], state_names[], call_names[];

/* ---- case_items.c ---- */

/* Ends the program with status 2 and one line: file, line and what is wrong. */
void malformed(const struct parser *p, const char *format, ...);

int is_space(char c);
int is_digit(char c);

/* Goes over white space and comments; 1 if nothing follows. */
int at_end(struct parser *p);
void expect_end(struct parser *p);

/* 1 if the next word is this one; then it is taken. */
int take_word(struct parser *p, const char *word);
/* what says in an error what was expected. */
void read_word(struct parser *p, char *word, size_t capacity, const char *what);
uint32_t read_name(struct parser *p, const struct name *names, const char *what);
uint64_t read_number(struct parser *p, uint64_t most, const char *what);

/* 1 for the names behind $ that have a meaning of their own. */
int is_reserved(const char *name);
/* Items up to the end of the line, to a field, or to a "->". */
void read_items(struct parser *p, struct pattern *out, unsigned allowed);
/* One item as a C string, which is what pws_config wants. */
char *read_text(struct parser *p);
/* name="value", for the names in the list, which begins and ends with a space. */
void read_fields(struct parser *p, struct step *step, const char *names);

#endif
