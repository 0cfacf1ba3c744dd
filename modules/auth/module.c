/*
 * module.c: the auth module's table of contents: who people are (README.md).
 */
#include <sodium.h>

#include "account/account.h"
#include "account/admin.h"
#include "account/quota.h"
#include "account/resting.h"
#include "account/storage.h"
#include "audit/audit_log.h"
#include "avatar/avatar_image.h"
#include "command.h"
#include "factor/factor.h"
#include "factor/proof.h"
#include "grant/grant.h"
#include "group/group.h"
#include "hearth/clock.h"
#include "hearth/log.h"
#include "invitation/invitation.h"
#include "password/argon.h"
#include "personal/blob_drop.h"
#include "personal/export.h"
#include "preferences/preferences.h"
#include "profile/profile.h"
#include "registration/register.h"
#include "reset/reset.h"
#include "reset/second_address.h"
#include "session/expiry.h"
#include "session/known.h"
#include "session/login_throttle.h"
#include "session/mfa_challenge.h"
#include "session/remembered.h"
#include "session/turn.h"
#include "sms/code.h"
#include "sms/phone_api.h"
#include "sms/sms.h"
#include "sms/sms_queue.h"

#define TIDY_EVERY_MS (INT64_C(3600) * 1000)
#define REST_EVERY_MS 5000 /* twice that at most, and the memory of hashes is given back */

static const struct config_setting settings[] = {
	{ NULL, "registration", CONFIG_CHOICE, "invitation", NULL, NULL, "open|invitation|closed",
		"who makes an account over HTTP: anybody, who has a link of `hearth invite`, "
		"nobody" },
	{ NULL, "registration_phone", CONFIG_BOOL, "no", NULL, NULL, NULL,
		"whether who registers must show a phone, by a code sent to it" },
	{ NULL, "password_min", CONFIG_INT, "8", "8", "64", NULL,
		"how many characters a password has at least (NIST SP 800-63B)" },
	{ NULL, "address_rest", CONFIG_DURATION, "90d", "0s", "3650d", NULL,
		"how long a deleted account's address or a group's name is kept from others" },
	{ NULL, "token_ttl", CONFIG_DURATION, "30d", "1s", "365d", NULL,
		"how long a session lasts" },
	{ NULL, "sessions_per_account", CONFIG_INT, "100", "1", "10000", NULL,
		"sessions, and trusted devices, of one account; one more ends the one that was "
		"unused the longest" },
	{ NULL, "second_factor", CONFIG_CHOICE, "optional", NULL, NULL,
		"optional|administrators|required",
		"who must have a second factor; without one a session can only enrol one" },
	{ NULL, "trusted_device_ttl", CONFIG_DURATION, "30d", "0s", "365d", NULL,
		"how long a trusted device needs no second step; 0: no device is trusted" },
	{ NULL, "guess_window", CONFIG_DURATION, "15m", "1s", "24h", NULL,
		"when guesses are forgotten: after so long without one" },
	{ NULL, "guesses_per_account", CONFIG_INT, "10", "1", "1000000", NULL,
		"wrong passwords for one account from one network before it must wait (1 s, then "
		"twice as long each time, 15 min at most); ten times as many from everywhere" },
	{ NULL, "guesses_per_network", CONFIG_INT, "100", "1", "1000000", NULL,
		"wrong passwords from one network before it must wait likewise" },
	{ NULL, "registrations_per_network", CONFIG_INT, "100", "1", "1000000", NULL,
		"accounts made from one network before it must wait likewise" },
	{ NULL, "quota", CONFIG_SIZE, "0", "0", "1024G", NULL,
		"bytes kept for one account unless it has a quota of its own; 0: no bound" },
	{ NULL, "exports_per_day", CONFIG_INT, "3", "1", "1000", NULL,
		"how often a person may ask for all of their data within 24 hours" },
	{ NULL, "export_ttl", CONFIG_DURATION, "7d", "1s", "365d", NULL,
		"how long what they asked for can be fetched" },
	{ NULL, "group_creation", CONFIG_CHOICE, "administrators", NULL, NULL,
		"administrators|everyone", "who makes groups" },
	{ NULL, "groups_per_account", CONFIG_INT, "20", "1", "1000", NULL,
		"groups that one member makes, and how many within a day; administrators make any "
		"number" },
	{ NULL, "argon2_memory", CONFIG_SIZE, "19M", "8M", "1G", NULL,
		"memory of one password hash (RFC 9106)" },
	{ NULL, "argon2_passes", CONFIG_INT, "2", "1", "100", NULL, "passes of one password hash" },
	{ NULL, "sms_driver", CONFIG_CHOICE, "none", NULL, NULL, "none|file|http",
		"how short messages go out: not at all, into a file (for development), to a "
		"provider over HTTP" },
	{ NULL, "sms_file", CONFIG_TEXT, "", NULL, NULL, NULL,
		"file: where; empty: sms.log in the data folder" },
	{ NULL, "sms_method", CONFIG_CHOICE, "POST", NULL, NULL, "POST|PUT|GET",
		"http: the method" },
	{ NULL, "sms_url", CONFIG_TEXT, "", NULL, NULL, NULL,
		"http: the provider's URL; here, in sms_headers and in sms_body stand {to}, {text} "
		"and {id}" },
	{ NULL, "sms_headers", CONFIG_TEXT, "", NULL, NULL, NULL,
		"http: header fields, split by |: Content-Type: application/json | "
		"Idempotency-Key: {id}" },
	{ NULL, "sms_body", CONFIG_TEXT, "", NULL, NULL, NULL,
		"http: the body; what stands in for {…} is escaped as the Content-Type wants "
		"(none: "
		"a form)" },
	{ NULL, "sms_user", CONFIG_TEXT, "", NULL, NULL, NULL,
		"http: user name, if the provider wants basic authentication" },
	{ NULL, "sms_password", CONFIG_TEXT, "", NULL, NULL, NULL, "http: and its password" },
	{ NULL, "sms_per_number", CONFIG_INT, "10", "1", "1000000", NULL,
		"short messages to one number within 24 hours" },
	{ NULL, "sms_per_account", CONFIG_INT, "20", "1", "1000000", NULL,
		"short messages for one account within 24 hours" },
	{ NULL, "sms_per_network", CONFIG_INT, "100", "1", "1000000", NULL,
		"short messages asked for from one network within 24 hours" },
	{ NULL, "sms_per_day", CONFIG_INT, "2000", "1", "1000000", NULL,
		"short messages in all within 24 hours: what they may cost; a quarter is kept for "
		"numbers that are verified already" },
	{ NULL, "sms_gap", CONFIG_DURATION, "30s", "0s", "1h", NULL,
		"time between two short messages to one number" },
	{ NULL, "sms_text", CONFIG_TEXT,
		"{code} is your code for {hostname}, valid for {minutes} minutes. Never tell it "
		"to anybody.",
		NULL, NULL, NULL,
		"text of a code; letters outside GSM 7 bit (most accents, all emoji) halve its "
		"length" },
	{ NULL, "sms_code_ttl", CONFIG_DURATION, "10m", "1s", "1h", NULL,
		"how long a code by short message is valid" },
	{ NULL, "phone_country", CONFIG_TEXT, "", NULL, NULL, NULL,
		"calling code, such as 49, of phone numbers without + or 00; empty: those are "
		"refused" },
	{ NULL, "accounts_per_phone", CONFIG_INT, "4", "1", "1000000", NULL,
		"accounts that may share one phone number, as a family does" },
	CONFIG_END,
};

static const struct http_route routes[] = {
	{ HTTP_GET, "/api/auth/config", auth_get_config, HTTP_PUBLIC, 0 },
	{ HTTP_POST, "/api/auth/register", auth_post_register, HTTP_PUBLIC, 4096 },
	{ HTTP_POST, "/api/auth/register/verify", auth_post_register_verify, HTTP_PUBLIC, 4096 },
	{ HTTP_POST, "/api/auth/login", auth_post_login, HTTP_PUBLIC, 4096 },
	{ HTTP_POST, "/api/auth/login/sms", auth_post_login_sms, HTTP_PUBLIC, 4096 },
	{ HTTP_POST, "/api/auth/login/second", auth_post_login_second, HTTP_PUBLIC, 4096 },
	{ HTTP_POST, "/api/auth/logout", auth_post_logout, HTTP_ACCOUNT, 4096 },
	{ HTTP_GET, "/api/auth/me", auth_get_me, HTTP_ACCOUNT, 0 },
	{ HTTP_GET, "/api/auth/me/factors", auth_get_factors, HTTP_ACCOUNT, 0 },
	{ HTTP_POST, "/api/auth/me/factors/totp", auth_post_totp, HTTP_ACCOUNT, 4096 },
	{ HTTP_POST, "/api/auth/me/factors/totp/confirm", auth_post_totp_confirm, HTTP_ACCOUNT,
		4096 },
	{ HTTP_POST, "/api/auth/me/factors/totp/remove", auth_post_totp_remove, HTTP_ACCOUNT,
		4096 },
	{ HTTP_POST, "/api/auth/me/factors/sms", auth_post_sms, HTTP_ACCOUNT, 4096 },
	{ HTTP_POST, "/api/auth/me/factors/sms/code", auth_post_sms_code, HTTP_ACCOUNT, 4096 },
	{ HTTP_POST, "/api/auth/me/factors/sms/remove", auth_post_sms_remove, HTTP_ACCOUNT, 4096 },
	{ HTTP_POST, "/api/auth/me/factors/recovery", auth_post_recovery, HTTP_ACCOUNT, 4096 },
	{ HTTP_PATCH, "/api/auth/me", auth_patch_me, HTTP_ACCOUNT, 8192 },
	{ HTTP_PUT, "/api/auth/me/avatar", auth_put_avatar, HTTP_ACCOUNT, AVATAR_BYTES_MAX },
	{ HTTP_DELETE, "/api/auth/me/avatar", auth_delete_avatar, HTTP_ACCOUNT, 0 },
	{ HTTP_GET, "/api/auth/accounts/{id:int}/avatar", auth_get_avatar, HTTP_ACCOUNT, 0 },
	{ HTTP_POST, "/api/auth/me/password", auth_post_password, HTTP_ACCOUNT, 4096 },
	{ HTTP_POST, "/api/auth/oauth/authorize", auth_post_authorize, HTTP_ACCOUNT, 4096 },
	{ HTTP_POST, "/api/auth/oauth/token", auth_post_oauth_token, HTTP_PUBLIC | HTTP_FOREIGN,
		4096 },
	{ HTTP_GET, "/.well-known/oauth-authorization-server", auth_get_oauth_metadata,
		HTTP_PUBLIC | HTTP_FOREIGN, 0 },
	{ HTTP_GET, "/api/auth/sessions", auth_get_sessions, HTTP_ACCOUNT, 0 },
	{ HTTP_DELETE, "/api/auth/sessions", auth_delete_sessions, HTTP_ACCOUNT, 0 },
	{ HTTP_DELETE, "/api/auth/sessions/{id:int}", auth_delete_session, HTTP_ACCOUNT, 0 },
	{ HTTP_GET, "/api/auth/devices", auth_get_devices, HTTP_ACCOUNT, 0 },
	{ HTTP_DELETE, "/api/auth/devices/{id:int}", auth_delete_device, HTTP_ACCOUNT, 0 },
	{ HTTP_GET, "/api/auth/tokens", auth_get_tokens, HTTP_ACCOUNT, 0 },
	{ HTTP_POST, "/api/auth/tokens", auth_post_tokens, HTTP_ACCOUNT, 4096 },
	{ HTTP_DELETE, "/api/auth/tokens/{id:int}", auth_delete_token, HTTP_ACCOUNT, 0 },
	{ HTTP_GET, "/api/auth/app-passwords", auth_get_app_passwords, HTTP_ACCOUNT, 0 },
	{ HTTP_POST, "/api/auth/app-passwords", auth_post_app_passwords, HTTP_ACCOUNT, 4096 },
	{ HTTP_DELETE, "/api/auth/app-passwords/{id:int}", auth_delete_app_password, HTTP_ACCOUNT,
		0 },
	{ HTTP_POST, "/api/auth/me/phone", auth_post_phone, HTTP_ACCOUNT, 4096 },
	{ HTTP_POST, "/api/auth/me/phone/verify", auth_post_phone_verify, HTTP_ACCOUNT, 4096 },
	{ HTTP_DELETE, "/api/auth/me/phone", auth_delete_phone, HTTP_ACCOUNT, 0 },
	{ HTTP_GET, "/api/auth/events", auth_get_events, HTTP_ACCOUNT, 0 },
	{ HTTP_GET, "/api/auth/preferences", preferences_get, HTTP_ACCOUNT, 0 },
	{ HTTP_PUT, "/api/auth/preferences", preferences_put, HTTP_ACCOUNT, PREFERENCES_MAX },
	{ HTTP_PATCH, "/api/auth/preferences", preferences_patch, HTTP_ACCOUNT, PREFERENCES_MAX },
	{ HTTP_GET, "/api/auth/preferences/schema", preferences_get_schema, HTTP_PUBLIC, 0 },
	{ HTTP_GET, "/api/auth/preferences/attachments", preferences_list_files, HTTP_ACCOUNT, 0 },
	{ HTTP_PUT, "/api/auth/preferences/attachments/{name:word}", preferences_put_file,
		HTTP_ACCOUNT, PREFERENCES_FILE_MAX },
	{ HTTP_GET, "/api/auth/preferences/attachments/{name:word}", preferences_get_file,
		HTTP_ACCOUNT, 0 },
	{ HTTP_DELETE, "/api/auth/preferences/attachments/{name:word}", preferences_delete_file,
		HTTP_ACCOUNT, 0 },
	{ HTTP_GET, "/api/auth/accounts", auth_get_accounts, HTTP_MODERATOR, 0 },
	{ HTTP_GET, "/api/auth/accounts/{id:int}", auth_get_account, HTTP_MODERATOR, 0 },
	{ HTTP_PATCH, "/api/auth/accounts/{id:int}", auth_patch_account, HTTP_MODERATOR, 4096 },
	{ HTTP_DELETE, "/api/auth/accounts/{id:int}", auth_delete_account, HTTP_ADMIN, 4096 },
	{ HTTP_DELETE, "/api/auth/accounts/{id:int}/factors", auth_delete_account_factors,
		HTTP_ADMIN, 4096 },
	{ HTTP_POST, "/api/auth/accounts/{id:int}/reset", auth_post_account_reset, HTTP_ADMIN,
		4096 },
	{ HTTP_GET, "/api/auth/accounts/{id:int}/storage", auth_get_storage, HTTP_ADMIN, 0 },
	{ HTTP_GET, "/api/auth/me/storage", auth_get_my_storage, HTTP_ACCOUNT, 0 },
	{ HTTP_POST, "/api/auth/reset", auth_post_reset, HTTP_PUBLIC, 4096 },
	{ HTTP_POST, "/api/auth/forgotten", auth_post_forgotten, HTTP_PUBLIC, 1024 },
	{ HTTP_GET, "/api/auth/me/second-address", auth_get_second_address, HTTP_ACCOUNT, 0 },
	{ HTTP_PUT, "/api/auth/me/second-address", auth_put_second_address, HTTP_ACCOUNT, 4096 },
	{ HTTP_DELETE, "/api/auth/me/second-address", auth_delete_second_address, HTTP_ACCOUNT,
		1024 },
	{ HTTP_POST, "/api/auth/second-address/verify", auth_post_second_address_verify,
		HTTP_PUBLIC, 1024 },
	{ HTTP_POST, "/api/auth/addresses/free", auth_post_free, HTTP_ADMIN, 1024 },
	{ HTTP_GET, "/api/auth/invitations", auth_get_invitations, HTTP_ADMIN, 0 },
	{ HTTP_POST, "/api/auth/invitations", auth_post_invitations, HTTP_ADMIN, 4096 },
	{ HTTP_DELETE, "/api/auth/invitations/{id:int}", auth_delete_invitation, HTTP_ADMIN, 0 },
	{ HTTP_DELETE, "/api/auth/me", auth_delete_me, HTTP_ACCOUNT, 4096 },
	{ HTTP_POST, "/api/auth/export", auth_post_export, HTTP_ACCOUNT, 4096 },
	{ HTTP_GET, "/api/auth/export", auth_get_export, HTTP_ACCOUNT, 0 },
	{ HTTP_GET, "/api/auth/export/{id:int}", auth_get_export_tar, HTTP_ACCOUNT, 0 },
	{ HTTP_GET, "/api/auth/groups", auth_get_groups, HTTP_ACCOUNT, 0 },
	{ HTTP_POST, "/api/auth/groups", auth_post_groups, HTTP_ACCOUNT, 16384 },
	{ HTTP_GET, "/api/auth/groups/{id:int}", auth_get_group, HTTP_ACCOUNT, 0 },
	{ HTTP_PATCH, "/api/auth/groups/{id:int}", auth_patch_group, HTTP_ACCOUNT, 16384 },
	{ HTTP_DELETE, "/api/auth/groups/{id:int}", auth_delete_group, HTTP_ACCOUNT, 0 },
	{ HTTP_POST, "/api/auth/groups/{id:int}/members", auth_post_member, HTTP_ACCOUNT, 1024 },
	{ HTTP_PUT, "/api/auth/groups/{id:int}/members/{account:int}", auth_put_member,
		HTTP_ACCOUNT, 1024 },
	{ HTTP_DELETE, "/api/auth/groups/{id:int}/members/{account:int}", auth_delete_member,
		HTTP_ACCOUNT, 0 },
	{ .pattern = NULL },
};

static const struct db_schema schemas[] = {
	{ "auth", auth_migrations },
	{ .name = NULL },
};

/* Nothing to write: the cursor alone moves; what must happen happens on every node. */
static int apply_revoked(void *module, struct db_tx *tx, const struct bus_event *ev, void *prepared)
{
	(void)module;
	(void)tx;
	(void)ev;
	(void)prepared;
	return 0;
}

static const struct bus_subscription subscriptions[] = {
	{ .topic = "auth.revoked",
		.name = "auth.sessions",
		.database = "auth",
		.apply = apply_revoked,
		.everywhere = auth_on_revoked },
	{ .topic = ACCOUNTS_TOPIC_EXPORT,
		.name = "auth.exports",
		.database = "auth",
		.apply = auth_on_export },
	{ .topic = NULL },
};

static const struct queue_consumer queues[] = {
	{ "auth.sms", "auth", "net", 2, AUTH_SMS_LEASE_MS, AUTH_SMS_ATTEMPTS, auth_sms_handle },
	{ AUTH_QUEUE_BLOB, "auth", "io", 1, AUTH_BLOB_LEASE_MS, AUTH_BLOB_ATTEMPTS,
		auth_blob_drop_task },
	{ AUTH_QUEUE_EXPORT, "auth", "io", 1, EXPORT_LEASE_MS, EXPORT_ATTEMPTS_MAX,
		auth_export_own },
	{ AUTH_QUEUE_EXPIRE, "auth", "io", 1, AUTH_EXPIRE_LEASE_MS, AUTH_EXPIRE_ATTEMPTS,
		auth_export_expire },
	{ .name = NULL },
};

static const char password_help[] = "\nThe password is read from standard input with "
				    "--password-stdin (one line), asked for at a\n"
				    "terminal, and otherwise made up and printed.\n";

static const char add_help[] = "\n--reserved: a name that speaks for whoever runs the server, such "
			       "as postmaster, is meant.\n"
			       "The password is read from standard input with --password-stdin "
			       "(one line), asked for at a\n"
			       "terminal, and otherwise made up and printed.\n";

static const struct hearth_command commands[] = {
	{ "first-start", "", "print the link that makes the first administrator", NULL,
		auth_run_first_start },
	{ "user add", "ADDRESS [--admin|--moderator|--no-admin] [--reserved] [--password-stdin]",
		"make an account; the first one is an administrator's unless told otherwise",
		add_help, auth_run_user_add },
	{ "user list", "", "list the accounts: address, role, state, what it logs in with", NULL,
		auth_run_user_list },
	{ "user passwd", "ADDRESS [--password-stdin]", "set a password and end the sessions",
		password_help, auth_run_user_passwd },
	{ "user disable", "ADDRESS", "shut an account out; its mail is still taken", NULL,
		auth_run_user_disable },
	{ "user enable", "ADDRESS", "let it in again", NULL, auth_run_user_enable },
	{ "user role", "ADDRESS member|moderator|administrator", "give an account another role",
		NULL, auth_run_user_role },
	{ "user factors", "ADDRESS [--remove]", "show the second factors, or take them away", NULL,
		auth_run_user_factors },
	{ "user delete", "ADDRESS", "delete an account", NULL, auth_run_user_delete },
	{ "user reset", "ADDRESS",
		"end its password and sessions, and print a link to choose a new one",
		"\nThe old password opens nothing from now on, and all that is open ends. The link "
		"works once,\nwithin a day.\n",
		auth_run_user_reset },
	{ "user storage", "ADDRESS", "how many bytes each module keeps for an account", NULL,
		auth_run_user_storage },
	{ "user free", "ADDRESS", "let somebody else have the address of who left, before its time",
		"\nNames of deleted groups, too. See [auth] address_rest.\n", auth_run_user_free },
	{ "user quota", "ADDRESS SIZE|none|default", "bound what is kept for an account", NULL,
		auth_run_user_quota },
	{ "invite", "[--admin|--moderator] [--address A] [--reserved] [--uses N] [--expires 7d]",
		"print a link with which somebody makes an account", NULL, auth_run_invite },
	{ "session list", "ADDRESS", "list what an account holds: sessions, tokens, devices", NULL,
		auth_run_session_list },
	{ "session revoke", "ADDRESS|ID", "end all of an account, or one by its number", NULL,
		auth_run_session_revoke },
	{ "group add", "NAME [--title T] [--open] [--reserved]",
		"make a group; --open: anybody may join; --reserved: of a name such as abuse", NULL,
		auth_run_group_add },
	{ "group list", "", "list the groups and how many are in each", NULL, auth_run_group_list },
	{ "group show", "NAME", "list who is in a group", NULL, auth_run_group_show },
	{ "group delete", "NAME", "delete a group", NULL, auth_run_group_delete },
	{ "group invite", "NAME ADDRESS [--owner]",
		"ask somebody into a group: they say yes or no in the page", NULL,
		auth_run_group_invite },
	{ "group join", "NAME ADDRESS [--owner]",
		"put somebody who has said yes to you into a group, or make them an owner",
		"\nThe person is not asked; the record of their account says that it was done by "
		"command.\n",
		auth_run_group_join },
	{ "group leave", "NAME ADDRESS", "remove somebody from a group", NULL,
		auth_run_group_leave },
	{ "group quota", "NAME SIZE|none", "what each member may keep, where that is more", NULL,
		auth_run_group_quota },
	{ .name = NULL },
};

static int expire(struct db_tx *tx, void *arg)
{
	const struct auth *a = arg;
	int64_t now = clock_wall_ms();
	int rc = auth_audit_expire(tx, now);

	if (rc == 0)
		rc = auth_store_expire_invitations(tx, now);
	if (rc == 0)
		rc = auth_store_expire_pending(tx, now);
	if (rc == 0)
		rc = auth_reset_expire(tx, now);
	if (rc == 0)
		rc = resting_expire(tx, now);
	if (rc == 0)
		rc = group_expire_invitations(tx, now);
	if (rc == 0)
		rc = grant_store_expire(tx, now);
	if (rc == 0)
		rc = auth_code_expire(tx, now);
	if (rc == 0)
		rc = auth_store_expire_networks(tx, now);
	return rc < 0 ? rc : sms_tidy(tx, a->sms);
}

static void give_memory_back(void *unused)
{
	(void)unused;
	argon_rest();
}

static void rest(void *arg)
{
	struct auth *a = arg;

	if (argon_is_keeping())
		job_run(a->hash, give_memory_back, NULL, NULL);
	else
		timer_stop(&a->rest);
}

static void rest_soon(void *arg)
{
	struct auth *a = arg;

	timer_start(&a->rest, REST_EVERY_MS, REST_EVERY_MS, rest, a);
}

/* On a worker that has hashed: the timer runs only while there is something to give back. */
static void on_keeping(void *arg)
{
	exec_post(exec_loop(), rest_soon, arg);
}

static void tidy(void *arg)
{
	const struct auth *a = arg;

	db_write(a->db, expire, NULL, arg);
}

/* What the server and the commands both need. */
static int start_command(struct hearth *h, void **state)
{
	const struct config *c = hearth_config(h);
	struct auth *a;

	if (sodium_init() < 0)
		return -1;
	a = mem_zalloc(sizeof(*a));
	if (sms_new(c, hearth_data_dir(h), hearth_hostname(h), &a->sms) < 0) {
		free(a);
		return -1;
	}
	a->h = h;
	a->db = hearth_db(h, "auth");
	a->token_ttl_ms = config_duration_ms(c, "auth", "token_ttl");
	a->second_factor = auth_factor_policy(config_text(c, "auth", "second_factor"));
	a->device_ttl_ms = config_duration_ms(c, "auth", "trusted_device_ttl");
	a->sessions_per_account = config_int(c, "auth", "sessions_per_account");
	a->guess_window_ms = config_duration_ms(c, "auth", "guess_window");
	a->guesses_per_account = config_int(c, "auth", "guesses_per_account");
	a->guesses_per_network = config_int(c, "auth", "guesses_per_network");
	a->registrations_per_network = config_int(c, "auth", "registrations_per_network");
	a->address_rest_ms = config_duration_ms(c, "auth", "address_rest");
	a->password_min = config_int(c, "auth", "password_min");
	a->exports_per_day = config_int(c, "auth", "exports_per_day");
	a->export_ttl_ms = config_duration_ms(c, "auth", "export_ttl");
	quota_start(config_size(c, "auth", "quota"));
	a->groups_per_account = config_int(c, "auth", "groups_per_account");
	a->argon_memory = (size_t)config_size(c, "auth", "argon2_memory");
	a->argon_passes = (unsigned long long)config_int(c, "auth", "argon2_passes");
	auth_service_init(a);
	hearth_offer(h, "accounts", &a->service);
	*state = a;
	return 0;
}

static void stop(void *state)
{
	struct auth *a = state;

	argon_when_keeping(NULL, NULL);
	preferences_free(&a->preferences);
	if (a->seal)
		sodium_memzero(a->seal, sizeof(*a->seal));
	free(a->seal);
	login_throttle_free(&a->throttle);
	turns_free(&a->turns);
	remembered_free(&a->remembered);
	sms_free(&a->sms);
	timer_stop(&a->tidy);
	timer_stop(&a->expiry);
	timer_stop(&a->rest);
	free(a);
}

static int prepare(struct auth *a)
{
	a->cache = hearth_cache(a->h);
	a->hash = hearth_pool(a->h, "hash");
	a->seal = mem_zalloc(sizeof(*a->seal));
	if (seal_start(a->seal, a->db, hearth_data_dir(a->h)) < 0)
		return -1;
	a->throttle = login_throttle_new(a);
	a->turns = turns_new();
	a->remembered = remembered_new();
	a->service.keeps_data(a, "auth");
	argon_decoy(a->argon_memory, (uint32_t)a->argon_passes, a->decoy);
	a->preferences = preferences_new(a);
	return a->preferences ? auth_bootstrap(a) : -1;
}

/* The server also sweeps what has expired. */
static int start(struct hearth *h, void **state)
{
	struct auth *a;

	if (start_command(h, state) < 0)
		return -1;
	a = *state;
	if (prepare(a) < 0) {
		stop(a);
		*state = NULL;
		return -1;
	}
	auth_expiry_start(a);
	timer_start(&a->tidy, 0, TIDY_EVERY_MS, tidy, a);
	argon_when_keeping(on_keeping, a);
	return 0;
}

static void validate(const struct config *c, struct strbuf *errors)
{
	sms_check(c, errors);
	if (config_bool(c, "auth", "registration_phone") &&
		strcmp(config_text(c, "auth", "sms_driver"), "none") == 0)
		config_blame(c, "auth", "registration_phone", errors,
			"wants codes sent, and sms_driver is none: choose a driver, or say no");
}

static const char *const offers[] = { "accounts", NULL };

static void drain(void *state)
{
	struct auth *a = state;

	login_throttle_drain(a->throttle);
	sms_drain(a->sms, config_duration_ms(hearth_config(a->h), "server", "drain"));
}

const struct hearth_module auth_module = {
	.name = "auth",
	.checks = &auth_checks,
	.doc = "accounts, passwords, sessions",
	.scope = ACCOUNTS_SCOPE_ACCOUNT,
	.settings = settings,
	.schemas = schemas,
	.routes = routes,
	.subscriptions = subscriptions,
	.queues = queues,
	.commands = commands,
	.offers = offers,
	.validate = validate,
	.start = start,
	.start_command = start_command,
	.drain = drain,
	.stop = stop,
};
