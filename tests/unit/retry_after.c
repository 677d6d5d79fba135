/* Retry-After: single values, then every day of 140 years in all three forms of a date. */
#include "../check.h"
#include "internal.h"

#include <string.h>

#define NEVER 123456789 /* what *ms holds before and, if it fails, after the call */

/* What the header line "Retry-After: value" of length bytes gives, at unix_seconds. */
static int32_t read_piece(const char *value, size_t length, uint64_t unix_seconds, uint64_t *ms) {
    static const char name[] = "Retry-After:";
    char line[200];
    pws_str fields = {NULL, 0};

    memcpy(line, name, sizeof name - 1);
    memcpy(line + sizeof name - 1, value, length);
    memcpy(line + sizeof name - 1 + length, "\r\n", 2);
    fields.ptr = line;
    fields.len = sizeof name - 1 + length + 2;
    *ms = NEVER;
    return pws_retry_after(fields, unix_seconds, ms);
}

/* 1 if the value gives that wait. */
static int gives(const char *value, uint64_t unix_seconds, uint64_t wanted) {
    uint64_t ms;

    return read_piece(value, strlen(value), unix_seconds, &ms) == PWS_OK && ms == wanted;
}

/* 1 if the value is neither seconds nor a date, and *ms is left alone. */
static int is_refused(const char *value) {
    uint64_t ms;

    return read_piece(value, strlen(value), 0, &ms) == PWS_E_HTTP && ms == NEVER;
}

static void test_seconds(void) {
    check_case("a number of seconds");
    CHECK(gives("120", 0, 120000));
    CHECK(gives("120", UINT64_MAX, 120000));
    CHECK(gives("0", 5, 0));
    CHECK(gives("007", 5, 7000));

    check_case("white space around it does not count");
    CHECK(gives(" 120", 0, 120000));
    CHECK(gives("\t 120 \t", 0, 120000));

    check_case("seconds that would overflow are as long as can be said");
    CHECK(gives("18446744073709551", 0, 18446744073709551000u));
    CHECK(gives("18446744073709552", 0, UINT64_MAX));
    CHECK(gives("18446744073709551616", 0, UINT64_MAX));
    CHECK(gives("99999999999999999999999999999999999999999999999999", 0, UINT64_MAX));
    CHECK(gives("000000000000000000000000000000000000000000000000012", 0, 12000));

    check_case("what only looks like a number");
    CHECK(is_refused(""));
    CHECK(is_refused("  "));
    CHECK(is_refused("-1"));
    CHECK(is_refused("+1"));
    CHECK(is_refused("1.5"));
    CHECK(is_refused("1e3"));
    CHECK(is_refused("0x10"));
    CHECK(is_refused("1 2"));
    CHECK(is_refused("120s"));
    CHECK(is_refused("120, 60"));
    CHECK(is_refused("99999999999999999999999999999999999999999999999999x"));
    CHECK(is_refused("/"));
    CHECK(is_refused(":"));
}

static void test_fields(void) {
    static const char head[] = "Server: x\r\nretry-AFTER: 3\r\nRetry-After: 4\r\n\r\n";
    pws_str fields = {head, sizeof head - 1}, other = {head, 11}, nothing = {NULL, 0};
    uint64_t ms = NEVER;

    check_case("the first Retry-After counts, whatever the case of its name");
    CHECK(pws_retry_after(fields, 0, &ms) == PWS_OK && ms == 3000);

    check_case("there may be none");
    ms = NEVER;
    CHECK(pws_retry_after(other, 0, &ms) == PWS_E_STATE && ms == NEVER);
    CHECK(pws_retry_after(nothing, 0, &ms) == PWS_E_STATE && ms == NEVER);

    check_case("no place for the answer");
    CHECK(pws_retry_after(fields, 0, NULL) == PWS_E_ARG);
    CHECK(pws_retry_after(nothing, 0, NULL) == PWS_E_ARG);
}

/* The same second in all three forms: those of RFC 9110 5.6.7, with its own wait of 37 seconds. */
static void test_dates(void) {
    static const uint64_t then = 784111777; /* from the command date */

    check_case("the three forms of a date");
    CHECK(gives("Sun, 06 Nov 1994 08:49:37 GMT", then - 37, 37000));
    CHECK(gives("Sunday, 06-Nov-94 08:49:37 GMT", then - 37, 37000));
    CHECK(gives("Sun Nov  6 08:49:37 1994", then - 37, 37000));
    CHECK(gives("Sun Nov 16 08:49:37 1994", then - 37, 864037000));
    CHECK(gives("Fri, 31 Dec 1999 23:59:59 GMT", 946684799 - 120, 120000));

    check_case("a date that has passed gives 0");
    CHECK(gives("Sun, 06 Nov 1994 08:49:37 GMT", then - 1, 1000));
    CHECK(gives("Sun, 06 Nov 1994 08:49:37 GMT", then, 0));
    CHECK(gives("Sun, 06 Nov 1994 08:49:37 GMT", then + 1, 0));
    CHECK(gives("Sun, 06 Nov 1994 08:49:37 GMT", UINT64_MAX, 0));
    CHECK(gives("Sunday, 06-Nov-94 08:49:37 GMT", then + 1, 0));
    CHECK(gives("Sun Nov  6 08:49:37 1994", then + 1, 0));

    check_case("the first and the last that can be written");
    CHECK(gives("Sat, 01 Jan 0000 00:00:00 GMT", 0, 0));
    CHECK(gives("Wed, 31 Dec 1969 23:59:59 GMT", 0, 0));
    CHECK(gives("Thu, 01 Jan 1970 00:00:01 GMT", 0, 1000));
    CHECK(gives("Fri, 31 Dec 9999 23:59:59 GMT", 0, 253402300799000));

    check_case("a leap second is the second after");
    CHECK(gives("Sat, 31 Dec 2016 23:59:60 GMT", 1483228799, 1000));

    check_case("white space around a date does not count");
    CHECK(gives(" \tSun, 06 Nov 1994 08:49:37 GMT\t ", then - 37, 37000));
    CHECK(gives(" Sun Nov  6 08:49:37 1994 ", then - 37, 37000));

    check_case("a wrong day of the week does not matter");
    CHECK(gives("Mon, 06 Nov 1994 08:49:37 GMT", then - 37, 37000));
    CHECK(gives("Saturday, 06-Nov-94 08:49:37 GMT", then - 37, 37000));
}

static void test_limits(void) {
    static const char next_century[] = "Tuesday, 29-Feb-00 00:00:00 GMT";
    uint64_t ms;

    check_case("months end when they end");
    CHECK(gives("Tue, 30 Apr 2024 00:00:00 GMT", 1714348800, 86400000));
    CHECK(is_refused("Wed, 31 Apr 2024 00:00:00 GMT"));
    CHECK(is_refused("Sun, 32 Jan 2024 00:00:00 GMT"));
    CHECK(is_refused("Sun, 00 Jan 2024 00:00:00 GMT"));
    CHECK(is_refused("Sun, 00 Mar 2024 00:00:00 GMT"));
    CHECK(is_refused("Sun Jan  0 00:00:00 2024"));
    CHECK(is_refused("Sun Jan 32 00:00:00 2024"));
    CHECK(is_refused("Sunday, 00-Jan-24 00:00:00 GMT"));
    CHECK(is_refused("Sunday, 32-Jan-24 00:00:00 GMT"));

    check_case("February has 29 days in a leap year only");
    CHECK(gives("Thu, 29 Feb 2024 00:00:00 GMT", 1709164800 - 1, 1000));
    CHECK(gives("Tue, 29 Feb 2000 00:00:00 GMT", 951782400 - 1, 1000));
    CHECK(is_refused("Fri, 30 Feb 2024 00:00:00 GMT"));
    CHECK(is_refused("Wed, 29 Feb 2023 00:00:00 GMT"));
    CHECK(is_refused("Mon, 29 Feb 2100 00:00:00 GMT"));
    CHECK(is_refused("Mon, 29 Feb 1900 00:00:00 GMT"));
    CHECK(gives("Tue, 29 Feb 2000 00:00:00 GMT", UINT64_MAX, 0));

    check_case("and in the century that a year with two digits turns out to be in");
    CHECK(gives("Tuesday, 29-Feb-00 00:00:00 GMT", 951782400 - 1, 1000));
    CHECK(gives("Tuesday, 29-Feb-00 00:00:00 GMT", 2493072000, 0)); /* 2049: not 2100 yet */
    CHECK(read_piece(next_century, strlen(next_century), 2556144000, &ms) == PWS_E_HTTP); /* 2051 */
    CHECK(is_refused("Monday, 29-Feb-23 00:00:00 GMT"));

    check_case("hours, minutes and seconds end when they end");
    CHECK(gives("Thu, 01 Jan 1970 23:00:00 GMT", 0, 82800000));
    CHECK(is_refused("Thu, 01 Jan 1970 24:00:00 GMT"));
    CHECK(gives("Thu, 01 Jan 1970 00:59:00 GMT", 0, 3540000));
    CHECK(is_refused("Thu, 01 Jan 1970 00:60:00 GMT"));
    CHECK(gives("Thu, 01 Jan 1970 00:00:60 GMT", 0, 60000));
    CHECK(is_refused("Thu, 01 Jan 1970 00:00:61 GMT"));
}

static void test_junk(void) {
    check_case("case, white space and zones are as the grammar has them");
    CHECK(is_refused("sun, 06 Nov 1994 08:49:37 GMT"));
    CHECK(is_refused("Sun, 06 NOV 1994 08:49:37 GMT"));
    CHECK(is_refused("Sun, 06 Nov 1994 08:49:37 gmt"));
    CHECK(is_refused("Sun, 06 Nov 1994 08:49:37 UTC"));
    CHECK(is_refused("Sun, 06 Nov 1994 08:49:37 +0000"));
    CHECK(is_refused("Sun, 06 Nov 1994 08:49:37"));
    CHECK(is_refused("Sun,06 Nov 1994 08:49:37 GMT"));
    CHECK(is_refused("Sun,  06 Nov 1994 08:49:37 GMT"));
    CHECK(is_refused("Sun,\t06 Nov 1994 08:49:37 GMT"));
    CHECK(is_refused("Sun Nov   6 08:49:37 1994"));
    CHECK(is_refused("Sun Nov 6 08:49:37 1994"));

    check_case("fields have as many digits as the grammar says");
    CHECK(is_refused("Sun, 6 Nov 1994 08:49:37 GMT"));
    CHECK(is_refused("Sun, 06 Nov 94 08:49:37 GMT"));
    CHECK(is_refused("Sun, 06 Nov 10994 08:49:37 GMT"));
    CHECK(is_refused("Sun, 06 Nov 1994 8:49:37 GMT"));
    CHECK(is_refused("Sun, 06 Nov 1994 08:49 GMT"));
    CHECK(is_refused("Sunday, 06-Nov-1994 08:49:37 GMT"));
    CHECK(is_refused("Sun Nov  6 08:49:37 94"));

    check_case("names are those of days and months, and the forms are not mixed");
    CHECK(is_refused("Foo, 06 Nov 1994 08:49:37 GMT"));
    CHECK(is_refused("Sun, 06 Foo 1994 08:49:37 GMT"));
    CHECK(is_refused("Sun, 06 11 1994 08:49:37 GMT"));
    CHECK(is_refused("Foo Nov  6 08:49:37 1994"));
    CHECK(is_refused("Sun Foo  6 08:49:37 1994"));
    CHECK(is_refused("Sun, 06-Nov-94 08:49:37 GMT"));
    CHECK(is_refused("Sunday, 06 Nov 1994 08:49:37 GMT"));
    CHECK(is_refused("Foday, 06-Nov-94 08:49:37 GMT"));
    CHECK(is_refused(", 06 Nov 1994 08:49:37 GMT"));
    CHECK(is_refused("Sun, 06  1994 08:49:37 GMT"));
    CHECK(is_refused("Sunday, 06-Foo-94 08:49:37 GMT"));
    CHECK(is_refused("Sunday Nov  6 08:49:37 1994"));
    CHECK(is_refused("1994-11-06T08:49:37Z"));
    CHECK(is_refused("soon"));
    CHECK(is_refused("\xC3\xA9"));
}

/* 1 if text of that length is neither seconds nor a date. */
static int is_junk(const char *text, size_t length) {
    uint64_t ms;

    return read_piece(text, length, 0, &ms) == PWS_E_HTTP && ms == NEVER;
}

/* 1 if text is digits alone, and so a number of seconds; white space around them does not count. */
static int is_number(const char *text, size_t length) {
    pws_str digits = {text, length};
    size_t i = 0;

    digits = pws_trim(digits);
    while (i < digits.len && pws_is_digit(digits.ptr[i]))
        i++;
    return i > 0 && i == digits.len;
}

/* A date with each of its characters exchanged (digits for letters, all else for '#'), with one
 * character more, and with every piece cut out of it. */
static void check_each_character(const char *date) {
    char text[64];
    size_t length = strlen(date), begin, end, left;

    for (begin = 0; begin < length; begin++) {
        memcpy(text, date, length);
        text[begin] = pws_is_digit(date[begin]) ? 'o' : '#';
        CHECK(is_junk(text, length));
        text[begin] = '\0';
        CHECK(is_junk(text, length));
    }
    memcpy(text, date, length);
    text[length] = '0';
    CHECK(is_junk(text, length + 1));
    text[length] = '\0';
    CHECK(is_junk(text, length + 1));
    for (begin = 0; begin < length; begin++)
        for (end = begin + 1; end <= length; end++) {
            left = length - (end - begin);
            memcpy(text, date, begin);
            memcpy(text + begin, date + end, length - end);
            CHECK(is_number(text, left) || is_junk(text, left));
        }
}

static void test_century(void) {
    static const uint64_t y1994 = 784111777;  /* 6 November 1994 08:49:37, which is 100 years */
    static const uint64_t y2094 = 3939871777; /* less one leap day before that of 2094 */
    static const uint64_t y2044 = 2362034977; /* and 50 years before it */

    check_case("two digits are the last century in which the date is at most 50 years ahead");
    CHECK(gives("Sunday, 06-Nov-94 08:49:37 GMT", y2044 - 1, 0));
    CHECK(gives("Sunday, 06-Nov-94 08:49:37 GMT", y2044, (y2094 - y2044) * 1000));
    CHECK(gives("Sunday, 06-Nov-94 08:49:37 GMT", y2044 + 1, (y2094 - y2044 - 1) * 1000));
    CHECK(gives("Sunday, 06-Nov-94 08:49:37 GMT", y2094, 0));
    CHECK(gives("Sunday, 06-Nov-94 08:49:37 GMT", y1994 - 1, 1000));

    check_case("so the next century may have begun");
    CHECK(gives("Friday, 01-Jan-00 00:00:09 GMT", 4102444799, 10000));
    CHECK(gives("Thursday, 31-Dec-99 23:59:59 GMT", 4102444800, 0));
    CHECK(gives("Saturday, 01-Jan-00 00:00:00 GMT", 946684799, 1000));

    check_case("by the calendar: 2396 begins before its 400th part of 400 years does");
    CHECK(gives("Monday, 01-Jan-46 00:00:09 GMT", 13443235210, 1577923199000));

    check_case("where a clock begins and where it ends");
    CHECK(gives("Wednesday, 01-Jan-20 00:00:00 GMT", 0, 1577836800000));
    CHECK(gives("Wednesday, 01-Jan-20 00:00:01 GMT", 0, 0));
    CHECK(gives("Friday, 01-Jan-21 00:00:00 GMT", 0, 0));
    CHECK(gives("Thursday, 01-Jan-70 00:00:02 GMT", 0, 2000));
}

/* The clock is cut at 2^63 - 1, which is past every date but those with two digits. */
static void test_end_of_time(void) {
    static const uint64_t most = 50 * (uint64_t)31622400 * 1000; /* 50 years, all of them leap */
    char date[40];
    uint64_t ms, last;
    unsigned year, waits = 0;

    check_case("no clock is so late that a date overflows");
    for (year = 0; year < 100; year++) {
        (void)snprintf(date, sizeof date, "Monday, 06-Nov-%02u 08:49:37 GMT", year);
        CHECK(read_piece(date, strlen(date), UINT64_MAX / 2, &last) == PWS_OK && last <= most);
        CHECK(read_piece(date, strlen(date), UINT64_MAX, &ms) == PWS_OK && ms == last);
        CHECK(read_piece(date, strlen(date), UINT64_MAX / 2 + 1, &ms) == PWS_OK && ms == last);
        waits += ms > 0;
        CHECK(read_piece(date, strlen(date), UINT64_MAX / 2 - 1, &ms) == PWS_OK && ms <= most);
        CHECK(last == 0 || ms == last + 1000);
    }
    CHECK(waits == 50);
}

/* ---- Every day, counted one after the other ---- */

static const char *const days[7] = {"Monday", "Tuesday",  "Wednesday", "Thursday",
                                    "Friday", "Saturday", "Sunday"};
static const char *const months[12] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                       "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

static unsigned month_length(unsigned year, unsigned month) {
    static const unsigned lengths[12] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

    if (month != 1)
        return lengths[month];
    return year % 400 == 0 || (year % 4 == 0 && year % 100 != 0) ? 29 : 28;
}

/* One day in each form, as it is seen 1000 seconds before. */
static void check_day(unsigned year, unsigned month, unsigned day, uint64_t number) {
    const char *weekday = days[(number + 3) % 7]; /* 1 January 1970 was a Thursday */
    uint64_t then = number * 86400 + number % 86400;
    unsigned clock = (unsigned)(number % 86400);
    unsigned hour = clock / 3600, minute = clock / 60 % 60, second = clock % 60;
    char text[64];

    (void)snprintf(text, sizeof text, "%.3s, %02u %s %04u %02u:%02u:%02u GMT", weekday, day,
                   months[month], year, hour, minute, second);
    CHECK(gives(text, then - 1000, 1000000));
    (void)snprintf(text, sizeof text, "%s, %02u-%s-%02u %02u:%02u:%02u GMT", weekday, day,
                   months[month], year % 100, hour, minute, second);
    CHECK(gives(text, then - 1000, 1000000));
    (void)snprintf(text, sizeof text, "%.3s %s %2u %02u:%02u:%02u %04u", weekday, months[month],
                   day, hour, minute, second, year);
    CHECK(gives(text, then - 1000, 1000000));
}

/* The day after the last of a month, in each form. */
static void check_month_end(unsigned year, unsigned month) {
    unsigned day = month_length(year, month) + 1;
    char text[64];

    (void)snprintf(text, sizeof text, "Mon, %02u %s %04u 00:00:00 GMT", day, months[month], year);
    CHECK(is_refused(text));
    (void)snprintf(text, sizeof text, "Monday, %02u-%s-%02u 00:00:00 GMT", day, months[month],
                   year % 100);
    CHECK(is_refused(text));
    (void)snprintf(text, sizeof text, "Mon %s %2u 00:00:00 %04u", months[month], day, year);
    CHECK(is_refused(text));
}

static void test_every_day(void) {
    unsigned year, month, day;
    uint64_t number = 0;

    check_case("every day from 1970 to 2109, in each form");
    for (year = 1970; year < 2110; year++)
        for (month = 0; month < 12; month++)
            for (day = 1; day <= month_length(year, month); day++, number++)
                if (number > 0) /* the first can't be seen 1000 seconds before */
                    check_day(year, month, day, number);
    CHECK(number == 51134);

    check_case("and not one more in any month from 1970 to 2020");
    for (year = 1970; year <= 2020; year++)
        for (month = 0; month < 12; month++)
            check_month_end(year, month);
}

int main(void) {
    test_seconds();
    test_fields();
    test_dates();
    test_limits();
    test_junk();

    check_case("no character can be missing, added or another");
    check_each_character("Sun, 06 Nov 1994 08:49:37 GMT");
    check_each_character("Sunday, 06-Nov-94 08:49:37 GMT");
    check_each_character("Wednesday, 16-Mar-94 08:49:37 GMT");
    check_each_character("Sun Nov 16 08:49:37 1994");

    test_century();
    test_end_of_time();
    test_every_day();
    return check_end();
}
