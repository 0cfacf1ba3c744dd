/*
 * game_new.c: hearth game new: the skeleton of a game's rules in the source tree that it is called in.
 *
 * The skeleton is a game of the tree itself, which is built and tested like any other
 * (modules/game/rules/skeleton.c): the assembler reads its three files, and here its name is replaced. The
 * Makefile says that this object is made from them.
 *
 * In a process of its own, on its one thread; a name has NAME_MAX_BYTES at most.
 */
#include "cli/game_new.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "hearth/str.h"

#define FAILED         1
#define MISUSED        2
#define NAME_MAX_BYTES 30
#define FILES          3

const char help_game_new[] = "Called in the folder of the sources. Writes the rules of a game, and "
			     "a test of them, for you to "
			     "change:\nthey are a whole game already, and pass. NAME is small "
			     "letters, digits and hyphens.\n"
			     "Exit codes: 0 done; 1 failed; 2 misused.\n";

__asm__(".pushsection .rodata\n"
	".hidden game_new_h, game_new_c, game_new_test, game_new_end\n"
	".global game_new_h, game_new_c, game_new_test, game_new_end\n"
	"game_new_h: .incbin \"modules/game/rules/skeleton.h\"\n"
	"game_new_c: .incbin \"modules/game/rules/skeleton.c\"\n"
	"game_new_test: .incbin \"tests/unit/game/rules/test_skeleton.c\"\n"
	"game_new_end: .byte 0\n"
	".popsection\n");

extern const char game_new_h[], game_new_c[], game_new_test[], game_new_end[];

/* A name in the forms that it is written in. */
struct name {
	char id[NAME_MAX_BYTES + 1];    /* "two-heaps": for programs */
	char word[NAME_MAX_BYTES + 1];  /* "two_heaps": in C, and of files */
	char macro[NAME_MAX_BYTES + 1]; /* "TWO_HEAPS" */
	char title[NAME_MAX_BYTES + 1]; /* "Two heaps": for people */
};

static bool read_name(const char *text, struct name *out)
{
	size_t n = strlen(text);

	if (n == 0 || n > NAME_MAX_BYTES || !islower((unsigned char)text[0]) || text[n - 1] == '-')
		return false;
	memset(out, 0, sizeof(*out));
	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c >= 0x80 || (!islower(c) && !isdigit(c) && c != '-'))
			return false;
		out->id[i] = (char)c;
		out->word[i] = c == '-' ? '_' : (char)c;
		out->macro[i] = c == '-' ? '_' : (char)toupper(c);
		out->title[i] = c == '-' ? ' ' : i == 0 ? (char)toupper(c) : (char)c;
	}
	return true;
}

/* The text with the name in place of the skeleton's, each form where the skeleton has it. */
static void fill(struct slice text, const struct name *name, struct strbuf *out)
{
	const struct {
		struct slice of;
		const char *by;
	} forms[] = { { SLICE("\"skeleton\""), name->id }, { SLICE("skeleton"), name->word },
		{ SLICE("SKELETON"), name->macro }, { SLICE("Skeleton"), name->title } };

	while (text.n) {
		size_t i = 0;

		while (i < sizeof(forms) / sizeof(forms[0]) && !slice_starts(text, forms[i].of))
			i++;
		if (i == sizeof(forms) / sizeof(forms[0])) {
			strbuf_addc(out, text.p[0]);
			text = slice_skip(text, 1);
			continue;
		}
		strbuf_printf(out, i == 0 ? "\"%s\"" : "%s", forms[i].by);
		text = slice_skip(text, forms[i].of.n);
	}
}

/* A file that must not be there yet. 0, or FAILED when it said why. */
static int write_new(const char *path, struct slice text)
{
	FILE *f = fopen(path, "wx");
	bool good;

	if (!f) {
		fprintf(stderr, "%s: %s\n", path, strerror(errno));
		return FAILED;
	}
	good = fwrite(text.p, 1, text.n, f) == text.n;
	if (fclose(f) == 0 && good)
		return 0;
	fprintf(stderr, "%s: %s\n", path, strerror(errno));
	unlink(path);
	return FAILED;
}

static int write_all(const struct name *name)
{
	const struct {
		const char *before, *behind; /* the name, in its path */
		struct slice text;
	} files[FILES] = { { "modules/game/rules/", ".h",
				   slice_of(game_new_h, (size_t)(game_new_c - game_new_h)) },
		{ "modules/game/rules/", ".c",
			slice_of(game_new_c, (size_t)(game_new_test - game_new_c)) },
		{ "tests/unit/game/rules/test_", ".c",
			slice_of(game_new_test, (size_t)(game_new_end - game_new_test)) } };
	struct strbuf paths[FILES] = { 0 };
	int rc = 0, written = 0;

	for (; written < FILES && rc == 0; written += rc == 0) {
		struct strbuf text = { 0 };
		struct strbuf *path = &paths[written];

		fill(files[written].text, name, &text);
		strbuf_printf(
			path, "%s%s%s", files[written].before, name->word, files[written].behind);
		rc = write_new(path->p, strbuf_slice(&text));
		strbuf_free(&text);
	}
	/* All of them, or none. */
	for (int i = 0; rc && i < written; i++)
		unlink(paths[i].p);
	for (int i = 0; i < FILES; i++)
		strbuf_free(&paths[i]);
	return rc;
}

int run_game_new(int argc, char **argv)
{
	struct name name;
	int rc;

	if (argc != 1 || !read_name(argv[0], &name)) {
		fprintf(stderr,
			"game new: expected a name of small letters, digits and hyphens, 30 "
			"at most\n");
		return MISUSED;
	}
	if (access("modules/game/rules/rules.h", R_OK) != 0) {
		fprintf(stderr, "game new: this is not the folder of Hearth's sources\n");
		return FAILED;
	}
	rc = write_all(&name);
	if (rc)
		return rc;
	printf("written: modules/game/rules/%s.c, %s.h and tests/unit/game/rules/test_%s.c\n"
	       "To be played it goes into the table of modules/game/rules/rules.c:\n\n"
	       "	#include \"rules/%s.h\"\n"
	       "	&%s_rules,\n\n"
	       "Try it: make unit T=game/rules/test_%s\n"
	       "What a game must keep to: modules/game/rules/README.md\n",
		name.word, name.word, name.word, name.word, name.word, name.word);
	return 0;
}
