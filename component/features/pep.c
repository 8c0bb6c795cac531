/* component/features/pep.c: what a contact publishes, as its server would have it: XEP-0163 with
 * pictures (XEP-0084) and nicknames (XEP-0172)
 *
 *     client that wants them -> `pending`: all contacts --GATHER_TIME--> events, BATCH a turn
 *     a contact changes ------> `pending` of each such client --^
 *
 * So a client is told everything once, when it is known what it can do and the account is logged
 * in, and then each change once; and hundreds of them are one wake-up.  What the network tells a
 * second time, as after each log-in, is no change.  The same items are there on request.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#define G_LOG_DOMAIN "component"

#include "component/features/features.h"
#include "transport/timers.h"

#define NS_EVENT "http://jabber.org/protocol/pubsub#event"
#define GATHER_TIME 300 /* ms in which changes come in */
#define BATCH 500       /* events … */
#define BATCH_TIME 200  /* … in so many ms: 2,500 a second and user */

/* What there are events of. */
typedef enum { KIND_AVATAR, KIND_NICK, N_KINDS } Kind;

static const struct {
    const char *node;
    CwAbility ability; /* of a client that wants it */
} kinds[N_KINDS] = {
    [KIND_AVATAR] = {CW_NS_AVATAR_METADATA, CW_ABILITY_AVATARS},
    [KIND_NICK] = {CW_NS_NICK, CW_ABILITY_NICKS},
};

/* One resource of the user's. */
typedef struct {
    guint current;       /* bits 1 << Kind of which it has, or will have, everything */
    GHashTable *pending; /* name of a contact -> such bits */
} Client;

/* One user, from his log-in to his log-out. */
typedef struct {
    CwComponent *component;
    char *user;
    GHashTable *clients; /* resource -> Client */
    guint timer_id;
} Push;

/* ---- what a contact has ---- */

/* What tells one from another: NULL: there is none. */
static const char *find_id(const CwContact *contact, Kind kind)
{
    switch (kind) {
    case KIND_AVATAR:
        return contact->avatar == NULL ? NULL : contact->avatar->id;
    case KIND_NICK:
        return contact->alias != NULL && *contact->alias != '\0' ? contact->alias : NULL;
    case N_KINDS:
        break;
    }
    return NULL;
}

/* The network has said in this log-in whether there is one. */
static gboolean is_known(const CwContact *contact, Kind kind)
{
    return kind != KIND_AVATAR || contact->avatar_known;
}

/* Its find_id() that the clients were told last. */
static char **told_place(CwContact *contact, Kind kind)
{
    return kind == KIND_AVATAR ? &contact->told_avatar : &contact->told_alias;
}

/* XEP-0060 7.1.2.1; a picture's item has its id, a node with one item needs no other */
static void write_item(CwWriter *writer, const CwContact *contact, const char *node)
{
    gboolean is_nick = g_str_equal(node, CW_NS_NICK);

    cw_writer_start(writer, "item", NULL);
    cw_writer_attr(writer, "id",
                   is_nick || contact->avatar == NULL ? "current" : contact->avatar->id);
    if (is_nick)
        cw_writer_leaf(writer, "nick", CW_NS_NICK, contact->alias);
    else if (g_str_equal(node, CW_NS_AVATAR_DATA))
        cw_avatars_write_data(writer, contact->avatar);
    else
        cw_avatars_write_metadata(writer, contact->avatar);
    cw_writer_end(writer);
}

/* ---- events ---- */

static void schedule(Push *push, guint wait);

static void free_client(gpointer data)
{
    Client *client = data;

    g_hash_table_unref(client->pending);
    g_free(client);
}

static void free_push(gpointer data)
{
    Push *push = data;

    g_clear_handle_id(&push->timer_id, cw_timer_remove);
    g_hash_table_unref(push->clients);
    g_free(push->user);
    g_free(push);
}

static GHashTable *pushes_of(CwComponent *component)
{
    GHashTable *pushes = cw_component_get_data(component, &cw_feature_pep);

    if (pushes == NULL) {
        pushes = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, free_push);
        cw_component_set_data(component, &cw_feature_pep, pushes,
                              (GDestroyNotify)g_hash_table_unref);
    }
    return pushes;
}

static Push *ensure_push(CwComponent *component, const char *user)
{
    Push *push = g_hash_table_lookup(pushes_of(component), user);

    if (push == NULL) {
        push = g_new0(Push, 1);
        push->component = component;
        push->user = g_strdup(user);
        push->clients = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, free_client);
        g_hash_table_insert(pushes_of(component), push->user, push);
    }
    return push;
}

static Client *ensure_client(Push *push, const char *resource)
{
    Client *client = g_hash_table_lookup(push->clients, resource);

    if (client == NULL) {
        client = g_new0(Client, 1);
        client->pending = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
        g_hash_table_insert(push->clients, g_strdup(resource), client);
    }
    return client;
}

static void add_pending(Client *client, const CwContact *contact, Kind kind)
{
    guint bits = GPOINTER_TO_UINT(g_hash_table_lookup(client->pending, contact->name));

    g_hash_table_replace(client->pending, g_strdup(contact->name),
                         GUINT_TO_POINTER(bits | 1u << kind));
}

/* XEP-0163 4.3: to each client that wants it, from the contact's bare JID */
static gboolean send_event(Push *push, const CwContact *contact, const char *to, Kind kind)
{
    g_autofree char *from = cw_component_contact_jid(push->component, contact->name);
    g_autofree char *id = g_uuid_string_random();

    if (from == NULL)
        return FALSE;
    CwWriter *writer = cw_component_begin(push->component, "message", from, to, "headline", id);
    cw_writer_start(writer, "event", NS_EVENT);
    cw_writer_start(writer, "items", NULL);
    cw_writer_attr(writer, "node", kinds[kind].node);
    write_item(writer, contact, kinds[kind].node);
    cw_writer_end(writer);
    cw_writer_end(writer);
    cw_component_end(push->component);
    return TRUE;
}

/* On his list; somebody whom he wrote to once may still come there. */
static gboolean is_on_list(const CwContact *contact)
{
    return contact->listed || contact->offered;
}

typedef struct {
    Client *client;
    Kind kind;
    guint count;
} Everything;

static void add_told(CwContact *contact, gpointer data)
{
    Everything *everything = data;

    if (*told_place(contact, everything->kind) == NULL)
        return;
    everything->count++;
    if (everything->client != NULL)
        add_pending(everything->client, contact, everything->kind);
}

/* Whoever wants it and has not got it gets everything.  Nobody is asked while there is nothing. */
static void bring_up(Push *push, CwSession *session, const char *resource, Client *client)
{
    for (Kind kind = 0; kind < N_KINDS; kind++) {
        Everything everything = {.kind = kind};
        cw_session_each_contact(session, add_told, &everything);
        if (everything.count == 0)
            continue;
        CwClientAnswer answer =
            cw_clients_can(push->component, session, resource, kinds[kind].ability);
        if (answer == CW_CLIENT_CANNOT) {
            client->current &= ~(1u << kind);
        } else if (answer == CW_CLIENT_CAN && (client->current & 1u << kind) == 0) {
            client->current |= 1u << kind;
            everything.client = client;
            cw_session_each_contact(session, add_told, &everything);
        }
    }
}

/* What can be said of the contact to a client that is `current`; the bits that must wait stay. */
static guint send_some(Push *push, const CwContact *contact, const char *to, guint current,
                       guint *bits)
{
    guint sent = 0;

    for (Kind kind = 0; kind < N_KINDS; kind++) {
        if ((*bits & 1u << kind) == 0)
            continue;
        if ((current & 1u << kind) != 0 && !is_known(contact, kind))
            continue; /* after a new log-in; contact_avatar_cb() comes */
        *bits &= ~(1u << kind);
        if ((current & 1u << kind) != 0 && send_event(push, contact, to, kind))
            sent++;
    }
    return sent;
}

static guint send_to_client(Push *push, CwSession *session, const char *resource, Client *client,
                            guint most)
{
    g_autofree char *to = g_strconcat(push->user, "/", resource, NULL);
    GHashTableIter iter;
    gpointer name, value;
    guint sent = 0;

    g_hash_table_iter_init(&iter, client->pending);
    while (sent < most && g_hash_table_iter_next(&iter, &name, &value)) {
        const CwContact *contact = cw_session_find_contact(session, name);
        guint bits = GPOINTER_TO_UINT(value);
        if (contact == NULL || contact->subscription == CW_SUBSCRIPTION_REMOVED) /* G41 */
            bits = 0;
        else if (is_on_list(contact))
            sent += send_some(push, contact, to, client->current, &bits);
        if (bits == 0)
            g_hash_table_iter_remove(&iter);
        else
            g_hash_table_iter_replace(&iter, GUINT_TO_POINTER(bits));
    }
    return sent;
}

static void flush(Push *push, CwSession *session)
{
    const GPtrArray *resources = cw_session_resources(session);
    guint sent = 0;

    for (guint i = 0; i < resources->len && sent < BATCH; i++) {
        const CwResource *resource = g_ptr_array_index(resources, i);
        Client *client = ensure_client(push, resource->name);
        bring_up(push, session, resource->name, client);
        sent += send_to_client(push, session, resource->name, client, BATCH - sent);
    }
    if (sent > 0)
        g_debug("%s/%s: %u events of contacts", push->user, cw_component_domain(push->component),
                sent);
    if (sent >= BATCH)
        schedule(push, BATCH_TIME);
}

static gboolean timer_cb(gpointer data)
{
    Push *push = data;
    CwSession *session =
        cw_transport_find_session(cw_component_transport(push->component), push->user);

    push->timer_id = 0;
    /* the contacts' presence comes first: what waits is looked at again when he is logged in, or
     * when his client's presence has come again */
    if (session != NULL && cw_session_state(session) == CW_SESSION_ONLINE &&
        cw_component_is_up(push->component))
        flush(push, session);
    return G_SOURCE_REMOVE;
}

static void schedule(Push *push, guint wait)
{
    if (push->timer_id == 0)
        push->timer_id = cw_timer_add(wait, timer_cb, push);
}

/* ---- what happens ---- */

static void client(CwComponent *component, CwSession *session, const char *resource)
{
    schedule(ensure_push(component, cw_session_jid(session)), GATHER_TIME);
}

static void resource_gone_cb(CwSession *session, const char *resource, gpointer data)
{
    Push *push = g_hash_table_lookup(pushes_of(data), cw_session_jid(session));

    if (push != NULL)
        g_hash_table_remove(push->clients, resource);
}

/* It may be another one than the clients were told. */
static void look(CwComponent *component, CwSession *session, CwContact *contact, Kind kind)
{
    Push *push = ensure_push(component, cw_session_jid(session));
    char **told = told_place(contact, kind);
    const char *id = find_id(contact, kind);
    GHashTableIter iter;
    gpointer value;

    schedule(push, GATHER_TIME);
    if (g_strcmp0(id, *told) == 0)
        return;
    g_free(*told);
    *told = g_strdup(id);
    g_hash_table_iter_init(&iter, push->clients);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        if ((((Client *)value)->current & 1u << kind) != 0)
            add_pending(value, contact, kind);
    }
}

static void contact_cb(CwSession *session, CwContact *contact, gpointer data)
{
    look(data, session, contact, KIND_NICK);
}

static void contact_avatar_cb(CwSession *session, CwContact *contact, gpointer data)
{
    look(data, session, contact, KIND_AVATAR);
}

static void session_state_cb(CwSession *session, gpointer data)
{
    if (cw_session_state(session) == CW_SESSION_OFFLINE)
        g_hash_table_remove(pushes_of(data), cw_session_jid(session));
    else if (cw_session_state(session) == CW_SESSION_ONLINE)
        schedule(ensure_push(data, cw_session_jid(session)), GATHER_TIME);
}

/* What was on its way is lost: everybody is told anew. */
static void down(CwComponent *component)
{
    GHashTableIter iter;
    gpointer value;

    g_hash_table_iter_init(&iter, pushes_of(component));
    while (g_hash_table_iter_next(&iter, NULL, &value))
        g_hash_table_remove_all(((Push *)value)->clients);
}

/* ---- on request ---- */

static const char *const nodes[] = {CW_NS_AVATAR_DATA, CW_NS_AVATAR_METADATA, CW_NS_NICK, NULL};

const char *const *cw_pep_nodes(void)
{
    return nodes;
}

gboolean cw_pep_has_node(const CwContact *contact, const char *node)
{
    return g_strv_contains(nodes, node) &&
           find_id(contact, g_str_equal(node, CW_NS_NICK) ? KIND_NICK : KIND_AVATAR) != NULL;
}

static gboolean is_item(const CwContact *contact, const char *node, const char *id)
{
    return g_str_equal(id, g_str_equal(node, CW_NS_NICK) ? "current" : contact->avatar->id);
}

/* XEP-0060 6.5; each node has one item */
static void answer_pubsub(CwComponent *component, const CwStanza *stanza, const CwNode *pubsub)
{
    if (cw_news_answer(component, stanza, pubsub))
        return;
    const CwNode *items = cw_node_child(pubsub, "items", CW_NS_PUBSUB);
    const char *node = items == NULL ? NULL : cw_node_attr(items, "node");

    if (stanza->to->local == NULL || items == NULL) {
        cw_component_send_error(component, stanza,
                                stanza->to->local == NULL ? CW_STANZA_SERVICE_UNAVAILABLE
                                                          : CW_STANZA_FEATURE_NOT_IMPLEMENTED,
                                NULL);
        return;
    }
    const CwContact *contact = cw_component_find_contact(component, stanza);
    const CwNode *item = cw_node_child(items, "item", CW_NS_PUBSUB);
    const char *id = item == NULL ? NULL : cw_node_attr(item, "id");
    if (contact == NULL || node == NULL || !cw_pep_has_node(contact, node) ||
        (id != NULL && !is_item(contact, node, id))) {
        cw_component_send_error(component, stanza, CW_STANZA_ITEM_NOT_FOUND, NULL);
        return;
    }
    CwWriter *writer = cw_component_begin_result(component, stanza);
    cw_writer_start(writer, "pubsub", CW_NS_PUBSUB);
    cw_writer_start(writer, "items", NULL);
    cw_writer_attr(writer, "node", node);
    write_item(writer, contact, node);
    cw_writer_end(writer);
    cw_writer_end(writer);
    cw_component_end(component);
}

static const CwIqHandler iqs[] = {
    {"get", "pubsub", CW_NS_PUBSUB, answer_pubsub},
    {NULL},
};
/* XEP-0060 10: what of publish-subscribe a contact has.  It is no pubsub/pep (XEP-0163 6.1): nobody
 * can publish. */
static const char *const contact_features[] = {
    CW_NS_PUBSUB "#auto-subscribe",
    CW_NS_PUBSUB "#filtered-notifications",
    CW_NS_PUBSUB "#last-published",
    CW_NS_PUBSUB "#retrieve-items",
    NULL,
};
static const CwEvents events = {
    .resource_gone = resource_gone_cb,
    .contact = contact_cb,
    .contact_avatar = contact_avatar_cb,
    .session_state = session_state_cb,
};

const CwFeature cw_feature_pep = {
    .name = "pep",
    .iqs = iqs,
    .contact_features = contact_features,
    .client = client,
    .down = down,
    .events = &events,
};
