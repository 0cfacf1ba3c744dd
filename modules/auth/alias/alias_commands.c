/*
 * alias_commands.c: hearth alias list|add|remove, beside a running server. On the main thread of a
 * command.
 */
#include <stdio.h>

#include "alias/alias.h"
#include "command.h"
#include "hearth/clock.h"
#include "hearth/error.h"

struct order {
	struct auth *a;
	struct alias alias;
	char targets[ALIAS_TARGETS][256];
	size_t n;
	struct slice part;
	struct strbuf text; /* what is to be printed */
};

static int read_order(struct hearth *h, int argc, char **argv, bool adding, struct order *o)
{
	const struct config *config = hearth_config(h);
	const char *address = NULL;

	*o = (struct order){ .a = auth_of(h) };
	for (int i = 0; i < argc; i++) {
		if (adding && strcmp(argv[i], "--may-write") == 0)
			o->alias.may_write = true;
		else if (argv[i][0] == '-' || o->n == ALIAS_TARGETS)
			return auth_unexpected(argv[i]);
		else if (!address)
			address = argv[i];
		else if (alias_target(config, slice_str(argv[i]), o->targets[o->n++]) < 0) {
			fprintf(stderr, "hearth: %s: expected a mail address, or @DOMAIN\n",
				argv[i]);
			return EXIT_MISUSED;
		}
	}
	if (!address || (adding && o->n == 0)) {
		fprintf(stderr, "hearth: an ADDRESS%s missing\n",
			adding ? " and whom it leads to are" : " is");
		return EXIT_MISUSED;
	}
	if (alias_address(config, slice_str(address), o->alias.address) < 0) {
		fprintf(stderr,
			"hearth: %s: expected a mail address of letters a to z, digits and "
			"\".-_+\", or @DOMAIN\n",
			address);
		return EXIT_MISUSED;
	}
	return -1;
}

static int report(const struct order *o, int rc, const char *what)
{
	if (rc == 0) {
		printf("%s: %s\n", o->alias.address, what);
		return EXIT_DONE;
	}
	fprintf(stderr, "hearth: %s: %s\n", o->alias.address,
		rc == HEARTH_EEXIST
			? "an account or a group has this name, or it leads there already"
		: rc == HEARTH_ECONFLICT
			? "it was somebody's not long ago; `hearth user free` lets another have it"
		: rc == HEARTH_ENOTFOUND ? "the domain is none of ours, or nobody has the target"
		: rc == HEARTH_EINVAL
			? "a domain is an alias of one of [mail] domains, and of nothing else"
		: rc == HEARTH_EDENIED ? "it would lead back to itself"
		: rc == HEARTH_ETOOBIG ? "there are too many"
				       : error_name(rc));
	return EXIT_FAILED;
}

/* All of its targets or none. */
static int tx_add(struct db_tx *tx, void *arg)
{
	struct order *o = arg;
	int rc = 0;

	for (size_t i = 0; i < o->n && rc == 0; i++) {
		snprintf(o->alias.target, sizeof(o->alias.target), "%s", o->targets[i]);
		rc = alias_add(tx, o->a, &o->alias, clock_wall_ms());
	}
	return rc;
}

int auth_run_alias_add(struct hearth *h, int argc, char **argv)
{
	struct order o;
	int code = read_order(h, argc, argv, true, &o);

	return code >= 0 ? code : report(&o, db_write_wait(o.a->db, tx_add, &o), "added");
}

static int tx_remove(struct db_tx *tx, void *arg)
{
	struct order *o = arg;
	int rc = 0;

	for (size_t i = 0; i < (o->n ? o->n : 1) && rc == 0; i++) {
		snprintf(o->alias.target, sizeof(o->alias.target), "%s", o->targets[i]);
		rc = alias_remove(tx, &o->alias, clock_wall_ms(), o->a->address_rest_ms);
	}
	return rc;
}

int auth_run_alias_remove(struct hearth *h, int argc, char **argv)
{
	struct order o;
	int code = read_order(h, argc, argv, false, &o), rc;

	if (code >= 0)
		return code;
	rc = db_write_wait(o.a->db, tx_remove, &o);
	if (rc == HEARTH_ENOTFOUND) {
		fprintf(stderr, "hearth: %s: there is no such alias\n", o.alias.address);
		return EXIT_FAILED;
	}
	return report(&o, rc, "removed");
}

static void write_alias(void *arg, const struct alias *al)
{
	struct order *o = arg;

	strbuf_printf(&o->text, "%s\t%s%s\n", al->address, al->target,
		al->may_write ? "\tmay write" : "");
}

static int tx_list(struct db_tx *tx, void *arg)
{
	struct order *o = arg;

	strbuf_reset(&o->text);
	return alias_list(tx, o->part, &(struct alias){ 0 }, ALIASES_MAX, write_alias, o);
}

int auth_run_alias_list(struct hearth *h, int argc, char **argv)
{
	struct order o = { .a = auth_of(h) };

	if (argc > 1)
		return auth_unexpected(argv[1]);
	if (argc == 1)
		o.part = slice_str(argv[0]);
	return auth_command_read(o.a, tx_list, &o, &o.text) == 0 ? EXIT_DONE : EXIT_FAILED;
}
