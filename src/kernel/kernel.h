/*
 * kernel.h: the kernel, seen from inside: it assembles ports, net and modules from the tables.
 *
 *   kernel_new ─▶ kernel_configure ─▶ kernel_open ─▶ kernel_serve    (hearth serve)
 *                                          └───────▶ a command       (hearth user add …)
 *                                                      ─▶ kernel_free
 *
 * Everything here is called on the main thread.
 */
#ifndef HEARTH_SRC_KERNEL_H
#define HEARTH_SRC_KERNEL_H

#include "hearth/accounts.h"
#include "hearth/map.h"
#include "hearth/module.h"
#include "hearth/network.h"
#include "http/http_internal.h"
#include "kernel/ledger.h"

#define KERNEL_MODULES_MAX   16
#define KERNEL_DBS_MAX       16
#define KERNEL_LISTENERS_MAX 32

struct listener;
struct tls_context;

/* The reserve on the disk: room.c. */
struct room {
	const char *dir;
	int64_t wanted; /* bytes; 0: no reserve is kept */
	struct strbuf path;
	struct pool *pool;
	struct timer timer;
	int64_t held; /* how large the file is … */
	bool refused; /* … or the disk would not have it */
	bool opening; /* the server starts: all of it may be given up */
	struct metric *free_metric;
};

struct hearth {
	struct config *config;
	struct arena *rows; /* settings made at start: those of the modules' listeners */
	const struct hearth_module *modules[KERNEL_MODULES_MAX]; /* enabled, in starting order */
	void *states[KERNEL_MODULES_MAX];
	int module_count;
	int started_count; /* modules [0, started_count) have been started */

	int lock_fd; /* holds data/hearth.lock while serving; -1 */
	bool first;  /* no other server had the data folder when this one started */
	int url_fd;  /* data/url, likewise (url.c) */
	struct pool *io, *work, *hash, *net, *bus_pool;
	struct db *dbs[KERNEL_DBS_MAX];
	const char *db_names[KERNEL_DBS_MAX];
	int db_count;
	struct ledger ledger; /* which databases the folder has */
	bool adopt;           /* take them as they are, also when they do not belong together */
	struct blob_store *blob;
	struct room room;
	struct cache *cache;
	struct bus *bus;
	struct registry *registry;
	struct leases *leases;
	struct wake *wake; /* NULL: one node, or no knocks */
	struct dns *dns;
	struct fetcher *fetcher;
	struct acme *acme; /* NULL: certificates do not come by themselves */
	struct map *services;

	const struct accounts *accounts; /* what http asks; NULL until offered */
	struct http_server *http;
	struct http_site site;
	struct networks proxies;      /* of site */
	struct bus_listener *revoked; /* tokens that ended: http ends what they opened */
	struct tls_context *tls;
	struct listener *listeners[KERNEL_LISTENERS_MAX];
	int listener_count;

	int holds; /* drain waits for these */
	bool draining;
	struct timer drain_timer;
	int64_t drain_deadline_ms;
	int exit_code;
	struct strbuf advice; /* what to do about a start that failed: said last, to a person */
};

/* The kernel with the settings of itself and of every module that is built in declared. */
struct hearth *kernel_new(void);
/* Stops, closes and frees whatever was opened; sets *h to NULL; legal on NULL. */
void kernel_free(struct hearth **h);

/*
 * Reads the file (NULL: none) and the --set assignments, checks them, and chooses the modules.
 * 0, or HEARTH_EINVAL with a line for each mistake in `errors`.
 */
int kernel_configure(struct hearth *h, const char *file, const char *const *sets, size_t set_count,
	struct strbuf *errors);

/*
 * What serve would refuse although each setting is good by itself (validate.c); after
 * kernel_configure. 0, or HEARTH_EINVAL with a line for each mistake in `errors`.
 */
int kernel_validate(const struct hearth *h, struct strbuf *errors);

/* Makes [server] data if it is not there; HEARTH_EIO, which was logged. */
int kernel_make_data_dir(struct hearth *h);
/* Takes from everybody but the owner what rights they have to the data folder and what is in it. */
void kernel_tighten_data_dir(const char *path);
/*
 * Opens databases and blob store, with their threads. 0, or an error that was logged:
 * HEARTH_ECONFLICT when they do not belong together, and h->adopt does not say that they shall.
 */
int kernel_open(struct hearth *h);
/* A part of it: the databases (databases.c). */
int kernel_open_databases(struct hearth *h);
/*
 * Holds the data folder as the one server has it, or as one of several. HEARTH_EBUSY, which was
 * logged.
 */
int kernel_lock_data(struct hearth *h);
/*
 * Lets others come to it, where they may: what was left behind is put in order, what every server
 * needs is made. 0, or HEARTH_EIO.
 */
int kernel_share_data(struct hearth *h);
/* Whether several servers may have the data folder at a time. */
bool kernel_is_shared(const struct hearth *h);
/* Looks at the disk, before anything is written; again and again, from the loop on; no more. */
void room_open(struct room *r, const char *dir, int64_t wanted);
void room_watch(struct room *r, struct pool *pool);
void room_close(struct room *r);
/* How much is kept of a disk of so many bytes, where `wanted` is asked for. Any thread. */
int64_t room_reserve(int64_t wanted, int64_t disk_bytes);
/* Calls the modules' start_command, so that commands find services. */
int kernel_start_for_command(struct hearth *h);

/* Starts everything, runs until told to stop, drains. Returns the exit code. After kernel_open. */
int kernel_serve(struct hearth *h);
/* listen.c: opens what [listen] says, 0 or an error that was said; closes it. On the loop's thread. */
int kernel_open_listeners(struct hearth *h);
void kernel_close_listeners(struct hearth *h);

/* Tells systemd, where it started us: "READY=1" or "STOPPING=1" (notify.c). */
void kernel_notify(const char *state);

/* "https://mail.example.org:8443/" taken apart. */
struct url {
	bool https;
	struct slice base; /* without the slash at the end */
	struct slice host; /* without brackets and port */
};
/* 0, or -1: it is no URL of a whole site. The parts are of `text`. */
int url_parse(struct slice text, struct url *out);
/* Tells commands where the page is, for as long as this process runs. Once listeners are open. */
void kernel_tell_url(struct hearth *h);
/*
 * Every name this server may be known by on the internet, the hostname first; NULL-ended, in h->rows.
 */
const char *const *kernel_public_names(struct hearth *h);
/* Tells http where on the web this server is. Once the listeners are open. */
void kernel_read_site(struct hearth *h);
/* Who may begin a connection with a PROXY header; NULL: nobody. */
const struct networks *kernel_trusted(const struct hearth *h);

/* The kernel's own rows of the INI file, and those of all the modules; made ones lie in `a`. */
void kernel_declare_settings(struct config *c, struct arena *a);

#endif
