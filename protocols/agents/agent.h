/* protocols/agents/agent.h: what an information agent is, and what the host does for it
 *
 *     contact of a user --watch--> thing, one for all who watch it --refresh--> provider
 *
 * An agent says which things there are, how one is fetched and what of it is worth saying.  The
 * host does the rest: the link, accounts, who watches what, one fetch an interval for all of them,
 * back-off, presence, commands, what is remembered, quiet hours and digests.  README.md builds an
 * agent from nothing; clock.c is that agent.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#pragma once

#include "transport/link.h"

G_BEGIN_DECLS

#define CW_AGENT_ERROR (cw_agent_error_quark())
GQuark cw_agent_error_quark(void);
typedef enum {
    CW_AGENT_ERROR_NAME,     /* no thing can be called so */
    CW_AGENT_ERROR_PRIVATE,  /* … as it is no address of the public internet */
    CW_AGENT_ERROR_SETTING,  /* a setting of the admin's is wrong */
    CW_AGENT_ERROR_ENTITIES, /* XML that declares some */
} CwAgentError;

typedef struct CwAgent CwAgent;
typedef struct CwReader CwReader; /* an account of the gateway: private to watch.c */

/* What is watched: a share, a place, a feed. */
typedef struct {
    const CwAgent *agent;
    char *name;    /* its normal form, which is the contact's name */
    char *title;   /* for people; nullable until it is known */
    gpointer data; /* the agent's own */
    /* the host's */
    gboolean is_known;
    gboolean is_busy;   /* find() or refresh() is under way */
    gboolean is_fresh;  /* it was fetched at least once */
    guint failures;     /* in a row */
    char *problem;      /* nullable: why the last fetch failed */
    gint64 fetched;     /* Unix time, s, of the last that did not; 0: none */
    guint timer_id;     /* the next fetch */
    gint64 due;         /* monotonic, µs: when that is */
    GPtrArray *watches; /* CwWatch *, owned by their readers */
} CwThing;

/* One user's interest in one thing: his contact. */
typedef struct {
    CwReader *reader;
    CwThing *thing;
    gint64 add_id;     /* of the contact-add that waits for find(); 0: none */
    gint64 command_id; /* of the command that waits for its reply; 0: none */
    char *status;      /* nullable: as it was told last */
    CwShow show;       /* the same */
    gboolean told;     /* … if it was */
    gpointer data;     /* the agent's own, for g_free() */
} CwWatch;

typedef struct {
    const char *word;      /* "alert" */
    const char *arguments; /* nullable: for the help, as an example: "> 190|-5%" */
    const char *help;
    /* Answers with cw_watch_reply(), once, now or later.  `arguments` is stripped, and never NULL.
     */
    void (*run)(CwWatch *watch, const char *arguments);
    gboolean is_early; /* also before the first fetch is done, when thing->data may be NULL; the
                        * host answers all others then, and says why there is no value */
} CwAgentCommand;

/* What was found in a search, best first (CwFound, with what it is as its one value); the callee
 * takes it (NULL: it failed, and `problem` says why). */
typedef void (*CwAgentFoundDone)(GPtrArray *found, const char *problem, gpointer data);
#define CW_AGENT_ITEMS_MOST 100 /* that are handed out at once */
/* `title`, `text`, `link` nullable; `time`: Unix, s, 0: not known. */
void cw_agent_item_add(GPtrArray *items, const char *id, const char *title, const char *text,
                       const char *link, gint64 time);
GPtrArray *cw_agent_found_new(void);
void cw_agent_found_add(GPtrArray *found, const char *name, const char *title);

struct CwAgent {
    const char *id;       /* "stocks": protocol = agents:stocks */
    const char *name;     /* "Stocks" */
    const char *identity; /* type of the gateway's disco#info identity: "stocks" */
    const char *category; /* nullable: of a second identity of that type, "headline" */
    const char *example;  /* what a contact can be called: "AAPL" */
    gboolean caseless;    /* "aapl" is the same */
    /* Reads the settings.  Nullable. */
    gboolean (*start)(GError **error);
    void (*stop)(void); /* nullable */
    /* The one name of the thing that the user means with what he typed.  (transfer full) */
    char *(*normalize)(const char *typed, GError **error);
    /* Is there such a thing?  Ends once, with cw_thing_known(), behind which the first refresh()
     * comes; with cw_thing_refreshed(), when what was asked has told the value too (behind
     * cw_thing_known() where it has a title); with cw_thing_unknown(), or with cw_thing_failed().
     * Nullable: everything that can be named is there. */
    void (*find)(CwThing *thing);
    /* Ends with cw_thing_refreshed() or cw_thing_failed(), once, now or later. */
    void (*refresh)(CwThing *thing);
    /* Nobody watches it any more: what is under way is cancelled, `data` freed.  Nullable. */
    void (*forget)(CwThing *thing);
    /* What this watcher's contact list shows, once there is a value; `show` is CW_SHOW_ONLINE
     * before.  (transfer full) (nullable) */
    char *(*status)(const CwWatch *watch, CwShow *show);
    /* Behind each refresh, for each watch: says by cw_watch_push() what is new to him.  Nullable.
     */
    void (*changed)(CwWatch *watch);
    /* Things of that name or description; `done` once.  Nullable. */
    void (*search)(const char *text, CwAgentFoundDone done, gpointer data);
    gboolean (*may_search)(void); /* the settings say where; nullable: always */
    /* What it published last, newest first: cw_agent_item_add() for each.  Nullable. */
    void (*items)(const CwWatch *watch, GPtrArray *into);
    const CwAgentCommand *commands; /* ended by one without a word; nullable */
    guint interval;                 /* s between two fetches, when no setting says another */
};

extern const CwAgent *const cw_agents[]; /* every agent there is; ended by NULL: agents.c */

/* ---- settings: [transport …] agent.NAME = VALUE ---- */

const char *cw_agent_setting(const char *name); /* nullable */
const char *cw_agent_setting_or(const char *name, const char *otherwise);
/* FALSE with the error: it is no number from `least` to `most`.  Left as it was when not set. */
gboolean cw_agent_setting_number(const char *name, guint least, guint most, guint *value,
                                 GError **error);
gboolean cw_agent_setting_boolean(const char *name, gboolean *value, GError **error);
/* FALSE with the error: it is no URL that may be fetched, or misses one of `words`, which are
 * filled in by cw_text_fill_url(): "symbol", …, NULL.  `url` is what it is when not set; NULL:
 * nothing. */
gboolean cw_agent_setting_url(const char *name, const char *const *words, const char **url,
                              GError **error);
/* What stands in the file that the setting names, such as an API key; NULL without an error: it is
 * not set.  A file that others can read, or that is empty, is an error.  (transfer full) */
char *cw_agent_setting_secret(const char *name, GError **error);

/* ---- things ---- */

void cw_thing_known(CwThing *thing, const char *title); /* nullable title */
/* Who adds it is refused with that text: why, and what else there is.  Who has it already is told
 * the text, and watches it no more: one that may come back has failed. */
void cw_thing_unknown(CwThing *thing, const char *text);
/* The same, with the first of these to choose from (cw_agent_found_new()). */
void cw_thing_ambiguous(CwThing *thing, const char *text, const GPtrArray *found);
/* `next`: s until the next fetch, 0: the usual interval. */
void cw_thing_refreshed(CwThing *thing, guint next);
/* `retry`: s until the next try, 0: as the host thinks fit.  His watchers see `why` when it lasts.
 */
void cw_thing_failed(CwThing *thing, const char *why, guint retry);
/* The next fetch is in so many s at the latest, unless one is under way. */
void cw_thing_hurry(CwThing *thing, guint seconds);
void cw_thing_show(CwThing *thing); /* its status may be another: to those who watch it */

/* ---- watches ---- */

/* The answer to a command: a message, or a line of its own when it came from a menu. */
void cw_watch_reply(CwWatch *watch, const char *format, ...) G_GNUC_PRINTF(2, 3);
/* The same, and it is at this URL: a picture, which clients show in its place; a menu shows the
 * URL. */
void cw_watch_reply_link(CwWatch *watch, const char *url);
/* Something happened.  Now, or in a digest when he wants to be left alone.  `title`, `url`
 * nullable. */
void cw_watch_push(CwWatch *watch, const char *title, const char *text, const char *url);
/* The same of what it published: `items` as of the agent's items(), but oldest first, for clients
 * that want those rather than a text.  (transfer full) */
void cw_watch_push_items(CwWatch *watch, const char *title, const char *text, const char *url,
                         GPtrArray *items);
/* What lasts: of this watch, and of the user whatever he watches.  NULL: forget it. */
const char *cw_watch_remembered(const CwWatch *watch, const char *name);
void cw_watch_remember(CwWatch *watch, const char *name, const char *value);
const char *cw_watch_preference(const CwWatch *watch, const char *name);
void cw_watch_set_preference(CwWatch *watch, const char *name, const char *value);
/* "Europe/Rome"; NULL: there is none of that name.  (transfer full) */
GTimeZone *cw_agent_zone_new(const char *name);
/* "europe/rome" is Europe/Rome: zones have a capital behind each '/', '_' and '-', JIDs none.
 * (transfer full) */
char *cw_agent_zone_name(const char *name);
GTimeZone *cw_watch_zone(const CwWatch *watch); /* his, else UTC.  (transfer full) */
void cw_watch_show(CwWatch *watch);             /* his status of it may be another */

/* ---- the log ---- */

void cw_agent_log(const char *level, const char *format, ...) G_GNUC_PRINTF(2, 3);

G_END_DECLS
