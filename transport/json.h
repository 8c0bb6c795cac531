/* transport/json.h: JSON (RFC 8259) as the link needs it: read into one arena, written into a
 * buffer
 *
 * A line of the link is read for every message, so nothing is allocated but arena memory, which is
 * wiped whole.  Stricter than the standard where it leaves a choice: no name twice in an object, no
 * U+0000, whole numbers only as far as 64 bits go; and bounded in depth and members.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#pragma once

#include "transport/arena.h"

G_BEGIN_DECLS

#define CW_JSON_DEPTH 32     /* arrays and objects in each other */
#define CW_JSON_MEMBERS 1024 /* of one object */

typedef enum {
    CW_JSON_NULL,
    CW_JSON_FALSE,
    CW_JSON_TRUE,
    CW_JSON_INTEGER,
    CW_JSON_REAL, /* any other number; its value is of no use to us and not kept */
    CW_JSON_STRING,
    CW_JSON_ARRAY,
    CW_JSON_OBJECT,
} CwJsonKind;

typedef struct CwJson {
    CwJsonKind kind;
    const char *name; /* of a member of an object, else NULL */
    union {
        gint64 integer;
        const char *string;
        const struct CwJson *first; /* of an array or object; NULL: it is empty */
    };
    const struct CwJson *next; /* of its array or object */
} CwJson;

/* One value and nothing behind it but white space.  NULL: it is none; `position` is the byte where
 * that shows. */
const CwJson *cw_json_read(CwArena *arena, const char *text, gsize length, gsize *position);

/* The member of that name; NULL: there is none, or it is no object, or NULL. */
const CwJson *cw_json_get(const CwJson *object, const char *name);
gboolean cw_json_is(const CwJson *json, CwJsonKind kind); /* NULL is nothing */
const char *cw_json_string(const CwJson *json);           /* NULL: it is no string */

/* ---- writing ---- */

/* In quotes.  What is not UTF-8 is repaired. */
void cw_json_write_string(GString *out, const char *text);
void cw_json_write_integer(GString *out, gint64 integer);
/* The comma, if there is a member or item before, and the name with its colon (NULL: an item). */
void cw_json_write_next(GString *out, const char *name);

G_END_DECLS
