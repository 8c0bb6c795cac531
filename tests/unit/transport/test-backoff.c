/* tests/unit/transport/test-backoff.c: waits grow, stay within their bounds and differ
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "transport/backoff.h"

static void backoff_next__stays_in_the_upper_half_of_each_step(void)
{
    g_autoptr(GRand) random = g_rand_new_with_seed(1);

    for (int round = 0; round < 1000; round++) {
        CwBackoff backoff = {.first = 1000, .max = 60000};
        guint step = 1000;

        for (int i = 0; i < 12; i++) {
            guint wait = cw_backoff_next(&backoff, random);

            g_assert_cmpuint(wait, >=, step / 2);
            g_assert_cmpuint(wait, <=, step);
            step = MIN(step * 2, 60000);
        }
    }
}

static void backoff_next__does_not_overflow(void)
{
    g_autoptr(GRand) random = g_rand_new_with_seed(2);
    CwBackoff backoff = {.first = G_MAXUINT, .max = G_MAXUINT};

    for (int i = 0; i < 100; i++)
        g_assert_cmpuint(cw_backoff_next(&backoff, random), >=, G_MAXUINT / 2);

    backoff = (CwBackoff){.first = 1, .max = 7, .attempt = G_MAXUINT};
    g_assert_cmpuint(cw_backoff_next(&backoff, random), <=, 7);
    g_assert_cmpuint(backoff.attempt, ==, G_MAXUINT);

    backoff = (CwBackoff){0};
    g_assert_cmpuint(cw_backoff_next(&backoff, random), ==, 0);
}

static void backoff_next__differs_between_two_of_us(void)
{
    g_autoptr(GRand) one = g_rand_new_with_seed(3);
    g_autoptr(GRand) two = g_rand_new_with_seed(4);
    CwBackoff a = {.first = 10000, .max = 60000}, b = a;
    guint same = 0;

    for (int i = 0; i < 50; i++)
        same += cw_backoff_next(&a, one) == cw_backoff_next(&b, two);
    g_assert_cmpuint(same, <, 5);
}

static void backoff_reset__begins_again(void)
{
    CwBackoff backoff = {.first = 100, .max = 60000};

    for (int i = 0; i < 10; i++)
        cw_backoff_next(&backoff, NULL);
    cw_backoff_reset(&backoff);
    g_assert_cmpuint(cw_backoff_next(&backoff, NULL), <=, 100);
}

static void backoff_spread__is_never_shorter(void)
{
    g_autoptr(GRand) random = g_rand_new_with_seed(5);

    for (int i = 0; i < 1000; i++) {
        guint wait = cw_backoff_spread(60000, random);

        g_assert_cmpuint(wait, >=, 60000);
        g_assert_cmpuint(wait, <=, 90000);
    }
    g_assert_cmpuint(cw_backoff_spread(G_MAXUINT, random), ==, G_MAXUINT);
    g_assert_cmpuint(cw_backoff_spread(0, random), ==, 0);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define ADD(name) g_test_add_func("/backoff/" #name, name)
    ADD(backoff_next__stays_in_the_upper_half_of_each_step);
    ADD(backoff_next__does_not_overflow);
    ADD(backoff_next__differs_between_two_of_us);
    ADD(backoff_reset__begins_again);
    ADD(backoff_spread__is_never_shorter);
    return g_test_run();
}
