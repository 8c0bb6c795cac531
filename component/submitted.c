/* component/submitted.c: what a user filled in, as a data form or as plain fields
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "component/submitted.h"

#include <string.h>

#include "component/form.h"
#include "transport/secret.h"

#define VALUE_MAX 1023 /* bytes; no network has longer names or passwords */

GHashTable *cw_submitted_read(CwComponent *component, const CwStanza *stanza, const CwNode *query,
                              const char *ns, const char *const *plain, GPtrArray *fields,
                              gboolean *is_form)
{
    CwFormKind kind = cw_form_kind(query);
    g_autoptr(GError) error = NULL;
    GHashTable *values = NULL;

    if (is_form != NULL)
        *is_form = kind == CW_FORM_SUBMIT;
    switch (kind) {
    case CW_FORM_CANCEL: /* R11 */
        cw_component_send_result(component, stanza);
        return NULL;
    case CW_FORM_INVALID:
        cw_component_send_error(component, stanza, CW_STANZA_BAD_REQUEST,
                                "the form is neither submitted nor cancelled");
        return NULL;
    case CW_FORM_SUBMIT: /* R8: wins over plain fields */
        values = cw_form_values(query, ns, fields, &error);
        if (values == NULL)
            cw_component_send_error(component, stanza, (CwStanzaCondition)error->code,
                                    error->message);
        return values;
    case CW_FORM_NONE:
        break;
    }
    values = cw_secret_table_new();
    for (; *plain != NULL; plain++) {
        const char *value = cw_node_child_text(query, *plain, ns);
        if (value != NULL)
            g_hash_table_insert(values, g_strdup(*plain), g_strdup(value));
    }
    return values;
}

gboolean cw_submitted_check(const GPtrArray *fields, GHashTable *values, GError **error)
{
    GHashTableIter iter;
    gpointer name, value;

    g_hash_table_iter_init(&iter, values);
    while (g_hash_table_iter_next(&iter, &name, &value)) {
        gboolean is_long = strlen(value) > VALUE_MAX;
        if (!is_long && !cw_component_has_control(value))
            continue;
        const CwField *field = cw_fields_find(fields, name);
        g_set_error(error, CW_STANZA_ERROR, CW_STANZA_NOT_ACCEPTABLE, "the field '%s' %s",
                    field == NULL || field->label == NULL ? (const char *)name : field->label,
                    is_long ? "is too long" : "has control characters, which no network takes");
        return FALSE;
    }
    return TRUE;
}
