/* tests/bench/provider.c: a provider of share prices and of feeds, and how long its changes take
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "tests/bench/provider.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/bench/loop.h"

#define ITEMS 30 /* of a feed */

typedef struct {
    guint looks;
    guint looks_before; /* what is measured began */
    gint64 answered;    /* µs, when the last answer went out; 0: its watchers know of it */
    guint told;         /* watchers, of that answer */
} Thing;

BenchProvider bench_provider;

static struct {
    char *(*answer)(guint number, guint looks);
    Thing *things;
    GArray *delays; /* double, ms */
} self;

static char *answer_quote(guint number, guint looks)
{
    return g_strdup_printf("Symbol,Date,Time,Open,High,Low,Close,Volume,Name,Prev\r\n"
                           "T%u,2026-11-27,22:00:00,100,101,99,%.2f,1000,Share %u,100\r\n",
                           number, 100 + looks * 0.01, number);
}

/* Summaries of a line or four, as they are met. */
static char *answer_feed(guint number, guint looks)
{
    GString *text = g_string_new(NULL);

    g_string_append_printf(text, "<rss version='2.0'><channel><title>Feed %u</title>", number);
    for (guint i = looks + ITEMS; i > looks; i--)
        g_string_append_printf(
            text,
            "<item><title>Item %u of those that there are</title><guid>f%u-%u</guid>"
            "<link>https://example.org/%u/%u</link><description>&lt;p&gt;Two households, both "
            "alike in dignity, in fair Verona, where we lay our scene, from ancient grudge break "
            "to new mutiny, where civil blood makes civil hands unclean.  From forth the fatal "
            "loins of these two foes a pair of star-cross'd lovers take their life.&lt;/p&gt;"
            "</description></item>",
            i, number, i, number, i);
    g_string_append(text, "</channel></rss>");
    return g_string_free(text, FALSE);
}

static guint read_number(const char *name, gsize length)
{
    const char *t = g_strrstr_len(name, (gssize)length, "t");
    guint number = t == NULL ? G_MAXUINT : (guint)strtoul(t + 1, NULL, 10);

    if (number >= bench_provider.n_things)
        g_error("there is no thing '%.*s'", (int)length, name);
    return number;
}

/* "GET /?t17 HTTP/1.1" … empty line */
static gsize request_cb(BenchChannel *channel, const char *bytes, gsize length)
{
    static const char end[] = "\r\n\r\n";
    const char *at = bytes, *last;

    while ((last = memmem(at, length - (gsize)(at - bytes), end, strlen(end))) != NULL) {
        const char *name = memmem(at, (gsize)(last - at), "?t", 2);
        guint number = name == NULL ? read_number("", 0) : read_number(name, 2);
        Thing *thing = &self.things[number];
        g_autofree char *body = self.answer(number, ++thing->looks);
        g_autofree char *answer = g_strdup_printf(
            "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: %zu\r\n\r\n%s",
            strlen(body), body);
        bench_channel_send(channel, answer, strlen(answer));
        thing->answered = bench_now();
        thing->told = 0;
        bench_provider.looks++;
        at = last + strlen(end);
    }
    return (gsize)(at - bytes);
}

static void gone_cb(BenchChannel *channel)
{
}

static void accepted_cb(int fd)
{
    bench_channel_new(fd, request_cb, gone_cb, NULL);
}

void bench_provider_start(guint n_things, guint n_watchers)
{
    bench_provider = (BenchProvider){.n_things = n_things, .n_watchers = n_watchers};
    self.things = g_new0(Thing, n_things);
    self.delays = g_array_new(FALSE, FALSE, sizeof(double));
    bench_loop_listen(accepted_cb, &bench_provider.port);
}

void bench_provider_end(void)
{
    g_clear_pointer(&self.things, g_free);
    g_clear_pointer(&self.delays, g_array_unref);
}

void bench_provider_begin(const char *agent)
{
    self.answer = g_str_equal(agent, "feeds") ? answer_feed : answer_quote;
    memset(self.things, 0, bench_provider.n_things * sizeof(Thing));
    bench_provider_measure();
}

void bench_provider_told(const char *name, gsize length)
{
    Thing *thing = &self.things[read_number(name, length)];

    bench_provider.told++;
    if (++thing->told != bench_provider.n_watchers || thing->answered == 0)
        return;
    double delay = (double)(bench_now() - thing->answered) / 1000;
    g_array_append_val(self.delays, delay);
    thing->answered = 0;
}

void bench_provider_measure(void)
{
    for (guint i = 0; i < bench_provider.n_things; i++)
        self.things[i].looks_before = self.things[i].looks;
    bench_provider.looks = bench_provider.told = 0;
    g_array_set_size(self.delays, 0);
}

static int compare(gconstpointer a, gconstpointer b)
{
    double first = *(const double *)a, second = *(const double *)b;

    return first < second ? -1 : first > second;
}

static double delay_at(double part)
{
    return self.delays->len == 0
               ? 0
               : g_array_index(self.delays, double, (guint)((self.delays->len - 1) * part));
}

static void put(const char *group, const char *key, double value)
{
    printf("%s.%s %.6g\n", group, key, value);
    fflush(stdout);
}

void bench_provider_put(const char *group, guint intervals)
{
    guint least = G_MAXUINT, most = 0;

    for (guint i = 0; i < bench_provider.n_things; i++) {
        guint looks = self.things[i].looks - self.things[i].looks_before;
        least = MIN(least, looks);
        most = MAX(most, looks);
    }
    g_array_sort(self.delays, compare);
    put(group, "fetches", (double)bench_provider.looks / bench_provider.n_things / intervals);
    put(group, "fetches-least", least);
    put(group, "fetches-most", most);
    put(group, "changes", self.delays->len);
    put(group, "told-p50-ms", delay_at(0.5));
    put(group, "told-p99-ms", delay_at(0.99));
    put(group, "told-max-ms", delay_at(1));
}
