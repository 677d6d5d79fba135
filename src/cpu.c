/* What the processor has beyond what the library was compiled for. */
#include "vector.h"

#if PWS_X86

#include <cpuid.h>

/* Which registers the operating system saves (XCR0): without that, wider ones can't be used. */
__attribute__((target("xsave"))) static uint64_t pws_saved_registers(void) {
    return (uint64_t)_xgetbv(0);
}

static int pws_all(uint64_t flags, uint64_t wanted) {
    return (flags & wanted) == wanted;
}

uint32_t pws_cpu(void) {
    uint32_t a, b, c, d, first, found = 0;
    uint64_t saved = 0;

    if (!__get_cpuid(1, &a, &b, &first, &d))
        return 0;
    if ((first & bit_OSXSAVE) != 0)
        saved = pws_saved_registers();
    if (!__get_cpuid_count(7, 0, &a, &b, &c, &d))
        return 0;
    if (pws_all(first, bit_SSSE3 | bit_SSE4_1) && pws_all(b, bit_SHA))
        found |= PWS_CPU_SHA;
    if (pws_all(saved, 0x06) && pws_all(first, bit_AVX) && pws_all(b, bit_AVX2))
        found |= PWS_CPU_AVX2;
    /* VBMI also tells processors that don't slow down for such registers from the first ones. */
    if ((found & PWS_CPU_AVX2) != 0 && pws_all(saved, 0xE6) &&
        pws_all(b, bit_AVX512F | bit_AVX512BW) && pws_all(c, bit_AVX512VBMI))
        found |= PWS_CPU_AVX512;
    return found;
}

#else

uint32_t pws_cpu(void) {
    return 0;
}

#endif
