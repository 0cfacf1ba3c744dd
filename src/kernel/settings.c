/*
 * settings.c: the kernel's own rows of the INI file. Modules declare theirs in their tables; their
 * listeners become rows of [listen] and [connections]. Constants, declared on the main thread.
 */
#include "http/http_internal.h"
#include "kernel/kernel.h"
#include "modules.h"

static const struct config_setting settings[] = {
	{ "server", "hostname", CONFIG_TEXT, "localhost", NULL, NULL, NULL,
		"the name this server is known by; mail for it is local unless [mail] domains says "
		"otherwise" },
	{ "server", "url", CONFIG_TEXT, "", NULL, NULL, NULL,
		"where people open the page, when a proxy is in front: https://mail.example.org; "
		"empty: under the hostname, at the port of [listen] https" },
	{ "server", "hosts", CONFIG_LIST, "", NULL, NULL, NULL,
		"more names the page may be opened under, beside hostname, url, mail domains, "
		"machine.local, addresses and names without a dot: a request for any other is "
		"refused" },
	{ "server", "proxies", CONFIG_LIST, "", NULL, NULL, NULL,
		"networks (10.0.0.0/8, ::1) of proxies whose word about who they come for is "
		"taken: X-Forwarded-For, -Proto and -Host, Forwarded, and at every port the PROXY "
		"protocol; empty: this very machine's, in HTTP header fields only" },
	{ "server", "data", CONFIG_TEXT, "data", NULL, NULL, NULL,
		"the folder that holds everything: databases, blobs, certificates" },
	{ "server", "nodes", CONFIG_CHOICE, "one", NULL, NULL, "one|shared",
		"one: a second server on this data folder is refused; shared: it is not, where "
		"its INI file says so as well (to try what several nodes do, on one machine)" },
	{ "server", "lease", CONFIG_DURATION, "15s", "1s", "10m", NULL,
		"with several nodes: how long one that is not heard of keeps its streams, games "
		"and tasks before another takes them over" },
	{ "server", "log_level", CONFIG_CHOICE, "info", NULL, NULL, "debug|info|warn|error",
		"lines below this level are not written" },
	{ "server", "drain", CONFIG_DURATION, "10s", "0s", "10m", NULL,
		"how long open sessions may take to finish when the server is told to stop" },
	{ "mail", "domains", CONFIG_LIST, "", NULL, NULL, NULL,
		"the local domains: accounts are made and mail is taken for them; empty: the "
		"hostname" },
	{ "mail", "subaddress", CONFIG_CHOICE, "+", NULL, NULL, "+|-|_|=|off",
		"what begins a subaddress: name+tag@ reaches name@, where nobody has the whole as "
		"a name" },
	{ "modules", "enable", CONFIG_LIST, "auth mail video game gateway web", NULL, NULL, NULL,
		"which modules run" },
	{ "listen", "http", CONFIG_ADDRESS, "127.0.0.1:8080", NULL, NULL, NULL,
		"web, API, live video, WebSocket" },
	{ "listen", "https", CONFIG_ADDRESS, "127.0.0.1:8443", NULL, NULL, NULL,
		"the same over TLS" },
	{ "connections", "loopback_times", CONFIG_INT, "4", "1", "1000", NULL,
		"connections from this very machine (a webmail, a proxy that hides who comes, "
		"tests): as many times what one address may have" },
	{ "connections", "uploads_per_account", CONFIG_INT, "32", "0", "10000", NULL,
		"large requests over HTTP (a mail with attachments, a picture) that one account "
		"may be sending at a time, to each node where there are several; 0: any number" },
	{ "connections", "upload_bytes_per_account", CONFIG_SIZE, "128M", "0", "1T", NULL,
		"and how large they may be together, since they lie in memory (of each node); 0: "
		"any "
		"size" },
	{ "tls", "cert", CONFIG_TEXT, "", NULL, NULL, NULL,
		"certificate chain (PEM); empty: a self-signed one is made in the data folder" },
	{ "tls", "key", CONFIG_TEXT, "", NULL, NULL, NULL, "private key (PEM) of the certificate" },
	{ "acme", "directory", CONFIG_TEXT, "", NULL, NULL, NULL,
		"URL of a certificate authority, and certificates come by themselves (RFC 8555): "
		"https://acme-v02.api.letsencrypt.org/directory; empty: none is asked" },
	{ "acme", "email", CONFIG_TEXT, "", NULL, NULL, NULL,
		"where the authority writes when something is wrong; empty: nowhere" },
	{ "acme", "agree", CONFIG_BOOL, "no", NULL, NULL, NULL,
		"yes: its terms of service are agreed to; without that there is no certificate" },
	{ "acme", "challenge", CONFIG_CHOICE, "auto", NULL, NULL, "auto|http-01|tls-alpn-01",
		"how it sees that a name leads here: at port 80, which must lead to [listen] http, "
		"or at 443, to https; auto: one way, and if that fails the other" },
	{ "acme", "ca", CONFIG_TEXT, "", NULL, NULL, NULL,
		"file with the authorities that the directory's own certificate is held against; "
		"empty: the system's" },
	{ "acme", "eab_kid", CONFIG_TEXT, "", NULL, NULL, NULL,
		"for authorities with customers: the key's name that they gave (external account "
		"binding)" },
	{ "acme", "eab_key", CONFIG_TEXT, "", NULL, NULL, NULL, "and that key, in base64url" },
	{ "dns", "server", CONFIG_TEXT, "", NULL, NULL, NULL,
		"the resolver that is asked, address:port; empty: those of /etc/resolv.conf" },
	{ "dns", "anchor", CONFIG_TEXT, "", NULL, NULL, NULL,
		"file with the keys that DNSSEC begins with (DS or DNSKEY records); empty: the "
		"root's" },
	{ "store", "db", CONFIG_TEXT, "", NULL, NULL, NULL,
		"URL of the SQL database; empty: SQLite in the data folder" },
	{ "store", "blob", CONFIG_TEXT, "", NULL, NULL, NULL,
		"URL of the blob store; empty: the data folder" },
	{ "store", "blob_grace", CONFIG_DURATION, "1h", "1s", "7d", NULL,
		"how long what was stored lately is safe from deletion; below some minutes for "
		"tests only" },
	{ "store", "litter_keep", CONFIG_DURATION, "30d", "0s", "3650d", NULL,
		"how long files that no blob names are kept in blob/litter before they are "
		"removed" },
	{ "store", "sweep_max", CONFIG_INT, "20", "0", "100", NULL,
		"per cent of the blobs' files that may be moved to blob/litter at a start; more is "
		"taken for a mistake: none is moved, and /healthz says so" },
	{ "store", "reserve", CONFIG_SIZE, "128M", "0", "1T", NULL,
		"room that is kept on the disk (a sixteenth of it at most) for log-ins and "
		"deleting: with less left, mail, video and uploads are refused; 0: none" },
	{ "store", "cache", CONFIG_TEXT, "", NULL, NULL, NULL,
		"URL of the shared cache; empty: memory" },
	{ "store", "bus", CONFIG_TEXT, "", NULL, NULL, NULL,
		"URL of the event bus; empty: in process" },
	{ "store", "cache_max", CONFIG_SIZE, "16M", "1M", "64G", NULL,
		"bound of the in-memory cache" },
	CONFIG_END,
};

/* A module's listeners as rows of [listen]; the rows lie in the arena. */
static void declare_listeners(struct config *c, struct arena *a, const struct hearth_module *m)
{
	size_t n = 0;
	struct config_setting *rows;

	for (const struct conn_listener *l = m->listeners; l && l->key; l++)
		n++;
	if (n == 0)
		return;
	rows = arena_zalloc(a, (n + 1) * sizeof(*rows));
	for (size_t i = 0; i < n; i++)
		rows[i] = (struct config_setting){ "listen", m->listeners[i].key, CONFIG_ADDRESS,
			m->listeners[i].address, NULL, NULL, NULL, m->listeners[i].doc };
	config_declare(c, "listen", rows);
}

/* How many connections each listener takes. */
static void declare_limits(struct config *c, struct arena *a, const struct conn_listener *listeners)
{
	for (const struct conn_listener *l = listeners; l && l->key; l++) {
		struct config_setting *rows = arena_zalloc(a, 3 * sizeof(*rows));

		rows[0] = (struct config_setting){ "connections",
			arena_printf(a, "%s_per_address", l->key), CONFIG_INT,
			arena_printf(a, "%d", l->per_peer_max), "0", "1000000", NULL,
			arena_printf(a,
				"connections to [listen] %s from one address, or one /64 of IPv6; "
				"0: any number",
				l->key) };
		rows[1] = (struct config_setting){ "connections",
			arena_printf(a, "%s_total", l->key), CONFIG_INT, "0", "0", "1000000", NULL,
			"and in all; 0: three quarters of what the process may have open" };
		config_declare(c, "connections", rows);
	}
}

void kernel_declare_settings(struct config *c, struct arena *a)
{
	config_declare(c, NULL, settings);
	declare_limits(c, a, http_listeners());
	for (const struct hearth_module *const *m = hearth_modules; *m; m++) {
		declare_listeners(c, a, *m);
		declare_limits(c, a, (*m)->listeners);
		if ((*m)->settings)
			config_declare(c, (*m)->name, (*m)->settings);
	}
}
