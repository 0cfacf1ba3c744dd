/*
 * setup_texts.c: the settings as Thunderbird, Outlook and Apple's programs want them (setup.h). Pure;
 * whatever came from outside is escaped.
 */
#include "setup/setup.h"

#include <openssl/sha.h>
#include <stdio.h>
#include <time.h>

/* Text within XML; control characters, which it cannot have, are left out. */
static void add_text(struct strbuf *out, const char *text)
{
	for (; *text; text++) {
		switch (*text) {
		case '&': strbuf_adds(out, "&amp;"); break;
		case '<': strbuf_adds(out, "&lt;"); break;
		case '>': strbuf_adds(out, "&gt;"); break;
		case '"': strbuf_adds(out, "&quot;"); break;
		default:
			if ((unsigned char)*text >= ' ' && *text != 0x7f)
				strbuf_addc(out, *text);
		}
	}
}

static void add_element(struct strbuf *out, const char *name, const char *text)
{
	strbuf_printf(out, "<%s>", name);
	add_text(out, text);
	strbuf_printf(out, "</%s>\n", name);
}

/* ---- Thunderbird ---- */

static void add_server(struct strbuf *out, const struct setup *s, bool incoming)
{
	const struct setup_server *server = incoming ? &s->imap : &s->smtp;
	const char *name = incoming ? "incomingServer" : "outgoingServer";

	if (server->port == 0)
		return;
	strbuf_printf(out, "<%s type=\"%s\">\n", name, incoming ? "imap" : "smtp");
	add_element(out, "hostname", s->host);
	strbuf_printf(out, "<port>%d</port>\n", server->port);
	add_element(out, "socketType", server->starttls ? "STARTTLS" : "SSL");
	add_element(out, "authentication", "password-cleartext");
	add_element(out, "username", "%EMAILADDRESS%");
	strbuf_printf(out, "</%s>\n", name);
}

void setup_write_autoconfig(const struct setup *s, struct strbuf *out)
{
	strbuf_adds(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
			 "<clientConfig version=\"1.1\">\n<emailProvider id=\"");
	add_text(out, s->domain);
	strbuf_adds(out, "\">\n");
	add_element(out, "domain", s->domain);
	add_element(out, "displayName", s->domain);
	add_element(out, "displayShortName", s->domain);
	add_server(out, s, true);
	add_server(out, s, false);
	strbuf_adds(out, "</emailProvider>\n<webMail>\n<loginPage url=\"");
	add_text(out, s->url);
	strbuf_adds(out, "\"/>\n</webMail>\n</clientConfig>\n");
}

/* ---- Outlook ---- */

#define AUTODISCOVER "http://schemas.microsoft.com/exchange/autodiscover/"

static void add_protocol(struct strbuf *out, const struct setup *s, bool imap)
{
	const struct setup_server *server = imap ? &s->imap : &s->smtp;

	if (server->port == 0)
		return;
	strbuf_adds(out, "<Protocol>\n");
	add_element(out, "Type", imap ? "IMAP" : "SMTP");
	add_element(out, "Server", s->host);
	strbuf_printf(out, "<Port>%d</Port>\n", server->port);
	add_element(out, "LoginName", s->address);
	add_element(out, "DomainRequired", "off");
	add_element(out, "SPA", "off");
	add_element(out, "SSL", "on");
	add_element(out, "Encryption", server->starttls ? "TLS" : "SSL");
	add_element(out, "AuthRequired", "on");
	if (!imap) {
		add_element(out, "UsePOPAuth", "off");
		add_element(out, "SMTPLast", "off");
	}
	strbuf_adds(out, "</Protocol>\n");
}

void setup_write_autodiscover(const struct setup *s, struct strbuf *out)
{
	strbuf_adds(out,
		"<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<Autodiscover xmlns=\"" AUTODISCOVER
		"responseschema/2006\">\n<Response xmlns=\"" AUTODISCOVER
		"outlook/responseschema/2006a\">\n<User>\n");
	add_element(out, "DisplayName", s->address);
	strbuf_adds(out, "</User>\n<Account>\n");
	add_element(out, "AccountType", "email");
	add_element(out, "Action", "settings");
	add_protocol(out, s, true);
	add_protocol(out, s, false);
	strbuf_adds(out, "</Account>\n</Response>\n</Autodiscover>\n");
}

void setup_write_autodiscover_error(int error, const char *why, int64_t now_ms, struct strbuf *out)
{
	time_t now = (time_t)(now_ms / 1000);
	struct tm tm;
	char text[32];

	gmtime_r(&now, &tm);
	strftime(text, sizeof(text), "%H:%M:%S.000", &tm);
	strbuf_printf(out,
		"<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<Autodiscover xmlns=\"" AUTODISCOVER
		"responseschema/2006\">\n<Response>\n<Error Time=\"%s\" Id=\"1\">\n"
		"<ErrorCode>%d</ErrorCode>\n",
		text, error);
	add_element(out, "Message", why);
	strbuf_adds(out, "<DebugData/>\n</Error>\n</Response>\n</Autodiscover>\n");
}

/* ---- Apple ---- */

static void add_key(struct strbuf *out, const char *key, const char *text)
{
	add_element(out, "key", key);
	add_element(out, "string", text);
}

static void add_number(struct strbuf *out, const char *key, int number)
{
	add_element(out, "key", key);
	strbuf_printf(out, "<integer>%d</integer>\n", number);
}

static void add_yes(struct strbuf *out, const char *key)
{
	add_element(out, "key", key);
	strbuf_adds(out, "<true/>\n");
}

/* An identifier that is always the same for the same names (as RFC 9562 5.8 allows). */
static void add_uuid(struct strbuf *out, const struct setup *s, const char *what)
{
	unsigned char d[SHA256_DIGEST_LENGTH];
	struct strbuf text = { 0 };
	char uuid[40];

	strbuf_printf(&text, "%s\n%s\n%s", what, s->host, s->address);
	SHA256((const unsigned char *)text.p, text.n, d);
	strbuf_free(&text);
	snprintf(uuid, sizeof(uuid),
		"%02X%02X%02X%02X-%02X%02X-8%01X%02X-%01X%01X%02X-%02X%02X%02X%02X%02X%02X", d[0],
		d[1], d[2], d[3], d[4], d[5], d[6] & 15, d[7], 8 | (d[8] & 3), d[8] >> 4, d[9],
		d[10], d[11], d[12], d[13], d[14], d[15]);
	add_key(out, "PayloadUUID", uuid);
}

static void add_account(struct strbuf *out, const struct setup *s)
{
	strbuf_adds(out, "<dict>\n");
	add_key(out, "PayloadType", "com.apple.mail.managed");
	add_number(out, "PayloadVersion", 1);
	add_element(out, "key", "PayloadIdentifier");
	strbuf_adds(out, "<string>");
	add_text(out, s->host);
	strbuf_adds(out, ".mail</string>\n");
	add_uuid(out, s, "mail");
	add_key(out, "PayloadDisplayName", s->domain);
	add_key(out, "EmailAccountDescription", s->address);
	add_key(out, "EmailAccountType", "EmailTypeIMAP");
	add_key(out, "EmailAddress", s->address);
	add_key(out, "IncomingMailServerAuthentication", "EmailAuthPassword");
	add_key(out, "IncomingMailServerHostName", s->host);
	add_number(out, "IncomingMailServerPortNumber", s->imap.port);
	add_yes(out, "IncomingMailServerUseSSL");
	add_key(out, "IncomingMailServerUsername", s->address);
	add_key(out, "OutgoingMailServerAuthentication", "EmailAuthPassword");
	add_key(out, "OutgoingMailServerHostName", s->host);
	add_number(out, "OutgoingMailServerPortNumber", s->smtp.port);
	add_yes(out, "OutgoingMailServerUseSSL");
	add_key(out, "OutgoingMailServerUsername", s->address);
	add_yes(out, "OutgoingPasswordSameAsIncomingPassword");
	strbuf_adds(out, "</dict>\n");
}

void setup_write_profile(const struct setup *s, struct strbuf *out)
{
	strbuf_adds(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
			 "<!DOCTYPE plist PUBLIC \"-//Apple//DTD PLIST 1.0//EN\" "
			 "\"http://www.apple.com/DTDs/PropertyList-1.0.dtd\">\n"
			 "<plist version=\"1.0\">\n<dict>\n");
	add_key(out, "PayloadType", "Configuration");
	add_number(out, "PayloadVersion", 1);
	add_element(out, "key", "PayloadIdentifier");
	strbuf_adds(out, "<string>");
	add_text(out, s->host);
	strbuf_adds(out, "</string>\n");
	add_uuid(out, s, "profile");
	add_key(out, "PayloadDisplayName", s->address);
	add_key(out, "PayloadOrganization", s->domain);
	add_element(out, "key", "PayloadContent");
	strbuf_adds(out, "<array>\n");
	add_account(out, s);
	strbuf_adds(out, "</array>\n</dict>\n</plist>\n");
}
