/* component/rsm.c: XEP-0059 result set management: which page is wanted, and which one this is
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "component/rsm.h"

#include "component/stanza-error.h"

/* FALSE: it is there and no number. */
static gboolean read_number(const CwNode *set, const char *name, gint64 *number, GError **error)
{
    const char *text = cw_node_child_text(set, name, CW_NS_RSM);
    guint64 value = 0;

    if (text == NULL)
        return TRUE;
    if (!g_ascii_string_to_unsigned(text, 10, 0, G_MAXINT, &value, NULL)) {
        g_set_error(error, CW_STANZA_ERROR, CW_STANZA_BAD_REQUEST, "<%s/> must be a whole number",
                    name);
        return FALSE;
    }
    *number = (gint64)value;
    return TRUE;
}

gboolean cw_rsm_read(const CwNode *parent, CwRsm *rsm, GError **error)
{
    const CwNode *set = cw_node_child(parent, "set", CW_NS_RSM);
    gint64 max = G_MAXUINT;

    *rsm = CW_RSM_ALL;
    if (set == NULL)
        return TRUE;
    rsm->asked = TRUE;
    rsm->after = cw_node_child_text(set, "after", CW_NS_RSM);
    rsm->before = cw_node_child_text(set, "before", CW_NS_RSM);
    if (!read_number(set, "max", &max, error) || !read_number(set, "index", &rsm->index, error))
        return FALSE;
    rsm->max = (guint)max;
    return TRUE;
}

static void write_number(CwWriter *writer, const char *name, gint64 number, gboolean as_attribute)
{
    g_autofree char *text = g_strdup_printf("%" G_GINT64_FORMAT, number);

    if (number < 0)
        return;
    if (as_attribute)
        cw_writer_attr(writer, name, text);
    else
        cw_writer_leaf(writer, name, NULL, text);
}

void cw_rsm_write(CwWriter *writer, const char *first, const char *last, gint64 index, gint64 count)
{
    cw_writer_start(writer, "set", CW_NS_RSM);
    if (first != NULL) {
        cw_writer_start(writer, "first", NULL);
        write_number(writer, "index", index, TRUE);
        cw_writer_text(writer, first);
        cw_writer_end(writer);
        cw_writer_leaf(writer, "last", NULL, last);
    }
    write_number(writer, "count", count, FALSE);
    cw_writer_end(writer);
}

/* FALSE: there is no such item. */
static gboolean find_item(const char *id, CwRsmFind find, gpointer data, guint *at, GError **error)
{
    gint64 position = find(id, data);

    if (position < 0) {
        g_set_error(error, CW_STANZA_ERROR, CW_STANZA_ITEM_NOT_FOUND,
                    "there is no item of that id");
        return FALSE;
    }
    *at = (guint)position;
    return TRUE;
}

gboolean cw_rsm_page(const CwRsm *rsm, guint total, guint most, CwRsmFind find, gpointer data,
                     CwRsmPage *page, GError **error)
{
    guint size = most == 0 ? rsm->max : MIN(rsm->max, most);
    guint from = 0, end = total, at = 0; /* what may be on the page */

    if (rsm->after != NULL) {
        if (!find_item(rsm->after, find, data, &at, error))
            return FALSE;
        from = at + 1;
    }
    if (rsm->before != NULL && *rsm->before != '\0') {
        if (!find_item(rsm->before, find, data, &at, error))
            return FALSE;
        end = MAX(at, from);
    }
    if (rsm->index > 0 && rsm->index >= total) {
        g_set_error(error, CW_STANZA_ERROR, CW_STANZA_ITEM_NOT_FOUND, "there are not so many");
        return FALSE;
    }
    if (rsm->index >= 0)
        from = MIN((guint)rsm->index, end);
    page->complete = end - from <= size;
    page->n = MIN(size, end - from);
    page->from = rsm->before != NULL ? end - page->n : from;
    return TRUE;
}
