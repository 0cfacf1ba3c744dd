/*
 * messages.c: reading what a CA answers (messages.h). Pure.
 */
#include "acme/messages.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "hearth/error.h"
#include "hearth/json.h"

#define URL_MAX       2048
#define RETRY_MAX_S   INT64_C(604800) /* a week */
#define CHALLENGE_MAX 32              /* of an authorization that are looked at */

/* A member that is a URL we may be sent to; NULL when it is none. */
static const char *get_url(struct arena *a, const struct json *o, const char *name)
{
	struct slice text;

	if (json_get_text(o, name, &text) < 0 || text.n > URL_MAX ||
		!slice_starts(text, SLICE("https://")))
		return NULL;
	for (size_t i = 0; i < text.n; i++)
		if (text.p[i] <= ' ' || text.p[i] > '~')
			return NULL;
	return arena_strdup(a, text);
}

/* One line for people and the log, whatever it was. */
static const char *get_line(struct arena *a, const struct json *o, const char *name)
{
	struct slice text = { 0 };
	char *line;

	json_get_text(o, name, &text);
	line = arena_strdup(a, slice_head(text, ACME_TEXT_MAX));
	for (char *p = line; *p; p++)
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			*p = ' ';
	return line;
}

static void read_problem(struct arena *a, const struct json *o, struct acme_problem *out)
{
	static const char prefix[] = "urn:ietf:params:acme:error:";

	out->type = get_line(a, o, "type");
	if (slice_starts(slice_str(out->type), SLICE(prefix)))
		out->type += sizeof(prefix) - 1;
	out->detail = get_line(a, o, "detail");
}

void acme_read_problem(struct arena *a, struct slice body, struct acme_problem *out)
{
	struct json *o = NULL;

	if (json_read(a, body, &o, NULL) < 0)
		o = NULL;
	read_problem(a, o, out);
}

static enum acme_state get_state(const struct json *o)
{
	static const struct {
		const char *name;
		enum acme_state state;
	} states[] = { { "pending", ACME_PENDING }, { "ready", ACME_READY },
		{ "processing", ACME_PROCESSING }, { "valid", ACME_VALID } };
	struct slice text = { 0 };

	json_get_text(o, "status", &text);
	for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++)
		if (slice_eq(text, slice_str(states[i].name)))
			return states[i].state;
	return ACME_INVALID;
}

/* The first of a list of names, if it is a host name: it goes into a DNS record. */
static const char *get_issuer(struct arena *a, const struct json *list)
{
	struct slice text = { 0 };

	if (list && list->type == JSON_ARRAY && list->child && list->child->type == JSON_STRING)
		text = list->child->text;
	for (size_t i = 0; i < text.n; i++)
		if (text.n > 253 || !strchr("abcdefghijklmnopqrstuvwxyz0123456789-.", text.p[i]))
			return "";
	return arena_strdup(a, text);
}

int acme_read_directory(struct arena *a, struct slice body, struct acme_directory *out)
{
	const struct json *meta;
	struct json *o = NULL;

	*out = (struct acme_directory){ 0 };
	if (json_read(a, body, &o, NULL) < 0)
		return HEARTH_EINVAL;
	out->new_nonce = get_url(a, o, "newNonce");
	out->new_account = get_url(a, o, "newAccount");
	out->new_order = get_url(a, o, "newOrder");
	out->renewal_info = get_url(a, o, "renewalInfo");
	meta = json_get(o, "meta");
	if (json_get(meta, "termsOfService"))
		out->terms = get_line(a, meta, "termsOfService");
	out->issuer = get_issuer(a, json_get(meta, "caaIdentities"));
	json_get_bool(meta, "externalAccountRequired", &out->binding);
	return out->new_nonce && out->new_account && out->new_order ? 0 : HEARTH_EINVAL;
}

int acme_read_order(struct arena *a, struct slice body, struct acme_order *out)
{
	const struct json *list, *error;
	struct json *o = NULL;

	*out = (struct acme_order){ 0 };
	if (json_read(a, body, &o, NULL) < 0 || o->type != JSON_OBJECT)
		return HEARTH_EINVAL;
	out->state = get_state(o);
	out->finalize = get_url(a, o, "finalize");
	out->certificate = get_url(a, o, "certificate");
	error = json_get(o, "error");
	out->failed = error && error->type == JSON_OBJECT;
	read_problem(a, error, &out->problem);
	list = json_get(o, "authorizations");
	if (!list || list->type != JSON_ARRAY || list->count > ACME_NAMES_MAX || !out->finalize)
		return HEARTH_EINVAL;
	for (const struct json *i = list->child; i; i = i->next) {
		/* An element as a member of its own, so that it is held to the same. */
		struct json element = *i, holder = { .type = JSON_OBJECT, .child = &element };
		const char *url;

		element.name = SLICE("url");
		element.next = NULL;
		holder.count = 1;
		url = get_url(a, &holder, "url");
		if (!url)
			return HEARTH_EINVAL;
		out->authorizations[out->count++] = url;
	}
	return 0;
}

/* The token goes into a path and an answer of ours: base64url alone (RFC 8555 8.3). */
static const char *get_token(struct arena *a, const struct json *o)
{
	struct slice token;

	if (json_get_text(o, "token", &token) < 0 || token.n == 0 || token.n > ACME_TOKEN_MAX)
		return NULL;
	for (size_t i = 0; i < token.n; i++) {
		char c = token.p[i];

		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
			    c == '-' || c == '_'))
			return NULL;
	}
	return arena_strdup(a, token);
}

static void read_challenge(struct arena *a, const struct json *o, struct acme_challenge *out)
{
	const char *token = get_token(a, o), *url = get_url(a, o, "url");

	if (token && url)
		*out = (struct acme_challenge){ url, token, get_state(o) };
}

int acme_read_authorization(struct arena *a, struct slice body, struct acme_authorization *out)
{
	const struct json *list;
	struct json *o = NULL;
	int looked = 0;

	*out = (struct acme_authorization){ .problem = { "", "" } };
	if (json_read(a, body, &o, NULL) < 0 || o->type != JSON_OBJECT)
		return HEARTH_EINVAL;
	out->state = get_state(o);
	out->name = get_line(a, json_get(o, "identifier"), "value");
	list = json_get(o, "challenges");
	if (!list || list->type != JSON_ARRAY || !*out->name)
		return HEARTH_EINVAL;
	for (const struct json *i = list->child; i && looked++ < CHALLENGE_MAX; i = i->next) {
		const struct json *error = json_get(i, "error");
		struct slice type = { 0 };

		json_get_text(i, "type", &type);
		if (slice_eq(type, SLICE("http-01")))
			read_challenge(a, i, &out->http);
		else if (slice_eq(type, SLICE("tls-alpn-01")))
			read_challenge(a, i, &out->alpn);
		if (error && error->type == JSON_OBJECT) {
			out->failed = true;
			read_problem(a, error, &out->problem);
		}
	}
	return 0;
}

int64_t acme_read_retry_after(struct slice value, int64_t now_s)
{
	struct tm tm = { 0 };
	char text[64];
	uint64_t seconds;
	int64_t wait = 0;

	value = slice_trim(value);
	if (slice_u64(value, UINT32_MAX, &seconds) == 0) {
		wait = (int64_t)seconds;
	} else if (value.n < sizeof(text)) {
		snprintf(text, sizeof(text), "%.*s", SLICE_ARG(value));
		if (strptime(text, "%a, %d %b %Y %H:%M:%S GMT", &tm))
			wait = (int64_t)timegm(&tm) - now_s;
	}
	return wait < 0 ? 0 : wait > RETRY_MAX_S ? RETRY_MAX_S : wait;
}

/* "+01:30" or "Z" behind the seconds and their fraction, as minutes; false: neither. */
static bool read_offset(struct slice text, int64_t *minutes)
{
	size_t n = 0;
	uint64_t hour, minute;

	if (text.n && text.p[0] == '.')
		for (n = 1; n < text.n && text.p[n] >= '0' && text.p[n] <= '9'; n++)
			;
	text = slice_skip(text, n);
	*minutes = 0;
	if (n == 1 || slice_eq(text, SLICE("Z")) || slice_eq(text, SLICE("z")))
		return n != 1;
	if (text.n != 6 || !strchr("+-", text.p[0]) || text.p[3] != ':' ||
		slice_u64(slice_of(text.p + 1, 2), 23, &hour) < 0 ||
		slice_u64(slice_of(text.p + 4, 2), 59, &minute) < 0)
		return false;
	*minutes = (int64_t)(hour * 60 + minute) * (text.p[0] == '-' ? -1 : 1);
	return true;
}

/* RFC 3339, in milliseconds, to the second; 0: it is none. */
static int64_t get_time(const struct json *o, const char *name)
{
	struct tm tm = { 0 };
	struct slice text;
	int64_t minutes;
	char copy[20];
	const char *end;

	if (json_get_text(o, name, &text) < 0 || text.n < 20 || text.n > 64 ||
		memchr(text.p, 0, text.n))
		return 0;
	snprintf(copy, sizeof(copy), "%.*s", SLICE_ARG(slice_head(text, 19)));
	end = strptime(copy, "%Y-%m-%dT%H:%M:%S", &tm);
	if (!end || *end || !read_offset(slice_skip(text, 19), &minutes))
		return 0;
	return ((int64_t)timegm(&tm) - minutes * 60) * 1000;
}

int acme_read_window(struct arena *a, struct slice body, struct acme_window *out)
{
	const struct json *window;
	struct json *o = NULL;

	*out = (struct acme_window){ 0 };
	if (json_read(a, body, &o, NULL) < 0 || o->type != JSON_OBJECT)
		return HEARTH_EINVAL;
	window = json_get(o, "suggestedWindow");
	out->start_ms = get_time(window, "start");
	out->end_ms = get_time(window, "end");
	out->explanation = get_url(a, o, "explanationURL");
	return out->start_ms > 0 && out->start_ms < out->end_ms ? 0 : HEARTH_EINVAL;
}
