/*
 * sts_internal.h: what the files about a domain's MTA-STS policy share: sts.c has the entries and looks at them,
 * sts_fetch.c gets a policy, sts_refresh.c has it got anew. On the loop.
 */
#ifndef MAIL_POLICY_STS_INTERNAL_H
#define MAIL_POLICY_STS_INTERNAL_H

#include "hearth/fetch.h"
#include "policy/sts.h"
#include "store/sts.h"

#define STS_REFRESH_MS INT64_C(600000)  /* how often somebody looks for policies to fetch anew */
#define STS_MISSED_MS  INT64_C(3600000) /* after a miss it is tried again within the hour */

struct sts {
	const struct mail *m;
	struct map *entries;
	struct list list; /* the same; who was asked for last is at the end */
	size_t count;
	struct timer refresh;
	bool refreshing, ended;
};

struct sts_entry {
	struct list_node node;
	struct sts *s;
	char domain[DNS_NAME_MAX + 1];
	struct list waiting; /* struct sts_lookup */
	struct timer answer;
	bool busy;
	bool anew; /* this look is one to fetch it anew */
	/* What holds. */
	struct sts_policy *policy; /* NULL: none; its mode may be "none" */
	char id[STS_ID_MAX + 1];
	int64_t expires_ms; /* wall clock */
	int64_t looked_ms;  /* when that was found, monotonic; 0: never */
	enum sts_fault fault;
	/* The look under way. */
	struct arena *a;
	struct mail_sts_row row;
	char new_id[STS_ID_MAX + 1];
	int found; /* of read_row */
	struct dns_question txt;
	struct fetch fetch;
};

/* The domain's entry, made where there is none; NULL: there is no room. (sts.c) */
struct sts_entry *sts_entry_get(struct sts *s, struct slice domain);
/* Begins a look; from idle. */
void sts_begin(struct sts_entry *e);
/* The look is over. Its owners are told in a later turn: they may do what they like. */
void sts_settle(struct sts_entry *e);

/* The policy of `new_id`; then it is settled. (sts_fetch.c) */
void sts_fetch(struct sts_entry *e);
/* Writes a time beside a policy, without waiting for it; one that is not written matters little. */
void sts_note(
	const struct sts_entry *e, int (*write)(struct db_tx *, struct slice, int64_t), int64_t ms);

/* A timer's: begins a look at those that are to be fetched anew. (sts_refresh.c) */
void sts_refresh(void *sts);

#endif
