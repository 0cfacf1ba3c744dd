/*
 * mail.c: a report packed, and in a message (report.h). Pure; bounded by the report.
 */
#include <openssl/evp.h>
#include <stdio.h>
#include <zlib.h>

#include "hearth/log.h"
#include "hearth/rand.h"
#include "hearth/text.h"
#include "mime/date.h"
#include "report/report.h"

#define GZIP_WINDOW (15 + 16) /* zlib: with gzip's head and end */
#define LINE        76

void report_name(struct report_head *h)
{
	unsigned char digest[32];
	char hex[65];
	struct strbuf all = { 0 };

	strbuf_printf(&all, "%d %lld %lld %.*s %s", (int)h->kind, (long long)h->day,
		(long long)h->now_s, SLICE_ARG(h->domain), h->host);
	INVARIANT(EVP_Digest(all.p, all.n, digest, NULL, EVP_sha256(), NULL) == 1);
	strbuf_free(&all);
	hex_encode(digest, sizeof(digest), hex);
	snprintf(h->id, sizeof(h->id), "%lld.%.24s", (long long)h->day, hex);
}

void report_pack(struct strbuf *out, struct slice text)
{
	z_stream z = { .next_in = (Bytef *)(uintptr_t)text.p, .avail_in = (uInt)text.n };
	size_t room;

	INVARIANT(deflateInit2(&z, Z_DEFAULT_COMPRESSION, Z_DEFLATED, GZIP_WINDOW, 8,
			  Z_DEFAULT_STRATEGY) == Z_OK);
	room = deflateBound(&z, text.n);
	z.next_out = (Bytef *)strbuf_reserve(out, room);
	z.avail_out = (uInt)room;
	INVARIANT(deflate(&z, Z_FINISH) == Z_STREAM_END);
	strbuf_commit(out, room - z.avail_out);
	deflateEnd(&z);
}

static void add_base64(struct strbuf *out, struct slice bytes)
{
	struct strbuf text = { 0 };
	struct slice rest;

	base64_encode(&text, bytes);
	for (rest = strbuf_slice(&text); rest.n > 0; rest = slice_skip(rest, LINE))
		strbuf_printf(out, "%.*s\r\n", SLICE_ARG(slice_head(rest, LINE)));
	strbuf_free(&text);
}

static void add_head(struct strbuf *out, const struct report_head *h, struct slice to,
	const char *boundary, int64_t now_s)
{
	bool tls = h->kind == REPORT_TLS;

	strbuf_adds(out, "Date: ");
	mime_date_write(out, now_s);
	strbuf_printf(out,
		"\r\nFrom: Hearth <%.*s>\r\nTo: %.*s\r\n"
		"Subject: Report Domain: %.*s\r\n Submitter: %s\r\n Report-ID: <%s@%s>\r\n"
		"Message-ID: <%s.%016llx@%s>\r\nAuto-Submitted: auto-generated\r\n"
		"MIME-Version: 1.0\r\n",
		SLICE_ARG(h->contact), SLICE_ARG(to), SLICE_ARG(h->domain), h->host, h->id, h->host,
		h->id, (unsigned long long)rand_u64(), h->host);
	if (tls) /* a report of failures goes in spite of them (section 3) */
		strbuf_printf(out,
			"TLS-Report-Domain: %.*s\r\nTLS-Report-Submitter: %s\r\nTLS-Required: "
			"No\r\n",
			SLICE_ARG(h->domain), h->host);
	strbuf_printf(out, "Content-Type: multipart/%s;\r\n\tboundary=\"%s\"\r\n\r\n",
		tls ? "report; report-type=\"tlsrpt\"" : "mixed", boundary);
}

void report_mail(struct strbuf *out, const struct report_head *h, struct slice to,
	struct slice packed, int64_t now_s)
{
	bool tls = h->kind == REPORT_TLS;
	long long begin = (long long)h->day * 86400;
	char boundary[40];

	snprintf(boundary, sizeof(boundary), "=_%016llx%016llx", (unsigned long long)rand_u64(),
		(unsigned long long)rand_u64());
	add_head(out, h, to, boundary, now_s);
	strbuf_printf(out,
		"--%s\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n"
		"This is a report of %s on %s %.*s\r\nwithin a day. A program reads it; nobody "
		"has to answer.\r\n"
		"\r\n--%s\r\nContent-Type: application/%sgzip\r\n"
		"Content-Transfer-Encoding: base64\r\nContent-Disposition: attachment;\r\n"
		"\tfilename=\"%s!%.*s!%lld!%lld.%s.gz\"\r\n\r\n",
		boundary, h->host, tls ? "TLS with the mail servers of" : "mail in the name of",
		SLICE_ARG(h->domain), boundary, tls ? "tlsrpt+" : "", h->host, SLICE_ARG(h->domain),
		begin, begin + 86399, tls ? "json" : "xml");
	add_base64(out, packed);
	strbuf_printf(out, "--%s--\r\n", boundary);
}
