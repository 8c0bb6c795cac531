/* transport/store-writer.h: the thread that writes
 *
 *     caller's thread            writer's thread                 caller's main context
 *     cw_store_writer_push() --> group of writes, one commit --> done()
 *
 * A group is whatever is queued when the last commit is through.  When one of its writes fails, the
 * group is rolled back and its writes are done one by one, so that each gets its own answer.  What
 * fails is counted and told by store-trouble.h.  A message whose deletion fails is tried again, as
 * it would be delivered a second time.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#pragma once

#include "transport/store.h"

G_BEGIN_DECLS

typedef struct sqlite3 sqlite3;

#define CW_STORE_QUEUE_MAX 65536 /* writes that wait; more are refused with an error */
#define CW_STORE_QUEUE_BYTES (64 * 1024 * 1024) /* what they may hold, unless set otherwise */

typedef enum {
    CW_WRITE_PUT_USER,
    CW_WRITE_PUT_PREFERENCES,
    CW_WRITE_DELETE_USER,
    CW_WRITE_MOVE_USER,
    CW_WRITE_PUT_CONTACT,
    CW_WRITE_DELETE_CONTACT,
    CW_WRITE_PUT_REQUEST,
    CW_WRITE_DELETE_REQUEST,
    CW_WRITE_PUT_ROOM,
    CW_WRITE_DELETE_ROOM,
    CW_WRITE_PUT_SPOOLED,
    CW_WRITE_DELETE_SPOOLED,
    CW_WRITE_ARCHIVE_LINE,
    CW_WRITE_EXPIRE_ARCHIVE,
    CW_WRITE_REMEMBER,
    CW_WRITE_SYNC, /* nothing but done() */
} CwWriteKind;

/* Plain data: secrets are sealed before they get here. */
typedef struct {
    CwWriteKind kind;
    CwUser *user;             /* domain and jid always; the password never */
    char *new_jid;            /* (nullable) where the user moves to */
    GBytes *box;              /* (nullable) the sealed password or text */
    CwStoredContact *contact; /* (nullable) */
    CwStoredRequest *request; /* (nullable) */
    CwSpooled *spooled;       /* (nullable) its text never */
    CwArchived *line;         /* (nullable) its text never */
    char *line_room;          /* (nullable) whose archive it is for */
    guint most;               /* lines that this archive keeps, 0: any; values of a user */
    gint64 before;            /* Unix time, s: what is older expires */
    CwStoredRoom *room;       /* (nullable) its password never */
    GHashTable *boxes;        /* (nullable) room -> GBytes: its sealed password, for a move */
    char *name;               /* (nullable) of what is remembered; `box` is its value */
    guint most_bytes;         /* of all values of a user; `most` of them */
    CwStoreDone done;         /* (nullable) */
    gpointer data;
    gsize size;       /* bytes, while it waits */
    gboolean changed; /* its transaction changed the database */
    gboolean trims;   /* the last line for its archive in this group */
    gboolean more;    /* there may be more to expire */
    gboolean refused; /* the user has as much as he may */
    gboolean dropped; /* a message that is deleted again in the same group: never written */
    GError *error;    /* the writer's answer */
} CwWrite;

CwWrite *cw_write_new(CwWriteKind kind, const char *domain, const char *jid, CwStoreDone done,
                      gpointer data);

typedef struct CwStoreWriter CwStoreWriter;

/* Takes over `db` and starts the thread; done() runs in the thread's default main context. */
CwStoreWriter *cw_store_writer_new(sqlite3 *db, GError **error);
/* Waits for what is queued and runs the done() that still wait; whatever is pushed from then on is
 * refused. */
void cw_store_writer_stop(CwStoreWriter *writer);
/* The same, and closes the database. */
void cw_store_writer_free(CwStoreWriter *writer);

/* What the writes that wait may hold, in bytes.  Over it only deletions are taken, which make room.
 */
void cw_store_writer_set_queue_bytes(CwStoreWriter *writer, gsize bytes);
/* Writes that are not finished: whether they are in the database yet is not known.  Only of those
 * that bear on what is remembered: of a value, and of a user who goes.  In the order given. */
void cw_store_writer_each_unfinished(CwStoreWriter *writer,
                                     void (*visit)(const CwWrite *write, gpointer data),
                                     gpointer data);
void cw_store_writer_push(CwStoreWriter *writer, CwWrite *write); /* (transfer full) */

G_END_DECLS
