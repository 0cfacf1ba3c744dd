/*
 * TOTP: every vector of RFC 4226 Appendix D and RFC 6238 Appendix B; the window, single use, what
 * is no code, Base32 of RFC 4648 section 10, the address in the QR code.
 */
#include "factor/totp.h"

#include "harness.h"

#include "hearth/error.h"

/* RFC 6238 Appendix B, with erratum 2866: the seed is as long as the hash. */
static const struct slice seeds[] = {
	[TOTP_SHA1] = SLICE("12345678901234567890"),
	[TOTP_SHA256] = SLICE("12345678901234567890123456789012"),
	[TOTP_SHA512] = SLICE("1234567890123456789012345678901234567890123456789012345678901234"),
};

START_TEST(rfc_4226_appendix_d)
{
	static const char *const codes[] = { "755224", "287082", "359152", "969429", "338314",
		"254676", "287922", "162583", "399871", "520489" };
	static const char *const decimals[] = { "84755224", "94287082", "37359152", "26969429",
		"40338314", "68254676", "18287922", "82162583", "73399871", "45520489" };
	char code[TOTP_DIGITS_MAX + 1];

	for (uint64_t i = 0; i < 10; i++) {
		totp_code(TOTP_SHA1, seeds[TOTP_SHA1], i, 6, code);
		ck_assert_str_eq(code, codes[i]);
		totp_code(TOTP_SHA1, seeds[TOTP_SHA1], i, 8, code);
		ck_assert_str_eq(code, decimals[i]);
	}
}
END_TEST

START_TEST(rfc_6238_appendix_b)
{
	static const struct {
		int64_t time;
		int64_t step;
		const char *codes[3]; /* SHA-1, SHA-256, SHA-512 */
	} vectors[] = {
		{ 59, 0x1, { "94287082", "46119246", "90693936" } },
		{ 1111111109, 0x23523EC, { "07081804", "68084774", "25091201" } },
		{ 1111111111, 0x23523ED, { "14050471", "67062674", "99943326" } },
		{ 1234567890, 0x273EF07, { "89005924", "91819424", "93441116" } },
		{ 2000000000, 0x3F940AA, { "69279037", "90698825", "38618901" } },
		{ 20000000000, 0x27BC86AA, { "65353130", "77737706", "47863826" } },
	};
	char code[TOTP_DIGITS_MAX + 1];

	for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
		ck_assert_int_eq(totp_step(vectors[i].time), vectors[i].step);
		for (int hash = TOTP_SHA1; hash <= TOTP_SHA512; hash++) {
			totp_code((enum totp_hash)hash, seeds[hash], (uint64_t)vectors[i].step, 8,
				code);
			ck_assert_str_eq(code, vectors[i].codes[hash]);
		}
	}
}
END_TEST

#define NOW 1234567890 /* 30 * 41152263 exactly */

static struct slice code_at(int64_t step, char out[TOTP_DIGITS_MAX + 1])
{
	totp_code(TOTP_SHA1, seeds[TOTP_SHA1], (uint64_t)step, TOTP_DIGITS, out);
	return slice_of(out, TOTP_DIGITS);
}

START_TEST(one_step_either_way)
{
	char code[TOTP_DIGITS_MAX + 1];
	int64_t now = totp_step(NOW), step = -1;

	for (int off = -5; off <= 5; off++) {
		int rc = totp_check(seeds[TOTP_SHA1], code_at(now + off, code), NOW + 29, 0, &step);

		ck_assert_int_eq(rc, off >= -1 && off <= 1 ? 0 : HEARTH_EDENIED);
		if (rc == 0)
			ck_assert_int_eq(step, now + off);
	}
	/* At the beginning of time there is no step before the first. */
	ck_assert_int_eq(totp_check(seeds[TOTP_SHA1], SLICE("755224"), 0, -1, &step), 0);
	ck_assert_int_eq(step, 0);
}
END_TEST

START_TEST(each_code_once)
{
	char code[TOTP_DIGITS_MAX + 1];
	int64_t now = totp_step(NOW), last = 0;

	ck_assert_int_eq(totp_check(seeds[TOTP_SHA1], code_at(now, code), NOW, last, &last), 0);
	ck_assert_int_eq(last, now);
	/* Not again, nor one from before it; the next one is. */
	ck_assert_int_eq(
		totp_check(seeds[TOTP_SHA1], slice_str(code), NOW, last, &last), HEARTH_EDENIED);
	ck_assert_int_eq(totp_check(seeds[TOTP_SHA1], code_at(now - 1, code), NOW, last, &last),
		HEARTH_EDENIED);
	ck_assert_int_eq(last, now);
	ck_assert_int_eq(totp_check(seeds[TOTP_SHA1], code_at(now + 1, code), NOW, last, &last), 0);
	ck_assert_int_eq(last, now + 1);
}
END_TEST

START_TEST(another_code_or_secret)
{
	char code[TOTP_DIGITS_MAX + 1];
	int64_t step = 7;

	code_at(totp_step(NOW), code);
	ck_assert_int_eq(
		totp_check(seeds[TOTP_SHA256], slice_str(code), NOW, 0, &step), HEARTH_EDENIED);
	ck_assert_int_eq(totp_check(seeds[TOTP_SHA1], SLICE(""), NOW, 0, &step), HEARTH_EDENIED);
	ck_assert_int_eq(
		totp_check(seeds[TOTP_SHA1], slice_head(slice_str(code), 5), NOW, 0, &step),
		HEARTH_EDENIED);
	code[5] = (char)('0' + (code[5] - '0' + 1) % 10);
	ck_assert_int_eq(
		totp_check(seeds[TOTP_SHA1], slice_str(code), NOW, 0, &step), HEARTH_EDENIED);
	ck_assert_int_eq(step, 7);
}
END_TEST

START_TEST(digits_as_people_type_them)
{
	static const struct slice good[] = { SLICE("123456"), SLICE("123 456"),
		SLICE(" 123456\r\n"), SLICE("12-34-56"), SLICE("1 2 3 4 5 6") };
	static const struct slice bad[] = { SLICE(""), SLICE("12345"), SLICE("1234567"),
		SLICE("12345a"), SLICE("123456 7"), SLICE("-123456"), SLICE("123456-"),
		SLICE("12345\0"), SLICE("+12345"), SLICE("123.456"),
		/* Arabic-Indic and full-width digits, a digit with a combining mark */
		SLICE("\u0661\u0662\u0663\u0664\u0665\u0666"),
		SLICE("\uff11\uff12\uff13\uff14\uff15\uff16"), SLICE("12345\u0666"),
		SLICE("123456\u0301"), { NULL, 0 } };
	char out[TOTP_DIGITS + 1];

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		ck_assert_int_eq(totp_digits(good[i], out), 0);
		ck_assert_str_eq(out, "123456");
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ck_assert_msg(totp_digits(bad[i], out) == HEARTH_EINVAL, "%zu", i);
}
END_TEST

START_TEST(base32)
{
	static const struct {
		struct slice bytes;
		const char *text; /* RFC 4648 section 10, less the padding */
	} vectors[] = {
		{ SLICE(""), "" },
		{ SLICE("f"), "MY" },
		{ SLICE("fo"), "MZXQ" },
		{ SLICE("foo"), "MZXW6" },
		{ SLICE("foob"), "MZXW6YQ" },
		{ SLICE("fooba"), "MZXW6YTB" },
		{ SLICE("foobar"), "MZXW6YTBOI" },
		{ SLICE("\xff\xff\xff\xff\xff\xff"), "7777777774" },
		{ SLICE("12345678901234567890"), "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ" },
	};

	for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
		struct strbuf out = { 0 };

		strbuf_adds(&out, "x");
		totp_base32(&out, vectors[i].bytes);
		ck_assert_str_eq(out.p + 1, vectors[i].text);
		strbuf_free(&out);
	}
}
END_TEST

START_TEST(uri)
{
	struct strbuf out = { 0 };

	totp_uri(&out, SLICE("R\u00e4t & Co/1"), SLICE("a+b@x.org"), SLICE("foobar"));
	ck_assert_str_eq(out.p, "otpauth://totp/R%C3%A4t%20%26%20Co%2F1:a%2Bb%40x.org?secret="
				"MZXW6YTBOI&issuer=R%C3%A4t%20%26%20Co%2F1&algorithm=SHA1&digits=6"
				"&period=30");
	strbuf_free(&out);
}
END_TEST

TEST_MAIN("totp", rfc_4226_appendix_d, rfc_6238_appendix_b, one_step_either_way, each_code_once,
	another_code_or_secret, digits_as_people_type_them, base32, uri)
