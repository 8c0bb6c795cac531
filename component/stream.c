/* component/stream.c: the XEP-0114 stream to the Jabber server: states, timers, connections
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
#include "transport/secret.h"

#define NS_ACCEPT "jabber:component:accept"
#define NS_STREAM "http://etherx.jabber.org/streams"
#define CLOSE_TAG "</stream:stream>"

void cw_stream_set_state(CwStream *stream, CwStreamState state)
{
    if (!cw_stream_state_may_follow(stream->state, state))
        g_critical("%s: a move that may not be", stream->config.domain);
    g_info("%s: %s -> %s", stream->config.domain, cw_stream_state_to_string(stream->state),
           cw_stream_state_to_string(state));
    stream->state = state;
}

void cw_stream_set_timer(CwStream *stream, guint wait, GSourceFunc callback)
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

void cw_stream_free_parser(CwStream *stream)
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
    cw_stream_free_parser(stream);
    if (stream->connection)
        g_io_stream_close(G_IO_STREAM(stream->connection), NULL, NULL);
    g_clear_object(&stream->connection);
    g_clear_pointer(&stream->digest, g_free);
    stream->pinged = 0;
}

/* Between hold and release. */
void cw_stream_announce_down(CwStream *stream, gboolean refused)
{
    gboolean was_up = stream->is_up, was_congested = stream->congested;

    stream->is_up = FALSE;
    stream->congested = FALSE;
    /* the queue is gone with the connection, and nobody would take the pause back later; down()
     * comes last, it may be a reason for another pause */
    if (was_congested)
        stream->events->congested(FALSE, stream->data);
    if ((was_up || refused) && !stream->stopping && !stream->freed)
        stream->events->down(refused, stream->data);
}

static void announce_stopped(CwStream *stream)
{
    cw_stream_set_state(stream, CW_STREAM_STOPPED);
    cw_stream_hold(stream);
    cw_stream_announce_down(stream, FALSE);
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

void cw_stream_lose(CwStream *stream, CwLoss loss)
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

    guint wait = loss == CW_LOSS_PLAIN ? cw_backoff_next(&stream->backoff, NULL)
                                       : cw_backoff_spread(stream->config.refused_retry, NULL);
    cw_stream_set_state(stream, CW_STREAM_WAITING);
    cw_stream_set_timer(stream, wait, retry_cb);
    g_info("%s: next attempt in %u ms", stream->config.domain, wait);

    cw_stream_hold(stream);
    cw_stream_announce_down(stream, loss == CW_LOSS_REFUSED);
    cw_stream_release(stream);
}

/* The same trouble at each retry is worth one line to the operator, not one a minute. */
gboolean cw_stream_is_new_trouble(CwStream *stream, const char *trouble)
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

    if (cw_stream_is_new_trouble(stream, trouble))
        g_message("%s: %s", stream->config.domain, trouble);
    else
        g_info("%s: %s", stream->config.domain, trouble);
    cw_stream_lose(stream, CW_LOSS_PLAIN);
}

/* RFC 6120 4.4: a close is answered with a close.  Nobody waits for it to be read. */
void cw_stream_answer_close(CwStream *stream)
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
    cw_stream_lose(stream, CW_LOSS_PLAIN);
    return G_SOURCE_REMOVE;
}

void cw_stream_begin_closing(CwStream *stream)
{
    cw_stream_append(stream, CLOSE_TAG);
    cw_stream_set_state(stream, CW_STREAM_CLOSING);
    cw_stream_set_timer(stream, stream->config.stop_timeout, closing_timeout_cb);
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
    /* we coalesce ourselves */
    g_socket_set_option(g_socket_connection_get_socket(stream->connection), IPPROTO_TCP,
                        TCP_NODELAY, 1, NULL);
    cw_stream_start_reading(stream);
    cw_stream_set_state(stream, CW_STREAM_OPENING);
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
    cw_stream_set_state(stream, CW_STREAM_CONNECTING);
    cw_stream_set_timer(stream, stream->config.connect_timeout, connect_timeout_cb);
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
    stream->flush =
        (CwTurnJob){.quick = cw_stream_flush_quick, .work = cw_stream_flush, .data = stream};
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
        cw_stream_begin_closing(stream);
        break;
    case CW_STREAM_CLOSING:
        break;
    case CW_STREAM_OPENING:
    case CW_STREAM_HANDSHAKE:
        cw_stream_answer_close(stream);
        G_GNUC_FALLTHROUGH;
    case CW_STREAM_IDLE:
    case CW_STREAM_CONNECTING:
    case CW_STREAM_WAITING:
        /* stopped() comes from the loop, so that the owner is never called inside its own call */
        disconnect(stream);
        cw_stream_set_timer(stream, 0, stopped_cb);
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
