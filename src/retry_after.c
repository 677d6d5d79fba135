/* Companion: Retry-After (RFC 9110 10.2.3), a number of seconds or a date (RFC 9110 5.6.7). */
#include "internal.h"

/* The Gregorian calendar, reckoned from the beginning of the year 0. */
enum {
    PWS_DATE_DAY = 86400,     /* seconds */
    PWS_DATE_YEAR = 31556952, /* seconds, on average over 400 years */
    PWS_DATE_1970 = 719528    /* days before 1 January 1970 */
};

typedef struct pws_date {
    uint64_t year, month, day; /* month and day from 1 on */
    uint64_t hour, minute, second;
} pws_date;

/* ---- Reckoning ---- */

static int pws_date_is_leap(uint64_t year) {
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

/* Days of the year before the end of a month. */
static uint64_t pws_date_month_end(uint64_t year, uint64_t month) {
    static const uint16_t ends[13] = {0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365};
    uint64_t days = ends[month];

    if (month >= 2 && pws_date_is_leap(year))
        days++;
    return days;
}

/* second is 60 in a leap second, which Unix time does not know: there it is the next minute. */
static int pws_date_ok(const pws_date *date) {
    uint64_t begin = pws_date_month_end(date->year, date->month - 1);

    return date->day >= 1 && date->day <= pws_date_month_end(date->year, date->month) - begin &&
           date->hour <= 23 && date->minute <= 59 && date->second <= 60;
}

/* Seconds since the beginning of the year 0, which is a leap year. */
static uint64_t pws_date_seconds(const pws_date *date) {
    uint64_t year = date->year;
    uint64_t days = 365 * year + (year + 3) / 4 - (year + 99) / 100 + (year + 399) / 400;

    days = days + pws_date_month_end(year, date->month - 1) + date->day - 1;
    return days * PWS_DATE_DAY + date->hour * 3600 + date->minute * 60 + date->second;
}

/* Finds the century of a year with two digits: the last in which the date is not more than 50 years
 * ahead (RFC 9110 5.6.7). The division may miss the year of now by one, hence not 50 but 51. */
static void pws_date_expand(pws_date *date, uint64_t now) {
    uint64_t last = now / PWS_DATE_YEAR + 51;
    pws_date earlier = *date;

    date->year = last - (last - date->year) % 100;
    earlier.year = date->year - 50;
    if (pws_date_seconds(&earlier) > now)
        date->year -= 100;
}

/* ---- Reading: what takes from *rest returns 0 if that does not begin so ---- */

static int pws_date_text(pws_str *rest, pws_str text) {
    if (rest->len < text.len || !pws_str_equal(pws_part(*rest, 0, text.len), text))
        return 0;
    *rest = pws_part(*rest, text.len, rest->len);
    return 1;
}

/* Returns which of the names it is, from 1 on. They are case-sensitive. */
static uint64_t pws_date_name(pws_str *rest, const char *names) {
    pws_str left = pws_cstr(names), name;
    uint64_t number = 1;

    for (; pws_word_next(&left, &name); number++)
        if (pws_date_text(rest, name))
            return number;
    return 0;
}

static int pws_date_number(pws_str *rest, size_t digits, uint64_t *number) {
    size_t i;

    if (rest->len < digits)
        return 0;
    *number = 0;
    for (i = 0; i < digits; i++) {
        if (!pws_is_digit(rest->ptr[i]))
            return 0;
        *number = 10 * *number + (uint64_t)(rest->ptr[i] - '0');
    }
    *rest = pws_part(*rest, digits, rest->len);
    return 1;
}

/* The letters are those of strptime. The name of a day need not be that of the date: who is wrong
 * about it may still be right about when. */
static int pws_date_field(pws_str *rest, char letter, pws_date *date) {
    switch (letter) {
    case 'a':
        return pws_date_name(rest, "Mon Tue Wed Thu Fri Sat Sun") != 0;
    case 'A':
        return pws_date_name(rest, "Monday Tuesday Wednesday Thursday Friday Saturday Sunday") != 0;
    case 'b':
        date->month = pws_date_name(rest, "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec");
        return date->month != 0;
    case 'd':
        return pws_date_number(rest, 2, &date->day);
    case 'e':
        return pws_date_number(rest, pws_date_text(rest, pws_cstr(" ")) ? 1 : 2, &date->day);
    case 'H':
        return pws_date_number(rest, 2, &date->hour);
    case 'M':
        return pws_date_number(rest, 2, &date->minute);
    case 'S':
        return pws_date_number(rest, 2, &date->second);
    case 'y':
        return pws_date_number(rest, 2, &date->year);
    default: /* Y */
        return pws_date_number(rest, 4, &date->year);
    }
}

/* 1 if text has that form from end to end: fields where a percent sign stands, and all else as it
 * is. */
static int pws_date_match(pws_str text, const char *form, pws_date *date) {
    pws_str left = pws_cstr(form);
    int good = 1;

    while (good && left.len > 0) {
        size_t length = left.ptr[0] == '%' ? 2 : 1;

        good = length == 2 ? pws_date_field(&text, left.ptr[1], date)
                           : pws_date_text(&text, pws_part(left, 0, 1));
        left = pws_part(left, length, left.len);
    }
    return good && text.len == 0;
}

/* HTTP-date: IMF-fixdate, the date of asctime, the date of RFC 850. now counts from the year 0. */
static int pws_date_read(pws_str text, uint64_t now, pws_date *date) {
    if (pws_date_match(text, "%a, %d %b %Y %H:%M:%S GMT", date) ||
        pws_date_match(text, "%a %b %e %H:%M:%S %Y", date))
        return pws_date_ok(date);
    if (!pws_date_match(text, "%A, %d-%b-%y %H:%M:%S GMT", date))
        return 0;
    pws_date_expand(date, now);
    return pws_date_ok(date);
}

/* delay-seconds, in milliseconds. What would overflow becomes UINT64_MAX. */
static int pws_delay_read(pws_str text, uint64_t *ms) {
    uint64_t seconds = 0;
    size_t i;

    for (i = 0; i < text.len; i++) {
        if (!pws_is_digit(text.ptr[i]))
            return 0;
        if (seconds <= UINT64_MAX / 1000)
            seconds = 10 * seconds + (uint64_t)(text.ptr[i] - '0');
    }
    if (text.len == 0)
        return 0;
    *ms = seconds <= UINT64_MAX / 1000 ? 1000 * seconds : UINT64_MAX;
    return 1;
}

/* The clock is cut to half its range, 290 billion years, so that dates around it can be reckoned
 * with. */
int32_t pws_retry_after(pws_str fields, uint64_t unix_seconds, uint64_t *ms) {
    uint64_t now = (uint64_t)PWS_DATE_1970 * PWS_DATE_DAY, then;
    pws_date date;
    pws_str value;

    if (ms == NULL)
        return PWS_E_ARG;
    if (!pws_header_find(fields, "Retry-After", &value))
        return PWS_E_STATE;
    if (pws_delay_read(value, ms))
        return PWS_OK;
    now += unix_seconds < UINT64_MAX / 2 ? unix_seconds : UINT64_MAX / 2;
    if (!pws_date_read(value, now, &date))
        return PWS_E_HTTP;
    then = pws_date_seconds(&date);
    *ms = then > now ? 1000 * (then - now) : 0;
    return PWS_OK;
}
