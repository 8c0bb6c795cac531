/* transport/session.h: one user's legacy account while somebody is there to use it
 *
 *            first resource                 link up
 *     OFFLINE ----------> CONNECTING ---------------------> ONLINE
 *        ^                 |  ^   |  wrong password           |
 *        | last resource   |  |   +-----------> FAILED        | link dropped
 *        | goes            v  | timer                         v
 *        +-------------- WAITING <----------------------------+
 *
 * A session is made when the first resource of a registered user comes, and freed when the last
 * one has gone and none of his messages waits for the network: a registered user who is offline
 * costs nothing, unless he asked to stay in a room (session-kept.c).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#pragma once

#include "transport/events.h"
#include "transport/store.h"

G_BEGIN_DECLS

typedef struct CwTransport CwTransport;

typedef enum {
    CW_SESSION_OFFLINE,
    CW_SESSION_CONNECTING, /* a log-in is queued or under way */
    CW_SESSION_ONLINE,
    CW_SESSION_WAITING, /* dropped or not reached; a timer runs */
    CW_SESSION_FAILED,  /* of no use to try again before something is changed */
} CwSessionState;

const char *cw_session_state_to_string(CwSessionState state);
gboolean cw_session_state_may_follow(CwSessionState from, CwSessionState to);

/* One connected resource of the user. */
typedef struct {
    char *name; /* "" for none */
    CwShow show;
    char *status; /* nullable */
    gint64 idle;  /* Unix time, s, since when; 0: it is not */
    int priority;
    gboolean at_gateway; /* its presence came to the gateway itself, not only to a contact */
    gboolean doubted;    /* the stream was away: its presence has not come since */
} CwResource;

const char *cw_session_jid(const CwSession *session); /* the user's bare JID */
CwTransport *cw_session_transport(const CwSession *session);
CwSessionState cw_session_state(const CwSession *session);
CwReason cw_session_reason(const CwSession *session); /* of WAITING and FAILED */
const char *cw_session_why(const CwSession *session); /* the same for people; nullable */
guint cw_session_retry_in(const CwSession *session);  /* ms until the next try, in WAITING */
CwSessionState cw_session_previous(const CwSession *session); /* the state before this one */
guint cw_session_failures(const CwSession *session); /* in a row: log-ins and links that failed */

/* ---- the user's resources ---- */

typedef enum {
    CW_RESOURCE_NEW,
    CW_RESOURCE_CHANGED,
    CW_RESOURCE_SAME,
    CW_RESOURCE_REFUSED
} CwResourceChange;

/* Available presence of a resource.  `at_gateway`: it was sent to the gateway itself.  The first
 * one logs in; REFUSED: the user has too many. */
CwResourceChange cw_session_resource_up(CwSession *session, const char *name, CwShow show,
                                        const char *status, int priority, gint64 idle,
                                        gboolean at_gateway);
/* Unavailable.  FALSE: nothing changed (not known, or told only to a contact by a resource that the
 * gateway itself still sees).  When the last one has gone the session leaves. */
gboolean cw_session_resource_down(CwSession *session, const char *name, gboolean at_gateway);
const GPtrArray *cw_session_resources(const CwSession *session); /* CwResource * */
gboolean cw_session_has_resource(const CwSession *session, const char *name);

/* The stream was away: a resource that is still there will send its presence again. */
void cw_session_doubt_resources(CwSession *session);
/* The stream broke: whoever has just left may have been a word of a server that stops.  The session
 * stays until cw_session_drop_doubted(). */
void cw_session_stay(CwSession *session);
/* Those that did not count as gone now; a session without any leaves. */
void cw_session_drop_doubted(CwSession *session);

/* Tries at once in WAITING, and in FAILED: the user sent presence again or changed something. */
void cw_session_retry(CwSession *session);

/* ---- contacts ---- */

CwContact *cw_session_find_contact(CwSession *session, const char *name); /* nullable */
/* Calls `visit` for each contact. */
void cw_session_each_contact(CwSession *session, void (*visit)(CwContact *, gpointer),
                             gpointer data);
/* The user wants to see it: granted() or refused(), now or when the network has answered; it keeps
 * while the account is not logged in.  FALSE: he has too many. */
gboolean cw_session_subscribe(CwSession *session, const char *name);
/* Off the network's list, now or after the next log-in. */
void cw_session_remove_contact(CwSession *session, const char *name);
/* Remembers that the user was sent a subscription request for it. */
void cw_session_mark_offered(CwSession *session, CwContact *contact);
/* He asks for the events of its node himself, or not any more. */
void cw_session_set_subscribed(CwSession *session, CwContact *contact, gboolean subscribed);
/* The contact is in the user's roster without a request that he could answer.  `sees`: his server
 * has it as one that he sees, as cw_session_sees() says; else he will ask. */
void cw_session_mark_brought(CwSession *session, CwContact *contact, gboolean sees);
/* The network stores names or groups of contacts, and is there. */
gboolean cw_session_may_rename(const CwSession *session);
/* So the contact is called in the user's roster (both nullable).  What he has changed there goes to
 * the network, where it stores such a thing. */
void cw_session_take_roster_names(CwSession *session, CwContact *contact, const char *name,
                                  const char *group);
/* The network lets him see it, as far as it told. */
gboolean cw_session_sees(const CwSession *session, const CwContact *contact);
/* The contact may see the user, or may not.  Keeps as well. */
void cw_session_authorize(CwSession *session, const char *contact, gboolean yes);

/* ---- messages ---- */

/* FALSE with the reason: the log-in failed for good, too many or too much on their way, too fast,
 * too long.  Else its fate is told by message_returned() or silence; while the network is away it
 * waits for up to pending-time.  `stanza_id` and `resource` come back with it. */
gboolean cw_session_send(CwSession *session, const char *contact, const char *text,
                         const char *stanza_id, const char *resource, CwReason *reason);
void cw_session_typing(CwSession *session, const char *contact, CwTyping typing);

/* ---- what the network knows of a contact ---- */

/* `fields` (CwField *, borrowed): label and value; NULL: there is nothing, for this reason. */
typedef void (*CwInfoDone)(CwSession *session, const GPtrArray *fields, CwReason reason,
                           gpointer data);
/* `done` is called exactly once, never inside this call, at the latest when the account logs out.
 * FALSE with the reason: not logged in, too many requests are open. */
gboolean cw_session_ask_info(CwSession *session, const char *contact, CwInfoDone done,
                             gpointer data, CwReason *reason);
/* What a contact published last: `items` of CwFound, newest first, NULL: there is no answer.  The
 * contact is the item's id, the values are title, text, link and time (Unix, s), "" for none. */
typedef void (*CwItemsDone)(CwSession *session, const GPtrArray *items, CwReason reason,
                            gpointer data);
gboolean cw_session_ask_items(CwSession *session, const char *contact, CwItemsDone done,
                              gpointer data, CwReason *reason);

/* ---- the network's directory of users ---- */

/* Borrowed. */
typedef struct {
    GPtrArray *fields;      /* CwField *: the form; with `found`: the columns */
    const char *text;       /* of the form, for people; nullable */
    const GPtrArray *found; /* CwFound *; NULL: it is the form */
    guint total;            /* people that there are; `found` may hold fewer */
} CwSearchAnswer;
/* `answer` NULL: there is none, for this reason; `text` (nullable): the network's words. */
typedef void (*CwSearchDone)(CwSession *session, const CwSearchAnswer *answer, CwReason reason,
                             const char *text, gpointer data);
/* `values`: field name -> text; NULL: which form is there?  `done` and the result as of
 * cw_session_ask_info(). */
gboolean cw_session_search(CwSession *session, GHashTable *values, CwSearchDone done, gpointer data,
                           CwReason *reason);
/* There is a directory, as far as is known. */
gboolean cw_session_may_search(const CwSession *session);

/* The network's normal form of a name that the user typed; NULL: there is none, for this reason.
 * `text` nullable: its words. */
typedef void (*CwNormalizeDone)(CwSession *session, const char *name, CwReason reason,
                                const char *text, gpointer data);
/* As cw_session_ask_info(). */
gboolean cw_session_normalize(CwSession *session, const char *name, CwNormalizeDone done,
                              gpointer data);

/* ---- commands of contacts ---- */

/* What the contact answered, no longer than a message may be; `done` FALSE: nothing, for this
 * reason, and `text` (nullable) is the network's words. */
typedef void (*CwCommandDone)(CwSession *session, gboolean done, CwReason reason, const char *text,
                              gpointer data);
/* `text`: the name of the command, and its argument behind a space.  It counts as a message of the
 * user's.  As cw_session_ask_info(). */
gboolean cw_session_command(CwSession *session, const char *contact, const char *text,
                            CwCommandDone done, gpointer data, CwReason *reason);

/* ---- the user's own picture and nickname ---- */

/* His contacts are to see them, and the network can show them. */
gboolean cw_session_wants_looks(const CwSession *session);
/* The picture that he has now, in base64, with the SHA-1 that it must have; `data` NULL: he has
 * none. FALSE with the problem: it is of no use, and he has none. */
gboolean cw_session_set_picture(CwSession *session, const char *data, const char *media,
                                const char *id, const char **problem);
const char *cw_session_picture(const CwSession *session);       /* its SHA-1; NULL: none */
void cw_session_set_nick(CwSession *session, const char *nick); /* nullable */
/* What there is has been said: a log-in that waits for it goes on, behind this call. */
void cw_session_looks_known(CwSession *session);

/* ---- rooms ---- */

CwRoom *cw_session_find_room(const CwSession *session, const char *name); /* nullable */
void cw_session_each_room(CwSession *session, void (*visit)(CwRoom *, gpointer), gpointer data);
/* The user's client `resource` enters.  A room that is `in` is his at once; else room_joined() or
 * room_left() follows.  NULL with the reason: it cannot be. */
CwRoom *cw_session_room_join(CwSession *session, const char *name, const char *nick,
                             const char *password, const char *resource, CwReason *reason);
/* The last client's leaving is the user's; the room is gone then. */
void cw_session_room_leave(CwSession *session, CwRoom *room, const char *resource,
                           const char *text);
/* To all in the room, or to `nick` alone.  As cw_session_send(), but that nothing waits. */
gboolean cw_session_room_send(CwSession *session, CwRoom *room, const char *nick, const char *text,
                              const char *stanza_id, const char *resource, CwReason *reason);
/* His own show and status there, as his client tells the room. */
void cw_session_room_show(CwSession *session, CwRoom *room, CwShow show, const char *status);
/* room-subject, room-nick, room-set, room-invite: `done` as with cw_session_ask_info(). */
typedef void (*CwRoomDone)(CwSession *session, CwReason reason, const char *text, gpointer data);
gboolean cw_session_room_request(CwSession *session, const CwLinkMsg *msg, CwRoomDone done,
                                 gpointer data, CwReason *reason);

/* ---- the network's list of rooms ---- */

typedef struct {
    char *name;  /* the network's normal form */
    char *topic; /* nullable: what it is about */
    gint users;  /* how many are in it; -1: nobody says */
} CwListedRoom;

typedef struct {
    GPtrArray *rooms;    /* CwListedRoom *, as the network lists them */
    GHashTable *by_name; /* name -> the same */
    gboolean cut;        /* it had more */
} CwRoomDirectory;

/* `directory` NULL: there is none, for this reason; borrowed. */
typedef void (*CwRoomDirectoryDone)(CwSession *session, const CwRoomDirectory *directory,
                                    CwReason reason, const char *text, gpointer data);
/* Asks the network; `done` and the result as of cw_session_ask_info(). */
gboolean cw_session_list_rooms(CwSession *session, CwRoomDirectoryDone done, gpointer data,
                               CwReason *reason);
/* What it said in the last room-list-time; nullable. */
const CwRoomDirectory *cw_session_room_directory(const CwSession *session);
/* ---- rooms that he keeps ---- */

/* NULL: he does not. */
const CwStoredRoom *cw_session_find_kept(const CwSession *session, const char *name);
gboolean cw_session_keeps(const CwSession *session, const char *name); /* … and is to be in it */
/* He can stay while he is offline, and wants to in some room. */
gboolean cw_session_wants_to_stay(const CwSession *session);
gboolean cw_session_remains(const CwSession *session); /* it does so, without a resource */

/* ---- questions ---- */

const CwQuestion *cw_session_question(const CwSession *session); /* the oldest open one, or NULL */
/* `values` NULL: cancelled. */
void cw_session_answer(CwSession *session, gint64 id, GHashTable *values);

/* ---- for transport.c ---- */

CwSession *cw_session_new(CwTransport *transport, const char *jid);
void cw_session_free(CwSession *session);
/* Logs in with these data instead of the stored ones, holds back everything that arrives but
 * questions, and says once how it went: the trial of a registration. */
typedef void (*CwSessionTried)(CwSession *session, CwReason reason, const char *why, gpointer data);
void cw_session_try(CwSession *session, const CwUser *user, CwSessionTried tried, gpointer data);
/* The trial became the session: what was held back comes now.  It ends by itself unless a resource
 * comes within registered-linger. */
void cw_session_release(CwSession *session);
/* Leaves the network now; the state becomes OFFLINE.  Messages that wait come back. */
void cw_session_log_out(CwSession *session);
/* Ends it after logout-delay, as soon as no message of the user is on its way any more.  A resource
 * that comes meanwhile keeps it. */
void cw_session_leave(CwSession *session);
/* The user is there, as he sends messages, though no presence of his is known yet, or messages of
 * his are left from an earlier gateway: logs in, and lingers for his presence. */
void cw_session_wake(CwSession *session);
/* His rooms as cw_transport_keep_room() has it, and all of them (CwStoredRoom *, copies). */
CwReason cw_session_keep_room(CwSession *session, const CwStoredRoom *wanted);
GPtrArray *cw_session_list_kept(CwSession *session);
/* A new gateway: he stayed in rooms.  FALSE: he cannot now. */
gboolean cw_session_resume(CwSession *session);
/* The server is away for long: nobody is taken to be there any more.  FALSE: it does not remain. */
gboolean cw_session_drop_resources(CwSession *session);
/* A message that an earlier gateway stored. */
void cw_session_load_message(CwSession *session, const CwSpooled *spooled);
/* Leaves what waits to the store, for the next gateway. */
void cw_session_shelve_messages(CwSession *session);
/* Messages that were sent to the host and are neither taken nor refused yet. */
guint cw_session_unanswered(const CwSession *session);
/* He chose, and it is stored. */
void cw_session_take_preferences(CwSession *session, const CwUser *user);
/* Logs out, and a moment later in again with the stored data. */
void cw_session_log_in_again(CwSession *session);

G_END_DECLS
