/*
 * mime/address.c: address lists, read from left to right in one pass.
 *
 * An entry begins with words. What follows them says what they were: '@' a local part, '<' a
 * display name, ':' the name of a group, ',' or ';' a mailbox without host. Words are therefore
 * kept in two ways while they are read: `phrase`, with a space where white space was, and `run`,
 * the last of them that hang together, which is the local part should '@' come.
 *
 * Pure; linear in the value (MIME_VALUE_MAX), at most MIME_ADDRESSES_MAX entries.
 */
#include "mime/address.h"
#include "mime/encoded_word.h"
#include "mime/token.h"

struct list_parser {
	struct arena *arena;
	struct mime_cursor c;
	struct strbuf phrase, run, host;
	size_t before_run; /* length of the phrase before the run */
	bool in_group, in_angle;
	struct mime_addresses list;
	size_t max; /* no entry is begun once the list has this many */
};

static bool at_separator(const struct list_parser *p)
{
	return mime_at(&p->c, ',') || mime_at(&p->c, ';');
}

static struct slice copy(struct list_parser *p, struct slice s)
{
	return arena_slice(p->arena, s);
}

static void add_unescaped(struct strbuf *b, struct slice s)
{
	char *to = strbuf_reserve(b, s.n);

	strbuf_commit(b, mime_unescape(s, to));
}

/* A character that means something elsewhere and stands here as itself. */
static bool is_stray(const struct list_parser *p)
{
	if (p->c.p == p->c.end)
		return false;
	switch (*p->c.p) {
	case '[':
	case ']':
	case '(':
	case ')':
	case '\\':
	case '"': return true;
	case ':': return p->in_group || p->in_angle;
	default: return false;
	}
}

/* Takes one word: an encoded word, a quoted string, an atom, or a stray character. */
static bool take_word(struct list_parser *p, struct slice *word)
{
	struct slice rest = slice_of(p->c.p, (size_t)(p->c.end - p->c.p));
	size_t n = mime_word_size(rest);

	if (n == 0 && mime_take_quoted(&p->c, word))
		return true;
	if (n > 0) {
		*word = slice_head(rest, n);
		p->c.p += n;
		return true;
	}
	*word = mime_take_atom(&p->c);
	if (word->n == 0 && is_stray(p)) {
		*word = slice_head(rest, 1);
		p->c.p++;
	}
	return word->n > 0;
}

/* Reads words and dots into phrase and run as long as there are any. */
static void read_words(struct list_parser *p)
{
	bool gap = false, after_dot = false;
	struct slice word;

	strbuf_reset(&p->phrase);
	strbuf_reset(&p->run);
	p->before_run = 0;
	for (;;) {
		gap = mime_skip_space(&p->c) || gap;
		if (mime_at(&p->c, '.')) {
			p->c.p++;
			strbuf_addc(&p->phrase, '.');
			strbuf_addc(&p->run, '.');
			after_dot = true;
			gap = false;
			continue;
		}
		if (!take_word(p, &word))
			return;
		if (gap && p->phrase.n) {
			if (!after_dot) {
				p->before_run = p->phrase.n;
				strbuf_reset(&p->run);
			}
			strbuf_addc(&p->phrase, ' ');
		}
		add_unescaped(&p->phrase, word);
		add_unescaped(&p->run, word);
		gap = after_dot = false;
	}
}

/* Takes "[…]" as it stands; false when it is not closed. */
static bool take_literal(struct list_parser *p)
{
	const char *close = memchr(p->c.p, ']', (size_t)(p->c.end - p->c.p));

	if (!close)
		return false;
	strbuf_add(&p->host, slice_of(p->c.p, (size_t)(close + 1 - p->c.p)));
	p->c.p = close + 1;
	return true;
}

/* At '@': reads the domain behind it into host. */
static void read_domain(struct list_parser *p)
{
	p->c.p++;
	strbuf_reset(&p->host);
	for (;;) {
		bool gap = mime_skip_space(&p->c);
		bool open = p->host.n == 0 || p->host.p[p->host.n - 1] == '.';
		struct slice atom;

		if (mime_at(&p->c, '.')) {
			p->c.p++;
			strbuf_addc(&p->host, '.');
			continue;
		}
		if (gap && !open)
			return;
		if (mime_at(&p->c, '[') && take_literal(p))
			continue;
		atom = mime_take_atom(&p->c);
		if (atom.n == 0)
			return;
		strbuf_add(&p->host, atom);
	}
}

/*
 * At '@' behind the words: reads the domain. In "a@b@c" all but the last '@' belong to the local
 * part. `local` is where the words of the local part were gathered.
 */
static void read_at_domain(struct list_parser *p, struct strbuf *local)
{
	read_domain(p);
	while (mime_at(&p->c, '@')) {
		strbuf_addc(local, '@');
		strbuf_add(local, strbuf_slice(&p->host));
		read_domain(p);
	}
}

/*
 * At the '@' of an obsolete source route "@a,@b:" (RFC 5322 section 4.4). Without the ':' it was
 * none, and its last domain stays in host.
 */
static struct slice read_route(struct list_parser *p)
{
	struct strbuf route = { 0 };
	struct slice adl = { NULL, 0 };

	while (mime_at(&p->c, '@')) {
		read_domain(p);
		if (route.n)
			strbuf_addc(&route, ',');
		strbuf_addc(&route, '@');
		strbuf_add(&route, strbuf_slice(&p->host));
		while (mime_at(&p->c, ',') || mime_skip_space(&p->c))
			if (mime_at(&p->c, ','))
				p->c.p++;
	}
	if (mime_at(&p->c, ':')) {
		p->c.p++;
		strbuf_reset(&p->host);
		adl = copy(p, strbuf_slice(&route));
	}
	strbuf_free(&route);
	return adl;
}

/* At '<': reads up to and including '>'. A missing '>' ends at the next separator. */
static void read_angle(struct list_parser *p, struct mime_address *to)
{
	struct strbuf *local;

	p->c.p++;
	p->in_angle = true;
	strbuf_reset(&p->host);
	mime_skip_space(&p->c);
	if (mime_at(&p->c, '@'))
		to->adl = read_route(p);
	read_words(p);
	local = p->before_run ? &p->phrase : &p->run;
	if (mime_at(&p->c, '@'))
		read_at_domain(p, local);
	while (p->c.p < p->c.end && !at_separator(p) && *p->c.p++ != '>')
		;
	p->in_angle = false;
	to->mailbox = copy(p, strbuf_slice(local));
	to->host = copy(p, strbuf_slice(&p->host));
}

static void emit(struct list_parser *p, struct mime_address address)
{
	if (address.name.n || address.mailbox.n || address.host.n ||
		address.kind != MIME_ADDRESS_MAILBOX)
		p->list.v[p->list.n++] = address;
}

/* The last comment as a name, for "user@host (Real Name)". */
static struct slice comment_name(struct list_parser *p)
{
	struct slice s = slice_trim(p->c.comment);
	char *to = arena_alloc(p->arena, s.n);

	return slice_of(to, mime_unescape(s, to));
}

/* Behind the words of an entry: reads the rest up to its separator and adds it to the list. */
static void read_mailbox(struct list_parser *p, const char *start)
{
	struct mime_address address = { .kind = MIME_ADDRESS_MAILBOX };

	if (mime_at(&p->c, '@')) {
		address.name = copy(p, slice_head(strbuf_slice(&p->phrase), p->before_run));
		read_at_domain(p, &p->run);
		address.mailbox = copy(p, strbuf_slice(&p->run));
		address.host = copy(p, strbuf_slice(&p->host));
		mime_skip_space(&p->c);
		if (mime_at(&p->c, '<')) { /* "a@b <a@b>": it was an unquoted name */
			struct slice name = slice_of(start, (size_t)(p->c.p - start));

			address.name = copy(p, slice_trim(name));
			read_angle(p, &address);
		}
	} else if (mime_at(&p->c, '<')) {
		address.name = copy(p, strbuf_slice(&p->phrase));
		read_angle(p, &address);
	} else {
		address.mailbox = copy(p, strbuf_slice(&p->phrase));
	}
	while (p->c.p < p->c.end && !at_separator(p)) {
		struct slice ignored;

		if (!mime_skip_space(&p->c) && !mime_take_quoted(&p->c, &ignored))
			p->c.p++;
	}
	if (address.name.n == 0 && (address.mailbox.n || address.host.n))
		address.name = comment_name(p);
	emit(p, address);
}

static void read_entry(struct list_parser *p)
{
	const char *start;

	p->c.comment = (struct slice){ NULL, 0 };
	mime_skip_space(&p->c);
	start = p->c.p;
	read_words(p);
	if (mime_at(&p->c, ':')) {
		p->c.p++;
		if (p->phrase.n == 0)
			return;
		p->in_group = true;
		emit(p, (struct mime_address){ .kind = MIME_ADDRESS_GROUP,
				.mailbox = copy(p, strbuf_slice(&p->phrase)) });
		return;
	}
	read_mailbox(p, start);
	if (mime_at(&p->c, ';') && p->in_group) {
		p->in_group = false;
		emit(p, (struct mime_address){ .kind = MIME_ADDRESS_GROUP_END });
	}
	if (at_separator(p))
		p->c.p++;
}

/* No list has more entries than this: each but the last ends in one of these characters. */
static size_t entries_max(struct slice value)
{
	size_t n = 2;

	for (size_t i = 0; i < value.n && n < MIME_ADDRESSES_MAX; i++)
		n += value.p[i] == ',' || value.p[i] == ';' || value.p[i] == ':';
	return n;
}

struct mime_addresses mime_addresses_parse(struct arena *a, struct slice value)
{
	struct list_parser p = {
		.arena = a, .c = mime_cursor_of(value), .max = entries_max(value)
	};

	if (slice_trim(value).n == 0)
		return p.list;
	/* One entry may bring two, and the end of an open group comes on top. */
	p.list.v = arena_alloc(a, (p.max + 3) * sizeof(*p.list.v));
	while (p.c.p < p.c.end && p.list.n < p.max)
		read_entry(&p);
	if (p.in_group)
		emit(&p, (struct mime_address){ .kind = MIME_ADDRESS_GROUP_END });
	strbuf_free(&p.phrase);
	strbuf_free(&p.run);
	strbuf_free(&p.host);
	return p.list;
}

/* Characters that are part of a name or an address, not what stands between them. */
static size_t weight(struct slice s)
{
	size_t n = 0;

	for (size_t i = 0; i < s.n; i++)
		n += (unsigned char)s.p[i] > ' ' && !strchr("<>(),;:\\\"@", s.p[i]);
	return n;
}

bool mime_addresses_are_whole(struct slice value, const struct mime_addresses *found)
{
	size_t n = 0;

	for (size_t i = 0; i < found->n; i++)
		n += weight(found->v[i].name) + weight(found->v[i].mailbox) +
		     weight(found->v[i].host);
	return n == weight(value);
}
