/* tests/bench/news.c: what information agents cost with the gateway before them
 *
 *     jabber.c == XEP-0114 == causeway == link == causeway-agents == HTTP == provider.c
 *
 * As agents.c, which leaves the gateway out: as many things as users, and WATCHED of them for each,
 * who subscribes by presence.  A change counts from the provider's answer to what the server gets
 * for the last of those who watch it: the contact's presence, or a headline.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <string.h>

#include "tests/bench/parts.h"
#include "tests/bench/provider.h"
#include "tests/bench/world.h"

#define WATCHED 10
#define USUAL 300 /* s between two fetches */
#define SLICES 4  /* what is measured lasts so many intervals */
#define SLOW 120.0

static struct {
    BenchKind kind;
    guint granted;
} self;

static void stanza_cb(const BenchStanza *stanza)
{
    const char *told = self.kind == BENCH_FEEDS ? "message" : "presence";
    const char *at = memchr(stanza->from.at, '@', stanza->from.length);

    if (at == NULL)
        return; /* the gateway itself */
    if (bench_text_is(stanza->type, "subscribed"))
        self.granted++;
    else if (bench_text_is(stanza->type, "unsubscribed") || bench_text_is(stanza->type, "error"))
        g_error("refused: %.*s", (int)stanza->whole.length, stanza->whole.at);
    else if (bench_text_is(stanza->name, told))
        bench_provider_told(stanza->from.at, (gsize)(at - stanza->from.at));
}

static gboolean all_are_told(gpointer data)
{
    guint all = bench_provider.n_things * WATCHED;

    return self.granted >= all && bench_provider.told >= all;
}

/* User U watches the things from U on. */
static void subscribe_all(void)
{
    g_autofree char *before =
        self.kind == BENCH_FEEDS
            ? g_strdup_printf("http\\3a\\2f\\2f127.0.0.1\\3a%u\\2f?", (guint)bench_provider.port)
            : g_strdup("");
    guint n = bench_world.n_users;

    self.granted = 0;
    for (guint user = 0; user < n; user++) {
        for (guint k = 0; k < WATCHED; k++)
            bench_jabber_send("<presence type='subscribe' from='" BENCH_USER_FORMAT
                              "' to='%st%u@" BENCH_DOMAIN "'/>",
                              user, before, (user + k) % n);
    }
    if (!bench_loop_run(all_are_told, NULL, SLOW))
        g_error("%u of %u are granted, %u told", self.granted, n * WATCHED, bench_provider.told);
}

static void measure(BenchKind kind, const char *agent, double seconds)
{
    static const BenchWatch watch = {.stanza = stanza_cb};
    guint interval = MAX(1, (guint)(seconds / SLICES)), n = bench_world.n_users;
    g_autofree char *group = g_strconcat("news.", agent, NULL);

    self.kind = kind;
    bench_provider_begin(agent);
    bench_start(kind, interval);
    BenchCpu before = bench_cpu();
    bench_register_all(SLOW);
    bench_log_in(0, n, SLOW);
    bench_world_watch(&watch);
    subscribe_all();
    BenchCpu cpu = bench_cpu_since(before);
    bench_put(group, "start-gateway-ms", cpu.gateway * 1e3);
    bench_put(group, "start-host-ms", cpu.hosts * 1e3);
    bench_loop_run(NULL, NULL, interval * 1.2); /* until they are spread */

    bench_provider_measure();
    before = bench_cpu();
    bench_loop_run(NULL, NULL, interval * SLICES);
    cpu = bench_cpu_since(before);
    guint looks = MAX(bench_provider.looks, 1), told = MAX(bench_provider.told, 1);
    bench_put(group, "gateway-us", cpu.gateway * 1e6 / told);
    bench_put(group, "fetch-host-us", cpu.hosts * 1e6 / looks);
    bench_put(group, "fetch-gateway-us", cpu.gateway * 1e6 / looks);
    bench_put(group, "usual-gateway-percent", cpu.gateway / looks * n / USUAL * 100);
    bench_put(group, "usual-percent", (cpu.gateway + cpu.hosts) / looks * n / USUAL * 100);
    bench_put(group, "gateway-mb", bench_memory().gateway / 1024);
    bench_put(group, "host-mb", bench_memory().hosts / 1024);
    bench_provider_put(group, SLICES);
    bench_world_watch(NULL);
    bench_stop();
}

void bench_run_news(const BenchSize *size)
{
    bench_provider_start(size->users, WATCHED);
    measure(BENCH_STOCKS, "stocks", size->seconds);
    measure(BENCH_FEEDS, "feeds", size->seconds);
    bench_provider_end();
}
