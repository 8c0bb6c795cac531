/* transport/session-resources.c: the user's resources and what the network sees of them
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#define G_LOG_DOMAIN "transport"

#include "transport/session-private.h"

void cw_session_free_resource(gpointer data)
{
    CwResource *resource = data;

    g_free(resource->name);
    g_free(resource->status);
    g_free(resource);
}

static CwResource *find_resource(const CwSession *session, const char *name, guint *at)
{
    for (guint i = 0; i < session->resources->len; i++) {
        CwResource *resource = g_ptr_array_index(session->resources, i);
        if (g_str_equal(resource->name, name)) {
            if (at != NULL)
                *at = i;
            return resource;
        }
    }
    return NULL;
}

gboolean cw_session_has_resource(const CwSession *session, const char *name)
{
    return find_resource(session, name, NULL) != NULL;
}

const CwResource *cw_session_best_resource(const CwSession *session)
{
    const CwResource *best = NULL;

    for (guint i = 0; i < session->resources->len; i++) {
        const CwResource *resource = g_ptr_array_index(session->resources, i);
        if (best == NULL || resource->priority >= best->priority)
            best = resource;
    }
    return best;
}

CwShow cw_session_presence(const CwSession *session, const char **status, gint64 *idle)
{
    const CwProtocol *protocol = cw_transport_protocol(session->transport);
    const CwResource *best = cw_session_best_resource(session);
    gboolean unseen = session->invisible && (protocol == NULL || protocol->invisible);

    *status = best == NULL || unseen ? NULL : best->status;
    *idle = best == NULL || unseen ? 0 : best->idle;
    if (unseen)
        return CW_SHOW_INVISIBLE;
    return best != NULL ? best->show : session->remains ? CW_SHOW_AWAY : CW_SHOW_ONLINE;
}

void cw_session_tell_presence(CwSession *session)
{
    const char *status = NULL;
    gint64 idle = 0;
    CwShow show = cw_session_presence(session, &status, &idle);

    if (session->account == NULL || (show == session->told_show && idle == session->told_idle &&
                                     g_strcmp0(status, session->told_status) == 0))
        return;
    session->told_show = show;
    g_free(session->told_status);
    session->told_status = g_strdup(status);
    if (cw_account_send(
            session->account,
            &(CwLinkMsg){.kind = CW_LINK_PRESENCE, .show = show, .status = status, .idle = idle}))
        session->told_idle = idle;
    else /* the log-in begins with it; idle comes behind the log-in */
        cw_account_set_presence(session->account, show, status);
}

CwResourceChange cw_session_resource_up(CwSession *session, const char *name, CwShow show,
                                        const char *status, int priority, gint64 idle,
                                        gboolean at_gateway)
{
    guint most = LIMITS(session)->resources, at = 0;
    CwResource *resource = find_resource(session, name, &at);
    gboolean is_new = resource == NULL;

    if (is_new) {
        if (most > 0 && session->resources->len >= most)
            return CW_RESOURCE_REFUSED;
        resource = g_new0(CwResource, 1);
        resource->name = g_strdup(name);
        g_ptr_array_add(session->resources, resource);
    } else if (resource->show == show && resource->priority == priority && resource->idle == idle &&
               g_strcmp0(resource->status, status) == 0) {
        resource->at_gateway |= at_gateway;
        resource->doubted = FALSE;
        return CW_RESOURCE_SAME;
    } else {
        /* the newest goes to the end */
        g_ptr_array_steal_index(session->resources, at);
        g_ptr_array_add(session->resources, resource);
    }
    cw_session_stay(session);
    cw_session_end_remaining(session);
    resource->show = show;
    resource->priority = priority;
    resource->idle = idle;
    resource->at_gateway |= at_gateway;
    resource->doubted = FALSE;
    char *old = resource->status;
    resource->status = g_strdup(status);
    g_free(old);

    if (session->state == CW_SESSION_OFFLINE)
        cw_session_log_in(session);
    else
        cw_session_tell_presence(session);
    return is_new ? CW_RESOURCE_NEW : CW_RESOURCE_CHANGED;
}

static void remove_resource(CwSession *session, guint at)
{
    CwResource *resource = g_ptr_array_steal_index(session->resources, at);

    EMIT(session, resource_gone, session, resource->name);
    cw_session_rooms_resource_gone(session, resource->name);
    cw_session_free_resource(resource);
}

gboolean cw_session_resource_down(CwSession *session, const char *name, gboolean at_gateway)
{
    guint at = 0;
    CwResource *resource = find_resource(session, name, &at);

    /* XEP-0100 4.5.2: told to a contact only */
    if (resource == NULL || (resource->at_gateway && !at_gateway))
        return FALSE;
    remove_resource(session, at);
    if (session->resources->len > 0)
        cw_session_tell_presence(session);
    else
        cw_session_leave(session);
    return TRUE;
}

gboolean cw_session_drop_resources(CwSession *session)
{
    while (session->resources->len > 0)
        remove_resource(session, session->resources->len - 1);
    return cw_session_remain(session);
}

void cw_session_doubt_resources(CwSession *session)
{
    for (guint i = 0; i < session->resources->len; i++)
        ((CwResource *)g_ptr_array_index(session->resources, i))->doubted = TRUE;
}

void cw_session_drop_doubted(CwSession *session)
{
    gboolean dropped = FALSE;

    for (guint i = session->resources->len; i > 0; i--) {
        const CwResource *resource = g_ptr_array_index(session->resources, i - 1);
        if (resource->doubted) {
            remove_resource(session, i - 1);
            dropped = TRUE;
        }
    }
    if (session->resources->len == 0 && session->linger_id == 0 && !session->leaving)
        cw_session_leave(session);
    else if (dropped)
        cw_session_tell_presence(session);
}

const GPtrArray *cw_session_resources(const CwSession *session)
{
    return session->resources;
}
