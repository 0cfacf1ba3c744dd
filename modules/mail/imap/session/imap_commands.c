/*
 * imap_commands.c: which command is allowed when and who runs it; and the commands that need no
 * file of their own.
 */
#include "hearth/log.h"
#include "imap/grammar/imap_string.h"
#include "imap/session/imap_internal.h"

/* ---- what is offered ---- */

void imap_write_capabilities(struct imap_session *s, struct strbuf *out)
{
	strbuf_adds(out,
		"IMAP4rev1 LITERAL+ ID ENABLE IDLE NAMESPACE UNSELECT UIDPLUS MOVE CHILDREN "
		"SPECIAL-USE"
		" CREATE-SPECIAL-USE LIST-EXTENDED LIST-STATUS STATUS=SIZE ESEARCH WITHIN"
		" QUOTA QUOTA=RES-STORAGE");
	if (s->state != IMAP_NOT_AUTHENTICATED)
		return;
	if (conn_can_start_tls(s->conn))
		strbuf_adds(out, " STARTTLS");
	strbuf_adds(out, imap_auth_allowed(s) ? " SASL-IR AUTH=PLAIN" : " LOGINDISABLED");
}

static void do_capability(struct imap_session *s)
{
	strbuf_adds(&s->out, "* CAPABILITY ");
	imap_write_capabilities(s, &s->out);
	strbuf_adds(&s->out, "\r\n");
	imap_ok(s, "CAPABILITY done");
}

/* None of what is offered needs to be enabled. */
static void do_enable(struct imap_session *s)
{
	imap_write_untagged(&s->out, "ENABLED");
	imap_ok(s, "ENABLE done");
}

static void do_namespace(struct imap_session *s)
{
	imap_write_untagged(&s->out, "NAMESPACE ((\"\" \"/\")) NIL NIL");
	imap_ok(s, "NAMESPACE done");
}

static void do_id(struct imap_session *s)
{
	const struct imap_command *c = s->command;

	for (size_t i = 0; i < c->id.n; i++)
		if (slice_ieq(c->id.fields[i].name, SLICE("name")))
			log_debug("imap", "client", "conn", "%llu",
				(unsigned long long)conn_info(s->conn)->id, "name", "%.*s",
				SLICE_ARG(c->id.fields[i].value), NULL);
	imap_write_untagged(&s->out, "ID (\"name\" \"Hearth\" \"version\" \"" HEARTH_VERSION "\")");
	imap_ok(s, "ID done");
}

/* ---- the session ---- */

/* The view is brought up to date before and after every command: that is all they are for. */
static void do_noop(struct imap_session *s)
{
	imap_ok(s, s->command->verb == IMAP_CHECK ? "CHECK done" : "NOOP done");
}

static void do_logout(struct imap_session *s)
{
	imap_leave(s);
	imap_write_status(&s->out, (struct slice){ 0 }, "BYE", NULL, "Until next time");
	imap_ok(s, "LOGOUT done");
	s->closing = true;
}

/* Nothing that was said in clear counts behind it (RFC 3501 section 6.2.1). */
static void do_starttls(struct imap_session *s)
{
	if (!conn_can_start_tls(s->conn)) {
		imap_bad(s, "TLS is not available here, or there already");
		return;
	}
	imap_ok(s, "Ready to start TLS");
	conn_write(s->conn, strbuf_slice(&s->out));
	strbuf_free(&s->out);
	imap_parser_clear(&s->parser);
	imap_parser_init(&s->parser, &imap_limits_before_auth);
	s->starting_tls = true;
	conn_start_tls(s->conn);
}

static void do_unselect(struct imap_session *s)
{
	imap_leave(s);
	imap_ok(s, "UNSELECT done");
}

/* ---- the table ---- */

#define ANY       (IMAP_NOT_AUTHENTICATED | IMAP_AUTHENTICATED | IMAP_SELECTED)
#define LOGGED_IN (IMAP_AUTHENTICATED | IMAP_SELECTED)

/* What a command does to the view of the selected mailbox. */
enum view_use {
	KEEPS,  /* it is brought up to date if somebody said that the mailbox changed */
	LOOKS,  /* in any case: such news can be lost */
	LEAVES, /* it is not looked at any more */
};

/* APPEND is begun by the parser's event, before the command is complete. */
static const struct verb {
	imap_fn *run;
	unsigned states; /* enum imap_state */
	enum view_use view;
} verbs[] = {
	[IMAP_CAPABILITY] = { do_capability, ANY, KEEPS },
	[IMAP_NOOP] = { do_noop, ANY, LOOKS },
	[IMAP_LOGOUT] = { do_logout, ANY, LEAVES },
	[IMAP_ID] = { do_id, ANY, KEEPS },
	[IMAP_STARTTLS] = { do_starttls, IMAP_NOT_AUTHENTICATED, KEEPS },
	[IMAP_AUTHENTICATE] = { imap_do_authenticate, IMAP_NOT_AUTHENTICATED, KEEPS },
	[IMAP_LOGIN] = { imap_do_login, IMAP_NOT_AUTHENTICATED, KEEPS },
	[IMAP_ENABLE] = { do_enable, LOGGED_IN, KEEPS },
	[IMAP_SELECT] = { imap_do_select, LOGGED_IN, LEAVES },
	[IMAP_EXAMINE] = { imap_do_select, LOGGED_IN, LEAVES },
	[IMAP_CREATE] = { imap_do_create, LOGGED_IN, KEEPS },
	[IMAP_DELETE] = { imap_do_delete, LOGGED_IN, KEEPS },
	[IMAP_RENAME] = { imap_do_rename, LOGGED_IN, KEEPS },
	[IMAP_SUBSCRIBE] = { imap_do_subscribe, LOGGED_IN, KEEPS },
	[IMAP_UNSUBSCRIBE] = { imap_do_subscribe, LOGGED_IN, KEEPS },
	[IMAP_LIST] = { imap_do_list, LOGGED_IN, KEEPS },
	[IMAP_LSUB] = { imap_do_list, LOGGED_IN, KEEPS },
	[IMAP_NAMESPACE] = { do_namespace, LOGGED_IN, KEEPS },
	[IMAP_GETQUOTA] = { imap_do_quota, LOGGED_IN, KEEPS },
	[IMAP_GETQUOTAROOT] = { imap_do_quota, LOGGED_IN, KEEPS },
	[IMAP_STATUS] = { imap_do_status, LOGGED_IN, KEEPS },
	[IMAP_APPEND] = { NULL, LOGGED_IN, KEEPS },
	[IMAP_IDLE] = { imap_do_idle, LOGGED_IN, LOOKS },
	[IMAP_CHECK] = { do_noop, IMAP_SELECTED, LOOKS },
	[IMAP_CLOSE] = { imap_do_close, IMAP_SELECTED, LEAVES },
	[IMAP_UNSELECT] = { do_unselect, IMAP_SELECTED, LEAVES },
	[IMAP_EXPUNGE] = { imap_do_expunge, IMAP_SELECTED, KEEPS },
	[IMAP_SEARCH] = { imap_do_search, IMAP_SELECTED, KEEPS },
	[IMAP_FETCH] = { imap_do_fetch, IMAP_SELECTED, KEEPS },
	[IMAP_STORE] = { imap_do_store, IMAP_SELECTED, KEEPS },
	[IMAP_COPY] = { imap_do_copy, IMAP_SELECTED, KEEPS },
	[IMAP_MOVE] = { imap_do_copy, IMAP_SELECTED, KEEPS },
};

bool imap_may_tell_expunge(const struct imap_command *c)
{
	return c->uid || (c->verb != IMAP_FETCH && c->verb != IMAP_STORE && c->verb != IMAP_SEARCH);
}

static bool is_allowed(struct imap_session *s)
{
	unsigned states = verbs[s->command->verb].states;

	if (states & s->state)
		return true;
	if (s->state == IMAP_NOT_AUTHENTICATED)
		imap_bad(s, "Log in first");
	else
		imap_bad(s, states == IMAP_SELECTED ? "Select a mailbox first"
						    : "You are logged in already");
	return false;
}

static void dispatch(struct imap_session *s)
{
	verbs[s->command->verb].run(s);
}

void imap_run_command(struct imap_session *s)
{
	const struct verb *v = &verbs[s->command->verb];

	if (!is_allowed(s))
		return;
	if (v->view == LOOKS)
		s->dirty = true;
	if (v->view == LEAVES)
		dispatch(s);
	else
		imap_sync(s, dispatch);
}
