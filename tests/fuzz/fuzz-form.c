/* tests/fuzz/fuzz-form.c: any stanza as a submitted form
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "component/form.h"

#include <string.h>

#include "component/stanza-error.h"

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size);

static void opened_cb(const CwNode *header, gpointer data)
{
}

static void closed_cb(gpointer data)
{
}

static void check_value(gpointer key, gpointer value, gpointer data)
{
    const CwField *field = cw_fields_find(data, key);

    g_assert_nonnull(field);
    g_assert_nonnull(value);
    if (field->kind == CW_FIELD_BOOLEAN)
        g_assert_true(strcmp(value, "0") == 0 || strcmp(value, "1") == 0);
    if (field->kind == CW_FIELD_LIST)
        g_assert_true(strcmp(value, "a") == 0 || strcmp(value, "b") == 0);
    if (field->kind != CW_FIELD_INTEGER)
        g_assert_null(strpbrk(value, "\r\n"));
    g_assert_cmpint(field->kind, !=, CW_FIELD_NOTE);
}

static void stanza_cb(const CwNode *stanza, gpointer data)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GHashTable) values = cw_form_values(stanza, "urn:t", data, &error);
    g_autoptr(GHashTable) raw = cw_form_values(stanza, NULL, NULL, NULL);

    cw_form_kind(stanza);
    g_assert_nonnull(raw);
    g_assert_true((values == NULL) == (error != NULL));
    if (error)
        g_assert_error(error, CW_STANZA_ERROR, CW_STANZA_NOT_ACCEPTABLE);
    else
        g_hash_table_foreach(values, check_value, data);
}

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size)
{
    static const CwXmlEvents events = {opened_cb, stanza_cb, closed_cb};
    static const char header[] = "<s xmlns:d='jabber:x:data'>";
    static const CwFieldKind kinds[] = {CW_FIELD_TEXT,    CW_FIELD_PRIVATE, CW_FIELD_BOOLEAN,
                                        CW_FIELD_INTEGER, CW_FIELD_LIST,    CW_FIELD_NOTE};
    static const char *const names[] = {"t", "p", "b", "i", "l", "n"};
    g_autoptr(GPtrArray) fields = cw_fields_new();
    CwXmlLimits limits = {.stanza_size = 4096, .depth = 16, .attributes = 16};
    g_autoptr(CwXmlParser) parser = cw_xml_parser_new(&limits, &events, fields);

    for (guint i = 0; i < G_N_ELEMENTS(kinds); i++) {
        CwField *field = cw_field_new(kinds[i], names[i], i % 2 ? names[i] : NULL, NULL);

        if (kinds[i] == CW_FIELD_LIST) {
            cw_field_add_choice(field, "a", "A");
            cw_field_add_choice(field, "b", "B");
        }
        g_ptr_array_add(fields, field);
    }
    cw_xml_parser_feed(parser, header, strlen(header), NULL);
    cw_xml_parser_feed(parser, (const char *)data, size, NULL);
    return 0;
}
