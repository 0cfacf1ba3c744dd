/*
 * first_start.c: a server without any account prints a link that makes the first administrator.
 *
 * It is an invitation (invitation.h) that works whatever `registration` says. Each start without an
 * account makes a new one and voids the old; the first account, however it is made, voids it too
 * (auth_store_add). The secret is printed beside the ready line, never logged.
 */
#include <sodium.h>
#include <stdio.h>

#include "account/invitation.h"
#include "hearth/clock.h"
#include "hearth/error.h"

struct first {
	struct auth *a;
	char secret[AUTH_TOKEN_TEXT], hex[AUTH_TOKEN_HEX];
	bool needed;
};

static int make_first(struct db_tx *tx, void *arg)
{
	struct first *f = arg;
	const struct auth_invitation in = { .role = AUTH_ADMINISTRATOR,
		.uses_left = 1,
		.created_ms = clock_wall_ms(),
		.first = true };
	int64_t accounts = 0, id;
	int rc = auth_store_void_first_invitation(tx);

	if (rc == 0)
		rc = auth_store_count(tx, &accounts);
	f->needed = accounts == 0;
	return rc == 0 && f->needed ? auth_store_add_invitation(tx, &in, f->hex, &id) : rc;
}

static void first_free(struct first *f)
{
	sodium_memzero(f, sizeof(*f));
	free(f);
}

/* Once the loop runs, every listener has its port. */
static void print_link(void *arg)
{
	struct first *f = arg;
	struct strbuf link = { 0 };

	auth_invitation_link(f->a->h, f->secret, &link);
	fprintf(stderr, "There is no account yet. Make the first administrator at %s\n", link.p);
	sodium_memzero(link.p, link.n);
	strbuf_free(&link);
	first_free(f);
}

int auth_first_start(struct auth *a)
{
	struct first *f = mem_zalloc(sizeof(*f));
	int rc;

	f->a = a;
	auth_token_make(f->secret, f->hex);
	rc = db_write_wait(a->db, make_first, f);
	if (rc == 0 && f->needed)
		exec_post(exec_loop(), print_link, f);
	else
		first_free(f);
	return rc;
}
