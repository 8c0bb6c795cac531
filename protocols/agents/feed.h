/* protocols/agents/feed.h: RSS (0.9x, 1.0, 2.0) and Atom (RFC 4287) as they are met
 *
 * A pure function over bytes.  What many feeds get wrong is read as it was meant: HTML entities
 * that XML does not know, items without ids or dates, white space before the beginning, an end that
 * is missing (what came before it counts).  A document that declares entities is refused.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#pragma once

#include "protocols/agents/agent.h"

G_BEGIN_DECLS

#define CW_FEED_ITEMS_MOST 300   /* what is behind them is left out */
#define CW_FEED_TITLE_MOST 300   /* characters */
#define CW_FEED_SUMMARY_MOST 600 /* characters */

typedef struct {
    char *id; /* never NULL: its own, else its link, else made from what it says */
    char *title, *summary, *link; /* plain text; nullable, not all of them */
    gint64 date;                  /* Unix time, s; 0: not known */
} CwFeedItem;

typedef struct {
    char *title;      /* plain text; nullable */
    char *link;       /* nullable: the page that it is of */
    guint ttl;        /* s that it asks to be left alone (RSS ttl, sy:update…); 0: it does not */
    GPtrArray *items; /* CwFeedItem *, owned; newest first, as far as that can be known */
} CwFeed;

/* `charset` nullable: what HTTP says.  NULL with CW_AGENT_ERROR: it is no feed. */
CwFeed *cw_feed_parse(const char *data, gsize length, const char *charset, GError **error);
void cw_feed_free(CwFeed *feed);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CwFeed, cw_feed_free)

/* Feeds that a page of HTML names in its head, as absolute URLs (char *, owned), at most ten. */
GPtrArray *cw_feed_find_links(const char *html, gsize length, const char *base);
/* RFC 822 and RFC 3339, and what is near them; 0: it is neither. */
gint64 cw_feed_parse_date(const char *text);

G_END_DECLS
