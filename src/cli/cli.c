/*
 * cli.c: from argv to a command.
 *
 * The kernel's own commands stand in a table here; a module brings its own in its table. Every
 * command takes -c FILE and --set section.key=value anywhere among its arguments, and --help. On
 * the main thread.
 */
#include "cli/cli.h"
#include "cli/bus_commands.h"
#include "cli/data_commands.h"
#include "cli/locate.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "hearth/error.h"
#include "hearth/log.h"
#include "kernel/kernel.h"
#include "modules.h"

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

static int usage_error(const char *what, const char *arg)
{
	fprintf(stderr, "hearth: %s%s%s\nTry `hearth help`.\n", what, arg ? ": " : "",
		arg ? arg : "");
	return EXIT_MISUSED;
}

/* Takes -c, --set and --help out; `--` ends options. The rest keeps its order. */
static int take_options(int argc, char **argv, struct invocation *in)
{
	bool options = true;

	in->args = mem_zalloc(((size_t)argc + 1) * sizeof(*in->args));
	for (int i = 1; i < argc; i++) {
		const char *a = argv[i];

		if (!options || a[0] != '-') {
			in->args[in->arg_count++] = argv[i];
		} else if (strcmp(a, "--") == 0) {
			options = false;
		} else if (strcmp(a, "--help") == 0 || strcmp(a, "-h") == 0) {
			in->help = true;
		} else if (strcmp(a, "-c") == 0 || strcmp(a, "--set") == 0) {
			if (++i == argc)
				return usage_error("an argument is missing after", a);
			if (a[1] == 'c')
				in->file = argv[i];
			else if (in->set_count == SETS_MAX)
				return usage_error("too many --set", NULL);
			else
				in->sets[in->set_count++] = argv[i];
		} else if (strncmp(a, "--set=", 6) == 0 && in->set_count < SETS_MAX) {
			in->sets[in->set_count++] = a + 6;
		} else {
			in->args[in->arg_count++] = argv[i];
		}
	}
	return 0;
}

/* What is wrong with the configuration, then what to do. */
static void say_mistakes(const struct strbuf *errors)
{
	fputs(errors->p ? errors->p : "the configuration cannot be used\n", stderr);
	fputs("hearth: nothing was done. Mend the lines above; `hearth config` prints every "
	      "setting "
	      "with its meaning.\n",
		stderr);
}

static int validate(const struct hearth *h)
{
	struct strbuf errors = { 0 };
	int rc = kernel_validate(h, &errors);

	if (rc < 0)
		say_mistakes(&errors);
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

static int run_help(struct hearth *h, struct invocation *in);

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

static const struct builtin builtins[] = {
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
	{ "config", "", "print every setting with its default, as an INI file", NEEDS_NOTHING,
		run_config, NULL },
	{ "version", "", "print the version", NEEDS_NOTHING, run_version, NULL },
	{ "help", "", "print this list", NEEDS_NOTHING, run_help, NULL },
};
#define BUILTIN_COUNT (sizeof(builtins) / sizeof(builtins[0]))

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

static int run_help(struct hearth *h, struct invocation *in)
{
	(void)h;
	(void)in;
	printf("Usage: hearth COMMAND [-c FILE] [--set section.key=value]... [ARGUMENTS]\n\n");
	for (size_t i = 0; i < BUILTIN_COUNT; i++)
		print_command(builtins[i].name, builtins[i].usage, builtins[i].doc);
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

/* How many words of the arguments the command's name takes; 0 when it is another. */
static int words_matched(const char *name, const struct invocation *in)
{
	struct slice rest = slice_str(name);
	int words = 0;

	while (rest.p) {
		struct slice word = slice_split(&rest, ' ');

		if (words >= in->arg_count || !slice_eq(word, slice_str(in->args[words])))
			return 0;
		words++;
	}
	return words;
}

static const struct hearth_command *find_command(const struct invocation *in, int *words)
{
	for (const struct hearth_module *const *m = hearth_modules; *m; m++)
		for (const struct hearth_command *c = (*m)->commands; c && c->name; c++) {
			*words = words_matched(c->name, in);
			if (*words > 0)
				return c;
		}
	return NULL;
}

/* Prints one of them, if its first word is this one. */
static bool offer(const char *name, const char *usage, const char *word, bool is_first)
{
	struct slice rest = slice_str(name);

	if (!slice_eq(slice_split(&rest, ' '), slice_str(word)) || !rest.p)
		return false;
	fprintf(stderr, "%s  hearth %s%s%s\n", is_first ? "hearth: one of these is meant:\n" : "",
		name, *usage ? " " : "", usage);
	return true;
}

/* To somebody who gave the first word of commands that have two: which there are. */
static int no_such_command(const char *word)
{
	bool found = false;

	for (size_t i = 0; i < BUILTIN_COUNT; i++)
		found |= offer(builtins[i].name, builtins[i].usage, word, !found);
	for (const struct hearth_module *const *m = hearth_modules; *m; m++)
		for (const struct hearth_command *c = (*m)->commands; c && c->name; c++)
			found |= offer(c->name, c->usage, word, !found);
	if (!found)
		return usage_error("no such command", word);
	fprintf(stderr, "Try `hearth help`.\n");
	return EXIT_MISUSED;
}

static int configure(struct hearth *h, const struct invocation *in)
{
	struct strbuf errors = { 0 };
	int rc = kernel_configure(h, in->file, in->sets, in->set_count, &errors);

	if (rc < 0)
		say_mistakes(&errors);
	strbuf_free(&errors);
	return rc;
}

/* Reads what the command needs; its own words say what is wrong. */
static int prepare(struct hearth *h, const struct builtin *b, struct invocation *in)
{
	if (b->needs == NEEDS_NOTHING)
		return 0;
	if (b->needs != NEEDS_CONFIG)
		in->file = locate_file(h->config, in->file, in->sets, in->set_count);
	if (configure(h, in) < 0)
		return HEARTH_EINVAL;
	if (b->needs >= NEEDS_DATA && locate_data(h->config, in->file) < 0)
		return HEARTH_EINVAL;
	return b->needs == NEEDS_OWNER ? locate_owner(h->config) : 0;
}

static int run_builtin(const struct builtin *b, int words, struct invocation *in)
{
	struct hearth *h;
	int code = EXIT_FAILED;

	if (in->help) {
		printf("Usage: hearth %s%s%s [-c FILE] [--set section.key=value]...\n\n%s\n%s%s",
			b->name, *b->usage ? " " : "", b->usage, b->doc, b->help ? "\n" : "",
			b->help ? b->help : "");
		return EXIT_DONE;
	}
	if (in->arg_count > words && !*b->usage)
		return usage_error("this command takes no argument", in->args[words]);
	h = kernel_new();
	if (prepare(h, b, in) == 0)
		code = b->run(h, in);
	kernel_free(&h);
	return code;
}

/* Whether the module that brings the command is enabled. */
static bool is_enabled(const struct hearth *h, const struct hearth_command *wanted)
{
	for (int i = 0; i < h->module_count; i++)
		for (const struct hearth_command *c = h->modules[i]->commands; c && c->name; c++)
			if (c == wanted)
				return true;
	return false;
}

static int run_command(const struct hearth_command *c, int words, struct invocation *in)
{
	struct hearth *h;
	int code = EXIT_FAILED;

	if (in->help) {
		printf("Usage: hearth %s %s [-c FILE] [--set section.key=value]...\n\n%s\n%s",
			c->name, c->usage, c->doc, c->help ? c->help : "");
		return EXIT_DONE;
	}
	h = kernel_new();
	in->file = locate_file(h->config, in->file, in->sets, in->set_count);
	if (configure(h, in) < 0 || locate_data(h->config, in->file) < 0 ||
		locate_owner(h->config) < 0) {
		code = EXIT_FAILED;
	} else if (!is_enabled(h, c)) {
		fprintf(stderr,
			"hearth: the module that brings `%s` is not enabled ([modules] enable)\n",
			c->name);
	} else {
		/* A command talks to a person: only what went wrong belongs among its output. */
		log_set_level(LOG_WARN);
		if (kernel_open(h) == 0 && kernel_start_for_command(h) == 0)
			code = c->run(h, in->arg_count - words, in->args + words);
	}
	kernel_free(&h);
	return code;
}

static int dispatch(struct invocation *in)
{
	const struct hearth_command *c;
	int words;

	if (in->arg_count == 0) {
		run_help(NULL, in);
		return in->help ? EXIT_DONE : EXIT_MISUSED;
	}
	for (size_t i = 0; i < BUILTIN_COUNT; i++) {
		words = words_matched(builtins[i].name, in);
		if (words > 0)
			return run_builtin(&builtins[i], words, in);
	}
	c = find_command(in, &words);
	return c ? run_command(c, words, in) : no_such_command(in->args[0]);
}

int cli_main(int argc, char **argv)
{
	struct invocation in = { 0 };
	int code;

	/* What any command writes is its owner's alone: mail, hashes, keys. */
	umask(077);
	code = take_options(argc, argv, &in);
	if (code == 0)
		code = dispatch(&in);
	free(in.args);
	return code;
}
