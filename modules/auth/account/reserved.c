/*
 * reserved.c: names that speak for whoever runs the server (reserved.h).
 *
 * Names are compared by a skeleton, as UTS 39 does: what looks alike becomes one letter. Two names
 * that nobody would take for each other never have the same.
 */
#include "account/reserved.h"

#define SKELETON_MAX 72 /* a local part has 64 */

static const char *const names[] = {
	/* certificate authorities */
	"admin", "administrator", "hostmaster", "postmaster", "webmaster", "ssladmin",
	"ssladministrator", "sslwebmaster", "sysadmin",
	/* RFC 2142 */
	"abuse", "noc", "security", "info", "marketing", "sales", "support", "usenet", "news",
	"www", "uucp", "ftp",
	/* what systems sign with */
	"root", "daemon", "mailer-daemon", "nobody", "no-reply", "operator", "system",
	/* who is meant here */
	"admins", "administrators", "moderator", "moderators", "hearth"
};

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

bool reserved_name(struct slice name)
{
	char mine[SKELETON_MAX], theirs[SKELETON_MAX];

	skeleton(name, mine);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		skeleton(slice_str(names[i]), theirs);
		if (strcmp(mine, theirs) == 0)
			return true;
	}
	return false;
}

bool reserved_reaches_administrators(struct slice local)
{
	return slice_ieq(local, SLICE("postmaster")) || slice_ieq(local, SLICE("abuse")) ||
	       slice_ieq(local, SLICE("hostmaster"));
}
