/*
 * http_internal.h: the inside of http, for src/ only: the server as the kernel uses it, and what
 * the files of this folder share. All on the loop.
 *
 *	conn ─▶ session.c ─▶ http1_parse ─▶ access.c ─▶ router.c ─▶ a handler
 *	conn ◀── reply.c, stream.c, static.c, problem.c ◀──────────────┘
 */
#ifndef HEARTH_SRC_HTTP_INTERNAL_H
#define HEARTH_SRC_HTTP_INTERNAL_H

#include "hearth/exec.h"
#include "hearth/http.h"
#include "hearth/list.h"
#include "http/http1_parse.h"
#include "http/http_router.h"

struct accounts;
struct json;
struct metric;
struct pool;
struct uploads;

/* ---- for the kernel ---- */

/* A server with the kernel's own routes. *accounts_slot may be NULL until auth offers it. */
struct http_server *http_server_new(const struct accounts *const *accounts_slot);
/* After the last connection; sets *s to NULL; legal on NULL. */
void http_server_free(struct http_server **s);
/* Adds a table of routes, whose handlers get `module`; the table is kept. */
void http_server_mount(
	struct http_server *s, const struct http_route *routes, unsigned scope, void *module);
/* Where the size of a blob is looked up when a handler does not know it. */
void http_server_use_pool(struct http_server *s, struct pool *pool);
/* The i-th mounted route, or NULL: for the test that holds openapi.json against the routes. */
const struct http_route *http_server_route(const struct http_server *s, size_t i);
/* What an account may upload at a time (uploads.h); before, it is unbounded. */
void http_server_bound_uploads(struct http_server *s, int64_t count_max, int64_t bytes_max);
/* No more keep-alive: idle connections close, busy ones after their answer. */
void http_server_drain(struct http_server *s);
bool http_server_draining(const struct http_server *s);
/*
 * Tokens were ended (the event of ACCOUNTS_TOPIC_REVOKED): a request of theirs whose body is still
 * coming is refused, a blob still going out breaks off. What a handler has in hand is a moment's.
 */
void http_server_revoke(struct http_server *s, const struct json *event);
/* The listeners "http" and "https"; their module is the server. */
const struct conn_listener *http_listeners(void);

/* Where the server is on the web, as the INI file says. */
struct networks;
struct http_site {
	const struct networks *proxies; /* whose word about the client counts */
	const char *const *names;       /* a Host may have these; the first is the server's own */
	const char *url;                /* the public URL, without a slash at the end; or NULL */
	bool https;                     /* … is over TLS */
	bool certified;                 /* browsers accept the certificate */
	int https_port;                 /* of our own listener; 0: there is none */
};
/* Kept; until it is called every Host is welcome, and nobody is a proxy. */
void http_server_set_site(struct http_server *s, const struct http_site *site);

/* ---- within this folder ---- */

struct http_server {
	const struct accounts *const *accounts;
	struct pool *pool;
	struct router *router;
	const struct http_site *site; /* NULL: every Host is welcome */
	struct list sessions;
	struct uploads *uploads; /* NULL: unbounded */
	int64_t body_ms; /* how long a body may be silent, and the least it has for all of it */
	bool draining;
	struct metric *requests[6]; /* by the status's first digit */
	struct metric *seconds;
};

/* One connection. Between requests this is all there is of it. */
struct http_session {
	struct conn *c;
	struct http_server *server;
	struct list_node node;
	struct http_request *rq; /* being read or in hand; NULL between two */
	bool reading;            /* within on_data */
	bool paused;             /* the connection is paused until the request in hand is done */
	bool full;               /* the client takes its answers too slowly: wait for `drained` */
	bool closing;            /* nothing more is read */
	bool handed_over;        /* the connection has another session now (WebSocket) */
};

enum http_phase {
	HTTP_READING_HEAD,
	HTTP_CHECKING, /* whose token is it? */
	HTTP_READING_BODY,
	HTTP_HANDLING,
	HTTP_REPLYING,
};

enum http_token_from {
	HTTP_TOKEN_NONE,
	HTTP_TOKEN_BEARER,
	HTTP_TOKEN_COOKIE,
};

/* A header of the answer that the handler set. */
struct http_added {
	struct http_added *next;
	const char *name, *value;
};

struct http_request {
	struct http_session *session; /* NULL: the client has gone */
	struct http_server *server;
	struct arena *arena; /* of this struct too */
	struct http1_parser *parser;
	const struct http1_head *head; /* NULL until it is complete */
	enum http_phase phase;
	bool handling;   /* its handler runs: it is not freed before that has returned … */
	bool over;       /* … and is then */
	bool held;       /* somebody outside will come back to it: it must not be freed */
	bool replied;    /* one of the http_reply calls was made */
	bool head_only;  /* HEAD: headers without the body */
	bool keep_alive; /* after the answer */
	int status;      /* of the answer; 0 before */
	int64_t begun_us;
	struct timer timer; /* the head must be complete */

	enum http_method method;
	struct slice raw_path, query;
	struct slice path;
	struct route_match match;
	struct slice token;
	enum http_token_from token_from;
	const struct account *account;
	const struct conn_info *peer; /* the client, also behind a proxy */
	struct slice host;            /* that the client asked for, also at a proxy */
	struct strbuf body;
	uint64_t upload; /* bytes that are counted for its account; 0: it is none */
	struct http_added *added, **added_last;
	struct http_stream *stream; /* a blob on its way out */
};

/* request.c */
struct http_request *request_new(struct http_session *s);
void request_free(struct http_request *rq);
/* What the handler set under this name, or NULL. */
const char *request_added(const struct http_request *rq, const char *name);

/* session.c */
/* Puts a session on a new connection. */
void session_start(struct http_server *server, struct conn *c);
/* The answer is complete: the connection is free for the next request. Frees rq. */
void request_done(struct http_request *rq);
/* Sends `head`, gives the connection away and frees rq. The client must still be there. */
struct conn *request_upgrade(struct http_request *rq, struct slice head);
/* Sends bytes of the answer; false: wait for stream_drained. */
bool request_send(struct http_request *rq, struct slice s);
bool request_send_buf(struct http_request *rq, struct buf *b);

/* site.c */
/* Whether the request is for us, and finds out who sends it; false: it was answered. */
bool site_admit(struct http_request *rq);
/* What Strict-Transport-Security to send, or NULL. */
const char *site_hsts(const struct http_request *rq);
/* cors.c */
/* Answers a preflight (OPTIONS) for a route that pages of other origins may ask. */
void cors_preflight(struct http_request *rq);
/* Says in the answer that they may see it. Who sent the request is known by then. */
void cors_allow(struct http_request *rq);

/* access.c */
/* Finds out whose request it is; calls access_done, maybe later. */
void access_check(struct http_request *rq);
/* The server goes on: to the body, or with an answer that was made. */
void access_done(struct http_request *rq);
/* Whether the request comes from our own pages. */
bool access_same_origin(const struct http_request *rq);

/* reply.c */
/* Begins the one answer; false: the client has gone, and rq is freed. */
bool reply_claim(struct http_request *rq);
/* Sends the head. length < 0: no Content-Length. */
void reply_head(struct http_request *rq, int status, const char *type, int64_t length);
/* The usual answer to GET: which bytes of which representation, if any. */
struct http_representation {
	const char *type;
	const char *etag; /* quoted */
	struct buf *plain;
	struct buf *gzip; /* or NULL */
	bool vary;        /* another client may get another encoding */
};
void reply_representation(struct http_request *rq, const struct http_representation *r);
/* "200 OK" without the number. */
const char *http_phrase(int status);

/* conditional.c */
struct http_choice {
	int status;       /* 200, 206, 304 or 416 */
	uint64_t from, n; /* the bytes to send */
};
/* What If-None-Match, Range and If-Range ask for, of `size` bytes with this ETag. */
struct http_choice http_choose(const struct http_request *rq, const char *etag, uint64_t size);
/* Whether the client takes gzip. */
bool http_takes_gzip(const struct http_request *rq);

/* compress.c */
bool http_compressible(const char *type);
/* NULL when it would not be smaller. */
struct buf *http_gzip(struct slice in);

/* stream.c */
/* The client took enough of the answer; and: it has gone. */
void stream_drained(struct http_request *rq);

/* kernel_routes.c */
extern const struct http_route kernel_routes[];

#endif
