/* tests/bench/process.c: the folder, settings and processes of what is measured
 *
 * CPU is read from each process's own clock, all its threads included, in ns.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "tests/bench/process.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/bench/provider.h"
#include "tests/bench/world.h"

#define START_TIME 60.0 /* s */
#define STOP_TIME 60.0

static struct {
    char *folder, *settings, *log;
    guint16 jabber_port, irc_port;
    GPid pid; /* 0: nothing runs */
    int status;
} self;

/* ---- settings ---- */

/* What stands behind `protocol =`, and the settings of its own.  (transfer full) */
static char *write_protocol(BenchKind kind, guint number)
{
    guint provider = bench_provider.port;

    switch (kind) {
    case BENCH_NULL:
        return g_strdup_printf("purple:bench\noption.contacts = %u\n", number);
    case BENCH_STOCKS:
        return g_strdup_printf("agents:stocks\nagent.allow-private = true\nagent.interval = %u\n"
                               "agent.suffix =\nagent.url = http://127.0.0.1:%u/?{symbol}\n",
                               number, provider);
    case BENCH_FEEDS:
        return g_strdup_printf("agents:feeds\nagent.allow-private = true\nagent.interval = %u\n"
                               "agent.interval-least = %u\n",
                               number, number);
    case BENCH_IRC:
    case BENCH_FLOOR:
        break;
    }
    return g_strdup_printf("purple:prpl-irc\noption.port = %u\noption.ratelimit-interval = 0\n"
                           "split.1 = 127.0.0.1\n",
                           self.irc_port);
}

static void write_settings(BenchKind kind, guint number)
{
    g_autofree char *protocol = write_protocol(kind, number);
    g_autofree char *text = g_strdup_printf(
        "[server]\nport = %u\n"
        "[store]\npath = %s.db\n"
        "[programs]\npurple = %s\nagents = %s\n"
        "[limits]\nmessages-per-minute = 0\nregistrations-per-minute = 0\n"
        "registrations-per-user-per-minute = 0\n"
        "[timing]\nregistered-linger = 0\nlogout-delay = 0\nserver-retry-first = 1\n"
        "[transport " BENCH_DOMAIN "]\nsecret = bench\nname = Bench\n"
        "allow = *\nlogins-per-minute = 0\naccounts-per-host = %u\nprotocol = %s",
        self.jabber_port,
        kind == BENCH_STOCKS  ? "stocks"
        : kind == BENCH_FEEDS ? "feeds"
                              : "causeway",
        kind == BENCH_NULL ? bench_world.null_host : bench_world.purple, bench_world.agents,
        bench_world.accounts_per_host, protocol);
    g_autoptr(GError) error = NULL;

    if (!g_file_set_contents(self.settings, text, -1, &error) || g_chmod(self.settings, 0600) != 0)
        g_error("cannot write the settings: %s", error == NULL ? "mode" : error->message);
}

/* ---- start and stop ---- */

static void child_setup_cb(gpointer data)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
}

static void spawn(char **argv)
{
    g_autoptr(GError) error = NULL;
    int log = open(self.log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

    if (!g_spawn_async_with_fds(self.folder, argv, NULL, G_SPAWN_DO_NOT_REAP_CHILD, child_setup_cb,
                                NULL, &self.pid, -1, log, log, &error))
        g_error("cannot start %s: %s", argv[0], error->message);
    close(log);
}

static void show_log(void)
{
    g_autofree char *text = NULL;
    gsize length = 0;

    if (g_file_get_contents(self.log, &text, &length, NULL))
        g_printerr("%s", text + (length > 4000 ? length - 4000 : 0));
}

static gboolean has_ended(gpointer data)
{
    if (self.pid != 0 && waitpid(self.pid, &self.status, WNOHANG) == self.pid)
        self.pid = 0;
    return self.pid == 0;
}

static gboolean is_up(gpointer data)
{
    const guint *n_irc = data;

    return (bench_jabber_is_up() && bench_world.n_irc == *n_irc) || has_ended(NULL);
}

void bench_start(BenchKind kind, guint number)
{
    g_autofree char *jabber = g_strdup_printf("%u", self.jabber_port);
    g_autofree char *irc = g_strdup_printf("%u", self.irc_port);
    g_autofree char *users = g_strdup_printf("%u", bench_world.n_users);
    char *gateway[] = {(char *)bench_world.causeway, "--config", self.settings, NULL};
    char *floor[] = {(char *)bench_world.floor, jabber, irc, users, NULL};
    guint n_irc = kind == BENCH_FLOOR ? bench_world.n_users : 0;

    if (kind != BENCH_FLOOR)
        write_settings(kind, number);
    spawn(kind == BENCH_FLOOR ? floor : gateway);
    if (!bench_loop_run(is_up, &n_irc, START_TIME) || self.pid == 0) {
        show_log();
        g_error("it did not start");
    }
}

void bench_stop(void)
{
    kill(self.pid, SIGTERM);
    if (!bench_loop_run(has_ended, NULL, STOP_TIME))
        g_error("it does not end");
    /* the floor knows no orderly end */
    if (!(WIFSIGNALED(self.status) && WTERMSIG(self.status) == SIGTERM) && self.status != 0) {
        show_log();
        g_error("it ended with status %d", self.status);
    }
}

/* ---- what it uses ---- */

/* The gateway's children, started from whichever of its threads. */
static GArray *list_hosts(void)
{
    GArray *hosts = g_array_new(FALSE, FALSE, sizeof(pid_t));
    g_autofree char *tasks = g_strdup_printf("/proc/%d/task", (int)self.pid);
    g_autoptr(GDir) folder = g_dir_open(tasks, 0, NULL);
    const char *task;

    while (folder != NULL && (task = g_dir_read_name(folder)) != NULL) {
        g_autofree char *path = g_build_filename(tasks, task, "children", NULL);
        g_autofree char *text = NULL;
        if (!g_file_get_contents(path, &text, NULL, NULL))
            continue;
        g_auto(GStrv) words = g_strsplit(g_strstrip(text), " ", -1);
        for (char **word = words; *word != NULL; word++) {
            pid_t pid = (pid_t)strtol(*word, NULL, 10);
            if (pid > 0)
                g_array_append_val(hosts, pid);
        }
    }
    return hosts;
}

static double cpu_of(pid_t pid)
{
    clockid_t clock;
    struct timespec time;

    if (clock_getcpuclockid(pid, &clock) != 0 || clock_gettime(clock, &time) != 0)
        return 0; /* it has ended just now */
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

BenchCpu bench_cpu(void)
{
    g_autoptr(GArray) hosts = list_hosts();
    BenchCpu cpu = {.gateway = cpu_of(self.pid), .bench = cpu_of(getpid())};

    for (guint i = 0; i < hosts->len; i++)
        cpu.hosts += cpu_of(g_array_index(hosts, pid_t, i));
    return cpu;
}

BenchCpu bench_cpu_since(BenchCpu before)
{
    BenchCpu now = bench_cpu();

    return (BenchCpu){.gateway = now.gateway - before.gateway,
                      .hosts = now.hosts - before.hosts,
                      .bench = now.bench - before.bench};
}

/* KiB of one line of smaps_rollup. */
static double rollup(const char *text, const char *key)
{
    const char *line = strstr(text, key);

    return line == NULL ? 0 : g_ascii_strtod(line + strlen(key), NULL);
}

static char *read_rollup(pid_t pid)
{
    g_autofree char *path = g_strdup_printf("/proc/%d/smaps_rollup", (int)pid);
    char *text = NULL;

    return g_file_get_contents(path, &text, NULL, NULL) ? text : g_strdup("");
}

BenchMemory bench_memory(void)
{
    g_autoptr(GArray) hosts = list_hosts();
    g_autofree char *gateway = read_rollup(self.pid);
    BenchMemory memory = {.n_hosts = hosts->len,
                          .gateway = rollup(gateway, "\nPss:"),
                          .gateway_own = rollup(gateway, "\nPrivate_Dirty:")};

    for (guint i = 0; i < hosts->len; i++) {
        g_autofree char *host = read_rollup(g_array_index(hosts, pid_t, i));
        memory.hosts += rollup(host, "\nPrivate_Dirty:");
    }
    return memory;
}

/* ---- life ---- */

void bench_process_init(guint16 jabber_port, guint16 irc_port)
{
    g_autoptr(GError) error = NULL;

    self.folder = g_dir_make_tmp("causeway-bench-XXXXXX", &error);
    if (self.folder == NULL)
        g_error("cannot make a folder: %s", error->message);
    self.settings = g_build_filename(self.folder, "causeway.conf", NULL);
    self.log = g_build_filename(self.folder, "log", NULL);
    self.jabber_port = jabber_port;
    self.irc_port = irc_port;
}

void bench_process_uninit(void)
{
    g_autoptr(GDir) folder = g_dir_open(self.folder, 0, NULL);
    const char *name;

    while (folder != NULL && (name = g_dir_read_name(folder)) != NULL) {
        g_autofree char *path = g_build_filename(self.folder, name, NULL);
        g_unlink(path);
    }
    g_rmdir(self.folder);
    g_clear_pointer(&self.folder, g_free);
    g_clear_pointer(&self.settings, g_free);
    g_clear_pointer(&self.log, g_free);
}
