/* component/xml-write.c: the writer, which cannot write what is not well-formed XML 1.0
 *
 * Whatever legacy networks send leaves us through here, and one bad byte would cost all users the
 * stream: characters that XML 1.0 2.2 does not know and broken UTF-8 become U+FFFD.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "component/xml.h"

#include <string.h>

#define REPLACEMENT "\xEF\xBF\xBD"

static gboolean is_continuation(guchar byte)
{
    return (byte & 0xC0) == 0x80;
}

/* The length of the character at `text`, of at most `left` bytes, when XML may contain it, else 0;
 * `skip` then says how many bytes one U+FFFD stands for: the longest beginning of a character, so
 * that a cut one is replaced once (Unicode 3.9, "maximal subpart"). */
static gsize read_multibyte(const guchar *text, gsize left, gsize *skip)
{
    guchar lead = text[0];
    gsize length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;

    *skip = 1;
    if (lead < 0xC2 || lead > 0xF4)
        return 0;
    if (left < 2 || !is_continuation(text[1]))
        return 0;
    /* overlong forms, surrogates, beyond U+10FFFF: all are seen at the second byte */
    if ((lead == 0xE0 && text[1] < 0xA0) || (lead == 0xED && text[1] > 0x9F) ||
        (lead == 0xF0 && text[1] < 0x90) || (lead == 0xF4 && text[1] > 0x8F))
        return 0;
    for (gsize i = 2; i < length; i++) {
        *skip = i;
        if (left <= i || !is_continuation(text[i]))
            return 0;
    }
    *skip = length;
    if (lead == 0xEF && text[1] == 0xBF && text[2] >= 0xBE) /* U+FFFE, U+FFFF */
        return 0;
    return length;
}

/* What an ASCII character is written as; NULL: itself.  Text keeps its line ends and tabs, in an
 * attribute they would be read back as spaces (XML 1.0 3.3.3); a raw CR would be read as LF in
 * both (2.11).  '>' is escaped everywhere, so "]]>" cannot come about. */
static const char *ascii_escape(guchar byte, gboolean in_text)
{
    switch (byte) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '"':
        return in_text ? NULL : "&quot;";
    case '\'':
        return in_text ? NULL : "&apos;";
    case '\n':
        return in_text ? NULL : "&#10;";
    case '\t':
        return in_text ? NULL : "&#9;";
    case '\r':
        return "&#13;";
    default:
        return byte < 0x20 ? REPLACEMENT : NULL;
    }
}

/* What ascii_escape() or read_multibyte() must look at. */
static const gboolean is_special[256] = {
    [0 ... 0x1F] = TRUE, ['&'] = TRUE,  ['<'] = TRUE,           ['>'] = TRUE,
    ['"'] = TRUE,        ['\''] = TRUE, [0x80 ... 0xFF] = TRUE,
};

static void escape(GString *out, const char *text, gsize length, gboolean in_text)
{
    const guchar *bytes = (const guchar *)text;
    gsize plain = 0; /* where what can be copied as it is begins */

    for (gsize i = 0; i < length;) {
        const char *instead;
        gsize skip = 1;

        if (!is_special[bytes[i]]) {
            i++;
            continue;
        }
        if (bytes[i] < 0x80) {
            instead = ascii_escape(bytes[i], in_text);
        } else {
            gsize size = read_multibyte(bytes + i, length - i, &skip);

            instead = size ? NULL : REPLACEMENT;
        }
        if (instead) {
            g_string_append_len(out, text + plain, (gssize)(i - plain));
            g_string_append(out, instead);
            plain = i + skip;
        }
        i += skip;
    }
    g_string_append_len(out, text + plain, (gssize)(length - plain));
}

void cw_xml_escape(GString *out, const char *text, gssize length)
{
    escape(out, text, length < 0 ? strlen(text) : (gsize)length, FALSE);
}

/* ---- the writer ---- */

void cw_writer_init(CwWriter *writer, GString *out)
{
    *writer = (CwWriter){.out = out};
}

static void end_start_tag(CwWriter *writer)
{
    if (writer->in_tag)
        g_string_append_c(writer->out, '>');
    writer->in_tag = FALSE;
}

void cw_writer_start(CwWriter *writer, const char *name, const char *ns)
{
    g_return_if_fail(writer->depth < CW_WRITER_DEPTH);

    end_start_tag(writer);
    g_string_append_c(writer->out, '<');
    g_string_append(writer->out, name);
    writer->open[writer->depth++] = name;
    writer->in_tag = TRUE;
    if (ns)
        cw_writer_attr(writer, "xmlns", ns);
}

void cw_writer_attr(CwWriter *writer, const char *name, const char *value)
{
    g_return_if_fail(writer->in_tag);

    if (!value)
        return;
    g_string_append_c(writer->out, ' ');
    g_string_append(writer->out, name);
    g_string_append(writer->out, "='");
    escape(writer->out, value, strlen(value), FALSE);
    g_string_append_c(writer->out, '\'');
}

void cw_writer_text(CwWriter *writer, const char *text)
{
    g_return_if_fail(writer->depth > 0);

    if (!text || !*text)
        return;
    end_start_tag(writer);
    escape(writer->out, text, strlen(text), TRUE);
}

void cw_writer_end(CwWriter *writer)
{
    g_return_if_fail(writer->depth > 0);

    const char *name = writer->open[--writer->depth];
    if (writer->in_tag) {
        g_string_append(writer->out, "/>");
        writer->in_tag = FALSE;
        return;
    }
    g_string_append(writer->out, "</");
    g_string_append(writer->out, name);
    g_string_append_c(writer->out, '>');
}

void cw_writer_leaf(CwWriter *writer, const char *name, const char *ns, const char *text)
{
    cw_writer_start(writer, name, ns);
    cw_writer_text(writer, text);
    cw_writer_end(writer);
}

void cw_writer_init_stanza(CwWriter *writer, GString *out, const char *name, const char *from,
                           const char *to, const char *type, const char *id)
{
    cw_writer_init(writer, out);
    cw_writer_start(writer, name, NULL);
    cw_writer_attr(writer, "type", type);
    cw_writer_attr(writer, "id", id);
    cw_writer_attr(writer, "from", from);
    cw_writer_attr(writer, "to", to);
}
