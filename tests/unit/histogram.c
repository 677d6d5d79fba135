/* pws_histogram against its description in purews.h: which values each bucket has, and quantiles as
 * the smallest limit that enough of the values do not exceed. */
#include <string.h>

#include "../check.h"
#include "internal.h"

static pws_histogram histogram;

static void begin(const char *name) {
    check_case(name);
    memset(&histogram, 0, sizeof histogram);
}

/* The bucket that the library puts a value into. */
static uint32_t bucket_of(uint64_t value) {
    pws_histogram one;
    uint32_t bucket, found = PWS_BUCKETS;

    memset(&one, 0, sizeof one);
    pws_histogram_add(&one, value);
    for (bucket = 0; bucket < PWS_BUCKETS; bucket++)
        if (one.counts[bucket] == 1 && found == PWS_BUCKETS)
            found = bucket;
        else if (one.counts[bucket] != 0)
            return PWS_BUCKETS;
    return found;
}

/* How many of the values are in the buckets up to the one with this limit. */
static uint64_t up_to(uint64_t limit) {
    uint64_t seen = 0;
    uint32_t bucket;

    for (bucket = 0; bucket < PWS_BUCKETS && pws_histogram_limit(bucket) <= limit; bucket++)
        seen += histogram.counts[bucket];
    return seen;
}

/* Whether the quantile is what it is defined to be; for counts so small that nothing overflows. */
static int quantile_is_right(uint32_t per_mille) {
    uint64_t wanted = histogram.count * per_mille;
    uint64_t found = pws_histogram_quantile(&histogram, per_mille);
    uint32_t bucket = bucket_of(found);

    if (found != pws_histogram_limit(bucket) || up_to(found) * 1000 < wanted)
        return 0;
    return bucket == 0 || up_to(pws_histogram_limit(bucket - 1)) * 1000 < wanted;
}

/* Values that were counted so often, without counting each. */
static void put(uint32_t bucket, uint64_t times) {
    histogram.counts[bucket] += times;
    histogram.count += times;
}

static void test_limits(void) {
    static const uint64_t first[] = {0, 1, 2, 3, 4, 5, 6, 7, 9, 11, 13, 15, 19, 23, 27, 31, 39};
    uint64_t power, quarter, before, limit;
    uint32_t bucket, wrong;

    check_case("the first limits are those of the header");
    for (bucket = 0; bucket < sizeof first / sizeof *first; bucket++)
        CHECK(pws_histogram_limit(bucket) == first[bucket]);

    check_case("from 4 on, each power of two is cut into four equal buckets");
    wrong = 0;
    bucket = 4;
    for (power = 4; bucket < PWS_BUCKETS; power *= 2)
        for (quarter = 1; quarter <= 4; quarter++, bucket++)
            if (bucket < PWS_BUCKETS - 1)
                wrong += pws_histogram_limit(bucket) != power + quarter * (power / 4) - 1;
    CHECK(wrong == 0);
    CHECK(pws_histogram_limit(PWS_BUCKETS - 2) == 29360127);

    check_case("the last bucket has no limit, nor has one that is none");
    CHECK(pws_histogram_limit(PWS_BUCKETS - 1) == UINT64_MAX);
    CHECK(pws_histogram_limit(PWS_BUCKETS) == UINT64_MAX);
    CHECK(pws_histogram_limit(UINT32_MAX) == UINT64_MAX);

    check_case("no bucket but the last is wider than a quarter of its values");
    wrong = 0;
    for (bucket = 4; bucket < PWS_BUCKETS - 1; bucket++) {
        before = pws_histogram_limit(bucket - 1);
        limit = pws_histogram_limit(bucket);
        wrong += limit <= before || limit - before > (before + 1) / 4;
    }
    CHECK(wrong == 0);
}

static void test_add(void) {
    uint64_t value;
    uint32_t bucket, wrong;

    check_case("each limit belongs into its bucket, and one more into the next");
    wrong = 0;
    for (bucket = 0; bucket < PWS_BUCKETS - 1; bucket++) {
        wrong += bucket_of(pws_histogram_limit(bucket)) != bucket;
        wrong += bucket_of(pws_histogram_limit(bucket) + 1) != bucket + 1;
    }
    CHECK(wrong == 0);
    CHECK(bucket_of(UINT64_MAX) == PWS_BUCKETS - 1);

    check_case("each value belongs into the first bucket whose limit it does not exceed");
    wrong = 0;
    bucket = 0;
    for (value = 0; value < 100000; value++) {
        if (value > pws_histogram_limit(bucket))
            bucket++;
        wrong += bucket_of(value) != bucket;
    }
    CHECK(wrong == 0);

    check_case("each power of two above the last limit belongs into the last bucket");
    wrong = 0;
    for (value = (uint64_t)1 << 25; value != 0; value <<= 1)
        wrong += bucket_of(value) != PWS_BUCKETS - 1;
    CHECK(wrong == 0);

    begin("values are counted and summed up");
    pws_histogram_add(&histogram, 0);
    pws_histogram_add(&histogram, 8);
    pws_histogram_add(&histogram, 9);
    pws_histogram_add(&histogram, (uint64_t)1 << 40);
    CHECK(histogram.count == 4);
    CHECK(histogram.sum == ((uint64_t)1 << 40) + 17);
    CHECK(histogram.counts[0] == 1);
    CHECK(histogram.counts[8] == 2);
    CHECK(histogram.counts[PWS_BUCKETS - 1] == 1);
}

static void test_quantile(void) {
    uint32_t per_mille, wrong, i, noise = 1;

    begin("nothing was counted: 0");
    CHECK(pws_histogram_quantile(&histogram, 0) == 0);
    CHECK(pws_histogram_quantile(&histogram, 500) == 0);
    CHECK(pws_histogram_quantile(&histogram, 1000) == 0);

    begin("NULL is ignored");
    pws_histogram_add(NULL, 1);
    CHECK(pws_histogram_quantile(NULL, 500) == 0);

    begin("of a single value, each quantile is the limit of its bucket");
    pws_histogram_add(&histogram, 100);
    CHECK(pws_histogram_quantile(&histogram, 1) == 111);
    CHECK(pws_histogram_quantile(&histogram, 500) == 111);
    CHECK(pws_histogram_quantile(&histogram, 1000) == 111);

    begin("no value at all is not exceeded by none of 1000");
    pws_histogram_add(&histogram, 100);
    CHECK(pws_histogram_quantile(&histogram, 0) == 0);

    begin("of two values, the median is the smaller one, and one in 1000 more is the larger");
    pws_histogram_add(&histogram, 3);
    pws_histogram_add(&histogram, 7);
    CHECK(pws_histogram_quantile(&histogram, 500) == 3);
    CHECK(pws_histogram_quantile(&histogram, 501) == 7);

    begin("of 1 to 1000, so many of 1000 do not exceed each");
    for (i = 1; i <= 1000; i++)
        pws_histogram_add(&histogram, i);
    wrong = 0;
    for (per_mille = 1; per_mille <= 1000; per_mille++)
        wrong += pws_histogram_quantile(&histogram, per_mille) !=
                 pws_histogram_limit(bucket_of(per_mille));
    CHECK(wrong == 0);

    begin("more than 1000 of 1000 are all");
    put(1, 2000);
    put(7, 1);
    CHECK(pws_histogram_quantile(&histogram, 999) == 1);
    CHECK(pws_histogram_quantile(&histogram, 1000) == 7);
    CHECK(pws_histogram_quantile(&histogram, 1001) == 7);
    CHECK(pws_histogram_quantile(&histogram, UINT32_MAX) == 7);

    begin("the smallest limit that enough values do not exceed, for any numbers of them");
    wrong = 0;
    for (i = 0; i < 300; i++) {
        noise = noise * 1664525 + 1013904223;
        pws_histogram_add(&histogram, noise >> (7 + (noise >> 8) % 25));
        for (per_mille = 0; per_mille <= 1000; per_mille++)
            wrong += !quantile_is_right(per_mille);
    }
    CHECK(wrong == 0);

    begin("in the last bucket it has no limit");
    pws_histogram_add(&histogram, 1);
    pws_histogram_add(&histogram, (uint64_t)1 << 30);
    CHECK(pws_histogram_quantile(&histogram, 500) == 1);
    CHECK(pws_histogram_quantile(&histogram, 990) == UINT64_MAX);
}

static void test_many(void) {
    begin("numbers of values whose product with 1000 is more than 64 bits");
    put(5, UINT64_MAX / 1000);
    put(20, 1);
    CHECK(pws_histogram_quantile(&histogram, 999) == pws_histogram_limit(5));
    CHECK(pws_histogram_quantile(&histogram, 1000) == pws_histogram_limit(20));

    begin("half of the largest number of values, and one less than half");
    put(3, (uint64_t)1 << 63);
    put(10, ((uint64_t)1 << 63) - 1);
    CHECK(histogram.count == UINT64_MAX);
    CHECK(pws_histogram_quantile(&histogram, 500) == pws_histogram_limit(3));
    CHECK(pws_histogram_quantile(&histogram, 501) == pws_histogram_limit(10));
    histogram.counts[3]--;
    histogram.counts[10]++;
    CHECK(pws_histogram_quantile(&histogram, 499) == pws_histogram_limit(3));
    CHECK(pws_histogram_quantile(&histogram, 500) == pws_histogram_limit(10));

    begin("the last one of the largest number of values");
    put(0, UINT64_MAX - 1);
    put(PWS_BUCKETS - 2, 1);
    CHECK(pws_histogram_quantile(&histogram, 999) == 0);
    CHECK(pws_histogram_quantile(&histogram, 1000) == pws_histogram_limit(PWS_BUCKETS - 2));
}

int main(void) {
    test_limits();
    test_add();
    test_quantile();
    test_many();
    return check_end();
}
