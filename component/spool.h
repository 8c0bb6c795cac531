/* component/spool.h: stanzas that must not be lost until the Jabber server has them
 *
 *     begin/end --> WAITING --stream up, window open--> SENT --confirmed--> forgotten
 *                      ^                                  |
 *                      +----------- stream down ----------+
 *
 * XEP-0114 acknowledges nothing.  So an iq to ourselves follows what was sent: the server, which
 * handles a stream's stanzas in their order, routes it back to us, and then has handled all that
 * went before it.  What was not confirmed when the stream broke is sent again on the next one, with
 * its id and a delay stamp (XEP-0203), so that a client which has it already can know it.
 *
 * What has not been confirmed for STORE_AFTER is in the store as well.
 *
 * A server may end the stream at a stanza that it does not like (too large for it).  One that was
 * under way at the end of ALONE_AFTER streams is sent alone, and is dropped at TRIES_MAX.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#pragma once

#include "component/stream.h"
#include "transport/transport.h"

G_BEGIN_DECLS

typedef struct CwSpool CwSpool;

typedef struct {
    /* Too much waits (TRUE): read nothing more from the network. */
    void (*full)(gboolean yes, gpointer data);
    /* `count` of the oldest for this user were dropped, as spool-messages waited already; comes
     * when the first that is left is sent. */
    void (*dropped)(const char *user, guint count, gpointer data);
    /* One for this user was dropped, as the server ended the stream each time that it was sent. */
    void (*refused)(const char *user, gpointer data);
} CwSpoolEvents;

/* Takes over what an earlier gateway stored. */
CwSpool *cw_spool_new(CwStream *stream, CwTransport *transport, const CwSpoolEvents *events,
                      gpointer data);
void cw_spool_free(CwSpool *spool);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CwSpool, cw_spool_free)

/* As cw_stream_begin() and _end(), whether the stream is up or not.  `stamped`: it has a delay
 * stamp of its own.  FALSE: it can never be sent, and is dropped. */
CwWriter *cw_spool_begin(CwSpool *spool, const char *name, const char *from, const char *to,
                         const char *type, const char *id);
gboolean cw_spool_end(CwSpool *spool, gboolean stamped);

void cw_spool_up(CwSpool *spool);
void cw_spool_down(CwSpool *spool);
/* A stanza from our own domain.  TRUE: it was a confirmation. */
gboolean cw_spool_take(CwSpool *spool, const char *id);
guint cw_spool_unconfirmed(const CwSpool *spool); /* sent, on this stream */
/* Leaves to the store what was not confirmed, for the next gateway; nothing is taken any more. */
void cw_spool_shelve(CwSpool *spool);

G_END_DECLS
