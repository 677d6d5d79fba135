/* Schedules of many events, drawn from a seed, on a connection with limits of time and on a model
 * that follows purews.h and knows nothing of src/timer.c: both name the same deadlines, send the
 * same Pings and end alike; and before its deadline nothing happens to the connection. */
#include <stdint.h>
#include <string.h>

#include "check.h"
#include "purews.h"

static uint8_t receive_half[(1 << 20) + 125];
static uint8_t transmit_half[PWS_TRANSMIT_SIZE];
static pws_config config;
static pws_random generator;

/* Begins a connection that is open, with a transmit half of so many bytes. */
static void open_up(pws_conn *ws, size_t transmit) {
    static const uint8_t seed[32] = "time";
    pws_agreed agreed;

    CHECK(pws_random_seed(&generator, seed) == PWS_OK);
    memset(&agreed, 0, sizeof agreed);
    agreed.random = &generator;
    CHECK(pws_start(ws, &config, NULL, 0, &agreed) == PWS_OK);
    CHECK(pws_lend_receive(ws, receive_half, sizeof receive_half) == PWS_OK);
    CHECK(transmit == 0 || pws_lend_transmit(ws, transmit_half, transmit) == PWS_OK);
}

/* Writes a frame of the peer to bytes. */
static size_t peer_frame(uint8_t bytes[64], uint32_t kind, const void *data, size_t length) {
    static const uint8_t key[4] = {1, 2, 3, 4};
    size_t size = 0;

    CHECK(pws_frame_write(bytes, 64, &size, kind == PWS_CLOSE ? (uint32_t)PWS_PING : kind,
                          config.role == PWS_SERVER ? key : NULL, data, length) == PWS_OK);
    if (kind == PWS_CLOSE) /* pws_frame_write has none */
        bytes[0] = 0x88;
    return size;
}

static int is_closed(const pws_event *ev, uint32_t code, uint32_t sent_code, int32_t error) {
    return ev->kind == PWS_CLOSED && ev->code == code && ev->sent_code == sent_code &&
           ev->error == error;
}

/* ---- The model ---- */

enum {
    NEVER_CODE = 1006,
    STEPS = 400,
    SCHEDULES = 5000,
    LOOK_AHEAD = 150
};

/* A frame of the peer on its way. */
struct coming {
    uint8_t bytes[64];
    size_t length, position;
    uint32_t kind; /* PWS_TEXT, PWS_MORE, ... */
    int measured;  /* a Pong with the payload of the last heartbeat */
};

/* What purews.h says about time. */
struct model {
    int ticked, held, in_message, told_close, wrote_close, heard_close, ended;
    int probed; /* a Ping is due or out, and nothing has come since */
    int owes;   /* the Ping has not gone out */
    int owes_pong;
    int unsent; /* something of the program */
    /* unless what is told or comes next says otherwise */
    int late_send, late_closing, late_pong, late_message, late_idle, late_ping;
    int measures; /* the last Ping has not been answered */
    uint64_t now, heard, used, began, held_since, closing, pinged;
    uint32_t pings; /* that have gone out */
    uint32_t code, sent_code;
    int32_t error;
};

struct schedule {
    pws_conn ws;
    struct model model;
    struct coming coming;
    uint32_t pings; /* that PWS_WRITE has shown */
    uint32_t rtt;   /* of the Pong that comes next; 0: of none */
    pws_event end;
    int ended;
};

static uint32_t dice;

static uint32_t roll(uint32_t below) {
    dice ^= dice << 13;
    dice ^= dice >> 17;
    dice ^= dice << 5;
    return dice % below;
}

static uint64_t after(uint64_t start, uint32_t limit) {
    return limit != 0 ? start + limit : UINT64_MAX;
}

static uint64_t sooner(uint64_t a, uint64_t b) {
    return a < b ? a : b;
}

static int model_open(const struct model *m) {
    return !m->ended && !m->told_close && !m->heard_close;
}

static uint64_t model_send(const struct model *m) {
    return m->held ? after(m->held_since, config.send_ms) : UINT64_MAX;
}

static uint64_t model_closing(const struct model *m) {
    return m->told_close || m->heard_close
               ? after(m->closing, config.close_ms != 0 ? config.close_ms : 5000)
               : UINT64_MAX;
}

static uint64_t model_pong(const struct model *m) {
    if (m->owes && config.send_ms != 0) /* it has not seen the Ping */
        return UINT64_MAX;
    return m->probed ? after(m->heard, config.pong_ms) : UINT64_MAX;
}

static uint64_t model_message(const struct model *m) {
    return m->in_message ? after(m->began, config.message_ms) : UINT64_MAX;
}

static uint64_t model_ping(const struct model *m) {
    return !m->probed || config.pong_ms == 0 ? after(m->heard, config.ping_ms) : UINT64_MAX;
}

static uint64_t model_deadline(const struct model *m) {
    uint64_t first;

    if (m->ended)
        return UINT64_MAX;
    if (!m->ticked)
        return 0;
    first = sooner(model_send(m), model_closing(m));
    if (!model_open(m))
        return first;
    first = sooner(first, sooner(model_pong(m), model_message(m)));
    return sooner(first, sooner(after(m->used, config.idle_ms), model_ping(m)));
}

static void model_end(struct model *m, uint32_t sent_code, int32_t error) {
    m->ended = 1;
    m->sent_code = sent_code;
    m->error = error;
}

/* What is owed goes out if the transport takes it. */
static void model_flush(struct model *m) {
    if (m->held || m->ended)
        return;
    if (m->owes && model_open(m)) {
        m->pings++;
        m->pinged = m->heard = m->now;
        m->measures = 1;
        m->late_pong = 0;
    }
    if (m->unsent) {
        m->used = m->now;
        m->late_idle = 0;
    }
    m->owes = m->owes_pong = m->unsent = 0;
    m->wrote_close = m->told_close;
}

/* Both Close frames have passed, and all else. */
static int model_is_said(const struct model *m) {
    return m->wrote_close && m->heard_close && !m->owes_pong;
}

/* What waits for the peer is judged behind the input that came with the tick. */
static void model_judge(struct model *m) {
    uint32_t code = m->late_pong ? 1011 : m->late_message ? 1008 : m->late_idle ? 1001 : 0;

    if (m->late_send || (m->late_closing && !model_open(m)))
        model_end(m, m->wrote_close ? 1000 : NEVER_CODE, model_is_said(m) ? PWS_OK : PWS_E_TIMEOUT);
    m->late_send = m->late_closing = 0;
    if (code != 0 && model_open(m))
        model_end(m, m->held ? NEVER_CODE : code, PWS_E_TIMEOUT);
    if (m->late_ping && model_open(m)) {
        m->heard = m->now;
        m->probed = 1;
        m->owes = 1;
    }
    m->late_pong = m->late_message = m->late_idle = m->late_ping = 0;
}

/* All is pulled: what is owed goes out if the transport takes it. */
static void model_pull(struct model *m) {
    model_flush(m);
    model_judge(m);
    if (m->ended)
        return;
    model_flush(m);
    if (config.role == PWS_SERVER && model_is_said(m))
        model_end(m, 1000, PWS_OK);
}

static void model_tick(struct model *m, uint64_t now) {
    if (!m->ticked) {
        m->now = m->heard = m->used = m->began = m->held_since = m->closing = now;
        m->ticked = 1;
    }
    if (m->ended || now <= m->now)
        return;
    m->now = now;
    m->late_send = now >= model_send(m);
    m->late_closing = now >= model_closing(m);
    m->late_pong = now >= model_pong(m);
    m->late_message = now >= model_message(m);
    m->late_idle = now >= after(m->used, config.idle_ms);
    m->late_ping = now >= model_ping(m);
}

/* Some bytes of a frame have come, the last of them if whole. */
static void model_receive(struct model *m, const struct coming *coming, int whole) {
    uint32_t opcode = coming->kind & 15u;
    int data = opcode <= PWS_BINARY;

    if (m->ended || m->heard_close)
        return;
    if (model_open(m)) {
        m->heard = m->now;
        m->probed = m->late_pong = 0;
        m->owes = m->late_ping = 0;
    }
    if (data && !m->in_message) {
        m->in_message = 1;
        m->began = m->now;
    }
    if (data || (whole && opcode == PWS_PING) ||
        (whole && opcode == PWS_PONG && config.ping_ms == 0)) { /* else it may be a late one */
        m->used = m->now;
        m->late_idle = 0;
    }
    if (!whole)
        return;
    if (opcode == PWS_PING)
        m->owes_pong = 1;
    if (data && (coming->kind & PWS_MORE) == 0)
        m->in_message = m->late_message = 0;
    if (opcode == PWS_PONG && coming->measured)
        m->measures = 0;
    if (opcode != PWS_CLOSE)
        return;
    m->code = 1000;
    m->heard_close = 1;
    if (!m->told_close)
        m->closing = m->now;
    m->told_close = 1;
}

/* ---- The connection beside it ---- */

/* Pulls everything; the connection moves each time. */
static void schedule_pull(struct schedule *s, uint8_t *bytes, size_t length) {
    pws_bytes in = {bytes, length};
    pws_conn moved;
    pws_event ev;

    do {
        memcpy(&moved, &s->ws, sizeof moved);
        memset(&s->ws, 0xdd, sizeof s->ws);
        memcpy(&s->ws, &moved, sizeof moved);
        if (!pws_next(&s->ws, &in, &ev))
            break;
        if (ev.kind == PWS_NEED_WORK) /* for a Pong that is held */
            CHECK(pws_lend_transmit(&s->ws, transmit_half, sizeof transmit_half) == PWS_OK);
        if (ev.kind == PWS_WRITE)
            s->pings += ev.pings;
        if (ev.kind == PWS_PONG)
            CHECK(ev.rtt_ms == s->rtt);
        if (ev.kind == PWS_CLOSED) {
            s->end = ev;
            s->ended++;
        }
    } while (ev.kind != PWS_CLOSED);
}

/* Until the deadline nothing happens by itself, however often the connection is told the time. */
static int is_still(const struct schedule *s) {
    uint64_t deadline = pws_deadline(&s->ws), now = s->model.now, time;
    pws_conn copy = s->ws;
    pws_event ev;

    for (time = now + 1; time < deadline && time < now + LOOK_AHEAD; time++) {
        pws_tick(&copy, time);
        if (pws_next(&copy, NULL, &ev) || pws_deadline(&copy) != deadline)
            return 0;
    }
    return 1;
}

/* At the deadline something does, but that a Ping which is due while output is held doesn't show.
 */
static int is_called_for(const struct schedule *s) {
    uint64_t deadline = pws_deadline(&s->ws);
    pws_conn copy = s->ws;
    pws_event ev;

    if (deadline == UINT64_MAX || !s->model.ticked)
        return 1;
    pws_tick(&copy, deadline);
    if (!pws_next(&copy, NULL, &ev))
        return s->model.held && pws_deadline(&copy) > deadline;
    return 1;
}

static void begin_frame(struct schedule *s) {
    static const uint32_t kinds[8] = {
        PWS_TEXT, PWS_TEXT, PWS_TEXT | PWS_MORE, PWS_PING, PWS_PONG, PWS_PONG, PWS_PONG, PWS_CLOSE};
    static const uint8_t code[2] = {0x03, 0xe8};
    struct coming *coming = &s->coming;
    uint8_t payload[8];
    uint32_t i;

    do
        coming->kind = kinds[roll(8)];
    while (coming->kind == PWS_CLOSE && roll(10) != 0);
    if (s->model.in_message && (coming->kind & 15u) == PWS_TEXT)
        coming->kind = PWS_CONTINUATION | (coming->kind & PWS_MORE);
    coming->measured = coming->kind == PWS_PONG && s->model.measures && roll(3) != 0;
    for (i = 0; i < 8; i++)
        payload[i] = (uint8_t)(coming->measured ? s->model.pinged >> (56 - 8 * i) : 'a');
    coming->position = 0;
    coming->length =
        coming->kind == PWS_CLOSE
            ? peer_frame(coming->bytes, PWS_CLOSE, code, 2)
            : peer_frame(coming->bytes, coming->kind, payload,
                         coming->kind == PWS_PONG ? sizeof payload : roll(sizeof payload));
}

/* Whether the Pong that has now come answers the last Ping: another may have gone out since the
 * Pong began. A round trip of 2 to the power of 32 is none. */
static int is_answer(const struct schedule *s) {
    const struct coming *coming = &s->coming;
    uint64_t payload = 0;
    size_t i;

    for (i = coming->length - 8; i < coming->length; i++)
        payload = payload << 8 | coming->bytes[i];
    if (config.role == PWS_SERVER)
        payload ^= UINT64_C(0x0102030401020304);
    return s->model.measures && payload == s->model.pinged && s->model.now - payload < UINT32_MAX;
}

/* The peer sends something, often not the whole of a frame. */
static void receive(struct schedule *s) {
    struct coming *coming = &s->coming;
    uint8_t read[64]; /* unmasking writes to it */
    size_t take;
    int whole;

    if (coming->position == coming->length)
        begin_frame(s);
    take = 1 + roll((uint32_t)(coming->length - coming->position));
    whole = coming->position + take == coming->length;
    coming->measured = coming->measured && (!whole || is_answer(s));
    s->rtt = UINT32_MAX;
    if (coming->measured && whole)
        s->rtt = (uint32_t)(s->model.now - s->model.pinged);
    memcpy(read, coming->bytes + coming->position, take);
    coming->position += take;
    model_receive(&s->model, coming, whole);
    schedule_pull(s, read, take);
}

static void step(struct schedule *s) {
    struct model *m = &s->model;
    int32_t error;

    switch (roll(12)) {
    case 0:
    case 1:
    case 2:
        receive(s);
        break;
    case 3:
        error = pws_send(&s->ws, roll(2) != 0 ? PWS_TEXT : PWS_PING, "x", 1);
        CHECK(error == (model_open(m) ? PWS_OK : PWS_E_STATE) || (m->held && error == PWS_E_BUSY));
        if (error == PWS_OK) {
            m->used = m->now;
            m->late_idle = 0;
            m->unsent = 1;
        }
        break;
    case 4:
        if (roll(3) == 0) {
            if (!m->held)
                m->held_since = m->now;
            m->held = 1;
            pws_hold(&s->ws, 1);
        }
        break;
    case 5:
        m->held = m->late_send = 0;
        pws_hold(&s->ws, 0);
        break;
    case 6:
        if (roll(20) != 0)
            break;
        CHECK(pws_close(&s->ws, 1000, pws_cstr(NULL)) == (model_open(m) ? PWS_OK : PWS_E_STATE));
        if (model_open(m))
            m->closing = m->now;
        m->told_close = 1;
        break;
    default: {
        uint64_t deadline = model_deadline(m), time = m->now + roll(30);

        if (roll(3) == 0 && m->ticked && deadline != UINT64_MAX)
            time = deadline - roll(2);
        if (roll(10) == 0)
            time = m->now - roll(20);
        if (roll(200) == 0)
            time += UINT64_C(1) << 32;
        model_tick(m, time);
        pws_tick(&s->ws, time);
        if (roll(3) == 0)
            receive(s);
    }
    }
    model_pull(m);
    schedule_pull(s, NULL, 0);
}

static uint32_t random_limit(void) {
    return roll(3) == 0 ? 0 : 1 + roll(100);
}

static void schedule_begin(struct schedule *s, uint32_t seed) {
    dice = seed * 2654435761u | 1u;
    memset(&config, 0, sizeof config);
    config.role = roll(2) != 0 ? PWS_SERVER : PWS_CLIENT;
    config.ping_ms = random_limit();
    config.pong_ms = random_limit();
    config.idle_ms = random_limit() * 2;
    config.message_ms = random_limit() * 2;
    config.send_ms = random_limit();
    config.close_ms = random_limit();
    memset(s, 0, sizeof *s);
    s->model.code = 1006;
    /* 2 to the power of 32 comes now and then */
    s->model.now = roll(2) != 0 ? 1000 : UINT64_C(0xFFFFFF00) - roll(200);
    open_up(&s->ws, config.role == PWS_SERVER && roll(4) == 0 ? 0 : sizeof transmit_half);
}

/* Returns 1 if the connection does what the model does. */
static int agree(const struct schedule *s) {
    const struct model *m = &s->model;

    if (pws_deadline(&s->ws) != model_deadline(m) || s->pings != m->pings || s->ended != m->ended)
        return 0;
    return !m->ended || is_closed(&s->end, m->code, m->sent_code, m->error);
}

static void explain(const struct schedule *s, uint32_t seed, int number) {
    const struct model *m = &s->model;

    printf("    seed %u, step %d: deadline %llu, expected %llu; %u Pings, expected %u\n",
           (unsigned)seed, number, (unsigned long long)pws_deadline(&s->ws),
           (unsigned long long)model_deadline(m), (unsigned)s->pings, (unsigned)m->pings);
    if (s->ended)
        printf("    CLOSED %u %u %d\n", (unsigned)s->end.code, (unsigned)s->end.sent_code,
               (int)s->end.error);
    if (m->ended)
        printf("    expected CLOSED %u %u %d\n", (unsigned)m->code, (unsigned)m->sent_code,
               (int)m->error);
}

/* Runs a schedule. Returns 1 if it came to an end. */
static int run_schedule(uint32_t seed) {
    static struct schedule s;
    int number, holds = 1;

    schedule_begin(&s, seed);
    for (number = 0; number < STEPS && !s.model.ended && holds; number++) {
        step(&s);
        holds = agree(&s);
        if (!holds)
            explain(&s, seed, number);
        CHECK(holds);
        if (roll(16) == 0) {
            CHECK(is_still(&s));
            CHECK(is_called_for(&s));
        }
    }
    pws_end(&s.ws);
    return s.model.ended;
}

static void test_schedules(void) {
    unsigned ended = 0;
    uint32_t seed;

    for (seed = 1; seed <= SCHEDULES; seed++)
        ended += (unsigned)run_schedule(seed);
    CHECK(ended > SCHEDULES / 2 && ended < SCHEDULES); /* neither is left out */
}

int main(void) {
    check_case("limits, deadlines, heartbeats and the end are as a model has them");
    test_schedules();
    return check_end();
}
