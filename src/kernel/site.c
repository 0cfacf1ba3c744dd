/*
 * site.c: what the INI file says about where this server is on the web: its public URL, its names,
 * the proxies in front of it. http (src/http/site.c) goes by it. On the main thread, at the start.
 */
#include "kernel/kernel.h"

#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

#include "hearth/hosts.h"
#include "hearth/log.h"
#include "hearth/network.h"
#include "http/http_internal.h"
#include "net/net.h"

/* In HTTP header fields alone, and only when the INI file names no proxies: this machine's. */
static const char *const this_machine[] = { "127.0.0.0/8", "::1", NULL };

int url_parse(struct slice text, struct url *out)
{
	struct slice rest;
	ptrdiff_t end;

	*out = (struct url){ .https = slice_istarts(text, SLICE("https://")) };
	if (!out->https && !slice_istarts(text, SLICE("http://")))
		return -1;
	rest = slice_skip(text, out->https ? 8 : 7);
	end = slice_chr(rest, '/');
	if (end >= 0 && (size_t)end + 1 != rest.n)
		return -1;
	rest = end < 0 ? rest : slice_head(rest, (size_t)end);
	out->base = slice_head(text, (size_t)(rest.p - text.p) + rest.n);
	end = slice_chr(rest, rest.n && rest.p[0] == '[' ? ']' : ':');
	if (rest.n && rest.p[0] == '[')
		out->host = end < 0 ? rest : slice_head(slice_skip(rest, 1), (size_t)end - 1);
	else
		out->host = end < 0 ? rest : slice_head(rest, (size_t)end);
	for (size_t i = 0; i < rest.n; i++)
		if (rest.p[i] <= ' ' || rest.p[i] >= 0x7F || strchr("\"<>?#@\\%", rest.p[i]))
			return -1;
	return out->host.n ? 0 : -1;
}

/*
 * The machine's own name, as others on its network ask for it: "raspberrypi", and by multicast DNS
 * "raspberrypi.local".
 */
static void machine_names(struct hearth *h, const char **names)
{
	char name[HOST_NAME_MAX + 1] = "";

	if (gethostname(name, sizeof(name) - 1) < 0 || !*name)
		return;
	names[0] = arena_strdup(h->rows, slice_str(name));
	names[1] = arena_printf(h->rows, "%s.local", name);
}

/* The names people may ask for: hostname, mail domains, the URL's host, [server] hosts, and ours. */
static const char *const *names_of(struct hearth *h, const struct url *url)
{
	const char *const *public = kernel_public_names(h);
	const char *const *domains = config_list(h->config, "mail", "domains");
	const char *const *hosts = config_list(h->config, "server", "hosts");
	const char **names;
	size_t n = 6, i = 0;

	for (const char *const *d = public; *d; d++)
		n++;
	for (const char *const *d = domains; *d; d++)
		n++;
	for (const char *const *d = hosts; *d; d++)
		n++;
	names = arena_zalloc(h->rows, n * sizeof(*names));
	names[i++] = hearth_hostname(h);
	if (url->host.n)
		names[i++] = arena_strdup(h->rows, url->host);
	for (const char *const *d = public + 1; *d; d++)
		names[i++] = *d;
	for (const char *const *d = domains; *d; d++)
		names[i++] = *d;
	for (const char *const *d = hosts; *d; d++)
		names[i++] = *d;
	names[i++] = "localhost";
	machine_names(h, &names[i]);
	return names;
}

/* Whether anybody could prove that it is his: not an address, and not of one network only. */
static bool is_public(const char *name)
{
	unsigned char bytes[ADDRESS_BYTES];
	const char *dot = strrchr(name, '.');

	return dot && strcmp(dot, ".local") != 0 && strcmp(dot, ".localhost") != 0 &&
	       !address_bytes(slice_str(name), bytes);
}

static void add_name(const char **names, size_t *n, const char *name)
{
	if (!is_public(name))
		return;
	for (size_t i = 0; i < *n; i++)
		if (slice_ieq(slice_str(names[i]), slice_str(name)))
			return;
	names[(*n)++] = name;
}

const char *const *kernel_public_names(struct hearth *h)
{
	const char *const *domains = config_list(h->config, "mail", "domains");
	const char *const *hosts = config_list(h->config, "server", "hosts");
	const char *own[] = { hearth_hostname(h), NULL };
	size_t n = 2, at = 0;
	const char **names;

	for (const char *const *d = domains; *d; d++)
		n += 1 + MAIL_HOSTS_MAX;
	for (const char *const *d = hosts; *d; d++)
		n++;
	names = arena_zalloc(h->rows, (n + MAIL_HOSTS_MAX) * sizeof(*names));
	names[at++] = own[0];
	for (const char *const *d = hosts; *d; d++)
		add_name(names, &at, *d);
	for (const char *const *d = *domains ? domains : own; *d; d++) {
		for (const char *const *m = hearth_mail_hosts; *m; m++)
			add_name(names, &at, arena_printf(h->rows, "%s.%s", *m, *d));
		add_name(names, &at, *d);
	}
	return names;
}

void kernel_read_site(struct hearth *h)
{
	const char *const *proxies = config_list(h->config, "server", "proxies");
	const char *text = config_text(h->config, "server", "url");
	const char *cert = config_text(h->config, "tls", "cert");
	struct url url = { 0 };

	if (*text)
		INVARIANT(url_parse(slice_str(text), &url) == 0); /* validate.c has looked */
	INVARIANT(!networks_parse(*proxies ? proxies : this_machine, &h->proxies));
	h->site = (struct http_site){
		.proxies = &h->proxies,
		.names = names_of(h, &url),
		.url = url.base.n ? arena_strdup(h->rows, url.base) : NULL,
		.https = url.https,
		.certified = url.https || (*cert && !tls_is_selfsigned(cert)) ||
			     h->site.certified, /* by acme, which began before */
		.https_port = hearth_port(h, "https"),
	};
	http_server_set_site(h->http, &h->site);
}

const struct networks *kernel_trusted(const struct hearth *h)
{
	return *config_list(h->config, "server", "proxies") ? &h->proxies : NULL;
}
