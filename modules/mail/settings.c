/*
 * settings.c: [mail], [dkim] and [queue] of the INI file: what there is, what is wrong together, and how it is
 * read. At the start, before there are other threads.
 */
#include "mail.h"
#include "queue/relays.h"
#include "smtp/smtp_session.h"

const struct config_setting mail_settings[] = {
	{ NULL, "message_max", CONFIG_SIZE, "50M", "64K", "64M", NULL,
		"largest message taken (RFC 1870 SIZE)" },
	{ NULL, "recipients_max", CONFIG_INT, "100", "100", "10000", NULL,
		"recipients of one transaction (RFC 5321 4.5.3.1.8: at least 100)" },
	{ NULL, "mails_max", CONFIG_INT, "10000", "0", "1000000", NULL,
		"mails over one connection, then it has to begin another (RFC 9422 MAILMAX); 0: "
		"any number" },
	{ NULL, "bare_newlines", CONFIG_CHOICE, "keep", NULL, NULL, "keep|reject|mend",
		"a CR or LF of its own in a message: stored as it came, refused, or made CRLF; "
		"none ends a message" },
	{ NULL, "tarpit", CONFIG_DURATION, "5s", "0s", "1m", NULL,
		"the longest that a stranger who gives wrong commands, or names people who are "
		"not here, waits for an answer: at first nothing, then longer each time" },
	{ NULL, "network_connections", CONFIG_INT, "300", "0", "1000000", NULL,
		"connections that one network outside (a /24, or a /64 of IPv6) may begin within "
		"a minute; 0: any number" },
	{ NULL, "network_mails", CONFIG_INT, "1200", "0", "1000000", NULL,
		"and mails without logging in" },
	{ NULL, "network_recipients", CONFIG_INT, "6000", "0", "1000000", NULL,
		"and recipients of these" },
	{ NULL, "hold_max", CONFIG_DURATION, "30d", "0s", "365d", NULL,
		"how long a person may have a mail wait before it leaves (RFC 4865 FUTURERELEASE); "
		"0s: it may not" },
	{ NULL, "hide_clients", CONFIG_BOOL, "yes", NULL, NULL, NULL,
		"the address of the device a person sends from stays out of their mail "
		"(Received)" },
	{ NULL, "forward_per_hour", CONFIG_INT, "500", "0", "1000000", NULL,
		"mails within an hour that are sent on to one address elsewhere, or by one group "
		"to "
		"its members elsewhere; 0: any number" },
	{ NULL, "archive_quota", CONFIG_SIZE, "1G", "0", "1T", NULL,
		"what the archive of one group may keep (hearth group archive): beyond it the "
		"oldest mails go for those of people here, and others' are not kept; 0: no bound" },
	{ NULL, "patience", CONFIG_DURATION, "5m", "1s", "1h", NULL,
		"how long a client may take for a command, and be behind least_rate with a "
		"message or with what it is sent (RFC 5321 4.5.3.2: at least 5m)" },
	{ NULL, "least_rate", CONFIG_INT, "500", "0", "100000", NULL,
		"bytes a second at which a message must come, and an answer be taken, on the "
		"whole; "
		"0: any" },
	{ NULL, "relay", CONFIG_ADDRESS, "off", NULL, NULL, NULL,
		"a server (HOST:PORT) that takes all mail for elsewhere; off: each domain's own" },
	{ NULL, "relay_user", CONFIG_TEXT, "", NULL, NULL, NULL,
		"the name to log in with there, over TLS; empty: none" },
	{ NULL, "relay_password", CONFIG_TEXT, "", NULL, NULL, NULL, "and the password" },
	{ NULL, "relays", CONFIG_TEXT, "", NULL, NULL, NULL,
		"a file of relays for single domains: lines of DOMAIN HOST:PORT [NAME PASSWORD], "
		"over "
		"TLS; .DOMAIN: and all below it" },
	{ NULL, "dmarc", CONFIG_CHOICE, "enforce", NULL, NULL, "enforce|report|off",
		"mail from outside is checked by SPF, DKIM and DMARC, and done with as its "
		"author's "
		"domain wants; only checked; or not even that" },
	{ NULL, "dmarc_temperror", CONFIG_CHOICE, "accept", NULL, NULL, "accept|defer",
		"and where the DNS does not tell: it is taken, or put off (451)" },
	{ NULL, "arc_trusted", CONFIG_LIST, "", NULL, NULL, NULL,
		"domains whose word is taken for what they pass on (ARC): mail that passed there "
		"is not refused for what they changed" },
	{ NULL, "mta_sts", CONFIG_CHOICE, "testing", NULL, NULL, "off|none|testing|enforce",
		"what our MTA-STS policy (RFC 8461) wants of servers that send here over TLS that "
		"cannot be trusted: to tell us; enforce: to send nothing; none: that there is no "
		"policy any more; off: none is served" },
	{ NULL, "mta_sts_max_age", CONFIG_DURATION, "7d", "1d", "365d", NULL,
		"for how long they keep to it" },
	{ NULL, "trusted", CONFIG_LIST,
		"127.0.0.0/8 ::1 10.0.0.0/8 172.16.0.0/12 192.168.0.0/16 169.254.0.0/16 fc00::/7 "
		"fe80::/10",
		NULL, NULL, NULL,
		"networks whose mail is not checked: this machine and those beside it; none: all "
		"is" },
	{ "dkim", "sign", CONFIG_BOOL, "yes", NULL, NULL, NULL,
		"sign mail for elsewhere by DKIM, with keys that make themselves (hearth dkim)" },
	{ "dkim", "keep", CONFIG_DURATION, "14d", "1d", "365d", NULL,
		"how long the record of a key that signs no more stays published, at least as "
		"long as its signatures hold ([mail] hold_max, [queue] expiry and two days)" },
	{ "queue", "retry", CONFIG_DURATION, "5m", "1s", "1d", NULL,
		"when a mail for elsewhere is tried again at first; then after as long as it has "
		"waited so far" },
	{ "queue", "retry_max", CONFIG_DURATION, "4h", "1s", "7d", NULL,
		"but never later than this" },
	{ "queue", "expiry", CONFIG_DURATION, "5d", "1s", "30d", NULL,
		"after so long without success it comes back to its sender" },
	{ "queue", "warning", CONFIG_DURATION, "4h", "1s", "30d", NULL,
		"after so long its sender is told that it is late" },
	{ "queue", "per_hour", CONFIG_INT, "500", "0", "1000000", NULL,
		"recipients elsewhere that one account may write to within an hour; 0: any "
		"number" },
	{ "queue", "patience", CONFIG_DURATION, "10m", "1s", "1h", NULL,
		"how long another server may take for an answer, where the standard gives it "
		"longer" },
	{ "queue", "connections", CONFIG_INT, "50", "1", "1000", NULL,
		"to other servers at a time" },
	{ "queue", "per_destination", CONFIG_INT, "10", "1", "100", NULL, "and to one domain" },
	{ "queue", "port", CONFIG_INT, "25", "1", "65535", NULL,
		"of other servers; any but 25 is for tests" },
	{ "queue", "sts_port", CONFIG_INT, "443", "1", "65535", NULL,
		"of the web servers that have MTA-STS policies; any but 443 is for tests" },
	{ "queue", "private", CONFIG_BOOL, "no", NULL, NULL, NULL,
		"also to addresses that are not on the internet (10.0.0.0/8, fd00::/8, this "
		"machine)" },
	CONFIG_END,
};

static void check_relays(const struct config *c, struct strbuf *errors)
{
	const char *file = config_text(c, "mail", "relays");
	struct mail_relays relays = { .count = 0 };
	struct strbuf wrong = { 0 };

	if (file[0])
		mail_relays_load(&relays, file, &wrong);
	for (struct slice rest = strbuf_slice(&wrong); rest.n > 0;) {
		struct slice line = slice_split(&rest, '\n');

		config_blame(c, "mail", "relays", errors, "%.*s", SLICE_ARG(line));
	}
	strbuf_free(&wrong);
	mail_relays_clear(&relays);
}

void mail_validate(const struct config *c, struct strbuf *errors)
{
	const char *wrong = mail_gates_wrong_network(config_list(c, "mail", "trusted"));

	if (wrong)
		config_blame(c, "mail", "trusted", errors, "\"%s\" is no network", wrong);
	check_relays(c, errors);
}

static enum smtp_data_bare bare_newlines(const struct config *c)
{
	const char *word = config_text(c, "mail", "bare_newlines");

	return strcmp(word, "keep") == 0   ? SMTP_BARE_KEEP
	       : strcmp(word, "mend") == 0 ? SMTP_BARE_MEND
					   : SMTP_BARE_REJECT;
}

void mail_settings_read(struct mail *m)
{
	const struct config *c = hearth_config(m->h);

	mail_queue_configure(m);
	m->message_max = (uint64_t)config_size(c, "mail", "message_max");
	m->recipients_max = config_int(c, "mail", "recipients_max");
	m->tarpit_ms = config_duration_ms(c, "mail", "tarpit");
	m->rates = smtp_rates_new((const int64_t[SMTP_RATES]){
		[SMTP_RATE_CONNECTIONS] = config_int(c, "mail", "network_connections"),
		[SMTP_RATE_MAILS] = config_int(c, "mail", "network_mails"),
		[SMTP_RATE_RECIPIENTS] = config_int(c, "mail", "network_recipients") });
	m->hold_max_ms = config_duration_ms(c, "mail", "hold_max");
	m->mails_max = config_int(c, "mail", "mails_max");
	m->archive_quota = config_size(c, "mail", "archive_quota");
	m->forward_per_hour = config_int(c, "mail", "forward_per_hour");
	m->patience_ms = config_duration_ms(c, "mail", "patience");
	m->least_rate = config_int(c, "mail", "least_rate");
	m->bare_newlines = bare_newlines(c);
	m->hide_clients = config_bool(c, "mail", "hide_clients");
	m->shared = strcmp(config_text(c, "server", "nodes"), "shared") == 0;
}
