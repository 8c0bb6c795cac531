/* transport/protocol.c: fields, networks, user names, and the words of the link
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "transport/protocol.h"

#include <string.h>

#include "transport/secret.h"

/* ---- words ---- */

static gboolean word_to_number(const char *const *words, guint n, const char *word, guint *number)
{
    for (guint i = 0; word != NULL && i < n; i++) {
        if (g_str_equal(words[i], word)) {
            *number = i;
            return TRUE;
        }
    }
    return FALSE;
}

#define DEFINE_WORDS(Type, prefix, table)                                                          \
    const char *prefix##_to_string(Type value)                                                     \
    {                                                                                              \
        g_return_val_if_fail((guint)value < G_N_ELEMENTS(table), "?");                             \
        return table[value];                                                                       \
    }                                                                                              \
    gboolean prefix##_from_string(const char *name, Type *value)                                   \
    {                                                                                              \
        guint number = 0;                                                                          \
        if (!word_to_number(table, G_N_ELEMENTS(table), name, &number))                            \
            return FALSE;                                                                          \
        *value = (Type)number;                                                                     \
        return TRUE;                                                                               \
    }

static const char *const kind_words[] = {
    [CW_FIELD_TEXT] = "text",       [CW_FIELD_PRIVATE] = "private", [CW_FIELD_BOOLEAN] = "boolean",
    [CW_FIELD_INTEGER] = "integer", [CW_FIELD_LIST] = "list",       [CW_FIELD_NOTE] = "note",
};
DEFINE_WORDS(CwFieldKind, cw_field_kind, kind_words)

static const char *const show_words[] = {
    [CW_SHOW_OFFLINE] = "offline",     [CW_SHOW_ONLINE] = "online", [CW_SHOW_CHAT] = "chat",
    [CW_SHOW_AWAY] = "away",           [CW_SHOW_XA] = "xa",         [CW_SHOW_DND] = "dnd",
    [CW_SHOW_INVISIBLE] = "invisible",
};
DEFINE_WORDS(CwShow, cw_show, show_words)

static const char *const role_words[] = {
    [CW_ROLE_NONE] = "none",
    [CW_ROLE_VISITOR] = "visitor",
    [CW_ROLE_PARTICIPANT] = "participant",
    [CW_ROLE_MODERATOR] = "moderator",
};
DEFINE_WORDS(CwRole, cw_role, role_words)

static const char *const affiliation_words[] = {
    [CW_AFFILIATION_NONE] = "none",     [CW_AFFILIATION_OUTCAST] = "outcast",
    [CW_AFFILIATION_MEMBER] = "member", [CW_AFFILIATION_ADMIN] = "admin",
    [CW_AFFILIATION_OWNER] = "owner",
};
DEFINE_WORDS(CwAffiliation, cw_affiliation, affiliation_words)

static const char *const reason_words[] = {
    [CW_REASON_NONE] = "none",
    [CW_REASON_AUTH] = "auth",
    [CW_REASON_NETWORK] = "network",
    [CW_REASON_TLS] = "tls",
    [CW_REASON_CONFLICT] = "conflict",
    [CW_REASON_SETTINGS] = "settings",
    [CW_REASON_NO_CONTACT] = "no-contact",
    [CW_REASON_OFFLINE] = "offline",
    [CW_REASON_TOO_LONG] = "too-long",
    [CW_REASON_RATE] = "rate",
    [CW_REASON_FORBIDDEN] = "forbidden",
    [CW_REASON_NOT_ONLINE] = "not-online",
    [CW_REASON_PASSWORD] = "password",
    [CW_REASON_INVITATION] = "invitation",
    [CW_REASON_BANNED] = "banned",
    [CW_REASON_FULL] = "full",
    [CW_REASON_HOST] = "host",
    [CW_REASON_OTHER] = "other",
};
DEFINE_WORDS(CwReason, cw_reason, reason_words)

/* ---- fields ---- */

CwField *cw_field_new(CwFieldKind kind, const char *name, const char *label, const char *value)
{
    CwField *field = g_new0(CwField, 1);

    field->kind = kind;
    field->name = g_strdup(name);
    field->label = g_strdup(label);
    field->value = g_strdup(value);
    return field;
}

static void free_choice(gpointer data)
{
    CwChoice *choice = data;

    g_free(choice->value);
    g_free(choice->label);
    g_free(choice);
}

void cw_field_add_choice(CwField *field, const char *value, const char *label)
{
    CwChoice *choice = g_new0(CwChoice, 1);

    if (field->choices == NULL)
        field->choices = g_ptr_array_new_with_free_func(free_choice);
    choice->value = g_strdup(value);
    choice->label = g_strdup(label);
    g_ptr_array_add(field->choices, choice);
}

void cw_field_free(CwField *field)
{
    if (field == NULL)
        return;
    g_free(field->name);
    g_free(field->label);
    cw_secret_wipe_string(field->value);
    g_clear_pointer(&field->choices, g_ptr_array_unref);
    g_free(field);
}

static void free_field(gpointer data)
{
    cw_field_free(data);
}

GPtrArray *cw_fields_new(void)
{
    return g_ptr_array_new_with_free_func(free_field);
}

const CwField *cw_fields_find(const GPtrArray *fields, const char *name)
{
    for (guint i = 0; fields != NULL && i < fields->len; i++) {
        const CwField *field = g_ptr_array_index(fields, i);
        if (g_strcmp0(field->name, name) == 0)
            return field;
    }
    return NULL;
}

/* ---- search results ---- */

CwFound *cw_found_new(const char *contact, char **values)
{
    CwFound *found = g_new0(CwFound, 1);

    found->contact = g_strdup(contact);
    found->values = values;
    return found;
}

static void free_found(gpointer data)
{
    CwFound *found = data;

    g_free(found->contact);
    g_strfreev(found->values);
    g_free(found);
}

GPtrArray *cw_found_list_new(void)
{
    return g_ptr_array_new_with_free_func(free_found);
}

char *cw_item_text(const CwFound *item)
{
    const char *text = item->values[CW_ITEM_TEXT], *link = item->values[CW_ITEM_LINK];

    return g_strconcat(text, *text == '\0' || *link == '\0' ? "" : "\n", link, NULL);
}

/* ---- networks ---- */

CwProtocol *cw_protocol_new(void)
{
    CwProtocol *protocol = g_new0(CwProtocol, 1);

    protocol->splits = cw_fields_new();
    protocol->options = cw_fields_new();
    protocol->commands = cw_fields_new();
    return protocol;
}

static void copy_fields(GPtrArray *to, const GPtrArray *from)
{
    for (guint i = 0; i < from->len; i++) {
        const CwField *old = g_ptr_array_index(from, i);
        CwField *field = cw_field_new(old->kind, old->name, old->label, old->value);
        field->required = old->required;
        field->separator = old->separator;
        field->from_right = old->from_right;
        for (guint j = 0; old->choices != NULL && j < old->choices->len; j++) {
            const CwChoice *choice = g_ptr_array_index(old->choices, j);
            cw_field_add_choice(field, choice->value, choice->label);
        }
        g_ptr_array_add(to, field);
    }
}

CwProtocol *cw_protocol_copy(const CwProtocol *protocol)
{
    CwProtocol *copy = cw_protocol_new();

    copy->id = g_strdup(protocol->id);
    copy->name = g_strdup(protocol->name);
    copy->identity = g_strdup(protocol->identity);
    copy->category = g_strdup(protocol->category);
    copy->example = g_strdup(protocol->example);
    copy->password = protocol->password;
    copy->typing = protocol->typing;
    copy->authorization = protocol->authorization;
    copy->anonymous = protocol->anonymous;
    copy->caseless = protocol->caseless;
    copy->items = protocol->items;
    copy->local_list = protocol->local_list;
    copy->contact_names = protocol->contact_names;
    copy->contact_groups = protocol->contact_groups;
    copy->search = protocol->search;
    copy->invisible = protocol->invisible;
    copy->picture = protocol->picture;
    copy->rooms = protocol->rooms;
    copy->room_prefixes = g_strdup(protocol->room_prefixes);
    copy_fields(copy->splits, protocol->splits);
    copy_fields(copy->options, protocol->options);
    copy_fields(copy->commands, protocol->commands);
    return copy;
}

void cw_protocol_free(CwProtocol *protocol)
{
    if (protocol == NULL)
        return;
    g_free(protocol->id);
    g_free(protocol->name);
    g_free(protocol->identity);
    g_free(protocol->category);
    g_free(protocol->example);
    g_free(protocol->room_prefixes);
    g_clear_pointer(&protocol->splits, g_ptr_array_unref);
    g_clear_pointer(&protocol->options, g_ptr_array_unref);
    g_clear_pointer(&protocol->commands, g_ptr_array_unref);
    g_free(protocol);
}

/* Cuts as libpurple does: from the last split to the first, each at its separator, searched from
 * the side that the split names, in what the later splits left over. */
void cw_protocol_split_username(const CwProtocol *protocol, const char *username, char **first,
                                GHashTable **split_values)
{
    g_autofree char *rest = g_strdup(username);
    GHashTable *values = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);

    for (guint i = protocol->splits->len; i > 0; i--) {
        const CwField *split = g_ptr_array_index(protocol->splits, i - 1);
        char *at =
            split->from_right ? strrchr(rest, split->separator) : strchr(rest, split->separator);
        if (at == NULL)
            continue;
        *at = '\0';
        g_hash_table_insert(values, g_strdup(split->name), g_strdup(at + 1));
    }
    *first = g_steal_pointer(&rest);
    *split_values = values;
}

char *cw_protocol_compose_username(const CwProtocol *protocol, const char *username,
                                   GHashTable *split_values)
{
    g_autofree char *first = NULL;
    g_autoptr(GHashTable) said = NULL;

    cw_protocol_split_username(protocol, username, &first, &said);
    GString *whole = g_string_new(first);
    for (guint i = 0; i < protocol->splits->len; i++) {
        const CwField *split = g_ptr_array_index(protocol->splits, i);
        const char *value = g_hash_table_lookup(said, split->name);
        const char *chosen =
            split_values == NULL ? NULL : g_hash_table_lookup(split_values, split->name);
        /* What stands in the name itself was typed for this name; a form's field may just hold
         * the default that was shown. */
        if (value == NULL || *value == '\0')
            value = chosen;
        if (value == NULL || *value == '\0')
            value = split->value;
        g_string_append_c(whole, split->separator);
        g_string_append(whole, value == NULL ? "" : value);
    }
    return g_string_free(whole, FALSE);
}
