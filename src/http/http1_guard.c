/*
 * http1_guard.c: the checks that llhttp 8.1.0 leaves to its caller, each one measured to be missing
 * (third_party/llhttp/README.md). What is read here was accepted by llhttp in strict mode. Still,
 * no line may hold a CR, LF or NUL, and http1_parse.c refuses a head whose framing the two of us
 * read differently. Pure.
 */
#include "http/http1_guard.h"

#include "hearth/error.h"

enum http1_scanned http1_scan(struct http1_scan *scan, struct slice in, size_t *n)
{
	for (size_t i = 0; i < in.n; i++) {
		char c = in.p[i];

		switch (scan->state) {
		case SCAN_LINE: scan->state = c == '\r' ? SCAN_CR : SCAN_LINE; break;
		case SCAN_CR:
			scan->state = c == '\n' ? SCAN_LINE_START : c == '\r' ? SCAN_CR : SCAN_LINE;
			break;
		case SCAN_LINE_START:
			if (c == ' ' || c == '\t') {
				*n = i;
				return SCANNED_FOLD;
			}
			scan->state = c == '\r' ? SCAN_LAST_CR : SCAN_LINE;
			break;
		case SCAN_LAST_CR:
			if (c == '\n') {
				*n = i + 1;
				return SCANNED_END;
			}
			scan->state = c == '\r' ? SCAN_CR : SCAN_LINE;
			break;
		}
	}
	*n = in.n;
	return SCANNED_MORE;
}

static int refuse(const char **why, int status, const char *text)
{
	*why = text;
	return status;
}

/* Takes the next line off, without its CRLF; false when it is not clean. */
static bool next_line(struct slice *rest, struct slice *line)
{
	ptrdiff_t end = slice_find(*rest, SLICE("\r\n"));

	if (end < 0)
		return false;
	*line = slice_head(*rest, (size_t)end);
	*rest = slice_skip(*rest, (size_t)end + 2);
	return slice_chr(*line, '\r') < 0 && slice_chr(*line, '\n') < 0 &&
	       slice_chr(*line, '\0') < 0;
}

/* "name: value"; false when there is no name. */
static bool read_field(struct slice line, struct http1_field *out)
{
	ptrdiff_t colon = slice_chr(line, ':');

	if (colon <= 0)
		return false;
	out->name = slice_head(line, (size_t)colon);
	out->value = slice_trim(slice_skip(line, (size_t)colon + 1));
	return true;
}

/* "http://host/path" is the same as "/path" with that Host (RFC 9112 section 3.2.2). */
static bool read_absolute(struct http1_head *head)
{
	struct slice rest = head->target;
	ptrdiff_t slash;

	if (slice_istarts(rest, SLICE("http://")))
		rest = slice_skip(rest, 7);
	else if (slice_istarts(rest, SLICE("https://")))
		rest = slice_skip(rest, 8);
	else
		return false;
	slash = slice_chr(rest, '/');
	if (slash <= 0 && (slash == 0 || rest.n == 0))
		return false;
	head->host = slash < 0 ? rest : slice_head(rest, (size_t)slash);
	head->target = slash < 0 ? SLICE("/") : slice_skip(rest, (size_t)slash);
	return slice_chr(head->host, '?') < 0 && slice_chr(head->host, '@') < 0;
}

/* Exactly "METHOD target HTTP/1.x" with one space each: no HTTP/0.9, no room for two readings. */
static int read_request_line(struct slice line, struct http1_head *head, const char **why)
{
	struct slice version = line;

	head->method = slice_split(&version, ' ');
	head->target = slice_split(&version, ' ');
	if (!version.p || slice_chr(version, ' ') >= 0 || head->method.n == 0 ||
		head->target.n == 0)
		return refuse(
			why, 400, "the request line is not: method, space, target, space, version");
	if (!slice_eq(version, SLICE("HTTP/1.1")) && !slice_eq(version, SLICE("HTTP/1.0")))
		return refuse(why, 505, "only HTTP/1.1 and HTTP/1.0 are spoken here");
	head->minor = version.p[7] - '0';
	if (head->target.n > HTTP1_TARGET_MAX)
		return refuse(why, 414, "the request target is too long");
	if (slice_eq(head->method, SLICE("CONNECT")))
		return refuse(why, 501, "this is no proxy");
	if (head->target.p[0] == '/')
		return 0;
	if (slice_eq(head->target, SLICE("*")) && slice_eq(head->method, SLICE("OPTIONS")))
		return 0;
	if (!read_absolute(head))
		return refuse(why, 400, "the request target is neither a path nor an http URL");
	return 0;
}

/* Letters, digits and what else may stand in "name:port" or "[address]:port" (RFC 3986). */
static bool host_valid(struct slice host)
{
	static const char more[] = "-._~:[]%!$&'()*+,;=";

	for (size_t i = 0; i < host.n; i++) {
		char c = host.p[i];

		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
			    (c && strchr(more, c))))
			return false;
	}
	return true;
}

/* RFC 9112 sections 3.2 (Host), 6.1 (Transfer-Encoding) and 6.2 (Content-Length). */
static int check_fields(struct http1_head *head, const char **why)
{
	struct slice host = { 0 };
	size_t hosts = 0, codings = 0, lengths = 0;

	for (size_t i = 0; i < head->field_count; i++) {
		const struct http1_field *f = &head->fields[i];

		if (slice_ieq(f->name, SLICE("host"))) {
			hosts++;
			host = f->value;
		} else if (slice_ieq(f->name, SLICE("transfer-encoding"))) {
			codings++;
			head->chunked = true;
			if (!slice_ieq(f->value, SLICE("chunked")))
				return refuse(
					why, 501, "chunked is the only transfer coding taken here");
		} else if (slice_ieq(f->name, SLICE("content-length"))) {
			lengths++;
			if (slice_u64(f->value, UINT64_MAX, &head->content_length) < 0)
				return refuse(why, 400, "Content-Length is not a number");
		}
	}
	if (hosts > 1 || (hosts == 0 && head->minor == 1))
		return refuse(why, 400, "a request has exactly one Host");
	if (!head->host.p)
		head->host = host;
	if (!host_valid(host) || !host_valid(head->host))
		return refuse(why, 400, "Host is malformed");
	if (codings > 1 || lengths > 1 || (codings && lengths))
		return refuse(why, 400, "the length of the body is given more than once");
	if (codings && head->minor == 0)
		return refuse(why, 400, "HTTP/1.0 has no Transfer-Encoding");
	return 0;
}

int http1_read_head(
	struct slice raw, struct http1_head *head, struct http1_field *fields, const char **why)
{
	struct slice rest = raw, line;
	int status;

	*head = (struct http1_head){ .fields = fields };
	if (!next_line(&rest, &line))
		return refuse(why, 400, "the request line holds a control character");
	status = read_request_line(line, head, why);
	while (status == 0) {
		if (!next_line(&rest, &line))
			return refuse(why, 400, "a header field holds a control character");
		if (line.n == 0)
			return check_fields(head, why);
		if (head->field_count == HTTP1_FIELDS_MAX)
			return refuse(why, 431, "too many header fields");
		if (!read_field(line, &fields[head->field_count++]))
			return refuse(why, 400, "a header field has no name");
	}
	return status;
}

int http1_check_trailer(struct slice raw, const char **why)
{
	static const char *const forbidden[] = { "content-length", "transfer-encoding", "host",
		"trailer" };
	struct http1_field field;
	struct slice line;

	for (size_t count = 0;; count++) {
		if (!next_line(&raw, &line))
			return refuse(why, 400, "a trailer field holds a control character");
		if (line.n == 0)
			return 0;
		if (count == HTTP1_FIELDS_MAX)
			return refuse(why, 431, "too many trailer fields");
		if (!read_field(line, &field))
			return refuse(why, 400, "a trailer field has no name");
		for (size_t i = 0; i < sizeof(forbidden) / sizeof(forbidden[0]); i++)
			if (slice_ieq(field.name, slice_str(forbidden[i])))
				return refuse(why, 400,
					"a trailer may not say where the body ends or goes");
	}
}
