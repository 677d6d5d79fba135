/* Measures purews beside its peers and beside what the machine can do: the same bytes for all, one
 * sample of each in turn, pinned to one processor. Absolute times drift on a shared machine; the
 * ratios in a row were measured in the same seconds.
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
    MAX_ROUNDS = 1000
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

struct result {
    void *state;
    double samples[MAX_ROUNDS]; /* ns a message */
};

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

static void print_row(const struct options *options, const struct job *job, const char *text,
                      struct result *results) {
    double best_peer = 0, median_peer = 0;
    int i;

    for (i = 0; i < LIBRARIES; i++)
        if (results[i].state != NULL)
            qsort(results[i].samples, (size_t)options->rounds, sizeof(double), compare);
    for (i = 2; i < LIBRARIES; i++) {
        if (results[i].state == NULL)
            continue;
        if (best_peer == 0 || results[i].samples[0] < best_peer)
            best_peer = results[i].samples[0];
        if (median_peer == 0 || results[i].samples[options->rounds / 2] < median_peer)
            median_peer = results[i].samples[options->rounds / 2];
    }
    printf("%-13s %-12s %7zu %5zuK", operation_names[job->operation], text, job->payload,
           job->chunk / 1024);
    for (i = 0; i < LIBRARIES; i++) {
        double best, median;
        if (results[i].state == NULL) {
            printf(" %21s", "-");
            continue;
        }
        best = results[i].samples[0];
        median = results[i].samples[options->rounds / 2];
        printf(" %10.1f %10.1f", best, median);
        fprintf(options->csv, "%s,%s,%zu,%zu,%s,%s,%.2f,%.2f\n", operation_names[job->operation],
                text, job->payload, job->chunk, libraries[i]->name, options->build, best, median);
    }
    printf(" %7.2f", (double)job->payload / results[1].samples[0]);
    printf(" %5.2f %5.2f", best_peer > 0 ? results[1].samples[0] / best_peer : 0,
           median_peer > 0 ? results[1].samples[options->rounds / 2] / median_peer : 0);
    if (results[0].state != NULL)
        printf(" %5.2f", results[1].samples[0] / results[0].samples[0]);
    printf("\n");
    fflush(stdout);
}

static void run_row(struct options *options, enum operation operation, int text, size_t payload,
                    size_t chunk) {
    static struct result results[LIBRARIES];
    struct job job;
    int i, round;

    if (options->only != NULL && strcmp(options->only, operation_names[operation]) != 0)
        return;
    make_job(&job, operation, text, payload, chunk);
    for (i = 0; i < LIBRARIES; i++) {
        results[i].state = libraries[i]->can(&job) ? libraries[i]->open(&job) : NULL;
        if (results[i].state != NULL && !is_right(&job, libraries[i], results[i].state))
            options->wrong = 1;
    }
    for (round = 0; round < options->rounds; round++) {
        for (i = 0; i < LIBRARIES; i++) {
            struct sink sink = {0};
            double begin;
            if (results[i].state == NULL)
                continue;
            sink.job = &job;
            begin = seconds();
            libraries[i]->run(results[i].state, &sink);
            results[i].samples[round] = (seconds() - begin) * 1e9 / (double)job.messages;
        }
    }
    print_row(options, &job, operation == HANDSHAKE ? "chrome" : text_names[text], results);
    for (i = 0; i < LIBRARIES; i++)
        if (results[i].state != NULL)
            libraries[i]->close(results[i].state);
    free_job(&job);
}

static void run_all(struct options *options) {
    static const size_t payloads[] = {16, 125, 1024, 16384, 1048576};
    static const size_t chunks[] = {16384, 65536};
    size_t i, j;
    int text;

    for (j = 0; j < 2; j++)
        for (text = 0; text < 3; text++)
            for (i = 0; i < 5; i++) {
                run_row(options, DECODE, text, payloads[i], chunks[j]);
                run_row(options, DECODE_STREAM, text, payloads[i], chunks[j]);
            }
    for (i = 0; i < 5; i++)
        run_row(options, ENCODE_SERVER, 0, payloads[i], 65536);
    for (i = 0; i < 5; i++)
        run_row(options, ENCODE_CLIENT, 0, payloads[i], 65536);
    for (text = 0; text < 3; text++)
        for (i = 0; i < 5; i++)
            run_row(options, ECHO, text, payloads[i], 65536);
    run_row(options, HANDSHAKE, 0, sizeof handshake_request - 1, 65536);
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
    run_all(&options);
    fclose(options.csv);
    return options.wrong;
}
