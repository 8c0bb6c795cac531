/* protocols/agents/settings.c: what the admin says to an agent, and what is wrong with it
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "protocols/agents/host.h"
#include "protocols/agents/http.h"

#define SECRET_MOST 4096 /* bytes of a file with a key */

const char *cw_agent_setting(const char *name)
{
    if (!g_hash_table_contains(cw_agent_host.asked, name))
        g_hash_table_add(cw_agent_host.asked, g_strdup(name));
    return g_hash_table_lookup(cw_agent_host.settings, name);
}

const char *cw_agent_setting_or(const char *name, const char *otherwise)
{
    const char *value = cw_agent_setting(name);

    return value == NULL ? otherwise : value;
}

static int compare_names(gconstpointer a, gconstpointer b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Those of `from` that are not in `but` (nullable), in order. */
static GPtrArray *names_of(GHashTable *from, GHashTable *but)
{
    GPtrArray *names = g_ptr_array_new();
    GHashTableIter iter;
    gpointer name;

    g_hash_table_iter_init(&iter, from);
    while (g_hash_table_iter_next(&iter, &name, NULL)) {
        if (but == NULL || !g_hash_table_contains(but, name))
            g_ptr_array_add(names, name);
    }
    g_ptr_array_sort(names, compare_names);
    return names;
}

GPtrArray *cw_agent_unknown_settings(void)
{
    g_autoptr(GPtrArray) unknown = names_of(cw_agent_host.settings, cw_agent_host.asked);
    g_autoptr(GPtrArray) asked = names_of(cw_agent_host.asked, NULL);
    GPtrArray *texts = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GString) all = g_string_new(NULL);

    for (guint i = 0; i < asked->len; i++)
        g_string_append_printf(all, "%s%s", i == 0 ? "" : ", ",
                               (const char *)g_ptr_array_index(asked, i));
    for (guint i = 0; i < unknown->len; i++)
        g_ptr_array_add(
            texts,
            g_strdup_printf("agent.%s: %s has no such setting; it is left out. There are: %s",
                            (const char *)g_ptr_array_index(unknown, i), cw_agent_host.agent->id,
                            all->str));
    return texts;
}

gboolean cw_agent_setting_number(const char *name, guint least, guint most, guint *value,
                                 GError **error)
{
    const char *text = cw_agent_setting(name);
    guint64 number = 0;

    if (text == NULL)
        return TRUE;
    if (!g_ascii_string_to_unsigned(text, 10, least, most, &number, NULL)) {
        g_set_error(error, CW_AGENT_ERROR, CW_AGENT_ERROR_SETTING,
                    "agent.%s: found '%s', expected a number from %u to %u", name, text, least,
                    most);
        return FALSE;
    }
    *value = (guint)number;
    return TRUE;
}

/* The words that causeway.conf takes for other settings. */
gboolean cw_agent_setting_boolean(const char *name, gboolean *value, GError **error)
{
    static const char *const words[] = {"false", "true", "no", "yes", "off", "on", "0", "1"};
    const char *text = cw_agent_setting(name);

    if (text == NULL)
        return TRUE;
    for (guint i = 0; i < G_N_ELEMENTS(words); i++) {
        if (g_ascii_strcasecmp(text, words[i]) == 0) {
            *value = i % 2;
            return TRUE;
        }
    }
    g_set_error(error, CW_AGENT_ERROR, CW_AGENT_ERROR_SETTING,
                "agent.%s: found '%s', expected true or false", name, text);
    return FALSE;
}

/* What stands for the values is no URL yet. */
static gboolean check_url(const char *name, const char *url, GError **error)
{
    g_autofree char *plain = g_strdelimit(g_strdup(url), "{}", 'x');
    g_autoptr(GError) problem = NULL;
    g_autofree char *normal = cw_http_normal_url(plain, &problem);

    if (normal != NULL) {
        cw_http_expect(normal);
        return TRUE;
    }
    g_set_error(error, CW_AGENT_ERROR, CW_AGENT_ERROR_SETTING, "agent.%s: %s%s", name,
                problem->message,
                g_error_matches(problem, CW_AGENT_ERROR, CW_AGENT_ERROR_PRIVATE)
                    ? "; if it is meant, set agent.allow-private = true"
                    : "");
    return FALSE;
}

/* Nothing of the URL is in the error: it may hold a key. */
gboolean cw_agent_setting_url(const char *name, const char *const *words, const char **url,
                              GError **error)
{
    const char *text = cw_agent_setting_or(name, *url);

    for (guint i = 0; text != NULL && words[i] != NULL; i++) {
        g_autofree char *word = g_strdup_printf("{%s}", words[i]);
        if (strstr(text, word) == NULL) {
            g_set_error(error, CW_AGENT_ERROR, CW_AGENT_ERROR_SETTING,
                        "agent.%s: expected a URL with %s in it", name, word);
            return FALSE;
        }
    }
    *url = text;
    return text == NULL || check_url(name, text, error);
}

char *cw_agent_setting_secret(const char *name, GError **error)
{
    const char *path = cw_agent_setting(name);
    struct stat status;
    g_autofree char *text = NULL;
    gsize length = 0;

    if (path == NULL)
        return NULL;
    if (stat(path, &status) != 0) {
        g_set_error(error, CW_AGENT_ERROR, CW_AGENT_ERROR_SETTING,
                    "agent.%s: %s: %s; expected a file with the key in it, of mode 600", name, path,
                    g_strerror(errno));
        return NULL;
    }
    if (!S_ISREG(status.st_mode) || (status.st_mode & 077) != 0 || status.st_size > SECRET_MOST) {
        g_set_error(error, CW_AGENT_ERROR, CW_AGENT_ERROR_SETTING,
                    "agent.%s: %s: expected a small file that only its owner can read (chmod 600)",
                    name, path);
        return NULL;
    }
    if (!g_file_get_contents(path, &text, &length, error)) {
        g_prefix_error(error, "agent.%s: ", name);
        return NULL;
    }
    char *secret = g_strstrip(g_strdup(text));
    explicit_bzero(text, length);
    if (*secret != '\0')
        return secret;
    g_set_error(error, CW_AGENT_ERROR, CW_AGENT_ERROR_SETTING,
                "agent.%s: %s is empty, expected the key in it", name, path);
    g_free(secret);
    return NULL;
}
