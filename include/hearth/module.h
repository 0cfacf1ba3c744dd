/*
 * module.h: what a module is: one const struct of tables, and start and stop.
 *
 * The kernel reads the tables and does the rest: declares the settings, opens the databases and
 * migrates them, calls start (in the order of src/modules.c), mounts routes, subscribes, opens the
 * listeners; and at the end takes it all down in reverse. All of a module's functions are called on
 * the main thread, which is the loop's.
 */
#ifndef HEARTH_MODULE_H
#define HEARTH_MODULE_H

#include "hearth/blob.h"
#include "hearth/bus.h"
#include "hearth/cache.h"
#include "hearth/checks.h"
#include "hearth/config.h"
#include "hearth/conn.h"
#include "hearth/db.h"
#include "hearth/dns.h"
#include "hearth/exec.h"
#include "hearth/http.h"
#include "hearth/job.h"
#include "hearth/lease.h"
#include "hearth/registry.h"
#include "hearth/wake.h"

#define HEARTH_VERSION "0.1.0"

struct hearth; /* the kernel, as modules see it */

/*
 * A command of the program: `hearth user add …`. Runs in a process of its own beside a running
 * server: databases are open, there is no loop, so it uses the waiting calls. Returns the exit
 * code: 0 done, 1 failed, 2 misused.
 */
struct hearth_command {
	const char *name;  /* "user add"; two words at most */
	const char *usage; /* "ADDRESS [--admin] [--password-stdin]" */
	const char *doc;   /* one line */
	const char *help;  /* the rest of --help; may be NULL */
	int (*run)(struct hearth *h, int argc, char **argv); /* argv[0] is the first argument */
};

struct hearth_module {
	const char *name; /* "mail": its section of the INI file, its part of /api/ */
	const char *doc;  /* one line */
	unsigned scope;   /* enum accounts_scope: what a token needs for its routes; 0: none */
	const struct config_setting *settings; /* each table may be NULL */
	const struct db_schema *schemas;
	const struct http_route *routes;
	const struct conn_listener *listeners;
	const struct bus_subscription *subscriptions;
	const struct queue_consumer *queues;
	const struct hearth_command *commands; /* ends with name == NULL */
	const char *const *needs;              /* services that must be there; NULL-ended */
	const struct hearth_checks *checks;    /* for `hearth verify` */
	const struct blob_names *blobs;        /* which blobs its rows name */
	const char *const *offers;             /* services that start offers; NULL-ended */
	/*
	 * What no single row of the settings can know: settings that do not go together, a URL that
	 * is none. Appends a line for each (config_blame). Before anything is opened; looks at
	 * nothing but the configuration and the file system, changes nothing. May be NULL.
	 */
	void (*validate)(const struct config *c, struct strbuf *errors);
	/*
	 * start: makes the module's state and offers its services (hearth_offer). On the loop's
	 * thread before the loop runs; it may block, and use the _wait calls. Non-zero: the program
	 * does not start; the reason was logged. *state is what the tables' functions get as
	 * `module`. start_command: the part of start that commands need (state and services that
	 * need no loop), called instead of start when a command runs; may be NULL. drain: no new
	 * work is coming (listeners are closed): end sessions politely. May be NULL. stop: free the
	 * state. Nothing of it is called afterwards.
	 */
	int (*start)(struct hearth *h, void **state);
	int (*start_command)(struct hearth *h, void **state);
	void (*drain)(void *state);
	void (*stop)(void *state);
};

/* ---- what the kernel gives; valid until stop ---- */

const struct config *hearth_config(const struct hearth *h);
/* A database of the module's own tables; asking for an unknown one ends the process. */
struct db *hearth_db(const struct hearth *h, const char *name);
struct blob_store *hearth_blob(const struct hearth *h);
struct cache *hearth_cache(const struct hearth *h);
struct bus *hearth_bus(const struct hearth *h);
struct registry *hearth_registry(const struct hearth *h);
/* The resolver; also in a command. */
struct dns *hearth_dns(const struct hearth *h);
/* This node as an owner of leases, in all databases; also in a command. */
struct leases *hearth_leases(const struct hearth *h);
/* Knocks between nodes; NULL with [server] nodes = one, and where there can be none. */
struct wake *hearth_wake(const struct hearth *h);
/*
 * Pools: "io" (short work that blocks on disk), "work" (heavy work on the processor), "hash"
 * (password hashing, bounded in memory), "net" (calls to other people's servers, which may be
 * slow).
 */
struct pool *hearth_pool(const struct hearth *h, const char *name);
/* The name of the i-th enabled module, in starting order; NULL behind the last. */
const char *hearth_module_name(const struct hearth *h, int i);
/* The folder for this server's data. */
const char *hearth_data_dir(const struct hearth *h);
/* [server] hostname. */
const char *hearth_hostname(const struct hearth *h);
/*
 * Appends the page's address as people open it, with a slash at the end: over TLS under the
 * hostname, or as the ready line has it where only this machine is listened to. A command beside a
 * server that runs gives that server's. A port that the system chose is in it only while the server
 * runs: from the loop on, not in start.
 */
void hearth_url(const struct hearth *h, struct strbuf *out);

/*
 * The port of a listener: as the system gave it, once the server runs; 0 when it is off or unknown.
 */
int hearth_port(const struct hearth *h, const char *listener);

/*
 * Service interfaces (accounts.h, connections.h): offered under a name by the module that
 * implements them, found by the modules that need them. NULL when nobody offers it.
 */
void hearth_offer(struct hearth *h, const char *service, const void *interface);
const void *hearth_service(const struct hearth *h, const char *service);

/* Drain is not over while somebody holds it: for sessions that must end properly. On the loop. */
void hearth_hold(struct hearth *h);
void hearth_release(struct hearth *h);

#endif
