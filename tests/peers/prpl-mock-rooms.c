/* tests/peers/prpl-mock-rooms.c: the room list of prpl-mock, as the name of its user says
 *
 * "list NUMBER": so many rooms at once.  "endless": one room, and no end.  "error": an error, and
 * the end.  "strange": an error that is about something else, and an end later.  "silent": nothing.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#define PURPLE_PLUGINS
#include "tests/peers/prpl-mock-rooms.h"

#include <stdlib.h>
#include <string.h>

static PurpleRoomlist *last; /* who asks for a list looks at it when it is through already */

static void add(PurpleRoomlist *list, int n)
{
    g_autofree char *name = g_strdup_printf("Room%d", n);
    g_autofree char *topic = n % 2 ? g_strdup_printf("about <%d>\n& more", n) : NULL;
    PurpleRoomlistRoom *room = purple_roomlist_room_new(PURPLE_ROOMLIST_ROOMTYPE_ROOM, name, NULL);

    purple_roomlist_room_add_field(list, room, GINT_TO_POINTER(1));
    purple_roomlist_room_add_field(list, room, GINT_TO_POINTER(n));
    purple_roomlist_room_add_field(list, room, topic);
    purple_roomlist_room_add(list, room);
}

static gboolean end_cb(gpointer data)
{
    purple_roomlist_set_in_progress(data, FALSE);
    purple_roomlist_unref(data);
    return G_SOURCE_REMOVE;
}

static void fill(PurpleRoomlist *list, PurpleConnection *gc, const char *user)
{
    int n = atoi(user + strlen("list"));

    if (strcmp(user, "endless") == 0)
        n = 1;
    for (int i = 1; i <= n; i++)
        add(list, i);
    if (strcmp(user, "error") == 0 || strcmp(user, "strange") == 0)
        purple_notify_error(gc, "Error", "It went wrong", "again");
}

PurpleRoomlist *mock_roomlist(PurpleConnection *gc)
{
    PurpleAccount *account = purple_connection_get_account(gc);
    const char *user = purple_account_get_username(account);
    GList *fields = NULL;

    if (strcmp(user, "silent") == 0)
        return NULL;
    PurpleRoomlist *list = purple_roomlist_new(account);
    fields = g_list_append(
        fields, purple_roomlist_field_new(PURPLE_ROOMLIST_FIELD_BOOL, "Open", "open", FALSE));
    fields = g_list_append(
        fields, purple_roomlist_field_new(PURPLE_ROOMLIST_FIELD_INT, "People", "people", FALSE));
    fields = g_list_append(
        fields, purple_roomlist_field_new(PURPLE_ROOMLIST_FIELD_STRING, "What", "what", FALSE));
    purple_roomlist_set_fields(list, fields);
    purple_roomlist_set_in_progress(list, TRUE);
    fill(list, gc, user);
    if (strcmp(user, "endless") == 0)
        return list;
    if (strcmp(user, "strange") == 0) {
        purple_timeout_add(300, end_cb, list);
        return list;
    }
    purple_roomlist_set_in_progress(list, FALSE);
    if (last != NULL)
        purple_roomlist_unref(last);
    last = list;
    return list;
}

void mock_roomlist_cancel(PurpleRoomlist *list)
{
    purple_roomlist_set_in_progress(list, FALSE);
    purple_roomlist_unref(list);
}
