/*
 * test_transfer.c: base64, quoted-printable and uuencode, whole and split at every byte.
 */
#include "mail/mime/mime_test.h"
#include "mime/transfer.h"

static const struct {
	enum mime_encoding encoding;
	const char *text, *expected;
} cases[] = {
	{ MIME_7BIT, "a=41\r\n", "a=41\r\n" },
	{ MIME_ENCODING_UNKNOWN, "a=41\r\n", "a=41\r\n" },
	{ MIME_BASE64, "", "" },
	{ MIME_BASE64, "Zg==", "f" },
	{ MIME_BASE64, "Zm8=", "fo" },
	{ MIME_BASE64, "Zm9vYmFy", "foobar" },
	{ MIME_BASE64, "Zm9v\r\n YmFy\r\n", "foobar" },
	{ MIME_BASE64, "Zm9vYg", "foob" }, /* no padding */
	{ MIME_BASE64, "Zm9vYmE", "fooba" },
	{ MIME_BASE64, "Zm9vY", "foo" },              /* six bits are nothing */
	{ MIME_BASE64, "Z!m-9_v", "foo" },            /* not of the alphabet */
	{ MIME_BASE64, "Zg==\r\n--\r\nfooter", "f" }, /* '=' is the end (RFC 2045 section 6.8) */
	{ MIME_BASE64, "=Zm9v", "foo" },
	{ MIME_QUOTED_PRINTABLE,
		"Now's the time =\r\nfor all folk to come=\r\n to the aid of their "
		"country.",
		"Now's the time for all folk to come to the aid of their country." },
	{ MIME_QUOTED_PRINTABLE, "=3D=e9=\n!", "=\xE9!" },
	{ MIME_QUOTED_PRINTABLE, "a  \t \r\nb \n", "a\r\nb\n" },
	{ MIME_QUOTED_PRINTABLE, "a = \t\r\nb", "a b" },
	{ MIME_QUOTED_PRINTABLE, "a  b", "a  b" },
	{ MIME_QUOTED_PRINTABLE, "a \rb", "a \rb" },
	{ MIME_QUOTED_PRINTABLE, "=\rb", "=\rb" },
	{ MIME_QUOTED_PRINTABLE, "= x", "= x" },
	{ MIME_QUOTED_PRINTABLE, "=ZZ=4Z==41=", "=ZZ=4Z=A" },
	{ MIME_QUOTED_PRINTABLE, "a=4", "a=4" },
	{ MIME_QUOTED_PRINTABLE, "a ", "a" },
	{ MIME_QUOTED_PRINTABLE, "=20\r\n", " \r\n" },
	{ MIME_QUOTED_PRINTABLE, "======\r\n", "=====" },
	{ MIME_UUENCODE, "text before\r\nbegin 644 cat.txt\r\n#0V%T\r\n`\r\nend\r\nafter", "Cat" },
	{ MIME_UUENCODE, "begin 644 x\n#0V%T\n#0V%T\n \nend\n", "CatCat" },
	{ MIME_UUENCODE, "begin 644 x\n!80\nend\n", "a" }, /* spaces lost at the end */
	{ MIME_UUENCODE, "no beginning", "" },
};

START_TEST(decoders_split_everywhere)
{
	struct strbuf out = { 0 };
	struct mime_decoder d;

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct slice in = slice_str(cases[i].text);

		for (size_t one = 0; one <= in.n; one++)
			for (size_t two = one; two <= in.n; two++) {
				strbuf_reset(&out);
				mime_decoder_init(&d, cases[i].encoding);
				mime_decoder_add(&d, &out, slice_head(in, one));
				mime_decoder_add(&d, &out, slice_of(in.p + one, two - one));
				mime_decoder_add(&d, &out, slice_skip(in, two));
				mime_decoder_end(&d, &out);
				if (!slice_eq(strbuf_slice(&out), slice_str(cases[i].expected)))
					ck_abort_msg("%s cut at %zu and %zu\n  gave     %s",
						cases[i].text, one, two, out.p ? out.p : "");
			}
	}
	strbuf_free(&out);
}
END_TEST

START_TEST(names)
{
	ck_assert_int_eq(mime_encoding_of(SLICE("Base64")), MIME_BASE64);
	ck_assert_int_eq(mime_encoding_of(SLICE("QUOTED-PRINTABLE")), MIME_QUOTED_PRINTABLE);
	ck_assert_int_eq(mime_encoding_of(SLICE("x-uue")), MIME_UUENCODE);
	ck_assert_int_eq(mime_encoding_of(SLICE("8-bit")), MIME_ENCODING_UNKNOWN);
	ck_assert(mime_encoding_is_identity(MIME_BINARY));
	ck_assert(!mime_encoding_is_identity(MIME_BASE64));
}
END_TEST

/* However long the white space, no more comes out than went in, and none of it is lost. */
START_TEST(long_white_space)
{
	struct strbuf in = { 0 }, out = { 0 };
	struct mime_decoder d;

	for (int i = 0; i < 1000; i++)
		strbuf_addc(&in, i % 7 ? ' ' : '\t');
	strbuf_addc(&in, 'x');
	mime_decoder_init(&d, MIME_QUOTED_PRINTABLE);
	for (size_t i = 0; i < in.n; i++) {
		mime_decoder_add(&d, &out, slice_of(in.p + i, 1));
		ck_assert_uint_le(out.n, i + 1);
	}
	mime_decoder_end(&d, &out);
	ck_assert(slice_eq(strbuf_slice(&out), strbuf_slice(&in)));
	strbuf_free(&in);
	strbuf_free(&out);
}
END_TEST

/* Random bytes never come out longer than they went in. */
START_TEST(output_is_bounded)
{
	struct strbuf out = { 0 };
	struct mime_decoder d;
	uint32_t random = 1;
	char in[512];

	for (int round = 0; round < 20000; round++) {
		static const char alphabet[] = "begin 644\r\n\n==  \t\tAZaz09+/`M#!ef";

		for (size_t i = 0; i < sizeof(in); i++) {
			random = random * 1664525 + 1013904223;
			in[i] = alphabet[(random >> 16) % (sizeof(alphabet) - 1)];
		}
		if (round % 2)
			memcpy(in, "begin 6\n", 8);
		strbuf_reset(&out);
		mime_decoder_init(&d, (enum mime_encoding)(round % MIME_ENCODINGS));
		mime_decoder_add(&d, &out, slice_of(in, sizeof(in)));
		mime_decoder_end(&d, &out);
		ck_assert_uint_le(out.n, sizeof(in));
	}
	strbuf_free(&out);
}
END_TEST

TEST_MAIN("mime transfer", decoders_split_everywhere, names, long_white_space, output_is_bounded)
