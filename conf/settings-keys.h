/* conf/settings-keys.h: what settings exist, as one table
 *
 * The table is the only list of keys.  The parser, its messages and the defaults come from it, and
 * tests/unit/conf holds causeway.conf(5) and causeway.conf.sample against it.  To add a setting: a
 * field in settings.h, a row here, a line in the man page and in the sample.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#pragma once

#include "conf/settings.h"

G_BEGIN_DECLS

typedef enum {
    CW_KEY_STRING,      /* char *; any text */
    CW_KEY_WORD,        /* char *; lower-case letters, digits, '-' */
    CW_KEY_HOST,        /* char *; host name or address */
    CW_KEY_PATH,        /* char *; relative to the folder of the settings file */
    CW_KEY_PATHS,       /* char *; several, ':' between them */
    CW_KEY_BOOLEAN,     /* gboolean; true, false, yes, no, on, off, 1, 0 */
    CW_KEY_COUNT,       /* guint */
    CW_KEY_LIMIT,       /* guint; 0: no limit, allowed below `min` */
    CW_KEY_BYTES,       /* guint; a limit with the units K, M, G of 1,024 */
    CW_KEY_TIME,        /* guint, ms; in the file seconds, with fractions, or ms s m h behind */
    CW_KEY_PORT,        /* guint16 */
    CW_KEY_LIST,        /* char **; ';' or ',' between the entries */
    CW_KEY_ADDRESSES,   /* char **; domains, bare JIDs, "*" */
    CW_KEY_SECRET,      /* char *; never in a message */
    CW_KEY_SECRET_FILE, /* char *; the file's one line goes into the field */
    CW_KEY_PROTOCOL,    /* char *; KIND:NAME */
} CwKeyType;

typedef struct {
    const char *section; /* "transport" stands for every [transport DOMAIN] */
    const char *key;
    CwKeyType type;
    guint min, max; /* of numbers; of times in ms */
    const char
        *standard; /* the default as it would stand in the file; NULL: none, see settings.h */
    gsize offset;  /* in CwSettings, or in CwTransportSettings */
} CwSettingsKey;

/* Ends with a row whose section is NULL. */
extern const CwSettingsKey cw_settings_keys[];

/* Keys of a [transport DOMAIN] that go on with a name of the admin's choice. */
#define CW_KEY_OPTION_PREFIX "option."
#define CW_KEY_SPLIT_PREFIX "split."
#define CW_KEY_AGENT_PREFIX "agent."

const CwSettingsKey *cw_settings_key_find(const char *section, const char *key); /* (nullable) */
gboolean cw_settings_section_exists(const char *section);

/* The name nearest to `name`, of sections (`section` NULL) or of the keys of `section`; NULL when
 * none is near. */
const char *cw_settings_suggest(const char *section, const char *name);

G_END_DECLS
