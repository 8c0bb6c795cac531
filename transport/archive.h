/* transport/archive.h: the archives of the rooms of a transport: one for each user and room
 *
 * What is written is read as if it were stored already, but by queries: those wait for the store
 * (cw_store_sync()).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#pragma once

#include "transport/room.h"
#include "transport/store.h"

G_BEGIN_DECLS

#define CW_ARCHIVE_PENDING_MAX                                                                     \
    8192 /* lines that are being written: the store has other work, too */

typedef struct CwArchive CwArchive;

CwArchive *cw_archive_new(CwStore *store, const char *domain);
/* The store has done all that was asked of it. */
void cw_archive_free(CwArchive *archive);

/* What this user's account has seen in the room; `most`: lines that it keeps, 0: any. */
void cw_archive_add(CwArchive *archive, const char *jid, const char *room, const CwRoomLine *line,
                    guint most);
/* The end of it into the history of a room that is new: at most `most` lines (0: any) and `size`
 * bytes (0: any). */
void cw_archive_load(CwArchive *archive, const char *jid, CwRoom *room, guint most, gsize size);
/* Networks tell again what was said before, with its time.  TRUE: this is such a copy of a line
 * that was there when the room was loaded; each explains one copy, so somebody who says "ok" twice
 * is heard twice. */
gboolean cw_archive_is_copy(CwArchive *archive, const char *jid, CwRoom *room,
                            const CwRoomLine *line);

G_END_DECLS
