/*
 * smtp_parse.c: finds a line, names its verb, and has the verb's row parse the arguments.
 *
 * A line is looked for within the maximum its verb allows and not beyond. A refused line leaves
 * the parser skipping until the next CRLF has gone by.
 *
 * Pure. It keeps no input: what a caller keeps is one line of SMTP_AUTH_LINE_MAX at most.
 */
#include "smtp/smtp_parse.h"

#include "hearth/text.h"

/* --- verbs ----------------------------------------------------------------------------------- */

static int parse_none(struct smtp_parser *p, struct slice arg, struct smtp_command *out)
{
	(void)p, (void)out;
	return arg.n ? SMTP_EARGUMENT : 0;
}

static int parse_any(struct smtp_parser *p, struct slice arg, struct smtp_command *out)
{
	(void)p;
	out->arg = arg;
	return 0;
}

static int parse_string(struct smtp_parser *p, struct slice arg, struct smtp_command *out)
{
	(void)p;
	out->arg = arg;
	return arg.n ? 0 : SMTP_ESTRING;
}

/*
 * The name in HELO and EHLO. Hosts call themselves anything, after their owner with a space, in
 * UTF-8 or in brackets that nothing closes; RFC 5321 section 4.1.4 forbids to refuse mail for it.
 */
static int parse_helo(struct smtp_parser *p, struct slice arg, struct smtp_command *out)
{
	(void)p;
	out->arg = arg;
	return arg.n && arg.n <= SMTP_DOMAIN_MAX ? 0 : SMTP_EHELO;
}

static int parse_mail(struct smtp_parser *p, struct slice arg, struct smtp_command *out)
{
	(void)p;
	return smtp_mail_parse(arg, &out->mail);
}

static int parse_rcpt(struct smtp_parser *p, struct slice arg, struct smtp_command *out)
{
	return smtp_rcpt_parse(arg, p->smtputf8, &out->rcpt);
}

static bool is_base64(struct slice s)
{
	size_t pad = 0;

	while (pad < 2 && pad < s.n && s.p[s.n - 1 - pad] == '=')
		pad++;
	for (size_t i = 0; i < s.n - pad; i++) {
		char c = s.p[i];

		if (!(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') && !(c >= '0' && c <= '9') &&
			c != '+' && c != '/')
			return false;
	}
	return s.n % 4 == 0;
}

static int parse_auth(struct smtp_parser *p, struct slice arg, struct smtp_command *out)
{
	struct smtp_auth auth = { .response = arg };

	(void)p;
	auth.mechanism = slice_split(&auth.response, ' ');
	auth.has_response = auth.response.p != NULL;
	if (!auth.mechanism.n || auth.mechanism.n > 20 || slice_chr(auth.response, ' ') >= 0 ||
		(auth.has_response && !auth.response.n))
		return SMTP_EAUTH;
	if (slice_eq(auth.response, SLICE("=")))
		auth.response = slice_skip(auth.response, 1);
	out->auth = auth;
	return is_base64(auth.response) ? 0 : SMTP_EBASE64;
}

/* Of a size that cannot be read nobody knows where the next command is: that closes. */
static int parse_bdat(struct smtp_parser *p, struct slice arg, struct smtp_command *out)
{
	struct slice size = slice_split(&arg, ' '), word = slice_trim(arg);

	(void)p;
	out->bdat.last = slice_ieq(word, SLICE("LAST"));
	out->bdat.malformed = word.n > 0 && !out->bdat.last;
	return slice_u64(size, UINT64_MAX, &out->bdat.size) < 0 ? SMTP_EBDAT : 0;
}

/* In the order of enum smtp_verb. */
static const struct verb {
	struct slice name;
	size_t line_max;
	int (*parse)(struct smtp_parser *p, struct slice arg, struct smtp_command *out);
} verbs[] = {
	[SMTP_EHLO] = { SLICE("EHLO"), SMTP_LINE_MAX, parse_helo },
	[SMTP_HELO] = { SLICE("HELO"), SMTP_LINE_MAX, parse_helo },
	[SMTP_MAIL] = { SLICE("MAIL"), SMTP_PARAMS_MAX, parse_mail },
	[SMTP_RCPT] = { SLICE("RCPT"), SMTP_PARAMS_MAX, parse_rcpt },
	[SMTP_DATA] = { SLICE("DATA"), SMTP_LINE_MAX, parse_none },
	[SMTP_BDAT] = { SLICE("BDAT"), SMTP_LINE_MAX, parse_bdat },
	[SMTP_RSET] = { SLICE("RSET"), SMTP_LINE_MAX, parse_none },
	[SMTP_VRFY] = { SLICE("VRFY"), SMTP_LINE_MAX, parse_string },
	[SMTP_EXPN] = { SLICE("EXPN"), SMTP_LINE_MAX, parse_string },
	[SMTP_HELP] = { SLICE("HELP"), SMTP_LINE_MAX, parse_any },
	[SMTP_NOOP] = { SLICE("NOOP"), SMTP_LINE_MAX, parse_any },
	[SMTP_QUIT] = { SLICE("QUIT"), SMTP_LINE_MAX, parse_none },
	[SMTP_STARTTLS] = { SLICE("STARTTLS"), SMTP_LINE_MAX, parse_none },
	[SMTP_AUTH] = { SLICE("AUTH"), SMTP_AUTH_LINE_MAX, parse_auth },
	[SMTP_ETRN] = { SLICE("ETRN"), SMTP_LINE_MAX, parse_any },
};

#define VERB_COUNT (sizeof(verbs) / sizeof(verbs[0]))

/* The row of the verb that `line` begins with, or NULL. */
static const struct verb *find_verb(struct slice line)
{
	struct slice name = slice_split(&line, ' ');

	for (size_t i = 0; i < VERB_COUNT; i++)
		if (slice_ieq(name, verbs[i].name))
			return &verbs[i];
	return NULL;
}

/* Methods that a browser can be made to send to a mail port (cross-protocol requests). */
static bool is_http(struct slice line)
{
	struct slice name = slice_split(&line, ' ');

	return line.p &&
	       (slice_eq(name, SLICE("GET")) || slice_eq(name, SLICE("POST")) ||
		       slice_eq(name, SLICE("PUT")) || slice_eq(name, SLICE("HEAD")) ||
		       slice_eq(name, SLICE("OPTIONS")) || slice_eq(name, SLICE("CONNECT")));
}

/* --- lines ----------------------------------------------------------------------------------- */

/* Drops the rest of a refused line; false while its CRLF has not come. */
static bool skip_line(struct smtp_parser *p, struct slice *in)
{
	while (p->skipping && in->n) {
		char c = in->p[0];

		p->skipping = !(p->cr && c == '\n');
		p->cr = c == '\r';
		*in = slice_skip(*in, 1);
	}
	return !p->skipping;
}

/* Refuses the line of which `n` bytes are here, and skips what is missing of it. */
static int refuse(struct smtp_parser *p, struct slice *in, size_t n, int error)
{
	p->scanned = 0;
	p->skipping = true;
	p->cr = n && in->p[n - 1] == '\r';
	*in = slice_skip(*in, n);
	return error;
}

static bool has_control(struct slice line)
{
	for (size_t i = 0; i < line.n; i++)
		if ((unsigned char)line.p[i] < ' ' || line.p[i] == 0x7f)
			return true;
	return false;
}

/*
 * Takes one line of at most `max` bytes with its CRLF off *in: 1, 0 when its end is not here yet,
 * or an error.
 */
static int take_line(struct smtp_parser *p, struct slice *in, size_t max, struct slice *line)
{
	size_t n = in->n < max ? in->n : max, from = p->scanned < n ? p->scanned : n;
	const char *lf = n ? memchr(in->p + from, '\n', n - from) : NULL;

	if (!lf && n == max)
		return refuse(p, in, n, SMTP_ELENGTH);
	if (!lf) {
		p->scanned = n;
		return 0;
	}
	n = (size_t)(lf - in->p) + 1;
	if (n < 2 || in->p[n - 2] != '\r')
		return refuse(p, in, n, SMTP_EBARE);
	*line = slice_head(*in, n - 2);
	*in = slice_skip(*in, n);
	p->scanned = 0;
	if (slice_chr(*line, '\r') >= 0)
		return SMTP_EBARE;
	if (has_control(*line) || !utf8_valid(*line))
		return SMTP_ECONTROL;
	while (line->n && line->p[line->n - 1] == ' ')
		line->n--;
	return 1;
}

int smtp_parse_command(struct smtp_parser *p, struct slice *in, struct smtp_command *out)
{
	const struct verb *verb;
	struct slice line, arg;
	int rc;

	if (!skip_line(p, in))
		return 0;
	verb = find_verb(slice_head(*in, 9)); /* room for "STARTTLS " */
	rc = take_line(p, in, verb ? verb->line_max : SMTP_LINE_MAX, &line);
	if (rc < 0 && verb == &verbs[SMTP_BDAT])
		return SMTP_EBDAT;
	if (rc <= 0)
		return rc;
	verb = find_verb(line);
	if (!verb)
		return is_http(line) ? SMTP_EHTTP : SMTP_EVERB;
	*out = (struct smtp_command){ .verb = (enum smtp_verb)(verb - verbs) };
	arg = slice_skip(line, verb->name.n);
	while (arg.n && arg.p[0] == ' ')
		arg = slice_skip(arg, 1);
	rc = verb->parse(p, arg, out);
	return rc < 0 ? rc : 1;
}

int smtp_parse_auth_line(struct smtp_parser *p, struct slice *in, struct smtp_auth *out)
{
	struct slice line;
	int rc;

	if (!skip_line(p, in))
		return 0;
	rc = take_line(p, in, SMTP_AUTH_LINE_MAX, &line);
	if (rc <= 0)
		return rc;
	*out = (struct smtp_auth){ .response = line, .cancelled = slice_eq(line, SLICE("*")) };
	return out->cancelled || is_base64(line) ? 1 : SMTP_EBASE64;
}
