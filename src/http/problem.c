/*
 * problem.c: errors as RFC 9457 problem documents, and the phrases of the status codes. On the
 * loop.
 */
#include "http/http_internal.h"

#include "hearth/error.h"

const char *http_phrase(int status)
{
	static const struct {
		int status;
		const char *phrase;
	} phrases[] = { { 200, "OK" }, { 201, "Created" }, { 202, "Accepted" },
		{ 204, "No Content" }, { 206, "Partial Content" }, { 301, "Moved Permanently" },
		{ 302, "Found" }, { 303, "See Other" }, { 304, "Not Modified" },
		{ 307, "Temporary Redirect" }, { 308, "Permanent Redirect" },
		{ 400, "Bad Request" }, { 401, "Unauthorized" }, { 403, "Forbidden" },
		{ 404, "Not Found" }, { 405, "Method Not Allowed" }, { 406, "Not Acceptable" },
		{ 408, "Request Timeout" }, { 409, "Conflict" }, { 410, "Gone" },
		{ 411, "Length Required" }, { 412, "Precondition Failed" },
		{ 413, "Content Too Large" }, { 414, "URI Too Long" },
		{ 415, "Unsupported Media Type" }, { 416, "Range Not Satisfiable" },
		{ 417, "Expectation Failed" }, { 422, "Unprocessable Content" },
		{ 421, "Misdirected Request" }, { 426, "Upgrade Required" },
		{ 428, "Precondition Required" }, { 429, "Too Many Requests" },
		{ 431, "Request Header Fields Too Large" }, { 500, "Internal Server Error" },
		{ 501, "Not Implemented" }, { 502, "Bad Gateway" }, { 503, "Service Unavailable" },
		{ 504, "Gateway Timeout" }, { 505, "HTTP Version Not Supported" },
		{ 507, "Insufficient Storage" } };

	for (size_t i = 0; i < sizeof(phrases) / sizeof(phrases[0]); i++)
		if (phrases[i].status == status)
			return phrases[i].phrase;
	return "Status";
}

void http_reply_problem(
	struct http_request *rq, int status, const char *field, const char *detail, ...)
{
	struct strbuf body = { 0 }, text = { 0 };
	struct json_writer w;
	struct buf *bytes;
	va_list ap;

	va_start(ap, detail);
	strbuf_vprintf(&text, detail, ap);
	va_end(ap);
	json_writer_init(&w, &body);
	json_open_object(&w);
	json_put_str(&w, "type", "about:blank");
	json_put_str(&w, "title", http_phrase(status));
	json_put_i64(&w, "status", status);
	json_put_text(&w, "detail", strbuf_slice(&text));
	if (field)
		json_put_str(&w, "field", field);
	json_close_object(&w);
	bytes = buf_from_strbuf(&body);
	http_reply(rq, status, "application/problem+json", bytes);
	buf_unref(&bytes);
	strbuf_free(&text);
}

void http_reply_error(struct http_request *rq, int error)
{
	static const struct {
		int error, status;
		const char *detail;
	} rows[] = {
		{ HEARTH_EINVAL, 400, "the request is malformed" },
		{ HEARTH_ENOTFOUND, 404, "there is no such thing" },
		{ HEARTH_EEXIST, 409, "it exists already" },
		{ HEARTH_ECONFLICT, 409, "it was changed meanwhile" },
		{ HEARTH_EDENIED, 403, "this is not allowed" },
		{ HEARTH_EBUSY, 503, "the server is busy: try again in a moment" },
		{ HEARTH_ETOOBIG, 413, "it is too large" },
		{ HEARTH_ETIMEOUT, 503, "it took too long: try again in a moment" },
		{ HEARTH_ECLOSED, 503, "the server is stopping: try again in a moment" },
		{ HEARTH_EUNSUPPORTED, 501, "this is not done here" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (rows[i].error != error)
			continue;
		if (rows[i].status == 503)
			http_set_header(rq, "Retry-After", "2");
		http_reply_problem(rq, rows[i].status, NULL, "%s", rows[i].detail);
		return;
	}
	http_reply_problem(rq, 500, NULL, "the server failed: %s", error_name(error));
}
