/* protocols/agents/search.h: a search that one request to a service answers
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#pragma once

#include "protocols/agents/agent.h"

G_BEGIN_DECLS

/* What the answer holds (CwFound, transfer full); NULL with the error: it cannot be read. */
typedef GPtrArray *(*CwSearchParse)(const char *body, gsize size, GError **error);

/* Asks, and calls `done` once: when the answer is there, or now when `url` cannot be asked. */
void cw_search_web(const char *url, CwSearchParse parse, CwAgentFoundDone done, gpointer data);

G_END_DECLS
