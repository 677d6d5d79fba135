/* pws_cpu, and that a configuration takes what it says and nothing else. */
#include <string.h>

#include "../check.h"
#include "internal.h"

int main(void) {
    const uint32_t known = PWS_CPU_AVX2 | PWS_CPU_AVX512 | PWS_CPU_SHA;
    pws_config config;
    uint32_t cpu = pws_cpu(), bit;

    check_case("the answer is always the same, and of known bits");
    CHECK((cpu & ~known) == 0);
    CHECK(pws_cpu() == cpu);

    check_case("whatever has AVX-512 has AVX2");
    CHECK((cpu & PWS_CPU_AVX512) == 0 || (cpu & PWS_CPU_AVX2) != 0);

    check_case("a configuration takes it, parts of it, and no other bits");
    memset(&config, 0, sizeof config);
    config.role = PWS_SERVER;
    config.cpu = cpu;
    CHECK(pws_work_size(&config) != 0);
    for (bit = 1; bit != 0; bit <<= 1) {
        config.cpu = bit;
        CHECK((pws_work_size(&config) != 0) == ((bit & known) != 0));
    }

    return check_end();
}
