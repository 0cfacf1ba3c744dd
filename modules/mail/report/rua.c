/*
 * rua.c: see rua.h. Pure; linear in the text, at most RUA_MAX places.
 */
#include "report/rua.h"

#include "hearth/dns.h"

#define TARGET_MAX 500

static int hex_value(char c)
{
	return c >= '0' && c <= '9'   ? c - '0'
	       : c >= 'a' && c <= 'f' ? c - 'a' + 10
	       : c >= 'A' && c <= 'F' ? c - 'A' + 10
				      : -1;
}

/* Of a mailto URL (RFC 6068): without its ?fields, %XX decoded. */
static struct slice decode(struct arena *a, struct slice in)
{
	struct strbuf out = { 0 };
	struct slice text;

	for (size_t i = 0; i < in.n && in.p[i] != '?'; i++) {
		int high = in.p[i] == '%' && i + 2 < in.n ? hex_value(in.p[i + 1]) : -1;
		int low = high >= 0 ? hex_value(in.p[i + 2]) : -1;

		if (low >= 0) {
			strbuf_addc(&out, (char)(high * 16 + low));
			i += 2;
		} else {
			strbuf_addc(&out, in.p[i]);
		}
	}
	text = arena_slice(a, strbuf_slice(&out));
	strbuf_free(&out);
	return text;
}

static bool is_plain(struct slice text)
{
	for (size_t i = 0; i < text.n; i++)
		if (text.p[i] <= ' ' || text.p[i] >= 0x7f || strchr("<>()[]\\,;:\"", text.p[i]))
			return false;
	return text.n > 0;
}

struct slice rua_domain(struct slice address)
{
	slice_split(&address, '@');
	return address;
}

/* A dot-atom and a name: what reports go to; nothing that would need quotes. */
static bool is_address(struct slice text)
{
	struct slice domain = rua_domain(text);

	return is_plain(text) && text.n <= 254 && domain.n > 0 && domain.n < text.n - 1 &&
	       slice_chr(domain, '@') < 0 && slice_chr(domain, '.') > 0;
}

static bool is_url(struct slice text)
{
	for (size_t i = 0; i < text.n; i++)
		if (text.p[i] <= ' ' || text.p[i] >= 0x7f)
			return false;
	return text.n > 8 && text.n <= TARGET_MAX;
}

/* "!10m" behind a URL: k, m, g, t are powers of 1024. */
static uint64_t take_size(struct slice *url)
{
	static const char units[] = "kmgt";
	ptrdiff_t at = slice_chr(*url, '!');
	uint64_t n = 0, unit = 1;
	struct slice text;

	if (at < 0)
		return 0;
	text = slice_skip(*url, (size_t)at + 1);
	*url = slice_head(*url, (size_t)at);
	for (size_t i = 0; i < 4 && text.n > 0; i++)
		if ((text.p[text.n - 1] | 0x20) == units[i]) {
			unit <<= 10 * (i + 1);
			text.n--;
			break;
		}
	return slice_u64(text, UINT64_C(1) << 20, &n) == 0 ? n * unit : 0;
}

static bool read_one(struct arena *a, struct slice url, struct rua *out)
{
	*out = (struct rua){ .size_max = 0 };
	if (slice_istarts(url, SLICE("mailto:"))) {
		url = slice_skip(url, 7);
		out->size_max = take_size(&url);
		out->target = decode(a, slice_head(url, TARGET_MAX));
		return is_address(out->target);
	}
	out->web = slice_istarts(url, SLICE("https://"));
	out->target = arena_slice(a, url);
	return out->web && is_url(url);
}

size_t rua_read(struct arena *a, struct slice list, struct rua out[RUA_MAX])
{
	size_t n = 0;

	while (list.p && n < RUA_MAX)
		n += read_one(a, slice_trim(slice_split(&list, ',')), &out[n]);
	return n;
}

bool rua_tls_record(struct slice txt, struct slice *list)
{
	struct slice version = slice_split(&txt, ';');

	*list = (struct slice){ 0 };
	if (!slice_starts(version, SLICE("v=TLSRPTv1")) || slice_trim(version).n != 10 || !txt.p)
		return false;
	while (txt.p) {
		struct slice field = slice_trim(slice_split(&txt, ';'));
		struct slice name = slice_split(&field, '=');

		if (slice_eq(slice_trim(name), SLICE("rua")) && field.n > 0) {
			*list = slice_trim(field);
			return true;
		}
	}
	return false;
}
