/* component/features/roster-list.c: the network's contact list into the user's roster
 *
 * XEP-0100 7.  The best way that there is, found by asking, for each log-in anew:
 *
 *     the server lets us             -> roster get, then a set for each contact that is not there
 *     a client can (XEP-0144)        -> one iq with up to 150 of them
 *     else                           -> a subscription request each, once in a lifetime, paced
 *
 * The roster is simply asked for: it is answered where we are a privileged entity (XEP-0356) or
 * have the permission of remote roster management (XEP-0321 3.2), and is an error everywhere else.
 * A way that fails makes room for the next.  Contacts that were brought once are not brought again:
 * the user may have removed them.  Nothing is ever removed here, on either side.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#define G_LOG_DOMAIN "component"

#include <string.h>

#include "component/features/features.h"

#define NS_ROSTER "jabber:iq:roster"
#define NS_ROSTERX "http://jabber.org/protocol/rosterx"
#define NS_DISCO_INFO "http://jabber.org/protocol/disco#info"
#define GATHER_TIME 300    /* ms in which the list comes in */
#define SETS_AT_ONCE 8     /* roster sets without an answer */
#define EXCHANGE_MAX 150   /* items of one stanza: XEP-0144 6.4 */
#define SUBSCRIBE_BATCH 20 /* requests … */
#define SUBSCRIBE_TIME 200 /* … in so many ms: 100 a second and user */

typedef enum { WAY_UNKNOWN, WAY_ROSTER, WAY_EXCHANGE, WAY_SUBSCRIBE } Way;

/* What is to be brought to one user's roster; from his log-in to his log-out. */
typedef struct {
    CwComponent *component;
    char *user;
    Way way, failed;    /* `failed`: this one and those before it are of no use */
    GQueue names;       /* char *, contacts that wait */
    GHashTable *roster; /* WAY_ROSTER: JIDs of ours that are there; NULL: not read */
    char *client;       /* WAY_EXCHANGE: full JID */
    guint open;         /* requests without an answer */
    guint timer_id;
} List;

/* What an answer is about.  The list may be gone when it comes, or be another one. */
typedef struct {
    char *user;
    GPtrArray *names; /* char *; NULL: none */
} Errand;

static void schedule(List *list, guint wait);
static void go_on(List *list);

/* ---- lists and errands ---- */

static void free_list(gpointer data)
{
    List *list = data;

    g_clear_handle_id(&list->timer_id, g_source_remove);
    g_queue_clear_full(&list->names, g_free);
    g_clear_pointer(&list->roster, g_hash_table_unref);
    g_free(list->client);
    g_free(list->user);
    g_free(list);
}

static GHashTable *lists_of(CwComponent *component)
{
    GHashTable *lists = cw_component_get_data(component, &cw_feature_roster_list);

    if (lists == NULL) {
        lists = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, free_list);
        cw_component_set_data(component, &cw_feature_roster_list, lists,
                              (GDestroyNotify)g_hash_table_unref);
    }
    return lists;
}

static CwSession *session_of(const List *list)
{
    return cw_transport_find_session(cw_component_transport(list->component), list->user);
}

static Errand *new_errand(const List *list)
{
    Errand *errand = g_new0(Errand, 1);

    errand->user = g_strdup(list->user);
    errand->names = g_ptr_array_new_with_free_func(g_free);
    return errand;
}

static void free_errand(gpointer data)
{
    Errand *errand = data;

    g_free(errand->user);
    g_ptr_array_unref(errand->names);
    g_free(errand);
}

static List *list_of_errand(CwComponent *component, const Errand *errand)
{
    List *list = g_hash_table_lookup(lists_of(component), errand->user);

    if (list != NULL && list->open > 0)
        list->open--;
    return list;
}

static gboolean is_result(const CwStanza *answer)
{
    return answer != NULL && g_strcmp0(answer->type, "result") == 0;
}

/* A contact of the list that is still there, with its JID (transfer full). */
static CwContact *find_contact(const List *list, const char *name, char **jid)
{
    CwSession *session = session_of(list);
    CwContact *contact = session == NULL ? NULL : cw_session_find_contact(session, name);

    *jid = contact == NULL ? NULL : cw_component_contact_jid(list->component, name);
    return *jid == NULL ? NULL : contact;
}

static void mark(List *list, const GPtrArray *names, gboolean granted)
{
    CwSession *session = session_of(list);

    for (guint i = 0; session != NULL && i < names->len; i++) {
        CwContact *contact = cw_session_find_contact(session, g_ptr_array_index(names, i));
        if (contact != NULL)
            cw_session_mark_brought(session, contact, granted);
    }
}

/* The way does not work: what was on it takes the next one. */
static void give_up_way(List *list, const GPtrArray *names)
{
    for (guint i = names->len; i > 0; i--)
        g_queue_push_head(&list->names, g_strdup(g_ptr_array_index(names, i - 1)));
    list->failed = MAX(list->failed, list->way);
    list->way = WAY_UNKNOWN;
    schedule(list, 0);
}

/* ---- with the server's permission: XEP-0356, XEP-0321 ---- */

static void write_item(CwWriter *writer, const CwContact *contact, const char *jid)
{
    cw_writer_start(writer, "item", NULL);
    cw_writer_attr(writer, "jid", jid);
    if (contact->alias != NULL && *contact->alias != '\0')
        cw_writer_attr(writer, "name", contact->alias);
}

static void write_group(CwWriter *writer, const CwContact *contact)
{
    if (contact->group != NULL && *contact->group != '\0')
        cw_writer_leaf(writer, "group", NULL, contact->group);
    cw_writer_end(writer);
}

static void set_cb(CwComponent *component, const CwStanza *answer, gpointer data)
{
    Errand *errand = data;
    List *list = list_of_errand(component, errand);

    if (list == NULL)
        return;
    if (is_result(answer))
        mark(list, errand->names, TRUE);
    else if (list->way == WAY_ROSTER || list->failed >= WAY_ROSTER)
        give_up_way(list, errand->names);
    go_on(list);
}

/* RFC 6121 2.3.3: one item a set. */
static void set_item(List *list, const CwContact *contact, const char *jid)
{
    gboolean is_new = !g_hash_table_contains(list->roster, jid);
    Errand *errand = new_errand(list);

    g_ptr_array_add(errand->names, g_strdup(contact->name));
    g_hash_table_add(list->roster, g_strdup(jid));
    list->open++;
    CwWriter *writer = cw_requests_begin(cw_component_requests(list->component), list->user, "set",
                                         set_cb, errand, free_errand);
    cw_writer_start(writer, "query", NS_ROSTER);
    write_item(writer, contact, jid);
    if (is_new)
        cw_writer_attr(writer, "subscription", "both");
    write_group(writer, contact);
    cw_writer_end(writer);
    cw_requests_end(cw_component_requests(list->component));
}

static void set_some(List *list)
{
    while (list->open < SETS_AT_ONCE && list->names.length > 0) {
        g_autofree char *name = g_queue_pop_head(&list->names);
        g_autofree char *jid = NULL;
        CwContact *contact = find_contact(list, name, &jid);
        if (contact == NULL)
            continue;
        if (g_hash_table_contains(list->roster, jid) && !contact->renamed)
            cw_session_mark_brought(session_of(list), contact, FALSE); /* he has it already */
        else
            set_item(list, contact, jid);
        contact->renamed = FALSE;
    }
}

static void read_roster(List *list, const CwNode *query)
{
    const char *domain = cw_component_domain(list->component);

    list->roster = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    for (const CwNode *item = cw_node_child(query, "item", NULL); item != NULL;
         item = cw_node_next(item, "item", NULL)) {
        const char *text = cw_node_attr(item, "jid");
        g_autoptr(CwJid) jid = text == NULL ? NULL : cw_jid_parse(text, NULL);
        if (jid != NULL && jid->local != NULL && g_str_equal(jid->domain, domain))
            g_hash_table_add(list->roster, g_strdup(jid->bare));
    }
}

static void roster_cb(CwComponent *component, const CwStanza *answer, gpointer data)
{
    Errand *errand = data;
    List *list = list_of_errand(component, errand);
    const CwNode *query =
        is_result(answer) ? cw_node_child(answer->node, "query", NS_ROSTER) : NULL;

    if (list == NULL)
        return;
    g_clear_pointer(&list->roster, g_hash_table_unref);
    if (query != NULL)
        read_roster(list, query);
    else
        give_up_way(list, errand->names);
    go_on(list);
}

static void ask_roster(List *list)
{
    list->way = WAY_ROSTER;
    list->open++;
    CwWriter *writer = cw_requests_begin(cw_component_requests(list->component), list->user, "get",
                                         roster_cb, new_errand(list), free_errand);
    cw_writer_leaf(writer, "query", NS_ROSTER, NULL);
    cw_requests_end(cw_component_requests(list->component));
}

/* ---- roster item exchange: XEP-0144 ---- */

static void exchange_cb(CwComponent *component, const CwStanza *answer, gpointer data)
{
    Errand *errand = data;
    List *list = list_of_errand(component, errand);

    if (list == NULL)
        return;
    if (is_result(answer))
        mark(list, errand->names, FALSE);
    else
        give_up_way(list, errand->names);
    go_on(list);
}

static void exchange_some(List *list)
{
    if (list->open > 0 || list->names.length == 0)
        return;
    Errand *errand = new_errand(list);
    list->open++;
    CwWriter *writer = cw_requests_begin(cw_component_requests(list->component), list->client,
                                         "set", exchange_cb, errand, free_errand);
    cw_writer_start(writer, "x", NS_ROSTERX);
    while (list->names.length > 0 && errand->names->len < EXCHANGE_MAX) {
        g_autofree char *name = g_queue_pop_head(&list->names);
        g_autofree char *jid = NULL;
        const CwContact *contact = find_contact(list, name, &jid);
        if (contact == NULL)
            continue;
        write_item(writer, contact, jid);
        cw_writer_attr(writer, "action", "add");
        write_group(writer, contact);
        g_ptr_array_add(errand->names, g_steal_pointer(&name));
    }
    cw_writer_end(writer);
    cw_requests_end(cw_component_requests(list->component));
}

static gboolean has_feature(const CwNode *query, const char *var)
{
    for (const CwNode *feature = cw_node_child(query, "feature", NULL); feature != NULL;
         feature = cw_node_next(feature, "feature", NULL)) {
        if (g_strcmp0(cw_node_attr(feature, "var"), var) == 0)
            return TRUE;
    }
    return FALSE;
}

static void info_cb(CwComponent *component, const CwStanza *answer, gpointer data)
{
    List *list = list_of_errand(component, data);
    const CwNode *query =
        is_result(answer) ? cw_node_child(answer->node, "query", NS_DISCO_INFO) : NULL;

    if (list == NULL)
        return;
    if (list->client == NULL && query != NULL && has_feature(query, NS_ROSTERX))
        list->client = g_strdup(answer->from->full);
    go_on(list);
}

static void ask_clients(List *list)
{
    CwSession *session = session_of(list);
    const GPtrArray *resources = session == NULL ? NULL : cw_session_resources(session);

    list->way = WAY_EXCHANGE;
    g_clear_pointer(&list->client, g_free);
    for (guint i = 0; resources != NULL && i < resources->len; i++) {
        const CwResource *resource = g_ptr_array_index(resources, i);
        if (*resource->name == '\0')
            continue;
        g_autofree char *to = g_strconcat(list->user, "/", resource->name, NULL);
        list->open++;
        CwWriter *writer = cw_requests_begin(cw_component_requests(list->component), to, "get",
                                             info_cb, new_errand(list), free_errand);
        cw_writer_leaf(writer, "query", NS_DISCO_INFO, NULL);
        cw_requests_end(cw_component_requests(list->component));
    }
}

/* ---- subscription requests ---- */

static void subscribe_some(List *list)
{
    CwSession *session = session_of(list);

    for (guint i = 0; i < SUBSCRIBE_BATCH && list->names.length > 0; i++) {
        g_autofree char *name = g_queue_pop_head(&list->names);
        CwContact *contact = session == NULL ? NULL : cw_session_find_contact(session, name);
        if (contact == NULL || contact->offered)
            continue;
        cw_roster_ask(list->component, session, contact->name, contact->alias, NULL);
        cw_session_mark_offered(session, contact);
    }
    if (list->names.length > 0)
        schedule(list, SUBSCRIBE_TIME);
}

/* ---- which way ---- */

static void choose(List *list)
{
    if (list->failed < WAY_ROSTER)
        ask_roster(list);
    else if (list->failed < WAY_EXCHANGE)
        ask_clients(list);
    else
        list->way = WAY_SUBSCRIBE;
}

static void go_on(List *list)
{
    if (list->way == WAY_UNKNOWN && list->open == 0 && list->names.length > 0)
        choose(list);
    switch (list->way) {
    case WAY_UNKNOWN:
        break;
    case WAY_ROSTER:
        if (list->roster != NULL)
            set_some(list);
        break;
    case WAY_EXCHANGE:
        if (list->client != NULL)
            exchange_some(list);
        else if (list->open == 0) { /* no client can */
            list->failed = WAY_EXCHANGE;
            list->way = WAY_SUBSCRIBE;
            schedule(list, 0);
        }
        break;
    case WAY_SUBSCRIBE:
        if (list->timer_id == 0)
            subscribe_some(list);
        break;
    }
}

static gboolean timer_cb(gpointer data)
{
    List *list = data;

    list->timer_id = 0;
    go_on(list);
    return G_SOURCE_REMOVE;
}

static void schedule(List *list, guint wait)
{
    if (list->timer_id == 0)
        list->timer_id = g_timeout_add(wait, timer_cb, list);
}

/* ---- from the transport ---- */

static void contact_cb(CwSession *session, CwContact *contact, gpointer data)
{
    GHashTable *lists = lists_of(data);
    List *list = g_hash_table_lookup(lists, cw_session_jid(session));

    if (contact->offered && !contact->renamed)
        return;
    if (list == NULL) {
        list = g_new0(List, 1);
        list->component = data;
        list->user = g_strdup(cw_session_jid(session));
        g_queue_init(&list->names);
        g_hash_table_insert(lists, list->user, list);
    }
    g_queue_push_tail(&list->names, g_strdup(contact->name));
    schedule(list, GATHER_TIME);
}

static void session_state_cb(CwSession *session, gpointer data)
{
    GHashTable *lists = cw_component_get_data(data, &cw_feature_roster_list);

    if (lists != NULL && cw_session_state(session) == CW_SESSION_OFFLINE)
        g_hash_table_remove(lists, cw_session_jid(session));
}

static const CwEvents events = {
    .contact = contact_cb,
    .session_state = session_state_cb,
};

static const char *const gateway_features[] = {NS_ROSTERX, NULL};

const CwFeature cw_feature_roster_list = {
    .name = "roster-list",
    .gateway_features = gateway_features,
    .events = &events,
};
