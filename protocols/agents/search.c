/* protocols/agents/search.c: a search that one request to a service answers
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "protocols/agents/search.h"

#include "protocols/agents/http.h"

typedef struct {
    CwSearchParse parse;
    CwAgentFoundDone done;
    gpointer data;
} Search;

static void answered_cb(const CwHttpAnswer *answer, gpointer data)
{
    Search *search = data;
    g_autoptr(GError) error = NULL;
    gsize size = 0;
    const char *body = cw_http_body(answer, &size);
    GPtrArray *found = answer->problem != NULL ? NULL : search->parse(body, size, &error);

    search->done(found,
                 answer->problem != NULL ? answer->problem
                 : error != NULL         ? error->message
                                         : NULL,
                 search->data);
    g_free(search);
}

void cw_search_web(const char *url, CwSearchParse parse, CwAgentFoundDone done, gpointer data)
{
    g_autoptr(GError) error = NULL;
    Search *search = g_new(Search, 1);

    *search = (Search){parse, done, data};
    if (cw_http_get(url, NULL, NULL, NULL, answered_cb, search, &error) != NULL)
        return;
    done(NULL, error->message, data);
    g_free(search);
}
