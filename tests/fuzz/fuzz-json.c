/* tests/fuzz/fuzz-json.c: JSON of the link: what is read is the same when it is written and read
 * again
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "transport/json.h"

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size);

static void write_json(GString *out, const CwJson *json)
{
    switch (json->kind) {
    case CW_JSON_NULL:
        g_string_append(out, "null");
        break;
    case CW_JSON_FALSE:
    case CW_JSON_TRUE:
        g_string_append(out, json->kind == CW_JSON_TRUE ? "true" : "false");
        break;
    case CW_JSON_INTEGER:
        g_string_append_printf(out, "%" G_GINT64_FORMAT, json->integer);
        break;
    case CW_JSON_REAL:
        g_string_append(out, "0.5");
        break;
    case CW_JSON_STRING:
        cw_json_write_string(out, json->string);
        break;
    case CW_JSON_ARRAY:
    case CW_JSON_OBJECT:
        g_string_append_c(out, json->kind == CW_JSON_ARRAY ? '[' : '{');
        for (const CwJson *item = json->first; item != NULL; item = item->next) {
            g_assert_true((item->name == NULL) == (json->kind == CW_JSON_ARRAY));
            cw_json_write_next(out, item->name);
            write_json(out, item);
        }
        g_string_append_c(out, json->kind == CW_JSON_ARRAY ? ']' : '}');
        break;
    }
}

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size)
{
    g_autoptr(CwArena) arena = cw_arena_new();
    g_autoptr(GString) once = g_string_new(NULL), again = g_string_new(NULL);
    gsize position = 0;
    /* to the byte, so that a look behind the end is seen */
    g_autofree char *text = g_memdup2(data, size);

    const CwJson *json = cw_json_read(arena, text == NULL ? "" : text, size, &position);
    g_assert_cmpuint(position, <=, size);
    if (json == NULL)
        return 0;
    write_json(once, json);
    json = cw_json_read(arena, once->str, once->len, &position);
    g_assert_nonnull(json);
    write_json(again, json);
    g_assert_cmpstr(once->str, ==, again->str);
    return 0;
}
