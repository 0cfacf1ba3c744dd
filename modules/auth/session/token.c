/*
 * token.c: opaque tokens. The owner has 256 random bits; we keep their SHA-256: in the database as
 * the durable record, in the shared cache for speed. Being random, a token needs no slow hash.
 * On the loop, but for what runs in the database.
 */
#include <openssl/sha.h>

#include "account/account.h"
#include "factor/factor.h"
#include "session/remembered.h"
#include "session/session.h"

#include <stdio.h>
#include <stdlib.h>

#include "hearth/clock.h"
#include "hearth/error.h"
#include "hearth/json.h"
#include "hearth/rand.h"
#include "hearth/text.h"

#define TOKEN_BYTES     32
#define CACHED_MS       (INT64_C(10) * 60 * 1000) /* how long the cache answers for the database */
#define TOMBSTONE       "{}"                      /* in the cache: ask the database, keep nothing */
#define TOMBSTONE_MS    (INT64_C(60) * 1000)      /* an answer that took longer is not kept */
#define TEXT_CHARACTERS 43                        /* 256 bits as base64url */

void auth_token_hash(struct slice text, char hex[AUTH_TOKEN_HEX])
{
	unsigned char digest[SHA256_DIGEST_LENGTH];

	SHA256((const unsigned char *)(text.p ? text.p : ""), text.n, digest);
	hex_encode(digest, sizeof(digest), hex);
}

bool auth_token_looks_right(struct slice text)
{
	for (size_t i = 0; i < text.n; i++) {
		char c = text.p[i];

		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
			    c == '-' || c == '_'))
			return false;
	}
	return text.n == TEXT_CHARACTERS;
}

void auth_token_make(char text[AUTH_TOKEN_TEXT], char hex[AUTH_TOKEN_HEX])
{
	unsigned char bytes[TOKEN_BYTES];
	struct strbuf out = { 0 };

	rand_bytes(bytes, sizeof(bytes));
	base64url_encode(&out, slice_of(bytes, sizeof(bytes)));
	memcpy(text, out.p, out.n + 1);
	auth_token_hash(strbuf_slice(&out), hex);
	strbuf_free(&out);
}

/* One question who a token belongs to. */
struct lookup {
	struct auth *a;
	char hex[AUTH_TOKEN_HEX];
	char peer[64];
	accounts_fn *done;
	void *arg;
	struct account account;
	int64_t expires_ms;
	int64_t asked_ms; /* when the database was asked; monotonic */
};

/* Of a generation: once a revocation may have been missed, what was kept before counts no more. */
static void cache_key(const struct auth *a, char out[100], const char *hex)
{
	snprintf(out, 100, "auth.token.%u:%s", a->token_generation, hex);
}

/*
 * Keeps an answer, unless there is something: a tombstone, because this answer may be from before,
 * or what somebody else has found. A tombstone lives longer than an answer may take.
 */
static void remember(struct lookup *l)
{
	struct strbuf value = { 0 };
	struct json_writer w;
	char key[100];
	int64_t left = l->expires_ms ? l->expires_ms - clock_wall_ms() : CACHED_MS;

	if (left <= 0 || clock_mono_ms() - l->asked_ms >= TOMBSTONE_MS)
		return;
	json_writer_init(&w, &value);
	json_open_object(&w);
	json_put_i64(&w, "id", l->account.id);
	json_put_str(&w, "address", l->account.address);
	json_put_bool(&w, "admin", l->account.admin);
	json_put_bool(&w, "moderator", l->account.moderator);
	json_put_bool(&w, "factors", l->account.factors);
	json_put_i64(&w, "quota", l->account.quota);
	json_put_i64(&w, "token", l->account.token);
	json_put_i64(&w, "scopes", l->account.scopes);
	json_close_object(&w);
	cache_key(l->a, key, l->hex);
	cache_cas(l->a->cache, slice_str(key), slice_of(NULL, 0), strbuf_slice(&value),
		left < CACHED_MS ? left : CACHED_MS, NULL, NULL);
	strbuf_free(&value);
}

static int recall(struct slice value, struct account *out)
{
	struct arena *a = arena_new();
	struct json *doc;
	struct slice address = { 0 };
	int64_t scopes = 0;
	int rc = json_read(a, value, &doc, NULL);

	if (rc == 0)
		rc = json_get_i64(doc, "id", 1, INT64_MAX, &out->id);
	if (rc == 0)
		rc = json_get_text(doc, "address", &address);
	if (rc == 0 && address.n < sizeof(out->address)) {
		memcpy(out->address, address.p, address.n);
		json_get_bool(doc, "admin", &out->admin);
		json_get_bool(doc, "moderator", &out->moderator);
		json_get_bool(doc, "factors", &out->factors);
		json_get_i64(doc, "quota", 0, INT64_MAX, &out->quota);
		json_get_i64(doc, "token", 0, INT64_MAX, &out->token);
		json_get_i64(doc, "scopes", 0, UINT32_MAX, &scopes);
		out->scopes = (unsigned)scopes;
	}
	arena_free(&a);
	return rc;
}

static int find_token(struct db_tx *tx, void *arg)
{
	struct lookup *l = arg;

	return auth_store_find_token(tx, l->hex, 1u << AUTH_TOKEN_SESSION | 1u << AUTH_TOKEN_API,
		clock_wall_ms(), &l->account, &l->expires_ms);
}

static void on_found(void *arg, int status)
{
	struct lookup *l = arg;

	if (status == 0) {
		if (auth_factor_missing(l->a, &l->account))
			/* Not to be remembered: enrolling a factor changes it. */
			l->account.scopes &= ACCOUNTS_SCOPE_ACCOUNT;
		else
			remember(l);
		auth_token_touch(l->a, l->account.token, l->peer);
	}
	l->done(l->arg, status, status == 0 ? &l->account : NULL);
	free(l);
}

static void ask_database(struct lookup *l)
{
	l->asked_ms = clock_mono_ms();
	if (db_read(l->a->db, find_token, on_found, l) < 0) {
		l->done(l->arg, HEARTH_EBUSY, NULL);
		free(l);
	}
}

static void on_cached(void *arg, int status, struct buf *value)
{
	struct lookup *l = arg;

	if (status == 0 && recall(buf_slice(value), &l->account) == 0) {
		l->done(l->arg, 0, &l->account);
		free(l);
		return;
	}
	ask_database(l);
}

void auth_by_token(
	void *self, struct slice token, const struct conn_info *peer, accounts_fn *done, void *arg)
{
	struct lookup *l = mem_zalloc(sizeof(*l));
	char key[100];

	l->a = self;
	snprintf(l->peer, sizeof(l->peer), "%s", peer->peer);
	l->done = done;
	l->arg = arg;
	auth_token_hash(token, l->hex);
	cache_key(l->a, key, l->hex);
	cache_get(l->a->cache, slice_str(key), on_cached, l);
}

/*
 * On whatever node: an answer of the database that is on its way, here or there, is from before and
 * finds the tombstone.
 */
void auth_token_forget(struct auth *a, const char *hex)
{
	char key[100];

	a->revocations++;
	cache_key(a, key, hex);
	cache_put(a->cache, slice_str(key), SLICE(TOMBSTONE), TOMBSTONE_MS, NULL, NULL);
}

struct touch {
	int64_t id;
	char peer[64];
};

static int touch(struct db_tx *tx, void *arg)
{
	const struct touch *t = arg;

	return auth_store_touch_token(tx, t->id, clock_wall_ms(), t->peer);
}

static void on_touched(void *arg, int status)
{
	(void)status; /* it is a help for people, and comes again with the next use */
	free(arg);
}

void auth_token_touch(struct auth *a, int64_t id, const char *peer)
{
	struct touch *t = mem_zalloc(sizeof(*t));

	t->id = id;
	snprintf(t->peer, sizeof(t->peer), "%s", peer);
	if (db_write(a->db, touch, on_touched, t) < 0)
		free(t);
}

/* What was proven with the main password shall be proven anew. */
static void forget_password(struct auth *a, const struct json *event)
{
	bool password = false;
	int64_t account;

	if (json_get_bool(event, "password", &password) == 0 && password &&
		json_get_i64(event, "account", 1, INT64_MAX, &account) == 0)
		remembered_forget(a->remembered, account);
}

/* Some were missed: nothing that is kept in this process is known to be valid. */
static void forget_all(struct auth *a)
{
	a->token_generation++;
	remembered_forget(a->remembered, 0);
	bus_tell_here(hearth_bus(a->h), ACCOUNTS_TOPIC_REVOKED, NULL);
}

void auth_on_revoked(void *module, const struct bus_event *ev)
{
	struct auth *a = module;
	struct arena *arena;
	struct buf *payload;
	const struct json *tokens = NULL;
	struct json *doc;

	a->revocations++;
	if (!ev) {
		forget_all(a);
		return;
	}
	arena = arena_new();
	payload = buf_copy(ev->payload);
	if (json_read(arena, ev->payload, &doc, NULL) == 0) {
		tokens = json_get(doc, "tokens");
		forget_password(a, doc);
	}
	for (const struct json *t = tokens ? tokens->child : NULL; t; t = t->next)
		auth_token_forget(a, t->text.p);
	arena_free(&arena);
	bus_tell_here(hearth_bus(a->h), ACCOUNTS_TOPIC_REVOKED, payload);
	buf_unref(&payload);
}
