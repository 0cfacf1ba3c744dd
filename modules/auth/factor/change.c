/*
 * change.c: enrolling and removing a second factor: each one transaction, with all that follows
 * from it (factor.h), so that a crash leaves it whole or not begun. Inside a db_fn.
 */
#include "factor/factor.h"

#include <sodium.h>

#include "audit/audit_log.h"
#include "hearth/clock.h"
#include "hearth/error.h"
#include "hearth/log.h"
#include "session/mfa_challenge.h"
#include "session/session.h"
#include "sms/phone.h"

static int64_t account_of(const struct auth_factor_change *c)
{
	return http_account(c->rq)->id;
}

static int record(
	struct db_tx *tx, const struct auth_factor_change *c, const char *kind, const char *detail)
{
	return auth_audit(
		tx, account_of(c), kind, http_peer(c->rq)->peer, auth_device(c->rq), detail);
}

static int set_codes(struct db_tx *tx, struct auth_factor_change *c)
{
	char hashes[RECOVERY_CODES][RECOVERY_HEX];

	for (size_t i = 0; i < RECOVERY_CODES; i++)
		if (recovery_hash(account_of(c), slice_str(c->codes[i]), hashes[i]) < 0)
			return HEARTH_EINVAL;
	c->codes_set = true;
	return auth_store_set_recovery(tx, account_of(c), hashes, RECOVERY_CODES);
}

/*
 * Who came in before under other conditions does not stay in by them: open log-ins, trusted
 * devices and proofs (proof.h) end, and with the first factor what the main password alone had opened.
 */
static int end_what_was(struct db_tx *tx, const struct auth_factor_change *c, bool password)
{
	const struct auth_revocation what = {
		.account = account_of(c), .kinds = 1u << AUTH_TOKEN_DEVICE, .password = password
	};
	int rc = auth_store_drop_tickets(tx, account_of(c));

	if (rc == 0)
		rc = auth_store_forget_proven(tx, account_of(c));
	return rc < 0 ? rc : auth_store_revoke(tx, &what, NULL);
}

static int enrolled(struct db_tx *tx, struct auth_factor_change *c)
{
	int64_t count;
	int rc = auth_store_count_factors(tx, account_of(c), &count);

	if (rc == 0 && count == 1)
		rc = set_codes(tx, c);
	if (rc == 0)
		rc = end_what_was(tx, c, count == 1);
	/* The session that was let in to enrol is one like all others now. */
	if (rc == 0)
		rc = auth_store_widen_session(tx, http_account(c->rq)->token);
	return rc < 0 ? rc : record(tx, c, "factor.enrolled", auth_factor_name(c->kind));
}

int auth_factor_confirm_totp(struct db_tx *tx, void *arg)
{
	struct auth_factor_change *c = arg;
	int rc;

	c->codes_set = false;
	rc = auth_store_still_held(tx, http_account(c->rq));
	if (rc == 0)
		rc = auth_store_confirm_totp(
			tx, c->a->seal, account_of(c), slice_str(c->code), clock_wall_ms());
	return rc < 0 ? rc : enrolled(tx, c);
}

int auth_factor_add_sms(struct db_tx *tx, void *arg)
{
	struct auth_factor_change *c = arg;
	struct phone phone;
	int rc = auth_store_still_held(tx, http_account(c->rq));

	c->codes_set = false;
	if (rc == 0)
		rc = phone_get(tx, account_of(c), &phone);
	if (rc == 0)
		rc = auth_store_add_sms(tx, account_of(c), phone.number, clock_wall_ms());
	return rc < 0 ? rc : enrolled(tx, c);
}

int auth_factor_remove(struct db_tx *tx, void *arg)
{
	struct auth_factor_change *c = arg;
	int64_t count = 0;
	int rc = auth_store_still_held(tx, http_account(c->rq));

	if (rc == 0)
		rc = auth_store_remove_factor(tx, account_of(c), c->kind);
	if (rc == 0)
		rc = auth_store_count_factors(tx, account_of(c), &count);
	if (rc == 0 && count == 0 && auth_factor_required(c->a, http_account(c->rq)))
		rc = HEARTH_EDENIED;
	if (rc == 0 && count == 0)
		rc = auth_store_set_recovery(tx, account_of(c), NULL, 0);
	if (rc == 0)
		rc = end_what_was(tx, c, false);
	return rc < 0 ? rc : record(tx, c, "factor.removed", auth_factor_name(c->kind));
}

int auth_factor_new_codes(struct db_tx *tx, void *arg)
{
	struct auth_factor_change *c = arg;
	int64_t count = 0;
	int rc = auth_store_still_held(tx, http_account(c->rq));

	c->codes_set = false;
	if (rc == 0)
		rc = auth_store_count_factors(tx, account_of(c), &count);
	if (rc == 0 && count == 0)
		rc = HEARTH_ENOTFOUND;
	if (rc == 0)
		rc = set_codes(tx, c);
	if (rc == 0)
		rc = auth_store_forget_proven(tx, account_of(c));
	return rc < 0 ? rc : record(tx, c, "factor.recovery_codes", NULL);
}

int auth_factors_take_away(struct db_tx *tx, int64_t account, const char *detail)
{
	const struct auth_revocation what = { .account = account,
		.kinds = 1u << AUTH_TOKEN_SESSION | 1u << AUTH_TOKEN_DEVICE };
	int rc = auth_store_drop_factors(tx, account);

	INVARIANT(account > 0);
	if (rc == 0)
		rc = auth_store_drop_tickets(tx, account);
	if (rc == 0)
		rc = auth_store_revoke(tx, &what, NULL);
	return rc < 0 ? rc
		      : auth_audit(tx, account, "factor.removed", "", (struct slice){ 0 }, detail);
}
