/* protocols/agents/commands.c: what a user says to something that he watches
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <string.h>

#include "protocols/agents/watch.h"

static void add_help(GString *text, const CwAgentCommand *commands)
{
    for (; commands != NULL && commands->word != NULL; commands++) {
        g_auto(GStrv) arguments =
            g_strsplit(commands->arguments == NULL ? "" : commands->arguments, "|", -1);
        g_string_append_printf(text, "\n%s", commands->word);
        for (guint i = 0; arguments[i] != NULL; i++)
            g_string_append_printf(text, i == 0 ? " %s" : ", %s %s",
                                   i == 0 ? arguments[i] : commands->word, arguments[i]);
        g_string_append_printf(text, ": %s", commands->help);
    }
}

static void help(CwWatch *watch)
{
    const CwThing *thing = watch->thing;
    g_autoptr(GString) text = g_string_new("What you can say to me:");

    add_help(text, thing->agent->commands);
    add_help(text, cw_common_commands);
    g_string_append(text, "\nhelp: this list");
    cw_watch_reply(watch, "%s", text->str);
}

static const CwAgentCommand *find_in(const CwAgentCommand *commands, const char *word)
{
    for (; commands != NULL && commands->word != NULL; commands++) {
        if (g_ascii_strcasecmp(commands->word, word) == 0)
            return commands;
    }
    return NULL;
}

static void say_not_yet(CwWatch *watch)
{
    const char *problem = watch->thing->problem;

    if (problem == NULL)
        cw_watch_reply(watch, "I am about to look; ask again in a moment.");
    else
        cw_watch_reply(watch, "I do not know that yet: %s.  I try again.", problem);
}

void cw_watch_take_message(CwWatch *watch, const char *text)
{
    g_autofree char *line = g_strstrip(g_strdup(text));
    g_auto(GStrv) words = g_strsplit_set(line, " \t\n", 2);
    const char *word = words[0] == NULL ? "" : words[0];
    const char *arguments = words[0] == NULL || words[1] == NULL ? "" : g_strstrip(words[1]);
    const CwAgentCommand *command = find_in(watch->thing->agent->commands, word);

    if (command == NULL)
        command = find_in(cw_common_commands, word);
    if (command != NULL && (command->is_early || watch->thing->is_fresh))
        command->run(watch, arguments);
    else if (command != NULL)
        say_not_yet(watch);
    else if (g_ascii_strcasecmp(word, "help") == 0 || g_str_equal(word, "?"))
        help(watch);
    else
        cw_watch_reply(watch, "I do not know '%s'; say help for what I know.", word);
}
