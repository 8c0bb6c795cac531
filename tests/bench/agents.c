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

#define WATCHED 10      /* shares of a user */
#define USUAL 300       /* s between two fetches */
#define START_TIME 60.0 /* s */
#define LINK_FD 3
#define SLICES 4 /* the last part lasts so many intervals */
#define ITEMS 30 /* of a feed */

typedef struct {
    const char *agent;
    const char *told; /* the line by which a watcher hears of a change */
    char *(*answer)(guint number, guint looks);
} Kind;

typedef struct {
    guint looks;
    guint looks_before; /* what is measured began */
    gint64 answered;    /* µs, when the last answer went out; 0: its watchers know of it */
    guint told;         /* watchers, of that answer */
} Thing;

static struct {
    const char *program;
    guint n_users;
    guint16 port;
    const Kind *kind;
    Thing *things;
    guint looks, acks, told;
    GArray *delays; /* double, ms */
    BenchChannel *link;
    pid_t pid;
    gboolean greeted, ended;
} self;

static void put(const char *key, double value)
{
    printf("agents.%s.%s %.6g\n", self.kind->agent, key, value);
    fflush(stdout);
}

/* ---- the provider ---- */

static char *answer_quote(guint number, guint looks)
{
    return g_strdup_printf("Symbol,Date,Time,Open,High,Low,Close,Volume,Name,Prev\r\n"
                           "T%u,2026-11-27,22:00:00,100,101,99,%.2f,1000,Share %u,100\r\n",
                           number, 100 + looks * 0.01, number);
}

/* Summaries of a line or four, as they are met. */
static char *answer_feed(guint number, guint looks)
{
    GString *text = g_string_new(NULL);

    g_string_append_printf(text, "<rss version='2.0'><channel><title>Feed %u</title>", number);
    for (guint i = looks + ITEMS; i > looks; i--)
        g_string_append_printf(
            text,
            "<item><title>Item %u of those that there are</title><guid>f%u-%u</guid>"
            "<link>https://example.org/%u/%u</link><description>&lt;p&gt;Two households, both "
            "alike in dignity, in fair Verona, where we lay our scene, from ancient grudge break "
            "to new mutiny, where civil blood makes civil hands unclean.  From forth the fatal "
            "loins of these two foes a pair of star-cross'd lovers take their life.&lt;/p&gt;"
            "</description></item>",
            i, number, i, number, i);
    g_string_append(text, "</channel></rss>");
    return g_string_free(text, FALSE);
}

static const Kind kinds[] = {
    {"stocks", "\"type\":\"presence\"", answer_quote},
    {"feeds", "\"type\":\"message\"", answer_feed},
};

/* "GET /t?17 HTTP/1.1" … empty line */
static gsize request_cb(BenchChannel *channel, const char *bytes, gsize length)
{
    static const char end[] = "\r\n\r\n";
    const char *at = bytes, *last;

    while ((last = memmem(at, length - (gsize)(at - bytes), end, strlen(end))) != NULL) {
        const char *name = memmem(at, (gsize)(last - at), "?t", 2);
        guint number = name == NULL ? G_MAXUINT : (guint)strtoul(name + 2, NULL, 10);
        if (number >= self.n_users)
            g_error("a request for something else: %.60s", at);
        Thing *thing = &self.things[number];
        g_autofree char *body = self.kind->answer(number, ++thing->looks);
        g_autofree char *answer = g_strdup_printf(
            "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: %zu\r\n\r\n%s",
            strlen(body), body);
        bench_channel_send(channel, answer, strlen(answer));
        thing->answered = bench_now();
        thing->told = 0;
        self.looks++;
        at = last + strlen(end);
    }
    return (gsize)(at - bytes);
}

static void gone_cb(BenchChannel *channel)
{
}

static void accepted_cb(int fd)
{
    bench_channel_new(fd, request_cb, gone_cb, NULL);
}

/* ---- the gateway ---- */

/* …"contact":"t17", or "http://127.0.0.1:80/?t17" */
static void take_told(const char *line)
{
    const char *contact = strstr(line, "\"contact\":\"");
    const char *end = contact == NULL ? NULL : strchr(contact + 11, '"');
    const char *name = end == NULL ? NULL : g_strrstr_len(contact, end - contact, "t");
    guint number = name == NULL ? G_MAXUINT : (guint)strtoul(name + 1, NULL, 10);

    if (number >= self.n_users)
        g_error("a line of somebody else: %s", line);
    Thing *thing = &self.things[number];
    self.told++;
    if (++thing->told == WATCHED && thing->answered != 0) {
        double delay = (double)(bench_now() - thing->answered) / 1000;
        g_array_append_val(self.delays, delay);
        thing->answered = 0;
    }
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
    g_autofree char *url = g_strdup_printf("url=http://127.0.0.1:%u/?{symbol}", (guint)self.port);
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

    memset(self.things, 0, self.n_users * sizeof(Thing));
    self.looks = self.acks = self.told = 0;
    self.greeted = self.ended = FALSE;
    g_array_set_size(self.delays, 0);
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

    return (self.acks >= all && self.told >= all) || self.ended;
}

/* All log in; user U watches the things from U on. */
static void log_in_all(void)
{
    gboolean feeds = g_str_equal(self.kind->agent, "feeds");
    g_autofree char *before =
        feeds ? g_strdup_printf("http://127.0.0.1:%u/?", (guint)self.port) : g_strdup("");
    gint64 id = 0;

    for (guint user = 0; user < self.n_users; user++) {
        say("{\"type\":\"login\",\"account\":%u,\"username\":\"u\"}\n", user + 1);
        for (guint k = 0; k < WATCHED; k++)
            say("{\"type\":\"contact-add\",\"account\":%u,\"id\":%" G_GINT64_FORMAT
                ",\"contact\":\"%st%u\"}\n",
                user + 1, ++id, before, (user + k) % self.n_users);
    }
    if (!bench_loop_run(all_are_told, NULL, START_TIME * 2) || self.ended)
        g_error("%u of %u are added, %u told", self.acks, self.n_users * WATCHED, self.told);
}

static int compare(gconstpointer a, gconstpointer b)
{
    double first = *(const double *)a, second = *(const double *)b;

    return first < second ? -1 : first > second;
}

static double delay_at(double part)
{
    return self.delays->len == 0
               ? 0
               : g_array_index(self.delays, double, (guint)((self.delays->len - 1) * part));
}

static void measure_start(void)
{
    gint64 begun = bench_now();

    log_in_all();
    put("start-s", (double)(bench_now() - begun) / G_USEC_PER_SEC);
    put("start-cpu-ms", cpu() * 1000);
    put("start-fetches", (double)self.looks / self.n_users);
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
    guint interval = MAX(1, (guint)(seconds / SLICES)), least = G_MAXUINT, most = 0;

    start_host(interval);
    log_in_all();
    bench_loop_run(NULL, NULL, interval * 1.2); /* until they are spread */
    for (guint i = 0; i < self.n_users; i++)
        self.things[i].looks_before = self.things[i].looks;
    self.looks = 0;
    g_array_set_size(self.delays, 0);
    double before = cpu();
    bench_loop_run(NULL, NULL, interval * SLICES);
    double each = (cpu() - before) / MAX(self.looks, 1); /* s of CPU */
    put("fetch-us", each * 1e6);
    put("usual-percent", each * self.n_users / USUAL * 100);
    put("memory-often-mb", memory());
    for (guint i = 0; i < self.n_users; i++) {
        guint looks = self.things[i].looks - self.things[i].looks_before;
        least = MIN(least, looks);
        most = MAX(most, looks);
    }
    put("fetches", (double)self.looks / self.n_users / SLICES);
    put("fetches-least", least);
    put("fetches-most", most);
    g_array_sort(self.delays, compare);
    put("changes", self.delays->len);
    put("told-p50-ms", delay_at(0.5));
    put("told-p99-ms", delay_at(0.99));
    put("told-max-ms", delay_at(1));
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
    self.things = g_new0(Thing, self.n_users);
    self.delays = g_array_new(FALSE, FALSE, sizeof(double));
    bench_loop_listen(accepted_cb, &self.port);
    for (guint i = 0; i < G_N_ELEMENTS(kinds); i++) {
        self.kind = &kinds[i];
        start_host(USUAL);
        measure_start();
        measure_idle(seconds);
        stop_host();
        measure_often(seconds);
    }
    g_array_unref(self.delays);
    g_free(self.things);
    return 0;
}
