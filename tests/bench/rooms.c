/* tests/bench/rooms.c: what a room of many people costs the gateway
 *
 * The host without a network (host.c) makes the people; u00000 is in the room, with one client and
 * with two.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/bench/parts.h"
#include "tests/bench/world.h"

#define JOINS 5
#define MESSAGES 1000 /* a second of measuring, of each kind */
#define SPLITS 3
#define SLOW 60.0 /* s: more than any step takes */
#define USER "u00000@" BENCH_HOME

static struct {
    char address[64]; /* of the room */
    guint people, presences, gone, subjects, errors, copies, lines;
    gint64 behind; /* when the private message came; 0: not yet */
} room;

static gboolean is_of_room(BenchText from)
{
    gsize length = strlen(room.address);

    return from.length >= length && memcmp(from.at, room.address, length) == 0;
}

static void stanza_cb(const BenchStanza *stanza)
{
    BenchText body = bench_stanza_child_text(stanza, "body");

    if (body.length == 11 && memcmp(body.at, "behind them", 11) == 0)
        room.behind = bench_now();
    if (!is_of_room(stanza->from))
        return;
    if (bench_text_is(stanza->type, "error"))
        room.errors++;
    else if (bench_text_is(stanza->type, "unavailable"))
        room.gone++;
    else if (bench_text_is(stanza->name, "presence"))
        room.presences++;
    else if (body.at != NULL && memcmp(body.at, "line ", 5) == 0) {
        room.copies++;
        room.lines = (guint)strtoul(body.at + 5, NULL, 10);
    } else if (bench_stanza_child_text(stanza, "subject").at != NULL)
        room.subjects++;
}

typedef struct {
    const guint *counter;
    guint wanted;
} Wanted;

static gboolean is_there(gpointer data)
{
    const Wanted *wanted = data;

    return *wanted->counter >= wanted->wanted;
}

static void wait_for(const guint *counter, guint number, const char *what)
{
    Wanted wanted = {counter, number};

    if (!bench_loop_run(is_there, &wanted, SLOW) || *counter != number)
        g_error("rooms: %u %s, where %u were to come", *counter, what, number);
}

/* ---- joining ---- */

/* Returns s of CPU in the gateway. */
static double join(const char *client)
{
    BenchCpu before = bench_cpu();

    room.presences = room.subjects = 0;
    bench_jabber_send("<presence from='" USER "/%s' to='%s/u00000'><x xmlns='http://jabber.org/"
                      "protocol/muc'/></presence>",
                      client, room.address);
    wait_for(&room.subjects, 1, "subjects");
    if (room.presences != room.people + 1)
        g_error("rooms: %u presences in a room of %u", room.presences, room.people);
    return bench_cpu_since(before).gateway;
}

static void leave(const char *client)
{
    room.gone = 0;
    bench_jabber_send("<presence type='unavailable' from='" USER "/%s' to='%s/u00000'/>", client,
                      room.address);
    wait_for(&room.gone, 1, "presences of who left");
}

static void measure_joins(const char *group, const char *suffix)
{
    double cpu = 0;

    g_snprintf(room.address, sizeof room.address, "#%u%s@" BENCH_DOMAIN, room.people, suffix);
    join("pc"); /* the first one has to make room for them all */
    leave("pc");
    for (guint i = 0; i < JOINS; i++) {
        cpu += join("pc");
        leave("pc");
    }
    bench_put(group, "gateway-ms", cpu * 1e3 / JOINS);
}

/* ---- talking ---- */

static void say(const char *text)
{
    bench_jabber_send("<message type='groupchat' from='" USER "/pc' to='%s'><body>%s</body>"
                      "</message>",
                      room.address, text);
}

static void measure_messages(guint n)
{
    guint before = room.lines;

    room.copies = 0;
    BenchCpu cpu = bench_cpu();
    for (guint i = 1; i <= n; i++) {
        say("hello");
        wait_for(&room.copies, 2 * i, "copies");
    }
    cpu = bench_cpu_since(cpu);
    bench_put("rooms.message", "gateway-us", cpu.gateway * 1e6 / n);
    bench_put("rooms.message", "lines", (double)(room.lines - before) / n);
    bench_put("rooms.message", "copies", (double)room.copies / 2 / n);
}

static void measure_nobody(guint n)
{
    room.errors = 0;
    BenchCpu cpu = bench_cpu();
    for (guint i = 1; i <= n; i++) {
        bench_jabber_send("<iq type='get' id='nobody' from='" USER "/pc' to='%s/nobody'>"
                          "<ping xmlns='urn:xmpp:ping'/></iq>",
                          room.address);
        wait_for(&room.errors, i, "errors");
    }
    cpu = bench_cpu_since(cpu);
    bench_put("rooms.nobody", "gateway-us", cpu.gateway * 1e6 / n);
}

static gboolean is_behind(gpointer data)
{
    return room.behind != 0;
}

/* The delay counts from when the user asked for it: all of what is before the message is in it. */
static void measure_splits(void)
{
    double longest = 0;
    BenchCpu cpu = bench_cpu();

    for (guint i = 0; i < SPLITS; i++) {
        room.presences = room.gone = 0;
        room.behind = 0;
        gint64 start = bench_now();
        say("split");
        if (!bench_loop_run(is_behind, NULL, SLOW))
            g_error("rooms: no private message");
        longest = MAX(longest, (double)(room.behind - start) / 1e3);
        wait_for(&room.presences, room.people / 2 * 2, "presences of who is back");
        wait_for(&room.gone, room.people / 2 * 2, "presences of who left");
    }
    cpu = bench_cpu_since(cpu);
    bench_put("rooms.split", "gateway-ms", cpu.gateway * 1e3 / SPLITS);
    bench_put("rooms.split", "private-ms", longest);
}

void bench_run_rooms(const BenchSize *size)
{
    static const BenchWatch watch = {.stanza = stanza_cb};
    guint n = MAX((guint)(size->seconds * MESSAGES), 1);

    room.people = size->users * 1000;
    bench_start(BENCH_NULL, 0);
    bench_register_all(SLOW);
    bench_log_in(0, 1, SLOW);
    bench_world_watch(&watch);
    measure_joins("rooms.join-known", "known");
    measure_joins("rooms.join", "");
    join("pc");
    bench_jabber_send("<presence from='" USER "/pc2' to='" BENCH_DOMAIN "'/>");
    bench_put("rooms.join-again", "gateway-ms", join("pc2") * 1e3);
    measure_messages(n);
    measure_nobody(MAX(n / 10, 1));
    measure_splits();
    bench_world_watch(NULL);
    bench_stop();
}
