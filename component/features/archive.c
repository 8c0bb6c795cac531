/* component/features/archive.c: what was said in rooms: XEP-0313 and 0059
 *
 *     query -> read and checked -> the store has written what was said so far -> its page -> <fin/>
 *
 * Each user has an archive of each room: what his own account saw there.  He may ask for it whether
 * he is in the room or not.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#define G_LOG_DOMAIN "component"

#include "component/features/rooms.h"
#include "component/form.h"
#include "component/rsm.h"
#include "component/xmpp-time.h"

#define NS_FORWARD "urn:xmpp:forward:0"
#define PAGE_SIZE 262144 /* bytes of text on one page; what is left is the next one's */
#define COUNT_MAX 20000  /* lines that are counted; more is not told */
#define QUERIES_MAX 16   /* of one user that wait for the store */

/* One that waits for the store. */
typedef struct {
    CwComponent *component;
    CwReply *reply;
    char *room;         /* the network's name */
    char *query_id;     /* nullable */
    gboolean flip;      /* the newest first */
    gboolean no_match;  /* it asks for what is in no archive */
    GHashTable *values; /* of the form; the strings of the filter are of it and of the address */
    char *nick, *other_nick, *who;
    CwArchiveFilter filter;
    CwRsm rsm;
    char *after, *before; /* nullable: rsm's */
    GArray *numbers;      /* gint64; nullable */
} Query;

/* What is found. */
typedef struct {
    GPtrArray *lines; /* CwArchived * */
    gint64 index, count;
    gboolean complete;
} Page;

static CwStore *store_of(CwComponent *component)
{
    return cw_transport_store(cw_component_transport(component));
}

gboolean cw_archive_is_on(CwComponent *component)
{
    return cw_transport_all_settings(cw_component_transport(component))->archive_days > 0;
}

gboolean cw_archive_has(CwComponent *component, const CwJid *user, const char *room)
{
    return cw_archive_is_on(component) &&
           cw_store_has_archive(store_of(component), cw_component_domain(component), user->bare,
                                room);
}

/* ---- the question ---- */

static void free_query(Query *query)
{
    cw_reply_free(query->reply);
    g_clear_pointer(&query->values, g_hash_table_unref);
    if (query->numbers != NULL)
        g_array_unref(query->numbers);
    g_free(query->room);
    g_free(query->query_id);
    g_free(query->nick);
    g_free(query->other_nick);
    g_free(query->who);
    g_free(query->after);
    g_free(query->before);
    g_free(query);
}

/* The room that is asked for; NULL: answered, he has no archive there.  (transfer full) */
static char *find_room(CwComponent *component, const CwStanza *stanza)
{
    CwTransport *transport = cw_component_transport(component);
    CwSession *session = cw_transport_find_session(transport, stanza->from->bare);
    g_autofree char *name = stanza->to->local == NULL ? NULL : cw_component_legacy_name(stanza->to);

    if (!cw_archive_is_on(component) || name == NULL || stanza->to->resource != NULL) {
        cw_component_send_error(component, stanza, CW_STANZA_SERVICE_UNAVAILABLE,
                                "there is no archive here");
        return NULL;
    }
    if (!cw_transport_is_registered(transport, stanza->from->bare)) {
        cw_component_send_error(component, stanza, CW_STANZA_FORBIDDEN,
                                "register with this gateway first");
        return NULL;
    }
    if (!cw_rooms_may_be(component, name) &&
        (session == NULL || cw_session_find_room(session, name) == NULL) &&
        !cw_archive_has(component, stanza->from, name)) {
        cw_component_send_error(component, stanza, CW_STANZA_ITEM_NOT_FOUND,
                                "this is no room that you were in");
        return NULL;
    }
    return g_steal_pointer(&name);
}

/* `up`: of what is between two seconds, the later one. */
static gboolean read_time(GHashTable *values, const char *name, gboolean up, gint64 *seconds,
                          gboolean *there, GError **error)
{
    const char *text = g_hash_table_lookup(values, name);
    gint64 time = 0;

    if (text == NULL)
        return TRUE;
    if (!cw_xmpp_time_parse(text, &time)) {
        g_set_error(error, CW_STANZA_ERROR, CW_STANZA_BAD_REQUEST,
                    "'%s' must be a time such as 2010-07-10T23:08:25Z", name);
        return FALSE;
    }
    /* rounded down, also before 1970 */
    *seconds = time / G_USEC_PER_SEC - (time % G_USEC_PER_SEC < 0);
    if (up && time % G_USEC_PER_SEC != 0)
        ++*seconds;
    *there = TRUE;
    return TRUE;
}

/* XEP-0313 4.1.1: who said it, by his place in the room or, where the room shows it, by his name.
 */
static gboolean read_with(Query *query, const CwJid *room, GError **error)
{
    const char *text = g_hash_table_lookup(query->values, "with");
    g_autoptr(CwJid) with = text == NULL ? NULL : cw_jid_parse(text, NULL);

    if (text == NULL)
        return TRUE;
    if (with == NULL) {
        g_set_error(error, CW_STANZA_ERROR, CW_STANZA_BAD_REQUEST, "'with' must be an address");
        return FALSE;
    }
    if (g_str_equal(with->bare, room->bare)) {
        if (with->resource == NULL)
            return TRUE;
        /* a nick that no resource can be is escaped in the address: rooms.c */
        query->nick = g_strdup(with->resource);
        query->other_nick = cw_jid_unescape_local(with->resource);
        query->filter.nick = query->nick;
        query->filter.other_nick = query->other_nick;
    } else if (with->local != NULL &&
               g_str_equal(with->domain, cw_component_domain(query->component))) {
        query->who = cw_component_legacy_name(with);
        query->filter.who = query->who;
        query->no_match = query->who == NULL;
    } else {
        query->no_match = TRUE;
    }
    return TRUE;
}

static gboolean check_fields(GHashTable *values, GError **error)
{
    static const char *const known[] = {"start", "end", "with", "before-id", "after-id", "ids"};
    GHashTableIter iter;
    gpointer name;

    g_hash_table_iter_init(&iter, values);
    while (g_hash_table_iter_next(&iter, &name, NULL)) {
        gboolean found = FALSE;
        for (guint i = 0; i < G_N_ELEMENTS(known); i++)
            found = found || g_str_equal(name, known[i]);
        if (!found) {
            g_set_error(error, CW_STANZA_ERROR, CW_STANZA_FEATURE_NOT_IMPLEMENTED,
                        "'%s' cannot be asked for", (const char *)name);
            return FALSE;
        }
    }
    return TRUE;
}

static gboolean read_form(Query *query, const CwNode *node, const CwJid *room, GError **error)
{
    gboolean has_start = FALSE;
    CwFormKind kind = cw_form_kind(node);

    if (kind == CW_FORM_NONE) {
        query->values = g_hash_table_new(g_str_hash, g_str_equal);
        return TRUE;
    }
    if (kind != CW_FORM_SUBMIT) {
        g_set_error(error, CW_STANZA_ERROR, CW_STANZA_BAD_REQUEST,
                    "a form that is submitted is expected");
        return FALSE;
    }
    query->values = cw_form_values(node, CW_NS_ARCHIVE, NULL, error);
    return query->values != NULL && check_fields(query->values, error) &&
           read_time(query->values, "start", TRUE, &query->filter.start, &has_start, error) &&
           read_time(query->values, "end", FALSE, &query->filter.end, &query->filter.has_end,
                     error) &&
           read_with(query, room, error);
}

static gboolean read_page(Query *query, const CwNode *node, GError **error)
{
    if (!cw_rsm_read(node, &query->rsm, error))
        return FALSE;
    if (query->rsm.index >= 0) { /* XEP-0059 2.6 */
        g_set_error(error, CW_STANZA_ERROR, CW_STANZA_FEATURE_NOT_IMPLEMENTED,
                    "pages of an archive have no numbers");
        return FALSE;
    }
    query->after = g_strdup(query->rsm.after);
    query->before = g_strdup(query->rsm.before);
    query->rsm.after = query->after;
    query->rsm.before = query->before;
    return TRUE;
}

/* ---- the page ---- */

/* FALSE: there is no such line, or it cannot be read. */
static gboolean find_line(const Query *query, const char *id, gint64 *number, GError **error)
{
    *number =
        cw_store_find_archived(store_of(query->component), cw_component_domain(query->component),
                               cw_reply_stanza(query->reply)->from->bare, query->room, id);
    if (*number > 0)
        return TRUE;
    if (*number < 0)
        g_set_error(error, CW_STANZA_ERROR, CW_STANZA_INTERNAL_SERVER_ERROR,
                    "the archive cannot be read");
    else
        g_set_error(error, CW_STANZA_ERROR, CW_STANZA_ITEM_NOT_FOUND,
                    "the archive has no message of that id");
    return FALSE;
}

/* Each bound is a field of the form, or an element of the page. */
static gboolean find_bounds(Query *query, GError **error)
{
    const struct {
        const char *id;
        gboolean is_after;
    } bounds[] = {
        {g_hash_table_lookup(query->values, "after-id"), TRUE},
        {g_hash_table_lookup(query->values, "before-id"), FALSE},
    };

    for (guint i = 0; i < G_N_ELEMENTS(bounds); i++) {
        gint64 number = 0;
        if (bounds[i].id == NULL)
            continue;
        if (!find_line(query, bounds[i].id, &number, error))
            return FALSE;
        if (bounds[i].is_after)
            query->filter.after = number;
        else
            query->filter.before = number;
    }
    return TRUE;
}

static gboolean find_ids(Query *query, GError **error)
{
    const char *text = g_hash_table_lookup(query->values, "ids");
    g_auto(GStrv) ids = text == NULL ? NULL : g_strsplit(text, "\n", -1);

    if (ids == NULL)
        return TRUE;
    query->numbers = g_array_new(FALSE, FALSE, sizeof(gint64));
    for (char **id = ids; *id != NULL; id++) {
        gint64 number = 0;
        if (!find_line(query, *id, &number, error))
            return FALSE;
        g_array_append_val(query->numbers, number);
    }
    query->filter.numbers = (const gint64 *)(gpointer)query->numbers->data;
    query->filter.n_numbers = query->numbers->len;
    return TRUE;
}

/* -1: it is not known */
static gint64 count(const Query *query, const CwArchiveFilter *filter)
{
    gint64 n = cw_store_count_archive(
        store_of(query->component), cw_component_domain(query->component),
        cw_reply_stanza(query->reply)->from->bare, query->room, filter, COUNT_MAX + 1);

    return n > COUNT_MAX ? -1 : n;
}

/* Where the page stands among all that fit. */
static void find_index(const Query *query, Page *page)
{
    CwArchiveFilter before = query->filter;
    const CwArchived *first = page->lines->len == 0 ? NULL : g_ptr_array_index(page->lines, 0);

    page->count = count(query, &query->filter);
    page->index = -1;
    if (first == NULL || page->count < 0)
        return;
    before.before = first->number;
    page->index = count(query, &before);
}

/* The bounds of the page are within those of the question. */
static gboolean narrow(const Query *query, CwArchiveFilter *filter, GError **error)
{
    gint64 number = 0;

    *filter = query->filter;
    if (query->after != NULL) {
        if (!find_line(query, query->after, &number, error))
            return FALSE;
        filter->after = MAX(filter->after, number);
    }
    if (query->before != NULL && *query->before != '\0') {
        if (!find_line(query, query->before, &number, error))
            return FALSE;
        filter->before = filter->before == 0 ? number : MIN(filter->before, number);
    }
    return TRUE;
}

static gboolean find_page(Query *query, Page *page, GError **error)
{
    const CwStanza *stanza = cw_reply_stanza(query->reply);
    guint most =
        cw_transport_all_settings(cw_component_transport(query->component))->limits.archive_page;
    guint size = most == 0 ? query->rsm.max : MIN(query->rsm.max, most);
    gboolean last = query->before != NULL;
    CwArchiveFilter filter;

    if (!find_bounds(query, error) || !find_ids(query, error) || !narrow(query, &filter, error))
        return FALSE;
    if (query->no_match) {
        page->lines = g_ptr_array_new();
        page->complete = TRUE;
        page->index = -1;
        return TRUE;
    }
    /* one more than is wanted, to know whether there is more */
    page->lines = cw_store_list_archive(
        store_of(query->component), cw_component_domain(query->component), stanza->from->bare,
        query->room, &filter, last, size == G_MAXUINT ? size : size + 1, PAGE_SIZE, error);
    if (page->lines == NULL)
        return FALSE;
    gboolean is_full = page->lines->len > size;
    if (is_full)
        g_ptr_array_remove_index(page->lines, last ? 0 : page->lines->len - 1);
    /* it may also have ended for its size */
    if (!is_full && page->lines->len > 0) {
        const CwArchived *end = g_ptr_array_index(page->lines, last ? 0 : page->lines->len - 1);
        CwArchiveFilter rest = filter;
        if (last)
            rest.before = end->number;
        else
            rest.after = end->number;
        is_full = cw_store_count_archive(store_of(query->component),
                                         cw_component_domain(query->component), stanza->from->bare,
                                         query->room, &rest, 1) > 0;
    }
    page->complete = !is_full;
    find_index(query, page);
    return TRUE;
}

/* ---- the answer ---- */

/* XEP-0313 6.1.2: whom the room showed */
static void write_who(const Query *query, CwWriter *writer, const CwRoomLine *line)
{
    CwSession *session = cw_transport_find_session(cw_component_transport(query->component),
                                                   cw_reply_stanza(query->reply)->from->bare);
    const CwRoom *room = session == NULL ? NULL : cw_session_find_room(session, query->room);
    const CwOccupant *occupant =
        room == NULL || line->nick == NULL ? NULL : cw_room_find(room, line->nick);
    g_autofree char *jid =
        line->who == NULL ? NULL : cw_component_contact_jid(query->component, line->who);

    if (jid == NULL)
        return;
    if (occupant != NULL && g_strcmp0(occupant->jid, line->who) != 0)
        occupant = NULL; /* somebody else of that nick */
    cw_writer_start(writer, "x", CW_NS_MUC_USER);
    cw_writer_start(writer, "item", NULL);
    cw_writer_attr(
        writer, "affiliation",
        cw_affiliation_to_string(occupant == NULL ? CW_AFFILIATION_NONE : occupant->affiliation));
    cw_writer_attr(writer, "role",
                   cw_role_to_string(occupant == NULL ? CW_ROLE_NONE : occupant->role));
    cw_writer_attr(writer, "jid", jid);
    cw_writer_end(writer);
    cw_writer_end(writer);
}

static void send_result(const Query *query, const CwArchived *archived)
{
    const CwStanza *stanza = cw_reply_stanza(query->reply);
    const char *bare = stanza->to->bare;
    const CwRoomLine line = {.nick = archived->nick,
                             .who = archived->who,
                             .text = archived->text,
                             .id = archived->id,
                             .stanza_id = archived->stanza_id,
                             .said = archived->said};
    g_autofree char *from = cw_rooms_line_from(bare, &line);
    g_autofree char *id = g_uuid_string_random();
    CwWriter *writer =
        cw_component_begin(query->component, "message", bare, stanza->from->full, NULL, id);

    cw_writer_start(writer, "result", CW_NS_ARCHIVE);
    cw_writer_attr(writer, "queryid", query->query_id);
    cw_writer_attr(writer, "id", line.id);
    cw_writer_start(writer, "forwarded", NS_FORWARD);
    cw_xmpp_time_write_delay(writer, NULL, line.said);
    cw_writer_start(writer, "message", "jabber:client");
    cw_writer_attr(writer, "from", from);
    cw_writer_attr(writer, "type", "groupchat");
    cw_writer_attr(writer, "id", cw_rooms_line_id(&line));
    cw_rooms_write_line(query->component, writer, query->room, bare, &line);
    write_who(query, writer, &line);
    cw_writer_end(writer);
    cw_writer_end(writer);
    cw_writer_end(writer);
    cw_component_end(query->component);
}

static void send_fin(const Query *query, const Page *page)
{
    guint n = page->lines->len;
    const CwArchived *first = n == 0 ? NULL : g_ptr_array_index(page->lines, 0);
    const CwArchived *last = n == 0 ? NULL : g_ptr_array_index(page->lines, n - 1);
    CwWriter *writer = cw_component_begin_result(query->component, cw_reply_stanza(query->reply));

    cw_writer_start(writer, "fin", CW_NS_ARCHIVE);
    cw_writer_attr(writer, "complete", page->complete ? "true" : NULL);
    cw_rsm_write(writer, n == 0 ? NULL : first->id, n == 0 ? NULL : last->id, page->index,
                 page->count);
    cw_writer_end(writer);
    cw_component_end(query->component);
}

static void answer(Query *query)
{
    g_autoptr(GError) error = NULL;
    Page page = {0};

    if (cw_component_is_congested(query->component)) {
        cw_component_send_error(query->component, cw_reply_stanza(query->reply),
                                CW_STANZA_RESOURCE_CONSTRAINT, "too much is under way; try later");
        return;
    }
    if (!find_page(query, &page, &error)) {
        if (error->domain != CW_STANZA_ERROR)
            g_warning("%s: %s", cw_component_domain(query->component), error->message);
        cw_component_send_error(query->component, cw_reply_stanza(query->reply),
                                error->domain == CW_STANZA_ERROR ? (CwStanzaCondition)error->code
                                                                 : CW_STANZA_INTERNAL_SERVER_ERROR,
                                error->domain == CW_STANZA_ERROR ? error->message
                                                                 : "the archive cannot be read");
        return;
    }
    for (guint i = 0; i < page.lines->len; i++)
        send_result(query,
                    g_ptr_array_index(page.lines, query->flip ? page.lines->len - 1 - i : i));
    send_fin(query, &page);
    g_ptr_array_unref(page.lines);
}

/* ---- waiting for the store ---- */

/* user -> how many wait */
static GHashTable *waiting_of(CwComponent *component)
{
    GHashTable *waiting = cw_component_get_data(component, &cw_feature_archive);

    if (waiting == NULL) {
        waiting = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
        cw_component_set_data(component, &cw_feature_archive, waiting,
                              (GDestroyNotify)g_hash_table_unref);
    }
    return waiting;
}

static guint count_waiting(CwComponent *component, const char *user, int change)
{
    GHashTable *waiting = waiting_of(component);
    guint n = GPOINTER_TO_UINT(g_hash_table_lookup(waiting, user)) + (guint)change;

    if (n == 0)
        g_hash_table_remove(waiting, user);
    else if (change != 0)
        g_hash_table_replace(waiting, g_strdup(user), GUINT_TO_POINTER(n));
    return n;
}

/* Also when a full disk kept something from being written: what is there is there. */
static void synced_cb(const GError *error, gpointer data)
{
    Query *query = data;

    count_waiting(query->component, cw_reply_stanza(query->reply)->from->bare, -1);
    answer(query);
    free_query(query);
}

static void answer_query(CwComponent *component, const CwStanza *stanza, const CwNode *node)
{
    g_autofree char *room = find_room(component, stanza);
    g_autoptr(GError) error = NULL;

    if (room == NULL)
        return;
    if (count_waiting(component, stanza->from->bare, 0) >= QUERIES_MAX) {
        cw_component_send_error(component, stanza, CW_STANZA_RESOURCE_CONSTRAINT,
                                "too many of your queries are open");
        return;
    }
    Query *query = g_new0(Query, 1);
    query->component = component;
    query->reply = cw_component_keep(component, stanza);
    query->room = g_steal_pointer(&room);
    query->query_id = g_strdup(cw_node_attr(node, "queryid"));
    query->flip = cw_node_child(node, "flip-page", CW_NS_ARCHIVE) != NULL;
    if (!read_form(query, node, stanza->to, &error) || !read_page(query, node, &error)) {
        cw_component_send_error(component, stanza, (CwStanzaCondition)error->code, error->message);
        free_query(query);
        return;
    }
    count_waiting(component, stanza->from->bare, 1);
    cw_store_sync(store_of(component), synced_cb, query);
}

/* ---- the form, and what there is ---- */

static void write_field(CwWriter *writer, const char *type, const char *var)
{
    cw_writer_start(writer, "field", NULL);
    cw_writer_attr(writer, "type", type);
    cw_writer_attr(writer, "var", var);
    if (g_str_equal(type, "list-multi")) { /* XEP-0122: any, as all of them cannot be listed */
        cw_writer_start(writer, "validate", "http://jabber.org/protocol/xdata-validate");
        cw_writer_attr(writer, "datatype", "xs:string");
        cw_writer_leaf(writer, "open", NULL, NULL);
        cw_writer_end(writer);
    }
    if (g_str_equal(type, "hidden"))
        cw_writer_leaf(writer, "value", NULL, CW_NS_ARCHIVE);
    cw_writer_end(writer);
}

static void answer_form(CwComponent *component, const CwStanza *stanza, const CwNode *node)
{
    static const struct {
        const char *type, *var;
    } fields[] = {
        {"hidden", "FORM_TYPE"}, {"jid-single", "with"},       {"text-single", "start"},
        {"text-single", "end"},  {"text-single", "before-id"}, {"text-single", "after-id"},
        {"list-multi", "ids"},
    };
    g_autofree char *room = find_room(component, stanza);

    if (room == NULL)
        return;
    CwWriter *writer = cw_component_begin_result(component, stanza);
    cw_writer_start(writer, "query", CW_NS_ARCHIVE);
    cw_writer_start(writer, "x", CW_NS_FORM);
    cw_writer_attr(writer, "type", "form");
    for (guint i = 0; i < G_N_ELEMENTS(fields); i++)
        write_field(writer, fields[i].type, fields[i].var);
    cw_writer_end(writer);
    cw_writer_end(writer);
    cw_component_end(component);
}

static void write_end(CwComponent *component, const CwStanza *stanza, const char *room,
                      CwWriter *writer, const char *name, gboolean last)
{
    const CwArchiveFilter all = {0};
    g_autoptr(GPtrArray) lines =
        cw_store_list_archive(store_of(component), cw_component_domain(component),
                              stanza->from->bare, room, &all, last, 1, PAGE_SIZE, NULL);
    const CwArchived *line = lines == NULL || lines->len == 0 ? NULL : g_ptr_array_index(lines, 0);
    g_autofree char *time = line == NULL ? NULL : cw_xmpp_time(line->said);

    if (line == NULL)
        return;
    cw_writer_start(writer, name, NULL);
    cw_writer_attr(writer, "id", line->id);
    cw_writer_attr(writer, "timestamp", time);
    cw_writer_end(writer);
}

static void answer_metadata(CwComponent *component, const CwStanza *stanza, const CwNode *node)
{
    g_autofree char *room = find_room(component, stanza);

    if (room == NULL)
        return;
    CwWriter *writer = cw_component_begin_result(component, stanza);
    cw_writer_start(writer, "metadata", CW_NS_ARCHIVE);
    write_end(component, stanza, room, writer, "start", FALSE);
    write_end(component, stanza, room, writer, "end", TRUE);
    cw_writer_end(writer);
    cw_component_end(component);
}

static const CwIqHandler iqs[] = {
    {"set", "query", CW_NS_ARCHIVE, answer_query},
    {"get", "query", CW_NS_ARCHIVE, answer_form},
    {"get", "metadata", CW_NS_ARCHIVE, answer_metadata},
    {NULL},
};

const CwFeature cw_feature_archive = {.name = "archive", .iqs = iqs};
