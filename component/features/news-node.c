/* component/features/news-node.c: what a contact published, as a node: XEP-0060 6.5 with entries as
 * clients that read microblogs know them (XEP-0277, RFC 4287)
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "component/features/features.h"
#include "component/xmpp-time.h"

#define NS_ATOM "http://www.w3.org/2005/Atom"

enum { TITLE, TEXT, LINK, TIME, N_VALUES }; /* of an item: cw_session_ask_items() */

gboolean cw_news_has_node(CwComponent *component, const char *node)
{
    const CwProtocol *protocol = cw_transport_protocol(cw_component_transport(component));

    return protocol != NULL && protocol->items && g_strcmp0(node, CW_NS_NEWS) == 0;
}

typedef struct {
    CwComponent *component;
    CwReply *reply;
    guint most; /* 0: all */
    char *id;   /* nullable: this one alone */
} Request;

static void write_text(CwWriter *writer, const char *name, const char *text)
{
    cw_writer_start(writer, name, NULL);
    cw_writer_attr(writer, "type", "text");
    cw_writer_text(writer, text);
    cw_writer_end(writer);
}

/* RFC 4287 4.1.2: id, title and updated must be there. */
static void write_entry(CwWriter *writer, const CwFound *item, const char *jid)
{
    gint64 time = g_ascii_strtoll(item->values[TIME], NULL, 10);
    g_autofree char *when = cw_xmpp_time(time);
    g_autofree char *uri =
        g_strdup_printf("xmpp:%s?;node=%s;item=%s", jid, CW_NS_NEWS, item->contact);

    cw_writer_start(writer, "item", NULL);
    cw_writer_attr(writer, "id", item->contact);
    cw_writer_start(writer, "entry", NS_ATOM);
    write_text(writer, "title",
               *item->values[TITLE] == '\0' ? item->values[TEXT] : item->values[TITLE]);
    if (*item->values[TEXT] != '\0')
        write_text(writer, "summary", item->values[TEXT]);
    if (*item->values[LINK] != '\0') {
        cw_writer_start(writer, "link", NULL);
        cw_writer_attr(writer, "rel", "alternate");
        cw_writer_attr(writer, "href", item->values[LINK]);
        cw_writer_end(writer);
    }
    cw_writer_leaf(writer, "id", NULL, uri);
    if (time != 0)
        cw_writer_leaf(writer, "published", NULL, when);
    cw_writer_leaf(writer, "updated", NULL, when);
    cw_writer_end(writer);
    cw_writer_end(writer);
}

static void items_cb(CwSession *session, const GPtrArray *items, CwReason reason, gpointer data)
{
    Request *request = data;
    CwComponent *component = request->component;
    const CwStanza *stanza = cw_reply_stanza(request->reply);

    if (items == NULL) {
        cw_component_send_error(component, stanza, cw_reason_condition(reason),
                                cw_reason_text(reason));
    } else {
        CwWriter *writer = cw_component_begin_result(component, stanza);
        guint n = 0;
        cw_writer_start(writer, "pubsub", CW_NS_PUBSUB);
        cw_writer_start(writer, "items", NULL);
        cw_writer_attr(writer, "node", CW_NS_NEWS);
        for (guint i = 0; i < items->len && (request->most == 0 || n < request->most); i++) {
            const CwFound *item = g_ptr_array_index(items, i);
            if (g_strv_length(item->values) != N_VALUES ||
                (request->id != NULL && !g_str_equal(request->id, item->contact)))
                continue;
            write_entry(writer, item, stanza->to->bare);
            n++;
        }
        cw_writer_end(writer);
        cw_writer_end(writer);
        cw_component_end(component);
    }
    cw_reply_free(request->reply);
    g_free(request->id);
    g_free(request);
}

void cw_news_answer(CwComponent *component, const CwStanza *stanza, const CwNode *items)
{
    CwSession *session =
        cw_transport_find_session(cw_component_transport(component), stanza->from->bare);
    g_autofree char *name = cw_component_legacy_name(stanza->to);
    const CwNode *item = cw_node_child(items, "item", CW_NS_PUBSUB);
    const char *most = cw_node_attr(items, "max_items");
    Request *request = g_new0(Request, 1);
    CwReason reason = CW_REASON_NOT_ONLINE;

    request->component = component;
    request->reply = cw_component_keep(component, stanza);
    request->most = most == NULL ? 0 : (guint)CLAMP(g_ascii_strtoll(most, NULL, 10), 0, G_MAXINT);
    request->id = item == NULL ? NULL : g_strdup(cw_node_attr(item, "id"));
    if (session == NULL || name == NULL ||
        !cw_session_ask_items(session, name, items_cb, request, &reason))
        items_cb(session, NULL, reason, request);
}
