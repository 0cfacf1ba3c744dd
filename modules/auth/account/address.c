/*
 * address.c: what a log-in name may look like, and which domains are ours.
 *
 * Names are deliberately narrower than RFC 5321 allows: what we make an account for must work in
 * every mail program, so it is ASCII letters, digits and ".-_+".
 *
 * Pure; any thread.
 */
#include "account/account.h"

#include "hearth/error.h"

static bool is_name_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '+';
}

/* Words of such characters with single dots between them. */
static bool is_dotted(struct slice s)
{
	if (s.n == 0 || s.p[0] == '.' || s.p[s.n - 1] == '.')
		return false;
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '.' && s.p[i - 1] == '.')
			return false;
		if (s.p[i] != '.' && !is_name_char(s.p[i]))
			return false;
	}
	return true;
}

static const char *first_domain(const struct config *config)
{
	const char *const *domains = config_list(config, "mail", "domains");

	return domains[0] ? domains[0] : config_text(config, "server", "hostname");
}

int auth_address(const struct config *config, struct slice name, char out[256])
{
	struct strbuf full = { 0 };
	struct slice rest, local;
	int rc = HEARTH_EINVAL;

	name = slice_trim(name);
	strbuf_add(&full, name);
	if (slice_chr(name, '@') < 0)
		strbuf_printf(&full, "@%s", first_domain(config));
	for (size_t i = 0; i < full.n; i++)
		if (full.p[i] >= 'A' && full.p[i] <= 'Z')
			full.p[i] = (char)(full.p[i] - 'A' + 'a');
	rest = strbuf_slice(&full);
	local = slice_split(&rest, '@');
	/* RFC 5321 section 4.5.3.1: 64 for the local part, 254 for the whole. */
	if (full.n <= 254 && local.n <= 64 && is_dotted(local) && rest.p && is_dotted(rest)) {
		memcpy(out, full.p, full.n + 1);
		rc = 0;
	}
	strbuf_free(&full);
	return rc;
}

bool auth_domain_is_local(const struct config *config, struct slice domain)
{
	const char *const *domains = config_list(config, "mail", "domains");

	if (!domains[0])
		return slice_ieq(domain, slice_str(config_text(config, "server", "hostname")));
	for (; *domains; domains++)
		if (slice_ieq(domain, slice_str(*domains)))
			return true;
	return false;
}

bool auth_address_is_local(const struct config *config, const char *address)
{
	struct slice domain = slice_str(address);

	slice_split(&domain, '@');
	return auth_domain_is_local(config, domain);
}
