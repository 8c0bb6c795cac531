/* protocols/purple/core.c: libpurple's start and end
 *
 * libpurple wants a user directory.  It gets a private one that goes with the process, and writes
 * nothing of worth into it: accounts and buddies are never saved, preferences live in memory.
 *
 * A process that is killed leaves its directory behind.  The next one removes it: a lock on a file
 * in it, which goes with the process however that ends, says which of them are in use.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "protocols/purple/core.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <gio/gio.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <stdlib.h>
#include <libpurple/purple.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "protocols/purple/account.h"
#include "protocols/purple/certificates.h"
#include "protocols/purple/dns.h"
#include "protocols/purple/eventloop.h"
#include "protocols/purple/host.h"
#include "protocols/purple/message.h"
#include "protocols/purple/rooms.h"

#define DIR_PREFIX "causeway-purple-"
#define LOCK_NAME "lock"

static char *user_dir;
static int user_lock = -1;

/* Files and sub-folders in it alone: FTW_PHYS follows no symlink out of it. */
static void remove_tree(const char *path)
{
    nftw(path, (__nftw_func_t)(void (*)(void))remove, 16, FTW_DEPTH | FTW_PHYS);
}

static void remove_user_dir(void)
{
    if (user_dir == NULL)
        return;
    remove_tree(user_dir);
    g_clear_pointer(&user_dir, g_free);
    close(user_lock);
    user_lock = -1;
}

/* Of processes of our own user that are gone. */
static void remove_dirs_left_behind(void)
{
    g_autoptr(GDir) tmp = g_dir_open(g_get_tmp_dir(), 0, NULL);
    const char *name;

    while (tmp != NULL && (name = g_dir_read_name(tmp)) != NULL) {
        if (!g_str_has_prefix(name, DIR_PREFIX))
            continue;
        g_autofree char *path = g_build_filename(g_get_tmp_dir(), name, NULL);
        g_autofree char *lock_path = g_build_filename(path, LOCK_NAME, NULL);
        struct stat status;
        if (lstat(path, &status) != 0 || !S_ISDIR(status.st_mode) || status.st_uid != geteuid())
            continue;
        int lock = open(lock_path, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
        if (lock < 0)
            continue; /* it is being made, or is not ours */
        if (flock(lock, LOCK_EX | LOCK_NB) == 0)
            remove_tree(path);
        close(lock);
    }
}

/* A cleaner may come between the making of the file and its lock; then it is no longer there. */
static gboolean make_user_dir(void)
{
    struct stat status;

    user_dir = g_build_filename(g_get_tmp_dir(), DIR_PREFIX "XXXXXX", NULL);
    if (g_mkdtemp_full(user_dir, 0700) != NULL) {
        g_autofree char *lock_path = g_build_filename(user_dir, LOCK_NAME, NULL);
        user_lock = open(lock_path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
        if (user_lock >= 0 && flock(user_lock, LOCK_EX | LOCK_NB) == 0 &&
            fstat(user_lock, &status) == 0 && status.st_nlink > 0)
            return TRUE;
    }
    int problem = errno;
    if (user_lock >= 0)
        close(user_lock);
    user_lock = -1;
    g_clear_pointer(&user_dir, g_free);
    errno = problem;
    return FALSE;
}

/* ---- debug: only on demand, to stderr; libpurple hides passwords as PURPLE_UNSAFE_DEBUG is off
 * ---- */

static gboolean debug_wanted;

static void debug_print(PurpleDebugLevel level, const char *category, const char *text)
{
    fprintf(stderr, "%s: %s", category != NULL ? category : "libpurple", text);
}

static gboolean debug_is_enabled(PurpleDebugLevel level, const char *category)
{
    return debug_wanted;
}

static PurpleDebugUiOps debug_ops = {.print = debug_print, .is_enabled = debug_is_enabled};

/* ---- nothing is kept ---- */

static void save_nothing(void)
{
}

static PurplePrefsUiOps prefs_ops = {.save = save_nothing, .schedule_save = save_nothing};
static PurpleAccountPrefsUiOps account_prefs_ops = {
    .load = save_nothing, .save = save_nothing, .schedule_save = save_nothing};

static void set_prefs(void)
{
    purple_prefs_set_bool("/purple/logging/log_ims", FALSE);
    purple_prefs_set_bool("/purple/logging/log_chats", FALSE);
    purple_prefs_set_bool("/purple/logging/log_system", FALSE);
    /* the user's own client does this, or nobody: no answer goes out that he did not write */
    purple_prefs_set_string("/purple/away/auto_reply", "never");
    purple_prefs_set_bool("/purple/away/away_when_idle", FALSE);
    purple_prefs_set_string("/purple/away/idle_reporting", "none");
    /* no STUN queries, no holes in the router */
    purple_prefs_set_bool("/purple/network/auto_ip", FALSE);
    purple_prefs_set_bool("/purple/network/map_ports", FALSE);
}

/* ---- the core's ops ---- */

static GHashTable *get_ui_info(void)
{
    static GHashTable *info;
    if (info == NULL) {
        info = g_hash_table_new(g_str_hash, g_str_equal);
        g_hash_table_insert(info, "name", "Causeway");
        g_hash_table_insert(info, "version", CW_VERSION);
        g_hash_table_insert(info, "client_type", "pc");
    }
    return info;
}

static void ui_prefs_init(void)
{
    purple_prefs_set_ui_ops(&prefs_ops);
    purple_account_prefs_set_ui_ops(&account_prefs_ops);
}

static void debug_ui_init(void)
{
    purple_debug_set_ui_ops(&debug_ops);
}

static void ui_init(void)
{
    purple_accounts_set_ui_ops(cw_account_ops());
    purple_connections_set_ui_ops(cw_account_connection_ops());
    purple_conversations_set_ui_ops(cw_messages_ops());
    purple_dnsquery_set_ui_ops(cw_dns_ops());
    purple_srv_txt_query_set_ui_ops(cw_dns_record_ops());
    cw_ops_install();
}

static PurpleCoreUiOps core_ops = {
    .ui_prefs_init = ui_prefs_init,
    .debug_ui_init = debug_ui_init,
    .ui_init = ui_init,
    .get_ui_info = get_ui_info,
};

static void set_environment(void)
{
    g_autofree char *nowhere = g_build_filename(user_dir, "none", NULL);
    /* the media manager would make GStreamer load Mesa and LLVM: 60 MB (libpurple.md, item 1) */
    g_setenv("GST_PLUGIN_SYSTEM_PATH_1_0", nowhere, TRUE);
    g_setenv("GST_PLUGIN_PATH_1_0", nowhere, TRUE);
    g_setenv("GST_REGISTRY_DISABLE", "yes", TRUE);
    /* libpurple puts its whole API on the session bus, for any program there to read */
    g_setenv("DBUS_SESSION_BUS_ADDRESS", "disabled:", TRUE);
    g_unsetenv("DBUS_STARTER_ADDRESS");
    g_unsetenv("PURPLE_UNSAFE_DEBUG");
    debug_wanted = g_strcmp0(g_getenv("CAUSEWAY_PURPLE_DEBUG"), "1") == 0;
}

gboolean cw_core_start(const char *plugin_path, GError **error)
{
    remove_dirs_left_behind();
    if (!make_user_dir() && !make_user_dir()) {
        g_set_error(error, G_FILE_ERROR, g_file_error_from_errno(errno),
                    "cannot make a folder in '%s': %s", g_get_tmp_dir(), g_strerror(errno));
        return FALSE;
    }
    set_environment();
    purple_util_set_user_dir(user_dir);
    purple_debug_set_enabled(FALSE);
    purple_core_set_ui_ops(&core_ops);
    cw_eventloop_init();
    purple_eventloop_set_ui_ops(cw_eventloop_ops());
    if (plugin_path != NULL) {
        g_auto(GStrv) folders = g_strsplit(plugin_path, ":", -1);
        for (char **folder = folders; *folder != NULL; folder++) {
            if (**folder != '\0')
                purple_plugins_add_search_path(*folder);
        }
    }
    if (!purple_core_init(CW_CORE_UI)) {
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_FAILED, "libpurple did not start");
        remove_user_dir();
        return FALSE;
    }
    purple_buddy_icons_set_caching(FALSE); /* they would be written to files */
    if (purple_get_blist() == NULL)
        purple_set_blist(purple_blist_new());
    set_prefs();
    purple_network_force_online(); /* ask nobody: a log-in will tell */
    cw_accounts_init();
    cw_messages_init();
    cw_rooms_init();
    cw_certificates_init();
    cw_ops_connect();
    return TRUE;
}

void cw_core_stop(void)
{
    /* Without purple_core_quit(): all accounts are gone, and the rest goes with the process.  It
     * would unload the plugins, whose threads and timers some of them leave behind. */
    cw_ops_disconnect();
    cw_certificates_uninit();
    cw_rooms_uninit();
    cw_messages_uninit();
    cw_accounts_uninit();
    cw_eventloop_pause(TRUE);
    remove_user_dir();
}
