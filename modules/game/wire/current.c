/*
 * current.c: following matches: `current` (which of one's own go on), and `resume` for those that a
 * client did not ask for one by one. Any node finds them; the state comes from where the match is.
 * On the loop, but for what reads the database; CURRENT_MAX matches are told.
 */
#include <stdlib.h>

#include "engine/shard.h"
#include "engine/tenure.h"
#include "hearth/error.h"
#include "hearth/log.h"
#include "store/store.h"
#include "wire/frames.h"
#include "wire/relay.h"

#define CURRENT_MAX     100 /* told by number */
#define CURRENT_RESUMED 8   /* resumed by themselves, the latest */

/* The frame that a client would have sent. */
static void write_resume(struct strbuf *out, int64_t match, bool legal)
{
	struct json_writer w;

	json_writer_init(&w, out);
	json_open_object(&w);
	json_put_str(&w, "to", "game");
	json_put_str(&w, "type", "resume");
	json_put_i64(&w, "match", match);
	json_put_bool(&w, "legal", legal);
	json_close_object(&w);
}

void game_follow(struct game *g, uint64_t client, int64_t account, int64_t match, bool legal)
{
	struct strbuf out = { 0 };
	struct frame_message frame = { .client = client, .account = account };

	write_resume(&out, match, legal);
	frame.bytes = strbuf_slice(&out);
	if (!game_relay_follow(g->relay, &frame))
		game_take_frame(g, &frame);
	strbuf_free(&out);
}

struct current {
	struct game *g;
	uint64_t client;
	int64_t account;
	bool legal;
	int64_t live[CURRENT_MAX + 1]; /* one more than are told says that there is more */
	int n;
};

static int collect_live(void *arg, int64_t id)
{
	struct current *c = arg;

	INVARIANT(c->n <= CURRENT_MAX);
	c->live[c->n++] = id;
	return 0;
}

static int find_current(struct db_tx *tx, void *arg)
{
	struct current *c = arg;

	c->n = 0;
	return game_store_live_of_account(tx, c->account, CURRENT_MAX + 1, collect_live, c);
}

static void on_current_found(void *arg, int status)
{
	struct current *c = arg;

	if (status < 0)
		game_send(c->g, c->client,
			game_frame_error("try-again", "your matches could not be looked up"));
	else
		game_send(c->g, c->client,
			game_frame_current(c->live,
				(size_t)(c->n < CURRENT_MAX ? c->n : CURRENT_MAX),
				c->n > CURRENT_MAX));
	for (int i = 0; status == 0 && i < c->n && i < CURRENT_RESUMED; i++)
		game_follow(c->g, c->client, c->account, c->live[i], c->legal);
	hearth_release(c->g->h);
	free(c);
}

void game_current(struct game *g, uint64_t client, int64_t account, bool legal)
{
	struct current *c = mem_zalloc(sizeof(*c));

	c->g = g;
	c->client = client;
	c->account = account;
	c->legal = legal;
	hearth_hold(g->h);
	if (db_read(g->db, find_current, on_current_found, c) < 0)
		on_current_found(c, HEARTH_EBUSY);
}
