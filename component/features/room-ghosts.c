/* component/features/room-ghosts.c: clients that are in rooms and not there any more
 *
 * What we send them comes back.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#define G_LOG_DOMAIN "component"

#include "component/features/rooms.h"

/* XEP-0045 7.14 leaves it to the service which errors say that somebody has gone offline.  Of the
 * conditions of RFC 6120 8.3.3 these are about the address or the way to it. */
static const char *const gone_conditions[] = {
    "gone",     "item-not-found",          "recipient-unavailable",
    "redirect", "remote-server-not-found", "remote-server-timeout",
};

static gboolean says_gone(const CwNode *error)
{
    for (guint i = 0; i < G_N_ELEMENTS(gone_conditions); i++) {
        if (cw_node_child(error, gone_conditions[i], NULL) != NULL)
            return TRUE;
    }
    return FALSE;
}

/* A server answers a groupchat message to a resource that is not there with this, or with nothing
 * (RFC 6121 8.5.3.2.1), and a presence with nothing; but so it answers a message of whom the user
 * has blocked (XEP-0191 3.3): of the other rooms it says nothing. */
static gboolean says_unwanted(const CwStanza *stanza, const CwNode *error)
{
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
    CwRoom *room = cw_rooms_find(component, stanza, &session);
    const CwNode *error = cw_node_child(stanza->node, "error", NULL);
    Ghost ghost = {session, cw_rooms_client(stanza)};

    if (room == NULL || error == NULL)
        return;
    gboolean gone = says_gone(error);
    if (!gone && !says_unwanted(stanza, error))
        return;
    g_info("%s: %s cannot be reached any more, and is taken out of its room%s",
           cw_component_domain(component), stanza->from->full, gone ? "s" : "");
    if (gone)
        cw_session_each_room(session, remove_ghost, &ghost);
    else
        remove_ghost(room, &ghost);
}

const CwFeature cw_feature_room_ghosts = {
    .name = "room-ghosts",
    .error = take_error,
};
