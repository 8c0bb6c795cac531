/* tests/unit/transport/test-suspects.c: who may have crashed a host
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "transport/suspects.h"

#define MINUTE ((gint64)60 * G_USEC_PER_SEC)

static void suspects__halves__the_group(void)
{
    CwSuspects *suspects = cw_suspects_new();

    g_assert_cmpuint(cw_suspects_group(suspects, "a", 0), ==, 0);
    for (guint together = 9, expected = 5; together > 1;
         together = expected, expected = (expected + 1) / 2) {
        g_assert_false(cw_suspects_add(suspects, "a", together, CW_SERVING_UNKNOWN, 0));
        g_assert_cmpuint(cw_suspects_group(suspects, "a", 0), ==, expected);
    }
    g_assert_true(cw_suspects_add(suspects, "a", 1, CW_SERVING_UNKNOWN, 0));
    g_assert_cmpuint(cw_suspects_group(suspects, "a", 0), ==, 1);
    cw_suspects_free(suspects);
}

static void suspects__is_alone_at_once__who_was_served(void)
{
    CwSuspects *suspects = cw_suspects_new();

    g_assert_false(cw_suspects_add(suspects, "a", 8, CW_SERVING_IT, 0));
    g_assert_false(cw_suspects_add(suspects, "b", 8, CW_SERVING_OTHER, 0));
    g_assert_cmpuint(cw_suspects_group(suspects, "a", 0), ==, 1);
    g_assert_cmpuint(cw_suspects_group(suspects, "b", 0), ==, 4);
    g_assert_true(cw_suspects_add(suspects, "a", 1, CW_SERVING_IT, 1));
    cw_suspects_free(suspects);
}

static void suspects__is_guilty__who_was_served_twice(void)
{
    CwSuspects *suspects = cw_suspects_new();

    g_assert_false(cw_suspects_add(suspects, "a", 8, CW_SERVING_IT, 0));
    cw_suspects_clear(suspects, "a"); /* it was online for a minute */
    g_assert_cmpuint(cw_suspects_group(suspects, "a", 0), ==, 0);
    g_assert_true(cw_suspects_add(suspects, "a", 8, CW_SERVING_IT, 5 * MINUTE));
    cw_suspects_free(suspects);
}

static void suspects__is_not_guilty__whose_host_was_killed_while_idle(void)
{
    CwSuspects *suspects = cw_suspects_new();

    g_assert_false(cw_suspects_add(suspects, "a", 1, CW_SERVING_NOBODY, 0));
    g_assert_cmpuint(cw_suspects_group(suspects, "a", 0), ==, 1);
    g_assert_false(cw_suspects_add(suspects, "a", 1, CW_SERVING_NOBODY, MINUTE));
    g_assert_true(cw_suspects_add(suspects, "a", 1, CW_SERVING_NOBODY, 2 * MINUTE));
    g_assert_false(cw_suspects_add(suspects, "b", 2, CW_SERVING_NOBODY, 0));
    g_assert_false(cw_suspects_add(suspects, "b", 2, CW_SERVING_NOBODY, 0));
    cw_suspects_free(suspects);
}

static void suspects__forgets__after_a_while(void)
{
    CwSuspects *suspects = cw_suspects_new();

    cw_suspects_add(suspects, "a", 8, CW_SERVING_IT, 0);
    g_assert_cmpuint(cw_suspects_group(suspects, "a", 9 * MINUTE), ==, 1);
    g_assert_cmpuint(cw_suspects_group(suspects, "a", 11 * MINUTE), ==, 0);
    g_assert_false(cw_suspects_add(suspects, "a", 8, CW_SERVING_IT, 11 * MINUTE));
    cw_suspects_free(suspects);
}

static void suspects__are_alone__after_their_quarantine(void)
{
    CwSuspects *suspects = cw_suspects_new();

    g_assert_false(cw_suspects_add(suspects, "a", 1, CW_SERVING_IT, 0));
    g_assert_true(cw_suspects_add(suspects, "a", 1, CW_SERVING_IT, 0));
    cw_suspects_add(suspects, "b", 8, CW_SERVING_IT, 0);
    g_assert_cmpuint(cw_suspects_group(suspects, "a", 24 * 60 * MINUTE), ==, 1);
    /* others are not remembered longer because of it */
    g_assert_cmpuint(cw_suspects_group(suspects, "b", 11 * MINUTE), ==, 0);
    g_assert_false(cw_suspects_add(suspects, "b", 8, CW_SERVING_IT, 11 * MINUTE));
    cw_suspects_free(suspects);
}

static void suspects__are__a_bounded_number(void)
{
    CwSuspects *suspects = cw_suspects_new();

    for (guint i = 0; i < 10000; i++) {
        g_autofree char *name = g_strdup_printf("user%u", i);
        cw_suspects_add(suspects, name, 8, CW_SERVING_UNKNOWN, i);
    }
    g_assert_cmpuint(cw_suspects_count(suspects), ==, 4096);
    g_assert_cmpuint(cw_suspects_group(suspects, "user0", 10000), ==, 0);
    g_assert_cmpuint(cw_suspects_group(suspects, "user9999", 10000), ==, 4);
    cw_suspects_free(suspects);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/suspects/halves/the_group", suspects__halves__the_group);
    g_test_add_func("/suspects/is_alone_at_once/who_was_served",
                    suspects__is_alone_at_once__who_was_served);
    g_test_add_func("/suspects/is_guilty/who_was_served_twice",
                    suspects__is_guilty__who_was_served_twice);
    g_test_add_func("/suspects/is_not_guilty/whose_host_was_killed_while_idle",
                    suspects__is_not_guilty__whose_host_was_killed_while_idle);
    g_test_add_func("/suspects/forgets/after_a_while", suspects__forgets__after_a_while);
    g_test_add_func("/suspects/are_alone/after_their_quarantine",
                    suspects__are_alone__after_their_quarantine);
    g_test_add_func("/suspects/are/a_bounded_number", suspects__are__a_bounded_number);
    return g_test_run();
}
