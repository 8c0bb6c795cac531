/* protocols/purple/room-lines.c: what the gateway asks for: joining, leaving, saying
 *
 * A plugin may hold back what it sends (prpl-irc: a line a second after a few), so that many joins
 * at once would be in the way of every message: few are with the plugin at a time.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <string.h>

#include "protocols/purple/host.h"
#include "protocols/purple/markup.h"
#include "protocols/purple/message.h"
#include "protocols/purple/rooms-private.h"
#include "protocols/purple/sent.h"
#include "transport/secret.h"

#define JOINS_AT_ONCE 4
#define PARTING_TIME 30000 /* ms that a room may take to say so; less than room-join-timeout */
#define SLOT_TIME 10000    /* ms that a join without an answer is in the way of others */

static void refuse_join(CwAccount *account, const char *name, CwReason reason, const char *text)
{
    cw_host_send(&(CwLinkMsg){.kind = CW_LINK_ROOM_LEFT,
                              .account = account->number,
                              .room = name,
                              .exit = CW_EXIT_REFUSED,
                              .reason = reason,
                              .text = text});
}

static gboolean slot_cb(gpointer data)
{
    Room *room = data;

    room->join->timer_id = 0;
    cw_rooms_start_soon(room->account->rooms);
    return G_SOURCE_REMOVE;
}

void cw_room_join_free(CwRoomJoin *join)
{
    if (join == NULL)
        return;
    g_clear_handle_id(&join->timer_id, g_source_remove);
    g_free(join->nick);
    cw_secret_wipe_string(join->password);
    g_free(join);
}

/* The plugin's own form for a join: the entry that it calls secret is the password.  (transfer
 * full) (nullable); its keys are constants of the plugin's */
static GHashTable *make_components(PurpleConnection *gc, const Room *room)
{
    /* not by its normal form: libpurple's decomposes "ö", and the network has "#göteborg" */
    GHashTable *components = cw_host.info->chat_info_defaults(gc, room->called);
    GList *entries = cw_host.info->chat_info != NULL ? cw_host.info->chat_info(gc) : NULL;
    const char *nick = cw_host.defaults->room_nick;
    const CwRoomJoin *join = room->join;

    for (GList *l = entries; l != NULL; l = l->next) {
        const struct proto_chat_entry *entry = l->data;
        if (components != NULL && entry->secret && join->password != NULL)
            g_hash_table_replace(components, (gpointer)entry->identifier, g_strdup(join->password));
    }
    g_list_free_full(entries, g_free);
    if (components != NULL && nick != NULL && join->nick != NULL)
        g_hash_table_replace(components, (gpointer)nick, cw_text_one_line(join->nick));
    return components;
}

static void start_join(Room *room)
{
    CwAccount *account = room->account;
    PurpleConnection *gc = cw_account_connection(account);
    g_autoptr(GHashTable) components = gc != NULL ? make_components(gc, room) : NULL;

    if (components == NULL) {
        cw_rooms_refused(account, room->name, CW_REASON_NO_CONTACT, "there can be no such room");
        return;
    }
    room->join->started = TRUE;
    room->join->timer_id = g_timeout_add(SLOT_TIME, slot_cb, room);
    serv_join_chat(gc, components);
    cw_message_hurry(account);
}

static guint count_started(const CwRooms *rooms, Room **next)
{
    GHashTableIter iter;
    gpointer value;
    guint n = 0;

    *next = NULL;
    g_hash_table_iter_init(&iter, rooms->rooms);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        Room *room = value;
        if (room->join == NULL || room->conv != NULL || cw_rooms_is_parting(rooms, room->name))
            continue;
        if (room->join->started)
            n += room->join->timer_id != 0;
        else if (*next == NULL || room->join->order < (*next)->join->order)
            *next = room;
    }
    return n;
}

static gboolean start_cb(gpointer data)
{
    CwRooms *rooms = data;
    Room *next = NULL;

    rooms->start_id = 0;
    while (count_started(rooms, &next) < JOINS_AT_ONCE && next != NULL)
        start_join(next);
    return G_SOURCE_REMOVE;
}

void cw_rooms_start_soon(CwRooms *rooms)
{
    if (rooms->start_id == 0)
        rooms->start_id = g_idle_add(start_cb, rooms);
}

void cw_room_join(CwAccount *account, const CwLinkMsg *msg)
{
    PurpleConnection *gc = cw_account_connection(account);
    g_autofree char *name = cw_account_normalize(account, msg->room);

    if (gc == NULL || name == NULL || cw_host.info->join_chat == NULL ||
        cw_host.info->chat_info_defaults == NULL || cw_text_has_control(msg->password) ||
        cw_account_is_too_long(msg->password, TRUE) || cw_text_has_control(msg->nick)) {
        refuse_join(account, msg->room, gc == NULL ? CW_REASON_NOT_ONLINE : CW_REASON_NO_CONTACT,
                    gc == NULL ? "the account is not logged in" : "there can be no such room");
        return;
    }
    Room *room = cw_rooms_ensure(account, name);
    if (room == NULL) {
        refuse_join(account, msg->room, CW_REASON_RATE, "the account is in too many rooms");
        return;
    }
    if (!g_str_equal(room->called, msg->room)) {
        if (room->asked) {
            refuse_join(account, msg->room, CW_REASON_CONFLICT,
                        "the account is in this room under another name of it");
            return;
        }
        g_free(room->called);
        room->called = g_strdup(msg->room);
    }
    room->asked = TRUE;
    if (room->conv != NULL) {
        if (room->told) { /* again, for a gateway that does not know */
            room->told = FALSE;
            for (GList *l = purple_conv_chat_get_users(cw_room_chat(room)); l != NULL; l = l->next)
                cw_room_send_occupant(room, purple_conv_chat_cb_get_name(l->data));
            cw_room_send_joined(room);
            cw_room_send_subject(room, NULL, purple_conv_chat_get_topic(cw_room_chat(room)));
        }
        return;
    }
    if (room->join != NULL)
        return; /* it is on its way */
    g_hash_table_remove(account->rooms->abandoned, name);
    room->join = g_new0(CwRoomJoin, 1);
    room->join->nick = g_strdup(msg->nick);
    room->join->password = g_strdup(msg->password);
    room->join->order = ++account->rooms->joins;
    cw_rooms_start_soon(account->rooms);
}

/* ---- leaving ---- */

typedef struct {
    CwRooms *rooms;
    PurpleConversation *conv;
    char *name; /* normal form */
    guint timer_id;
} CwRoomParting;

void cw_room_parting_free(gpointer data)
{
    CwRoomParting *parting = data;

    g_clear_handle_id(&parting->timer_id, g_source_remove);
    g_free(parting->name);
    g_free(parting);
}

static gboolean parting_late_cb(gpointer data)
{
    CwRoomParting *parting = data;

    parting->timer_id = 0;
    cw_rooms_destroy_soon(parting->rooms, parting->conv);
    return G_SOURCE_REMOVE;
}

void cw_room_part(CwRooms *rooms, const char *normal, PurpleConversation *conv)
{
    CwRoomParting *parting = g_new0(CwRoomParting, 1);

    parting->rooms = rooms;
    parting->conv = conv;
    parting->name = g_strdup(normal);
    parting->timer_id = g_timeout_add(PARTING_TIME, parting_late_cb, parting);
    g_hash_table_replace(rooms->parting, conv, parting);
}

gboolean cw_rooms_parted(CwAccount *account, const char *name, const char *nick)
{
    CwRooms *rooms = account->rooms;
    gboolean parted = FALSE;
    g_autofree char *normal = NULL;
    GHashTableIter iter;
    gpointer value;

    if (g_hash_table_size(rooms->parting) == 0)
        return FALSE;
    normal = cw_account_normalize(account, name);
    g_hash_table_iter_init(&iter, rooms->parting);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        const CwRoomParting *parting = value;
        const char *own = purple_conv_chat_get_nick(PURPLE_CONV_CHAT(parting->conv));
        if (g_strcmp0(parting->name, normal) != 0 || g_strcmp0(own, nick) != 0)
            continue;
        cw_rooms_destroy_soon(rooms, parting->conv);
        parted = TRUE;
    }
    return parted;
}

gboolean cw_rooms_is_parting(const CwRooms *rooms, const char *normal)
{
    GHashTableIter iter;
    gpointer value;

    g_hash_table_iter_init(&iter, rooms->parting);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        if (g_str_equal(((const CwRoomParting *)value)->name, normal))
            return TRUE;
    }
    return FALSE;
}

/* The network lets him in, or not; if it does, he goes again. */
static void abandon(CwRooms *rooms, const char *name)
{
    if (g_hash_table_size(rooms->abandoned) >= ROOMS_MAX)
        g_hash_table_remove_all(rooms->abandoned);
    g_hash_table_add(rooms->abandoned, g_strdup(name));
}

void cw_room_leave(CwAccount *account, const CwLinkMsg *msg)
{
    Room *room = cw_rooms_find(account, msg->room);
    PurpleConnection *gc = cw_account_connection(account);

    if (room == NULL || !g_str_equal(room->called, msg->room))
        return; /* it has ended meanwhile, and that was said: once for each room-join */
    PurpleConversation *conv = gc != NULL ? room->conv : NULL;
    g_autofree char *normal = g_strdup(room->name);
    room->leaving = TRUE;
    if (room->join != NULL && room->join->started)
        abandon(account->rooms, room->name);
    if (conv != NULL) {
        serv_chat_leave(gc, cw_room_chat_id(room));
        cw_message_hurry(account);
    }
    room = cw_rooms_find(account, msg->room);
    if (room != NULL) {
        room->conv = NULL; /* its end is none of the room's any more */
        cw_room_send_left(room, NULL);
    }
    if (conv != NULL && purple_conv_chat_has_left(PURPLE_CONV_CHAT(conv)))
        purple_conversation_destroy(conv);
    else if (conv != NULL)
        cw_room_part(account->rooms, normal, conv);
}

/* ---- saying ---- */

Room *cw_room_find_joined(CwAccount *account, const CwLinkMsg *msg)
{
    Room *room = cw_rooms_find(account, msg->room);

    if (room != NULL && room->conv != NULL && cw_account_connection(account) != NULL)
        return room;
    cw_host_nack(account->number, msg->id, CW_REASON_NO_CONTACT, "the account is not in this room");
    return NULL;
}

/* Plugins show what one says at once, in pieces, or leave that to the server's echo. */
void cw_room_message(CwAccount *account, const CwLinkMsg *msg)
{
    Room *room = cw_room_find_joined(account, msg);

    if (room == NULL)
        return;
    cw_sent_expect_echo(account->sent);
    cw_message_send_to(account, msg->id, room->name, room->conv, msg->text);
    room = cw_rooms_find(account, msg->room);
    if (cw_sent_was_echoed(account->sent) && room != NULL && room->conv != NULL) {
        g_autofree char *text = cw_text_clean(msg->text);
        cw_room_send_message(room, purple_conv_chat_get_nick(cw_room_chat(room)), text, msg->id, 0);
    }
}

void cw_room_private(CwAccount *account, const CwLinkMsg *msg)
{
    Room *room = cw_room_find_joined(account, msg);
    PurpleConnection *gc = cw_account_connection(account);

    if (room == NULL)
        return;
    if (!purple_conv_chat_find_user(cw_room_chat(room), msg->nick)) {
        cw_host_nack(account->number, msg->id, CW_REASON_NO_CONTACT, "nobody of that nick is here");
        return;
    }
    g_autofree char *real =
        cw_host.info->get_cb_real_name != NULL
            ? cw_host.info->get_cb_real_name(gc, cw_room_chat_id(room), msg->nick)
            : NULL;
    CwLinkMsg message = {.kind = CW_LINK_MESSAGE,
                         .account = msg->account,
                         .id = msg->id,
                         .contact = real != NULL ? real : msg->nick,
                         .text = msg->text};
    cw_message_send(account, &message);
}

void cw_room_subject(CwAccount *account, const CwLinkMsg *msg)
{
    Room *room = cw_room_find_joined(account, msg);
    PurpleConnection *gc = cw_account_connection(account);
    g_autofree char *topic = cw_text_one_line(msg->text);

    if (room == NULL)
        return;
    if (cw_host.info->set_chat_topic == NULL) {
        cw_host_nack(account->number, msg->id, CW_REASON_FORBIDDEN, "this network has no subjects");
        return;
    }
    if (cw_account_is_too_long(topic, FALSE)) {
        cw_host_nack(account->number, msg->id, CW_REASON_TOO_LONG, "the subject is too long");
        return;
    }
    cw_host.info->set_chat_topic(gc, cw_room_chat_id(room), topic);
    cw_message_hurry(account);
    cw_rooms_command_wait(account, room->name, msg);
}
