/*
 * setup_sts.c: the MTA-STS policy of our own domains (RFC 8461 3.2): that mail for them comes to this
 * server alone, over TLS that proves its name. The id in the DNS is made of the policy itself, so that it
 * changes with it, and every node has the same. Pure.
 */
#include <openssl/sha.h>
#include <string.h>

#include "setup/setup.h"

bool setup_write_sts(const struct config *c, const char *host, struct strbuf *out)
{
	const char *mode = config_text(c, "mail", "mta_sts");

	if (strcmp(mode, "off") == 0)
		return false;
	strbuf_printf(out, "version: STSv1\r\nmode: %s\r\n", mode);
	if (strcmp(mode, "none") != 0)
		strbuf_printf(out, "mx: %s\r\n", host);
	strbuf_printf(out, "max_age: %lld\r\n",
		(long long)(config_duration_ms(c, "mail", "mta_sts_max_age") / 1000));
	return true;
}

bool setup_sts_id(const struct config *c, const char *host, char id[SETUP_STS_ID + 1])
{
	unsigned char digest[SHA256_DIGEST_LENGTH];
	struct strbuf policy = { 0 };
	bool served = setup_write_sts(c, host, &policy);

	if (served) {
		SHA256((const unsigned char *)policy.p, policy.n, digest);
		hex_encode(digest, SETUP_STS_ID / 2, id);
	}
	strbuf_free(&policy);
	return served;
}
