/* protocols/purple/rooms-private.h: what the parts of rooms share; nobody else includes this
 *
 *     rooms.c          who is there, what is said, how it ends
 *     room-lines.c     what the gateway asks for: joining, leaving, saying
 *     room-commands.c  nick, roles, invitations
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#pragma once

#include "protocols/purple/rooms.h"

G_BEGIN_DECLS

#define ROOMS_MAX 1000 /* of one account; the gateway has a lower limit of its own */

typedef struct {
    CwRole role;
    CwAffiliation affiliation;
    CwShow show;
    char *jid;    /* nullable */
    char *status; /* nullable */
} Standing;

/* A join that is not through. */
typedef struct {
    char *nick;     /* nullable */
    char *password; /* nullable */
    guint64 order;
    gboolean started; /* the plugin has it */
    guint timer_id;   /* while others wait for its answer */
} CwRoomJoin;

typedef struct {
    CwAccount *account;
    char *name;               /* normal form; the key */
    char *called;             /* as the gateway spells it: so it is called in our lines */
    PurpleConversation *conv; /* NULL: not joined yet */
    CwRoomJoin *join;         /* nullable: until there is a conversation */
    gboolean asked;           /* the gateway has it, too */
    gboolean listed;          /* he sees himself among the occupants */
    gboolean told;            /* room-joined was said */
    gboolean leaving;         /* the gateway wants so */
    GHashTable *standings;    /* nick -> Standing */
    char *ban;                /* nullable: the nick, with wildcards, that was banned last (IRC) */
    GHashTable *exits;        /* nick, "" for himself -> CwRoomSign */
    guint late_id;
} Room;

struct CwRooms {
    CwAccount *account;
    guint refusing_id;     /* a join was refused in this turn of the loop */
    GHashTable *rooms;     /* name -> Room */
    GHashTable *abandoned; /* names: left before the network let him in */
    GQueue gone;           /* PurpleConversation *, to be destroyed */
    GHashTable *parting;   /* PurpleConversation * -> CwRoomParting: left, not confirmed yet */
    GQueue commands;       /* room-commands.c */
    guint64 joins;
    guint gone_id, start_id;
};

/* ---- rooms.c ---- */

/* Not from within the plugin, which may be at work on it. */
void cw_rooms_destroy_soon(CwRooms *rooms, PurpleConversation *conv);

Room *cw_rooms_find(const CwAccount *account, const char *name); /* nullable */
Room *cw_rooms_ensure(CwAccount *account, const char *normal);   /* nullable: too many */
PurpleConvChat *cw_room_chat(const Room *room);                  /* nullable */
int cw_room_chat_id(const Room *room);
void cw_rooms_set_refusing(CwAccount *account);
void cw_room_send_left(Room *room, const CwRoomSign *sign); /* it is gone then */
void cw_room_send_occupant(const Room *room, const char *nick);
void cw_room_send_joined(Room *room);
void cw_room_send_subject(const Room *room, const char *who, const char *topic);
void cw_room_send_message(const Room *room, const char *who, const char *text, gint64 id,
                          gint64 stamp);

/* ---- room-lines.c ---- */

void cw_room_join_free(CwRoomJoin *join);
void cw_rooms_start_soon(CwRooms *rooms);
/* He has left, and the room has yet to say so: a plugin may take no join of it before. */
void cw_room_parting_free(gpointer parting);
void cw_room_part(CwRooms *rooms, const char *normal, PurpleConversation *conv);
gboolean cw_rooms_is_parting(const CwRooms *rooms, const char *normal);
Room *cw_room_find_joined(CwAccount *account, const CwLinkMsg *msg); /* NULL: and says so */

/* ---- room-commands.c ---- */

void cw_room_commands_clear(CwRooms *rooms);
void cw_rooms_command_wait(CwAccount *account, const char *room, const CwLinkMsg *msg);

G_END_DECLS
