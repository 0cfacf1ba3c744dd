/*
 * command.c: what every command needs: the module's state, an ADDRESS, a new password.
 * On the main thread of a command.
 */
#include "command.h"

#include <sodium.h>
#include <stdio.h>
#include <termios.h>
#include <unistd.h>

#include "account/account.h"
#include "account/reserved.h"
#include "hearth/rand.h"

/* One more than a password may have, and the NUL. */
#define LINE_MAX_BYTES (AUTH_PASSWORD_MAX + 2)

struct auth *auth_of(struct hearth *h)
{
	const struct accounts *service = hearth_service(h, "accounts");

	return service->self;
}

int auth_unexpected(const char *argument)
{
	fprintf(stderr, "hearth: unexpected argument: %s\n", argument);
	return EXIT_MISUSED;
}

int auth_command_address(struct hearth *h, const char *name, char out[256])
{
	if (!name) {
		fprintf(stderr, "hearth: an ADDRESS is missing\n");
		return EXIT_MISUSED;
	}
	if (auth_address(hearth_config(h), slice_str(name), out) < 0) {
		fprintf(stderr,
			"hearth: %s: expected a mail address of letters a to z, digits and "
			"\".-_+\"\n",
			name);
		return EXIT_MISUSED;
	}
	return -1;
}

int auth_command_reserved(const char *name)
{
	if (!reserved_for_system(slice_str(name)))
		return -1;
	fprintf(stderr, "hearth: %s: " RESERVED_WHY "; say --reserved if it is meant\n", name);
	return EXIT_FAILED;
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

/* NULL with a password, or what was wrong. */
static const char *get_password(bool from_stdin, char password[LINE_MAX_BYTES])
{
	char again[LINE_MAX_BYTES];
	bool same;

	if (from_stdin)
		return read_line(password, LINE_MAX_BYTES) ? NULL : "no password was given";
	if (!isatty(STDIN_FILENO)) {
		make_password(password);
		printf("password: %s\n", password);
		return NULL;
	}
	if (!ask_password("Password: ", password, LINE_MAX_BYTES) ||
		!ask_password("Again: ", again, LINE_MAX_BYTES))
		return "no password was given";
	same = strcmp(password, again) == 0;
	sodium_memzero(again, sizeof(again));
	return same ? NULL : "the two are not the same";
}

int auth_command_password(
	const struct auth *a, const char *address, bool from_stdin, char hash[AUTH_HASH_MAX])
{
	const struct password_rules rules = {
		.min = a->password_min, .address = address, .hostname = hearth_hostname(a->h)
	};
	char password[LINE_MAX_BYTES] = "", reason[160];
	const char *why = get_password(from_stdin, password);

	if (!why && password_check(slice_str(password), &rules, reason) < 0)
		why = reason;
	if (!why && auth_password_hash(a, slice_str(password), hash) < 0)
		why = "not enough memory to hash a password";
	sodium_memzero(password, sizeof(password));
	if (!why)
		return -1;
	fprintf(stderr, "hearth: %s\n", why);
	return EXIT_FAILED;
}

int auth_command_read(struct auth *a, db_fn *fn, void *arg, struct strbuf *text)
{
	int rc = db_read_wait(a->db, fn, arg);

	if (rc == 0 && text->n)
		fwrite(text->p, 1, text->n, stdout);
	strbuf_free(text);
	return rc;
}
