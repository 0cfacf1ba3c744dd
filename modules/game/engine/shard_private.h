/*
 * shard_private.h: what the files of match shards share. All of it runs on their executor.
 *
 *   shard.c     which matches are in memory: taken over, loaded when asked for, put away; start,
 *               end
 *   intent.c    what a player wants: tried, refused or made a step
 *   step.c      a step to the database and back
 *   flag.c      what time brings, after everybody who was heard before it
 *   audience.c  who hears of a match, and who of its players is away
 */
#ifndef GAME_SHARD_PRIVATE_H
#define GAME_SHARD_PRIVATE_H

#include <stdatomic.h>

#include "engine/shard.h"
#include "engine/tenure.h"
#include "hearth/list.h"
#include "hearth/map.h"

#define MATCH_INTENTS_MAX 16 /* waiting behind a write, of one match */

struct game_shard {
	struct game *g;
	struct exec *exec;
	int index;
	struct map *matches; /* id → struct owned */
	struct map *clients; /* client id → struct client_matches */
	struct list asked; /* struct owned, by in_round: whose time waits for the round under way */
	struct list next;  /* for the one after it */
	struct list lookups; /* struct lookup (lookup.c): matches that are being read */
	struct match_room room;
	bool round;        /* one is under way */
	atomic_int posted; /* intents on their way; any thread */
	int writing;       /* matches that have a step at the database */
};

/* A match of these shards. */
struct owned {
	struct game_shard *shard;
	const struct game_tenure *tenure; /* that it was taken over in */
	struct match *match;
	struct list attached; /* struct attachment, by in_match */
	int attached_count;
	int seated[GAME_SEATS_MAX]; /* attachments of each player */
	bool told_gone[GAME_SEATS_MAX];
	struct timer timer; /* the flag, the first move, or the end of keeping one that ended */
	struct timer idle;  /* nobody hears of it: the end of keeping it */
	struct timer gone;  /* a player is away: until the other is told */
	struct list_node in_round;
	bool heard_all; /* a round went by since time was over */
	bool writing;
	bool dropped;                /* another node's: put away once that is answered */
	struct match *stored;        /* while a step is in doubt: the match as it is on disk */
	struct match_step step;      /* the one at the database */
	struct game_intent intent;   /* what it came from; client 0: nobody sent it */
	struct game_intent *waiting; /* owned: MATCH_INTENTS_MAX, or NULL: none waits */
	int waiting_count;
};

/* A client that hears of a match: linked from both. */
struct attachment {
	struct list_node in_match, in_client;
	struct owned *owned;
	struct client_matches *client;
	uint64_t id; /* of the client */
	int seat;    /* or GAME_VIEWER_PUBLIC */
	bool legal;
};

struct client_matches {
	struct list attachments; /* by in_client */
	uint64_t id;
	int count;
};

/* What the game clock of a match says now. */
static inline int64_t shard_now_us(const struct owned *o)
{
	return game_now_us(o->tenure);
}

/* One more of its shard's matches goes on, or one less. */
static inline void shard_live_add(const struct owned *o, int64_t n)
{
	if (game_tenure_lasts(o->tenure))
		game_live_add(o->shard->g, game_shard_number(o->match->id), n);
}

/* ---- audience.c ---- */

/*
 * NULL when too many watch the match already, or the client watches too much; never for a player.
 */
struct attachment *shard_attach(struct owned *o, uint64_t client, int seat, bool legal);
/* Nobody hears of it yet: it is put away after a time if that stays so. */
void shard_keep_for_now(struct owned *o);
/* The client is gone, or the match. */
void shard_detach_client(struct game_shard *s, uint64_t client);
void shard_detach_all(struct owned *o);
void shard_tell(struct owned *o, const struct attachment *a, struct buf *frame);
void shard_tell_state(struct owned *o, const struct attachment *a);
void shard_tell_states(struct owned *o);
/* What came after an event that it has seen. */
void shard_tell_missed(struct owned *o, const struct attachment *a, int since);
/* An event that is a move, or moves taken back: to each as they may know it. */
void shard_tell_board(struct owned *o, enum match_event_kind kind, int seq);
/* A frame for all, whose reference is given up. */
void shard_tell_all(struct owned *o, struct buf *frame);
/* Why nothing came of an intent of a match; `m` may be NULL: nothing is known of it. */
void shard_refuse(struct game_shard *s, const struct game_intent *in, const struct match *m,
	const char *code, const char *text);
/* How long a player of this match may be away before the other may claim it. */
int64_t shard_claim_after_us(const struct owned *o);

/* ---- intent.c ---- */

void shard_do_intent(struct owned *o, const struct game_intent *in);
/* One more waits for the step that is at the database. */
void shard_wait(struct owned *o, const struct game_intent *in);
/* Does what waited for a step, until one starts. */
void shard_run_waiting(struct owned *o);

/* ---- step.c ---- */

/* Writes o->step, which came of `in`. */
void shard_start_write(struct owned *o, const struct game_intent *in);

/* ---- flag.c ---- */

/* Sets the timer for what time brings next. */
void shard_watch_time(struct owned *o);
/* Looks at the match again after so long. */
void shard_look_after(struct owned *o, int64_t ms);
/*
 * Looks at the match and starts what can start: what waits, then what nobody has sent: the end of a
 * match that somebody has left for good, and what time brings.
 */
void shard_poke(struct owned *o);

/* ---- shard.c ---- */

/* The latest tenure of a match's shard. */
const struct game_tenure *shard_tenure_of(const struct game_shard *s, int64_t match);
/*
 * Owns a match that came from the database in the tenure that goes on, unless it was taken over
 * meanwhile.
 */
struct owned *shard_take_over(struct game_shard *s, struct match *m);
/* At once, or behind the step that is at the database. */
void shard_act(struct owned *o, const struct game_intent *in);
/* Forgets a match that is not at the database. */
void shard_put_away(struct owned *o);

/* ---- lookup.c ---- */

/* Reads the match of an intent, which is then acted on, or refused. */
void shard_look_up(struct game_shard *s, const struct game_intent *in);
/* A client is gone: what it asked for and is still being read finds nobody. */
void shard_forget_lookups(struct game_shard *s, uint64_t client);
/* Time brings nothing yet to a match that was looked at for it: its row is told when it will. */
void shard_postpone(struct owned *o);

#endif
