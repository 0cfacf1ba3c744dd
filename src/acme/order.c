/*
 * order.c: the way to a certificate.
 *
 *   account ─▶ order ─▶ each name is proven ─▶ finalize ─▶ download ─▶ stored
 *   account.c    │        prove.c
 *                └ noted with its key, so that after a crash, or while the authority is away, it is gone on with
 *
 * On a worker.
 */
#include "acme/order.h"

#include "acme/certs.h"
#include "acme/jws.h"
#include "acme/order_steps.h"
#include "acme/renewal_info.h"
#include "hearth/clock.h"
#include "hearth/error.h"
#include "hearth/json.h"
#include "hearth/log.h"
#include "hearth/rand.h"
#include "hearth/text.h"

/* Attempts since the last success: an order that got none of them anywhere is given up, whatever the reason. */
#define ORDER_TRIES 5

int64_t acme_renew_ms(int64_t not_before_ms, int64_t not_after_ms)
{
	int64_t life = not_after_ms - not_before_ms;

	return not_before_ms + life / 3 * 2 + (int64_t)rand_below((uint64_t)(life / 30 + 1));
}

/* ---- order ---- */

static struct slice joined(const struct acme_job *j)
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

static int post_order(struct acme_job *j, const char *replaced, struct fetch_answer *answer)
{
	struct acme_client *c = &j->client;
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
	if (replaced)
		json_put_str(&w, "replaces", replaced);
	json_close_object(&w);
	rc = client_post(c, c->urls.new_order, strbuf_slice(&body), answer);
	strbuf_free(&body);
	return rc;
}

/*
 * Whether it may have been for what the order replaces: that it is replaced already, of another account,
 * or of another authority (RFC 9773 5).
 */
static bool is_about_replaced(const struct acme_problem *p)
{
	return strcmp(p->type, "alreadyReplaced") == 0 || strcmp(p->type, "malformed") == 0 ||
	       strcmp(p->type, "unauthorized") == 0;
}

/* An order for the names, and a key that is for it (7.4). */
static int make_order(struct acme_job *j, const char **url, struct acme_order *order)
{
	struct acme_client *c = &j->client;
	const char *replaced = acme_replaced(j);
	struct fetch_answer answer;
	int rc = post_order(j, replaced, &answer);

	if (rc == HEARTH_EDENIED && replaced && is_about_replaced(&c->problem))
		rc = post_order(j, NULL, &answer);
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

/* Up to the path: orders lie where they are made. */
static struct slice origin_of(const char *url)
{
	struct slice rest = slice_skip(slice_str(url), strlen("https://"));
	ptrdiff_t path = slice_chr(rest, '/');

	return path < 0 ? slice_str(url)
			: slice_head(slice_str(url), strlen("https://") + (size_t)path);
}

/* For the same names, from this authority, and not one that has failed again and again. */
static bool has_order(const struct acme_job *j)
{
	const struct acme_record *r = j->record;

	return *r->order_url && r->tries < ORDER_TRIES &&
	       slice_eq(slice_str(r->order_names), joined(j)) &&
	       slice_eq(origin_of(r->order_url), origin_of(j->client.urls.new_order));
}

/* Whether why the order of before cannot be read says nothing of the order. */
static bool is_elsewhere(const struct acme_job *j, int rc)
{
	return rc == HEARTH_ECLOSED || client_is_for_now(&j->client) ||
	       strcmp(j->client.problem.type, "accountDoesNotExist") == 0;
}

/*
 * The order of before a crash, or a failure. HEARTH_ENOTFOUND: there is none, or none that leads anywhere. An
 * authority that is away has it still: each new one counts (rate limits).
 */
static int take_up_order(struct acme_job *j, const char **url, struct acme_order *order)
{
	const struct acme_record *r = j->record;
	int rc = has_order(j) ? read_order(j, r->order_url, order) : HEARTH_ENOTFOUND;

	if (rc < 0)
		return rc != HEARTH_ENOTFOUND && is_elsewhere(j, rc) ? rc : HEARTH_ENOTFOUND;
	if (order->state == ACME_INVALID)
		return HEARTH_ENOTFOUND;
	*url = r->order_url;
	strbuf_add(&j->key, r->order_key);
	log_info("acme", "going on with the order of before", "order", "%s", *url, NULL);
	return 0;
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
	int64_t begun_ms = clock_mono_ms(), pause_ms = ACME_LOOK_FIRST_MS;
	int rc = 0;

	while (rc == 0 && (order->state == past || order->state == ACME_PROCESSING)) {
		rc = acme_look_again(&j->client, begun_ms, &pause_ms);
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
	int rc = acme_sign_in(j);

	if (rc < 0)
		return rc;
	rc = take_up_order(j, &url, &order);
	if (rc == HEARTH_ENOTFOUND) {
		j->client.why = NULL; /* why the one of before does not do is of no interest */
		rc = make_order(j, &url, &order);
	}
	if (rc == 0 && order.state == ACME_PENDING)
		rc = acme_prove_all(j, &order);
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
		rc = acme_make_account(j);
		strbuf_reset(&j->key);
		if (rc == 0)
			rc = obtain(j);
	}
	if (rc == HEARTH_EDENIED && !client_is_for_now(c))
		acme_store_order(&j->store, NULL, (struct slice){ 0 }, NULL);
	if (rc < 0 && rc != HEARTH_EDENIED && rc != HEARTH_ECLOSED && rc != HEARTH_ECONFLICT &&
		!c->why)
		client_fail(c, "%s", error_name(rc));
	return rc;
}
