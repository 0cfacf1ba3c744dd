/*
 * proxy_header.c: the two forms of the PROXY protocol (haproxy.org, proxy-protocol.txt), version 1
 * a line of text and version 2 binary, read from what is there so far. Pure; a header has at most
 * PROXY_HEADER_MAX bytes.
 */
#include "net/proxy_header.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>

#include "hearth/network.h"

#define V1_MAX    107 /* bytes with the line end (section 2.1) */
#define V2_FIXED  16
#define SIGNATURE "\r\n\r\n\0\r\nQUIT\n"

enum { COMMAND_LOCAL = 0x20, COMMAND_PROXY = 0x21 };
enum { FAMILY_TCP4 = 0x11, FAMILY_TCP6 = 0x21 };
enum { TLV_SSL = 0x20, SSL_CLIENT = 0x01 };

/* Whether `in` and `start` are the same as far as both go. */
static bool agrees(struct slice in, struct slice start)
{
	return slice_eq(slice_head(in, start.n), slice_head(start, in.n));
}

/* ---- version 1 ---- */

static bool take_address(struct slice *rest, bool v6, char out[64])
{
	struct slice word = slice_split(rest, ' ');
	unsigned char bytes[ADDRESS_BYTES];

	if (!address_bytes(word, bytes) || (slice_chr(word, ':') >= 0) != v6)
		return false;
	snprintf(out, 64, "%.*s", SLICE_ARG(word));
	return true;
}

static bool take_port(struct slice *rest, int *out)
{
	struct slice word = slice_split(rest, ' ');
	uint64_t port;

	if (!word.p || slice_u64(word, 65535, &port) < 0)
		return false;
	*out = (int)port;
	return true;
}

static bool read_line(struct slice line, struct proxy_header *out)
{
	struct slice rest = slice_skip(line, 6), family = slice_split(&rest, ' ');
	bool v6 = slice_eq(family, SLICE("TCP6"));

	if (slice_eq(family, SLICE("UNKNOWN")))
		return true;
	out->known = (v6 || slice_eq(family, SLICE("TCP4"))) &&
		     take_address(&rest, v6, out->peer) && take_address(&rest, v6, out->local) &&
		     take_port(&rest, &out->peer_port) && take_port(&rest, &out->local_port) &&
		     !rest.p;
	return out->known;
}

static enum proxy_event read_v1(struct slice in, struct proxy_header *out, size_t *used)
{
	ptrdiff_t end = slice_find(slice_head(in, V1_MAX), SLICE("\r\n"));

	if (end < 0)
		return in.n < V1_MAX ? PROXY_MORE : PROXY_WRONG;
	*used = (size_t)end + 2;
	return read_line(slice_head(in, (size_t)end), out) ? PROXY_DONE : PROXY_WRONG;
}

/* ---- version 2 ---- */

static unsigned byte_at(struct slice s, size_t i)
{
	return (unsigned char)s.p[i];
}

static unsigned number_at(struct slice s, size_t i)
{
	return byte_at(s, i) << 8 | byte_at(s, i + 1);
}

/* Source and destination, `n` bytes each, and their ports; false when they are not all there. */
static bool read_addresses(struct slice body, int family, size_t n, struct proxy_header *out)
{
	if (body.n < 2 * n + 4)
		return false;
	inet_ntop(family, body.p, out->peer, sizeof(out->peer));
	inet_ntop(family, body.p + n, out->local, sizeof(out->local));
	out->peer_port = (int)number_at(body, 2 * n);
	out->local_port = (int)number_at(body, 2 * n + 2);
	out->known = true;
	return true;
}

/* What follows the addresses; false when a length is wrong. */
static bool read_tlvs(struct slice rest, struct proxy_header *out)
{
	while (rest.n) {
		size_t n = rest.n < 3 ? rest.n : number_at(rest, 1);

		if (rest.n < 3 || n > rest.n - 3)
			return false;
		if (byte_at(rest, 0) == TLV_SSL && n > 0)
			out->tls = byte_at(rest, 3) & SSL_CLIENT;
		rest = slice_skip(rest, 3 + n);
	}
	return true;
}

static enum proxy_event read_v2(struct slice in, struct proxy_header *out, size_t *used)
{
	struct slice body;
	unsigned command, family;
	size_t n;

	if (in.n < V2_FIXED)
		return PROXY_MORE;
	command = byte_at(in, 12);
	family = byte_at(in, 13);
	n = number_at(in, 14);
	if ((command != COMMAND_LOCAL && command != COMMAND_PROXY) ||
		V2_FIXED + n > PROXY_HEADER_MAX)
		return PROXY_WRONG;
	if (in.n < V2_FIXED + n)
		return PROXY_MORE;
	*used = V2_FIXED + n;
	body = slice_head(slice_skip(in, V2_FIXED), n);
	if (command == COMMAND_LOCAL || (family != FAMILY_TCP4 && family != FAMILY_TCP6))
		return PROXY_DONE;
	n = family == FAMILY_TCP4 ? 4 : 16;
	if (!read_addresses(body, n == 4 ? AF_INET : AF_INET6, n, out) ||
		!read_tlvs(slice_skip(body, 2 * n + 4), out))
		return PROXY_WRONG;
	return PROXY_DONE;
}

enum proxy_event proxy_header_read(struct slice in, struct proxy_header *out, size_t *used)
{
	static const struct slice v1 = { "PROXY ", 6 }, v2 = { SIGNATURE, sizeof(SIGNATURE) - 1 };

	*out = (struct proxy_header){ 0 };
	*used = 0;
	if (!agrees(in, v1) && !agrees(in, v2))
		return PROXY_NONE;
	if (in.n >= v1.n && agrees(in, v1))
		return read_v1(in, out, used);
	return in.n >= v2.n ? read_v2(in, out, used) : PROXY_MORE;
}
