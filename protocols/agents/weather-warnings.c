/* protocols/agents/weather-warnings.c: warnings, told once each
 *
 * Remembered of what a user knows: a mark each, "1a2b3c4d" of the id, "3" of how severe it is,
 * "5e6f" of what it is about.  An update of one that he knows is told when it is more severe, or
 * about something else.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "protocols/agents/weather.h"

#include <string.h>

#define WARNED "warned"            /* remembered: marks of the warnings that he knows */
#define WARNINGS_MOST 50           /* told and listed, at one place: the worst */
#define EVENT_LENGTH 4             /* the same */
#define SEVERITY_AT CW_WARNING_SUM /* in a mark */
#define EVENT_AT (SEVERITY_AT + 1)
#define LANGUAGE_LONGEST 35 /* bytes */

static const char *usual_language;

static gboolean is_language(const char *text)
{
    gsize length = strlen(text);

    return length >= 2 && length <= LANGUAGE_LONGEST && g_ascii_isalpha(*text) &&
           strspn(text, G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "-") == length;
}

gboolean cw_weather_warnings_start(GError **error)
{
    usual_language = cw_agent_setting_or("language", "en");
    if (is_language(usual_language))
        return TRUE;
    g_set_error(error, CW_AGENT_ERROR, CW_AGENT_ERROR_SETTING,
                "agent.language: found '%s', expected one such as en or pt-BR", usual_language);
    return FALSE;
}

/* ---- the words of one ---- */

static const char *language_of(const CwWatch *watch)
{
    const char *own = cw_watch_preference(watch, "language");

    return own == NULL ? usual_language : own;
}

/* What it says to this user; NULL: it is over by now. */
static const CwWarningInfo *info_for(const CwWatch *watch, const CwWarning *warning)
{
    return cw_weather_warning_at(watch->thing->data, warning, language_of(watch));
}

const CwWarningInfo *cw_weather_worst_warning(const CwWatch *watch)
{
    const CwSpot *spot = watch->thing->data;
    const CwWarningInfo *info = NULL;

    for (guint i = 0; info == NULL && spot->here != NULL && i < spot->here->len; i++)
        info = info_for(watch, g_ptr_array_index(spot->here, i));
    return info;
}

static const char *title_of(const CwWarningInfo *info)
{
    return info->headline == NULL ? info->event : info->headline;
}

/* In the time of the place. */
static void append_time(GString *text, const CwSpot *spot, const char *before, gint64 time)
{
    g_autoptr(GTimeZone) zone = cw_agent_zone_new(spot->forecast.zone);
    g_autoptr(GDateTime) utc = time == 0 ? NULL : g_date_time_new_from_unix_utc(time);
    g_autoptr(GDateTime) there =
        utc == NULL || zone == NULL ? NULL : g_date_time_to_timezone(utc, zone);
    g_autofree char *shown = there != NULL ? g_date_time_format(there, "%a %d %H:%M")
                             : utc != NULL ? g_date_time_format(utc, "%a %d %H:%M UTC")
                                           : NULL;

    if (shown != NULL)
        g_string_append_printf(text, "%s%s", before, shown);
}

static char *describe(const CwSpot *spot, const CwWarningInfo *info)
{
    const char *severity = cw_severity_to_string(info->severity);
    GString *text = g_string_new(severity);

    if (info->text != NULL)
        g_string_append_printf(text, "%s%s", text->len > 0 ? ": " : "", info->text);
    if (info->instruction != NULL)
        g_string_append_printf(text, "%s%s", text->len > 0 ? "\n" : "", info->instruction);
    if (text->len == 0)
        g_string_append(text, info->event);
    append_time(text, spot, "\nFrom: ", info->begins);
    append_time(text, spot, "\nUntil: ", info->ends != 0 ? info->ends : info->expires);
    if (info->url != NULL) /* not every client shows that of the message */
        g_string_append_printf(text, "\n%s", info->url);
    return g_string_free(text, FALSE);
}

/* ---- what he knows ---- */

/* The mark of what he knows of this id; NULL: nothing. */
static const char *known_mark(char **known, const char *id)
{
    if (known == NULL)
        return NULL;
    g_autofree char *wanted = cw_warning_sum(id);
    for (guint i = 0; known[i] != NULL; i++) {
        if (g_str_has_prefix(known[i], wanted))
            return known[i];
    }
    return NULL;
}

/* Of one that it stands for. */
static const char *earlier_mark(char **known, const CwWarning *warning)
{
    const char *mark = NULL;

    for (guint i = 0; mark == NULL && i < warning->references->len; i++)
        mark = known_mark(known, g_ptr_array_index(warning->references, i));
    return mark;
}

/* Marks of before there were severities in them know all. */
static gboolean says_more(const char *mark, const char *earlier)
{
    return strlen(earlier) > EVENT_AT && (mark[SEVERITY_AT] > earlier[SEVERITY_AT] ||
                                          !g_str_equal(mark + EVENT_AT, earlier + EVENT_AT));
}

static void tell(CwWatch *watch, const CwWarning *warning, const CwWarningInfo *info,
                 gboolean is_update)
{
    g_autofree char *text = describe(watch->thing->data, info);
    g_autofree char *title = g_strdup_printf("%s%s", is_update ? "Update: " : "", title_of(info));

    cw_watch_push(watch, title, text, info->url);
}

/* The mark of it is kept; said if it is new. */
static void look_at(CwWatch *watch, const CwWarning *warning, char **known, GString *marks)
{
    const CwWarningInfo *info = info_for(watch, warning);
    const CwWarningInfo *usual = cw_weather_warning_at(watch->thing->data, warning, "en");
    const char *same = known_mark(known, warning->id);

    if (info == NULL || usual == NULL)
        return;
    g_autofree char *id = cw_warning_sum(warning->id), *event = cw_warning_sum(usual->event);
    g_autofree char *mark =
        g_strdup_printf("%s%d%.*s", id, (int)usual->severity, EVENT_LENGTH, event);
    const char *earlier = earlier_mark(known, warning);
    if (same == NULL && (earlier == NULL || says_more(mark, earlier)))
        tell(watch, warning, info, earlier != NULL);
    g_string_append_printf(marks, "%s%s", marks->len > 0 ? " " : "", same != NULL ? same : mark);
}

/* What was said by one that is over now; NULL: that was before this process. */
static const CwWarningInfo *find_ended(const CwWatch *watch, const CwWarning *successor)
{
    const CwSpot *spot = watch->thing->data;

    for (guint i = 0; spot->before != NULL && i < spot->before->warnings->len; i++) {
        const CwWarning *warning = g_ptr_array_index(spot->before->warnings, i);
        if (g_ptr_array_find_with_equal_func(successor->references, warning->id, g_str_equal, NULL))
            return info_for(watch, warning);
    }
    return NULL;
}

/* A cancellation need not say what it cancels, and an update may be of other places. */
static void tell_end(CwWatch *watch, const CwWarning *successor)
{
    const CwWarningInfo *own =
        successor->kind == CW_WARNING_CANCEL ? cw_warning_in(successor, language_of(watch)) : NULL;
    const CwWarningInfo *info = own != NULL ? own : find_ended(watch, successor);
    g_autofree char *title =
        info == NULL ? g_strdup("A warning is over") : g_strdup_printf("Over: %s", info->event);
    const char *text = own == NULL ? NULL : own->text != NULL ? own->text : own->headline;

    cw_watch_push(watch, title, text == NULL ? "It is no longer in force there." : text,
                  own == NULL ? NULL : own->url);
}

/* Of those that he knows, and each once. */
static void tell_ends(CwWatch *watch, char **known)
{
    const CwSpot *spot = watch->thing->data;
    g_autoptr(GHashTable) told = g_hash_table_new(NULL, NULL);

    for (guint i = 0; known != NULL && known[i] != NULL; i++) {
        g_autofree char *sum = g_strndup(known[i], CW_WARNING_SUM);
        CwWarning *successor = g_hash_table_lookup(spot->warnings->successors, sum);
        if (successor == NULL || g_ptr_array_find(spot->here, successor, NULL) ||
            !g_hash_table_add(told, successor))
            continue;
        tell_end(watch, successor);
    }
}

void cw_weather_tell_warnings(CwWatch *watch)
{
    const CwSpot *spot = watch->thing->data;
    const char *remembered = cw_watch_remembered(watch, WARNED);
    g_auto(GStrv) known = remembered == NULL ? NULL : g_strsplit(remembered, " ", -1);
    g_autoptr(GString) marks = g_string_new(NULL);

    if (spot->warnings == NULL)
        return;
    tell_ends(watch, known);
    for (guint i = 0; i < spot->here->len && i < WARNINGS_MOST; i++)
        look_at(watch, g_ptr_array_index(spot->here, i), known, marks);
    cw_watch_remember(watch, WARNED, marks->len == 0 ? NULL : marks->str);
}

/* ---- commands ---- */

static void append_warnings(GString *text, const CwWatch *watch)
{
    const CwSpot *spot = watch->thing->data;

    for (guint i = 0; spot->here != NULL && i < spot->here->len && i < WARNINGS_MOST; i++) {
        const CwWarningInfo *info = info_for(watch, g_ptr_array_index(spot->here, i));
        if (info == NULL)
            continue;
        g_string_append_printf(text, "\n- %s", title_of(info));
        append_time(text, spot, ", until ", info->ends != 0 ? info->ends : info->expires);
    }
}

void cw_weather_run_alerts(CwWatch *watch, const char *arguments)
{
    const CwSpot *spot = watch->thing->data;
    g_autoptr(GString) list = g_string_new(NULL);

    if (!cw_weather_has_forecast(watch))
        return;
    if (!cw_weather_service_covers(spot->place)) {
        g_string_append(list, "I know of no service that warns of weather there.");
        cw_weather_append_severe(list, watch);
        cw_watch_reply(watch, "%s", list->str);
        return;
    }
    append_warnings(list, watch);
    g_string_prepend(list, list->len > 0            ? "Warnings:"
                           : spot->warnings == NULL ? "I do not know the warnings yet."
                                                    : "There is no warning at present.");
    if (spot->unwarned != NULL)
        g_string_append_printf(list, "\nThey could not be had of late (%s).", spot->unwarned);
    cw_watch_reply(watch, "%s", list->str);
}

void cw_weather_run_language(CwWatch *watch, const char *arguments)
{
    if (*arguments == '\0') {
        cw_watch_reply(watch, "Warnings come in '%s', where there are several languages.",
                       language_of(watch));
        return;
    }
    if (!is_language(arguments)) {
        cw_watch_reply(watch, "Say for example: language fr");
        return;
    }
    cw_watch_set_preference(watch, "language", arguments);
    cw_watch_reply(watch, "Warnings come in '%s' from now on, where there are several languages.",
                   arguments);
    cw_watch_show(watch);
}
