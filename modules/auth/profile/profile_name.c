/*
 * profile_name.c: which display names are taken (profile_check.h), with the tables of libutf8proc.
 * Pure.
 */
#include <stdlib.h>

#include <utf8proc.h>

#include "hearth/error.h"
#include "hearth/text.h"
#include "profile/profile_check.h"

#define INPUT_MAX 2048 /* bytes; composing makes text shorter, not by that much */

enum script {
	SCRIPT_OTHER,
	SCRIPT_LATIN,
	SCRIPT_GREEK,
	SCRIPT_CYRILLIC,
	SCRIPT_ARMENIAN,
	SCRIPT_COPTIC,
	SCRIPT_CHEROKEE,
};

/* The scripts that have letters of one shape; from the blocks of Unicode 15. */
static const struct {
	uint32_t first, last;
	enum script script;
} blocks[] = {
	{ 0x41, 0x5a, SCRIPT_LATIN },
	{ 0x61, 0x7a, SCRIPT_LATIN },
	{ 0xc0, 0x2af, SCRIPT_LATIN },
	{ 0x370, 0x3e1, SCRIPT_GREEK },
	{ 0x3e2, 0x3ef, SCRIPT_COPTIC },
	{ 0x3f0, 0x3ff, SCRIPT_GREEK },
	{ 0x400, 0x52f, SCRIPT_CYRILLIC },
	{ 0x531, 0x58f, SCRIPT_ARMENIAN },
	{ 0x13a0, 0x13ff, SCRIPT_CHEROKEE },
	{ 0x1c80, 0x1c8f, SCRIPT_CYRILLIC },
	{ 0x1d00, 0x1d25, SCRIPT_LATIN },
	{ 0x1d26, 0x1d2a, SCRIPT_GREEK },
	{ 0x1d2b, 0x1d2b, SCRIPT_CYRILLIC },
	{ 0x1d2c, 0x1dbf, SCRIPT_LATIN },
	{ 0x1e00, 0x1eff, SCRIPT_LATIN },
	{ 0x1f00, 0x1fff, SCRIPT_GREEK },
	{ 0x2c60, 0x2c7f, SCRIPT_LATIN },
	{ 0x2c80, 0x2cff, SCRIPT_COPTIC },
	{ 0x2de0, 0x2dff, SCRIPT_CYRILLIC },
	{ 0xa640, 0xa69f, SCRIPT_CYRILLIC },
	{ 0xa720, 0xa7ff, SCRIPT_LATIN },
	{ 0xab30, 0xab6f, SCRIPT_LATIN },
	{ 0xab70, 0xabbf, SCRIPT_CHEROKEE },
};

static enum script script_of(uint32_t c)
{
	for (size_t i = 0; i < sizeof(blocks) / sizeof(blocks[0]); i++)
		if (c >= blocks[i].first && c <= blocks[i].last)
			return blocks[i].script;
	return SCRIPT_OTHER;
}

static bool is_letter(utf8proc_category_t category)
{
	return category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_LO;
}

static bool is_mark(utf8proc_category_t category)
{
	return category >= UTF8PROC_CATEGORY_MN && category <= UTF8PROC_CATEGORY_ME;
}

/* A letter or number in another dress. The ordinals of Spanish and Portuguese are none. */
static bool is_styled_ascii(uint32_t c)
{
	const utf8proc_property_t *property = utf8proc_get_property((utf8proc_int32_t)c);
	utf8proc_int32_t plain[32];
	int class = 0;
	utf8proc_ssize_t n;

	if (c < 0x80 || c == 0xaa || c == 0xba || property->decomp_type == 0)
		return false;
	n = utf8proc_decompose_char(
		(utf8proc_int32_t)c, plain, 32, UTF8PROC_COMPAT | UTF8PROC_DECOMPOSE, &class);
	return n > 0 && n <= 32 &&
	       ((plain[0] >= '0' && plain[0] <= '9') || (plain[0] >= 'A' && plain[0] <= 'Z') ||
		       (plain[0] >= 'a' && plain[0] <= 'z'));
}

/* What nobody sees, or what makes other text look different. */
static bool is_unseen(uint32_t c, utf8proc_category_t category)
{
	switch (category) {
	case UTF8PROC_CATEGORY_CN:
	case UTF8PROC_CATEGORY_CC:
	case UTF8PROC_CATEGORY_CF:
	case UTF8PROC_CATEGORY_CS:
	case UTF8PROC_CATEGORY_CO:
	case UTF8PROC_CATEGORY_ZL:
	case UTF8PROC_CATEGORY_ZP: return true;
	default:
		/* Fillers, variation selectors and the empty Braille pattern. */
		return utf8proc_get_property((utf8proc_int32_t)c)->ignorable || c == 0x2800;
	}
}

/* The name so far. */
struct state {
	struct strbuf *out;
	size_t count, marks;
	bool space_due, visible;
	enum script word; /* of the word that stands open */
};

static const char *take(struct state *s, uint32_t c)
{
	utf8proc_category_t category = utf8proc_category((utf8proc_int32_t)c);
	enum script script = is_letter(category) ? script_of(c) : SCRIPT_OTHER;

	if (category == UTF8PROC_CATEGORY_ZS) {
		s->space_due = s->count > 0;
		s->word = SCRIPT_OTHER;
		return NULL;
	}
	if (is_unseen(c, category))
		return "a name has no characters that are not seen";
	if (is_styled_ascii(c))
		return "a name has no letters that only look like others";
	s->marks = is_mark(category) ? s->marks + 1 : 0;
	if (s->marks > PROFILE_MARKS_MAX || (s->marks > 0 && (s->count == 0 || s->space_due)))
		return "a name has no stray or piled up accents";
	if (script != SCRIPT_OTHER && s->word != SCRIPT_OTHER && script != s->word)
		return "the letters of one word are of one script";
	if (!is_letter(category) && !is_mark(category))
		s->word = SCRIPT_OTHER;
	else if (script != SCRIPT_OTHER)
		s->word = script;
	if (s->space_due)
		strbuf_addc(s->out, ' ');
	s->count += s->space_due ? 2 : 1;
	s->space_due = false;
	s->visible = true;
	utf8_append(s->out, c);
	return s->count > PROFILE_NAME_MAX ? "expected a name of at most 64 characters" : NULL;
}

static const char *take_all(struct slice text, struct strbuf *out)
{
	struct state s = { .out = out };
	const char *wrong = NULL;
	uint32_t c;

	for (size_t n; !wrong && (n = utf8_decode(text, &c)) > 0; text = slice_skip(text, n))
		wrong = take(&s, c);
	return wrong ? wrong : s.visible ? NULL : "expected a name of 1 to 64 characters";
}

int profile_name_check(struct slice name, struct strbuf *out, const char **why)
{
	utf8proc_uint8_t *composed = NULL;
	size_t before = out->n;
	utf8proc_ssize_t n;

	*why = "expected a name of 1 to 64 characters";
	if (name.n == 0 || name.n > INPUT_MAX || !utf8_valid(name))
		return HEARTH_EINVAL;
	n = utf8proc_map((const utf8proc_uint8_t *)name.p, (utf8proc_ssize_t)name.n, &composed,
		UTF8PROC_STABLE | UTF8PROC_COMPOSE);
	if (n >= 0)
		*why = take_all(slice_of(composed, (size_t)n), out);
	free(composed);
	if (*why && out->n > before) {
		out->n = before;
		out->p[before] = '\0';
	}
	return *why ? HEARTH_EINVAL : 0;
}
