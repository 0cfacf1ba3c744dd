/*
 * kernel.c: making and unmaking the kernel: settings, threads, databases, blob store.
 */
#include "kernel/kernel.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "blob/blob_internal.h"
#include "bus/bus_internal.h"
#include "cache/cache_internal.h"
#include "db/database.h"
#include "fetch/fetcher.h"
#include "hearth/error.h"
#include "hearth/log.h"
#include "hearth/rand.h"
#include "lease/lease_internal.h"
#include "modules.h"
#include "net/dns.h"
#include "registry/registry_internal.h"

#define IO_THREADS     4
#define HASH_THREADS   2
#define NET_THREADS    2
#define BUS_THREADS    2 /* a subscriber holds one while it waits for its commit */
#define POOL_QUEUE_MAX 4096
#define HASH_QUEUE_MAX 512
#define FIRST_MS       30000 /* another one may take so long to start */
#define LOOK_MS        50

struct hearth *kernel_new(void)
{
	struct hearth *h = mem_zalloc(sizeof(*h));

	h->config = config_new();
	h->services = map_new();
	h->lock_fd = h->url_fd = h->ledger.fd = -1;
	h->rows = arena_new();
	kernel_declare_settings(h->config, h->rows);
	return h;
}

int kernel_make_data_dir(struct hearth *h)
{
	const char *dir = hearth_data_dir(h);

	if (mkdir(dir, 0700) == 0 || errno == EEXIST) {
		kernel_tighten_data_dir(dir);
		return 0;
	}
	log_error("kernel", "cannot make the data folder", "path", "%s", dir, "why", "%s",
		strerror(errno), NULL);
	return HEARTH_EIO;
}

static int refuse_second(struct hearth *h, const char *path)
{
	log_error("kernel", "another server has this data folder, or it cannot be written", "path",
		"%s", path, "why", "%s", strerror(errno), NULL);
	strbuf_printf(&h->advice,
		"stop the server that runs on %s, or give this one a folder of its own "
		"(--set server.data=DIR)",
		hearth_data_dir(h));
	return HEARTH_EBUSY;
}

/* The first of several has the folder for itself while it starts. */
static int lock_shared(int fd)
{
	struct timespec look = { .tv_nsec = LOOK_MS * 1000000L };
	int rc;

	for (int waited_ms = 0; (rc = flock(fd, LOCK_SH | LOCK_NB)) < 0 && errno == EWOULDBLOCK &&
				waited_ms < FIRST_MS;
		waited_ms += LOOK_MS)
		nanosleep(&look, NULL);
	return rc;
}

/*
 * Two servers on one folder would each believe that they own it; unless both say that they share
 * it. The first of these knows that nobody else is there: what servers held before is void then.
 */
int kernel_lock_data(struct hearth *h)
{
	bool shared = kernel_is_shared(h);
	struct strbuf path = { 0 };
	int rc = 0;

	strbuf_printf(&path, "%s/hearth.lock", hearth_data_dir(h));
	INVARIANT(h->lock_fd < 0 && h->db_count == 0);
	h->lock_fd = open(path.p, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	h->first = h->lock_fd >= 0 && flock(h->lock_fd, LOCK_EX | LOCK_NB) == 0;
	if (!h->first && (h->lock_fd < 0 || !shared || lock_shared(h->lock_fd) < 0))
		rc = refuse_second(h, path.p);
	strbuf_free(&path);
	return rc;
}

int kernel_share_data(struct hearth *h)
{
	INVARIANT(h->lock_fd >= 0);
	return !h->first || !kernel_is_shared(h) || flock(h->lock_fd, LOCK_SH) == 0 ? 0
										    : HEARTH_EIO;
}

bool kernel_is_shared(const struct hearth *h)
{
	return strcmp(config_text(h->config, "server", "nodes"), "shared") == 0;
}

/* As an owner; what anybody held before this one started alone is void. */
static int open_leases(struct hearth *h)
{
	unsigned char bytes[8];
	char node[2 * sizeof(bytes) + 1];
	struct lease_options options = {
		.node = node,
		.ttl_ms = config_duration_ms(h->config, "server", "lease"),
		.alone = h->first && !kernel_is_shared(h),
	};

	rand_bytes(bytes, sizeof(bytes));
	hex_encode(bytes, sizeof(bytes), node);
	h->leases = leases_new(h->dbs, (size_t)h->db_count, &options);
	return h->first ? leases_end_all(h->leases) : 0;
}

static int open_blobs(struct hearth *h)
{
	const struct config *c = hearth_config(h);
	struct blob_options options = {
		.grace_ms = config_duration_ms(c, "store", "blob_grace"),
		.litter_keep_ms = config_duration_ms(c, "store", "litter_keep"),
		.sweep_max = (int)config_int(c, "store", "sweep_max"),
		.adopt = h->adopt,
	};

	return blob_store_open(
		hearth_data_dir(h), hearth_db(h, blob_schema()->name), h->io, &options, &h->blob);
}

int kernel_open(struct hearth *h)
{
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);
	int rc = kernel_make_data_dir(h);

	INVARIANT(!h->io && h->db_count == 0);
	if (rc < 0)
		return rc;
	h->io = pool_new("io", IO_THREADS, POOL_QUEUE_MAX);
	h->work = pool_new("work", cpus > 0 ? (int)cpus : 1, POOL_QUEUE_MAX);
	h->hash = pool_new("hash", HASH_THREADS, HASH_QUEUE_MAX);
	h->net = pool_new("net", NET_THREADS, POOL_QUEUE_MAX);
	h->bus_pool = pool_new("bus", BUS_THREADS, POOL_QUEUE_MAX);
	h->dns = dns_new(
		config_text(h->config, "dns", "server"), config_text(h->config, "dns", "anchor"));
	h->fetcher = fetcher_new(h->dns);
	rc = kernel_open_databases(h);
	if (rc == 0)
		rc = open_leases(h);
	if (rc == 0)
		rc = open_blobs(h);
	return rc;
}

int kernel_start_for_command(struct hearth *h)
{
	INVARIANT(h->started_count == 0);
	for (; h->started_count < h->module_count; h->started_count++) {
		const struct hearth_module *m = h->modules[h->started_count];

		if (m->start_command && m->start_command(h, &h->states[h->started_count]) != 0)
			return HEARTH_EIO;
	}
	return 0;
}

void kernel_free(struct hearth **hp)
{
	struct hearth *h = *hp;

	if (!h)
		return;
	while (h->started_count > 0) {
		const struct hearth_module *m = h->modules[--h->started_count];

		if (m->stop && h->states[h->started_count])
			m->stop(h->states[h->started_count]);
	}
	fetcher_free(&h->fetcher);
	dns_close(h->dns);
	dns_free(&h->dns);
	leases_free(&h->leases);
	registry_free(&h->registry);
	cache_free(&h->cache);
	pool_free(&h->bus_pool);
	pool_free(&h->hash);
	pool_free(&h->net);
	pool_free(&h->work);
	blob_store_close(&h->blob);
	pool_free(&h->io);
	while (h->db_count > 0)
		db_close(&h->dbs[--h->db_count]);
	ledger_close(&h->ledger);
	if (h->url_fd >= 0)
		close(h->url_fd);
	if (h->lock_fd >= 0)
		close(h->lock_fd);
	map_free(&h->services);
	networks_clear(&h->proxies);
	strbuf_free(&h->advice);
	config_free(&h->config);
	arena_free(&h->rows);
	free(h);
	*hp = NULL;
}
