/*
 * remembered.c: a table of keyed hashes (remembered.h), one place for each account: it has one
 * password, and only a right one is put there. On the loop.
 */
#include "session/remembered.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "hearth/arena.h"
#include "hearth/clock.h"
#include "hearth/log.h"
#include "hearth/metric.h"
#include "hearth/rand.h"

#define DIGEST 32

struct entry {
	int64_t account; /* 0: none */
	int64_t until_ms;
	unsigned char digest[DIGEST];
};

struct remembered {
	struct metric *hits;
	unsigned char key[crypto_generichash_KEYBYTES];
	struct entry entries[REMEMBERED_MAX];
};

struct remembered *remembered_new(void)
{
	struct remembered *r = mem_zalloc(sizeof(*r));

	r->hits = metric_counter("hearth_auth_passwords_remembered_total", NULL,
		"Right passwords that cost no argon2id, being right a short while ago");
	rand_bytes(r->key, sizeof(r->key));
	return r;
}

void remembered_free(struct remembered **rp)
{
	if (!*rp)
		return;
	sodium_memzero(*rp, sizeof(**rp));
	free(*rp);
	*rp = NULL;
}

static struct entry *entry_of(struct remembered *r, int64_t account)
{
	return &r->entries[(uint64_t)account % REMEMBERED_MAX];
}

static void digest_of(const struct remembered *r, int64_t account, const char *hash,
	struct slice password, unsigned char out[DIGEST])
{
	crypto_generichash_state state;

	crypto_generichash_init(&state, r->key, sizeof(r->key), DIGEST);
	crypto_generichash_update(&state, (const unsigned char *)&account, sizeof(account));
	/* With its NUL, so that nothing of one can pass for the other. */
	crypto_generichash_update(&state, (const unsigned char *)hash, strlen(hash) + 1);
	if (password.n)
		crypto_generichash_update(&state, (const unsigned char *)password.p, password.n);
	crypto_generichash_final(&state, out, DIGEST);
	sodium_memzero(&state, sizeof(state));
}

void remembered_add(struct remembered *r, int64_t account, const char *hash, struct slice password)
{
	struct entry *e = entry_of(r, account);

	INVARIANT(account > 0 && hash[0]);
	e->account = account;
	e->until_ms = clock_mono_ms() + REMEMBERED_MS;
	digest_of(r, account, hash, password, e->digest);
}

bool remembered_has(struct remembered *r, int64_t account, const char *hash, struct slice password)
{
	const struct entry *e = entry_of(r, account);
	unsigned char digest[DIGEST];

	if (e->account != account || clock_mono_ms() >= e->until_ms)
		return false;
	digest_of(r, account, hash, password, digest);
	if (sodium_memcmp(digest, e->digest, DIGEST) != 0)
		return false;
	metric_add(r->hits, 1);
	return true;
}

void remembered_forget(struct remembered *r, int64_t account)
{
	struct entry *e = entry_of(r, account);

	if (account == 0)
		sodium_memzero(r->entries, sizeof(r->entries));
	else if (e->account == account)
		sodium_memzero(e, sizeof(*e));
}
