/*
 * api/queue_summary_api.c: GET /api/mail/queue/summary, for administrators: how much waits, and for whom. The
 * handler on the loop, the rest on an io worker.
 *
 * Bounds: the MAIL_QUEUE_TOP domains with the most recipients, in slices (db_read_long).
 */
#include "api/api.h"
#include "queue/queue.h"
#include "store/outgoing.h"

struct summary {
	struct mail_call *c;
	struct mail_queue_totals totals;
	struct mail_queue_domains domains,
		next; /* next: of the slice under way, which may be run again */
};

static int read_totals(struct db_tx *tx, void *arg)
{
	struct summary *s = arg;

	return mail_store_queue_totals(tx, &s->totals);
}

static int count_slice(struct db_tx *tx, void *arg)
{
	struct summary *s = arg;

	s->next = s->domains;
	return mail_store_queue_count_domains(tx, &s->next);
}

static void put_destination(struct json_writer *w, const struct mail_queue_destination *d)
{
	json_open_object(w);
	json_put_str(w, "domain", d->domain);
	json_put_i64(w, "recipients", d->recipients);
	json_put_i64(w, "held", d->held);
	json_put_i64(w, "next_attempt_at", d->due_ms);
	json_put_i64(w, "oldest_at", d->oldest_ms);
	json_close_object(w);
}

static void put_summary(struct mail_call *c, const struct summary *s)
{
	struct json_writer *w = &c->w;

	json_open_object(w);
	json_put_i64(w, "recipients", s->totals.recipients);
	json_put_i64(w, "held", s->totals.held);
	json_put_i64(w, "messages", s->totals.messages);
	json_put_i64(w, "domains", s->domains.count);
	json_name(w, "oldest_at");
	if (s->totals.messages)
		json_i64(w, s->totals.oldest_ms);
	else
		json_null(w);
	json_name(w, "destinations");
	json_open_array(w);
	for (size_t i = 0; i < s->domains.n; i++)
		put_destination(w, &s->domains.top[i]);
	json_close_array(w);
	json_put_bool(w, "sends_elsewhere", mail_sends_elsewhere(c->m));
	json_close_object(w);
}

/* As many slices as the domains take, the reader left to others in between. */
static void work_summary(struct mail_call *c)
{
	struct summary *s = ARENA_NEW(c->a, struct summary);

	c->status = db_read_wait(c->m->db, read_totals, s);
	while (c->status == 0 && !s->domains.done) {
		c->status = db_read_long_wait(c->m->db, c->account, count_slice, s);
		s->domains = s->next;
	}
	if (c->status == 0)
		put_summary(c, s);
}

void mail_get_queue_summary(void *module, struct http_request *rq)
{
	mail_call_start(mail_call_new(module, rq, work_summary));
}
