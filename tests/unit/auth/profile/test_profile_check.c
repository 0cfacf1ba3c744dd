/*
 * test_profile_check.c: display names, language tags, time zones: what is taken, in which form, and
 * what is not.
 */
#include "harness.h"
#include "hearth/error.h"
#include "profile/profile_check.h"

static void ck_name(const char *in, const char *want)
{
	struct strbuf out = { 0 };
	const char *why = NULL;
	int rc;

	strbuf_adds(&out, "before ");
	rc = profile_name_check(slice_str(in), &out, &why);
	ck_assert_msg(rc == (want ? 0 : HEARTH_EINVAL), "%s: %d %s", in, rc, why ? why : "");
	ck_assert(want ? why == NULL : why != NULL);
	ck_assert_str_eq(out.p + 7, want ? want : "");
	strbuf_free(&out);
}

START_TEST(names_that_are_taken)
{
	ck_name("Ann", "Ann");
	ck_name("  Ann \t", NULL); /* a tab is a control character */
	ck_name("  Ann   B.\u00a0Smith ", "Ann B. Smith");
	ck_name("Zoe\u0308", "Zo\u00eb"); /* NFC */
	ck_name("Анна Каренина", "Анна Каренина");
	ck_name("Ann Анна", "Ann Анна"); /* words of two scripts */
	ck_name("Ann-Анна", "Ann-Анна");
	ck_name("Αθηνά", "Αθηνά");
	ck_name("山田太郎", "山田太郎");
	ck_name("Yamada山田", "Yamada山田"); /* nobody takes one for the other */
	ck_name("สุดา รำ", "สุดา รำ");
	ck_name("أحمد", "أحمد");
	ck_name("O'Neill", "O'Neill");
	ck_name("Mª José", "Mª José");
	ck_name("R2-D2", "R2-D2");
	ck_name("🦊", "🦊");
	ck_name("Nguyễn Thị Minh Khai", "Nguyễn Thị Minh Khai");
}
END_TEST

START_TEST(names_that_are_not)
{
	static const char *const refused[] = { "", " ", "   ", "\u3000", "a\nb", "a\x01", "a\x7f",
		"a\xc2\x85"
		"b",
		"a\u200bb", "a\u200db", "\u202eevil", "a\u2066b", "a\u00adb",
		"\ufeff"
		"a",
		"a\u2028b", "\ue000", "\U000f0000", "\u3164", "a\u115f", "\u2800", "a\ufe0f",
		"\u0378", "\ufdd0", "\u0301", " \u0301", "a \u0301b",
		"e\u0300\u0301\u0302\u0303\u0304", "Аnn", "Αnn", "pаypal", "раураl", "\uff21nn",
		"\U0001d400nn", "\u24b6nn", "Օtto", "Ꭺnn", "a\xff", "\xc0\x80", "\xed\xa0\x80",
		NULL };

	for (size_t i = 0; refused[i]; i++)
		ck_name(refused[i], NULL);
}
END_TEST

START_TEST(names_have_a_length_in_characters)
{
	struct strbuf in = { 0 };

	for (int i = 0; i < PROFILE_NAME_MAX; i++)
		strbuf_adds(&in, "山");
	ck_name(in.p, in.p);
	strbuf_adds(&in, "山");
	ck_name(in.p, NULL);
	strbuf_reset(&in);
	/* 64 after composition, 128 before. */
	for (int i = 0; i < PROFILE_NAME_MAX; i++)
		strbuf_adds(&in, "e\u0301");
	struct strbuf want = { 0 };

	for (int i = 0; i < PROFILE_NAME_MAX; i++)
		strbuf_adds(&want, "\u00e9");
	ck_name(in.p, want.p);
	strbuf_free(&want);
	strbuf_reset(&in);
	/* A space counts. */
	for (int i = 0; i < 32; i++)
		strbuf_adds(&in, i ? " x" : "x");
	strbuf_addc(&in, 'y');
	ck_name(in.p, in.p);
	strbuf_addc(&in, 'y');
	ck_name(in.p, NULL);
	strbuf_reset(&in);
	for (int i = 0; i < 100000; i++)
		strbuf_adds(&in, "e");
	ck_name(in.p, NULL);
	strbuf_free(&in);
}
END_TEST

static void ck_tag(const char *in, const char *want)
{
	struct strbuf out = { 0 };
	int rc;

	strbuf_adds(&out, "before ");
	rc = language_tag_check(slice_str(in), &out);
	ck_assert_msg(rc == (want ? 0 : HEARTH_EINVAL), "%s: %d", in, rc);
	ck_assert_str_eq(out.p + 7, want ? want : "");
	strbuf_free(&out);
}

/* The examples of RFC 5646, appendix A, and what it says is not well-formed. */
START_TEST(language_tags)
{
	ck_tag("de", "de");
	ck_tag("EN", "en");
	ck_tag("zh-hant", "zh-Hant");
	ck_tag("ZH-CMN-HANS-cn", "zh-cmn-Hans-CN");
	ck_tag("yue-HK", "yue-HK");
	ck_tag("sr-latn-rs", "sr-Latn-RS");
	ck_tag("sl-rozaj-biske", "sl-rozaj-biske");
	ck_tag("de-CH-1901", "de-CH-1901");
	ck_tag("hy-Latn-IT-arevela", "hy-Latn-IT-arevela");
	ck_tag("es-419", "es-419");
	ck_tag("de-CH-x-phonebk", "de-CH-x-phonebk");
	ck_tag("az-Arab-x-AZE-derbend", "az-Arab-x-aze-derbend");
	ck_tag("en-US-u-islamcal", "en-US-u-islamcal");
	ck_tag("zh-CN-a-myext-x-private", "zh-CN-a-myext-x-private");
	ck_tag("en-x-u-s", "en-x-u-s");
	static const char *const refused[] = { "", "a", "-", "en-", "-en", "en--US", "de-419-DE",
		"a-DE", "ar-a-aaa-b-bbb-a-ccc", "de-DE-1901-1901", "en_US", "en US", "e1",
		"x-whatever", "i-klingon", "en-a", "en-x", "en-a-b-cc", "en-US-GB", "en-Latn-Cyrl",
		"abcdefghi", "en-abcdefghi", "\u0435n", "en-U\u0405", "zh-aaa-bbb-ccc-ddd",
		"engl-aaa-US", "en-x-123456789", "en-u-aaaaaaaa-bbbbbbbb-cccccccc-ddddddd", NULL };

	for (size_t i = 0; refused[i]; i++)
		ck_tag(refused[i], NULL);
}
END_TEST

START_TEST(time_zones)
{
	static const char *const known[] = { "UTC", "Europe/Berlin", "America/Argentina/Ushuaia",
		"Asia/Kolkata", "Asia/Calcutta", "Africa/Abidjan", "Zulu", "Etc/GMT+12" };
	static const char *const unknown[] = { "", "utc", "europe/berlin", "Europe/Berlin ",
		"Europe/Atlantis", "Europe", "../../etc/passwd", "Factory", "+02:00",
		"Еurope/Berlin" };

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		ck_assert_msg(time_zone_known(slice_str(known[i])), "%s", known[i]);
	for (size_t i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++)
		ck_assert_msg(!time_zone_known(slice_str(unknown[i])), "%s", unknown[i]);
	ck_assert(!time_zone_known(slice_of("UTC\0x", 5)));
	ck_assert(!time_zone_known((struct slice){ 0 }));
}
END_TEST

TEST_MAIN("profile_check", names_that_are_taken, names_that_are_not,
	names_have_a_length_in_characters, language_tags, time_zones)
