/*
 * account_commands.c: hearth user add|list|passwd|disable|enable|role|delete.
 * On the main thread of a command.
 */
#include <sodium.h>
#include <stdio.h>

#include "account/admin.h"
#include "account/reserved.h"
#include "account/resting.h"
#include "audit/audit_log.h"
#include "command.h"
#include "hearth/clock.h"
#include "hearth/error.h"
#include "invitation/invitation.h"
#include "session/session.h"

/* What the arguments said, and what the transaction needs and finds. */
struct order {
	struct auth *a;
	char address[256];
	char hash[AUTH_HASH_MAX];
	enum auth_role role;
	bool role_given, password_stdin, reserved;
	bool first; /* there was none before */
	struct auth_change change;
	struct account account;
};

/* Which arguments a command takes beside ADDRESS. */
enum takes {
	TAKES_PASSWORD = 1 << 0, /* --password-stdin */
	TAKES_ROLE = 1 << 1,     /* --admin, --moderator, --no-admin, --reserved */
	TAKES_ROLE_WORD = 1 << 2 /* a role behind the address */
};

static bool read_role_flag(const char *arg, struct order *o)
{
	static const struct {
		const char *flag;
		enum auth_role role;
	} flags[] = { { "--admin", AUTH_ADMINISTRATOR }, { "--moderator", AUTH_MODERATOR },
		{ "--no-admin", AUTH_MEMBER } };

	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++)
		if (strcmp(arg, flags[i].flag) == 0) {
			o->role = flags[i].role;
			o->role_given = true;
			return true;
		}
	return false;
}

static bool read_flag(const char *arg, unsigned takes, struct order *o)
{
	if ((takes & TAKES_ROLE) && read_role_flag(arg, o))
		return true;
	if ((takes & TAKES_ROLE) && strcmp(arg, "--reserved") == 0)
		o->reserved = true;
	else if ((takes & TAKES_PASSWORD) && strcmp(arg, "--password-stdin") == 0)
		o->password_stdin = true;
	else
		return false;
	return true;
}

/* An exit code with the reason printed, or -1 to go on. */
static int read_order(struct hearth *h, int argc, char **argv, unsigned takes, struct order *o)
{
	const char *words[2] = { NULL, NULL };
	int count = 0, max = takes & TAKES_ROLE_WORD ? 2 : 1, code;

	*o = (struct order){ .a = auth_of(h) };
	for (int i = 0; i < argc; i++)
		if (argv[i][0] != '-' && count < max)
			words[count++] = argv[i];
		else if (!read_flag(argv[i], takes, o))
			return auth_unexpected(argv[i]);
	code = auth_command_address(h, words[0], o->address);
	if (code < 0 && max == 2 &&
		(!words[1] || auth_role_read(slice_str(words[1]), &o->role) < 0)) {
		fprintf(stderr, "hearth: expected member, moderator or administrator%s%s\n",
			words[1] ? ", not " : "", words[1] ? words[1] : "");
		return EXIT_MISUSED;
	}
	return code;
}

static int report(const struct order *o, int rc, const char *what)
{
	if (rc == 0) {
		printf("%s: %s\n", o->address, what);
		return EXIT_DONE;
	}
	fprintf(stderr, "hearth: %s: %s\n", o->address,
		rc == HEARTH_EEXIST ? "there is an account or a group of this address"
		: rc == HEARTH_ECONFLICT
			? "it was somebody's not long ago; `hearth user free` lets another have it"
		: rc == HEARTH_EUNSUPPORTED ? RESERVED_WHY "; say --reserved if it is meant"
		: rc == HEARTH_ENOTFOUND    ? "no such account"
					    : error_name(rc));
	return EXIT_FAILED;
}

/* The first account of all is the administrator's, unless it was told otherwise. */
static int choose_role(struct db_tx *tx, struct order *o)
{
	int64_t accounts = 0;
	int rc = o->role_given ? 0 : auth_store_count(tx, &accounts);

	o->first = rc == 0 && !o->role_given && accounts == 0;
	if (o->first)
		o->role = AUTH_ADMINISTRATOR;
	return rc;
}

static int tx_add(struct db_tx *tx, void *arg)
{
	struct order *o = arg;
	int rc = choose_role(tx, o);

	if (rc == 0 && o->role != AUTH_ADMINISTRATOR && !o->reserved &&
		reserved_for_system(slice_str(o->address)))
		rc = HEARTH_EUNSUPPORTED;
	if (rc == 0)
		rc = auth_store_add(
			tx, o->address, o->hash, o->role, clock_wall_ms(), &o->account.id);
	return rc == 0 ? auth_audit(
				 tx, o->account.id, "account.made", NULL, SLICE(""), "by command")
		       : rc;
}

int auth_run_user_add(struct hearth *h, int argc, char **argv)
{
	struct order o;
	char what[96] = "added";
	int code = read_order(h, argc, argv, TAKES_PASSWORD | TAKES_ROLE, &o), rc;

	if (code < 0)
		code = auth_command_password(o.a, o.address, o.password_stdin, o.hash);
	if (code >= 0)
		return code;
	rc = db_write_wait(o.a->db, tx_add, &o);
	if (o.role != AUTH_MEMBER)
		snprintf(what, sizeof(what), "added, %s %s%s",
			o.role == AUTH_ADMINISTRATOR ? "an" : "a", auth_role_name(o.role),
			o.first ? ", since it is the first account" : "");
	code = report(&o, rc, what);
	if (code == EXIT_DONE && o.role == AUTH_ADMINISTRATOR)
		auth_bootstrap_over(h);
	if (code == EXIT_DONE && !auth_address_is_local(hearth_config(h), o.address))
		fprintf(stderr,
			"note: mail for this domain is not taken until [mail] domains names it\n");
	return code;
}

/* A new password ends the sessions that the old one opened. */
static int tx_passwd(struct db_tx *tx, void *arg)
{
	struct order *o = arg;
	int rc = auth_store_find(tx, o->address, &o->account, NULL);

	if (rc == 0)
		rc = auth_store_set_hash(tx, o->account.id, o->hash);
	if (rc == 0)
		rc = auth_store_revoke_all(tx, o->account.id);
	return rc == 0 ? auth_audit(tx, o->account.id, "password.changed", NULL, SLICE(""),
				 "by command")
		       : rc;
}

int auth_run_user_passwd(struct hearth *h, int argc, char **argv)
{
	struct order o;
	int code = read_order(h, argc, argv, TAKES_PASSWORD, &o);

	if (code < 0)
		code = auth_command_password(o.a, o.address, o.password_stdin, o.hash);
	return code >= 0 ? code
			 : report(&o, db_write_wait(o.a->db, tx_passwd, &o), "password changed");
}

static int tx_change(struct db_tx *tx, void *arg)
{
	struct order *o = arg;
	int rc = auth_store_find(tx, o->address, &o->account, NULL);

	return rc == 0 ? auth_store_change(tx, o->account.id, &o->change, NULL) : rc;
}

static int run_disabled(struct hearth *h, int argc, char **argv, bool disabled)
{
	struct order o;
	int code = read_order(h, argc, argv, 0, &o);

	o.change = (struct auth_change){ .disabled_given = true, .disabled = disabled };
	return code >= 0 ? code
			 : report(&o, db_write_wait(o.a->db, tx_change, &o),
				   disabled ? "disabled" : "enabled");
}

int auth_run_user_disable(struct hearth *h, int argc, char **argv)
{
	return run_disabled(h, argc, argv, true);
}

int auth_run_user_enable(struct hearth *h, int argc, char **argv)
{
	return run_disabled(h, argc, argv, false);
}

int auth_run_user_role(struct hearth *h, int argc, char **argv)
{
	struct order o;
	int code = read_order(h, argc, argv, TAKES_ROLE_WORD, &o);

	o.change = (struct auth_change){ .role_given = true, .role = o.role };
	if (code >= 0)
		return code;
	code = report(&o, db_write_wait(o.a->db, tx_change, &o), auth_role_name(o.role));
	if (code == EXIT_DONE && o.role == AUTH_ADMINISTRATOR)
		auth_bootstrap_over(h);
	return code;
}

static int tx_delete(struct db_tx *tx, void *arg)
{
	struct order *o = arg;
	int rc = auth_store_find(tx, o->address, &o->account, NULL);

	return rc == 0 ? auth_store_delete(
				 tx, o->account.id, clock_wall_ms(), o->a->address_rest_ms)
		       : rc;
}

int auth_run_user_delete(struct hearth *h, int argc, char **argv)
{
	struct order o;
	int code = read_order(h, argc, argv, 0, &o);

	return code >= 0 ? code : report(&o, db_write_wait(o.a->db, tx_delete, &o), "deleted");
}

static int tx_free(struct db_tx *tx, void *arg)
{
	const struct order *o = arg;

	return resting_free(tx, o->address, clock_wall_ms());
}

int auth_run_user_free(struct hearth *h, int argc, char **argv)
{
	struct order o;
	int code = read_order(h, argc, argv, 0, &o), rc;

	if (code >= 0)
		return code;
	rc = db_write_wait(o.a->db, tx_free, &o);
	if (rc == HEARTH_ENOTFOUND) {
		fprintf(stderr, "hearth: %s: this address does not rest\n", o.address);
		return EXIT_FAILED;
	}
	return report(&o, rc, "free");
}

/* Address, role, whether it may log in, with what: columns with tabs between. */
static void write_account(void *text, const struct account *account)
{
	strbuf_printf(text, "%s\t%s\t%s\t%s\n", account->address,
		auth_role_name(auth_role_of(account)), account->disabled ? "disabled" : "enabled",
		account->factors ? "second factor" : "password");
}

static int tx_list(struct db_tx *tx, void *arg)
{
	strbuf_reset(arg);
	return auth_store_list(tx, write_account, arg);
}

int auth_run_user_list(struct hearth *h, int argc, char **argv)
{
	struct strbuf text = { 0 };

	if (argc > 0)
		return auth_unexpected(argv[0]);
	return auth_command_read(auth_of(h), tx_list, &text, &text) == 0 ? EXIT_DONE : EXIT_FAILED;
}
