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
    const char *name;           /* the network's */
    const CwListedRoom *listed; /* nullable */
} Item;

/* What there is, in its order.  Addresses are made for the page alone. */
typedef struct {
    GArray *items;       /* Item */
    GHashTable *by_name; /* name -> position + 1 */
} Items;

static void add_item(Items *items, const char *name, const CwListedRoom *listed)
{
    const Item item = {name, listed};

    if (g_hash_table_contains(items->by_name, name))
        return;
    g_array_append_val(items->items, item);
    g_hash_table_insert(items->by_name, (gpointer)name, GUINT_TO_POINTER(items->items->len));
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
static char *title(const Item *item)
{
    GString *text = g_string_new(item->name);

    if (item->listed != NULL && item->listed->users >= 0)
        g_string_append_printf(text, " (%d)", item->listed->users);
    if (item->listed != NULL && item->listed->topic != NULL)
        g_string_append_printf(text, ": %s", item->listed->topic);
    return g_string_free(text, FALSE);
}

static void collect(Items *items, CwSession *session, const CwRoomDirectory *directory)
{
    g_autoptr(GPtrArray) own = g_ptr_array_new();

    if (session != NULL)
        cw_session_each_room(session, collect_own, own);
    g_ptr_array_sort(own, by_name);
    for (guint i = 0; i < own->len; i++) {
        const CwRoom *room = g_ptr_array_index(own, i);
        add_item(items, room->name,
                 directory == NULL ? NULL : g_hash_table_lookup(directory->by_name, room->name));
    }
    for (guint i = 0; directory != NULL && i < directory->rooms->len; i++) {
        const CwListedRoom *room = g_ptr_array_index(directory->rooms, i);
        add_item(items, room->name, room);
    }
}

/* An item is called by its address. */
static gint64 find_cb(const char *id, gpointer data)
{
    const Items *items = data;
    g_autoptr(CwJid) jid = cw_jid_parse(id, NULL);
    g_autofree char *name =
        jid == NULL || jid->local == NULL ? NULL : cw_component_legacy_name(jid);

    return name == NULL ? -1
                        : (gint64)GPOINTER_TO_UINT(g_hash_table_lookup(items->by_name, name)) - 1;
}

typedef struct {
    char *jid, *title;
} Shown;

static void clear_shown(gpointer data)
{
    Shown *shown = data;

    g_free(shown->jid);
    g_free(shown->title);
}

/* (transfer full) Of Shown; the page is shorter when it would be a stanza that no server takes. */
static GArray *show(CwComponent *component, const Items *items, gboolean backwards, CwRsmPage *page)
{
    GArray *shown = g_array_new(FALSE, TRUE, sizeof(Shown));
    gsize size = 0;
    guint n = 0;

    g_array_set_clear_func(shown, clear_shown);
    for (; n < page->n && size < ITEMS_SIZE; n++) {
        const Item *item = &g_array_index(
            items->items, Item, backwards ? page->from + page->n - 1 - n : page->from + n);
        Shown one = {cw_component_contact_jid(component, item->name), title(item)};
        if (one.jid == NULL) { /* it cannot be an address */
            clear_shown(&one);
            continue;
        }
        size += strlen(one.jid) + strlen(one.title) + strlen("<item jid='' name=''/>");
        if (backwards)
            g_array_prepend_val(shown, one);
        else
            g_array_append_val(shown, one);
    }
    if (backwards)
        page->from += page->n - n;
    page->n = n;
    return shown;
}

static void send_items(CwComponent *component, const CwStanza *stanza, const CwRsm *rsm,
                       const Items *items, CwRsmPage *page)
{
    g_autoptr(GArray) shown = show(component, items, rsm->before != NULL, page);
    CwWriter *writer = cw_component_begin_result(component, stanza);

    cw_writer_start(writer, "query", CW_NS_DISCO_ITEMS);
    for (guint i = 0; i < shown->len; i++) {
        cw_writer_start(writer, "item", NULL);
        cw_writer_attr(writer, "jid", g_array_index(shown, Shown, i).jid);
        cw_writer_attr(writer, "name", g_array_index(shown, Shown, i).title);
        cw_writer_end(writer);
    }
    /* also to who did not ask for a page, when it is not all */
    if (rsm->asked || page->n < items->items->len)
        cw_rsm_write(writer, shown->len == 0 ? NULL : g_array_index(shown, Shown, 0).jid,
                     shown->len == 0 ? NULL : g_array_index(shown, Shown, shown->len - 1).jid,
                     page->from, items->items->len);
    cw_writer_end(writer);
    cw_component_end(component);
}

static void answer(CwComponent *component, const CwStanza *stanza, const CwRsm *rsm,
                   CwSession *session, const CwRoomDirectory *directory)
{
    g_autoptr(GArray) array = g_array_new(FALSE, FALSE, sizeof(Item));
    g_autoptr(GHashTable) by_name = g_hash_table_new(g_str_hash, g_str_equal);
    g_autoptr(GError) error = NULL;
    Items items = {array, by_name};
    CwRsmPage page = {0};

    collect(&items, session, directory);
    if (cw_rsm_page(rsm, array->len, 0, find_cb, &items, &page, &error))
        send_items(component, stanza, rsm, &items, &page);
    else
        cw_component_send_error(component, stanza, (CwStanzaCondition)error->code, error->message);
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
