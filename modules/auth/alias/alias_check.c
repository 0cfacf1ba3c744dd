/*
 * alias_check.c: which addresses an alias may have and lead to (alias.h). Pure; 254 octets.
 */
#include "alias/alias.h"

#include <stdio.h>

#include "hearth/error.h"

#define ADDRESS_MAX 254

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* Labels of letters, digits and hyphens, two of them at least, each with one of them at its ends. */
static bool is_domain(struct slice s)
{
	int labels = 0;

	while (s.p) {
		struct slice label = slice_split(&s, '.');

		labels++;
		if (label.n == 0 || label.n > 63 || label.p[0] == '-' ||
			label.p[label.n - 1] == '-')
			return false;
		for (size_t i = 0; i < label.n; i++) {
			char c = lower(label.p[i]);

			if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && c != '-')
				return false;
		}
	}
	return labels >= 2;
}

/* Dot-atom of RFC 5322: what every server takes without quotes. */
static bool is_dot_atom(struct slice s)
{
	if (s.n == 0 || s.n > 64 || s.p[0] == '.' || s.p[s.n - 1] == '.')
		return false;
	for (size_t i = 0; i < s.n; i++) {
		char c = lower(s.p[i]);

		if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') &&
			(c == '\0' || !strchr("!#$%&'*+-/=?^_`{|}~.", c)))
			return false;
		if (c == '.' && s.p[i - 1] == '.')
			return false;
	}
	return true;
}

static int whole_domain(struct slice text, char out[256])
{
	if (text.n < 2 || text.n > ADDRESS_MAX || !is_domain(slice_skip(text, 1)))
		return HEARTH_EINVAL;
	for (size_t i = 0; i < text.n; i++)
		out[i] = lower(text.p[i]);
	out[text.n] = '\0';
	return 0;
}

int alias_address(const struct config *config, struct slice text, char out[256])
{
	text = slice_trim(text);
	if (text.n > 0 && text.p[0] == '@')
		return whole_domain(text, out);
	return auth_address(config, text, out);
}

int alias_target(const struct config *config, struct slice text, char out[256])
{
	struct slice domain, local;

	text = slice_trim(text);
	if (text.n > 0 && text.p[0] == '@')
		return whole_domain(text, out);
	if (auth_address(config, text, out) == 0 && auth_address_is_local(config, out))
		return 0;
	domain = text;
	local = slice_split(&domain, '@');
	if (text.n > ADDRESS_MAX || !is_dot_atom(local) || !domain.p || !is_domain(domain))
		return HEARTH_EINVAL;
	snprintf(out, 256, "%.*s", SLICE_ARG(text));
	for (size_t i = local.n; i < text.n; i++)
		out[i] = lower(out[i]);
	return 0;
}

bool alias_strip(const struct config *config, char address[256])
{
	const char *separator = config_text(config, "mail", "subaddress");
	char *at = strrchr(address, '@'), *tag = strchr(address, separator[0]);

	if (separator[1] != '\0' || !at || !tag || tag > at || tag == address)
		return false;
	memmove(tag, at, strlen(at) + 1);
	return true;
}
