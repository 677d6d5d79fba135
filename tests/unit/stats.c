/* pws_stats against its description in purews.h. Each expectation is a whole structure, so that a
 * number that changes where it should not fails as well; and each event comes twice, with other
 * bytes in the fields that its kind does not define. */
#include <string.h>

#include "../check.h"
#include "internal.h"

static pws_stats stats, expected;
static pws_event event, other_event;

static int is_expected(void) {
    return memcmp(&stats, &expected, sizeof stats) == 0;
}

static void begin(const char *name) {
    check_case(name);
    memset(&stats, 0, sizeof stats);
    memset(&expected, 0, sizeof expected);
}

/* Begins an event in which nothing but its kind is defined. */
static void begin_event(uint32_t kind) {
    memset(&event, 0x00, sizeof event);
    memset(&other_event, 0xFF, sizeof other_event);
    event.kind = other_event.kind = kind;
}

/* Counts the event; both of its forms must count for the same. */
static void count(void) {
    pws_stats copy = stats;

    pws_stats_event(&copy, &other_event);
    pws_stats_event(&stats, &event);
    CHECK(memcmp(&copy, &stats, sizeof stats) == 0);
}

static void count_message(uint32_t kind, uint32_t flags, size_t length, uint32_t frames) {
    begin_event(kind);
    event.flags = other_event.flags = flags;
    event.data.len = other_event.data.len = length;
    event.frames = other_event.frames = frames;
    count();
}

static void count_control(uint32_t kind, uint32_t frames, uint32_t rtt_ms) {
    begin_event(kind);
    event.frames = other_event.frames = frames;
    if (kind == PWS_PONG)
        event.rtt_ms = other_event.rtt_ms = rtt_ms;
    count();
}

static void count_write(uint32_t frames, uint32_t pings, uint32_t pongs) {
    begin_event(PWS_WRITE);
    event.frames = other_event.frames = frames;
    event.pings = other_event.pings = pings;
    event.pongs = other_event.pongs = pongs;
    count();
}

static void count_closed(int32_t error, uint32_t code, uint32_t sent_code) {
    begin_event(PWS_CLOSED);
    event.error = other_event.error = error;
    event.code = other_event.code = code;
    event.sent_code = other_event.sent_code = sent_code;
    count();
}

static void count_kind(uint32_t kind) {
    begin_event(kind);
    count();
}

static void count_round_trip(uint32_t ms) {
    count_control(PWS_PONG, 1, ms);
}

static void test_received(void) {
    begin("whole messages: their number, payload and frames");
    count_message(PWS_TEXT, PWS_FIRST | PWS_LAST, 5, 1);
    count_message(PWS_BINARY, PWS_FIRST | PWS_LAST, 70000, 3);
    count_message(PWS_TEXT, PWS_FIRST | PWS_LAST, 0, 1);
    expected.messages_in = 3;
    expected.payload_in = 70005;
    expected.frames_in = 5;
    CHECK(is_expected());

    begin("the parts of a message are one message, with the last");
    count_message(PWS_BINARY, PWS_FIRST, 100, 1);
    count_message(PWS_BINARY, 0, 50, 0);
    expected.payload_in = 150;
    expected.frames_in = 1;
    CHECK(is_expected());
    count_message(PWS_BINARY, PWS_LAST, 0, 2);
    expected.messages_in = 1;
    expected.frames_in = 3;
    CHECK(is_expected());

    begin("control frames are frames; Pings and Pongs have numbers of their own");
    count_control(PWS_PING, 1, 0);
    count_control(PWS_PING, 2, 0);
    expected.pings_in = 2;
    expected.frames_in = 3;
    CHECK(is_expected());
    count_control(PWS_CLOSE, 2, 0);
    expected.frames_in = 5;
    CHECK(is_expected());
    count_control(PWS_PONG, 1, UINT32_MAX);
    expected.pongs_in = 1;
    expected.frames_in = 6;
    CHECK(is_expected());
}

static void test_sent(void) {
    begin("written frames, and the Pings and Pongs of the library among them");
    count_write(7, 1, 4);
    count_write(0, 0, 0);
    count_write(1, 0, 1);
    expected.frames_out = 8;
    expected.pings_out = 1;
    expected.pongs_out = 5;
    CHECK(is_expected());

    begin("sent messages: their number and payload, compressed or not");
    pws_stats_sent(&stats, PWS_TEXT, 5);
    pws_stats_sent(&stats, PWS_BINARY | PWS_PLAIN, (uint64_t)1 << 40);
    expected.messages_out = 2;
    expected.payload_out = ((uint64_t)1 << 40) + 5;
    CHECK(is_expected());

    begin("the parts of a sent message are one message, with the last");
    pws_stats_sent(&stats, PWS_TEXT | PWS_MORE, 3);
    pws_stats_sent(&stats, PWS_TEXT | PWS_MORE | PWS_PLAIN, 4);
    expected.payload_out = 7;
    CHECK(is_expected());
    pws_stats_sent(&stats, PWS_TEXT, 1);
    expected.messages_out = 1;
    expected.payload_out = 8;
    CHECK(is_expected());

    begin("Pings and Pongs of the program are added to those of the library");
    count_write(3, 1, 1);
    pws_stats_sent(&stats, PWS_PING, 4);
    pws_stats_sent(&stats, PWS_PONG, 4);
    pws_stats_sent(&stats, PWS_PONG, 0);
    expected.frames_out = 3;
    expected.pings_out = 2;
    expected.pongs_out = 3;
    CHECK(is_expected());

    begin("what pws_send does not take is not counted");
    pws_stats_sent(&stats, PWS_CONTINUATION, 1);
    pws_stats_sent(&stats, PWS_CLOSE, 2);
    pws_stats_sent(&stats, PWS_WRITE, 3);
    pws_stats_sent(&stats, UINT32_MAX, 4);
    CHECK(is_expected());

    begin("bytes on the wire");
    pws_stats_read(&stats, 10);
    pws_stats_read(&stats, (uint64_t)1 << 40);
    pws_stats_wrote(&stats, 7);
    pws_stats_wrote(&stats, 0);
    pws_stats_wrote(&stats, 1);
    expected.wire_in = ((uint64_t)1 << 40) + 10;
    expected.wire_out = 8;
    CHECK(is_expected());
}

static void test_connections(void) {
    begin("connections that were opened and that were rejected");
    count_kind(PWS_OPEN);
    count_kind(PWS_OPEN);
    count_kind(PWS_REJECTED);
    expected.opened = 2;
    expected.rejected = 1;
    CHECK(is_expected());

    begin("the end of a connection: its error and the codes of both sides");
    count_closed(PWS_OK, 1000, 1000);
    expected.closed = 1;
    expected.errors[0] = 1;
    expected.closes_received[0] = 1;
    expected.closes_sent[0] = 1;
    CHECK(is_expected());
    count_closed(PWS_E_UTF8, 1006, 1007);
    expected.closed = 2;
    expected.errors[48] = 1;
    expected.closes_received[6] = 1;
    expected.closes_sent[7] = 1;
    CHECK(is_expected());
    count_closed(PWS_E_CODEC, 3000, 4999);
    expected.closed = 3;
    expected.errors[52] = 1;
    expected.closes_received[16] = 1;
    expected.closes_sent[17] = 1;
    CHECK(is_expected());

    begin("the largest error that has a place, and numbers without one");
    count_closed(PWS_ERROR_PLACES - 1, 1015, 1005);
    expected.closed = 1;
    expected.errors[PWS_ERROR_PLACES - 1] = 1;
    expected.closes_received[15] = 1;
    expected.closes_sent[5] = 1;
    CHECK(is_expected());
    count_closed(PWS_ERROR_PLACES, 2000, 5000);
    expected.closed = 2;
    CHECK(is_expected());
    count_closed(-1, 0, 999);
    expected.closed = 3;
    CHECK(is_expected());

    begin("the other kinds, and those that there are not, count for nothing");
    count_kind(PWS_CONTINUATION);
    count_kind(PWS_REQUEST);
    count_kind(PWS_NEED_WORK);
    count_kind(PWS_CLOSED + 1);
    count_kind(UINT32_MAX);
    CHECK(is_expected());
}

static void test_close_places(void) {
    uint32_t code, place, wrong = 0;

    check_case("every close code has its place, or none");
    for (code = 0; code <= 70000; code++) {
        place = PWS_CLOSE_PLACES;
        if (code >= 1000 && code < 1016)
            place = code % 1000;
        else if (code / 1000 == 3)
            place = 16;
        else if (code / 1000 == 4)
            place = 17;
        wrong += pws_stats_close_place(code) != place;
    }
    CHECK(wrong == 0);
    CHECK(pws_stats_close_place(UINT32_MAX) == PWS_CLOSE_PLACES);
}

static void test_round_trips(void) {
    begin("the first round trip is the last, the shortest, the longest and the smoothed one");
    count_round_trip(80);
    expected.frames_in = expected.pongs_in = 1;
    expected.rtt_last_ms = expected.rtt_min_ms = expected.rtt_max_ms = 80;
    expected.rtt_smoothed_us = 80000;
    pws_histogram_add(&expected.rtt, 80);
    CHECK(is_expected());

    check_case("the next changes the smoothed one by an eighth of the difference");
    count_round_trip(160);
    expected.frames_in = expected.pongs_in = 2;
    expected.rtt_last_ms = expected.rtt_max_ms = 160;
    expected.rtt_smoothed_us = 90000;
    pws_histogram_add(&expected.rtt, 160);
    CHECK(is_expected());

    check_case("a shorter one, and one between the shortest and the longest");
    count_round_trip(10);
    count_round_trip(80);
    expected.frames_in = expected.pongs_in = 4;
    expected.rtt_last_ms = 80;
    expected.rtt_min_ms = 10;
    expected.rtt_smoothed_us = 80000;
    pws_histogram_add(&expected.rtt, 10);
    pws_histogram_add(&expected.rtt, 80);
    CHECK(is_expected());

    check_case("a Pong that answers none of our Pings is no round trip");
    count_round_trip(UINT32_MAX);
    expected.frames_in = expected.pongs_in = 5;
    CHECK(is_expected());

    begin("a round trip in no time is one");
    count_round_trip(0);
    CHECK(stats.rtt.count == 1 && stats.rtt_min_ms == 0 && stats.rtt_smoothed_us == 0);
    count_round_trip(8);
    CHECK(stats.rtt_min_ms == 0 && stats.rtt_max_ms == 8 && stats.rtt_smoothed_us == 1000);

    begin("the longest that can be told does not overflow");
    count_round_trip(UINT32_MAX - 1);
    count_round_trip(UINT32_MAX - 1);
    CHECK(stats.rtt_max_ms == UINT32_MAX - 1);
    CHECK(stats.rtt_smoothed_us == (uint64_t)(UINT32_MAX - 1) * 1000);
}

/* Statistics of which no two numbers are the same, from this one on. Returns what would be next. */
static uint64_t number_all(pws_stats *all, uint64_t next) {
    uint64_t numbers[sizeof *all / sizeof(uint64_t)];
    size_t i;

    for (i = 0; i < sizeof numbers / sizeof *numbers; i++)
        numbers[i] = next++;
    memcpy(all, numbers, sizeof *all);
    return next;
}

/* The sum of two fields, wherever they are: all of them are uint64_t. */
static void expect_sums(const pws_stats *a, const pws_stats *b) {
    uint64_t to[sizeof expected / sizeof(uint64_t)], more[sizeof expected / sizeof(uint64_t)];
    size_t i;

    memcpy(to, a, sizeof to);
    memcpy(more, b, sizeof more);
    for (i = 0; i < sizeof to / sizeof *to; i++)
        to[i] += more[i];
    memcpy(&expected, to, sizeof expected);
}

/* What the smoothed round trip of so many becomes when so many others are added. */
static uint64_t smoothed(uint64_t us, uint64_t times, uint64_t other_us, uint64_t other_times) {
    pws_stats a, b;

    memset(&a, 0, sizeof a);
    memset(&b, 0, sizeof b);
    a.rtt_smoothed_us = us;
    a.rtt.count = times;
    b.rtt_smoothed_us = other_us;
    b.rtt.count = other_times;
    pws_stats_add(&a, &b);
    return a.rtt_smoothed_us;
}

static void test_add(void) {
    const uint64_t longest = (uint64_t)UINT32_MAX * 1000;
    uint64_t uneven;
    pws_stats other;

    begin("every number is added but those of round trips that are no counts");
    number_all(&other, number_all(&stats, 1000));
    stats.rtt.count = other.rtt.count = 4;
    stats.rtt_smoothed_us = 500;
    other.rtt_smoothed_us = 700;
    expect_sums(&stats, &other);
    expected.rtt_last_ms = other.rtt_last_ms;
    expected.rtt_min_ms = stats.rtt_min_ms;
    expected.rtt_max_ms = other.rtt_max_ms;
    expected.rtt_smoothed_us = 600;
    pws_stats_add(&stats, &other);
    CHECK(is_expected());

    begin("the shortest and the longest may be the other's or one's own");
    count_round_trip(20);
    count_round_trip(30);
    other = stats;
    other.rtt_min_ms = 10;
    other.rtt_max_ms = 25;
    pws_stats_add(&stats, &other);
    CHECK(stats.rtt_min_ms == 10 && stats.rtt_max_ms == 30);

    begin("what has counted nothing changes nothing");
    count_round_trip(20);
    memset(&other, 0, sizeof other);
    expected = stats;
    pws_stats_add(&stats, &other);
    CHECK(is_expected());

    begin("added to nothing, it is the same");
    count_round_trip(20);
    count_round_trip(30);
    count_closed(PWS_E_EOF, 1006, 1001);
    count_message(PWS_TEXT, PWS_FIRST | PWS_LAST, 5, 1);
    expected = stats;
    other = stats;
    memset(&stats, 0, sizeof stats);
    pws_stats_add(&stats, &other);
    CHECK(is_expected());

    check_case("smoothed round trips weigh as much as there are of them");
    CHECK(smoothed(1000, 1, 5000, 3) == 4000);
    CHECK(smoothed(1000, 3, 5000, 1) == 2000);
    CHECK(smoothed(0, 999, 1000000, 1) == 1000);

    check_case("however many and long they are, to about a millionth");
    CHECK(smoothed(1000, (uint64_t)1 << 40, 5000, (uint64_t)3 << 40) == 4000);
    CHECK(smoothed(1000, (uint64_t)3 << 62, 5000, (uint64_t)1 << 62) == 2000);
    CHECK(smoothed(longest, UINT64_MAX, longest, UINT64_MAX) == longest);
    CHECK(smoothed(longest, (1 << 20) - 1, longest, (1 << 20) - 1) == longest);
    CHECK(smoothed(1000, 1, 5000, UINT64_MAX) == 5000);
    CHECK(smoothed(1000, UINT64_MAX, 5000, 1) == 1000);
    uneven = smoothed(0, (1 << 20) - 1, longest, 1 << 20);
    CHECK(uneven >= longest / 2 && uneven - longest / 2 <= longest / 1000000);
}

static void test_null(void) {
    begin("NULL is ignored");
    begin_event(PWS_OPEN);
    pws_stats_event(NULL, &event);
    pws_stats_event(&stats, NULL);
    pws_stats_sent(NULL, PWS_TEXT, 1);
    pws_stats_read(NULL, 1);
    pws_stats_wrote(NULL, 1);
    pws_stats_add(NULL, &stats);
    pws_stats_add(&stats, NULL);
    CHECK(is_expected());
}

int main(void) {
    test_received();
    test_sent();
    test_connections();
    test_close_places();
    test_round_trips();
    test_add();
    test_null();
    return check_end();
}
