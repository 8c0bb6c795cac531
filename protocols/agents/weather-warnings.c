/* protocols/agents/weather-warnings.c: warnings, told once each
 *
 * Remembered of what a user knows: a mark each, "1a2b3c4d" of the id, "3" of how severe it is,
 * "5e6f" of what it is about.  An update of one that he knows is told when it is more severe, or
 * about something else; one with the same id, when it is more severe.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "protocols/agents/weather.h"

#include <string.h>

#define WARNED "warned"            /* remembered: marks of the warnings that he knows */
#define WARNINGS_MOST 50           /* told and listed, at one place: the worst */
#define TOLD_AT_ONCE 10            /* with a message each */
#define MARKS_MOST 3000            /* bytes: about 200 that he knows */
#define EVENT_LENGTH 4             /* the same */
#define SEVERITY_AT CW_WARNING_SUM /* in a mark */
#define EVENT_AT (SEVERITY_AT + 1)
#define LANGUAGE_LONGEST 35 /* bytes */

static const char *usual_language;

static gboolean is_language(const char *text)
{
    gsize length = strlen(text), first = strcspn(text, "-");

    return (first == 2 || first == 3) && length <= LANGUAGE_LONGEST && g_ascii_isalpha(*text) &&
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
static const CwWarningInfo *info_for(const CwWatch *watch, const CwHere *here)
{
    return cw_weather_info(here, language_of(watch));
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

/* sum -> mark.  `text` nullable. */
static void read_marks(GHashTable *known, const char *text)
{
    g_auto(GStrv) marks = g_strsplit(text == NULL ? "" : text, " ", -1);

    for (guint i = 0; marks[i] != NULL; i++) {
        g_autofree char *sum = g_strndup(marks[i], CW_WARNING_SUM);
        if (strlen(marks[i]) >= CW_WARNING_SUM && !g_hash_table_contains(known, sum))
            g_hash_table_insert(known, g_steal_pointer(&sum), g_strdup(marks[i]));
    }
}

/* Without what was said to be over. */
static char *write_marks(GHashTable *known, GHashTable *successors)
{
    GString *marks = g_string_new(NULL);
    GHashTableIter iter;
    gpointer sum, mark;

    g_hash_table_iter_init(&iter, known);
    while (g_hash_table_iter_next(&iter, &sum, &mark)) {
        if (!g_hash_table_contains(successors, sum))
            g_string_append_printf(marks, "%s ", (const char *)mark);
    }
    return g_string_free(marks, FALSE);
}

/* Of one that it stands for; NULL: he knows none. */
static const char *earlier_mark(GHashTable *known, const CwWarning *warning)
{
    GHashTableIter iter;
    gpointer sum, mark;

    if (g_hash_table_size(warning->earlier) == 0)
        return NULL;
    g_hash_table_iter_init(&iter, known);
    while (g_hash_table_iter_next(&iter, &sum, &mark)) {
        if (g_hash_table_contains(warning->earlier, sum))
            return mark;
    }
    return NULL;
}

/* Marks of before there were severities in them know all. */
static gboolean is_worse(const char *mark, const char *earlier)
{
    return strlen(earlier) > EVENT_AT && mark[SEVERITY_AT] > earlier[SEVERITY_AT];
}

static gboolean says_more(const char *mark, const char *earlier)
{
    return is_worse(mark, earlier) ||
           (strlen(earlier) > EVENT_AT && !g_str_equal(mark + EVENT_AT, earlier + EVENT_AT));
}

/* ---- telling it ---- */

/* Many at once are a message each for the first, the worst, and one for all others. */
typedef struct {
    CwWatch *watch;
    guint count;
    GString *rest;
} Telling;

static void tell(Telling *telling, const char *title, const char *text, const char *url)
{
    if (telling->count++ < TOLD_AT_ONCE)
        cw_watch_push(telling->watch, title, text, url);
    else
        g_string_append_printf(telling->rest, "%s- %s", telling->rest->len > 0 ? "\n" : "", title);
}

static void end_telling(Telling *telling)
{
    g_autofree char *title = g_strdup_printf("%u more about warnings",
                                             telling->count - MIN(telling->count, TOLD_AT_ONCE));

    if (telling->rest->len > 0)
        cw_watch_push(telling->watch, title, telling->rest->str, NULL);
    g_string_free(telling->rest, TRUE);
}

static void tell_warning(Telling *telling, const CwWarningInfo *info, gboolean is_update)
{
    g_autofree char *text = describe(telling->watch->thing->data, info);
    g_autofree char *title = g_strdup_printf("%s%s", is_update ? "Update: " : "", title_of(info));

    tell(telling, title, text, info->url);
}

static void add_mark(GString *marks, const char *sum, const char *rest)
{
    g_string_append_printf(marks, "%s%s%s", marks->len > 0 ? " " : "", sum, rest);
}

/* Said if it is new, and its mark is kept.  There may be worse ones, and too many (`is_told`
 * FALSE): then what he knows stays known, and nothing else. */
static void look_at(Telling *telling, const CwHere *here, gboolean is_told, GHashTable *known,
                    GString *marks)
{
    const char *sum = here->warning->sum;
    const CwWarningInfo *info = info_for(telling->watch, here);
    const CwWarningInfo *usual = cw_weather_info(here, "en");
    const char *same = g_hash_table_lookup(known, sum);
    const char *before = same != NULL ? same : earlier_mark(known, here->warning);

    if (info == NULL || usual == NULL || (before == NULL && !is_told))
        return;
    g_autofree char *event = cw_warning_sum(usual->event);
    g_autofree char *mark =
        g_strdup_printf("%s%d%.*s", sum, (int)usual->severity, EVENT_LENGTH, event);
    gboolean is_new = before == NULL ? TRUE
                      : same != NULL ? is_worse(mark, same)
                                     : says_more(mark, before);
    if (is_new && is_told)
        tell_warning(telling, info, before != NULL);
    if (is_told && (is_new || same == NULL))
        add_mark(marks, mark, "");
    else
        add_mark(marks, sum, before + CW_WARNING_SUM);
}

/* ---- its end ---- */

/* What he knows goes on here by another; that may be one of those that are not kept. */
static gboolean is_continued(const CwSpot *spot, const char *sum, const CwWarning *successor)
{
    for (guint i = 0; i < spot->here->len; i++) {
        const CwHere *here = g_ptr_array_index(spot->here, i);
        if (g_str_equal(here->warning->sum, sum) ||
            g_hash_table_contains(here->warning->earlier, sum))
            return TRUE;
    }
    return successor->kind != CW_WARNING_CANCEL &&
           cw_weather_warning_at(spot, successor, "") != NULL;
}

/* What was said by one that is over now; NULL: that was before this process. */
static const CwWarningInfo *find_ended(const CwWatch *watch, const char *sum)
{
    const CwSpot *spot = watch->thing->data;
    const CwWarning *warning =
        spot->before == NULL ? NULL : g_hash_table_lookup(spot->before->by_sum, sum);

    return warning == NULL ? NULL : cw_weather_warning_at(spot, warning, language_of(watch));
}

/* A cancellation need not say what it cancels, and an update may be of other places. */
static void tell_end(Telling *telling, const CwWarning *successor, const char *sum)
{
    const CwWatch *watch = telling->watch;
    const CwWarningInfo *own =
        successor->kind == CW_WARNING_CANCEL ? cw_warning_in(successor, language_of(watch)) : NULL;
    const CwWarningInfo *info = own != NULL ? own : find_ended(watch, sum);
    g_autofree char *title =
        info == NULL ? g_strdup("A warning is over") : g_strdup_printf("Over: %s", info->event);
    const char *text = own == NULL ? NULL : own->text != NULL ? own->text : own->headline;

    tell(telling, title, text == NULL ? "It is no longer in force there." : text,
         own == NULL ? NULL : own->url);
}

/* Of those that he knows, and each once.  One message may end what another goes on with: part of
 * its area is clear, then. */
static void tell_ends(Telling *telling, GHashTable *known)
{
    const CwSpot *spot = telling->watch->thing->data;
    g_autoptr(GHashTable) told = g_hash_table_new(NULL, NULL);
    GHashTableIter iter;
    gpointer sum;

    g_hash_table_iter_init(&iter, known);
    while (g_hash_table_iter_next(&iter, &sum, NULL)) {
        CwWarning *successor = g_hash_table_lookup(spot->warnings->successors, sum);
        if (successor != NULL && !is_continued(spot, sum, successor) &&
            g_hash_table_add(told, successor))
            tell_end(telling, successor, sum);
    }
}

/* What he knew before stays known as well, until there is another change: services that answer from
 * several machines leave out what is new, and have it again. */
void cw_weather_tell_warnings(CwWatch *watch)
{
    const CwSpot *spot = watch->thing->data;
    const char *remembered = cw_watch_remembered(watch, WARNED);

    if (spot->warnings == NULL)
        return;
    g_autoptr(GHashTable) known = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    g_autoptr(GString) marks = g_string_new(NULL);
    Telling telling = {watch, 0, g_string_new(NULL)};
    read_marks(known, remembered);
    tell_ends(&telling, known);
    g_autofree char *before = write_marks(known, spot->warnings->successors);
    read_marks(known, watch->data);
    for (guint i = 0; i < spot->here->len && marks->len < MARKS_MOST; i++)
        look_at(&telling, g_ptr_array_index(spot->here, i), i < WARNINGS_MOST, known, marks);
    end_telling(&telling);
    if (g_strcmp0(remembered == NULL ? "" : remembered, marks->str) != 0) {
        g_free(watch->data);
        watch->data = g_steal_pointer(&before);
    }
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
        cw_watch_reply(watch, "Say its code, for example: language fr");
        return;
    }
    cw_watch_set_preference(watch, "language", arguments);
    cw_watch_reply(watch, "Warnings come in '%s' from now on, where there are several languages.",
                   arguments);
    cw_watch_show(watch);
}
