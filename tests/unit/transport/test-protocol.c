/* tests/unit/transport/test-protocol.c: user names in a network's notation
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "transport/protocol.h"

static CwProtocol *make(const char *separators, const char *const *defaults, gboolean from_right)
{
    CwProtocol *protocol = cw_protocol_new();

    for (guint i = 0; separators[i] != '\0'; i++) {
        g_autofree char *name = g_strdup_printf("split.%u", i + 1);
        CwField *split = cw_field_new(CW_FIELD_TEXT, name, name, defaults[i]);
        split->separator = separators[i];
        split->from_right = from_right;
        g_ptr_array_add(protocol->splits, split);
    }
    return protocol;
}

static const char *const irc_defaults[] = {"irc.libera.chat"};
static const char *const xmpp_defaults[] = {NULL, ""};

static void compose__adds__the_defaults(void)
{
    g_autoptr(CwProtocol) irc = make("@", irc_defaults, TRUE);
    g_autoptr(CwProtocol) xmpp = make("@/", xmpp_defaults, FALSE);
    g_autofree char *nick = cw_protocol_compose_username(irc, "romeo", NULL);
    g_autofree char *user = cw_protocol_compose_username(xmpp, "romeo@montague.lit", NULL);

    g_assert_cmpstr(nick, ==, "romeo@irc.libera.chat");
    g_assert_cmpstr(user, ==, "romeo@montague.lit/");
}

static void compose__keeps__what_was_typed_whole(void)
{
    g_autoptr(CwProtocol) irc = make("@", irc_defaults, TRUE);
    g_autoptr(CwProtocol) xmpp = make("@/", xmpp_defaults, FALSE);
    g_autoptr(GHashTable) values = g_hash_table_new(g_str_hash, g_str_equal);

    g_hash_table_insert(values, (gpointer) "split.1", (gpointer) "shown.default");
    g_autofree char *nick = cw_protocol_compose_username(irc, "romeo@irc.test", values);
    g_autofree char *user = cw_protocol_compose_username(xmpp, "romeo@montague.lit/home", values);

    g_assert_cmpstr(nick, ==, "romeo@irc.test");
    g_assert_cmpstr(user, ==, "romeo@montague.lit/home");
}

static void compose__takes__the_fields_of_a_form(void)
{
    g_autoptr(CwProtocol) irc = make("@", irc_defaults, TRUE);
    g_autoptr(GHashTable) values = g_hash_table_new(g_str_hash, g_str_equal);

    g_hash_table_insert(values, (gpointer) "split.1", (gpointer) "irc.test");
    g_autofree char *nick = cw_protocol_compose_username(irc, "romeo", values);
    g_assert_cmpstr(nick, ==, "romeo@irc.test");
}

static void compose__leaves__a_network_without_parts_alone(void)
{
    g_autoptr(CwProtocol) plain = make("", NULL, FALSE);
    g_autofree char *name = cw_protocol_compose_username(plain, "a@b/c", NULL);

    g_assert_cmpstr(name, ==, "a@b/c");
}

static void split__is_the_inverse__of_compose(void)
{
    g_autoptr(CwProtocol) xmpp = make("@/", xmpp_defaults, FALSE);
    g_autofree char *first = NULL;
    g_autoptr(GHashTable) parts = NULL;

    cw_protocol_split_username(xmpp, "romeo@montague.lit/home/2", &first, &parts);
    g_assert_cmpstr(first, ==, "romeo");
    g_assert_cmpstr(g_hash_table_lookup(parts, "split.1"), ==, "montague.lit");
    g_assert_cmpstr(g_hash_table_lookup(parts, "split.2"), ==, "home/2");
    g_autofree char *whole = cw_protocol_compose_username(xmpp, first, parts);
    g_assert_cmpstr(whole, ==, "romeo@montague.lit/home/2");
}

static void words__are_the_same__both_ways(void)
{
    for (guint i = 0; i <= CW_REASON_OTHER; i++) {
        CwReason reason;
        g_assert_true(cw_reason_from_string(cw_reason_to_string((CwReason)i), &reason));
        g_assert_cmpint(reason, ==, i);
    }
    for (guint i = 0; i <= CW_SHOW_INVISIBLE; i++) {
        CwShow show;
        g_assert_true(cw_show_from_string(cw_show_to_string((CwShow)i), &show));
        g_assert_cmpint(show, ==, i);
    }
    for (guint i = 0; i <= CW_FIELD_NOTE; i++) {
        CwFieldKind kind;
        g_assert_true(cw_field_kind_from_string(cw_field_kind_to_string((CwFieldKind)i), &kind));
        g_assert_cmpint(kind, ==, i);
    }
    CwShow show;
    g_assert_false(cw_show_from_string("", &show));
    g_assert_false(cw_show_from_string(NULL, &show));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/protocol/compose__adds__the_defaults", compose__adds__the_defaults);
    g_test_add_func("/protocol/compose__keeps__what_was_typed_whole",
                    compose__keeps__what_was_typed_whole);
    g_test_add_func("/protocol/compose__takes__the_fields_of_a_form",
                    compose__takes__the_fields_of_a_form);
    g_test_add_func("/protocol/compose__leaves__a_network_without_parts_alone",
                    compose__leaves__a_network_without_parts_alone);
    g_test_add_func("/protocol/split__is_the_inverse__of_compose",
                    split__is_the_inverse__of_compose);
    g_test_add_func("/protocol/words__are_the_same__both_ways", words__are_the_same__both_ways);
    return g_test_run();
}
