/*
 * url.c: where people open the page: for the ready line's kin, links that are sent to somebody.
 */
#include "kernel/kernel.h"
#include "net/net.h"

#define HTTPS_PORT 443

/* The listener's address as the INI file has it, with the port it really got once it is open. */
static struct config_address listener_address(const struct hearth *h, const char *key)
{
	struct config_address address = config_address(h->config, "listen", key);

	for (int i = 0; i < h->listener_count; i++)
		/* One that was closed is NULL: the server is draining. */
		if (h->listeners[i] && strcmp(listener_key(h->listeners[i]), key) == 0)
			address.port = listener_port(h->listeners[i]);
	return address;
}

int hearth_port(const struct hearth *h, const char *listener)
{
	struct config_address address = listener_address(h, listener);

	return address.off ? 0 : address.port;
}

static bool is_loopback(const char *host)
{
	return strncmp(host, "127.", 4) == 0 || strcmp(host, "::1") == 0 ||
	       strcmp(host, "localhost") == 0;
}

static void add_url(struct strbuf *out, const char *scheme, const char *host, int port)
{
	strbuf_printf(out, strchr(host, ':') ? "%s://[%s]" : "%s://%s", scheme, host);
	/* A port that the system chose is known to the running server only. */
	if (port != 0 && !(port == HTTPS_PORT && strcmp(scheme, "https") == 0))
		strbuf_printf(out, ":%d", port);
	strbuf_adds(out, "/");
}

/*
 * Others reach the server over TLS under its name; where nothing but this machine is listened to,
 * the page is opened here, as the ready line says.
 */
void hearth_url(const struct hearth *h, struct strbuf *out)
{
	struct config_address https = listener_address(h, "https");
	struct config_address http = listener_address(h, "http");
	const char *text = config_text(h->config, "server", "url");
	struct url url;

	if (*text && url_parse(slice_str(text), &url) == 0)
		strbuf_printf(out, "%.*s/", SLICE_ARG(url.base));
	else if (!https.off && !is_loopback(https.host))
		add_url(out, "https", hearth_hostname(h), https.port);
	else if (!http.off)
		add_url(out, "http", http.host[0] ? http.host : hearth_hostname(h), http.port);
	else
		add_url(out, "https", hearth_hostname(h), https.off ? HTTPS_PORT : https.port);
}
