/*
 * imap_idle.c: IDLE (RFC 2177): the client waits, and is told at once what happens.
 *
 *   IDLE ──▶ "+" ──the mailbox changed──▶ looking ──▶ told ──▶ waiting again ──DONE──▶ OK
 *
 * On the loop; the look on a reader, one at a time. What is told is bounded by imap_sync.c.
 */
#include "imap/session/imap_internal.h"

#include "hearth/log.h"

static void wait_on(struct imap_session *s);

static void tell(struct imap_session *s)
{
	INVARIANT(s->view && s->command->verb == IMAP_IDLE);
	imap_view_tell_gone(s->view, &s->out);
	wait_on(s);
}

/* It may have changed again while we looked. */
static void wait_on(struct imap_session *s)
{
	if (s->view && s->dirty && !s->sync_failed)
		imap_sync(s, tell);
}

void imap_do_idle(struct imap_session *s)
{
	s->line_due = true;
	imap_parser_want_line(&s->parser);
	if (s->view)
		imap_view_tell_gone(s->view, &s->out);
	imap_write_continuation(&s->out, "idling");
	wait_on(s);
}

void imap_idle_changed(struct imap_session *s)
{
	if (!s->conn || !s->line_due || s->command->verb != IMAP_IDLE)
		return;
	if (session_turn_is_waiting(&s->turn) || session_turn_is_stalled(&s->turn) ||
		session_turn_is_closing(&s->turn))
		return;
	wait_on(s);
	imap_turn_end(s);
}

void imap_idle_line(struct imap_session *s, struct slice line)
{
	INVARIANT(s->command->verb == IMAP_IDLE);
	if (slice_ieq(line, SLICE("DONE")))
		imap_ok(s, "IDLE done");
	else
		imap_bad(s, "Expected DONE");
}
