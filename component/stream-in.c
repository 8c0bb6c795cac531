/* component/stream-in.c: what the server says, and whether it is still there
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#define G_LOG_DOMAIN "component"

#include "component/stream-private.h"

#include <string.h>

#include "component/stream-text.h"

#define NS_ACCEPT "jabber:component:accept"
#define NS_STREAM "http://etherx.jabber.org/streams"
#define NS_STREAM_ERRORS "urn:ietf:params:xml:ns:xmpp-streams"
#define READ_CHUNK 16384 /* bytes a turn: one busy stream must not keep the loop */
#define LAST_WORDS 64    /* chunks that are read from a connection that broke */

/* ---- what we do not read any further ---- */

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

    if (cw_stream_is_new_trouble(stream, trouble))
        g_warning("%s: %s", stream->config.domain, trouble);
    else
        g_info("%s: %s", stream->config.domain, trouble);

    cw_writer_init(&writer, xml);
    cw_writer_start(&writer, "stream:error", NULL);
    cw_writer_leaf(&writer, condition, NS_STREAM_ERRORS, NULL);
    cw_writer_leaf(&writer, "text", NS_STREAM_ERRORS, error->message);
    cw_writer_end(&writer);
    cw_stream_append(stream, xml->str);
    cw_stream_free_parser(stream);
    cw_stream_begin_closing(stream);

    cw_stream_hold(stream);
    cw_stream_announce_down(stream, FALSE);
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

    cw_stream_answer_close(stream);
    if (!help) {
        cw_stream_lose_because(stream, "%s", trouble);
        return;
    }
    if (cw_stream_is_new_trouble(stream, trouble))
        g_warning("%s: %s", stream->config.domain, trouble);
    else
        g_info("%s: %s", stream->config.domain, trouble);
    cw_stream_lose(stream, strcmp(condition, "conflict") == 0 ? CW_LOSS_LATE : CW_LOSS_REFUSED);
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
        cw_stream_set_timer(stream, to_ms(interval - quiet) + 1, alive_cb);
    } else {
        cw_stream_hold(stream);
        send_ping(stream);
        if (!stream->freed && stream->state == CW_STREAM_UP)
            cw_stream_set_timer(stream, stream->config.ping_timeout, alive_cb);
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
    cw_stream_set_state(stream, CW_STREAM_UP);
    stream->up_since = g_get_monotonic_time();
    stream->is_up = TRUE;
    g_clear_pointer(&stream->last_trouble, g_free);
    g_clear_handle_id(&stream->timer_id, g_source_remove);
    if (stream->config.ping_interval && stream->config.ping_timeout)
        cw_stream_set_timer(stream, stream->config.ping_interval, alive_cb);
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
    cw_stream_set_state(stream, CW_STREAM_HANDSHAKE);
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
    case CW_STREAM_CLOSING: /* nobody could answer it any more, but a message can be kept */
        handle_stanza(stream, node);
        break;
    case CW_STREAM_IDLE:
    case CW_STREAM_CONNECTING:
    case CW_STREAM_OPENING:
    case CW_STREAM_WAITING:
    case CW_STREAM_STOPPED:
        break;
    }
}

/* C15: what one sender does wrong is not the stream's end, which is everybody's.  Nothing but a
 * stanza can be that large: a server that is so before the stream is up is no server. */
static void skipped_cb(const CwNode *node, const char *why, gpointer data)
{
    CwStream *stream = data;

    if (stream->state != CW_STREAM_UP) {
        g_autoptr(GError) error =
            g_error_new(CW_XML_ERROR, CW_XML_ERROR_LIMIT, "too much: %s", why);
        if (stream->state != CW_STREAM_CLOSING)
            close_with_error(stream, error);
        return;
    }
    const char *from = cw_node_attr(node, "from");
    g_autofree char *shown = g_strescape(from == NULL ? "somebody" : from, NULL);
    g_info("%s: a stanza (%.20s) of %.200s was left out: %s", stream->config.domain, node->name,
           shown, why);
    if (stream->events->skipped)
        stream->events->skipped(node, why, stream->data);
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
        cw_stream_lose(stream, CW_LOSS_PLAIN);
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
        cw_stream_answer_close(stream);
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
        cw_stream_free_parser(stream);
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

void cw_stream_start_reading(CwStream *stream)
{
    static const CwXmlEvents events = {opened_cb, stanza_cb, closed_cb, skipped_cb};

    stream->parser = cw_xml_parser_new(&stream->config.limits, &events, stream);
    stream->read_source =
        g_socket_create_source(g_socket_connection_get_socket(stream->connection), G_IO_IN, NULL);
    g_source_set_callback(stream->read_source, G_SOURCE_FUNC(readable_cb), stream, NULL);
    g_source_attach(stream->read_source, NULL);
    stream->heard = g_get_monotonic_time();
}
