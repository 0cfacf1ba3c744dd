/*
 * imap_session.c: an IMAP connection: what the parser says becomes the command in hand; jobs, and
 * the end of a command. See imap_internal.h for the states, session_turn.h for the turn. On the
 * loop; a session holds one command (imap_limits) and what its job keeps.
 *
 *   step ──a command──▶ in hand ──imap_run_…──▶ a job ──done──▶ in hand ──imap_reply──▶ step
 *
 * The parser keeps what came of a command; so all input is consumed as it comes.
 */
#include <stdlib.h>

#include "hearth/log.h"
#include "imap/session/imap_internal.h"

#define ERRORS_MAX   20  /* in a row; then it is no mail program that talks here */
#define COMMANDS_MAX 100 /* before log-in */

/* ---- output ---- */

static void on_taken(void *session)
{
	struct imap_session *s = session;

	s->next(s);
}

void imap_flush_then(struct imap_session *s, imap_fn *next)
{
	INVARIANT(s->command && next);
	s->next = next;
	session_turn_flush_then(&s->turn, on_taken);
}

void imap_bye(struct imap_session *s, const char *code, const char *text)
{
	if (session_turn_is_closing(&s->turn))
		return;
	imap_write_status(&s->out, (struct slice){ 0 }, "BYE", code, text);
	session_turn_close(&s->turn);
}

/* ---- jobs ---- */

void imap_busy(struct imap_session *s)
{
	session_turn_wait(&s->turn);
	hearth_hold(s->m->h);
}

/* Frees what the command in hand has beyond the arena. */
static void drop_job(struct imap_session *s)
{
	if (s->job && imap_handler_of(s->command)->drop)
		imap_handler_of(s->command)->drop(s);
	s->job = NULL;
}

static void session_free(void *session)
{
	struct imap_session *s = session;

	list_remove(&s->node);
	drop_job(s);
	imap_leave(s);
	mail_delivery_abort(&s->append);
	imap_parser_clear(&s->parser);
	arena_free(&s->sync_arena);
	arena_free(&s->arena);
	strbuf_free(&s->out);
	free(s);
}

/* Without a word: within an answer there is no place for one. */
static void break_off(struct imap_session *s)
{
	session_turn_close(&s->turn);
	conn_abort(s->conn, HEARTH_EDENIED);
}

bool imap_back(struct imap_session *s)
{
	hearth_release(s->m->h);
	if (!session_turn_back(&s->turn))
		return false;
	if (s->revoked)
		break_off(s); /* that it is gone frees it, later */
	return !s->revoked;
}

void imap_turn_end(struct imap_session *s)
{
	session_turn_end(&s->turn);
}

static void on_job(void *arg, int status)
{
	struct imap_session *s = arg;
	imap_done_fn *done = s->done;

	if (!imap_back(s))
		return;
	s->done = NULL;
	done(s, status);
	imap_turn_end(s);
}

/* A job that could not be queued: its done comes later all the same. */
static void refused(void *arg)
{
	on_job(arg, HEARTH_EBUSY);
}

static void begin_job(struct imap_session *s, db_fn *transaction, imap_done_fn *done)
{
	INVARIANT(s->command || s->state == IMAP_NOT_AUTHENTICATED);
	s->transaction = transaction;
	s->done = done;
	imap_busy(s);
}

static int run_transaction(struct db_tx *tx, void *arg)
{
	struct imap_session *s = arg;

	strbuf_reset(&s->out);
	return s->transaction(tx, s);
}

void imap_run_read(struct imap_session *s, db_fn *fn, imap_done_fn *done)
{
	begin_job(s, fn, done);
	if (db_read(s->m->db, run_transaction, on_job, s) < 0)
		exec_post(exec_loop(), refused, s);
}

void imap_run_write(struct imap_session *s, db_fn *fn, imap_done_fn *done)
{
	begin_job(s, fn, done);
	if (db_write(s->m->db, run_transaction, on_job, s) < 0)
		exec_post(exec_loop(), refused, s);
}

void imap_run_work(struct imap_session *s, job_fn *fn, imap_done_fn *done)
{
	begin_job(s, NULL, done);
	if (job_run(s->m->io, fn, on_job, s) < 0)
		exec_post(exec_loop(), refused, s);
}

/* ---- the end of a command ---- */

static void end_command(struct imap_session *s)
{
	INVARIANT(!s->append && !s->done); /* its message was taken, no job is in flight */
	drop_job(s);
	s->command = NULL;
	s->line_due = false;
	if (s->arena)
		arena_reset(s->arena);
	if (s->goodbye)
		imap_bye(s, "UNAVAILABLE", s->goodbye);
}

static void write_reply(struct imap_session *s)
{
	INVARIANT(s->command && s->reply.status && s->reply.text);
	if (s->view && imap_may_tell_expunge(s->command))
		imap_view_tell_gone(s->view, &s->out);
	imap_write_status(&s->out, s->command->tag, s->reply.status, s->reply.code, s->reply.text);
	if (s->reply.status[0] == 'O')
		s->errors = 0;
	end_command(s);
}

void imap_reply(struct imap_session *s, const char *status, const char *code, const char *text)
{
	INVARIANT(s->command);
	s->reply.status = status;
	s->reply.code = code;
	s->reply.text = text;
	imap_sync(s, write_reply);
}

void imap_ok(struct imap_session *s, const char *text)
{
	imap_reply(s, "OK", NULL, text);
}

void imap_bad(struct imap_session *s, const char *text)
{
	s->errors++;
	imap_reply(s, "BAD", NULL, text);
}

void imap_reply_error(struct imap_session *s, int error)
{
	switch (error) {
	case HEARTH_ENOTFOUND:
		imap_reply(s, "NO", "NONEXISTENT", "There is no such mailbox");
		break;
	case HEARTH_EEXIST:
		imap_reply(s, "NO", "ALREADYEXISTS", "There is such a mailbox already");
		break;
	case HEARTH_EINVAL:
	case HEARTH_EDENIED: imap_reply(s, "NO", "CANNOT", "That cannot be done"); break;
	case HEARTH_ETOOBIG: imap_reply(s, "NO", "LIMIT", "That is more than is kept"); break;
	case HEARTH_ECORRUPT:
		imap_reply(s, "NO", "CORRUPTION", "A stored message is damaged");
		break;
	default:
		imap_reply(s, "NO", "UNAVAILABLE", "That cannot be done now; try again later");
		break;
	}
}

/* ---- input ---- */

static void on_refused(struct imap_session *s, const struct imap_event *ev)
{
	struct slice tag = ev->tag;

	/* A line that was none ends the command that waited for it. */
	if (s->command && !ev->command)
		tag = s->command->tag;
	mail_delivery_abort(&s->append);
	imap_write_refusal(&s->out, tag, &ev->refusal);
	s->errors++;
	end_command(s);
}

static void on_command(struct imap_session *s, struct imap_command *c)
{
	/* Only APPEND is begun before it is complete. */
	INVARIANT(s->command ? s->command == c && c->verb == IMAP_APPEND : c->verb != IMAP_APPEND);
	s->command = c;
	if (imap_handler_of(c)->end) {
		imap_handler_of(c)->end(s);
		return;
	}
	if (s->goodbye)
		imap_bye(s, "UNAVAILABLE", s->goodbye);
	else if (s->state == IMAP_NOT_AUTHENTICATED && ++s->commands > COMMANDS_MAX)
		imap_bye(s, NULL, "Too many commands before log-in");
	else
		imap_run_command(s);
}

static void on_line(struct imap_session *s, struct slice line)
{
	INVARIANT(s->command && imap_handler_of(s->command)->line);
	s->line_due = false;
	imap_handler_of(s->command)->line(s, line);
}

/* One event of the parser. False when it needs more input. */
static bool step(void *session, struct slice *in)
{
	struct imap_session *s = session;
	struct imap_event ev;

	if (!s->arena)
		s->arena = arena_new();
	switch (imap_parser_next(&s->parser, s->arena, in, &ev)) {
	case IMAP_EVENT_MORE: return false;
	case IMAP_EVENT_CONTINUE: imap_write_continuation(&s->out, "go on"); break;
	case IMAP_EVENT_COMMAND: on_command(s, ev.command); break;
	case IMAP_EVENT_REFUSED: on_refused(s, &ev); break;
	case IMAP_EVENT_APPEND:
		INVARIANT(!s->command && ev.command->verb == IMAP_APPEND);
		s->command = ev.command;
		imap_handler_of(ev.command)->run(s);
		break;
	case IMAP_EVENT_MESSAGE: imap_handler_of(s->command)->data(s, ev.data); break;
	case IMAP_EVENT_LINE: on_line(s, ev.data); break;
	case IMAP_EVENT_CLOSE: imap_bye(s, NULL, ev.refusal.text); break;
	}
	if (s->errors > ERRORS_MAX && !session_turn_is_waiting(&s->turn))
		imap_bye(s, NULL, "Too many errors");
	return true;
}

static void on_timeout(void *session)
{
	imap_bye(session, NULL, "Nothing came for too long");
}

static void on_gone(void *session)
{
	struct imap_session *s = session;

	s->conn = NULL;
	mail_unwatch(s->m->notifier, &s->watch);
}

/* Between two commands there is no arena. */
static void on_rest(void *session)
{
	struct imap_session *s = session;

	if (!s->command)
		arena_free(&s->arena);
}

static const struct session_turn_ops ops = {
	.step = step, .timeout = on_timeout, .gone = on_gone, .free = session_free, .rest = on_rest
};

/* ---- what the module calls ---- */

void imap_session_new(struct mail *m, struct conn *conn)
{
	struct imap_session *s = mem_zalloc(sizeof(*s));
	struct strbuf code = { 0 };

	s->m = m;
	s->conn = conn;
	s->state = IMAP_NOT_AUTHENTICATED;
	imap_parser_init(&s->parser, &imap_limits_before_auth);
	list_push(&m->imap_sessions, &s->node);
	session_turn_begin(&s->turn, conn, &ops, s, &s->out);
	conn_set_pace(conn, m->patience_ms, 0); /* in which to log in */
	conn_set_take_pace(conn, m->patience_ms, m->least_rate);
	strbuf_adds(&code, "CAPABILITY ");
	imap_write_capabilities(s, &code);
	imap_write_status(&s->out, (struct slice){ 0 }, "OK", code.p, "Hearth is ready");
	strbuf_free(&code);
	session_turn_flush(&s->turn);
}

/* Ends a session politely: now, or behind the command in hand. */
static void send_away(struct imap_session *s, const char *why)
{
	/* IDLE, and AUTHENTICATE between two lines, have nothing to finish. */
	bool in_hand = session_turn_is_waiting(&s->turn) || session_turn_is_stalled(&s->turn) ||
		       (s->command && !s->line_due);

	s->goodbye = why;
	if (!s->conn || in_hand)
		return;
	imap_bye(s, "UNAVAILABLE", why);
	imap_turn_end(s);
}

void imap_sessions_drain(struct mail *m)
{
	LIST_FOREACH (&m->imap_sessions, it)
		send_away(LIST_ENTRY(it, struct imap_session, node), "The server is stopping");
}

/*
 * Ends a session whose log-in was ended: with a word where one can be said, and without one within
 * what is on its way to a client. What the client is sending is not taken.
 */
static void cut_off(struct imap_session *s)
{
	s->revoked = true;
	if (!s->conn || session_turn_is_waiting(&s->turn) || session_turn_is_closing(&s->turn))
		return;
	if (session_turn_is_stalled(&s->turn)) {
		break_off(s);
		return;
	}
	imap_bye(s, "UNAVAILABLE", "Log in again");
	imap_turn_end(s);
}

void imap_sessions_revoke(struct mail *m, const struct json *event)
{
	LIST_FOREACH (&m->imap_sessions, it) {
		struct imap_session *s = LIST_ENTRY(it, struct imap_session, node);

		if (s->account.id && accounts_revoked(event, &s->account))
			cut_off(s);
	}
}
