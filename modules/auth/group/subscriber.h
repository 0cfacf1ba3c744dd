/*
 * group/subscriber.h: members elsewhere: who has no account here, and gets a group's mail at a mail address.
 *
 *   invited ──the link of a letter──▶ member ──too many bounces──▶ paused ──a link, or an owner──▶ member
 *      └─ SUBSCRIBER_INVITED_MS pass: gone      └─ the one-click link of a mail, or an owner: gone
 *
 * Nobody is put into a group without saying yes, by a link that goes to the address alone. Owners and
 * administrators invite, see and remove them. They are in no audience and own nothing: mail alone comes to
 * them, and what they write counts as anybody else's.
 *
 * Bounds: GROUP_MEMBERS_MAX in a group, with those who have an account; SUBSCRIBER_ASKS_BY invitations of one
 * account within the hour, SUBSCRIBER_ASKS_OF to one address within the hour, whoever asks; of one group to one
 * address SUBSCRIBER_LETTERS without an answer, one more a day later, and then one a week. A subaddress ("+tag")
 * counts as the address without it.
 */
#ifndef AUTH_SUBSCRIBER_H
#define AUTH_SUBSCRIBER_H

#include "group/group.h"
#include "hearth/bus.h"
#include "session/session.h"

#define SUBSCRIBER_INVITED_MS (INT64_C(7) * 24 * 3600 * 1000)
#define SUBSCRIBER_ASKS_BY    30
#define SUBSCRIBER_ASKS_OF    3
#define SUBSCRIBER_LETTERS    2
#define SUBSCRIBER_SCORE_MAX  5 /* points of bounces (subscriber_bounce.c) */

enum subscriber_state {
	SUBSCRIBER_INVITED,
	SUBSCRIBER_MEMBER,
	SUBSCRIBER_PAUSED,
};

struct subscriber {
	int64_t id; /* never used again for another */
	int64_t group;
	char address[256]; /* the domain in lower case */
	enum subscriber_state state;
	int64_t since_ms; /* in this state */
};

/* "invited", "member", "paused". Pure. */
const char *subscriber_state_name(enum subscriber_state state);

/* ---- subscriber_store.c: inside a db_fn ---- */

/*
 * Asks an address, once more who was asked already; `hash` is of what the link has. By an account, or a command
 * (0), which is not counted. HEARTH_ENOTFOUND: no such group; HEARTH_EEXIST: it is a member; HEARTH_ETOOBIG: the
 * group is full; HEARTH_EBUSY: too many for now; HEARTH_ECONFLICT: it wants no
 * letters from here.
 */
int subscriber_invite(struct db_tx *tx, struct subscriber *s, int64_t by,
	const char hash[AUTH_TOKEN_HEX], int64_t now_ms);
/*
 * The link's word: who was asked is a member, and so is again who was paused. HEARTH_ENOTFOUND: the link is used
 * or too old; HEARTH_ETOOBIG: the group is full.
 */
int subscriber_confirm(
	struct db_tx *tx, const char hash[AUTH_TOKEN_HEX], int64_t now_ms, struct group *group);
/* The link's other word: no group here is to ask that mailbox again. HEARTH_ENOTFOUND: the link is used or replaced. */
int subscriber_refuse(struct db_tx *tx, const char hash[AUTH_TOKEN_HEX], int64_t now_ms);
/* HEARTH_ENOTFOUND. By its number; by its address. */
int subscriber_get(struct db_tx *tx, int64_t group, int64_t id, struct subscriber *out);
int subscriber_find(struct db_tx *tx, int64_t group, const char *address, struct subscriber *out);
int subscriber_remove(struct db_tx *tx, int64_t group, int64_t id);
/* By address: all of a group, or only those who get its mail. */
typedef int subscriber_fn(void *arg, const struct subscriber *s);
int subscriber_each(struct db_tx *tx, int64_t group, bool members, subscriber_fn *each, void *arg);
/* How many are in a group, paused ones among them, and are asked (but for the one with this address). */
int subscriber_count(struct db_tx *tx, int64_t group, const char *but, int64_t *n);
/* All of a group; what an account that goes has asked stays, and is nobody's; who never answered. */
int subscriber_drop_group(struct db_tx *tx, int64_t group);
int subscriber_forget_account(struct db_tx *tx, int64_t account);
int subscriber_expire(struct db_tx *tx, int64_t now_ms);

/* ---- subscriber_bounce.c ---- */

/*
 * One mail came back, at a time that decides on which day it counts; *paused: that was one too many. Of who is no
 * member nothing is counted. Inside a db_fn.
 */
int subscriber_bounced(
	struct db_tx *tx, int64_t group, int64_t id, bool hard, int64_t at_ms, bool *paused);
/* Who is paused is a member again. HEARTH_ENOTFOUND. Inside a db_fn. */
int subscriber_resume(struct db_tx *tx, int64_t group, int64_t id, int64_t now_ms);
/* Tells owners and members of who is paused and was not told of yet. On the loop. */
void subscribers_tell(struct auth *a);
/* Of the event mail.list.bounced: struct bus_subscription. */
int auth_apply_bounced(void *module, struct db_tx *tx, const struct bus_event *ev, void *prepared);
void auth_after_bounced(void *module, const struct bus_event *ev);

/* ---- subscriber_api.c ---- */

/* An address at another server, made canonical; HEARTH_EINVAL: it is none, or one of ours. Inside a db_fn. */
int subscriber_address(
	struct db_tx *tx, const struct config *config, struct slice text, char out[256]);

http_handler auth_post_subscriber;
http_handler auth_delete_subscriber;
http_handler auth_post_subscribe;
http_handler auth_post_refuse;
http_handler auth_post_resume;

/* ---- subscriber_commands.c ---- */

int auth_run_group_subscribe(struct hearth *h, int argc, char **argv);
int auth_run_group_unsubscribe(struct hearth *h, int argc, char **argv);
int auth_run_group_resume(struct hearth *h, int argc, char **argv);

#endif
