/* tests/bench/host.c: a protocol host without a network, for what the gateway alone costs
 *
 * Takes every log-in and acknowledges everything.  An account has as many contacts as its option
 * `contacts` says, each with a name, a group and a presence with a status.
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

static void send_hello(void)
{
    g_autoptr(CwProtocol) protocol = cw_protocol_new();
    /* as IRC has it: who registered here is to log in there */
    CwField *server = cw_field_new(CW_FIELD_TEXT, "split.1", "Server", "127.0.0.1");

    protocol->id = g_strdup("bench");
    protocol->name = g_strdup("Bench");
    protocol->identity = g_strdup("irc");
    protocol->password = CW_PASSWORD_OPTIONAL;
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
