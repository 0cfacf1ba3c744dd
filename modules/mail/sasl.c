/*
 * sasl.c: takes a PLAIN response apart (sasl.h). Pure.
 *
 * Linear in the response.
 */
#include "sasl.h"

#include "hearth/error.h"

int mail_sasl_plain(struct slice response, struct slice *user, struct slice *password)
{
	struct slice authorize = slice_split(&response, '\0');

	*user = slice_split(&response, '\0');
	*password = response;
	if (!response.p || user->n == 0)
		return HEARTH_EINVAL;
	return authorize.n > 0 && !slice_ieq(authorize, *user) ? HEARTH_EDENIED : 0;
}
