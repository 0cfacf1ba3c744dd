/*
 * smtp_binary.c: a message announced as BINARYMIME (RFC 3030): it is kept until it is whole, made one that
 * can go on everywhere (mime/unbinary.h), and goes on like any other. That it was signed by DKIM is lost.
 *
 *   octets ─▶ kept ─LAST─▶ worker: base64 ─▶ handed on in pieces, as fast as the disk takes them ─▶ the end
 *
 * On the loop, but for the worker's part. Bounds: SMTP_BINARY_MAX of one message, TOTAL_MAX of all that are
 * kept at a time; beyond, 552 and 452.
 */
#include "hearth/error.h"
#include "hearth/log.h"
#include "mime/unbinary.h"
#include "smtp/smtp_session.h"

#define TOTAL_MAX (64u << 20)
#define PIECE     (64u << 10)

static const struct smtp_reply too_large = { 552, "5.3.4",
	"this is more than is taken as BINARYMIME; encode it (RFC 2045)", false };
static const struct smtp_reply busy = { 452, "4.3.1",
	"too much BINARYMIME at a time; try again later", false };

const struct smtp_reply *smtp_binary_add(struct smtp_session *s, struct slice octets)
{
	if (s->binary_body.n + octets.n > SMTP_BINARY_MAX)
		return &too_large;
	if (s->m->binary_kept + octets.n > TOTAL_MAX)
		return &busy;
	strbuf_add(&s->binary_body, octets);
	s->m->binary_kept += octets.n;
	return NULL;
}

void smtp_binary_forget(struct smtp_session *s)
{
	s->m->binary_kept -= s->binary_body.n;
	strbuf_free(&s->binary_body);
	strbuf_free(&s->binary_text);
	s->binary = false;
}

/* On a worker. */
static void convert(void *arg)
{
	struct smtp_session *s = arg;

	s->binary_good = mime_unbinary(&s->binary_text, strbuf_slice(&s->binary_body));
}

static void hand_on(void *arg)
{
	struct smtp_session *s = arg;

	while (s->binary_at < s->binary_text.n) {
		struct slice piece =
			slice_head(slice_skip(strbuf_slice(&s->binary_text), s->binary_at), PIECE);

		s->binary_at += piece.n;
		if (smtp_write_body(s, piece) > blob_writer_high()) {
			mail_delivery_on_drained(s->delivery, hand_on, s);
			return;
		}
	}
	if (!smtp_back(s))
		return;
	smtp_message_end(
		s, s->binary_text.n > s->m->message_max ? SMTP_EDATA_SIZE : 0, s->binary_body.n);
	/* It was refused; else the delivery goes on with it. */
	if (!session_turn_is_waiting(&s->turn))
		smtp_go_on(s);
}

static void on_converted(void *arg, int status)
{
	struct smtp_session *s = arg;

	if (status == 0 && s->binary_good) {
		hand_on(s);
		return;
	}
	if (!smtp_back(s))
		return;
	s->reading = SMTP_READING_COMMAND;
	if (status < 0)
		smtp_say(s, 452, "4.3.1", "the server has too much to do; try again later");
	else
		smtp_say(s, 554, "5.6.1",
			"octets where no other encoding can stand for them; encode them (RFC "
			"2045)");
	smtp_reset(s);
	smtp_go_on(s);
}

void smtp_binary_end(struct smtp_session *s)
{
	s->reading = SMTP_READING_COMMAND;
	s->binary_at = 0;
	smtp_wait(s);
	if (job_run(s->m->io, convert, on_converted, s) < 0)
		on_converted(s, HEARTH_EBUSY);
}
