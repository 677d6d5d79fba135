#include "storm.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agenda.h"
#include "dice.h"
#include "purews.h"
#include "world.h"

enum {
    SECONDS = 1200, /* that are looked at; all are back by then */
    START = 1000000 /* milliseconds on the clock when the server is lost */
};

/* One way of losing it. */
struct weather {
    const char *name;
    uint32_t code;    /* with which it closed; 0: it is simply gone */
    uint32_t away;    /* milliseconds until it takes connections again */
    uint32_t base_ms; /* of the backoff; 0: the default */
    uint32_t window;  /* milliseconds over which the promise spreads those who come back */
};

/* What is seen of it. */
struct view {
    uint32_t second;  /* attempts in the fullest second */
    uint32_t instant; /* attempts in the fullest millisecond */
    uint32_t back;    /* connections made in the fullest second */
    uint32_t last;    /* seconds until all are back */
};

struct fleet {
    pws_backoff_config config;
    pws_backoff *backoffs;
    uint32_t *milliseconds; /* attempts in each */
    uint32_t *seconds;      /* connections made in each */
    struct agenda agenda;
    struct dice dice;
};

/* When a client tries again: as the library says, or without jitter. */
static uint64_t again(struct fleet *fleet, uint32_t client, uint32_t code, uint64_t now,
                      int jitter) {
    /* the longest wait of the row is what a backoff without jitter waits */
    uint8_t random[8] = {255, 255, 255, 255, 255, 255, 255, 255};
    uint64_t at = now, word = dice_roll(&fleet->dice);

    if (jitter)
        memcpy(random, &word, sizeof random);
    (void)pws_backoff_next(&fleet->backoffs[client], &fleet->config, code, 0, now, random, &at);
    return at;
}

static void look(const struct fleet *fleet, struct view *view) {
    uint32_t i, j, sum;

    memset(view, 0, sizeof *view);
    for (i = 0; i < SECONDS; i++) {
        for (j = sum = 0; j < 1000; j++) {
            uint32_t attempts = fleet->milliseconds[1000 * i + j];

            sum += attempts;
            view->instant = attempts > view->instant ? attempts : view->instant;
        }
        view->second = sum > view->second ? sum : view->second;
        view->back = fleet->seconds[i] > view->back ? fleet->seconds[i] : view->back;
        if (fleet->seconds[i] != 0)
            view->last = i + 1;
    }
}

/* Returns how many clients came back. */
static uint32_t run(const struct weather *weather, uint32_t clients, int jitter,
                    struct view *view) {
    struct fleet fleet;
    struct item item;
    uint32_t i, back = 0;

    memset(&fleet, 0, sizeof fleet);
    fleet.config.base_ms = weather->base_ms;
    fleet.backoffs = (pws_backoff *)world_memory(clients, sizeof *fleet.backoffs);
    fleet.milliseconds = (uint32_t *)world_memory(1000 * SECONDS, sizeof *fleet.milliseconds);
    fleet.seconds = (uint32_t *)world_memory(SECONDS, sizeof *fleet.seconds);
    for (i = 0; i < clients; i++) {
        pws_backoff_opened(&fleet.backoffs[i], 0);
        agenda_add(&fleet.agenda, again(&fleet, i, weather->code, START, jitter), 0, NULL, i);
    }
    while (agenda_next(&fleet.agenda, &item) && item.at < START + 1000 * (uint64_t)SECONDS) {
        fleet.milliseconds[item.at - START]++;
        if (item.at >= (uint64_t)START + weather->away) {
            fleet.seconds[(item.at - START) / 1000]++;
            back++;
            continue;
        }
        agenda_add(&fleet.agenda, again(&fleet, item.side, 0, item.at, jitter), 0, NULL, item.side);
    }
    look(&fleet, view);
    agenda_free(&fleet.agenda);
    free(fleet.backoffs);
    free(fleet.milliseconds);
    free(fleet.seconds);
    return back;
}

static unsigned judge(const struct weather *weather, uint32_t clients) {
    struct view with, without;
    uint32_t back = run(weather, clients, 1, &with), other = run(weather, clients, 0, &without);
    double even = 1.0 * clients * 1000 / weather->window;
    double most = 1.2 * even + 50; /* chance counts more where there are few */

    printf("%-44s %9u %9u %9u %5u   %9u %9u %9u %5u\n", weather->name, (unsigned)with.instant,
           (unsigned)with.second, (unsigned)with.back, (unsigned)with.last,
           (unsigned)without.instant, (unsigned)without.second, (unsigned)without.back,
           (unsigned)without.last);
    if (back == clients && other == clients && with.back <= most && without.instant == clients)
        return 0;
    printf("FAILED: %u are back, at most %.0f in a second are promised\n", (unsigned)back, most);
    return 1;
}

unsigned storm(uint32_t clients, unsigned *promises) {
    static const struct weather weathers[] = {
        {"closed with 1012", 1012, 0, 0, 25000},
        {"lost, and there at once", 0, 0, 0, 1000},
        {"lost, and there at once, base_ms 30000", 0, 0, 30000, 30000},
        {"lost, and away for 5 minutes", 0, 300000, 0, 30000},
    };
    unsigned i, broken = 0;

    printf("%u clients lose their server at the same instant and come back\n", (unsigned)clients);
    printf("%-44s %-35s   %s\n", "", "with jitter: attempts in one", "without jitter");
    printf("%-44s %9s %9s %9s %5s   %9s %9s %9s %5s\n", "", "ms", "second", "back/s", "last s",
           "ms", "second", "back/s", "last s");
    *promises = sizeof weathers / sizeof weathers[0];
    for (i = 0; i < *promises; i++)
        broken += judge(&weathers[i], clients);
    return broken;
}
