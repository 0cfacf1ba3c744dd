/*
 * personal_data_store.c: see personal_data.h. Two tables: what is read of an account, and who
 * removes something of it. Inside a db_fn.
 */
#include "personal/personal_data.h"

#include <assert.h>

#include "account/account.h"
#include "audit/audit_log.h"
#include "factor/factor.h"
#include "grant/grant.h"
#include "group/group.h"
#include "hearth/error.h"
#include "invitation/invitation.h"
#include "personal/export.h"
#include "preferences/preferences.h"
#include "profile/profile.h"
#include "registration/register.h"
#include "reset/reset.h"
#include "reset/second_address.h"
#include "session/session.h"
#include "sms/code.h"
#include "sms/phone.h"
#include "sms/sms.h"

enum column_kind {
	COLUMN_TEXT,
	COLUMN_NUMBER, /* ids, counts; times in ms */
	COLUMN_TIME,   /* a number, left out when it is 0 */
	COLUMN_BOOL,
};

struct column {
	const char *name; /* NULL: the end */
	enum column_kind kind;
};

/* A member: an object (or null) of the one row, or an array of objects. */
struct section {
	const char *name;
	bool many;
	const char *sql; /* $1 is the account */
	struct column columns[12];
};

#define TOKENS "SELECT id, name, device, peer, created_at, used_at, expires_at FROM token"
#define TOKEN_COLUMNS                                                                        \
	{                                                                                    \
		{ "id", COLUMN_NUMBER }, { "name", COLUMN_TEXT }, { "device", COLUMN_TEXT }, \
			{ "network", COLUMN_TEXT }, { "created_at", COLUMN_NUMBER },         \
			{ "used_at", COLUMN_TIME }, { "expires_at", COLUMN_TIME },           \
		{                                                                            \
			NULL, COLUMN_TEXT                                                    \
		}                                                                            \
	}

static const struct section account_sections[] = {
	{ "account", false,
		"SELECT id, address, role, disabled, factors, quota, created_at FROM account"
		" WHERE id = $1",
		{ { "id", COLUMN_NUMBER }, { "address", COLUMN_TEXT }, { "role", COLUMN_NUMBER },
			{ "disabled", COLUMN_BOOL }, { "factors", COLUMN_NUMBER },
			{ "quota", COLUMN_NUMBER }, { "created_at", COLUMN_NUMBER },
			{ .name = NULL } } },
	{ "profile", false,
		"SELECT name, time_zone, languages, changed_at FROM profile WHERE account = $1",
		{ { "name", COLUMN_TEXT }, { "time_zone", COLUMN_TEXT },
			{ "languages", COLUMN_TEXT }, { "changed_at", COLUMN_NUMBER },
			{ .name = NULL } } },
	{ "phone", false, "SELECT number, verified_at FROM account_phone WHERE account = $1",
		{ { "number", COLUMN_TEXT }, { "verified_at", COLUMN_NUMBER }, { .name = NULL } } },
	{ "second_address", false,
		"SELECT address, verified, made_at FROM second_address WHERE account = $1",
		{ { "address", COLUMN_TEXT }, { "verified", COLUMN_BOOL },
			{ "made_at", COLUMN_NUMBER }, { .name = NULL } } },
	{ "groups", true,
		"SELECT g.name, g.title, m.role, m.joined_at FROM membership m"
		" JOIN account_group g ON g.id = m.group_id WHERE m.account = $1 ORDER BY g.name",
		{ { "name", COLUMN_TEXT }, { "title", COLUMN_TEXT }, { "role", COLUMN_NUMBER },
			{ "joined_at", COLUMN_NUMBER }, { .name = NULL } } },
	{ "aliases", true,
		"SELECT l.address, l.target, l.created_at FROM alias l JOIN account a"
		" ON a.address = l.base WHERE a.id = $1 ORDER BY l.address, l.id",
		{ { "address", COLUMN_TEXT }, { "target", COLUMN_TEXT },
			{ "created_at", COLUMN_NUMBER }, { .name = NULL } } },
	{ "groups_made", true,
		"SELECT name, created_at FROM account_group WHERE made_by = $1 ORDER BY name",
		{ { "name", COLUMN_TEXT }, { "created_at", COLUMN_NUMBER }, { .name = NULL } } },
	{ "second_factors", true,
		"SELECT kind, phone, confirmed_at FROM factor WHERE account = $1"
		" AND confirmed_at > 0 ORDER BY kind",
		{ { "kind", COLUMN_NUMBER }, { "phone", COLUMN_TEXT },
			{ "enrolled_at", COLUMN_NUMBER }, { .name = NULL } } },
	{ "recovery_codes", false, "SELECT count(*) FROM recovery_code WHERE account = $1",
		{ { "left", COLUMN_NUMBER }, { .name = NULL } } },
	{ "sessions", true, TOKENS " WHERE account = $1 AND kind = 0 ORDER BY id", TOKEN_COLUMNS },
	{ "api_tokens", true, TOKENS " WHERE account = $1 AND kind = 1 ORDER BY id",
		TOKEN_COLUMNS },
	{ "app_passwords", true, TOKENS " WHERE account = $1 AND kind = 2 ORDER BY id",
		TOKEN_COLUMNS },
	{ "trusted_devices", true, TOKENS " WHERE account = $1 AND kind = 3 ORDER BY id",
		TOKEN_COLUMNS },
	{ "known_networks", true,
		"SELECT network, used_at FROM known_network WHERE account = $1 ORDER BY network",
		{ { "network", COLUMN_TEXT }, { "used_at", COLUMN_NUMBER }, { .name = NULL } } },
	{ "invitations", true,
		"SELECT id, address, uses_left, created_at, expires_at, note FROM invitation"
		" WHERE made_by = $1 ORDER BY id",
		{ { "id", COLUMN_NUMBER }, { "address", COLUMN_TEXT },
			{ "uses_left", COLUMN_NUMBER }, { "created_at", COLUMN_NUMBER },
			{ "expires_at", COLUMN_TIME }, { "note", COLUMN_TEXT },
			{ .name = NULL } } },
	{ .name = NULL },
};

static const struct section event_sections[] = {
	{ "events", true,
		"SELECT id, at, kind, peer, device, detail FROM event WHERE account = $1"
		" ORDER BY id",
		{ { "id", COLUMN_NUMBER }, { "at", COLUMN_NUMBER }, { "kind", COLUMN_TEXT },
			{ "network", COLUMN_TEXT }, { "device", COLUMN_TEXT },
			{ "detail", COLUMN_TEXT }, { .name = NULL } } },
	{ .name = NULL },
};

static void write_column(struct json_writer *w, struct db_rows *rows, int i, const struct column *c)
{
	if (c->kind == COLUMN_TIME && db_col_int(rows, i) == 0)
		return;
	json_name(w, c->name);
	if (db_col_is_null(rows, i))
		json_null(w);
	else if (c->kind == COLUMN_TEXT)
		json_text(w, db_col_text(rows, i));
	else if (c->kind == COLUMN_BOOL)
		json_bool(w, db_col_int(rows, i) != 0);
	else
		json_i64(w, db_col_int(rows, i));
}

static void write_row(struct json_writer *w, struct db_rows *rows, const struct section *s)
{
	json_open_object(w);
	for (int i = 0; s->columns[i].name; i++)
		write_column(w, rows, i, &s->columns[i]);
	json_close_object(w);
}

static int write_section(
	struct db_tx *tx, int64_t account, struct json_writer *w, const struct section *s)
{
	struct db_rows rows;
	bool any = false;
	int rc = db_query(tx, &rows, s->sql, db_int(account));

	if (rc < 0)
		return rc;
	json_name(w, s->name);
	if (s->many)
		json_open_array(w);
	while ((s->many || !any) && db_next(&rows) > 0) {
		write_row(w, &rows, s);
		any = true;
	}
	if (s->many)
		json_close_array(w);
	else if (!any)
		json_null(w);
	return db_end(&rows);
}

static int write_sections(
	struct db_tx *tx, int64_t account, struct json_writer *w, const struct section *s)
{
	int rc = 0;

	for (; s->name && rc == 0; s++)
		rc = write_section(tx, account, w, s);
	return rc;
}

int personal_data_account(struct db_tx *tx, int64_t account, struct json_writer *w)
{
	return write_sections(tx, account, w, account_sections);
}

int personal_data_events(struct db_tx *tx, int64_t account, struct json_writer *w)
{
	return write_sections(tx, account, w, event_sections);
}

/* ---- erasing ---- */

/*
 * Folder by folder. What finds its rows by the account's address comes while it has it still: the
 * account's own row is changed last, by auth_store_delete.
 */
static personal_erase_fn *const erase[] = {
	auth_audit_forget,
	auth_invitations_forget,
	auth_registrations_forget,
	second_address_forget,
	auth_reset_drop,
	auth_store_drop_factors,
	auth_store_revoke_all, /* tokens, log-ins between their steps, known networks */
	grant_store_forget,
	group_forget_account,
	profile_forget,
	preferences_forget,
	phone_remove,
	auth_code_drop_all,
	sms_forget,
	auth_export_forget,
};

int personal_data_erase(struct db_tx *tx, int64_t account)
{
	int rc = 0;

	assert(account > 0);
	for (size_t i = 0; i < sizeof(erase) / sizeof(erase[0]) && rc >= 0; i++)
		rc = erase[i](tx, account);
	return rc < 0 ? rc : 0;
}
