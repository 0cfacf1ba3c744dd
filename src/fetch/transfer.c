/*
 * transfer.c: one HTTP request by libcurl: how a handle is set up from a request, what is kept of
 * what comes, and what a failure is called. On the fetcher's thread, or on that of fetch_wait.
 *
 * Bounds: FETCH_HEAD_MAX of header fields, body_max of a body, the deadline. HTTP/1.1 alone, no
 * proxy of the environment's, no compression: what is asked for is small, and a bound on bytes is
 * to be one.
 */
#include "fetch/fetch_internal.h"

#include <pthread.h>
#include <sys/socket.h>

#include "hearth/clock.h"
#include "hearth/error.h"
#include "hearth/log.h"
#include "hearth/module.h"
#include "hearth/network.h"
#include "net/net.h"

#define CONNECT_MS 10000

/* ---- what libcurl asks on its way ---- */

static size_t on_head(char *bytes, size_t size, size_t n, void *arg)
{
	struct transfer *t = arg;

	(void)size; /* is 1 */
	/* One of several heads: "100 Continue" came before. */
	if (slice_starts(slice_of(bytes, n), SLICE("HTTP/")))
		strbuf_reset(&t->head);
	t->too_big |= t->head.n + n > FETCH_HEAD_MAX;
	if (t->too_big)
		return 0;
	strbuf_add(&t->head, slice_of(bytes, n));
	return n;
}

static size_t on_body(char *bytes, size_t size, size_t n, void *arg)
{
	struct transfer *t = arg;

	(void)size;
	t->too_big |= n > t->rq.body_max - t->body.n;
	if (t->too_big)
		return 0;
	strbuf_add(&t->body, slice_of(bytes, n));
	return n;
}

/* Anything but 0 ends it. */
static int on_progress(
	void *arg, curl_off_t dltotal, curl_off_t dlnow, curl_off_t ultotal, curl_off_t ulnow)
{
	struct transfer *t = arg;

	(void)dltotal;
	(void)dlnow;
	(void)ultotal;
	(void)ulnow;
	return atomic_load(&t->dropped) || (t->rq.stopping && t->rq.stopping(t->rq.stopping_arg));
}

/* The last word on where a connection goes, however the address was come by. */
static curl_socket_t on_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *to)
{
	struct transfer *t = arg;
	char text[64];
	int port;

	address_text(&to->addr, text, &port);
	if (purpose != CURLSOCKTYPE_IPCXN || (!t->rq.anywhere && address_is_private(text))) {
		t->forbidden = true;
		return CURL_SOCKET_BAD;
	}
	return socket(to->family, to->socktype | SOCK_CLOEXEC, to->protocol);
}

/* ---- setting up ---- */

static void set_bounds(struct transfer *t)
{
	int64_t left_ms = (t->deadline_us - clock_mono_us()) / 1000;

	curl_easy_setopt(t->curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(t->curl, CURLOPT_QUICK_EXIT, 1L); /* no waiting for getaddrinfo */
	curl_easy_setopt(t->curl, CURLOPT_PROTOCOLS_STR, t->rq.plain ? "http,https" : "https");
	curl_easy_setopt(t->curl, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(t->curl, CURLOPT_PROXY, ""); /* the environment has no say */
	curl_easy_setopt(t->curl, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(t->curl, CURLOPT_TIMEOUT_MS, (long)(left_ms > 0 ? left_ms : 1));
	curl_easy_setopt(t->curl, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_MS);
	curl_easy_setopt(t->curl, CURLOPT_NOPROGRESS, 0L);
	curl_easy_setopt(t->curl, CURLOPT_XFERINFOFUNCTION, on_progress);
	curl_easy_setopt(t->curl, CURLOPT_XFERINFODATA, t);
	curl_easy_setopt(t->curl, CURLOPT_HEADERFUNCTION, on_head);
	curl_easy_setopt(t->curl, CURLOPT_HEADERDATA, t);
	curl_easy_setopt(t->curl, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(t->curl, CURLOPT_WRITEDATA, t);
	curl_easy_setopt(t->curl, CURLOPT_ERRORBUFFER, t->error);
}

static void set_peer(struct transfer *t)
{
	curl_easy_setopt(t->curl, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	curl_easy_setopt(t->curl, CURLOPT_SSL_VERIFYPEER, t->rq.unverified ? 0L : 1L);
	curl_easy_setopt(t->curl, CURLOPT_SSL_VERIFYHOST, t->rq.unverified ? 0L : 2L);
	if (t->rq.ca) {
		curl_easy_setopt(t->curl, CURLOPT_CAINFO, t->rq.ca);
		curl_easy_setopt(t->curl, CURLOPT_CAPATH, NULL);
	}
	curl_easy_setopt(t->curl, CURLOPT_OPENSOCKETFUNCTION, on_socket);
	curl_easy_setopt(t->curl, CURLOPT_OPENSOCKETDATA, t);
	/* A connection that somebody else's request was allowed is not for this one. */
	if (!t->rq.anywhere || t->rq.unverified) {
		curl_easy_setopt(t->curl, CURLOPT_FRESH_CONNECT, 1L);
		curl_easy_setopt(t->curl, CURLOPT_FORBID_REUSE, 1L);
	}
}

/* The addresses that are known already, for libcurl to look up nothing. */
static void set_addresses(struct transfer *t)
{
	struct strbuf line = { 0 };
	struct fetch_url url;

	curl_share_setopt(t->names, CURLSHOPT_SHARE, CURL_LOCK_DATA_DNS);
	curl_easy_setopt(t->curl, CURLOPT_SHARE, t->names);
	if (!t->rq.addresses || !t->rq.addresses[0] ||
		fetch_url_read(t->arena, t->rq.url, &url) < 0)
		return;
	strbuf_printf(&line, "%s:%d:", url.host, url.port);
	for (const char *const *a = t->rq.addresses; *a; a++)
		strbuf_printf(&line, strchr(*a, ':') ? "%s[%s]" : "%s%s",
			a == t->rq.addresses ? "" : ",", *a);
	t->resolve = curl_slist_append(NULL, line.p);
	curl_easy_setopt(t->curl, CURLOPT_RESOLVE, t->resolve);
	strbuf_free(&line);
}

static void set_request(struct transfer *t)
{
	const char *method = t->rq.method ? t->rq.method : "GET";

	curl_easy_setopt(t->curl, CURLOPT_URL, t->rq.url);
	curl_easy_setopt(t->curl, CURLOPT_USERAGENT, "Hearth/" HEARTH_VERSION);
	/* Asking first (100-continue) is only another way to wait. */
	t->headers = curl_slist_append(NULL, "Expect:");
	for (const char *const *h = t->rq.headers; h && *h; h++)
		t->headers = curl_slist_append(t->headers, *h);
	curl_easy_setopt(t->curl, CURLOPT_HTTPHEADER, t->headers);
	if (strcmp(method, "HEAD") == 0) {
		curl_easy_setopt(t->curl, CURLOPT_NOBODY, 1L);
	} else if (strcmp(method, "GET") != 0) {
		curl_easy_setopt(t->curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)t->rq.body.n);
		curl_easy_setopt(t->curl, CURLOPT_POSTFIELDS, t->rq.body.p ? t->rq.body.p : "");
		curl_easy_setopt(t->curl, CURLOPT_CUSTOMREQUEST, method);
	}
	if (t->rq.user || t->rq.password) {
		curl_easy_setopt(t->curl, CURLOPT_HTTPAUTH, (long)CURLAUTH_BASIC);
		curl_easy_setopt(t->curl, CURLOPT_USERNAME, t->rq.user ? t->rq.user : "");
		curl_easy_setopt(t->curl, CURLOPT_PASSWORD, t->rq.password ? t->rq.password : "");
	}
}

static void init_libcurl(void)
{
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != 0)
		log_fatal("fetch", "libcurl does not start");
}

void transfer_prepare(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, init_libcurl);
}

/* A field that ends its line early would be two. */
static bool are_lines(const char *const *headers)
{
	for (; headers && *headers; headers++)
		if (strpbrk(*headers, "\r\n"))
			return false;
	return true;
}

bool transfer_begin(struct transfer *t)
{
	struct fetch_url url;

	transfer_prepare();
	t->result = CURLE_URL_MALFORMAT;
	if (!t->rq.url || fetch_url_read(t->arena, t->rq.url, &url) < 0 ||
		(!url.https && !t->rq.plain))
		return false;
	t->result = CURLE_BAD_FUNCTION_ARGUMENT;
	if (!are_lines(t->rq.headers))
		return false;
	t->curl = curl_easy_init();
	t->names = curl_share_init();
	t->result = CURLE_FAILED_INIT;
	if (!t->curl || !t->names)
		return false;
	set_bounds(t);
	set_peer(t);
	set_request(t);
	set_addresses(t);
	t->result = CURLE_OK;
	return true;
}

/* ---- what has come of it ---- */

static int error_of(const struct transfer *t)
{
	if (t->result == CURLE_OK)
		return 0;
	if (t->too_big)
		return HEARTH_ETOOBIG;
	if (t->forbidden)
		return HEARTH_EDENIED;
	switch (t->result) {
	case CURLE_URL_MALFORMAT:
	case CURLE_BAD_FUNCTION_ARGUMENT: return HEARTH_EINVAL;
	case CURLE_OPERATION_TIMEDOUT: return HEARTH_ETIMEOUT;
	case CURLE_ABORTED_BY_CALLBACK: return HEARTH_ECLOSED;
	default: return HEARTH_EIO;
	}
}

static const char *why_of(const struct transfer *t, int error)
{
	if (error == 0)
		return "";
	if (error == HEARTH_ETOOBIG)
		return "the answer is too large";
	if (error == HEARTH_EDENIED)
		return "its address is of this machine or of a private network";
	if (error == HEARTH_ECLOSED)
		return "the server stops";
	return t->error[0] ? arena_strdup(t->arena, slice_str(t->error))
			   : curl_easy_strerror(t->result);
}

void transfer_answer(struct transfer *t, struct fetch_answer *out)
{
	long status = 0;

	if (t->curl)
		curl_easy_getinfo(t->curl, CURLINFO_RESPONSE_CODE, &status);
	*out = (struct fetch_answer){ .error = error_of(t),
		.untrusted = t->result == CURLE_PEER_FAILED_VERIFICATION,
		.status = (int)status,
		.url = t->rq.url,
		.head = arena_slice(t->arena, strbuf_slice(&t->head)) };
	out->why = why_of(t, out->error);
	if (out->error == 0)
		out->body = arena_slice(t->arena, strbuf_slice(&t->body));
}

void transfer_clear(struct transfer *t)
{
	curl_easy_cleanup(t->curl);
	curl_share_cleanup(t->names);
	curl_slist_free_all(t->headers);
	curl_slist_free_all(t->resolve);
	strbuf_free(&t->head);
	strbuf_free(&t->body);
	t->curl = NULL;
	t->names = NULL;
	t->headers = t->resolve = NULL;
}

int fetch_url_read(struct arena *a, const char *url, struct fetch_url *out)
{
	char *scheme = NULL, *host = NULL, *port = NULL;
	CURLU *parsed = curl_url();
	uint64_t number = 0;
	int rc = HEARTH_EINVAL;

	if (parsed && curl_url_set(parsed, CURLUPART_URL, url, 0) == CURLUE_OK &&
		curl_url_get(parsed, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK &&
		curl_url_get(parsed, CURLUPART_HOST, &host, 0) == CURLUE_OK &&
		curl_url_get(parsed, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT) == CURLUE_OK &&
		slice_u64(slice_str(port), 65535, &number) == 0 && number > 0 &&
		(strcmp(scheme, "https") == 0 || strcmp(scheme, "http") == 0)) {
		*out = (struct fetch_url){ .https = strcmp(scheme, "https") == 0,
			.host = arena_strdup(a, slice_str(host)),
			.port = (int)number };
		rc = 0;
	}
	curl_free(scheme);
	curl_free(host);
	curl_free(port);
	curl_url_cleanup(parsed);
	return rc;
}
