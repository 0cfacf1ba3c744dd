/*
 * address/back.c: whom a report goes back to (back.h). Pure but for the clock; an address at a time.
 */
#include "address/back.h"

#include "hearth/clock.h"
#include "hearth/error.h"
#include "mail.h"

bool mail_comes_back(const struct mail *m, struct slice address)
{
	struct slice domain = address, local = slice_split(&domain, '@');

	return srs_is(local) && slice_ieq(domain, mail_domain(m));
}

int mail_back(const struct mail *m, struct slice address, char out[SRS_ADDRESS_MAX + 1])
{
	struct slice domain = address, local = slice_split(&domain, '@');
	char *at;

	if (!m->has_srs_key || !mail_comes_back(m, address) ||
		srs_reverse(m->srs_key, clock_wall_s(), local, out) < 0)
		return HEARTH_ENOTFOUND;
	at = strrchr(out, '@');
	for (char *c = at; *c; c++)
		if (*c >= 'A' && *c <= 'Z')
			*c = (char)(*c + ('a' - 'A'));
	return mail_domain_is_local(m, slice_str(at + 1)) ? HEARTH_ENOTFOUND : 0;
}
