/*
 * language_tag.c: the syntax of language tags (profile_check.h).
 *
 *   langtag = language ["-" script] ["-" region] *("-" variant) *("-" extension) ["-" privateuse]
 *
 * Each subtag is told by its length, its characters and what may still come: `stage` only grows.
 *
 * Pure.
 */
#include "hearth/error.h"
#include "profile/profile_check.h"

enum stage {
	STAGE_LANGUAGE, /* what was read last */
	STAGE_EXTLANG,
	STAGE_SCRIPT,
	STAGE_REGION,
	STAGE_VARIANT,
	STAGE_EXTENSION,
	STAGE_PRIVATE,
};

struct tag {
	enum stage stage;
	int extlangs;
	size_t language; /* its length: only a short one has extended languages */
	bool due;        /* a subtag must follow the singleton */
	bool singletons[256];
	struct strbuf *out;
	size_t begin; /* of the tag in `out` */
};

static bool is_alpha(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static char upper(char c)
{
	return c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
}

static bool all(struct slice s, bool digits)
{
	for (size_t i = 0; i < s.n; i++)
		if (digits ? !is_digit(s.p[i]) : !is_alpha(s.p[i]))
			return false;
	return true;
}

/* 1 to 8 letters and digits: every subtag. */
static bool is_subtag(struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!is_alpha(s.p[i]) && !is_digit(s.p[i]))
			return false;
	return s.n >= 1 && s.n <= 8;
}

/* Section 2.2.5: 5 to 8 characters, or 4 of which the first is a digit. */
static bool is_variant(struct slice s)
{
	return s.n >= 5 || (s.n == 4 && is_digit(s.p[0]));
}

/* Whether a variant of this tag stands already; `out` has them in lower case. */
static bool seen(const struct tag *t, struct slice variant)
{
	struct slice rest = slice_skip(strbuf_slice(t->out), t->begin);

	while (rest.p)
		if (slice_ieq(slice_split(&rest, '-'), variant))
			return true;
	return false;
}

/* Which stage this subtag belongs to; -1 when it fits nowhere. */
static int stage_of(struct tag *t, struct slice s)
{
	if (t->stage == STAGE_PRIVATE)
		return STAGE_PRIVATE;
	if (s.n == 1) {
		unsigned char c = (unsigned char)lower(s.p[0]);

		if (t->due || t->singletons[c])
			return -1;
		t->singletons[c] = true;
		t->due = true;
		return c == 'x' ? STAGE_PRIVATE : STAGE_EXTENSION;
	}
	if (t->stage == STAGE_EXTENSION)
		return STAGE_EXTENSION;
	if (t->stage <= STAGE_EXTLANG && s.n == 3 && all(s, false) && t->language <= 3 &&
		t->extlangs++ < 3)
		return STAGE_EXTLANG;
	if (t->stage < STAGE_SCRIPT && s.n == 4 && all(s, false))
		return STAGE_SCRIPT;
	if (t->stage < STAGE_REGION && ((s.n == 2 && all(s, false)) || (s.n == 3 && all(s, true))))
		return STAGE_REGION;
	return is_variant(s) && !seen(t, s) ? STAGE_VARIANT : -1;
}

static void append(struct tag *t, struct slice s)
{
	strbuf_addc(t->out, '-');
	for (size_t i = 0; i < s.n; i++) {
		bool big = t->stage == STAGE_REGION || (t->stage == STAGE_SCRIPT && i == 0);

		strbuf_addc(t->out, big ? upper(s.p[i]) : lower(s.p[i]));
	}
}

static bool read_language(struct tag *t, struct slice s)
{
	t->language = s.n;
	if (s.n < 2 || s.n > 8 || !all(s, false))
		return false;
	for (size_t i = 0; i < s.n; i++)
		strbuf_addc(t->out, lower(s.p[i]));
	return true;
}

static bool read_subtag(struct tag *t, struct slice s)
{
	int stage = is_subtag(s) ? stage_of(t, s) : -1;

	if (stage < 0)
		return false;
	if (s.n > 1 || t->stage == STAGE_PRIVATE)
		t->due = false;
	t->stage = (enum stage)stage;
	append(t, s);
	return true;
}

int language_tag_check(struct slice tag, struct strbuf *out)
{
	struct tag t = { .out = out, .begin = out->n };
	struct slice rest = tag;
	bool good = tag.n > 0 && tag.n <= LANGUAGE_TAG_MAX &&
		    read_language(&t, slice_split(&rest, '-'));

	while (good && rest.p)
		good = read_subtag(&t, slice_split(&rest, '-'));
	if (good && !t.due)
		return 0;
	if (out->n > t.begin) {
		out->n = t.begin;
		out->p[t.begin] = '\0';
	}
	return HEARTH_EINVAL;
}
