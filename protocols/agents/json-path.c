/* protocols/agents/json-path.c: values in the JSON of others
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "protocols/agents/json-path.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "protocols/agents/text.h"

#define KEY_LONGEST 128

json_t *cw_json_load(const char *data, gsize length, GError **error)
{
    json_error_t problem;
    json_t *json = json_loadb(data, length, JSON_REJECT_DUPLICATES, &problem);

    if (json == NULL) /* its text may hold a piece of the answer */
        g_set_error(error, CW_AGENT_ERROR, CW_AGENT_ERROR_NAME, "no JSON: line %d, column %d",
                    problem.line, problem.column);
    return json;
}

json_t *cw_json_at(json_t *json, const char *path)
{
    while (json != NULL && path != NULL && *path != '\0') {
        if (*path == '.') {
            path++;
        } else if (*path == '[') {
            char *end = NULL;
            guint64 index = g_ascii_strtoull(path + 1, &end, 10);
            if (end == path + 1 || *end != ']')
                return NULL;
            json = json_array_get(json, (size_t)index);
            path = end + 1;
        } else {
            char key[KEY_LONGEST];
            gsize length = strcspn(path, ".[");
            if (length >= sizeof key)
                return NULL;
            memcpy(key, path, length);
            key[length] = '\0';
            json = json_object_get(json, key);
            path += length;
        }
    }
    return json;
}

gboolean cw_json_number_at(json_t *json, const char *path, double *number)
{
    json_t *value = cw_json_at(json, path);

    if (json_is_number(value)) {
        *number = json_number_value(value);
        return isfinite(*number);
    }
    if (!json_is_string(value))
        return FALSE;
    g_auto(GStrv) parts = g_strsplit(json_string_value(value), ",", -1);
    g_autofree char *text = g_strjoinv("", parts);
    char *end = NULL;
    *number = g_ascii_strtod(text, &end);
    return end != text && (*end == '\0' || *end == '%') && isfinite(*number);
}

char *cw_json_text_at(json_t *json, const char *path)
{
    json_t *value = cw_json_at(json, path);

    if (json_is_string(value))
        return g_strdup(json_string_value(value));
    if (json_is_integer(value))
        return g_strdup_printf("%" JSON_INTEGER_FORMAT, json_integer_value(value));
    if (json_is_real(value))
        return g_strdup_printf("%.10g", json_real_value(value));
    return json_is_boolean(value) ? g_strdup(json_is_true(value) ? "true" : "false") : NULL;
}

char *cw_json_words_at(json_t *json, const char *path, gsize most)
{
    g_autofree char *text = cw_json_text_at(json, path);

    return text == NULL || *text == '\0' ? NULL : cw_text_from_html(text, most);
}
