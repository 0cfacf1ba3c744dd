/*
 * audience.c: who hears of a match (shard_private.h), and who of its players is away.
 *
 * A player is there while one of their connections hears of the match. Who leaves is given
 * GONE_TOLD_MS, since a page that is loaded anew is no news; then the other is told, with how long
 * until they may claim the match.
 *
 * On the executor of the match's shard. ATTACHED_MAX hear of a match, and its players; a client watches
 * WATCHED_MAX of a thread's matches, and its own.
 */
#include <stdlib.h>

#include "engine/shard_private.h"
#include "hearth/log.h"
#include "hearth/metric.h"
#include "wire/frames.h"

#define ATTACHED_MAX 512   /* clients that watch one match; its players are let in beyond */
#define WATCHED_MAX  64    /* matches of a shard that one client watches; its own come on top */
#define GONE_TOLD_MS 5000  /* how long a player is away before the other is told */
#define IDLE_KEEP_MS 60000 /* how long a match nobody hears of stays in memory */

int64_t shard_claim_after_us(const struct owned *o)
{
	const struct match *m = o->match;
	/* As the field counts: what a side has for a game of 40 moves. */
	int64_t whole_s = game_control_estimate_s(&m->clock.control);

	return o->shard->g->claim_after_us * (whole_s < 480 ? 1 : whole_s < 1500 ? 2 : 3);
}

/* ---- players who are away ---- */

static void tell_presence(struct owned *o, int seat, bool gone)
{
	int rival = match_rival(o->match, seat);
	int64_t in_us = rival < 0 ? -1
				  : match_claim_in_us(o->match, rival, shard_claim_after_us(o),
					    shard_now_us(o));

	INVARIANT(o->told_gone[seat] != gone); /* each is told once */
	o->told_gone[seat] = gone;
	shard_tell_all(
		o, gone ? game_frame_gone(o->match, seat, in_us) : game_frame_back(o->match, seat));
}

static void on_gone(void *arg)
{
	struct owned *o = arg;
	int64_t now_us = shard_now_us(o), next_ms = 0;

	for (int seat = 0; seat < (int)o->match->seats && !o->match->over; seat++) {
		int64_t since_us = o->match->gone_since_us[seat];
		int64_t left_ms = GONE_TOLD_MS - (now_us - since_us) / 1000;

		if (since_us == MATCH_PRESENT || o->told_gone[seat])
			continue;
		if (left_ms <= 0)
			tell_presence(o, seat, true);
		else if (next_ms == 0 || left_ms < next_ms)
			next_ms = left_ms;
	}
	if (next_ms)
		timer_start(&o->gone, next_ms, 0, on_gone, o);
}

static void seat_left(struct owned *o, int seat)
{
	INVARIANT(seat < 0 || o->seated[seat] > 0);
	if (seat < 0 || --o->seated[seat] > 0 || o->match->over)
		return;
	o->match->gone_since_us[seat] = shard_now_us(o);
	if (!o->gone.owner)
		timer_start(&o->gone, GONE_TOLD_MS, 0, on_gone, o);
}

static bool anybody_gone(const struct match *m)
{
	for (unsigned seat = 0; seat < m->seats; seat++)
		if (m->gone_since_us[seat] != MATCH_PRESENT)
			return true;
	return false;
}

static void seat_taken(struct owned *o, int seat)
{
	if (seat < 0 || o->seated[seat]++ > 0)
		return;
	o->match->gone_since_us[seat] = MATCH_PRESENT;
	if (o->told_gone[seat])
		tell_presence(o, seat, false);
	/* Whom nobody has seen yet in another seat is soon told of. */
	if (anybody_gone(o->match) && !o->gone.owner)
		timer_start(&o->gone, GONE_TOLD_MS, 0, on_gone, o);
}

/* ---- who hears of what ---- */

static void put_away(void *arg)
{
	struct owned *o = arg;

	if (o->attached_count == 0 && !o->writing && !o->in_round.next)
		shard_put_away(o);
	else if (o->attached_count == 0)
		timer_start(&o->idle, IDLE_KEEP_MS, 0, put_away, o);
}

static void drop_client(struct game_shard *s, struct client_matches *c)
{
	INVARIANT(list_empty(&c->attachments) && c->count == 0);
	map_remove_u64(s->clients, c->id);
	free(c);
}

static void drop_attachment(struct attachment *a)
{
	struct owned *o = a->owned;

	list_remove(&a->in_match);
	list_remove(&a->in_client);
	INVARIANT(o->attached_count > 0 && a->client->count > 0);
	a->client->count--;
	if (--o->attached_count == 0)
		timer_start(&o->idle, IDLE_KEEP_MS, 0, put_away, o);
	seat_left(o, a->seat);
	free(a);
}

void shard_detach_all(struct owned *o)
{
	LIST_FOREACH (&o->attached, it) {
		struct attachment *a = LIST_ENTRY(it, struct attachment, in_match);
		struct client_matches *c = a->client;

		drop_attachment(a);
		if (list_empty(&c->attachments))
			drop_client(o->shard, c);
	}
}

void shard_detach_client(struct game_shard *s, uint64_t client)
{
	struct client_matches *c = map_get_u64(s->clients, client);

	if (!c)
		return;
	LIST_FOREACH (&c->attachments, it)
		drop_attachment(LIST_ENTRY(it, struct attachment, in_client));
	drop_client(s, c);
}

static struct attachment *find_attachment(struct owned *o, uint64_t client)
{
	struct client_matches *c = map_get_u64(o->shard->clients, client);

	if (c)
		LIST_FOREACH (&c->attachments, it) {
			struct attachment *a = LIST_ENTRY(it, struct attachment, in_client);

			if (a->owned == o)
				return a;
		}
	return NULL;
}

static struct client_matches *client_of(struct game_shard *s, uint64_t client)
{
	struct client_matches *c = map_get_u64(s->clients, client);

	if (!c) {
		c = mem_zalloc(sizeof(*c));
		c->id = client;
		list_init(&c->attachments);
		map_set_u64(s->clients, client, c);
	}
	return c;
}

struct attachment *shard_attach(struct owned *o, uint64_t client, int seat, bool legal)
{
	struct attachment *a = find_attachment(o, client);

	INVARIANT(client && seat < (int)o->match->seats && !o->dropped);
	if (!a) {
		struct client_matches *c = client_of(o->shard, client);

		if (seat < 0 && (o->attached_count >= ATTACHED_MAX || c->count >= WATCHED_MAX)) {
			if (list_empty(&c->attachments))
				drop_client(o->shard, c);
			return NULL;
		}
		a = mem_zalloc(sizeof(*a));
		a->owned = o;
		a->client = c;
		a->id = client;
		a->seat = seat;
		list_push(&o->attached, &a->in_match);
		list_push(&c->attachments, &a->in_client);
		o->attached_count++;
		c->count++;
		timer_stop(&o->idle);
		seat_taken(o, seat);
	}
	a->legal = legal;
	return a;
}

void shard_keep_for_now(struct owned *o)
{
	timer_start(&o->idle, IDLE_KEEP_MS, 0, put_away, o);
}

/* ---- telling ---- */

void shard_tell(struct owned *o, const struct attachment *a, struct buf *frame)
{
	game_send(o->shard->g, a->id, frame);
}

static struct game_viewer viewer_of(const struct owned *o, const struct attachment *a)
{
	return (struct game_viewer){
		.seat = a->seat, .legal = a->legal, .claim_after_us = shard_claim_after_us(o)
	};
}

void shard_tell_state(struct owned *o, const struct attachment *a)
{
	const struct game_viewer viewer = viewer_of(o, a);

	shard_tell(o, a, game_frame_state(o->match, &viewer, shard_now_us(o)));
}

void shard_tell_missed(struct owned *o, const struct attachment *a, int since)
{
	const struct game_viewer viewer = viewer_of(o, a);

	shard_tell(o, a, game_frame_missed(o->match, since, &viewer, shard_now_us(o)));
}

void shard_tell_states(struct owned *o)
{
	LIST_FOREACH (&o->attached, it)
		shard_tell_state(o, LIST_ENTRY(it, struct attachment, in_match));
}

static struct buf *board_frame(struct owned *o, enum match_event_kind kind, int seq, int viewer,
	bool legal, int64_t now_us)
{
	return kind == MATCH_MOVED ? game_frame_moved(o->match, seq, viewer, legal, now_us)
				   : game_frame_taken_back(o->match, seq, viewer, legal, now_us);
}

/*
 * One frame serves everybody who knows no more than the others: where there are secrets all who watch,
 * and each player has their own.
 */
void shard_tell_board(struct owned *o, enum match_event_kind kind, int seq)
{
	int64_t now_us = shard_now_us(o);
	struct buf *common = board_frame(o, kind, seq, GAME_VIEWER_PUBLIC, false, now_us);

	LIST_FOREACH (&o->attached, it) {
		struct attachment *a = LIST_ENTRY(it, struct attachment, in_match);

		if (a->legal || (o->match->rules->has_secrets && a->seat >= 0))
			shard_tell(o, a, board_frame(o, kind, seq, a->seat, a->legal, now_us));
		else
			shard_tell(o, a, buf_ref(common));
	}
	buf_unref(&common);
}

void shard_tell_all(struct owned *o, struct buf *frame)
{
	LIST_FOREACH (&o->attached, it)
		shard_tell(o, LIST_ENTRY(it, struct attachment, in_match), buf_ref(frame));
	buf_unref(&frame);
}

void shard_refuse(struct game_shard *s, const struct game_intent *in, const struct match *m,
	const char *code, const char *text)
{
	if (!in->client)
		return;
	metric_add(s->g->rejected, 1);
	game_send(s->g, in->client,
		game_frame_rejected(in->match, m, slice_str(in->move), code, text));
}
