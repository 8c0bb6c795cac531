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
 * them.  Nothing is ever removed here, on either side.  Names and groups: roster-server.c.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#define G_LOG_DOMAIN "component"

#include "component/features/roster-list.h"

#include <string.h>

#include "transport/timers.h"

#define NS_ROSTERX "http://jabber.org/protocol/rosterx"
#define GATHER_TIME 300     /* ms in which the list comes in */
#define READ_SPACING 5000   /* ms between two looks at one roster */
#define EXCHANGE_MAX 150    /* items of one stanza: XEP-0144 6.4 */
#define EXCHANGE_SIZE 16384 /* bytes of their names, as servers bound a stanza */
#define SUBSCRIBE_BATCH 20  /* requests … */
#define SUBSCRIBE_TIME 200  /* … in so many ms: 100 a second and user */

typedef struct {
    GHashTable *lists;   /* user -> CwRosterList; the key is the list's */
    GHashTable *spared;  /* set of users whose roster is not asked for again: see down() */
    GHashTable *servers; /* roster-server.c: which of them let us */
} State;

static void schedule(CwRosterList *list, guint wait);

/* ---- lists and errands ---- */

static void free_list(gpointer data)
{
    CwRosterList *list = data;

    g_clear_handle_id(&list->timer_id, cw_timer_remove);
    g_hash_table_unref(list->waiting);
    g_queue_clear_full(&list->names, g_free);
    g_clear_pointer(&list->roster, g_hash_table_unref);
    g_free(list->client);
    g_free(list->user);
    g_free(list);
}

static CwRosterList *new_list(CwComponent *component, const char *user)
{
    static guint serial;
    CwRosterList *list = g_new0(CwRosterList, 1);

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
    g_hash_table_unref(state->servers);
    g_free(state);
}

static State *state_of(CwComponent *component)
{
    State *state = cw_component_get_data(component, &cw_feature_roster_list);

    if (state == NULL) {
        state = g_new0(State, 1);
        state->lists = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, free_list);
        state->spared = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
        state->servers = cw_roster_server_new_record();
        cw_component_set_data(component, &cw_feature_roster_list, state, free_state);
    }
    return state;
}

/* It is larger than a stanza may be here, or the server does not answer.  Not again while this
 * gateway runs, or one user could keep it busy, or cut off all of them, at each log-in. */
void cw_roster_list_spare(CwRosterList *list)
{
    g_message("%s/%s: the roster cannot be read, as it is over stanza-size, or the server does not "
              "answer; contacts take another way",
              list->user, cw_component_domain(list->component));
    g_hash_table_add(state_of(list->component)->spared, g_strdup(list->user));
}

GHashTable *cw_roster_list_record(CwComponent *component)
{
    return state_of(component)->servers;
}

CwRosterList *cw_roster_list_find(CwComponent *component, const char *user)
{
    return g_hash_table_lookup(state_of(component)->lists, user);
}

CwSession *cw_roster_list_session(const CwRosterList *list)
{
    return cw_transport_find_session(cw_component_transport(list->component), list->user);
}

/* One name waits once, however often the network says something of it. */
static void push(CwRosterList *list, const char *name, gboolean first)
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

char *cw_roster_list_pop(CwRosterList *list)
{
    char *name = g_queue_pop_head(&list->names);

    if (name != NULL)
        g_hash_table_remove(list->waiting, name);
    return name;
}

static void put_back(CwRosterList *list, const GPtrArray *names)
{
    for (guint i = names->len; i > 0; i--)
        push(list, g_ptr_array_index(names, i - 1), TRUE);
}

CwRosterErrand *cw_roster_errand_new(const CwRosterList *list)
{
    CwRosterErrand *errand = g_new0(CwRosterErrand, 1);

    errand->user = g_strdup(list->user);
    errand->serial = list->serial;
    errand->names = g_ptr_array_new_with_free_func(g_free);
    return errand;
}

void cw_roster_errand_free(gpointer data)
{
    CwRosterErrand *errand = data;

    g_free(errand->user);
    g_ptr_array_unref(errand->names);
    g_free(errand);
}

CwRosterList *cw_roster_errand_take(CwComponent *component, const CwRosterErrand *errand,
                                    const CwStanza *answer)
{
    CwRosterList *list = cw_roster_list_find(component, errand->user);

    if (list == NULL || list->serial != errand->serial)
        return NULL;
    list->open--;
    if (answer != NULL || cw_component_is_up(component))
        return list;
    put_back(list, errand->names);
    return NULL;
}

CwContact *cw_roster_list_contact(const CwRosterList *list, const char *name, char **jid)
{
    CwSession *session = cw_roster_list_session(list);
    CwContact *contact = session == NULL ? NULL : cw_session_find_contact(session, name);

    *jid = contact == NULL ? NULL : cw_component_contact_jid(list->component, name);
    return *jid == NULL ? NULL : contact;
}

void cw_roster_errand_mark(CwComponent *component, const CwRosterErrand *errand, gboolean granted)
{
    CwSession *session = cw_transport_find_session(cw_component_transport(component), errand->user);

    for (guint i = 0; session != NULL && i < errand->names->len; i++) {
        CwContact *contact = cw_session_find_contact(session, g_ptr_array_index(errand->names, i));
        if (contact != NULL)
            cw_session_mark_brought(session, contact, granted);
    }
}

void cw_roster_list_ask(CwRosterList *list, CwSession *session, CwContact *contact)
{
    cw_roster_ask(list->component, session, contact->name, contact->alias, NULL);
    cw_session_mark_offered(session, contact);
}

void cw_roster_list_give_up_way(CwRosterList *list, const GPtrArray *names)
{
    put_back(list, names);
    list->failed = MAX(list->failed, list->way);
    list->way = CW_ROSTER_WAY_UNKNOWN;
    schedule(list, 0);
}

/* ---- roster item exchange: XEP-0144 ---- */

static void exchange_cb(CwComponent *component, const CwStanza *answer, gpointer data)
{
    CwRosterErrand *errand = data;

    if (cw_roster_is_result(answer))
        cw_roster_errand_mark(component, errand, FALSE);
    CwRosterList *list = cw_roster_errand_take(component, errand, answer);
    if (list == NULL)
        return;
    if (!cw_roster_is_result(answer))
        cw_roster_list_give_up_way(list, errand->names);
    cw_roster_list_go_on(list);
}

static gsize length_of(const char *text)
{
    return text == NULL ? 0 : strlen(text);
}

/* As many as one stanza may have. */
static CwRosterErrand *gather_exchange(CwRosterList *list)
{
    CwRosterErrand *errand = cw_roster_errand_new(list);
    gsize size = 0;

    while (list->names.length > 0 && errand->names->len < EXCHANGE_MAX && size < EXCHANGE_SIZE) {
        g_autofree char *name = cw_roster_list_pop(list);
        g_autofree char *jid = NULL;
        CwContact *contact = cw_roster_list_contact(list, name, &jid);
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

static void exchange_some(CwRosterList *list)
{
    CwRosterErrand *errand = list->open > 0 ? NULL : gather_exchange(list);

    if (errand == NULL)
        return;
    if (errand->names->len == 0) {
        cw_roster_errand_free(errand);
        return;
    }
    list->open++;
    CwWriter *writer = cw_requests_begin(cw_component_requests(list->component), list->client,
                                         "set", exchange_cb, errand, cw_roster_errand_free);
    cw_writer_start(writer, "x", NS_ROSTERX);
    for (guint i = 0; i < errand->names->len; i++) {
        g_autofree char *jid = NULL;
        const CwContact *contact =
            cw_roster_list_contact(list, g_ptr_array_index(errand->names, i), &jid);
        cw_roster_write_item(writer, jid, contact->alias);
        cw_writer_attr(writer, "action", "add");
        if (contact->group != NULL && *contact->group != '\0')
            cw_writer_leaf(writer, "group", NULL, contact->group);
        cw_writer_end(writer);
    }
    cw_writer_end(writer);
    cw_requests_end(cw_component_requests(list->component));
}

/* The first that can.  FALSE: one of them may yet say so, client() is called then. */
static gboolean choose_client(CwRosterList *list)
{
    CwSession *session = cw_roster_list_session(list);
    const GPtrArray *resources = session == NULL ? NULL : cw_session_resources(session);
    gboolean all_known = TRUE;

    for (guint i = 0; list->client == NULL && resources != NULL && i < resources->len; i++) {
        const CwResource *resource = g_ptr_array_index(resources, i);
        CwClientAnswer answer =
            cw_clients_can(list->component, session, resource->name, CW_ABILITY_ROSTER_EXCHANGE);
        all_known &= answer != CW_CLIENT_UNKNOWN;
        if (answer == CW_CLIENT_CAN)
            list->client = g_strconcat(list->user, "/", resource->name, NULL);
    }
    return all_known || list->client != NULL;
}

/* ---- subscription requests ---- */

static void subscribe_some(CwRosterList *list)
{
    CwSession *session = cw_roster_list_session(list);

    for (guint i = 0; i < SUBSCRIBE_BATCH && list->names.length > 0; i++) {
        g_autofree char *name = cw_roster_list_pop(list);
        CwContact *contact = session == NULL ? NULL : cw_session_find_contact(session, name);
        if (contact == NULL)
            continue;
        cw_contact_forget_old(contact);
        if (!contact->offered)
            cw_roster_list_ask(list, session, contact);
    }
    if (list->names.length > 0)
        schedule(list, SUBSCRIBE_TIME);
}

/* ---- which way ---- */

static void choose(CwRosterList *list)
{
    gboolean look = list->look;

    list->look = FALSE;
    g_clear_pointer(&list->client, g_free);
    if (list->failed < CW_ROSTER_WAY_SERVER &&
        !g_hash_table_contains(state_of(list->component)->spared, list->user) &&
        (!look || list->names.length > 0 || cw_roster_server_may_read(list->component, list->user)))
        cw_roster_server_read(list);
    else if (list->names.length > 0)
        list->way = list->failed < CW_ROSTER_WAY_EXCHANGE ? CW_ROSTER_WAY_EXCHANGE
                                                          : CW_ROSTER_WAY_SUBSCRIBE;
}

void cw_roster_list_go_on(CwRosterList *list)
{
    if (!cw_component_is_up(list->component))
        return;
    if (list->way == CW_ROSTER_WAY_UNKNOWN && list->open == 0 &&
        (list->names.length > 0 || list->look))
        choose(list);
    switch (list->way) {
    case CW_ROSTER_WAY_UNKNOWN:
        break;
    case CW_ROSTER_WAY_SERVER:
        if (list->roster != NULL)
            cw_roster_server_set_some(list);
        break;
    case CW_ROSTER_WAY_EXCHANGE:
        if (list->client == NULL && !choose_client(list))
            break;
        if (list->client != NULL) {
            exchange_some(list);
        } else { /* no client can */
            list->failed = CW_ROSTER_WAY_EXCHANGE;
            list->way = CW_ROSTER_WAY_SUBSCRIBE;
            schedule(list, 0);
        }
        break;
    case CW_ROSTER_WAY_SUBSCRIBE:
        if (list->timer_id == 0)
            subscribe_some(list);
        break;
    }
}

static gboolean timer_cb(gpointer data)
{
    CwRosterList *list = data;

    list->timer_id = 0;
    cw_roster_list_go_on(list);
    return G_SOURCE_REMOVE;
}

static void schedule(CwRosterList *list, guint wait)
{
    if (list->timer_id == 0)
        list->timer_id = cw_timer_add(wait, timer_cb, list);
}

/* ---- the stream comes and goes ---- */

/* What is open is lost: each errand says so in a moment. */
static void down(CwComponent *component)
{
    GHashTableIter iter;
    gpointer value;

    g_hash_table_iter_init(&iter, state_of(component)->lists);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        CwRosterList *list = value;
        if (list->open > 0 && list->way == CW_ROSTER_WAY_SERVER && list->roster == NULL)
            cw_roster_list_spare(list); /* it may have been the reason */
        else if (list->open > 0 && list->breaks++ > 0)
            list->failed = MAX(list->failed, list->way);
        list->way = CW_ROSTER_WAY_UNKNOWN;
        g_clear_pointer(&list->roster, g_hash_table_unref);
    }
}

static void up(CwComponent *component)
{
    GHashTableIter iter;
    gpointer value;

    g_hash_table_iter_init(&iter, state_of(component)->lists);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        CwRosterList *list = value;
        if (list->names.length > 0 || list->look)
            schedule(list, GATHER_TIME);
    }
}

/* ---- from the transport ---- */

/* ms in which the rest of what is told now comes in */
static guint gather_time(const CwRosterList *list)
{
    gint64 next = list->read_at == 0 ? 0 : list->read_at / 1000 + READ_SPACING;
    gint64 wait = next - g_get_monotonic_time() / 1000;

    return list->roster != NULL || list->failed >= CW_ROSTER_WAY_SERVER || wait < GATHER_TIME
               ? GATHER_TIME
               : (guint)wait;
}

static CwRosterList *ensure_list(CwComponent *component, CwSession *session)
{
    CwRosterList *list = cw_roster_list_find(component, cw_session_jid(session));

    if (list == NULL) {
        list = new_list(component, cw_session_jid(session));
        g_hash_table_insert(state_of(component)->lists, list->user, list);
    }
    return list;
}

static void contact_cb(CwSession *session, CwContact *contact, gpointer data)
{
    if (contact->offered && !contact->renamed)
        return;
    CwRosterList *list = ensure_list(data, session);
    push(list, contact->name, FALSE);
    schedule(list, gather_time(list));
}

static void client(CwComponent *component, CwSession *session, const char *resource)
{
    CwRosterList *list = cw_roster_list_find(component, cw_session_jid(session));

    if (list != NULL && list->way == CW_ROSTER_WAY_EXCHANGE && list->client == NULL)
        cw_roster_list_go_on(list);
}

/* What the user calls his contacts may have changed while nobody told us. */
static void look(CwComponent *component, CwSession *session)
{
    if (!cw_session_may_rename(session) ||
        !cw_roster_server_may_read(component, cw_session_jid(session)))
        return;
    CwRosterList *list = ensure_list(component, session);
    list->look = TRUE;
    schedule(list, gather_time(list));
}

static void session_state_cb(CwSession *session, gpointer data)
{
    if (cw_session_state(session) == CW_SESSION_OFFLINE)
        g_hash_table_remove(state_of(data)->lists, cw_session_jid(session));
    else if (cw_session_state(session) == CW_SESSION_ONLINE)
        look(data, session);
}

/* He has just added it, maybe with a name of his own. */
static void granted_cb(CwSession *session, const CwContact *contact, gpointer data)
{
    look(data, session);
}

static const CwEvents events = {
    .contact = contact_cb,
    .session_state = session_state_cb,
    .granted = granted_cb,
};

static const CwIqHandler iqs[] = {
    {"set", "query", CW_NS_ROSTER, cw_roster_server_take_push},
    {NULL},
};

static const char *const gateway_features[] = {NS_ROSTERX, NULL};

const CwFeature cw_feature_roster_list = {
    .name = "roster-list",
    .iqs = iqs,
    .gateway_features = gateway_features,
    .up = up,
    .down = down,
    .client = client,
    .events = &events,
};
