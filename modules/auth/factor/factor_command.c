/*
 * factor_command.c: hearth user factors: what is enrolled, and taking it away from somebody who has
 * lost phone and recovery codes alike, and has shown in person who they are.
 * On the main thread of a command.
 */
#include <stdio.h>

#include "account/account.h"
#include "audit/audit_log.h"
#include "command.h"
#include "factor/factor.h"
#include "hearth/error.h"
#include "session/mfa_challenge.h"

struct order {
	struct auth *a;
	char address[256];
	bool remove;
	struct account account;
	struct auth_factors factors; /* before */
};

static int find(struct db_tx *tx, struct order *o)
{
	int rc = auth_store_find(tx, o->address, &o->account, NULL);

	return rc < 0 ? rc : auth_store_factors(tx, o->account.id, &o->factors);
}

static int look(struct db_tx *tx, void *arg)
{
	return find(tx, arg);
}

static int take_away(struct db_tx *tx, void *arg)
{
	struct order *o = arg;
	int rc = find(tx, o);

	return rc == 0 ? auth_factors_take_away(tx, o->account.id, "all, by an administrator") : rc;
}

/* An exit code with the reason printed, or -1 to go on. */
static int read_order(struct hearth *h, int argc, char **argv, struct order *o)
{
	const char *name = NULL;

	for (int i = 0; i < argc; i++)
		if (strcmp(argv[i], "--remove") == 0)
			o->remove = true;
		else if (argv[i][0] == '-' || name)
			return auth_unexpected(argv[i]);
		else
			name = argv[i];
	return auth_command_address(h, name, o->address);
}

static void print(const struct order *o)
{
	const struct auth_factors *f = &o->factors;

	printf("%s: %s%s%s", o->address, f->totp_ms ? "totp" : "",
		f->totp_ms && f->sms_ms ? ", " : "",
		f->sms_ms    ? "sms"
		: f->totp_ms ? ""
			     : "no second factor");
	if (f->recovery)
		printf(", %lld recovery codes", (long long)f->recovery);
	printf("%s\n", o->remove && (f->totp_ms || f->sms_ms) ? ": removed" : "");
}

int auth_run_user_factors(struct hearth *h, int argc, char **argv)
{
	struct order o = { .a = auth_of(h) };
	int rc = read_order(h, argc, argv, &o);

	if (rc >= 0)
		return rc;
	rc = o.remove ? db_write_wait(o.a->db, take_away, &o) : db_read_wait(o.a->db, look, &o);
	if (rc == 0) {
		print(&o);
		return EXIT_DONE;
	}
	fprintf(stderr, "hearth: %s: %s\n", o.address,
		rc == HEARTH_ENOTFOUND ? "no such account" : error_name(rc));
	return EXIT_FAILED;
}
