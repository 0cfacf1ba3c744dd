/*
 * session_commands.c: hearth session list|revoke: what people hold, seen and ended from the
 * machine. On the main thread of a command.
 */
#include <stdio.h>
#include <time.h>

#include "account/account.h"
#include "audit/audit_log.h"
#include "command.h"
#include "hearth/error.h"
#include "session/session.h"

struct order {
	struct auth *a;
	char address[256];
	int64_t id; /* of a token; 0: all of the account's */
	enum auth_token_kind kind;
	int64_t count;
	struct strbuf text; /* what is to be printed */
};

static const char *const kinds[] = {
	[AUTH_TOKEN_SESSION] = "session",
	[AUTH_TOKEN_API] = "token",
	[AUTH_TOKEN_APP] = "app-password",
	[AUTH_TOKEN_DEVICE] = "device",
};

static int report(const char *what, int rc)
{
	fprintf(stderr, "hearth: %s: %s\n", what,
		rc == HEARTH_ENOTFOUND ? "no such account or session" : error_name(rc));
	return EXIT_FAILED;
}

static void write_time(struct strbuf *out, int64_t ms)
{
	time_t seconds = (time_t)(ms / 1000);
	char text[32];
	struct tm tm;

	if (ms && gmtime_r(&seconds, &tm) && strftime(text, sizeof(text), "%Y-%m-%dT%H:%MZ", &tm))
		strbuf_printf(out, "\t%s", text);
	else
		strbuf_adds(out, "\t-");
}

/* What a person's program calls itself goes to a terminal: without control characters. */
static void write_text(struct strbuf *out, struct slice text)
{
	for (size_t i = 0; i < text.n; i++)
		strbuf_addc(
			out, (unsigned char)text.p[i] < ' ' || text.p[i] == 0x7F ? ' ' : text.p[i]);
}

/* Id, kind, network, last use, end, name or device: columns with tabs between. */
static void write_token(void *text, const struct auth_token *t)
{
	strbuf_printf(text, "%lld\t%s\t", (long long)t->id, kinds[t->kind]);
	write_text(text, t->peer);
	write_time(text, t->used_ms);
	write_time(text, t->expires_ms);
	strbuf_addc(text, '\t');
	write_text(text, t->name.n ? t->name : t->device);
	strbuf_addc(text, '\n');
}

static int list(struct db_tx *tx, void *arg)
{
	struct order *o = arg;
	struct account account;
	int rc = auth_store_find(tx, o->address, &account, NULL);

	strbuf_reset(&o->text);
	for (int kind = AUTH_TOKEN_SESSION; rc == 0 && kind <= AUTH_TOKEN_DEVICE; kind++)
		rc = auth_store_list_tokens(
			tx, account.id, (enum auth_token_kind)kind, write_token, &o->text);
	return rc;
}

int auth_run_session_list(struct hearth *h, int argc, char **argv)
{
	struct order o = { .a = auth_of(h) };
	int code, rc;

	if (argc > 1)
		return auth_unexpected(argv[1]);
	code = auth_command_address(h, argc ? argv[0] : NULL, o.address);
	if (code >= 0)
		return code;
	rc = auth_command_read(o.a, list, &o, &o.text);
	return rc == 0 ? EXIT_DONE : report(o.address, rc);
}

/* All of an address, or the one of a number, with whatever it opened. */
static int revoke(struct db_tx *tx, void *arg)
{
	struct order *o = arg;
	struct auth_revocation what = { .id = o->id, .password = o->id == 0 };
	struct account account;
	int rc;

	if (o->id) {
		rc = auth_store_token_owner(tx, o->id, &what.account);
	} else {
		rc = auth_store_find(tx, o->address, &account, NULL);
		what.account = account.id;
	}
	if (rc == 0)
		rc = auth_store_revoke(tx, &what, &o->count);
	return rc == 0 ? auth_audit(tx, what.account, o->id ? "session.ended" : "sessions.ended",
				 NULL, SLICE(""), "by command")
		       : rc;
}

int auth_run_session_revoke(struct hearth *h, int argc, char **argv)
{
	struct order o = { .a = auth_of(h) };
	int code = -1, rc;

	if (argc > 1)
		return auth_unexpected(argv[1]);
	if (argc == 0 || slice_i64(slice_str(argv[0]), 1, INT64_MAX, &o.id) < 0)
		code = auth_command_address(h, argc ? argv[0] : NULL, o.address);
	if (code >= 0)
		return code;
	rc = db_write_wait(o.a->db, revoke, &o);
	if (rc < 0)
		return report(argv[0], rc);
	printf("%s: %lld ended\n", argv[0], (long long)o.count);
	return EXIT_DONE;
}
