/* component/stream-state.c: the names of a stream's states and the moves between them
 *
 *     idle -> connecting -> opening -> handshake -> up -> closing -> stopped
 *                 ^            (lost or refused, from any of these)
 *                 +------------------- waiting <-+
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "component/stream.h"

#define BIT(state) (1U << (state))

/* Which states may follow.  Stopped may follow any but itself: the owner's wish comes first. */
static const guint followers[] = {
    [CW_STREAM_IDLE] = BIT(CW_STREAM_CONNECTING) | BIT(CW_STREAM_STOPPED),
    [CW_STREAM_CONNECTING] =
        BIT(CW_STREAM_OPENING) | BIT(CW_STREAM_WAITING) | BIT(CW_STREAM_STOPPED),
    [CW_STREAM_OPENING] = BIT(CW_STREAM_HANDSHAKE) | BIT(CW_STREAM_CLOSING) |
                          BIT(CW_STREAM_WAITING) | BIT(CW_STREAM_STOPPED),
    [CW_STREAM_HANDSHAKE] = BIT(CW_STREAM_UP) | BIT(CW_STREAM_CLOSING) | BIT(CW_STREAM_WAITING) |
                            BIT(CW_STREAM_STOPPED),
    [CW_STREAM_UP] = BIT(CW_STREAM_CLOSING) | BIT(CW_STREAM_WAITING) | BIT(CW_STREAM_STOPPED),
    [CW_STREAM_CLOSING] = BIT(CW_STREAM_WAITING) | BIT(CW_STREAM_STOPPED),
    [CW_STREAM_WAITING] = BIT(CW_STREAM_CONNECTING) | BIT(CW_STREAM_STOPPED),
    [CW_STREAM_STOPPED] = 0,
};

const char *cw_stream_state_to_string(CwStreamState state)
{
    switch (state) {
    case CW_STREAM_IDLE:
        return "idle";
    case CW_STREAM_CONNECTING:
        return "connecting";
    case CW_STREAM_OPENING:
        return "opening";
    case CW_STREAM_HANDSHAKE:
        return "handshake";
    case CW_STREAM_UP:
        return "up";
    case CW_STREAM_CLOSING:
        return "closing";
    case CW_STREAM_WAITING:
        return "waiting";
    case CW_STREAM_STOPPED:
        return "stopped";
    }
    return "unknown";
}

gboolean cw_stream_state_may_follow(CwStreamState from, CwStreamState to)
{
    g_return_val_if_fail(from < G_N_ELEMENTS(followers) && to < G_N_ELEMENTS(followers), FALSE);

    return (followers[from] & BIT(to)) != 0;
}
