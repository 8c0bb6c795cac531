/* component/features/search.c: XEP-0055 search in the network's directory of users
 *
 * A get shows the network's form, as a data form with all of its fields, and as plain elements
 * where they are the four that XEP-0055 has.  A set is answered in the shape in which it asked (2
 * and 3). The directory is the network's, so each get and set asks it anew.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "component/features/search.h"

#include <string.h>

#include "component/features/features.h"
#include "component/form.h"
#include "component/submitted.h"

#define NS_SEARCH "jabber:iq:search"

#define FIELDS_MOST 100 /* that are filled in; a line of the link takes 1024 at most */

static const char *const plain_fields[] = {"first", "last", "nick", "email", NULL};

/* ---- what the two ways to search share ---- */

CwSession *cw_search_session(CwComponent *component, const char *user, GError **error)
{
    const CwProtocol *protocol = cw_transport_protocol(cw_component_transport(component));

    if (protocol != NULL && !protocol->search) {
        g_set_error(error, CW_STANZA_ERROR, CW_STANZA_FEATURE_NOT_IMPLEMENTED, "%s",
                    protocol->anonymous ? "there is nothing to search here" : CW_NO_DIRECTORY);
        return NULL;
    }
    return cw_component_online_session(component, user, error);
}

const char *cw_search_problem(CwReason reason, const char *text, CwStanzaCondition *condition)
{
    *condition = cw_reason_condition(reason);
    if (reason == CW_REASON_NO_CONTACT) {
        *condition = CW_STANZA_FEATURE_NOT_IMPLEMENTED;
        return CW_NO_DIRECTORY;
    }
    if (reason == CW_REASON_RATE)
        return "too many searches at once, or the directory is slow; try again later";
    if (text != NULL && *text != '\0')
        return text;
    return reason == CW_REASON_SETTINGS ? "the directory does not take what was filled in"
                                        : cw_reason_text(reason);
}

gboolean cw_search_check(GHashTable *values, GError **error)
{
    GHashTableIter iter;
    gpointer value;

    g_hash_table_iter_init(&iter, values);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        if (*(const char *)value == '\0')
            g_hash_table_iter_remove(&iter);
    }
    guint n = g_hash_table_size(values);
    if (n > 0 && n <= FIELDS_MOST)
        return cw_submitted_check(NULL, values, error);
    g_set_error(error, CW_STANZA_ERROR, CW_STANZA_NOT_ACCEPTABLE,
                n == 0 ? "fill in at least one field of the search"
                       : "too many fields are filled in");
    return FALSE;
}

/* Quietly: a network may show thousands of them. */
char *cw_search_jid(CwComponent *component, const CwFound *found)
{
    return cw_component_has_control(found->contact)
               ? NULL
               : cw_gateway_address_of(component, found->contact);
}

/* ---- iqs ---- */

typedef struct {
    CwComponent *component;
    CwReply *reply;
    gboolean is_form; /* the set was one */
} Request;

static void free_request(Request *request)
{
    cw_reply_free(request->reply);
    g_free(request);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Request, free_request)

static void send_problem(const Request *request, CwReason reason, const char *text)
{
    CwStanzaCondition condition;
    const char *why = cw_search_problem(reason, text, &condition);

    cw_component_send_error(request->component, cw_reply_stanza(request->reply), condition, why);
}

/* The session, when the stanza may search; else it is answered. */
static CwSession *find_session(CwComponent *component, const CwStanza *stanza)
{
    g_autoptr(GError) error = NULL;

    if (stanza->to->local != NULL) {
        cw_component_send_error(component, stanza, CW_STANZA_SERVICE_UNAVAILABLE, NULL);
        return NULL;
    }
    CwSession *session = cw_search_session(component, stanza->from->bare, &error);
    if (session == NULL)
        cw_component_send_error(component, stanza, (CwStanzaCondition)error->code, error->message);
    return session;
}

static void ask(CwComponent *component, const CwStanza *stanza, CwSession *session,
                GHashTable *values, gboolean is_form, CwSearchDone done)
{
    Request *request = g_new0(Request, 1);
    CwReason reason = CW_REASON_NONE;

    request->component = component;
    request->reply = cw_component_keep(component, stanza);
    request->is_form = is_form;
    if (!cw_session_search(session, values, done, request, &reason))
        done(session, NULL, reason, NULL, request);
}

/* ---- get: the form ---- */

static void form_cb(CwSession *session, const CwSearchAnswer *answer, CwReason reason,
                    const char *text, gpointer data)
{
    g_autoptr(Request) request = data;
    CwComponent *component = request->component;

    if (answer == NULL || answer->found != NULL) {
        send_problem(request, answer == NULL ? reason : CW_REASON_OTHER, text);
        return;
    }
    const char *instructions =
        answer->text == NULL ? "Fill in one or more fields to search for people." : answer->text;
    const char *name = cw_transport_settings(cw_session_transport(session))->name;
    CwWriter *writer = cw_component_begin_result(component, cw_reply_stanza(request->reply));
    cw_writer_start(writer, "query", NS_SEARCH);
    cw_writer_leaf(writer, "instructions", NULL, instructions);
    for (const char *const *plain = plain_fields; *plain != NULL; plain++) {
        if (cw_fields_find(answer->fields, *plain) != NULL)
            cw_writer_leaf(writer, *plain, NULL, NULL);
    }
    cw_form_write(writer, NS_SEARCH, name, instructions, answer->fields);
    cw_writer_end(writer);
    cw_component_end(component);
}

static void answer_get(CwComponent *component, const CwStanza *stanza, const CwNode *query)
{
    CwSession *session = find_session(component, stanza);

    if (session != NULL)
        ask(component, stanza, session, NULL, FALSE, form_cb);
}

/* ---- set: the search ---- */

/* All four: the schema of XEP-0055 leaves none out. */
static void write_plain_item(CwWriter *writer, const GPtrArray *columns, const char *jid,
                             char *const *values)
{
    cw_writer_start(writer, "item", NULL);
    cw_writer_attr(writer, "jid", jid);
    for (const char *const *plain = plain_fields; *plain != NULL; plain++) {
        const char *value = NULL;
        for (guint i = 0; i < columns->len && value == NULL; i++) {
            if (g_str_equal(((const CwField *)g_ptr_array_index(columns, i))->name, *plain))
                value = values[i];
        }
        cw_writer_leaf(writer, *plain, NULL, value);
    }
    cw_writer_end(writer);
}

static void write_items(CwComponent *component, CwWriter *writer, const CwSearchAnswer *answer,
                        gboolean is_form)
{
    const CwSettings *settings = cw_transport_all_settings(cw_component_transport(component));
    guint most = settings->limits.search_results;
    gsize start = writer->out->len;
    guint n = 0;

    for (guint i = 0; i < answer->found->len; i++) {
        const CwFound *found = g_ptr_array_index(answer->found, i);
        g_autofree char *jid = cw_search_jid(component, found);
        if ((most > 0 && n >= most) || writer->out->len - start > CW_ANSWER_MAX)
            return;
        if (jid == NULL)
            continue;
        n++;
        if (is_form)
            cw_form_write_item(writer, answer->fields, jid, found->values);
        else
            write_plain_item(writer, answer->fields, jid, found->values);
    }
}

static gboolean is_anybody(CwComponent *component, const GPtrArray *found)
{
    for (guint i = 0; i < found->len; i++) {
        g_autofree char *jid = cw_search_jid(component, g_ptr_array_index(found, i));
        if (jid != NULL)
            return TRUE;
    }
    return FALSE;
}

static void results_cb(CwSession *session, const CwSearchAnswer *answer, CwReason reason,
                       const char *text, gpointer data)
{
    g_autoptr(Request) request = data;
    CwComponent *component = request->component;

    if (answer == NULL || answer->found == NULL) {
        send_problem(request, answer == NULL ? reason : CW_REASON_OTHER, text);
        return;
    }
    CwWriter *writer = cw_component_begin_result(component, cw_reply_stanza(request->reply));
    cw_writer_start(writer, "query", NS_SEARCH);
    if (!is_anybody(component, answer->found)) { /* 2.1: then it is empty */
        cw_writer_end(writer);
        cw_component_end(component);
        return;
    }
    if (request->is_form)
        cw_form_begin_results(writer, NS_SEARCH, answer->fields);
    write_items(component, writer, answer, request->is_form);
    if (request->is_form)
        cw_writer_end(writer);
    cw_writer_end(writer);
    cw_component_end(component);
}

static void answer_set(CwComponent *component, const CwStanza *stanza, const CwNode *query)
{
    g_autoptr(GError) error = NULL;
    gboolean is_form = FALSE;
    CwSession *session = find_session(component, stanza);

    if (session == NULL)
        return;
    g_autoptr(GHashTable) values =
        cw_submitted_read(component, stanza, query, NS_SEARCH, plain_fields, NULL, &is_form);
    if (values == NULL)
        return;
    if (cw_search_check(values, &error))
        ask(component, stanza, session, values, is_form, results_cb);
    else
        cw_component_send_error(component, stanza, (CwStanzaCondition)error->code, error->message);
}

static const CwIqHandler iqs[] = {
    {"get", "query", NS_SEARCH, answer_get},
    {"set", "query", NS_SEARCH, answer_set},
    {NULL},
};
static const char *const gateway_features[] = {NS_SEARCH, NULL};

const CwFeature cw_feature_search = {
    .name = "search",
    .iqs = iqs,
    .gateway_features = gateway_features,
};
