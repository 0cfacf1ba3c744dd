/*
 * net.h: the inside of net, for src/ only: listeners and TLS as the kernel uses them, and the
 * layers a connection is made of. All calls are on the loop's thread.
 *
 *	session (smtp, http …)
 *	   │ conn.h
 *	 conn      queues, limits, time-outs          conn.c, conn_out.c
 *	   │ layer
 *	[tls]      may be put in between at any time  tls.c
 *	   │ layer
 *	 tcp       or memory, for tests               tcp.c, memory.c
 */
#ifndef HEARTH_SRC_NET_H
#define HEARTH_SRC_NET_H

#include "hearth/config.h"
#include "hearth/conn.h"

/* ---- listeners ---- */

struct listener;
struct tls_context;

/*
 * Opens l's address: an empty host listens on every address of both families, "localhost" on both
 * loopback addresses. `l` is kept; `module` is what its accept gets. tls may be NULL: then a
 * listener that is CONN_TLS_ONLY cannot open, and no session can start TLS. 0, or an error with the
 * reason appended to `why`.
 */
int listener_open(const struct config_address *address, const struct conn_listener *l, void *module,
	struct tls_context *tls, struct listener **out, struct strbuf *why);
/*
 * How many connections it takes: from one address (0: any), as many times that from loopback, and
 * in all. Until set, those of its table, LISTENER_LOOPBACK_TIMES, and three quarters of what the
 * process may have open, which is also what 0 in all stands for: no listener takes all of it.
 */
#define LISTENER_LOOPBACK_TIMES 4
void listener_set_limits(
	struct listener *l, size_t per_address, size_t loopback_times, size_t total);
/*
 * Lets connections from these networks begin with a header that says who they come for (the PROXY
 * protocol); kept. Right after listener_open.
 */
struct networks;
void listener_trust(struct listener *l, const struct networks *proxies);
/* The port it has, also when 0 was asked for; and its key in the [listen] section. */
int listener_port(const struct listener *l);
const char *listener_key(const struct listener *l);
/* Takes no more connections; those that are open stay. Sets *l to NULL; legal on NULL. */
void listener_close(struct listener **l);

/* How many connections are open. */
size_t net_conn_count(void);
/*
 * The round trip to who is on the other end of the wire, as the system measures it by what is
 * acknowledged (which no program there can hold back); 0: it is not known. That end is a proxy where
 * the client is behind one.
 */
int64_t conn_rtt_us(const struct conn *c);
/* Ends every connection now; each session is told before this returns. */
void net_close_all(void);

/* ---- TLS ---- */

/*
 * Certificate and key as PEM files; both NULL or empty: a self-signed certificate for `hostname`,
 * kept in data_dir/tls and made when it is missing. NULL with the reason in `why`.
 */
struct tls_context *tls_context_new(const char *cert, const char *key, const char *data_dir,
	const char *hostname, struct strbuf *why);
/* After the last connection; sets *t to NULL; legal on NULL. */
/* Whether certificate and key can be read and belong together: 0, or HEARTH_EINVAL with `why`. */
int tls_check_files(const char *cert, const char *key, struct strbuf *why);
/*
 * Whether the first certificate of a file was signed by nobody but itself, so that browsers ask
 * their people; false when it cannot be read.
 */
bool tls_is_selfsigned(const char *cert);
void tls_context_free(struct tls_context **t);
/*
 * Looks whether the files changed and uses the new ones for new connections. Is done every half
 * minute anyway. A pair that cannot be used is logged and the old one stays.
 */
void tls_context_reload(struct tls_context *t);

/*
 * A chain and its key (PEM) for new connections from now on, in place of the files, which are not
 * looked at any more. 0, or HEARTH_EINVAL with the reason in `why`: then all stays as it was.
 */
int tls_context_install(
	struct tls_context *t, struct slice chain, struct slice key, struct strbuf *why);

/* ---- layers ---- */

/*
 * What a layer tells the one above. The one above may close itself in any of these, and its layers
 * then go with it in a later turn: never inside.
 */
struct layer_up {
	/* How many bytes may be received at once; at least 1 while the layer reads. */
	size_t (*room)(void *above);
	void (*received)(void *above, struct slice in); /* valid during the call */
	void (*ended)(void *above);                     /* the peer sends no more */
	/* Sending goes on; `n` more bytes of what `send` was given last are done with. */
	void (*sent)(void *above, size_t n);
	void (*secured)(void *above);            /* TLS as client is up; may be NULL */
	void (*failed)(void *above, int reason); /* nothing more will come of it */
};

struct layer;

struct layer_ops {
	/* Whether to receive. Off in a new layer. */
	void (*read)(struct layer *l, bool on);
	/*
	 * Sends from the front of `v`. Returns how many bytes are done with at once. When those are
	 * not all, the rest stays where it is and nothing more is sent until `sent` was called.
	 */
	size_t (*send)(struct layer *l, const struct slice *v, size_t n);
	/*
	 * The same, where the last slice of `v` also lies in file `fd` from `offset` on: the system
	 * takes the pages, not a copy. NULL: `send` will do.
	 */
	size_t (*send_file)(
		struct layer *l, const struct slice *v, size_t n, int fd, uint64_t offset);
	/* Bytes that `send` is done with and that are still in this layer or below. */
	size_t (*pending)(const struct layer *l);
	/* Whether the peer takes nothing any more (conn_is_deaf); NULL: that is not known here. */
	bool (*deaf)(const struct layer *l);
	/* Whether the peer has ended its side, also behind what is not read yet; may be NULL. */
	bool (*left)(const struct layer *l);
	/*
	 * How many bytes of a send under way the system has taken already; NULL: none is known of.
	 */
	size_t (*taken)(const struct layer *l);
	/* As conn_rtt_us; NULL: it is not known here. */
	int64_t (*rtt_us)(const struct layer *l);
	/* As conn_expect; may be NULL. */
	void (*expect)(struct layer *l, size_t n);
	/*
	 * Gives up the layer and what is below it, which free themselves. polite: all was sent, so
	 * say goodbye and let the peer read it all. Nothing is told upwards any more.
	 */
	void (*close)(struct layer *l, bool polite);
};

/* The first member of every layer. */
struct layer {
	const struct layer_ops *ops;
	const struct layer_up *up; /* NULL: nobody is above (any more) */
	void *above;
};

#define LAYER_VECTOR_MAX 16 /* slices in one send */

/* A connected socket as a layer; takes the descriptor over. NULL when the system refuses. */
struct layer *tcp_layer_new(int fd);
/* Ends what only waits for a peer to say goodbye. */
void tcp_close_all(void);
/* Two layers, each other's peer. */
void memory_layer_pair(struct layer **near, struct layer **far);
/*
 * TLS as server over `below`. `alpn` is the protocol's name for ALPN, or NULL to take any. What the
 * handshake finds goes to *info.
 */
struct layer *tls_layer_new(
	struct tls_context *t, struct layer *below, const char *alpn, struct conn_info *info);
/* TLS as client; `ssl` is tls_client_new's, taken over. Then the handshake begins with _begin. */
struct ssl_st;
struct layer *tls_client_layer_new(struct ssl_st *ssl, struct layer *below, struct conn_info *info);
void tls_client_begin(struct layer *l);

/* ---- connections, for who makes them ---- */

struct metric;

/* What belongs to a connection from outside; all may be NULL or 0. */
struct conn_setup {
	const struct conn_listener *limits;
	struct tls_context *tls;
	const char *alpn;
	struct metric *bytes_in, *bytes_out;
	void (*gone)(void *owner, const struct conn_info *info); /* after the session was told */
	void *owner;
};

/* A connection over a transport; info->id is filled in here. */
struct conn *conn_new(
	struct layer *transport, const struct conn_info *info, const struct conn_setup *setup);
/* Runs what connections have put off until later. */
void conn_run_turns(void);

/* ---- addresses ---- */

struct sockaddr;
struct sockaddr_storage;

/* The address as text and its port; an IPv4 address mapped to IPv6 as IPv4. */
void address_text(const struct sockaddr *a, char out[64], int *port);
/* Whether it is this very machine. */
bool address_is_loopback(const char *text);
/* The addresses a host and port stand for, to listen on; at most max. The count, or an error. */
int address_resolve(
	const char *host, int port, struct sockaddr_storage *out, int max, struct strbuf *why);

#endif
