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
 * A way that fails makes room for the next; a stream that breaks fails none, it is gone on when the
 * stream is back.  Contacts that were brought once are not brought again: the user may have removed
 * them.  Nothing is ever removed here, on either side, and no name or group that the user has
 * chosen himself is replaced: a new one of the network's takes the place of its old one only.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#define G_LOG_DOMAIN "component"

#include <string.h>

#include "component/features/features.h"
#include "transport/timers.h"

#define NS_ROSTER "jabber:iq:roster"
#define NS_ROSTERX "http://jabber.org/protocol/rosterx"
#define NS_DISCO_INFO "http://jabber.org/protocol/disco#info"
#define GATHER_TIME 300     /* ms in which the list comes in */
#define READ_SPACING 5000   /* ms between two looks at one roster */
#define SETS_AT_ONCE 8      /* roster sets without an answer */
#define EXCHANGE_MAX 150    /* items of one stanza: XEP-0144 6.4 */
#define EXCHANGE_SIZE 16384 /* bytes of their names, as servers bound a stanza */
#define SUBSCRIBE_BATCH 20  /* requests … */
#define SUBSCRIBE_TIME 200  /* … in so many ms: 100 a second and user */

typedef enum { WAY_UNKNOWN, WAY_ROSTER, WAY_EXCHANGE, WAY_SUBSCRIBE } Way;

/* One of ours on the user's roster. */
typedef struct {
    char *name;        /* nullable */
    GPtrArray *groups; /* char * */
    gboolean there;    /* he is subscribed to it */
    gboolean seen;     /* the network lets him see it */
} Item;

/* What is to be brought to one user's roster; from his log-in to his log-out. */
typedef struct {
    CwComponent *component;
    char *user;
    guint serial;        /* no other list ever has it */
    Way way, failed;     /* `failed`: this one and those before it are of no use */
    GQueue names;        /* char *, contacts that wait; each once */
    GHashTable *waiting; /* set of the same strings */
    GHashTable *roster;  /* WAY_ROSTER: JID of ours -> Item; NULL: not read */
    gint64 read_at;      /* monotonic, µs; when it was asked for */
    gboolean taken;      /* the server took a set since */
    char *client;        /* WAY_EXCHANGE: full JID */
    guint open;          /* requests without an answer */
    guint breaks;        /* of the stream, while some were open */
    guint timer_id;
} List;

/* What an answer is about.  The list may be gone when it comes, or be another one. */
typedef struct {
    char *user;
    guint serial;
    GPtrArray *names; /* char * */
} Errand;

typedef struct {
    GHashTable *lists;  /* user -> List; the key is the list's */
    GHashTable *spared; /* set of users whose roster is not asked for again: see down() */
} State;

static void schedule(List *list, guint wait);
static void go_on(List *list);

/* ---- lists and errands ---- */

static void free_item(gpointer data)
{
    Item *item = data;

    g_free(item->name);
    g_ptr_array_unref(item->groups);
    g_free(item);
}

static void free_list(gpointer data)
{
    List *list = data;

    g_clear_handle_id(&list->timer_id, cw_timer_remove);
    g_hash_table_unref(list->waiting);
    g_queue_clear_full(&list->names, g_free);
    g_clear_pointer(&list->roster, g_hash_table_unref);
    g_free(list->client);
    g_free(list->user);
    g_free(list);
}

static List *new_list(CwComponent *component, const char *user)
{
    static guint serial;
    List *list = g_new0(List, 1);

    list->component = component;
    list->user = g_strdup(user);
    list->serial = ++serial;
    list->waiting = g_hash_table_new(g_str_hash, g_str_equal);
    g_queue_init(&list->names);
    return list;
}

static void free_state(gpointer data)
{
    State *state = data;

    g_hash_table_unref(state->lists);
    g_hash_table_unref(state->spared);
    g_free(state);
}

static State *state_of(CwComponent *component)
{
    State *state = cw_component_get_data(component, &cw_feature_roster_list);

    if (state == NULL) {
        state = g_new0(State, 1);
        state->lists = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, free_list);
        state->spared = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
        cw_component_set_data(component, &cw_feature_roster_list, state, free_state);
    }
    return state;
}

static CwSession *session_of(const List *list)
{
    return cw_transport_find_session(cw_component_transport(list->component), list->user);
}

/* One name waits once, however often the network says something of it. */
static void push(List *list, const char *name, gboolean first)
{
    if (g_hash_table_contains(list->waiting, name))
        return;
    char *copy = g_strdup(name);
    g_hash_table_add(list->waiting, copy);
    if (first)
        g_queue_push_head(&list->names, copy);
    else
        g_queue_push_tail(&list->names, copy);
}

/* (transfer full) (nullable) */
static char *pop(List *list)
{
    char *name = g_queue_pop_head(&list->names);

    if (name != NULL)
        g_hash_table_remove(list->waiting, name);
    return name;
}

static void put_back(List *list, const GPtrArray *names)
{
    for (guint i = names->len; i > 0; i--)
        push(list, g_ptr_array_index(names, i - 1), TRUE);
}

static Errand *new_errand(const List *list)
{
    Errand *errand = g_new0(Errand, 1);

    errand->user = g_strdup(list->user);
    errand->serial = list->serial;
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

/* The list that waits for this answer; NULL: it is gone.  Without an answer because the stream
 * broke, its names wait again. */
static List *take_errand(CwComponent *component, const Errand *errand, const CwStanza *answer)
{
    List *list = g_hash_table_lookup(state_of(component)->lists, errand->user);

    if (list == NULL || list->serial != errand->serial)
        return NULL;
    list->open--;
    if (answer != NULL || cw_component_is_up(component))
        return list;
    put_back(list, errand->names);
    return NULL;
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

/* They were brought, whether the list is still there or not. */
static void mark(CwComponent *component, const Errand *errand, gboolean granted)
{
    CwSession *session = cw_transport_find_session(cw_component_transport(component), errand->user);

    for (guint i = 0; session != NULL && i < errand->names->len; i++) {
        CwContact *contact = cw_session_find_contact(session, g_ptr_array_index(errand->names, i));
        if (contact != NULL)
            cw_session_mark_brought(session, contact, granted);
    }
}

static void ask(List *list, CwSession *session, CwContact *contact)
{
    cw_roster_ask(list->component, session, contact->name, contact->alias, NULL);
    cw_session_mark_offered(session, contact);
}

/* The way does not work: what was on it takes the next one. */
static void give_up_way(List *list, const GPtrArray *names)
{
    put_back(list, names);
    list->failed = MAX(list->failed, list->way);
    list->way = WAY_UNKNOWN;
    schedule(list, 0);
}

/* ---- with the server's permission: XEP-0356, XEP-0321 ---- */

static void write_item(CwWriter *writer, const char *jid, const char *name)
{
    cw_writer_start(writer, "item", NULL);
    cw_writer_attr(writer, "jid", jid);
    if (name != NULL && *name != '\0')
        cw_writer_attr(writer, "name", name);
}

/* RFC 6121 2.3.3: what this one item has is not to the server's liking. */
static gboolean is_about_item(const CwStanza *answer)
{
    const CwNode *error = cw_node_child(answer->node, "error", NULL);

    return error != NULL && cw_node_child(error, "not-acceptable", NULL) != NULL;
}

static void set_cb(CwComponent *component, const CwStanza *answer, gpointer data)
{
    Errand *errand = data;
    gboolean done = is_result(answer);

    if (done)
        mark(component, errand, TRUE);
    List *list = take_errand(component, errand, answer);
    if (list == NULL)
        return;
    g_autofree char *jid = NULL;
    CwContact *contact = find_contact(list, g_ptr_array_index(errand->names, 0), &jid);
    Item *item =
        list->roster == NULL || jid == NULL ? NULL : g_hash_table_lookup(list->roster, jid);
    if (item != NULL)
        item->there |= done;
    list->taken |= done;
    if (!done && answer != NULL && (list->taken || is_about_item(answer))) {
        if (contact != NULL && !contact->offered) /* this one alone; the others go on */
            ask(list, session_of(list), contact);
    } else if (!done) {
        give_up_way(list, errand->names);
    }
    go_on(list);
}

/* RFC 6121 2.3.3: one item a set. */
static void set_item(List *list, const char *contact, const char *jid, Item *item)
{
    Errand *errand = new_errand(list);

    g_ptr_array_add(errand->names, g_strdup(contact));
    list->open++;
    CwWriter *writer = cw_requests_begin(cw_component_requests(list->component), list->user, "set",
                                         set_cb, errand, free_errand);
    cw_writer_start(writer, "query", NS_ROSTER);
    write_item(writer, jid, item->name);
    if (!item->there)
        cw_writer_attr(writer, "subscription", item->seen ? "both" : "none");
    for (guint i = 0; i < item->groups->len; i++)
        cw_writer_leaf(writer, "group", NULL, g_ptr_array_index(item->groups, i));
    cw_writer_end(writer);
    cw_writer_end(writer);
    cw_requests_end(cw_component_requests(list->component));
}

static Item *new_item(void)
{
    Item *item = g_new0(Item, 1);

    item->groups = g_ptr_array_new_with_free_func(g_free);
    return item;
}

static void set_name(Item *item, const char *name)
{
    g_free(item->name);
    item->name = g_strdup(name);
}

static void set_group(Item *item, const char *group)
{
    g_ptr_array_set_size(item->groups, 0);
    if (group != NULL && *group != '\0')
        g_ptr_array_add(item->groups, g_strdup(group));
}

static gboolean is_same(const char *a, const char *b)
{
    return g_str_equal(a == NULL ? "" : a, b == NULL ? "" : b);
}

static gboolean is_group(const Item *item, const char *group)
{
    return item->groups->len < 2 &&
           is_same(item->groups->len == 0 ? NULL : g_ptr_array_index(item->groups, 0), group);
}

/* What is on the roster as the network had it gets its new name and group.  TRUE: it changed. */
static gboolean rename_item(Item *item, const CwContact *contact)
{
    gboolean name = is_same(item->name, contact->old_alias) && !is_same(item->name, contact->alias);
    gboolean group = is_group(item, contact->old_group) && !is_group(item, contact->group);

    if (name)
        set_name(item, contact->alias);
    if (group)
        set_group(item, contact->group);
    return name || group;
}

static void set_some(List *list)
{
    while (list->open < SETS_AT_ONCE && list->names.length > 0) {
        g_autofree char *name = pop(list);
        g_autofree char *jid = NULL;
        CwContact *contact = find_contact(list, name, &jid);
        if (contact == NULL)
            continue;
        Item *item = g_hash_table_lookup(list->roster, jid);
        gboolean changed = FALSE;
        if (item == NULL) {
            item = new_item();
            set_name(item, contact->alias);
            set_group(item, contact->group);
            g_hash_table_insert(list->roster, g_strdup(jid), item);
        } else if (contact->renamed) {
            changed = rename_item(item, contact);
        }
        cw_contact_forget_old(contact);
        item->seen = cw_session_sees(session_of(list), contact);
        if (!item->there || changed)
            set_item(list, name, jid, item);
        else
            cw_session_mark_brought(session_of(list), contact, FALSE); /* he has it already */
    }
    if (list->open == 0 && list->names.length == 0) { /* the next time it may be another */
        g_clear_pointer(&list->roster, g_hash_table_unref);
        list->way = WAY_UNKNOWN;
    }
}

static void read_item(List *list, const CwNode *node)
{
    const char *text = cw_node_attr(node, "jid");
    const char *subscription = cw_node_attr(node, "subscription");
    g_autoptr(CwJid) jid = text == NULL ? NULL : cw_jid_parse(text, NULL);

    if (jid == NULL || jid->local == NULL ||
        !g_str_equal(jid->domain, cw_component_domain(list->component)))
        return;
    Item *item = new_item();
    set_name(item, cw_node_attr(node, "name"));
    item->there = g_strcmp0(subscription, "both") == 0 || g_strcmp0(subscription, "to") == 0;
    for (const CwNode *group = cw_node_child(node, "group", NULL); group != NULL;
         group = cw_node_next(group, "group", NULL))
        g_ptr_array_add(item->groups, g_strdup(group->text));
    g_hash_table_insert(list->roster, g_strdup(jid->bare), item);
}

static void read_roster(List *list, const CwNode *query)
{
    list->roster = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, free_item);
    for (const CwNode *item = cw_node_child(query, "item", NULL); item != NULL;
         item = cw_node_next(item, "item", NULL))
        read_item(list, item);
}

static void roster_cb(CwComponent *component, const CwStanza *answer, gpointer data)
{
    Errand *errand = data;
    List *list = take_errand(component, errand, answer);
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
    list->read_at = g_get_monotonic_time();
    list->taken = FALSE;
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

    if (is_result(answer))
        mark(component, errand, FALSE);
    List *list = take_errand(component, errand, answer);
    if (list == NULL)
        return;
    if (!is_result(answer))
        give_up_way(list, errand->names);
    go_on(list);
}

static gsize length_of(const char *text)
{
    return text == NULL ? 0 : strlen(text);
}

/* As many as one stanza may have. */
static Errand *gather_exchange(List *list)
{
    Errand *errand = new_errand(list);
    gsize size = 0;

    while (list->names.length > 0 && errand->names->len < EXCHANGE_MAX && size < EXCHANGE_SIZE) {
        g_autofree char *name = pop(list);
        g_autofree char *jid = NULL;
        CwContact *contact = find_contact(list, name, &jid);
        if (contact == NULL)
            continue;
        cw_contact_forget_old(contact);
        if (contact->offered)
            continue;
        size += strlen(jid) + length_of(contact->alias) + length_of(contact->group);
        g_ptr_array_add(errand->names, g_steal_pointer(&name));
    }
    return errand;
}

static void exchange_some(List *list)
{
    Errand *errand = list->open > 0 ? NULL : gather_exchange(list);

    if (errand == NULL)
        return;
    if (errand->names->len == 0) {
        free_errand(errand);
        return;
    }
    list->open++;
    CwWriter *writer = cw_requests_begin(cw_component_requests(list->component), list->client,
                                         "set", exchange_cb, errand, free_errand);
    cw_writer_start(writer, "x", NS_ROSTERX);
    for (guint i = 0; i < errand->names->len; i++) {
        g_autofree char *jid = NULL;
        const CwContact *contact = find_contact(list, g_ptr_array_index(errand->names, i), &jid);
        write_item(writer, jid, contact->alias);
        cw_writer_attr(writer, "action", "add");
        if (contact->group != NULL && *contact->group != '\0')
            cw_writer_leaf(writer, "group", NULL, contact->group);
        cw_writer_end(writer);
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
    List *list = take_errand(component, data, answer);
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
        g_autofree char *name = pop(list);
        CwContact *contact = session == NULL ? NULL : cw_session_find_contact(session, name);
        if (contact == NULL)
            continue;
        cw_contact_forget_old(contact);
        if (!contact->offered)
            ask(list, session, contact);
    }
    if (list->names.length > 0)
        schedule(list, SUBSCRIBE_TIME);
}

/* ---- which way ---- */

static void choose(List *list)
{
    if (list->failed < WAY_ROSTER &&
        !g_hash_table_contains(state_of(list->component)->spared, list->user))
        ask_roster(list);
    else if (list->failed < WAY_EXCHANGE)
        ask_clients(list);
    else
        list->way = WAY_SUBSCRIBE;
}

static void go_on(List *list)
{
    if (!cw_component_is_up(list->component))
        return;
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
        list->timer_id = cw_timer_add(wait, timer_cb, list);
}

/* ---- the stream comes and goes ---- */

/* The roster may have been the reason, being larger than a stanza may be here: it is not asked for
 * while this gateway runs, or one user could cut off all of them at each log-in. */
static void spare(State *state, const List *list)
{
    g_info("%s/%s: the stream broke while the roster was asked for; it is not asked for again",
           list->user, cw_component_domain(list->component));
    g_hash_table_add(state->spared, g_strdup(list->user));
}

/* What is open is lost: each errand says so in a moment. */
static void down(CwComponent *component)
{
    State *state = state_of(component);
    GHashTableIter iter;
    gpointer value;

    g_hash_table_iter_init(&iter, state->lists);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        List *list = value;
        if (list->open > 0 && list->way == WAY_ROSTER && list->roster == NULL)
            spare(state, list);
        else if (list->open > 0 && list->breaks++ > 0)
            list->failed = MAX(list->failed, list->way);
        list->way = WAY_UNKNOWN;
        g_clear_pointer(&list->roster, g_hash_table_unref);
    }
}

static void up(CwComponent *component)
{
    GHashTableIter iter;
    gpointer value;

    g_hash_table_iter_init(&iter, state_of(component)->lists);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        List *list = value;
        if (list->names.length > 0)
            schedule(list, GATHER_TIME);
    }
}

/* ---- from the transport ---- */

/* ms in which the rest of what is told now comes in */
static guint gather_time(const List *list)
{
    gint64 next = list->read_at == 0 ? 0 : list->read_at / 1000 + READ_SPACING;
    gint64 wait = next - g_get_monotonic_time() / 1000;

    return list->roster != NULL || list->failed >= WAY_ROSTER || wait < GATHER_TIME ? GATHER_TIME
                                                                                    : (guint)wait;
}

static void contact_cb(CwSession *session, CwContact *contact, gpointer data)
{
    GHashTable *lists = state_of(data)->lists;
    List *list = g_hash_table_lookup(lists, cw_session_jid(session));

    if (contact->offered && !contact->renamed)
        return;
    if (list == NULL) {
        list = new_list(data, cw_session_jid(session));
        g_hash_table_insert(lists, list->user, list);
    }
    push(list, contact->name, FALSE);
    schedule(list, gather_time(list));
}

static void session_state_cb(CwSession *session, gpointer data)
{
    if (cw_session_state(session) == CW_SESSION_OFFLINE)
        g_hash_table_remove(state_of(data)->lists, cw_session_jid(session));
}

static const CwEvents events = {
    .contact = contact_cb,
    .session_state = session_state_cb,
};

static const char *const gateway_features[] = {NS_ROSTERX, NULL};

const CwFeature cw_feature_roster_list = {
    .name = "roster-list",
    .gateway_features = gateway_features,
    .up = up,
    .down = down,
    .events = &events,
};
