/*
 * http1_parse.c: llhttp between guards.
 *
 *   HEAD ──empty line──▶ READY ──no body──────────────────────────▶ DONE
 *                          └───▶ BODY ──last chunk──▶ TRAILER ───────▲
 *                                  └──content-length bytes───────────┘
 *   any ──error──▶ FAILED, for good
 *
 * llhttp checks the grammar and finds the pieces of the body, which are never copied. The head is
 * copied to `raw` as it comes, each byte is scanned before llhttp sees it (http1_guard.c), and when
 * both have found its end it is taken apart there. The trailer section goes the same way.
 *
 * llhttp.h and hearth/http.h both have an HTTP_GET, so this file alone sees llhttp.h. Pure, one
 * parser a connection. A head has at most HTTP1_HEAD_MAX bytes.
 */
#include "http/http1_parse.h"

#include "http/http1_guard.h"

#include "hearth/arena.h"
#include "hearth/log.h"

#include <llhttp.h>
#include <stdlib.h>

#define RAW_MIN 1000

_Static_assert(LLHTTP_STRICT_MODE == 1, "llhttp is safe in strict mode only");

enum phase {
	PHASE_HEAD,
	PHASE_READY,
	PHASE_BODY,
	PHASE_TRAILER,
	PHASE_DONE,
	PHASE_FAILED,
};

struct http1_parser {
	llhttp_t llhttp;
	enum phase phase;
	struct http1_scan scan;
	struct strbuf raw; /* the head: never changed once it is complete */
	struct strbuf trailer;
	struct http1_head head;
	struct http1_field *fields;
	struct slice body;   /* the piece that HTTP1_BODY tells of */
	uint64_t body_n;     /* bytes of body so far */
	uint64_t overhead_n; /* bytes of chunk framing so far */
	bool head_seen;      /* llhttp found the end of the head … */
	bool last_chunk;     /* … the chunk of size zero … */
	bool complete;       /* … the end of the request */
	int status;
	const char *why;
};

/* ---- what llhttp tells: each stops it, so that http1_parse can return ---- */

static int on_head(llhttp_t *l)
{
	((struct http1_parser *)l->data)->head_seen = true;
	return HPE_PAUSED;
}

static int on_body(llhttp_t *l, const char *at, size_t n)
{
	((struct http1_parser *)l->data)->body = slice_of(at, n);
	return n ? HPE_PAUSED : 0;
}

static int on_chunk(llhttp_t *l)
{
	if (l->content_length > 0)
		return 0;
	((struct http1_parser *)l->data)->last_chunk = true;
	return HPE_PAUSED;
}

static int on_complete(llhttp_t *l)
{
	((struct http1_parser *)l->data)->complete = true;
	return HPE_PAUSED;
}

static const llhttp_settings_t settings = {
	.on_headers_complete = on_head,
	.on_body = on_body,
	.on_chunk_header = on_chunk,
	.on_message_complete = on_complete,
};

/* ---- driving it ---- */

struct http1_parser *http1_new(void)
{
	struct http1_parser *p = mem_zalloc(sizeof(*p));

	llhttp_init(&p->llhttp, HTTP_REQUEST, &settings);
	p->llhttp.data = p;
	return p;
}

void http1_free(struct http1_parser **p)
{
	if (!*p)
		return;
	strbuf_free(&(*p)->raw);
	strbuf_free(&(*p)->trailer);
	free((*p)->fields);
	free(*p);
	*p = NULL;
}

static enum http1_event fail(struct http1_parser *p, int status, const char *why)
{
	p->phase = PHASE_FAILED;
	p->status = status;
	p->why = why;
	return HTTP1_ERROR;
}

/* Lets llhttp read until it wants more or one of the callbacks stopped it; false: an error. */
static bool feed(struct http1_parser *p, struct slice in, size_t *used)
{
	llhttp_errno_t rc;

	if (llhttp_get_errno(&p->llhttp) == HPE_PAUSED)
		llhttp_resume(&p->llhttp);
	rc = llhttp_execute(&p->llhttp, in.p, in.n);
	*used = rc == HPE_OK ? in.n : (size_t)(llhttp_get_error_pos(&p->llhttp) - in.p);
	if (rc == HPE_OK || rc == HPE_PAUSED)
		return true;
	if (rc == HPE_INVALID_VERSION)
		fail(p, 505, "only HTTP/1.1 and HTTP/1.0 are spoken here");
	else
		fail(p, 400, llhttp_get_error_reason(&p->llhttp));
	return false;
}

/*
 * Copies what of `in` belongs to the section to `raw` and gives it to llhttp. HTTP1_END stands for
 * the end of the section; at the end `seen` must be what llhttp thinks.
 */
static enum http1_event feed_section(struct http1_parser *p, struct strbuf *raw, size_t max,
	const bool *seen, struct slice in, size_t *used)
{
	struct slice piece = slice_head(in, max - raw->n);
	enum http1_scanned scanned = http1_scan(&p->scan, piece, used);
	size_t before = raw->n, fed;

	strbuf_add(raw, slice_head(piece, *used));
	if (!feed(p, slice_skip(strbuf_slice(raw), before), &fed))
		return HTTP1_ERROR;
	if (fed != *used || *seen != (scanned == SCANNED_END))
		return fail(p, 400, "the end of the header fields is unclear");
	if (scanned == SCANNED_FOLD)
		return fail(p, 400, "a header field is folded over two lines");
	return scanned == SCANNED_END ? HTTP1_END : HTTP1_MORE;
}

/* The cap of the head is reached: it depends on what took the room. */
static enum http1_event fail_head_size(struct http1_parser *p)
{
	if (slice_find(slice_head(strbuf_slice(&p->raw), HTTP1_TARGET_MAX + 64), SLICE("\r\n")) < 0)
		return fail(p, 414, "the request target is too long");
	return fail(p, 431, "the header fields are too long");
}

static enum http1_event finish_head(struct http1_parser *p)
{
	struct http1_field fields[HTTP1_FIELDS_MAX];
	const char *why = NULL;
	int status = http1_read_head(strbuf_slice(&p->raw), &p->head, fields, &why);
	size_t n = p->head.field_count * sizeof(*fields);

	if (status)
		return fail(p, status, why);
	if (p->head.chunked != !!(p->llhttp.flags & F_CHUNKED) ||
		p->head.content_length != p->llhttp.content_length)
		return fail(p, 400, "the length of the body is unclear");
	p->fields = mem_alloc(n);
	memcpy(p->fields, fields, n);
	p->head.fields = p->fields;
	p->head.has_body = p->head.chunked || p->head.content_length > 0;
	p->head.keep_alive = llhttp_should_keep_alive(&p->llhttp);
	p->phase = PHASE_READY;
	return HTTP1_HEAD;
}

static enum http1_event parse_head(struct http1_parser *p, struct slice in, size_t *used)
{
	enum http1_event event;

	if (p->raw.n == 0 && in.n) {
		/* Empty lines between requests are the session's business. */
		if (in.p[0] == '\r' || in.p[0] == '\n')
			return fail(p, 400, "a request begins with a method");
		strbuf_reserve(&p->raw, RAW_MIN);
	}
	event = feed_section(p, &p->raw, HTTP1_HEAD_MAX, &p->head_seen, in, used);
	if (event == HTTP1_END)
		return finish_head(p);
	if (event == HTTP1_MORE && p->raw.n == HTTP1_HEAD_MAX)
		return fail_head_size(p);
	return event;
}

static enum http1_event parse_body(struct http1_parser *p, struct slice in, size_t *used)
{
	p->body = (struct slice){ 0 };
	if (!feed(p, in, used))
		return HTTP1_ERROR;
	p->overhead_n += *used - p->body.n;
	if (p->overhead_n > HTTP1_OVERHEAD_MAX + 8 * p->body_n)
		return fail(p, 400, "more chunk framing than body");
	p->body_n += p->body.n;
	if (p->last_chunk) {
		p->phase = PHASE_TRAILER;
		p->scan.state = SCAN_LINE_START;
	}
	return p->body.n ? HTTP1_BODY : HTTP1_MORE;
}

static enum http1_event parse_trailer(struct http1_parser *p, struct slice in, size_t *used)
{
	const char *why = NULL;
	enum http1_event event =
		feed_section(p, &p->trailer, HTTP1_TRAILER_MAX, &p->complete, in, used);
	int status;

	if (event == HTTP1_MORE && p->trailer.n == HTTP1_TRAILER_MAX)
		return fail(p, 431, "the trailer fields are too long");
	if (event != HTTP1_END)
		return event;
	status = http1_check_trailer(strbuf_slice(&p->trailer), &why);
	if (status)
		return fail(p, status, why);
	p->phase = PHASE_DONE;
	return HTTP1_END;
}

/* All of a body of known length is there; the end of a chunked one is the trailer's. */
static bool body_complete(const struct http1_parser *p)
{
	return !p->head.chunked && p->body_n == p->head.content_length;
}

enum http1_event http1_parse(struct http1_parser *p, struct slice in, size_t *used)
{
	enum http1_event event = HTTP1_MORE;
	size_t more = 0;

	*used = 0;
	if (p->phase == PHASE_FAILED)
		return HTTP1_ERROR;
	if (p->phase == PHASE_READY)
		p->phase = PHASE_BODY;
	if (p->phase == PHASE_BODY && body_complete(p))
		p->phase = PHASE_DONE;
	if (p->phase == PHASE_DONE)
		return HTTP1_END;
	if (p->phase == PHASE_HEAD && in.n)
		return parse_head(p, in, used);
	if (p->phase == PHASE_BODY && in.n)
		event = parse_body(p, in, used);
	in = slice_skip(in, *used);
	if (p->phase == PHASE_TRAILER && event == HTTP1_MORE && in.n)
		event = parse_trailer(p, in, &more);
	*used += more;
	return event;
}

const struct http1_head *http1_head(const struct http1_parser *p)
{
	INVARIANT(p->fields);
	return &p->head;
}

struct slice http1_body(const struct http1_parser *p)
{
	return p->body;
}

int http1_status(const struct http1_parser *p)
{
	return p->status;
}

const char *http1_why(const struct http1_parser *p)
{
	return p->why ? p->why : "";
}
