/* transport/session-room-list.c: the network's list of rooms
 *
 * It is asked for when the user asks, and never by itself.  What came is the answer to everybody
 * who asks within room-list-time, so that it can be read page by page.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#define G_LOG_DOMAIN "transport"

#include <string.h>

#include "transport/session-private.h"

struct CwSessionRoomList {
    CwRoomDirectory *now; /* nullable */
    guint timer_id;       /* its end */
    CwRoomDirectory *new; /* that is coming in; nullable */
    gint64 id;            /* of the question; 0: none is open */
    GQueue waiting;       /* Waiter * */
};

typedef struct {
    CwRoomDirectoryDone done;
    gpointer data;
} Waiter;

static void free_listed(gpointer data)
{
    CwListedRoom *room = data;

    g_free(room->name);
    g_free(room->topic);
    g_free(room);
}

static CwRoomDirectory *new_directory(void)
{
    CwRoomDirectory *directory = g_new0(CwRoomDirectory, 1);

    directory->rooms = g_ptr_array_new_with_free_func(free_listed);
    directory->by_name = g_hash_table_new(g_str_hash, g_str_equal);
    return directory;
}

static void free_directory(CwRoomDirectory *directory)
{
    if (directory == NULL)
        return;
    g_hash_table_unref(directory->by_name);
    g_ptr_array_unref(directory->rooms);
    g_free(directory);
}

CwSessionRoomList *cw_session_room_list_new(void)
{
    CwSessionRoomList *list = g_new0(CwSessionRoomList, 1);

    g_queue_init(&list->waiting);
    return list;
}

void cw_session_forget_room_list(CwSession *session)
{
    CwSessionRoomList *list = session->room_list;

    g_clear_handle_id(&list->timer_id, cw_timer_remove);
    g_clear_pointer(&list->now, free_directory);
}

void cw_session_room_list_free(CwSession *session)
{
    cw_session_forget_room_list(session);
    free_directory(session->room_list->new);
    g_queue_clear_full(&session->room_list->waiting, g_free);
    g_clear_pointer(&session->room_list, g_free);
}

static gboolean old_cb(gpointer data)
{
    CwSession *session = data;

    session->room_list->timer_id = 0;
    cw_session_forget_room_list(session);
    return G_SOURCE_REMOVE;
}

/* ---- lines of the host ---- */

static const char *value_of(const CwLinkMsg *msg, const CwFound *found, const char *name)
{
    for (guint i = 0; i < msg->fields->len; i++) {
        const CwField *column = g_ptr_array_index(msg->fields, i);
        if (g_str_equal(column->name, name))
            return *found->values[i] == '\0' ? NULL : found->values[i];
    }
    return NULL;
}

static void take_rooms(CwSession *session, CwRoomDirectory *directory, const CwLinkMsg *msg)
{
    guint most = LIMITS(session)->room_list;

    for (guint i = 0; i < msg->found->len; i++) {
        const CwFound *found = g_ptr_array_index(msg->found, i);
        const char *users = value_of(msg, found, "users");
        guint64 n = 0;
        if (most > 0 && directory->rooms->len >= most) {
            directory->cut = TRUE;
            return;
        }
        if (*found->contact == '\0' || g_hash_table_contains(directory->by_name, found->contact))
            continue;
        CwListedRoom *room = g_new0(CwListedRoom, 1);
        room->name = g_strdup(found->contact);
        room->topic = cw_session_keep_short(value_of(msg, found, "topic"));
        room->users = users != NULL && g_ascii_string_to_unsigned(users, 10, 0, G_MAXINT, &n, NULL)
                          ? (gint)n
                          : -1;
        g_ptr_array_add(directory->rooms, room);
        g_hash_table_insert(directory->by_name, room->name, room);
    }
}

void cw_session_take_room_list(CwSession *session, const CwLinkMsg *msg)
{
    CwSessionRoomList *list = session->room_list;

    if (msg->id != list->id)
        return; /* nobody waits for it any more */
    take_rooms(session, list->new, msg);
    if (!msg->more)
        cw_session_take_inquiry_answer(session, msg);
}

/* ---- the user asks ---- */

static void answered_cb(CwSession *session, const CwLinkMsg *answer, CwReason reason,
                        const char *text, GCallback asker, gpointer data)
{
    CwSessionRoomList *list = session->room_list;
    CwRoomDirectory *directory = g_steal_pointer(&list->new);
    GQueue waiting = list->waiting;

    list->id = 0;
    g_queue_init(&list->waiting);
    if (answer != NULL) {
        if (directory->cut)
            g_message("%s/%s: the network has more than %u rooms (room-list); the others are left "
                      "out",
                      session->jid, cw_transport_domain(session->transport), directory->rooms->len);
        cw_session_forget_room_list(session);
        list->now = directory;
        list->timer_id = cw_timer_add(TIMING(session)->room_list_time, old_cb, session);
    } else {
        g_clear_pointer(&directory, free_directory);
    }
    for (GList *l = waiting.head; l != NULL; l = l->next) {
        const Waiter *waiter = l->data;
        waiter->done(session, directory, reason, text, waiter->data);
    }
    g_queue_clear_full(&waiting, g_free);
}

const CwRoomDirectory *cw_session_room_directory(const CwSession *session)
{
    return session->room_list->now;
}

gboolean cw_session_list_rooms(CwSession *session, CwRoomDirectoryDone done, gpointer data,
                               CwReason *reason)
{
    CwSessionRoomList *list = session->room_list;
    CwLinkMsg msg = {.kind = CW_LINK_ROOMS};
    guint most = LIMITS(session)->info_requests;

    if (most > 0 && list->waiting.length >= most) {
        *reason = CW_REASON_RATE;
        return FALSE;
    }
    if (list->id == 0) {
        if (!cw_session_inquire(session, &msg, 1, TIMING(session)->room_list_timeout, answered_cb,
                                NULL, NULL, reason))
            return FALSE;
        list->id = msg.id;
        list->new = new_directory();
    }
    Waiter *waiter = g_new0(Waiter, 1);
    waiter->done = done;
    waiter->data = data;
    g_queue_push_tail(&list->waiting, waiter);
    return TRUE;
}
