/* tests/bench/floor.c: the least that a gateway to IRC can do, to measure against
 *
 *     floor JABBER-PORT IRC-PORT USERS
 *
 * Parses the component's stream with expat and writes each message as a line to the IRC connection
 * of its sender; writes each line of IRC as a stanza.  Nothing else: no checks, no errors, nothing
 * kept, no limits, one process.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <expat.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/bench/loop.h"
#include "tests/bench/world.h"

static struct {
    XML_Parser parser;
    BenchChannel *stream, **irc;
    guint n_users;
    char from[1024], to[1024]; /* of the message that is being read */
    GString *body, *out;
    guint depth;
    gboolean in_body;
} self;

/* ---- to the network ---- */

static void start_cb(void *data, const char *name, const char **attributes)
{
    self.depth++;
    if (self.depth == 2) {
        for (; *attributes != NULL; attributes += 2) {
            if (strcmp(*attributes, "from") == 0)
                g_strlcpy(self.from, attributes[1], sizeof self.from);
            else if (strcmp(*attributes, "to") == 0)
                g_strlcpy(self.to, attributes[1], sizeof self.to);
        }
        g_string_truncate(self.body, 0);
    }
    self.in_body = self.depth == 3 && strcmp(name, "body") == 0;
}

static void text_cb(void *data, const char *text, int length)
{
    if (self.in_body)
        g_string_append_len(self.body, text, length);
}

static void end_cb(void *data, const char *name)
{
    char head[256];

    self.in_body = FALSE;
    if (--self.depth != 1 || strcmp(name, "message") != 0 || self.body->len == 0)
        return;
    BenchChannel *channel = self.irc[strtoul(self.from + 1, NULL, 10)];
    int length =
        g_snprintf(head, sizeof head, "PRIVMSG %.*s :", (int)strcspn(self.to, "@"), self.to);
    bench_channel_send(channel, head, (gsize)length);
    g_string_append(self.body, "\r\n");
    bench_channel_send(channel, self.body->str, self.body->len);
}

static gsize stream_input_cb(BenchChannel *channel, const char *bytes, gsize length)
{
    if (XML_Parse(self.parser, bytes, (int)length, XML_FALSE) == XML_STATUS_ERROR)
        g_error("not well-formed");
    return length;
}

/* ---- to the user ---- */

static void append_escaped(GString *out, const char *text, gsize length)
{
    gsize plain = 0;

    for (gsize i = 0; i < length; i++) {
        const char *instead = text[i] == '<'   ? "&lt;"
                              : text[i] == '>' ? "&gt;"
                              : text[i] == '&' ? "&amp;"
                                               : NULL;
        if (instead == NULL)
            continue;
        g_string_append_len(out, text + plain, (gssize)(i - plain));
        g_string_append(out, instead);
        plain = i + 1;
    }
    g_string_append_len(out, text + plain, (gssize)(length - plain));
}

/* ":peer!p@bench PRIVMSG u00012 :text" */
static void take_line(const char *line, gsize length)
{
    char head[256];
    const char *end = line + length;
    const char *command = memchr(line, ' ', length);

    if (command == NULL || !g_str_has_prefix(command, " PRIVMSG "))
        return;
    const char *nick = command + strlen(" PRIVMSG ");
    const char *text = memchr(nick, ':', (gsize)(end - nick));
    if (text == NULL)
        return;
    int size = g_snprintf(head, sizeof head,
                          "<message type='chat' from='%.*s@" BENCH_DOMAIN "' to='%.*s@" BENCH_HOME
                          "'><body>",
                          (int)strcspn(line + 1, "!"), line + 1, (int)strcspn(nick, " "), nick);
    g_string_append_len(self.out, head, size);
    append_escaped(self.out, text + 1, (gsize)(end - text - 1));
    g_string_append(self.out, "</body></message>");
}

static gsize irc_input_cb(BenchChannel *channel, const char *bytes, gsize length)
{
    gsize taken = 0;

    g_string_truncate(self.out, 0);
    for (const char *end; (end = memchr(bytes + taken, '\n', length - taken)) != NULL;) {
        take_line(bytes + taken, (gsize)(end - (bytes + taken)) - 1);
        taken = (gsize)(end + 1 - bytes);
    }
    if (self.out->len > 0)
        bench_channel_send(self.stream, self.out->str, self.out->len);
    return taken;
}

/* ---- life ---- */

static void closed_cb(BenchChannel *channel)
{
    exit(0);
}

static void send_text(BenchChannel *channel, const char *text)
{
    bench_channel_send(channel, text, strlen(text));
}

int main(int argc, char **argv)
{
    if (argc != 4) {
        fprintf(stderr, "usage: floor JABBER-PORT IRC-PORT USERS\n");
        return 64;
    }
    self.n_users = (guint)strtoul(argv[3], NULL, 10);
    self.irc = g_new0(BenchChannel *, self.n_users);
    self.body = g_string_new(NULL);
    self.out = g_string_new(NULL);
    self.parser = XML_ParserCreate("UTF-8");
    XML_SetElementHandler(self.parser, start_cb, end_cb);
    XML_SetCharacterDataHandler(self.parser, text_cb);

    for (guint i = 0; i < self.n_users; i++) {
        g_autofree char *hello = g_strdup_printf("NICK u%05u\r\nUSER u 0 * :u\r\n", i);
        self.irc[i] = bench_channel_new(bench_loop_connect((guint16)strtoul(argv[2], NULL, 10)),
                                        irc_input_cb, closed_cb, NULL);
        send_text(self.irc[i], hello);
    }
    self.stream = bench_channel_new(bench_loop_connect((guint16)strtoul(argv[1], NULL, 10)),
                                    stream_input_cb, closed_cb, NULL);
    send_text(self.stream, "<?xml version='1.0'?><stream:stream xmlns='jabber:component:accept' "
                           "xmlns:stream='http://etherx.jabber.org/streams' to='" BENCH_DOMAIN
                           "'><handshake>0</handshake>");
    bench_loop_run(NULL, NULL, 86400);
    return 0;
}
