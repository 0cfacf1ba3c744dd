/*
 * conditional.c: what a GET asks for beyond the whole: If-None-Match, Range, If-Range (RFC 9110
 * sections 13 and 14), which encodings it takes (section 12.5.3); and a change's If-Match.
 *
 * Several ranges in one request: the answer is the one that can be satisfied, if there is one only;
 * else all of it, which RFC 9110 section 14.2 allows. Nothing here sends multipart/byteranges.
 * Pure, but for the answers it gives; on the loop.
 */
#include "http/http_internal.h"

#define RANGES_MAX 16

/* Takes the next element of a comma-separated list off; commas within quotes do not count. */
static struct slice next_element(struct slice *rest)
{
	bool quoted = false;
	size_t n = 0;
	struct slice element;

	while (n < rest->n && (quoted || rest->p[n] != ',')) {
		quoted = rest->p[n] == '"' ? !quoted : quoted;
		n++;
	}
	element = slice_trim(slice_head(*rest, n));
	*rest = n < rest->n ? slice_skip(*rest, n + 1) : (struct slice){ 0 };
	return element;
}

/* If-None-Match compares weakly: a W/ makes no difference. */
static bool etag_listed(struct slice list, const char *etag)
{
	if (slice_eq(list, SLICE("*")))
		return true;
	while (list.p) {
		struct slice one = next_element(&list);

		if (slice_starts(one, SLICE("W/")))
			one = slice_skip(one, 2);
		if (one.n && slice_eq(one, slice_str(etag)))
			return true;
	}
	return false;
}

enum http_match http_if_match(const struct http_request *rq, const char *etag)
{
	struct slice list = http_header(rq, "If-Match"), plain = slice_str(etag);

	if (!list.p)
		return HTTP_MATCH_ABSENT;
	if (slice_eq(list, SLICE("*")))
		return HTTP_MATCH_ANY;
	while (list.p) {
		struct slice one = next_element(&list);

		if (slice_eq(one, plain) ||
			(one.n == plain.n + 3 &&
				slice_eq(slice_head(one, plain.n - 1),
					slice_head(plain, plain.n - 1)) &&
				slice_eq(slice_skip(one, plain.n - 1), SLICE("-gz\""))))
			return HTTP_MATCH_YES;
	}
	return HTTP_MATCH_NO;
}

enum range {
	RANGE_BAD,  /* no range at all: the header is ignored */
	RANGE_NONE, /* none of these bytes exists */
	RANGE_BYTES,
};

/* "first-last", "first-", "-length" */
static enum range read_range(struct slice spec, uint64_t size, struct http_choice *out)
{
	uint64_t first, last = UINT64_MAX;
	struct slice from = slice_split(&spec, '-');

	if (!spec.p)
		return RANGE_BAD;
	if (from.n == 0) {
		if (slice_u64(spec, UINT64_MAX, &last) < 0)
			return RANGE_BAD;
		out->n = last < size ? last : size;
		out->from = size - out->n;
		return out->n ? RANGE_BYTES : RANGE_NONE;
	}
	if (slice_u64(from, UINT64_MAX, &first) < 0 ||
		(spec.n && slice_u64(spec, UINT64_MAX, &last) < 0) || last < first)
		return RANGE_BAD;
	if (first >= size)
		return RANGE_NONE;
	out->from = first;
	out->n = (last < size - 1 ? last : size - 1) - first + 1;
	return RANGE_BYTES;
}

/* All ranges of a header: 206 with the one to send, 416, or 200. */
static struct http_choice choose_range(struct slice header, uint64_t size)
{
	struct http_choice whole = { 200, 0, size }, one = { 416, 0, 0 };
	size_t count = 0, found = 0;

	if (!slice_istarts(header, SLICE("bytes=")))
		return whole;
	header = slice_skip(header, 6);
	while (header.p) {
		struct http_choice this = { .status = 206 };
		enum range range = read_range(next_element(&header), size, &this);

		if (range == RANGE_BAD || ++count > RANGES_MAX)
			return whole;
		if (range == RANGE_BYTES && ++found == 1)
			one = this;
	}
	return found > 1 ? whole : one;
}

struct http_choice http_choose(const struct http_request *rq, const char *etag, uint64_t size)
{
	struct slice none_match = http_header(rq, "If-None-Match"),
		     range = http_header(rq, "Range");
	struct slice if_range = http_header(rq, "If-Range");

	if (none_match.p && etag_listed(none_match, etag))
		return (struct http_choice){ .status = 304 };
	/* If-Range compares strongly; a date never matches, since no Last-Modified is sent. */
	if (range.p && (!if_range.p || slice_eq(if_range, slice_str(etag))))
		return choose_range(range, size);
	return (struct http_choice){ 200, 0, size };
}

/* The weight of a coding is zero: "gzip;q=0", "gzip; q=0.000". */
static bool is_refused(struct slice params)
{
	ptrdiff_t q = slice_find(params, SLICE("q="));
	struct slice weight = q < 0 ? SLICE("1") : slice_trim(slice_skip(params, (size_t)q + 2));

	for (size_t i = 0; i < weight.n; i++)
		if (weight.p[i] != '0' && weight.p[i] != '.')
			return false;
	return true;
}

bool http_takes_gzip(const struct http_request *rq)
{
	struct slice list = http_header(rq, "Accept-Encoding");
	bool any = false;

	while (list.p) {
		struct slice params = next_element(&list),
			     coding = slice_trim(slice_split(&params, ';'));

		if (slice_ieq(coding, SLICE("gzip")) || slice_ieq(coding, SLICE("x-gzip")))
			return !is_refused(params);
		any = any || (slice_eq(coding, SLICE("*")) && !is_refused(params));
	}
	return any;
}
