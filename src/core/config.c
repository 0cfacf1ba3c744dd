/*
 * config.c: the table of settings: declared by the program and its modules, set by files and by
 * --set, read by name. Some hundred rows, read at start: a list is enough. On the main thread until
 * the program runs, then only read, by any thread.
 */
#include "hearth/config.h"
#include "hearth/error.h"
#include "hearth/list.h"
#include "hearth/log.h"

#include "core/config_value.h"
#include "core/edit_distance.h"
#include "core/ini.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define FILE_BYTES_MAX (1u << 20)

struct entry {
	struct list_node node;
	struct slice section;
	const struct config_setting *row;
	struct config_value value;
	int source;       /* which text set it last; 0: none */
	int line;         /* and where in it; 0: --set did */
	const char *file; /* what that text is called; NULL: nobody set it */
};

struct config {
	struct arena *arena;
	struct list entries; /* in the order of declaration */
	int sources;         /* texts read so far */
	const char *file;    /* the one being read */
};

struct config *config_new(void)
{
	struct config *c = mem_zalloc(sizeof(*c));

	c->arena = arena_new();
	list_init(&c->entries);
	return c;
}

void config_free(struct config **c)
{
	if (!*c)
		return;
	arena_free(&(*c)->arena);
	free(*c);
	*c = NULL;
}

/* ---- the table ---- */

/* The first row of a section, or NULL. */
static const struct entry *find_section(const struct config *c, struct slice section)
{
	LIST_FOREACH (&c->entries, node) {
		const struct entry *e = LIST_ENTRY(node, struct entry, node);

		if (slice_eq(e->section, section))
			return e;
	}
	return NULL;
}

static struct entry *find_entry(const struct config *c, struct slice section, struct slice key)
{
	LIST_FOREACH (&c->entries, node) {
		struct entry *e = LIST_ENTRY(node, struct entry, node);

		if (slice_eq(e->section, section) && slice_eq(slice_str(e->row->key), key))
			return e;
	}
	return NULL;
}

/*
 * The known key that a wrong one most likely meant. A slip in the section weighs like one and a
 * half in the key: so `http` in [server] is nearer to [listen] http than to anything in [server].
 */
static const struct entry *nearest_entry(
	const struct config *c, struct slice section, struct slice key)
{
	const struct entry *nearest = NULL;
	size_t least = SIZE_MAX;

	LIST_FOREACH (&c->entries, node) {
		const struct entry *e = LIST_ENTRY(node, struct entry, node);
		size_t far = 2 * edit_distance(slice_str(e->row->key), key) +
			     (slice_eq(e->section, section) ? 0 : 3);

		if (far < least) {
			least = far;
			nearest = e;
		}
	}
	return nearest;
}

static struct slice nearest_section(const struct config *c, struct slice section)
{
	struct slice nearest = { NULL, 0 };
	size_t least = SIZE_MAX;

	LIST_FOREACH (&c->entries, node) {
		struct slice known = LIST_ENTRY(node, struct entry, node)->section;
		size_t far = edit_distance(known, section);

		if (far < least) {
			least = far;
			nearest = known;
		}
	}
	return nearest;
}

void config_declare(struct config *c, const char *section, const struct config_setting *rows)
{
	for (const struct config_setting *row = rows; row->key; row++) {
		struct slice name = slice_str(row->section ? row->section : section);
		struct entry *e = ARENA_NEW(c->arena, struct entry);
		const char *why;

		if (!name.n || find_entry(c, name, slice_str(row->key)))
			log_fatal("config", "[%.*s] %s is declared twice, or without a section",
				SLICE_ARG(name), row->key);
		e->section = arena_slice(c->arena, name);
		e->row = row;
		why = config_value_parse(c->arena, row, slice_str(row->value), &e->value);
		if (why)
			log_fatal("config", "[%.*s] %s by default: %s", SLICE_ARG(name), row->key,
				why);
		list_push(&c->entries, &e->node);
	}
}

/* ---- reading ---- */

/* NULL, or what is wrong: that nobody declared this section. */
static const char *check_section(const struct config *c, struct slice section)
{
	if (find_section(c, section))
		return NULL;
	return arena_printf(c->arena, "unknown section [%.*s]; nearest known section: [%.*s]",
		SLICE_ARG(section), SLICE_ARG(nearest_section(c, section)));
}

static const char *unknown_key(const struct config *c, struct slice section, struct slice key)
{
	const struct entry *nearest = nearest_entry(c, section, key);
	const char *text = arena_printf(
		c->arena, "unknown key \"%.*s\" in [%.*s]", SLICE_ARG(key), SLICE_ARG(section));

	return nearest ? arena_printf(c->arena, "%s; nearest known key: [%.*s] %s", text,
				 SLICE_ARG(nearest->section), nearest->row->key)
		       : text;
}

/* Sets one value; NULL, or what is wrong. `setting` bears its line, or 0 from --set. */
static const char *set_value(struct config *c, const struct ini_event *setting)
{
	struct entry *e = find_entry(c, setting->section, setting->key);
	const char *why;

	if (!e)
		return unknown_key(c, setting->section, setting->key);
	if (setting->line && e->source == c->sources)
		return arena_printf(c->arena, "[%.*s] %s is set already on line %d",
			SLICE_ARG(e->section), e->row->key, e->line);
	e->source = c->sources;
	e->line = setting->line;
	e->file = setting->line ? c->file : "--set";
	why = config_value_parse(c->arena, e->row, setting->value, &e->value);
	return why ? arena_printf(
			     c->arena, "[%.*s] %s: %s", SLICE_ARG(e->section), e->row->key, why)
		   : NULL;
}

int config_read_text(struct config *c, const char *file, struct slice text, struct strbuf *errors)
{
	bool skipping = false; /* in an unknown section, of which one error is enough */
	struct ini_parser parser;
	struct ini_event e;
	int result = 0;

	c->sources++;
	c->file = arena_strdup(c->arena, slice_str(file));
	ini_init(&parser, text);
	while ((e = ini_next(&parser)).type != INI_END) {
		const char *why = e.error;

		if (e.type == INI_SECTION) {
			why = check_section(c, e.section);
			skipping = why;
		} else if (e.type == INI_SETTING && !skipping) {
			why = set_value(c, &e);
		}
		if (why) {
			strbuf_printf(errors, "%s:%d: %s\n", file, e.line, why);
			result = HEARTH_EINVAL;
		}
	}
	return result;
}

/* The whole file; 0, or a code with one line appended to `errors`. */
static int read_whole(const char *file, struct strbuf *text, struct strbuf *errors)
{
	FILE *in = fopen(file, "re");
	const char *why = NULL;

	if (in) {
		char *room = strbuf_reserve(text, FILE_BYTES_MAX + 1);

		strbuf_commit(text, fread(room, 1, FILE_BYTES_MAX + 1, in));
	}
	if (!in || ferror(in))
		why = strerror(errno);
	else if (text->n > FILE_BYTES_MAX)
		why = "larger than 1 MiB: no configuration";
	if (in)
		fclose(in);
	if (why)
		strbuf_printf(errors, "%s: %s\n", file, why);
	return why ? HEARTH_EIO : 0;
}

int config_read_file(struct config *c, const char *file, struct strbuf *errors)
{
	struct strbuf text = { 0 };
	int result = read_whole(file, &text, errors);

	if (result == 0)
		result = config_read_text(c, file, strbuf_slice(&text), errors);
	strbuf_free(&text);
	return result;
}

int config_set(struct config *c, const char *assignment, struct strbuf *errors)
{
	struct slice value = slice_str(assignment), key = slice_split(&value, '=');
	struct slice section = slice_split(&key, '.');
	struct ini_event setting = { .section = section, .key = key, .value = slice_trim(value) };
	const char *why;

	if (value.p && key.n)
		why = set_value(c, &setting);
	else
		why = "expected section.key=value";
	if (why)
		strbuf_printf(errors, "--set %s: %s\n", assignment, why);
	return why ? HEARTH_EINVAL : 0;
}

/* ---- values ---- */

static const struct config_value *get(
	const struct config *c, const char *section, const char *key, enum config_type type)
{
	const struct entry *e = find_entry(c, slice_str(section), slice_str(key));
	enum config_type declared = e ? e->row->type : CONFIG_TEXT;

	if (declared == CONFIG_CHOICE)
		declared = CONFIG_TEXT; /* which is how it is read */
	if (!e || declared != type)
		log_fatal("config", "[%s] %s is not declared, or as another type", section, key);
	return &e->value;
}

const char *config_text(const struct config *c, const char *section, const char *key)
{
	return get(c, section, key, CONFIG_TEXT)->text;
}

bool config_bool(const struct config *c, const char *section, const char *key)
{
	return get(c, section, key, CONFIG_BOOL)->number;
}

int64_t config_int(const struct config *c, const char *section, const char *key)
{
	return get(c, section, key, CONFIG_INT)->number;
}

int64_t config_size(const struct config *c, const char *section, const char *key)
{
	return get(c, section, key, CONFIG_SIZE)->number;
}

int64_t config_duration_ms(const struct config *c, const char *section, const char *key)
{
	return get(c, section, key, CONFIG_DURATION)->number;
}

const char *const *config_list(const struct config *c, const char *section, const char *key)
{
	return get(c, section, key, CONFIG_LIST)->list;
}

struct config_address config_address(const struct config *c, const char *section, const char *key)
{
	return get(c, section, key, CONFIG_ADDRESS)->address;
}

void config_blame(const struct config *c, const char *section, const char *key,
	struct strbuf *errors, const char *format, ...)
{
	const struct entry *e = find_entry(c, slice_str(section), slice_str(key));
	va_list args;

	if (e && e->line)
		strbuf_printf(errors, "%s:%d: ", e->file, e->line);
	else if (e && e->file)
		strbuf_printf(errors, "%s: ", e->file);
	strbuf_printf(errors, "[%s] %s: ", section, key);
	va_start(args, format);
	strbuf_vprintf(errors, format, args);
	va_end(args);
	strbuf_adds(errors, "\n");
}

/* ---- the example file ---- */

static void write_setting(const struct entry *e, struct arena *scratch, struct strbuf *out)
{
	const struct config_setting *row = e->row;

	strbuf_printf(out, "\n# %s\n", row->doc);
	if (row->type != CONFIG_TEXT)
		strbuf_printf(out, "# (%s)\n", config_value_expected(scratch, row));
	strbuf_printf(out, *row->value ? ";%s = %s\n" : ";%s =\n", row->key, row->value);
}

static void write_section(
	const struct config *c, struct slice section, struct arena *scratch, struct strbuf *out)
{
	strbuf_printf(out, "\n[%.*s]\n", SLICE_ARG(section));
	LIST_FOREACH (&c->entries, node) {
		const struct entry *e = LIST_ENTRY(node, struct entry, node);

		if (slice_eq(e->section, section))
			write_setting(e, scratch, out);
	}
}

void config_write_example(const struct config *c, struct strbuf *out)
{
	struct arena *scratch = arena_new();

	strbuf_adds(
		out, "# Every setting with its default. Take the ';' off a line to change it.\n");
	LIST_FOREACH (&c->entries, node) {
		const struct entry *e = LIST_ENTRY(node, struct entry, node);

		/* A section is written where its first row stands. */
		if (find_section(c, e->section) == e)
			write_section(c, e->section, scratch, out);
	}
	arena_free(&scratch);
}
