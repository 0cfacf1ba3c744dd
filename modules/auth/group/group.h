/*
 * group.h: groups of people: a name, which is also a mail address (NAME at each of our domains),
 * members and owners.
 *
 * A local part means one thing on this server: no group has the name of an account, at whichever
 * domain, and no account that of a group; both are looked at in the transaction that makes one.
 *
 * Who may what: owners and administrators change a group, invite and remove people; moderators
 * invite and remove members that are no owners; a member leaves; anybody joins an open group. Who
 * is invited is in it once they say yes. The last owner stays while others are in it.
 */
#ifndef AUTH_GROUP_H
#define AUTH_GROUP_H

#include "account/account.h"
#include "profile/profile_check.h"

#define GROUP_NAME_MAX        40
#define GROUP_DESCRIPTION_MAX 1000 /* characters (code points) */
#define GROUP_PREFIX_MAX      30   /* of the Subject of its mail */
#define GROUP_MEMBERS_MAX     1000
#define GROUPS_MAX            5000 /* in all */

enum group_posting { /* who may write to it */
	GROUP_POSTING_ANYBODY,
	GROUP_POSTING_MEMBERS,
	GROUP_POSTING_OWNERS,
	GROUP_POSTING_MODERATED, /* members; what others write waits for an owner's word */
};

enum group_archive { /* what is kept of its mail */
	GROUP_ARCHIVE_OFF,
	GROUP_ARCHIVE_MEMBERS, /* all of it, for its members to read */
};

enum group_role {
	GROUP_NOBODY,
	GROUP_MEMBER,
	GROUP_OWNER,
};

struct group {
	int64_t id; /* never used again for another */
	char name[GROUP_NAME_MAX + 1];
	char title[PROFILE_NAME_BYTES + 1];
	char description[GROUP_DESCRIPTION_MAX * 4 + 1];
	bool open; /* anybody may join; else owners add people */
	enum group_posting posting;
	enum group_archive archive;
	char prefix[GROUP_PREFIX_MAX + 1]; /* in front of the Subject of its mail; "": none */
	/* When one is made: its name is meant, though it is reserved (reserved.h). */
	bool reserved;
	int64_t made_by; /* when one is made: an account; 0: a command */
	/* Bytes that each member may keep, where that is more than they could; 0: says nothing. */
	int64_t quota;
	int64_t created_ms;
	int64_t members;     /* how many … */
	int64_t subscribers; /* … and elsewhere (subscriber.h) */
	/* What whoever it was read for is asked to be (group_list, group_invited_as). */
	enum group_role invited;
};

/* A member, or who is invited, as others see them. */
struct group_person {
	int64_t account;
	struct slice address, name; /* name: as in their profile; may be empty */
	enum group_role role;
	int64_t joined_ms; /* or invited */
};

/* ---- group_check.c: pure ---- */

/*
 * A group's name made canonical (lower case): 2 to GROUP_NAME_MAX ASCII letters, digits and
 * dashes, that begins and ends with a letter or digit. 0 or HEARTH_EINVAL.
 */
int group_name_check(struct slice name, char out[GROUP_NAME_MAX + 1]);
/* "anybody", "members", "owners", "moderated", and back: HEARTH_EINVAL on another word. */
const char *group_posting_name(enum group_posting posting);
int group_posting_read(struct slice name, enum group_posting *out);
/* "off", "members", and back. */
const char *group_archive_name(enum group_archive archive);
int group_archive_read(struct slice name, enum group_archive *out);
/* What may stand in front of a Subject: printable ASCII, no space at its ends; empty: nothing does. */
bool group_prefix_valid(struct slice text);
/* Text of at most GROUP_DESCRIPTION_MAX characters on lines; no other control characters. */
bool group_description_valid(struct slice text);

/* ---- group_store.c: inside a db_fn; what changes something publishes "auth.group.changed" ---- */

/*
 * *id is the new group's; HEARTH_EEXIST when a group or an account has the name, HEARTH_ECONFLICT
 * when one had it not long ago (account/resting.h), HEARTH_ETOOBIG when there are GROUPS_MAX.
 */
int group_add(struct db_tx *tx, const struct group *g, int64_t now_ms, int64_t *id);
/*
 * Whether this account may make one more, if it makes `most` at most: of those that are there, and
 * within a day, since the name of one that was deleted is nobody's for a while. HEARTH_EBUSY.
 */
int group_may_make(struct db_tx *tx, int64_t account, int64_t most, int64_t now_ms);
/* By id, by name: HEARTH_ENOTFOUND. */
int group_get(struct db_tx *tx, int64_t id, struct group *out);
int group_find(struct db_tx *tx, const char *name, struct group *out);
/* Sets all but name and members. */
int group_set(struct db_tx *tx, const struct group *g);
/* With its memberships; the name rests for rest_ms. */
int group_delete(struct db_tx *tx, int64_t id, int64_t now_ms, int64_t rest_ms);
/* Whether a group has the local part of this address as its name. */
int group_has_name(struct db_tx *tx, const char *address, bool *has);
/* By name: the groups this account is in, invited to or may join, or all, with its role in each. */
int group_list(struct db_tx *tx, int64_t account, bool all,
	void (*each)(void *arg, const struct group *g, enum group_role role), void *arg);

/* ---- group_member_store.c: inside a db_fn; the same event ---- */

/* GROUP_NOBODY when the account is not in it. */
int group_role_of(struct db_tx *tx, int64_t id, int64_t account, enum group_role *role);
/*
 * Adds an account, or gives it this role. HEARTH_ENOTFOUND: no such account; HEARTH_ETOOBIG: the
 * group is full; HEARTH_ECONFLICT: it is the last owner, and would be a member with others.
 */
int group_join(struct db_tx *tx, int64_t id, int64_t account, enum group_role role, int64_t now_ms);
/* Removes one. HEARTH_ENOTFOUND; HEARTH_ECONFLICT: the last owner, and others are in it. */
int group_leave(struct db_tx *tx, int64_t id, int64_t account);
/* Owners first, then by address; the slices are valid during the call. */
int group_people(struct db_tx *tx, int64_t id,
	void (*each)(void *arg, const struct group_person *person), void *arg);
/* The rows of such a query, to `each`; ends it. */
int group_each_person(struct db_rows *rows,
	void (*each)(void *arg, const struct group_person *person), void *arg);
/* Out of every group, also as the last owner: the account is being deleted. */
int group_forget_account(struct db_tx *tx, int64_t account);
/* Publishes {"group", "name", "change", "account"}: `change` is a word; account 0: of none. */
int group_publish(
	struct db_tx *tx, int64_t id, const char *name, const char *change, int64_t account);

/* ---- group_invitation_store.c: inside a db_fn ---- */

/*
 * Asks an account that is no member to join with this role; once more: with that role. By an
 * account, or a command (0). HEARTH_ENOTFOUND; HEARTH_ETOOBIG: the group is full, or they have too
 * many invitations, in all or of this account, or it asks too many people.
 */
int group_invite(struct db_tx *tx, int64_t id, int64_t account, enum group_role role, int64_t by,
	int64_t now_ms);
/* The role it is asked to have; GROUP_NOBODY: it is not asked. */
int group_invited_as(struct db_tx *tx, int64_t id, int64_t account, enum group_role *role);
/* Declined, or taken back: HEARTH_ENOTFOUND when there is none. */
int group_uninvite(struct db_tx *tx, int64_t id, int64_t account);
/* Who is asked, by address; as group_people. */
int group_invited_people(struct db_tx *tx, int64_t id,
	void (*each)(void *arg, const struct group_person *person), void *arg);
/* How many wait for an account's word. */
int group_count_invitations(struct db_tx *tx, int64_t account, int64_t *n);
/* All of a group, of or by an account that goes, and those nobody answered. */
int group_drop_invitations(struct db_tx *tx, int64_t id);
int group_forget_invitations(struct db_tx *tx, int64_t account);
int group_expire_invitations(struct db_tx *tx, int64_t now_ms);

/* ---- group_body.c ---- */

/*
 * Reads the members of `body` into `g`: all of them when one is made; the name stays, since it is
 * an address. Without a title it is called by its name. Answers 400 or 403, which names the member,
 * and returns false, when one is wrong or unknown.
 */
bool group_read_body(
	struct http_request *rq, const struct json *body, bool making, struct group *g);

/* ---- group_api.c, group_member_api.c ---- */

http_handler auth_get_groups;
http_handler auth_post_groups;
http_handler auth_get_group;
http_handler auth_patch_group;
http_handler auth_delete_group;
http_handler auth_post_member;
http_handler auth_put_member;
http_handler auth_delete_member;

/* What somebody may do with a group. */
struct group_rights {
	bool see;         /* that it exists */
	bool see_people;  /* who is in it */
	bool change;      /* it and who is in it */
	bool add_members; /* add and remove those that are no owners */
};

/* In group_rights.c: of who is signed in, with this role in the group. */
struct group_rights group_rights_of(
	struct http_request *rq, const struct group *g, enum group_role role);

/* ---- group_commands.c: hearth group … ---- */

int auth_run_group_add(struct hearth *h, int argc, char **argv);
int auth_run_group_list(struct hearth *h, int argc, char **argv);
int auth_run_group_show(struct hearth *h, int argc, char **argv);
int auth_run_group_delete(struct hearth *h, int argc, char **argv);
int auth_run_group_invite(struct hearth *h, int argc, char **argv);
int auth_run_group_join(struct hearth *h, int argc, char **argv);
int auth_run_group_leave(struct hearth *h, int argc, char **argv);
int auth_run_group_quota(struct hearth *h, int argc, char **argv);
int auth_run_group_posting(struct hearth *h, int argc, char **argv);
int auth_run_group_prefix(struct hearth *h, int argc, char **argv);
int auth_run_group_archive(struct hearth *h, int argc, char **argv);

#endif
