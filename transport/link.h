/* transport/link.h: the wire between the gateway and a protocol host
 *
 * Newline-delimited JSON over a stream socket; protocols/LINK.md is the reference for people who
 * write hosts.  One table in link.c says for each kind of line who sends it and which fields it
 * has; a line that breaks the table ends the link.
 *
 *     bytes <-> CwLinkPeer (framing, queue, one write a loop turn) <-> CwLinkMsg (typed)
 *
 * Both programs use this header; it is the only part of transport/ that protocols/ may include,
 * with protocol.h, secret.h which it needs, scoreboard.h and image.h.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#pragma once

#include "transport/protocol.h"
#include "transport/scoreboard.h"

G_BEGIN_DECLS

#define CW_LINK_VERSION 1
#define CW_LINK_LINE_MAX (1024 * 1024) /* bytes, newline included */
#define CW_LINK_FOUND_MAX 500          /* people in one answer to a search */
#define CW_LINK_COMMANDS_MAX 50        /* of a network */
#define CW_LINK_COMMAND_LONGEST 64     /* bytes of the name of one */

#define CW_LINK_ERROR (cw_link_error_quark())
GQuark cw_link_error_quark(void);
typedef enum {
    CW_LINK_ERROR_SYNTAX, /* not JSON, not UTF-8, too long, NUL */
    CW_LINK_ERROR_RULES,  /* unknown kind, wrong direction, field missing or of the wrong type */
    CW_LINK_ERROR_IO,
    CW_LINK_ERROR_CLOSED, /* the other side closed */
    CW_LINK_ERROR_STUCK,  /* the queue to the other side is over its limit */
} CwLinkError;

typedef enum {
    CW_LINK_HELLO,
    CW_LINK_LOGIN,
    CW_LINK_LOGOUT,
    CW_LINK_PRESENCE,
    CW_LINK_MESSAGE,
    CW_LINK_TYPING,
    CW_LINK_CONTACT_ADD,
    CW_LINK_CONTACT_REMOVE,
    CW_LINK_CONTACT_RENAME,
    CW_LINK_AUTHORIZE,
    CW_LINK_DENY,
    CW_LINK_ANSWER,
    CW_LINK_INFO,
    CW_LINK_NORMALIZE,
    CW_LINK_ITEMS,
    CW_LINK_SEARCH,
    CW_LINK_COMMAND,
    CW_LINK_AVATAR,
    CW_LINK_NICK,
    CW_LINK_ROOM_JOIN,
    CW_LINK_ROOM_LEAVE,
    CW_LINK_ROOM_MESSAGE,
    CW_LINK_ROOM_PRIVATE,
    CW_LINK_ROOM_SUBJECT,
    CW_LINK_ROOM_NICK,
    CW_LINK_ROOM_SET,
    CW_LINK_ROOM_INVITE,
    CW_LINK_ROOMS,
    CW_LINK_ROOM_JOINED,
    CW_LINK_ROOM_LEFT,
    CW_LINK_OCCUPANT,
    CW_LINK_OCCUPANT_GONE,
    CW_LINK_ROOM_INVITED,
    CW_LINK_PING,
    CW_LINK_STATE,
    CW_LINK_CONTACT,
    CW_LINK_CONTACT_GONE,
    CW_LINK_ASK_AUTHORIZATION,
    CW_LINK_ASK_GONE,
    CW_LINK_AUTHORIZATION,
    CW_LINK_QUESTION,
    CW_LINK_QUESTION_GONE,
    CW_LINK_NOTICE,
    CW_LINK_REMEMBER,
    CW_LINK_ACK,
    CW_LINK_NACK,
    CW_LINK_LOG,
    CW_LINK_PONG,
    CW_LINK_N_KINDS,
} CwLinkKind;

const char *cw_link_kind_to_string(CwLinkKind kind); /* "contact-add" */

typedef enum { CW_LINK_GATEWAY, CW_LINK_HOST } CwLinkSide;

typedef enum { CW_ACCOUNT_CONNECTING, CW_ACCOUNT_ONLINE, CW_ACCOUNT_OFFLINE } CwAccountState;
typedef enum { CW_TYPING_ACTIVE, CW_TYPING_COMPOSING, CW_TYPING_PAUSED } CwTyping;

/* Every field a line can have.  In a message that was read everything points into it and lives as
 * long as it does; in one that is to be sent everything is borrowed.  NULL, 0, FALSE: not there. */
typedef struct {
    CwLinkKind kind;
    guint32 account; /* chosen by the gateway, from 1; 0 in lines that concern the host itself */
    gint64 id;       /* of a message, question, ping, …; chosen by who sends it, from 1 */

    const char *contact; /* the network's normal form of a contact's name */
    const char *text;    /* plain text, UTF-8, "\n" between lines */
    const char *name;    /* alias of a contact; the user's own nickname */
    const char *group;
    const char *status; /* status text */
    const char *title;  /* of a question, of news */
    const char *url;    /* where more of the news is */
    const char *data;   /* of a picture, base64 */
    const char *media;  /* its type: "image/png" */
    const char *level;  /* of a log line: "debug", "info", "warning" */
    const char *username;
    const char *password; /* only in login */
    gint64 version;       /* only in hello */
    gint64 stamp;         /* Unix time, s, when not now */
    gint64 idle;          /* Unix time, s, since when nobody is at the keyboard */
    CwShow show;
    CwAccountState state;
    CwReason reason;
    CwTyping typing;
    CwAuthorization authorization;
    const char *room; /* the network's normal form of a room's name */
    const char *nick; /* of an occupant; of the user himself in room-join, room-joined */
    const char *by;   /* nick of who kicked or banned */
    CwRole role;
    CwAffiliation affiliation;
    gboolean has_role, has_affiliation; /* these two count */
    CwExit exit;
    gboolean more;  /* of rooms: another line goes on with it */
    gboolean fatal; /* trying again is of no use before something is changed */
    gboolean own;   /* the user sent it himself, from another client of the legacy account */
    gboolean cancelled;
    gint64 total;         /* people that the network found, when `found` holds fewer */
    GHashTable *values;   /* char * -> char *: options of login, values of answer, search */
    GPtrArray *fields;    /* CwField *: of question, info; of search: its form, or the columns */
    GPtrArray *found;     /* CwFound *: of search; NULL: `fields` is its form; of news */
    CwProtocol *protocol; /* only in the host's hello */

    gpointer owner; /* private: what was read and is to be freed */
} CwLinkMsg;

/* Reads one line without its newline.  `from` is who sent it.  FALSE: `error` says which rule it
 * breaks (never quoting a secret), `msg` is empty. */
gboolean cw_link_decode(const char *line, gsize length, CwLinkSide from, CwLinkMsg *msg,
                        GError **error);
void cw_link_msg_clear(CwLinkMsg *msg); /* frees what a decoded message owns; wipes a password */

/* Options may be passwords of servers, and what a user answers anything. */
gboolean cw_link_msg_has_secret(const CwLinkMsg *msg);
/* Its line, but for `fields` and `protocol`, is not longer. */
gsize cw_link_msg_most_bytes(const CwLinkMsg *msg);

/* Appends the line with its newline.  A message that breaks the table or would be longer than
 * CW_LINK_LINE_MAX is a failure and appends nothing.  Text that is not UTF-8 is repaired. */
gboolean cw_link_encode(const CwLinkMsg *msg, CwLinkSide from, GString *out, GError **error);

/* ---- one end of a link ---- */

typedef struct CwLinkPeer CwLinkPeer;

typedef struct {
    void (*message)(const CwLinkMsg *msg, gpointer data); /* valid during the call */
    /* The link is over; the last callback.  CLOSED when the other side went in order. */
    void (*closed)(const GError *error, gpointer data);
    /* The queue went over / back under a quarter of `high_water`; may be NULL. */
    void (*congested)(gboolean yes, gpointer data);
} CwLinkPeerEvents;

/* Takes over `fd`, a stream socket.  `self` is which side we are.  `high_water`: bytes queued at
 * which congested(TRUE) comes; `limit`: bytes at which the link ends as STUCK (0: none).  Reads in
 * the thread's default context. */
CwLinkPeer *cw_link_peer_new(int fd, CwLinkSide self, gsize high_water, gsize limit,
                             const CwLinkPeerEvents *events, gpointer data);
void cw_link_peer_free(CwLinkPeer *peer); /* closes at once; may be called inside a callback */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CwLinkPeer, cw_link_peer_free)

/* The last lines of a link, both ways, without what they say. */
#define CW_LINK_TRACE 64
typedef struct {
    gint64 at; /* monotonic, µs */
    gint64 id;
    guint32 account;
    guint32 length; /* bytes, with the newline; 0: of a line with a secret */
    CwLinkKind kind;
    gboolean sent; /* by us */
} CwLinkTraced;
typedef struct {
    guint64 n; /* in all; the k-th, from 0, is at k modulo CW_LINK_TRACE */
    CwLinkTraced lines[CW_LINK_TRACE];
} CwLinkTrace;
void cw_link_peer_set_trace(CwLinkPeer *peer, CwLinkTrace *trace); /* borrowed */

/* Queues it.  FALSE: it could not be encoded (logged), or the link is over. */
gboolean cw_link_peer_send(CwLinkPeer *peer, const CwLinkMsg *msg);
void cw_link_peer_pause(CwLinkPeer *peer, gboolean yes); /* stop / go on reading */
/* In a host: each line of the gateway is noted there.  Borrowed. */
void cw_link_peer_set_scoreboard(CwLinkPeer *peer, CwScoreboard *scoreboard);
/* Lines that were queued so far: the number of the last one, from 1. */
guint64 cw_link_peer_lines(const CwLinkPeer *peer);
/* … of which so many were written to their end; what the socket lost is not known. */
guint64 cw_link_peer_lines_written(const CwLinkPeer *peer);
gsize cw_link_peer_queued(const CwLinkPeer *peer);
gboolean cw_link_peer_is_congested(const CwLinkPeer *peer); /* what congested() said last */
/* Writes what is queued, blocking up to `timeout` ms; for a host's last words. */
void cw_link_peer_flush(CwLinkPeer *peer, guint timeout);

G_END_DECLS
