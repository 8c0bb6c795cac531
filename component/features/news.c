/* component/features/news.c: what happens to contacts that are things, to those clients that are to
 * be told
 *
 *     no item of theirs ------------------------------> headline, to all; or, when nobody is there
 *                                                       who takes one, a message that is kept
 *     an item, and a client of the user's wants events: XEP-0163 4.3, urn:xmpp:microblog:0+notify
 *          to each that does --------------------------> the event alone
 *          to each other ------------------------------> headline, to that resource
 *             and it comes back, and nobody else has it -> a message that is kept
 *     an item, and none does --------------------------> the same as of no item
 *
 * So nobody is shown anything twice.  Where it is not known yet what a client wants, or the user
 * has subscribed to the node himself, the event is in the headline (XEP-0277 "Message Body"): one
 * message, which each client reads as far as it can.  The last item is not sent to clients that
 * come (XEP-0277 and XEP-0472, node configuration: never): it was told when it was new, and he may
 * be one who wants to be left alone.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "component/features/news.h"

#include <string.h>

#include "component/features/features.h"
#include "component/xmpp-time.h"

#define NS_EVENT "http://jabber.org/protocol/pubsub#event"
#define NS_OOB "jabber:x:oob"
#define IN_ONE_MOST 20 /* items that a headline carries, the newest */

#define ALONE "item-" /* "item-RANDOM-ID": see make_id() */
#define ALONE_RANDOM 9
#define ITEM_ID_MOST 500 /* bytes */

typedef struct {
    CwComponent *component;
    const char *from;
    const char *name; /* of the contact, for people */
    const char *title, *text, *url;
    const GPtrArray *items; /* nullable */
    gint64 stamp;
} News;

static gsize size_in_xml(const char *text)
{
    gsize size = 0;

    for (; *text != '\0'; text++)
        size += strchr("&<>'\"", *text) == NULL ? 1 : strlen("&quot;");
    return size;
}

/* How many of the newest can be in one message. */
static guint count_for_one(const GPtrArray *items)
{
    gsize size = 0;
    guint n = 0;

    for (; n < items->len && n < IN_ONE_MOST; n++) {
        const CwFound *item = g_ptr_array_index(items, items->len - n - 1);
        for (guint i = 0; item->values[i] != NULL; i++)
            size += size_in_xml(item->values[i]);
        if (size > CW_ANSWER_MAX)
            break;
    }
    return n;
}

static void write_event(CwWriter *writer, const News *news, guint first, guint n)
{
    cw_writer_start(writer, "event", NS_EVENT);
    cw_writer_start(writer, "items", NULL);
    cw_writer_attr(writer, "node", CW_NS_NEWS);
    for (guint i = first; i < first + n; i++)
        cw_news_write_item(writer, g_ptr_array_index(news->items, i), news->from, news->name);
    cw_writer_end(writer);
    cw_writer_end(writer);
}

static void end(const News *news, CwWriter *writer)
{
    if (news->stamp != 0)
        cw_xmpp_time_write_delay(writer, cw_component_domain(news->component), news->stamp);
    cw_component_end_lasting(news->component, news->stamp != 0);
}

/* `id` nullable: one of its own. */
static CwWriter *begin(const News *news, const char *to, const char *type, const char *id)
{
    g_autofree char *own = id == NULL ? g_uuid_string_random() : NULL;

    return cw_component_begin_lasting(news->component, "message", news->from, to, type,
                                      id == NULL ? own : id);
}

/* RFC 6121 8.5.2.1.1, 8.5.2.2.1: his server drops a headline that none of his clients takes. */
static gboolean takes_headlines(CwComponent *component, CwSession *session)
{
    const GPtrArray *resources = cw_session_resources(session);

    for (guint i = 0; cw_component_is_up(component) && i < resources->len; i++) {
        const CwResource *resource = g_ptr_array_index(resources, i);
        if (resource->priority >= 0 && !resource->doubted)
            return TRUE;
    }
    return FALSE;
}

/* `type` NULL: a message that the server keeps.  The link by XEP-0066 3. */
static void say(const News *news, const char *to, const char *type, gboolean with_event)
{
    guint n = news->items == NULL ? 0 : count_for_one(news->items);
    CwWriter *writer = begin(news, to, type, NULL);

    if (news->title != NULL)
        cw_writer_leaf(writer, "subject", NULL, news->title);
    cw_writer_leaf(writer, "body", NULL, news->text);
    if (news->url != NULL) {
        cw_writer_start(writer, "x", NS_OOB);
        cw_writer_leaf(writer, "url", NULL, news->url);
        if (news->title != NULL)
            cw_writer_leaf(writer, "desc", NULL, news->title);
        cw_writer_end(writer);
    }
    if (with_event && n > 0)
        write_event(writer, news, news->items->len - n, n);
    end(news, writer);
}

/* RFC 6121 5.2.2: nothing that anybody answers.  Without a title it is an answer that is somewhere
 * else, such as a picture, or what happened meanwhile, which the server is to keep; as it is to
 * when he has just gone: for us it counts as told. */
static void say_to_all(const News *news, CwSession *session, gboolean with_event)
{
    const char *type = news->title == NULL                         ? "chat"
                       : takes_headlines(news->component, session) ? "headline"
                                                                   : NULL;

    say(news, cw_session_jid(session), type, with_event);
}

/* The id of the message says which item it is of, if it went to nobody else.  (transfer full) NULL:
 * any will do. */
static char *make_id(const CwFound *item, gboolean alone)
{
    return alone && strlen(item->contact) <= ITEM_ID_MOST
               ? g_strdup_printf(ALONE "%08x-%s", g_random_int(), item->contact)
               : NULL;
}

/* (nullable) Lies in `id`. */
static const char *read_id(const char *id)
{
    return id != NULL && g_str_has_prefix(id, ALONE) && strlen(id) > strlen(ALONE) + ALONE_RANDOM
               ? id + strlen(ALONE) + ALONE_RANDOM
               : NULL;
}

static void send_events(const News *news, const char *to, gboolean alone)
{
    for (guint i = 0; i < news->items->len; i++) {
        g_autofree char *id = make_id(g_ptr_array_index(news->items, i), alone);
        CwWriter *writer = begin(news, to, "headline", id);
        write_event(writer, news, i, 1);
        end(news, writer);
    }
}

/* XEP-0163 4.3.2, RFC 6121 8.5.2.1.1: it gets nothing that is not for it alone. */
static gboolean is_left_out(const CwResource *resource)
{
    return resource->priority < 0 || *resource->name == '\0';
}

static CwClientAnswer wants_events(CwComponent *component, CwSession *session,
                                   const CwResource *resource)
{
    return cw_clients_can(component, session, resource->name, CW_ABILITY_NEWS);
}

static guint count_readers(const GPtrArray *resources)
{
    guint n = 0;

    for (guint i = 0; i < resources->len; i++)
        n += !is_left_out(g_ptr_array_index(resources, i));
    return n;
}

/* To whoever wants them.  FALSE: nobody does; `unknown`: of somebody that is not known yet. */
static gboolean send_to_readers(const News *news, CwSession *session, gboolean *unknown)
{
    const GPtrArray *resources = cw_session_resources(session);
    gboolean any = FALSE, alone = count_readers(resources) == 1;

    for (guint i = 0; i < resources->len; i++) {
        const CwResource *resource = g_ptr_array_index(resources, i);
        CwClientAnswer answer = is_left_out(resource)
                                    ? CW_CLIENT_CANNOT
                                    : wants_events(news->component, session, resource);
        *unknown |= answer == CW_CLIENT_UNKNOWN;
        if (answer != CW_CLIENT_CAN)
            continue;
        g_autofree char *to = cw_component_client_jid(session, resource->name);
        send_events(news, to, alone);
        any = TRUE;
    }
    return any;
}

static void say_to_others(const News *news, CwSession *session, gboolean subscribed)
{
    const GPtrArray *resources = cw_session_resources(session);

    for (guint i = 0; i < resources->len; i++) {
        const CwResource *resource = g_ptr_array_index(resources, i);
        if (is_left_out(resource))
            continue;
        CwClientAnswer answer = wants_events(news->component, session, resource);
        if (answer == CW_CLIENT_CAN)
            continue;
        g_autofree char *to = cw_component_client_jid(session, resource->name);
        say(news, to, "headline", subscribed || answer == CW_CLIENT_UNKNOWN);
    }
}

static void news_cb(CwSession *session, const char *contact, const char *title, const char *text,
                    const char *url, const GPtrArray *items, gint64 stamp, gpointer data)
{
    CwComponent *component = data;
    const CwContact *known = cw_session_find_contact(session, contact);
    g_autofree char *from = cw_component_contact_jid(component, contact);
    gboolean has_node = items != NULL && from != NULL && cw_news_has_node(component, CW_NS_NEWS) &&
                        cw_news_are_items(items);
    gboolean subscribed = known != NULL && known->subscribed, unknown = FALSE;
    const News news = {
        .component = component,
        .from = from == NULL ? cw_component_domain(component) : from,
        .name = cw_news_name(session, contact),
        .title = title,
        .text = text,
        .url = url,
        .items = has_node ? items : NULL,
        .stamp = stamp,
    };

    if (has_node && send_to_readers(&news, session, &unknown))
        say_to_others(&news, session, subscribed);
    else
        say_to_all(&news, session, subscribed || unknown);
}

/* ---- what comes back ---- */

typedef struct {
    CwComponent *component;
    char *contact, *item;
} Returned;

static void free_returned(Returned *returned)
{
    g_free(returned->contact);
    g_free(returned->item);
    g_free(returned);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Returned, free_returned)

static const CwFound *find_item(const GPtrArray *items, const char *id)
{
    for (guint i = 0; items != NULL && i < items->len; i++) {
        const CwFound *item = g_ptr_array_index(items, i);
        if (g_str_equal(item->contact, id) && g_strv_length(item->values) == CW_ITEM_N_VALUES)
            return item;
    }
    return NULL;
}

static void say_returned(CwSession *session, const Returned *returned, const char *from,
                         const CwFound *item)
{
    g_autoptr(GPtrArray) items = g_ptr_array_new();
    const char *title = item->values[CW_ITEM_TITLE], *link = item->values[CW_ITEM_LINK];
    g_autofree char *text = cw_item_text(item);

    g_ptr_array_add(items, (gpointer)item);
    say(
        &(News){
            .component = returned->component,
            .from = from,
            .name = cw_news_name(session, returned->contact),
            .title = title,
            .text = *text == '\0' ? title : text,
            .url = *link == '\0' ? NULL : link,
            .items = items,
        },
        cw_session_jid(session), NULL, TRUE);
}

static void returned_cb(CwSession *session, const GPtrArray *items, CwReason reason, gpointer data)
{
    g_autoptr(Returned) returned = data;
    const CwFound *item = find_item(items, returned->item);
    g_autofree char *from = cw_component_contact_jid(returned->component, returned->contact);

    if (item != NULL && from != NULL)
        say_returned(session, returned, from, item);
}

/* The one client that was told of an item is not there any more (XEP-0198 finds out late): it
 * becomes a message that his server keeps, whose id says nothing, so that it is done once. */
static void take_error(CwComponent *component, const CwStanza *stanza)
{
    const char *item = read_id(stanza->id);
    const CwContact *contact = cw_component_find_contact(component, stanza);
    CwSession *session =
        cw_transport_find_session(cw_component_transport(component), stanza->from->bare);
    CwReason reason = CW_REASON_NONE;

    if (item == NULL || contact == NULL || !cw_node_is(stanza->node, "message", NULL) ||
        !cw_news_has_node(component, CW_NS_NEWS))
        return;
    Returned *returned = g_new(Returned, 1);
    *returned = (Returned){component, g_strdup(contact->name), g_strdup(item)};
    if (!cw_session_ask_items(session, contact->name, returned_cb, returned, &reason))
        free_returned(returned);
}

/* So that it is known by the time that something happens. */
static void client(CwComponent *component, CwSession *session, const char *resource)
{
    if (cw_news_has_node(component, CW_NS_NEWS) && *resource != '\0')
        cw_clients_can(component, session, resource, CW_ABILITY_NEWS);
}

/* XEP-0060 10, where contacts have the node: disco.c */
const char *const cw_news_features[] = {
    CW_NS_NEWS,
    CW_NS_PUBSUB "#access-presence",
    CW_NS_PUBSUB "#item-ids",
    CW_NS_PUBSUB "#meta-data",
    CW_NS_PUBSUB "#retrieve-affiliations",
    CW_NS_PUBSUB "#retrieve-subscriptions",
    CW_NS_PUBSUB "#subscribe",
    NULL,
};
static const CwEvents events = {.news = news_cb};

const CwFeature cw_feature_news = {
    .name = "news",
    .iqs = cw_news_iqs,
    .contact_features = cw_news_features,
    .client = client,
    .error = take_error,
    .events = &events,
};
