/*
 * relays.c: reads the relays of single domains, and finds a domain's (relays.h). Pure, but for the file;
 * bounded by RELAYS_MAX and RELAYS_FILE_MAX.
 */
#include "queue/relays.h"

#include <errno.h>
#include <stdio.h>

#include "hearth/error.h"
#include "hearth/log.h"
#include "hearth/text.h"
#include "smtp/smtp_idn.h"

static struct mail_relay *add(struct mail_relays *r)
{
	if (!r->a) {
		r->a = arena_new();
		r->list = arena_zalloc(r->a, (RELAYS_MAX + 1) * sizeof(*r->list));
	}
	return &r->list[r->count++];
}

/* The next word of a line; empty at its end. */
static struct slice next_word(struct slice *line)
{
	struct slice word;
	size_t n = 0;

	*line = slice_trim(*line);
	while (n < line->n && line->p[n] != ' ' && line->p[n] != '\t')
		n++;
	word = slice_head(*line, n);
	*line = slice_trim(slice_skip(*line, n));
	return word;
}

/* host:port or [ipv6]:port; false: it is neither. */
static bool read_host(struct arena *a, struct slice text, struct mail_relay *out)
{
	size_t colon = text.n;
	int64_t port;
	struct slice host;

	while (colon > 0 && text.p[colon - 1] != ':')
		colon--;
	if (colon == 0)
		return false;
	host = slice_head(text, colon - 1);
	if (host.n > 2 && host.p[0] == '[' && host.p[host.n - 1] == ']')
		host = slice_of(host.p + 1, host.n - 2);
	else if (smtp_domain_read(host) != host.n)
		return false;
	if (host.n == 0 || host.n > SMTP_DOMAIN_MAX ||
		slice_i64(slice_skip(text, colon), 1, 65535, &port) < 0)
		return false;
	out->host = arena_strdup(a, host);
	out->port = (int)port;
	return true;
}

/* NULL, or what is wrong with the line. */
static const char *read_line(struct mail_relays *r, struct slice line)
{
	struct slice domain = next_word(&line), host = next_word(&line), user;
	bool below = domain.p[0] == '.';
	char name[SMTP_DOMAIN_MAX + 1];
	struct mail_relay *relay;

	if (r->count >= RELAYS_MAX)
		return "too many relays";
	if (smtp_domain_ascii(slice_skip(domain, below), name) < 0 ||
		smtp_domain_read(slice_str(name)) != strlen(name) || !name[0])
		return "expected a domain first";
	relay = add(r);
	if (!read_host(r->a, host, relay)) {
		r->count--;
		return "expected HOST:PORT behind the domain";
	}
	relay->domain = arena_printf(r->a, "%s%s", below ? "." : "", name);
	relay->must_prove = true;
	user = next_word(&line);
	if (user.n > 0 && line.n == 0) {
		r->count--;
		return "expected a password behind the name to log in with";
	}
	if (user.n > 0) {
		relay->user = arena_strdup(r->a, user);
		relay->password = arena_strdup(r->a, line);
	}
	return NULL;
}

int mail_relays_read(
	struct mail_relays *r, const char *file, struct slice text, struct strbuf *errors)
{
	size_t n = 0, before = errors->n;

	while (text.n > 0) {
		struct slice line = slice_trim(slice_split(&text, '\n'));
		const char *wrong;

		n++;
		if (line.n == 0 || line.p[0] == '#')
			continue;
		wrong = slice_chr(line, '\0') >= 0 ? "a NUL" : read_line(r, line);
		if (wrong)
			strbuf_printf(errors, "%s:%zu: %s\n", file, n, wrong);
	}
	return errors->n > before ? HEARTH_EINVAL : 0;
}

int mail_relays_load(struct mail_relays *r, const char *file, struct strbuf *errors)
{
	FILE *f = fopen(file, "re");
	struct strbuf text = { 0 };
	size_t n;
	int rc;

	if (!f) {
		strbuf_printf(errors, "%s: %s\n", file, strerror(errno));
		return HEARTH_EIO;
	}
	n = fread(strbuf_reserve(&text, RELAYS_FILE_MAX + 1), 1, RELAYS_FILE_MAX + 1, f);
	text.n = n;
	if (ferror(f) || n > RELAYS_FILE_MAX) {
		strbuf_printf(errors, "%s: %s\n", file, ferror(f) ? "cannot be read" : "too large");
		rc = HEARTH_EIO;
	} else {
		rc = mail_relays_read(r, file, strbuf_slice(&text), errors);
	}
	fclose(f);
	if (text.p)
		explicit_bzero(text.p, text.n);
	strbuf_free(&text);
	return rc;
}

void mail_relays_add_general(
	struct mail_relays *r, const char *host, int port, const char *user, const char *password)
{
	struct mail_relay *relay;

	INVARIANT(r->count == 0);
	relay = add(r);
	*relay = (struct mail_relay){ .domain = "",
		.host = arena_strdup(r->a, slice_str(host)),
		.port = port,
		.user = user,
		.password = password };
	r->has_general = true;
}

void mail_relays_clear(struct mail_relays *r)
{
	arena_free(&r->a);
	*r = (struct mail_relays){ .count = 0 };
}

/* How much of the domain it is for, as a number of bytes; -1: it is for others. */
static int fits(const struct mail_relay *relay, struct slice domain)
{
	struct slice own = slice_str(relay->domain);

	if (own.n == 0 || slice_eq(own, domain))
		return (int)own.n;
	if (own.p[0] != '.')
		return -1;
	if (slice_eq(slice_skip(own, 1), domain) ||
		(domain.n > own.n && slice_eq(slice_skip(domain, domain.n - own.n), own)))
		return (int)own.n - 1;
	return -1;
}

const struct mail_relay *mail_relay_for(const struct mail_relays *r, struct slice domain)
{
	const struct mail_relay *best = NULL;
	int most = -1;

	for (size_t i = 0; i < r->count; i++) {
		int n = fits(&r->list[i], domain);

		if (n > most) {
			best = &r->list[i];
			most = n;
		}
	}
	return best;
}
