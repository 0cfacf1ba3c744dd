/*
 * imap_list_parse.c: commands about mailboxes and their attributes: LIST in both syntaxes
 * (RFC 3501 section 6.3.8, RFC 5258 section 6), LSUB, STATUS, and CREATE with a special use.
 *
 * Pure. Patterns and options are at most IMAP_LIST_ITEM_MAX each.
 */
#include "hearth/error.h"
#include "imap/grammar/imap_args.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* --- STATUS ---------------------------------------------------------------------------------- */

static bool take_status_item(struct imap_lex *lex, void *out)
{
	static const struct imap_word items[] = {
		{ SLICE("MESSAGES"), IMAP_STATUS_MESSAGES },
		{ SLICE("RECENT"), IMAP_STATUS_RECENT },
		{ SLICE("UIDNEXT"), IMAP_STATUS_UIDNEXT },
		{ SLICE("UIDVALIDITY"), IMAP_STATUS_UIDVALIDITY },
		{ SLICE("UNSEEN"), IMAP_STATUS_UNSEEN },
		{ SLICE("SIZE"), IMAP_STATUS_SIZE },
	};

	return imap_lex_bit(lex, "a status item such as MESSAGES", items, COUNT(items), out);
}

static bool take_status_items(struct imap_lex *lex, unsigned *out)
{
	return imap_lex_list(lex, "a list of status items", false, take_status_item, out);
}

bool imap_parse_status(struct imap_lex *lex, struct imap_command *c)
{
	return imap_lex_mailbox(lex, &c->status.mailbox) && imap_lex_space(lex) &&
	       take_status_items(lex, &c->status.items);
}

/* --- CREATE ---------------------------------------------------------------------------------- */

static bool take_use(struct imap_lex *lex, void *out)
{
	static const struct imap_word uses[] = {
		{ SLICE("\\All"), IMAP_USE_ALL },
		{ SLICE("\\Archive"), IMAP_USE_ARCHIVE },
		{ SLICE("\\Drafts"), IMAP_USE_DRAFTS },
		{ SLICE("\\Flagged"), IMAP_USE_FLAGGED },
		{ SLICE("\\Junk"), IMAP_USE_JUNK },
		{ SLICE("\\Sent"), IMAP_USE_SENT },
		{ SLICE("\\Trash"), IMAP_USE_TRASH },
		{ SLICE("\\Important"), IMAP_USE_IMPORTANT },
	};
	struct imap_lex at = *lex;
	struct slice other;

	if (imap_lex_bit(&at, "a special use", uses, COUNT(uses), out)) {
		*lex = at;
		return true;
	}
	/* Well-formed but unknown has a response code of its own, RFC 6154 section 3. */
	if (imap_lex_take(lex, '\\') && imap_lex_atom(lex, "a special use", &other))
		return imap_lex_refuse(lex, "NO", "USEATTR", "Unknown special use");
	return imap_lex_expected(lex, "a special use such as \\Drafts");
}

static bool take_create_parameter(struct imap_lex *lex, void *out)
{
	if (!imap_lex_word(lex, SLICE("USE")))
		return imap_lex_expected(lex, "USE");
	return imap_lex_space(lex) &&
	       imap_lex_list(lex, "a list of special uses", true, take_use, out);
}

bool imap_parse_create(struct imap_lex *lex, struct imap_command *c)
{
	if (!imap_lex_mailbox(lex, &c->create.mailbox))
		return false;
	if (!imap_lex_take(lex, ' ') || !lex->rest.n)
		return true;
	return imap_lex_list(
		lex, "USE in parentheses", false, take_create_parameter, &c->create.use);
}

/* --- LIST ------------------------------------------------------------------------------------ */

static bool take_select_option(struct imap_lex *lex, void *out)
{
	static const struct imap_word options[] = {
		{ SLICE("SUBSCRIBED"), IMAP_LIST_SUBSCRIBED },
		{ SLICE("REMOTE"), IMAP_LIST_REMOTE },
		{ SLICE("RECURSIVEMATCH"), IMAP_LIST_RECURSIVEMATCH },
		{ SLICE("SPECIAL-USE"), IMAP_LIST_SPECIAL_USE },
	};

	return imap_lex_bit(
		lex, "a selection option such as SUBSCRIBED", options, COUNT(options), out);
}

static bool take_return_option(struct imap_lex *lex, void *out)
{
	static const struct imap_word options[] = {
		{ SLICE("SUBSCRIBED"), IMAP_LIST_SUBSCRIBED },
		{ SLICE("CHILDREN"), IMAP_LIST_CHILDREN },
		{ SLICE("SPECIAL-USE"), IMAP_LIST_SPECIAL_USE },
	};
	struct imap_list *list = out;

	if (imap_lex_word(lex, SLICE("STATUS"))) {
		list->returns |= IMAP_LIST_STATUS;
		return imap_lex_space(lex) && take_status_items(lex, &list->status);
	}
	return imap_lex_bit(
		lex, "a return option such as CHILDREN", options, COUNT(options), &list->returns);
}

static bool take_pattern(struct imap_lex *lex, void *out)
{
	struct slice pattern;

	if (!imap_lex_pattern(lex, &pattern))
		return false;
	imap_slices_add(lex->arena, out, pattern);
	return true;
}

static bool take_select_options(struct imap_lex *lex, struct imap_list *list)
{
	const unsigned not_alone = IMAP_LIST_RECURSIVEMATCH | IMAP_LIST_REMOTE;

	list->extended = true;
	if (!imap_lex_list(lex, "selection options", true, take_select_option, &list->select))
		return false;
	if ((list->select & IMAP_LIST_RECURSIVEMATCH) && !(list->select & ~not_alone))
		return imap_lex_expected(lex, "another selection option beside RECURSIVEMATCH");
	return imap_lex_space(lex);
}

bool imap_parse_list(struct imap_lex *lex, struct imap_command *c)
{
	struct imap_list *list = &c->list;

	if (imap_lex_at(lex, '(') && !take_select_options(lex, list))
		return false;
	if (!imap_lex_reference(lex, &list->reference) || !imap_lex_space(lex))
		return false;
	if (imap_lex_at(lex, '(')) {
		list->extended = true;
		if (!imap_lex_list(lex, "patterns", false, take_pattern, &list->patterns))
			return false;
	} else if (!take_pattern(lex, &list->patterns)) {
		return false;
	}
	if (!imap_lex_take(lex, ' ') || !lex->rest.n)
		return true;
	list->extended = true;
	if (!imap_lex_word(lex, SLICE("RETURN")))
		return imap_lex_expected(lex, "RETURN or the end of the command");
	return imap_lex_space(lex) &&
	       imap_lex_list(lex, "return options", true, take_return_option, list);
}

bool imap_parse_lsub(struct imap_lex *lex, struct imap_command *c)
{
	return imap_lex_reference(lex, &c->list.reference) && imap_lex_space(lex) &&
	       take_pattern(lex, &c->list.patterns);
}
