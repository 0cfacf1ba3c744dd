/*
 * schema.c: the tables of the auth module, script by script (db.h). A constant table.
 */
#include "auth.h"

/* Blobs that nothing names any more are the blob store's business (blob.h). */
static const char release_migration[] =
	"INSERT INTO job_queue (queue, key, payload, priority, state, due_ms, attempt, pushed_ms,"
	" error) SELECT 'blob.release', key, payload, 0, 0, due_ms, 0, pushed_ms, 0 FROM job_queue"
	" WHERE queue = 'auth.blob' AND state <> 2;"
	"DELETE FROM job_queue WHERE queue = 'auth.blob';";

const char *const auth_migrations[] = {
	/* account/: `factors` counts the second factors enrolled; quota NULL is the default. */
	"CREATE TABLE account ("
	" id {id},"
	" address TEXT NOT NULL UNIQUE,"
	" password TEXT NOT NULL,"
	" role BIGINT NOT NULL,"
	" disabled BIGINT NOT NULL,"
	" factors BIGINT NOT NULL,"
	" quota BIGINT,"
	" generation BIGINT NOT NULL DEFAULT 0," /* of the password: grows with each change */
	" created_at BIGINT NOT NULL,"
	" deleted_at BIGINT);",

	/* session/: what people hold, by its SHA-256; expires_at 0 is never. */
	"CREATE TABLE token ("
	" id {id},"
	" hash TEXT NOT NULL UNIQUE,"
	" account BIGINT NOT NULL,"
	" kind BIGINT NOT NULL,"
	" scopes BIGINT NOT NULL,"
	" name TEXT NOT NULL,"
	" device TEXT NOT NULL,"
	" peer TEXT NOT NULL,"
	" created_at BIGINT NOT NULL,"
	" used_at BIGINT NOT NULL,"
	" expires_at BIGINT NOT NULL);"
	"CREATE INDEX token_account ON token (account, kind);"
	"CREATE INDEX token_expires ON token (expires_at);",

	/* audit/: security events. */
	"CREATE TABLE event ("
	" id {id},"
	" account BIGINT NOT NULL,"
	" at BIGINT NOT NULL,"
	" kind TEXT NOT NULL,"
	" peer TEXT NOT NULL,"
	" device TEXT NOT NULL,"
	" detail TEXT);"
	"CREATE INDEX event_account ON event (account, id);"
	"CREATE INDEX event_at ON event (at);",

	auth_register_migration,
	auth_sms_migration,
	auth_factor_migration,
	auth_profile_migration,
	preferences_migration,
	auth_export_migration,
	auth_group_migration,
	auth_known_migration,
	auth_resting_migration,
	auth_group_invitation_migration,
	auth_reset_migration,
	auth_grant_migration,
	auth_second_address_migration,
	auth_group_maker_migration,
	release_migration,
	auth_alias_migration,
	auth_group_posting_migration,
	auth_group_archive_migration,
	auth_subscriber_migration,
	auth_group_prefix_migration,
	auth_subscriber_told_migration,
	auth_proven_migration,
	auth_subscriber_letters_migration,
	auth_subscriber_refused_migration,
	NULL,
};
