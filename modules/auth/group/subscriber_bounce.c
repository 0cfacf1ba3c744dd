/*
 * group/subscriber_bounce.c: what could not be brought to members elsewhere (subscriber.h), counted for them.
 *
 *   mail.list.bounced ─▶ counted, in one transaction with the cursor ─▶ too many: paused ─▶ told: letters to the
 *   owners, and one there with a link ─▶ a member again, by that link or by an owner
 *
 * Counted as Mailman does: a hard one is a point and a soft one half of it; of one day the worst alone; a week
 * behind a soft one, or a quarter behind a hard one, without any, and the score begins anew; with SUBSCRIBER_SCORE_MAX
 * they are paused. So a mailbox that is full over the holidays keeps nobody out, and one that is gone costs five
 * mails, also those of a group that writes once a month.
 *
 * Telling is claimed by a row (`told` 2), so that one node does it, once; it is done (1) when its letters are on
 * disk. Where that node was killed amid it, or the member's could not be put there for now, it is done again after
 * TELL_AGAIN_MS, by the chores of the module. Counting on a database thread, letters on the loop; TELL_MAX
 * at a time.
 */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

#include "group/subscriber.h"
#include "hearth/clock.h"
#include "hearth/error.h"
#include "hearth/letters.h"
#include "hearth/log.h"

#define DAY_MS        (INT64_C(24) * 3600 * 1000)
#define HARD          2 /* half points */
#define SOFT          1
#define STALE_SOFT    7 /* days */
#define STALE_HARD    100
#define TELL_MAX      10
#define TELL_OWNERS   10
#define TELL_AGAIN_MS (INT64_C(10) * 60 * 1000)

/* Who is paused and was not told of, without a look at all the others. */
const char auth_subscriber_told_migration[] =
	"CREATE INDEX subscriber_untold ON subscriber (id) WHERE told <> 1;";

/* ---- counting ---- */

/* What is known of one. */
struct count {
	int64_t score, day, weight;
};

static int read_count(struct db_tx *tx, int64_t group, int64_t id, struct count *c)
{
	struct db_rows rows;
	int rc = db_one(tx, &rows,
		"SELECT score, bounced_day, bounced_weight FROM subscriber WHERE id = $1 AND"
		" group_id = $2 AND state = $3",
		db_int(id), db_int(group), db_int(SUBSCRIBER_MEMBER));

	if (rc < 0)
		return rc;
	*c = (struct count){ db_col_int(&rows, 0), db_col_int(&rows, 1), db_col_int(&rows, 2) };
	return db_end(&rows);
}

/* One more; false: the day has had one as bad. */
static bool add(struct count *c, int64_t weight, int64_t day)
{
	if (day < c->day)
		day = c->day;
	if (day - c->day > (c->weight == HARD ? STALE_HARD : STALE_SOFT))
		c->score = 0;
	if (day == c->day && weight <= c->weight)
		return false;
	c->score += day == c->day ? weight - c->weight : weight;
	c->day = day;
	c->weight = weight;
	return true;
}

int subscriber_bounced(
	struct db_tx *tx, int64_t group, int64_t id, bool hard, int64_t at_ms, bool *paused)
{
	INVARIANT(db_tx_writes(tx));
	struct count c;
	int rc = read_count(tx, group, id, &c);

	*paused = false;
	if (rc < 0)
		return rc == HEARTH_ENOTFOUND ? 0 : rc;
	if (!add(&c, hard ? HARD : SOFT, at_ms / DAY_MS))
		return 0;
	*paused = c.score >= INT64_C(2) * SUBSCRIBER_SCORE_MAX;
	rc = db_run(tx,
		"UPDATE subscriber SET score = $2, bounced_day = $3, bounced_weight = $4 WHERE id "
		"= $1",
		db_int(id), db_int(c.score), db_int(c.day), db_int(c.weight));
	if (rc >= 0 && *paused)
		rc = db_run(tx,
			"UPDATE subscriber SET state = $2, since_ms = $3, told = 0 WHERE id = $1",
			db_int(id), db_int(SUBSCRIBER_PAUSED), db_int(at_ms));
	return rc < 0 ? rc : 0;
}

int subscriber_resume(struct db_tx *tx, int64_t group, int64_t id, int64_t now_ms)
{
	INVARIANT(db_tx_writes(tx));
	int rc = db_run(tx,
		"UPDATE subscriber SET state = $3, since_ms = $4, hash = '', score = 0,"
		" bounced_weight = 0, told = 1 WHERE id = $1 AND group_id = $2 AND state = $5",
		db_int(id), db_int(group), db_int(SUBSCRIBER_MEMBER), db_int(now_ms),
		db_int(SUBSCRIBER_PAUSED));

	return rc < 0 ? rc : rc == 0 ? HEARTH_ENOTFOUND : 0;
}

/* bus_subscription.apply */
int auth_apply_bounced(void *module, struct db_tx *tx, const struct bus_event *ev, void *prepared)
{
	struct arena *a = arena_new();
	struct json *doc = NULL;
	int64_t group = 0, member = 0;
	bool hard = false, paused = false;
	int rc = 0;

	(void)module;
	(void)prepared;
	/* One that cannot be read will not be better next time. */
	if (json_read(a, ev->payload, &doc, NULL) == 0 &&
		json_get_i64(doc, "group", 1, INT64_MAX, &group) == 0 &&
		json_get_i64(doc, "member", 1, INT64_MAX, &member) == 0 &&
		json_get_bool(doc, "hard", &hard) == 0)
		rc = subscriber_bounced(tx, group, member, hard, ev->at_ms, &paused);
	if (rc == 0 && paused)
		log_info("auth", "a member elsewhere is paused: mail to it comes back", "group",
			"%lld", (long long)group, "member", "%lld", (long long)member, NULL);
	arena_free(&a);
	return rc;
}

/* ---- telling ---- */

struct telling;

struct told {
	struct telling *telling;
	int64_t id;
	bool again; /* its letter could not be put on disk for now */
	char address[256], group[256], name[GROUP_NAME_MAX + 1];
	char secret[AUTH_TOKEN_TEXT], hex[AUTH_TOKEN_HEX];
	char owners[TELL_OWNERS][256];
	size_t owner_n;
};

struct telling {
	struct auth *a;
	struct told list[TELL_MAX];
	size_t n, letters; /* which are under way */
};

static void telling_free(struct telling *t)
{
	sodium_memzero(t, sizeof(*t));
	free(t);
}

static int take_one(struct db_rows *rows, void *arg)
{
	struct telling *t = arg;
	struct told *one = &t->list[t->n++];

	*one = (struct told){ .telling = t, .id = db_col_int(rows, 0) };
	snprintf(one->address, sizeof(one->address), "%.*s", SLICE_ARG(db_col_text(rows, 1)));
	snprintf(one->name, sizeof(one->name), "%.*s", SLICE_ARG(db_col_text(rows, 2)));
	return 0;
}

static int take_owner(struct db_rows *rows, void *arg)
{
	struct told *one = arg;

	snprintf(one->owners[one->owner_n++], 256, "%.*s", SLICE_ARG(db_col_text(rows, 0)));
	return 0;
}

/* Its link, and whom to tell. */
static int claim_one(struct db_tx *tx, struct told *one, int64_t now_ms)
{
	int rc;

	auth_token_make(one->secret, one->hex);
	rc = db_run(tx, "UPDATE subscriber SET told = 2, hash = $2, asked_ms = $3 WHERE id = $1",
		db_int(one->id), db_str(one->hex), db_int(now_ms));
	return rc < 0 ? rc
		      : db_each(tx, take_owner, one,
				"SELECT a.address FROM subscriber s JOIN membership m ON"
				" m.group_id = s.group_id JOIN account a ON a.id = m.account WHERE"
				" s.id = $1 AND m.role = $2 AND a.disabled = 0 ORDER BY a.id LIMIT "
				"$3",
				db_int(one->id), db_int(GROUP_OWNER), db_int(TELL_OWNERS));
}

static int look(struct db_tx *tx, void *arg)
{
	struct telling *t = arg;

	t->n = 0;
	return db_each(tx, take_one, t,
		"SELECT s.id, s.address, g.name FROM subscriber s JOIN account_group g ON"
		" g.id = s.group_id WHERE s.told <> 1 AND s.state = $1 AND (s.told = 0 OR"
		" s.asked_ms < $2) ORDER BY s.id LIMIT $3",
		db_int(SUBSCRIBER_PAUSED), db_int(clock_wall_ms() - TELL_AGAIN_MS),
		db_int(TELL_MAX));
}

static int claim(struct db_tx *tx, void *arg)
{
	struct telling *t = arg;
	int64_t now = clock_wall_ms();
	int rc = look(tx, t);

	for (size_t i = 0; i < t->n && rc == 0; i++)
		rc = claim_one(tx, &t->list[i], now);
	return rc;
}

static int mark(struct db_tx *tx, void *arg)
{
	const struct telling *t = arg;
	int rc = 0;

	for (size_t i = 0; i < t->n && rc >= 0; i++)
		if (!t->list[i].again)
			rc = db_run(tx, "UPDATE subscriber SET told = 1 WHERE id = $1 AND told = 2",
				db_int(t->list[i].id));
	return rc < 0 ? rc : 0;
}

static void on_marked(void *arg, int status)
{
	struct telling *t = arg;
	struct auth *a = t->a;
	bool more = t->n == TELL_MAX;

	telling_free(t);
	if (status == 0 && more)
		subscribers_tell(a);
	hearth_release(a->h);
}

static void release(struct telling *t)
{
	hearth_release(t->a->h);
	telling_free(t);
}

/* One letter less is under way. */
static void letter_done(struct telling *t)
{
	INVARIANT(t->letters > 0);
	if (--t->letters == 0 && db_write(t->a->db, mark, on_marked, t) < 0)
		release(t);
}

/* `done` is called, whatever comes of it. */
static void send(struct told *one, const char *to, const char *subject, struct strbuf *text,
	void (*done)(void *told, int status))
{
	const struct letters *letters = hearth_service(one->telling->a->h, "letters");
	int rc;

	one->telling->letters++;
	rc = letters->send(letters->self, &(struct letter){ .to = slice_str(to),
						  .subject = slice_str(subject),
						  .text = strbuf_slice(text),
						  .done = done,
						  .arg = one });
	sodium_memzero(text->p, text->n);
	strbuf_free(text);
	if (rc < 0)
		done(one, rc);
}

/* What an owner is not told they see in the page. */
static void on_owner_sent(void *told, int status)
{
	struct told *one = told;

	(void)status;
	letter_done(one->telling);
}

static void tell_owners(struct told *one)
{
	const struct auth *a = one->telling->a;
	struct strbuf text = { 0 };

	for (size_t i = 0; i < one->owner_n; i++) {
		strbuf_printf(&text,
			"Mail of your group %s to its member %s has come back again and again. It "
			"gets none for now, until it opens the link of a letter that has gone "
			"there.\n\nYou can let it have mail again, or remove it, here:\n\n  ",
			one->group, one->address);
		hearth_url(a->h, &text);
		strbuf_printf(&text, "#account/groups/%s\n", one->name);
		send(one, one->owners[i], "A member of your group is paused", &text, on_owner_sent);
	}
}

/* Where nobody is reached, or the mailbox is full, it will not be better the next time. */
static bool is_final(int status)
{
	return status == 0 || status == HEARTH_EUNSUPPORTED || status == HEARTH_ENOTFOUND ||
	       status == HEARTH_EDENIED || status == HEARTH_ETOOBIG;
}

/* The owners once that one is on disk: so they are told once, however often it is tried. */
static void on_member_sent(void *told, int status)
{
	struct told *one = told;

	one->again = !is_final(status);
	if (!one->again)
		tell_owners(one);
	letter_done(one->telling);
}

static void tell_member(struct told *one)
{
	const struct auth *a = one->telling->a;
	struct strbuf text = { 0 };

	auth_address(hearth_config(a->h), slice_str(one->name), one->group);
	strbuf_printf(&text,
		"Mail of the group %s to this address has come back again and again, so nothing "
		"more is sent here for now.\n\nIf you read this, open this within a week to get it "
		"again:\n\n  ",
		one->group);
	hearth_url(a->h, &text);
	strbuf_printf(&text, "#subscribe?token=%s\n", one->secret);
	send(one, one->address, "Mail of a group is not sent to you for now", &text,
		on_member_sent);
}

static void on_claimed(void *arg, int status)
{
	struct telling *t = arg;

	if (status < 0 || t->n == 0) {
		release(t);
		return;
	}
	t->letters = 1; /* until all are sent */
	for (size_t i = 0; i < t->n; i++)
		tell_member(&t->list[i]);
	letter_done(t);
}

/* Most of what comes back pauses nobody: that costs no write. */
static void on_looked(void *arg, int status)
{
	struct telling *t = arg;

	if (status < 0 || t->n == 0 || db_write(t->a->db, claim, on_claimed, t) < 0)
		release(t);
}

void subscribers_tell(struct auth *a)
{
	struct telling *t;

	if (!hearth_service(a->h, "letters"))
		return;
	t = mem_zalloc(sizeof(*t));
	t->a = a;
	hearth_hold(a->h);
	if (db_read(a->db, look, on_looked, t) < 0)
		on_looked(t, HEARTH_EBUSY);
}

/* bus_subscription.after */
void auth_after_bounced(void *module, const struct bus_event *ev)
{
	(void)ev;
	subscribers_tell(module);
}
