/*
 * commands.c: hearth user add|list|passwd|disable|enable|delete.
 *
 * They work on the database beside a running server, which hears of revoked sessions by event.
 */
#include <sodium.h>
#include <stdio.h>
#include <termios.h>
#include <unistd.h>

#include "account/account.h"
#include "hearth/clock.h"
#include "hearth/error.h"
#include "hearth/rand.h"
#include "record/record.h"
#include "session/session.h"

enum exit_code {
	EXIT_DONE = 0,
	EXIT_FAILED = 1,
	EXIT_MISUSED = 2,
};

/* What the arguments said, and what the transaction needs and finds. */
struct order {
	struct auth *a;
	char address[256];
	char password[AUTH_PASSWORD_MAX + 2];
	char hash[AUTH_HASH_MAX];
	bool admin, password_stdin, disable;
	struct account account;
};

static struct auth *auth_of(struct hearth *h)
{
	const struct accounts *service = hearth_service(h, "accounts");

	return service->self;
}

/* ADDRESS and the flags of the command; an exit code or -1 to go on. */
static int read_order(struct hearth *h, int argc, char **argv, bool flags, struct order *o)
{
	const char *name = NULL;

	*o = (struct order){ .a = auth_of(h) };
	for (int i = 0; i < argc; i++) {
		if (flags && strcmp(argv[i], "--admin") == 0)
			o->admin = true;
		else if (flags && strcmp(argv[i], "--password-stdin") == 0)
			o->password_stdin = true;
		else if (argv[i][0] == '-' || name)
			return fprintf(stderr, "hearth: unexpected argument: %s\n", argv[i]),
			       EXIT_MISUSED;
		else
			name = argv[i];
	}
	if (!name)
		return fprintf(stderr, "hearth: an ADDRESS is missing\n"), EXIT_MISUSED;
	if (auth_address(hearth_config(h), slice_str(name), o->address) < 0)
		return fprintf(stderr,
			       "hearth: %s: expected a mail address of letters, digits and "
			       "\".-_+\"\n",
			       name),
		       EXIT_MISUSED;
	return -1;
}

static bool read_line(char *out, size_t room)
{
	if (!fgets(out, (int)room, stdin))
		return false;
	out[strcspn(out, "\r\n")] = '\0';
	return true;
}

/* Asks at the terminal without showing what is typed. */
static bool ask_password(const char *prompt, char *out, size_t room)
{
	struct termios shown, hidden;
	bool got;

	fputs(prompt, stderr);
	tcgetattr(STDIN_FILENO, &shown);
	hidden = shown;
	hidden.c_lflag &= ~(tcflag_t)ECHO;
	tcsetattr(STDIN_FILENO, TCSAFLUSH, &hidden);
	got = read_line(out, room);
	tcsetattr(STDIN_FILENO, TCSAFLUSH, &shown);
	fputc('\n', stderr);
	return got;
}

/* A password that is easy to read out: five groups of four characters, some 100 bits. */
static void make_password(char *out)
{
	static const char letters[] = "abcdefghijkmnpqrstuvwxyz23456789";
	size_t n = 0;

	for (int i = 0; i < 20; i++) {
		if (i && i % 4 == 0)
			out[n++] = '-';
		out[n++] = letters[rand_below(sizeof(letters) - 1)];
	}
	out[n] = '\0';
}

/* From standard input, from the terminal, or made up and printed; then hashed. */
static int get_password(struct order *o)
{
	char again[sizeof(o->password)];
	const char *why;
	bool got = true;

	if (o->password_stdin) {
		got = read_line(o->password, sizeof(o->password));
	} else if (isatty(STDIN_FILENO)) {
		got = ask_password("Password: ", o->password, sizeof(o->password)) &&
		      ask_password("Again: ", again, sizeof(again));
		if (got && strcmp(o->password, again) != 0)
			return fprintf(stderr, "hearth: the two are not the same\n"), EXIT_FAILED;
	} else {
		make_password(o->password);
		printf("password: %s\n", o->password);
	}
	if (!got)
		return fprintf(stderr, "hearth: no password was given\n"), EXIT_FAILED;
	if (auth_password_check(slice_str(o->password), &why) < 0)
		return fprintf(stderr, "hearth: %s\n", why), EXIT_FAILED;
	if (auth_password_hash(o->a, slice_str(o->password), o->hash) < 0)
		return fprintf(stderr, "hearth: not enough memory to hash a password\n"),
		       EXIT_FAILED;
	return -1;
}

static int report(const struct order *o, int rc, const char *what)
{
	if (rc == 0) {
		printf("%s: %s\n", o->address, what);
		return EXIT_DONE;
	}
	fprintf(stderr, "hearth: %s: %s\n", o->address,
		rc == HEARTH_EEXIST      ? "there is an account of this address"
		: rc == HEARTH_ENOTFOUND ? "no such account"
					 : error_name(rc));
	return EXIT_FAILED;
}

static int tx_add(struct db_tx *tx, void *arg)
{
	struct order *o = arg;

	return auth_store_add(tx, o->address, o->hash, o->admin ? AUTH_ADMINISTRATOR : AUTH_MEMBER,
		clock_wall_ms(), &o->account.id);
}

static int run_add(struct hearth *h, int argc, char **argv)
{
	struct order o;
	int code = read_order(h, argc, argv, true, &o);

	if (code < 0)
		code = get_password(&o);
	if (code >= 0)
		return code;
	code = report(&o, db_write_wait(o.a->db, tx_add, &o),
		o.admin ? "added, an administrator" : "added");
	if (code == EXIT_DONE && !auth_address_is_local(hearth_config(h), o.address))
		fprintf(stderr,
			"note: mail for this domain is not taken until [mail] domains names it\n");
	sodium_memzero(&o, sizeof(o));
	return code;
}

/* A new password ends the sessions that the old one opened. */
static int tx_passwd(struct db_tx *tx, void *arg)
{
	struct order *o = arg;
	int rc = auth_store_find(tx, o->address, &o->account, NULL);

	if (rc == 0)
		rc = auth_store_set_hash(tx, o->account.id, o->hash);
	return rc == 0 ? auth_store_revoke_all(tx, o->account.id) : rc;
}

static int run_passwd(struct hearth *h, int argc, char **argv)
{
	struct order o;
	int code = read_order(h, argc, argv, true, &o);

	if (code < 0)
		code = get_password(&o);
	if (code < 0)
		code = report(&o, db_write_wait(o.a->db, tx_passwd, &o), "password changed");
	sodium_memzero(&o, sizeof(o));
	return code;
}

static int tx_disable(struct db_tx *tx, void *arg)
{
	struct order *o = arg;
	int rc = auth_store_find(tx, o->address, &o->account, NULL);

	if (rc == 0)
		rc = auth_store_set_disabled(tx, o->account.id, o->disable);
	return rc == 0 && o->disable ? auth_store_revoke_all(tx, o->account.id) : rc;
}

static int run_disable(struct hearth *h, int argc, char **argv)
{
	struct order o;
	int code = read_order(h, argc, argv, false, &o);

	o.disable = true;
	return code >= 0 ? code : report(&o, db_write_wait(o.a->db, tx_disable, &o), "disabled");
}

static int run_enable(struct hearth *h, int argc, char **argv)
{
	struct order o;
	int code = read_order(h, argc, argv, false, &o);

	return code >= 0 ? code : report(&o, db_write_wait(o.a->db, tx_disable, &o), "enabled");
}

static int tx_delete(struct db_tx *tx, void *arg)
{
	struct order *o = arg;
	int rc = auth_store_find(tx, o->address, &o->account, NULL);

	return rc == 0 ? auth_store_delete(tx, o->account.id, clock_wall_ms()) : rc;
}

static int run_delete(struct hearth *h, int argc, char **argv)
{
	struct order o;
	int code = read_order(h, argc, argv, false, &o);

	return code >= 0 ? code : report(&o, db_write_wait(o.a->db, tx_delete, &o), "deleted");
}

static void print_account(void *arg, const struct account *account)
{
	(void)arg;
	printf("%s%s%s\n", account->address, account->admin ? "\tadministrator" : "",
		account->disabled ? "\tdisabled" : "");
}

static int tx_list(struct db_tx *tx, void *arg)
{
	(void)arg;
	return auth_store_list(tx, print_account, NULL);
}

static int run_list(struct hearth *h, int argc, char **argv)
{
	if (argc > 0)
		return fprintf(stderr, "hearth: unexpected argument: %s\n", argv[0]), EXIT_MISUSED;
	return db_read_wait(auth_of(h)->db, tx_list, NULL) == 0 ? EXIT_DONE : EXIT_FAILED;
}

static const char password_help[] = "\nThe password is read from standard input with "
				    "--password-stdin (one line), asked for at a\n"
				    "terminal, and otherwise made up and printed.\n";

const struct hearth_command auth_commands[] = {
	{ "user add", "ADDRESS [--admin] [--password-stdin]", "make an account", password_help,
		run_add },
	{ "user list", "", "list the accounts", NULL, run_list },
	{ "user passwd", "ADDRESS [--password-stdin]", "set a password and end the sessions",
		password_help, run_passwd },
	{ "user disable", "ADDRESS", "shut an account out; its mail is still taken", NULL,
		run_disable },
	{ "user enable", "ADDRESS", "let it in again", NULL, run_enable },
	{ "user delete", "ADDRESS", "delete an account", NULL, run_delete },
	{ .name = NULL },
};
