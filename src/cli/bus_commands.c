/*
 * bus_commands.c: hearth bus list, retry, forget. They look at the registers of the databases that
 * are open, which are those of the modules that are enabled, also while the server runs; what they
 * change the server finds within a second.
 *
 * In a process of its own, on its one thread.
 */
#include "cli/bus_commands.h"

#include <stdio.h>

#include "bus/outbox.h"
#include "bus/register.h"
#include "db/database.h"
#include "hearth/clock.h"
#include "hearth/error.h"
#include "hearth/log.h"
#include "kernel/kernel.h"
#include "modules.h"

#define FAILED    1
#define MISUSED   2
#define COUNT_MAX 1000000 /* events that are counted */
#define SHOWN_MAX 100     /* of those set aside */

const char help_bus_list[] =
	"A line for each subscription: how many events wait for it, for how long the oldest of\n"
	"them has, how many were set aside because it failed on them too often, and whether its\n"
	"module is on. For one whose module is off events are kept, a million at most: it takes\n"
	"them when it is on again; `hearth bus forget` ends that. With NAME: what was set aside.\n"
	"Exit codes: 0 done; 1 failed, or there is no such subscription; 2 misused.\n";
const char help_bus_retry[] =
	"The server takes them within a second, or when it starts, one after the other and before\n"
	"later ones. What fails once more stays set aside, and the log says why.\n"
	"Exit codes: 0 done; 1 failed; 2 misused.\n";
const char help_bus_forget[] =
	"For a module that will not come back: the events that wait for it are removed, and none\n"
	"are kept from now on. If it is enabled after all, it goes on with what is there then.\n"
	"Exit codes: 0 done; 1 failed: there is no such subscription, or its module is on; 2 "
	"misused.\n";

enum state {
	UNKNOWN, /* to this program */
	OFF,
	ON,
};

static enum state state_of(const struct hearth *h, const char *name)
{
	enum state state = UNKNOWN;

	for (const struct hearth_module *const *m = hearth_modules; *m; m++)
		for (const struct bus_subscription *s = (*m)->subscriptions; s && s->topic; s++) {
			if (strcmp(s->name, name) != 0)
				continue;
			state = OFF;
			for (int i = 0; i < h->module_count; i++)
				if (h->modules[i] == *m)
					return ON;
		}
	return state;
}

static struct db *database_of(const struct hearth *h, const char *name)
{
	for (int i = 0; i < h->db_count; i++)
		if (strcmp(h->db_names[i], name) == 0)
			return h->dbs[i];
	return NULL;
}

static int open_databases(struct hearth *h)
{
	log_set_level(LOG_WARN);
	return kernel_open(h);
}

static int misused(const char *usage)
{
	fprintf(stderr, "hearth: %s\n", usage);
	return MISUSED;
}

static int failed(const char *what, int rc)
{
	fprintf(stderr, "hearth: %s: %s\n", what, error_name(rc));
	return FAILED;
}

/* ---- list ---- */

/* What is known of a subscription, over all sources. */
struct line {
	const char *name, *topic, *database;
	const char *source; /* the one that is looked at, and what is found there */
	int64_t position, there, there_ms;
	int64_t waiting, oldest_ms; /* 0: none */
	int64_t dead;               /* -1: not known, its database is not open */
};

static int read_behind(struct db_tx *tx, void *arg)
{
	struct line *l = arg;

	return outbox_behind(tx, l->topic, l->position, COUNT_MAX, &l->there, &l->there_ms);
}

static void add_behind(struct line *l)
{
	l->waiting += l->there;
	if (l->there > 0 && (l->oldest_ms == 0 || l->there_ms < l->oldest_ms))
		l->oldest_ms = l->there_ms;
}

static int read_position(struct db_tx *tx, void *arg)
{
	struct line *l = arg;
	int64_t position;
	int attempts, rc = cursor_read(tx, l->name, l->source, &position, &attempts);

	if (rc == 0 && position > l->position)
		l->position = position;
	return rc;
}

static int read_dead(struct db_tx *tx, void *arg)
{
	struct line *l = arg;

	return db_get_int(tx, &l->dead, "SELECT count(*) FROM bus_dead WHERE subscription = $1",
		db_str(l->name));
}

struct reading {
	struct arena *arena;
	struct registered *list;
};

static int read_register(struct db_tx *tx, void *arg)
{
	struct reading *r = arg;

	return register_read(tx, r->arena, &r->list);
}

/* Adds one database's register to the lines. */
static int look_at_source(const struct hearth *h, struct db *source, struct reading *r,
	struct line *lines, size_t max, size_t *count)
{
	int rc = db_read_wait(source, read_register, r);

	for (const struct registered *e = r->list; e && rc == 0; e = e->next) {
		struct db *into = database_of(h, e->database);
		size_t i = 0;

		if (e->position == REGISTER_FORGOTTEN)
			continue;
		while (i < *count && (strcmp(lines[i].name, e->name) != 0 ||
					     strcmp(lines[i].topic, e->topic) != 0))
			i++;
		if (i == max)
			continue;
		if (i == *count)
			lines[(*count)++] = (struct line){ .name = e->name,
				.topic = e->topic,
				.database = e->database,
				.dead = -1 };
		lines[i].position = e->position;
		lines[i].source = db_name(source);
		if (into)
			rc = db_read_wait(into, read_position, &lines[i]);
		if (rc == 0 && into)
			rc = db_read_wait(into, read_dead, &lines[i]);
		if (rc == 0)
			rc = db_read_wait(source, read_behind, &lines[i]);
		if (rc == 0)
			add_behind(&lines[i]);
	}
	return rc;
}

/* Appends "12 s", "5 min", "3 h", "2 days". */
static void add_age(struct strbuf *out, int64_t ms)
{
	static const struct {
		int64_t from_s, size_s;
		const char *unit;
	} units[] = { { 172800, 86400, "days" }, { 7200, 3600, "h" }, { 120, 60, "min" },
		{ 0, 1, "s" } };
	int64_t s = ms > 0 ? ms / 1000 : 0;
	size_t i = 0;

	while (s < units[i].from_s)
		i++;
	strbuf_printf(out, "%lld %s", (long long)(s / units[i].size_s), units[i].unit);
}

static void print_line(const struct hearth *h, const struct line *l)
{
	static const char *const states[] = { "unknown to this program", "off", "on" };
	struct strbuf age = { 0 }, dead = { 0 };

	if (l->waiting > 0)
		add_age(&age, clock_wall_ms() - l->oldest_ms);
	if (l->dead >= 0)
		strbuf_printf(&dead, "%lld", (long long)l->dead);
	printf("%-20s %-28s %8lld %10s %9s  %s\n", l->name, l->topic, (long long)l->waiting,
		age.p ? age.p : "-", dead.p ? dead.p : "?", states[state_of(h, l->name)]);
	strbuf_free(&age);
	strbuf_free(&dead);
}

struct dead_list {
	const char *name;
	struct strbuf out;
};

static int add_dead(struct db_rows *rows, void *arg)
{
	struct strbuf *out = arg;

	strbuf_printf(out, "  %.*s %lld of %.*s, set aside ", SLICE_ARG(db_col_text(rows, 2)),
		(long long)db_col_int(rows, 1), SLICE_ARG(db_col_text(rows, 0)));
	add_age(out, clock_wall_ms() - db_col_int(rows, 3));
	strbuf_printf(out, " ago: %s%s\n", error_name((int)db_col_int(rows, 4)),
		db_col_int(rows, 5) ? "; it is tried again" : "");
	return 0;
}

static int list_dead(struct db_tx *tx, void *arg)
{
	struct dead_list *d = arg;

	strbuf_reset(&d->out);
	return db_each(tx, add_dead, &d->out,
		"SELECT source, position, topic, dead_ms, error, again FROM bus_dead"
		" WHERE subscription = $1 ORDER BY id DESC LIMIT $2",
		db_str(d->name), db_int(SHOWN_MAX));
}

static int print_dead(const struct hearth *h, const struct line *l)
{
	struct dead_list d = { .name = l->name };
	int rc = l->dead > 0 ? db_read_wait(database_of(h, l->database), list_dead, &d) : 0;

	if (rc == 0 && d.out.n)
		fwrite(d.out.p, 1, d.out.n, stdout);
	strbuf_free(&d.out);
	return rc;
}

int run_bus_list(struct hearth *h, int argc, char **argv)
{
	struct reading r = { 0 };
	struct line lines[64];
	size_t count = 0;
	bool found = false;
	int rc;

	if (argc > 1)
		return misused("hearth bus list [NAME]");
	r.arena = arena_new();
	rc = open_databases(h);
	for (int i = 0; i < h->db_count && rc == 0; i++)
		rc = look_at_source(
			h, h->dbs[i], &r, lines, sizeof(lines) / sizeof(lines[0]), &count);
	printf("%-20s %-28s %8s %8s %-4s %9s  %s\n", "SUBSCRIBER", "EVENTS", "WAITING", "OLDEST",
		"", "SET ASIDE", "MODULE");
	for (size_t i = 0; i < count && rc == 0; i++) {
		if (argc == 1 && strcmp(lines[i].name, argv[0]) != 0)
			continue;
		found = true;
		print_line(h, &lines[i]);
		if (argc == 1)
			rc = print_dead(h, &lines[i]);
	}
	arena_free(&r.arena);
	if (rc < 0)
		return failed("the registers cannot be read", rc);
	if (argc == 1 && !found) {
		fprintf(stderr, "hearth: no subscription is called %s\n", argv[0]);
		return FAILED;
	}
	return 0;
}

/* ---- retry, forget ---- */

struct change {
	const char *name; /* NULL: all */
	int64_t rows;
};

static int ask_again(struct db_tx *tx, void *arg)
{
	struct change *c = arg;
	int n = dead_ask_again(tx, c->name);

	c->rows = n;
	return n < 0 ? n : 0;
}

static int forget(struct db_tx *tx, void *arg)
{
	struct change *c = arg;
	int n = register_forget(tx, c->name);

	c->rows = n;
	return n < 0 ? n : 0;
}

/* In every database; the sum of the rows, or an error. */
static int64_t change_all(const struct hearth *h, db_fn *fn, const char *name)
{
	int64_t rows = 0;

	for (int i = 0; i < h->db_count; i++) {
		struct change c = { .name = name };
		int rc = db_write_wait(h->dbs[i], fn, &c);

		if (rc < 0)
			return rc;
		rows += c.rows;
	}
	return rows;
}

int run_bus_retry(struct hearth *h, int argc, char **argv)
{
	int64_t n;

	if (argc > 1)
		return misused("hearth bus retry [NAME]");
	if (argc == 1 && state_of(h, argv[0]) == UNKNOWN) {
		fprintf(stderr, "hearth: no subscription is called %s\n", argv[0]);
		return FAILED;
	}
	if (open_databases(h) < 0)
		return FAILED;
	n = change_all(h, ask_again, argc == 1 ? argv[0] : NULL);
	if (n < 0)
		return failed("they could not be asked for", (int)n);
	printf("%lld events are tried again\n", (long long)n);
	return 0;
}

int run_bus_forget(struct hearth *h, int argc, char **argv)
{
	int64_t n;

	if (argc != 1)
		return misused("name one subscription: hearth bus forget NAME");
	if (state_of(h, argv[0]) == ON) {
		fprintf(stderr, "hearth: the module of %s is on: it takes its events itself\n",
			argv[0]);
		return FAILED;
	}
	if (open_databases(h) < 0)
		return FAILED;
	n = change_all(h, forget, argv[0]);
	if (n < 0)
		return failed("it could not be forgotten", (int)n);
	if (n == 0) {
		fprintf(stderr, "hearth: no subscription is called %s\n", argv[0]);
		return FAILED;
	}
	printf("no events are kept for %s any more\n", argv[0]);
	return 0;
}
