/* tests/fuzz/fuzz-quote.c: any bytes as prices in CSV and JSON, a path into JSON, a URL's pattern
 *
 * The first line is the path and the pattern, what follows the answer.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "protocols/agents/quote.h"

#include <math.h>
#include <string.h>

#include "protocols/agents/text.h"

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size);

static void check(CwQuote *quote, gboolean there, const GError *error)
{
    if (there) {
        g_assert_no_error(error);
        g_assert_true(isfinite(quote->price) && quote->price > 0);
        g_assert_true(isfinite(quote->reference));
        g_assert_true(quote->date == NULL || strlen(quote->date) == 10);
        g_assert_true(quote->name == NULL || g_utf8_validate(quote->name, -1, NULL));
    }
    cw_quote_clear(quote);
}

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size)
{
    g_autofree char *all = g_strndup((const char *)data, size);
    const char *newline = strchr(all, '\n');
    g_autofree char *path =
        newline == NULL ? g_strdup("p") : g_strndup(all, (gsize)(newline - all));
    const char *answer = newline == NULL ? all : newline + 1;
    const CwQuotePaths paths = {path, path, "n", path, "d", "o"};
    const char *const pairs[] = {"symbol", answer, "key", path, NULL};
    g_autoptr(GError) csv = NULL, json = NULL;
    CwQuote quote = {0};

    check(&quote, cw_quote_parse_csv((const char *)data, size, &quote, &csv), csv);
    check(&quote, cw_quote_parse_json(answer, strlen(answer), &paths, &quote, &json), json);
    GPtrArray *found = cw_quote_parse_found(answer, strlen(answer), path, "s", path, NULL);
    g_clear_pointer(&found, g_ptr_array_unref);
    g_autofree char *url = cw_text_fill_url(path, pairs);
    g_assert_cmpuint(strlen(url) + 1, >, 0);
    return 0;
}
