/*
 * delivery/internal.h: a delivery under way: what its files share (deliver.h).
 *
 *	deliver.c   takes the bytes and hands it on from step to step. On the loop.
 *	describe.c  what it is told: to whom, from whom, how. On the loop.
 *	prepare.c   parses the message, and makes of it what each recipient gets. On a worker.
 *	variant.c   what groups change of it. On a worker.
 *	posting.c   whether a member elsewhere has written it. On the loop.
 *	receipt.c   the report of success for those who are here. On the loop.
 *	looped.c    who gets it no more by the way it has come. On a worker.
 *	forwarding.c  what is sent on to others elsewhere. On a worker, then in the transaction.
 *	archiving.c  keeps it in the archives of the groups it goes through. In the transaction.
 *	filing.c    writes the rows into the mailboxes they go to. In the transaction, on the writer.
 *	queueing.c  those of the queue. The same.
 *
 * One thread at a time has it: the loop while bytes come, then whoever runs the step it is in.
 * Bounds: IN_MEMORY_MAX of its bytes (deliver.c); its recipients, which the session counts ([mail]
 * recipients); what is parsed of it (mime/structure.h).
 */
#ifndef MAIL_DELIVERY_INTERNAL_H
#define MAIL_DELIVERY_INTERNAL_H

#include "delivery/deliver.h"
#include "delivery/filter.h"
#include "hearth/map.h"
#include "list/bounce.h"
#include "queue/report.h"
#include "store/archive.h"
#include "store/outgoing.h"
#include "verify/gate.h"
#include "verify/results_filter.h"

/* A group that it was sent to, whoever gets it through it. In the delivery's arena. */
struct mail_group {
	struct mail_list list;
	struct slice address; /* by which it was named first */
	bool dropped;         /* it is not passed on by it */
	size_t reaches;       /* recipients who get it through it, here and elsewhere */
	size_t elsewhere, first_elsewhere; /* of them these, of whom this is one (remotes) */
	bool looked;                       /* for those here, this is what it makes of it: */
	const struct mail_variant *variant;
	bool tells; /* its owners were not told within the hour */
};

/* Whether it waits there for the word of an owner (store/moderated.h). */
static inline bool mail_group_waits(const struct mail_group *g)
{
	return g && g->list.waits;
}

/* A recipient, and what becomes of the message there. */
struct mail_target {
	struct mail_recipient r;
	struct mail_group *group;          /* of r.list; NULL: none */
	struct mail_content content;       /* as this recipient gets it */
	struct mail_filter_outcome filter; /* of this try to write the rows */
	int64_t mailbox_id;                /* where it was filed; 0: nowhere, it was sent on */
	bool looped;                       /* it was sent on from here before */
	bool dropped;                      /* by a group it is not passed on */
	struct slice list_fields;          /* of its list, in front of the message; empty: none */
	const char *kept_why;              /* not sent on, though it was wanted; NULL: it was not */
	struct slice forwarded;            /* the domain it was sent on to; empty: it was not */
};

/* What a group makes of a mail (list/rewrite.h), for those who get it through the group (variant.c). */
struct mail_variant {
	int64_t list;
	bool elsewhere; /* for its members elsewhere; else for those here */
	struct mail_content content;
	char key[BLOB_KEY_MAX + 1];
	bool has_blob;
	struct slice seal; /* of one for elsewhere: the author's signature, and an ARC set */
};

#define MAIL_VARIANTS_MAX 16 /* of one mail; through more groups it goes unchanged */

struct mail_delivery {
	struct mail *m;
	struct arena *a;            /* recipients, trace, what was parsed */
	struct blob_writer *writer; /* of one that is larger than MAIL_ROW_MAX; else NULL */
	struct strbuf bytes;        /* the message, up to IN_MEMORY_MAX */
	bool in_memory;
	bool foreign; /* it goes through this: */
	struct results_filter results;
	struct mail_gate *gate; /* NULL: it is not checked */
	bool junk;              /* by the gate's verdict */
	bool wants_seal; /* a recipient wants it sent on, which was found while it was filed */
	bool sealed;
	struct slice
		seal; /* for who it is sent on to: an ARC set, or what signs it; may be empty */
	bool has_nul; /* it is refused: nothing more of it is kept */
	struct mail_target *targets;
	size_t n, cap;
	struct mail_remote *remotes; /* who is elsewhere */
	size_t remote_n, remote_cap;
	struct mail_group **groups; /* each once */
	size_t group_n, group_cap;
	struct report_recipient *owed; /* who is here, and of whom success is to be told */
	size_t owed_n, owed_cap;
	struct mail_outgoing outgoing; /* what those elsewhere get, and who sent it */
	bool signs;                    /* signed by DKIM: its author is who sends it, … */
	struct slice signature;        /* … of whose domain this is, for those elsewhere, … */
	bool listed;           /* … which members of a group get by the group's signature, too */
	bool waited;           /* it was taken from somebody here before, and has waited */
	int64_t sender_quota;  /* bytes; 0: no bound */
	int64_t hold_ms;       /* nobody gets it before; 0 */
	bool held;             /* it waits, by that or by the sender's preferences */
	int64_t sender;        /* who must be allowed to write as … */
	struct slice *authors; /* … these */
	size_t author_n;
	int64_t members_only; /* the group whose members alone may have written it; 0 */
	db_fn *also;
	void *also_arg;
	/* Where those stand whom it arrives at, from 1: a group may be named a hundred times. */
	struct map *accounts; /* targets by their number; members elsewhere by their negative one */
	struct slice mail_from, received, checked; /* `checked`: what the gate found, as a field */
	struct slice source;
	struct mail_turn turn; /* of a large one */
	int64_t date;
	char key[BLOB_KEY_MAX + 1]; /* of its bytes; "" until it is known */
	uint64_t size;
	struct mail_archive_room archives; /* of its groups: what came of this try */
	bool has_blob;                     /* one was put under it */
	struct mail_bounced {              /* members elsewhere by whose address it came */
		int64_t group, member;
	} * bounced;
	size_t bounced_n, bounced_cap;
	enum list_bounce bounce; /* what it says of them */
	char bounce_status[LIST_BOUNCE_STATUS_MAX];
	struct mail_variant *variants;
	size_t variant_n;
	struct reports_found *reports; /* of others on our domains (report/receive.h); NULL: none */
	struct mail_filter_facts facts;
	bool has_facts;
	struct exec *loop; /* where it is answered */
	int status;
	mail_delivered_fn *done;
	void *arg;
};

/*
 * Parses the message, once for all of its recipients, and asks for the quota of one that is alone:
 * d->status is the outcome. On a worker.
 */
void mail_delivery_prepare(void *delivery);
/* Seals it, where that was found to be wanted while it was filed. On a worker. */
void mail_delivery_seal(void *delivery);
/*
 * Files it for all recipients, or for none: each target's uid, uidvalidity, message and mailbox are
 * set. In a transaction that writes; may be run again, when that has to be repeated.
 */
int mail_delivery_file(struct db_tx *tx, void *delivery);

/* ---- archiving.c ---- */

/*
 * Keeps it in the archives of the groups that it goes through now, rather than waits for; nothing of one that
 * keeps none, or has it. In the transaction.
 */
int mail_delivery_archive(struct db_tx *tx, struct mail_delivery *d);
/* Counts what came of it, once that is on disk. On the loop. */
void mail_delivery_archived(const struct mail_delivery *d);

/* What is stored of these bytes, but for a trace; they lie in the rows where `key` is of no blob. On a worker. */
void mail_delivery_parse(struct mail_delivery *d, struct slice bytes, const char *key,
	bool has_blob, struct mail_content *out);

/* A mail that arrives, not one that a client puts where it wants it. */
static inline bool mail_target_arrives(const struct mail_target *t)
{
	return t->r.address.n > 0 && t->r.mailbox.n == 0;
}

/* Whether its archive keeps it, whoever gets it. */
static inline bool mail_group_keeps(const struct mail_group *g)
{
	return g->list.archived && !g->list.kept && !g->dropped;
}

/*
 * Where it waits, and all who are in a group get it by better ways: a row of the queue is then for its archive alone,
 * if an owner is there to let it go.
 */
static inline bool mail_group_is_for_archive(const struct mail_group *g)
{
	return g->reaches == 0 && mail_group_keeps(g) && (!g->list.waits || g->list.owners.n > 0);
}

/* Whether its owners are to be asked. */
static inline bool mail_group_asks(const struct mail_group *g)
{
	return g->list.waits && !g->dropped && (g->reaches > 0 || mail_group_is_for_archive(g));
}

/* ---- queueing.c: in the transaction ---- */

/*
 * Of each group where it is to wait for an owner: whether there is room (HEARTH_EBUSY), and whether they are told.
 * Before its rows are written.
 */
int mail_delivery_ask_owners(struct db_tx *tx, struct mail_delivery *d, int64_t now);
/* For all who are elsewhere, and where it waits until `until` (else 0) for the others, too. */
int mail_delivery_queue(struct db_tx *tx, struct mail_delivery *d, int64_t now, int64_t until);
/*
 * For the members of a group whose owners are to say yes first: a row each, which is held. A mail of its own,
 * of which nobody is told what became.
 */
int mail_delivery_queue_waiting(struct db_tx *tx, struct mail_delivery *d, int64_t now);

/* ---- variant.c ---- */

/*
 * Makes what groups change of a mail, gives it to those who get it so, and signs it for each member elsewhere; behind
 * mail_delivery_drop_looped. 0 or HEARTH_EIO, HEARTH_EBUSY. On a worker.
 */
int mail_variants_make(struct mail_delivery *d, struct slice message);

/* ---- looped.c ---- */

/*
 * What was here before is not sent on again; HEARTH_ECONFLICT when nobody is left. `header` is the whole of it,
 * which is gone through once. On a worker.
 */
int mail_delivery_drop_looped(struct mail_delivery *d, struct slice header);

/* ---- forwarding.c ---- */

/* Seals what was checked here, for who it is sent on to; signs what was written here. On a worker. */
void mail_forwarding_seal(struct mail_delivery *d, struct slice message);
/*
 * HEARTH_EBUSY: a group has sent as many mails to members elsewhere within the hour as it may (mail_delivery_list_may), or
 * as many wait for its owners; which counts when it is filed. On a worker, before anything is made for it.
 */
int mail_forwarding_may(struct mail_delivery *d);
/* Puts into the queue what an alias sends on (`via`), or a report on its way back. */
int mail_forwarding_queue(struct db_tx *tx, struct mail_delivery *d, const struct mail_remote *r);
/*
 * The same of what a recipient wants sent on; *keep says whether it is kept here as well. HEARTH_EBUSY with
 * wants_seal: it is to be sealed first, and then filed again.
 */
int mail_forwarding_personal(
	struct db_tx *tx, struct mail_delivery *d, struct mail_target *t, bool *keep);

/* ---- posting.c ---- */

/*
 * By its one author who is proven, or may be another time: what waits in groups that they are in does not, if
 * they are. 0, or HEARTH_EUNSUPPORTED: it is for a group's members, and they are none; HEARTH_ETIMEOUT: they are
 * one, if it is them, which the DNS did not tell.
 */
int mail_delivery_decide_posting(struct mail_delivery *d, const struct mail_gate_verdict *v);

/* ---- receipt.c ---- */

/* Whether a report of success is to be written; with what is parsed of the mail. */
bool mail_delivery_owes(const struct mail_delivery *d);
/* Writes it into the sender's mailbox; then done(d, …). */
void mail_delivery_receipt(struct mail_delivery *d, mail_delivered_fn *done);

#endif
