/* tests/peers/stream-driver.c: streams and nothing behind them, driven by lines
 *
 *     stream-driver [KEY=VALUE ...] PORT DOMAIN [DOMAIN ...]
 *
 * Makes a stream for each domain to 127.0.0.1:PORT and prints what it is told, one line each:
 * "DOMAIN up", "DOMAIN down", "DOMAIN refused", "DOMAIN full", "DOMAIN short", "DOMAIN stopped",
 * "DOMAIN stanza NAME ID BYTES" (of <body/>), "DOMAIN skipped NAME".  Takes lines on stdin:
 *
 *     send DOMAIN FROM TO BODY...    a message; "-" leaves an address out
 *     flood DOMAIN COUNT SIZE        messages, until the stream is congested; then goes on when it
 *                                    is not; "DOMAIN flooded TAKEN" when all are taken
 *     insist DOMAIN COUNT SIZE       messages at once, whatever congested() says
 *     stop                           all streams, then exit 0
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <gio/gio.h>
#include <gio/gunixinputstream.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "component/stream.h"

typedef struct {
    CwStream *stream;
    gboolean congested, stopped;
    guint flood; /* messages still to send */
    guint taken;
    gsize size;
} Peer;

static GPtrArray *peers;
static GMainLoop *loop;

static CwStreamConfig config = {
    .secret = "s3cret",
    .server_host = "127.0.0.1",
    .send_queue = 1048576,
    .limits = {.stanza_size = 262144, .depth = 64, .attributes = 64},
    .ping_interval = 60000,
    .ping_timeout = 30000,
    .retry_first = 50,
    .retry_max = 400,
    .refused_retry = 1000,
    .connect_timeout = 10000,
    .stop_timeout = 2000,
    .trace = TRUE,
};

static void say(const Peer *peer, const char *what)
{
    printf("%s %s\n", cw_stream_domain(peer->stream), what);
    fflush(stdout);
}

static gboolean send_message(Peer *peer, const char *from, const char *to, const char *body)
{
    CwWriter *writer = cw_stream_begin(peer->stream, "message", from, to, NULL, "m");

    cw_writer_leaf(writer, "body", NULL, body);
    return cw_stream_end(peer->stream);
}

static void pour(Peer *peer)
{
    g_autofree char *body = g_strnfill(peer->size, 'x');

    while (peer->flood > 0 && !peer->congested) {
        if (!send_message(peer, cw_stream_domain(peer->stream), "juliet@example.com", body))
            return;
        peer->flood--;
        peer->taken++;
        if (peer->flood == 0) {
            g_autofree char *done = g_strdup_printf("flooded %u", peer->taken);
            say(peer, done);
        }
    }
}

static void up_cb(gpointer data)
{
    say(data, "up");
}

static void down_cb(gboolean refused, gpointer data)
{
    say(data, refused ? "refused" : "down");
}

static void stanza_cb(const CwNode *stanza, gpointer data)
{
    const char *body = cw_node_child_text(stanza, "body", NULL);
    const char *id = cw_node_attr(stanza, "id");
    g_autofree char *line =
        g_strdup_printf("stanza %s %s %zu", stanza->name, id ? id : "-", body ? strlen(body) : 0);
    say(data, line);
}

static void skipped_cb(const CwNode *stanza, const char *why, gpointer data)
{
    g_autofree char *line = g_strdup_printf("skipped %s", stanza->name);
    say(data, line);
}

static gboolean pour_cb(gpointer data)
{
    pour(data);
    return G_SOURCE_REMOVE;
}

static void congested_cb(gboolean yes, gpointer data)
{
    Peer *peer = data;

    peer->congested = yes;
    say(peer, yes ? "full" : "short");
    if (!yes)
        g_idle_add(pour_cb, peer);
}

static void stopped_cb(gpointer data)
{
    gboolean all = TRUE;

    ((Peer *)data)->stopped = TRUE;
    say(data, "stopped");
    for (guint i = 0; i < peers->len; i++)
        all = all && ((Peer *)g_ptr_array_index(peers, i))->stopped;
    if (all)
        g_main_loop_quit(loop);
}

static Peer *find(const char *domain)
{
    for (guint i = 0; i < peers->len; i++) {
        Peer *peer = g_ptr_array_index(peers, i);

        if (g_strcmp0(cw_stream_domain(peer->stream), domain) == 0)
            return peer;
    }
    g_error("no stream for '%s'", domain);
}

static void begin_flood(char **words, gboolean insist)
{
    Peer *peer = find(words[1]);
    guint count = (guint)atoi(words[2]);

    peer->size = (gsize)atoi(words[3]);
    if (!insist) {
        peer->flood = count;
        peer->taken = 0;
        pour(peer);
        return;
    }
    g_autofree char *body = g_strnfill(peer->size, 'x');
    guint taken = 0;
    for (guint i = 0; i < count; i++)
        taken += send_message(peer, words[1], "juliet@example.com", body);
    g_autofree char *line = g_strdup_printf("insisted %u", taken);
    say(peer, line);
}

static void obey(const char *line)
{
    g_auto(GStrv) words = g_strsplit(line, " ", 5);
    guint count = g_strv_length(words);

    if (g_str_equal(line, "stop")) {
        for (guint i = 0; i < peers->len; i++)
            cw_stream_stop(((Peer *)g_ptr_array_index(peers, i))->stream);
    } else if (count == 5 && g_str_equal(words[0], "send")) {
        g_autofree char *body = g_strcompress(words[4]);
        gboolean sent = send_message(find(words[1]), *words[2] == '-' ? NULL : words[2],
                                     *words[3] == '-' ? NULL : words[3], body);
        say(find(words[1]), sent ? "sent" : "dropped");
    } else if (count == 4 && g_str_equal(words[0], "flood")) {
        begin_flood(words, FALSE);
    } else if (count == 4 && g_str_equal(words[0], "insist")) {
        begin_flood(words, TRUE);
    } else {
        g_error("what is '%s'?", line);
    }
}

static void line_cb(GObject *source, GAsyncResult *result, gpointer data)
{
    GDataInputStream *lines = G_DATA_INPUT_STREAM(source);
    g_autofree char *line = g_data_input_stream_read_line_finish(lines, result, NULL, NULL);

    if (!line)
        return;
    obey(line);
    g_data_input_stream_read_line_async(lines, G_PRIORITY_DEFAULT, NULL, line_cb, NULL);
}

static void set_option(const char *option)
{
    const char *value = strchr(option, '=') + 1;
    guint number = (guint)atoi(value);
    gsize length = (gsize)(value - option) - 1;

#define IS(name) (length == strlen(name) && strncmp(option, name, length) == 0)
    if (IS("secret"))
        config.secret = value;
    else if (IS("host"))
        config.server_host = value;
    else if (IS("send_queue"))
        config.send_queue = number;
    else if (IS("stanza_size"))
        config.limits.stanza_size = number;
    else if (IS("ping_interval"))
        config.ping_interval = number;
    else if (IS("ping_timeout"))
        config.ping_timeout = number;
    else if (IS("refused_retry"))
        config.refused_retry = number;
    else if (IS("retry_first"))
        config.retry_first = number;
    else if (IS("retry_max"))
        config.retry_max = number;
    else if (IS("connect_timeout"))
        config.connect_timeout = number;
    else if (IS("stop_timeout"))
        config.stop_timeout = number;
    else
        g_error("what is '%s'?", option);
#undef IS
}

static void peer_free(gpointer data)
{
    cw_stream_free(((Peer *)data)->stream);
    g_free(data);
}

int main(int argc, char **argv)
{
    static const CwStreamEvents events = {up_cb,      down_cb,      stanza_cb,
                                          skipped_cb, congested_cb, stopped_cb};
    g_autoptr(GInputStream) input = g_unix_input_stream_new(0, FALSE);
    g_autoptr(GDataInputStream) lines = g_data_input_stream_new(input);
    int i = 1;

    g_log_writer_default_set_use_stderr(TRUE); /* stdout is for the test */
    peers = g_ptr_array_new_with_free_func(peer_free);
    loop = g_main_loop_new(NULL, FALSE);
    for (; i < argc && strchr(argv[i], '='); i++)
        set_option(argv[i]);
    config.server_port = (guint16)atoi(argv[i++]);
    for (; i < argc; i++) {
        Peer *peer = g_new0(Peer, 1);

        config.domain = argv[i];
        peer->stream = cw_stream_new(&config, &events, peer);
        g_ptr_array_add(peers, peer);
        cw_stream_start(peer->stream);
    }
    g_data_input_stream_read_line_async(lines, G_PRIORITY_DEFAULT, NULL, line_cb, NULL);
    g_main_loop_run(loop);
    g_ptr_array_unref(peers);
    g_main_loop_unref(loop);
    return 0;
}
