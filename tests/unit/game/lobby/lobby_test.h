/*
 * lobby_test.h: a lobby with its database, and what clients are told, for the units of seeks. Connections
 * are numbers, accounts their hundredfold and what is added to that.
 */
#ifndef HEARTH_TESTS_LOBBY_TEST_H
#define HEARTH_TESTS_LOBBY_TEST_H

#include "harness.h"

#include <stdio.h>
#include <string.h>

#include "database.h"
#include "engine/tenure.h"
#include "game.h"
#include "hearth/accounts.h"
#include "hearth/arena.h"
#include "hearth/map.h"
#include "lobby/seek.h"

extern const struct hearth_module game_module;

/* Of src/, which a module's tests do not see: the loop. */
void loop_init(void);
void loop_close(void);
int loop_run_until(int (*fn)(void *arg), void *arg, int timeout_ms);

#define TOLD_MAX    4096
#define SERVER_ROOM (1 << 20) /* more than it takes */

static char told[TOLD_MAX][300]; /* "11 {…}"; to an account "#1100 {…}" */
static int told_count;

static inline void note(const char *to, int64_t whom, const struct buf *frame)
{
	ck_assert_int_lt(told_count, TOLD_MAX);
	snprintf(told[told_count++], sizeof(told[0]), "%s%d %.*s", to, (int)whom,
		(int)(frame->n < 280 ? frame->n : 280), frame->p);
}

static inline void note_frame(void *self, const char *from, uint64_t client, struct buf *frame)
{
	(void)self;
	(void)from;
	note("", (int64_t)client, frame);
}

static inline void note_account_frame(void *self, int64_t account, struct buf *frame)
{
	(void)self;
	note("#", account, frame);
}

/* How many frames to `whom` have both in them, each NULL or a part. */
static inline int told_times(const char *whom, const char *a, const char *b)
{
	size_t n = strlen(whom);
	int times = 0;

	for (int i = 0; i < told_count; i++)
		times += strncmp(told[i], whom, n) == 0 && told[i][n] == ' ' &&
			 (!a || strstr(told[i], a)) && (!b || strstr(told[i], b));
	return times;
}

struct wanted {
	const char *whom, *a, *b;
};

static inline int is_told(void *arg)
{
	const struct wanted *w = arg;

	return told_times(w->whom, w->a, w->b);
}

static inline void want(const char *whom, const char *a, const char *b)
{
	struct wanted w = { whom, a, b };

	if (loop_run_until(is_told, &w, 10000))
		return;
	for (int i = 0; i < told_count; i++)
		fprintf(stderr, "%s\n", told[i]);
	ck_abort_msg("%s was not told %s %s", whom, a ? a : "", b ? b : "");
}

/* ---- the lobby of a server ---- */

static struct game g;

static inline void name_of(void *self, int64_t id, accounts_name_fn *done, void *arg)
{
	(void)self;
	(void)id;
	done(arg, 0, "somebody");
}

static inline void lobby_open(void)
{
	static const struct connections connections = { .send = note_frame,
		.send_account = note_account_frame };
	static const struct accounts accounts = { .name_of = name_of };
	static struct game_tenure tenure; /* that nobody can take */

	loop_init();
	told_count = 0;
	/* Of the server only the count of who holds it is touched, behind whatever is before that. */
	g = (struct game){ .h = mem_zalloc(SERVER_ROOM),
		.connections = &connections,
		.accounts = &accounts,
		.owned = 1u << GAME_LOBBY,
		.shard_count = 1,
		.first_move_us = 30000000,
		.matches_max = 50,
		.seeks_max = 16,
		.seek_ttl_ms = 600000 };
	atomic_store(&g.tenures[GAME_LOBBY], &tenure);
	g.db = database_new(game_module.schemas);
	g.arena = arena_new();
	g.seeking = map_new();
	g.lobby = game_lobby_new(&g);
}

static inline int nobody_seeks(void *arg)
{
	(void)arg;
	return map_count(g.seeking) == 0;
}

/* Nothing is on its way any more: the count of who holds the server is all that was touched of it. */
static inline int nobody_holds(void *arg)
{
	const char *bytes = (const char *)g.h;

	(void)arg;
	return bytes[0] == 0 && memcmp(bytes, bytes + 1, SERVER_ROOM - 1) == 0;
}

static inline void lobby_close(void)
{
	ck_assert(loop_run_until(nobody_holds, NULL, 10000));
	game_lobby_free(&g.lobby);
	map_free(&g.seeking);
	arena_free(&g.arena);
	db_close(&g.db);
	loop_close();
	free(g.h);
}

/* By the usual rules, for a clock of so many seconds (0: one's own). */
static inline struct game_seek seek_by(uint64_t client, int64_t seconds)
{
	return (struct game_seek){ .client = client,
		.account = (int64_t)client * 100,
		.rules = game_rules_find(SLICE("chess")),
		.control = seconds ? game_control_fischer(seconds * 1000, 0)
				   : (struct game_control){ .stage_count = 0 },
		.own_clock = !seconds,
		.seats = 2,
		.seat = -1,
		.rating_max = INT32_MAX,
		.ttl_ms = 600000 };
}

/* Runs SQL, a const char *, in a write transaction of its own. */
static inline int run_sql(struct db_tx *tx, void *arg)
{
	const char *const *sql = arg;
	int rc = db_run(tx, *sql);

	return rc < 0 ? rc : 0;
}

#endif
