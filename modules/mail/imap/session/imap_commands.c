/*
 * imap_commands.c: which command is allowed when and who runs it; and the commands that need no
 * file of their own.
 *
 * On the loop. Nothing here waits, and nothing grows with a mailbox.
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
	session_turn_close(&s->turn);
}

/* Nothing that was said in clear counts behind it (RFC 3501 section 6.2.1). */
static void do_starttls(struct imap_session *s)
{
	INVARIANT(s->state == IMAP_NOT_AUTHENTICATED && !s->view);
	if (!conn_can_start_tls(s->conn)) {
		imap_bad(s, "TLS is not available here, or there already");
		return;
	}
	imap_ok(s, "Ready to start TLS");
	imap_parser_clear(&s->parser);
	imap_parser_init(&s->parser, &imap_limits_before_auth);
	session_turn_start_tls(&s->turn);
}

static void do_unselect(struct imap_session *s)
{
	INVARIANT(s->view && s->state == IMAP_SELECTED);
	imap_leave(s);
	imap_ok(s, "UNSELECT done");
}

/* ---- the table ---- */

#define ANY       (IMAP_NOT_AUTHENTICATED | IMAP_AUTHENTICATED | IMAP_SELECTED)
#define LOGGED_IN (IMAP_AUTHENTICATED | IMAP_SELECTED)

/* What a command does to the view of the selected mailbox. */
enum {
	KEEPS,  /* it is brought up to date if somebody said that the mailbox changed */
	LOOKS,  /* in any case: such news can be lost */
	LEAVES, /* it is not looked at any more */
};

/* APPEND is begun by the parser's event, before the command is complete. */
static const struct imap_handler handlers[] = {
	[IMAP_CAPABILITY] = { ANY, KEEPS, .run = do_capability },
	[IMAP_NOOP] = { ANY, LOOKS, .run = do_noop },
	[IMAP_LOGOUT] = { ANY, LEAVES, .run = do_logout },
	[IMAP_ID] = { ANY, KEEPS, .run = do_id },
	[IMAP_STARTTLS] = { IMAP_NOT_AUTHENTICATED, KEEPS, .run = do_starttls },
	[IMAP_AUTHENTICATE] = { IMAP_NOT_AUTHENTICATED, KEEPS, .run = imap_do_authenticate,
		.line = imap_auth_line },
	[IMAP_LOGIN] = { IMAP_NOT_AUTHENTICATED, KEEPS, .run = imap_do_login },
	[IMAP_ENABLE] = { LOGGED_IN, KEEPS, .run = do_enable },
	[IMAP_SELECT] = { LOGGED_IN, LEAVES, .run = imap_do_select },
	[IMAP_EXAMINE] = { LOGGED_IN, LEAVES, .run = imap_do_select },
	[IMAP_CREATE] = { LOGGED_IN, KEEPS, .run = imap_do_create },
	[IMAP_DELETE] = { LOGGED_IN, KEEPS, .run = imap_do_delete },
	[IMAP_RENAME] = { LOGGED_IN, KEEPS, .run = imap_do_rename },
	[IMAP_SUBSCRIBE] = { LOGGED_IN, KEEPS, .run = imap_do_subscribe },
	[IMAP_UNSUBSCRIBE] = { LOGGED_IN, KEEPS, .run = imap_do_subscribe },
	[IMAP_LIST] = { LOGGED_IN, KEEPS, .run = imap_do_list },
	[IMAP_LSUB] = { LOGGED_IN, KEEPS, .run = imap_do_list },
	[IMAP_NAMESPACE] = { LOGGED_IN, KEEPS, .run = do_namespace },
	[IMAP_GETQUOTA] = { LOGGED_IN, KEEPS, .run = imap_do_quota },
	[IMAP_GETQUOTAROOT] = { LOGGED_IN, KEEPS, .run = imap_do_quota },
	[IMAP_STATUS] = { LOGGED_IN, KEEPS, .run = imap_do_status },
	[IMAP_APPEND] = { LOGGED_IN, KEEPS, imap_append_start, .data = imap_append_data,
		.end = imap_append_end },
	[IMAP_IDLE] = { LOGGED_IN, LOOKS, .run = imap_do_idle, .line = imap_idle_line },
	[IMAP_CHECK] = { IMAP_SELECTED, LOOKS, .run = do_noop },
	[IMAP_CLOSE] = { IMAP_SELECTED, LEAVES, .run = imap_do_close },
	[IMAP_UNSELECT] = { IMAP_SELECTED, LEAVES, .run = do_unselect },
	[IMAP_EXPUNGE] = { IMAP_SELECTED, KEEPS, .run = imap_do_expunge },
	[IMAP_SEARCH] = { IMAP_SELECTED, KEEPS, .run = imap_do_search, .drop = imap_drop_search },
	[IMAP_FETCH] = { IMAP_SELECTED, KEEPS, .run = imap_do_fetch, .drop = imap_drop_fetch },
	[IMAP_STORE] = { IMAP_SELECTED, KEEPS, .run = imap_do_store, .drop = imap_drop_store },
	[IMAP_COPY] = { IMAP_SELECTED, KEEPS, .run = imap_do_copy, .drop = imap_drop_copy },
	[IMAP_MOVE] = { IMAP_SELECTED, KEEPS, .run = imap_do_copy, .drop = imap_drop_copy },
};

const struct imap_handler *imap_handler_of(const struct imap_command *c)
{
	INVARIANT(
		(size_t)c->verb < sizeof(handlers) / sizeof(handlers[0]) && handlers[c->verb].run);
	return &handlers[c->verb];
}

bool imap_may_tell_expunge(const struct imap_command *c)
{
	return c->uid || (c->verb != IMAP_FETCH && c->verb != IMAP_STORE && c->verb != IMAP_SEARCH);
}

static bool is_allowed(struct imap_session *s)
{
	unsigned states = imap_handler_of(s->command)->states;

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
	imap_handler_of(s->command)->run(s);
}

void imap_run_command(struct imap_session *s)
{
	const struct imap_handler *v = imap_handler_of(s->command);

	if (!is_allowed(s))
		return;
	if (v->view == LOOKS)
		s->dirty = true;
	if (v->view == LEAVES)
		dispatch(s);
	else
		imap_sync(s, dispatch);
}
