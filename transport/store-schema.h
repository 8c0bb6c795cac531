/* transport/store-schema.h: versions of the SQLite schema and the way from one to the next
 *
 * The version is in PRAGMA user_version.  A migration that has shipped is never changed; a new one
 * goes to the end of the table, together with a fixture database of the version before it under
 * tests/unit/transport/fixtures/.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#pragma once

#include "transport/store.h"

G_BEGIN_DECLS

typedef struct sqlite3 sqlite3;

/* "CWAY", PRAGMA application_id: tells our database from any other. */
#define CW_STORE_APPLICATION_ID 0x43574159

/* The SQL that leads from version I to version I + 1 stands at index I. */
extern const char *const cw_store_migrations[];
extern const guint cw_store_n_migrations; /* the version that this program writes */

/* cw_store_list_spooled() by way, and by way and user: here because the indices of the schema are
 * made for them, which a test holds them to. */
extern const char *const cw_store_list_spooled_sql;
extern const char *const cw_store_list_spooled_of_user_sql;

/* Brings `db` from its version to `n`, all steps in one transaction: all or nothing.  Version 0 is
 * an empty database; one that has tables all the same, or another application's, is refused, and so
 * is a version over `n`. */
gboolean cw_store_migrate(sqlite3 *db, const char *const *migrations, guint n, GError **error);

G_END_DECLS
