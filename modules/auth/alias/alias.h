/*
 * alias.h: addresses that lead to others, and the one look-up of whom an address reaches.
 *
 *   name@domain   an alias: leads to accounts, groups, other aliases, or addresses at other servers
 *   @domain       with such targets a catch-all: for what nobody at that domain has as a name
 *   @domain       with the one target @other a domain alias: each name there is that name at @other
 *
 * A local part means one thing: no alias has the name of an account or a group, and neither of them that
 * of an alias; all three look in the transaction that makes one. What an alias was called rests when
 * it goes (account/resting.h), so that no account gets mail that is still sent there. Only administrators
 * make aliases.
 *
 * In what order (auth_reach): the account or group of the name, an alias, the same without the
 * subaddress, the same at the domain that this one is an alias of, the administrators, the catch-all;
 * who is found first has it. A catch-all takes no name that rests: mail for who left is not a
 * stranger's.
 *
 * Bounds: ALIASES_MAX rows; of a look-up ACCOUNTS_REACHED_MAX accounts, ACCOUNTS_REMOTES_MAX addresses
 * elsewhere, ALIAS_VISITS_MAX aliases, none of them twice, ALIAS_DEPTH_MAX in each other.
 */
#ifndef AUTH_ALIAS_H
#define AUTH_ALIAS_H

#include "account/account.h"
#include "hearth/map.h"

#define ALIASES_MAX      10000 /* rows: an address with one target */
#define ALIAS_TARGETS    50    /* of one address */
#define ALIAS_VISITS_MAX 100
#define ALIAS_DEPTH_MAX  10

struct alias {
	int64_t id;
	char address[256]; /* "name@domain" or "@domain" */
	char target[256];  /* "name@domain", or "@domain" of a domain alias */
	bool may_write;    /* whom it leads to by this row may write as `address` */
	int64_t created_ms;
};

/* ---- alias_check.c: pure ---- */

/* An alias's address made canonical, at a domain of ours or, for "@domain" alone, any. HEARTH_EINVAL. */
int alias_address(const struct config *config, struct slice text, char out[256]);
/* What it leads to: an address of ours as accounts have theirs, or one elsewhere. HEARTH_EINVAL. */
int alias_target(const struct config *config, struct slice text, char out[256]);
/* Takes the subaddress off, where there is one and something stands before it. */
bool alias_strip(const struct config *config, char address[256]);

/* ---- alias_store.c: inside a db_fn ---- */

/*
 * Adds one target to an address. HEARTH_EEXIST (an account or a group has the name, or it leads there
 * already), HEARTH_ECONFLICT (the name was somebody's and rests), HEARTH_ENOTFOUND (nobody of ours has
 * the target, or the domain is none of ours), HEARTH_EINVAL (a domain alias beside other targets, or of
 * what is none of [mail] domains), HEARTH_EDENIED (it would lead back to itself), HEARTH_ETOOBIG.
 */
int alias_add(struct db_tx *tx, struct auth *a, const struct alias *alias, int64_t now_ms);
/*
 * Removes one row (target ""), all of an address (id 0), or one target of it; the name rests for rest_ms
 * when nothing is left of it. HEARTH_ENOTFOUND.
 */
int alias_remove(struct db_tx *tx, const struct alias *which, int64_t now_ms, int64_t rest_ms);
/* By address and row: those with `part` in address or target (empty: all), from behind `after`. */
int alias_list(struct db_tx *tx, struct slice part, const struct alias *after, size_t max,
	void (*each)(void *arg, const struct alias *alias), void *arg);
/* Whether an alias has this very address; the name (a group's), at whichever domain. */
int alias_has_address(struct db_tx *tx, const char *address, bool *has);
int alias_has_name(struct db_tx *tx, const char *name, bool *has);
/* Those that lead to an account's address, or to a group's name, go, and rest as said. */
int alias_forget_address(struct db_tx *tx, const char *address, int64_t now_ms, int64_t rest_ms);
int alias_forget_group(struct db_tx *tx, const char *name, int64_t now_ms, int64_t rest_ms);

/* ---- reach.c: inside a db_fn ---- */

struct reach {
	const struct config *config;
	int64_t writer;           /* who writes there; 0: nobody who is logged in */
	struct account *accounts; /* owned */
	size_t n, room;
	char **remotes; /* owned, each */
	size_t remote_n;
	struct accounts_group *groups; /* owned, with their texts */
	size_t group_n;
	struct accounts_subscriber *subscribers; /* owned, with their addresses */
	size_t subscriber_n, subscriber_room;
	struct map
		*seen; /* ids of the accounts, aliases by their address, subscribers by <theirs> */
	unsigned visits; /* aliases so far */
	bool looped;     /* an alias was met within itself */
	char alias[256]; /* the alias that the address itself is; empty: none */
	int64_t group;   /* the group that the address itself is; 0: none */
};

/*
 * Whom this address reaches: a mail address as it came, of any characters. As accounts_reached_fn says.
 * `r` has its config and is empty, or was used before; auth_reach_clear frees what it holds.
 */
int auth_reach(struct db_tx *tx, struct reach *r, struct slice address);
void auth_reach_clear(struct reach *r);
/* The same of one target, in a look-up of its own. */
int auth_reach_has(struct db_tx *tx, const struct config *config, struct slice address,
	int64_t account, bool *has);

/* ---- writing.c, alias_service.c ---- */

/* 0 or HEARTH_EDENIED: accounts.h, may_write_as. Inside a db_fn. */
int auth_may_write_as(
	struct db_tx *tx, const struct config *config, int64_t account, struct slice address);

/* ---- alias_api.c, alias_commands.c ---- */

/* own_addresses.c */
http_handler auth_get_own_addresses;

http_handler auth_get_aliases;
http_handler auth_post_alias;
http_handler auth_delete_alias;

int auth_run_alias_list(struct hearth *h, int argc, char **argv);
int auth_run_alias_add(struct hearth *h, int argc, char **argv);
int auth_run_alias_remove(struct hearth *h, int argc, char **argv);

#endif
