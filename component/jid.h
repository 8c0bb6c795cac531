/* component/jid.h: Jabber IDs, prepared by libidn's stringprep, and XEP-0106
 *
 * RFC 6122: nodeprep, nameprep, resourceprep; each part at most 1,023 bytes.  Two JIDs are the same
 * address exactly when their prepared forms are the same bytes.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define CW_JID_ERROR (cw_jid_error_quark())
GQuark cw_jid_error_quark(void);

typedef enum {
    CW_JID_ERROR_MALFORMED,
} CwJidError;

typedef struct {
    char *full;  /* prepared, whole */
    char *bare;  /* prepared, without resource */
    char *local; /* NULL: none */
    char *domain;
    char *resource; /* NULL: none */
} CwJid;

/* (transfer full) or NULL with CW_JID_ERROR.  Pure ASCII in normal form takes a fast way without
 * libidn. */
CwJid *cw_jid_parse(const char *text, GError **error);
void cw_jid_free(CwJid *jid);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CwJid, cw_jid_free)

/* ASCII that is its own normal form as a resource, and not too long for one. */
gboolean cw_jid_is_plain_resource(const char *text);

/* A legacy name as the local part of a JID: XEP-0106 4; what nodeprep would change or refuse, or a
 * space at either end, becomes \uHEX; (our extension: six XEP-0106 escapes cannot say it), so that
 * the inverse is exact for any UTF-8 text.  (transfer full) or NULL: empty, not UTF-8, or over
 * 1,023 bytes when escaped. */
char *cw_jid_escape_local(const char *legacy);
/* The inverse, for any prepared local part, ours or typed by a user.  (transfer full), never NULL.
 */
char *cw_jid_unescape_local(const char *local);

/* "escape(legacy)@domain"; NULL as above. */
char *cw_jid_for_legacy(const char *legacy, const char *domain);

G_END_DECLS
