/* protocols/agents/warning.h: official warnings of weather, as services publish them
 *
 *     bytes -> cap.c, or warning-json.c -> CwWarnings -> cw_warning_at(): what it says of a place
 *
 * Both read the Common Alerting Protocol 1.2: its XML, one <alert> or a feed (Atom, RSS) whose
 * entries hold its elements, and the JSON that the US weather service makes of it.  Pure functions.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#pragma once

#include "protocols/agents/forecast.h"

G_BEGIN_DECLS

/* In one answer; what has more is refused. */
#define CW_WARNINGS_MOST 2000
#define CW_WARNING_INFOS_MOST 1000 /* of one: some have one of each area and language */
#define CW_WARNING_AREAS_MOST 2000 /* of one info */
#define CW_WARNING_POINTS_MOST 200000
#define CW_WARNING_NAMES_MOST 100000      /* characters of the names in an area: towns, it may be */
#define CW_WARNING_CODES_MOST 200         /* of an area; what is more is left out */
#define CW_WARNING_REFERENCES_MOST 200    /* of one; what is more is left out */
#define CW_WARNINGS_REFERENCES_MOST 20000 /* of all; the same */
#define CW_WARNING_SUM 8                  /* hexadecimal digits by which one is known */

typedef struct {
    double latitude, longitude; /* beyond ±180 behind the date line */
} CwWarningPoint;

typedef struct {
    GArray *points;             /* CwWarningPoint */
    CwWarningPoint least, most; /* corners of the box that it is in */
} CwWarningPolygon;

typedef struct {
    CwWarningPoint at;
    double radius; /* km */
} CwWarningCircle;

typedef struct {
    char *name;          /* nullable */
    char *folded;        /* nullable: the same to compare with, where it counts */
    GPtrArray *codes;    /* char *: whatever the service calls its areas */
    GPtrArray *polygons; /* CwWarningPolygon */
    GArray *circles;     /* CwWarningCircle */
} CwWarningArea;

typedef enum {
    CW_SEVERITY_UNKNOWN,
    CW_SEVERITY_MINOR,
    CW_SEVERITY_MODERATE,
    CW_SEVERITY_SEVERE,
    CW_SEVERITY_EXTREME,
} CwSeverity;

/* In one language, of one time and severity.  All texts nullable but `event`. */
typedef struct {
    char *language; /* "fr-FR" */
    char *event, *headline, *text, *instruction, *url;
    char *urgency, *certainty;
    CwSeverity severity;
    gint64 begins, ends, expires; /* Unix, s; 0: not said */
    gboolean is_over;             /* it tells that there is no danger any more */
    GPtrArray *areas;             /* CwWarningArea */
} CwWarningInfo;

typedef enum {
    CW_WARNING_ALERT,
    CW_WARNING_UPDATE, /* stands for those that it refers to */
    CW_WARNING_CANCEL, /* they are over */
} CwWarningKind;

typedef struct {
    char *id;
    char *sender; /* nullable: its ids are its own */
    CwWarningKind kind;
    GPtrArray *references;                /* char *: "id", or "sender,id" */
    GPtrArray *infos;                     /* CwWarningInfo; none: only in a cancellation */
    char sum[CW_WARNING_SUM + 1];         /* by which it is known */
    GHashTable *earlier;                  /* char *: sums of those that it refers to */
    gboolean is_referred_to, is_replaced; /* while an answer is read */
} CwWarning;

typedef struct {
    GPtrArray *warnings;    /* CwWarning: without those that others in here refer to */
    GPtrArray *ended;       /* CwWarning: cancellations */
    GHashTable *by_sum;     /* its sum -> CwWarning of `warnings` */
    GHashTable *successors; /* sum -> CwWarning of these that refers to that one */
    guint n_references;
} CwWarnings;

/* What format it is in shows.  NULL with the error: it is neither, or cut off. */
CwWarnings *cw_warnings_parse(const char *data, gsize length, const char *charset, GError **error);
CwWarnings *cw_warnings_ref(CwWarnings *warnings);
void cw_warnings_unref(CwWarnings *warnings); /* NULL is fine */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CwWarnings, cw_warnings_unref)

/* A place that is looked for. */
typedef struct {
    const CwPlace *place;
    gboolean is_asked;
    char *names[3], *country; /* as they are compared; nullable, never "" */
} CwWarningWanted;

CwWarningWanted *cw_warning_wanted_new(const CwPlace *place, gboolean is_asked);
void cw_warning_wanted_free(CwWarningWanted *wanted);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CwWarningWanted, cw_warning_wanted_free)

/* What the warning says of the place at that time (Unix, s), in this language ("fr"), else in
 * English, else in whichever comes first; of several the worst.  NULL: it is not of the place, or
 * not in force.
 *
 * A shape decides where an area has one.  Where it has none, it is the place's if the service was
 * asked for this very place (`is_asked`), else if the area's name has that of the place, of its
 * district or of its region in it, or is that of its country. */
const CwWarningInfo *cw_warning_at(const CwWarning *warning, const CwPlace *place,
                                   gboolean is_asked, const char *language, gint64 now);
/* The same in two steps, for many who look at it: what of it is of the place whenever that is
 * (CwWarningInfo *; NULL: nothing), and which of that counts. */
GPtrArray *cw_warning_infos_of(const CwWarning *warning, const CwWarningWanted *wanted);
const CwWarningInfo *cw_warning_best(const GPtrArray *infos, const char *language, gint64 now);
/* The same of whatever place and time; NULL: it says nothing. */
const CwWarningInfo *cw_warning_in(const CwWarning *warning, const char *language);
/* CW_WARNING_SUM hexadecimal digits.  (transfer full) */
char *cw_warning_sum(const char *text);
const char *cw_severity_to_string(CwSeverity severity); /* "Severe"; NULL: unknown */

/* ---- for the parsers ---- */

CwWarnings *cw_warnings_read_json(const char *data, gsize length, GError **error);
CwWarnings *cw_warnings_read_cap(const char *data, gsize length, const char *charset,
                                 GError **error);

CwWarnings *cw_warnings_new(void);
CwWarning *cw_warning_new(void);
void cw_warning_free(gpointer warning);
CwWarningInfo *cw_warning_info_new(void);
void cw_warning_info_free(gpointer info);
CwWarningArea *cw_warning_area_new(void);
void cw_warning_area_free(gpointer area);
/* `sender` nullable. */
void cw_warnings_add_reference(CwWarnings *warnings, CwWarning *warning, const char *sender,
                               const char *id);
/* Takes it, into that of the same id and sender if there is one; or frees it, when nothing can be
 * made of it. */
void cw_warnings_add(CwWarnings *warnings, CwWarning *warning);
void cw_warnings_end(CwWarnings *warnings); /* all are in it */
/* The words of a name as they are compared.  (transfer full) */
char *cw_warning_fold(const char *name);
/* An id is the same in each of a service's formats.  (transfer full) */
char *cw_warning_id(const char *text);
CwSeverity cw_severity_from_string(const char *text); /* nullable */
/* NULL: it is no address of the web that one would show.  (transfer full) */
char *cw_warning_url(const char *text);
/* FALSE: it is no status, kind or scope of a warning that counts.  All nullable. */
gboolean cw_warning_take_kind(CwWarning *warning, const char *status, const char *type,
                              const char *scope);
/* Closed or not; what is no shape is left out.  Takes the points. */
void cw_warning_area_add_polygon(CwWarningArea *area, GArray *points);

G_END_DECLS
