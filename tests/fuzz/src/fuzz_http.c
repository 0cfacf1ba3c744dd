/*
 * The HTTP/1.1 parser must say the same whether its input comes whole or in pieces, read nothing it
 * was not given, and take no byte behind the end. The first byte says how large the pieces are.
 */
#include "hearth/arena.h"
#include "hearth/log.h"
#include "http/http1_parse.h"

#include <stdlib.h>

struct trace {
	struct strbuf text;
	size_t used;
	bool ended;
};

static void trace_head(struct trace *t, const struct http1_head *h)
{
	strbuf_printf(&t->text, "%.*s %.*s %d %.*s %d %d", SLICE_ARG(h->method),
		SLICE_ARG(h->target), h->minor, SLICE_ARG(h->host), h->keep_alive, h->has_body);
	for (size_t i = 0; i < h->field_count; i++) {
		INVARIANT(h->fields[i].name.n > 0);
		strbuf_add(&t->text, h->fields[i].name);
		strbuf_add(&t->text, h->fields[i].value);
	}
}

static void trace_feed(struct trace *t, struct http1_parser *p, struct slice in)
{
	char *copy = mem_strdup(in);
	struct slice rest = slice_of(copy, in.n);
	enum http1_event event = HTTP1_HEAD;

	while (!t->ended && event != HTTP1_MORE) {
		size_t used;

		event = http1_parse(p, rest, &used);
		INVARIANT(used <= rest.n && (event != HTTP1_MORE || used == rest.n));
		t->used += event == HTTP1_ERROR ? 0 : used;
		rest = slice_skip(rest, used);
		if (event == HTTP1_HEAD)
			trace_head(t, http1_head(p));
		else if (event == HTTP1_BODY)
			strbuf_add(&t->text, http1_body(p));
		else if (event == HTTP1_ERROR)
			strbuf_printf(&t->text, "!%d %s", http1_status(p), http1_why(p));
		t->ended = event == HTTP1_END || event == HTTP1_ERROR;
	}
	free(copy);
}

static struct trace trace(struct slice in, size_t step)
{
	struct http1_parser *p = http1_new();
	struct trace t = { 0 };

	for (; in.n && !t.ended; in = slice_skip(in, step))
		trace_feed(&t, p, slice_head(in, step));
	http1_free(&p);
	return t;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct slice in = slice_skip(slice_of(data, n), 1);
	struct trace whole, pieces;

	if (n < 2)
		return 0;
	whole = trace(in, in.n);
	pieces = trace(in, 1 + data[0] % 32);
	INVARIANT(slice_eq(strbuf_slice(&whole.text), strbuf_slice(&pieces.text)));
	INVARIANT(whole.ended == pieces.ended);
	INVARIANT(!whole.ended || slice_chr(strbuf_slice(&whole.text), '!') >= 0 ||
		  whole.used == pieces.used);
	strbuf_free(&whole.text);
	strbuf_free(&pieces.text);
	return 0;
}
