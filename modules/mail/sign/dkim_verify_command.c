/*
 * dkim_verify_command.c: hearth dkim verify FILE…: what the signatures of mails, and their ARC chains, are
 * worth by the DNS as it is now, a line for each: for who asks why a mail counts as forged. On a command's main thread; a file
 * is read READ_SIZE at a time.
 */
#include <stdio.h>

#include "hearth/clock.h"
#include "sign/dkim_commands.h"
#include "verify/message.h"

#define READ_SIZE 65536

/* What others wrote goes to a terminal: without control characters. */
static void print_text(struct slice text)
{
	for (size_t i = 0; i < text.n; i++)
		putchar((unsigned char)text.p[i] < ' ' || text.p[i] == 0x7f ? ' ' : text.p[i]);
}

struct asking {
	struct verify_message *m;
	size_t i;
};

static void on_answer(void *arg, const struct dns_answer *answer)
{
	struct asking *q = arg;

	dkim_answer(&q->m->dkim, q->i, q->m->arena, answer);
}

static void print_signature(const char *file, const struct dkim_signature *s)
{
	printf("%s\tdkim=%s\t", file, verify_result_name(s->result));
	print_text(s->domain);
	putchar('\t');
	print_text(s->selector);
	putchar('\t');
	print_text(s->algorithm);
	printf("\t%s", s->reason ? s->reason : "-");
	if (s->unsigned_bytes)
		printf("; %llu bytes at the end are not signed",
			(unsigned long long)s->unsigned_bytes);
	printf("%s\n", s->testing ? "; its domain only tries it (t=y)" : "");
}

static void on_arc_answer(void *arg, const struct dns_answer *answer)
{
	struct asking *q = arg;

	arc_answer(&q->m->arc, q->i, q->m->arena, answer);
}

static void print_chain(struct hearth *h, const char *file, struct verify_message *m)
{
	for (size_t i = 0; i < arc_asks(&m->arc); i++)
		dns_look(hearth_dns(h), slice_str(arc_wants(&m->arc, i)), DNS_TXT, on_arc_answer,
			&(struct asking){ m, i });
	arc_judge(&m->arc, m->arena, (uint64_t)clock_wall_s());
	if (m->arc.result == VERIFY_NONE)
		return;
	printf("%s\tarc=%s\t", file, verify_result_name(m->arc.result));
	if (m->arc.count && m->arc.seals)
		print_text(m->arc.seals[m->arc.count - 1].domain);
	printf("\t%zu sets\t-\t%s\n", m->arc.count, m->arc.reason ? m->arc.reason : "-");
}

static void print_result(struct hearth *h, const char *file, struct verify_message *m)
{
	for (size_t i = 0; i < m->dkim.count; i++) {
		const char *name = dkim_wants(&m->dkim, i);

		if (name)
			dns_look(hearth_dns(h), slice_str(name), DNS_TXT, on_answer,
				&(struct asking){ m, i });
	}
	dkim_judge(&m->dkim, m->arena, (uint64_t)clock_wall_s());
	for (size_t i = 0; i < m->dkim.count; i++)
		print_signature(file, &m->dkim.signatures[i]);
	if (m->dkim.count == 0)
		printf("%s\tdkim=none\n", file);
	print_chain(h, file, m);
}

static int verify_file(struct hearth *h, const char *file)
{
	static char bytes[READ_SIZE];
	FILE *f = strcmp(file, "-") == 0 ? stdin : fopen(file, "re");
	struct verify_message m;
	size_t n;

	if (!f)
		return perror(file), 1;
	verify_message_init(&m);
	while ((n = fread(bytes, 1, sizeof(bytes), f)) > 0)
		verify_message_feed(&m, slice_of(bytes, n));
	verify_message_end(&m);
	print_result(h, file, &m);
	verify_message_clear(&m);
	if (f != stdin)
		fclose(f);
	return 0;
}

int mail_run_dkim_verify(struct hearth *h, int argc, char **argv)
{
	int rc = 0;

	if (argc == 0)
		return fprintf(stderr, "hearth: expected a FILE, or - for the standard input\n"), 2;
	for (int i = 0; i < argc; i++)
		rc |= verify_file(h, argv[i]);
	return rc;
}
