/*
 * test_build.c: a message that was put together says, when it is read, what it was made of; and holds
 * no line that is too long, no bare CR or LF, and no field that nobody asked for.
 */
#include "harness.h"

#include "mime/address.h"
#include "mime/build.h"
#include "mime/content.h"
#include "mime/encode.h"
#include "mime/encoded_word.h"
#include "mime/header.h"

static void check_lines(struct slice message, size_t longest)
{
	size_t column = 0;

	for (size_t i = 0; i < message.n; i++) {
		unsigned char c = (unsigned char)message.p[i];

		ck_assert_msg(c < 0x80 && (c >= ' ' || strchr("\r\n\t", c)), "byte %zu: %u", i, c);
		if (c == '\r')
			ck_assert(i + 1 < message.n && message.p[i + 1] == '\n');
		if (c == '\n')
			ck_assert(i > 0 && message.p[i - 1] == '\r');
		column = c == '\n' ? 0 : column + 1;
		ck_assert_uint_le(column, longest);
	}
}

static const char *const texts[] = { "", "hello", "Re: caf\xc3\xa9",
	"\xd0\x9f\xd1\x80\xd0\xb8\xd0\xb2\xd0\xb5\xd1\x82, "
	"\xd0\xbc\xd0\xb8\xd1\x80! \xd0\x9f\xd1\x80\xd0\xb8\xd0\xb2\xd0\xb5\xd1\x82, "
	"\xd0\xbc\xd0\xb8\xd1\x80! \xd0\x9f\xd1\x80\xd0\xb8\xd0\xb2\xd0\xb5\xd1\x82",
	"\xf0\x9f\x8e\x89\xf0\x9f\x8e\x89\xf0\x9f\x8e\x89\xf0\x9f\x8e\x89\xf0\x9f\x8e\x89\xf0\x9f"
	"\x8e\x89\xf0\x9f\x8e\x89\xf0\x9f\x8e\x89\xf0\x9f\x8e\x89\xf0\x9f\x8e\x89",
	"=?utf-8?Q?not_one?=", "a \"quoted\\\" word, (a comment) <x@y>",
	"one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen",
	"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	"aaaaaaaaaaaa"
	"bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
	"bbbbbbbbbbbb" };

#define TEXTS (sizeof(texts) / sizeof(texts[0]))

static struct mime_build plain(void)
{
	return (struct mime_build){ .date_s = 1700000000,
		.message_id = SLICE("1.2@hearth.test"),
		.boundary = SLICE("b0b1b2b3"),
		.from = { SLICE("Ann"), SLICE("ann@hearth.test") },
		.subject = SLICE("x"),
		.text = SLICE("hi") };
}

static struct slice field(struct arena *a, struct slice message, const char *name)
{
	struct mime_field f;

	ck_assert_msg(mime_field_find(message, slice_str(name), &f), "%s", name);
	return mime_unfold(a, f.value);
}

START_TEST(subjects)
{
	struct arena *a = arena_new();

	for (size_t i = 0; i < TEXTS; i++) {
		struct mime_build b = plain();
		struct strbuf out = { 0 };
		struct slice got;

		b.subject = slice_str(texts[i]);
		mime_build(&out, &b);
		check_lines(strbuf_slice(&out), 78);
		got = mime_words_text(a, field(a, strbuf_slice(&out), "Subject"));
		ck_assert_msg(slice_eq(got, b.subject), "%.*s", SLICE_ARG(got));
		strbuf_free(&out);
	}
	arena_free(&a);
}
END_TEST

START_TEST(names)
{
	struct arena *a = arena_new();

	for (size_t i = 0; i < TEXTS; i++) {
		struct mime_build b = plain();
		struct mime_build_address to[3] = { { slice_str(texts[i]),
							    SLICE("bob@example.org") },
			{ SLICE(""), SLICE("carl@example.org") },
			{ slice_str(texts[i]), SLICE("dan@example.org") } };
		struct strbuf out = { 0 };
		struct mime_addresses got;

		b.to = (struct mime_build_addresses){ to, 3 };
		mime_build(&out, &b);
		check_lines(strbuf_slice(&out), 220);
		got = mime_addresses_parse(a, field(a, strbuf_slice(&out), "To"));
		ck_assert_uint_eq(got.n, 3);
		for (size_t k = 0; k < 3; k++) {
			struct slice name = mime_words_text(a, got.v[k].name);

			ck_assert(slice_eq(got.v[k].host, SLICE("example.org")));
			ck_assert_msg(slice_eq(name, to[k].name), "%.*s, not %.*s", SLICE_ARG(name),
				SLICE_ARG(to[k].name));
		}
		strbuf_free(&out);
	}
	arena_free(&a);
}
END_TEST

/* Whatever stands in a name, a subject or a file's name: it adds no field. */
START_TEST(injection)
{
	struct mime_build b = plain();
	struct slice evil = SLICE("x\r\nBcc: evil@example.org\r\n\r\nbody\0");
	struct mime_build_address to = { evil, SLICE("bob@example.org") };
	struct mime_build_attachment file = { evil, evil, SLICE("bytes") };
	struct strbuf out = { 0 };
	struct mime_field f;

	b.from.name = b.subject = evil;
	b.to = (struct mime_build_addresses){ &to, 1 };
	b.attachments = &file;
	b.attachment_n = 1;
	mime_build(&out, &b);
	check_lines(strbuf_slice(&out), 78);
	ck_assert(!mime_field_find(strbuf_slice(&out), SLICE("Bcc"), &f));
	ck_assert(mime_field_find(strbuf_slice(&out), SLICE("MIME-Version"), &f));
	strbuf_free(&out);
}
END_TEST

/* The text of a message, as it is read. */
static void check_text(struct slice text, const char *want)
{
	struct arena *a = arena_new();
	struct mime_build b = plain();
	struct strbuf out = { 0 }, got = { 0 };
	struct mime_part *root;

	b.text = text;
	mime_build(&out, &b);
	check_lines(strbuf_slice(&out), 998);
	root = mime_structure_parse(a, strbuf_slice(&out), NULL);
	strbuf_adds(&got, "");
	mime_content_text(&got, root, mime_part_body(strbuf_slice(&out), root), 1 << 20);
	ck_assert_msg(slice_eq(strbuf_slice(&got), slice_str(want)), "%s, not %s", got.p, want);
	strbuf_free(&out);
	strbuf_free(&got);
	arena_free(&a);
}

START_TEST(bodies)
{
	char line[1200];

	check_text(SLICE(""), "");
	check_text(SLICE("a"), "a\r\n");
	check_text(SLICE("a\nb\rc\r\nd\n"), "a\r\nb\r\nc\r\nd\r\n");
	check_text(SLICE(".\nFrom me\n\xc3\xa9 \n=3D\t\n.x"),
		".\r\nFrom me\r\n\xc3\xa9 \r\n=3D\t\r\n.x\r\n");
	check_text(SLICE("\xd0\x9f\xd1\x80\xd0\xb8\xd0\xb2\xd0\xb5\xd1\x82"),
		"\xd0\x9f\xd1\x80\xd0\xb8\xd0\xb2\xd0\xb5\xd1\x82\r\n");
	memset(line, 'x', sizeof(line));
	line[sizeof(line) - 1] = '\0';
	for (size_t n = 900; n < sizeof(line) - 3; n += 99) {
		struct strbuf want = { 0 };

		strbuf_printf(&want, "%.*s\r\n", (int)n, line);
		check_text(slice_of(line, n), want.p);
		strbuf_free(&want);
	}
}
END_TEST

START_TEST(attachments)
{
	struct arena *a = arena_new();
	char all[256];
	struct mime_build_attachment files[TEXTS];
	struct mime_build b = plain();
	struct strbuf out = { 0 };
	struct mime_part *part;

	for (size_t i = 0; i < sizeof(all); i++)
		all[i] = (char)i;
	for (size_t i = 0; i < TEXTS; i++)
		files[i] = (struct mime_build_attachment){ slice_str(texts[i]),
			i % 2 ? SLICE("image/png") : SLICE("multipart/mixed"),
			slice_of(all, 28 * i) };
	b.attachments = files;
	b.attachment_n = TEXTS;
	mime_build(&out, &b);
	check_lines(strbuf_slice(&out), 78);
	part = mime_structure_parse(a, strbuf_slice(&out), NULL)->child->next;
	for (size_t i = 0; i < TEXTS; i++, part = part->next) {
		struct mime_decoder d;
		struct strbuf bytes = { 0 };
		struct slice name;

		ck_assert_ptr_nonnull(part);
		ck_assert(mime_part_is(part, i % 2 ? SLICE("image") : SLICE("application"),
			i % 2 ? SLICE("png") : SLICE("octet-stream")));
		name = mime_part_filename(a, part);
		ck_assert_msg(slice_eq(name, files[i].name), "%.*s", SLICE_ARG(name));
		mime_decoder_init(&d, part->encoding);
		mime_decoder_add(&d, &bytes, mime_part_body(strbuf_slice(&out), part));
		mime_decoder_end(&d, &bytes);
		ck_assert(slice_eq(strbuf_slice(&bytes), files[i].bytes));
		strbuf_free(&bytes);
	}
	ck_assert_ptr_null(part);
	strbuf_free(&out);
	arena_free(&a);
}
END_TEST

START_TEST(answers)
{
	struct arena *a = arena_new();
	struct mime_build b = plain();
	struct strbuf out = { 0 };

	b.in_reply_to = SLICE("2@x");
	b.references = SLICE("<1@x>  <2@x>");
	mime_build(&out, &b);
	ck_assert(slice_eq(field(a, strbuf_slice(&out), "In-Reply-To"), SLICE("<2@x>")));
	ck_assert(slice_eq(field(a, strbuf_slice(&out), "References"), SLICE("<1@x> <2@x>")));
	ck_assert(slice_eq(
		field(a, strbuf_slice(&out), "Date"), SLICE("Tue, 14 Nov 2023 22:13:20 +0000")));
	strbuf_free(&out);
	arena_free(&a);
}
END_TEST

TEST_MAIN("mime build", subjects, names, injection, bodies, attachments, answers)
