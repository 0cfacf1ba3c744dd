/*
 * Any bytes as a file of relays, and as a domain beyond ASCII: what is read is bounded and whole, is found again by
 * its domain, and what becomes of a domain is ASCII that stays as it is.
 */
#include <stdlib.h>
#include <string.h>

#include "hearth/log.h"
#include "queue/relays.h"
#include "smtp/smtp_idn.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_domain(struct slice in)
{
	char once[SMTP_DOMAIN_MAX + 1], again[SMTP_DOMAIN_MAX + 1];

	if (smtp_domain_ascii(in, once) < 0)
		return;
	INVARIANT(smtp_is_ascii(slice_str(once)));
	INVARIANT(smtp_domain_ascii(slice_str(once), again) == 0 && strcmp(once, again) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice in = slice_of(data, size);
	struct mail_relays r = { .count = 0 };
	struct strbuf errors = { 0 };
	int rc = mail_relays_read(&r, "x", in, &errors);

	INVARIANT((rc < 0) == (errors.n > 0) && r.count <= RELAYS_MAX);
	for (size_t i = 0; i < r.count; i++) {
		const struct mail_relay *relay = &r.list[i];
		const char *domain = relay->domain + (relay->domain[0] == '.');

		INVARIANT(relay->host[0] && relay->port > 0 && relay->must_prove);
		INVARIANT(!relay->user == !relay->password);
		INVARIANT(mail_relay_for(&r, slice_str(domain)));
	}
	mail_relays_clear(&r);
	strbuf_free(&errors);
	check_domain(in);
	return 0;
}
