/* How often values occurred, in fixed buckets: the companion that statistics are made with. From 4
 * on, a bucket is named by how many bits a value has below its three highest, and by these. */
#include "internal.h"

void pws_histogram_add(pws_histogram *histogram, uint64_t value) {
    uint32_t below, bucket;

    if (histogram == NULL)
        return;
    histogram->sum += value;
    for (below = 0; value >= 8; below++)
        value >>= 1;
    bucket = 4 * below + (uint32_t)value;
    histogram->counts[bucket < PWS_BUCKETS ? bucket : PWS_BUCKETS - 1]++;
    histogram->count++;
}

uint64_t pws_histogram_limit(uint32_t bucket) {
    if (bucket >= PWS_BUCKETS - 1)
        return UINT64_MAX;
    if (bucket < 4)
        return bucket;
    /* One less than the first value of the next bucket. */
    return ((uint64_t)(bucket % 4 + 5) << (bucket / 4 - 1)) - 1;
}

uint64_t pws_histogram_quantile(const pws_histogram *histogram, uint32_t per_mille) {
    uint64_t rank;
    uint32_t bucket;

    if (histogram == NULL)
        return 0;
    if (per_mille > 1000)
        per_mille = 1000;
    /* count * per_mille / 1000, rounded up, without a product that could overflow. */
    rank = histogram->count / 1000 * per_mille + (histogram->count % 1000 * per_mille + 999) / 1000;
    for (bucket = 0; bucket < PWS_BUCKETS - 1 && rank > histogram->counts[bucket]; bucket++)
        rank -= histogram->counts[bucket];
    return pws_histogram_limit(bucket);
}
