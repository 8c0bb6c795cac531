/* protocols/purple/ask.h: questions of the network (libpurple's request ops) over the link
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#pragma once

#include <libpurple/purple.h>

#include "protocols/purple/account.h"

G_BEGIN_DECLS

PurpleRequestUiOps *cw_ask_ops(void);

void cw_ask_answer(CwAccount *account, const CwLinkMsg *msg);

/* A request that search.c or room-list.c took.  `values` by field name; NULL: cancelled. */
void cw_ask_settle(CwAccount *account, gint64 id, GHashTable *values);

/* The account ends: its questions are cancelled, while its connection is still there if it can be,
 * and each told as question-gone. */
void cw_ask_forget(CwAccount *account);

G_END_DECLS
