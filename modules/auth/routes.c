/*
 * routes.c: what the module answers over HTTP: who may ask, how large a body may be. Each handler is
 * in the folder that its header is of. A constant table.
 */
#include "account/account.h"
#include "account/admin.h"
#include "account/storage.h"
#include "alias/alias.h"
#include "audit/audit_log.h"
#include "avatar/avatar_image.h"
#include "factor/factor.h"
#include "factor/proof.h"
#include "grant/grant.h"
#include "group/group.h"
#include "group/subscriber.h"
#include "invitation/invitation.h"
#include "personal/export.h"
#include "preferences/preferences.h"
#include "profile/profile.h"
#include "registration/register.h"
#include "reset/reset.h"
#include "reset/second_address.h"
#include "session/mfa_challenge.h"
#include "session/session.h"
#include "sms/phone_api.h"

const struct http_route auth_routes[] = {
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
	{ HTTP_POST, "/api/auth/addresses/free", auth_post_free, HTTP_ADMIN, 4096 },
	{ HTTP_GET, "/api/auth/me/addresses", auth_get_own_addresses, HTTP_ACCOUNT, 0 },
	{ HTTP_GET, "/api/auth/aliases", auth_get_aliases, HTTP_ADMIN, 0 },
	{ HTTP_POST, "/api/auth/aliases", auth_post_alias, HTTP_ADMIN, 32768 },
	{ HTTP_DELETE, "/api/auth/aliases/{id:int}", auth_delete_alias, HTTP_ADMIN, 4096 },
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
	{ HTTP_POST, "/api/auth/groups/{id:int}/subscribers", auth_post_subscriber, HTTP_ACCOUNT,
		4096 },
	{ HTTP_DELETE, "/api/auth/groups/{id:int}/subscribers/{subscriber:int}",
		auth_delete_subscriber, HTTP_ACCOUNT, 0 },
	{ HTTP_POST, "/api/auth/groups/{id:int}/subscribers/{subscriber:int}/resume",
		auth_post_resume, HTTP_ACCOUNT, 0 },
	{ HTTP_POST, "/api/auth/subscribe", auth_post_subscribe, HTTP_PUBLIC, 1024 },
	{ HTTP_POST, "/api/auth/subscribe/refuse", auth_post_refuse, HTTP_PUBLIC, 1024 },
	{ HTTP_POST, "/api/auth/groups/{id:int}/members", auth_post_member, HTTP_ACCOUNT, 1024 },
	{ HTTP_PUT, "/api/auth/groups/{id:int}/members/{account:int}", auth_put_member,
		HTTP_ACCOUNT, 1024 },
	{ HTTP_DELETE, "/api/auth/groups/{id:int}/members/{account:int}", auth_delete_member,
		HTTP_ACCOUNT, 0 },
	{ .pattern = NULL },
};
