/*
 * ws_deflate.h: permessage-deflate (RFC 7692) without context takeover in either direction: each
 * message stands for itself, so a connection keeps no compressor. On the loop.
 */
#ifndef HEARTH_SRC_WS_DEFLATE_H
#define HEARTH_SRC_WS_DEFLATE_H

#include "hearth/str.h"

/*
 * Whether one of the offers in a Sec-WebSocket-Extensions header can be taken; the answer is then
 * WS_DEFLATE_ANSWER.
 */
bool ws_deflate_offered(struct slice extensions);
#define WS_DEFLATE_ANSWER "permessage-deflate; server_no_context_takeover; client_no_context_takeover"

/* Appends the inflated message: 0, HEARTH_ETOOBIG beyond `max` bytes, HEARTH_EINVAL. */
int ws_inflate(struct slice in, size_t max, struct strbuf *out);
/* Appends the message compressed; false, and nothing appended, when it would not be smaller. */
bool ws_deflate(struct slice in, struct strbuf *out);

#endif
