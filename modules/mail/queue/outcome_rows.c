/*
 * outcome_rows.c: the transaction behind an outcome (outcome.c): the recipients' rows, the events that others
 * follow, and the addresses nobody is at (store/suppressed.h). On a database thread, bounded by the batch.
 *
 * Durable events, in the transaction, keyed by the account whose mail it is (0: the server's own):
 *	mail.sent     {"account", "outgoing", "from", "to", "host"}
 *	mail.bounced  the same, and {"code", "enhanced", "answer"}
 * and of a group's member elsewhere mail.list.bounced (list/bounce.h).
 */
#include "hearth/clock.h"
#include "hearth/error.h"
#include "hearth/json.h"
#include "hearth/log.h"
#include "list/bounce.h"
#include "queue/history.h"
#include "queue/internal.h"
#include "store/internal.h"
#include "store/suppressed.h"

#define ANSWER_MAX 400

static int publish(
	struct db_tx *tx, const struct mail_batch *b, const struct mail_batch_recipient *r)
{
	bool sent = r->outcome == OUTCOME_SENT;
	struct strbuf out = { 0 };
	struct json_writer w;
	char key[24];
	int rc;

	json_writer_init(&w, &out);
	json_open_object(&w);
	json_put_i64(&w, "account", r->row.account);
	json_put_i64(&w, "outgoing", r->row.outgoing);
	json_put_text(&w, "from", b->outgoing.mail_from);
	json_put_text(&w, "to", r->row.recipient);
	json_put_str(&w, "host", b->host);
	if (!sent) {
		json_put_i64(&w, "code", r->code);
		json_put_str(&w, "enhanced", r->enhanced);
		json_put_text(&w, "answer", slice_head(r->answer, ANSWER_MAX));
	}
	json_close_object(&w);
	mail_store_event_key(key, r->row.account);
	rc = bus_publish(
		tx, sent ? "mail.sent" : "mail.bounced", slice_str(key), strbuf_slice(&out));
	strbuf_free(&out);
	return rc;
}

/*
 * RFC 3463 section 3.2: X.1.1 no such mailbox, X.1.6 it has moved; 551 as well (RFC 5321 4.2.2). Behind MAIL,
 * DATA and the dot they are said of the sender or of the mail, and for people here of nobody elsewhere.
 */
static bool is_nobody(const struct mail_batch_recipient *r)
{
	return r->refused &&
	       (strcmp(r->enhanced, "5.1.1") == 0 || strcmp(r->enhanced, "5.1.6") == 0 ||
		       (r->code == 551 && !r->enhanced[0]));
}

/* Its server has taken one: somebody is there (again). */
static int found_there(struct db_tx *tx, const struct mail_batch_recipient *r)
{
	int rc = mail_store_unsuppress(tx, r->row.recipient);

	return rc == HEARTH_ENOTFOUND ? 0 : rc;
}

/* It waits on: why, and how the attempts at it went. */
static int defer(struct db_tx *tx, const struct mail_batch *b, const struct mail_batch_recipient *r)
{
	struct arena *a = arena_new();
	struct strbuf history = { 0 };
	const char *said = r->code && r->enhanced[0]
				   ? arena_printf(a, "%s %.*s", r->enhanced, SLICE_ARG(r->answer))
				   : NULL;
	struct slice before;
	int rc = mail_store_queue_history(tx, r->row.id, a, &before);

	if (rc == 0) {
		mail_history_add(&history, before,
			&(struct mail_history_attempt){ .at_ms = clock_wall_ms(),
				.code = r->code,
				.host = slice_str(b->host),
				.tls = slice_str(b->tls),
				.answer = said ? slice_str(said) : r->answer });
		rc = mail_store_queue_defer(
			tx, r->row.id, r->row.due_ms, r->due_ms, r->answer, strbuf_slice(&history));
	}
	if (rc == 0 && r->warn)
		rc = mail_store_queue_warned(tx, r->row.id);
	strbuf_free(&history);
	arena_free(&a);
	return rc == HEARTH_ENOTFOUND ? 0 : rc; /* removed by hand */
}

static int write_one(
	struct db_tx *tx, const struct mail_batch *b, const struct mail_batch_recipient *r)
{
	int rc;

	if (r->outcome == OUTCOME_SENT || r->outcome == OUTCOME_FAILED) {
		rc = b->expired ? mail_store_queue_take(tx, r->row.id)
				: mail_store_queue_remove(tx, r->row.id);
		/* The look was overtaken by an attempt: it has failed for nobody who has it. */
		if (rc == HEARTH_ENOTFOUND)
			return HEARTH_ECONFLICT;
		if (rc == 0)
			rc = publish(tx, b, r);
		if (rc == 0 && r->outcome == OUTCOME_FAILED && r->row.member)
			rc = list_bounce_publish(tx, r->row.list, r->row.member,
				list_bounce_of(slice_str(r->enhanced), r->refused),
				slice_str(r->enhanced));
		if (rc == 0 && r->outcome == OUTCOME_SENT)
			rc = found_there(tx, r);
		if (rc == 0 && is_nobody(r))
			rc = mail_store_suppress(tx, r->row.recipient,
				slice_head(r->answer, ANSWER_MAX), clock_wall_ms());
		return rc;
	}
	return defer(tx, b, r);
}

int mail_batch_write(struct db_tx *tx, void *batch)
{
	const struct mail_batch *b = batch;
	bool sent = false;
	int rc = lease_check(tx, &b->lease);

	INVARIANT(b->count > 0);
	for (size_t i = 0; i < b->count && rc == 0; i++) {
		rc = write_one(tx, b, &b->recipients[i]);
		sent |= b->recipients[i].outcome == OUTCOME_SENT;
	}
	return rc == 0 && sent ? mail_store_outgoing_reached(tx, b->outgoing.id) : rc;
}
