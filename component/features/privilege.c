/* component/features/privilege.c: XEP-0356, what the server lets us do for its users
 *
 * The server tells its grants unasked, right after the handshake, as urn:xmpp:privilege:2 or the
 * older :1.  They hold for users of the domain that grants, so any server may say so for its own.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#define G_LOG_DOMAIN "component"

#include <string.h>

#include "component/features/features.h"

#define NS_PRIVILEGE_2 "urn:xmpp:privilege:2"
#define NS_PRIVILEGE_1 "urn:xmpp:privilege:1"

#define DOMAINS_MAX 1000 /* servers whose grants are kept */

/* (element: domain, in the set: roster=both) */
static GHashTable *granted_of(CwComponent *component)
{
    GHashTable *granted = cw_component_get_data(component, &cw_feature_privilege);

    if (granted == NULL) {
        granted = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
        cw_component_set_data(component, &cw_feature_privilege, granted,
                              (GDestroyNotify)g_hash_table_unref);
    }
    return granted;
}

gboolean cw_privilege_has_roster(CwComponent *component, const char *user)
{
    const char *at = strchr(user, '@');

    return at != NULL && g_hash_table_contains(granted_of(component), at + 1);
}

static void keep(CwComponent *component, const char *domain, gboolean roster)
{
    GHashTable *granted = granted_of(component);

    if (!roster)
        g_hash_table_remove(granted, domain);
    else if (g_hash_table_size(granted) < DOMAINS_MAX)
        g_hash_table_add(granted, g_strdup(domain));
}

static void down(CwComponent *component)
{
    g_hash_table_remove_all(granted_of(component));
}

static gboolean take_message(CwComponent *component, const CwStanza *stanza)
{
    const CwNode *privilege = cw_node_child(stanza->node, "privilege", NS_PRIVILEGE_2);

    if (privilege == NULL)
        privilege = cw_node_child(stanza->node, "privilege", NS_PRIVILEGE_1);
    /* C19: only a server speaks for itself: an address without local part, to the gateway */
    if (privilege == NULL || stanza->to->local != NULL || stanza->from->local != NULL)
        return FALSE;
    GString *granted = g_string_new(NULL);
    gboolean roster = FALSE;
    for (const CwNode *perm = cw_node_child(privilege, "perm", NULL); perm != NULL;
         perm = cw_node_next(perm, "perm", NULL)) {
        const char *access = cw_node_attr(perm, "access");
        const char *type = cw_node_attr(perm, "type");
        if (g_strcmp0(access, "roster") == 0)
            roster = g_strcmp0(type, "both") == 0;
        g_string_append_printf(granted, "%s%s=%s", granted->len > 0 ? ", " : "",
                               access == NULL ? "?" : access, type == NULL ? "?" : type);
    }
    g_autofree char *shown = g_strescape(granted->str, NULL);
    g_info("%s: %s grants: %s", cw_component_domain(component), stanza->from->domain,
           granted->len > 0 ? shown : "nothing");
    g_string_free(granted, TRUE);
    keep(component, stanza->from->domain, roster);
    return TRUE;
}

const CwFeature cw_feature_privilege = {
    .name = "privilege",
    .message = take_message,
    .down = down,
};
