/* protocols/agents/held.h: something that waits until its reader wants to hear of it, as a value
 * that the gateway remembers
 *
 *     name   watch.held-NUMBER.CONTACT      numbers grow: the smallest is the oldest
 *     value  title \n URL \n ITEM \n text   title and URL are "" for none; ITEM is "" for what was
 *                                          not published, else its id and time
 *
 * What comes back is not believed: it may be of a store that was damaged.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define CW_HELD_PREFIX "watch.held-"
#define CW_HELD_TITLE_MOST 500 /* bytes */
#define CW_HELD_URL_MOST 2000
#define CW_HELD_TEXT_MOST 8000
#define CW_HELD_ID_MOST 200
#define CW_HELD_NUMBER_MOST G_GUINT64_CONSTANT(1000000000000) /* of one that comes back */

typedef struct {
    char *title, *url; /* nullable */
    char *text;        /* "": the title says all */
    char *id;          /* nullable: of the item that this tells of */
    gint64 time;       /* of that item: Unix, s; 0: not known */
} CwHeldNews;

/* Control characters become spaces in a title, a URL or id that has some is left out, and what is
 * longer than it may be ends with an ellipsis.  NULL: there is nothing to say.  (transfer full) */
char *cw_held_pack(const CwHeldNews *news);
/* FALSE: this was never packed. */
gboolean cw_held_unpack(const char *packed, CwHeldNews *news);
void cw_held_news_clear(CwHeldNews *news);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(CwHeldNews, cw_held_news_clear)

char *cw_held_make_name(guint64 number, const char *contact); /* (transfer full) */
/* `contact` lies in `name`. */
gboolean cw_held_read_name(const char *name, guint64 *number, const char **contact);

G_END_DECLS
