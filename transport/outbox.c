/* transport/outbox.c: messages on their way to the network, until their fate is known
 *
 * A queue in the order of ids.  What the network answers is nearly always among the newest, so the
 * search begins at the tail.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "transport/outbox.h"

#define LATE_TIME (30 * G_USEC_PER_SEC) /* µs in which a network may refuse what it took */
#define LATE_MAX 100                    /* messages of one account remembered for that */
#define SWEEP 2                         /* s */

struct CwOutbox {
    GQueue queue; /* CwOutgoing *, owned */
    gint64 last_id;
    guint pending;
    gint64 timeout; /* µs */
    CwOutboxReturned returned;
    gpointer data;
    CwOutboxClock clock; /* NULL: the monotonic one */
    gpointer clock_data;
    guint sweep_id;
};

static gint64 now_of(const CwOutbox *outbox)
{
    return outbox->clock != NULL ? outbox->clock(outbox->clock_data) : g_get_monotonic_time();
}

static void free_outgoing(CwOutgoing *message)
{
    g_free(message->contact);
    g_free(message->stanza_id);
    g_free(message->resource);
    g_free(message);
}

static void forget(CwOutbox *outbox, CwOutgoing *message)
{
    if (!message->taken)
        outbox->pending--;
    g_queue_unlink(&outbox->queue, &message->link);
    free_outgoing(message);
}

/* Off the queue before the callback, which may add messages, but not settle others. */
static void give_back(CwOutbox *outbox, CwOutgoing *message, CwReason reason, const char *text)
{
    if (!message->taken)
        outbox->pending--;
    g_queue_unlink(&outbox->queue, &message->link);
    outbox->returned(message, reason, text, outbox->data);
    free_outgoing(message);
}

static gboolean sweep_cb(gpointer data)
{
    CwOutbox *outbox = data;
    gint64 now = now_of(outbox);
    GList *next = NULL;

    for (GList *l = outbox->queue.head; l != NULL; l = next) {
        CwOutgoing *message = l->data;
        next = l->next;
        if (message->taken && now - message->since > LATE_TIME)
            forget(outbox, message);
        else if (!message->taken && outbox->timeout > 0 && now - message->since > outbox->timeout)
            give_back(outbox, message, CW_REASON_HOST, "the network did not confirm it in time");
    }
    if (outbox->queue.length > 0)
        return G_SOURCE_CONTINUE;
    outbox->sweep_id = 0;
    return G_SOURCE_REMOVE;
}

void cw_outbox_set_clock(CwOutbox *outbox, CwOutboxClock clock, gpointer data)
{
    outbox->clock = clock;
    outbox->clock_data = data;
}

void cw_outbox_set_timeout(CwOutbox *outbox, guint timeout)
{
    outbox->timeout = (gint64)timeout * 1000;
}

CwOutbox *cw_outbox_new(guint timeout, CwOutboxReturned returned, gpointer data)
{
    CwOutbox *outbox = g_new0(CwOutbox, 1);

    g_queue_init(&outbox->queue);
    cw_outbox_set_timeout(outbox, timeout);
    outbox->returned = returned;
    outbox->data = data;
    return outbox;
}

void cw_outbox_free(CwOutbox *outbox)
{
    if (outbox == NULL)
        return;
    g_clear_handle_id(&outbox->sweep_id, g_source_remove);
    while (outbox->queue.head != NULL)
        forget(outbox, outbox->queue.head->data);
    g_free(outbox);
}

gint64 cw_outbox_add(CwOutbox *outbox, const char *contact, const char *stanza_id,
                     const char *resource)
{
    CwOutgoing *message = g_new0(CwOutgoing, 1);

    message->id = ++outbox->last_id;
    message->contact = g_strdup(contact);
    message->stanza_id = g_strdup(stanza_id);
    message->resource = g_strdup(resource);
    message->since = now_of(outbox);
    message->link.data = message;
    g_queue_push_tail_link(&outbox->queue, &message->link);
    outbox->pending++;
    if (outbox->sweep_id == 0)
        outbox->sweep_id = g_timeout_add_seconds(SWEEP, sweep_cb, outbox);
    return message->id;
}

static CwOutgoing *find(CwOutbox *outbox, gint64 id)
{
    for (GList *l = outbox->queue.tail; l != NULL; l = l->prev) {
        CwOutgoing *message = l->data;
        if (message->id <= id)
            return message->id == id ? message : NULL;
    }
    return NULL;
}

void cw_outbox_ack(CwOutbox *outbox, gint64 id)
{
    CwOutgoing *message = find(outbox, id);

    if (message == NULL || message->taken)
        return;
    message->taken = TRUE;
    message->since = now_of(outbox);
    outbox->pending--;
    CwOutgoing *oldest = outbox->queue.head->data;
    if (outbox->queue.length - outbox->pending > LATE_MAX && oldest->taken)
        forget(outbox, oldest);
}

gboolean cw_outbox_nack(CwOutbox *outbox, gint64 id, CwReason reason, const char *text)
{
    CwOutgoing *message = find(outbox, id);

    if (message == NULL)
        return FALSE;
    give_back(outbox, message, reason, text);
    return TRUE;
}

void cw_outbox_return_all(CwOutbox *outbox, CwReason reason, const char *text)
{
    GList *next = NULL;

    for (GList *l = outbox->queue.head; l != NULL; l = next) {
        CwOutgoing *message = l->data;
        next = l->next;
        if (!message->taken)
            give_back(outbox, message, reason, text);
    }
}

guint cw_outbox_pending(const CwOutbox *outbox)
{
    return outbox->pending;
}
