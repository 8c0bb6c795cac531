/* tests/unit/component/test-rsm.c: pages of lists
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "component/rsm.h"

#include <string.h>

#include "component/stanza-error.h"

/* What a <set/> with this in it asks of ten items, "0" to "9", at most four on a page: "3 4 5+",
 * with the "+" if there is more; or the problem. */
typedef struct {
    guint total;
    char *said;
} Asked;

static gint64 find_cb(const char *id, gpointer data)
{
    const Asked *asked = data;
    guint64 n;

    return g_ascii_string_to_unsigned(id, 10, 0, asked->total - 1, &n, NULL) ? (gint64)n : -1;
}

static char *say(const CwNode *stanza, Asked *asked)
{
    g_autoptr(GError) error = NULL;
    CwRsm rsm;
    CwRsmPage page = {0};

    if (!cw_rsm_read(stanza, &rsm, &error) ||
        !cw_rsm_page(&rsm, asked->total, 4, find_cb, asked, &page, &error))
        return g_strdup(error->code == CW_STANZA_BAD_REQUEST      ? "bad-request"
                        : error->code == CW_STANZA_ITEM_NOT_FOUND ? "item-not-found"
                                                                  : "?");
    GString *said = g_string_new(NULL);
    for (guint i = 0; i < page.n; i++)
        g_string_append_printf(said, "%s%u", i ? " " : "", page.from + i);
    return g_string_free(g_string_append(said, page.complete ? "" : "+"), FALSE);
}

static void opened_cb(const CwNode *header, gpointer data)
{
}

static void stanza_cb(const CwNode *stanza, gpointer data)
{
    Asked *asked = data;

    asked->said = say(stanza, asked);
}

static void closed_cb(gpointer data)
{
}

static void assert_page(guint total, const char *inner, const char *expected)
{
    static const CwXmlEvents events = {opened_cb, stanza_cb, closed_cb};
    CwXmlLimits limits = {0};
    Asked asked = {total, NULL};
    g_autoptr(CwXmlParser) parser = cw_xml_parser_new(&limits, &events, &asked);
    g_autofree char *text =
        inner == NULL
            ? g_strdup("<s><query/>")
            : g_strdup_printf("<s><query><set xmlns='" CW_NS_RSM "'>%s</set></query>", inner);

    g_assert_true(cw_xml_parser_feed(parser, text, strlen(text), NULL));
    g_assert_cmpstr(asked.said, ==, expected);
    g_free(asked.said);
}

static void page__is__what_is_asked_for(void)
{
    assert_page(10, NULL, "0 1 2 3+");
    assert_page(10, "", "0 1 2 3+");
    assert_page(3, NULL, "0 1 2");
    assert_page(4, "<max>4</max>", "0 1 2 3");
    assert_page(10, "<max>2</max>", "0 1+");
    assert_page(10, "<max>100</max>", "0 1 2 3+"); /* no more than we want to */
    assert_page(10, "<max>2</max><after>1</after>", "2 3+");
    assert_page(10, "<max>2</max><after>7</after>", "8 9");
    assert_page(10, "<max>2</max><after>9</after>", "");
    assert_page(10, "<max>2</max><before>8</before>", "6 7+");
    assert_page(10, "<max>2</max><before>2</before>", "0 1");
    assert_page(10, "<max>2</max><before>0</before>", "");
    assert_page(10, "<max>3</max><before/>", "7 8 9+");
    assert_page(10, "<before></before>", "6 7 8 9+");
    assert_page(2, "<max>3</max><before/>", "0 1");
    assert_page(10, "<max>2</max><index>5</index>", "5 6+");
    assert_page(10, "<index>8</index>", "8 9");
}

static void page__is_empty__without_items_or_place(void)
{
    assert_page(0, NULL, "");
    assert_page(0, "<max>3</max><before/>", "");
    assert_page(0, "<index>0</index>", "");
    assert_page(10, "<max>0</max>", "+"); /* only how many there are */
    assert_page(0, "<max>0</max>", "");
}

static void page__stays__between_both(void)
{
    assert_page(10, "<after>2</after><before>5</before>", "3 4");
    assert_page(10, "<max>1</max><after>2</after><before>5</before>", "4+");
    assert_page(10, "<after>5</after><before>2</before>", "");
    assert_page(10, "<index>7</index><before>2</before>", "");
}

static void rsm__refuses__what_is_not_there(void)
{
    assert_page(10, "<after>10</after>", "item-not-found");
    assert_page(10, "<before>x</before>", "item-not-found");
    assert_page(10, "<after></after>", "item-not-found");
    assert_page(10, "<index>10</index>", "item-not-found");
    static const char *const numbers[] = {"", "-1", "x", "1.5", " 1", "99999999999999999999"};
    for (guint i = 0; i < G_N_ELEMENTS(numbers); i++) {
        g_autofree char *max = g_strdup_printf("<max>%s</max>", numbers[i]);
        g_autofree char *index = g_strdup_printf("<index>%s</index>", numbers[i]);
        assert_page(10, max, "bad-request");
        assert_page(10, index, "bad-request");
    }
}

static void assert_written(const char *first, const char *last, gint64 index, gint64 count,
                           const char *expected)
{
    g_autoptr(GString) out = g_string_new(NULL);
    g_autofree char *whole = g_strdup_printf("<set xmlns='" CW_NS_RSM "'%s", expected);
    CwWriter writer;

    cw_writer_init(&writer, out);
    cw_rsm_write(&writer, first, last, index, count);
    g_assert_cmpstr(out->str, ==, whole);
}

static void rsm_write__says__what_is_known(void)
{
    assert_written("a", "c", 3, 20,
                   "><first index='3'>a</first><last>c</last><count>20</count></set>");
    assert_written("a", "a", -1, -1, "><first>a</first><last>a</last></set>");
    assert_written(NULL, NULL, -1, 7, "><count>7</count></set>");
    assert_written(NULL, NULL, -1, -1, "/>");
    assert_written("<", "&", 0, 0,
                   "><first index='0'>&lt;</first><last>&amp;</last><count>0</count></set>");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define ADD(name) g_test_add_func("/rsm/" #name, name)
    ADD(page__is__what_is_asked_for);
    ADD(page__is_empty__without_items_or_place);
    ADD(page__stays__between_both);
    ADD(rsm__refuses__what_is_not_there);
    ADD(rsm_write__says__what_is_known);
    return g_test_run();
}
