/* protocols/purple/sent.c: the messages that an account sent, until their fate is known
 *
 * libpurple has no receipt for a message.  serv_send_im() tells at once what the plugin itself
 * refuses; what the server refuses comes later as text in the conversation, written as an ERROR or
 * SYSTEM message.  So each message that was sent is remembered for a while, and such a text refuses
 * the oldest one to that contact that has not been refused.  A message that went out in several
 * pieces may be refused as often.
 *
 * A plugin that has a queue of its own (prpl-irc: a rate limit) takes a message long before it
 * writes it, and forgets it when the connection drops.  With the signal of its queue the lines that
 * it really writes are counted, in the order in which they were given to it.  A message is
 * acknowledged with its last line, at the end of the turn: a write that fails ends the account
 * first.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "protocols/purple/sent.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "protocols/purple/buddies.h"
#include "protocols/purple/host.h"
#include "transport/turn.h"

/* A text later than that, from the writing, refuses nothing. */
#define REFUSAL_WINDOW (30 * G_TIME_SPAN_SECOND)
#define REMEMBERED (10 * G_TIME_SPAN_MINUTE) /* a refusal by id may take longer */
#define SENT_MAX 64                          /* messages remembered an account */
/* Lines in the plugin's queue: with the rate limit of defaults.c they are written before the
 * gateway gives up a message (message-timeout). */
#define QUEUE_MAX 50

#define ONLY_THE_BEGINNING                                                                         \
    "only the beginning of it was sent before the connection to the network dropped"

struct CwSent {
    gint64 id;
    char *contact;
    char *stanza_id; /* (nullable) */
    guint text_hash; /* of the text, to know its echo */
    gint64 at;       /* monotonic, µs: of the last piece that was written */
    guint pieces;    /* to be written */
    guint written;
    guint errors;     /* texts that refused a piece */
    gboolean settled; /* an ack or a nack went out */
    gboolean refused;
    gboolean echoed;
};

struct CwSentList {
    CwAccount *account;
    GQueue queue; /* CwSent, oldest first */
    /* No message before these, of up to SENT_MAX, is without an answer, or has a piece to be
     * written; NULL: none is.  See first_unsettled() and first_unwritten(). */
    GList *unsettled, *unwritten;
    CwSent *sending; /* inside the plugin's send function */
    gboolean echoed; /* cw_sent_take_echo() since cw_sent_expect_echo() */
    CwTurnJob acks;
};

static gboolean watched; /* the plugin's queue shows what it writes */

static void free_sent(gpointer data)
{
    CwSent *sent = data;
    g_free(sent->contact);
    g_free(sent->stanza_id);
    g_free(sent);
}

static void ack_written(gpointer data);

CwSentList *cw_sent_list_new(CwAccount *account)
{
    CwSentList *list = g_new0(CwSentList, 1);
    list->account = account;
    g_queue_init(&list->queue);
    list->acks = (CwTurnJob){.work = ack_written, .data = list};
    return list;
}

void cw_sent_list_free(CwSentList *list)
{
    if (list == NULL)
        return;
    cw_turn_cancel(&list->acks);
    g_queue_clear_full(&list->queue, free_sent);
    g_free(list);
}

/* ---- the queue ---- */

static gboolean is_written(const CwSent *sent)
{
    return sent->written >= sent->pieces;
}

static GList *first_unsettled(CwSentList *list)
{
    while (list->unsettled != NULL && ((CwSent *)list->unsettled->data)->settled)
        list->unsettled = list->unsettled->next;
    return list->unsettled;
}

/* What is written stays so: pieces become fewer, and never more. */
static GList *first_unwritten(CwSentList *list)
{
    while (list->unwritten != NULL && is_written(list->unwritten->data))
        list->unwritten = list->unwritten->next;
    return list->unwritten;
}

static void append(CwSentList *list, CwSent *sent)
{
    g_queue_push_tail(&list->queue, sent);
    if (list->unsettled == NULL)
        list->unsettled = list->queue.tail;
    if (list->unwritten == NULL)
        list->unwritten = list->queue.tail;
}

static void forget(CwSentList *list, GList *link)
{
    if (list->unsettled == link)
        list->unsettled = link->next;
    if (list->unwritten == link)
        list->unwritten = link->next;
    free_sent(link->data);
    g_queue_delete_link(&list->queue, link);
}

/* ---- the one answer ---- */

static void ack(CwSentList *list, CwSent *sent)
{
    if (sent->settled)
        return;
    sent->settled = TRUE;
    cw_host_ack(list->account->number, sent->id);
}

/* Also after an ack, once. */
static void nack(CwSentList *list, CwSent *sent, CwReason reason, const char *text)
{
    if (sent->refused)
        return;
    sent->refused = sent->settled = TRUE;
    cw_host_nack(list->account->number, sent->id, reason, text);
}

/* ---- what goes out ---- */

static void forget_old(CwSentList *list)
{
    gint64 limit = g_get_monotonic_time() - REMEMBERED;
    for (CwSent *sent;
         (sent = g_queue_peek_head(&list->queue)) != NULL && sent->settled && sent->at < limit;)
        forget(list, list->queue.head);
}

/* Never one whose sender waits for an answer. */
static void make_place(CwSentList *list)
{
    for (GList *l = list->queue.head; l != NULL && list->queue.length >= SENT_MAX; l = l->next) {
        CwSent *sent = l->data;
        if (!sent->settled || !is_written(sent))
            continue;
        forget(list, l);
        return;
    }
}

static guint count_unwritten(CwSentList *list)
{
    guint n = 0;
    for (const GList *l = first_unwritten(list); l != NULL; l = l->next) {
        const CwSent *sent = l->data;
        n += sent->pieces - MIN(sent->written, sent->pieces);
    }
    return n;
}

CwSent *cw_sent_begin(CwSentList *list, gint64 id, const char *contact, const char *text,
                      guint pieces)
{
    forget_old(list);
    if (watched && pieces > QUEUE_MAX) {
        cw_host_nack(list->account->number, id, CW_REASON_TOO_LONG,
                     "the network takes lines one by one, and this is too many");
        return NULL;
    }
    if (watched && count_unwritten(list) + pieces > QUEUE_MAX) {
        cw_host_nack(list->account->number, id, CW_REASON_RATE,
                     "too many messages wait for the network, which takes one a second");
        return NULL;
    }
    make_place(list);
    CwSent *sent = g_new0(CwSent, 1);
    sent->id = id;
    sent->contact = g_strdup(contact);
    sent->text_hash = g_str_hash(text);
    sent->at = g_get_monotonic_time();
    sent->pieces = pieces;
    append(list, sent);
    list->sending = sent;
    return sent;
}

static CwReason map_errno(int result)
{
    switch (-result) {
    case E2BIG:
    case EMSGSIZE:
        return CW_REASON_TOO_LONG;
    case ENOTCONN: /* not NOT_ONLINE: that promises that nothing of it went out */
    case EPIPE:
        return CW_REASON_NETWORK;
    case EAGAIN:
    case ENOBUFS:
        return CW_REASON_RATE;
    case EACCES:
    case EPERM:
        return CW_REASON_FORBIDDEN;
    case ENOENT:
    case EADDRNOTAVAIL:
    case EHOSTUNREACH:
        return CW_REASON_NO_CONTACT;
    default:
        return CW_REASON_OTHER;
    }
}

void cw_sent_given(CwSentList *list, CwSent *sent, guint given, int result)
{
    list->sending = NULL;
    if (!watched)
        sent->written = given;
    if (result >= 0) {
        if (is_written(sent))
            ack(list, sent);
        return;
    }
    CwReason reason = map_errno(result);
    sent->pieces = given; /* what is in the plugin's queue will be written all the same */
    sent->errors = given;
    if (given == 0)
        nack(list, sent, reason, NULL);
    else
        nack(list, sent, reason, "only the beginning of it was sent");
}

static void ack_written(gpointer data)
{
    CwSentList *list = data;
    if (list->account->ending)
        return; /* cw_sent_end() knows why */
    for (GList *l = first_unsettled(list); l != NULL; l = l->next) {
        CwSent *sent = l->data;
        if (sent != list->sending && is_written(sent))
            ack(list, sent);
    }
}

static gboolean is_for(const CwSentList *list, const CwSent *sent, const char *target)
{
    /* prpl-irc takes the sign of a nick's rank in a room off ("+nick") */
    if (strcmp(target, sent->contact) == 0 || strcmp(target, sent->contact + 1) == 0)
        return TRUE;
    g_autofree char *name = cw_account_normalize(list->account, target);
    return name != NULL &&
           (strcmp(name, sent->contact) == 0 || strcmp(name, sent->contact + 1) == 0);
}

/* A line to `target` left the plugin's queue: a piece of the oldest message that is not written.
 * What the plugin itself has to say to somebody else is none of ours. */
static void written(CwSentList *list, const char *target)
{
    for (GList *l = first_unwritten(list); l != NULL; l = l->next) {
        CwSent *sent = l->data;
        if (is_written(sent))
            continue;
        if (!is_for(list, sent, target))
            return;
        sent->written++;
        sent->at = g_get_monotonic_time();
        if (sent->written == sent->pieces)
            cw_turn_queue(&list->acks);
        return;
    }
}

/* `text`: a line of IRC as it is about to be written. */
static void sending_text_cb(PurpleConnection *gc, char **text, gpointer data)
{
    PurpleAccount *purple = gc != NULL ? purple_connection_get_account(gc) : NULL;
    CwAccount *account = purple != NULL ? purple->ui_data : NULL; /* also one that is ending */
    if (account == NULL || account->sent == NULL || text == NULL || *text == NULL ||
        !g_str_has_prefix(*text, "PRIVMSG "))
        return;
    const char *target = *text + strlen("PRIVMSG ");
    g_autofree char *name = g_strndup(target, strcspn(target, " \r\n"));
    written(account->sent, name);
}

void cw_sent_connect(void)
{
    static int handle;
    const char *signal = cw_host.defaults->queue_signal;
    if (signal != NULL)
        watched = purple_signal_connect(cw_host.plugin, signal, &handle,
                                        PURPLE_CALLBACK(sending_text_cb), NULL) != 0;
}

void cw_sent_end(CwSentList *list)
{
    gboolean in_order = list->account->reason == CW_REASON_NONE; /* a log-out */
    for (GList *l = list->queue.head; l != NULL; l = l->next) {
        CwSent *sent = l->data;
        if (sent->settled)
            continue;
        if (sent->written == 0)
            nack(list, sent, CW_REASON_NOT_ONLINE,
                 in_order ? "the account logged out before it was sent"
                          : "the connection to the network dropped before it was sent");
        else if (sent->written < sent->pieces)
            nack(list, sent, CW_REASON_NETWORK, ONLY_THE_BEGINNING);
        else if (in_order)
            ack(list, sent);
        else
            nack(list, sent, CW_REASON_NETWORK,
                 "the connection to the network dropped while it was being sent");
    }
}

/* ---- what comes back ---- */

/* libpurple gives no reason but text in some language; what the list says of him is the best guess.
 */
CwReason cw_sent_guess_reason(const CwAccount *account, const char *contact)
{
    if (!cw_buddies_has(account, contact))
        return CW_REASON_NO_CONTACT;
    return cw_buddies_show(account, contact) == CW_SHOW_OFFLINE ? CW_REASON_OFFLINE
                                                                : CW_REASON_OTHER;
}

static gboolean refuse_oldest(CwSentList *list, const char *contact, const CwReason *reason,
                              const char *text)
{
    gint64 limit = g_get_monotonic_time() - REFUSAL_WINDOW;
    forget_old(list);
    for (GList *l = list->queue.head; l != NULL; l = l->next) {
        CwSent *sent = l->data;
        /* a plugin without a queue refuses from inside its send function as well */
        guint out = sent == list->sending && !watched ? sent->pieces : sent->written;
        if (strcmp(sent->contact, contact) != 0 || sent->errors >= out || sent->at < limit)
            continue;
        sent->errors++;
        nack(list, sent, reason != NULL ? *reason : cw_sent_guess_reason(list->account, contact),
             text);
        return TRUE;
    }
    return FALSE;
}

gboolean cw_sent_refuse_oldest(CwSentList *list, const char *contact, const char *text)
{
    return refuse_oldest(list, contact, NULL, text);
}

gboolean cw_sent_refuse_oldest_for(CwSentList *list, const char *contact, CwReason reason,
                                   const char *text)
{
    g_autofree char *name = cw_account_normalize(list->account, contact);

    return name != NULL && refuse_oldest(list, name, &reason, text);
}

void cw_sent_as(CwSentList *list, const char *stanza_id)
{
    if (list->sending == NULL)
        return;
    g_free(list->sending->stanza_id);
    list->sending->stanza_id = g_strdup(stanza_id);
}

/* The contact, or a server on the way to him: nobody else can know that it does not arrive. */
static gboolean may_refuse(const CwSentList *list, const CwSent *sent, const char *from)
{
    if (from == NULL || strchr(from, '@') == NULL)
        return TRUE;
    g_autofree char *name = cw_account_normalize(list->account, from);
    return g_strcmp0(name, sent->contact) == 0;
}

gboolean cw_sent_refused(CwSentList *list, const char *stanza_id, const char *from, CwReason reason,
                         const char *text)
{
    for (GList *l = list->queue.head; l != NULL; l = l->next) {
        CwSent *sent = l->data;
        if (g_strcmp0(sent->stanza_id, stanza_id) != 0 || !may_refuse(list, sent, from))
            continue;
        sent->errors = sent->pieces;
        nack(list, sent, reason, text);
        return TRUE;
    }
    return FALSE;
}

gint64 cw_sent_echo_of(CwSentList *list, const char *contact, const char *text)
{
    guint hash = g_str_hash(text);

    forget_old(list);
    for (GList *l = list->queue.head; l != NULL; l = l->next) {
        CwSent *sent = l->data;
        if (!sent->echoed && strcmp(sent->contact, contact) == 0 && sent->text_hash == hash) {
            sent->echoed = TRUE;
            return sent->id;
        }
    }
    return 0;
}

gboolean cw_sent_is_echo(CwSentList *list, const char *contact, const char *text)
{
    return list->sending != NULL || cw_sent_echo_of(list, contact, text) != 0;
}

void cw_sent_expect_echo(CwSentList *list)
{
    list->echoed = FALSE;
}

gboolean cw_sent_take_echo(CwSentList *list)
{
    if (list->sending == NULL)
        return FALSE;
    list->sending->echoed = list->echoed = TRUE;
    return TRUE;
}

gboolean cw_sent_was_echoed(const CwSentList *list)
{
    return list->echoed;
}
