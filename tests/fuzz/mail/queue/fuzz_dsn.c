/*
 * Any bytes as another server's report (RFC 3464), as a whole and as the part that programs read; and as what a
 * report of ours is made of: an answer, an address, what the sender gave with it, the message. What is written
 * is read again as the failure it is, with its status, whatever the answer or the message look like.
 */
#include "hearth/log.h"
#include "list/bounce.h"
#include "queue/report.h"
#include "queue/smtp_response.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define REPORT_HEAD                                                            \
	"From: postmaster@there.test\r\nContent-Type: multipart/report; "      \
	"report-type=delivery-status; boundary=b\r\n\r\n--b\r\nContent-Type: " \
	"text/plain\r\n\r\nsorry\r\n--b\r\nContent-Type: message/"             \
	"delivery-status\r\n\r\n"

static void check_read(struct slice message)
{
	char status[LIST_BOUNCE_STATUS_MAX];
	enum list_bounce found = list_bounce_read(message, status);

	INVARIANT(memchr(status, '\0', sizeof(status)));
	for (const char *p = status; *p; p++)
		INVARIANT((*p >= '0' && *p <= '9') || *p == '.');
	INVARIANT(found != LIST_BOUNCE_NONE || !status[0]);
}

static void as_part(struct slice in)
{
	struct strbuf text = { 0 };

	strbuf_adds(&text, REPORT_HEAD);
	strbuf_add(&text, in);
	strbuf_adds(&text, "\r\n--b--\r\n");
	check_read(strbuf_slice(&text));
	strbuf_free(&text);
}

/* Up to a byte, with nothing that SMTP would not have taken there. */
static struct slice word(struct arena *a, struct slice *rest, char end)
{
	struct slice text = slice_split(rest, end);
	char *to = arena_alloc(a, text.n + 1);

	text = slice_head(text, 300);
	for (size_t i = 0; i < text.n; i++)
		to[i] = text.p[i] > ' ' && text.p[i] < 0x7f && text.p[i] != '<' && text.p[i] != '>'
				? text.p[i]
				: 'x';
	return slice_of(to, text.n);
}

/* ADDRESS|ORCPT|ENVID|ANSWER, then the message. */
static void as_ours(struct slice in)
{
	struct arena *a = arena_new();
	struct smtp_response answer = { 0 };
	struct strbuf out = { 0 };
	struct report_recipient to = { .action = REPORT_FAILED };
	char status[LIST_BOUNCE_STATUS_MAX];
	enum list_bounce found;
	struct report r = { .hostname = "here.test",
		.to = SLICE("ann@here.test"),
		.host = "mx.there.test",
		.recipients = &to,
		.count = 1 };

	to.address = word(a, &in, '|');
	to.orcpt = word(a, &in, '|');
	r.envid = word(a, &in, '|');
	if (in.p && smtp_response_read(&answer, &in) == 1 && answer.code >= 400) {
		to.code = answer.code;
		to.enhanced = answer.enhanced;
		to.answer = strbuf_slice(&answer.text);
		r.message = in.p ? in : SLICE("");
		r.whole = to.address.n % 2;
		report_write(&out, &r);
		found = list_bounce_read(strbuf_slice(&out), status);
		/* It may be said of the mail: that counts nothing. */
		INVARIANT(found ? status[0] == '4' || status[0] == '5'
				: !list_bounce_of(slice_str(to.enhanced), false));
	}
	smtp_response_free(&answer);
	strbuf_free(&out);
	arena_free(&a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice in = slice_of(data, size);

	check_read(in);
	as_part(in);
	as_ours(in);
	return 0;
}
