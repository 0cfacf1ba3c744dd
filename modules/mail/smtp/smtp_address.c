/*
 * smtp_address.c: reading and comparing mail addresses (RFC 5321 section 4.1.2, RFC 6531
 * section 3.3).
 *
 * Pure; linear in the address, of SMTP_ADDRESS_MAX octets.
 */
#include "smtp/smtp_address.h"
#include "smtp/smtp_idn.h"

#include <arpa/inet.h>

#include "hearth/error.h"
#include "hearth/text.h"

static bool is_alnum(unsigned char c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

static bool is_atext(unsigned char c)
{
	return is_alnum(c) || (c && strchr("!#$%&'*+-/=?^_`{|}~", c));
}

/* The bytes of the character at the front when it is UTF-8 outside ASCII, else 0. */
static size_t utf8_length(struct slice s)
{
	uint32_t c;

	return s.n && (unsigned char)s.p[0] >= 0x80 ? utf8_decode(s, &c) : 0;
}

static bool has_utf8(struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] >= 0x80)
			return true;
	return false;
}

/* --- local part ------------------------------------------------------------------------------ */

/* Length of the Dot-string at the front: atoms, and dots wherever they are; 0 when none. */
static size_t read_dot_string(struct slice s)
{
	size_t i = 0, wide;
	bool atom = false;

	while (i < s.n) {
		if (s.p[i] == '.') {
			i++;
			continue;
		}
		wide = is_atext((unsigned char)s.p[i]) ? 1 : utf8_length(slice_skip(s, i));
		if (!wide)
			break;
		i += wide;
		atom = true;
	}
	return atom ? i : 0;
}

/* Length of the Quoted-string at the front, with both quotes; 0 when none. */
static size_t read_quoted(struct slice s)
{
	size_t i = 1;

	while (i < s.n && s.p[i] != '"') {
		unsigned char c = (unsigned char)s.p[i];
		size_t n = 1;

		if (c >= 0x80)
			n = utf8_length(slice_skip(s, i));
		else if (c == '\\')
			n = i + 1 < s.n && s.p[i + 1] >= ' ' && s.p[i + 1] <= '~' ? 2 : 0;
		else if (c < ' ' || c == 0x7f)
			n = 0;
		if (!n)
			return 0;
		i += n;
	}
	return i < s.n ? i + 1 : 0;
}

/* The next byte of a local part's value from offset *i on, or -1 at its end. */
static int local_next(const struct smtp_address *a, size_t *i)
{
	size_t end = a->local.n - (a->quoted ? 1 : 0);

	if (a->quoted && !*i)
		*i = 1;
	if (a->quoted && *i < end && a->local.p[*i] == '\\')
		++*i;
	return *i < end ? (unsigned char)a->local.p[(*i)++] : -1;
}

/* --- domain ---------------------------------------------------------------------------------- */

/* Length of one label at the front; 0 when none. */
static size_t read_label(struct slice s)
{
	bool named = false;
	size_t i = 0;

	while (i < s.n) {
		size_t n = is_alnum((unsigned char)s.p[i]) ? 1 : utf8_length(slice_skip(s, i));

		named = named || n;
		if (!n && s.p[i] != '-' && s.p[i] != '_')
			break;
		i += n ? n : 1;
	}
	return named ? i : 0;
}

size_t smtp_domain_read(struct slice s)
{
	size_t end = 0, at = 0, n;

	while ((n = read_label(slice_skip(s, at)))) {
		end = at + n;
		if (end >= s.n || s.p[end] != '.')
			break;
		at = end + 1;
	}
	return end;
}

/* Whether all of it is a domain, within the limits. */
static bool is_domain(struct slice s)
{
	struct slice rest = s;

	if (!s.n || s.n > SMTP_DOMAIN_MAX || smtp_domain_read(s) != s.n)
		return false;
	while (rest.p)
		if (slice_split(&rest, '.').n > SMTP_LABEL_MAX)
			return false;
	return true;
}

/* [192.0.2.1] or [IPv6:2001:db8::1], section 4.1.3. Tags that no standard defines are refused. */
static bool read_literal(struct slice s, int *family, unsigned char address[16])
{
	char text[INET6_ADDRSTRLEN];
	struct slice inner;

	*family = AF_INET;
	if (s.n < 2 || s.p[0] != '[' || s.p[s.n - 1] != ']')
		return false;
	inner = slice_of(s.p + 1, s.n - 2);
	if (slice_istarts(inner, SLICE("IPv6:"))) {
		*family = AF_INET6;
		inner = slice_skip(inner, 5);
	}
	if (!inner.n || inner.n >= sizeof(text) || memchr(inner.p, '\0', inner.n))
		return false;
	memcpy(text, inner.p, inner.n);
	text[inner.n] = '\0';
	return inet_pton(*family, text, address) == 1;
}

static bool is_literal(struct slice s)
{
	unsigned char address[16];
	int family;

	return read_literal(s, &family, address);
}

bool smtp_literal_names(struct slice literal, const char *address)
{
	unsigned char named[16], other[16];
	int family;

	return read_literal(literal, &family, named) && inet_pton(family, address, other) == 1 &&
	       memcmp(named, other, family == AF_INET ? 4 : 16) == 0;
}

/* Length of the domain or address literal at the front; 0 when there is neither. */
static size_t read_host(struct slice s, bool *literal)
{
	ptrdiff_t end;

	*literal = s.n && s.p[0] == '[';
	if (!*literal)
		return smtp_domain_read(s);
	end = slice_chr(s, ']');
	return end > 0 && is_literal(slice_head(s, (size_t)end + 1)) ? (size_t)end + 1 : 0;
}

/* Whether a dot follows the domain, and nothing of a domain behind it. */
static bool has_root(struct slice rest)
{
	return rest.n && rest.p[0] == '.' && !(rest.n > 1 && rest.p[1] == '.');
}

/* --- the whole ------------------------------------------------------------------------------- */

ptrdiff_t smtp_address_read(struct slice s, struct smtp_address *out)
{
	struct smtp_address a = { .quoted = s.n && s.p[0] == '"' };
	size_t local = a.quoted ? read_quoted(s) : read_dot_string(s), host;

	if (!local || local >= s.n || s.p[local] != '@')
		return HEARTH_EINVAL;
	host = read_host(slice_skip(s, local + 1), &a.literal);
	if (!host)
		return HEARTH_EINVAL;
	a.text = slice_head(s, local + 1 + host);
	a.local = slice_head(s, local);
	a.domain = slice_skip(a.text, local + 1);
	a.utf8 = has_utf8(a.text);
	if (a.text.n > SMTP_ADDRESS_MAX)
		return HEARTH_ETOOBIG;
	if (!a.literal && !is_domain(a.domain))
		return HEARTH_ETOOBIG; /* it is a domain, so it or a label can only be too long */
	*out = a;
	return (ptrdiff_t)(a.text.n + (!a.literal && has_root(slice_skip(s, a.text.n))));
}

/* Appends the local part as data: without quotes and backslashes. */
static void add_unquoted(struct strbuf *out, const struct smtp_address *a)
{
	size_t i = 0;
	int c;

	while ((c = local_next(a, &i)) >= 0)
		strbuf_addc(out, (char)c);
}

void smtp_address_canonical(struct strbuf *out, const struct smtp_address *a)
{
	char domain[SMTP_DOMAIN_MAX + 1];
	struct strbuf local = { 0 };
	struct slice value;
	bool quote;

	add_unquoted(&local, a);
	value = strbuf_slice(&local);
	quote = a->quoted && (!value.n || read_dot_string(value) != value.n);
	if (quote)
		strbuf_addc(out, '"');
	for (size_t i = 0; i < value.n; i++) {
		if (quote && (value.p[i] == '"' || value.p[i] == '\\'))
			strbuf_addc(out, '\\');
		strbuf_addc(out, value.p[i]);
	}
	if (quote)
		strbuf_addc(out, '"');
	strbuf_free(&local);
	if (a->domain.n == 0)
		return;
	strbuf_addc(out, '@');
	if (smtp_domain_ascii(a->domain, domain) < 0)
		strbuf_add(out, a->domain);
	else
		strbuf_adds(out, domain);
}
