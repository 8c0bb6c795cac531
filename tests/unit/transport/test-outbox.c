/* tests/unit/transport/test-outbox.c: the fate of messages; what was seen before; outages; the
 * pace; the states of a session
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "transport/outage.h"
#include "transport/outbox.h"
#include "transport/pace.h"
#include "transport/seen.h"
#include "transport/session.h"

typedef struct {
    CwOutbox *outbox;
    gint64 now;         /* µs */
    gboolean refuses;   /* send() says not now */
    guint64 lines;      /* sent */
    GString *sent;      /* the texts, in order */
    GString *returned;  /* "stanza-id:reason " */
    GHashTable *stored; /* id -> whether as sent */
    guint settled;
} World;

static guint64 send_cb(const CwOutgoing *message, gpointer data)
{
    World *world = data;

    if (world->refuses)
        return 0;
    g_string_append_printf(world->sent, "%s ", message->text);
    return ++world->lines;
}

static void returned_cb(const CwOutgoing *message, CwReason reason, const char *text, gpointer data)
{
    World *world = data;
    gpointer id = GINT_TO_POINTER((int)message->id);

    /* what tells the sender goes into the store first */
    g_assert_true(g_hash_table_contains(world->stored, id) == message->stored);
    g_string_append_printf(world->returned, "%s:%s ", message->stanza_id,
                           cw_reason_to_string(reason));
}

static void store_cb(const CwOutgoing *message, gpointer data)
{
    World *world = data;

    g_hash_table_insert(world->stored, GINT_TO_POINTER((int)message->id),
                        GINT_TO_POINTER(message->state == CW_OUTGOING_SENT));
}

static void unstore_cb(const CwOutgoing *message, gpointer data)
{
    World *world = data;

    g_assert_true(g_hash_table_remove(world->stored, GINT_TO_POINTER((int)message->id)));
}

static void settled_cb(gpointer data)
{
    World *world = data;

    g_assert_cmpuint(cw_outbox_pending(world->outbox), ==, 0);
    world->settled++;
}

static gint64 clock_cb(gpointer data)
{
    return ((World *)data)->now;
}

static const CwOutboxEvents events = {send_cb,    returned_cb, store_cb,
                                      unstore_cb, settled_cb,  clock_cb};

static World *make_world(gboolean open)
{
    World *world = g_new0(World, 1);

    world->now = 1;
    world->sent = g_string_new(NULL);
    world->returned = g_string_new(NULL);
    world->stored = g_hash_table_new(NULL, NULL);
    world->outbox = cw_outbox_new(&events, world);
    cw_outbox_set_times(world->outbox, 60000, 300000);
    if (open)
        cw_outbox_open(world->outbox);
    return world;
}

static void free_world(World *world)
{
    cw_outbox_free(world->outbox);
    g_string_free(world->sent, TRUE);
    g_string_free(world->returned, TRUE);
    g_hash_table_unref(world->stored);
    g_free(world);
}

static void add(World *world, gint64 id)
{
    g_autofree char *text = g_strdup_printf("m%" G_GINT64_FORMAT, id);
    g_autofree char *stanza = g_strdup_printf("s%" G_GINT64_FORMAT, id);

    cw_outbox_add(world->outbox, id, "romeo", text, stanza, "home");
}

static void turn_until(const gboolean *over)
{
    while (!*over)
        g_main_context_iteration(NULL, TRUE);
}

static gboolean over_cb(gpointer data)
{
    *(gboolean *)data = TRUE;
    return G_SOURCE_REMOVE;
}

static void wait_ms(guint time)
{
    gboolean over = FALSE;

    g_timeout_add(time, over_cb, &over);
    turn_until(&over);
}

static void outbox__returns__what_is_refused(void)
{
    World *world = make_world(TRUE);

    add(world, 1);
    add(world, 2);
    g_assert_cmpstr(world->sent->str, ==, "m1 m2 ");
    g_assert_cmpuint(cw_outbox_pending(world->outbox), ==, 2);
    g_assert_cmpuint(cw_outbox_unanswered(world->outbox), ==, 2);
    g_assert_cmpuint(cw_outbox_pending_size(world->outbox), ==, 4);
    cw_outbox_ack(world->outbox, 1);
    g_assert_cmpuint(cw_outbox_pending(world->outbox), ==, 1);
    g_assert_true(cw_outbox_nack(world->outbox, 2, CW_REASON_NO_CONTACT, NULL));
    g_assert_cmpuint(cw_outbox_pending(world->outbox), ==, 0);
    g_assert_cmpuint(cw_outbox_pending_size(world->outbox), ==, 0);
    g_assert_cmpuint(world->settled, ==, 1);
    /* a late refusal of one that was taken; and each only once */
    g_assert_true(cw_outbox_nack(world->outbox, 1, CW_REASON_OFFLINE, NULL));
    g_assert_false(cw_outbox_nack(world->outbox, 1, CW_REASON_OFFLINE, NULL));
    g_assert_false(cw_outbox_nack(world->outbox, 99, CW_REASON_OFFLINE, NULL));
    g_assert_cmpstr(world->returned->str, ==, "s2:no-contact s1:offline ");
    g_assert_cmpuint(world->settled, ==, 1);
    free_world(world);
}

static void outbox__keeps__the_order_of_what_waits(void)
{
    World *world = make_world(FALSE);

    for (gint64 id = 1; id <= 3; id++)
        add(world, id);
    g_assert_cmpstr(world->sent->str, ==, "");
    world->refuses = TRUE;
    cw_outbox_open(world->outbox);
    add(world, 4);
    world->refuses = FALSE;
    add(world, 5); /* takes those before it along */
    g_assert_cmpstr(world->sent->str, ==, "m1 m2 m3 m4 m5 ");
    /* the host says of two that nothing of them was sent: they go out anew, before what is new */
    cw_outbox_ack(world->outbox, 1);
    g_assert_true(cw_outbox_nack(world->outbox, 4, CW_REASON_NOT_ONLINE, NULL));
    g_assert_true(cw_outbox_nack(world->outbox, 5, CW_REASON_NOT_ONLINE, NULL));
    add(world, 6);
    g_assert_cmpuint(cw_outbox_unanswered(world->outbox), ==, 2);
    cw_outbox_close(world->outbox, CW_REASON_HOST, "interrupted");
    g_assert_cmpstr(world->returned->str, ==, "s2:host s3:host ");
    g_string_truncate(world->sent, 0);
    cw_outbox_open(world->outbox);
    g_assert_cmpstr(world->sent->str, ==, "m4 m5 m6 ");
    free_world(world);
}

static void outbox__tries_again__when_the_link_had_no_room(void)
{
    World *world = make_world(TRUE);

    world->refuses = TRUE;
    add(world, 1);
    world->refuses = FALSE;
    wait_ms(400);
    g_assert_cmpstr(world->sent->str, ==, "m1 ");
    free_world(world);
}

static CwFate fate_cb(const CwOutgoing *message, gpointer data)
{
    return message->line == 1   ? CW_FATE_TAKEN
           : message->line == 2 ? CW_FATE_UNKNOWN
                                : CW_FATE_UNTOUCHED;
}

static void outbox__asks_for__the_fate_of_what_a_dead_host_had(void)
{
    World *world = make_world(TRUE);

    for (gint64 id = 1; id <= 4; id++)
        add(world, id);
    cw_outbox_close_lost(world->outbox, "died", fate_cb, NULL);
    g_assert_cmpstr(world->returned->str, ==, "s2:host ");
    g_assert_cmpuint(cw_outbox_pending(world->outbox), ==, 2);
    g_string_truncate(world->sent, 0);
    cw_outbox_open(world->outbox);
    g_assert_cmpstr(world->sent->str, ==, "m3 m4 ");
    cw_outbox_return_all(world->outbox, CW_REASON_AUTH, "gone");
    g_assert_cmpstr(world->returned->str, ==, "s2:host s3:auth s4:auth ");
    g_assert_cmpuint(cw_outbox_pending(world->outbox), ==, 0);
    g_assert_cmpuint(world->settled, ==, 1); /* a session that leaves waits for it */
    free_world(world);
}

static void outbox__returns__what_breaks_the_link_each_time(void)
{
    World *world = make_world(FALSE);

    add(world, 1);
    for (guint i = 0; i < 3; i++) {
        g_assert_cmpstr(world->returned->str, ==, "");
        cw_outbox_open(world->outbox);
        g_assert_true(cw_outbox_nack(world->outbox, 1, CW_REASON_NOT_ONLINE, NULL));
    }
    g_assert_cmpstr(world->returned->str, ==, "s1:host ");
    g_assert_cmpuint(world->settled, ==, 1);
    free_world(world);
}

/* While the links are paused answers may be there and unread: the clock stands. */
static void outbox__returns__what_is_late_by_its_clock(void)
{
    World *world = make_world(TRUE);

    add(world, 1);
    cw_outbox_close(world->outbox, CW_REASON_HOST, NULL);
    g_string_truncate(world->returned, 0);
    add(world, 2); /* waits */
    wait_ms(300);
    g_assert_cmpstr(world->returned->str, ==, "");
    world->now += 299 * G_USEC_PER_SEC;
    cw_outbox_open(world->outbox);
    add(world, 3);
    world->now += 59 * G_USEC_PER_SEC;
    wait_ms(300);
    g_assert_cmpstr(world->returned->str, ==, "");
    world->now += 2 * G_USEC_PER_SEC;
    wait_ms(300);
    g_assert_cmpstr(world->returned->str, ==, "s2:host s3:host ");
    cw_outbox_close(world->outbox, CW_REASON_HOST, NULL);
    add(world, 4);
    world->now += 301 * G_USEC_PER_SEC;
    wait_ms(300);
    g_assert_cmpstr(world->returned->str, ==, "s2:host s3:host s4:not-online ");
    free_world(world);
}

static void outbox__stores__what_has_no_fate_within_a_second(void)
{
    World *world = make_world(TRUE);

    add(world, 1);
    add(world, 2);
    cw_outbox_ack(world->outbox, 1);
    g_assert_cmpuint(g_hash_table_size(world->stored), ==, 0);
    gint64 start = g_get_monotonic_time();
    while (g_hash_table_size(world->stored) == 0)
        g_main_context_iteration(NULL, TRUE);
    g_test_message("stored after %" G_GINT64_FORMAT " ms", (g_get_monotonic_time() - start) / 1000);
    g_assert_true(GPOINTER_TO_INT(g_hash_table_lookup(world->stored, GINT_TO_POINTER(2))));
    cw_outbox_ack(world->outbox, 2);
    g_assert_cmpuint(g_hash_table_size(world->stored), ==, 0);
    /* stored as waiting, then as sent, then as waiting again, then left to the next gateway */
    cw_outbox_close(world->outbox, CW_REASON_HOST, NULL);
    add(world, 3);
    while (g_hash_table_size(world->stored) == 0)
        g_main_context_iteration(NULL, TRUE);
    g_assert_false(GPOINTER_TO_INT(g_hash_table_lookup(world->stored, GINT_TO_POINTER(3))));
    cw_outbox_open(world->outbox);
    g_assert_true(GPOINTER_TO_INT(g_hash_table_lookup(world->stored, GINT_TO_POINTER(3))));
    cw_outbox_nack(world->outbox, 3, CW_REASON_NOT_ONLINE, NULL);
    g_assert_false(GPOINTER_TO_INT(g_hash_table_lookup(world->stored, GINT_TO_POINTER(3))));
    add(world, 4);
    cw_outbox_shelve(world->outbox);
    g_assert_cmpuint(g_hash_table_size(world->stored), ==, 2);
    g_assert_cmpuint(cw_outbox_pending(world->outbox), ==, 0);
    g_assert_cmpstr(world->returned->str, ==, "");
    free_world(world);
}

static void outbox__takes_over__what_an_earlier_gateway_stored(void)
{
    World *world = make_world(FALSE);
    CwSpooled spooled = {.id = 7,
                         .jid = (char *)"juliet@localhost",
                         .contact = (char *)"romeo",
                         .stanza_id = (char *)"s7",
                         .text = (char *)"m7",
                         .made = g_get_real_time() / 1000 - 10000,
                         .sent = TRUE};

    g_hash_table_insert(world->stored, GINT_TO_POINTER(7), NULL);
    g_hash_table_insert(world->stored, GINT_TO_POINTER(8), NULL);
    cw_outbox_load(world->outbox, &spooled);
    g_assert_cmpstr(world->returned->str, ==, "s7:host ");
    spooled.id = 8;
    spooled.sent = FALSE;
    cw_outbox_load(world->outbox, &spooled);
    world->now += 289 * G_USEC_PER_SEC; /* its age counts from the beginning */
    wait_ms(300);
    g_assert_cmpuint(cw_outbox_pending(world->outbox), ==, 1);
    cw_outbox_open(world->outbox);
    g_assert_cmpstr(world->sent->str, ==, "m7 ");
    cw_outbox_ack(world->outbox, 8);
    g_assert_cmpuint(g_hash_table_size(world->stored), ==, 0);
    free_world(world);
}

static void outbox__remembers__a_bounded_number_of_taken_ones(void)
{
    World *world = make_world(TRUE);

    for (gint64 id = 1; id <= 5000; id++) {
        add(world, id);
        cw_outbox_ack(world->outbox, id);
    }
    g_assert_false(cw_outbox_nack(world->outbox, 4800, CW_REASON_OFFLINE, NULL));
    g_assert_true(cw_outbox_nack(world->outbox, 4950, CW_REASON_OFFLINE, NULL));
    free_world(world);
}

/* ---- what a network delivers twice ---- */

static void add_to_room(World *world, gint64 id)
{
    g_autofree char *stanza = g_strdup_printf("s%" G_GINT64_FORMAT, id);

    cw_outbox_add_to_room(world->outbox, id, "#verona", NULL, "hi", stanza, "home");
}

static CwFate untouched_cb(const CwOutgoing *message, gpointer data)
{
    return CW_FATE_UNTOUCHED;
}

/* Who said it is in no room any more when the link is back, or the gateway. */
static void outbox__keeps_nothing__that_is_said_in_a_room(void)
{
    World *world = make_world(TRUE);

    add_to_room(world, 1); /* sent */
    world->refuses = TRUE;
    add_to_room(world, 2); /* waits */
    cw_outbox_close_lost(world->outbox, "lost", untouched_cb, NULL);
    g_assert_cmpstr(world->returned->str, ==, "s1:not-online s2:not-online ");
    add_to_room(world, 3);
    cw_outbox_shelve(world->outbox);
    g_assert_cmpstr(world->returned->str, ==, "s1:not-online s2:not-online s3:not-online ");
    world->refuses = FALSE;
    cw_outbox_open(world->outbox);
    add_to_room(world, 4); /* sent: nobody knows */
    cw_outbox_shelve(world->outbox);
    g_assert_true(g_str_has_suffix(world->returned->str, " s4:host "));
    g_assert_cmpuint(g_hash_table_size(world->stored), ==, 0);
    g_assert_cmpuint(cw_outbox_pending(world->outbox), ==, 0);
    free_world(world);
}

static void seen__knows__a_copy_of_what_came_before_the_log_in(void)
{
    g_autoptr(CwSeen) seen = cw_seen_new();
    gint64 now = g_get_real_time() / G_USEC_PER_SEC;

    g_assert_false(cw_seen_is_repeat(seen, "romeo", "ok", FALSE, 0, 100));
    g_assert_false(cw_seen_is_repeat(seen, "romeo", "ok", FALSE, 0, 100));
    g_assert_false(cw_seen_is_repeat(seen, "romeo", "old", FALSE, now - 5000, 100));
    /* not in the same log-in */
    g_assert_false(cw_seen_is_repeat(seen, "romeo", "old", FALSE, now - 5000, 100));
    cw_seen_mark_login(seen);
    g_assert_true(cw_seen_is_repeat(seen, "romeo", "ok", FALSE, now, 100));
    g_assert_true(cw_seen_is_repeat(seen, "romeo", "ok", FALSE, now, 100));
    g_assert_false(cw_seen_is_repeat(seen, "romeo", "ok", FALSE, now, 100)); /* a third one */
    g_assert_true(cw_seen_is_repeat(seen, "romeo", "old", FALSE, now - 5000, 100));
    g_assert_false(cw_seen_is_repeat(seen, "romeo", "old", FALSE, now - 4999, 100));
    /* somebody else, something else, himself, and live */
    g_assert_false(cw_seen_is_repeat(seen, "mercutio", "ok", FALSE, now, 100));
    g_assert_false(cw_seen_is_repeat(seen, "romeo", "ok!", FALSE, now, 100));
    g_assert_false(cw_seen_is_repeat(seen, "romeo", "ok", TRUE, now, 100));
    cw_seen_mark_login(seen);
    g_assert_false(cw_seen_is_repeat(seen, "romeo", "ok", FALSE, 0, 100));
    /* the same history again: still known */
    g_assert_true(cw_seen_is_repeat(seen, "romeo", "old", FALSE, now - 5000, 100));
}

static void seen__remembers__its_number_and_no_more(void)
{
    g_autoptr(CwSeen) seen = cw_seen_new();

    for (gint64 i = 1; i <= 1000; i++)
        g_assert_false(cw_seen_is_repeat(seen, "romeo", "hi", FALSE, i, 10));
    cw_seen_mark_login(seen);
    g_assert_false(cw_seen_is_repeat(seen, "romeo", "hi", FALSE, 990, 10)); /* pushes out 991 */
    for (gint64 i = 992; i <= 1000; i++)
        g_assert_true(cw_seen_is_repeat(seen, "romeo", "hi", FALSE, i, 10));
    cw_seen_mark_login(seen);
    g_assert_false(cw_seen_is_repeat(seen, "romeo", "hi", FALSE, 1000, 0)); /* switched off */
}

/* ---- whole networks that are down ---- */

static void outage__needs__several_accounts_in_a_row(void)
{
    CwOutage *outage = cw_outage_new();

    for (guint i = 0; i < 5; i++)
        cw_outage_add(outage, "irc.example.org", "a@localhost");
    cw_outage_add(outage, "irc.example.org", "b@localhost");
    g_assert_false(cw_outage_is_down(outage, "irc.example.org"));
    cw_outage_add(outage, "irc.example.net", "c@localhost");
    g_assert_false(cw_outage_is_down(outage, "irc.example.org"));
    cw_outage_add(outage, "irc.example.org", "c@localhost");
    g_assert_true(cw_outage_is_down(outage, "irc.example.org"));
    g_assert_false(cw_outage_is_down(outage, "irc.example.net"));
    cw_outage_online(outage, "irc.example.org");
    g_assert_false(cw_outage_is_down(outage, "irc.example.org"));
    /* three with troubles of their own, while somebody is there */
    cw_outage_add(outage, "irc.example.org", "a@localhost");
    cw_outage_add(outage, "irc.example.org", "b@localhost");
    cw_outage_add(outage, "irc.example.org", "c@localhost");
    g_assert_false(cw_outage_is_down(outage, "irc.example.org"));
    cw_outage_offline(outage, "irc.example.org");
    g_assert_true(cw_outage_is_down(outage, "irc.example.org"));
    cw_outage_free(outage);
}

static void pace__lets_through__its_number_and_no_more(void)
{
    CwPace pace = {0};
    guint wait = 0;

    for (guint i = 0; i < 5; i++)
        g_assert_true(cw_pace_take(&pace, 5, 3600000, 0, NULL));
    g_assert_false(cw_pace_take(&pace, 5, 3600000, 0, &wait));
    g_assert_cmpuint(wait, >, 0);
    g_assert_cmpuint(wait, <=, 3600000 / 5 + 1);
    pace.at -= 720 * G_USEC_PER_SEC; /* one place has come free */
    g_assert_true(cw_pace_take(&pace, 5, 3600000, 0, NULL));
    g_assert_false(cw_pace_take(&pace, 5, 3600000, 0, NULL));
    g_assert_true(cw_pace_take(&pace, 0, 3600000, 0, NULL));
}

/* One a minute, for servers that throttle one address: not all sixty of an hour at once. */
static void pace__spreads__beyond_its_burst(void)
{
    CwPace pace = {0};
    guint wait = 0;

    g_assert_true(cw_pace_take(&pace, 60, 3600000, 1, NULL));
    g_assert_false(cw_pace_take(&pace, 60, 3600000, 1, &wait));
    g_assert_cmpuint(wait, >, 50000);
    g_assert_cmpuint(wait, <=, 60001);
    pace.at -= 60 * G_USEC_PER_SEC;
    g_assert_true(cw_pace_take(&pace, 60, 3600000, 1, NULL));
}

/* The table of legal moves, walked in full. */
static void session_states__allow__these_moves_and_no_others(void)
{
    static const gboolean legal[5][5] = {
        /* from:                       offline connecting online waiting failed */
        [CW_SESSION_OFFLINE] = {FALSE, TRUE, FALSE, FALSE, TRUE},
        [CW_SESSION_CONNECTING] = {TRUE, FALSE, TRUE, TRUE, TRUE},
        [CW_SESSION_ONLINE] = {TRUE, FALSE, FALSE, TRUE, TRUE},
        [CW_SESSION_WAITING] = {TRUE, TRUE, FALSE, FALSE, TRUE},
        [CW_SESSION_FAILED] = {TRUE, TRUE, FALSE, TRUE, TRUE},
    };

    for (guint from = 0; from < 5; from++) {
        for (guint to = 0; to < 5; to++) {
            g_test_message("%s -> %s", cw_session_state_to_string((CwSessionState)from),
                           cw_session_state_to_string((CwSessionState)to));
            g_assert_cmpint(cw_session_state_may_follow((CwSessionState)from, (CwSessionState)to),
                            ==, legal[from][to]);
        }
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/outbox/outbox__returns__what_is_refused", outbox__returns__what_is_refused);
    g_test_add_func("/outbox/outbox__keeps__the_order_of_what_waits",
                    outbox__keeps__the_order_of_what_waits);
    g_test_add_func("/outbox/outbox__tries_again__when_the_link_had_no_room",
                    outbox__tries_again__when_the_link_had_no_room);
    g_test_add_func("/outbox/outbox__asks_for__the_fate_of_what_a_dead_host_had",
                    outbox__asks_for__the_fate_of_what_a_dead_host_had);
    g_test_add_func("/outbox/outbox__returns__what_breaks_the_link_each_time",
                    outbox__returns__what_breaks_the_link_each_time);
    g_test_add_func("/outbox/outbox__returns__what_is_late_by_its_clock",
                    outbox__returns__what_is_late_by_its_clock);
    g_test_add_func("/outbox/outbox__stores__what_has_no_fate_within_a_second",
                    outbox__stores__what_has_no_fate_within_a_second);
    g_test_add_func("/outbox/outbox__takes_over__what_an_earlier_gateway_stored",
                    outbox__takes_over__what_an_earlier_gateway_stored);
    g_test_add_func("/outbox/outbox__remembers__a_bounded_number_of_taken_ones",
                    outbox__remembers__a_bounded_number_of_taken_ones);
    g_test_add_func("/outbox/outbox__keeps_nothing__that_is_said_in_a_room",
                    outbox__keeps_nothing__that_is_said_in_a_room);
    g_test_add_func("/seen/seen__knows__a_copy_of_what_came_before_the_log_in",
                    seen__knows__a_copy_of_what_came_before_the_log_in);
    g_test_add_func("/seen/seen__remembers__its_number_and_no_more",
                    seen__remembers__its_number_and_no_more);
    g_test_add_func("/outage/outage__needs__several_accounts_in_a_row",
                    outage__needs__several_accounts_in_a_row);
    g_test_add_func("/pace/pace__lets_through__its_number_and_no_more",
                    pace__lets_through__its_number_and_no_more);
    g_test_add_func("/pace/pace__spreads__beyond_its_burst", pace__spreads__beyond_its_burst);
    g_test_add_func("/session/session_states__allow__these_moves_and_no_others",
                    session_states__allow__these_moves_and_no_others);
    return g_test_run();
}
