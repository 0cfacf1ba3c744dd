/*
 * address.c: addresses as text, and what a host in the INI file stands for. Pure, but for looking a
 * host up, which is done on the main thread at the start.
 */
#include "net/net.h"

#include "hearth/error.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>

void address_text(const struct sockaddr *a, char out[64], int *port)
{
	out[0] = '\0';
	*port = 0;
	if (a->sa_family == AF_INET) {
		const struct sockaddr_in *v4 = (const struct sockaddr_in *)a;

		inet_ntop(AF_INET, &v4->sin_addr, out, 64);
		*port = ntohs(v4->sin_port);
	} else if (a->sa_family == AF_INET6) {
		const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)a;

		if (IN6_IS_ADDR_V4MAPPED(&v6->sin6_addr))
			inet_ntop(AF_INET, &v6->sin6_addr.s6_addr[12], out, 64);
		else
			inet_ntop(AF_INET6, &v6->sin6_addr, out, 64);
		*port = ntohs(v6->sin6_port);
	}
}

bool address_is_loopback(const char *text)
{
	return slice_starts(slice_str(text), SLICE("127.")) || strcmp(text, "::1") == 0;
}

/* Appends what getaddrinfo says about one name or literal. */
static int add(const char *host, int family, int port, struct sockaddr_storage *out, int max,
	int count, struct strbuf *why)
{
	struct addrinfo hints = {
		.ai_family = family,
		.ai_socktype = SOCK_STREAM,
		.ai_flags = AI_PASSIVE | AI_NUMERICSERV,
	};
	struct addrinfo *list = NULL;
	char service[16];
	int rc;

	snprintf(service, sizeof(service), "%d", port);
	rc = getaddrinfo(host, service, &hints, &list);
	if (rc != 0) {
		strbuf_printf(
			why, "no address for \"%s\": %s", host ? host : "*", gai_strerror(rc));
		return HEARTH_EINVAL;
	}
	for (struct addrinfo *a = list; a && count < max; a = a->ai_next)
		memcpy(&out[count++], a->ai_addr, a->ai_addrlen);
	freeaddrinfo(list);
	return count;
}

int address_resolve(
	const char *host, int port, struct sockaddr_storage *out, int max, struct strbuf *why)
{
	bool both = host[0] == '\0', local = strcmp(host, "localhost") == 0;
	int count;

	if (!both && !local)
		return add(host, AF_UNSPEC, port, out, max, 0, why);
	/* Not left to the system's files: they may lack one of the two. */
	count = add(both ? NULL : "127.0.0.1", AF_INET, port, out, max, 0, why);
	return count < 0 ? count : add(both ? NULL : "::1", AF_INET6, port, out, max, count, why);
}
