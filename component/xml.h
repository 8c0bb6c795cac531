/* component/xml.h: the one place that knows expat
 *
 * A push parser that turns the bytes of a stream into a header, stanzas and an end, under limits;
 * and a writer that puts XML straight into a send buffer.  Parsed elements live in an arena that is
 * emptied after each stanza: nothing of a CwNode survives the callback that shows it.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define CW_XML_ERROR (cw_xml_error_quark())
GQuark cw_xml_error_quark(void);

typedef enum {
    CW_XML_ERROR_NOT_WELL_FORMED, /* RFC 6120 4.9.3.13 */
    CW_XML_ERROR_RESTRICTED,      /* DTD, entity, comment, PI: 4.9.3.18 */
    CW_XML_ERROR_LIMIT,           /* the header, or a stanza far over a limit: 4.9.3.14 */
    CW_XML_ERROR_INVALID,         /* text between stanzas, an element that may not be here */
} CwXmlError;

typedef struct CwAttr {
    const char *ns; /* NULL: none */
    const char *name;
    const char *value;
    const struct CwAttr *next;
} CwAttr;

typedef struct CwNode {
    const char *name;
    const char *ns;   /* "" when none */
    const char *text; /* its own character data joined, children's not; "" when none */
    const char *lang; /* xml:lang in force here, or NULL */
    const CwAttr *attrs;
    struct CwNode *parent; /* NULL for a stanza */
    struct CwNode *first_child;
    struct CwNode *next; /* sibling */
} CwNode;

/* (nullable) value of the attribute without namespace */
const char *cw_node_attr(const CwNode *node, const char *name);
/* First child with this name and namespace; NULL for either matches any. */
const CwNode *cw_node_child(const CwNode *node, const char *name, const char *ns);
/* Next sibling of the same kind. */
const CwNode *cw_node_next(const CwNode *node, const char *name, const char *ns);
/* Text of that child, or NULL if there is no such child. */
const char *cw_node_child_text(const CwNode *node, const char *name, const char *ns);
gboolean cw_node_is(const CwNode *node, const char *name, const char *ns);
guint cw_node_n_children(const CwNode *node);

/* A stanza over one of these is read to its end and left out (skipped()); one that is
 * CW_XML_ABSURD times over it ends the stream, and so does a header that is over it. */
typedef struct {
    gsize stanza_size; /* bytes; 0 for each: no limit */
    guint depth;
    guint attributes;
} CwXmlLimits;

#define CW_XML_ABSURD 16

typedef struct {
    void (*opened)(const CwNode *header, gpointer data); /* the stream's start tag, no children */
    void (*stanza)(const CwNode *stanza, gpointer data); /* a complete child of the stream */
    void (*closed)(gpointer data);                       /* its end tag */
    /* A child of the stream was over a limit, and `why` says which.  It has no children, and no
     * attributes when they were the reason. */
    void (*skipped)(const CwNode *stanza, const char *why, gpointer data);
} CwXmlEvents;

typedef struct CwXmlParser CwXmlParser;

CwXmlParser *cw_xml_parser_new(const CwXmlLimits *limits, const CwXmlEvents *events, gpointer data);
void cw_xml_parser_free(CwXmlParser *parser);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CwXmlParser, cw_xml_parser_free)

/* Bytes of the stream, cut anywhere.  FALSE: the stream is broken, `error` of CW_XML_ERROR, and the
 * parser takes no more.  A callback may call cw_xml_parser_stop(): parsing ends behind it; it may
 * not free the parser. */
gboolean cw_xml_parser_feed(CwXmlParser *parser, const char *bytes, gsize length, GError **error);
void cw_xml_parser_stop(CwXmlParser *parser);

/* ---- writing ---- */

#define CW_WRITER_DEPTH 16

/* Writes into `out`, which it does not own.  Names are literals that outlive the writer; text and
 * attribute values are escaped, characters that XML 1.0 forbids and broken UTF-8 become U+FFFD.
 * More than CW_WRITER_DEPTH levels are a programmer's mistake. */
typedef struct {
    GString *out;
    const char *open[CW_WRITER_DEPTH];
    guint depth;
    gboolean in_tag; /* '>' of the newest start tag not yet written */
} CwWriter;

void cw_writer_init(CwWriter *writer, GString *out);
/* The same with the start tag of a stanza; NULL: no such attribute. */
void cw_writer_init_stanza(CwWriter *writer, GString *out, const char *name, const char *from,
                           const char *to, const char *type, const char *id);
void cw_writer_start(CwWriter *writer, const char *name, const char *ns); /* ns NULL: inherited */
void cw_writer_attr(CwWriter *writer, const char *name,
                    const char *value); /* NULL value: nothing */
void cw_writer_text(CwWriter *writer, const char *text);
void cw_writer_end(CwWriter *writer);
/* <name xmlns=ns>text</name>; NULL or "" text: an empty element */
void cw_writer_leaf(CwWriter *writer, const char *name, const char *ns, const char *text);

/* The escape itself, for attributes and text alike. */
void cw_xml_escape(GString *out, const char *text, gssize length);

G_END_DECLS
