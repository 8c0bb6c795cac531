/* component/features/roster.c: contacts between the user's roster and the network's list
 *
 * The user subscribes to a contact: it is added on the network, and the answer is the network's, or
 * comes at once where it has no authorisation.  XEP-0100 4.6, 4.7, 5.1, 5.2.  The network's own
 * list is roster-list.c's.
 *
 * Subscription stanzas must not be lost; all go out as lasting ones, to the bare JID.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "component/features/features.h"

/* ---- from the network ---- */

void cw_roster_ask(CwComponent *component, CwSession *session, const char *contact,
                   const char *nick, const char *text)
{
    g_autofree char *from = cw_component_contact_jid(component, contact);

    if (from == NULL)
        return;
    CwWriter *writer = cw_component_begin_lasting(component, "presence", from,
                                                  cw_session_jid(session), "subscribe", NULL);
    if (text != NULL && *text != '\0')
        cw_writer_leaf(writer, "status", NULL, text);
    if (nick != NULL && *nick != '\0')
        cw_writer_leaf(writer, "nick", CW_NS_NICK, nick);
    cw_component_end_lasting(component, FALSE);
}

static void contact_gone_cb(CwSession *session, CwContact *contact, gpointer data)
{
    g_autofree char *from = cw_component_contact_jid(data, contact->name);

    if (from == NULL)
        return;
    cw_component_send_subscription(data, from, cw_session_jid(session), "unsubscribe");
    cw_component_send_subscription(data, from, cw_session_jid(session), "unsubscribed");
    cw_component_send_presence(data, from, cw_session_jid(session), "unavailable");
}

static void ask_authorization_cb(CwSession *session, const char *contact, const char *name,
                                 const char *text, gpointer data)
{
    cw_roster_ask(data, session, contact, name, text);
}

static void ask_gone_cb(CwSession *session, const char *contact, gpointer data)
{
    g_autofree char *from = cw_component_contact_jid(data, contact);

    if (from != NULL)
        cw_component_send_subscription(data, from, cw_session_jid(session), "unsubscribe");
}

/* G38: the grant, and then what he may see */
static void granted_cb(CwSession *session, const CwContact *contact, gpointer data)
{
    g_autofree char *from = cw_component_contact_jid(data, contact->name);

    if (from == NULL)
        return;
    cw_component_send_subscription(data, from, cw_session_jid(session), "subscribed");
    if (contact->show != CW_SHOW_OFFLINE)
        cw_presence_tell_contact(data, session, contact);
}

static void refused_cb(CwSession *session, const CwContact *contact, gboolean withdrawn,
                       const char *text, gpointer data)
{
    g_autofree char *from = cw_component_contact_jid(data, contact->name);

    if (from == NULL)
        return;
    CwWriter *writer = cw_component_begin_lasting(data, "presence", from, cw_session_jid(session),
                                                  "unsubscribed", NULL);
    if (text != NULL && *text != '\0')
        cw_writer_leaf(writer, "status", NULL, text);
    cw_component_end_lasting(data, FALSE);
    if (withdrawn)
        cw_presence_tell_contact(data, session, contact);
}

/* ---- from the user ---- */

static void subscribe(CwComponent *component, const CwStanza *stanza, const char *name)
{
    CwTransport *transport = cw_component_transport(component);
    CwSession *session = cw_transport_find_session(transport, stanza->from->bare);

    if (session == NULL || cw_session_state(session) == CW_SESSION_OFFLINE ||
        cw_session_state(session) == CW_SESSION_FAILED) {
        cw_component_send_error(component, stanza, CW_STANZA_REMOTE_SERVER_TIMEOUT,
                                "you are not logged in to the network; add the contact later");
        return;
    }
    if (!cw_session_subscribe(session, name))
        cw_component_send_error(component, stanza, CW_STANZA_RESOURCE_CONSTRAINT,
                                "you have as many contacts as this gateway allows");
}

static void take_request(CwComponent *component, const CwStanza *stanza)
{
    g_autofree char *name = cw_component_legacy_name(stanza->to);

    if (name == NULL)
        cw_component_send_error(component, stanza, CW_STANZA_ITEM_NOT_FOUND,
                                "no contact can have this name");
    else
        subscribe(component, stanza, name);
}

static gboolean take_presence(CwComponent *component, const CwStanza *stanza)
{
    CwTransport *transport = cw_component_transport(component);

    if (stanza->to->local == NULL || stanza->type == NULL)
        return FALSE;
    if (!cw_transport_is_registered(transport, stanza->from->bare)) {
        if (g_str_equal(stanza->type, "subscribe") &&
            !cw_newcomers_take(component, stanza, take_request))
            cw_component_send_error(component, stanza, CW_STANZA_REGISTRATION_REQUIRED,
                                    "register with this gateway first");
        return TRUE;
    }
    g_autofree char *name = cw_component_legacy_name(stanza->to);
    if (name == NULL || g_str_equal(stanza->type, "subscribe")) {
        take_request(component, stanza);
    } else if (g_str_equal(stanza->type, "subscribed")) {
        cw_transport_authorize(transport, stanza->from->bare, name, TRUE);
    } else if (g_str_equal(stanza->type, "unsubscribed")) {
        cw_transport_authorize(transport, stanza->from->bare, name, FALSE);
    } else if (g_str_equal(stanza->type, "unsubscribe")) {
        cw_transport_remove_contact(transport, stanza->from->bare, name);
        cw_component_send_presence(component, stanza->to->bare, stanza->from->bare, "unavailable");
    } else {
        return FALSE;
    }
    return TRUE;
}

static const CwEvents events = {
    .contact_gone = contact_gone_cb,
    .granted = granted_cb,
    .refused = refused_cb,
    .ask_authorization = ask_authorization_cb,
    .ask_gone = ask_gone_cb,
};

const CwFeature cw_feature_roster = {
    .name = "roster",
    .presence = take_presence,
    .events = &events,
};
