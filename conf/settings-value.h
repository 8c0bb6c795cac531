/* conf/settings-value.h: the shapes that values of settings have; pure functions
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* What stands behind the '=' without a comment and without quotes.  A comment begins with a '#'
 * that has white space before it or is the first character.  A value that begins with '"' goes to
 * the first '"' that only white space or a comment follows, and is taken literally in between: no
 * escapes.  (transfer full), or NULL: the quotes are not closed. */
char *cw_value_clean(const char *raw);

/* Each FALSE: not of this shape. */
gboolean cw_value_boolean(const char *text, gboolean *value);
gboolean cw_value_number(const char *text, guint *value);
gboolean cw_value_bytes(const char *text, guint *value); /* K, M, G of 1,024; KiB, MiB, GiB */
gboolean cw_value_time(const char *text, guint *value);  /* ms; "30", "0.25", "250ms", "5 m" */

/* Entries between ';' or ',', white space around them dropped, empty ones left out.
 * (transfer full) */
char **cw_value_list(const char *text);

/* A domain in lower case, (transfer full), or NULL: it does not look like one.  Non-ASCII names are
 * prepared as GLib does it (nameprep).  `dots`: at least one is needed. */
char *cw_value_domain(const char *text, gboolean dots);

/* A domain, a bare JID or "*", in lower case and normal form, (transfer full), or NULL. */
char *cw_value_address(const char *text);

/* The domain above, or NULL: there is none.  (transfer none) */
const char *cw_value_parent_domain(const char *domain);

gboolean cw_value_is_loopback(const char *host);

G_END_DECLS
