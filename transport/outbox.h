/* transport/outbox.h: messages on their way to the network, until their fate is known
 *
 *     add -> (ack) taken -> forgotten after LATE_TIME, in which a nack may still come
 *         -> (nack, or no word in time) returned
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#pragma once

#include "transport/protocol.h"

G_BEGIN_DECLS

typedef struct {
    gint64 id; /* on the link */
    char *contact;
    char *stanza_id; /* nullable: what the sender called it */
    char *resource;  /* nullable: of the sender */
    gboolean taken;
    gint64 since; /* µs of the outbox's clock: of add, then of ack */
    GList link;
} CwOutgoing;

typedef struct CwOutbox CwOutbox;

typedef void (*CwOutboxReturned)(const CwOutgoing *message, CwReason reason, const char *text,
                                 gpointer data);

/* `timeout`: ms without ack or nack until a message comes back as CW_REASON_HOST. */
CwOutbox *cw_outbox_new(guint timeout, CwOutboxReturned returned, gpointer data);
/* Another clock (µs) for the waits than the monotonic one: it stands while answers cannot be read.
 */
typedef gint64 (*CwOutboxClock)(gpointer data);
void cw_outbox_set_clock(CwOutbox *outbox, CwOutboxClock clock, gpointer data);
void cw_outbox_set_timeout(CwOutbox *outbox, guint timeout); /* ms */
/* Nothing is returned by this: call cw_outbox_return_all() first. */
void cw_outbox_free(CwOutbox *outbox);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CwOutbox, cw_outbox_free)

/* The id for the link. */
gint64 cw_outbox_add(CwOutbox *outbox, const char *contact, const char *stanza_id,
                     const char *resource);
void cw_outbox_ack(CwOutbox *outbox, gint64 id);
/* FALSE: not known (any more). */
gboolean cw_outbox_nack(CwOutbox *outbox, gint64 id, CwReason reason, const char *text);
/* All that were not taken. */
void cw_outbox_return_all(CwOutbox *outbox, CwReason reason, const char *text);
guint cw_outbox_pending(const CwOutbox *outbox); /* not yet taken */

G_END_DECLS
