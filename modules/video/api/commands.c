/*
 * commands.c: `hearth stream …`: the key of a channel, and a new one. On a command's main thread.
 */
#include <stdio.h>
#include <stdlib.h>

#include "hearth/error.h"
#include "store/store.h"

struct order {
	struct account account;
	struct video_channel channel;
	bool renew;
};

static int tx_key(struct db_tx *tx, void *arg)
{
	struct order *o = arg;
	int rc = video_store_channel_of(tx, &o->account, &o->channel);

	return rc == 0 && o->renew ? video_store_new_key(tx, &o->channel) : rc;
}

static int run_key(struct hearth *h, int argc, char **argv)
{
	const struct accounts *accounts = hearth_service(h, "accounts");
	struct order o = { 0 };
	const char *address = NULL;

	for (int i = 0; i < argc; i++) {
		if (strcmp(argv[i], "--new") == 0)
			o.renew = true;
		else if (argv[i][0] == '-' || address)
			return fprintf(stderr, "hearth: unexpected argument: %s\n", argv[i]), 2;
		else
			address = argv[i];
	}
	if (!address)
		return fprintf(stderr, "hearth: an ADDRESS is missing\n"), 2;
	if (!accounts ||
		accounts->by_address_wait(accounts->self, slice_str(address), &o.account) < 0)
		return fprintf(stderr, "hearth: %s: no such account\n", address), 1;
	if (db_write_wait(hearth_db(h, "video"), tx_key, &o) < 0)
		return fprintf(stderr, "hearth: the key could not be stored\n"), 1;
	printf("%s\n", o.channel.key);
	return 0;
}

const struct hearth_command video_commands[] = {
	{ "stream key", "ADDRESS [--new]", "print the account's publishing key",
		"\nWith --new another key takes its place.\n", run_key },
	{ .name = NULL },
};
