/*
 * sts_fetch.c: a domain's MTA-STS policy is got by HTTPS (RFC 8461 section 3.3), read, and kept; or it is not,
 * and what holds so far goes on (sts_internal.h). On the loop; a policy has STS_TEXT_MAX bytes at most.
 */
#include <stdio.h>
#include <stdlib.h>

#include "hearth/clock.h"
#include "hearth/error.h"
#include "hearth/log.h"
#include "policy/sts_internal.h"

#define REFRESH_AGE_MS INT64_C(86400000) /* a policy is looked at anew once a day, at the latest */

static int64_t next_refresh(const struct sts_policy *p, int64_t now_ms)
{
	int64_t half = p->max_age_s * 500;

	return now_ms + (half < REFRESH_AGE_MS ? half : REFRESH_AGE_MS);
}

static int write_row(struct db_tx *tx, void *arg)
{
	const struct sts_entry *e = arg;

	return mail_store_sts_put(tx, slice_str(e->domain), &e->row);
}

/* It holds here all the same when it could not be written. */
static void on_written(void *arg, int status)
{
	struct sts_entry *e = arg;

	if (status < 0)
		log_warn("queue", "an MTA-STS policy could not be kept", "domain", "%s", e->domain,
			"why", "%s", error_name(status), NULL);
	sts_settle(e);
}

/* What is noted of a policy beside; it may outlive the entry. */
struct note {
	char domain[DNS_NAME_MAX + 1];
	int64_t ms;
	int (*write)(struct db_tx *tx, struct slice domain, int64_t ms);
};

static int write_note(struct db_tx *tx, void *arg)
{
	const struct note *n = arg;

	return n->write(tx, slice_str(n->domain), n->ms);
}

static void on_noted(void *arg, int status)
{
	(void)status;
	free(arg);
}

void sts_note(
	const struct sts_entry *e, int (*write)(struct db_tx *, struct slice, int64_t), int64_t ms)
{
	struct note *n = mem_zalloc(sizeof(*n));

	n->ms = ms;
	n->write = write;
	memcpy(n->domain, e->domain, sizeof(n->domain));
	if (db_write(e->s->m->db, write_note, on_noted, n) < 0)
		free(n);
}

static void take(struct sts_entry *e, struct sts_policy *p)
{
	int64_t now = clock_wall_ms();

	sts_policy_unref(&e->policy);
	e->policy = p;
	e->expires_ms = now + p->max_age_s * 1000;
	memcpy(e->id, e->new_id, sizeof(e->id));
	e->fault = STS_FAULTLESS;
	e->row = (struct mail_sts_row){ .policy = slice_str(p->text),
		.fetched_ms = now,
		.expires_ms = e->expires_ms,
		.refresh_ms = next_refresh(p, now),
		.used_ms = now };
	memcpy(e->row.id, e->id, sizeof(e->row.id));
	if (db_write(e->s->m->db, write_row, on_written, e) < 0)
		on_written(e, HEARTH_EBUSY);
}

/* What holds so far goes on; it is tried again before its time is over. */
static void miss(struct sts_entry *e, enum sts_fault fault, const char *why)
{
	log_info("queue", "an MTA-STS policy cannot be had", "domain", "%s", e->domain, "why", "%s",
		why, NULL);
	e->fault = fault;
	if (e->found == 0)
		sts_note(e, mail_store_sts_later, clock_wall_ms() + STS_MISSED_MS);
	sts_settle(e);
}

static bool is_text(const struct fetch_answer *answer)
{
	struct slice type = fetch_header(answer, "Content-Type");

	return slice_ieq(slice_trim(slice_split(&type, ';')), SLICE("text/plain"));
}

static void on_fetched(void *arg, const struct fetch_answer *answer)
{
	struct sts_entry *e = arg;
	struct sts_policy *p = NULL;
	const char *why = answer->why;
	char status[48];

	snprintf(status, sizeof(status), "the answer is %d", answer->status);
	if (answer->error != 0)
		miss(e,
			answer->untrusted                 ? STS_UNTRUSTED
			: answer->error == HEARTH_ETOOBIG ? STS_INVALID
							  : STS_NOT_FETCHED,
			why);
	else if (answer->status != 200)
		miss(e, STS_NOT_FETCHED, status);
	else if (!is_text(answer))
		miss(e, STS_INVALID, "it is not text/plain");
	else if ((p = sts_policy_read(answer->body, &why)))
		take(e, p);
	else
		miss(e, STS_INVALID, why);
}

/* RFC 8461 section 3.3: no redirects; the certificate must be good for the host. */
void sts_fetch(struct sts_entry *e)
{
	const struct mail_queue_limits *limits = mail_queue_limits(e->s->m);
	char port[8] = "";
	const char *url;

	if (limits->sts_port != 443)
		snprintf(port, sizeof(port), ":%d", limits->sts_port);
	url = arena_printf(e->a, "https://mta-sts.%s%s/.well-known/mta-sts.txt", e->domain, port);
	fetch_start(hearth_fetcher(e->s->m->h), &e->fetch,
		&(struct fetch_request){ .url = url,
			.body_max = STS_TEXT_MAX,
			.patience_ms = STS_PATIENCE_MS,
			.anywhere = limits->private_too,
			.ca = getenv("SSL_CERT_FILE") }, /* as for other servers' mail */
		on_fetched, e);
}
