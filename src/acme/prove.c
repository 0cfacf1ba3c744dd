/*
 * prove.c: a CA wants to see that each name of an order leads here (RFC 8555 7.5): the answer is readied,
 * the CA is told, and its word is waited for. On a worker.
 *
 * States are looked at by asking again, soon at first and then less often, as the CA wants it
 * (Retry-After), for STAGE_MS at most a stage.
 */
#include <openssl/sha.h>
#include <stdio.h>

#include "acme/jws.h"
#include "acme/order_steps.h"
#include "hearth/clock.h"
#include "hearth/error.h"

#define STAGE_MS    INT64_C(180000)
#define LOOK_MAX_MS INT64_C(10000)

int acme_look_again(struct acme_client *c, int64_t begun_ms, int64_t *pause_ms)
{
	int64_t wait = c->retry_after_s > 0 ? c->retry_after_s * 1000 : *pause_ms;

	if (clock_mono_ms() - begun_ms > STAGE_MS)
		return HEARTH_ETIMEOUT;
	*pause_ms = *pause_ms * 2 > LOOK_MAX_MS ? LOOK_MAX_MS : *pause_ms * 2;
	return client_pause(c, wait > 3 * LOOK_MAX_MS ? 3 * LOOK_MAX_MS : wait);
}

static int read_authorization(struct acme_job *j, const char *url, struct acme_authorization *out)
{
	struct fetch_answer answer;
	int rc = client_post(&j->client, url, (struct slice){ 0 }, &answer);

	if (rc == 0 && acme_read_authorization(j->client.arena, answer.body, out) < 0)
		rc = client_fail(&j->client, "the CA's authorization cannot be read");
	return rc;
}

/* What is wrong, and what to look at. */
static int tell_refused(struct acme_job *j, const struct acme_authorization *a, enum acme_way way)
{
	const char *advice =
		way == ACME_BY_HTTP
			? arena_printf(j->client.arena,
				  "it asks for http://%s/.well-known/acme-challenge/: the name "
				  "must "
				  "lead to this machine, and port 80 to [listen] http",
				  a->name)
			: arena_printf(j->client.arena,
				  "it connects to %s, port 443: the name must lead to this "
				  "machine, "
				  "and that port to [listen] https, without a proxy between that "
				  "ends TLS",
				  a->name);

	if (strcmp(a->problem.type, "caa") == 0)
		advice = "the name's CAA records in the DNS name other authorities";
	snprintf(j->refused, sizeof(j->refused), "%s", a->name);
	j->client.problem = a->problem;
	client_fail(&j->client, "the CA could not confirm %s: %s; %s", a->name,
		*a->problem.detail ? a->problem.detail : "it gives no reason", advice);
	return HEARTH_EDENIED;
}

/* Readies the answer, says so, and waits for the CA's word (7.5.1, 8). */
static int prove(struct acme_job *j, const char *url, struct acme_authorization *a)
{
	struct acme_client *c = &j->client;
	enum acme_way way =
		(j->way == ACME_BY_TLS && a->alpn.url) || !a->http.url ? ACME_BY_TLS : ACME_BY_HTTP;
	const struct acme_challenge *challenge = way == ACME_BY_TLS ? &a->alpn : &a->http;
	int64_t begun_ms = clock_mono_ms(), pause_ms = ACME_LOOK_FIRST_MS;
	unsigned char digest[ACME_DIGEST];
	struct strbuf text = { 0 };
	struct fetch_answer answer;
	int rc = 0;

	if (!challenge->url)
		return client_fail(c,
			"the CA wants %s proven in a way that is not known here "
			"(neither http-01 nor tls-alpn-01)",
			a->name);
	strbuf_printf(&text, "%s.", challenge->token);
	jws_thumbprint(c->key, &text);
	if (way == ACME_BY_TLS) {
		SHA256((const unsigned char *)text.p, text.n, digest);
		rc = acme_store_challenge(&j->store, a->name, digest);
	}
	strbuf_free(&text);
	if (rc == 0 && challenge->state == ACME_PENDING)
		rc = client_post(c, challenge->url, SLICE("{}"), &answer);
	while (rc == 0) {
		rc = read_authorization(j, url, a);
		if (rc < 0 || a->state == ACME_VALID)
			return rc;
		if (a->state == ACME_INVALID)
			return tell_refused(j, a, way);
		rc = acme_look_again(c, begun_ms, &pause_ms);
	}
	return rc == HEARTH_ETIMEOUT ? client_fail(c, "the CA does not come to look at %s", a->name)
				     : rc;
}

int acme_prove_all(struct acme_job *j, const struct acme_order *order)
{
	struct acme_authorization a = { 0 };
	int rc = acme_store_challenges_end(&j->store); /* of before a crash */

	for (size_t i = 0; i < order->count && rc == 0; i++) {
		rc = read_authorization(j, order->authorizations[i], &a);
		if (rc == 0 && a.state == ACME_PENDING)
			rc = prove(j, order->authorizations[i], &a);
		else if (rc == 0 && a.state == ACME_INVALID)
			rc = tell_refused(j, &a, j->way);
	}
	acme_store_challenges_end(&j->store);
	return rc;
}
