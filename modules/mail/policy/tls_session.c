/*
 * tls_session.c: see tls_session.h. On the loop, but for the write; a copy each until it is written, as
 * many as the database lets wait.
 */
#include "policy/tls_session.h"

#include <stdlib.h>

#include "hearth/arena.h"
#include "hearth/clock.h"
#include "store/tls_session.h"

#define WHY_MAX 200

struct note {
	struct arena *a;
	struct mail_tls_session rows[2];
	size_t n;
};

static int write_note(struct db_tx *tx, void *arg)
{
	const struct note *note = arg;
	int rc = 0;

	for (size_t i = 0; i < note->n && rc == 0; i++)
		rc = mail_store_tls_count(tx, &note->rows[i]);
	return rc;
}

static void on_written(void *arg, int status)
{
	struct note *note = arg;

	(void)status;
	arena_free(&note->a);
	free(note);
}

static struct slice tlsa_lines(struct arena *a, const struct tlsa_set *s)
{
	struct strbuf text = { 0 };
	struct slice lines;

	for (size_t i = 0; i < s->count; i++) {
		if (s->records[i].usage < 0)
			continue;
		tlsa_write(&text, &s->records[i]);
		strbuf_adds(&text, "\n");
	}
	lines = arena_slice(a, strbuf_slice(&text));
	strbuf_free(&text);
	return lines;
}

/* Which policy the host was held to; TLSA that could not be known are one as well. */
static void set_policy(struct note *note, struct mail_tls_session *row, const struct tls_session *s)
{
	const struct sts_policy *sts = s->route->sts;
	enum route_tls tls = s->host->tls;
	bool dane = tls == ROUTE_TLS_DANE || tls == ROUTE_TLS_ENCRYPT ||
		    (tls == ROUTE_TLS_REFUSED && s->host->tlsa_unknown);

	row->policy_type = dane ? SLICE("tlsa") : sts ? SLICE("sts") : SLICE("no-policy-found");
	if (dane && s->host->tlsa)
		row->policy = tlsa_lines(note->a, s->host->tlsa);
	else if (!dane && sts)
		row->policy = arena_slice(note->a, slice_str(sts->text));
}

/* The policy that a domain says it has could not be had: one more failure (section 4.3.2.1). */
static void add_fault(struct note *note, const struct tls_session *s)
{
	static const char *const kinds[] = { [STS_NOT_FETCHED] = "sts-policy-fetch-error",
		[STS_UNTRUSTED] = "sts-webpki-invalid",
		[STS_INVALID] = "sts-policy-invalid" };

	if (s->route->sts_fault == STS_FAULTLESS || s->route->sts)
		return;
	note->rows[note->n] = note->rows[0];
	note->rows[note->n].policy_type = SLICE("sts");
	note->rows[note->n].policy = (struct slice){ 0 };
	note->rows[note->n].result = slice_str(kinds[s->route->sts_fault]);
	note->rows[note->n].why = (struct slice){ 0 };
	note->n++;
}

void tls_session_count(const struct tls_session *s)
{
	struct note *note;

	/* By a relay, or to an address: no domain's mail server. */
	if (s->route->relay || !s->host->name[0])
		return;
	note = mem_zalloc(sizeof(*note));
	note->a = arena_new();
	note->n = 1;
	note->rows[0] = (struct mail_tls_session){ .day = clock_wall_s() / 86400,
		.domain = arena_slice(note->a, slice_str(s->domain)),
		.mx = arena_slice(note->a, slice_str(s->host->name)),
		.address = arena_slice(note->a, slice_str(s->address)),
		.result = slice_str(s->result),
		.why = arena_slice(note->a,
			s->result ? slice_head(slice_str(s->why), WHY_MAX) : (struct slice){ 0 }) };
	set_policy(note, &note->rows[0], s);
	add_fault(note, s);
	if (db_write(s->m->db, write_note, on_written, note) < 0)
		on_written(note, 0);
}

const char *tls_session_fault(enum conn_tls_fault fault)
{
	static const char *const kinds[] = { [CONN_TLS_EXPIRED] = "certificate-expired",
		[CONN_TLS_OTHER_NAME] = "certificate-host-mismatch",
		[CONN_TLS_UNTRUSTED] = "certificate-not-trusted",
		[CONN_TLS_NO_RECORD] = "tlsa-invalid",
		[CONN_TLS_BROKEN] = "validation-failure" };

	return kinds[fault];
}
