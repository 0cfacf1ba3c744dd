/*
 * listen.c: the listeners of HTTP and of the modules, opened once all that they lead to has begun; and what
 * is to be done where one cannot be had. On the loop's thread.
 */
#include "hearth/error.h"
#include "hearth/log.h"
#include "http/http_internal.h"
#include "kernel/kernel.h"
#include "net/net.h"

/* What a person does about an address that cannot be had. */
static void advise_listener(struct hearth *h, const char *key, int port, int rc)
{
	if (rc == HEARTH_EEXIST)
		strbuf_printf(&h->advice,
			"another program has port %d: stop it, or choose another port, or none, "
			"for "
			"this one ([listen] %s = HOST:PORT, or off)",
			port, key);
	else if (rc == HEARTH_EDENIED)
		strbuf_printf(&h->advice,
			"ports below 1024 want CAP_NET_BIND_SERVICE, as the systemd unit of `make "
			"install` gives it; or choose a port above ([listen] %s = HOST:PORT)",
			key);
	else
		strbuf_printf(&h->advice,
			"choose an address that this machine has ([listen] %s = HOST:PORT, or off)",
			key);
}

/* What [connections] says of it. */
static void set_limits(const struct hearth *h, struct listener *l)
{
	char per_address[64], total[64];

	snprintf(per_address, sizeof(per_address), "%s_per_address", listener_key(l));
	snprintf(total, sizeof(total), "%s_total", listener_key(l));
	listener_set_limits(l, (size_t)config_int(h->config, "connections", per_address),
		(size_t)config_int(h->config, "connections", "loopback_times"),
		(size_t)config_int(h->config, "connections", total));
}

static int open_listener(struct hearth *h, const struct conn_listener *l, void *module)
{
	struct config_address address = config_address(h->config, "listen", l->key);
	struct strbuf why = { 0 };
	int rc;

	if (address.off)
		return 0;
	INVARIANT(h->listener_count < KERNEL_LISTENERS_MAX);
	rc = listener_open(&address, l, module, h->tls, &h->listeners[h->listener_count], &why);
	if (rc < 0) {
		log_error("kernel", "cannot listen", "listener", "%s", l->key, "host", "%s",
			address.host[0] ? address.host : "*", "port", "%d", address.port, "why",
			"%s", why.p ? why.p : error_name(rc), NULL);
		advise_listener(h, l->key, address.port, rc);
	} else {
		log_info("kernel", "listening", "listener", "%s", l->key, "host", "%s",
			address.host[0] ? address.host : "*", "port", "%d",
			listener_port(h->listeners[h->listener_count]), NULL);
		listener_trust(h->listeners[h->listener_count], kernel_trusted(h));
		set_limits(h, h->listeners[h->listener_count++]);
	}
	strbuf_free(&why);
	return rc;
}

int kernel_open_listeners(struct hearth *h)
{
	int rc = 0;

	for (const struct conn_listener *l = http_listeners(); l->key && rc == 0; l++)
		rc = open_listener(h, l, h->http);
	for (int i = 0; i < h->module_count && rc == 0; i++)
		for (const struct conn_listener *l = h->modules[i]->listeners;
			l && l->key && rc == 0; l++)
			rc = open_listener(h, l, h->states[i]);
	return rc;
}

void kernel_close_listeners(struct hearth *h)
{
	for (int i = 0; i < h->listener_count; i++)
		listener_close(&h->listeners[i]);
}
