/* tests/bench/micro.c: what single steps cost, in ns
 *
 *     bench-micro [SECONDS]     each step for so long
 *
 * Prints "KEY VALUE" lines, as bench does.  `expat` is the same stanza with no handlers: what the
 * parser itself needs of `xml-read`.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <expat.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "component/jid.h"
#include "component/xml.h"
#include "transport/link.h"

#define TEXT "the quick brown fox jumps over the lazy dog & says hello"
#define STANZA                                                                                     \
    "<message type='chat' id='m12' from='u00012@bench.example/pc' to='peer@irc.bench.example'>"    \
    "<body>the quick brown fox jumps over the lazy dog &amp; says hello</body></message>"
#define HEADER                                                                                     \
    "<stream:stream xmlns='jabber:component:accept' "                                              \
    "xmlns:stream='http://etherx.jabber.org/streams' id='1'>"
#define ROUND 200    /* calls between two looks at the clock */
#define PER_CHUNK 50 /* stanzas that the parser gets at once */

static double seconds = 0.5;

static double cpu_now(void)
{
    struct timespec now;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* `step` does what is measured `per_call` times. */
static void measure(const char *name, void (*step)(gpointer data), gpointer data, guint per_call)
{
    guint64 calls = 0;
    double start, now;

    for (guint i = 0; i < ROUND; i++)
        step(data);
    start = now = cpu_now();
    while (now - start < seconds) {
        for (guint i = 0; i < ROUND; i++)
            step(data);
        calls += ROUND;
        now = cpu_now();
    }
    printf("micro.%s-ns %.1f\n", name, (now - start) * 1e9 / (double)(calls * per_call));
}

/* ---- XML ---- */

static GString *chunk;

static void ignore_node(const CwNode *node, gpointer data)
{
}

static void ignore_end(gpointer data)
{
}

static void read_xml(gpointer data)
{
    cw_xml_parser_feed(data, chunk->str, chunk->len, NULL);
}

static void read_expat(gpointer data)
{
    XML_Parse(data, chunk->str, (int)chunk->len, XML_FALSE);
}

static void write_xml(gpointer data)
{
    GString *out = data;
    CwWriter writer;

    g_string_truncate(out, 0);
    cw_writer_init_stanza(&writer, out, "message", "peer@irc.bench.example", "u00012@bench.example",
                          "chat", "m12");
    cw_writer_leaf(&writer, "body", NULL, TEXT);
    cw_writer_end(&writer);
}

static void measure_xml(void)
{
    static const CwXmlEvents events = {ignore_node, ignore_node, ignore_end};
    CwXmlLimits limits = {.stanza_size = 262144, .depth = 64, .attributes = 64};
    g_autoptr(CwXmlParser) parser = cw_xml_parser_new(&limits, &events, NULL);
    XML_Parser expat = XML_ParserCreateNS("UTF-8", '\x1F');
    g_autoptr(GString) out = g_string_new(NULL);

    cw_xml_parser_feed(parser, HEADER, strlen(HEADER), NULL);
    XML_Parse(expat, HEADER, (int)strlen(HEADER), XML_FALSE);
    chunk = g_string_new(NULL);
    for (guint i = 0; i < PER_CHUNK; i++)
        g_string_append(chunk, STANZA);
    measure("expat", read_expat, expat, PER_CHUNK);
    measure("xml-read", read_xml, parser, PER_CHUNK);
    measure("xml-write", write_xml, out, 1);
    XML_ParserFree(expat);
    g_string_free(chunk, TRUE);
}

/* ---- JIDs ---- */

static void parse_jid(gpointer data)
{
    cw_jid_free(cw_jid_parse(data, NULL));
}

static void escape_jid(gpointer data)
{
    g_free(cw_jid_for_legacy(data, "irc.bench.example"));
}

static void unescape_jid(gpointer data)
{
    g_free(cw_jid_unescape_local(data));
}

/* ---- link ---- */

static void encode(gpointer data)
{
    static GString *out;

    if (out == NULL)
        out = g_string_new(NULL);
    g_string_truncate(out, 0);
    cw_link_encode(data, CW_LINK_HOST, out, NULL);
}

static void decode(gpointer data)
{
    const GString *line = data;
    CwLinkMsg msg;

    cw_link_decode(line->str, line->len - 1, CW_LINK_HOST, &msg, NULL);
    cw_link_msg_clear(&msg);
}

static void measure_link(const char *name, CwLinkMsg *msg)
{
    g_autoptr(GString) line = g_string_new(NULL);
    g_autofree char *in = g_strconcat("link-read-", name, NULL);
    g_autofree char *out = g_strconcat("link-write-", name, NULL);

    cw_link_encode(msg, CW_LINK_HOST, line, NULL);
    measure(in, decode, line, 1);
    measure(out, encode, msg, 1);
}

int main(int argc, char **argv)
{
    CwLinkMsg message = {.kind = CW_LINK_MESSAGE, .account = 12, .contact = "peer", .text = TEXT};
    CwLinkMsg ack = {.kind = CW_LINK_ACK, .account = 12, .id = 123456};
    CwLinkMsg presence = {.kind = CW_LINK_PRESENCE,
                          .account = 12,
                          .contact = "peer",
                          .show = CW_SHOW_AWAY,
                          .status = "what one says of oneself"};

    if (argc > 1)
        seconds = strtod(argv[1], NULL);
    measure_xml();
    measure("jid", parse_jid, (char *)"u00012@bench.example/pc", 1);
    measure("jid-prepared", parse_jid, (char *)"Jürgen@Bücher.example/Büro", 1);
    measure("jid-escape", escape_jid, (char *)"peer number one", 1);
    measure("jid-unescape", unescape_jid, (char *)"peer\\20number\\20one", 1);
    measure_link("message", &message);
    measure_link("ack", &ack);
    measure_link("presence", &presence);
    return 0;
}
