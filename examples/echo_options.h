/* The command line of echo_server. Part of that program: it defines functions. */
#ifndef ECHO_OPTIONS_H
#define ECHO_OPTIONS_H

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "purews.h"

static const char help[] =
    "usage: echo_server --port N [--host H] [--max-message BYTES] [--subprotocol a,b]\n"
    "                   [--origin URL]... [--no-deflate]\n"
    "Sends every WebSocket message back. Its first line says where it listens.\n"
    "\n"
    "  --port N             TCP port; 0 picks a free one\n"
    "  --host H             address or name to listen on; 127.0.0.1 if not given\n"
    "  --max-message BYTES  largest message that is accepted; 16777216 if not given. Memory is\n"
    "                       used only for what has arrived\n"
    "  --subprotocol a,b    subprotocols, best first\n"
    "  --origin URL         let in pages of this origin, such as https://example.com, and of no\n"
    "                       other; may be given several times\n"
    "  --no-deflate         no compression (it is not built in: accepted, changes nothing)\n"
    "  --help               this text\n"
    "\n"
    "GET / without an upgrade shows a page to try it with. SIGTERM or SIGINT closes every\n"
    "connection with 1001 and ends the program.\n";

static void fail(int status, const char *text, const char *about) {
    fprintf(stderr, "echo_server: %s%s%s\n", text, about[0] != '\0' ? ": " : "", about);
    exit(status);
}

/* The number that text is, from low to high, or the end of the program. */
static uint64_t parse_number(const char *text, uint64_t low, uint64_t high, const char *complaint) {
    uint64_t number = 0;
    const char *p;

    for (p = text; *p >= '0' && *p <= '9' && number <= high; p++)
        number = number * 10 + (uint64_t)(*p - '0');
    if (p == text || *p != '\0' || number < low || number > high)
        fail(2, complaint, text);
    return number;
}

/* Adds a comma and item to the list of size bytes. Returns the list. */
static const char *append(char *list, size_t size, const char *item) {
    size_t length = strlen(list);

    if (length + 1 + strlen(item) >= size)
        fail(2, "this is too much", item);
    snprintf(list + length, size - length, "%s%s", length > 0 ? "," : "", item);
    return list;
}

/* Fills config, *host and *port (text of a number), or ends the program. */
static void parse_options(int argc, char **argv, pws_config *config, const char **host,
                          const char **port) {
    static const struct option options[] = {{"port", required_argument, NULL, 'p'},
                                            {"host", required_argument, NULL, 'h'},
                                            {"max-message", required_argument, NULL, 'm'},
                                            {"subprotocol", required_argument, NULL, 's'},
                                            {"origin", required_argument, NULL, 'o'},
                                            {"no-deflate", no_argument, NULL, 'd'},
                                            {"help", no_argument, NULL, 'u'},
                                            {NULL, 0, NULL, 0}};
    static char origins[4096], protocols[1024];
    int option;

    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        switch (option) {
        case 'p':
            parse_number(optarg, 0, 65535, "--port takes a number from 0 to 65535");
            *port = optarg;
            break;
        case 'h':
            *host = optarg;
            break;
        case 'm':
            config->max_message = parse_number(optarg, 1, UINT32_MAX,
                                               "--max-message takes a number from 1 to 4294967295");
            break;
        case 's':
            config->protocols = append(protocols, sizeof protocols, optarg);
            break;
        case 'o':
            config->origins = append(origins, sizeof origins, optarg);
            break;
        case 'd':
            break;
        case 'u':
            fputs(help, stdout);
            exit(0);
        default:
            exit(2); /* getopt_long has said why */
        }
    }
    if (optind < argc)
        fail(2, "this is no option", argv[optind]);
    if (*port == NULL)
        fail(2, "--port is needed; --help says more", "");
}

#endif
