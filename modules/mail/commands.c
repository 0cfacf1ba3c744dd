/*
 * commands.c: the module's table of commands. Constants.
 */
#include "dns/dns_records.h"
#include "list/list.h"
#include "mail.h"
#include "queue/queue_commands.h"
#include "report/report_commands.h"
#include "report/send.h"
#include "sign/dkim_commands.h"

const struct hearth_command mail_commands[] = {
	{ "dns", "[--check]",
		"print the DNS records to publish, or compare them with what is published",
		"\nWithout --check the lines are those of a zone file. With it each record is "
		"asked for; "
		"the\nexit code is 1 when one is missing or wrong.\n",
		mail_run_dns },
	{ "queue list", "", "list the recipients elsewhere that wait for their mail",
		"\nColumns, with tabs between: number, waits or held, next attempt, attempts, "
		"bytes, "
		"sender,\nrecipient, the last answer.\n",
		mail_run_queue_list },
	{ "queue show", "NUMBER", "print what is known of one of them", NULL, mail_run_queue_show },
	{ "queue hold", "NUMBER|--all", "try no more until it is released", NULL,
		mail_run_queue_hold },
	{ "queue release", "NUMBER|--all", "let go what was held: it is due now", NULL,
		mail_run_queue_retry },
	{ "queue retry", "NUMBER|--all", "try now, not only when the time is there", NULL,
		mail_run_queue_retry },
	{ "queue requeue", "NUMBER|--all",
		"begin anew with it, as if it had just been sent: due now, and with all its time",
		NULL, mail_run_queue_requeue },
	{ "queue remove", "NUMBER|--all", "take it out of the queue, without a report", NULL,
		mail_run_queue_remove },
	{ "dkim list", "[DOMAIN]", "list the keys that sign mail",
		"\nColumns, with tabs between: domain, selector, kind, state, since when. A key "
		"waits until its\nrecord is seen in the DNS, then signs; the one before it is kept "
		"published while mail signed by\nit may be on its way ([dkim] keep), then it is "
		"gone and its record may go. A revoked one is\npublished without a key for a "
		"month.\n",
		mail_run_dkim_list },
	{ "dkim rotate", "[DOMAIN] [--now]", "make new keys for a domain, or for all of them",
		"\nThey sign once a server that runs has seen their records, which hearth dns "
		"prints: it looks\nevery minute, but a resolver may remember for an hour, or as "
		"long as the zone says, that they were\nnot there. With --now they sign at once. "
		"Run again, it makes no others while some wait, and the\nserver looks now.\n",
		mail_run_dkim_rotate },
	{ "dkim revoke", "DOMAIN SELECTOR", "take back a key that others may have got hold of",
		NULL, mail_run_dkim_revoke },
	{ "dkim verify", "FILE...", "print what the signatures of mails are worth",
		"\nColumns, with tabs between: file, result, domain, selector, algorithm, "
		"reason.\n",
		mail_run_dkim_verify },
	{ "queue suppressed", "list|remove ADDRESS",
		"addresses elsewhere that mail is refused to, since nobody is there",
		"\nWhen a server says for good that it has no such mailbox, mail to it is refused "
		"for a day,\nthe next time for four, at last for a month; remove lets it be tried "
		"again.\nColumns, with tabs between: address, since, until, how often, the "
		"answer.\n",
		mail_run_queue_suppressed },
	{ "reports list", "", "list what others report of mail and TLS of this server's domains",
		"\nColumns, with tabs between: number, dmarc or tls, day, domain, who reports, how "
		"many "
		"passed,\nand failed. The latest first.\n",
		mail_run_reports_list },
	{ "reports show", "NUMBER", "print one of them with its rows",
		"\nColumns of a row: how many, from where (dmarc) or which server (tls), what came "
		"of it, "
		"DKIM,\nSPF, the author's domain or the policy.\n",
		mail_run_reports_show },
	{ "reports send", "", "send now what would be reported to other domains after midnight",
		"\nThat is how their mail fared here (DMARC) and how TLS did with their servers "
		"(TLS-RPT),\n"
		"today included, to those that ask for it in the DNS.\n",
		mail_run_reports_send },
	{ "list held", "NAME", "list what waits for a word of the group's owners",
		"\nColumns, with tabs between: number, bytes, sender, subject.\n",
		mail_run_list_held },
	{ "list approve", "NAME NUMBER", "let one of them go to the members", NULL,
		mail_run_list_approve },
	{ "list reject", "NAME NUMBER", "throw one of them away; nobody is told", NULL,
		mail_run_list_reject },
	{ "list archive", "NAME", "print what was kept of a group's mail, as mbox",
		"\nThe oldest first, with the mail of each thread where it came.\n",
		mail_run_list_archive },
	{ .name = NULL },
};
