/*
 * imap_append.c: APPEND (RFC 3501 section 6.3.11, APPENDUID RFC 4315).
 *
 *   announced ──the mailbox is there──▶ coming ──message and CRLF──▶ storing ──▶ OK
 *       └─ NO [TRYCREATE]: the message is not sent, or read over
 *
 * The message goes into a delivery as it comes; while the disk is behind, the client waits.
 *
 * On the loop, the look-up on a reader. One message at a time, of message_max bytes at most; in
 * memory it is what delivery/deliver.c keeps.
 */
#include "hearth/log.h"
#include "hearth/room.h"
#include "imap/session/imap_internal.h"

/* ---- announced ---- */

static int find_mailbox(struct db_tx *tx, void *arg)
{
	const struct imap_session *s = arg;
	struct mailbox box;

	return mail_store_mailbox(tx, s->account.id, s->command->append.mailbox, &box);
}

static void accept_message(struct imap_session *s)
{
	const struct imap_append *append = &s->command->append;
	const unsigned all = MAIL_SEEN | MAIL_ANSWERED | MAIL_FLAGGED | MAIL_DELETED | MAIL_DRAFT;

	INVARIANT(!s->append && s->account.id > 0);
	s->append = mail_delivery_new(s->m);
	mail_delivery_add(s->append,
		&(struct mail_recipient){ .account = s->account.id,
			.ask_quota = true,
			.mailbox = append->mailbox,
			.flags = append->flags.system & all,
			.keywords = imap_join_words(s->arena, &append->flags.keywords) });
	mail_delivery_set_source(s->append, slice_str(s->account.address));
	conn_set_pace(s->conn, s->m->patience_ms, s->m->least_rate);
	if (append->has_date)
		mail_delivery_set_date(s->append, append->date.time_s);
	imap_parser_accept(&s->parser);
	if (append->sync)
		imap_write_continuation(&s->out, "send the message");
}

/* A message that is coming anyway is read over. */
static void refuse(struct imap_session *s, const char *status, const char *code, const char *text)
{
	imap_parser_refuse(&s->parser);
	imap_reply(s, status, code, text);
}

static void on_found(struct imap_session *s, int status)
{
	if (status == 0) {
		accept_message(s);
		return;
	}
	if (status == HEARTH_ENOTFOUND)
		refuse(s, "NO", "TRYCREATE", "There is no such mailbox");
	else
		refuse(s, "NO", "UNAVAILABLE", "That cannot be done now; try again later");
}

void imap_append_start(struct imap_session *s)
{
	const struct imap_append *append = &s->command->append;

	if (s->state == IMAP_NOT_AUTHENTICATED)
		refuse(s, "BAD", NULL, "Log in first");
	else if (!room_left())
		refuse(s, "NO", "UNAVAILABLE", "The server's disk is full; delete something");
	else if (append->size == 0)
		refuse(s, "NO", "CANNOT", "An empty message is none");
	else if (imap_join_words(s->arena, &append->flags.keywords).n > MAIL_KEYWORDS_MAX)
		refuse(s, "NO", "LIMIT", "There are too many keywords");
	else
		imap_run_read(s, find_mailbox, on_found);
}

/* ---- coming ---- */

static void on_drained(void *arg)
{
	struct imap_session *s = arg;

	if (imap_back(s))
		imap_turn_end(s);
}

void imap_append_data(struct imap_session *s, struct slice bytes)
{
	size_t backlog;

	INVARIANT(s->append && s->command->verb == IMAP_APPEND);
	backlog = mail_delivery_write(s->append, bytes);
	if (backlog > blob_writer_high()) {
		imap_busy(s);
		mail_delivery_on_drained(s->append, on_drained, s);
	}
}

/* ---- storing ---- */

static void on_stored(void *arg, int status, const struct mail_recipient *recipients, size_t n)
{
	struct imap_session *s = arg;

	INVARIANT(n == 1 && !s->append);
	if (!imap_back(s))
		return;
	if (status == 0) {
		/* It may be the selected one: look before the reply. */
		s->dirty |= s->view != NULL;
		imap_reply(s, "OK",
			arena_printf(s->arena, "APPENDUID %u %u", recipients->uidvalidity,
				recipients->uid),
			"APPEND done");
	} else if (status == HEARTH_ENOTFOUND) {
		imap_reply(s, "NO", "TRYCREATE", "There is no such mailbox");
	} else if (status == HEARTH_EINVAL) {
		imap_reply(s, "NO", "CANNOT", "A message cannot contain NUL; encode it (RFC 2045)");
	} else if (status == HEARTH_ETOOBIG) {
		imap_reply(s, "NO", "OVERQUOTA", "There is no room for this message");
	} else if (!room_left()) {
		imap_reply(s, "NO", "UNAVAILABLE", "The server's disk is full; delete something");
	} else {
		imap_reply_error(s, status);
	}
	imap_turn_end(s);
}

void imap_append_end(struct imap_session *s)
{
	INVARIANT(s->append && mail_delivery_count(s->append) == 1);
	conn_set_pace(s->conn, 0, 0);
	imap_busy(s);
	mail_delivery_finish(&s->append, on_stored, s);
}
