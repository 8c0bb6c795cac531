/* component/stream-private.h: the stream's struct, shared by its three parts
 *
 * stream.c: states, timers, connections.  stream-in.c: what the server says.  stream-out.c: what we
 * say, and the buffer.  None of them calls the owner but between hold and release, or last.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#pragma once

#include <gio/gio.h>

#include "component/stream.h"
#include "transport/backoff.h"
#include "transport/turn.h"

G_BEGIN_DECLS

struct CwStream {
    CwStreamConfig config; /* strings are ours */
    const CwStreamEvents *events;
    gpointer data;

    CwStreamState state;
    CwBackoff backoff;
    gboolean stopping;  /* cw_stream_stop() was called: the next end is for good */
    gboolean is_up;     /* up() was called, down() not yet */
    gint64 up_since;    /* µs, monotonic, as all times here */
    char *last_trouble; /* why the last attempt failed: said loudly once, not at each retry */
    guint timer_id;     /* the one timer of the state */

    GCancellable *connecting;
    GSocketConnection *connection;
    GSource *read_source;
    CwXmlParser *parser;  /* NULL: what comes is read and thrown away (closing) */
    CwXmlParser *feeding; /* the one that is on the stack, which may not be freed now */
    char *digest;         /* of this connection, to keep it out of logs */

    gint64 heard;  /* when the last byte came */
    gint64 pinged; /* when the ping that is unanswered was sent; 0: none */
    guint64 ping_number;
    char *ping_id;

    GString *out;
    gsize written;         /* bytes of `out` that are gone */
    CwTurnJob flush;       /* writes at the end of the turn */
    GSource *write_source; /* waits for room in the socket */
    gboolean congested;
    gboolean stuck; /* far beyond its bound: given up at the next turn */

    CwWriter writer;
    gsize begun;         /* where in `out` the stanza that is being written begins */
    const char *refused; /* why it will not be sent, or NULL */
    gboolean in_stanza;

    guint busy; /* callbacks on the stack */
    gboolean freed;
};

/* ---- stream.c ---- */

/* The one place that writes the state. */
void cw_stream_set_state(CwStream *stream, CwStreamState state);
void cw_stream_set_timer(CwStream *stream, guint wait, GSourceFunc callback); /* ms; replaces */

typedef enum {
    CW_LOSS_PLAIN, /* it happens: with back-off */
    CW_LOSS_LATE,  /* another instance has our place: after refused_retry, or we would fight (C7) */
    CW_LOSS_REFUSED, /* settings here and there do not fit: the same, and the owner is told so */
} CwLoss;

/* Over, for the reason that is already logged. */
void cw_stream_lose(CwStream *stream, CwLoss loss);
/* The same with a reason: a message the first time, quiet when it is the same again. */
void cw_stream_lose_because(CwStream *stream, const char *format, ...) G_GNUC_PRINTF(2, 3);

/* Is this another trouble than the last time?  One line to the operator each, not one a retry. */
gboolean cw_stream_is_new_trouble(CwStream *stream, const char *trouble);

/* RFC 6120 4.4: a close is answered with a close; nobody waits for it to be read. */
void cw_stream_answer_close(CwStream *stream);
/* Our close goes first: `closing`, bounded by stop_timeout. */
void cw_stream_begin_closing(CwStream *stream);
/* down() and the end of congestion; between hold and release. */
void cw_stream_announce_down(CwStream *stream, gboolean refused);
/* At once, or when who feeds it is through. */
void cw_stream_free_parser(CwStream *stream);

/* The owner may free the stream in any callback: what touches it afterwards stands between these.
 * TRUE: it is gone. */
void cw_stream_hold(CwStream *stream);
gboolean cw_stream_release(CwStream *stream);

/* ---- stream-out.c ---- */

void cw_stream_append(CwStream *stream, const char *xml);
/* One attempt, now, whatever comes of it. */
void cw_stream_flush_now(CwStream *stream);
void cw_stream_reset_out(CwStream *stream);
/* The two of CwTurnJob. */
gboolean cw_stream_flush_quick(gpointer stream);
void cw_stream_flush(gpointer stream);

/* ---- stream-in.c ---- */

void cw_stream_start_reading(CwStream *stream);

/* Reads what the server may have said before it went: a broken pipe alone explains nothing. */
void cw_stream_read_last_words(CwStream *stream);

G_END_DECLS
