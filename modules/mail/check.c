/*
 * check.c: what the rows of mail keep to (checks.h).
 *
 * Constant; the SQL runs in the verifying command, on its main thread, a statement a rule.
 */
#include "delivery/parse.h"
#include "hearth/checks.h"
#include "hearth/error.h"
#include "mail.h"
#include "message.h"
#include "packing.h"
#include "search/envelope.h"
#include "search/index.h"
#include "store/archive.h"

/* While the index is made anew, what is behind is not in it. */
#define BUILT_TO "coalesce((SELECT built_to FROM mail_search.index_state), 0)"

/* What the index is behind in, or could not do, is no damage. */
#define NOTHING_WAITS                                                                      \
	" AND NOT EXISTS (SELECT 1 FROM mail.bus_outbox o WHERE o.topic = 'mail.content')" \
	" AND NOT EXISTS (SELECT 1 FROM mail_search.bus_outbox o WHERE o.topic = "         \
	"'mail.forgotten')"                                                                \
	" AND NOT EXISTS (SELECT 1 FROM mail_search.bus_dead)"                             \
	" AND NOT EXISTS (SELECT 1 FROM mail.bus_dead d WHERE d.subscription = 'mail.discard')"

/* MAIL_ARCHIVES: what is an archive of a group, not a person's (store/archive.h). */
#define ARCHIVES "4503599627370496"
_Static_assert(MAIL_ARCHIVES == INT64_C(4503599627370496), "as the rules have it");

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
		" (SELECT 1 FROM mail.message m WHERE m.content = c.id)" NOTHING_WAITS },
	{ "what was parsed of a mail is missing",
		"SELECT c.account, 'content ' || c.id FROM mail.content c WHERE NOT EXISTS"
		" (SELECT 1 FROM mail.parsed p WHERE p.id = c.parsed)" },
	{ "what was parsed belongs to no mail",
		"SELECT 0, 'parsed ' || p.id FROM mail.parsed p WHERE NOT EXISTS"
		" (SELECT 1 FROM mail.content c WHERE c.parsed = p.id) AND NOT EXISTS"
		" (SELECT 1 FROM mail.outgoing o WHERE o.parsed = p.id)" },
	{ "mail on its way goes to nobody",
		"SELECT o.account, 'outgoing ' || o.id FROM mail.outgoing o WHERE NOT EXISTS"
		" (SELECT 1 FROM mail.queue q WHERE q.outgoing = o.id)" },
	{ "a count of rows for reports is not what there is",
		"SELECT 0, d.domain || ', day ' || d.day FROM mail.dmarc_day d WHERE d.domain <> ''"
		" AND d.rows <> (SELECT count(*) FROM mail.dmarc_row r WHERE r.day = d.day"
		" AND r.domain = d.domain)" },
	{ "a recipient waits for no mail",
		"SELECT 0, 'queue ' || q.id FROM mail.queue q WHERE NOT EXISTS"
		" (SELECT 1 FROM mail.outgoing o WHERE o.id = q.outgoing)" },
	{ "a key that is to sign mail has no private half, or one that is not still has it",
		"SELECT 0, 'key ' || k.selector || '._domainkey.' || k.domain FROM mail.dkim_key k"
		" WHERE (k.state < 2) <> (length(k.secret) > 0)" }, /* enum mail_dkim_state */
	{ "what was parsed of a mail on its way is missing",
		"SELECT o.account, 'outgoing ' || o.id FROM mail.outgoing o WHERE NOT EXISTS"
		" (SELECT 1 FROM mail.parsed p WHERE p.id = o.parsed)" },
	{ "the bytes of a mail are missing",
		"SELECT c.account, 'content ' || c.id FROM mail.content c"
		" JOIN mail.parsed p ON p.id = c.parsed WHERE p.source IS NOT NULL"
		" AND NOT EXISTS (SELECT 1 FROM mail.source s WHERE s.id = p.source)" },
	{ "bytes belong to no mail",
		"SELECT 0, 'source ' || s.id FROM mail.source s WHERE s.id NOT IN"
		" (SELECT p.source FROM mail.parsed p WHERE p.source IS NOT NULL)" },
	{ "header fields belong to no mail",
		"SELECT 0, 'fields ' || f.id FROM mail.fields f WHERE NOT EXISTS"
		" (SELECT 1 FROM mail.parsed p WHERE p.id = f.id)" },
	{ "a message and its content differ in what was parsed",
		"SELECT b.account, b.name || ', UID ' || m.uid FROM mail.message m"
		" JOIN mail.mailbox b ON b.id = m.mailbox JOIN mail.content c ON c.id = m.content"
		" WHERE m.parsed NOT IN (0, c.parsed)" },
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
	{ "a mail of an archive is not called anything there",
		"SELECT 0, 'content ' || c.id FROM mail.content c WHERE c.account >= " ARCHIVES
		" AND NOT EXISTS (SELECT 1 FROM mail.archived a WHERE a.content = c.id AND"
		" a.account = c.account)" },
	{ "an archive names a mail that it does not have",
		"SELECT 0, 'content ' || a.content FROM mail.archived a WHERE NOT EXISTS"
		" (SELECT 1 FROM mail.content c WHERE c.id = a.content AND c.account = "
		"a.account)" },
	{ "an account with mailboxes has no counters",
		"SELECT DISTINCT b.account, b.name FROM mail.mailbox b WHERE NOT EXISTS"
		" (SELECT 1 FROM mail.account_state s WHERE s.account = b.account)" },
	{ "the index has a mail that is gone",
		"SELECT 0, 'content ' || d.id FROM mail_search.indexed d WHERE NOT EXISTS"
		" (SELECT 1 FROM mail.content c WHERE c.id = d.id)" NOTHING_WAITS },
	{ "the index lacks a mail",
		"SELECT c.account, 'content ' || c.id FROM mail.content c WHERE c.id <= " BUILT_TO
		" AND NOT EXISTS (SELECT 1 FROM mail_search.indexed d WHERE d.id = "
		"c.id)" NOTHING_WAITS },
	{ "the index has a mail without its addresses",
		"SELECT 0, 'content ' || d.id FROM mail_search.indexed d WHERE NOT EXISTS"
		" (SELECT 1 FROM mail_search.envelope e WHERE e.id = d.id)" },
	{ NULL, NULL },
};

/* What is indexed of an envelope under one kind (search/envelope.h). */
static struct slice envelope_of(struct db_rows *row, struct arena *a)
{
	return mail_envelope_part(
		a, db_col_bytes(row, 2), (enum mail_envelope_kind)db_col_int(row, 1));
}

static const struct hearth_index indexes[] = {
	{ .database = "mail_search",
		.name = MAIL_INDEX,
		.documents = "SELECT id, digest FROM mail_search.indexed" },
	{ .database = "mail_search",
		.name = MAIL_ENVELOPE_INDEX,
		.documents = "SELECT 3 * e.id + k.kind, k.kind, e.text FROM mail_search.envelope e,"
			     " (SELECT 0 AS kind UNION ALL SELECT 1 UNION ALL SELECT 2) k",
		.text = envelope_of },
	{ .name = NULL },
};

/* A message that lies in its row: its key is the hash of its bytes. */
static int look_at_message(struct db_rows *row, struct arena *a)
{
	size_t size = (size_t)db_col_int(row, 2);
	char key[BLOB_KEY_MAX + 1], *bytes;
	int rc = mail_packed_size(db_col_bytes(row, 4), MAIL_ROW_MAX, &size);

	if (rc < 0 || size != (size_t)db_col_int(row, 2))
		return HEARTH_ECORRUPT;
	bytes = arena_alloc(a, size + 1);
	rc = mail_unpack(db_col_bytes(row, 4), db_col_bytes(row, 5), bytes, size);
	if (rc == 0)
		mail_message_key(slice_of(bytes, size), key);
	return rc < 0 || !slice_eq(db_col_text(row, 3), slice_str(key)) ? HEARTH_ECORRUPT : 0;
}

#define PLACE                                                                          \
	" 'mail ' || coalesce((SELECT b.name || ', UID ' || m.uid FROM mail.message m" \
	" JOIN mail.mailbox b ON b.id = m.mailbox WHERE m.content = c.id LIMIT 1),"    \
	" 'content ' || c.id) || ' \"' || c.subject || '\"'"

static const struct hearth_kept messages = {
	.what = "a mail is damaged",
	.sql = "SELECT c.account," PLACE
	       ", c.blob_size, c.blob, s.message, COALESCE(f.bytes, p.fields) FROM mail.content c"
	       " JOIN mail.parsed p ON p.id = c.parsed JOIN mail.source s ON s.id = p.source"
	       " LEFT JOIN mail.fields f ON f.id = p.id",
	.look = look_at_message,
};

const struct hearth_checks mail_checks = {
	.database = "mail",
	.accounts = "SELECT DISTINCT account FROM mail.mailbox WHERE account < " ARCHIVES,
	.blobs = "SELECT c.blob AS key, c.account AS account," PLACE " AS place"
		 " FROM mail.content c JOIN mail.parsed p ON p.id = c.parsed"
		 " WHERE p.source IS NULL",
	.rules = rules,
	.indexes = indexes,
	.kept = &messages,
};
