/* component/features/bookmarks.c: the user's bookmarks of rooms (XEP-0402), where his server lets
 * us
 *
 *     log-in        -> all of them are read: ours with autojoin are rooms that he keeps
 *     he keeps one  -> its item is read, and published with autojoin, his nick, and all that was in
 * it no longer     -> the same, with autojoin off
 *
 * They stand in his own PEP, which a privileged entity reaches through XEP-0356 5; without the
 * server's grant nothing is asked.  Of the bookmarks of other rooms nothing is ever written, and an
 * item that cannot be written again as it was is left alone.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#define G_LOG_DOMAIN "component"

#include <string.h>

#include "component/features/rooms.h"

#define NS_BOOKMARKS "urn:xmpp:bookmarks:0"
#define NS_FORWARD "urn:xmpp:forward:0"
#define NS_CLIENT "jabber:client"
#define NS_FORM "jabber:x:data"
#define NS_XML "http://www.w3.org/XML/1998/namespace"
#define READ_MOST "1000" /* the newest; the server's answer must not be over stanza-size */
#define COPY_DEPTH 8     /* levels below the item: the writer's, less those above it */

typedef struct {
    GHashTable *open;   /* set of users whose bookmarks are being read */
    GHashTable *spared; /* … of whom no answer came: it may be what the stream broke of */
} State;

static void free_state(gpointer data)
{
    State *state = data;

    g_hash_table_unref(state->open);
    g_hash_table_unref(state->spared);
    g_free(state);
}

static State *state_of(CwComponent *component)
{
    State *state = cw_component_get_data(component, &cw_feature_bookmarks);

    if (state == NULL) {
        state = g_new0(State, 1);
        state->open = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
        state->spared = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
        cw_component_set_data(component, &cw_feature_bookmarks, state, free_state);
    }
    return state;
}

static gboolean is_possible(CwComponent *component, const char *user, guint grants)
{
    return (cw_privilege_pubsub(component, user) & grants) == grants &&
           !g_hash_table_contains(state_of(component)->spared, user);
}

/* ---- requests in the user's name ---- */

/* The writer stands inside <pubsub/>. */
static CwWriter *begin(CwComponent *component, const char *user, const char *type,
                       CwRequestAnswer answer, gpointer data, GDestroyNotify free_data)
{
    g_autofree char *id = g_uuid_string_random();
    CwWriter *writer =
        cw_requests_begin(cw_component_requests(component), user, type, answer, data, free_data);

    cw_writer_start(writer, "privileged_iq", CW_NS_PRIVILEGE);
    cw_writer_start(writer, "iq", NS_CLIENT);
    cw_writer_attr(writer, "type", type);
    cw_writer_attr(writer, "to", user);
    cw_writer_attr(writer, "id", id);
    cw_writer_start(writer, "pubsub", CW_NS_PUBSUB);
    return writer;
}

static void end(CwComponent *component, CwWriter *writer)
{
    cw_writer_end(writer);
    cw_writer_end(writer);
    cw_writer_end(writer);
    cw_requests_end(cw_component_requests(component));
}

/* What the user would have been answered; NULL: it did not get so far. */
static const CwNode *find_inner(const CwStanza *answer)
{
    const CwNode *privilege =
        answer == NULL ? NULL : cw_node_child(answer->node, "privilege", CW_NS_PRIVILEGE);
    const CwNode *forwarded =
        privilege == NULL ? NULL : cw_node_child(privilege, "forwarded", NS_FORWARD);

    return forwarded == NULL ? NULL : cw_node_child(forwarded, "iq", NULL);
}

static const CwNode *find_items(const CwNode *inner)
{
    const CwNode *pubsub = inner == NULL ? NULL : cw_node_child(inner, "pubsub", CW_NS_PUBSUB);

    return pubsub == NULL ? NULL : cw_node_child(pubsub, "items", NULL);
}

static gboolean is_missing(const CwNode *inner)
{
    const CwNode *error = inner == NULL ? NULL : cw_node_child(inner, "error", NULL);

    return error != NULL && cw_node_child(error, "item-not-found", NULL) != NULL;
}

static gboolean is_true(const char *text)
{
    return g_strcmp0(text, "true") == 0 || g_strcmp0(text, "1") == 0;
}

/* ---- reading all ---- */

/* The room of ours that it is about; NULL: none.  (transfer full) */
static char *read_room(CwComponent *component, const CwNode *item)
{
    const char *id = cw_node_attr(item, "id");
    g_autoptr(CwJid) jid = id == NULL ? NULL : cw_jid_parse(id, NULL);
    g_autofree char *name = NULL;

    if (jid == NULL || jid->local == NULL || jid->resource != NULL ||
        !g_str_equal(jid->domain, cw_component_domain(component)))
        return NULL;
    name = cw_component_legacy_name(jid);
    return name != NULL && cw_rooms_may_be(component, name) ? g_steal_pointer(&name) : NULL;
}

/* FALSE: there is no room for more. */
static gboolean take_item(CwComponent *component, const char *user, const CwNode *item,
                          GHashTable *seen)
{
    const CwNode *conference = cw_node_child(item, "conference", NS_BOOKMARKS);
    g_autofree char *name = conference == NULL ? NULL : read_room(component, item);
    const char *nick = name == NULL ? NULL : cw_node_child_text(conference, "nick", NULL);

    if (name == NULL || !is_true(cw_node_attr(conference, "autojoin")))
        return TRUE;
    g_hash_table_add(seen, g_strdup(name));
    g_autoptr(CwStoredRoom) row = cw_rooms_get_row(component, user, name);
    if (row == NULL)
        return FALSE;
    gboolean renamed =
        nick != NULL && *nick != '\0' && cw_rooms_is_nick(nick) && !g_str_equal(nick, row->nick);
    if (row->join && row->bookmarked && !renamed)
        return TRUE;
    row->join = row->bookmarked = TRUE;
    if (renamed) {
        g_free(row->nick);
        row->nick = g_strdup(nick);
    }
    return cw_transport_keep_room(cw_component_transport(component), user, row) == CW_REASON_NONE;
}

/* He took the bookmark away, or its autojoin. */
static void drop_others(CwComponent *component, const char *user, GHashTable *seen)
{
    CwTransport *transport = cw_component_transport(component);
    g_autoptr(GPtrArray) rows = cw_transport_list_kept(transport, user);

    for (guint i = 0; rows != NULL && i < rows->len; i++) {
        CwStoredRoom *row = g_ptr_array_index(rows, i);
        if (!row->bookmarked || g_hash_table_contains(seen, row->name))
            continue;
        row->join = row->bookmarked = FALSE;
        cw_transport_keep_room(transport, user, row);
    }
}

static void take_items(CwComponent *component, const char *user, const CwNode *items)
{
    g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    guint n = 0;
    gboolean full = FALSE;

    for (const CwNode *item = items == NULL ? NULL : cw_node_child(items, "item", NULL);
         item != NULL; item = cw_node_next(item, "item", NULL), n++)
        full = full || !take_item(component, user, item, seen);
    if (full)
        g_message("%s/%s: not all bookmarks could be taken as rooms to join", user,
                  cw_component_domain(component));
    else if (n < (guint)g_ascii_strtoull(READ_MOST, NULL, 10)) /* else there may be others */
        drop_others(component, user, seen);
}

static void read_cb(CwComponent *component, const CwStanza *answer, gpointer data)
{
    const char *user = data;
    const CwNode *inner = find_inner(answer), *items = find_items(inner);
    State *state = state_of(component);

    g_hash_table_remove(state->open, user);
    if (answer == NULL) {
        g_message("%s/%s: no bookmarks came, or they are over the limits; they are not asked for "
                  "again",
                  user, cw_component_domain(component));
        g_hash_table_add(state->spared, g_strdup(user));
        return;
    }
    if ((items != NULL || is_missing(inner)) &&
        cw_transport_is_registered(cw_component_transport(component), user))
        take_items(component, user, items);
}

void cw_bookmarks_read(CwComponent *component, const char *user)
{
    State *state = state_of(component);

    if (!is_possible(component, user, CW_PRIVILEGE_GET) ||
        !g_hash_table_add(state->open, g_strdup(user)))
        return;
    CwWriter *writer = begin(component, user, "get", read_cb, g_strdup(user), g_free);
    cw_writer_start(writer, "items", NULL);
    cw_writer_attr(writer, "node", NS_BOOKMARKS);
    cw_writer_attr(writer, "max_items", READ_MOST);
    cw_writer_end(writer);
    end(component, writer);
}

static void session_state_cb(CwSession *session, gpointer data)
{
    const CwProtocol *protocol = cw_transport_protocol(cw_session_transport(session));

    if (cw_session_state(session) == CW_SESSION_ONLINE && protocol != NULL && protocol->rooms)
        cw_bookmarks_read(data, cw_session_jid(session));
}

/* ---- writing one ---- */

typedef struct {
    char *user;
    char *room; /* the network's name */
    char *jid;  /* the item's id */
    char *nick;
    gboolean join;
} Errand;

static void free_errand(gpointer data)
{
    Errand *errand = data;

    g_free(errand->user);
    g_free(errand->room);
    g_free(errand->jid);
    g_free(errand->nick);
    g_free(errand);
}

static gboolean is_blank(const char *text)
{
    return text[strspn(text, " \t\r\n")] == '\0';
}

/* The writer can say it again as it is. */
static gboolean can_copy(const CwNode *node, guint depth)
{
    if (depth == 0 || (node->first_child != NULL && !is_blank(node->text)))
        return FALSE;
    for (const CwAttr *attr = node->attrs; attr != NULL; attr = attr->next) {
        if (attr->ns != NULL && !g_str_equal(attr->ns, NS_XML))
            return FALSE;
    }
    for (const CwNode *child = node->first_child; child != NULL; child = child->next) {
        if (!can_copy(child, depth - 1))
            return FALSE;
    }
    return TRUE;
}

static void copy_attrs(CwWriter *writer, const CwNode *node, const char *but)
{
    for (const CwAttr *attr = node->attrs; attr != NULL; attr = attr->next) {
        if (attr->ns != NULL)
            cw_writer_attr(writer, g_str_equal(attr->name, "lang") ? "xml:lang" : "xml:space",
                           attr->value);
        else if (g_strcmp0(attr->name, but) != 0)
            cw_writer_attr(writer, attr->name, attr->value);
    }
}

static void copy(CwWriter *writer, const CwNode *node)
{
    cw_writer_start(writer, node->name, node->ns);
    copy_attrs(writer, node, NULL);
    if (node->first_child == NULL)
        cw_writer_text(writer, node->text);
    for (const CwNode *child = node->first_child; child != NULL; child = child->next)
        copy(writer, child);
    cw_writer_end(writer);
}

/* `old` (nullable): what is there now. */
static void write_conference(CwWriter *writer, const Errand *errand, const CwNode *old)
{
    cw_writer_start(writer, "conference", NS_BOOKMARKS);
    cw_writer_attr(writer, "autojoin", errand->join ? "true" : "false");
    if (old != NULL)
        copy_attrs(writer, old, "autojoin");
    else
        cw_writer_attr(writer, "name", errand->room);
    if (errand->join)
        cw_writer_leaf(writer, "nick", NULL, errand->nick);
    for (const CwNode *child = old == NULL ? NULL : old->first_child; child != NULL;
         child = child->next) {
        if (!errand->join || !cw_node_is(child, "nick", NS_BOOKMARKS))
            copy(writer, child);
    }
    cw_writer_end(writer);
}

static void write_option(CwWriter *writer, const char *name, const char *value)
{
    cw_writer_start(writer, "field", NULL);
    cw_writer_attr(writer, "var", name);
    cw_writer_leaf(writer, "value", NULL, value);
    cw_writer_end(writer);
}

/* XEP-0402 3.2, for an item that is not there yet: bookmarks are nobody else's business, and a node
 * that keeps few of them would lose another one for ours: the server refuses then. */
static void write_options(CwWriter *writer)
{
    cw_writer_start(writer, "publish-options", NULL);
    cw_writer_start(writer, "x", NS_FORM);
    cw_writer_attr(writer, "type", "submit");
    write_option(writer, "FORM_TYPE", CW_NS_PUBSUB "#publish-options");
    write_option(writer, "pubsub#persist_items", "true");
    write_option(writer, "pubsub#max_items", "max");
    write_option(writer, "pubsub#send_last_published_item", "never");
    write_option(writer, "pubsub#access_model", "whitelist");
    cw_writer_end(writer);
    cw_writer_end(writer);
}

static void published_cb(CwComponent *component, const CwStanza *answer, gpointer data)
{
    const Errand *errand = data;
    const CwNode *inner = find_inner(answer);
    g_autoptr(CwStoredRoom) row = NULL;

    if (inner == NULL || g_strcmp0(cw_node_attr(inner, "type"), "result") != 0) {
        g_message("%s/%s: a bookmark could not be written", errand->user,
                  cw_component_domain(component));
        return;
    }
    if (!errand->join ||
        !cw_transport_is_registered(cw_component_transport(component), errand->user))
        return;
    row = cw_rooms_get_row(component, errand->user, errand->room);
    if (row == NULL || !row->join || row->bookmarked)
        return; /* he has thought better of it */
    row->bookmarked = TRUE;
    cw_transport_keep_room(cw_component_transport(component), errand->user, row);
}

static void publish(CwComponent *component, const Errand *errand, const CwNode *old)
{
    Errand *copied = g_new(Errand, 1);

    *copied = (Errand){g_strdup(errand->user), g_strdup(errand->room), g_strdup(errand->jid),
                       g_strdup(errand->nick), errand->join};
    CwWriter *writer = begin(component, errand->user, "set", published_cb, copied, free_errand);
    cw_writer_start(writer, "publish", NULL);
    cw_writer_attr(writer, "node", NS_BOOKMARKS);
    cw_writer_start(writer, "item", NULL);
    cw_writer_attr(writer, "id", errand->jid);
    write_conference(writer, errand, old);
    cw_writer_end(writer);
    cw_writer_end(writer);
    if (old == NULL)
        write_options(writer);
    end(component, writer);
}

static const CwNode *find_item(const CwNode *items, const char *id)
{
    const CwNode *item = items == NULL ? NULL : cw_node_child(items, "item", NULL);

    while (item != NULL && g_strcmp0(cw_node_attr(item, "id"), id) != 0)
        item = cw_node_next(item, "item", NULL);
    return item;
}

static void item_cb(CwComponent *component, const CwStanza *answer, gpointer data)
{
    const Errand *errand = data;
    const CwNode *inner = find_inner(answer), *items = find_items(inner);
    const CwNode *item = find_item(items, errand->jid);
    const CwNode *old = item == NULL ? NULL : cw_node_child(item, "conference", NS_BOOKMARKS);

    if ((items == NULL && !is_missing(inner)) || (item != NULL && old == NULL))
        return;
    if (old == NULL) {
        if (errand->join)
            publish(component, errand, NULL);
        return;
    }
    gboolean joins = is_true(cw_node_attr(old, "autojoin"));
    const char *nick = cw_node_child_text(old, "nick", NULL);
    if (joins == errand->join && (!errand->join || g_strcmp0(nick, errand->nick) == 0))
        return;
    if (can_copy(old, COPY_DEPTH))
        publish(component, errand, old);
    else
        g_message("%s/%s: a bookmark has more in it than can be written again; it is left alone",
                  errand->user, cw_component_domain(component));
}

void cw_bookmarks_write(CwComponent *component, const char *user, const CwStoredRoom *row)
{
    char *jid = cw_component_contact_jid(component, row->name);

    if (jid == NULL || !is_possible(component, user, CW_PRIVILEGE_GET | CW_PRIVILEGE_SET)) {
        g_free(jid);
        return;
    }
    Errand *errand = g_new(Errand, 1);
    *errand = (Errand){g_strdup(user), g_strdup(row->name), jid, g_strdup(row->nick), row->join};
    CwWriter *writer = begin(component, user, "get", item_cb, errand, free_errand);
    cw_writer_start(writer, "items", NULL);
    cw_writer_attr(writer, "node", NS_BOOKMARKS);
    cw_writer_start(writer, "item", NULL);
    cw_writer_attr(writer, "id", jid);
    cw_writer_end(writer);
    cw_writer_end(writer);
    end(component, writer);
}

static const CwEvents events = {.session_state = session_state_cb};

const CwFeature cw_feature_bookmarks = {
    .name = "bookmarks",
    .events = &events,
};
