/* tests/unit/transport/test-link-agents.c: lines of the link that came with information agents
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "transport/link.h"

#include <string.h>

#include "transport/json.h"
#include "transport/secret.h"

static void read_again(const CwLinkMsg *msg, CwLinkSide from, CwLinkMsg *again)
{
    g_autoptr(GString) line = g_string_new(NULL);
    g_autoptr(GError) error = NULL;

    g_assert_true(cw_link_encode(msg, from, line, &error));
    g_assert_no_error(error);
    g_assert_true(cw_link_decode(line->str, line->len - 1, from, again, &error));
    g_assert_no_error(error);
    g_assert_cmpint(again->kind, ==, msg->kind);
}

static void assert_refused(const char *line, CwLinkSide from)
{
    g_autoptr(GError) error = NULL;
    CwLinkMsg msg;

    g_test_message("%s", line);
    g_assert_false(cw_link_decode(line, strlen(line), from, &msg, &error));
    g_assert_error(error, CW_LINK_ERROR, CW_LINK_ERROR_RULES);
}

static void remember__round_trips(void)
{
    CwLinkMsg msg = {
        .kind = CW_LINK_REMEMBER, .account = 3, .name = "wish.zone", .text = "a\n\"b\""};
    CwLinkMsg again;

    read_again(&msg, CW_LINK_HOST, &again);
    g_assert_cmpstr(again.name, ==, "wish.zone");
    g_assert_cmpstr(again.text, ==, "a\n\"b\"");
    cw_link_msg_clear(&again);
    msg.text = NULL; /* forget it */
    read_again(&msg, CW_LINK_HOST, &again);
    g_assert_null(again.text);
    cw_link_msg_clear(&again);
    assert_refused("{\"type\":\"remember\",\"account\":1}", CW_LINK_HOST);
    assert_refused("{\"type\":\"remember\",\"account\":1,\"name\":\"a\",\"text\":1}", CW_LINK_HOST);
    assert_refused("{\"type\":\"remember\",\"account\":1,\"name\":\"a\"}", CW_LINK_GATEWAY);
}

/* As many values as the settings allow, with as many options: a login must always be readable. */
static void a_login__has_room__for_what_is_remembered(void)
{
    g_autoptr(GHashTable) values = cw_secret_table_new();
    CwLinkMsg again;

    for (guint i = 0; i < CW_JSON_MEMBERS; i++)
        g_hash_table_insert(values, g_strdup_printf("remembered.watch.seen.%u", i), g_strdup("x"));
    read_again(&(CwLinkMsg){.kind = CW_LINK_LOGIN, .account = 1, .username = "u", .values = values},
               CW_LINK_GATEWAY, &again);
    g_assert_cmpuint(g_hash_table_size(again.values), ==, CW_JSON_MEMBERS);
    cw_link_msg_clear(&again);
}

static void news__round_trips(void)
{
    CwLinkMsg again;

    read_again(&(CwLinkMsg){.kind = CW_LINK_MESSAGE,
                            .account = 1,
                            .contact = "verona",
                            .text = "t",
                            .title = "Storm",
                            .url = "https://example.org/1"},
               CW_LINK_HOST, &again);
    g_assert_cmpstr(again.title, ==, "Storm");
    g_assert_cmpstr(again.url, ==, "https://example.org/1");
    cw_link_msg_clear(&again);
    /* not the gateway's to say */
    g_autoptr(GString) line = g_string_new(NULL);
    const CwLinkMsg message = {.kind = CW_LINK_MESSAGE,
                               .account = 1,
                               .id = 1,
                               .contact = "verona",
                               .text = "t",
                               .title = "Storm"};
    g_assert_true(cw_link_encode(&message, CW_LINK_GATEWAY, line, NULL));
    g_assert_null(strstr(line->str, "Storm"));
}

static void news__has_items__in_their_order(void)
{
    static const char *const columns[] = {"title", "time"};
    g_autoptr(GPtrArray) fields = cw_fields_new(), found = cw_found_list_new();
    CwLinkMsg again;

    for (guint i = 0; i < G_N_ELEMENTS(columns); i++)
        g_ptr_array_add(fields, cw_field_new(CW_FIELD_TEXT, columns[i], columns[i], NULL));
    g_ptr_array_add(found, cw_found_new("one", g_strsplit("First,1", ",", 2)));
    g_ptr_array_add(found, cw_found_new("two", g_strsplit("Second,", ",", 2)));
    read_again(&(CwLinkMsg){.kind = CW_LINK_MESSAGE,
                            .account = 1,
                            .contact = "verona",
                            .text = "t",
                            .fields = fields,
                            .found = found},
               CW_LINK_HOST, &again);
    g_assert_cmpuint(again.found->len, ==, 2);
    const CwFound *two = g_ptr_array_index(again.found, 1);
    g_assert_cmpstr(two->contact, ==, "two");
    g_assert_cmpstr(two->values[0], ==, "Second");
    g_assert_cmpstr(two->values[1], ==, "");
    cw_link_msg_clear(&again);
    /* without its columns nobody knows what it is */
    assert_refused("{\"type\":\"message\",\"account\":1,\"contact\":\"a\",\"text\":\"t\","
                   "\"found\":[{\"contact\":\"one\",\"values\":[]}]}",
                   CW_LINK_HOST);
}

static void command__round_trips__both_ways(void)
{
    CwLinkMsg again;

    read_again(&(CwLinkMsg){.kind = CW_LINK_COMMAND,
                            .account = 1,
                            .id = 9,
                            .contact = "aapl",
                            .text = "alert > 190"},
               CW_LINK_GATEWAY, &again);
    g_assert_cmpstr(again.contact, ==, "aapl");
    g_assert_cmpstr(again.text, ==, "alert > 190");
    cw_link_msg_clear(&again);
    read_again(&(CwLinkMsg){.kind = CW_LINK_COMMAND, .account = 1, .id = 9, .text = "I will."},
               CW_LINK_HOST, &again);
    g_assert_cmpint(again.id, ==, 9);
    g_assert_cmpstr(again.text, ==, "I will.");
    cw_link_msg_clear(&again);
    assert_refused("{\"type\":\"command\",\"account\":1,\"id\":1,\"contact\":\"a\"}",
                   CW_LINK_GATEWAY);
    assert_refused("{\"type\":\"command\",\"account\":1,\"id\":1,\"text\":\"a\"}", CW_LINK_GATEWAY);
    assert_refused("{\"type\":\"command\",\"account\":1,\"text\":\"a\"}", CW_LINK_HOST);
    assert_refused("{\"type\":\"command\",\"account\":1,\"id\":1}", CW_LINK_HOST);
}

static CwProtocol *make_protocol(void)
{
    CwProtocol *protocol = cw_protocol_new();

    protocol->id = g_strdup("stocks");
    protocol->name = g_strdup("Stocks");
    protocol->identity = g_strdup("stocks");
    protocol->category = g_strdup("headline");
    protocol->example = g_strdup("AAPL");
    protocol->anonymous = protocol->caseless = TRUE;
    g_ptr_array_add(protocol->commands, cw_field_new(CW_FIELD_NOTE, "quote", "Its price", NULL));
    g_ptr_array_add(protocol->commands, cw_field_new(CW_FIELD_TEXT, "alert", "Be told", "> 190"));
    return protocol;
}

static void a_hello__names__commands(void)
{
    g_autoptr(CwProtocol) protocol = make_protocol();
    CwLinkMsg again;

    read_again(&(CwLinkMsg){.kind = CW_LINK_HELLO, .version = 1, .protocol = protocol},
               CW_LINK_HOST, &again);
    g_assert_true(again.protocol->anonymous);
    g_assert_cmpstr(again.protocol->category, ==, "headline");
    g_autoptr(CwProtocol) copy = cw_protocol_copy(again.protocol);
    cw_link_msg_clear(&again);
    g_assert_true(copy->anonymous);
    g_assert_cmpstr(copy->example, ==, "AAPL");
    g_assert_true(copy->caseless);
    g_assert_cmpuint(copy->commands->len, ==, 2);
    const CwField *quote = cw_fields_find(copy->commands, "quote");
    const CwField *alert = cw_fields_find(copy->commands, "alert");
    g_assert_cmpint(quote->kind, ==, CW_FIELD_NOTE);
    g_assert_cmpstr(quote->label, ==, "Its price");
    g_assert_null(quote->value);
    g_assert_cmpint(alert->kind, ==, CW_FIELD_TEXT);
    g_assert_cmpstr(alert->value, ==, "> 190");
}

static void a_hello__refuses__commands_that_are_none(void)
{
    g_autofree char *long_name = g_strnfill(CW_LINK_COMMAND_LONGEST + 1, 'x');
    g_autofree char *longest = g_strdup_printf("[{\"name\":\"%s\"}]", long_name);
    g_autoptr(GString) many = g_string_new("[");

    for (guint i = 0; i <= CW_LINK_COMMANDS_MAX; i++)
        g_string_append_printf(many, "%s{\"name\":\"c%u\"}", i == 0 ? "" : ",", i);
    g_string_append_c(many, ']');
    const char *const commands[] = {
        "{}",
        "[1]",
        "[{}]",
        "[{\"name\":\"\"}]",
        "[{\"name\":\"two words\"}]",
        "[{\"name\":\"a\\nb\"}]",
        "[{\"name\":1}]",
        "[{\"name\":\"a\",\"label\":1}]",
        "[{\"name\":\"a\",\"argument\":true}]",
        "[{\"name\":\"a\"},{\"name\":\"a\"}]",
        longest,
        many->str,
    };
    for (guint i = 0; i < G_N_ELEMENTS(commands); i++) {
        g_autofree char *line = g_strdup_printf(
            "{\"type\":\"hello\",\"version\":1,\"protocol\":{\"id\":\"a\",\"name\":\"A\","
            "\"password\":\"none\",\"commands\":%s}}",
            commands[i]);
        assert_refused(line, CW_LINK_HOST);
    }
}

#define ADD(name) g_test_add_func("/link/" #name, name)

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD(remember__round_trips);
    ADD(a_login__has_room__for_what_is_remembered);
    ADD(news__round_trips);
    ADD(news__has_items__in_their_order);
    ADD(command__round_trips__both_ways);
    ADD(a_hello__names__commands);
    ADD(a_hello__refuses__commands_that_are_none);
    return g_test_run();
}
