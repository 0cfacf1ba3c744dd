/*
 * command.h: what the module's commands share. They work on the database beside a running server,
 * which hears of what they end by event.
 */
#ifndef AUTH_COMMAND_H
#define AUTH_COMMAND_H

#include "auth.h"

enum exit_code {
	EXIT_DONE = 0,
	EXIT_FAILED = 1,
	EXIT_MISUSED = 2,
};

/* The module's state, in a command. */
struct auth *auth_of(struct hearth *h);
/* Says what is wrong with an argument; EXIT_MISUSED. */
int auth_unexpected(const char *argument);
/* Reads an ADDRESS (NULL: it is missing); an exit code with the reason printed, or -1 to go on. */
int auth_command_address(struct hearth *h, const char *name, char out[256]);
/* Refuses a name of the system (account/reserved.h): an exit code with the reason printed, or -1. */
int auth_command_reserved(const char *name);
/*
 * A password from standard input, from the terminal, or made up and printed; checked for this
 * account and hashed. An exit code with the reason printed, or -1 to go on.
 */
int auth_command_password(
	const struct auth *a, const char *address, bool from_stdin, char hash[AUTH_HASH_MAX]);

/*
 * Reads with fn(tx, arg), which writes lines for people to `text`, prints them and frees it. (fn may
 * be repeated, so it prints nothing itself and begins with strbuf_reset.) fn's result.
 */
int auth_command_read(struct auth *a, db_fn *fn, void *arg, struct strbuf *text);

typedef int auth_command_fn(struct hearth *h, int argc, char **argv);

auth_command_fn auth_run_user_add;
auth_command_fn auth_run_user_list;
auth_command_fn auth_run_user_passwd;
auth_command_fn auth_run_user_disable;
auth_command_fn auth_run_user_enable;
auth_command_fn auth_run_user_role;
auth_command_fn auth_run_user_factors;
auth_command_fn auth_run_user_delete;
auth_command_fn auth_run_user_free;
auth_command_fn auth_run_user_reset;
auth_command_fn auth_run_user_storage;
auth_command_fn auth_run_invite;
auth_command_fn auth_run_first_start;
auth_command_fn auth_run_session_list;
auth_command_fn auth_run_session_revoke;

#endif
