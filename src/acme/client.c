/*
 * client.c: signed requests to a CA (client.h).
 *
 * A nonce is good for one request; each answer brings the next one. One that the CA does not take any
 * more (badNonce) is no failure: the same request goes out again with the nonce that came with the
 * refusal (RFC 8555 6.5), some times.
 *
 * On a worker. Bounds: BODY_MAX of an answer, PATIENCE_MS for each request.
 */
#include "acme/client.h"

#include <stdio.h>
#include <time.h>

#include "acme/jws.h"
#include "hearth/clock.h"
#include "hearth/error.h"

#define BODY_MAX    (256u << 10) /* a chain of certificates is some KiB */
#define PATIENCE_MS 30000
#define NONCES_MAX  20 /* a CA for tests refuses many on purpose */
#define STEP_MS     100

static bool is_stopping(const void *arg)
{
	const struct acme_client *c = arg;

	return atomic_load(c->stop);
}

int client_pause(const struct acme_client *c, int64_t ms)
{
	struct timespec step = { .tv_nsec = STEP_MS * 1000000L };

	for (int64_t end = clock_mono_ms() + ms; clock_mono_ms() < end;) {
		if (is_stopping(c))
			return HEARTH_ECLOSED;
		nanosleep(&step, NULL);
	}
	return is_stopping(c) ? HEARTH_ECLOSED : 0;
}

int client_fail(struct acme_client *c, const char *format, ...)
{
	char text[1024];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	c->why = arena_strdup(c->arena, slice_str(text));
	return HEARTH_EIO;
}

static struct fetch_request request_of(
	const struct acme_client *c, const char *method, const char *url)
{
	return (struct fetch_request){ .method = method,
		.url = url,
		.body_max = BODY_MAX,
		.patience_ms = PATIENCE_MS,
		.anywhere = true, /* the administrator named it */
		.ca = c->ca,
		.stopping = is_stopping,
		.stopping_arg = c };
}

/* Takes the next nonce from an answer; a nonce is base64url (RFC 8555 6.5.1). */
static void take_nonce(struct acme_client *c, const struct fetch_answer *answer)
{
	struct slice nonce = fetch_header(answer, "Replay-Nonce");

	c->nonce = NULL;
	if (nonce.n == 0 || nonce.n > ACME_TOKEN_MAX)
		return;
	for (size_t i = 0; i < nonce.n; i++)
		if (nonce.p[i] <= ' ' || nonce.p[i] > '~' || nonce.p[i] == '"' ||
			nonce.p[i] == '\\')
			return;
	c->nonce = arena_strdup(c->arena, nonce);
}

/* What an answer means: 0, or why it is none. */
static int judge(struct acme_client *c, const struct fetch_answer *answer)
{
	c->problem = (struct acme_problem){ "", "" };
	c->retry_after_s = 0;
	c->status = answer->error ? 0 : answer->status;
	if (atomic_load(c->stop))
		return HEARTH_ECLOSED;
	if (answer->error)
		return client_fail(
			c, "%s: %s", answer->url ? answer->url : c->directory, answer->why);
	c->retry_after_s =
		acme_read_retry_after(fetch_header(answer, "Retry-After"), clock_wall_s());
	if (answer->status >= 200 && answer->status < 300)
		return 0;
	acme_read_problem(c->arena, answer->body, &c->problem);
	if (!*c->problem.type)
		return client_fail(c, "%s: status %d", answer->url, answer->status);
	client_fail(c, "%s (%s)", c->problem.detail, c->problem.type);
	return HEARTH_EDENIED;
}

bool client_is_for_now(const struct acme_client *c)
{
	return c->status == 0 || c->status == 408 || c->status == 429 || c->status >= 500 ||
	       (c->status >= 400 && strcmp(c->problem.type, "badNonce") == 0);
}

int client_open(struct acme_client *c)
{
	struct fetch_request rq = request_of(c, "GET", c->directory);
	struct fetch_answer answer;
	int rc;

	rq.redirects = 3;
	fetch_wait(&rq, c->arena, &answer);
	rc = judge(c, &answer);
	if (rc == HEARTH_EDENIED)
		return HEARTH_EIO;
	if (rc == 0 && acme_read_directory(c->arena, answer.body, &c->urls) < 0)
		return client_fail(c, "%s: this is no ACME directory", c->directory);
	return rc;
}

int client_get(struct acme_client *c, const char *url, struct fetch_answer *answer)
{
	struct fetch_request rq = request_of(c, "GET", url);

	fetch_wait(&rq, c->arena, answer);
	return judge(c, answer);
}

static int fetch_nonce(struct acme_client *c)
{
	struct fetch_request rq = request_of(c, "HEAD", c->urls.new_nonce);
	struct fetch_answer answer;
	int rc;

	fetch_wait(&rq, c->arena, &answer);
	rc = judge(c, &answer);
	if (rc < 0)
		return rc == HEARTH_EDENIED ? HEARTH_EIO : rc;
	take_nonce(c, &answer);
	return c->nonce ? 0 : client_fail(c, "%s gives no nonce", c->urls.new_nonce);
}

static int post_once(
	struct acme_client *c, const char *url, struct slice payload, struct fetch_answer *answer)
{
	static const char *const headers[] = { "Content-Type: application/jose+json", NULL };
	struct fetch_request rq = request_of(c, "POST", url);
	struct jws what = { .url = url, .nonce = c->nonce, .kid = c->kid, .payload = payload };
	struct strbuf body = { 0 };

	if (!jws_sign(c->key, &what, &body)) {
		strbuf_free(&body);
		return client_fail(c, "the request cannot be signed");
	}
	rq.headers = headers;
	rq.body = strbuf_slice(&body);
	fetch_wait(&rq, c->arena, answer);
	strbuf_free(&body);
	take_nonce(c, answer);
	return judge(c, answer);
}

int client_post(
	struct acme_client *c, const char *url, struct slice payload, struct fetch_answer *answer)
{
	int rc = 0;

	for (int i = 0; i < NONCES_MAX; i++) {
		rc = c->nonce ? 0 : fetch_nonce(c);
		if (rc == 0)
			rc = post_once(c, url, payload, answer);
		if (rc != HEARTH_EDENIED || strcmp(c->problem.type, "badNonce") != 0)
			return rc;
	}
	return rc;
}
