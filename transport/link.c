/* transport/link.c: lines of the link <-> CwLinkMsg, by one table
 *
 * `fields` says how each field looks in JSON and where it lives in CwLinkMsg; `shapes` says for
 * each kind and sender which fields must and which may be there.  Nothing else knows the rules of
 * protocols/LINK.md.
 *
 * What was read lives in an arena, which is wiped when it is given back: a password may be in it.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "transport/link.h"

#include <string.h>

#include "transport/json.h"
#include "transport/link-values.h"
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
    SHAPE_ROLE,
    SHAPE_AFFILIATION,
    SHAPE_EXIT,
    SHAPE_VALUES,
    SHAPE_FIELDS,
    SHAPE_FOUND,
    SHAPE_PROTOCOL,
} FieldShape;

enum {
    F_ACCOUNT = 1ull << 0,
    F_ID = 1ull << 1,
    F_CONTACT = 1ull << 2,
    F_TEXT = 1ull << 3,
    F_NAME = 1ull << 4,
    F_GROUP = 1ull << 5,
    F_STATUS = 1ull << 6,
    F_TITLE = 1ull << 7,
    F_LEVEL = 1ull << 8,
    F_USERNAME = 1ull << 9,
    F_PASSWORD = 1ull << 10,
    F_VERSION = 1ull << 11,
    F_STAMP = 1ull << 12,
    F_SHOW = 1ull << 13,
    F_STATE = 1ull << 14,
    F_REASON = 1ull << 15,
    F_TYPING = 1ull << 16,
    F_FATAL = 1ull << 17,
    F_OWN = 1ull << 18,
    F_CANCELLED = 1ull << 19,
    F_VALUES = 1ull << 20,
    F_FIELDS = 1ull << 21,
    F_PROTOCOL = 1ull << 22,
    F_AUTHORIZATION = 1ull << 23,
    F_IDLE = 1ull << 24,
    F_DATA = 1ull << 25,
    F_MEDIA = 1ull << 26,
    F_FOUND = 1ull << 27,
    F_TOTAL = 1ull << 28,
    F_ROOM = 1ull << 29,
    F_NICK = 1ull << 30,
    F_ROLE = 1ull << 31,
    F_AFFILIATION = 1ull << 32,
    F_EXIT = 1ull << 33,
    F_BY = 1ull << 34,
    F_MORE = 1ull << 35,
    F_URL = 1ull << 36,
};

#define AT(member) G_STRUCT_OFFSET(CwLinkMsg, member)

static const struct {
    guint64 bit;
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
    {F_URL, "url", SHAPE_STRING, AT(url)},
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
    {F_FOUND, "found", SHAPE_FOUND, AT(found)},
    {F_TOTAL, "total", SHAPE_NUMBER, AT(total)},
    {F_PROTOCOL, "protocol", SHAPE_PROTOCOL, AT(protocol)},
    {F_AUTHORIZATION, "authorization", SHAPE_AUTHORIZATION, AT(authorization)},
    {F_ROOM, "room", SHAPE_STRING, AT(room)},
    {F_NICK, "nick", SHAPE_STRING, AT(nick)},
    {F_ROLE, "role", SHAPE_ROLE, AT(role)},
    {F_AFFILIATION, "affiliation", SHAPE_AFFILIATION, AT(affiliation)},
    {F_EXIT, "exit", SHAPE_EXIT, AT(exit)},
    {F_BY, "by", SHAPE_STRING, AT(by)},
    {F_MORE, "more", SHAPE_BOOLEAN, AT(more)},
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
    [CW_LINK_NORMALIZE] = "normalize",
    [CW_LINK_ITEMS] = "items",
    [CW_LINK_SEARCH] = "search",
    [CW_LINK_COMMAND] = "command",
    [CW_LINK_AVATAR] = "avatar",
    [CW_LINK_NICK] = "nick",
    [CW_LINK_ROOM_JOIN] = "room-join",
    [CW_LINK_ROOM_LEAVE] = "room-leave",
    [CW_LINK_ROOM_MESSAGE] = "room-message",
    [CW_LINK_ROOM_PRIVATE] = "room-private",
    [CW_LINK_ROOM_SUBJECT] = "room-subject",
    [CW_LINK_ROOM_NICK] = "room-nick",
    [CW_LINK_ROOM_SET] = "room-set",
    [CW_LINK_ROOM_INVITE] = "room-invite",
    [CW_LINK_ROOMS] = "rooms",
    [CW_LINK_ROOM_JOINED] = "room-joined",
    [CW_LINK_ROOM_LEFT] = "room-left",
    [CW_LINK_OCCUPANT] = "occupant",
    [CW_LINK_OCCUPANT_GONE] = "occupant-gone",
    [CW_LINK_ROOM_INVITED] = "room-invited",
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
    [CW_LINK_REMEMBER] = "remember",
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
    guint64 must, may;
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
    {CW_LINK_CONTACT_RENAME, CW_LINK_GATEWAY, A | F_CONTACT, F_NAME | F_GROUP},
    {CW_LINK_AUTHORIZE, CW_LINK_GATEWAY, A | F_CONTACT, 0},
    {CW_LINK_DENY, CW_LINK_GATEWAY, A | F_CONTACT, 0},
    {CW_LINK_ANSWER, CW_LINK_GATEWAY, A | F_ID, F_VALUES | F_CANCELLED},
    {CW_LINK_INFO, CW_LINK_GATEWAY, A | F_ID | F_CONTACT, 0},
    {CW_LINK_NORMALIZE, CW_LINK_GATEWAY, A | F_ID | F_CONTACT, 0},
    {CW_LINK_ITEMS, CW_LINK_GATEWAY, A | F_ID | F_CONTACT, 0},
    {CW_LINK_SEARCH, CW_LINK_GATEWAY, A | F_ID, F_VALUES},
    {CW_LINK_COMMAND, CW_LINK_GATEWAY, A | F_ID | F_CONTACT | F_TEXT, 0},
    {CW_LINK_AVATAR, CW_LINK_GATEWAY, A, F_DATA | F_MEDIA},
    {CW_LINK_NICK, CW_LINK_GATEWAY, A, F_NAME},
    {CW_LINK_ROOM_JOIN, CW_LINK_GATEWAY, A | F_ROOM, F_NICK | F_PASSWORD},
    {CW_LINK_ROOM_LEAVE, CW_LINK_GATEWAY, A | F_ROOM, F_TEXT},
    {CW_LINK_ROOM_MESSAGE, CW_LINK_GATEWAY, A | F_ID | F_ROOM | F_TEXT, 0},
    {CW_LINK_ROOM_PRIVATE, CW_LINK_GATEWAY, A | F_ID | F_ROOM | F_NICK | F_TEXT, 0},
    {CW_LINK_ROOM_SUBJECT, CW_LINK_GATEWAY, A | F_ID | F_ROOM | F_TEXT, 0},
    {CW_LINK_ROOM_NICK, CW_LINK_GATEWAY, A | F_ID | F_ROOM | F_NICK, 0},
    {CW_LINK_ROOM_SET, CW_LINK_GATEWAY, A | F_ID | F_ROOM | F_NICK,
     F_ROLE | F_AFFILIATION | F_TEXT},
    {CW_LINK_ROOM_INVITE, CW_LINK_GATEWAY, A | F_ID | F_ROOM | F_CONTACT, F_TEXT},
    {CW_LINK_ROOMS, CW_LINK_GATEWAY, A | F_ID, 0},
    {CW_LINK_PING, CW_LINK_GATEWAY, F_ID, 0},

    {CW_LINK_HELLO, CW_LINK_HOST, F_VERSION | F_PROTOCOL, 0},
    {CW_LINK_STATE, CW_LINK_HOST, A | F_STATE, F_REASON | F_TEXT | F_FATAL},
    {CW_LINK_CONTACT, CW_LINK_HOST, A | F_CONTACT, F_NAME | F_GROUP},
    {CW_LINK_CONTACT_GONE, CW_LINK_HOST, A | F_CONTACT, 0},
    {CW_LINK_PRESENCE, CW_LINK_HOST, A | F_CONTACT | F_SHOW, F_STATUS | F_IDLE},
    {CW_LINK_MESSAGE, CW_LINK_HOST, A | F_CONTACT | F_TEXT,
     F_STAMP | F_OWN | F_TITLE | F_URL | F_FIELDS | F_FOUND},
    {CW_LINK_TYPING, CW_LINK_HOST, A | F_CONTACT | F_TYPING, 0},
    {CW_LINK_ASK_AUTHORIZATION, CW_LINK_HOST, A | F_CONTACT, F_NAME | F_TEXT},
    {CW_LINK_ASK_GONE, CW_LINK_HOST, A | F_CONTACT, 0},
    {CW_LINK_AUTHORIZATION, CW_LINK_HOST, A | F_CONTACT | F_AUTHORIZATION, 0},
    {CW_LINK_QUESTION, CW_LINK_HOST, A | F_ID | F_FIELDS, F_TITLE | F_TEXT},
    {CW_LINK_QUESTION_GONE, CW_LINK_HOST, A | F_ID, 0},
    {CW_LINK_NOTICE, CW_LINK_HOST, A | F_TEXT, F_TITLE},
    {CW_LINK_REMEMBER, CW_LINK_HOST, A | F_NAME, F_TEXT},
    {CW_LINK_INFO, CW_LINK_HOST, A | F_ID | F_FIELDS, 0},
    {CW_LINK_NORMALIZE, CW_LINK_HOST, A | F_ID | F_CONTACT, 0},
    {CW_LINK_ITEMS, CW_LINK_HOST, A | F_ID | F_FIELDS | F_FOUND, 0},
    {CW_LINK_SEARCH, CW_LINK_HOST, A | F_ID | F_FIELDS, F_TEXT | F_FOUND | F_TOTAL},
    {CW_LINK_COMMAND, CW_LINK_HOST, A | F_ID | F_TEXT, 0},
    {CW_LINK_AVATAR, CW_LINK_HOST, A | F_CONTACT, F_DATA | F_MEDIA},
    {CW_LINK_ROOM_JOINED, CW_LINK_HOST, A | F_ROOM | F_NICK, 0},
    {CW_LINK_ROOM_LEFT, CW_LINK_HOST, A | F_ROOM | F_EXIT, F_REASON | F_TEXT | F_BY},
    {CW_LINK_OCCUPANT, CW_LINK_HOST, A | F_ROOM | F_NICK | F_ROLE | F_AFFILIATION,
     F_CONTACT | F_SHOW | F_STATUS},
    {CW_LINK_OCCUPANT_GONE, CW_LINK_HOST, A | F_ROOM | F_NICK | F_EXIT, F_NAME | F_TEXT | F_BY},
    {CW_LINK_ROOM_MESSAGE, CW_LINK_HOST, A | F_ROOM | F_TEXT, F_NICK | F_STAMP | F_ID},
    {CW_LINK_ROOM_PRIVATE, CW_LINK_HOST, A | F_ROOM | F_NICK | F_TEXT, F_STAMP | F_OWN},
    {CW_LINK_ROOM_SUBJECT, CW_LINK_HOST, A | F_ROOM | F_TEXT, F_NICK},
    {CW_LINK_ROOM_INVITED, CW_LINK_HOST, A | F_ROOM, F_CONTACT | F_TEXT | F_PASSWORD},
    {CW_LINK_ROOMS, CW_LINK_HOST, A | F_ID | F_FIELDS | F_FOUND, F_MORE},
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
static const char *const exit_words[] = {
    [CW_EXIT_LEFT] = "left",       [CW_EXIT_KICKED] = "kicked", [CW_EXIT_BANNED] = "banned",
    [CW_EXIT_RENAMED] = "renamed", [CW_EXIT_ENDED] = "ended",   [CW_EXIT_REFUSED] = "refused",
};
const char *cw_link_kind_to_string(CwLinkKind kind)
{
    return (guint)kind < CW_LINK_N_KINDS ? kind_words[kind] : "?";
}

static gboolean find_shape(CwLinkKind kind, CwLinkSide from, guint64 *must, guint64 *may)
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

/* ---- arenas ---- */

/* The arena of the last line: there is nearly always one line at a time. */
static CwArena *spare;

static CwArena *take_arena(void)
{
    CwArena *arena = g_steal_pointer(&spare);

    return arena != NULL ? arena : cw_arena_new();
}

static void give_back(CwArena *arena)
{
    cw_arena_reset(arena);
    if (spare == NULL)
        spare = arena;
    else
        cw_arena_free(arena);
}

/* ---- reading ---- */

static gboolean breaks_rules(GError **error, const char *kind, const char *field, const char *rule)
{
    g_set_error(error, CW_LINK_ERROR, CW_LINK_ERROR_RULES, "'%s': field '%s' %s", kind, field,
                rule);
    return FALSE;
}

/* Reads one field into its place.  NULL, or the rule that it breaks. */
static const char *read_shape(FieldShape shape, const CwJson *json, gsize offset, CwLinkMsg *msg)
{
    gpointer place = G_STRUCT_MEMBER_P(msg, offset);
    const char *word = cw_json_string(json);
    guint number = 0;

    switch (shape) {
    case SHAPE_NUMBER:
        if (!cw_json_is(json, CW_JSON_INTEGER) || json->integer < 1)
            return "is not a whole number from 1";
        if (offset == AT(account)) {
            if (json->integer > G_MAXUINT32)
                return "is too large";
            msg->account = (guint32)json->integer;
        } else {
            *(gint64 *)place = json->integer;
        }
        return NULL;
    case SHAPE_TIME:
        if (!cw_json_is(json, CW_JSON_INTEGER))
            return "is not a whole number";
        *(gint64 *)place = json->integer;
        return NULL;
    case SHAPE_STRING:
        *(const char **)place = word;
        return word == NULL ? "is not a string" : NULL;
    case SHAPE_BOOLEAN:
        *(gboolean *)place = json->kind == CW_JSON_TRUE;
        return json->kind == CW_JSON_TRUE || json->kind == CW_JSON_FALSE ? NULL
                                                                         : "is not true or false";
    case SHAPE_SHOW:
        return cw_show_from_string(word, place) ? NULL : "is not a known show";
    case SHAPE_REASON:
        return cw_reason_from_string(word, place) ? NULL : "is not a known reason";
    case SHAPE_STATE:
        if (!cw_link_find_word(state_words, G_N_ELEMENTS(state_words), word, &number))
            return "is not a known state";
        msg->state = (CwAccountState)number;
        return NULL;
    case SHAPE_TYPING:
        if (!cw_link_find_word(typing_words, G_N_ELEMENTS(typing_words), word, &number))
            return "is not a known typing state";
        msg->typing = (CwTyping)number;
        return NULL;
    case SHAPE_AUTHORIZATION:
        if (!cw_link_find_word(authorization_words, G_N_ELEMENTS(authorization_words), word,
                               &number))
            return "is not a known authorization";
        msg->authorization = (CwAuthorization)number;
        return NULL;
    case SHAPE_ROLE:
        if (!cw_role_from_string(word, &msg->role))
            return "is not a known role";
        msg->has_role = TRUE;
        return NULL;
    case SHAPE_AFFILIATION:
        if (!cw_affiliation_from_string(word, &msg->affiliation))
            return "is not a known affiliation";
        msg->has_affiliation = TRUE;
        return NULL;
    case SHAPE_EXIT:
        if (!cw_link_find_word(exit_words, G_N_ELEMENTS(exit_words), word, &number))
            return "is not a known exit";
        msg->exit = (CwExit)number;
        return NULL;
    case SHAPE_VALUES:
        return cw_link_read_values(json, place) ? NULL : "is not an object of strings";
    case SHAPE_FIELDS:
        msg->fields = cw_fields_new();
        return cw_link_read_fields(json, msg->fields) ? NULL : "is not a list of fields";
    case SHAPE_FOUND:
        msg->found = cw_found_list_new();
        return cw_link_read_found(json, msg->fields, msg->found)
                   ? NULL
                   : "is not a list of at most 500 people with a value for each of the fields";
    case SHAPE_PROTOCOL:
        return cw_link_read_protocol(json, place) ? NULL : "does not describe a network";
    }
    return "cannot be read";
}

static gboolean find_field(const char *name, guint *at)
{
    for (guint i = 0; i < G_N_ELEMENTS(fields); i++) {
        if (cw_link_is_word(fields[i].name, name)) {
            *at = i;
            return TRUE;
        }
    }
    return FALSE;
}

static gboolean find_kind(const CwJson *root, CwLinkSide from, CwLinkKind *kind, guint64 *must,
                          guint64 *may, GError **error)
{
    const char *type = cw_json_string(cw_json_get(root, "type"));
    guint number = 0;

    if (type == NULL) {
        g_set_error(error, CW_LINK_ERROR, CW_LINK_ERROR_RULES, "no 'type'");
        return FALSE;
    }
    if (cw_link_find_word(kind_words, CW_LINK_N_KINDS, type, &number) &&
        find_shape((CwLinkKind)number, from, must, may)) {
        *kind = (CwLinkKind)number;
        return TRUE;
    }
    g_autofree char *shown = g_strescape(type, NULL);
    g_set_error(error, CW_LINK_ERROR, CW_LINK_ERROR_RULES, "'%.40s' is no type that %s sends",
                shown, from == CW_LINK_HOST ? "a host" : "the gateway");
    return FALSE;
}

static gboolean fill(const CwJson *root, CwLinkSide from, CwLinkMsg *msg, GError **error)
{
    guint64 must = 0, may = 0, seen = 0;
    const CwJson *found = NULL;

    if (!find_kind(root, from, &msg->kind, &must, &may, error))
        return FALSE;
    for (const CwJson *json = root->first; json != NULL; json = json->next) {
        guint at = 0;
        if (!find_field(json->name, &at) || ((must | may) & fields[at].bit) == 0)
            continue;
        seen |= fields[at].bit;
        if (fields[at].shape == SHAPE_FOUND) {
            found = json; /* when its columns are known, which may come behind it */
            continue;
        }
        const char *rule = read_shape(fields[at].shape, json, fields[at].offset, msg);
        if (rule != NULL)
            return breaks_rules(error, kind_words[msg->kind], fields[at].name, rule);
    }
    for (guint i = 0; (must & ~seen) != 0 && i < G_N_ELEMENTS(fields); i++) {
        if ((must & ~seen & fields[i].bit) != 0)
            return breaks_rules(error, kind_words[msg->kind], fields[i].name, "is missing");
    }
    const char *rule = found == NULL ? NULL : read_shape(SHAPE_FOUND, found, AT(found), msg);
    return rule == NULL || breaks_rules(error, kind_words[msg->kind], "found", rule);
}

gboolean cw_link_decode(const char *line, gsize length, CwLinkSide from, CwLinkMsg *msg,
                        GError **error)
{
    gsize position = 0;

    memset(msg, 0, sizeof *msg);
    if (length >= CW_LINK_LINE_MAX) {
        g_set_error(error, CW_LINK_ERROR, CW_LINK_ERROR_SYNTAX, "a line of over %d bytes",
                    CW_LINK_LINE_MAX);
        return FALSE;
    }
    CwArena *arena = take_arena();
    msg->owner = arena;
    const CwJson *root = cw_json_read(arena, line, length, &position);
    if (cw_json_is(root, CW_JSON_OBJECT)) {
        if (fill(root, from, msg, error))
            return TRUE;
    } else {
        /* where it is, and never what: it may be a secret */
        g_set_error(error, CW_LINK_ERROR, CW_LINK_ERROR_SYNTAX,
                    "not a JSON object (byte %" G_GSIZE_FORMAT ")", root == NULL ? position : 0);
    }
    cw_link_msg_clear(msg);
    return FALSE;
}

void cw_link_msg_clear(CwLinkMsg *msg)
{
    if (msg->owner != NULL) {
        g_clear_pointer(&msg->values, g_hash_table_unref);
        g_clear_pointer(&msg->fields, g_ptr_array_unref);
        g_clear_pointer(&msg->found, g_ptr_array_unref);
        g_clear_pointer(&msg->protocol, cw_protocol_free);
        give_back(msg->owner);
    }
    memset(msg, 0, sizeof *msg);
}

/* ---- writing ---- */

static void write_number(GString *out, const char *name, gint64 number)
{
    cw_json_write_next(out, name);
    cw_json_write_integer(out, number);
}

/* FALSE: it is not there.  Fields whose zero has a meaning (show offline, reason none, …) are
 * written when they must be there. */
static gboolean write_shape(GString *out, const char *name, FieldShape shape, const CwLinkMsg *msg,
                            gsize offset, gboolean must)
{
    gconstpointer place = G_STRUCT_MEMBER_P(msg, offset);
    gsize before = out->len;

    switch (shape) {
    case SHAPE_NUMBER: {
        gint64 number = offset == AT(account) ? (gint64)msg->account : *(const gint64 *)place;
        if (number >= 1)
            write_number(out, name, number);
        break;
    }
    case SHAPE_TIME:
        if (*(const gint64 *)place != 0)
            write_number(out, name, *(const gint64 *)place);
        break;
    case SHAPE_STRING:
        cw_link_write_text(out, name, *(const char *const *)place);
        break;
    case SHAPE_BOOLEAN:
        if (must || *(const gboolean *)place)
            cw_link_write_boolean(out, name, *(const gboolean *)place);
        break;
    case SHAPE_SHOW:
        if (must || msg->show != CW_SHOW_OFFLINE)
            cw_link_write_text(out, name, cw_show_to_string(msg->show));
        break;
    case SHAPE_REASON:
        if (must || msg->reason != CW_REASON_NONE)
            cw_link_write_text(out, name, cw_reason_to_string(msg->reason));
        break;
    case SHAPE_STATE:
        cw_link_write_text(out, name, state_words[msg->state]);
        break;
    case SHAPE_TYPING:
        cw_link_write_text(out, name, typing_words[msg->typing]);
        break;
    case SHAPE_AUTHORIZATION:
        cw_link_write_text(out, name, authorization_words[msg->authorization]);
        break;
    case SHAPE_ROLE:
        if (must || msg->has_role)
            cw_link_write_text(out, name, cw_role_to_string(msg->role));
        break;
    case SHAPE_AFFILIATION:
        if (must || msg->has_affiliation)
            cw_link_write_text(out, name, cw_affiliation_to_string(msg->affiliation));
        break;
    case SHAPE_EXIT:
        cw_link_write_text(out, name, exit_words[msg->exit]);
        break;
    case SHAPE_VALUES:
        if (msg->values != NULL)
            cw_link_write_values(out, name, msg->values);
        break;
    case SHAPE_FIELDS:
        if (msg->fields != NULL)
            cw_link_write_fields(out, name, msg->fields);
        break;
    case SHAPE_FOUND:
        if (msg->found != NULL)
            cw_link_write_found(out, name, msg->found);
        break;
    case SHAPE_PROTOCOL:
        if (msg->protocol != NULL)
            cw_link_write_protocol(out, name, msg->protocol);
        break;
    }
    return out->len > before;
}

/* FALSE with `error`: it breaks the table; what was written so far is to be taken back. */
static gboolean write_msg(const CwLinkMsg *msg, guint64 must, guint64 may, GString *out,
                          GError **error)
{
    g_string_append_c(out, '{');
    cw_link_write_text(out, "type", kind_words[msg->kind]);
    for (guint i = 0; i < G_N_ELEMENTS(fields); i++) {
        gboolean required = (must & fields[i].bit) != 0;
        if (((must | may) & fields[i].bit) == 0)
            continue;
        if (!write_shape(out, fields[i].name, fields[i].shape, msg, fields[i].offset, required) &&
            required)
            return breaks_rules(error, kind_words[msg->kind], fields[i].name, "is missing");
    }
    g_string_append(out, "}\n");
    return TRUE;
}

/* An escape has six bytes, and what stands for a byte that is not UTF-8 has three. */
gsize cw_link_msg_most_bytes(const CwLinkMsg *msg)
{
    gsize texts = 0, extra = 1024; /* names, numbers, words and signs */
    GHashTableIter iter;
    gpointer key, value;

    for (guint i = 0; i < G_N_ELEMENTS(fields); i++) {
        const char *const *place = G_STRUCT_MEMBER_P(msg, fields[i].offset);
        if (fields[i].shape == SHAPE_STRING && *place != NULL)
            texts += strlen(*place);
    }
    if (msg->values != NULL) {
        g_hash_table_iter_init(&iter, msg->values);
        while (g_hash_table_iter_next(&iter, &key, &value)) {
            texts += strlen(key) + strlen(value);
            extra += strlen("\"\":\"\",");
        }
    }
    return 6 * texts + extra;
}

static gboolean encode(const CwLinkMsg *msg, CwLinkSide from, GString *out, GError **error)
{
    guint64 must = 0, may = 0;
    gsize before = out->len;

    if (!find_shape(msg->kind, from, &must, &may)) {
        g_set_error(error, CW_LINK_ERROR, CW_LINK_ERROR_RULES, "'%s' is not ours to send",
                    cw_link_kind_to_string(msg->kind));
        return FALSE;
    }
    if (!write_msg(msg, must, may, out, error))
        return FALSE;
    if (out->len - before <= CW_LINK_LINE_MAX)
        return TRUE;
    g_set_error(error, CW_LINK_ERROR, CW_LINK_ERROR_SYNTAX, "'%s' would be over %d bytes",
                kind_words[msg->kind], CW_LINK_LINE_MAX);
    return FALSE;
}

gboolean cw_link_encode(const CwLinkMsg *msg, CwLinkSide from, GString *out, GError **error)
{
    gsize before = out->len;

    /* a buffer that grew while a secret is written into it would leave pieces behind */
    if (cw_link_msg_has_secret(msg))
        cw_secret_grow(out, cw_link_msg_most_bytes(msg));
    if (encode(msg, from, out, error))
        return TRUE;
    explicit_bzero(out->str + before, out->len - before);
    g_string_truncate(out, before);
    return FALSE;
}

gboolean cw_link_msg_has_secret(const CwLinkMsg *msg)
{
    return msg->password != NULL || msg->values != NULL;
}
