/* conf/settings-set.c: one value of the file into its field of the struct
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "conf/settings-set.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "conf/settings-value.h"

#define SECRET_MAX 4096 /* bytes of a secret file */

gboolean cw_settings_fail(const CwSettingsPlace *place, CwSettingsError code, GError **error,
                          const char *format, ...)
{
    va_list args;
    va_start(args, format);
    g_autofree char *text = g_strdup_vprintf(format, args);
    va_end(args);
    g_set_error(error, CW_SETTINGS_ERROR, (gint)code, "%s: [%s] %s%s%s", place->path, place->group,
                place->key ? place->key : "", place->key ? ": " : "", text);
    return FALSE;
}

void cw_settings_wipe_string(char *text)
{
    if (text)
        explicit_bzero(text, strlen(text));
    g_free(text);
}

char *cw_settings_path(const CwSettingsPlace *place, const char *name)
{
    if (g_path_is_absolute(name))
        return g_strdup(name);
    g_autofree char *folder = g_path_get_dirname(place->path);
    return g_build_filename(folder, name, NULL);
}

static char *paths_relative_to_file(const CwSettingsPlace *place, const char *names)
{
    g_auto(GStrv) parts = g_strsplit(names, ":", -1);
    GString *all = g_string_new(NULL);
    for (char **part = parts; *part; part++) {
        if (!**part)
            continue;
        g_autofree char *whole = cw_settings_path(place, *part);
        g_string_append_printf(all, "%s%s", all->len ? ":" : "", whole);
    }
    return g_string_free(all, FALSE);
}

/* The one line of the file `name`.  (transfer full), never empty; or NULL. */
static char *read_secret_file(const CwSettingsPlace *place, const char *name, GError **error)
{
    g_autofree char *path = cw_settings_path(place, name);
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    struct stat info;
    if (fd < 0 || fstat(fd, &info) < 0) {
        cw_settings_fail(place, CW_SETTINGS_ERROR_READ, error,
                         "found '%s', which cannot be read (%s), %s", path, g_strerror(errno),
                         "expected a file with the secret in one line");
        if (fd >= 0)
            close(fd);
        return NULL;
    }
    char bytes[SECRET_MAX + 1];
    gssize length = -1;
    if (!S_ISREG(info.st_mode))
        cw_settings_fail(place, CW_SETTINGS_ERROR_VALUE, error, "found '%s', expected a plain file",
                         path);
    else if (info.st_mode & S_IROTH)
        cw_settings_fail(
            place, CW_SETTINGS_ERROR_VALUE, error,
            "found '%s' with mode %04o, expected a file that others cannot read (chmod o-r)", path,
            info.st_mode & 07777);
    else if ((length = read(fd, bytes, sizeof bytes)) < 0)
        cw_settings_fail(place, CW_SETTINGS_ERROR_READ, error, "cannot read '%s': %s", path,
                         g_strerror(errno));
    close(fd);
    if (length < 0)
        return NULL;

    char *secret = g_strndup(bytes, (gsize)length);
    explicit_bzero(bytes, sizeof bytes);
    char *end = secret + strlen(secret);
    while (end > secret && (end[-1] == '\n' || end[-1] == '\r'))
        *--end = '\0';
    if (length > SECRET_MAX || !*secret || strpbrk(secret, "\r\n") ||
        !g_utf8_validate(secret, -1, NULL)) {
        cw_settings_fail(place, CW_SETTINGS_ERROR_VALUE, error,
                         "found '%s', expected a file with the secret in one line of UTF-8", path);
        cw_settings_wipe_string(secret);
        return NULL;
    }
    return secret;
}

static gboolean set_secret(const CwSettingsPlace *place, const CwSettingsKey *row, const char *text,
                           char **field, GError **error)
{
    if (*field)
        return cw_settings_fail(place, CW_SETTINGS_ERROR_VALUE, error,
                                "found both secret and secret-file, expected one of them");
    if (row->type == CW_KEY_SECRET)
        *field = g_strdup(text);
    else
        *field = read_secret_file(place, text, error);
    return *field != NULL;
}

static gboolean set_protocol(const CwSettingsPlace *place, const char *text, GError **error)
{
    CwTransportSettings *transport = place->transport;
    const char *colon = strchr(text, ':');
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789-";
    if (!colon || colon == text || !colon[1] || strspn(text, letters) < (gsize)(colon - text) ||
        strpbrk(colon + 1, " \t:/"))
        return cw_settings_fail(
            place, CW_SETTINGS_ERROR_VALUE, error,
            "found '%s', expected KIND:NAME such as purple:prpl-irc or agents:weather", text);
    transport->protocol = g_strdup(text);
    transport->protocol_kind = g_strndup(text, (gsize)(colon - text));
    transport->protocol_name = g_strdup(colon + 1);
    return TRUE;
}

static gboolean set_addresses(const CwSettingsPlace *place, const char *text, char ***field,
                              GError **error)
{
    g_auto(GStrv) entries = cw_value_list(text);
    for (char **entry = entries; *entry; entry++) {
        char *address = cw_value_address(*entry);
        if (!address)
            return cw_settings_fail(place, CW_SETTINGS_ERROR_VALUE, error,
                                    "found '%s', expected a domain, a bare JID or *", *entry);
        g_free(*entry);
        *entry = address;
    }
    *field = g_steal_pointer(&entries);
    return TRUE;
}

static gboolean set_number(const CwSettingsPlace *place, const CwSettingsKey *row, const char *text,
                           guint *field, GError **error)
{
    gboolean zero = row->type == CW_KEY_LIMIT || row->type == CW_KEY_BYTES;
    gboolean shaped = row->type == CW_KEY_TIME    ? cw_value_time(text, field)
                      : row->type == CW_KEY_BYTES ? cw_value_bytes(text, field)
                                                  : cw_value_number(text, field);
    if (shaped && ((*field >= row->min && *field <= row->max) || (zero && *field == 0)))
        return TRUE;
    if (row->type == CW_KEY_TIME)
        return cw_settings_fail(
            place, CW_SETTINGS_ERROR_VALUE, error,
            "found '%s', expected a time from %u ms to %u h: seconds, or with ms, s, m, h", text,
            row->min, row->max / 3600000);
    return cw_settings_fail(place, CW_SETTINGS_ERROR_VALUE, error,
                            "found '%s', expected a number from %u to %u%s", text, row->min,
                            row->max, zero ? ", or 0 for no limit" : "");
}

static gboolean is_word(const char *text)
{
    return strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-") == strlen(text);
}

static gboolean set_text(const CwSettingsPlace *place, const CwSettingsKey *row, const char *text,
                         char **field, GError **error)
{
    if (!*text)
        return cw_settings_fail(place, CW_SETTINGS_ERROR_VALUE, error,
                                "found nothing, expected a value");
    if (row->type == CW_KEY_WORD && !is_word(text))
        return cw_settings_fail(place, CW_SETTINGS_ERROR_VALUE, error,
                                "found '%s', expected lower-case letters, digits and '-'", text);
    if (row->type == CW_KEY_HOST && !g_hostname_is_ip_address(text)) {
        *field = cw_value_domain(text, FALSE);
        return *field ||
               cw_settings_fail(place, CW_SETTINGS_ERROR_VALUE, error,
                                "found '%s', expected a host name or an IP address", text);
    }
    *field = row->type == CW_KEY_PATH    ? cw_settings_path(place, text)
             : row->type == CW_KEY_PATHS ? paths_relative_to_file(place, text)
                                         : g_strdup(text);
    return TRUE;
}

gboolean cw_settings_set(const CwSettingsPlace *place, const CwSettingsKey *row, const char *text,
                         GError **error)
{
    gpointer base = place->transport ? (gpointer)place->transport : (gpointer)place->settings;
    gpointer field = (guint8 *)base + row->offset;
    guint number;

    switch (row->type) {
    case CW_KEY_STRING:
    case CW_KEY_WORD:
    case CW_KEY_HOST:
    case CW_KEY_PATH:
    case CW_KEY_PATHS:
        return set_text(place, row, text, field, error);
    case CW_KEY_BOOLEAN:
        return cw_value_boolean(text, field) ||
               cw_settings_fail(place, CW_SETTINGS_ERROR_VALUE, error,
                                "found '%s', expected true or false", text);
    case CW_KEY_COUNT:
    case CW_KEY_LIMIT:
    case CW_KEY_BYTES:
    case CW_KEY_TIME:
        return set_number(place, row, text, field, error);
    case CW_KEY_PORT:
        if (!set_number(place, row, text, &number, error))
            return FALSE;
        *(guint16 *)field = (guint16)number;
        return TRUE;
    case CW_KEY_LIST:
        *(char ***)field = cw_value_list(text);
        return TRUE;
    case CW_KEY_ADDRESSES:
        return set_addresses(place, text, field, error);
    case CW_KEY_SECRET:
    case CW_KEY_SECRET_FILE:
        if (!*text)
            return cw_settings_fail(place, CW_SETTINGS_ERROR_VALUE, error,
                                    "found nothing, expected a value");
        return set_secret(place, row, text, field, error);
    case CW_KEY_PROTOCOL:
        return set_protocol(place, text, error);
    }
    g_return_val_if_reached(FALSE);
}
