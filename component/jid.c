/* component/jid.c: Jabber IDs by RFC 6122
 *
 * Parts are split before they are prepared (RFC 6122 2.1: the first '/', then the first '@'), since
 * the preparation can bring forth either sign.  Characters that Unicode 3.2 did not know are let
 * through, as servers do: else no address could carry a newer letter.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "component/jid.h"

#include <stringprep.h>
#include <string.h>

#include "component/jid-private.h"

#define PART_MAX 1023 /* bytes, RFC 6122 2.1 */

G_DEFINE_QUARK(cw - jid - error - quark, cw_jid_error)

/* ---- preparing ---- */

typedef enum { LOCAL, DOMAIN, RESOURCE } Part;

static const Stringprep_profile *profile_of(Part part)
{
    switch (part) {
    case LOCAL:
        return stringprep_xmpp_nodeprep;
    case DOMAIN:
        return stringprep_nameprep;
    case RESOURCE:
        return stringprep_xmpp_resourceprep;
    }
    g_return_val_if_reached(NULL);
}

/* The profile applied to at most PART_MAX bytes of UTF-8; (transfer full) or NULL. */
static char *prepare(const char *text, gsize length, Part part)
{
    char buffer[PART_MAX + 1];

    if (length > PART_MAX)
        return NULL;
    memcpy(buffer, text, length);
    buffer[length] = '\0';
    if (stringprep(buffer, sizeof buffer, 0, profile_of(part)) != STRINGPREP_OK || !*buffer)
        return NULL;
    return g_strdup(buffer);
}

gboolean cw_jid_nodeprep_keeps(const char *text)
{
    gsize length = strlen(text);
    g_autofree char *prepared = prepare(text, length, LOCAL);

    return prepared && strcmp(prepared, text) == 0;
}

gboolean cw_jid_is_plain_local(guchar c)
{
    switch (c) {
    case '"': /* RFC 6122 appendix A.5: what nodeprep forbids of ASCII */
    case '&':
    case '\'':
    case '/':
    case ':':
    case '<':
    case '>':
    case '@':
        return FALSE;
    default: /* it folds capitals */
        return c > 0x20 && c < 0x7F && !(c >= 'A' && c <= 'Z');
    }
}

static gboolean is_plain_domain(guchar c)
{
    return g_ascii_islower(c) || g_ascii_isdigit(c) || c == '-' || c == '.' || c == '_';
}

/* ASCII that its profile leaves as it is: most of what passes here. */
static gboolean is_plain(const char *text, gsize length, Part part)
{
    for (gsize i = 0; i < length; i++) {
        guchar c = (guchar)text[i];
        gboolean plain = FALSE;

        switch (part) {
        case LOCAL:
            plain = cw_jid_is_plain_local(c);
            break;
        case DOMAIN:
            plain = is_plain_domain(c);
            break;
        case RESOURCE:
            plain = c >= 0x20 && c < 0x7F;
            break;
        }
        if (!plain)
            return FALSE;
    }
    return TRUE;
}

gboolean cw_jid_is_plain_resource(const char *text)
{
    gsize length = strnlen(text, PART_MAX + 1);

    return length > 0 && length <= PART_MAX && is_plain(text, length, RESOURCE);
}

static char *prepare_part(const char *text, gsize length, Part part)
{
    if (length == 0 || length > PART_MAX)
        return NULL;
    if (is_plain(text, length, part))
        return g_strndup(text, length);

    g_autofree char *once = prepare(text, length, part);
    if (!once)
        return NULL;
    /* A form that a second look would change is no normal form: two spellings of one address. */
    g_autofree char *twice = prepare(once, strlen(once), part);
    return twice && strcmp(once, twice) == 0 ? g_steal_pointer(&once) : NULL;
}

/* ---- the domain ---- */

/* "[::1]": RFC 6122 2.2, an IPv6 address in brackets */
static gboolean is_address_literal(const char *domain)
{
    gsize length = strlen(domain);

    if (length < 4 || domain[0] != '[' || domain[length - 1] != ']')
        return FALSE;
    for (gsize i = 1; i < length - 1; i++)
        if (!g_ascii_isxdigit(domain[i]) && domain[i] != ':' && domain[i] != '.')
            return FALSE;
    return TRUE;
}

/* Every label has something in it, and no ASCII that host names do not have; '_' is in use. */
static gboolean is_domain(const char *domain)
{
    if (is_address_literal(domain))
        return TRUE;
    for (const char *c = domain; *c; c++) {
        if ((guchar)*c < 0x80 && !is_plain_domain((guchar)*c))
            return FALSE;
        if (*c == '.' && (c == domain || c[1] == '.' || c[1] == '\0'))
            return FALSE;
    }
    return *domain != '\0';
}

/* Nameprep leaves the ideographic full stop; it parts labels all the same (RFC 3490 3.1). */
static void replace_ideographic_dots(char *domain)
{
    char *to = domain;

    for (const char *from = domain; *from;) {
        if (g_str_has_prefix(from, "\xE3\x80\x82")) {
            *to++ = '.';
            from += 3;
        } else {
            *to++ = *from++;
        }
    }
    *to = '\0';
}

static char *prepare_domain(const char *text, gsize length)
{
    g_autofree char *domain = prepare_part(text, length, DOMAIN);

    if (!domain)
        return NULL;
    replace_ideographic_dots(domain);

    /* RFC 6122 2.2: a dot at the end is stripped before anything else is done with the name */
    gsize end = strlen(domain);
    if (end > 1 && domain[end - 1] == '.')
        domain[end - 1] = '\0';
    return is_domain(domain) ? g_steal_pointer(&domain) : NULL;
}

/* ---- the whole ---- */

static CwJid *refuse(GError **error, const char *what)
{
    g_set_error(error, CW_JID_ERROR, CW_JID_ERROR_MALFORMED, "not a Jabber ID: %s", what);
    return NULL;
}

CwJid *cw_jid_parse(const char *text, GError **error)
{
    /* Three parts and two signs; more cannot be valid, and need not be looked at in full. */
    gsize length = strnlen(text, 3 * PART_MAX + 3);

    if (length > 3 * PART_MAX + 2)
        return refuse(error, "too long");
    if (!g_utf8_validate(text, (gssize)length, NULL))
        return refuse(error, "not UTF-8");

    const char *end = text + length;
    const char *slash = memchr(text, '/', length);
    const char *bare_end = slash ? slash : end;
    const char *at = memchr(text, '@', (gsize)(bare_end - text));
    const char *domain = at ? at + 1 : text;
    g_autoptr(CwJid) jid = g_new0(CwJid, 1);

    jid->domain = prepare_domain(domain, (gsize)(bare_end - domain));
    if (!jid->domain)
        return refuse(error, "its domain is empty, too long or malformed");
    if (at) {
        jid->local = prepare_part(text, (gsize)(at - text), LOCAL);
        if (!jid->local)
            return refuse(error, "its local part is empty, too long or has forbidden characters");
    }
    if (slash) {
        jid->resource = prepare_part(slash + 1, (gsize)(end - slash - 1), RESOURCE);
        if (!jid->resource)
            return refuse(error, "its resource is empty, too long or has forbidden characters");
    }
    jid->bare =
        jid->local ? g_strconcat(jid->local, "@", jid->domain, NULL) : g_strdup(jid->domain);
    jid->full =
        jid->resource ? g_strconcat(jid->bare, "/", jid->resource, NULL) : g_strdup(jid->bare);
    return g_steal_pointer(&jid);
}

void cw_jid_free(CwJid *jid)
{
    if (!jid)
        return;
    g_free(jid->full);
    g_free(jid->bare);
    g_free(jid->local);
    g_free(jid->domain);
    g_free(jid->resource);
    g_free(jid);
}
