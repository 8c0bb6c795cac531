/* protocols/purple/looks.h: the user's own picture and nickname
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#pragma once

#include "protocols/purple/account.h"

G_BEGIN_DECLS

/* Before it connects: plugins compare what is set by then with what their network has. */
void cw_looks_login(CwAccount *account, const CwLinkMsg *msg);
void cw_looks_online(CwAccount *account);
/* The lines `avatar` and `nick`. */
void cw_looks_set_picture(CwAccount *account, const CwLinkMsg *msg);
void cw_looks_set_nick(CwAccount *account, const CwLinkMsg *msg);

/* Why a picture does not fit a plugin, for people, (transfer full); NULL: it does.  Nobody scales
 * it. */
char *cw_looks_problem(const PurpleBuddyIconSpec *spec, const guint8 *bytes, gsize length);

G_END_DECLS
