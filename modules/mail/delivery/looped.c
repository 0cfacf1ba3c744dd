/*
 * delivery/looped.c: who gets no more of a mail by the way it has come: it has been at their address before, or
 * through their group; nobody wrote it, and it is for a group; or it would come back by an address for reports
 * (address/back.h), and is none. Its header says so: Delivered-To, List-Id, Auto-Submitted, Received.
 *
 * On a worker. The header is gone through once; HOPS_MAX, WAY_MAX bound what is looked at for each recipient.
 */
#include "delivery/internal.h"
#include "hearth/error.h"
#include "mime/header.h"
#include "mime/params.h"

#define HOPS_MAX  100    /* Received fields (RFC 5321 section 6.3) */
#define VALUE_MAX 1000   /* bytes of a value that are looked into */
#define WAY_MAX   32768u /* and of all that is gone by */

static bool has_been_at(struct arena *a, struct slice header, struct slice via)
{
	struct mime_fields it = mime_fields_of(header);
	struct mime_field field;

	while (mime_fields_next(&it, &field))
		if (slice_ieq(field.name, SLICE("Delivered-To")) &&
			slice_ieq(slice_trim(mime_unfold(a, field.value)), via))
			return true;
	return false;
}

/* What a mail says of its way. */
struct way {
	size_t hops;
	struct strbuf fields; /* the few that are gone by, as a header */
};

static bool is_of_way(struct slice name)
{
	return slice_ieq(name, SLICE("Delivered-To")) || slice_ieq(name, SLICE("List-Id")) ||
	       slice_ieq(name, SLICE("Auto-Submitted"));
}

/*
 * The header is gone through once, as long as it is, for recipients who may be a thousand: those look at these
 * fields alone. HEARTH_ECONFLICT: more than any honest way leaves behind.
 */
static int read_way(struct arena *a, struct slice header, struct way *way)
{
	struct mime_fields it = mime_fields_of(header);
	struct mime_field field;

	while (mime_fields_next(&it, &field)) {
		way->hops += slice_ieq(field.name, SLICE("Received"));
		if (!is_of_way(field.name))
			continue;
		if (way->fields.n > WAY_MAX)
			return HEARTH_ECONFLICT;
		strbuf_printf(&way->fields, "%.*s: %.*s\r\n", SLICE_ARG(field.name),
			SLICE_ARG(mime_unfold(a, slice_head(field.value, VALUE_MAX))));
	}
	return way->hops > HOPS_MAX ? HEARTH_ECONFLICT : 0;
}

/* By a group it is not passed on: it came through it before, or nobody wrote it. */
static void drop_groups(struct mail_delivery *d, struct slice header)
{
	bool is_reply = list_header_is_reply(header);

	for (size_t i = 0; i < d->group_n; i++) {
		struct mail_group *g = d->groups[i];

		g->reaches = g->elsewhere = 0;
		g->dropped = is_reply || list_header_has(header, &g->list, mail_domain(d->m));
	}
}

static void note_elsewhere(struct mail_group *g, size_t i)
{
	if (g->elsewhere == 0)
		g->first_elsewhere = i;
	g->elsewhere++;
	g->reaches++;
}

/* A report on its way back to who wrote what was sent on from here (address/back.h). */
static bool comes_back(const struct mail_remote *r)
{
	return r->sent_on && r->via.n == 0 && !r->list;
}

/*
 * RFC 6522: what a mail server writes of a mail. All else that comes from nobody to such an address, which whoever
 * had the mail may know, would be sent in our name to somebody who did not ask; so would what its author's domain
 * does not stand by.
 */
static bool may_come_back(const struct mail_delivery *d, struct slice header)
{
	struct slice type = { NULL, 0 }, subtype = { NULL, 0 };
	struct mime_params params = { .n = 0 };
	struct mime_field f;

	if (d->junk || !mime_field_find(header, SLICE("Content-Type"), &f))
		return false;
	mime_content_type_parse(
		d->a, mime_unfold(d->a, slice_head(f.value, VALUE_MAX)), &type, &subtype, &params);
	return slice_ieq(type, SLICE("multipart")) && slice_ieq(subtype, SLICE("report")) &&
	       slice_ieq(mime_param(&params, SLICE("report-type")), SLICE("delivery-status"));
}

/* Returns how many may not. */
static size_t drop_no_reports(struct mail_delivery *d, struct slice header)
{
	bool looked = false, may = false;
	size_t dropped = 0;

	for (size_t i = 0; i < d->remote_n; i++) {
		struct mail_remote *r = &d->remotes[i];

		if (!comes_back(r))
			continue;
		if (!looked)
			may = may_come_back(d, header);
		looked = true;
		r->dropped = !may;
		dropped += r->dropped;
	}
	return dropped;
}

/* Marks who had it before. Returns how many are left. */
static size_t drop_looped(struct mail_delivery *d, struct slice header)
{
	size_t left = d->bounced_n;

	drop_groups(d, header);
	for (size_t i = 0; i < d->remote_n; i++) {
		struct mail_remote *r = &d->remotes[i];

		/* Of a thousand members of a group the header is read once. */
		if (i > 0 && r->via.n > 0 && slice_eq(r->via, r[-1].via) && r->group == r[-1].group)
			r->dropped = r[-1].dropped;
		else
			r->dropped = r->dropped ||
				     (r->via.n > 0 && has_been_at(d->a, header, r->via)) ||
				     (r->group && r->group->dropped);
		left += !r->dropped;
		if (r->group && !r->dropped)
			note_elsewhere(r->group, i);
	}
	for (size_t i = 0; i < d->n; i++) {
		struct mail_target *t = &d->targets[i];

		if (i > 0 && slice_eq(t->r.address, t[-1].r.address))
			t->looped = t[-1].looped;
		else
			t->looped = has_been_at(d->a, header, t->r.address);
		t->dropped = t->group && t->group->dropped;
		left += !t->dropped;
		if (t->group && !t->dropped)
			t->group->reaches++;
	}
	/* A mail that has waited may be for archives alone. */
	for (size_t i = 0; i < d->group_n && d->n + d->remote_n == 0; i++)
		left += mail_group_keeps(d->groups[i]);
	return left;
}

int mail_delivery_drop_looped(struct mail_delivery *d, struct slice header)
{
	struct way way = { 0 };
	size_t no_reports = drop_no_reports(d, header);
	int rc = read_way(d->a, header, &way);

	if (!d->foreign)
		rc = 0;
	if (rc == 0 && drop_looped(d, strbuf_slice(&way.fields)) == 0)
		rc = no_reports > 0 ? HEARTH_EUNSUPPORTED : HEARTH_ECONFLICT;
	strbuf_free(&way.fields);
	return rc;
}
