/* protocols/purple/stanza.c: what plugins say by letting their stanzas be seen: refused messages,
 * authorisation, which answer is a search's; and what they have no call for: a nickname
 *
 * prpl-jabber drops an error that comes without the body of the message it is about, as most
 * servers send them, and shows others without naming the conversation.  But it has signals for what
 * it sends and receives.  They give the id that a message went out under, and the error of that id
 * with its condition (RFC 6120, 8.3.3).
 *
 * They also show who may see whom (RFC 6121, 2 and 3), of which the plugin tells libpurple nothing
 * but that somebody asks.  The lists are the server's alone to send; a presence is from whom the
 * server says.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "protocols/purple/stanza.h"

#include <libpurple/purple.h>
#include <string.h>

#include "protocols/purple/buddies.h"
#include "protocols/purple/grants.h"
#include "protocols/purple/host.h"
#include "protocols/purple/markup.h"
#include "protocols/purple/search.h"
#include "protocols/purple/sent.h"

#define NS_SEARCH "jabber:iq:search"
#define NS_PUBSUB "http://jabber.org/protocol/pubsub"
#define NS_NICK "http://jabber.org/protocol/nick"
#define NICK_ID "causeway-nick"         /* of what asks for it */
#define NICK_SET_ID "causeway-nick-set" /* of what publishes it */

static const struct {
    const char *condition;
    CwReason reason;
} conditions[] = {
    {"item-not-found", CW_REASON_NO_CONTACT},
    {"remote-server-not-found", CW_REASON_NO_CONTACT},
    {"jid-malformed", CW_REASON_NO_CONTACT},
    {"gone", CW_REASON_NO_CONTACT},
    {"recipient-unavailable", CW_REASON_OFFLINE},
    {"remote-server-timeout", CW_REASON_NETWORK},
    {"forbidden", CW_REASON_FORBIDDEN},
    {"not-allowed", CW_REASON_FORBIDDEN},
    {"not-authorized", CW_REASON_FORBIDDEN},
    {"not-acceptable", CW_REASON_FORBIDDEN},
    {"policy-violation", CW_REASON_FORBIDDEN},
    {"subscription-required", CW_REASON_FORBIDDEN},
    {"registration-required", CW_REASON_FORBIDDEN},
    {"resource-constraint", CW_REASON_RATE},
};

static void sending_cb(PurpleConnection *gc, xmlnode **packet, gpointer data)
{
    CwAccount *account = cw_account_of_gc(gc);
    if (account == NULL || packet == NULL || *packet == NULL)
        return;
    if (strcmp((*packet)->name, "presence") == 0 &&
        g_strcmp0(xmlnode_get_attrib(*packet, "type"), "subscribe") == 0) {
        g_autofree char *contact = cw_account_normalize(account, xmlnode_get_attrib(*packet, "to"));
        if (contact != NULL)
            cw_grants_asked(account, contact);
    }
    if (strcmp((*packet)->name, "iq") == 0 &&
        xmlnode_get_child_with_namespace(*packet, "query", NS_SEARCH) != NULL)
        cw_searches_sent(account, xmlnode_get_attrib(*packet, "id"));
    if (strcmp((*packet)->name, "message") != 0 || xmlnode_get_child(*packet, "body") == NULL)
        return;
    cw_sent_as(account->sent, xmlnode_get_attrib(*packet, "id"));
}

static CwReason find_reason(xmlnode *error)
{
    for (guint i = 0; i < G_N_ELEMENTS(conditions); i++) {
        if (xmlnode_get_child(error, conditions[i].condition) != NULL)
            return conditions[i].reason;
    }
    return CW_REASON_OTHER;
}

/* Of a message. */
static CwReason find_message_reason(const CwAccount *account, const char *from, xmlnode *error)
{
    if (xmlnode_get_child(error, "service-unavailable") == NULL)
        return find_reason(error);
    /* RFC 6121, 8.5: no such user, or nobody there and nothing that stores for him */
    g_autofree char *contact = cw_account_normalize(account, from);
    CwReason guess =
        contact != NULL ? cw_sent_guess_reason(account, contact) : CW_REASON_NO_CONTACT;
    return guess == CW_REASON_OTHER ? CW_REASON_OFFLINE : guess;
}

/* The <text/>, else the name of the condition.  (transfer full) (nullable) */
static char *find_text(xmlnode *error)
{
    xmlnode *text = xmlnode_get_child(error, "text");
    g_autofree char *said = text != NULL ? xmlnode_get_data(text) : NULL;
    if (said != NULL)
        return cw_text_clean(said);
    for (xmlnode *child = error->child; child != NULL; child = child->next) {
        if (child->type == XMLNODE_TYPE_TAG)
            return cw_text_clean(child->name);
    }
    return NULL;
}

/* TRUE: dealt with; the plugin does not see it. */
static gboolean receiving_cb(PurpleConnection *gc, const char *type, const char *id,
                             const char *from, const char *to, xmlnode *packet, gpointer data)
{
    CwAccount *account = cw_account_of_gc(gc);
    xmlnode *error = packet != NULL ? xmlnode_get_child(packet, "error") : NULL;
    if (account == NULL || id == NULL || error == NULL || g_strcmp0(type, "error") != 0)
        return FALSE;
    g_autofree char *text = find_text(error);
    return cw_sent_refused(account->sent, id, from, find_message_reason(account, from, error),
                           text);
}

/* ---- sending ---- */

/* (transfer full) */
static gboolean send_stanza(const CwAccount *account, xmlnode *stanza)
{
    PurpleConnection *gc = cw_account_connection(account);
    gboolean sent = FALSE;
    if (cw_host.defaults->stanza_signals != NULL && gc != NULL && cw_host.info->send_raw != NULL) {
        int length = 0;
        char *text = xmlnode_to_str(stanza, &length);
        sent = cw_host.info->send_raw(gc, text, length) >= 0;
        g_free(text);
    }
    xmlnode_free(stanza);
    return sent;
}

gboolean cw_stanza_send_presence(const CwAccount *account, const char *contact, const char *type)
{
    xmlnode *presence = xmlnode_new("presence");
    xmlnode_set_attrib(presence, "to", contact);
    xmlnode_set_attrib(presence, "type", type);
    return send_stanza(account, presence);
}

gboolean cw_stanza_send_room_item(const CwAccount *account, const char *room, const char *nick,
                                  const char *jid, const char *role, const char *affiliation,
                                  const char *reason)
{
    g_autofree char *id = g_uuid_string_random();
    xmlnode *iq = xmlnode_new("iq");
    xmlnode *query = xmlnode_new_child(iq, "query");
    xmlnode *item = xmlnode_new_child(query, "item");

    xmlnode_set_attrib(iq, "type", "set");
    xmlnode_set_attrib(iq, "id", id);
    xmlnode_set_attrib(iq, "to", room);
    xmlnode_set_namespace(query, "http://jabber.org/protocol/muc#admin");
    if (role != NULL)
        xmlnode_set_attrib(item, "role", role);
    if (affiliation != NULL)
        xmlnode_set_attrib(item, "affiliation", affiliation);
    if (affiliation != NULL && jid != NULL)
        xmlnode_set_attrib(item, "jid", jid);
    else
        xmlnode_set_attrib(item, "nick", nick);
    if (reason != NULL && *reason != '\0')
        xmlnode_insert_data(xmlnode_new_child(item, "reason"), reason, -1);
    return send_stanza(account, iq);
}

/* ---- who may see whom ---- */

static gboolean is_temporary(xmlnode *packet)
{
    xmlnode *error = xmlnode_get_child(packet, "error");
    return error != NULL && g_strcmp0(xmlnode_get_attrib(error, "type"), "wait") == 0;
}

static gboolean receiving_presence_cb(PurpleConnection *gc, const char *type, const char *from,
                                      xmlnode *packet, gpointer data)
{
    CwAccount *account = cw_account_of_gc(gc);
    g_autofree char *contact = NULL;
    if (account == NULL || type == NULL || (contact = cw_account_normalize(account, from)) == NULL)
        return FALSE;
    if (strcmp(type, "subscribed") == 0)
        cw_grants_set(account, contact, CW_AUTHORIZATION_GRANTED);
    else if (strcmp(type, "unsubscribed") == 0)
        cw_grants_set(account, contact, CW_AUTHORIZATION_NONE);
    else if (strcmp(type, "unsubscribe") == 0)
        cw_buddies_ask_gone(account, contact);
    else if (strcmp(type, "error") == 0 && strchr(from, '/') == NULL && !is_temporary(packet))
        cw_grants_bounced(account, contact);
    return FALSE;
}

static void read_item(CwAccount *account, xmlnode *item)
{
    const char *subscription = xmlnode_get_attrib(item, "subscription");
    g_autofree char *contact = cw_account_normalize(account, xmlnode_get_attrib(item, "jid"));
    if (contact == NULL)
        return;
    if (g_strcmp0(subscription, "remove") == 0)
        cw_grants_left(account, contact);
    else if (g_strcmp0(subscription, "to") == 0 || g_strcmp0(subscription, "both") == 0)
        cw_grants_listed(account, contact, CW_AUTHORIZATION_GRANTED);
    else if (g_strcmp0(xmlnode_get_attrib(item, "ask"), "subscribe") == 0)
        cw_grants_listed(account, contact, CW_AUTHORIZATION_ASKED);
    else
        cw_grants_listed(account, contact, CW_AUTHORIZATION_NONE);
}

/* RFC 6121 2.1.6: from nobody but the account's own server. */
static gboolean is_own(const CwAccount *account, const char *from)
{
    const char *username = purple_account_get_username(account->purple);
    g_autofree char *own = cw_account_normalize(account, username);
    g_autofree char *other = from != NULL ? cw_account_normalize(account, from) : NULL;
    return from == NULL || (own != NULL && g_strcmp0(own, other) == 0);
}

/* Why a directory does not search. */
static CwReason find_search_reason(xmlnode *error)
{
    static const char *const no_directory[] = {"service-unavailable", "feature-not-implemented"};
    static const char *const bad_values[] = {"not-acceptable", "bad-request"};

    for (guint i = 0; i < 2; i++) {
        if (xmlnode_get_child(error, no_directory[i]) != NULL)
            return CW_REASON_NO_CONTACT;
        if (xmlnode_get_child(error, bad_values[i]) != NULL)
            return CW_REASON_SETTINGS;
    }
    return find_reason(error);
}

/* TRUE: dealt with; the plugin does not see it.  It drops an error without the query, and takes one
 * with it for a search that found nobody. */
static gboolean take_search(CwAccount *account, const char *id, xmlnode *packet)
{
    xmlnode *error = xmlnode_get_child(packet, "error");
    CwReason reason = error != NULL ? find_search_reason(error) : CW_REASON_NONE;
    g_autofree char *text = error != NULL ? find_text(error) : NULL;
    return cw_searches_received(account, id, reason, text);
}

/* ---- the user's own nickname: XEP-0172 4.5, XEP-0163 ---- */

/* The plugin has no call for it, but a dialogue. */
static xmlnode *new_nick_iq(const char *type, const char *what, xmlnode **child)
{
    xmlnode *iq = xmlnode_new("iq");
    xmlnode_set_attrib(iq, "type", type);
    xmlnode_set_attrib(iq, "id", strcmp(type, "get") == 0 ? NICK_ID : NICK_SET_ID);
    xmlnode *pubsub = xmlnode_new_child(iq, "pubsub");
    xmlnode_set_namespace(pubsub, NS_PUBSUB);
    *child = xmlnode_new_child(pubsub, what);
    xmlnode_set_attrib(*child, "node", NS_NICK);
    return iq;
}

gboolean cw_stanza_publish_nick(const CwAccount *account, const char *nick)
{
    xmlnode *publish = NULL, *iq = new_nick_iq("set", "publish", &publish);
    xmlnode *item = xmlnode_new_child(publish, "item");
    xmlnode_set_attrib(item, "id", "current");
    xmlnode *node = xmlnode_new_child(item, "nick");
    xmlnode_set_namespace(node, NS_NICK);
    if (nick != NULL)
        xmlnode_insert_data(node, nick, -1);
    return send_stanza(account, iq);
}

gboolean cw_stanza_publish_new_nick(const CwAccount *account)
{
    xmlnode *items = NULL, *iq = new_nick_iq("get", "items", &items);
    xmlnode_set_attrib(items, "max_items", "1");
    return send_stanza(account, iq);
}

static xmlnode *find_child(xmlnode *node, const char *const *names)
{
    for (; node != NULL && *names != NULL; names++)
        node = xmlnode_get_child(node, *names);
    return node;
}

/* What the server has: published when it is another one than the user's. */
static void take_nick(const CwAccount *account, const char *type, xmlnode *packet)
{
    static const char *const to_items[] = {"pubsub", "items", NULL};
    static const char *const to_nick[] = {"item", "nick", NULL};
    static const char *const to_nothing[] = {"error", "item-not-found", NULL};
    if (g_strcmp0(type, "result") != 0 && find_child(packet, to_nothing) == NULL)
        return; /* this server has no such thing */
    xmlnode *nick = find_child(find_child(packet, to_items), to_nick);
    g_autofree char *known = nick != NULL ? xmlnode_get_data(nick) : NULL;
    const char *own = purple_account_get_alias(account->purple);
    if (own != NULL && g_strcmp0(known, own) != 0)
        cw_stanza_publish_nick(account, own);
}

static gboolean is_nick_answer(const CwAccount *account, const char *type, const char *id,
                               const char *from)
{
    return (g_strcmp0(id, NICK_ID) == 0 || g_strcmp0(id, NICK_SET_ID) == 0) &&
           (g_strcmp0(type, "result") == 0 || g_strcmp0(type, "error") == 0) &&
           is_own(account, from);
}

/* ---- iqs ---- */

static gboolean receiving_iq_cb(PurpleConnection *gc, const char *type, const char *id,
                                const char *from, xmlnode *packet, gpointer data)
{
    CwAccount *account = cw_account_of_gc(gc);
    if (account != NULL && packet != NULL && is_nick_answer(account, type, id, from)) {
        if (strcmp(id, NICK_ID) == 0)
            take_nick(account, type, packet);
        return TRUE; /* the plugin knows nothing of it */
    }
    xmlnode *query = packet != NULL
                         ? xmlnode_get_child_with_namespace(packet, "query", "jabber:iq:roster")
                         : NULL;
    if (account != NULL && packet != NULL && take_search(account, id, packet))
        return TRUE;
    if (account == NULL || query == NULL || !is_own(account, from) ||
        (g_strcmp0(type, "result") != 0 && g_strcmp0(type, "set") != 0))
        return FALSE;
    for (xmlnode *item = xmlnode_get_child(query, "item"); item != NULL;
         item = xmlnode_get_next_twin(item))
        read_item(account, item);
    return FALSE;
}

void cw_stanza_connect(void)
{
    static int handle;
    const char *prefix = cw_host.defaults->stanza_signals;
    if (prefix == NULL)
        return;
    g_autofree char *sending = g_strconcat(prefix, "-sending-xmlnode", NULL);
    g_autofree char *receiving = g_strconcat(prefix, "-receiving-message", NULL);
    g_autofree char *presence = g_strconcat(prefix, "-receiving-presence", NULL);
    g_autofree char *iq = g_strconcat(prefix, "-receiving-iq", NULL);
    purple_signal_connect(cw_host.plugin, sending, &handle, PURPLE_CALLBACK(sending_cb), NULL);
    purple_signal_connect(cw_host.plugin, receiving, &handle, PURPLE_CALLBACK(receiving_cb), NULL);
    purple_signal_connect(cw_host.plugin, presence, &handle, PURPLE_CALLBACK(receiving_presence_cb),
                          NULL);
    purple_signal_connect(cw_host.plugin, iq, &handle, PURPLE_CALLBACK(receiving_iq_cb), NULL);
}
