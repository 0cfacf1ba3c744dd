/*
 * keys.c: the keys a running server signs with (keys.h).
 *
 *	loop     a look (key_watch.c) every now and then, and when something changed
 *	workers  mail_keys_sign: takes the table as it is; makes a domain's first keys
 *
 * What threads share is the table, under a lock that is held for a pointer's time; loading it, and making
 * keys, are each one worker's at a time. Bounds: MAIL_DKIM_KEYS_MAX keys, KEY_WATCH_MAX waited for.
 */
#include <stdlib.h>

#include "hearth/clock.h"
#include "hearth/error.h"
#include "hearth/health.h"
#include "hearth/log.h"
#include "sign/keys_internal.h"

#define CONDITION "mail.dkim"
#define DAY_MS    (INT64_C(24) * 60 * 60 * 1000)

/* ---- the table ---- */

static struct key_table *table_of(struct mail_keys *k)
{
	struct key_table *t;

	pthread_mutex_lock(&k->lock);
	t = key_table_ref(k->table);
	pthread_mutex_unlock(&k->lock);
	return t;
}

static void say_health(const struct mail_keys *k, const struct key_table *t)
{
	if (!k->on)
		health_clear(CONDITION);
	else if (!k->ring.ready)
		health_set(CONDITION,
			"%s is missing: mail is sent without DKIM signatures. Put it back from a "
			"backup",
			SECRET_KEY_FILE);
	else if (t->unreadable)
		health_set(CONDITION,
			"%zu keys that sign mail cannot be opened with %s: put the right one back "
			"from a backup, or make new keys (hearth dkim rotate --now)",
			t->unreadable, SECRET_KEY_FILE);
	else
		health_clear(CONDITION);
}

int mail_keys_load(struct mail_keys *k)
{
	struct key_table *fresh, *old = NULL;
	int rc;

	pthread_mutex_lock(&k->loading);
	fresh = key_table_load(&k->ring, &rc);
	if (fresh) {
		say_health(k, fresh);
		pthread_mutex_lock(&k->lock);
		old = k->table;
		k->table = fresh;
		pthread_mutex_unlock(&k->lock);
	}
	pthread_mutex_unlock(&k->loading);
	key_table_unref(&old);
	return rc;
}

/* ---- a domain's first keys ---- */

/* Blocks where it is none of the settings' domains: then it may be an alias of one. */
static bool is_ours(const struct mail_keys *k, struct slice domain)
{
	struct arena *a;
	struct slice *aliases;
	bool found = mail_domain_is_local(k->m, domain) ||
		     slice_ieq(domain, slice_str(hearth_hostname(k->m->h)));
	size_t n;

	if (found)
		return true;
	a = arena_new();
	n = keyring_aliases(k->m->h, a, &aliases);
	for (size_t i = 0; i < n && !found; i++)
		found = slice_ieq(domain, aliases[i]);
	arena_free(&a);
	return found;
}

int mail_keys_make(struct mail_keys *k, struct slice domain)
{
	size_t made = 0;
	int rc = keyring_make(&k->ring, domain, MAIL_DKIM_SIGNS, &made);

	if (made)
		log_info("mail", "keys made to sign with; publish their records (hearth dns)",
			"domain", "%.*s", SLICE_ARG(domain), NULL);
	return rc;
}

/* One worker at a time: the others find what it made. */
static int ensure(struct mail_keys *k, struct slice domain)
{
	int rc;

	pthread_mutex_lock(&k->making);
	rc = mail_keys_make(k, domain);
	if (rc == 0) /* also with none made: somebody else has, a moment ago */
		rc = mail_keys_load(k);
	pthread_mutex_unlock(&k->making);
	return rc;
}

/* The table, with keys of the domain if there can be any. */
static struct key_table *table_for(struct mail_keys *k, struct slice domain)
{
	struct key_table *t = table_of(k);
	int rc;

	if (!t || key_table_has(t, domain) || !k->ring.ready || t->unreadable)
		return t;
	key_table_unref(&t);
	rc = ensure(k, domain);
	if (rc < 0)
		log_warn("mail", "no keys could be made to sign with", "domain", "%.*s",
			SLICE_ARG(domain), "why", "%s", error_name(rc), NULL);
	return table_of(k);
}

/* ---- signing ---- */

static struct sign_as sign_as_of(
	const struct mail_keys *k, const struct loaded_key *key, int64_t leaves_s)
{
	int64_t now = clock_wall_s();

	return (struct sign_as){ .domain = key->domain,
		.selector = key->selector,
		.algorithm = key->algorithm,
		.key = key->key,
		.now_s = now,
		.end_s = (leaves_s > now ? leaves_s : now) + mail_keys_valid_ms(k->m) / 1000 };
}

/* One key of each kind: two nodes may have made the first ones at once, of which one pair is enough. */
static const struct loaded_key *key_of(
	const struct key_table *t, struct slice domain, enum signature_algorithm algorithm)
{
	const struct loaded_key *found = NULL;

	for (size_t i = 0; i < t->count; i++)
		if (t->keys[i].algorithm == algorithm &&
			slice_ieq(slice_str(t->keys[i].domain), domain))
			found = &t->keys[i];
	return found;
}

/* By each kind of key of the domain. */
static void sign_by_each(const struct mail_keys *k, const struct key_table *t, struct slice domain,
	const struct sign_message *m, int64_t leaves_s, struct strbuf *out)
{
	for (int kind = SIGNATURE_RSA; t && kind <= SIGNATURE_ED25519; kind++) {
		const struct loaded_key *key = key_of(t, domain, (enum signature_algorithm)kind);
		struct sign_as as;

		if (!key)
			continue;
		as = sign_as_of(k, key, leaves_s);
		if (!dkim_sign(out, m, &as))
			log_warn("mail", "a key does not sign", "selector", "%s", key->selector,
				NULL);
	}
}

void mail_keys_sign(struct mail_keys *k, struct arena *a, struct slice message, int64_t leaves_s,
	struct strbuf *out)
{
	struct sign_message m;
	struct slice domain;
	struct key_table *t;

	if (!k->on)
		return;
	sign_message_read(&m, a, message);
	domain = sign_message_domain(&m, a);
	if (!domain.n || !is_ours(k, domain))
		return;
	t = table_for(k, domain);
	sign_by_each(k, t, domain, &m, leaves_s, out);
	key_table_unref(&t);
}

bool mail_keys_sign_members(struct mail_keys *k, struct arena *a, struct slice message,
	const struct slice *fields, struct slice *signatures, size_t n)
{
	struct slice domain = mail_domain(k->m);
	struct arena *scratch = arena_new(), *each = arena_new();
	struct sign_message m, one;
	struct strbuf out = { 0 };
	struct key_table *t = NULL;
	bool same;

	sign_message_read(&m, scratch, message);
	same = slice_ieq(sign_message_domain(&m, scratch), domain);
	if (k->on)
		t = table_for(k, domain);
	for (size_t i = 0; i < n; i++) {
		strbuf_reset(&out);
		sign_message_prepend(&one, each, &m, fields[i]);
		sign_by_each(k, t, domain, &one, 0, &out);
		signatures[i] = arena_slice(a, strbuf_slice(&out));
		arena_reset(each);
	}
	key_table_unref(&t);
	strbuf_free(&out);
	arena_free(&each);
	arena_free(&scratch);
	return same;
}

void mail_keys_seal(struct mail_keys *k, struct arena *a, struct slice message,
	struct slice results, enum verify_result chain, struct strbuf *out)
{
	struct slice domain = mail_domain(k->m), rest = results;
	const struct loaded_key *key;
	struct arc_finding found;
	struct key_table *t;
	struct sign_as as;

	if (!k->on || chain == VERIFY_TEMPERROR)
		return;
	slice_split(&rest, ';');
	found = (struct arc_finding){
		.authserv_id = hearth_hostname(k->m->h), .results = slice_trim(rest), .chain = chain
	};
	t = table_for(k, domain);
	key = t ? key_of(t, domain, SIGNATURE_RSA) : NULL;
	if (key) {
		as = sign_as_of(k, key, 0);
		arc_seal(out, a, message, &found, &as);
	}
	key_table_unref(&t);
}

/* ---- start and stop ---- */

int64_t mail_keys_valid_ms(const struct mail *m)
{
	return mail_queue_limits(m)->expiry_ms + 2 * DAY_MS;
}

struct mail_keys *mail_keys_new(struct mail *m)
{
	struct mail_keys *k = mem_zalloc(sizeof(*k));

	k->m = m;
	k->on = config_bool(hearth_config(m->h), "dkim", "sign");
	pthread_mutex_init(&k->lock, NULL);
	pthread_mutex_init(&k->loading, NULL);
	pthread_mutex_init(&k->making, NULL);
	if (keyring_open(&k->ring, m->h) < 0 || mail_keys_load(k) < 0)
		log_warn("mail", "the keys that sign mail could not be read", NULL);
	key_watch_start(k);
	return k;
}

void mail_keys_drain(struct mail_keys *k)
{
	key_watch_stop(k);
}

void mail_keys_free(struct mail_keys **k)
{
	struct mail_keys *x = *k;

	*k = NULL;
	if (!x)
		return;
	key_watch_stop(x);
	arena_free(&x->a);
	key_table_unref(&x->table);
	keyring_close(&x->ring);
	pthread_mutex_destroy(&x->lock);
	pthread_mutex_destroy(&x->loading);
	pthread_mutex_destroy(&x->making);
	free(x);
}
