/*
 * lease.h: port: ownership: who does it, where several nodes could.
 *
 * A live stream, a shard of matches, the lobby, the deliveries of a subscription, an hourly chore:
 * each is a name in the database that its effects are in, and is owned by who holds the lease of
 * that name. Nothing is owned because a process happens to run.
 *
 *   free ──take──▶ held (epoch n) ──renew──▶ held (epoch n) ──end──▶ free
 *     ▲                  │
 *     └── its time is over, and somebody takes it: held (epoch m > n) by another
 *
 * What is promised (and what a second implementation must keep)
 *   one holder  A name is given out again only after its holder ended it or has not renewed it for
 *               its time to live. Who was too slow, or stood still, may believe to hold it yet:
 *   fencing     therefore each taking has an epoch, larger than any the name had before in this
 *               database, also after a restart, and lease_check of name and epoch in the
 *               transaction of an effect fails once somebody else has taken the name. So an effect
 *               in that database happens only by who owns it when it is committed. Whatever does
 *               not go through the database (a frame, a file, a call) is not fenced: it must be
 *               harmless from a former owner, or follow a checked commit.
 *   atomicity   Taking, renewing, checking and ending are part of the transaction they are in.
 *   durability  As the transaction; a lease outlives its process until its time is over.
 *   clock       The database's, one for all nodes; a holder counts its own time from before it
 *               asked, by a clock that nobody sets.
 *   visibility  As any write (db.h).
 *
 * A lease says nothing of where its holder is reached: that is the registry's.
 *
 * Use. Make a name of module, noun and id ("video.stream.17"). Take it in the transaction that
 * makes or adopts what it is for; keep it (lease_keep) on the executor that does the work; check it
 * in each transaction of an effect, which returns HEARTH_ECONFLICT as it is; end it in the
 * transaction that ends the thing. What wants a name for as long as the process lives (a lobby)
 * claims it (lease_claim). A chore asks whose turn it is (lease_turn). When told of a loss, drop
 * the work without a further effect: somebody else goes on with it. A race merely lost is no error.
 *
 * A server that has the data folder for itself ([server] nodes = one) renews nothing: there is
 * nobody to take a name from it, and what an earlier process held is free when it starts.
 *
 * SQLite: a row for each name; all nodes are on one machine, so its clock is the database's.
 * PostgreSQL: the same row, clock_timestamp(); lease_check reads it FOR SHARE, so that nobody takes
 * the name before the effect's commit (SERIALIZABLE sees to it as well); the epoch is drawn with
 * the row locked, since numbers are given out before commits.
 */
#ifndef HEARTH_LEASE_H
#define HEARTH_LEASE_H

#include "hearth/db.h"

/* This node, as an owner: hearth_leases (module.h). */
struct leases;

#define LEASE_NAME_MAX 95
#define LEASE_NODE_MAX 63

/* Proof of a taking: a value that may be copied, also to other threads. epoch 0: none. */
struct lease {
	int64_t epoch;
	char name[LEASE_NAME_MAX + 1];
};

/* The id of this process among nodes; one that starts again has another. Any thread. */
const char *leases_node(const struct leases *ls);
/* How long a lease lives without being renewed ([server] lease). Any thread. */
int64_t leases_ttl_ms(const struct leases *ls);

/* ---- inside a db_fn that writes ---- */

/*
 * Takes the name if it is free or its holder's time is over. 0 with *out set, which counts once the
 * transaction is committed; HEARTH_EBUSY when it is held, be it by this very node.
 */
int lease_take(struct leases *ls, struct db_tx *tx, const char *name, struct lease *out);
/* Prolongs it from now on. HEARTH_ECONFLICT when somebody has taken it, or it was ended. */
int lease_renew(struct leases *ls, struct db_tx *tx, const struct lease *l);
/* Frees it. HEARTH_ECONFLICT as above. */
int lease_end(struct db_tx *tx, const struct lease *l);
/*
 * Whose turn it is with what is done once a period: 0 for the first node that asks within it,
 * HEARTH_EBUSY for all others. Needs no keeping; `out` is for lease_check and may be NULL.
 */
int lease_turn(struct leases *ls, struct db_tx *tx, const char *name, int64_t period_ms,
	struct lease *out);

/* ---- inside any db_fn ---- */

/*
 * The fence: 0 when the name was not taken by anybody since `l` was, nor ended; else
 * HEARTH_ECONFLICT. In the transaction of each effect; cheap (one row by its key).
 */
int lease_check(struct db_tx *tx, const struct lease *l);

struct lease_holder {
	char node[LEASE_NODE_MAX + 1];
	int64_t epoch;
};

/*
 * Who holds the name, for telling people or asking that node: it may have changed when this
 * returns. HEARTH_ENOTFOUND when nobody does.
 */
int lease_holder(struct db_tx *tx, const char *name, struct lease_holder *out);

/* A name that is held, and by whom; both are valid during the call. */
typedef void lease_each_fn(void *arg, const char *name, const struct lease_holder *holder);

/* The same for every name that is held and begins so (ASCII, not empty), in the order of names. */
int lease_each(struct db_tx *tx, const char *prefix, lease_each_fn *each, void *arg);

/* ---- keeping; on an executor ---- */

struct lease_keeper;

/* On the executor that keeps, later than the call: its lease was lost. */
typedef void lease_lost_fn(void *arg);
/* On the executor that claims: it has the name now (to be copied), or with NULL: no longer. */
typedef void lease_claim_fn(void *arg, const struct lease *l);

/*
 * Renews a lease that was taken, thrice in its time to live, until lease_unkeep. `lost` is called
 * once at most: when somebody else has taken it, or nothing could be renewed for so long that
 * somebody may have. Then only lease_unkeep is left to do.
 */
struct lease_keeper *lease_keep(
	struct leases *ls, struct db *db, const struct lease *l, lease_lost_fn *lost, void *arg);
/*
 * Takes the name as soon as it is free, renews it, and tries again after a loss, until
 * lease_unkeep, which frees it. fn is called with each change, the first time soon if the name is
 * free, and then not until it is.
 */
struct lease_keeper *lease_claim(
	struct leases *ls, struct db *db, const char *name, lease_claim_fn *fn, void *arg);
/*
 * On the executor that kept or claimed, or once the loop has ended; the function is not called
 * afterwards. What lease_keep kept stays taken until its time is over, unless it was ended. Sets *k
 * to NULL; legal on NULL.
 */
void lease_unkeep(struct lease_keeper **k);

#endif
