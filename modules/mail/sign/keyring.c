/*
 * keyring.c: keys made and opened (keyring.h). The private half is sealed for its domain and selector, so
 * that no row passes for another.
 *
 * On workers and a command's main thread; MAIL_DKIM_KEYS_MAX keys at most.
 */
#include "sign/keyring.h"

#include <stdio.h>
#include <time.h>

#include "hearth/accounts.h"
#include "hearth/clock.h"
#include "hearth/error.h"

#define KINDS         2
#define SELECTOR_MAX  64
#define OF_DOMAIN_MAX 50 /* keys of a domain, those that are only kept among them */

int keyring_open(struct keyring *r, const struct hearth *h)
{
	int rc = secret_key_read(hearth_data_dir(h), r->seal);

	r->db = hearth_db(h, "mail");
	r->ready = rc == 0;
	return rc == HEARTH_ENOTFOUND ? 0 : rc;
}

void keyring_close(struct keyring *r)
{
	secret_wipe(r->seal, sizeof(r->seal));
	r->ready = false;
}

int keyring_publish(struct db_tx *tx)
{
	return bus_publish(tx, MAIL_TOPIC_KEYS, SLICE("keys"), SLICE("{}"));
}

/* ---- reading ---- */

struct listing {
	struct slice domain;
	struct arena *a;
	struct mail_dkim_key **out;
	size_t *n;
};

static int list(struct db_tx *tx, void *arg)
{
	const struct listing *l = arg;

	return mail_store_dkim_list(tx, l->domain, l->a, l->out, l->n);
}

int keyring_list(
	struct db *db, struct slice domain, struct arena *a, struct mail_dkim_key **out, size_t *n)
{
	return db_read_wait(db, list, &(struct listing){ domain, a, out, n });
}

static struct slice lower(struct arena *a, struct slice name)
{
	char *copy = arena_strdup(a, name);

	for (char *c = copy; *c; c++)
		if (*c >= 'A' && *c <= 'Z')
			*c = (char)(*c + ('a' - 'A'));
	return slice_str(copy);
}

size_t keyring_aliases(const struct hearth *h, struct arena *a, struct slice **out)
{
	const struct accounts *accounts = hearth_service(h, "accounts");
	size_t n = 0;

	*out = NULL;
	if (accounts && accounts->alias_domains_wait(accounts->self, a, out, &n) < 0)
		n = 0;
	return n;
}

size_t keyring_domains(const struct hearth *h, struct arena *a, struct slice **out)
{
	const char *const *domains = config_list(hearth_config(h), "mail", "domains");
	struct slice host = slice_str(hearth_hostname(h)), *aliases;
	size_t n = 0, alias_n = keyring_aliases(h, a, &aliases);
	bool has_host = false;

	while (domains[n])
		n++;
	*out = arena_alloc(a, (n + alias_n + 1) * sizeof(**out));
	for (size_t i = 0; i < n; i++) {
		(*out)[i] = lower(a, slice_str(domains[i]));
		has_host |= slice_ieq((*out)[i], host);
	}
	for (size_t i = 0; i < alias_n; i++) {
		(*out)[n++] = aliases[i];
		has_host |= slice_ieq(aliases[i], host);
	}
	if (!has_host && slice_chr(host, '.') >= 0)
		(*out)[n++] = lower(a, host);
	return n;
}

/* ---- sealing ---- */

static struct slice owner_of(struct arena *a, struct slice domain, struct slice selector)
{
	return slice_str(arena_printf(a, "dkim:%.*s:%.*s", SLICE_ARG(domain), SLICE_ARG(selector)));
}

EVP_PKEY *keyring_load(const struct keyring *r, const struct mail_dkim_key *row)
{
	struct arena *a = arena_new();
	EVP_PKEY *key = NULL;
	unsigned char *der;

	if (r->ready && row->secret.n > SECRET_OVERHEAD) {
		der = arena_alloc(a, row->secret.n);
		if (secret_open(r->seal, owner_of(a, row->domain, row->selector), row->secret,
			    der) == 0)
			key = sign_key_read(slice_of(der, row->secret.n - SECRET_OVERHEAD));
		secret_wipe(der, row->secret.n);
	}
	arena_free(&a);
	return key;
}

/* ---- making ---- */

struct making {
	struct keyring *ring;
	struct slice domain;
	enum signature_algorithm algorithm;
	enum mail_dkim_state state;
	EVP_PKEY *key;
	bool made;
};

static bool lacks(
	const struct mail_dkim_key *keys, size_t n, int algorithm, enum mail_dkim_state state)
{
	for (size_t i = 0; i < n; i++)
		if (keys[i].algorithm == algorithm &&
			(keys[i].state == MAIL_DKIM_WAITS ||
				(keys[i].state == MAIL_DKIM_SIGNS && state == MAIL_DKIM_SIGNS)))
			return false;
	return true;
}

static bool waits(const struct mail_dkim_key *keys, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (keys[i].state == MAIL_DKIM_WAITS)
			return true;
	return false;
}

static bool has_selector(const struct mail_dkim_key *keys, size_t n, const char *selector)
{
	for (size_t i = 0; i < n; i++)
		if (slice_eq(keys[i].selector, slice_str(selector)))
			return true;
	return false;
}

/* By kind and day: "r20260131", "e20260131", "r20260131-2". */
static bool choose_selector(const struct mail_dkim_key *keys, size_t n, const struct making *m,
	char selector[SELECTOR_MAX])
{
	time_t now = (time_t)clock_wall_s();
	char day[16] = "";
	struct tm tm;

	if (gmtime_r(&now, &tm))
		strftime(day, sizeof(day), "%Y%m%d", &tm);
	for (int i = 1; i <= OF_DOMAIN_MAX; i++) {
		snprintf(selector, SELECTOR_MAX, "%c%s", sign_key_kind(m->algorithm)[0], day);
		if (i > 1)
			snprintf(selector, SELECTOR_MAX, "%c%s-%d", sign_key_kind(m->algorithm)[0],
				day, i);
		if (!has_selector(keys, n, selector))
			return true;
	}
	return false;
}

static int add_sealed(
	struct db_tx *tx, struct arena *a, const struct making *m, struct slice selector)
{
	struct strbuf der = { 0 }, half = { 0 };
	unsigned char *sealed;
	int rc = HEARTH_EIO;

	if (sign_key_write(m->key, &der) && sign_key_public(m->key, &half)) {
		sealed = arena_alloc(a, der.n + SECRET_OVERHEAD);
		secret_close(m->ring->seal, owner_of(a, m->domain, selector), strbuf_slice(&der),
			sealed);
		rc = mail_store_dkim_add(
			tx, &(struct mail_dkim_key){ .domain = m->domain,
				    .selector = selector,
				    .algorithm = (int)m->algorithm,
				    .state = m->state,
				    .secret = slice_of(sealed, der.n + SECRET_OVERHEAD),
				    .public_half = strbuf_slice(&half),
				    .made_ms = clock_wall_ms() });
	}
	if (der.p)
		secret_wipe(der.p, der.cap);
	strbuf_free(&der);
	strbuf_free(&half);
	return rc;
}

/* Another node, or a command, may have made it meanwhile. */
static int add_key(struct db_tx *tx, void *arg)
{
	struct making *m = arg;
	struct arena *a = arena_new();
	char selector[SELECTOR_MAX];
	struct mail_dkim_key *keys;
	size_t n;
	int rc = mail_store_dkim_list(tx, m->domain, a, &keys, &n);

	m->made = false;
	if (rc == 0 && lacks(keys, n, (int)m->algorithm, m->state)) {
		rc = n < OF_DOMAIN_MAX && choose_selector(keys, n, m, selector)
			     ? add_sealed(tx, a, m, slice_str(selector))
			     : HEARTH_EBUSY;
		if (rc == 0)
			rc = keyring_publish(tx);
		m->made = rc == 0;
	}
	arena_free(&a);
	return rc;
}

int keyring_make(struct keyring *r, struct slice domain, enum mail_dkim_state state, size_t *made)
{
	struct arena *a = arena_new();
	struct mail_dkim_key *keys;
	size_t n;
	int rc;

	domain = lower(a, domain);
	rc = keyring_list(r->db, domain, a, &keys, &n);
	for (int kind = 0; kind < KINDS && rc == 0 && !(state == MAIL_DKIM_WAITS && waits(keys, n));
		kind++) {
		struct making m = { .ring = r,
			.domain = domain,
			.algorithm = (enum signature_algorithm)kind,
			.state = state };

		if (!lacks(keys, n, kind, state))
			continue;
		m.key = r->ready ? sign_key_make(m.algorithm) : NULL;
		if (m.key)
			rc = db_write_wait(r->db, add_key, &m);
		else
			rc = r->ready ? HEARTH_EIO : HEARTH_EDENIED;
		*made += m.made;
		EVP_PKEY_free(m.key);
	}
	arena_free(&a);
	return rc;
}
