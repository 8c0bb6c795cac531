/* transport/link-peer.c: one end of a link: framing, queue, one write a loop turn
 *
 * Reads at most READ_CHUNK a turn, so that a chatty host cannot keep the loop.  What is sent goes
 * into one buffer that is written at the end of the turn.  A callback may free the peer:
 * `busy` counts the frames that still look at it.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "transport/link.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "transport/secret.h"
#include "transport/turn.h"

#define READ_CHUNK (64 * 1024)

struct CwLinkPeer {
    int fd;
    CwLinkSide self;
    gsize high_water, limit;
    const CwLinkPeerEvents *events;
    gpointer data;

    GString *in;
    gsize scanned; /* bytes of `in` known to hold no newline */
    GString *out;
    gsize written;            /* bytes of `out` that are gone */
    guint64 lines;            /* queued so far */
    guint64 lines_lost;       /* of these: the other side closed before they were written */
    CwScoreboard *scoreboard; /* (nullable) */
    CwLinkTrace *trace;       /* (nullable) */
    gboolean out_secret;      /* a secret is or was in `out` since it was last empty */
    gboolean congested;
    gboolean paused;
    gboolean deaf;  /* the other side reads no more; what it wrote before is still to be read */
    gboolean over;  /* closed() was called */
    gboolean freed; /* free when busy is 0 */
    guint busy;

    guint read_id, resume_id; /* sources; 0: none */
    guint write_id;           /* waits for room in the socket */
    CwTurnJob flush;          /* writes at the end of the turn */
};

static void schedule_flush(CwLinkPeer *peer);

static void drop_sources(CwLinkPeer *peer)
{
    g_clear_handle_id(&peer->read_id, g_source_remove);
    g_clear_handle_id(&peer->resume_id, g_source_remove);
    g_clear_handle_id(&peer->write_id, g_source_remove);
    cw_turn_cancel(&peer->flush);
}

static void destroy(CwLinkPeer *peer)
{
    drop_sources(peer);
    if (peer->fd >= 0)
        close(peer->fd);
    /* either may have held a secret */
    explicit_bzero(peer->in->str, peer->in->allocated_len);
    explicit_bzero(peer->out->str, peer->out->allocated_len);
    g_string_free(peer->in, TRUE);
    g_string_free(peer->out, TRUE);
    g_free(peer);
}

static void leave(CwLinkPeer *peer)
{
    peer->busy--;
    if (peer->busy == 0 && peer->freed)
        destroy(peer);
}

void cw_link_peer_free(CwLinkPeer *peer)
{
    if (peer == NULL)
        return;
    peer->freed = TRUE;
    peer->over = TRUE;
    drop_sources(peer);
    if (peer->busy == 0)
        destroy(peer);
}

/* The last thing that happens; takes `error`. */
static void end(CwLinkPeer *peer, GError *error)
{
    if (!peer->over) {
        peer->over = TRUE;
        drop_sources(peer);
        peer->busy++;
        peer->events->closed(error, peer->data);
        leave(peer);
    }
    g_error_free(error);
}

static void trace(CwLinkPeer *peer, const CwLinkMsg *msg, gsize length, gboolean sent)
{
    if (peer->trace == NULL)
        return;
    peer->trace->lines[peer->trace->n++ % CW_LINK_TRACE] = (CwLinkTraced){
        .at = g_get_monotonic_time(),
        .id = msg->id,
        .account = msg->account,
        .length = cw_link_msg_has_secret(msg) ? 0 : (guint32)length,
        .kind = msg->kind,
        .sent = sent,
    };
}

void cw_link_peer_set_trace(CwLinkPeer *peer, CwLinkTrace *trace)
{
    peer->trace = trace;
}

/* ---- reading ---- */

/* Hands out the complete lines in the buffer.  FALSE: stop, the peer may be gone behind leave(). */
static gboolean hand_out_lines(CwLinkPeer *peer)
{
    gsize start = 0;
    GError *error = NULL;

    while (!peer->over && !peer->paused) {
        gsize from = MAX(start, peer->scanned);
        char *newline = memchr(peer->in->str + from, '\n', peer->in->len - from);
        if (newline == NULL) {
            peer->scanned = peer->in->len;
            break;
        }
        gsize length = (gsize)(newline - (peer->in->str + start));
        CwLinkMsg msg;
        CwLinkSide them = peer->self == CW_LINK_GATEWAY ? CW_LINK_HOST : CW_LINK_GATEWAY;
        if (peer->scoreboard != NULL)
            cw_scoreboard_begin(peer->scoreboard);
        if (!cw_link_decode(peer->in->str + start, length, them, &msg, &error))
            break;
        if (peer->scoreboard != NULL)
            cw_scoreboard_serve(peer->scoreboard, msg.account);
        gboolean secret = cw_link_msg_has_secret(&msg);
        trace(peer, &msg, length + 1, FALSE);
        peer->events->message(&msg, peer->data);
        if (peer->scoreboard != NULL)
            cw_scoreboard_finish(peer->scoreboard);
        cw_link_msg_clear(&msg);
        if (secret)
            explicit_bzero(peer->in->str + start, length);
        start += length + 1;
        peer->scanned = start;
    }
    g_string_erase(peer->in, 0, (gssize)start);
    peer->scanned = peer->scanned > start ? peer->scanned - start : 0;

    if (error == NULL && !peer->over && !peer->paused && peer->in->len >= CW_LINK_LINE_MAX)
        error = g_error_new(CW_LINK_ERROR, CW_LINK_ERROR_SYNTAX, "a line of over %d bytes",
                            CW_LINK_LINE_MAX);
    if (error != NULL)
        end(peer, error);
    return !peer->over;
}

static gboolean readable_cb(gint fd, GIOCondition condition, gpointer data)
{
    CwLinkPeer *peer = data;
    gsize old = peer->in->len;

    peer->busy++;
    cw_secret_grow(peer->in, READ_CHUNK);
    g_string_set_size(peer->in, old + READ_CHUNK);
    gssize got = recv(fd, peer->in->str + old, READ_CHUNK, MSG_DONTWAIT);
    int problem = errno;
    g_string_set_size(peer->in, old + (gsize)MAX(got, 0));

    if (got > 0)
        hand_out_lines(peer);
    else if (got == 0 ||
             (got < 0 && problem == ECONNRESET)) /* it closed and left something unread */
        end(peer, g_error_new(CW_LINK_ERROR, CW_LINK_ERROR_CLOSED, "the other side closed"));
    else if (problem != EAGAIN && problem != EINTR)
        end(peer,
            g_error_new(CW_LINK_ERROR, CW_LINK_ERROR_IO, "cannot read: %s", g_strerror(problem)));
    gboolean goes_on = !peer->over && peer->read_id != 0;
    leave(peer);
    return goes_on ? G_SOURCE_CONTINUE : G_SOURCE_REMOVE;
}

static void watch_reading(CwLinkPeer *peer)
{
    if (peer->read_id == 0)
        peer->read_id = g_unix_fd_add(peer->fd, G_IO_IN | G_IO_HUP | G_IO_ERR, readable_cb, peer);
}

static gboolean resume_cb(gpointer data)
{
    CwLinkPeer *peer = data;

    peer->resume_id = 0;
    peer->busy++;
    if (hand_out_lines(peer) && !peer->paused)
        watch_reading(peer);
    leave(peer);
    return G_SOURCE_REMOVE;
}

void cw_link_peer_pause(CwLinkPeer *peer, gboolean yes)
{
    if (peer->over || peer->paused == yes)
        return;
    peer->paused = yes;
    if (yes) {
        g_clear_handle_id(&peer->read_id, g_source_remove);
        g_clear_handle_id(&peer->resume_id, g_source_remove);
    } else {
        peer->resume_id = g_idle_add_full(G_PRIORITY_DEFAULT, resume_cb, peer, NULL);
    }
}

/* ---- writing ---- */

static void tell_congestion(CwLinkPeer *peer)
{
    gsize queued = cw_link_peer_queued(peer);
    gboolean now = peer->congested ? queued > peer->high_water / 4 : queued > peer->high_water;

    if (now == peer->congested || peer->over)
        return;
    peer->congested = now;
    if (peer->events->congested != NULL)
        peer->events->congested(now, peer->data);
}

/* A line counts with its newline: without it the other side cannot have handled it. */
static guint64 count_unwritten(const CwLinkPeer *peer)
{
    guint64 n = 0;

    for (gsize i = peer->written; i < peer->out->len; i++)
        n += peer->out->str[i] == '\n';
    return n;
}

/* Writes what the socket takes.  FALSE with `error`: the link is broken. */
static gboolean write_some(CwLinkPeer *peer, GError **error)
{
    while (peer->written < peer->out->len) {
        gssize n = send(peer->fd, peer->out->str + peer->written, peer->out->len - peer->written,
                        MSG_DONTWAIT | MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && errno == EAGAIN)
            break;
        if (n < 0 && (errno == EPIPE || errno == ECONNRESET)) {
            /* reading comes to the end of it, behind its last words */
            peer->deaf = TRUE;
            peer->lines_lost = count_unwritten(peer);
            peer->written = peer->out->len;
            break;
        }
        if (n < 0) {
            g_set_error(error, CW_LINK_ERROR, CW_LINK_ERROR_IO, "cannot write: %s",
                        g_strerror(errno));
            return FALSE;
        }
        peer->written += (gsize)n;
    }
    if (peer->written == peer->out->len || peer->written > READ_CHUNK) {
        if (peer->out_secret)
            explicit_bzero(peer->out->str, peer->written);
        g_string_erase(peer->out, 0, (gssize)peer->written);
        peer->written = 0;
        if (peer->out->len == 0 && peer->out_secret) {
            explicit_bzero(peer->out->str, peer->out->allocated_len);
            peer->out_secret = FALSE;
        }
    }
    return TRUE;
}

static gboolean writable_cb(gint fd, GIOCondition condition, gpointer data)
{
    CwLinkPeer *peer = data;

    peer->write_id = 0;
    schedule_flush(peer);
    return G_SOURCE_REMOVE;
}

static gboolean is_over_limit(const CwLinkPeer *peer)
{
    return peer->limit > 0 && cw_link_peer_queued(peer) > peer->limit;
}

/* All of it, with nothing to tell anybody. */
static gboolean flush_quick(gpointer data)
{
    CwLinkPeer *peer = data;

    return !peer->congested && !is_over_limit(peer) && write_some(peer, NULL) &&
           cw_link_peer_queued(peer) == 0;
}

static void flush(gpointer data)
{
    CwLinkPeer *peer = data;
    GError *error = NULL;

    peer->busy++;
    if (write_some(peer, &error) && is_over_limit(peer))
        g_set_error(&error, CW_LINK_ERROR, CW_LINK_ERROR_STUCK,
                    "%" G_GSIZE_FORMAT " bytes wait to be read", cw_link_peer_queued(peer));
    if (error != NULL) {
        end(peer, error);
    } else {
        if (cw_link_peer_queued(peer) > 0 && peer->write_id == 0)
            peer->write_id = g_unix_fd_add(peer->fd, G_IO_OUT | G_IO_ERR, writable_cb, peer);
        tell_congestion(peer);
    }
    leave(peer);
}

/* Over the limit the socket is tried once more before flush() gives up. */
static void schedule_flush(CwLinkPeer *peer)
{
    if (peer->over || peer->flush.queued)
        return;
    if (is_over_limit(peer))
        g_clear_handle_id(&peer->write_id, g_source_remove);
    if (peer->write_id == 0)
        cw_turn_queue(&peer->flush);
}

gboolean cw_link_peer_send(CwLinkPeer *peer, const CwLinkMsg *msg)
{
    g_autoptr(GError) error = NULL;

    if (peer->over || peer->deaf)
        return FALSE;
    if (cw_link_msg_has_secret(msg))
        peer->out_secret = TRUE;
    if (peer->out_secret) /* the secret of an earlier line may wait in there as well */
        cw_secret_grow(peer->out, cw_link_msg_most_bytes(msg));
    gsize before = peer->out->len;
    if (!cw_link_encode(msg, peer->self, peer->out, &error)) {
        g_warning("link: a line was not sent: %s", error->message);
        return FALSE;
    }
    peer->lines++;
    trace(peer, msg, peer->out->len - before, TRUE);
    schedule_flush(peer);
    tell_congestion(peer);
    return TRUE;
}

void cw_link_peer_set_scoreboard(CwLinkPeer *peer, CwScoreboard *scoreboard)
{
    peer->scoreboard = scoreboard;
}

guint64 cw_link_peer_lines(const CwLinkPeer *peer)
{
    return peer->lines;
}

guint64 cw_link_peer_lines_written(const CwLinkPeer *peer)
{
    return peer->lines - peer->lines_lost - count_unwritten(peer);
}

gsize cw_link_peer_queued(const CwLinkPeer *peer)
{
    return peer->out->len - peer->written;
}

gboolean cw_link_peer_is_congested(const CwLinkPeer *peer)
{
    return peer->congested;
}

void cw_link_peer_flush(CwLinkPeer *peer, guint timeout)
{
    gint64 deadline = g_get_monotonic_time() + (gint64)timeout * 1000;

    while (!peer->over && write_some(peer, NULL) && cw_link_peer_queued(peer) > 0) {
        gint64 left = (deadline - g_get_monotonic_time()) / 1000;
        struct pollfd poller = {.fd = peer->fd, .events = POLLOUT};
        if (left <= 0 || poll(&poller, 1, (int)left) <= 0)
            break;
    }
}

CwLinkPeer *cw_link_peer_new(int fd, CwLinkSide self, gsize high_water, gsize limit,
                             const CwLinkPeerEvents *events, gpointer data)
{
    CwLinkPeer *peer = g_new0(CwLinkPeer, 1);

    peer->fd = fd;
    peer->self = self;
    peer->high_water = high_water;
    peer->limit = limit;
    peer->events = events;
    peer->data = data;
    peer->in = g_string_new(NULL);
    peer->out = g_string_new(NULL);
    peer->flush = (CwTurnJob){.quick = flush_quick, .work = flush, .data = peer};
    fcntl(fd, F_SETFD, fcntl(fd, F_GETFD) | FD_CLOEXEC);
    watch_reading(peer);
    return peer;
}
