/* component/features/rooms.h: what the parts of rooms share
 *
 *     rooms.c          joining, leaving, what is said, what the network tells
 *     room-presence.c  who is there, as presence
 *     room-lines.c     what is said, as a message
 *     archive.c        what was said: XEP-0313
 *     bookmarks.c      those of them that stand in his bookmarks
 *     room-requests.c  what the user asks of a room: subject, nick, kick, roles, invitations
 *     room-ghosts.c    clients that are not there any more
 *     room-keeping.c   rooms that he keeps: forms and commands
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#pragma once

#include "component/features/features.h"

G_BEGIN_DECLS

#define CW_NS_MUC "http://jabber.org/protocol/muc"
#define CW_NS_MUC_USER "http://jabber.org/protocol/muc#user"
#define CW_NS_MUC_ADMIN "http://jabber.org/protocol/muc#admin"
#define CW_NS_CONFERENCE "jabber:x:conference"
#define CW_NS_OCCUPANT_ID "urn:xmpp:occupant-id:0"
#define CW_NS_STANZA_ID "urn:xmpp:sid:0"
#define CW_NS_ARCHIVE "urn:xmpp:mam:2"
#define CW_NS_MUC_OWNER "http://jabber.org/protocol/muc#owner"

/* ---- rooms.c ---- */

/* The room of the stanza's sender that it is for, if this client of his is in it.  `session`: his,
 * NULL: he has none. */
CwRoom *cw_rooms_find(CwComponent *component, const CwStanza *stanza, CwSession **session);
const char *cw_rooms_client(const CwStanza *stanza); /* the resource, "" for none */
/* Who has this address in the room; nullable. */
const CwOccupant *cw_rooms_find_occupant(const CwRoom *room, const CwJid *jid);

/* It is a room's name; where that does not tell, it may be. */
gboolean cw_rooms_may_be(CwComponent *component, const char *name);
/* (transfer full) */
char *cw_rooms_occupant_jid(const char *room_jid, const char *nick);

/* All of his clients leave, and are told so. */
void cw_rooms_leave_all(CwComponent *component, CwSession *session, const char *name);

/* ---- room-presence.c ---- */

/* Somebody is there, or with `exit` not any more: to all clients that are in the room. */
void cw_rooms_tell_occupant(CwComponent *component, CwSession *session, const CwRoom *room,
                            const CwOccupant *occupant, const CwRoomExit *exit);
/* 7.2.15: the last thing of a join, also when there is none */
void cw_rooms_send_subject(CwComponent *component, const CwRoom *room, const char *bare,
                           const char *to);
/* `wished`: the nick that he asked for; 7.2.2: all others, then himself, what was said, the subject
 */
void cw_rooms_send_all(CwComponent *component, const CwRoom *room, const char *to,
                       const char *wished, const CwHistoryWish *wish);
void cw_rooms_refuse_join(CwComponent *component, const char *from, const char *to, const char *id,
                          CwReason reason, const char *text);
void cw_rooms_tell_left(CwComponent *component, const CwRoom *room, const char *to); /* 7.14 */
/* He is not in it any more, or was not let in: to all clients that are, or want to be. */
void cw_rooms_tell_exit(CwComponent *component, CwSession *session, const CwRoom *room,
                        const CwRoomExit *exit);

/* ---- room-lines.c ---- */

/* `who` (nullable): who he is, where the network tells; `nick` (nullable): the room itself, which
 * has none. */
void cw_rooms_write_occupant_id(CwComponent *component, CwWriter *writer, const char *room,
                                const char *nick, const char *who);
const char *cw_rooms_line_id(const CwRoomLine *line);               /* the id of the message */
char *cw_rooms_line_from(const char *bare, const CwRoomLine *line); /* (transfer full) */
/* What stands in the message. */
void cw_rooms_write_line(CwComponent *component, CwWriter *writer, const char *room,
                         const char *bare, const CwRoomLine *line);
void cw_rooms_send_line(CwComponent *component, const CwRoom *room, const char *bare,
                        const CwRoomLine *line, gboolean late, const char *to);
CwHistoryWish cw_rooms_read_wish(const CwNode *muc);
void cw_rooms_send_history(CwComponent *component, const CwRoom *room, const char *bare,
                           const CwHistoryWish *wish, const char *to);

/* ---- bookmarks.c ---- */

/* Where the server lets us; what is in them is kept, and what he took out of them no longer. */
void cw_bookmarks_read(CwComponent *component, const char *user);
/* He keeps it, or not any more. */
void cw_bookmarks_write(CwComponent *component, const char *user, const CwStoredRoom *row);

/* ---- room-keeping.c ---- */

gboolean cw_rooms_is_nick(const char *nick); /* one that can be kept */
/* As it is kept, or would be; NULL: that cannot be read.  (transfer full) */
CwStoredRoom *cw_rooms_get_row(CwComponent *component, const char *user, const char *name);

void cw_rooms_answer_owner_get(CwComponent *component, const CwStanza *stanza, const CwNode *query);
void cw_rooms_answer_owner_set(CwComponent *component, const CwStanza *stanza, const CwNode *query);
/* He is not in a room that he keeps, and none of his clients was. */
void cw_rooms_tell_lost(CwComponent *component, CwSession *session, const CwRoom *room,
                        const CwRoomExit *exit);

/* ---- room-requests.c ---- */

void cw_rooms_change_nick(CwComponent *component, const CwStanza *stanza, CwSession *session,
                          CwRoom *room);
/* FALSE: it is no change of the subject. */
gboolean cw_rooms_take_subject(CwComponent *component, const CwStanza *stanza, CwSession *session,
                               CwRoom *room);
gboolean cw_rooms_is_invitation(const CwStanza *stanza); /* by the room */
/* Invitations: by the room (XEP-0045 7.8.2), and right to a contact (XEP-0249). */
gboolean cw_rooms_take_mediated(CwComponent *component, const CwStanza *stanza, CwSession *session,
                                CwRoom *room);
gboolean cw_rooms_take_invitation(CwComponent *component, const CwStanza *stanza,
                                  CwSession *session);
void cw_rooms_answer_ping(CwComponent *component, const CwStanza *stanza, const CwNode *child);
void cw_rooms_answer_admin_set(CwComponent *component, const CwStanza *stanza, const CwNode *query);
void cw_rooms_answer_admin_get(CwComponent *component, const CwStanza *stanza, const CwNode *query);

G_END_DECLS
