/*
 * text.h: the text of a message that search looks into. Pure, on workers.
 *
 * Bounds: the two below.
 */
#ifndef MAIL_SEARCH_TEXT_H
#define MAIL_SEARCH_TEXT_H

#include "hearth/str.h"

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
/* The fields of a recipient's trace: they stand in front of the head of what was sent. */
void mail_trace_text(struct slice trace, struct strbuf *head);

#endif
