/*
 * attempt_envelope.c: the envelope of a batch as the server at the other end can take it (attempt.h). A domain
 * is ASCII since it was queued (smtp/smtp_idn.h); a local part beyond ASCII, and a header that is, go only
 * where SMTPUTF8 is (RFC 6531): who cannot be written to is settled here, and the others get the mail.
 *
 * On the loop; bounded by the batch.
 */
#include "queue/attempt.h"
#include "smtp/smtp_idn.h"

/* A recipient; false: the server cannot take the address. */
static bool fill_recipient(struct attempt *t, struct mail_batch_recipient *from, bool utf8)
{
	struct mail_batch *b = t->batch;
	bool plain_orcpt = smtp_is_ascii(from->row.orcpt);

	if (!utf8 && !smtp_is_ascii(from->row.recipient)) {
		mail_batch_set(from, b->a, OUTCOME_FAILED, 0, "5.6.7",
			SLICE("the server takes no address beyond ASCII"));
		return false;
	}
	t->recipients[t->envelope.count++] =
		(struct smtp_recipient){ .address = from->row.recipient,
			.orcpt = utf8 || plain_orcpt ? from->row.orcpt : (struct slice){ 0 },
			.notify = mail_notify_words(b->a, from->row.notify) };
	return true;
}

/* What the mail itself needs, whoever gets it. */
static const char *lacks_for_all(const struct mail_batch *b, bool utf8, const char **enhanced)
{
	if (utf8)
		return NULL;
	if (!smtp_is_ascii(b->outgoing.mail_from)) {
		*enhanced = "5.6.7";
		return "the server takes no sender beyond ASCII";
	}
	*enhanced = "5.6.9";
	return b->outgoing.utf8 ? "the server takes no header beyond ASCII" : NULL;
}

size_t attempt_fill_envelope(struct attempt *t)
{
	static const char *const rets[] = { NULL, "FULL", "HDRS" };
	bool utf8 = smtp_client_extensions(t->client)->smtputf8;
	struct mail_batch *b = t->batch;
	const char *enhanced, *lacks = lacks_for_all(b, utf8, &enhanced);

	t->recipients = arena_zalloc(b->a, b->count * sizeof(*t->recipients));
	t->to = arena_zalloc(b->a, b->count * sizeof(*t->to));
	t->envelope = (struct smtp_envelope_out){ .sender = b->outgoing.mail_from,
		.recipients = t->recipients,
		.size = t->size,
		.eightbit = true,
		.smtputf8 = utf8 && (b->outgoing.utf8 || !smtp_is_ascii(b->outgoing.mail_from)),
		.requiretls = b->outgoing.tls == MAIL_TLS_REQUIRED,
		.ret = rets[b->outgoing.ret],
		.envid = b->outgoing.envid };
	for (size_t i = 0; i < b->count; i++) {
		struct mail_batch_recipient *r = &b->recipients[i];
		size_t n = t->envelope.count;

		if (lacks)
			mail_batch_set(r, b->a, OUTCOME_FAILED, 0, enhanced, slice_str(lacks));
		else if (fill_recipient(t, r, utf8))
			t->to[n] = i;
		t->envelope.smtputf8 |= utf8 && !smtp_is_ascii(r->row.recipient);
	}
	return t->envelope.count;
}
