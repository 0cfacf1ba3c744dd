/*
 * network.h: networks, and whether an address is in one of them; which network an address is counted with.
 * Pure, any thread.
 */
#ifndef HEARTH_NETWORK_H
#define HEARTH_NETWORK_H

#include "hearth/arena.h"

#define ADDRESS_BYTES 16 /* IPv6; IPv4 as the address it is mapped to */

struct network {
	unsigned char bytes[ADDRESS_BYTES];
	unsigned bits; /* as many of them count */
};

struct networks {
	struct network *items;
	size_t count;
};

/* An address as bytes; false when it is none. */
bool address_bytes(struct slice text, unsigned char out[ADDRESS_BYTES]);
/* The other way; one that is mapped from IPv4 as such. */
void address_show(const unsigned char bytes[ADDRESS_BYTES], char out[64]);
/* "192.0.2.0/24", "2001:db8::/32", or one address; false when it is none. */
bool network_parse(struct slice text, struct network *out);
/* A NULL-ended list; returns the first text that is no network, or NULL. The result is cleared. */
const char *networks_parse(const char *const *texts, struct networks *out);
void networks_clear(struct networks *n);
/* Whether the address is in one of them; false when it is no address. */
bool networks_have(const struct networks *n, const char *address);
/*
 * What is counted together: the first `v4` bytes of an IPv4 address (3 is a /24), or the first `v6` of an IPv6
 * one, in `out`; empty when it is none.
 */
struct slice network_of(
	const char *address, size_t v4, size_t v6, unsigned char out[ADDRESS_BYTES]);

/*
 * Whether it is not on the internet: this machine, a private network, a link, a group, or what is kept
 * for other uses (RFC 6890); also as IPv6 that leads to such an IPv4 address. What is no address is.
 */
bool address_is_private(const char *text);

#endif
