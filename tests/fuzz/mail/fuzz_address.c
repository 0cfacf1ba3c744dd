/*
 * fuzz_address.c: any bytes as the value of a header field: as addresses, parameters, encoded
 * words, a date and message ids. What is written of it is UTF-8, and a list has its bound.
 */
#include <stdlib.h>

#include "hearth/text.h"
#include "mime/encoded_word.h"
#include "mime/html_text.h"
#include "mime/imap_string.h"
#include "mime/params.h"
#include "mime/summary.h"

static void need(int truth)
{
	if (!truth)
		abort();
}

static void try_addresses(struct arena *a, struct slice value)
{
	struct mime_addresses list = mime_addresses_parse(a, value);
	int open = 0;

	need(list.n <= MIME_ADDRESSES_MAX + 3);
	for (size_t i = 0; i < list.n; i++) {
		open += list.v[i].kind == MIME_ADDRESS_GROUP;
		open -= list.v[i].kind == MIME_ADDRESS_GROUP_END;
		need(open == 0 || open == 1); /* groups close, and do not nest */
		need(utf8_valid(mime_words_text(a, list.v[i].name)));
	}
	need(open == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice value = slice_of(data, size), type, subtype;
	struct arena *a = arena_new();
	struct strbuf out = { 0 };
	struct mime_params params;
	struct mime_date date;

	try_addresses(a, value);
	mime_content_type_parse(a, value, &type, &subtype, &params);
	need(params.n <= MIME_PARAMS_MAX);
	need(utf8_valid(mime_param_text(a, &params, SLICE("name"))));
	need(utf8_valid(mime_words_text(a, value)) && utf8_valid(mime_raw_text(a, value)));
	mime_date_parse(value, &date);
	need(mime_message_ids(a, value).n <= MIME_REFERENCES_MAX);
	mime_imap_envelope(&out, a, value);
	strbuf_reset(&out);
	utf8_append_lossy(&out, value);
	value = arena_slice(a, strbuf_slice(&out));
	strbuf_reset(&out);
	mime_html_text(&out, value, SIZE_MAX);
	need(utf8_valid(strbuf_slice(&out)));
	strbuf_free(&out);
	arena_free(&a);
	return 0;
}
