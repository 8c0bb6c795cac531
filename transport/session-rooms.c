/* transport/session-rooms.c: the rooms of a session
 *
 *     join by the first client -> room-join -> occupants … -> room-joined: IN -> room-left -> gone
 *
 * The account is in a room as long as a client of the user's is, or as he keeps it
 * (session-kept.c).  What is said goes through the outbox, but for those lines nothing waits: who
 * is not in the room is told at once.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#define G_LOG_DOMAIN "transport"

#include <string.h>

#include "transport/archive.h"
#include "transport/session-private.h"

#define ARCHIVES(session) (cw_transport_all_settings((session)->transport)->archive_days > 0)

#define PASSWORD_MAX 1023  /* bytes; of an invitation: a longer one is none */
#define ROOMS_LEFT_MAX 100 /* that the host has not confirmed yet, besides those that he is in */

void cw_session_free_room(gpointer data)
{
    cw_room_free(data);
}

CwRoom *cw_session_find_room(const CwSession *session, const char *name)
{
    return g_hash_table_lookup(session->rooms, name);
}

void cw_session_each_room(CwSession *session, void (*visit)(CwRoom *, gpointer), gpointer data)
{
    g_autoptr(GList) rooms = g_hash_table_get_values(session->rooms);

    for (GList *l = rooms; l != NULL; l = l->next)
        visit(l->data, data);
}

/* ---- joining and leaving ---- */

static void end_room(CwSession *session, CwRoom *room, const CwRoomExit *exit)
{
    g_hash_table_steal(session->rooms, room->name);
    EMIT(session, room_left, session, room, exit);
    cw_session_kept_left(session, room, exit);
    cw_room_free(room);
}

/* The host answers with a room-left, which may come when he is in the room again. */
static void tell_leave(CwSession *session, const CwRoom *room, const char *text)
{
    CwLinkMsg msg = {.kind = CW_LINK_ROOM_LEAVE, .room = room->name, .text = text};
    guint open = GPOINTER_TO_UINT(g_hash_table_lookup(session->rooms_left, room->name));

    if (room->asked && session->account != NULL && cw_account_send(session->account, &msg))
        g_hash_table_replace(session->rooms_left, g_strdup(room->name), GUINT_TO_POINTER(open + 1));
}

static gboolean join_late_cb(gpointer data)
{
    CwRoom *room = data;
    CwSession *session = room->owner;
    const CwRoomExit exit = {.exit = CW_EXIT_REFUSED, .reason = CW_REASON_NETWORK};

    room->timer_id = 0;
    tell_leave(session, room, NULL);
    end_room(session, room, &exit);
    return G_SOURCE_REMOVE;
}

static gboolean ask_host(CwSession *session, CwRoom *room)
{
    CwLinkMsg msg = {.kind = CW_LINK_ROOM_JOIN,
                     .room = room->name,
                     .nick = room->wished,
                     .password = room->password == NULL ? NULL : cw_secret_peek(room->password)};

    room->asked = cw_account_send(session->account, &msg);
    return room->asked;
}

/* A client joins its rooms as soon as it is there, which is before the network is. */
void cw_session_rooms_online(CwSession *session)
{
    g_autoptr(GList) rooms = g_hash_table_get_values(session->rooms);

    for (GList *l = rooms; l != NULL; l = l->next) {
        CwRoom *room = l->data;
        if (!room->asked && !ask_host(session, room))
            end_room(session, room,
                     &(CwRoomExit){.exit = CW_EXIT_REFUSED, .reason = CW_REASON_HOST});
    }
    cw_session_join_kept(session);
}

static CwReason check_join(CwSession *session)
{
    const CwProtocol *protocol = cw_transport_protocol(session->transport);
    guint most = LIMITS(session)->rooms;

    if (protocol != NULL && !protocol->rooms)
        return CW_REASON_NO_CONTACT;
    if (session->state != CW_SESSION_ONLINE && session->state != CW_SESSION_CONNECTING)
        return CW_REASON_NOT_ONLINE;
    /* those that he leaves count until the host says that he has: a loop of both ends here */
    if (most > 0 && g_hash_table_size(session->rooms) + g_hash_table_size(session->rooms_left) >=
                        most + ROOMS_LEFT_MAX)
        return CW_REASON_RATE;
    return most > 0 && g_hash_table_size(session->rooms) >= most ? CW_REASON_RATE : CW_REASON_NONE;
}

CwRoom *cw_session_enter_room(CwSession *session, const char *name, const char *nick,
                              const char *password, CwReason *reason)
{
    *reason = check_join(session);
    if (*reason != CW_REASON_NONE)
        return NULL;
    CwRoom *room = cw_room_new(name, nick);
    if (ARCHIVES(session))
        cw_archive_load(cw_transport_archive(session->transport), session->jid, room,
                        LIMITS(session)->room_history, LIMITS(session)->message_size);
    if (password != NULL)
        room->password = cw_secret_new(password);
    if (session->state == CW_SESSION_ONLINE && !ask_host(session, room)) {
        *reason = CW_REASON_HOST;
        cw_room_free(room);
        return NULL;
    }
    room->owner = session;
    room->timer_id = cw_timer_add(TIMING(session)->room_join_timeout, join_late_cb, room);
    g_hash_table_insert(session->rooms, room->name, room);
    return room;
}

/* The first client of a room that is being joined says what he is called there. */
static void adopt_wish(CwRoom *room, const char *nick, const char *password)
{
    if (room->in || room->clients->len > 0)
        return;
    g_free(room->wished);
    room->wished = g_strdup(nick);
    if (password == NULL || room->asked)
        return;
    cw_secret_unref(room->password);
    room->password = cw_secret_new(password);
}

CwRoom *cw_session_room_join(CwSession *session, const char *name, const char *nick,
                             const char *password, const char *resource, CwReason *reason)
{
    CwRoom *room = cw_session_find_room(session, name);
    guint clients = LIMITS(session)->resources;

    *reason = CW_REASON_NONE;
    if (room != NULL && clients > 0 && room->clients->len >= clients &&
        !cw_room_has_client(room, resource)) {
        *reason = CW_REASON_RATE;
        return NULL;
    }
    if (room == NULL)
        room = cw_session_enter_room(session, name, nick, password, reason);
    else
        adopt_wish(room, nick, password);
    if (room != NULL)
        cw_room_add_client(room, resource);
    return room;
}

void cw_session_abandon_room(CwSession *session, CwRoom *room, const char *text)
{
    tell_leave(session, room, text);
    g_hash_table_remove(session->rooms, room->name);
}

void cw_session_room_leave(CwSession *session, CwRoom *room, const char *resource, const char *text)
{
    if (cw_room_remove_client(room, resource) && room->clients->len == 0 &&
        !cw_session_keeps(session, room->name))
        cw_session_abandon_room(session, room, text);
}

void cw_session_rooms_resource_gone(CwSession *session, const char *resource)
{
    g_autoptr(GList) rooms = g_hash_table_get_values(session->rooms);

    for (GList *l = rooms; l != NULL; l = l->next)
        cw_session_room_leave(session, l->data, resource, NULL);
}

void cw_session_rooms_offline(CwSession *session)
{
    g_autoptr(GList) rooms = g_hash_table_get_values(session->rooms);
    const CwRoomExit exit = {.exit = CW_EXIT_ENDED, .reason = CW_REASON_NETWORK};

    g_hash_table_remove_all(session->rooms_left);
    for (GList *l = rooms; l != NULL; l = l->next)
        end_room(session, l->data, &exit);
}

/* ---- saying and asking ---- */

gboolean cw_session_room_send(CwSession *session, CwRoom *room, const char *nick, const char *text,
                              const char *stanza_id, const char *resource, CwReason *reason)
{
    gint64 id = cw_transport_next_id(session->transport);

    *reason = CW_REASON_NOT_ONLINE;
    if (!room->in || !cw_session_may_send(session, room->name, nick, text, reason))
        return FALSE;
    if (nick == NULL)
        cw_room_add_sent(room, id, stanza_id, resource);
    cw_outbox_add_to_room(session->outbox, id, room->name, nick, text, stanza_id, resource);
    return TRUE;
}

void cw_session_room_show(CwSession *session, CwRoom *room, CwShow show, const char *status)
{
    CwOccupant *own = cw_room_find(room, room->nick);

    if (own == NULL || !room->in)
        return;
    own->show = show;
    g_free(own->status);
    own->status = cw_session_keep_short(status);
    EMIT(session, occupant, session, room, own);
}

static void answered_cb(CwSession *session, const CwLinkMsg *answer, CwReason reason,
                        const char *text, GCallback done, gpointer data)
{
    ((CwRoomDone)done)(session, reason, text, data);
}

gboolean cw_session_room_request(CwSession *session, const CwLinkMsg *msg, CwRoomDone done,
                                 gpointer data, CwReason *reason)
{
    CwLinkMsg copy = *msg;

    return cw_session_ask(session, &copy, answered_cb, G_CALLBACK(done), data, reason);
}

/* ---- lines of the host ---- */

static void take_joined(CwSession *session, CwRoom *room, const CwLinkMsg *msg)
{
    g_free(room->nick);
    room->nick = g_strdup(msg->nick);
    if (room->in)
        return;
    room->in = TRUE;
    g_clear_handle_id(&room->timer_id, cw_timer_remove);
    cw_session_kept_joined(session, room);
    EMIT(session, room_joined, session, room);
}

static gboolean is_full(const CwSession *session, CwRoom *room)
{
    guint most = LIMITS(session)->room_occupants;

    if (most == 0 || g_hash_table_size(room->occupants) < most)
        return FALSE;
    if (!room->over)
        g_message("%s/%s: a room has more than %u occupants (room-occupants); the others are left "
                  "out",
                  session->jid, cw_transport_domain(session->transport), most);
    room->over = TRUE;
    return TRUE;
}

static void take_occupant(CwSession *session, CwRoom *room, const CwLinkMsg *msg)
{
    gboolean is_new = cw_room_find(room, msg->nick) == NULL;

    if (is_new && is_full(session, room) && !g_str_equal(msg->nick, room->nick))
        return;
    CwOccupant *occupant = cw_room_put(room, msg->nick);
    CwShow show =
        msg->show == CW_SHOW_OFFLINE || msg->show == CW_SHOW_INVISIBLE ? CW_SHOW_ONLINE : msg->show;
    g_autofree char *status = cw_session_keep_short(msg->status);

    if (!is_new && occupant->role == msg->role && occupant->affiliation == msg->affiliation &&
        occupant->show == show && g_strcmp0(occupant->jid, msg->contact) == 0 &&
        g_strcmp0(occupant->status, status) == 0)
        return;
    occupant->role = msg->role;
    occupant->affiliation = msg->affiliation;
    occupant->show = show;
    g_free(occupant->jid);
    g_free(occupant->status);
    occupant->jid = g_strdup(msg->contact);
    occupant->status = g_steal_pointer(&status);
    if (room->in)
        EMIT(session, occupant, session, room, occupant);
}

static void take_gone(CwSession *session, CwRoom *room, const CwLinkMsg *msg)
{
    const CwRoomExit exit = {
        .exit = msg->exit, .by = msg->by, .text = msg->text, .new_nick = msg->name};
    const CwOccupant *occupant = cw_room_find(room, msg->nick);

    if (occupant == NULL)
        return;
    gboolean own = g_str_equal(occupant->nick, room->nick);
    if (room->in)
        EMIT(session, occupant_gone, session, room, occupant, &exit);
    cw_room_remove(room, msg->nick);
    if (own && exit.exit == CW_EXIT_RENAMED && exit.new_nick != NULL) {
        g_free(room->nick);
        room->nick = g_strdup(exit.new_nick);
    }
}

static void take_piece(CwSession *session, CwRoom *room, const CwLinkMsg *msg, const char *text,
                       const CwRoomSent *sent)
{
    CwArchive *archive = cw_transport_archive(session->transport);
    const CwOccupant *occupant = msg->nick == NULL ? NULL : cw_room_find(room, msg->nick);
    const CwRoomLine said = {
        .nick = (char *)msg->nick,
        .who = occupant == NULL ? NULL : occupant->jid,
        .text = (char *)text,
        .stanza_id = sent == NULL ? NULL : sent->stanza_id,
        .said = msg->stamp != 0 ? msg->stamp : g_get_real_time() / G_USEC_PER_SEC,
    };

    if (ARCHIVES(session) && msg->stamp != 0 && sent == NULL &&
        cw_archive_is_copy(archive, session->jid, room, &said))
        return;
    const CwRoomLine *line =
        cw_room_add_line(room, &said, LIMITS(session)->room_history, LIMITS(session)->message_size);
    if (ARCHIVES(session))
        cw_archive_add(archive, session->jid, room->name, line, LIMITS(session)->archive_messages);
    if (room->in)
        EMIT(session, room_message, session, room, line, msg->stamp != 0);
}

/* One that is longer than message-size comes in pieces, as those of contacts. */
static void take_message(CwSession *session, CwRoom *room, const CwLinkMsg *msg)
{
    CwRoomSent *sent = msg->id == 0 ? NULL : cw_room_take_sent(room, msg->id);
    const char *text = msg->text;

    for (char *piece; (piece = cw_session_cut_piece(session, &text)) != NULL; g_free(piece))
        take_piece(session, room, msg, piece, NULL);
    take_piece(session, room, msg, text, sent);
    cw_room_sent_free(sent);
}

static void take_private(CwSession *session, CwRoom *room, const CwLinkMsg *msg)
{
    const char *text = msg->text;

    for (char *piece; (piece = cw_session_cut_piece(session, &text)) != NULL; g_free(piece))
        EMIT(session, room_private, session, room, msg->nick, piece, msg->stamp, msg->own);
    EMIT(session, room_private, session, room, msg->nick, text, msg->stamp, msg->own);
}

static void take_subject(CwSession *session, CwRoom *room, const CwLinkMsg *msg)
{
    g_free(room->subject);
    g_free(room->subject_nick);
    room->subject = cw_session_keep_short(msg->text);
    room->subject_nick = g_strdup(msg->nick);
    if (room->in)
        EMIT(session, room_subject, session, room);
}

/* TRUE: what is said of the room is of a time before he left it. */
static gboolean is_old(CwSession *session, const CwLinkMsg *msg)
{
    guint open = GPOINTER_TO_UINT(g_hash_table_lookup(session->rooms_left, msg->room));

    if (open == 0)
        return FALSE;
    if (msg->kind != CW_LINK_ROOM_LEFT)
        return TRUE;
    if (open == 1)
        g_hash_table_remove(session->rooms_left, msg->room);
    else
        g_hash_table_replace(session->rooms_left, g_strdup(msg->room), GUINT_TO_POINTER(open - 1));
    return TRUE;
}

static void take_line(CwSession *session, const CwLinkMsg *msg)
{
    CwRoom *room = cw_session_find_room(session, msg->room);

    if (msg->kind == CW_LINK_ROOM_INVITED) {
        EMIT(session, room_invited, session, msg->room, msg->contact, msg->text, msg->password);
        return;
    }
    if (is_old(session, msg) || room == NULL || !room->asked)
        return; /* he left it meanwhile, or that log-in has ended */
    if (msg->kind == CW_LINK_ROOM_JOINED)
        take_joined(session, room, msg);
    else if (msg->kind == CW_LINK_ROOM_LEFT)
        end_room(session, room,
                 &(CwRoomExit){
                     .exit = msg->exit, .reason = msg->reason, .by = msg->by, .text = msg->text});
    else if (msg->kind == CW_LINK_OCCUPANT)
        take_occupant(session, room, msg);
    else if (msg->kind == CW_LINK_OCCUPANT_GONE)
        take_gone(session, room, msg);
    else if (msg->kind == CW_LINK_ROOM_MESSAGE)
        take_message(session, room, msg);
    else if (msg->kind == CW_LINK_ROOM_SUBJECT)
        take_subject(session, room, msg);
    else if (msg->kind == CW_LINK_ROOM_PRIVATE)
        take_private(session, room, msg);
}

/* Its text is a reason of somebody's, and no message. */
static gboolean has_reason(const CwLinkMsg *msg)
{
    return msg->kind == CW_LINK_OCCUPANT_GONE || msg->kind == CW_LINK_ROOM_LEFT ||
           msg->kind == CW_LINK_ROOM_INVITED;
}

/* What is kept or shown of people is never longer than anybody reads. */
void cw_session_take_room_line(CwSession *session, const CwLinkMsg *msg)
{
    g_autofree char *nick = cw_session_keep_short(msg->nick);
    g_autofree char *name = cw_session_keep_short(msg->name);
    g_autofree char *by = cw_session_keep_short(msg->by);
    g_autofree char *contact = cw_session_keep_short(msg->contact);
    g_autofree char *reason = has_reason(msg) ? cw_session_keep_short(msg->text) : NULL;
    CwLinkMsg copy = *msg;

    if (has_reason(msg))
        copy.text = reason;
    if (msg->password != NULL && strlen(msg->password) > PASSWORD_MAX)
        copy.password = NULL;

    copy.nick = nick;
    copy.name = name;
    copy.by = by;
    copy.contact = contact;
    take_line(session, &copy);
}
