/* transport/store-private.h: what the files that open, read and write the store share
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#pragma once

#include "transport/seal.h"
#include "transport/store-writer.h"

G_BEGIN_DECLS

typedef struct CwStoreReader CwStoreReader;

struct CwStore {
    char *path;
    CwSeal *seal;
    CwStoreReader *reader;
    CwStoreWriter *writer;
};

/* Of the same database, for the caller's thread; `seal` is borrowed. */
CwStoreReader *cw_store_reader_new(sqlite3 *db, CwSeal *seal, GError **error);
void cw_store_reader_free(CwStoreReader *reader); /* and closes `db` */

/* What binds a box to its row.  (transfer full) */
char *cw_store_password_place(const char *domain, const char *jid);
char *cw_store_room_place(const char *domain, const char *jid, const char *room);
char *cw_store_spool_place(const char *domain, const char *jid, gint64 id);

G_END_DECLS
