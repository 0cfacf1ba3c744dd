/*
 * network.c: networks in the INI file, "10.0.0.0/8" or a single address, and whether an address is
 * in one of them. An IPv4 address is looked at as the IPv6 address it is mapped to. Pure.
 */
#include "net/network.h"

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
