/* tests/peers/prpl-mock-search.h: the user directory of prpl-mock
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#pragma once

#define _(text) (text) /* some macros of libpurple translate */
#include <libpurple/purple.h>

GList *mock_actions(PurplePlugin *plugin, gpointer gc);

/* A message to the contact `what` that is about searches.  FALSE: it is not. */
gboolean mock_search_message(PurpleConnection *gc, const char *what);
