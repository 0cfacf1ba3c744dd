/*
 * order.c: the way to a certificate.
 *
 *   account ─▶ order ─▶ each name is proven ─▶ finalize ─▶ download ─▶ stored
 *                │  noted with its key, so that after a crash it is gone on with
 *
 * States are looked at by asking again, soon at first and then less often, as the CA wants it
 * (Retry-After), for STAGE_MS at most a stage. On a worker.
 */
#include "acme/order.h"

#include <stdio.h>

#include "acme/certs.h"
#include "acme/challenge.h"
#include "acme/jws.h"
#include "hearth/clock.h"
#include "hearth/error.h"
#include "hearth/json.h"
#include "hearth/log.h"
#include "hearth/rand.h"
#include "hearth/text.h"

#define STAGE_MS      INT64_C(180000)
#define LOOK_FIRST_MS 250
#define LOOK_MAX_MS   INT64_C(10000)

int64_t acme_renew_ms(int64_t not_before_ms, int64_t not_after_ms)
{
	int64_t life = not_after_ms - not_before_ms;

	return not_before_ms + life / 3 * 2 + (int64_t)rand_below((uint64_t)(life / 30 + 1));
}

/* Whether to ask again: pauses, longer each time. 0, HEARTH_ETIMEOUT, HEARTH_ECLOSED. */
static int look_again(struct acme_client *c, int64_t begun_ms, int64_t *pause_ms)
{
	int64_t wait = c->retry_after_s > 0 ? c->retry_after_s * 1000 : *pause_ms;

	if (clock_mono_ms() - begun_ms > STAGE_MS)
		return HEARTH_ETIMEOUT;
	*pause_ms = *pause_ms * 2 > LOOK_MAX_MS ? LOOK_MAX_MS : *pause_ms * 2;
	return client_pause(c, wait > 3 * LOOK_MAX_MS ? 3 * LOOK_MAX_MS : wait);
}

/* ---- account ---- */

static void write_contact(struct acme_job *j, struct json_writer *w)
{
	if (!*j->email)
		return;
	json_name(w, "contact");
	json_open_array(w);
	json_text(w, slice_str(arena_printf(j->client.arena, "mailto:%s", j->email)));
	json_close_array(w);
}

static int write_binding(struct acme_job *j, struct json_writer *w)
{
	struct strbuf proof = { 0 };
	int rc = 0;

	if (!*j->bind_kid) {
		if (j->client.urls.binding)
			return client_fail(&j->client,
				"this CA takes customers only: set [acme] eab_kid and eab_key to "
				"what it gave you");
		return 0;
	}
	if (jws_bind(j->client.key, j->bind_kid, j->bind_secret, j->client.urls.new_account,
		    &proof)) {
		json_name(w, "externalAccountBinding");
		json_ready(w, strbuf_slice(&proof));
	} else {
		rc = client_fail(&j->client, "[acme] eab_key is no base64url");
	}
	strbuf_free(&proof);
	return rc;
}

/* Makes the account, or finds the one that this key has (7.3). */
static int make_account(struct acme_job *j)
{
	struct acme_client *c = &j->client;
	struct fetch_answer answer;
	struct strbuf body = { 0 }, pem = { 0 };
	struct json_writer w;
	struct slice url;
	int rc;

	c->kid = NULL;
	json_writer_init(&w, &body);
	json_open_object(&w);
	json_put_bool(&w, "termsOfServiceAgreed", true);
	write_contact(j, &w);
	rc = write_binding(j, &w);
	json_close_object(&w);
	if (rc == 0)
		rc = client_post(c, c->urls.new_account, strbuf_slice(&body), &answer);
	strbuf_free(&body);
	if (rc < 0)
		return rc;
	url = fetch_header(&answer, "Location");
	if (url.n == 0)
		return client_fail(c, "the CA gives no account");
	c->kid = arena_strdup(c->arena, url);
	acme_key_write(c->key, &pem);
	rc = acme_store_account(
		&j->store, c->directory, strbuf_slice(&pem), c->kid, j->email, c->urls.issuer);
	strbuf_free(&pem);
	return rc;
}

/* Tells the CA a new address; that it does not like it is no reason to have no certificate. */
static int change_contact(struct acme_job *j)
{
	struct acme_client *c = &j->client;
	struct fetch_answer answer;
	struct strbuf body = { 0 };
	struct json_writer w;
	int rc;

	json_writer_init(&w, &body);
	json_open_object(&w);
	write_contact(j, &w);
	json_close_object(&w);
	rc = client_post(c, c->kid, strbuf_slice(&body), &answer);
	strbuf_free(&body);
	if (rc == 0)
		return acme_store_account(&j->store, c->directory, j->record->account_key, c->kid,
			j->email, c->urls.issuer);
	if (rc == HEARTH_EDENIED && strcmp(c->problem.type, "accountDoesNotExist") != 0)
		rc = 0;
	return rc;
}

static int sign_in(struct acme_job *j)
{
	if (j->client.kid)
		return 0;
	if (!*j->record->account_url)
		return make_account(j);
	j->client.kid = j->record->account_url;
	if (*j->email && strcmp(j->email, j->record->email) != 0)
		return change_contact(j);
	return strcmp(j->client.urls.issuer, j->record->issuer) == 0
		       ? 0
		       : acme_store_account(&j->store, j->client.directory, j->record->account_key,
				 j->client.kid, j->record->email, j->client.urls.issuer);
}

/* ---- order ---- */

static struct slice joined(struct acme_job *j)
{
	struct strbuf text = { 0 };
	struct slice out;

	for (size_t i = 0; i < j->count; i++)
		strbuf_printf(&text, "%s%s", i ? "," : "", j->names[i]);
	out = arena_slice(j->client.arena, strbuf_slice(&text));
	strbuf_free(&text);
	return out;
}

static int read_order(struct acme_job *j, const char *url, struct acme_order *order)
{
	struct fetch_answer answer;
	int rc = client_post(&j->client, url, (struct slice){ 0 }, &answer);

	if (rc == 0 && acme_read_order(j->client.arena, answer.body, order) < 0)
		rc = client_fail(&j->client, "the CA's order cannot be read");
	return rc;
}

static int new_key(struct acme_job *j)
{
	EVP_PKEY *key = acme_key_new();
	bool done = key && acme_key_write(key, &j->key);

	EVP_PKEY_free(key);
	return done ? 0 : client_fail(&j->client, "no key can be made");
}

/* An order for the names, and a key that is for it (7.4). */
static int make_order(struct acme_job *j, const char **url, struct acme_order *order)
{
	struct acme_client *c = &j->client;
	struct fetch_answer answer;
	struct strbuf body = { 0 };
	struct json_writer w;
	int rc;

	json_writer_init(&w, &body);
	json_open_object(&w);
	json_name(&w, "identifiers");
	json_open_array(&w);
	for (size_t i = 0; i < j->count; i++) {
		json_open_object(&w);
		json_put_str(&w, "type", "dns");
		json_put_str(&w, "value", j->names[i]);
		json_close_object(&w);
	}
	json_close_array(&w);
	json_close_object(&w);
	rc = client_post(c, c->urls.new_order, strbuf_slice(&body), &answer);
	strbuf_free(&body);
	if (rc < 0)
		return rc;
	*url = arena_strdup(c->arena, fetch_header(&answer, "Location"));
	if (!**url || acme_read_order(c->arena, answer.body, order) < 0)
		return client_fail(c, "the CA's order cannot be read");
	rc = new_key(j);
	if (rc == 0)
		rc = acme_store_order(
			&j->store, *url, strbuf_slice(&j->key), arena_strdup(c->arena, joined(j)));
	if (rc == 0)
		log_info("acme", "an order is made", "names", "%zu", j->count, NULL);
	return rc;
}

/* The order of before a crash, if it is for the same names and still leads somewhere. */
static bool take_up_order(struct acme_job *j, const char **url, struct acme_order *order)
{
	const struct acme_record *r = j->record;

	if (!*r->order_url || !slice_eq(slice_str(r->order_names), joined(j)) ||
		read_order(j, r->order_url, order) < 0 || order->state == ACME_INVALID)
		return false;
	*url = r->order_url;
	strbuf_add(&j->key, r->order_key);
	log_info("acme", "going on with the order of before", "order", "%s", *url, NULL);
	return true;
}

/* ---- proving names ---- */

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
	int64_t begun_ms = clock_mono_ms(), pause_ms = LOOK_FIRST_MS;
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
	if (way == ACME_BY_TLS && !challenge_set(a->name, text.p))
		rc = client_fail(c, "the certificate for the challenge cannot be made");
	strbuf_free(&text);
	if (rc == 0 && challenge->state == ACME_PENDING)
		rc = client_post(c, challenge->url, SLICE("{}"), &answer);
	while (rc == 0) {
		rc = read_authorization(j, url, a);
		if (rc < 0 || a->state == ACME_VALID)
			return rc;
		if (a->state == ACME_INVALID)
			return tell_refused(j, a, way);
		rc = look_again(c, begun_ms, &pause_ms);
	}
	return rc == HEARTH_ETIMEOUT ? client_fail(c, "the CA does not come to look at %s", a->name)
				     : rc;
}

static int prove_all(struct acme_job *j, const struct acme_order *order)
{
	struct acme_authorization a = { 0 };
	int rc = 0;

	for (size_t i = 0; i < order->count && rc == 0; i++) {
		rc = read_authorization(j, order->authorizations[i], &a);
		if (rc == 0 && a.state == ACME_PENDING)
			rc = prove(j, order->authorizations[i], &a);
		else if (rc == 0 && a.state == ACME_INVALID)
			rc = tell_refused(j, &a, j->way);
	}
	challenge_clear();
	return rc;
}

/* ---- finalize ---- */

static int tell_order_failed(struct acme_job *j, const struct acme_order *order)
{
	j->client.problem = order->problem;
	client_fail(&j->client, "the CA gives no certificate: %s (%s)", order->problem.detail,
		order->problem.type);
	return HEARTH_EDENIED;
}

/* Until the order is in a state to go on from: `past` is over. */
static int wait_order(
	struct acme_job *j, const char *url, struct acme_order *order, enum acme_state past)
{
	int64_t begun_ms = clock_mono_ms(), pause_ms = LOOK_FIRST_MS;
	int rc = 0;

	while (rc == 0 && (order->state == past || order->state == ACME_PROCESSING)) {
		rc = look_again(&j->client, begun_ms, &pause_ms);
		if (rc == 0)
			rc = read_order(j, url, order);
	}
	if (rc == HEARTH_ETIMEOUT)
		return client_fail(&j->client, "the CA does not get on with the order");
	return rc == 0 && order->state == ACME_INVALID ? tell_order_failed(j, order) : rc;
}

static int finalize(struct acme_job *j, struct acme_order *order)
{
	struct acme_client *c = &j->client;
	EVP_PKEY *key = acme_key_read(strbuf_slice(&j->key));
	struct strbuf der = { 0 }, text = { 0 }, body = { 0 };
	struct fetch_answer answer;
	struct json_writer w;
	int rc = 0;

	if (!key || !certs_request(key, j->names, j->count, &der))
		rc = client_fail(c, "the request for the certificate cannot be made");
	base64url_encode(&text, strbuf_slice(&der));
	json_writer_init(&w, &body);
	json_open_object(&w);
	json_put_text(&w, "csr", strbuf_slice(&text));
	json_close_object(&w);
	if (rc == 0)
		rc = client_post(c, order->finalize, strbuf_slice(&body), &answer);
	if (rc == 0 && acme_read_order(c->arena, answer.body, order) < 0)
		rc = client_fail(c, "the CA's order cannot be read");
	EVP_PKEY_free(key);
	strbuf_free(&der);
	strbuf_free(&text);
	strbuf_free(&body);
	return rc;
}

/* The chain (7.4.2); nothing is taken that would not serve. */
static int download(struct acme_job *j, const struct acme_order *order)
{
	struct acme_client *c = &j->client;
	EVP_PKEY *key = acme_key_read(strbuf_slice(&j->key));
	struct certs_found found = { 0 };
	struct fetch_answer answer;
	const char *why = "";
	bool came;
	int rc;

	if (!order->certificate) {
		EVP_PKEY_free(key);
		acme_store_order(&j->store, NULL, (struct slice){ 0 }, NULL);
		return client_fail(c, "the CA does not say where the certificate is");
	}
	rc = client_post(c, order->certificate, (struct slice){ 0 }, &answer);
	came = rc == 0;
	if (rc == 0 && certs_read(c->arena, answer.body, key, &found, &why) < 0)
		rc = client_fail(c, "what the CA gave cannot be used: %s", why);
	for (size_t i = 0; i < j->count && rc == 0; i++)
		if (!certs_has(&found, j->names[i]))
			rc = client_fail(
				c, "the certificate that the CA gave lacks %s", j->names[i]);
	EVP_PKEY_free(key);
	if (rc < 0 && came) /* it would be the same the next time: another order */
		acme_store_order(&j->store, NULL, (struct slice){ 0 }, NULL);
	if (rc < 0)
		return rc;
	strbuf_add(&j->chain, answer.body);
	j->not_after_ms = found.not_after_ms;
	j->renew_ms = acme_renew_ms(found.not_before_ms, found.not_after_ms);
	return acme_store_certificate(&j->store, strbuf_slice(&j->key), strbuf_slice(&j->chain),
		j->not_after_ms, j->renew_ms);
}

static int obtain(struct acme_job *j)
{
	struct acme_order order = { 0 };
	const char *url = "";
	int rc = sign_in(j);

	if (rc == 0 && !take_up_order(j, &url, &order)) {
		j->client.why = NULL; /* why the one of before does not do is of no interest */
		rc = make_order(j, &url, &order);
	}
	if (rc == 0 && order.state == ACME_PENDING)
		rc = prove_all(j, &order);
	if (rc == 0)
		rc = wait_order(j, url, &order, ACME_PENDING);
	if (rc == 0 && order.state == ACME_READY)
		rc = finalize(j, &order);
	if (rc == 0)
		rc = wait_order(j, url, &order, ACME_READY);
	if (rc == 0)
		rc = download(j, &order);
	return rc;
}

int acme_obtain(struct acme_job *j)
{
	struct acme_client *c = &j->client;
	int rc = client_open(c);

	c->kid = NULL;
	if (rc == 0)
		rc = obtain(j);
	/* The CA has forgotten us (a new one, or a restored folder): once more as a stranger. */
	if (rc == HEARTH_EDENIED && strcmp(c->problem.type, "accountDoesNotExist") == 0) {
		rc = make_account(j);
		strbuf_reset(&j->key);
		if (rc == 0)
			rc = obtain(j);
	}
	if (rc == HEARTH_EDENIED)
		acme_store_order(&j->store, NULL, (struct slice){ 0 }, NULL);
	if (rc < 0 && rc != HEARTH_EDENIED && rc != HEARTH_ECLOSED && rc != HEARTH_ECONFLICT &&
		!c->why)
		client_fail(c, "%s", error_name(rc));
	return rc;
}
