/* transport/transport.h: one domain: its network, its users, their sessions
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#pragma once

#include "conf/settings.h"
#include "transport/archive.h"
#include "transport/outage.h"
#include "transport/session.h"
#include "transport/supervisor.h"

G_BEGIN_DECLS

/* `events` and what it calls must outlive the transport.  `argv` starts a host. */
CwTransport *cw_transport_new(const CwTransportSettings *own, const CwSettings *settings,
                              const char *const *argv, CwStore *store, const CwEvents *events,
                              gpointer data);
/* The store has done all that was asked of it (cw_store_free() waits for that). */
void cw_transport_free(CwTransport *transport);
void cw_transport_start(CwTransport *transport);
/* Messages that are with the hosts, neither taken nor refused yet. */
guint cw_transport_unanswered(CwTransport *transport);
/* Leaves messages that wait to the store, logs everybody out and stops the hosts; `stopped` is
 * called once. */
void cw_transport_stop(CwTransport *transport, void (*stopped)(gpointer), gpointer data);
/* Behind cw_transport_stop(): leaves it to the next gateway.  FALSE: not stopped, nothing is done.
 */
gboolean cw_transport_keep_message(CwTransport *transport, const char *jid, const char *contact,
                                   const char *text, const char *stanza_id, const char *resource);
/* The way to the Jabber server is closed or full: nothing more is read from the network, and what
 * the network would have said is not waited for. */
void cw_transport_pause(CwTransport *transport, gboolean yes);

/* New limits, times and lists are in force from now on. */
void cw_transport_set_settings(CwTransport *transport, const CwTransportSettings *own,
                               const CwSettings *settings);

const char *cw_transport_domain(const CwTransport *transport);
const CwTransportSettings *cw_transport_settings(const CwTransport *transport);
const CwSettings *cw_transport_all_settings(const CwTransport *transport);
const CwProtocol *cw_transport_protocol(const CwTransport *transport); /* NULL: not known yet */
/* Why the network is not known yet; NULL: it is, or nothing has failed. */
const char *cw_transport_problem(const CwTransport *transport);
CwStore *cw_transport_store(const CwTransport *transport);
CwSupervisor *cw_transport_supervisor(const CwTransport *transport);
CwOutage *cw_transport_outage(CwTransport *transport);
CwAvatars *cw_transport_avatars(CwTransport *transport);
CwArchive *cw_transport_archive(CwTransport *transport);
/* The next id of a message that may be stored: CwSpooled. */
gint64 cw_transport_next_id(CwTransport *transport);
const CwEvents *cw_transport_events(const CwTransport *transport, gpointer *data);

/* ---- users ---- */

gboolean cw_transport_is_registered(CwTransport *transport, const char *jid);
CwSession *cw_transport_find_session(CwTransport *transport, const char *jid); /* nullable */
/* Of a registered user. */
CwSession *cw_transport_ensure_session(CwTransport *transport, const char *jid);
void cw_transport_each_session(CwTransport *transport, void (*visit)(CwSession *, gpointer),
                               gpointer data);
guint cw_transport_n_sessions(const CwTransport *transport);
/* cw_session_remove_contact(), cw_session_authorize(), also of a registered user without a session.
 */
void cw_transport_remove_contact(CwTransport *transport, const char *jid, const char *name);
void cw_transport_authorize(CwTransport *transport, const char *jid, const char *contact,
                            gboolean yes);
/* The rooms that he keeps (CwStoredRoom *, transfer full), whether he has a session or not; NULL:
 * they cannot be read. */
GPtrArray *cw_transport_list_kept(CwTransport *transport, const char *jid);
/* Of a registered user: a room that he wants to join at log-in or to stay in, and is in at once if
 * he can be; one of neither is kept no longer.  A missing password is the one that was known. RATE:
 * he keeps too many. */
CwReason cw_transport_keep_room(CwTransport *transport, const char *jid,
                                const CwStoredRoom *wanted);
/* Sessions that stay without a resource. */
guint cw_transport_n_remaining(const CwTransport *transport);
void cw_transport_count_remaining(CwTransport *transport, gboolean one_more);
/* He wants to be logged out until a client of his comes. */
void cw_transport_log_out(CwTransport *transport, const char *jid);
/* The server is away for long: all sessions end but those that stay in rooms.  How many ended. */
guint cw_transport_drop_absent(CwTransport *transport);
/* Logs it out and frees it. */
void cw_transport_drop_session(CwTransport *transport, CwSession *session);
void cw_transport_drop_all_sessions(CwTransport *transport);

/* ---- registration (registrar.c) ---- */

typedef enum {
    CW_REGISTERED_NEW,
    CW_REGISTERED_CHANGED,
    CW_REGISTERED_REFUSED, /* `reason` and `why` say what the network said */
    CW_REGISTERED_BUSY,    /* another registration of this user is being verified or removed */
    CW_REGISTERED_FULL,    /* accounts-per-domain, or the pace is over its limit */
    CW_REGISTERED_ABORTED, /* removed meanwhile, or the gateway stops */
    CW_REGISTERED_NOT_STORED,
} CwRegistered;

typedef void (*CwRegisterDone)(CwRegistered result, CwReason reason, const char *why,
                               gpointer data);

/* Verifies `user` with the network and stores it.  The session runs on with the new data.  `done`
 * is called exactly once, never inside this call. */
void cw_transport_register(CwTransport *transport, const CwUser *user, CwRegisterDone done,
                           gpointer data);
/* The session that verifies a registration of this user; NULL: there is none. */
CwSession *cw_transport_find_trial(CwTransport *transport, const char *jid);
/* A registration of this user is being verified. */
gboolean cw_transport_is_registering(CwTransport *transport, const char *jid);
/* He chose; `done` (nullable) when it is stored and in force. */
void cw_transport_set_preference(CwTransport *transport, const char *jid, CwPreference preference,
                                 gboolean yes, CwStoreDone done, gpointer data);
/* Logs out, aborts a pending registration, deletes all that is stored. */
void cw_transport_unregister(CwTransport *transport, const char *jid, CwStoreDone done,
                             gpointer data);
/* Logs out, aborts a pending registration, and gives what is stored to the JID `to`. */
void cw_transport_move(CwTransport *transport, const CwUser *user, const char *to, CwStoreDone done,
                       gpointer data);
/* His registration is being deleted, or moves to him or away. */
gboolean cw_transport_is_removing(CwTransport *transport, const char *jid);

G_END_DECLS
