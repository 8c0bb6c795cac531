/* transport/supervisor-private.h: the supervisor's structs, for its files
 *
 *     supervisor.c           the hosts, the turn, log-ins
 *     supervisor-places.c    which host an account goes to
 *     supervisor-crash.c     what follows from the end of a host
 *     supervisor-account.c   the accounts, as sessions see them
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#pragma once

#include "transport/backoff.h"
#include "transport/host.h"
#include "transport/pace.h"
#include "transport/supervisor.h"
#include "transport/suspects.h"

G_BEGIN_DECLS

/* No crash for so long resets the back-off, and a suspect that is online for so long is none. */
#define CW_STEADY_TIME ((gint64)60 * G_USEC_PER_SEC)

typedef struct CwSlot CwSlot;

/* A host and who is on it. */
struct CwSlot {
    CwSupervisor *supervisor;
    CwHost *host;
    GHashTable *accounts; /* number -> CwAccount * (not owned) */
    guint expected;       /* accounts that wait for this host */
    guint group;          /* 0: no suspects; else so many of them at most, and nobody else */
    guint32 last_number;
    gboolean described; /* it said hello */
};

struct CwSupervisor {
    char *subject;
    char **argv;
    const CwTransportSettings *transport;
    const CwSettings *settings;
    const CwSupervisorEvents *events;
    gpointer data;

    GPtrArray *slots; /* CwSlot *, owned */
    GQueue waiting;   /* CwAccount * */
    CwSuspects *suspects;
    guint watch_id;    /* looks at the suspects */
    CwBackoff backoff; /* of host starts */
    gint64 not_before; /* monotonic µs: no host is started earlier */
    CwPace pace;       /* of log-ins */
    gboolean started, stopping, paused;
    gboolean speaks;              /* the last host that started said hello */
    const CwHostRemains *remains; /* inside lost(): of the host that is gone */
    gint64 paused_at;             /* monotonic µs */
    gint64 paused_total;          /* µs, of the pauses that are over */
    guint turn_id;                /* runs turn_cb */
    gint64 turn_due;              /* when, monotonic µs */
};

struct CwAccount {
    CwSupervisor *supervisor;
    const CwAccountEvents *events;
    gpointer data;
    CwSlot *slot; /* NULL: waiting or lost */
    CwSlot *home; /* where it will be, while it waits; NULL: not known yet */
    guint32 number;
    guint64 line;     /* number of the line that was queued last */
    gint64 sent_at;   /* by cw_supervisor_clock(); 0: waiting */
    gint64 online_at; /* monotonic µs; 0: not yet */
    gboolean guilty;
    gboolean offline; /* the host said so: it has forgotten the number */
    GList link;       /* in `waiting` */

    char *username;
    CwSecret *password;
    GHashTable *options;
    CwShow show;
    char *status;
    CwAvatar *picture; /* nullable */
    char *nick;
};

/* supervisor.c */
CwSlot *cw_supervisor_start_host(CwSupervisor *supervisor); /* NULL: it could not be; logged */
void cw_supervisor_schedule_turn(CwSupervisor *supervisor, guint delay); /* ms */

/* supervisor-places.c */
guint cw_slot_used(const CwSlot *slot); /* accounts on it and those that wait for it */
void cw_slot_leave(CwSlot *slot);       /* an account did */
gboolean cw_supervisor_may_start(const CwSupervisor *supervisor);
/* Gives those that wait a home, as far as there is one or may be. */
void cw_supervisor_find_homes(CwSupervisor *supervisor);

/* supervisor-crash.c */
/* Takes the accounts off the slot, into `lost`, and looks for whose fault it was. */
void cw_slot_take_accounts(CwSlot *slot, const CwHostRemains *remains, GPtrArray *lost);
void cw_slot_write_crash_log(const CwSlot *slot, const char *why, const CwHostRemains *remains,
                             const GPtrArray *lost);
guint cw_slot_next_wait(const CwSlot *slot); /* ms until the next start */

G_END_DECLS
