/*
 * test_phone.c: the one form of phone numbers, and who has which.
 */
#include "auth/sms/sms_test.h"
#include "sms/phone.h"

static const char *normal(const char *in, const char *country)
{
	static char out[PHONE_MAX];

	return phone_normalise(slice_str(in), country, out) == 0 ? out : "refused";
}

START_TEST(international)
{
	ck_assert_str_eq(normal("+491701234567", ""), "+491701234567");
	ck_assert_str_eq(normal(" +49 170-123.45/67 ", ""), "+491701234567");
	ck_assert_str_eq(normal("+49 (0)170 1234567", ""), "+491701234567");
	ck_assert_str_eq(normal("+1 (212) 555-0123", ""), "+12125550123");
	ck_assert_str_eq(normal("0049 170 1234567", ""), "+491701234567");
	ck_assert_str_eq(normal("0049 170 1234567", "1"), "+491701234567");
	ck_assert_str_eq(normal("+39 06 1234567", "49"), "+39061234567");
}
END_TEST

START_TEST(national)
{
	ck_assert_str_eq(normal("0170 1234567", "49"), "+491701234567");
	ck_assert_str_eq(normal("170 1234567", "49"), "+491701234567");
	ck_assert_str_eq(normal("(212) 555-0123", "1"), "+12125550123");
	ck_assert_str_eq(normal("1-212-555-0123", "1"), "+12125550123");
	ck_assert_str_eq(normal("8 912 345-67-89", "7"), "+79123456789");
	ck_assert_str_eq(normal("06 30 123 4567", "36"), "+36301234567");
	ck_assert_str_eq(normal("06 12345678", "39"), "+390612345678");
	ck_assert_str_eq(normal("0170 1234567", ""), "refused");
	ck_assert_str_eq(normal("1701234567", ""), "refused");
}
END_TEST

START_TEST(refused)
{
	static const char *const bad[] = { "", "+", "+49", "+1234567", "+1234567890123456",
		"12345678901234567890123456789012345678901234567890", "+0170123456789", "00", "000",
		"0001701234567", "++491701234567", "+49+1701234567", "+49 170 123456x",
		"+49 170 1234567 ext 5", "tel:+491701234567",
		"\xEF\xBC\x8B"
		"491701234567",             /* fullwidth + */
		"+49170123456\xEF\xBC\x97", /* fullwidth 7 */
		"+49\xD9\xA1\xD9\xA7\xD9\xA0\xD9\xA1\xD9\xA2"
		"34567", /* Arabic-Indic digits */
		"+49\xC2\xA0"
		"1701234567", /* no-break space */
		"+49170\n1234567", "+49170\t1234567", "(0)(0)(0)" };

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ck_assert_msg(strcmp(normal(bad[i], ""), "refused") == 0, "%s gave %s", bad[i],
			normal(bad[i], ""));
	ck_assert_int_eq(
		phone_normalise(slice_of("+4917012345\0007", 13), "", (char[PHONE_MAX]){ 0 }),
		HEARTH_EINVAL);
}
END_TEST

START_TEST(canonical_stays)
{
	static const char *const good[] = { "+12345678", "+123456789012345", "+390612345678" };

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		ck_assert_str_eq(normal(good[i], ""), good[i]);
		ck_assert_str_eq(normal(good[i], "49"), good[i]);
	}
}
END_TEST

START_TEST(country)
{
	ck_assert(phone_country_valid(""));
	ck_assert(phone_country_valid("1"));
	ck_assert(phone_country_valid("49"));
	ck_assert(phone_country_valid("420"));
	ck_assert(!phone_country_valid("DE"));
	ck_assert(!phone_country_valid("+49"));
	ck_assert(!phone_country_valid("049"));
	ck_assert(!phone_country_valid("4912"));
}
END_TEST

START_TEST(mask)
{
	char out[PHONE_MASK];

	phone_mask("+491701234542", out);
	ck_assert_str_eq(out, "•••42");
	phone_mask("", out);
	ck_assert_str_eq(out, "•••");
}
END_TEST

/* ---- who has which ---- */

static int family(struct db_tx *tx, void *arg)
{
	struct phone p;

	(void)arg;
	ck_assert_int_eq(phone_get(tx, 1, &p), HEARTH_ENOTFOUND);
	ck_assert_int_eq(phone_set(tx, test_sms, 1, "+491701234567", T0), 0);
	ck_assert_int_eq(phone_set(tx, test_sms, 2, "+491701234567", T0), 0);
	ck_assert_int_eq(phone_set(tx, test_sms, 3, "+491701234567", T0), HEARTH_EEXIST);
	ck_assert_int_eq(phone_get(tx, 3, &p), HEARTH_ENOTFOUND);
	/* Anew for one who has it; another number frees it. */
	ck_assert_int_eq(phone_set(tx, test_sms, 1, "+491701234567", T0 + 5), 0);
	ck_assert_int_eq(phone_get(tx, 1, &p), 0);
	ck_assert_str_eq(p.number, "+491701234567");
	ck_assert_int_eq(p.verified_at, T0 + 5);
	ck_assert_int_eq(phone_set(tx, test_sms, 1, "+12125550123", T0), 0);
	ck_assert_int_eq(phone_set(tx, test_sms, 3, "+491701234567", T0), 0);
	ck_assert_int_eq(phone_remove(tx, 3), 0);
	ck_assert_int_eq(phone_remove(tx, 3), 0);
	ck_assert_int_eq(phone_get(tx, 3, &p), HEARTH_ENOTFOUND);
	return 0;
}

START_TEST(shared)
{
	sms_test_open((const char *[]){ "auth.accounts_per_phone=2", NULL });
	ck_assert_int_eq(db_write_wait(test_db, family, NULL), 0);
	sms_test_close();
}
END_TEST

TEST_MAIN("phone", international, national, refused, canonical_stays, country, mask, shared)
