/* transport/store-archive.h: the SQL of the rooms' archives, for both connections of the store
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#pragma once

#include "transport/store.h"

G_BEGIN_DECLS

typedef struct sqlite3 sqlite3;
typedef struct CwSeal CwSeal;

#define CW_ARCHIVE_EXPIRE_BATCH 500 /* rows that one write deletes */

/* What is asked of one room's archive; `CwArchiveFilter` is the rest. */
typedef struct {
    const char *domain, *jid, *room;
} CwArchivePlace;

/* ---- the writer's ---- */

typedef struct CwArchiveWriter CwArchiveWriter;

CwArchiveWriter *cw_archive_writer_new(sqlite3 *db, GError **error);
void cw_archive_writer_free(CwArchiveWriter *writer);

/* FALSE: sqlite3_errmsg() says why.  `box`: the sealed text. */
gboolean cw_archive_writer_put(CwArchiveWriter *writer, const CwArchivePlace *place,
                               const CwArchived *line, GBytes *box);
/* Deletes what is older than the newest `most`. */
gboolean cw_archive_writer_trim(CwArchiveWriter *writer, const CwArchivePlace *place, guint most);
/* Up to CW_ARCHIVE_EXPIRE_BATCH rows of before that time; `n`: how many there were. */
gboolean cw_archive_writer_expire(CwArchiveWriter *writer, gint64 before, guint *n);

/* ---- the reader's ---- */

typedef struct CwArchiveReader CwArchiveReader;

/* `seal` is borrowed. */
CwArchiveReader *cw_archive_reader_new(sqlite3 *db, CwSeal *seal, GError **error);
void cw_archive_reader_free(CwArchiveReader *reader);

/* As the functions of store.h. */
GPtrArray *cw_archive_reader_list(CwArchiveReader *reader, const CwArchivePlace *place,
                                  const CwArchiveFilter *filter, gboolean last, guint limit,
                                  gsize size, GError **error);
gint64 cw_archive_reader_count(CwArchiveReader *reader, const CwArchivePlace *place,
                               const CwArchiveFilter *filter, guint most);
gint64 cw_archive_reader_find(CwArchiveReader *reader, const CwArchivePlace *place, const char *id);
gint64 cw_archive_reader_has(CwArchiveReader *reader, const CwArchivePlace *place);
char *cw_archive_reader_find_copy(CwArchiveReader *reader, const CwArchivePlace *place,
                                  const CwArchived *line, guint tolerance, gint64 until,
                                  GHashTable *besides);

/* Binds a box to its row; not to the user, who may move.  (transfer full) */
char *cw_archive_box_place(const char *domain, const char *room, const char *id);

/* For a test that holds the indices to them. */
extern const char *const cw_archive_list_sql, *const cw_archive_list_last_sql,
                                                  *const cw_archive_count_sql;

G_END_DECLS
