/* component/features/room-keeping.c: rooms that the user keeps, as he says and sees it
 *
 *     muc#owner of ROOM (XEP-0045 10)   a form of his own options for the room, not of the room's
 *     commands of the gateway           rooms; autojoin ROOM on|off; stay ROOM on|off; leave ROOM
 *
 * What is kept, and what follows from that, is transport/session-kept.c's.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <string.h>

#include "component/features/rooms.h"
#include "component/features/talk.h"
#include "component/form.h"

#define FORM_TYPE CW_NS_MUC "#roomconfig"
#define NICK_MAX 1023 /* bytes: RFC 7622 3.4 */

/* ---- which room ---- */

/* What the user wrote: a JID, or the network's own name.  (transfer full) (nullable) */
static char *read_name(CwComponent *component, const char *typed)
{
    g_autoptr(CwJid) jid = cw_jid_parse(typed, NULL);
    g_autofree char *address = NULL;

    if (jid == NULL || jid->local == NULL ||
        !g_str_equal(jid->domain, cw_component_domain(component))) {
        if (*typed == '\0' || cw_component_has_control(typed))
            return NULL;
        address = cw_jid_for_legacy(typed, cw_component_domain(component));
        g_clear_pointer(&jid, cw_jid_free);
        jid = address == NULL ? NULL : cw_jid_parse(address, NULL);
    }
    g_autofree char *name = jid == NULL ? NULL : cw_component_legacy_name(jid);
    return name != NULL && cw_rooms_may_be(component, name) ? g_steal_pointer(&name) : NULL;
}

static const CwRoom *find_room(CwComponent *component, const char *user, const char *name)
{
    CwSession *session = cw_transport_find_session(cw_component_transport(component), user);

    return session == NULL ? NULL : cw_session_find_room(session, name);
}

/* What he is called on the network.  (transfer full) */
static char *own_nick(CwComponent *component, const char *user)
{
    CwTransport *transport = cw_component_transport(component);
    const CwProtocol *protocol = cw_transport_protocol(transport);
    g_autoptr(GHashTable) values = NULL;
    g_autofree char *first = NULL;
    g_autoptr(CwUser) stored = cw_store_get_user(cw_transport_store(transport),
                                                 cw_component_domain(component), user, NULL);

    if (stored != NULL && protocol != NULL)
        cw_protocol_split_username(protocol, stored->username, &first, &values);
    return first != NULL && *first != '\0' ? g_steal_pointer(&first)
                                           : g_strndup(user, strcspn(user, "@"));
}

CwStoredRoom *cw_rooms_get_row(CwComponent *component, const char *user, const char *name)
{
    g_autoptr(GPtrArray) rows = cw_transport_list_kept(cw_component_transport(component), user);
    const CwRoom *room = find_room(component, user, name);

    for (guint i = 0; rows != NULL && i < rows->len; i++) {
        const CwStoredRoom *row = g_ptr_array_index(rows, i);
        if (g_str_equal(row->name, name))
            return cw_stored_room_copy(row);
    }
    g_autofree char *nick = room != NULL ? g_strdup(room->nick) : own_nick(component, user);
    return rows == NULL ? NULL : cw_stored_room_new(name, nick);
}

gboolean cw_rooms_is_nick(const char *nick)
{
    return strlen(nick) <= NICK_MAX && !cw_component_has_control(nick);
}

/* NULL, or why not */
static const char *keep(CwComponent *component, const char *user, CwStoredRoom *row)
{
    gboolean bookmarked = row->bookmarked;

    row->bookmarked = bookmarked && row->join;
    CwReason reason = cw_transport_keep_room(cw_component_transport(component), user, row);
    if (reason == CW_REASON_NONE && (row->join || bookmarked))
        cw_bookmarks_write(component, user, row);
    return reason == CW_REASON_NONE   ? NULL
           : reason == CW_REASON_RATE ? "you keep too many rooms already"
                                      : "your rooms cannot be read";
}

static gboolean may_stay(CwComponent *component)
{
    return cw_transport_settings(cw_component_transport(component))->may_stay;
}

/* ---- the form ---- */

static void add_boolean(GPtrArray *fields, const char *name, const char *label, gboolean yes)
{
    g_ptr_array_add(fields, cw_field_new(CW_FIELD_BOOLEAN, name, label, yes ? "1" : "0"));
}

static GPtrArray *make_fields(CwComponent *component, const CwStoredRoom *row)
{
    GPtrArray *fields = cw_fields_new();

    add_boolean(fields, "autojoin", "Join this room whenever I log in", row->join);
    if (may_stay(component))
        add_boolean(fields, "stay", "Stay in this room while I am offline", row->stay);
    g_ptr_array_add(fields, cw_field_new(CW_FIELD_TEXT, "nick", "Nickname there", row->nick));
    return fields;
}

/* The row of the room that it is for; NULL: it is answered with an error. */
static CwStoredRoom *open_row(CwComponent *component, const CwStanza *stanza)
{
    const char *user = stanza->from->bare;
    g_autofree char *name = cw_component_legacy_name(stanza->to);

    if (stanza->to->local == NULL) {
        cw_component_send_error(component, stanza, CW_STANZA_SERVICE_UNAVAILABLE, NULL);
        return NULL;
    }
    if (!cw_transport_is_registered(cw_component_transport(component), user)) {
        cw_component_send_error(component, stanza, CW_STANZA_REGISTRATION_REQUIRED,
                                "register with this gateway first");
        return NULL;
    }
    if (name == NULL || stanza->to->resource != NULL ||
        (find_room(component, user, name) == NULL && !cw_rooms_may_be(component, name))) {
        cw_component_send_error(component, stanza, CW_STANZA_ITEM_NOT_FOUND, "this is no room");
        return NULL;
    }
    CwStoredRoom *row = cw_rooms_get_row(component, user, name);
    if (row == NULL)
        cw_component_send_error(component, stanza, CW_STANZA_INTERNAL_SERVER_ERROR,
                                "your rooms cannot be read; tell the gateway's admin");
    return row;
}

void cw_rooms_answer_owner_get(CwComponent *component, const CwStanza *stanza, const CwNode *query)
{
    g_autoptr(CwStoredRoom) row = open_row(component, stanza);

    if (row == NULL)
        return;
    g_autoptr(GPtrArray) fields = make_fields(component, row);
    CwWriter *writer = cw_component_begin_result(component, stanza);
    cw_writer_start(writer, "query", CW_NS_MUC_OWNER);
    cw_form_write(writer, FORM_TYPE, row->name,
                  "These are your own options for this room, kept by the gateway.  The room itself "
                  "is not changed.",
                  fields);
    cw_writer_end(writer);
    cw_component_end(component);
}

/* FALSE: no such nickname can be. */
static gboolean take_values(CwStoredRoom *row, GHashTable *values)
{
    const char *autojoin = g_hash_table_lookup(values, "autojoin");
    const char *stay = g_hash_table_lookup(values, "stay");
    const char *nick = g_hash_table_lookup(values, "nick");

    if (autojoin != NULL)
        row->join = g_str_equal(autojoin, "1");
    if (stay != NULL)
        row->stay = g_str_equal(stay, "1");
    if (nick == NULL || *nick == '\0')
        return TRUE;
    g_free(row->nick);
    row->nick = g_strdup(nick);
    return cw_rooms_is_nick(nick);
}

static void submit(CwComponent *component, const CwStanza *stanza, const CwNode *query,
                   CwStoredRoom *row)
{
    g_autoptr(GPtrArray) fields = make_fields(component, row);
    g_autoptr(GError) error = NULL;
    g_autoptr(GHashTable) values = cw_form_values(query, FORM_TYPE, fields, &error);
    const char *problem = NULL;

    if (values == NULL) {
        cw_component_send_error(component, stanza, (CwStanzaCondition)error->code, error->message);
    } else if (!take_values(row, values)) {
        cw_component_send_error(component, stanza, CW_STANZA_NOT_ACCEPTABLE,
                                "there can be no such nickname");
    } else if (g_hash_table_size(values) > 0 &&
               (problem = keep(component, stanza->from->bare, row)) != NULL) {
        cw_component_send_error(component, stanza, CW_STANZA_RESOURCE_CONSTRAINT, problem);
    } else {
        cw_component_send_result(component, stanza);
    }
}

void cw_rooms_answer_owner_set(CwComponent *component, const CwStanza *stanza, const CwNode *query)
{
    g_autoptr(CwStoredRoom) row = open_row(component, stanza);
    CwFormKind kind = cw_form_kind(query);

    if (row == NULL)
        return;
    if (cw_node_child(query, "destroy", CW_NS_MUC_OWNER) != NULL) /* 10.9 */
        cw_component_send_error(component, stanza, CW_STANZA_FORBIDDEN,
                                "the room is the network's; this gateway cannot end it");
    else if (kind == CW_FORM_CANCEL)
        cw_component_send_result(component, stanza);
    else if (kind != CW_FORM_SUBMIT)
        cw_component_send_error(component, stanza, CW_STANZA_BAD_REQUEST,
                                "a form is expected, submitted or cancelled");
    else
        submit(component, stanza, query, row);
}

/* ---- by commands ---- */

static void say_row(CwTalk *talk, const CwStoredRoom *row)
{
    CwComponent *component = cw_talk_component(talk);
    const char *join = row->join   ? "I join it whenever you log in"
                       : row->stay ? "I join it as long as you stay in it"
                                   : "I do not join it by myself";
    const char *stay = !may_stay(component) ? "staying while you are offline is not possible here"
                       : row->stay          ? "you stay in it while you are offline"
                                            : "you leave it when you go offline";
    g_autofree char *text = g_strdup_printf("%s, as %s: %s; %s.", row->name, row->nick, join, stay);

    cw_talk_say(talk, text);
}

/* "ROOM on", "ROOM off", "ROOM": 1, 0, -1.  (transfer full) */
static char *split_switch(const char *rest, int *yes)
{
    const char *last = strrchr(rest, ' ');

    *yes = last == NULL                            ? -1
           : g_ascii_strcasecmp(last, " on") == 0  ? 1
           : g_ascii_strcasecmp(last, " off") == 0 ? 0
                                                   : -1;
    return *yes < 0 ? g_strdup(rest) : g_strchomp(g_strndup(rest, (gsize)(last - rest)));
}

static void say_problem(CwTalk *talk, const char *problem)
{
    g_autofree char *text = g_strdup_printf("That did not work: %s.", problem);

    cw_talk_refuse(talk, text);
}

/* The row that `rest` begins with; NULL: the user is told why there is none. */
static CwStoredRoom *open_typed(CwTalk *talk, const char *typed)
{
    const char *user = cw_talk_user(talk)->bare;
    g_autofree char *name = read_name(cw_talk_component(talk), typed);
    CwStoredRoom *row = NULL;

    if (!cw_transport_is_registered(cw_talk_transport(talk), user))
        cw_talk_refuse(talk, "You are not registered with me.");
    else if (name == NULL)
        cw_talk_refuse(talk, "Which room?  Write its name, as on the network or as an address.");
    else if ((row = cw_rooms_get_row(cw_talk_component(talk), user, name)) == NULL)
        cw_talk_refuse(talk, "Your rooms cannot be read; try again later.");
    return row;
}

static void switch_option(CwTalk *talk, const char *rest, gboolean of_stay)
{
    CwComponent *component = cw_talk_component(talk);
    int yes = -1;
    g_autofree char *typed = split_switch(rest, &yes);
    g_autoptr(CwStoredRoom) row = open_typed(talk, typed);
    const char *problem = NULL;

    if (row == NULL)
        return;
    if (of_stay && yes == 1 && !may_stay(component))
        problem = "the admin of this gateway does not let users stay while they are offline";
    else if (yes >= 0) {
        *(of_stay ? &row->stay : &row->join) = yes == 1;
        problem = keep(component, cw_talk_user(talk)->bare, row);
    }
    if (problem == NULL)
        say_row(talk, row);
    else
        say_problem(talk, problem);
}

void cw_rooms_run_autojoin(CwTalk *talk, const char *rest)
{
    switch_option(talk, rest, FALSE);
}

void cw_rooms_run_stay(CwTalk *talk, const char *rest)
{
    switch_option(talk, rest, TRUE);
}

void cw_rooms_run_leave(CwTalk *talk, const char *rest)
{
    CwComponent *component = cw_talk_component(talk);
    const char *user = cw_talk_user(talk)->bare;
    g_autoptr(CwStoredRoom) row = open_typed(talk, rest);
    CwSession *session = cw_transport_find_session(cw_talk_transport(talk), user);

    if (row == NULL)
        return;
    row->join = row->stay = FALSE;
    const char *problem = keep(component, user, row);
    if (session != NULL)
        cw_rooms_leave_all(component, session, row->name);
    if (problem != NULL) {
        say_problem(talk, problem);
        return;
    }
    g_autofree char *text = g_strdup_printf("You are not in %s any more.", row->name);
    cw_talk_say(talk, text);
}

static void add_line(GString *list, CwComponent *component, const CwRoom *room,
                     const CwStoredRoom *row)
{
    const char *name = room != NULL ? room->name : row->name;

    g_string_append_printf(list, "\n  %s, as %s: %s", name, room != NULL ? room->nick : row->nick,
                           room == NULL ? "not joined"
                           : room->in   ? "joined"
                                        : "being joined");
    if (row != NULL && row->join)
        g_string_append(list, "; autojoin on");
    if (row != NULL && row->stay)
        g_string_append(list, may_stay(component) ? "; stay on" : "; stay on, not possible here");
}

typedef struct {
    CwComponent *component;
    GString *list;
    GPtrArray *rows;
} Listing;

static void list_unkept(CwRoom *room, gpointer data)
{
    const Listing *listing = data;

    for (guint i = 0; i < listing->rows->len; i++) {
        const CwStoredRoom *row = g_ptr_array_index(listing->rows, i);
        if (g_str_equal(row->name, room->name))
            return;
    }
    add_line(listing->list, listing->component, room, NULL);
}

void cw_rooms_run_list(CwTalk *talk, const char *rest)
{
    CwComponent *component = cw_talk_component(talk);
    const CwJid *user = cw_talk_user(talk);
    CwSession *session = cw_transport_find_session(cw_talk_transport(talk), user->bare);
    g_autoptr(GPtrArray) rows = cw_transport_list_kept(cw_talk_transport(talk), user->bare);
    g_autoptr(GString) list = g_string_new(NULL);
    Listing listing = {component, list, rows};

    for (guint i = 0; rows != NULL && i < rows->len; i++) {
        const CwStoredRoom *row = g_ptr_array_index(rows, i);
        add_line(list, component, find_room(component, user->bare, row->name), row);
    }
    if (session != NULL && rows != NULL)
        cw_session_each_room(session, list_unkept, &listing);
    g_string_prepend(list, rows == NULL     ? "Your rooms cannot be read; try again later."
                           : list->len == 0 ? "You are in no room, and keep none."
                                            : "Your rooms:");
    if (rows == NULL)
        cw_talk_refuse(talk, list->str);
    else
        cw_talk_say(talk, list->str);
}

/* That somebody may, where the network has rooms. */
gboolean cw_rooms_may_stay(CwComponent *component)
{
    const CwProtocol *protocol = cw_transport_protocol(cw_component_transport(component));

    return protocol != NULL && protocol->rooms && may_stay(component);
}

/* ---- what he is told ---- */

/* A client of his that was in the room has seen it. */
void cw_rooms_tell_lost(CwComponent *component, CwSession *session, const CwRoom *room,
                        const CwRoomExit *exit)
{
    const CwStoredRoom *row = cw_session_find_kept(session, room->name);
    gboolean comes_back = exit->exit == CW_EXIT_ENDED && exit->reason != CW_REASON_NONE;

    if (row == NULL || (!row->join && !row->stay) || room->clients->len > 0 || comes_back ||
        (exit->exit == CW_EXIT_REFUSED && row->told))
        return;
    const char *how = exit->exit == CW_EXIT_REFUSED  ? "I could not join"
                      : exit->exit == CW_EXIT_KICKED ? "You were kicked from"
                      : exit->exit == CW_EXIT_BANNED ? "You were banned from"
                      : exit->exit == CW_EXIT_ENDED  ? "This room is no more:"
                                                     : "You are not any more in";
    const char *why = exit->text != NULL              ? exit->text
                      : exit->exit == CW_EXIT_REFUSED ? cw_reason_text(exit->reason)
                                                      : NULL;
    g_autofree char *text = g_strdup_printf(
        "%s %s%s%s%s%s.  I try again when you log in next; leave %s ends that.", how, room->name,
        exit->by == NULL ? "" : " by ", exit->by == NULL ? "" : exit->by, why == NULL ? "" : ": ",
        why == NULL ? "" : why, room->name);
    cw_gateway_chat_say(component, cw_session_jid(session), text);
}
