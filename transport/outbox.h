/* transport/outbox.h: one user's messages on their way to the network, until their fate is known
 *
 *     add -> WAITING --send--> SENT --ack--> TAKEN -> forgotten after LATE_TIME, in which a nack
 *               ^               |                     may still come
 *               |               +-- nack, or no word in time -> returned
 *               +-- not-online, or a host that died before it read it; not for ever
 *
 * So many are sent at most that have no answer yet: a network that takes one a second finds the
 * rest here, where nothing is lost.
 *
 * While the outbox is closed (no link to the network) messages wait, in order; one that waits for
 * too long is returned.  What has no fate after STORE_AFTER is stored, so that not even the death
 * of the gateway loses it.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#pragma once

#include "transport/store.h"
#include "transport/supervisor.h"

G_BEGIN_DECLS

typedef enum {
    CW_OUTGOING_WAITING,
    CW_OUTGOING_SENT,
    CW_OUTGOING_TAKEN,
} CwOutgoingState;

typedef struct {
    gint64 id; /* on the link and in the store */
    CwOutgoingState state;
    char *contact;    /* or the room */
    gboolean in_room; /* waits for nothing, and is never stored: who is not in the room is told */
    char *nick;       /* in a room: to this occupant alone; NULL: to all */
    char *text;       /* NULL once taken */
    char *stanza_id;  /* nullable: what the sender called it */
    char *resource;   /* nullable: of the sender */
    gint64 made;      /* Unix time, ms */
    gint64 held;      /* monotonic µs: since when it is here */
    gint64 since;     /* µs of the outbox's clock: of add, then of ack */
    gint64 sent_at;   /* the same: of the sending */
    guint64 line;     /* number on the link of the sending */
    guint sendings;
    gboolean stored;
    GList link;
} CwOutgoing;

typedef struct CwOutbox CwOutbox;

typedef struct {
    /* Hands it to the host.  0: not now, it is tried again soon; else the number of the line. */
    guint64 (*send)(const CwOutgoing *message, gpointer data);
    void (*returned)(const CwOutgoing *message, CwReason reason, const char *text, gpointer data);
    /* Puts it into the store, or replaces it there. */
    void (*store)(const CwOutgoing *message, gpointer data);
    void (*unstore)(const CwOutgoing *message, gpointer data);
    /* Nothing is on its way any more.  Must not free the outbox. */
    void (*settled)(gpointer data);
    /* µs: it stands while answers cannot be read. */
    gint64 (*clock)(gpointer data);
} CwOutboxEvents;

CwOutbox *cw_outbox_new(const CwOutboxEvents *events, gpointer data);
/* ms: `answer` without ack or nack until a sent message comes back as CW_REASON_HOST; `wait` until
 * one that was not sent comes back as CW_REASON_NOT_ONLINE.  0: never. */
void cw_outbox_set_times(CwOutbox *outbox, guint answer, guint wait);
/* Nothing is returned, sent or stored by this. */
void cw_outbox_free(CwOutbox *outbox);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CwOutbox, cw_outbox_free)

/* `id` is higher than all before.  It is sent at once if that can be. */
void cw_outbox_add(CwOutbox *outbox, gint64 id, const char *contact, const char *text,
                   const char *stanza_id, const char *resource);
/* The same of one that is said in a room. */
void cw_outbox_add_to_room(CwOutbox *outbox, gint64 id, const char *room, const char *nick,
                           const char *text, const char *stanza_id, const char *resource);
/* What an earlier gateway stored: waits again, or comes back when it was sent already. */
void cw_outbox_load(CwOutbox *outbox, const CwSpooled *spooled);

/* The link is up: what waits is sent. */
void cw_outbox_open(CwOutbox *outbox);
/* The link is down.  What was sent and not answered comes back with `reason` and `text`. */
void cw_outbox_close(CwOutbox *outbox, CwReason reason, const char *text);
/* The same when the host died: `fate` says what became of each. */
typedef CwFate (*CwOutboxFate)(const CwOutgoing *message, gpointer data);
void cw_outbox_close_lost(CwOutbox *outbox, const char *text, CwOutboxFate fate, gpointer data);

void cw_outbox_ack(CwOutbox *outbox, gint64 id);
/* CW_REASON_NOT_ONLINE for one that was sent: it waits again, and the outbox is closed.  FALSE: not
 * known (any more). */
gboolean cw_outbox_nack(CwOutbox *outbox, gint64 id, CwReason reason, const char *text);
/* All that were not taken. */
void cw_outbox_return_all(CwOutbox *outbox, CwReason reason, const char *text);
/* Stores all that were not taken and forgets them: they are the next gateway's. */
void cw_outbox_shelve(CwOutbox *outbox);

guint cw_outbox_pending(const CwOutbox *outbox);      /* not yet taken */
guint cw_outbox_unanswered(const CwOutbox *outbox);   /* of these: sent */
gsize cw_outbox_pending_size(const CwOutbox *outbox); /* bytes of their text */

G_END_DECLS
