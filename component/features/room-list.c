/* component/features/room-list.c: the rooms of the network, as items of the gateway (XEP-0045 6.3),
 * page by page (XEP-0059)
 *
 * The user's own rooms come first.  The network is asked only when somebody asks for the items, and
 * its answer serves all pages that are asked for within room-list-time.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <string.h>

#include "component/features/rooms.h"
#include "component/rsm.h"

#define ITEMS_SIZE 131072 /* bytes of one answer, about: what is left is the next page's */

/* Somebody who waits for the network. */
typedef struct {
    CwComponent *component;
    CwReply *reply;
    CwRsm rsm;
    char *after, *before;
} Asker;

typedef struct {
    char *jid;
    char *name;
} Item;

/* What there is, in its order. */
typedef struct {
    CwComponent *component;
    GPtrArray *items;   /* Item * */
    GHashTable *by_jid; /* jid -> position + 1 */
} Items;

static void free_item(gpointer data)
{
    Item *item = data;

    g_free(item->jid);
    g_free(item->name);
    g_free(item);
}

static void add_item(Items *items, const char *room, char *name)
{
    Item *item = g_new0(Item, 1);

    item->name = name;
    item->jid = cw_component_contact_jid(items->component, room);
    if (item->jid == NULL || g_hash_table_contains(items->by_jid, item->jid)) {
        free_item(item);
        return;
    }
    g_ptr_array_add(items->items, item);
    g_hash_table_insert(items->by_jid, item->jid, GUINT_TO_POINTER(items->items->len));
}

static void collect_own(CwRoom *room, gpointer data)
{
    g_ptr_array_add(data, room);
}

static gint by_name(gconstpointer a, gconstpointer b)
{
    const CwRoom *one = *(CwRoom *const *)a, *two = *(CwRoom *const *)b;

    return strcmp(one->name, two->name);
}

/* "#verona (12): Two households" */
static char *listed_name(const CwListedRoom *room)
{
    GString *name = g_string_new(room->name);

    if (room->users >= 0)
        g_string_append_printf(name, " (%d)", room->users);
    if (room->topic != NULL)
        g_string_append_printf(name, ": %s", room->topic);
    return g_string_free(name, FALSE);
}

static void collect(Items *items, CwSession *session, const CwRoomDirectory *directory)
{
    g_autoptr(GPtrArray) own = g_ptr_array_new();

    if (session != NULL)
        cw_session_each_room(session, collect_own, own);
    g_ptr_array_sort(own, by_name);
    for (guint i = 0; i < own->len; i++) {
        const CwRoom *room = g_ptr_array_index(own, i);
        const CwListedRoom *listed =
            directory == NULL ? NULL : g_hash_table_lookup(directory->by_name, room->name);
        add_item(items, room->name, listed == NULL ? g_strdup(room->name) : listed_name(listed));
    }
    for (guint i = 0; directory != NULL && i < directory->rooms->len; i++) {
        const CwListedRoom *room = g_ptr_array_index(directory->rooms, i);
        add_item(items, room->name, listed_name(room));
    }
}

static gint64 find_cb(const char *id, gpointer data)
{
    const Items *items = data;

    return (gint64)GPOINTER_TO_UINT(g_hash_table_lookup(items->by_jid, id)) - 1;
}

/* A server takes no stanza of any size. */
static void cut(const Items *items, gboolean backwards, CwRsmPage *page)
{
    gsize size = 0;

    for (guint i = 0; i < page->n; i++) {
        const Item *item = g_ptr_array_index(items->items, backwards ? page->from + page->n - 1 - i
                                                                     : page->from + i);
        size += strlen(item->jid) + strlen(item->name) + strlen("<item jid='' name=''/>");
        if (size <= ITEMS_SIZE || i == 0)
            continue;
        if (backwards)
            page->from += page->n - i;
        page->n = i;
        page->complete = FALSE;
        return;
    }
}

static void send_items(CwComponent *component, const CwStanza *stanza, const CwRsm *rsm,
                       const Items *items, const CwRsmPage *page)
{
    CwWriter *writer = cw_component_begin_result(component, stanza);

    cw_writer_start(writer, "query", CW_NS_DISCO_ITEMS);
    for (guint i = 0; i < page->n; i++) {
        const Item *item = g_ptr_array_index(items->items, page->from + i);
        cw_writer_start(writer, "item", NULL);
        cw_writer_attr(writer, "jid", item->jid);
        cw_writer_attr(writer, "name", item->name);
        cw_writer_end(writer);
    }
    /* also to who did not ask for a page, when it is not all */
    if (rsm->asked || page->n < items->items->len) {
        const Item *first = page->n == 0 ? NULL : g_ptr_array_index(items->items, page->from);
        const Item *last =
            page->n == 0 ? NULL : g_ptr_array_index(items->items, page->from + page->n - 1);
        cw_rsm_write(writer, first == NULL ? NULL : first->jid, last == NULL ? NULL : last->jid,
                     page->from, items->items->len);
    }
    cw_writer_end(writer);
    cw_component_end(component);
}

static void answer(CwComponent *component, const CwStanza *stanza, const CwRsm *rsm,
                   CwSession *session, const CwRoomDirectory *directory)
{
    g_autoptr(GError) error = NULL;
    CwRsmPage page = {0};
    Items items = {
        .component = component,
        .items = g_ptr_array_new_with_free_func(free_item),
        .by_jid = g_hash_table_new(g_str_hash, g_str_equal),
    };

    collect(&items, session, directory);
    if (cw_rsm_page(rsm, items.items->len, 0, find_cb, &items, &page, &error)) {
        cut(&items, rsm->before != NULL, &page);
        send_items(component, stanza, rsm, &items, &page);
    } else {
        cw_component_send_error(component, stanza, (CwStanzaCondition)error->code, error->message);
    }
    g_hash_table_unref(items.by_jid);
    g_ptr_array_unref(items.items);
}

/* Without a list there are his own rooms. */
static gboolean is_no_list(CwReason reason)
{
    return reason == CW_REASON_NOT_ONLINE || reason == CW_REASON_NO_CONTACT;
}

static void listed_cb(CwSession *session, const CwRoomDirectory *directory, CwReason reason,
                      const char *text, gpointer data)
{
    Asker *asker = data;
    const CwStanza *stanza = cw_reply_stanza(asker->reply);

    if (directory != NULL || is_no_list(reason))
        answer(asker->component, stanza, &asker->rsm, session, directory);
    else
        cw_component_send_error(asker->component, stanza, cw_reason_condition(reason),
                                text == NULL ? cw_reason_text(reason) : text);
    cw_reply_free(asker->reply);
    g_free(asker->after);
    g_free(asker->before);
    g_free(asker);
}

static void wait_for_list(CwComponent *component, const CwStanza *stanza, const CwRsm *rsm,
                          CwSession *session)
{
    Asker *asker = g_new0(Asker, 1);
    CwReason reason = CW_REASON_NONE;

    asker->component = component;
    asker->reply = cw_component_keep(component, stanza);
    asker->rsm = *rsm;
    asker->rsm.after = asker->after = g_strdup(rsm->after);
    asker->rsm.before = asker->before = g_strdup(rsm->before);
    if (!cw_session_list_rooms(session, listed_cb, asker, &reason))
        listed_cb(session, NULL, reason, NULL, asker);
}

void cw_room_list_answer(CwComponent *component, const CwStanza *stanza, const CwNode *query)
{
    CwTransport *transport = cw_component_transport(component);
    const CwProtocol *protocol = cw_transport_protocol(transport);
    CwSession *session = cw_transport_find_session(transport, stanza->from->bare);
    const CwRoomDirectory *directory = session == NULL ? NULL : cw_session_room_directory(session);
    g_autoptr(GError) error = NULL;
    CwRsm rsm;

    if (!cw_rsm_read(query, &rsm, &error))
        cw_component_send_error(component, stanza, (CwStanzaCondition)error->code, error->message);
    else if (session == NULL || directory != NULL || protocol == NULL || !protocol->rooms)
        answer(component, stanza, &rsm, session, directory);
    else
        wait_for_list(component, stanza, &rsm, session);
}

gboolean cw_room_list_has(CwComponent *component, const CwJid *user, const char *room)
{
    CwSession *session = cw_transport_find_session(cw_component_transport(component), user->bare);
    const CwRoomDirectory *directory = session == NULL ? NULL : cw_session_room_directory(session);

    return directory != NULL && g_hash_table_contains(directory->by_name, room);
}
