/* Time: the limits of pws_config, and what the last tick means for the connection. The machine
 * reads no clock; it is told the time by pws_tick and says with pws_deadline when it wants to be
 * told again.
 *
 * Times are kept as the low 32 bits of their milliseconds. That is exact: a limit is less than 2^32
 * long, and one that is over is found by the next tick, so what still runs began less than 2^32
 * before the last tick. They are:
 *
 *     since   opening: the first tick
 *             open: the last byte of the peer, or the Ping to it that is due, then out
 *             closing: our Close, the peer's or the failure
 *     used    either side has sent something that was not this probing
 *     began   the first byte of the message that is being received
 *     held    pws_hold
 *     pinged  our last Ping went out */
#include "internal.h"

enum {
    PWS_DEFAULT_CLOSE = 5000 /* milliseconds: pws_config.close_ms */
};

/* When it was, in full. */
static uint64_t pws_time_of(const pws_conn *ws, uint32_t low) {
    return ws->now - ((uint32_t)ws->now - low);
}

/* When a limit runs out; UINT64_MAX if there is none. */
static uint64_t pws_time_after(const pws_conn *ws, uint32_t start, uint32_t limit) {
    uint64_t time = pws_time_of(ws, start);

    if (limit == 0)
        return UINT64_MAX;
    return time <= UINT64_MAX - limit ? time + limit : UINT64_MAX;
}

/* ---- Limits: when each runs out as things are now, UINT64_MAX if it doesn't run ---- */

/* Whether messages may flow both ways. */
static int pws_is_open(const pws_conn *ws) {
    return ws->phase == PWS_PHASE_OPEN && (ws->busy & PWS_BUSY_CLOSING) == 0;
}

static uint64_t pws_due_send(const pws_conn *ws) {
    if ((ws->busy & PWS_BUSY_HELD) == 0)
        return UINT64_MAX;
    return pws_time_after(ws, ws->held, ws->config->send_ms);
}

static int pws_is_opening(const pws_conn *ws) {
    return ws->phase < PWS_PHASE_OPEN && ws->phase != PWS_PHASE_ACCEPTED;
}

static uint64_t pws_due_opening(const pws_conn *ws) {
    if (!pws_is_opening(ws))
        return UINT64_MAX;
    return pws_time_after(ws, ws->since, ws->config->open_ms);
}

static uint64_t pws_due_closing(const pws_conn *ws) {
    uint32_t limit = ws->config->close_ms;

    if (ws->phase < PWS_PHASE_OPEN || pws_is_open(ws))
        return UINT64_MAX;
    return pws_time_after(ws, ws->since, limit != 0 ? limit : (uint32_t)PWS_DEFAULT_CLOSE);
}

/* A peer that takes our output slowly has not seen a Ping that is not written yet: how long it may
 * take is send_ms's affair, if there is such a limit. */
static uint64_t pws_due_pong(const pws_conn *ws) {
    if (!pws_is_open(ws) || (ws->busy & PWS_BUSY_PROBED) == 0)
        return UINT64_MAX;
    if (((ws->busy & PWS_BUSY_PING) != 0 || (ws->flags & PWS_FLAG_PING_OUT) != 0) &&
        ws->config->send_ms != 0)
        return UINT64_MAX;
    return pws_time_after(ws, ws->since, ws->config->pong_ms);
}

static uint64_t pws_due_ping(const pws_conn *ws) {
    if (!pws_is_open(ws) || ((ws->busy & PWS_BUSY_PROBED) != 0 && ws->config->pong_ms != 0))
        return UINT64_MAX;
    return pws_time_after(ws, ws->since, ws->config->ping_ms);
}

static uint64_t pws_due_message(const pws_conn *ws) {
    /* its first byte may be that of a header which is not complete */
    int in_header = ws->scratch_length != 0 && (ws->scratch[0] & 0x08) == 0;

    if (!pws_is_open(ws) || (ws->message == 0 && !in_header))
        return UINT64_MAX;
    return pws_time_after(ws, ws->began, ws->config->message_ms);
}

static uint64_t pws_due_idle(const pws_conn *ws) {
    return pws_is_open(ws) ? pws_time_after(ws, ws->used, ws->config->idle_ms) : UINT64_MAX;
}

enum {
    PWS_LIMITS = 7
};

/* When each runs out, in the order of the bits of PWS_BUSY_LATE. */
static void pws_due_all(const pws_conn *ws, uint64_t due[PWS_LIMITS]) {
    due[0] = pws_due_opening(ws);
    due[1] = pws_due_pong(ws);
    due[2] = pws_due_message(ws);
    due[3] = pws_due_idle(ws);
    due[4] = pws_due_ping(ws);
    due[5] = pws_due_send(ws);
    due[6] = pws_due_closing(ws);
}

uint64_t pws_deadline(const pws_conn *ws) {
    uint64_t due[PWS_LIMITS], time = UINT64_MAX;
    unsigned i;

    if (ws == NULL || ws->phase == PWS_PHASE_CLOSED)
        return UINT64_MAX;
    if ((ws->flags & PWS_FLAG_TICKED) == 0)
        return 0;
    pws_due_all(ws, due);
    for (i = 0; i < PWS_LIMITS; i++)
        if (due[i] < time)
            time = due[i];
    return time;
}

/* ---- What happens then ---- */

PWS_PRIVATE void pws_time_over(pws_conn *ws) {
    /* a client whose server doesn't close the transport: all is said (RFC 6455 7.1.1) */
    int complete = ws->phase == PWS_PHASE_DISCARD && (ws->flags & PWS_FLAG_CLOSE_WRITTEN) != 0;

    if (!complete && ws->error == PWS_OK)
        ws->error = PWS_E_TIMEOUT;
    pws_output_drop(ws);
    pws_close_codecs(ws);
    ws->gathered = 0;
    ws->control_length = 0;
    ws->busy |= PWS_BUSY_EOF;
    if (ws->phase != PWS_PHASE_REJECTED) /* the input stays the program's */
        pws_enter_discard(ws);
}

/* Fails the connection with a Close, if the peer takes it now. */
static void pws_time_fail(pws_conn *ws, uint16_t code) {
    pws_fail_with(ws, PWS_E_TIMEOUT, code);
    if ((ws->busy & PWS_BUSY_HELD) != 0)
        pws_time_over(ws);
}

static void pws_time_opening(pws_conn *ws) {
    if (ws->config->role == PWS_SERVER)
        pws_time_fail(ws, 1006); /* which isn't sent: RFC 9110 15.5.9 */
    else
        pws_time_over(ws);
}

/* There was silence: one Ping is enough until it is sent. */
static void pws_time_probe(pws_conn *ws) {
    ws->since = (uint32_t)ws->now;
    ws->busy |= PWS_BUSY_PING | PWS_BUSY_PROBED;
}

/* From the first tick on, everything that runs begins. */
static void pws_time_start(pws_conn *ws, uint64_t now) {
    ws->flags |= PWS_FLAG_TICKED;
    ws->now = now;
    ws->since = ws->used = ws->began = ws->held = (uint32_t)now;
}

/* What has run out by then, as things are now: bits of pws_conn.busy. */
static uint32_t pws_time_late(const pws_conn *ws, uint64_t now) {
    uint64_t due[PWS_LIMITS];
    uint32_t late = 0;
    unsigned i;

    pws_due_all(ws, due);
    for (i = 0; i < PWS_LIMITS; i++)
        if (due[i] <= now && due[i] != UINT64_MAX)
            late |= (uint32_t)PWS_BUSY_LATE_OPENING << i;
    return late;
}

void pws_tick(pws_conn *ws, uint64_t now_ms) {
    if (ws == NULL || ws->phase == PWS_PHASE_CLOSED)
        return;
    if ((ws->flags & PWS_FLAG_TICKED) == 0) {
        pws_time_start(ws, now_ms);
        return;
    }
    if (now_ms <= ws->now)
        return;
    /* before the tick is the time: until then the times of what runs are exact. It is judged when
     * what came with the tick has been told and pulled */
    ws->busy |= pws_time_late(ws, now_ms);
    ws->now = now_ms;
}

PWS_PRIVATE void pws_time_judge(pws_conn *ws) {
    uint32_t late = ws->busy & PWS_BUSY_LATE;

    ws->busy &= ~PWS_BUSY_LATE;
    if ((ws->busy & PWS_BUSY_EOF) != 0) /* it ends because of that */
        return;
    if ((late & PWS_BUSY_LATE_SEND) != 0)
        pws_time_over(ws);
    else if ((late & PWS_BUSY_LATE_CLOSING) != 0 && ws->phase >= PWS_PHASE_OPEN && !pws_is_open(ws))
        pws_time_over(ws);
    else if ((late & PWS_BUSY_LATE_OPENING) != 0 && pws_is_opening(ws))
        pws_time_opening(ws);
    if (!pws_is_open(ws))
        return;
    if ((late & PWS_BUSY_LATE_PONG) != 0)
        pws_time_fail(ws, 1011); /* 7.4.1 */
    else if ((late & PWS_BUSY_LATE_MESSAGE) != 0)
        pws_time_fail(ws, 1008);
    else if ((late & PWS_BUSY_LATE_IDLE) != 0)
        pws_time_fail(ws, 1001);
    else if ((late & PWS_BUSY_LATE_PING) != 0)
        pws_time_probe(ws);
}

/* ---- What the others tell ---- */

PWS_PRIVATE void pws_time_heard(pws_conn *ws) {
    if (!pws_is_open(ws))
        return;
    ws->since = (uint32_t)ws->now;
    ws->busy &=
        ~(uint32_t)(PWS_BUSY_PING | PWS_BUSY_PROBED | PWS_BUSY_LATE_PONG | PWS_BUSY_LATE_PING);
}

/* The payload of the Ping that went out at that time: the time, in network byte order. */
static void pws_ping_payload(uint8_t payload[PWS_PING_PAYLOAD], uint64_t time) {
    unsigned i;

    for (i = 0; i < PWS_PING_PAYLOAD; i++)
        payload[i] = (uint8_t)(time >> 8 * (PWS_PING_PAYLOAD - 1 - i));
}

PWS_PRIVATE void pws_time_pinged(pws_conn *ws, uint8_t payload[PWS_PING_PAYLOAD]) {
    ws->pinged = (uint32_t)ws->now;
    ws->since = (uint32_t)ws->now;
    ws->flags |= PWS_FLAG_PINGED | PWS_FLAG_PING_OUT;
    pws_ping_payload(payload, ws->now);
}

PWS_PRIVATE void pws_time_ping_written(pws_conn *ws) {
    ws->flags &= (uint8_t)~PWS_FLAG_PING_OUT;
    if ((ws->busy & PWS_BUSY_PROBED) == 0) /* the peer has said something meanwhile */
        return;
    ws->since = (uint32_t)ws->now;
    ws->busy &= ~(uint32_t)PWS_BUSY_LATE_PONG;
}

PWS_PRIVATE uint32_t pws_time_ponged(pws_conn *ws, pws_bytes payload) {
    uint8_t expected[PWS_PING_PAYLOAD];

    pws_ping_payload(expected, pws_time_of(ws, ws->pinged));
    if ((ws->flags & PWS_FLAG_PINGED) == 0 || payload.len != sizeof expected ||
        memcmp(payload.ptr, expected, sizeof expected) != 0)
        return UINT32_MAX;
    ws->flags &= (uint8_t)~PWS_FLAG_PINGED;
    return (uint32_t)ws->now - ws->pinged;
}
