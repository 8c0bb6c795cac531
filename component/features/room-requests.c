/* component/features/room-requests.c: what the user asks of a room: subject, nick, kick, roles,
 * invitations, whether he is in it
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "component/features/rooms.h"

#include <string.h>

#define LIST_SIZE 200000 /* bytes of one answer, about: no server must find it too large */

/* ---- answers ---- */

/* A stanza that waits for the network. */
typedef struct {
    CwComponent *component;
    CwReply *reply;
    gboolean is_iq;
    const char *name; /* of the stanza */
} Question;

static void answered_cb(CwSession *session, CwReason reason, const char *text, gpointer data)
{
    Question *question = data;
    const CwStanza *stanza = cw_reply_stanza(question->reply);

    if (reason != CW_REASON_NONE) {
        CwWriter *writer = cw_component_begin(question->component, question->name, stanza->to->full,
                                              stanza->from->full, "error", stanza->id);
        cw_stanza_error_write(writer, cw_reason_condition(reason),
                              text == NULL ? cw_reason_text(reason) : text);
        cw_component_end(question->component);
    } else if (question->is_iq) {
        cw_component_send_result(question->component, stanza);
    }
    cw_reply_free(question->reply);
    g_free(question);
}

/* FALSE: it is refused already. */
static gboolean request(CwComponent *component, const CwStanza *stanza, CwSession *session,
                        const CwLinkMsg *msg, const char *name)
{
    Question *question = g_new0(Question, 1);
    CwReason reason = CW_REASON_NONE;

    question->component = component;
    question->reply = cw_component_keep(component, stanza);
    question->name = name;
    question->is_iq = g_str_equal(name, "iq");
    if (cw_session_room_request(session, msg, answered_cb, question, &reason))
        return TRUE;
    answered_cb(session, reason, NULL, question);
    return FALSE;
}

/* ---- nick and subject ---- */

/* 7.7 */
static void change_show(const CwStanza *stanza, CwSession *session, CwRoom *room)
{
    const char *text = cw_node_child_text(stanza->node, "show", NULL);
    CwShow show = CW_SHOW_ONLINE;

    if (text == NULL || !cw_show_from_string(text, &show) || show == CW_SHOW_OFFLINE)
        show = CW_SHOW_ONLINE;
    cw_session_room_show(session, room, show, cw_node_child_text(stanza->node, "status", NULL));
}

/* 7.6, or his own show: his clients see it, the network is told of his presence to the gateway */
void cw_rooms_change_nick(CwComponent *component, const CwStanza *stanza, CwSession *session,
                          CwRoom *room)
{
    const char *nick = stanza->to->resource;
    CwLinkMsg msg = {.kind = CW_LINK_ROOM_NICK, .room = room->name, .nick = nick};

    if (nick != NULL && room->in && g_strcmp0(nick, room->nick) != 0)
        request(component, stanza, session, &msg, "presence");
    else if (nick != NULL)
        change_show(stanza, session, room);
}

gboolean cw_rooms_take_subject(CwComponent *component, const CwStanza *stanza, CwSession *session,
                               CwRoom *room)
{
    const CwNode *subject = cw_node_child(stanza->node, "subject", NULL);
    const char *body = cw_node_child_text(stanza->node, "body", NULL);
    CwLinkMsg msg = {.kind = CW_LINK_ROOM_SUBJECT, .room = room->name};

    if (subject == NULL || (body != NULL && *body != '\0')) /* 8.1 */
        return FALSE;
    msg.text = subject->text;
    request(component, stanza, session, &msg, "message");
    return TRUE;
}

/* ---- invitations ---- */

/* FALSE: it is refused already. */
static gboolean invite(CwComponent *component, const CwStanza *stanza, CwSession *session,
                       const CwRoom *room, const char *to, const char *reason)
{
    g_autoptr(CwJid) whom = to == NULL ? NULL : cw_jid_parse(to, NULL);
    g_autofree char *contact = whom == NULL ? NULL : cw_component_legacy_name(whom);
    CwLinkMsg msg = {
        .kind = CW_LINK_ROOM_INVITE, .room = room->name, .contact = contact, .text = reason};

    if (contact != NULL && g_str_equal(whom->domain, cw_component_domain(component)))
        return request(component, stanza, session, &msg, "message");
    if (whom == NULL)
        cw_component_send_error(component, stanza, CW_STANZA_JID_MALFORMED, NULL);
    else
        cw_component_send_error(component, stanza, CW_STANZA_ITEM_NOT_FOUND,
                                "only contacts of this network can be invited");
    return FALSE;
}

gboolean cw_rooms_is_invitation(const CwStanza *stanza)
{
    const CwNode *x = cw_node_child(stanza->node, "x", CW_NS_MUC_USER);

    return x != NULL && stanza->to->resource == NULL &&
           cw_node_child(x, "invite", CW_NS_MUC_USER) != NULL;
}

gboolean cw_rooms_take_mediated(CwComponent *component, const CwStanza *stanza, CwSession *session,
                                CwRoom *room)
{
    const CwNode *x = cw_node_child(stanza->node, "x", CW_NS_MUC_USER);
    const CwNode *node = x == NULL ? NULL : cw_node_child(x, "invite", CW_NS_MUC_USER);

    if (node == NULL && cw_node_child(stanza->node, "body", NULL) != NULL)
        cw_component_send_error(component, stanza, CW_STANZA_BAD_REQUEST,
                                "what is for the whole room is of the type groupchat");
    /* without one it is a chat state or the like: nothing to say to a whole room */
    while (node != NULL && invite(component, stanza, session, room, cw_node_attr(node, "to"),
                                  cw_node_child_text(node, "reason", CW_NS_MUC_USER)))
        node = cw_node_next(node, "invite", CW_NS_MUC_USER);
    return TRUE;
}

gboolean cw_rooms_take_invitation(CwComponent *component, const CwStanza *stanza,
                                  CwSession *session)
{
    const CwNode *x = cw_node_child(stanza->node, "x", CW_NS_CONFERENCE);
    const char *text = x == NULL ? NULL : cw_node_attr(x, "jid");
    g_autoptr(CwJid) jid = text == NULL || session == NULL ? NULL : cw_jid_parse(text, NULL);

    if (jid == NULL || !g_str_equal(jid->domain, cw_component_domain(component)))
        return FALSE;
    g_autofree char *name = cw_component_legacy_name(jid);
    const CwRoom *room = name == NULL ? NULL : cw_session_find_room(session, name);
    if (room == NULL)
        return FALSE;
    invite(component, stanza, session, room, stanza->to->full, cw_node_attr(x, "reason"));
    return TRUE;
}

/* ---- XEP-0410 ---- */

/* For a room that he is in: is this he?  Every other address of ours is alive when we are; but what
 * is no contact of his and has a resource can only be an occupant, of a room that he is not in. */
void cw_rooms_answer_ping(CwComponent *component, const CwStanza *stanza, const CwNode *child)
{
    CwSession *session = NULL;
    const CwRoom *room = cw_rooms_find(component, stanza, &session);
    const CwOccupant *occupant = room == NULL || stanza->to->resource == NULL
                                     ? NULL
                                     : cw_rooms_find_occupant(room, stanza->to);

    if (stanza->to->local == NULL || stanza->to->resource == NULL ||
        (room == NULL && cw_component_find_contact(component, stanza) != NULL) ||
        (occupant != NULL && g_str_equal(occupant->nick, room->nick)))
        cw_component_send_result(component, stanza);
    else if (occupant != NULL)
        cw_component_send_error(component, stanza, CW_STANZA_SERVICE_UNAVAILABLE,
                                "this is somebody else");
    else if (room != NULL && room->in)
        cw_component_send_error(component, stanza, CW_STANZA_ITEM_NOT_FOUND,
                                "nobody of that nickname is here");
    else
        cw_component_send_error(component, stanza, CW_STANZA_NOT_ACCEPTABLE,
                                "you are not in this room");
}

/* ---- 8, 9: kick, ban, roles, affiliations ---- */

/* By nick, or by the JID that the room shows of him. */
static const CwOccupant *find_meant(CwComponent *component, const CwRoom *room, const CwNode *item)
{
    const char *nick = cw_node_attr(item, "nick"), *text = cw_node_attr(item, "jid");
    g_autoptr(CwJid) jid = text == NULL ? NULL : cw_jid_parse(text, NULL);
    g_autofree char *name =
        jid == NULL || jid->local == NULL ? NULL : cw_component_legacy_name(jid);
    GHashTableIter iter;
    gpointer value;

    if (nick != NULL)
        return cw_room_find(room, nick);
    g_hash_table_iter_init(&iter, room->occupants);
    while (name != NULL && g_hash_table_iter_next(&iter, NULL, &value)) {
        const CwOccupant *occupant = value;
        if (g_strcmp0(occupant->jid, name) == 0)
            return occupant;
    }
    return NULL;
}

void cw_rooms_answer_admin_set(CwComponent *component, const CwStanza *stanza, const CwNode *query)
{
    CwSession *session = NULL;
    const CwRoom *room = cw_rooms_find(component, stanza, &session);
    const CwNode *item = cw_node_child(query, "item", CW_NS_MUC_ADMIN);
    CwLinkMsg msg = {.kind = CW_LINK_ROOM_SET};

    if (room == NULL || stanza->to->resource != NULL) {
        cw_component_send_error(component, stanza, CW_STANZA_NOT_ACCEPTABLE,
                                "you are not in this room");
        return;
    }
    const CwOccupant *meant = item == NULL ? NULL : find_meant(component, room, item);
    msg.has_role = item != NULL && cw_role_from_string(cw_node_attr(item, "role"), &msg.role);
    msg.has_affiliation = item != NULL && cw_affiliation_from_string(
                                              cw_node_attr(item, "affiliation"), &msg.affiliation);
    if (item == NULL || msg.has_role == msg.has_affiliation ||
        cw_node_next(item, "item", CW_NS_MUC_ADMIN) != NULL) {
        cw_component_send_error(component, stanza, CW_STANZA_BAD_REQUEST,
                                "one item with a role or an affiliation is expected");
        return;
    }
    if (meant == NULL) {
        cw_component_send_error(component, stanza, CW_STANZA_ITEM_NOT_FOUND,
                                "nobody of that name is here");
        return;
    }
    msg.room = room->name;
    msg.nick = meant->nick;
    msg.text = cw_node_child_text(item, "reason", CW_NS_MUC_ADMIN);
    request(component, stanza, session, &msg, "iq");
}

static gboolean is_listed(const CwOccupant *occupant, const char *role, const char *affiliation)
{
    return (role == NULL || g_str_equal(role, cw_role_to_string(occupant->role))) &&
           (affiliation == NULL ||
            g_str_equal(affiliation, cw_affiliation_to_string(occupant->affiliation)));
}

/* Bytes of the list, about. */
static gsize size_of_list(const CwRoom *room, const char *role, const char *affiliation)
{
    gsize size = 0;
    GHashTableIter iter;
    gpointer value;

    g_hash_table_iter_init(&iter, room->occupants);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        const CwOccupant *occupant = value;
        if (is_listed(occupant, role, affiliation))
            size += strlen(occupant->nick) +
                    strlen("<item affiliation='outcast' role='participant' nick=''/>");
    }
    return size;
}

/* 9.5: those who are here; of others the networks tell nothing */
void cw_rooms_answer_admin_get(CwComponent *component, const CwStanza *stanza, const CwNode *query)
{
    CwSession *session = NULL;
    const CwRoom *room = cw_rooms_find(component, stanza, &session);
    const CwNode *item = cw_node_child(query, "item", CW_NS_MUC_ADMIN);
    const char *role = item == NULL ? NULL : cw_node_attr(item, "role");
    const char *affiliation = item == NULL ? NULL : cw_node_attr(item, "affiliation");
    GHashTableIter iter;
    gpointer value;

    if (room == NULL || (role == NULL && affiliation == NULL)) {
        cw_component_send_error(component, stanza,
                                room == NULL ? CW_STANZA_NOT_ACCEPTABLE : CW_STANZA_BAD_REQUEST,
                                NULL);
        return;
    }
    if (size_of_list(room, role, affiliation) > LIST_SIZE) {
        cw_component_send_error(component, stanza, CW_STANZA_RESOURCE_CONSTRAINT,
                                "there are too many of them for one list");
        return;
    }
    CwWriter *writer = cw_component_begin_result(component, stanza);
    cw_writer_start(writer, "query", CW_NS_MUC_ADMIN);
    g_hash_table_iter_init(&iter, room->occupants);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        const CwOccupant *occupant = value;
        if (!is_listed(occupant, role, affiliation))
            continue;
        cw_writer_start(writer, "item", NULL);
        cw_writer_attr(writer, "affiliation", cw_affiliation_to_string(occupant->affiliation));
        cw_writer_attr(writer, "role", cw_role_to_string(occupant->role));
        cw_writer_attr(writer, "nick", occupant->nick);
        cw_writer_end(writer);
    }
    cw_writer_end(writer);
    cw_component_end(component);
}
