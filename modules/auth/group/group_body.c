/*
 * group_body.c: reading what is to be a group, or to be changed of one: a table of members, each of
 * which is read into the group or refused by its name.
 * On the loop; the body is bounded by its route.
 */
#include <stdio.h>

#include "account/quota.h"
#include "account/reserved.h"
#include "group/group.h"

/* False when the request was answered. */
typedef bool member_fn(struct http_request *rq, const struct json *value, struct group *g);

static bool set_name(struct http_request *rq, const struct json *value, struct group *g)
{
	if (value->type == JSON_STRING && group_name_check(value->text, g->name) == 0)
		return true;
	http_reply_problem(
		rq, 400, "name", "expected a name of 2 to 40 letters a to z, digits and dashes");
	return false;
}

static bool set_title(struct http_request *rq, const struct json *value, struct group *g)
{
	struct strbuf title = { 0 };
	bool none = value->type == JSON_NULL;
	const char *why = "expected a title of 1 to 64 characters as text";
	bool good =
		value->type == JSON_STRING && profile_name_check(value->text, &title, &why) == 0;

	/* null: called like the group itself. */
	if (none)
		g->title[0] = '\0';
	else if (good)
		snprintf(g->title, sizeof(g->title), "%s", title.p);
	else
		http_reply_problem(rq, 400, "title", "%s", why);
	strbuf_free(&title);
	return good || none;
}

static bool set_description(struct http_request *rq, const struct json *value, struct group *g)
{
	g->description[0] = '\0';
	if (value->type == JSON_NULL)
		return true;
	if (value->type == JSON_STRING && group_description_valid(value->text)) {
		snprintf(g->description, sizeof(g->description), "%.*s", SLICE_ARG(value->text));
		return true;
	}
	http_reply_problem(rq, 400, "description",
		"expected at most 1000 characters, without control characters");
	return false;
}

static bool set_joining(struct http_request *rq, const struct json *value, struct group *g)
{
	g->open = value->type == JSON_STRING && slice_eq(value->text, SLICE("open"));
	if (g->open || (value->type == JSON_STRING && slice_eq(value->text, SLICE("owners"))))
		return true;
	http_reply_problem(rq, 400, "joining", "expected open or owners");
	return false;
}

static bool set_posting(struct http_request *rq, const struct json *value, struct group *g)
{
	if (value->type == JSON_STRING && group_posting_read(value->text, &g->posting) == 0)
		return true;
	http_reply_problem(rq, 400, "posting", "expected anybody, members, owners or moderated");
	return false;
}

static bool set_prefix(struct http_request *rq, const struct json *value, struct group *g)
{
	g->prefix[0] = '\0';
	if (value->type == JSON_NULL)
		return true;
	if (value->type == JSON_STRING && group_prefix_valid(value->text)) {
		snprintf(g->prefix, sizeof(g->prefix), "%.*s", SLICE_ARG(value->text));
		return true;
	}
	http_reply_problem(rq, 400, "subject_prefix",
		"expected at most %d characters of ASCII, such as [choir]", GROUP_PREFIX_MAX);
	return false;
}

static bool set_archive(struct http_request *rq, const struct json *value, struct group *g)
{
	if (value->type == JSON_STRING && group_archive_read(value->text, &g->archive) == 0)
		return true;
	http_reply_problem(rq, 400, "archive", "expected off or members");
	return false;
}

static bool set_quota(struct http_request *rq, const struct json *value, struct group *g)
{
	const struct account *who = http_account(rq);

	g->quota = 0;
	if (!who->admin || !accounts_scope_allows(who->scopes, ACCOUNTS_SCOPE_ADMIN, false))
		http_reply_problem(rq, 403, "quota", "a quota is set by administrators");
	else if (value->type == JSON_NULL || json_as_i64(value, 1, QUOTA_BYTES_MAX, &g->quota) == 0)
		return true;
	else
		http_reply_problem(
			rq, 400, "quota", "expected a number of bytes, or null for none");
	return false;
}

static bool is_administrator(struct http_request *rq)
{
	const struct account *who = http_account(rq);

	return who->admin && accounts_scope_allows(who->scopes, ACCOUNTS_SCOPE_ADMIN, false);
}

static bool set_reserved(struct http_request *rq, const struct json *value, struct group *g)
{
	g->reserved = value->type == JSON_BOOL && value->boolean;
	if (value->type != JSON_BOOL)
		http_reply_problem(rq, 400, "reserved", "expected true or false");
	else if (g->reserved && !is_administrator(rq))
		http_reply_problem(
			rq, 403, "reserved", "reserved names are given by administrators");
	else
		return true;
	return false;
}

static const struct {
	const char *name;
	member_fn *set;
	bool changes; /* also later; the name stays, since it is an address */
} members[] = {
	{ "name", set_name, false },
	{ "title", set_title, true },
	{ "description", set_description, true },
	{ "joining", set_joining, true },
	{ "posting", set_posting, true },
	{ "archive", set_archive, true },
	{ "subject_prefix", set_prefix, true },
	{ "quota", set_quota, true },
	{ "reserved", set_reserved, false },
};

static member_fn *find_member(struct slice name, bool making)
{
	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++)
		if (slice_eq(name, slice_str(members[i].name)) && (making || members[i].changes))
			return members[i].set;
	return NULL;
}

bool group_read_body(struct http_request *rq, const struct json *body, bool making, struct group *g)
{
	for (const struct json *it = body->child; it; it = it->next) {
		member_fn *set = find_member(it->name, making);

		if (!set) {
			http_reply_problem(rq, 400, arena_strdup(http_arena(rq), it->name),
				making ? "expected name, title, description, joining, posting, "
					 "archive, subject_prefix, quota and reserved"
				       : "expected title, description, joining, posting, archive, "
					 "subject_prefix "
					 "and quota");
			return false;
		}
		if (!set(rq, it, g))
			return false;
	}
	if (making && !g->reserved &&
		(is_administrator(rq) ? reserved_for_system(slice_str(g->name))
				      : reserved_name(slice_str(g->name)))) {
		http_reply_problem(rq, 400, "name",
			RESERVED_WHY "; an administrator sends \"reserved\": true if it is meant");
		return false;
	}
	if (!g->title[0])
		snprintf(g->title, sizeof(g->title), "%s", g->name);
	return true;
}
