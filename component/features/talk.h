/* component/features/talk.h: something that a user wants of the gateway itself, and where its
 * answer goes
 *
 *     a message "word rest"  -> command -> a message
 *     XEP-0050 from a menu   -> command -> the note of the command's result
 *
 * A command (gateway-commands.h) does not know which of the two it is.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#pragma once

#include "component/component.h"

G_BEGIN_DECLS

typedef struct CwTalk CwTalk;
typedef struct CwGatewayCommand CwGatewayCommand;

CwTalk *cw_talk_new(CwComponent *component, const CwJid *user, const CwGatewayCommand *command);
/* From a menu; `session` (nullable): of the form that came back. */
CwTalk *cw_talk_new_from_menu(CwComponent *component, const CwStanza *stanza,
                              const CwGatewayCommand *command, const char *session);
/* What answers later keeps a reference.  A request from a menu that nobody answered is answered
 * with an error when the last one goes. */
CwTalk *cw_talk_ref(CwTalk *talk);
void cw_talk_unref(CwTalk *talk);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CwTalk, cw_talk_unref)

CwComponent *cw_talk_component(const CwTalk *talk);
CwTransport *cw_talk_transport(const CwTalk *talk);
const CwJid *cw_talk_user(const CwTalk *talk);
const char *cw_talk_word(const CwTalk *talk); /* which command it is */

/* The answer.  Whatever comes behind the first goes by message. */
void cw_talk_say(CwTalk *talk, const char *text);
/* The same of what was not done. */
void cw_talk_refuse(CwTalk *talk, const char *text);
/* It takes a while: in a chat alone, as who has a menu sees that it does. */
void cw_talk_mention(CwTalk *talk, const char *text);
/* Asks for these fields, one by one or as a form, and goes on with the command's filled().  `intro`
 * nullable.  FALSE: he, or too many others, are asked something else already. */
gboolean cw_talk_ask(CwTalk *talk, const char *intro, GPtrArray *fields);

G_END_DECLS
