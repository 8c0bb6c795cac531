/* component/stream-text.c: addresses, log texts and traces of a stream
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "component/stream-text.h"

#include <gio/gio.h>
#include <string.h>

#include "component/stream.h"

#define LOG_TEXT_MAX 200
#define HIDDEN "\xE2\x80\xA6" /* … */

char *cw_stream_digest(const char *id, const char *secret)
{
    g_autoptr(GChecksum) checksum = g_checksum_new(G_CHECKSUM_SHA1);

    g_checksum_update(checksum, (const guchar *)id, (gssize)strlen(id));
    g_checksum_update(checksum, (const guchar *)secret, (gssize)strlen(secret));
    return g_strdup(g_checksum_get_string(checksum));
}

gboolean cw_stream_is_from(const char *address, const char *domain)
{
    gsize bare = strcspn(address, "/");
    const char *at = memchr(address, '@', bare);
    const char *found = at ? at + 1 : address;
    gsize length = bare - (gsize)(found - address);

    return length > 0 && at != address && strlen(domain) == length &&
           strncmp(found, domain, length) == 0;
}

const char *cw_stream_ping_target(const char *domain)
{
    const char *dot = strchr(domain, '.');

    return dot && dot[1] ? dot + 1 : domain;
}

/* ---- for logs ---- */

static void make_one_line(char *text)
{
    for (char *c = text; *c; c++)
        if ((guchar)*c < 0x20 || *c == 0x7F)
            *c = ' ';
}

char *cw_stream_presentable(const char *text, const char *const *secrets)
{
    for (; *secrets; secrets++)
        if (**secrets && strstr(text, *secrets))
            return g_strdup("(not shown)");

    gsize length = strnlen(text, LOG_TEXT_MAX + 1);
    char *valid = g_utf8_make_valid(text, (gssize)MIN(length, LOG_TEXT_MAX));

    make_one_line(valid);
    return valid;
}

/* ---- for traces ---- */

static void outline_node(const CwNode *node, const char *outer_ns, GString *out)
{
    g_string_append_printf(out, "<%s", node->name);
    if (strcmp(node->ns, outer_ns) != 0)
        g_string_append_printf(out, " xmlns='%s'", node->ns);
    for (const CwAttr *attr = node->attrs; attr; attr = attr->next) {
        g_string_append_printf(out, " %s='", attr->name);
        cw_xml_escape(out, attr->value, -1);
        g_string_append_c(out, '\'');
    }
    if (!*node->text && !node->first_child) {
        g_string_append(out, "/>");
        return;
    }
    g_string_append_c(out, '>');
    if (*node->text)
        g_string_append(out, HIDDEN);
    for (const CwNode *child = node->first_child; child; child = child->next)
        outline_node(child, node->ns, out);
    g_string_append_printf(out, "</%s>", node->name);
}

char *cw_stream_outline_node(const CwNode *stanza)
{
    GString *out = g_string_new(NULL);

    outline_node(stanza, stanza->ns, out);
    return g_string_free(out, FALSE);
}

char *cw_stream_outline_text(const char *written, gsize length)
{
    GString *out = g_string_new(NULL);
    const char *end = written + length;

    /* Our writer leaves no '<' or '>' but those of tags. */
    while (written < end) {
        const char *tag = memchr(written, '<', (gsize)(end - written));
        if (tag != written)
            g_string_append(out, HIDDEN);
        if (!tag)
            break;
        const char *close = memchr(tag, '>', (gsize)(end - tag));
        if (!close)
            break;
        g_string_append_len(out, tag, close + 1 - tag);
        written = close + 1;
    }
    return g_string_free(out, FALSE);
}
