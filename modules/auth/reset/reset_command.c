/*
 * reset_command.c: hearth user reset, hearth user storage. On the main thread of a command.
 */
#include <sodium.h>
#include <stdio.h>

#include "account/storage.h"
#include "command.h"
#include "hearth/clock.h"
#include "hearth/error.h"
#include "reset/reset.h"

struct order {
	struct auth *a;
	char address[256];
	struct account account;
	struct auth_reset reset;
};

/* ADDRESS and nothing else: an exit code, or -1 to go on. */
static int read_order(struct hearth *h, int argc, char **argv, struct order *o)
{
	*o = (struct order){ .a = auth_of(h) };
	if (argc > 1)
		return auth_unexpected(argv[1]);
	return auth_command_address(h, argc ? argv[0] : NULL, o->address);
}

static int failed(const struct order *o, int rc)
{
	fprintf(stderr, "hearth: %s: %s\n", o->address,
		rc == HEARTH_ENOTFOUND ? "no such account" : error_name(rc));
	return EXIT_FAILED;
}

static int tx_reset(struct db_tx *tx, void *arg)
{
	struct order *o = arg;
	int rc = auth_store_find(tx, o->address, &o->account, NULL);

	return rc == 0 ? auth_reset_by_admin(
				 tx, o->account.id, &o->reset, "command", clock_wall_ms())
		       : rc;
}

int auth_run_user_reset(struct hearth *h, int argc, char **argv)
{
	struct strbuf link = { 0 };
	struct order o;
	int code = read_order(h, argc, argv, &o), rc;

	if (code >= 0)
		return code;
	auth_reset_make(o.a, &o.reset);
	rc = db_write_wait(o.a->db, tx_reset, &o);
	if (rc < 0)
		return failed(&o, rc);
	auth_reset_link(h, o.reset.secret, &link);
	printf("%s\n", link.p);
	sodium_memzero(&o, sizeof(o));
	sodium_memzero(link.p, link.n);
	strbuf_free(&link);
	return EXIT_DONE;
}

static int tx_find(struct db_tx *tx, void *arg)
{
	struct order *o = arg;

	return auth_store_find(tx, o->address, &o->account, NULL);
}

int auth_run_user_storage(struct hearth *h, int argc, char **argv)
{
	struct order o;
	int code = read_order(h, argc, argv, &o), rc;

	if (code >= 0)
		return code;
	rc = db_read_wait(o.a->db, tx_find, &o);
	for (int i = 0; i < o.a->counting_count && rc == 0; i++) {
		int64_t bytes;

		rc = auth_storage_wait(o.a, i, o.account.id, &bytes);
		if (rc == 0)
			printf("%s\t%lld\n", o.a->counting[i].module, (long long)bytes);
	}
	return rc == 0 ? EXIT_DONE : failed(&o, rc);
}
