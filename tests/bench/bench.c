/* tests/bench/bench.c: the program that plays both ends and measures what is between
 *
 *     bench --part PART --build FOLDER [--users N] [--seconds S]
 *
 * Prints "KEY VALUE" lines.  See README.md; `run` is what people start.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include "tests/bench/parts.h"
#include "tests/bench/world.h"

/* As many connections as there are users, in each of three programs; hosts inherit it. */
static void raise_descriptor_limit(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

static const BenchPart *find_part(const char *name)
{
    const BenchPart *part = bench_parts;

    while (part->name != NULL && g_strcmp0(part->name, name) != 0)
        part++;
    return part->name == NULL ? NULL : part;
}

int main(int argc, char **argv)
{
    g_autofree char *name = NULL, *build = NULL;
    int users = 0;
    double seconds = 0;
    const GOptionEntry entries[] = {
        {"part", 'p', 0, G_OPTION_ARG_STRING, &name, "What to measure", "PART"},
        {"build", 'b', 0, G_OPTION_ARG_FILENAME, &build, "Where the programs are", "FOLDER"},
        {"users", 'u', 0, G_OPTION_ARG_INT, &users, "Instead of the part's number", "N"},
        {"seconds", 's', 0, G_OPTION_ARG_DOUBLE, &seconds, "Of one measurement", "S"},
        {NULL},
    };
    g_autoptr(GError) error = NULL;
    g_autoptr(GOptionContext) options = g_option_context_new("- measures causeway");

    g_option_context_add_main_entries(options, entries, NULL);
    const BenchPart *part =
        g_option_context_parse(options, &argc, &argv, &error) ? find_part(name) : NULL;
    if (part == NULL || build == NULL) {
        fprintf(stderr, "bench: %s\n", error != NULL ? error->message : "--part and --build");
        return 64;
    }
    raise_descriptor_limit();
    g_autofree char *folder = g_canonicalize_filename(build, NULL);
    g_autofree char *causeway = g_build_filename(folder, "causeway", NULL);
    g_autofree char *purple = g_build_filename(folder, "causeway-purple", NULL);
    g_autofree char *null_host = g_build_filename(folder, "tests", "bench-host", NULL);
    g_autofree char *agents = g_build_filename(folder, "causeway-agents", NULL);
    g_autofree char *floor = g_build_filename(folder, "tests", "bench-floor", NULL);
    BenchSize size = {.users = users > 0 ? (guint)users : part->users,
                      .seconds = seconds > 0 ? seconds : part->seconds};

    bench_world = (BenchWorld){.causeway = causeway,
                               .purple = purple,
                               .null_host = null_host,
                               .agents = agents,
                               .floor = floor,
                               .accounts_per_host = part->accounts_per_host};
    bench_world_start(size.users);
    part->run(&size);
    bench_world_end();
    return 0;
}
