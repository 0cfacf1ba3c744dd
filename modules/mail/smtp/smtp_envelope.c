/*
 * smtp_envelope.c: paths and parameters of MAIL and RCPT: a table row per parameter.
 *
 * Pure; linear in the line, which smtp_parse.h bounds.
 */
#include "smtp/smtp_envelope.h"

#include "hearth/error.h"
#include "smtp/smtp_reply.h"

/* --- paths ----------------------------------------------------------------------------------- */

static void skip_spaces(struct slice *s)
{
	while (s->n && s->p[0] == ' ')
		*s = slice_skip(*s, 1);
}

/* Takes "FROM:" or "TO:" off *s, with spaces behind the colon; something must follow. */
static bool take_keyword(struct slice *s, struct slice keyword)
{
	if (!slice_istarts(*s, keyword))
		return false;
	*s = slice_skip(*s, keyword.n);
	skip_spaces(s);
	return s->n > 0;
}

/*
 * Takes a source route "@a,@b:" off *s (section 4.1.2: it must be accepted, and ignored). One that
 * is malformed stays, and no address begins with "@".
 */
static void skip_route(struct slice *s)
{
	struct slice rest = *s;

	while (rest.n && rest.p[0] == '@') {
		size_t n = smtp_domain_read(slice_skip(rest, 1));

		rest = slice_skip(rest, 1 + n);
		if (n && slice_starts(rest, SLICE(":")))
			*s = slice_skip(rest, 1);
		if (!n || !slice_starts(rest, SLICE(",")))
			return;
		rest = slice_skip(rest, 1);
	}
}

/*
 * Takes "<", an address and ">" off *s: 0, HEARTH_EINVAL, HEARTH_ETOOBIG. `special` is the one
 * address that needs no domain: "" for a reverse-path, "postmaster" for a forward-path.
 */
static int take_brackets(struct slice *s, struct slice special, struct smtp_address *out)
{
	struct slice inner;
	ptrdiff_t n;

	*s = slice_skip(*s, 1);
	skip_spaces(s);
	n = slice_chr(*s, '>');
	inner = slice_trim(slice_head(*s, n < 0 ? 0 : (size_t)n));
	if (n >= 0 && slice_ieq(inner, special)) {
		out->text = out->local = inner;
	} else {
		skip_route(s);
		n = smtp_address_read(*s, out);
		if (n < 0)
			return (int)n;
	}
	*s = slice_skip(*s, (size_t)n);
	skip_spaces(s);
	if (!slice_starts(*s, SLICE(">")))
		return HEARTH_EINVAL;
	*s = slice_skip(*s, 1);
	return 0;
}

/* Takes an address off *s, with its brackets or without; at the end, or before a space. */
static int take_path(struct slice *s, struct slice special, struct smtp_address *out)
{
	ptrdiff_t n;

	if (s->p[0] == '<') {
		n = take_brackets(s, special, out);
	} else {
		n = smtp_address_read(*s, out);
		if (n > 0)
			*s = slice_skip(*s, (size_t)n);
	}
	if (n < 0)
		return (int)n;
	return !s->n || s->p[0] == ' ' ? 0 : HEARTH_EINVAL;
}

/* --- parameters ------------------------------------------------------------------------------ */

/* One parameter: `set` gets the value and says whether it is well-formed. */
struct param {
	struct slice name;
	bool (*set)(void *command, struct slice value);
	bool valueless; /* it must have no value; the others must have one */
};

static bool set_size(void *command, struct slice value)
{
	struct smtp_mail *mail = command;

	if (value.n > 20)
		return false;
	for (size_t i = 0; i < value.n; i++)
		if (value.p[i] < '0' || value.p[i] > '9')
			return false;
	mail->has_size = true;
	if (slice_u64(value, UINT64_MAX, &mail->size) < 0)
		mail->size = UINT64_MAX;
	return true;
}

static bool set_body(void *command, struct slice value)
{
	struct smtp_mail *mail = command;

	if (slice_ieq(value, SLICE("8BITMIME")))
		mail->body = SMTP_BODY_8BITMIME;
	else if (slice_ieq(value, SLICE("BINARYMIME")))
		mail->body = SMTP_BODY_BINARYMIME;
	return mail->body != SMTP_BODY_7BIT || slice_ieq(value, SLICE("7BIT"));
}

static bool set_smtputf8(void *command, struct slice value)
{
	(void)value;
	((struct smtp_mail *)command)->smtputf8 = true;
	return true;
}

/* Of what has no effect here it does not matter how it is written. */
static bool set_auth(void *command, struct slice value)
{
	((struct smtp_mail *)command)->auth = value;
	return true;
}

static bool set_ret(void *command, struct slice value)
{
	struct smtp_mail *mail = command;

	mail->ret = slice_ieq(value, SLICE("FULL")) ? SMTP_RET_FULL : SMTP_RET_HDRS;
	return mail->ret == SMTP_RET_FULL || slice_ieq(value, SLICE("HDRS"));
}

static int hex_digit(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/*
 * xtext (RFC 3461 section 4): printable but for "+" and "=", which stand as "+" and two capital digits, and
 * for what is printable, too. `wide`: also UTF-8 (RFC 6533 section 3).
 */
static bool is_xtext(struct slice s, bool wide)
{
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];
		int coded = -1;

		if (c == '+' && i + 2 < s.n && hex_digit(s.p[i + 1]) >= 0 &&
			hex_digit(s.p[i + 2]) >= 0)
			coded = 16 * hex_digit(s.p[i + 1]) + hex_digit(s.p[i + 2]);
		if (coded >= 0 ? coded < ' ' || coded > '~'
			       : c <= ' ' || c == '+' || c == '=' || c == 0x7f)
			return false;
		if (c >= 0x80 && !wide)
			return false;
		i += coded >= 0 ? 2 : 0;
	}
	return true;
}

static bool set_envid(void *command, struct slice value)
{
	((struct smtp_mail *)command)->envid = value;
	return value.n <= SMTP_ENVID_MAX && is_xtext(value, false);
}

static bool set_require_tls(void *command, struct slice value)
{
	(void)value;
	((struct smtp_mail *)command)->require_tls = true;
	return true;
}

/* At most nine digits (RFC 4865 section 4). Both together are refused below. */
static bool set_hold_for(void *command, struct slice value)
{
	struct smtp_mail *mail = command;

	if (mail->hold)
		return false;
	mail->hold = SMTP_HOLD_FOR;
	return slice_u64(value, 999999999, &mail->hold_s) == 0 && mail->hold_s > 0;
}

/* The two digits at `at`, or -1. */
static int two_digits(struct slice s, size_t at)
{
	if (at + 2 > s.n || s.p[at] < '0' || s.p[at] > '9' || s.p[at + 1] < '0' ||
		s.p[at + 1] > '9')
		return -1;
	return 10 * (s.p[at] - '0') + (s.p[at + 1] - '0');
}

/* Days of the proleptic Gregorian calendar since 1970-01-01. */
static int64_t days_since_1970(int64_t year, int month, int day)
{
	int64_t y = month <= 2 ? year - 1 : year, era = y / 400, of_era = y - 400 * era;
	int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;

	return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

/* RFC 3339 in UTC, as RFC 4865 section 4 wants it: "2026-11-28T16:25:00Z". */
static bool set_hold_until(void *command, struct slice value)
{
	static const char days[] = { 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	struct smtp_mail *mail = command;
	int century = two_digits(value, 0), year = two_digits(value, 2),
	    month = two_digits(value, 5);
	int day = two_digits(value, 8), hour = two_digits(value, 11),
	    minute = two_digits(value, 14);
	int second = two_digits(value, 17);
	int64_t at;

	if (mail->hold || value.n != 20 || value.p[4] != '-' || value.p[7] != '-' ||
		(value.p[10] != 'T' && value.p[10] != 't') || value.p[13] != ':' ||
		value.p[16] != ':' || (value.p[19] != 'Z' && value.p[19] != 'z'))
		return false;
	if (century < 0 || year < 0 || month < 1 || month > 12 || day < 1 ||
		day > days[month - 1] || hour < 0 || hour > 23 || minute < 0 || minute > 59 ||
		second < 0 || second > 60)
		return false;
	at = days_since_1970(100 * century + year, month, day) * 86400 + INT64_C(3600) * hour +
	     INT64_C(60) * minute + second;
	mail->hold = SMTP_HOLD_UNTIL;
	mail->hold_s = at < 0 ? 0 : (uint64_t)at;
	return true;
}

static bool set_notify(void *command, struct slice value)
{
	static const struct slice names[] = { SLICE("NEVER"), SLICE("SUCCESS"), SLICE("FAILURE"),
		SLICE("DELAY") };
	unsigned bits = 0;

	while (value.p) {
		struct slice word = slice_split(&value, ',');
		unsigned bit = 0;

		for (unsigned i = 0; i < 4; i++)
			if (slice_ieq(word, names[i]))
				bit = 1u << i;
		if (!bit || (bits & bit))
			return false;
		bits |= bit;
	}
	((struct smtp_rcpt *)command)->notify = bits;
	return !(bits & SMTP_NOTIFY_NEVER) || bits == SMTP_NOTIFY_NEVER;
}

/* Of an address-type: an atom (RFC 3461 section 4.2). */
static bool is_type_char(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
	       (c && strchr("!#$%&'*+-/=?^_`{|}~", c));
}

static bool set_orcpt(void *command, struct slice value)
{
	struct smtp_rcpt *rcpt = command;

	bool wide;

	if (value.n > SMTP_ORCPT_MAX)
		return false;
	rcpt->orcpt_type = slice_split(&value, ';');
	rcpt->orcpt_address = value;
	wide = slice_ieq(rcpt->orcpt_type, SLICE("utf-8"));
	for (size_t i = 0; i < rcpt->orcpt_type.n; i++)
		if (!is_type_char(rcpt->orcpt_type.p[i]))
			return false;
	return rcpt->orcpt_type.n > 0 && value.n > 0 && is_xtext(value, wide);
}

static const struct param mail_params[] = {
	{ SLICE("SIZE"), set_size, false },
	{ SLICE("BODY"), set_body, false },
	{ SLICE("SMTPUTF8"), set_smtputf8, true },
	{ SLICE("AUTH"), set_auth, false },
	{ SLICE("RET"), set_ret, false },
	{ SLICE("ENVID"), set_envid, false },
	{ SLICE("REQUIRETLS"), set_require_tls, true },
	{ SLICE("HOLDFOR"), set_hold_for, false },
	{ SLICE("HOLDUNTIL"), set_hold_until, false },
};

static const struct param rcpt_params[] = {
	{ SLICE("NOTIFY"), set_notify, false },
	{ SLICE("ORCPT"), set_orcpt, false },
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Sets one "NAME" or "NAME=value"; `seen` remembers the rows used so far. */
static int parse_param(
	struct slice text, const struct param *rows, size_t n, unsigned *seen, void *command)
{
	struct slice value = text, name = slice_split(&value, '=');

	for (size_t i = 0; i < n; i++) {
		if (!slice_ieq(name, rows[i].name))
			continue;
		if (*seen & (1u << i))
			return SMTP_EPARAM_TWICE;
		*seen |= 1u << i;
		if (rows[i].valueless ? value.p != NULL : !value.n)
			return SMTP_EPARAM_VALUE;
		return rows[i].set(command, value) ? 0 : SMTP_EPARAM_VALUE;
	}
	return SMTP_EPARAM;
}

/* The parameters behind a path: each is led by a space. */
static int parse_params(struct slice s, const struct param *rows, size_t n, void *command)
{
	unsigned seen = 0;
	int rc = 0;

	while (s.p && !rc) {
		struct slice word = slice_split(&s, ' ');

		if (word.n)
			rc = parse_param(word, rows, n, &seen, command);
	}
	return rc;
}

/* --- the two commands ------------------------------------------------------------------------ */

int smtp_mail_parse(struct slice arg, struct smtp_mail *out)
{
	int rc;

	*out = (struct smtp_mail){ 0 };
	if (!take_keyword(&arg, SLICE("FROM:")))
		return SMTP_EMAIL_SYNTAX;
	rc = take_path(&arg, SLICE(""), &out->from);
	if (rc < 0)
		return rc == HEARTH_ETOOBIG ? SMTP_EADDRESS_LENGTH : SMTP_ESENDER;
	rc = parse_params(arg, mail_params, COUNT(mail_params), out);
	if (rc < 0)
		return rc;
	return out->from.utf8 && !out->smtputf8 ? SMTP_EUTF8 : 0;
}

int smtp_rcpt_parse(struct slice arg, bool utf8, struct smtp_rcpt *out)
{
	int rc;

	*out = (struct smtp_rcpt){ 0 };
	if (!take_keyword(&arg, SLICE("TO:")))
		return SMTP_ERCPT_SYNTAX;
	rc = take_path(&arg, SLICE("postmaster"), &out->to);
	if (rc == 0 && out->to.text.n > SMTP_RECIPIENT_MAX)
		rc = HEARTH_ETOOBIG;
	if (rc < 0)
		return rc == HEARTH_ETOOBIG ? SMTP_EADDRESS_LENGTH : SMTP_ERECIPIENT;
	if (out->to.utf8 && !utf8)
		return SMTP_EUTF8;
	return parse_params(arg, rcpt_params, COUNT(rcpt_params), out);
}
