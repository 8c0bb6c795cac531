/* protocols/purple/search-results.c: what a plugin shows of a search, as columns and people
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "protocols/purple/search-results.h"

#include <string.h>

#include "protocols/purple/host.h"
#include "protocols/purple/markup.h"

#define COLUMNS_MAX 32    /* what follows is left out */
#define VALUE_MAX 512     /* bytes of one value, or of a column's title */
#define FOUND_SIZE 409600 /* bytes of all values of an answer: a line of the link holds 1 MiB */

/* What ids and labels mean; the process has no locale, so nothing translates them.  What is not
 * here keeps its id, and is in the data form alone. */
static const struct {
    const char *word;
    const char *name;
} known_words[] = {
    {"first", "first"},
    {"firstname", "first"},
    {"first name", "first"},
    {"given name", "first"},
    {"last", "last"},
    {"lastname", "last"},
    {"last name", "last"},
    {"family name", "last"},
    {"surname", "last"},
    {"nick", "nick"},
    {"nickname", "nick"},
    {"email", "email"},
    {"email address", "email"},
    {"e-mail", "email"},
    {"jid", CW_SEARCH_CONTACT},
    {"jabber id", CW_SEARCH_CONTACT},
    {"uin", CW_SEARCH_CONTACT},
    {"username", CW_SEARCH_CONTACT},
    {"sametime id", CW_SEARCH_CONTACT},
};

const char *cw_search_results_meaning(const char *word)
{
    for (guint i = 0; word != NULL && i < G_N_ELEMENTS(known_words); i++) {
        if (g_ascii_strcasecmp(known_words[i].word, word) == 0)
            return known_words[i].name;
    }
    return NULL;
}

GHashTable *cw_search_results_labels(const GPtrArray *fields)
{
    GHashTable *labels = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);

    for (guint i = 0; i < fields->len; i++) {
        const CwField *field = g_ptr_array_index(fields, i);
        if (field->kind != CW_FIELD_NOTE)
            g_hash_table_insert(labels, g_utf8_strdown(field->label, -1), g_strdup(field->name));
    }
    return labels;
}

/* (transfer full) At most VALUE_MAX bytes in one line. */
static char *clean_value(const char *value)
{
    g_autofree char *line = cw_text_one_line(value != NULL ? value : "");
    g_auto(GStrv) pieces = cw_text_split(line, VALUE_MAX, FALSE);

    return g_strdup(pieces[0]);
}

/* In which column the name is: the first, unless one says so, as in the plugins' own "add" buttons.
 */
static guint read_columns(const PurpleNotifySearchResults *results, GHashTable *labels,
                          GPtrArray *columns)
{
    gboolean found = FALSE;
    guint contact = 0;

    for (GList *l = results->columns; l != NULL && columns->len < COLUMNS_MAX; l = l->next) {
        const PurpleNotifySearchColumn *column = l->data;
        g_autofree char *title = clean_value(column->title);
        g_autofree char *lower = g_utf8_strdown(title, -1);
        g_autofree char *number = g_strdup_printf("column.%u", columns->len + 1);
        const char *name = cw_search_results_meaning(title);
        if (g_strcmp0(name, CW_SEARCH_CONTACT) == 0 && !found) {
            contact = columns->len;
            found = TRUE;
        }
        if (name == NULL)
            name = g_hash_table_lookup(labels, lower);
        if (name == NULL || strcmp(name, CW_SEARCH_CONTACT) == 0 ||
            cw_fields_find(columns, name) != NULL)
            name = number;
        g_ptr_array_add(columns, cw_field_new(CW_FIELD_TEXT, name, title, NULL));
    }
    return contact;
}

/* NULL: its name cannot be one on this network.  (transfer full) */
static CwFound *read_row(const CwAccount *account, GList *row, guint n_columns, guint contact,
                         gsize *size)
{
    g_autofree char *name = cw_account_normalize(account, g_list_nth_data(row, contact));

    if (name == NULL)
        return NULL;
    char **values = g_new0(char *, n_columns + 1);
    for (guint i = 0; i < n_columns; i++) {
        values[i] = clean_value(row != NULL ? row->data : NULL);
        *size += strlen(values[i]);
        row = row != NULL ? row->next : NULL;
    }
    *size += strlen(name);
    return cw_found_new(name, values);
}

GPtrArray *cw_search_results_read(const CwAccount *account,
                                  const PurpleNotifySearchResults *results, GHashTable *labels,
                                  GPtrArray *columns, guint *total)
{
    guint contact = read_columns(results, labels, columns), nameless = 0;
    GPtrArray *found = cw_found_list_new();
    gsize size = 0;

    *total = 0;
    for (GList *row = results->rows; row != NULL; row = row->next) {
        ++*total;
        if (found->len >= CW_LINK_FOUND_MAX || size > FOUND_SIZE)
            continue;
        CwFound *one = read_row(account, row->data, columns->len, contact, &size);
        if (one != NULL)
            g_ptr_array_add(found, one);
        else
            nameless++;
    }
    if (nameless > 0)
        cw_host_log("info", account->number,
                    "%u of %u people whom a search found have no name that can be one", nameless,
                    *total);
    *total -= nameless;
    return found;
}
