/*
 * text_fold.c: the one folding that search uses, for what is searched and for what is searched for.
 *
 * The table holds Unicode's simple case folding (CaseFolding.txt, status C and S) for Latin with
 * its extensions A, B and Additional, Greek with Extended, Cyrillic, the letterlike Ohm, Kelvin and
 * Angstrom signs, and full-width Latin. Pure.
 */
#include "hearth/text.h"

#define REPLACEMENT 0xFFFD

/* Every `step`th code point from first to last folds to itself plus delta. */
struct fold_range {
	uint16_t first, last;
	uint8_t step;
	int16_t delta;
};

/* clang-format off */
static const struct fold_range fold_ranges[] = {
	{ 0x0041, 0x005A, 1, 32 }, { 0x00B5, 0x00B5, 1, 775 }, { 0x00C0, 0x00D6, 1, 32 },
	{ 0x00D8, 0x00DE, 1, 32 }, { 0x0100, 0x012E, 2, 1 }, { 0x0132, 0x0136, 2, 1 },
	{ 0x0139, 0x0147, 2, 1 }, { 0x014A, 0x0176, 2, 1 }, { 0x0178, 0x0178, 1, -121 },
	{ 0x0179, 0x017D, 2, 1 }, { 0x017F, 0x017F, 1, -268 }, { 0x0181, 0x0181, 1, 210 },
	{ 0x0182, 0x0184, 2, 1 }, { 0x0186, 0x0186, 1, 206 }, { 0x0187, 0x0187, 1, 1 },
	{ 0x0189, 0x018A, 1, 205 }, { 0x018B, 0x018B, 1, 1 }, { 0x018E, 0x018E, 1, 79 },
	{ 0x018F, 0x018F, 1, 202 }, { 0x0190, 0x0190, 1, 203 }, { 0x0191, 0x0191, 1, 1 },
	{ 0x0193, 0x0193, 1, 205 }, { 0x0194, 0x0194, 1, 207 }, { 0x0196, 0x0196, 1, 211 },
	{ 0x0197, 0x0197, 1, 209 }, { 0x0198, 0x0198, 1, 1 }, { 0x019C, 0x019C, 1, 211 },
	{ 0x019D, 0x019D, 1, 213 }, { 0x019F, 0x019F, 1, 214 }, { 0x01A0, 0x01A4, 2, 1 },
	{ 0x01A6, 0x01A6, 1, 218 }, { 0x01A7, 0x01A7, 1, 1 }, { 0x01A9, 0x01A9, 1, 218 },
	{ 0x01AC, 0x01AC, 1, 1 }, { 0x01AE, 0x01AE, 1, 218 }, { 0x01AF, 0x01AF, 1, 1 },
	{ 0x01B1, 0x01B2, 1, 217 }, { 0x01B3, 0x01B5, 2, 1 }, { 0x01B7, 0x01B7, 1, 219 },
	{ 0x01B8, 0x01B8, 1, 1 }, { 0x01BC, 0x01BC, 1, 1 }, { 0x01C4, 0x01C4, 1, 2 },
	{ 0x01C5, 0x01C5, 1, 1 }, { 0x01C7, 0x01C7, 1, 2 }, { 0x01C8, 0x01C8, 1, 1 },
	{ 0x01CA, 0x01CA, 1, 2 }, { 0x01CB, 0x01DB, 2, 1 }, { 0x01DE, 0x01EE, 2, 1 },
	{ 0x01F1, 0x01F1, 1, 2 }, { 0x01F2, 0x01F4, 2, 1 }, { 0x01F6, 0x01F6, 1, -97 },
	{ 0x01F7, 0x01F7, 1, -56 }, { 0x01F8, 0x021E, 2, 1 }, { 0x0220, 0x0220, 1, -130 },
	{ 0x0222, 0x0232, 2, 1 }, { 0x023A, 0x023A, 1, 10795 }, { 0x023B, 0x023B, 1, 1 },
	{ 0x023D, 0x023D, 1, -163 }, { 0x023E, 0x023E, 1, 10792 }, { 0x0241, 0x0241, 1, 1 },
	{ 0x0243, 0x0243, 1, -195 }, { 0x0244, 0x0244, 1, 69 }, { 0x0245, 0x0245, 1, 71 },
	{ 0x0246, 0x024E, 2, 1 }, { 0x0370, 0x0372, 2, 1 }, { 0x0376, 0x0376, 1, 1 },
	{ 0x037F, 0x037F, 1, 116 }, { 0x0386, 0x0386, 1, 38 }, { 0x0388, 0x038A, 1, 37 },
	{ 0x038C, 0x038C, 1, 64 }, { 0x038E, 0x038F, 1, 63 }, { 0x0391, 0x03A1, 1, 32 },
	{ 0x03A3, 0x03AB, 1, 32 }, { 0x03C2, 0x03C2, 1, 1 }, { 0x03CF, 0x03CF, 1, 8 },
	{ 0x03D0, 0x03D0, 1, -30 }, { 0x03D1, 0x03D1, 1, -25 }, { 0x03D5, 0x03D5, 1, -15 },
	{ 0x03D6, 0x03D6, 1, -22 }, { 0x03D8, 0x03EE, 2, 1 }, { 0x03F0, 0x03F0, 1, -54 },
	{ 0x03F1, 0x03F1, 1, -48 }, { 0x03F4, 0x03F4, 1, -60 }, { 0x03F5, 0x03F5, 1, -64 },
	{ 0x03F7, 0x03F7, 1, 1 }, { 0x03F9, 0x03F9, 1, -7 }, { 0x03FA, 0x03FA, 1, 1 },
	{ 0x03FD, 0x03FF, 1, -130 }, { 0x0400, 0x040F, 1, 80 }, { 0x0410, 0x042F, 1, 32 },
	{ 0x0460, 0x0480, 2, 1 }, { 0x048A, 0x04BE, 2, 1 }, { 0x04C0, 0x04C0, 1, 15 },
	{ 0x04C1, 0x04CD, 2, 1 }, { 0x04D0, 0x052E, 2, 1 }, { 0x1E00, 0x1E94, 2, 1 },
	{ 0x1E9B, 0x1E9B, 1, -58 }, { 0x1E9E, 0x1E9E, 1, -7615 }, { 0x1EA0, 0x1EFE, 2, 1 },
	{ 0x1F08, 0x1F0F, 1, -8 }, { 0x1F18, 0x1F1D, 1, -8 }, { 0x1F28, 0x1F2F, 1, -8 },
	{ 0x1F38, 0x1F3F, 1, -8 }, { 0x1F48, 0x1F4D, 1, -8 }, { 0x1F59, 0x1F5F, 2, -8 },
	{ 0x1F68, 0x1F6F, 1, -8 }, { 0x1F88, 0x1F8F, 1, -8 }, { 0x1F98, 0x1F9F, 1, -8 },
	{ 0x1FA8, 0x1FAF, 1, -8 }, { 0x1FB8, 0x1FB9, 1, -8 }, { 0x1FBA, 0x1FBB, 1, -74 },
	{ 0x1FBC, 0x1FBC, 1, -9 }, { 0x1FBE, 0x1FBE, 1, -7173 }, { 0x1FC8, 0x1FCB, 1, -86 },
	{ 0x1FCC, 0x1FCC, 1, -9 }, { 0x1FD8, 0x1FD9, 1, -8 }, { 0x1FDA, 0x1FDB, 1, -100 },
	{ 0x1FE8, 0x1FE9, 1, -8 }, { 0x1FEA, 0x1FEB, 1, -112 }, { 0x1FEC, 0x1FEC, 1, -7 },
	{ 0x1FF8, 0x1FF9, 1, -128 }, { 0x1FFA, 0x1FFB, 1, -126 }, { 0x1FFC, 0x1FFC, 1, -9 },
	{ 0x2126, 0x2126, 1, -7517 }, { 0x212A, 0x212A, 1, -8383 }, { 0x212B, 0x212B, 1, -8262 },
	{ 0xFF21, 0xFF3A, 1, 32 },
};
/* clang-format on */

static uint32_t fold_code_point(uint32_t c)
{
	size_t low = 0, high = sizeof(fold_ranges) / sizeof(fold_ranges[0]);

	while (low < high) {
		size_t middle = (low + high) / 2;
		const struct fold_range *r = &fold_ranges[middle];

		if (c < r->first)
			high = middle;
		else if (c > r->last)
			low = middle + 1;
		else
			return (c - r->first) % r->step ? c : (uint32_t)((int32_t)c + r->delta);
	}
	return c;
}

/* Unicode's White_Space property. */
static bool is_space(uint32_t c)
{
	return (c >= 0x09 && c <= 0x0D) || c == 0x20 || c == 0x85 || c == 0xA0 || c == 0x1680 ||
	       (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 || c == 0x202F ||
	       c == 0x205F || c == 0x3000;
}

/* Folds the printable ASCII at the front, which most text is; returns how much that was. */
static size_t fold_ascii(struct strbuf *out, struct slice s)
{
	size_t n = 0;
	char *to;

	while (n < s.n && s.p[n] > ' ' && (unsigned char)s.p[n] < 0x80)
		n++;
	to = strbuf_reserve(out, n);
	for (size_t i = 0; i < n; i++)
		to[i] = (char)(s.p[i] >= 'A' && s.p[i] <= 'Z' ? s.p[i] | 0x20 : s.p[i]);
	strbuf_commit(out, n);
	return n;
}

void text_fold(struct strbuf *out, struct slice s)
{
	bool after_space = false;

	while (s.n) {
		size_t n = fold_ascii(out, s);
		uint32_t c;

		if (n) {
			after_space = false;
			s = slice_skip(s, n);
			continue;
		}
		n = utf8_decode(s, &c);
		if (n == 0) {
			c = REPLACEMENT;
			n = 1;
		}
		s = slice_skip(s, n);
		if (c == 0)
			continue;
		if (!is_space(c))
			utf8_append(out, fold_code_point(c));
		else if (!after_space)
			strbuf_addc(out, ' ');
		after_space = is_space(c);
	}
}
