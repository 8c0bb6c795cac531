/* protocols/agents/stocks.c: shares: AAPL@stocks.example.com
 *
 * Two kinds of providers (agent.provider): `stooq`, whose CSV needs no key, and `json`, which is
 * any service whose URL and answers the settings describe.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "protocols/agents/chart.h"
#include "protocols/agents/files.h"
#include "protocols/agents/http.h"
#include "protocols/agents/quote.h"
#include "protocols/agents/search.h"
#include "protocols/agents/text.h"

#define SYMBOL_LONGEST 20
#define SAMPLES 48     /* prices that are kept for the chart */
#define ALERTS_MOST 20 /* of one watch */
#define STOOQ_URL "https://stooq.com/q/l/?s={symbol}&f=sd2t2ohlcvnp&h&e=csv"
#define HOURS "09:30-16:00" /* of New York, where the settings say nothing else */
#define ZONE "America/New_York"

typedef struct {
    CwHttpCall *call; /* NULL: none is under way */
    CwQuote quote;
    double samples[SAMPLES]; /* a ring */
    guint n_samples;
} Share;

static struct {
    gboolean is_json;
    const char *url, *suffix, *currency;
    const char *search_url, *search_items, *search_symbol, *search_name;
    CwQuotePaths paths;
    char *key;      /* nullable */
    guint from, to; /* minutes of the day: when trade is */
    GTimeZone *zone;
} provider;

/* ---- settings ---- */

static gboolean read_hours(GError **error)
{
    const char *text = cw_agent_setting_or("hours", HOURS),
               *zone = cw_agent_setting_or("hours-zone", ZONE);
    guint from_hour, from_minute, to_hour, to_minute;

    provider.zone = g_time_zone_new_identifier(zone);
    if (provider.zone != NULL &&
        sscanf(text, "%2u:%2u-%2u:%2u", &from_hour, &from_minute, &to_hour, &to_minute) == 4) {
        provider.from = from_hour * 60 + from_minute;
        provider.to = to_hour * 60 + to_minute;
        if (provider.from < provider.to && provider.to <= 24 * 60)
            return TRUE;
    }
    g_set_error(error, CW_AGENT_ERROR, CW_AGENT_ERROR_SETTING,
                "agent.hours, agent.hours-zone: found '%s' and '%s', expected such as %s and %s",
                text, zone, HOURS, ZONE);
    return FALSE;
}

static gboolean has_key(const char *url)
{
    return url != NULL && strstr(url, "{key}") != NULL;
}

/* One without the other is a mistake that nobody would see but the service. */
static gboolean check_key(GError **error)
{
    gboolean wanted = has_key(provider.url) || has_key(provider.search_url);

    if (wanted == (provider.key != NULL))
        return TRUE;
    g_set_error(error, CW_AGENT_ERROR, CW_AGENT_ERROR_SETTING,
                wanted ? "agent.key-file: found nothing, expected the file with the key that "
                         "agent.url wants by {key}"
                       : "agent.url: found no {key} in it, expected it where the key of "
                         "agent.key-file goes");
    return FALSE;
}

static gboolean start(GError **error)
{
    static const char *const symbol[] = {"symbol", NULL}, *const text[] = {"text", NULL};
    const char *kind = cw_agent_setting_or("provider", "stooq");
    g_autoptr(GError) key_error = NULL;

    provider.is_json = g_str_equal(kind, "json");
    if (!provider.is_json && !g_str_equal(kind, "stooq")) {
        g_set_error(error, CW_AGENT_ERROR, CW_AGENT_ERROR_SETTING,
                    "agent.provider: found '%s', expected stooq or json", kind);
        return FALSE;
    }
    provider.url = provider.is_json ? NULL : STOOQ_URL;
    provider.search_url = NULL;
    if (!cw_agent_setting_url("url", symbol, &provider.url, error) ||
        !cw_agent_setting_url("search-url", text, &provider.search_url, error))
        return FALSE;
    provider.suffix = cw_agent_setting_or("suffix", provider.is_json ? "" : ".us");
    provider.currency = cw_agent_setting("currency");
    provider.paths = (CwQuotePaths){
        .price = cw_agent_setting("price"),
        .reference = cw_agent_setting("previous"),
        .name = cw_agent_setting("company"),
        .currency = cw_agent_setting("currency-path"),
        .date = cw_agent_setting("date"),
        .open = cw_agent_setting("open"),
    };
    provider.search_items = cw_agent_setting_or("search-items", "");
    provider.search_symbol = cw_agent_setting_or("search-symbol", "symbol");
    provider.search_name = cw_agent_setting_or("search-name", "name");
    if (provider.is_json && (provider.url == NULL || provider.paths.price == NULL)) {
        g_set_error(error, CW_AGENT_ERROR, CW_AGENT_ERROR_SETTING, "agent.%s",
                    provider.url == NULL
                        ? "url: found nothing, expected the URL of the service, with {symbol} in it"
                        : "price: found nothing, expected where in an answer the price is, such as "
                          "quote.price");
        return FALSE;
    }
    provider.key = cw_agent_setting_secret("key-file", &key_error);
    if (key_error != NULL) {
        g_propagate_error(error, g_steal_pointer(&key_error));
        return FALSE;
    }
    return check_key(error) && read_hours(error);
}

static void stop(void)
{
    if (provider.key != NULL)
        explicit_bzero(provider.key, strlen(provider.key));
    g_clear_pointer(&provider.key, g_free);
    g_clear_pointer(&provider.zone, g_time_zone_unref);
}

/* ---- names: in small letters, as a JID has them; shown in capitals ---- */

static char *symbol_of(const CwThing *thing)
{
    return g_ascii_strup(thing->name, -1);
}

static const char *how_to_name(void)
{
    return provider.search_url == NULL
               ? "write it such as AAPL"
               : "write it such as AAPL, or say to the gateway: search NAME";
}

static char *normalize(const char *typed, GError **error)
{
    g_autofree char *symbol = g_strstrip(g_ascii_strdown(typed, -1));
    const char *first = *symbol == '$' ? symbol + 1 : symbol;

    if (*first == '\0' || strlen(first) > SYMBOL_LONGEST ||
        strspn(first, "abcdefghijklmnopqrstuvwxyz0123456789.^=-_") != strlen(first)) {
        g_set_error(error, CW_AGENT_ERROR, CW_AGENT_ERROR_NAME,
                    "'%s' cannot be the symbol of a share; %s", typed, how_to_name());
        return NULL;
    }
    return g_strdup(first);
}

/* ---- fetching ---- */

static Share *share_of(CwThing *thing)
{
    if (thing->data == NULL)
        thing->data = g_new0(Share, 1);
    return thing->data;
}

static char *make_url(const char *pattern, const char *name, const char *value)
{
    const char *const pairs[] = {name, value, "key", provider.key == NULL ? "" : provider.key,
                                 NULL};

    return cw_text_fill_url(pattern, pairs);
}

static void take_quote(CwThing *thing, CwQuote *quote)
{
    Share *share = thing->data;
    g_autofree char *symbol = symbol_of(thing);

    cw_quote_clear(&share->quote);
    share->quote = *quote;
    share->samples[share->n_samples++ % SAMPLES] = quote->price;
    if (!thing->is_known)
        cw_thing_known(thing, quote->name == NULL ? symbol : quote->name);
    cw_thing_refreshed(thing, 0);
}

static void refuse(CwThing *thing)
{
    g_autofree char *name = symbol_of(thing);
    g_autofree char *text = g_strdup_printf("no share %s is known here; %s", name, how_to_name());

    cw_thing_unknown(thing, text);
}

static GPtrArray *read_found(const char *body, gsize size, GError **error)
{
    return cw_quote_parse_found(body, size, provider.search_items, provider.search_symbol,
                                provider.search_name, error);
}

/* What was added may be the company's name. */
static void suggested_cb(const CwHttpAnswer *answer, gpointer data)
{
    CwThing *thing = data;
    Share *share = thing->data;
    gsize size = 0;
    const char *body = cw_http_body(answer, &size);
    g_autoptr(GPtrArray) found = answer->problem != NULL ? NULL : read_found(body, size, NULL);
    g_autofree char *name = symbol_of(thing);
    g_autofree char *text = g_strdup_printf("no share %s is known here", name);

    share->call = NULL;
    if (found == NULL || found->len == 0)
        refuse(thing);
    else
        cw_thing_ambiguous(thing, text, found);
}

static void not_there(CwThing *thing)
{
    Share *share = share_of(thing);

    if (thing->is_known) {
        cw_thing_failed(thing, "its price is not told any more", 0);
        return;
    }
    if (provider.search_url != NULL) {
        g_autofree char *url = make_url(provider.search_url, "text", thing->name);
        share->call = cw_http_get(url, NULL, NULL, NULL, suggested_cb, thing, NULL);
    }
    if (share->call == NULL)
        refuse(thing);
}

static void fetched_cb(const CwHttpAnswer *answer, gpointer data)
{
    CwThing *thing = data;
    Share *share = thing->data;
    CwQuote quote = {0};
    g_autoptr(GError) error = NULL;
    gsize size = 0;

    share->call = NULL;
    if (answer->status == 404) {
        not_there(thing);
        return;
    }
    if (answer->problem != NULL) {
        cw_thing_failed(thing, answer->problem, answer->retry_after);
        return;
    }
    const char *body = cw_http_body(answer, &size);
    gboolean there = provider.is_json
                         ? cw_quote_parse_json(body, size, &provider.paths, &quote, &error)
                         : cw_quote_parse_csv(body, size, &quote, &error);
    if (there)
        take_quote(thing, &quote);
    else if (error != NULL)
        cw_thing_failed(thing, error->message, 0);
    else
        not_there(thing);
}

static void fetch(CwThing *thing)
{
    Share *share = share_of(thing);
    gboolean whole = strpbrk(thing->name, ".^=") != NULL;
    g_autofree char *name = provider.is_json ? symbol_of(thing) : g_strdup(thing->name);
    g_autofree char *symbol = g_strconcat(name, whole ? "" : provider.suffix, NULL);
    g_autofree char *url = make_url(provider.url, "symbol", symbol);
    g_autoptr(GError) error = NULL;

    share->call = cw_http_get(url, NULL, NULL, NULL, fetched_cb, thing, &error);
    if (share->call == NULL)
        cw_thing_failed(thing, error->message, 0);
}

static void forget(CwThing *thing)
{
    Share *share = thing->data;

    if (share == NULL)
        return;
    cw_http_cancel(share->call);
    cw_quote_clear(&share->quote);
    g_free(share);
}

/* ---- what it says ---- */

static const char *today(char *text, gsize size)
{
    g_autoptr(GDateTime) now = g_date_time_new_now(provider.zone);

    g_snprintf(text, size, "%04d-%02d-%02d", g_date_time_get_year(now), g_date_time_get_month(now),
               g_date_time_get_day_of_month(now));
    return text;
}

/* Days without trade show by the date of the last one. */
static gboolean is_open(const CwQuote *quote)
{
    g_autoptr(GDateTime) now = g_date_time_new_now(provider.zone);
    guint minute = (guint)(g_date_time_get_hour(now) * 60 + g_date_time_get_minute(now));
    char date[11];

    if (quote->says_open)
        return quote->is_open;
    return g_date_time_get_day_of_week(now) <= 5 && minute >= provider.from &&
           minute < provider.to &&
           (quote->date == NULL || strncmp(quote->date, today(date, sizeof date), 10) == 0);
}

static double change_of(const CwQuote *quote)
{
    return quote->reference <= 0 ? 0 : (quote->price / quote->reference - 1) * 100;
}

static char *price_text(double price)
{
    return g_strdup_printf(price < 1 ? "%.4f" : "%.2f", price);
}

static char *describe(const CwQuote *quote)
{
    const char *currency = quote->currency != NULL ? quote->currency : provider.currency;
    g_autofree char *price = price_text(quote->price);
    double change = change_of(quote);
    GString *text = g_string_new(price);

    if (currency != NULL)
        g_string_append_printf(text, " %s", currency);
    if (quote->reference > 0)
        g_string_append_printf(text, " %s%+.2f %%",
                               change < 0   ? "▼"
                               : change > 0 ? "▲"
                                            : "",
                               change);
    g_string_append(text, is_open(quote) ? "" : " (closed)");
    return g_string_free(text, FALSE);
}

static char *status(const CwWatch *watch, CwShow *show)
{
    const Share *share = watch->thing->data;

    *show = is_open(&share->quote) ? CW_SHOW_CHAT : CW_SHOW_AWAY;
    return describe(&share->quote);
}

/* ---- alerts: "> 190", "< 150" once; "-5%", "+5%" once a day ---- */

typedef struct {
    char sign; /* '>' '<' '+' '-' */
    double value;
    char date[11]; /* of its last alarm; "" none */
} Alert;

static GArray *read_alerts(const CwWatch *watch)
{
    const char *text = cw_watch_remembered(watch, "alerts");
    g_auto(GStrv) lines = g_strsplit(text == NULL ? "" : text, ";", -1);
    GArray *alerts = g_array_new(FALSE, TRUE, sizeof(Alert));

    for (guint i = 0; lines[i] != NULL; i++) {
        Alert alert = {0};
        char value[40] = "";
        if (sscanf(lines[i], "%c %39s %10s", &alert.sign, value, alert.date) >= 2) {
            alert.value = g_ascii_strtod(value, NULL);
            g_array_append_val(alerts, alert);
        }
    }
    return alerts;
}

static void write_alerts(CwWatch *watch, const GArray *alerts)
{
    g_autoptr(GString) text = g_string_new(NULL);

    for (guint i = 0; i < alerts->len; i++) {
        const Alert *alert = &g_array_index(alerts, Alert, i);
        char value[40];
        g_ascii_dtostr(value, sizeof value, alert->value);
        g_string_append_printf(text, "%s%c %s %s", i == 0 ? "" : ";", alert->sign, value,
                               alert->date);
    }
    cw_watch_remember(watch, "alerts", alerts->len == 0 ? NULL : text->str);
}

static char *describe_alert(const Alert *alert)
{
    g_autofree char *price = price_text(alert->value);

    return alert->sign == '+' || alert->sign == '-'
               ? g_strdup_printf("%c%g%%", alert->sign, alert->value)
               : g_strdup_printf("%c %s", alert->sign, price);
}

static gboolean is_due(const Alert *alert, const CwQuote *quote, const char *date)
{
    double change = change_of(quote);

    switch (alert->sign) {
    case '>':
        return quote->price > alert->value;
    case '<':
        return quote->price < alert->value;
    case '+':
        return change >= alert->value && !g_str_equal(alert->date, date);
    case '-':
        return change <= -alert->value && !g_str_equal(alert->date, date);
    }
    return FALSE;
}

static void changed(CwWatch *watch)
{
    const Share *share = watch->thing->data;
    g_autoptr(GArray) alerts = read_alerts(watch);
    gboolean any = FALSE;
    char date[11];

    /* in the morning the price is still that of the day before, of which he was told then */
    if (share->quote.date == NULL)
        today(date, sizeof date);
    else
        g_strlcpy(date, share->quote.date, sizeof date);
    for (guint i = 0; i < alerts->len;) {
        Alert *alert = &g_array_index(alerts, Alert, i);
        if (!is_due(alert, &share->quote, date)) {
            i++;
            continue;
        }
        g_autofree char *what = describe_alert(alert);
        g_autofree char *now = describe(&share->quote);
        g_autofree char *name = symbol_of(watch->thing);
        g_autofree char *title = g_strdup_printf("%s: %s", name, now);
        g_autofree char *text = g_strdup_printf("%s\nYou asked to hear of %s.", title, what);
        cw_watch_push(watch, title, text, NULL);
        any = TRUE;
        if (alert->sign == '>' || alert->sign == '<') {
            g_array_remove_index(alerts, i);
        } else {
            g_strlcpy(alert->date, date, sizeof alert->date);
            i++;
        }
    }
    if (any)
        write_alerts(watch, alerts);
}

static gboolean parse_alert(const char *text, Alert *alert)
{
    char *end = NULL;
    const char *first = *text == '\0' ? text : text + 1;

    *alert = (Alert){.sign = *text};
    while (*first == ' ')
        first++;
    if (*text == '\0' || strchr("><+-", *text) == NULL || !g_ascii_isdigit(*first))
        return FALSE;
    alert->value = g_ascii_strtod(first, &end);
    gboolean percent = *end == '%' || (*end == ' ' && end[1] == '%');
    gboolean wants_percent = alert->sign == '+' || alert->sign == '-';
    end += percent ? strcspn(end, "%") + 1 : 0;
    return *end == '\0' && percent == wants_percent && isfinite(alert->value) && alert->value > 0;
}

static void run_alert(CwWatch *watch, const char *arguments)
{
    g_autoptr(GArray) alerts = read_alerts(watch);
    Alert alert;

    if (!parse_alert(arguments, &alert)) {
        cw_watch_reply(watch, "Say for example: alert > 190, alert < 150, alert -5%%, alert +5%%");
        return;
    }
    if (alerts->len >= ALERTS_MOST) {
        cw_watch_reply(watch,
                       "You have %d alerts here, which is all that I keep; take one back "
                       "by: unalert 1",
                       ALERTS_MOST);
        return;
    }
    g_array_append_val(alerts, alert);
    write_alerts(watch, alerts);
    g_autofree char *what = describe_alert(&alert);
    g_autofree char *name = symbol_of(watch->thing);
    cw_watch_reply(watch, "I tell you when %s is %s%s.", name, what,
                   alert.sign == '>' || alert.sign == '<' ? ", once"
                                                          : " against the day before, once a day");
    if (watch->thing->is_fresh)
        changed(watch);
}

static void run_alerts(CwWatch *watch, const char *arguments)
{
    g_autoptr(GArray) alerts = read_alerts(watch);
    g_autoptr(GString) text = g_string_new(NULL);

    for (guint i = 0; i < alerts->len; i++) {
        g_autofree char *what = describe_alert(&g_array_index(alerts, Alert, i));
        g_string_append_printf(text, "%s%u: %s", i == 0 ? "" : "\n", i + 1, what);
    }
    cw_watch_reply(watch, "%s", alerts->len == 0 ? "You have no alerts here." : text->str);
}

static void run_unalert(CwWatch *watch, const char *arguments)
{
    g_autoptr(GArray) alerts = read_alerts(watch);
    guint64 number = 0;

    if (!g_ascii_string_to_unsigned(arguments, 10, 1, MAX(alerts->len, 1), &number, NULL) ||
        number > alerts->len) {
        cw_watch_reply(watch,
                       "Say which one by its number, such as: unalert 1.  Say alerts for all.");
        return;
    }
    g_autofree char *what = describe_alert(&g_array_index(alerts, Alert, number - 1));
    g_array_remove_index(alerts, (guint)number - 1);
    write_alerts(watch, alerts);
    cw_watch_reply(watch, "No more: %s", what);
}

/* ---- other commands ---- */

static void run_quote(CwWatch *watch, const char *arguments)
{
    const Share *share = watch->thing->data;

    g_autofree char *text = describe(&share->quote);
    g_autofree char *name = symbol_of(watch->thing);
    cw_watch_reply(watch, "%s%s%s: %s", name, share->quote.name == NULL ? "" : ", ",
                   share->quote.name == NULL ? "" : share->quote.name, text);
}

/* FALSE: it could not be made. */
static gboolean send_picture(CwWatch *watch, const Share *share, guint count)
{
    double values[SAMPLES];

    for (guint i = 0; i < count; i++)
        values[i] = share->samples[(share->n_samples - count + i) % SAMPLES];
    g_autoptr(GBytes) picture = cw_chart_draw(values, count, share->quote.reference);
    if (picture == NULL)
        return FALSE;
    g_autofree char *url = cw_files_publish(picture, "chart.png", "image/png");
    cw_watch_reply_link(watch, url);
    return TRUE;
}

static void run_chart(CwWatch *watch, const char *arguments)
{
    static const char *const blocks[] = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
    const Share *share = watch->thing->data;
    guint count = MIN(share->n_samples, SAMPLES);
    double least = G_MAXDOUBLE, most = 0;
    g_autoptr(GString) line = g_string_new(NULL);

    if (count < 2) {
        cw_watch_reply(watch, "I have not seen enough prices for that yet.");
        return;
    }
    if (cw_files_are_on() && send_picture(watch, share, count))
        return;
    for (guint i = 0; i < count; i++) {
        least = MIN(least, share->samples[i]);
        most = MAX(most, share->samples[i]);
    }
    for (guint i = share->n_samples - count; i < share->n_samples; i++) {
        double part = most > least ? (share->samples[i % SAMPLES] - least) / (most - least) : 0;
        g_string_append(line, blocks[(guint)(part * 7.999)]);
    }
    g_autofree char *low = price_text(least), *high = price_text(most);
    cw_watch_reply(watch, "%s\nfrom %s to %s, in the last %u looks", line->str, low, high, count);
}

/* ---- searching ---- */

static gboolean may_search(void)
{
    return provider.search_url != NULL;
}

static void search(const char *text, CwAgentFoundDone done, gpointer data)
{
    g_autofree char *url = make_url(provider.search_url, "text", text);
    cw_search_web(url, read_found, done, data);
}

static const CwAgentCommand commands[] = {
    {"quote", NULL, "its price now", run_quote},
    {"chart", NULL, "how its price went", run_chart},
    {"alert", "> 190|< 150|-5%|+5%", "be told when its price is so", run_alert, TRUE},
    {"alerts", NULL, "your alerts", run_alerts, TRUE},
    {"unalert", "1", "take back one of them", run_unalert, TRUE},
    {NULL},
};

const CwAgent cw_agent_stocks = {
    .id = "stocks",
    .name = "Stocks",
    .identity = "stocks",
    .example = "AAPL",
    .caseless = TRUE,
    .start = start,
    .stop = stop,
    .normalize = normalize,
    .find = fetch,
    .refresh = fetch,
    .forget = forget,
    .status = status,
    .changed = changed,
    .search = search,
    .may_search = may_search,
    .commands = commands,
    .interval = 300,
};
