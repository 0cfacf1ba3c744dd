/*
 * receive.c: see receive.h. On a worker, but for what is kept; at most REPORTS_OF_MAIL_MAX attachments of
 * REPORT_PACKED_MAX bytes are looked into.
 */
#include "report/receive.h"

#include "hearth/clock.h"
#include "hearth/log.h"
#include "mime/structure.h"
#include "report/rua.h"
#include "store/report.h"

bool reports_come_to(const struct mail *m, struct slice address)
{
	struct slice domain = rua_domain(address);

	return slice_istarts(address, SLICE("postmaster@")) && mail_domain_is_local(m, domain);
}

/* By its type, or its name where senders know no better (RFC 8460 section 5.3, RFC 9990 section 3.5.2). */
static bool may_be_report(struct arena *a, const struct mime_part *p)
{
	static const char *const types[] = { "gzip", "x-gzip", "zip", "x-zip-compressed", "xml",
		"tlsrpt+gzip", "tlsrpt+json" };
	static const char *const ends[] = { ".xml", ".gz", ".zip", ".json" };
	struct slice name = mime_part_filename(a, p);

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (mime_part_is(p, SLICE("application"), slice_str(types[i])))
			return true;
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
		if (name.n > strlen(ends[i]) &&
			slice_ieq(slice_skip(name, name.n - strlen(ends[i])), slice_str(ends[i])))
			return true;
	return mime_part_is(p, SLICE("text"), SLICE("xml"));
}

/* What was read, without all that it was read from. */
static void copy(struct arena *a, struct report_read *out, const struct report_read *r)
{
	*out = *r;
	out->organization = arena_slice(a, r->organization);
	out->contact = arena_slice(a, r->contact);
	out->id = arena_slice(a, r->id);
	out->domain = arena_slice(a, r->domain);
	out->rows = arena_dup(a, r->rows, r->count * sizeof(*r->rows));
	for (size_t i = 0; i < r->count; i++) {
		struct report_row *row = &out->rows[i];
		struct slice *const texts[] = { &row->source, &row->result, &row->dkim, &row->spf,
			&row->detail };

		for (size_t k = 0; k < sizeof(texts) / sizeof(texts[0]); k++)
			*texts[k] = arena_slice(a, *texts[k]);
	}
}

static bool read_part(
	struct arena *a, struct slice message, const struct mime_part *p, struct report_read *out)
{
	struct arena *scratch = arena_new();
	struct report_read read;
	struct strbuf bytes = { 0 }, text = { 0 };
	struct mime_decoder d;
	bool good = false;

	if (p->decoded_size <= REPORT_PACKED_MAX) {
		mime_decoder_init(&d, p->encoding);
		mime_decoder_add(&d, &bytes, mime_part_body(message, p));
		mime_decoder_end(&d, &bytes);
		good = report_unpack(&text, strbuf_slice(&bytes)) &&
		       report_read(scratch, strbuf_slice(&text), &read);
		if (good)
			copy(a, out, &read);
	}
	arena_free(&scratch);
	strbuf_free(&bytes);
	strbuf_free(&text);
	return good;
}

struct reports_found *reports_find(const struct mail *m, struct arena *a, struct slice message)
{
	struct arena *scratch = arena_new();
	struct reports_found *found = ARENA_NEW(a, struct reports_found);
	const struct mime_part *root = mime_structure_parse(scratch, message, NULL);
	size_t tried = 0;

	for (const struct mime_part *p = root; p && tried < REPORTS_OF_MAIL_MAX;
		p = mime_part_after(root, p)) {
		struct report_read *r = &found->list[found->count];

		if (p->kind != MIME_LEAF || !may_be_report(scratch, p))
			continue;
		tried++;
		if (!read_part(a, message, p, r))
			continue;
		if (mail_domain_is_local(m, r->domain))
			found->count++;
		else
			log_info("reports", "a report on another's domain is not kept", "domain",
				"%.*s", SLICE_ARG(r->domain), NULL);
	}
	arena_free(&scratch);
	return found->count > 0 ? found : NULL;
}

int reports_keep(struct db_tx *tx, const struct reports_found *found)
{
	int rc = 0;

	for (size_t i = 0; found && i < found->count && rc == 0; i++)
		rc = mail_store_report_add(tx, &found->list[i], clock_wall_s());
	return rc;
}
