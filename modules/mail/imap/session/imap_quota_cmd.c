/*
 * imap_quota_cmd.c: GETQUOTA and GETQUOTAROOT (RFC 9208).
 *
 * An account with a quota has one quota root, "", with the resource STORAGE, in units of 1024
 * octets: the sizes of its messages and what other modules keep for it, since the quota is one for
 * all (accounts.h). One without has none. The questions run on a worker.
 *
 * Two numbers an answer, whatever the account has.
 */
#include "hearth/log.h"
#include "imap/session/imap_internal.h"
#include "store/store.h"

struct quota {
	int64_t bytes; /* that may be kept; 0: no bound */
	int64_t used;
	int status;
};

static int look(struct db_tx *tx, void *arg)
{
	struct imap_session *s = arg;
	struct quota *q = s->job;
	struct mailbox box;
	int rc = mail_store_used(tx, s->account.id, &q->used);

	if (rc == 0 && s->command->verb == IMAP_GETQUOTAROOT)
		rc = mail_store_mailbox(tx, s->account.id, s->command->mailbox, &box);
	return rc;
}

/* The quota as it is now: the session may be older. */
static void ask(void *arg)
{
	struct imap_session *s = arg;
	const struct accounts *accounts = s->m->accounts;
	struct quota *q = s->job;
	struct account account;

	q->status = accounts->by_id_wait(accounts->self, s->account.id, &account);
	if (q->status == 0)
		q->status = accounts->elsewhere_wait(accounts->self, "mail", &account, 1);
	if (q->status < 0)
		return;
	q->bytes = account.quota;
	q->status = db_read_wait(s->m->db, look, s);
	q->used += account.elsewhere;
}

static void write_quota(struct imap_session *s, const struct quota *q)
{
	if (q->bytes > 0)
		imap_write_untagged(&s->out, "QUOTA \"\" (STORAGE %lld %lld)",
			(long long)((q->used + 1023) / 1024), (long long)(q->bytes / 1024));
}

static void on_asked(struct imap_session *s, int status)
{
	const struct quota *q = s->job;
	bool root = s->command->verb == IMAP_GETQUOTA;

	INVARIANT(root || s->command->verb == IMAP_GETQUOTAROOT);
	if (status == 0)
		status = q->status;
	if (status < 0) {
		imap_reply_error(s, status);
	} else if (root && (s->command->quota_root.n > 0 || q->bytes == 0)) {
		imap_reply(s, "NO", "NONEXISTENT", "There is no such quota root");
	} else {
		if (!root) {
			strbuf_adds(&s->out, "* QUOTAROOT ");
			imap_write_mailbox(&s->out, s->command->mailbox);
			strbuf_adds(&s->out, q->bytes > 0 ? " \"\"\r\n" : "\r\n");
		}
		write_quota(s, q);
		imap_ok(s, root ? "GETQUOTA done" : "GETQUOTAROOT done");
	}
}

void imap_do_quota(struct imap_session *s)
{
	s->job = ARENA_NEW(s->arena, struct quota);
	imap_run_work(s, ask, on_asked);
}
