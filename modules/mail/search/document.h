/*
 * search/document.h: the text of a message that search looks into, and the table `document` in the
 * database mail_search that keeps it packed, so that candidates are checked without reading and
 * parsing the message again, and so that a content can be taken out of the index by the very text
 * it was put in with.
 */
#ifndef MAIL_SEARCH_DOCUMENT_H
#define MAIL_SEARCH_DOCUMENT_H

#include "search/search.h"

/* Head and body (mail_message_text) in one run, folded. */
struct mail_document {
	struct slice text;
	size_t head_size;
	struct slice packed; /* of one that is to be stored */
};

/*
 * Reads a content's message and extracts its text into `a`. Of a message whose bytes cannot be had
 * (damaged, lost, too large) that is what its row knows, the header: it is counted, and not tried
 * again for ever. HEARTH_ENOTFOUND: there is no such content any more. Blocks: on a worker.
 */
int mail_document_read(struct mail *m, int64_t content, struct arena *a, struct mail_document *out);
void mail_document_pack(struct arena *a, struct mail_document *d);

/* In mail_search: 1 when it was added, 0 when it was there. */
int mail_document_add(struct db_tx *tx, int64_t content, const struct mail_document *d);
/* Unpacked into `a`; HEARTH_ENOTFOUND, HEARTH_ECORRUPT. */
int mail_document_load(
	struct db_tx *tx, int64_t content, struct arena *a, struct mail_document *out);
int mail_document_remove(struct db_tx *tx, int64_t content);

/* A key with its parts folded, and whether a document has what it asks for. Pure. */
struct mail_folded_key {
	enum mail_search_where where;
	struct slice field; /* the mark, its name and ": " */
	struct slice needle;
};
struct mail_folded_key mail_key_fold(struct arena *a, const struct mail_search_for *key);
bool mail_document_contains(const struct mail_document *d, const struct mail_folded_key *key);

#endif
