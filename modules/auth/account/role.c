/*
 * role.c: the names of roles, as the API and the database have them, and the role of an account.
 * Pure.
 */
#include "account/account.h"

#include "hearth/error.h"

static const char *const names[] = {
	[AUTH_MEMBER] = "member",
	[AUTH_MODERATOR] = "moderator",
	[AUTH_ADMINISTRATOR] = "administrator",
};

const char *auth_role_name(enum auth_role role)
{
	return names[role];
}

int auth_role_read(struct slice name, enum auth_role *out)
{
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (slice_eq(name, slice_str(names[i]))) {
			*out = (enum auth_role)i;
			return 0;
		}
	return HEARTH_EINVAL;
}

enum auth_role auth_role_of(const struct account *account)
{
	return account->admin       ? AUTH_ADMINISTRATOR
	       : account->moderator ? AUTH_MODERATOR
				    : AUTH_MEMBER;
}
