/* transport/link.c: lines of the link <-> CwLinkMsg, by one table
 *
 * `fields` says how each field looks in JSON and where it lives in CwLinkMsg; `shapes` says for
 * each kind and sender which fields must and which may be there.  Nothing else knows the rules of
 * protocols/LINK.md.
 *
 * All memory that jansson takes is wiped when it is given back: a password passes through its
 * scanner, its strings and its buffers.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "transport/link.h"

#include <jansson.h>
#include <malloc.h>
#include <string.h>

#include "transport/secret.h"

G_DEFINE_QUARK(cw - link - error, cw_link_error)

/* ---- the table ---- */

typedef enum {
    SHAPE_NUMBER, /* whole, from 1 */
    SHAPE_TIME,   /* whole, s */
    SHAPE_STRING,
    SHAPE_BOOLEAN,
    SHAPE_SHOW,
    SHAPE_STATE,
    SHAPE_REASON,
    SHAPE_TYPING,
    SHAPE_AUTHORIZATION,
    SHAPE_VALUES,
    SHAPE_FIELDS,
    SHAPE_PROTOCOL,
} FieldShape;

enum {
    F_ACCOUNT = 1 << 0,
    F_ID = 1 << 1,
    F_CONTACT = 1 << 2,
    F_TEXT = 1 << 3,
    F_NAME = 1 << 4,
    F_GROUP = 1 << 5,
    F_STATUS = 1 << 6,
    F_TITLE = 1 << 7,
    F_LEVEL = 1 << 8,
    F_USERNAME = 1 << 9,
    F_PASSWORD = 1 << 10,
    F_VERSION = 1 << 11,
    F_STAMP = 1 << 12,
    F_SHOW = 1 << 13,
    F_STATE = 1 << 14,
    F_REASON = 1 << 15,
    F_TYPING = 1 << 16,
    F_FATAL = 1 << 17,
    F_OWN = 1 << 18,
    F_CANCELLED = 1 << 19,
    F_VALUES = 1 << 20,
    F_FIELDS = 1 << 21,
    F_PROTOCOL = 1 << 22,
    F_AUTHORIZATION = 1 << 23,
    F_IDLE = 1 << 24,
    F_DATA = 1 << 25,
    F_MEDIA = 1 << 26,
};

#define AT(member) G_STRUCT_OFFSET(CwLinkMsg, member)

static const struct {
    guint bit;
    const char *name;
    FieldShape shape;
    gsize offset;
} fields[] = {
    {F_ACCOUNT, "account", SHAPE_NUMBER, AT(account)},
    {F_ID, "id", SHAPE_NUMBER, AT(id)},
    {F_CONTACT, "contact", SHAPE_STRING, AT(contact)},
    {F_TEXT, "text", SHAPE_STRING, AT(text)},
    {F_NAME, "name", SHAPE_STRING, AT(name)},
    {F_GROUP, "group", SHAPE_STRING, AT(group)},
    {F_STATUS, "status", SHAPE_STRING, AT(status)},
    {F_TITLE, "title", SHAPE_STRING, AT(title)},
    {F_DATA, "data", SHAPE_STRING, AT(data)},
    {F_MEDIA, "media", SHAPE_STRING, AT(media)},
    {F_LEVEL, "level", SHAPE_STRING, AT(level)},
    {F_USERNAME, "username", SHAPE_STRING, AT(username)},
    {F_PASSWORD, "password", SHAPE_STRING, AT(password)},
    {F_VERSION, "version", SHAPE_NUMBER, AT(version)},
    {F_STAMP, "stamp", SHAPE_TIME, AT(stamp)},
    {F_IDLE, "idle", SHAPE_TIME, AT(idle)},
    {F_SHOW, "show", SHAPE_SHOW, AT(show)},
    {F_STATE, "state", SHAPE_STATE, AT(state)},
    {F_REASON, "reason", SHAPE_REASON, AT(reason)},
    {F_TYPING, "typing", SHAPE_TYPING, AT(typing)},
    {F_FATAL, "fatal", SHAPE_BOOLEAN, AT(fatal)},
    {F_OWN, "own", SHAPE_BOOLEAN, AT(own)},
    {F_CANCELLED, "cancelled", SHAPE_BOOLEAN, AT(cancelled)},
    {F_VALUES, "values", SHAPE_VALUES, AT(values)},
    {F_FIELDS, "fields", SHAPE_FIELDS, AT(fields)},
    {F_PROTOCOL, "protocol", SHAPE_PROTOCOL, AT(protocol)},
    {F_AUTHORIZATION, "authorization", SHAPE_AUTHORIZATION, AT(authorization)},
};

static const char *const kind_words[] = {
    [CW_LINK_HELLO] = "hello",
    [CW_LINK_LOGIN] = "login",
    [CW_LINK_LOGOUT] = "logout",
    [CW_LINK_PRESENCE] = "presence",
    [CW_LINK_MESSAGE] = "message",
    [CW_LINK_TYPING] = "typing",
    [CW_LINK_CONTACT_ADD] = "contact-add",
    [CW_LINK_CONTACT_REMOVE] = "contact-remove",
    [CW_LINK_CONTACT_RENAME] = "contact-rename",
    [CW_LINK_AUTHORIZE] = "authorize",
    [CW_LINK_DENY] = "deny",
    [CW_LINK_ANSWER] = "answer",
    [CW_LINK_INFO] = "info",
    [CW_LINK_AVATAR] = "avatar",
    [CW_LINK_NICK] = "nick",
    [CW_LINK_PING] = "ping",
    [CW_LINK_STATE] = "state",
    [CW_LINK_CONTACT] = "contact",
    [CW_LINK_CONTACT_GONE] = "contact-gone",
    [CW_LINK_ASK_AUTHORIZATION] = "ask-authorization",
    [CW_LINK_ASK_GONE] = "ask-gone",
    [CW_LINK_AUTHORIZATION] = "authorization",
    [CW_LINK_QUESTION] = "question",
    [CW_LINK_QUESTION_GONE] = "question-gone",
    [CW_LINK_NOTICE] = "notice",
    [CW_LINK_ACK] = "ack",
    [CW_LINK_NACK] = "nack",
    [CW_LINK_LOG] = "log",
    [CW_LINK_PONG] = "pong",
};
G_STATIC_ASSERT(G_N_ELEMENTS(kind_words) == CW_LINK_N_KINDS);

#define A F_ACCOUNT

static const struct {
    CwLinkKind kind;
    CwLinkSide from;
    guint must, may;
} shapes[] = {
    {CW_LINK_HELLO, CW_LINK_GATEWAY, F_VERSION, 0},
    {CW_LINK_LOGIN, CW_LINK_GATEWAY, A | F_USERNAME,
     F_PASSWORD | F_VALUES | F_SHOW | F_STATUS | F_NAME | F_DATA | F_MEDIA},
    {CW_LINK_LOGOUT, CW_LINK_GATEWAY, A, 0},
    {CW_LINK_PRESENCE, CW_LINK_GATEWAY, A | F_SHOW, F_STATUS | F_IDLE},
    {CW_LINK_MESSAGE, CW_LINK_GATEWAY, A | F_ID | F_CONTACT | F_TEXT, 0},
    {CW_LINK_TYPING, CW_LINK_GATEWAY, A | F_CONTACT | F_TYPING, 0},
    {CW_LINK_CONTACT_ADD, CW_LINK_GATEWAY, A | F_CONTACT, F_ID | F_NAME | F_GROUP | F_TEXT},
    {CW_LINK_CONTACT_REMOVE, CW_LINK_GATEWAY, A | F_CONTACT, F_ID},
    {CW_LINK_CONTACT_RENAME, CW_LINK_GATEWAY, A | F_CONTACT | F_NAME, 0},
    {CW_LINK_AUTHORIZE, CW_LINK_GATEWAY, A | F_CONTACT, 0},
    {CW_LINK_DENY, CW_LINK_GATEWAY, A | F_CONTACT, 0},
    {CW_LINK_ANSWER, CW_LINK_GATEWAY, A | F_ID, F_VALUES | F_CANCELLED},
    {CW_LINK_INFO, CW_LINK_GATEWAY, A | F_ID | F_CONTACT, 0},
    {CW_LINK_AVATAR, CW_LINK_GATEWAY, A, F_DATA | F_MEDIA},
    {CW_LINK_NICK, CW_LINK_GATEWAY, A, F_NAME},
    {CW_LINK_PING, CW_LINK_GATEWAY, F_ID, 0},

    {CW_LINK_HELLO, CW_LINK_HOST, F_VERSION | F_PROTOCOL, 0},
    {CW_LINK_STATE, CW_LINK_HOST, A | F_STATE, F_REASON | F_TEXT | F_FATAL},
    {CW_LINK_CONTACT, CW_LINK_HOST, A | F_CONTACT, F_NAME | F_GROUP},
    {CW_LINK_CONTACT_GONE, CW_LINK_HOST, A | F_CONTACT, 0},
    {CW_LINK_PRESENCE, CW_LINK_HOST, A | F_CONTACT | F_SHOW, F_STATUS | F_IDLE},
    {CW_LINK_MESSAGE, CW_LINK_HOST, A | F_CONTACT | F_TEXT, F_STAMP | F_OWN},
    {CW_LINK_TYPING, CW_LINK_HOST, A | F_CONTACT | F_TYPING, 0},
    {CW_LINK_ASK_AUTHORIZATION, CW_LINK_HOST, A | F_CONTACT, F_NAME | F_TEXT},
    {CW_LINK_ASK_GONE, CW_LINK_HOST, A | F_CONTACT, 0},
    {CW_LINK_AUTHORIZATION, CW_LINK_HOST, A | F_CONTACT | F_AUTHORIZATION, 0},
    {CW_LINK_QUESTION, CW_LINK_HOST, A | F_ID | F_FIELDS, F_TITLE | F_TEXT},
    {CW_LINK_QUESTION_GONE, CW_LINK_HOST, A | F_ID, 0},
    {CW_LINK_NOTICE, CW_LINK_HOST, A | F_TEXT, F_TITLE},
    {CW_LINK_INFO, CW_LINK_HOST, A | F_ID | F_FIELDS, 0},
    {CW_LINK_AVATAR, CW_LINK_HOST, A | F_CONTACT, F_DATA | F_MEDIA},
    {CW_LINK_ACK, CW_LINK_HOST, A | F_ID, 0},
    {CW_LINK_NACK, CW_LINK_HOST, A | F_ID | F_REASON, F_TEXT},
    {CW_LINK_LOG, CW_LINK_HOST, F_LEVEL | F_TEXT, F_ACCOUNT},
    {CW_LINK_PONG, CW_LINK_HOST, F_ID, 0},
};
#undef A

static const char *const state_words[] = {
    [CW_ACCOUNT_CONNECTING] = "connecting",
    [CW_ACCOUNT_ONLINE] = "online",
    [CW_ACCOUNT_OFFLINE] = "offline",
};
static const char *const typing_words[] = {
    [CW_TYPING_ACTIVE] = "active",
    [CW_TYPING_COMPOSING] = "composing",
    [CW_TYPING_PAUSED] = "paused",
};
static const char *const authorization_words[] = {
    [CW_AUTHORIZATION_NONE] = "none",
    [CW_AUTHORIZATION_ASKED] = "asked",
    [CW_AUTHORIZATION_GRANTED] = "granted",
};
static const char *const password_words[] = {
    [CW_PASSWORD_NONE] = "none",
    [CW_PASSWORD_OPTIONAL] = "optional",
    [CW_PASSWORD_REQUIRED] = "required",
};

const char *cw_link_kind_to_string(CwLinkKind kind)
{
    return (guint)kind < CW_LINK_N_KINDS ? kind_words[kind] : "?";
}

static gboolean find_shape(CwLinkKind kind, CwLinkSide from, guint *must, guint *may)
{
    for (guint i = 0; i < G_N_ELEMENTS(shapes); i++) {
        if (shapes[i].kind == kind && shapes[i].from == from) {
            *must = shapes[i].must;
            *may = shapes[i].may;
            return TRUE;
        }
    }
    return FALSE;
}

static gboolean find_word(const char *const *words, guint n, const char *word, guint *number)
{
    for (guint i = 0; word != NULL && i < n; i++) {
        if (g_str_equal(words[i], word)) {
            *number = i;
            return TRUE;
        }
    }
    return FALSE;
}

/* ---- jansson's memory ---- */

static void wipe_and_free(void *memory)
{
    if (memory != NULL)
        explicit_bzero(memory, malloc_usable_size(memory));
    free(memory);
}

static void set_memory(void)
{
    static gsize done = 0;

    if (g_once_init_enter(&done)) {
        json_set_alloc_funcs(malloc, wipe_and_free);
        json_object_seed(0);
        g_once_init_leave(&done, 1);
    }
}

/* ---- reading ---- */

static gboolean breaks_rules(GError **error, const char *kind, const char *field, const char *rule)
{
    g_set_error(error, CW_LINK_ERROR, CW_LINK_ERROR_RULES, "'%s': field '%s' %s", kind, field,
                rule);
    return FALSE;
}

static gboolean read_values(const json_t *json, GHashTable **values)
{
    const char *key = NULL;
    json_t *value = NULL;

    if (!json_is_object(json))
        return FALSE;
    g_autoptr(GHashTable) table = cw_secret_table_new();
    json_object_foreach((json_t *)json, key, value)
    {
        if (!json_is_string(value))
            return FALSE;
        g_hash_table_insert(table, g_strdup(key), g_strdup(json_string_value(value)));
    }
    *values = g_steal_pointer(&table);
    return TRUE;
}

/* TRUE when it is not there; FALSE when it is and is no string. */
static gboolean read_optional_string(const json_t *object, const char *name, const char **value)
{
    const json_t *json = json_object_get(object, name);

    *value = json_string_value(json);
    return json == NULL || *value != NULL;
}

static gboolean read_field(const json_t *json, CwField **result)
{
    const char *name, *label, *kind_name, *value, *separator;
    CwFieldKind kind;

    if (!json_is_object(json) || !read_optional_string(json, "name", &name) || name == NULL ||
        !read_optional_string(json, "label", &label) ||
        !read_optional_string(json, "value", &value) ||
        !read_optional_string(json, "separator", &separator) ||
        !read_optional_string(json, "kind", &kind_name) ||
        !cw_field_kind_from_string(kind_name, &kind))
        return FALSE;

    const json_t *choices = json_object_get(json, "choices");
    if (choices != NULL && !json_is_array(choices))
        return FALSE;

    CwField *field = cw_field_new(kind, name, label == NULL ? name : label, value);
    field->required = json_is_true(json_object_get(json, "required"));
    field->from_right = json_is_true(json_object_get(json, "from-right"));
    field->separator = separator == NULL ? '\0' : separator[0];

    gsize i;
    json_t *choice;
    json_array_foreach((json_t *)choices, i, choice)
    {
        const char *choice_value, *choice_label;
        if (!json_is_object(choice) || !read_optional_string(choice, "value", &choice_value) ||
            choice_value == NULL || !read_optional_string(choice, "label", &choice_label)) {
            cw_field_free(field);
            return FALSE;
        }
        cw_field_add_choice(field, choice_value,
                            choice_label == NULL ? choice_value : choice_label);
    }
    *result = field;
    return TRUE;
}

static gboolean read_fields(const json_t *json, GPtrArray *into)
{
    gsize i;
    json_t *item;

    if (!json_is_array(json))
        return FALSE;
    json_array_foreach((json_t *)json, i, item)
    {
        CwField *field = NULL;
        if (!read_field(item, &field))
            return FALSE;
        g_ptr_array_add(into, field);
    }
    return TRUE;
}

static gboolean read_protocol(const json_t *json, CwProtocol **result)
{
    const char *id, *name, *identity, *password;
    guint use = 0;

    if (!json_is_object(json) || !read_optional_string(json, "id", &id) || id == NULL ||
        !read_optional_string(json, "name", &name) || name == NULL ||
        !read_optional_string(json, "identity", &identity) ||
        !read_optional_string(json, "password", &password) ||
        !find_word(password_words, G_N_ELEMENTS(password_words), password, &use))
        return FALSE;

    g_autoptr(CwProtocol) protocol = cw_protocol_new();
    protocol->id = g_strdup(id);
    protocol->name = g_strdup(name);
    protocol->identity = g_strdup(identity == NULL ? "unknown" : identity);
    protocol->password = (CwPasswordUse)use;
    protocol->typing = json_is_true(json_object_get(json, "typing"));
    protocol->authorization = json_is_true(json_object_get(json, "authorization"));
    protocol->local_list = json_is_true(json_object_get(json, "local-list"));
    protocol->picture = json_is_true(json_object_get(json, "picture"));

    const json_t *splits = json_object_get(json, "splits");
    const json_t *options = json_object_get(json, "options");
    if ((splits != NULL && !read_fields(splits, protocol->splits)) ||
        (options != NULL && !read_fields(options, protocol->options)))
        return FALSE;
    for (guint i = 0; i < protocol->splits->len; i++) {
        const CwField *split = g_ptr_array_index(protocol->splits, i);
        if (split->separator == '\0')
            return FALSE;
    }
    *result = g_steal_pointer(&protocol);
    return TRUE;
}

/* Reads one field into its place.  NULL, or the rule that it breaks. */
static const char *read_shape(FieldShape shape, const json_t *json, gsize offset, CwLinkMsg *msg)
{
    gpointer place = G_STRUCT_MEMBER_P(msg, offset);
    const char *word = json_string_value(json);
    guint number = 0;

    switch (shape) {
    case SHAPE_NUMBER:
        if (!json_is_integer(json) || json_integer_value(json) < 1)
            return "is not a whole number from 1";
        if (offset == AT(account)) {
            if (json_integer_value(json) > G_MAXUINT32)
                return "is too large";
            msg->account = (guint32)json_integer_value(json);
        } else {
            *(gint64 *)place = json_integer_value(json);
        }
        return NULL;
    case SHAPE_TIME:
        if (!json_is_integer(json))
            return "is not a whole number";
        *(gint64 *)place = json_integer_value(json);
        return NULL;
    case SHAPE_STRING:
        *(const char **)place = word;
        return word == NULL ? "is not a string" : NULL;
    case SHAPE_BOOLEAN:
        *(gboolean *)place = json_is_true(json);
        return json_is_boolean(json) ? NULL : "is not true or false";
    case SHAPE_SHOW:
        return cw_show_from_string(word, place) ? NULL : "is not a known show";
    case SHAPE_REASON:
        return cw_reason_from_string(word, place) ? NULL : "is not a known reason";
    case SHAPE_STATE:
        if (!find_word(state_words, G_N_ELEMENTS(state_words), word, &number))
            return "is not a known state";
        msg->state = (CwAccountState)number;
        return NULL;
    case SHAPE_TYPING:
        if (!find_word(typing_words, G_N_ELEMENTS(typing_words), word, &number))
            return "is not a known typing state";
        msg->typing = (CwTyping)number;
        return NULL;
    case SHAPE_AUTHORIZATION:
        if (!find_word(authorization_words, G_N_ELEMENTS(authorization_words), word, &number))
            return "is not a known authorization";
        msg->authorization = (CwAuthorization)number;
        return NULL;
    case SHAPE_VALUES:
        return read_values(json, place) ? NULL : "is not an object of strings";
    case SHAPE_FIELDS:
        msg->fields = cw_fields_new();
        return read_fields(json, msg->fields) ? NULL : "is not a list of fields";
    case SHAPE_PROTOCOL:
        return read_protocol(json, place) ? NULL : "does not describe a network";
    }
    return "cannot be read";
}

static gboolean fill(const json_t *root, CwLinkSide from, CwLinkMsg *msg, GError **error)
{
    const char *type = json_string_value(json_object_get(root, "type"));
    guint kind = 0, must = 0, may = 0;

    if (type == NULL) {
        g_set_error(error, CW_LINK_ERROR, CW_LINK_ERROR_RULES, "no 'type'");
        return FALSE;
    }
    if (!find_word(kind_words, CW_LINK_N_KINDS, type, &kind) ||
        !find_shape((CwLinkKind)kind, from, &must, &may)) {
        g_autofree char *shown = g_strescape(type, NULL);
        g_set_error(error, CW_LINK_ERROR, CW_LINK_ERROR_RULES, "'%.40s' is no type that %s sends",
                    shown, from == CW_LINK_HOST ? "a host" : "the gateway");
        return FALSE;
    }
    msg->kind = (CwLinkKind)kind;

    for (guint i = 0; i < G_N_ELEMENTS(fields); i++) {
        if (((must | may) & fields[i].bit) == 0)
            continue;
        const json_t *json = json_object_get(root, fields[i].name);
        if (json == NULL) {
            if ((must & fields[i].bit) != 0)
                return breaks_rules(error, type, fields[i].name, "is missing");
            continue;
        }
        const char *rule = read_shape(fields[i].shape, json, fields[i].offset, msg);
        if (rule != NULL)
            return breaks_rules(error, type, fields[i].name, rule);
    }
    return TRUE;
}

gboolean cw_link_decode(const char *line, gsize length, CwLinkSide from, CwLinkMsg *msg,
                        GError **error)
{
    json_error_t problem;

    memset(msg, 0, sizeof *msg);
    set_memory();
    if (length >= CW_LINK_LINE_MAX) {
        g_set_error(error, CW_LINK_ERROR, CW_LINK_ERROR_SYNTAX, "a line of over %d bytes",
                    CW_LINK_LINE_MAX);
        return FALSE;
    }
    json_t *root = json_loadb(line, length, JSON_REJECT_DUPLICATES, &problem);
    if (root == NULL || !json_is_object(root)) {
        /* problem.text can quote the line: only where it is, never what */
        g_set_error(error, CW_LINK_ERROR, CW_LINK_ERROR_SYNTAX, "not a JSON object (byte %d)",
                    root == NULL ? problem.position : 0);
        json_decref(root);
        return FALSE;
    }
    msg->owner = root;
    if (fill(root, from, msg, error))
        return TRUE;
    cw_link_msg_clear(msg);
    return FALSE;
}

void cw_link_msg_clear(CwLinkMsg *msg)
{
    if (msg->owner != NULL) {
        g_clear_pointer(&msg->values, g_hash_table_unref);
        g_clear_pointer(&msg->fields, g_ptr_array_unref);
        g_clear_pointer(&msg->protocol, cw_protocol_free);
        json_decref(msg->owner);
    }
    memset(msg, 0, sizeof *msg);
}

/* ---- writing ---- */

static json_t *write_string(const char *text)
{
    if (g_utf8_validate(text, -1, NULL))
        return json_string_nocheck(text);
    g_autofree char *valid = g_utf8_make_valid(text, -1);
    return json_string_nocheck(valid);
}

static void set_optional_string(json_t *object, const char *name, const char *text)
{
    if (text != NULL)
        json_object_set_new_nocheck(object, name, write_string(text));
}

static json_t *write_fields(const GPtrArray *list)
{
    json_t *array = json_array();

    for (guint i = 0; i < list->len; i++) {
        const CwField *field = g_ptr_array_index(list, i);
        json_t *object = json_object();
        set_optional_string(object, "name", field->name);
        set_optional_string(object, "label", field->label);
        set_optional_string(object, "kind", cw_field_kind_to_string(field->kind));
        set_optional_string(object, "value", field->value);
        if (field->required)
            json_object_set_new(object, "required", json_true());
        if (field->from_right)
            json_object_set_new(object, "from-right", json_true());
        if (field->separator != '\0')
            set_optional_string(object, "separator", (char[]){field->separator, '\0'});
        if (field->choices != NULL) {
            json_t *choices = json_array();
            for (guint j = 0; j < field->choices->len; j++) {
                const CwChoice *choice = g_ptr_array_index(field->choices, j);
                json_t *item = json_object();
                set_optional_string(item, "value", choice->value);
                set_optional_string(item, "label", choice->label);
                json_array_append_new(choices, item);
            }
            json_object_set_new(object, "choices", choices);
        }
        json_array_append_new(array, object);
    }
    return array;
}

static json_t *write_protocol(const CwProtocol *protocol)
{
    json_t *object = json_object();

    set_optional_string(object, "id", protocol->id);
    set_optional_string(object, "name", protocol->name);
    set_optional_string(object, "identity", protocol->identity);
    set_optional_string(object, "password", password_words[protocol->password]);
    json_object_set_new(object, "typing", json_boolean(protocol->typing));
    json_object_set_new(object, "authorization", json_boolean(protocol->authorization));
    json_object_set_new(object, "local-list", json_boolean(protocol->local_list));
    json_object_set_new(object, "picture", json_boolean(protocol->picture));
    json_object_set_new(object, "splits", write_fields(protocol->splits));
    json_object_set_new(object, "options", write_fields(protocol->options));
    return object;
}

static json_t *write_values(GHashTable *values)
{
    json_t *object = json_object();
    GHashTableIter iter;
    gpointer key, value;

    g_hash_table_iter_init(&iter, values);
    while (g_hash_table_iter_next(&iter, &key, &value))
        set_optional_string(object, key, value);
    return object;
}

/* The JSON of a field, or NULL when it is not there.  Fields whose zero has a meaning (show
 * offline, reason none, …) are written when they must be there. */
static json_t *write_shape(FieldShape shape, const CwLinkMsg *msg, gsize offset, gboolean must)
{
    gconstpointer place = G_STRUCT_MEMBER_P(msg, offset);

    switch (shape) {
    case SHAPE_NUMBER: {
        gint64 number = offset == AT(account) ? (gint64)msg->account : *(const gint64 *)place;
        return number < 1 ? NULL : json_integer(number);
    }
    case SHAPE_TIME:
        return *(const gint64 *)place == 0 ? NULL : json_integer(*(const gint64 *)place);
    case SHAPE_STRING: {
        const char *text = *(const char *const *)place;
        return text == NULL ? NULL : write_string(text);
    }
    case SHAPE_BOOLEAN:
        return must || *(const gboolean *)place ? json_boolean(*(const gboolean *)place) : NULL;
    case SHAPE_SHOW:
        if (!must && msg->show == CW_SHOW_OFFLINE)
            return NULL;
        return json_string_nocheck(cw_show_to_string(msg->show));
    case SHAPE_REASON:
        if (!must && msg->reason == CW_REASON_NONE)
            return NULL;
        return json_string_nocheck(cw_reason_to_string(msg->reason));
    case SHAPE_STATE:
        return json_string_nocheck(state_words[msg->state]);
    case SHAPE_TYPING:
        return json_string_nocheck(typing_words[msg->typing]);
    case SHAPE_AUTHORIZATION:
        return json_string_nocheck(authorization_words[msg->authorization]);
    case SHAPE_VALUES:
        return msg->values == NULL ? NULL : write_values(msg->values);
    case SHAPE_FIELDS:
        return msg->fields == NULL ? NULL : write_fields(msg->fields);
    case SHAPE_PROTOCOL:
        return msg->protocol == NULL ? NULL : write_protocol(msg->protocol);
    }
    return NULL;
}

gboolean cw_link_encode(const CwLinkMsg *msg, CwLinkSide from, GString *out, GError **error)
{
    guint must = 0, may = 0;

    set_memory();
    if (!find_shape(msg->kind, from, &must, &may)) {
        g_set_error(error, CW_LINK_ERROR, CW_LINK_ERROR_RULES, "'%s' is not ours to send",
                    cw_link_kind_to_string(msg->kind));
        return FALSE;
    }

    json_t *root = json_object();
    json_object_set_new_nocheck(root, "type", json_string_nocheck(kind_words[msg->kind]));
    for (guint i = 0; i < G_N_ELEMENTS(fields); i++) {
        gboolean required = (must & fields[i].bit) != 0;
        if (((must | may) & fields[i].bit) == 0)
            continue;
        json_t *json = write_shape(fields[i].shape, msg, fields[i].offset, required);
        if (json != NULL) {
            json_object_set_new_nocheck(root, fields[i].name, json);
        } else if (required) {
            json_decref(root);
            return breaks_rules(error, kind_words[msg->kind], fields[i].name, "is missing");
        }
    }
    /* whole, and then at once: a buffer that grows with it would leave pieces behind */
    char *line = json_dumps(root, JSON_COMPACT);
    json_decref(root);
    if (line == NULL)
        return breaks_rules(error, kind_words[msg->kind], "values", "has a name that is not UTF-8");
    gsize length = strlen(line);
    gboolean fits = length < CW_LINK_LINE_MAX;
    if (fits) {
        cw_secret_grow(out, length + 1);
        g_string_append_len(out, line, (gssize)length);
        g_string_append_c(out, '\n');
    }
    wipe_and_free(line);

    if (!fits) {
        g_set_error(error, CW_LINK_ERROR, CW_LINK_ERROR_SYNTAX, "'%s' would be over %d bytes",
                    kind_words[msg->kind], CW_LINK_LINE_MAX);
        return FALSE;
    }
    return TRUE;
}
