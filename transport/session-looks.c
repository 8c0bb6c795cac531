/* transport/session-looks.c: the user's own picture and nickname, if his contacts are to see them
 *
 *     component -- what he has --> picture, nick --+-- with the log-in --> the network
 *                                                  +-- when it changes while he is online
 *
 * `told` is what the network has of ours.  A log-in begins with what is known, so that a host can
 * compare and give its network only what is new; the first of a session waits for that a little.
 * What the network has from elsewhere is never touched: only what was told is taken back.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#define G_LOG_DOMAIN "transport"

#include "transport/session-private.h"

#include <string.h>

#define CONGESTED_WAIT 500 /* ms until a host that has much to read is looked at again */
#define CHANGES 30         /* that the network is told at most … */
#define CHANGES_TIME 60000 /* … in so many ms; then the newest */

static void sync_looks(CwSession *session);

/* ---- what he wants ---- */

gboolean cw_session_wants_looks(const CwSession *session)
{
    const CwProtocol *protocol = cw_transport_protocol(session->transport);

    return session->looks.wanted && protocol != NULL && protocol->picture;
}

void cw_session_load_looks(CwSession *session, const CwUser *user)
{
    session->looks.wanted = cw_user_wants(user, CW_PREFERENCE_PICTURE);
}

gboolean cw_session_must_wait_for_looks(CwSession *session)
{
    gboolean wait =
        cw_session_wants_looks(session) && !session->looks.known && !session->looks.waited;

    session->looks.waited |= wait;
    return wait;
}

void cw_session_want_looks(CwSession *session)
{
    if (cw_session_wants_looks(session))
        EMIT(session, looks_wanted, session);
}

static void forget(CwLooks *looks)
{
    g_clear_pointer(&looks->picture, cw_avatar_unref);
    g_clear_pointer(&looks->nick, g_free);
    looks->known = FALSE;
}

void cw_session_take_preferences(CwSession *session, const CwUser *user)
{
    if (!g_hash_table_contains(user->preferences, cw_preference_to_string(CW_PREFERENCE_PICTURE)))
        return;
    gboolean before = session->looks.wanted;
    cw_session_load_looks(session, user);
    if (!session->looks.wanted) /* it may be another one when he wants it again */
        forget(&session->looks);
    else if (!before)
        cw_session_want_looks(session);
    sync_looks(session);
}

/* ---- to the network ---- */

static const char *wanted_picture(const CwSession *session)
{
    return cw_session_wants_looks(session) && session->looks.picture != NULL
               ? session->looks.picture->id
               : NULL;
}

static const char *wanted_nick(const CwSession *session)
{
    return cw_session_wants_looks(session) ? session->looks.nick : NULL;
}

static void replace(char **place, const char *text)
{
    if (*place == text)
        return;
    g_free(*place);
    *place = g_strdup(text);
}

static gboolean send_picture(CwSession *session)
{
    const CwAvatar *picture = wanted_picture(session) == NULL ? NULL : session->looks.picture;
    g_autofree char *data = picture == NULL ? NULL : cw_avatar_encode(picture);
    CwLinkMsg msg = {
        .kind = CW_LINK_AVATAR, .data = data, .media = picture == NULL ? NULL : picture->media};

    return cw_account_send(session->account, &msg);
}

static gboolean retry_cb(gpointer data)
{
    CwSession *session = data;

    session->looks.retry_id = 0;
    sync_looks(session);
    return G_SOURCE_REMOVE;
}

/* ms until the network may be told; 0: now.  A picture may be large: one that is sent to a host
 * that does not read would count against it. */
static guint wait_to_tell(CwSession *session)
{
    guint wait = 0;

    if (cw_account_is_congested(session->account))
        return CONGESTED_WAIT;
    cw_pace_take(&session->looks.pace, CHANGES, CHANGES_TIME, 0, &wait);
    return wait;
}

static void sync_looks(CwSession *session)
{
    CwLooks *looks = &session->looks;
    gboolean picture = g_strcmp0(wanted_picture(session), looks->told_picture) != 0;
    gboolean nick = g_strcmp0(wanted_nick(session), looks->told_nick) != 0;

    if (session->state != CW_SESSION_ONLINE || (!picture && !nick) || looks->retry_id != 0)
        return;
    guint wait = wait_to_tell(session);
    if (wait > 0) {
        looks->retry_id = g_timeout_add(wait, retry_cb, session);
        return;
    }
    if (picture && send_picture(session))
        replace(&looks->told_picture, wanted_picture(session));
    if (nick && cw_account_send(session->account,
                                &(CwLinkMsg){.kind = CW_LINK_NICK, .name = wanted_nick(session)}))
        replace(&looks->told_nick, wanted_nick(session));
}

void cw_session_begin_looks(CwSession *session)
{
    CwLooks *looks = &session->looks;

    replace(&looks->begun_picture, wanted_picture(session));
    replace(&looks->begun_nick, wanted_nick(session));
    cw_account_set_looks(session->account, looks->begun_picture == NULL ? NULL : looks->picture,
                         looks->begun_nick);
}

void cw_session_looks_online(CwSession *session)
{
    CwLooks *looks = &session->looks;

    if (looks->begun_picture != NULL)
        replace(&looks->told_picture, looks->begun_picture);
    if (looks->begun_nick != NULL)
        replace(&looks->told_nick, looks->begun_nick);
    if (!looks->known) /* nor did anybody wait for it, if the network was not known yet */
        cw_session_want_looks(session);
    sync_looks(session);
}

void cw_session_looks_offline(CwSession *session)
{
    g_clear_handle_id(&session->looks.retry_id, g_source_remove);
}

void cw_session_free_looks(CwSession *session)
{
    CwLooks *looks = &session->looks;

    cw_session_looks_offline(session);
    cw_avatar_unref(looks->picture);
    g_free(looks->nick);
    g_free(looks->begun_picture);
    g_free(looks->begun_nick);
    g_free(looks->told_picture);
    g_free(looks->told_nick);
}

/* ---- what he has ---- */

gboolean cw_session_set_picture(CwSession *session, const char *data, const char *media,
                                const char *id, const char **problem)
{
    const CwLimits *limits = LIMITS(session);
    CwAvatar *picture = NULL;

    *problem = NULL;
    if (data != NULL)
        picture = cw_avatars_take(cw_transport_avatars(session->transport), data, media,
                                  limits->avatar_size, limits->avatar_cache, problem);
    if (picture != NULL && g_ascii_strcasecmp(picture->id, id) != 0) {
        *problem = "its SHA-1 is not the one that was announced";
        g_clear_pointer(&picture, cw_avatar_unref);
    }
    if (picture != NULL && limits->link_queue > 0 &&
        g_bytes_get_size(picture->bytes) > limits->link_queue / 4) {
        *problem = "it is over what link-queue lets through"; /* the host would count as stuck */
        g_clear_pointer(&picture, cw_avatar_unref);
    }
    cw_avatar_unref(session->looks.picture);
    session->looks.picture = picture;
    sync_looks(session);
    return *problem == NULL;
}

const char *cw_session_picture(const CwSession *session)
{
    return session->looks.picture == NULL ? NULL : session->looks.picture->id;
}

void cw_session_set_nick(CwSession *session, const char *nick)
{
    g_autofree char *kept = nick == NULL || *nick == '\0' ? NULL : cw_session_keep_short(nick);

    replace(&session->looks.nick, kept);
    sync_looks(session);
}
