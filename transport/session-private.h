/* transport/session-private.h: what the parts of a session share
 *
 *     session.c            states, log-ins, trials
 *     session-lines.c      what the host says, each line to the part that it is for
 *     session-messages.c   messages, from the network and to it
 *     session-resources.c  the user's resources and what the network sees of them
 *     session-contacts.c   contacts, their presence, whether the user sees it
 *     session-names.c      what the contacts are called, by the network and by the user
 *     session-requests.c   contacts who ask to see the user
 *     session-questions.c  what the network asks its user
 *     session-inquiries.c  what the host is asked and answers once, for the next two
 *     session-info.c       what the network knows of contacts
 *     session-search.c     the network's directory of users
 *     session-rooms.c      group chats
 *     session-room-list.c  the network's list of them
 *     session-kept.c       those that he keeps, also while he is offline
 *     session-avatars.c    their pictures
 *     session-remembered.c what his host has us remember
 *     session-looks.c      the user's own picture and nickname
 *
 * Nobody else includes this.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#pragma once

#include <glib-object.h>

#include "transport/backoff.h"
#include "transport/outbox.h"
#include "transport/pace.h"
#include "transport/seen.h"
#include "transport/session.h"
#include "transport/timers.h"
#include "transport/transport.h"

G_BEGIN_DECLS

/* Of the user himself. */
typedef struct {
    gboolean wanted;   /* his contacts are to see them */
    gboolean known;    /* cw_session_looks_known() */
    gboolean waited;   /* a log-in did, for that */
    CwAvatar *picture; /* nullable: none, or not known; so are the others */
    char *nick;
    char *begun_picture, *begun_nick; /* id and name that the log-in began with */
    char *told_picture, *told_nick;   /* … and that the network has of ours */
    CwPace pace;                      /* of changes */
    guint retry_id;
} CwLooks;

typedef struct CwSessionRoomList CwSessionRoomList; /* session-room-list.c */

struct CwSession {
    CwTransport *transport;
    char *jid;
    CwSessionState state, previous;
    CwReason reason;
    char *why;
    CwAccount *account; /* NULL: not on a host */

    GPtrArray *resources;          /* CwResource *, owned */
    GHashTable *contacts;          /* name -> CwContact *, owned */
    gboolean over_contacts;        /* some were left out in this log-in; said */
    GHashTable *contact_questions; /* id -> name: contact-add, contact-remove without an answer */
    GHashTable *requests;          /* session-requests.c */
    GHashTable *rooms;             /* name -> CwRoom *, owned: session-rooms.c */
    GHashTable *rooms_left;        /* name -> room-left lines to come for rooms that he left */
    CwSessionRoomList *room_list;
    struct CwSessionRemembering *remembering; /* session-remembered.c; nullable */
    GHashTable *kept;                         /* name -> CwStoredRoom *, owned; NULL: not loaded */
    gboolean over_kept;                       /* some of them were not joined; said */
    gboolean remains;                         /* without a resource, for them */
    CwOutbox *outbox;
    CwSeen *seen;
    GQueue questions;      /* CwQuestion *, owned */
    GQueue inquiries;      /* Inquiry *, owned: session-inquiries.c */
    gboolean no_directory; /* the network has said so in this log-in: session-search.c */
    CwPace pace;           /* of messages to the network */
    gboolean invisible;    /* he wants to be */
    CwShow told_show;      /* what the network was told last */
    char *told_status;
    gint64 told_idle;
    CwLooks looks;

    gboolean counted; /* as online, by the outage */
    char *server;     /* the part of the network that the account is at: outage.h */
    CwBackoff backoff;
    CwBackoff quarantine;
    guint lost_hosts;   /* in a row, without being guilty */
    gboolean leaving;   /* cw_session_leave() */
    gint64 leave_at;    /* monotonic µs: not before */
    gint64 login_since; /* of the log-in, or its last question: cw_supervisor_clock() */
    gint64 retry_at;    /* monotonic µs */
    guint timer_id;     /* CONNECTING: the log-in's end; WAITING: the retry */
    guint steady_id;    /* ONLINE: resets the back-off */
    guint linger_id;    /* no resource yet: ends the session */
    guint leave_id;     /* the same, for a session that leaves */

    /* the trial of a registration */
    CwSessionTried tried;
    gpointer tried_data;
    GString *held; /* lines that arrived meanwhile; NULL: nothing is held back */
};

#define LIMITS(session) (&cw_transport_all_settings((session)->transport)->limits)
#define TIMING(session) (&cw_transport_all_settings((session)->transport)->timing)

#define EMIT_ALWAYS(session, event, ...)                                                           \
    do {                                                                                           \
        gpointer emit_data_ = NULL;                                                                \
        const CwEvents *emit_events_ = cw_transport_events((session)->transport, &emit_data_);     \
        if (emit_events_->event != NULL)                                                           \
            emit_events_->event(__VA_ARGS__, emit_data_);                                          \
    } while (0)

#define EMIT(session, event, ...)                                                                  \
    do {                                                                                           \
        if ((session)->held == NULL)                                                               \
            EMIT_ALWAYS(session, event, __VA_ARGS__);                                              \
    } while (0)

/* ---- session.c ---- */

void cw_session_log_in(CwSession *session);
void cw_session_take_state(CwSession *session, const CwLinkMsg *msg);
void cw_session_settled(CwSession *session);       /* no message waits for the network any more */
gint64 cw_session_clock(const CwSession *session); /* cw_supervisor_clock() */

/* ---- session-lines.c ---- */

void cw_session_take_line(const CwLinkMsg *msg, gpointer data);    /* of a CwSession */
void cw_session_take_lines(CwSession *session, const char *lines); /* that were held back */

/* ---- session-messages.c ---- */

CwOutbox *cw_session_new_outbox(CwSession *session);
void cw_session_take_message(CwSession *session, const CwLinkMsg *msg);
/* The limits on what a user sends: to a contact, to a room, or to `nick` (else NULL) in that room.
 */
gboolean cw_session_may_send(CwSession *session, const char *contact, const char *nick,
                             const char *text, CwReason *reason);

/* ---- session-resources.c ---- */

void cw_session_free_resource(gpointer data);
/* RFC 6121 8.5.2: the highest priority speaks for the user; among equals the newest.  NULL: none */
const CwResource *cw_session_best_resource(const CwSession *session);
/* What the network is to be told: what the best resource shows, or that he is invisible. */
CwShow cw_session_presence(const CwSession *session, const char **status, gint64 *idle);
/* Tells it, when that has changed. */
void cw_session_tell_presence(CwSession *session);

/* ---- session-contacts.c ---- */

void cw_session_free_contact(gpointer data);
CwContact *cw_session_ensure_contact(CwSession *session, const char *name); /* NULL: too many */
void cw_session_load_contacts(CwSession *session);
void cw_session_store_contact(CwSession *session, const CwContact *contact);
void cw_session_take_contact(CwSession *session, const CwLinkMsg *msg);
void cw_session_take_contact_gone(CwSession *session, const char *name);
void cw_session_take_contact_presence(CwSession *session, const CwLinkMsg *msg);
void cw_session_contacts_offline(CwSession *session);
void cw_session_contacts_online(CwSession *session); /* tells what the network does not know yet */
void cw_session_take_authorization(CwSession *session, const CwLinkMsg *msg);
/* ack or nack.  FALSE: it is not about a contact. */
gboolean cw_session_take_contact_answer(CwSession *session, const CwLinkMsg *msg);
/* The user answers what we offered by ourselves.  FALSE: it is answered, or was not offered. */
gboolean cw_session_take_offer_answer(CwSession *session, const char *name);
/* The user lets it see him. */
void cw_session_accept_contact(CwSession *session, const char *name, const char *nick);
/* A name or a status, which is kept for each contact.  (transfer full), NULL for NULL. */
char *cw_session_keep_short(const char *text);
void cw_session_tell_local_list(CwSession *session);
/* The end of the longest beginning of `text` (valid UTF-8) that is at most `most` bytes, and at
 * least one character. */
const char *cw_session_end_within(const char *text, gsize most);
/* A text that is longer than message-size comes in pieces: the first of them, and `text` is what is
 * behind it.  NULL: it is not longer.  (transfer full) */
char *cw_session_cut_piece(const CwSession *session, const char **text);

/* ---- session-requests.c ---- */

GHashTable *cw_session_requests_new(void);
void cw_session_load_requests(CwSession *session);
void cw_session_requests_online(CwSession *session); /* offers them, tells the answers */
void cw_session_requests_offline(CwSession *session);
void cw_session_take_ask(CwSession *session, const CwLinkMsg *msg);
void cw_session_take_ask_gone(CwSession *session, const char *contact);
const char *cw_session_request_nick(CwSession *session, const char *contact); /* nullable */

/* ---- session-questions.c ---- */

void cw_session_take_question(CwSession *session, const CwLinkMsg *msg);
void cw_session_take_question_gone(CwSession *session, gint64 id);
void cw_session_drop_questions(CwSession *session);

/* ---- session-rooms.c ---- */

void cw_session_free_room(gpointer data);
void cw_session_take_room_line(CwSession *session, const CwLinkMsg *msg);
void cw_session_rooms_resource_gone(CwSession *session, const char *resource);
void cw_session_rooms_online(CwSession *session);
void cw_session_rooms_offline(CwSession *session);
/* A room that is not there yet, without a client.  NULL with the reason: it cannot be. */
CwRoom *cw_session_enter_room(CwSession *session, const char *name, const char *nick,
                              const char *password, CwReason *reason);
/* Leaves it; it is gone then, and no event tells so. */
void cw_session_abandon_room(CwSession *session, CwRoom *room, const char *text);

/* ---- session-kept.c ---- */

void cw_session_load_kept(CwSession *session);
void cw_session_join_kept(CwSession *session); /* those that he is not in */
void cw_session_kept_joined(CwSession *session, const CwRoom *room);
void cw_session_kept_left(CwSession *session, const CwRoom *room, const CwRoomExit *exit);
void cw_session_end_remaining(CwSession *session);
/* It has no resource: TRUE: it remains all the same. */
gboolean cw_session_remain(CwSession *session);

/* ---- session-room-list.c ---- */

CwSessionRoomList *cw_session_room_list_new(void);
void cw_session_room_list_free(CwSession *session); /* nobody waits any more */
void cw_session_forget_room_list(CwSession *session);
void cw_session_take_room_list(CwSession *session, const CwLinkMsg *msg);

/* ---- session-avatars.c ---- */

void cw_session_take_avatar(CwSession *session, const CwLinkMsg *msg);
void cw_session_forget_avatar(CwContact *contact);

/* ---- session-remembered.c ---- */

void cw_session_take_remember(CwSession *session, const CwLinkMsg *msg);
GHashTable *cw_session_remembered_values(gpointer data); /* CwAccountEvents.values */
void cw_session_free_remembering(CwSession *session);

/* ---- session-looks.c ---- */

void cw_session_load_looks(CwSession *session, const CwUser *user);
void cw_session_choose_looks(CwSession *session, const CwUser *user); /* he may have changed it */
/* The log-in waits for cw_session_looks_known(), or a while; once. */
gboolean cw_session_must_wait_for_looks(CwSession *session);
void cw_session_want_looks(CwSession *session); /* tells so, if they are wanted */
void cw_session_begin_looks(CwSession *session);
void cw_session_looks_online(CwSession *session);
void cw_session_looks_offline(CwSession *session);
void cw_session_free_looks(CwSession *session);

/* ---- session-inquiries.c ---- */

/* Tells the asker.  `answer` (borrowed): a line of the kind that was sent; NULL: there is none, for
 * this reason, and `text` (nullable) for people.  `asker`: his own callback, with `data`. */
typedef void (*CwInquiryDone)(CwSession *session, const CwLinkMsg *answer, CwReason reason,
                              const char *text, GCallback asker, gpointer data);
/* Sends `msg` with an id.  `most`: of this kind at once, 0: any; `timeout`: ms.  `done` is called
 * exactly once, never inside this call, at the latest when the account logs out.  FALSE with the
 * reason: not logged in, too many are open. */
gboolean cw_session_inquire(CwSession *session, CwLinkMsg *msg, guint most, guint timeout,
                            CwInquiryDone done, GCallback asker, gpointer data, CwReason *reason);
/* The same, with the limits of what is asked of contacts and rooms. */
gboolean cw_session_ask(CwSession *session, CwLinkMsg *msg, CwInquiryDone done, GCallback asker,
                        gpointer data, CwReason *reason);
void cw_session_take_inquiry_answer(CwSession *session, const CwLinkMsg *msg);
/* FALSE: the nack is not of an inquiry. */
gboolean cw_session_take_inquiry_nack(CwSession *session, const CwLinkMsg *msg);
gboolean cw_session_take_inquiry_ack(CwSession *session, const CwLinkMsg *msg);
void cw_session_drop_inquiries(CwSession *session);

G_END_DECLS
