/*
 * check.c: what the rows of mail keep to (checks.h).
 */
#include <zstd.h>

#include "hearth/checks.h"
#include "hearth/error.h"
#include "mail.h"

/* While the index is made anew, what is behind is not in it. */
#define BUILT_TO "coalesce((SELECT built_to FROM mail_search.index_state), 0)"

static const struct hearth_rule rules[] = {
	{ "a message is in no mailbox",
		"SELECT 0, 'message ' || m.id FROM mail.message m WHERE NOT EXISTS"
		" (SELECT 1 FROM mail.mailbox b WHERE b.id = m.mailbox)" },
	{ "a message has no content",
		"SELECT b.account, b.name || ', UID ' || m.uid FROM mail.message m"
		" JOIN mail.mailbox b ON b.id = m.mailbox WHERE NOT EXISTS"
		" (SELECT 1 FROM mail.content c WHERE c.id = m.content)" },
	{ "a content belongs to no message",
		"SELECT c.account, 'content ' || c.id FROM mail.content c WHERE NOT EXISTS"
		" (SELECT 1 FROM mail.message m WHERE m.content = c.id)" },
	{ "what was parsed of a mail is missing",
		"SELECT c.account, 'content ' || c.id FROM mail.content c WHERE NOT EXISTS"
		" (SELECT 1 FROM mail.parsed p WHERE p.id = c.parsed)" },
	{ "what was parsed belongs to no mail",
		"SELECT 0, 'parsed ' || p.id FROM mail.parsed p WHERE NOT EXISTS"
		" (SELECT 1 FROM mail.content c WHERE c.parsed = p.id)" },
	{ "the next UID of a mailbox was given already",
		"SELECT b.account, b.name FROM mail.mailbox b WHERE b.uidnext <="
		" (SELECT max(m.uid) FROM mail.message m WHERE m.mailbox = b.id)" },
	{ "the modification number of a mailbox is behind its messages",
		"SELECT b.account, b.name FROM mail.mailbox b WHERE b.modseq <"
		" (SELECT max(m.modseq) FROM mail.message m WHERE m.mailbox = b.id)" },
	{ "the space used is not the sum of the messages",
		"SELECT s.account, s.used || ' counted, ' || coalesce(r.used, 0) || ' there'"
		" FROM mail.account_state s LEFT JOIN (SELECT b.account, sum(m.size + m.extra) AS "
		"used"
		" FROM mail.message m JOIN mail.mailbox b ON b.id = m.mailbox GROUP BY b.account) r"
		" ON r.account = s.account WHERE s.used <> coalesce(r.used, 0)" },
	{ "an account with mailboxes has no counters",
		"SELECT DISTINCT b.account, b.name FROM mail.mailbox b WHERE NOT EXISTS"
		" (SELECT 1 FROM mail.account_state s WHERE s.account = b.account)" },
	{ "the index has a text of no mail",
		"SELECT 0, 'content ' || d.id FROM mail_search.document d WHERE NOT EXISTS"
		" (SELECT 1 FROM mail.content c WHERE c.id = d.id) AND NOT EXISTS"
		" (SELECT 1 FROM mail.bus_outbox o WHERE o.topic = 'mail.content')" },
	{ "the index lacks a mail",
		"SELECT c.account, 'content ' || c.id FROM mail.content c WHERE c.id <= " BUILT_TO
		" AND NOT EXISTS (SELECT 1 FROM mail_search.document d WHERE d.id = c.id)"
		" AND NOT EXISTS (SELECT 1 FROM mail.bus_outbox o WHERE o.topic = 'mail.content')"
		" AND NOT EXISTS (SELECT 1 FROM mail_search.bus_dead)" },
	{ NULL, NULL },
};

/* As search/index.c packs it. */
static int text_of(struct db_rows *row, struct arena *a, struct slice *out)
{
	size_t size = (size_t)db_col_int(row, 1), n;
	struct slice packed = db_col_bytes(row, 2);
	char *p;

	if (ZSTD_getFrameContentSize(packed.p, packed.n) != size)
		return HEARTH_ECORRUPT;
	p = arena_alloc(a, size + 1);
	n = ZSTD_decompress(p, size, packed.p, packed.n);
	*out = slice_of(p, size);
	return ZSTD_isError(n) || n != size ? HEARTH_ECORRUPT : 0;
}

static const struct hearth_index index_of_texts = {
	.database = "mail_search",
	.name = "mail_text",
	.documents = "SELECT id, text_size, packed FROM mail_search.document WHERE id <= " BUILT_TO,
	.text = text_of,
};

const struct hearth_checks mail_checks = {
	.database = "mail",
	.accounts = "SELECT DISTINCT account FROM mail.mailbox",
	.blobs = "SELECT c.blob AS key, c.account AS account,"
		 " 'mail ' || coalesce((SELECT b.name || ', UID ' || m.uid FROM mail.message m"
		 " JOIN mail.mailbox b ON b.id = m.mailbox WHERE m.content = c.id LIMIT 1),"
		 " 'content ' || c.id) || ' \"' || c.subject || '\"' AS place FROM mail.content c",
	.rules = rules,
	.index = &index_of_texts,
};
