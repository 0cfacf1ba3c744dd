/*
 * app_password.c: passwords for programs that cannot ask for a second factor: IMAP, SMTP, RTMP.
 *
 * We make them up, so they are long enough to need no slow hash: they are looked up by their
 * SHA-256 like every token. People type them: no letter that looks like another, dashes between.
 *
 * Making and hashing are pure; looking up is on the loop, one at a time for each connection that asks.
 */
#include "account/account.h"
#include "factor/factor.h"
#include "hearth/error.h"
#include "hearth/rand.h"
#include "session/session.h"

#include <stdio.h>
#include <stdlib.h>

#define LETTERS 20 /* of 32: 100 bits */
#define GROUP   4

static const char alphabet[] = "abcdefghijkmnpqrstuvwxyz23456789";

_Static_assert(sizeof(alphabet) - 1 == 32, "five bits a letter");

void auth_app_password_make(char text[AUTH_TOKEN_TEXT], char hex[AUTH_TOKEN_HEX])
{
	size_t n = 0;

	for (int i = 0; i < LETTERS; i++) {
		if (i && i % GROUP == 0)
			text[n++] = '-';
		text[n++] = alphabet[rand_below(32)];
	}
	text[n] = '\0';
	auth_app_password_hash(slice_str(text), hex);
}

bool auth_app_password_hash(struct slice text, char hex[AUTH_TOKEN_HEX])
{
	char letters[LETTERS];
	int n = 0;

	for (size_t i = 0; i < text.n; i++) {
		char c = text.p[i];

		if (c == '-' || c == ' ')
			continue;
		if (c >= 'A' && c <= 'Z')
			c = (char)(c - 'A' + 'a');
		if (n == LETTERS || !c || !strchr(alphabet, c))
			return false;
		letters[n++] = c;
	}
	if (n != LETTERS)
		return false;
	auth_token_hash(slice_of(letters, LETTERS), hex);
	return true;
}

unsigned auth_via_scope(enum accounts_via via)
{
	switch (via) {
	case ACCOUNTS_VIA_IMAP: return ACCOUNTS_SCOPE_IMAP;
	case ACCOUNTS_VIA_SMTP: return ACCOUNTS_SCOPE_SMTP;
	case ACCOUNTS_VIA_RTMP: return ACCOUNTS_SCOPE_RTMP;
	case ACCOUNTS_VIA_WEB: break;
	}
	return ACCOUNTS_SCOPE_WEB;
}

/* ---- by the password alone, as a stream key ---- */

struct lookup {
	struct auth *a;
	char hex[AUTH_TOKEN_HEX];
	char peer[64];
	enum accounts_via via;
	uint64_t revocations; /* heard of when the database was asked */
	struct account account;
	accounts_fn *done;
	void *arg;
};

static int find(struct db_tx *tx, void *arg)
{
	struct lookup *l = arg;
	int rc = auth_store_find_app_password(tx, l->hex, l->via, &l->account);

	return rc == 0 && auth_factor_missing(l->a, &l->account) ? HEARTH_ENOTFOUND : rc;
}

static void ask(struct lookup *l);

static void on_found(void *arg, int status)
{
	struct lookup *l = arg;

	/* As in token.c: the answer may be from before tokens were ended. */
	if (status == 0 && l->revocations != l->a->revocations) {
		ask(l);
		return;
	}
	if (status == 0)
		auth_token_touch(l->a, l->account.token, l->peer);
	l->done(l->arg, status, status == 0 ? &l->account : NULL);
	free(l);
}

static void ask(struct lookup *l)
{
	l->revocations = l->a->revocations;
	if (db_read(l->a->db, find, on_found, l) < 0)
		on_found(l, HEARTH_EBUSY);
}

static void answer_not_found(void *arg)
{
	on_found(arg, HEARTH_ENOTFOUND);
}

void auth_by_app_password(void *self, struct slice password, const struct conn_info *peer,
	enum accounts_via via, accounts_fn *done, void *arg)
{
	struct lookup *l = mem_zalloc(sizeof(*l));

	l->a = self;
	l->via = via;
	l->done = done;
	l->arg = arg;
	snprintf(l->peer, sizeof(l->peer), "%s", peer->peer);
	if (!auth_app_password_hash(password, l->hex))
		exec_post(exec_loop(), answer_not_found, l);
	else
		ask(l);
}
