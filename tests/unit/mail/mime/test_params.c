/*
 * test_params.c: Content-Type and Content-Disposition values, RFC 2231.
 */
#include "mail/mime/mime_test.h"
#include "mime/params.h"

/* type/subtype and the parameters as "name=value;". */
static void render(struct arena *a, struct strbuf *out, struct slice value)
{
	struct slice type, subtype;
	struct mime_params params;

	mime_content_type_parse(a, value, &type, &subtype, &params);
	strbuf_printf(out, "%.*s/%.*s:", SLICE_ARG(type), SLICE_ARG(subtype));
	for (size_t i = 0; i < params.n; i++)
		strbuf_printf(out, "%.*s=%.*s;", SLICE_ARG(params.v[i].name),
			SLICE_ARG(params.v[i].value));
}

static const struct {
	const char *text, *expected;
} cases[] = {
	{ "text/plain; charset=us-ascii (Plain text)", "text/plain:charset=us-ascii;" },
	{ "text/plain; charset=\"us-ascii\"", "text/plain:charset=us-ascii;" },
	{ "TEXT (a) / (b) PLAIN ; (c) Charset (d) = (e) x", "TEXT/PLAIN:Charset=x;" },
	{ "multipart/mixed; boundary=\"gc0p4Jq0M:2Yt08jU534c0p\"",
		"multipart/mixed:boundary=gc0p4Jq0M:2Yt08jU534c0p;" },
	{ "a/b; x=\"q\\\"u\\\\o\"", "a/b:x=q\"u\\o;" },
	{ "text/plain;charset=utf-8;format=flowed;", "text/plain:charset=utf-8;format=flowed;" },
	/* RFC 2231 sections 3, 4 and 4.1 */
	{ "message/external-body; access-type=URL; URL*0=\"ftp://\"; "
	  "URL*1=\"cs.utk.edu/pub/moore/bulk-mailer/bulk-mailer.tar\"",
		"message/external-body:access-type=URL;"
		"URL=ftp://cs.utk.edu/pub/moore/bulk-mailer/bulk-mailer.tar;" },
	{ "application/x-stuff; title*=us-ascii'en-us'This%20is%20%2A%2A%2Afun%2A%2A%2A",
		"application/x-stuff:title*=us-ascii'en-us'This%20is%20%2A%2A%2Afun%2A%2A%2A;" },
	{ "application/x-stuff; title*0*=us-ascii'en'This%20is%20even%20more%20; "
	  "title*1*=%2A%2A%2Afun%2A%2A%2A%20; title*2=\"isn't it!\"",
		"application/x-stuff:title*=us-ascii'en'This%20is%20even%20more%20"
		"%2A%2A%2Afun%2A%2A%2A%20isn%27t%20it!;" },
	/* pieces out of order, one missing, one twice, none the first */
	{ "a/b; x*1=b; x*0=a; x*3=d", "a/b:x=ab;" },
	{ "a/b; x*0=a; x*0=A; X*1=b", "a/b:x=ab;" },
	{ "a/b; x*1=b; y=c", "a/b:x*1=b;y=c;" },
	{ "a/b; x*0=a%; x*1*=%41", "a/b:x*=''a%25%41;" },
	/* broken */
	{ "text", "text/:" },
	{ "text/plain charset=utf-8", "text/plain:charset=utf-8;" },
	{ "text/plain; charset = utf-8 ; ; =x; y; z=1", "text/plain:charset=utf-8;z=1;" },
	{ "a/b; name=my file (1).txt; c=d", "a/b:name=my file;c=d;" },
	{ "a/b; name=file(1).txt; c=d (e)", "a/b:name=file(1).txt;c=d;" },
	{ "a/b; name=my file.txt; c=d", "a/b:name=my file.txt;c=d;" },
	{ "a/b; name=\"never closed; c=d", "a/b:name=never closed;c=d;" },
	{ "a/b; name=", "a/b:name=;" },
	{ "", "/:" },
	{ ";;;", "/:" },
	{ "\"a\"/b", "/:" },
};

START_TEST(content_types)
{
	struct arena *a = arena_new();
	struct strbuf out = { 0 };

	for (size_t i = 0; i < COUNT(cases); i++) {
		strbuf_reset(&out);
		render(a, &out, slice_str(cases[i].text));
		if (!slice_eq(strbuf_slice(&out), slice_str(cases[i].expected)))
			ck_abort_msg("%s\n  gave     %s\n  expected %s", cases[i].text, out.p,
				cases[i].expected);
	}
	strbuf_free(&out);
	arena_free(&a);
}
END_TEST

START_TEST(values_as_text)
{
	static const struct {
		const char *text, *filename;
	} names[] = {
		{ "attachment; filename=genome.jpeg; modification-date=\"Wed, 12 Feb 1997 16:29:51 "
		  "-0500\"",
			"genome.jpeg" },
		{ "attachment; filename*=UTF-8''%e2%82%ac%20rates; filename=plain",
			"\xE2\x82\xAC rates" },
		{ "attachment; filename=plain; FILENAME*=iso-8859-1'en'%A3%20rates",
			"\xC2\xA3 rates" },
		{ "attachment; filename*0*=utf-8''%C3; filename*1*=%A9t; filename*2=\"\xC3\xA9\"",
			"\xC3\xA9t\xC3\xA9" },
		{ "attachment; filename=\"=?utf-8?B?w6kudHh0?=\"", "\xC3\xA9.txt" },
		{ "attachment; filename=\"\xE9.txt\"", "\xC3\xA9.txt" },
		{ "attachment; filename*=utf-8''a%zz%4", "a%zz%4" },
		{ "attachment; filename*=utf-8''a%0D%0Ab", "a  b" },
		{ "attachment; filename*=noquotes", "noquotes" },
		{ "attachment; filename*=x'only one", "only one" },
		{ "attachment; filename=\"a\r\nb\"", "a  b" },
	};
	struct arena *a = arena_new();
	struct mime_params params;
	struct slice word;

	for (size_t i = 0; i < COUNT(names); i++) {
		mime_disposition_parse(a, slice_str(names[i].text), &word, &params);
		CK_TEXT(word, "attachment");
		CK_TEXT(mime_param_text(a, &params, SLICE("filename")), names[i].filename);
	}
	ck_assert(mime_param_text(a, &params, SLICE("size")).p == NULL);
	ck_assert(mime_param(&params, SLICE("size")).p == NULL);
	CK_TEXT(mime_param(&params, SLICE("FileName")), "a\r\nb");
	arena_free(&a);
}
END_TEST

START_TEST(bounds)
{
	struct arena *a = arena_new();
	struct strbuf b = { 0 };
	struct slice type, subtype;
	struct mime_params params;

	strbuf_adds(&b, "a/b");
	for (int i = 0; i < 1000; i++)
		strbuf_printf(&b, "; x*%d=%d", i, i);
	mime_content_type_parse(a, strbuf_slice(&b), &type, &subtype, &params);
	ck_assert_uint_eq(params.n, 1);
	strbuf_reset(&b);
	strbuf_adds(&b, "a/b");
	for (int i = 0; i < 1000; i++)
		strbuf_printf(&b, "; x%d=(((", i);
	mime_content_type_parse(a, strbuf_slice(&b), &type, &subtype, &params);
	ck_assert_uint_eq(params.n, MIME_PARAMS_MAX);
	for (size_t i = 0; i < COUNT(cases); i++)
		for (size_t n = 0; n <= strlen(cases[i].text); n++) {
			char *exact = malloc(n ? n : 1);

			memcpy(exact, cases[i].text, n);
			mime_content_type_parse(a, slice_of(exact, n), &type, &subtype, &params);
			free(exact);
		}
	strbuf_free(&b);
	arena_free(&a);
}
END_TEST

TEST_MAIN("mime params", content_types, values_as_text, bounds)
