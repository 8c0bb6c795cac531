/* transport/link-values.h: what a line of the link holds that is more than a word or a number:
 * tables, fields of a form, what was found, and what a network is
 *
 * For link.c alone.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#pragma once

#include <string.h>

#include "transport/json.h"
#include "transport/protocol.h"

G_BEGIN_DECLS

/* The tables are walked for each line. */
static inline gboolean cw_link_is_word(const char *a, const char *b)
{
    return a[0] == b[0] && strcmp(a, b) == 0;
}

static inline gboolean cw_link_find_word(const char *const *words, guint n, const char *word,
                                         guint *number)
{
    for (guint i = 0; word != NULL && i < n; i++) {
        if (cw_link_is_word(words[i], word)) {
            *number = i;
            return TRUE;
        }
    }
    return FALSE;
}

/* FALSE: it breaks the rules of protocols/LINK.md.  `into`: of cw_fields_new(), of
 * cw_found_list_new(). */
gboolean cw_link_read_values(const CwJson *json, GHashTable **values);
gboolean cw_link_read_fields(const CwJson *json, GPtrArray *into);
gboolean cw_link_read_found(const CwJson *json, const GPtrArray *columns, GPtrArray *into);
gboolean cw_link_read_protocol(const CwJson *json, CwProtocol **result);

/* As a member of the object that is being written; `name` NULL: of the array. */
void cw_link_write_text(GString *out, const char *name, const char *text);
void cw_link_write_boolean(GString *out, const char *name, gboolean value);
void cw_link_write_fields(GString *out, const char *name, const GPtrArray *list);
void cw_link_write_found(GString *out, const char *name, const GPtrArray *list);
void cw_link_write_protocol(GString *out, const char *name, const CwProtocol *protocol);
void cw_link_write_values(GString *out, const char *name, GHashTable *values);

G_END_DECLS
