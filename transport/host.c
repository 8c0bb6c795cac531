/* transport/host.c: one protocol host: the child process, its link, the watch over it
 *
 * ended() waits for two things: the process was reaped, and the link was read to its end.  So
 * what a host said before it died still counts.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#define G_LOG_DOMAIN "transport"

#include "transport/host.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gio.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "transport/timers.h"

#define HELLO_TIMEOUT 10000 /* ms; protocols/LINK.md */
#define STOP_TIMEOUT 5000   /* ms from the closed link to the kill */
#define LOOK_INTERVAL 1000  /* ms between two looks at its memory, at most */
#define DRAIN_TIMEOUT 2000  /* ms from the exit to a link that somebody still holds open */

G_DEFINE_QUARK(cw - host - error, cw_host_error)

struct CwHost {
    char *subject;
    const CwLimits *limits;
    const CwTiming *timing;
    const CwHostEvents *events;
    gpointer data;

    GSubprocess *process;
    GCancellable *cancellable;    /* of the wait */
    CwLinkPeer *peer;             /* NULL: closed */
    guint64 lines, lines_written; /* of the peer, once it is closed */
    CwScoreboard *scoreboard;
    CwLinkTrace trace;
    gint64 started; /* monotonic µs */
    char pid[16];
    char *why; /* what ended it, first cause; NULL: it was asked */
    gboolean ready, stopping, exited, paused;
    gboolean crashed; /* killed, by whomever, or an exit status that says so */
    guint64 memory;   /* resident, bytes, when it was looked at last */

    gint64 next_ping;   /* id */
    gboolean ping_open; /* sent, not answered */
    gint64 heard;       /* monotonic µs of the last line */
    guint hello_id, ping_id, kill_id, drain_id;
};

static void close_link(CwHost *host)
{
    if (host->peer == NULL)
        return;
    host->lines = cw_link_peer_lines(host->peer);
    host->lines_written = cw_link_peer_lines_written(host->peer);
    g_clear_pointer(&host->peer, cw_link_peer_free);
}

static void finish_if_over(CwHost *host)
{
    if (!host->exited || host->peer != NULL)
        return;
    g_clear_handle_id(&host->hello_id, cw_timer_remove);
    g_clear_handle_id(&host->ping_id, cw_timer_remove);
    g_clear_handle_id(&host->kill_id, cw_timer_remove);
    g_clear_handle_id(&host->drain_id, cw_timer_remove);
    if (!host->stopping && host->why == NULL)
        host->why = g_strdup("ended by itself");
    host->events->ended(host, host->stopping ? NULL : host->why, host->data);
}

static void kill_host(CwHost *host, const char *why)
{
    if (host->why == NULL)
        host->why = g_strdup(why);
    if (!host->exited)
        g_subprocess_force_exit(host->process);
}

/* ---- the process ---- */

/* The one timer of its kind: an older one would run into a host that is freed. */
static void set_timer(CwHost *host, guint *id, guint wait, GSourceFunc callback)
{
    g_clear_handle_id(id, cw_timer_remove);
    *id = cw_timer_add(wait, callback, host);
}

static gboolean drain_cb(gpointer data)
{
    CwHost *host = data;

    /* what it said last is read when reading goes on, unless nobody wants it any more */
    if (host->paused && !host->stopping)
        return G_SOURCE_CONTINUE;
    host->drain_id = 0;
    close_link(host);
    finish_if_over(host);
    return G_SOURCE_REMOVE;
}

static void exited_cb(GObject *source, GAsyncResult *result, gpointer data)
{
    g_autoptr(GError) error = NULL;
    GSubprocess *process = G_SUBPROCESS(source);

    g_subprocess_wait_finish(process, result, &error);
    if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
        return; /* the host is freed */

    CwHost *host = data;
    host->exited = TRUE;
    host->crashed = host->why != NULL || !g_subprocess_get_successful(process);
    if (g_subprocess_get_if_signaled(process)) {
        if (host->why == NULL)
            host->why =
                g_strdup_printf("was killed by signal %d", g_subprocess_get_term_sig(process));
    } else if (g_subprocess_get_exit_status(process) != 0) {
        g_free(host->why);
        host->why = g_strdup_printf("exited with status %d", g_subprocess_get_exit_status(process));
    }
    if (host->peer != NULL)
        set_timer(host, &host->drain_id, DRAIN_TIMEOUT, drain_cb);
    finish_if_over(host);
}

static gboolean kill_cb(gpointer data)
{
    CwHost *host = data;

    host->kill_id = 0;
    g_message("%s: does not end; killed", host->subject);
    kill_host(host, "did not end when asked");
    return G_SOURCE_REMOVE;
}

void cw_host_stop(CwHost *host)
{
    if (host->stopping)
        return;
    host->stopping = TRUE;
    if (host->peer != NULL) {
        cw_link_peer_flush(host->peer, 100);
        close_link(host);
    }
    if (host->exited)
        set_timer(host, &host->drain_id, 0, drain_cb); /* never inside the caller */
    else
        set_timer(host, &host->kill_id, STOP_TIMEOUT, kill_cb);
}

/* ---- the link ---- */

static gboolean hello_late_cb(gpointer data)
{
    CwHost *host = data;

    host->hello_id = 0;
    kill_host(host, "did not say hello in time");
    return G_SOURCE_REMOVE;
}

/* A plugin that leaks takes its own host down, not the machine. */
static void check_memory(CwHost *host)
{
    guint64 most = (guint64)host->limits->host_memory << 20;
    g_autofree char *path = g_strdup_printf("/proc/%s/statm", host->pid);
    char text[128];

    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return; /* it ended just now */
    gssize length = read(fd, text, sizeof text - 1);
    close(fd);
    if (length <= 0)
        return;
    text[length] = '\0';
    const char *resident = strchr(text, ' '); /* the second number, in pages: proc(5) */
    if (resident == NULL)
        return;
    host->memory = g_ascii_strtoull(resident, NULL, 10) * (guint64)sysconf(_SC_PAGESIZE);
    if (most == 0 || host->memory <= most)
        return;
    g_autofree char *why = g_strdup_printf("used %u MiB of memory, over the %u of host-memory",
                                           (guint)(host->memory >> 20), host->limits->host_memory);
    kill_host(host, why);
}

static gboolean ping_cb(gpointer data)
{
    CwHost *host = data;

    if (!host->exited)
        check_memory(host);
    gint64 quiet = (g_get_monotonic_time() - host->heard) / 1000;

    if (host->paused || host->peer == NULL)
        return G_SOURCE_CONTINUE;
    if (host->ping_open) {
        if (quiet > host->timing->host_ping_timeout)
            kill_host(host, "did not answer a ping in time");
    } else if (quiet >= host->timing->host_ping_interval) {
        host->ping_open = TRUE;
        host->heard = g_get_monotonic_time();
        cw_link_peer_send(host->peer, &(CwLinkMsg){.kind = CW_LINK_PING, .id = ++host->next_ping});
    }
    return G_SOURCE_CONTINUE;
}

static void log_line(CwHost *host, const CwLinkMsg *msg)
{
    g_autofree char *text = g_strescape(msg->text, NULL);

    if (g_str_equal(msg->level, "warning"))
        g_warning("%s: %s", host->subject, text);
    else if (g_str_equal(msg->level, "info"))
        g_info("%s: %s", host->subject, text);
    else
        g_debug("%s: %s", host->subject, text);
}

static void line_cb(const CwLinkMsg *msg, gpointer data)
{
    CwHost *host = data;

    host->heard = g_get_monotonic_time();
    host->ping_open = FALSE;
    if (msg->kind == CW_LINK_PONG)
        return;
    if (msg->kind == CW_LINK_LOG && msg->account == 0) {
        log_line(host, msg);
        return;
    }
    if (msg->kind == CW_LINK_HELLO) {
        if (host->ready || msg->version != CW_LINK_VERSION) {
            kill_host(host,
                      host->ready ? "said hello twice" : "speaks another version of the link");
            return;
        }
        host->ready = TRUE;
        g_clear_handle_id(&host->hello_id, cw_timer_remove);
        host->events->ready(host, msg->protocol, host->data);
        return;
    }
    if (!host->ready)
        kill_host(host, "did not begin with hello");
    else
        host->events->line(host, msg, host->data);
}

static void link_closed_cb(const GError *error, gpointer data)
{
    CwHost *host = data;

    close_link(host);
    if (!g_error_matches(error, CW_LINK_ERROR, CW_LINK_ERROR_CLOSED)) {
        g_autofree char *why = g_strdup_printf("broke the link: %s", error->message);
        kill_host(host, why);
    } else if (!host->exited) {
        /* it closed and is about to end; if not, it will be made to */
        set_timer(host, &host->kill_id, STOP_TIMEOUT, kill_cb);
    }
    finish_if_over(host);
}

static const CwLinkPeerEvents link_events = {
    .message = line_cb,
    .closed = link_closed_cb,
};

/* ---- life ---- */

/* Between fork and exec: system calls alone. */
static void child_setup(gpointer data)
{
    static const char score[] = "500";

    /* the gateway's death must not leave it behind, whatever it is doing */
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    /* when memory is short the kernel takes a host and not the gateway */
    int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
    if (fd >= 0) {
        gssize unused = write(fd, score, sizeof score - 1);
        (void)unused;
        close(fd);
    }
}

CwHost *cw_host_new(const char *subject, const char *const *argv, const CwLimits *limits,
                    const CwTiming *timing, const CwHostEvents *events, gpointer data,
                    GError **error)
{
    int fds[2], page_fd;
    g_autoptr(CwScoreboard) scoreboard = cw_scoreboard_create(&page_fd, error);

    if (scoreboard == NULL)
        return NULL;
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) != 0) {
        g_set_error(error, CW_HOST_ERROR, CW_HOST_ERROR_START, "cannot make a socket pair: %s",
                    g_strerror(errno));
        close(page_fd);
        return NULL;
    }
    g_autoptr(GSubprocessLauncher) launcher = g_subprocess_launcher_new(G_SUBPROCESS_FLAGS_NONE);
    g_subprocess_launcher_take_fd(launcher, fds[1], 3);
    g_subprocess_launcher_take_fd(launcher, page_fd, CW_SCOREBOARD_FD);
    g_subprocess_launcher_set_child_setup(launcher, child_setup, NULL, NULL);
    g_autoptr(GError) cause = NULL;
    GSubprocess *process = g_subprocess_launcher_spawnv(launcher, argv, &cause);
    if (process == NULL) {
        close(fds[0]);
        g_set_error(error, CW_HOST_ERROR, CW_HOST_ERROR_START, "cannot start %s: %s", argv[0],
                    cause->message);
        return NULL;
    }

    CwHost *host = g_new0(CwHost, 1);
    const char *pid = g_subprocess_get_identifier(process); /* NULL: it has ended already */
    g_strlcpy(host->pid, pid == NULL ? "0" : pid, sizeof host->pid);
    host->subject = g_strdup_printf("%s: host %s", subject, host->pid);
    host->limits = limits;
    host->timing = timing;
    host->events = events;
    host->data = data;
    host->process = process;
    host->scoreboard = g_steal_pointer(&scoreboard);
    host->cancellable = g_cancellable_new();
    host->heard = host->started = g_get_monotonic_time();
    host->peer = cw_link_peer_new(fds[0], CW_LINK_GATEWAY, limits->link_queue / 4,
                                  limits->link_queue, &link_events, host);
    cw_link_peer_set_trace(host->peer, &host->trace);
    g_subprocess_wait_async(process, host->cancellable, exited_cb, host);
    set_timer(host, &host->hello_id, HELLO_TIMEOUT, hello_late_cb);
    host->ping_id =
        cw_timer_add(CLAMP(timing->host_ping_interval / 2, 100, LOOK_INTERVAL), ping_cb, host);
    cw_link_peer_send(host->peer, &(CwLinkMsg){.kind = CW_LINK_HELLO, .version = CW_LINK_VERSION});
    g_debug("%s: started", host->subject);
    return host;
}

void cw_host_free(CwHost *host)
{
    if (host == NULL)
        return;
    g_clear_handle_id(&host->hello_id, cw_timer_remove);
    g_clear_handle_id(&host->ping_id, cw_timer_remove);
    g_clear_handle_id(&host->kill_id, cw_timer_remove);
    g_clear_handle_id(&host->drain_id, cw_timer_remove);
    g_cancellable_cancel(host->cancellable);
    if (!host->exited)
        g_subprocess_force_exit(host->process);
    cw_link_peer_free(host->peer);
    cw_scoreboard_free(host->scoreboard);
    g_object_unref(host->process);
    g_object_unref(host->cancellable);
    g_free(host->subject);
    g_free(host->why);
    g_free(host);
}

gboolean cw_host_is_ready(const CwHost *host)
{
    return host->ready && !cw_host_is_ending(host);
}

gboolean cw_host_is_ending(const CwHost *host)
{
    return host->stopping || host->exited || host->peer == NULL || host->why != NULL;
}

gboolean cw_host_is_congested(const CwHost *host)
{
    return host->peer != NULL && cw_link_peer_is_congested(host->peer);
}

gboolean cw_host_send(CwHost *host, const CwLinkMsg *msg)
{
    return host->peer != NULL && cw_link_peer_send(host->peer, msg);
}

guint64 cw_host_lines(const CwHost *host)
{
    return host->peer != NULL ? cw_link_peer_lines(host->peer) : host->lines;
}

void cw_host_remains(const CwHost *host, CwHostRemains *remains)
{
    remains->crashed = host->crashed && !host->stopping;
    remains->ready = host->ready;
    g_strlcpy(remains->pid, host->pid, sizeof remains->pid);
    remains->signal = host->exited && g_subprocess_get_if_signaled(host->process)
                          ? g_subprocess_get_term_sig(host->process)
                          : 0;
    remains->status = host->exited && g_subprocess_get_if_exited(host->process)
                          ? g_subprocess_get_exit_status(host->process)
                          : 0;
    remains->uptime = g_get_monotonic_time() - host->started;
    remains->memory = host->memory;
    remains->lines = host->lines;
    remains->trace = &host->trace;
    remains->lines_written = host->lines_written;
    remains->kept = cw_scoreboard_read(host->scoreboard, host->lines, &remains->scoreboard);
}

void cw_host_set_settings(CwHost *host, const CwLimits *limits, const CwTiming *timing)
{
    host->limits = limits;
    host->timing = timing;
}

void cw_host_pause(CwHost *host, gboolean yes)
{
    if (host->paused == yes)
        return;
    host->paused = yes;
    host->heard = g_get_monotonic_time();
    /* a hello that is not read is not late */
    if (yes)
        g_clear_handle_id(&host->hello_id, cw_timer_remove);
    else if (!host->ready && host->peer != NULL)
        set_timer(host, &host->hello_id, HELLO_TIMEOUT, hello_late_cb);
    if (host->peer != NULL)
        cw_link_peer_pause(host->peer, yes);
}
