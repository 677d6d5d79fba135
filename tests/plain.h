/* The plain code of the leaves that have vector code, under the names plain_..., for tests and
 * measurements that hold both against each other: the files of src/ compiled once more with
 * PWS_NO_SIMD. */
#ifndef PLAIN_H
#define PLAIN_H

#define PWS_NO_SIMD 1
#define pws_mask plain_mask
#define pws_mask_rotate plain_mask_rotate
#define pws_mask_text plain_mask_text
#define pws_mask_whole_text plain_mask_whole_text
#define pws_utf8_scan plain_utf8_scan
#define pws_utf8_valid plain_utf8_valid
#define pws_sha1 plain_sha1
#define pws_base64_encode plain_base64_encode
#define pws_base64_is_key plain_base64_is_key
#define pws_random_seed plain_random_seed
#define pws_random_bytes plain_random_bytes
#define pws_masking_key plain_masking_key
#define pws_line_join plain_line_join
#define pws_read_lines plain_read_lines
#define pws_find_nothing plain_find_nothing
#define pws_found_line plain_found_line
#define pws_protocol_rank plain_protocol_rank

#include "../src/base64.c"
#include "../src/mask.c"
#include "../src/random.c"
#include "../src/reading.c"
#include "../src/sha1.c"
#include "../src/utf8.c"

#undef pws_mask
#undef pws_mask_rotate
#undef pws_mask_text
#undef pws_mask_whole_text
#undef pws_utf8_scan
#undef pws_utf8_valid
#undef pws_sha1
#undef pws_base64_encode
#undef pws_base64_is_key
#undef pws_random_seed
#undef pws_random_bytes
#undef pws_masking_key
#undef pws_line_join
#undef pws_read_lines
#undef pws_find_nothing
#undef pws_found_line
#undef pws_protocol_rank

/* And the library's own. */
void pws_mask(uint8_t *dst, const uint8_t *src, size_t length, const uint8_t key[4], uint32_t cpu);
int pws_mask_whole_text(uint8_t *dst, const uint8_t *src, size_t length, const uint8_t key[4],
                        uint32_t cpu);
size_t pws_mask_text(uint8_t *dst, const uint8_t *src, size_t length, const uint8_t key[4],
                     uint32_t *state, uint32_t cpu);
size_t pws_utf8_scan(uint32_t *state, const uint8_t *bytes, size_t length, uint32_t cpu);
int pws_utf8_valid(const void *data, size_t length);
void pws_sha1(uint8_t digest[20], const uint8_t text[PWS_SHA1_TEXT], uint32_t cpu);
int pws_base64_is_key(pws_str text);
int32_t pws_random_seed(pws_random *random, const uint8_t seed[32]);
int32_t pws_random_bytes(pws_random *random, void *bytes, size_t length);
void pws_masking_key(pws_random *random, uint8_t key[4]);
int pws_read_lines(pws_lines *lines, pws_reading *reading);

#endif
