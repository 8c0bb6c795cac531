/* protocols/purple/info.h: what the network knows of a contact, asked for by the gateway
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#pragma once

#include "protocols/purple/account.h"

G_BEGIN_DECLS

CwInfos *cw_infos_new(CwAccount *account);
void cw_infos_free(CwInfos *infos);

void cw_infos_ask(CwAccount *account, const CwLinkMsg *msg);
/* FALSE: nobody asked for it. */
gboolean cw_infos_take(CwAccount *account, const char *who, PurpleNotifyUserInfo *info);
/* An error that names a contact of whom something was asked.  FALSE: it names none. */
gboolean cw_infos_refuse(CwAccount *account, const char *who, const char *text);

G_END_DECLS
