/* tests/peers/prpl-mock-rooms.h: the room list of prpl-mock
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#pragma once

#define _(text) (text) /* some macros of libpurple translate */
#include <libpurple/purple.h>

PurpleRoomlist *mock_roomlist(PurpleConnection *gc);
void mock_roomlist_cancel(PurpleRoomlist *list);
