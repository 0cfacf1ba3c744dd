/*
 * list/archive_commands.c: hearth list archive NAME: what was kept of a group's mail, as mbox, the oldest first. On a
 * command's main thread, beside a running server; BATCH rows are held at a time, and one message.
 */
#include <stdio.h>
#include <stdlib.h>

#include "hearth/error.h"
#include "list/list.h"
#include "message.h"
#include "personal/mbox.h"
#include "store/archive.h"

#define BATCH 100

struct printing {
	struct mail m; /* as far as messages are read by it */
	int64_t account;
	uint32_t after; /* the UID that was printed last */
	struct arena *a;
	struct mail_message messages[BATCH];
	size_t n;
};

static int collect(void *arg, const struct mail_message *message)
{
	struct printing *p = arg;
	struct mail_message *m = &p->messages[p->n++];
	const struct mail_content *c = &message->content;

	*m = (struct mail_message){ .uid = message->uid,
		.flags = message->flags,
		.internal_date = message->internal_date,
		.content = { .blob_key = arena_slice(p->a, c->blob_key),
			.blob_size = c->blob_size,
			.trace = arena_slice(p->a, c->trace),
			.mail_from = arena_slice(p->a, mail_content_sender(c)),
			.message = arena_slice(p->a, c->message),
			.fields = arena_slice(p->a, c->fields) } };
	return p->n == BATCH;
}

static int read_batch(struct db_tx *tx, void *arg)
{
	struct printing *p = arg;
	struct mailbox box;
	int rc = mail_store_mailbox(tx, p->account, SLICE(MAIL_ARCHIVE_MAILBOX), &box);

	arena_reset(p->a);
	p->n = 0;
	if (rc == 0)
		rc = mail_store_messages(
			tx, box.id, p->after + 1, UINT32_MAX, MAIL_WANT_MESSAGE, collect, p);
	/* Nothing was kept yet: that is no failure. */
	return rc == HEARTH_ENOTFOUND || rc > 0 ? 0 : rc;
}

static int print_one(struct printing *p, const struct mail_message *m)
{
	struct strbuf out = { 0 };
	struct buf *bytes = NULL;
	int rc = mail_message_bytes(&p->m, &m->content, &bytes);

	if (rc == 0) {
		mbox_add_head(&out, m->content.mail_from, m->internal_date, m->flags, SLICE(""));
		mbox_add_message(&out, buf_slice(bytes));
		if (fwrite(out.p, 1, out.n, stdout) != out.n)
			rc = HEARTH_EIO;
	}
	buf_unref(&bytes);
	strbuf_free(&out);
	return rc;
}

static int print_all(struct printing *p)
{
	int rc;

	do {
		rc = db_read_wait(p->m.db, read_batch, p);
		for (size_t i = 0; i < p->n && rc == 0; i++) {
			rc = print_one(p, &p->messages[i]);
			p->after = p->messages[i].uid;
		}
	} while (rc == 0 && p->n == BATCH && p->after < UINT32_MAX);
	return rc == 0 && fflush(stdout) != 0 ? HEARTH_EIO : rc;
}

int mail_run_list_archive(struct hearth *h, int argc, char **argv)
{
	const struct accounts *accounts = hearth_service(h, "accounts");
	struct printing *p;
	int64_t group = 0;
	int rc;

	if (argc != 1) {
		fprintf(stderr, "hearth: expected the NAME of a group\n");
		return 2;
	}
	if (accounts->group_by_address_wait(accounts->self, slice_str(argv[0]), &group) < 0) {
		fprintf(stderr, "hearth: %s: no such group\n", argv[0]);
		return 1;
	}
	p = mem_zalloc(sizeof(*p));
	p->m = (struct mail){ .h = h, .db = hearth_db(h, "mail"), .blob = hearth_blob(h) };
	p->account = mail_archive_account(group);
	p->a = arena_new();
	rc = print_all(p);
	if (rc < 0)
		fprintf(stderr, "hearth: %s: %s\n", argv[0], error_name(rc));
	arena_free(&p->a);
	free(p);
	return rc < 0 ? 1 : 0;
}
