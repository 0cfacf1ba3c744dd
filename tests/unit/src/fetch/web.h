/*
 * web.h: a web server for tests, in threads of its own, that answers by the path: rightly, slowly,
 * hugely, by half, sending on; in clear, or over TLS with a self-signed certificate.
 */
#ifndef HEARTH_TESTS_WEB_H
#define HEARTH_TESTS_WEB_H

#include "harness.h"

#include <arpa/inet.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static int web_port;
static atomic_int web_taken;   /* connections */
static SSL_CTX *web_tls;       /* NULL: in clear */
static char web_elsewhere[96]; /* where /elsewhere sends */

struct web_peer {
	int fd;
	SSL *ssl;
};

static inline int web_read(struct web_peer *p, char *to, int n)
{
	return p->ssl ? SSL_read(p->ssl, to, n) : (int)recv(p->fd, to, (size_t)n, 0);
}

static inline int web_write(struct web_peer *p, const char *text, size_t n)
{
	return p->ssl ? SSL_write(p->ssl, text, (int)n) : (int)send(p->fd, text, n, MSG_NOSIGNAL);
}

static inline void web_say(struct web_peer *p, const char *text)
{
	web_write(p, text, strlen(text));
}

/* Until the other side has had enough. */
static inline void web_flood(struct web_peer *p, const char *piece, int pause_us)
{
	while (web_write(p, piece, strlen(piece)) > 0)
		if (pause_us)
			usleep((useconds_t)pause_us);
}

static inline void web_echo(struct web_peer *p, const char *request)
{
	char head[128];

	snprintf(head, sizeof(head), "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n",
		strlen(request));
	web_say(p, head);
	web_say(p, request);
}

static inline void web_send_on(struct web_peer *p, int status, const char *to)
{
	char head[256];

	snprintf(head, sizeof(head), "HTTP/1.1 %d Go\r\nLocation: %s\r\nContent-Length: 0\r\n\r\n",
		status, to);
	web_say(p, head);
}

/* False: the connection has served its time. */
static inline int web_answer(struct web_peer *p, const char *request, const char *path)
{
	if (strcmp(path, "/ok") == 0)
		web_say(p, "HTTP/1.1 200 OK\r\nX-Say: one\r\nx-say:  two \r\n"
			   "Content-Length: 5\r\n\r\nhello");
	else if (strcmp(path, "/echo") == 0)
		web_echo(p, request);
	else if (strcmp(path, "/round") == 0)
		web_send_on(p, 302, "/round");
	else if (strcmp(path, "/see") == 0)
		web_send_on(p, 303, "echo#part");
	else if (strcmp(path, "/same") == 0)
		web_send_on(p, 307, "/echo");
	else if (strcmp(path, "/elsewhere") == 0)
		web_send_on(p, 307, web_elsewhere);
	else if (strcmp(path, "/file") == 0)
		web_send_on(p, 302, "file:///etc/passwd");
	else {
		if (strcmp(path, "/half") == 0)
			web_say(p, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf");
		else if (strcmp(path, "/garbage") == 0)
			web_say(p, "220 mail.example.org ESMTP\r\n\r\n");
		else if (strcmp(path, "/slow") == 0) {
			web_say(p, "HTTP/1.1 200 OK\r\n\r\n");
			web_flood(p, ".", 50000);
		} else if (strcmp(path, "/huge") == 0) {
			web_say(p, "HTTP/1.1 200 OK\r\n\r\n");
			web_flood(p, "................................................", 0);
		} else if (strcmp(path, "/heads") == 0) {
			web_say(p, "HTTP/1.1 200 OK\r\n");
			web_flood(p, "X-Filler: ......................................\r\n", 0);
		}
		return 0;
	}
	return 1;
}

static inline void *web_serve(void *arg)
{
	struct web_peer p = { .fd = (int)(intptr_t)arg };
	char request[4096], path[64];
	int n = 0, got;

	if (web_tls) {
		p.ssl = SSL_new(web_tls);
		SSL_set_fd(p.ssl, p.fd);
	}
	while ((!p.ssl || n > 0 || SSL_accept(p.ssl) == 1) &&
		(got = web_read(&p, request + n, (int)sizeof(request) - 1 - n)) > 0) {
		char *end, *length;

		n += got;
		request[n] = '\0';
		end = strstr(request, "\r\n\r\n");
		length = strstr(request, "Content-Length: ");
		if (!end || (length && (int)strlen(end + 4) < (int)strtol(length + 16, NULL, 10)))
			continue;
		if (sscanf(request, "%*s %63s", path) != 1 || !web_answer(&p, request, path))
			break;
		n = 0;
		if (p.ssl)
			break;
	}
	SSL_free(p.ssl);
	close(p.fd);
	return NULL;
}

static inline void *web_accept(void *arg)
{
	int listener = (int)(intptr_t)arg, fd;
	pthread_t thread;

	while ((fd = accept(listener, NULL, NULL)) >= 0) {
		atomic_fetch_add(&web_taken, 1);
		if (pthread_create(&thread, NULL, web_serve, (void *)(intptr_t)fd) != 0)
			abort();
		pthread_detach(thread);
	}
	return NULL;
}

/* A socket that listens, at any address of this machine, and its port. */
static inline int web_listen(int *fd)
{
	struct sockaddr_in v4 = { .sin_family = AF_INET };
	socklen_t n = sizeof(v4);

	*fd = socket(AF_INET, SOCK_STREAM, 0);
	ck_assert(bind(*fd, (struct sockaddr *)&v4, n) == 0 && listen(*fd, 200) == 0);
	getsockname(*fd, (struct sockaddr *)&v4, &n);
	return ntohs(v4.sin_port);
}

/* Serves until the test's process ends. */
static inline void web_start(void)
{
	pthread_t thread;
	int fd;

	web_port = web_listen(&fd);
	ck_assert_int_eq(pthread_create(&thread, NULL, web_accept, (void *)(intptr_t)fd), 0);
	pthread_detach(thread);
}

#endif
