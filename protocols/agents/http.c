/* protocols/agents/http.c: what agents fetch
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "protocols/agents/http.h"

#include <libsoup/soup.h>
#include <string.h>

#include "protocols/agents/host.h"
#include "transport/timers.h"

#define REDIRECTS_MOST 5
#define CONNECTIONS 256        /* in all: some servers that hang do not keep the others waiting */
#define CONNECTIONS_A_SERVER 4 /* at once */
#define PIECE 65536            /* bytes read at a time */
#define RETRY_MOST (24 * 3600) /* s: what a server may ask for */

/* Calls to one server wait here, and not in libsoup: their time counts from when they are sent. */
typedef struct {
    char *name;     /* host and port */
    GQueue waiting; /* CwHttpCall * */
    guint busy;     /* calls that are sent, or are about to */
} Server;

struct CwHttpCall {
    CwHttpDone done;
    gpointer data;
    GUri *uri;
    char **headers; /* nullable; name, value, … */
    char *etag, *last_modified;
    char *moved; /* nullable: behind permanent redirects alone */
    gboolean was_temporary;
    guint redirects;
    SoupMessage *message;
    GCancellable *cancellable;
    GInputStream *stream;
    GByteArray *body;
    guint late_id;
    guint start_id;
    Server *server;
    gboolean is_waiting;          /* in its queue */
    gboolean is_late, is_private; /* why it was cancelled */
};

static SoupSession *session;
static gboolean may_private;
static guint timeout = 30;   /* s, for all of one call */
static GHashTable *calls;    /* those under way */
static GHashTable *servers;  /* name -> Server */
static GHashTable *expected; /* hosts that the admin has named */

/* ---- addresses ---- */

/* What IANA lists as not globally reachable and g_inet_address knows no name for. */
static gboolean is_special_ipv4(const guint8 *b)
{
    return b[0] == 0 || b[0] >= 240 || (b[0] == 100 && (b[1] & 0xc0) == 64) ||
           (b[0] == 192 && b[1] == 0 && (b[2] == 0 || b[2] == 2)) ||
           (b[0] == 192 && b[1] == 88 && b[2] == 99) || /* RFC 7526 */
           (b[0] == 198 && (b[1] & 0xfe) == 18) || (b[0] == 198 && b[1] == 51 && b[2] == 100) ||
           (b[0] == 203 && b[1] == 0 && b[2] == 113) || b[0] == 127 || b[0] == 10 ||
           (b[0] == 172 && (b[1] & 0xf0) == 16) || (b[0] == 192 && b[1] == 168) ||
           (b[0] == 169 && b[1] == 254) || (b[0] & 0xf0) == 224;
}

/* An IPv6 address that carries an IPv4 one is judged by that: mapped, compatible, NAT64, 6to4. */
static gboolean is_special_ipv6(const guint8 *b)
{
    static const guint8 zeros[12];
    static const guint8 mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    static const guint8 nat64[12] = {0, 0x64, 0xff, 0x9b};

    if (memcmp(b, zeros, 12) == 0 || memcmp(b, mapped, 12) == 0 || memcmp(b, nat64, 12) == 0)
        return is_special_ipv4(b + 12);
    if (b[0] == 0x20 && b[1] == 0x02)
        return is_special_ipv4(b + 2);
    return (b[0] & 0xe0) != 0x20 || /* of what is given out, all begins with 001 */
           (b[0] == 0x20 && b[1] == 0x01 && (b[2] & 0xfe) == 0) || /* Teredo and the like */
           (b[0] == 0x20 && b[1] == 0x01 && b[2] == 0x0d && b[3] == 0xb8) ||
           (b[0] == 0x3f && b[1] == 0xff && (b[2] & 0xf0) == 0); /* RFC 9637 */
}

gboolean cw_http_is_public(GInetAddress *address)
{
    const guint8 *bytes = g_inet_address_to_bytes(address);

    return g_inet_address_get_family(address) == G_SOCKET_FAMILY_IPV4 ? !is_special_ipv4(bytes)
                                                                      : !is_special_ipv6(bytes);
}

/* What is an address already; what a name leads to is seen when it is connected to. */
static gboolean check_host(GUri *uri, GError **error)
{
    g_autoptr(GInetAddress) address = g_inet_address_new_from_string(g_uri_get_host(uri));

    if (may_private || address == NULL || cw_http_is_public(address))
        return TRUE;
    g_set_error(error, CW_AGENT_ERROR, CW_AGENT_ERROR_PRIVATE, "%s is no public address",
                g_uri_get_host(uri));
    return FALSE;
}

/* NULL with the error.  (transfer full) */
static GUri *read_url(const char *text, GError **error)
{
    g_autoptr(GUri) uri = g_uri_parse(text, SOUP_HTTP_URI_FLAGS, NULL);
    const char *scheme = uri == NULL ? NULL : g_uri_get_scheme(uri);

    if (uri == NULL || (!g_str_equal(scheme, "http") && !g_str_equal(scheme, "https")) ||
        g_uri_get_host(uri) == NULL || *g_uri_get_host(uri) == '\0') {
        g_set_error(error, CW_AGENT_ERROR, CW_AGENT_ERROR_NAME,
                    "this is no address of the web, which begins with https://");
        return NULL;
    }
    if (g_uri_get_userinfo(uri) != NULL) {
        g_set_error(error, CW_AGENT_ERROR, CW_AGENT_ERROR_NAME,
                    "an address with a user name or password in it is not taken");
        return NULL;
    }
    return check_host(uri, error) ? g_steal_pointer(&uri) : NULL;
}

char *cw_http_normal_url(const char *url, GError **error)
{
    g_autoptr(GUri) uri = read_url(url, error);

    if (uri == NULL)
        return NULL;
    g_autofree char *host = g_ascii_strdown(g_uri_get_host(uri), -1);
    return g_uri_join(SOUP_HTTP_URI_FLAGS, g_uri_get_scheme(uri), NULL, host, g_uri_get_port(uri),
                      g_uri_get_path(uri), g_uri_get_query(uri), NULL);
}

/* ---- servers ---- */

static void send_call(CwHttpCall *call);
static gboolean late_cb(gpointer data);

static char *server_name(GUri *uri)
{
    return g_strdup_printf("%s:%d", g_uri_get_host(uri), g_uri_get_port(uri));
}

static void free_server(gpointer data)
{
    Server *server = data;

    g_queue_clear(&server->waiting);
    g_free(server->name);
    g_free(server);
}

static gboolean start_cb(gpointer data)
{
    CwHttpCall *call = data;

    call->start_id = 0;
    send_call(call);
    return G_SOURCE_REMOVE;
}

static void start_next(Server *server)
{
    while (server->busy < CONNECTIONS_A_SERVER && !g_queue_is_empty(&server->waiting)) {
        CwHttpCall *call = g_queue_pop_head(&server->waiting);
        call->is_waiting = FALSE;
        server->busy++;
        call->late_id = cw_timer_add(timeout * 1000, late_cb, call);
        call->start_id = g_idle_add(start_cb, call);
    }
}

static void queue_call(CwHttpCall *call)
{
    g_autofree char *name = server_name(call->uri);

    call->server = g_hash_table_lookup(servers, name);
    if (call->server == NULL) {
        call->server = g_new0(Server, 1);
        call->server->name = g_steal_pointer(&name);
        g_hash_table_insert(servers, call->server->name, call->server);
    }
    call->is_waiting = TRUE;
    g_queue_push_tail(&call->server->waiting, call);
    start_next(call->server);
}

static void leave_server(CwHttpCall *call)
{
    Server *server = call->server;

    if (call->is_waiting)
        g_queue_remove(&server->waiting, call);
    else
        server->busy--;
    start_next(server);
    if (server->busy == 0)
        g_hash_table_remove(servers, server->name);
}

/* ---- calls ---- */

static void drop_message(CwHttpCall *call)
{
    if (call->message != NULL)
        g_signal_handlers_disconnect_by_data(call->message, call);
    g_clear_object(&call->message);
}

static void free_call(CwHttpCall *call)
{
    g_hash_table_remove(calls, call);
    leave_server(call);
    g_clear_handle_id(&call->late_id, cw_timer_remove);
    g_clear_handle_id(&call->start_id, g_source_remove);
    g_clear_object(&call->stream);
    drop_message(call);
    g_clear_object(&call->cancellable);
    g_clear_pointer(&call->uri, g_uri_unref);
    if (call->body != NULL)
        g_byte_array_unref(call->body);
    g_strfreev(call->headers);
    g_free(call->etag);
    g_free(call->last_modified);
    g_free(call->moved);
    g_free(call);
}

static void give_up(CwHttpCall *call, const char *format, ...) G_GNUC_PRINTF(2, 3);

static void give_up(CwHttpCall *call, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    g_autofree char *what = g_strdup_vprintf(format, args);
    va_end(args);
    g_autofree char *problem = g_strdup_printf("%s: %s", g_uri_get_host(call->uri), what);
    call->done(&(CwHttpAnswer){.problem = problem}, call->data);
    free_call(call);
}

/* RFC 9110 10.2.3 */
static guint read_retry_after(SoupMessageHeaders *headers)
{
    const char *text = soup_message_headers_get_one(headers, "Retry-After");
    guint64 seconds = 0;

    if (text == NULL)
        return 0;
    if (!g_ascii_string_to_unsigned(text, 10, 0, G_MAXUINT64, &seconds, NULL)) {
        g_autoptr(GDateTime) at = soup_date_time_new_from_http_string(text);
        gint64 left = at == NULL ? 0 : g_date_time_to_unix(at) - g_get_real_time() / G_USEC_PER_SEC;
        seconds = left < 0 ? 0 : (guint64)left;
    }
    return (guint)MIN(seconds, RETRY_MOST);
}

static void finish(CwHttpCall *call)
{
    SoupMessageHeaders *headers = soup_message_get_response_headers(call->message);
    guint status = soup_message_get_status(call->message);
    g_autoptr(GHashTable) parameters = NULL;
    const char *type = soup_message_headers_get_content_type(headers, &parameters);
    g_autoptr(GBytes) body = g_byte_array_free_to_bytes(g_steal_pointer(&call->body));
    gboolean well = SOUP_STATUS_IS_SUCCESSFUL(status) || status == SOUP_STATUS_NOT_MODIFIED;
    g_autofree char *problem = well ? NULL
                                    : g_strdup_printf("%s: %u %s", g_uri_get_host(call->uri),
                                                      status, soup_status_get_phrase(status));
    const CwHttpAnswer answer = {
        .status = status,
        .problem = problem,
        .body = body,
        .type = type,
        .charset = parameters == NULL ? NULL : g_hash_table_lookup(parameters, "charset"),
        .etag = soup_message_headers_get_one(headers, "ETag"),
        .last_modified = soup_message_headers_get_one(headers, "Last-Modified"),
        .moved = call->moved,
        .retry_after = read_retry_after(headers),
    };

    call->done(&answer, call->data);
    free_call(call);
}

static void read_more(CwHttpCall *call);

void cw_http_expect(const char *url)
{
    g_autoptr(GUri) uri = g_uri_parse(url, SOUP_HTTP_URI_FLAGS, NULL);

    if (uri != NULL && expected != NULL)
        g_hash_table_add(expected, g_strdup(g_uri_get_host(uri)));
}

/* Once: what users name is no concern of his. */
static void tell_admin(const CwHttpCall *call)
{
    const char *host = g_uri_get_host(call->uri);

    if (g_hash_table_remove(expected, host))
        cw_agent_log("warning",
                     "%s, which the settings name, has no public address, and is not fetched from: "
                     "if it is meant, set agent.allow-private = true",
                     host);
}

/* TRUE: the operation was cancelled, and the call is over. */
static gboolean is_cancelled(CwHttpCall *call, const GError *error)
{
    if (!g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
        return FALSE;
    if (call->is_private) {
        tell_admin(call);
        give_up(call, "it has no public address");
    } else if (call->is_late)
        give_up(call, "no answer within %u seconds", timeout);
    else
        give_up(call, "stopped");
    return TRUE;
}

static void read_cb(GObject *stream, GAsyncResult *result, gpointer data)
{
    CwHttpCall *call = data;
    g_autoptr(GError) error = NULL;
    g_autoptr(GBytes) piece =
        g_input_stream_read_bytes_finish(G_INPUT_STREAM(stream), result, &error);
    gsize size = 0;
    const guint8 *bytes = piece == NULL ? NULL : g_bytes_get_data(piece, &size);

    if (piece == NULL) {
        if (!is_cancelled(call, error))
            give_up(call, "%s", error->message);
    } else if (size == 0) {
        finish(call);
    } else if (call->body->len + size > CW_HTTP_SIZE_MOST) {
        give_up(call, "the answer is larger than %d bytes", CW_HTTP_SIZE_MOST);
    } else {
        g_byte_array_append(call->body, bytes, (guint)size);
        read_more(call);
    }
}

static void read_more(CwHttpCall *call)
{
    g_input_stream_read_bytes_async(call->stream, PIECE, G_PRIORITY_DEFAULT, call->cancellable,
                                    read_cb, call);
}

/* FALSE: it is none, or may not be followed (the call is over then, and *over TRUE). */
static gboolean follow(CwHttpCall *call, gboolean *over)
{
    guint status = soup_message_get_status(call->message);
    const char *to =
        soup_message_headers_get_one(soup_message_get_response_headers(call->message), "Location");
    g_autoptr(GError) error = NULL;
    gboolean permanent =
        status == SOUP_STATUS_MOVED_PERMANENTLY || status == 308; /* RFC 9110 15.4.9 */

    if (to == NULL || (!permanent && status != SOUP_STATUS_FOUND &&
                       status != SOUP_STATUS_SEE_OTHER && status != SOUP_STATUS_TEMPORARY_REDIRECT))
        return FALSE;
    g_autoptr(GUri) next_raw = g_uri_parse_relative(call->uri, to, SOUP_HTTP_URI_FLAGS, NULL);
    g_autofree char *text = next_raw == NULL ? NULL : g_uri_to_string(next_raw);
    g_autoptr(GUri) next = text == NULL ? NULL : read_url(text, &error);
    *over = next == NULL || ++call->redirects > REDIRECTS_MOST;
    if (*over) {
        give_up(call, "it leads elsewhere, and there: %s",
                error != NULL ? error->message : "in circles");
        return FALSE;
    }
    call->was_temporary |= !permanent;
    if (!call->was_temporary) {
        g_free(call->moved);
        call->moved = g_uri_to_string_partial(next, G_URI_HIDE_FRAGMENT);
    }
    g_autofree char *here = server_name(call->uri), *there = server_name(next);
    if (!g_str_equal(here, there) ||
        !g_str_equal(g_uri_get_scheme(call->uri), g_uri_get_scheme(next)))
        g_clear_pointer(&call->headers, g_strfreev); /* a key is for one server */
    g_uri_unref(call->uri);
    call->uri = g_steal_pointer(&next);
    return TRUE;
}

static void sent_cb(GObject *object, GAsyncResult *result, gpointer data)
{
    CwHttpCall *call = data;
    g_autoptr(GError) error = NULL;
    gboolean over = FALSE;

    call->stream = soup_session_send_finish(session, result, &error);
    if (call->stream == NULL) {
        if (!is_cancelled(call, error))
            give_up(call, "%s", error->message);
    } else if (follow(call, &over)) {
        g_clear_object(&call->stream);
        send_call(call);
    } else if (!over) {
        call->body = g_byte_array_new();
        read_more(call);
    }
}

/* A name may have a public address when it is looked at and a private one when it is used; so that
 * one is looked at that is used. */
static void network_cb(SoupMessage *message, GSocketClientEvent event, GIOStream *stream,
                       gpointer data)
{
    CwHttpCall *call = data;

    if (may_private || event != G_SOCKET_CLIENT_CONNECTING || !G_IS_SOCKET_CONNECTION(stream))
        return;
    g_autoptr(GSocketAddress) address =
        g_socket_connection_get_remote_address(G_SOCKET_CONNECTION(stream), NULL);
    if (address != NULL && G_IS_INET_SOCKET_ADDRESS(address) &&
        cw_http_is_public(g_inet_socket_address_get_address(G_INET_SOCKET_ADDRESS(address))))
        return;
    call->is_private = TRUE;
    g_cancellable_cancel(call->cancellable);
}

static void send_call(CwHttpCall *call)
{
    drop_message(call);
    call->message = soup_message_new_from_uri("GET", call->uri);
    soup_message_add_flags(call->message, SOUP_MESSAGE_NO_REDIRECT);
    g_signal_connect(call->message, "network-event", G_CALLBACK(network_cb), call);
    SoupMessageHeaders *headers = soup_message_get_request_headers(call->message);
    if (call->etag != NULL)
        soup_message_headers_replace(headers, "If-None-Match", call->etag);
    if (call->last_modified != NULL)
        soup_message_headers_replace(headers, "If-Modified-Since", call->last_modified);
    for (guint i = 0; call->headers != NULL && call->headers[i] != NULL; i += 2)
        soup_message_headers_replace(headers, call->headers[i], call->headers[i + 1]);
    soup_session_send_async(session, call->message, G_PRIORITY_DEFAULT, call->cancellable, sent_cb,
                            call);
}

static gboolean late_cb(gpointer data)
{
    CwHttpCall *call = data;

    call->late_id = 0;
    call->is_late = TRUE;
    g_cancellable_cancel(call->cancellable);
    return G_SOURCE_REMOVE;
}

CwHttpCall *cw_http_get(const char *url, const char *etag, const char *last_modified,
                        const char *const *headers, CwHttpDone done, gpointer data, GError **error)
{
    g_autoptr(GUri) uri = read_url(url, error);

    if (uri == NULL)
        return NULL;
    CwHttpCall *call = g_new0(CwHttpCall, 1);
    call->uri = g_steal_pointer(&uri);
    call->done = done;
    call->data = data;
    call->etag = g_strdup(etag);
    call->last_modified = g_strdup(last_modified);
    call->headers = g_strdupv((char **)headers);
    call->cancellable = g_cancellable_new();
    g_hash_table_add(calls, call);
    queue_call(call);
    return call;
}

const char *cw_http_body(const CwHttpAnswer *answer, gsize *size)
{
    const char *bytes = answer->body == NULL ? NULL : g_bytes_get_data(answer->body, size);

    return bytes == NULL ? "" : bytes;
}

static void ignore(const CwHttpAnswer *answer, gpointer data)
{
}

void cw_http_cancel(CwHttpCall *call)
{
    if (call == NULL)
        return;
    call->done = ignore;
    call->is_late = call->is_private = FALSE;
    if (call->is_waiting || call->start_id != 0) {
        free_call(call);
        return;
    }
    g_clear_handle_id(&call->late_id, cw_timer_remove);
    g_cancellable_cancel(call->cancellable); /* its callback frees it */
}

/* ---- the session ---- */

gboolean cw_http_start(GError **error)
{
    const char *contact = cw_agent_setting("contact");
    g_autofree char *agent =
        g_strdup_printf("Causeway/%s%s%s%s", CW_VERSION, contact == NULL ? "" : " (",
                        contact == NULL ? "" : contact, contact == NULL ? "" : ")");

    if (!cw_agent_setting_number("timeout", 1, 600, &timeout, error) ||
        !cw_agent_setting_boolean("allow-private", &may_private, error))
        return FALSE;
    session = soup_session_new_with_options(
        "user-agent", agent, "timeout", timeout + 1, "idle-timeout", 60, "max-conns", CONNECTIONS,
        "max-conns-per-host", CONNECTIONS_A_SERVER, "proxy-resolver", NULL, NULL);
    calls = g_hash_table_new(NULL, NULL);
    servers = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, free_server);
    expected = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    return TRUE;
}

void cw_http_stop(void)
{
    if (session == NULL)
        return;
    /* those that are left hear of it: what they hold is theirs to free */
    g_autoptr(GList) open = g_hash_table_get_keys(calls);
    for (GList *l = open; l != NULL; l = l->next)
        g_cancellable_cancel(((CwHttpCall *)l->data)->cancellable);
    while (g_hash_table_size(calls) > 0)
        g_main_context_iteration(NULL, TRUE);
    g_clear_pointer(&calls, g_hash_table_unref);
    g_clear_pointer(&servers, g_hash_table_unref);
    g_clear_pointer(&expected, g_hash_table_unref);
    g_clear_object(&session);
}
