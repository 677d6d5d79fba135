/* The test harness: a named case passes if all its CHECKs hold. Every test program ends with the
 * line "N passed, N failed", which tests/check.sh adds up. */
#ifndef CHECK_H
#define CHECK_H

#include <stdio.h>

static int check_passed, check_failed, check_broken;
static const char *check_name;

static void check_close_case(void) {
    if (check_name == NULL)
        return;
    if (check_broken)
        check_failed++;
    else
        check_passed++;
    check_broken = 0;
    check_name = NULL;
}

/* Begins the next case; name says the behaviour that it shows. */
static void check_case(const char *name) {
    check_close_case();
    check_name = name;
}

static void check_that(int holds, const char *text, const char *file, int line) {
    if (holds)
        return;
    if (!check_broken)
        printf("FAILED %s\n", check_name);
    printf("    %s:%d: %s\n", file, line, text);
    check_broken = 1;
}

#define CHECK(condition) check_that((condition) ? 1 : 0, #condition, __FILE__, __LINE__)

/* Prints the closing line; the exit status of main. */
static int check_end(void) {
    check_close_case();
    printf("%d passed, %d failed\n", check_passed, check_failed);
    return check_failed != 0;
}

#endif
