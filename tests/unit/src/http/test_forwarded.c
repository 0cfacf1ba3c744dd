/*
 * Who a request comes from, by what proxies say of it.
 */
#include "harness.h"

#include "hearth/arena.h"
#include "hearth/network.h"
#include "http/forwarded.h"

static const char *const trusted[] = { "10.0.0.0/8", "2001:db8:5::/48", NULL };

static struct forwarded from(struct forwarded_fields in)
{
	struct networks networks;
	struct forwarded out;

	ck_assert_ptr_null(networks_parse(trusted, &networks));
	forwarded_read(&in, &networks, &out);
	networks_clear(&networks);
	return out;
}

static struct slice text(const char *s)
{
	return s ? slice_str(s) : (struct slice){ 0 };
}

START_TEST(x_forwarded_for)
{
	static const struct {
		const char *list, *peer;
	} rows[] = {
		{ "203.0.113.9", "203.0.113.9" },
		{ "203.0.113.9:4711", "203.0.113.9" },
		{ "2001:db8::1", "2001:db8::1" },
		{ "[2001:DB8::1]:80", "2001:db8::1" },
		{ "::ffff:203.0.113.9", "203.0.113.9" },
		/* What the client itself wrote stands on the left, and is nobody's word. */
		{ "127.0.0.1, 203.0.113.9", "203.0.113.9" },
		{ "10.0.0.7, 203.0.113.9, 10.0.0.1", "203.0.113.9" },
		{ "198.51.100.1 ,203.0.113.9,10.0.0.1,2001:db8:5::1", "203.0.113.9" },
		/* All are proxies: the one that is farthest away. */
		{ "10.0.0.9, 10.0.0.1", "10.0.0.9" },
		/* Who cannot be made out ends it. */
		{ "203.0.113.9, unknown, 10.0.0.1", "10.0.0.1" },
		{ "203.0.113.9, unknown", "" },
		{ ",, 203.0.113.9 ,", "203.0.113.9" },
		{ "", "" },
		{ "evil\"", "" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct forwarded f = from((struct forwarded_fields){ .x_for = text(rows[i].list) });

		ck_assert_str_eq(f.peer, rows[i].peer);
	}
}
END_TEST

START_TEST(forwarded)
{
	static const struct {
		const char *list, *peer, *proto, *host;
	} rows[] = {
		{ "for=203.0.113.9;proto=https;host=a.example", "203.0.113.9", "https",
			"a.example" },
		{ "For=\"[2001:db8::17]:4711\";Proto=http", "2001:db8::17", "http", "" },
		{ "for=1.1.1.1;proto=https, for=203.0.113.9;proto=http;host=\"a:80\", for=10.0.0.1",
			"203.0.113.9", "http", "a:80" },
		{ "for=1.1.1.1, for=_hidden, for=10.0.0.1;proto=https", "10.0.0.1", "https", "" },
		{ "host=\"x,for=6.6.6.6\";for=203.0.113.9", "203.0.113.9", "", "x,for=6.6.6.6" },
		{ "for=unknown", "", "", "" },
		{ "by=10.0.0.1", "", "", "" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct forwarded f =
			from((struct forwarded_fields){ .forwarded = text(rows[i].list) });

		ck_assert_str_eq(f.peer, rows[i].peer);
		ck_assert(slice_eq(f.proto, slice_str(rows[i].proto)));
		ck_assert(slice_eq(f.host, slice_str(rows[i].host)));
	}
}
END_TEST

START_TEST(beside_the_addresses)
{
	struct forwarded f =
		from((struct forwarded_fields){ .x_for = SLICE("203.0.113.9, 10.0.0.1"),
			.x_proto = SLICE("https, http"),
			.x_host = SLICE("a.example") });

	ck_assert(slice_eq(f.proto, SLICE("https")));
	ck_assert(slice_eq(f.host, SLICE("a.example")));
	f = from((struct forwarded_fields){ .x_proto = SLICE("https") });
	ck_assert(slice_eq(f.proto, SLICE("https")));
	/* A proxy that writes the one field passes the other on as it came. */
	f = from((struct forwarded_fields){
		.x_for = SLICE("203.0.113.9"), .forwarded = SLICE("for=6.6.6.6;proto=https") });
	ck_assert_str_eq(f.peer, "203.0.113.9");
	ck_assert_uint_eq(f.proto.n, 0);
}
END_TEST

TEST_MAIN("forwarded", x_forwarded_for, forwarded, beside_the_addresses)
