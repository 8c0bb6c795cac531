/* component/xmpp-time.c: points in time as XMPP writes them
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "component/xmpp-time.h"

#include <string.h>

char *cw_xmpp_time(gint64 seconds)
{
    g_autoptr(GDateTime) time = g_date_time_new_from_unix_utc(seconds);

    return time == NULL ? NULL : g_date_time_format(time, "%Y-%m-%dT%H:%M:%SZ");
}

gboolean cw_xmpp_time_parse(const char *text, gint64 *microseconds)
{
    /* GLib reads more of ISO 8601 than the profile has, such as days of the year */
    g_autoptr(GDateTime) time =
        strlen(text) < 20 || text[4] != '-' || text[7] != '-' || text[10] != 'T'
            ? NULL
            : g_date_time_new_from_iso8601(text, NULL);

    if (time == NULL)
        return FALSE;
    *microseconds = g_date_time_to_unix(time) * G_USEC_PER_SEC + g_date_time_get_microsecond(time);
    return TRUE;
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
