/*
 * acme_settings.c: [acme] of the configuration: whether it is on, and what is wrong with it. Pure, but for
 * a look whether the file of authorities is there.
 */
#include <string.h>
#include <unistd.h>

#include "acme/acme.h"

bool acme_is_on(const struct config *c)
{
	return *config_text(c, "acme", "directory") != '\0';
}

void acme_validate(const struct config *c, struct strbuf *errors)
{
	const char *directory = config_text(c, "acme", "directory");
	const char *hostname = config_text(c, "server", "hostname");
	const char *ca = config_text(c, "acme", "ca");

	if (!*directory)
		return;
	if (!slice_starts(slice_str(directory), SLICE("https://")) || strpbrk(directory, " \t\""))
		config_blame(c, "acme", "directory", errors,
			"found \"%s\", expected a URL such as "
			"https://acme-v02.api.letsencrypt.org/directory",
			directory);
	if (!config_bool(c, "acme", "agree"))
		config_blame(c, "acme", "agree", errors,
			"is no: read the terms of service of the certificate authority, and say "
			"yes if you agree");
	if (!strchr(hostname, '.'))
		config_blame(c, "server", "hostname", errors,
			"\"%s\" is no name on the internet: no certificate authority gives a "
			"certificate for it ([acme] directory)",
			hostname);
	if (*config_text(c, "tls", "cert"))
		config_blame(c, "acme", "directory", errors,
			"[tls] cert is set as well: keep one of the two");
	if (*ca && access(ca, R_OK) < 0)
		config_blame(c, "acme", "ca", errors, "%s cannot be read", ca);
	if (!*config_text(c, "acme", "eab_kid") != !*config_text(c, "acme", "eab_key"))
		config_blame(c, "acme", "eab_kid", errors, "eab_kid and eab_key go together");
}
