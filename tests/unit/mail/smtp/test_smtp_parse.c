/*
 * test_smtp_parse.c: command lines, whole and cut at every byte, their limits, and what is refused.
 */
#include "harness.h"

#include "smtp/smtp_parse.h"

static const char *const verbs[] = { "EHLO", "HELO", "MAIL", "RCPT", "DATA", "BDAT", "RSET", "VRFY",
	"EXPN", "HELP", "NOOP", "QUIT", "STARTTLS", "AUTH", "ETRN" };

/* Appends one line per command or error, so that two runs can be compared as text. */
static void describe(struct strbuf *log, int rc, const struct smtp_command *c)
{
	if (rc < 0) {
		strbuf_printf(log, "error %d\n", rc);
		return;
	}
	strbuf_adds(log, verbs[c->verb]);
	switch (c->verb) {
	case SMTP_MAIL: strbuf_printf(log, " <%.*s>", SLICE_ARG(c->mail.from.text)); break;
	case SMTP_RCPT: strbuf_printf(log, " <%.*s>", SLICE_ARG(c->rcpt.to.text)); break;
	case SMTP_AUTH:
		strbuf_printf(log, " %.*s", SLICE_ARG(c->auth.mechanism));
		if (c->auth.has_response)
			strbuf_printf(log, " [%.*s]", SLICE_ARG(c->auth.response));
		break;
	case SMTP_BDAT:
		strbuf_printf(log, " %llu%s%s", (unsigned long long)c->bdat.size,
			c->bdat.last ? " last" : "", c->bdat.malformed ? " malformed" : "");
		break;
	default:
		if (c->arg.n)
			strbuf_printf(log, " %.*s", SLICE_ARG(c->arg));
	}
	strbuf_addc(log, '\n');
}

/* Keeps what is left over for the next call, as a session does; at most the longest line. */
static void feed(struct smtp_parser *p, struct strbuf *kept, struct slice piece, struct strbuf *log)
{
	struct smtp_command cmd;
	struct slice in;
	int rc;

	strbuf_add(kept, piece);
	in = strbuf_slice(kept);
	while ((rc = smtp_parse_command(p, &in, &cmd)) != 0)
		describe(log, rc, &cmd);
	strbuf_consume(kept, kept->n - in.n);
	ck_assert_uint_lt(kept->n, SMTP_AUTH_LINE_MAX);
}

static struct strbuf run(struct slice in, size_t cut, size_t step)
{
	struct smtp_parser p = { 0 };
	struct strbuf kept = { 0 }, log = { 0 };

	strbuf_adds(&log, "");
	feed(&p, &kept, slice_head(in, cut), &log);
	for (size_t at = cut; at < in.n; at += step)
		feed(&p, &kept, slice_head(slice_skip(in, at), step), &log);
	strbuf_free(&kept);
	return log;
}

/* Expects the same log for the whole input, for every two pieces and byte by byte. */
static void check_slice(struct slice in, const char *want)
{
	for (size_t cut = 0; cut <= in.n; cut++) {
		struct strbuf log = run(in, cut, cut ? in.n + 1 : 1);

		ck_assert_str_eq(log.p, want);
		strbuf_free(&log);
	}
}

static void check(const char *in, const char *want)
{
	check_slice(slice_str(in), want);
}

START_TEST(rfc_5321_session)
{
	check("EHLO bar.com\r\n"
	      "MAIL FROM:<Smith@bar.com>\r\n"
	      "RCPT TO:<Jones@foo.com>\r\n"
	      "RCPT TO:<Green@foo.com>\r\n"
	      "DATA\r\n"
	      "RSET\r\n"
	      "QUIT\r\n",
		"EHLO bar.com\nMAIL <Smith@bar.com>\nRCPT <Jones@foo.com>\nRCPT <Green@foo.com>\n"
		"DATA\nRSET\nQUIT\n");
}
END_TEST

START_TEST(other_verbs)
{
	check("helo x\r\nVRFY Crispin\r\nEXPN Example-People\r\nHELP\r\nHELP MAIL\r\nNOOP\r\nNOOP "
	      "a b\r\n"
	      "StartTLS\r\nBDAT 10\r\nbdat 18446744073709551615 last\r\netrn a.example\r\n",
		"HELO x\nVRFY Crispin\nEXPN Example-People\nHELP\nHELP MAIL\nNOOP\nNOOP a "
		"b\nSTARTTLS\n"
		"BDAT 10\nBDAT 18446744073709551615 last\nETRN a.example\n");
}
END_TEST

START_TEST(names_in_helo)
{
	check("EHLO [192.0.2.1]\r\nEHLO [IPv6:::1]\r\nEHLO [::1]\r\nEHLO WIN_7-PC\r\nEHLO a.b.\r\n"
	      "EHLO 1.2.3.4\r\n",
		"EHLO [192.0.2.1]\nEHLO [IPv6:::1]\nEHLO [::1]\nEHLO WIN_7-PC\nEHLO a.b.\nEHLO "
		"1.2.3.4\n");
	check("EHLO\r\n", "error -7\n");
	check("EHLO \r\n", "error -7\n");
	check("EHLO []\r\nEHLO a b\r\nEHLO <a>\r\nEHLO ü\r\nHELO a:b\r\nHELO [192.0.2.1\r\n",
		"EHLO []\nEHLO a b\nEHLO <a>\nEHLO ü\nHELO a:b\nHELO [192.0.2.1\n");
}
END_TEST

START_TEST(tolerated)
{
	check("QUIT \r\nDATA  \r\nEHLO  a.b \r\nMAIL  FROM: <a@b>  SIZE=1  \r\n",
		"QUIT\nDATA\nEHLO a.b\nMAIL <a@b>\n");
}
END_TEST

START_TEST(refused)
{
	check("\r\n", "error -4\n");
	check(" QUIT\r\n", "error -4\n");
	check("QUITE\r\n", "error -4\n");
	check("MAILFROM:<a@b>\r\n", "error -4\n");
	check("QUIT now\r\nDATA x\r\nRSET x\r\nSTARTTLS x\r\n",
		"error -6\nerror -6\nerror -6\nerror -6\n");
	check("VRFY\r\n", "error -17\n");
	check("BDAT\r\nBDAT x\r\nBDAT -1\r\nBDAT 1\t2\r\nBDAT +1 LAST\r\nBDAT "
	      "18446744073709551616\r\n",
		"error -20\nerror -20\nerror -20\nerror -20\nerror -20\nerror -20\n");
	check("BDAT 1 FIRST\r\nBDAT 1 LAST x\r\nBDAT 1  LAST\r\n",
		"BDAT 1 malformed\nBDAT 1 malformed\nBDAT 1 last\n");
	check("GET / HTTP/1.1\r\n", "error -5\n");
	check("POST / HTTP/1.1\r\n", "error -5\n");
	check("MAIL FROM:<a@b> X=1\r\nQUIT\r\n", "error -14\nQUIT\n");
}
END_TEST

START_TEST(line_ends)
{
	/* Nothing behind a bare LF or CR is a command before the next CRLF. */
	check("NOOP\nMAIL FROM:<a@b>\r\nQUIT\r\n", "error -2\nQUIT\n");
	check("NOOP\nMAIL\nRCPT\rDATA\n\r\nQUIT\r\n", "error -2\nQUIT\n");
	check("\nQUIT\r\nNOOP\r\n", "error -2\nNOOP\n");
	check("NOOP\rMAIL FROM:<a@b>\r\nQUIT\r\n", "error -2\nQUIT\n");
	check("NOOP\r\r\nQUIT\r\n", "error -2\nQUIT\n");
	check("MAIL FROM:<a@b>\n\r\nQUIT\r\n", "error -2\nQUIT\n");
	check_slice(SLICE("NOOP \0\r\nQUIT\r\n"), "error -3\nQUIT\n");
	check("NO\tOP\r\nQUIT\r\n", "error -3\nQUIT\n");
	check("NOOP \x7f\r\n", "error -3\n");
	check("NOOP \xff\r\n", "error -3\n");
	check("NOOP ü\r\n", "NOOP ü\n");
	check("QUIT", "");
	check("QUIT\r", "");
}
END_TEST

/* `head`, then `fill` up to n bytes before the CRLF, then QUIT. */
static struct strbuf long_line(const char *head, size_t n)
{
	struct strbuf b = { 0 };

	strbuf_adds(&b, head);
	while (b.n < n)
		strbuf_addc(&b, 'A');
	strbuf_adds(&b, "\r\nQUIT\r\n");
	return b;
}

static void check_length(const char *head, size_t n, const char *want)
{
	struct strbuf b = long_line(head, n - 2);
	size_t steps[] = { 1, 7, 511, 512, 513, 100000 };

	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		struct strbuf log = run(strbuf_slice(&b), 0, steps[i]);

		ck_assert_msg(!strncmp(log.p, want, strlen(want)), "%s %zu: %s", head, n, log.p);
		ck_assert(strlen(log.p) > 5 && !strcmp(log.p + strlen(log.p) - 5, "QUIT\n"));
		strbuf_free(&log);
	}
	strbuf_free(&b);
}

START_TEST(line_lengths)
{
	check_length("NOOP ", 512, "NOOP A");
	check_length("NOOP ", 513, "error -1\nQUIT\n");
	check_length("NOOP ", 100000, "error -1\nQUIT\n");
	check_length("", 5000, "error -1\nQUIT\n");
	check_length("MAIL FROM:<a@b> ", 2048, "error -14\n");
	check_length("MAIL FROM:<a@b> ", 2049, "error -1\nQUIT\n");
	check_length("RCPT TO:<a@b> ", 2048, "error -14\n");
	check_length("RCPT TO:<a@b> ", 2049, "error -1\nQUIT\n");
	check_length("AUTH PLAIN ", 12281, "AUTH PLAIN [A");
	check_length("AUTH PLAIN ", 12288, "error -19\n");
	check_length("AUTH PLAIN ", 12289, "error -1\nQUIT\n");
}
END_TEST

START_TEST(auth)
{
	check("AUTH PLAIN AGFubgB4eHg=\r\nauth LOGIN\r\nAUTH EXTERNAL =\r\nAUTH SCRAM-SHA-256 "
	      "biws\r\n",
		"AUTH PLAIN [AGFubgB4eHg=]\nAUTH LOGIN\nAUTH EXTERNAL []\nAUTH SCRAM-SHA-256 "
		"[biws]\n");
	check("AUTH\r\nAUTH PLAIN a b\r\nAUTH ABCDEFGHIJKLMNOPQRSTU\r\n",
		"error -18\nerror -18\nerror -18\n");
	check("AUTH PLAIN a\r\nAUTH PLAIN ab=c\r\nAUTH PLAIN ====\r\nAUTH PLAIN *\r\n",
		"error -19\nerror -19\nerror -19\nerror -19\n");
}
END_TEST

START_TEST(auth_exchange)
{
	struct smtp_parser p = { 0 };
	struct smtp_auth a;
	struct slice in = SLICE("QUJD\r\n\r\n*\r\nnot base64\r\nQU\nX\r\n**\r\nQ");

	ck_assert_int_eq(smtp_parse_auth_line(&p, &in, &a), 1);
	ck_assert(slice_eq(a.response, SLICE("QUJD")) && !a.cancelled);
	ck_assert_int_eq(smtp_parse_auth_line(&p, &in, &a), 1);
	ck_assert(a.response.n == 0 && !a.cancelled);
	ck_assert_int_eq(smtp_parse_auth_line(&p, &in, &a), 1);
	ck_assert(a.cancelled);
	ck_assert_int_eq(smtp_parse_auth_line(&p, &in, &a), SMTP_EBASE64);
	ck_assert_int_eq(smtp_parse_auth_line(&p, &in, &a), SMTP_EBARE);
	ck_assert_int_eq(smtp_parse_auth_line(&p, &in, &a), SMTP_EBASE64);
	ck_assert_int_eq(smtp_parse_auth_line(&p, &in, &a), 0);
	ck_assert_uint_eq(in.n, 1);
}
END_TEST

START_TEST(utf8_transaction)
{
	struct smtp_parser p = { .smtputf8 = true };
	struct smtp_command cmd;
	struct slice in = SLICE("RCPT TO:<ü@b>\r\n");

	ck_assert_int_eq(smtp_parse_command(&p, &in, &cmd), 1);
	check("RCPT TO:<ü@b>\r\n", "error -13\n");
	check("MAIL FROM:<ü@b>\r\nMAIL FROM:<ü@b> SMTPUTF8\r\n", "error -13\nMAIL <ü@b>\n");
}
END_TEST

TEST_MAIN("smtp parse", rfc_5321_session, other_verbs, names_in_helo, tolerated, refused, line_ends,
	line_lengths, auth, auth_exchange, utf8_transaction)
