/* tests/fuzz/fuzz-disco-info.c: any stanza as the answer to disco#info
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "component/disco-info.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size);

static void opened_cb(const CwNode *header, gpointer data)
{
}

static void closed_cb(gpointer data)
{
}

/* Whoever says the same again, as we would, is known by the same hash. */
static void check_again(const CwNode *stanza, gpointer data)
{
    g_autoptr(CwDiscoInfo) info = cw_disco_info_read(stanza);

    g_assert_true(cw_disco_info_matches(info, "sha-1", data));
}

static void write_again(const CwDiscoInfo *info, char *hash)
{
    static const CwXmlEvents events = {opened_cb, check_again, closed_cb};
    CwXmlLimits limits = {0};
    g_autoptr(CwXmlParser) parser = cw_xml_parser_new(&limits, &events, hash);
    g_autoptr(GString) out = g_string_new("<s>");
    CwWriter writer;

    cw_writer_init(&writer, out);
    cw_writer_start(&writer, "query", CW_NS_DISCO_INFO);
    cw_disco_info_write(info, &writer);
    cw_writer_end(&writer);
    g_assert_true(cw_xml_parser_feed(parser, out->str, out->len, NULL));
}

static gboolean has_more(const CwNode *stanza) /* than we would write */
{
    for (const CwNode *child = stanza->first_child; child != NULL; child = child->next) {
        for (const CwAttr *attr = child->attrs; attr != NULL; attr = attr->next) {
            if (attr->ns != NULL)
                return TRUE;
        }
        if (cw_node_is(child, "x", NULL))
            return TRUE;
    }
    return FALSE;
}

static void stanza_cb(const CwNode *stanza, gpointer data)
{
    g_autoptr(CwDiscoInfo) info = cw_disco_info_read(stanza);
    g_autofree char *hash = cw_disco_info_hash(info);

    g_assert_cmpuint(strlen(hash), ==, 28);
    g_assert_true(cw_disco_info_may_match("sha-1", hash));
    if (cw_disco_info_matches(info, "sha-1", hash) && !has_more(stanza))
        write_again(info, hash);
    cw_disco_info_has(info, "a");
}

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size)
{
    static const CwXmlEvents events = {opened_cb, stanza_cb, closed_cb};
    static const char header[] = "<s xmlns='" CW_NS_DISCO_INFO "' xmlns:d='jabber:x:data'>";
    CwXmlLimits limits = {.stanza_size = 4096, .depth = 16, .attributes = 16};
    g_autoptr(CwXmlParser) parser = cw_xml_parser_new(&limits, &events, NULL);

    cw_xml_parser_feed(parser, header, strlen(header), NULL);
    cw_xml_parser_feed(parser, (const char *)data, size, NULL);
    return 0;
}
