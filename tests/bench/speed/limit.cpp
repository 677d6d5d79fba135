// What the machine can do: bare loops that copy, XOR and judge, on frames whose places are known
// beforehand. They check nothing and know no fragments and no control frames.
#include <cstdlib>
#include <cstring>
#include <immintrin.h>

#include <simdjson.h>

#include "speed.h"

namespace {

struct state {
    const job *what;
    uint8_t *buffer;  // of a read
    uint8_t *message; // a message that comes in several
};

#if defined(__AVX512BW__) && defined(__AVX512VL__)
void unmask(uint8_t *to, const uint8_t *from, size_t length, uint32_t key) {
    const __m512i keys = _mm512_set1_epi32(static_cast<int>(key));
    size_t i = 0;

    for (; length - i >= 64; i += 64)
        _mm512_storeu_si512(to + i, _mm512_xor_si512(_mm512_loadu_si512(from + i), keys));
    if (i < length) {
        const __mmask64 rest = ~0ull >> (64 - (length - i));
        _mm512_mask_storeu_epi8(to + i, rest,
                                _mm512_xor_si512(_mm512_maskz_loadu_epi8(rest, from + i), keys));
    }
}
#else
void unmask(uint8_t *to, const uint8_t *from, size_t length, uint32_t key) {
    const __m128i keys = _mm_set1_epi32(static_cast<int>(key));
    size_t i = 0;

    for (; length - i >= 16; i += 16) {
        const __m128i *source = reinterpret_cast<const __m128i *>(from + i);
        _mm_storeu_si128(reinterpret_cast<__m128i *>(to + i),
                         _mm_xor_si128(_mm_loadu_si128(source), keys));
    }
    for (; i < length; i++)
        to[i] = static_cast<uint8_t>(from[i] ^ key >> 8 * (i % 4));
}
#endif

size_t head_length(const job &what, bool masked) {
    size_t head = what.payload > 65535 ? 10 : what.payload > 125 ? 4 : 2;
    return masked ? head + 4 : head;
}

uint32_t key_at(const uint8_t *bytes) {
    uint32_t key;
    std::memcpy(&key, bytes, 4);
    return key;
}

bool good(const job &what, const uint8_t *bytes, size_t length) {
    return !what.is_text || simdjson::validate_utf8(reinterpret_cast<const char *>(bytes), length);
}

// Whole frames, as many as a read has. What is left of the last one moves to the front, and the
// next read joins it.
void decode_small(state &self, sink *out) {
    const job &what = *self.what;
    const size_t head = head_length(what, true), frame = head + what.payload;
    size_t left = 0;

    for (size_t at = 0; at < what.wire_length;) {
        const size_t rest = what.wire_length - at;
        const size_t length = rest < what.chunk ? rest : what.chunk;
        uint8_t *bytes = self.buffer;
        std::memcpy(bytes + left, what.wire + at, length);
        at += length;
        left += length;
        for (; left >= frame; bytes += frame, left -= frame) {
            unmask(bytes + head, bytes + head, what.payload, key_at(bytes + head - 4));
            if (!good(what, bytes + head, what.payload))
                out->wrong = 1;
            sink_data(out, bytes + head, what.payload, 1);
        }
        std::memmove(self.buffer, bytes, left);
    }
}

// Frames that are larger than a read.
void decode_large(state &self, sink *out) {
    const job &what = *self.what;
    const size_t head = head_length(what, true);
    const uint8_t *wire = what.wire;

    for (size_t i = 0; i < what.messages; i++) {
        const uint32_t key = key_at(wire + head - 4);
        wire += head;
        for (size_t at = 0; at < what.payload; at += what.chunk) {
            const size_t length = what.payload - at < what.chunk ? what.payload - at : what.chunk;
            uint8_t *to = what.operation == DECODE_STREAM ? self.buffer : self.message + at;
            std::memcpy(self.buffer, wire + at, length);
            unmask(to, self.buffer, length, key);
            if (what.operation == DECODE_STREAM)
                sink_data(out, to, length, at + length == what.payload);
            if (!good(what, to, length) && !what.is_text)
                out->wrong = 1; // a read may end inside a character
        }
        if (what.operation == DECODE)
            sink_data(out, self.message, what.payload, 1);
        wire += what.payload;
    }
}

int can(const job *what) {
    return what->operation == DECODE || what->operation == DECODE_STREAM;
}

void *open_state(const job *what) {
    state *self = new state();
    self->what = what;
    self->buffer = new_buffer(what->chunk + head_length(*what, true) + what->payload);
    self->message = static_cast<uint8_t *>(std::malloc(what->payload));
    return self;
}

void close_state(void *opened) {
    state *self = static_cast<state *>(opened);
    std::free(self->buffer);
    std::free(self->message);
    delete self;
}

void run(void *opened, sink *out) {
    state &self = *static_cast<state *>(opened);
    if (head_length(*self.what, true) + self.what->payload <= self.what->chunk)
        decode_small(self, out);
    else
        decode_large(self, out);
}

} // namespace

extern "C" const library library_limit = {"limit", can, open_state, run, close_state};
