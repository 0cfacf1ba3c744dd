/*
 * group_commands.c: hearth group add|list|show|delete|invite|join|leave|quota|posting|archive|prefix, beside a running
 * server. On the main thread of a command.
 */
#include <stdio.h>

#include "account/quota.h"
#include "audit/audit_log.h"
#include "command.h"
#include "group/group.h"
#include "group/subscriber.h"
#include "hearth/clock.h"
#include "hearth/error.h"

/* What the arguments said, and what the transaction needs and finds. */
struct order {
	struct auth *a;
	struct group group;
	char address[256]; /* of whom */
	struct account account;
	bool owner;
	struct strbuf text; /* what is to be printed */
};

static int misused(const char *what, const char *arg)
{
	fprintf(stderr, "hearth: %s%s%s\n", what, arg ? ": " : "", arg ? arg : "");
	return EXIT_MISUSED;
}

static int read_name(struct order *o, const char *name)
{
	if (group_name_check(slice_str(name), o->group.name) < 0)
		return misused("expected a name of 2 to 40 letters, digits and dashes", name);
	snprintf(o->group.title, sizeof(o->group.title), "%s", o->group.name);
	return -1;
}

static int read_title(struct order *o, const char *text)
{
	struct strbuf title = { 0 };
	const char *why = "expected a title";
	int rc = text ? profile_name_check(slice_str(text), &title, &why) : HEARTH_EINVAL;

	if (rc == 0)
		snprintf(o->group.title, sizeof(o->group.title), "%s", title.p);
	strbuf_free(&title);
	return rc == 0 ? -1 : misused(why, text);
}

/*
 * NAME, an ADDRESS when `person`, and --title T, --open, --reserved or --owner where they make
 * sense; an exit code or -1 to go on.
 */
static int read_order(
	struct hearth *h, int argc, char **argv, bool person, bool making, struct order *o)
{
	const char *words[2] = { 0 };
	int n = 0, code = -1;

	*o = (struct order){ .a = auth_of(h) };
	for (int i = 0; i < argc && code < 0; i++) {
		if (making && strcmp(argv[i], "--open") == 0)
			o->group.open = true;
		else if (making && strcmp(argv[i], "--reserved") == 0)
			o->group.reserved = true;
		else if (making && strcmp(argv[i], "--title") == 0)
			i++; /* read below, behind the name */
		else if (person && strcmp(argv[i], "--owner") == 0)
			o->owner = true;
		else if (argv[i][0] == '-' || n == (person ? 2 : 1))
			return misused("unexpected argument", argv[i]);
		else
			words[n++] = argv[i];
	}
	if (n < (person ? 2 : 1))
		return misused(
			person ? "a NAME and an ADDRESS are needed" : "a NAME is missing", NULL);
	code = read_name(o, words[0]);
	for (int i = 0; making && i < argc && code < 0; i++)
		if (strcmp(argv[i], "--title") == 0)
			code = read_title(o, i + 1 < argc ? argv[++i] : NULL);
	if (code < 0 && making && !o->group.reserved)
		code = auth_command_reserved(o->group.name);
	if (code < 0 && person &&
		auth_address(hearth_config(h), slice_str(words[1]), o->address) < 0)
		return misused("expected a mail address", words[1]);
	return code;
}

static int report(const struct order *o, int rc, const char *what)
{
	if (rc == 0) {
		printf("%s: %s\n", o->group.name, what);
		return EXIT_DONE;
	}
	fprintf(stderr, "hearth: %s: %s\n", o->group.name,
		rc == HEARTH_EEXIST      ? "a group or an account has this name"
		: rc == HEARTH_ENOTFOUND ? "no such group or account"
		: rc == HEARTH_ECONFLICT ? "this is the last owner; make another one first"
		: rc == HEARTH_ETOOBIG   ? "the group is full, or there are too many"
					 : error_name(rc));
	return EXIT_FAILED;
}

static int tx_add(struct db_tx *tx, void *arg)
{
	struct order *o = arg;

	return group_add(tx, &o->group, clock_wall_ms(), &o->group.id);
}

int auth_run_group_add(struct hearth *h, int argc, char **argv)
{
	struct order o;
	int code = read_order(h, argc, argv, false, true, &o), rc;

	if (code >= 0)
		return code;
	rc = db_write_wait(o.a->db, tx_add, &o);
	if (rc == HEARTH_ECONFLICT) {
		fprintf(stderr,
			"hearth: %s: it was somebody's not long ago; `hearth user free %s` lets "
			"another have it\n",
			o.group.name, o.group.name);
		return EXIT_FAILED;
	}
	return report(&o, rc, "added");
}

static int tx_delete(struct db_tx *tx, void *arg)
{
	struct order *o = arg;
	int rc = group_find(tx, o->group.name, &o->group);

	return rc == 0 ? group_delete(tx, o->group.id, clock_wall_ms(), o->a->address_rest_ms) : rc;
}

int auth_run_group_delete(struct hearth *h, int argc, char **argv)
{
	struct order o;
	int code = read_order(h, argc, argv, false, false, &o);

	return code >= 0 ? code : report(&o, db_write_wait(o.a->db, tx_delete, &o), "deleted");
}

static int find_both(struct db_tx *tx, struct order *o)
{
	int rc = group_find(tx, o->group.name, &o->group);

	return rc == 0 ? auth_store_find(tx, o->address, &o->account, NULL) : rc;
}

static int tx_join(struct db_tx *tx, void *arg)
{
	struct order *o = arg;
	int rc = find_both(tx, o);

	if (rc == 0)
		rc = group_join(tx, o->group.id, o->account.id,
			o->owner ? GROUP_OWNER : GROUP_MEMBER, clock_wall_ms());
	return rc == 0 ? auth_audit(
				 tx, o->account.id, "group.joined", NULL, SLICE(""), o->group.name)
		       : rc;
}

static int tx_invite(struct db_tx *tx, void *arg)
{
	struct order *o = arg;
	enum group_role theirs = GROUP_NOBODY, role = o->owner ? GROUP_OWNER : GROUP_MEMBER;
	int rc = find_both(tx, o);

	if (rc == 0)
		rc = group_role_of(tx, o->group.id, o->account.id, &theirs);
	if (rc < 0)
		return rc;
	return theirs == GROUP_NOBODY
		       ? group_invite(tx, o->group.id, o->account.id, role, 0, clock_wall_ms())
		       : HEARTH_EEXIST;
}

int auth_run_group_invite(struct hearth *h, int argc, char **argv)
{
	struct order o;
	int code = read_order(h, argc, argv, true, false, &o), rc;

	if (code >= 0)
		return code;
	rc = db_write_wait(o.a->db, tx_invite, &o);
	if (rc == HEARTH_EEXIST) {
		fprintf(stderr, "hearth: %s is in it already\n", o.address);
		return EXIT_FAILED;
	}
	return report(&o, rc, "invited; it is theirs to say yes");
}

int auth_run_group_join(struct hearth *h, int argc, char **argv)
{
	struct order o;
	int code = read_order(h, argc, argv, true, false, &o);

	return code >= 0 ? code
			 : report(&o, db_write_wait(o.a->db, tx_join, &o),
				   o.owner ? "has another owner" : "has another member");
}

static int tx_leave(struct db_tx *tx, void *arg)
{
	struct order *o = arg;
	int rc = find_both(tx, o);

	return rc == 0 ? group_leave(tx, o->group.id, o->account.id) : rc;
}

int auth_run_group_leave(struct hearth *h, int argc, char **argv)
{
	struct order o;
	int code = read_order(h, argc, argv, true, false, &o);

	return code >= 0 ? code
			 : report(&o, db_write_wait(o.a->db, tx_leave, &o), "has one member less");
}

static void write_group(void *text, const struct group *g, enum group_role role)
{
	(void)role;
	strbuf_printf(text, "%s\t%lld\t%s%s\n", g->name, (long long)g->members, g->title,
		g->open ? "\topen" : "");
}

static int tx_list(struct db_tx *tx, void *arg)
{
	strbuf_reset(arg);
	return group_list(tx, 0, true, write_group, arg);
}

int auth_run_group_list(struct hearth *h, int argc, char **argv)
{
	struct strbuf text = { 0 };

	if (argc > 0)
		return misused("unexpected argument", argv[0]);
	return auth_command_read(auth_of(h), tx_list, &text, &text) == 0 ? EXIT_DONE : EXIT_FAILED;
}

static void write_person(void *text, const struct group_person *person)
{
	strbuf_printf(text, "%.*s%s\n", SLICE_ARG(person->address),
		person->role == GROUP_OWNER ? "\towner" : "");
}

static void write_invited(void *text, const struct group_person *person)
{
	strbuf_printf(text, "%.*s\tinvited\n", SLICE_ARG(person->address));
}

static int write_subscriber(void *arg, const struct subscriber *s)
{
	struct order *o = arg;

	strbuf_printf(&o->text, "%s\telsewhere%s%s\n", s->address,
		s->state == SUBSCRIBER_MEMBER ? "" : "\t",
		s->state == SUBSCRIBER_MEMBER ? "" : subscriber_state_name(s->state));
	return 0;
}

static int tx_show(struct db_tx *tx, void *arg)
{
	struct order *o = arg;
	int rc = group_find(tx, o->group.name, &o->group);

	if (rc < 0)
		return rc;
	strbuf_reset(&o->text);
	strbuf_printf(&o->text, "%s\t%s\n", o->group.name, o->group.title);
	if (o->group.quota)
		strbuf_printf(&o->text, "quota\t%lld\n", (long long)o->group.quota);
	rc = group_people(tx, o->group.id, write_person, &o->text);
	if (rc == 0)
		rc = group_invited_people(tx, o->group.id, write_invited, &o->text);
	return rc == 0 ? subscriber_each(tx, o->group.id, false, write_subscriber, o) : rc;
}

int auth_run_group_show(struct hearth *h, int argc, char **argv)
{
	struct order o;
	int code = read_order(h, argc, argv, false, false, &o), rc;

	if (code >= 0)
		return code;
	rc = auth_command_read(o.a, tx_show, &o, &o.text);
	return rc == 0 ? EXIT_DONE : report(&o, rc, "");
}

static int tx_quota(struct db_tx *tx, void *arg)
{
	struct order *o = arg;
	int64_t quota = o->group.quota;
	int rc = group_find(tx, o->group.name, &o->group);

	o->group.quota = quota;
	return rc == 0 ? group_set(tx, &o->group) : rc;
}

int auth_run_group_quota(struct hearth *h, int argc, char **argv)
{
	struct order o;
	int64_t quota;
	int code;

	if (argc != 2 || quota_read(slice_str(argv[1]), &quota) < 0)
		return misused("expected a NAME and a size such as 512M or 10G, or \"none\"", NULL);
	code = read_order(h, 1, argv, false, false, &o);
	o.group.quota = quota;
	return code >= 0 ? code : report(&o, db_write_wait(o.a->db, tx_quota, &o), "quota set");
}

static int tx_posting(struct db_tx *tx, void *arg)
{
	struct order *o = arg;
	enum group_posting posting = o->group.posting;
	int rc = group_find(tx, o->group.name, &o->group);

	o->group.posting = posting;
	return rc == 0 ? group_set(tx, &o->group) : rc;
}

int auth_run_group_posting(struct hearth *h, int argc, char **argv)
{
	struct order o;
	enum group_posting posting;
	int code;

	if (argc != 2 || group_posting_read(slice_str(argv[1]), &posting) < 0)
		return misused("expected a NAME and anybody, members, owners or moderated", NULL);
	code = read_order(h, 1, argv, false, false, &o);
	o.group.posting = posting;
	return code >= 0 ? code : report(&o, db_write_wait(o.a->db, tx_posting, &o), "posting set");
}

static int tx_archive(struct db_tx *tx, void *arg)
{
	struct order *o = arg;
	enum group_archive archive = o->group.archive;
	int rc = group_find(tx, o->group.name, &o->group);

	o->group.archive = archive;
	return rc == 0 ? group_set(tx, &o->group) : rc;
}

int auth_run_group_archive(struct hearth *h, int argc, char **argv)
{
	struct order o;
	enum group_archive archive;
	int code;

	if (argc != 2 || group_archive_read(slice_str(argv[1]), &archive) < 0)
		return misused("expected a NAME and off or members", NULL);
	code = read_order(h, 1, argv, false, false, &o);
	o.group.archive = archive;
	return code >= 0 ? code : report(&o, db_write_wait(o.a->db, tx_archive, &o), "archive set");
}

static int tx_prefix(struct db_tx *tx, void *arg)
{
	struct order *o = arg;
	char prefix[GROUP_PREFIX_MAX + 1];
	int rc;

	snprintf(prefix, sizeof(prefix), "%s", o->group.prefix);
	rc = group_find(tx, o->group.name, &o->group);
	snprintf(o->group.prefix, sizeof(o->group.prefix), "%s", prefix);
	return rc == 0 ? group_set(tx, &o->group) : rc;
}

int auth_run_group_prefix(struct hearth *h, int argc, char **argv)
{
	struct order o;
	bool none = argc == 2 && strcmp(argv[1], "none") == 0;
	int code;

	if (argc != 2 || !group_prefix_valid(slice_str(argv[1])))
		return misused(
			"expected a NAME and some characters of ASCII such as \"[choir]\", or "
			"\"none\"",
			NULL);
	code = read_order(h, 1, argv, false, false, &o);
	snprintf(o.group.prefix, sizeof(o.group.prefix), "%s", none ? "" : argv[1]);
	return code >= 0 ? code : report(&o, db_write_wait(o.a->db, tx_prefix, &o), "prefix set");
}
