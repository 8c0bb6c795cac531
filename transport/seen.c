/* transport/seen.c: messages that came from the network, to know those that it delivers again
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "transport/seen.h"

#include <string.h>

typedef struct {
    guint64 hash;  /* of contact, text and whose it is */
    gint64 at;     /* Unix time, s */
    guint32 login; /* the one in which it came, or that it last explained a copy in */
    gboolean live; /* `at` is by our clock */
} Seen;

struct CwSeen {
    GArray *ring; /* Seen */
    guint next;   /* the place that is used next, once it is full */
    guint32 login;
};

CwSeen *cw_seen_new(void)
{
    CwSeen *seen = g_new0(CwSeen, 1);

    seen->ring = g_array_new(FALSE, FALSE, sizeof(Seen));
    return seen;
}

void cw_seen_free(CwSeen *seen)
{
    if (seen == NULL)
        return;
    g_array_unref(seen->ring);
    g_free(seen);
}

void cw_seen_mark_login(CwSeen *seen)
{
    seen->login++;
}

/* FNV-1a, eight bytes a step: each half of the product is mixed into the other. */
static guint64 add_hash(guint64 hash, const char *text)
{
    for (gsize left = strlen(text) + 1; left > 0;) {
        guint64 word = 0;
        gsize size = MIN(left, sizeof word);
        memcpy(&word, text, size);
        hash = (hash ^ word) * G_GUINT64_CONSTANT(0x100000001b3);
        hash ^= hash >> 32;
        text += size;
        left -= size;
    }
    return hash;
}

static Seen *find_repeated(CwSeen *seen, guint64 hash, gint64 stamp)
{
    for (guint i = 0; i < seen->ring->len; i++) {
        Seen *old = &g_array_index(seen->ring, Seen, i);
        if (old->hash == hash && old->login != seen->login &&
            ABS(old->at - stamp) <= (old->live ? CW_SEEN_TOLERANCE : 0))
            return old;
    }
    return NULL;
}

static void remember(CwSeen *seen, const Seen *message, guint most)
{
    if (most == 0)
        return;
    if (seen->ring->len > most) /* the setting changed */
        g_array_set_size(seen->ring, most);
    if (seen->ring->len < most) {
        g_array_append_vals(seen->ring, message, 1);
        return;
    }
    seen->next %= most;
    g_array_index(seen->ring, Seen, seen->next++) = *message;
}

gboolean cw_seen_is_repeat(CwSeen *seen, const char *contact, const char *text, gboolean own,
                           gint64 stamp, guint most)
{
    guint64 hash = add_hash(add_hash(G_GUINT64_CONSTANT(0xcbf29ce484222325) + own, contact), text);
    Seen *old = stamp == 0 || most == 0 ? NULL : find_repeated(seen, hash, stamp);

    if (old != NULL) {
        old->login = seen->login;
        return TRUE;
    }
    Seen message = {.hash = hash,
                    .at = stamp != 0 ? stamp : g_get_real_time() / G_USEC_PER_SEC,
                    .login = seen->login,
                    .live = stamp == 0};
    remember(seen, &message, most);
    return FALSE;
}
