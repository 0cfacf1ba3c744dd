/*
 * quota.c: setting an account's quota (quota.h).
 * Reading is pure; the rest in a db_fn, or on the main thread of a command.
 */
#include "account/quota.h"

#include <stdio.h>

#include "account/account.h"
#include "command.h"
#include "hearth/error.h"
#include "hearth/log.h"
#include "session/session.h"

int quota_read(struct slice text, int64_t *bytes)
{
	int64_t unit = 1, n;
	char last = text.n ? text.p[text.n - 1] : '\0';

	if (slice_eq(text, SLICE("none"))) {
		*bytes = 0;
		return 0;
	}
	switch (last) {
	case 'k':
	case 'K': unit = INT64_C(1) << 10; break;
	case 'm':
	case 'M': unit = INT64_C(1) << 20; break;
	case 'g':
	case 'G': unit = INT64_C(1) << 30; break;
	default: break;
	}
	if (slice_i64(slice_head(text, text.n - (unit > 1)), 1, QUOTA_BYTES_MAX / unit, &n) < 0)
		return HEARTH_EINVAL;
	*bytes = n * unit;
	return 0;
}

/* Set once, before there are other threads. */
static int64_t standard;

void quota_start(int64_t bytes)
{
	INVARIANT(bytes >= 0);
	standard = bytes;
}

int64_t quota_of_others(int64_t groups)
{
	INVARIANT(groups >= 0);
	return standard > 0 && groups > standard ? groups : standard;
}

int quota_set(struct db_tx *tx, int64_t account, int64_t bytes)
{
	int rc = db_run(tx, "UPDATE account SET quota = $2 WHERE id = $1", db_int(account),
		bytes < 0 ? db_null() : db_int(bytes));

	INVARIANT(account > 0 && bytes <= QUOTA_BYTES_MAX);
	return rc < 0 ? rc : auth_store_refresh(tx, account);
}

struct order {
	char address[256];
	int64_t bytes;
};

static int tx_quota(struct db_tx *tx, void *arg)
{
	struct order *o = arg;
	struct account account;
	int rc = auth_store_find(tx, o->address, &account, NULL);

	return rc == 0 ? quota_set(tx, account.id, o->bytes) : rc;
}

int auth_run_user_quota(struct hearth *h, int argc, char **argv)
{
	struct order o = { .bytes = -1 };
	int rc;

	if (argc != 2 || auth_address(hearth_config(h), slice_str(argv[0]), o.address) < 0 ||
		(strcmp(argv[1], "default") != 0 && quota_read(slice_str(argv[1]), &o.bytes) < 0)) {
		fprintf(stderr, "hearth: expected an ADDRESS and a size such as 512M or 10G, "
				"\"none\" or \"default\"\n");
		return EXIT_MISUSED;
	}
	rc = db_write_wait(auth_of(h)->db, tx_quota, &o);
	if (rc < 0) {
		fprintf(stderr, "hearth: %s: %s\n", o.address,
			rc == HEARTH_ENOTFOUND ? "no such account" : error_name(rc));
		return EXIT_FAILED;
	}
	printf("%s: quota %s\n", o.address, argv[1]);
	return EXIT_DONE;
}
