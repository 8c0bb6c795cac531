/* component/requests.h: iqs of the gateway itself, and their answers
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#pragma once

#include "component/component.h"

G_BEGIN_DECLS

/* The result or the error; NULL: none came in REQUEST_TIMEOUT, it was over the limits, or the
 * stream broke.  Borrowed. */
typedef void (*CwRequestAnswer)(CwComponent *component, const CwStanza *answer, gpointer data);

CwRequests *cw_requests_new(CwComponent *component);
void cw_requests_free(CwRequests *requests); /* no answers any more, but `free_data` of each */

/* An iq of `type` (get, set) from the gateway; the writer stands inside the start tag, write the
 * one child.  `answer` is called once at most, `free_data` (nullable) once, behind it. */
CwWriter *cw_requests_begin(CwRequests *requests, const char *to, const char *type,
                            CwRequestAnswer answer, gpointer data, GDestroyNotify free_data);
void cw_requests_end(CwRequests *requests);

/* A result or error iq.  TRUE: it was the answer to one of these. */
gboolean cw_requests_take(CwRequests *requests, const CwStanza *stanza);
/* The same of one that was over the limits and cannot be read. */
void cw_requests_lose(CwRequests *requests, const CwStanza *stanza);
/* The stream broke: nobody will answer. */
void cw_requests_drop(CwRequests *requests);

G_END_DECLS
