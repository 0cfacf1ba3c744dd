/*
 * test_code.c: the life of a code: sent, right once, wrong five times, expired, and what of it is
 * kept.
 */
#include <pthread.h>

#include "auth/sms/sms_test.h"
#include "sms/code.h"

static const char *const file_driver[] = { "auth.sms_driver=file", "auth.sms_gap=0s",
	"auth.sms_text={code} {hostname} {minutes}", NULL };

struct step {
	struct auth_code_request rq;
	int64_t retry_s;
	struct slice code;
	struct auth_code_result result;
	char sent[64]; /* the queued text of the newest message */
	int64_t n;
};

static struct step step_new(void)
{
	return (struct step){ .rq = { .purpose = AUTH_CODE_PHONE,
				      .subject = SLICE("ticket"),
				      .account = 7,
				      .phone = "+491701234567",
				      .peer = "192.0.2.1" } };
}

static int send(struct db_tx *tx, void *arg)
{
	struct step *s = arg;

	return auth_code_send(tx, test_sms, &s->rq, &s->retry_s);
}

static int look(struct db_tx *tx, void *arg)
{
	struct step *s = arg;
	struct db_rows rows;

	ck_assert_int_eq(
		db_query(tx, &rows, "SELECT body FROM sms_message ORDER BY id DESC LIMIT 1"), 0);
	ck_assert_int_eq(db_next(&rows), 1);
	snprintf(s->sent, sizeof(s->sent), "%.*s", SLICE_ARG(db_col_text(&rows, 0)));
	return db_end(&rows);
}

static int check(struct db_tx *tx, void *arg)
{
	struct step *s = arg;

	return auth_code_check(tx, s->rq.purpose, s->rq.subject, s->code, &s->result);
}

static void send_code(struct step *s)
{
	ck_assert_int_eq(db_write_wait(test_db, send, s), 0);
	ck_assert_int_eq(db_read_wait(test_db, look, s), 0);
	s->code = slice_of(s->sent, AUTH_CODE_DIGITS);
}

static enum auth_code_answer answer(struct step *s)
{
	ck_assert_int_eq(db_write_wait(test_db, check, s), 0);
	return s->result.answer;
}

/* The right one with its last digit another. */
static struct slice wrong(struct step *s, char out[8])
{
	snprintf(out, 8, "%.6s", s->sent);
	out[5] = out[5] == '9' ? '0' : out[5] + 1;
	return slice_of(out, 6);
}

START_TEST(right_once)
{
	struct step s = step_new();

	sms_test_open(file_driver);
	send_code(&s);
	ck_assert_str_eq(s.sent + 6, " hearth.test 10");
	ck_assert_int_eq(strspn(s.sent, "0123456789"), 6);
	ck_assert_int_eq(answer(&s), AUTH_CODE_RIGHT);
	ck_assert_int_eq(s.result.account, 7);
	ck_assert_str_eq(s.result.phone, "+491701234567");
	ck_assert_int_eq(answer(&s), AUTH_CODE_GONE);
	sms_test_close();
}
END_TEST

START_TEST(five_attempts)
{
	struct step s = step_new();
	struct slice right;
	char other[8];

	sms_test_open(file_driver);
	send_code(&s);
	right = s.code;
	s.code = wrong(&s, other);
	for (int left = 4; left >= 0; left--) {
		ck_assert_int_eq(answer(&s), AUTH_CODE_WRONG);
		ck_assert_int_eq(s.result.attempts_left, left);
	}
	s.code = right;
	ck_assert_int_eq(answer(&s), AUTH_CODE_GONE);
	sms_test_close();
}
END_TEST

START_TEST(fifth_is_right)
{
	struct step s = step_new();
	struct slice right;
	char other[8];

	sms_test_open(file_driver);
	send_code(&s);
	right = s.code;
	s.code = wrong(&s, other);
	for (int i = 0; i < 4; i++)
		ck_assert_int_eq(answer(&s), AUTH_CODE_WRONG);
	s.code = right;
	ck_assert_int_eq(answer(&s), AUTH_CODE_RIGHT);
	sms_test_close();
}
END_TEST

START_TEST(expires)
{
	struct step s = step_new();

	sms_test_open(file_driver);
	send_code(&s);
	clock_fake_advance(600000 - 1);
	send_code(&s); /* void the one before, so this one is fresh */
	clock_fake_advance(600000 - 1);
	ck_assert_int_eq(answer(&s), AUTH_CODE_RIGHT);
	send_code(&s);
	clock_fake_advance(600000);
	ck_assert_int_eq(answer(&s), AUTH_CODE_GONE);
	sms_test_close();
}
END_TEST

START_TEST(bound_to_purpose_and_subject)
{
	struct step s = step_new(), other = step_new();

	sms_test_open(file_driver);
	send_code(&s);
	other.code = s.code;
	other.rq.purpose = AUTH_CODE_LOGIN;
	ck_assert_int_eq(answer(&other), AUTH_CODE_GONE);
	other.rq.purpose = AUTH_CODE_PHONE;
	other.rq.subject = SLICE("ticket2");
	ck_assert_int_eq(answer(&other), AUTH_CODE_GONE);
	ck_assert_int_eq(answer(&s), AUTH_CODE_RIGHT);
	sms_test_close();
}
END_TEST

START_TEST(newer_voids_older)
{
	struct step old = step_new(), new = step_new();

	sms_test_open(file_driver);
	send_code(&old);
	do
		send_code(&new);
	while (memcmp(old.sent, new.sent, 6) == 0);
	ck_assert_int_eq(answer(&old), AUTH_CODE_WRONG);
	ck_assert_int_eq(answer(&new), AUTH_CODE_RIGHT);
	sms_test_close();
}
END_TEST

static int count_waiting(struct db_tx *tx, void *arg)
{
	struct step *s = arg;

	return db_get_int(
		tx, &s->n, "SELECT count(*) FROM sms_message WHERE state = 0 AND body <> ''");
}

START_TEST(void_is_not_sent)
{
	struct step s = step_new();

	sms_test_open(file_driver);
	send_code(&s);
	send_code(&s);
	ck_assert_int_eq(db_read_wait(test_db, count_waiting, &s), 0);
	ck_assert_int_eq(s.n, 1);
	sms_test_close();
}
END_TEST

/* One that could not be sent voids nothing, whatever its transaction then does. */
static int send_and_shrug(struct db_tx *tx, void *arg)
{
	ck_assert_int_eq(send(tx, arg), HEARTH_EBUSY);
	return 0;
}

START_TEST(refused_voids_nothing)
{
	struct step s = step_new();

	sms_test_open((const char *[]){ "auth.sms_driver=file", NULL });
	send_code(&s);
	clock_fake_advance(10000);
	ck_assert_int_eq(db_write_wait(test_db, send_and_shrug, &s), 0);
	ck_assert_int_eq(s.retry_s, 20);
	ck_assert_int_eq(db_read_wait(test_db, count_waiting, &s), 0);
	ck_assert_int_eq(s.n, 1);
	ck_assert_int_eq(answer(&s), AUTH_CODE_RIGHT);
	sms_test_close();
}
END_TEST

/* A right code in a transaction that then fails is not used up. */
static int check_and_fail(struct db_tx *tx, void *arg)
{
	struct step *s = arg;

	ck_assert_int_eq(check(tx, arg), 0);
	ck_assert_int_eq(s->result.answer, AUTH_CODE_RIGHT);
	return HEARTH_EEXIST;
}

START_TEST(used_with_its_effect)
{
	struct step s = step_new();

	sms_test_open(file_driver);
	send_code(&s);
	ck_assert_int_eq(db_write_wait(test_db, check_and_fail, &s), HEARTH_EEXIST);
	ck_assert_int_eq(answer(&s), AUTH_CODE_RIGHT);
	ck_assert_int_eq(answer(&s), AUTH_CODE_GONE);
	sms_test_close();
}
END_TEST

static void *check_in_thread(void *arg)
{
	struct step *s = arg;

	db_write_wait(test_db, check, s);
	return NULL;
}

START_TEST(single_use_under_many)
{
	enum { THREADS = 8 };

	sms_test_open(file_driver);
	for (int round = 0; round < 10; round++) {
		struct step steps[THREADS], s = step_new();
		pthread_t threads[THREADS];
		char text[16];
		int right = 0;

		snprintf(text, sizeof(text), "round %d", round);
		s.rq.subject = slice_str(text);
		clock_fake_advance(86400000);
		send_code(&s);
		for (int i = 0; i < THREADS; i++) {
			steps[i] = s;
			pthread_create(&threads[i], NULL, check_in_thread, &steps[i]);
		}
		for (int i = 0; i < THREADS; i++) {
			pthread_join(threads[i], NULL);
			right += steps[i].result.answer == AUTH_CODE_RIGHT;
		}
		ck_assert_int_eq(right, 1);
	}
	sms_test_close();
}
END_TEST

static int count_plain(struct db_tx *tx, void *arg)
{
	struct step *s = arg;
	struct db_rows rows;

	s->n = 0;
	ck_assert_int_eq(
		db_query(tx, &rows, "SELECT salt, hash, subject, phone FROM auth_code"), 0);
	while (db_next(&rows) > 0) {
		for (int i = 0; i < 2; i++)
			s->n += slice_find(db_col_bytes(&rows, i), s->code) >= 0;
		for (int i = 2; i < 4; i++)
			s->n += slice_find(db_col_text(&rows, i), s->code) >= 0;
		s->n += 100;
	}
	return db_end(&rows);
}

START_TEST(never_kept_plain)
{
	struct step s = step_new();

	sms_test_open(file_driver);
	send_code(&s);
	ck_assert_int_eq(db_read_wait(test_db, count_plain, &s), 0);
	ck_assert_int_eq(s.n, 100);
	sms_test_close();
}
END_TEST

static int drop_account(struct db_tx *tx, void *arg)
{
	(void)arg;
	return auth_code_drop_all(tx, 7);
}

START_TEST(dropped_with_account)
{
	struct step s = step_new(), other = step_new();

	sms_test_open(file_driver);
	send_code(&s);
	other.rq.account = 8;
	other.rq.subject = SLICE("of another");
	send_code(&other);
	ck_assert_int_eq(db_write_wait(test_db, drop_account, NULL), 0);
	ck_assert_int_eq(answer(&s), AUTH_CODE_GONE);
	ck_assert_int_eq(answer(&other), AUTH_CODE_RIGHT);
	sms_test_close();
}
END_TEST

START_TEST(no_driver)
{
	struct step s = step_new();

	sms_test_open(NULL);
	ck_assert(!sms_enabled(test_sms));
	ck_assert_int_eq(db_write_wait(test_db, send, &s), HEARTH_EUNSUPPORTED);
	ck_assert_int_eq(answer(&s), AUTH_CODE_GONE);
	sms_test_close();
}
END_TEST

START_TEST(bad_subject)
{
	struct step s = step_new();
	char big[129];

	sms_test_open(file_driver);
	s.rq.subject = (struct slice){ 0 };
	ck_assert_int_eq(db_write_wait(test_db, send, &s), HEARTH_EINVAL);
	memset(big, 'a', sizeof(big));
	s.rq.subject = slice_of(big, sizeof(big));
	ck_assert_int_eq(db_write_wait(test_db, send, &s), HEARTH_EINVAL);
	sms_test_close();
}
END_TEST

START_TEST(as_typed)
{
	static const char *const bad[] = { "", "12345", "1234567", "12345x", "12 34 5",
		"\xEF\xBC\x91-23456", "123\n456", "+123456" };
	char out[AUTH_CODE_DIGITS + 1];

	ck_assert_int_eq(auth_code_read(SLICE("123456"), out), 0);
	ck_assert_str_eq(out, "123456");
	ck_assert_int_eq(auth_code_read(SLICE(" 012-345 "), out), 0);
	ck_assert_str_eq(out, "012345");
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ck_assert_int_eq(auth_code_read(slice_str(bad[i]), out), HEARTH_EINVAL);
}
END_TEST

TEST_MAIN("code", right_once, five_attempts, fifth_is_right, expires, bound_to_purpose_and_subject,
	newer_voids_older, void_is_not_sent, refused_voids_nothing, used_with_its_effect,
	single_use_under_many, never_kept_plain, dropped_with_account, no_driver, bad_subject,
	as_typed)
