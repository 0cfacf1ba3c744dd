/*
 * network.c: networks in the INI file, "10.0.0.0/8" or a single address, and whether an address is
 * in one of them. An IPv4 address is looked at as the IPv6 address it is mapped to. Pure.
 */
#include "hearth/network.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>

#define BITS      128
#define IPV4_BITS 96 /* of the mapped form are the same for all of them */

bool address_bytes(struct slice text, unsigned char out[ADDRESS_BYTES])
{
	static const unsigned char mapped[12] = { [10] = 0xFF, [11] = 0xFF };
	char copy[INET6_ADDRSTRLEN];

	if (text.n == 0 || text.n >= sizeof(copy))
		return false;
	snprintf(copy, sizeof(copy), "%.*s", SLICE_ARG(text));
	memcpy(out, mapped, sizeof(mapped));
	return inet_pton(AF_INET, copy, out + sizeof(mapped)) == 1 ||
	       inet_pton(AF_INET6, copy, out) == 1;
}

void address_show(const unsigned char bytes[ADDRESS_BYTES], char out[64])
{
	struct in6_addr v6;

	memcpy(&v6, bytes, sizeof(v6));
	if (IN6_IS_ADDR_V4MAPPED(&v6))
		inet_ntop(AF_INET, bytes + 12, out, 64);
	else
		inet_ntop(AF_INET6, bytes, out, 64);
}

bool network_parse(struct slice text, struct network *out)
{
	struct slice rest = text, address = slice_split(&rest, '/');
	unsigned offset = slice_chr(address, ':') < 0 ? IPV4_BITS : 0;
	uint64_t bits = BITS - offset;

	if (!address_bytes(address, out->bytes))
		return false;
	if (rest.p && slice_u64(rest, BITS - offset, &bits) < 0)
		return false;
	out->bits = (unsigned)bits + offset;
	return true;
}

static bool has(const struct network *n, const unsigned char *address)
{
	unsigned whole = n->bits / 8, rest = n->bits % 8;

	if (memcmp(n->bytes, address, whole) != 0)
		return false;
	return rest == 0 || ((n->bytes[whole] ^ address[whole]) >> (8 - rest)) == 0;
}

bool networks_have(const struct networks *n, const char *address)
{
	unsigned char bytes[ADDRESS_BYTES];

	if (!address_bytes(slice_str(address), bytes))
		return false;
	for (size_t i = 0; i < n->count; i++)
		if (has(&n->items[i], bytes))
			return true;
	return false;
}

bool address_is_private(const char *text)
{
	static const char *const blocks[] = { "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10",
		"127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24",
		"192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24",
		"203.0.113.0/24", "224.0.0.0/3" };
	static const unsigned char nat64[12] = { 0x00, 0x64, 0xFF, 0x9B };
	unsigned char a[ADDRESS_BYTES];
	struct in6_addr v6;
	struct network n;

	if (!address_bytes(slice_str(text), a))
		return true;
	memcpy(&v6, a, sizeof(v6));
	if (memcmp(a, nat64, sizeof(nat64)) == 0) {
		a[10] = a[11] = 0xFF;
		memset(a, 0, 10);
	} else if (a[0] == 0x20 && a[1] == 0x02) { /* 6to4 (RFC 3056) */
		memmove(a + 12, a + 2, 4);
		memset(a, 0, 10);
		a[10] = a[11] = 0xFF;
	} else if (!IN6_IS_ADDR_V4MAPPED(&v6)) {
		/* 2000::/3 is what is given out; in it are Teredo and documentation. */
		return (a[0] & 0xE0) != 0x20 ||
		       (a[0] == 0x20 && a[1] == 0x01 && a[2] == 0 && a[3] == 0) ||
		       (a[0] == 0x20 && a[1] == 0x01 && a[2] == 0x0D && a[3] == 0xB8);
	}
	for (size_t i = 0; i < sizeof(blocks) / sizeof(blocks[0]); i++)
		if (network_parse(slice_str(blocks[i]), &n) && has(&n, a))
			return true;
	return false;
}

struct slice network_of(const char *address, size_t v4, size_t v6, unsigned char out[ADDRESS_BYTES])
{
	struct in6_addr v;

	if (!address_bytes(slice_str(address), out))
		return slice_of(out, 0);
	memcpy(&v, out, sizeof(v));
	return IN6_IS_ADDR_V4MAPPED(&v) ? slice_of(out + 12, v4) : slice_of(out, v6);
}

const char *networks_parse(const char *const *texts, struct networks *out)
{
	size_t n = 0;

	while (texts[n])
		n++;
	*out = (struct networks){ .items = mem_zalloc((n + 1) * sizeof(*out->items)) };
	for (; *texts; texts++)
		if (!network_parse(slice_str(*texts), &out->items[out->count++])) {
			networks_clear(out);
			return *texts;
		}
	return NULL;
}

void networks_clear(struct networks *n)
{
	free(n->items);
	*n = (struct networks){ 0 };
}
