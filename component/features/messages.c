/* component/features/messages.c: one-to-one messages and typing notifications, both ways
 *
 * XEP-0100 4.8 and 5.3.  A message of the user ends in the network, or comes back to the resource
 * that sent it as an error with its id; when that resource has gone, the gateway says so in a chat,
 * which the server keeps for him.  message_returned_cb() is the one place that gives it back.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "component/features/features.h"
#include "component/xmpp-time.h"

#define NS_CHATSTATES "http://jabber.org/protocol/chatstates"
#define NS_HINTS "urn:xmpp:hints"
#define NS_EME "urn:xmpp:eme:0"
#define NAME_SHOWN 60 /* characters of a name that cannot be an address */
#define NS_OMEMO "eu.siacs.conversations.axolotl"
#define NS_OMEMO_2 "urn:xmpp:omemo:2"
#define NS_OPENPGP "jabber:x:encrypted"

/* ---- from the user ---- */

/* XEP-0380: what stands in the body of an encrypted message is not what the user wrote.  OMEMO
 * without a payload only transports keys (XEP-0384). */
gboolean cw_messages_is_encrypted(const CwNode *message)
{
    static const char *const omemo[] = {NS_OMEMO, NS_OMEMO_2};

    for (guint i = 0; i < G_N_ELEMENTS(omemo); i++) {
        const CwNode *encrypted = cw_node_child(message, "encrypted", omemo[i]);
        if (encrypted != NULL)
            return cw_node_child(encrypted, "payload", omemo[i]) != NULL;
    }
    return cw_node_child(message, "encryption", NS_EME) != NULL ||
           cw_node_child(message, "x", NS_OPENPGP) != NULL;
}

static gboolean read_typing(const CwNode *message, CwTyping *typing)
{
    static const struct {
        const char *state;
        CwTyping typing;
    } states[] = {
        {"composing", CW_TYPING_COMPOSING}, {"paused", CW_TYPING_PAUSED},
        {"active", CW_TYPING_ACTIVE},       {"inactive", CW_TYPING_ACTIVE},
        {"gone", CW_TYPING_ACTIVE},
    };

    for (guint i = 0; i < G_N_ELEMENTS(states); i++) {
        if (cw_node_child(message, states[i].state, NS_CHATSTATES) != NULL) {
            *typing = states[i].typing;
            return TRUE;
        }
    }
    return FALSE;
}

/* What there is to read.  No network of today has subjects: one becomes the first line, rather than
 * nothing.  (transfer full) or NULL: nothing. */
static char *read_text(const CwNode *message)
{
    const char *subject = cw_node_child_text(message, "subject", NULL);
    const char *body = cw_node_child_text(message, "body", NULL);
    gboolean has_body = body != NULL && *body != '\0';

    if (subject == NULL || *subject == '\0')
        return has_body ? g_strdup(body) : NULL;
    return has_body ? g_strconcat(subject, "\n", body, NULL) : g_strdup(subject);
}

static void send_to_network(CwComponent *component, const CwStanza *stanza, const char *text)
{
    CwTransport *transport = cw_component_transport(component);
    CwSession *session = cw_transport_find_session(transport, stanza->from->bare);
    g_autofree char *name = cw_component_legacy_name(stanza->to);
    CwReason reason = CW_REASON_NOT_ONLINE;

    if (name == NULL) {
        cw_component_send_error(component, stanza, CW_STANZA_ITEM_NOT_FOUND,
                                "no contact can have this name");
        return;
    }
    if (cw_transport_keep_message(transport, stanza->from->bare, name, text, stanza->id,
                                  stanza->from->resource))
        return;
    if (session == NULL && cw_presence_may_be_there(component, stanza->from->bare)) {
        session = cw_transport_ensure_session(transport, stanza->from->bare);
        cw_session_wake(session);
    }
    if (session == NULL ||
        !cw_session_send(session, name, text, stanza->id, stanza->from->resource, &reason)) {
        g_autofree char *why = reason == CW_REASON_NOT_ONLINE && session != NULL
                                   ? cw_component_session_problem(session)
                                   : g_strdup(cw_reason_text(reason));
        cw_component_send_error(component, stanza, cw_reason_condition(reason), why);
    }
}

static gboolean take_message(CwComponent *component, const CwStanza *stanza)
{
    CwTransport *transport = cw_component_transport(component);
    g_autofree char *text = read_text(stanza->node);
    gboolean to_contact = stanza->to->local != NULL;
    CwTyping typing;

    if (to_contact && !cw_transport_is_registered(transport, stanza->from->bare)) { /* G44; G47 */
        if (text != NULL)
            cw_component_send_error(component, stanza, CW_STANZA_REGISTRATION_REQUIRED,
                                    cw_newcomers_may_come(component, stanza->from)
                                        ? "add it to your contacts first"
                                        : "register with this gateway first");
    } else if (to_contact && g_strcmp0(stanza->type, "groupchat") == 0) {
        cw_component_send_error(component, stanza, CW_STANZA_SERVICE_UNAVAILABLE,
                                "this is no room");
    } else if (cw_messages_is_encrypted(stanza->node)) {
        cw_component_send_error(component, stanza, CW_STANZA_NOT_ACCEPTABLE,
                                to_contact ? "contacts on this network cannot read encrypted "
                                             "messages; switch encryption off for this chat"
                                           : "I cannot read encrypted messages; switch encryption "
                                             "off for this chat");
    } else if (!to_contact) {
        return FALSE; /* gateway-chat.c */
    } else if (text != NULL) {
        send_to_network(component, stanza, text);
    } else if (read_typing(stanza->node, &typing)) {
        CwSession *session = cw_transport_find_session(transport, stanza->from->bare);
        g_autofree char *name = cw_component_legacy_name(stanza->to);
        if (session != NULL && name != NULL)
            cw_session_typing(session, name, typing);
    }
    return TRUE;
}

/* ---- to the user ---- */

/* Never used twice, by this gateway or an earlier one. */
static char *new_id(void)
{
    static char *start;
    static guint64 count;

    if (start == NULL)
        start = g_uuid_string_random();
    return g_strdup_printf("%s-%" G_GINT64_MODIFIER "x", start, ++count);
}

static gboolean has_typing(CwComponent *component)
{
    const CwProtocol *protocol = cw_transport_protocol(cw_component_transport(component));

    return protocol != NULL && protocol->typing;
}

/* What is told apart in the text.  (transfer full) */
static char *mark(const char *text, const char *contact, gboolean own, gboolean has_address)
{
    const char *end =
        g_utf8_offset_to_pointer(contact, MIN(g_utf8_strlen(contact, -1), NAME_SHOWN));
    g_autofree char *shown = g_strndup(contact, (gsize)(end - contact));

    if (has_address)
        return g_strconcat(own ? "You: " : "", text, NULL);
    return g_strdup_printf("%s %s%s: %s", own ? "You to" : "From", shown, *end == '\0' ? "" : "…",
                           text);
}

/* G48: type chat, to the bare JID, so that the server forks, archives and copies it.  Whoever's
 * name is too long for an address speaks through the gateway. */
static void message_cb(CwSession *session, const char *contact, const char *text, gint64 stamp,
                       gboolean own, gpointer data)
{
    CwComponent *component = data;
    g_autofree char *from = cw_component_contact_jid(component, contact);
    g_autofree char *id = new_id();
    g_autofree char *body = mark(text, contact, own, from != NULL);

    CwWriter *writer = cw_component_begin_lasting(
        component, "message", from == NULL ? cw_component_domain(component) : from,
        cw_session_jid(session), "chat", id);
    cw_writer_leaf(writer, "body", NULL, body);
    if (has_typing(component) && !own)
        cw_writer_leaf(writer, "active", NS_CHATSTATES, NULL);
    if (stamp != 0) /* G50 */
        cw_xmpp_time_write_delay(writer, cw_component_domain(component), stamp);
    cw_component_end_lasting(component, stamp != 0);
}

/* XEP-0085 5.5: standalone, and nothing for an archive to keep */
static void typing_cb(CwSession *session, const char *contact, CwTyping typing, gpointer data)
{
    static const char *const names[] = {
        [CW_TYPING_ACTIVE] = "active",
        [CW_TYPING_COMPOSING] = "composing",
        [CW_TYPING_PAUSED] = "paused",
    };
    CwComponent *component = data;

    if (cw_session_resources(session)->len == 0)
        return;
    g_autofree char *from = cw_component_contact_jid(component, contact);
    g_autofree char *id = new_id();
    if (from == NULL)
        return;
    CwWriter *writer =
        cw_component_begin(component, "message", from, cw_session_jid(session), "chat", id);
    cw_writer_leaf(writer, names[typing], NS_CHATSTATES, NULL);
    cw_writer_leaf(writer, "no-store", NS_HINTS, NULL);
    cw_component_end(component);
}

static void message_returned_cb(CwSession *session, const CwOutgoing *message, CwReason reason,
                                const char *text, gpointer data)
{
    CwComponent *component = data;
    g_autofree char *from = cw_component_contact_jid(component, message->contact);
    g_autofree char *to = cw_component_client_jid(session, message->resource);

    if (from == NULL || message->in_room)
        return;
    const char *why = text == NULL || *text == '\0' ? cw_reason_text(reason) : text;
    /* an error to a resource that is not there would be dropped by the server */
    if (message->resource != NULL && !cw_session_has_resource(session, message->resource)) {
        const char *said = message->text; /* not kept of one that was taken first */
        g_autofree char *told =
            g_strdup_printf("Your message to %s was not delivered: %s.%s%s", message->contact, why,
                            said == NULL ? "" : "  It said:\n", said == NULL ? "" : said);
        cw_gateway_chat_say(component, cw_session_jid(session), told);
        return;
    }
    CwWriter *writer =
        cw_component_begin_lasting(component, "message", from, to, "error", message->stanza_id);
    cw_stanza_error_write(writer, cw_reason_condition(reason), why);
    cw_component_end_lasting(component, TRUE);
}

static const char *const gateway_features[] = {"urn:xmpp:delay", NULL};
static const char *const contact_features[] = {NS_CHATSTATES, NULL};
static const CwEvents events = {
    .message = message_cb,
    .typing = typing_cb,
    .message_returned = message_returned_cb,
};

const CwFeature cw_feature_messages = {
    .name = "messages",
    .message = take_message,
    .gateway_features = gateway_features,
    .contact_features = contact_features,
    .events = &events,
};
