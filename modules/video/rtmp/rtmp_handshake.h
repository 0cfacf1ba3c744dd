/*
 * rtmp_handshake.h: the server's side of the RTMP handshake (RTMP 1.0 section 5.2), simple form.
 *
 *	C0 C1  ->            one version byte and 1536 bytes
 *	       <-  S0 S1 S2  our version, our 1536 bytes, the peer's 1536 bytes back
 *	C2     ->            1536 bytes, consumed and not compared: encoders differ here
 *
 * S1 carries version 0.0.0.0, which tells clients that know the digest form (FFmpeg, Flash) not to
 * look for a digest. Pure: bytes in, bytes out; nothing is allocated but what `out` grows.
 */
#ifndef HEARTH_RTMP_HANDSHAKE_H
#define HEARTH_RTMP_HANDSHAKE_H

#include "hearth/str.h"

#define RTMP_HANDSHAKE_SIZE 1536 /* of C1, C2, S1 and S2 */

enum rtmp_handshake_state {
	RTMP_HANDSHAKE_C0C1, /* nothing answered yet */
	RTMP_HANDSHAKE_C2,   /* S0 S1 S2 are out */
	RTMP_HANDSHAKE_DONE, /* chunks follow */
};

struct rtmp_handshake {
	enum rtmp_handshake_state state;
	uint32_t now_ms;    /* our timestamp in S1 and S2 */
	uint64_t seed;      /* fills S1; need not be secret */
	size_t c2_left;     /* bytes of C2 still to come */
	const char *reason; /* what was wrong, after an error */
};

/* Ready for the first byte. `seed` should differ from connection to connection. */
void rtmp_handshake_init(struct rtmp_handshake *h, uint32_t now_ms, uint64_t seed);
/*
 * Takes what it can off the front of *in and appends what is to be sent to `out`. Returns 1 when
 * the handshake is complete (what is left in *in are chunks), 0 when it needs more: call again with
 * what is left and more bytes behind it, at most 1537 in one piece. HEARTH_EINVAL: this is not
 * RTMP; HEARTH_EUNSUPPORTED: another version; h->reason says it in words.
 */
int rtmp_handshake_feed(struct rtmp_handshake *h, struct slice *in, struct strbuf *out);

#endif
