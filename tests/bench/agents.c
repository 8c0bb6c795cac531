/* tests/bench/agents.c: what the host of information agents costs: many users, who watch shares,
 * and feeds
 *
 *     bench-agents BUILD [USERS [SECONDS]]
 *
 *     bench == link == causeway-agents == HTTP == bench
 *
 * The bench plays the gateway and the provider, whose prices change with each look, and whose feeds
 * have an item more.  There are as many things as users; each user watches WATCHED of them, so each
 * thing has as many watchers.  First all log in and add theirs, and then nothing is to be done;
 * then a second host fetches each thing every few seconds, and each answer is timed until the last
 * of its watchers is told.  Prints "KEY VALUE" lines, as `run` wants them.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/bench/loop.h"
#include "tests/bench/provider.h"

#define WATCHED 10      /* shares of a user */
#define USUAL 300       /* s between two fetches */
#define START_TIME 60.0 /* s */
#define LINK_FD 3
#define SLICES 4 /* the last part lasts so many intervals */

typedef struct {
    const char *agent;
    const char *told; /* the line by which a watcher hears of a change */
} Kind;

static struct {
    const char *program;
    guint n_users;
    const Kind *kind;
    guint acks;
    BenchChannel *link;
    pid_t pid;
    gboolean greeted, ended;
} self;

static const Kind kinds[] = {
    {"stocks", "\"type\":\"presence\""},
    {"feeds", "\"type\":\"message\""},
};

static void put(const char *key, double value)
{
    printf("agents.%s.%s %.6g\n", self.kind->agent, key, value);
    fflush(stdout);
}

/* ---- the gateway ---- */

/* …"contact":"t17", or "http://127.0.0.1:80/?t17" */
static void take_told(const char *line)
{
    const char *contact = strstr(line, "\"contact\":\"");
    const char *end = contact == NULL ? NULL : strchr(contact + 11, '"');

    if (end == NULL)
        g_error("a line of nobody: %s", line);
    bench_provider_told(contact, (gsize)(end - contact));
}

static gsize line_cb(BenchChannel *channel, const char *bytes, gsize length)
{
    const char *at = bytes, *newline;

    while ((newline = memchr(at, '\n', length - (gsize)(at - bytes))) != NULL) {
        g_autofree char *line = g_strndup(at, (gsize)(newline - at));
        if (strstr(line, self.kind->told) != NULL)
            take_told(line);
        else if (strstr(line, "\"type\":\"ack\"") != NULL)
            self.acks++;
        else if (strstr(line, "\"type\":\"hello\"") != NULL)
            self.greeted = TRUE;
        else if (strstr(line, "\"type\":\"nack\"") != NULL)
            g_error("refused: %s", line);
        at = newline + 1;
    }
    return (gsize)(at - bytes);
}

static void closed_cb(BenchChannel *channel)
{
    self.ended = TRUE;
}

static void say(const char *format, ...) G_GNUC_PRINTF(1, 2);

static void say(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    g_autofree char *line = g_strdup_vprintf(format, args);
    va_end(args);
    bench_channel_send(self.link, line, strlen(line));
}

/* ---- the host ---- */

static void run_host(int link, guint interval)
{
    g_autofree char *url =
        g_strdup_printf("url=http://127.0.0.1:%u/?{symbol}", (guint)bench_provider.port);
    g_autofree char *often = g_strdup_printf("interval=%u", interval);
    g_autofree char *least = g_strdup_printf("interval-least=%u", interval);

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    int high = fcntl(link, F_DUPFD, 10);
    dup2(high, LINK_FD);
    close(high);
    execl(self.program, self.program, "--agent", self.kind->agent, "--set", "allow-private=true",
          "--set", "suffix=", "--set", url, "--set", often, "--set", least, NULL);
    _exit(127);
}

static gboolean is_greeted(gpointer data)
{
    return self.greeted || self.ended;
}

static void start_host(guint interval)
{
    int ends[2];

    bench_provider_begin(self.kind->agent);
    self.acks = 0;
    self.greeted = self.ended = FALSE;
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
        g_error("no pair of sockets");
    self.pid = fork();
    if (self.pid == 0)
        run_host(ends[1], interval);
    close(ends[1]);
    self.link = bench_channel_new(ends[0], line_cb, closed_cb, NULL);
    say("{\"type\":\"hello\",\"version\":1}\n");
    if (!bench_loop_run(is_greeted, NULL, START_TIME) || self.ended)
        g_error("%s does not start", self.program);
}

static gboolean has_ended(gpointer data)
{
    return self.ended;
}

static void stop_host(void)
{
    int status;

    kill(self.pid, SIGTERM);
    if (!bench_loop_run(has_ended, NULL, START_TIME) || waitpid(self.pid, &status, 0) != self.pid ||
        status != 0)
        g_error("the host does not end in order");
}

static double cpu(void)
{
    clockid_t clock;
    struct timespec time;

    if (clock_getcpuclockid(self.pid, &clock) != 0 || clock_gettime(clock, &time) != 0)
        g_error("the host is not there");
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static double memory(void)
{
    g_autofree char *path = g_strdup_printf("/proc/%d/smaps_rollup", (int)self.pid);
    g_autofree char *text = NULL;
    const char *line;

    if (!g_file_get_contents(path, &text, NULL, NULL) || (line = strstr(text, "\nPss:")) == NULL)
        return 0;
    return g_ascii_strtod(line + strlen("\nPss:"), NULL) / 1024;
}

/* ---- what is measured ---- */

static gboolean all_are_told(gpointer data)
{
    guint all = self.n_users * WATCHED;

    return (self.acks >= all && bench_provider.told >= all) || self.ended;
}

/* All log in; user U watches the things from U on. */
static void log_in_all(void)
{
    gboolean feeds = g_str_equal(self.kind->agent, "feeds");
    g_autofree char *before =
        feeds ? g_strdup_printf("http://127.0.0.1:%u/?", (guint)bench_provider.port) : g_strdup("");
    gint64 id = 0;

    for (guint user = 0; user < self.n_users; user++) {
        say("{\"type\":\"login\",\"account\":%u,\"username\":\"u\"}\n", user + 1);
        for (guint k = 0; k < WATCHED; k++)
            say("{\"type\":\"contact-add\",\"account\":%u,\"id\":%" G_GINT64_FORMAT
                ",\"contact\":\"%st%u\"}\n",
                user + 1, ++id, before, (user + k) % self.n_users);
    }
    if (!bench_loop_run(all_are_told, NULL, START_TIME * 2) || self.ended)
        g_error("%u of %u are added, %u told", self.acks, self.n_users * WATCHED,
                bench_provider.told);
}

static void measure_start(void)
{
    gint64 begun = bench_now();

    log_in_all();
    put("start-s", (double)(bench_now() - begun) / G_USEC_PER_SEC);
    put("start-cpu-ms", cpu() * 1000);
    put("start-fetches", (double)bench_provider.looks / self.n_users);
    put("memory-mb", memory());
}

static void measure_idle(double seconds)
{
    double before = cpu();
    gint64 begun = bench_now();

    bench_loop_run(NULL, NULL, seconds);
    put("idle-percent", (cpu() - before) / ((double)(bench_now() - begun) / G_USEC_PER_SEC) * 100);
}

static void measure_often(double seconds)
{
    guint interval = MAX(1, (guint)(seconds / SLICES));
    g_autofree char *group = g_strdup_printf("agents.%s", self.kind->agent);

    start_host(interval);
    log_in_all();
    bench_loop_run(NULL, NULL, interval * 1.2); /* until they are spread */
    bench_provider_measure();
    double before = cpu();
    bench_loop_run(NULL, NULL, interval * SLICES);
    double each = (cpu() - before) / MAX(bench_provider.looks, 1); /* s of CPU */
    put("fetch-us", each * 1e6);
    put("usual-percent", each * self.n_users / USUAL * 100);
    put("memory-often-mb", memory());
    bench_provider_put(group, SLICES);
    stop_host();
}

int main(int argc, char **argv)
{
    double seconds = argc > 3 ? g_ascii_strtod(argv[3], NULL) : 30;

    if (argc < 2) {
        fprintf(stderr, "bench-agents: BUILD [USERS [SECONDS]]\n");
        return 64;
    }
    g_autofree char *program = g_build_filename(argv[1], "causeway-agents", NULL);
    self.program = program;
    self.n_users = MAX(WATCHED, argc > 2 ? (guint)strtoul(argv[2], NULL, 10) : 1000);
    bench_provider_start(self.n_users, WATCHED);
    for (guint i = 0; i < G_N_ELEMENTS(kinds); i++) {
        self.kind = &kinds[i];
        start_host(USUAL);
        measure_start();
        measure_idle(seconds);
        stop_host();
        measure_often(seconds);
    }
    bench_provider_end();
    return 0;
}
