/*
 * services.c: what a module asks of the kernel (the end of module.h). On the main thread, which is
 * the loop's.
 */
#include "kernel/kernel.h"

#include "acme/acme.h"
#include "hearth/fetch.h"
#include "hearth/hosts.h"
#include "hearth/log.h"

const struct config *hearth_config(const struct hearth *h)
{
	return h->config;
}

struct db *hearth_db(const struct hearth *h, const char *name)
{
	for (int i = 0; i < h->db_count; i++)
		if (strcmp(h->db_names[i], name) == 0)
			return h->dbs[i];
	log_fatal("kernel", "no database \"%s\"", name);
}

struct blob_store *hearth_blob(const struct hearth *h)
{
	return h->blob;
}

struct cache *hearth_cache(const struct hearth *h)
{
	return h->cache;
}

struct bus *hearth_bus(const struct hearth *h)
{
	return h->bus;
}

struct registry *hearth_registry(const struct hearth *h)
{
	return h->registry;
}

struct dns *hearth_dns(const struct hearth *h)
{
	return h->dns;
}

struct fetcher *hearth_fetcher(const struct hearth *h)
{
	return h->fetcher;
}

struct leases *hearth_leases(const struct hearth *h)
{
	return h->leases;
}

struct wake *hearth_wake(const struct hearth *h)
{
	return h->wake;
}

struct pool *hearth_pool(const struct hearth *h, const char *name)
{
	if (strcmp(name, "io") == 0)
		return h->io;
	if (strcmp(name, "work") == 0)
		return h->work;
	if (strcmp(name, "hash") == 0)
		return h->hash;
	if (strcmp(name, "net") == 0)
		return h->net;
	log_fatal("kernel", "no pool \"%s\"", name);
}

const char *hearth_module_name(const struct hearth *h, int i)
{
	return i < h->module_count ? h->modules[i]->name : NULL;
}

const char *hearth_data_dir(const struct hearth *h)
{
	return config_text(h->config, "server", "data");
}

const char *hearth_hostname(const struct hearth *h)
{
	return config_text(h->config, "server", "hostname");
}

const char *const hearth_mail_hosts[MAIL_HOSTS_MAX + 1] = { "mta-sts", "autoconfig", "autodiscover",
	NULL };

bool hearth_acme_account(const struct hearth *h, struct strbuf *issuer, struct strbuf *url)
{
	struct acme_reading reading = { .directory = config_text(h->config, "acme", "directory") };

	if (!acme_is_on(h->config))
		return false;
	reading.arena = arena_new();
	if (db_read_wait(hearth_db(h, acme_schema()->name), acme_store_read, &reading) == 0) {
		strbuf_adds(issuer, reading.record.issuer);
		strbuf_adds(url, reading.record.account_url);
	}
	arena_free(&reading.arena);
	return issuer->n > 0 && url->n > 0;
}

void hearth_offer(struct hearth *h, const char *service, const void *interface)
{
	INVARIANT(!map_get(h->services, slice_str(service)));
	map_set(h->services, slice_str(service), (void *)(uintptr_t)interface);
	if (strcmp(service, "accounts") == 0)
		h->accounts = interface;
}

const void *hearth_service(const struct hearth *h, const char *service)
{
	return map_get(h->services, slice_str(service));
}

void hearth_hold(struct hearth *h)
{
	h->holds++;
}

void hearth_release(struct hearth *h)
{
	INVARIANT(h->holds > 0);
	h->holds--;
}
