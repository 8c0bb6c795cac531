/* component/features/room-lines.c: what is said in rooms, as a message: live, late, or of long ago
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "component/features/rooms.h"

#include <string.h>

#include "component/xmpp-time.h"

/* XEP-0421 3.1: the same as long as he is the same there, and nobody can tell who from it. */
void cw_rooms_write_occupant_id(CwComponent *component, CwWriter *writer, const char *room,
                                const char *nick, const char *who)
{
    const char *secret = cw_transport_settings(cw_component_transport(component))->secret;

    if (who == NULL)
        who = nick;
    if (who == NULL)
        return;
    g_autofree char *whole = g_strconcat(room, "\n", who, NULL);
    g_autofree char *id = g_compute_hmac_for_string(G_CHECKSUM_SHA256, (const guchar *)secret,
                                                    strlen(secret), whole, -1);
    cw_writer_start(writer, "occupant-id", CW_NS_OCCUPANT_ID);
    cw_writer_attr(writer, "id", id);
    cw_writer_end(writer);
}

const char *cw_rooms_line_id(const CwRoomLine *line)
{
    return line->stanza_id != NULL ? line->stanza_id : line->id;
}

char *cw_rooms_line_from(const char *bare, const CwRoomLine *line)
{
    return line->nick == NULL ? g_strdup(bare) : cw_rooms_occupant_jid(bare, line->nick);
}

void cw_rooms_write_line(CwComponent *component, CwWriter *writer, const char *room,
                         const char *bare, const CwRoomLine *line)
{
    cw_writer_leaf(writer, "body", NULL, line->text);
    cw_writer_start(writer, "stanza-id", CW_NS_STANZA_ID);
    cw_writer_attr(writer, "by", bare);
    cw_writer_attr(writer, "id", line->id);
    cw_writer_end(writer);
    cw_rooms_write_occupant_id(component, writer, room, line->nick, line->who);
}

void cw_rooms_send_line(CwComponent *component, const CwRoom *room, const char *bare,
                        const CwRoomLine *line, gboolean late, const char *to)
{
    g_autofree char *from = cw_rooms_line_from(bare, line);
    CwWriter *writer =
        cw_component_begin(component, "message", from, to, "groupchat", cw_rooms_line_id(line));

    cw_rooms_write_line(component, writer, room->name, bare, line);
    if (late)
        cw_xmpp_time_write_delay(writer, bare, line->said);
    cw_component_end(component);
}

/* ---- what was said before a client came: XEP-0045 7.2.13 ---- */

/* G_MAXUINT: it does not say. */
static guint read_count(const CwNode *history, const char *name)
{
    const char *text = cw_node_attr(history, name);
    guint64 count = 0;

    if (text == NULL || !g_ascii_string_to_unsigned(text, 10, 0, G_MAXUINT, &count, NULL))
        return G_MAXUINT;
    return (guint)count;
}

CwHistoryWish cw_rooms_read_wish(const CwNode *muc)
{
    const CwNode *history = cw_node_child(muc, "history", CW_NS_MUC);
    CwHistoryWish wish = {.lines = G_MAXUINT, .chars = G_MAXUINT};
    gint64 since = 0;

    if (history == NULL)
        return wish;
    const char *text = cw_node_attr(history, "since");
    guint seconds = read_count(history, "seconds");
    wish.lines = read_count(history, "maxstanzas");
    wish.chars = read_count(history, "maxchars");
    if (text != NULL && cw_xmpp_time_parse(text, &since))
        wish.since = since / G_USEC_PER_SEC + (since % G_USEC_PER_SEC > 0); /* not before */
    if (seconds != G_MAXUINT)
        wish.since = MAX(wish.since, g_get_real_time() / G_USEC_PER_SEC - seconds);
    return wish;
}

/* Of the whole stanza. */
static guint count_chars(CwComponent *component, const CwRoom *room, const char *bare,
                         const CwRoomLine *line, const char *to)
{
    g_autoptr(GString) out = g_string_new(NULL);
    g_autofree char *from = cw_rooms_line_from(bare, line);
    CwWriter writer;

    cw_writer_init_stanza(&writer, out, "message", from, to, "groupchat", cw_rooms_line_id(line));
    cw_rooms_write_line(component, &writer, room->name, bare, line);
    cw_xmpp_time_write_delay(&writer, bare, line->said);
    cw_writer_end(&writer);
    return (guint)g_utf8_strlen(out->str, (gssize)out->len);
}

/* The oldest that is wanted; NULL: none is. */
static const GList *find_start(CwComponent *component, const CwRoom *room, const char *bare,
                               const CwHistoryWish *wish, const char *to)
{
    const GList *start = NULL;
    guint lines = 0, chars = 0;

    for (const GList *l = room->history.tail; l != NULL && lines < wish->lines; l = l->prev) {
        const CwRoomLine *line = l->data;
        if (wish->chars != G_MAXUINT) {
            chars += count_chars(component, room, bare, line, to);
            if (chars > wish->chars)
                break;
        }
        lines++;
        start = l;
    }
    return start;
}

void cw_rooms_send_history(CwComponent *component, const CwRoom *room, const char *bare,
                           const CwHistoryWish *wish, const char *to)
{
    for (const GList *l = find_start(component, room, bare, wish, to); l != NULL; l = l->next) {
        const CwRoomLine *line = l->data;
        if (line->said >= wish->since)
            cw_rooms_send_line(component, room, bare, line, TRUE, to);
    }
}
