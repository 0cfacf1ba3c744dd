/*
 * test_structure.c: the tree of parts: RFC 2046's rules, broken messages, bounds.
 */
#include <time.h>

#include "imap/grammar/imap_string.h"
#include "mail/mime/mime_test.h"
#include "mime/structure.h"

static struct arena *a;

/* The tree as "type/subtype[body]" for leaves and "type/subtype(child child)" for the others. */
static void render(struct strbuf *out, struct slice message, const struct mime_part *part)
{
	strbuf_printf(out, "%.*s/%.*s", SLICE_ARG(part->type), SLICE_ARG(part->subtype));
	if (part->kind == MIME_LEAF) {
		strbuf_printf(out, "[%.*s]", SLICE_ARG(mime_part_body(message, part)));
		return;
	}
	for (const struct mime_part *child = part->child; child; child = child->next) {
		strbuf_addc(out, child == part->child ? '(' : ' ');
		render(out, message, child);
	}
	strbuf_addc(out, ')');
}

static void check_shape(const char *message, const char *expected)
{
	struct slice m = slice_str(message);
	struct strbuf out = { 0 };

	a = arena_new();
	render(&out, m, mime_structure_parse(a, m, imap_write_envelope));
	if (!slice_eq(strbuf_slice(&out), slice_str(expected)))
		ck_abort_msg("%s\n  gave     %s\n  expected %s", message, out.p, expected);
	strbuf_free(&out);
	arena_free(&a);
}

START_TEST(single)
{
	check_shape("", "text/plain[]");
	check_shape("\r\n", "text/plain[]");
	check_shape("\r\nbody", "text/plain[body]");
	check_shape("Subject: x\n\nbody\n", "text/plain[body\n]");
	check_shape("Subject: x\n", "text/plain[]");
	check_shape("Content-Type: IMAGE/Png\n\nx", "IMAGE/Png[x]");
	check_shape("Content-Type: text\n\nx", "text/plain[x]");
	check_shape("Content-Type: \n\nx", "text/plain[x]");
	check_shape("Content-Type: image\n\nx", "text/plain[x]");
	check_shape("Content-Type: a/b\nContent-Type: c/d\n\nx", "a/b[x]");
	check_shape("Content-Type: a/b\n --x\n\n--x\ny", "a/b[--x\ny]");
}
END_TEST

START_TEST(multiparts)
{
	/* RFC 2046 section 5.1.1 */
	check_shape(
		"MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=\"simple boundary\""
		"\r\n\r\nThis is the preamble.\r\n\r\n--simple boundary\r\n\r\nThis does NOT end "
		"with"
		" a linebreak.\r\n--simple boundary\r\nContent-type: text/plain; "
		"charset=us-ascii\r\n"
		"\r\nThis DOES end with a linebreak.\r\n\r\n--simple boundary--\r\n\r\nThe "
		"epilogue.\r\n",
		"multipart/mixed(text/plain[This does NOT end with a linebreak.] "
		"text/plain[This DOES end with a linebreak.\r\n])");
	/* nested, the outer one ends the inner one */
	check_shape("Content-Type: multipart/a; boundary=o\n\n--o\nContent-Type: multipart/b; "
		    "boundary=i\n\npre\n--i\n\n1\n--i\n\n2\n--i--\nepilogue\n--o\n\n3\n--o--\n",
		"multipart/a(multipart/b(text/plain[1] text/plain[2]) text/plain[3])");
	check_shape("Content-Type: multipart/a; boundary=o\n\n--o\nContent-Type: multipart/b; "
		    "boundary=i\n\n--i\n\n1\n--o\n\n3\n--i\nx",
		"multipart/a(multipart/b(text/plain[1]) text/plain[3\n--i\nx])");
	/* a delimiter after the close delimiter is epilogue */
	check_shape("Content-Type: multipart/a; boundary=o\n\n--o\n\n1\n--o--\n--o\n\n2\n",
		"multipart/a(text/plain[1])");
	/* spaces and other things behind the boundary */
	check_shape("Content-Type: multipart/a; boundary=\"o \"\n\n--o \t\n\n1\n--o "
		    "junk\n\n2\n--o--junk",
		"multipart/a(text/plain[1] text/plain[2])");
	/* boundaries that begin alike */
	check_shape("Content-Type: multipart/a; boundary=o\n\n--o\nContent-Type: multipart/b; "
		    "boundary=oo\n\n--oo\n\n1\n--oo--\n--o\n\n2\n--o--\n",
		"multipart/a(multipart/b(text/plain[1]) text/plain[2])");
	check_shape("Content-Type: multipart/a; boundary=oo\n\n--oo\nContent-Type: multipart/b; "
		    "boundary=o\n\n--o\n\n1\n--o--\n--oo\n\n2\n--oo--\n",
		"multipart/a(multipart/b(text/plain[1]) text/plain[2])");
	/* the same boundary twice: the inner one has it until it ends */
	check_shape("Content-Type: multipart/a; boundary=o\n\n--o\nContent-Type: multipart/b; "
		    "boundary=o\n\n--o\n\n1\n--o--\n--o\n\n2\n--o--\n",
		"multipart/a(multipart/b(text/plain[1]) text/plain[2])");
	/* digest */
	check_shape("Content-Type: multipart/digest; boundary=o\n\n--o\n\nSubject: 1\n\nx\n--o\n"
		    "Content-Type: text/plain\n\ny\n--o--",
		"multipart/digest(message/rfc822(text/plain[x]) text/plain[y])");
}
END_TEST

START_TEST(broken_multiparts)
{
	/* no delimiter at all, no boundary: the body is the one child */
	check_shape("Content-Type: multipart/mixed; boundary=o\n\nbody\n",
		"multipart/mixed(text/plain[body\n])");
	check_shape("Content-Type: multipart/mixed\n\n--\nbody",
		"multipart/mixed(text/plain[--\nbody])");
	check_shape("Content-Type: multipart/digest; boundary=\"\"\n\n--\nbody",
		"multipart/digest(text/plain[--\nbody])");
	check_shape("Content-Type: multipart; boundary=o\n\n--o\n\nx",
		"multipart/mixed(text/plain[x])");
	check_shape("Content-Type: multipart/mixed; boundary=o", "multipart/mixed(text/plain[])");
	/* only the close delimiter */
	check_shape("Content-Type: multipart/mixed; boundary=o\n\nx\n--o--\n",
		"multipart/mixed(text/plain[x\n--o--\n])");
	/* empty parts, parts without an empty line */
	check_shape("Content-Type: multipart/mixed; boundary=o\n\n--o\n--o\n\n--o\nA: b\n--o\nA: "
		    "b\n\n--o--",
		"multipart/mixed(text/plain[] text/plain[] text/plain[] text/plain[])");
	check_shape("Content-Type: multipart/mixed; boundary=o\n\n--o\nContent-Type: "
		    "message/rfc822\n--o--",
		"multipart/mixed(message/rfc822(text/plain[]))");
	check_shape("Content-Type: multipart/mixed; boundary=o\n\n--o\nContent-Type: multipart/x; "
		    "boundary=i\n--o--",
		"multipart/mixed(multipart/x(text/plain[]))");
	/* a boundary over the bound of RFC 2046 works, a very long one does not */
	check_shape("Content-Type: multipart/x; boundary="
		    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
		    "aaaa\n\n--"
		    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
		    "aaaa\n\nx",
		"multipart/x(text/plain[x])");
}
END_TEST

START_TEST(messages)
{
	check_shape("Content-Type: message/rfc822\n\nContent-Type: message/global\n\n"
		    "Content-Type: text/html\n\nx\n",
		"message/rfc822(message/global(text/html[x\n]))");
	check_shape("Content-Type: message/rfc822\n\n", "message/rfc822(text/plain[])");
	check_shape("Content-Type: message/delivery-status\n\nA: b\n\nC: d",
		"message/delivery-status[A: b\n\nC: d]");
	/* encoded, which RFC 2046 forbids: the child is the encoded text */
	check_shape(
		"Content-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\nQTogYgoKeA==\n",
		"message/rfc822(text/plain[QTogYgoKeA==\n])");
}
END_TEST

/* Offsets, sizes and lines, with both line ends. */
START_TEST(numbers)
{
	struct slice m =
		SLICE("Content-Type: multipart/mixed; boundary=o\r\n\r\npre\r\n--o\r\n"
		      "Content-Transfer-Encoding: Base64\r\n\r\nZm9v\r\nYmFy\r\n\r\n--o\r\n\r\n"
		      "end--o\r\n--o--\r\n");
	struct mime_part *root, *one, *two;

	a = arena_new();
	root = mime_structure_parse(a, m, imap_write_envelope);
	ck_assert_uint_eq(root->offset, 0);
	ck_assert_uint_eq(root->header_size, 45);
	ck_assert_uint_eq(root->header_size + root->body_size, m.n);
	ck_assert_uint_eq(root->lines, 11);
	one = root->child;
	ck_assert_uint_eq(one->offset, 55);
	ck_assert_uint_eq(one->header_size, 37);
	ck_assert_uint_eq(one->body_size, 12); /* the CRLF before the delimiter is not the part's */
	ck_assert_uint_eq(one->lines, 2);
	ck_assert_uint_eq(one->decoded_size, 6);
	ck_assert_int_eq(one->encoding, MIME_BASE64);
	CK_TEXT(one->encoding_name, "Base64");
	two = one->next;
	ck_assert_uint_eq(two->header_size, 2);
	ck_assert_uint_eq(two->body_size, 6);
	ck_assert_uint_eq(two->lines, 0);
	ck_assert(two->parent == root && !two->next);
	arena_free(&a);
}
END_TEST

/* The line end before a delimiter is the delimiter's, also when it would end a header. */
START_TEST(delimiter_behind_header)
{
	static const char *const cases[] = {
		"Content-Type: multipart/a; boundary=o\n\n--o\nContent-Type: message/rfc822\n\nA: "
		"b\n--o--",
		"Content-Type: multipart/a; boundary=o\n\n--o\nContent-Type: "
		"message/rfc822\n\n--o--",
		"Content-Type: multipart/a; boundary=o\n\n--o\nContent-Type: multipart/b; "
		"boundary=i\n\n"
		"--i\n--o--",
		"Content-Type: multipart/a; boundary=o\r\n\r\n--o\r\nContent-Type: multipart/b; "
		"boundary=i\r\n\r\n--i\r\n\r\n--o--",
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct mime_part *inner, *child;
		size_t end;

		a = arena_new();
		inner = mime_structure_parse(a, slice_str(cases[i]), imap_write_envelope)->child;
		child = inner->child;
		end = inner->offset + inner->header_size + inner->body_size;
		ck_assert_uint_eq(child->offset + child->header_size, end);
		ck_assert_uint_ge(child->offset, inner->offset + inner->header_size);
		ck_assert_uint_eq(child->body_size, 0);
		ck_assert(cases[i][end] == '\n' || cases[i][end] == '\r');
		arena_free(&a);
	}
}
END_TEST

START_TEST(part_fields)
{
	struct slice m =
		SLICE("Content-Type: text/x-myown; charset=us-ascii; foo=\"quoted\\\"string\"\n"
		      "Content-ID: <foo@test>\nContent-MD5: Q2hlY2sgSW50ZWdyaXR5IQ==\n"
		      "Content-Language: en, fi,, se\nContent-Location: http://localhost/foo\n"
		      "Content-Description: hello\n description\n"
		      "Content-Disposition: attachment; filename=\"a b.txt\"\n"
		      "Content-Transfer-Encoding: (c) Quoted-Printable (d)\n\nhello=20\n");
	struct mime_part *p;

	a = arena_new();
	p = mime_structure_parse(a, m, imap_write_envelope);
	CK_TEXT(p->subtype, "x-myown");
	CK_TEXT(mime_param(&p->params, SLICE("FOO")), "quoted\"string");
	CK_TEXT(p->id, "<foo@test>");
	CK_TEXT(p->md5, "Q2hlY2sgSW50ZWdyaXR5IQ==");
	ck_assert_uint_eq(p->languages.n, 3);
	CK_TEXT(p->languages.v[2], "se");
	CK_TEXT(p->location, "http://localhost/foo");
	CK_TEXT(p->description, "hello description");
	CK_TEXT(p->disposition, "attachment");
	CK_TEXT(mime_part_filename(a, p), "a b.txt");
	CK_TEXT(p->encoding_name, "Quoted-Printable");
	ck_assert_uint_eq(p->decoded_size, 7);
	ck_assert(mime_part_is_attachment(p));
	arena_free(&a);
}
END_TEST

static size_t count_parts(const struct mime_part *root, size_t *depth)
{
	size_t n = 0;

	*depth = 0;
	for (const struct mime_part *p = root; p; p = mime_part_after(root, p)) {
		size_t d = 1;

		for (const struct mime_part *up = p; up->parent; up = up->parent)
			d++;
		*depth = d > *depth ? d : *depth;
		n++;
	}
	return n;
}

START_TEST(depth_is_bounded)
{
	struct strbuf m = { 0 };
	struct mime_part *root;
	size_t depth, n;

	a = arena_new();
	for (int i = 0; i < 500; i++)
		strbuf_printf(
			&m, "Content-Type: multipart/mixed; boundary=b%03d\n\n--b%03d\n", i, i);
	root = mime_structure_parse(a, strbuf_slice(&m), imap_write_envelope);
	n = count_parts(root, &depth);
	ck_assert_uint_eq(depth, MIME_DEPTH_MAX);
	ck_assert_uint_eq(n, MIME_DEPTH_MAX);
	strbuf_reset(&m);
	for (int i = 0; i < 500; i++)
		strbuf_adds(&m, "Content-Type: message/rfc822\n\n");
	root = mime_structure_parse(a, strbuf_slice(&m), imap_write_envelope);
	n = count_parts(root, &depth);
	ck_assert_uint_eq(depth, MIME_DEPTH_MAX);
	while (root->child)
		root = root->child;
	ck_assert(mime_part_is(root, SLICE("application"), SLICE("octet-stream")));
	ck_assert_uint_gt(root->body_size, 0);
	strbuf_free(&m);
	arena_free(&a);
}
END_TEST

START_TEST(parts_are_bounded)
{
	struct strbuf m = { 0 };
	struct mime_part *root;
	size_t depth;

	a = arena_new();
	strbuf_adds(&m, "Content-Type: multipart/mixed; boundary=o\n\n");
	for (int i = 0; i < 10000; i++)
		strbuf_adds(&m, i % 3 ? "--o\n\nx\n" : "--o\nContent-Type: multipart/x\n\ny\n");
	strbuf_adds(&m, "--o--\nepilogue");
	root = mime_structure_parse(a, strbuf_slice(&m), imap_write_envelope);
	ck_assert_uint_le(count_parts(root, &depth), MIME_PARTS_MAX + MIME_DEPTH_MAX);
	ck_assert_uint_ge(count_parts(root, &depth), MIME_PARTS_MAX);
	strbuf_free(&m);
	arena_free(&a);
}
END_TEST

/* A message of large headers does not become a larger tree. */
START_TEST(strings_are_bounded)
{
	struct strbuf m = { 0 };
	size_t depth, parts;

	a = arena_new();
	strbuf_adds(&m, "Content-Type: multipart/digest; boundary=o\n\n");
	while (m.n < 16 << 20) {
		strbuf_adds(&m, "--o\n\nTo: ");
		for (int i = 0; i < 4000; i++)
			strbuf_adds(&m, "a@b,");
		strbuf_adds(&m, "\n\n");
	}
	parts = count_parts(mime_structure_parse(a, strbuf_slice(&m), imap_write_envelope), &depth);
	ck_assert_uint_gt(parts, 20);
	ck_assert_uint_lt(parts, 200);
	ck_assert_uint_lt(arena_size(a), 3 * MIME_STRINGS_MAX);
	strbuf_free(&m);
	arena_free(&a);
}
END_TEST

/* What would be slow if some step were not linear: 2 MiB of each, all within Check's time limit. */
START_TEST(hostile_is_linear)
{
	static const char *const heads[] = { "", "Content-Type: multipart/mixed; boundary=-\n\n",
		"Content-Type: multipart/mixed; boundary=x\n\n", "To: ", "Content-Type: a/b; ",
		"Content-Type: message/rfc822\n\n" };
	static const char *const units[] = { "--\n", "--x\n", "---\n", "\n", "a\n", "=?a?q?", "(",
		"a;", "a=\"", "x*0=a;", "To: a,b\n" };
	struct strbuf m = { 0 };

	for (size_t h = 0; h < COUNT(heads); h++)
		for (size_t u = 0; u < COUNT(units); u++) {
			a = arena_new();
			strbuf_reset(&m);
			strbuf_adds(&m, heads[h]);
			while (m.n < 2 << 20)
				strbuf_adds(&m, units[u]);
			mime_structure_parse(a, strbuf_slice(&m), imap_write_envelope);
			arena_free(&a);
		}
	strbuf_free(&m);
}
END_TEST

static double cpu_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* What it costs to parse lines that might be delimiters, in so many open multiparts. */
static double cost_of_lines(int open)
{
	struct strbuf m = { 0 };
	double best = 1e9;

	strbuf_adds(&m, "Content-Type: multipart/mixed; boundary=b0\n\n");
	for (int i = 1; i < open; i++)
		strbuf_printf(
			&m, "--b%d\nContent-Type: multipart/mixed; boundary=b%d\n\n", i - 1, i);
	while (m.n < 1 << 20)
		strbuf_adds(&m, "--\n");
	for (int i = 0; i < 5; i++) {
		double start = cpu_s(), took;

		a = arena_new();
		mime_structure_parse(a, strbuf_slice(&m), imap_write_envelope);
		took = cpu_s() - start;
		best = took < best ? took : best;
		arena_free(&a);
	}
	strbuf_free(&m);
	return best;
}

/* Lines times open boundaries must not multiply: of 98 they cost about what they cost of two. */
START_TEST(open_boundaries_do_not_multiply)
{
	ck_assert_double_lt(cost_of_lines(98), 8 * cost_of_lines(2));
}
END_TEST

TEST_MAIN("mime structure", single, multiparts, broken_multiparts, messages, numbers,
	delimiter_behind_header, part_fields, depth_is_bounded, parts_are_bounded,
	strings_are_bounded, hostile_is_linear, open_boundaries_do_not_multiply)
