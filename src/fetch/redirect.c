/*
 * redirect.c: reading the header fields of an answer, and whether it sends on to somewhere else
 * (RFC 9110 15.4). Pure.
 */
#include "fetch/fetch_internal.h"

#include "hearth/error.h"

bool fetch_header_next(
	const struct fetch_answer *answer, const char *name, size_t *at, struct slice *value)
{
	struct slice rest = slice_skip(answer->head, *at);

	while (rest.n) {
		struct slice line = slice_split(&rest, '\n'), found;

		*at = rest.p ? (size_t)(rest.p - answer->head.p) : answer->head.n;
		found = slice_split(&line, ':');
		if (line.p && slice_ieq(found, slice_str(name))) {
			*value = slice_trim(line);
			return true;
		}
	}
	return false;
}

struct slice fetch_header(const struct fetch_answer *answer, const char *name)
{
	struct slice value = { 0 };
	size_t at = 0;

	fetch_header_next(answer, name, &at, &value);
	return value;
}

static bool is_redirect(int status)
{
	return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

/* The URL that a Location stands for, NULL when none does. */
static const char *resolve(struct arena *a, const char *base, struct slice location)
{
	CURLU *url = curl_url();
	const char *out = NULL;
	char *text = NULL;

	if (url && curl_url_set(url, CURLUPART_URL, base, 0) == CURLUE_OK &&
		curl_url_set(url, CURLUPART_URL, arena_strdup(a, location), 0) == CURLUE_OK &&
		curl_url_set(url, CURLUPART_FRAGMENT, NULL, 0) == CURLUE_OK &&
		curl_url_get(url, CURLUPART_URL, &text, 0) == CURLUE_OK)
		out = arena_strdup(a, slice_str(text));
	curl_free(text);
	curl_url_cleanup(url);
	return out;
}

static bool is_secret(const char *header)
{
	return slice_istarts(slice_str(header), SLICE("Authorization:")) ||
	       slice_istarts(slice_str(header), SLICE("Cookie:"));
}

static void leave_secrets(struct fetch_request *rq, struct arena *a)
{
	const char **kept;
	size_t n = 0;

	rq->user = rq->password = NULL;
	rq->addresses = NULL;
	for (const char *const *h = rq->headers; h && *h; h++)
		n++;
	kept = arena_zalloc(a, (n + 1) * sizeof(*kept));
	n = 0;
	for (const char *const *h = rq->headers; h && *h; h++)
		if (!is_secret(*h))
			kept[n++] = *h;
	rq->headers = kept;
}

int redirect_follow(struct fetch_request *rq, const struct fetch_answer *answer, int *left,
	struct arena *a, const char **why)
{
	struct slice location = fetch_header(answer, "Location");
	struct fetch_url from, to;
	const char *url;

	if (answer->error != 0 || !is_redirect(answer->status) || rq->redirects == 0 ||
		location.n == 0)
		return 0;
	*why = "it sends on again and again";
	if ((*left)-- == 0)
		return HEARTH_EIO;
	*why = "it sends on to what is no URL that may be asked";
	url = resolve(a, rq->url, location);
	if (!url || fetch_url_read(a, url, &to) < 0 || fetch_url_read(a, rq->url, &from) < 0 ||
		(from.https && !to.https))
		return HEARTH_EIO;
	if (from.https != to.https || from.port != to.port ||
		!slice_ieq(slice_str(from.host), slice_str(to.host)))
		leave_secrets(rq, a);
	rq->url = url;
	/* Only 307 and 308 promise to do the same again (RFC 9110 15.4.2 to 15.4.4). */
	if (answer->status < 307 && rq->method && strcmp(rq->method, "HEAD") != 0) {
		rq->method = NULL;
		rq->body = (struct slice){ 0 };
	}
	return 1;
}
