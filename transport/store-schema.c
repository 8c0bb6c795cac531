/* transport/store-schema.c: the SQLite schema and its migrations
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "transport/store-schema.h"

#include <sqlite3.h>

#include "transport/store-sql.h"

/* What was said in rooms, as each user's account saw it.  The order is that of `number`.  In the
 * index by room stands what a query may ask for, so that it opens only the rows that it wants. */
#define ARCHIVE                                                                                    \
    "CREATE TABLE archive ("                                                                       \
    "  number    INTEGER PRIMARY KEY,"                                                             \
    "  user      INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,"                        \
    "  room      TEXT NOT NULL,"   /* the network's normal form */                                 \
    "  id        TEXT NOT NULL,"   /* the room's own for it: XEP-0359 */                           \
    "  nick      TEXT,"            /* NULL: the room itself */                                     \
    "  who       TEXT,"            /* who that is, where the network tells */                      \
    "  stanza_id TEXT,"            /* what the sender called it, who is the user himself */        \
    "  text      BLOB NOT NULL,"   /* a box of seal.h */                                           \
    "  said      INTEGER NOT NULL" /* Unix time, s */                                              \
    ");"                                                                                           \
    "CREATE UNIQUE INDEX archive_by_id ON archive (user, room, id);"                               \
    "CREATE INDEX archive_by_room ON archive (user, room, number, said, nick);"                    \
    "CREATE INDEX archive_by_age ON archive (said);"

/* Rooms that users keep. */
#define KEPT_ROOMS                                                                                 \
    "CREATE TABLE kept_rooms ("                                                                    \
    "  user     INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,"                         \
    "  name     TEXT NOT NULL," /* the network's normal form */                                    \
    "  nick     TEXT NOT NULL,"                                                                    \
    "  password BLOB," /* a box of seal.h; NULL: none */                                           \
    "  \"join\"   INTEGER NOT NULL,"                                                               \
    "  stay     INTEGER NOT NULL,"                                                                 \
    "  told     INTEGER NOT NULL,"                                                                 \
    "  bookmarked INTEGER NOT NULL,"                                                               \
    "  PRIMARY KEY (user, name)"                                                                   \
    ") WITHOUT ROWID;"                                                                             \
    "CREATE INDEX kept_rooms_that_stay ON kept_rooms (user) WHERE stay;"

/* What a host has its gateway keep for an account. */
#define REMEMBERED                                                                                 \
    "CREATE TABLE remembered ("                                                                    \
    "  user  INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,"                            \
    "  name  TEXT NOT NULL,"                                                                       \
    "  value BLOB NOT NULL," /* a box of seal.h */                                                 \
    "  PRIMARY KEY (user, name)"                                                                   \
    ");"

const char *const cw_store_migrations[] = {
    /* 0 -> 1: registrations, what their users chose, and contacts seen. */
    "CREATE TABLE meta ("
    "  name  TEXT PRIMARY KEY,"
    "  value BLOB NOT NULL"
    ") WITHOUT ROWID;"
    "CREATE TABLE users ("
    "  id       INTEGER PRIMARY KEY,"
    "  domain   TEXT NOT NULL," /* the transport */
    "  jid      TEXT NOT NULL," /* bare, prepared */
    "  username TEXT NOT NULL,"
    "  password BLOB,"             /* a box of seal.h; NULL: none */
    "  created  INTEGER NOT NULL," /* Unix time, s */
    "  UNIQUE (domain, jid)"
    ");"
    "CREATE TABLE user_options ("
    "  user  INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,"
    "  name  TEXT NOT NULL,"
    "  value TEXT NOT NULL,"
    "  PRIMARY KEY (user, name)"
    ") WITHOUT ROWID;"
    "CREATE TABLE contacts ("
    "  user    INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,"
    "  name    TEXT NOT NULL," /* the network's normal form */
    "  alias   TEXT,"
    "  \"group\" TEXT,"
    "  offered INTEGER NOT NULL," /* 0 no, 1 yes, 2 yes and it is not answered (from schema 3 on) */
    "  PRIMARY KEY (user, name)"
    ") WITHOUT ROWID;",

    /* 1 -> 2: messages that wait.  Not WITHOUT ROWID: a text may fill many pages. */
    "CREATE TABLE spool ("
    "  domain    TEXT NOT NULL," /* the user's */
    "  id        INTEGER NOT NULL,"
    "  user      INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,"
    "  way       INTEGER NOT NULL," /* 0 to the user, 1 to the network */
    "  contact   TEXT,"
    "  stanza_id TEXT,"
    "  resource  TEXT,"
    "  text      BLOB NOT NULL,"    /* a box of seal.h */
    "  made      INTEGER NOT NULL," /* Unix time, ms */
    "  sent      INTEGER NOT NULL,"
    "  UNIQUE (domain, id)"
    ");"
    "CREATE INDEX spool_by_way ON spool (domain, way, id);"
    "CREATE INDEX spool_by_user ON spool (user, way, id);",

    /* 2 -> 3: who was granted what.  Of the contacts before nobody knows: asked again, the network
     * says it. */
    "ALTER TABLE contacts ADD COLUMN subscription INTEGER NOT NULL DEFAULT 0;" /* CwSubscription */
    "CREATE TABLE requests ("
    "  user    INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,"
    "  contact TEXT NOT NULL," /* who wants to see the user */
    "  nick    TEXT,"
    "  text    TEXT,"
    "  answer  INTEGER NOT NULL," /* CwAnswer */
    "  PRIMARY KEY (user, contact)"
    ") WITHOUT ROWID;",

    /* 3 -> 4: names in the roster and on the network. */
    "ALTER TABLE contacts ADD COLUMN agreed INTEGER NOT NULL DEFAULT 0;", /* CwAgreed */

    /* 4 -> 5: what users want of the gateway itself. */
    "CREATE TABLE user_preferences ("
    "  user  INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,"
    "  name  TEXT NOT NULL," /* cw_preference_to_string() */
    "  value TEXT NOT NULL," /* "1" or "0" */
    "  PRIMARY KEY (user, name)"
    ") WITHOUT ROWID;",

    /* 5 -> 6: rooms: what was said in them, and those that users keep. */
    ARCHIVE KEPT_ROOMS,

    /* 6 -> 7: what hosts remember of their accounts.  Not WITHOUT ROWID: a value may be long. */
    REMEMBERED,

    /* 7 -> 8: who asked for the events of a contact's node himself. */
    "ALTER TABLE contacts ADD COLUMN subscribed INTEGER NOT NULL DEFAULT 0;",
};
const guint cw_store_n_migrations = G_N_ELEMENTS(cw_store_migrations);

/* No LIMIT: what does not open does not count.  CROSS JOIN: in this order, so that the index gives
 * the rows in the order of ids and no more are read than wanted. */
const char *const cw_store_list_spooled_sql =
    "SELECT spool.id, jid, contact, stanza_id, resource, text, made, sent"
    " FROM spool CROSS JOIN users ON users.id = spool.user"
    " WHERE spool.domain = ?1 AND way = ?3 AND spool.id > ?4 ORDER BY spool.id";
const char *const cw_store_list_spooled_of_user_sql =
    "SELECT id, ?2, contact, stanza_id, resource, text, made, sent FROM spool"
    " WHERE user = (SELECT id FROM users WHERE domain = ?1 AND jid = ?2)"
    "  AND way = ?3 AND id > ?4 ORDER BY id";

static gboolean check_version(sqlite3 *db, gint64 version, guint n, GError **error)
{
    gint64 application = cw_sql_number(db, "PRAGMA application_id");
    gint64 tables = cw_sql_number(db, "SELECT count(*) FROM sqlite_schema");
    if (version < 0 || application < 0 || tables < 0) {
        g_set_error(error, CW_STORE_ERROR, CW_STORE_ERROR_OPEN, "%s", sqlite3_errmsg(db));
        return FALSE;
    }
    if (version == 0 ? tables > 0 : application != CW_STORE_APPLICATION_ID) {
        g_set_error(error, CW_STORE_ERROR, CW_STORE_ERROR_OPEN,
                    "this is a database of another program");
        return FALSE;
    }
    if (version > n) {
        g_set_error(
            error, CW_STORE_ERROR, CW_STORE_ERROR_VERSION,
            "a newer Causeway made it (schema %d, this one knows up to %u): run that one, or "
            "restore a backup from before the upgrade",
            (gint)version, n);
        return FALSE;
    }
    return TRUE;
}

static gboolean run_migrations(sqlite3 *db, const char *const *migrations, guint from, guint n,
                               GError **error)
{
    if (from == n) /* nothing is written: a full disk does not keep us from starting */
        return cw_sql_exec(db, "COMMIT", CW_STORE_ERROR_OPEN, error);
    for (guint i = from; i < n; i++)
        if (!cw_sql_exec(db, migrations[i], CW_STORE_ERROR_OPEN, error)) {
            g_prefix_error(error, "migration to schema %u: ", i + 1);
            return FALSE;
        }
    g_autofree char *marks = g_strdup_printf("PRAGMA user_version = %u; PRAGMA application_id = %d",
                                             n, CW_STORE_APPLICATION_ID);
    return cw_sql_exec(db, marks, CW_STORE_ERROR_OPEN, error) &&
           cw_sql_exec(db, "COMMIT", CW_STORE_ERROR_OPEN, error);
}

gboolean cw_store_migrate(sqlite3 *db, const char *const *migrations, guint n, GError **error)
{
    if (!cw_sql_exec(db, "BEGIN IMMEDIATE", CW_STORE_ERROR_OPEN, error))
        return FALSE;
    gint64 version = cw_sql_number(db, "PRAGMA user_version");
    if (check_version(db, version, n, error) &&
        run_migrations(db, migrations, (guint)version, n, error))
        return TRUE;
    sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
    return FALSE;
}
