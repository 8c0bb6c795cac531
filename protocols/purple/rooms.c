/* protocols/purple/rooms.c: group chats: joining, leaving, who is there, what is said
 *
 *     room-join -> JOINING -- one's own nick among the occupants --> IN -- chat-left --> gone
 *                     \----------- refused ----------------------------------------------> gone
 *
 *     room-leave -> the gateway is told at once; where the plugin waits for the room's
 * confirmation, the conversation is kept until that is seen, and holds up the next join
 *
 * libpurple tells of occupants by the ops of the conversation, with flags that are IRC's.  What a
 * plugin tells besides, by letting its lines or stanzas be seen, comes from room-signs.c and wins.
 * What the gateway asks for is room-lines.c's, and what a network may refuse of it
 * room-commands.c's.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "protocols/purple/rooms-private.h"

#include <string.h>

#include "protocols/purple/host.h"
#include "protocols/purple/markup.h"
#include "protocols/purple/message.h"
#include "protocols/purple/sent.h"

/* Occupants of a room of whom the plugin's signs are remembered.  Each of them is also in
 * libpurple's own list, which has no bound; of those over it the flags there tell, and change. */
#define SIGNS_MAX 16384
#define JOINED_LATEST 3000 /* ms after libpurple says that he is in, though nobody lists him */
#define OLD_AFTER 1        /* s: such a message carries its time */

static void free_standing(gpointer data)
{
    Standing *standing = data;

    g_free(standing->jid);
    g_free(standing->status);
    g_free(standing);
}

static void free_sign(gpointer data)
{
    CwRoomSign *sign = data;

    g_free(sign->by);
    g_free(sign->text);
    g_free(sign);
}

static void free_room(gpointer data)
{
    Room *room = data;

    g_clear_handle_id(&room->late_id, g_source_remove);
    cw_room_join_free(g_steal_pointer(&room->join));
    g_hash_table_unref(room->standings);
    g_hash_table_unref(room->exits);
    g_free(room->ban);
    g_free(room->called);
    g_free(room->name);
    g_free(room);
}

CwRooms *cw_rooms_new(CwAccount *account)
{
    CwRooms *rooms = g_new0(CwRooms, 1);

    rooms->account = account;
    rooms->abandoned = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    rooms->rooms = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, free_room);
    rooms->parting = g_hash_table_new_full(NULL, NULL, NULL, cw_room_parting_free);
    return rooms;
}

void cw_rooms_free(CwRooms *rooms)
{
    if (rooms == NULL)
        return;
    g_clear_handle_id(&rooms->refusing_id, g_source_remove);
    g_clear_handle_id(&rooms->gone_id, g_source_remove);
    g_clear_handle_id(&rooms->start_id, g_source_remove);
    g_queue_clear(&rooms->gone);
    cw_room_commands_clear(rooms);
    g_hash_table_unref(rooms->abandoned);
    g_hash_table_unref(rooms->parting);
    g_hash_table_unref(rooms->rooms);
    g_free(rooms);
}

Room *cw_rooms_find(const CwAccount *account, const char *name)
{
    g_autofree char *normal = name != NULL ? cw_account_normalize(account, name) : NULL;

    return normal != NULL ? g_hash_table_lookup(account->rooms->rooms, normal) : NULL;
}

Room *cw_rooms_ensure(CwAccount *account, const char *normal)
{
    GHashTable *rooms = account->rooms->rooms;
    Room *room = g_hash_table_lookup(rooms, normal);

    if (room != NULL || g_hash_table_size(rooms) >= ROOMS_MAX)
        return room;
    room = g_new0(Room, 1);
    room->account = account;
    room->name = g_strdup(normal);
    room->called = g_strdup(normal);
    room->standings = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, free_standing);
    room->exits = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, free_sign);
    g_hash_table_insert(rooms, room->name, room);
    return room;
}

gboolean cw_rooms_has(const CwAccount *account, const char *room)
{
    return cw_rooms_find(account, room) != NULL;
}

static Room *room_of(PurpleConversation *conv)
{
    CwAccount *account = cw_account_of(purple_conversation_get_account(conv));

    return account != NULL ? cw_rooms_find(account, purple_conversation_get_name(conv)) : NULL;
}

PurpleConvChat *cw_room_chat(const Room *room)
{
    return room->conv != NULL ? PURPLE_CONV_CHAT(room->conv) : NULL;
}

int cw_room_chat_id(const Room *room)
{
    return purple_conv_chat_get_id(cw_room_chat(room));
}

/* (transfer full) (nullable) a nick as the gateway has it; NULL: none that can be shown */
static char *read_nick(const char *nick)
{
    char *line = nick != NULL ? cw_text_one_line(nick) : NULL;

    if (line != NULL && *line == '\0')
        g_clear_pointer(&line, g_free);
    return line;
}

/* ---- signs ---- */

static gboolean is_full(GHashTable *signs, const char *nick)
{
    return g_hash_table_size(signs) >= SIGNS_MAX && !g_hash_table_contains(signs, nick);
}

void cw_rooms_sign_exit(CwAccount *account, const char *name, const char *nick,
                        const CwRoomSign *sign)
{
    Room *room = cw_rooms_find(account, name);

    const char *key = nick != NULL ? nick : "";
    if (room == NULL || is_full(room->exits, key))
        return;
    CwRoomSign *copy = g_new0(CwRoomSign, 1);
    *copy = (CwRoomSign){sign->exit, g_strdup(sign->by), g_strdup(sign->text), sign->reason};
    g_hash_table_replace(room->exits, g_strdup(key), copy);
}

void cw_rooms_sign_quit(CwAccount *account, const char *nick, const CwRoomSign *sign)
{
    GHashTableIter iter;
    gpointer value;

    g_hash_table_iter_init(&iter, account->rooms->rooms);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        const Room *room = value;
        if (room->conv != NULL && purple_conv_chat_find_user(cw_room_chat(room), nick))
            cw_rooms_sign_exit(account, room->name, nick, sign);
    }
}

static void set_standing(Room *room, const char *nick, const CwRoomStanding *said)
{
    if (is_full(room->standings, nick))
        return;
    Standing *standing = g_new0(Standing, 1);
    *standing = (Standing){said->role, said->affiliation, said->show,
                           cw_account_normalize(room->account, said->jid),
                           said->status != NULL ? cw_text_clean(said->status) : NULL};
    g_hash_table_replace(room->standings, g_strdup(nick), standing);
}

/* libpurple tells of a change only where its flags change. */
void cw_rooms_sign_occupant(CwAccount *account, const char *name, const char *nick,
                            const CwRoomStanding *standing)
{
    Room *room = cw_rooms_find(account, name);

    if (room == NULL || nick == NULL)
        return;
    set_standing(room, nick, standing);
    if (room->told && room->conv != NULL && purple_conv_chat_find_user(cw_room_chat(room), nick))
        cw_room_send_occupant(room, nick);
}

void cw_rooms_sign_ban(CwAccount *account, const char *name, const char *nick)
{
    Room *room = cw_rooms_find(account, name);

    if (room == NULL || nick[strspn(nick, "*?")] == '\0') /* it is of everybody, by his host */
        return;
    g_free(room->ban);
    room->ban = g_ascii_strdown(nick, -1);
}

gboolean cw_rooms_has_banned(const CwAccount *account, const char *name, const char *nick)
{
    const Room *room = cw_rooms_find(account, name);
    g_autofree char *lower = g_ascii_strdown(nick, -1);

    return room != NULL && room->ban != NULL && g_pattern_match_simple(room->ban, lower);
}

/* ---- what the gateway is told ---- */

void cw_room_send_left(Room *room, const CwRoomSign *sign)
{
    cw_rooms_start_soon(room->account->rooms);
    cw_host_send(&(CwLinkMsg){.kind = CW_LINK_ROOM_LEFT,
                              .account = room->account->number,
                              .room = room->called,
                              .exit = sign != NULL ? sign->exit : CW_EXIT_LEFT,
                              .reason = sign != NULL ? sign->reason : CW_REASON_NONE,
                              .by = sign != NULL ? sign->by : NULL,
                              .text = sign != NULL ? sign->text : NULL});
    g_hash_table_remove(room->account->rooms->rooms, room->name);
}

static gboolean refusing_cb(gpointer data)
{
    ((CwRooms *)data)->refusing_id = 0;
    return G_SOURCE_REMOVE;
}

gboolean cw_rooms_is_refusing(const CwAccount *account)
{
    return account->rooms->refusing_id != 0;
}

void cw_rooms_set_refusing(CwAccount *account)
{
    if (account->rooms->refusing_id == 0)
        account->rooms->refusing_id = g_idle_add(refusing_cb, account->rooms);
}

static gboolean forget_abandoned(CwAccount *account, const char *name)
{
    g_autofree char *normal = cw_account_normalize(account, name);

    return normal != NULL && g_hash_table_remove(account->rooms->abandoned, normal);
}

void cw_rooms_refused(CwAccount *account, const char *name, CwReason reason, const char *text)
{
    Room *room = cw_rooms_find(account, name);
    g_autofree char *clean = text != NULL ? cw_text_clean(text) : NULL;

    cw_rooms_set_refusing(account);
    if (room == NULL)
        forget_abandoned(account, name);
    if (room == NULL || room->conv != NULL)
        return;
    cw_room_send_left(room, &(CwRoomSign){CW_EXIT_REFUSED, NULL, clean, reason});
}

/* libpurple's flags, where nothing better is known. */
static Standing standing_of_flags(PurpleConvChatBuddyFlags flags)
{
    if (flags & PURPLE_CBFLAGS_FOUNDER)
        return (Standing){.role = CW_ROLE_MODERATOR, .affiliation = CW_AFFILIATION_OWNER};
    if (flags & PURPLE_CBFLAGS_OP)
        return (Standing){.role = CW_ROLE_MODERATOR, .affiliation = CW_AFFILIATION_ADMIN};
    if (flags & PURPLE_CBFLAGS_HALFOP)
        return (Standing){.role = CW_ROLE_MODERATOR, .affiliation = CW_AFFILIATION_MEMBER};
    if (flags & PURPLE_CBFLAGS_VOICE)
        return (Standing){.role = CW_ROLE_PARTICIPANT, .affiliation = CW_AFFILIATION_MEMBER};
    return (Standing){.role = CW_ROLE_PARTICIPANT, .affiliation = CW_AFFILIATION_NONE};
}

void cw_room_send_occupant(const Room *room, const char *nick)
{
    PurpleConvChatBuddyFlags flags = purple_conv_chat_user_get_flags(cw_room_chat(room), nick);
    const Standing *known = g_hash_table_lookup(room->standings, nick);
    Standing standing = known != NULL ? *known : standing_of_flags(flags);
    if (known == NULL)
        standing.show = flags & PURPLE_CBFLAGS_AWAY ? CW_SHOW_AWAY : CW_SHOW_ONLINE;
    g_autofree char *shown = read_nick(nick);

    if (shown == NULL)
        return;
    cw_host_send(&(CwLinkMsg){.kind = CW_LINK_OCCUPANT,
                              .account = room->account->number,
                              .room = room->called,
                              .nick = shown,
                              .role = standing.role,
                              .affiliation = standing.affiliation,
                              .contact = standing.jid,
                              .show = standing.show,
                              .status = standing.status});
}

void cw_room_send_joined(Room *room)
{
    g_autofree char *nick = read_nick(purple_conv_chat_get_nick(cw_room_chat(room)));

    g_clear_handle_id(&room->late_id, g_source_remove);
    if (room->told)
        return;
    room->told = TRUE;
    cw_host_send(&(CwLinkMsg){.kind = CW_LINK_ROOM_JOINED,
                              .account = room->account->number,
                              .room = room->called,
                              .nick = nick != NULL ? nick : "?"});
}

static gboolean late_cb(gpointer data)
{
    Room *room = data;

    room->late_id = 0;
    cw_room_send_joined(room);
    return G_SOURCE_REMOVE;
}

static gboolean is_own_nick(const Room *room, const char *nick)
{
    return g_strcmp0(nick, purple_conv_chat_get_nick(cw_room_chat(room))) == 0;
}

void cw_room_send_subject(const Room *room, const char *who, const char *topic)
{
    g_autofree char *text = cw_text_clean(topic != NULL ? topic : "");
    g_autofree char *nick = read_nick(who);

    cw_host_send(&(CwLinkMsg){.kind = CW_LINK_ROOM_SUBJECT,
                              .account = room->account->number,
                              .room = room->called,
                              .text = text,
                              .nick = nick});
}

/* ---- conversations that nobody wants any more ---- */

static gboolean gone_cb(gpointer data)
{
    CwRooms *rooms = data;
    PurpleConversation *conv = NULL;

    rooms->gone_id = 0;
    while ((conv = g_queue_pop_head(&rooms->gone)) != NULL)
        purple_conversation_destroy(conv); /* leaves, where it has not left yet */
    return G_SOURCE_REMOVE;
}

/* cw_rooms_destroyed() takes it out. */
void cw_rooms_destroy_soon(CwRooms *rooms, PurpleConversation *conv)
{
    if (g_queue_find(&rooms->gone, conv) == NULL)
        g_queue_push_tail(&rooms->gone, conv);
    if (rooms->gone_id == 0)
        rooms->gone_id = g_idle_add(gone_cb, rooms);
}

/* Some networks put their user into rooms that he did not ask for. */
void cw_rooms_created(PurpleConversation *conv)
{
    CwAccount *account = cw_account_of(purple_conversation_get_account(conv));
    g_autofree char *name =
        account != NULL ? cw_account_normalize(account, purple_conversation_get_name(conv)) : NULL;
    if (name != NULL && g_hash_table_remove(account->rooms->abandoned, name)) {
        cw_rooms_destroy_soon(account->rooms, conv);
        return;
    }
    Room *room = name != NULL ? cw_rooms_ensure(account, name) : NULL;

    if (room == NULL || room->conv != NULL)
        return;
    room->conv = conv;
    g_clear_pointer(&room->join, cw_room_join_free);
    cw_rooms_start_soon(account->rooms);
    room->late_id = g_timeout_add(JOINED_LATEST, late_cb, room);
}

void cw_rooms_destroyed(PurpleConversation *conv)
{
    PurpleAccount *purple = purple_conversation_get_account(conv);
    CwAccount *account = purple != NULL ? purple->ui_data : NULL;
    GHashTableIter iter;
    gpointer value;

    if (account == NULL || account->rooms == NULL)
        return;
    g_queue_remove(&account->rooms->gone, conv);
    if (g_hash_table_remove(account->rooms->parting, conv))
        cw_rooms_start_soon(account->rooms);
    g_hash_table_iter_init(&iter, account->rooms->rooms);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        if (((Room *)value)->conv == conv)
            g_hash_table_iter_remove(&iter);
    }
}

/* ---- ops ---- */

/* XEP-0045 7.2.2: then what was said comes between oneself and the subject */
static gboolean subject_ends_join(void)
{
    return cw_host.defaults->stanza_signals != NULL;
}

void cw_rooms_add_users(PurpleConversation *conv, GList *users, gboolean new_arrivals)
{
    Room *room = room_of(conv);
    gboolean own = FALSE;

    if (room == NULL || room->conv == NULL)
        return;
    for (GList *l = users; l != NULL; l = l->next) {
        const char *nick = purple_conv_chat_cb_get_name(l->data);
        cw_room_send_occupant(room, nick);
        own |= is_own_nick(room, nick);
    }
    room->listed |= own;
    if (own && !subject_ends_join())
        cw_room_send_joined(room);
}

static void send_gone(Room *room, const char *nick, const CwRoomSign *sign, const char *new_nick)
{
    g_autofree char *shown = read_nick(nick), *shown_new = read_nick(new_nick);

    if (shown != NULL)
        cw_host_send(&(CwLinkMsg){.kind = CW_LINK_OCCUPANT_GONE,
                                  .account = room->account->number,
                                  .room = room->called,
                                  .nick = shown,
                                  .exit = new_nick != NULL ? CW_EXIT_RENAMED
                                          : sign != NULL   ? sign->exit
                                                           : CW_EXIT_LEFT,
                                  .name = shown_new,
                                  .by = sign != NULL ? sign->by : NULL,
                                  .text = sign != NULL ? sign->text : NULL});
    g_hash_table_remove(room->standings, nick);
    g_hash_table_remove(room->exits, nick);
}

void cw_rooms_rename_user(PurpleConversation *conv, const char *old_name, const char *new_name,
                          const char *new_alias)
{
    Room *room = room_of(conv);

    if (room == NULL || room->conv == NULL)
        return;
    cw_rooms_command_done(room->account, NULL, CW_LINK_ROOM_NICK, new_name);
    Standing *standing = g_hash_table_lookup(room->standings, old_name);
    if (standing != NULL && !g_hash_table_contains(room->standings, new_name))
        set_standing(room, new_name,
                     &(CwRoomStanding){standing->role, standing->affiliation, standing->show,
                                       standing->jid, standing->status});
    send_gone(room, old_name, NULL, new_name);
    cw_room_send_occupant(room, new_name);
}

void cw_rooms_remove_users(PurpleConversation *conv, GList *users)
{
    Room *room = room_of(conv);

    if (room == NULL || room->conv != conv)
        return;
    for (GList *l = users; l != NULL; l = l->next)
        send_gone(room, l->data, g_hash_table_lookup(room->exits, l->data), NULL);
}

void cw_rooms_update_user(PurpleConversation *conv, const char *user)
{
    const Room *room = room_of(conv);

    if (room != NULL && room->conv != NULL)
        cw_room_send_occupant(room, user);
}

static gint64 stamp_of(PurpleMessageFlags flags, time_t stamp)
{
    gint64 now = g_get_real_time() / G_USEC_PER_SEC;
    gboolean old = stamp > 0 && (gint64)stamp <= now &&
                   ((flags & PURPLE_MESSAGE_DELAYED) != 0 || now - (gint64)stamp > OLD_AFTER);

    return old ? (gint64)stamp : 0;
}

void cw_room_send_message(const Room *room, const char *who, const char *text, gint64 id,
                          gint64 stamp)
{
    g_autofree char *nick = read_nick(who);

    cw_host_send(&(CwLinkMsg){.kind = CW_LINK_ROOM_MESSAGE,
                              .account = room->account->number,
                              .room = room->called,
                              .nick = nick,
                              .text = text,
                              .id = id,
                              .stamp = stamp});
}

/* SYSTEM texts say what the ops and signs say better (joins, modes); an ERROR is about what was
 * said last. */
void cw_rooms_written(PurpleConversation *conv, const char *who, const char *message,
                      PurpleMessageFlags flags, time_t stamp)
{
    const Room *room = room_of(conv);
    g_autofree char *text = cw_markup_to_text(message);

    if (room == NULL || room->conv == NULL || *text == '\0' ||
        (flags & PURPLE_MESSAGE_INVISIBLE) != 0)
        return;
    if (flags & (PURPLE_MESSAGE_ERROR | PURPLE_MESSAGE_SYSTEM)) {
        if ((flags & PURPLE_MESSAGE_ERROR) != 0)
            cw_sent_refuse_oldest(room->account->sent, room->name, text);
        return;
    }
    gint64 id = 0;
    if ((flags & PURPLE_MESSAGE_SEND) != 0 || is_own_nick(room, who)) {
        if (cw_sent_take_echo(room->account->sent))
            return; /* the plugin's own echo: see cw_room_message() */
        id = cw_sent_echo_of(room->account->sent, room->name, text);
    }
    cw_room_send_message(room, who, text, id, id != 0 ? 0 : stamp_of(flags, stamp));
}

gboolean cw_rooms_take_private(CwAccount *account, const char *contact, const char *text,
                               gboolean own, gint64 stamp)
{
    const char *slash = strchr(contact, '/');
    g_autofree char *name = slash != NULL ? g_strndup(contact, (gsize)(slash - contact)) : NULL;
    const Room *room = name != NULL ? cw_rooms_find(account, name) : NULL;
    g_autofree char *nick = room != NULL ? read_nick(slash + 1) : NULL;

    if (nick == NULL)
        return FALSE;
    cw_host_send(&(CwLinkMsg){.kind = CW_LINK_ROOM_PRIVATE,
                              .account = account->number,
                              .room = room->called,
                              .nick = nick,
                              .text = text,
                              .own = own,
                              .stamp = stamp});
    return TRUE;
}

/* ---- joining and leaving ---- */

static void left_cb(PurpleConversation *conv, gpointer data)
{
    CwAccount *account = cw_account_of(purple_conversation_get_account(conv));
    Room *room = room_of(conv);

    if (account != NULL && g_hash_table_contains(account->rooms->parting, conv)) {
        cw_rooms_destroy_soon(account->rooms, conv);
        return;
    }
    if (room == NULL || room->conv != conv)
        return;
    CwRooms *rooms = room->account->rooms;
    gboolean leaving = room->leaving; /* then cw_room_leave() destroys it */
    room->conv = NULL;
    cw_room_send_left(room, g_hash_table_lookup(room->exits, ""));
    if (!leaving)
        cw_rooms_destroy_soon(rooms, conv);
}

static void join_failed_cb(PurpleConnection *gc, GHashTable *components, gpointer data)
{
    CwAccount *account = cw_account_of_gc(gc);
    char *name = account != NULL && components != NULL && cw_host.info->get_chat_name != NULL
                     ? cw_host.info->get_chat_name(components)
                     : NULL;
    const Room *room = name != NULL ? cw_rooms_find(account, name) : NULL;
    const CwRoomSign *sign = room != NULL ? g_hash_table_lookup(room->exits, "") : NULL;

    if (room != NULL)
        cw_rooms_refused(account, name, sign != NULL ? sign->reason : CW_REASON_OTHER,
                         sign != NULL ? sign->text : NULL);
    g_free(name);
}

static void topic_cb(PurpleConversation *conv, const char *who, const char *topic, gpointer data)
{
    Room *room = room_of(conv);

    if (room == NULL || room->conv != conv)
        return;
    cw_rooms_command_done(room->account, room->name, CW_LINK_ROOM_SUBJECT, NULL);
    cw_room_send_subject(room, who, topic);
    if (room->listed && subject_ends_join())
        cw_room_send_joined(room);
}

/* ---- invitations ---- */

/* < 0: turned down for now, without a word; the gateway's user joins by himself. */
static gint invited_cb(PurpleAccount *purple, const char *inviter, const char *name,
                       const char *message, GHashTable *components, gpointer data)
{
    CwAccount *account = cw_account_of(purple);
    g_autofree char *room = account != NULL ? cw_account_normalize(account, name) : NULL;
    g_autofree char *contact =
        account != NULL && inviter != NULL ? cw_account_normalize(account, inviter) : NULL;
    g_autofree char *text = message != NULL ? cw_markup_to_text(message) : NULL;
    const char *password = components != NULL ? g_hash_table_lookup(components, "password") : NULL;

    if (room != NULL)
        cw_host_send(&(CwLinkMsg){.kind = CW_LINK_ROOM_INVITED,
                                  .account = account->number,
                                  .room = room,
                                  .contact = contact,
                                  .text = text != NULL && *text != '\0' ? text : NULL,
                                  .password = password});
    return -1;
}

static int signals_handle;

void cw_rooms_init(void)
{
    void *conversations = purple_conversations_get_handle();

    purple_signal_connect(conversations, "chat-left", &signals_handle, PURPLE_CALLBACK(left_cb),
                          NULL);
    purple_signal_connect(conversations, "chat-join-failed", &signals_handle,
                          PURPLE_CALLBACK(join_failed_cb), NULL);
    purple_signal_connect(conversations, "chat-topic-changed", &signals_handle,
                          PURPLE_CALLBACK(topic_cb), NULL);
    purple_signal_connect(conversations, "chat-invited", &signals_handle,
                          PURPLE_CALLBACK(invited_cb), NULL);
}

void cw_rooms_uninit(void)
{
    purple_signals_disconnect_by_handle(&signals_handle);
}
