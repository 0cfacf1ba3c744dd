/*
 * imap_search_parse.c: SEARCH (RFC 3501 section 6.4.4 and search-key of section 9; RETURN RFC
 * 4731; OLDER and YOUNGER RFC 5032): a table row per key word. Recursion goes one level down for
 * each parenthesis and each OR, and is bounded.
 *
 * Pure. At most IMAP_SEARCH_KEY_MAX keys, IMAP_SEARCH_DEPTH_MAX of them within one another.
 */
#include "hearth/error.h"
#include "hearth/text.h"
#include "imap/grammar/imap_args.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

struct search_lex {
	struct imap_lex *lex;
	unsigned keys;
	unsigned depth;
};

static struct imap_search_key *parse_key(struct search_lex *s);

/* --- arguments ------------------------------------------------------------------------------- */

static bool take_text(struct imap_lex *lex, struct imap_search_key *key)
{
	/* US-ASCII is UTF-8, and clients that name no charset send UTF-8 too. */
	return imap_lex_astring(lex, "a text to search for", &key->text) &&
	       (utf8_valid(key->text) ||
		       imap_lex_expected(lex, "valid UTF-8 in the text to search for"));
}

static bool take_header(struct imap_lex *lex, struct imap_search_key *key)
{
	return imap_lex_astring(lex, "a header field name", &key->name) && imap_lex_space(lex) &&
	       take_text(lex, key);
}

/* date-text, or the same in quotes. */
static bool take_day(struct imap_lex *lex, struct imap_search_key *key)
{
	struct slice text;

	return imap_lex_astring(lex, "a date", &text) &&
	       (imap_date_parse(text, &key->day) == 0 ||
		       imap_lex_expected(lex, "a date such as 1-Feb-1994"));
}

static bool take_size(struct imap_lex *lex, struct imap_search_key *key)
{
	return imap_lex_number64(lex, "a number of octets", &key->number);
}

static bool take_seconds(struct imap_lex *lex, struct imap_search_key *key)
{
	uint32_t seconds;

	if (!imap_lex_number(lex, "a number of seconds", &seconds))
		return false;
	key->number = seconds;
	return seconds || imap_lex_expected(lex, "a number of seconds from 1 on");
}

static bool take_keyword(struct imap_lex *lex, struct imap_search_key *key)
{
	return imap_lex_atom(lex, "a keyword", &key->keyword);
}

static bool take_uids(struct imap_lex *lex, struct imap_search_key *key)
{
	return imap_lex_seqset(lex, &key->set);
}

/* --- keys ------------------------------------------------------------------------------------ */

static const struct key_word {
	struct slice name;
	enum imap_key_kind kind;
	bool (*take)(struct imap_lex *lex, struct imap_search_key *key); /* NULL: no argument */
	enum imap_flag flag;
	bool negated;
} words[] = {
	{ SLICE("ALL"), IMAP_KEY_ALL, NULL, 0, false },
	{ SLICE("ANSWERED"), IMAP_KEY_FLAG, NULL, IMAP_FLAG_ANSWERED, false },
	{ SLICE("DELETED"), IMAP_KEY_FLAG, NULL, IMAP_FLAG_DELETED, false },
	{ SLICE("DRAFT"), IMAP_KEY_FLAG, NULL, IMAP_FLAG_DRAFT, false },
	{ SLICE("FLAGGED"), IMAP_KEY_FLAG, NULL, IMAP_FLAG_FLAGGED, false },
	{ SLICE("RECENT"), IMAP_KEY_FLAG, NULL, IMAP_FLAG_RECENT, false },
	{ SLICE("SEEN"), IMAP_KEY_FLAG, NULL, IMAP_FLAG_SEEN, false },
	{ SLICE("OLD"), IMAP_KEY_FLAG, NULL, IMAP_FLAG_RECENT, true },
	{ SLICE("UNANSWERED"), IMAP_KEY_FLAG, NULL, IMAP_FLAG_ANSWERED, true },
	{ SLICE("UNDELETED"), IMAP_KEY_FLAG, NULL, IMAP_FLAG_DELETED, true },
	{ SLICE("UNDRAFT"), IMAP_KEY_FLAG, NULL, IMAP_FLAG_DRAFT, true },
	{ SLICE("UNFLAGGED"), IMAP_KEY_FLAG, NULL, IMAP_FLAG_FLAGGED, true },
	{ SLICE("UNSEEN"), IMAP_KEY_FLAG, NULL, IMAP_FLAG_SEEN, true },
	{ SLICE("KEYWORD"), IMAP_KEY_KEYWORD, take_keyword, 0, false },
	{ SLICE("UNKEYWORD"), IMAP_KEY_KEYWORD, take_keyword, 0, true },
	{ SLICE("BCC"), IMAP_KEY_BCC, take_text, 0, false },
	{ SLICE("CC"), IMAP_KEY_CC, take_text, 0, false },
	{ SLICE("FROM"), IMAP_KEY_FROM, take_text, 0, false },
	{ SLICE("SUBJECT"), IMAP_KEY_SUBJECT, take_text, 0, false },
	{ SLICE("TO"), IMAP_KEY_TO, take_text, 0, false },
	{ SLICE("BODY"), IMAP_KEY_BODY, take_text, 0, false },
	{ SLICE("TEXT"), IMAP_KEY_TEXT, take_text, 0, false },
	{ SLICE("HEADER"), IMAP_KEY_HEADER, take_header, 0, false },
	{ SLICE("BEFORE"), IMAP_KEY_BEFORE, take_day, 0, false },
	{ SLICE("ON"), IMAP_KEY_ON, take_day, 0, false },
	{ SLICE("SINCE"), IMAP_KEY_SINCE, take_day, 0, false },
	{ SLICE("SENTBEFORE"), IMAP_KEY_SENTBEFORE, take_day, 0, false },
	{ SLICE("SENTON"), IMAP_KEY_SENTON, take_day, 0, false },
	{ SLICE("SENTSINCE"), IMAP_KEY_SENTSINCE, take_day, 0, false },
	{ SLICE("LARGER"), IMAP_KEY_LARGER, take_size, 0, false },
	{ SLICE("SMALLER"), IMAP_KEY_SMALLER, take_size, 0, false },
	{ SLICE("OLDER"), IMAP_KEY_OLDER, take_seconds, 0, false },
	{ SLICE("YOUNGER"), IMAP_KEY_YOUNGER, take_seconds, 0, false },
	{ SLICE("UID"), IMAP_KEY_UID, take_uids, 0, false },
};

/* A new key in the arena, or NULL when there are too many. */
static struct imap_search_key *new_key(struct search_lex *s, enum imap_key_kind kind)
{
	struct imap_search_key *key;

	if (++s->keys > IMAP_SEARCH_KEY_MAX) {
		imap_lex_expected(s->lex, "fewer search keys");
		return NULL;
	}
	key = ARENA_NEW(s->lex->arena, struct imap_search_key);
	key->kind = kind;
	return key;
}

/* key *(SP key), ended by a closing parenthesis or the end of the command, as one AND. */
static struct imap_search_key *parse_and(struct search_lex *s)
{
	struct imap_search_key *and = new_key(s, IMAP_KEY_AND), **tail;

	if (!and)
		return NULL;
	tail = &and->first;
	do {
		if (!(*tail = parse_key(s)))
			return NULL;
		tail = &(*tail)->next;
	} while (imap_lex_take(s->lex, ' ') && s->lex->rest.n);
	return and;
}

static struct imap_search_key *parse_parenthesis(struct search_lex *s)
{
	struct imap_search_key *and = parse_and(s);

	if (!and || imap_lex_take(s->lex, ')'))
		return and;
	imap_lex_expected(s->lex, "a space or the closing parenthesis");
	return NULL;
}

static struct imap_search_key *parse_or(struct search_lex *s)
{
	struct imap_search_key * or = new_key(s, IMAP_KEY_OR);

	if (! or || !imap_lex_space(s->lex) || !(or->first = parse_key(s)) ||
		!imap_lex_space(s->lex) || !(or->first->next = parse_key(s)))
		return NULL;
	return or ;
}

/* NEW, which is (RECENT UNSEEN). */
static struct imap_search_key *make_new(struct search_lex *s)
{
	struct imap_search_key *and = new_key(s, IMAP_KEY_AND);
	struct imap_search_key *recent = new_key(s, IMAP_KEY_FLAG),
			       *seen = new_key(s, IMAP_KEY_FLAG);

	if (!and || !recent || !seen)
		return NULL;
	recent->flag = IMAP_FLAG_RECENT;
	recent->next = seen;
	seen->flag = IMAP_FLAG_SEEN;
	seen->negated = true;
	and->first = recent;
	return and;
}

/* A key that has a row in the table, or is a bare sequence set. */
static struct imap_search_key *parse_simple(struct search_lex *s)
{
	struct imap_search_key *key = new_key(s, IMAP_KEY_SEQSET);
	struct imap_lex *lex = s->lex;

	if (!key)
		return NULL;
	for (size_t i = 0; i < COUNT(words); i++) {
		if (!imap_lex_word(lex, words[i].name))
			continue;
		key->kind = words[i].kind;
		key->negated = words[i].negated;
		if (words[i].take)
			return imap_lex_space(lex) && words[i].take(lex, key) ? key : NULL;
		key->flag = words[i].flag;
		return key;
	}
	if (lex->rest.n &&
		(lex->rest.p[0] == '*' || (lex->rest.p[0] >= '0' && lex->rest.p[0] <= '9')))
		return imap_lex_seqset(lex, &key->set) ? key : NULL;
	imap_lex_expected(lex, "a search key");
	return NULL;
}

static struct imap_search_key *parse_key(struct search_lex *s)
{
	struct imap_search_key *key;
	bool negated = false;

	while (imap_lex_word(s->lex, SLICE("NOT"))) {
		negated = !negated;
		if (!imap_lex_space(s->lex))
			return NULL;
	}
	if (++s->depth > IMAP_SEARCH_DEPTH_MAX) {
		imap_lex_expected(s->lex, "fewer keys within one another");
		return NULL;
	}
	if (imap_lex_take(s->lex, '('))
		key = parse_parenthesis(s);
	else if (imap_lex_word(s->lex, SLICE("OR")))
		key = parse_or(s);
	else if (imap_lex_word(s->lex, SLICE("NEW")))
		key = make_new(s);
	else
		key = parse_simple(s);
	s->depth--;
	if (key)
		key->negated ^= negated;
	return key;
}

/* --- the command ----------------------------------------------------------------------------- */

static bool take_return(struct imap_lex *lex, void *out)
{
	static const struct imap_word options[] = {
		{ SLICE("MIN"), IMAP_RETURN_MIN },
		{ SLICE("MAX"), IMAP_RETURN_MAX },
		{ SLICE("ALL"), IMAP_RETURN_ALL },
		{ SLICE("COUNT"), IMAP_RETURN_COUNT },
	};

	return imap_lex_bit(
		lex, "a return option: MIN, MAX, ALL or COUNT", options, COUNT(options), out);
}

static bool take_charset(struct imap_lex *lex)
{
	struct slice name;

	if (!imap_lex_space(lex) || !imap_lex_astring(lex, "a charset", &name))
		return false;
	if (!slice_ieq(name, SLICE("UTF-8")) && !slice_ieq(name, SLICE("US-ASCII")))
		return imap_lex_refuse(lex, "NO", "BADCHARSET (US-ASCII UTF-8)", "Unknown charset");
	return imap_lex_space(lex);
}

bool imap_parse_search(struct imap_lex *lex, struct imap_command *c)
{
	struct search_lex s = { .lex = lex };
	struct imap_search *search = &c->search;

	if (imap_lex_word(lex, SLICE("RETURN"))) {
		search->extended = true;
		if (!imap_lex_space(lex) ||
			!imap_lex_list(
				lex, "return options", true, take_return, &search->returns) ||
			!imap_lex_space(lex))
			return false;
		if (!search->returns)
			search->returns = IMAP_RETURN_ALL;
	}
	if (imap_lex_word(lex, SLICE("CHARSET")) && !take_charset(lex))
		return false;
	search->keys = parse_and(&s);
	return search->keys != NULL;
}
