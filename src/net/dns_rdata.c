/*
 * dns_rdata.c: records as they lie in answers, read into what programs use. Pure; each call looks at
 * one record of at most 64 KiB and goes over it once.
 */
#include "hearth/dns.h"

#include <arpa/inet.h>

#include "net/dns.h"

#define LABEL_MAX 63

/* Takes one name off the front of `in`; the wire's form, not compressed (libunbound unpacks it). */
static bool take_name(struct slice *in, char name[DNS_NAME_MAX + 1])
{
	size_t n = 0;

	for (;;) {
		unsigned char length;

		if (in->n == 0)
			return false;
		length = (unsigned char)in->p[0];
		*in = slice_skip(*in, 1);
		if (length == 0)
			break;
		if (length > LABEL_MAX || length > in->n || n + length + 1 > DNS_NAME_MAX)
			return false;
		if (n)
			name[n++] = '.';
		for (size_t i = 0; i < length; i++) {
			char c = in->p[i];

			/* What would not come back the same from text is no name for us. */
			if (c == '.' || c == '\\' || (unsigned char)c <= ' ' ||
				(unsigned char)c >= 0x7f)
				return false;
			name[n++] = (char)(c >= 'A' && c <= 'Z' ? c + 32 : c);
		}
		*in = slice_skip(*in, length);
	}
	name[n] = '\0';
	return true;
}

bool dns_read_name(struct slice rdata, char name[DNS_NAME_MAX + 1])
{
	return take_name(&rdata, name) && rdata.n == 0;
}

bool dns_read_mx(struct slice rdata, int *preference, char name[DNS_NAME_MAX + 1])
{
	if (rdata.n < 3)
		return false;
	*preference = (unsigned char)rdata.p[0] << 8 | (unsigned char)rdata.p[1];
	return dns_read_name(slice_skip(rdata, 2), name);
}

bool dns_read_txt(struct slice rdata, struct strbuf *out)
{
	size_t before = out->n;

	if (rdata.n == 0)
		return false;
	while (rdata.n > 0) {
		size_t length = (unsigned char)rdata.p[0];

		if (length > rdata.n - 1 || out->n - before + length > DNS_TXT_MAX) {
			out->n = before;
			return false;
		}
		strbuf_add(out, slice_of(rdata.p + 1, length));
		rdata = slice_skip(rdata, 1 + length);
	}
	return true;
}

bool dns_read_address(struct slice rdata, char address[46])
{
	int family = rdata.n == 4 ? AF_INET : rdata.n == 16 ? AF_INET6 : 0;

	return family != 0 && inet_ntop(family, rdata.p, address, 46) != NULL;
}

bool dns_read_srv(struct slice rdata, int *port, char name[DNS_NAME_MAX + 1])
{
	if (rdata.n < 7)
		return false;
	*port = (unsigned char)rdata.p[4] << 8 | (unsigned char)rdata.p[5];
	return dns_read_name(slice_skip(rdata, 6), name);
}

bool dns_read_tlsa(struct slice rdata, struct dns_tlsa *out)
{
	if (rdata.n < 4)
		return false;
	out->usage = (unsigned char)rdata.p[0];
	out->selector = (unsigned char)rdata.p[1];
	out->matching = (unsigned char)rdata.p[2];
	out->data = slice_skip(rdata, 3);
	return true;
}

bool dns_is_name(struct slice name)
{
	size_t label = 0;

	if (name.n == 0 || name.n > DNS_NAME_MAX - 2)
		return false;
	for (size_t i = 0; i < name.n; i++) {
		unsigned char c = (unsigned char)name.p[i];

		if (c == '.' ? label == 0
			     : c <= ' ' || c >= 0x7f || c == '\\' || label == LABEL_MAX)
			return false;
		label = c == '.' ? 0 : label + 1;
	}
	return label > 0;
}
