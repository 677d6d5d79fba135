/* One replay of one case: feeds the input in the reads that the plan says, makes the calls,
 * compares events and output, and watches that the library keeps the promises of purews.h on the
 * way. */
#include <stdlib.h>
#include <string.h>

#include "case_replay.h"

/* ---- Reports ---- */

static int fail_at(struct replay *r, const struct step *step, const char *what) {
    if (step != NULL)
        bytes_printf(r->report, "    line %d: %.*s\n", step->line, step->text_length, step->text);
    bytes_printf(r->report, "    %s\n", what);
    return 0;
}

static int fail(struct replay *r, const char *what) {
    return fail_at(r, NULL, what);
}

static int fail_event(struct replay *r, const struct step *step, const pws_event *ev) {
    if (step != NULL)
        bytes_printf(r->report, "    expected, line %d: %.*s\n", step->line, step->text_length,
                     step->text);
    else
        bytes_printf(r->report, "    expected no further event at this point\n");
    bytes_printf(r->report, "    actual: ");
    show_event(r->report, ev);
    bytes_printf(r->report, "\n");
    return 0;
}

static int fail_output(struct replay *r, size_t part_count, size_t at, const char *when) {
    const size_t before = 16;
    bytes_printf(r->report, "    output %s differs at byte %zu of %zu\n    expected: ", when, at,
                 r->output.length);
    pattern_show(r->report, &r->test->out, part_count);
    bytes_printf(r->report, "\n    actual:   ");
    if (r->output.length == 0)
        bytes_printf(r->report, "nothing");
    else
        bytes_show(r->report, r->output.ptr, r->output.length);
    if (r->output.length > 200 && at > 100) {
        bytes_printf(r->report, "\n    there:    ");
        bytes_show(r->report, r->output.ptr + at - before, r->output.length - at + before);
    }
    bytes_printf(r->report, "\n");
    return 0;
}

static int compare_output(struct replay *r, size_t part_count, const char *when) {
    const uint8_t *key;
    size_t at;
    if (pattern_match(&r->test->out, part_count, r->output.ptr, r->output.length, &at, &key) ==
        MATCH_WHOLE)
        return 1;
    return fail_output(r, part_count, at, when);
}

/* ---- Memory ---- */

static int answer_need(struct replay *r, const pws_event *ev) {
    if (ev->need_receive == 0 && ev->need_transmit == 0)
        return fail(r, "NEED_WORK needs nothing");
    if (r->test->memory == MEMORY_LENT)
        return fail(r, "NEED_WORK, though everything is lent");
    if (ev->need_receive > 0 && lend_receive(r, ev->need_receive) != PWS_OK)
        return fail(r, "lending the receive half that was asked for failed");
    if (ev->need_transmit > 0 && lend_transmit(r, ev->need_transmit) != PWS_OK)
        return fail(r, "lending the transmit half that was asked for failed");
    r->asked_receive |= ev->need_receive > 0;
    r->asked_transmit |= ev->need_transmit > 0;
    return 1;
}

/* no-work: once pws_next has returned 0, what was asked for and is not in use goes back. */
static int take_back(struct replay *r) {
    if (r->asked_receive && r->receive.ptr != NULL) {
        int32_t error = lend_receive(r, 0);
        if (error != PWS_OK && error != PWS_E_BUSY)
            return fail(r, "taking back the receive half failed otherwise than with E_BUSY");
    }
    if (r->asked_transmit && r->transmit.ptr != NULL) {
        int32_t error = lend_transmit(r, 0);
        if (error != PWS_OK && !(error == PWS_E_BUSY && r->held))
            return fail(r, "the transmit half is in use after pws_next has returned 0");
    }
    return 1;
}

/* ---- Events ---- */

static int perform(struct replay *r, const struct step *step, const pws_event *ev);

/* The event that is expected now: the next ev line before anything that waits. */
static const struct step *expected_event(struct replay *r) {
    const struct test_case *test = r->test;
    while (r->next < test->step_count && test->steps[r->next].kind == STEP_IN)
        r->next++;
    if (r->next < test->step_count && test->steps[r->next].kind == STEP_EVENT)
        return &test->steps[r->next];
    return NULL;
}

/* Compares an event with the one expected and makes the calls that answer it. */
static int take_event(struct replay *r, const pws_event *ev, int unfinished) {
    const struct test_case *test = r->test;
    const struct step *step = expected_event(r);
    if (step == NULL || step->unfinished != unfinished || !same_event(r->test, step, ev))
        return fail_event(r, step, ev);
    if (++r->seen < step->times)
        return 1;
    r->seen = 0;
    r->next++;
    while (r->next < test->step_count) {
        step = &test->steps[r->next];
        if (step->waits || step->kind == STEP_IN || step->kind == STEP_EVENT)
            break;
        r->next++;
        if (!perform(r, step, ev))
            return 0;
    }
    return 1;
}

/* Streaming: something else comes, or the input pauses, in the middle of a message. */
static int end_parts(struct replay *r) {
    pws_event ev;
    int passes;
    if (r->message.length == 0)
        return 1;
    memset(&ev, 0, sizeof ev);
    ev.kind = r->message_kind;
    ev.data.ptr = r->message.ptr;
    ev.data.len = r->message.length;
    ev.frames = r->frames;
    r->frames = 0;
    passes = take_event(r, &ev, 1);
    r->message.length = 0;
    return passes;
}

static int take_message(struct replay *r, const pws_event *ev) {
    int first = (ev->flags & PWS_FIRST) != 0, last = (ev->flags & PWS_LAST) != 0, passes;
    pws_event whole = *ev;
    if (first != !r->in_message)
        return fail(r, first ? "PWS_FIRST inside a message" : "PWS_FIRST is missing");
    if (!(r->test->flags & PWS_STREAM)) {
        if (!last)
            return fail(r, "PWS_LAST is missing");
        return take_event(r, ev, 0);
    }
    if (!first && ev->kind != r->message_kind)
        return fail(r, "the parts of a message differ in kind");
    r->in_message = !last;
    r->message_kind = ev->kind;
    r->frames += ev->frames;
    bytes_add(&r->message, ev->data.ptr, ev->data.len);
    if (!last)
        return 1;
    whole.frames = r->frames;
    r->frames = 0;
    if (r->message.length > ev->data.len) {
        whole.data.ptr = r->message.ptr;
        whole.data.len = r->message.length;
    }
    passes = take_event(r, &whole, 0);
    r->message.length = 0;
    return passes;
}

/* Event data lies in what was consumed of the input, or in the receive half. */
static int check_data(struct replay *r, const pws_event *ev) {
    const uint8_t *begin = ev->data.ptr, *end = begin + ev->data.len;
    if (ev->data.len == 0)
        return 1;
    if (r->buffer != NULL && begin >= r->buffer && end <= r->in.ptr)
        return 1;
    if (r->receive.ptr != NULL && begin >= r->receive.ptr &&
        end <= r->receive.ptr + r->receive.size)
        return 1;
    return fail(r, "event data lies neither in consumed input nor in the receive half");
}

static uint64_t roll(struct replay *r) { /* splitmix64 */
    uint64_t z = (r->dice += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

/* How much of a PWS_WRITE the transport takes. */
static size_t taken(struct replay *r, size_t length) {
    if (r->plan.kind != PLAN_PARTIAL)
        return length;
    switch (roll(r) % 3) {
    case 0:
        return length;
    case 1:
        return (size_t)(roll(r) % length);
    default:
        return length > 8 ? (size_t)(roll(r) % 8) : (size_t)(roll(r) % length);
    }
}

static int take_output(struct replay *r, const pws_event *ev) {
    size_t length = ev->out[0].len + ev->out[1].len, take, i;
    if (length == 0)
        return fail(r, "PWS_WRITE is empty");
    if (r->held)
        return fail(r, "PWS_WRITE comes while output is held");
    count_write(r, ev);
    take = taken(r, length);
    r->partly = take < length;
    for (i = 0; i < 2; i++) {
        size_t left = i == 0 ? take : take > ev->out[0].len ? take - ev->out[0].len : 0;
        bytes_add(&r->output, ev->out[i].ptr, left < ev->out[i].len ? left : ev->out[i].len);
    }
    if (r->output.length > r->most_output)
        return compare_output(r, r->test->out.part_count, "so far");
    if (take < length || (r->plan.kind == PLAN_PARTIAL && roll(r) % 2))
        pws_wrote(r->ws, take);
    return 1;
}

static int take(struct replay *r, const pws_event *ev) {
    if (r->closed)
        return fail_event(r, NULL, ev);
    if (++r->events > r->most_events)
        return fail(r, "events do not end");
    switch (ev->kind) {
    case PWS_WRITE:
        return take_output(r, ev);
    case PWS_NEED_WORK:
        return answer_need(r, ev);
    case PWS_TEXT:
    case PWS_BINARY:
        return check_data(r, ev) && take_message(r, ev);
    case PWS_PING:
    case PWS_PONG:
    case PWS_CLOSE:
        return check_data(r, ev) && end_parts(r) && take_event(r, ev, 0);
    case PWS_REQUEST:
        r->waiting = 1;
        return end_parts(r) && take_event(r, ev, 0);
    case PWS_REJECTED:
        r->rejected = 1;
        return end_parts(r) && take_event(r, ev, 0);
    case PWS_CLOSED:
        if (!end_parts(r))
            return 0;
        r->closed = 1;
        if (pws_state(r->ws) != PWS_STATE_CLOSED)
            return fail(r, "the state after PWS_CLOSED is not CLOSED");
        return take_event(r, ev, 0);
    default:
        return end_parts(r) && take_event(r, ev, 0);
    }
}

/* ---- Input ---- */

/* The cursor only advances, and what is not consumed is not altered. */
static int check_cursor(struct replay *r, pws_bytes before, int all) {
    size_t length = r->in.len, consumed = before.len - length;
    const uint8_t *original;
    if (length > before.len || r->in.ptr != (consumed > 0 ? before.ptr + consumed : before.ptr))
        return fail(r, "the input cursor is wrong");
    if (!all && length > 64)
        length = 64;
    original = length > 0 ? r->original.ptr + (r->original.length - r->in.len) : NULL;
    if (length > 0 && memcmp(r->in.ptr, original, length) != 0)
        return fail(r, "input that is not consumed is altered");
    return 1;
}

/* Bytes may be left over only as pws_next says. */
static int check_left(struct replay *r) {
    int state = pws_state(r->ws);
    if (r->in.len == 0 || state == PWS_STATE_CLOSED ||
        (state == PWS_STATE_CONNECTING && r->waiting) ||
        (state == PWS_STATE_CLOSING && r->rejected))
        return 1;
    bytes_printf(r->report, "    input is left over in state %s: ", state_name((uint32_t)state));
    bytes_show(r->report, r->in.ptr, r->in.len);
    bytes_printf(r->report, "\n");
    return 0;
}

static void drop_read(struct replay *r) {
    free(r->buffer);
    r->buffer = NULL;
    r->in.ptr = NULL;
    bytes_clear(&r->original);
}

/* All has been pulled: nothing is left to be sent unless output is held, and nothing happens by
 * itself before the deadline. */
static int check_rest(struct replay *r) {
    uint64_t deadline = pws_deadline(r->ws), unsent = pws_unsent(r->ws);
    pws_conn copy;
    pws_event ev;
    if (unsent != 0 && !r->held)
        return fail(r, "pws_unsent is not 0 after pws_next has returned 0");
    if (pws_state(r->ws) == PWS_STATE_CLOSED)
        return (deadline == UINT64_MAX && unsent == 0) ||
               fail(r, "after PWS_CLOSED there is a deadline, or something is unsent");
    if (!r->ticked)
        return deadline == 0 || fail(r, "the deadline before the first tick is not 0");
    if (deadline <= r->now && deadline != UINT64_MAX)
        return fail(r, "the deadline is not later than the tick, though everything is pulled");
    memcpy(&copy, r->ws, sizeof copy);
    pws_tick(&copy, deadline - 1);
    if (!pws_next(&copy, NULL, &ev))
        return 1;
    bytes_printf(r->report,
                 "    something happens before the deadline, %llu: ", (unsigned long long)deadline);
    show_event(r->report, &ev);
    bytes_printf(r->report, "\n");
    return 0;
}

/* Pulls until pws_next returns 0. What is used up by then is gone. */
static int pull(struct replay *r) {
    pws_event ev;
    int got = 1;
    while (got) {
        pws_bytes before = r->in;
        int no_input = r->plan.kind >= PLAN_RANDOM && roll(r) % 4 == 0;
        move_connection(r);
        memset(&ev, 0xdd, sizeof ev);
        if (no_input && pws_next(r->ws, NULL, &ev)) {
            if (!take(r, &ev))
                return 0;
            continue;
        }
        if (no_input) {
            move_connection(r);
            memset(&ev, 0xdd, sizeof ev);
        }
        got = pws_next(r->ws, &r->in, &ev);
        if (!check_cursor(r, before, !got))
            return 0;
        if (got && !take(r, &ev))
            return 0;
    }
    if (r->in.len == 0)
        drop_read(r);
    return check_left(r) && check_rest(r) && (r->test->memory != MEMORY_NONE || take_back(r));
}

/* The length of the next read, of the bytes of the stretch that are left. */
static size_t next_read(struct replay *r, size_t left) {
    const struct test_case *test = r->test;
    uint64_t most = left;
    switch (r->plan.kind) {
    case PLAN_WHOLE:
        break;
    case PLAN_BYTES:
        most = 1;
        break;
    case PLAN_CUT:
        if (r->fed < r->plan.number)
            most = r->plan.number - r->fed;
        break;
    case PLAN_BORDERS:
        while (r->border < test->border_count && test->borders[r->border] <= r->fed)
            r->border++;
        if (r->border < test->border_count)
            most = test->borders[r->border] - r->fed;
        break;
    case PLAN_BUFFERS:
        most = 4096 - r->fed % 4096;
        break;
    case PLAN_RANDOM:
    case PLAN_PARTIAL:
        /* the seed decides how long reads are at most, each read its own length */
        most = 1 + roll(r) % (UINT64_C(1) << (1 + r->plan.number % 14));
        break;
    }
    return most < left ? (size_t)most : left;
}

/* A read: a fresh buffer with what was left of the one before and the next bytes. */
static void read_more(struct replay *r, const uint8_t *data, size_t length) {
    struct bytes content = {NULL, 0, 0};
    uint8_t *buffer;
    bytes_add(&content, r->in.ptr, r->in.len);
    bytes_add(&content, data, length);
    buffer = (uint8_t *)must_realloc(NULL, content.length);
    memcpy(buffer, content.ptr, content.length);
    drop_read(r);
    r->buffer = buffer;
    r->in.ptr = buffer;
    r->in.len = content.length;
    r->original = content;
    r->fed += length;
}

/* $accept in a line of the input, which has been put at the given place: the answer to the key in
 * the output so far. */
static int fill_accept(struct replay *r, const struct step *step, uint8_t *bytes) {
    const uint8_t *key;
    size_t i, at;
    for (i = 0; i < step->data.part_count; i++) {
        const struct part *part = &step->data.parts[i];
        pws_str text;
        if (part->kind != PART_ACCEPT)
            continue;
        (void)pattern_match(&r->test->out, r->test->out.part_count, r->output.ptr, r->output.length,
                            &at, &key);
        if (key == NULL) {
            (void)fail_at(r, step, "$accept, but the output does not agree up to a $key");
            return fail_output(r, r->test->out.part_count, at, "so far");
        }
        text.ptr = (const char *)key;
        text.len = KEY_LENGTH;
        if (pws_accept_key((char *)bytes + part->offset, text) != PWS_OK)
            return fail_at(r, step, "the $key in the output is no key");
    }
    return 1;
}

/* Gathers all input from step `first` up to the next step that waits. */
static int gather(struct replay *r, size_t first) {
    const struct test_case *test = r->test;
    size_t i;
    r->stretch.length = 0;
    for (i = first; i < test->step_count && !test->steps[i].waits; i++) {
        const struct step *step = &test->steps[i];
        size_t begin = r->stretch.length;
        if (step->kind != STEP_IN)
            continue;
        bytes_add(&r->stretch, step->data.bytes.ptr, step->data.bytes.length);
        if (!fill_accept(r, step, r->stretch.ptr + begin))
            return 0;
    }
    return 1;
}

/* Pulls what the step before has caused, then feeds all input up to the next step that waits. */
static int feed(struct replay *r) {
    size_t first = r->next, done = 0;
    if (!pull(r) || !gather(r, first))
        return 0;
    while (done < r->stretch.length) {
        size_t left = r->stretch.length - done;
        /* Where bytes are left over, nothing will happen before the next call: give all at once. */
        size_t length = r->in.len > 0 ? left : next_read(r, left);
        read_more(r, r->stretch.ptr + done, length);
        done += length;
        if (!pull(r))
            return 0;
    }
    return end_parts(r);
}

/* ---- Calls ---- */

static int perform_call(struct replay *r, const struct step *step, const pws_event *ev) {
    pws_conn before;
    int32_t error;
    memcpy(&before, r->ws, sizeof before);
    error = make_call(r, step, ev);
    if (error != step->error) {
        bytes_printf(r->report, "    line %d: %.*s\n    returned %s instead of %s\n", step->line,
                     step->text_length, step->text, error_name(error), error_name(step->error));
        return 0;
    }
    if (error != PWS_OK && memcmp(&before, r->ws, sizeof before) != 0)
        return fail_at(r, step, "the call failed, yet it has changed the connection");
    if (error == PWS_OK)
        count_call(r, step, ev);
    return 1;
}

/* A number that a function has returned. */
static int check_number(struct replay *r, const struct step *step, uint64_t actual) {
    if (actual == step->value)
        return 1;
    bytes_printf(r->report, "    line %d: %.*s\n    actual: ", step->line, step->text_length,
                 step->text);
    if (step->kind == STEP_DEADLINE && actual == UINT64_MAX)
        bytes_printf(r->report, "never\n");
    else
        bytes_printf(r->report, "%llu\n", (unsigned long long)actual);
    return 0;
}

static int perform(struct replay *r, const struct step *step, const pws_event *ev) {
    uint32_t actual;
    switch (step->kind) {
    case STEP_CALL:
        return perform_call(r, step, ev);
    case STEP_STATE:
        actual = (uint32_t)pws_state(r->ws);
        if (actual == step->number)
            return 1;
        bytes_printf(r->report, "    line %d: %.*s\n    actual: %s\n", step->line,
                     step->text_length, step->text, state_name(actual));
        return 0;
    case STEP_BORROWS:
        if ((uint32_t)pws_borrows(r->ws) == step->number)
            return 1;
        return fail_at(r, step, "pws_borrows says otherwise");
    case STEP_CODECS:
        if (r->codecs.open == step->number)
            return 1;
        bytes_printf(r->report, "    line %d: %.*s\n    actual: %u\n", step->line,
                     step->text_length, step->text, r->codecs.open);
        return 0;
    case STEP_DEADLINE:
        return check_number(r, step, pws_deadline(r->ws));
    case STEP_UNSENT:
        return check_number(r, step, pws_unsent(r->ws));
    case STEP_IDLE:
        return compare_output(r, step->out_parts, "up to idle");
    case STEP_IN:
    case STEP_EVENT:
        break;
    }
    return 1;
}

/* ---- The whole ---- */

static int lend_both(struct replay *r, size_t receive, size_t transmit) {
    if (r->kept->ptr == NULL) {
        r->kept->ptr = (uint8_t *)must_realloc(NULL, receive);
        r->kept->size = receive;
    }
    r->receive = *r->kept;
    if (pws_lend_receive(r->ws, r->receive.ptr, r->receive.size) != PWS_OK ||
        lend_transmit(r, transmit) != PWS_OK)
        return fail(r, "lending the halves failed");
    return 1;
}

static int begin(struct replay *r) {
    const struct test_case *test = r->test;
    size_t receive, transmit = test->transmit != 0 ? test->transmit : PWS_TRANSMIT_SIZE;
    pws_agreed agreed;
    uint8_t seed[32];
    int32_t error;
    unsigned i;
    r->config.role = test->role;
    r->config.flags = test->flags;
    r->config.max_head = test->max_head;
    r->config.max_message = test->max_message;
    r->config.open_ms = test->open_ms;
    r->config.ping_ms = test->ping_ms;
    r->config.pong_ms = test->pong_ms;
    r->config.idle_ms = test->idle_ms;
    r->config.message_ms = test->message_ms;
    r->config.send_ms = test->send_ms;
    r->config.close_ms = test->close_ms;
    r->config.origins = test->origins;
    r->config.protocols = test->protocols;
    if (test->deflate.agreed) {
        r->codecs.limit = test->codecs;
        r->codec = case_codec(&r->codecs);
        r->config.codec = &r->codec;
        r->config.deflate = test->deflate;
        r->config.deflate_min = test->deflate_min;
    }
    for (i = 0; i < 32; i++)
        seed[i] = (uint8_t)i;
    if (pws_random_seed(&r->random, seed) != PWS_OK)
        return fail(r, "pws_random_seed failed");
    receive = pws_receive_size(&r->config);
    if (receive == 0)
        return fail(r, "the library does not accept this configuration");
    /* Replayed whole, the case lends one piece of memory where that may be as small as it wants;
     * otherwise each half by itself. */
    if (test->memory == MEMORY_LENT && r->plan.kind == PLAN_WHOLE &&
        transmit >= PWS_TRANSMIT_SIZE) {
        r->work.size = receive + transmit;
        r->work.ptr = (uint8_t *)must_realloc(NULL, r->work.size);
        r->receive.ptr = r->work.ptr;
        r->receive.size = receive;
    }
    memset(&agreed, 0, sizeof agreed);
    agreed.random = test->role == PWS_CLIENT ? &r->random : NULL;
    agreed.deflate = test->deflate;
    if (test->open)
        error = pws_start(r->ws, &r->config, r->work.ptr, r->work.size, &agreed);
    else
        error = pws_init(r->ws, &r->config, r->work.ptr, r->work.size);
    if (error != PWS_OK)
        return fail(r, "pws_init or pws_start failed");
    if (test->memory == MEMORY_LENT && r->work.ptr == NULL)
        return lend_both(r, receive, transmit);
    return 1;
}

static int end(struct replay *r) {
    if (r->closed && pws_borrows(r->ws))
        return fail(r, "something is still borrowed after PWS_CLOSED");
    if (r->closed && r->codecs.open != 0)
        return fail(r, "a codec is still open after PWS_CLOSED");
    if (!compare_output(r, r->test->out.part_count, "at the end") || !compare_counts(r))
        return 0;
    if (r->test->has_rest && !same_pattern(r->in.ptr, r->in.len, &r->test->rest)) {
        bytes_printf(r->report, "    left in the input cursor\n    expected: ");
        bytes_show(r->report, r->test->rest.bytes.ptr, r->test->rest.bytes.length);
        bytes_printf(r->report, "\n    actual:   ");
        bytes_show(r->report, r->in.ptr, r->in.len);
        bytes_printf(r->report, "\n");
        return 0;
    }
    return 1;
}

/* Line after line: input and events up to the next step that waits, then that step. */
static int run(struct replay *r) {
    const struct test_case *test = r->test;
    int first = 1;
    if (!begin(r))
        return 0;
    for (;;) {
        const struct step *missing;
        /* A client does not pull before pws_connect. */
        if ((!first || !test->steps[0].waits) && !feed(r))
            return 0;
        first = 0;
        missing = expected_event(r);
        if (missing != NULL)
            return fail_at(r, missing, "did not come");
        if (r->next == test->step_count)
            return end(r);
        move_connection(r);
        if (!perform(r, &test->steps[r->next++], NULL))
            return 0;
    }
}

int replay(const struct test_case *test, struct plan plan, struct half *kept,
           struct bytes *report) {
    struct replay r;
    int passes;
    memset(&r, 0, sizeof r);
    r.test = test;
    r.plan = plan;
    r.report = report;
    r.kept = kept;
    r.dice = plan.number;
    r.most_events = 10 * (uint64_t)(test->input_length + pattern_longest(&test->out) + 100);
    r.most_output = pattern_longest(&test->out);
    r.ws = (pws_conn *)must_realloc(NULL, sizeof *r.ws);
    memset(r.ws, 0xdd, sizeof *r.ws);
    passes = run(&r);
    pws_end(r.ws);
    if (passes && r.codecs.open != 0)
        passes = fail(&r, "a codec is still open after pws_end");
    free(r.ws);
    drop_receive(&r);
    free_half(&r.transmit);
    free_half(&r.work);
    drop_read(&r);
    bytes_clear(&r.stretch);
    bytes_clear(&r.output);
    bytes_clear(&r.message);
    free_copies(&r.borrowed);
    return passes;
}
