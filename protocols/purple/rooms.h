/* protocols/purple/rooms.h: group chats: joining, leaving, who is there, what is said
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#pragma once

#include <libpurple/purple.h>

#include "protocols/purple/account.h"

G_BEGIN_DECLS

CwRooms *cw_rooms_new(CwAccount *account);
void cw_rooms_free(CwRooms *rooms);
void cw_rooms_init(void); /* signals */
void cw_rooms_uninit(void);

/* ---- lines of the gateway ---- */

void cw_room_join(CwAccount *account, const CwLinkMsg *msg);
void cw_room_leave(CwAccount *account, const CwLinkMsg *msg);
void cw_room_message(CwAccount *account, const CwLinkMsg *msg);
void cw_room_private(CwAccount *account, const CwLinkMsg *msg);
void cw_room_subject(CwAccount *account, const CwLinkMsg *msg);
/* room-nick, room-set, room-invite: what the plugin has a command for. */
void cw_room_command(CwAccount *account, const CwLinkMsg *msg);

/* ---- ops of libpurple (message.c has the vtable) ---- */

void cw_rooms_created(PurpleConversation *conv);
void cw_rooms_destroyed(PurpleConversation *conv);
void cw_rooms_written(PurpleConversation *conv, const char *who, const char *message,
                      PurpleMessageFlags flags, time_t stamp);
void cw_rooms_add_users(PurpleConversation *conv, GList *users, gboolean new_arrivals);
void cw_rooms_rename_user(PurpleConversation *conv, const char *old_name, const char *new_name,
                          const char *new_alias);
void cw_rooms_remove_users(PurpleConversation *conv, GList *users);
void cw_rooms_update_user(PurpleConversation *conv, const char *user);

/* An IM from somebody in a room, as "ROOM/NICK" is a contact of its own there.  TRUE: it was. */
gboolean cw_rooms_take_private(CwAccount *account, const char *contact, const char *text,
                               gboolean own, gint64 stamp);

/* ---- what the plugin's own lines and stanzas tell besides (room-signs.c) ---- */

typedef struct {
    CwExit exit;
    char *by;   /* nullable */
    char *text; /* nullable */
    CwReason reason;
} CwRoomSign;

/* Of `nick` (NULL: the user himself) in a room that he is in or joins: why he goes in a moment. */
void cw_rooms_sign_exit(CwAccount *account, const char *room, const char *nick,
                        const CwRoomSign *sign);
/* Of `nick` in every room: the same, as he leaves the network. */
void cw_rooms_sign_quit(CwAccount *account, const char *nick, const CwRoomSign *sign);
/* What the room says of an occupant: better than libpurple's flags. */
typedef struct {
    CwRole role;
    CwAffiliation affiliation;
    CwShow show;
    const char *jid;    /* nullable */
    const char *status; /* nullable */
} CwRoomStanding;
void cw_rooms_sign_occupant(CwAccount *account, const char *room, const char *nick,
                            const CwRoomStanding *standing);
/* Whoever has such a nick (`*`, `?`) is banned: when he is kicked, that is why. */
void cw_rooms_sign_ban(CwAccount *account, const char *room, const char *nick);
gboolean cw_rooms_has_banned(const CwAccount *account, const char *room, const char *nick);
/* `nick` has left it, or cannot be there: if that is the user himself, who has asked for it, he can
 * join again as soon as the plugin has seen it, too.  FALSE: it is not. */
gboolean cw_rooms_parted(CwAccount *account, const char *room, const char *nick);
/* A join was refused. */
void cw_rooms_refused(CwAccount *account, const char *room, CwReason reason, const char *text);
/* One was, just now: what the plugin says of it in words is no news. */
gboolean cw_rooms_is_refusing(const CwAccount *account);
/* Is it one that he is in, or joins? */
gboolean cw_rooms_has(const CwAccount *account, const char *room);

/* What became of a command: the oldest of the kind, in `room` (NULL: any), about `who` (NULL:
 * anybody).  Refused: `word` (nullable) is the room or whom it is about; `nick`: one's own change.
 */
void cw_rooms_command_done(CwAccount *account, const char *room, CwLinkKind kind, const char *who);
gboolean cw_rooms_command_refused(CwAccount *account, const char *word, gboolean nick,
                                  CwReason reason, const char *text);

void cw_room_signs_connect(void); /* once, when the plugin is chosen */

G_END_DECLS
