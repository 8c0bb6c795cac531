/* component/features/disco.c: XEP-0030 service discovery and XEP-0115 entity capabilities
 *
 * What an entity can do is said once: describe() makes the identities and features; disco#info and
 * the caps hash come from the same list.  The gateway is gateway/TYPE for clients that know
 * gateways, and account/registered for those that open a chat only with accounts (checklist 4).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "component/disco-info.h"
#include "component/features/features.h"
#include "component/features/rooms.h"
#include "component/rsm.h"

#define NS_CAPS "http://jabber.org/protocol/caps"
#define CAPS_NODE "urn:causeway:caps"

/* The caps hashes; made anew when the network is described. */
typedef struct {
    char *gateway;
    char *contact;
} Caps;

/* XEP-0055: where there is a directory, as far as is known, and to those who can search in it. */
static gboolean may_search(CwTransport *transport, const CwJid *asker)
{
    const CwProtocol *protocol = cw_transport_protocol(transport);
    CwSession *session = asker == NULL ? NULL : cw_transport_find_session(transport, asker->bare);

    if (session != NULL && !cw_session_may_search(session))
        return FALSE;
    return protocol != NULL && protocol->search &&
           (asker == NULL || cw_transport_is_registered(transport, asker->bare));
}

/* `asker` (nullable): who asks; the caps hash is for nobody in particular. */
static gboolean is_offered(CwComponent *component, const char *var, gboolean contact,
                           const CwJid *asker)
{
    CwTransport *transport = cw_component_transport(component);
    const CwProtocol *protocol = cw_transport_protocol(transport);

    /* XEP-0085: only where the network has typing notifications */
    if (g_str_equal(var, "http://jabber.org/protocol/chatstates"))
        return protocol != NULL && protocol->typing;
    /* XEP-0050: the gateway has some for everybody */
    if (g_str_equal(var, CW_NS_COMMANDS))
        return !contact || cw_commands_are_there(component);
    /* XEP-0163: we want his events for the network to show them */
    if (g_str_equal(var, CW_NS_AVATAR_METADATA "+notify") || g_str_equal(var, CW_NS_NICK "+notify"))
        return protocol != NULL && protocol->picture;
    /* XEP-0077 10: only to those who may */
    if (g_str_equal(var, "jabber:iq:register"))
        return asker == NULL || cw_transport_is_registered(transport, asker->bare) ||
               cw_transport_settings_may_register(cw_transport_settings(transport), asker->bare,
                                                  asker->domain);
    if (g_str_equal(var, "jabber:iq:search"))
        return may_search(transport, asker);
    /* XEP-0060 10 */
    if (g_strv_contains(cw_news_features, var))
        return cw_news_has_node(component, CW_NS_NEWS);
    /* XEP-0313: to those who have one */
    if (g_str_has_prefix(var, CW_NS_ARCHIVE))
        return asker != NULL && cw_archive_is_on(component) &&
               cw_transport_is_registered(transport, asker->bare);
    return TRUE;
}

const char *cw_disco_gateway_type(CwComponent *component)
{
    CwTransport *transport = cw_component_transport(component);
    const CwTransportSettings *settings = cw_transport_settings(transport);
    const CwProtocol *protocol = cw_transport_protocol(transport);

    return settings->identity != NULL ? settings->identity
           : protocol != NULL         ? protocol->identity
                                      : "unknown";
}

static CwDiscoInfo *describe(CwComponent *component, gboolean contact, const CwJid *asker)
{
    CwTransport *transport = cw_component_transport(component);
    const CwTransportSettings *settings = cw_transport_settings(transport);
    const CwProtocol *protocol = cw_transport_protocol(transport);
    const char *type = cw_disco_gateway_type(component);
    CwDiscoInfo *info = cw_disco_info_new();

    cw_disco_info_add_identity(info, "account", "registered", contact ? NULL : settings->name);
    if (!contact && protocol != NULL && protocol->rooms) {
        cw_disco_info_add_identity(info, "conference", "text", settings->name);
        cw_disco_info_add_feature(info, CW_NS_MUC);
    }
    if (!contact)
        cw_disco_info_add_identity(info, "gateway", type, settings->name);
    else if (protocol != NULL && protocol->anonymous) /* nobody is there */
        cw_disco_info_add_identity(info, "client", "bot", NULL);
    if (protocol != NULL && protocol->category != NULL)
        cw_disco_info_add_identity(info, protocol->category, type, contact ? NULL : settings->name);
    for (const CwFeature *const *f = cw_component_features(); *f != NULL; f++) {
        const char *const *vars = contact ? (*f)->contact_features : (*f)->gateway_features;
        for (; vars != NULL && *vars != NULL; vars++) {
            if (is_offered(component, *vars, contact, asker))
                cw_disco_info_add_feature(info, *vars);
        }
    }
    return info;
}

/* ---- XEP-0115 ---- */

static void free_caps(gpointer data)
{
    Caps *caps = data;

    g_free(caps->gateway);
    g_free(caps->contact);
    g_free(caps);
}

static void make_caps(CwComponent *component)
{
    g_autoptr(CwDiscoInfo) gateway = describe(component, FALSE, NULL);
    g_autoptr(CwDiscoInfo) contact = describe(component, TRUE, NULL);
    Caps *caps = g_new0(Caps, 1);

    caps->gateway = cw_disco_info_hash(gateway);
    caps->contact = cw_disco_info_hash(contact);
    cw_component_set_data(component, &cw_feature_disco, caps, free_caps);
}

static const Caps *get_caps(CwComponent *component)
{
    if (cw_component_get_data(component, &cw_feature_disco) == NULL)
        make_caps(component);
    return cw_component_get_data(component, &cw_feature_disco);
}

void cw_disco_write_caps(CwComponent *component, CwWriter *writer, gboolean contact)
{
    const Caps *caps = get_caps(component);

    cw_writer_start(writer, "c", NS_CAPS);
    cw_writer_attr(writer, "hash", "sha-1");
    cw_writer_attr(writer, "node", CAPS_NODE);
    cw_writer_attr(writer, "ver", contact ? caps->contact : caps->gateway);
    cw_writer_end(writer);
}

static void described_cb(gpointer data)
{
    make_caps(data);
}

/* ---- XEP-0030 ---- */

/* `news` (nullable): it is of this contact's node. */
static void send_info_of(CwComponent *component, const CwStanza *stanza, const char *node,
                         const CwDiscoInfo *info, const CwContact *news)
{
    CwWriter *writer = cw_component_begin_result(component, stanza);

    cw_writer_start(writer, "query", CW_NS_DISCO_INFO);
    cw_writer_attr(writer, "node", node);
    cw_disco_info_write(info, writer);
    if (news != NULL)
        cw_news_write_metadata(writer, news);
    cw_writer_end(writer);
    cw_component_end(component);
}

static void send_info(CwComponent *component, const CwStanza *stanza, const char *node,
                      const CwDiscoInfo *info)
{
    send_info_of(component, stanza, node, info, NULL);
}

/* XEP-0060 5.3, 5.4 */
static void answer_info_of_node(CwComponent *component, const CwStanza *stanza, const char *node,
                                const CwContact *contact)
{
    g_autoptr(CwDiscoInfo) info = cw_disco_info_new();

    cw_disco_info_add_identity(info, "pubsub", "leaf", NULL);
    cw_disco_info_add_feature(info, CW_NS_PUBSUB);
    send_info_of(component, stanza, node, info, cw_news_has_node(component, node) ? contact : NULL);
}

/* XEP-0045 6.6: of people in a room, those learn who are there too.  TRUE: it is refused. */
static gboolean refuse_info_of_occupant(CwComponent *component, const CwStanza *stanza)
{
    CwSession *session = NULL;
    const CwRoom *room = cw_rooms_find(component, stanza, &session);

    if (room == NULL)
        cw_component_send_error(component, stanza, CW_STANZA_BAD_REQUEST,
                                "you are not in this room");
    else if (cw_rooms_find_occupant(room, stanza->to) == NULL)
        cw_component_send_error(component, stanza, CW_STANZA_ITEM_NOT_FOUND,
                                "nobody of that nickname is here");
    else
        return FALSE;
    return TRUE;
}

/* XEP-0045 6.4, 7.12.  FALSE: it is none. */
static gboolean answer_info_of_room(CwComponent *component, const CwStanza *stanza,
                                    const char *node)
{
    CwSession *session =
        cw_transport_find_session(cw_component_transport(component), stanza->from->bare);
    g_autofree char *name = stanza->to->local == NULL ? NULL : cw_component_legacy_name(stanza->to);
    const CwRoom *room =
        name == NULL || session == NULL ? NULL : cw_session_find_room(session, name);

    if (name == NULL || (room == NULL && !cw_rooms_is_name(component, name) &&
                         !cw_room_list_has(component, stanza->from, name) &&
                         !cw_archive_has(component, stanza->from, name)))
        return FALSE;
    if (stanza->to->resource != NULL)
        return refuse_info_of_occupant(component, stanza);
    if (node != NULL && *node != '\0') {
        cw_component_send_error(component, stanza,
                                g_str_equal(node, "x-roomuser-item")
                                    ? CW_STANZA_FEATURE_NOT_IMPLEMENTED
                                    : CW_STANZA_ITEM_NOT_FOUND,
                                NULL);
        return TRUE;
    }
    g_autoptr(CwDiscoInfo) info = cw_disco_info_new();
    cw_disco_info_add_identity(info, "conference", "text", name);
    for (const char *const *feature = cw_rooms_features; *feature != NULL; feature++) {
        if (is_offered(component, *feature, FALSE, stanza->from))
            cw_disco_info_add_feature(info, *feature);
    }
    send_info(component, stanza, NULL, info);
    return TRUE;
}

static void answer_info(CwComponent *component, const CwStanza *stanza, const CwNode *query)
{
    gboolean contact = stanza->to->local != NULL;
    const char *node = cw_node_attr(query, "node");
    const CwJid *asker = stanza->from;

    if (answer_info_of_room(component, stanza, node))
        return;
    if (node != NULL && *node != '\0') {
        const Caps *caps = get_caps(component);
        const CwContact *found = cw_component_find_contact(component, stanza);
        g_autofree char *known =
            g_strconcat(CAPS_NODE "#", contact ? caps->contact : caps->gateway, NULL);
        g_autoptr(CwDiscoInfo) command = cw_commands_describe(component, stanza, node);
        if (command != NULL) {
            send_info(component, stanza, node, command);
            return;
        }
        if (found != NULL && (cw_pep_has_node(found, node) || cw_news_has_node(component, node))) {
            answer_info_of_node(component, stanza, node, found);
            return;
        }
        if (!g_str_equal(node, known)) {
            cw_component_send_error(component, stanza, CW_STANZA_ITEM_NOT_FOUND, NULL);
            return;
        }
        asker = NULL; /* the very set that was hashed */
    }
    g_autoptr(CwDiscoInfo) info = describe(component, contact, asker);
    send_info(component, stanza, node, info);
}

/* XEP-0084 6.1: a contact has those nodes in which there is something */
static void answer_items(CwComponent *component, const CwStanza *stanza, const CwNode *query)
{
    const char *node = cw_node_attr(query, "node");
    const CwContact *contact = cw_component_find_contact(component, stanza);

    if (contact != NULL && cw_news_has_node(component, node)) {
        cw_news_answer_items(component, stanza);
        return;
    }
    if (node != NULL && *node != '\0') {
        if (!cw_commands_answer_items(component, stanza, node))
            cw_component_send_error(component, stanza, CW_STANZA_ITEM_NOT_FOUND, NULL);
        return;
    }
    if (stanza->to->local == NULL) {
        cw_room_list_answer(component, stanza, query);
        return;
    }
    CwWriter *writer = cw_component_begin_result(component, stanza);
    cw_writer_start(writer, "query", CW_NS_DISCO_ITEMS);
    for (const char *const *n = cw_pep_nodes(); contact != NULL && *n != NULL; n++) {
        if (!cw_pep_has_node(contact, *n))
            continue;
        cw_writer_start(writer, "item", NULL);
        cw_writer_attr(writer, "jid", stanza->to->bare);
        cw_writer_attr(writer, "node", *n);
        cw_writer_end(writer);
    }
    if (contact != NULL && cw_news_has_node(component, CW_NS_NEWS)) {
        cw_writer_start(writer, "item", NULL);
        cw_writer_attr(writer, "jid", stanza->to->bare);
        cw_writer_attr(writer, "node", CW_NS_NEWS);
        cw_writer_end(writer);
    }
    cw_writer_end(writer);
    cw_component_end(component);
}

static const CwIqHandler iqs[] = {
    {"get", "query", CW_NS_DISCO_INFO, answer_info},
    {"get", "query", CW_NS_DISCO_ITEMS, answer_items},
    {NULL},
};
static const char *const gateway_features[] = {CW_NS_DISCO_INFO, CW_NS_DISCO_ITEMS, NS_CAPS,
                                               CW_NS_RSM, NULL};
static const char *const contact_features[] = {CW_NS_DISCO_INFO, CW_NS_DISCO_ITEMS, NS_CAPS, NULL};
static const CwEvents events = {.described = described_cb};

const CwFeature cw_feature_disco = {
    .name = "disco",
    .iqs = iqs,
    .gateway_features = gateway_features,
    .contact_features = contact_features,
    .events = &events,
};
