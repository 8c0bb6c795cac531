/* protocols/agents/json-path.h: values in the JSON of others
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#pragma once

#include <jansson.h>

#include "protocols/agents/agent.h"

G_BEGIN_DECLS

/* NULL with CW_AGENT_ERROR: it is no JSON, or deeper than jansson takes.  json_decref() it. */
json_t *cw_json_load(const char *data, gsize length, GError **error);
/* "results[0].name"; "": the value itself.  Borrowed; NULL: it is not there. */
json_t *cw_json_at(json_t *json, const char *path);
/* A number, or a string that is one ("1,234.5" as well).  FALSE: it is none, or not finite. */
gboolean cw_json_number_at(json_t *json, const char *path, double *number);
/* Strings, numbers as text.  (transfer full) (nullable) */
char *cw_json_text_at(json_t *json, const char *path);
/* The same for people: cw_text_from_html() of up to `most` characters; NULL for an empty one. */
char *cw_json_words_at(json_t *json, const char *path, gsize most);

G_END_DECLS
