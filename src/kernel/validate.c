/*
 * validate.c: what is wrong with a configuration although each of its rows is good by itself: names
 * that are no host names, files that are not there, two listeners at one address, a module without
 * what it needs. `hearth check` and `hearth serve` ask the same function, so that the one finds
 * what the other would refuse. Nothing is opened, made or changed.
 *
 * Left to the start alone: whether a port is taken by another program, and what is in the
 * databases. On the main thread.
 */
#include "kernel/kernel.h"

#include <errno.h>
#include <libgen.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "acme/acme.h"
#include "hearth/error.h"
#include "hearth/log.h"
#include "modules.h"
#include "net/net.h"

#define LABEL_MAX 63 /* RFC 1035 2.3.4 */
#define HOST_MAX  253

static bool is_alnum(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/* RFC 1123 2.1: labels of letters, digits and hyphens, with neither end a hyphen. */
static bool is_host_name(struct slice name)
{
	if (name.n == 0 || name.n > HOST_MAX)
		return false;
	while (name.p) {
		struct slice label = slice_split(&name, '.');

		if (label.n == 0 || label.n > LABEL_MAX || label.p[0] == '-' ||
			label.p[label.n - 1] == '-')
			return false;
		for (size_t i = 0; i < label.n; i++)
			if (!is_alnum(label.p[i]) && label.p[i] != '-')
				return false;
	}
	return true;
}

static void validate_names(const struct config *c, struct strbuf *errors)
{
	const char *hostname = config_text(c, "server", "hostname");

	if (!is_host_name(slice_str(hostname)))
		config_blame(c, "server", "hostname", errors,
			"found \"%s\", expected a host name such as mail.example.org", hostname);
	for (const char *const *d = config_list(c, "server", "hosts"); *d; d++)
		if (!is_host_name(slice_str(*d)))
			config_blame(c, "server", "hosts", errors,
				"found \"%s\", expected a host name such as www.example.org", *d);
	for (const char *const *d = config_list(c, "mail", "domains"); *d; d++)
		if (!is_host_name(slice_str(*d)))
			config_blame(c, "mail", "domains", errors,
				"found \"%s\", expected a domain such as example.org (with its "
				"letters beyond ASCII as xn--...)",
				*d);
}

static void validate_site(const struct config *c, struct strbuf *errors)
{
	const char *url = config_text(c, "server", "url"), *wrong;
	struct networks networks;
	struct url parts;

	if (*url && url_parse(slice_str(url), &parts) < 0)
		config_blame(c, "server", "url", errors,
			"found \"%s\", expected a URL without a path such as "
			"https://mail.example.org",
			url);
	wrong = networks_parse(config_list(c, "server", "proxies"), &networks);
	if (wrong)
		config_blame(c, "server", "proxies", errors,
			"found \"%s\", expected an address or a network such as 10.0.0.0/8", wrong);
	networks_clear(&networks);
}

static void validate_dns(const struct config *c, struct strbuf *errors)
{
	const char *server = config_text(c, "dns", "server"),
		   *anchor = config_text(c, "dns", "anchor");
	struct config_address at;
	unsigned char bytes[ADDRESS_BYTES];

	if (*server && (config_address_parse(slice_str(server), &at) < 0 || at.off ||
			       at.port == 0 || !address_bytes(slice_str(at.host), bytes)))
		config_blame(c, "dns", "server", errors,
			"found \"%s\", expected an address with a port such as 192.0.2.53:53",
			server);
	if (*anchor && access(anchor, R_OK) < 0)
		config_blame(c, "dns", "anchor", errors, "%s: %s", anchor, strerror(errno));
}

/* ---- files ---- */

static void validate_tls(const struct config *c, struct strbuf *errors)
{
	const char *cert = config_text(c, "tls", "cert"), *key = config_text(c, "tls", "key");
	struct strbuf why = { 0 };

	if (!*cert && !*key)
		return;
	if (!*cert || !*key)
		config_blame(c, "tls", *cert ? "key" : "cert", errors,
			"is missing: [tls] cert and key go together");
	else if (access(cert, R_OK) < 0)
		config_blame(c, "tls", "cert", errors, "%s: %s", cert, strerror(errno));
	else if (access(key, R_OK) < 0)
		config_blame(c, "tls", "key", errors, "%s: %s", key, strerror(errno));
	else if (tls_check_files(cert, key, &why) < 0)
		config_blame(c, "tls", "cert", errors, "%s", why.p);
	strbuf_free(&why);
}

/* The data folder can be written, or made. */
static void validate_data(const struct config *c, struct strbuf *errors)
{
	const char *data = config_text(c, "server", "data");
	char *copy = mem_strdup(slice_str(data));
	struct stat st;

	if (!*data)
		config_blame(c, "server", "data", errors, "is empty: name a folder");
	else if (stat(data, &st) == 0 && !S_ISDIR(st.st_mode))
		config_blame(c, "server", "data", errors, "%s is no folder", data);
	else if (access(data, F_OK) == 0 && access(data, R_OK | W_OK | X_OK) < 0)
		config_blame(c, "server", "data", errors, "%s: %s", data, strerror(errno));
	else if (access(data, F_OK) < 0 && access(dirname(copy), W_OK | X_OK) < 0)
		config_blame(c, "server", "data", errors,
			"%s cannot be made: its parent folder is not there or cannot be written",
			data);
	free(copy);
}

/* ---- listeners ---- */

/* A listener that is on. */
struct open_row {
	const char *key;
	struct config_address at;
};

static size_t list_open_rows(const struct hearth *h, struct open_row *rows)
{
	size_t n = 0;

	rows[n++] = (struct open_row){ "http", config_address(h->config, "listen", "http") };
	rows[n++] = (struct open_row){ "https", config_address(h->config, "listen", "https") };
	for (int i = 0; i < h->module_count; i++)
		for (const struct conn_listener *l = h->modules[i]->listeners; l && l->key; l++) {
			INVARIANT(n < KERNEL_LISTENERS_MAX);
			rows[n++] = (struct open_row){ l->key,
				config_address(h->config, "listen", l->key) };
		}
	return n;
}

static bool is_everywhere(const char *host)
{
	return !*host || strcmp(host, "0.0.0.0") == 0 || strcmp(host, "::") == 0;
}

/* Of one port, only one can have it at an address; every address is among "everywhere". */
static bool collide(const struct config_address *a, const struct config_address *b)
{
	if (a->off || b->off || a->port == 0 || a->port != b->port)
		return false;
	return strcmp(a->host, b->host) == 0 || is_everywhere(a->host) || is_everywhere(b->host);
}

static void validate_listeners(const struct hearth *h, struct strbuf *errors)
{
	struct open_row rows[KERNEL_LISTENERS_MAX];
	size_t n = list_open_rows(h, rows);

	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < i; k++)
			if (collide(&rows[i].at, &rows[k].at))
				config_blame(h->config, "listen", rows[i].key, errors,
					"port %d is that of %s already: give each its own, or turn "
					"one off",
					rows[i].at.port, rows[k].key);
}

/* ---- modules ---- */

static bool names(const char *const *list, const char *name)
{
	for (; list && *list; list++)
		if (strcmp(*list, name) == 0)
			return true;
	return false;
}

/* The module of this build that offers a service, or NULL. */
static const struct hearth_module *who_offers(const char *service)
{
	for (const struct hearth_module *const *m = hearth_modules; *m; m++)
		if (names((*m)->offers, service))
			return *m;
	return NULL;
}

static bool is_offered(const struct hearth *h, const char *service)
{
	for (int i = 0; i < h->module_count; i++)
		if (names(h->modules[i]->offers, service))
			return true;
	return false;
}

static void validate_modules(const struct hearth *h, struct strbuf *errors)
{
	for (int i = 0; i < h->module_count; i++) {
		const struct hearth_module *m = h->modules[i];

		for (const char *const *need = m->needs; need && *need; need++) {
			const struct hearth_module *who = who_offers(*need);

			if (!is_offered(h, *need))
				config_blame(h->config, "modules", "enable", errors,
					"%s needs the module %s: enable both, or neither", m->name,
					who ? who->name : *need);
		}
		if (m->validate)
			m->validate(h->config, errors);
	}
}

int kernel_validate(const struct hearth *h, struct strbuf *errors)
{
	size_t before = errors->n;

	validate_names(h->config, errors);
	validate_site(h->config, errors);
	validate_dns(h->config, errors);
	validate_data(h->config, errors);
	validate_tls(h->config, errors);
	acme_validate(h->config, errors);
	validate_listeners(h, errors);
	validate_modules(h, errors);
	return errors->n > before ? HEARTH_EINVAL : 0;
}
