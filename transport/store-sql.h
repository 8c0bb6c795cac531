/* transport/store-sql.h: what every file with SQL in it needs
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#pragma once

#include "transport/store.h"

G_BEGIN_DECLS

typedef struct sqlite3 sqlite3;
typedef struct sqlite3_stmt sqlite3_stmt;

/* Runs a statement without result.  FALSE with CW_STORE_ERROR `code`. */
gboolean cw_sql_exec(sqlite3 *db, const char *sql, CwStoreError code, GError **error);
/* A number from a statement with one row and column; -1: none. */
gint64 cw_sql_number(sqlite3 *db, const char *sql);

/* Neither is copied: they must live until the statement is reset.  NULL text binds NULL. */
void cw_sql_bind_text(sqlite3_stmt *statement, int place, const char *text);
void cw_sql_bind_bytes(sqlite3_stmt *statement, int place, GBytes *bytes);
/* (transfer full); NULL stays NULL. */
char *cw_sql_column_text(sqlite3_stmt *statement, int column);
GBytes *cw_sql_column_bytes(sqlite3_stmt *statement, int column);

G_END_DECLS
