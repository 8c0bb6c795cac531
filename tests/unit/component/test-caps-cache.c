/* tests/unit/component/test-caps-cache.c: what hashes stand for, up to so many
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "component/caps-cache.h"

static gboolean has(CwCapsCache *cache, const char *key, guint expected)
{
    guint abilities = 99;

    if (!cw_caps_cache_get(cache, key, &abilities))
        return FALSE;
    g_assert_cmpuint(abilities, ==, expected);
    return TRUE;
}

static void caps_cache__remembers__what_was_put_last(void)
{
    g_autoptr(CwCapsCache) cache = cw_caps_cache_new(3);

    g_assert_false(has(cache, "a", 0));
    cw_caps_cache_put(cache, "a", 1);
    g_assert_true(has(cache, "a", 1));
    cw_caps_cache_put(cache, "a", 2);
    g_assert_true(has(cache, "a", 2));
    g_assert_cmpuint(cw_caps_cache_size(cache), ==, 1);
}

static void caps_cache__drops__what_was_not_asked_for_the_longest(void)
{
    g_autoptr(CwCapsCache) cache = cw_caps_cache_new(3);

    cw_caps_cache_put(cache, "a", 1);
    cw_caps_cache_put(cache, "b", 2);
    cw_caps_cache_put(cache, "c", 3);
    g_assert_true(has(cache, "a", 1));
    cw_caps_cache_put(cache, "d", 4); /* for b */
    g_assert_false(has(cache, "b", 2));
    g_assert_true(has(cache, "a", 1) && has(cache, "c", 3) && has(cache, "d", 4));
    cw_caps_cache_put(cache, "a", 5); /* is there: drops nothing */
    g_assert_cmpuint(cw_caps_cache_size(cache), ==, 3);
    cw_caps_cache_put(cache, "b", 6); /* for c */
    g_assert_false(has(cache, "c", 3));
    g_assert_true(has(cache, "a", 5) && has(cache, "b", 6) && has(cache, "d", 4));
}

static void caps_cache__never_grows__over_its_bound(void)
{
    g_autoptr(CwCapsCache) cache = cw_caps_cache_new(100);

    for (guint i = 0; i < 1000; i++) {
        g_autofree char *key = g_strdup_printf("%u", i);
        cw_caps_cache_put(cache, key, i);
        g_assert_cmpuint(cw_caps_cache_size(cache), ==, MIN(i + 1, 100));
        g_assert_true(has(cache, key, i));
    }
    g_assert_true(has(cache, "900", 900));
    g_assert_false(has(cache, "899", 899));
}

#define ADD(name) g_test_add_func("/caps-cache/" #name, name)

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD(caps_cache__remembers__what_was_put_last);
    ADD(caps_cache__drops__what_was_not_asked_for_the_longest);
    ADD(caps_cache__never_grows__over_its_bound);
    return g_test_run();
}
