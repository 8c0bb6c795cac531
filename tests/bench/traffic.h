/* tests/bench/traffic.h: numbered messages one way, each to arrive once and in order
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#pragma once

#include "tests/bench/world.h"

G_BEGIN_DECLS

typedef enum { BENCH_TO_NETWORK, BENCH_TO_USER } BenchWay;

typedef struct {
    BenchWay way;
    guint users;  /* the first so many write or are written to, in turn */
    guint rate;   /* messages a second; 0: as many as get through … */
    guint window; /* … with so many on their way */
    double seconds;
} BenchTraffic;

typedef struct {
    guint64 messages;
    double rate;                   /* a second, from the first to the last arrival */
    double gateway_us, hosts_us;   /* CPU a message */
    double bench_us;               /* our own */
    double p50_ms, p99_ms, max_ms; /* from the time when it was due to its arrival */
} BenchResult;

/* After a warm-up.  A message that is lost, comes twice or out of order ends the bench. */
BenchResult bench_traffic_run(const BenchTraffic *traffic);

G_END_DECLS
