/*
 * The PROXY protocol's headers, versions 1 and 2, whole and split at every byte; networks.
 */
#include "harness.h"

#include "hearth/arena.h"
#include "hearth/network.h"
#include "net/proxy_header.h"

#define SIGNATURE "\r\n\r\n\0\r\nQUIT\n"
#define V2(text)  slice_of(SIGNATURE text, sizeof(SIGNATURE text) - 1)
#define V1(text)  slice_of(text, sizeof(text) - 1)

/* What is said of the whole; of each part before `decided` bytes: more is needed. */
static struct proxy_header ck_read(struct slice in, enum proxy_event expected, size_t header_n)
{
	struct proxy_header out, part;
	size_t used, n = 0;

	ck_assert_int_eq(proxy_header_read(in, &out, &used), expected);
	if (expected == PROXY_DONE)
		ck_assert_uint_eq(used, header_n);
	/* From some byte on it is decided, and stays so. */
	while (n < in.n && proxy_header_read(slice_head(in, n), &part, &used) == PROXY_MORE)
		n++;
	if (expected == PROXY_DONE)
		ck_assert_uint_eq(n, header_n);
	for (; n < in.n; n++)
		ck_assert_int_eq(proxy_header_read(slice_head(in, n), &part, &used), expected);
	return out;
}

static void ck_who(const struct proxy_header *h, const char *peer, int peer_port, const char *local,
	int local_port)
{
	ck_assert(h->known);
	ck_assert_str_eq(h->peer, peer);
	ck_assert_int_eq(h->peer_port, peer_port);
	ck_assert_str_eq(h->local, local);
	ck_assert_int_eq(h->local_port, local_port);
}

START_TEST(version_1)
{
	static const char four[] = "PROXY TCP4 192.0.2.1 198.51.100.7 56324 443\r\n";
	static const char six[] = "PROXY TCP6 2001:db8::1 ::1 1 65535\r\n";
	struct proxy_header h = ck_read(V1("PROXY TCP4 192.0.2.1 198.51.100.7 56324 443\r\nEHLO x"),
		PROXY_DONE, sizeof(four) - 1);

	ck_who(&h, "192.0.2.1", 56324, "198.51.100.7", 443);
	h = ck_read(
		V1("PROXY TCP6 2001:db8::1 ::1 1 65535\r\n\r\n\r\n"), PROXY_DONE, sizeof(six) - 1);
	ck_who(&h, "2001:db8::1", 1, "::1", 65535);
	h = ck_read(V1("PROXY UNKNOWN\r\nGET /"), PROXY_DONE, 15);
	ck_assert(!h.known);
	h = ck_read(V1("PROXY UNKNOWN ffff::1 ffff::2 1 2\r\n"), PROXY_DONE, 35);
	ck_assert(!h.known);
}
END_TEST

START_TEST(version_1_malformed)
{
	static const char *const wrong[] = { "PROXY TCP4 192.0.2.1 198.51.100.7 56324\r\n",
		"PROXY TCP4 192.0.2.1 198.51.100.7 56324 443 1\r\n",
		"PROXY TCP4 192.0.2.256 198.51.100.7 56324 443\r\n",
		"PROXY TCP4 2001:db8::1 ::1 56324 443\r\n",
		"PROXY TCP6 192.0.2.1 192.0.2.2 1 2\r\n",
		"PROXY TCP4 192.0.2.1 198.51.100.7 65536 443\r\n", "PROXY \r\n", "PROXY UDP4 1\r\n",
		"PROXY TCP4  192.0.2.1 198.51.100.7 1 2\r\n" };
	char longest[200];

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		ck_read(slice_str(wrong[i]), PROXY_WRONG, 0);
	memset(longest, 'x', sizeof(longest));
	memcpy(longest, "PROXY UNKNOWN ", 14);
	ck_read(slice_of(longest, sizeof(longest)), PROXY_WRONG, 0);
}
END_TEST

START_TEST(version_2)
{
	struct proxy_header h =
		ck_read(V2("\x21\x11\x00\x0c\xc0\x00\x02\x01\xc6\x33\x64\x07\xdc\x04\x01\xbbhello"),
			PROXY_DONE, 28);

	ck_who(&h, "192.0.2.1", 56324, "198.51.100.7", 443);
	ck_assert(!h.tls);
	/* A TLV of no meaning here, and one that says TLS. */
	h = ck_read(V2("\x21\x11\x00\x18\xc0\x00\x02\x01\xc6\x33\x64\x07\xdc\x04\x01\xbb"
		       "\x04\x00\x01x\x20\x00\x05\x01\x00\x00\x00\x00"),
		PROXY_DONE, 40);
	ck_assert(h.tls);
	h = ck_read(V2("\x21\x21\x00\x24"
		       "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01"
		       "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x01"
		       "\x00\x01\xff\xff"),
		PROXY_DONE, 52);
	ck_who(&h, "2001:db8::1", 1, "::1", 65535);
	/* A health check, and a family that says nothing about TCP. */
	h = ck_read(V2("\x20\x00\x00\x00"), PROXY_DONE, 16);
	ck_assert(!h.known);
	h = ck_read(V2("\x21\x00\x00\x03zzz"), PROXY_DONE, 19);
	ck_assert(!h.known);
}
END_TEST

START_TEST(version_2_malformed)
{
	ck_read(V2("\x11\x11\x00\x0c\xc0\x00\x02\x01\xc6\x33\x64\x07\xdc\x04\x01\xbb"), PROXY_WRONG,
		0);
	ck_read(V2("\x22\x11\x00\x00"), PROXY_WRONG, 0);
	ck_read(V2("\x21\x11\x00\x0b\xc0\x00\x02\x01\xc6\x33\x64\x07\xdc\x04\x01"), PROXY_WRONG, 0);
	ck_read(V2("\x21\x11\xff\xff"), PROXY_WRONG, 0);
	ck_read(V2("\x21\x11\x00\x0e\xc0\x00\x02\x01\xc6\x33\x64\x07\xdc\x04\x01\xbb\x04\x00"),
		PROXY_WRONG, 0);
	ck_read(V2("\x21\x11\x00\x0f\xc0\x00\x02\x01\xc6\x33\x64\x07\xdc\x04\x01\xbb\x04\x00\x01"),
		PROXY_WRONG, 0);
}
END_TEST

START_TEST(no_header)
{
	ck_read(V1("GET / HTTP/1.1\r\n"), PROXY_NONE, 0);
	ck_read(V1("PROXI"), PROXY_NONE, 0);
	ck_read(V1("\r\nPROXY TCP4"), PROXY_NONE, 0);
	ck_read(V1("\x16\x03\x01"), PROXY_NONE, 0);
}
END_TEST

static bool in(const char *network, const char *address)
{
	struct network n;
	struct networks all = { &n, 1 };

	ck_assert_msg(network_parse(slice_str(network), &n), "%s", network);
	return networks_have(&all, address);
}

START_TEST(networks)
{
	static const char *const wrong[] = { "", "x", "10.0.0.0/33", "10.0.0/8", "::1/129", "::/x",
		"10.0.0.0/", "10.0.0.0/-1", "1.2.3.4/8/8" };
	static const char *const texts[] = { "10.0.0.0/8", "nonsense", NULL };
	struct networks all;
	struct network n;

	ck_assert(in("10.0.0.0/8", "10.255.0.1") && !in("10.0.0.0/8", "11.0.0.1"));
	ck_assert(in("192.0.2.128/25", "192.0.2.129") && !in("192.0.2.128/25", "192.0.2.127"));
	ck_assert(in("192.0.2.1", "192.0.2.1") && !in("192.0.2.1", "192.0.2.0"));
	ck_assert(in("0.0.0.0/0", "192.0.2.1") && !in("0.0.0.0/0", "2001:db8::1"));
	ck_assert(in("::/0", "2001:db8::1") && in("2001:db8::/31", "2001:db9::"));
	ck_assert(!in("2001:db8::/32", "2001:db9::") && !in("::1", "nonsense"));
	ck_assert(in("10.0.0.0/8", "::ffff:10.1.2.3"));
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		ck_assert_msg(!network_parse(slice_str(wrong[i]), &n), "%s", wrong[i]);
	ck_assert_str_eq(networks_parse(texts, &all), "nonsense");
}
END_TEST

TEST_MAIN("proxy_header", version_1, version_1_malformed, version_2, version_2_malformed, no_header,
	networks)
