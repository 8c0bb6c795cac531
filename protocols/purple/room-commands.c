/* protocols/purple/room-commands.c: what plugins have commands for: nick, roles, invitations
 *
 * Where the plugin lets its lines or stanzas be seen, the gateway's answer waits for what the
 * network says of the command (room-signs.c); a network that says nothing has taken it.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <string.h>

#include "protocols/purple/host.h"
#include "protocols/purple/markup.h"
#include "protocols/purple/message.h"
#include "protocols/purple/rooms-private.h"
#include "protocols/purple/stanza.h"

#define COMMANDS_MAX 64
#define ANSWER_TIME 10000 /* ms */

typedef struct {
    CwRooms *rooms;
    gint64 id;
    CwLinkKind kind;
    char *room; /* normal form */
    char *who;  /* nullable: nick or contact that it is about */
    guint timer_id;
} Command;

static void free_command(gpointer data)
{
    Command *command = data;

    g_clear_handle_id(&command->timer_id, g_source_remove);
    g_free(command->room);
    g_free(command->who);
    g_free(command);
}

void cw_room_commands_clear(CwRooms *rooms)
{
    g_queue_clear_full(&rooms->commands, free_command);
}

static void end(Command *command, CwReason reason, const char *text)
{
    guint account = command->rooms->account->number;

    g_queue_remove(&command->rooms->commands, command);
    if (reason == CW_REASON_NONE)
        cw_host_ack(account, command->id);
    else
        cw_host_nack(account, command->id, reason, text);
    free_command(command);
}

static gboolean late_cb(gpointer data)
{
    Command *command = data;

    command->timer_id = 0;
    end(command, CW_REASON_NONE, NULL);
    return G_SOURCE_REMOVE;
}

/* prpl-jabber's invitations are messages, of which nobody answers. */
static gboolean is_answered(CwLinkKind kind)
{
    return cw_host.defaults->line_signal != NULL ||
           (cw_host.defaults->stanza_signals != NULL && kind != CW_LINK_ROOM_INVITE);
}

void cw_rooms_command_wait(CwAccount *account, const char *room, const CwLinkMsg *msg)
{
    CwRooms *rooms = account->rooms;

    if (!is_answered(msg->kind) || rooms->commands.length >= COMMANDS_MAX) {
        cw_host_ack(account->number, msg->id);
        return;
    }
    Command *command = g_new0(Command, 1);
    command->rooms = rooms;
    command->id = msg->id;
    command->kind = msg->kind;
    command->room = g_strdup(room);
    command->who = g_strdup(msg->nick != NULL ? msg->nick : msg->contact);
    command->timer_id = g_timeout_add(ANSWER_TIME, late_cb, command);
    g_queue_push_tail(&rooms->commands, command);
}

void cw_rooms_command_done(CwAccount *account, const char *room, CwLinkKind kind, const char *who)
{
    g_autofree char *normal = room != NULL ? cw_account_normalize(account, room) : NULL;

    for (GList *l = account->rooms->commands.head; l != NULL; l = l->next) {
        Command *command = l->data;
        if (command->kind != kind || (room != NULL && g_strcmp0(command->room, normal) != 0) ||
            (who != NULL && g_ascii_strcasecmp(command->who != NULL ? command->who : "", who) != 0))
            continue;
        end(command, CW_REASON_NONE, NULL);
        return;
    }
}

static gboolean is_about(const CwAccount *account, const Command *command, const char *word)
{
    g_autofree char *normal = cw_account_normalize(account, word);

    return g_strcmp0(command->room, normal) == 0 ||
           (command->who != NULL && g_ascii_strcasecmp(command->who, word) == 0);
}

gboolean cw_rooms_command_refused(CwAccount *account, const char *word, gboolean nick,
                                  CwReason reason, const char *text)
{
    g_autofree char *clean = text != NULL ? cw_text_clean(text) : NULL;

    for (GList *l = account->rooms->commands.head; l != NULL; l = l->next) {
        Command *command = l->data;
        if ((command->kind == CW_LINK_ROOM_NICK) != nick ||
            (word != NULL && !is_about(account, command, word)))
            continue;
        cw_rooms_set_refusing(account);
        end(command, reason, clean);
        return TRUE;
    }
    return FALSE;
}

/* `%n` nick, `%t` text, `%c` contact.  (transfer full) (nullable) */
static char *fill_command(const char *format, const CwLinkMsg *msg)
{
    GString *out = g_string_new(NULL);

    for (const char *p = format; *p != '\0'; p++) {
        const char *value = NULL;
        if (*p != '%' || p[1] == '\0') {
            g_string_append_c(out, *p);
            continue;
        }
        p++;
        value = *p == 'n' ? msg->nick : *p == 'c' ? msg->contact : msg->text;
        g_autofree char *line = value != NULL ? cw_text_one_line(value) : NULL;
        g_string_append(out, line != NULL ? line : "");
    }
    return g_strchomp(g_string_free(out, FALSE));
}

static const char *find_command(const CwLinkMsg *msg)
{
    const CwPurpleRoomCommands *commands = cw_host.defaults->room_commands;

    if (commands == NULL)
        return NULL;
    if (msg->kind == CW_LINK_ROOM_NICK)
        return commands->nick;
    if (msg->kind == CW_LINK_ROOM_INVITE)
        return commands->invite;
    return msg->has_affiliation ? commands->affiliations[msg->affiliation]
           : msg->has_role      ? commands->roles[msg->role]
                                : NULL;
}

/* Several commands are parted by a line break. */
static CwReason run_commands(PurpleConversation *conv, const char *format, const CwLinkMsg *msg)
{
    g_auto(GStrv) lines = g_strsplit(format, "\n", -1);

    for (guint i = 0; lines[i] != NULL; i++) {
        g_autofree char *line = fill_command(lines[i], msg);
        g_autofree char *html = cw_markup_from_text(line);
        g_autofree char *problem = NULL;
        if (purple_cmd_do_command(conv, line, html, &problem) != PURPLE_CMD_STATUS_OK)
            return CW_REASON_FORBIDDEN;
    }
    return CW_REASON_NONE;
}

/* What would be two words of the command is another's nick, or half of the new one. */
static gboolean can_name(const CwLinkMsg *msg)
{
    const char *forbidden = cw_host.defaults->not_in_contact;

    if (msg->nick == NULL)
        return TRUE;
    if (msg->kind == CW_LINK_ROOM_NICK)
        return forbidden == NULL || strpbrk(msg->nick, forbidden) == NULL;
    return strchr(msg->nick, ' ') == NULL;
}

/* FALSE: not on this network. */
static gboolean set_by_stanza(CwAccount *account, const Room *room, const CwLinkMsg *msg)
{
    const Standing *standing =
        msg->nick != NULL ? g_hash_table_lookup(room->standings, msg->nick) : NULL;

    return msg->kind == CW_LINK_ROOM_SET &&
           cw_stanza_send_room_item(
               account, room->name, msg->nick, standing != NULL ? standing->jid : NULL,
               msg->has_role ? cw_role_to_string(msg->role) : NULL,
               msg->has_affiliation ? cw_affiliation_to_string(msg->affiliation) : NULL, msg->text);
}

void cw_room_command(CwAccount *account, const CwLinkMsg *msg)
{
    Room *room = cw_room_find_joined(account, msg);
    const char *format = find_command(msg);

    if (room == NULL)
        return;
    if (set_by_stanza(account, room, msg)) {
        cw_rooms_command_wait(account, room->name, msg);
        return;
    }
    if (cw_account_is_too_long(msg->nick, TRUE) || cw_account_is_too_long(msg->text, TRUE)) {
        cw_host_nack(account->number, msg->id, CW_REASON_TOO_LONG,
                     "the nickname or the reason is too long");
        return;
    }
    if (!can_name(msg)) {
        cw_host_nack(account->number, msg->id, CW_REASON_FORBIDDEN,
                     "there can be no such nickname in a command of this network");
        return;
    }
    if (format == NULL) {
        cw_host_nack(account->number, msg->id, CW_REASON_FORBIDDEN,
                     "this network has no such thing");
        return;
    }
    CwReason reason = run_commands(room->conv, format, msg);
    room = cw_rooms_find(account, msg->room); /* it may have ended */
    if (room == NULL) {
        cw_host_ack(account->number, msg->id);
        return;
    }
    cw_message_hurry(account);
    if (reason == CW_REASON_NONE)
        cw_rooms_command_wait(account, room->name, msg);
    else
        cw_host_nack(account->number, msg->id, reason, "the network did not take it");
}
