/*
 * test_shard.c: a match shard when the disk is not to be believed, and when time and a move that
 * came before it meet in a queue.
 */
#include "harness.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "database.h"
#include "engine/shard.h"
#include "engine/tenure.h"
#include "game.h"
#include "hearth/error.h"
#include "hearth/metric.h"
#include "store/store.h"
#include "wire/frames.h"

extern const struct hearth_module game_module;

/* Of src/, which a module's tests do not see: the loop. */
void loop_init(void);
int loop_run_until(int (*fn)(void *arg), void *arg, int timeout_ms);

#define WHITE UINT64_C(11) /* clients; accounts are their hundredfold */
#define BLACK UINT64_C(12)

/* ---- what the clients are told ---- */

static pthread_mutex_t told_lock = PTHREAD_MUTEX_INITIALIZER;
static char told[64][400]; /* "11 {…}" */
static int told_count;

static void note_frame(void *self, const char *from, uint64_t client, struct buf *frame)
{
	(void)self;
	ck_assert_str_eq(from, "game");
	pthread_mutex_lock(&told_lock);
	ck_assert_int_lt(told_count, 64);
	snprintf(told[told_count++], sizeof(told[0]), "%d %.*s", (int)client,
		(int)(frame->n < 380 ? frame->n : 380), frame->p);
	pthread_mutex_unlock(&told_lock);
}

/* What a frame to a client must have in it, each behind what was found last. */
struct wanted {
	uint64_t client;
	const char *parts[3];
	int from;
};

static int is_told(void *arg)
{
	struct wanted *w = arg;
	int found = 0;
	char who[8];

	snprintf(who, sizeof(who), "%d ", (int)w->client);
	pthread_mutex_lock(&told_lock);
	for (int i = w->from; i < told_count && !found; i++) {
		bool all = strncmp(told[i], who, strlen(who)) == 0;

		for (int part = 0; part < 3 && w->parts[part]; part++)
			all = all && strstr(told[i], w->parts[part]);
		if (all)
			found = i + 1;
	}
	pthread_mutex_unlock(&told_lock);
	return found;
}

static void want(uint64_t client, const char *a, const char *b, const char *c)
{
	struct wanted w = { client, { a, b, c }, 0 };

	if (!loop_run_until(is_told, &w, 10000)) {
		for (int i = 0; i < told_count; i++)
			fprintf(stderr, "%s\n", told[i]);
		ck_abort_msg("%d was not told %s %s %s", (int)client, a, b ? b : "", c ? c : "");
	}
}

static bool was_told(uint64_t client, const char *a, const char *b)
{
	struct wanted w = { client, { a, b }, 0 };

	return is_told(&w) > 0;
}

/* ---- one match ---- */

static struct connections connections = { .send = note_frame };
static struct game_tenure tenure; /* that nobody can take */
static struct game g;
static int64_t match_id;

static int add_match(struct db_tx *tx, void *arg)
{
	struct game_match_row row = { .rules = game_rules_find(SLICE("chess")),
		.seats = 2,
		.accounts = { (int64_t)WHITE * 100, (int64_t)BLACK * 100 },
		.names = { "Weiß", "Black" },
		.control = game_control_fischer(*(int64_t *)arg, 0),
		.started_at = 1 };
	int64_t now_us = game_now_us(&tenure);
	int rc = game_store_add(tx, &row, 10);

	match_id = row.id;
	return rc < 0 ? rc : game_store_begin(tx, row.id, now_us, now_us + g.first_move_us);
}

static int load_match(struct db_tx *tx, void *arg)
{
	return game_store_load(tx, match_id, arg);
}

/* A shard with one match, of which both players hear. */
static void open_match(int64_t limit_ms, int64_t first_move_ms)
{
	const uint64_t clients[GAME_SEATS_MAX] = { WHITE, BLACK };
	const bool legal[GAME_SEATS_MAX] = { false, false };
	struct match *m;

	loop_init();
	told_count = 0;
	g = (struct game){ .connections = &connections,
		.shard_count = 1,
		.first_move_us = first_move_ms * 1000,
		.claim_after_us = 100000 };
	for (int i = 0; i < GAME_OWNABLE; i++)
		atomic_store(&g.tenures[i], &tenure);
	g.moves = metric_counter("test_moves", NULL, "");
	g.rejected = metric_counter("test_rejected", NULL, "");
	g.live = metric_gauge("test_live", NULL, "");
	g.db = database_new(game_module.schemas);
	g.shards[0] = game_shard_new(&g, 0);
	ck_assert_int_eq(db_write_wait(g.db, add_match, &limit_ms), 0);
	ck_assert_int_eq(db_read_wait(g.db, load_match, &m), 0);
	game_shard_open(g.shards[0], m, clients, legal);
	want(BLACK, "\"state\"", NULL, NULL);
}

static void close_match(void)
{
	game_shard_free(&g.shards[0]);
	db_close(&g.db);
}

static void send(enum game_intent_kind kind, uint64_t client, int ply, const char *move)
{
	struct game_intent in = { .kind = kind,
		.match = match_id,
		.client = client,
		.account = (int64_t)client * 100,
		.received_us = game_now_us(&tenure),
		.ply = ply,
		.seq = -1 };

	snprintf(in.move, sizeof(in.move), "%s", move);
	ck_assert_int_eq(game_shard_post(g.shards[0], &in), 0);
}

static void forget_told(void)
{
	pthread_mutex_lock(&told_lock);
	told_count = 0;
	pthread_mutex_unlock(&told_lock);
}

/* ---- what was long ago ---- */

#define ASKED 300

/* A match in which somebody has asked again and again, and was told no. */
static int ask_often(struct db_tx *tx, void *arg)
{
	int rc = 0;

	(void)arg;
	for (int seq = 1; seq <= ASKED && rc >= 0; seq++)
		rc = db_run(tx,
			"INSERT INTO event (match, seq, kind, seat, ply, text, notation, used_us,"
			" forgiven_us, ping_us, clock, at_ms) SELECT $1, $2, $3, $4, 0, '', '', 0,"
			" 0, 0, clock, 1 FROM match WHERE id = $1",
			db_int(match_id), db_int(seq),
			db_str(seq % 2 ? "draw-offer" : "draw-decline"), db_int(seq % 2 ? 0 : 1));
	if (rc >= 0)
		rc = db_run(tx, "UPDATE match SET seq = $2 WHERE id = $1", db_int(match_id),
			db_int(ASKED));
	return rc < 0 ? rc : 0;
}

static void resume(int since)
{
	struct game_intent in = {
		.kind = GAME_RESUME, .match = match_id, .client = BLACK + 1, .ply = -1, .seq = since
	};

	forget_told();
	ck_assert_int_eq(game_shard_post(g.shards[0], &in), 0);
}

START_TEST(who_missed_much_is_told_how_it_stands_instead)
{
	open_match(60000, 60000);
	game_shard_free(&g.shards[0]);
	ck_assert_int_eq(db_write_wait(g.db, ask_often, NULL), 0);
	g.shards[0] = game_shard_new(&g, 0);
	resume(ASKED - GAME_MISSED_MAX);
	want(BLACK + 1, "\"missed\"", NULL, NULL);
	resume(ASKED - GAME_MISSED_MAX - 1);
	want(BLACK + 1, "\"state\"", NULL, NULL);
	resume(0);
	want(BLACK + 1, "\"state\"", NULL, NULL);
	close_match();
}
END_TEST

/* ---- how many there may be ---- */

/* A step that ends a match by itself. */
static struct match_step an_end(const char *status, const char *reason)
{
	struct match_step step = { .seat = -1,
		.events = { MATCH_ENDED },
		.n = 1,
		.ends = true,
		.clock = { .seats = 2, .side = -1 } };

	match_set_word(step.status, status);
	match_set_word(step.reason, reason);
	return step;
}

/* One after the other, each ended at once: rows are what adds up. */
static int begin_many(struct db_tx *tx, void *arg)
{
	const struct game_rules *rules = game_rules_find(SLICE("chess"));
	const struct game_store_times at = { .wall_ms = 1, .due_us = 1 };
	int *begun = arg, rc = 0;

	for (*begun = 0; rc == 0; ++*begun) {
		struct match_step end = an_end("aborted", "");
		struct game_match_row row = { .rules = rules,
			.seats = 2,
			.accounts = { 1, 2 + *begun % 7 },
			.control = game_control_fischer(60000, 0),
			.started_at = 1000000 + *begun };

		rc = game_store_add(tx, &row, 10);
		if (rc == 0) {
			struct match *m = match_shell(row.id, rules, 2);

			rc = game_store_step(tx, m, &end, &at);
			match_free(&m);
		}
	}
	--*begun;
	return rc == HEARTH_ETOOBIG ? 0 : rc;
}

START_TEST(matches_of_one_person_begin_so_often_and_no_more)
{
	int begun;

	g.db = database_new(game_module.schemas);
	ck_assert_int_eq(db_write_wait(g.db, begin_many, &begun), 0);
	ck_assert_int_eq(begun, GAME_STORE_BEGUN_MAX);
	db_close(&g.db);
}
END_TEST

/* ---- a commit that was answered with an error and is there ---- */

/* Puts on disk what the shard does not know of, as such a commit does. */
static int store_step(struct db_tx *tx, void *arg)
{
	struct match *m = match_shell(match_id, game_rules_find(SLICE("chess")), 2);
	int rc = game_store_step(tx, m, arg, &(struct game_store_times){ .wall_ms = 1 });

	match_free(&m);
	return rc;
}

static void move_on_disk(const char *text)
{
	struct match_step step = { .events = { MATCH_MOVED },
		.n = 1,
		.ply = 1,
		.turns = true,
		.state = mem_zalloc(1),
		.clock = { .seats = 2, .left_us = { 600000000, 600000000 }, .side = -1 } };

	snprintf(step.move.text, sizeof(step.move.text), "%s", text);
	snprintf(step.move.notation, sizeof(step.move.notation), "%s", text);
	ck_assert_int_eq(db_write_wait(g.db, store_step, &step), 0);
	match_step_clear(&step);
}

START_TEST(a_move_that_is_on_disk_already_is_played)
{
	open_match(600000, 60000);
	move_on_disk("e2e4");
	send(GAME_MOVE, WHITE, 0, "e2e4");
	want(BLACK, "\"moved\"", "e2e4", NULL);
	want(WHITE, "\"moved\"", "e2e4", NULL);
	ck_assert(!was_told(WHITE, "\"rejected\"", NULL));
	/* And the match goes on. */
	send(GAME_MOVE, BLACK, 1, "e7e5");
	want(WHITE, "\"moved\"", "e7e5", NULL);
	close_match();
}
END_TEST

START_TEST(another_move_on_disk_is_the_one_that_counts)
{
	open_match(600000, 60000);
	move_on_disk("d2d4");
	forget_told();
	send(GAME_MOVE, WHITE, 0, "e2e4");
	want(WHITE, "\"rejected\"", "e2e4", NULL);
	want(WHITE, "\"state\"", "d2d4", NULL);
	want(BLACK, "\"state\"", "d2d4", NULL);
	send(GAME_MOVE, BLACK, 1, "e7e5");
	want(WHITE, "\"moved\"", "e7e5", NULL);
	close_match();
}
END_TEST

START_TEST(a_resignation_that_is_on_disk_already_is_told)
{
	struct match_step step = an_end("aborted", "aborted by white");

	step.seat = 0;
	step.events[0] = MATCH_ABORTED;
	step.events[1] = MATCH_ENDED;
	step.n = 2;
	open_match(600000, 60000);
	ck_assert_int_eq(db_write_wait(g.db, store_step, &step), 0);
	send(GAME_RESIGN, WHITE, -1, "");
	want(BLACK, "\"ended\"", "aborted", NULL);
	ck_assert_int_eq(metric_value(g.live), 0);
	close_match();
}
END_TEST

START_TEST(an_end_on_disk_that_nobody_here_knew_of_is_told)
{
	struct match_step step = an_end("draw", "agreement");

	open_match(600000, 60000);
	ck_assert_int_eq(db_write_wait(g.db, store_step, &step), 0);
	forget_told();
	send(GAME_RESIGN, WHITE, -1, "");
	want(BLACK, "\"state\"", "draw", NULL);
	send(GAME_MOVE, WHITE, -1, "e2e4");
	want(WHITE, "\"rejected\"", "e2e4", NULL);
	close_match();
}
END_TEST

/* ---- two that believe to own a match ---- */

#define ELSEWHERE UINT64_C(13) /* White's connection to the other one */

START_TEST(of_two_that_own_a_match_the_later_changes_nothing)
{
	struct game_shard *other;
	struct game_intent in = { .kind = GAME_RESUME,
		.client = ELSEWHERE,
		.account = (int64_t)WHITE * 100,
		.ply = -1,
		.seq = -1 };

	open_match(600000, 60000);
	other = game_shard_new(&g, 1);
	in.match = match_id;
	in.received_us = game_now_us(&tenure);
	ck_assert_int_eq(game_shard_post(other, &in), 0);
	want(ELSEWHERE, "\"state\"", "\"ply\":0", NULL);
	send(GAME_MOVE, WHITE, 0, "e2e4");
	want(BLACK, "\"moved\"", "e2e4", NULL);
	/* The other one knows nothing of it: neither an end nor an offer from there counts. */
	forget_told();
	in.kind = GAME_ABORT;
	ck_assert_int_eq(game_shard_post(other, &in), 0);
	want(ELSEWHERE, "\"rejected\"", "stale", NULL);
	want(ELSEWHERE, "\"state\"", "\"ply\":1", NULL);
	send(GAME_MOVE, BLACK, 1, "e7e5");
	want(WHITE, "\"moved\"", "e7e5", NULL);
	in.kind = GAME_DRAW;
	ck_assert_int_eq(game_shard_post(other, &in), 0);
	want(ELSEWHERE, "\"rejected\"", "stale", NULL);
	send(GAME_MOVE, WHITE, 2, "g1f3");
	want(BLACK, "\"moved\"", "g1f3", "\"draw_offer\":null");
	ck_assert(!was_told(BLACK, "\"ended\"", NULL));
	game_shard_free(&other);
	close_match();
}
END_TEST

START_TEST(what_is_another_nodes_is_let_go_and_read_anew)
{
	open_match(600000, 60000);
	send(GAME_MOVE, WHITE, 0, "e2e4");
	want(BLACK, "\"moved\"", "e2e4", NULL);
	forget_told();
	game_shard_drop(g.shards[0], game_shard_number(match_id), NULL, NULL);
	want(WHITE, "elsewhere", NULL, NULL);
	want(BLACK, "elsewhere", NULL, NULL);
	/* It has come back. */
	send(GAME_RESUME, BLACK, -1, "");
	want(BLACK, "\"state\"", "\"ply\":1", NULL);
	send(GAME_MOVE, BLACK, 1, "e7e5");
	want(BLACK, "\"moved\"", "e7e5", NULL);
	ck_assert(!was_told(WHITE, "\"moved\"", NULL));
	close_match();
}
END_TEST

/* ---- time and a move in a queue ---- */

static int never(void *arg)
{
	(void)arg;
	return 0;
}

/* The loop is there for so long: its time passes (exec_served_us). */
static void pass(int ms)
{
	loop_run_until(never, NULL, ms);
}

static atomic_bool go_on;

/* Holds the shard up, as a long step of another match would. */
static void hold(void *arg)
{
	(void)arg;
	while (!atomic_load(&go_on))
		usleep(1000);
}

/* The first function of the shard in a match's name: runs on the shard. */
static struct exec *shard_exec(void)
{
	/* The first members of struct game_shard (shard.c). */
	struct {
		struct game *g;
		struct exec *exec;
	} *s = (void *)g.shards[0];

	return s->exec;
}

START_TEST(a_move_that_came_in_time_is_played_though_the_flag_is_due)
{
	open_match(300, 60000);
	send(GAME_MOVE, WHITE, 0, "e2e4");
	want(BLACK, "\"moved\"", "e2e4", NULL);
	send(GAME_MOVE, BLACK, 1, "e7e5");
	want(WHITE, "\"moved\"", "e7e5", NULL);
	/* White has 300 ms. The move comes in time, behind something that takes longer. */
	atomic_store(&go_on, false);
	exec_post(shard_exec(), hold, NULL);
	usleep(20000);
	send(GAME_MOVE, WHITE, 2, "g1f3");
	pass(600);
	atomic_store(&go_on, true);
	want(BLACK, "\"moved\"", "g1f3", NULL);
	ck_assert(!was_told(BLACK, "\"ended\"", NULL));
	close_match();
}
END_TEST

START_TEST(a_flag_falls_when_nothing_came)
{
	open_match(100, 60000);
	send(GAME_MOVE, WHITE, 0, "e2e4");
	want(BLACK, "\"moved\"", "e2e4", NULL);
	send(GAME_MOVE, BLACK, 1, "e7e5");
	want(WHITE, "\"ended\"", "outoftime", NULL);
	want(BLACK, "\"ended\"", "outoftime", NULL);
	close_match();
}
END_TEST

START_TEST(a_first_move_that_came_in_time_is_played)
{
	open_match(600000, 300);
	atomic_store(&go_on, false);
	exec_post(shard_exec(), hold, NULL);
	usleep(20000);
	send(GAME_MOVE, WHITE, 0, "e2e4");
	pass(600);
	atomic_store(&go_on, true);
	want(BLACK, "\"moved\"", "e2e4", NULL);
	/* Black's does not come. */
	want(WHITE, "\"ended\"", "aborted", NULL);
	close_match();
}
END_TEST

TEST_MAIN("shard", who_missed_much_is_told_how_it_stands_instead,
	matches_of_one_person_begin_so_often_and_no_more, a_move_that_is_on_disk_already_is_played,
	another_move_on_disk_is_the_one_that_counts, a_resignation_that_is_on_disk_already_is_told,
	an_end_on_disk_that_nobody_here_knew_of_is_told,
	of_two_that_own_a_match_the_later_changes_nothing,
	what_is_another_nodes_is_let_go_and_read_anew,
	a_move_that_came_in_time_is_played_though_the_flag_is_due, a_flag_falls_when_nothing_came,
	a_first_move_that_came_in_time_is_played)
