/*
 * smtp_reply.c: the table of refusals and the writer of reply lines. Pure.
 *
 * A line has at most SMTP_REPLY_LINE_MAX bytes.
 */
#include "smtp/smtp_reply.h"

static const struct smtp_reply replies[] = {
	[-SMTP_ELENGTH] = { 500, "5.5.2", "Command line too long", false },
	[-SMTP_EBARE] = { 521, "5.5.2", "Bare CR or LF in a command, lines end in CRLF", true },
	[-SMTP_ECONTROL] = { 500, "5.5.2", "Control characters in a command", false },
	[-SMTP_EVERB] = { 500, "5.5.1", "Command not recognised", false },
	[-SMTP_EHTTP] = { 521, "5.5.1", "This is a mail server, not a web server", true },
	[-SMTP_EARGUMENT] = { 501, "5.5.4", "This command takes no argument", false },
	[-SMTP_EHELO] = { 501, "5.5.4", "Expected the name of your host", false },
	[-SMTP_EMAIL_SYNTAX] = { 501, "5.5.4", "Syntax: MAIL FROM:<address> [parameters]", false },
	[-SMTP_ERCPT_SYNTAX] = { 501, "5.5.4", "Syntax: RCPT TO:<address> [parameters]", false },
	[-SMTP_ESENDER] = { 501, "5.1.7", "Malformed sender address", false },
	[-SMTP_ERECIPIENT] = { 501, "5.1.3", "Malformed recipient address", false },
	[-SMTP_EADDRESS_LENGTH] = { 501, "5.1.3", "Address too long", false },
	[-SMTP_EUTF8] = { 553, "5.6.7", "This address needs SMTPUTF8", false },
	[-SMTP_EPARAM] = { 555, "5.5.4", "Parameter not recognised", false },
	[-SMTP_EPARAM_VALUE] = { 501, "5.5.4", "Malformed parameter value", false },
	[-SMTP_EPARAM_TWICE] = { 501, "5.5.4", "Parameter given twice", false },
	[-SMTP_ESTRING] = { 501, "5.5.4", "Expected a user or list name", false },
	[-SMTP_EAUTH] = { 501, "5.5.4", "Syntax: AUTH mechanism [initial-response]", false },
	[-SMTP_EBASE64] = { 501, "5.5.2", "Cannot decode the response as base64", false },
	[-SMTP_EBDAT] = { 501, "5.5.4", "Syntax: BDAT size [LAST]", true },
	[-SMTP_EDATA_BARE] = { 554, "5.6.11", "Bare CR or LF in the message", false },
	[-SMTP_EDATA_SIZE] = { 552, "5.3.4", "Message too big", false },
};

const struct smtp_reply *smtp_error_reply(int error)
{
	static const struct smtp_reply other = { 500, "5.5.2", "Syntax error", false };

	return error < 0 && error >= SMTP_ERROR_MIN ? &replies[-error] : &other;
}

/* How much of `line` goes into one reply line of at most `room` bytes: up to a space if it can. */
static size_t line_take(struct slice line, size_t room)
{
	size_t n = room;

	if (line.n <= room)
		return line.n;
	while (n > room / 2 && line.p[n] != ' ')
		n--;
	if (line.p[n] == ' ')
		return n;
	for (n = room; n > room - 4 && ((unsigned char)line.p[n] & 0xc0) == 0x80;)
		n--; /* no character is cut in two */
	return n;
}

void smtp_reply_write(struct strbuf *out, int code, const char *enhanced, struct slice text)
{
	size_t room = SMTP_REPLY_LINE_MAX - 6 - (enhanced ? strlen(enhanced) + 1 : 0);
	struct slice rest = text.p ? text : SLICE(""), line;

	while (rest.p) {
		line = slice_split(&rest, '\n');
		do {
			struct slice part = slice_head(line, line_take(line, room));

			line = slice_skip(line, part.n);
			if (line.n && line.p[0] == ' ')
				line = slice_skip(line, 1);
			strbuf_printf(out, "%03d%c", code, line.n || rest.p ? '-' : ' ');
			if (enhanced)
				strbuf_printf(out, "%s ", enhanced);
			for (size_t i = 0; i < part.n; i++) {
				unsigned char c = (unsigned char)part.p[i];

				strbuf_addc(out, c < ' ' || c == 0x7f ? '?' : (char)c);
			}
			strbuf_adds(out, "\r\n");
		} while (line.n);
	}
}

void smtp_reply_printf(struct strbuf *out, int code, const char *enhanced, const char *fmt, ...)
{
	struct strbuf text = { 0 };
	va_list ap;

	va_start(ap, fmt);
	strbuf_vprintf(&text, fmt, ap);
	va_end(ap);
	smtp_reply_write(out, code, enhanced, strbuf_slice(&text));
	strbuf_free(&text);
}
