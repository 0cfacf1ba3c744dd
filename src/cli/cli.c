/*
 * cli.c: from argv to a command.
 *
 * The kernel's own commands stand in a table (builtins.c); a module brings its own in its table.
 * Every command takes -c FILE and --set section.key=value anywhere among its arguments, and --help.
 * On the main thread.
 */
#include "cli/cli.h"
#include "cli/builtins.h"
#include "cli/locate.h"

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "hearth/error.h"
#include "hearth/log.h"
#include "kernel/kernel.h"
#include "modules.h"

int cli_usage_error(const char *what, const char *arg)
{
	fprintf(stderr, "hearth: %s%s%s\nTry `hearth help`.\n", what, arg ? ": " : "",
		arg ? arg : "");
	return EXIT_MISUSED;
}

void cli_say_mistakes(const struct strbuf *errors)
{
	fputs(errors->p ? errors->p : "the configuration cannot be used\n", stderr);
	fputs("hearth: nothing was done. Mend the lines above; `hearth config` prints every "
	      "setting "
	      "with its meaning.\n",
		stderr);
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
				return cli_usage_error("an argument is missing after", a);
			if (a[1] == 'c')
				in->file = argv[i];
			else if (in->set_count == SETS_MAX)
				return cli_usage_error("too many --set", NULL);
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

	for (size_t i = 0; i < cli_builtin_count; i++)
		found |= offer(cli_builtins[i].name, cli_builtins[i].usage, word, !found);
	for (const struct hearth_module *const *m = hearth_modules; *m; m++)
		for (const struct hearth_command *c = (*m)->commands; c && c->name; c++)
			found |= offer(c->name, c->usage, word, !found);
	if (!found)
		return cli_usage_error("no such command", word);
	fprintf(stderr, "Try `hearth help`.\n");
	return EXIT_MISUSED;
}

static int configure(struct hearth *h, const struct invocation *in)
{
	struct strbuf errors = { 0 };
	int rc = kernel_configure(h, in->file, in->sets, in->set_count, &errors);

	if (rc < 0)
		cli_say_mistakes(&errors);
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
		return cli_usage_error("this command takes no argument", in->args[words]);
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
		cli_run_help(NULL, in);
		return in->help ? EXIT_DONE : EXIT_MISUSED;
	}
	for (size_t i = 0; i < cli_builtin_count; i++) {
		words = words_matched(cli_builtins[i].name, in);
		if (words > 0)
			return run_builtin(&cli_builtins[i], words, in);
	}
	c = find_command(in, &words);
	return c ? run_command(c, words, in) : no_such_command(in->args[0]);
}

/*
 * A piece of so many bytes is given back to the system when it is freed. Left to itself the C library keeps as
 * much as the largest one ever freed in the heap of each thread that had such.
 */
#define OWN_PAGES_MIN (4 << 20)

int cli_main(int argc, char **argv)
{
	struct invocation in = { 0 };
	int code;

	mallopt(M_MMAP_THRESHOLD, OWN_PAGES_MIN);
	mallopt(M_TRIM_THRESHOLD, OWN_PAGES_MIN);
	/* What any command writes is its owner's alone: mail, hashes, keys. */
	umask(077);
	code = take_options(argc, argv, &in);
	if (code == 0)
		code = dispatch(&in);
	free(in.args);
	return code;
}
