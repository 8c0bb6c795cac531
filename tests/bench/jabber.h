/* tests/bench/jabber.h: the Jabber server's side of XEP-0114
 *
 * Takes any component, routes its iqs to itself back, answers what a server and its users' clients
 * answer, and shows the rest.  Reads what Causeway's writer and floor.c write, and no other XML.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#pragma once

#include "tests/bench/loop.h"

G_BEGIN_DECLS

/* Points into what was read, valid during the call. */
typedef struct {
    const char *at; /* NULL: there is none */
    gsize length;
} BenchText;

typedef struct {
    BenchText name, whole, tag; /* of the element, all of it, its start tag */
    BenchText from, to, type, id;
} BenchStanza;

typedef struct {
    void (*up)(void); /* the component has shaken hands */
    void (*down)(void);
    void (*stanza)(const BenchStanza *stanza); /* but iqs that the server answers itself */
} BenchJabberEvents;

guint16 bench_jabber_listen(const BenchJabberEvents *events);
gboolean bench_jabber_is_up(void);
void bench_jabber_send(const char *format, ...) G_GNUC_PRINTF(1, 2);

gboolean bench_text_is(BenchText text, const char *word);
BenchText bench_stanza_child_text(const BenchStanza *stanza, const char *name); /* <name>text< */

G_END_DECLS
