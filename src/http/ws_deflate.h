/*
 * ws_deflate.h: permessage-deflate (RFC 7692) without context takeover in either direction: each
 * message stands for itself, so a connection keeps no memory for it. On the loop.
 */
#ifndef HEARTH_SRC_WS_DEFLATE_H
#define HEARTH_SRC_WS_DEFLATE_H

#include "hearth/buf.h"

#define WS_DEFLATE_MIN        512    /* bytes below which compressing gains too little */
#define WS_DEFLATE_MAX        262144 /* and above which it holds up the loop too long */
#define WS_DEFLATE_ANSWER_MAX 128    /* room for the answer to an offer */

/*
 * Takes the first offer in a Sec-WebSocket-Extensions header that can be taken and writes the
 * header to answer with. Returns how many bytes the peer can look back in what it is sent (256 …
 * 32768); 0: there is no such offer, and no answer.
 */
size_t ws_deflate_agree(struct slice offers, char answer[WS_DEFLATE_ANSWER_MAX]);

/*
 * Inflates the payload of a message into `out`, which is empty: 0, HEARTH_ETOOBIG when there are
 * more than `max` bytes in it (found out within a few KB behind `max`), HEARTH_EINVAL.
 */
int ws_inflate(struct slice in, size_t max, struct strbuf *out);
/*
 * The payload of a compressed message, for a peer that can look back `window` bytes; NULL when the
 * message had better go as it is.
 */
struct buf *ws_deflate(struct slice message, size_t window);
/* The same; compresses once what is sent to many peers in a row. */
struct buf *ws_deflate_buf(struct buf *message, size_t window);

#endif
