/*
 * smtp_bdat.c: BDAT (RFC 3030): a message in chunks. Each is answered when it has come; the last one as
 * the dot of DATA is.
 *
 *   RCPT ──BDAT n──▶ reading n octets ──▶ 250, waiting for the next ──BDAT n LAST──▶ as DATA's end
 *                          └─ refused: its octets are read over all the same, then the refusal; the
 *                             transaction is gone, and what was pipelined behind it is read over too
 *
 * On the loop. What a refused chunk may still send is bounded (SWALLOW_TIMES message_max), and how long a
 * message may take in all, however many chunks it comes in.
 */
#include "hearth/clock.h"
#include "hearth/error.h"
#include "hearth/log.h"
#include "smtp/smtp_session.h"

#define SWALLOW_TIMES 4  /* message_max: more is read over for nobody */
#define PAUSES        12 /* the patience between chunks, in all */

static const struct smtp_reply out_of_place = { 503, "5.5.1", "MAIL and RCPT come first", false };
static const struct smtp_reply behind_refused = { 503, "5.5.1",
	"this message was refused; RSET, or MAIL, begins anew", false };
static const struct smtp_reply no_recipient = { 554, "5.5.1", "no recipient was accepted", false };
static const struct smtp_reply malformed = { 501, "5.5.4", "Syntax: BDAT size [LAST]", false };
static const struct smtp_reply too_slow = { 421, "4.4.2", "the message took too long", true };

/* Longer than its octets and the pauses between chunks may take together. */
static bool is_late(const struct smtp_session *s)
{
	int64_t may = PAUSES * s->m->patience_ms, rate = s->m->least_rate;

	if (!s->chunking || rate == 0)
		return false;
	may += (int64_t)(s->chunk.size / (uint64_t)rate) * 1000;
	return clock_mono_ms() - s->chunk_since_ms > may;
}

/* Why this chunk is not taken, or NULL. */
static const struct smtp_reply *refusal(
	const struct smtp_session *s, const struct smtp_command *command)
{
	if (is_late(s))
		return &too_slow;
	if (command->bdat.malformed)
		return &malformed;
	if (s->chunk_refused)
		return &behind_refused;
	if (!s->has_mail)
		return &out_of_place;
	return s->addresses > 0 ? NULL : &no_recipient;
}

static void begin_message(struct smtp_session *s)
{
	smtp_message_begin(s);
	smtp_chunk_init(&s->chunk, s->m->message_max, s->m->bare_newlines, s->binary);
	s->chunking = true;
	s->chunk_since_ms = clock_mono_ms();
}

/* The transaction ends with the first chunk that is refused. */
static void refuse(struct smtp_session *s, const struct smtp_reply *why)
{
	bool again = s->chunk_refused, more = !s->chunk.last;

	INVARIANT(s->chunk.left == 0);
	s->reading = SMTP_READING_COMMAND;
	smtp_say(s, why->code, why->enhanced, "%s", why->text);
	if (again)
		s->errors--; /* it was sent before the first refusal was heard */
	smtp_reset(s);
	s->chunk_refused = more;
	if (why->close)
		session_turn_close(&s->turn);
}

/* No size that is announced makes us listen for ever. */
static bool is_endless(struct smtp_session *s)
{
	uint64_t max = SWALLOW_TIMES * s->m->message_max;

	s->swallowed = s->chunk.left > max - s->swallowed ? max : s->swallowed + s->chunk.left;
	return s->swallowed == max;
}

void smtp_do_bdat(struct smtp_session *s, const struct smtp_command *command)
{
	const struct smtp_reply *why = refusal(s, command);
	struct slice nothing = { NULL, 0 };

	if (!why && !s->chunking)
		begin_message(s);
	if (why)
		smtp_chunk_init(&s->chunk, 0, SMTP_BARE_KEEP, false);
	smtp_chunk_begin(&s->chunk, command->bdat.size, command->bdat.last);
	if (!why && smtp_chunk_result(&s->chunk) < 0)
		why = smtp_error_reply(smtp_chunk_result(&s->chunk));
	s->chunk_why = why;
	s->reading = SMTP_READING_CHUNK;
	if (why && is_endless(s)) {
		s->chunk.left = 0;
		refuse(s, why);
		session_turn_close(&s->turn);
		return;
	}
	smtp_take_chunk(s, &nothing);
}

static void on_drained(void *arg)
{
	struct smtp_session *s = arg;

	if (smtp_back(s))
		smtp_go_on(s);
}

static void end_chunk(struct smtp_session *s)
{
	int error = smtp_chunk_result(&s->chunk);

	if (error < 0 || s->chunk_why) {
		refuse(s, s->chunk_why ? s->chunk_why : smtp_error_reply(error));
	} else if (s->chunk.last) {
		s->chunking = false;
		if (s->binary)
			smtp_binary_end(s);
		else
			smtp_message_end(s, 0, s->chunk.size);
	} else {
		s->reading = SMTP_READING_COMMAND;
		smtp_say(s, 250, "2.0.0", "%llu octets so far", (unsigned long long)s->chunk.size);
	}
}

void smtp_take_chunk(struct smtp_session *s, struct slice *in)
{
	enum smtp_data_event what;
	struct slice body;
	size_t backlog = 0;

	INVARIANT(s->reading == SMTP_READING_CHUNK && (s->chunk_why || s->delivery));
	while ((what = smtp_chunk_next(&s->chunk, in, &body)) == SMTP_DATA_BODY) {
		INVARIANT(!s->chunk_why); /* of what is refused nothing is handed out */
		if (s->binary)
			s->chunk_why = smtp_binary_add(s, body);
		else
			backlog = smtp_write_body(s, body);
		if (s->chunk_why) /* what is left of it is read over */
			smtp_chunk_refuse(&s->chunk);
		if (backlog > blob_writer_high())
			break;
	}
	if (what == SMTP_DATA_END) {
		end_chunk(s);
	} else if (backlog > blob_writer_high()) {
		smtp_wait(s);
		mail_delivery_on_drained(s->delivery, on_drained, s);
	}
}
