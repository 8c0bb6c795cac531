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
/* For plugins whose stanzas can be seen (stanza.c).  The message that is being sent goes out under
 * this id … */
void cw_messages_sent_as(CwAccount *account, const char *stanza_id);
/* … and was refused.  FALSE: no such message is remembered. */
gboolean cw_messages_refused(CwAccount *account, const char *stanza_id, CwReason reason,
                             const char *text);
/* Why a message to `contact` was probably refused, when nothing says why. */
CwReason cw_messages_guess_reason(const CwAccount *account, const char *contact);

/* While yes, ERROR and SYSTEM texts are of no interest. */
void cw_messages_mute(gboolean yes);

void cw_message_typing(CwAccount *account, const CwLinkMsg *msg);

PurpleConversationUiOps *cw_messages_ops(void);
void cw_messages_init(void); /* signals */
void cw_messages_uninit(void);

G_END_DECLS
