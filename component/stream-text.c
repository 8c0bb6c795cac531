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

/* XEP-0249 2: an invitation says all in attributes. */
static const char *const hidden_attrs[] = {"password", "reason"};

static gboolean is_hidden(const char *name, gsize length)
{
    for (guint i = 0; i < G_N_ELEMENTS(hidden_attrs); i++) {
        if (strlen(hidden_attrs[i]) == length && strncmp(hidden_attrs[i], name, length) == 0)
            return TRUE;
    }
    return FALSE;
}

static void outline_node(const CwNode *node, const char *outer_ns, GString *out)
{
    g_string_append_printf(out, "<%s", node->name);
    if (strcmp(node->ns, outer_ns) != 0)
        g_string_append_printf(out, " xmlns='%s'", node->ns);
    for (const CwAttr *attr = node->attrs; attr; attr = attr->next) {
        g_string_append_printf(out, " %s='", attr->name);
        if (is_hidden(attr->name, strlen(attr->name)))
            g_string_append(out, HIDDEN);
        else
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

/* Of our writer: <name a='value' b='value'>, and no ' in a value. */
static void outline_tag(const char *tag, const char *end, GString *out)
{
    while (tag < end) {
        const char *open = memchr(tag, '\'', (gsize)(end - tag));
        const char *close = open ? memchr(open + 1, '\'', (gsize)(end - open - 1)) : NULL;
        const char *name = open ? g_strrstr_len(tag, open - tag, " ") : NULL;
        if (!close) {
            g_string_append_len(out, tag, end - tag);
            return;
        }
        g_string_append_len(out, tag, open + 1 - tag);
        if (name && is_hidden(name + 1, (gsize)(open - name - 2))) /* less the blank and the = */
            g_string_append(out, HIDDEN);
        else
            g_string_append_len(out, open + 1, close - open - 1);
        g_string_append_c(out, '\'');
        tag = close + 1;
    }
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
        outline_tag(tag, close + 1, out);
        written = close + 1;
    }
    return g_string_free(out, FALSE);
}
