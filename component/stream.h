/* component/stream.h: the XEP-0114 stream of one transport to the Jabber server
 *
 * Owns the socket, the parser, the send buffer and the states.  Connects by itself, again after
 * each loss, with exponential back-off and jitter; tells its owner when it is up, when it is gone
 * and what arrives.  Stanzas are written straight into the send buffer, one write a loop turn.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#pragma once

#include "component/xml.h"

G_BEGIN_DECLS

typedef enum {
    CW_STREAM_IDLE,       /* made, not started */
    CW_STREAM_CONNECTING, /* TCP */
    CW_STREAM_OPENING,    /* our header is sent, theirs awaited */
    CW_STREAM_HANDSHAKE,  /* digest sent, <handshake/> awaited */
    CW_STREAM_UP,
    CW_STREAM_CLOSING, /* our </stream:stream> is sent, theirs awaited */
    CW_STREAM_WAITING, /* lost or refused; a timer runs */
    CW_STREAM_STOPPED, /* for good */
} CwStreamState;

const char *cw_stream_state_to_string(CwStreamState state);
gboolean cw_stream_state_may_follow(CwStreamState from, CwStreamState to);

typedef struct {
    const char *domain; /* the component's name */
    const char *secret;
    const char *server_host;
    guint16 server_port;
    gsize send_queue; /* bytes; over it congested(TRUE), under a quarter of it congested(FALSE) */
    CwXmlLimits limits;
    guint ping_interval, ping_timeout; /* ms; XEP-0199 to the server's domain, checklist C22 */
    guint retry_first, retry_max, refused_retry, connect_timeout, stop_timeout; /* ms */
    gboolean trace; /* log stanzas at debug level, bodies and secrets hidden */
} CwStreamConfig;

typedef struct {
    void (*up)(gpointer data);
    /* After up(); and, with `refused`, after each attempt that the server answered with a stream
     * error that says our settings are wrong (C5, C6, C8): it is tried again after refused_retry.
     * `conflict` waits as long but is no refusal: it heals when the other instance goes (C7). */
    void (*down)(gboolean refused, gpointer data);
    void (*stanza)(const CwNode *stanza, gpointer data); /* valid only during the call */
    /* One over the limits, without its children; `why` as in CwXmlEvents.  May be NULL. */
    void (*skipped)(const CwNode *stanza, const char *why, gpointer data);
    /* C24: stop / go on reading the legacy side.  Comes from inside cw_stream_end(), too; stanzas
     * are still taken, up to eight times send_queue: then the server counts as stuck and is
     * dropped. */
    void (*congested)(gboolean yes, gpointer data);
    /* cw_stream_stop() is through; after up() without down(), which is not called for a stop. */
    void (*stopped)(gpointer data);
} CwStreamEvents;

typedef struct CwStream CwStream;

/* `config` and its strings are copied; `events` must outlive the stream.  Any callback may call any
 * function of the stream, cw_stream_stop() and cw_stream_free() included. */
CwStream *cw_stream_new(const CwStreamConfig *config, const CwStreamEvents *events, gpointer data);
void cw_stream_free(CwStream *stream); /* at once; no callback afterwards */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CwStream, cw_stream_free)

void cw_stream_start(CwStream *stream);
/* Flush, </stream:stream>, wait, stopped().  Stanzas that the server had sent before it read that
 * still come. */
void cw_stream_stop(CwStream *stream);
CwStreamState cw_stream_state(const CwStream *stream);
const char *cw_stream_domain(const CwStream *stream);

/* Begins a stanza: `name` is message, presence or iq.  `from` must be at our domain and `to` must
 * be there (C9, C10), else the stanza is dropped at cw_stream_end() and logged; so it is while the
 * stream is not up.  `type` and `id` may be NULL.  The writer stands inside the start tag: add
 * attributes or children, and end every element that you started but the stanza itself.  One
 * stanza at a time. */
CwWriter *cw_stream_begin(CwStream *stream, const char *name, const char *from, const char *to,
                          const char *type, const char *id);
/* Ends it.  TRUE: it is in the send buffer. */
gboolean cw_stream_end(CwStream *stream);

/* The text of a whole stanza, which must be for this stream: as begin and end. */
gboolean cw_stream_send(CwStream *stream, const char *stanza, gsize length);
/* Bytes that were not handed to the socket yet. */
gsize cw_stream_waiting(const CwStream *stream);
gint64 cw_stream_heard(const CwStream *stream); /* when the last byte came, monotonic µs */
/* `from` is at the domain of the stream (C9). */
gboolean cw_stream_may_send_from(const CwStream *stream, const char *from);

/* The lower-case hex SHA-1 of `id` and `secret` (XEP-0114 3).  (transfer full) */
char *cw_stream_digest(const char *id, const char *secret);

G_END_DECLS
