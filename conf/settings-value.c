/* conf/settings-value.c: the shapes that values of settings have
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "conf/settings-value.h"

#include <arpa/inet.h>
#include <string.h>

static gboolean is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* Only white space, or white space and a comment? */
static gboolean is_tail(const char *text)
{
    const char *p = text;
    while (is_blank(*p))
        p++;
    return *p == '\0' || (*p == '#' && p > text);
}

char *cw_value_clean(const char *raw)
{
    const char *start = raw;
    while (is_blank(*start))
        start++;

    if (*start == '"') {
        for (const char *end = start + 1; *end; end++)
            if (*end == '"' && is_tail(end + 1))
                return g_strndup(start + 1, (gsize)(end - start - 1));
        return NULL;
    }

    const char *end = start;
    while (*end && !(*end == '#' && (end == start || is_blank(end[-1]))))
        end++;
    while (end > start && is_blank(end[-1]))
        end--;
    return g_strndup(start, (gsize)(end - start));
}

gboolean cw_value_boolean(const char *text, gboolean *value)
{
    static const struct {
        const char *word;
        gboolean value;
    } words[] = {
        {"true", TRUE}, {"false", FALSE}, {"yes", TRUE}, {"no", FALSE},
        {"on", TRUE},   {"off", FALSE},   {"1", TRUE},   {"0", FALSE},
    };
    for (guint i = 0; i < G_N_ELEMENTS(words); i++) {
        if (g_ascii_strcasecmp(text, words[i].word) == 0) {
            *value = words[i].value;
            return TRUE;
        }
    }
    return FALSE;
}

gboolean cw_value_number(const char *text, guint *value)
{
    guint64 number;
    if (!g_ascii_string_to_unsigned(text, 10, 0, G_MAXUINT, &number, NULL))
        return FALSE;
    *value = (guint)number;
    return TRUE;
}

/* "12.5 m" -> 12.5 and "m".  Not g_ascii_strtod() alone: it takes "0x1p3", "inf" and "nan". */
static gboolean split_unit(const char *text, double *number, const char **unit)
{
    gsize digits = strspn(text, "0123456789");
    gsize length = digits;
    if (text[length] == '.') {
        gsize fraction = strspn(text + length + 1, "0123456789");
        if (fraction == 0)
            return FALSE;
        length += 1 + fraction;
    }
    if (digits == 0 || length > 32)
        return FALSE;

    g_autofree char *figures = g_strndup(text, length);
    *number = g_ascii_strtod(figures, NULL);
    *unit = text + length;
    while (is_blank(**unit))
        (*unit)++;
    return TRUE;
}

typedef struct {
    const char *name;
    double factor;
} Unit;

static gboolean number_with_unit(const char *text, const Unit *units, guint *value)
{
    double number;
    const char *name;
    if (!split_unit(text, &number, &name))
        return FALSE;
    for (const Unit *unit = units; unit->name; unit++) {
        if (!g_str_equal(unit->name, name))
            continue;
        double result = number * unit->factor + 0.5;
        if (result >= (double)G_MAXUINT)
            return FALSE;
        *value = (guint)result;
        return TRUE;
    }
    return FALSE;
}

gboolean cw_value_bytes(const char *text, guint *value)
{
    static const Unit units[] = {
        {"", 1},          {"K", 1024},         {"KiB", 1024},         {"M", 1048576},
        {"MiB", 1048576}, {"G", 1073741824.0}, {"GiB", 1073741824.0}, {NULL},
    };
    return number_with_unit(text, units, value);
}

gboolean cw_value_time(const char *text, guint *value)
{
    static const Unit units[] = {
        {"", 1000}, {"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}, {NULL},
    };
    return number_with_unit(text, units, value);
}

char **cw_value_list(const char *text)
{
    g_auto(GStrv) parts = g_strsplit_set(text, ";,", -1);
    g_autoptr(GStrvBuilder) list = g_strv_builder_new();
    for (char **part = parts; *part; part++)
        if (*g_strstrip(*part))
            g_strv_builder_add(list, *part);
    return g_strv_builder_end(list);
}

/* RFC 1123 2.1, with '_', which servers on private networks use. */
static gboolean is_ascii_domain(const char *text, gboolean dots)
{
    gsize label = 0;
    gboolean has_dot = FALSE;
    for (const char *p = text;; p++) {
        if (*p == '.' || *p == '\0') {
            if (label == 0 || label > 63 || p[-1] == '-' || *(p - label) == '-')
                return FALSE;
            label = 0;
            if (*p == '\0')
                break;
            has_dot = TRUE;
        } else if (g_ascii_isalnum(*p) || *p == '-' || *p == '_') {
            label++;
        } else {
            return FALSE;
        }
    }
    return strlen(text) <= 253 && (has_dot || !dots) && !g_hostname_is_ip_address(text);
}

char *cw_value_domain(const char *text, gboolean dots)
{
    if (g_str_is_ascii(text))
        return is_ascii_domain(text, dots) ? g_ascii_strdown(text, -1) : NULL;

    g_autofree char *ascii = g_hostname_to_ascii(text);
    if (!ascii || !is_ascii_domain(ascii, dots))
        return NULL;
    return g_hostname_to_unicode(ascii);
}

/* RFC 6122 A.5: what no local part may hold. */
static gboolean is_local_part(const char *text)
{
    return *text && strlen(text) <= 1023 && !strpbrk(text, " \t\"&'/:<>@");
}

char *cw_value_address(const char *text)
{
    if (g_str_equal(text, "*"))
        return g_strdup(text);

    const char *at = strchr(text, '@');
    g_autofree char *domain = cw_value_domain(at ? at + 1 : text, FALSE);
    if (!domain || !at)
        return g_steal_pointer(&domain);

    /* What nodeprep makes of it in all but rare characters; the exact form is libidn's, which is
     * not ours to use here. */
    g_autofree char *raw = g_strndup(text, (gsize)(at - text));
    g_autofree char *folded = g_utf8_casefold(raw, -1);
    g_autofree char *local = g_utf8_normalize(folded, -1, G_NORMALIZE_NFKC);
    if (!local || !is_local_part(local))
        return NULL;
    return g_strconcat(local, "@", domain, NULL);
}

const char *cw_value_parent_domain(const char *domain)
{
    const char *dot = strchr(domain, '.');
    return dot && dot[1] ? dot + 1 : NULL;
}

gboolean cw_value_is_loopback(const char *host)
{
    gsize length = strlen(host);
    gboolean bracketed = length > 2 && host[0] == '[' && host[length - 1] == ']';
    g_autofree char *bare = bracketed ? g_strndup(host + 1, length - 2) : g_strdup(host);
    guint8 ip4[4], ip6[16];
    /* ::ffff:127.0.0.0/104 is the same interface */
    static const guint8 mapped[13] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, 127};
    static const guint8 one[16] = {[15] = 1};

    if (inet_pton(AF_INET, bare, ip4) == 1)
        return ip4[0] == 127;
    if (inet_pton(AF_INET6, bare, ip6) == 1)
        return memcmp(ip6, one, sizeof one) == 0 || memcmp(ip6, mapped, sizeof mapped) == 0;
    /* RFC 6761 6.3; any other name may lead anywhere, whatever it resolves to now */
    return g_ascii_strcasecmp(bare, "localhost") == 0 ||
           (strlen(bare) > 10 && g_ascii_strcasecmp(bare + strlen(bare) - 10, ".localhost") == 0);
}
