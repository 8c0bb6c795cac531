/* tests/bench/irc.c: as much of an IRC server as prpl-irc needs
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "tests/bench/irc.h"

#include <stdlib.h>
#include <string.h>

#include "tests/bench/world.h"

#define SERVER "irc.bench"

typedef struct {
    char nick[64];
    gboolean has_user, welcome;
    guint user;
} Client;

static const BenchIrcEvents *events;

static void say(BenchChannel *channel, const char *format, ...) G_GNUC_PRINTF(2, 3);
static void say(BenchChannel *channel, const char *format, ...)
{
    char line[1024];
    va_list arguments;

    va_start(arguments, format);
    int length = g_vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    bench_channel_send(channel, line, (gsize)MIN(length, (int)sizeof line - 1));
}

static void welcome(BenchChannel *channel, Client *client)
{
    const char *nick = client->nick;

    client->welcome = TRUE;
    client->user = bench_user_number(nick, strlen(nick));
    say(channel, ":" SERVER " 001 %s :Welcome %s\r\n", nick, nick);
    say(channel, ":" SERVER " 002 %s :Your host is " SERVER "\r\n", nick);
    say(channel, ":" SERVER " 003 %s :This server was created today\r\n", nick);
    say(channel, ":" SERVER " 004 %s " SERVER " 1 i n\r\n", nick);
    say(channel, ":" SERVER " 375 %s :- Message of the day\r\n", nick);
    say(channel, ":" SERVER " 372 %s :- none\r\n", nick);
    say(channel, ":" SERVER " 376 %s :End of MOTD\r\n", nick);
    events->joined(client->user, channel);
}

static void take_line(BenchChannel *channel, const char *line, gsize length)
{
    Client *client = channel->data;
    const char *argument = memchr(line, ' ', length);

    argument = argument == NULL ? line + length : argument + 1;
    gsize rest = (gsize)(line + length - argument);
    if (g_str_has_prefix(line, "PRIVMSG ")) {
        const char *text = memchr(argument, ':', rest);
        if (text != NULL)
            events->message(client->user, text + 1, (gsize)(line + length - text - 1));
    } else if (g_str_has_prefix(line, "NICK ")) {
        g_strlcpy(client->nick, argument, MIN(sizeof client->nick, rest + 1));
    } else if (g_str_has_prefix(line, "USER ")) {
        client->has_user = TRUE;
    } else if (g_str_has_prefix(line, "PING ")) {
        say(channel, ":" SERVER " PONG " SERVER " %.*s\r\n", (int)rest, argument);
    } else if (g_str_has_prefix(line, "ISON ")) {
        say(channel, ":" SERVER " 303 %s :%.*s\r\n", client->nick, (int)rest, argument);
    } else if (g_str_has_prefix(line, "WHOIS ")) {
        say(channel, ":" SERVER " 401 %s %.*s :No such nick\r\n", client->nick, (int)rest,
            argument);
    } else if (g_str_has_prefix(line, "QUIT")) {
        bench_channel_close(channel);
    }
    if (!client->welcome && client->has_user && *client->nick != '\0')
        welcome(channel, client);
}

static gsize input_cb(BenchChannel *channel, const char *bytes, gsize length)
{
    gsize taken = 0;

    for (const char *end; (end = memchr(bytes + taken, '\n', length - taken)) != NULL;) {
        gsize size = (gsize)(end - (bytes + taken));
        take_line(channel, bytes + taken, size > 0 && end[-1] == '\r' ? size - 1 : size);
        taken += size + 1;
    }
    return taken;
}

static void closed_cb(BenchChannel *channel)
{
    Client *client = channel->data;

    if (client->welcome)
        events->left(client->user);
    g_free(client);
}

static void accepted_cb(int fd)
{
    bench_channel_new(fd, input_cb, closed_cb, g_new0(Client, 1));
}

guint16 bench_irc_listen(const BenchIrcEvents *listen_events)
{
    guint16 port = 0;

    events = listen_events;
    bench_loop_listen(accepted_cb, &port);
    return port;
}

void bench_irc_send(BenchChannel *channel, guint user, const char *text, gsize length)
{
    char line[1024];
    int size = g_snprintf(line, sizeof line, ":peer!p@bench PRIVMSG u%05u :%.*s\r\n", user,
                          (int)length, text);

    bench_channel_send(channel, line, (gsize)size);
}
