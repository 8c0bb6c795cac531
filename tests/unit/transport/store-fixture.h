/* tests/unit/transport/store-fixture.h: a store in a folder of its own, and short calls
 *
 * The calls that return nothing assert that they work; the domain is ICQ everywhere.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#pragma once

#include "transport/store.h"

G_BEGIN_DECLS

#define ICQ "icq.example.com"
#define JULIET "juliet@example.com"
#define ROMEO "romeo@example.com"
#define PASSWORD "it-was-the-nightingale"

typedef struct {
    char *folder;
    char *path;
    char *key_path;
    CwStore *store;
} Fixture;

void open_store(Fixture *fixture);
void close_store(Fixture *fixture);
void set_up(Fixture *fixture, gconstpointer data);
void set_up_open(Fixture *fixture, gconstpointer data);
void tear_down(Fixture *fixture, gconstpointer data);

#define ADD(name) g_test_add("/store/" #name, Fixture, NULL, set_up_open, name, tear_down)
#define ADD_CLOSED(name) g_test_add("/store/" #name, Fixture, NULL, set_up, name, tear_down)

/* A write that is waited for. */
typedef struct {
    gboolean called;
    GError *error;
} Answer;

void answer_cb(const GError *error, gpointer data); /* data: Answer */
void wait_for(Answer *answer);
void wait_for_success(Answer *answer);
void sync_store(CwStore *store);

CwUser *make_user(const char *jid, const char *password);
void put(CwStore *store, const char *jid, const char *password);
CwUser *get(CwStore *store, const char *jid);
void remove_user(CwStore *store, const char *jid);

void put_contact(CwStore *store, const char *jid, const char *name, const char *alias);
GPtrArray *contacts(CwStore *store, const char *jid);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(CwSpooled, cw_spooled_free)
CwSpooled *make_spooled(gint64 id, CwSpoolWay way, const char *jid, const char *text);
void put_spooled(CwStore *store, gint64 id, CwSpoolWay way, const char *jid, const char *text);
GPtrArray *list_spooled(CwStore *store, CwSpoolWay way, const char *jid, gint64 after, guint limit);

/* Past the store, on a connection of its own. */
void run_sql(const char *path, const char *sql);
void assert_sound(Fixture *fixture); /* integrity_check and foreign keys */

gboolean file_contains(const char *path, const char *needle, gsize length);
/* In the database, its log and the log's index. */
gboolean database_contains(Fixture *fixture, const char *text);

G_END_DECLS
