/*
 * TLSA records (RFC 6698, 7672): which can be used; read at every length a record may be cut at.
 */
#include "harness.h"
#include "policy/tlsa.h"

#define DIGEST "0123456789abcdef0123456789abcdef"

static struct tlsa_set *read_records(struct slice *rdata, size_t n)
{
	struct dns_answer a = { .status = DNS_FOUND, .secure = true, .count = n, .rdata = rdata };

	return tlsa_read(&a, "mx.example.org");
}

START_TEST(those_that_can_be_used_come_first)
{
	static const struct {
		struct slice rdata;
		bool usable;
	} rows[] = {
		{ SLICE("\0\1\1" DIGEST), false }, /* PKIX-TA */
		{ SLICE("\3\1\1" DIGEST), true },
		{ SLICE("\1\1\1" DIGEST), false }, /* PKIX-EE */
		{ SLICE("\2\0\1" DIGEST), true },
		{ SLICE("\3\1\2" DIGEST), false }, /* too short for SHA-512 */
		{ SLICE("\3\1\2" DIGEST DIGEST), true },
		{ SLICE("\3\2\1" DIGEST), false },
		{ SLICE("\3\1\3" DIGEST), false },
		{ SLICE("\3\0\0x"), true },
		{ SLICE("\3\0"), false },
		{ SLICE("\377\1\1" DIGEST), false },
	};
	struct slice rdata[sizeof(rows) / sizeof(rows[0])];
	struct strbuf text = { 0 };
	struct tlsa_set *s;
	size_t usable = 0;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		rdata[i] = rows[i].rdata;
		usable += rows[i].usable;
	}
	s = read_records(rdata, sizeof(rows) / sizeof(rows[0]));
	ck_assert_uint_eq(s->count, sizeof(rows) / sizeof(rows[0]));
	ck_assert_uint_eq(s->usable, usable);
	ck_assert_str_eq(s->base, "mx.example.org");
	for (size_t i = 0; i < s->count; i++)
		if (i < usable)
			ck_assert(s->records[i].usage == 2 || s->records[i].usage == 3);
	tlsa_write(&text, &s->records[3]);
	ck_assert_str_eq(text.p, "3 0 0 78");
	strbuf_free(&text);
	tlsa_unref(&s);
	ck_assert_ptr_null(s);
}
END_TEST

START_TEST(cut_anywhere_and_many)
{
	static const char whole[] = "\3\1\1" DIGEST;
	struct slice many[TLSA_RECORDS_MAX + 5];
	static char large[TLSA_BYTES_MAX] = "\3\0\0";
	struct tlsa_set *s;

	for (size_t n = 0; n < sizeof(whole) - 1; n++) {
		struct slice rdata = slice_of(whole, n);

		s = read_records(&rdata, 1);
		ck_assert(s->count == 1 && s->usable == 0);
		tlsa_unref(&s);
	}
	for (size_t i = 0; i < TLSA_RECORDS_MAX + 5; i++)
		many[i] = slice_of(large, sizeof(large));
	s = read_records(many, TLSA_RECORDS_MAX + 5);
	ck_assert_uint_eq(s->count, TLSA_RECORDS_MAX);
	ck_assert_uint_eq(s->usable, 1); /* there is room for one of that size */
	tlsa_unref(&s);
}
END_TEST

START_TEST(where_they_stand)
{
	char name[DNS_NAME_MAX + 1], host[DNS_NAME_MAX + 1];

	ck_assert(tlsa_name(name, "mx.example.org", 25));
	ck_assert_str_eq(name, "_25._tcp.mx.example.org");
	memset(host, 'a', DNS_NAME_MAX);
	host[DNS_NAME_MAX] = '\0';
	ck_assert(!tlsa_name(name, host, 25));
}
END_TEST

TEST_MAIN("tlsa", those_that_can_be_used_come_first, cut_anywhere_and_many, where_they_stand)
