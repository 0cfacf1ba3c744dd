/*
 * ini.c: the INI parser. Its only states are where it is in the text and the current section, so
 * that it goes on after an error and all mistakes of a file can be shown at once. Pure; it
 * allocates nothing.
 */
#include "core/ini.h"
#include "hearth/text.h"

void ini_init(struct ini_parser *p, struct slice text)
{
	struct slice mark = SLICE("\xEF\xBB\xBF");

	*p = (struct ini_parser){ .rest = slice_starts(text, mark) ? slice_skip(text, mark.n)
								   : text };
}

static bool is_name(struct slice s)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789_-";

	for (size_t i = 0; i < s.n; i++)
		if (!memchr(letters, s.p[i], sizeof(letters) - 1))
			return false;
	return s.n > 0;
}

static bool has_control(struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		if (((unsigned char)s.p[i] < 0x20 && s.p[i] != '\t') || s.p[i] == 0x7F)
			return true;
	return false;
}

/* The next line without its end. */
static struct slice next_line(struct ini_parser *p)
{
	struct slice line = slice_split(&p->rest, '\n');

	p->line++;
	if (line.n && line.p[line.n - 1] == '\r')
		line.n--;
	return line;
}

/* "[section]" */
static void parse_section(struct ini_parser *p, struct slice line, struct ini_event *e)
{
	struct slice rest = slice_skip(line, 1), name = slice_trim(slice_split(&rest, ']'));

	if (!rest.p || rest.n || !is_name(name)) {
		e->error = "expected [section], in small letters";
		return;
	}
	p->section = name;
	e->type = INI_SECTION;
	e->section = name;
}

/* "key = value" */
static void parse_setting(struct ini_parser *p, struct slice line, struct ini_event *e)
{
	struct slice value = line, key = slice_trim(slice_split(&value, '='));

	if (!value.p || !is_name(key)) {
		e->error = "expected key = value, the key in small letters";
		return;
	}
	if (!p->section.n) {
		e->error = "expected a [section] before the first key";
		return;
	}
	value = slice_trim(value);
	if (value.n && value.p[0] == '"') {
		if (value.n < 2 || value.p[value.n - 1] != '"') {
			e->error = "a value that begins with a quote ends with one";
			return;
		}
		value = slice_head(slice_skip(value, 1), value.n - 2);
	}
	e->type = INI_SETTING;
	e->section = p->section;
	e->key = key;
	e->value = value;
}

struct ini_event ini_next(struct ini_parser *p)
{
	struct ini_event e = { .type = INI_ERROR };

	while (p->rest.p) {
		struct slice line = next_line(p);

		e.line = p->line;
		if (!utf8_valid(line)) {
			e.error = "expected UTF-8";
			return e;
		}
		if (has_control(line)) {
			e.error = "expected no control characters";
			return e;
		}
		line = slice_trim(line);
		if (line.n == 0 || line.p[0] == '#' || line.p[0] == ';')
			continue;
		if (line.p[0] == '[')
			parse_section(p, line, &e);
		else
			parse_setting(p, line, &e);
		return e;
	}
	e.type = INI_END;
	return e;
}
