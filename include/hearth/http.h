/*
 * http.h: routes, requests and replies (HTTP/1.1, RFC 9110 and 9112).
 *
 * A handler runs on the loop, gets a whole request (its body is read within the route's limit) and
 * answers exactly once, now or later; until then the request stays valid, also when the client has
 * gone (the answer then goes nowhere). One that is answered within its handler lives until that
 * returns; after a later answer nothing of it may be touched. Keep-alive, pipelining, conditional
 * requests, ranges and compression are the server's business, not the handler's. All calls are on
 * the loop.
 */
#ifndef HEARTH_HTTP_H
#define HEARTH_HTTP_H

#include "hearth/arena.h"
#include "hearth/buf.h"
#include "hearth/conn.h"
#include "hearth/json.h"

struct account;
struct blob_store;
struct http_request;
struct http_server;

enum http_method {
	HTTP_GET, /* HEAD is answered from it */
	HTTP_POST,
	HTTP_PUT,
	HTTP_PATCH,
	HTTP_DELETE,
};

enum http_access {
	HTTP_PUBLIC,    /* anybody; http_account may still be there */
	HTTP_ACCOUNT,   /* signed in, else 401 before the handler is called */
	HTTP_MODERATOR, /* a moderator or administrator, else 401 or 403 */
	HTTP_ADMIN,     /* an administrator, else 401 or 403 */
	/*
	 * Beside one of the above: pages of other origins may ask, and see the answer (CORS); by a
	 * bearer token, never by the session cookie.
	 */
	HTTP_FOREIGN = 8,
};

typedef void http_handler(void *module, struct http_request *rq);

/*
 * A module's table of routes; ends with pattern == NULL. A pattern is literal segments and typed
 * parameters, one a segment: "/api/mail/messages/{id:int}". Types: int (decimal, 64-bit, not
 * negative), word ([A-Za-z0-9._~-]+), text (any one segment, decoded), path (all the rest, only at
 * the end, may be empty). A literal wins over a parameter. A path that exists with another method
 * gives 405 with Allow.
 *
 * A POST, PUT, PATCH or DELETE that the session cookie authorises must come from our own pages
 * (Sec-Fetch-Site or Origin), else 403; on an HTTP_PUBLIC route the cookie then counts for nothing.
 * A bearer token needs no such proof.
 *
 * A browser's WebSocket cannot send Authorization: it may offer the subprotocols "bearer" and,
 * next, the token, which counts as a bearer token then.
 *
 * The token must have the scope of the module (module.h), or its form for reading where that is all
 * that is done, else 403; for HTTP_MODERATOR and HTTP_ADMIN the scope is "admin" instead. On an
 * HTTP_PUBLIC route a token without the scope counts for nothing.
 */
struct http_route {
	enum http_method method;
	const char *pattern;
	http_handler *handler;
	enum http_access access;
	size_t body_max; /* bytes; 0: no body is taken (413) */
};

/* Who may ask, without HTTP_FOREIGN. */
static inline enum http_access http_route_access(const struct http_route *route)
{
	return (enum http_access)(route->access & ~(unsigned)HTTP_FOREIGN);
}

/* ---- the request ---- */

enum http_method http_method(const struct http_request *rq);
/* The decoded path, without the query. */
struct slice http_path(const struct http_request *rq);
/* A header's value, trimmed; several of one name joined by ", "; p == NULL when absent. */
struct slice http_header(const struct http_request *rq, const char *name);
/* A query parameter, decoded; p == NULL when absent. */
struct slice http_query(struct http_request *rq, const char *name);
/* The same of a body that is application/x-www-form-urlencoded. */
struct slice http_form(struct http_request *rq, const char *name);
/* A route parameter: as text, and for {name:int}. One the pattern lacks ends the process. */
struct slice http_param(const struct http_request *rq, const char *name);
int64_t http_param_int(const struct http_request *rq, const char *name);
/* A cookie's value; p == NULL when absent. */
struct slice http_cookie(const struct http_request *rq, const char *name);
/* The body, whole. */
struct slice http_body(const struct http_request *rq);
/* Whether the body is of this media type, parameters aside: "application/merge-patch+json". */
bool http_body_is(const struct http_request *rq, const char *type);
/*
 * The body as a JSON object. When it is none (or Content-Type is another), answers 400 or 415
 * itself and returns NULL.
 */
const struct json *http_body_json(struct http_request *rq);
/*
 * What If-Match says to a change of a representation that has this ETag (quoted) now (RFC 9110
 * section 13.1.1). The comparison is strong; the ETag that its compressed form was sent with counts
 * as well, since that is what a client may have been given.
 */
enum http_match {
	HTTP_MATCH_ABSENT, /* there is no If-Match */
	HTTP_MATCH_NO,     /* it names others: 412 */
	HTTP_MATCH_YES,
	HTTP_MATCH_ANY, /* it is "*" */
};
enum http_match http_if_match(const struct http_request *rq, const char *etag);
/* The token that came with it: Authorization: Bearer, else the session cookie. p == NULL: none. */
struct slice http_token(const struct http_request *rq);
/* Who it is; NULL when not signed in. */
const struct account *http_account(const struct http_request *rq);
const struct conn_info *http_peer(const struct http_request *rq);
/* Lives as long as the request: for what the answer needs. */
struct arena *http_arena(struct http_request *rq);
/*
 * False once the client has gone, or has ended its side: long work can stop early. The answer is
 * still owed.
 */
bool http_alive(const struct http_request *rq);

#define HTTP_SESSION_COOKIE "hearth_session"

/* ---- the answer: exactly one of the http_reply calls ---- */

/* Adds a header to the answer that follows; name and value are checked and copied. */
void http_set_header(struct http_request *rq, const char *name, const char *value);
/*
 * Sets a cookie (RFC 6265) that scripts cannot read and other sites' pages cannot send along:
 * HttpOnly, SameSite=Lax, Secure over TLS, for the paths below `path`. An empty value clears it. A
 * value is printable ASCII without space, comma, semicolon, quote and backslash (section 4.1.1);
 * what is anything else is left out and logged. Several cookies of different names can be set.
 */
void http_set_cookie(struct http_request *rq, const char *name, struct slice value,
	const char *path, int64_t max_age_s);
/* Sets the session cookie, for all paths; an empty token clears it. */
void http_set_session(struct http_request *rq, struct slice token, int64_t max_age_s);

/* Status without a body (204, 202, 304 …). */
void http_reply_empty(struct http_request *rq, int status);
/*
 * Bytes of a type; the reference stays the caller's. With status 200 the server adds a strong ETag
 * when the handler set none, answers If-None-Match and Range, and compresses text where the client
 * takes it.
 */
void http_reply(struct http_request *rq, int status, const char *type, struct buf *body);
/* JSON that a writer made; takes the memory of `json`, which is left empty. */
void http_reply_json(struct http_request *rq, int status, struct strbuf *json);
/*
 * An RFC 9457 problem document: title is the status's own phrase, `detail` (printf) says what was
 * wrong and what was expected. `field` names the offending member or parameter, or is NULL.
 */
void http_reply_problem(struct http_request *rq, int status, const char *field, const char *detail,
	...) __attribute__((format(printf, 4, 5)));
/* The problem that fits an error code: 400, 404, 409, 403, 503, 413, 500 … */
void http_reply_error(struct http_request *rq, int error);
/*
 * A blob as a stream, read ahead no faster than the client takes it; Range, If-Range and
 * If-None-Match are answered (a blob never changes, so its ETag is its key). 404 when there is
 * none. `size` is the blob's size when the caller knows it, or 0 to look.
 */
void http_reply_blob(struct http_request *rq, struct blob_store *store, const char *key,
	uint64_t size, const char *type);

/*
 * Makes the next bytes of a piece, from `from` on: never before those of the call before it, and
 * beyond them only at first, for who wants a later range. 0 and a new buffer of at most
 * HTTP_MADE_MAX bytes, or of none: there was much to pass over, ask again. On a worker.
 */
#define HTTP_MADE_MAX (256u << 10)
typedef int http_make_fn(void *arg, uint64_t from, struct buf **out);

/*
 * Several pieces as one answer: bytes at hand, blobs, and what is made while it is sent, one behind
 * the other; read ahead no faster than the client takes them. Range, If-Range and If-None-Match are
 * answered for the whole, for which the handler must have set an ETag. `pieces` and the bytes in
 * them are kept in http_arena or otherwise until the request is gone; blob keys likewise.
 */
struct http_piece {
	const char *blob;   /* its key; NULL: `bytes` */
	struct slice bytes; /* without a blob, and nothing to make */
	uint64_t size; /* of the blob, as it is stored, or of what is made; else not looked at */
	http_make_fn *make; /* instead of a blob; `arg` is kept as the pieces are */
	void *arg;
};
void http_reply_pieces(struct http_request *rq, struct blob_store *store,
	const struct http_piece *pieces, size_t n, const char *type);

/* ---- embedded files ---- */

struct http_file {
	const char *path; /* "/app.js" */
	const char *type;
	struct slice bytes;
	struct slice gzip; /* empty when not worth it */
	const char *etag;  /* quoted */
};

/*
 * Answers with the file of this path from a table that ends with path == NULL: conditional, ranged,
 * compressed. False, and no answer, when there is none.
 */
bool http_reply_file(struct http_request *rq, const struct http_file *files, struct slice path);

#endif
