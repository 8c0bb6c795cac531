/* transport/arena.h: memory that is given back all at once
 *
 * A bump allocator for what lives exactly as long as one stanza, or one line of the link.  Nothing
 * is freed singly.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct CwArena CwArena;

CwArena *cw_arena_new(void);
void cw_arena_free(CwArena *arena);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CwArena, cw_arena_free)

/* Zeroed, aligned for any pointer or integer.  Never NULL. */
gpointer cw_arena_alloc(CwArena *arena, gsize size);
#define cw_arena_new_object(arena, Type) ((Type *)cw_arena_alloc((arena), sizeof(Type)))

/* A NUL-ended copy. */
char *cw_arena_strndup(CwArena *arena, const char *text, gsize length);

/* Makes `object`, of `size` bytes, `extra` bytes longer where it stands.  FALSE, and nothing
 * happens, unless it is the newest allocation and there is room behind it. */
gboolean cw_arena_extend(CwArena *arena, gpointer object, gsize size, gsize extra);

/* Forgets everything; one block stays, so that a stream of small stanzas never allocates. */
void cw_arena_reset(CwArena *arena);

/* Bytes asked of the system, for tests. */
gsize cw_arena_footprint(const CwArena *arena);

G_END_DECLS
