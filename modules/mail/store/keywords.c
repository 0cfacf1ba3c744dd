/*
 * store/keywords.c: lists of keywords, separated by spaces. Names compare without case (RFC 3501
 * section 2.3.2 leaves it open; clients expect it) and keep the spelling they first had.
 *
 * Pure; each word is compared with each of the list, of MAIL_KEYWORDS_MAX bytes.
 */
#include "store/keywords.h"

static bool has_word(struct slice list, struct slice word)
{
	while (list.n > 0)
		if (slice_ieq(slice_split(&list, ' '), word))
			return true;
	return false;
}

static void add_words(struct strbuf *out, size_t from, struct slice words, struct slice without)
{
	while (words.n > 0) {
		struct slice word = slice_split(&words, ' ');
		struct slice so_far = slice_skip(strbuf_slice(out), from);

		if (word.n == 0 || has_word(without, word) || has_word(so_far, word))
			continue;
		if (so_far.n > 0)
			strbuf_addc(out, ' ');
		strbuf_add(out, word);
	}
}

void mail_keywords_change(
	struct strbuf *out, struct slice old, struct slice add, struct slice remove)
{
	size_t from = out->n;

	add_words(out, from, old, remove);
	add_words(out, from, add, (struct slice){ 0 });
}
