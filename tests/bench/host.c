/* tests/bench/host.c: a protocol host without a network, for what the gateway alone costs
 *
 * Takes every log-in and acknowledges everything.  An account has as many contacts as its option
 * `contacts` says, each with a name, a group and a presence with a status.  A room has as many
 * people as its name says (`#2000`), with their addresses if it ends with "known".  To what is said
 * there it answers which line of the kind that was; to `split` by half of the people going and
 * coming, and a message to the user alone.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <stdlib.h>

#include "transport/link.h"

#define GROUPS 10

static GMainLoop *loop;
static CwLinkPeer *peer;

static void send_state(guint32 account, CwAccountState state)
{
    cw_link_peer_send(peer,
                      &(CwLinkMsg){.kind = CW_LINK_STATE, .account = account, .state = state});
}

static void send_contact(guint32 account, guint i)
{
    g_autofree char *contact = g_strdup_printf("contact%04u", i);
    g_autofree char *name = g_strdup_printf("Contact Number %u", i);
    g_autofree char *group = g_strdup_printf("Group %u", i % GROUPS);

    cw_link_peer_send(peer, &(CwLinkMsg){.kind = CW_LINK_CONTACT,
                                         .account = account,
                                         .contact = contact,
                                         .name = name,
                                         .group = group});
    cw_link_peer_send(peer, &(CwLinkMsg){.kind = CW_LINK_PRESENCE,
                                         .account = account,
                                         .contact = contact,
                                         .show = i % 2 ? CW_SHOW_AWAY : CW_SHOW_ONLINE,
                                         .status = "what one says of oneself"});
}

static void log_in(const CwLinkMsg *msg)
{
    const char *contacts =
        msg->values == NULL ? NULL : g_hash_table_lookup(msg->values, "contacts");
    guint n = contacts == NULL ? 0 : (guint)strtoul(contacts, NULL, 10);

    send_state(msg->account, CW_ACCOUNT_CONNECTING);
    send_state(msg->account, CW_ACCOUNT_ONLINE);
    for (guint i = 0; i < n; i++)
        send_contact(msg->account, i);
}

/* ---- rooms ---- */

static void send_occupant(const CwLinkMsg *msg, guint i)
{
    g_autofree char *nick = g_strdup_printf("person%05u", i);
    g_autofree char *contact =
        g_str_has_suffix(msg->room, "known") ? g_strdup_printf("%s@example.org", nick) : NULL;

    cw_link_peer_send(peer, &(CwLinkMsg){.kind = CW_LINK_OCCUPANT,
                                         .account = msg->account,
                                         .room = msg->room,
                                         .nick = nick,
                                         .contact = contact,
                                         .role = CW_ROLE_PARTICIPANT,
                                         .affiliation = CW_AFFILIATION_NONE,
                                         .show = CW_SHOW_ONLINE});
}

static guint count_people(const CwLinkMsg *msg)
{
    return (guint)strtoul(msg->room + 1, NULL, 10);
}

static void join(const CwLinkMsg *msg)
{
    CwLinkMsg line = {.account = msg->account, .room = msg->room, .nick = msg->nick};

    for (guint i = 0; i < count_people(msg); i++)
        send_occupant(msg, i);
    line.kind = CW_LINK_OCCUPANT;
    line.role = CW_ROLE_PARTICIPANT;
    cw_link_peer_send(peer, &line);
    line.kind = CW_LINK_ROOM_SUBJECT;
    line.text = "a plague on both your houses";
    cw_link_peer_send(peer, &line);
    line.kind = CW_LINK_ROOM_JOINED;
    cw_link_peer_send(peer, &line);
}

static void split(const CwLinkMsg *msg)
{
    guint half = count_people(msg) / 2;

    for (guint i = 0; i < half; i++) {
        g_autofree char *nick = g_strdup_printf("person%05u", i);
        cw_link_peer_send(peer, &(CwLinkMsg){.kind = CW_LINK_OCCUPANT_GONE,
                                             .account = msg->account,
                                             .room = msg->room,
                                             .nick = nick,
                                             .exit = CW_EXIT_LEFT,
                                             .text = "one.example two.example"});
    }
    for (guint i = 0; i < half; i++)
        send_occupant(msg, i);
    cw_link_peer_send(peer, &(CwLinkMsg){.kind = CW_LINK_MESSAGE,
                                         .account = msg->account,
                                         .contact = "contact0000",
                                         .text = "behind them"});
}

static void say(const CwLinkMsg *msg)
{
    static guint count;
    g_autofree char *text = g_strdup_printf("line %u", ++count);

    cw_link_peer_send(peer,
                      &(CwLinkMsg){.kind = CW_LINK_ACK, .account = msg->account, .id = msg->id});
    cw_link_peer_send(peer, &(CwLinkMsg){.kind = CW_LINK_ROOM_MESSAGE,
                                         .account = msg->account,
                                         .room = msg->room,
                                         .nick = "u00000",
                                         .id = msg->id,
                                         .text = text});
    if (g_str_equal(msg->text, "split"))
        split(msg);
}

static void leave(const CwLinkMsg *msg)
{
    cw_link_peer_send(peer, &(CwLinkMsg){.kind = CW_LINK_ROOM_LEFT,
                                         .account = msg->account,
                                         .room = msg->room,
                                         .exit = CW_EXIT_LEFT});
}

/* ---- the link ---- */

static void send_hello(void)
{
    g_autoptr(CwProtocol) protocol = cw_protocol_new();
    /* as IRC has it: who registered here is to log in there */
    CwField *server = cw_field_new(CW_FIELD_TEXT, "split.1", "Server", "127.0.0.1");

    protocol->id = g_strdup("bench");
    protocol->name = g_strdup("Bench");
    protocol->identity = g_strdup("irc");
    protocol->password = CW_PASSWORD_OPTIONAL;
    protocol->rooms = TRUE;
    protocol->room_prefixes = g_strdup("#");
    server->separator = '@';
    server->from_right = TRUE;
    g_ptr_array_add(protocol->splits, server);
    cw_link_peer_send(
        peer,
        &(CwLinkMsg){.kind = CW_LINK_HELLO, .version = CW_LINK_VERSION, .protocol = protocol});
}

static void message_cb(const CwLinkMsg *msg, gpointer data)
{
    if (msg->kind == CW_LINK_HELLO)
        send_hello();
    else if (msg->kind == CW_LINK_PING)
        cw_link_peer_send(peer, &(CwLinkMsg){.kind = CW_LINK_PONG, .id = msg->id});
    else if (msg->kind == CW_LINK_LOGIN)
        log_in(msg);
    else if (msg->kind == CW_LINK_LOGOUT)
        send_state(msg->account, CW_ACCOUNT_OFFLINE);
    else if (msg->kind == CW_LINK_ROOM_JOIN)
        join(msg);
    else if (msg->kind == CW_LINK_ROOM_LEAVE)
        leave(msg);
    else if (msg->kind == CW_LINK_ROOM_MESSAGE)
        say(msg);
    else if (msg->id != 0)
        cw_link_peer_send(
            peer, &(CwLinkMsg){.kind = CW_LINK_ACK, .account = msg->account, .id = msg->id});
}

static void closed_cb(const GError *error, gpointer data)
{
    g_main_loop_quit(loop);
}

int main(int argc, char **argv)
{
    static const CwLinkPeerEvents events = {.message = message_cb, .closed = closed_cb};

    loop = g_main_loop_new(NULL, FALSE);
    peer = cw_link_peer_new(3, CW_LINK_HOST, 0, 0, &events, NULL);
    g_main_loop_run(loop);
    cw_link_peer_free(peer);
    g_main_loop_unref(loop);
    return 0;
}
