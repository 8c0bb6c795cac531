/* protocols/purple/message.h: messages one to one and typing, both ways
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#pragma once

#include <libpurple/purple.h>

#include "protocols/purple/account.h"

G_BEGIN_DECLS

CwMessages *cw_messages_new(CwAccount *account);
void cw_messages_free(CwMessages *messages);

void cw_message_send(CwAccount *account, const CwLinkMsg *msg);
/* To a contact or a room, whose conversation is `conv`. */
void cw_message_send_to(CwAccount *account, gint64 id, const char *contact,
                        PurpleConversation *conv, const char *text);
/* A command was given to a plugin that sends from a queue: it looks at it now. */
void cw_message_hurry(CwAccount *account);
/* While yes, ERROR and SYSTEM texts are of no interest. */
void cw_messages_mute(gboolean yes);

void cw_message_typing(CwAccount *account, const CwLinkMsg *msg);

PurpleConversationUiOps *cw_messages_ops(void);
void cw_messages_init(void); /* signals */
void cw_messages_uninit(void);

G_END_DECLS
