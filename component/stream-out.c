/* component/stream-out.c: what a stream sends
 *
 * Stanzas are written straight into one buffer, which goes out in one write at the end of a turn of
 * the loop.  The buffer has two bounds: over `send_queue` the owner is told to pause the legacy
 * side, over eight times that the server counts as stuck and the connection is given up.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#define G_LOG_DOMAIN "component"

#include "component/stream-private.h"

#include <string.h>

#include "component/stream-text.h"

#define STUCK_FACTOR 8
#define BUFFER_KEPT 65536 /* bytes of an empty buffer that stay allocated */

gsize cw_stream_waiting(const CwStream *stream)
{
    return stream->out->len - stream->written;
}

static void set_congested(CwStream *stream, gboolean yes)
{
    if (stream->congested == yes)
        return;
    stream->congested = yes;
    g_info("%s: the send queue is %s (%" G_GSIZE_FORMAT " bytes)", stream->config.domain,
           yes ? "full" : "short again", cw_stream_waiting(stream));
    stream->events->congested(yes, stream->data);
}

void cw_stream_reset_out(CwStream *stream)
{
    cw_turn_cancel(&stream->flush);
    if (stream->write_source)
        g_source_destroy(stream->write_source);
    g_clear_pointer(&stream->write_source, g_source_unref);
    g_string_free(stream->out, TRUE);
    stream->out = g_string_new(NULL);
    stream->written = 0;
    stream->stuck = FALSE;
    stream->in_stanza = FALSE;
}

/* ---- writing ---- */

static void forget_written(CwStream *stream)
{
    gsize left = cw_stream_waiting(stream);

    if (left == 0 && stream->out->allocated_len > BUFFER_KEPT) {
        g_string_free(stream->out, TRUE);
        stream->out = g_string_new(NULL);
        stream->written = 0;
    } else if (stream->written >= left) { /* moves each byte once at most, on the average */
        g_string_erase(stream->out, 0, (gssize)stream->written);
        stream->written = 0;
    }
}

static gboolean writable_cb(GSocket *socket, GIOCondition condition, gpointer data);

static void wait_for_room(CwStream *stream)
{
    if (stream->write_source)
        return;
    stream->write_source =
        g_socket_create_source(g_socket_connection_get_socket(stream->connection), G_IO_OUT, NULL);
    g_source_set_callback(stream->write_source, G_SOURCE_FUNC(writable_cb), stream, NULL);
    g_source_attach(stream->write_source, NULL);
}

static void stop_waiting_for_room(CwStream *stream)
{
    if (stream->write_source)
        g_source_destroy(stream->write_source);
    g_clear_pointer(&stream->write_source, g_source_unref);
}

/* One write.  FALSE: the connection cannot be written to any more, and why. */
static gboolean write_some(CwStream *stream, GError **error)
{
    g_autoptr(GError) trouble = NULL;
    gsize left = cw_stream_waiting(stream);

    if (left == 0 || !stream->connection)
        return TRUE;

    gssize count = g_socket_send_with_blocking(g_socket_connection_get_socket(stream->connection),
                                               stream->out->str + stream->written, left, FALSE,
                                               NULL, &trouble);
    if (count < 0 && !g_error_matches(trouble, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK)) {
        g_propagate_error(error, g_steal_pointer(&trouble));
        return FALSE;
    }
    if (count > 0)
        stream->written += (gsize)count;
    forget_written(stream);
    return TRUE;
}

gboolean cw_stream_flush_quick(gpointer data)
{
    CwStream *stream = data;

    return !stream->stuck && !stream->congested && !stream->write_source &&
           write_some(stream, NULL) && cw_stream_waiting(stream) == 0;
}

void cw_stream_flush(gpointer data)
{
    CwStream *stream = data;
    g_autoptr(GError) error = NULL;

    cw_stream_hold(stream);
    if (stream->stuck) {
        cw_stream_lose_because(stream,
                               "the server does not read: %" G_GSIZE_FORMAT " bytes wait for it",
                               cw_stream_waiting(stream));
    } else if (!write_some(stream, &error)) {
        GSocketConnection *connection = stream->connection;

        stop_waiting_for_room(stream);
        cw_stream_read_last_words(stream);
        if (!stream->freed && stream->connection == connection)
            cw_stream_lose_because(stream, "cannot write to the server: %s", error->message);
    } else {
        gsize left = cw_stream_waiting(stream);

        if (left > 0)
            wait_for_room(stream);
        else
            stop_waiting_for_room(stream);
        if (stream->congested && left < stream->config.send_queue / 4 + 1)
            set_congested(stream, FALSE);
    }
    cw_stream_release(stream);
}

static gboolean writable_cb(GSocket *socket, GIOCondition condition, gpointer data)
{
    cw_stream_flush(data);
    return G_SOURCE_CONTINUE; /* destroyed already if it is not wanted any more */
}

static void schedule_flush(CwStream *stream)
{
    if (!stream->write_source || stream->stuck)
        cw_turn_queue(&stream->flush);
}

void cw_stream_append(CwStream *stream, const char *xml)
{
    g_string_append(stream->out, xml);
    schedule_flush(stream);
}

void cw_stream_flush_now(CwStream *stream)
{
    write_some(stream, NULL);
}

/* ---- stanzas ---- */

/* RFC 6120 would let the server bounce the first, and end the whole stream for the second: all
 * users of the transport would pay for one stanza.  XEP-0114 3; C9, C10. */
static const char *why_not(const CwStream *stream, const char *from, const char *to)
{
    if (stream->state != CW_STREAM_UP)
        return "the stream is not up";
    if (stream->stuck)
        return "the server does not read";
    if (!to || !*to)
        return "it has no `to`";
    if (!from || !cw_stream_is_from(from, stream->config.domain))
        return "its `from` is not at our domain";
    return NULL;
}

CwWriter *cw_stream_begin(CwStream *stream, const char *name, const char *from, const char *to,
                          const char *type, const char *id)
{
    CwWriter *writer = &stream->writer;

    g_warn_if_fail(!stream->in_stanza);
    stream->in_stanza = TRUE;
    stream->begun = stream->out->len;
    stream->refused = why_not(stream, from, to);
    if (stream->refused && stream->state == CW_STREAM_UP && !stream->stuck)
        g_warning("%s: a stanza is dropped, %s: <%s from='%s' to='%s'>", stream->config.domain,
                  stream->refused, name, from ? from : "", to ? to : "");
    else if (stream->refused)
        g_debug("%s: a stanza is dropped, %s", stream->config.domain, stream->refused);

    cw_writer_init_stanza(writer, stream->out, name, from, to, type, id);
    return writer;
}

static gsize times(gsize bound, gsize factor)
{
    return bound > G_MAXSIZE / factor ? G_MAXSIZE : bound * factor;
}

/* From `begun` on there is a whole one more in the buffer. */
static void written_stanza(CwStream *stream)
{
    if (stream->config.trace) {
        g_autofree char *outline = cw_stream_outline_text(stream->out->str + stream->begun,
                                                          stream->out->len - stream->begun);
        g_debug("%s: sent %s", stream->config.domain, outline);
    }

    gsize bound = stream->config.send_queue, waiting = cw_stream_waiting(stream);
    if (bound && waiting > times(bound, STUCK_FACTOR))
        stream->stuck = TRUE;
    schedule_flush(stream);
    if (bound && waiting > bound)
        set_congested(stream, TRUE);
}

gboolean cw_stream_end(CwStream *stream)
{
    g_return_val_if_fail(stream->in_stanza, FALSE);

    stream->in_stanza = FALSE;
    if (stream->writer.depth != 1) {
        g_warning("%s: a stanza is dropped, its elements do not match", stream->config.domain);
        stream->refused = "";
    }
    if (stream->refused) {
        g_string_truncate(stream->out, stream->begun);
        return FALSE;
    }
    cw_writer_end(&stream->writer);
    written_stanza(stream);
    return TRUE;
}

gboolean cw_stream_send(CwStream *stream, const char *stanza, gsize length)
{
    g_return_val_if_fail(!stream->in_stanza, FALSE);

    if (stream->state != CW_STREAM_UP || stream->stuck)
        return FALSE;
    stream->begun = stream->out->len;
    g_string_append_len(stream->out, stanza, (gssize)length);
    written_stanza(stream);
    return TRUE;
}

gint64 cw_stream_heard(const CwStream *stream)
{
    return stream->heard;
}

gboolean cw_stream_may_send_from(const CwStream *stream, const char *from)
{
    return cw_stream_is_from(from, stream->config.domain);
}
