/* tests/unit/transport/test-outbox.c: the fate of messages; the pace; the states of a session
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "transport/outbox.h"
#include "transport/pace.h"
#include "transport/session.h"

typedef struct {
    guint count;
    CwReason reason;
    char *stanza_id;
} Returned;

static void returned_cb(const CwOutgoing *message, CwReason reason, const char *text, gpointer data)
{
    Returned *returned = data;

    returned->count++;
    returned->reason = reason;
    g_free(returned->stanza_id);
    returned->stanza_id = g_strdup(message->stanza_id);
}

static void outbox__returns__what_is_refused(void)
{
    Returned returned = {0};
    g_autoptr(CwOutbox) outbox = cw_outbox_new(60000, returned_cb, &returned);
    gint64 first = cw_outbox_add(outbox, "romeo", "id-1", "home");
    gint64 second = cw_outbox_add(outbox, "romeo", "id-2", "home");

    g_assert_cmpuint(cw_outbox_pending(outbox), ==, 2);
    cw_outbox_ack(outbox, first);
    g_assert_cmpuint(cw_outbox_pending(outbox), ==, 1);
    g_assert_true(cw_outbox_nack(outbox, second, CW_REASON_NO_CONTACT, NULL));
    g_assert_cmpuint(cw_outbox_pending(outbox), ==, 0);
    g_assert_cmpuint(returned.count, ==, 1);
    g_assert_cmpint(returned.reason, ==, CW_REASON_NO_CONTACT);
    g_assert_cmpstr(returned.stanza_id, ==, "id-2");
    /* a late refusal of one that was taken; and each only once */
    g_assert_true(cw_outbox_nack(outbox, first, CW_REASON_OFFLINE, NULL));
    g_assert_false(cw_outbox_nack(outbox, first, CW_REASON_OFFLINE, NULL));
    g_assert_false(cw_outbox_nack(outbox, 99, CW_REASON_OFFLINE, NULL));
    g_assert_cmpuint(returned.count, ==, 2);
    g_free(returned.stanza_id);
}

static void outbox__returns_all__that_were_not_taken(void)
{
    Returned returned = {0};
    g_autoptr(CwOutbox) outbox = cw_outbox_new(60000, returned_cb, &returned);

    for (guint i = 0; i < 10; i++) {
        gint64 id = cw_outbox_add(outbox, "romeo", NULL, NULL);
        if (i % 2 == 0)
            cw_outbox_ack(outbox, id);
    }
    cw_outbox_return_all(outbox, CW_REASON_HOST, "gone");
    g_assert_cmpuint(returned.count, ==, 5);
    g_assert_cmpuint(cw_outbox_pending(outbox), ==, 0);
}

static void outbox__returns__what_nobody_answers_for(void)
{
    Returned returned = {0};
    g_autoptr(CwOutbox) outbox = cw_outbox_new(1, returned_cb, &returned);

    cw_outbox_add(outbox, "romeo", "late", NULL);
    while (returned.count == 0)
        g_main_context_iteration(NULL, TRUE);
    g_assert_cmpstr(returned.stanza_id, ==, "late");
    g_assert_cmpint(returned.reason, ==, CW_REASON_HOST);
    g_free(returned.stanza_id);
}

static gint64 standing_clock(gpointer data)
{
    return *(const gint64 *)data;
}

/* The links are paused: answers may be there and unread. */
static void outbox__waits_on__while_its_clock_stands(void)
{
    Returned returned = {0};
    gint64 now = 1;
    g_autoptr(CwOutbox) outbox = cw_outbox_new(1, returned_cb, &returned);

    cw_outbox_set_clock(outbox, standing_clock, &now);
    cw_outbox_add(outbox, "romeo", "late", NULL);
    g_main_context_iteration(NULL, TRUE); /* the sweep */
    g_assert_cmpuint(returned.count, ==, 0);
    now += 2000;
    while (returned.count == 0)
        g_main_context_iteration(NULL, TRUE);
    g_assert_cmpstr(returned.stanza_id, ==, "late");
    g_free(returned.stanza_id);
}

static void outbox__remembers__a_bounded_number_of_taken_ones(void)
{
    Returned returned = {0};
    g_autoptr(CwOutbox) outbox = cw_outbox_new(60000, returned_cb, &returned);
    gint64 id = 0;

    for (guint i = 0; i < 5000; i++) {
        id = cw_outbox_add(outbox, "romeo", NULL, NULL);
        cw_outbox_ack(outbox, id);
    }
    g_assert_false(cw_outbox_nack(outbox, id - 200, CW_REASON_OFFLINE, NULL));
    g_assert_true(cw_outbox_nack(outbox, id - 50, CW_REASON_OFFLINE, NULL));
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
    g_test_add_func("/outbox/outbox__returns_all__that_were_not_taken",
                    outbox__returns_all__that_were_not_taken);
    g_test_add_func("/outbox/outbox__returns__what_nobody_answers_for",
                    outbox__returns__what_nobody_answers_for);
    g_test_add_func("/outbox/outbox__waits_on__while_its_clock_stands",
                    outbox__waits_on__while_its_clock_stands);
    g_test_add_func("/outbox/outbox__remembers__a_bounded_number_of_taken_ones",
                    outbox__remembers__a_bounded_number_of_taken_ones);
    g_test_add_func("/pace/pace__lets_through__its_number_and_no_more",
                    pace__lets_through__its_number_and_no_more);
    g_test_add_func("/pace/pace__spreads__beyond_its_burst", pace__spreads__beyond_its_burst);
    g_test_add_func("/session/session_states__allow__these_moves_and_no_others",
                    session_states__allow__these_moves_and_no_others);
    return g_test_run();
}
