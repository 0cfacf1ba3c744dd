/*
 * builtins.c: the kernel's own commands: what each runs, the table of them, and `hearth help`, which
 * lists those of the modules as well. On the main thread.
 */
#include "cli/builtins.h"
#include "cli/acme_commands.h"
#include "cli/bus_commands.h"
#include "cli/data_commands.h"
#include "cli/game_new.h"
#include "cli/locate.h"

#include <stdio.h>

#include "hearth/log.h"
#include "kernel/kernel.h"
#include "modules.h"

static int validate(const struct hearth *h)
{
	struct strbuf errors = { 0 };
	int rc = kernel_validate(h, &errors);

	if (rc < 0)
		cli_say_mistakes(&errors);
	strbuf_free(&errors);
	return rc;
}

static int run_serve(struct hearth *h, struct invocation *in)
{
	(void)in;
	return validate(h) < 0 ? EXIT_FAILED : kernel_serve(h);
}

static int run_check(struct hearth *h, struct invocation *in)
{
	if (validate(h) < 0)
		return EXIT_FAILED;
	printf("%s: good; modules:", in->file ? in->file : "embedded defaults");
	for (int i = 0; i < h->module_count; i++)
		printf(" %s", h->modules[i]->name);
	printf("\n");
	return EXIT_DONE;
}

/*
 * The word that it takes to start on databases that do not belong together. Nothing is removed: a
 * sweep that finds too many files without a row stops by itself.
 */
static int run_adopt(struct hearth *h, struct invocation *in)
{
	(void)in;
	log_set_level(LOG_WARN);
	h->adopt = true;
	if (kernel_make_data_dir(h) < 0 || kernel_lock_data(h) < 0 || kernel_open(h) < 0)
		return EXIT_FAILED;
	printf("%s: its databases and blobs are taken as they are; `hearth verify` says what is "
	       "missing\n",
		hearth_data_dir(h));
	return EXIT_DONE;
}

static int run_version(struct hearth *h, struct invocation *in)
{
	(void)h;
	(void)in;
	printf("hearth %s\n", HEARTH_VERSION);
	return EXIT_DONE;
}

static int run_config(struct hearth *h, struct invocation *in)
{
	struct strbuf out = { 0 };

	(void)in;
	config_write_example(h->config, &out);
	fwrite(out.p, 1, out.n, stdout);
	strbuf_free(&out);
	return EXIT_DONE;
}

static int run_bus_list_command(struct hearth *h, struct invocation *in)
{
	return run_bus_list(h, in->arg_count - 2, in->args + 2);
}

static int run_bus_retry_command(struct hearth *h, struct invocation *in)
{
	return run_bus_retry(h, in->arg_count - 2, in->args + 2);
}

static int run_bus_forget_command(struct hearth *h, struct invocation *in)
{
	return run_bus_forget(h, in->arg_count - 2, in->args + 2);
}

static int run_acme_status_command(struct hearth *h, struct invocation *in)
{
	return run_acme_status(h, in->arg_count - 2, in->args + 2);
}

static int run_acme_renew_command(struct hearth *h, struct invocation *in)
{
	return run_acme_renew(h, in->arg_count - 2, in->args + 2);
}

static int run_game_new_command(struct hearth *h, struct invocation *in)
{
	(void)h;
	return run_game_new(in->arg_count - 2, in->args + 2);
}

static int run_backup_command(struct hearth *h, struct invocation *in)
{
	return run_backup(h, in->file, in->arg_count - 1, in->args + 1);
}

static int run_restore_command(struct hearth *h, struct invocation *in)
{
	return run_restore(h, in->file, in->arg_count - 1, in->args + 1);
}

static int run_verify_command(struct hearth *h, struct invocation *in)
{
	return run_verify(h, in->file, in->arg_count - 1, in->args + 1);
}

const struct builtin cli_builtins[] = {
	{ "serve", "", "run the server", NEEDS_CONFIG, run_serve, NULL },
	{ "check", "", "check the configuration: file, line, what was found, what was expected",
		NEEDS_FILE, run_check, NULL },
	{ "backup", "DIR [--keep N]",
		"copy everything into DIR, whole and checked; the server may run", NEEDS_DATA,
		run_backup_command, help_backup },
	{ "restore", "DIR [--of NAME] [--replace]",
		"make the data folder what the backup in DIR has", NEEDS_FILE, run_restore_command,
		help_restore },
	{ "verify", "[DIR [--of NAME]]", "look at all that is stored, or at the backup in DIR",
		NEEDS_FILE, run_verify_command, help_verify },
	{ "adopt", "", "take the databases of the data folder as they are, when serve refuses them",
		NEEDS_OWNER, run_adopt, NULL },
	{ "bus list", "[NAME]",
		"who follows events, how many wait for each and for how long; of NAME, what was "
		"set aside",
		NEEDS_OWNER, run_bus_list_command, help_bus_list },
	{ "bus retry", "[NAME]", "try events anew that were set aside: of NAME, or all",
		NEEDS_OWNER, run_bus_retry_command, help_bus_retry },
	{ "bus forget", "NAME", "keep no events for a subscription whose module is off",
		NEEDS_OWNER, run_bus_forget_command, help_bus_forget },
	{ "acme status", "",
		"the certificate that came by itself, and what was wrong with the last "
		"attempt at one",
		NEEDS_OWNER, run_acme_status_command, help_acme_status },
	{ "acme renew", "[--new-account]", "get another certificate now, whatever there is",
		NEEDS_OWNER, run_acme_renew_command, help_acme_renew },
	{ "game new", "NAME", "write the skeleton of a game's rules, in the folder of the sources",
		NEEDS_NOTHING, run_game_new_command, help_game_new },
	{ "config", "", "print every setting with its default, as an INI file", NEEDS_NOTHING,
		run_config, NULL },
	{ "version", "", "print the version", NEEDS_NOTHING, run_version, NULL },
	{ "help", "", "print this list", NEEDS_NOTHING, cli_run_help, NULL },
};
const size_t cli_builtin_count = sizeof(cli_builtins) / sizeof(cli_builtins[0]);

#define DOC_COLUMN 46

/* A line of the list; a long command has what it does on the line below. */
static void print_command(const char *name, const char *usage, const char *doc)
{
	int n = printf("  %s%s%s", name, *usage ? " " : "", usage);

	if (n >= DOC_COLUMN) {
		printf("\n");
		n = 0;
	}
	printf("%*s%s\n", DOC_COLUMN - n, "", doc);
}

int cli_run_help(struct hearth *h, struct invocation *in)
{
	(void)h;
	(void)in;
	printf("Usage: hearth COMMAND [-c FILE] [--set section.key=value]... [ARGUMENTS]\n\n");
	for (size_t i = 0; i < cli_builtin_count; i++)
		print_command(cli_builtins[i].name, cli_builtins[i].usage, cli_builtins[i].doc);
	for (const struct hearth_module *const *m = hearth_modules; *m; m++)
		for (const struct hearth_command *c = (*m)->commands; c && c->name; c++)
			print_command(c->name, c->usage, c->doc);
	printf("\nhearth COMMAND --help says more. Without -c FILE a command works on ./data, else "
	       "on what " LOCATE_INI " names.\n\n"
	       "The first hour: `hearth serve` runs everything on embedded defaults and prints "
	       "where "
	       "to look and a link\nthat makes the first administrator. Signed in there you find "
	       "your "
	       "mail, under Live how to stream, under\nGames somebody to play with, and under "
	       "Administration how to let others in.\n");
	return EXIT_DONE;
}
