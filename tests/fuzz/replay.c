/* tests/fuzz/replay.c: a fuzz target's corpus as a plain test
 *
 * Stands in for libFuzzer's main: every file of the folders given is one input.  No file at all is
 * a failure, for then nothing was tested.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <glib.h>

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size);

static guint replay_folder(const char *folder)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GDir) dir = g_dir_open(folder, 0, &error);
    if (!dir)
        g_error("%s", error->message);

    guint count = 0;
    const char *name;
    while ((name = g_dir_read_name(dir))) {
        g_autofree char *path = g_build_filename(folder, name, NULL);
        g_autofree char *data = NULL;
        gsize size;
        if (!g_file_get_contents(path, &data, &size, &error))
            g_error("%s", error->message);
        /* A copy of exactly this size, so that ASan sees a read behind its end. */
        g_autofree guint8 *input = g_memdup2(data, size);
        LLVMFuzzerTestOneInput(input, size);
        count++;
    }
    return count;
}

int main(int argc, char **argv)
{
    guint count = 0;
    for (int i = 1; i < argc; i++)
        count += replay_folder(argv[i]);
    g_print("%u inputs\n", count);
    return count > 0 ? 0 : 1;
}
