/*
 * ws_accept.c: the opening handshake of a WebSocket (RFC 6455 section 4.2). On the loop.
 */
#include "http/http_internal.h"
#include "http/ws_deflate.h"
#include "http/ws_internal.h"

#include "hearth/log.h"
#include "hearth/text.h"

#include <openssl/evp.h>

#define GUID "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

typedef bool equal_fn(struct slice a, struct slice b);

/* Whether a list with commas has this word. */
static bool has_word(struct slice list, const char *word, equal_fn *equal)
{
	while (list.p)
		if (equal(slice_trim(slice_split(&list, ',')), slice_str(word)))
			return true;
	return false;
}

bool ws_requested(const struct http_request *rq)
{
	return has_word(http_header(rq, "Connection"), "upgrade", slice_ieq) &&
	       has_word(http_header(rq, "Upgrade"), "websocket", slice_ieq);
}

/* The key is 16 bytes in base64. */
static bool key_valid(struct slice key)
{
	struct strbuf bytes = { 0 };
	bool valid = base64_decode(&bytes, key) == 0 && bytes.n == 16;

	strbuf_free(&bytes);
	return valid;
}

/* Checks the request; false when it was answered. */
static bool check(struct http_request *rq)
{
	if (!http_alive(rq)) {
		http_reply_empty(rq, 400);
		return false;
	}
	if (rq->token_from == HTTP_TOKEN_COOKIE && !access_same_origin(rq)) {
		http_reply_problem(rq, 403, NULL,
			"a WebSocket with the session cookie must come from this site's pages");
		return false;
	}
	if (!ws_requested(rq) || !slice_eq(http_header(rq, "Sec-WebSocket-Version"), SLICE("13"))) {
		http_set_header(rq, "Upgrade", "websocket");
		http_set_header(rq, "Connection", "Upgrade");
		http_set_header(rq, "Sec-WebSocket-Version", "13");
		http_reply_problem(rq, 426, NULL, "this is for WebSocket, version 13");
		return false;
	}
	if (rq->head_only || rq->head->minor == 0 || rq->head->has_body) {
		http_reply_problem(
			rq, 400, NULL, "a WebSocket begins with GET over HTTP/1.1 without a body");
		return false;
	}
	if (!key_valid(http_header(rq, "Sec-WebSocket-Key"))) {
		http_reply_problem(
			rq, 400, NULL, "Sec-WebSocket-Key must be 16 bytes in base64, once");
		return false;
	}
	return true;
}

static void add_accept(struct strbuf *head, struct slice key)
{
	unsigned char hash[EVP_MAX_MD_SIZE];
	struct strbuf text = { 0 };
	unsigned n;

	strbuf_printf(&text, "%.*s%s", SLICE_ARG(key), GUID);
	INVARIANT(EVP_Digest(text.p, text.n, hash, &n, EVP_sha1(), NULL) == 1);
	strbuf_adds(head, "Sec-WebSocket-Accept: ");
	base64_encode(head, slice_of(hash, n));
	strbuf_adds(head, "\r\n");
	strbuf_free(&text);
}

struct ws *ws_accept(struct http_request *rq, const struct ws_options *options,
	const struct ws_events *events, void *ctx)
{
	struct strbuf head = { 0 };
	char extension[WS_DEFLATE_ANSWER_MAX];
	bool direct = !http_peer(rq)->proxied;
	struct conn *c;
	size_t window;

	if (!check(rq))
		return NULL;
	strbuf_adds(&head, "HTTP/1.1 101 Switching Protocols\r\n"
			   "Upgrade: websocket\r\nConnection: Upgrade\r\n");
	add_accept(&head, http_header(rq, "Sec-WebSocket-Key"));
	window = ws_deflate_agree(http_header(rq, "Sec-WebSocket-Extensions"), extension);
	if (window)
		strbuf_printf(&head, "Sec-WebSocket-Extensions: %s\r\n", extension);
	if (options->subprotocol &&
		has_word(http_header(rq, "Sec-WebSocket-Protocol"), options->subprotocol, slice_eq))
		strbuf_printf(&head, "Sec-WebSocket-Protocol: %s\r\n", options->subprotocol);
	for (const struct http_added *h = rq->added; h; h = h->next)
		strbuf_printf(&head, "%s: %s\r\n", h->name, h->value);
	strbuf_adds(&head, "\r\n");
	c = request_upgrade(rq, strbuf_slice(&head));
	strbuf_free(&head);
	return ws_new(c, window, direct, options, events, ctx);
}
