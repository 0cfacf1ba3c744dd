/*
 * test_sms.c: queueing under limits; handing over, giving up; the file driver; which settings are
 * refused. The HTTP driver is tried against a real endpoint in tests/system/sms.test.mjs.
 */
#include <fcntl.h>
#include <unistd.h>

#include "auth/sms/sms_test.h"
#include "hearth/json.h"
#include "sms/phone.h"
#include "sms/sms_queue.h"

#define DAY INT64_C(86400000)

static const char *const file_driver[] = { "auth.sms_driver=file", "auth.sms_per_number=3",
	"auth.sms_per_account=4", "auth.sms_per_network=5", "auth.sms_per_day=7", NULL };

struct step {
	struct sms_message m;
	struct sms_receipt receipt;
	int64_t n;
	char text[64], error[64];
};

static int push(struct db_tx *tx, void *arg)
{
	struct step *s = arg;

	return sms_push(tx, test_sms, &s->m, &s->receipt);
}

/* To number +4917000000NN, for an account, from 192.0.2.NETWORK; status of sms_push. */
static int push_to(struct step *s, int number, int64_t account, int network)
{
	char to[PHONE_MAX], peer[64];

	snprintf(to, sizeof(to), "+4917000000%02d", number % 100);
	snprintf(peer, sizeof(peer), "192.0.2.%d", network);
	s->m = (struct sms_message){ .to = to,
		.text = SLICE("hello"),
		.account = account,
		.peer = peer,
		.verified = s->m.verified,
		.expires_at = clock_wall_ms() + 600000 };
	return db_write_wait(test_db, push, s);
}

/* ---- limits ---- */

START_TEST(per_number)
{
	struct step s = { 0 };

	sms_test_open(file_driver);
	for (int i = 0; i < 3; i++) {
		ck_assert_int_eq(push_to(&s, 1, 0, i), 0);
		clock_fake_advance(60000);
	}
	ck_assert_int_eq(push_to(&s, 1, 0, 9), HEARTH_EBUSY);
	/* The first one leaves the window 24 h after it came, 3 min of which are over. */
	ck_assert_int_eq(s.receipt.retry_s, 86400 - 180);
	ck_assert_int_eq(push_to(&s, 2, 0, 9), 0);
	clock_fake_advance(DAY - 180000 - 1);
	ck_assert_int_eq(push_to(&s, 1, 0, 9), HEARTH_EBUSY);
	ck_assert_int_eq(s.receipt.retry_s, 1);
	clock_fake_advance(1);
	ck_assert_int_eq(push_to(&s, 1, 0, 9), 0);
	ck_assert_int_eq(push_to(&s, 1, 0, 9), HEARTH_EBUSY);
	ck_assert_int_eq(s.receipt.retry_s, 60); /* the second one's turn, later than the gap */
	sms_test_close();
}
END_TEST

START_TEST(per_account)
{
	struct step s = { 0 };

	sms_test_open(file_driver);
	for (int i = 0; i < 4; i++)
		ck_assert_int_eq(push_to(&s, i, 7, i), 0);
	ck_assert_int_eq(push_to(&s, 9, 7, 9), HEARTH_EBUSY);
	ck_assert_int_eq(s.receipt.retry_s, 86400);
	ck_assert_int_eq(push_to(&s, 9, 8, 9), 0);
	sms_test_close();
}
END_TEST

START_TEST(per_network)
{
	struct step s = { 0 };

	sms_test_open(file_driver);
	for (int i = 0; i < 5; i++)
		ck_assert_int_eq(push_to(&s, i, i + 1, 1), 0);
	ck_assert_int_eq(push_to(&s, 9, 9, 1), HEARTH_EBUSY);
	ck_assert_int_eq(push_to(&s, 9, 9, 2), 0);
	sms_test_close();
}
END_TEST

/* A quarter of it (here 1 of 7) is for numbers that are the account's own. */
START_TEST(per_day)
{
	struct step s = { 0 }, owner = { .m.verified = true };

	sms_test_open(file_driver);
	for (int i = 0; i < 6; i++)
		ck_assert_int_eq(push_to(&s, i, i + 1, i), 0);
	ck_assert_int_eq(push_to(&s, 8, 8, 8), HEARTH_EBUSY);
	ck_assert_int_eq(push_to(&owner, 9, 9, 9), 0);
	ck_assert_int_eq(push_to(&owner, 10, 10, 10), HEARTH_EBUSY);
	ck_assert_int_eq(owner.receipt.retry_s, 86400);
	clock_fake_advance(DAY);
	ck_assert_int_eq(push_to(&s, 9, 9, 9), 0);
	sms_test_close();
}
END_TEST

START_TEST(gap)
{
	struct step s = { 0 };

	sms_test_open(file_driver);
	ck_assert_int_eq(push_to(&s, 1, 1, 1), 0);
	clock_fake_advance(10000);
	ck_assert_int_eq(push_to(&s, 1, 1, 1), HEARTH_EBUSY);
	ck_assert_int_eq(s.receipt.retry_s, 20);
	ck_assert_int_eq(push_to(&s, 2, 1, 1), 0);
	clock_fake_advance(20000);
	ck_assert_int_eq(push_to(&s, 1, 1, 1), 0);
	sms_test_close();
}
END_TEST

/* Who asks for codes to a number that is not theirs takes nothing from whose it is. */
START_TEST(strangers)
{
	struct step owner = { .m.verified = true }, stranger = { 0 };

	sms_test_open(file_driver);
	for (int i = 0; i < 3; i++) {
		ck_assert_int_eq(push_to(&stranger, 1, 0, i), 0);
		clock_fake_advance(30000);
	}
	ck_assert_int_eq(push_to(&stranger, 1, 0, 9), HEARTH_EBUSY);
	ck_assert_int_eq(push_to(&owner, 1, 7, 9), 0);
	ck_assert_int_eq(push_to(&owner, 1, 7, 9), HEARTH_EBUSY); /* the gap is its own */
	ck_assert_int_eq(owner.receipt.retry_s, 30);
	sms_test_close();
}
END_TEST

START_TEST(networks)
{
	char out[64];

	sms_network("192.0.2.7", out);
	ck_assert_str_eq(out, "192.0.2.7");
	sms_network("2001:db8:1:2:3:4:5:6", out);
	ck_assert_str_eq(out, "2001:db8:1:2::/64");
	sms_network("::1", out);
	ck_assert_str_eq(out, "::/64");
	sms_network("::ffff:192.0.2.7", out);
	ck_assert_str_eq(out, "::ffff:192.0.2.7");
	sms_network("", out);
	ck_assert_str_eq(out, "");
}
END_TEST

static int push_and_fail(struct db_tx *tx, void *arg)
{
	ck_assert_int_eq(push(tx, arg), 0);
	return HEARTH_EINVAL;
}

static int count_all(struct db_tx *tx, void *arg)
{
	struct step *s = arg;

	return db_get_int(tx, &s->n,
		"SELECT (SELECT count(*) FROM sms_message) + 100 * (SELECT count(*) FROM "
		"job_queue)");
}

START_TEST(within_its_transaction)
{
	struct step s = { .m = { .to = "+491701234567", .text = SLICE("x"), .peer = "::1" } };

	sms_test_open(file_driver);
	ck_assert_int_eq(db_write_wait(test_db, push_and_fail, &s), HEARTH_EINVAL);
	ck_assert_int_eq(db_read_wait(test_db, count_all, &s), 0);
	ck_assert_int_eq(s.n, 0);
	ck_assert_int_eq(push_to(&s, 1, 0, 1), 0);
	ck_assert_int_eq(db_read_wait(test_db, count_all, &s), 0);
	ck_assert_int_eq(s.n, 101);
	sms_test_close();
}
END_TEST

START_TEST(too_long)
{
	char text[SMS_TEXT_MAX + 1];
	struct step s = { .m = { .to = "+491701234567", .peer = "::1" } };

	sms_test_open(file_driver);
	memset(text, 'x', sizeof(text));
	s.m.text = slice_of(text, sizeof(text));
	ck_assert_int_eq(db_write_wait(test_db, push, &s), HEARTH_ETOOBIG);
	s.m.text.n--;
	ck_assert_int_eq(db_write_wait(test_db, push, &s), 0);
	sms_test_close();
}
END_TEST

static int forget(struct db_tx *tx, void *arg)
{
	(void)arg;
	return sms_forget(tx, 7);
}

/* Nor does an account that comes and goes get around them. */
START_TEST(forgotten_still_counts)
{
	struct step s = { 0 };

	sms_test_open(file_driver);
	for (int i = 0; i < 3; i++) {
		ck_assert_int_eq(push_to(&s, 1, 7, i), 0);
		ck_assert_int_eq(db_write_wait(test_db, forget, NULL), 0);
		clock_fake_advance(30000);
	}
	ck_assert_int_eq(push_to(&s, 1, 8, 9), HEARTH_EBUSY);
	ck_assert_int_eq(push_to(&s, 2, 7, 9), 0);
	sms_test_close();
}
END_TEST

/* ---- handing over ---- */

static enum sms_outcome next_outcome;
static int calls;
static char names[8][SMS_NAME_MAX];

static enum sms_outcome fake_send(
	const struct sms *s, const struct sms_outgoing *m, struct arena *a, const char **why)
{
	(void)s;
	(void)a;
	ck_assert(slice_eq(m->text, SLICE("hello")));
	ck_assert_str_eq(m->to, "+491700000001");
	snprintf(names[calls++], SMS_NAME_MAX, "%s", m->name);
	*why = "status 599";
	return next_outcome;
}

static int look(struct db_tx *tx, void *arg)
{
	struct step *s = arg;
	struct db_rows rows;

	ck_assert_int_eq(db_query(tx, &rows, "SELECT state, body, error FROM sms_message"), 0);
	ck_assert_int_eq(db_next(&rows), 1);
	s->n = db_col_int(&rows, 0);
	snprintf(s->text, sizeof(s->text), "%.*s", SLICE_ARG(db_col_text(&rows, 1)));
	snprintf(s->error, sizeof(s->error), "%.*s", SLICE_ARG(db_col_text(&rows, 2)));
	return db_end(&rows);
}

/* One attempt of the only message. */
static int handle(struct step *s, int attempt)
{
	struct auth a = { .db = test_db, .sms = test_sms };
	struct arena *arena = arena_new();
	char payload[24];
	struct queue_task task = { .id = 1, .queue = SMS_QUEUE, .attempt = attempt, .lease = 0 };
	int rc;

	snprintf(payload, sizeof(payload), "%lld", (long long)s->receipt.id);
	task.payload = slice_str(payload);
	rc = auth_sms_handle(&a, &task, arena);
	arena_free(&arena);
	ck_assert_int_eq(db_read_wait(test_db, look, s), 0);
	return rc;
}

static void open_with(struct step *s, enum sms_outcome outcome)
{
	sms_test_open(file_driver);
	log_set_level(LOG_ERROR + 1);
	test_sms->send = fake_send;
	next_outcome = outcome;
	calls = 0;
	ck_assert_int_eq(push_to(s, 1, 0, 1), 0);
}

START_TEST(sent)
{
	struct step s = { 0 };
	int64_t before;

	open_with(&s, SMS_SENT);
	before = metric_value(test_sms->sent);
	ck_assert_int_eq(metric_value(test_sms->waiting), 1);
	ck_assert_int_eq(handle(&s, 1), 0);
	ck_assert_int_eq(s.n, 1);
	ck_assert_str_eq(s.text, "");
	ck_assert_str_eq(s.error, "");
	ck_assert_int_eq(metric_value(test_sms->sent), before + 1);
	ck_assert_int_eq(metric_value(test_sms->waiting), 0);
	ck_assert_int_eq(db_read_wait(test_db, count_all, &s), 0);
	ck_assert_int_eq(s.n, 1); /* no task any more */
	/* Whoever thinks it still waits finds that it does not. */
	ck_assert_int_eq(handle(&s, 2), 0);
	ck_assert_int_eq(calls, 1);
	sms_test_close();
}
END_TEST

START_TEST(later_under_one_name)
{
	struct step s = { 0 };

	open_with(&s, SMS_LATER);
	for (int attempt = 1; attempt <= 3; attempt++) {
		ck_assert_int_lt(handle(&s, attempt), 0);
		ck_assert_int_eq(s.n, 0);
		ck_assert_str_eq(s.text, "hello");
	}
	next_outcome = SMS_SENT;
	ck_assert_int_eq(handle(&s, 4), 0);
	ck_assert_int_eq(s.n, 1);
	ck_assert_int_eq(calls, 4);
	for (int i = 1; i < 4; i++)
		ck_assert_str_eq(names[i], names[0]);
	ck_assert_int_eq(strlen(names[0]), 32);
	sms_test_close();
}
END_TEST

START_TEST(never)
{
	struct step s = { 0 };
	int64_t before;

	open_with(&s, SMS_REFUSED);
	before = metric_value(test_sms->failed);
	ck_assert_int_eq(handle(&s, 1), 0);
	ck_assert_int_eq(s.n, 2);
	ck_assert_str_eq(s.text, "");
	ck_assert_str_eq(s.error, "status 599");
	ck_assert_int_eq(metric_value(test_sms->failed), before + 1);
	sms_test_close();
}
END_TEST

START_TEST(expired)
{
	struct step s = { 0 };

	open_with(&s, SMS_LATER);
	clock_fake_advance(600000 - 1);
	ck_assert_int_lt(handle(&s, 1), 0);
	clock_fake_advance(1);
	ck_assert_int_eq(handle(&s, 2), 0);
	ck_assert_int_eq(calls, 1);
	ck_assert_int_eq(s.n, 2);
	ck_assert_str_eq(s.text, "");
	sms_test_close();
}
END_TEST

START_TEST(too_many_attempts)
{
	struct step s = { 0 };

	open_with(&s, SMS_LATER);
	ck_assert_int_lt(handle(&s, 15), 0);
	ck_assert_int_eq(handle(&s, 16), 0);
	ck_assert_int_eq(s.n, 2);
	ck_assert_int_eq(calls, 2);
	sms_test_close();
}
END_TEST

static int withdraw(struct db_tx *tx, void *arg)
{
	struct step *s = arg;

	return sms_withdraw(tx, s->receipt.id);
}

START_TEST(withdrawn)
{
	struct step s = { 0 };

	open_with(&s, SMS_SENT);
	ck_assert_int_eq(db_write_wait(test_db, withdraw, &s), 0);
	ck_assert_int_eq(handle(&s, 1), 0);
	ck_assert_int_eq(calls, 0);
	ck_assert_int_eq(s.n, 2);
	ck_assert_str_eq(s.text, "");
	sms_test_close();
}
END_TEST

START_TEST(forgotten)
{
	struct step s = { 0 };

	open_with(&s, SMS_SENT);
	clock_fake_advance(30000);
	ck_assert_int_eq(push_to(&s, 1, 7, 1), 0);
	ck_assert_int_eq(db_write_wait(test_db, forget, NULL), 0);
	s.n = handle(&s, 1);
	ck_assert_int_eq(s.n, 0);
	ck_assert_int_eq(calls, 0);
	sms_test_close();
}
END_TEST

START_TEST(withdrawn_too_late)
{
	struct step s = { 0 };

	open_with(&s, SMS_SENT);
	ck_assert_int_eq(handle(&s, 1), 0);
	ck_assert_int_eq(db_write_wait(test_db, withdraw, &s), 0);
	ck_assert_int_eq(db_read_wait(test_db, look, &s), 0);
	ck_assert_int_eq(s.n, 1);
	sms_test_close();
}
END_TEST

static int tidy(struct db_tx *tx, void *arg)
{
	(void)arg;
	return sms_tidy(tx, test_sms);
}

START_TEST(old_rows_go)
{
	struct step s = { 0 };

	open_with(&s, SMS_SENT);
	ck_assert_int_eq(handle(&s, 1), 0);
	clock_fake_advance(DAY - 1);
	ck_assert_int_eq(db_write_wait(test_db, tidy, NULL), 0);
	ck_assert_int_eq(db_read_wait(test_db, count_all, &s), 0);
	ck_assert_int_eq(s.n, 1);
	clock_fake_advance(1);
	ck_assert_int_eq(db_write_wait(test_db, tidy, NULL), 0);
	ck_assert_int_eq(db_read_wait(test_db, count_all, &s), 0);
	ck_assert_int_eq(s.n, 0);
	sms_test_close();
}
END_TEST

/* ---- the file driver ---- */

static enum sms_outcome write_message(const char *name, const char *text, int attempt)
{
	struct sms_outgoing m = {
		.name = name, .to = "+491701234567", .text = slice_str(text), .attempt = attempt
	};
	struct arena *a = arena_new();
	const char *why = "";
	enum sms_outcome outcome = sms_file_send(test_sms, &m, a, &why);

	arena_free(&a);
	return outcome;
}

static struct slice file_text(struct arena *a)
{
	char path[300], *bytes = arena_alloc(a, 65536);
	int fd;
	ssize_t n;

	snprintf(path, sizeof(path), "%s/sms.log", scratch_dir);
	fd = open(path, O_RDONLY);
	ck_assert_int_ge(fd, 0);
	n = read(fd, bytes, 65536);
	close(fd);
	ck_assert_int_ge(n, 0);
	return slice_of(bytes, (size_t)n);
}

/* How many whole lines say this id and text; every line is JSON. */
static int lines_of(const char *name, const char *text)
{
	struct arena *a = arena_new();
	struct slice rest = file_text(a), line, id, said;
	struct json *doc;
	int n = 0;

	while ((line = slice_split(&rest, '\n')).n || rest.p) {
		if (json_read(a, line, &doc, NULL) < 0)
			continue;
		ck_assert_int_eq(json_get_text(doc, "id", &id), 0);
		ck_assert_int_eq(json_get_text(doc, "text", &said), 0);
		n += slice_eq(id, slice_str(name)) && slice_eq(said, slice_str(text));
	}
	arena_free(&a);
	return n;
}

START_TEST(file_lines)
{
	sms_test_open(file_driver);
	ck_assert_int_eq(write_message("aa", "one \"quoted\"\n€", 1), SMS_SENT);
	ck_assert_int_eq(write_message("bb", "two", 1), SMS_SENT);
	ck_assert_int_eq(lines_of("aa", "one \"quoted\"\n€"), 1);
	ck_assert_int_eq(lines_of("bb", "two"), 1);
	/* Again, since nobody knows that it was written. */
	ck_assert_int_eq(write_message("aa", "one \"quoted\"\n€", 2), SMS_SENT);
	ck_assert_int_eq(lines_of("aa", "one \"quoted\"\n€"), 1);
	sms_test_close();
}
END_TEST

START_TEST(file_torn)
{
	char path[300];
	int fd;

	sms_test_open(file_driver);
	ck_assert_int_eq(write_message("aa", "one", 1), SMS_SENT);
	snprintf(path, sizeof(path), "%s/sms.log", scratch_dir);
	fd = open(path, O_WRONLY | O_APPEND);
	ck_assert_int_eq(write(fd, "{\"id\":\"bb\",\"te", 14), 14);
	close(fd);
	ck_assert_int_eq(write_message("bb", "two", 2), SMS_SENT);
	ck_assert_int_eq(lines_of("bb", "two"), 1);
	ck_assert_int_eq(lines_of("aa", "one"), 1);
	sms_test_close();
}
END_TEST

START_TEST(file_gone)
{
	sms_test_open(file_driver);
	free(test_sms->file);
	test_sms->file = mem_strdup(SLICE("/nonexistent/sms.log"));
	ck_assert_int_eq(write_message("aa", "one", 1), SMS_LATER);
	sms_test_close();
}
END_TEST

/* ---- settings ---- */

static int opens(const char *const *settings)
{
	struct config *c = config_new();
	struct strbuf errors = { 0 };
	struct sms *s = NULL;
	int rc;

	log_set_level(LOG_ERROR + 1);
	config_declare(c, "auth", auth_module.settings);
	for (; *settings; settings++)
		ck_assert_int_eq(config_set(c, *settings, &errors), 0);
	rc = sms_new(c, "/tmp", "hearth.test", &s);
	sms_free(&s);
	config_free(&c);
	return rc;
}

#define OPENS(...) opens((const char *[]){ __VA_ARGS__, NULL })
#define HTTP       "auth.sms_driver=http", "auth.sms_url=https://sms.example/?to={to}&m={text}"

START_TEST(settings)
{
	ck_assert_int_eq(OPENS("auth.sms_driver=none"), 0);
	ck_assert_int_eq(OPENS(HTTP), 0);
	ck_assert_int_eq(OPENS(HTTP, "auth.sms_headers=A: b | Idempotency-Key: {id}"), 0);
	ck_assert_int_lt(OPENS("auth.sms_driver=http"), 0);
	ck_assert_int_lt(OPENS(HTTP, "auth.sms_url=ftp://x/{to}{text}"), 0);
	ck_assert_int_lt(OPENS(HTTP, "auth.sms_url=https://x y/{to}{text}"), 0);
	ck_assert_int_lt(OPENS(HTTP, "auth.sms_url=https://:x/{to}{text}"), 0);
	ck_assert_int_lt(OPENS(HTTP, "auth.sms_url=https:///{to}{text}"), 0);
	ck_assert_int_lt(OPENS(HTTP, "auth.sms_url=https://x/{to}"), 0);
	ck_assert_int_lt(OPENS(HTTP, "auth.sms_url=https://x/{text}"), 0);
	ck_assert_int_lt(OPENS(HTTP, "auth.sms_body={\"t\":\"{txet}\"}"), 0);
	ck_assert_int_lt(OPENS(HTTP, "auth.sms_headers=A: {code}"), 0);
	ck_assert_int_lt(OPENS(HTTP, "auth.sms_headers=no field"), 0);
	ck_assert_int_lt(OPENS(HTTP, "auth.sms_method=GET", "auth.sms_body=x"), 0);
	ck_assert_int_lt(OPENS("auth.sms_driver=file", "auth.sms_file=/nonexistent/x"), 0);
	ck_assert_int_lt(OPENS("auth.sms_text=no code"), 0);
	ck_assert_int_lt(OPENS("auth.sms_text={code} {host}"), 0);
	ck_assert_int_lt(OPENS("auth.phone_country=DE"), 0);
}
END_TEST

TEST_MAIN("sms", per_number, per_account, per_network, per_day, gap, strangers, networks,
	within_its_transaction, too_long, sent, later_under_one_name, never, expired,
	too_many_attempts, withdrawn, forgotten, forgotten_still_counts, withdrawn_too_late,
	old_rows_go, file_lines, file_torn, file_gone, settings)
