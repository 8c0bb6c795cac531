/* protocols/purple/buddies.h: the contact list, presence, and who may see whom
 *
 * Buddies come in storms at sign-on, each with several updates.  Changes are gathered and sent a
 * moment later, once a contact, and only what differs from what the gateway knows.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#pragma once

#include <libpurple/purple.h>

#include "protocols/purple/account.h"

G_BEGIN_DECLS

CwBuddies *cw_buddies_new(CwAccount *account);
void cw_buddies_free(CwBuddies *buddies);

/* Lines of the gateway. */
void cw_buddies_add(CwAccount *account, const CwLinkMsg *msg);
void cw_buddies_remove(CwAccount *account, const CwLinkMsg *msg);
void cw_buddies_rename(CwAccount *account, const CwLinkMsg *msg);
void cw_buddies_answer(CwAccount *account, const CwLinkMsg *msg); /* authorize, deny */
/* The contact takes his request back, or what he was granted. */
void cw_buddies_ask_gone(CwAccount *account, const char *contact);

/* What the list says of `contact` (normal form): OFFLINE too when it is not on it. */
CwShow cw_buddies_show(const CwAccount *account, const char *contact);
gboolean cw_buddies_has(const CwAccount *account, const char *contact);

/* Account ops of libpurple. */
void cw_buddies_notify_added(PurpleAccount *purple, const char *who, const char *id,
                             const char *alias, const char *message);
void cw_buddies_request_add(PurpleAccount *purple, const char *who, const char *id,
                            const char *alias, const char *message);
void *cw_buddies_request_authorize(PurpleAccount *purple, const char *who, const char *id,
                                   const char *alias, const char *message, gboolean on_list,
                                   PurpleAccountRequestAuthorizationCb authorize_cb,
                                   PurpleAccountRequestAuthorizationCb deny_cb, void *user_data);
void cw_buddies_close_request(void *handle);

PurpleBlistUiOps *cw_buddies_ops(void);

G_END_DECLS
