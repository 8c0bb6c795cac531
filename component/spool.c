/* component/spool.c: stanzas that must not be lost until the Jabber server has them
 *
 * One queue in the order of their making: first those that were sent, then those that wait.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#define G_LOG_DOMAIN "component"

#include "component/spool.h"

#include <string.h>

#include "component/xmpp-time.h"
#include "transport/timers.h"

#define WINDOW (256 * 1024) /* bytes sent and not confirmed */
#define ECHO_SPACING 2      /* ms between two questions, at least */
#define ECHO_PATIENCE                                                                              \
    (10 * G_USEC_PER_SEC) /* µs for an answer, while the server says other things */
#define TURN 250          /* ms between two looks at what is not confirmed */
#define STORE_AFTER (500 * G_TIME_SPAN_MILLISECOND) /* with TURN and the commit under 1 s */
#define LOAD_BATCH 100
#define ALONE_AFTER 2 /* streams that ended while a stanza was under way: then it goes alone */
#define TRIES_MAX 5   /* of them: then it is dropped */

typedef struct {
    gint64 id; /* in the store */
    char *user;
    char *xml;
    gsize length;
    gint64 made;  /* real time, µs */
    gint64 since; /* monotonic, µs */
    gboolean sent, stored, stamped;
    gboolean late;  /* the stream was down meanwhile: it needs a stamp */
    guint tries;    /* streams that ended while it was under way */
    gboolean quiet; /* nobody is told when it is dropped */
    GList link;
} Stanza;

/* What waits for one user. */
typedef struct {
    guint count;
    guint dropped; /* and not told yet */
} Share;

struct CwSpool {
    CwStream *stream;
    CwTransport *transport;
    const CwSpoolEvents *events;
    gpointer data;

    GQueue queue;       /* Stanza, owned */
    GList *first;       /* the first that was not sent; NULL: none */
    guint sent;         /* how many were */
    gsize size, window; /* bytes: of all, of those that were sent */
    GHashTable *shares; /* user -> Share */
    gboolean up, full, pumping, shelved;
    gboolean telling; /* inside refused() */

    /* the question */
    char *echo_id;     /* NULL: none is open */
    guint echo_covers; /* how many of those sent it is about */
    gint64 echo_at;    /* monotonic, µs, of the last */
    gboolean deaf;     /* this server does not answer it */
    guint echo_timer, turn_id;

    GString *draft;
    CwWriter writer;
    char *draft_user;
    const char *refused;
};

static const char *domain_of(const CwSpool *spool)
{
    return cw_transport_domain(spool->transport);
}

static const CwLimits *limits_of(const CwSpool *spool)
{
    return &cw_transport_all_settings(spool->transport)->limits;
}

/* ---- the queue ---- */

static void free_stanza(Stanza *stanza)
{
    g_free(stanza->user);
    g_free(stanza->xml);
    g_free(stanza);
}

static Share *share_of(CwSpool *spool, const char *user)
{
    Share *share = g_hash_table_lookup(spool->shares, user);

    if (share == NULL) {
        share = g_new0(Share, 1);
        g_hash_table_insert(spool->shares, g_strdup(user), share);
    }
    return share;
}

static void append(CwSpool *spool, Stanza *stanza)
{
    stanza->link.data = stanza;
    g_queue_push_tail_link(&spool->queue, &stanza->link);
    if (spool->first == NULL)
        spool->first = &stanza->link;
    spool->size += stanza->length;
    share_of(spool, stanza->user)->count++;
}

/* Off the queue, out of the store. */
static void forget(CwSpool *spool, Stanza *stanza)
{
    Share *share = share_of(spool, stanza->user);

    if (stanza->stored)
        cw_store_delete_spooled(cw_transport_store(spool->transport), domain_of(spool), stanza->id);
    if (&stanza->link == spool->first)
        spool->first = stanza->link.next;
    if (stanza->sent) {
        spool->sent--;
        spool->window -= stanza->length;
    }
    spool->size -= stanza->length;
    if (--share->count == 0 && share->dropped == 0)
        g_hash_table_remove(spool->shares, stanza->user);
    g_queue_unlink(&spool->queue, &stanza->link);
    free_stanza(stanza);
}

static void store(CwSpool *spool, Stanza *stanza)
{
    CwSpooled spooled = {.id = stanza->id,
                         .way = CW_SPOOL_TO_USER,
                         .jid = stanza->user,
                         .text = stanza->xml,
                         .made = stanza->made / 1000};

    stanza->stored = TRUE;
    cw_store_put_spooled(cw_transport_store(spool->transport), domain_of(spool), &spooled);
}

/* Above its bound nothing more is to come from the network: a bound for an absent server, which the
 * network may be waited with for minutes, and one for a server that is slow. */
static void check_full(CwSpool *spool)
{
    const CwLimits *limits = limits_of(spool);
    gsize bound = spool->up ? limits->send_queue : limits->spool_size;
    gboolean full = bound > 0 && spool->size > (spool->full ? bound / 2 : bound);

    if (full == spool->full)
        return;
    spool->full = full;
    g_info("%s: the spool is %s (%u stanzas, %" G_GSIZE_FORMAT " bytes)", domain_of(spool),
           full ? "full" : "short again", spool->queue.length, spool->size);
    spool->events->full(full, spool->data);
}

/* While the server is away one user's flood must not fill the spool of all: his oldest go. */
static void make_room(CwSpool *spool, const char *user)
{
    guint most = limits_of(spool)->spool_messages;
    Share *share = share_of(spool, user);

    if (spool->up || most == 0 || share->count < most)
        return;
    for (GList *l = spool->queue.head; l != NULL; l = l->next) {
        Stanza *stanza = l->data;
        if (!g_str_equal(stanza->user, user))
            continue;
        if (share->dropped++ == 0)
            g_warning("%s/%s: %u messages wait for the server (spool-messages): the oldest are "
                      "dropped",
                      user, domain_of(spool), share->count);
        forget(spool, stanza);
        return;
    }
}

/* ---- sending ---- */

static void schedule_echo(CwSpool *spool);
static void schedule_turn(CwSpool *spool);

/* The stanza with a stamp before its end tag.  (transfer full) */
static char *stamp(const CwSpool *spool, const Stanza *stanza)
{
    static const char end[] = "</message>";
    g_autoptr(GString) xml = g_string_new_len(stanza->xml, (gssize)stanza->length);
    CwWriter writer;

    if (!g_str_has_suffix(stanza->xml, end))
        return g_string_free(g_steal_pointer(&xml), FALSE);
    g_string_truncate(xml, stanza->length - strlen(end));
    cw_writer_init(&writer, xml);
    cw_xmpp_time_write_delay(&writer, domain_of(spool), stanza->made / G_USEC_PER_SEC);
    g_string_append(xml, end);
    return g_string_free(g_steal_pointer(&xml), FALSE);
}

static gboolean send_stanza(CwSpool *spool, const Stanza *stanza)
{
    if (!stanza->late || stanza->stamped)
        return cw_stream_send(spool->stream, stanza->xml, stanza->length);
    g_autofree char *xml = stamp(spool, stanza);
    return cw_stream_send(spool->stream, xml, strlen(xml));
}

static void tell_dropped(CwSpool *spool, const char *user)
{
    Share *share = share_of(spool, user);
    guint dropped = share->dropped;

    share->dropped = 0;
    if (dropped > 0)
        spool->events->dropped(user, dropped, spool->data);
}

/* Over the window it waits; a deaf server confirms nothing, but is not to be flooded either. */
static gboolean may_send(const CwSpool *spool, const Stanza *stanza)
{
    const Stanza *head = spool->queue.head->data;

    if (spool->sent > 0 && (stanza->tries >= ALONE_AFTER || head->tries >= ALONE_AFTER))
        return FALSE;
    return (spool->deaf ? cw_stream_waiting(spool->stream) : spool->window) < WINDOW;
}

/* Sends what waits, as far as the window is open. */
static void pump(CwSpool *spool)
{
    if (spool->pumping)
        return;
    spool->pumping = TRUE;
    while (spool->up && spool->first != NULL && may_send(spool, spool->first->data)) {
        Stanza *stanza = spool->first->data;
        if (stanza->late)
            tell_dropped(spool, stanza->user);
        if (!send_stanza(spool, stanza))
            break;
        stanza->sent = TRUE;
        spool->sent++;
        spool->window += stanza->length;
        spool->first = stanza->link.next;
    }
    spool->pumping = FALSE;
    schedule_echo(spool);
}

/* ---- confirmation ---- */

static void confirm(CwSpool *spool, guint count)
{
    for (; count > 0 && spool->sent > 0; count--)
        forget(spool, spool->queue.head->data);
    pump(spool);
    check_full(spool);
}

static gboolean echo_cb(gpointer data)
{
    CwSpool *spool = data;
    const char *domain = domain_of(spool);

    spool->echo_timer = 0;
    if (!spool->up || spool->sent == 0 || spool->deaf)
        return G_SOURCE_REMOVE;
    spool->echo_id = g_strdup_printf("spool-%08x%08x", g_random_int(), g_random_int());
    spool->echo_covers = spool->sent;
    spool->echo_at = g_get_monotonic_time();
    CwWriter *writer = cw_stream_begin(spool->stream, "iq", domain, domain, "get", spool->echo_id);
    cw_writer_leaf(writer, "ping", "urn:xmpp:ping", NULL);
    cw_stream_end(spool->stream);
    return G_SOURCE_REMOVE;
}

static void schedule_echo(CwSpool *spool)
{
    gint64 wait = spool->echo_at / 1000 + ECHO_SPACING - g_get_monotonic_time() / 1000;

    if (spool->sent > 0 && spool->echo_id == NULL && spool->echo_timer == 0 && !spool->deaf)
        spool->echo_timer = cw_timer_add(wait > 0 ? (guint)wait : 0, echo_cb, spool);
}

gboolean cw_spool_take(CwSpool *spool, const char *id)
{
    if (spool->echo_id == NULL || g_strcmp0(id, spool->echo_id) != 0)
        return FALSE;
    g_clear_pointer(&spool->echo_id, g_free);
    confirm(spool, spool->echo_covers);
    return TRUE;
}

/* A server that says other things long after the question does not route it back.  Then there is no
 * telling but that the socket took it. */
static void mind_deafness(CwSpool *spool, gint64 now)
{
    if (spool->up && !spool->deaf && spool->echo_id != NULL &&
        now - spool->echo_at > ECHO_PATIENCE &&
        cw_stream_heard(spool->stream) - spool->echo_at > ECHO_PATIENCE / 2) {
        spool->deaf = TRUE;
        g_message("%s: the server does not route a stanza to the component itself; what was on its "
                  "way when a connection breaks cannot be known to have arrived",
                  domain_of(spool));
        g_clear_pointer(&spool->echo_id, g_free);
    }
    if (spool->up && spool->deaf && cw_stream_waiting(spool->stream) == 0)
        confirm(spool, spool->sent);
}

static gboolean turn_cb(gpointer data)
{
    CwSpool *spool = data;
    gint64 now = g_get_monotonic_time();

    spool->turn_id = 0;
    for (GList *l = spool->queue.head; l != NULL; l = l->next) {
        Stanza *stanza = l->data;
        if (now - stanza->since < STORE_AFTER)
            break; /* those behind it are younger */
        if (!stanza->stored)
            store(spool, stanza);
    }
    mind_deafness(spool, now);
    pump(spool);
    schedule_turn(spool);
    return G_SOURCE_REMOVE;
}

static void schedule_turn(CwSpool *spool)
{
    if (spool->queue.length > 0 && spool->turn_id == 0)
        spool->turn_id = cw_timer_add(TURN, turn_cb, spool);
}

/* ---- writing ---- */

CwWriter *cw_spool_begin(CwSpool *spool, const char *name, const char *from, const char *to,
                         const char *type, const char *id)
{
    CwWriter *writer = &spool->writer;

    spool->refused = NULL;
    if (to == NULL || *to == '\0')
        spool->refused = "it has no `to`";
    else if (from == NULL || !cw_stream_may_send_from(spool->stream, from))
        spool->refused = "its `from` is not at our domain";
    g_free(spool->draft_user);
    spool->draft_user = to == NULL ? NULL : g_strndup(to, strcspn(to, "/"));
    g_string_truncate(spool->draft, 0);
    cw_writer_init_stanza(writer, spool->draft, name, from, to, type, id);
    return writer;
}

gboolean cw_spool_end(CwSpool *spool, gboolean stamped)
{
    if (spool->writer.depth != 1)
        spool->refused = "its elements do not match";
    else if (spool->shelved)
        spool->refused = "the gateway ends";
    if (spool->refused != NULL) {
        g_warning("%s: a stanza is dropped, %s", domain_of(spool), spool->refused);
        return FALSE;
    }
    cw_writer_end(&spool->writer);
    make_room(spool, spool->draft_user);

    Stanza *stanza = g_new0(Stanza, 1);
    stanza->id = cw_transport_next_id(spool->transport);
    stanza->user = g_steal_pointer(&spool->draft_user);
    stanza->xml = g_strndup(spool->draft->str, spool->draft->len);
    stanza->length = spool->draft->len;
    stanza->made = g_get_real_time();
    stanza->since = g_get_monotonic_time();
    stanza->stamped = stamped;
    stanza->late = !spool->up;
    stanza->quiet = spool->telling;
    append(spool, stanza);
    if (!spool->up)
        store(spool, stanza); /* it would be anyway, and it may stand for one that is stored */
    pump(spool);
    schedule_turn(spool);
    check_full(spool);
    return TRUE;
}

/* ---- the stream comes and goes ---- */

void cw_spool_up(CwSpool *spool)
{
    spool->up = TRUE;
    spool->deaf = FALSE;
    if (spool->queue.length > 0)
        g_info("%s: %u stanzas waited for the server", domain_of(spool), spool->queue.length);
    pump(spool);
    check_full(spool);
}

/* It was under way alone, once too often. */
static void give_up(CwSpool *spool, Stanza *stanza)
{
    g_autofree char *user = g_strdup(stanza->user);
    gboolean quiet = stanza->quiet;

    g_warning("%s/%s: a stanza of %" G_GSIZE_FORMAT " bytes is dropped: %u streams ended while it "
              "was under way; does the server take stanzas of that size?",
              user, domain_of(spool), stanza->length, stanza->tries);
    forget(spool, stanza);
    spool->telling = TRUE;
    if (!quiet)
        spool->events->refused(user, spool->data);
    spool->telling = FALSE;
}

void cw_spool_down(CwSpool *spool)
{
    guint sent = spool->sent;

    spool->up = FALSE;
    g_clear_pointer(&spool->echo_id, g_free);
    g_clear_handle_id(&spool->echo_timer, cw_timer_remove);
    for (GList *l = spool->queue.head; l != NULL; l = l->next) {
        Stanza *stanza = l->data;
        stanza->tries += stanza->sent;
        stanza->sent = FALSE;
        stanza->late = TRUE;
    }
    spool->first = spool->queue.head;
    spool->sent = 0;
    spool->window = 0;
    Stanza *head = g_queue_peek_head(&spool->queue);
    if (sent == 1 && head->tries >= TRIES_MAX)
        give_up(spool, head);
    check_full(spool);
}

guint cw_spool_unconfirmed(const CwSpool *spool)
{
    return spool->sent;
}

static void clear(CwSpool *spool)
{
    while (spool->queue.head != NULL) {
        Stanza *stanza = spool->queue.head->data;
        g_queue_unlink(&spool->queue, &stanza->link);
        free_stanza(stanza);
    }
    spool->first = NULL;
    spool->sent = 0;
    spool->size = spool->window = 0;
    g_hash_table_remove_all(spool->shares);
    g_clear_pointer(&spool->echo_id, g_free);
    g_clear_handle_id(&spool->echo_timer, cw_timer_remove);
    g_clear_handle_id(&spool->turn_id, cw_timer_remove);
}

void cw_spool_shelve(CwSpool *spool)
{
    for (GList *l = spool->queue.head; l != NULL; l = l->next) {
        Stanza *stanza = l->data;
        if (!stanza->stored)
            store(spool, stanza);
    }
    clear(spool);
    spool->shelved = TRUE;
}

/* ---- life ---- */

static void load(CwSpool *spool)
{
    g_autoptr(GError) error = NULL;
    gint64 after = 0;

    for (guint got = LOAD_BATCH; got == LOAD_BATCH;) {
        g_autoptr(GPtrArray) batch =
            cw_store_list_spooled(cw_transport_store(spool->transport), domain_of(spool),
                                  CW_SPOOL_TO_USER, NULL, after, LOAD_BATCH, &error);
        if (batch == NULL) {
            g_warning("%s: cannot read the messages that wait for the server: %s", domain_of(spool),
                      error->message);
            return;
        }
        got = batch->len;
        for (guint i = 0; i < got; i++) {
            const CwSpooled *spooled = g_ptr_array_index(batch, i);
            Stanza *stanza = g_new0(Stanza, 1);
            after = stanza->id = spooled->id;
            stanza->user = g_strdup(spooled->jid);
            stanza->xml = g_strdup(spooled->text);
            stanza->length = strlen(stanza->xml);
            stanza->made = spooled->made * 1000;
            stanza->stamped = strstr(stanza->xml, "<delay xmlns='" CW_NS_DELAY "'") != NULL;
            stanza->stored = stanza->late = TRUE;
            append(spool, stanza);
        }
    }
}

CwSpool *cw_spool_new(CwStream *stream, CwTransport *transport, const CwSpoolEvents *events,
                      gpointer data)
{
    CwSpool *spool = g_new0(CwSpool, 1);

    spool->stream = stream;
    spool->transport = transport;
    spool->events = events;
    spool->data = data;
    g_queue_init(&spool->queue);
    spool->shares = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    spool->draft = g_string_new(NULL);
    load(spool);
    return spool;
}

void cw_spool_free(CwSpool *spool)
{
    if (spool == NULL)
        return;
    clear(spool);
    g_hash_table_unref(spool->shares);
    g_string_free(spool->draft, TRUE);
    g_free(spool->draft_user);
    g_free(spool->echo_id);
    g_free(spool);
}
