/* transport/events.h: what a transport reports to whoever stands in front of it (component/)
 *
 * Any pointer may be NULL.  Strings and structs are borrowed and valid during the call.  A callback
 * may call into the session, but not end it.  Questions also come from the trial of a registration
 * (cw_transport_find_trial()), whose other events are held back.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#pragma once

#include "transport/contact.h"
#include "transport/link.h"
#include "transport/outbox.h"
#include "transport/room.h"

G_BEGIN_DECLS

typedef struct CwSession CwSession;

/* A question of the network, as in protocols/LINK.md. */
typedef struct {
    gint64 id;
    char *title;       /* nullable */
    char *text;        /* nullable */
    GPtrArray *fields; /* CwField * */
} CwQuestion;

typedef struct {
    /* The network is known now, or was described anew. */
    void (*described)(gpointer data);
    /* The session's state changed: see cw_session_state(), _reason(), _why(). */
    void (*session_state)(CwSession *session, gpointer data);
    /* A resource of the user's has gone, and is not among the session's any more.  Not told of
     * those that go with the session. */
    void (*resource_gone)(CwSession *session, const char *resource, gpointer data);
    /* A contact of the network's list was seen for the first time since the log-in, or its name or
     * group changed. */
    void (*contact)(CwSession *session, CwContact *contact, gpointer data);
    /* The network said what picture it has, if any, and that is another one than it said last. */
    void (*contact_avatar)(CwSession *session, CwContact *contact, gpointer data);
    void (*contact_gone)(CwSession *session, CwContact *contact, gpointer data);
    void (*contact_presence)(CwSession *session, const CwContact *contact, gpointer data);
    /* `stamp`: Unix time, s, or 0 for now.  `own`: from the user himself, elsewhere. */
    void (*message)(CwSession *session, const char *contact, const char *text, gint64 stamp,
                    gboolean own, gpointer data);
    /* Something happened to a contact that is a thing.  `title`, `url` are nullable.  `items`: what
     * it published, as of cw_session_ask_items() but oldest first, which `text` tells of; empty:
     * more of the same comes behind it; NULL: it is none of its items. */
    void (*news)(CwSession *session, const char *contact, const char *title, const char *text,
                 const char *url, const GPtrArray *items, gint64 stamp, gpointer data);
    void (*typing)(CwSession *session, const char *contact, CwTyping typing, gpointer data);
    void (*message_returned)(CwSession *session, const CwOutgoing *message, CwReason reason,
                             const char *text, gpointer data);
    /* The user may see it: asked for, and granted now or before. */
    void (*granted)(CwSession *session, const CwContact *contact, gpointer data);
    /* He may not: it is not added, or denied; or `withdrawn`.  `text` (nullable): why. */
    void (*refused)(CwSession *session, const CwContact *contact, gboolean withdrawn,
                    const char *text, gpointer data);
    /* Once a session for each that waits; ask_gone() also when it gives up what was granted. */
    void (*ask_authorization)(CwSession *session, const char *contact, const char *name,
                              const char *text, gpointer data);
    void (*ask_gone)(CwSession *session, const char *contact, gpointer data);
    /* He is in, and all who are there are known. */
    void (*room_joined)(CwSession *session, const CwRoom *room, gpointer data);
    /* He is not, or was not let in; the room is gone behind this. */
    void (*room_left)(CwSession *session, const CwRoom *room, const CwRoomExit *exit,
                      gpointer data);
    void (*occupant)(CwSession *session, const CwRoom *room, const CwOccupant *occupant,
                     gpointer data);
    void (*occupant_gone)(CwSession *session, const CwRoom *room, const CwOccupant *occupant,
                          const CwRoomExit *exit, gpointer data);
    /* `late`: it is not of now. */
    void (*room_message)(CwSession *session, const CwRoom *room, const CwRoomLine *line,
                         gboolean late, gpointer data);
    void (*room_private)(CwSession *session, const CwRoom *room, const char *nick, const char *text,
                         gint64 stamp, gboolean own, gpointer data);
    void (*room_subject)(CwSession *session, const CwRoom *room, gpointer data);
    /* `contact`, `text`, `password` nullable */
    void (*room_invited)(CwSession *session, const char *room, const char *contact,
                         const char *text, const char *password, gpointer data);
    /* question() for each, and for each question_gone() unless it was answered.  It is not among
     * the session's questions any more when that comes. */
    void (*question)(CwSession *session, const CwQuestion *question, gpointer data);
    void (*question_gone)(CwSession *session, const CwQuestion *question, gpointer data);
    /* The user's own picture and nickname are wanted now: cw_session_set_picture(), _set_nick(),
     * _looks_known().  Comes again with each log-in that waits for them, and when he wants it. */
    void (*looks_wanted)(CwSession *session, gpointer data);
    void (*notice)(CwSession *session, const char *title, const char *text, gpointer data);
} CwEvents;

G_END_DECLS
