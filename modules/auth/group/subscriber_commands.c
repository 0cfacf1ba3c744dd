/*
 * group/subscriber_commands.c: hearth group subscribe|unsubscribe|resume: members elsewhere (subscriber.h), beside a
 * running server. A command sends no mail: it prints the link that the person says yes by. On the main thread
 * of a command.
 */
#include <sodium.h>
#include <stdio.h>

#include "command.h"
#include "group/subscriber.h"
#include "hearth/clock.h"
#include "hearth/error.h"

struct order {
	struct auth *a;
	char name[GROUP_NAME_MAX + 1];
	struct slice given; /* the address as it came */
	struct group group;
	struct subscriber s;
	char secret[AUTH_TOKEN_TEXT], hex[AUTH_TOKEN_HEX];
};

/* NAME ADDRESS; an exit code, or -1 to go on. */
static int read_order(struct hearth *h, int argc, char **argv, struct order *o)
{
	*o = (struct order){ .a = auth_of(h) };
	if (argc != 2 || group_name_check(slice_str(argv[0]), o->name) < 0) {
		fprintf(stderr, "hearth: expected the NAME of a group and a mail ADDRESS\n");
		return EXIT_MISUSED;
	}
	o->given = slice_str(argv[1]);
	return -1;
}

static int fail(const struct order *o, int rc)
{
	fprintf(stderr, "hearth: %s: %.*s: %s\n", o->name, SLICE_ARG(o->given),
		rc == HEARTH_ENOTFOUND ? "no such group, or no such member elsewhere"
		: rc == HEARTH_EEXIST  ? "is a member already"
		: rc == HEARTH_EINVAL  ? "expected a mail address at another server"
		: rc == HEARTH_ETOOBIG ? "the group is full"
				       : error_name(rc));
	return EXIT_FAILED;
}

static int tx_invite(struct db_tx *tx, void *arg)
{
	struct order *o = arg;
	int rc = group_find(tx, o->name, &o->group);

	o->s = (struct subscriber){ .group = o->group.id };
	if (rc == 0)
		rc = subscriber_address(tx, hearth_config(o->a->h), o->given, o->s.address);
	return rc < 0 ? rc : subscriber_invite(tx, &o->s, 0, o->hex, clock_wall_ms());
}

int auth_run_group_subscribe(struct hearth *h, int argc, char **argv)
{
	struct strbuf link = { 0 };
	struct order o;
	int code = read_order(h, argc, argv, &o), rc;

	if (code >= 0)
		return code;
	auth_token_make(o.secret, o.hex);
	rc = db_write_wait(o.a->db, tx_invite, &o);
	if (rc < 0)
		return fail(&o, rc);
	hearth_url(h, &link);
	strbuf_printf(&link, "#subscribe?token=%s\n", o.secret);
	fwrite(link.p, 1, link.n, stdout);
	sodium_memzero(link.p, link.n);
	strbuf_free(&link);
	return EXIT_DONE;
}

static int tx_find(struct db_tx *tx, struct order *o)
{
	char address[256];
	int rc = group_find(tx, o->name, &o->group);

	snprintf(address, sizeof(address), "%.*s", SLICE_ARG(slice_head(o->given, 255)));
	return rc < 0 ? rc : subscriber_find(tx, o->group.id, address, &o->s);
}

static int tx_remove(struct db_tx *tx, void *arg)
{
	struct order *o = arg;
	int rc = tx_find(tx, o);

	return rc < 0 ? rc : subscriber_remove(tx, o->group.id, o->s.id);
}

int auth_run_group_unsubscribe(struct hearth *h, int argc, char **argv)
{
	struct order o;
	int code = read_order(h, argc, argv, &o), rc;

	if (code >= 0)
		return code;
	rc = db_write_wait(o.a->db, tx_remove, &o);
	if (rc < 0)
		return fail(&o, rc);
	printf("%s: %s gets its mail no more\n", o.name, o.s.address);
	return EXIT_DONE;
}

static int tx_resume(struct db_tx *tx, void *arg)
{
	struct order *o = arg;
	int rc = tx_find(tx, o);

	return rc < 0 ? rc : subscriber_resume(tx, o->group.id, o->s.id, clock_wall_ms());
}

int auth_run_group_resume(struct hearth *h, int argc, char **argv)
{
	struct order o;
	int code = read_order(h, argc, argv, &o), rc;

	if (code >= 0)
		return code;
	rc = db_write_wait(o.a->db, tx_resume, &o);
	if (rc < 0)
		return fail(&o, rc);
	printf("%s: %s gets its mail again\n", o.name, o.s.address);
	return EXIT_DONE;
}
