/*
 * site.c: whether a request is meant for this site, who sends it, and whether over TLS, as the
 * person sees it: what comes before routes and tokens are looked at (access.c).
 *
 * A Host that is not ours gets nothing but a refusal. A browser can be made to believe that a
 * foreign name is at our address (DNS rebinding), and the foreign site's pages could then read our
 * answers; that needs a name its owner controls, for a page at an address is from there. So
 * addresses are welcome, names without a dot as well (nobody can register one), and of the others
 * those this server is known by. What a trusted proxy calls us is the proxy's business.
 *
 * A proxy that is trusted says in header fields who the request comes from. That goes into the
 * request's copy of conn_info, where everything that counts guesses or writes a log finds it. On
 * the loop.
 */
#include "http/http_internal.h"

#include "hearth/hosts.h"
#include "hearth/log.h"
#include "hearth/network.h"
#include "http/forwarded.h"

#define HSTS "max-age=31536000"

/* ---- who ---- */

/* What is known of how the client is connected to whom it is connected to. */
enum site_scheme { SCHEME_UNKNOWN, SCHEME_HTTP, SCHEME_HTTPS };

static enum site_scheme scheme_of(struct slice proto)
{
	if (slice_ieq(proto, SLICE("https")) || slice_ieq(proto, SLICE("wss")))
		return SCHEME_HTTPS;
	return proto.n ? SCHEME_HTTP : SCHEME_UNKNOWN;
}

/* Reads what a trusted proxy says; false when it says nothing. */
static bool read_forwarded(struct http_request *rq, struct forwarded *f)
{
	const struct http_site *site = rq->server->site;
	const struct forwarded_fields in = {
		.x_for = http_header(rq, "X-Forwarded-For"),
		.x_proto = http_header(rq, "X-Forwarded-Proto"),
		.x_host = http_header(rq, "X-Forwarded-Host"),
		.forwarded = http_header(rq, "Forwarded"),
	};

	if (!networks_have(site->proxies, rq->peer->peer))
		return false;
	forwarded_read(&in, site->proxies, f);
	return f->peer[0] || f->proto.n || f->host.n;
}

static enum site_scheme identify(struct http_request *rq)
{
	struct conn_info *peer = arena_dup(rq->arena, rq->peer, sizeof(*peer));
	enum site_scheme scheme;
	struct forwarded f;

	rq->host = rq->head->host;
	if (!read_forwarded(rq, &f)) {
		scheme = peer->tls || (peer->proxied && peer->confidential) ? SCHEME_HTTPS
									    : SCHEME_HTTP;
	} else {
		scheme = scheme_of(f.proto);
		if (scheme == SCHEME_UNKNOWN && rq->server->site->https)
			scheme = SCHEME_HTTPS;
		if (f.host.n)
			rq->host = f.host;
		if (f.peer[0]) {
			memcpy(peer->peer, f.peer, sizeof(peer->peer));
			peer->peer_port = 0;
		}
		peer->proxied = true;
		peer->loopback = false;
		if (scheme != SCHEME_UNKNOWN)
			peer->confidential = scheme == SCHEME_HTTPS;
	}
	peer->tls = scheme == SCHEME_HTTPS;
	rq->peer = peer;
	return scheme;
}

/* ---- is it for us? ---- */

/* A Host without its port, brackets and closing dot. */
static struct slice host_name(struct slice host)
{
	ptrdiff_t end = slice_chr(host, host.n && host.p[0] == '[' ? ']' : ':');

	if (host.n && host.p[0] == '[')
		return end < 0 ? host : slice_head(slice_skip(host, 1), (size_t)end - 1);
	if (end >= 0)
		host = slice_head(host, (size_t)end);
	return host.n && host.p[host.n - 1] == '.' ? slice_head(host, host.n - 1) : host;
}

struct slice hearth_request_host(const struct http_request *rq)
{
	return host_name(rq->host);
}

static bool is_address(struct slice name)
{
	unsigned char bytes[ADDRESS_BYTES];

	return address_bytes(name, bytes);
}

/* HTTP/1.0 may do without a Host; no browser does. */
static bool is_ours(const struct http_site *site, struct slice host)
{
	struct slice name = host_name(host);

	if (name.n == 0 || is_address(name) || slice_chr(name, '.') < 0)
		return true;
	for (const char *const *n = site->names; *n; n++)
		if (slice_ieq(name, slice_str(*n)))
			return true;
	return false;
}

/* ---- HTTPS instead ---- */

/* What must be reached without: the certificate's own making, and who looks whether we live. */
static bool stays_plain(struct slice target)
{
	return slice_starts(target, SLICE("/.well-known/acme-challenge/")) ||
	       slice_eq(target, SLICE("/healthz")) || target.n == 0 || target.p[0] != '/';
}

/* Where the same is to be had over TLS; NULL: nowhere that one could know of. */
static const char *https_base(const struct http_request *rq)
{
	const struct http_site *site = rq->server->site;
	struct slice name = host_name(rq->host);

	if (site->https)
		return site->url;
	if (!site->certified || site->https_port == 0)
		return NULL;
	if (name.n == 0 || is_address(name) || slice_chr(name, '.') < 0)
		name = slice_str(site->names[0]);
	if (site->https_port == 443)
		return arena_printf(rq->arena, "https://%.*s", SLICE_ARG(name));
	return arena_printf(rq->arena, "https://%.*s:%d", SLICE_ARG(name), site->https_port);
}

/* Browsers do not speak like this; proxies do. */
static bool by_a_proxy(struct http_request *rq)
{
	return rq->head->minor == 0 || http_header(rq, "X-Forwarded-For").n ||
	       http_header(rq, "X-Forwarded-Proto").n || http_header(rq, "X-Real-IP").n ||
	       http_header(rq, "Forwarded").n || http_header(rq, "Via").n;
}

/*
 * The public URL leads to a proxy that we do not know for one: it comes without TLS, and what it
 * says of the client's is not believed. To send it to the URL would send its client round for ever.
 */
static void reply_unknown_proxy(struct http_request *rq)
{
	log_warn("http",
		"a proxy that [server] proxies does not name: put its address there, and have it "
		"send X-Forwarded-For and X-Forwarded-Proto",
		"peer", "%s", rq->peer->peer, "url", "%s", rq->server->site->url, NULL);
	http_reply_problem(rq, 421, NULL,
		"this came through a proxy that the server does not know; whoever runs it puts the "
		"proxy's address in [server] proxies");
}

/* Sends to where the same is to be had over TLS, if so; true when it has answered. */
static bool redirect(struct http_request *rq)
{
	const char *base = https_base(rq);

	if (!base || stays_plain(rq->head->target))
		return false;
	if (rq->server->site->https && !rq->peer->proxied && by_a_proxy(rq)) {
		reply_unknown_proxy(rq);
		return true;
	}
	http_set_header(rq, "Location",
		arena_printf(rq->arena, "%s%.*s", base, SLICE_ARG(rq->head->target)));
	http_reply_empty(rq, 308);
	return true;
}

bool site_admit(struct http_request *rq)
{
	enum site_scheme scheme;
	bool named;

	rq->host = rq->head->host;
	if (!rq->server->site)
		return true;
	scheme = identify(rq);
	named = is_ours(rq->server->site, rq->head->host) ||
		(rq->peer->proxied && slice_chr(host_name(rq->head->host), '.') < 0);
	if (!named || (rq->host.p != rq->head->host.p && !is_ours(rq->server->site, rq->host))) {
		http_reply_problem(rq, 421, NULL,
			"this server is not known by that name; [server] hosts has those it has");
		return false;
	}
	return scheme != SCHEME_HTTP || rq->peer->loopback || !redirect(rq);
}

const char *site_hsts(const struct http_request *rq)
{
	const struct http_site *site = rq->server->site;

	return site && site->certified && rq->peer->tls ? HSTS : NULL;
}
