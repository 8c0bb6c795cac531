/* component/features/search.h: what search by iq and search by chat share
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#pragma once

#include "component/component.h"

G_BEGIN_DECLS

#define CW_NO_DIRECTORY "the network has no directory of users"

/* The session in which the user (bare JID) can search now; NULL: CW_STANZA_ERROR says why not. */
CwSession *cw_search_session(CwComponent *component, const char *user, GError **error);

/* Why a search failed, for people, and as a condition.  `text` (nullable): the network's words. */
const char *cw_search_problem(CwReason reason, const char *text, CwStanzaCondition *condition);

/* Takes out what is empty, as clients send fields that nobody filled in.  FALSE and
 * CW_STANZA_ERROR: nothing is left, or the network cannot be asked for it. */
gboolean cw_search_check(GHashTable *values, GError **error);

/* The JID of somebody who was found; NULL: no JID can have this name.  (transfer full) */
char *cw_search_jid(CwComponent *component, const CwFound *found);

G_END_DECLS
