/* tests/fuzz/fuzz-rsm.c: any stanza as one that asks for a page
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "component/rsm.h"

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size);

static void opened_cb(const CwNode *header, gpointer data)
{
}

static void closed_cb(gpointer data)
{
}

/* The items are called "0", "1", … */
static gint64 find_cb(const char *id, gpointer data)
{
    return g_ascii_isdigit(id[0]) && id[1] == '\0' && id[0] - '0' < GPOINTER_TO_INT(data)
               ? id[0] - '0'
               : -1;
}

static void stanza_cb(const CwNode *stanza, gpointer data)
{
    CwRsm rsm;
    CwRsmPage page;

    if (!cw_rsm_read(stanza, &rsm, NULL))
        return;
    for (guint total = 0; total < 10; total++) {
        for (guint most = 0; most < 4; most++) {
            if (!cw_rsm_page(&rsm, total, most, find_cb, GUINT_TO_POINTER(total), &page, NULL))
                continue;
            g_assert_cmpuint(page.n, <=, MIN(rsm.max, most == 0 ? G_MAXUINT : most));
            g_assert_cmpuint(page.from, <=, total);
            g_assert_cmpuint(page.n, <=, total - page.from);
        }
    }
}

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size)
{
    static const CwXmlEvents events = {opened_cb, stanza_cb, closed_cb};
    const CwXmlLimits limits = {.stanza_size = 65536, .depth = 16, .attributes = 16};
    g_autoptr(CwXmlParser) parser = cw_xml_parser_new(&limits, &events, NULL);

    if (cw_xml_parser_feed(parser, "<s>", 3, NULL))
        cw_xml_parser_feed(parser, (const char *)data, size, NULL);
    return 0;
}
