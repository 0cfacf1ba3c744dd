/*
 * search/document.h: the text of a message that search looks into. It is kept nowhere: whoever needs
 * it, to put a content into the index, to take it out again, or to look at a candidate, takes it out
 * of the message. What keys ask for is here as well.
 *
 * On workers and inside db_fns; a text has at most MAIL_TEXT_MAX bytes.
 */
#ifndef MAIL_SEARCH_DOCUMENT_H
#define MAIL_SEARCH_DOCUMENT_H

#include "search/search.h"

/* Head and body (mail_message_text) in one run, folded. */
struct mail_document {
	struct slice text;
	size_t head_size;
};

/*
 * Reads a content's message and extracts its text into `a`. Of a message whose bytes cannot be had
 * (damaged, lost, too large) that is what its row knows, the header: it is counted, and not tried
 * again for ever. HEARTH_ENOTFOUND: there is no such content any more. Blocks: on a worker.
 */
int mail_document_read(struct mail *m, int64_t content, struct arena *a, struct mail_document *out);
/* The same of a content that was loaded (mail_store_content), as `id`. */
int mail_document_of(struct mail *m, int64_t id, const struct mail_content *content,
	struct arena *a, struct mail_document *out);

/* A key with its parts folded, and whether a document has what it asks for. Pure. */
struct mail_folded_key {
	enum mail_search_where where;
	struct slice field; /* the mark, its name and ": " */
	struct slice needle;
};
struct mail_folded_key mail_key_fold(struct arena *a, const struct mail_search_for *key);
bool mail_document_contains(const struct mail_document *d, const struct mail_folded_key *key);

#endif
