/* transport/store-remembered.h: the SQL of what hosts remember of their accounts, for both
 * connections of the store
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#pragma once

#include "transport/store.h"

G_BEGIN_DECLS

typedef struct sqlite3 sqlite3;

/* Binds a box to its name; not to the user, who may move.  (transfer full) */
char *cw_remembered_box_place(const char *domain, const char *name);

/* ---- the writer's ---- */

typedef struct CwRememberedWriter CwRememberedWriter;

CwRememberedWriter *cw_remembered_writer_new(sqlite3 *db, GError **error);
void cw_remembered_writer_free(CwRememberedWriter *writer);

/* FALSE: sqlite3_errmsg() says why.  `box`: the sealed value; NULL: it is forgotten.  `refused`:
 * the user would have more than he may, and what was there stays. */
gboolean cw_remembered_writer_put(CwRememberedWriter *writer, const char *domain, const char *jid,
                                  const char *name, GBytes *box, guint most, guint most_bytes,
                                  gboolean *refused);

/* ---- the reader's ---- */

typedef struct CwRememberedReader CwRememberedReader;

CwRememberedReader *cw_remembered_reader_new(sqlite3 *db, GError **error);
void cw_remembered_reader_free(CwRememberedReader *reader);

/* name -> GBytes, the sealed value.  (transfer full) */
GHashTable *cw_remembered_reader_list(CwRememberedReader *reader, const char *domain,
                                      const char *jid, GError **error);

G_END_DECLS
