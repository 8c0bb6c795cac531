/* protocols/purple/markup.h: libpurple's HTML <-> plain text, and text made fit for a network
 *
 * Pure functions without libpurple, so that they can be fuzzed.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* What a reader would see of `html`: entities resolved, <br> and blocks as "\n", links as their
 * text and, where it differs, their address in brackets; all other tags dropped.  White space stays
 * as it is and "\n" is a line break, as libpurple has it.  Broken markup is taken as text.  The
 * result is UTF-8 without control characters but "\n" and "\t".  NULL is "".  (transfer full) */
char *cw_markup_to_text(const char *html);

/* The inverse for text of ours: `& < > "` escaped, "\n" as <br>.  (transfer full) */
char *cw_markup_from_text(const char *text);

/* UTF-8 without control characters but "\n" and "\t"; CR LF and CR become "\n".  What XML and
 * line-based networks cannot carry is gone: an embedded CR would be a second command on IRC.
 * NULL is "".  (transfer full) */
char *cw_text_clean(const char *text);

/* The same in one line: line breaks and tabs are spaces, none at the ends. */
char *cw_text_one_line(const char *text);

/* TRUE when there is a control character in it, line breaks included, or it is not UTF-8. */
gboolean cw_text_has_control(const char *text);

/* Clean `text` in pieces of at most `max` bytes (0: any size, else at least 16).  `lines`: no piece
 * holds a line break, and an empty line is a piece of one space, as networks that send line by line
 * have no empty messages.  Cuts behind the last space where that leaves at least half of `max`,
 * else between characters.  Put together again the pieces of a line are that line, byte for byte.
 * (transfer full) of char *, NULL-ended, at least one. */
char **cw_text_split(const char *text, gsize max, gboolean lines);

G_END_DECLS
