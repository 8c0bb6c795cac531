/* component/features/avatars.c: pictures of contacts: XEP-0153 in presence, XEP-0084 on request
 *
 * The picture itself is in the contact's vCard (vcard.c) and in its node urn:xmpp:avatar:data; the
 * SHA-1 of its bytes is its id in all of them.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "component/features/features.h"

#define NS_UPDATE "vcard-temp:x:update"
#define NS_PUBSUB "http://jabber.org/protocol/pubsub"
#define NS_RETRIEVE "http://jabber.org/protocol/pubsub#retrieve-items"
#define NS_DATA "urn:xmpp:avatar:data"
#define NS_METADATA "urn:xmpp:avatar:metadata"

/* XEP-0153 4.1: no element while the network has not said whether there is one */
void cw_avatars_write_update(CwWriter *writer, const CwContact *contact)
{
    if (!contact->avatar_known)
        return;
    cw_writer_start(writer, "x", NS_UPDATE);
    cw_writer_leaf(writer, "photo", NULL, contact->avatar == NULL ? NULL : contact->avatar->id);
    cw_writer_end(writer);
}

char *cw_avatars_encode(const CwAvatar *avatar)
{
    gsize size = 0;
    gconstpointer bytes = g_bytes_get_data(avatar->bytes, &size);

    return g_base64_encode(bytes, size);
}

/* XEP-0084 4.2.1 */
static void write_metadata(CwWriter *writer, const CwAvatar *avatar)
{
    g_autofree char *bytes = g_strdup_printf("%" G_GSIZE_FORMAT, g_bytes_get_size(avatar->bytes));

    cw_writer_start(writer, "metadata", NS_METADATA);
    cw_writer_start(writer, "info", NULL);
    cw_writer_attr(writer, "bytes", bytes);
    cw_writer_attr(writer, "id", avatar->id);
    cw_writer_attr(writer, "type", avatar->media);
    if (avatar->width > 0 && avatar->height > 0) {
        g_autofree char *width = g_strdup_printf("%u", avatar->width);
        g_autofree char *height = g_strdup_printf("%u", avatar->height);
        cw_writer_attr(writer, "height", height);
        cw_writer_attr(writer, "width", width);
    }
    cw_writer_end(writer);
    cw_writer_end(writer);
}

static void send_item(CwComponent *component, const CwStanza *stanza, const char *node,
                      const CwAvatar *avatar)
{
    CwWriter *writer = cw_component_begin_result(component, stanza);

    cw_writer_start(writer, "pubsub", NS_PUBSUB);
    cw_writer_start(writer, "items", NULL);
    cw_writer_attr(writer, "node", node);
    cw_writer_start(writer, "item", NULL);
    cw_writer_attr(writer, "id", avatar->id);
    if (g_str_equal(node, NS_DATA)) {
        g_autofree char *data = cw_avatars_encode(avatar);
        cw_writer_leaf(writer, "data", NS_DATA, data);
    } else {
        write_metadata(writer, avatar);
    }
    cw_writer_end(writer);
    cw_writer_end(writer);
    cw_writer_end(writer);
    cw_component_end(component);
}

/* (nullable) the picture of a contact of the asker's */
static const CwAvatar *find_avatar(CwComponent *component, const CwStanza *stanza)
{
    CwSession *session =
        cw_transport_find_session(cw_component_transport(component), stanza->from->bare);
    g_autofree char *name = cw_component_legacy_name(stanza->to);
    const CwContact *contact =
        session == NULL || name == NULL ? NULL : cw_session_find_contact(session, name);

    return contact == NULL ? NULL : contact->avatar;
}

/* XEP-0060 6.5; a contact has these two nodes, each with the one item */
static void answer_pubsub(CwComponent *component, const CwStanza *stanza, const CwNode *pubsub)
{
    const CwNode *items = cw_node_child(pubsub, "items", NS_PUBSUB);
    const char *node = items == NULL ? NULL : cw_node_attr(items, "node");

    if (stanza->to->local == NULL || items == NULL) {
        cw_component_send_error(component, stanza,
                                stanza->to->local == NULL ? CW_STANZA_SERVICE_UNAVAILABLE
                                                          : CW_STANZA_FEATURE_NOT_IMPLEMENTED,
                                NULL);
        return;
    }
    const CwAvatar *avatar = find_avatar(component, stanza);
    const CwNode *item = cw_node_child(items, "item", NS_PUBSUB);
    const char *id = item == NULL ? NULL : cw_node_attr(item, "id");
    if (avatar == NULL || node == NULL ||
        (!g_str_equal(node, NS_DATA) && !g_str_equal(node, NS_METADATA)) ||
        (id != NULL && !g_str_equal(id, avatar->id)))
        cw_component_send_error(component, stanza, CW_STANZA_ITEM_NOT_FOUND, NULL);
    else
        send_item(component, stanza, node, avatar);
}

static const CwIqHandler iqs[] = {
    {"get", "pubsub", NS_PUBSUB, answer_pubsub},
    {NULL},
};
static const char *const contact_features[] = {NS_RETRIEVE, NULL};

const CwFeature cw_feature_avatars = {
    .name = "avatars",
    .iqs = iqs,
    .contact_features = contact_features,
};
