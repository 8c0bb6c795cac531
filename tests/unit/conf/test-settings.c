/* tests/unit/conf/test-settings.c: the settings file, by byte fixtures
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "conf/settings.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>

#include "conf/settings-keys.h"
#include "conf/settings-value.h"

#define TRANSPORT "[transport irc.example.com]\nsecret = s3cret\nprotocol = purple:prpl-irc\n"

static CwSettings *parse(const char *text)
{
    g_autoptr(GError) error = NULL;
    CwSettings *settings =
        cw_settings_parse(text, strlen(text), "/etc/causeway/causeway.conf", &error);
    g_assert_no_error(error);
    g_assert_nonnull(settings);
    return settings;
}

static const CwTransportSettings *transport(const CwSettings *settings, guint i)
{
    return g_ptr_array_index(settings->transports, i);
}

/* ---- what is accepted ---- */

static void settings_parse__accepts__the_sample_of_the_issue(void)
{
    g_autoptr(CwSettings) settings =
        parse("[server]\n"
              "host = 127.0.0.1\n"
              "port = 5347\n"
              "\n"
              "[store]\n"
              "path = causeway.db\n"
              "\n"
              "[limits]\n"
              "registrations-per-minute = 30      # 0: no limit, here and for every limit\n"
              "\n"
              "[transport irc.example.com]\n"
              "secret = s3cret                    # or secret-file =\n"
              "protocol = purple:prpl-irc\n"
              "name = IRC\n"
              "plugin-path = /usr/local/lib/purple-2\n"
              "icon = pictures/irc.png\n"
              "accounts-per-host = 32\n"
              "allow = example.com                # who may register: domains and JIDs\n"
              "option.port = 6667                 # any account option of the plugin\n");

    g_assert_cmpstr(settings->server_host, ==, "127.0.0.1");
    g_assert_cmpuint(settings->server_port, ==, 5347);
    g_assert_cmpstr(settings->store_path, ==, "/etc/causeway/causeway.db");
    g_assert_cmpstr(settings->store_key_file, ==, "/etc/causeway/causeway.db.key");
    g_assert_cmpuint(settings->limits.registrations_per_minute, ==, 30);
    g_assert_cmpuint(settings->transports->len, ==, 1);

    const CwTransportSettings *irc = transport(settings, 0);
    g_assert_cmpstr(irc->domain, ==, "irc.example.com");
    g_assert_cmpstr(irc->secret, ==, "s3cret");
    g_assert_cmpstr(irc->protocol, ==, "purple:prpl-irc");
    g_assert_cmpstr(irc->protocol_kind, ==, "purple");
    g_assert_cmpstr(irc->protocol_name, ==, "prpl-irc");
    g_assert_cmpstr(irc->name, ==, "IRC");
    g_assert_cmpstr(irc->plugin_path, ==, "/usr/local/lib/purple-2");
    g_assert_true(g_str_has_suffix(irc->icon, "/pictures/irc.png"));
    g_assert_cmpuint(irc->accounts_per_host, ==, 32);
    g_assert_cmpuint(g_strv_length(irc->allow), ==, 1);
    g_assert_cmpstr(irc->allow[0], ==, "example.com");
    g_assert_cmpstr(g_hash_table_lookup(irc->options, "port"), ==, "6667");
}

static void settings_parse__fills_in__defaults(void)
{
    g_autoptr(CwSettings) settings = parse(TRANSPORT);
    const CwLimits *limits = &settings->limits;
    const CwTiming *timing = &settings->timing;

    g_assert_cmpstr(settings->server_host, ==, "127.0.0.1");
    g_assert_cmpuint(settings->server_port, ==, 5347);
    g_assert_false(settings->server_allow_plain);
    g_assert_null(settings->purple_program);
    g_assert_false(settings->trace);
    g_assert_false(settings->debug);
    g_assert_true(g_str_has_suffix(settings->crash_path, "/crashes"));
    g_assert_cmpuint(settings->crash_logs, ==, 20);

    /* The numbers of settings.h, one by one: the header is the contract. */
    g_assert_cmpuint(limits->stanza_size, ==, 262144);
    g_assert_cmpuint(limits->xml_depth, ==, 64);
    g_assert_cmpuint(limits->xml_attributes, ==, 64);
    g_assert_cmpuint(limits->send_queue, ==, 1048576);
    g_assert_cmpuint(limits->link_queue, ==, 4194304);
    g_assert_cmpuint(limits->message_size, ==, 65536);
    g_assert_cmpuint(limits->messages_per_minute, ==, 600);
    g_assert_cmpuint(limits->registrations_per_minute, ==, 30);
    g_assert_cmpuint(limits->registrations_per_user_per_minute, ==, 6);
    g_assert_cmpuint(limits->accounts_per_domain, ==, 0);
    g_assert_cmpuint(limits->rooms, ==, 100);
    g_assert_cmpuint(limits->room_history, ==, 50);
    g_assert_cmpuint(limits->room_occupants, ==, 5000);
    g_assert_cmpuint(limits->room_list, ==, 5000);
    g_assert_cmpuint(limits->archive_messages, ==, 10000);
    g_assert_cmpuint(limits->archive_page, ==, 100);
    g_assert_cmpuint(settings->archive_days, ==, 7);
    g_assert_cmpuint(limits->staying, ==, 1000);
    g_assert_cmpuint(limits->contacts, ==, 5000);
    g_assert_cmpuint(limits->resources, ==, 32);
    g_assert_cmpuint(limits->pending_messages, ==, 500);
    g_assert_cmpuint(limits->questions, ==, 16);
    g_assert_cmpuint(limits->remembered_values, ==, 500);
    g_assert_cmpuint(limits->remembered_value_size, ==, 16384);
    g_assert_cmpuint(limits->remembered_size, ==, 512 * 1024);
    g_assert_cmpuint(limits->avatar_size, ==, 262144);
    g_assert_cmpuint(limits->avatar_cache, ==, 64 * 1024 * 1024);
    g_assert_cmpuint(limits->info_requests, ==, 32);
    g_assert_cmpuint(limits->search_requests, ==, 4);
    g_assert_cmpuint(limits->search_results, ==, 500);
    g_assert_cmpuint(limits->host_memory, ==, 1024);
    g_assert_cmpuint(limits->store_queue, ==, 64 * 1024 * 1024);
    g_assert_cmpuint(timing->server_ping_interval, ==, 60000);
    g_assert_cmpuint(timing->server_ping_timeout, ==, 30000);
    g_assert_cmpuint(timing->server_retry_first, ==, 1000);
    g_assert_cmpuint(timing->server_retry_max, ==, 60000);
    g_assert_cmpuint(timing->server_refused_retry, ==, 60000);
    g_assert_cmpuint(timing->server_connect_timeout, ==, 30000);
    g_assert_cmpuint(timing->server_grace, ==, 300000);
    g_assert_cmpuint(timing->stop_timeout, ==, 5000);
    g_assert_cmpuint(timing->login_timeout, ==, 60000);
    g_assert_cmpuint(timing->legacy_retry_first, ==, 5000);
    g_assert_cmpuint(timing->legacy_retry_max, ==, 600000);
    g_assert_cmpuint(timing->host_ping_interval, ==, 10000);
    g_assert_cmpuint(timing->host_ping_timeout, ==, 30000);
    g_assert_cmpuint(timing->host_retry_first, ==, 500);
    g_assert_cmpuint(timing->host_retry_max, ==, 60000);
    g_assert_cmpuint(timing->registered_linger, ==, 60000);
    g_assert_cmpuint(timing->message_timeout, ==, 60000);
    g_assert_cmpuint(timing->info_timeout, ==, 40000);
    g_assert_cmpuint(timing->room_join_timeout, ==, 60000);
    g_assert_cmpuint(timing->room_list_timeout, ==, 60000);
    g_assert_cmpuint(timing->room_list_time, ==, 60000);
    g_assert_cmpuint(timing->search_timeout, ==, 60000);

    const CwTransportSettings *irc = transport(settings, 0);
    g_assert_cmpstr(irc->name, ==, "irc.example.com");
    g_assert_null(irc->identity);
    g_assert_null(irc->icon);
    g_assert_null(irc->plugin_path);
    g_assert_cmpuint(irc->accounts_per_host, ==, 32);
    g_assert_cmpuint(irc->logins_per_minute, ==, 3000);
    g_assert_cmpuint(g_strv_length(irc->allow), ==, 1);
    g_assert_cmpstr(irc->allow[0], ==, "example.com");
    g_assert_cmpuint(g_strv_length(irc->deny), ==, 0);
    g_assert_cmpuint(g_strv_length(irc->user_options), ==, 0);
    g_assert_cmpuint(g_hash_table_size(irc->options), ==, 0);
    g_assert_cmpuint(g_hash_table_size(irc->splits), ==, 0);
    g_assert_false(irc->lock_splits);
    g_assert_true(irc->may_stay);
}

static void settings_parse__keeps__order_and_free_keys(void)
{
    g_autoptr(CwSettings) settings = parse("[transport XMPP.Example.COM]\r\n"
                                           "secret = \"a # b\" # quoted\r\n"
                                           "protocol = purple:prpl-jabber\r\n"
                                           "allow = example.com; Juliet@Capulet.LIT , *;\r\n"
                                           "user-options = port;connect_server\r\n"
                                           "option.connection_security = require_tls\r\n"
                                           "split.1 = chat.example.net\r\n"
                                           "lock-splits = yes\r\n"
                                           "may-stay = no\r\n"
                                           "plugin-path = plugins:/opt/purple\r\n"
                                           "[transport a.example.com]\r\n"
                                           "secret = x#y\r\n"
                                           "protocol = agents:weather\r\n"
                                           "open = yes\r\n"
                                           "agent.contact = admin@example.com\r\n"
                                           "agent.key-file = weather.key\r\n");
    g_assert_cmpuint(settings->transports->len, ==, 2);
    const CwTransportSettings *xmpp = transport(settings, 0);
    g_assert_cmpstr(xmpp->domain, ==, "xmpp.example.com");
    g_assert_cmpstr(xmpp->secret, ==, "a # b");
    g_assert_cmpstr(xmpp->allow[0], ==, "example.com");
    g_assert_cmpstr(xmpp->allow[1], ==, "juliet@capulet.lit");
    g_assert_cmpstr(xmpp->allow[2], ==, "*");
    g_assert_null(xmpp->allow[3]);
    g_assert_cmpstr(xmpp->user_options[1], ==, "connect_server");
    g_assert_cmpstr(g_hash_table_lookup(xmpp->options, "connection_security"), ==, "require_tls");
    g_assert_cmpstr(g_hash_table_lookup(xmpp->splits, "1"), ==, "chat.example.net");
    g_assert_true(xmpp->lock_splits);
    g_assert_false(xmpp->may_stay);
    g_assert_cmpstr(xmpp->plugin_path, ==, "/etc/causeway/plugins:/opt/purple");
    g_assert_cmpstr(transport(settings, 1)->domain, ==, "a.example.com");
    g_assert_cmpstr(transport(settings, 1)->secret, ==, "x#y");
    g_assert_false(xmpp->open);
    g_assert_cmpuint(xmpp->accounts_per_host, ==, 32);
    const CwTransportSettings *agent = transport(settings, 1);
    g_assert_true(agent->open);
    g_assert_cmpuint(agent->accounts_per_host, ==, 100000);
    g_assert_cmpstr(g_hash_table_lookup(agent->agent, "contact"), ==, "admin@example.com");
    g_assert_cmpstr(g_hash_table_lookup(agent->agent, "key-file"), ==, "/etc/causeway/weather.key");
}

static void needs_restart__names__settings_of_agents(void)
{
#define AGENT "[transport a.b]\nsecret = x\nprotocol = agents:clock\nopen = "
    g_autoptr(CwSettings) old = parse(AGENT "no\nagent.interval = 5\n");
    g_autoptr(CwSettings) same = parse(AGENT "yes\nagent.interval = 5\n");
    g_autoptr(CwSettings) other = parse(AGENT "no\nagent.interval = 6\n");
    g_autoptr(CwSettings) more = parse(AGENT "no\nagent.interval = 5\nagent.timeout = 1\n");
    g_auto(GStrv) none = cw_settings_needs_restart(old, same);
    g_auto(GStrv) changed = cw_settings_needs_restart(old, other);
    g_auto(GStrv) added = cw_settings_needs_restart(old, more);
    g_assert_null(none[0]);
    g_assert_cmpstr(changed[0], ==, "[transport a.b] agent.NAME");
    g_assert_cmpstr(added[0], ==, "[transport a.b] agent.NAME");
}

static void settings_parse__takes__zero_for_every_limit(void)
{
    for (const CwSettingsKey *row = cw_settings_keys; row->section; row++) {
        if (!g_str_equal(row->section, "limits"))
            continue;
        g_autofree char *text = g_strdup_printf("[limits]\n%s = 0\n" TRANSPORT, row->key);
        g_autoptr(CwSettings) settings = parse(text);
        g_assert_cmpuint(*(guint *)((guint8 *)settings + row->offset), ==, 0);
    }
}

/* ---- what is refused, and how it is said ---- */

typedef struct {
    const char *text;
    CwSettingsError code;
    const char *message; /* behind "/etc/c.conf: " */
} Refused;

static const Refused refused[] = {
    {"", CW_SETTINGS_ERROR_MISSING, "[transport DOMAIN] found no such section*at least one"},
    {"nonsense\n", CW_SETTINGS_ERROR_SYNTAX, "line 1: found something else*"},
    {"[server]\nsecret s3cret\n", CW_SETTINGS_ERROR_SYNTAX, "line 2: found something else*"},
    {"[server\n", CW_SETTINGS_ERROR_SYNTAX, "line 1: found '['*"},
    {"[a]b]\n", CW_SETTINGS_ERROR_SYNTAX, "found something else*"},
    {"host = x\n", CW_SETTINGS_ERROR_SYNTAX, "line 1: found a key, expected a [[]SECTION]*"},
    {"[server]\nhost[de] = x\n", CW_SETTINGS_ERROR_SYNTAX, "line 2: found a key with a bracket*"},
    {"[server]\nport = 1\n\nport = 2\n", CW_SETTINGS_ERROR_SYNTAX, "line 4: found a key*second*"},
    {"[server]\n[server]\n", CW_SETTINGS_ERROR_SYNTAX, "line 2: found a section*second*"},
    {TRANSPORT TRANSPORT, CW_SETTINGS_ERROR_SYNTAX, "line 4: found a section*second*"},
    {TRANSPORT "[transport IRC.example.com]\n", CW_SETTINGS_ERROR_VALUE,
     "[[]transport IRC.example.com] found a second section for 'irc.example.com', expected one"},
    {"[server]\nhost = \xff\n", CW_SETTINGS_ERROR_SYNTAX, "line 1: found bytes*"},

    {"[sever]\n", CW_SETTINGS_ERROR_UNKNOWN, "[[]sever] found a section*expected perhaps 'server'"},
    {"[transports irc.x.org]\n", CW_SETTINGS_ERROR_UNKNOWN, "*perhaps 'transport'"},
    {"[zzzzzzzzzz]\n", CW_SETTINGS_ERROR_UNKNOWN, "*expected one of causeway.conf(5)"},
    {"[limits]\nregistration-per-minute = 3\n", CW_SETTINGS_ERROR_UNKNOWN,
     "[[]limits] registration-per-minute: found a key that does not exist, expected perhaps "
     "'registrations-per-minute'"},
    {"[server]\nsplit.1 = x\n", CW_SETTINGS_ERROR_UNKNOWN, "*[[]server] split.1: found a key*"},
    {TRANSPORT "option. = x\n", CW_SETTINGS_ERROR_UNKNOWN, "*expected option.NAME"},
    {TRANSPORT "split.0 = x\n", CW_SETTINGS_ERROR_UNKNOWN, "*expected split.N with N from 1"},
    {TRANSPORT "split.x = x\n", CW_SETTINGS_ERROR_UNKNOWN, "*expected split.N with N from 1"},

    {"[server]\nport = 0\n", CW_SETTINGS_ERROR_VALUE,
     "[[]server] port: found '0', expected a number from 1 to 65535"},
    {"[server]\nport = 65536\n", CW_SETTINGS_ERROR_VALUE, "*found '65536'*"},
    {"[server]\nport = -1\n", CW_SETTINGS_ERROR_VALUE, "*found '-1'*"},
    {"[server]\nport = 0x10\n", CW_SETTINGS_ERROR_VALUE, "*found '0x10'*"},
    {"[server]\nport =\n", CW_SETTINGS_ERROR_VALUE, "*found ''*"},
    {"[server]\nhost =\n", CW_SETTINGS_ERROR_VALUE, "*found nothing*"},
    {"[server]\nhost = a b\n", CW_SETTINGS_ERROR_VALUE, "*expected a host name or an IP address"},
    {"[server]\nhost = 192.0.2.1\n" TRANSPORT, CW_SETTINGS_ERROR_VALUE,
     "[[]server] host: found '192.0.2.1', expected a loopback address, or allow-plaintext = true*"},
    {"[server]\nhost = localhost.example.com\n" TRANSPORT, CW_SETTINGS_ERROR_VALUE,
     "*expected a loopback address*"},
    {"[server]\nhost = 127.0.0.1.example.com\n" TRANSPORT, CW_SETTINGS_ERROR_VALUE,
     "*expected a loopback address*"},
    {"[server]\nhost = 2001:db8::1\n" TRANSPORT, CW_SETTINGS_ERROR_VALUE,
     "*expected a loopback address*"},
    {"[server]\nallow-plaintext = maybe\n", CW_SETTINGS_ERROR_VALUE, "*expected true or false"},
    {"[store]\npath = \"x\n", CW_SETTINGS_ERROR_VALUE, "*that nothing closes*"},
    {"[limits]\nstanza-size = 9999\n", CW_SETTINGS_ERROR_VALUE,
     "*found '9999', expected a number from 10000 to 1073741824, or 0 for no limit"},
    {"[limits]\nstanza-size = 5 G\n", CW_SETTINGS_ERROR_VALUE, "*found '5 G'*"},
    {"[limits]\nremembered-values = 901\n", CW_SETTINGS_ERROR_VALUE,
     "*found '901', expected a number from 1 to 900, or 0 for no limit"},
    {"[limits]\nremembered-size = 1M\n", CW_SETTINGS_ERROR_VALUE, "*found '1M', expected*"},
    {"[timing]\nstop-timeout = 0\n", CW_SETTINGS_ERROR_VALUE,
     "*found '0', expected a time from 1 ms to 24 h: seconds, or with ms, s, m, h"},
    {"[timing]\nstop-timeout = 25h\n", CW_SETTINGS_ERROR_VALUE, "*found '25h'*"},

    {"[transport]\n", CW_SETTINGS_ERROR_VALUE, "*found no domain, expected [[]transport DOMAIN]"},
    {"[transport irc]\n", CW_SETTINGS_ERROR_VALUE, "*found 'irc', expected [[]transport DOMAIN]*"},
    {"[transport a@b.c]\n", CW_SETTINGS_ERROR_VALUE, "*found 'a@b.c'*"},
    {"[transport 10.0.0.1]\n", CW_SETTINGS_ERROR_VALUE, "*found '10.0.0.1'*"},
    {"[transport -a.b]\n", CW_SETTINGS_ERROR_VALUE, "*found '-a.b'*"},
    {"[transport a..b]\n", CW_SETTINGS_ERROR_VALUE, "*found 'a..b'*"},
    {"[transport a.b]\n", CW_SETTINGS_ERROR_MISSING,
     "[[]transport a.b] secret: found nothing, expected secret or secret-file"},
    {"[transport a.b]\nsecret =\n", CW_SETTINGS_ERROR_VALUE, "*secret: found nothing*"},
    {"[transport a.b]\nsecret = x\n", CW_SETTINGS_ERROR_MISSING, "*protocol: found nothing*"},
    {TRANSPORT "secret-file = x\n", CW_SETTINGS_ERROR_VALUE, "*found both secret and secret-file*"},
    {"[transport a.b]\nsecret-file = /nonexistent/x\n", CW_SETTINGS_ERROR_READ,
     "*found '/nonexistent/x', which cannot be read*"},
    {"[transport a.b]\nprotocol = prpl-irc\n", CW_SETTINGS_ERROR_VALUE, "*expected KIND:NAME*"},
    {"[transport a.b]\nprotocol = purple:\n", CW_SETTINGS_ERROR_VALUE, "*expected KIND:NAME*"},
    {"[transport a.b]\nprotocol = :x\n", CW_SETTINGS_ERROR_VALUE, "*expected KIND:NAME*"},
    {"[transport a.b]\nprotocol = Pur ple:x\n", CW_SETTINGS_ERROR_VALUE, "*expected KIND:NAME*"},
    {TRANSPORT "identity = I RC\n", CW_SETTINGS_ERROR_VALUE, "*expected lower-case letters*"},
    {TRANSPORT "allow = a@b@c\n", CW_SETTINGS_ERROR_VALUE, "*found 'a@b@c', expected a domain*"},
    {TRANSPORT "deny = a@b/r\n", CW_SETTINGS_ERROR_VALUE, "*found 'a@b/r'*"},
    {TRANSPORT "open = perhaps\n", CW_SETTINGS_ERROR_VALUE,
     "*open: found 'perhaps', expected true*"},
    {TRANSPORT "agent. = x\n", CW_SETTINGS_ERROR_UNKNOWN, "*expected agent.NAME"},
    {TRANSPORT "accounts-per-host = 0\n", CW_SETTINGS_ERROR_VALUE, "*found '0'*"},
};

static void settings_parse__refuses__what_is_wrong(void)
{
    for (guint i = 0; i < G_N_ELEMENTS(refused); i++) {
        g_autoptr(GError) error = NULL;
        CwSettings *settings =
            cw_settings_parse(refused[i].text, strlen(refused[i].text), "/etc/c.conf", &error);
        g_assert_null(settings);
        g_test_message("%s", error->message);
        g_assert_error(error, CW_SETTINGS_ERROR, (gint)refused[i].code);
        g_assert_true(g_str_has_prefix(error->message, "/etc/c.conf: "));
        g_assert_null(strstr(error->message, "s3cret"));
        /* '[' begins a set for nobody here: g_pattern knows only '*' and '?'. */
        g_auto(GStrv) parts = g_strsplit(refused[i].message, "[[]", -1);
        g_autofree char *pattern = g_strjoinv("[", parts);
        g_assert_true(g_pattern_match_simple(pattern, error->message + strlen("/etc/c.conf: ")));
    }
}

static void settings_parse__refuses__a_nul_byte(void)
{
    static const char text[] = TRANSPORT "name = a\0b\n";
    g_autoptr(GError) error = NULL;
    g_assert_null(cw_settings_parse(text, sizeof text - 1, "c.conf", &error));
    g_assert_error(error, CW_SETTINGS_ERROR, CW_SETTINGS_ERROR_SYNTAX);
}

/* ---- values ---- */

static void value_clean__strips__comments_but_not_secrets(void)
{
    static const struct {
        const char *raw, *clean;
    } cases[] = {
        {"30      # 0: no limit", "30"},
        {"30\t#x", "30"},
        {"a#b", "a#b"},
        {"a #", "a"},
        {"# all comment", ""},
        {"  x  ", "x"},
        {"\"a # b\"", "a # b"},
        {"\"a # b\"  # c", "a # b"},
        {"\"a\"b\"", "a\"b"},
        {"\"a\" # \"b\"", "a"},
        {"\"  \"", "  "},
        {"\"\"", ""},
        {"say \"x\" # y", "say \"x\""},
        {"\"open", NULL},
        {"\"", NULL},
        {"\"a\"b", NULL},
        {"\"a\"#b", NULL},
        {"", ""},
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *clean = cw_value_clean(cases[i].raw);
        g_assert_cmpstr(clean, ==, cases[i].clean);
    }
}

static void value_time__knows__units(void)
{
    static const struct {
        const char *text;
        gint64 ms; /* -1: refused */
    } cases[] = {
        {"30", 30000},   {"0.25", 250},   {"250ms", 250}, {"250 ms", 250}, {"5s", 5000},
        {"1.5m", 90000}, {"2h", 7200000}, {"0", 0},       {"0.0004", 0},   {"", -1},
        {"-1", -1},      {"1e3", -1},     {"0x10", -1},   {"inf", -1},     {"nan", -1},
        {".5", -1},      {"5.", -1},      {"5 d", -1},    {"5sm", -1},     {"99999999999", -1},
        {"1,5", -1},
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        guint ms = 0;
        gboolean shaped = cw_value_time(cases[i].text, &ms);
        g_assert_cmpint(shaped ? (gint64)ms : -1, ==, cases[i].ms);
    }
    guint bytes;
    g_assert_true(cw_value_bytes("256K", &bytes) && bytes == 262144);
    g_assert_true(cw_value_bytes("1 MiB", &bytes) && bytes == 1048576);
    g_assert_true(cw_value_bytes("10000", &bytes) && bytes == 10000);
    g_assert_false(cw_value_bytes("4G", &bytes));
    g_assert_false(cw_value_bytes("1k", &bytes));
}

static void value_address__brings_to__normal_form(void)
{
    static const struct {
        const char *text, *address;
    } cases[] = {
        {"*", "*"},
        {"localhost", "localhost"},
        {"Example.COM", "example.com"},
        {"Juliet@Example.com", "juliet@example.com"},
        {"JÜRG@example.com", "jürg@example.com"},
        {"a@bücher.example", "a@bücher.example"},
        {"a@BÜCHER.example", "a@bücher.example"},
        {"@example.com", NULL},
        {"a@", NULL},
        {"a b@example.com", NULL},
        {"a/b@example.com", NULL},
        {"example.com/x", NULL},
        {"**", NULL},
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *address = cw_value_address(cases[i].text);
        g_assert_cmpstr(address, ==, cases[i].address);
    }
}

/* ---- who may register ---- */

static void may_register__asks__deny_before_allow(void)
{
    g_autoptr(CwSettings) settings =
        parse(TRANSPORT "allow = example.com; friend@elsewhere.net\ndeny = tybalt@example.com\n"
                        "[transport all.example.com]\nsecret = x\nprotocol = a:b\n"
                        "allow = *\ndeny = spam.example\n"
                        "[transport none.example.com]\nsecret = x\nprotocol = a:b\nallow =\n");
    const CwTransportSettings *some = transport(settings, 0), *all = transport(settings, 1),
                              *none = transport(settings, 2);
    g_assert_true(cw_transport_settings_may_register(some, "juliet@example.com", "example.com"));
    g_assert_true(
        cw_transport_settings_may_register(some, "friend@elsewhere.net", "elsewhere.net"));
    g_assert_false(cw_transport_settings_may_register(some, "foe@elsewhere.net", "elsewhere.net"));
    g_assert_false(cw_transport_settings_may_register(some, "tybalt@example.com", "example.com"));
    g_assert_false(
        cw_transport_settings_may_register(some, "a@sub.example.com", "sub.example.com"));
    g_assert_true(cw_transport_settings_may_register(all, "x@y.z", "y.z"));
    g_assert_false(cw_transport_settings_may_register(all, "x@spam.example", "spam.example"));
    g_assert_false(cw_transport_settings_may_register(none, "juliet@example.com", "example.com"));
}

/* ---- files ---- */

static void write_file(const char *folder, const char *name, const char *text, int mode)
{
    g_autofree char *path = g_build_filename(folder, name, NULL);
    g_autoptr(GError) error = NULL;
    g_file_set_contents_full(path, text, -1, G_FILE_SET_CONTENTS_CONSISTENT, mode, &error);
    g_assert_no_error(error);
    g_assert_cmpint(chmod(path, (mode_t)mode), ==, 0);
}

static void remove_file(const char *folder, const char *name)
{
    g_autofree char *path = g_build_filename(folder, name, NULL);
    g_remove(path);
}

static void settings_load__reads__secret_files(void)
{
    static const struct {
        const char *text;
        int mode;
        const char *message; /* NULL: accepted */
    } cases[] = {
        {"hush hush\n", 0600, NULL},
        {"hush hush", 0640, NULL},
        {"hush hush\r\n", 0600, NULL},
        {"hush hush\n", 0644, "*with mode 0644, expected a file that others cannot read*"},
        {"", 0600, "*expected a file with the secret in one line*"},
        {"\n", 0600, "*expected a file with the secret in one line*"},
        {"hush\nhush\n", 0600, "*expected a file with the secret in one line*"},
        {"hush\xff\n", 0600, "*expected a file with the secret in one line*"},
    };
    g_autofree char *folder = g_dir_make_tmp("causeway-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(folder, "causeway.conf", NULL);
    write_file(folder, "causeway.conf",
               "[transport a.b]\nprotocol = c:d\nsecret-file = secrets/a\n", 0644);
    g_autofree char *secrets = g_build_filename(folder, "secrets", NULL);
    g_assert_cmpint(g_mkdir(secrets, 0700), ==, 0);

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        write_file(secrets, "a", cases[i].text, cases[i].mode);
        g_autoptr(GError) error = NULL;
        g_autoptr(CwSettings) settings = cw_settings_load(path, &error);
        if (!cases[i].message) {
            g_assert_no_error(error);
            g_assert_cmpstr(transport(settings, 0)->secret, ==, "hush hush");
            continue;
        }
        g_assert_null(settings);
        g_assert_true(g_pattern_match_simple(cases[i].message, error->message));
        g_assert_null(strstr(error->message, "hush"));
    }

    remove_file(secrets, "a");
    g_assert_cmpint(g_mkdir_with_parents(secrets, 0700), ==, 0);
    g_autofree char *fifo = g_build_filename(secrets, "a", NULL);
    g_assert_cmpint(mkfifo(fifo, 0600), ==, 0);
    g_autoptr(GError) error = NULL;
    g_assert_null(cw_settings_load(path, &error)); /* and does not wait for a writer */
    g_assert_nonnull(strstr(error->message, "expected a plain file"));

    remove_file(secrets, "a");
    remove_file(folder, "causeway.conf");
    g_rmdir(secrets);
    g_rmdir(folder);
}

static void settings_load__warns__of_secrets_that_all_can_read(void)
{
    g_autofree char *folder = g_dir_make_tmp("causeway-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(folder, "causeway.conf", NULL);
    write_file(folder, "causeway.conf", TRANSPORT, 0644);
    g_test_expect_message("conf", G_LOG_LEVEL_WARNING, "*others on this machine can read it*");
    g_autoptr(CwSettings) open_to_all = cw_settings_load(path, NULL);
    g_assert_nonnull(open_to_all);
    g_test_assert_expected_messages();

    write_file(folder, "causeway.conf", TRANSPORT, 0640);
    g_autoptr(CwSettings) ours = cw_settings_load(path, NULL);
    g_assert_nonnull(ours);

    remove_file(folder, "causeway.conf");
    g_autoptr(GError) error = NULL;
    g_assert_null(cw_settings_load(path, &error));
    g_assert_error(error, CW_SETTINGS_ERROR, CW_SETTINGS_ERROR_READ);
    g_rmdir(folder);
}

/* ---- the documents say what the table says ---- */

static char *read_document(const char *name)
{
    g_autofree char *path = g_test_build_filename(G_TEST_DIST, "..", "conf", name, NULL);
    g_autoptr(GError) error = NULL;
    char *text = NULL;
    g_file_get_contents(path, &text, NULL, &error);
    g_assert_no_error(error);
    return text;
}

/* A value as it stands in the sample, with '#' before it where that is the default. */
static gboolean sample_shows(const char *sample, const CwSettingsKey *row)
{
    g_autofree char *as_default =
        g_strdup_printf("\n#%s = %s", row->key, row->standard ? row->standard : "");
    g_autofree char *as_set = g_strdup_printf("\n%s = ", row->key);
    return strstr(sample, as_default) || (!row->standard && strstr(sample, as_set));
}

static char *escape_hyphens(const char *key)
{
    g_auto(GStrv) words = g_strsplit(key, "-", -1);
    return g_strjoinv("\\-", words);
}

/* The words of the manual page for the default, where the table has one. */
static gboolean manual_shows(const char *manual, const CwSettingsKey *row)
{
    g_autofree char *name = escape_hyphens(row->key);
    g_autofree char *head = g_strdup_printf("\n.B %s\n", name);
    for (const char *at = strstr(manual, head); at; at = strstr(at + 1, head)) {
        if (!row->standard || !*row->standard)
            return TRUE;
        g_autofree char *value = escape_hyphens(row->standard);
        g_autofree char *words = g_strdup_printf("Default: %s.\n", value);
        const char *next = strstr(at + 1, "\n.TP\n"), *found = strstr(at, words);
        if (found && (!next || found < next + 1))
            return TRUE;
    }
    return FALSE;
}

static void documents__show__every_key_with_its_default(void)
{
    g_autofree char *sample = read_document("causeway.conf.sample");
    g_autofree char *manual = read_document("causeway.conf.5");
    for (const CwSettingsKey *row = cw_settings_keys; row->section; row++) {
        g_test_message("[%s] %s", row->section, row->key);
        g_assert_true(sample_shows(sample, row));
        g_assert_true(manual_shows(manual, row));
    }
}

static void sample__is__accepted(void)
{
    g_autofree char *sample = read_document("causeway.conf.sample");
    g_autoptr(CwSettings) settings = parse(sample);
    g_assert_cmpuint(settings->transports->len, >=, 1);
}

static void value_is_loopback__believes__no_name_but_localhost(void)
{
    static const char *const ours[] = {"127.0.0.1",   "127.8.9.10",      "::1",
                                       "[::1]",       "localhost",       "LocalHost",
                                       "x.localhost", "::ffff:127.0.0.1"};
    static const char *const others[] = {"192.0.2.1",
                                         "0.0.0.0",
                                         "::",
                                         "example.com",
                                         "",
                                         "localhost.example.com",
                                         "127.0.0.1.example.com",
                                         "2001:db8::1",
                                         "::ffff:192.0.2.1",
                                         "xlocalhost",
                                         ".localhost",
                                         "[127.0.0.1",
                                         "10.0.0.1"};

    for (guint i = 0; i < G_N_ELEMENTS(ours); i++)
        g_assert_true(cw_value_is_loopback(ours[i]));
    for (guint i = 0; i < G_N_ELEMENTS(others); i++)
        g_assert_false(cw_value_is_loopback(others[i]));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define ADD(name) g_test_add_func("/settings/" #name, name)
    ADD(settings_parse__accepts__the_sample_of_the_issue);
    ADD(settings_parse__fills_in__defaults);
    ADD(settings_parse__keeps__order_and_free_keys);
    ADD(needs_restart__names__settings_of_agents);
    ADD(settings_parse__takes__zero_for_every_limit);
    ADD(settings_parse__refuses__what_is_wrong);
    ADD(settings_parse__refuses__a_nul_byte);
    ADD(value_clean__strips__comments_but_not_secrets);
    ADD(value_time__knows__units);
    ADD(value_is_loopback__believes__no_name_but_localhost);
    ADD(value_address__brings_to__normal_form);
    ADD(may_register__asks__deny_before_allow);
    ADD(settings_load__reads__secret_files);
    ADD(settings_load__warns__of_secrets_that_all_can_read);
    ADD(documents__show__every_key_with_its_default);
    ADD(sample__is__accepted);
    return g_test_run();
}
