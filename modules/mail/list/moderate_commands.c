/*
 * list/moderate_commands.c: hearth list held|approve|reject: what waits for an owner's word, beside a running
 * server, which is told by an event. On a command's main thread.
 */
#include <stdio.h>

#include "hearth/clock.h"
#include "hearth/error.h"
#include "list/list.h"
#include "mail.h"
#include "queue/orders.h"
#include "store/moderated.h"

struct order {
	int64_t group, id;
	struct strbuf text; /* what is to be printed */
};

/* NAME, and an ID where `numbered`; an exit code, or -1 to go on. */
static int read_order(struct hearth *h, int argc, char **argv, bool numbered, struct order *o)
{
	const struct accounts *accounts = hearth_service(h, "accounts");

	*o = (struct order){ .id = 0 };
	if (argc != (numbered ? 2 : 1) ||
		(numbered && slice_i64(slice_str(argv[1]), 1, INT64_MAX, &o->id) < 0)) {
		fprintf(stderr, "hearth: expected the NAME of a group%s\n",
			numbered ? " and the number of a mail" : "");
		return 2;
	}
	if (accounts->group_by_address_wait(accounts->self, slice_str(argv[0]), &o->group) < 0) {
		fprintf(stderr, "hearth: %s: no such group\n", argv[0]);
		return 1;
	}
	return -1;
}

/* What others sent goes to a terminal: without control characters. */
static void add_text(struct strbuf *out, struct slice text)
{
	for (size_t i = 0; i < text.n; i++)
		strbuf_addc(
			out, (unsigned char)text.p[i] < ' ' || text.p[i] == 0x7f ? ' ' : text.p[i]);
}

static int write_one(void *arg, const struct mail_moderated *m)
{
	struct order *o = arg;

	strbuf_printf(&o->text, "%lld\t%lld\t", (long long)m->id, (long long)m->size);
	add_text(&o->text, m->mail_from);
	strbuf_addc(&o->text, '\t');
	add_text(&o->text, m->subject);
	strbuf_addc(&o->text, '\n');
	return 0;
}

static int tx_list(struct db_tx *tx, void *arg)
{
	struct order *o = arg;

	strbuf_reset(&o->text);
	return mail_store_moderated_list(tx, o->group, write_one, o);
}

int mail_run_list_held(struct hearth *h, int argc, char **argv)
{
	struct order o;
	int code = read_order(h, argc, argv, false, &o), rc;

	if (code >= 0)
		return code;
	rc = db_read_wait(hearth_db(h, "mail"), tx_list, &o);
	if (rc == 0 && o.text.n > 0)
		fwrite(o.text.p, 1, o.text.n, stdout);
	strbuf_free(&o.text);
	return rc == 0 ? 0 : 1;
}

static int tx_approve(struct db_tx *tx, void *arg)
{
	const struct order *o = arg;
	int rc = mail_store_moderated_release(tx, o->group, o->id, clock_wall_ms());

	return rc < 0 ? rc : bus_publish(tx, MAIL_TOPIC_QUEUE, SLICE("command"), SLICE("{}"));
}

static int tx_reject(struct db_tx *tx, void *arg)
{
	const struct order *o = arg;

	return mail_store_moderated_drop(tx, o->group, o->id);
}

static int decide(struct hearth *h, int argc, char **argv, db_fn *fn, const char *what)
{
	struct order o;
	int code = read_order(h, argc, argv, true, &o), rc;

	if (code >= 0)
		return code;
	rc = db_write_wait(hearth_db(h, "mail"), fn, &o);
	if (rc < 0)
		fprintf(stderr, "hearth: %s: %s\n", argv[1],
			rc == HEARTH_ENOTFOUND ? "no such mail waits in this group"
					       : error_name(rc));
	else
		printf("%s: %s\n", argv[1], what);
	return rc < 0 ? 1 : 0;
}

int mail_run_list_approve(struct hearth *h, int argc, char **argv)
{
	return decide(h, argc, argv, tx_approve, "let go");
}

int mail_run_list_reject(struct hearth *h, int argc, char **argv)
{
	return decide(h, argc, argv, tx_reject, "thrown away");
}
