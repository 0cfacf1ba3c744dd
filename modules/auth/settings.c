/*
 * settings.c: [auth] of the INI file: what there is, what is wrong together, and how it is read.
 * At start, before there are other threads.
 */
#include "account/quota.h"
#include "auth.h"
#include "factor/factor.h"
#include "sms/sms.h"

const struct config_setting auth_settings[] = {
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
	{ NULL, "proof_ttl", CONFIG_DURATION, "5m", "0s", "1h", NULL,
		"how long a session that has shown password and code needs neither for more of "
		"what is done to mail (aliases, forwards, keys, queue); 0: each time" },
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

void auth_validate(const struct config *c, struct strbuf *errors)
{
	sms_check(c, errors);
	if (config_bool(c, "auth", "registration_phone") &&
		strcmp(config_text(c, "auth", "sms_driver"), "none") == 0)
		config_blame(c, "auth", "registration_phone", errors,
			"wants codes sent, and sms_driver is none: choose a driver, or say no");
}

void auth_read_settings(struct auth *a)
{
	const struct config *c = hearth_config(a->h);

	a->token_ttl_ms = config_duration_ms(c, "auth", "token_ttl");
	a->second_factor = auth_factor_policy(config_text(c, "auth", "second_factor"));
	a->device_ttl_ms = config_duration_ms(c, "auth", "trusted_device_ttl");
	a->proof_ttl_ms = config_duration_ms(c, "auth", "proof_ttl");
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
}
