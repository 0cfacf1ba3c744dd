/*
 * request.c: how every route of the module reads its request. On the loop.
 */
#include "auth.h"
#include "hearth/text.h"

#define DEVICE_MAX 200

bool auth_secure(struct http_request *rq)
{
	if (http_peer(rq)->confidential)
		return true;
	http_reply_problem(rq, 403, NULL, "a password or code is taken over HTTPS only");
	return false;
}

bool auth_read_text(struct http_request *rq, const struct json *body, const char *field, size_t min,
	size_t max, const char *expected, struct slice *out)
{
	if (json_get_text(body, field, out) == 0 && out->n >= min && out->n <= max)
		return true;
	http_reply_problem(rq, 400, field, "expected %s", expected);
	return false;
}

bool auth_read_number(struct http_request *rq, const char *name, int64_t max, int64_t *out)
{
	struct slice text = http_query(rq, name);

	if (!text.p || slice_i64(text, 1, max, out) == 0)
		return true;
	http_reply_problem(rq, 400, name, "expected a number from 1 to %lld", (long long)max);
	return false;
}

void auth_reply_written(struct http_request *rq, int status, struct strbuf *out)
{
	struct strbuf mine = *out;

	*out = (struct strbuf){ 0 };
	if (status == 0)
		http_reply_json(rq, 200, &mine);
	else
		http_reply_error(rq, status);
	strbuf_free(&mine);
}

struct slice auth_device(const struct http_request *rq)
{
	struct slice device = slice_head(http_header(rq, "User-Agent"), DEVICE_MAX);

	/* A header field may have any bytes, and text in SQL is UTF-8. */
	while (!utf8_valid(device))
		device.n--;
	return device;
}

void auth_reply_wait(struct http_request *rq, int64_t retry_ms)
{
	int64_t seconds = retry_ms > 1000 ? (retry_ms + 999) / 1000 : 1;

	http_set_header(
		rq, "Retry-After", arena_printf(http_arena(rq), "%lld", (long long)seconds));
	http_reply_problem(
		rq, 429, NULL, "too many attempts; try again in %lld s", (long long)seconds);
}
