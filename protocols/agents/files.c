/* protocols/agents/files.c: small files that users are given links to
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "protocols/agents/files.h"

#include <libsoup/soup.h>
#include <string.h>

#include "protocols/agents/host.h"
#include "transport/timers.h"

#define FILES_MOST 200              /* the oldest go */
#define LIFETIME (24 * 3600 * 1000) /* ms */
#define TIDY (10 * 60 * 1000)       /* ms between two looks at their age */

typedef struct {
    char *path; /* "/0123…/chart.png" */
    GBytes *bytes;
    const char *type;
    gint64 made; /* monotonic, ms */
} File;

static SoupServer *server;
static GQueue files = G_QUEUE_INIT; /* oldest first */
static GHashTable *by_path;
static guint timer_id;

static void drop_oldest(void)
{
    File *file = g_queue_pop_head(&files);

    g_hash_table_remove(by_path, file->path);
    g_bytes_unref(file->bytes);
    g_free(file->path);
    g_free(file);
}

static gint64 now(void)
{
    return g_get_monotonic_time() / 1000;
}

static gboolean tidy_cb(gpointer data)
{
    while (files.length > 0 && ((const File *)files.head->data)->made < now() - LIFETIME)
        drop_oldest();
    return G_SOURCE_CONTINUE;
}

static void request_cb(SoupServer *self, SoupServerMessage *message, const char *path,
                       GHashTable *query, gpointer data)
{
    const File *file = g_hash_table_lookup(by_path, path);
    const char *method = soup_server_message_get_method(message);

    if (!g_str_equal(method, "GET") && !g_str_equal(method, "HEAD")) {
        soup_server_message_set_status(message, SOUP_STATUS_METHOD_NOT_ALLOWED, NULL);
    } else if (file == NULL) {
        soup_server_message_set_status(message, SOUP_STATUS_NOT_FOUND, NULL);
    } else {
        gsize size = 0;
        const char *bytes = g_bytes_get_data(file->bytes, &size);
        soup_server_message_set_status(message, SOUP_STATUS_OK, NULL);
        soup_server_message_set_response(message, file->type, SOUP_MEMORY_COPY, bytes, size);
    }
}

gboolean cw_files_start(gboolean only_check, GError **error)
{
    const char *url = cw_agent_setting("files-url");
    guint port = 0;

    if (!cw_agent_setting_number("files-port", 1, 65535, &port, error))
        return FALSE;
    if (port == 0 && url == NULL)
        return TRUE;
    if (port == 0 || url == NULL || !g_str_has_prefix(url, "http")) {
        g_set_error(error, CW_AGENT_ERROR, CW_AGENT_ERROR_SETTING,
                    "agent.files-port, agent.files-url: expected both, a port of this machine and "
                    "the URL with https: under which others reach it");
        return FALSE;
    }
    if (only_check) /* a gateway that runs has the port */
        return TRUE;
    server = soup_server_new("server-header", "Causeway", NULL);
    soup_server_add_handler(server, NULL, request_cb, NULL, NULL);
    if (!soup_server_listen_local(server, port, SOUP_SERVER_LISTEN_IPV4_ONLY, error)) {
        g_prefix_error(error, "agent.files-port: cannot listen on port %u: ", port);
        return FALSE;
    }
    by_path = g_hash_table_new(g_str_hash, g_str_equal);
    timer_id = cw_timer_add(TIDY, tidy_cb, NULL);
    return TRUE;
}

void cw_files_stop(void)
{
    g_clear_handle_id(&timer_id, cw_timer_remove);
    while (files.length > 0)
        drop_oldest();
    g_clear_pointer(&by_path, g_hash_table_unref);
    g_clear_object(&server);
}

gboolean cw_files_are_on(void)
{
    return by_path != NULL;
}

char *cw_files_publish(GBytes *bytes, const char *name, const char *type)
{
    g_autofree char *base = g_strdup(cw_agent_setting("files-url"));
    g_autofree char *secret = g_uuid_string_random();
    File *file = g_new(File, 1);

    if (g_str_has_suffix(base, "/"))
        base[strlen(base) - 1] = '\0';
    *file = (File){g_strdup_printf("/%s/%s", secret, name), g_bytes_ref(bytes), type, now()};
    g_queue_push_tail(&files, file);
    g_hash_table_insert(by_path, file->path, file);
    while (files.length > FILES_MOST)
        drop_oldest();
    return g_strconcat(base, file->path, NULL);
}
