/*
 * search/envelope.h: what SEARCH FROM, TO, CC, BCC and SUBJECT look into: of each content a short
 * row with the addresses and the subject, as the head of its text has them (message.h), and an index
 * of these alone. So such a key costs what it finds, not what the mailbox holds.
 *
 * A content is three documents of the index, one for who sent it, one for whom it is to, one for its
 * subject: MAIL_ENVELOPE_KINDS * content + kind.
 *
 * In the database mail_search, beside `indexed` (search/index.h) and in the same transactions.
 *
 * On database threads; a row has at most MAIL_ENVELOPE_MAX bytes.
 */
#ifndef MAIL_SEARCH_ENVELOPE_H
#define MAIL_SEARCH_ENVELOPE_H

#include "search/document.h"

#define MAIL_ENVELOPE_INDEX "mail_envelope"

enum mail_envelope_kind {
	MAIL_ENVELOPE_SENDER,
	MAIL_ENVELOPE_RECIPIENTS, /* To, Cc and Bcc */
	MAIL_ENVELOPE_SUBJECT,
	MAIL_ENVELOPE_KINDS,
	MAIL_ENVELOPE_NONE = MAIL_ENVELOPE_KINDS,
};

/* Where a key looks, or MAIL_ENVELOPE_NONE when it looks into whole messages. */
enum mail_envelope_kind mail_envelope_kind_of(const struct mail_search_for *key);

/* Keeps the row of a content, of its whole text, and puts it into the index. */
int mail_envelope_put(struct db_tx *tx, int64_t content, const struct mail_document *d);
/* Takes it away, and out of the index. */
int mail_envelope_remove(struct db_tx *tx, int64_t content);
/*
 * A document of which only keys that have a kind can be asked, in `a`; HEARTH_ENOTFOUND when there is
 * no row: the whole text may have one.
 */
int mail_envelope_load(
	struct db_tx *tx, int64_t content, struct arena *a, struct mail_document *out);
/* The part of a row's text that is indexed under a kind. Pure. */
struct slice mail_envelope_part(struct arena *a, struct slice text, enum mail_envelope_kind kind);

/*
 * Contents, ascending, outside of which none has the key, as far as the index goes: at most `max`.
 * HEARTH_EUNSUPPORTED: the index cannot tell, or there are more.
 */
int mail_envelope_candidates(struct db_tx *tx, const struct mail_search_for *key, struct arena *a,
	int64_t **contents, size_t *n, size_t max);

#endif
