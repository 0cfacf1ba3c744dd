/*
 * fuzz_submission.c: any bytes as the header of a message that is submitted. What is taken has one From,
 * no Bcc, lines that end in CRLF and, without SMTPUTF8, no byte beyond ASCII; and is taken again as it is.
 */
#include <assert.h>
#include <stdlib.h>

#include "mime/header.h"
#include "mime/submission.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *mend(
	struct strbuf *out, struct arena *a, struct slice in, bool utf8, struct mime_submission *s)
{
	*s = (struct mime_submission){ .utf8 = utf8, .message_id = SLICE("new@hearth.test") };
	return mime_submission_mend(out, a, slice_head(in, mime_header_size(in)), s);
}

static void check(struct slice header, bool utf8)
{
	struct mime_fields it = mime_fields_of(header);
	struct mime_field f;
	size_t from = 0;

	while (mime_fields_next(&it, &f)) {
		from += slice_ieq(f.name, SLICE("From"));
		assert(f.name.n > 0 && !slice_ieq(f.name, SLICE("Bcc")));
	}
	assert(from == 1);
	header.n -= it.rest.n;
	for (size_t i = 0; i < header.n; i++) {
		assert(header.p[i] != '\r' || (i + 1 < header.n && header.p[i + 1] == '\n'));
		assert(header.p[i] != '\n' || (i > 0 && header.p[i - 1] == '\r'));
		assert(utf8 || (unsigned char)header.p[i] < 0x80);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *a = arena_new();
	struct strbuf out = { 0 }, again = { 0 };
	struct mime_submission s, t;
	bool utf8 = size > 0 && (data[0] & 1);

	if (size > 0 && !mend(&out, a, slice_of(data + 1, size - 1), utf8, &s)) {
		check(strbuf_slice(&out), utf8);
		assert(s.author_n > 0);
		assert(!mend(&again, a, strbuf_slice(&out), utf8, &t));
		assert(t.author_n == s.author_n);
		for (size_t i = 0; i < s.author_n; i++)
			assert(slice_eq(s.authors[i], t.authors[i]));
	}
	strbuf_free(&out);
	strbuf_free(&again);
	arena_free(&a);
	return 0;
}
