/*
 * password_rules.c: whether a password may be chosen.
 *
 * Beside the length, NIST SP 800-63B section 5.1.1.2 names what must be refused: what is known from
 * breaches and dictionaries (common_passwords.c), repetition and sequences, and words of the
 * context, here the account's address and name and the host's.
 *
 * Pure; any thread.
 */
#include "password/password_rules.h"

#include <sodium.h>
#include <stdio.h>

#include "hearth/error.h"
#include "hearth/text.h"

#define RUN_MIN  3 /* characters: "aaa" and "123" are runs */
#define WORD_MIN 3 /* bytes: a shorter name may well be part of a good password */

static int64_t count_characters(struct slice s)
{
	int64_t characters = 0;
	uint32_t c;

	for (size_t at = 0; at < s.n; characters++)
		at += utf8_decode(slice_skip(s, at), &c);
	return characters;
}

/*
 * Whether a text is nothing but runs: "aaaaaaaa", "12345678", "1234abcd", "aaabbbccc". Within a
 * run each character is the one before, or the next, or the previous of its alphabet.
 */
static bool is_runs(struct slice s)
{
	uint32_t last = 0, c;
	int64_t step = 0;
	int length = 0;

	for (size_t at = 0, n; at < s.n; at += n, last = c) {
		n = utf8_decode(slice_skip(s, at), &c);
		if (length == 1)
			step = (int64_t)c - last;
		if (length == 0 || (step >= -1 && step <= 1 && (int64_t)c - last == step))
			length++;
		else if (length >= RUN_MIN)
			length = 1;
		else
			return false;
	}
	return length >= RUN_MIN;
}

/* Without ASCII punctuation and spaces, and without digits at both ends; in place. */
static struct slice squeeze(char *text, size_t n)
{
	struct slice s = { text, 0 };

	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c >= 0x80 || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'))
			text[s.n++] = text[i];
	}
	while (s.n && s.p[s.n - 1] >= '0' && s.p[s.n - 1] <= '9')
		s.n--;
	while (s.n && s.p[0] >= '0' && s.p[0] <= '9')
		s = slice_skip(s, 1);
	return s;
}

/* Whether the squeezed password is this word; a word that is too long to compare is not it. */
static bool is_word(struct slice squeezed, struct slice word)
{
	char folded[AUTH_PASSWORD_NFKC];
	size_t n;
	struct slice rest;

	if (!utf8_valid(word) || password_fold(word, folded, &n) < 0)
		return false;
	rest = squeeze(folded, n);
	return rest.n >= WORD_MIN && slice_eq(squeezed, rest);
}

/* The whole word, or its part in front of a character. */
static bool is_word_or_head(struct slice squeezed, struct slice word, char end)
{
	struct slice rest = word;

	return is_word(squeezed, word) || is_word(squeezed, slice_split(&rest, end));
}

static const char *why_refused(
	struct slice password, struct slice folded, const struct password_rules *rules)
{
	char squeezed_text[AUTH_PASSWORD_NFKC];
	struct slice squeezed;
	const char *why = NULL;

	memcpy(squeezed_text, folded.p, folded.n);
	squeezed = squeeze(squeezed_text, folded.n);
	if (password_is_common(folded))
		why = "this password is one of the most common ones; choose another";
	else if (is_runs(password) || is_runs(folded))
		why = "a password is more than repeated or successive characters";
	else if (is_word_or_head(squeezed, slice_str(rules->address), '@') ||
		 is_word(squeezed, rules->name))
		why = "a password is not one's own address or name";
	else if (is_word_or_head(squeezed, slice_str(rules->hostname), '.'))
		why = "a password is not the name of the server";
	sodium_memzero(squeezed_text, sizeof(squeezed_text));
	return why;
}

int password_check(struct slice password, const struct password_rules *rules, char why[160])
{
	char text[AUTH_PASSWORD_NFKC], folded[AUTH_PASSWORD_NFKC];
	const char *refused = NULL;
	size_t n = 0, folded_n = 0;

	why[0] = '\0';
	if (password.n > AUTH_PASSWORD_MAX)
		refused = "a password has at most 256 bytes";
	else if (password_normalise(password, text, &n) < 0)
		refused = "a password is UTF-8 text without control characters";
	/* Both as typed and in its form NFKC: neither marks nor ligatures make it longer. */
	else if (count_characters(password) < rules->min ||
		 count_characters(slice_of(text, n)) < rules->min)
		snprintf(
			why, 160, "a password has at least %lld characters", (long long)rules->min);
	else if (password_fold(slice_of(text, n), folded, &folded_n) < 0)
		refused = "a password is UTF-8 text without control characters";
	else
		refused = why_refused(slice_of(text, n), slice_of(folded, folded_n), rules);
	if (refused)
		snprintf(why, 160, "%s", refused);
	sodium_memzero(text, sizeof(text));
	sodium_memzero(folded, sizeof(folded));
	return why[0] ? HEARTH_EINVAL : 0;
}
