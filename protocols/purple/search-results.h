/* protocols/purple/search-results.h: what a plugin shows of a search, as columns and people
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#pragma once

#include "protocols/purple/account.h"

G_BEGIN_DECLS

#define CW_SEARCH_CONTACT "jid" /* the meaning of the column with the contact's name */

/* What the id or label of a field, or the title of a column, means: "first", "last", "nick",
 * "email", CW_SEARCH_CONTACT, or NULL. */
const char *cw_search_results_meaning(const char *word);

/* Of a form with its names: label in lower case -> name.  (transfer full) */
GHashTable *cw_search_results_labels(const GPtrArray *fields);

/* (transfer full) of CwFound *, within bounds; fills in `columns` (CwField *), named by what they
 * mean, else as the form's field with the same label.  `total`: how many there were, but those
 * whose name cannot be one on this network. */
GPtrArray *cw_search_results_read(const CwAccount *account,
                                  const PurpleNotifySearchResults *results, GHashTable *labels,
                                  GPtrArray *columns, guint *total);

G_END_DECLS
