/*
 * http_test.h: what the tests of http share: a server with routes of the test's own, and a client
 * that writes raw requests and reads raw answers, over the memory transport.
 */
#ifndef HEARTH_TESTS_HTTP_TEST_H
#define HEARTH_TESTS_HTTP_TEST_H

#include "harness.h"

#include "hearth/accounts.h"
#include "hearth/error.h"
#include "hearth/log.h"
#include "http/http_internal.h"
#include "loop/loop.h"
#include "net/net.h"

#include <stdio.h>

struct web_client {
	struct conn *c; /* NULL once closed */
	struct strbuf got;
	size_t got_n;
	bool count_only;
};

static struct http_server *server;
static const struct accounts *accounts_slot;
static struct web_client client;

static inline size_t web_data(void *ctx, struct slice in)
{
	struct web_client *w = ctx;

	w->got_n += in.n;
	if (!w->count_only)
		strbuf_add(&w->got, in);
	return in.n;
}

static inline void web_closed(void *ctx, int reason)
{
	(void)reason;
	((struct web_client *)ctx)->c = NULL;
}

static const struct conn_events web_events = { .data = web_data, .closed = web_closed };

static inline void connect_client(struct web_client *w)
{
	struct conn *near, *far;

	strbuf_free(&w->got);
	conn_pair(&near, &far);
	*w = (struct web_client){ .c = near };
	conn_attach(near, &web_events, w);
	http_listeners()[0].accept(server, far);
}

static inline void start_server(const struct http_route *routes)
{
	loop_init();
	server = http_server_new(&accounts_slot);
	if (routes)
		http_server_mount(server, routes, ACCOUNTS_SCOPE_MAIL, NULL);
	connect_client(&client);
}

static inline void stop_server(void)
{
	net_close_all();
	strbuf_free(&client.got);
	http_server_free(&server);
}

static inline int never(void *arg)
{
	(void)arg;
	return 0;
}

static inline void run_for(int ms)
{
	loop_run_until(never, NULL, ms);
}

static inline int is_gone(void *arg)
{
	return ((struct web_client *)arg)->c == NULL;
}

static inline bool gone_within(struct web_client *w, int ms)
{
	return loop_run_until(is_gone, w, ms);
}

/* Where the first complete answer ends, by Content-Length; 0 while there is none. */
static inline size_t answer_end(struct slice got)
{
	ptrdiff_t head = slice_find(got, SLICE("\r\n\r\n")), length;
	uint64_t n = 0;

	if (head < 0)
		return 0;
	length = slice_find(slice_head(got, (size_t)head), SLICE("Content-Length: "));
	if (length >= 0) {
		struct slice value = slice_skip(got, (size_t)length + 16);

		ck_assert_int_eq(
			slice_u64(slice_head(value, (size_t)slice_chr(value, '\r')), 1u << 30, &n),
			0);
	}
	return (size_t)head + 4 + (size_t)n;
}

static bool answer_of_head; /* the next answers have no body though they have a length */

static inline int has_answer(void *arg)
{
	struct web_client *w = arg;
	struct slice got = strbuf_slice(&w->got);
	size_t end = answer_end(got);

	if (answer_of_head && end)
		return slice_find(got, SLICE("\r\n\r\n")) >= 0;
	return (end && got.n >= end) || !w->c;
}

/* Takes the next answer off what came: valid until the next call; "" when there is none. */
static inline const char *answer(struct web_client *w)
{
	static struct strbuf one;
	size_t end;

	loop_run_until(has_answer, w, 3000);
	end = answer_end(strbuf_slice(&w->got));
	if (answer_of_head && end)
		end = (size_t)slice_find(strbuf_slice(&w->got), SLICE("\r\n\r\n")) + 4;
	strbuf_reset(&one);
	strbuf_add(&one, slice_head(strbuf_slice(&w->got), end));
	strbuf_consume(&w->got, end);
	return one.p ? one.p : "";
}

static inline void send_text(const char *text)
{
	if (client.c)
		conn_write(client.c, slice_str(text));
}

/* Sends a request and gives its answer. */
static inline const char *ask(const char *request)
{
	send_text(request);
	return answer(&client);
}

/* The answer has this status, this text somewhere or nowhere, this body. */
static inline void ck_status(const char *text, int status)
{
	char start[20];

	snprintf(start, sizeof(start), "HTTP/1.1 %d ", status);
	ck_assert_msg(strncmp(text, start, strlen(start)) == 0, "not %d: %s", status, text);
}

static inline void ck_has(const char *text, const char *part)
{
	ck_assert_msg(strstr(text, part) != NULL, "no \"%s\" in: %s", part, text);
}

static inline void ck_lacks(const char *text, const char *part)
{
	ck_assert_msg(strstr(text, part) == NULL, "\"%s\" in: %s", part, text);
}

static inline void ck_body(const char *text, const char *body)
{
	const char *found = strstr(text, "\r\n\r\n");

	ck_assert_msg(found && strcmp(found + 4, body) == 0, "not the body \"%s\": %s", body, text);
}

#define H "Host: localhost\r\n"

#endif
