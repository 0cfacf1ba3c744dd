/*
 * builtins.h: the kernel's own commands, as a table, and what cli.c shares with them. On the main
 * thread.
 */
#ifndef HEARTH_SRC_CLI_BUILTINS_H
#define HEARTH_SRC_CLI_BUILTINS_H

#include "hearth/str.h"

struct hearth;

#define SETS_MAX 64

enum exit_code {
	EXIT_DONE = 0,
	EXIT_FAILED = 1,
	EXIT_MISUSED = 2,
};

/* The command line, taken apart. */
struct invocation {
	const char *file;
	const char *sets[SETS_MAX];
	size_t set_count;
	bool help;
	char **args; /* what is left, with the command's words first */
	int arg_count;
};

/* What a command of the kernel needs of its surroundings. */
enum builtin_needs {
	NEEDS_NOTHING,
	NEEDS_CONFIG, /* as it is named; none is looked for */
	NEEDS_FILE,   /* the INI file of the server that is here (locate.h) */
	NEEDS_DATA,   /* and its data folder */
	NEEDS_OWNER,  /* and to be its owner, since it writes there */
};

struct builtin {
	const char *name, *usage, *doc; /* usage "": it takes no argument */
	enum builtin_needs needs;
	int (*run)(struct hearth *h, struct invocation *in);
	const char *help; /* the rest of --help; may be NULL */
};

extern const struct builtin cli_builtins[];
extern const size_t cli_builtin_count;

/* `hearth help`: all commands there are; h may be NULL. */
int cli_run_help(struct hearth *h, struct invocation *in);
/* Says what is wrong with the words, and `arg` if it is one of them; EXIT_MISUSED. */
int cli_usage_error(const char *what, const char *arg);
/* Says what is wrong with the configuration, then what to do. */
void cli_say_mistakes(const struct strbuf *errors);

#endif
