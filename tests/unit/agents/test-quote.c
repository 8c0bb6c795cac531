/* tests/unit/agents/test-quote.c: prices in CSV and JSON, paths into JSON, URLs made of patterns
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "protocols/agents/quote.h"

#include <string.h>

#include "protocols/agents/json-path.h"

#define HEAD "Symbol,Date,Time,Open,High,Low,Close,Volume,Name,Prev\r\n"

static gboolean csv(const char *text, CwQuote *quote, GError **error)
{
    *quote = (CwQuote){0};
    return cw_quote_parse_csv(text, strlen(text), quote, error);
}

static void parse_csv__a_price(void)
{
    static const char *const texts[] = {
        HEAD "AAPL.US,2026-11-27,22:00:03,190,191,187,188.1,123,APPLE,189.5\r\n",
        "Name,Close,Prev,Date\n\"APPLE\",188.1,\"189.5\",2026-11-27 22:00",
        "\n\n" HEAD "AAPL.US,2026-11-27,,,,,\"188.1\",,APPLE,189.5",
    };

    for (guint i = 0; i < G_N_ELEMENTS(texts); i++) {
        CwQuote quote;
        g_assert_true(csv(texts[i], &quote, NULL));
        g_assert_cmpfloat(quote.price, ==, 188.1);
        g_assert_cmpfloat(quote.reference, ==, 189.5);
        g_assert_cmpstr(quote.name, ==, "APPLE");
        g_assert_cmpstr(quote.date, ==, "2026-11-27");
        cw_quote_clear(&quote);
    }
}

static void parse_csv__quotes_and_gaps(void)
{
    CwQuote quote;

    g_assert_true(csv("Name,Close,Prev\n\"Coffee, \"\"Best\"\" & Sons, Inc\",10,8", &quote, NULL));
    g_assert_cmpstr(quote.name, ==, "Coffee, \"Best\" & Sons, Inc");
    g_assert_cmpfloat(quote.reference, ==, 8);
    cw_quote_clear(&quote);
    g_assert_true(csv("Close,Open,Date\n10,9,N/D", &quote, NULL));
    g_assert_cmpfloat(quote.reference, ==, 9);
    g_assert_null(quote.date);
    g_assert_null(quote.name);
    cw_quote_clear(&quote);
}

static void parse_csv__none(void)
{
    static const char *const none[] = {
        HEAD "XX.US,N/D,N/D,N/D,N/D,N/D,N/D,N/D,XX,N/D",
        "Close\n0",
        "Close\n-1",
        "Close\nnan",
        "Close\n1e999",
        "Close\n10x",
        "Symbol,Close\nXX",
    };
    static const char *const wrong[] = {"", "one line", "<html>\n</html>", "a,b\n1,2",
                                        "\xff\n\xff"};

    for (guint i = 0; i < G_N_ELEMENTS(none); i++) {
        g_autoptr(GError) error = NULL;
        CwQuote quote;
        g_assert_false(csv(none[i], &quote, &error));
        g_assert_no_error(error);
        cw_quote_clear(&quote);
    }
    for (guint i = 0; i < G_N_ELEMENTS(wrong); i++) {
        g_autoptr(GError) error = NULL;
        CwQuote quote;
        g_assert_false(csv(wrong[i], &quote, &error));
        g_assert_error(error, CW_AGENT_ERROR, CW_AGENT_ERROR_NAME);
    }
}

static void parse_json__a_price(void)
{
    static const char text[] =
        "{\"q\":[{\"p\":\"1,234.5\",\"c\":1200,\"n\":\"A\",\"m\":\"REGULAR\","
        "\"cur\":\"USD\",\"d\":1795867200}]}";
    const CwQuotePaths paths = {.price = "q[0].p",
                                .reference = "q[0].c",
                                .name = "q[0].n",
                                .currency = "q[0].cur",
                                .date = "q[0].d",
                                .open = "q[0].m"};
    const CwQuotePaths bare = {.price = "q[0].p"}, other = {.price = "q[1].p"};
    CwQuote quote = {0};

    g_assert_true(cw_quote_parse_json(text, strlen(text), &paths, &quote, NULL));
    g_assert_cmpfloat(quote.price, ==, 1234.5);
    g_assert_cmpfloat(quote.reference, ==, 1200);
    g_assert_cmpstr(quote.currency, ==, "USD");
    g_assert_true(quote.says_open && quote.is_open);
    g_assert_null(quote.date);
    cw_quote_clear(&quote);
    g_assert_true(cw_quote_parse_json(text, strlen(text), &bare, &quote, NULL));
    g_assert_cmpfloat(quote.reference, ==, 0);
    cw_quote_clear(&quote);
    g_assert_false(cw_quote_parse_json(text, strlen(text), &other, &quote, NULL));
}

static void parse_json__errors_hold_nothing_of_the_answer(void)
{
    static const char text[] = "{\"error\": no such key topsecret}";
    const CwQuotePaths paths = {.price = "p"};
    g_autoptr(GError) error = NULL;
    CwQuote quote = {0};

    g_assert_false(cw_quote_parse_json(text, strlen(text), &paths, &quote, &error));
    g_assert_error(error, CW_AGENT_ERROR, CW_AGENT_ERROR_NAME);
    g_assert_null(strstr(error->message, "such"));
}

static void json_at__paths(void)
{
    static const char text[] =
        "{\"a\":{\"b\":[1,{\"c\":\"x\"}]},\"\":2,\"t\":true,\"f\":1234567.5}";
    json_t *json = cw_json_load(text, strlen(text), NULL);
    const struct {
        const char *path, *value;
    } cases[] = {
        {"a.b[0]", "1"},   {"a.b[1].c", "x"},  {".a.b[0]", "1"},
        {"t", "true"},     {"f", "1234567.5"}, {"a.b[2]", NULL},
        {"a.b[-1]", NULL}, {"a.b[x]", NULL},   {"a.b[", NULL},
        {"a.b[0", NULL},   {"a.b[0].c", NULL}, {"x", NULL},
        {"a", NULL},       {"", NULL},         {"a.b[99999999999999999999]", NULL},
    };

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *value = cw_json_text_at(json, cases[i].path);
        g_assert_cmpstr(value, ==, cases[i].value);
    }
    g_autofree char *longest = g_strnfill(1000, 'a');
    g_assert_null(cw_json_at(json, longest));
    g_assert_true(cw_json_at(json, "") == json);
    json_decref(json);
}

static void parse_found__list(void)
{
    static const char text[] =
        "{\"r\":[{\"s\":\"A\",\"n\":\"Apple\"},{\"s\":\"B\"},{\"n\":\"x\"},7]}";
    g_autoptr(GPtrArray) found = cw_quote_parse_found(text, strlen(text), "r", "s", "n", NULL);
    g_autoptr(GPtrArray) none = cw_quote_parse_found(text, strlen(text), "x", "s", "n", NULL);

    g_assert_cmpuint(found->len, ==, 2);
    g_assert_cmpuint(none->len, ==, 0);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/quote/parse_csv__a_price", parse_csv__a_price);
    g_test_add_func("/quote/parse_csv__quotes_and_gaps", parse_csv__quotes_and_gaps);
    g_test_add_func("/quote/parse_csv__none", parse_csv__none);
    g_test_add_func("/quote/parse_json__a_price", parse_json__a_price);
    g_test_add_func("/quote/parse_json__errors_hold_nothing_of_the_answer",
                    parse_json__errors_hold_nothing_of_the_answer);
    g_test_add_func("/quote/json_at__paths", json_at__paths);
    g_test_add_func("/quote/parse_found__list", parse_found__list);
    return g_test_run();
}
