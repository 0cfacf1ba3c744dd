/*
 * imap_fetch_parse.c: FETCH (RFC 3501 section 6.4.5, fetch-att and section of section 9).
 *
 * Pure. Items, header fields and parts of a path are bounded by IMAP_LIST_ITEM_MAX and
 * MIME_DEPTH_MAX.
 */
#include "hearth/error.h"
#include "imap/grammar/imap_args.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Items that are one word. The old names of sections carry what they stand for. */
static const struct item_word {
	struct slice name;
	enum imap_fetch_kind kind;
	enum mime_section_kind section;
	bool peek;
} words[] = {
	{ SLICE("UID"), IMAP_FETCH_UID, 0, true },
	{ SLICE("FLAGS"), IMAP_FETCH_FLAGS, 0, true },
	{ SLICE("INTERNALDATE"), IMAP_FETCH_INTERNALDATE, 0, true },
	{ SLICE("RFC822.SIZE"), IMAP_FETCH_RFC822_SIZE, 0, true },
	{ SLICE("ENVELOPE"), IMAP_FETCH_ENVELOPE, 0, true },
	{ SLICE("BODYSTRUCTURE"), IMAP_FETCH_BODYSTRUCTURE, 0, true },
	{ SLICE("BODY"), IMAP_FETCH_BODY, 0, true },
	{ SLICE("RFC822.HEADER"), IMAP_FETCH_RFC822_HEADER, MIME_SECTION_HEADER, true },
	{ SLICE("RFC822.TEXT"), IMAP_FETCH_RFC822_TEXT, MIME_SECTION_TEXT, false },
	{ SLICE("RFC822"), IMAP_FETCH_RFC822, MIME_SECTION_ALL, false },
};

static const struct macro {
	struct slice name;
	enum imap_fetch_kind kinds[5];
	size_t n;
} macros[] = {
	{ SLICE("ALL"),
		{ IMAP_FETCH_FLAGS, IMAP_FETCH_INTERNALDATE, IMAP_FETCH_RFC822_SIZE,
			IMAP_FETCH_ENVELOPE },
		4 },
	{ SLICE("FAST"), { IMAP_FETCH_FLAGS, IMAP_FETCH_INTERNALDATE, IMAP_FETCH_RFC822_SIZE }, 3 },
	{ SLICE("FULL"),
		{ IMAP_FETCH_FLAGS, IMAP_FETCH_INTERNALDATE, IMAP_FETCH_RFC822_SIZE,
			IMAP_FETCH_ENVELOPE, IMAP_FETCH_BODY },
		5 },
};

/* The list under construction: items are added at *tail. */
struct fetch_items {
	struct imap_fetch *fetch;
	struct imap_fetch_item **tail;
};

static struct imap_fetch_item *add_item(
	struct imap_lex *lex, struct fetch_items *items, enum imap_fetch_kind kind, bool peek)
{
	struct imap_fetch_item *item = ARENA_NEW(lex->arena, struct imap_fetch_item);

	item->kind = kind;
	item->peek = peek;
	*items->tail = item;
	items->tail = &item->next;
	items->fetch->sets_seen |= !peek;
	return item;
}

/* --- sections -------------------------------------------------------------------------------- */

static bool take_field(struct imap_lex *lex, void *out)
{
	struct slice name;

	if (!imap_lex_astring(lex, "a header field name", &name))
		return false;
	imap_slices_add(lex->arena, out, name);
	return true;
}

/* section-msgtext or, behind part numbers, section-text. */
static bool take_section_text(struct imap_lex *lex, struct mime_section *section)
{
	struct imap_slices fields = { NULL, 0 };

	if (imap_lex_word(lex, SLICE("HEADER.FIELDS.NOT"))) {
		section->kind = MIME_SECTION_FIELDS_NOT;
	} else if (imap_lex_word(lex, SLICE("HEADER.FIELDS"))) {
		section->kind = MIME_SECTION_FIELDS;
	} else {
		if (imap_lex_word(lex, SLICE("HEADER")))
			section->kind = MIME_SECTION_HEADER;
		else if (imap_lex_word(lex, SLICE("TEXT")))
			section->kind = MIME_SECTION_TEXT;
		else if (section->path_n && imap_lex_word(lex, SLICE("MIME")))
			section->kind = MIME_SECTION_MIME;
		else
			return imap_lex_expected(lex, "a section such as HEADER, TEXT or 1.2.MIME");
		return true;
	}
	if (!imap_lex_space(lex) ||
		!imap_lex_list(lex, "a list of header field names", false, take_field, &fields))
		return false;
	section->fields = (struct mime_strings){ fields.items, fields.n };
	return true;
}

/* nz-number *("." nz-number) ["." section-text]. */
static bool take_parts(struct imap_lex *lex, struct mime_section *section)
{
	bool more;

	do {
		uint32_t *number = &section->path[section->path_n];

		if (section->path_n == MIME_DEPTH_MAX)
			return imap_lex_expected(lex, "fewer part numbers in a section");
		if (!imap_lex_number(lex, "a part number", number))
			return false;
		if (!*number)
			return imap_lex_expected(lex, "a part number from 1 on");
		section->path_n++;
		more = imap_lex_take(lex, '.');
	} while (more && lex->rest.n && lex->rest.p[0] >= '0' && lex->rest.p[0] <= '9');
	return !more || take_section_text(lex, section);
}

/* What stands between "[" and "]", and the "]". */
static bool take_section(struct imap_lex *lex, struct mime_section *section)
{
	if (imap_lex_take(lex, ']'))
		return true;
	if (lex->rest.n && lex->rest.p[0] >= '0' && lex->rest.p[0] <= '9') {
		if (!take_parts(lex, section))
			return false;
	} else if (!take_section_text(lex, section)) {
		return false;
	}
	return imap_lex_take(lex, ']') || imap_lex_expected(lex, "] at the end of a section");
}

/* "<" number "." nz-number ">". */
static bool take_partial(struct imap_lex *lex, struct imap_fetch_item *item)
{
	if (!imap_lex_take(lex, '<'))
		return true;
	item->partial = true;
	if (!imap_lex_number(lex, "the first octet of a part", &item->offset))
		return false;
	if (!imap_lex_take(lex, '.'))
		return imap_lex_expected(lex, "<first.count>");
	if (!imap_lex_number(lex, "a number of octets", &item->length))
		return false;
	if (!item->length)
		return imap_lex_expected(lex, "a number of octets from 1 on");
	return imap_lex_take(lex, '>') || imap_lex_expected(lex, "> behind the number of octets");
}

/* --- items ----------------------------------------------------------------------------------- */

static bool take_prefix(struct imap_lex *lex, struct slice prefix)
{
	if (!slice_istarts(lex->rest, prefix))
		return false;
	lex->rest = slice_skip(lex->rest, prefix.n);
	return true;
}

static bool take_item(struct imap_lex *lex, void *out)
{
	struct fetch_items *items = out;
	struct imap_fetch_item *item;
	bool peek = take_prefix(lex, SLICE("BODY.PEEK["));

	if (peek || take_prefix(lex, SLICE("BODY["))) {
		item = add_item(lex, items, IMAP_FETCH_SECTION, peek);
		return take_section(lex, &item->section) && take_partial(lex, item);
	}
	for (size_t i = 0; i < COUNT(words); i++) {
		if (imap_lex_word(lex, words[i].name)) {
			item = add_item(lex, items, words[i].kind, words[i].peek);
			item->section.kind = words[i].section;
			return true;
		}
	}
	return imap_lex_expected(lex, "a FETCH item such as FLAGS or BODY.PEEK[HEADER]");
}

bool imap_parse_fetch(struct imap_lex *lex, struct imap_command *c)
{
	struct fetch_items items = { &c->fetch, &c->fetch.items };

	if (!imap_lex_seqset(lex, &c->fetch.set) || !imap_lex_space(lex))
		return false;
	if (imap_lex_at(lex, '('))
		return imap_lex_list(lex, "items", false, take_item, &items);
	for (size_t i = 0; i < COUNT(macros); i++) {
		if (imap_lex_word(lex, macros[i].name)) {
			for (size_t k = 0; k < macros[i].n; k++)
				add_item(lex, &items, macros[i].kinds[k], true);
			return true;
		}
	}
	return take_item(lex, &items);
}
