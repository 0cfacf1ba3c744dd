/*
 * scope.c: scopes by name, as people and programs write them: "mail game:read imap".
 * Pure; any thread.
 */
#include "hearth/error.h"
#include "session/session.h"

static const struct {
	const char *name;
	unsigned scope;
	bool has_reading;
} names[] = {
	{ "account", ACCOUNTS_SCOPE_ACCOUNT, true },
	{ "mail", ACCOUNTS_SCOPE_MAIL, true },
	{ "video", ACCOUNTS_SCOPE_VIDEO, true },
	{ "game", ACCOUNTS_SCOPE_GAME, true },
	{ "admin", ACCOUNTS_SCOPE_ADMIN, true },
	{ "imap", ACCOUNTS_SCOPE_IMAP, false },
	{ "smtp", ACCOUNTS_SCOPE_SMTP, false },
	{ "rtmp", ACCOUNTS_SCOPE_RTMP, false },
};

#define NAME_COUNT (sizeof(names) / sizeof(names[0]))

/* One word; 0 when it is no scope. */
static unsigned read_one(struct slice word)
{
	struct slice rest = word;
	struct slice name = slice_split(&rest, ':');
	bool reading = rest.p != NULL;

	if (reading && !slice_eq(rest, SLICE("read")))
		return 0;
	for (size_t i = 0; i < NAME_COUNT; i++)
		if (slice_eq(name, slice_str(names[i].name)))
			return !reading               ? names[i].scope
			       : names[i].has_reading ? names[i].scope << ACCOUNTS_SCOPE_READ_SHIFT
						      : 0;
	return 0;
}

int auth_scopes_read(struct slice text, unsigned *scopes)
{
	*scopes = 0;
	while (text.p) {
		struct slice word = slice_split(&text, ' ');
		unsigned scope = read_one(word);

		if (word.n && !scope)
			return HEARTH_EINVAL;
		*scopes |= scope;
	}
	return *scopes ? 0 : HEARTH_EINVAL;
}

void auth_scopes_write(unsigned scopes, struct strbuf *out)
{
	for (size_t i = 0; i < NAME_COUNT; i++) {
		const char *blank = out->n ? " " : "";

		if (scopes & names[i].scope)
			strbuf_printf(out, "%s%s", blank, names[i].name);
		else if (scopes & names[i].scope << ACCOUNTS_SCOPE_READ_SHIFT)
			strbuf_printf(out, "%s%s:read", blank, names[i].name);
	}
}
