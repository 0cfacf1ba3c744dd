/*
 * check.c: what the rows of auth keep to (checks.h). The address is that of an account that was
 * deleted, too: its rows go with an event. A constant table.
 */
#include "auth.h"
#include "hearth/checks.h"

static const struct hearth_rule rules[] = {
	{ "a token belongs to no account",
		"SELECT t.account, 'token ' || t.id FROM auth.token t WHERE NOT EXISTS"
		" (SELECT 1 FROM auth.account a WHERE a.id = t.account)" },
	{ "a membership belongs to no account",
		"SELECT m.account, 'group ' || m.group_id FROM auth.membership m WHERE NOT EXISTS"
		" (SELECT 1 FROM auth.account a WHERE a.id = m.account)" },
	{ "a membership belongs to no group",
		"SELECT m.account, 'group ' || m.group_id FROM auth.membership m WHERE NOT EXISTS"
		" (SELECT 1 FROM auth.account_group g WHERE g.id = m.group_id)" },
	{ "a member elsewhere belongs to no group",
		"SELECT s.made_by, s.address FROM auth.subscriber s WHERE NOT EXISTS"
		" (SELECT 1 FROM auth.account_group g WHERE g.id = s.group_id)" },
	{ "a profile belongs to no account",
		"SELECT p.account, 'profile' FROM auth.profile p WHERE NOT EXISTS"
		" (SELECT 1 FROM auth.account a WHERE a.id = p.account)" },
	{ NULL, NULL },
};

const struct hearth_checks auth_checks = {
	.database = "auth",
	.address = "SELECT address FROM auth.account WHERE id = $1",
	.blobs = "SELECT avatar AS key, account, 'the avatar' AS place FROM auth.profile"
		 " WHERE avatar <> ''"
		 " UNION ALL SELECT avatar_small, account, 'the small avatar' FROM auth.profile"
		 " WHERE avatar_small <> ''"
		 " UNION ALL SELECT blob, account, 'the attachment ' || name"
		 " FROM auth.preferences_file"
		 /* The pieces of one that expires are deleted before their rows. */
		 " UNION ALL SELECT p.blob, e.account, 'the export of ' || f.path"
		 " FROM auth.export_piece p JOIN auth.export_file f ON f.id = p.file"
		 " JOIN auth.export e ON e.id = f.export WHERE e.closed_at = 0 AND e.expires_at >"
		 " CAST(strftime('%s', 'now') AS INTEGER) * 1000",
	.rules = rules,
};
