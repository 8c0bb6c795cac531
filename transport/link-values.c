/* transport/link-values.c: what a line of the link holds that is more than a word or a number
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "transport/link-values.h"

#include "transport/link.h"
#include "transport/secret.h"

static const char *const password_words[] = {
    [CW_PASSWORD_NONE] = "none",
    [CW_PASSWORD_OPTIONAL] = "optional",
    [CW_PASSWORD_REQUIRED] = "required",
};

#define OF_PROTOCOL(member) G_STRUCT_OFFSET(CwProtocol, member)

/* What a network can do: false where the host says nothing. */
static const struct {
    const char *name;
    gsize offset;
} abilities[] = {
    {"typing", OF_PROTOCOL(typing)},
    {"authorization", OF_PROTOCOL(authorization)},
    {"anonymous", OF_PROTOCOL(anonymous)},
    {"caseless", OF_PROTOCOL(caseless)},
    {"items", OF_PROTOCOL(items)},
    {"local-list", OF_PROTOCOL(local_list)},
    {"contact-names", OF_PROTOCOL(contact_names)},
    {"contact-groups", OF_PROTOCOL(contact_groups)},
    {"search", OF_PROTOCOL(search)},
    {"invisible", OF_PROTOCOL(invisible)},
    {"picture", OF_PROTOCOL(picture)},
    {"rooms", OF_PROTOCOL(rooms)},
};

/* ---- reading ---- */

gboolean cw_link_read_values(const CwJson *json, GHashTable **values)
{
    if (!cw_json_is(json, CW_JSON_OBJECT))
        return FALSE;
    g_autoptr(GHashTable) table = cw_secret_table_new();
    for (const CwJson *value = json->first; value != NULL; value = value->next) {
        if (!cw_json_is(value, CW_JSON_STRING))
            return FALSE;
        g_hash_table_insert(table, g_strdup(value->name), g_strdup(value->string));
    }
    *values = g_steal_pointer(&table);
    return TRUE;
}

/* TRUE when it is not there; FALSE when it is and is no string. */
static gboolean read_optional_string(const CwJson *object, const char *name, const char **value)
{
    const CwJson *json = cw_json_get(object, name);

    *value = cw_json_string(json);
    return json == NULL || *value != NULL;
}

static gboolean is_set(const CwJson *object, const char *name)
{
    return cw_json_is(cw_json_get(object, name), CW_JSON_TRUE);
}

static gboolean read_choices(const CwJson *choices, CwField *field)
{
    if (!cw_json_is(choices, CW_JSON_ARRAY))
        return FALSE;
    for (const CwJson *choice = choices->first; choice != NULL; choice = choice->next) {
        const char *value, *label;
        if (!read_optional_string(choice, "value", &value) || value == NULL ||
            !read_optional_string(choice, "label", &label))
            return FALSE;
        cw_field_add_choice(field, value, label == NULL ? value : label);
    }
    return TRUE;
}

/* (transfer full) or NULL */
static CwField *read_field(const CwJson *json)
{
    const char *name, *label, *kind_name, *value, *separator;
    CwFieldKind kind;

    if (!read_optional_string(json, "name", &name) || name == NULL ||
        !read_optional_string(json, "label", &label) ||
        !read_optional_string(json, "value", &value) ||
        !read_optional_string(json, "separator", &separator) ||
        !read_optional_string(json, "kind", &kind_name) ||
        !cw_field_kind_from_string(kind_name, &kind))
        return NULL;

    CwField *field = cw_field_new(kind, name, label == NULL ? name : label, value);
    field->required = is_set(json, "required");
    field->from_right = is_set(json, "from-right");
    field->separator = separator == NULL ? '\0' : separator[0];
    const CwJson *choices = cw_json_get(json, "choices");
    if (choices != NULL && !read_choices(choices, field))
        g_clear_pointer(&field, cw_field_free);
    return field;
}

gboolean cw_link_read_fields(const CwJson *json, GPtrArray *into)
{
    if (!cw_json_is(json, CW_JSON_ARRAY))
        return FALSE;
    for (const CwJson *item = json->first; item != NULL; item = item->next) {
        CwField *field = read_field(item);
        if (field == NULL)
            return FALSE;
        g_ptr_array_add(into, field);
    }
    return TRUE;
}

/* (transfer full) NULL: not `n` strings. */
static char **read_strings(const CwJson *json, guint n)
{
    g_autoptr(GPtrArray) strings = g_ptr_array_new_with_free_func(g_free);

    if (!cw_json_is(json, CW_JSON_ARRAY))
        return NULL;
    for (const CwJson *item = json->first; item != NULL; item = item->next) {
        if (cw_json_string(item) == NULL || strings->len == n)
            return NULL;
        g_ptr_array_add(strings, g_strdup(cw_json_string(item)));
    }
    if (strings->len < n)
        return NULL;
    g_ptr_array_add(strings, NULL);
    return (char **)g_ptr_array_free(g_steal_pointer(&strings), FALSE);
}

gboolean cw_link_read_found(const CwJson *json, const GPtrArray *columns, GPtrArray *into)
{
    if (columns == NULL || !cw_json_is(json, CW_JSON_ARRAY))
        return FALSE;
    for (const CwJson *item = json->first; item != NULL; item = item->next) {
        const char *contact = cw_json_string(cw_json_get(item, "contact"));
        char **values = read_strings(cw_json_get(item, "values"), columns->len);
        if (contact == NULL || values == NULL || into->len == CW_LINK_FOUND_MAX) {
            g_strfreev(values);
            return FALSE;
        }
        g_ptr_array_add(into, cw_found_new(contact, values));
    }
    return TRUE;
}

static gboolean is_command_name(const char *name)
{
    return name != NULL && *name != '\0' && strlen(name) <= CW_LINK_COMMAND_LONGEST &&
           strpbrk(name, " \t\r\n") == NULL;
}

static gboolean read_commands(const CwJson *json, GPtrArray *into)
{
    if (!cw_json_is(json, CW_JSON_ARRAY))
        return FALSE;
    for (const CwJson *item = json->first; item != NULL; item = item->next) {
        const char *name = cw_json_string(cw_json_get(item, "name"));
        const char *label, *argument;
        if (!is_command_name(name) || cw_fields_find(into, name) != NULL ||
            into->len == CW_LINK_COMMANDS_MAX || !read_optional_string(item, "label", &label) ||
            !read_optional_string(item, "argument", &argument))
            return FALSE;
        g_ptr_array_add(into, cw_field_new(argument == NULL ? CW_FIELD_NOTE : CW_FIELD_TEXT, name,
                                           label == NULL ? name : label, argument));
    }
    return TRUE;
}

gboolean cw_link_read_protocol(const CwJson *json, CwProtocol **result)
{
    const char *id, *name, *identity, *password;
    guint use = 0;

    if (!read_optional_string(json, "id", &id) || id == NULL ||
        !read_optional_string(json, "name", &name) || name == NULL ||
        !read_optional_string(json, "identity", &identity) ||
        !read_optional_string(json, "password", &password) ||
        !cw_link_find_word(password_words, G_N_ELEMENTS(password_words), password, &use))
        return FALSE;

    g_autoptr(CwProtocol) protocol = cw_protocol_new();
    protocol->id = g_strdup(id);
    protocol->name = g_strdup(name);
    protocol->identity = g_strdup(identity == NULL ? "unknown" : identity);
    protocol->password = (CwPasswordUse)use;
    protocol->category = g_strdup(cw_json_string(cw_json_get(json, "category")));
    protocol->example = g_strdup(cw_json_string(cw_json_get(json, "example")));
    protocol->room_prefixes = g_strdup(cw_json_string(cw_json_get(json, "room-prefixes")));
    for (guint i = 0; i < G_N_ELEMENTS(abilities); i++)
        *(gboolean *)G_STRUCT_MEMBER_P(protocol, abilities[i].offset) =
            is_set(json, abilities[i].name);

    const CwJson *splits = cw_json_get(json, "splits");
    const CwJson *options = cw_json_get(json, "options");
    const CwJson *commands = cw_json_get(json, "commands");
    if ((commands != NULL && !read_commands(commands, protocol->commands)) ||
        (splits != NULL && !cw_link_read_fields(splits, protocol->splits)) ||
        (options != NULL && !cw_link_read_fields(options, protocol->options)))
        return FALSE;
    for (guint i = 0; i < protocol->splits->len; i++) {
        const CwField *split = g_ptr_array_index(protocol->splits, i);
        if (split->separator == '\0')
            return FALSE;
    }
    *result = g_steal_pointer(&protocol);
    return TRUE;
}

/* ---- writing ---- */

void cw_link_write_text(GString *out, const char *name, const char *text)
{
    if (text == NULL)
        return;
    cw_json_write_next(out, name);
    cw_json_write_string(out, text);
}

void cw_link_write_boolean(GString *out, const char *name, gboolean value)
{
    cw_json_write_next(out, name);
    g_string_append(out, value ? "true" : "false");
}

static void write_choices(GString *out, const GPtrArray *choices)
{
    cw_json_write_next(out, "choices");
    g_string_append_c(out, '[');
    for (guint i = 0; i < choices->len; i++) {
        const CwChoice *choice = g_ptr_array_index(choices, i);
        cw_json_write_next(out, NULL);
        g_string_append_c(out, '{');
        cw_link_write_text(out, "value", choice->value);
        cw_link_write_text(out, "label", choice->label);
        g_string_append_c(out, '}');
    }
    g_string_append_c(out, ']');
}

static void write_field(GString *out, const CwField *field)
{
    g_string_append_c(out, '{');
    cw_link_write_text(out, "name", field->name);
    cw_link_write_text(out, "label", field->label);
    cw_link_write_text(out, "kind", cw_field_kind_to_string(field->kind));
    cw_link_write_text(out, "value", field->value);
    if (field->required)
        cw_link_write_boolean(out, "required", TRUE);
    if (field->from_right)
        cw_link_write_boolean(out, "from-right", TRUE);
    if (field->separator != '\0')
        cw_link_write_text(out, "separator", (char[]){field->separator, '\0'});
    if (field->choices != NULL)
        write_choices(out, field->choices);
    g_string_append_c(out, '}');
}

void cw_link_write_fields(GString *out, const char *name, const GPtrArray *list)
{
    cw_json_write_next(out, name);
    g_string_append_c(out, '[');
    for (guint i = 0; i < list->len; i++) {
        cw_json_write_next(out, NULL);
        write_field(out, g_ptr_array_index(list, i));
    }
    g_string_append_c(out, ']');
}

/* The first of them, as many as a line may have. */
void cw_link_write_found(GString *out, const char *name, const GPtrArray *list)
{
    cw_json_write_next(out, name);
    g_string_append_c(out, '[');
    for (guint i = 0; i < list->len && i < CW_LINK_FOUND_MAX; i++) {
        const CwFound *found = g_ptr_array_index(list, i);
        cw_json_write_next(out, NULL);
        g_string_append_c(out, '{');
        cw_link_write_text(out, "contact", found->contact);
        cw_json_write_next(out, "values");
        g_string_append_c(out, '[');
        for (char **value = found->values; *value != NULL; value++) {
            cw_json_write_next(out, NULL);
            cw_json_write_string(out, *value);
        }
        g_string_append(out, "]}");
    }
    g_string_append_c(out, ']');
}

static void write_commands(GString *out, const char *name, const GPtrArray *commands)
{
    if (commands->len == 0)
        return;
    cw_json_write_next(out, name);
    g_string_append_c(out, '[');
    for (guint i = 0; i < commands->len; i++) {
        const CwField *command = g_ptr_array_index(commands, i);
        cw_json_write_next(out, NULL);
        g_string_append_c(out, '{');
        cw_link_write_text(out, "name", command->name);
        cw_link_write_text(out, "label", command->label);
        cw_link_write_text(out, "argument", command->value);
        g_string_append_c(out, '}');
    }
    g_string_append_c(out, ']');
}

void cw_link_write_protocol(GString *out, const char *name, const CwProtocol *protocol)
{
    cw_json_write_next(out, name);
    g_string_append_c(out, '{');
    cw_link_write_text(out, "id", protocol->id);
    cw_link_write_text(out, "name", protocol->name);
    cw_link_write_text(out, "identity", protocol->identity);
    cw_link_write_text(out, "category", protocol->category);
    cw_link_write_text(out, "example", protocol->example);
    cw_link_write_text(out, "room-prefixes", protocol->room_prefixes);
    cw_link_write_text(out, "password", password_words[protocol->password]);
    for (guint i = 0; i < G_N_ELEMENTS(abilities); i++)
        cw_link_write_boolean(out, abilities[i].name,
                              *(const gboolean *)G_STRUCT_MEMBER_P(protocol, abilities[i].offset));
    cw_link_write_fields(out, "splits", protocol->splits);
    cw_link_write_fields(out, "options", protocol->options);
    write_commands(out, "commands", protocol->commands);
    g_string_append_c(out, '}');
}

void cw_link_write_values(GString *out, const char *name, GHashTable *values)
{
    GHashTableIter iter;
    gpointer key, value;

    cw_json_write_next(out, name);
    g_string_append_c(out, '{');
    g_hash_table_iter_init(&iter, values);
    while (g_hash_table_iter_next(&iter, &key, &value))
        cw_link_write_text(out, key, value);
    g_string_append_c(out, '}');
}
