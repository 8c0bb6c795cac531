/* transport/room.c: a group chat that an account is in, or joins
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "transport/room.h"

#include <string.h>

#define SENT_MAX 64 /* own messages that the room has not shown yet; the oldest are forgotten */

static void free_occupant(gpointer data)
{
    CwOccupant *occupant = data;

    g_free(occupant->nick);
    g_free(occupant->jid);
    g_free(occupant->status);
    g_free(occupant);
}

void cw_room_line_free(CwRoomLine *line)
{
    g_free(line->nick);
    g_free(line->who);
    g_free(line->text);
    g_free(line->id);
    g_free(line->stanza_id);
    g_free(line);
}

CwRoomLine *cw_room_line_copy(const CwRoomLine *line)
{
    CwRoomLine *copy = g_new0(CwRoomLine, 1);

    *copy = (CwRoomLine){.nick = g_strdup(line->nick),
                         .who = g_strdup(line->who),
                         .text = g_strdup(line->text),
                         .id = g_strdup(line->id),
                         .stanza_id = g_strdup(line->stanza_id),
                         .said = line->said};
    return copy;
}

static void free_line(gpointer data)
{
    cw_room_line_free(data);
}

void cw_room_sent_free(CwRoomSent *sent)
{
    if (sent == NULL)
        return;
    g_free(sent->stanza_id);
    g_free(sent->resource);
    g_free(sent);
}

static void free_sent(gpointer data)
{
    cw_room_sent_free(data);
}

CwRoom *cw_room_new(const char *name, const char *nick)
{
    CwRoom *room = g_new0(CwRoom, 1);

    room->name = g_strdup(name);
    room->nick = g_strdup(nick);
    room->wished = g_strdup(nick);
    room->occupants = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, free_occupant);
    room->clients = g_ptr_array_new_with_free_func(g_free);
    room->wishes = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    room->explained = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    g_queue_init(&room->history);
    g_queue_init(&room->sent);
    return room;
}

void cw_room_free(CwRoom *room)
{
    if (room == NULL)
        return;
    g_clear_handle_id(&room->timer_id, cw_timer_remove);
    cw_secret_unref(room->password);
    g_hash_table_unref(room->occupants);
    g_ptr_array_unref(room->clients);
    g_hash_table_unref(room->wishes);
    g_hash_table_unref(room->explained);
    g_clear_pointer(&room->unwritten, g_ptr_array_unref);
    g_queue_clear_full(&room->history, free_line);
    g_queue_clear_full(&room->sent, free_sent);
    g_free(room->subject);
    g_free(room->subject_nick);
    g_free(room->nick);
    g_free(room->wished);
    g_free(room->name);
    g_free(room);
}

CwOccupant *cw_room_find(const CwRoom *room, const char *nick)
{
    return g_hash_table_lookup(room->occupants, nick);
}

CwOccupant *cw_room_put(CwRoom *room, const char *nick)
{
    CwOccupant *occupant = cw_room_find(room, nick);

    if (occupant != NULL)
        return occupant;
    occupant = g_new0(CwOccupant, 1);
    occupant->nick = g_strdup(nick);
    g_hash_table_insert(room->occupants, occupant->nick, occupant);
    return occupant;
}

void cw_room_remove(CwRoom *room, const char *nick)
{
    g_hash_table_remove(room->occupants, nick);
}

static gboolean find_client(const CwRoom *room, const char *resource, guint *at)
{
    return g_ptr_array_find_with_equal_func(room->clients, resource, g_str_equal, at);
}

gboolean cw_room_has_client(const CwRoom *room, const char *resource)
{
    return find_client(room, resource, NULL);
}

void cw_room_add_client(CwRoom *room, const char *resource)
{
    if (!cw_room_has_client(room, resource))
        g_ptr_array_add(room->clients, g_strdup(resource));
}

gboolean cw_room_remove_client(CwRoom *room, const char *resource)
{
    guint at = 0;

    if (!find_client(room, resource, &at))
        return FALSE;
    g_ptr_array_remove_index(room->clients, at);
    g_hash_table_remove(room->wishes, resource);
    return TRUE;
}

void cw_room_wish(CwRoom *room, const char *resource, const CwHistoryWish *wish)
{
    g_hash_table_replace(room->wishes, g_strdup(resource), g_memdup2(wish, sizeof *wish));
}

const CwHistoryWish *cw_room_find_wish(const CwRoom *room, const char *resource)
{
    return g_hash_table_lookup(room->wishes, resource);
}

const CwRoomLine *cw_room_add_line(CwRoom *room, const CwRoomLine *said, guint most, gsize size)
{
    CwRoomLine *line = cw_room_line_copy(said);

    if (line->id == NULL)
        line->id = g_uuid_string_random();
    g_queue_push_tail(&room->history, line);
    room->history_size += strlen(line->text);
    while ((most > 0 && room->history.length > most) ||
           (size > 0 && room->history.length > 1 && room->history_size > size)) {
        CwRoomLine *oldest = g_queue_pop_head(&room->history);
        room->history_size -= strlen(oldest->text);
        free_line(oldest);
    }
    return line;
}

void cw_room_add_sent(CwRoom *room, gint64 id, const char *stanza_id, const char *resource)
{
    CwRoomSent *sent = g_new0(CwRoomSent, 1);

    *sent = (CwRoomSent){id, g_strdup(stanza_id), g_strdup(resource)};
    g_queue_push_tail(&room->sent, sent);
    if (room->sent.length > SENT_MAX)
        free_sent(g_queue_pop_head(&room->sent));
}

CwRoomSent *cw_room_take_sent(CwRoom *room, gint64 id)
{
    for (GList *l = room->sent.head; l != NULL; l = l->next) {
        CwRoomSent *sent = l->data;
        if (sent->id != id)
            continue;
        g_queue_delete_link(&room->sent, l);
        return sent;
    }
    return NULL;
}
