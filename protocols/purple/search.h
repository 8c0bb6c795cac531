/* protocols/purple/search.h: the network's directory of users, searched for the gateway
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#pragma once

#include "protocols/purple/account.h"

G_BEGIN_DECLS

CwSearches *cw_searches_new(CwAccount *account);
void cw_searches_free(CwSearches *searches);

void cw_searches_ask(CwAccount *account, const CwLinkMsg *msg);

/* ---- ask.c: is this request a search's, and not the user's? ---- */

/* `id` is for cw_ask_settle(), which must not be called inside; `fields` (CwField *) is kept by
 * reference.  FALSE: it is the user's. */
gboolean cw_searches_take_request(CwAccount *account, PurpleRequestType type, gint64 id,
                                  const char *text, GPtrArray *fields);
/* The plugin closed one that was taken. */
void cw_searches_request_gone(CwAccount *account, gint64 id);

/* ---- notify.c: is this an answer to a search?  `account` may be NULL ---- */

gboolean cw_searches_take_results(CwAccount *account, const PurpleNotifySearchResults *results);
gboolean cw_searches_take_message(CwAccount *account, PurpleNotifyMsgType type, const char *text);

/* ---- stanza.c: of plugins that let their stanzas be seen ---- */

void cw_searches_sent(CwAccount *account, const char *stanza_id);
/* `refusal`: NONE for a result.  TRUE: it was a refusal of a search, and is dealt with. */
gboolean cw_searches_received(CwAccount *account, const char *stanza_id, CwReason refusal,
                              const char *text);

G_END_DECLS
