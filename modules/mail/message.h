/*
 * message.h: from the bytes of a message to what is stored of it, and back to bytes. On workers.
 */
#ifndef MAIL_MESSAGE_H
#define MAIL_MESSAGE_H

#include "mail.h"
#include "mime/structure.h"
#include "store/store.h"

/*
 * Parses the bytes that were sent into what the store keeps. All in `a`, or points into `blob`;
 * blob_key and trace are left to the caller. It knows nothing of the trace that each recipient
 * gets in front, so that it is done once for all of them.
 */
void mail_message_parse(struct arena *a, struct slice blob, struct mail_content *out);

/*
 * A message of up to so many bytes lies in the rows of what was parsed of it, a larger one is a
 * blob. Either is known by the hash of its bytes.
 */
#define MAIL_ROW_MAX (64u << 10)
void mail_message_key(struct slice message, char key[BLOB_KEY_MAX + 1]);

/*
 * Whether a header field is one of those that clients list mailboxes by: they are kept for
 * themselves (`fields`), so that listing reads no message.
 */
bool mail_field_is_listed(struct slice name);

/*
 * The tree of a message, trace and blob, from what is stored of it (MAIL_WANT_STRUCTURE), in `a`.
 * HEARTH_ECORRUPT.
 */
int mail_content_structure(
	struct arena *a, const struct mail_content *content, struct mime_part **root);

/* The envelope's sender, empty for "<>" and without an envelope (MAIL_WANT_META). */
struct slice mail_content_sender(const struct mail_content *content);

/*
 * The bytes of a message (MAIL_WANT_MESSAGE): trace and blob together, in a buffer the caller owns.
 * HEARTH_ENOTFOUND, HEARTH_ECORRUPT, HEARTH_EIO. Blocks: workers only.
 */
int mail_message_bytes(struct mail *m, const struct mail_content *content, struct buf **out);

/*
 * Reads parts of a message. Zeroed but for the first two it is ready; clear releases what is held.
 * A small message is read once and kept. Its content
 * was loaded with MAIL_WANT_MESSAGE. Blocks: workers only.
 */
struct mail_reader {
	struct mail *m;
	const struct mail_content *content;
	struct buf *blob; /* all of it, when it is small and was needed */
};
/* Appends n octets from `offset`; HEARTH_ECORRUPT when they are not all there. */
int mail_reader_add(struct mail_reader *r, uint64_t offset, size_t n, struct strbuf *out);
void mail_reader_clear(struct mail_reader *r);

/*
 * What search finds in a message, folded (text_fold). The head: all header fields with their
 * encoded words decoded, each as MAIL_FIELD_MARK "name: value"; behind them what ENVELOPE says of
 * From, To, Cc and Bcc, as MAIL_ENVELOPE_MARK "name: Real Name <user@host>, …", without comments
 * and quotes. The body: its text. Each at most MAIL_TEXT_MAX bytes, and the envelope's part
 * MAIL_ENVELOPE_MAX.
 */
#define MAIL_TEXT_MAX      (4u << 20)
#define MAIL_ENVELOPE_MAX  (256u << 10)
#define MAIL_FIELD_MARK    '\x01'
#define MAIL_ENVELOPE_MARK '\x02'
void mail_message_text(struct slice message, struct strbuf *head, struct strbuf *body);

#endif
