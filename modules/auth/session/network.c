/*
 * network.c: from an address to its network (network.h). Pure; any thread.
 */
#include "session/network.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

void auth_network(const char *peer, char out[AUTH_NETWORK_MAX])
{
	char bare[AUTH_NETWORK_MAX], text[INET6_ADDRSTRLEN];
	struct in6_addr six;

	snprintf(bare, sizeof(bare), "%s", peer);
	bare[strcspn(bare, "%")] = 0; /* the interface of a link-local address */
	if (inet_pton(AF_INET6, bare, &six) != 1) {
		snprintf(out, AUTH_NETWORK_MAX, "%s", bare);
	} else if (IN6_IS_ADDR_V4MAPPED(&six)) {
		inet_ntop(AF_INET, six.s6_addr + 12, text, sizeof(text));
		snprintf(out, AUTH_NETWORK_MAX, "%s", text);
	} else {
		memset(six.s6_addr + 8, 0, 8);
		inet_ntop(AF_INET6, &six, text, sizeof(text));
		snprintf(out, AUTH_NETWORK_MAX, "%s/64", text);
	}
}
