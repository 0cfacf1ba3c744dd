/*
 * account.c: the account at a CA (RFC 8555 7.3): made with the first order, or found by its key; its
 * contact, and the proof that a customer is behind it. On a worker.
 */
#include "acme/jws.h"
#include "acme/order_steps.h"
#include "hearth/error.h"
#include "hearth/json.h"

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

int acme_make_account(struct acme_job *j)
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

int acme_sign_in(struct acme_job *j)
{
	if (j->client.kid)
		return 0;
	if (!*j->record->account_url)
		return acme_make_account(j);
	j->client.kid = j->record->account_url;
	if (*j->email && strcmp(j->email, j->record->email) != 0)
		return change_contact(j);
	return strcmp(j->client.urls.issuer, j->record->issuer) == 0
		       ? 0
		       : acme_store_account(&j->store, j->client.directory, j->record->account_key,
				 j->client.kid, j->record->email, j->client.urls.issuer);
}
