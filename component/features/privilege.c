/* component/features/privilege.c: XEP-0356, what the server lets us do for its users
 *
 * The server tells its grants unasked, right after the handshake, as urn:xmpp:privilege:2 or the
 * older :1.  They are said in the log.  What we may do with rosters is found out by doing it
 * (roster-list.c); iqs in a user's name are sent to servers alone that grant them, as Prosody's
 * module answers others with what is no XML.  Any server may say so, and speaks for its own users.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#define G_LOG_DOMAIN "component"

#include <string.h>

#include "component/features/features.h"

#define NS_PRIVILEGE_1 "urn:xmpp:privilege:1"
#define SERVERS_MAX 1000 /* whose grants are remembered */

/* server -> CW_PRIVILEGE_GET, _SET of pubsub */
static GHashTable *grants_of(CwComponent *component)
{
    GHashTable *grants = cw_component_get_data(component, &cw_feature_privilege);

    if (grants == NULL) {
        grants = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
        cw_component_set_data(component, &cw_feature_privilege, grants,
                              (GDestroyNotify)g_hash_table_unref);
    }
    return grants;
}

guint cw_privilege_pubsub(CwComponent *component, const char *user)
{
    const char *at = strchr(user, '@');

    return GPOINTER_TO_UINT(g_hash_table_lookup(grants_of(component), at == NULL ? user : at + 1));
}

/* Prosody's module puts each namespace into the one before it. */
static guint read_namespaces(const CwNode *parent)
{
    guint granted = 0;

    for (const CwNode *node = cw_node_child(parent, "namespace", NULL); node != NULL;
         node = cw_node_next(node, "namespace", NULL)) {
        const char *type = cw_node_attr(node, "type");
        granted |= read_namespaces(node);
        if (g_strcmp0(cw_node_attr(node, "ns"), CW_NS_PUBSUB) != 0)
            continue;
        granted |= g_strcmp0(type, "get") == 0    ? CW_PRIVILEGE_GET
                   : g_strcmp0(type, "set") == 0  ? CW_PRIVILEGE_SET
                   : g_strcmp0(type, "both") == 0 ? CW_PRIVILEGE_GET | CW_PRIVILEGE_SET
                                                  : 0;
    }
    return granted;
}

static void note(CwComponent *component, const char *server, guint granted)
{
    GHashTable *grants = grants_of(component);

    if (granted == 0)
        g_hash_table_remove(grants, server);
    else if (g_hash_table_size(grants) < SERVERS_MAX)
        g_hash_table_replace(grants, g_strdup(server), GUINT_TO_POINTER(granted));
}

static gboolean take_message(CwComponent *component, const CwStanza *stanza)
{
    const CwNode *privilege = cw_node_child(stanza->node, "privilege", CW_NS_PRIVILEGE);
    guint pubsub = 0;

    if (privilege == NULL)
        privilege = cw_node_child(stanza->node, "privilege", NS_PRIVILEGE_1);
    /* C19: only a server speaks for itself: an address without local part, to the gateway */
    if (privilege == NULL || stanza->to->local != NULL || stanza->from->local != NULL)
        return FALSE;
    GString *granted = g_string_new(NULL);
    for (const CwNode *perm = cw_node_child(privilege, "perm", NULL); perm != NULL;
         perm = cw_node_next(perm, "perm", NULL)) {
        const char *access = cw_node_attr(perm, "access");
        const char *type = cw_node_attr(perm, "type");
        g_string_append_printf(granted, "%s%s=%s", granted->len > 0 ? ", " : "",
                               access == NULL ? "?" : access, type == NULL ? "?" : type);
        if (g_strcmp0(access, "iq") == 0)
            pubsub |= read_namespaces(perm);
    }
    note(component, stanza->from->domain, pubsub);
    g_autofree char *shown = g_strescape(granted->str, NULL);
    g_info("%s: %s grants: %s%s", cw_component_domain(component), stanza->from->domain,
           granted->len > 0 ? shown : "nothing", pubsub == 0 ? "" : " (bookmarks)");
    g_string_free(granted, TRUE);
    return TRUE;
}

static void down(CwComponent *component)
{
    g_hash_table_remove_all(grants_of(component));
}

const CwFeature cw_feature_privilege = {
    .name = "privilege",
    .message = take_message,
    .down = down,
};
