/* tests/bench/parts.h: what is measured, one function a part
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct {
    guint users;    /* 0: the part's own number */
    double seconds; /* of one measurement */
} BenchSize;

typedef struct {
    const char *name;
    guint users;
    double seconds;
    guint accounts_per_host;
    void (*run)(const BenchSize *size);
} BenchPart;

extern const BenchPart bench_parts[]; /* ended by a name NULL */

void bench_put(const char *group, const char *key, double value); /* prints "GROUP.KEY VALUE" */
void bench_run_rooms(const BenchSize *size);                      /* rooms.c */
void bench_run_news(const BenchSize *size);                       /* news.c */

G_END_DECLS
