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
#include <curl/curl.h>

#include "hearth/error.h"
#include "hearth/log.h"
#include "sms/sms_private.h"
#include "sms/template.h"

#define CONNECT_MS 5000L
#define WHOLE_MS   15000L
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
	struct strbuf url = { 0 };
	CURLU *parsed = curl_url();
	bool good;

	template_render(&url, s->url, TEMPLATE_URL, values);
	good = (is_tls(s) || slice_istarts(slice_str(s->url), SLICE("http://"))) && parsed &&
	       curl_url_set(parsed, CURLUPART_URL, url.p, 0) == CURLUE_OK;
	curl_url_cleanup(parsed);
	strbuf_free(&url);
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

int sms_http_open(struct sms *s)
{
	if (!is_tls(s))
		log_warn("sms", "[auth] sms_url is not https: codes are sent in clear", NULL);
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != 0) {
		log_error("sms", "libcurl does not start", NULL);
		return HEARTH_EIO;
	}
	s->curl = true;
	return 0;
}

void sms_http_close(struct sms *s)
{
	if (s->curl)
		curl_global_cleanup();
	s->curl = false;
}

/* ---- a call ---- */

struct call {
	CURL *curl;
	struct curl_slist *headers;
	struct strbuf url, body;
	size_t answered; /* bytes of its body */
	char error[CURL_ERROR_SIZE];
};

static size_t on_answer(char *bytes, size_t size, size_t n, void *arg)
{
	struct call *c = arg;

	(void)bytes;
	(void)size; /* is 1 */
	c->answered += n;
	return c->answered <= ANSWER_MAX ? n : 0;
}

/* Called about once a second while a call waits; anything but 0 ends it. */
static int on_progress(
	void *arg, curl_off_t dltotal, curl_off_t dlnow, curl_off_t ultotal, curl_off_t ulnow)
{
	(void)dltotal;
	(void)dlnow;
	(void)ultotal;
	(void)ulnow;
	return sms_stopping(arg);
}

/* Sets the headers, and finds what the body's values are to be escaped for. */
static enum template_escape set_headers(
	struct call *c, const struct sms *s, const struct template_value *values, struct arena *a)
{
	struct slice rest = slice_str(s->headers), type = { 0 };
	struct template_header h;
	struct strbuf line = { 0 };

	/* Asking first (100-continue) is only another way to wait. */
	c->headers = curl_slist_append(NULL, "Expect:");
	while (template_header_next(&rest, &h) > 0) {
		strbuf_reset(&line);
		strbuf_add(&line, h.name);
		strbuf_adds(&line, ": ");
		template_render(&line, arena_strdup(a, h.value), TEMPLATE_HEADER, values);
		c->headers = curl_slist_append(c->headers, line.p);
		if (slice_ieq(h.name, SLICE("Content-Type")))
			type = h.value;
	}
	strbuf_free(&line);
	curl_easy_setopt(c->curl, CURLOPT_HTTPHEADER, c->headers);
	return template_escape_of(type);
}

static void set_body(struct call *c, const struct sms *s)
{
	if (strcmp(s->method, "GET") == 0)
		return;
	curl_easy_setopt(c->curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)c->body.n);
	curl_easy_setopt(c->curl, CURLOPT_POSTFIELDS, c->body.p ? c->body.p : "");
	curl_easy_setopt(c->curl, CURLOPT_CUSTOMREQUEST, s->method);
}

static void set_bounds(struct call *c, const struct sms *s)
{
	curl_easy_setopt(c->curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(c->curl, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(c->curl, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(c->curl, CURLOPT_SSL_VERIFYPEER, 1L);
	curl_easy_setopt(c->curl, CURLOPT_SSL_VERIFYHOST, 2L);
	curl_easy_setopt(c->curl, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_MS);
	curl_easy_setopt(c->curl, CURLOPT_TIMEOUT_MS, WHOLE_MS);
	curl_easy_setopt(c->curl, CURLOPT_PROXY, ""); /* the environment has no say */
	curl_easy_setopt(c->curl, CURLOPT_WRITEFUNCTION, on_answer);
	curl_easy_setopt(c->curl, CURLOPT_WRITEDATA, c);
	curl_easy_setopt(c->curl, CURLOPT_NOPROGRESS, 0L);
	curl_easy_setopt(c->curl, CURLOPT_XFERINFOFUNCTION, on_progress);
	curl_easy_setopt(c->curl, CURLOPT_XFERINFODATA, s);
	curl_easy_setopt(c->curl, CURLOPT_ERRORBUFFER, c->error);
}

static void prepare(
	struct call *c, const struct sms *s, const struct sms_outgoing *m, struct arena *a)
{
	const struct template_value values[] = { { "to", slice_str(m->to) }, { "text", m->text },
		{ "id", slice_str(m->name) }, { NULL, { 0 } } };

	set_bounds(c, s);
	template_render(&c->url, s->url, TEMPLATE_URL, values);
	curl_easy_setopt(c->curl, CURLOPT_URL, c->url.p);
	template_render(&c->body, s->body, set_headers(c, s, values, a), values);
	set_body(c, s);
	if (s->user[0] || s->password[0]) {
		curl_easy_setopt(c->curl, CURLOPT_HTTPAUTH, CURLAUTH_BASIC);
		curl_easy_setopt(c->curl, CURLOPT_USERNAME, s->user);
		curl_easy_setopt(c->curl, CURLOPT_PASSWORD, s->password);
	}
}

/* A status that came counts, also when what follows it broke off. */
static enum sms_outcome judge(long status)
{
	if (status >= 200 && status < 300)
		return SMS_SENT;
	if (status >= 400 && status < 500 && status != 408 && status != 429)
		return SMS_REFUSED;
	return SMS_LATER;
}

static enum sms_outcome perform(struct call *c, struct arena *a, const char **why)
{
	CURLcode rc = curl_easy_perform(c->curl);
	long status = 0;

	curl_easy_getinfo(c->curl, CURLINFO_RESPONSE_CODE, &status);
	if (status)
		*why = arena_printf(a, "status %ld", status);
	else
		*why = arena_printf(a, "%s", c->error[0] ? c->error : curl_easy_strerror(rc));
	return judge(status);
}

enum sms_outcome sms_http_send(
	const struct sms *s, const struct sms_outgoing *m, struct arena *a, const char **why)
{
	struct call c = { .curl = curl_easy_init() };
	enum sms_outcome outcome;

	if (!c.curl) {
		*why = "libcurl gives no handle";
		return SMS_LATER;
	}
	prepare(&c, s, m, a);
	outcome = perform(&c, a, why);
	curl_easy_cleanup(c.curl);
	curl_slist_free_all(c.headers);
	strbuf_free(&c.url);
	strbuf_free(&c.body);
	return outcome;
}
