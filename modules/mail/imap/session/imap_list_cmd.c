/*
 * imap_list_cmd.c: LIST in both syntaxes (RFC 3501 section 6.3.8, LIST-EXTENDED RFC 5258,
 * LIST-STATUS RFC 5819, SPECIAL-USE RFC 6154, CHILDREN RFC 3348) and LSUB.
 *
 * All names of the account are put in one list: mailboxes, subscriptions, and the superiors of both
 * that are not there themselves. It is sorted so that a mailbox's inferiors follow it at once. Then
 * each name that a pattern means is written, as the selection options ask.
 *
 * On a reader, all of it in one transaction. An account has some thousands of names at most
 * (store/mailbox_create.c, store/subscription.c), each of 32 levels.
 */
#include <stdlib.h>

#include "imap/grammar/imap_match.h"
#include "imap/session/imap_internal.h"

struct name {
	struct slice name;
	int64_t id; /* 0: there is no such mailbox */
	unsigned use;
	bool subscribed;
	bool has_children;     /* mailboxes below it */
	bool child_subscribed; /* subscriptions below it */
};

struct list_job {
	struct name *v;
	size_t n, cap;
	struct slice *patterns; /* with the reference in front */
	size_t pattern_n;
	struct arena *a;
};

/* ---- collecting ---- */

static struct name *add_name(struct list_job *l, struct slice name)
{
	if (l->n == l->cap) {
		struct name *grown;

		l->cap = l->cap ? 2 * l->cap : 64;
		grown = arena_alloc(l->a, l->cap * sizeof(*grown));
		if (l->n)
			memcpy(grown, l->v, l->n * sizeof(*grown));
		l->v = grown;
	}
	l->v[l->n] = (struct name){ .name = name };
	return &l->v[l->n++];
}

static void add_superiors(struct list_job *l, struct slice name)
{
	for (size_t i = 0; i < name.n; i++)
		if (name.p[i] == '/')
			add_name(l, slice_head(name, i));
}

static int take_mailbox(void *arg, const struct mailbox *box)
{
	struct list_job *l = arg;
	struct slice name = arena_slice(l->a, slice_str(box->name));
	struct name *one = add_name(l, name);

	one->id = box->id;
	one->use = box->use;
	add_superiors(l, name);
	return 0;
}

static int take_subscription(void *arg, struct slice text)
{
	struct list_job *l = arg;
	struct slice name = arena_slice(l->a, text);

	add_name(l, name)->subscribed = true;
	add_superiors(l, name);
	return 0;
}

/* By name, with "/" before every other character. */
static int by_name(const void *a, const void *b)
{
	struct slice x = ((const struct name *)a)->name, y = ((const struct name *)b)->name;
	size_t n = x.n < y.n ? x.n : y.n;

	for (size_t i = 0; i < n; i++) {
		int p = x.p[i] == '/' ? 0 : (unsigned char)x.p[i],
		    q = y.p[i] == '/' ? 0 : (unsigned char)y.p[i];

		if (p != q)
			return p < q ? -1 : 1;
	}
	return x.n < y.n ? -1 : x.n > y.n;
}

/* Makes one of those that are the same. */
static void merge(struct list_job *l)
{
	size_t kept = 0;

	if (l->n)
		qsort(l->v, l->n, sizeof(*l->v), by_name);
	for (size_t i = 0; i < l->n; i++) {
		struct name *last = kept ? &l->v[kept - 1] : NULL;

		if (last && slice_eq(last->name, l->v[i].name)) {
			last->id = last->id ? last->id : l->v[i].id;
			last->use |= l->v[i].use;
			last->subscribed |= l->v[i].subscribed;
		} else {
			l->v[kept++] = l->v[i];
		}
	}
	l->n = kept;
}

static bool is_below(struct slice name, struct slice superior)
{
	return name.n > superior.n && name.p[superior.n] == '/' && slice_starts(name, superior);
}

static void look_below(struct list_job *l)
{
	for (size_t i = 0; i < l->n; i++) {
		struct name *one = &l->v[i];

		for (size_t k = i + 1; k < l->n && is_below(l->v[k].name, one->name); k++) {
			one->has_children |= l->v[k].id != 0;
			one->child_subscribed |= l->v[k].subscribed;
			if (one->has_children && one->child_subscribed)
				break;
		}
	}
}

static int collect_names(struct db_tx *tx, struct imap_session *s, struct list_job *l)
{
	const struct imap_list *list = &s->command->list;
	bool lsub = s->command->verb == IMAP_LSUB;
	int rc = 0;

	l->a = s->arena;
	l->n = 0;
	if (!lsub)
		rc = mail_store_mailboxes(tx, s->account.id, take_mailbox, l);
	if (rc == 0 && (lsub || ((list->select | list->returns) & IMAP_LIST_SUBSCRIBED)))
		rc = mail_store_subscriptions(tx, s->account.id, take_subscription, l);
	merge(l);
	look_below(l);
	return rc;
}

/* ---- writing ---- */

static bool matches(const struct list_job *l, struct slice name)
{
	for (size_t i = 0; i < l->pattern_n; i++)
		if (imap_match(l->patterns[i], name, '/'))
			return true;
	return false;
}

/* With a space between two. */
static void add_attribute(struct strbuf *out, const char *attribute)
{
	if (out->n)
		strbuf_addc(out, ' ');
	strbuf_adds(out, attribute);
}

static void write_line(
	struct strbuf *out, const struct name *one, struct slice verb, const char *attributes)
{
	strbuf_printf(out, "* %.*s (%s) \"/\" ", SLICE_ARG(verb), attributes);
	imap_write_mailbox(out, one->name);
}

static void write_list(struct imap_session *s, const struct name *one, bool child_info)
{
	const struct imap_list *list = &s->command->list;
	struct strbuf attributes = { 0 };

	if (!one->id)
		add_attribute(&attributes, list->extended ? "\\NonExistent" : "\\Noselect");
	if (one->subscribed && ((list->select | list->returns) & IMAP_LIST_SUBSCRIBED))
		add_attribute(&attributes, "\\Subscribed");
	add_attribute(&attributes, one->has_children ? "\\HasChildren" : "\\HasNoChildren");
	if (one->use) {
		strbuf_addc(&attributes, ' ');
		imap_write_uses(&attributes, one->use);
	}
	write_line(&s->out, one, SLICE("LIST"), attributes.p);
	if (child_info)
		strbuf_adds(&s->out, " (\"CHILDINFO\" (\"SUBSCRIBED\"))");
	strbuf_adds(&s->out, "\r\n");
	strbuf_free(&attributes);
}

static int write_status(struct db_tx *tx, struct imap_session *s, const struct name *one)
{
	struct mailbox box;
	int rc;

	if (!(s->command->list.returns & IMAP_LIST_STATUS) || !one->id)
		return 0;
	rc = mail_store_mailbox_by_id(tx, one->id, &box);
	return rc < 0 ? rc : imap_write_status_of(tx, &box, s->command->list.status, &s->out);
}

/* LIST of one name that a pattern means. */
static int list_one(struct db_tx *tx, struct imap_session *s, const struct name *one)
{
	unsigned select = s->command->list.select;
	bool child_info = (select & IMAP_LIST_RECURSIVEMATCH) && (select & IMAP_LIST_SUBSCRIBED) &&
			  one->child_subscribed;
	bool chosen = one->id || one->has_children;

	if (select & IMAP_LIST_SUBSCRIBED)
		chosen = one->subscribed || child_info;
	if (select & IMAP_LIST_SPECIAL_USE)
		chosen = chosen && one->use;
	if (!chosen)
		return 0;
	write_list(s, one, child_info);
	return write_status(tx, s, one);
}

/* LSUB: what is not subscribed itself, but has subscriptions below it, is named for %. */
static void lsub_one(struct imap_session *s, const struct name *one)
{
	bool percent = slice_chr(s->command->list.patterns.items[0], '%') >= 0;

	if (!one->subscribed && !(percent && one->child_subscribed))
		return;
	write_line(&s->out, one, SLICE("LSUB"), one->subscribed ? "" : "\\Noselect");
	strbuf_adds(&s->out, "\r\n");
}

static int list_names(struct db_tx *tx, void *arg)
{
	struct imap_session *s = arg;
	struct list_job *l = s->job;
	int rc = collect_names(tx, s, l);

	for (size_t i = 0; i < l->n && rc == 0; i++) {
		if (!matches(l, l->v[i].name))
			continue;
		if (s->command->verb == IMAP_LSUB)
			lsub_one(s, &l->v[i]);
		else
			rc = list_one(tx, s, &l->v[i]);
	}
	return rc;
}

static void on_listed(struct imap_session *s, int status)
{
	if (status < 0)
		imap_reply_error(s, status);
	else
		imap_ok(s, s->command->verb == IMAP_LSUB ? "LSUB done" : "LIST done");
}

void imap_do_list(struct imap_session *s)
{
	const struct imap_list *list = &s->command->list;
	struct list_job *l = ARENA_NEW(s->arena, struct list_job);

	if (list->patterns.n == 1 && list->patterns.items[0].n == 0) {
		imap_write_untagged(
			&s->out, "%s (\\Noselect) \"/\" \"\"", imap_verb_name(s->command->verb));
		imap_ok(s, "LIST done");
		return;
	}
	l->patterns = arena_alloc(s->arena, list->patterns.n * sizeof(*l->patterns));
	for (; l->pattern_n < list->patterns.n; l->pattern_n++)
		l->patterns[l->pattern_n] = imap_match_pattern(
			s->arena, list->reference, list->patterns.items[l->pattern_n]);
	s->job = l;
	imap_run_read(s, list_names, on_listed);
}
