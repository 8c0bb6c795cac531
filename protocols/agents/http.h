/* protocols/agents/http.h: what agents fetch
 *
 * One libsoup session for all.  Bounded in time and size (what gzip unpacks counts), polite (one
 * name, few connections a server), and never into the admin's own network: an address that is not
 * of the public internet is refused wherever it comes up, in a URL, a redirect or as what a name
 * leads to, unless the settings allow it.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#pragma once

#include <gio/gio.h>

#include "protocols/agents/agent.h"

G_BEGIN_DECLS

#define CW_HTTP_SIZE_MOST (2 * 1024 * 1024) /* bytes of an answer */

typedef struct CwHttpCall CwHttpCall;

typedef struct {
    guint status;              /* 0: there is no answer, `problem` says why */
    const char *problem;       /* nullable; for people, with the server's name and no more of the
                                * URL: that may hold a key.  Also when the status is no success */
    GBytes *body;              /* never NULL when there is a status */
    const char *type;          /* nullable: the media type */
    const char *charset;       /* nullable */
    const char *etag;          /* nullable */
    const char *last_modified; /* nullable */
    const char *moved;         /* nullable: where it is to be looked for from now on */
    guint retry_after;         /* s; 0: it does not say */
} CwHttpAnswer;

/* Valid during the call; the call is gone behind it. */
typedef void (*CwHttpDone)(const CwHttpAnswer *answer, gpointer data);

/* Reads agent.allow-private, agent.contact, agent.timeout. */
gboolean cw_http_start(GError **error);
void cw_http_stop(void);

/* `etag`, `last_modified` nullable: of the copy that is there (304 comes when it is as it was).
 * `headers` nullable: "Name", "value", …, NULL.  `done` comes later, never from here; NULL with
 * the error: that is no URL of ours. */
CwHttpCall *cw_http_get(const char *url, const char *etag, const char *last_modified,
                        const char *const *headers, CwHttpDone done, gpointer data, GError **error);
/* What came, "" when nothing did; as long as the answer lasts. */
const char *cw_http_body(const CwHttpAnswer *answer, gsize *size);
void cw_http_cancel(CwHttpCall *call); /* `done` is not called; NULL is fine */

/* http, https, with a host, nothing of a user or password in it.  (transfer full): as libsoup
 * writes it. */
char *cw_http_normal_url(const char *url, GError **error);
/* The admin named it in a setting, and is told in the log when it is refused. */
void cw_http_expect(const char *url);
/* TRUE: it is of the public internet. */
gboolean cw_http_is_public(GInetAddress *address);

G_END_DECLS
