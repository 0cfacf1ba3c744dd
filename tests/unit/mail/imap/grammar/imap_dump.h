/*
 * imap_dump.h: for tests: a parsed command, and whole runs of the parser, as text that can be
 * compared. Every member of a command shows.
 */
#ifndef HEARTH_TESTS_IMAP_DUMP_H
#define HEARTH_TESTS_IMAP_DUMP_H

#include "imap/grammar/imap_parse.h"
#include "imap/grammar/imap_write.h"

static inline void dump_text(struct strbuf *out, struct slice s)
{
	if (s.p)
		strbuf_printf(out, " \"%.*s\"", SLICE_ARG(s));
	else
		strbuf_adds(out, " NIL");
}

static inline void dump_set(struct strbuf *out, const struct imap_seqset *set)
{
	for (size_t i = 0; i < set->n; i++) {
		struct imap_range r = set->ranges[i];

		strbuf_adds(out, i ? "," : " ");
		strbuf_printf(out, r.first ? "%u" : "*", r.first);
		if (r.last != r.first)
			strbuf_printf(out, r.last ? ":%u" : ":*", r.last);
	}
}

static inline void dump_key(struct strbuf *out, const struct imap_search_key *k)
{
	static const char *const names[] = { "all", "and", "or", "seq", "uid", "flag", "keyword",
		"bcc", "cc", "from", "subject", "to", "body", "text", "header", "before", "on",
		"since", "sentbefore", "senton", "sentsince", "larger", "smaller", "older",
		"younger" };

	strbuf_printf(out, " %s%s", k->negated ? "!" : "", names[k->kind]);
	switch (k->kind) {
	case IMAP_KEY_ALL: break;
	case IMAP_KEY_AND:
	case IMAP_KEY_OR:
		strbuf_adds(out, "(");
		for (const struct imap_search_key *c = k->first; c; c = c->next)
			dump_key(out, c);
		strbuf_adds(out, " )");
		break;
	case IMAP_KEY_SEQSET:
	case IMAP_KEY_UID: dump_set(out, &k->set); break;
	case IMAP_KEY_FLAG: strbuf_printf(out, " %d", (int)k->flag); break;
	case IMAP_KEY_KEYWORD: dump_text(out, k->keyword); break;
	case IMAP_KEY_HEADER:
		dump_text(out, k->name);
		dump_text(out, k->text);
		break;
	case IMAP_KEY_BCC:
	case IMAP_KEY_CC:
	case IMAP_KEY_FROM:
	case IMAP_KEY_SUBJECT:
	case IMAP_KEY_TO:
	case IMAP_KEY_BODY:
	case IMAP_KEY_TEXT: dump_text(out, k->text); break;
	case IMAP_KEY_BEFORE:
	case IMAP_KEY_ON:
	case IMAP_KEY_SINCE:
	case IMAP_KEY_SENTBEFORE:
	case IMAP_KEY_SENTON:
	case IMAP_KEY_SENTSINCE: strbuf_printf(out, " day %d", (int)k->day); break;
	case IMAP_KEY_LARGER:
	case IMAP_KEY_SMALLER:
	case IMAP_KEY_OLDER:
	case IMAP_KEY_YOUNGER: strbuf_printf(out, " %llu", (unsigned long long)k->number); break;
	}
}

static inline void dump_flags(struct strbuf *out, const struct imap_flags *f)
{
	strbuf_addc(out, ' ');
	imap_write_flags(out, f);
}

static inline void dump_fetch(struct strbuf *out, const struct imap_fetch *f)
{
	dump_set(out, &f->set);
	strbuf_adds(out, f->sets_seen ? " seen" : "");
	for (const struct imap_fetch_item *i = f->items; i; i = i->next) {
		strbuf_addc(out, ' ');
		imap_write_fetch_name(out, i);
		if (i->partial)
			strbuf_printf(out, "+%u", i->length);
		if (i->peek && i->kind == IMAP_FETCH_SECTION)
			strbuf_adds(out, " peek");
	}
}

static inline void dump_arguments(struct strbuf *out, const struct imap_command *c)
{
	switch (c->verb) {
	case IMAP_SELECT:
	case IMAP_EXAMINE:
	case IMAP_DELETE:
	case IMAP_SUBSCRIBE:
	case IMAP_UNSUBSCRIBE: dump_text(out, c->mailbox); break;
	case IMAP_LOGIN:
		dump_text(out, c->login.user);
		dump_text(out, c->login.password);
		break;
	case IMAP_AUTHENTICATE:
		dump_text(out, c->authenticate.mechanism);
		if (c->authenticate.has_response)
			strbuf_printf(out, " [%.*s]", SLICE_ARG(c->authenticate.response));
		break;
	case IMAP_ENABLE:
		for (size_t i = 0; i < c->enable.n; i++)
			dump_text(out, c->enable.items[i]);
		break;
	case IMAP_ID:
		for (size_t i = 0; i < c->id.n; i++) {
			dump_text(out, c->id.fields[i].name);
			dump_text(out, c->id.fields[i].value);
		}
		break;
	case IMAP_CREATE:
		dump_text(out, c->create.mailbox);
		strbuf_adds(out, " ");
		imap_write_uses(out, c->create.use);
		break;
	case IMAP_RENAME:
		dump_text(out, c->rename.from);
		dump_text(out, c->rename.to);
		break;
	case IMAP_LIST:
	case IMAP_LSUB:
		strbuf_printf(out, " %d select %u returns %u status %u", c->list.extended,
			c->list.select, c->list.returns, c->list.status);
		dump_text(out, c->list.reference);
		for (size_t i = 0; i < c->list.patterns.n; i++)
			dump_text(out, c->list.patterns.items[i]);
		break;
	case IMAP_STATUS:
		dump_text(out, c->status.mailbox);
		strbuf_printf(out, " items %u", c->status.items);
		break;
	case IMAP_APPEND:
		dump_text(out, c->append.mailbox);
		dump_flags(out, &c->append.flags);
		if (c->append.has_date)
			strbuf_printf(out, " date %lld%+d", (long long)c->append.date.time_s,
				c->append.date.zone_min);
		strbuf_printf(out, " {%llu%s}", (unsigned long long)c->append.size,
			c->append.sync ? "" : "+");
		break;
	case IMAP_EXPUNGE: dump_set(out, &c->expunge); break;
	case IMAP_SEARCH:
		if (c->search.extended)
			strbuf_printf(out, " return %u", c->search.returns);
		dump_key(out, c->search.keys);
		break;
	case IMAP_FETCH: dump_fetch(out, &c->fetch); break;
	case IMAP_STORE:
		dump_set(out, &c->store.set);
		strbuf_printf(out, " %c%s", "=+-"[c->store.op], c -> store.silent ? "silent" : "");
		dump_flags(out, &c->store.flags);
		break;
	case IMAP_COPY:
	case IMAP_MOVE:
		dump_set(out, &c->copy.set);
		dump_text(out, c->copy.mailbox);
		break;
	default: break;
	}
}

static inline void dump_command(struct strbuf *out, const struct imap_command *c)
{
	strbuf_printf(
		out, "%.*s %s%s", SLICE_ARG(c->tag), c->uid ? "UID " : "", imap_verb_name(c->verb));
	dump_arguments(out, c);
	strbuf_addc(out, '\n');
}

/* How the run answers APPEND; IDLE and AUTHENTICATE always want a line. */
struct dump_run {
	struct imap_parser parser;
	struct arena *arena;
	struct strbuf log;     /* one line per event; a message without its cuts */
	struct strbuf message; /* of the APPEND that is coming in */
	bool refuse_append;
	size_t held_max; /* the most the parser has held */
};

static inline void dump_event(
	struct dump_run *r, enum imap_event_kind what, const struct imap_event *ev)
{
	struct strbuf *log = &r->log;

	if (what != IMAP_EVENT_MESSAGE && what != IMAP_EVENT_MORE && r->message.n) {
		strbuf_printf(log, "message %zu ", r->message.n);
		strbuf_add(log, strbuf_slice(&r->message));
		strbuf_addc(log, '\n');
		strbuf_reset(&r->message);
	}
	switch (what) {
	case IMAP_EVENT_MORE: break;
	case IMAP_EVENT_CONTINUE: strbuf_adds(log, "continue\n"); break;
	case IMAP_EVENT_COMMAND:
		dump_command(log, ev->command);
		if (ev->command->verb == IMAP_IDLE || ev->command->verb == IMAP_AUTHENTICATE)
			imap_parser_want_line(&r->parser);
		break;
	case IMAP_EVENT_REFUSED:
		strbuf_adds(log, ev->command ? "undo " : "");
		imap_write_refusal(log, ev->tag, &ev->refusal);
		break;
	case IMAP_EVENT_APPEND:
		strbuf_adds(log, "begin ");
		dump_command(log, ev->command);
		(r->refuse_append ? imap_parser_refuse : imap_parser_accept)(&r->parser);
		break;
	case IMAP_EVENT_MESSAGE: strbuf_add(&r->message, ev->data); break;
	case IMAP_EVENT_LINE: strbuf_printf(log, "line %.*s\n", SLICE_ARG(ev->data)); break;
	case IMAP_EVENT_CLOSE: strbuf_printf(log, "close %s\n", ev->refusal.text); break;
	}
}

static inline void dump_feed(struct dump_run *r, struct slice in)
{
	enum imap_event_kind what;
	struct imap_event ev;

	do {
		what = imap_parser_next(&r->parser, r->arena, &in, &ev);
		dump_event(r, what, &ev);
		if (r->parser.text.n > r->held_max)
			r->held_max = r->parser.text.n;
		if (what == IMAP_EVENT_COMMAND || (what == IMAP_EVENT_REFUSED && !r->parser.append))
			arena_reset(r->arena);
	} while (what != IMAP_EVENT_MORE);
}

/* Feeds `in` up to `cut` and then `step` bytes at a time. */
static inline struct dump_run dump_run(struct slice in, size_t cut, size_t step,
	const struct imap_limits *limits, bool refuse_append)
{
	struct dump_run r = { .refuse_append = refuse_append };

	r.arena = arena_new();
	imap_parser_init(&r.parser, limits);
	strbuf_adds(&r.log, "");
	dump_feed(&r, slice_head(in, cut));
	for (size_t at = cut; at < in.n; at += step)
		dump_feed(&r, slice_head(slice_skip(in, at), step));
	return r;
}

static inline void dump_free(struct dump_run *r)
{
	imap_parser_clear(&r->parser);
	arena_free(&r->arena);
	strbuf_free(&r->log);
	strbuf_free(&r->message);
}

#endif
