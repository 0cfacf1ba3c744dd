/*
 * url.c: where people open the page: for the ready line's kin, links that are sent to somebody.
 *
 * A command knows the INI file and what it was told itself; the server beside it may have been told
 * otherwise (--set), or have got its port from the system. So the server writes where it is into
 * the file "url" of the data folder, and holds a lock on that file for as long as it runs: commands
 * go by what is there while somebody has the lock, and by their configuration else. On the loop's
 * thread, and in commands.
 */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "hearth/log.h"
#include "kernel/kernel.h"
#include "net/net.h"

#define HTTPS_PORT 443
#define URL_MAX    1024 /* bytes of the file that are looked at */

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
static void add_own_url(const struct hearth *h, struct strbuf *out)
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

static int open_told(const struct hearth *h, int flags)
{
	struct strbuf path = { 0 };
	int fd;

	strbuf_printf(&path, "%s/url", hearth_data_dir(h));
	fd = open(path.p, flags | O_CLOEXEC | O_NOFOLLOW, 0600);
	strbuf_free(&path);
	return fd;
}

/*
 * Each server of the folder (several with [server] nodes = shared) has a lock for reading. Whether
 * somebody has one is asked for without taking any, so that no start finds it taken by a command.
 */
static struct flock whole_file(short type)
{
	return (struct flock){ .l_type = type, .l_whence = SEEK_SET };
}

/* What a server that runs on the data folder now says of itself; false when none does. */
static bool add_told_url(const struct hearth *h, struct strbuf *out)
{
	struct flock lock = whole_file(F_WRLCK);
	int fd = open_told(h, O_RDWR);
	char text[URL_MAX];
	struct url url;
	ssize_t n = -1;

	if (fd < 0)
		return false;
	if (fcntl(fd, F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK)
		n = pread(fd, text, sizeof(text), 0);
	close(fd);
	if (n <= 0 || url_parse(slice_trim(slice_of(text, (size_t)n)), &url) < 0)
		return false;
	strbuf_printf(out, "%.*s/", SLICE_ARG(url.base));
	return true;
}

void hearth_url(const struct hearth *h, struct strbuf *out)
{
	if (h->lock_fd >= 0 || !add_told_url(h, out))
		add_own_url(h, out);
}

void kernel_tell_url(struct hearth *h)
{
	struct flock lock = whole_file(F_RDLCK);
	struct strbuf text = { 0 };

	add_own_url(h, &text);
	strbuf_adds(&text, "\n");
	h->url_fd = open_told(h, O_RDWR | O_CREAT);
	if (h->url_fd < 0 || fcntl(h->url_fd, F_OFD_SETLK, &lock) < 0 ||
		ftruncate(h->url_fd, 0) < 0 ||
		pwrite(h->url_fd, text.p, text.n, 0) != (ssize_t)text.n)
		log_warn("kernel", "cannot write the file with the page's URL, which commands read",
			"why", "%s", strerror(errno), NULL);
	strbuf_free(&text);
}
