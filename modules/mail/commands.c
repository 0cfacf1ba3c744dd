/*
 * commands.c: the module's table of commands. Constants.
 */
#include "dns/dns_records.h"
#include "mail.h"
#include "queue/queue_commands.h"

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
	{ "queue remove", "NUMBER|--all", "take it out of the queue, without a report", NULL,
		mail_run_queue_remove },
	{ .name = NULL },
};
