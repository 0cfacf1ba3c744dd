/*
 * report_commands.c: `hearth reports list` and `show`: what others report of our domains, as lines of a
 * table. On the main thread of a command.
 */
#include "report/report_commands.h"

#include <stdio.h>
#include <time.h>

#include "hearth/error.h"
#include "store/report.h"

#define LIST_MAX 1000

static void print_day(int64_t s)
{
	char text[16];
	struct tm tm;
	time_t t = (time_t)s;

	gmtime_r(&t, &tm);
	strftime(text, sizeof(text), "%Y-%m-%d", &tm);
	fputs(text, stdout);
}

static int print_report(void *arg, const struct mail_report *r)
{
	(void)arg;
	printf("%lld\t%.*s\t", (long long)r->id, SLICE_ARG(r->kind));
	print_day(r->begin_s);
	printf("\t%.*s\t%.*s\t%lld\t%lld\n", SLICE_ARG(r->domain), SLICE_ARG(r->organization),
		(long long)r->passed, (long long)r->failed);
	return 0;
}

static int print_list(struct db_tx *tx, void *arg)
{
	(void)arg;
	return mail_store_report_list(tx, SLICE(""), SLICE(""), 0, LIST_MAX, print_report, NULL);
}

static int print_row(void *arg, const struct report_row *r)
{
	(void)arg;
	printf("%lld\t%.*s\t%.*s\t%.*s\t%.*s\t%.*s\n", (long long)r->count, SLICE_ARG(r->source),
		SLICE_ARG(r->result), SLICE_ARG(r->dkim), SLICE_ARG(r->spf), SLICE_ARG(r->detail));
	return 0;
}

static int print_one(struct db_tx *tx, void *arg)
{
	const int64_t *id = arg;
	struct arena *a = arena_new();
	struct mail_report r;
	int rc = mail_store_report_get(tx, *id, a, &r);

	if (rc == 0) {
		print_report(NULL, &r);
		rc = mail_store_report_rows(tx, *id, print_row, NULL);
	}
	arena_free(&a);
	return rc;
}

static int answer(int rc)
{
	if (rc < 0)
		fprintf(stderr, "hearth: %s\n",
			rc == HEARTH_ENOTFOUND ? "there is no such report" : error_name(rc));
	return rc < 0 ? 1 : 0;
}

int mail_run_reports_list(struct hearth *h, int argc, char **argv)
{
	(void)argv;
	if (argc != 0) {
		fprintf(stderr, "hearth: `hearth reports list` takes no words\n");
		return 2;
	}
	return answer(db_read_wait(hearth_db(h, "mail"), print_list, NULL));
}

int mail_run_reports_show(struct hearth *h, int argc, char **argv)
{
	int64_t id;

	if (argc != 1 || slice_i64(slice_str(argv[0]), 1, INT64_MAX, &id) != 0) {
		fprintf(stderr, "hearth: expected a number from `hearth reports list`\n");
		return 2;
	}
	return answer(db_read_wait(hearth_db(h, "mail"), print_one, &id));
}
