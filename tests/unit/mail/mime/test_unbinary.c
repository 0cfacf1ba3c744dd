/*
 * test_unbinary.c: messages with octets in them: what becomes base64, what stays as it is, what cannot
 * be; and, cut anywhere, never a NUL.
 */
#include "harness.h"

#include "mime/structure.h"
#include "mime/unbinary.h"

#define OCTETS "a\0b\rc\nd\xff"
#define BASE64 "YQBiDWMKZP8=\r\n"

static const struct {
	struct slice in, out;
} good[] = {
	/* Nothing to be done. */
	{ SLICE(""), SLICE("") },
	{ SLICE("Subject: x\r\n\r\nhi\r\n"), SLICE("Subject: x\r\n\r\nhi\r\n") },
	{ SLICE("Content-Transfer-Encoding: 8bit\r\n\r\n\xc3\xa9\r\n"),
		SLICE("Content-Transfer-Encoding: 8bit\r\n\r\n\xc3\xa9\r\n") },
	/* A body of octets, declared or not. */
	{ SLICE("MIME-Version: 1.0\r\nContent-Transfer-Encoding: BINARY\r\nX: y\r\n\r\n" OCTETS),
		SLICE("MIME-Version: 1.0\r\nX: y\r\nContent-Transfer-Encoding: "
		      "base64\r\n\r\n" BASE64) },
	{ SLICE("Subject: x\r\n\r\n" OCTETS),
		SLICE("Subject: x\r\nMIME-Version: 1.0\r\nContent-Transfer-Encoding: "
		      "base64\r\n\r\n" BASE64) },
	/* Parts: their delimiters stay. */
	{ SLICE("MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n"
		"Content-Transfer-Encoding: binary\r\n\r\npre\r\n--b\r\n\r\ntext\r\n--b\r\n"
		"Content-Type: image/png\r\nContent-Transfer-Encoding: binary\r\n\r\n" OCTETS
		"\r\n--b--\r\nepilogue\r\n"),
		SLICE("MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n"
		      "Content-Transfer-Encoding: 8bit\r\n\r\npre\r\n--b\r\n\r\ntext\r\n--b\r\n"
		      "Content-Type: image/png\r\nContent-Transfer-Encoding: base64\r\n\r\n" BASE64
		      "\r\n--b--\r\nepilogue\r\n") },
	/* A message within. */
	{ SLICE("MIME-Version: 1.0\r\nContent-Type: message/rfc822\r\n"
		"Content-Transfer-Encoding: binary\r\n\r\nSubject: in\r\n\r\n" OCTETS),
		SLICE("MIME-Version: 1.0\r\nContent-Type: message/rfc822\r\n"
		      "Content-Transfer-Encoding: 8bit\r\n\r\nSubject: in\r\nMIME-Version: 1.0\r\n"
		      "Content-Transfer-Encoding: base64\r\n\r\n" BASE64) },
	/* What is signed and needs nothing. */
	{ SLICE("Content-Type: multipart/signed; boundary=b\r\n\r\n--b\r\n\r\ntext\r\n--b--\r\n"),
		SLICE("Content-Type: multipart/signed; "
		      "boundary=b\r\n\r\n--b\r\n\r\ntext\r\n--b--\r\n") },
};

START_TEST(converted)
{
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		struct strbuf out = { 0 };

		strbuf_adds(&out, "");
		ck_assert_msg(mime_unbinary(&out, good[i].in), "%zu", i);
		ck_assert_msg(slice_eq(strbuf_slice(&out), good[i].out), "%zu: %s", i, out.p);
		strbuf_free(&out);
	}
}
END_TEST

START_TEST(impossible)
{
	static const struct slice bad[] = {
		SLICE("Sub\0ject: x\r\n\r\nhi\r\n"),
		SLICE("Content-Transfer-Encoding: base64\r\n\r\nAA\0A\r\n"),
		SLICE("Content-Type: multipart/signed; "
		      "boundary=b\r\n\r\n--b\r\n\r\nte\0xt\r\n--b--\r\n"),
		SLICE("Content-Type: multipart/mixed; "
		      "boundary=b\r\n\r\npre\0amble\r\n--b\r\n\r\ntext\r\n--b--\r\n"),
		SLICE("Content-Type: message/rfc822\r\nContent-Transfer-Encoding: "
		      "base64\r\n\r\nA\0A\r\n"),
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct strbuf out = { 0 };

		ck_assert_msg(!mime_unbinary(&out, bad[i]), "%zu", i);
		strbuf_free(&out);
	}
}
END_TEST

START_TEST(cut_anywhere)
{
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		for (size_t n = 0; n <= good[i].in.n; n++) {
			struct strbuf out = { 0 };

			if (mime_unbinary(&out, slice_head(good[i].in, n)))
				ck_assert_int_lt(slice_chr(strbuf_slice(&out), '\0'), 0);
			strbuf_free(&out);
		}
}
END_TEST

TEST_MAIN("unbinary", converted, impossible, cut_anywhere)
