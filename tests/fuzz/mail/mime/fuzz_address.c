/*
 * fuzz_address.c: any bytes as the value of a header field: as addresses, parameters, encoded
 * words, a date, message ids, and text of some charset. What is written of it is UTF-8, and a list
 * has its bound.
 */
#include <stdlib.h>

#include "hearth/text.h"
#include "imap/grammar/imap_string.h"
#include "mime/charset.h"
#include "mime/encoded_word.h"
#include "mime/html_text.h"
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

/* The first byte chooses a charset, the second where the rest is cut in two. */
static void try_charset(struct slice value)
{
	static const char *const labels[] = { "", "utf-8", "windows-1252", "koi8-r", "windows-1255",
		"windows-1258", "big5", "gb2312", "x-sjis", "euc-jp", "iso-2022-jp", "iso-2022-kr",
		"ks_c_5601-1987", "johab", "utf-7", "utf-16", "utf-16le", "viscii" };
	struct strbuf whole = { 0 }, pieces = { 0 };
	struct mime_charset c;
	struct slice label;
	size_t cut;

	if (value.n < 2)
		return;
	label = slice_str(labels[(unsigned char)value.p[0] % (sizeof(labels) / sizeof(labels[0]))]);
	cut = (unsigned char)value.p[1];
	value = slice_skip(value, 2);
	mime_charset_convert(&whole, label, value);
	need(utf8_valid(strbuf_slice(&whole)) && whole.n <= 4 * value.n + 16);
	mime_charset_init(&c, label);
	mime_charset_add(&c, &pieces, slice_head(value, cut));
	mime_charset_add(&c, &pieces, slice_skip(value, cut));
	mime_charset_end(&c, &pieces);
	mime_charset_clear(&c);
	need(slice_eq(strbuf_slice(&whole), strbuf_slice(&pieces)));
	strbuf_free(&whole);
	strbuf_free(&pieces);
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
	try_charset(value);
	mime_content_type_parse(a, value, &type, &subtype, &params);
	need(params.n <= MIME_PARAMS_MAX);
	need(utf8_valid(mime_param_text(a, &params, SLICE("name"))));
	need(utf8_valid(mime_words_text(a, value)) && utf8_valid(mime_raw_text(a, value)));
	mime_date_parse(value, &date);
	need(mime_message_ids(a, value).n <= MIME_REFERENCES_MAX);
	imap_write_envelope(&out, a, value);
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
