/* protocols/agents/xml.h: XML of others as events
 *
 * Bounded in depth; declared entities are refused, undeclared ones are what HTML has by that name.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#pragma once

#include "protocols/agents/agent.h"

G_BEGIN_DECLS

typedef struct CwXml CwXml;

typedef struct {
    /* `ns`: "" for none.  `attributes`: name, value, …, NULL; cw_xml_attribute(). */
    void (*start)(CwXml *xml, const char *ns, const char *name, const char **attributes,
                  gpointer data);
    void (*end)(CwXml *xml, gpointer data);
    void (*text)(const char *text, gsize length, gpointer data); /* in pieces */
} CwXmlEvents;

/* `charset` nullable: what the server said.  FALSE with CW_AGENT_ERROR: it is cut off, no XML, was
 * refused, or (CW_AGENT_ERROR_ENTITIES) declares entities; events may have come before. */
gboolean cw_xml_read(const char *data, gsize length, const char *charset, const CwXmlEvents *events,
                     gpointer data_of_events, GError **error);
/* A charset as servers say it, in a form to be read with; NULL: that is no name of one. */
const char *cw_xml_charset(const char *charset);

/* ---- in events ---- */

guint cw_xml_depth(const CwXml *xml); /* of the element that starts or ends; the root has 1 */
void cw_xml_refuse(CwXml *xml, const char *why); /* no more events */
/* One without a namespace.  Nullable. */
const char *cw_xml_attribute(const char **attributes, const char *name);

G_END_DECLS
