/* tests/unit/component/test-stream.c: the life of a stream against a server in the same loop
 *
 * What the server may do wrong is in tests/functional/test_stream.py; here is what the owner may
 * do: stop and free at any time, from any callback.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "component/stream.h"

#include <gio/gio.h>
#include <string.h>

#define HEADER                                                                                     \
    "<stream:stream xmlns='jabber:component:accept' "                                              \
    "xmlns:stream='http://etherx.jabber.org/streams' id='s1'>"
#define CONFLICT                                                                                   \
    "<stream:error><conflict xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error>"

/* ---- warnings are part of what is tested; g_test_expect_message() would stumble on info ---- */

static GString *warnings;

static void log_cb(const char *domain, GLogLevelFlags level, const char *text, gpointer data)
{
    if (level & (G_LOG_LEVEL_CRITICAL | G_LOG_LEVEL_ERROR))
        g_test_fail_printf("%s: %s", domain, text);
    if (level & G_LOG_LEVEL_WARNING)
        g_string_append_printf(warnings, "%s\n", text);
}

/* Takes what was warned of since the last time. */
static void assert_warnings(guint count, const char *part)
{
    g_auto(GStrv) lines = g_strsplit(warnings->str, "\n", -1);

    /* "" splits into nothing, text into its lines and the nothing behind the last */
    g_assert_cmpuint(g_strv_length(lines), ==, count ? count + 1 : 0);
    for (guint i = 0; i < count; i++)
        g_assert_nonnull(strstr(lines[i], part));
    g_string_truncate(warnings, 0);
}

/* ---- a server that says what it is told to ---- */

typedef struct {
    GSocketService *service;
    guint16 port;
    GSocketConnection *connection; /* the newest */
    GString *heard;
    guint accepted;
    const char *on_header; /* NULL: silence */
    const char *on_handshake;
    const char *on_message;
    const char *on_close;
    char buffer[4096];
} Server;

static void say(Server *server, const char *text)
{
    if (text)
        g_output_stream_write_all(g_io_stream_get_output_stream(G_IO_STREAM(server->connection)),
                                  text, strlen(text), NULL, NULL, NULL);
}

static void read_on(Server *server, GSocketConnection *connection);

static void read_cb(GObject *source, GAsyncResult *result, gpointer data)
{
    Server *server = data;
    gssize count = g_input_stream_read_finish(G_INPUT_STREAM(source), result, NULL);
    g_autoptr(GSocketConnection) connection = g_object_steal_data(G_OBJECT(source), "connection");

    if (count <= 0 || connection != server->connection)
        return;

    gsize before = server->heard->len;
    g_string_append_len(server->heard, server->buffer, count);
    const char *news = server->heard->str + before;
    if (strstr(news, "<stream:stream"))
        say(server, server->on_header);
    if (strstr(news, "<handshake>"))
        say(server, server->on_handshake);
    if (strstr(news, "<message"))
        say(server, server->on_message);
    if (strstr(news, "</stream:stream>"))
        say(server, server->on_close);
    read_on(server, connection);
}

static void read_on(Server *server, GSocketConnection *connection)
{
    GInputStream *stream = g_io_stream_get_input_stream(G_IO_STREAM(connection));

    g_object_set_data_full(G_OBJECT(stream), "connection", g_object_ref(connection),
                           g_object_unref);
    g_input_stream_read_async(stream, server->buffer, sizeof server->buffer, 0, NULL, read_cb,
                              server);
}

static gboolean incoming_cb(GSocketService *service, GSocketConnection *connection, GObject *source,
                            gpointer data)
{
    Server *server = data;

    g_set_object(&server->connection, connection);
    server->accepted++;
    read_on(server, connection);
    return TRUE;
}

static void server_begin(Server *server)
{
    g_autoptr(GInetAddress) loopback = g_inet_address_new_loopback(G_SOCKET_FAMILY_IPV4);
    g_autoptr(GSocketAddress) address = g_inet_socket_address_new(loopback, 0);
    g_autoptr(GSocketAddress) bound = NULL;

    *server = (Server){.heard = g_string_new(NULL),
                       .on_header = HEADER,
                       .on_handshake = "<handshake/>",
                       .on_close = "</stream:stream>"};
    server->service = g_socket_service_new();
    g_assert_true(g_socket_listener_add_address(G_SOCKET_LISTENER(server->service), address,
                                                G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_TCP, NULL,
                                                &bound, NULL));
    server->port = g_inet_socket_address_get_port(G_INET_SOCKET_ADDRESS(bound));
    g_signal_connect(server->service, "incoming", G_CALLBACK(incoming_cb), server);
}

static void server_end(Server *server)
{
    g_socket_service_stop(server->service);
    g_socket_listener_close(G_SOCKET_LISTENER(server->service));
    if (server->connection)
        g_io_stream_close(G_IO_STREAM(server->connection), NULL, NULL);
    while (g_main_context_iteration(NULL, FALSE))
        ;
    g_clear_object(&server->connection);
    g_clear_object(&server->service);
    g_string_free(server->heard, TRUE);
}

/* ---- an owner that notes what it is told ---- */

typedef enum { NOWHERE, IN_UP, IN_DOWN, IN_STANZA, IN_CONGESTED, IN_STOPPED } Place;

typedef struct {
    CwStream *stream;
    GString *seen; /* "up ", "down ", "refused ", "stanza ", "full ", "short ", "stopped " */
    Place free_in, stop_in;
} Owner;

static void act(Owner *owner, Place place, const char *what)
{
    g_string_append(owner->seen, what);
    if (owner->stop_in == place)
        cw_stream_stop(owner->stream);
    if (owner->free_in == place)
        g_clear_pointer(&owner->stream, cw_stream_free);
}

static void up_cb(gpointer data)
{
    act(data, IN_UP, "up ");
}

static void down_cb(gboolean refused, gpointer data)
{
    act(data, IN_DOWN, refused ? "refused " : "down ");
}

static void stanza_cb(const CwNode *stanza, gpointer data)
{
    g_assert_cmpstr(cw_node_attr(stanza, "to"), ==, "irc.example.com");
    act(data, IN_STANZA, "stanza ");
}

static void congested_cb(gboolean yes, gpointer data)
{
    act(data, IN_CONGESTED, yes ? "full " : "short ");
}

static void stopped_cb(gpointer data)
{
    act(data, IN_STOPPED, "stopped ");
}

static const CwStreamEvents events = {up_cb, down_cb, stanza_cb, NULL, congested_cb, stopped_cb};

static void owner_begin(Owner *owner, const Server *server)
{
    CwStreamConfig config = {.domain = "IRC.Example.com",
                             .secret = "s3cret",
                             .server_host = "127.0.0.1",
                             .server_port = server->port,
                             .send_queue = 20000,
                             .limits = {.stanza_size = 262144, .depth = 64, .attributes = 64},
                             .ping_interval = 60000,
                             .ping_timeout = 30000,
                             .retry_first = 20,
                             .retry_max = 40,
                             .refused_retry = 60,
                             .connect_timeout = 5000,
                             .stop_timeout = 200,
                             .trace = TRUE};

    *owner = (Owner){.seen = g_string_new(NULL)};
    owner->stream = cw_stream_new(&config, &events, owner);
}

static void owner_end(Owner *owner)
{
    cw_stream_free(owner->stream);
    g_string_free(owner->seen, TRUE);
}

static gboolean give_up_cb(gpointer data)
{
    *(gboolean *)data = TRUE;
    return G_SOURCE_CONTINUE;
}

/* Runs the loop until `text` has been seen. */
static void wait_for(GString *seen, const char *text)
{
    gboolean late = FALSE;
    guint timer = g_timeout_add_seconds(20, give_up_cb, &late);

    while (!late && !strstr(seen->str, text))
        g_main_context_iteration(NULL, TRUE);
    g_source_remove(timer);
    if (late)
        g_error("'%s' does not come, but: %s", text, seen->str);
}

static void run_for(guint ms)
{
    gboolean late = FALSE;
    guint timer = g_timeout_add(ms, give_up_cb, &late);

    while (!late)
        g_main_context_iteration(NULL, TRUE);
    g_source_remove(timer);
}

static gboolean send_message(CwStream *stream, const char *from, const char *to, const char *body)
{
    CwWriter *writer = cw_stream_begin(stream, "message", from, to, "chat", "m1");

    cw_writer_leaf(writer, "body", NULL, body);
    return cw_stream_end(stream);
}

/* ---- the whole life ---- */

static void stream__comes_up_sends_receives_and_stops(void)
{
    Server server;
    Owner owner;

    server_begin(&server);
    server.on_message = "<message from='a@b' to='irc.example.com'/>";
    owner_begin(&owner, &server);
    g_assert_cmpstr(cw_stream_domain(owner.stream), ==, "irc.example.com");
    g_assert_cmpint(cw_stream_state(owner.stream), ==, CW_STREAM_IDLE);
    g_assert_false(send_message(owner.stream, "irc.example.com", "a@b", "too early"));

    cw_stream_start(owner.stream);
    wait_for(owner.seen, "up ");
    g_assert_cmpint(cw_stream_state(owner.stream), ==, CW_STREAM_UP);
    g_assert_nonnull(strstr(server.heard->str, " to='irc.example.com'>"));
    g_assert_nonnull(
        strstr(server.heard->str, "<handshake>959fbb9c4ed23abd46ab356942367d4b7fc7a7c7<"));
    g_assert_true(send_message(owner.stream, "nick@irc.example.com", "a@b", "h<i"));
    wait_for(owner.seen, "stanza ");
    g_assert_true(g_str_has_suffix(server.heard->str,
                                   "<message type='chat' id='m1' from='nick@irc.example.com' "
                                   "to='a@b'><body>h&lt;i</body></message>"));

    cw_stream_stop(owner.stream);
    cw_stream_stop(owner.stream);
    g_assert_cmpint(cw_stream_state(owner.stream), ==, CW_STREAM_CLOSING);
    wait_for(owner.seen, "stopped ");
    g_assert_true(g_str_has_suffix(server.heard->str, "</message></stream:stream>"));
    g_assert_cmpstr(owner.seen->str, ==, "up stanza stopped ");
    owner_end(&owner);
    server_end(&server);
}

static void stream__drops__stanzas_that_would_end_it(void)
{
    Server server;
    Owner owner;

    server_begin(&server);
    owner_begin(&owner, &server);
    cw_stream_start(owner.stream);
    wait_for(owner.seen, "up ");

    /* C9, C10: each is a mistake of ours, logged, not sent */
    g_assert_false(send_message(owner.stream, "a@evil.example", "a@b", "x"));
    g_assert_false(send_message(owner.stream, "a@irc.example.com", NULL, "x"));
    g_assert_false(send_message(owner.stream, NULL, "a@b", "x"));
    assert_warnings(3, "a stanza is dropped");

    cw_writer_start(cw_stream_begin(owner.stream, "iq", "irc.example.com", "a@b", "get", "1"),
                    "query", "urn:x");
    g_assert_false(cw_stream_end(owner.stream));
    assert_warnings(1, "elements do not match");

    g_assert_true(send_message(owner.stream, "a@irc.example.com/r", "a@b", "last"));
    wait_for(server.heard, "last");
    g_assert_null(strstr(server.heard->str, "evil"));
    g_assert_null(strstr(server.heard->str, "<iq"));
    g_assert_true(strstr(server.heard->str, "<message") ==
                  g_strrstr(server.heard->str, "<message"));
    owner_end(&owner);
    server_end(&server);
}

static void stream__comes_back__after_a_loss(void)
{
    Server server;
    Owner owner;

    server_begin(&server);
    owner_begin(&owner, &server);
    cw_stream_start(owner.stream);
    for (guint i = 1; i <= 3; i++) {
        wait_for(owner.seen, "up ");
        g_assert_cmpuint(server.accepted, ==, i);
        g_io_stream_close(G_IO_STREAM(server.connection), NULL, NULL);
        wait_for(owner.seen, "down ");
        g_assert_cmpint(cw_stream_state(owner.stream), ==, CW_STREAM_WAITING);
        g_assert_cmpstr(owner.seen->str, ==, "up down ");
        g_string_truncate(owner.seen, 0);
    }
    owner_end(&owner);
    server_end(&server);
}

static void stream__bounds__its_queue(void)
{
    g_autofree char *body = g_strnfill(10000, 'x');
    Server server;
    Owner owner;

    server_begin(&server);
    owner_begin(&owner, &server);
    cw_stream_start(owner.stream);
    wait_for(owner.seen, "up ");

    /* the loop does not run, so nothing leaves */
    g_assert_true(send_message(owner.stream, "irc.example.com", "a@b", body));
    g_assert_cmpstr(owner.seen->str, ==, "up ");
    g_assert_true(send_message(owner.stream, "irc.example.com", "a@b", body));
    g_assert_cmpstr(owner.seen->str, ==, "up full ");
    wait_for(owner.seen, "short ");

    g_string_truncate(owner.seen, 0);
    guint taken = 0;
    while (send_message(owner.stream, "irc.example.com", "a@b", body))
        taken++;
    g_assert_cmpuint(taken, >=, 8 * 2 - 1);
    g_assert_cmpuint(taken, <=, 8 * 2 + 1);
    wait_for(owner.seen, "down ");
    g_assert_cmpstr(owner.seen->str, ==, "full short down ");
    owner_end(&owner);
    server_end(&server);
}

/* ---- stop and free, everywhere ---- */

static void stream_stop__is_safe__in_every_state(void)
{
    for (int state = CW_STREAM_IDLE; state <= CW_STREAM_WAITING; state++) {
        Server server;
        Owner owner;

        server_begin(&server);
        owner_begin(&owner, &server);
        if (state == CW_STREAM_OPENING)
            server.on_header = NULL;
        if (state == CW_STREAM_HANDSHAKE)
            server.on_handshake = NULL;
        if (state == CW_STREAM_WAITING)
            server.on_handshake = CONFLICT "</stream:stream>";
        if (state == CW_STREAM_CLOSING) {
            server.on_handshake = "<handshake/><!-- no -->";
            server.on_close = NULL;
        }
        if (state != CW_STREAM_IDLE)
            cw_stream_start(owner.stream);
        while (cw_stream_state(owner.stream) != (CwStreamState)state)
            g_main_context_iteration(NULL, TRUE);

        g_string_truncate(owner.seen, 0);
        cw_stream_stop(owner.stream);
        g_assert_cmpstr(owner.seen->str, ==, "");
        wait_for(owner.seen, "stopped ");
        g_assert_cmpstr(owner.seen->str, ==, "stopped ");
        g_assert_cmpint(cw_stream_state(owner.stream), ==, CW_STREAM_STOPPED);
        run_for(100);
        g_assert_cmpstr(owner.seen->str, ==, "stopped ");
        g_assert_cmpint(cw_stream_state(owner.stream), ==, CW_STREAM_STOPPED);
        assert_warnings(state == CW_STREAM_CLOSING || state == CW_STREAM_WAITING,
                        "irc.example.com");
        owner_end(&owner);
        server_end(&server);
    }
}

static void stream_free__is_safe__in_every_state(void)
{
    for (int state = CW_STREAM_IDLE; state <= CW_STREAM_WAITING; state++) {
        Server server;
        Owner owner;

        server_begin(&server);
        owner_begin(&owner, &server);
        if (state == CW_STREAM_CLOSING || state == CW_STREAM_WAITING)
            server.on_header = "<!DOCTYPE x>";
        if (state != CW_STREAM_IDLE)
            cw_stream_start(owner.stream);
        while (cw_stream_state(owner.stream) != (CwStreamState)state)
            g_main_context_iteration(NULL, TRUE);
        g_clear_pointer(&owner.stream, cw_stream_free);
        assert_warnings(state == CW_STREAM_CLOSING || state == CW_STREAM_WAITING, "restricted-xml");
        run_for(50);
        owner_end(&owner);
        server_end(&server);
    }
}

/* Each callback frees, or stops, or both. */
static void stream_free__is_safe__in_every_callback(void)
{
    g_autofree char *body = g_strnfill(30000, 'x');

    for (int place = IN_UP; place <= IN_STOPPED; place++)
        for (int how = 1; how <= 3; how++) {
            Server server;
            Owner owner;

            server_begin(&server);
            owner_begin(&owner, &server);
            owner.free_in = how & 1 ? place : NOWHERE;
            owner.stop_in = how & 2 ? place : NOWHERE;
            if (place == IN_STANZA)
                server.on_handshake =
                    "<handshake/><message to='irc.example.com'/><message to='irc.example.com'/>";
            if (place == IN_DOWN)
                server.on_handshake = "<handshake/></stream:stream>";
            cw_stream_start(owner.stream);
            wait_for(owner.seen, "up ");
            if (place == IN_CONGESTED)
                send_message(owner.stream, "irc.example.com", "a@b", body);
            if (place == IN_STOPPED)
                cw_stream_stop(owner.stream);
            while (owner.free_in ? owner.stream != NULL
                                 : cw_stream_state(owner.stream) != CW_STREAM_STOPPED)
                g_main_context_iteration(NULL, TRUE);
            g_autofree char *before = g_strdup(owner.seen->str);
            run_for(60);
            g_assert_cmpstr(owner.seen->str, ==, before);
            g_assert_cmpint(strstr(before, "stopped ") != NULL, ==,
                            how == 2 || place == IN_STOPPED);
            /* what crosses our good-bye is still told */
            g_assert_cmpint(strstr(before, "stanza stanza") != NULL, ==,
                            place == IN_STANZA && how == 2);
            owner_end(&owner);
            server_end(&server);
        }
}

/* C6, C26: one is refused, its sibling does not notice. */
static void stream__disturbs__no_sibling(void)
{
    Server good, bad;
    Owner one, two;

    server_begin(&good);
    server_begin(&bad);
    bad.on_handshake =
        "<stream:error><host-unknown xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error>";
    owner_begin(&one, &good);
    owner_begin(&two, &bad);
    cw_stream_start(one.stream);
    cw_stream_start(two.stream);
    wait_for(one.seen, "up ");
    wait_for(two.seen, "refused refused refused ");
    assert_warnings(1, "does not know this component"); /* said once, not three times */
    g_assert_true(send_message(one.stream, "irc.example.com", "a@b", "still here"));
    wait_for(good.heard, "still here");
    g_assert_cmpstr(one.seen->str, ==, "up ");
    owner_end(&one);
    owner_end(&two);
    server_end(&good);
    server_end(&bad);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    warnings = g_string_new(NULL);
    g_log_set_always_fatal(G_LOG_FATAL_MASK);
    g_log_set_default_handler(log_cb, NULL);
#define ADD(name) g_test_add_func("/stream/" #name, name)
    ADD(stream__comes_up_sends_receives_and_stops);
    ADD(stream__drops__stanzas_that_would_end_it);
    ADD(stream__comes_back__after_a_loss);
    ADD(stream__bounds__its_queue);
    ADD(stream_stop__is_safe__in_every_state);
    ADD(stream_free__is_safe__in_every_state);
    ADD(stream_free__is_safe__in_every_callback);
    ADD(stream__disturbs__no_sibling);
    int result = g_test_run();
    g_string_free(warnings, TRUE);
    return result;
}
