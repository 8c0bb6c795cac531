/* transport/outbox.c: one user's messages on their way to the network, until their fate is known
 *
 * A queue in the order of ids: those that were taken, then those with the host, then those that
 * wait, but for some that wait again.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "transport/outbox.h"

#include <string.h>

#include "transport/timers.h"

#define LATE_TIME (30 * G_USEC_PER_SEC) /* µs in which a network may refuse what it took */
#define LATE_MAX 100                    /* messages of one account remembered for that */
#define UNANSWERED_MAX 32               /* messages with the host at once */
#define SENDINGS_MAX 3                  /* of one message: it may be what breaks the link */
#define TURN 250                        /* ms between two looks while something is on its way */
#define IDLE_TURN 2000                  /* ms, at least, while nothing is */
#define NOT_IN_ROOM "you are not in the room any more"
#define INTERRUPTED "the gateway was interrupted; the message may have arrived or not"
#define STORE_AFTER 500 /* ms without a fate: with TURN and the commit under 1 s */

struct CwOutbox {
    GQueue queue;   /* CwOutgoing *, owned */
    GList *waiting; /* none before it waits; NULL: none does.  See find_waiting() */
    guint pending, unanswered;
    gsize size;          /* bytes of text that are pending */
    gint64 answer, wait; /* µs */
    gboolean open;
    gboolean busy; /* inside a walk along the queue */
    const CwOutboxEvents *events;
    gpointer data;
    guint turn_id;
    gboolean turn_is_slow;
};

static gint64 now_of(const CwOutbox *outbox)
{
    return outbox->events->clock(outbox->data);
}

static void free_outgoing(CwOutgoing *message)
{
    g_free(message->contact);
    g_free(message->nick);
    g_free(message->text);
    g_free(message->stanza_id);
    g_free(message->resource);
    g_free(message);
}

static void mark_waiting(CwOutbox *outbox, CwOutgoing *message)
{
    const CwOutgoing *first = outbox->waiting == NULL ? NULL : outbox->waiting->data;

    if (first == NULL || message->id < first->id)
        outbox->waiting = &message->link;
}

/* The only writer of the state: keeps the counts. */
static void set_state(CwOutbox *outbox, CwOutgoing *message, CwOutgoingState state)
{
    outbox->unanswered -= message->state == CW_OUTGOING_SENT;
    outbox->unanswered += state == CW_OUTGOING_SENT;
    message->state = state;
    if (state == CW_OUTGOING_WAITING)
        mark_waiting(outbox, message);
}

/* Its fate is known. */
static void settle(CwOutbox *outbox, CwOutgoing *message)
{
    outbox->pending--;
    outbox->size -= strlen(message->text);
    set_state(outbox, message, CW_OUTGOING_TAKEN);
}

static void unstore(CwOutbox *outbox, CwOutgoing *message)
{
    if (message->stored)
        outbox->events->unstore(message, outbox->data);
    message->stored = FALSE;
}

static void tell_settled(CwOutbox *outbox)
{
    if (outbox->pending == 0 && !outbox->busy)
        outbox->events->settled(outbox->data);
}

static void unlink_message(CwOutbox *outbox, CwOutgoing *message)
{
    if (outbox->waiting == &message->link)
        outbox->waiting = message->link.next;
    g_queue_unlink(&outbox->queue, &message->link);
}

static void forget(CwOutbox *outbox, CwOutgoing *message)
{
    unlink_message(outbox, message);
    free_outgoing(message);
}

/* Off the queue before the callback, which may add messages, but not settle others.  Out of the
 * store behind it: what tells the sender may have to be stored first. */
static void give_back(CwOutbox *outbox, CwOutgoing *message, CwReason reason, const char *text)
{
    if (message->state != CW_OUTGOING_TAKEN)
        settle(outbox, message);
    unlink_message(outbox, message);
    outbox->events->returned(message, reason, text, outbox->data);
    unstore(outbox, message);
    free_outgoing(message);
}

static void take(CwOutbox *outbox, CwOutgoing *message)
{
    settle(outbox, message);
    unstore(outbox, message);
    g_clear_pointer(&message->text, g_free);
    message->since = now_of(outbox);
    CwOutgoing *oldest = outbox->queue.head->data;
    if (outbox->queue.length - outbox->pending > LATE_MAX && oldest->state == CW_OUTGOING_TAKEN)
        forget(outbox, oldest);
}

static void store(CwOutbox *outbox, CwOutgoing *message)
{
    if (message->in_room)
        return;
    message->stored = TRUE;
    outbox->events->store(message, outbox->data);
}

static GList *find_waiting(CwOutbox *outbox)
{
    while (outbox->waiting != NULL &&
           ((CwOutgoing *)outbox->waiting->data)->state != CW_OUTGOING_WAITING)
        outbox->waiting = outbox->waiting->next;
    return outbox->waiting;
}

static void send_waiting(CwOutbox *outbox)
{
    GList *l = outbox->open ? find_waiting(outbox) : NULL;

    for (; l != NULL && outbox->unanswered < UNANSWERED_MAX; l = l->next) {
        CwOutgoing *message = l->data;
        if (message->state != CW_OUTGOING_WAITING)
            continue;
        message->line = outbox->events->send(message, outbox->data);
        if (message->line == 0)
            break; /* those behind it wait with it */
        message->sent_at = now_of(outbox);
        message->sendings++;
        set_state(outbox, message, CW_OUTGOING_SENT);
        if (message->stored)
            store(outbox, message); /* that it was sent */
    }
}

/* ---- the clock ---- */

static gboolean is_late(const CwOutbox *outbox, const CwOutgoing *message, gint64 now)
{
    switch (message->state) {
    case CW_OUTGOING_WAITING:
        return outbox->wait > 0 && now - message->since > outbox->wait;
    case CW_OUTGOING_SENT:
        return outbox->answer > 0 && now - message->sent_at > outbox->answer;
    case CW_OUTGOING_TAKEN:
        return now - message->since > LATE_TIME;
    }
    return FALSE;
}

static void look_at(CwOutbox *outbox, CwOutgoing *message, gint64 now)
{
    gint64 held = (g_get_monotonic_time() - message->held) / 1000;

    if (is_late(outbox, message, now)) {
        if (message->state == CW_OUTGOING_TAKEN)
            forget(outbox, message);
        else if (message->state == CW_OUTGOING_SENT)
            give_back(outbox, message, CW_REASON_HOST, "the network did not confirm it in time");
        else
            give_back(outbox, message, CW_REASON_NOT_ONLINE,
                      "it waited for the network for too long");
    } else if (message->state != CW_OUTGOING_TAKEN && !message->stored && held >= STORE_AFTER) {
        store(outbox, message);
    }
}

static void schedule_turn(CwOutbox *outbox);

static gboolean turn_cb(gpointer data)
{
    CwOutbox *outbox = data;
    gint64 now = now_of(outbox);
    GList *next = NULL;

    outbox->turn_id = 0;
    outbox->busy = TRUE;
    gboolean had_pending = outbox->pending > 0;
    for (GList *l = outbox->queue.head; l != NULL; l = next) {
        next = l->next;
        look_at(outbox, l->data, now);
    }
    send_waiting(outbox);
    outbox->busy = FALSE;
    schedule_turn(outbox);
    if (had_pending)
        tell_settled(outbox);
    return G_SOURCE_REMOVE;
}

/* ms until the first of those that were taken is too old to be refused. */
static guint idle_wait(const CwOutbox *outbox)
{
    const CwOutgoing *oldest = outbox->queue.head->data;
    gint64 left = (oldest->since + LATE_TIME - now_of(outbox)) / 1000;

    return (guint)CLAMP(left + 1, IDLE_TURN, LATE_TIME / 1000);
}

static void schedule_turn(CwOutbox *outbox)
{
    gboolean slow = outbox->pending == 0;

    if (outbox->queue.length == 0 || (outbox->turn_id != 0 && (slow || !outbox->turn_is_slow)))
        return;
    g_clear_handle_id(&outbox->turn_id, cw_timer_remove);
    outbox->turn_is_slow = slow;
    outbox->turn_id = cw_timer_add(slow ? idle_wait(outbox) : TURN, turn_cb, outbox);
}

/* ---- life ---- */

CwOutbox *cw_outbox_new(const CwOutboxEvents *events, gpointer data)
{
    CwOutbox *outbox = g_new0(CwOutbox, 1);

    g_queue_init(&outbox->queue);
    outbox->events = events;
    outbox->data = data;
    return outbox;
}

void cw_outbox_set_times(CwOutbox *outbox, guint answer, guint wait)
{
    outbox->answer = (gint64)answer * 1000;
    outbox->wait = (gint64)wait * 1000;
}

void cw_outbox_free(CwOutbox *outbox)
{
    if (outbox == NULL)
        return;
    g_clear_handle_id(&outbox->turn_id, cw_timer_remove);
    while (outbox->queue.head != NULL)
        forget(outbox, outbox->queue.head->data);
    g_free(outbox);
}

/* ---- in ---- */

static CwOutgoing *append(CwOutbox *outbox, gint64 id, const char *contact, const char *text)
{
    CwOutgoing *message = g_new0(CwOutgoing, 1);

    message->id = id;
    message->contact = g_strdup(contact);
    message->text = g_strdup(text);
    message->held = g_get_monotonic_time();
    message->link.data = message;
    g_queue_push_tail_link(&outbox->queue, &message->link);
    mark_waiting(outbox, message);
    outbox->pending++;
    outbox->size += strlen(text);
    return message;
}

static void add(CwOutbox *outbox, CwOutgoing *message, const char *stanza_id, const char *resource)
{
    message->stanza_id = g_strdup(stanza_id);
    message->resource = g_strdup(resource);
    message->made = g_get_real_time() / 1000;
    message->since = now_of(outbox);
    send_waiting(outbox);
    schedule_turn(outbox);
}

void cw_outbox_add(CwOutbox *outbox, gint64 id, const char *contact, const char *text,
                   const char *stanza_id, const char *resource)
{
    add(outbox, append(outbox, id, contact, text), stanza_id, resource);
}

void cw_outbox_add_to_room(CwOutbox *outbox, gint64 id, const char *room, const char *nick,
                           const char *text, const char *stanza_id, const char *resource)
{
    CwOutgoing *message = append(outbox, id, room, text);

    message->in_room = TRUE;
    message->nick = g_strdup(nick);
    add(outbox, message, stanza_id, resource);
}

void cw_outbox_load(CwOutbox *outbox, const CwSpooled *spooled)
{
    CwOutgoing *message = append(outbox, spooled->id, spooled->contact, spooled->text);
    gint64 age = MAX(g_get_real_time() / 1000 - spooled->made, 0);

    message->stanza_id = g_strdup(spooled->stanza_id);
    message->resource = g_strdup(spooled->resource);
    message->made = spooled->made;
    message->since = now_of(outbox) - age * 1000;
    message->stored = TRUE;
    if (spooled->sent)
        give_back(outbox, message, CW_REASON_HOST, INTERRUPTED);
    schedule_turn(outbox);
}

/* ---- the link comes and goes ---- */

void cw_outbox_open(CwOutbox *outbox)
{
    outbox->open = TRUE;
    send_waiting(outbox);
}

static void wait_again(CwOutbox *outbox, CwOutgoing *message)
{
    if (message->in_room) {
        give_back(outbox, message, CW_REASON_NOT_ONLINE, NOT_IN_ROOM);
        return;
    }
    if (message->sendings >= SENDINGS_MAX) {
        give_back(outbox, message, CW_REASON_HOST,
                  "the connection to the network broke each time that it was to be sent");
        return;
    }
    set_state(outbox, message, CW_OUTGOING_WAITING);
    if (message->stored)
        store(outbox, message); /* that it was not sent after all */
}

static void close_one(CwOutbox *outbox, CwOutgoing *message, CwFate fate, CwReason reason,
                      const char *text)
{
    switch (fate) {
    case CW_FATE_UNTOUCHED:
        wait_again(outbox, message);
        break;
    case CW_FATE_UNKNOWN:
        give_back(outbox, message, reason, text);
        break;
    case CW_FATE_TAKEN:
        take(outbox, message);
        break;
    }
}

/* `fate` NULL: nobody knows of any. */
static void close_with(CwOutbox *outbox, CwReason reason, const char *text, CwOutboxFate fate,
                       gpointer data)
{
    GList *next = NULL;
    gboolean had_pending = outbox->pending > 0;

    outbox->open = FALSE;
    outbox->busy = TRUE;
    for (GList *l = outbox->queue.head; l != NULL; l = next) {
        CwOutgoing *message = l->data;
        next = l->next;
        if (message->in_room && message->state == CW_OUTGOING_WAITING)
            give_back(outbox, message, CW_REASON_NOT_ONLINE, NOT_IN_ROOM);
        else if (message->state == CW_OUTGOING_SENT)
            close_one(outbox, message, fate == NULL ? CW_FATE_UNKNOWN : fate(message, data), reason,
                      text);
    }
    outbox->busy = FALSE;
    if (had_pending)
        tell_settled(outbox);
}
void cw_outbox_close_lost(CwOutbox *outbox, const char *text, CwOutboxFate fate, gpointer data)
{
    close_with(outbox, CW_REASON_HOST, text, fate, data);
}

void cw_outbox_close(CwOutbox *outbox, CwReason reason, const char *text)
{
    close_with(outbox, reason, text, NULL, NULL);
}

/* ---- fates ---- */

/* From the tail, but not along all that waits: the host answers what it was given. */
static CwOutgoing *find(CwOutbox *outbox, gint64 id)
{
    GList *l = find_waiting(outbox);

    if (l == NULL || ((CwOutgoing *)l->data)->id < id)
        l = outbox->queue.tail;
    for (; l != NULL; l = l->prev) {
        CwOutgoing *message = l->data;
        if (message->id <= id)
            return message->id == id ? message : NULL;
    }
    return NULL;
}

void cw_outbox_ack(CwOutbox *outbox, gint64 id)
{
    CwOutgoing *message = find(outbox, id);

    if (message == NULL || message->state != CW_OUTGOING_SENT)
        return;
    take(outbox, message);
    send_waiting(outbox);
    tell_settled(outbox);
}

gboolean cw_outbox_nack(CwOutbox *outbox, gint64 id, CwReason reason, const char *text)
{
    CwOutgoing *message = find(outbox, id);

    if (message == NULL || message->state == CW_OUTGOING_WAITING)
        return FALSE;
    if (message->state == CW_OUTGOING_SENT && reason == CW_REASON_NOT_ONLINE) {
        outbox->open = FALSE;
        wait_again(outbox, message);
        tell_settled(outbox);
        return TRUE;
    }
    gboolean was_pending = message->state == CW_OUTGOING_SENT;
    give_back(outbox, message, reason, text);
    if (was_pending)
        tell_settled(outbox);
    return TRUE;
}

void cw_outbox_return_all(CwOutbox *outbox, CwReason reason, const char *text)
{
    GList *next = NULL;
    gboolean had_pending = outbox->pending > 0;

    outbox->busy = TRUE;
    for (GList *l = outbox->queue.head; l != NULL; l = next) {
        CwOutgoing *message = l->data;
        next = l->next;
        if (message->state != CW_OUTGOING_TAKEN)
            give_back(outbox, message, reason, text);
    }
    outbox->busy = FALSE;
    if (had_pending)
        tell_settled(outbox);
}

void cw_outbox_shelve(CwOutbox *outbox)
{
    GList *next = NULL;

    outbox->open = FALSE;
    for (GList *l = outbox->queue.head; l != NULL; l = next) {
        CwOutgoing *message = l->data;
        next = l->next;
        if (message->state == CW_OUTGOING_TAKEN)
            continue;
        if (message->in_room) {
            if (message->state == CW_OUTGOING_SENT)
                give_back(outbox, message, CW_REASON_HOST, INTERRUPTED);
            else
                give_back(outbox, message, CW_REASON_NOT_ONLINE, NOT_IN_ROOM);
            continue;
        }
        if (!message->stored)
            store(outbox, message);
        settle(outbox, message);
        forget(outbox, message);
    }
}

guint cw_outbox_pending(const CwOutbox *outbox)
{
    return outbox->pending;
}

guint cw_outbox_unanswered(const CwOutbox *outbox)
{
    return outbox->unanswered;
}

gsize cw_outbox_pending_size(const CwOutbox *outbox)
{
    return outbox->size;
}
