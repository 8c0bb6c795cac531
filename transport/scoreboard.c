/* transport/scoreboard.c: the page on which a host notes what it is doing, for the time after it
 *
 * A line is counted as begun before it is handled and an ack is noted before it is queued, so that
 * a crash anywhere between leaves "perhaps" and never a wrong "not".  The stores are ordered for
 * the compiler's sake: the gateway reads when the process is gone.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "transport/scoreboard.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

G_STATIC_ASSERT(sizeof(CwScoreboard) <= CW_SCOREBOARD_SIZE);

#define STORE(field, value) __atomic_store_n(&(field), (value), __ATOMIC_RELEASE)

static CwScoreboard *map_page(int fd)
{
    void *page = mmap(NULL, CW_SCOREBOARD_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

    return page == MAP_FAILED ? NULL : page;
}

CwScoreboard *cw_scoreboard_create(int *fd, GError **error)
{
    int file = memfd_create("causeway-scoreboard", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    CwScoreboard *page = NULL;

    /* sealed: a page that the host cut off would kill the gateway that reads it */
    if (file >= 0 && ftruncate(file, CW_SCOREBOARD_SIZE) == 0 &&
        fcntl(file, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) == 0)
        page = map_page(file);
    if (page == NULL) {
        g_set_error(error, G_IO_ERROR, g_io_error_from_errno(errno), "cannot share a page: %s",
                    g_strerror(errno));
        if (file >= 0)
            close(file);
        return NULL;
    }
    page->magic = CW_SCOREBOARD_MAGIC;
    page->version = CW_SCOREBOARD_VERSION;
    *fd = file;
    return page;
}

gboolean cw_scoreboard_read(const CwScoreboard *page, guint64 sent, CwScoreboard *copy)
{
    memcpy(copy, page, sizeof *copy);
    return copy->kept == CW_SCOREBOARD_MAGIC && copy->magic == CW_SCOREBOARD_MAGIC &&
           copy->version == CW_SCOREBOARD_VERSION && copy->begun <= sent &&
           copy->finished <= copy->begun;
}

gboolean cw_scoreboard_has_ack(const CwScoreboard *copy, guint32 account, gint64 id)
{
    guint n = (guint)MIN(copy->n_acks, CW_SCOREBOARD_ACKS);

    for (guint i = 0; i < n; i++) {
        if (copy->acks[i].account == account && copy->acks[i].id == id)
            return TRUE;
    }
    return FALSE;
}

CwScoreboard *cw_scoreboard_attach(int fd)
{
    guint32 head[2] = {0};
    struct stat status;

    /* started by hand, the descriptor may be anything */
    if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode) ||
        status.st_size != CW_SCOREBOARD_SIZE || pread(fd, head, sizeof head, 0) != sizeof head ||
        head[0] != CW_SCOREBOARD_MAGIC || head[1] != CW_SCOREBOARD_VERSION)
        return NULL;
    CwScoreboard *page = map_page(fd);
    if (page == NULL)
        return NULL;
    close(fd);
    STORE(page->kept, CW_SCOREBOARD_MAGIC);
    return page;
}

void cw_scoreboard_begin(CwScoreboard *page)
{
    STORE(page->begun, page->begun + 1);
}

void cw_scoreboard_finish(CwScoreboard *page)
{
    STORE(page->finished, page->finished + 1);
    STORE(page->serving, 0);
}

void cw_scoreboard_serve(CwScoreboard *page, guint32 account)
{
    STORE(page->serving, account);
}

void cw_scoreboard_ack(CwScoreboard *page, guint32 account, gint64 id)
{
    guint place = page->n_acks % CW_SCOREBOARD_ACKS;

    STORE(page->acks[place].account, account);
    STORE(page->acks[place].id, id);
    STORE(page->n_acks, page->n_acks + 1);
}

void cw_scoreboard_free(CwScoreboard *page)
{
    if (page != NULL)
        munmap(page, CW_SCOREBOARD_SIZE);
}
