/*
 * group_rights.c: who may do what with a group, in one place (group.h says it in words). Pure.
 */
#include "group/group.h"

struct group_rights group_rights_of(
	struct http_request *rq, const struct group *g, enum group_role role)
{
	const struct account *who = http_account(rq);
	/* A role counts only for a token that may use it. */
	bool by_role = accounts_scope_allows(
		who->scopes, ACCOUNTS_SCOPE_ADMIN, http_method(rq) == HTTP_GET);
	bool admin = by_role && who->admin, moderator = by_role && who->moderator;

	return (struct group_rights){ .see = role != GROUP_NOBODY || g->invited != GROUP_NOBODY ||
					     g->open || admin || moderator,
		.see_people = role != GROUP_NOBODY || admin || moderator,
		.change = role == GROUP_OWNER || admin,
		.add_members = role == GROUP_OWNER || admin || moderator };
}
