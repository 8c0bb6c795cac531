/* tests/unit/agents/test-warning.c: warnings as services publish them, and which are of a place
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "protocols/agents/warning.h"

#include <string.h>

#define NOON 1795860000 /* 2026-11-28T10:00:00Z */
#define CAP "<alert xmlns='urn:oasis:names:tc:emergency:cap:1.2'>"
#define HEAD                                                                                       \
    "<identifier>it.1</identifier><sender>meteo@example.org</sender>"                              \
    "<sent>2026-11-28T10:00:00+01:00</sent><status>Actual</status><msgType>Alert</msgType>"        \
    "<scope>Public</scope>"
#define VENETO "<polygon>45,10 46,10 46,12 45,12 45,10</polygon>"
#define ATOM                                                                                       \
    "<feed xmlns='http://www.w3.org/2005/Atom' "                                                   \
    "xmlns:cap='urn:oasis:names:tc:emergency:cap:1.2'><id>f</id><title>Warnings</title>"

static char verona[] = "Verona", veneto[] = "Veneto", district[] = "Provincia di Verona",
            italy[] = "Italy", it[] = "IT";
static const CwPlace place = {.name = verona,
                              .region = veneto,
                              .district = district,
                              .country = italy,
                              .country_code = it,
                              .latitude = 45.44,
                              .longitude = 10.99};

static CwWarnings *parse(const char *text)
{
    g_autoptr(GError) error = NULL;
    CwWarnings *warnings = cw_warnings_parse(text, strlen(text), NULL, &error);

    g_assert_no_error(error);
    return warnings;
}

static const CwWarning *nth(const GPtrArray *warnings, guint n)
{
    g_assert_cmpuint(warnings->len, >, n);
    return g_ptr_array_index(warnings, n);
}

static const CwWarningInfo *at(const CwWarnings *warnings, const char *language)
{
    return cw_warning_at(nth(warnings->warnings, 0), &place, FALSE, language, NOON);
}

static void cap__an_alert(void)
{
    g_autoptr(CwWarnings) warnings = parse(
        "<?xml version='1.0'?>\n" CAP HEAD "<info><language>it-IT</language><category>Met"
        "</category><event>Vento forte</event><urgency>Expected</urgency><severity>Severe"
        "</severity><certainty>Likely</certainty><effective>2026-11-28T10:00:00+01:00</effective>"
        "<onset>2026-11-28T12:00:00+01:00</onset><expires>2026-11-29T00:00:00+01:00</expires>"
        "<headline> Vento\n </headline><description>Raffiche &lt; 90 km/h</description>"
        "<instruction>Restate a casa</instruction><web>https://example.org/1</web><parameter>"
        "<valueName>level</valueName><value>3</value></parameter><area><areaDesc>Veneto</"
        "areaDesc>" VENETO
        "<circle>45.4,11.0 30</circle><geocode><valueName>EMMA_ID</valueName><value>IT005"
        "</value></geocode></area></info></alert>");
    const CwWarning *warning = nth(warnings->warnings, 0);
    const CwWarningInfo *info = at(warnings, "en");
    const CwWarningArea *area = g_ptr_array_index(info->areas, 0);

    g_assert_cmpstr(warning->id, ==, "it.1");
    g_assert_cmpint(warning->kind, ==, CW_WARNING_ALERT);
    g_assert_cmpstr(info->language, ==, "it-IT");
    g_assert_cmpstr(info->event, ==, "Vento forte");
    g_assert_cmpstr(info->headline, ==, "Vento");
    g_assert_cmpstr(info->text, ==, "Raffiche < 90 km/h");
    g_assert_cmpstr(info->instruction, ==, "Restate a casa");
    g_assert_cmpstr(info->url, ==, "https://example.org/1");
    g_assert_cmpstr(info->urgency, ==, "Expected");
    g_assert_cmpstr(info->certainty, ==, "Likely");
    g_assert_cmpint(info->severity, ==, CW_SEVERITY_SEVERE);
    g_assert_cmpint(info->begins, ==, NOON + 3600);
    g_assert_cmpint(info->expires, ==, NOON + 13 * 3600);
    g_assert_cmpstr(area->name, ==, "Veneto");
    g_assert_cmpuint(area->polygons->len, ==, 1);
    g_assert_cmpuint(area->circles->len, ==, 1);
    g_assert_cmpstr(g_ptr_array_index(area->codes, 0), ==, "EMMA_ID=IT005");
}

static void cap__entries_of_atom(void)
{
    g_autoptr(CwWarnings) warnings = parse(
        ATOM "<entry><id>https://example.org/alerts/urn:oid:1</id><title>Snow for Verona</title>"
             "<author><name>Actual</name></author>"
             "<link href='https://example.org/1.cap' type='application/cap+xml'/>"
             "<link href='https://example.org/1' title='more'/><summary>A lot</summary>"
             "<cap:event>Snow</cap:event><cap:severity>Moderate</cap:severity>"
             "<cap:urgency>Future</cap:urgency><cap:certainty>Likely</cap:certainty>"
             "<cap:status>Actual</cap:status><cap:message_type>Alert</cap:message_type>"
             "<cap:effective>2026-11-28T09:00:00Z</cap:effective>"
             "<cap:expires>2026-11-28T11:00:00Z</cap:expires>"
             "<cap:areaDesc>Vicenza; Verona</cap:areaDesc><cap:polygon/><cap:geocode>"
             "<valueName>FIPS6</valueName><value>1 2</value></cap:geocode></entry>"
             "<entry><id>2</id><title>There are no warnings</title></entry>"
             "<entry><title>no id</title><cap:event>Snow</cap:event></entry></feed>");
    const CwWarningInfo *info = at(warnings, "en");

    g_assert_cmpuint(warnings->warnings->len, ==, 1);
    g_assert_cmpstr(nth(warnings->warnings, 0)->id, ==, "urn:oid:1");
    g_assert_cmpstr(info->headline, ==, "Snow for Verona");
    g_assert_cmpstr(info->text, ==, "A lot");
    g_assert_cmpstr(info->url, ==, "https://example.org/1");
    g_assert_cmpint(info->expires, ==, NOON + 3600);
    g_assert_cmpint(info->begins, ==, NOON - 3600);
    g_assert_cmpstr(
        g_ptr_array_index(((CwWarningArea *)g_ptr_array_index(info->areas, 0))->codes, 0), ==,
        "FIPS6=1 2");
}

static void cap__whole_alerts_in_a_feed(void)
{
    g_autoptr(CwWarnings) warnings =
        parse(ATOM "<entry><id>e</id><title>t</title><content type='text/xml'>" CAP HEAD
                   "<info><event>Fog</event><area><areaDesc>Verona</areaDesc></area></info></alert>"
                   "</content><cap:event>of the entry</cap:event></entry></feed>");

    g_assert_cmpuint(warnings->warnings->len, ==, 1);
    g_assert_cmpstr(nth(warnings->warnings, 0)->id, ==, "it.1");
    g_assert_cmpstr(at(warnings, "en")->event, ==, "Fog");
}

/* MeteoAlarm has an entry for each area of a warning. */
static void cap__entries_of_one_warning_are_one(void)
{
#define ENTRY(name)                                                                                \
    "<item><guid>" name "</guid><cap:identifier>w</cap:identifier><cap:event>Ice</cap:event>"      \
    "<cap:areaDesc>" name "</cap:areaDesc></item>"
    g_autoptr(CwWarnings) warnings =
        parse("<rss xmlns:cap='x'><channel>" ENTRY("Padova") ENTRY("Verona") "</channel></rss>");

    g_assert_cmpuint(warnings->warnings->len, ==, 1);
    g_assert_cmpuint(nth(warnings->warnings, 0)->infos->len, ==, 2);
    g_assert_nonnull(at(warnings, "en"));
}

#define ALERT(id, more)                                                                            \
    "<alert><identifier>" id "</identifier>" more                                                  \
    "<info><event>e</event><area><areaDesc>Verona</areaDesc></area></info></alert>"

static void cap__what_does_not_count(void)
{
    g_autofree char *text = g_strconcat(
        "<feed>", ALERT("1", "<status>Test</status>"), ALERT("2", "<status>Exercise</status>"),
        ALERT("3", "<msgType>Ack</msgType>"), ALERT("4", "<msgType>Error</msgType>"),
        ALERT("5", "<scope>Restricted</scope>"), ALERT("", ""), "</feed>", NULL);
    g_autoptr(CwWarnings) warnings = parse(text);

    g_assert_cmpuint(warnings->warnings->len, ==, 0);
    g_assert_cmpuint(warnings->ended->len, ==, 0);
}

static void cap__updates_and_cancellations(void)
{
    g_autofree char *text = g_strconcat(
        "<feed>", ALERT("1", ""), ALERT("2", ""), ALERT("3", ""), ALERT("4", ""),
        ALERT("5", "<msgType>Update</msgType><references>s,1,t s,5,t</references>"),
        ALERT("6", "<msgType>Cancel</msgType><references>s,2,t\n3</references>"),
        "<alert><identifier>7</identifier><references>s,4,t</references><msgType>Update</msgType>",
        "<info><event>e</event><responseType>AllClear</responseType></info></alert>",
        "<alert><identifier>8</identifier><msgType>Cancel</msgType>",
        "<references>s,9,t</references></alert></feed>", NULL);
    g_autoptr(CwWarnings) warnings = parse(text);

    g_assert_cmpuint(warnings->warnings->len, ==, 1);
    g_assert_cmpstr(nth(warnings->warnings, 0)->id, ==, "5");
    g_assert_cmpint(nth(warnings->warnings, 0)->kind, ==, CW_WARNING_UPDATE);
    g_assert_cmpstr(g_ptr_array_index(nth(warnings->warnings, 0)->references, 0), ==, "s,1");
    g_assert_cmpuint(warnings->ended->len, ==, 3);
    for (guint i = 0; i < warnings->ended->len; i++)
        g_assert_cmpint(nth(warnings->ended, i)->kind, ==, CW_WARNING_CANCEL);
}

#define OF(sender, id, more)                                                                       \
    "<alert><identifier>" id "</identifier><sender>" sender "</sender>" more                       \
    "<info><event>" sender "</event><area><areaDesc>Verona</areaDesc></area></info></alert>"
#define REFERS(kind, to) "<msgType>" kind "</msgType><references>" to "</references>"

/* Which one counts is not known: none is lost. */
static void cap__those_that_refer_to_each_other_stay(void)
{
    g_autoptr(CwWarnings) circle =
        parse("<feed>" ALERT("1", REFERS("Update", "s,2,t")) ALERT("2", REFERS("Update", "s,3,t"))
                  ALERT("3", REFERS("Update", "s,1,t")) ALERT("4", "") "</feed>");
    g_autoptr(CwWarnings) replaced = parse("<feed>" ALERT("1", REFERS("Update", "s,2,t")) ALERT(
        "2", REFERS("Update", "s,1,t")) ALERT("3", REFERS("Update", "s,1,t")) "</feed>");
    g_autoptr(CwWarnings) chain = parse("<feed>" ALERT("1", "") ALERT(
        "3", REFERS("Update", "s,2,t")) ALERT("2", REFERS("Update", "s,1,t")) "</feed>");

    g_assert_cmpuint(circle->warnings->len, ==, 4);
    g_assert_cmpuint(replaced->warnings->len, ==, 1);
    g_assert_cmpstr(nth(replaced->warnings, 0)->id, ==, "3");
    g_assert_cmpuint(chain->warnings->len, ==, 1);
    g_assert_cmpstr(nth(chain->warnings, 0)->id, ==, "3");
}

/* … are ids all the same, and two that begin alike are two. */
static void parse__long_ids(void)
{
    g_autofree char *id = g_strnfill(2000, 'x');
    g_autofree char *cap = g_strconcat(
        "<feed><alert><identifier>", id, "1</identifier><info><event>a</event></info></alert>",
        "<alert><identifier>", id, "2</identifier><info><event>b</event></info></alert>",
        "<alert><identifier>3</identifier><msgType>Cancel</msgType><references>s,", id,
        "2,t</references></alert></feed>", NULL);
    g_autofree char *json = g_strconcat("{\"features\":[{\"id\":\"", id,
                                        "1\",\"properties\":{\"event\":\"a\"}},{\"id\":\"", id,
                                        "2\",\"properties\":{\"event\":\"b\"}},{\"id\":3,"
                                        "\"properties\":{\"messageType\":\"Cancel\","
                                        "\"references\":[{\"identifier\":\"",
                                        id, "2\"}]}}]}", NULL);
    g_autoptr(CwWarnings) xml = parse(cap), object = parse(json);

    g_assert_cmpuint(xml->warnings->len, ==, 1);
    g_assert_cmpuint(object->warnings->len, ==, 1);
    g_assert_cmpuint(strlen(nth(xml->warnings, 0)->id), <=, 300);
    g_assert_cmpstr(nth(xml->warnings, 0)->id, ==, nth(object->warnings, 0)->id);
    g_assert_cmpstr(cw_warning_in(nth(xml->warnings, 0), "en")->event, ==, "a");
}

static void cap__ids_are_a_senders_own(void)
{
    g_autoptr(CwWarnings) both = parse("<feed>" OF("a@x", "1", "") OF("b@x", "1", "") "</feed>");
    g_autoptr(CwWarnings) one = parse("<feed>" OF("a@x", "1", "") OF("b@x", "1", "")
                                          OF("b@x", "2", REFERS("Cancel", "b@x,1,t")) "</feed>");
    g_autoptr(CwWarnings) bare = parse("<feed>" OF("a@x", "1", "") ALERT("2", "")
                                           OF("a@x", "3", REFERS("Update", "1 a@x,2,t")) "</feed>");
    g_autoptr(CwWarnings) same = parse("<feed>" OF("a@x", "1", "") OF("a@x", "1", "") "</feed>");

    g_assert_cmpuint(both->warnings->len, ==, 2);
    g_assert_cmpstr(nth(both->warnings, 0)->sum, !=, nth(both->warnings, 1)->sum);
    g_assert_cmpuint(one->warnings->len, ==, 1);
    g_assert_cmpstr(nth(one->warnings, 0)->sum, ==, nth(both->warnings, 0)->sum);
    g_assert_true(g_hash_table_lookup(one->successors, nth(both->warnings, 1)->sum) ==
                  nth(one->ended, 0));
    g_assert_null(g_hash_table_lookup(one->successors, nth(both->warnings, 0)->sum));
    g_assert_cmpuint(bare->warnings->len, ==, 1); /* a sender that is not named may be any */
    g_assert_true(
        g_hash_table_contains(nth(bare->warnings, 0)->earlier, nth(both->warnings, 0)->sum));
    g_assert_cmpuint(same->warnings->len, ==, 1);
    g_assert_cmpuint(nth(same->warnings, 0)->infos->len, ==, 2);
}

#define INFO(language, event, more)                                                                \
    "<info><language>" language "</language><event>" event "</event>" more                         \
    "<area><areaDesc>Verona</areaDesc></area></info>"

static void at__languages(void)
{
    g_autofree char *text = g_strconcat(
        CAP, HEAD, INFO("it-IT", "vento", ""), INFO("en-GB", "wind", "<severity>Minor</severity>"),
        INFO("en-GB", "storm", "<severity>Severe</severity>"), "</alert>", NULL);
    g_autoptr(CwWarnings) all = parse(text);
    g_autofree char *foreign = g_strconcat(CAP, HEAD, INFO("it", "vento", ""),
                                           INFO("de-DE", "Wind", ""), "</alert>", NULL);
    g_autoptr(CwWarnings) no_english = parse(foreign);

    g_assert_cmpstr(at(all, "it")->event, ==, "vento");
    g_assert_cmpstr(at(all, "it-CH")->event, ==, "vento");
    g_assert_cmpstr(at(all, "en")->event, ==, "storm");
    g_assert_cmpstr(at(all, "fr")->event, ==, "storm");
    g_assert_cmpstr(at(no_english, "fr")->event, ==, "vento");
    g_assert_cmpstr(at(no_english, "DE")->event, ==, "Wind");
    g_assert_cmpstr(cw_warning_in(nth(all->warnings, 0), "it")->event, ==, "vento");
    g_assert_cmpstr(cw_warning_in(nth(all->warnings, 0), "fr")->event, ==, "storm");
}

static void at__is_over(void)
{
    g_autofree char *text =
        g_strconcat(CAP, HEAD, INFO("en", "a", "<expires>2026-11-28T10:00:01Z</expires>"),
                    INFO("en", "b", "<urgency>Past</urgency>"), "</alert>", NULL);
    g_autoptr(CwWarnings) warnings = parse(text);
    const CwWarning *warning = nth(warnings->warnings, 0);

    g_assert_cmpstr(cw_warning_at(warning, &place, FALSE, "en", NOON)->event, ==, "a");
    g_assert_null(cw_warning_at(warning, &place, FALSE, "en", NOON + 1));
}

static gboolean has(const char *area, double latitude, double longitude, gboolean is_asked)
{
    char paris[] = "Nowhere", france[] = "France", fr[] = "FR";
    CwPlace there = {.name = paris,
                     .country = france,
                     .country_code = fr,
                     .latitude = latitude,
                     .longitude = longitude};
    g_autofree char *text =
        g_strconcat(CAP HEAD "<info><event>e</event>", area, "</info></alert>", NULL);
    g_autoptr(CwWarnings) warnings = parse(text);

    return cw_warning_at(nth(warnings->warnings, 0), &there, is_asked, "en", NOON) != NULL;
}

static void at__shapes(void)
{
    static const char l_shape[] =
        "<area><areaDesc>France</areaDesc><polygon>0,0 0,10 5,10 5,5 10,5 "
        "10,0 0,0</polygon></area>";
    static const char fiji[] = "<area><polygon>-20,177 -15,177 -15,-178 -20,-178</polygon></area>";
    static const char circle[] = "<area><circle>48.85,2.35 20</circle></area>";

    g_assert_true(has(l_shape, 2, 8, FALSE));
    g_assert_true(has(l_shape, 8, 2, FALSE));
    g_assert_false(has(l_shape, 8, 8, FALSE));
    g_assert_false(has(l_shape, 8, 8, TRUE)); /* its name is of no account */
    g_assert_false(has(l_shape, -1, 5, FALSE));
    g_assert_true(has(fiji, -18, 179, FALSE));
    g_assert_true(has(fiji, -18, -179, FALSE));
    g_assert_false(has(fiji, -18, 0, FALSE));
    g_assert_true(has(circle, 48.9, 2.4, FALSE));
    g_assert_false(has(circle, 48.5, 2.4, FALSE));
    g_assert_true(has("<area><circle>0,179.9 50</circle></area>", 0, -179.9, FALSE));
    g_assert_true(has("<area><areaDesc>x</areaDesc><circle>1,1</circle><polygon>1,1 2,2</polygon>"
                      "</area>",
                      50, 50, TRUE)); /* no shapes */
    static const char world[] =
        "<area><polygon>90,-180 90,180 -90,180 -90,-180 90,-180</polygon></area>";
    g_assert_true(has(world, 45, 10, FALSE));
    g_assert_true(has(world, -45, -170, FALSE));
    static const char band[] = "<area><polygon>10,180 10,-180 0,-180 0,180</polygon></area>";
    g_assert_true(has(band, 5, 100, FALSE));
    g_assert_false(has(band, 15, 100, FALSE));
    g_assert_true(has("", 0, 0, TRUE));
    g_assert_false(has("", 0, 0, FALSE));
}

/* In either way of writing one: along the pole, or around it. */
static void at__shapes_around_a_pole(void)
{
    static const char *const arctic[] = {
        "<area><polygon>60,-180 60,-90 60,0 60,90 60,180 90,180 90,-180 60,-180</polygon></area>",
        "<area><polygon>90,180 60,180 60,90 60,0 60,-90 60,-180 90,-180 90,180</polygon></area>",
        "<area><polygon>60,-180 60,-90 60,0 60,90 60,180</polygon></area>",
        "<area><polygon>60,0 60,120 60,-120 60,0</polygon></area>",
        "<area><polygon>60,30 60,-90 60,150</polygon></area>",
    };
    static const char antarctic[] = "<area><polygon>-60,0 -60,-120 -60,120</polygon></area>";

    for (guint i = 0; i < G_N_ELEMENTS(arctic); i++) {
        for (int longitude = -175; longitude < 180; longitude += 10) {
            g_assert_true(has(arctic[i], 65, longitude, FALSE));
            g_assert_true(has(arctic[i], 89, longitude, FALSE));
            g_assert_false(has(arctic[i], 55, longitude, FALSE));
            g_assert_false(has(arctic[i], -65, longitude, FALSE));
            g_assert_true(has(antarctic, -65, longitude, FALSE));
            g_assert_false(has(antarctic, 65, longitude, FALSE));
        }
    }
    /* one that touches it */
    g_assert_true(has("<area><polygon>80,10 90,0 80,-10</polygon></area>", 85, 0, FALSE));
    g_assert_false(has("<area><polygon>80,10 90,0 80,-10</polygon></area>", 85, 20, FALSE));
}

static gboolean is_named(const char *name)
{
    g_autofree char *text = g_strconcat(CAP HEAD "<info><event>e</event><area><areaDesc>", name,
                                        "</areaDesc></area></info></alert>", NULL);
    g_autoptr(CwWarnings) warnings = parse(text);

    return at(warnings, "en") != NULL;
}

static void at__names(void)
{
    g_assert_true(is_named("Verona"));
    g_assert_true(is_named("Padova; VERONA, Vicenza"));
    g_assert_true(is_named("Veneto (pianura)"));
    g_assert_true(is_named("provincia di verona nord"));
    g_assert_true(is_named("italy"));
    g_assert_true(is_named("Ve\xc2\xadneto")); /* what is not to be seen is not compared */
    g_assert_false(is_named("Veronas"));
    g_autoptr(GString) many = g_string_new(NULL);
    for (guint i = 0; i < 5000; i++)
        g_string_append(many, "Padova; ");
    g_assert_false(is_named(many->str));
    g_string_append(many, "Verona");
    g_assert_true(is_named(many->str));
    g_assert_false(is_named("Veronella, Castelverona"));
    g_assert_false(is_named("North Italy"));
    g_assert_false(is_named("Padova"));
}

/* "é" may be one character or two. */
static void at__names_written_in_two_ways(void)
{
    static const struct {
        const char *area, *place;
    } cases[] = {{"Orle\xcc\x81"
                  "ans",
                  "Orléans"},
                 {"ORLÉANS nord", "Orle\xcc\x81"
                                  "ans"},
                 {"Orle\xcc\x81"
                  "anse",
                  NULL}};
    char france[] = "France", fr[] = "FR", orleans[] = "Orléans";

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *text =
            g_strconcat(CAP HEAD "<info><event>e</event><area><areaDesc>", cases[i].area,
                        "</areaDesc></area></info></alert>", NULL);
        g_autoptr(CwWarnings) warnings = parse(text);
        const CwPlace there = {.name = cases[i].place == NULL ? orleans : (char *)cases[i].place,
                               .country = france,
                               .country_code = fr};
        g_assert_true((cw_warning_at(nth(warnings->warnings, 0), &there, FALSE, "en", NOON) !=
                       NULL) == (cases[i].place != NULL));
    }
}

static void json__of_the_weather_service(void)
{
    g_autoptr(CwWarnings) warnings = parse(
        "{\"features\":[{\"id\":\"f1\",\"geometry\":{\"type\":\"Polygon\",\"coordinates\":[[[10,45]"
        ","
        "[12,45],[12,46],[10,46],[10,45]]]},\"properties\":{\"id\":\"1\",\"event\":\"Flood\","
        "\"status\":\"Actual\",\"messageType\":\"Update\",\"severity\":\"Severe\",\"expires\":"
        "\"2026-11-28T11:00:00Z\",\"ends\":\"2026-11-28T12:00:00Z\",\"web\":\"javascript:x\","
        "\"references\":[{\"identifier\":\"0\"},7]}},"
        "{\"properties\":{\"id\":\"0\",\"event\":\"Flood\"}},"
        "{\"properties\":{\"id\":\"2\",\"event\":\"Gale\",\"messageType\":\"Cancel\"}},"
        "{\"properties\":{\"id\":\"3\",\"event\":\"Gale\",\"status\":\"Test\"}},"
        "{\"properties\":{\"id\":\"4\"}},{\"id\":\"https://x/urn:5\",\"properties\":{\"event\":"
        "\"Gale\",\"areaDesc\":\"Verona\"},\"geometry\":null},7,{}]}");
    const CwWarningInfo *info = at(warnings, "en");

    g_assert_cmpuint(warnings->warnings->len, ==, 2);
    g_assert_cmpuint(warnings->ended->len, ==, 1);
    g_assert_cmpint(info->severity, ==, CW_SEVERITY_SEVERE);
    g_assert_cmpint(info->ends, ==, NOON + 7200);
    g_assert_null(info->url);
    g_assert_cmpstr(nth(warnings->warnings, 1)->id, ==, "urn:5");
    g_assert_nonnull(cw_warning_at(nth(warnings->warnings, 1), &place, FALSE, "en", NOON));
}

static void parse__addresses(void)
{
    static const struct {
        const char *url;
        gboolean good;
    } cases[] = {{"https://example.org/w?id=1&b", TRUE},
                 {"http://example.org/é", TRUE},
                 {"httpx", FALSE},
                 {"javascript:x", FALSE},
                 {"https://a/ b", FALSE},
                 {"https://a/\nb", FALSE},
                 {"https://a/\xe2\x80\xae"
                  "b",
                  FALSE},
                 {"https://a/\xff", FALSE},
                 {"https://a/\x7f", FALSE}};
    g_autofree char *much = g_strnfill(1001, 'x'), *longest = g_strconcat("https://", much, NULL);

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *url = cw_warning_url(cases[i].url);
        g_assert_cmpstr(url, ==, cases[i].good ? cases[i].url : NULL);
    }
    g_assert_null(cw_warning_url(longest));
    g_autoptr(CwWarnings) json =
        parse("{\"features\":[{\"id\":\"1\",\"properties\":{\"event\":\"e\",\"web\":\"httpx\"}}]}");
    g_autoptr(CwWarnings) cap = parse("<alert><identifier>1</identifier><info><event>e</"
                                      "event><web>http://a/\nb</web></info></alert>");
    g_assert_null(cw_warning_in(nth(json->warnings, 0), "en")->url);
    g_assert_null(cw_warning_in(nth(cap->warnings, 0), "en")->url);
}

/* A name that is there once, and is said with each of thousands, must not be kept as often. */
static void json__codes_are_bounded(void)
{
    g_autofree char *name = g_strnfill(100000, 'x');
    g_autoptr(GString) text = g_string_new(NULL);
    gsize size = 0;

    g_string_printf(
        text, "{\"features\":[{\"id\":\"1\",\"properties\":{\"event\":\"e\",\"geocode\":{\"%s\":[0",
        name);
    for (guint i = 0; i < 2000; i++)
        g_string_append(text, ",\"a\"");
    g_string_append(text, "]}}}]}");
    g_autoptr(CwWarnings) warnings = parse(text->str);
    const CwWarningInfo *info = cw_warning_in(nth(warnings->warnings, 0), "en");
    const CwWarningArea *area = g_ptr_array_index(info->areas, 0);
    for (guint i = 0; i < area->codes->len; i++)
        size += strlen(g_ptr_array_index(area->codes, i));
    g_assert_cmpuint(area->codes->len, >, 0);
    g_assert_cmpuint(size, <, 100000);
}

static void cap__references_are_bounded(void)
{
    g_autoptr(GString) text = g_string_new("<feed>");
    guint count = 0;

    for (guint i = 0; i < CW_WARNINGS_MOST; i++) {
        g_string_append_printf(text, "<entry><id>%u</id><references>", i);
        for (guint k = 0; k < 300; k++)
            g_string_append(text, "x ");
        g_string_append(text, "</references><event>e</event></entry>");
    }
    g_string_append(text, "</feed>");
    g_autoptr(CwWarnings) warnings = parse(text->str);
    g_assert_cmpuint(warnings->warnings->len, ==, CW_WARNINGS_MOST);
    for (guint i = 0; i < warnings->warnings->len; i++)
        count += nth(warnings->warnings, i)->references->len;
    g_assert_cmpuint(count, ==, CW_WARNINGS_REFERENCES_MOST);
    g_assert_cmpuint(nth(warnings->warnings, 0)->references->len, ==, CW_WARNING_REFERENCES_MOST);
}

static void parse__refuses(void)
{
    static const char *const wrong[] = {
        "",
        "no XML",
        "<html/>",
        "<rss><channel>",
        CAP HEAD "<info><event>cut",
        "{}",
        "[1]",
        "{\"features\":",
        "<!DOCTYPE alert [<!ENTITY a 'aaaa'><!ENTITY b '&a;&a;'>]><alert><identifier>&b;"
        "</identifier></alert>",
        "<!DOCTYPE alert [<!ENTITY a SYSTEM 'file:///etc/passwd'>]><alert>&a;</alert>",
    };

    for (guint i = 0; i < G_N_ELEMENTS(wrong); i++) {
        g_autoptr(GError) error = NULL;
        g_assert_null(cw_warnings_parse(wrong[i], strlen(wrong[i]), NULL, &error));
        g_assert_nonnull(error);
        g_assert_true(error->domain == CW_AGENT_ERROR);
    }
}

static void parse__encodings(void)
{
    static const char latin1[] =
        "<?xml version='1.0' encoding='iso-8859-1'?><alert><identifier>1"
        "</identifier><info><event>Orage viol\xe9nt</event></info></alert>";
    static const char marked[] = "\xef\xbb\xbf {\"features\":[]}";
    g_autoptr(CwWarnings) old = cw_warnings_parse(latin1, strlen(latin1), "utf-8", NULL);
    g_autoptr(CwWarnings) json = cw_warnings_parse(marked, strlen(marked), NULL, NULL);
    const CwWarningInfo *info = g_ptr_array_index(nth(old->warnings, 0)->infos, 0);

    g_assert_cmpstr(info->event, ==, "Orage violént");
    g_assert_nonnull(json);
}

static void refuses_many(const char *before, const char *one, guint count, const char *behind,
                         const char *why)
{
    g_autoptr(GString) text = g_string_new(before);
    g_autoptr(GError) error = NULL;

    for (guint i = 0; i < count; i++)
        g_string_append(text, one);
    g_string_append(text, behind);
    g_autoptr(CwWarnings) warnings = cw_warnings_parse(text->str, text->len, NULL, &error);
    g_assert_null(warnings);
    g_assert_cmpstr(error->message, ==, why);
}

static void parse__is_bounded(void)
{
    refuses_many("<feed>", "<entry/>", CW_WARNINGS_MOST + 1, "</feed>", "too many warnings");
    refuses_many("<alert>", "<info><event>e</event></info>", CW_WARNING_INFOS_MOST + 1, "</alert>",
                 "too much about one warning");
    refuses_many("<alert><info>", "<area><areaDesc>a</areaDesc></area>", CW_WARNING_AREAS_MOST + 1,
                 "</info></alert>", "too many areas");
    refuses_many("<alert><info><area><polygon>", "1,1 ", CW_WARNING_POINTS_MOST + 1,
                 "</polygon></area></info></alert>", "its shapes have too many corners");
    refuses_many("{\"features\":[0", ",0", CW_WARNINGS_MOST, "]}", "too many warnings");
    refuses_many("{\"features\":[{\"geometry\":{\"type\":\"Polygon\",\"coordinates\":[[[1,1]",
                 ",[1,1]", CW_WARNING_POINTS_MOST, "]]},\"properties\":{\"event\":\"e\"}}]}",
                 "its shapes have too many corners");
    refuses_many("<alert>", "<a>", 70, "", "too many elements in each other");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/warning/cap__an_alert", cap__an_alert);
    g_test_add_func("/warning/cap__entries_of_atom", cap__entries_of_atom);
    g_test_add_func("/warning/cap__whole_alerts_in_a_feed", cap__whole_alerts_in_a_feed);
    g_test_add_func("/warning/cap__entries_of_one_warning_are_one",
                    cap__entries_of_one_warning_are_one);
    g_test_add_func("/warning/cap__what_does_not_count", cap__what_does_not_count);
    g_test_add_func("/warning/cap__updates_and_cancellations", cap__updates_and_cancellations);
    g_test_add_func("/warning/cap__those_that_refer_to_each_other_stay",
                    cap__those_that_refer_to_each_other_stay);
    g_test_add_func("/warning/parse__long_ids", parse__long_ids);
    g_test_add_func("/warning/cap__ids_are_a_senders_own", cap__ids_are_a_senders_own);
    g_test_add_func("/warning/cap__references_are_bounded", cap__references_are_bounded);
    g_test_add_func("/warning/at__languages", at__languages);
    g_test_add_func("/warning/at__is_over", at__is_over);
    g_test_add_func("/warning/at__shapes", at__shapes);
    g_test_add_func("/warning/at__shapes_around_a_pole", at__shapes_around_a_pole);
    g_test_add_func("/warning/at__names", at__names);
    g_test_add_func("/warning/json__of_the_weather_service", json__of_the_weather_service);
    g_test_add_func("/warning/at__names_written_in_two_ways", at__names_written_in_two_ways);
    g_test_add_func("/warning/json__codes_are_bounded", json__codes_are_bounded);
    g_test_add_func("/warning/parse__addresses", parse__addresses);
    g_test_add_func("/warning/parse__refuses", parse__refuses);
    g_test_add_func("/warning/parse__encodings", parse__encodings);
    g_test_add_func("/warning/parse__is_bounded", parse__is_bounded);
    return g_test_run();
}
