/*
 * letters.c: mails of the server itself (hearth/letters.h): put together here and delivered as any
 * other, so that filters and quotas hold, or put into the queue. They are from nobody ("<>"): what
 * cannot be brought is told to nobody, but the log.
 *
 *   send ─▶ whom does it reach? (accounts) ─▶ one account: delivery ─▶ on disk
 *                                          └▶ nobody of ours: queue ─▶ on disk
 *
 * A group is written to only where that is said: what a letter says is for one person, as a rule. On the loop; a letter is its own
 * owner until it is delivered, and as long as the text it is given.
 */
#include "delivery/letters.h"

#include <stdlib.h>

#include "delivery/deliver.h"
#include "hearth/clock.h"
#include "hearth/error.h"
#include "hearth/log.h"
#include "hearth/rand.h"
#include "mime/date.h"
#include "store/outgoing.h"

struct outgoing {
	struct mail *m;
	struct strbuf to, message;
	void (*done)(void *arg, int status);
	void *arg;
	bool all;
};

static void outgoing_free(struct outgoing *o)
{
	strbuf_free(&o->to);
	strbuf_free(&o->message);
	free(o);
}

static void write_message(struct strbuf *out, const struct mail *m, const struct letter *letter)
{
	const char *host = hearth_hostname(m->h);
	struct slice rest = letter->text;

	strbuf_adds(out, "Date: ");
	mime_date_write(out, clock_wall_s());
	strbuf_printf(out,
		"\r\nFrom: Hearth <postmaster@%s>\r\nTo: <%.*s>\r\nSubject: %.*s\r\n"
		"Message-ID: <%016llx%016llx@%s>\r\nAuto-Submitted: auto-generated\r\n"
		"MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n"
		"Content-Transfer-Encoding: 8bit\r\n\r\n",
		host, SLICE_ARG(letter->to), SLICE_ARG(letter->subject),
		(unsigned long long)rand_u64(), (unsigned long long)rand_u64(), host);
	while (rest.n) {
		struct slice line = slice_split(&rest, '\n');

		strbuf_printf(out, "%.*s\r\n", SLICE_ARG(line));
	}
}

static void on_delivered(void *arg, int status, const struct mail_recipient *to, size_t n)
{
	const struct outgoing *o = arg;

	(void)to;
	(void)n;
	if (o->done)
		o->done(o->arg, status);
	if (status < 0)
		log_warn("mail", "a letter of the server could not be delivered", "error", "%s",
			error_name(status), NULL);
	outgoing_free(arg);
}

static struct slice domain_of(struct slice address)
{
	slice_split(&address, '@');
	return address;
}

static void send_elsewhere(struct outgoing *o)
{
	struct mail_delivery *d = mail_delivery_new(o->m);

	mail_delivery_send(d, &(struct mail_remote){ .address = strbuf_slice(&o->to),
				      .domain = domain_of(strbuf_slice(&o->to)),
				      .notify = MAIL_NOTIFY_NEVER });
	mail_delivery_sign(d);
	mail_delivery_write(d, strbuf_slice(&o->message));
	mail_delivery_finish(&d, on_delivered, o);
}

static void on_reached(void *arg, int status, const struct accounts_reached *reached)
{
	struct outgoing *o = arg;
	struct mail_delivery *d;

	if (status == HEARTH_EDENIED && mail_sends_elsewhere(o->m)) {
		send_elsewhere(o);
		return;
	}
	if (status < 0 || (!o->all && (reached->n != 1 || reached->accounts->through))) {
		on_delivered(o, status < 0 ? status : HEARTH_EUNSUPPORTED, NULL, 0);
		return;
	}
	if (reached->n == 0) {
		on_delivered(o, HEARTH_EUNSUPPORTED, NULL, 0);
		return;
	}
	INVARIANT(o->to.n > 0 && o->message.n > 0);
	d = mail_delivery_new(o->m);
	mail_delivery_sign(d);
	for (size_t i = 0; i < reached->n; i++)
		mail_delivery_add(d, &(struct mail_recipient){ .account = reached->accounts[i].id,
					     .address = strbuf_slice(&o->to),
					     .ask_quota = reached->n == 1 });
	mail_delivery_write(d, strbuf_slice(&o->message));
	mail_delivery_finish(&d, on_delivered, o);
}

static bool reaches(void *self, struct slice address)
{
	const struct mail *m = self;
	struct slice domain = domain_of(address);

	return domain.n > 0 && (mail_domain_is_local(m, domain) || mail_sends_elsewhere(m));
}

static int send_letter(void *self, const struct letter *letter)
{
	struct mail *m = self;
	struct outgoing *o;

	if (!reaches(m, letter->to))
		return HEARTH_EUNSUPPORTED;
	o = mem_zalloc(sizeof(*o));
	o->m = m;
	o->all = letter->all;
	o->done = letter->done;
	o->arg = letter->arg;
	strbuf_add(&o->to, letter->to);
	write_message(&o->message, m, letter);
	m->accounts->reached_by(m->accounts->self, letter->to, 0, on_reached, o);
	return 0;
}

void mail_letters_offer(struct mail *m, struct letters *out)
{
	*out = (struct letters){ .self = m, .reaches = reaches, .send = send_letter };
	hearth_offer(m->h, "letters", out);
}
