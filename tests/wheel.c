/* The timing wheel of examples/wheel.h against a model that looks at each id. */
#include "wheel.h"

#include <string.h>

#include "check.h"

enum {
    IDS = 2000,
    OPERATIONS = 100000,
    HORIZON = (WHEEL_SLOTS - 1) * WHEEL_STEP, /* milliseconds that it reaches at least */
    HOUR = 3600000
};

static struct wheel wheel;
static struct wheel_link links[IDS];

/* The model: when each id was set to, when it was set; UINT64_MAX: not armed. */
static uint64_t deadlines[IDS], set_at[IDS], now;
static uint32_t armed, ids;
/* What was broken, counted so that a failing run stays readable. */
static uint32_t lost, late, early, strange, wrong_next;

static uint64_t seed;

static uint32_t random_below(uint32_t limit) {
    seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)((seed >> 33) % limit);
}

static void begin(uint32_t count, uint64_t start) {
    uint32_t id;

    ids = count;
    now = start;
    armed = 0;
    lost = late = early = strange = wrong_next = 0;
    memset(links, 0, sizeof links);
    wheel.links = links;
    wheel_init(&wheel, now);
    for (id = 0; id < ids; id++)
        deadlines[id] = UINT64_MAX;
}

static void set(uint32_t id, uint64_t deadline) {
    armed -= deadlines[id] != UINT64_MAX;
    armed += deadline != UINT64_MAX;
    deadlines[id] = deadline;
    set_at[id] = now;
    wheel_set(&wheel, id, deadline);
}

/* The end of the step in which a deadline lies. */
static uint64_t rounded(uint64_t deadline) {
    if (deadline > UINT64_MAX - WHEEL_STEP)
        return UINT64_MAX;
    return deadline / WHEEL_STEP * WHEEL_STEP + (deadline % WHEEL_STEP != 0 ? WHEEL_STEP : 0);
}

static int is_far(uint32_t id) {
    return deadlines[id] > set_at[id] && deadlines[id] - set_at[id] > HORIZON;
}

/* The first time by which the wheel must have looked again. */
static uint64_t model_next(void) {
    uint64_t next = UINT64_MAX;
    uint32_t id;

    for (id = 0; id < ids; id++)
        if (deadlines[id] != UINT64_MAX && (!is_far(id) && rounded(deadlines[id]) < next))
            next = rounded(deadlines[id]) > now ? rounded(deadlines[id]) : now;
    return next;
}

/* Takes one id and holds it against the model; 0 if there was none. */
static int take_one(void) {
    uint32_t id = wheel_take(&wheel, now);

    if (id == WHEEL_NONE)
        return 0;
    if (id >= ids || deadlines[id] == UINT64_MAX) {
        strange++;
        return 1;
    }
    if (deadlines[id] > now && !(is_far(id) && now - set_at[id] >= HORIZON))
        early++;
    deadlines[id] = UINT64_MAX;
    armed--;
    return 1;
}

/* After all is taken: nothing is left that should have come. */
static void look_for_late(void) {
    uint32_t id;

    for (id = 0; id < ids; id++)
        late += deadlines[id] != UINT64_MAX &&
                (deadlines[id] <= set_at[id] || rounded(deadlines[id]) <= now);
}

static void look_at_next(void) {
    uint64_t next = wheel_next(&wheel);

    wrong_next += next > model_next();
    wrong_next += armed == 0 ? next != UINT64_MAX : next > now + HORIZON + 2 * WHEEL_STEP;
}

static uint64_t random_deadline(void) {
    switch (random_below(8)) {
    case 0:
        return 0;
    case 1:
        return now;
    case 2:
        return now - (now == 0 ? 0 : random_below(2 * WHEEL_STEP) % now);
    case 3:
        return now + random_below(2 * WHEEL_STEP);
    case 4:
        return now + HORIZON - WHEEL_STEP + random_below(3 * WHEEL_STEP);
    case 5:
        return now + random_below(24 * HOUR);
    case 6:
        return UINT64_MAX - 1;
    default:
        return now + random_below(HORIZON);
    }
}

static uint64_t random_wait(void) {
    switch (random_below(50)) {
    case 0:
        return random_below(2 * HORIZON);
    case 1:
        return random_below(24 * HOUR);
    case 2:
        return HORIZON - WHEEL_STEP + random_below(3 * WHEEL_STEP);
    default:
        return random_below(3 * WHEEL_STEP);
    }
}

/* count: few let the wheel be empty often, many fill its rings. */
static void run_randomly(uint32_t count, uint64_t start) {
    uint32_t i, some;

    begin(count, start);
    for (i = 0; i < OPERATIONS / ids; i++) {
        for (some = random_below(ids); some > 0; some--)
            set(random_below(ids), random_below(4) == 0 ? UINT64_MAX : random_deadline());
        look_at_next();
        now += random_wait();
        for (some = random_below(ids); some > 0; some--)
            if (take_one() && random_below(4) == 0)
                set(random_below(ids), now + 1 + random_below(24 * HOUR));
        while (take_one())
            continue;
        look_for_late();
        look_at_next();
    }
    set(0, now + 1);
    now += UINT64_C(1) << 40;
    while (take_one())
        continue;
    for (i = 0; i < ids; i++)
        lost += deadlines[i] != UINT64_MAX && deadlines[i] <= now;
}

static void test_against_model(void) {
    static const uint32_t counts[] = {1, 2, 7, 100, IDS};
    static const uint64_t starts[] = {0, 5, 123456789, UINT64_MAX / 2};
    size_t i, j;

    for (i = 0; i < sizeof counts / sizeof *counts; i++) {
        for (j = 0; j < sizeof starts / sizeof *starts; j++) {
            check_case("random operations: nothing late, early, lost or made up");
            seed = i * 16 + j;
            run_randomly(counts[i], starts[j]);
            CHECK(lost == 0);
            CHECK(late == 0);
            CHECK(early == 0);
            CHECK(strange == 0);
            CHECK(wrong_next == 0);
            CHECK(armed == wheel.armed);
        }
    }
}

/* Follows wheel_next, as a loop does that waits for nothing else; returns how often it woke up. */
static uint32_t wait_for_one(uint64_t limit) {
    uint32_t wakes = 0;

    while (now < limit) {
        now = wheel_next(&wheel);
        wakes++;
        if (take_one())
            break;
    }
    return wakes;
}

static void test_waiting(void) {
    check_case("a loop that waits as told wakes once for a near deadline, and in its step");
    begin(8, 1000);
    set(3, 31001);
    CHECK(wait_for_one(HOUR) <= 2);
    CHECK(now >= 31001 && now < 31001 + WHEEL_STEP);
    CHECK(early == 0 && strange == 0);
    CHECK(wheel_next(&wheel) == UINT64_MAX);

    check_case("a deadline beyond the horizon comes out after the horizon");
    begin(8, 1000);
    set(3, HOUR);
    wait_for_one(HOUR);
    CHECK(now >= 1000 + HORIZON && now <= 1000 + HORIZON + 2 * WHEEL_STEP);
    CHECK(armed == 0);

    check_case("an id that was disarmed does not come out");
    begin(8, 0);
    set(1, 100);
    set(2, 100);
    set(3, 100);
    set(2, UINT64_MAX);
    CHECK(wheel_take(&wheel, 1000) == 1);
    CHECK(wheel_take(&wheel, 1000) == 3);
    CHECK(wheel_take(&wheel, 1000) == WHEEL_NONE);

    check_case("a deadline of 0 and one that has passed come out at once, without a step between");
    begin(8, 1001);
    set(0, 0);
    set(1, 1001);
    set(2, 1002);
    CHECK(wheel_next(&wheel) <= now);
    CHECK(wheel_take(&wheel, 1001) == 0);
    CHECK(wheel_take(&wheel, 1001) == 1);
    CHECK(wheel_take(&wheel, 1001) == WHEEL_NONE);

    check_case("an id that is set while others are taken after a long sleep does not come again");
    begin(8, 0);
    set(0, 10);
    set(1, 60000);
    CHECK(wheel_take(&wheel, 10 * HOUR) == 0);
    wheel_set(&wheel, 0, 10 * HOUR + 30000);
    CHECK(wheel_take(&wheel, 10 * HOUR) == 1);
    CHECK(wheel_take(&wheel, 10 * HOUR) == WHEEL_NONE);

    check_case("they come out in the order of their steps");
    begin(8, 0);
    set(5, 3000);
    set(6, 2000);
    set(7, 1000);
    CHECK(wheel_take(&wheel, 5000) == 7);
    CHECK(wheel_take(&wheel, 5000) == 6);
    CHECK(wheel_take(&wheel, 5000) == 5);

    check_case("an earlier time counts as the last");
    begin(8, 1000);
    set(0, 1500);
    set(1, 3000);
    CHECK(wheel_take(&wheel, 2000) == 0);
    CHECK(wheel_take(&wheel, 500) == WHEEL_NONE);
    wheel_set(&wheel, 0, 1900);
    CHECK(wheel_take(&wheel, 500) == 0);
    CHECK(wheel_take(&wheel, 3008) == 1);
}

/* 250 ids with a heartbeat of 30 s for an hour: each comes out each 30 s, and no more wakes than
 * there are ids. */
static void test_heartbeat(void) {
    uint32_t id, wakes = 0, beats = 0;

    check_case("a heartbeat beats in time for every id, and nothing else wakes the loop");
    begin(250, 0);
    for (id = 0; id < ids; id++)
        set(id, id * 120);
    while (now < HOUR) {
        now = wheel_next(&wheel);
        wakes++;
        while ((id = wheel_take(&wheel, now)) != WHEEL_NONE) {
            late += now - deadlines[id] > WHEEL_STEP;
            early += now < deadlines[id];
            beats++;
            set(id, now + 30000);
        }
    }
    CHECK(late == 0 && early == 0);
    CHECK(beats >= 250 * 119 && beats <= 250 * 121);
    CHECK(wakes <= beats + 1 + HOUR / HORIZON);
}

int main(void) {
    test_against_model();
    test_waiting();
    test_heartbeat();
    return check_end();
}
