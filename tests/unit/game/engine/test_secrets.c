/*
 * test_secrets.c: a viewer's bytes do not depend on what is hidden from them. A small game with
 * secrets and turns at the same time is played twice beside itself, with other secrets of the other
 * seat, and all that a viewer could be sent is compared, byte for byte.
 */
#include "harness.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "database.h"
#include "engine/shard.h"
#include "engine/tenure.h"
#include "hearth/error.h"
#include "hearth/metric.h"
#include "store/store.h"
#include "wire/frames.h"

/* Of src/, which a module's tests do not see: the loop. */
void loop_init(void);
int loop_run_until(int (*fn)(void *arg), void *arg, int timeout_ms);

/* ---- the game: both hide a digit, in whatever order; then each asks for the other's ---- */

struct hide {
	char hidden[2], asked[32];
	int asks, winner, over;
};

static int hide_init(void *state, unsigned seats, struct slice setup,
	const uint8_t seed[GAME_SEED_SIZE], const char **why)
{
	(void)seats, (void)setup, (void)seed, (void)why;
	memset(state, 0, sizeof(struct hide));
	return 0;
}

static uint64_t hide_to_move(const void *state)
{
	const struct hide *h = state;
	uint64_t open = (h->hidden[0] ? 0 : 1) | (h->hidden[1] ? 0 : 2);

	return h->over ? 0 : open ? open : UINT64_C(1) << h->asks % 2;
}

static int hide_apply(
	void *state, unsigned seat, struct slice move, struct game_move *made, const char **why)
{
	struct hide *h = state;

	*why = "hide a digit each, then ask for the other's";
	if (move.n != 5 || move.p[4] < '0' || move.p[4] > '9')
		return HEARTH_EINVAL;
	if (!(hide_to_move(h) >> seat & 1) ||
		!slice_starts(move, h->hidden[seat] ? SLICE("ask-") : SLICE("hid-")))
		return HEARTH_EDENIED;
	if (made) {
		snprintf(made->text, sizeof(made->text), "%.*s", SLICE_ARG(move));
		snprintf(made->notation, sizeof(made->notation), "%.*s!", SLICE_ARG(move));
	}
	if (!h->hidden[seat]) {
		h->hidden[seat] = move.p[4];
		return 0;
	}
	h->over = h->hidden[1 - seat] == move.p[4] || h->asks + 1 == (int)sizeof(h->asked);
	h->winner = (int)seat;
	h->asked[h->asks++] = move.p[4];
	return 0;
}

static void hide_legal(const void *state, unsigned seat, struct strbuf *out)
{
	const struct hide *h = state;

	for (char c = '0'; hide_to_move(h) >> seat & 1 && c <= '9'; c++)
		strbuf_printf(
			out, "%s%s-%c", c > '0' ? " " : "", h->hidden[seat] ? "ask" : "hid", c);
}

static void hide_view(const void *state, int viewer, struct strbuf *out)
{
	const struct hide *h = state;

	strbuf_printf(out, "{\"asked\":\"%.*s\",\"hidden\":[", h->asks, h->asked);
	for (int seat = 0; seat < 2; seat++)
		strbuf_printf(out, "%s\"%c\"", seat ? "," : "",
			!h->hidden[seat]                              ? '-'
			: viewer == seat || viewer == GAME_VIEWER_ALL ? h->hidden[seat]
								      : '?');
	strbuf_adds(out, "]}");
}

static void hide_told(
	const void *before, unsigned seat, struct slice move, int viewer, struct game_move *out)
{
	const struct hide *h = before;

	if (!h->hidden[seat] && viewer != (int)seat)
		return; /* that it has hidden one */
	snprintf(out->text, sizeof(out->text), "%.*s", SLICE_ARG(move));
	snprintf(out->notation, sizeof(out->notation), "%.*s!", SLICE_ARG(move));
}

static void hide_outcome(const void *state, struct game_result *out)
{
	const struct hide *h = state;

	*out = (struct game_result){ .over = h->over, .status = "variantEnd", .reason = "found" };
	if (h->over)
		game_score(out->scores, 2, h->winner);
}

static const struct game_rules hide_rules = { .version = GAME_RULES_VERSION,
	.id = "hide",
	.name = "Hide",
	.seats_min = 2,
	.seats_max = 2,
	.seat_names = (const char *const[]){ "left", "right" },
	.has_secrets = true,
	.state_size = sizeof(struct hide),
	.init = hide_init,
	.to_move = hide_to_move,
	.apply = hide_apply,
	.legal = hide_legal,
	.view = hide_view,
	.told = hide_told,
	.outcome = hide_outcome };

/* In place of the table of games (rules.c), which is in no program of this test. */
const struct game_rules *game_rules_find(struct slice id)
{
	return slice_eq(id, SLICE("hide")) ? &hide_rules : NULL;
}

const struct game_rules *game_rules_at(size_t i)
{
	return i == 0 ? &hide_rules : NULL;
}

const char *game_rules_rating(const struct game_rules *of, struct slice setup)
{
	return setup.n == 0 ? of->id : NULL;
}

/* ---- a match, and all that a viewer could be sent of it ---- */

struct table {
	struct db *db;
	struct match *m;
	struct match_step step;
	struct strbuf sent[3]; /* by viewer, from GAME_VIEWER_PUBLIC */
	int64_t now_us;
};

static int add_row(struct db_tx *tx, void *arg)
{
	struct game_match_row row = { .rules = &hide_rules,
		.seats = 2,
		.accounts = { 1, 2 },
		.names = { "L", "R" },
		.control = game_control_fischer(60000, 0),
		.started_at = 5 };
	struct match_start start = { .rules = &hide_rules,
		.seats = 2,
		.accounts = { 1, 2 },
		.names = { "L", "R" },
		.control = game_control_fischer(60000, 0) };
	struct table *t = arg;
	const char *why;
	int rc = game_store_add(tx, &row, 10);

	match_free(&t->m);
	t->m = match_new(row.id, &start, 0, &why);
	t->m->started_at = 5;
	return rc < 0 ? rc : game_store_begin(tx, row.id, 0, 60000000);
}

static int write_step(struct db_tx *tx, void *arg)
{
	struct table *t = arg;

	t->step.at_ms = 1000 + t->m->seq;
	return game_store_step(tx, t->m, &t->step,
		&(struct game_store_times){
			.wall_ms = t->step.at_ms, .now_us = t->now_us, .due_us = 7 });
}

static int read_it(struct db_tx *tx, void *arg)
{
	struct table *t = arg;

	match_free(&t->m);
	return game_store_read(tx, 1, &t->m);
}

static void collect(void *arg, struct match *m)
{
	struct table *t = arg;

	t->m = m;
}

static int page_it(struct db_tx *tx, void *arg)
{
	return game_store_page(tx, 1, INT64_MAX, 1, collect, arg);
}

static void sent(struct table *t, int viewer, struct buf *frame)
{
	strbuf_add(&t->sent[1 + viewer], buf_slice(frame));
	strbuf_addc(&t->sent[1 + viewer], '\n');
	buf_unref(&frame);
}

static void send_all(struct table *t, int from)
{
	for (int viewer = GAME_VIEWER_PUBLIC; viewer < 2; viewer++) {
		const struct game_viewer who = { .seat = viewer, .legal = true };

		for (int seq = from + 1; seq <= t->m->seq; seq++) {
			struct match_event e;

			match_log_get(&t->m->log, seq, viewer, &e);
			if (e.kind == MATCH_MOVED)
				sent(t, viewer,
					game_frame_moved(t->m, seq, viewer, true, t->now_us));
			else if (e.kind == MATCH_ENDED)
				sent(t, viewer, game_frame_ended(t->m, t->now_us));
		}
		for (int since = 0; since <= t->m->seq; since++)
			sent(t, viewer, game_frame_missed(t->m, since, &who, t->now_us));
		sent(t, viewer, game_frame_state(t->m, &who, t->now_us));
	}
}

/* What HTTP says, of the match as it is stored: to everybody the same. */
static void send_stored(struct table *t)
{
	struct table read = { .db = t->db };
	struct json_writer w;

	for (int list = 0; list < 2; list++) {
		ck_assert_int_eq(db_read_wait(t->db, list ? page_it : read_it, &read), 0);
		json_writer_init(&w, &t->sent[0]);
		json_open_object(&w);
		game_write_match(&w, read.m, GAME_VIEWER_PUBLIC, !list, t->now_us);
		game_write_events(&w, read.m, 0, MATCH_EVENTS_MAX, GAME_VIEWER_PUBLIC);
		game_write_position(&w, read.m, GAME_VIEWER_PUBLIC);
		json_close_object(&w);
		match_free(&read.m);
	}
}

static void play(struct table *t, int seat, const char *move)
{
	int from = t->m->seq;
	const char *why;

	t->now_us += 1000;
	ck_assert_int_eq(
		match_try_move(t->m, seat, slice_str(move), false, t->now_us, 0, &t->step, &why),
		0);
	ck_assert_int_eq(db_write_wait(t->db, write_step, t), 0);
	match_take(t->m, &t->step, t->now_us);
	send_all(t, from);
	send_stored(t);
}

static struct table begin(struct db *db)
{
	struct table t = { .db = db };

	ck_assert_int_eq(db_write_wait(db, add_row, &t), 0);
	send_all(&t, 0);
	return t;
}

static void end(struct table *t)
{
	match_free(&t->m);
	for (int i = 0; i < 3; i++)
		strbuf_free(&t->sent[i]);
}

static bool same(const struct table *a, const struct table *b, int viewer)
{
	return slice_eq(strbuf_slice(&a->sent[1 + viewer]), strbuf_slice(&b->sent[1 + viewer]));
}

/* A match in which `right` hides this digit, first or second, and nobody finds anything. */
static struct table played(char left, char right, bool right_first)
{
	struct db *db = database_new(&(struct db_schema){ "game", game_migrations });
	struct table t = begin(db);
	char hide_left[] = "hid-0", hide_right[] = "hid-0";

	hide_left[4] = left;
	hide_right[4] = right;
	if (right_first)
		play(&t, 1, hide_right);
	play(&t, 0, hide_left);
	if (!right_first)
		play(&t, 1, hide_right);
	for (int i = 0; i < 6; i++)
		play(&t, i % 2, i % 2 ? "ask-8" : "ask-9");
	db_close(&db);
	return t;
}

START_TEST(what_is_hidden_changes_no_byte_of_others)
{
	for (int first = 0; first < 2; first++) {
		struct table a = played('1', '2', first), b = played('1', '3', first);
		struct table c = played('4', '2', first);

		ck_assert(same(&a, &b, GAME_VIEWER_PUBLIC) && same(&a, &b, 0));
		ck_assert(same(&a, &c, GAME_VIEWER_PUBLIC) && same(&a, &c, 1));
		/* Whose secret it is sees it: this test would see if others did. */
		ck_assert(!same(&a, &b, 1) && !same(&a, &c, 0));
		ck_assert_int_ge(slice_find(strbuf_slice(&a.sent[2]), SLICE("hid-2")), 0);
		end(&a);
		end(&b);
		end(&c);
	}
}
END_TEST

START_TEST(who_decides_at_the_same_time_need_not_hear_of_the_other)
{
	struct db *db = database_new(&(struct db_schema){ "game", game_migrations });
	struct table t = begin(db);
	const char *why;

	play(&t, 1, "hid-7");
	ck_assert(match_stands(t.m, 0, 0, 0) && match_stands(t.m, 0, 1, 1));
	ck_assert(!match_stands(t.m, 0, 2, -1) && !match_stands(t.m, 0, -1, 2));
	ck_assert(!match_stands(t.m, 1, 0, -1) && !match_stands(t.m, 1, -1, 0));
	play(&t, 0, "hid-6");
	ck_assert(!match_stands(t.m, 0, 0, -1) && !match_stands(t.m, 0, 1, -1));
	ck_assert(match_stands(t.m, 0, 2, 2));
	/* In turn each must have heard of the other's: what was decided before that is of another board. */
	play(&t, 0, "ask-8");
	play(&t, 1, "ask-8");
	ck_assert(!match_stands(t.m, 0, 3, -1) && !match_stands(t.m, 0, -1, 3));
	ck_assert(match_stands(t.m, 0, 4, 4));
	/* And an offer is an event that one may want to know of. */
	ck_assert_int_eq(match_try_draw(t.m, 1, t.now_us, &t.step, &why), 0);
	ck_assert_int_eq(db_write_wait(db, write_step, &t), 0);
	match_take(t.m, &t.step, t.now_us);
	ck_assert(match_stands(t.m, 0, 4, -1) && !match_stands(t.m, 0, -1, 4));
	end(&t);
	db_close(&db);
}
END_TEST

/* However it ended: here one gives up, and nothing was found. */
START_TEST(behind_an_end_everybody_sees_all)
{
	struct db *db = database_new(&(struct db_schema){ "game", game_migrations });
	struct table t = begin(db);
	const char *why;

	play(&t, 1, "hid-7");
	play(&t, 0, "hid-6");
	for (int i = 0; i < 3; i++)
		strbuf_reset(&t.sent[i]);
	ck_assert_int_eq(match_try_resign(t.m, 1, t.now_us, &t.step, &why), 0);
	ck_assert_int_eq(db_write_wait(t.db, write_step, &t), 0);
	match_take(t.m, &t.step, t.now_us);
	send_all(&t, 2);
	for (int i = 0; i < 3; i++) {
		struct slice all = strbuf_slice(&t.sent[i]);

		/* What they were, with which words, and as what the position has them: in `ended`, too. */
		ck_assert(slice_find(all, SLICE("\"hid-6\"")) >= 0);
		ck_assert(slice_find(all, SLICE("\"hid-7!\"")) >= 0);
		ck_assert(slice_find(all, SLICE("null,\"hid-")) < 0);
		ck_assert(slice_find(all, SLICE("[\"6\",\"7\"]")) >= 0);
		ck_assert(slice_find(slice_head(all, (size_t)slice_find(all, SLICE("\n"))),
				  SLICE("[\"6\",\"7\"]")) >= 0);
		strbuf_reset(&t.sent[i]);
	}
	/* And to who asks for it later, or for a list. */
	send_stored(&t);
	ck_assert(slice_find(strbuf_slice(&t.sent[0]), SLICE("\"?\"")) < 0);
	ck_assert(slice_find(strbuf_slice(&t.sent[0]), SLICE("\"last\":null")) < 0);
	ck_assert(slice_find(strbuf_slice(&t.sent[0]), SLICE("[\"6\",\"7\"]")) >= 0);
	end(&t);
	db_close(&db);
}
END_TEST

/* ---- through a shard ---- */

static pthread_mutex_t told_lock = PTHREAD_MUTEX_INITIALIZER;
static struct strbuf told[4]; /* by client, of which there are 1, 2 and a watcher, 3 */

static void note_frame(void *self, const char *from, uint64_t client, struct buf *frame)
{
	(void)self, (void)from;
	pthread_mutex_lock(&told_lock);
	strbuf_add(&told[client], buf_slice(frame));
	strbuf_addc(&told[client], '\n');
	pthread_mutex_unlock(&told_lock);
}

struct wanted {
	int client;
	const char *text;
};

static int is_told(void *arg)
{
	const struct wanted *w = arg;
	bool found;

	pthread_mutex_lock(&told_lock);
	found = slice_find(strbuf_slice(&told[w->client]), slice_str(w->text)) >= 0;
	pthread_mutex_unlock(&told_lock);
	return found;
}

static void want(int client, const char *text)
{
	struct wanted w = { client, text };

	ck_assert_msg(loop_run_until(is_told, &w, 10000), "%d was not told %s", client, text);
}

static struct connections connections = { .send = note_frame };
static struct game_tenure tenure;
static struct game g;

static void ask_shard(enum game_intent_kind kind, int client, int since, const char *move)
{
	struct game_intent in = { .kind = kind,
		.match = 1,
		.client = (uint64_t)client,
		.account = client,
		.received_us = game_now_us(&tenure),
		.ply = -1,
		.seq = since,
		.legal = client != 2 };

	snprintf(in.move, sizeof(in.move), "%s", move);
	ck_assert_int_eq(game_shard_post(g.shards[0], &in), 0);
}

START_TEST(each_is_sent_what_is_theirs)
{
	struct table t;

	loop_init();
	g = (struct game){ .connections = &connections,
		.shard_count = 1,
		.first_move_us = 60000000,
		.claim_after_us = 100000 };
	for (int i = 0; i < GAME_OWNABLE; i++)
		atomic_store(&g.tenures[i], &tenure);
	g.moves = metric_counter("test_moves", NULL, "");
	g.rejected = metric_counter("test_rejected", NULL, "");
	g.live = metric_gauge("test_live", NULL, "");
	g.db = database_new(&(struct db_schema){ "game", game_migrations });
	g.shards[0] = game_shard_new(&g, 0);
	t = begin(g.db);
	for (int client = 1; client <= 3; client++) {
		ask_shard(GAME_RESUME, client, -1, "");
		want(client, "\"type\":\"state\"");
	}
	/* Right is first, while it is left's turn, too. */
	ask_shard(GAME_MOVE, 2, -1, "hid-7");
	for (int client = 1; client <= 3; client++)
		want(client, "\"seq\":1,\"ply\":1,\"by\":\"right\"");
	/* Who had not heard of that yet has decided as well; sent once more it is nothing any more. */
	ask_shard(GAME_MOVE, 1, 0, "hid-6");
	for (int client = 1; client <= 3; client++)
		want(client, "\"seq\":2,\"ply\":2,\"by\":\"left\"");
	ask_shard(GAME_MOVE, 1, 0, "hid-6");
	want(1, "\"code\":\"stale\"");
	ask_shard(GAME_RESUME, 1, 0, "");
	want(1, "\"type\":\"missed\"");
	ask_shard(GAME_TAKEBACK, 1, -1, "");
	want(1, "cannot be taken back");
	pthread_mutex_lock(&told_lock);
	for (int client = 1; client <= 3; client++) {
		struct slice all = strbuf_slice(&told[client]);

		ck_assert((slice_find(all, SLICE("\"hid-6\"")) >= 0) == (client == 1));
		ck_assert((slice_find(all, SLICE("\"hid-7!\"")) >= 0) == (client == 2));
		ck_assert((slice_find(all, SLICE("[\"-\",\"7\"]")) >= 0) == (client == 2));
		ck_assert((slice_find(all, SLICE("[\"-\",\"?\"]")) >= 0) == (client != 2));
	}
	pthread_mutex_unlock(&told_lock);
	game_shard_free(&g.shards[0]);
	end(&t);
	for (int client = 1; client <= 3; client++)
		strbuf_free(&told[client]);
	db_close(&g.db);
}
END_TEST

TEST_MAIN("secrets", what_is_hidden_changes_no_byte_of_others, behind_an_end_everybody_sees_all,
	who_decides_at_the_same_time_need_not_hear_of_the_other, each_is_sent_what_is_theirs)
