/* transport/session-remembered.c: what his host has us remember of the account
 *
 *     remember -> store -> values of the next login, as "remembered.NAME"
 *
 * Nothing of it is kept here.  The store sees a value from the moment that it is given, written or
 * not, so that a log-in right behind it has it.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#define G_LOG_DOMAIN "transport"

#include "transport/session-private.h"

#include <string.h>

#include "transport/json.h"

#define PREFIX "remembered."
#define NAME_MOST 2048        /* bytes: a contact's name has up to 1023 in a JID */
#define LINE_REST (64 * 1024) /* bytes of a login for everything else */
#define LINE_MEMBERS 100      /* of its values for options */

/* Shared with the writes that are under way: they may end behind the session. */
struct CwSessionRemembering {
    char *subject; /* of log lines */
    gboolean told; /* that it is too much */
};

static void clear_remembering(gpointer data)
{
    g_free(((struct CwSessionRemembering *)data)->subject);
}

static void release(struct CwSessionRemembering *remembering)
{
    g_rc_box_release_full(remembering, clear_remembering);
}

void cw_session_free_remembering(CwSession *session)
{
    g_clear_pointer(&session->remembering, release);
}

static struct CwSessionRemembering *get_remembering(CwSession *session)
{
    if (session->remembering == NULL) {
        session->remembering = g_rc_box_new0(struct CwSessionRemembering);
        session->remembering->subject =
            g_strdup_printf("%s/%s", session->jid, cw_transport_domain(session->transport));
    }
    return session->remembering;
}

/* Once a session: a host that has too much to remember has it each time. */
static void tell(struct CwSessionRemembering *remembering, const char *why)
{
    if (!remembering->told)
        g_message("%s: its host wants more remembered than it may (%s); what is over it is not",
                  remembering->subject, why);
    remembering->told = TRUE;
}

/* ---- into the store ---- */

static void stored_cb(const GError *error, gpointer data)
{
    struct CwSessionRemembering *remembering = data;

    if (g_error_matches(error, CW_STORE_ERROR, CW_STORE_ERROR_FULL))
        tell(remembering, "remembered-values, remembered-size");
    release(remembering);
}

void cw_session_take_remember(CwSession *session, const CwLinkMsg *msg)
{
    const CwLimits *limits = LIMITS(session);
    struct CwSessionRemembering *remembering = get_remembering(session);

    if (strlen(msg->name) > NAME_MOST)
        tell(remembering, "a name of over 2048 bytes");
    else if (msg->text != NULL && limits->remembered_value_size > 0 &&
             strlen(msg->text) > limits->remembered_value_size)
        tell(remembering, "remembered-value-size");
    else
        cw_store_remember(
            cw_transport_store(session->transport), cw_transport_domain(session->transport),
            session->jid, msg->name, msg->text,
            limits->remembered_values > 0 ? limits->remembered_values : CW_JSON_MEMBERS,
            limits->remembered_size > 0 ? limits->remembered_size : CW_LINK_LINE_MAX, stored_cb,
            g_rc_box_acquire(remembering));
}

/* ---- into a login ---- */

static gsize room_in_line(const CwSession *session)
{
    const CwAvatar *picture = session->looks.begun_picture == NULL ? NULL : session->looks.picture;
    gsize taken = LINE_REST;

    if (picture != NULL)
        taken += g_bytes_get_size(picture->bytes) / 3 * 4 + 4;
    return taken < CW_LINK_LINE_MAX ? CW_LINK_LINE_MAX - taken : 0;
}

static gsize size_in_line(GString *scratch, const char *name, const char *value)
{
    g_string_truncate(scratch, 0);
    cw_json_write_string(scratch, name);
    cw_json_write_string(scratch, value);
    return scratch->len + strlen(PREFIX ":,");
}

GHashTable *cw_session_remembered_values(gpointer data)
{
    CwSession *session = data;
    g_autoptr(GError) error = NULL;
    g_autoptr(GHashTable) stored =
        cw_store_list_remembered(cw_transport_store(session->transport),
                                 cw_transport_domain(session->transport), session->jid, &error);
    GHashTableIter iter;
    gpointer name, value;

    if (stored == NULL) {
        g_warning("%s/%s: cannot read what is remembered: %s", session->jid,
                  cw_transport_domain(session->transport), error->message);
        return NULL;
    }
    if (g_hash_table_size(stored) == 0)
        return NULL;
    g_autoptr(GString) scratch = g_string_new(NULL);
    GHashTable *values = cw_secret_table_new();
    gsize room = room_in_line(session);
    g_hash_table_iter_init(&iter, stored);
    while (g_hash_table_iter_next(&iter, &name, &value)) {
        gsize size = size_in_line(scratch, name, value);
        if (size > room || g_hash_table_size(values) >= CW_JSON_MEMBERS - LINE_MEMBERS) {
            tell(get_remembering(session), "a line of the link");
            continue;
        }
        room -= size;
        g_hash_table_insert(values, g_strconcat(PREFIX, name, NULL), g_strdup(value));
    }
    return values;
}
