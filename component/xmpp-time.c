/* component/xmpp-time.c: points in time as XMPP writes them
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "component/xmpp-time.h"

char *cw_xmpp_time(gint64 seconds)
{
    g_autoptr(GDateTime) time = g_date_time_new_from_unix_utc(seconds);

    return time == NULL ? NULL : g_date_time_format(time, "%Y-%m-%dT%H:%M:%SZ");
}

void cw_xmpp_time_write_delay(CwWriter *writer, const char *from, gint64 seconds)
{
    g_autofree char *stamp = cw_xmpp_time(seconds);

    if (stamp == NULL)
        return;
    cw_writer_start(writer, "delay", CW_NS_DELAY);
    cw_writer_attr(writer, "from", from);
    cw_writer_attr(writer, "stamp", stamp);
    cw_writer_end(writer);
}
