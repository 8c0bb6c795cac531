/* transport/store-sql.c: what every file with SQL in it needs
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "transport/store-sql.h"

#include <sqlite3.h>

gboolean cw_sql_exec(sqlite3 *db, const char *sql, CwStoreError code, GError **error)
{
    if (sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK)
        return TRUE;
    g_set_error(error, CW_STORE_ERROR, (gint)code, "%s", sqlite3_errmsg(db));
    return FALSE;
}

gint64 cw_sql_number(sqlite3 *db, const char *sql)
{
    sqlite3_stmt *statement = NULL;
    gint64 number = -1;
    if (sqlite3_prepare_v2(db, sql, -1, &statement, NULL) == SQLITE_OK &&
        sqlite3_step(statement) == SQLITE_ROW)
        number = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    return number;
}

void cw_sql_bind_text(sqlite3_stmt *statement, int place, const char *text)
{
    sqlite3_bind_text(statement, place, text, -1, SQLITE_STATIC);
}

void cw_sql_bind_bytes(sqlite3_stmt *statement, int place, GBytes *bytes)
{
    gsize size;
    const void *data = g_bytes_get_data(bytes, &size);
    sqlite3_bind_blob(statement, place, data, (int)size, SQLITE_STATIC);
}

char *cw_sql_column_text(sqlite3_stmt *statement, int column)
{
    return g_strdup((const char *)sqlite3_column_text(statement, column));
}

GBytes *cw_sql_column_bytes(sqlite3_stmt *statement, int column)
{
    const void *bytes = sqlite3_column_blob(statement, column);
    return g_bytes_new(bytes, (gsize)sqlite3_column_bytes(statement, column));
}
