/*
 * policy.c: who must have a second factor. Pure; any thread.
 */
#include "factor/factor.h"

const char *auth_factor_name(enum auth_factor_kind kind)
{
	return kind == AUTH_FACTOR_TOTP ? "totp" : "sms";
}

enum auth_factor_policy auth_factor_policy(const char *name)
{
	return strcmp(name, "required") == 0         ? AUTH_FACTOR_REQUIRED
	       : strcmp(name, "administrators") == 0 ? AUTH_FACTOR_ADMINISTRATORS
						     : AUTH_FACTOR_OPTIONAL;
}

bool auth_factor_required(const struct auth *a, const struct account *account)
{
	switch ((enum auth_factor_policy)a->second_factor) {
	case AUTH_FACTOR_REQUIRED: return true;
	case AUTH_FACTOR_ADMINISTRATORS: return account->admin;
	case AUTH_FACTOR_OPTIONAL: break;
	}
	return false;
}

bool auth_factor_missing(const struct auth *a, const struct account *account)
{
	return !account->factors && auth_factor_required(a, account);
}
