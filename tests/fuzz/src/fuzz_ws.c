/*
 * WebSocket frames must mean the same whether they come whole or in pieces, and never exceed their
 * bound. Compressed messages are inflated; what comes out is compressed and inflated again, and
 * must be the same. The first byte says how large the pieces are and whether compression was agreed
 * on; the rest is also tried as an offer of extensions.
 */
#include "hearth/arena.h"
#include "hearth/error.h"
#include "hearth/log.h"
#include "hearth/text.h"
#include "http/ws_deflate.h"
#include "http/ws_frame.h"

#include <stdlib.h>

#define MESSAGE_MAX 2000

struct trace {
	struct strbuf text;
	enum ws_parsed last;
};

static void check_inflate(struct slice packed)
{
	struct strbuf plain = { 0 }, again = { 0 };
	int rc = ws_inflate(packed, MESSAGE_MAX, &plain);
	struct buf *once;

	INVARIANT(
		rc == 0 || rc == HEARTH_EINVAL || (rc == HEARTH_ETOOBIG && plain.n > MESSAGE_MAX));
	INVARIANT(plain.n < MESSAGE_MAX + 8192);
	once = ws_deflate(strbuf_slice(&plain), 32768);
	if (once) {
		INVARIANT(once->n < plain.n);
		INVARIANT(ws_inflate(buf_slice(once), plain.n, &again) == 0);
		INVARIANT(slice_eq(strbuf_slice(&plain), strbuf_slice(&again)));
	}
	buf_unref(&once);
	strbuf_free(&plain);
	strbuf_free(&again);
}

static void trace_event(struct trace *t, const struct ws_parser *p, bool inflate)
{
	struct slice payload = ws_payload(p);

	strbuf_printf(&t->text, "%d:", (int)t->last);
	if (t->last == WS_PARSED_ERROR) {
		strbuf_printf(&t->text, "%d %s", p->code, p->why);
		return;
	}
	if (t->last == WS_PARSED_CLOSE)
		INVARIANT(p->code == WS_NO_CODE || ws_code_valid(p->code));
	if (t->last == WS_PARSED_MESSAGE) {
		INVARIANT(payload.n <= MESSAGE_MAX || p->compressed);
		INVARIANT(!p->text || p->compressed || utf8_valid(payload));
		if (p->compressed && inflate)
			check_inflate(payload);
	} else {
		INVARIANT(payload.n <= WS_CONTROL_MAX);
	}
	strbuf_printf(&t->text, "%d%d%d", p->text, p->compressed, p->code);
	strbuf_add(&t->text, payload);
}

/* The piece lies in memory of its own, so that reading past it is found. */
static void trace_feed(struct trace *t, struct ws_parser *p, struct slice piece, bool inflate)
{
	char *copy = mem_strdup(piece);
	struct slice rest = slice_of(copy, piece.n);

	do {
		size_t used;

		t->last = ws_parse(p, rest, &used);
		INVARIANT(used <= rest.n);
		rest = slice_skip(rest, used);
		INVARIANT(t->last != WS_PARSED_MORE || rest.n == 0);
		if (t->last != WS_PARSED_MORE)
			trace_event(t, p, inflate);
	} while (t->last != WS_PARSED_MORE && t->last < WS_PARSED_CLOSE);
	free(copy);
}

static struct trace trace(struct slice in, size_t step, bool deflate, bool inflate)
{
	struct ws_parser p = { .message_max = MESSAGE_MAX, .deflate = deflate };
	struct trace t = { 0 };

	for (; in.n && t.last < WS_PARSED_CLOSE; in = slice_skip(in, step))
		trace_feed(&t, &p, slice_head(in, step), inflate);
	ws_parser_clear(&p);
	return t;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct slice in = slice_skip(slice_of(data, n), 1);
	char answer[WS_DEFLATE_ANSWER_MAX];
	struct trace whole, pieces;
	size_t window;

	if (n < 2)
		return 0;
	whole = trace(in, in.n, data[0] & 0x80, true);
	pieces = trace(in, 1 + data[0] % 32, data[0] & 0x80, false);
	INVARIANT(slice_eq(strbuf_slice(&whole.text), strbuf_slice(&pieces.text)));
	INVARIANT(whole.last == pieces.last);
	strbuf_free(&whole.text);
	strbuf_free(&pieces.text);
	window = ws_deflate_agree(in, answer);
	INVARIANT(window == 0 || (window >= 256 && window <= 32768 && strlen(answer) > 50));
	return 0;
}
