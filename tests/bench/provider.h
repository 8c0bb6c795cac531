/* tests/bench/provider.h: a provider of share prices and of feeds, and how long its changes take
 *
 * Each answer is another than the one before: a price has moved, a feed has an item more.  It is
 * timed until the last of those who watch the thing was told.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct {
    guint16 port;
    guint n_things, n_watchers; /* of each thing */
    guint looks, told;          /* since `begin`, or since `measure` */
} BenchProvider;

extern BenchProvider bench_provider;

/* Thing N is http://127.0.0.1:PORT/?tN. */
void bench_provider_start(guint n_things, guint n_watchers);
void bench_provider_end(void);
/* What it has: "stocks" or "feeds".  Nothing was looked at yet. */
void bench_provider_begin(const char *agent);
/* One who watches was told of the thing: `name` ends with "tN". */
void bench_provider_told(const char *name, gsize length);

/* What is counted from here on, for so many intervals, is printed with "GROUP." before it. */
void bench_provider_measure(void);
void bench_provider_put(const char *group, guint intervals);

G_END_DECLS
