/* tests/unit/component/test-disco-info.c: disco#info answers and the hash of them
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "component/disco-info.h"

#include <string.h>

/* XEP-0115 5.2 */
#define SIMPLE                                                                                     \
    "<identity category='client' name='Exodus 0.9.1' type='pc'/>"                                  \
    "<feature var='http://jabber.org/protocol/caps'/>"                                             \
    "<feature var='http://jabber.org/protocol/disco#info'/>"                                       \
    "<feature var='http://jabber.org/protocol/disco#items'/>"                                      \
    "<feature var='http://jabber.org/protocol/muc'/>"
#define SIMPLE_VER "QgayPKawpkPSDYmwT/WM94uAlu0="

/* XEP-0115 5.3 */
#define PSI_FEATURES                                                                               \
    "<feature var='http://jabber.org/protocol/muc'/>"                                              \
    "<feature var='http://jabber.org/protocol/caps'/>"                                             \
    "<feature var='http://jabber.org/protocol/disco#items'/>"                                      \
    "<feature var='http://jabber.org/protocol/disco#info'/>"
#define PSI_FORM                                                                                   \
    "<x xmlns='jabber:x:data' type='result'>"                                                      \
    "<field var='software_version'><value>0.11</value></field>"                                    \
    "<field var='os'><value>Mac</value></field>"                                                   \
    "<field var='FORM_TYPE' type='hidden'><value>urn:xmpp:dataforms:softwareinfo</value></field>"  \
    "<field var='ip_version'><value>ipv6</value><value>ipv4</value></field>"                       \
    "<field var='os_version'><value>10.5.1</value></field>"                                        \
    "<field var='software'><value>Psi</value></field></x>"
#define PSI_IDENTITIES                                                                             \
    "<identity xml:lang='en' category='client' name='Psi 0.11' type='pc'/>"                        \
    "<identity xml:lang='el' category='client' name='\316\250 0.11' type='pc'/>"
#define PSI PSI_FORM PSI_FEATURES PSI_IDENTITIES
#define PSI_VER "q07IKJEyjvHSyhy//CH0CxmKi8w="

static void opened_cb(const CwNode *header, gpointer data)
{
}

static void stanza_cb(const CwNode *stanza, gpointer data)
{
    *(CwDiscoInfo **)data = cw_disco_info_read(stanza);
}

static void closed_cb(gpointer data)
{
}

/* (transfer full) `inner` is what stands in the <query/>. */
static CwDiscoInfo *parse(const char *inner)
{
    static const CwXmlEvents events = {opened_cb, stanza_cb, closed_cb};
    CwXmlLimits limits = {0};
    CwDiscoInfo *info = NULL;
    g_autoptr(CwXmlParser) parser = cw_xml_parser_new(&limits, &events, &info);
    g_autoptr(GError) error = NULL;
    /* a server may say the language of a whole stanza: it is not that of an identity */
    g_autofree char *text =
        g_strdup_printf("<s><query xmlns='" CW_NS_DISCO_INFO "' xml:lang='de'>%s</query>", inner);

    cw_xml_parser_feed(parser, text, strlen(text), &error);
    g_assert_no_error(error);
    g_assert_nonnull(info);
    return info;
}

static void disco_info_hash__is__that_of_the_standard(void)
{
    g_autoptr(CwDiscoInfo) simple = parse(SIMPLE);
    g_autoptr(CwDiscoInfo) psi = parse(PSI);
    g_autofree char *simple_hash = cw_disco_info_hash(simple);
    g_autofree char *psi_hash = cw_disco_info_hash(psi);

    g_assert_cmpstr(simple_hash, ==, SIMPLE_VER);
    g_assert_cmpstr(psi_hash, ==, PSI_VER);
    g_assert_true(cw_disco_info_matches(simple, "sha-1", SIMPLE_VER));
    g_assert_true(cw_disco_info_matches(psi, "sha-1", PSI_VER));
    g_assert_true(cw_disco_info_has(psi, "http://jabber.org/protocol/muc"));
    g_assert_false(cw_disco_info_has(psi, "http://jabber.org/protocol/mu"));
}

static void disco_info_hash__is_the_same__however_it_was_made(void)
{
    g_autoptr(CwDiscoInfo) made = cw_disco_info_new();

    cw_disco_info_add_feature(made, "http://jabber.org/protocol/muc");
    cw_disco_info_add_feature(made, "http://jabber.org/protocol/disco#items");
    cw_disco_info_add_feature(made, "http://jabber.org/protocol/muc");
    cw_disco_info_add_identity(made, "client", "pc", "Exodus 0.9.1");
    cw_disco_info_add_feature(made, "http://jabber.org/protocol/disco#info");
    cw_disco_info_add_feature(made, "http://jabber.org/protocol/caps");
    g_autofree char *hash = cw_disco_info_hash(made);
    g_assert_cmpstr(hash, ==, SIMPLE_VER);

    g_autoptr(GString) out = g_string_new(NULL);
    CwWriter writer;
    cw_writer_init(&writer, out);
    cw_disco_info_write(made, &writer);
    g_autoptr(CwDiscoInfo) read = parse(out->str);
    g_assert_true(cw_disco_info_matches(read, "sha-1", SIMPLE_VER));
}

/* By category, then type: not by what they are joined to. */
static void disco_info_hash__sorts__by_parts(void)
{
    g_autoptr(CwDiscoInfo) info = parse(
        "<identity category='a' type='b-c'/><identity category='a' type='b'/>"
        "<x xmlns='jabber:x:data'><field var='FORM_TYPE' type='hidden'><value>t</value></field>"
        "<field var='ip-version'><value>4</value></field><field var='ip'><value>x</value></field>"
        "</x>");
    g_autoptr(GChecksum) checksum = g_checksum_new(G_CHECKSUM_SHA1);
    guint8 digest[20];
    gsize length = sizeof digest;

    g_checksum_update(checksum, (const guchar *)"a/b//<a/b-c//<t<ip<x<ip-version<4<", -1);
    g_checksum_get_digest(checksum, digest, &length);
    g_autofree char *expected = g_base64_encode(digest, length);
    g_autofree char *hash = cw_disco_info_hash(info);
    g_assert_cmpstr(hash, ==, expected);
}

static void disco_info_matches__takes__other_hashes(void)
{
    static const struct {
        const char *name;
        GChecksumType type;
    } hashes[] = {{"sha-256", G_CHECKSUM_SHA256}, {"sha-512", G_CHECKSUM_SHA512}};
    g_autoptr(CwDiscoInfo) info = parse("<feature var='x'/>");

    for (guint i = 0; i < G_N_ELEMENTS(hashes); i++) {
        g_autoptr(GChecksum) checksum = g_checksum_new(hashes[i].type);
        guint8 digest[64];
        gsize length = sizeof digest;

        g_checksum_update(checksum, (const guchar *)"x<", 2);
        g_checksum_get_digest(checksum, digest, &length);
        g_autofree char *ver = g_base64_encode(digest, length);
        g_assert_true(cw_disco_info_may_match(hashes[i].name, ver));
        g_assert_true(cw_disco_info_matches(info, hashes[i].name, ver));
        g_assert_false(cw_disco_info_matches(info, "sha-1", ver));
    }
    g_assert_false(cw_disco_info_may_match("md5", "1B2M2Y8AsgTpgAmY7PhCfg=="));
    g_assert_false(cw_disco_info_may_match("sha-1", "1.0"));
    g_assert_true(cw_disco_info_may_match("sha-1", SIMPLE_VER));
}

/* XEP-0115 5.4, 3.3 to 3.5, and what only looks like it */
static void disco_info_matches__refuses__what_proves_nothing(void)
{
    static const char *const wrong[] = {
        SIMPLE "<feature var='http://jabber.org/protocol/muc'/>",
        SIMPLE "<identity category='client' name='Exodus 0.9.1' type='pc'/>",
        SIMPLE PSI_FORM PSI_FORM,
        SIMPLE "<feature var='x'/>",
        SIMPLE "<x xmlns='jabber:x:data'><field var='FORM_TYPE' type='hidden'><value>a</value>"
               "<value>b</value></field></x>",
        /* the same text as SIMPLE's, and fewer features */
        "<identity category='client' name='Exodus 0.9.1' type='pc'/>"
        "<feature var='http://jabber.org/protocol/caps&lt;http://jabber.org/protocol/disco#info'/>"
        "<feature var='http://jabber.org/protocol/disco#items'/>"
        "<feature var='http://jabber.org/protocol/muc'/>",
    };

    for (guint i = 0; i < G_N_ELEMENTS(wrong); i++) {
        g_autoptr(CwDiscoInfo) info = parse(wrong[i]);
        g_autofree char *own = cw_disco_info_hash(info);
        g_assert_false(cw_disco_info_matches(info, "sha-1", SIMPLE_VER));
        g_assert_true(i == 3 || !cw_disco_info_matches(info, "sha-1", own));
        g_assert_true(cw_disco_info_has(info, "http://jabber.org/protocol/disco#items"));
    }
}

/* XEP-0115 5.4, 3.6 */
static void disco_info_matches__ignores__forms_without_a_type(void)
{
    g_autoptr(CwDiscoInfo) info =
        parse(SIMPLE "<x xmlns='jabber:x:data'><field var='a'><value>b</value></field></x>"
                     "<x xmlns='jabber:x:data'><field var='FORM_TYPE'><value>b</value></field></x>"
                     "<x xmlns='jabber:x:data'/><feature/><other xmlns='urn:other'/>");

    g_assert_true(cw_disco_info_matches(info, "sha-1", SIMPLE_VER));
}

#define ADD(name) g_test_add_func("/disco-info/" #name, name)

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD(disco_info_hash__is__that_of_the_standard);
    ADD(disco_info_hash__is_the_same__however_it_was_made);
    ADD(disco_info_hash__sorts__by_parts);
    ADD(disco_info_matches__takes__other_hashes);
    ADD(disco_info_matches__refuses__what_proves_nothing);
    ADD(disco_info_matches__ignores__forms_without_a_type);
    return g_test_run();
}
