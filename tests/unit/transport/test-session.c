/* tests/unit/transport/test-session.c: registrations and sessions over a store and a host, both
 * real
 *
 * The host is a shell script that does what the user name says.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "transport/session.h"

#include <glib/gstdio.h>
#include <string.h>

#include "transport/transport.h"

#define DOMAIN "irc.example.com"
#define JULIET "juliet@example.com"
#define PATIENCE 10000 /* ms */

static const char settings_text[] = "[timing]\n"
                                    "registered-linger = 600\n"
                                    "search-timeout = 1\n"
                                    "[limits]\n"
                                    "message-size = 1000\n"
                                    "search-requests = 2\n"
                                    "remembered-values = 3\n"
                                    "remembered-value-size = 100\n"
                                    "[transport " DOMAIN "]\n"
                                    "secret = s\n"
                                    "protocol = purple:prpl-test\n";

/* Accounts are numbered in the order in which they log in. */
static const char host_script[] =
    "say() { printf '%s\\n' \"$1\" >&3; }\n"
    "say '{\"type\":\"hello\",\"version\":1,"
    "\"protocol\":{\"id\":\"prpl-test\",\"name\":\"Test\",\"password\":\"optional\","
    "\"authorization\":true,\"search\":true,\"picture\":true,\"rooms\":true}}'\n"
    "state() { say \"{\\\"type\\\":\\\"state\\\",\\\"account\\\":$n,\\\"state\\\":\\\"$1\\\"}\"; "
    "}\n"
    "get_id() { id=${line#*'\"id\":'}; id=${id%%,*}; id=${id%%\\}*}; }\n"
    "nack() { say \"{\\\"type\\\":\\\"nack\\\",\\\"account\\\":$n,\\\"id\\\":$id,"
    "\\\"reason\\\":\\\"$1\\\",\\\"text\\\":\\\"no\\\"}\"; }\n"
    "found() { say "
    "\"{\\\"type\\\":\\\"search\\\",\\\"account\\\":$n,\\\"id\\\":$id,\\\"text\\\":\\\"t\\\","
    "\\\"fields\\\":[{\\\"name\\\":\\\"nick\\\",\\\"kind\\\":\\\"text\\\"}]$1}\"; }\n"
    "n=0 c=0\n"
    "looks() { c=$((c+1)); say \"{\\\"type\\\":\\\"message\\\",\\\"account\\\":$n,"
    "\\\"contact\\\":\\\"looks\\\",\\\"text\\\":\\\"$c$1 \\\"}\"; }\n"
    "keep() { say \"{\\\"type\\\":\\\"remember\\\",\\\"account\\\":$n,"
    "\\\"name\\\":\\\"$1\\\"$2}\"; }\n"
    "while read -r line <&3; do case $line in\n"
    "*'\"type\":\"login\"'*) n=$((n+1)); case $line in *'\"username\":\"looks\"'*)\n"
    "    case $line in *'\"data\":'*) looks with;; *) looks without;; esac;; esac; case $line in\n"
    "  *'\"asks\"'*) say \"{\\\"type\\\":\\\"question\\\",\\\"account\\\":$n,\\\"id\\\":7,"
    "\\\"title\\\":\\\"Trust it?\\\",\\\"fields\\\":[]}\";;\n"
    "  *'\"long\"'*) state online; say \"{\\\"type\\\":\\\"message\\\",\\\"account\\\":$n,"
    "\\\"contact\\\":\\\"romeo\\\",\\\"text\\\":\\\"$(printf '%01500d' 0)ä\\\"}\";;\n"
    "  *'\"keeper\"'*) state online; case $line in\n"
    "    *'\"remembered.d\"'*|*'\"remembered.e\"'*) looks much;;\n"
    "    *'\"remembered.a\":\"2\"'*) looks all; keep a;;\n"
    "    *'\"remembered.b\"'*) looks forgot;;\n"
    "    *) for k in a b c d; do keep $k ',\"text\":\"1\"'; done; keep a ',\"text\":\"2\"'\n"
    "      keep b \",\\\"text\\\":\\\"$(printf '%0101d' 0)\\\"\"; keep e "
    "',\"text\":\"5\"'; looks nothing;; esac;;\n"
    "  *'\"refused\"'*) say \"{\\\"type\\\":\\\"state\\\",\\\"account\\\":$n,"
    "\\\"state\\\":\\\"offline\\\",\\\"reason\\\":\\\"auth\\\",\\\"fatal\\\":true}\";;\n"
    "  *) state online;; esac;;\n"
    /* a room where all is long */
    "*'\"room\":\"#long\"'*) "
    "say "
    "\"{\\\"type\\\":\\\"room-joined\\\",\\\"account\\\":$n,\\\"room\\\":\\\"#long\\\","
    "\\\"nick\\\":\\\"juliet\\\"}\"; "
    "say "
    "\"{\\\"type\\\":\\\"room-private\\\",\\\"account\\\":$n,\\\"room\\\":\\\"#long\\\","
    "\\\"nick\\\":\\\"nurse\\\",\\\"text\\\":\\\"$(printf '%01502d' 0)\\\"}\"; "
    "say "
    "\"{\\\"type\\\":\\\"room-invited\\\",\\\"account\\\":$n,\\\"room\\\":\\\"#long\\\","
    "\\\"text\\\":\\\"$(printf '%05000d' 0)\\\",\\\"password\\\":\\\"$(printf '%05000d' 0)\\\"}\"; "
    "say "
    "\"{\\\"type\\\":\\\"room-left\\\",\\\"account\\\":$n,\\\"room\\\":\\\"#long\\\",\\\"exit\\\":"
    "\\\"kicked\\\",\\\"text\\\":\\\"$(printf '%05000d' 0)\\\"}\"; "
    ";;\n"
    /* … and a room of the log-in before ends late */
    "*'\"type\":\"answer\"'*) say \"{\\\"type\\\":\\\"room-left\\\",\\\"account\\\":$n,"
    "\\\"room\\\":\\\"#verona\\\",\\\"exit\\\":\\\"left\\\"}\"; state online;;\n"
    "*'\"type\":\"avatar\"'*) case $line in *'\"data\":'*) looks avatar;; *) looks none;; esac;;\n"
    "*'\"type\":\"nick\"'*) case $line in *'\"name\":'*) looks nick;; *) looks nobody;; esac;;\n"
    /* the contact's name says what becomes of him; the id is the gateway's */
    /* a search does what it looks for */
    "*'\"type\":\"search\"'*) get_id; case $line in\n"
    "  *'\"silent\"'*) ;;\n"
    "  *'\"nowhere\"'*) nack no-contact;;\n"
    "  *'\"refused\"'*) nack forbidden;;\n"
    "  *'\"values\"'*) found "
    "',\"found\":[{\"contact\":\"romeo\",\"values\":[\"r\"]}],\"total\":7';;\n"
    "  *) found; found;; esac;;\n"
    "*'\"type\":\"contact-'*) get_id\n"
    "  ack() { say \"{\\\"type\\\":\\\"ack\\\",\\\"account\\\":$n,\\\"id\\\":$id}\"; }\n"
    "  auth() { say \"{\\\"type\\\":\\\"authorization\\\",\\\"account\\\":$n,"
    "\\\"contact\\\":\\\"$1\\\",\\\"authorization\\\":\\\"$2\\\"}\"; }\n"
    "  case $line in\n"
    "  *'\"type\":\"contact-remove\"'*) ack;;\n"
    "  *'\"contact\":\"nobody\"'*) nack no-contact;;\n"
    "  *'\"contact\":\"later\"'*) nack not-online;;\n"
    "  *'\"contact\":\"romeo\"'*) auth romeo asked; ack; auth romeo granted;;\n"
    "  *'\"contact\":\"paris\"'*) auth paris asked; ack; auth paris none;;\n"
    "  *'\"contact\":\"fickle\"'*) ack; auth fickle granted; auth fickle none;;\n"
    "  *) ack;; esac;;\n"
    "esac; done\n";

typedef struct {
    char *folder;
    CwStore *store;
    CwSettings *settings;
    CwTransport *transport;
    gboolean stopped;

    gboolean registered, removed; /* done() came */
    CwRegistered result;
    CwSession *asked; /* who was asked last */
    gboolean answer;  /* at once */
    guint questions_gone;
    guint messages;
    GString *text; /* of all messages */
    GString *told; /* "+romeo", "-paris", "~fickle" (withdrawn); what "looks" says */
    guint looks_wanted;
} World;

static void question_cb(CwSession *session, const CwQuestion *question, gpointer data)
{
    World *world = data;
    g_autoptr(GHashTable) values = g_hash_table_new(g_str_hash, g_str_equal);

    world->asked = session;
    if (world->answer)
        cw_session_answer(session, question->id, values);
}

static void question_gone_cb(CwSession *session, const CwQuestion *question, gpointer data)
{
    ((World *)data)->questions_gone++;
}

static void message_cb(CwSession *session, const char *contact, const char *text, gint64 stamp,
                       gboolean own, gpointer data)
{
    World *world = data;

    if (g_str_equal(contact, "looks")) {
        g_string_append(world->told, text);
        return;
    }
    g_assert_cmpuint(strlen(text), <=, 1000);
    g_assert_true(g_utf8_validate(text, -1, NULL));
    world->messages++;
    g_string_append(world->text, text);
}

static void granted_cb(CwSession *session, const CwContact *contact, gpointer data)
{
    g_string_append_printf(((World *)data)->told, "+%s", contact->name);
}

static void refused_cb(CwSession *session, const CwContact *contact, gboolean withdrawn,
                       const char *text, gpointer data)
{
    g_string_append_printf(((World *)data)->told, "%c%s", withdrawn ? '~' : '-', contact->name);
}

static void room_private_cb(CwSession *session, const CwRoom *room, const char *nick,
                            const char *text, gint64 stamp, gboolean own, gpointer data)
{
    g_string_append_printf(((World *)data)->told, "p%zu", strlen(text));
}

static void room_invited_cb(CwSession *session, const char *room, const char *contact,
                            const char *text, const char *password, gpointer data)
{
    g_string_append_printf(((World *)data)->told, "i%zu%s", strlen(text),
                           password == NULL ? "" : "!");
}

static void room_left_cb(CwSession *session, const CwRoom *room, const CwRoomExit *exit,
                         gpointer data)
{
    if (exit->text != NULL)
        g_string_append_printf(((World *)data)->told, "l%zu", strlen(exit->text));
}

static void looks_wanted_cb(CwSession *session, gpointer data)
{
    ((World *)data)->looks_wanted++;
}

static const CwEvents events = {
    .looks_wanted = looks_wanted_cb,
    .granted = granted_cb,
    .refused = refused_cb,
    .message = message_cb,
    .room_private = room_private_cb,
    .room_invited = room_invited_cb,
    .room_left = room_left_cb,
    .question = question_cb,
    .question_gone = question_gone_cb,
};

static void set_up(World *world, gconstpointer data)
{
    const char *const argv[] = {"/bin/sh", "-c", host_script, NULL};
    g_autoptr(GError) error = NULL;

    *world = (World){.answer = TRUE, .text = g_string_new(NULL), .told = g_string_new(NULL)};
    world->folder = g_dir_make_tmp("causeway-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(world->folder, "db", NULL);
    g_autofree char *key = g_build_filename(world->folder, "key", NULL);
    world->settings = cw_settings_parse(settings_text, strlen(settings_text), "test.conf", &error);
    g_assert_no_error(error);
    world->store = cw_store_open(path, key, &error);
    g_assert_no_error(error);
    world->transport = cw_transport_new(g_ptr_array_index(world->settings->transports, 0),
                                        world->settings, argv, world->store, &events, world);
    cw_transport_start(world->transport);
}

static gboolean wake_cb(gpointer data)
{
    return G_SOURCE_CONTINUE;
}

static void run_until(const gboolean *done)
{
    gint64 end = g_get_monotonic_time() + PATIENCE * 1000;
    guint id = g_timeout_add(50, wake_cb, NULL);

    while (!*done && g_get_monotonic_time() < end)
        g_main_context_iteration(NULL, TRUE);
    g_source_remove(id);
    g_assert_true(*done);
}

static void stopped_cb(gpointer data)
{
    ((World *)data)->stopped = TRUE;
}

static void tear_down(World *world, gconstpointer data)
{
    cw_transport_stop(world->transport, stopped_cb, world);
    run_until(&world->stopped);
    cw_store_free(world->store);
    cw_transport_free(world->transport);
    cw_settings_free(world->settings);
    g_string_free(world->text, TRUE);
    g_string_free(world->told, TRUE);

    g_autoptr(GDir) dir = g_dir_open(world->folder, 0, NULL);
    const char *name;
    while ((name = g_dir_read_name(dir)) != NULL) {
        g_autofree char *path = g_build_filename(world->folder, name, NULL);
        g_unlink(path);
    }
    g_rmdir(world->folder);
    g_free(world->folder);
}

static void registered_cb(CwRegistered result, CwReason reason, const char *why, gpointer data)
{
    World *world = data;

    world->registered = TRUE;
    world->result = result;
}

static void register_user(World *world, const char *username)
{
    g_autoptr(CwUser) user = cw_user_new(DOMAIN, JULIET);

    user->username = g_strdup(username);
    world->registered = FALSE;
    cw_transport_register(world->transport, user, registered_cb, world);
}

static CwRegistered result_of(World *world, const char *username)
{
    register_user(world, username);
    run_until(&world->registered);
    return world->result;
}

static void removed_cb(const GError *error, gpointer data)
{
    g_assert_no_error(error);
    ((World *)data)->removed = TRUE;
}

static void registration__stores__what_the_network_takes(World *world, gconstpointer data)
{
    g_assert_cmpint(result_of(world, "fine"), ==, CW_REGISTERED_NEW);
    g_assert_true(cw_transport_is_registered(world->transport, JULIET));
    g_assert_cmpint(cw_session_state(cw_transport_find_session(world->transport, JULIET)), ==,
                    CW_SESSION_ONLINE);
    g_assert_cmpint(result_of(world, "refused"), ==, CW_REGISTERED_REFUSED);
    g_assert_cmpint(result_of(world, "fine"), ==, CW_REGISTERED_CHANGED);
}

static void registration__stores_nothing__that_was_refused(World *world, gconstpointer data)
{
    g_assert_cmpint(result_of(world, "refused"), ==, CW_REGISTERED_REFUSED);
    g_assert_false(cw_transport_is_registered(world->transport, JULIET));
    g_assert_null(cw_transport_find_session(world->transport, JULIET));
}

/* The delete is queued and the store still shows the user: presence of his must not log him in
 * again, for good, and a registration must not be taken for a change of what is going. */
static void unregister__counts__before_the_store_is_done(World *world, gconstpointer data)
{
    g_assert_cmpint(result_of(world, "fine"), ==, CW_REGISTERED_NEW);
    cw_transport_unregister(world->transport, JULIET, removed_cb, world);
    g_assert_false(world->removed);
    g_assert_false(cw_transport_is_registered(world->transport, JULIET));
    g_assert_cmpint(result_of(world, "fine"), ==, CW_REGISTERED_BUSY);
    run_until(&world->removed);
    g_assert_false(cw_transport_is_registered(world->transport, JULIET));
    g_assert_cmpint(result_of(world, "fine"), ==, CW_REGISTERED_NEW);
}

/* A captcha or a certificate belongs to the log-in that verifies. */
static void registration__asks__what_the_network_asks(World *world, gconstpointer data)
{
    g_assert_cmpint(result_of(world, "asks"), ==, CW_REGISTERED_NEW);
    g_assert_nonnull(world->asked);
    g_assert_cmpuint(world->questions_gone, ==, 0);
}

static void unregister__takes_back__what_was_asked(World *world, gconstpointer data)
{
    gboolean asked = FALSE;

    world->answer = FALSE;
    register_user(world, "asks");
    for (guint i = 0; i < 200 && !asked; i++) {
        g_main_context_iteration(NULL, TRUE);
        asked = world->asked != NULL;
    }
    g_assert_true(asked);
    g_assert_true(cw_transport_find_trial(world->transport, JULIET) == world->asked);
    cw_transport_unregister(world->transport, JULIET, removed_cb, world);
    g_assert_true(world->registered);
    g_assert_cmpint(world->result, ==, CW_REGISTERED_ABORTED);
    g_assert_cmpuint(world->questions_gone, ==, 1);
    run_until(&world->removed);
}

/* What a host says of a room before it was asked to join it is of a time that has passed. */
static void a_room__is_not_ended__before_it_is_asked_for(World *world, gconstpointer data)
{
    CwReason reason = CW_REASON_NONE;

    g_assert_cmpint(result_of(world, "asks"), ==, CW_REGISTERED_NEW);
    CwSession *session = cw_transport_find_session(world->transport, JULIET);
    world->answer = FALSE;
    world->asked = NULL;
    cw_session_log_in_again(session);
    for (guint i = 0; i < 400 && world->asked == NULL; i++)
        g_main_context_iteration(NULL, TRUE);
    g_assert_cmpint(cw_session_state(session), ==, CW_SESSION_CONNECTING);
    const CwRoom *room =
        cw_session_room_join(session, "#verona", "juliet", NULL, "balcony", &reason);
    g_assert_nonnull(room);
    g_assert_false(room->asked);
    g_autoptr(GHashTable) values = g_hash_table_new(g_str_hash, g_str_equal);
    cw_session_answer(session, 7, values);
    for (guint i = 0; i < 400 && cw_session_state(session) != CW_SESSION_ONLINE; i++)
        g_main_context_iteration(NULL, TRUE);
    g_assert_cmpint(cw_session_state(session), ==, CW_SESSION_ONLINE);
    g_assert_true(cw_session_find_room(session, "#verona") == room);
    g_assert_true(room->asked);
}

static void message__comes_in_pieces__over_the_limit(World *world, gconstpointer data)
{
    gboolean there = FALSE;

    g_assert_cmpint(result_of(world, "long"), ==, CW_REGISTERED_NEW);
    for (guint i = 0; i < 200 && !there; i++) {
        there = world->messages >= 2;
        if (!there)
            g_main_context_iteration(NULL, TRUE);
    }
    g_assert_cmpuint(world->messages, ==, 2);
    g_assert_cmpuint(world->text->len, ==, 1502);
    g_assert_true(g_str_has_suffix(world->text->str, "00ä"));
}

static void assert_told(World *world, const char *told)
{
    gboolean same = FALSE;

    for (guint i = 0; i < 400 && !same; i++) {
        g_autoptr(GSource) tick = g_timeout_source_new(25);
        g_source_set_callback(tick, wake_cb, NULL, NULL);
        g_source_attach(tick, NULL);
        g_main_context_iteration(NULL, TRUE);
        g_source_destroy(tick);
        same = g_str_equal(world->told->str, told);
    }
    g_assert_cmpstr(world->told->str, ==, told);
    g_string_truncate(world->told, 0);
}

/* The first log-in is the trial, whose lines wait until the registration is stored. */
static void what_is_remembered__comes_back__with_each_log_in(World *world, gconstpointer data)
{
    g_assert_cmpint(result_of(world, "keeper"), ==, CW_REGISTERED_NEW);
    CwSession *session = cw_transport_find_session(world->transport, JULIET);
    assert_told(world, "1nothing ");
    cw_session_log_in_again(session); /* what a has now may not be written yet */
    assert_told(world, "2all ");
    cw_session_log_in_again(session);
    assert_told(world, "3forgot ");
}

static CwSubscription subscription_of(World *world, const char *name)
{
    CwSession *session = cw_transport_find_session(world->transport, JULIET);
    const CwContact *contact = cw_session_find_contact(session, name);

    return contact == NULL ? CW_SUBSCRIPTION_NONE : contact->subscription;
}

/* More than a server takes in one stanza. */
static void what_rooms_say__is_never__too_long(World *world, gconstpointer data)
{
    CwReason reason = CW_REASON_NONE;

    g_assert_cmpint(result_of(world, "fine"), ==, CW_REGISTERED_NEW);
    CwSession *session = cw_transport_find_session(world->transport, JULIET);
    g_assert_nonnull(cw_session_room_join(session, "#long", "juliet", NULL, "balcony", &reason));
    assert_told(world, "p1000p502i4096l4096");
}

static void subscribe__is_answered__by_the_network(World *world, gconstpointer data)
{
    g_assert_cmpint(result_of(world, "fine"), ==, CW_REGISTERED_NEW);
    CwSession *session = cw_transport_find_session(world->transport, JULIET);

    g_assert_true(cw_session_subscribe(session, "romeo"));
    g_assert_cmpint(subscription_of(world, "romeo"), ==, CW_SUBSCRIPTION_WANTED);
    assert_told(world, "+romeo");
    g_assert_cmpint(subscription_of(world, "romeo"), ==, CW_SUBSCRIPTION_GRANTED);
    cw_session_subscribe(session, "romeo"); /* again: without the network */
    g_assert_cmpstr(world->told->str, ==, "+romeo");
    assert_told(world, "+romeo");
    cw_session_subscribe(session, "paris");
    assert_told(world, "-paris");
    cw_session_subscribe(session, "fickle");
    assert_told(world, "+fickle~fickle");
    cw_session_subscribe(session, "nobody");
    assert_told(world, "-nobody");
    g_assert_null(cw_session_find_contact(session, "nobody"));
}

/* What the network cannot take now is kept, in the store as well. */
static void subscribe__is_kept__for_the_next_login(World *world, gconstpointer data)
{
    gboolean answered = FALSE;

    g_assert_cmpint(result_of(world, "fine"), ==, CW_REGISTERED_NEW);
    CwSession *session = cw_transport_find_session(world->transport, JULIET);
    cw_session_subscribe(session, "later");
    for (guint i = 0; i < 400 && !answered; i++) {
        g_main_context_iteration(NULL, FALSE);
        answered = cw_session_find_contact(session, "later")->question == 0;
        g_usleep(5000);
    }
    g_assert_true(answered);
    g_assert_cmpstr(world->told->str, ==, "");
    g_assert_cmpint(subscription_of(world, "later"), ==, CW_SUBSCRIPTION_WANTED);
    g_autoptr(GPtrArray) stored = cw_store_list_contacts(world->store, DOMAIN, JULIET, NULL);
    g_assert_cmpint(((const CwStoredContact *)g_ptr_array_index(stored, 0))->subscription, ==,
                    CW_SUBSCRIPTION_WANTED);
}

static void removal__is_kept__until_the_network_answers(World *world, gconstpointer data)
{
    g_assert_cmpint(result_of(world, "fine"), ==, CW_REGISTERED_NEW);
    CwSession *session = cw_transport_find_session(world->transport, JULIET);
    gboolean gone = FALSE;

    cw_session_subscribe(session, "romeo");
    assert_told(world, "+romeo");
    cw_session_remove_contact(session, "romeo");
    g_assert_cmpint(subscription_of(world, "romeo"), ==, CW_SUBSCRIPTION_REMOVED);
    for (guint i = 0; i < 400 && !gone; i++) {
        g_main_context_iteration(NULL, FALSE);
        gone = cw_session_find_contact(session, "romeo") == NULL;
        g_usleep(5000);
    }
    g_assert_true(gone);
}

/* Waits until it is written so. */
static void assert_stored(World *world, const char *name, CwSubscription subscription,
                          gboolean subscribed)
{
    gboolean found = FALSE;

    for (guint i = 0; i < 2000 && !found; i++) {
        g_autoptr(GPtrArray) stored = cw_store_list_contacts(world->store, DOMAIN, JULIET, NULL);
        for (guint j = 0; j < stored->len; j++) {
            const CwStoredContact *contact = g_ptr_array_index(stored, j);
            found |= g_str_equal(contact->name, name) && contact->subscription == subscription &&
                     contact->subscribed == subscribed;
        }
        g_main_context_iteration(NULL, FALSE);
        g_usleep(5000);
    }
    g_assert_true(found);
}

/* XEP-0060 6.1: whose node he subscribed is not so any more when he takes it back on his list. */
static void removal__ends__the_subscription_of_the_node(World *world, gconstpointer data)
{
    g_assert_cmpint(result_of(world, "fine"), ==, CW_REGISTERED_NEW);
    CwSession *session = cw_transport_find_session(world->transport, JULIET);

    cw_session_subscribe(session, "romeo");
    assert_told(world, "+romeo");
    CwContact *romeo = cw_session_find_contact(session, "romeo");
    cw_session_set_subscribed(session, romeo, TRUE);
    cw_session_remove_contact(session, "romeo");
    cw_session_subscribe(session, "romeo"); /* before the network answers */
    g_assert_false(romeo->subscribed);
    assert_told(world, "+romeo");
    cw_session_set_subscribed(session, romeo, TRUE);
    assert_stored(world, "romeo", CW_SUBSCRIPTION_GRANTED, TRUE);
    cw_transport_log_out(world->transport, JULIET);
    g_assert_null(cw_transport_find_session(world->transport, JULIET));
    cw_transport_remove_contact(world->transport, JULIET, "romeo");
    assert_stored(world, "romeo", CW_SUBSCRIPTION_REMOVED, FALSE);
}

/* ---- searches ---- */

typedef struct {
    guint answers;
    gboolean is_form;
    guint found, total;
    CwReason reason;
    char *text;
} Searched;

static void searched_cb(CwSession *session, const CwSearchAnswer *answer, CwReason reason,
                        const char *text, gpointer data)
{
    Searched *searched = data;

    searched->answers++;
    searched->reason = reason;
    searched->is_form = answer != NULL && answer->found == NULL;
    searched->found = answer == NULL || answer->found == NULL ? 0 : answer->found->len;
    searched->total = answer == NULL ? 0 : answer->total;
    if (answer != NULL)
        g_assert_cmpuint(answer->fields->len, ==, 1);
    g_free(searched->text);
    searched->text = g_strdup(text);
}

/* NULL: for the form. */
static gboolean search(World *world, const char *nick, Searched *searched, CwReason *reason)
{
    CwSession *session = cw_transport_find_session(world->transport, JULIET);
    g_autoptr(GHashTable) values = g_hash_table_new(g_str_hash, g_str_equal);

    if (nick != NULL)
        g_hash_table_insert(values, (gpointer) "nick", (gpointer)nick);
    return cw_session_search(session, nick == NULL ? NULL : values, searched_cb, searched, reason);
}

static void wait_for_answers(const Searched *searched, guint wanted)
{
    gboolean done = FALSE;

    while (!done) {
        g_main_context_iteration(NULL, TRUE);
        done = searched->answers >= wanted;
    }
}

static void search__is_answered__once(World *world, gconstpointer data)
{
    Searched searched = {0};
    CwReason reason;

    g_assert_cmpint(result_of(world, "fine"), ==, CW_REGISTERED_NEW);
    g_assert_true(search(world, NULL, &searched, &reason));
    wait_for_answers(&searched, 1);
    g_assert_true(searched.is_form);
    g_assert_true(search(world, "rom", &searched, &reason));
    wait_for_answers(&searched, 2);
    g_assert_false(searched.is_form);
    g_assert_cmpuint(searched.found, ==, 1);
    g_assert_cmpuint(searched.total, ==, 7);
    g_assert_true(search(world, "refused", &searched, &reason));
    wait_for_answers(&searched, 3);
    g_assert_cmpint(searched.reason, ==, CW_REASON_FORBIDDEN);
    g_assert_cmpstr(searched.text, ==, "no");
    g_free(searched.text);
}

static void search__ends__when_nobody_answers(World *world, gconstpointer data)
{
    Searched searched = {0};
    CwReason reason;

    g_assert_cmpint(result_of(world, "fine"), ==, CW_REGISTERED_NEW);
    g_assert_true(search(world, "silent", &searched, &reason));
    g_assert_true(search(world, "silent", &searched, &reason));
    g_assert_false(search(world, "silent", &searched, &reason)); /* search-requests */
    g_assert_cmpint(reason, ==, CW_REASON_RATE);
    wait_for_answers(&searched, 2); /* search-timeout */
    g_assert_cmpint(searched.reason, ==, CW_REASON_NETWORK);
    g_assert_true(search(world, "rom", &searched, &reason));
    wait_for_answers(&searched, 3);
    g_assert_cmpuint(searched.found, ==, 1);
}

static void search__ends__with_the_login(World *world, gconstpointer data)
{
    Searched searched = {0};
    CwReason reason;

    g_assert_cmpint(result_of(world, "fine"), ==, CW_REGISTERED_NEW);
    g_assert_true(search(world, "silent", &searched, &reason));
    cw_session_log_out(cw_transport_find_session(world->transport, JULIET));
    g_assert_cmpuint(searched.answers, ==, 1);
    g_assert_cmpint(searched.reason, ==, CW_REASON_NOT_ONLINE);
    g_assert_false(search(world, "rom", &searched, &reason));
    g_assert_cmpint(reason, ==, CW_REASON_NOT_ONLINE);
}

static void search__remembers__that_there_is_no_directory(World *world, gconstpointer data)
{
    Searched searched = {0};
    CwReason reason;

    g_assert_cmpint(result_of(world, "fine"), ==, CW_REGISTERED_NEW);
    CwSession *session = cw_transport_find_session(world->transport, JULIET);
    g_assert_true(cw_session_may_search(session));
    g_assert_true(search(world, "nowhere", &searched, &reason));
    wait_for_answers(&searched, 1);
    g_assert_cmpint(searched.reason, ==, CW_REASON_NO_CONTACT);
    g_assert_false(cw_session_may_search(session));
    cw_session_log_out(session);
    g_assert_true(cw_session_may_search(session)); /* until it is told again */
    g_free(searched.text);
}

/* ---- the user's own looks ---- */

#define PNG "\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0 \0\0\0@"

/* Registered, and wants to be seen. */
static CwSession *begin_looks(World *world)
{
    g_autoptr(CwUser) user = cw_user_new(DOMAIN, JULIET);

    user->username = g_strdup("looks");
    cw_user_set_preference(user, CW_PREFERENCE_PICTURE, TRUE);
    cw_transport_register(world->transport, user, registered_cb, world);
    run_until(&world->registered);
    assert_told(world, "1without ");
    g_assert_cmpuint(world->looks_wanted, ==, 1);
    CwSession *session = cw_transport_find_session(world->transport, JULIET);
    g_assert_true(cw_session_wants_looks(session));
    return session;
}

/* `picture` NULL: none. */
static gboolean set_picture(CwSession *session, const char *picture, gsize length)
{
    g_autofree char *data =
        picture == NULL ? NULL : g_base64_encode((const guchar *)picture, length);
    g_autofree char *id =
        picture == NULL
            ? NULL
            : g_compute_checksum_for_data(G_CHECKSUM_SHA1, (const guchar *)picture, length);
    const char *problem = NULL;

    gboolean done = cw_session_set_picture(session, data, "image/png", id, &problem);
    g_assert_cmpint(done, ==, problem == NULL);
    g_assert_true(picture == NULL || done == (cw_session_picture(session) != NULL));
    return done;
}

static void choose(World *world, gboolean yes)
{
    world->removed = FALSE;
    cw_transport_set_preference(world->transport, JULIET, CW_PREFERENCE_PICTURE, yes, removed_cb,
                                world);
    run_until(&world->removed);
}

static void looks__are_told__when_they_change(World *world, gconstpointer data)
{
    CwSession *session = begin_looks(world);

    g_assert_true(set_picture(session, PNG "1", sizeof PNG));
    cw_session_set_nick(session, "Jule");
    assert_told(world, "2avatar 3nick ");
    set_picture(session, PNG "1", sizeof PNG);
    cw_session_set_nick(session, "Jule");
    set_picture(session, PNG "2", sizeof PNG);
    cw_session_set_nick(session, "Juliet");
    assert_told(world, "4avatar 5nick ");
    choose(world, FALSE);
    assert_told(world, "6none 7nobody ");
    g_assert_null(cw_session_picture(session));
    set_picture(session, PNG "3", sizeof PNG); /* not wanted */
    choose(world, TRUE);
    g_assert_cmpuint(world->looks_wanted, ==, 2);
    assert_told(world, "8avatar ");
    set_picture(session, NULL, 0);
    assert_told(world, "9none ");
}

static void looks__begin__each_log_in(World *world, gconstpointer data)
{
    CwSession *session = begin_looks(world);

    set_picture(session, PNG, sizeof PNG - 1);
    cw_session_looks_known(session);
    assert_told(world, "2avatar ");
    cw_session_log_in_again(session);
    assert_told(world, "3with ");

    /* a new session waits for them */
    cw_transport_drop_session(world->transport, session);
    session = cw_transport_ensure_session(world->transport, JULIET);
    cw_session_wake(session);
    g_assert_cmpint(cw_session_state(session), ==, CW_SESSION_CONNECTING);
    g_assert_cmpuint(world->looks_wanted, ==, 2);
    set_picture(session, PNG, sizeof PNG - 1);
    cw_session_looks_known(session);
    cw_session_looks_known(session);
    assert_told(world, "4with ");

    /* but not for ever; what comes later is told then */
    cw_transport_drop_session(world->transport, session);
    session = cw_transport_ensure_session(world->transport, JULIET);
    cw_session_wake(session);
    assert_told(world, "5without ");
    set_picture(session, PNG, sizeof PNG - 1);
    assert_told(world, "6avatar ");
    g_assert_cmpuint(world->looks_wanted, ==, 4); /* again, now that he is online */

    /* one that goes while it waits */
    cw_transport_drop_session(world->transport, session);
    session = cw_transport_ensure_session(world->transport, JULIET);
    cw_session_wake(session);
    cw_transport_drop_session(world->transport, session);
}

/* Whoever changes his name all the time does not keep the network busy. */
static void looks__are_told__at_a_pace(World *world, gconstpointer data)
{
    CwSession *session = begin_looks(world);

    for (guint i = 0; i < 100; i++) {
        g_autofree char *nick = g_strdup_printf("Jule %u", i);
        cw_session_set_nick(session, nick);
    }
    for (guint i = 0; i < 400 && strstr(world->told->str, "31nick") == NULL; i++) {
        g_main_context_iteration(NULL, FALSE);
        g_usleep(5000);
    }
    g_assert_true(g_str_has_suffix(world->told->str, "31nick ")); /* 30, behind the log-in */
}

static void looks__refuse__what_is_of_no_use(World *world, gconstpointer data)
{
    CwSession *session = begin_looks(world);
    g_autofree char *large = g_malloc0(2 * 1024 * 1024);
    const char *problem = NULL;

    memcpy(large, PNG, sizeof PNG - 1);
    g_assert_true(set_picture(session, PNG, sizeof PNG - 1));
    assert_told(world, "2avatar ");
    g_assert_false(set_picture(session, large, 262145)); /* avatar-size */
    assert_told(world, "3none ");
    g_assert_false(set_picture(session, "<svg/>", 6));
    g_assert_false(cw_session_set_picture(session, "iVBORw0KGgo=", "image/png",
                                          "0000000000000000000000000000000000000000", &problem));
    g_assert_nonnull(strstr(problem, "SHA-1"));
    g_assert_false(cw_session_set_picture(session, "no base64", NULL, "", &problem));
    world->settings->limits.link_queue = 400;
    g_assert_false(set_picture(session, large, 101));
    g_assert_true(set_picture(session, large, 100));
    assert_told(world, "4avatar ");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define ADD(path, function) g_test_add(path, World, NULL, set_up, function, tear_down)
    ADD("/registration/stores/what_the_network_takes",
        registration__stores__what_the_network_takes);
    ADD("/registration/stores_nothing/that_was_refused",
        registration__stores_nothing__that_was_refused);
    ADD("/registration/asks/what_the_network_asks", registration__asks__what_the_network_asks);
    ADD("/unregister/takes_back/what_was_asked", unregister__takes_back__what_was_asked);
    ADD("/room/is_not_ended/before_it_is_asked_for", a_room__is_not_ended__before_it_is_asked_for);
    ADD("/what_rooms_say/is_never/too_long", what_rooms_say__is_never__too_long);
    ADD("/message/comes_in_pieces/over_the_limit", message__comes_in_pieces__over_the_limit);
    ADD("/subscribe/is_answered/by_the_network", subscribe__is_answered__by_the_network);
    ADD("/subscribe/is_kept/for_the_next_login", subscribe__is_kept__for_the_next_login);
    ADD("/remembered/comes_back/with_each_log_in",
        what_is_remembered__comes_back__with_each_log_in);
    ADD("/looks/are_told/when_they_change", looks__are_told__when_they_change);
    ADD("/looks/are_told/at_a_pace", looks__are_told__at_a_pace);
    ADD("/looks/begin/each_log_in", looks__begin__each_log_in);
    ADD("/looks/refuse/what_is_of_no_use", looks__refuse__what_is_of_no_use);
    ADD("/removal/is_kept/until_the_network_answers", removal__is_kept__until_the_network_answers);
    ADD("/removal/ends/the_subscription_of_the_node", removal__ends__the_subscription_of_the_node);
    ADD("/search/is_answered/once", search__is_answered__once);
    ADD("/search/ends/when_nobody_answers", search__ends__when_nobody_answers);
    ADD("/search/ends/with_the_login", search__ends__with_the_login);
    ADD("/search/remembers/that_there_is_no_directory",
        search__remembers__that_there_is_no_directory);
    ADD("/unregister/counts/before_the_store_is_done",
        unregister__counts__before_the_store_is_done);
    return g_test_run();
}
