/* transport/supervisor.h: the hosts of one transport, and which account is on which
 *
 *     session -- CwAccount --+
 *     session -- CwAccount --+-- CwHost (causeway-purple)
 *     session -- CwAccount ----- CwHost
 *
 * Starts hosts as accounts need them (accounts-per-host), always keeps one, so that the network
 * can be described; replaces dead ones with back-off; paces log-ins (logins-per-minute).  After a
 * crash the accounts come back in smaller groups, so that the one that crashes its host ends alone.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#pragma once

#include "conf/settings.h"
#include "transport/avatar.h"
#include "transport/link.h"
#include "transport/secret.h"

G_BEGIN_DECLS

typedef struct CwSupervisor CwSupervisor;

typedef struct {
    /* A host described the network: the first time, and after each start of a host. */
    void (*described)(const CwProtocol *protocol, gpointer data);
    /* No host can be had for now; `why` is for the log and for people. */
    void (*unavailable)(const char *why, gpointer data);
    void (*stopped)(gpointer data); /* cw_supervisor_stop() is through */
} CwSupervisorEvents;

/* `argv` is copied; settings must outlive it, or their successors. */
CwSupervisor *cw_supervisor_new(const char *subject, const char *const *argv,
                                const CwTransportSettings *transport, const CwSettings *settings,
                                const CwSupervisorEvents *events, gpointer data);
void cw_supervisor_free(CwSupervisor *supervisor); /* accounts must be gone */
void cw_supervisor_set_settings(CwSupervisor *supervisor, const CwTransportSettings *transport,
                                const CwSettings *settings);
void cw_supervisor_start(CwSupervisor *supervisor);
void cw_supervisor_stop(CwSupervisor *supervisor);
void cw_supervisor_pause(CwSupervisor *supervisor, gboolean yes); /* reading of all links */
/* µs of a clock that stands while the links are paused: what is not read is not late. */
gint64 cw_supervisor_clock(const CwSupervisor *supervisor);

/* ---- one account on a host ---- */

typedef struct CwAccount CwAccount;

typedef struct {
    void (*line)(const CwLinkMsg *msg, gpointer data);
    /* The log-in is sent now: what it has beside the options.  char * -> char *, (transfer full)
     * (nullable); the member itself, too. */
    GHashTable *(*values)(gpointer data);
    /* Its host is gone, and with it the log-in.  `guilty`: the host crashed while it was alone
     * there (and the host was not idle, or this was the second time), or was serving it for the
     * second time: it is better not tried again for a while. */
    void (*lost)(const char *why, gboolean guilty, gpointer data);
} CwAccountEvents;

/* What became of a line that was sent to a host which is gone. */
typedef enum {
    CW_FATE_UNTOUCHED, /* the host never read it: it can be sent again */
    CW_FATE_UNKNOWN,
    CW_FATE_TAKEN, /* a message whose ack was lost on the way */
} CwFate;

/* Queues a log-in; the line is sent when pacing and a host allow it.  Everything is copied. */
CwAccount *cw_account_new(CwSupervisor *supervisor, const CwAccountEvents *events, gpointer data,
                          const char *username, const CwSecret *password, GHashTable *options);
/* The presence that the log-in begins with. */
void cw_account_set_presence(CwAccount *account, CwShow show, const char *status);
/* The picture and the name (both nullable) that it begins with. */
void cw_account_set_looks(CwAccount *account, CwAvatar *picture, const char *nick);
/* FALSE: not on a host.  Fills in the account's number. */
gboolean cw_account_send(CwAccount *account, CwLinkMsg *msg);
/* The number of the line that cw_account_send() queued last, from 1. */
guint64 cw_account_line(const CwAccount *account);
/* Only inside lost(): of the message `id`, which was line `line`. */
CwFate cw_account_fate(const CwAccount *account, gint64 id, guint64 line);
/* Its host has much to read already: messages are better refused. */
gboolean cw_account_is_congested(const CwAccount *account);
/* The log-in has not been sent to a host yet. */
gboolean cw_account_is_waiting(const CwAccount *account);
/* When it was, by cw_supervisor_clock(); 0: not yet. */
gint64 cw_account_sent_at(const CwAccount *account);
/* The host is told to log it out, unless it said offline already; no callback afterwards. */
void cw_account_free(CwAccount *account);

G_END_DECLS
