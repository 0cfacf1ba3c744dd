/*
 * delivery/variant.c: a mail as a group changes it (list/rewrite.h): with a prefix of the Subject, for all who get
 * it through the group, and, for members elsewhere, from the group's address, where the policy of its author's
 * domain (DMARC) would have others refuse it: when it is not signed for that domain, or a prefix breaks
 * the signature, as does what goes of it for members elsewhere: the fields of other lists. What people here write is theirs to change, and signed again.
 *
 * For each member elsewhere it is signed by us, whoever wrote it, with what stands in front of it for them.
 *
 * Each group has its own, once for those here and once for those elsewhere, stored as any message, beside what came:
 * that stays what is archived, sent on for a person, or gets to others. On a worker, bounded by
 * MAIL_VARIANTS_MAX times the message, of which one at a time is in memory; and for each member elsewhere by a
 * signature or two, about a millisecond.
 */
#include "delivery/internal.h"
#include "delivery/parse.h"
#include "hearth/error.h"
#include "hearth/log.h"
#include "list/rewrite.h"
#include "sign/keys.h"

/* What is to be changed of it for some of a group's members. */
struct change {
	const struct mail_list *list;
	bool elsewhere, prefix, from, alone;
};

static bool is_ours(const struct mail_delivery *d)
{
	return d->outgoing.account > 0 || d->waited || d->signs;
}

/* A member elsewhere who gets it now. */
static bool goes_out(const struct mail_remote *r)
{
	return r->group && !r->dropped && !mail_group_waits(r->group);
}

static struct change change_of(const struct mail_delivery *d, struct slice message,
	const struct mail_list *list, bool elsewhere)
{
	struct change c = { .list = list, .elsewhere = elsewhere };

	c.prefix = list_rewrite_lacks(message, list->prefix);
	c.alone = elsewhere && list_rewrite_has_others(message);
	c.from = elsewhere && !is_ours(d) &&
		 (d->outgoing.author == MAIL_AUTHOR_UNSIGNED ||
			 (d->outgoing.author == MAIL_AUTHOR_SIGNED && (c.prefix || c.alone)));
	return c;
}

/* For each of a group's members elsewhere. True: the author's signature says nothing beside that. */
static bool sign_members(struct mail_delivery *d, struct slice message, int64_t list)
{
	struct arena *scratch = arena_new();
	struct slice *fields = arena_zalloc(scratch, d->remote_n * sizeof(*fields));
	struct slice *signatures = arena_zalloc(scratch, d->remote_n * sizeof(*signatures));
	size_t *to = arena_zalloc(scratch, d->remote_n * sizeof(*to));
	size_t n = 0;
	bool same = false;

	for (size_t i = 0; i < d->remote_n; i++)
		if (goes_out(&d->remotes[i]) && d->remotes[i].list->id == list) {
			to[n] = i;
			fields[n++] = d->remotes[i].fields;
		}
	if (n > 0 && d->m->keys)
		same = mail_keys_sign_members(d->m->keys, d->a, message, fields, signatures, n);
	for (size_t i = 0; i < n; i++)
		d->remotes[to[i]].signature = signatures[i];
	same = same && n > 0 && signatures[0].n > 0;
	arena_free(&scratch);
	return same;
}

/* For who is elsewhere: by its author's domain, where that is ours, and as it came. */
static struct slice seal(struct mail_delivery *d, struct slice message, bool is_signed)
{
	struct arena *scratch = arena_new();
	struct strbuf out = { 0 };
	struct slice text;

	if (d->m->keys && is_ours(d) && !is_signed)
		mail_keys_sign(d->m->keys, scratch, message, 0, &out);
	if (d->m->keys && d->gate)
		mail_keys_seal(d->m->keys, scratch, message, d->checked,
			mail_gate_verdict(d->gate)->chain, &out);
	text = arena_slice(d->a, strbuf_slice(&out));
	strbuf_free(&out);
	arena_free(&scratch);
	return text;
}

/* A large one is a blob, as what came is. */
static int store_large(struct mail_delivery *d, struct mail_variant *v, struct buf *bytes)
{
	struct blob_info info;
	int rc = blob_put_wait(d->m->blob, MAIL_BLOBS, bytes, BLOB_TEXT, &info);

	if (rc < 0)
		return rc;
	memcpy(v->key, info.key, sizeof(v->key));
	v->has_blob = true;
	return 0;
}

static int make(struct mail_delivery *d, struct slice message, const struct change *c)
{
	struct mail_variant *v = &d->variants[d->variant_n];
	struct strbuf bytes = { 0 }, address = { 0 };
	struct buf *whole;
	struct slice text;
	int rc = 0;

	*v = (struct mail_variant){ .list = c->list->id, .elsewhere = c->elsewhere };
	strbuf_printf(
		&address, "%.*s@%.*s", SLICE_ARG(c->list->name), SLICE_ARG(mail_domain(d->m)));
	list_rewrite(&bytes, message,
		&(struct list_rewrite){ .prefix = c->prefix ? c->list->prefix : SLICE(""),
			.from = c->from,
			.alone = c->alone,
			.title = c->list->title.n > 0 ? c->list->title : c->list->name,
			.address = strbuf_slice(&address) });
	whole = buf_from_strbuf(&bytes);
	text = buf_slice(whole);
	if (text.n > MAIL_ROW_MAX)
		rc = store_large(d, v, whole);
	else
		mail_message_key(text, v->key);
	if (rc == 0) {
		mail_delivery_parse(d, text, v->key, v->has_blob, &v->content);
		if (c->elsewhere)
			v->seal = seal(d, text, sign_members(d, text, c->list->id));
		d->variant_n++;
	}
	buf_unref(&whole);
	strbuf_free(&address);
	return rc;
}

/* The one for these of a group's members; *v NULL: they get it as it came. */
static int variant_for(struct mail_delivery *d, struct slice message, const struct mail_list *list,
	bool elsewhere, const struct mail_variant **v)
{
	struct change c;
	int rc;

	*v = NULL;
	for (size_t i = 0; d->variants && i < d->variant_n && !*v; i++)
		if (d->variants[i].list == list->id && d->variants[i].elsewhere == elsewhere)
			*v = &d->variants[i];
	if (*v)
		return 0;
	c = change_of(d, message, list, elsewhere);
	if (!c.prefix && !c.from && !c.alone)
		return 0;
	if (d->variant_n == MAIL_VARIANTS_MAX) {
		log_info("mail", "goes through too many groups to be changed for each", "group",
			"%.*s", SLICE_ARG(list->name), NULL);
		return 0;
	}
	if (!d->variants)
		d->variants = arena_zalloc(d->a, MAIL_VARIANTS_MAX * sizeof(*d->variants));
	rc = make(d, message, &c);
	if (rc == 0)
		*v = &d->variants[d->variant_n - 1];
	return rc;
}

static int give_here(struct mail_delivery *d, struct slice message)
{
	int rc = 0;

	for (size_t i = 0; i < d->n && rc == 0; i++) {
		struct mail_target *t = &d->targets[i];
		struct slice trace = t->content.trace, from = t->content.mail_from;

		if (!t->group || t->dropped || mail_group_waits(t->group))
			continue;
		/* Of a thousand members the header is looked at once. */
		if (!t->group->looked)
			rc = variant_for(d, message, t->r.list, false, &t->group->variant);
		t->group->looked = true;
		if (rc < 0 || !t->group->variant)
			continue;
		t->content = t->group->variant->content;
		t->content.trace = trace;
		t->content.mail_from = from;
	}
	return rc;
}

/* Group by group: some of one stand side by side, but not all. */
static int give_elsewhere(struct mail_delivery *d, struct slice message)
{
	const struct mail_variant *v;
	int rc = 0;

	for (size_t i = 0; i < d->remote_n && rc == 0; i++) {
		const struct mail_list *list = d->remotes[i].list;

		if (!goes_out(&d->remotes[i]) || d->remotes[i].made)
			continue;
		rc = variant_for(d, message, list, true, &v);
		if (rc == 0 && !v)
			d->listed = sign_members(d, message, list->id);
		for (size_t k = i; k < d->remote_n && rc == 0; k++)
			if (goes_out(&d->remotes[k]) && d->remotes[k].list->id == list->id) {
				d->remotes[k].variant = v;
				d->remotes[k].made = true;
			}
	}
	return rc;
}

int mail_variants_make(struct mail_delivery *d, struct slice message)
{
	int rc = give_here(d, message);

	return rc < 0 ? rc : give_elsewhere(d, message);
}
