/*
 * reserved.c: names that speak for whoever runs the server (reserved.h).
 *
 * Names are compared by a skeleton, as UTS 39 does: what looks alike becomes one letter. Two names
 * that nobody would take for each other never have the same. Pure.
 */
#include "account/reserved.h"

#define SKELETON_MAX 72 /* a local part has 64 */

/* What machines, certificate authorities and other mail servers go by. */
static const char *const of_systems[] = {
	/* certificate authorities (CA/Browser Forum 3.2.2.4.4), and names they took before it */
	"admin", "administrator", "hostmaster", "postmaster", "webmaster", "ssladmin",
	"ssladministrator", "sslwebmaster", "sysadmin", "caa", "certificates",
	/* RFC 2142 sections 4 and 5 */
	"abuse", "noc", "security", "usenet", "news", "www", "uucp", "ftp", "dnsadmin",
	/* where reports on mail go (RFC 7489, RFC 8460, RFC 5965) */
	"dmarc", "dmarc-reports", "tls-rpt", "tls-reports", "smtp-tls-reports", "arf", "fbl",
	"dkim", "spf", "bimi",
	/* hosts that clients and servers look for */
	"autoconfig", "autodiscover", "mta-sts", "webmail", "wpad", "isatap", "localhost",
	"localdomain",
	/* what systems sign with */
	"root", "daemon", "mailer-daemon", "mailer", "bounce", "bounces", "nobody", "no-reply",
	"do-not-reply", "operator", "system", "listserv", "listmaster", "majordomo",
	/* who is meant here */
	"admins", "administrators", "moderator", "moderators", "hearth"
};

/* What strangers write to who want the organisation: RFC 2142 section 3, and its kin. */
static const char *const of_organisations[] = { "info", "marketing", "sales", "support", "contact",
	"help", "helpdesk", "billing", "legal", "privacy" };

/* Of a list or group NAME (RFC 2142 section 6, and what list programs use): NAME-request. */
static const char *const of_lists[] = { "request", "owner", "bounces" };

static char looks_like(char c)
{
	static const char from[] = "0134578i|", to[] = "oleastbll";
	const char *at = strchr(from, c);

	if (c >= 'A' && c <= 'Z')
		return looks_like((char)(c - 'A' + 'a'));
	return c && at ? to[at - from] : c;
}

/* "rn" and "m", "vv" and "w" are hard to tell apart in many fonts. */
static bool joins(char *before, char c)
{
	if (*before == 'r' && c == 'n')
		*before = 'm';
	else if (*before == 'v' && c == 'v')
		*before = 'w';
	else
		return false;
	return true;
}

/* Of what stands before "@" and "+"; empty for what is too long to be a name. */
static void skeleton(struct slice name, char out[SKELETON_MAX])
{
	size_t n = 0;

	for (size_t i = 0; i < name.n && name.p[i] != '@' && name.p[i] != '+'; i++) {
		char c = looks_like(name.p[i]);

		if (c == '.' || c == '-' || c == '_')
			continue;
		if (n + 1 == SKELETON_MAX) {
			n = 0;
			break;
		}
		if (n == 0 || !joins(&out[n - 1], c))
			out[n++] = c;
	}
	out[n] = '\0';
}

static bool is_one_of(struct slice name, const char *const *names, size_t count)
{
	char mine[SKELETON_MAX], theirs[SKELETON_MAX];

	skeleton(name, mine);
	for (size_t i = 0; i < count; i++) {
		skeleton(slice_str(names[i]), theirs);
		if (strcmp(mine, theirs) == 0)
			return true;
	}
	return false;
}

/* Whether it ends in "-request" and the like, whatever stands before. */
static bool is_of_list(struct slice name)
{
	struct slice local = slice_split(&name, '@'), last;

	local = slice_split(&local, '+');
	last = local;
	for (size_t i = 0; i < local.n; i++)
		if (local.p[i] == '-' || local.p[i] == '.' || local.p[i] == '_')
			last = slice_skip(local, i + 1);
	return last.n < local.n &&
	       is_one_of(last, of_lists, sizeof(of_lists) / sizeof(of_lists[0]));
}

bool reserved_for_system(struct slice name)
{
	return is_one_of(name, of_systems, sizeof(of_systems) / sizeof(of_systems[0]));
}

bool reserved_name(struct slice name)
{
	return reserved_for_system(name) || is_of_list(name) ||
	       is_one_of(name, of_organisations,
		       sizeof(of_organisations) / sizeof(of_organisations[0]));
}

bool reserved_reaches_administrators(struct slice local)
{
	return slice_ieq(local, SLICE("postmaster")) || slice_ieq(local, SLICE("abuse")) ||
	       slice_ieq(local, SLICE("hostmaster"));
}
