/* protocols/purple/sent.h: the messages that an account sent, until their fate is known
 *
 *     add -> given to the plugin -> written -> ack … -> nack   (the server refused it)
 *         -> nack                                              (the plugin refused it)
 *                                -> nack                       (the connection ended before)
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#pragma once

#include <libpurple/purple.h>

#include "protocols/purple/account.h"

G_BEGIN_DECLS

typedef struct CwSentList CwSentList;
typedef struct CwSent CwSent;

CwSentList *cw_sent_list_new(CwAccount *account);
void cw_sent_list_free(CwSentList *list);
/* Listens to the plugin's queue, if the table of defaults knows it.  Once, when the plugin is
 * chosen. */
void cw_sent_connect(void);

/* A message that goes out in `pieces` from here to cw_sent_given().  NULL: it was refused, since
 * too many wait to be written. */
CwSent *cw_sent_begin(CwSentList *list, gint64 id, const char *contact, const char *text,
                      guint pieces);
/* The plugin took `given` of its pieces; `result` < 0 is its negative errno for the next one. */
void cw_sent_given(CwSentList *list, CwSent *sent, guint given, int result);

/* A text in the conversation refuses the oldest message to `contact` that has not been refused.
 * FALSE: it is not about a message of ours. */
gboolean cw_sent_refuse_oldest(CwSentList *list, const char *contact, const char *text);
/* The same, where the reason is known. */
gboolean cw_sent_refuse_oldest_for(CwSentList *list, const char *contact, CwReason reason,
                                   const char *text);
/* The message that is being sent goes out under this id … */
void cw_sent_as(CwSentList *list, const char *stanza_id);
/* … and `from` refused it; NULL: the own server.  FALSE: no such message is remembered. */
gboolean cw_sent_refused(CwSentList *list, const char *stanza_id, const char *from, CwReason reason,
                         const char *text);
/* Why a message to `contact` was probably refused, when nothing says why. */
CwReason cw_sent_guess_reason(const CwAccount *account, const char *contact);
/* Our own message, shown as UIs show it?  Then the gateway knows it. */
gboolean cw_sent_is_echo(CwSentList *list, const char *contact, const char *text);
/* The same by its id; 0: it is none. */
gint64 cw_sent_echo_of(CwSentList *list, const char *contact, const char *text);
/* A message is being given to the plugin right now, so this is how it shows it; has it, since
 * cw_sent_expect_echo()? */
gboolean cw_sent_take_echo(CwSentList *list);
gboolean cw_sent_was_echoed(const CwSentList *list);
void cw_sent_expect_echo(CwSentList *list);

/* The connection is gone: what was not written is refused. */
void cw_sent_end(CwSentList *list);

G_END_DECLS
