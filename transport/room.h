/* transport/room.h: a group chat that an account is in, or joins
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#pragma once

#include "transport/protocol.h"
#include "transport/secret.h"
#include "transport/timers.h"

G_BEGIN_DECLS

typedef struct {
    char *nick; /* the key */
    char *jid;  /* nullable: who he is, where the network tells */
    char *status;
    CwShow show;
    CwRole role;
    CwAffiliation affiliation;
} CwOccupant;

/* One that was said, for those who join later. */
typedef struct {
    char *nick; /* NULL: the room itself */
    char *who;  /* nullable: who that is, where the network tells */
    char *text;
    char *id;        /* the room's own id for it: XEP-0359 */
    char *stanza_id; /* nullable: what the user's client called it */
    gint64 said;     /* Unix time, s */
} CwRoomLine;

CwRoomLine *cw_room_line_copy(const CwRoomLine *line);
void cw_room_line_free(CwRoomLine *line);

/* How much of what was said a client wants to see when it comes in. */
typedef struct {
    guint lines;  /* at most; G_MAXUINT: any */
    guint chars;  /* … of them, as they are sent; G_MAXUINT: any */
    gint64 since; /* Unix time, s; 0: any */
} CwHistoryWish;

/* One of the user's own, until the room shows it. */
typedef struct {
    gint64 id;
    char *stanza_id; /* nullable: what its sender called it */
    char *resource;
} CwRoomSent;

typedef struct {
    char *name;            /* the network's normal form; the key */
    char *nick;            /* the user's own there; what he wished for while it is joined */
    char *wished;          /* the nick that he asked for */
    gpointer owner;        /* whose it is, for the timer */
    gboolean asked;        /* the host was; else the log-in is waited for */
    gboolean in;           /* all who are there are known */
    gboolean over;         /* somebody was left out, and the log says so */
    guint timer_id;        /* until he is in */
    CwSecret *password;    /* nullable: that he joins it with */
    char *subject;         /* nullable: nobody said */
    char *subject_nick;    /* nullable: who set it */
    GHashTable *occupants; /* nick -> CwOccupant */
    GPtrArray *clients;    /* char *: resources of the user that are in it */
    GHashTable *wishes;    /* resource -> CwHistoryWish, of clients that wait for the join */
    gint64 archived_until; /* these three are archive.c's: the last line that was there before */
    GPtrArray *unwritten;  /* CwRoomLine *: and those that were being written; nullable */
    GHashTable *explained; /* ids of those that the network has told again */
    GQueue history;        /* CwRoomLine *, oldest first */
    gsize history_size;    /* bytes of their texts */
    GQueue sent;           /* CwRoomSent * */
} CwRoom;

/* How somebody went, or the user himself. */
typedef struct {
    CwExit exit;
    CwReason reason;      /* of the user's own: why he was not let in, or the link dropped */
    const char *by;       /* nullable: nick of who did it */
    const char *text;     /* nullable */
    const char *new_nick; /* RENAMED */
} CwRoomExit;

CwRoom *cw_room_new(const char *name, const char *nick);
void cw_room_free(CwRoom *room);
CwOccupant *cw_room_find(const CwRoom *room, const char *nick); /* nullable */
/* Adds or changes. */
CwOccupant *cw_room_put(CwRoom *room, const char *nick);
void cw_room_remove(CwRoom *room, const char *nick);
gboolean cw_room_has_client(const CwRoom *room, const char *resource);
void cw_room_add_client(CwRoom *room, const char *resource);
gboolean cw_room_remove_client(CwRoom *room, const char *resource); /* FALSE: it was not there */
void cw_room_wish(CwRoom *room, const char *resource, const CwHistoryWish *wish);
/* NULL: it has none. */
const CwHistoryWish *cw_room_find_wish(const CwRoom *room, const char *resource);
/* A copy of `line`, with an id of its own if it has none.  Keeps at most `most` of them (0: any),
 * and no more than `size` bytes (0: any) besides this one. */
const CwRoomLine *cw_room_add_line(CwRoom *room, const CwRoomLine *line, guint most, gsize size);
void cw_room_add_sent(CwRoom *room, gint64 id, const char *stanza_id, const char *resource);
/* Takes it out. (transfer full) (nullable) */
CwRoomSent *cw_room_take_sent(CwRoom *room, gint64 id);
void cw_room_sent_free(CwRoomSent *sent);

G_END_DECLS
