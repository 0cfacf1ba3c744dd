/*
 * message.h: from the bytes of a message to what is stored of it, and back to bytes. On workers.
 */
#ifndef MAIL_MESSAGE_H
#define MAIL_MESSAGE_H

#include "mail.h"
#include "store.h"

/*
 * Parses a message, which is `trace` followed by `blob`, into what the store keeps. All in `a`;
 * blob_key is left to the caller.
 */
void mail_message_parse(struct arena *a, struct slice trace, struct slice blob, struct mail_content *out);

/*
 * The bytes of a message: trace and blob together, in a buffer the caller owns. HEARTH_ENOTFOUND,
 * HEARTH_ECORRUPT, HEARTH_EIO. Blocks: workers only.
 */
int mail_message_bytes(struct mail *m, const struct mail_content *content, struct buf **out);

/*
 * What search finds in a message, folded (text_fold): all header fields with their encoded words
 * decoded, and the text of its body. Each at most MAIL_TEXT_MAX bytes.
 */
#define MAIL_TEXT_MAX (4u << 20)
void mail_message_text(struct slice message, struct strbuf *head, struct strbuf *body);

#endif
