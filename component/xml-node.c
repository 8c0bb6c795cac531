/* component/xml-node.c: looking into a parsed element
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "component/xml.h"

#include <string.h>

gboolean cw_node_is(const CwNode *node, const char *name, const char *ns)
{
    return (!name || strcmp(node->name, name) == 0) && (!ns || strcmp(node->ns, ns) == 0);
}

const char *cw_node_attr(const CwNode *node, const char *name)
{
    for (const CwAttr *attr = node->attrs; attr; attr = attr->next)
        if (!attr->ns && strcmp(attr->name, name) == 0)
            return attr->value;
    return NULL;
}

/* `node` itself or the first of its siblings behind it */
static const CwNode *first_match(const CwNode *node, const char *name, const char *ns)
{
    while (node && !cw_node_is(node, name, ns))
        node = node->next;
    return node;
}

const CwNode *cw_node_child(const CwNode *node, const char *name, const char *ns)
{
    return first_match(node->first_child, name, ns);
}

const CwNode *cw_node_next(const CwNode *node, const char *name, const char *ns)
{
    return first_match(node->next, name, ns);
}

const char *cw_node_child_text(const CwNode *node, const char *name, const char *ns)
{
    const CwNode *child = cw_node_child(node, name, ns);

    return child ? child->text : NULL;
}

guint cw_node_n_children(const CwNode *node)
{
    guint count = 0;

    for (const CwNode *child = node->first_child; child; child = child->next)
        count++;
    return count;
}
