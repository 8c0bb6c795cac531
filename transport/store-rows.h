/* transport/store-rows.h: the SQL of the writer's thread, which does one transaction behind another
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#pragma once

#include "transport/store-writer.h"

G_BEGIN_DECLS

typedef struct CwRowWriter CwRowWriter;

CwRowWriter *cw_row_writer_new(sqlite3 *db, GError **error); /* `db` is borrowed */
void cw_row_writer_free(CwRowWriter *writer);
/* One transaction.  FALSE: nothing of it was written. */
gboolean cw_row_writer_commit(CwRowWriter *writer, CwWrite **writes, guint n, GError **error);
/* What was deleted by them stands nowhere in the files from here on. */
void cw_row_writer_wipe_log(CwRowWriter *writer);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(CwRowWriter, cw_row_writer_free)

G_END_DECLS
