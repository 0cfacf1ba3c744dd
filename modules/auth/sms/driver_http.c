/*
 * driver_http.c: messages as HTTP calls to a provider, whatever its API looks like: method, URL,
 * headers and body are templates of the INI file (template.h).
 *
 * 2xx: sent. 408 and 429: later. Any other 4xx: never. Everything else (5xx, no connection, no
 * answer in time) may or may not have been sent: later, with the same {id}, by which a provider can
 * know it again. What a provider says beyond its status is read and thrown away: it may repeat the
 * text.
 *
 * On a worker of "net"; one call at a time on each.
 */
#include "hearth/fetch.h"
#include "hearth/log.h"
#include "sms/sms_private.h"
#include "sms/template.h"

#define WHOLE_MS   15000
#define ANSWER_MAX (256u << 10) /* bytes of a body that are read */

static const char *const places[] = { "to", "text", "id", NULL };

/* ---- settings ---- */

static void check_places(
	const struct config *c, const char *key, const char *text, struct strbuf *errors)
{
	struct slice unknown = template_unknown(text, places);

	if (unknown.n)
		config_blame(c, "auth", key, errors,
			"found {%.*s}: there are {to}, {text} and {id}", SLICE_ARG(unknown));
}

static bool are_headers(const char *headers)
{
	struct slice rest = slice_str(headers);
	struct template_header h;
	int rc;

	while ((rc = template_header_next(&rest, &h)) > 0)
		;
	return rc == 0;
}

static bool has(const struct sms *s, const char *place)
{
	return template_has(s->url, place) || template_has(s->body, place) ||
	       template_has(s->headers, place);
}

static bool is_tls(const struct sms *s)
{
	return slice_istarts(slice_str(s->url), SLICE("https://"));
}

/* Looks at the URL as it will be for some message. */
static bool is_url(const struct sms *s)
{
	const struct template_value values[] = { { "to", SLICE("+12125550123") },
		{ "text", SLICE("123456") }, { "id", SLICE("0") }, { NULL, { 0 } } };
	struct arena *a = arena_new();
	struct strbuf url = { 0 };
	struct fetch_url parts;
	bool good;

	template_render(&url, s->url, TEMPLATE_URL, values);
	good = fetch_url_read(a, url.p ? url.p : "", &parts) == 0;
	strbuf_free(&url);
	arena_free(&a);
	return good;
}

void sms_http_check(const struct sms *s, const struct config *c, struct strbuf *errors)
{
	if (!s->url[0])
		config_blame(c, "auth", "sms_url", errors,
			"is empty, and sms_driver is http: give the provider's URL");
	else if (!is_url(s))
		config_blame(c, "auth", "sms_url", errors,
			"found \"%s\", expected a URL of https (or http)", s->url);
	check_places(c, "sms_url", s->url, errors);
	check_places(c, "sms_body", s->body, errors);
	check_places(c, "sms_headers", s->headers, errors);
	if (!are_headers(s->headers))
		config_blame(c, "auth", "sms_headers", errors,
			"found \"%s\", expected Name: value | Name: value", s->headers);
	if (!has(s, "to") || !has(s, "text"))
		config_blame(c, "auth", "sms_body", errors,
			"{to} and {text} must stand in it, or in sms_url");
	if (strcmp(s->method, "GET") == 0 && s->body[0])
		config_blame(c, "auth", "sms_body", errors, "sms_method GET has no body");
}

void sms_http_open(const struct sms *s)
{
	if (!is_tls(s))
		log_warn("sms", "[auth] sms_url is not https: codes are sent in clear", NULL);
}

/* ---- a call ---- */

#define HEADERS_MAX 32 /* of the INI file that are sent */

/* Writes the headers, and finds what the body's values are to be escaped for. */
static enum template_escape write_headers(const char *headers[HEADERS_MAX + 1], const struct sms *s,
	const struct template_value *values, struct arena *a)
{
	struct slice rest = slice_str(s->headers), type = { 0 };
	struct template_header h;
	struct strbuf line = { 0 };
	size_t n = 0;

	while (n < HEADERS_MAX && template_header_next(&rest, &h) > 0) {
		strbuf_reset(&line);
		strbuf_add(&line, h.name);
		strbuf_adds(&line, ": ");
		template_render(&line, arena_strdup(a, h.value), TEMPLATE_HEADER, values);
		headers[n++] = arena_strdup(a, strbuf_slice(&line));
		if (slice_ieq(h.name, SLICE("Content-Type")))
			type = h.value;
	}
	headers[n] = NULL;
	strbuf_free(&line);
	return template_escape_of(type);
}

static struct slice render(const char *template, enum template_escape escape,
	const struct template_value *values, struct arena *a)
{
	struct strbuf out = { 0 };
	struct slice text;

	template_render(&out, template, escape, values);
	text = arena_slice(a, strbuf_slice(&out));
	strbuf_free(&out);
	return text;
}

static bool is_stopping(const void *arg)
{
	return sms_stopping(arg);
}

/* A status that came counts, also when what follows it broke off. */
static enum sms_outcome judge(int status)
{
	if (status >= 200 && status < 300)
		return SMS_SENT;
	if (status >= 400 && status < 500 && status != 408 && status != 429)
		return SMS_REFUSED;
	return SMS_LATER;
}

enum sms_outcome sms_http_send(
	const struct sms *s, const struct sms_outgoing *m, struct arena *a, const char **why)
{
	const struct template_value values[] = { { "to", slice_str(m->to) }, { "text", m->text },
		{ "id", slice_str(m->name) }, { NULL, { 0 } } };
	const char *headers[HEADERS_MAX + 1];
	struct fetch_request rq = { .method = s->method,
		.headers = headers,
		.body_max = ANSWER_MAX,
		.patience_ms = WHOLE_MS,
		.plain = true,
		.anywhere = true, /* a gateway on the own network is the administrator's choice */
		.stopping = is_stopping,
		.stopping_arg = s };
	struct fetch_answer answer;

	rq.body = render(s->body, write_headers(headers, s, values, a), values, a);
	rq.url = arena_strdup(a, render(s->url, TEMPLATE_URL, values, a));
	if (s->user[0] || s->password[0]) {
		rq.user = s->user;
		rq.password = s->password;
	}
	fetch_wait(&rq, a, &answer);
	*why = answer.status ? arena_printf(a, "status %d", answer.status) : answer.why;
	return judge(answer.status);
}
