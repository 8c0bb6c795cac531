/* tests/bench/jabber.c: the Jabber server's side of XEP-0114
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "tests/bench/jabber.h"

#include <string.h>

static const BenchJabberEvents *events;
static BenchChannel *stream; /* the component's; one at a time */
static gboolean is_up;

gboolean bench_text_is(BenchText text, const char *word)
{
    return text.at != NULL && strlen(word) == text.length &&
           memcmp(text.at, word, text.length) == 0;
}

static const char *find(const char *at, gsize length, const char *what)
{
    return memmem(at, length, what, strlen(what));
}

/* ` name='…'` of a start tag; our writers use no other quotes. */
static BenchText attribute(BenchText tag, const char *name)
{
    char start[32];
    int size = g_snprintf(start, sizeof start, " %s='", name);
    const char *at = memmem(tag.at, tag.length, start, (gsize)size);

    if (at == NULL)
        return (BenchText){NULL, 0};
    at += size;
    const char *end = memchr(at, '\'', (gsize)(tag.at + tag.length - at));
    return (BenchText){at, end == NULL ? 0 : (gsize)(end - at)};
}

BenchText bench_stanza_child_text(const BenchStanza *stanza, const char *name)
{
    char start[32];
    int size = g_snprintf(start, sizeof start, "<%s>", name);
    const char *end = stanza->whole.at + stanza->whole.length;
    const char *at = memmem(stanza->whole.at, stanza->whole.length, start, (gsize)size);

    if (at == NULL)
        return (BenchText){NULL, 0};
    at += size;
    const char *close = memchr(at, '<', (gsize)(end - at));
    return (BenchText){at, close == NULL ? 0 : (gsize)(close - at)};
}

void bench_jabber_send(const char *format, ...)
{
    char text[4096];
    va_list arguments;

    va_start(arguments, format);
    int length = g_vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    if (stream != NULL)
        bench_channel_send(stream, text, (gsize)MIN(length, (int)sizeof text - 1));
}

/* ---- stanzas ---- */

/* What a server of our users says to an iq: it routes one to the component itself, is alive, and
 * knows nothing else.  FALSE: an answer to one of ours. */
static gboolean serve_iq(const BenchStanza *stanza)
{
    gboolean ping = find(stanza->whole.at, stanza->whole.length, "urn:xmpp:ping") != NULL;

    if (bench_text_is(stanza->type, "result") || bench_text_is(stanza->type, "error"))
        return FALSE;
    if (stanza->from.length == stanza->to.length &&
        memcmp(stanza->from.at, stanza->to.at, stanza->to.length) == 0)
        bench_channel_send(stream, stanza->whole.at, stanza->whole.length);
    else if (ping)
        bench_jabber_send("<iq type='result' id='%.*s' from='%.*s' to='%.*s'/>",
                          (int)stanza->id.length, stanza->id.at, (int)stanza->to.length,
                          stanza->to.at, (int)stanza->from.length, stanza->from.at);
    else
        bench_jabber_send(
            "<iq type='error' id='%.*s' from='%.*s' to='%.*s'><error type='cancel'>"
            "<service-unavailable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>",
            (int)stanza->id.length, stanza->id.at, (int)stanza->to.length, stanza->to.at,
            (int)stanza->from.length, stanza->from.at);
    return TRUE;
}

static void take_stanza(BenchText name, BenchText tag, BenchText whole)
{
    BenchStanza stanza = {
        .name = name,
        .tag = tag,
        .whole = whole,
        .from = attribute(tag, "from"),
        .to = attribute(tag, "to"),
        .type = attribute(tag, "type"),
        .id = attribute(tag, "id"),
    };

    if (!bench_text_is(name, "iq") || !serve_iq(&stanza))
        events->stanza(&stanza);
}

/* ---- the stream ---- */

static void take_header(BenchText name)
{
    if (bench_text_is(name, "stream:stream"))
        bench_jabber_send("<?xml version='1.0'?><stream:stream xmlns='jabber:component:accept' "
                          "xmlns:stream='http://etherx.jabber.org/streams' id='bench'>");
}

/* One element, or what stands in its place.  0: it is not all there. */
static gsize take_element(const char *at, gsize length)
{
    const char *end = memchr(at, '>', length);

    if (end == NULL)
        return 0;
    BenchText tag = {at, (gsize)(end + 1 - at)};
    BenchText name = {at + 1, strcspn(at + 1, " />")};
    if (at[1] == '?' || bench_text_is(name, "stream:stream")) {
        take_header(name);
        return tag.length;
    }
    if (at[1] == '/') { /* </stream:stream> */
        bench_channel_send(stream, "</stream:stream>", 16);
        bench_channel_close(stream);
        return tag.length;
    }
    BenchText whole = tag;
    if (end[-1] != '/') {
        char closing[32];
        int size = g_snprintf(closing, sizeof closing, "</%.*s>", (int)name.length, name.at);
        const char *close = memmem(end, length - tag.length + 1, closing, (gsize)size);
        if (close == NULL)
            return 0;
        whole.length = (gsize)(close - at) + (gsize)size;
    }
    if (bench_text_is(name, "handshake")) {
        bench_channel_send(stream, "<handshake/>", 12);
        is_up = TRUE;
        events->up();
    } else {
        take_stanza(name, tag, whole);
    }
    return whole.length;
}

static gsize input_cb(BenchChannel *channel, const char *bytes, gsize length)
{
    gsize taken = 0;

    while (taken < length) {
        gsize size = bytes[taken] == '<' ? take_element(bytes + taken, length - taken) : 1;
        if (size == 0)
            break;
        taken += size;
    }
    return taken;
}

static void closed_cb(BenchChannel *channel)
{
    stream = NULL;
    is_up = FALSE;
    events->down();
}

static void accepted_cb(int fd)
{
    if (stream != NULL)
        g_error("a second component");
    stream = bench_channel_new(fd, input_cb, closed_cb, NULL);
}

gboolean bench_jabber_is_up(void)
{
    return is_up;
}

guint16 bench_jabber_listen(const BenchJabberEvents *listen_events)
{
    guint16 port = 0;

    events = listen_events;
    bench_loop_listen(accepted_cb, &port);
    return port;
}
