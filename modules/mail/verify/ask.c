/*
 * verify/ask.c: names as the DNS takes them (ask.h). Pure.
 */
#include "verify/ask.h"

#include <ctype.h>

#include "smtp/smtp_idn.h"

#define NAME_SHOWN_MAX 253 /* bytes of a name as text (RFC 1035 section 2.3.4) */

bool verify_is_name(struct slice name)
{
	size_t label = 0;

	if (name.n == 0 || name.n > NAME_SHOWN_MAX)
		return false;
	for (size_t i = 0; i < name.n; i++) {
		unsigned char c = (unsigned char)name.p[i];

		if (c == '.' ? label == 0 : c < ' ' || c >= 0x7f || c == '\\' || label == 63)
			return false;
		label = c == '.' ? 0 : label + 1;
	}
	return label > 0;
}

struct slice verify_domain(struct arena *a, struct slice name)
{
	char ascii[SMTP_DOMAIN_MAX + 1];
	char *copy;

	if (smtp_domain_ascii(name, ascii) == 0)
		return arena_slice(a, slice_str(ascii));
	copy = arena_alloc(a, name.n + 1);
	for (size_t i = 0; i < name.n; i++)
		copy[i] = (char)tolower((unsigned char)name.p[i]);
	return slice_of(copy, name.n);
}
