/* component/features/room-ghosts.c: clients that are in rooms and not there any more
 *
 * What we send them comes back.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#define G_LOG_DOMAIN "component"

#include "component/features/rooms.h"

/* XEP-0045: what an occupant's address answers who cannot be reached any more. */
static const char *const gone_conditions[] = {
    "gone",     "item-not-found",          "recipient-unavailable",
    "redirect", "remote-server-not-found", "remote-server-timeout",
};

/* A server answers a groupchat message to a resource that is not there with service-unavailable
 * (RFC 6121 8.5.3.2.1); a presence to it with nothing. */
static gboolean says_gone(const CwStanza *stanza)
{
    const CwNode *error = cw_node_child(stanza->node, "error", NULL);

    if (error == NULL)
        return FALSE;
    for (guint i = 0; i < G_N_ELEMENTS(gone_conditions); i++) {
        if (cw_node_child(error, gone_conditions[i], NULL) != NULL)
            return TRUE;
    }
    return cw_node_is(stanza->node, "message", NULL) &&
           cw_node_child(error, "service-unavailable", NULL) != NULL;
}

typedef struct {
    CwSession *session;
    const char *resource;
} Ghost;

static void remove_ghost(CwRoom *room, gpointer data)
{
    const Ghost *ghost = data;

    cw_session_room_leave(ghost->session, room, ghost->resource, NULL);
}

/* It would stay in its rooms for ever, and be sent what is said there. */
static void take_error(CwComponent *component, const CwStanza *stanza)
{
    CwSession *session = NULL;
    const CwRoom *room = cw_rooms_find(component, stanza, &session);
    Ghost ghost = {session, cw_rooms_client(stanza)};

    if (room == NULL || !says_gone(stanza))
        return;
    g_info("%s: %s cannot be reached any more, and is taken out of its rooms",
           cw_component_domain(component), stanza->from->full);
    cw_session_each_room(session, remove_ghost, &ghost);
}

const CwFeature cw_feature_room_ghosts = {
    .name = "room-ghosts",
    .error = take_error,
};
