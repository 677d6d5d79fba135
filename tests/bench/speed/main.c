/* Measures purews beside its peers and beside what the machine can do: the same bytes for all, one
 * sample of each in turn, pinned to one processor. Absolute times drift on a shared machine; the
 * ratios in a row were measured in the same seconds, and in several of them: the samples of a row
 * are spread over passes through all rows, each with other memory, so that no row has only a bad
 * moment or a bad place.
 *
 *     speed CSV BUILD [--rounds N] [--only OPERATION]
 *
 * Adds rows to the file CSV, with BUILD as the name of this build, and prints a table. Before
 * anything is timed, every byte that each library makes is compared with what it should be; the
 * exit status is 1 if one is wrong. */
#define _GNU_SOURCE /* sched_setaffinity */
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "speed.h"

enum {
    SAMPLE_BYTES = 1 << 20, /* of payload in a sample, about */
    SENT_AT_ONCE = 64,      /* messages of a sample, at least, where they are only sent */
    TRANSPORT = 16384,      /* bytes that go out at once; they stay in the first cache */
    LARGE_PIECE = 4096,     /* bytes; larger ones are not joined */
    LIBRARIES = 5,
    ROUNDS = 25, /* samples of each library in a row */
    MAX_ROUNDS = 1000,
    PASSES = 5,
    MAX_ROWS = 100
};

static const struct library *const libraries[LIBRARIES] = {
    &library_limit, &library_purews, &library_wslay_event, &library_wslay_frame, &library_beast};

static const char *const operation_names[OPERATIONS] = {
    "decode", "decode-stream", "encode-server", "encode-client", "echo", "handshake"};

static const char *const text_names[] = {"binary", "ascii", "multilingual"};

/* What Chrome sends. */
static const char handshake_request[] =
    "GET /chat?room=42 HTTP/1.1\r\nHost: server.example.com:8080\r\nConnection: Upgrade\r\n"
    "Pragma: no-cache\r\nCache-Control: no-cache\r\n"
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/126.0.0.0 Safari/537.36\r\n"
    "Upgrade: websocket\r\nOrigin: http://server.example.com:8080\r\n"
    "Sec-WebSocket-Version: 13\r\nAccept-Encoding: gzip, deflate\r\n"
    "Accept-Language: en-US,en;q=0.9,de;q=0.8\r\n"
    "Cookie: session=6b9f2c4d8e1a4f7e9d3c5b7a1f2e4d6c; theme=dark; _ga=GA1.1.1234567890.17\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n\r\n";

/* ---- The sink ---- */

uint32_t speed_random(void) {
    static uint64_t state = 0x9E3779B97F4A7C15u;

    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (uint32_t)(state >> 32);
}

void sink_data(struct sink *sink, const uint8_t *data, size_t length, int last) {
    if (sink->verify) {
        const struct job *job = sink->job;
        if (length > job->payload - sink->in_message ||
            memcmp(data, job->message + sink->in_message, length) != 0 ||
            last != (sink->in_message + length == job->payload))
            sink->wrong = 1;
        sink->in_message = last ? 0 : sink->in_message + length;
    }
    sink->bytes += length;
    sink->messages += (uint64_t)(last != 0);
}

/* Where bytes go: the memory of a socket, and what waits to go there. */
static uint8_t transport[TRANSPORT], pieces[TRANSPORT];

static void keep_output(struct sink *sink, const uint8_t *data, size_t length) {
    if (length == 0)
        return;
    sink->output = (uint8_t *)realloc(sink->output, sink->output_length + length);
    if (sink->output == NULL)
        exit(2);
    memcpy(sink->output + sink->output_length, data, length);
    sink->output_length += length;
}

void sink_output(struct sink *sink, const uint8_t *data, size_t length) {
    size_t part;

    sink->bytes += length;
    if (sink->verify)
        keep_output(sink, data, length);
    for (; length > 0; data += part, length -= part) {
        part = length < TRANSPORT ? length : TRANSPORT;
        memcpy(transport, data, part);
    }
}

void sink_flush(struct sink *sink) {
    sink_output(sink, pieces, sink->joined);
    sink->joined = 0;
}

void sink_piece(struct sink *sink, const uint8_t *data, size_t length) {
    if (sink->joined + length > TRANSPORT)
        sink_flush(sink);
    if (length > LARGE_PIECE) {
        sink_flush(sink);
        sink_output(sink, data, length);
        return;
    }
    memcpy(pieces + sink->joined, data, length);
    sink->joined += length;
}

uint8_t *new_buffer(size_t length) {
    void *buffer = NULL;

    if (posix_memalign(&buffer, 4096, length) != 0)
        exit(2);
    return (uint8_t *)buffer;
}

/* ---- Jobs ---- */

static size_t frame_head(uint8_t *out, const struct job *job, int masked, uint32_t key) {
    size_t size = 2, i, extended = 0;

    out[0] = (uint8_t)(0x80 | (job->is_text ? 1 : 2));
    if (job->payload > 65535)
        extended = 8;
    else if (job->payload > 125)
        extended = 2;
    out[1] = (uint8_t)(extended == 8 ? 127 : extended == 2 ? 126 : job->payload);
    for (i = extended; i > 0; i--)
        out[size++] = (uint8_t)((uint64_t)job->payload >> 8 * (i - 1));
    if (masked) {
        out[1] |= 0x80;
        memcpy(out + size, &key, 4);
        size += 4;
    }
    return size;
}

/* Text of many languages, cut to length between characters; what is left is filled with dots. */
static void fill_multilingual(uint8_t *message, size_t length) {
    static const char text[] =
        "Grüße aus München, Füße, Æther. Привет, мир! Как дела? Καλημέρα κόσμε. "
        "こんにちは世界、お元気ですか。你好,世界。今天天气很好。안녕하세요 세계. "
        "שלום עולם مرحبا بالعالم \xF0\x9F\x98\x80\xF0\x9F\x9A\x80 नमस्ते दुनिया ";
    size_t i = 0, j = 0;

    while (i < length) {
        size_t size = 1;
        while ((text[j + size] & 0xC0) == 0x80)
            size++;
        if (size > length - i)
            break;
        memcpy(message + i, text + j, size);
        i += size;
        j = j + size < sizeof text - 1 ? j + size : 0;
    }
    memset(message + i, '.', length - i);
}

static void fill_message(uint8_t *message, size_t length, int text) {
    size_t i;

    if (text == 2) {
        fill_multilingual(message, length);
        return;
    }
    for (i = 0; i < length; i++)
        message[i] = (uint8_t)(text == 1 ? ' ' + speed_random() % 95 : speed_random());
}

static void fill_wire(struct job *job) {
    uint8_t *wire = (uint8_t *)malloc(job->messages * (job->payload + 14));
    size_t at = 0, i, j;

    if (wire == NULL)
        exit(2);
    for (i = 0; i < job->messages; i++) {
        uint32_t key = speed_random();
        uint8_t bytes[4];
        memcpy(bytes, &key, 4);
        at += frame_head(wire + at, job, 1, key);
        for (j = 0; j < job->payload; j++)
            wire[at + j] = (uint8_t)(job->message[j] ^ bytes[j % 4]);
        at += job->payload;
    }
    job->wire = wire;
    job->wire_length = at;
}

static void make_job(struct job *job, enum operation operation, int text, size_t payload,
                     size_t chunk) {
    uint8_t *message = (uint8_t *)malloc(payload + 1);

    if (message == NULL)
        exit(2);
    memset(job, 0, sizeof *job);
    job->operation = operation;
    job->is_text = text != 0;
    job->payload = payload;
    job->chunk = chunk;
    job->messages = payload < SAMPLE_BYTES ? SAMPLE_BYTES / (payload + 4) : 1;
    if (operation == ENCODE_SERVER && job->messages < SENT_AT_ONCE)
        job->messages = SENT_AT_ONCE;
    fill_message(message, payload, text);
    job->message = message;
    if (operation == HANDSHAKE) {
        job->messages = 500;
        job->wire = (const uint8_t *)handshake_request;
        job->wire_length = sizeof handshake_request - 1;
    } else if (operation != ENCODE_SERVER && operation != ENCODE_CLIENT) {
        fill_wire(job);
    }
}

static void free_job(struct job *job) {
    free((void *)(uintptr_t)job->message);
    if (job->operation != HANDSHAKE)
        free((void *)(uintptr_t)job->wire);
}

/* ---- The untimed pass ---- */

/* Whether the output is the job's messages as frames, masked or not. */
static int frames_are_right(const struct job *job, const struct sink *sink) {
    int masked = job->operation == ENCODE_CLIENT;
    size_t at = 0, i, j;

    for (i = 0; i < job->messages; i++) {
        uint8_t head[14] = {0}, key[4] = {0};
        size_t size = frame_head(head, job, masked, 0);
        if (sink->output_length - at < size + job->payload ||
            memcmp(sink->output + at, head, size - (masked ? 4 : 0)) != 0)
            return 0;
        if (masked)
            memcpy(key, sink->output + at + size - 4, 4);
        at += size;
        for (j = 0; j < job->payload; j++)
            if ((sink->output[at + j] ^ key[j % 4]) != job->message[j])
                return 0;
        at += job->payload;
    }
    return at == sink->output_length;
}

static int handshakes_are_right(const struct job *job, const struct sink *sink) {
    static const char accept[] = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";
    size_t found = 0, i;

    for (i = 0; i + sizeof accept - 1 <= sink->output_length; i++)
        found += memcmp(sink->output + i, accept, sizeof accept - 1) == 0;
    return found == job->messages;
}

static int is_right(const struct job *job, const struct library *library, void *state) {
    struct sink sink = {0};
    int right;

    sink.job = job;
    sink.verify = 1;
    library->run(state, &sink);
    right = !sink.wrong && sink.in_message == 0;
    if (job->operation != ENCODE_SERVER && job->operation != ENCODE_CLIENT)
        right = right && sink.messages == job->messages;
    if (job->operation == HANDSHAKE)
        right = right && handshakes_are_right(job, &sink);
    else if (job->operation >= ENCODE_SERVER)
        right = right && frames_are_right(job, &sink);
    free(sink.output);
    if (!right)
        fprintf(stderr, "speed: %s is wrong: %s of %zu bytes in reads of %zu\n", library->name,
                operation_names[job->operation], job->payload, job->chunk);
    return right;
}

/* ---- The timed pass ---- */

static double seconds(void) {
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

struct row {
    enum operation operation;
    int text;
    size_t payload, chunk;
    int is_measured[LIBRARIES];
    double samples[LIBRARIES][MAX_ROUNDS]; /* ns a message */
};

static struct row rows[MAX_ROWS];
static int row_count;

static int compare(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

struct options {
    FILE *csv;
    const char *build, *only;
    int rounds;
    int wrong;
};

static void print_row(const struct options *options, struct row *row) {
    const char *operation = operation_names[row->operation];
    const char *text = row->operation == HANDSHAKE ? "chrome" : text_names[row->text];
    double best[LIBRARIES] = {0}, median[LIBRARIES] = {0}, best_peer = 0, median_peer = 0;
    int i;

    printf("%-13s %-12s %7zu %5zuK", operation, text, row->payload, row->chunk / 1024);
    for (i = 0; i < LIBRARIES; i++) {
        if (!row->is_measured[i]) {
            printf(" %21s", "-");
            continue;
        }
        qsort(row->samples[i], (size_t)options->rounds, sizeof(double), compare);
        best[i] = row->samples[i][0];
        median[i] = row->samples[i][options->rounds / 2];
        printf(" %10.1f %10.1f", best[i], median[i]);
        fprintf(options->csv, "%s,%s,%zu,%zu,%s,%s,%.2f,%.2f\n", operation, text, row->payload,
                row->chunk, libraries[i]->name, options->build, best[i], median[i]);
        if (i >= 2 && (best_peer == 0 || best[i] < best_peer))
            best_peer = best[i];
        if (i >= 2 && (median_peer == 0 || median[i] < median_peer))
            median_peer = median[i];
    }
    printf(" %7.2f", (double)row->payload / best[1]);
    printf(" %5.2f %5.2f", best_peer > 0 ? best[1] / best_peer : 0,
           median_peer > 0 ? median[1] / median_peer : 0);
    if (row->is_measured[0])
        printf(" %5.2f", best[1] / best[0]);
    printf("\n");
    fflush(stdout);
}

static void add_row(enum operation operation, int text, size_t payload, size_t chunk) {
    struct row *row = &rows[row_count++];

    row->operation = operation;
    row->text = text;
    row->payload = payload;
    row->chunk = chunk;
}

/* One sample of one library. Returns ns a message. */
static double sample(const struct job *job, const struct library *library, void *state) {
    struct sink sink = {0};
    double begin;

    sink.job = job;
    begin = seconds();
    library->run(state, &sink);
    return (seconds() - begin) * 1e9 / (double)job->messages;
}

/* Takes the samples first to end - 1 of a row. */
static void measure(struct options *options, struct row *row, int first, int end) {
    void *states[LIBRARIES] = {NULL};
    struct job job;
    int i, round;

    make_job(&job, row->operation, row->text, row->payload, row->chunk);
    for (i = 0; i < LIBRARIES; i++) {
        if (!libraries[i]->can(&job))
            continue;
        states[i] = libraries[i]->open(&job);
        if (states[i] == NULL) {
            fprintf(stderr, "speed: %s could not begin: no memory?\n", libraries[i]->name);
            exit(2);
        }
        row->is_measured[i] = 1;
        if (!is_right(&job, libraries[i], states[i]))
            options->wrong = 1;
    }
    for (round = first; round < end; round++)
        for (i = 0; i < LIBRARIES; i++)
            if (states[i] != NULL)
                row->samples[i][round] = sample(&job, libraries[i], states[i]);
    for (i = 0; i < LIBRARIES; i++)
        if (states[i] != NULL)
            libraries[i]->close(states[i]);
    free_job(&job);
}

static void add_rows(void) {
    static const size_t payloads[] = {16, 125, 1024, 16384, 1048576};
    static const size_t chunks[] = {16384, 65536};
    size_t i, j;
    int text;

    for (j = 0; j < 2; j++)
        for (text = 0; text < 3; text++)
            for (i = 0; i < 5; i++) {
                add_row(DECODE, text, payloads[i], chunks[j]);
                add_row(DECODE_STREAM, text, payloads[i], chunks[j]);
            }
    for (i = 0; i < 5; i++)
        add_row(ENCODE_SERVER, 0, payloads[i], 65536);
    for (i = 0; i < 5; i++)
        add_row(ENCODE_CLIENT, 0, payloads[i], 65536);
    for (text = 0; text < 3; text++)
        for (i = 0; i < 5; i++)
            add_row(ECHO, text, payloads[i], 65536);
    add_row(HANDSHAKE, 0, sizeof handshake_request - 1, 65536);
}

/* The rows are printed in the last pass, as each is done. */
static void run_all(struct options *options) {
    int pass, i;

    for (pass = 0; pass < PASSES; pass++) {
        int first = options->rounds * pass / PASSES, end = options->rounds * (pass + 1) / PASSES;
        for (i = 0; i < row_count; i++) {
            if (options->only != NULL &&
                strcmp(options->only, operation_names[rows[i].operation]) != 0)
                continue;
            if (first < end)
                measure(options, &rows[i], first, end);
            if (pass == PASSES - 1)
                print_row(options, &rows[i]);
        }
    }
}

static void print_heading(void) {
    int i;

    printf("%-13s %-12s %7s %6s", "operation", "text", "bytes", "reads");
    for (i = 0; i < LIBRARIES; i++)
        printf(" %14s best/med", libraries[i]->name);
    printf(" %7s %11s %5s\n", "GB/s", "to peer b/m", "limit");
}

int main(int argc, char **argv) {
    struct options options = {NULL, NULL, NULL, ROUNDS, 0};
    cpu_set_t processor;
    int i;

    if (argc < 3) {
        fprintf(stderr, "usage: speed CSV BUILD [--rounds N] [--only OPERATION]\n");
        return 2;
    }
    options.build = argv[2];
    for (i = 3; i + 1 < argc; i += 2) {
        if (strcmp(argv[i], "--rounds") == 0)
            options.rounds = atoi(argv[i + 1]);
        else if (strcmp(argv[i], "--only") == 0)
            options.only = argv[i + 1];
    }
    if (options.rounds < 1 || options.rounds > MAX_ROUNDS) {
        fprintf(stderr, "speed: --rounds takes a number from 1 to %d\n", MAX_ROUNDS);
        return 2;
    }
    options.csv = fopen(argv[1], "a");
    if (options.csv == NULL) {
        perror(argv[1]);
        return 2;
    }
    CPU_ZERO(&processor);
    CPU_SET(1, &processor);
    sched_setaffinity(0, sizeof processor, &processor); /* where there is only one, it stays */
    print_heading();
    fflush(stdout);
    add_rows();
    run_all(&options);
    fclose(options.csv);
    return options.wrong;
}
