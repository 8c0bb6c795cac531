/* protocols/purple/room-list.h: the network's list of rooms, fetched when the gateway asks for it
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#pragma once

#include <libpurple/purple.h>

#include "protocols/purple/account.h"

G_BEGIN_DECLS

CwRoomList *cw_room_list_new(CwAccount *account);
void cw_room_list_stop(CwRoomList *list); /* the account ends, and its connection is there yet */
void cw_room_list_free(CwRoomList *list);
void cw_room_list_ask(CwAccount *account, const CwLinkMsg *msg);

PurpleRoomlistUiOps *cw_room_list_ops(void);

/* ---- ask.c: as those of search.h ---- */

gboolean cw_room_list_take_request(CwAccount *account, PurpleRequestType type, gint64 id,
                                   const GPtrArray *fields);
void cw_room_list_request_gone(CwAccount *account, gint64 id);

/* ---- notify.c ---- */

/* An error of the plugin's may be why there is no list: it is kept back until that is known.  TRUE:
 * it is. */
gboolean cw_room_list_take_message(CwAccount *account, PurpleNotifyMsgType type, const char *text);

G_END_DECLS
