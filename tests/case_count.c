/* What PWS_WRITE events say of the frames that stand in them, compared with the output itself. */
#include <string.h>

#include "case_replay.h"

void count_write(struct replay *r, const pws_event *ev) {
    r->told.frames += ev->frames;
    r->told.pings += ev->pings;
    r->told.pongs += ev->pongs;
}

void count_call(struct replay *r, const struct step *step, const pws_event *ev) {
    uint32_t kind = 0;
    if (step->call == CALL_SEND || step->call == CALL_INPLACE)
        kind = step->number;
    else if (step->call == CALL_PREPARED)
        kind = step->raw ? step->data.bytes.ptr[0] & 0x0fu : step->number;
    else if (step->call == CALL_ECHO)
        kind = ev->kind;
    r->program.pings += kind == PWS_PING;
    r->program.pongs += kind == PWS_PONG;
}

/* Where the frames begin: behind the head, unless it refuses. */
static size_t frames_begin(const struct replay *r) {
    const uint8_t *out = r->output.ptr;
    size_t i;
    if (r->test->open)
        return 0;
    if (r->output.length > 12 && memcmp(out, "HTTP/", 5) == 0 && memcmp(out + 9, "101", 3) != 0)
        return r->output.length;
    for (i = 0; i + 4 <= r->output.length; i++)
        if (memcmp(out + i, "\r\n\r\n", 4) == 0)
            return i + 4;
    return r->output.length;
}

/* Bytes of the frame that begins there, as far as its header has come. */
static uint64_t frame_size(const uint8_t *head, size_t length) {
    uint64_t payload = length >= 2 ? head[1] & 0x7fu : 0;
    size_t size = 2, bytes = payload == 126 ? 2 : payload == 127 ? 8 : 0, i;
    if (length >= 2 && (head[1] & 0x80) != 0)
        size += 4;
    if (bytes != 0)
        payload = 0;
    for (i = 0; i < bytes && 2 + i < length; i++)
        payload = payload << 8 | head[2 + i];
    return size + bytes + payload;
}

static struct counts count_output(const struct replay *r) {
    struct counts found = {0, 0, 0};
    uint64_t at = frames_begin(r);
    while (at < r->output.length) {
        const uint8_t *head = r->output.ptr + at;
        found.frames++;
        found.pings += (head[0] & 0x0f) == PWS_PING;
        found.pongs += (head[0] & 0x0f) == PWS_PONG;
        at += frame_size(head, (size_t)(r->output.length - at));
    }
    return found;
}

int compare_counts(struct replay *r) {
    struct counts found = count_output(r);
    int all = !r->partly && !r->held && !r->ended;
    if (r->told.frames == found.frames || (r->partly && r->told.frames > found.frames))
        if (!all || (r->told.pings + r->program.pings == found.pings &&
                     r->told.pongs + r->program.pongs == found.pongs))
            return 1;
    bytes_printf(
        r->report,
        "    the output has %llu frames with %llu Pings and %llu Pongs;\n"
        "    PWS_WRITE said %llu, %llu and %llu, the program sent %llu and %llu of these\n",
        (unsigned long long)found.frames, (unsigned long long)found.pings,
        (unsigned long long)found.pongs, (unsigned long long)r->told.frames,
        (unsigned long long)r->told.pings, (unsigned long long)r->told.pongs,
        (unsigned long long)r->program.pings, (unsigned long long)r->program.pongs);
    return 0;
}
