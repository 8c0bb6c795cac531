/* conf/settings-set.h: one value of the file into its field of the struct
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#pragma once

#include "conf/settings-keys.h"

G_BEGIN_DECLS

/* Where we are, for messages and for relative names. */
typedef struct {
    const char *path;  /* of the settings file */
    const char *group; /* as in the file, "transport icq.example.com" */
    const char *key;   /* NULL: the section as a whole */
    CwSettings *settings;
    CwTransportSettings *transport; /* NULL outside a transport's section */
} CwSettingsPlace;

/* "FILE: [SECTION] KEY: TEXT".  FALSE, always. */
gboolean cw_settings_fail(const CwSettingsPlace *place, CwSettingsError code, GError **error,
                          const char *format, ...) G_GNUC_PRINTF(4, 5);

/* `text` is clean; the field is empty so far.  FALSE with CW_SETTINGS_ERROR: not what the row
 * expects. */
gboolean cw_settings_set(const CwSettingsPlace *place, const CwSettingsKey *row, const char *text,
                         GError **error);

/* `name` as the settings file has it, from the folder of that file on.  (transfer full) */
char *cw_settings_path(const CwSettingsPlace *place, const char *name);

/* Overwrites and frees a string that may hold a secret; NULL is fine. */
void cw_settings_wipe_string(char *text);

G_END_DECLS
