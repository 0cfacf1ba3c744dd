/*
 * imap_args.c: from the text of a command to its struct: the table of verbs, and the arguments of
 * those commands that need no file of their own.
 *
 * Pure. A command is bounded before it comes here (struct imap_limits), and looked through once.
 */
#include "imap/grammar/imap_args.h"

#include "hearth/error.h"
#include "imap/grammar/imap_match.h"

/* --- simple arguments ------------------------------------------------------------------------ */

static bool parse_mailbox(struct imap_lex *lex, struct imap_command *c)
{
	return imap_lex_mailbox(lex, &c->mailbox);
}

static bool parse_quota_root(struct imap_lex *lex, struct imap_command *c)
{
	return imap_lex_astring(lex, "a quota root", &c->quota_root);
}

static bool parse_rename(struct imap_lex *lex, struct imap_command *c)
{
	return imap_lex_mailbox(lex, &c->rename.from) && imap_lex_space(lex) &&
	       imap_lex_mailbox(lex, &c->rename.to);
}

static bool parse_login(struct imap_lex *lex, struct imap_command *c)
{
	return imap_lex_astring(lex, "a user name", &c->login.user) && imap_lex_space(lex) &&
	       imap_lex_astring(lex, "a password", &c->login.password);
}

static bool parse_authenticate(struct imap_lex *lex, struct imap_command *c)
{
	if (!imap_lex_atom(lex, "a SASL mechanism", &c->authenticate.mechanism))
		return false;
	c->authenticate.has_response = imap_lex_take(lex, ' ') && lex->rest.n;
	if (!c->authenticate.has_response)
		return true;
	if (imap_lex_word(lex, SLICE("=")))
		return true;
	/* All of base64 is atom characters; the session decodes it, strictly. */
	return imap_lex_atom(lex, "an initial response in base64", &c->authenticate.response);
}

static bool parse_enable(struct imap_lex *lex, struct imap_command *c)
{
	struct slice name;

	do {
		if (c->enable.n == IMAP_LIST_ITEM_MAX)
			return imap_lex_expected(lex, "fewer capabilities");
		if (!imap_lex_atom(lex, "a capability", &name))
			return false;
		imap_slices_add(lex->arena, &c->enable, name);
	} while (imap_lex_take(lex, ' '));
	return true;
}

static bool take_id_field(struct imap_lex *lex, void *out)
{
	struct imap_command *c = out;
	struct imap_id_field *f = &c->id.fields[c->id.n];

	if (c->id.n == IMAP_ID_FIELD_MAX)
		return imap_lex_expected(lex, "30 fields at most");
	if (!imap_lex_string(lex, "the name of a field as a string", &f->name) ||
		!imap_lex_space(lex) ||
		!imap_lex_nstring(lex, "the value of a field as a string or NIL", &f->value))
		return false;
	c->id.n++;
	return true;
}

static bool parse_id(struct imap_lex *lex, struct imap_command *c)
{
	if (imap_lex_word(lex, SLICE("NIL")))
		return true;
	c->id.fields = arena_zalloc(lex->arena, (IMAP_ID_FIELD_MAX + 1) * sizeof(*c->id.fields));
	return imap_lex_list(lex, "NIL or a list of fields", true, take_id_field, c);
}

static bool parse_expunge(struct imap_lex *lex, struct imap_command *c)
{
	return imap_lex_seqset(lex, &c->expunge);
}

static bool parse_copy(struct imap_lex *lex, struct imap_command *c)
{
	return imap_lex_seqset(lex, &c->copy.set) && imap_lex_space(lex) &&
	       imap_lex_mailbox(lex, &c->copy.mailbox);
}

static bool parse_store(struct imap_lex *lex, struct imap_command *c)
{
	struct imap_store *store = &c->store;

	if (!imap_lex_seqset(lex, &store->set) || !imap_lex_space(lex))
		return false;
	if (imap_lex_take(lex, '+'))
		store->op = IMAP_STORE_ADD;
	else if (imap_lex_take(lex, '-'))
		store->op = IMAP_STORE_REMOVE;
	store->silent = imap_lex_word(lex, SLICE("FLAGS.SILENT"));
	if (!store->silent && !imap_lex_word(lex, SLICE("FLAGS")))
		return imap_lex_expected(lex, "FLAGS, +FLAGS or -FLAGS, with or without .SILENT");
	if (!imap_lex_space(lex))
		return false;
	return imap_lex_at(lex, '(') ? imap_lex_flag_list(lex, &store->flags)
				     : imap_lex_flags(lex, &store->flags);
}

/* --- APPEND ---------------------------------------------------------------------------------- */

static bool take_date_time(struct imap_lex *lex, struct imap_append *append)
{
	struct slice text;

	append->has_date = true;
	return imap_lex_string(lex, "a date and time", &text) &&
	       (imap_datetime_parse(text, &append->date) == 0 ||
		       imap_lex_expected(
			       lex, "a date and time such as \"17-Jul-1996 02:44:25 -0700\""));
}

/* Whether all that is left is the announcement of a literal, {n} or {n+}. */
static bool at_last_literal(const struct imap_lex *lex)
{
	return imap_lex_at(lex, '{') && slice_chr(lex->rest, '}') == (ptrdiff_t)lex->rest.n - 1;
}

/* mailbox [SP flag-list] [SP date-time] SP, up to the "{" of the message. */
static bool parse_append_head(struct imap_lex *lex, struct imap_append *append)
{
	if (!imap_lex_mailbox(lex, &append->mailbox) || !imap_lex_space(lex))
		return false;
	if (imap_lex_at(lex, '(') &&
		!(imap_lex_flag_list(lex, &append->flags) && imap_lex_space(lex)))
		return false;
	if (imap_lex_at(lex, '"') && !(take_date_time(lex, append) && imap_lex_space(lex)))
		return false;
	return at_last_literal(lex) ||
	       imap_lex_expected(lex, "flags, a date or the message as a literal");
}

/* An APPEND that got here whole had no message: say what is missing. */
static bool parse_append(struct imap_lex *lex, struct imap_command *c)
{
	return parse_append_head(lex, &c->append) &&
	       imap_lex_expected(lex, "the message as a literal at the end of the line");
}

/* --- the table ------------------------------------------------------------------------------- */

/* In the order of enum imap_verb. `parse` NULL: no arguments. */
static const struct verb {
	struct slice name;
	bool (*parse)(struct imap_lex *lex, struct imap_command *c);
	bool uid; /* it exists behind UID too */
} verbs[] = {
	[IMAP_CAPABILITY] = { SLICE("CAPABILITY"), NULL, false },
	[IMAP_NOOP] = { SLICE("NOOP"), NULL, false },
	[IMAP_LOGOUT] = { SLICE("LOGOUT"), NULL, false },
	[IMAP_ID] = { SLICE("ID"), parse_id, false },
	[IMAP_STARTTLS] = { SLICE("STARTTLS"), NULL, false },
	[IMAP_AUTHENTICATE] = { SLICE("AUTHENTICATE"), parse_authenticate, false },
	[IMAP_LOGIN] = { SLICE("LOGIN"), parse_login, false },
	[IMAP_ENABLE] = { SLICE("ENABLE"), parse_enable, false },
	[IMAP_SELECT] = { SLICE("SELECT"), parse_mailbox, false },
	[IMAP_EXAMINE] = { SLICE("EXAMINE"), parse_mailbox, false },
	[IMAP_CREATE] = { SLICE("CREATE"), imap_parse_create, false },
	[IMAP_DELETE] = { SLICE("DELETE"), parse_mailbox, false },
	[IMAP_RENAME] = { SLICE("RENAME"), parse_rename, false },
	[IMAP_SUBSCRIBE] = { SLICE("SUBSCRIBE"), parse_mailbox, false },
	[IMAP_UNSUBSCRIBE] = { SLICE("UNSUBSCRIBE"), parse_mailbox, false },
	[IMAP_LIST] = { SLICE("LIST"), imap_parse_list, false },
	[IMAP_LSUB] = { SLICE("LSUB"), imap_parse_lsub, false },
	[IMAP_NAMESPACE] = { SLICE("NAMESPACE"), NULL, false },
	[IMAP_GETQUOTA] = { SLICE("GETQUOTA"), parse_quota_root, false },
	[IMAP_GETQUOTAROOT] = { SLICE("GETQUOTAROOT"), parse_mailbox, false },
	[IMAP_STATUS] = { SLICE("STATUS"), imap_parse_status, false },
	[IMAP_APPEND] = { SLICE("APPEND"), parse_append, false },
	[IMAP_IDLE] = { SLICE("IDLE"), NULL, false },
	[IMAP_CHECK] = { SLICE("CHECK"), NULL, false },
	[IMAP_CLOSE] = { SLICE("CLOSE"), NULL, false },
	[IMAP_UNSELECT] = { SLICE("UNSELECT"), NULL, false },
	[IMAP_EXPUNGE] = { SLICE("EXPUNGE"), NULL, true },
	[IMAP_SEARCH] = { SLICE("SEARCH"), imap_parse_search, true },
	[IMAP_FETCH] = { SLICE("FETCH"), imap_parse_fetch, true },
	[IMAP_STORE] = { SLICE("STORE"), parse_store, true },
	[IMAP_COPY] = { SLICE("COPY"), parse_copy, true },
	[IMAP_MOVE] = { SLICE("MOVE"), parse_copy, true },
};

#define VERB_COUNT (sizeof(verbs) / sizeof(verbs[0]))

const char *imap_verb_name(enum imap_verb verb)
{
	return (unsigned)verb < VERB_COUNT ? verbs[verb].name.p : "?";
}

static bool is_tag_char(unsigned char c)
{
	return c != '+' && imap_is_astring_char(c);
}

/* Length of the tag in front, 0 for none or one that is too long. */
static size_t tag_length(struct slice text)
{
	size_t n = 0;

	while (n < text.n && is_tag_char((unsigned char)text.p[n]))
		n++;
	return n > IMAP_TAG_MAX ? 0 : n;
}

struct slice imap_command_tag(struct slice text)
{
	size_t n = tag_length(text);
	bool ended = n < text.n && (text.p[n] == ' ' || text.p[n] == '\r');

	return slice_head(text, ended ? n : 0);
}

/* tag SP ["UID" SP] verb. */
static bool take_verb(struct imap_lex *lex, struct imap_command *c)
{
	c->tag = slice_head(lex->rest, tag_length(lex->rest));
	if (!c->tag.n)
		return imap_lex_expected(lex, "a tag");
	lex->rest = slice_skip(lex->rest, c->tag.n);
	if (!imap_lex_space(lex))
		return false;
	c->uid = imap_lex_word(lex, SLICE("UID"));
	if (c->uid && !imap_lex_space(lex))
		return false;
	for (size_t i = 0; i < VERB_COUNT; i++) {
		if ((!c->uid || verbs[i].uid) && imap_lex_word(lex, verbs[i].name)) {
			c->verb = (enum imap_verb)i;
			return true;
		}
	}
	return imap_lex_expected(lex, c->uid ? "a command that goes with UID" : "a known command");
}

static bool take_arguments(struct imap_lex *lex, struct imap_command *c)
{
	bool (*parse)(struct imap_lex *, struct imap_command *) = verbs[c->verb].parse;

	if (c->verb == IMAP_EXPUNGE && c->uid)
		parse = parse_expunge;
	return !parse || (imap_lex_space(lex) && parse(lex, c));
}

/* Puts the verb before what was expected: "FETCH: Expected ...". */
static void name_refusal(struct imap_lex *lex, const struct imap_command *c)
{
	lex->refusal.text = arena_printf(lex->arena, "%s%s: %s", c->uid ? "UID " : "",
		imap_verb_name(c->verb), lex->refusal.text);
}

struct imap_command *imap_command_parse(
	struct arena *a, struct slice text, struct imap_refusal *refusal)
{
	struct imap_lex lex = { .arena = a, .rest = text };
	struct imap_command *c = ARENA_NEW(a, struct imap_command);

	if (take_verb(&lex, c)) {
		if (take_arguments(&lex, c) && imap_lex_end(&lex))
			return c;
		name_refusal(&lex, c);
	}
	*refusal = lex.refusal;
	return NULL;
}

bool imap_append_parse(
	struct arena *a, struct slice text, struct imap_command **out, struct imap_refusal *refusal)
{
	struct imap_lex lex = { .arena = a, .rest = text };
	struct imap_command head = { 0 }, *c;

	if (!take_verb(&lex, &head) || head.verb != IMAP_APPEND || !imap_lex_space(&lex) ||
		at_last_literal(&lex)) /* the mailbox name */
		return false;
	c = ARENA_NEW(a, struct imap_command);
	text = arena_slice(a, text);
	c->verb = IMAP_APPEND;
	c->tag = slice_head(text, head.tag.n);
	lex.rest = slice_skip(text, text.n - lex.rest.n);
	*out = NULL;
	if (parse_append_head(&lex, &c->append)) {
		*out = c;
	} else {
		name_refusal(&lex, c);
		*refusal = lex.refusal;
	}
	return true;
}
