/* transport/arena.c: memory that is given back all at once
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "transport/arena.h"

#include <string.h>

/* A page with room for malloc's own words; most stanzas need one block. */
#define BLOCK_SIZE (4096 - 4 * sizeof(gpointer))
#define ALIGNMENT (sizeof(guint64) > sizeof(gpointer) ? sizeof(guint64) : sizeof(gpointer))

typedef struct Block {
    struct Block *older;
    gsize size; /* of `bytes` */
    gsize used;
    guint64 bytes[]; /* for the alignment */
} Block;

struct CwArena {
    Block *newest;
    gsize footprint;
};

static Block *add_block(CwArena *arena, gsize size)
{
    Block *block = g_malloc(sizeof(Block) + size);

    block->older = arena->newest;
    block->size = size;
    block->used = 0;
    arena->newest = block;
    arena->footprint += sizeof(Block) + size;
    return block;
}

CwArena *cw_arena_new(void)
{
    CwArena *arena = g_new0(CwArena, 1);

    add_block(arena, BLOCK_SIZE - sizeof(Block));
    return arena;
}

/* A password passes through here, of a registration or a log-in. */
static void wipe(Block *block)
{
    explicit_bzero(block->bytes, block->used);
    block->used = 0;
}

static void free_older_blocks(CwArena *arena, Block *block)
{
    while (block->older) {
        Block *older = block->older;

        block->older = older->older;
        arena->footprint -= sizeof(Block) + older->size;
        wipe(older);
        g_free(older);
    }
}

void cw_arena_free(CwArena *arena)
{
    if (!arena)
        return;
    free_older_blocks(arena, arena->newest);
    wipe(arena->newest);
    g_free(arena->newest);
    g_free(arena);
}

static gpointer take(CwArena *arena, gsize size)
{
    Block *block = arena->newest;
    gsize padding = -block->used % ALIGNMENT;

    if (padding > block->size - block->used || size > block->size - block->used - padding) {
        block = add_block(arena, MAX(BLOCK_SIZE - sizeof(Block), size));
        padding = 0;
    }

    gpointer object = (char *)block->bytes + block->used + padding;
    block->used += padding + size;
    return object;
}

gpointer cw_arena_alloc(CwArena *arena, gsize size)
{
    return memset(take(arena, size), 0, size);
}

char *cw_arena_strndup(CwArena *arena, const char *text, gsize length)
{
    char *copy = take(arena, length + 1);

    if (length)
        memcpy(copy, text, length);
    copy[length] = '\0';
    return copy;
}

gboolean cw_arena_extend(CwArena *arena, gpointer object, gsize size, gsize extra)
{
    Block *block = arena->newest;

    if ((char *)object + size != (char *)block->bytes + block->used)
        return FALSE;
    if (extra > block->size - block->used)
        return FALSE;
    block->used += extra;
    return TRUE;
}

void cw_arena_reset(CwArena *arena)
{
    Block *block = arena->newest;

    free_older_blocks(arena, block);
    wipe(block);
    /* A block that was made to measure for one big object would keep its memory for good. */
    if (block->size > BLOCK_SIZE) {
        arena->newest = NULL;
        arena->footprint = 0;
        g_free(block);
        add_block(arena, BLOCK_SIZE - sizeof(Block));
    }
}

gsize cw_arena_footprint(const CwArena *arena)
{
    return arena->footprint;
}
