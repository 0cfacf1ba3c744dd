/*
 * test_text.c: decoded content, the words of HTML, and the searchable text of a message.
 */
#include "hearth/text.h"
#include "imap/grammar/imap_string.h"
#include "mail/mime/mime_test.h"
#include "mime/content.h"
#include "mime/html_text.h"
#include "mime/text_extract.h"

static const struct {
	const char *html, *text;
} pages[] = {
	{ "plain", "plain" },
	{ "<p>One</p><p>Two", "One\nTwo" },
	{ "a <b>bold</b> <i>x</i>y\n\n  z", "a bold xy z" },
	{ "<html><head><title>T</title><style>p { x: '<p>' }</style></head><body>B</body></html>",
		"T\nB" },
	{ "a<script>if (a < b) document.write('</b>');</script>b", "ab" },
	{ "a<!-- <p>no</p> -- > -->b<!---->c<!-->d", "abcd" },
	{ "a<![if !mso]>b<?xml x?>c</ d>e<!DOCTYPE html>f", "abcef" },
	{ "<a href=\"x>y\" title='a\">b'>link</a>", "link" },
	{ "<a title=it's>x</a>'", "x'" },
	{ "1 < 2 &amp;&amp; 3 <4", "1 < 2 && 3 <4" },
	{ "&lt;b&gt; &eacute;&Eacute; &euro; &#8364; &#x20AC; &#x20ac;",
		"<b> \xC3\xA9\xC3\x89 \xE2\x82\xAC "
		"\xE2\x82\xAC \xE2\x82\xAC \xE2\x82\xAC" },
	{ "&eacute &euro &unknown; &; & &#; &#x; a&ampb",
		"\xC3\xA9 &euro &unknown; &; & &#; a&ampb" },
	{ "a&nbsp;&nbsp;b\xC2\xA0\xC2\xA0"
	  "c",
		"a b c" },
	{ "&#147;x&#148; &#128; &#129; &#0; &#1114112; &#xD800; &#99999999999;",
		"\xE2\x80\x9Cx\xE2\x80\x9D \xE2\x82\xAC \xEF\xBF\xBD \xEF\xBF\xBD \xEF\xBF\xBD "
		"\xEF\xBF\xBD" },
	{ "<td>a</td><td>b</td><br>c<br/>d<BR />e", "a b\nc\nd\ne" },
	{ "a<script>never closed", "a" },
	{ "a<!-- never closed", "a" },
	{ "a<b never closed", "a" },
	{ "a<", "a<" },
	{ "", "" },
};

START_TEST(html)
{
	struct strbuf out = { 0 };

	for (size_t i = 0; i < COUNT(pages); i++) {
		strbuf_reset(&out);
		ck_assert(mime_html_text(&out, slice_str(pages[i].html), SIZE_MAX));
		if (!slice_eq(strbuf_slice(&out), slice_str(pages[i].text)))
			ck_abort_msg("%s\n  gave     %s\n  expected %s", pages[i].html, out.p,
				pages[i].text);
		ck_assert(utf8_valid(strbuf_slice(&out)));
		for (size_t n = 0; n < strlen(pages[i].html); n++) {
			char *exact = malloc(n ? n : 1);

			memcpy(exact, pages[i].html, n);
			strbuf_reset(&out);
			mime_html_text(&out, slice_of(exact, n), SIZE_MAX);
			free(exact);
		}
	}
	strbuf_reset(&out);
	ck_assert(!mime_html_text(&out, SLICE("one two three"), 3));
	ck_assert_uint_eq(mime_html_entity(SLICE("AElig")), 198);
	ck_assert_uint_eq(mime_html_entity(SLICE("zwnj")), 8204);
	ck_assert_uint_eq(mime_html_entity(SLICE("")), 0);
	strbuf_free(&out);
}
END_TEST

START_TEST(content)
{
	struct slice m = SLICE("Content-Type: text/plain; charset=koi8-r\n"
			       "Content-Transfer-Encoding: base64\n\n0NLJ18XU\n");
	struct arena *a = arena_new();
	struct mime_part *p = mime_structure_parse(a, m, imap_write_envelope);
	struct slice body = mime_part_body(m, p);
	struct strbuf out = { 0 };

	ck_assert(mime_content_text(&out, p, body, SIZE_MAX));
	CK_TEXT(strbuf_slice(&out), "\xD0\xBF\xD1\x80\xD0\xB8\xD0\xB2\xD0\xB5\xD1\x82");
	strbuf_reset(&out);
	strbuf_adds(&out, "before ");
	ck_assert(!mime_content_text(&out, p, body, 5)); /* not within a character */
	CK_TEXT(strbuf_slice(&out), "before \xD0\xBF\xD1\x80");
	strbuf_free(&out);
	arena_free(&a);
}
END_TEST

/* Characters that lie across the pieces a body is decoded in. */
START_TEST(long_content)
{
	struct strbuf m = { 0 }, out = { 0 };
	struct arena *a = arena_new();
	struct mime_part *p;
	size_t body;

	strbuf_adds(&m, "Content-Type: text/plain; charset=utf-8\n\nx");
	body = m.n - 1;
	while (m.n < 100000)
		strbuf_adds(&m, "\xE2\x82\xAC");
	p = mime_structure_parse(a, strbuf_slice(&m), imap_write_envelope);
	ck_assert(mime_content_text(&out, p, mime_part_body(strbuf_slice(&m), p), SIZE_MAX));
	ck_assert(slice_eq(strbuf_slice(&out), slice_skip(strbuf_slice(&m), body)));
	strbuf_free(&m);
	strbuf_free(&out);
	arena_free(&a);
}
END_TEST

static const char letter[] =
	"Subject: not of the body\nContent-Type: multipart/mixed; boundary=o\n\npreamble\n--o\n"
	"Content-Type: text/html; charset=iso-8859-1\nContent-Transfer-Encoding: "
	"quoted-printable\n\n"
	"<p>caf=E9</p>=\n<p>two\n--o\nContent-Type: application/pdf\n"
	"Content-Disposition: attachment; filename*=utf-8''%E2%82%AC.pdf\n\nbinary\n--o\n"
	"Content-Type: message/rfc822\n\nSubject: =?utf-8?Q?Gr=C3=BC=C3=9Fe?=\n"
	"From: =?utf-8?Q?J=C3=B6rg?= <j@x>\nTo: a@b, List: c@d;\nReceived: not searched\n\n"
	"inner text\n--o--\n";

START_TEST(extract)
{
	struct arena *a = arena_new();
	struct mime_part *root = mime_structure_parse(a, SLICE(letter), imap_write_envelope);
	const char *all = "caf\xC3\xA9\ntwo\nGr\xC3\xBC\xC3\x9F"
			  "e\nJ\xC3\xB6rg j@x\na@b\nList\nc@d\ninner text\n";
	struct strbuf out = { 0 };

	mime_text_body(&out, SLICE(letter), root, SIZE_MAX);
	CK_TEXT(strbuf_slice(&out), all);
	for (size_t limit = 0; limit <= strlen(all); limit++) {
		strbuf_reset(&out);
		mime_text_body(&out, SLICE(letter), root, limit);
		ck_assert_uint_le(out.n, limit);
		ck_assert_uint_ge(out.n + 2, limit);
		ck_assert(utf8_valid(strbuf_slice(&out)));
		ck_assert(slice_starts(slice_str(all), strbuf_slice(&out)));
	}
	strbuf_free(&out);
	arena_free(&a);
}
END_TEST

TEST_MAIN("mime text", html, content, long_content, extract)
