/* component/features/news-node.c: what a contact published, as a node of its own: XEP-0060 with
 * entries as clients that read microblogs know them (XEP-0277, XEP-0472, RFC 4287)
 *
 *     a user who has the contact: items, their ids, subscribe, unsubscribe; he may change nothing
 *     anybody else:               is told to get it on his list first
 *
 * Whoever has the contact is told by it anyway (news.c); to subscribe besides says that clients
 * which announce nothing want the events as well.  It is kept with the contact, for the user and
 * all of his clients.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <string.h>

#include "component/features/features.h"
#include "component/features/news.h"
#include "component/form.h"
#include "component/rsm.h"
#include "component/xmpp-time.h"

#define NS_ATOM "http://www.w3.org/2005/Atom"
#define NS_ERRORS CW_NS_PUBSUB "#errors"
#define NS_OWNER CW_NS_PUBSUB "#owner"
#define NS_METADATA CW_NS_PUBSUB "#meta-data"
#define IDS_MOST 100 /* items that are asked for by their ids; there are no more */

gboolean cw_news_has_node(CwComponent *component, const char *node)
{
    const CwProtocol *protocol = cw_transport_protocol(cw_component_transport(component));

    return protocol != NULL && protocol->items && g_strcmp0(node, CW_NS_NEWS) == 0;
}

const char *cw_news_name(CwSession *session, const char *contact)
{
    const CwContact *known = cw_session_find_contact(session, contact);

    return known == NULL || known->alias == NULL || *known->alias == '\0' ? contact : known->alias;
}

/* ---- entries ---- */

static void write_text(CwWriter *writer, const char *name, const char *text)
{
    cw_writer_start(writer, name, NULL);
    cw_writer_attr(writer, "type", "text");
    cw_writer_text(writer, text);
    cw_writer_end(writer);
}

/* RFC 4287 4.1.2: no two alternates of one type (nullable). */
static void write_link(CwWriter *writer, const char *type, const char *address)
{
    cw_writer_start(writer, "link", NULL);
    cw_writer_attr(writer, "rel", "alternate");
    cw_writer_attr(writer, "type", type);
    cw_writer_attr(writer, "href", address);
    cw_writer_end(writer);
}

/* XEP-0060 12.21: of the contact, or of an item (nullable) of its node.  (transfer full) */
static char *make_uri(const char *jid, const char *item)
{
    g_autofree char *address = g_uri_escape_string(jid, "@", FALSE);
    g_autofree char *node = g_uri_escape_string(CW_NS_NEWS, NULL, FALSE);
    g_autofree char *id = item == NULL ? NULL : g_uri_escape_string(item, NULL, FALSE);

    return id == NULL ? g_strconcat("xmpp:", address, NULL)
                      : g_strconcat("xmpp:", address, "?;node=", node, ";item=", id, NULL);
}

static gboolean is_item(const CwFound *item)
{
    return g_strv_length(item->values) == CW_ITEM_N_VALUES;
}

gboolean cw_news_are_items(const GPtrArray *items)
{
    for (guint i = 0; i < items->len; i++) {
        if (!is_item(g_ptr_array_index(items, i)))
            return FALSE;
    }
    return TRUE;
}

/* RFC 4287 4.1.2: author, id, title and updated must be there. */
gboolean cw_news_write_item(CwWriter *writer, const CwFound *item, const char *jid,
                            const char *name)
{
    if (!is_item(item))
        return FALSE;
    gint64 time = g_ascii_strtoll(item->values[CW_ITEM_TIME], NULL, 10);
    g_autofree char *when = cw_xmpp_time(time);
    g_autofree char *uri = make_uri(jid, item->contact);
    g_autofree char *author = make_uri(jid, NULL);

    cw_writer_start(writer, "item", NULL);
    cw_writer_attr(writer, "id", item->contact);
    cw_writer_attr(writer, "publisher", jid); /* who XEP-0277's clients check the author against */
    cw_writer_start(writer, "entry", NS_ATOM);
    cw_writer_start(writer, "author", NULL);
    cw_writer_leaf(writer, "name", NULL, name);
    cw_writer_leaf(writer, "uri", NULL, author);
    cw_writer_end(writer);
    write_text(writer, "title",
               *item->values[CW_ITEM_TITLE] == '\0' ? item->values[CW_ITEM_TEXT]
                                                    : item->values[CW_ITEM_TITLE]);
    if (*item->values[CW_ITEM_TEXT] != '\0')
        write_text(writer, "summary", item->values[CW_ITEM_TEXT]);
    if (*item->values[CW_ITEM_LINK] != '\0')
        write_link(writer, "text/html", item->values[CW_ITEM_LINK]);
    write_link(writer, NULL, uri);
    cw_writer_leaf(writer, "id", NULL, uri);
    if (time != 0)
        cw_writer_leaf(writer, "published", NULL, when);
    cw_writer_leaf(writer, "updated", NULL, when);
    cw_writer_end(writer);
    cw_writer_end(writer);
    return TRUE;
}

static void write_field(CwWriter *writer, const char *var, const char *type, const char *value)
{
    cw_writer_start(writer, "field", NULL);
    cw_writer_attr(writer, "var", var);
    cw_writer_attr(writer, "type", type);
    cw_writer_leaf(writer, "value", NULL, value);
    cw_writer_end(writer);
}

/* XEP-0060 5.4; the type is the profile's of XEP-0472 */
void cw_news_write_metadata(CwWriter *writer, const CwContact *contact)
{
    cw_writer_start(writer, "x", CW_NS_FORM);
    cw_writer_attr(writer, "type", "result");
    write_field(writer, "FORM_TYPE", "hidden", NS_METADATA);
    write_field(writer, "pubsub#type", "text-single", CW_NS_NEWS);
    write_field(writer, "pubsub#title", "text-single",
                contact->alias == NULL ? contact->name : contact->alias);
    write_field(writer, "pubsub#access_model", "list-single", "presence");
    write_field(writer, "pubsub#publish_model", "list-single", "publishers");
    cw_writer_end(writer);
}

/* ---- errors ---- */

/* With a condition of XEP-0060's own. */
static void refuse(CwComponent *component, const CwStanza *stanza, CwStanzaCondition condition,
                   const char *special, const char *text)
{
    CwWriter *writer = cw_component_begin(component, "iq", stanza->to->full, stanza->from->full,
                                          "error", stanza->id);

    cw_stanza_error_write_special(writer, condition, text, special, NS_ERRORS);
    cw_component_end(component);
}

static void refuse_feature(CwComponent *component, const CwStanza *stanza, const char *feature)
{
    CwWriter *writer = cw_component_begin(component, "iq", stanza->to->full, stanza->from->full,
                                          "error", stanza->id);

    cw_stanza_error_write_unsupported(writer, feature, NS_ERRORS);
    cw_component_end(component);
}

/* The contact of his whose node it is; NULL: that is answered. */
static CwContact *find_reader(CwComponent *component, const CwStanza *stanza, const CwNode *child)
{
    const char *node = cw_node_attr(child, "node");
    CwContact *contact = cw_component_find_contact(component, stanza);

    if (node == NULL)
        refuse(component, stanza, CW_STANZA_BAD_REQUEST, "nodeid-required", NULL);
    else if (!cw_news_has_node(component, node))
        cw_component_send_error(component, stanza, CW_STANZA_ITEM_NOT_FOUND, NULL);
    else if (contact == NULL || contact->subscription == CW_SUBSCRIPTION_REMOVED)
        refuse(component, stanza, CW_STANZA_NOT_AUTHORIZED, "presence-subscription-required",
               "add it to your contacts first");
    else
        return contact;
    return NULL;
}

/* ---- items on request ---- */

typedef struct {
    CwComponent *component;
    CwReply *reply;
    gboolean ids_only; /* disco#items */
    guint most;        /* 0: all */
    GPtrArray *ids;    /* nullable: these alone */
} Request;

static void free_request(Request *request)
{
    cw_reply_free(request->reply);
    g_clear_pointer(&request->ids, g_ptr_array_unref);
    g_free(request);
}

static gboolean is_wanted(const Request *request, const CwFound *item)
{
    return request->ids == NULL ||
           g_ptr_array_find_with_equal_func(request->ids, item->contact, g_str_equal, NULL);
}

/* XEP-0060 5.5 */
static void write_id(CwWriter *writer, const CwFound *item, const char *jid)
{
    cw_writer_start(writer, "item", NULL);
    cw_writer_attr(writer, "jid", jid);
    cw_writer_attr(writer, "name", item->contact);
    cw_writer_end(writer);
}

/* How many of them it went through: less than all when they would be too much for one stanza. */
static guint write_items(CwWriter *writer, const Request *request, CwSession *session,
                         const GPtrArray *items)
{
    const char *jid = cw_reply_stanza(request->reply)->to->bare;
    g_autofree char *contact = cw_component_legacy_name(cw_reply_stanza(request->reply)->to);
    const char *name = cw_news_name(session, contact);
    gsize start = writer->out->len;
    guint n = 0;

    for (guint i = 0; i < items->len && (request->most == 0 || n < request->most); i++) {
        const CwFound *item = g_ptr_array_index(items, i);
        if (writer->out->len - start > CW_ANSWER_MAX)
            return i;
        if (!is_wanted(request, item))
            continue;
        if (request->ids_only)
            write_id(writer, item, jid);
        else if (!cw_news_write_item(writer, item, jid, name))
            continue;
        n++;
    }
    return items->len;
}

/* XEP-0060 6.5.4: these are the newest, and there are more. */
static void write_cut(CwWriter *writer, const GPtrArray *items, guint n)
{
    const CwFound *first = g_ptr_array_index(items, 0);
    const CwFound *last = g_ptr_array_index(items, n - 1);

    cw_rsm_write(writer, first->contact, last->contact, 0, items->len);
}

static void items_cb(CwSession *session, const GPtrArray *items, CwReason reason, gpointer data)
{
    Request *request = data;
    CwComponent *component = request->component;
    const CwStanza *stanza = cw_reply_stanza(request->reply);

    if (items == NULL) {
        cw_component_send_error(component, stanza, cw_reason_condition(reason),
                                cw_reason_text(reason));
        free_request(request);
        return;
    }
    CwWriter *writer = cw_component_begin_result(component, stanza);
    cw_writer_start(writer, request->ids_only ? "query" : "pubsub",
                    request->ids_only ? CW_NS_DISCO_ITEMS : CW_NS_PUBSUB);
    if (!request->ids_only)
        cw_writer_start(writer, "items", NULL);
    cw_writer_attr(writer, "node", CW_NS_NEWS);
    guint n = write_items(writer, request, session, items);
    if (!request->ids_only)
        cw_writer_end(writer);
    if (n < items->len && request->ids == NULL)
        write_cut(writer, items, n);
    cw_writer_end(writer);
    cw_component_end(component);
    free_request(request);
}

static void ask_host(Request *request)
{
    const CwStanza *stanza = cw_reply_stanza(request->reply);
    CwTransport *transport = cw_component_transport(request->component);
    CwSession *session = cw_transport_find_session(transport, stanza->from->bare);
    g_autofree char *name = cw_component_legacy_name(stanza->to);
    CwReason reason = CW_REASON_NOT_ONLINE;

    if (session == NULL || name == NULL ||
        !cw_session_ask_items(session, name, items_cb, request, &reason))
        items_cb(session, NULL, reason, request);
}

static Request *request_new(CwComponent *component, const CwStanza *stanza)
{
    Request *request = g_new0(Request, 1);

    request->component = component;
    request->reply = cw_component_keep(component, stanza);
    return request;
}

void cw_news_answer_items(CwComponent *component, const CwStanza *stanza)
{
    Request *request = request_new(component, stanza);

    request->ids_only = TRUE;
    ask_host(request);
}

/* (transfer full) NULL: none is asked for; `ok` FALSE: that is no list of them. */
static GPtrArray *read_ids(const CwNode *items, gboolean *ok)
{
    g_autoptr(GPtrArray) ids = g_ptr_array_new_with_free_func(g_free);

    *ok = TRUE;
    for (const CwNode *item = cw_node_child(items, "item", CW_NS_PUBSUB); item != NULL && *ok;
         item = cw_node_next(item, "item", CW_NS_PUBSUB)) {
        const char *id = cw_node_attr(item, "id");
        *ok = id != NULL && ids->len < IDS_MOST;
        if (*ok)
            g_ptr_array_add(ids, g_strdup(id));
    }
    return ids->len == 0 ? NULL : g_steal_pointer(&ids);
}

/* XEP-0060 6.5 */
static void answer_items(CwComponent *component, const CwStanza *stanza, const CwNode *items)
{
    const char *most = cw_node_attr(items, "max_items");
    guint64 number = 0;
    gboolean ok = FALSE;

    if (find_reader(component, stanza, items) == NULL)
        return;
    g_autoptr(GPtrArray) ids = read_ids(items, &ok);
    if (!ok ||
        (most != NULL && !g_ascii_string_to_unsigned(most, 10, 1, G_MAXUINT, &number, NULL))) {
        cw_component_send_error(component, stanza, CW_STANZA_BAD_REQUEST,
                                ok ? "max_items is a number from 1" : "each item has an id");
        return;
    }
    Request *request = request_new(component, stanza);
    request->most = (guint)number;
    request->ids = g_steal_pointer(&ids);
    ask_host(request);
}

/* ---- subscriptions ---- */

static gboolean is_of_sender(const CwNode *child, const CwStanza *stanza)
{
    const char *text = cw_node_attr(child, "jid");
    g_autoptr(CwJid) jid = text == NULL ? NULL : cw_jid_parse(text, NULL);

    return jid != NULL && g_str_equal(jid->full, stanza->from->bare);
}

static void write_subscription(CwWriter *writer, const CwStanza *stanza)
{
    cw_writer_start(writer, "subscription", NULL);
    cw_writer_attr(writer, "node", CW_NS_NEWS);
    cw_writer_attr(writer, "jid", stanza->from->bare);
    cw_writer_attr(writer, "subscription", "subscribed");
    cw_writer_end(writer);
}

/* XEP-0060 6.1; for all of his clients, as he has the contact for all of them */
static void subscribe(CwComponent *component, const CwStanza *stanza, const CwNode *child)
{
    CwContact *contact = find_reader(component, stanza, child);

    if (contact == NULL)
        return;
    if (!is_of_sender(child, stanza)) {
        refuse(component, stanza, CW_STANZA_BAD_REQUEST, "invalid-jid",
               "it is your bare JID that can be subscribed");
        return;
    }
    cw_session_set_subscribed(
        cw_transport_find_session(cw_component_transport(component), stanza->from->bare), contact,
        TRUE);
    CwWriter *writer = cw_component_begin_result(component, stanza);
    cw_writer_start(writer, "pubsub", CW_NS_PUBSUB);
    write_subscription(writer, stanza);
    cw_writer_end(writer);
    cw_component_end(component);
}

/* XEP-0060 6.2 */
static void unsubscribe(CwComponent *component, const CwStanza *stanza, const CwNode *child)
{
    CwContact *contact = find_reader(component, stanza, child);

    if (contact == NULL)
        return;
    if (!is_of_sender(child, stanza)) {
        cw_component_send_error(component, stanza, CW_STANZA_FORBIDDEN,
                                "it is your bare JID that is subscribed");
    } else if (!contact->subscribed) {
        refuse(component, stanza, CW_STANZA_UNEXPECTED_REQUEST, "not-subscribed",
               "what is new comes as you have the contact; take it off your list");
    } else {
        cw_session_set_subscribed(
            cw_transport_find_session(cw_component_transport(component), stanza->from->bare),
            contact, FALSE);
        cw_component_send_result(component, stanza);
    }
}

/* XEP-0060 5.6, 5.7: nobody is more than a reader, which is no affiliation */
static void list(CwComponent *component, const CwStanza *stanza, const CwNode *child)
{
    const CwContact *contact = cw_component_find_contact(component, stanza);
    const char *node = cw_node_attr(child, "node");

    if (node != NULL && !cw_news_has_node(component, node)) {
        cw_component_send_error(component, stanza, CW_STANZA_ITEM_NOT_FOUND, NULL);
        return;
    }
    CwWriter *writer = cw_component_begin_result(component, stanza);
    cw_writer_start(writer, "pubsub", CW_NS_PUBSUB);
    cw_writer_start(writer, child->name, NULL);
    cw_writer_attr(writer, "node", node);
    if (g_str_equal(child->name, "subscriptions") && contact != NULL && contact->subscribed)
        write_subscription(writer, stanza);
    cw_writer_end(writer);
    cw_writer_end(writer);
    cw_component_end(component);
}

/* ---- who answers what ---- */

typedef void (*Handle)(CwComponent *component, const CwStanza *stanza, const CwNode *child);

static const struct {
    const char *type, *name, *ns;
    Handle handle;       /* NULL: nobody can do it here … */
    const char *feature; /* … and it is called so: XEP-0060 10 */
} handlers[] = {
    {"set", "subscribe", CW_NS_PUBSUB, subscribe, NULL},
    {"set", "unsubscribe", CW_NS_PUBSUB, unsubscribe, NULL},
    {"get", "subscriptions", CW_NS_PUBSUB, list, NULL},
    {"get", "affiliations", CW_NS_PUBSUB, list, NULL},
    {"get", "options", CW_NS_PUBSUB, NULL, "subscription-options"},
    {"set", "options", CW_NS_PUBSUB, NULL, "subscription-options"},
    {"get", "default", CW_NS_PUBSUB, NULL, "retrieve-default-sub"},
    {"set", "publish", CW_NS_PUBSUB, NULL, "publish"},
    {"set", "retract", CW_NS_PUBSUB, NULL, "retract-items"},
    {"set", "create", CW_NS_PUBSUB, NULL, "create-nodes"},
    {"get", "configure", NS_OWNER, NULL, "config-node"},
    {"set", "configure", NS_OWNER, NULL, "config-node"},
    {"get", "default", NS_OWNER, NULL, "retrieve-default"},
    {"set", "delete", NS_OWNER, NULL, "delete-nodes"},
    {"set", "purge", NS_OWNER, NULL, "purge-nodes"},
    {"get", "subscriptions", NS_OWNER, NULL, "manage-subscriptions"},
    {"set", "subscriptions", NS_OWNER, NULL, "manage-subscriptions"},
    {"get", "affiliations", NS_OWNER, NULL, "modify-affiliations"},
    {"set", "affiliations", NS_OWNER, NULL, "modify-affiliations"},
};

static gboolean take(CwComponent *component, const CwStanza *stanza, const CwNode *pubsub,
                     const char *ns)
{
    for (guint i = 0; i < G_N_ELEMENTS(handlers); i++) {
        const CwNode *child =
            g_str_equal(handlers[i].ns, ns) ? cw_node_child(pubsub, handlers[i].name, ns) : NULL;
        if (child == NULL || !g_str_equal(handlers[i].type, stanza->type))
            continue;
        if (handlers[i].handle != NULL)
            handlers[i].handle(component, stanza, child);
        else
            refuse_feature(component, stanza, handlers[i].feature);
        return TRUE;
    }
    return FALSE;
}

gboolean cw_news_answer(CwComponent *component, const CwStanza *stanza, const CwNode *pubsub)
{
    const CwNode *items = cw_node_child(pubsub, "items", CW_NS_PUBSUB);

    if (stanza->to->local == NULL || !cw_news_has_node(component, CW_NS_NEWS))
        return FALSE;
    if (items != NULL && cw_news_has_node(component, cw_node_attr(items, "node"))) {
        answer_items(component, stanza, items);
        return TRUE;
    }
    return take(component, stanza, pubsub, CW_NS_PUBSUB);
}

/* What changes something, and what only owners ask. */
static void answer_other(CwComponent *component, const CwStanza *stanza, const CwNode *pubsub)
{
    if (stanza->to->local == NULL || !cw_news_has_node(component, CW_NS_NEWS))
        cw_component_send_error(component, stanza, CW_STANZA_SERVICE_UNAVAILABLE, NULL);
    else if (!take(component, stanza, pubsub, pubsub->ns))
        cw_component_send_error(component, stanza, CW_STANZA_FEATURE_NOT_IMPLEMENTED, NULL);
}

const CwIqHandler cw_news_iqs[] = {
    {"set", "pubsub", CW_NS_PUBSUB, answer_other},
    {"get", "pubsub", NS_OWNER, answer_other},
    {"set", "pubsub", NS_OWNER, answer_other},
    {NULL},
};
