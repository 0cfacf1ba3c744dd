/*
 * commands.c: `hearth …` of this module: each command with its words of help. A constant table.
 */
#include "account/quota.h"
#include "alias/alias.h"
#include "command.h"
#include "group/group.h"
#include "group/subscriber.h"

static const char password_help[] = "\nThe password is read from standard input with "
				    "--password-stdin (one line), asked for at a\n"
				    "terminal, and otherwise made up and printed.\n";

static const char add_help[] = "\n--reserved: a name that speaks for whoever runs the server, such "
			       "as postmaster, is meant.\n"
			       "The password is read from standard input with --password-stdin "
			       "(one line), asked for at a\n"
			       "terminal, and otherwise made up and printed.\n";

static const char alias_help[] =
	"\n@DOMAIN with targets is a catch-all: for what nobody at the domain has as a name.\n"
	"@DOMAIN with the one target @OTHER makes each name there that name at OTHER, one of "
	"[mail] "
	"domains.\n"
	"Who gets all that an alias gets may write as it; --may-write lets those, too, who share "
	"it.\n";

const struct hearth_command auth_commands[] = {
	{ "first-start", "", "print the link that makes the first administrator", NULL,
		auth_run_first_start },
	{ "user add", "ADDRESS [--admin|--moderator|--no-admin] [--reserved] [--password-stdin]",
		"make an account; the first one is an administrator's unless told otherwise",
		add_help, auth_run_user_add },
	{ "user list", "", "list the accounts: address, role, state, what it logs in with", NULL,
		auth_run_user_list },
	{ "user passwd", "ADDRESS [--password-stdin]", "set a password and end the sessions",
		password_help, auth_run_user_passwd },
	{ "user disable", "ADDRESS", "shut an account out; its mail is still taken", NULL,
		auth_run_user_disable },
	{ "user enable", "ADDRESS", "let it in again", NULL, auth_run_user_enable },
	{ "user role", "ADDRESS member|moderator|administrator", "give an account another role",
		NULL, auth_run_user_role },
	{ "user factors", "ADDRESS [--remove]", "show the second factors, or take them away", NULL,
		auth_run_user_factors },
	{ "user delete", "ADDRESS", "delete an account", NULL, auth_run_user_delete },
	{ "user reset", "ADDRESS",
		"end its password and sessions, and print a link to choose a new one",
		"\nThe old password opens nothing from now on, and all that is open ends. The link "
		"works once,\nwithin a day.\n",
		auth_run_user_reset },
	{ "user storage", "ADDRESS", "how many bytes each module keeps for an account", NULL,
		auth_run_user_storage },
	{ "user free", "ADDRESS", "let somebody else have the address of who left, before its time",
		"\nNames of deleted groups, too. See [auth] address_rest.\n", auth_run_user_free },
	{ "user quota", "ADDRESS SIZE|none|default", "bound what is kept for an account", NULL,
		auth_run_user_quota },
	{ "alias list", "[PART]", "list the aliases: address, whom it leads to", NULL,
		auth_run_alias_list },
	{ "alias add", "ADDRESS TARGET... [--may-write]",
		"let an address lead to accounts, groups, others, or elsewhere", alias_help,
		auth_run_alias_add },
	{ "alias remove", "ADDRESS [TARGET...]", "remove an alias, or some of its targets", NULL,
		auth_run_alias_remove },
	{ "invite", "[--admin|--moderator] [--address A] [--reserved] [--uses N] [--expires 7d]",
		"print a link with which somebody makes an account", NULL, auth_run_invite },
	{ "session list", "ADDRESS", "list what an account holds: sessions, tokens, devices", NULL,
		auth_run_session_list },
	{ "session revoke", "ADDRESS|ID", "end all of an account, or one by its number", NULL,
		auth_run_session_revoke },
	{ "group add", "NAME [--title T] [--open] [--reserved]",
		"make a group; --open: anybody may join; --reserved: of a name such as abuse", NULL,
		auth_run_group_add },
	{ "group list", "", "list the groups and how many are in each", NULL, auth_run_group_list },
	{ "group show", "NAME", "list who is in a group", NULL, auth_run_group_show },
	{ "group delete", "NAME", "delete a group", NULL, auth_run_group_delete },
	{ "group invite", "NAME ADDRESS [--owner]",
		"ask somebody into a group: they say yes or no in the page", NULL,
		auth_run_group_invite },
	{ "group join", "NAME ADDRESS [--owner]",
		"put somebody who has said yes to you into a group, or make them an owner",
		"\nThe person is not asked; the record of their account says that it was done by "
		"command.\n",
		auth_run_group_join },
	{ "group leave", "NAME ADDRESS", "remove somebody from a group", NULL,
		auth_run_group_leave },
	{ "group subscribe", "NAME ADDRESS",
		"let an address elsewhere be a member: print the link it says yes by",
		"\nThe link is good for a week. Until it is opened nothing is sent there.\n",
		auth_run_group_subscribe },
	{ "group unsubscribe", "NAME ADDRESS", "remove a member elsewhere, or their invitation",
		NULL, auth_run_group_unsubscribe },
	{ "group resume", "NAME ADDRESS",
		"send mail again to a member elsewhere who is paused, since it came back", NULL,
		auth_run_group_resume },
	{ "group quota", "NAME SIZE|none", "what each member may keep, where that is more", NULL,
		auth_run_group_quota },
	{ "group posting", "NAME anybody|members|owners|moderated", "who may write to a group",
		NULL, auth_run_group_posting },
	{ "group prefix", "NAME TEXT|none", "what stands in front of the Subject of a group's mail",
		NULL, auth_run_group_prefix },
	{ "group archive", "NAME off|members", "whether a group's mail is kept for its members",
		"\nWhat was kept stays when it is turned off; hearth list archive prints it.\n",
		auth_run_group_archive },
	{ .name = NULL },
};
