/* component/features/dialogue.h: fields asked one after the other in a chat with the gateway
 *
 * For clients without forms: the network's questions and the registration are asked this way.  One
 * dialogue a user at a time, kept by the gateway-chat feature; it ends with the last field, with
 * "cancel", when it is dropped, or when nothing was said for a while.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#pragma once

#include "component/component.h"

G_BEGIN_DECLS

typedef struct CwDialogues CwDialogues;

/* `values`: name -> text, wiped with the table; NULL: cancelled or too late. */
typedef void (*CwDialogueDone)(CwComponent *component, const char *user, GHashTable *values,
                               gpointer data);

CwDialogues *cw_dialogues_new(CwComponent *component);
void cw_dialogues_free(CwDialogues *dialogues); /* no done() */

/* Asks the first field, `intro` (nullable) before it.  `fields` is kept by reference.  Without a
 * field that wants an answer it is done at once.  FALSE: too many users are in one already. */
gboolean cw_dialogue_begin(CwDialogues *dialogues, const char *user, const char *intro,
                           GPtrArray *fields, CwDialogueDone done, gpointer data,
                           GDestroyNotify free_data);
gboolean cw_dialogue_is_open(CwDialogues *dialogues, const char *user);
/* The data of the open dialogue; NULL: none. */
gpointer cw_dialogue_data(CwDialogues *dialogues, const char *user);
/* What the user typed.  Nothing happens without an open dialogue. */
void cw_dialogue_take(CwDialogues *dialogues, const char *user, const char *typed);
void cw_dialogue_drop(CwDialogues *dialogues, const char *user); /* no done() */

G_END_DECLS
