/* transport/suspects.c: which accounts may have crashed their host
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "transport/suspects.h"

#define SUSPECTS_MAX 4096
#define ENOUGH_BLAME 2
#define MEMORY_TIME ((gint64)10 * 60 * G_USEC_PER_SEC)
/* quarantine-max is a day at most, and only then the account is tried again */
#define GUILTY_TIME ((gint64)24 * 60 * 60 * G_USEC_PER_SEC + MEMORY_TIME)

typedef struct {
    char *name;
    guint group;  /* 0: free again */
    guint blame;  /* what speaks against it, of ENOUGH_BLAME */
    gint64 until; /* then it is forgotten */
    GList link;   /* in `order` */
} Suspect;

struct CwSuspects {
    GHashTable *by_name; /* name -> Suspect *, owned */
    GQueue order;        /* the longest not seen first */
};

static void free_suspect(gpointer data)
{
    Suspect *suspect = data;

    g_free(suspect->name);
    g_free(suspect);
}

CwSuspects *cw_suspects_new(void)
{
    CwSuspects *suspects = g_new0(CwSuspects, 1);

    suspects->by_name = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, free_suspect);
    g_queue_init(&suspects->order);
    return suspects;
}

void cw_suspects_free(CwSuspects *suspects)
{
    if (suspects == NULL)
        return;
    g_hash_table_unref(suspects->by_name);
    g_free(suspects);
}

static void forget(CwSuspects *suspects, Suspect *suspect)
{
    g_queue_unlink(&suspects->order, &suspect->link);
    g_hash_table_remove(suspects->by_name, suspect->name);
}

static void forget_old(CwSuspects *suspects, gint64 now)
{
    Suspect *oldest;

    while ((oldest = g_queue_peek_head(&suspects->order)) != NULL &&
           (oldest->until < now || suspects->order.length > SUSPECTS_MAX))
        forget(suspects, oldest);
}

static Suspect *ensure(CwSuspects *suspects, const char *name, gint64 now)
{
    Suspect *suspect = g_hash_table_lookup(suspects->by_name, name);

    if (suspect != NULL && suspect->until < now) { /* behind one that is remembered longer */
        forget(suspects, suspect);
        suspect = NULL;
    }
    if (suspect != NULL) {
        g_queue_unlink(&suspects->order, &suspect->link);
    } else {
        suspect = g_new0(Suspect, 1);
        suspect->name = g_strdup(name);
        suspect->link.data = suspect;
        g_hash_table_insert(suspects->by_name, suspect->name, suspect);
    }
    g_queue_push_tail_link(&suspects->order, &suspect->link);
    return suspect;
}

static guint blame_of(CwServing serving, gboolean alone)
{
    switch (serving) {
    case CW_SERVING_IT:
        return ENOUGH_BLAME;
    case CW_SERVING_UNKNOWN:
        return alone ? ENOUGH_BLAME : 1;
    case CW_SERVING_NOBODY:
        return alone ? 1 : 0;
    case CW_SERVING_OTHER:
        break;
    }
    return 0;
}

gboolean cw_suspects_add(CwSuspects *suspects, const char *name, guint together, CwServing serving,
                         gint64 now)
{
    gboolean guilty = FALSE;

    forget_old(suspects, now);
    Suspect *suspect = ensure(suspects, name, now);
    if (serving == CW_SERVING_IT || together <= 1)
        guilty = suspect->blame >= ENOUGH_BLAME;
    suspect->blame += blame_of(serving, together <= 1);
    suspect->group = serving == CW_SERVING_IT ? 1 : (together + 1) / 2;
    suspect->until = MAX(suspect->until, now + (guilty ? GUILTY_TIME : MEMORY_TIME));
    forget_old(suspects, now);
    return guilty;
}

guint cw_suspects_group(const CwSuspects *suspects, const char *name, gint64 now)
{
    const Suspect *suspect = g_hash_table_lookup(suspects->by_name, name);

    return suspect == NULL || suspect->until < now ? 0 : suspect->group;
}

void cw_suspects_clear(CwSuspects *suspects, const char *name)
{
    Suspect *suspect = g_hash_table_lookup(suspects->by_name, name);

    if (suspect != NULL)
        suspect->group = 0;
}

guint cw_suspects_count(const CwSuspects *suspects)
{
    return suspects->order.length;
}
