/*
 * autodiscover.c: what Outlook asks: a small XML document, of which two elements count. Read by going
 * through its tags, whatever their prefixes; a document with a DTD, or with what is no XML in the way,
 * is refused. Pure, bounded by the request's size, keeps nothing.
 */
#include <stdlib.h>

#include "hearth/error.h"
#include "hearth/text.h"
#include "setup/setup.h"

/* Takes what is in front of `end` off *in, and `end` with it; false: it is not there. */
static bool take_until(struct slice *in, struct slice end, struct slice *out)
{
	ptrdiff_t at = slice_find(*in, end);

	if (at < 0)
		return false;
	*out = slice_head(*in, (size_t)at);
	*in = slice_skip(*in, (size_t)at + end.n);
	return true;
}

/* "&amp;", "&#64;", "&#x40;" without their ends, as the character; 0: not known. */
static uint32_t character(struct slice name)
{
	static const struct {
		const char *name;
		char c;
	} known[] = { { "amp", '&' }, { "lt", '<' }, { "gt", '>' }, { "quot", '"' },
		{ "apos", '\'' } };
	uint32_t code = 0;
	bool hex;

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (slice_eq(name, slice_str(known[i].name)))
			return (uint32_t)(unsigned char)known[i].c;
	if (name.n < 2 || name.n > 8 || name.p[0] != '#')
		return 0;
	hex = name.p[1] == 'x';
	if (hex && name.n < 3)
		return 0;
	for (size_t i = hex ? 2 : 1; i < name.n; i++) {
		char c = name.p[i];
		uint32_t digit = c >= '0' && c <= '9'          ? (uint32_t)(c - '0')
				 : hex && c >= 'a' && c <= 'f' ? (uint32_t)(c - 'a' + 10)
				 : hex && c >= 'A' && c <= 'F' ? (uint32_t)(c - 'A' + 10)
							       : 99;

		if (digit > 15)
			return 0;
		code = code * (hex ? 16 : 10) + digit;
	}
	return code;
}

/* The text of an element; false: too long, not UTF-8, or with what is not known. */
static bool copy_text(struct slice in, char *out, size_t max)
{
	struct strbuf text = { 0 };
	bool good = true;

	in = slice_trim(in);
	while (good && in.n) {
		ptrdiff_t at = slice_chr(in, '&');
		struct slice name;
		uint32_t code;

		strbuf_add(&text, slice_head(in, at < 0 ? in.n : (size_t)at));
		in = slice_skip(in, at < 0 ? in.n : (size_t)at + 1);
		if (at < 0)
			break;
		good = take_until(&in, SLICE(";"), &name);
		code = good ? character(name) : 0;
		good = code >= ' ' && code != 0x7f;
		if (good)
			utf8_append(&text, code);
	}
	good = good && text.n < max && utf8_valid(strbuf_slice(&text));
	for (size_t i = 0; good && i < text.n; i++)
		good = (unsigned char)text.p[i] >= ' ' && text.p[i] != 0x7f;
	if (good && text.n)
		memcpy(out, text.p, text.n);
	out[good ? text.n : 0] = '\0';
	strbuf_free(&text);
	return good;
}

/* The name in a tag, without its prefix. */
static struct slice local_name(struct slice tag)
{
	ptrdiff_t colon;
	size_t n = 0;

	while (n < tag.n && !strchr(" \t\r\n/", tag.p[n]))
		n++;
	tag = slice_head(tag, n);
	colon = slice_chr(tag, ':');
	return colon < 0 ? tag : slice_skip(tag, (size_t)colon + 1);
}

/* What begins with "<": passes over it; *name is the element that it opens, empty for all else. */
static bool take_tag(struct slice *in, struct slice *name)
{
	struct slice tag;

	*name = (struct slice){ 0 };
	if (slice_starts(*in, SLICE("<!--")))
		return take_until(in, SLICE("-->"), &tag);
	if (slice_starts(*in, SLICE("<?")))
		return take_until(in, SLICE("?>"), &tag);
	if (slice_starts(*in, SLICE("<!")))
		return false;
	*in = slice_skip(*in, 1);
	if (!take_until(in, SLICE(">"), &tag) || tag.n == 0)
		return false;
	if (tag.p[0] != '/' && tag.p[tag.n - 1] != '/')
		*name = local_name(tag);
	return true;
}

int autodiscover_read(struct slice xml, struct autodiscover_request *out)
{
	struct slice name, text;
	bool good = true;
	ptrdiff_t end;

	*out = (struct autodiscover_request){ .address = "" };
	if (slice_starts(xml, SLICE("\xEF\xBB\xBF")))
		xml = slice_skip(xml, 3);
	while (good && take_until(&xml, SLICE("<"), &text)) {
		xml = slice_of(xml.p - 1, xml.n + 1);
		good = take_tag(&xml, &name);
		if (!good || name.n == 0)
			continue;
		end = slice_chr(xml, '<');
		good = end >= 0; /* a text that is cut off is none */
		if (!good)
			continue;
		text = slice_head(xml, (size_t)end);
		if (slice_eq(name, SLICE("EMailAddress")))
			good = copy_text(text, out->address, sizeof(out->address));
		else if (slice_eq(name, SLICE("AcceptableResponseSchema")))
			good = copy_text(text, out->schema, sizeof(out->schema));
	}
	return good && out->address[0] ? 0 : HEARTH_EINVAL;
}
