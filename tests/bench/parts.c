/* tests/bench/parts.c: what is measured, one function a part
 *
 * Each prints "KEY VALUE" lines; `run` knows what they mean and what is aimed at.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "tests/bench/parts.h"

#include <stdio.h>
#include <string.h>

#include "tests/bench/traffic.h"

#define WINDOW 1000 /* messages on their way, as many as get through */
#define LOAD 22500  /* messages a second: half of the throughput that is aimed at */
#define SPARSE 1000 /* a second: one event a turn of any loop */
#define CONTACTS 500
#define SLOW 600.0      /* s: more than any step takes */
#define SETTLE 0.5      /* s until what was set off has run */
#define PING_SPACING 50 /* ms */

static void put(const char *key, double value)
{
    printf("%s %.6g\n", key, value);
    fflush(stdout);
}

void bench_put(const char *group, const char *key, double value)
{
    g_autofree char *name = g_strconcat(group, ".", key, NULL);

    put(name, value);
}

/* Registered by the null host, which is quicker, for what is measured with IRC. */
static void register_beforehand(void)
{
    bench_start(BENCH_NULL, 0);
    bench_register_all(SLOW);
    bench_stop();
}

/* ---- messages ---- */

static void put_result(const char *group, const BenchResult *result)
{
    bench_put(group, "messages", (double)result->messages);
    bench_put(group, "rate", result->rate);
    bench_put(group, "gateway-us", result->gateway_us);
    bench_put(group, "host-us", result->hosts_us);
    bench_put(group, "bench-us", result->bench_us);
    bench_put(group, "p50-ms", result->p50_ms);
    bench_put(group, "p99-ms", result->p99_ms);
    bench_put(group, "max-ms", result->max_ms);
}

/* `rate` 0: as many as get through. */
static void measure_traffic(const char *who, BenchWay way, const char *load, guint rate,
                            const BenchSize *size)
{
    const char *name = way == BENCH_TO_NETWORK ? "to-network" : "to-user";
    g_autofree char *group = g_strdup_printf("%s.%s.%s", who, name, load);
    BenchTraffic traffic = {
        .way = way, .users = size->users, .rate = rate, .window = WINDOW, .seconds = size->seconds};

    BenchResult result = bench_traffic_run(&traffic);
    put_result(group, &result);
}

static void measure_messages(const char *who, const BenchSize *size)
{
    measure_traffic(who, BENCH_TO_NETWORK, "load", LOAD, size);
    measure_traffic(who, BENCH_TO_NETWORK, "most", 0, size);
    measure_traffic(who, BENCH_TO_USER, "load", LOAD, size);
    measure_traffic(who, BENCH_TO_USER, "most", 0, size);
}

static void run_messages(const BenchSize *size)
{
    bench_start(BENCH_FLOOR, 0);
    measure_messages("floor", size);
    bench_stop();

    bench_start(BENCH_IRC, 0);
    bench_register_all(SLOW);
    bench_log_in(0, size->users, SLOW);
    bench_loop_run(NULL, NULL, SETTLE);
    measure_messages("irc", size);
    bench_stop();
}

/* For perf: nothing but messages, one way and then the other. */
static void run_profile(const BenchSize *size)
{
    bench_start(BENCH_IRC, 0);
    bench_register_all(SLOW);
    bench_log_in(0, size->users, SLOW);
    measure_traffic("irc", BENCH_TO_USER, "load", LOAD, size);
    measure_traffic("irc", BENCH_TO_NETWORK, "load", LOAD, size);
    bench_stop();
}

/* ---- log-in ---- */

static void measure_login(const char *group, guint users)
{
    BenchCpu before = bench_cpu();
    gint64 start = bench_now();

    bench_log_in(0, users, SLOW);
    double seconds = (double)(bench_now() - start) / 1e6;
    bench_loop_run(NULL, NULL, SETTLE);
    BenchCpu cpu = bench_cpu_since(before);
    bench_put(group, "seconds-for-1000", seconds * 1000 / users);
    bench_put(group, "gateway-ms", cpu.gateway * 1e3 / users);
    bench_put(group, "host-ms", cpu.hosts * 1e3 / users);
    bench_put(group, "total-ms", (cpu.gateway + cpu.hosts) * 1e3 / users);
}

static void run_login(const BenchSize *size)
{
    register_beforehand();
    bench_start(BENCH_IRC, 0);
    bench_log_in(0, 1, SLOW); /* the host is there and warm */
    bench_log_out_all(SLOW);
    measure_login("login", size->users);
    bench_log_out_all(SLOW);
    measure_login("login-again", size->users);
    bench_stop();

    bench_world.accounts_per_host = 32;
    bench_start(BENCH_IRC, 0);
    measure_login("login-with-hosts", size->users);
    bench_stop();
}

/* ---- memory ---- */

static void run_memory(const BenchSize *size)
{
    guint online = MAX(size->users / 5, 1);

    bench_start(BENCH_NULL, 0);
    bench_loop_run(NULL, NULL, SETTLE);
    double empty = bench_memory().gateway_own;
    bench_register_all(SLOW);
    bench_stop();
    bench_start(BENCH_NULL, 0);
    /* until all have been probed and nobody is expected any more: 500 a second and 30 s */
    bench_loop_run(NULL, NULL, size->seconds + size->users / 500.0);
    put("memory.offline-kb", bench_memory().gateway_own - empty);
    bench_stop();

    bench_start(BENCH_IRC, 0);
    bench_loop_run(NULL, NULL, SETTLE);
    BenchMemory idle = bench_memory();
    put("memory.gateway-mb", idle.gateway / 1024);
    put("memory.host-mb", idle.hosts / 1024 / MAX(idle.n_hosts, 1));
    bench_log_in(0, online, SLOW);
    bench_loop_run(NULL, NULL, SETTLE);
    BenchMemory all = bench_memory();
    put("memory.gateway-user-kb", (all.gateway - idle.gateway) / online);
    put("memory.host-user-kb", (all.hosts - idle.hosts) / online);
    bench_stop();
}

/* ---- idle ---- */

static void put_idle(const char *group, double seconds)
{
    BenchCpu before = bench_cpu();
    gint64 start = bench_now();

    bench_loop_run(NULL, NULL, seconds);
    BenchCpu cpu = bench_cpu_since(before);
    double share = 1e8 / (double)(bench_now() - start);
    bench_put(group, "gateway-percent", cpu.gateway * share);
    bench_put(group, "host-percent", cpu.hosts * share);
    bench_put(group, "total-percent", (cpu.gateway + cpu.hosts) * share);
}

/* What one event costs with few and with many accounts in one host. */
static void put_sparse(const char *name, guint users, double seconds)
{
    g_autofree char *in = g_strconcat("sparse.to-user.", name, NULL);
    g_autofree char *out = g_strconcat("sparse.to-network.", name, NULL);
    BenchTraffic traffic = {
        .way = BENCH_TO_USER, .users = users, .rate = SPARSE, .seconds = seconds};

    BenchResult result = bench_traffic_run(&traffic);
    put_result(in, &result);
    traffic.way = BENCH_TO_NETWORK;
    result = bench_traffic_run(&traffic);
    put_result(out, &result);
}

static void run_idle(const BenchSize *size)
{
    guint few = MIN(10, size->users);

    register_beforehand();
    bench_start(BENCH_IRC, 0);
    bench_log_in(0, few, SLOW);
    put_sparse("few", few, size->seconds / 6);
    bench_log_in(few, size->users, SLOW);
    bench_loop_run(NULL, NULL, SETTLE);
    put_idle("idle", size->seconds);
    put_sparse("many", size->users, size->seconds / 6);
    bench_stop();
}

/* ---- contacts ---- */

static guint presences; /* of contacts, since it was 0 */

static void count_presence_cb(const BenchStanza *stanza)
{
    presences += bench_text_is(stanza->name, "presence") && stanza->type.at == NULL &&
                 !bench_text_is(stanza->from, BENCH_DOMAIN);
}

static gboolean all_presences(gpointer data)
{
    return presences >= *(guint *)data;
}

static void measure_contacts(const char *group, const BenchSize *size)
{
    static const BenchWatch watch = {.stanza = count_presence_cb};
    guint wanted = size->users * CONTACTS;

    bench_world_watch(&watch);
    bench_loop_run(NULL, NULL, SETTLE);
    BenchMemory memory = bench_memory();
    BenchCpu before = bench_cpu();
    for (guint i = 0; i < size->users; i++) {
        presences = 0;
        wanted = CONTACTS;
        bench_log_in(i, i + 1, SLOW);
        if (!bench_loop_run(all_presences, &wanted, SLOW))
            g_error("%u of %u contacts showed up", presences, wanted);
    }
    bench_loop_run(NULL, NULL, size->seconds);
    BenchCpu cpu = bench_cpu_since(before);
    bench_put(group, "gateway-ms", cpu.gateway * 1e3 / size->users);
    bench_put(group, "bytes",
              (bench_memory().gateway - memory.gateway) * 1024 / size->users / CONTACTS);
    bench_world_watch(NULL);
}

static void run_contacts(const BenchSize *size)
{
    bench_start(BENCH_NULL, 0);
    bench_register_all(SLOW);
    bench_stop();
    bench_start(BENCH_NULL, CONTACTS);
    measure_contacts("contacts-first", size);
    bench_stop();
    bench_start(BENCH_NULL, CONTACTS);
    measure_contacts("contacts", size);
    bench_stop();
}

/* ---- many ---- */

static struct {
    gint64 asked; /* µs; 0: no ping is open */
    gint64 next;
    guint n, count;
    gint64 worst, sum;
} ping;

static void ping_tick_cb(gpointer data)
{
    gint64 now = bench_now();

    if (ping.asked != 0 || now < ping.next)
        return;
    ping.asked = now;
    ping.next = now + PING_SPACING * 1000;
    bench_jabber_send("<iq type='get' id='ping-%u' from='admin@" BENCH_HOME "/pc' to='" BENCH_DOMAIN
                      "'><ping xmlns='urn:xmpp:ping'/></iq>",
                      ++ping.n);
}

static void ping_answer_cb(const BenchStanza *stanza)
{
    if (ping.asked == 0 || stanza->id.length < 5 || memcmp(stanza->id.at, "ping-", 5) != 0 ||
        !bench_text_is(stanza->type, "result"))
        return;
    gint64 delay = bench_now() - ping.asked;
    ping.asked = 0;
    ping.count++;
    ping.sum += delay;
    ping.worst = MAX(ping.worst, delay);
}

static void start_pings(void)
{
    static const BenchWatch watch = {.stanza = ping_answer_cb};

    memset(&ping, 0, sizeof ping);
    bench_world_watch(&watch);
    bench_loop_set_tick(ping_tick_cb, NULL);
}

static gboolean is_answered(gpointer data)
{
    return ping.asked == 0;
}

static void put_pings(const char *group)
{
    bench_loop_set_tick(NULL, NULL);
    if (!bench_loop_run(is_answered, NULL, SLOW) || ping.count == 0)
        g_error("no answer to a ping");
    bench_world_watch(NULL);
    bench_put(group, "ping-mean-ms", (double)ping.sum / ping.count / 1000);
    bench_put(group, "ping-max-ms", (double)ping.worst / 1000);
}

static void run_many(const BenchSize *size)
{
    register_beforehand();
    bench_start(BENCH_IRC, 0);
    bench_loop_run(NULL, NULL, SETTLE);
    BenchMemory idle = bench_memory();
    start_pings();
    measure_login("many", size->users);
    put_pings("many-login");
    BenchMemory all = bench_memory();
    put("many.gateway-mb", all.gateway / 1024);
    put("many.hosts-mb", all.hosts / 1024);
    put("many.gateway-user-kb", (all.gateway - idle.gateway) / size->users);
    start_pings();
    put_idle("many", size->seconds);
    put_pings("many-idle");
    BenchTraffic traffic = {
        .way = BENCH_TO_USER, .users = size->users, .window = WINDOW, .seconds = size->seconds / 2};
    BenchResult result = bench_traffic_run(&traffic);
    put_result("many.to-user", &result);
    bench_stop();
}

/* clang-format off */
const BenchPart bench_parts[] = {
    {"messages", 100, 5, 1000, run_messages},
    {"login", 1000, 0, 1000, run_login},
    {"memory", 5000, 31, 1000, run_memory},
    {"idle", 1000, 30, 1000, run_idle},
    {"contacts", 200, 6, 1000, run_contacts},
    {"many", 10000, 20, 1000, run_many},
    {"rooms", 2, 5, 1000, bench_run_rooms},
    {"news", 1000, 30, 1000, bench_run_news},
    {"profile", 100, 20, 1000, run_profile},
    {NULL},
};
/* clang-format on */
