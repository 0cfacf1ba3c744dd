/*
 * store/message.c: adding messages and their contents (store.h). On the database's writer.
 *
 * Some five statements a message, each of one row.
 */
#include "store/internal.h"

#include <stdio.h>

#include "hearth/bus.h"
#include "hearth/error.h"
#include "hearth/log.h"

int mail_store_next_modseq(struct db_tx *tx, int64_t mailbox, int64_t *modseq)
{
	INVARIANT(db_tx_writes(tx));
	return db_get_int(tx, modseq,
		"UPDATE mailbox SET modseq = modseq + 1 WHERE id = $1 RETURNING modseq",
		db_int(mailbox));
}

int mail_store_next_uid(struct db_tx *tx, int64_t mailbox, uint32_t *uid, int64_t *modseq)
{
	INVARIANT(db_tx_writes(tx));
	struct db_rows rows;
	int rc = db_one(tx, &rows,
		"UPDATE mailbox SET uidnext = uidnext + 1, modseq = modseq + 1 WHERE id = $1 "
		"RETURNING uidnext, modseq",
		db_int(mailbox));

	if (rc < 0)
		return rc;
	*uid = (uint32_t)(db_col_int(&rows, 0) - 1);
	*modseq = db_col_int(&rows, 1);
	return db_end(&rows);
}

void mail_store_event_key(char out[24], int64_t account)
{
	snprintf(out, 24, "%lld", (long long)account);
}

/* ---- adding ---- */

static int insert_source(struct db_tx *tx, struct slice message, struct db_value *id)
{
	int64_t number = 0;
	int rc;

	*id = db_null();
	if (message.n == 0)
		return 0;
	rc = db_get_int(tx, &number, "INSERT INTO source (message) VALUES ($1) RETURNING id",
		db_bytes(message));
	*id = db_int(number);
	return rc;
}

int mail_store_insert_parsed(struct db_tx *tx, const struct mail_content *c, int64_t *id)
{
	struct db_value source;
	int rc = db_get_int(tx, id, "SELECT id FROM parsed WHERE blob = $1", db_text(c->blob_key));

	if (rc != HEARTH_ENOTFOUND)
		return rc;
	rc = insert_source(tx, c->message, &source);
	if (rc < 0)
		return rc;
	rc = db_get_int(tx, id,
		"INSERT INTO parsed (blob, envelope, body, bodystructure, structure, header, "
		"fields, source, answers)"
		" VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) RETURNING id",
		db_text(c->blob_key), db_bytes(c->envelope), db_bytes(c->body),
		db_bytes(c->bodystructure), db_bytes(c->structure),
		db_bytes(c->message.n ? (struct slice){ 0 } : c->header),
		c->has_fields && c->fields_inside ? db_bytes(c->fields) : db_null(), source,
		db_text(c->answers));
	if (rc == 0 && c->has_fields && !c->fields_inside)
		rc = db_run(tx, "INSERT INTO fields (id, bytes) VALUES ($1, $2)", db_int(*id),
			db_bytes(c->fields));
	return rc < 0 ? rc : 0;
}

static int insert_content(struct db_tx *tx, int64_t account, const struct mail_content *c,
	int64_t *id, int64_t *parsed)
{
	int rc = mail_store_insert_parsed(tx, c, parsed);

	if (rc == 0)
		rc = db_get_int(tx, id,
			"INSERT INTO content (account, blob, blob_size, trace, parsed, subject,"
			" sender, recipients, message_id, preview, sent_at, sent_zone,"
			" has_attachment, mail_from) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, "
			"$10, $11, $12, $13, $14) RETURNING id",
			db_int(account), db_text(c->blob_key), db_int((int64_t)c->blob_size),
			db_bytes(c->trace), db_int(*parsed), db_text(c->subject), db_text(c->from),
			db_text(c->to), db_text(c->msgid), db_text(c->preview), db_int(c->date),
			db_int(c->date_zone), db_int(c->has_attachment),
			c->mail_from.p ? db_text(c->mail_from) : db_null());
	return rc;
}

int mail_store_insert_message(struct db_tx *tx, int64_t mailbox, struct mail_message *m)
{
	INVARIANT(db_tx_writes(tx));
	INVARIANT(m->uid > 0 && m->modseq > 0 && m->content_id > 0);
	int rc = db_get_int(tx, &m->id,
		"INSERT INTO message (mailbox, uid, content, flags, keywords, internal_date, "
		"modseq, size, extra, parsed)"
		" VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) RETURNING id",
		db_int(mailbox), db_int(m->uid), db_int(m->content_id), db_int(m->flags),
		db_text(m->keywords), db_int(m->internal_date), db_int(m->modseq),
		db_int((int64_t)m->size), db_int((int64_t)m->extra), db_int(m->parsed_id));

	return rc < 0 ? rc : mail_store_count_size(tx, mailbox, (int64_t)(m->size + m->extra));
}

static int publish_stored(struct db_tx *tx, const struct mailbox *box, const struct mail_message *m)
{
	struct strbuf out = { 0 };
	struct json_writer w;
	char key[24];
	int rc;

	json_writer_init(&w, &out);
	json_open_object(&w);
	json_put_str(&w, "change", "stored");
	json_put_i64(&w, "account", box->account);
	json_put_i64(&w, "mailbox", box->id);
	json_put_i64(&w, "message", m->id);
	json_put_i64(&w, "content", m->content_id);
	json_put_i64(&w, "uid", m->uid);
	json_close_object(&w);
	mail_store_event_key(key, box->account);
	rc = bus_publish(tx, "mail.content", slice_str(key), strbuf_slice(&out));
	strbuf_free(&out);
	return rc;
}

int mail_store_add(struct db_tx *tx, struct mailbox *box, const struct mail_content *content,
	unsigned flags, struct slice keywords, int64_t internal_date, uint32_t *uid,
	int64_t *message)
{
	INVARIANT(db_tx_writes(tx));
	INVARIANT(box->id > 0 && box->account > 0);
	INVARIANT(content->blob_key.n > 0);
	struct mail_message m = { .flags = flags,
		.keywords = keywords,
		.internal_date = internal_date,
		.size = content->blob_size + content->trace.n,
		.extra = mail_content_extra(content) };
	int rc = mail_store_next_uid(tx, box->id, &m.uid, &m.modseq);

	if (rc == 0)
		rc = insert_content(tx, box->account, content, &m.content_id, &m.parsed_id);
	if (rc == 0)
		rc = mail_store_insert_message(tx, box->id, &m);
	if (rc == 0)
		rc = publish_stored(tx, box, &m);
	if (rc == 0) {
		box->uidnext = m.uid + 1;
		box->modseq = m.modseq;
		*uid = m.uid;
		*message = m.id;
	}
	return rc;
}
