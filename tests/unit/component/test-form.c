/* tests/unit/component/test-form.c: data forms out and in
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "component/form.h"

#include <string.h>

#include "component/stanza-error.h"

#define REGISTER "jabber:iq:register"

static GPtrArray *make_fields(void)
{
    GPtrArray *fields = cw_fields_new();
    CwField *name = cw_field_new(CW_FIELD_TEXT, "username", "Nick", "al<ice");
    CwField *list = cw_field_new(CW_FIELD_LIST, "enc", "Encryption", "tls");

    name->required = TRUE;
    cw_field_add_choice(list, "tls", "With TLS");
    cw_field_add_choice(list, "none", "None");
    g_ptr_array_add(fields, name);
    g_ptr_array_add(fields, cw_field_new(CW_FIELD_PRIVATE, "password", "Password", "s3cret"));
    g_ptr_array_add(fields, cw_field_new(CW_FIELD_INTEGER, "port", "Port", "6667"));
    g_ptr_array_add(fields, cw_field_new(CW_FIELD_BOOLEAN, "ssl", "Use SSL", "0"));
    g_ptr_array_add(fields, list);
    g_ptr_array_add(fields, cw_field_new(CW_FIELD_NOTE, "note", "Read this", NULL));
    return fields;
}

static void form_write__writes__every_kind_of_field(void)
{
    g_autoptr(GPtrArray) fields = make_fields();
    g_autoptr(GString) out = g_string_new(NULL);
    CwWriter writer;

    cw_writer_init(&writer, out);
    cw_form_write(&writer, REGISTER, "IRC", "Fill in", fields);
    g_assert_cmpstr(out->str, ==,
                    "<x xmlns='jabber:x:data' type='form'><title>IRC</title>"
                    "<instructions>Fill in</instructions>"
                    "<field type='hidden' var='FORM_TYPE'><value>jabber:iq:register</value></field>"
                    "<field type='text-single' var='username' label='Nick'><required/>"
                    "<value>al&lt;ice</value></field>"
                    "<field type='text-private' var='password' label='Password'/>"
                    "<field type='text-single' var='port' label='Port'><value>6667</value></field>"
                    "<field type='boolean' var='ssl' label='Use SSL'><value>0</value></field>"
                    "<field type='list-single' var='enc' label='Encryption'><value>tls</value>"
                    "<option label='With TLS'><value>tls</value></option>"
                    "<option label='None'><value>none</value></option></field>"
                    "<field type='fixed'><value>Read this</value></field></x>");
    g_assert_null(strstr(out->str, "s3cret"));
}

/* XEP-0004 3.4: a column that a host calls "jid" is not ours to report twice. */
static void form_write__writes__results(void)
{
    g_autoptr(GPtrArray) columns = cw_fields_new();
    g_autoptr(GString) out = g_string_new(NULL);
    char *values[] = {(char *)"R<o>meo", (char *)"x", (char *)"", NULL};
    CwWriter writer;

    g_ptr_array_add(columns, cw_field_new(CW_FIELD_TEXT, "nick", "Nick'name", NULL));
    g_ptr_array_add(columns, cw_field_new(CW_FIELD_TEXT, "jid", "Theirs", NULL));
    g_ptr_array_add(columns, cw_field_new(CW_FIELD_TEXT, "town", "Town", NULL));
    cw_writer_init(&writer, out);
    cw_form_begin_results(&writer, "jabber:iq:search", columns);
    cw_form_write_item(&writer, columns, "romeo@icq.example.com", values);
    cw_writer_end(&writer);
    g_assert_cmpstr(out->str, ==,
                    "<x xmlns='jabber:x:data' type='result'>"
                    "<field type='hidden' var='FORM_TYPE'><value>jabber:iq:search</value></field>"
                    "<reported><field type='jid-single' var='jid' label='Jabber ID'/>"
                    "<field type='text-single' var='nick' label='Nick&apos;name'/>"
                    "<field type='text-single' var='town' label='Town'/></reported>"
                    "<item><field var='jid'><value>romeo@icq.example.com</value></field>"
                    "<field var='nick'><value>R&lt;o&gt;meo</value></field>"
                    "<field var='town'><value/></field></item></x>");
}

/* ---- in ---- */

typedef struct {
    const char *form_type;
    GPtrArray *fields;
    CwFormKind kind;
    GHashTable *values;
    GError *error;
} Reading;

static void ignore_header(const CwNode *header, gpointer data)
{
}

static void read_form(const CwNode *query, gpointer data)
{
    Reading *reading = data;

    reading->kind = cw_form_kind(query);
    reading->values = cw_form_values(query, reading->form_type, reading->fields, &reading->error);
    g_assert_true((reading->values == NULL) == (reading->error != NULL));
}

static void ignore_end(gpointer data)
{
}

/* `inside`: what stands in <query/>. */
static Reading read_in(const char *inside, GPtrArray *fields)
{
    static const CwXmlEvents events = {ignore_header, read_form, ignore_end};
    g_autofree char *text = g_strdup_printf("<s><query xmlns='%s'>%s</query>", REGISTER, inside);
    g_autoptr(GError) error = NULL;
    CwXmlLimits limits = {0};
    Reading reading = {.form_type = REGISTER, .fields = fields};
    g_autoptr(CwXmlParser) parser = cw_xml_parser_new(&limits, &events, &reading);

    cw_xml_parser_feed(parser, text, strlen(text), &error);
    g_assert_no_error(error);
    return reading;
}

static void reading_end(Reading *reading)
{
    g_clear_pointer(&reading->values, g_hash_table_unref);
    g_clear_error(&reading->error);
}

#define FORM(inside) "<x xmlns='jabber:x:data' type='submit'>" inside "</x>"
#define FIELD(name, value) "<field var='" name "'><value>" value "</value></field>"

static void form_kind__tells__what_stands_there(void)
{
    static const struct {
        const char *text;
        CwFormKind kind;
    } cases[] = {
        {"", CW_FORM_NONE},
        {"<x xmlns='jabber:x:oob'/>", CW_FORM_NONE},
        {"<username/><x xmlns='jabber:x:data' type='submit'/>", CW_FORM_SUBMIT},
        {"<x xmlns='jabber:x:data' type='cancel'/>", CW_FORM_CANCEL},
        {"<x xmlns='jabber:x:data' type='form'/>", CW_FORM_INVALID},
        {"<x xmlns='jabber:x:data'/>", CW_FORM_INVALID},
    };

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        Reading reading = read_in(cases[i].text, NULL);

        g_assert_cmpint(reading.kind, ==, cases[i].kind);
        reading_end(&reading);
    }
}

static void assert_value(const char *inside, const char *name, const char *expected)
{
    g_autoptr(GPtrArray) fields = make_fields();
    Reading reading = read_in(inside, fields);

    g_assert_no_error(reading.error);
    g_assert_cmpstr(g_hash_table_lookup(reading.values, name), ==, expected);
    reading_end(&reading);
}

static void assert_not_acceptable(const char *inside, const char *named)
{
    g_autoptr(GPtrArray) fields = make_fields();
    Reading reading = read_in(inside, fields);

    g_assert_error(reading.error, CW_STANZA_ERROR, CW_STANZA_NOT_ACCEPTABLE);
    g_assert_nonnull(strstr(reading.error->message, named));
    reading_end(&reading);
}

static void form_values__takes__what_is_known(void)
{
    /* R11: no types, unknown fields, no FORM_TYPE */
    assert_value(FORM(FIELD("username", "bob")), "username", "bob");
    assert_value(FORM(FIELD("FORM_TYPE", REGISTER) FIELD("password", " p w ")), "password",
                 " p w ");
    assert_value(FORM(FIELD("unknown", "x")), "unknown", NULL);
    assert_value(FORM("<field><value>x</value></field>"), "username", NULL);
    assert_value(FORM("<field var='username'/>"), "username", NULL);
    assert_value(FORM(FIELD("username", "")), "username", "");
    assert_value(FORM("<field var='username' type='text-multi'><value>a</value></field>"),
                 "username", "a");
    assert_value(FORM("<field var='ssl' type='text-single'><value>1</value></field>"), "ssl", "1");
    assert_value("", "username", NULL);
}

static void form_values__brings__booleans_to_one_form(void)
{
    assert_value(FORM(FIELD("ssl", "true")), "ssl", "1");
    assert_value(FORM(FIELD("ssl", "1")), "ssl", "1");
    assert_value(FORM(FIELD("ssl", "false")), "ssl", "0");
    assert_value(FORM(FIELD("ssl", "0")), "ssl", "0");
    assert_value(FORM(FIELD("ssl", "")), "ssl", NULL);
    assert_not_acceptable(FORM(FIELD("ssl", "yes")), "Use SSL");
}

static void form_values__refuses__values_of_the_wrong_shape(void)
{
    assert_value(FORM(FIELD("port", "6697")), "port", "6697");
    assert_value(FORM(FIELD("port", "-1")), "port", "-1");
    assert_value(FORM(FIELD("port", "")), "port", NULL);
    assert_not_acceptable(FORM(FIELD("port", "http")), "Port");
    assert_not_acceptable(FORM(FIELD("port", "66 97")), "Port");
    assert_not_acceptable(FORM(FIELD("port", "99999999999999999999")), "Port");
    assert_value(FORM(FIELD("enc", "none")), "enc", "none");
    assert_value(FORM(FIELD("enc", "")), "enc", NULL);
    assert_not_acceptable(FORM(FIELD("enc", "rot13")), "Encryption");
    assert_not_acceptable(FORM(FIELD("username", "bob\nQUIT")), "Nick");
    assert_not_acceptable(FORM("<field var='username'><value>a</value><value>b</value></field>"),
                          "Nick");
    assert_not_acceptable(FORM(FIELD("password", "a\nb")), "Password");
    assert_not_acceptable(FORM(FIELD("FORM_TYPE", "urn:other")), "FORM_TYPE");
    assert_not_acceptable(FORM("<field var='FORM_TYPE'/>"), "FORM_TYPE");
}

static void form_values__joins__several_values_where_nothing_is_known(void)
{
    Reading reading = read_in(FORM("<field var='a'><value>1</value><value>2</value></field>"
                                   "<field var='b'><value/></field>"),
                              NULL);

    g_assert_no_error(reading.error);
    g_assert_cmpstr(g_hash_table_lookup(reading.values, "a"), ==, "1\n2");
    g_assert_cmpstr(g_hash_table_lookup(reading.values, "b"), ==, "");
    g_assert_cmpuint(g_hash_table_size(reading.values), ==, 2);
    reading_end(&reading);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define ADD(name) g_test_add_func("/form/" #name, name)
    ADD(form_write__writes__every_kind_of_field);
    ADD(form_write__writes__results);
    ADD(form_kind__tells__what_stands_there);
    ADD(form_values__takes__what_is_known);
    ADD(form_values__brings__booleans_to_one_form);
    ADD(form_values__refuses__values_of_the_wrong_shape);
    ADD(form_values__joins__several_values_where_nothing_is_known);
    return g_test_run();
}
