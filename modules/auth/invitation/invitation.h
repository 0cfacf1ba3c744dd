/*
 * invitation.h: invitations: a secret in a link, with which somebody makes an account.
 *
 * Its maker gets 256 random bits once; the database keeps their SHA-256, as of a token. It is used
 * up in the transaction that makes the account, so what is good for one account makes one, however
 * many try at once. The invitation of a first start is one of them, too (bootstrap.c).
 */
#ifndef AUTH_INVITATION_H
#define AUTH_INVITATION_H

#include "account/account.h"
#include "session/session.h"

#define AUTH_INVITATION_USES_MAX 10000
#define AUTH_INVITATION_DAYS     7 /* unless its maker says otherwise */
#define AUTH_INVITATION_DAYS_MAX 365
#define AUTH_INVITATION_NOTE_MAX 200   /* bytes */
#define AUTH_INVITATIONS_MAX     10000 /* in all */
#define AUTH_INVITATIONS_BY_ONE  1000  /* made by one account */
#define AUTH_INVITATION_GROUPS   32    /* that one may name */

struct auth_invitation {
	int64_t id;
	int64_t made_by; /* an account; 0: a command, or the first start */
	enum auth_role role;
	char address[256]; /* the only one it makes an account of; "": any */
	int64_t groups[AUTH_INVITATION_GROUPS];
	size_t group_count;
	int64_t uses_left;
	int64_t created_ms;
	int64_t expires_ms; /* 0: never */
	char note[AUTH_INVITATION_NOTE_MAX + 1];
	bool first; /* of a first start: works whatever `registration` says */
};

/*
 * Appends the link that a person opens: the page's address with the secret behind the '#', where no
 * server's log gets it.
 */
void auth_invitation_link(const struct hearth *h, const char *secret, struct strbuf *out);

/* ---- invitation_store.c: inside a db_fn ---- */

/*
 * Adds one; *id is its number. HEARTH_ETOOBIG when there are AUTH_INVITATIONS_MAX, or
 * AUTH_INVITATIONS_BY_ONE by its maker.
 */
int auth_store_add_invitation(
	struct db_tx *tx, const struct auth_invitation *in, const char *hex, int64_t *id);
/* The one of this secret, if it can be used now. HEARTH_ENOTFOUND. */
int auth_store_find_invitation(
	struct db_tx *tx, const char *hex, int64_t now_ms, struct auth_invitation *out);
/* Takes one use of it; HEARTH_ENOTFOUND when none is left. */
int auth_store_take_invitation(
	struct db_tx *tx, const char *hex, int64_t now_ms, struct auth_invitation *out);
/* All that can still be used but that of the first start, the newest first. */
int auth_store_list_invitations(struct db_tx *tx, int64_t now_ms, int64_t before, int64_t limit,
	void (*each)(void *arg, const struct auth_invitation *in), void *arg);
int auth_store_delete_invitation(struct db_tx *tx, int64_t id);
/* Those that an account made, since it may make none any more. */
int auth_store_drop_invitations(struct db_tx *tx, int64_t made_by);
/* The same of one that is being deleted, and those for its address. */
int auth_invitations_forget(struct db_tx *tx, int64_t account);
int auth_store_expire_invitations(struct db_tx *tx, int64_t now_ms);
/* The invitation of a first start goes with the first administrator, or when it is made anew. */
int auth_store_void_bootstrap(struct db_tx *tx);

/* ---- bootstrap.c ---- */

/*
 * Where there is no administrator: the link for the first one, printed and kept. In start. The
 * database has one such invitation, and the secret lies in this process's data folder: servers that
 * share a folder print the same link; with folders of their own each start makes the others' void.
 */
int auth_bootstrap(struct auth *a);
/* There is one now: the file with the link goes. Any thread. */
void auth_bootstrap_over(const struct hearth *h);

/* ---- routes ---- */

http_handler auth_get_invitations;
http_handler auth_post_invitations;
http_handler auth_delete_invitation;

#endif
