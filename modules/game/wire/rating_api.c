/*
 * rating_api.c: one's own ratings, as JSON (rating_api.h).
 *
 * On the loop; what reads is inside a db_fn. As many as there are games times speeds.
 */
#include "wire/rating_api.h"

#include <math.h>
#include <stdlib.h>

#include "game.h"
#include "hearth/accounts.h"
#include "hearth/clock.h"
#include "hearth/error.h"
#include "store/store_rating.h"

struct request {
	struct http_request *rq;
	int64_t account, now_ms;
	struct strbuf out;
	struct json_writer w;
};

static int write_one(void *arg, const struct game_rated *r)
{
	struct request *q = arg;
	const struct rating *rating = &r->rating;

	json_open_object(&q->w);
	json_put_text(&q->w, "rules", r->game);
	json_put_str(&q->w, "speed", game_speed_name(r->speed));
	json_put_i64(&q->w, "rating", lround(rating->glicko.rating));
	json_put_i64(&q->w, "deviation", lround(rating_deviation(rating, q->now_ms)));
	json_put_bool(&q->w, "provisional", rating_provisional(rating, q->now_ms));
	json_put_i64(&q->w, "games", rating->games);
	json_put_i64(&q->w, "latest", rating->latest_ms);
	json_close_object(&q->w);
	return 0;
}

static int read_all(struct db_tx *tx, void *arg)
{
	struct request *q = arg;
	int rc;

	strbuf_reset(&q->out); /* it may be read again */
	json_writer_init(&q->w, &q->out);
	json_open_object(&q->w);
	json_name(&q->w, "ratings");
	json_open_array(&q->w);
	rc = game_store_ratings(tx, q->account, write_one, q);
	json_close_array(&q->w);
	json_close_object(&q->w);
	return rc;
}

static void on_read(void *arg, int status)
{
	struct request *q = arg;

	if (status < 0)
		http_reply_error(q->rq, status);
	else
		http_reply_json(q->rq, 200, &q->out);
	strbuf_free(&q->out);
	free(q);
}

void game_get_ratings(void *module, struct http_request *rq)
{
	const struct game *g = module;
	struct request *q = mem_zalloc(sizeof(*q));

	q->rq = rq;
	q->account = http_account(rq)->id;
	q->now_ms = clock_wall_ms();
	if (db_read(g->db, read_all, on_read, q) < 0)
		on_read(q, HEARTH_EBUSY);
}
