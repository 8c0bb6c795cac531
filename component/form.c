/* component/form.c: XEP-0004 data forms
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "component/form.h"

#include <string.h>

#include "component/stanza-error.h"
#include "transport/secret.h"

/* ---- out ---- */

static gboolean has_choices(const CwField *field)
{
    return field->choices && field->choices->len > 0;
}

static const char *field_type(const CwField *field)
{
    switch (field->kind) {
    case CW_FIELD_TEXT:
    case CW_FIELD_INTEGER: /* XEP-0122 would say more; text-single is what clients show */
        return "text-single";
    case CW_FIELD_PRIVATE:
        return "text-private";
    case CW_FIELD_BOOLEAN:
        return "boolean";
    case CW_FIELD_LIST:
        return has_choices(field) ? "list-single" : "text-single";
    case CW_FIELD_NOTE:
        return "fixed";
    }
    g_return_val_if_reached("text-single");
}

static void write_choice(CwWriter *writer, const CwChoice *choice)
{
    cw_writer_start(writer, "option", NULL);
    cw_writer_attr(writer, "label", choice->label);
    cw_writer_leaf(writer, "value", NULL, choice->value);
    cw_writer_end(writer);
}

/* XEP-0004 3.2 */
static void write_field(CwWriter *writer, const CwField *field)
{
    cw_writer_start(writer, "field", NULL);
    cw_writer_attr(writer, "type", field_type(field));
    if (field->kind == CW_FIELD_NOTE) {
        /* a note has no var, so that nobody sends it back */
        cw_writer_leaf(writer, "value", NULL, field->value ? field->value : field->label);
        cw_writer_end(writer);
        return;
    }
    cw_writer_attr(writer, "var", field->name);
    cw_writer_attr(writer, "label", field->label);
    if (field->required)
        cw_writer_leaf(writer, "required", NULL, NULL);
    /* a password leaves us for its network only */
    if (field->value && field->kind != CW_FIELD_PRIVATE)
        cw_writer_leaf(writer, "value", NULL, field->value);
    if (field->kind == CW_FIELD_LIST)
        for (guint i = 0; has_choices(field) && i < field->choices->len; i++)
            write_choice(writer, g_ptr_array_index(field->choices, i));
    cw_writer_end(writer);
}

static void write_form_type(CwWriter *writer, const char *form_type)
{
    /* XEP-0068 */
    cw_writer_start(writer, "field", NULL);
    cw_writer_attr(writer, "type", "hidden");
    cw_writer_attr(writer, "var", "FORM_TYPE");
    cw_writer_leaf(writer, "value", NULL, form_type);
    cw_writer_end(writer);
}

void cw_form_write(CwWriter *writer, const char *form_type, const char *title,
                   const char *instructions, GPtrArray *fields)
{
    cw_writer_start(writer, "x", CW_NS_FORM);
    cw_writer_attr(writer, "type", "form");
    if (title)
        cw_writer_leaf(writer, "title", NULL, title);
    if (instructions)
        cw_writer_leaf(writer, "instructions", NULL, instructions);
    if (form_type)
        write_form_type(writer, form_type);
    for (guint i = 0; fields && i < fields->len; i++)
        write_field(writer, g_ptr_array_index(fields, i));
    cw_writer_end(writer);
}

/* ---- results ---- */

#define JID "jid"

static void write_reported(CwWriter *writer, const char *var, const char *label, const char *type)
{
    cw_writer_start(writer, "field", NULL);
    cw_writer_attr(writer, "type", type);
    cw_writer_attr(writer, "var", var);
    cw_writer_attr(writer, "label", label);
    cw_writer_end(writer);
}

/* XEP-0004 3.4 */
void cw_form_begin_results(CwWriter *writer, const char *form_type, const GPtrArray *columns)
{
    cw_writer_start(writer, "x", CW_NS_FORM);
    cw_writer_attr(writer, "type", "result");
    write_form_type(writer, form_type);
    cw_writer_start(writer, "reported", NULL);
    write_reported(writer, JID, "Jabber ID", "jid-single");
    for (guint i = 0; i < columns->len; i++) {
        const CwField *column = g_ptr_array_index(columns, i);
        if (strcmp(column->name, JID) != 0)
            write_reported(writer, column->name, column->label, "text-single");
    }
    cw_writer_end(writer);
}

static void write_item_field(CwWriter *writer, const char *var, const char *value)
{
    cw_writer_start(writer, "field", NULL);
    cw_writer_attr(writer, "var", var);
    cw_writer_leaf(writer, "value", NULL, value);
    cw_writer_end(writer);
}

void cw_form_write_item(CwWriter *writer, const GPtrArray *columns, const char *jid,
                        char *const *values)
{
    cw_writer_start(writer, "item", NULL);
    write_item_field(writer, JID, jid);
    for (guint i = 0; i < columns->len && values[i] != NULL; i++) {
        const CwField *column = g_ptr_array_index(columns, i);
        if (strcmp(column->name, JID) != 0)
            write_item_field(writer, column->name, values[i]);
    }
    cw_writer_end(writer);
}

/* ---- in ---- */

CwFormKind cw_form_kind(const CwNode *parent)
{
    const CwNode *form = cw_node_child(parent, "x", CW_NS_FORM);

    if (!form)
        return CW_FORM_NONE;
    if (g_strcmp0(cw_node_attr(form, "type"), "submit") == 0)
        return CW_FORM_SUBMIT;
    if (g_strcmp0(cw_node_attr(form, "type"), "cancel") == 0)
        return CW_FORM_CANCEL;
    return CW_FORM_INVALID;
}

/* The <value/>s of a field, several joined by '\n'; (transfer full) or NULL: none. */
static char *join_values(const CwNode *node)
{
    GString *joined = NULL;

    for (const CwNode *value = cw_node_child(node, "value", CW_NS_FORM); value;
         value = cw_node_next(value, "value", CW_NS_FORM)) {
        if (joined)
            g_string_append_c(joined, '\n');
        else /* at its full size at once: growing would leave pieces of a password behind */
            joined = g_string_sized_new(strlen(value->text) + 1);
        g_string_append(joined, value->text);
    }
    return joined ? g_string_free(joined, FALSE) : NULL;
}

static gboolean refuse(const CwField *field, const char *wanted, GError **error)
{
    g_set_error(error, CW_STANZA_ERROR, CW_STANZA_NOT_ACCEPTABLE, "the field '%s' must be %s",
                field->label && *field->label ? field->label : field->name, wanted);
    return FALSE;
}

static gboolean is_one_line(const char *value)
{
    return strpbrk(value, "\r\n") == NULL;
}

static gboolean is_integer(const char *value)
{
    gint64 ignored;

    return g_ascii_string_to_signed(value, 10, G_MININT, G_MAXINT, &ignored, NULL);
}

static gboolean is_choice(const CwField *field, const char *value)
{
    for (guint i = 0; i < field->choices->len; i++) {
        const CwChoice *choice = g_ptr_array_index(field->choices, i);

        if (strcmp(choice->value, value) == 0)
            return TRUE;
    }
    return FALSE;
}

/* XEP-0004 3.3: "true" and "1" are the same */
static char *normal_boolean(const char *value)
{
    if (strcmp(value, "1") == 0 || strcmp(value, "true") == 0)
        return g_strdup("1");
    if (strcmp(value, "0") == 0 || strcmp(value, "false") == 0)
        return g_strdup("0");
    return NULL;
}

/* Checks `*value` against what the field is, and brings it to its normal form.  An empty value of
 * a kind that knows none is what clients send for "not filled in": it becomes NULL. */
static gboolean check_value(const CwField *field, char **value, GError **error)
{
    char *normal;

    switch (field->kind) {
    case CW_FIELD_TEXT:
    case CW_FIELD_PRIVATE:
        return is_one_line(*value) || refuse(field, "one line of text", error);
    case CW_FIELD_INTEGER:
        if (!**value)
            g_clear_pointer(value, g_free);
        return !*value || is_integer(*value) || refuse(field, "a whole number", error);
    case CW_FIELD_LIST:
        if (!has_choices(field))
            return is_one_line(*value) || refuse(field, "one line of text", error);
        if (is_choice(field, *value))
            return TRUE;
        if (**value)
            return refuse(field, "one of the choices", error);
        g_clear_pointer(value, g_free);
        return TRUE;
    case CW_FIELD_BOOLEAN:
        if (!**value) {
            g_clear_pointer(value, g_free);
            return TRUE;
        }
        normal = normal_boolean(*value);
        if (!normal)
            return refuse(field, "true or false", error);
        g_free(*value);
        *value = normal;
        return TRUE;
    case CW_FIELD_NOTE:
        g_clear_pointer(value, g_free);
        return TRUE;
    }
    g_return_val_if_reached(FALSE);
}

static gboolean take_field(const CwNode *node, GPtrArray *fields, GHashTable *values,
                           GError **error)
{
    const char *name = cw_node_attr(node, "var");
    const CwField *field = name && fields ? cw_fields_find(fields, name) : NULL;

    if (!name || (fields && !field))
        return TRUE;

    char *value = join_values(node);
    if (value && field && !check_value(field, &value, error)) {
        cw_secret_wipe_string(value);
        return FALSE;
    }
    if (value)
        g_hash_table_replace(values, g_strdup(name), value);
    return TRUE;
}

static gboolean check_form_type(const CwNode *node, const char *form_type, GError **error)
{
    const char *found = cw_node_child_text(node, "value", CW_NS_FORM);

    if (!form_type || g_strcmp0(found, form_type) == 0)
        return TRUE;
    g_set_error(error, CW_STANZA_ERROR, CW_STANZA_NOT_ACCEPTABLE,
                "the field 'FORM_TYPE' must be '%s'", form_type);
    return FALSE;
}

GHashTable *cw_form_values(const CwNode *parent, const char *form_type, GPtrArray *fields,
                           GError **error)
{
    g_autoptr(GHashTable) values = cw_secret_table_new();
    const CwNode *form = cw_node_child(parent, "x", CW_NS_FORM);
    const CwNode *node = form ? cw_node_child(form, "field", CW_NS_FORM) : NULL;

    for (; node; node = cw_node_next(node, "field", CW_NS_FORM)) {
        gboolean taken = g_strcmp0(cw_node_attr(node, "var"), "FORM_TYPE") == 0
                             ? check_form_type(node, form_type, error)
                             : take_field(node, fields, values, error);
        if (!taken)
            return NULL;
    }
    return g_steal_pointer(&values);
}
