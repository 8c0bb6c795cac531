/* tests/bench/world.h: what is measured, between a Jabber server and an IRC server of our own
 *
 *     bench == jabber.c == causeway (or floor) == causeway-purple == irc.c == bench
 *
 * Users are numbers: u00012@bench.example/pc with the nick u00012.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#pragma once

#include "tests/bench/jabber.h"

G_BEGIN_DECLS

#define BENCH_DOMAIN "irc.bench.example"
#define BENCH_HOME "bench.example"
#define BENCH_USER_FORMAT "u%05u@" BENCH_HOME

typedef struct {
    gboolean registered, refused;
    gboolean available;          /* his client is there */
    gboolean online;             /* the gateway says that he is */
    BenchChannel *irc;           /* NULL: not on IRC */
    guint32 to_network, to_user; /* messages sent … */
    guint32 at_network, at_user; /* … and arrived */
} BenchUser;

typedef struct {
    const char *causeway, *purple, *null_host, *agents, *floor; /* the programs */
    guint accounts_per_host;
    guint n_users;
    BenchUser *users;
    guint n_registered, n_refused, n_online, n_irc; /* of them */
} BenchWorld;

extern BenchWorld bench_world;

/* Where messages that arrive go, and what else the component says. */
typedef struct {
    void (*at_user)(guint user, BenchText body);
    void (*at_network)(guint user, BenchText text);
    void (*stanza)(const BenchStanza *stanza); /* (nullable) all of them */
} BenchWatch;

void bench_world_start(guint n_users);
void bench_world_end(void);
void bench_world_watch(const BenchWatch *watch);
/* The number in "u00012…". */
guint bench_user_number(const char *text, gsize length);

/* ---- the programs ---- */

typedef enum {
    BENCH_IRC,    /* causeway with prpl-irc */
    BENCH_NULL,   /* causeway with a host that has no network (host.c) */
    BENCH_STOCKS, /* causeway with causeway-agents, which asks provider.c … */
    BENCH_FEEDS,
    BENCH_FLOOR,
} BenchKind;

/* Starts it and waits until its stream is up.  `number`: contacts that the null host has for each
 * user; s between two fetches of an agent. */
void bench_start(BenchKind kind, guint number);
void bench_stop(void); /* and waits; an exit status other than 0 ends the bench */

typedef struct {
    double gateway, hosts, bench; /* s of CPU since they began */
} BenchCpu;
BenchCpu bench_cpu(void);
BenchCpu bench_cpu_since(BenchCpu before);

typedef struct {
    guint n_hosts;
    /* KiB: proportional share; what is the gateway's alone, without code and data of libraries; the
     * same of all hosts */
    double gateway, gateway_own, hosts;
} BenchMemory;
BenchMemory bench_memory(void);

/* ---- users ---- */

/* Each fails loudly when not all are through after `seconds`. */
void bench_register_all(double seconds);
void bench_log_in(guint from, guint to, double seconds); /* [from, to) */
void bench_log_out_all(double seconds);
void bench_send_presence(guint user, gboolean available);

G_END_DECLS
