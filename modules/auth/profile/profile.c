/*
 * profile.c: GET and PATCH /api/auth/me: who is signed in, and what they say of themselves.
 *
 * PATCH merges: a member that is absent stays, null clears. All is checked before anything is
 * changed, and what is unknown is refused, so that a misspelt member is not lost in silence.
 *
 * On the loop, but for what runs in the database.
 */
#include "profile/profile.h"

#include <stdio.h>

#include "group/group.h"
#include "hearth/error.h"
#include "session/session.h"
#include "sms/phone.h"

/* One request, in its own arena. */
struct ask {
	struct auth *a;
	struct http_request *rq;
	const struct json *body; /* PATCH */
	struct account account;
	struct profile profile;
	struct phone phone; /* number empty: none */
	int64_t group_invitations;
};

/* ---- reading ---- */

static int read_me(struct db_tx *tx, void *arg)
{
	struct ask *ask = arg;
	int rc = auth_store_get(tx, ask->account.id, &ask->account);

	if (rc == 0)
		rc = profile_get(tx, ask->account.id, &ask->profile);
	if (rc == 0)
		rc = group_count_invitations(tx, ask->account.id, &ask->group_invitations);
	if (rc < 0)
		return rc;
	rc = phone_get(tx, ask->account.id, &ask->phone);
	if (rc == HEARTH_ENOTFOUND)
		ask->phone.number[0] = '\0';
	return rc == HEARTH_ENOTFOUND ? 0 : rc;
}

static void put_or_null(struct json_writer *w, const char *name, const char *text)
{
	json_put_str(w, name, slice_str(text).n ? text : NULL);
}

static void write_profile(struct json_writer *w, const struct ask *ask)
{
	struct slice rest = slice_str(ask->profile.languages);
	struct strbuf path = { 0 };

	put_or_null(w, "name", ask->profile.name);
	put_or_null(w, "time_zone", ask->profile.time_zone);
	json_name(w, "languages");
	json_open_array(w);
	while (rest.n > 0)
		json_text(w, slice_split(&rest, ' '));
	json_close_array(w);
	put_or_null(w, "phone", ask->phone.number);
	if (ask->profile.avatar.large[0])
		avatar_write_path(&path, ask->account.id, &ask->profile.avatar);
	json_put_str(w, "avatar", path.n ? path.p : NULL);
	strbuf_free(&path);
	json_name(w, "quota");
	if (ask->account.quota)
		json_i64(w, ask->account.quota);
	else
		json_null(w);
	json_put_i64(w, "group_invitations", ask->group_invitations);
}

static void on_me(void *arg, int status)
{
	struct ask *ask = arg;
	struct strbuf out = { 0 };
	struct json_writer w;

	if (status < 0) {
		http_reply_error(ask->rq, status);
		return;
	}
	json_writer_init(&w, &out);
	json_open_object(&w);
	auth_write_account(&w, &ask->account);
	write_profile(&w, ask);
	json_close_object(&w);
	http_set_header(ask->rq, "Cache-Control", "no-store");
	http_reply_json(ask->rq, 200, &out);
}

static struct ask *ask_new(struct auth *a, struct http_request *rq)
{
	struct ask *ask = ARENA_NEW(http_arena(rq), struct ask);

	ask->a = a;
	ask->rq = rq;
	ask->account = *http_account(rq);
	return ask;
}

void auth_get_me(void *module, struct http_request *rq)
{
	struct ask *ask = ask_new(module, rq);
	int rc = db_read(ask->a->db, read_me, on_me, ask);

	if (rc < 0)
		on_me(ask, rc);
}

/* ---- changing: each member is read into the profile; false when the request was answered ---- */

typedef bool member_fn(struct http_request *rq, const struct json *value, struct profile *p);

static bool set_name(struct http_request *rq, const struct json *value, struct profile *p)
{
	struct strbuf name = { 0 };
	const char *why = "expected a name of 1 to 64 characters as text, or null";
	bool good = false;

	p->name[0] = '\0';
	if (value->type == JSON_NULL)
		return true;
	if (value->type == JSON_STRING)
		good = profile_name_check(value->text, &name, &why) == 0;
	if (good)
		snprintf(p->name, sizeof(p->name), "%s", name.p);
	else
		http_reply_problem(rq, 400, "name", "%s", why);
	strbuf_free(&name);
	return good;
}

static bool set_time_zone(struct http_request *rq, const struct json *value, struct profile *p)
{
	p->time_zone[0] = '\0';
	if (value->type == JSON_NULL)
		return true;
	if (value->type == JSON_STRING && time_zone_known(value->text)) {
		snprintf(p->time_zone, sizeof(p->time_zone), "%.*s", SLICE_ARG(value->text));
		return true;
	}
	http_reply_problem(rq, 400, "time_zone",
		"expected a name of the tz database, such as Europe/Berlin, or null");
	return false;
}

/* Whether a tag stands in a list that is split by blanks. */
static bool listed(struct slice list, struct slice tag)
{
	while (list.n > 0)
		if (slice_eq(slice_split(&list, ' '), tag))
			return true;
	return false;
}

static bool read_languages(const struct json *value, struct strbuf *out)
{
	struct strbuf tag = { 0 };
	bool good = value->type == JSON_ARRAY && value->count <= PROFILE_LANGUAGES_MAX;

	for (const struct json *it = good ? value->child : NULL; good && it; it = it->next) {
		strbuf_reset(&tag);
		good = it->type == JSON_STRING && language_tag_check(it->text, &tag) == 0 &&
		       !listed(strbuf_slice(out), strbuf_slice(&tag));
		if (out->n)
			strbuf_addc(out, ' ');
		strbuf_add(out, strbuf_slice(&tag));
	}
	strbuf_free(&tag);
	return good;
}

static bool set_languages(struct http_request *rq, const struct json *value, struct profile *p)
{
	struct strbuf tags = { 0 };
	bool good = value->type == JSON_NULL || read_languages(value, &tags);

	if (good)
		snprintf(
			p->languages, sizeof(p->languages), "%.*s", SLICE_ARG(strbuf_slice(&tags)));
	else
		http_reply_problem(rq, 400, "languages",
			"expected a list of at most 10 different language tags, such as "
			"[\"de\", \"pt-BR\"], or null");
	strbuf_free(&tags);
	return good;
}

static const struct {
	const char *name;
	member_fn *set;
} members[] = {
	{ "name", set_name },
	{ "time_zone", set_time_zone },
	{ "languages", set_languages },
};

#define MEMBERS (sizeof(members) / sizeof(members[0]))

static member_fn *find_member(struct slice name)
{
	for (size_t i = 0; i < MEMBERS; i++)
		if (slice_eq(name, slice_str(members[i].name)))
			return members[i].set;
	return NULL;
}

/* Checks it all once; the transaction then does the same with what is there. */
static bool check_members(struct http_request *rq, const struct json *body)
{
	struct profile scratch;

	for (const struct json *it = body->child; it; it = it->next) {
		member_fn *set = find_member(it->name);

		if (!set) {
			http_reply_problem(rq, 400, arena_strdup(http_arena(rq), it->name),
				"this is not changed here; name, time_zone and languages are");
			return false;
		}
		if (!set(rq, it, &scratch))
			return false;
	}
	return true;
}

static int change(struct db_tx *tx, void *arg)
{
	struct ask *ask = arg;
	int rc = read_me(tx, ask);

	/* They were checked, so none of them answers the request from here. */
	for (const struct json *it = ask->body->child; rc == 0 && it; it = it->next)
		find_member(it->name)(ask->rq, it, &ask->profile);
	return rc < 0 ? rc : profile_set(tx, ask->account.id, &ask->profile);
}

void auth_patch_me(void *module, struct http_request *rq)
{
	const struct json *body = http_body_json(rq);
	struct ask *ask;
	int rc;

	if (!body || !check_members(rq, body))
		return;
	ask = ask_new(module, rq);
	ask->body = body;
	rc = db_write(ask->a->db, change, on_me, ask);
	if (rc < 0)
		on_me(ask, rc);
}
