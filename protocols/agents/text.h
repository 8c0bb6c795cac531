/* protocols/agents/text.h: plain text of what others write, and URLs with values in them
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* HTML, or plain text that may hold some: without tags, scripts and comments, with entities as
 * characters, white space as one space (a newline between paragraphs), at most `most` characters
 * (then with an ellipsis).  No control characters, nothing that turns the direction of what is
 * around it, always UTF-8.  (transfer full) */
char *cw_text_from_html(const char *html, gsize most);
/* The character that an HTML entity stands for ("eacute", "#233", "#xe9"), 0: none that is known.
 */
gunichar cw_text_entity(const char *name, gsize length);
/* "https://x/{symbol}?key={key}" with each {NAME} replaced by the value of it, percent-encoded.
 * `pairs`: name, value, …, NULL.  (transfer full) */
char *cw_text_fill_url(const char *pattern, const char *const *pairs);

G_END_DECLS
