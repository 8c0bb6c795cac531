/* component/features/privilege.c: XEP-0356, what the server lets us do for its users
 *
 * The server tells its grants unasked, right after the handshake, as urn:xmpp:privilege:2 or the
 * older :1.  They are said in the log; nothing of ours depends on them, so any server may say so:
 * what we may do is found out by doing it (roster-list.c).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#define G_LOG_DOMAIN "component"

#include "component/features/features.h"

#define NS_PRIVILEGE_2 "urn:xmpp:privilege:2"
#define NS_PRIVILEGE_1 "urn:xmpp:privilege:1"

static gboolean take_message(CwComponent *component, const CwStanza *stanza)
{
    const CwNode *privilege = cw_node_child(stanza->node, "privilege", NS_PRIVILEGE_2);

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
    }
    g_autofree char *shown = g_strescape(granted->str, NULL);
    g_info("%s: %s grants: %s", cw_component_domain(component), stanza->from->domain,
           granted->len > 0 ? shown : "nothing");
    g_string_free(granted, TRUE);
    return TRUE;
}

const CwFeature cw_feature_privilege = {
    .name = "privilege",
    .message = take_message,
};
