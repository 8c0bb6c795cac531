/* transport/host.h: one protocol host: the child process, its link, the watch over it
 *
 *     new -> (hello) ready -> line … line -> ended
 *
 * A host that breaks the link's rules, does not say hello or answer a ping in time, lets its queue
 * run full, or uses more memory than host-memory says is killed; ended() says why.  While its link
 * is paused neither is waited for, since it would not be read.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#pragma once

#include "conf/settings.h"
#include "transport/link.h"

G_BEGIN_DECLS

#define CW_HOST_ERROR (cw_host_error_quark())
GQuark cw_host_error_quark(void);
typedef enum { CW_HOST_ERROR_START } CwHostError;

typedef struct CwHost CwHost;

typedef struct {
    void (*ready)(CwHost *host, const CwProtocol *protocol, gpointer data);
    /* every line but hello, ping, log without account */
    void (*line)(CwHost *host, const CwLinkMsg *msg, gpointer data);
    /* The process is gone and everything that it wrote was read: the last callback.  `why` is NULL
     * when cw_host_stop() asked for it, else for the log: "was killed by signal 11". */
    void (*ended)(CwHost *host, const char *why, gpointer data);
} CwHostEvents;

/* Starts `argv` with the link on its descriptor 3.  `subject` begins its log lines.  `limits` and
 * `timing` must outlive it, or be replaced by cw_host_set_settings(). */
CwHost *cw_host_new(const char *subject, const char *const *argv, const CwLimits *limits,
                    const CwTiming *timing, const CwHostEvents *events, gpointer data,
                    GError **error);
/* Kills it when it still runs; no callback afterwards.  May be called inside ended(), not inside
 * the others. */
void cw_host_free(CwHost *host);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CwHost, cw_host_free)

gboolean cw_host_is_ready(const CwHost *host);
gboolean cw_host_is_ending(const CwHost *host); /* takes no more accounts */
void cw_host_set_settings(CwHost *host, const CwLimits *limits, const CwTiming *timing);
/* It does not read as fast as it is written to: a quarter of link-queue waits. */
gboolean cw_host_is_congested(const CwHost *host);
gboolean cw_host_send(CwHost *host, const CwLinkMsg *msg);
guint64 cw_host_lines(const CwHost *host); /* that were sent: the number of the last one */

/* What is known of a host that has ended: valid inside ended(). */
typedef struct {
    gboolean crashed; /* its end was nobody's wish: not an orderly exit */
    gboolean ready;   /* it had said hello */
    char pid[16];
    int signal, status;    /* of its exit; 0 */
    gint64 uptime;         /* µs */
    guint64 memory;        /* bytes, when it was looked at last; 0: never */
    guint64 lines;         /* that it was sent */
    guint64 lines_written; /* whole lines that left our queue */
    gboolean kept;         /* the scoreboard is worth something */
    CwScoreboard scoreboard;
    const CwLinkTrace *trace; /* goes with the host */
} CwHostRemains;
void cw_host_remains(const CwHost *host, CwHostRemains *remains);
void cw_host_pause(CwHost *host, gboolean yes);
/* Closes the link; the host logs its accounts out and ends, or is killed after a while. */
void cw_host_stop(CwHost *host);

G_END_DECLS
