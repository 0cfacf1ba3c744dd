/*
 * store/schema.c: the tables of the database "mail".
 *
 * A table, read on the main thread when the database is opened.
 */
#include "store/store.h"

const char *const mail_migrations[] = {
	"CREATE TABLE account_state ("
	" account BIGINT NOT NULL PRIMARY KEY,"
	/* the latest given to a mailbox: never twice for one name */
	" uidvalidity BIGINT NOT NULL);"
	"CREATE TABLE mailbox ("
	" id {id},"
	" account BIGINT NOT NULL,"
	" name TEXT NOT NULL,"
	" uidvalidity BIGINT NOT NULL,"
	" uidnext BIGINT NOT NULL,"
	" modseq BIGINT NOT NULL,"
	" special_use BIGINT NOT NULL,"
	" recent_uid BIGINT NOT NULL," /* from this UID on, no session has had them as \\Recent */
	" UNIQUE (account, name));"
	"CREATE TABLE subscription ("
	" account BIGINT NOT NULL,"
	" name TEXT NOT NULL,"
	" PRIMARY KEY (account, name));"
	"CREATE TABLE content ("
	" id {id},"
	" account BIGINT NOT NULL,"
	" blob TEXT NOT NULL,"
	" blob_size BIGINT NOT NULL,"
	" trace {bytes} NOT NULL,"
	" envelope {bytes} NOT NULL,"
	" body {bytes} NOT NULL,"
	" bodystructure {bytes} NOT NULL,"
	" structure {bytes} NOT NULL,"
	" subject TEXT NOT NULL,"
	" sender TEXT NOT NULL,"
	" recipients TEXT NOT NULL,"
	" message_id TEXT NOT NULL,"
	" preview TEXT NOT NULL,"
	" sent_at BIGINT NOT NULL,"   /* of the Date field; 0 without one */
	" sent_zone BIGINT NOT NULL," /* minutes east of UTC in which it was written */
	" has_attachment BIGINT NOT NULL);"
	"CREATE INDEX content_blob ON content (blob);"
	/* Apart, so that rows of content stay short: most questions are not about headers. */
	"CREATE TABLE header ("
	" content BIGINT NOT NULL PRIMARY KEY,"
	" bytes {bytes} NOT NULL);"
	"CREATE TABLE message ("
	" id {id},"
	" mailbox BIGINT NOT NULL,"
	" uid BIGINT NOT NULL,"
	" content BIGINT NOT NULL,"
	" flags BIGINT NOT NULL,"
	" keywords TEXT NOT NULL,"
	" internal_date BIGINT NOT NULL,"
	" modseq BIGINT NOT NULL,"
	" size BIGINT NOT NULL,"
	" UNIQUE (mailbox, uid));"
	"CREATE INDEX message_content ON message (content);"
	"CREATE INDEX message_modseq ON message (mailbox, modseq);"
	/* What is counted and looked for all the time, without a look at the rows. */
	"CREATE INDEX message_unseen ON message (mailbox, uid) WHERE flags & 1 = 0;"
	"CREATE INDEX message_deleted ON message (mailbox, uid) WHERE flags & 8 <> 0;"
	"CREATE INDEX message_keywords ON message (mailbox, keywords) WHERE keywords <> '';"
	"CREATE TABLE expunged ("
	" mailbox BIGINT NOT NULL,"
	" modseq BIGINT NOT NULL,"
	" uid BIGINT NOT NULL,"
	" expunged_at BIGINT NOT NULL,"
	" PRIMARY KEY (mailbox, modseq, uid));"
	"CREATE INDEX expunged_age ON expunged (expunged_at);",
	/* What an account has chosen (preferences.h): JSON but for the number. */
	"CREATE TABLE preference ("
	" account BIGINT NOT NULL PRIMARY KEY,"
	" version BIGINT NOT NULL,"
	" signature TEXT NOT NULL,"
	" filters TEXT NOT NULL,"
	" page_size BIGINT NOT NULL);",
	/* Accounts that are gone, by number: no mailbox is made for them any more. */
	"CREATE TABLE forgotten (account BIGINT NOT NULL PRIMARY KEY);",
	/* What is kept for an account (store/quota.c). */
	"ALTER TABLE account_state ADD COLUMN used BIGINT NOT NULL DEFAULT 0;"
	"UPDATE account_state SET used = (SELECT COALESCE(sum(m.size), 0) FROM message m"
	" JOIN mailbox b ON b.id = m.mailbox WHERE b.account = account_state.account);",
	/*
	 * What was parsed of the bytes that were sent is one for all who got them. What there is of
	 * it from before is one content's own, and bears a name no blob has.
	 */
	"CREATE TABLE parsed ("
	" id {id},"
	" blob TEXT NOT NULL,"
	" envelope {bytes} NOT NULL,"
	" body {bytes} NOT NULL,"
	" bodystructure {bytes} NOT NULL,"
	" structure {bytes} NOT NULL,"
	" header {bytes} NOT NULL);"
	"INSERT INTO parsed (blob, envelope, body, bodystructure, structure, header)"
	" SELECT 'content ' || c.id, c.envelope, c.body, c.bodystructure, c.structure,"
	" COALESCE(h.bytes, substr(c.trace, 1, 0)) FROM content c LEFT JOIN header h ON h.content "
	"= c.id;"
	"CREATE INDEX parsed_blob ON parsed (blob);"
	"ALTER TABLE content ADD COLUMN parsed BIGINT NOT NULL DEFAULT 0;"
	"UPDATE content SET parsed ="
	" (SELECT p.id FROM parsed p WHERE p.blob = 'content ' || content.id);"
	"CREATE INDEX content_parsed ON content (parsed);"
	"ALTER TABLE content DROP COLUMN envelope;"
	"ALTER TABLE content DROP COLUMN body;"
	"ALTER TABLE content DROP COLUMN bodystructure;"
	"ALTER TABLE content DROP COLUMN structure;"
	"DROP TABLE header;"
	/* What a message counts for beyond its size (store/quota.c). */
	"ALTER TABLE message ADD COLUMN extra BIGINT NOT NULL DEFAULT 0;",
	/*
	 * A mailbox that was deleted is not seen any more; its messages go by and by
	 * (personal/erasure.c). What a COPY in several transactions has made so far, to be taken
	 * back if it does not end.
	 */
	"ALTER TABLE mailbox ADD COLUMN deleted BIGINT NOT NULL DEFAULT 0;"
	"CREATE TABLE copying ("
	" id {id},"
	" op BIGINT NOT NULL,"
	" mailbox BIGINT NOT NULL,"
	" first BIGINT NOT NULL,"
	" last BIGINT NOT NULL);",
	/*
	 * A message that is not large lies beside what was parsed of it, packed (packing.h), and in
	 * no blob: it is part of the same commit. Of its header the fields that clients list
	 * mailboxes by stand for themselves.
	 */
	"ALTER TABLE parsed ADD COLUMN fields {bytes};"
	"ALTER TABLE parsed ADD COLUMN message {bytes};",
	/*
	 * The envelope's sender, NULL without an envelope and of what came before; and the message
	 * ids of what a message answers (References, In-Reply-To), separated by spaces, for threads.
	 */
	"ALTER TABLE content ADD COLUMN mail_from TEXT;"
	"ALTER TABLE parsed ADD COLUMN answers TEXT NOT NULL DEFAULT '';",
	/* Messages apart from what was parsed of them: whoever lists a mailbox reads none. */
	"CREATE TABLE source (id {id}, message {bytes} NOT NULL);"
	"ALTER TABLE parsed ADD COLUMN source BIGINT;" /* NULL: it is a blob */
	"INSERT INTO source (id, message) SELECT id, message FROM parsed WHERE message IS NOT NULL;"
	"UPDATE parsed SET source = id WHERE message IS NOT NULL;"
	"ALTER TABLE parsed DROP COLUMN message;",
	/* Blobs that nothing names any more are the blob store's business (blob.h). */
	"INSERT INTO job_queue (queue, key, payload, priority, state, due_ms, attempt, pushed_ms,"
	" error) SELECT 'blob.release', key, payload, 0, 0, due_ms, 0, pushed_ms, 0 FROM job_queue"
	" WHERE queue = 'mail.sweep' AND state <> 2;"
	"DELETE FROM job_queue WHERE queue = 'mail.sweep';",
	/*
	 * The fields that clients list mailboxes by lie close together, and a message's row says
	 * where: whoever lists one reads nothing else. `id` is that of `parsed`, whose own column has
	 * those of before. 0: the content's row says which.
	 */
	"CREATE TABLE fields (id {id}, bytes {bytes} NOT NULL);"
	"ALTER TABLE message ADD COLUMN parsed BIGINT NOT NULL DEFAULT 0;",
	/*
	 * Mail on its way to other servers (store/outgoing.h): what is sent, and a row for each
	 * recipient that does not have it yet. Times are Unix milliseconds.
	 */
	"CREATE TABLE outgoing ("
	" id {id},"
	" account BIGINT NOT NULL," /* whose it is; 0: the server's own */
	" mail_from TEXT NOT NULL," /* empty: <> */
	" blob TEXT NOT NULL,"
	" blob_size BIGINT NOT NULL,"
	" trace {bytes} NOT NULL,"
	" parsed BIGINT NOT NULL,"
	" utf8 BIGINT NOT NULL," /* addresses that need SMTPUTF8 */
	" ret BIGINT NOT NULL,"  /* RFC 3461 RET: 0 not said, 1 FULL, 2 HDRS */
	" envid TEXT NOT NULL,"  /* RFC 3461 ENVID, as xtext */
	" queued_ms BIGINT NOT NULL,"
	" expires_ms BIGINT NOT NULL);"
	"CREATE INDEX outgoing_blob ON outgoing (blob);"
	"CREATE INDEX outgoing_parsed ON outgoing (parsed);"
	"CREATE INDEX outgoing_expires ON outgoing (expires_ms);"
	"CREATE INDEX outgoing_account ON outgoing (account);"
	"CREATE TABLE queue ("
	" id {id},"
	" outgoing BIGINT NOT NULL,"
	" recipient TEXT NOT NULL,"
	" domain TEXT NOT NULL,"   /* lower case: what is asked of the DNS */
	" notify BIGINT NOT NULL," /* RFC 3461 NOTIFY: bits of enum mail_notify_when */
	" orcpt TEXT NOT NULL,"    /* RFC 3461 ORCPT, as xtext */
	" held BIGINT NOT NULL,"   /* waits for somebody's word */
	" due_ms BIGINT NOT NULL,"
	" attempts BIGINT NOT NULL,"
	" warned BIGINT NOT NULL," /* its sender was told that it is late */
	" answer TEXT NOT NULL);"  /* why it was not taken at the last attempt */
	"CREATE INDEX queue_outgoing ON queue (outgoing);"
	"CREATE INDEX queue_due ON queue (due_ms) WHERE held = 0;"
	"CREATE INDEX queue_domain ON queue (domain, due_ms, id) WHERE held = 0;"
	/* To how many recipients elsewhere an account has written, by the hour. */
	"CREATE TABLE sending ("
	" account BIGINT NOT NULL,"
	" hour BIGINT NOT NULL,"
	" recipients BIGINT NOT NULL,"
	" PRIMARY KEY (account, hour));",
	/* What its sender asks of TLS on the way (RFC 8689): enum mail_tls_asked. */
	"ALTER TABLE outgoing ADD COLUMN tls BIGINT NOT NULL DEFAULT 0;",
	/* What came of DMARC, by day (store/dmarc.h). */
	"CREATE TABLE dmarc_day ("
	" day BIGINT NOT NULL,"
	" domain TEXT NOT NULL,"
	" rows BIGINT NOT NULL,"
	" PRIMARY KEY (day, domain));"
	"CREATE TABLE dmarc_row ("
	" id {id},"
	" day BIGINT NOT NULL,"
	" domain TEXT NOT NULL,"
	" digest TEXT NOT NULL," /* of what follows count */
	" count BIGINT NOT NULL,"
	" record TEXT NOT NULL,"
	" source TEXT NOT NULL,"
	" header_from TEXT NOT NULL,"
	" envelope_from TEXT NOT NULL,"
	" disposition BIGINT NOT NULL,"
	" dkim BIGINT NOT NULL,"
	" spf BIGINT NOT NULL,"
	" reason TEXT NOT NULL,"
	" results TEXT NOT NULL,"
	" UNIQUE (day, domain, digest));",
	/* MTA-STS policies of other domains (store/sts.h); times are Unix milliseconds. */
	"CREATE TABLE sts_policy ("
	" domain TEXT NOT NULL PRIMARY KEY,"
	" sts_id TEXT NOT NULL," /* of its TXT record */
	" policy TEXT NOT NULL,"
	" fetched_ms BIGINT NOT NULL,"
	" expires_ms BIGINT NOT NULL,"
	" refresh_ms BIGINT NOT NULL,"
	" used_ms BIGINT NOT NULL);"
	"CREATE INDEX sts_policy_refresh ON sts_policy (refresh_ms);"
	"CREATE INDEX sts_policy_used ON sts_policy (used_ms);",
	/* The keys that sign mail (store/dkim_key.h). */
	"CREATE TABLE dkim_key ("
	" id {id},"
	" domain TEXT NOT NULL,"      /* lower case */
	" selector TEXT NOT NULL,"    /* at SELECTOR._domainkey.DOMAIN */
	" algorithm BIGINT NOT NULL," /* enum signature_algorithm */
	" state BIGINT NOT NULL,"     /* enum mail_dkim_state */
	" secret {bytes} NOT NULL,"   /* sealed; empty when it does not sign any more */
	" public_half TEXT NOT NULL," /* base64, as p= has it */
	" made_ms BIGINT NOT NULL,"
	" since_ms BIGINT NOT NULL," /* in this state */
	" UNIQUE (domain, selector));",
	/* Addresses nobody is at (store/suppressed.h); and sizes, to be summed without the rows. */
	"CREATE TABLE suppressed ("
	" address TEXT NOT NULL PRIMARY KEY,"
	" answer TEXT NOT NULL,"
	" times BIGINT NOT NULL,"
	" since_ms BIGINT NOT NULL,"
	" until_ms BIGINT NOT NULL);"
	"CREATE INDEX suppressed_until ON suppressed (until_ms);"
	"DROP INDEX outgoing_account;"
	"CREATE INDEX outgoing_account ON outgoing (account, blob_size);",
	/* What came of TLS with other domains' servers, by day (store/tls_session.h). */
	"CREATE TABLE tls_session ("
	" id {id},"
	" day BIGINT NOT NULL,"
	" domain TEXT NOT NULL,"
	" digest TEXT NOT NULL," /* of what follows, but for why and count */
	" policy_type TEXT NOT NULL,"
	" policy TEXT NOT NULL,"
	" mx TEXT NOT NULL,"
	" address TEXT NOT NULL,"
	" result TEXT NOT NULL,"
	" why TEXT NOT NULL,"
	" count BIGINT NOT NULL,"
	" UNIQUE (day, domain, digest));"
	/* Reports of others on our domains (store/report.h); times are Unix seconds. */
	"CREATE TABLE report ("
	" id {id},"
	" kind TEXT NOT NULL," /* dmarc, tls */
	" organization TEXT NOT NULL,"
	" report_id TEXT NOT NULL,"
	" domain TEXT NOT NULL,"
	" contact TEXT NOT NULL,"
	" begin_s BIGINT NOT NULL,"
	" end_s BIGINT NOT NULL,"
	" received_s BIGINT NOT NULL,"
	" passed BIGINT NOT NULL,"
	" failed BIGINT NOT NULL,"
	" UNIQUE (kind, organization, report_id, domain));"
	"CREATE TABLE report_row ("
	" id {id},"
	" report BIGINT NOT NULL,"
	" source TEXT NOT NULL," /* dmarc: who sent; tls: the server of ours */
	" result TEXT NOT NULL," /* dmarc: what was done; tls: the result-type */
	" dkim TEXT NOT NULL,"
	" spf TEXT NOT NULL,"
	" detail TEXT NOT NULL," /* dmarc: the author's domain; tls: the policy's type */
	" count BIGINT NOT NULL);"
	"CREATE INDEX report_row_report ON report_row (report);"
	"CREATE INDEX report_received ON report (received_s);",
	/*
	 * Mail that waits before it leaves (store/held.h): until when, and the copy its sender keeps of it; a
	 * recipient who is here has an account, and gets it then. And how long a person wants to be able to
	 * take back what they send, in seconds.
	 */
	"ALTER TABLE outgoing ADD COLUMN not_before_ms BIGINT NOT NULL DEFAULT 0;"
	"ALTER TABLE outgoing ADD COLUMN copy BIGINT NOT NULL DEFAULT 0;"
	"ALTER TABLE outgoing ADD COLUMN subject TEXT NOT NULL DEFAULT '';"
	"ALTER TABLE queue ADD COLUMN account BIGINT NOT NULL DEFAULT 0;"
	"ALTER TABLE preference ADD COLUMN send_delay BIGINT NOT NULL DEFAULT 0;",
	/* Who wants their mail sent on (store/forward.h), and how many are, by the hour. */
	"CREATE TABLE forward ("
	" account BIGINT NOT NULL PRIMARY KEY,"
	" address TEXT NOT NULL,"
	" keep BIGINT NOT NULL,"
	" confirmed BIGINT NOT NULL,"
	" hash TEXT NOT NULL," /* SHA-256 of what was mailed there; '' once it was confirmed */
	" asked_ms BIGINT NOT NULL);"
	"CREATE INDEX forward_hash ON forward (hash);"
	"CREATE TABLE forwarded ("
	" key TEXT NOT NULL,"
	" hour BIGINT NOT NULL,"
	" mails BIGINT NOT NULL,"
	" PRIMARY KEY (key, hour));",
	/* Whether an account was told, within the hour, that it may write to nobody more. */
	"ALTER TABLE sending ADD COLUMN told BIGINT NOT NULL DEFAULT 0;",
	/* The group that a recipient here gets it through; 0: none (store/moderated.h). */
	"ALTER TABLE queue ADD COLUMN list BIGINT NOT NULL DEFAULT 0;"
	"ALTER TABLE queue ADD COLUMN list_name TEXT NOT NULL DEFAULT '';"
	"CREATE INDEX queue_list ON queue (list) WHERE list > 0;",
	/*
	 * Sums, kept beside what they count: bytes an account has on its way, and how many addresses are
	 * suppressed (one row). What is forgotten by the hour is found by it.
	 */
	"CREATE TABLE on_its_way (account BIGINT NOT NULL PRIMARY KEY, bytes BIGINT NOT NULL);"
	"INSERT INTO on_its_way (account, bytes) SELECT account, sum(blob_size) FROM outgoing"
	" WHERE account > 0 GROUP BY account;"
	"DROP INDEX outgoing_account;"
	"CREATE INDEX outgoing_account ON outgoing (account);"
	"CREATE TABLE suppressed_count (entries BIGINT NOT NULL);"
	"INSERT INTO suppressed_count (entries) SELECT count(*) FROM suppressed;"
	"CREATE INDEX sending_hour ON sending (hour);"
	"CREATE INDEX forwarded_hour ON forwarded (hour);",
	/* Whether somebody has it already; of what waited before that was known, it may be. */
	"ALTER TABLE outgoing ADD COLUMN reached BIGINT NOT NULL DEFAULT 0;"
	"UPDATE outgoing SET reached = 1 WHERE not_before_ms = 0 OR id IN (SELECT outgoing FROM"
	" queue WHERE attempts > 0);",
	/* Whether a recipient here has it, of which nobody was told yet. */
	"ALTER TABLE queue ADD COLUMN filed BIGINT NOT NULL DEFAULT 0;",
	/*
	 * Archives of groups (store/archive.h): a row for each content of theirs. And whether a recipient's mail is
	 * to be kept there once it is filed: enum mail_queued_archive.
	 */
	"CREATE TABLE archived ("
	" content BIGINT NOT NULL PRIMARY KEY,"
	" account BIGINT NOT NULL,"
	" name TEXT NOT NULL,"
	" msgid TEXT NOT NULL,"
	" thread TEXT NOT NULL);"
	"CREATE INDEX archived_name ON archived (account, name);"
	"CREATE INDEX archived_msgid ON archived (account, msgid);"
	"CREATE INDEX archived_thread ON archived (account, thread);"
	"ALTER TABLE queue ADD COLUMN archive BIGINT NOT NULL DEFAULT 0;",
	/*
	 * The member elsewhere of the list that a recipient is (store/outgoing.h). And what waits for an owner of a
	 * list is told from what is held otherwise.
	 */
	"ALTER TABLE queue ADD COLUMN member BIGINT NOT NULL DEFAULT 0;"
	"UPDATE queue SET held = 2 WHERE held = 1 AND list > 0;",
	/* All that is counted by domain, so that the rows are left alone; and how many are held. */
	"DROP INDEX queue_domain;"
	"CREATE INDEX queue_domain ON queue (domain, held, due_ms, id);"
	"CREATE INDEX queue_held ON queue (held) WHERE held > 0;",
	/* What its author's domain wants of a mail that waits for members of a list: enum mail_author (gate.h). */
	"ALTER TABLE outgoing ADD COLUMN author BIGINT NOT NULL DEFAULT 0;",
	/* The last attempts at a recipient (queue/history.h). */
	"ALTER TABLE queue ADD COLUMN history TEXT NOT NULL DEFAULT '';",
	/* What waits for an owner of a list, mail by mail: however many members each goes to, it is looked at once. */
	"DROP INDEX queue_list;"
	"CREATE INDEX queue_moderated ON queue (list, outgoing) WHERE held = 2;",
	/* Whether a group's sending of a mail to members elsewhere was counted, with the first of them. */
	"ALTER TABLE queue ADD COLUMN counted BIGINT NOT NULL DEFAULT 0;",
	NULL,
};
