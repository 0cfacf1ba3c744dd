/*
 * ws_test.h: what the tests of WebSocket share: frames as a client makes them.
 */
#ifndef HEARTH_TESTS_WS_TEST_H
#define HEARTH_TESTS_WS_TEST_H

#include "hearth/arena.h"
#include "http/ws_frame.h"

#define FIN    0x80
#define RSV1   0x40
#define MASKED 0x80

/*
 * Appends what a masked frame begins with; `bytes` is how many bytes of length follow: 0, 2 or 8.
 */
static inline void put_head(
	struct strbuf *out, int first, uint64_t n, size_t bytes, const char mask[4])
{
	strbuf_addc(out, (char)first);
	strbuf_addc(out, (char)(MASKED | (bytes == 0 ? (int)n : bytes == 2 ? 126 : 127)));
	for (size_t i = 0; i < bytes; i++)
		strbuf_addc(out, (char)(n >> (8 * (bytes - 1 - i))));
	strbuf_add(out, slice_of(mask, 4));
}

/* Appends a whole frame. */
static inline void put_frame(struct strbuf *out, int first, struct slice payload)
{
	static const char mask[4] = { 0x37, (char)0xFA, 0x21, 0x3D };

	put_head(out, first, payload.n, payload.n < 126 ? 0 : payload.n <= 0xFFFF ? 2 : 8, mask);
	for (size_t i = 0; i < payload.n; i++)
		strbuf_addc(out, (char)(payload.p[i] ^ mask[i % 4]));
}

/* Appends a Close frame. */
static inline void put_close(struct strbuf *out, int code, const char *reason)
{
	struct strbuf payload = { 0 };

	strbuf_addc(&payload, (char)(code >> 8));
	strbuf_addc(&payload, (char)code);
	strbuf_adds(&payload, reason);
	put_frame(out, FIN | WS_CLOSE, strbuf_slice(&payload));
	strbuf_free(&payload);
}

#endif
