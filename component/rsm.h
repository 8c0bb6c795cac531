/* component/rsm.h: XEP-0059 result set management: which page is wanted, and which one this is
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#pragma once

#include "component/xml.h"

G_BEGIN_DECLS

#define CW_NS_RSM "http://jabber.org/protocol/rsm"

/* What is asked for; strings are borrowed from where it was read. */
typedef struct {
    gboolean asked;     /* there is a <set/>; all else says nothing without it */
    guint max;          /* items; 0: only how many there are; G_MAXUINT: as many as we like */
    const char *after;  /* nullable: the page behind this item */
    const char *before; /* nullable: the page in front of it; "": the last one */
    gint64 index;       /* the page that begins with this item, from 0; -1: not said */
} CwRsm;

#define CW_RSM_ALL ((CwRsm){.max = G_MAXUINT, .index = -1})

/* From the <set/> in `parent`, if there is one.  FALSE and CW_STANZA_ERROR bad-request: a number
 * that is none. */
gboolean cw_rsm_read(const CwNode *parent, CwRsm *rsm, GError **error);

/* What was found: `first` NULL: an empty page; `index` of the first and `count` of all -1: not
 * known. */
void cw_rsm_write(CwWriter *writer, const char *first, const char *last, gint64 index,
                  gint64 count);

/* A part of a list that is in memory. */
typedef struct {
    guint from, n;
    gboolean complete; /* nothing follows in the direction of paging */
} CwRsmPage;

/* Where the item of that id stands in the list; -1: it is not in it. */
typedef gint64 (*CwRsmFind)(const char *id, gpointer data);

/* The page of a list of `total`, at most `most` items (0: any).  FALSE and CW_STANZA_ERROR
 * item-not-found: the item that it is to be before or behind is not there (XEP-0059 2.2, 2.6). */
gboolean cw_rsm_page(const CwRsm *rsm, guint total, guint most, CwRsmFind find, gpointer data,
                     CwRsmPage *page, GError **error);

G_END_DECLS
