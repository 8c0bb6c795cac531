/* tests/unit/transport/test-link.c: lines of the link, and its two ends
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "transport/link.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static gboolean decode(const char *line, CwLinkSide from, CwLinkMsg *msg, GError **error)
{
    return cw_link_decode(line, strlen(line), from, msg, error);
}

static void assert_refused(const char *line, CwLinkSide from, int code)
{
    g_autoptr(GError) error = NULL;
    CwLinkMsg msg;

    g_assert_false(decode(line, from, &msg, &error));
    g_assert_error(error, CW_LINK_ERROR, code);
    g_assert_null(msg.owner);
}

static void link_decode__reads__a_message(void)
{
    g_autoptr(GError) error = NULL;
    CwLinkMsg msg;

    g_assert_true(decode("{\"type\":\"message\",\"account\":7,\"contact\":\"romeo\","
                         "\"text\":\"a\\nb \\u2665\",\"stamp\":1700000000,\"own\":true,"
                         "\"unknown\":[1]}",
                         CW_LINK_HOST, &msg, &error));
    g_assert_no_error(error);
    g_assert_cmpint(msg.kind, ==, CW_LINK_MESSAGE);
    g_assert_cmpuint(msg.account, ==, 7);
    g_assert_cmpstr(msg.contact, ==, "romeo");
    g_assert_cmpstr(msg.text, ==, "a\nb ♥");
    g_assert_cmpint(msg.stamp, ==, 1700000000);
    g_assert_true(msg.own);
    cw_link_msg_clear(&msg);
}

static void link_decode__refuses__what_is_no_line(void)
{
    static const char *const lines[] = {
        "",
        "{",
        "[]",
        "7",
        "null",
        "{\"type\":\"pong\",\"id\":1} trailing",
        "{\"type\":\"pong\",\"type\":\"pong\",\"id\":1}",
        "{\"type\":\"pong\",\"id\":1,\"x\":\"\xff\xfe\"}",
        "{\"type\":\"message\",\"account\":1,\"contact\":\"a\\u0000b\",\"text\":\"\"}",
    };

    for (guint i = 0; i < G_N_ELEMENTS(lines); i++)
        assert_refused(lines[i], CW_LINK_HOST, CW_LINK_ERROR_SYNTAX);
}

static void link_decode__refuses__what_breaks_the_table(void)
{
    static const char *const lines[] = {
        "{}",
        "{\"type\":7}",
        "{\"type\":\"unheard-of\"}",
        "{\"type\":\"login\",\"account\":1,\"username\":\"x\"}", /* the gateway's */
        "{\"type\":\"pong\"}",
        "{\"type\":\"pong\",\"id\":0}",
        "{\"type\":\"pong\",\"id\":-1}",
        "{\"type\":\"pong\",\"id\":\"1\"}",
        "{\"type\":\"pong\",\"id\":1.5}",
        "{\"type\":\"ack\",\"account\":4294967296,\"id\":1}",
        "{\"type\":\"message\",\"account\":1,\"contact\":1,\"text\":\"\"}",
        "{\"type\":\"message\",\"account\":1,\"contact\":\"a\",\"text\":\"\",\"own\":1}",
        "{\"type\":\"state\",\"account\":1,\"state\":\"sleeping\"}",
        "{\"type\":\"state\",\"account\":1,\"state\":\"offline\",\"reason\":\"whim\"}",
        "{\"type\":\"presence\",\"account\":1,\"contact\":\"a\",\"show\":\"gone\"}",
        "{\"type\":\"authorization\",\"account\":1,\"contact\":\"a\"}",
        "{\"type\":\"authorization\",\"account\":1,\"contact\":\"a\",\"authorization\":\"maybe\"}",
        "{\"type\":\"authorization\",\"account\":1,\"contact\":\"a\",\"authorization\":true}",
        "{\"type\":\"authorization\",\"account\":1,\"authorization\":\"none\"}",
        "{\"type\":\"ask-gone\",\"account\":1}",
        "{\"type\":\"presence\",\"account\":1,\"contact\":\"a\",\"show\":\"away\",\"idle\":\"1\"}",
        "{\"type\":\"question\",\"account\":1,\"id\":1,\"fields\":{}}",
        "{\"type\":\"question\",\"account\":1,\"id\":1,\"fields\":[{}]}",
        "{\"type\":\"question\",\"account\":1,\"id\":1,\"fields\":[{\"name\":\"a\",\"kind\":\"x\"}]"
        "}",
        "{\"type\":\"hello\",\"version\":1,\"protocol\":{}}",
        "{\"type\":\"hello\",\"version\":1,\"protocol\":{\"id\":\"a\",\"name\":\"A\","
        "\"password\":\"required\",\"splits\":[{\"name\":\"split.1\",\"kind\":\"text\"}]}}",
    };

    for (guint i = 0; i < G_N_ELEMENTS(lines); i++) {
        g_test_message("%s", lines[i]);
        assert_refused(lines[i], CW_LINK_HOST, CW_LINK_ERROR_RULES);
    }
}

static void link_decode__refuses__a_line_over_the_limit(void)
{
    g_autofree char *text = g_strnfill(CW_LINK_LINE_MAX, 'x');
    g_autofree char *line =
        g_strdup_printf("{\"type\":\"log\",\"level\":\"info\",\"text\":\"%s\"}", text);

    assert_refused(line, CW_LINK_HOST, CW_LINK_ERROR_SYNTAX);
}

static void link_decode__never_quotes__a_password(void)
{
    g_autoptr(GError) error = NULL;
    CwLinkMsg msg;

    g_assert_false(decode("{\"type\":\"login\",\"account\":1,\"username\":\"x\",\"password\":"
                          "[\"hunter2\"]}",
                          CW_LINK_GATEWAY, &msg, &error));
    g_assert_null(strstr(error->message, "hunter2"));
    g_clear_error(&error);
    g_assert_false(decode("{\"password\":\"hunter2\" oops", CW_LINK_GATEWAY, &msg, &error));
    g_assert_null(strstr(error->message, "hunter2"));
}

static void link_encode__round_trips__every_kind_of_field(void)
{
    g_autoptr(GString) line = g_string_new(NULL);
    g_autoptr(GHashTable) values = g_hash_table_new(g_str_hash, g_str_equal);
    g_autoptr(GError) error = NULL;
    CwLinkMsg msg;

    g_hash_table_insert(values, (gpointer) "port", (gpointer) "6667");
    g_assert_true(cw_link_encode(&(CwLinkMsg){.kind = CW_LINK_LOGIN,
                                              .account = 3,
                                              .username = "nick@server",
                                              .password = "päss\"\\\n",
                                              .values = values,
                                              .show = CW_SHOW_DND,
                                              .status = "busy"},
                                 CW_LINK_GATEWAY, line, &error));
    g_assert_cmpint(line->str[line->len - 1], ==, '\n');
    g_assert_cmpint(strchr(line->str, '\n') - line->str, ==, (gssize)line->len - 1);
    g_assert_true(cw_link_decode(line->str, line->len - 1, CW_LINK_GATEWAY, &msg, &error));
    g_assert_no_error(error);
    g_assert_cmpuint(msg.account, ==, 3);
    g_assert_cmpstr(msg.password, ==, "päss\"\\\n");
    g_assert_cmpstr(g_hash_table_lookup(msg.values, "port"), ==, "6667");
    g_assert_cmpint(msg.show, ==, CW_SHOW_DND);
    g_assert_cmpstr(msg.status, ==, "busy");
    cw_link_msg_clear(&msg);
}

static void link_encode__round_trips__every_authorization(void)
{
    static const char *const words[] = {"none", "asked", "granted"};

    for (guint i = 0; i < G_N_ELEMENTS(words); i++) {
        g_autoptr(GString) line = g_string_new(NULL);
        g_autofree char *wanted = g_strdup_printf("\"authorization\":\"%s\"", words[i]);
        g_autoptr(GError) error = NULL;
        CwLinkMsg msg = {.kind = CW_LINK_AUTHORIZATION,
                         .account = 3,
                         .contact = "romeo",
                         .authorization = (CwAuthorization)i};

        g_assert_false(cw_link_encode(&msg, CW_LINK_GATEWAY, line, NULL));
        g_assert_true(cw_link_encode(&msg, CW_LINK_HOST, line, &error));
        g_assert_no_error(error);
        g_assert_nonnull(strstr(line->str, wanted));
        g_assert_true(cw_link_decode(line->str, line->len - 1, CW_LINK_HOST, &msg, &error));
        g_assert_no_error(error);
        g_assert_cmpint(msg.kind, ==, CW_LINK_AUTHORIZATION);
        g_assert_cmpstr(msg.contact, ==, "romeo");
        g_assert_cmpint(msg.authorization, ==, i);
        cw_link_msg_clear(&msg);
    }
}

/* The user's own, without a contact; a contact's must have one. */
static void link_encode__round_trips__looks(void)
{
    static const CwLinkMsg msgs[] = {
        {.kind = CW_LINK_LOGIN,
         .account = 1,
         .username = "u",
         .name = "Jule <x>",
         .data = "aGk=",
         .media = "image/png"},
        {.kind = CW_LINK_AVATAR, .account = 1, .data = "aGk=", .media = "image/png"},
        {.kind = CW_LINK_AVATAR, .account = 1},
        {.kind = CW_LINK_NICK, .account = 1, .name = "Jule <x>"},
        {.kind = CW_LINK_NICK, .account = 1},
    };

    for (guint i = 0; i < G_N_ELEMENTS(msgs); i++) {
        g_autoptr(GString) line = g_string_new(NULL);
        g_autoptr(GError) error = NULL;
        CwLinkMsg msg;

        g_assert_true(cw_link_encode(&msgs[i], CW_LINK_GATEWAY, line, &error));
        g_assert_no_error(error);
        g_assert_true(cw_link_decode(line->str, line->len - 1, CW_LINK_GATEWAY, &msg, &error));
        g_assert_no_error(error);
        g_assert_cmpint(msg.kind, ==, msgs[i].kind);
        g_assert_cmpstr(msg.name, ==, msgs[i].name);
        g_assert_cmpstr(msg.data, ==, msgs[i].data);
        g_assert_cmpstr(msg.media, ==, msgs[i].media);
        cw_link_msg_clear(&msg);
        assert_refused(line->str, CW_LINK_HOST, CW_LINK_ERROR_RULES);
    }
}

/* In their order, and several of one name. */
static void link_encode__round_trips__info(void)
{
    g_autoptr(GString) line = g_string_new(NULL);
    g_autoptr(GPtrArray) fields = cw_fields_new();
    g_autoptr(GError) error = NULL;
    CwLinkMsg msg;

    g_ptr_array_add(fields, cw_field_new(CW_FIELD_TEXT, "info", "Town <1>", "Verona\n\"x\""));
    g_ptr_array_add(fields, cw_field_new(CW_FIELD_TEXT, "info", "Town <1>", "Mantua"));
    g_assert_true(
        cw_link_encode(&(CwLinkMsg){.kind = CW_LINK_INFO, .account = 1, .id = 9, .fields = fields},
                       CW_LINK_HOST, line, &error));
    g_assert_true(cw_link_decode(line->str, line->len - 1, CW_LINK_HOST, &msg, &error));
    g_assert_no_error(error);
    g_assert_cmpint(msg.id, ==, 9);
    g_assert_cmpuint(msg.fields->len, ==, 2);
    const CwField *first = g_ptr_array_index(msg.fields, 0);
    const CwField *second = g_ptr_array_index(msg.fields, 1);
    g_assert_cmpstr(first->label, ==, "Town <1>");
    g_assert_cmpstr(first->value, ==, "Verona\n\"x\"");
    g_assert_cmpstr(second->value, ==, "Mantua");
    cw_link_msg_clear(&msg);
    assert_refused("{\"type\":\"info\",\"account\":1,\"fields\":[]}", CW_LINK_HOST,
                   CW_LINK_ERROR_RULES);
    assert_refused("{\"type\":\"info\",\"account\":1,\"id\":1}", CW_LINK_GATEWAY,
                   CW_LINK_ERROR_RULES);
}

static GPtrArray *two_columns(void)
{
    GPtrArray *columns = cw_fields_new();

    g_ptr_array_add(columns, cw_field_new(CW_FIELD_TEXT, "nick", "Nickname", NULL));
    g_ptr_array_add(columns, cw_field_new(CW_FIELD_TEXT, "column.2", "Town <2>", NULL));
    return columns;
}

static void add_found(GPtrArray *found, const char *contact, const char *first, const char *second)
{
    g_ptr_array_add(
        found, cw_found_new(contact, g_strdupv((char *[]){(char *)first, (char *)second, NULL})));
}

static void link_encode__round_trips__a_search(void)
{
    g_autoptr(GString) line = g_string_new(NULL);
    g_autoptr(GHashTable) values = g_hash_table_new(g_str_hash, g_str_equal);
    g_autoptr(GError) error = NULL;
    CwLinkMsg msg;

    g_hash_table_insert(values, (gpointer) "nick", (gpointer) "mer*");
    g_assert_true(cw_link_encode(
        &(CwLinkMsg){.kind = CW_LINK_SEARCH, .account = 1, .id = 4, .values = values},
        CW_LINK_GATEWAY, line, &error));
    g_assert_no_error(error);
    g_assert_true(cw_link_decode(line->str, line->len - 1, CW_LINK_GATEWAY, &msg, &error));
    g_assert_cmpint(msg.kind, ==, CW_LINK_SEARCH);
    g_assert_cmpstr(g_hash_table_lookup(msg.values, "nick"), ==, "mer*");
    cw_link_msg_clear(&msg);
    /* which fields are there? */
    g_assert_true(
        decode("{\"type\":\"search\",\"account\":1,\"id\":4}", CW_LINK_GATEWAY, &msg, NULL));
    g_assert_null(msg.values);
    cw_link_msg_clear(&msg);
}

static void link_encode__round_trips__a_search_form(void)
{
    g_autoptr(GString) line = g_string_new(NULL);
    g_autoptr(GPtrArray) fields = two_columns();
    g_autoptr(GError) error = NULL;
    CwLinkMsg msg;

    g_assert_true(cw_link_encode(
        &(CwLinkMsg){
            .kind = CW_LINK_SEARCH, .account = 1, .id = 4, .text = "Fill in", .fields = fields},
        CW_LINK_HOST, line, &error));
    g_assert_no_error(error);
    g_assert_true(cw_link_decode(line->str, line->len - 1, CW_LINK_HOST, &msg, &error));
    g_assert_cmpstr(msg.text, ==, "Fill in");
    g_assert_cmpuint(msg.fields->len, ==, 2);
    g_assert_null(msg.found);
    cw_link_msg_clear(&msg);
}

static void link_encode__round_trips__search_results(void)
{
    g_autoptr(GString) line = g_string_new(NULL);
    g_autoptr(GPtrArray) columns = two_columns();
    g_autoptr(GPtrArray) found = cw_found_list_new();
    g_autoptr(GError) error = NULL;
    CwLinkMsg msg;

    add_found(found, "romeo", "Rom<e>o", "");
    add_found(found, "paris@x", "", "Verona\xff");
    g_assert_true(cw_link_encode(&(CwLinkMsg){.kind = CW_LINK_SEARCH,
                                              .account = 1,
                                              .id = 4,
                                              .fields = columns,
                                              .found = found,
                                              .total = 2000},
                                 CW_LINK_HOST, line, &error));
    g_assert_no_error(error);
    g_assert_true(cw_link_decode(line->str, line->len - 1, CW_LINK_HOST, &msg, &error));
    g_assert_no_error(error);
    g_assert_cmpint(msg.total, ==, 2000);
    g_assert_cmpuint(msg.found->len, ==, 2);
    const CwFound *first = g_ptr_array_index(msg.found, 0);
    const CwFound *second = g_ptr_array_index(msg.found, 1);
    g_assert_cmpstr(first->contact, ==, "romeo");
    g_assert_cmpstr(first->values[0], ==, "Rom<e>o");
    g_assert_cmpstr(first->values[1], ==, "");
    g_assert_cmpstr(second->values[1], ==, "Verona\xef\xbf\xbd");
    g_assert_null(second->values[2]);
    cw_link_msg_clear(&msg);
    /* nobody was found: not the same as a form */
    g_ptr_array_set_size(found, 0);
    g_string_truncate(line, 0);
    g_assert_true(cw_link_encode(
        &(CwLinkMsg){
            .kind = CW_LINK_SEARCH, .account = 1, .id = 4, .fields = columns, .found = found},
        CW_LINK_HOST, line, NULL));
    g_assert_true(cw_link_decode(line->str, line->len - 1, CW_LINK_HOST, &msg, NULL));
    g_assert_nonnull(msg.found);
    g_assert_cmpuint(msg.found->len, ==, 0);
    cw_link_msg_clear(&msg);
}

static void link_encode__writes__no_more_people_than_it_would_read(void)
{
    g_autoptr(GString) line = g_string_new(NULL);
    g_autoptr(GPtrArray) columns = two_columns();
    g_autoptr(GPtrArray) found = cw_found_list_new();
    CwLinkMsg msg;

    for (guint i = 0; i <= CW_LINK_FOUND_MAX; i++)
        add_found(found, "romeo", "", "");
    g_assert_true(cw_link_encode(
        &(CwLinkMsg){
            .kind = CW_LINK_SEARCH, .account = 1, .id = 4, .fields = columns, .found = found},
        CW_LINK_HOST, line, NULL));
    g_assert_true(cw_link_decode(line->str, line->len - 1, CW_LINK_HOST, &msg, NULL));
    g_assert_cmpuint(msg.found->len, ==, CW_LINK_FOUND_MAX);
    cw_link_msg_clear(&msg);
}

/* `found` is a value of "found" behind one column. */
static void assert_found_refused(const char *found)
{
    g_autofree char *line =
        g_strdup_printf("{\"type\":\"search\",\"account\":1,\"id\":4,\"fields\":"
                        "[{\"name\":\"nick\",\"kind\":\"text\"}],\"found\":%s}",
                        found);

    g_test_message("%.200s", line);
    assert_refused(line, CW_LINK_HOST, CW_LINK_ERROR_RULES);
}

static void link_decode__refuses__search_results_that_fit_no_columns(void)
{
    static const char *const wrong[] = {
        "{}",
        "true",
        "[7]",
        "[[]]",
        "[{}]",
        "[{\"contact\":\"romeo\"}]",
        "[{\"values\":[\"x\"]}]",
        "[{\"contact\":7,\"values\":[\"x\"]}]",
        "[{\"contact\":\"romeo\",\"values\":[]}]",
        "[{\"contact\":\"romeo\",\"values\":[\"x\",\"y\"]}]",
        "[{\"contact\":\"romeo\",\"values\":[null]}]",
        "[{\"contact\":\"romeo\",\"values\":\"x\"}]",
    };
    g_autoptr(GString) many = g_string_new("[");

    for (guint i = 0; i < G_N_ELEMENTS(wrong); i++)
        assert_found_refused(wrong[i]);
    for (guint i = 0; i <= CW_LINK_FOUND_MAX; i++)
        g_string_append_printf(many, "%s{\"contact\":\"r\",\"values\":[\"x\"]}", i > 0 ? "," : "");
    g_string_append_c(many, ']');
    assert_found_refused(many->str);
    /* the columns may come behind, and must come */
    g_autoptr(GError) error = NULL;
    CwLinkMsg msg;
    g_assert_true(decode("{\"type\":\"search\",\"found\":[{\"contact\":\"r\",\"values\":[\"x\"]}],"
                         "\"account\":1,\"id\":4,"
                         "\"fields\":[{\"name\":\"nick\",\"kind\":\"text\"}]}",
                         CW_LINK_HOST, &msg, &error));
    g_assert_no_error(error);
    g_assert_cmpuint(msg.found->len, ==, 1);
    cw_link_msg_clear(&msg);
    assert_refused("{\"type\":\"search\",\"account\":1,\"id\":4,\"found\":[]}", CW_LINK_HOST,
                   CW_LINK_ERROR_RULES);
    assert_refused("{\"type\":\"search\",\"account\":1,\"id\":4,\"fields\":[],\"total\":-1}",
                   CW_LINK_HOST, CW_LINK_ERROR_RULES);
    assert_refused("{\"type\":\"search\",\"account\":1}", CW_LINK_GATEWAY, CW_LINK_ERROR_RULES);
    assert_refused("{\"type\":\"search\",\"account\":1,\"id\":4,\"values\":[]}", CW_LINK_GATEWAY,
                   CW_LINK_ERROR_RULES);
}

static void link_encode__round_trips__rooms(void)
{
    const CwLinkMsg occupant = {.kind = CW_LINK_OCCUPANT,
                                .account = 3,
                                .room = "#verona",
                                .nick = "rom<e>o",
                                .role = CW_ROLE_NONE,
                                .affiliation = CW_AFFILIATION_OUTCAST};
    const CwLinkMsg set = {.kind = CW_LINK_ROOM_SET,
                           .account = 3,
                           .id = 4,
                           .room = "#verona",
                           .nick = "romeo",
                           .has_role = TRUE,
                           .role = CW_ROLE_NONE};
    g_autoptr(GString) line = g_string_new(NULL);
    g_autoptr(GError) error = NULL;
    CwLinkMsg msg;

    g_assert_true(cw_link_encode(&occupant, CW_LINK_HOST, line, &error));
    g_assert_true(cw_link_decode(line->str, line->len - 1, CW_LINK_HOST, &msg, &error));
    g_assert_cmpstr(msg.nick, ==, "rom<e>o");
    g_assert_cmpint(msg.role, ==, CW_ROLE_NONE);
    g_assert_cmpint(msg.affiliation, ==, CW_AFFILIATION_OUTCAST);
    cw_link_msg_clear(&msg);
    /* one of the two alone, though its value is the zero */
    g_string_truncate(line, 0);
    g_assert_true(cw_link_encode(&set, CW_LINK_GATEWAY, line, &error));
    g_assert_true(cw_link_decode(line->str, line->len - 1, CW_LINK_GATEWAY, &msg, &error));
    g_assert_true(msg.has_role && !msg.has_affiliation);
    cw_link_msg_clear(&msg);
    assert_refused("{\"type\":\"room-left\",\"account\":1,\"room\":\"#v\",\"exit\":\"lost\"}",
                   CW_LINK_HOST, CW_LINK_ERROR_RULES);
    assert_refused("{\"type\":\"room-left\",\"account\":1,\"exit\":\"left\"}", CW_LINK_HOST,
                   CW_LINK_ERROR_RULES);
    assert_refused("{\"type\":\"occupant\",\"account\":1,\"room\":\"#v\",\"nick\":\"n\","
                   "\"role\":\"king\",\"affiliation\":\"none\"}",
                   CW_LINK_HOST, CW_LINK_ERROR_RULES);
}

static void link_encode__round_trips__a_list_of_rooms(void)
{
    for (guint more = 0; more < 2; more++) {
        g_autoptr(GPtrArray) columns = cw_fields_new();
        g_autoptr(GPtrArray) found = cw_found_list_new();
        g_autoptr(GString) line = g_string_new(NULL);
        g_autoptr(GError) error = NULL;
        CwLinkMsg msg;

        g_ptr_array_add(columns, cw_field_new(CW_FIELD_TEXT, "users", "Users", NULL));
        g_ptr_array_add(found, cw_found_new("#verona", g_strsplit("12", " ", -1)));
        g_assert_true(cw_link_encode(&(CwLinkMsg){.kind = CW_LINK_ROOMS,
                                                  .account = 1,
                                                  .id = 4,
                                                  .fields = columns,
                                                  .found = found,
                                                  .more = more == 1},
                                     CW_LINK_HOST, line, &error));
        g_assert_true(cw_link_decode(line->str, line->len - 1, CW_LINK_HOST, &msg, &error));
        g_assert_cmpint(msg.more, ==, more == 1);
        g_assert_cmpuint(msg.found->len, ==, 1);
        g_assert_cmpstr(((const CwFound *)msg.found->pdata[0])->contact, ==, "#verona");
        cw_link_msg_clear(&msg);
    }
    assert_refused("{\"type\":\"rooms\",\"account\":1,\"id\":4,\"fields\":[]}", CW_LINK_HOST,
                   CW_LINK_ERROR_RULES);
    assert_refused("{\"type\":\"rooms\",\"account\":1,\"id\":4,\"fields\":[],\"found\":[],"
                   "\"more\":\"yes\"}",
                   CW_LINK_HOST, CW_LINK_ERROR_RULES);
}

static void link_encode__round_trips__idle_both_ways(void)
{
    for (CwLinkSide from = CW_LINK_GATEWAY; from <= CW_LINK_HOST; from++) {
        g_autoptr(GString) line = g_string_new(NULL);
        CwLinkMsg out = {.kind = CW_LINK_PRESENCE,
                         .account = 1,
                         .contact = from == CW_LINK_HOST ? "romeo" : NULL,
                         .show = CW_SHOW_AWAY,
                         .idle = 1700000000};
        CwLinkMsg msg;

        g_assert_true(cw_link_encode(&out, from, line, NULL));
        g_assert_true(cw_link_decode(line->str, line->len - 1, from, &msg, NULL));
        g_assert_cmpint(msg.idle, ==, 1700000000);
        cw_link_msg_clear(&msg);
        g_string_truncate(line, 0);
        out.idle = 0;
        g_assert_true(cw_link_encode(&out, from, line, NULL));
        g_assert_null(strstr(line->str, "idle"));
    }
}

static void link_encode__round_trips__a_network(void)
{
    g_autoptr(CwProtocol) protocol = cw_protocol_new();
    g_autoptr(GString) line = g_string_new(NULL);
    CwLinkMsg msg;

    protocol->id = g_strdup("prpl-x");
    protocol->name = g_strdup("X");
    protocol->identity = g_strdup("x");
    protocol->password = CW_PASSWORD_OPTIONAL;
    protocol->local_list = TRUE;
    protocol->invisible = TRUE;
    protocol->search = TRUE;
    protocol->picture = TRUE;
    CwField *split = cw_field_new(CW_FIELD_TEXT, "split.1", "Server", "home");
    split->separator = '@';
    split->from_right = TRUE;
    g_ptr_array_add(protocol->splits, split);
    CwField *option = cw_field_new(CW_FIELD_LIST, "security", "Security", "tls");
    cw_field_add_choice(option, "tls", "Always");
    cw_field_add_choice(option, "none", "Never");
    g_ptr_array_add(protocol->options, option);

    g_assert_true(
        cw_link_encode(&(CwLinkMsg){.kind = CW_LINK_HELLO, .version = 1, .protocol = protocol},
                       CW_LINK_HOST, line, NULL));
    g_assert_true(cw_link_decode(line->str, line->len - 1, CW_LINK_HOST, &msg, NULL));
    g_assert_cmpstr(msg.protocol->id, ==, "prpl-x");
    g_assert_cmpint(msg.protocol->password, ==, CW_PASSWORD_OPTIONAL);
    g_assert_true(msg.protocol->local_list);
    g_assert_true(msg.protocol->invisible);
    g_assert_true(msg.protocol->search);
    g_assert_true(msg.protocol->picture);
    const CwField *read = g_ptr_array_index(msg.protocol->splits, 0);
    g_assert_cmpint(read->separator, ==, '@');
    g_assert_true(read->from_right);
    read = g_ptr_array_index(msg.protocol->options, 0);
    g_assert_cmpuint(read->choices->len, ==, 2);
    g_assert_cmpstr(((CwChoice *)g_ptr_array_index(read->choices, 1))->label, ==, "Never");
    cw_link_msg_clear(&msg);
}

static void link_encode__refuses__what_the_table_refuses(void)
{
    g_autoptr(GString) line = g_string_new("kept");
    g_autofree char *big = g_strnfill(CW_LINK_LINE_MAX, 'x');

    g_assert_false(
        cw_link_encode(&(CwLinkMsg){.kind = CW_LINK_PONG, .id = 1}, CW_LINK_GATEWAY, line, NULL));
    g_assert_false(
        cw_link_encode(&(CwLinkMsg){.kind = CW_LINK_MESSAGE, .account = 1, .id = 1, .text = "x"},
                       CW_LINK_GATEWAY, line, NULL));
    g_assert_false(cw_link_encode(
        &(CwLinkMsg){.kind = CW_LINK_MESSAGE, .account = 1, .id = 1, .contact = "a", .text = big},
        CW_LINK_GATEWAY, line, NULL));
    g_assert_cmpstr(line->str, ==, "kept");
}

static void link_encode__repairs__broken_utf8(void)
{
    g_autoptr(GString) line = g_string_new(NULL);
    CwLinkMsg msg;

    g_assert_true(cw_link_encode(&(CwLinkMsg){.kind = CW_LINK_MESSAGE,
                                              .account = 1,
                                              .contact = "a",
                                              .text = "caf\xe9 \xed\xa0\x80 end"},
                                 CW_LINK_HOST, line, NULL));
    g_assert_true(cw_link_decode(line->str, line->len - 1, CW_LINK_HOST, &msg, NULL));
    g_assert_true(g_str_has_prefix(msg.text, "caf\xef\xbf\xbd "));
    g_assert_true(g_str_has_suffix(msg.text, " end"));
    cw_link_msg_clear(&msg);
}

/* ---- two ends ---- */

typedef struct {
    CwLinkPeer *peer;
    guint messages;
    gint64 last_id;
    gboolean in_order;
    gboolean closed;
    int close_code;
    guint congested, relaxed;
    gboolean free_on_message;
} End;

static void end_message(const CwLinkMsg *msg, gpointer data)
{
    End *end = data;

    end->messages++;
    if (msg->id != end->last_id + 1)
        end->in_order = FALSE;
    end->last_id = msg->id;
    if (end->free_on_message)
        g_clear_pointer(&end->peer, cw_link_peer_free);
}

static void end_closed(const GError *error, gpointer data)
{
    End *end = data;

    g_assert_false(end->closed);
    end->closed = TRUE;
    end->close_code = error->code;
}

static void end_congested(gboolean yes, gpointer data)
{
    End *end = data;

    *(yes ? &end->congested : &end->relaxed) += 1;
}

static const CwLinkPeerEvents end_events = {end_message, end_closed, end_congested};

static void pair(End *gateway, End *host, gsize high_water, gsize limit)
{
    int fds[2];

    g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), ==, 0);
    *gateway = (End){.in_order = TRUE};
    *host = (End){.in_order = TRUE};
    gateway->peer =
        cw_link_peer_new(fds[0], CW_LINK_GATEWAY, high_water, limit, &end_events, gateway);
    host->peer = cw_link_peer_new(fds[1], CW_LINK_HOST, 0, 0, &end_events, host);
}

static void send_messages(End *end, guint n, gsize size)
{
    g_autofree char *text = g_strnfill(size, 'x');

    for (guint i = 1; i <= n; i++)
        cw_link_peer_send(
            end->peer,
            &(CwLinkMsg){
                .kind = CW_LINK_MESSAGE, .account = 1, .id = i, .contact = "a", .text = text});
}

static void turn_until(const gboolean *flag, const guint *count, guint wanted)
{
    while (flag == NULL ? *count < wanted : !*flag)
        g_main_context_iteration(NULL, TRUE);
}

static void link_peer__carries__ten_thousand_lines_in_order(void)
{
    End gateway, host;

    pair(&gateway, &host, 1 << 20, 0);
    send_messages(&gateway, 10000, 500);
    turn_until(NULL, &host.messages, 10000);
    g_assert_true(host.in_order);
    g_assert_cmpuint(gateway.congested, ==, 1);
    g_assert_cmpuint(gateway.relaxed, ==, 1);
    cw_link_peer_free(gateway.peer);
    turn_until(&host.closed, NULL, 0);
    g_assert_cmpint(host.close_code, ==, CW_LINK_ERROR_CLOSED);
    cw_link_peer_free(host.peer);
}

static void link_peer__ends_as_stuck__over_its_limit(void)
{
    End gateway, host;

    pair(&gateway, &host, 4096, 1 << 20);
    cw_link_peer_pause(host.peer, TRUE);
    send_messages(&gateway, 5000, 1000);
    turn_until(&gateway.closed, NULL, 0);
    g_assert_cmpint(gateway.close_code, ==, CW_LINK_ERROR_STUCK);
    cw_link_peer_free(gateway.peer);
    cw_link_peer_free(host.peer);
}

static void link_peer__delivers_nothing__while_paused(void)
{
    End gateway, host;

    pair(&gateway, &host, 1 << 20, 0);
    cw_link_peer_pause(host.peer, TRUE);
    send_messages(&gateway, 10, 10);
    for (guint i = 0; i < 50; i++)
        g_main_context_iteration(NULL, FALSE);
    g_assert_cmpuint(host.messages, ==, 0);
    cw_link_peer_pause(host.peer, FALSE);
    turn_until(NULL, &host.messages, 10);
    g_assert_true(host.in_order);
    cw_link_peer_free(gateway.peer);
    cw_link_peer_free(host.peer);
}

static void link_peer__may_be_freed__inside_a_callback(void)
{
    End gateway, host;

    pair(&gateway, &host, 1 << 20, 0);
    host.free_on_message = TRUE;
    send_messages(&gateway, 10, 10);
    turn_until(NULL, &host.messages, 1);
    turn_until(&gateway.closed, NULL, 0);
    g_assert_cmpuint(host.messages, ==, 1);
    cw_link_peer_free(gateway.peer);
}

static void link_peer__ends__on_a_broken_line(void)
{
    End host = {.in_order = TRUE};
    int fds[2];
    static const char text[] =
        "{\"type\":\"ping\",\"id\":1}\nnonsense\n{\"type\":\"ping\",\"id\":2}\n";

    g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), ==, 0);
    host.peer = cw_link_peer_new(fds[1], CW_LINK_HOST, 0, 0, &end_events, &host);
    g_assert_cmpint(write(fds[0], text, sizeof text - 1), ==, sizeof text - 1);
    turn_until(&host.closed, NULL, 0);
    g_assert_cmpuint(host.messages, ==, 1);
    g_assert_cmpint(host.close_code, ==, CW_LINK_ERROR_SYNTAX);
    cw_link_peer_free(host.peer);
    close(fds[0]);
}

/* One byte a write: cut anywhere. */
static void link_peer__joins__lines_cut_at_every_byte(void)
{
    End host = {.in_order = TRUE};
    int fds[2];
    static const char text[] = "{\"type\":\"ping\",\"id\":1}\n{\"type\":\"ping\",\"id\":2}\n";

    g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), ==, 0);
    host.peer = cw_link_peer_new(fds[1], CW_LINK_HOST, 0, 0, &end_events, &host);
    for (gsize i = 0; i < sizeof text - 1; i++) {
        g_assert_cmpint(write(fds[0], text + i, 1), ==, 1);
        g_main_context_iteration(NULL, TRUE);
    }
    turn_until(NULL, &host.messages, 2);
    g_assert_true(host.in_order);
    cw_link_peer_free(host.peer);
    close(fds[0]);
}

/* A line without an end must not grow without an end. */
static void link_peer__ends__on_a_line_that_never_ends(void)
{
    End gateway, host;
    g_autofree char *text = g_strnfill(CW_LINK_LINE_MAX + 10, 'x');
    int fds[2];
    gsize sent = 0;

    (void)gateway;
    g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), ==, 0);
    host = (End){.in_order = TRUE};
    host.peer = cw_link_peer_new(fds[1], CW_LINK_HOST, 0, 0, &end_events, &host);
    while (!host.closed) {
        if (sent < CW_LINK_LINE_MAX + 10) {
            gssize n = send(fds[0], text + sent, CW_LINK_LINE_MAX + 10 - sent, MSG_DONTWAIT);
            sent += (gsize)MAX(n, 0);
        }
        g_main_context_iteration(NULL, TRUE);
    }
    g_assert_cmpint(host.close_code, ==, CW_LINK_ERROR_SYNTAX);
    cw_link_peer_free(host.peer);
    close(fds[0]);
}

#define ADD(name) g_test_add_func("/link/" #name, name)

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD(link_decode__reads__a_message);
    ADD(link_decode__refuses__what_is_no_line);
    ADD(link_decode__refuses__what_breaks_the_table);
    ADD(link_decode__refuses__a_line_over_the_limit);
    ADD(link_decode__never_quotes__a_password);
    ADD(link_encode__round_trips__every_kind_of_field);
    ADD(link_encode__round_trips__every_authorization);
    ADD(link_encode__round_trips__looks);
    ADD(link_encode__round_trips__info);
    ADD(link_encode__round_trips__a_search);
    ADD(link_encode__round_trips__a_search_form);
    ADD(link_encode__round_trips__search_results);
    ADD(link_encode__writes__no_more_people_than_it_would_read);
    ADD(link_decode__refuses__search_results_that_fit_no_columns);
    ADD(link_encode__round_trips__rooms);
    ADD(link_encode__round_trips__a_list_of_rooms);
    ADD(link_encode__round_trips__idle_both_ways);
    ADD(link_encode__round_trips__a_network);
    ADD(link_encode__refuses__what_the_table_refuses);
    ADD(link_encode__repairs__broken_utf8);
    ADD(link_peer__carries__ten_thousand_lines_in_order);
    ADD(link_peer__ends_as_stuck__over_its_limit);
    ADD(link_peer__delivers_nothing__while_paused);
    ADD(link_peer__may_be_freed__inside_a_callback);
    ADD(link_peer__ends__on_a_broken_line);
    ADD(link_peer__joins__lines_cut_at_every_byte);
    ADD(link_peer__ends__on_a_line_that_never_ends);
    return g_test_run();
}
