/* component/component.h: the XMPP side of one transport: its stream, its router, its features
 *
 *     CwStream --stanza--> router --(kind, child, namespace)--> feature --> transport/
 *     CwStream <--writer-- feature <--events-- transport/
 *
 * A feature is one file under features/ with one const CwFeature; component.c lists them in the
 * order in which they are asked.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#pragma once

#include "component/jid.h"
#include "component/stanza-error.h"
#include "component/stream.h"
#include "transport/transport.h"

G_BEGIN_DECLS

typedef struct CwComponent CwComponent;
typedef struct CwRequests CwRequests; /* requests.h */

/* A stanza on its way through the router; borrowed, valid during the call. */
typedef struct {
    const CwNode *node; /* NULL: it is kept for an answer */
    const char *name;   /* "iq", "message", "presence" */
    const char *type;   /* NULL: none */
    const char *id;     /* NULL: none */
    const CwJid *from;
    const CwJid *to; /* always at our domain */
} CwStanza;

/* ---- features ---- */

typedef void (*CwIqHandle)(CwComponent *component, const CwStanza *stanza, const CwNode *child);

typedef struct {
    const char *type; /* "get" or "set" */
    const char *name; /* of the child */
    const char *ns;
    CwIqHandle handle; /* answers, now or later, exactly once */
} CwIqHandler;

typedef struct {
    const char *name;
    const CwIqHandler *iqs;              /* NULL, or ended by {NULL} */
    const char *const *gateway_features; /* disco#info of the gateway; NULL, or ended by NULL */
    const char *const *contact_features; /* the same of a contact */
    /* TRUE: it was for this feature.  Errors never come here but through `error`. */
    gboolean (*message)(CwComponent *component, const CwStanza *stanza);
    gboolean (*presence)(CwComponent *component, const CwStanza *stanza);
    /* A message or presence of ours that came back; never answered. */
    void (*error)(CwComponent *component, const CwStanza *stanza);
    /* Available presence of a resource that is one of the session's now. */
    void (*available)(CwComponent *component, CwSession *session, const CwStanza *stanza);
    /* A client of the user's came or went, or what it can do is known now: cw_clients_can(). */
    void (*client)(CwComponent *component, CwSession *session, const char *resource);
    void (*up)(CwComponent *component);   /* the stream is up */
    void (*down)(CwComponent *component); /* it is not any more */
    void (*stop)(CwComponent *component); /* the last moment to send */
    const CwEvents *events;               /* from the transport; data is the CwComponent */
} CwFeature;

/* ---- the component ---- */

typedef struct {
    void (*first_fate)(CwComponent *component, gboolean refused, gpointer data); /* see main.c */
    void (*stopped)(CwComponent *component, gpointer data);
} CwComponentOwner;

CwComponent *cw_component_new(const CwTransportSettings *own, const CwSettings *settings,
                              const char *const *host_argv, CwStore *store,
                              const CwComponentOwner *owner, gpointer data);
void cw_component_free(CwComponent *component);
void cw_component_start(CwComponent *component);
/* Says good-bye to the users, closes the stream, stops the hosts: stopped(). */
void cw_component_stop(CwComponent *component);
/* New limits, times and lists are in force from now on; `own` and `settings` outlive the component.
 */
void cw_component_set_settings(CwComponent *component, const CwTransportSettings *own,
                               const CwSettings *settings);

CwTransport *cw_component_transport(CwComponent *component);
const char *cw_component_domain(const CwComponent *component);
gboolean cw_component_is_up(const CwComponent *component);
/* The server does not read as fast as we write: what is large can be asked for again later. */
gboolean cw_component_is_congested(const CwComponent *component);
const CwFeature *const *cw_component_features(void); /* ended by NULL */
/* To every feature that wants it. */
void cw_component_tell_available(CwComponent *component, CwSession *session,
                                 const CwStanza *stanza);
void cw_component_tell_client(CwComponent *component, CwSession *session, const char *resource);
/* A pointer that a feature keeps for this component; freed with it.  `key` is the feature. */
gpointer cw_component_get_data(CwComponent *component, const CwFeature *key);
void cw_component_set_data(CwComponent *component, const CwFeature *key, gpointer data,
                           GDestroyNotify free_data);
/* s since the start of the process */
guint cw_component_uptime(void);

/* ---- sending ---- */

/* As cw_stream_begin()/cw_stream_end(). */
CwWriter *cw_component_begin(CwComponent *component, const char *name, const char *from,
                             const char *to, const char *type, const char *id);
gboolean cw_component_end(CwComponent *component);
/* The same for what the server must get, now or when it is back: messages, requests (spool.h).
 * `stamped`: it has a delay stamp already. */
CwWriter *cw_component_begin_lasting(CwComponent *component, const char *name, const char *from,
                                     const char *to, const char *type, const char *id);
void cw_component_end_lasting(CwComponent *component, gboolean stamped);
/* A presence without children. */
void cw_component_send_presence(CwComponent *component, const char *from, const char *to,
                                const char *type);
/* The same for one that must not be lost: a subscription. */
void cw_component_send_subscription(CwComponent *component, const char *from, const char *to,
                                    const char *type);

/* A result with the child still to be written, behind it cw_component_end(). */
CwWriter *cw_component_begin_result(CwComponent *component, const CwStanza *stanza);
void cw_component_send_result(CwComponent *component, const CwStanza *stanza); /* empty */
/* Answers any kind of stanza with an error; an error or a result is never answered (C18). */
void cw_component_send_error(CwComponent *component, const CwStanza *stanza,
                             CwStanzaCondition condition, const char *text);

/* A stanza to be answered later. */
typedef struct CwReply CwReply;

CwReply *cw_component_keep(CwComponent *component, const CwStanza *stanza);
const CwStanza *cw_reply_stanza(const CwReply *reply); /* its node is NULL */
void cw_reply_free(CwReply *reply);

/* Iqs of the gateway itself: component/requests.h */
CwRequests *cw_component_requests(CwComponent *component);

/* ---- names ---- */

/* The legacy name that a JID of ours stands for; NULL: the gateway itself, or a name that no
 * network has (control characters).  (transfer full) */
char *cw_component_legacy_name(const CwJid *jid);
/* The session of a registered user whose account is online; else NULL, and CW_STANZA_ERROR says why
 * to him. */
CwSession *cw_component_online_session(CwComponent *component, const char *user, GError **error);
/* The contact of the sender's that it is for; NULL: none. */
CwContact *cw_component_find_contact(CwComponent *component, const CwStanza *stanza);
/* No account, name or password has control characters; a newline would be a command of its own on
 * IRC. `text` may be NULL. */
gboolean cw_component_has_control(const char *text);
/* The JID of a contact; NULL: it cannot be one (logged).  (transfer full) */
char *cw_component_contact_jid(CwComponent *component, const char *contact);
/* Of a client of the user; `resource` NULL, "": his bare JID.  (transfer full) */
char *cw_component_client_jid(const CwSession *session, const char *resource);
/* How a reason looks as a stanza error, and to people. */
CwStanzaCondition cw_reason_condition(CwReason reason);
const char *cw_reason_text(CwReason reason);
/* Why a session is not online, for people.  (transfer full) */
char *cw_component_session_problem(const CwSession *session);

G_END_DECLS
