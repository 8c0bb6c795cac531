/* component/stream.c: the XEP-0114 stream to the Jabber server: states, timers, what the server
 * says
 *
 * One connection at a time.  Each state has at most one timer: up to `handshake` it bounds the
 * whole log-in, in `up` it looks whether the server is alive, in `closing` it bounds the wait for
 * the server's close, in `waiting` it is the next attempt.  Times are µs of the monotonic clock,
 * settings are ms.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#define G_LOG_DOMAIN "component"

#include "component/stream-private.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>

#include "component/jid.h"
#include "component/stream-text.h"
#include "transport/secret.h"

#define NS_ACCEPT "jabber:component:accept"
#define NS_STREAM "http://etherx.jabber.org/streams"
#define NS_STREAM_ERRORS "urn:ietf:params:xml:ns:xmpp-streams"
#define CLOSE_TAG "</stream:stream>"
#define READ_CHUNK 16384 /* bytes a turn: one busy stream must not keep the loop */
#define LAST_WORDS 64    /* chunks that are read from a connection that broke */

static void set_state(CwStream *stream, CwStreamState state)
{
    if (!cw_stream_state_may_follow(stream->state, state))
        g_critical("%s: a move that may not be", stream->config.domain);
    g_info("%s: %s -> %s", stream->config.domain, cw_stream_state_to_string(stream->state),
           cw_stream_state_to_string(state));
    stream->state = state;
}

static void set_timer(CwStream *stream, guint wait, GSourceFunc callback)
{
    g_clear_handle_id(&stream->timer_id, g_source_remove);
    stream->timer_id = g_timeout_add(wait, callback, stream);
}

void cw_stream_hold(CwStream *stream)
{
    stream->busy++;
}

static void destroy(CwStream *stream)
{
    g_free((char *)stream->config.domain);
    g_free((char *)stream->config.server_host);
    cw_secret_wipe_string((char *)stream->config.secret);
    g_string_free(stream->out, TRUE);
    g_free(stream->last_trouble);
    g_free(stream->ping_id);
    g_free(stream);
}

gboolean cw_stream_release(CwStream *stream)
{
    gboolean freed = stream->freed;

    if (--stream->busy == 0 && freed)
        destroy(stream);
    return freed;
}

/* ---- the end of a connection ---- */

static void free_parser(CwStream *stream)
{
    CwXmlParser *parser = g_steal_pointer(&stream->parser);

    if (parser && parser == stream->feeding)
        cw_xml_parser_stop(parser); /* freed by who feeds it */
    else
        cw_xml_parser_free(parser);
}

static void disconnect(CwStream *stream)
{
    g_clear_handle_id(&stream->timer_id, g_source_remove);
    if (stream->connecting)
        g_cancellable_cancel(stream->connecting);
    g_clear_object(&stream->connecting);
    if (stream->read_source)
        g_source_destroy(stream->read_source);
    g_clear_pointer(&stream->read_source, g_source_unref);
    cw_stream_reset_out(stream);
    free_parser(stream);
    if (stream->connection)
        g_io_stream_close(G_IO_STREAM(stream->connection), NULL, NULL);
    g_clear_object(&stream->connection);
    g_clear_pointer(&stream->digest, g_free);
    stream->pinged = 0;
}

/* Between hold and release. */
static void announce_down(CwStream *stream, gboolean refused)
{
    gboolean was_up = stream->is_up, was_congested = stream->congested;

    stream->is_up = FALSE;
    stream->congested = FALSE;
    if ((was_up || refused) && !stream->stopping)
        stream->events->down(refused, stream->data);
    /* the queue is gone with the connection, and nobody would take the pause back later */
    if (was_congested && !stream->freed)
        stream->events->congested(FALSE, stream->data);
}

static void announce_stopped(CwStream *stream)
{
    set_state(stream, CW_STREAM_STOPPED);
    cw_stream_hold(stream);
    announce_down(stream, FALSE);
    if (!stream->freed)
        stream->events->stopped(stream->data);
    cw_stream_release(stream);
}

static void connect_to_server(CwStream *stream);

static gboolean retry_cb(gpointer data)
{
    CwStream *stream = data;

    stream->timer_id = 0;
    connect_to_server(stream);
    return G_SOURCE_REMOVE;
}

void cw_stream_lose(CwStream *stream, gboolean refused)
{
    disconnect(stream);
    if (stream->stopping) {
        announce_stopped(stream);
        return;
    }

    /* A server that takes us in and throws us out again at once is not to be tried every second. */
    if (stream->up_since &&
        g_get_monotonic_time() - stream->up_since >= (gint64)stream->config.retry_max * 1000)
        cw_backoff_reset(&stream->backoff);
    stream->up_since = 0;

    guint wait = refused ? cw_backoff_spread(stream->config.refused_retry, NULL)
                         : cw_backoff_next(&stream->backoff, NULL);
    set_state(stream, CW_STREAM_WAITING);
    set_timer(stream, wait, retry_cb);
    g_info("%s: next attempt in %u ms", stream->config.domain, wait);

    cw_stream_hold(stream);
    announce_down(stream, refused);
    cw_stream_release(stream);
}

/* The same trouble at each retry is worth one line to the operator, not one a minute. */
static gboolean is_new_trouble(CwStream *stream, const char *trouble)
{
    if (g_strcmp0(stream->last_trouble, trouble) == 0)
        return FALSE;
    g_free(stream->last_trouble);
    stream->last_trouble = g_strdup(trouble);
    return TRUE;
}

void cw_stream_lose_because(CwStream *stream, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    g_autofree char *trouble = g_strdup_vprintf(format, arguments);
    va_end(arguments);

    if (is_new_trouble(stream, trouble))
        g_message("%s: %s", stream->config.domain, trouble);
    else
        g_info("%s: %s", stream->config.domain, trouble);
    cw_stream_lose(stream, FALSE);
}

/* RFC 6120 4.4: a close is answered with a close.  Nobody waits for it to be read. */
static void answer_close(CwStream *stream)
{
    g_string_append(stream->out, CLOSE_TAG);
    cw_stream_flush_now(stream);
}

/* ---- closing, from our side ---- */

static gboolean closing_timeout_cb(gpointer data)
{
    CwStream *stream = data;

    stream->timer_id = 0;
    g_info("%s: the server did not close its side", stream->config.domain);
    cw_stream_lose(stream, FALSE);
    return G_SOURCE_REMOVE;
}

static void begin_closing(CwStream *stream)
{
    cw_stream_append(stream, CLOSE_TAG);
    set_state(stream, CW_STREAM_CLOSING);
    set_timer(stream, stream->config.stop_timeout, closing_timeout_cb);
}

static const char *condition_for(const GError *error)
{
    switch ((CwXmlError)error->code) {
    case CW_XML_ERROR_NOT_WELL_FORMED:
        return "not-well-formed";
    case CW_XML_ERROR_RESTRICTED:
        return "restricted-xml";
    case CW_XML_ERROR_LIMIT:
        return "policy-violation";
    case CW_XML_ERROR_INVALID:
        return "invalid-xml";
    }
    return "undefined-condition";
}

/* C13-C15: the server sent what we do not read any further.  It is told, and its rest is read and
 * thrown away until it closes, so that it can see why. */
static void close_with_error(CwStream *stream, const GError *error)
{
    const char *condition = condition_for(error);
    g_autofree char *trouble =
        g_strdup_printf("the stream is closed (%s), the server sent %s", condition, error->message);
    g_autoptr(GString) xml = g_string_new(NULL);
    CwWriter writer;

    if (is_new_trouble(stream, trouble))
        g_warning("%s: %s", stream->config.domain, trouble);
    else
        g_info("%s: %s", stream->config.domain, trouble);

    cw_writer_init(&writer, xml);
    cw_writer_start(&writer, "stream:error", NULL);
    cw_writer_leaf(&writer, condition, NS_STREAM_ERRORS, NULL);
    cw_writer_leaf(&writer, "text", NS_STREAM_ERRORS, error->message);
    cw_writer_end(&writer);
    cw_stream_append(stream, xml->str);
    free_parser(stream);
    begin_closing(stream);

    cw_stream_hold(stream);
    announce_down(stream, FALSE);
    cw_stream_release(stream);
}

/* ---- stream errors of the server ---- */

/* What the operator must do about it.  These conditions do not heal by themselves: C5-C8. */
static char *advice(CwStream *stream, const char *condition)
{
    const char *domain = stream->config.domain;

    if (strcmp(condition, "not-authorized") == 0)
        return g_strdup_printf("the secret is wrong: compare `secret` in [transport %s] with the "
                               "server's component_secret",
                               domain);
    if (strcmp(condition, "host-unknown") == 0)
        return g_strdup_printf("the server does not know this component: add \"%s\" to its "
                               "components, or correct the name in [transport %s]",
                               domain, domain);
    if (strcmp(condition, "conflict") == 0)
        return g_strdup_printf("another program is attached as %s: stop it, or give this "
                               "transport another name",
                               domain);
    if (strcmp(condition, "invalid-namespace") == 0)
        return g_strdup_printf("the server takes no components at %s port %u: check `host` and "
                               "`port` in [server] against its component port",
                               stream->config.server_host, stream->config.server_port);
    return NULL;
}

static void handle_stream_error(CwStream *stream, const CwNode *error)
{
    const CwNode *node = error->first_child;
    const char *const secrets[] = {stream->config.secret, stream->digest ? stream->digest : "",
                                   NULL};

    while (node && (strcmp(node->ns, NS_STREAM_ERRORS) != 0 || strcmp(node->name, "text") == 0))
        node = node->next;

    const char *text = cw_node_child_text(error, "text", NS_STREAM_ERRORS);
    g_autofree char *condition =
        cw_stream_presentable(node ? node->name : "undefined-condition", secrets);
    g_autofree char *said = cw_stream_presentable(text ? text : "", secrets);
    g_autofree char *help = advice(stream, condition);
    g_autofree char *trouble = help ? g_strdup_printf("refused by the server: %s (%s%s%s)", help,
                                                      condition, *said ? ": " : "", said)
                                    : g_strdup_printf("the server ended the stream: %s%s%s",
                                                      condition, *said ? ": " : "", said);

    answer_close(stream);
    if (!help) {
        cw_stream_lose_because(stream, "%s", trouble);
        return;
    }
    if (is_new_trouble(stream, trouble))
        g_warning("%s: %s", stream->config.domain, trouble);
    else
        g_info("%s: %s", stream->config.domain, trouble);
    cw_stream_lose(stream, TRUE);
}

/* ---- life signs: C22 ---- */

static guint to_ms(gint64 us)
{
    return (guint)MIN(us / 1000, G_MAXINT);
}

static void send_ping(CwStream *stream)
{
    const char *domain = stream->config.domain;

    g_free(stream->ping_id);
    stream->ping_id =
        g_strdup_printf("ping-%08x-%" G_GUINT64_FORMAT, g_random_int(), ++stream->ping_number);
    CwWriter *writer = cw_stream_begin(stream, "iq", domain, cw_stream_ping_target(domain), "get",
                                       stream->ping_id);
    cw_writer_leaf(writer, "ping", "urn:xmpp:ping", NULL);
    cw_stream_end(stream);
    stream->pinged = g_get_monotonic_time();
}

/* Any byte is a sign of life; a ping only makes a quiet server give one. */
static gboolean alive_cb(gpointer data)
{
    CwStream *stream = data;
    gint64 now = g_get_monotonic_time();
    gint64 quiet = now - stream->heard;
    gint64 interval = (gint64)stream->config.ping_interval * 1000;

    stream->timer_id = 0;
    if (stream->pinged && stream->heard >= stream->pinged)
        stream->pinged = 0;
    if (stream->pinged) {
        cw_stream_lose_because(stream,
                               "the connection is dead: no answer from the server for "
                               "%u ms",
                               to_ms(quiet));
    } else if (quiet < interval) {
        set_timer(stream, to_ms(interval - quiet) + 1, alive_cb);
    } else {
        cw_stream_hold(stream);
        send_ping(stream);
        if (!stream->freed && stream->state == CW_STREAM_UP)
            set_timer(stream, stream->config.ping_timeout, alive_cb);
        cw_stream_release(stream);
    }
    return G_SOURCE_REMOVE;
}

static gboolean is_ping_answer(CwStream *stream, const CwNode *stanza)
{
    const char *type = cw_node_attr(stanza, "type");

    return stream->ping_id && cw_node_is(stanza, "iq", NULL) &&
           (g_strcmp0(type, "result") == 0 || g_strcmp0(type, "error") == 0) &&
           g_strcmp0(cw_node_attr(stanza, "id"), stream->ping_id) == 0;
}

/* ---- what the server says ---- */

static void handle_up(CwStream *stream)
{
    set_state(stream, CW_STREAM_UP);
    stream->up_since = g_get_monotonic_time();
    stream->is_up = TRUE;
    g_clear_pointer(&stream->last_trouble, g_free);
    g_clear_handle_id(&stream->timer_id, g_source_remove);
    if (stream->config.ping_interval && stream->config.ping_timeout)
        set_timer(stream, stream->config.ping_interval, alive_cb);
    g_message("%s: attached to the server", stream->config.domain);
    stream->events->up(stream->data);
}

static void handle_stanza(CwStream *stream, const CwNode *stanza)
{
    if (stream->config.trace) {
        g_autofree char *outline = cw_stream_outline_node(stanza);
        g_debug("%s: received %s", stream->config.domain, outline);
    }
    if (is_ping_answer(stream, stanza))
        return;
    if (cw_node_is(stanza, "message", NS_ACCEPT) || cw_node_is(stanza, "presence", NS_ACCEPT) ||
        cw_node_is(stanza, "iq", NS_ACCEPT))
        stream->events->stanza(stanza, stream->data);
    else
        g_info("%s: an element that is no stanza is ignored", stream->config.domain);
}

static void opened_cb(const CwNode *header, gpointer data)
{
    CwStream *stream = data;
    const char *id = cw_node_attr(header, "id");

    if (!cw_node_is(header, "stream", NS_STREAM)) {
        cw_stream_lose_because(stream, "what answers at %s port %u is no Jabber server",
                               stream->config.server_host, stream->config.server_port);
        return;
    }
    /* C6: a header that only leads an error has no id, and nothing to shake hands with */
    if (!id || !*id) {
        g_debug("%s: the server's header has no id, an error should follow", stream->config.domain);
        return;
    }
    stream->digest = cw_stream_digest(id, stream->config.secret);
    g_autofree char *handshake = g_strdup_printf("<handshake>%s</handshake>", stream->digest);
    cw_stream_append(stream, handshake);
    set_state(stream, CW_STREAM_HANDSHAKE);
}

static void stanza_cb(const CwNode *node, gpointer data)
{
    CwStream *stream = data;

    if (cw_node_is(node, "error", NS_STREAM)) {
        handle_stream_error(stream, node);
        return;
    }
    switch (stream->state) {
    case CW_STREAM_HANDSHAKE:
        if (cw_node_is(node, "handshake", NULL))
            handle_up(stream);
        break;
    case CW_STREAM_UP:
        handle_stanza(stream, node);
        break;
    case CW_STREAM_IDLE:
    case CW_STREAM_CONNECTING:
    case CW_STREAM_OPENING:
    case CW_STREAM_CLOSING: /* we said good-bye: whatever it is, nobody could answer it */
    case CW_STREAM_WAITING:
    case CW_STREAM_STOPPED:
        break;
    }
}

/* The stream or its connection is over and the server did not say why. */
static void handle_end(CwStream *stream, const char *how)
{
    switch (stream->state) {
    case CW_STREAM_HANDSHAKE:
        cw_stream_lose_because(stream,
                               "the server %s at our handshake without a reason: perhaps the "
                               "secret is wrong, compare `secret` in [transport %s] with the "
                               "server's component_secret",
                               how, stream->config.domain);
        break;
    case CW_STREAM_CLOSING:
        cw_stream_lose(stream, FALSE);
        break;
    case CW_STREAM_IDLE:
    case CW_STREAM_CONNECTING:
    case CW_STREAM_OPENING:
    case CW_STREAM_UP:
    case CW_STREAM_WAITING:
    case CW_STREAM_STOPPED:
        cw_stream_lose_because(stream, "the server %s", how);
        break;
    }
}

static void closed_cb(gpointer data)
{
    CwStream *stream = data;

    if (stream->state != CW_STREAM_CLOSING)
        answer_close(stream);
    handle_end(stream, "closed the stream");
}

/* ---- reading ---- */

static void feed(CwStream *stream, const char *bytes, gsize length)
{
    CwXmlParser *parser = stream->parser;
    g_autoptr(GError) error = NULL;

    stream->heard = g_get_monotonic_time();
    if (!parser)
        return;
    stream->feeding = parser;
    gboolean fine = cw_xml_parser_feed(parser, bytes, length, &error);
    stream->feeding = NULL;
    if (stream->parser != parser)
        cw_xml_parser_free(parser); /* a callback was done with it */
    else if (!fine && stream->state == CW_STREAM_CLOSING)
        free_parser(stream);
    else if (!fine)
        close_with_error(stream, error);
}

/* One chunk.  FALSE: there is no more for now, or no connection any more. */
static gboolean read_chunk(CwStream *stream)
{
    GSocket *socket = g_socket_connection_get_socket(stream->connection);
    GSocketConnection *connection = stream->connection;
    g_autoptr(GError) error = NULL;
    char bytes[READ_CHUNK];

    gssize count = g_socket_receive_with_blocking(socket, bytes, sizeof bytes, FALSE, NULL, &error);
    if (count < 0 && g_error_matches(error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
        return FALSE;

    cw_stream_hold(stream);
    if (count > 0)
        feed(stream, bytes, (gsize)count);
    else if (count == 0)
        handle_end(stream, "closed the connection");
    else
        handle_end(stream, "dropped the connection");
    gboolean more = !stream->freed && stream->connection == connection;
    return !cw_stream_release(stream) && more;
}

static gboolean readable_cb(GSocket *socket, GIOCondition condition, gpointer data)
{
    read_chunk(data);
    return G_SOURCE_CONTINUE; /* destroyed already if the connection is gone */
}

void cw_stream_read_last_words(CwStream *stream)
{
    for (guint i = 0; i < LAST_WORDS && read_chunk(stream); i++)
        ;
}

/* ---- connecting ---- */

static gboolean connect_timeout_cb(gpointer data)
{
    CwStream *stream = data;

    stream->timer_id = 0;
    if (stream->state == CW_STREAM_CONNECTING)
        cw_stream_lose_because(stream, "cannot reach the server at %s port %u: no answer",
                               stream->config.server_host, stream->config.server_port);
    else
        cw_stream_lose_because(stream, "the server at %s port %u does not finish the handshake",
                               stream->config.server_host, stream->config.server_port);
    return G_SOURCE_REMOVE;
}

/* XEP-0114 3: `to` is our own name.  C1, C2: nothing follows until the server's header is here. */
static void send_header(CwStream *stream)
{
    g_autoptr(GString) header = g_string_new("<?xml version='1.0'?><stream:stream xmlns='" NS_ACCEPT
                                             "' xmlns:stream='" NS_STREAM "' to='");

    cw_xml_escape(header, stream->config.domain, -1);
    g_string_append(header, "'>");
    cw_stream_append(stream, header->str);
}

static void open_stream(CwStream *stream)
{
    static const CwXmlEvents events = {opened_cb, stanza_cb, closed_cb};
    GSocket *socket = g_socket_connection_get_socket(stream->connection);

    /* we coalesce ourselves */
    g_socket_set_option(socket, IPPROTO_TCP, TCP_NODELAY, 1, NULL);
    stream->parser = cw_xml_parser_new(&stream->config.limits, &events, stream);
    stream->read_source = g_socket_create_source(socket, G_IO_IN, NULL);
    g_source_set_callback(stream->read_source, G_SOURCE_FUNC(readable_cb), stream, NULL);
    g_source_attach(stream->read_source, NULL);
    stream->heard = g_get_monotonic_time();
    set_state(stream, CW_STREAM_OPENING);
    send_header(stream);
}

static void connected_cb(GObject *source, GAsyncResult *result, gpointer data)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GSocketConnection) connection =
        g_socket_client_connect_to_host_finish(G_SOCKET_CLIENT(source), result, &error);

    /* cancelled: the stream has turned to something else, or is gone */
    if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
        return;

    CwStream *stream = data;
    g_clear_object(&stream->connecting);
    if (!connection) {
        cw_stream_lose_because(stream, "cannot reach the server at %s port %u: %s",
                               stream->config.server_host, stream->config.server_port,
                               error->message);
        return;
    }
    stream->connection = g_steal_pointer(&connection);
    open_stream(stream);
}

static void connect_to_server(CwStream *stream)
{
    g_autoptr(GSocketClient) client = g_socket_client_new();

    g_socket_client_set_enable_proxy(client, FALSE);
    set_state(stream, CW_STREAM_CONNECTING);
    set_timer(stream, stream->config.connect_timeout, connect_timeout_cb);
    stream->connecting = g_cancellable_new();
    g_socket_client_connect_to_host_async(client, stream->config.server_host,
                                          stream->config.server_port, stream->connecting,
                                          connected_cb, stream);
}

/* ---- for the owner ---- */

CwStream *cw_stream_new(const CwStreamConfig *config, const CwStreamEvents *events, gpointer data)
{
    CwStream *stream = g_new0(CwStream, 1);
    g_autoptr(CwJid) jid = cw_jid_parse(config->domain, NULL);

    stream->config = *config;
    /* prepared, as the addresses are that it will be compared with */
    stream->config.domain = g_strdup(jid && !jid->local ? jid->domain : config->domain);
    stream->config.secret = g_strdup(config->secret);
    stream->config.server_host = g_strdup(config->server_host);
    stream->events = events;
    stream->data = data;
    stream->state = CW_STREAM_IDLE;
    stream->backoff = (CwBackoff){.first = config->retry_first, .max = config->retry_max};
    stream->out = g_string_new(NULL);
    return stream;
}

void cw_stream_free(CwStream *stream)
{
    if (!stream)
        return;
    stream->freed = TRUE;
    cw_stream_hold(stream);
    disconnect(stream);
    cw_stream_release(stream);
}

void cw_stream_start(CwStream *stream)
{
    g_return_if_fail(stream->state == CW_STREAM_IDLE);

    connect_to_server(stream);
}

static gboolean stopped_cb(gpointer data)
{
    CwStream *stream = data;

    stream->timer_id = 0;
    announce_stopped(stream);
    return G_SOURCE_REMOVE;
}

void cw_stream_stop(CwStream *stream)
{
    if (stream->stopping)
        return;
    stream->stopping = TRUE;
    switch (stream->state) {
    case CW_STREAM_UP:
        begin_closing(stream);
        break;
    case CW_STREAM_CLOSING:
        break;
    case CW_STREAM_OPENING:
    case CW_STREAM_HANDSHAKE:
        answer_close(stream);
        G_GNUC_FALLTHROUGH;
    case CW_STREAM_IDLE:
    case CW_STREAM_CONNECTING:
    case CW_STREAM_WAITING:
        /* stopped() comes from the loop, so that the owner is never called inside its own call */
        disconnect(stream);
        set_timer(stream, 0, stopped_cb);
        break;
    case CW_STREAM_STOPPED:
        break;
    }
}

CwStreamState cw_stream_state(const CwStream *stream)
{
    return stream->state;
}

const char *cw_stream_domain(const CwStream *stream)
{
    return stream->config.domain;
}
