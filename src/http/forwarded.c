/*
 * forwarded.c: reads X-Forwarded-For, X-Forwarded-Proto, X-Forwarded-Host and Forwarded (RFC 7239)
 * from behind, as far as the proxies in them are trusted. Pure; it allocates nothing, and walks
 * each field once.
 */
#include "http/forwarded.h"

#include "hearth/network.h"

#define HOPS_MAX 32 /* proxies behind each other; of more only the last are looked at */

/* The elements of a list, the last HOPS_MAX of them. */
struct hops {
	struct slice items[HOPS_MAX];
	size_t count;
};

/* Splits at `c`, but not within quotes (RFC 9110 section 5.6.4). */
static struct slice split_quoted(struct slice *rest, char c)
{
	struct slice all = *rest;
	bool quoted = false;

	for (size_t i = 0; i < all.n; i++) {
		if (quoted && all.p[i] == '\\')
			i++;
		else if (all.p[i] == '"')
			quoted = !quoted;
		else if (!quoted && all.p[i] == c) {
			*rest = slice_skip(all, i + 1);
			return slice_head(all, i);
		}
	}
	*rest = (struct slice){ 0 };
	return all;
}

static void read_list(struct slice list, struct hops *out)
{
	out->count = 0;
	while (list.p) {
		struct slice item = slice_trim(split_quoted(&list, ','));

		if (item.n == 0)
			continue;
		if (out->count == HOPS_MAX)
			memmove(out->items, out->items + 1, --out->count * sizeof(item));
		out->items[out->count++] = item;
	}
}

/* "192.0.2.1", "192.0.2.1:80", "2001:db8::1", "[2001:db8::1]:80"; false: no address. */
static bool read_node(struct slice node, char out[64])
{
	unsigned char bytes[ADDRESS_BYTES];
	ptrdiff_t colon = slice_chr(node, ':'), end;

	if (node.n && node.p[0] == '[') {
		end = slice_chr(node, ']');
		if (end < 0)
			return false;
		node = slice_head(slice_skip(node, 1), (size_t)end - 1);
	} else if (colon >= 0 && slice_chr(slice_skip(node, (size_t)colon + 1), ':') < 0) {
		node = slice_head(node, (size_t)colon);
	}
	if (!address_bytes(node, bytes))
		return false;
	address_show(bytes, out);
	return true;
}

/* A parameter of an element of Forwarded, without its quotes; empty when it is not there. */
static struct slice param(struct slice element, struct slice name)
{
	while (element.p) {
		struct slice value = slice_trim(split_quoted(&element, ';'));
		struct slice key = slice_trim(slice_split(&value, '='));

		if (!slice_ieq(key, name) || !value.p)
			continue;
		value = slice_trim(value);
		if (value.n >= 2 && value.p[0] == '"' && value.p[value.n - 1] == '"')
			value = slice_of(value.p + 1, value.n - 2);
		return slice_chr(value, '\\') < 0 ? value : (struct slice){ 0 };
	}
	return (struct slice){ 0 };
}

/*
 * Goes from the end to the client; returns its place in the list, or that of the last one who can
 * be made out. -1: nobody.
 */
static ptrdiff_t find_client(
	const struct hops *hops, bool rfc, const struct networks *trusted, char peer[64])
{
	ptrdiff_t found = -1;

	for (size_t i = hops->count; i-- > 0;) {
		struct slice node = rfc ? param(hops->items[i], SLICE("for")) : hops->items[i];
		char address[64];

		if (!read_node(node, address))
			break;
		memcpy(peer, address, sizeof(address));
		found = (ptrdiff_t)i;
		if (!networks_have(trusted, address))
			break;
	}
	return found;
}

/* What the proxy that saw the client wrote: `from_end` elements from the end, or the first. */
static struct slice beside(struct slice list, size_t from_end)
{
	struct hops hops;

	read_list(list, &hops);
	if (hops.count == 0)
		return (struct slice){ 0 };
	return hops.items[from_end < hops.count ? hops.count - 1 - from_end : 0];
}

void forwarded_read(
	const struct forwarded_fields *in, const struct networks *trusted, struct forwarded *out)
{
	bool rfc = !in->x_for.p;
	struct hops hops;
	ptrdiff_t client;
	size_t from_end = 0;

	*out = (struct forwarded){ 0 };
	read_list(rfc ? in->forwarded : in->x_for, &hops);
	client = find_client(&hops, rfc, trusted, out->peer);
	if (client >= 0)
		from_end = hops.count - 1 - (size_t)client;
	if (rfc && client >= 0) {
		out->proto = param(hops.items[client], SLICE("proto"));
		out->host = param(hops.items[client], SLICE("host"));
	}
	if (!out->proto.n)
		out->proto = beside(in->x_proto, from_end);
	if (!out->host.n)
		out->host = beside(in->x_host, from_end);
}
