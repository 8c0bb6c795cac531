/* component/features/room-presence.c: who is in a room, as presence (XEP-0045 7): to a client that
 * joins, of those who come, change and go, and of the user's own end there
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "component/features/rooms.h"

static void write_occupant_id(CwComponent *component, CwWriter *writer, const CwRoom *room,
                              const char *nick)
{
    const CwOccupant *occupant = nick == NULL ? NULL : cw_room_find(room, nick);

    cw_rooms_write_occupant_id(component, writer, room->name, nick,
                               occupant == NULL ? NULL : occupant->jid);
}

static void write_status_code(CwWriter *writer, const char *code)
{
    if (code == NULL)
        return;
    cw_writer_start(writer, "status", NULL);
    cw_writer_attr(writer, "code", code);
    cw_writer_end(writer);
}

/* `exit` NULL: he is there. */
static void write_item(CwComponent *component, CwWriter *writer, const CwOccupant *occupant,
                       const CwRoomExit *exit)
{
    gboolean banned = exit != NULL && exit->exit == CW_EXIT_BANNED;
    gboolean stays = exit == NULL || exit->exit == CW_EXIT_RENAMED;
    g_autofree char *jid =
        occupant->jid == NULL ? NULL : cw_component_contact_jid(component, occupant->jid);

    cw_writer_start(writer, "item", NULL);
    cw_writer_attr(
        writer, "affiliation",
        cw_affiliation_to_string(banned ? CW_AFFILIATION_OUTCAST : occupant->affiliation));
    cw_writer_attr(writer, "role", cw_role_to_string(stays ? occupant->role : CW_ROLE_NONE));
    cw_writer_attr(writer, "jid", jid);
    if (exit != NULL && exit->exit == CW_EXIT_RENAMED)
        cw_writer_attr(writer, "nick", exit->new_nick);
    if (exit != NULL && exit->by != NULL) {
        cw_writer_start(writer, "actor", NULL);
        cw_writer_attr(writer, "nick", exit->by);
        cw_writer_end(writer);
    }
    if (exit != NULL && exit->text != NULL && exit->exit != CW_EXIT_ENDED)
        cw_writer_leaf(writer, "reason", NULL, exit->text);
    cw_writer_end(writer);
}

static const char *exit_code(const CwRoomExit *exit)
{
    if (exit == NULL)
        return NULL;
    switch (exit->exit) {
    case CW_EXIT_KICKED:
        return "307";
    case CW_EXIT_BANNED:
        return "301";
    case CW_EXIT_RENAMED:
        return "303";
    case CW_EXIT_ENDED:
        return exit->reason == CW_REASON_NONE ? NULL : "332"; /* else destroyed: 10.9 */
    case CW_EXIT_LEFT:
    case CW_EXIT_REFUSED:
        return NULL;
    }
    return NULL;
}

static void send_occupant(CwComponent *component, const CwRoom *room, const char *from,
                          const CwOccupant *occupant, const CwRoomExit *exit, const char *to,
                          const char *const *codes)
{
    CwWriter *writer = cw_component_begin(component, "presence", from, to,
                                          exit == NULL ? NULL : "unavailable", NULL);

    if (exit == NULL && occupant->show != CW_SHOW_ONLINE)
        cw_writer_leaf(writer, "show", NULL, cw_show_to_string(occupant->show));
    if (exit == NULL && occupant->status != NULL)
        cw_writer_leaf(writer, "status", NULL, occupant->status);
    else if (exit != NULL && exit->exit == CW_EXIT_LEFT && exit->text != NULL)
        cw_writer_leaf(writer, "status", NULL, exit->text);
    write_occupant_id(component, writer, room, occupant->nick);
    cw_writer_start(writer, "x", CW_NS_MUC_USER);
    write_item(component, writer, occupant, exit);
    if (exit != NULL && exit->exit == CW_EXIT_ENDED && exit->reason == CW_REASON_NONE) {
        cw_writer_start(writer, "destroy", NULL);
        if (exit->text != NULL)
            cw_writer_leaf(writer, "reason", NULL, exit->text);
        cw_writer_end(writer);
    }
    write_status_code(writer, exit_code(exit));
    if (g_strcmp0(occupant->nick, room->nick) == 0)
        write_status_code(writer, "110");
    for (; codes != NULL && *codes != NULL; codes++)
        write_status_code(writer, *codes);
    cw_writer_end(writer);
    cw_component_end(component);
}

void cw_rooms_tell_occupant(CwComponent *component, CwSession *session, const CwRoom *room,
                            const CwOccupant *occupant, const CwRoomExit *exit)
{
    g_autofree char *bare = cw_component_contact_jid(component, room->name);
    g_autofree char *from = bare == NULL ? NULL : cw_rooms_occupant_jid(bare, occupant->nick);

    for (guint i = 0; from != NULL && i < room->clients->len; i++) {
        g_autofree char *to = cw_component_client_jid(session, g_ptr_array_index(room->clients, i));
        send_occupant(component, room, from, occupant, exit, to, NULL);
    }
}

/* ---- joining ---- */

/* 7.2.15: the last thing of a join, also when there is none */
void cw_rooms_send_subject(CwComponent *component, const CwRoom *room, const char *bare,
                           const char *to)
{
    g_autofree char *from = room->subject_nick == NULL
                                ? g_strdup(bare)
                                : cw_rooms_occupant_jid(bare, room->subject_nick);
    g_autofree char *id = g_uuid_string_random();
    CwWriter *writer = cw_component_begin(component, "message", from, to, "groupchat", id);

    cw_writer_leaf(writer, "subject", NULL, room->subject);
    cw_component_end(component);
}

/* Who is told who somebody is, though he is no moderator, is told so in front of all: 7.2.3. */
static gboolean is_open(const CwRoom *room, const CwOccupant *own)
{
    GHashTableIter iter;
    gpointer value;

    if (own == NULL || own->role == CW_ROLE_MODERATOR)
        return FALSE;
    g_hash_table_iter_init(&iter, room->occupants);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        if (value != own && ((const CwOccupant *)value)->jid != NULL)
            return TRUE;
    }
    return FALSE;
}

/* `wished`: the nick that he asked for; 7.2.2: all others, then himself, what was said, the subject
 */
void cw_rooms_send_all(CwComponent *component, const CwRoom *room, const char *to,
                       const char *wished, const CwHistoryWish *wish)
{
    g_autofree char *bare = cw_component_contact_jid(component, room->name);
    const CwOccupant *own = cw_room_find(room, room->nick);
    CwOccupant nobody = {.nick = room->nick, .show = CW_SHOW_ONLINE, .role = CW_ROLE_PARTICIPANT};
    const char *codes[3] = {NULL};
    GHashTableIter iter;
    gpointer value;

    if (bare == NULL)
        return;
    g_hash_table_iter_init(&iter, room->occupants);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        const CwOccupant *occupant = value;
        if (occupant == own)
            continue;
        g_autofree char *from = cw_rooms_occupant_jid(bare, occupant->nick);
        send_occupant(component, room, from, occupant, NULL, to, NULL);
    }
    g_autofree char *from = cw_rooms_occupant_jid(bare, room->nick);
    guint n = 0;
    if (is_open(room, own))
        codes[n++] = "100";
    if (g_strcmp0(wished, room->nick) != 0)
        codes[n++] = "210";
    send_occupant(component, room, from, own == NULL ? &nobody : own, NULL, to, codes);
    cw_rooms_send_history(component, room, bare, wish, to);
    cw_rooms_send_subject(component, room, bare, to);
}

void cw_rooms_refuse_join(CwComponent *component, const char *from, const char *to, const char *id,
                          CwReason reason, const char *text)
{
    CwWriter *writer = cw_component_begin(component, "presence", from, to, "error", id);

    cw_writer_leaf(writer, "x", CW_NS_MUC, NULL);
    cw_stanza_error_write(writer, cw_reason_condition(reason),
                          text == NULL ? cw_reason_text(reason) : text);
    cw_component_end(component);
}

/* ---- leaving ---- */

/* 7.14: to this client alone */
void cw_rooms_tell_left(CwComponent *component, const CwRoom *room, const char *to)
{
    const CwRoomExit exit = {.exit = CW_EXIT_LEFT};
    const CwOccupant *own = cw_room_find(room, room->nick);
    CwOccupant nobody = {.nick = room->nick};
    g_autofree char *bare = cw_component_contact_jid(component, room->name);
    g_autofree char *from = bare == NULL ? NULL : cw_rooms_occupant_jid(bare, room->nick);

    if (from != NULL)
        send_occupant(component, room, from, own == NULL ? &nobody : own, &exit, to, NULL);
}

void cw_rooms_tell_exit(CwComponent *component, CwSession *session, const CwRoom *room,
                        const CwRoomExit *exit)
{
    CwOccupant nobody = {.nick = room->nick};
    const CwOccupant *own = cw_room_find(room, room->nick);
    g_autofree char *bare = cw_component_contact_jid(component, room->name);
    g_autofree char *from = bare == NULL ? NULL : cw_rooms_occupant_jid(bare, room->nick);

    for (guint i = 0; from != NULL && i < room->clients->len; i++) {
        g_autofree char *to = cw_component_client_jid(session, g_ptr_array_index(room->clients, i));
        if (room->in)
            send_occupant(component, room, from, own == NULL ? &nobody : own, exit, to, NULL);
        else
            cw_rooms_refuse_join(component, from, to, NULL,
                                 exit->reason == CW_REASON_NONE ? CW_REASON_OTHER : exit->reason,
                                 exit->text);
    }
}
