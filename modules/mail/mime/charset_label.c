/*
 * mime/charset_label.c: what a label means (charset_label.h). Labels are compared by their letters and
 * digits alone, folded to lower case, as Unicode's UTS 22 section 1.4 advises: "ISO_8859-1" and
 * "iso8859-1" are the same. Pure; a label is looked up in the tables below, of which there are two.
 */
#include "mime/charset_label.h"

#include <stdio.h>

#define LABEL_SIZE 32

/* Labels of the charsets that are converted here. */
static const struct {
	const char *label;
	enum mime_charset_kind kind;
} own_labels[] = {
	{ "utf8", MIME_CHARSET_UTF8 },
	{ "unicode11utf8", MIME_CHARSET_UTF8 },
	{ "usascii", MIME_CHARSET_GUESS },
	{ "ascii", MIME_CHARSET_GUESS },
	{ "ansix341968", MIME_CHARSET_GUESS },
	{ "iso646us", MIME_CHARSET_GUESS },
	{ "isoir6", MIME_CHARSET_GUESS },
	{ "csascii", MIME_CHARSET_GUESS },
	{ "latin1", MIME_CHARSET_WINDOWS_1252 },
	{ "l1", MIME_CHARSET_WINDOWS_1252 },
	{ "iso88591", MIME_CHARSET_WINDOWS_1252 },
	{ "iso885911987", MIME_CHARSET_WINDOWS_1252 },
	{ "isoir100", MIME_CHARSET_WINDOWS_1252 },
	{ "csisolatin1", MIME_CHARSET_WINDOWS_1252 },
	{ "ibm819", MIME_CHARSET_WINDOWS_1252 },
	{ "cp819", MIME_CHARSET_WINDOWS_1252 },
	{ "windows1252", MIME_CHARSET_WINDOWS_1252 },
	{ "cp1252", MIME_CHARSET_WINDOWS_1252 },
	{ "xcp1252", MIME_CHARSET_WINDOWS_1252 },
	{ "win1252", MIME_CHARSET_WINDOWS_1252 },
	{ "ansi", MIME_CHARSET_WINDOWS_1252 },
};

/*
 * Labels that iconv(3) converts, under the name of the largest charset that contains what the
 * label stands for: mail written as "gb2312" or "ks_c_5601-1987" seldom keeps to it.
 */
static const struct {
	const char *label, *name;
} iconv_labels[] = {
	{ "iso88598i", "ISO-8859-8" },
	{ "iso88598e", "ISO-8859-8" },
	{ "iso885921987", "ISO-8859-2" },
	{ "csisolatin2", "ISO-8859-2" },
	{ "iso885951988", "ISO-8859-5" },
	{ "cyrillic", "ISO-8859-5" },
	{ "iso885961987", "ISO-8859-6" },
	{ "arabic", "ISO-8859-6" },
	{ "iso885971987", "ISO-8859-7" },
	{ "greek", "ISO-8859-7" },
	{ "iso885981988", "ISO-8859-8" },
	{ "hebrew", "ISO-8859-8" },
	{ "logical", "ISO-8859-8" },
	{ "iso885991989", "CP1254" },
	{ "csisolatin5", "CP1254" },
	{ "iso88599", "CP1254" },
	{ "latin2", "ISO-8859-2" },
	{ "latin3", "ISO-8859-3" },
	{ "latin4", "ISO-8859-4" },
	{ "latin5", "CP1254" },
	{ "latin6", "ISO-8859-10" },
	{ "latin9", "ISO-8859-15" },
	{ "latin10", "ISO-8859-16" },
	{ "iso885911", "CP874" },
	{ "tis620", "CP874" },
	{ "windows874", "CP874" },
	{ "koi8r", "KOI8-R" },
	{ "cskoi8r", "KOI8-R" },
	{ "koi", "KOI8-R" },
	{ "koi8", "KOI8-R" },
	{ "koi8u", "KOI8-U" },
	{ "koi8ru", "KOI8-U" },
	{ "macintosh", "MACINTOSH" },
	{ "xmacroman", "MACINTOSH" },
	{ "xmaccyrillic", "MAC-CYRILLIC" },
	{ "maccyrillic", "MAC-CYRILLIC" },
	{ "xmacukrainian", "MAC-CYRILLIC" },
	{ "mac", "MACINTOSH" },
	{ "viscii", "VISCII" },
	{ "big5", "BIG5-HKSCS" },
	{ "cnbig5", "BIG5-HKSCS" },
	{ "chinesebig5", "BIG5-HKSCS" },
	{ "xxbig5", "BIG5-HKSCS" },
	{ "big5hkscs", "BIG5-HKSCS" },
	{ "csbig5", "BIG5-HKSCS" },
	{ "cp950", "BIG5-HKSCS" },
	{ "windows950", "BIG5-HKSCS" },
	{ "gb2312", "GB18030" },
	{ "gb231280", "GB18030" },
	{ "cngb", "GB18030" },
	{ "euccn", "GB18030" },
	{ "gbk", "GB18030" },
	{ "xgbk", "GB18030" },
	{ "cp936", "GB18030" },
	{ "ms936", "GB18030" },
	{ "windows936", "GB18030" },
	{ "csgb2312", "GB18030" },
	{ "chinese", "GB18030" },
	{ "gb18030", "GB18030" },
	{ "eucjp", "EUC-JP-MS" },
	{ "xeucjp", "EUC-JP-MS" },
	{ "ujis", "EUC-JP-MS" },
	{ "shiftjis", "CP932" },
	{ "sjis", "CP932" },
	{ "xsjis", "CP932" },
	{ "mskanji", "CP932" },
	{ "cp932", "CP932" },
	{ "windows31j", "CP932" },
	{ "windows932", "CP932" },
	{ "ms932", "CP932" },
	{ "csshiftjis", "CP932" },
	{ "iso2022jp", "ISO-2022-JP-2" },
	{ "iso2022jp1", "ISO-2022-JP-2" },
	{ "iso2022jp2", "ISO-2022-JP-2" },
	{ "csiso2022jp", "ISO-2022-JP-2" },
	{ "cp50220", "ISO-2022-JP-2" },
	{ "cp50221", "ISO-2022-JP-2" },
	{ "iso2022cn", "ISO-2022-CN" },
	{ "euckr", "CP949" },
	{ "ksc5601", "CP949" },
	{ "ksc56011987", "CP949" },
	{ "ksc56011989", "CP949" },
	{ "cp949", "CP949" },
	{ "windows949", "CP949" },
	{ "xwindows949", "CP949" },
	{ "ms949", "CP949" },
	{ "uhc", "CP949" },
	{ "korean", "CP949" },
	{ "cseuckr", "CP949" },
	{ "iso2022kr", "ISO-2022-KR" },
	{ "johab", "JOHAB" },
	{ "utf7", "UTF-7" },
	{ "unicode11utf7", "UTF-7" },
	{ "utf16", "UTF-16" },
	{ "utf16be", "UTF-16BE" },
	{ "utf16le", "UTF-16LE" },
	{ "utf32", "UTF-32" },
	{ "utf32be", "UTF-32BE" },
	{ "utf32le", "UTF-32LE" },
	{ "ucs2", "UCS-2BE" },
	{ "iso10646ucs2", "UCS-2BE" },
	{ "unicode", "UTF-16" },
};

/* The letters and digits of a label, folded; empty when there are too many. */
static void label_fold(struct slice label, char *out)
{
	size_t n = 0;

	for (size_t i = 0; i < label.n && n < LABEL_SIZE; i++) {
		char c = label.p[i];

		if (c >= 'A' && c <= 'Z')
			c |= 0x20;
		if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'))
			out[n++] = c;
	}
	out[n < LABEL_SIZE ? n : 0] = '\0';
}

/* The numbered families: `label` is `prefix` and a number in [min, max], which goes to *number. */
static bool numbered(
	const char *label, const char *prefix, unsigned min, unsigned max, unsigned *number)
{
	struct slice rest = slice_str(label);
	uint64_t n;

	if (!slice_starts(rest, slice_str(prefix)))
		return false;
	rest = slice_skip(rest, strlen(prefix));
	if (slice_u64(rest, max, &n) || n < min)
		return false;
	*number = (unsigned)n;
	return true;
}

/* The code pages of DOS. */
static bool is_dos_page(unsigned n)
{
	static const unsigned short pages[] = { 437, 737, 775, 850, 852, 855, 857, 858, 860, 861,
		862, 863, 864, 865, 866, 869 };

	for (size_t i = 0; i < sizeof(pages) / sizeof(pages[0]); i++)
		if (pages[i] == n)
			return true;
	return false;
}

/* What iconv calls the charset; false when it is none of those it converts for us. */
static bool iconv_name(const char *label, char name[MIME_CHARSET_NAME_MAX + 1])
{
	const size_t size = MIME_CHARSET_NAME_MAX + 1;
	unsigned n;

	for (size_t i = 0; i < sizeof(iconv_labels) / sizeof(iconv_labels[0]); i++) {
		if (!strcmp(label, iconv_labels[i].label)) {
			snprintf(name, size, "%s", iconv_labels[i].name);
			return true;
		}
	}
	if (numbered(label, "iso8859", 2, 16, &n) && n != 12)
		snprintf(name, size, "ISO-8859-%u", n);
	else if (numbered(label, "windows", 1250, 1258, &n) ||
		 numbered(label, "cp", 1250, 1258, &n) || numbered(label, "xcp", 1250, 1258, &n) ||
		 numbered(label, "win", 1250, 1258, &n))
		snprintf(name, size, "CP%u", n);
	else if ((numbered(label, "cp", 437, 869, &n) || numbered(label, "ibm", 437, 869, &n) ||
			 numbered(label, "dos", 437, 869, &n)) &&
		 is_dos_page(n))
		snprintf(name, size, "CP%u", n);
	else
		return false;
	return true;
}

enum mime_charset_kind mime_charset_kind_of(
	struct slice label, char name[MIME_CHARSET_NAME_MAX + 1])
{
	char folded[LABEL_SIZE + 1];

	label_fold(label, folded);
	for (size_t i = 0; i < sizeof(own_labels) / sizeof(own_labels[0]); i++)
		if (!strcmp(folded, own_labels[i].label))
			return own_labels[i].kind;
	return iconv_name(folded, name) ? MIME_CHARSET_ICONV : MIME_CHARSET_GUESS;
}
