/* tests/bench/traffic.c: numbered messages one way, each to arrive once and in order
 *
 * A text is "NUMBER DUE …": which one of this user's it is, and when it was to be sent (µs).  At a
 * fixed rate that is by the clock, whether or not we were late: what waits for a slow receiver
 * counts as its delay.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "tests/bench/traffic.h"

#include <stdlib.h>
#include <string.h>

#include "tests/bench/irc.h"

#define WARM_UP 0.3    /* of the time */
#define LATE_TIME 30.0 /* s for what is on its way at the end */
/* Messages under way at most; a receiver that is slower than the rate gets less. */
#define UNDER_WAY 10000
#define UNDER_WAY_EACH 100 /* of one user: far below pending-messages */
#define WORDS "the quick brown fox jumps over the lazy dog & says hello"

static struct {
    const BenchTraffic *traffic;
    guint64 sent, arrived;
    gint64 started, ended; /* µs */
    gint64 last_arrival;
    GArray *delays; /* guint32, µs */
} run;

/* ---- out ---- */

static void send_one(gint64 due)
{
    guint number = (guint)(run.sent++ % run.traffic->users);
    BenchUser *user = &bench_world.users[number];

    if (run.traffic->way == BENCH_TO_NETWORK) {
        bench_jabber_send("<message type='chat' id='m%u' from='" BENCH_USER_FORMAT
                          "/pc' to='peer@" BENCH_DOMAIN "'><body>%u %" G_GINT64_FORMAT
                          " the quick brown fox jumps over the lazy dog &amp; says hello</body>"
                          "</message>",
                          user->to_network, number, user->to_network, due);
        user->to_network++;
    } else {
        char text[256];
        int length =
            g_snprintf(text, sizeof text, "%u %" G_GINT64_FORMAT " " WORDS, user->to_user, due);
        bench_irc_send(user->irc, number, text, (gsize)length);
        user->to_user++;
    }
}

static void tick_cb(gpointer data)
{
    gint64 now = bench_now();

    if (now >= run.ended)
        return;
    if (run.traffic->rate == 0) {
        while (run.sent - run.arrived < run.traffic->window)
            send_one(now);
        return;
    }
    guint64 due = (guint64)((double)(now - run.started) * run.traffic->rate / G_USEC_PER_SEC);
    guint64 most = MIN(UNDER_WAY, (guint64)run.traffic->users * UNDER_WAY_EACH);
    while (run.sent < due && run.sent - run.arrived < most)
        send_one(run.started + (gint64)(run.sent * G_USEC_PER_SEC / run.traffic->rate));
}

/* ---- in ---- */

static void take(BenchText text, guint user, guint32 expected)
{
    char *rest = NULL;
    guint32 number = (guint32)strtoul(text.at, &rest, 10);
    gint64 due = strtoll(rest, NULL, 10);

    if (number != expected)
        g_error("of user %u message %u came where %u was next", user, number, expected);
    run.arrived++;
    run.last_arrival = bench_now();
    guint32 delay = (guint32)MAX(run.last_arrival - due, 0);
    g_array_append_val(run.delays, delay);
}

static void at_user_cb(guint user, BenchText body)
{
    take(body, user, bench_world.users[user].at_user++);
}

static void at_network_cb(guint user, BenchText text)
{
    take(text, user, bench_world.users[user].at_network++);
}

/* ---- the run ---- */

static gboolean all_arrived(gpointer data)
{
    return bench_now() >= run.ended && run.arrived == run.sent;
}

static int compare_delays(gconstpointer a, gconstpointer b)
{
    guint32 x = *(const guint32 *)a, y = *(const guint32 *)b;

    return x < y ? -1 : x > y;
}

static double delay_ms(double share)
{
    if (run.delays->len == 0)
        return 0;
    return g_array_index(run.delays, guint32, (guint)(share * (run.delays->len - 1))) / 1000.0;
}

static void run_for(double seconds)
{
    run.sent = run.arrived = 0;
    g_array_set_size(run.delays, 0);
    run.started = bench_now();
    run.ended = run.started + (gint64)(seconds * G_USEC_PER_SEC);
    bench_loop_set_tick(tick_cb, NULL);
    gboolean complete = bench_loop_run(all_arrived, NULL, seconds + LATE_TIME);
    bench_loop_set_tick(NULL, NULL);
    if (!complete)
        g_error("%" G_GUINT64_FORMAT " of %" G_GUINT64_FORMAT " messages arrived", run.arrived,
                run.sent);
}

BenchResult bench_traffic_run(const BenchTraffic *traffic)
{
    static const BenchWatch watch = {.at_user = at_user_cb, .at_network = at_network_cb};

    run.traffic = traffic;
    run.delays = g_array_new(FALSE, FALSE, sizeof(guint32));
    bench_world_watch(&watch);
    run_for(traffic->seconds * WARM_UP);
    BenchCpu before = bench_cpu();
    run_for(traffic->seconds);
    BenchCpu cpu = bench_cpu_since(before);
    bench_world_watch(NULL);

    g_array_sort(run.delays, compare_delays);
    double count = MAX((double)run.arrived, 1);
    BenchResult result = {
        .messages = run.arrived,
        .rate = count * G_USEC_PER_SEC / (double)(run.last_arrival - run.started),
        .gateway_us = cpu.gateway * 1e6 / count,
        .hosts_us = cpu.hosts * 1e6 / count,
        .bench_us = cpu.bench * 1e6 / count,
        .p50_ms = delay_ms(0.50),
        .p99_ms = delay_ms(0.99),
        .max_ms = delay_ms(1),
    };
    g_array_unref(run.delays);
    return result;
}
