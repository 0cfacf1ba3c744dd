/*
 * Any bytes as a record of every type: what is read is a name, an address, or nothing.
 */
#include <stdlib.h>

#include "hearth/log.h"
#include "net/dns.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_name(const char *name)
{
	INVARIANT(strlen(name) <= DNS_NAME_MAX);
	/* One that can be written can be asked, but for the root and what is too long as text. */
	INVARIANT(!name[0] || strlen(name) > DNS_NAME_MAX - 2 || dns_is_name(slice_str(name)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice in = slice_of(data, size);
	char name[DNS_NAME_MAX + 1], address[46];
	struct strbuf text = { 0 };
	struct dns_tlsa tlsa;
	int number;

	if (dns_read_name(in, name))
		check_name(name);
	if (dns_read_mx(in, &number, name))
		check_name(name);
	if (dns_read_srv(in, &number, name))
		check_name(name);
	if (dns_read_txt(in, &text))
		INVARIANT(text.n < size && text.n <= DNS_TXT_MAX);
	else
		INVARIANT(text.n == 0);
	if (dns_read_address(in, address))
		INVARIANT(size == 4 || size == 16);
	if (dns_read_tlsa(in, &tlsa))
		INVARIANT(tlsa.data.n == size - 3);
	dns_is_name(in);
	strbuf_free(&text);
	return 0;
}
