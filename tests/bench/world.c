/* tests/bench/world.c: users, and what they do but write messages
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "tests/bench/world.h"

#include <stdlib.h>
#include <string.h>

#include "tests/bench/irc.h"
#include "tests/bench/process.h"

#define REGISTER_AT_ONCE 200 /* registrations without an answer */

BenchWorld bench_world;

static const BenchWatch *watch;

guint bench_user_number(const char *text, gsize length)
{
    guint number = 0;

    for (gsize i = 1; i < length && g_ascii_isdigit(text[i]); i++)
        number = number * 10 + (guint)(text[i] - '0');
    if (length == 0 || *text != 'u' || number >= bench_world.n_users)
        g_error("no user of ours: %.*s", (int)length, text);
    return number;
}

void bench_world_watch(const BenchWatch *new_watch)
{
    watch = new_watch;
}

/* ---- IRC ---- */

static void joined_cb(guint user, BenchChannel *channel)
{
    bench_world.n_irc += bench_world.users[user].irc == NULL;
    bench_world.users[user].irc = channel;
}

static void left_cb(guint user)
{
    bench_world.n_irc -= bench_world.users[user].irc != NULL;
    bench_world.users[user].irc = NULL;
}

static void irc_message_cb(guint user, const char *text, gsize length)
{
    if (watch != NULL && watch->at_network != NULL)
        watch->at_network(user, (BenchText){text, length});
}

/* ---- Jabber ---- */

static void set_online(guint number, gboolean online)
{
    BenchUser *user = &bench_world.users[number];

    bench_world.n_online += (guint)online - (guint)user->online;
    user->online = online;
}

static void take_presence(const BenchStanza *stanza)
{
    gboolean of_gateway = bench_text_is(stanza->from, BENCH_DOMAIN);

    if (!of_gateway || stanza->to.length == 0)
        return;
    guint user = bench_user_number(stanza->to.at, stanza->to.length);
    if (stanza->type.at == NULL)
        set_online(user, bench_stanza_child_text(stanza, "show").at == NULL);
    else if (bench_text_is(stanza->type, "unavailable"))
        set_online(user, FALSE);
    else if (bench_text_is(stanza->type, "probe"))
        bench_send_presence(user, bench_world.users[user].available);
}

static void take_answer(const BenchStanza *stanza)
{
    if (stanza->id.length < 2 || stanza->id.at[0] != 'u')
        return;
    BenchUser *user = &bench_world.users[bench_user_number(stanza->id.at, stanza->id.length)];
    user->registered = bench_text_is(stanza->type, "result");
    user->refused = !user->registered;
    if (user->refused)
        g_printerr("a registration was refused: %.*s\n", (int)stanza->whole.length,
                   stanza->whole.at);
    bench_world.n_registered += user->registered;
    bench_world.n_refused += user->refused;
}

static void take_message(const BenchStanza *stanza)
{
    BenchText body = bench_stanza_child_text(stanza, "body");

    if (bench_text_is(stanza->type, "error"))
        g_error("a message came back: %.*s", (int)stanza->whole.length, stanza->whole.at);
    if (bench_text_is(stanza->from, BENCH_DOMAIN)) {
        g_printerr("the gateway says: %.*s\n", (int)body.length, body.at);
        return;
    }
    if (body.at != NULL && watch != NULL && watch->at_user != NULL)
        watch->at_user(bench_user_number(stanza->to.at, stanza->to.length), body);
}

static void stanza_cb(const BenchStanza *stanza)
{
    if (bench_text_is(stanza->name, "message"))
        take_message(stanza);
    else if (bench_text_is(stanza->name, "presence"))
        take_presence(stanza);
    else
        take_answer(stanza);
    if (watch != NULL && watch->stanza != NULL)
        watch->stanza(stanza);
}

static void up_cb(void)
{
}

static void down_cb(void)
{
    for (guint i = 0; i < bench_world.n_users; i++) {
        set_online(i, FALSE);
        bench_world.users[i].available = FALSE;
    }
}

/* ---- the users ---- */

void bench_send_presence(guint user, gboolean available)
{
    bench_jabber_send("<presence from='" BENCH_USER_FORMAT "/pc' to='" BENCH_DOMAIN "'%s/>", user,
                      available ? "" : " type='unavailable'");
    bench_world.users[user].available = available;
}

static void need(gboolean done, const char *what)
{
    if (!done)
        g_error("%s: %u registered, %u refused, %u online, %u on IRC, of %u", what,
                bench_world.n_registered, bench_world.n_refused, bench_world.n_online,
                bench_world.n_irc, bench_world.n_users);
}

static void register_one(guint user)
{
    bench_jabber_send("<iq type='set' id='u%05u' from='" BENCH_USER_FORMAT "/pc' to='" BENCH_DOMAIN
                      "'><query xmlns='jabber:iq:register'><username>u%05u</username>"
                      "<password>secret</password></query></iq>",
                      user, user, user);
}

static gboolean register_more(gpointer data)
{
    guint *asked = data;
    guint answered = bench_world.n_registered + bench_world.n_refused;

    while (*asked < bench_world.n_users && *asked < answered + REGISTER_AT_ONCE)
        register_one((*asked)++);
    return answered == bench_world.n_users;
}

static gboolean all_left(gpointer data)
{
    return bench_world.n_irc == 0 && bench_world.n_online == 0;
}

/* The trial of a registration ends by itself (registered-linger). */
void bench_register_all(double seconds)
{
    guint asked = 0;

    bench_world.n_registered = bench_world.n_refused = 0;
    need(bench_loop_run(register_more, &asked, seconds) && bench_world.n_refused == 0,
         "registration");
    need(bench_loop_run(all_left, NULL, seconds), "the end of the trials");
}

static gboolean all_online(gpointer data)
{
    const guint *wanted = data;

    return bench_world.n_online >= *wanted;
}

void bench_log_in(guint from, guint to, double seconds)
{
    guint wanted = bench_world.n_online + to - from;

    for (guint i = from; i < to; i++)
        bench_send_presence(i, TRUE);
    need(bench_loop_run(all_online, &wanted, seconds), "log-in");
}

void bench_log_out_all(double seconds)
{
    for (guint i = 0; i < bench_world.n_users; i++) {
        if (bench_world.users[i].available)
            bench_send_presence(i, FALSE);
    }
    need(bench_loop_run(all_left, NULL, seconds), "log-out");
}

void bench_world_start(guint n_users)
{
    static const BenchJabberEvents jabber_events = {up_cb, down_cb, stanza_cb};
    static const BenchIrcEvents irc_events = {joined_cb, left_cb, irc_message_cb};

    bench_world.n_users = n_users;
    bench_world.users = g_new0(BenchUser, n_users);
    bench_process_init(bench_jabber_listen(&jabber_events), bench_irc_listen(&irc_events));
}

void bench_world_end(void)
{
    bench_process_uninit();
    g_clear_pointer(&bench_world.users, g_free);
}
