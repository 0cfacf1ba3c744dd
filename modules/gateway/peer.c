/*
 * peer.c: one WebSocket: from its upgrade to its end, and the frames from it to a service.
 *
 * The gateway reads of a frame only `to`; what is in it is between the client and that service.
 * On the loop; a frame is bounded by [gateway] message_max.
 */
#include "gateway.h"

#include "hearth/error.h"
#include "hearth/log.h"
#include "hearth/metric.h"

#include <inttypes.h>
#include <stdlib.h>

/* ---- the sockets of an account ---- */

static struct gateway_account *account_of(struct gateway *g, int64_t id)
{
	struct gateway_account *account = map_get_u64(g->accounts, (uint64_t)id);

	if (!account) {
		account = mem_zalloc(sizeof(*account));
		account->id = id;
		list_init(&account->peers);
		map_set_u64(g->accounts, (uint64_t)id, account);
	}
	return account;
}

static void leave_account(struct gateway_peer *p)
{
	struct gateway_account *account = p->account;

	list_remove(&p->node);
	if (--account->count > 0)
		return;
	map_remove_u64(p->g->accounts, (uint64_t)account->id);
	free(account);
}

/* ---- frames ---- */

static void send_error(struct gateway_peer *p, const char *code, const char *text)
{
	struct strbuf out = { 0 };
	struct json_writer w;

	json_writer_init(&w, &out);
	json_open_object(&w);
	json_put_str(&w, "type", "error");
	json_put_str(&w, "code", code);
	json_put_str(&w, "text", text);
	json_close_object(&w);
	ws_send_text(p->ws, strbuf_slice(&out));
	strbuf_free(&out);
}

/*
 * The service of this node that takes the frame: its place in `served`; -1, and the client was told
 * why there is none. One that drains takes frames of those only who are with it already.
 */
static int service_of(struct gateway_peer *p, const char *name)
{
	const struct registry_entry *entry = registry_find(hearth_registry(p->g->h), name);
	int at = entry && entry->here ? gateway_served_find(p->g, name) : -1;

	if (at < 0)
		send_error(p, "no-service", "no service of this name is running");
	else if (entry->state == REGISTRY_STARTING)
		send_error(p, "no-service", "this service is starting: try again in a moment");
	else if (entry->state == REGISTRY_DRAINING && !(p->told & 1u << at))
		send_error(p, "no-service", "this service is stopping: try again in a moment");
	else
		return at;
	return -1;
}

static void carry(struct gateway_peer *p, const struct json *frame, struct slice raw)
{
	const struct frame_service *service;
	struct slice to = { 0 };
	int at;

	if (json_get_text(frame, "to", &to) < 0 || strlen(to.p) != to.n) {
		send_error(p, "bad-frame",
			"expected a JSON object whose member \"to\" names a service");
		return;
	}
	at = service_of(p, to.p);
	if (at < 0)
		return;
	p->told |= 1u << at;
	service = p->g->served[at].service;
	service->frame(service->self, &(struct frame_message){ .client = p->id,
					      .account = p->who.id,
					      .address = slice_str(p->who.address),
					      .ping_us = ws_rtt_us(p->ws),
					      .age_us = ws_message_age_us(p->ws),
					      .bytes = raw,
					      .json = frame });
}

static void on_message(void *ctx, bool text, struct slice bytes)
{
	struct gateway_peer *p = ctx;
	struct json *frame;
	const char *why = NULL;

	metric_add(p->g->frames_in, 1);
	if (!text) {
		ws_close(p->ws, WS_UNSUPPORTED_DATA, "frames are JSON text");
		return;
	}
	if (json_read(p->g->arena, bytes, &frame, &why) < 0)
		send_error(p, "bad-json", why ? why : "not JSON");
	else
		carry(p, frame, bytes);
	arena_reset(p->g->arena);
}

static void on_closed(void *ctx, int code)
{
	struct gateway_peer *p = ctx;
	struct gateway *g = p->g;

	map_remove_u64(g->peers, p->id);
	for (int i = 0; i < GATEWAY_SERVICES_MAX; i++)
		if (p->told & 1u << i && g->served[i].name)
			g->served[i].service->gone(g->served[i].service->self, p->id);
	leave_account(p);
	metric_add(g->open, -1);
	log_debug("gateway", "closed", "client", "%" PRIu64, p->id, "account", "%s", p->who.address,
		"code", "%d", code, NULL);
	free(p);
}

static const struct ws_events events = { .message = on_message, .closed = on_closed };

/* ---- from request to peer ---- */

static void greet(struct gateway_peer *p)
{
	struct strbuf out = { 0 };
	struct json_writer w;

	json_writer_init(&w, &out);
	json_open_object(&w);
	json_put_str(&w, "type", "welcome");
	json_put_i64(&w, "account", p->who.id);
	/* A client that was let in to games has no business with the mail address. */
	if (accounts_scope_allows(p->who.scopes, ACCOUNTS_SCOPE_ACCOUNT, true))
		json_put_str(&w, "address", p->who.address);
	json_close_object(&w);
	ws_send_text(p->ws, strbuf_slice(&out));
	strbuf_free(&out);
}

static struct gateway_peer *peer_new(struct gateway *g, struct http_request *rq)
{
	const struct account *account = http_account(rq);
	struct gateway_peer *p = mem_zalloc(sizeof(*p));

	p->g = g;
	p->who = *account;
	p->id = g->first_id + ++g->count;
	return p;
}

void gateway_accept(void *module, struct http_request *rq)
{
	struct gateway *g = module;
	const struct ws_options options = {
		.message_max = g->message_max,
		.output_high = g->output_high,
		.ping_ms = g->ping_ms,
		.subprotocol = "bearer",
	};
	struct gateway_account *held = map_get_u64(g->accounts, (uint64_t)http_account(rq)->id);
	struct gateway_peer *p;

	if (!(http_account(rq)->scopes & ACCOUNTS_SCOPE_GAME)) {
		http_reply_problem(rq, 403, NULL, "this token is for looking only");
		return;
	}
	if (g->draining) {
		http_reply_problem(rq, 503, NULL, "the server is stopping; try again in a moment");
		return;
	}
	if (held && held->count >= g->per_account_max) {
		http_reply_problem(rq, 429, NULL, "this account has too many connections");
		return;
	}
	p = peer_new(g, rq);
	p->ws = ws_accept(rq, &options, &events, p);
	if (!p->ws) {
		free(p);
		return;
	}
	p->account = account_of(g, p->who.id);
	p->account->count++;
	list_push(&p->account->peers, &p->node);
	map_set_u64(g->peers, p->id, p);
	metric_add(g->open, 1);
	greet(p);
}

/* `event` is NULL when some were missed. */
static void close_revoked(struct gateway_account *account, const struct json *event)
{
	LIST_FOREACH (&account->peers, it) {
		struct gateway_peer *p = LIST_ENTRY(it, struct gateway_peer, node);

		if (accounts_revoked(event, &p->who))
			ws_close(p->ws, WS_POLICY_VIOLATION, "the session was ended");
	}
}

void gateway_close_revoked(void *arg, struct buf *payload)
{
	struct gateway *g = arg;
	struct arena *a = arena_new();
	struct gateway_account *account = NULL;
	struct json *doc;
	size_t it = 0;
	int64_t id = 0;

	if (payload && json_read(a, buf_slice(payload), &doc, NULL) == 0 &&
		json_get_i64(doc, "account", 1, INT64_MAX, &id) == 0)
		account = map_get_u64(g->accounts, (uint64_t)id);
	if (account)
		close_revoked(account, doc);
	while (!payload && map_next(g->accounts, &it, NULL, (void **)&account))
		close_revoked(account, NULL);
	arena_free(&a);
}
