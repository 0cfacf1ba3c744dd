/*
 * invitation_command.c: hearth invite: prints a link with which somebody makes an account.
 * On the main thread of a command.
 */
#include <sodium.h>
#include <stdio.h>

#include "command.h"
#include "hearth/clock.h"
#include "hearth/error.h"
#include "invitation/invitation.h"

#define DAY_MS INT64_C(86400000)

struct order {
	struct auth *a;
	struct auth_invitation in;
	char secret[AUTH_TOKEN_TEXT], hex[AUTH_TOKEN_HEX];
	bool reserved;
};

/* A duration as people write it: 90m, 24h, 7d; HEARTH_EINVAL. */
static int read_duration(struct slice text, int64_t *ms)
{
	static const struct {
		char unit;
		int64_t ms;
	} units[] = { { 'm', 60000 }, { 'h', 3600000 }, { 'd', DAY_MS } };

	for (size_t i = 0; text.n && i < sizeof(units) / sizeof(units[0]); i++) {
		int64_t max = AUTH_INVITATION_DAYS_MAX * DAY_MS / units[i].ms, count;

		if (text.p[text.n - 1] != units[i].unit)
			continue;
		if (slice_i64(slice_head(text, text.n - 1), 1, max, &count) < 0)
			return HEARTH_EINVAL;
		*ms = count * units[i].ms;
		return 0;
	}
	return HEARTH_EINVAL;
}

static int misused(const char *flag, const char *value, const char *expected)
{
	fprintf(stderr, "hearth: %s %s: expected %s\n", flag, value, expected);
	return EXIT_MISUSED;
}

/* A flag with its value; an exit code, or -1 to go on. */
static int read_value(struct hearth *h, struct order *o, const char *flag, const char *value)
{
	int64_t ms;
	int code;

	if (!value)
		return misused(flag, "", "a value");
	if (strcmp(flag, "--address") == 0) {
		code = auth_command_address(h, value, o->in.address);
		if (code < 0 && !auth_address_is_local(hearth_config(h), o->in.address))
			return misused(flag, value, "an address of this server");
		return code;
	}
	if (strcmp(flag, "--uses") == 0)
		return slice_i64(slice_str(value), 1, AUTH_INVITATION_USES_MAX, &o->in.uses_left) <
				       0
			       ? misused(flag, value, "a number from 1 to 10000")
			       : -1;
	if (strcmp(flag, "--expires") == 0) {
		if (read_duration(slice_str(value), &ms) < 0)
			return misused(flag, value, "a time such as 90m, 24h or 7d, up to 365d");
		o->in.expires_ms = o->in.created_ms + ms;
		return -1;
	}
	return auth_unexpected(flag);
}

static int read_order(struct hearth *h, int argc, char **argv, struct order *o)
{
	int code = -1;

	*o = (struct order){ .a = auth_of(h),
		.in = { .uses_left = 1, .created_ms = clock_wall_ms() } };
	o->in.expires_ms = o->in.created_ms + AUTH_INVITATION_DAYS * DAY_MS;
	for (int i = 0; i < argc && code < 0; i++)
		if (strcmp(argv[i], "--admin") == 0) {
			o->in.role = AUTH_ADMINISTRATOR;
		} else if (strcmp(argv[i], "--moderator") == 0) {
			o->in.role = AUTH_MODERATOR;
		} else if (strcmp(argv[i], "--reserved") == 0) {
			o->reserved = true;
		} else if (strncmp(argv[i], "--", 2) == 0) {
			code = read_value(h, o, argv[i], i + 1 < argc ? argv[i + 1] : NULL);
			i++;
		} else {
			code = auth_unexpected(argv[i]);
		}
	if (code < 0 && !o->reserved && o->in.role != AUTH_ADMINISTRATOR)
		code = auth_command_reserved(o->in.address);
	return code;
}

static int make(struct db_tx *tx, void *arg)
{
	struct order *o = arg;

	return auth_store_add_invitation(tx, &o->in, o->hex, &o->in.id);
}

int auth_run_invite(struct hearth *h, int argc, char **argv)
{
	struct strbuf link = { 0 };
	struct order o;
	int code = read_order(h, argc, argv, &o), rc;

	if (code >= 0)
		return code;
	auth_token_make(o.secret, o.hex);
	rc = db_write_wait(o.a->db, make, &o);
	if (rc < 0) {
		fprintf(stderr, "hearth: %s\n",
			rc == HEARTH_ETOOBIG ? "there are too many invitations" : error_name(rc));
		return EXIT_FAILED;
	}
	auth_invitation_link(h, o.secret, &link);
	printf("%s\n", link.p);
	if (strcmp(config_text(hearth_config(h), "auth", "registration"), "closed") == 0)
		fprintf(stderr, "note: [auth] registration is closed: nobody can use it yet\n");
	sodium_memzero(&o, sizeof(o));
	sodium_memzero(link.p, link.n);
	strbuf_free(&link);
	return EXIT_DONE;
}
