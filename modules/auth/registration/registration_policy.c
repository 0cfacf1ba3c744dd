/*
 * registration_policy.c: whether somebody may become an account, and the transaction that makes it.
 * On the loop, and inside a db_fn.
 */
#include <sodium.h>

#include "account/reserved.h"
#include "audit/audit_log.h"
#include "group/group.h"
#include "hearth/clock.h"
#include "hearth/error.h"
#include "hearth/log.h"
#include "invitation/invitation.h"
#include "profile/profile.h"
#include "registration/register.h"
#include "sms/sms.h"

enum auth_registration_mode auth_registration_mode(const struct auth *a)
{
	const char *word = config_text(hearth_config(a->h), "auth", "registration");

	return strcmp(word, "open") == 0         ? AUTH_REGISTRATION_OPEN
	       : strcmp(word, "invitation") == 0 ? AUTH_REGISTRATION_INVITATION
						 : AUTH_REGISTRATION_CLOSED;
}

/*
 * A name that speaks for the organisation is had by an invitation that says so: one for this very
 * address, or for an administrator.
 */
static bool may_have_name(const struct auth_registrant *who, const struct auth_invitation *in)
{
	return in->address[0] || in->role == AUTH_ADMINISTRATOR ||
	       !reserved_name(slice_str(who->address));
}

/* What the invitation says of them, if it is one for them; `in` is zeroed without any. */
static int look_at_invitation(const struct auth *a, const struct auth_registrant *who, int rc,
	const struct auth_invitation *in)
{
	enum auth_registration_mode mode = auth_registration_mode(a);

	if (!who->invitation[0] && mode != AUTH_REGISTRATION_OPEN)
		return HEARTH_EDENIED;
	if (who->invitation[0] && rc != 0)
		return rc == HEARTH_ENOTFOUND ? HEARTH_EDENIED : rc;
	if (who->invitation[0] && mode == AUTH_REGISTRATION_CLOSED && !in->first)
		return HEARTH_EDENIED;
	if (in->address[0] && strcmp(in->address, who->address) != 0)
		return HEARTH_EDENIED;
	return may_have_name(who, in) ? 0 : HEARTH_EUNSUPPORTED;
}

/* The link of a first start works always: also where no message can be sent. */
static bool phone_due(
	const struct auth *a, const struct auth_registrant *who, const struct auth_invitation *in)
{
	return who->phone[0] ||
	       (config_bool(hearth_config(a->h), "auth", "registration_phone") && !in->first);
}

/* Whether somebody has the address or had it not long ago is the same to a stranger. */
static int taken(int rc)
{
	return rc == HEARTH_ECONFLICT ? HEARTH_EEXIST : rc;
}

int auth_registrant_check(
	struct db_tx *tx, const struct auth *a, const struct auth_registrant *who, bool *due)
{
	struct auth_invitation in = { 0 };
	int rc = 0;

	if (who->invitation[0])
		rc = auth_store_find_invitation(tx, who->invitation, clock_wall_ms(), &in);
	rc = look_at_invitation(a, who, rc, &in);
	if (rc != 0)
		return rc;
	*due = phone_due(a, who, &in);
	return taken(auth_address_is_free(tx, who->address, clock_wall_ms()));
}

/* They say yes to each themselves. A group that is gone or full keeps nobody from their account. */
static int invite_to_groups(
	struct db_tx *tx, const struct auth_invitation *in, int64_t account, int64_t now_ms)
{
	for (size_t i = 0; i < in->group_count; i++) {
		int rc =
			group_invite(tx, in->groups[i], account, GROUP_MEMBER, in->made_by, now_ms);

		if (rc < 0 && rc != HEARTH_ENOTFOUND && rc != HEARTH_ETOOBIG)
			return rc;
	}
	return 0;
}

int auth_registrant_add(struct db_tx *tx, const struct auth *a, const struct auth_registrant *who,
	const struct http_request *rq, struct account *out)
{
	struct auth_invitation in = { 0 };
	int64_t now = clock_wall_ms();
	int64_t id = 0;
	int rc = 0;

	INVARIANT(who->address[0] && who->hash[0]);
	if (who->invitation[0])
		rc = auth_store_take_invitation(tx, who->invitation, now, &in);
	rc = look_at_invitation(a, who, rc, &in);
	if (rc == 0)
		rc = taken(auth_store_add(tx, who->address, who->hash, in.role, now, &id));
	if (rc == 0)
		rc = invite_to_groups(tx, &in, id, now);
	if (rc == 0 && who->name[0])
		rc = profile_set_name(tx, id, who->name);
	if (rc == 0 && who->phone[0]) {
		rc = phone_set(tx, a->sms, id, who->phone, now);
		if (rc == HEARTH_EEXIST)
			rc = HEARTH_ECONFLICT;
	}
	if (rc == 0)
		rc = auth_audit(tx, id, "account.registered", http_peer(rq)->peer, auth_device(rq),
			who->invitation[0] ? "by invitation" : NULL);
	return rc == 0 ? auth_store_get(tx, id, out) : rc;
}

void auth_registrant_welcome(struct auth *a, struct http_request *rq, const struct account *account)
{
	if (account->admin)
		auth_bootstrap_over(a->h);
	auth_enter(a, rq, account, ACCOUNTS_SCOPE_WEB, 201);
}

void auth_registrant_refuse(
	const struct auth *a, struct http_request *rq, const struct auth_registrant *who, int error)
{
	if (error == HEARTH_EDENIED && who->invitation[0])
		http_reply_problem(rq, 403, "invitation",
			"this invitation is not valid, not valid any more, or for another address");
	else if (error == HEARTH_EDENIED)
		http_reply_problem(rq, 403, NULL,
			auth_registration_mode(a) == AUTH_REGISTRATION_CLOSED
				? "registration is closed here; ask an administrator for an account"
				: "registration is by invitation here; ask an administrator for "
				  "one");
	else if (error == HEARTH_EEXIST)
		http_reply_problem(rq, 409, "address", "this address is taken");
	else if (error == HEARTH_EUNSUPPORTED)
		http_reply_problem(rq, 400, "address",
			RESERVED_WHY ": an invitation for this very address gives it");
	else if (error == HEARTH_ECONFLICT)
		http_reply_problem(
			rq, 409, "phone", "this phone serves as many accounts as it may");
	else
		http_reply_error(rq, error);
}
