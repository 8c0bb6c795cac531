/* transport/store-trouble.c: says what could not be stored, once a minute at most
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "transport/store-trouble.h"

void cw_store_trouble_add(CwStoreTrouble *trouble, CwTroubleKind kind, const char *reason)
{
    trouble->counts[kind]++;
    if (g_strcmp0(trouble->reason, reason) == 0)
        return;
    g_free(trouble->reason);
    trouble->reason = g_strdup(reason);
}

gint64 cw_store_trouble_due(const CwStoreTrouble *trouble)
{
    return trouble->reason ? MAX(trouble->next, 1) : 0;
}

/* "2 registrations, 1 contact"; the counts begin anew. */
static char *take_counts(CwStoreTrouble *trouble)
{
    static const char *const names[CW_N_TROUBLES] = {
        [CW_TROUBLE_REGISTRATIONS] = "registration",
        [CW_TROUBLE_CONTACTS] = "contact",
        [CW_TROUBLE_MESSAGES] = "message",
        [CW_TROUBLE_ARCHIVE] = "archived line",
        [CW_TROUBLE_REMEMBERED] = "remembered value",
    };
    GString *text = g_string_new(NULL);
    for (guint i = 0; i < CW_N_TROUBLES; i++) {
        if (trouble->counts[i] > 0)
            g_string_append_printf(text, "%s%u %s%s", text->len ? ", " : "", trouble->counts[i],
                                   names[i], trouble->counts[i] == 1 ? "" : "s");
        trouble->counts[i] = 0;
    }
    return g_string_free(text, FALSE);
}

char *cw_store_trouble_tell(CwStoreTrouble *trouble, const char *path, gint64 now)
{
    if (!trouble->reason || now < trouble->next)
        return NULL;
    g_autofree char *what = take_counts(trouble);
    char *line = g_strdup_printf("store: not stored%s: %s: %s; make room on the disk of '%s', or "
                                 "mend it: no restart is needed",
                                 trouble->told ? " since the last such line" : "", what,
                                 trouble->reason, path);
    g_clear_pointer(&trouble->reason, g_free);
    trouble->told = TRUE;
    trouble->next = now + CW_STORE_TROUBLE_INTERVAL;
    return line;
}

char *cw_store_trouble_over(CwStoreTrouble *trouble, const char *path)
{
    if (!trouble->told)
        return NULL;
    g_autofree char *what = trouble->reason ? take_counts(trouble) : NULL;
    trouble->told = FALSE;
    g_clear_pointer(&trouble->reason, g_free);
    return g_strdup_printf("store: writing to '%s' works again%s%s", path,
                           what ? "; not stored since the last line: " : "", what ? what : "");
}

void cw_store_trouble_clear(CwStoreTrouble *trouble)
{
    g_clear_pointer(&trouble->reason, g_free);
    *trouble = (CwStoreTrouble){0};
}
