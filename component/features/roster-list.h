/* component/features/roster-list.h: what the parts of bringing the network's list to the roster
 * share
 *
 *     roster-list.c    what waits for each user, which way it takes, the ways without a permission
 *     roster-server.c  the way with the server's permission; names and groups both ways
 *
 * Nobody else includes this.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#pragma once

#include "component/features/features.h"

G_BEGIN_DECLS

#define CW_NS_ROSTER "jabber:iq:roster"

typedef enum {
    CW_ROSTER_WAY_UNKNOWN,
    CW_ROSTER_WAY_SERVER,
    CW_ROSTER_WAY_EXCHANGE,
    CW_ROSTER_WAY_SUBSCRIBE,
} CwRosterWay;

/* What is to be brought to one user's roster; from his log-in to his log-out. */
typedef struct {
    CwComponent *component;
    char *user;
    guint serial;            /* no other list ever has it */
    CwRosterWay way, failed; /* `failed`: this one and those before it are of no use */
    GQueue names;            /* char *, contacts that wait; each once */
    GHashTable *waiting;     /* set of the same strings */
    gboolean look;           /* the roster is to be looked at, whether any waits or not */
    GHashTable *roster;      /* WAY_SERVER: JID of ours -> roster-server.c's; NULL: not read */
    gint64 read_at;          /* monotonic, µs; when it was asked for */
    gboolean taken;          /* the server took a set since */
    char *client;            /* WAY_EXCHANGE: full JID */
    guint open;              /* requests without an answer */
    guint breaks;            /* of the stream, while some were open */
    guint timer_id;
} CwRosterList;

/* What an answer is about.  The list may be gone when it comes, or be another one. */
typedef struct {
    char *user;
    guint serial;
    GPtrArray *names; /* char * */
} CwRosterErrand;

/* ---- roster-list.c ---- */

CwRosterList *cw_roster_list_find(CwComponent *component, const char *user); /* nullable */
CwSession *cw_roster_list_session(const CwRosterList *list);                 /* nullable */
char *cw_roster_list_pop(CwRosterList *list); /* (transfer full) (nullable) */
/* A contact of the list that is still there, with its JID (transfer full); NULL: it is not. */
CwContact *cw_roster_list_contact(const CwRosterList *list, const char *name, char **jid);
/* By a subscription request, once in its lifetime. */
void cw_roster_list_ask(CwRosterList *list, CwSession *session, CwContact *contact);
/* The way does not work: what was on it takes the next one. */
void cw_roster_list_give_up_way(CwRosterList *list, const GPtrArray *names);
void cw_roster_list_go_on(CwRosterList *list);
void cw_roster_list_spare(CwRosterList *list); /* his roster is not asked for again */

CwRosterErrand *cw_roster_errand_new(const CwRosterList *list);
void cw_roster_errand_free(gpointer errand);
/* The list that waits for this answer; NULL: it is gone.  Without an answer because the stream
 * broke, its names wait again. */
CwRosterList *cw_roster_errand_take(CwComponent *component, const CwRosterErrand *errand,
                                    const CwStanza *answer);
/* Its contacts were brought, whether the list is still there or not. */
void cw_roster_errand_mark(CwComponent *component, const CwRosterErrand *errand, gboolean granted);

static inline gboolean cw_roster_is_result(const CwStanza *answer)
{
    return answer != NULL && g_strcmp0(answer->type, "result") == 0;
}

/* ---- roster-server.c ---- */

/* The start of an item; the writer stands inside its tag. */
void cw_roster_write_item(CwWriter *writer, const char *jid, const char *name);

/* Is it worth looking at the roster of this user: may his server let us? */
gboolean cw_roster_server_may_read(CwComponent *component, const char *user);
void cw_roster_server_read(CwRosterList *list);
/* With the roster read: brings some of what waits; forgets the roster when all is done. */
void cw_roster_server_set_some(CwRosterList *list);
/* A roster push: XEP-0321 3.3, and of a privileged entity (XEP-0356) where the server sends it. */
void cw_roster_server_take_push(CwComponent *component, const CwStanza *stanza,
                                const CwNode *query);
/* The record of which servers let us; for cw_component_set_data() of roster-list.c. */
GHashTable *cw_roster_server_new_record(void);
GHashTable *cw_roster_list_record(CwComponent *component);

G_END_DECLS
