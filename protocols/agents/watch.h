/* protocols/agents/watch.h: the accounts of the gateway, and what each of them watches
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#pragma once

#include "protocols/agents/agent.h"

G_BEGIN_DECLS

/* What waits until the reader wants to hear of it. */
typedef struct {
    GQueue items;    /* oldest first */
    gsize size;      /* bytes of all of them */
    guint n_dropped; /* that went, as there were too many */
} CwHeldQueue;

struct CwReader {
    guint32 number;
    CwShow show;
    GHashTable *watches;    /* name -> CwWatch, owned */
    GHashTable *remembered; /* GRefString -> GRefString */
    gsize remembered_size;  /* bytes of all of it */
    CwHeldQueue held;       /* push.c */
};

void cw_readers_start(void);
void cw_readers_stop(void);
CwReader *cw_readers_find(guint32 number); /* nullable */
void cw_readers_each(void (*visit)(CwReader *reader));
void cw_readers_take_line(const CwLinkMsg *msg); /* all but hello and ping */

const char *cw_reader_remembered(const CwReader *reader, const char *name); /* nullable */
void cw_reader_remember(CwReader *reader, const char *name, const char *value);
/* `items` nullable: CwFound *, oldest first. */
void cw_reader_say(CwReader *reader, const char *contact, const char *title, const char *text,
                   const char *url, GPtrArray *items);

/* ---- for thing.c ---- */

void cw_watch_is_known(CwWatch *watch);
void cw_watch_is_unknown(CwWatch *watch, const char *text); /* and is gone */
void cw_watch_is_late(CwWatch *watch); /* nobody could be asked whether there is such a thing */

/* ---- push.c ---- */

void cw_reader_restore_held(CwReader *reader); /* of an earlier log-in */
void cw_reader_free_held(CwReader *reader);    /* what is remembered of it stays so */
/* What waits of the things that he watches, if he may be spoken to again. */
void cw_reader_flush(CwReader *reader);
/* What waits of this thing is not told any more. */
void cw_reader_drop_held(CwReader *reader, const char *contact);
/* Something else was remembered of him: what is held is not so any more if it is too much. */
void cw_reader_make_room(CwReader *reader);
gboolean cw_push_start(GError **error); /* reads its settings */
void cw_push_stop(void);
/* The commands that every agent has, for commands.c; ended by one without a word. */
extern const CwAgentCommand cw_common_commands[];

/* ---- commands.c ---- */

void cw_watch_take_message(CwWatch *watch, const char *text);

G_END_DECLS
