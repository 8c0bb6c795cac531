/* protocols/agents/quote.h: prices of shares as providers say them; pure functions over bytes
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#pragma once

#include "protocols/agents/agent.h"

G_BEGIN_DECLS

typedef struct {
    char *name;     /* nullable: of the company */
    char *currency; /* nullable: "USD" */
    double price;
    double reference; /* what the change is from: the close of the day before, else the open; 0:
                       * not known */
    char *date;       /* nullable: of the last trade, "2026-11-28", and nothing behind it */
    gboolean is_open; /* the provider says so; only where `says_open` */
    gboolean says_open;
} CwQuote;

void cw_quote_clear(CwQuote *quote);

/* Stooq's: a line of names (Symbol,Date,Time,Open,High,Low,Close,Volume,Name, Prev) and one of
 * values. FALSE without the error: there is no such symbol. */
gboolean cw_quote_parse_csv(const char *data, gsize length, CwQuote *quote, GError **error);

/* Where in a JSON answer what stands: "quote.price", "results[0].last"; nullable but price. */
typedef struct {
    const char *price, *reference, *name, *currency, *date, *open;
} CwQuotePaths;
/* The same.  A price that is not there, null or no number above 0: there is no such symbol. */
gboolean cw_quote_parse_json(const char *data, gsize length, const CwQuotePaths *paths,
                             CwQuote *quote, GError **error);

/* Things found: `items` is the path of the list, the others those in each of it. */
GPtrArray *cw_quote_parse_found(const char *data, gsize length, const char *items,
                                const char *symbol, const char *name, GError **error);

G_END_DECLS
