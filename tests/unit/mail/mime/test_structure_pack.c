/*
 * test_structure_pack.c: a packed tree comes back whole, and damaged bytes never do.
 */
#include "hearth/error.h"
#include "imap/grammar/imap_body.h"
#include "imap/grammar/imap_string.h"
#include "mail/mime/mime_test.h"
#include "mime/structure_pack.h"

static const char message[] =
	"Subject: packed\nFrom: a@b\nContent-Type: multipart/mixed; boundary=o\n\n--o\n"
	"Content-Type: text/plain; charset=utf-8; name*=utf-8''x\nContent-ID: <i>\n"
	"Content-Description: d\nContent-MD5: m\nContent-Language: en, de\nContent-Location: l\n"
	"Content-Disposition: attachment; filename=f; size=3\n"
	"Content-Transfer-Encoding: base64\n\nYWJj\n--o\nContent-Type: message/rfc822\n\nSubject: "
	"in\n"
	"Content-Type: multipart/alternative; "
	"boundary=i\n\n--i\n\n1\n--i\n\n2\n--i--\n--o\n\n--o--\n";

static void check_body(const struct mime_part *x, const struct mime_part *y)
{
	struct strbuf one = { 0 }, two = { 0 };

	imap_write_body(&one, x, true);
	imap_write_body(&two, y, true);
	CK_TEXT(strbuf_slice(&one), two.p);
	strbuf_free(&one);
	strbuf_free(&two);
}

START_TEST(there_and_back)
{
	struct arena *a = arena_new();
	struct strbuf packed = { 0 }, again = { 0 };
	struct mime_part *root = mime_structure_parse(a, SLICE(message), imap_write_envelope),
			 *back;

	mime_structure_pack(&packed, root);
	ck_assert_int_eq(mime_structure_unpack(a, strbuf_slice(&packed), &back), 0);
	mime_structure_pack(&again, back);
	ck_assert(slice_eq(strbuf_slice(&packed), strbuf_slice(&again)));
	check_body(root, back);
	CK_TEXT(back->child->id, "<i>");
	ck_assert(back->child->next->id.p == NULL);
	ck_assert_int_eq(back->child->encoding, MIME_BASE64);
	ck_assert_uint_eq(back->child->decoded_size, 3);
	ck_assert(back->child->parent == back);
	ck_assert(slice_eq(back->child->next->child->envelope, root->child->next->child->envelope));
	strbuf_free(&packed);
	strbuf_free(&again);
	arena_free(&a);
}
END_TEST

/* Cut anywhere, or longer, it is refused. */
START_TEST(truncated)
{
	struct arena *a = arena_new();
	struct strbuf packed = { 0 };
	struct mime_part *back;

	mime_structure_pack(&packed, mime_structure_parse(a, SLICE(message), imap_write_envelope));
	for (size_t n = 0; n < packed.n; n++) {
		char *exact = malloc(n ? n : 1);

		memcpy(exact, packed.p, n);
		ck_assert_int_eq(
			mime_structure_unpack(a, slice_of(exact, n), &back), HEARTH_ECORRUPT);
		free(exact);
	}
	strbuf_addc(&packed, 0);
	ck_assert_int_eq(mime_structure_unpack(a, strbuf_slice(&packed), &back), HEARTH_ECORRUPT);
	strbuf_free(&packed);
	arena_free(&a);
}
END_TEST

/* With any one byte changed it is refused, or is another tree that keeps the promises. */
START_TEST(damaged)
{
	struct arena *a = arena_new();
	struct strbuf packed = { 0 }, body = { 0 };
	struct mime_part *back;

	mime_structure_pack(&packed, mime_structure_parse(a, SLICE(message), imap_write_envelope));
	for (size_t i = 0; i < packed.n; i++)
		for (int value = 0; value < 256; value += 1 + value % 5) {
			char before = packed.p[i];
			struct arena *scratch = arena_new();

			packed.p[i] = (char)value;
			if (!mime_structure_unpack(scratch, strbuf_slice(&packed), &back)) {
				for (struct mime_part *p = back; p; p = mime_part_after(back, p))
					ck_assert_uint_le(p->offset + p->header_size + p->body_size,
						strlen(message));
				strbuf_reset(&body);
				imap_write_body(&body, back, true);
			}
			packed.p[i] = before;
			arena_free(&scratch);
		}
	strbuf_free(&packed);
	strbuf_free(&body);
	arena_free(&a);
}
END_TEST

START_TEST(largest)
{
	struct arena *a = arena_new();
	struct strbuf m = { 0 }, packed = { 0 };
	struct mime_part *back;

	for (int i = 0; i < MIME_DEPTH_MAX; i++)
		strbuf_printf(
			&m, "Content-Type: multipart/mixed; boundary=b%03d\n\n--b%03d\n", i, i);
	for (int i = 0; i < MIME_PARTS_MAX + 10; i++)
		strbuf_adds(&m, "--b090\n\nx\n");
	mime_structure_pack(
		&packed, mime_structure_parse(a, strbuf_slice(&m), imap_write_envelope));
	ck_assert_int_eq(mime_structure_unpack(a, strbuf_slice(&packed), &back), 0);
	strbuf_free(&m);
	strbuf_free(&packed);
	arena_free(&a);
}
END_TEST

TEST_MAIN("mime structure pack", there_and_back, truncated, damaged, largest)
