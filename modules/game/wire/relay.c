/*
 * relay.c: frames to another node, and the relay's beginning and end (relay.h). What is to be said
 * goes out in batches, one at a time at the database; OUT_MAX rows wait. On the loop, but for what
 * any thread may call.
 */
#include "wire/relay_private.h"

#include <stdio.h>
#include <stdlib.h>

#include "engine/tenure.h"
#include "hearth/clock.h"
#include "hearth/config.h"
#include "hearth/error.h"
#include "hearth/list.h"
#include "hearth/log.h"
#include "hearth/map.h"
#include "store/store_relay.h"
#include "wire/frames.h"

#define OUT_MAX 4096

void relay_parcel_free(struct relay_parcel *p)
{
	free(p->body);
	free(p);
}

void relay_parcels_free(struct list *l)
{
	struct list_node *n;

	while ((n = list_pop(l)))
		relay_parcel_free(LIST_ENTRY(n, struct relay_parcel, node));
}

struct relay_parcel *relay_parcel_new(const struct relay_row *row)
{
	struct relay_parcel *p = mem_zalloc(sizeof(*p));

	p->row = *row;
	p->body = mem_strdup(row->body);
	p->row.body = slice_of(p->body, row->body.n);
	return p;
}

/* ---- out ---- */

static void on_out(void *arg);

/* Any thread; false when too many wait. With the lock. */
static bool put(struct game_relay *r, const struct relay_row *row)
{
	struct relay_parcel *p;

	INVARIANT(row->to[0] && r->out_count >= 0 && strcmp(row->to, r->node) != 0);
	if (r->out_count >= OUT_MAX)
		return false;
	p = relay_parcel_new(row);
	p->row.at_ms = clock_wall_ms();
	list_push(&r->out, &p->node);
	r->out_count++;
	if (!r->posted && exec_loop()) {
		r->posted = true;
		exec_post(exec_loop(), on_out, r);
	}
	return true;
}

static void tell(struct game_relay *r, const struct relay_client *to, struct buf *frame)
{
	struct relay_row row = { .kind = RELAY_TOLD,
		.client = to->client,
		.account = to->account,
		.body = buf_slice(frame) };

	snprintf(row.to, sizeof(row.to), "%s", to->node);
	if (!put(r, &row))
		r->lost = true;
}

static int write_batch(struct db_tx *tx, void *arg)
{
	struct game_relay *r = arg;
	int rc = 0;

	LIST_FOREACH (&r->batch, it)
		if (rc == 0)
			rc = game_store_relay_add(
				tx, &LIST_ENTRY(it, struct relay_parcel, node)->row);
	return rc;
}

/* Frames to clients of others were lost: all of those ask again. */
static void tell_lost(struct game_relay *r)
{
	struct buf *frame = game_frame_elsewhere();
	size_t it = 0;
	void *value;

	pthread_mutex_lock(&r->lock);
	r->lost = false;
	while (map_next(r->relayed, &it, NULL, &value))
		tell(r, value, frame);
	pthread_mutex_unlock(&r->lock);
	buf_unref(&frame);
}

static void on_written(void *arg, int status)
{
	struct game_relay *r = arg;
	struct list_node *n;

	INVARIANT(r->writing && !list_empty(&r->batch));
	r->writing = false;
	if (status < 0)
		log_warn("game", "frames could not be handed to another node", "why", "%s",
			error_name(status), NULL);
	while ((n = list_pop(&r->batch))) {
		struct relay_parcel *p = LIST_ENTRY(n, struct relay_parcel, node);

		if (status < 0 && p->row.kind == RELAY_ASKED)
			game_send(r->g, p->row.client,
				game_frame_error("try-again", "it could not be handed on"));
		if (status < 0 && p->row.kind == RELAY_TOLD)
			r->lost = true;
		relay_parcel_free(p);
	}
	/* What the database does not take is tried again with the next poll. */
	if (status == 0) {
		wake_others(r->wake, WAKE_GAME);
		relay_write_out(r);
	}
}

void relay_write_out(struct game_relay *r)
{
	struct list_node *n;

	if (r->writing)
		return;
	if (r->lost)
		tell_lost(r);
	pthread_mutex_lock(&r->lock);
	while ((n = list_pop(&r->out)))
		list_push(&r->batch, n);
	r->out_count = 0;
	r->posted = false;
	pthread_mutex_unlock(&r->lock);
	if (list_empty(&r->batch))
		return;
	r->writing = true;
	if (db_write(r->g->db, write_batch, on_written, r) < 0)
		on_written(r, HEARTH_EBUSY);
}

static void on_out(void *arg)
{
	relay_write_out(arg);
}

/* Whether it is a client of another node; with *to as it is known. */
static bool find_relayed(struct game_relay *r, uint64_t client, struct relay_client *to)
{
	const struct relay_client *found;

	pthread_mutex_lock(&r->lock);
	found = map_get_u64(r->relayed, client);
	if (found)
		*to = *found;
	pthread_mutex_unlock(&r->lock);
	return found;
}

static bool put_locked(struct game_relay *r, const struct relay_row *row)
{
	bool taken;

	pthread_mutex_lock(&r->lock);
	taken = put(r, row);
	pthread_mutex_unlock(&r->lock);
	return taken;
}

/* That a client of this node asks for something of others. */
static void note_own(struct game_relay *r, uint64_t client, int what)
{
	struct relay_client *one = map_get_u64(r->own, client);

	if (!one) {
		one = mem_zalloc(sizeof(*one));
		one->client = client;
		map_set_u64(r->own, client, one);
	}
	one->asked |= 1u << what;
}

void game_relay_ask(struct game_relay *r, int what, const struct frame_message *frame)
{
	struct relay_row row = { .kind = RELAY_ASKED,
		.client = frame->client,
		.account = frame->account,
		.ping_us = frame->ping_us,
		.age_us = frame->age_us,
		.body = frame->bytes };
	struct relay_client other;

	INVARIANT(!game_owns(r->g, what));
	/* One of another node came here while this one had it: its own node asks again. */
	if (find_relayed(r, frame->client, &other)) {
		game_send(r->g, frame->client, game_frame_elsewhere());
		return;
	}
	game_lease_name(what, row.to);
	snprintf(row.from, sizeof(row.from), "%s", r->node);
	note_own(r, frame->client, what);
	if (!put_locked(r, &row))
		game_send(r->g, frame->client,
			game_frame_error("busy", "the server has too much to do"));
}

void game_relay_gone(struct game_relay *r, uint64_t client)
{
	struct relay_client *one = map_remove_u64(r->own, client);

	for (int what = 0; one && what < GAME_OWNABLE; what++) {
		struct relay_row row = { .kind = RELAY_GONE, .client = client };

		if (!(one->asked >> what & 1))
			continue;
		game_lease_name(what, row.to);
		snprintf(row.from, sizeof(row.from), "%s", r->node);
		put_locked(r, &row);
	}
	free(one);
}

bool game_relay_follow(struct game_relay *r, const struct frame_message *frame)
{
	struct relay_row row = { .kind = RELAY_FOLLOW,
		.client = frame->client,
		.account = frame->account,
		.body = frame->bytes };
	struct relay_client to;

	if (!r || !find_relayed(r, frame->client, &to))
		return false;
	memcpy(row.to, to.node, sizeof(to.node));
	/* Where there is no room its players resume by themselves: they hear that it has begun. */
	put_locked(r, &row);
	return true;
}

bool game_relay_tell(struct game_relay *r, uint64_t client, struct buf *frame)
{
	struct relay_client *to;

	if (!r)
		return false;
	pthread_mutex_lock(&r->lock);
	to = map_get_u64(r->relayed, client);
	if (to)
		tell(r, to, frame);
	pthread_mutex_unlock(&r->lock);
	return to;
}

void game_relay_tell_account(struct game_relay *r, int64_t account, struct buf *frame)
{
	struct relay_row row = {
		.kind = RELAY_TOLD_ACCOUNT, .account = account, .body = buf_slice(frame)
	};

	if (!r)
		return;
	pthread_mutex_lock(&r->lock);
	for (int i = 0; i < r->other_count; i++) {
		snprintf(row.to, sizeof(row.to), "%s", r->others[i]);
		put(r, &row);
	}
	pthread_mutex_unlock(&r->lock);
}

/* ---- start and end ---- */

/* Others have written something, or given something up. */
static void on_knock(void *arg)
{
	struct game_relay *r = arg;

	game_relay_look(r);
	game_tenure_look(r->g);
}

static void on_claim(void *arg, const struct lease *l)
{
	(void)arg;
	(void)l; /* that it is held is all that others look at */
}

struct game_relay *game_relay_new(struct game *g)
{
	struct leases *leases = hearth_leases(g->h);
	struct game_relay *r;
	char name[LEASE_NAME_MAX + 1];

	if (strcmp(config_text(hearth_config(g->h), "server", "nodes"), "one") == 0)
		return NULL;
	r = mem_zalloc(sizeof(*r));
	r->g = g;
	r->node = leases_node(leases);
	list_init(&r->in);
	list_init(&r->out);
	list_init(&r->batch);
	r->own = map_new();
	r->relayed = map_new();
	pthread_mutex_init(&r->lock, NULL);
	snprintf(name, sizeof(name), GAME_LEASE_NODE "%s", r->node);
	r->keeper = lease_claim(leases, g->db, name, on_claim, r);
	timer_start(&r->poll, RELAY_POLL_MS, 0, relay_poll, r);
	r->wake = hearth_wake(g->h);
	wake_listen(r->wake, WAKE_GAME, on_knock, r);
	return r;
}

void game_relay_drain(struct game_relay *r)
{
	lease_unkeep(&r->keeper);
}

static void free_values(struct map **m)
{
	size_t it = 0;
	void *value;

	while (map_next(*m, &it, NULL, &value))
		free(value);
	map_free(m);
}

void game_relay_free(struct game_relay **rp)
{
	struct game_relay *r = *rp;

	if (!r)
		return;
	timer_stop(&r->poll);
	wake_unlisten(r->wake, WAKE_GAME);
	lease_unkeep(&r->keeper);
	relay_parcels_free(&r->in);
	relay_parcels_free(&r->out);
	relay_parcels_free(&r->batch);
	free_values(&r->own);
	free_values(&r->relayed);
	pthread_mutex_destroy(&r->lock);
	free(r);
	*rp = NULL;
}
