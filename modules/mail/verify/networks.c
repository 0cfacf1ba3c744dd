/*
 * networks.c: see networks.h. Pure. IPv4 within IPv6 (::ffff:192.0.2.1) is IPv4.
 */
#include "verify/networks.h"

#include <arpa/inet.h>
#include <stdio.h>

struct ip {
	unsigned char bytes[16];
	bool v6;
};

static bool read_ip(struct slice text, struct ip *ip)
{
	static const unsigned char mapped[12] = { [10] = 0xff, [11] = 0xff };
	char copy[INET6_ADDRSTRLEN];

	if (text.n == 0 || text.n >= sizeof(copy))
		return false;
	snprintf(copy, sizeof(copy), "%.*s", SLICE_ARG(text));
	ip->v6 = inet_pton(AF_INET, copy, ip->bytes) != 1;
	if (ip->v6 && inet_pton(AF_INET6, copy, ip->bytes) != 1)
		return false;
	if (ip->v6 && memcmp(ip->bytes, mapped, sizeof(mapped)) == 0) {
		memmove(ip->bytes, ip->bytes + 12, 4);
		ip->v6 = false;
	}
	return true;
}

static bool read_network(struct slice text, struct ip *ip, unsigned *bits)
{
	struct slice rest = text, address = slice_split(&rest, '/');
	uint64_t n;

	if (!read_ip(address, ip))
		return false;
	*bits = ip->v6 ? 128 : 32;
	if (!rest.p)
		return true;
	if (slice_u64(rest, *bits, &n) < 0)
		return false;
	*bits = (unsigned)n;
	return true;
}

bool network_is_good(struct slice network)
{
	struct ip ip;
	unsigned bits;

	return read_network(network, &ip, &bits);
}

bool network_has(struct slice network, const char *address)
{
	struct ip n, a;
	unsigned bits, whole, mask;

	if (!read_network(network, &n, &bits) || !read_ip(slice_str(address), &a) || n.v6 != a.v6)
		return false;
	whole = bits / 8;
	mask = 0xffu << (8 - bits % 8) & 0xff;
	return memcmp(n.bytes, a.bytes, whole) == 0 &&
	       (bits % 8 == 0 || ((n.bytes[whole] ^ a.bytes[whole]) & mask) == 0);
}

uint64_t network_of(const char *address)
{
	struct ip ip;
	uint64_t n = 1; /* what is no address has a number as well */

	if (read_ip(slice_str(address), &ip))
		for (unsigned i = 0; i < (ip.v6 ? 6 : 3); i++)
			n = n << 8 | ip.bytes[i];
	return n;
}
