/* protocols/agents/xml.c: XML of others as events
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "protocols/agents/xml.h"

#include <expat.h>
#include <string.h>

#include "protocols/agents/text.h"

#define DEPTH_MOST 64    /* elements in each other */
#define SEPARATOR '\x1f' /* between a namespace and a name */

struct CwXml {
    XML_Parser parser;
    const CwXmlEvents *events;
    gpointer data;
    guint depth;
    char *refused; /* why the document is */
    gboolean has_entities;
};

guint cw_xml_depth(const CwXml *xml)
{
    return xml->depth;
}

void cw_xml_refuse(CwXml *xml, const char *why)
{
    if (xml->refused == NULL)
        xml->refused = g_strdup(why);
    XML_StopParser(xml->parser, XML_FALSE);
}

const char *cw_xml_attribute(const char **attributes, const char *name)
{
    for (; attributes[0] != NULL; attributes += 2) {
        if (g_str_equal(attributes[0], name))
            return attributes[1];
    }
    return NULL;
}

const char *cw_xml_charset(const char *charset)
{
    if (charset == NULL || *charset == '\0' ||
        strspn(charset, G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "._-") != strlen(charset))
        return NULL;
    return g_ascii_strcasecmp(charset, "utf8") == 0 ? "UTF-8" : charset;
}

/* ---- expat's callbacks ---- */

static void start_cb(void *data, const char *whole, const char **attributes)
{
    CwXml *xml = data;
    const char *separator = strchr(whole, SEPARATOR);
    g_autofree char *ns =
        separator == NULL ? g_strdup("") : g_strndup(whole, (gsize)(separator - whole));

    xml->depth++;
    if (xml->depth > DEPTH_MOST)
        cw_xml_refuse(xml, "too many elements in each other");
    else
        xml->events->start(xml, ns, separator == NULL ? whole : separator + 1, attributes,
                           xml->data);
}

static void end_cb(void *data, const char *name)
{
    CwXml *xml = data;

    if (xml->refused == NULL)
        xml->events->end(xml, xml->data);
    xml->depth--;
}

static void text_cb(void *data, const char *text, int length)
{
    CwXml *xml = data;

    xml->events->text(text, (gsize)length, xml->data);
}

/* XML_UseForeignDTD(): what is not declared comes here. */
static void skipped_cb(void *data, const char *name, int is_parameter)
{
    CwXml *xml = data;
    gunichar character = is_parameter ? 0 : cw_text_entity(name, strlen(name));
    char text[6];

    if (character != 0)
        xml->events->text(text, (gsize)g_unichar_to_utf8(character, text), xml->data);
}

static void entity_cb(void *data, const char *name, int is_parameter, const char *value, int length,
                      const char *base, const char *system, const char *public_id,
                      const char *notation)
{
    CwXml *xml = data;

    xml->has_entities = TRUE;
    cw_xml_refuse(xml, "it declares entities");
}

/* Encodings that expat does not know: those of one byte a character. */
static int encoding_cb(void *data, const char *name, XML_Encoding *info)
{
    for (int byte = 0; byte < 256; byte++) {
        char in = (char)byte;
        g_autofree char *out = g_convert(&in, 1, "UTF-8", name, NULL, NULL, NULL);
        info->map[byte] =
            out == NULL || *out == '\0' ? (byte == 0 ? 0 : -1) : (int)g_utf8_get_char(out);
    }
    info->data = NULL;
    info->convert = NULL;
    info->release = NULL;
    for (int byte = 'a'; byte <= 'z'; byte++) { /* one of another family */
        if (info->map[byte] != byte)
            return XML_STATUS_ERROR;
    }
    return XML_STATUS_OK;
}

/* ---- the whole ---- */

static void skip_white_space(const char **data, gsize *length)
{
    while (*length > 0 && strchr(" \t\r\n", **data) != NULL && **data != '\0') {
        (*data)++;
        (*length)--;
    }
}

static XML_Parser new_parser(CwXml *xml, const char *charset)
{
    XML_Parser parser = XML_ParserCreateNS(charset, SEPARATOR);

    XML_SetUserData(parser, xml);
    XML_SetElementHandler(parser, start_cb, end_cb);
    XML_SetCharacterDataHandler(parser, text_cb);
    XML_SetSkippedEntityHandler(parser, skipped_cb);
    XML_SetEntityDeclHandler(parser, entity_cb);
    XML_SetUnknownEncodingHandler(parser, encoding_cb, NULL);
    XML_SetParamEntityParsing(parser, XML_PARAM_ENTITY_PARSING_NEVER);
    XML_UseForeignDTD(parser, XML_TRUE);
    return parser;
}

gboolean cw_xml_read(const char *data, gsize length, const char *charset, const CwXmlEvents *events,
                     gpointer data_of_events, GError **error)
{
    CwXml xml = {.events = events, .data = data_of_events};

    skip_white_space(&data, &length);
    xml.parser = new_parser(&xml, charset);
    gboolean whole = XML_Parse(xml.parser, data, (int)length, XML_TRUE) == XML_STATUS_OK;
    if (xml.refused != NULL)
        g_set_error(error, CW_AGENT_ERROR,
                    xml.has_entities ? CW_AGENT_ERROR_ENTITIES : CW_AGENT_ERROR_NAME, "%s",
                    xml.refused);
    else if (!whole)
        g_set_error(error, CW_AGENT_ERROR, CW_AGENT_ERROR_NAME, "line %lu: %s",
                    XML_GetCurrentLineNumber(xml.parser),
                    XML_ErrorString(XML_GetErrorCode(xml.parser)));
    gboolean good = whole && xml.refused == NULL;
    XML_ParserFree(xml.parser);
    g_free(xml.refused);
    return good;
}
