/* transport/archive.c: the archives of the rooms of a transport: one for each user and room
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#define G_LOG_DOMAIN "transport"

#include "transport/archive.h"

#include "transport/seen.h"

#define ANY_SIZE G_MAXSIZE

/* A line that is being written. */
typedef struct {
    CwArchive *archive;
    char *jid, *room;
    CwRoomLine *line;
    GList link;
} Pending;

struct CwArchive {
    CwStore *store;
    char *domain;
    GQueue pending; /* Pending *, in their order */
    gboolean over;  /* lines are left out, and the log says so */
};

CwArchive *cw_archive_new(CwStore *store, const char *domain)
{
    CwArchive *archive = g_new0(CwArchive, 1);

    archive->store = store;
    archive->domain = g_strdup(domain);
    g_queue_init(&archive->pending);
    return archive;
}

void cw_archive_free(CwArchive *archive)
{
    if (archive == NULL)
        return;
    g_free(archive->domain);
    g_free(archive);
}

/* Strings of the line are borrowed. */
static CwArchived as_archived(const CwRoomLine *line)
{
    return (CwArchived){.id = line->id,
                        .nick = line->nick,
                        .who = line->who,
                        .stanza_id = line->stanza_id,
                        .text = line->text,
                        .said = line->said};
}

static CwRoomLine as_line(const CwArchived *archived)
{
    return (CwRoomLine){.nick = archived->nick,
                        .who = archived->who,
                        .text = archived->text,
                        .id = archived->id,
                        .stanza_id = archived->stanza_id,
                        .said = archived->said};
}

/* ---- writing ---- */

/* What could not be stored is counted by the store. */
static void written_cb(const GError *error, gpointer data)
{
    Pending *pending = data;

    g_queue_unlink(&pending->archive->pending, &pending->link);
    if (pending->archive->pending.length == 0)
        pending->archive->over = FALSE;
    cw_room_line_free(pending->line);
    g_free(pending->jid);
    g_free(pending->room);
    g_free(pending);
}

void cw_archive_add(CwArchive *archive, const char *jid, const char *room, const CwRoomLine *line,
                    guint most)
{
    const CwArchived archived = as_archived(line);

    if (archive->pending.length >= CW_ARCHIVE_PENDING_MAX) {
        if (!archive->over)
            g_message(
                "%s: the store is slower than the rooms: what is said goes on, but not all of "
                "it into the archives",
                archive->domain);
        archive->over = TRUE;
        return;
    }
    Pending *pending = g_new0(Pending, 1);

    pending->archive = archive;
    pending->jid = g_strdup(jid);
    pending->room = g_strdup(room);
    pending->line = cw_room_line_copy(line);
    pending->link.data = pending;
    g_queue_push_tail_link(&archive->pending, &pending->link);
    cw_store_archive_line(archive->store, archive->domain, jid, room, &archived, most, written_cb,
                          pending);
}

/* ---- reading ---- */

static void free_line(gpointer data)
{
    cw_room_line_free(data);
}

static gboolean is_of(const Pending *pending, const char *jid, const char *room)
{
    return g_str_equal(pending->room, room) && g_str_equal(pending->jid, jid);
}

void cw_archive_load(CwArchive *archive, const char *jid, CwRoom *room, guint most, gsize size)
{
    const CwArchiveFilter all = {0};
    g_autoptr(GHashTable) stored = g_hash_table_new(g_str_hash, g_str_equal);
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) lines =
        cw_store_list_archive(archive->store, archive->domain, jid, room->name, &all, TRUE,
                              most == 0 ? G_MAXUINT : most, size == 0 ? ANY_SIZE : size, &error);

    if (lines == NULL)
        g_warning("%s/%s: the archive of a room cannot be read: %s", jid, archive->domain,
                  error->message);
    for (guint i = 0; lines != NULL && i < lines->len; i++) {
        const CwArchived *archived = g_ptr_array_index(lines, i);
        const CwRoomLine line = as_line(archived);
        g_hash_table_add(stored, line.id);
        cw_room_add_line(room, &line, most, size);
        room->archived_until = archived->number;
    }
    for (const GList *l = archive->pending.head; l != NULL; l = l->next) {
        const Pending *pending = l->data;
        if (!is_of(pending, jid, room->name) || g_hash_table_contains(stored, pending->line->id))
            continue;
        cw_room_add_line(room, pending->line, most, size);
        if (room->unwritten == NULL)
            room->unwritten = g_ptr_array_new_with_free_func(free_line);
        g_ptr_array_add(room->unwritten, cw_room_line_copy(pending->line));
    }
}

static const char *find_unwritten(const CwRoom *room, const CwRoomLine *line)
{
    for (guint i = 0; room->unwritten != NULL && i < room->unwritten->len; i++) {
        const CwRoomLine *old = g_ptr_array_index(room->unwritten, i);
        if (g_strcmp0(old->nick, line->nick) == 0 &&
            ABS(old->said - line->said) <= CW_SEEN_TOLERANCE &&
            g_str_equal(old->text, line->text) && !g_hash_table_contains(room->explained, old->id))
            return old->id;
    }
    return NULL;
}

gboolean cw_archive_is_copy(CwArchive *archive, const char *jid, CwRoom *room,
                            const CwRoomLine *line)
{
    const CwArchived archived = as_archived(line);
    char *id = cw_store_find_copy(archive->store, archive->domain, jid, room->name, &archived,
                                  CW_SEEN_TOLERANCE, room->archived_until, room->explained);

    if (id == NULL)
        id = g_strdup(find_unwritten(room, line));
    if (id == NULL)
        return FALSE;
    g_hash_table_add(room->explained, id);
    return TRUE;
}
