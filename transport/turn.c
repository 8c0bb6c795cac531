/* transport/turn.c: what is to be done at the end of a turn of the loop
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "transport/turn.h"

static GPtrArray *jobs; /* CwTurnJob *, borrowed; NULL: it was cancelled */
static GSource *source;

static void forget(guint i)
{
    CwTurnJob *job = g_ptr_array_index(jobs, i);

    if (job != NULL)
        job->queued = FALSE;
    g_ptr_array_remove_index(jobs, i);
}

static gboolean prepare_cb(GSource *self, gint *timeout)
{
    for (guint i = jobs->len; i > 0; i--) {
        const CwTurnJob *job = g_ptr_array_index(jobs, i - 1);
        if (job == NULL || (job->quick != NULL && job->quick(job->data)))
            forget(i - 1);
    }
    *timeout = jobs->len > 0 ? 0 : -1;
    return jobs->len > 0;
}

static gboolean check_cb(GSource *self)
{
    return jobs->len > 0;
}

/* A job that queues itself again has its next turn. */
static gboolean dispatch_cb(GSource *self, GSourceFunc callback, gpointer data)
{
    for (guint left = jobs->len; left > 0 && jobs->len > 0; left--) {
        CwTurnJob *job = g_ptr_array_index(jobs, 0);
        forget(0);
        if (job != NULL)
            job->work(job->data);
    }
    return G_SOURCE_CONTINUE;
}

static GSourceFuncs source_funcs = {prepare_cb, check_cb, dispatch_cb, NULL};

void cw_turn_queue(CwTurnJob *job)
{
    if (job->queued)
        return;
    if (source == NULL) {
        jobs = g_ptr_array_new();
        source = g_source_new(&source_funcs, sizeof(GSource));
        g_source_set_static_name(source, "end of turn");
        g_source_attach(source, NULL);
    }
    job->queued = TRUE;
    g_ptr_array_add(jobs, job);
}

void cw_turn_cancel(CwTurnJob *job)
{
    guint i;

    if (job->queued && g_ptr_array_find(jobs, job, &i))
        g_ptr_array_index(jobs, i) = NULL;
    job->queued = FALSE;
}
