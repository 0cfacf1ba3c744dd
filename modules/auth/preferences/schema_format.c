/*
 * schema_format.c: see schema_format.h. All of them are ASCII but for the names of mailboxes, so
 * letters that only look alike are refused. Pure.
 */
#include "preferences/schema_format.h"

#include <stddef.h>

#include "profile/profile_check.h"

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* Letters, digits, and what else is listed; at least one character and `max` at most. */
static bool is_word(struct slice s, size_t max, const char *also)
{
	if (s.n == 0 || s.n > max)
		return false;
	for (size_t i = 0; i < s.n; i++)
		if (!is_letter(s.p[i]) && !is_digit(s.p[i]) &&
			(s.p[i] == '\0' || !strchr(also, s.p[i])))
			return false;
	return true;
}

/* A dot-atom and a host name (RFC 5321 section 4.1.2); no quoted local parts, no literals. */
static bool is_email(struct slice s)
{
	struct slice rest = s, local = slice_split(&rest, '@');

	if (s.n > 254 || local.n > 64 || !rest.p || slice_chr(rest, '@') >= 0)
		return false;
	while (local.p)
		if (!is_word(slice_split(&local, '.'), 64, "!#$%&'*+-/=?^_`{|}~"))
			return false;
	while (rest.p) {
		struct slice label = slice_split(&rest, '.');

		if (!is_word(label, 63, "-") || label.p[0] == '-' || label.p[label.n - 1] == '-')
			return false;
	}
	return true;
}

static bool is_language_tag(struct slice s)
{
	struct strbuf canonical = { 0 };
	bool good = language_tag_check(s, &canonical) == 0;

	strbuf_free(&canonical);
	return good;
}

/* "#rrggbb" */
static bool is_color(struct slice s)
{
	char bytes[3];

	return s.n == 7 && s.p[0] == '#' && hex_decode(slice_skip(s, 1), bytes, 3) == 0;
}

/* What may be the name of a mailbox: levels between "/", no control characters. */
static bool is_mailbox(struct slice s)
{
	int levels = 0;

	if (s.n == 0 || s.n > 1000)
		return false;
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] < 0x20 || s.p[i] == 0x7f)
			return false;
	for (; s.p; levels++)
		if (slice_split(&s, '/').n == 0)
			return false;
	return levels <= 32;
}

/* A flag-keyword of IMAP (RFC 3501 section 9): an atom that is no system flag. */
static bool is_keyword(struct slice s)
{
	if (s.n == 0 || s.n > 64)
		return false;
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] <= ' ' || s.p[i] >= 0x7f || strchr("(){%*\"\\]", s.p[i]))
			return false;
	return true;
}

/* The name of an attachment of the preferences, which is a segment of a URL. */
static bool is_attachment(struct slice s)
{
	return is_word(s, 64, "._~-") && s.p[0] != '.';
}

const struct schema_format *schema_format_find(struct slice name)
{
	static const struct schema_format formats[] = {
		{ "email", is_email, "a mail address such as name@example.org" },
		{ "time-zone", time_zone_known, "a time zone such as Europe/Vienna" },
		{ "language-tag", is_language_tag, "a language tag such as de or pt-BR" },
		{ "color", is_color, "a color such as #3070b0" },
		{ "mailbox", is_mailbox,
			"the name of a mailbox, levels separated by /, without control "
			"characters" },
		{ "keyword", is_keyword,
			"a keyword of visible ASCII characters other than (){%*\"\\]" },
		{ "attachment", is_attachment,
			"the name of an attachment: up to 64 of A-Z a-z 0-9 . _ ~ -" },
	};

	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++)
		if (slice_eq(name, slice_str(formats[i].name)))
			return &formats[i];
	return NULL;
}
