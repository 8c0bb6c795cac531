/* component/xml.c: the stream parser, on expat
 *
 * Level 0 is the stream's header, level 1 a stanza; a stanza's nodes are built in the arena as
 * expat reports them and go to the owner at its end tag.  What RFC 6120 11.1 forbids ends the
 * stream at the first byte that shows it: a DTD is refused at its name, before an entity can be
 * declared.
 *
 * A stanza over a limit is its sender's fault, and the stream is everybody's: the rest of it is
 * read and not kept, up to a size, depth or number that no honest server lets through.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "component/xml.h"

#include <expat.h>
#include <string.h>

#include "transport/arena.h"

/* Debian 12 carries the deferral (and this switch) in a patched 2.5.0, older libraries have
 * neither; the version does not tell, so the symbol itself is asked, at run time.  Without the
 * deferral a long tag is looked at again at each read; the limit on a stanza's size bounds that. */
#pragma weak XML_SetReparseDeferralEnabled
extern XML_Bool XML_SetReparseDeferralEnabled(XML_Parser parser, XML_Bool enabled);

#define SEPARATOR '\x1F' /* between namespace and name; XML cannot contain it */
#define NS_XML "http://www.w3.org/XML/1998/namespace"

/* expat reads with an int; a slice keeps a huge feed from being looked at behind its limit, too. */
#define SLICE 65536

/* Character data comes in pieces, a line or an entity each.  They are joined where they stand as
 * long as nothing comes between, else chained, and made one string at the end tag. */
typedef struct Piece {
    struct Piece *next;
    gsize length;
    char bytes[];
} Piece;

/* What the parser knows of an element and the owner need not. */
typedef struct {
    CwNode node; /* first: a CwNode of ours is a Building */
    CwNode *last_child;
    Piece *first_piece;
    Piece *last_piece;
    gsize text_length;
} Building;

struct CwXmlParser {
    XML_Parser expat;
    CwArena *arena;
    CwXmlLimits limits;
    const CwXmlEvents *events;
    gpointer data;

    guint level;        /* open elements, the stream's own included */
    Building *current;  /* the innermost open element of the stanza; NULL between stanzas */
    char *stream_lang;  /* xml:lang of the header */
    guint declarations; /* xmlns of the start tag that is being read */
    guint64 fed;        /* bytes so far */
    guint64 begun;      /* where the stanza (or what may become one) begins */
    char *skipping;     /* this stanza is left out, and why; NULL: it is not */
    gboolean in_feed;
    gboolean stopped; /* by the owner, by an error, or by the end of the stream */
    GError *error;
};

G_DEFINE_QUARK(cw - xml - error - quark, cw_xml_error)

G_GNUC_PRINTF(3, 4)
static void fail(CwXmlParser *parser, CwXmlError code, const char *format, ...)
{
    if (!parser->error && !parser->stopped) {
        va_list arguments;

        va_start(arguments, format);
        parser->error = g_error_new_valist(CW_XML_ERROR, (gint)code, format, arguments);
        va_end(arguments);
    }
    cw_xml_parser_stop(parser);
}

static guint64 position(CwXmlParser *parser)
{
    return (guint64)XML_GetCurrentByteIndex(parser->expat);
}

static guint64 position_behind(CwXmlParser *parser)
{
    return position(parser) + (guint64)XML_GetCurrentByteCount(parser->expat);
}

/* ---- limits ---- */

/* What was kept of the stanza but its own attributes goes; its memory does so at its end. */
G_GNUC_PRINTF(2, 3)
static void skip(CwXmlParser *parser, const char *format, ...)
{
    Building *stanza = parser->current;
    va_list arguments;

    va_start(arguments, format);
    parser->skipping = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    while (stanza && stanza->node.parent)
        stanza = (Building *)stanza->node.parent;
    if (stanza)
        stanza->node.first_child = NULL;
    parser->current = stanza;
}

static gboolean is_over(const CwXmlParser *parser, guint64 end)
{
    return parser->limits.stanza_size > 0 && end - parser->begun > parser->limits.stanza_size;
}

/* FALSE: the stream ends here. */
static gboolean check_size(CwXmlParser *parser, guint64 end)
{
    guint64 size = end - parser->begun, most = parser->limits.stanza_size;

    if (!is_over(parser, end))
        return TRUE;
    if (parser->level == 0)
        fail(parser, CW_XML_ERROR_LIMIT,
             "the stream's header is larger than %" G_GUINT64_FORMAT " bytes", most);
    else if (size > most * CW_XML_ABSURD)
        fail(parser, CW_XML_ERROR_LIMIT, "a stanza is larger than %" G_GUINT64_FORMAT " bytes",
             most * CW_XML_ABSURD);
    else if (!parser->skipping && parser->level > 1)
        skip(parser, "it is larger than %" G_GUINT64_FORMAT " bytes", most);
    return !parser->stopped;
}

static gboolean check_depth(CwXmlParser *parser)
{
    guint most = parser->limits.depth;

    /* the stream itself is no level of its stanzas */
    if (most == 0 || parser->level <= most)
        return TRUE;
    if (parser->level / CW_XML_ABSURD >= most)
        fail(parser, CW_XML_ERROR_LIMIT, "a stanza is nested deeper than %u levels",
             most * CW_XML_ABSURD);
    else if (!parser->skipping)
        skip(parser, "it is nested deeper than %u levels", most);
    return !parser->stopped;
}

static gboolean check_attributes(CwXmlParser *parser, guint attributes)
{
    guint most = parser->limits.attributes;

    if (most == 0 || attributes <= most)
        return TRUE;
    if (parser->level == 0 || attributes / CW_XML_ABSURD >= most)
        fail(parser, CW_XML_ERROR_LIMIT, "an element has more than %u attributes",
             parser->level == 0 ? most : most * CW_XML_ABSURD);
    else if (!parser->skipping)
        skip(parser, "it has an element with more than %u attributes", most);
    return !parser->stopped;
}

/* ---- elements ---- */

static const char *copy_string(CwXmlParser *parser, const char *text)
{
    return *text ? cw_arena_strndup(parser->arena, text, strlen(text)) : "";
}

/* "ns\x1Fname" or "name"; `known` (nullable) is a namespace that it will often be. */
static const char *split_name(CwXmlParser *parser, const char *full, const char *known,
                              const char **ns)
{
    const char *separator = strchr(full, SEPARATOR);

    if (!separator) {
        *ns = "";
        return copy_string(parser, full);
    }

    gsize length = (gsize)(separator - full);
    if (known && strncmp(known, full, length) == 0 && known[length] == '\0')
        *ns = known;
    else
        *ns = cw_arena_strndup(parser->arena, full, length);
    return copy_string(parser, separator + 1);
}

static void add_attributes(CwXmlParser *parser, CwNode *node, const char **pairs)
{
    CwAttr *last = NULL;

    for (; pairs[0]; pairs += 2) {
        CwAttr *attr = cw_arena_new_object(parser->arena, CwAttr);

        attr->name = split_name(parser, pairs[0], NS_XML, &attr->ns);
        if (!*attr->ns)
            attr->ns = NULL;
        attr->value = copy_string(parser, pairs[1]);
        if (last)
            last->next = attr;
        else
            node->attrs = attr;
        last = attr;

        /* XML 1.0 2.12: an empty value says that the language is not known */
        if (attr->ns && strcmp(attr->name, "lang") == 0 && strcmp(attr->ns, NS_XML) == 0)
            node->lang = *attr->value ? attr->value : NULL;
    }
}

static guint count_attributes(const char **pairs)
{
    guint count = 0;

    while (pairs[2 * count])
        count++;
    return count;
}

/* (nullable) NULL: the stanza is left out, and this element is not the stanza itself. */
static Building *build(CwXmlParser *parser, const XML_Char *name, const XML_Char **pairs)
{
    Building *parent = parser->current;

    if (parser->skipping && parent)
        return NULL;
    Building *building = cw_arena_new_object(parser->arena, Building);
    CwNode *node = &building->node;

    node->name = split_name(parser, name, parent ? parent->node.ns : NULL, &node->ns);
    node->text = "";
    node->lang = parent ? parent->node.lang : parser->stream_lang;
    if (!parser->skipping)
        add_attributes(parser, node, pairs);
    return building;
}

static void start_element_cb(void *data, const XML_Char *name, const XML_Char **pairs)
{
    CwXmlParser *parser = data;
    Building *parent = parser->current;
    guint attributes = count_attributes(pairs) + parser->declarations;

    parser->declarations = 0;
    if (parser->stopped)
        return;
    if (parser->level == 1)
        parser->begun = position(parser);
    if (!check_attributes(parser, attributes) || !check_depth(parser) ||
        !check_size(parser, position_behind(parser)))
        return;
    if (parser->level == 1 && !parser->skipping && is_over(parser, position_behind(parser)))
        skip(parser, "its start tag alone is too large");

    Building *building = build(parser, name, pairs);
    if (parser->level++ == 0) {
        g_free(parser->stream_lang);
        parser->stream_lang = g_strdup(building->node.lang);
        parser->events->opened(&building->node, parser->data);
        cw_arena_reset(parser->arena);
        parser->begun = position_behind(parser);
        return;
    }
    if (!building)
        return;
    if (parent) {
        CwNode *node = &building->node;
        node->parent = &parent->node;
        if (parent->last_child)
            parent->last_child->next = node;
        else
            parent->node.first_child = node;
        parent->last_child = node;
    }
    parser->current = building;
}

static void start_namespace_cb(void *data, const XML_Char *prefix, const XML_Char *uri)
{
    CwXmlParser *parser = data;

    parser->declarations++;
}

static void join_text(CwXmlParser *parser, Building *building)
{
    Piece *piece = building->first_piece;

    if (!piece)
        return;
    if (!piece->next && cw_arena_extend(parser->arena, piece, sizeof(Piece) + piece->length, 1)) {
        piece->bytes[piece->length] = '\0';
        building->node.text = piece->bytes;
        return;
    }

    char *text = cw_arena_alloc(parser->arena, building->text_length + 1);
    building->node.text = text;
    for (; piece; piece = piece->next) {
        memcpy(text, piece->bytes, piece->length);
        text += piece->length;
    }
}

static void finish_stanza(CwXmlParser *parser, const CwNode *stanza)
{
    g_autofree char *why = g_steal_pointer(&parser->skipping);

    parser->current = NULL;
    if (!why)
        parser->events->stanza(stanza, parser->data);
    else if (parser->events->skipped)
        parser->events->skipped(stanza, why, parser->data);
    cw_arena_reset(parser->arena);
    parser->begun = position_behind(parser);
}

static void end_element_cb(void *data, const XML_Char *name)
{
    CwXmlParser *parser = data;

    if (parser->stopped || (parser->level > 1 && !check_size(parser, position_behind(parser))))
        return;
    if (--parser->level == 0) {
        parser->events->closed(parser->data);
        cw_xml_parser_stop(parser);
        return;
    }
    if (parser->skipping && parser->level > 1)
        return;

    Building *building = parser->current;
    if (!parser->skipping) {
        join_text(parser, building);
        parser->current = (Building *)building->node.parent;
        if (parser->current)
            return;
    }
    finish_stanza(parser, &building->node);
}

/* ---- what stands between tags ---- */

static void text_cb(void *data, const XML_Char *text, int length)
{
    CwXmlParser *parser = data;
    Building *building = parser->current;
    gsize size = (gsize)length;

    if (parser->stopped)
        return;
    if (!building) {
        /* Whitespace keeps a connection alive (RFC 6120 4.6.1) and belongs to no stanza. */
        for (gsize i = 0; i < size; i++)
            if (!strchr(" \t\r\n", text[i])) {
                fail(parser, CW_XML_ERROR_INVALID, "text between stanzas");
                return;
            }
        parser->begun = position_behind(parser);
        return;
    }
    if (!check_size(parser, position_behind(parser)) || parser->skipping)
        return;

    Piece *piece = building->last_piece;
    if (!piece || !cw_arena_extend(parser->arena, piece, sizeof(Piece) + piece->length, size)) {
        piece = cw_arena_alloc(parser->arena, sizeof(Piece) + size);
        if (building->last_piece)
            building->last_piece->next = piece;
        else
            building->first_piece = piece;
        building->last_piece = piece;
    }
    memcpy(piece->bytes + piece->length, text, size);
    piece->length += size;
    building->text_length += size;
}

static void doctype_cb(void *data, const XML_Char *name, const XML_Char *system,
                       const XML_Char *public, int has_subset)
{
    fail(data, CW_XML_ERROR_RESTRICTED, "a document type declaration");
}

static void comment_cb(void *data, const XML_Char *text)
{
    fail(data, CW_XML_ERROR_RESTRICTED, "a comment");
}

static void instruction_cb(void *data, const XML_Char *target, const XML_Char *text)
{
    fail(data, CW_XML_ERROR_RESTRICTED, "a processing instruction");
}

/* ---- the parser ---- */

CwXmlParser *cw_xml_parser_new(const CwXmlLimits *limits, const CwXmlEvents *events, gpointer data)
{
    CwXmlParser *parser = g_new0(CwXmlParser, 1);

    parser->limits = *limits;
    parser->events = events;
    parser->data = data;
    parser->arena = cw_arena_new();

    /* RFC 6120 11.6: UTF-8, whatever a declaration says */
    parser->expat = XML_ParserCreateNS("UTF-8", SEPARATOR);
    if (!parser->expat)
        g_error("out of memory"); /* as GLib's own allocator does */
    if (XML_SetReparseDeferralEnabled)
        XML_SetReparseDeferralEnabled(parser->expat, XML_FALSE);
    XML_SetUserData(parser->expat, parser);
    XML_SetElementHandler(parser->expat, start_element_cb, end_element_cb);
    XML_SetStartNamespaceDeclHandler(parser->expat, start_namespace_cb);
    XML_SetCharacterDataHandler(parser->expat, text_cb);
    XML_SetStartDoctypeDeclHandler(parser->expat, doctype_cb);
    XML_SetCommentHandler(parser->expat, comment_cb);
    XML_SetProcessingInstructionHandler(parser->expat, instruction_cb);
    return parser;
}

void cw_xml_parser_free(CwXmlParser *parser)
{
    if (!parser)
        return;
    g_return_if_fail(!parser->in_feed);
    XML_ParserFree(parser->expat);
    cw_arena_free(parser->arena);
    g_free(parser->stream_lang);
    g_free(parser->skipping);
    g_clear_error(&parser->error);
    g_free(parser);
}

void cw_xml_parser_stop(CwXmlParser *parser)
{
    if (!parser->stopped && parser->in_feed)
        XML_StopParser(parser->expat, XML_FALSE);
    parser->stopped = TRUE;
}

/* Inside the stream, where a DTD cannot stand, expat knows "<!DOCTYPE" only as a syntax error; the
 * peer is told the same as at the start. */
static gboolean is_declaration(CwXmlParser *parser)
{
    int offset = 0, size = 0;
    const char *context = XML_GetInputContext(parser->expat, &offset, &size);

    return context && offset >= 2 && offset <= size && memcmp(context + offset - 2, "<!", 2) == 0;
}

static void fail_as_expat(CwXmlParser *parser)
{
    enum XML_Error code = XML_GetErrorCode(parser->expat);

    if (code == XML_ERROR_UNDEFINED_ENTITY)
        fail(parser, CW_XML_ERROR_RESTRICTED, "an entity that XML does not predefine");
    else if (code == XML_ERROR_INVALID_TOKEN && is_declaration(parser))
        fail(parser, CW_XML_ERROR_RESTRICTED, "a declaration");
    else
        fail(parser, CW_XML_ERROR_NOT_WELL_FORMED, "not well-formed: %s", XML_ErrorString(code));
}

static void feed_slice(CwXmlParser *parser, const char *bytes, int length)
{
    parser->fed += (guint64)length;
    parser->in_feed = TRUE;
    if (XML_Parse(parser->expat, bytes, length, XML_FALSE) == XML_STATUS_ERROR && !parser->stopped)
        fail_as_expat(parser);
    parser->in_feed = FALSE;
    if (!parser->stopped)
        check_size(parser, parser->fed);
}

/* Not past the first byte that ends the stream, or what lies behind it would decide what is wrong
 * when it all comes at once. */
static gsize size_of_slice(CwXmlParser *parser)
{
    guint64 most = parser->limits.stanza_size * (parser->level == 0 ? 1 : CW_XML_ABSURD);

    if (most == 0)
        return SLICE;
    return (gsize)MIN(parser->begun + most + 1 - parser->fed, SLICE);
}

gboolean cw_xml_parser_feed(CwXmlParser *parser, const char *bytes, gsize length, GError **error)
{
    g_return_val_if_fail(!parser->in_feed, FALSE);

    /* expat takes the zeroes in front for UTF-16, whatever encoding it is told (RFC 6120 11.6) */
    const char *zero = length ? memchr(bytes, '\0', length) : NULL;
    const char *end = zero ? zero : bytes + length;

    while (bytes < end && !parser->stopped) {
        gsize slice = MIN((gsize)(end - bytes), size_of_slice(parser));

        feed_slice(parser, bytes, (int)slice);
        bytes += slice;
    }
    if (zero && !parser->stopped)
        fail(parser, CW_XML_ERROR_NOT_WELL_FORMED, "not well-formed: a zero byte");
    if (!parser->error)
        return TRUE;
    if (error)
        *error = g_error_copy(parser->error);
    return FALSE;
}
