/* component/features/rooms.c: group chats of the network as rooms: XEP-0045
 *
 *     presence to ROOM/NICK -> session_room_join() -> room_joined(): who is there, the user
 *                              himself, what was said, the subject (7.2.2)
 *     message to ROOM -> outbox -> the network shows it -> reflected to all of his clients
 *
 * Each of the user's clients is in the room by itself, and all of them as the one occupant that the
 * account is.  Presence is room-presence.c's to write; what the user asks of the room (subject,
 * nick, kick, roles) is room-requests.c's.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#define G_LOG_DOMAIN "component"

#include "component/features/rooms.h"

#include <string.h>

#include "component/xmpp-time.h"

/* ---- addresses ---- */

#define SHORT_NAME "occupant-"

/* A nick that no resource can be is escaped as a contact's name would be; so is one that
 * resourceprep makes another of, which may be there too.  One that is too long has a short name. */
char *cw_rooms_occupant_jid(const char *room_jid, const char *nick)
{
    g_autofree char *plain = g_strconcat(room_jid, "/", nick, NULL);

    if (cw_jid_is_plain_resource(nick)) /* most are, and there are thousands of them */
        return g_steal_pointer(&plain);
    g_autoptr(CwJid) jid = cw_jid_parse(plain, NULL);

    if (jid != NULL && g_strcmp0(jid->resource, nick) == 0)
        return g_strdup(jid->full);
    g_autofree char *escaped = cw_jid_escape_local(nick);
    if (escaped != NULL)
        return g_strconcat(room_jid, "/", escaped, NULL);
    g_autofree char *sum = g_compute_checksum_for_string(G_CHECKSUM_SHA256, nick, -1);
    return g_strdup_printf("%s/" SHORT_NAME "%.16s", room_jid, sum);
}

const CwOccupant *cw_rooms_find_occupant(const CwRoom *room, const CwJid *jid)
{
    const CwOccupant *occupant = cw_room_find(room, jid->resource);
    GHashTableIter iter;
    gpointer value;

    if (occupant != NULL)
        return occupant;
    g_autofree char *nick = cw_jid_unescape_local(jid->resource);
    occupant = cw_room_find(room, nick);
    if (occupant != NULL) {
        g_autofree char *full = cw_rooms_occupant_jid(jid->bare, nick);
        return g_str_equal(full, jid->full) ? occupant : NULL;
    }
    if (!g_str_has_prefix(jid->resource, SHORT_NAME))
        return NULL;
    g_hash_table_iter_init(&iter, room->occupants);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        g_autofree char *full = cw_rooms_occupant_jid(jid->bare, ((const CwOccupant *)value)->nick);
        if (g_str_equal(full, jid->full))
            return value;
    }
    return NULL;
}

CwRoom *cw_rooms_find(CwComponent *component, const CwStanza *stanza, CwSession **session)
{
    *session =
        stanza->to->local == NULL
            ? NULL
            : cw_transport_find_session(cw_component_transport(component), stanza->from->bare);
    g_autofree char *name = *session == NULL ? NULL : cw_component_legacy_name(stanza->to);
    CwRoom *room = name == NULL ? NULL : cw_session_find_room(*session, name);

    return room != NULL && cw_room_has_client(room, cw_rooms_client(stanza)) ? room : NULL;
}

const char *cw_rooms_client(const CwStanza *stanza)
{
    return stanza->from->resource == NULL ? "" : stanza->from->resource;
}

gboolean cw_rooms_is_name(CwComponent *component, const char *name)
{
    const CwProtocol *protocol = cw_transport_protocol(cw_component_transport(component));

    return protocol != NULL && protocol->rooms && protocol->room_prefixes != NULL &&
           strchr(protocol->room_prefixes, *name) != NULL && *name != '\0';
}

gboolean cw_rooms_may_be(CwComponent *component, const char *name)
{
    const CwProtocol *protocol = cw_transport_protocol(cw_component_transport(component));

    return protocol != NULL && protocol->rooms &&
           (protocol->room_prefixes == NULL || cw_rooms_is_name(component, name));
}

/* ---- joining ---- */

static void join(CwComponent *component, const CwStanza *stanza, const CwNode *muc)
{
    CwTransport *transport = cw_component_transport(component);
    CwSession *session = cw_transport_find_session(transport, stanza->from->bare);
    g_autofree char *name = cw_component_legacy_name(stanza->to);
    const char *client = cw_rooms_client(stanza);
    const CwHistoryWish wish = cw_rooms_read_wish(muc);
    CwReason reason = CW_REASON_NOT_ONLINE;

    if (!cw_transport_is_registered(transport, stanza->from->bare)) {
        cw_component_send_error(component, stanza, CW_STANZA_REGISTRATION_REQUIRED,
                                "register with this gateway first");
        return;
    }
    if (stanza->to->resource == NULL || name == NULL) { /* 7.2.1 */
        cw_component_send_error(component, stanza, CW_STANZA_JID_MALFORMED,
                                "a room is joined with a nickname: ROOM@SERVER/NICKNAME");
        return;
    }
    CwRoom *room = session == NULL ? NULL
                                   : cw_session_room_join(session, name, stanza->to->resource,
                                                          cw_node_child_text(muc, "password", NULL),
                                                          client, &reason);
    if (room == NULL)
        cw_rooms_refuse_join(component, stanza->to->full, stanza->from->full, stanza->id, reason,
                             NULL);
    else if (room->in)
        cw_rooms_send_all(component, room, stanza->from->full, stanza->to->resource, &wish);
    else
        cw_room_wish(room, client, &wish);
}

typedef struct {
    CwComponent *component;
    CwSession *session;
    const char *resource;
} Leaver;

static void tell_leaver(CwRoom *room, gpointer data)
{
    const Leaver *leaver = data;
    g_autofree char *to = cw_component_client_jid(leaver->session, leaver->resource);

    if (cw_room_has_client(room, leaver->resource))
        cw_rooms_tell_left(leaver->component, room, to);
}

static void leave(CwComponent *component, const CwStanza *stanza, CwSession *session, CwRoom *room)
{
    const CwStoredRoom *row = cw_session_find_kept(session, room->name);

    cw_rooms_tell_left(component, room, stanza->from->full);
    cw_session_room_leave(session, room, cw_rooms_client(stanza),
                          cw_node_child_text(stanza->node, "status", NULL));
    if (row != NULL &&
        row->bookmarked) /* clients take the bookmark's autojoin away as they leave */
        cw_bookmarks_read(component, stanza->from->bare);
}

void cw_rooms_leave_all(CwComponent *component, CwSession *session, const char *name)
{
    CwRoom *room = NULL;

    while ((room = cw_session_find_room(session, name)) != NULL && room->clients->len > 0) {
        g_autofree char *resource = g_strdup(g_ptr_array_index(room->clients, 0));
        g_autofree char *to = cw_component_client_jid(session, resource);
        cw_rooms_tell_left(component, room, to);
        cw_session_room_leave(session, room, resource, NULL);
    }
}

static gboolean take_presence(CwComponent *component, const CwStanza *stanza)
{
    const CwNode *muc = cw_node_child(stanza->node, "x", CW_NS_MUC);
    CwSession *session = NULL;
    CwRoom *room = NULL;

    if (stanza->to->local == NULL)
        return FALSE;
    if (stanza->type == NULL && muc != NULL) {
        join(component, stanza, muc);
        return TRUE;
    }
    room = cw_rooms_find(component, stanza, &session);
    if (room == NULL)
        return FALSE;
    if (stanza->type == NULL)
        cw_rooms_change_nick(component, stanza, session, room);
    else if (g_str_equal(stanza->type, "unavailable"))
        leave(component, stanza, session, room);
    else
        return FALSE;
    return TRUE;
}

/* ---- messages ---- */

static void refuse_message(CwComponent *component, const CwStanza *stanza, CwReason reason)
{
    cw_component_send_error(component, stanza, cw_reason_condition(reason), cw_reason_text(reason));
}

static void say(CwComponent *component, const CwStanza *stanza, CwSession *session, CwRoom *room,
                const char *nick)
{
    const char *body = cw_node_child_text(stanza->node, "body", NULL);
    CwReason reason = CW_REASON_NONE;

    if (cw_messages_is_encrypted(stanza->node))
        cw_component_send_error(component, stanza, CW_STANZA_NOT_ACCEPTABLE,
                                "nobody in this room could read encrypted messages; switch "
                                "encryption off for it");
    else if (body != NULL && *body != '\0' &&
             !cw_session_room_send(session, room, nick, body, stanza->id, cw_rooms_client(stanza),
                                   &reason))
        refuse_message(component, stanza, reason);
}

/* A text to a room, or to somebody in it, that is no groupchat: the network would show it to all.
 */
static gboolean says_to_room(CwComponent *component, const CwStanza *stanza)
{
    g_autofree char *name = stanza->to->local == NULL ? NULL : cw_component_legacy_name(stanza->to);

    return name != NULL && cw_rooms_is_name(component, name) &&
           cw_node_child(stanza->node, "body", NULL) != NULL;
}

static gboolean take_message(CwComponent *component, const CwStanza *stanza)
{
    gboolean groupchat = g_strcmp0(stanza->type, "groupchat") == 0;
    g_autofree char *name = cw_component_legacy_name(stanza->to);
    CwSession *session = NULL;
    CwRoom *room = cw_rooms_find(component, stanza, &session);

    if (stanza->to->local == NULL)
        return FALSE;
    if (room == NULL && (groupchat ? name != NULL && cw_rooms_may_be(component, name)
                                   : says_to_room(component, stanza))) {
        /* 7.4, 7.5: so that the client joins again */
        cw_component_send_error(component, stanza, CW_STANZA_NOT_ACCEPTABLE,
                                "you are not in this room");
        return TRUE;
    }
    if (room == NULL && cw_rooms_is_invitation(stanza)) {
        cw_component_send_error(component, stanza, CW_STANZA_NOT_ACCEPTABLE,
                                "who invites is in the room himself");
        return TRUE;
    }
    if (room == NULL)
        return cw_rooms_take_invitation(component, stanza, session);
    if (groupchat && stanza->to->resource != NULL) {
        cw_component_send_error(component, stanza, CW_STANZA_BAD_REQUEST,
                                "a groupchat message is for the whole room");
    } else if (groupchat) {
        if (!cw_rooms_take_subject(component, stanza, session, room))
            say(component, stanza, session, room, NULL);
    } else if (stanza->to->resource == NULL) {
        return cw_rooms_take_mediated(component, stanza, session, room);
    } else {
        const CwOccupant *occupant = cw_rooms_find_occupant(room, stanza->to);
        if (occupant != NULL)
            say(component, stanza, session, room, occupant->nick);
        else if (cw_node_child(stanza->node, "body", NULL) != NULL)
            cw_component_send_error(component, stanza, CW_STANZA_ITEM_NOT_FOUND,
                                    "nobody of that nickname is here");
    }
    return TRUE;
}

/* ---- from the transport ---- */

static void room_joined_cb(CwSession *session, const CwRoom *room, gpointer data)
{
    const CwHistoryWish any = {.lines = G_MAXUINT, .chars = G_MAXUINT};

    for (guint i = 0; i < room->clients->len; i++) {
        const char *client = g_ptr_array_index(room->clients, i);
        const CwHistoryWish *wish = cw_room_find_wish(room, client);
        g_autofree char *to = cw_component_client_jid(session, client);
        cw_rooms_send_all(data, room, to, room->wished, wish == NULL ? &any : wish);
    }
}

static void room_left_cb(CwSession *session, const CwRoom *room, const CwRoomExit *exit,
                         gpointer data)
{
    cw_rooms_tell_exit(data, session, room, exit);
    cw_rooms_tell_lost(data, session, room, exit);
}

/* A client that logs out of the gateway leaves, and may still be there to see it. */
static void resource_gone_cb(CwSession *session, const char *resource, gpointer data)
{
    Leaver leaver = {data, session, resource};

    cw_session_each_room(session, tell_leaver, &leaver);
}

static void occupant_cb(CwSession *session, const CwRoom *room, const CwOccupant *occupant,
                        gpointer data)
{
    cw_rooms_tell_occupant(data, session, room, occupant, NULL);
}

static void occupant_gone_cb(CwSession *session, const CwRoom *room, const CwOccupant *occupant,
                             const CwRoomExit *exit, gpointer data)
{
    cw_rooms_tell_occupant(data, session, room, occupant, exit);
}

static void room_message_cb(CwSession *session, const CwRoom *room, const CwRoomLine *line,
                            gboolean late, gpointer data)
{
    g_autofree char *bare = cw_component_contact_jid(data, room->name);

    for (guint i = 0; bare != NULL && i < room->clients->len; i++) {
        g_autofree char *to = cw_component_client_jid(session, g_ptr_array_index(room->clients, i));
        cw_rooms_send_line(data, room, bare, line, late, to);
    }
}

/* 7.5: to the clients that are in the room; a server takes it for the others when they are gone */
static void room_private_cb(CwSession *session, const CwRoom *room, const char *nick,
                            const char *text, gint64 stamp, gboolean own, gpointer data)
{
    g_autofree char *bare = cw_component_contact_jid(data, room->name);
    g_autofree char *from = bare == NULL ? NULL : cw_rooms_occupant_jid(bare, nick);
    g_autofree char *id = g_uuid_string_random();
    g_autofree char *marked = own ? g_strconcat("You: ", text, NULL) : NULL;

    for (guint i = 0; from != NULL && i < MAX(room->clients->len, 1); i++) {
        g_autofree char *to = cw_component_client_jid(
            session, room->clients->len == 0 ? "" : g_ptr_array_index(room->clients, i));
        CwWriter *writer = cw_component_begin_lasting(data, "message", from, to, "chat", id);
        cw_writer_leaf(writer, "body", NULL, own ? marked : text);
        cw_writer_leaf(writer, "x", CW_NS_MUC_USER, NULL);
        if (stamp != 0)
            cw_xmpp_time_write_delay(writer, bare, stamp);
        cw_component_end_lasting(data, stamp != 0);
    }
}

static void room_subject_cb(CwSession *session, const CwRoom *room, gpointer data)
{
    g_autofree char *bare = cw_component_contact_jid(data, room->name);

    for (guint i = 0; bare != NULL && i < room->clients->len; i++) {
        g_autofree char *to = cw_component_client_jid(session, g_ptr_array_index(room->clients, i));
        cw_rooms_send_subject(data, room, bare, to);
    }
}

/* XEP-0249 2 */
static void room_invited_cb(CwSession *session, const char *room, const char *contact,
                            const char *text, const char *password, gpointer data)
{
    g_autofree char *jid = cw_component_contact_jid(data, room);
    g_autofree char *by = contact == NULL ? NULL : cw_component_contact_jid(data, contact);
    g_autofree char *id = g_uuid_string_random();

    if (jid == NULL)
        return;
    g_autofree char *body =
        g_strdup_printf("%s invites you to the room %s%s%s", contact == NULL ? "Somebody" : contact,
                        jid, text == NULL ? "" : ": ", text == NULL ? "" : text);
    CwWriter *writer =
        cw_component_begin_lasting(data, "message", by == NULL ? cw_component_domain(data) : by,
                                   cw_session_jid(session), NULL, id);
    cw_writer_leaf(writer, "body", NULL, body);
    cw_writer_start(writer, "x", CW_NS_CONFERENCE);
    cw_writer_attr(writer, "jid", jid);
    cw_writer_attr(writer, "reason", text);
    cw_writer_attr(writer, "password", password);
    cw_writer_end(writer);
    cw_component_end_lasting(data, FALSE);
}

static void message_returned_cb(CwSession *session, const CwOutgoing *message, CwReason reason,
                                const char *text, gpointer data)
{
    g_autofree char *bare =
        message->in_room ? cw_component_contact_jid(data, message->contact) : NULL;

    if (bare == NULL || message->resource == NULL)
        return;
    g_autofree char *from =
        message->nick == NULL ? g_strdup(bare) : cw_rooms_occupant_jid(bare, message->nick);
    g_autofree char *to = cw_component_client_jid(session, message->resource);
    CwWriter *writer = cw_component_begin(data, "message", from, to, "error", message->stanza_id);
    cw_stanza_error_write(writer, cw_reason_condition(reason),
                          text == NULL || *text == '\0' ? cw_reason_text(reason) : text);
    cw_component_end(data);
}

static const CwEvents events = {
    .resource_gone = resource_gone_cb,
    .room_joined = room_joined_cb,
    .room_left = room_left_cb,
    .occupant = occupant_cb,
    .occupant_gone = occupant_gone_cb,
    .room_message = room_message_cb,
    .room_private = room_private_cb,
    .room_subject = room_subject_cb,
    .room_invited = room_invited_cb,
    .message_returned = message_returned_cb,
};

static const CwIqHandler iqs[] = {
    {"get", "ping", "urn:xmpp:ping", cw_rooms_answer_ping},
    {"set", "query", CW_NS_MUC_ADMIN, cw_rooms_answer_admin_set},
    {"get", "query", CW_NS_MUC_ADMIN, cw_rooms_answer_admin_get},
    {"get", "query", CW_NS_MUC_OWNER, cw_rooms_answer_owner_get},
    {"set", "query", CW_NS_MUC_OWNER, cw_rooms_answer_owner_set},
    {NULL},
};

const char *const cw_rooms_features[] = {
    "http://jabber.org/protocol/disco#info",
    CW_NS_MUC,
    "http://jabber.org/protocol/muc#self-ping-optimization",
    "http://jabber.org/protocol/muc#stable_id",
    CW_NS_OCCUPANT_ID,
    CW_NS_STANZA_ID,
    CW_NS_ARCHIVE,
    CW_NS_ARCHIVE "#extended",
    "urn:xmpp:ping",
    NULL,
};

const CwFeature cw_feature_rooms = {
    .name = "rooms",
    .iqs = iqs,
    .message = take_message,
    .presence = take_presence,
    .events = &events,
};
