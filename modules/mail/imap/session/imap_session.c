/*
 * imap_session.c: an IMAP connection: input, output, the turn, jobs. See imap_internal.h for the
 * states.
 *
 *   reading ──a command──▶ in hand ──imap_run_…──▶ busy ──done──▶ in hand ──imap_reply──▶ reading
 *                             └──output full──▶ stalled ──drained──┘
 *
 * The parser keeps what came of a command; so all input is consumed as it comes, but while a
 * command is in hand: then the connection is paused and keeps it.
 */
#include <stdlib.h>

#include "hearth/log.h"
#include "imap/session/imap_internal.h"

#define ERRORS_MAX        20          /* in a row; then it is no mail program that talks here */
#define COMMANDS_MAX      100         /* before log-in */
#define SHARED_OUTPUT_MIN (16u << 10) /* larger output is handed over instead of copied */

/* ---- output ---- */

/* Writes what was said. False when the client should first take some of it. */
static bool flush(struct imap_session *s)
{
	bool room = true;

	if (s->out.n >= SHARED_OUTPUT_MIN) {
		struct buf *b = buf_from_strbuf(&s->out);

		room = conn_write_buf(s->conn, b);
		buf_unref(&b);
	} else if (s->out.n) {
		room = conn_write(s->conn, strbuf_slice(&s->out));
	}
	strbuf_free(&s->out);
	if (!room && !s->closing)
		s->stalled = true;
	return room;
}

void imap_flush_then(struct imap_session *s, imap_fn *next)
{
	if (flush(s))
		next(s);
	else
		s->next = next;
}

void imap_bye(struct imap_session *s, const char *code, const char *text)
{
	if (s->closing)
		return;
	imap_write_status(&s->out, (struct slice){ 0 }, "BYE", code, text);
	s->closing = true;
}

/* ---- jobs ---- */

void imap_busy(struct imap_session *s)
{
	s->busy = true;
	hearth_hold(s->m->h);
}

/* Frees what the command in hand has beyond the arena. */
static void drop_job(struct imap_session *s)
{
	if (s->drop)
		s->drop(s);
	s->drop = NULL;
	s->job = NULL;
}

static void session_free(struct imap_session *s)
{
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
	s->closing = true;
	conn_abort(s->conn, HEARTH_EDENIED);
}

bool imap_back(struct imap_session *s)
{
	s->busy = false;
	hearth_release(s->m->h);
	if (s->conn && s->revoked)
		break_off(s); /* on_closed frees it */
	else if (s->conn)
		return true;
	else
		session_free(s);
	return false;
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
	/* `out` is the job's from here on. */
	flush(s);
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
	drop_job(s);
	s->command = NULL;
	s->line = IMAP_LINE_NONE;
	if (s->arena)
		arena_reset(s->arena);
	if (s->goodbye)
		imap_bye(s, "UNAVAILABLE", s->goodbye);
}

static void write_reply(struct imap_session *s)
{
	if (s->view && imap_may_tell_expunge(s->command))
		imap_view_tell_gone(s->view, &s->out);
	imap_write_status(&s->out, s->command->tag, s->reply.status, s->reply.code, s->reply.text);
	if (s->reply.status[0] == 'O')
		s->errors = 0;
	end_command(s);
}

void imap_reply(struct imap_session *s, const char *status, const char *code, const char *text)
{
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
	s->command = c;
	if (c->verb == IMAP_APPEND) {
		imap_append_end(s);
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
	if (s->line == IMAP_LINE_AUTH)
		imap_auth_line(s, line);
	else if (s->line == IMAP_LINE_IDLE)
		imap_idle_line(s, line);
}

/* One event of the parser. False when it needs more input. */
static bool step(struct imap_session *s, struct slice *in)
{
	struct imap_event ev;

	if (!s->arena)
		s->arena = arena_new();
	switch (imap_parser_next(&s->parser, s->arena, in, &ev)) {
	case IMAP_EVENT_MORE: return false;
	case IMAP_EVENT_CONTINUE: imap_write_continuation(&s->out, "go on"); break;
	case IMAP_EVENT_COMMAND: on_command(s, ev.command); break;
	case IMAP_EVENT_REFUSED: on_refused(s, &ev); break;
	case IMAP_EVENT_APPEND:
		s->command = ev.command;
		imap_append_start(s);
		break;
	case IMAP_EVENT_MESSAGE: imap_append_data(s, ev.data); break;
	case IMAP_EVENT_LINE: on_line(s, ev.data); break;
	case IMAP_EVENT_CLOSE: imap_bye(s, NULL, ev.refusal.text); break;
	}
	if (s->errors > ERRORS_MAX && !s->busy)
		imap_bye(s, NULL, "Too many errors");
	return true;
}

static bool may_read(const struct imap_session *s)
{
	return !s->busy && !s->stalled && !s->closing && !s->starting_tls;
}

void imap_turn_end(struct imap_session *s)
{
	if (!s->busy) {
		flush(s);
		if (s->closing)
			conn_close(s->conn);
		if (!s->command)
			arena_free(&s->arena);
	}
	if (may_read(s) == !s->paused)
		return;
	s->paused = !s->paused;
	if (s->paused)
		conn_pause(s->conn);
	else
		conn_resume(s->conn);
}

static size_t on_data(void *ctx, struct slice in)
{
	struct imap_session *s = ctx;
	size_t before = in.n;

	while (may_read(s) && (in.n == 0 || !conn_turn_over(s->conn)) && step(s, &in)) {
		/* A client that sends without reading is not worked for. */
		if (!s->busy && s->out.n >= SHARED_OUTPUT_MIN)
			flush(s);
	}
	if (s->closing || s->starting_tls)
		in.n = 0;
	s->starting_tls = false;
	imap_turn_end(s);
	return before - in.n;
}

static void on_drained(void *ctx)
{
	struct imap_session *s = ctx;
	imap_fn *next = s->next;

	s->stalled = false;
	s->next = NULL;
	if (s->busy)
		return;
	if (next)
		next(s);
	imap_turn_end(s);
}

static void on_timeout(void *ctx)
{
	struct imap_session *s = ctx;

	/* The client waits for us, not we for it. */
	if (s->busy)
		return;
	imap_bye(s, NULL, "Nothing came for too long");
	imap_turn_end(s);
}

static void on_closed(void *ctx, int reason)
{
	struct imap_session *s = ctx;

	(void)reason;
	s->conn = NULL;
	mail_unwatch(s->m->notifier, &s->watch);
	if (!s->busy)
		session_free(s);
}

static const struct conn_events events = {
	.data = on_data, .drained = on_drained, .timeout = on_timeout, .closed = on_closed
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
	conn_attach(conn, &events, s);
	conn_set_pace(conn, m->patience_ms, 0); /* in which to log in */
	conn_set_take_pace(conn, m->patience_ms, m->least_rate);
	strbuf_adds(&code, "CAPABILITY ");
	imap_write_capabilities(s, &code);
	imap_write_status(&s->out, (struct slice){ 0 }, "OK", code.p, "Hearth is ready");
	strbuf_free(&code);
	flush(s);
}

/* Ends a session politely: now, or behind the command in hand. */
static void send_away(struct imap_session *s, const char *why)
{
	/* IDLE, and AUTHENTICATE between two lines, have nothing to finish. */
	bool in_hand = s->busy || s->stalled || (s->command && s->line == IMAP_LINE_NONE);

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
	if (!s->conn || s->busy || s->closing)
		return;
	if (s->stalled) {
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
