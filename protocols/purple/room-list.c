/* protocols/purple/room-list.c: the network's list of rooms, fetched when the gateway asks for it
 *
 *     rooms line -> get_list() -> (an input for the server that has the rooms: its default)
 *                -> add_room … -> rooms lines, the last one when the plugin says that it is through
 *
 * A list may have more rooms than anybody reads, or never end: it is cut off then, and what has
 * come is the answer.  One list of an account at a time.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "protocols/purple/room-list.h"

#include <string.h>

#include "protocols/purple/ask.h"
#include "protocols/purple/eventloop.h"
#include "protocols/purple/host.h"
#include "protocols/purple/markup.h"

#define ROOMS_MAX 10000 /* of one list */
#define BATCH_SIZE                                                                                 \
    409600             /* bytes of names and values in one line; a line of the link holds 1 MiB */
#define TEXT_MAX 512   /* bytes of a room's subject */
#define DEADLINE 45000 /* ms for one list */
#define DISCOVERY_TIME 10  /* s of a log-in in which the plugin may still find the server */
#define DISCOVERY_LOOK 500 /* ms between two looks for it */

struct CwRoomList {
    CwAccount *account;
    gint64 id;            /* of the line that asks; 0: none does */
    PurpleRoomlist *list; /* with a reference of ours; NULL: it has not begun */
    GList *rooms;         /* of it, kept aside: libpurple walks over all for each new one */
    gboolean inside;      /* in a call of ours into the plugin */
    guint deadline_id;
    guint step_id; /* what is done when the plugin's call has returned */
    gboolean full;

    GPtrArray *columns, *found;
    gsize size; /* bytes in `found` */
    guint n;    /* rooms so far */

    gint64 request;       /* an input of the plugin; 0: none is open */
    char *field, *server; /* of it; its default */
    char *held;           /* an error that may be about the list */
    guint held_id;
};

CwRoomList *cw_room_list_new(CwAccount *account)
{
    CwRoomList *list = g_new0(CwRoomList, 1);

    list->account = account;
    return list;
}

static void forget_request(CwRoomList *list)
{
    list->request = 0;
    g_clear_pointer(&list->field, g_free);
    g_clear_pointer(&list->server, g_free);
}

/* (transfer full) It has its rooms again, which go with it. */
static PurpleRoomlist *steal_list(CwRoomList *list)
{
    PurpleRoomlist *purple = g_steal_pointer(&list->list);

    if (purple != NULL)
        purple->rooms = g_list_concat(g_steal_pointer(&list->rooms), purple->rooms);
    return purple;
}

static void drop_list(CwRoomList *list)
{
    PurpleRoomlist *purple = steal_list(list);

    if (purple != NULL)
        purple_roomlist_unref(purple);
}

/* Nobody waits any more. */
static void reset(CwRoomList *list)
{
    g_clear_handle_id(&list->deadline_id, g_source_remove);
    g_clear_handle_id(&list->step_id, g_source_remove);
    g_clear_pointer(&list->columns, g_ptr_array_unref);
    g_clear_pointer(&list->found, g_ptr_array_unref);
    drop_list(list);
    list->id = 0;
    list->n = 0;
    list->size = 0;
    list->full = FALSE;
}

void cw_room_list_stop(CwRoomList *list)
{
    PurpleConnection *gc = purple_account_get_connection(list->account->purple);
    PurpleRoomlist *old = steal_list(list);

    if (old == NULL)
        return;
    if (gc != NULL && PURPLE_CONNECTION_IS_CONNECTED(gc))
        purple_roomlist_cancel_get_list(old);
    purple_roomlist_unref(old);
}

void cw_room_list_free(CwRoomList *list)
{
    if (list == NULL)
        return;
    reset(list);
    forget_request(list);
    g_clear_handle_id(&list->held_id, g_source_remove);
    g_free(list->held);
    g_free(list);
}

/* ---- the answer ---- */

static gboolean send(CwRoomList *list, gboolean more)
{
    CwLinkMsg msg = {.kind = CW_LINK_ROOMS,
                     .account = list->account->number,
                     .id = list->id,
                     .fields = list->columns,
                     .found = list->found,
                     .more = more};
    gboolean sent = cw_host_send(&msg);

    g_ptr_array_set_size(list->found, 0);
    list->size = 0;
    return sent;
}

static void settle(CwRoomList *list, GHashTable *values)
{
    gint64 request = list->request;

    forget_request(list);
    list->inside = TRUE;
    cw_ask_settle(list->account, request, values);
    list->inside = FALSE;
}

/* The plugin's list is not wanted any more; its words about that are not heard. */
static void cancel(CwRoomList *list)
{
    PurpleRoomlist *old = g_steal_pointer(&list->list); /* its end is not heard */

    if (list->request != 0)
        settle(list, NULL);
    list->list = old;
    cw_room_list_stop(list);
}

static void finish(CwRoomList *list)
{
    if (list->columns == NULL) {
        list->columns = cw_fields_new();
        list->found = cw_found_list_new();
    }
    send(list, FALSE);
    cancel(list);
    reset(list);
}

static void refuse(CwRoomList *list, CwReason reason, const char *text)
{
    cw_host_nack(list->account->number, list->id, reason, text);
    cancel(list);
    reset(list);
}

/* ---- rooms ---- */

static char *clean(const char *value)
{
    g_autofree char *line = cw_text_one_line(value != NULL ? value : "");
    g_auto(GStrv) pieces = cw_text_split(line, TEXT_MAX, FALSE);

    return g_strdup(pieces[0]);
}

/* The first number that is shown of a room is how many are there, the first text what it is about.
 */
static const char *meaning(const GPtrArray *columns, PurpleRoomlistField *field)
{
    const char *name = purple_roomlist_field_get_type(field) == PURPLE_ROOMLIST_FIELD_INT ? "users"
                       : purple_roomlist_field_get_type(field) == PURPLE_ROOMLIST_FIELD_STRING
                           ? "topic"
                           : NULL;

    return purple_roomlist_field_get_hidden(field) || name == NULL ||
                   cw_fields_find(columns, name) != NULL
               ? NULL
               : name;
}

/* As libpurple makes a join of a room in a list.  (transfer full) */
static char *read_name(PurpleRoomlist *list, PurpleRoomlistRoom *room)
{
    g_autoptr(GHashTable) parts = g_hash_table_new(g_str_hash, g_str_equal);
    GList *value = purple_roomlist_room_get_fields(room);

    if (cw_host.info->get_chat_name == NULL)
        return g_strdup(purple_roomlist_room_get_name(room));
    g_hash_table_replace(parts, (gpointer) "name", (gpointer)purple_roomlist_room_get_name(room));
    for (GList *l = purple_roomlist_get_fields(list); l != NULL && value != NULL; l = l->next) {
        const PurpleRoomlistField *field = l->data;
        g_hash_table_replace(parts, field->name, value->data);
        value = value->next;
    }
    char *name = cw_host.info->get_chat_name(parts);
    return name != NULL ? name : g_strdup(purple_roomlist_room_get_name(room));
}

/* (transfer full) One a column, NULL-ended. */
static char **read_values(CwRoomList *list, PurpleRoomlist *purple, PurpleRoomlistRoom *room)
{
    g_autoptr(GPtrArray) values = g_ptr_array_new();
    g_autoptr(GPtrArray) seen = cw_fields_new();
    GList *value = purple_roomlist_room_get_fields(room);

    for (GList *l = purple_roomlist_get_fields(purple); l != NULL; l = l->next) {
        PurpleRoomlistField *field = l->data;
        const char *name = meaning(seen, field);
        gpointer what = value != NULL ? value->data : NULL;
        if (name != NULL) {
            g_ptr_array_add(seen, cw_field_new(CW_FIELD_TEXT, name,
                                               purple_roomlist_field_get_label(field), NULL));
            g_ptr_array_add(values, g_str_equal(name, "users")
                                        ? g_strdup_printf("%d", GPOINTER_TO_INT(what))
                                        : clean(what));
        }
        value = value != NULL ? value->next : NULL;
    }
    if (list->columns == NULL) {
        list->columns = g_steal_pointer(&seen);
        list->found = cw_found_list_new();
    }
    g_ptr_array_add(values, NULL);
    return (char **)g_ptr_array_free(g_steal_pointer(&values), FALSE);
}

static gboolean step_cb(gpointer data);

static void step_soon(CwRoomList *list)
{
    g_clear_handle_id(&list->step_id, g_source_remove);
    list->step_id = g_idle_add_full(G_PRIORITY_DEFAULT, step_cb, list, NULL);
}

static void add_room(CwRoomList *list, PurpleRoomlist *purple, PurpleRoomlistRoom *room)
{
    g_autofree char *name = read_name(purple, room);
    g_autofree char *normal = name == NULL ? NULL : cw_account_normalize(list->account, name);

    if (normal == NULL || list->full)
        return;
    char **values = read_values(list, purple, room);
    if (g_strv_length(values) != list->columns->len) { /* other fields than before */
        g_strfreev(values);
        return;
    }
    for (char **value = values; *value != NULL; value++)
        list->size += strlen(*value);
    list->size += strlen(normal);
    g_ptr_array_add(list->found, cw_found_new(normal, values));
    list->n++;
    if (list->n >= ROOMS_MAX) {
        list->full = TRUE;
        step_soon(list);
    } else if (list->found->len >= CW_LINK_FOUND_MAX || list->size > BATCH_SIZE) {
        send(list, TRUE);
    }
}

/* ---- ops ---- */

/* Whose list it is; NULL: nobody waits for it. */
static CwRoomList *find(PurpleRoomlist *purple)
{
    CwAccount *account = cw_account_of(purple->account);
    CwRoomList *list = account != NULL ? account->room_list : NULL;

    return list != NULL && list->id != 0 && list->list == purple ? list : NULL;
}

static void show_cb(PurpleAccount *account)
{
}

static void create_cb(PurpleRoomlist *purple)
{
    CwAccount *account = cw_account_of(purple->account);
    CwRoomList *list = account != NULL ? account->room_list : NULL;

    if (list == NULL || list->id == 0 || !list->inside || list->list != NULL)
        return;
    purple_roomlist_ref(purple);
    list->list = purple;
}

static void fields_cb(PurpleRoomlist *purple, GList *fields)
{
}

static void room_cb(PurpleRoomlist *purple, PurpleRoomlistRoom *room)
{
    CwRoomList *list = find(purple);

    if (list == NULL)
        return;
    list->rooms = g_list_concat(g_steal_pointer(&purple->rooms), list->rooms);
    if ((purple_roomlist_room_get_type(room) & PURPLE_ROOMLIST_ROOMTYPE_ROOM) != 0)
        add_room(list, purple, room);
}

static void in_progress_cb(PurpleRoomlist *purple, gboolean in_progress)
{
    CwRoomList *list = find(purple);

    if (list == NULL || in_progress)
        return;
    drop_list(list);          /* the plugin has its own reference yet */
    if (list->held != NULL) { /* that is why */
        g_autofree char *text = g_steal_pointer(&list->held);
        g_clear_handle_id(&list->held_id, g_source_remove);
        refuse(list, CW_REASON_OTHER, text);
    } else {
        finish(list);
    }
}

PurpleRoomlistUiOps *cw_room_list_ops(void)
{
    static PurpleRoomlistUiOps ops = {
        .show_with_account = show_cb,
        .create = create_cb,
        .set_fields = fields_cb,
        .add_room = room_cb,
        .in_progress = in_progress_cb,
    };

    return &ops;
}

/* ---- the plugin's question, and its errors ---- */

gboolean cw_room_list_take_request(CwAccount *account, PurpleRequestType type, gint64 id,
                                   const GPtrArray *fields)
{
    CwRoomList *list = account->room_list;

    if (list->id == 0 || !list->inside || list->request != 0 || type != PURPLE_REQUEST_INPUT ||
        fields->len != 1)
        return FALSE;
    const CwField *field = g_ptr_array_index(fields, 0);
    list->request = id;
    list->field = g_strdup(field->name);
    list->server = g_strdup(field->value);
    step_soon(list);
    return TRUE;
}

void cw_room_list_request_gone(CwAccount *account, gint64 id)
{
    CwRoomList *list = account->room_list;

    if (list == NULL || list->request != id || id == 0 || account->ending)
        return;
    forget_request(list);
    if (list->id != 0)
        refuse(list, CW_REASON_OTHER, "the network took its question back");
}

static gboolean held_cb(gpointer data)
{
    CwRoomList *list = data;
    g_autofree char *text = g_steal_pointer(&list->held);

    list->held_id = 0;
    cw_host_notice(list->account->number, NULL, text);
    return G_SOURCE_REMOVE;
}

gboolean cw_room_list_take_message(CwAccount *account, PurpleNotifyMsgType type, const char *text)
{
    CwRoomList *list = account != NULL ? account->room_list : NULL;

    if (list == NULL || list->id == 0 || type != PURPLE_NOTIFY_MSG_ERROR || list->held != NULL)
        return FALSE;
    list->held = g_strdup(text);
    list->held_id = g_idle_add_full(G_PRIORITY_DEFAULT, held_cb, list, NULL);
    return TRUE;
}

/* ---- the gateway asks ---- */

static void begin(CwRoomList *list)
{
    PurpleConnection *gc = cw_account_connection(list->account);

    if (gc == NULL) {
        refuse(list, CW_REASON_NOT_ONLINE, NULL);
        return;
    }
    gint64 id = list->id;
    list->inside = TRUE;
    purple_roomlist_get_list(gc);
    list->inside = FALSE;
    if (list->id != id || list->request != 0)
        return; /* through, or a question is to be answered */
    if (list->list == NULL)
        refuse(list, CW_REASON_NO_CONTACT, "the network has no list of rooms");
}

/* The plugin asks which server has the rooms, and knows it, or finds it out after the log-in. */
static void answer_request(CwRoomList *list)
{
    gint64 online = g_get_monotonic_time() - list->account->online_at;

    if (list->server != NULL && *list->server != '\0') {
        g_autoptr(GHashTable) values = g_hash_table_new(g_str_hash, g_str_equal);
        g_autofree char *field = g_strdup(list->field);
        g_autofree char *server = g_strdup(list->server);
        g_hash_table_insert(values, field, server);
        settle(list, values);
    } else if (online < DISCOVERY_TIME * G_TIME_SPAN_SECOND) {
        drop_list(list);
        settle(list, NULL);
        list->step_id = g_timeout_add(DISCOVERY_LOOK, step_cb, list);
    } else {
        refuse(list, CW_REASON_NO_CONTACT, "the network names no server that has rooms");
    }
}

static gboolean step_cb(gpointer data)
{
    CwRoomList *list = data;

    list->step_id = 0;
    if (list->account->ending || list->id == 0)
        return G_SOURCE_REMOVE;
    cw_eventloop_set_owner(list->account->serial);
    if (list->full)
        finish(list);
    else if (list->request != 0)
        answer_request(list);
    else if (list->list == NULL)
        begin(list);
    cw_eventloop_set_owner(0);
    return G_SOURCE_REMOVE;
}

static gboolean deadline_cb(gpointer data)
{
    CwRoomList *list = data;

    list->deadline_id = 0;
    if (list->account->ending)
        return G_SOURCE_REMOVE;
    cw_eventloop_set_owner(list->account->serial);
    if (list->n > 0)
        finish(list);
    else
        refuse(list, CW_REASON_NETWORK, "the network did not answer");
    cw_eventloop_set_owner(0);
    return G_SOURCE_REMOVE;
}

void cw_room_list_ask(CwAccount *account, const CwLinkMsg *msg)
{
    CwRoomList *list = account->room_list;
    CwReason reason = CW_REASON_NONE;

    if (cw_account_connection(account) == NULL)
        reason = CW_REASON_NOT_ONLINE;
    else if (cw_host.info->roomlist_get_list == NULL)
        reason = CW_REASON_NO_CONTACT;
    else if (list->id != 0)
        reason = CW_REASON_RATE;
    if (reason != CW_REASON_NONE) {
        cw_host_nack(account->number, msg->id, reason, NULL);
        return;
    }
    list->id = msg->id;
    list->deadline_id = g_timeout_add(DEADLINE, deadline_cb, list);
    begin(list);
}
