/*
 * mime/text_extract.c: walks the tree of a message and writes its texts, and subjects and addresses
 * of messages within it, as UTF-8 lines, up to a limit. Pure, on workers.
 */
#include "mime/text_extract.h"
#include "mime/address.h"
#include "mime/content.h"
#include "mime/encoded_word.h"
#include "mime/header.h"

/* Text being gathered up to a limit. */
struct gatherer {
	struct strbuf *out;
	size_t from, limit;
	struct arena *scratch;
	struct slice message;
};

static size_t room(const struct gatherer *g)
{
	size_t used = g->out->n - g->from;

	return used < g->limit ? g->limit - used : 0;
}

/* Ends the line that was begun at `start`, if anything was written. */
static void end_line(struct gatherer *g, size_t start)
{
	if (g->out->n > start)
		strbuf_addc(g->out, '\n');
}

static void add_addresses(struct gatherer *g, struct slice value)
{
	struct mime_addresses list = mime_addresses_parse(g->scratch, value);

	for (size_t i = 0; i < list.n && room(g); i++) {
		const struct mime_address *address = &list.v[i];
		size_t start = g->out->n;

		mime_words_decode(g->out, address->name);
		if (address->name.n && address->mailbox.n)
			strbuf_addc(g->out, ' ');
		strbuf_add(g->out, mime_raw_text(g->scratch, address->mailbox));
		if (address->host.n) {
			strbuf_addc(g->out, '@');
			strbuf_add(g->out, mime_raw_text(g->scratch, address->host));
		}
		end_line(g, start);
	}
}

/* The fields for people of one message's header. */
static void add_fields(struct gatherer *g, struct slice header)
{
	static const char *const lists[] = { "From", "Sender", "Reply-To", "To", "Cc", "Bcc" };
	struct mime_field subject;
	size_t start = g->out->n;

	if (room(g) && mime_field_find(header, SLICE("Subject"), &subject))
		mime_words_decode(g->out, mime_unfold(g->scratch, subject.value));
	end_line(g, start);
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]) && room(g); i++)
		add_addresses(g, mime_field_join(g->scratch, header, slice_str(lists[i])));
}

static void add_body(struct gatherer *g, const struct mime_part *root)
{
	for (const struct mime_part *part = root; part && room(g);
		part = mime_part_after(root, part)) {
		size_t start;

		arena_reset(g->scratch);
		if (part->envelope.p && part != root)
			add_fields(g, mime_part_header(g->message, part));
		start = g->out->n;
		if (part->kind != MIME_LEAF || !mime_part_is(part, SLICE("text"), SLICE("")))
			continue;
		if (!mime_content_plain(g->out, part, mime_part_body(g->message, part), room(g)) &&
			room(g) < 4) /* cut: what is left is too little for a character */
			return;
		end_line(g, start);
	}
}

void mime_text_body(
	struct strbuf *out, struct slice message, const struct mime_part *root, size_t limit)
{
	struct gatherer g = { out, out->n, limit, arena_new(), message };

	add_body(&g, root);
	mime_text_cut(out, g.from, limit);
	arena_free(&g.scratch);
}
