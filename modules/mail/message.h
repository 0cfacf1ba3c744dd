/*
 * message.h: from what is stored of a message back to its tree and its bytes. On workers; what is held
 * at a time is one small message, or of a large one the range that was asked for.
 */
#ifndef MAIL_MESSAGE_H
#define MAIL_MESSAGE_H

#include "mail.h"
#include "mime/structure.h"
#include "store/store.h"

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

#endif
