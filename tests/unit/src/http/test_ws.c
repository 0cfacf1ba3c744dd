/*
 * A WebSocket from its handshake to its end, over the memory transport: a server that echoes, and a
 * client that writes raw frames and reads what comes.
 */
#include "http_test.h"
#include "ws_test.h"

#include "hearth/error.h"
#include "hearth/ws.h"
#include "http/ws_deflate.h"

#define KEY "dGhlIHNhbXBsZSBub25jZQ=="
#define UPGRADE                                                                                    \
	H "Connection: keep-alive, Upgrade\r\nUpgrade: WebSocket\r\nSec-WebSocket-Version: 13\r\n" \
	  "Sec-WebSocket-Key: " KEY "\r\n"
#define OPEN (-1)

/* ---- the server's side ---- */

static struct {
	struct ws *ws; /* NULL before and after */
	struct ws_options options;
	struct strbuf heard; /* "T[text] B[bytes] " */
	int code;            /* of closed; OPEN before */
	int drains;
	bool silent; /* do not echo */
} side;

static void on_message(void *ctx, bool text, struct slice bytes)
{
	struct buf *b;

	ck_assert_ptr_eq(ctx, &side);
	strbuf_printf(&side.heard, "%s[%.*s] ", text ? "T" : "B", SLICE_ARG(bytes));
	if (slice_eq(bytes, SLICE("close me"))) {
		ws_close(side.ws, WS_POLICY_VIOLATION, "as you wish");
		ws_close(side.ws, WS_NORMAL, "twice");
		ck_assert(!ws_send_text(side.ws, SLICE("too late")));
		return;
	}
	if (side.silent)
		return;
	if (text) {
		ws_send_text(side.ws, bytes);
		return;
	}
	b = buf_copy(bytes);
	ws_send_buf(side.ws, false, b);
	buf_unref(&b);
}

static void on_drained(void *ctx)
{
	(void)ctx;
	side.drains++;
}

static void on_closed(void *ctx, int code)
{
	(void)ctx;
	ck_assert_int_eq(side.code, OPEN);
	side.code = code;
	side.ws = NULL;
}

static const struct ws_events events = {
	.message = on_message, .drained = on_drained, .closed = on_closed
};

static void accept_ws(void *module, struct http_request *rq)
{
	(void)module;
	side.code = OPEN;
	http_set_header(rq, "X-Own", "kept");
	side.ws = ws_accept(rq, &side.options, &events, &side);
}

static const struct http_route routes[] = {
	{ HTTP_GET, "/ws", accept_ws, HTTP_PUBLIC, 0 },
	{ HTTP_POST, "/ws", accept_ws, HTTP_PUBLIC, 100 },
	{ .pattern = NULL },
};

static void start(void)
{
	memset(&side, 0, sizeof(side));
	side.options = (struct ws_options){
		.message_max = 1 << 20, .output_high = 1 << 20, .ping_ms = 60000
	};
	start_server(routes);
}

static void stop(void)
{
	stop_server();
	strbuf_free(&side.heard);
}

/* ---- the client's side ---- */

static struct strbuf out;

static void flush(void)
{
	conn_write(client.c, strbuf_slice(&out));
	strbuf_free(&out);
}

static int has_head(void *arg)
{
	(void)arg;
	return slice_find(strbuf_slice(&client.got), SLICE("\r\n\r\n")) >= 0;
}

/* Asks for the upgrade and takes the 101 off what came. */
static const char *upgrade(const char *headers)
{
	static struct strbuf head;
	size_t n;

	strbuf_reset(&head);
	strbuf_printf(&head, "GET /ws HTTP/1.1\r\n" UPGRADE "%s\r\n", headers);
	conn_write(client.c, strbuf_slice(&head));
	ck_assert(loop_run_until(has_head, NULL, 3000));
	n = (size_t)slice_find(strbuf_slice(&client.got), SLICE("\r\n\r\n")) + 4;
	strbuf_reset(&head);
	strbuf_add(&head, slice_head(strbuf_slice(&client.got), n));
	strbuf_consume(&client.got, n);
	ck_status(head.p, 101);
	ck_assert_ptr_nonnull(side.ws);
	return head.p;
}

struct frame {
	int first; /* its first byte */
	struct slice payload;
	size_t n; /* bytes in all */
};

static bool find_frame(struct frame *f)
{
	struct slice got = strbuf_slice(&client.got);
	const unsigned char *p = (const unsigned char *)got.p;
	size_t head = 2, n;

	if (got.n < 2)
		return false;
	ck_assert_int_eq(p[1] & 0x80, 0);
	n = p[1];
	if (n >= 126) {
		head = n == 126 ? 4 : 10;
		if (got.n < head)
			return false;
		n = 0;
		for (size_t i = 2; i < head; i++)
			n = n << 8 | p[i];
	}
	*f = (struct frame){ p[0], slice_of(got.p + head, n), head + n };
	return got.n >= f->n;
}

static int has_frame(void *arg)
{
	struct frame f;

	(void)arg;
	return find_frame(&f);
}

static const struct strbuf *next_frame(int first)
{
	static struct strbuf payload;
	struct frame f;

	ck_assert_msg(loop_run_until(has_frame, NULL, 8000), "no frame");
	find_frame(&f);
	ck_assert_msg(f.first == first, "a frame 0x%x, not 0x%x", f.first, first);
	strbuf_reset(&payload);
	strbuf_add(&payload, f.payload);
	strbuf_adds(&payload, "");
	strbuf_consume(&client.got, f.n);
	return &payload;
}

static void ck_frame(int first, const char *payload)
{
	const struct strbuf *found = next_frame(first);

	ck_assert_msg(slice_eq(strbuf_slice(found), slice_str(payload)), "\"%s\", not \"%s\"",
		found->p, payload);
}

static void ck_close_frame(int code, const char *reason)
{
	const struct strbuf *found = next_frame(FIN | WS_CLOSE);

	ck_assert_uint_ge(found->n, 2);
	ck_assert_int_eq((unsigned char)found->p[0] << 8 | (unsigned char)found->p[1], code);
	if (reason)
		ck_assert_str_eq(found->p + 2, reason);
}

/* The ping that goes out at once is on its way when the head is there. */
static void start_open(const char *headers)
{
	start();
	upgrade(headers);
	ck_assert_uint_eq(next_frame(FIN | WS_PING)->n, 8);
}

static void put(int first, const char *payload)
{
	put_frame(&out, first, slice_str(payload));
}

static int side_closed(void *arg)
{
	(void)arg;
	return side.code != OPEN;
}

static void ck_closed(int code)
{
	ck_assert_msg(loop_run_until(side_closed, NULL, 8000), "not closed");
	ck_assert_int_eq(side.code, code);
	ck_assert(gone_within(&client, 3000));
	ck_assert_uint_eq(net_conn_count(), 0);
}

/* ---- the handshake ---- */

START_TEST(shakes_hands)
{
	const char *head;

	start();
	head = upgrade("Sec-WebSocket-Protocol: chat\r\n");
	ck_has(head, "\r\nUpgrade: websocket\r\n");
	ck_has(head, "\r\nConnection: Upgrade\r\n");
	ck_has(head, "\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n");
	ck_has(head, "\r\nX-Own: kept\r\n");
	ck_lacks(head, "Sec-WebSocket-Protocol");
	ck_lacks(head, "Sec-WebSocket-Extensions");
	ck_lacks(head, "Content-Length");
	ck_assert_str_eq(ws_peer(side.ws)->peer, "127.0.0.1");
	stop();
	ck_assert_int_eq(side.code, 1006);
}
END_TEST

START_TEST(refuses_other_handshakes)
{
	static const struct {
		const char *request;
		int status;
	} rows[] = {
		{ "GET /ws HTTP/1.1\r\n" H "\r\n", 426 },
		{ "GET /ws HTTP/1.1\r\n" H
		  "Connection: Upgrade\r\nUpgrade: h2c\r\nSec-WebSocket-Version: 13\r\n\r\n",
			426 },
		{ "GET /ws HTTP/1.1\r\n" H "Connection: Upgrade\r\nUpgrade: websocket\r\n"
		  "Sec-WebSocket-Key: " KEY "\r\n\r\n",
			426 },
		{ "GET /ws HTTP/1.1\r\n" H "Connection: Upgrade\r\nUpgrade: websocket\r\n"
		  "Sec-WebSocket-Version: 8\r\nSec-WebSocket-Key: " KEY "\r\n\r\n",
			426 },
		{ "GET /ws HTTP/1.1\r\n" H "Connection: close\r\nUpgrade: websocket\r\n"
		  "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: " KEY "\r\n\r\n",
			426 },
		{ "GET /ws HTTP/1.1\r\n" H "Connection: Upgrade\r\nUpgrade: websocket\r\n"
		  "Sec-WebSocket-Version: 13\r\n\r\n",
			400 },
		{ "GET /ws HTTP/1.1\r\n" H "Connection: Upgrade\r\nUpgrade: websocket\r\n"
		  "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: c2hvcnQ=\r\n\r\n",
			400 },
		{ "GET /ws HTTP/1.1\r\n" UPGRADE "Sec-WebSocket-Key: " KEY "\r\n\r\n", 400 },
		{ "POST /ws HTTP/1.1\r\n" UPGRADE "Content-Length: 2\r\n\r\nab", 400 },
		{ "GET /ws HTTP/1.0\r\n" UPGRADE "\r\n", 400 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *a;

		start();
		a = ask(rows[i].request);
		ck_status(a, rows[i].status);
		ck_assert_ptr_null(side.ws);
		if (rows[i].status == 426) {
			ck_has(a, "Sec-WebSocket-Version: 13\r\n");
			ck_has(a, "Upgrade: websocket\r\n");
		}
		stop();
	}
	start();
	answer_of_head = true;
	ck_status(ask("HEAD /ws HTTP/1.1\r\n" UPGRADE "\r\n"), 400);
	stop();
}
END_TEST

START_TEST(chooses_a_subprotocol)
{
	start();
	side.options.subprotocol = "hearth.v1";
	ck_has(upgrade("Sec-WebSocket-Protocol: chat, hearth.v1\r\n"),
		"\r\nSec-WebSocket-Protocol: hearth.v1\r\n");
	stop();
	start();
	side.options.subprotocol = "hearth.v1";
	ck_lacks(upgrade("Sec-WebSocket-Protocol: HEARTH.V1\r\n"), "Sec-WebSocket-Protocol");
	stop();
}
END_TEST

/*
 * The session cookie counts from our own pages only; a token in a header was put there on purpose.
 */
START_TEST(minds_the_origin)
{
	static const char *const welcome[] = {
		"Cookie: hearth_session=x\r\nOrigin: http://localhost\r\n",
		"Cookie: hearth_session=x\r\nSec-Fetch-Site: same-origin\r\n",
		"Authorization: Bearer x\r\nOrigin: http://evil.example\r\n",
		"Origin: http://evil.example\r\n",
	};
	static const char *const refused[] = {
		"Cookie: hearth_session=x\r\nOrigin: http://evil.example\r\n",
		"Cookie: hearth_session=x\r\nSec-Fetch-Site: cross-site\r\n",
		"Cookie: hearth_session=x\r\nOrigin: null\r\n",
		"Cookie: hearth_session=x\r\n",
	};

	for (size_t i = 0; i < 4; i++) {
		char request[600];

		start();
		upgrade(welcome[i]);
		stop();
		start();
		snprintf(request, sizeof(request), "GET /ws HTTP/1.1\r\n" UPGRADE "%s\r\n",
			refused[i]);
		ck_status(ask(request), 403);
		stop();
	}
}
END_TEST

/* ---- messages ---- */

START_TEST(echoes)
{
	start_open("");
	put(FIN | WS_TEXT, "one");
	put(FIN | WS_BINARY, "two");
	put(WS_TEXT, "th");
	put(FIN | WS_PING, "between");
	put(FIN | WS_CONTINUATION, "ree");
	put(FIN | WS_TEXT, "");
	flush();
	ck_frame(FIN | WS_TEXT, "one");
	ck_frame(FIN | WS_BINARY, "two");
	ck_frame(FIN | WS_PONG, "between");
	ck_frame(FIN | WS_TEXT, "three");
	ck_frame(FIN | WS_TEXT, "");
	ck_assert_str_eq(side.heard.p, "T[one] B[two] T[three] T[] ");
	stop();
}
END_TEST

/* What comes in one piece with the request, or byte by byte, is the same. */
START_TEST(reads_what_comes_with_the_request)
{
	start();
	strbuf_adds(&out, "GET /ws HTTP/1.1\r\n" UPGRADE "\r\n");
	put(FIN | WS_TEXT, "at once");
	flush();
	ck_assert(loop_run_until(has_head, NULL, 3000));
	strbuf_consume(
		&client.got, (size_t)slice_find(strbuf_slice(&client.got), SLICE("\r\n\r\n")) + 4);
	next_frame(FIN | WS_PING);
	ck_frame(FIN | WS_TEXT, "at once");
	put(FIN | WS_TEXT, "slowly");
	for (size_t i = 0; i < out.n; i++) {
		conn_write(client.c, slice_of(out.p + i, 1));
		run_for(1);
	}
	ck_frame(FIN | WS_TEXT, "slowly");
	strbuf_free(&out);
	stop();
}
END_TEST

START_TEST(carries_large_messages)
{
	size_t n = 1 << 20;
	char *bytes = mem_alloc(n);

	for (size_t i = 0; i < n; i++)
		bytes[i] = (char)(i * 31 + i / 1000);
	start_open("");
	put_frame(&out, FIN | WS_BINARY, slice_of(bytes, n));
	flush();
	ck_assert(slice_eq(strbuf_slice(next_frame(FIN | WS_BINARY)), slice_of(bytes, n)));
	put_head(&out, FIN | WS_BINARY, n + 1, 8, "\0\0\0\0");
	flush();
	ck_close_frame(WS_TOO_BIG, NULL);
	ck_closed(1006);
	free(bytes);
	stop();
}
END_TEST

/* ---- compression ---- */

#define OFFER "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n"

static void put_packed(int opcode, const char *text)
{
	struct buf *packed = ws_deflate(slice_str(text), 32768);

	ck_assert_ptr_nonnull(packed);
	put_frame(&out, FIN | RSV1 | opcode, buf_slice(packed));
	buf_unref(&packed);
}

static void ck_packed(int opcode, const char *text)
{
	struct strbuf plain = { 0 };

	ck_assert_int_eq(
		ws_inflate(strbuf_slice(next_frame(FIN | RSV1 | opcode)), 1 << 20, &plain), 0);
	ck_assert(slice_eq(strbuf_slice(&plain), slice_str(text)));
	strbuf_free(&plain);
}

START_TEST(compresses)
{
	char text[3000];

	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = "the quick brown fox "[i % 20];
	text[sizeof(text) - 1] = '\0';
	start();
	ck_has(upgrade(OFFER),
		"\r\nSec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover; "
		"client_no_context_takeover\r\n");
	next_frame(FIN | WS_PING);
	put_packed(WS_TEXT, text);
	put_packed(WS_BINARY, text);
	put(FIN | WS_TEXT, text);
	put(FIN | WS_TEXT, "short");
	flush();
	ck_packed(WS_TEXT, text);
	ck_packed(WS_BINARY, text);
	ck_packed(WS_TEXT, text);
	ck_frame(FIN | WS_TEXT, "short");
	stop();
	/* Not agreed on: nothing is compressed, and RSV1 is an error. */
	start_open("");
	put(FIN | WS_TEXT, text);
	put_packed(WS_TEXT, text);
	flush();
	ck_frame(FIN | WS_TEXT, text);
	ck_close_frame(WS_PROTOCOL_ERROR, NULL);
	ck_closed(1006);
	stop();
}
END_TEST

/* 16 KB of one letter, again and again: each is allowed, together they are not. */
START_TEST(refuses_what_unfolds_beyond_proportion)
{
	char text[16384];
	size_t letters = 0;

	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	start_open(OFFER);
	for (; letters < 200000; letters += sizeof(text) - 1)
		put_packed(WS_TEXT, text);
	flush();
	for (size_t n = 0; n < letters; n += sizeof(text) - 1)
		ck_packed(WS_TEXT, text);
	side.silent = true;
	for (int i = 0; i < 10; i++)
		put_packed(WS_TEXT, text);
	flush();
	ck_close_frame(WS_POLICY_VIOLATION, "what comes unfolds to far more than is sent");
	ck_closed(1006);
	stop();
}
END_TEST

START_TEST(refuses_bad_compressed_messages)
{
	char text[2000];

	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	start_open(OFFER);
	put(FIN | RSV1 | WS_TEXT, "\xFF");
	flush();
	ck_close_frame(WS_INVALID_PAYLOAD, "a message cannot be inflated");
	ck_closed(1006);
	stop();
	start();
	side.options.message_max = 1998;
	upgrade(OFFER);
	next_frame(FIN | WS_PING);
	put_packed(WS_TEXT, text);
	flush();
	ck_close_frame(WS_TOO_BIG, NULL);
	ck_closed(1006);
	stop();
	text[1000] = '\xFF';
	start_open(OFFER);
	put_packed(WS_BINARY, text);
	put_packed(WS_TEXT, text);
	flush();
	ck_packed(WS_BINARY, text);
	ck_close_frame(WS_INVALID_PAYLOAD, "the text is not UTF-8");
	ck_closed(1006);
	stop();
}
END_TEST

/* ---- pings ---- */

START_TEST(measures_the_round_trip)
{
	char nonce[8];

	start();
	upgrade("");
	memcpy(nonce, next_frame(FIN | WS_PING)->p, 8);
	put(FIN | WS_PONG, "");
	put(FIN | WS_PONG, "unasked for");
	flush();
	run_for(30);
	ck_assert_int_eq(ws_rtt_us(side.ws), 0);
	put_frame(&out, FIN | WS_PONG, slice_of(nonce, 8));
	flush();
	run_for(20);
	ck_assert_int_ge(ws_rtt_us(side.ws), 25000);
	ck_assert_int_lt(ws_rtt_us(side.ws), 3000000);
	/* The same once more says nothing. */
	{
		int64_t before = ws_rtt_us(side.ws);

		put_frame(&out, FIN | WS_PONG, slice_of(nonce, 8));
		flush();
		run_for(20);
		ck_assert_int_eq(ws_rtt_us(side.ws), before);
	}
	stop();
}
END_TEST

/* Who is sent something is measured anew, where that was not done of late; a ping waits for its pong. */
START_TEST(pings_behind_what_is_sent)
{
	char nonce[8];

	start();
	upgrade("");
	memcpy(nonce, next_frame(FIN | WS_PING)->p, 8);
	run_for(2600);
	put(FIN | WS_TEXT, "no pong yet");
	flush();
	ck_frame(FIN | WS_TEXT, "no pong yet");
	put_frame(&out, FIN | WS_PONG, slice_of(nonce, 8));
	put(FIN | WS_TEXT, "behind the pong");
	flush();
	ck_frame(FIN | WS_TEXT, "behind the pong");
	ck_assert(memcmp(next_frame(FIN | WS_PING)->p, nonce, 8) != 0);
	put(FIN | WS_TEXT, "soon after");
	flush();
	ck_frame(FIN | WS_TEXT, "soon after");
	stop();
}
END_TEST

/* Pings come by themselves; who says something stays, and who says nothing is gone after twice
 * that. */
START_TEST(pings_and_gives_up)
{
	char first[8];

	start();
	side.options.ping_ms = 500; /* long enough for a machine that is busy */
	upgrade("");
	memcpy(first, next_frame(FIN | WS_PING)->p, 8);
	for (int i = 0; i < 3; i++) {
		put(FIN | WS_PONG, "alive");
		flush();
		ck_assert(memcmp(next_frame(FIN | WS_PING)->p, first, 8) != 0);
	}
	ck_assert_int_eq(side.code, OPEN);
	run_for(80);
	ck_assert_int_eq(side.code, OPEN);
	ck_assert(loop_run_until(side_closed, NULL, 8000));
	ck_assert_int_eq(side.code, 1006);
	stop();
}
END_TEST

/* ---- the end ---- */

START_TEST(answers_close)
{
	static const struct {
		int code; /* 0: none */
		int closed;
	} rows[] = { { 1000, 1000 }, { 4321, 4321 }, { 0, 1005 } };

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		start_open("");
		if (rows[i].code)
			put_close(&out, rows[i].code, "bye");
		else
			put(FIN | WS_CLOSE, "");
		put(FIN | WS_TEXT, "after the end");
		flush();
		if (rows[i].code)
			ck_close_frame(rows[i].code, "");
		else
			ck_frame(FIN | WS_CLOSE, "");
		ck_closed(rows[i].closed);
		ck_assert_uint_eq(side.heard.n, 0);
		stop();
	}
}
END_TEST

/* ws_close within the message's own callback; what still comes is dropped, pings too. */
START_TEST(closes_first)
{
	start_open("");
	put(FIN | WS_TEXT, "close me");
	put(FIN | WS_TEXT, "not heard");
	put(FIN | WS_PING, "not answered");
	flush();
	ck_close_frame(WS_POLICY_VIOLATION, "as you wish");
	ck_assert_int_eq(side.code, OPEN);
	put(FIN | WS_TEXT, "nor this");
	put_close(&out, 1008, "");
	flush();
	ck_closed(1008);
	ck_assert_str_eq(side.heard.p, "T[close me] ");
	ck_assert_uint_eq(client.got.n, 0);
	stop();
}
END_TEST

START_TEST(does_not_wait_for_ever)
{
	start_open("");
	ws_close(side.ws, WS_GOING_AWAY, "");
	ck_close_frame(WS_GOING_AWAY, "");
	run_for(4000);
	ck_assert_int_eq(side.code, OPEN);
	ck_closed(1006);
	stop();
}
END_TEST

/* A reason that is too long is cut between characters. */
START_TEST(cuts_long_reasons)
{
	char reason[200] = "x";

	for (int i = 0; i < 80; i++)
		memcpy(reason + 1 + 2 * i, "\xC3\xA4", 3);
	start_open("");
	ws_close(side.ws, WS_NORMAL, reason);
	reason[123] = '\0';
	ck_close_frame(WS_NORMAL, reason);
	stop();
	start_open("");
	memmove(reason, reason + 1, 123);
	memcpy(reason + 122, "\xC3\xA4", 3);
	ws_close(side.ws, WS_NORMAL, reason);
	reason[122] = '\0';
	ck_close_frame(WS_NORMAL, reason);
	stop();
}
END_TEST

START_TEST(says_what_was_wrong)
{
	static const struct {
		int first;
		const char *payload;
		int code;
	} rows[] = {
		{ FIN | WS_CONTINUATION, "", 1002 },
		{ FIN | WS_TEXT, "\xC0\x80", 1007 },
		{ FIN | WS_CLOSE, "x", 1002 },
		{ FIN | WS_CLOSE, "\x03\xEC", 1002 },
		{ WS_PING, "", 1002 },
		{ FIN | 3, "", 1002 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		start_open("");
		put(rows[i].first, rows[i].payload);
		put(FIN | WS_TEXT, "after the end");
		flush();
		ck_close_frame(rows[i].code, NULL);
		ck_closed(1006);
		ck_assert_uint_eq(side.heard.n, 0);
		stop();
	}
}
END_TEST

START_TEST(notices_who_leaves)
{
	start_open("");
	conn_close(client.c);
	ck_closed(1006);
	connect_client(&client);
	upgrade("");
	conn_abort(client.c, HEARTH_ECLOSED);
	ck_closed(1006);
	stop();
}
END_TEST

/* ---- peers that do not read ---- */

/*
 * What others send to a peer that does not read is bounded: it is told to stop, and cut off after
 * twice as much. Of a large buffer only references wait.
 */
START_TEST(cuts_off_who_does_not_read)
{
	struct buf *b = buf_alloc(10000);
	size_t taken = 0, refused = 0;

	memset(buf_data(b), 'x', 10000);
	start();
	side.options.output_high = 100000;
	upgrade("");
	next_frame(FIN | WS_PING);
	conn_pause(client.c);
	/* In one turn nothing goes out: what waits is what was sent. */
	while (ws_send_buf(side.ws, true, b))
		taken++;
	ck_assert_uint_eq(taken, 9);
	for (int i = 0; i < 30; i++)
		refused += !ws_send_buf(side.ws, true, b);
	ck_assert_uint_eq(refused, 30);
	ck_assert_int_eq(side.code, OPEN);
	conn_resume(client.c);
	for (int i = 0; i < 20; i++)
		ck_assert_uint_eq(next_frame(FIN | WS_TEXT)->n, 10000);
	ck_close_frame(WS_POLICY_VIOLATION, "does not read what it is sent");
	put_close(&out, WS_POLICY_VIOLATION, "");
	flush();
	ck_closed(WS_POLICY_VIOLATION);
	stop();
	/* Who goes on not reading, or does not answer, is gone after a while. */
	start();
	side.options.output_high = 100000;
	upgrade("");
	conn_pause(client.c);
	for (int i = 0; i < 30; i++)
		ws_send_buf(side.ws, true, b);
	ck_assert(loop_run_until(side_closed, NULL, 8000));
	ck_assert_int_eq(side.code, 1006);
	buf_unref(&b);
	stop();
}
END_TEST

/* Who asks and does not read the answers is not read from, and goes on when it reads. */
START_TEST(slows_who_does_not_read)
{
	struct strbuf many = { 0 };
	size_t pings = 20000;

	start();
	side.options.output_high = 10000;
	upgrade("");
	next_frame(FIN | WS_PING);
	for (size_t i = 0; i < pings; i++)
		put_frame(&many, FIN | WS_PING, SLICE("0123456789"));
	conn_pause(client.c);
	conn_write(client.c, strbuf_slice(&many));
	run_for(200);
	ck_assert_int_eq(side.code, OPEN);
	/* Part of the pings is still with the client: they were not read. */
	ck_assert_uint_gt(conn_pending(client.c), 10000);
	conn_resume(client.c);
	for (size_t i = 0; i < pings; i++)
		ck_frame(FIN | WS_PONG, "0123456789");
	ck_assert_int_ge(side.drains, 1);
	strbuf_free(&many);
	stop();
}
END_TEST

TEST_MAIN("ws", shakes_hands, refuses_other_handshakes, chooses_a_subprotocol, minds_the_origin,
	echoes, reads_what_comes_with_the_request, carries_large_messages, compresses,
	refuses_bad_compressed_messages, refuses_what_unfolds_beyond_proportion,
	measures_the_round_trip, pings_behind_what_is_sent, pings_and_gives_up, answers_close,
	closes_first, does_not_wait_for_ever, cuts_long_reasons, says_what_was_wrong,
	notices_who_leaves, cuts_off_who_does_not_read, slows_who_does_not_read)
