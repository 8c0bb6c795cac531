/* transport/scoreboard.h: the page on which a host notes what it is doing, for the time after it
 *
 *     gateway: create --fd 4--> host: attach     one page of memory that both have mapped
 *
 * A host that is killed cannot say what became of the lines that it was sent.  So it notes how many
 * it has begun and finished, for which account it is working, and which messages it acknowledged: a
 * few stores a line, no system call.  The gateway looks at the page when the process is gone,
 * copies it once, and believes of it only what may be: the worst that a broken plugin can do here
 * is to have a message of its own host repeated, or not repeated.
 *
 * The layout is part of the link (protocols/LINK.md).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define CW_SCOREBOARD_FD 4
#define CW_SCOREBOARD_SIZE 4096         /* bytes, of which the page below takes the first */
#define CW_SCOREBOARD_MAGIC 0x42535743u /* "CWSB" where the lowest byte comes first */
#define CW_SCOREBOARD_VERSION 1u
#define CW_SCOREBOARD_ACKS 128

/* Byte order and alignment are the machine's: both sides are on it. */
typedef struct {
    guint32 magic, version; /* by the gateway */
    guint32 kept;           /* by the host: CW_SCOREBOARD_MAGIC when it keeps the page */
    guint32 serving;        /* the account that it is working for; 0: none */
    guint64 begun;          /* lines of the gateway that it began to handle, hello included */
    guint64 finished;       /* … and is through with */
    guint64 n_acks;         /* so far; the last CW_SCOREBOARD_ACKS of them are below */
    struct {
        guint32 account, unused;
        gint64 id;
    } acks[CW_SCOREBOARD_ACKS]; /* the n-th, from 0, is at n modulo CW_SCOREBOARD_ACKS */
} CwScoreboard;

/* For the gateway: a new page, and in `fd` the descriptor for the host (transfer full). */
CwScoreboard *cw_scoreboard_create(int *fd, GError **error);
/* FALSE: the host did not keep the page, or what is on it cannot be, `sent` being the number of
 * lines that it was sent. */
gboolean cw_scoreboard_read(const CwScoreboard *page, guint64 sent, CwScoreboard *copy);
/* In a copy: did the host acknowledge this message?  FALSE as well when it was too long ago. */
gboolean cw_scoreboard_has_ack(const CwScoreboard *copy, guint32 account, gint64 id);

/* For a host, which may have none: NULL when `fd` is no such page.  Closes `fd` when it is one. */
CwScoreboard *cw_scoreboard_attach(int fd);
void cw_scoreboard_begin(CwScoreboard *page);  /* with a line of the gateway */
void cw_scoreboard_finish(CwScoreboard *page); /* with that line: nobody is served */
void cw_scoreboard_serve(CwScoreboard *page, guint32 account);
void cw_scoreboard_ack(CwScoreboard *page, guint32 account, gint64 id);

void cw_scoreboard_free(CwScoreboard *page);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CwScoreboard, cw_scoreboard_free)

G_END_DECLS
