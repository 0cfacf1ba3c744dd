/*
 * reply.c: answers. Each http_reply call claims the request, sends one head and perhaps a body, and
 * ends with request_done, which frees the request. On the loop.
 */
#include "http/http_internal.h"

#include "hearth/clock.h"
#include "hearth/log.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define GZIP_MIN 1024   /* bytes below which compressing gains nothing */
#define GZIP_MAX 262144 /* and above which it holds up the loop for too long */
#define REPLY_MS 30000  /* the client must take some of the answer within this */

/* ---- headers ---- */

/* A token of RFC 9110 section 5.6.2. */
static bool name_valid(const char *name)
{
	for (const char *p = name; *p; p++)
		if (*p <= 0x20 || *p >= 0x7F || strchr("\"(),/:;<=>?@[\\]{}", *p))
			return false;
	return *name != '\0';
}

static bool value_valid(const char *value)
{
	for (const char *p = value; *p; p++)
		if (((unsigned char)*p < 0x20 && *p != '\t') || *p == 0x7F)
			return false;
	return true;
}

void http_set_header(struct http_request *rq, const char *name, const char *value)
{
	struct http_added *h;

	if (!name_valid(name) || !value_valid(value)) {
		log_error("http", "invalid response header not sent", "name", "%s", name, NULL);
		return;
	}
	h = ARENA_NEW(rq->arena, struct http_added);
	h->name = arena_strdup(rq->arena, slice_str(name));
	h->value = arena_strdup(rq->arena, slice_str(value));
	*rq->added_last = h;
	rq->added_last = &h->next;
}

const char *request_added(const struct http_request *rq, const char *name)
{
	for (const struct http_added *h = rq->added; h; h = h->next)
		if (slice_ieq(slice_str(h->name), slice_str(name)))
			return h->value;
	return NULL;
}

/* The handler's own ETag, taken off the list: it goes out as that of the representation chosen. */
static const char *take_etag(struct http_request *rq)
{
	for (struct http_added **at = &rq->added; *at; at = &(*at)->next) {
		const char *value = (*at)->value;

		if (!slice_ieq(slice_str((*at)->name), SLICE("ETag")))
			continue;
		if (rq->added_last == &(*at)->next)
			rq->added_last = at;
		*at = (*at)->next;
		return value;
	}
	return NULL;
}

/* cookie-octet of RFC 6265 section 4.1.1. */
static bool is_cookie_value(struct slice value)
{
	for (size_t i = 0; i < value.n; i++)
		if (value.p[i] <= 0x20 || value.p[i] >= 0x7F || strchr("\",;\\", value.p[i]))
			return false;
	return true;
}

void http_set_cookie(struct http_request *rq, const char *name, struct slice value,
	const char *path, int64_t max_age_s)
{
	if (!name_valid(name) || !is_cookie_value(value) || strchr(path, ';')) {
		log_error("http", "invalid cookie not sent", "name", "%s", name, NULL);
		return;
	}
	http_set_header(rq, "Set-Cookie",
		arena_printf(rq->arena, "%s=%.*s; HttpOnly; SameSite=Lax; Path=%s; Max-Age=%lld%s",
			name, SLICE_ARG(value), path, (long long)(value.n ? max_age_s : 0),
			rq->peer->tls ? "; Secure" : ""));
}

void http_set_session(struct http_request *rq, struct slice token, int64_t max_age_s)
{
	http_set_cookie(rq, HTTP_SESSION_COOKIE, token, "/", max_age_s);
}

/* "Sun, 06 Nov 1994 08:49:37 GMT", made once a second. */
static const char *date_now(void)
{
	static char text[40];
	static int64_t second = -1;
	int64_t now = clock_wall_s();

	if (now != second) {
		time_t t = (time_t)now;
		struct tm utc;

		gmtime_r(&t, &utc);
		strftime(text, sizeof(text), "%a, %d %b %Y %H:%M:%S GMT", &utc);
		second = now;
	}
	return text;
}

/* What a handler may set otherwise. */
static void add_defaults(struct strbuf *out, const struct http_request *rq)
{
	static const struct {
		const char *name, *value;
	} defaults[] = {
		{ "X-Content-Type-Options", "nosniff" },
		{ "Referrer-Policy", "same-origin" },
		{ "Content-Security-Policy", "frame-ancestors 'self'" },
	};

	const char *hsts = rq->head ? site_hsts(rq) : NULL;

	if (hsts)
		strbuf_printf(out, "Strict-Transport-Security: %s\r\n", hsts);
	for (size_t i = 0; i < sizeof(defaults) / sizeof(defaults[0]); i++)
		if (!request_added(rq, defaults[i].name))
			strbuf_printf(out, "%s: %s\r\n", defaults[i].name, defaults[i].value);
	if (!request_added(rq, "Cache-Control"))
		strbuf_adds(
			out, rq->match.route && http_route_access(rq->match.route) == HTTP_PUBLIC
				     ? "Cache-Control: no-cache\r\n"
				     : "Cache-Control: private, no-cache\r\n");
}

bool reply_claim(struct http_request *rq)
{
	INVARIANT(!rq->replied);
	rq->replied = true;
	rq->held = false;
	timer_stop(&rq->timer);
	if (!rq->session) {
		request_free(rq);
		return false;
	}
	/* Not all of the request was read: where the next one begins is not known. */
	if (rq->phase < HTTP_HANDLING && (!rq->head || rq->head->has_body))
		rq->keep_alive = false;
	rq->phase = HTTP_REPLYING;
	conn_set_timeout(rq->session->c, REPLY_MS);
	return true;
}

void reply_head(struct http_request *rq, int status, const char *type, int64_t length)
{
	struct strbuf out = { 0 };

	INVARIANT(rq->replied && rq->session && status >= 200 && status <= 599);
	rq->status = status;
	rq->keep_alive = rq->keep_alive && !rq->server->draining;
	strbuf_reserve(&out, 500);
	strbuf_printf(
		&out, "HTTP/1.1 %d %s\r\nDate: %s\r\n", status, http_phrase(status), date_now());
	if (type)
		strbuf_printf(&out, "Content-Type: %s\r\n", type);
	if (length >= 0)
		strbuf_printf(&out, "Content-Length: %lld\r\n", (long long)length);
	for (const struct http_added *h = rq->added; h; h = h->next)
		strbuf_printf(&out, "%s: %s\r\n", h->name, h->value);
	add_defaults(&out, rq);
	if (!rq->keep_alive)
		strbuf_adds(&out, "Connection: close\r\n");
	else if (rq->head->minor == 0)
		strbuf_adds(&out, "Connection: keep-alive\r\n");
	strbuf_adds(&out, "\r\n");
	request_send(rq, strbuf_slice(&out));
	strbuf_free(&out);
}

/* ---- simple answers ---- */

void http_reply_empty(struct http_request *rq, int status)
{
	if (!reply_claim(rq))
		return;
	/* 204 and 304 have no body by definition; the others say that theirs is empty. */
	reply_head(rq, status, NULL, status == 204 || status == 304 ? -1 : 0);
	request_done(rq);
}

static void reply_plain(struct http_request *rq, int status, const char *type, struct buf *body)
{
	reply_head(rq, status, type, (int64_t)body->n);
	if (!rq->head_only)
		request_send_buf(rq, body);
	request_done(rq);
}

/* ---- the answer to GET ---- */

void reply_representation(struct http_request *rq, const struct http_representation *r)
{
	/* A range is of the plain bytes: it is what a player or a download asks for. */
	bool gzip = r->gzip && http_takes_gzip(rq) && !http_header(rq, "Range").p;
	struct buf *bytes = gzip ? r->gzip : r->plain;
	/* Another encoding is another representation, with another strong ETag. */
	const char *etag =
		gzip ? arena_printf(rq->arena, "%.*s-gz\"", (int)strlen(r->etag) - 1, r->etag)
		     : r->etag;
	struct http_choice choice = http_choose(rq, etag, bytes->n);
	struct buf *part;

	http_set_header(rq, "ETag", etag);
	if (r->vary)
		http_set_header(rq, "Vary", "Accept-Encoding");
	if (choice.status == 304) {
		reply_head(rq, 304, NULL, -1);
		request_done(rq);
		return;
	}
	http_set_header(rq, "Accept-Ranges", "bytes");
	if (choice.status == 416) {
		http_set_header(
			rq, "Content-Range", arena_printf(rq->arena, "bytes */%zu", bytes->n));
		reply_head(rq, 416, NULL, 0);
		request_done(rq);
		return;
	}
	if (gzip)
		http_set_header(rq, "Content-Encoding", "gzip");
	if (choice.status == 206)
		http_set_header(rq, "Content-Range",
			arena_printf(rq->arena, "bytes %llu-%llu/%zu",
				(unsigned long long)choice.from,
				(unsigned long long)(choice.from + choice.n - 1), bytes->n));
	INVARIANT(choice.from <= bytes->n && choice.n <= bytes->n - choice.from);
	part = buf_part(bytes, choice.from, choice.n);
	reply_plain(rq, choice.status, r->type, part);
	buf_unref(&part);
}

/* A strong ETag: the beginning of the bytes' SHA-256. */
static const char *etag_of(struct arena *a, struct slice bytes)
{
	static EVP_MD *sha256;
	unsigned char hash[EVP_MAX_MD_SIZE];
	char hex[33];

	if (!sha256)
		sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
	INVARIANT(EVP_Digest(bytes.p ? bytes.p : "", bytes.n, hash, NULL, sha256, NULL) == 1);
	hex_encode(hash, 16, hex);
	return arena_printf(a, "\"%s\"", hex);
}

void http_reply(struct http_request *rq, int status, const char *type, struct buf *body)
{
	struct http_representation r = { .type = type, .plain = body };

	if (!reply_claim(rq))
		return;
	if (status != 200 || rq->method != HTTP_GET) {
		reply_plain(rq, status, type, body);
		return;
	}
	r.vary = http_compressible(type) && body->n >= GZIP_MIN &&
		 !request_added(rq, "Content-Encoding");
	if (r.vary && body->n <= GZIP_MAX && http_takes_gzip(rq) && !http_header(rq, "Range").p)
		r.gzip = http_gzip(buf_slice(body));
	r.etag = take_etag(rq);
	if (!r.etag)
		r.etag = etag_of(rq->arena, buf_slice(body));
	reply_representation(rq, &r);
	buf_unref(&r.gzip);
}

void http_reply_json(struct http_request *rq, int status, struct strbuf *json)
{
	struct buf *body = buf_from_strbuf(json);

	http_reply(rq, status, "application/json", body);
	buf_unref(&body);
}
