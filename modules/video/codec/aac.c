/*
 * aac.c: the AudioSpecificConfig. SBR and PS are signalled either as the object type, with that of
 * the core behind it, or after the core's configuration, where old decoders do not look. Pure, any
 * thread; it reads at most the few bits that the standard has.
 */
#include "codec/aac.h"

#include "codec/bits.h"
#include "hearth/error.h"

#include <stdio.h>

#define TYPE_MAIN 1
#define TYPE_LTP  4
#define TYPE_SBR  5
#define TYPE_PS   29

#define SYNC_SBR 0x2b7
#define SYNC_PS  0x548

static uint8_t read_object_type(struct bit_reader *b)
{
	uint32_t type = read_bits(b, 5);

	return (uint8_t)(type == 31 ? 32 + read_bits(b, 6) : type);
}

/* Sampling frequency by index (table 1.18) or in full; 0 when reserved. */
static uint32_t read_rate(struct bit_reader *b)
{
	static const uint32_t rates[] = { 96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050,
		16000, 12000, 11025, 8000, 7350 };
	uint32_t index = read_bits(b, 4);

	if (index == 15)
		return read_bits(b, 24);
	return index < sizeof(rates) / sizeof(rates[0]) ? rates[index] : 0;
}

/* What lies behind the core's configuration: SBR and PS for decoders that know them. */
static void read_sync_extension(struct bit_reader *b, struct aac_config *c)
{
	if (b->n - b->pos < 16 || read_bits(b, 11) != SYNC_SBR || read_object_type(b) != TYPE_SBR)
		return;
	c->sbr = read_flag(b);
	if (!c->sbr)
		return;
	c->output_rate = read_rate(b);
	if (b->n - b->pos >= 12 && read_bits(b, 11) == SYNC_PS)
		c->ps = read_flag(b);
}

int aac_config_parse(struct slice asc, struct aac_config *out)
{
	static const uint8_t channels[16] = { 0, 1, 2, 3, 4, 5, 6, 8, [11] = 7, 8, 24, 8 };
	struct bit_reader b = bit_reader_of(asc);
	struct aac_config c = { .object_type = read_object_type(&b) };
	uint32_t layout;

	c.rate = c.output_rate = read_rate(&b);
	layout = read_bits(&b, 4);
	if (c.object_type == TYPE_SBR || c.object_type == TYPE_PS) {
		c.sbr = true;
		c.ps = c.object_type == TYPE_PS;
		c.output_rate = read_rate(&b);
		c.object_type = read_object_type(&b);
	}
	if (!b.bad && (c.object_type < TYPE_MAIN || c.object_type > TYPE_LTP))
		return HEARTH_EUNSUPPORTED;
	c.frame_length = read_flag(&b) ? 960 : 1024;
	if (read_flag(&b)) /* dependsOnCoreCoder */
		read_bits(&b, 14);
	read_flag(&b); /* extensionFlag: nothing behind it for these types */
	if (b.bad || (layout && !channels[layout]))
		return HEARTH_EINVAL;
	c.channels = channels[layout];
	c.layout = (uint8_t)layout;
	if (!c.sbr && layout) /* layout 0 puts a channel map here, which is not read */
		read_sync_extension(&b, &c);
	if (c.rate < 7350 || c.rate > 96000 || c.output_rate < 7350 || c.output_rate > 192000)
		return HEARTH_EINVAL;
	*out = c;
	return 0;
}

/* ---- silence ---- */

#define ELEMENT_END 7

struct bit_writer {
	struct strbuf *out;
	uint32_t byte; /* what is not yet whole */
	unsigned n;    /* its bits */
};

static void write_bits(struct bit_writer *w, uint32_t value, unsigned n)
{
	while (n-- > 0) {
		w->byte = w->byte << 1 | (value >> n & 1);
		if (++w->n == 8) {
			char c = (char)w->byte;

			strbuf_add(w->out, slice_of(&c, 1));
			w->byte = w->n = 0;
		}
	}
}

/* One channel (individual_channel_stream): one long window of which no band is coded. */
static void write_channel(struct bit_writer *w)
{
	write_bits(w, 0, 8);             /* global_gain */
	write_bits(w, 0, 1 + 2 + 1 + 6); /* ics_info: reserved, sequence, shape, max_sfb */
	write_bits(w, 0, 1);             /* predictor_data_present */
	write_bits(w, 0, 1 + 1 + 1);     /* no pulses, noise shaping, gain control */
}

/* The elements of each layout (table 1.19): single channel, pair, low frequencies. */
static const char *elements_of(uint8_t layout)
{
	static const char *const elements[16] = { "P", "S", "P", "SP", "SPS", "SPP", "SPPL",
		"SPPPL", [11] = "SPPSL", [12] = "SPPPL", [14] = "SPPLP" };

	return layout < 16 && elements[layout] ? elements[layout] : "P";
}

void aac_write_silence(struct strbuf *out, const struct aac_config *c)
{
	struct bit_writer w = { .out = out };
	uint32_t tag[4] = { 0 };

	for (const char *e = elements_of(c->layout); *e; e++) {
		uint32_t id = *e == 'S' ? 0 : *e == 'P' ? 1 : 3;

		write_bits(&w, id, 3);
		write_bits(&w, tag[id]++, 4);
		if (*e == 'P') {
			write_bits(&w, 0, 1); /* each has a window of its own */
			write_channel(&w);
		}
		write_channel(&w);
	}
	write_bits(&w, ELEMENT_END, 3);
	if (w.n)
		write_bits(&w, 0, 8 - w.n);
}

void aac_codec_string(const struct aac_config *c, char out[AAC_CODEC_STRING_SIZE])
{
	unsigned type = c->ps ? TYPE_PS : c->sbr ? TYPE_SBR : c->object_type;

	snprintf(out, AAC_CODEC_STRING_SIZE, "mp4a.40.%u", type);
}
