/*
 * api/dkim_api.c: /api/mail/dkim…, for administrators: the keys that sign mail, seen and changed, as by
 * `hearth dkim`. Handlers on the loop, the rest on io workers. MAIL_DKIM_KEYS_MAX keys are told.
 *
 * What makes signatures that are out there worth nothing, or signs with keys that nobody can find yet,
 * is done with a fresh proof only (accounts.prove). New keys that wait for the DNS harm nobody.
 */
#include "api/api.h"
#include "hearth/error.h"
#include "hearth/log.h"
#include "sign/key_orders.h"

static void put_key(struct mail_call *c, const struct mail_dkim_key *k)
{
	struct strbuf record = { 0 };

	sign_key_record(&record, (enum signature_algorithm)k->algorithm,
		k->state == MAIL_DKIM_REVOKED ? SLICE("") : k->public_half);
	json_open_object(&c->w);
	json_put_text(&c->w, "domain", k->domain);
	json_put_text(&c->w, "selector", k->selector);
	json_put_str(&c->w, "algorithm", sign_key_kind((enum signature_algorithm)k->algorithm));
	json_put_str(&c->w, "state", mail_key_state_name(k->state));
	json_put_i64(&c->w, "made_at", k->made_ms);
	json_put_i64(&c->w, "since", k->since_ms);
	json_put_str(&c->w, "name",
		arena_printf(c->a, "%.*s._domainkey.%.*s", SLICE_ARG(k->selector),
			SLICE_ARG(k->domain)));
	json_put_text(&c->w, "record", strbuf_slice(&record));
	json_close_object(&c->w);
	strbuf_free(&record);
}

static void put_keys(struct mail_call *c)
{
	struct mail_dkim_key *keys;
	struct slice *domains;
	size_t n = 0, domain_n = keyring_domains(c->m->h, c->a, &domains);

	c->status = keyring_list(c->m->db, SLICE(""), c->a, &keys, &n);
	json_open_object(&c->w);
	json_put_bool(&c->w, "signs", config_bool(hearth_config(c->m->h), "dkim", "sign"));
	json_name(&c->w, "domains");
	json_open_array(&c->w);
	for (size_t i = 0; i < domain_n; i++)
		json_text(&c->w, domains[i]);
	json_close_array(&c->w);
	json_name(&c->w, "keys");
	json_open_array(&c->w);
	for (size_t i = 0; i < n && c->status == 0; i++)
		put_key(c, &keys[i]);
	json_close_array(&c->w);
	json_close_object(&c->w);
}

void mail_get_dkim(void *module, struct http_request *rq)
{
	mail_call_start(mail_call_new(module, rq, put_keys));
}

/* ---- orders ---- */

/* It may ask the database: on a worker. */
static bool is_ours(struct mail_call *c, struct slice domain)
{
	struct slice *domains;
	size_t n = keyring_domains(c->m->h, c->a, &domains);

	for (size_t i = 0; i < n; i++)
		if (slice_ieq(domains[i], domain))
			return true;
	return false;
}

static void told(struct mail_call *c, const char *order, const struct mail_key_call *k)
{
	log_info("dkim", "ordered over HTTP", "order", "%s", order, "domain", "%.*s",
		SLICE_ARG(k->domain), "account", "%lld", (long long)c->account, NULL);
}

static void reply_not_ours(struct mail_call *c)
{
	http_reply_problem(c->rq, 400, "domain", "expected one of this server's domains");
}

static void work_rotate(struct mail_call *c)
{
	const struct mail_key_call *k = c->key;
	struct keyring ring;
	size_t signing;

	if (!is_ours(c, k->domain)) {
		c->reply = reply_not_ours;
		return;
	}
	c->status = keyring_open(&ring, c->m->h);
	if (c->status < 0)
		return;
	c->status = mail_keys_rotate(&ring, k->domain, k->now, &signing);
	keyring_close(&ring);
	if (c->status < 0)
		return;
	told(c, k->now ? "rotate now" : "rotate", k);
	put_keys(c);
}

static void work_revoke(struct mail_call *c)
{
	const struct mail_key_call *k = c->key;

	c->status = mail_keys_revoke(c->m->db, k->domain, k->selector);
	if (c->status < 0)
		return;
	told(c, "revoke", k);
	put_keys(c);
}

static struct slice read_text(struct mail_call *c, const struct json *body, const char *name)
{
	struct slice text = { NULL, 0 };

	json_get_text(body, name, &text);
	return arena_slice(c->a, text);
}

/* The call with what was asked; NULL when it was answered. */
static struct mail_call *order_new(
	void *module, struct http_request *rq, void (*work)(struct mail_call *c))
{
	const struct json *body = http_body_json(rq);
	struct mail_call *c;
	bool now = false;

	if (!body)
		return NULL;
	if (json_get_bool(body, "now", &now) == HEARTH_EINVAL) {
		http_reply_problem(rq, 400, "now", "expected true or false");
		return NULL;
	}
	c = mail_call_new(module, rq, work);
	c->key = ARENA_NEW(c->a, struct mail_key_call);
	*c->key = (struct mail_key_call){ .domain = read_text(c, body, "domain"),
		.selector = read_text(c, body, "selector"),
		.now = now };
	return c;
}

void mail_post_dkim_rotate(void *module, struct http_request *rq)
{
	struct mail_call *c = order_new(module, rq, work_rotate);

	if (c && c->key->now)
		mail_call_prove(c, http_body_json(rq));
	else if (c)
		mail_call_start(c);
}

void mail_post_dkim_revoke(void *module, struct http_request *rq)
{
	struct mail_call *c = order_new(module, rq, work_revoke);

	if (c)
		mail_call_prove(c, http_body_json(rq));
}
