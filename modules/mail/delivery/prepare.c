/*
 * delivery/prepare.c: makes of a message's bytes what each of its recipients gets (internal.h).
 *
 * It is parsed once, however many get it; what differs is the trace, which stands in front, and is
 * made once an address. On a worker. Parsing is linear in the size of the message and bounded by
 * mime/structure.h; one larger than is kept in memory is read back whole, and so has taken a turn
 * before it comes here (turns.h).
 */
#include "delivery/internal.h"
#include "delivery/parse.h"
#include "hearth/clock.h"
#include "hearth/error.h"
#include "hearth/log.h"
#include "list/leave.h"
#include "message.h"
#include "mime/header.h"
#include "packing.h"
#include "report/receive.h"
#include "sign/keys.h"
#include "smtp/smtp_idn.h"
#include "store/archive.h"

/* For this member, elsewhere by a negative number: the link to leave is theirs. */
static struct slice list_fields(
	struct mail_delivery *d, const struct mail_list *list, int64_t member)
{
	struct strbuf url = { 0 }, out = { 0 };
	char token[LEAVE_TOKEN_MAX];
	struct slice fields;

	hearth_url(d->m->h, &url);
	if (d->m->has_srs_key)
		leave_token(d->m->leave_key, list->id, member, clock_wall_s(), token);
	list_header_write(&out, list, mail_domain(d->m), strbuf_slice(&url),
		d->m->has_srs_key ? token : NULL,
		d->junk ? SLICE("") : mail_archive_name(slice_str(d->key)));
	fields = arena_slice(d->a, strbuf_slice(&out));
	strbuf_free(&url);
	strbuf_free(&out);
	return fields;
}

/* The archive is read by who has an account here. */
static struct slice fields_elsewhere(struct mail_delivery *d, const struct mail_remote *r)
{
	struct mail_list list = *r->list;

	list.archived = false;
	return list_fields(d, &list, -r->member);
}

/* Return-Path and Delivered-To stand above Received (RFC 5321 section 4.4, RFC 9228). */
static struct slice trace_for(struct mail_delivery *d, const struct mail_target *t)
{
	const struct mail_recipient *r = &t->r;
	struct strbuf out = { 0 };
	struct slice trace;

	if (r->use)
		return r->head;
	if (r->address.n) {
		strbuf_printf(&out, "Return-Path: <%.*s>\r\n", SLICE_ARG(d->mail_from));
		strbuf_printf(&out, "Delivered-To: %.*s\r\n", SLICE_ARG(r->address));
	}
	strbuf_add(&out, d->checked);
	strbuf_add(&out, d->received);
	strbuf_add(&out, t->list_fields);
	trace = arena_slice(d->a, strbuf_slice(&out));
	strbuf_free(&out);
	return trace;
}

static void keep(struct arena *a, struct mail_content *c)
{
	struct slice *all[] = { &c->envelope, &c->body, &c->bodystructure, &c->structure,
		&c->header, &c->fields, &c->subject, &c->from, &c->to, &c->msgid, &c->answers,
		&c->preview };

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		*all[i] = arena_slice(a, *all[i]);
}

/* RFC 8689 section 5: one such field, and what MAIL said counts for more. */
static bool waives_tls(struct arena *a, struct slice header)
{
	struct mime_field field;

	return mime_field_find(header, SLICE("TLS-Required"), &field) &&
	       slice_ieq(slice_trim(mime_unfold(a, field.value)), SLICE("No"));
}

/* Of mail for elsewhere: the signatures, in front of Received. */
static struct slice signed_trace(struct mail_delivery *d, struct slice message)
{
	struct arena *scratch = arena_new();
	struct strbuf out = { 0 };

	mail_keys_sign(d->m->keys, scratch, message, d->hold_ms / 1000, &out);
	d->signature = arena_slice(d->a, strbuf_slice(&out));
	strbuf_free(&out);
	arena_free(&scratch);
	return slice_str(
		arena_printf(d->a, "%.*s%.*s", SLICE_ARG(d->signature), SLICE_ARG(d->received)));
}

/* Whether its header goes only to who knows SMTPUTF8 (RFC 6532): it is beyond ASCII. */
static bool is_wide(struct slice message)
{
	while (message.n > 0) {
		struct slice line = slice_split(&message, '\n');

		if (line.n == 0 || slice_eq(line, SLICE("\r")))
			return false;
		if (!smtp_is_ascii(line))
			return true;
	}
	return false;
}

void mail_delivery_parse(struct mail_delivery *d, struct slice bytes, const char *key,
	bool has_blob, struct mail_content *out)
{
	struct arena *scratch = arena_new();

	mail_message_parse(scratch, bytes, out);
	keep(d->a, out);
	out->blob_key = slice_str(key);
	out->fields_inside = d->m->shared;
	if (!has_blob)
		out->message = d->m->shared ? mail_pack_bare(d->a, bytes)
					    : mail_pack(d->a, bytes, out->fields);
	arena_free(&scratch);
}

/*
 * The message is parsed once, however many get it: each address has a trace of its own, in front of
 * what was parsed. The members of a group share its address.
 */
static void parse_once(struct mail_delivery *d, struct slice blob, struct slice header)
{
	struct mail_content content;

	mail_delivery_parse(d, blob, d->key, d->has_blob, &content);
	for (size_t i = 0; i < d->n; i++) {
		struct mail_target *t = &d->targets[i];

		t->content = content;
		if (t->r.list)
			t->list_fields = list_fields(d, t->r.list, t->r.account);
		if (i > 0 && !t->r.use && !t->r.list && !d->targets[i - 1].r.list &&
			slice_eq(t->r.address, d->targets[i - 1].r.address))
			t->content.trace = d->targets[i - 1].content.trace;
		else
			t->content.trace = trace_for(d, t);
		if (t->r.address.n)
			t->content.mail_from = d->mail_from;
	}
	for (size_t i = 0; i < d->remote_n; i++)
		if (d->remotes[i].list)
			d->remotes[i].fields = fields_elsewhere(d, &d->remotes[i]);
	d->outgoing.content = content;
	d->outgoing.content.trace = d->remote_n && d->signs ? signed_trace(d, blob) : d->received;
	d->outgoing.mail_from = d->mail_from;
	d->outgoing.utf8 = d->outgoing.utf8 && is_wide(blob);
	if (d->outgoing.tls == MAIL_TLS_AS_IS && waives_tls(d->a, header))
		d->outgoing.tls = MAIL_TLS_WAIVED;
}

/* The quota as it is now: a session may be older. */
static int ask_quota(struct mail_delivery *d, struct mail_target *t)
{
	const struct accounts *accounts = d->m->accounts;
	struct account account;
	int rc = accounts->by_id_wait(accounts->self, t->r.account, &account);

	if (rc == 0)
		rc = accounts->elsewhere_wait(accounts->self, "mail", &account, 1);
	t->r.quota = rc == 0 ? account.quota : 0;
	t->r.elsewhere = rc == 0 ? account.elsewhere : 0;
	return rc;
}

/* In whose name it is, beside the envelope's sender, who was looked at before. */
static int check_authors(struct mail_delivery *d)
{
	const struct accounts *accounts = d->m->accounts;
	int rc = 0;

	for (size_t i = 0; i < d->author_n && rc == 0; i++)
		rc = accounts->may_write_as_wait(accounts->self, d->sender, d->authors[i]);
	return rc == HEARTH_EDENIED ? HEARTH_EUNSUPPORTED : rc;
}

static int read_blob(struct mail_delivery *d, struct buf **stored)
{
	return d->in_memory ? 0 : blob_get_wait(d->m->blob, d->key, 0, d->size, stored);
}

/* Of others on our domains; once, for all who read postmaster's mail. */
static void find_reports(struct mail_delivery *d, struct slice blob)
{
	for (size_t i = 0; i < d->n; i++)
		if (reports_come_to(d->m, d->targets[i].r.address)) {
			d->reports = reports_find(d->m, d->a, blob);
			return;
		}
}

/* One that is too large to be kept in memory is read back. */
void mail_delivery_prepare(void *delivery)
{
	struct mail_delivery *d = delivery;
	struct buf *stored = NULL;
	struct slice blob, header;

	INVARIANT(d->done && !mail_delivery_is_empty(d) && !d->has_nul);
	INVARIANT(d->has_blob || (d->in_memory && d->bytes.n <= MAIL_ROW_MAX));
	d->status = check_authors(d);
	if (d->status == 0)
		d->status = read_blob(d, &stored);
	if (d->status < 0)
		return;
	blob = stored ? buf_slice(stored) : strbuf_slice(&d->bytes);
	header = slice_head(blob, mime_header_size(blob));
	parse_once(d, blob, header);
	find_reports(d, blob);
	if (d->bounced_n > 0 && !d->junk)
		d->bounce = list_bounce_read(blob, d->bounce_status);
	d->status = mail_delivery_drop_looped(d, header);
	/* Before the work, which is done for nobody beyond the bound. */
	if (d->status == 0)
		d->status = mail_forwarding_may(d);
	for (size_t i = 0; i < d->remote_n && !d->sealed && d->status == 0; i++)
		if (d->remotes[i].via.n > 0)
			mail_forwarding_seal(d, blob);
	if (stored)
		mail_filter_read(d->a, blob, &d->facts);
	d->has_facts = stored != NULL;
	if (d->status == 0)
		d->status = mail_variants_make(d, blob);
	buf_unref(&stored);
	for (size_t i = 0; i < d->n && d->status == 0; i++)
		if (d->targets[i].r.ask_quota)
			d->status = ask_quota(d, &d->targets[i]);
}

void mail_delivery_seal(void *delivery)
{
	struct mail_delivery *d = delivery;
	struct buf *stored = NULL;

	d->status = read_blob(d, &stored);
	if (d->status == 0)
		mail_forwarding_seal(d, stored ? buf_slice(stored) : strbuf_slice(&d->bytes));
	buf_unref(&stored);
}
