/*
 * kernel.c: making and unmaking the kernel: settings, threads, databases, blob store.
 */
#include "kernel/kernel.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "blob/blob_internal.h"
#include "bus/bus_internal.h"
#include "cache/cache_internal.h"
#include "db/database.h"
#include "hearth/error.h"
#include "hearth/log.h"
#include "modules.h"
#include "registry/registry_internal.h"

#define IO_THREADS     4
#define HASH_THREADS   2
#define NET_THREADS    2
#define BUS_THREADS    2 /* a subscriber holds one while it waits for its commit */
#define POOL_QUEUE_MAX 4096
#define HASH_QUEUE_MAX 512

struct hearth *kernel_new(void)
{
	struct hearth *h = mem_zalloc(sizeof(*h));

	h->config = config_new();
	h->services = map_new();
	h->lock_fd = -1;
	h->rows = arena_new();
	kernel_declare_settings(h->config, h->rows);
	return h;
}

static int open_database(struct hearth *h, const struct db_schema *schema)
{
	struct strbuf why = { 0 };
	int rc = db_open(hearth_data_dir(h), schema, &h->dbs[h->db_count], &why);

	if (rc < 0) {
		log_error("kernel", "cannot open a database", "name", "%s", schema->name, "why",
			"%s", why.p ? why.p : error_name(rc), NULL);
		strbuf_free(&why);
		return rc;
	}
	h->db_names[h->db_count++] = schema->name;
	strbuf_free(&why);
	return 0;
}

static int open_databases(struct hearth *h)
{
	int rc = open_database(h, blob_schema());

	for (int i = 0; i < h->module_count && rc == 0; i++)
		for (const struct db_schema *s = h->modules[i]->schemas; s && s->name && rc == 0;
			s++) {
			INVARIANT(h->db_count < KERNEL_DBS_MAX);
			rc = open_database(h, s);
		}
	return rc;
}

int kernel_make_data_dir(struct hearth *h)
{
	const char *dir = hearth_data_dir(h);

	if (mkdir(dir, 0700) == 0 || errno == EEXIST)
		return 0;
	log_error("kernel", "cannot make the data folder", "path", "%s", dir, "why", "%s",
		strerror(errno), NULL);
	return HEARTH_EIO;
}

int kernel_open(struct hearth *h)
{
	const char *dir = hearth_data_dir(h);
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);
	int rc = kernel_make_data_dir(h);

	if (rc < 0)
		return rc;
	h->io = pool_new("io", IO_THREADS, POOL_QUEUE_MAX);
	h->work = pool_new("work", cpus > 0 ? (int)cpus : 1, POOL_QUEUE_MAX);
	h->hash = pool_new("hash", HASH_THREADS, HASH_QUEUE_MAX);
	h->net = pool_new("net", NET_THREADS, POOL_QUEUE_MAX);
	h->bus_pool = pool_new("bus", BUS_THREADS, POOL_QUEUE_MAX);
	rc = open_databases(h);
	if (rc == 0)
		rc = blob_store_open(dir, hearth_db(h, blob_schema()->name), h->io, &h->blob);
	if (rc == 0)
		blob_store_set_grace(
			h->blob, config_duration_ms(hearth_config(h), "store", "blob_grace"));
	return rc;
}

int kernel_start_for_command(struct hearth *h)
{
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
	if (h->lock_fd >= 0)
		close(h->lock_fd);
	map_free(&h->services);
	strbuf_free(&h->advice);
	config_free(&h->config);
	arena_free(&h->rows);
	free(h);
	*hp = NULL;
}
