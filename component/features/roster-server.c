/* component/features/roster-server.c: the user's roster, where his server lets us: XEP-0356,
 * XEP-0321
 *
 * Brings contacts there, and keeps names and groups the same on both sides where the network stores
 * them.  Each contact remembers whether its name and group in the roster and on the network agreed
 * when both were seen last (CwContact.agreed), so that a difference tells who changed it:
 *
 *     the network had no name yet                 -> the user's goes to the network
 *     they agreed, the roster has another now     -> the user's goes to the network
 *     the roster has what the network had before  -> the network's goes to the roster
 *     they never agreed                           -> each keeps its own
 *
 * What was sent to one side is remembered as what both have, so its echo changes nothing.  A name
 * that is missing in the roster is no wish to have none: a roster may be empty for many reasons.
 *
 * The roster is read once a log-in, and servers may push what changes meanwhile.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#define G_LOG_DOMAIN "component"

#include "component/features/roster-list.h"

#include <string.h>

#define SETS_AT_ONCE 8 /* roster sets without an answer */

/* One of ours on the user's roster. */
typedef struct {
    char *name;        /* nullable */
    GPtrArray *groups; /* char * */
    gboolean there;    /* he is subscribed to it */
    gboolean seen;     /* the network lets him see it */
} Item;

static void free_item(gpointer data)
{
    Item *item = data;

    g_free(item->name);
    g_ptr_array_unref(item->groups);
    g_free(item);
}

static Item *new_item(void)
{
    Item *item = g_new0(Item, 1);

    item->groups = g_ptr_array_new_with_free_func(g_free);
    return item;
}

/* ---- which servers let us ---- */

enum { LETS_US = 1, LETS_US_NOT };

GHashTable *cw_roster_server_new_record(void)
{
    return g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
}

static const char *server_of(const char *user)
{
    const char *at = strchr(user, '@');

    return at == NULL ? user : at + 1;
}

/* One that was never asked is asked once. */
gboolean cw_roster_server_may_read(CwComponent *component, const char *user)
{
    GHashTable *record = cw_roster_list_record(component);

    return GPOINTER_TO_INT(g_hash_table_lookup(record, server_of(user))) != LETS_US_NOT;
}

static void note_server(CwComponent *component, const char *user, gboolean lets)
{
    g_hash_table_insert(cw_roster_list_record(component), g_strdup(server_of(user)),
                        GINT_TO_POINTER(lets ? LETS_US : LETS_US_NOT));
}

/* ---- names and groups ---- */

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

/* Of several, the one that the network has it in.  (nullable) */
static const char *pick_group(const Item *item, const char *group)
{
    for (guint i = 0; i < item->groups->len; i++) {
        if (g_strcmp0(g_ptr_array_index(item->groups, i), group) == 0)
            return group;
    }
    return item->groups->len == 0 ? NULL : g_ptr_array_index(item->groups, 0);
}

static void tell_names(CwSession *session, CwContact *contact, const Item *item)
{
    cw_session_take_roster_names(session, contact, item->name, pick_group(item, contact->group));
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

/* ---- sets ---- */

void cw_roster_write_item(CwWriter *writer, const char *jid, const char *name)
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
    CwRosterErrand *errand = data;
    gboolean done = cw_roster_is_result(answer);

    if (done)
        cw_roster_errand_mark(component, errand, TRUE);
    CwRosterList *list = cw_roster_errand_take(component, errand, answer);
    if (list == NULL)
        return;
    g_autofree char *jid = NULL;
    CwContact *contact = cw_roster_list_contact(list, g_ptr_array_index(errand->names, 0), &jid);
    Item *item =
        list->roster == NULL || jid == NULL ? NULL : g_hash_table_lookup(list->roster, jid);
    if (item != NULL && done) {
        item->there = TRUE;
        if (contact != NULL)
            tell_names(cw_roster_list_session(list), contact, item);
    }
    list->taken |= done;
    if (!done && answer != NULL && (list->taken || is_about_item(answer))) {
        if (contact != NULL && !contact->offered) /* this one alone; the others go on */
            cw_roster_list_ask(list, cw_roster_list_session(list), contact);
    } else if (!done) {
        cw_roster_list_give_up_way(list, errand->names);
    }
    cw_roster_list_go_on(list);
}

/* RFC 6121 2.3.3: one item a set. */
static void set_item(CwRosterList *list, const char *contact, const char *jid, Item *item)
{
    CwRosterErrand *errand = cw_roster_errand_new(list);

    g_ptr_array_add(errand->names, g_strdup(contact));
    list->open++;
    CwWriter *writer = cw_requests_begin(cw_component_requests(list->component), list->user, "set",
                                         set_cb, errand, cw_roster_errand_free);
    cw_writer_start(writer, "query", CW_NS_ROSTER);
    cw_roster_write_item(writer, jid, item->name);
    if (!item->there)
        cw_writer_attr(writer, "subscription", item->seen ? "both" : "none");
    for (guint i = 0; i < item->groups->len; i++)
        cw_writer_leaf(writer, "group", NULL, g_ptr_array_index(item->groups, i));
    cw_writer_end(writer);
    cw_writer_end(writer);
    cw_requests_end(cw_component_requests(list->component));
}

void cw_roster_server_set_some(CwRosterList *list)
{
    while (list->open < SETS_AT_ONCE && list->names.length > 0) {
        g_autofree char *name = cw_roster_list_pop(list);
        g_autofree char *jid = NULL;
        CwContact *contact = cw_roster_list_contact(list, name, &jid);
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
        item->seen = cw_session_sees(cw_roster_list_session(list), contact);
        if (!item->there || changed)
            set_item(list, name, jid, item);
        else
            cw_session_mark_brought(cw_roster_list_session(list), contact,
                                    FALSE); /* he has it already */
    }
    if (list->open == 0 && list->names.length == 0) { /* the next time it may be another */
        g_clear_pointer(&list->roster, g_hash_table_unref);
        list->way = CW_ROSTER_WAY_UNKNOWN;
    }
}

/* ---- reading ---- */

/* (transfer full) NULL: it is not one of ours. */
static Item *read_item(CwComponent *component, const CwNode *node, CwJid **jid)
{
    const char *text = cw_node_attr(node, "jid");
    const char *subscription = cw_node_attr(node, "subscription");

    *jid = text == NULL ? NULL : cw_jid_parse(text, NULL);
    if (*jid == NULL || (*jid)->local == NULL ||
        !g_str_equal((*jid)->domain, cw_component_domain(component)) ||
        g_strcmp0(subscription, "remove") == 0)
        return NULL;
    Item *item = new_item();
    set_name(item, cw_node_attr(node, "name"));
    item->there = g_strcmp0(subscription, "both") == 0 || g_strcmp0(subscription, "to") == 0;
    for (const CwNode *group = cw_node_child(node, "group", NULL); group != NULL;
         group = cw_node_next(group, "group", NULL))
        g_ptr_array_add(item->groups, g_strdup(group->text));
    return item;
}

/* What the user's roster has now; into `roster`, where there is one. */
static void read_items(CwComponent *component, CwSession *session, const CwNode *query,
                       GHashTable *roster)
{
    for (const CwNode *node = cw_node_child(query, "item", NULL); node != NULL;
         node = cw_node_next(node, "item", NULL)) {
        g_autoptr(CwJid) jid = NULL;
        Item *item = read_item(component, node, &jid);
        if (item == NULL)
            continue;
        g_autofree char *name = cw_component_legacy_name(jid);
        CwContact *contact = name == NULL ? NULL : cw_session_find_contact(session, name);
        if (contact != NULL)
            tell_names(session, contact, item);
        if (roster != NULL)
            g_hash_table_insert(roster, g_strdup(jid->bare), item);
        else
            free_item(item);
    }
}

static void roster_cb(CwComponent *component, const CwStanza *answer, gpointer data)
{
    CwRosterErrand *errand = data;
    CwRosterList *list = cw_roster_errand_take(component, errand, answer);
    const CwNode *query =
        cw_roster_is_result(answer) ? cw_node_child(answer->node, "query", CW_NS_ROSTER) : NULL;

    if (list == NULL)
        return;
    g_clear_pointer(&list->roster, g_hash_table_unref);
    if (answer != NULL)
        note_server(component, list->user, query != NULL);
    else
        cw_roster_list_spare(list);
    CwSession *session = cw_roster_list_session(list);
    if (query != NULL && session != NULL) {
        list->roster = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, free_item);
        read_items(component, session, query, list->roster);
    } else {
        cw_roster_list_give_up_way(list, errand->names);
    }
    cw_roster_list_go_on(list);
}

void cw_roster_server_read(CwRosterList *list)
{
    list->way = CW_ROSTER_WAY_SERVER;
    list->read_at = g_get_monotonic_time();
    list->taken = FALSE;
    list->open++;
    CwWriter *writer =
        cw_requests_begin(cw_component_requests(list->component), list->user, "get", roster_cb,
                          cw_roster_errand_new(list), cw_roster_errand_free);
    cw_writer_leaf(writer, "query", CW_NS_ROSTER, NULL);
    cw_requests_end(cw_component_requests(list->component));
}

/* A server speaks for its user's bare address, and nobody else can. */
void cw_roster_server_take_push(CwComponent *component, const CwStanza *stanza, const CwNode *query)
{
    CwSession *session =
        cw_transport_find_session(cw_component_transport(component), stanza->from->bare);

    if (stanza->from->resource != NULL || stanza->to->local != NULL || session == NULL) {
        cw_component_send_error(component, stanza, CW_STANZA_SERVICE_UNAVAILABLE, NULL);
        return;
    }
    CwRosterList *list = cw_roster_list_find(component, stanza->from->bare);
    read_items(component, session, query, list == NULL ? NULL : list->roster);
    cw_component_send_result(component, stanza);
}

/* ---- the end of a registration ---- */

static void ignore_cb(CwComponent *component, const CwStanza *answer, gpointer data)
{
}

void cw_roster_forget(CwComponent *component, const char *user, const GPtrArray *jids)
{
    GHashTable *record = cw_roster_list_record(component);
    CwRequests *requests = cw_component_requests(component);

    if (GPOINTER_TO_INT(g_hash_table_lookup(record, server_of(user))) != LETS_US)
        return;
    for (guint i = 0; i < jids->len; i++) {
        CwWriter *writer = cw_requests_begin(requests, user, "set", ignore_cb, NULL, NULL);
        cw_writer_start(writer, "query", CW_NS_ROSTER);
        cw_roster_write_item(writer, g_ptr_array_index(jids, i), NULL);
        cw_writer_attr(writer, "subscription", "remove");
        cw_writer_end(writer);
        cw_writer_end(writer);
        cw_requests_end(requests);
    }
}
