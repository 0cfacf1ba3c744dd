/*
 * mime/part_header.c: the Content-… fields of one part. Of a field that is there twice the first
 * counts, as it does for most mail programs.
 *
 * Pure; it looks at each field once.
 */
#include "mime/part_header.h"
#include "mime/header.h"
#include "mime/token.h"

static const struct mime_param us_ascii[] = { { { "charset", 7 }, { "us-ascii", 8 } } };

static bool is(struct slice s, const char *word)
{
	return slice_ieq(s, slice_str(word));
}

/* Content-Language: a list of tags (RFC 3282). */
static struct mime_strings read_languages(struct arena *a, struct slice value)
{
	struct slice found[MIME_LANGUAGES_MAX], rest = value;
	struct mime_strings languages = { NULL, 0 };

	while (rest.p && languages.n < MIME_LANGUAGES_MAX) {
		struct slice tag = slice_trim(slice_split(&rest, ','));

		if (tag.n)
			found[languages.n++] = tag;
	}
	if (languages.n)
		languages.v = arena_dup(a, found, languages.n * sizeof(found[0]));
	return languages;
}

static void read_type(struct arena *a, struct slice value, struct mime_part *part)
{
	mime_content_type_parse(a, value, &part->type, &part->subtype, &part->params);
	if (part->type.n && part->subtype.n)
		return;
	if (is(part->type, "text"))
		part->subtype = SLICE("plain");
	else if (is(part->type, "multipart"))
		part->subtype = SLICE("mixed");
	else
		part->type.n = 0; /* not readable: as if it were not there (RFC 2045 section 5.2) */
}

static void read_encoding(struct slice value, struct mime_part *part)
{
	struct mime_cursor c = mime_cursor_of(value);
	struct slice name;

	mime_skip_space(&c);
	name = mime_take_atom(&c);
	part->encoding_name = name.n ? name : value;
	part->encoding = mime_encoding_of(part->encoding_name);
	if (value.n == 0) {
		part->encoding_name = (struct slice){ NULL, 0 };
		part->encoding = MIME_7BIT;
	}
}

enum content_field {
	TYPE,
	ENCODING,
	ID,
	DESCRIPTION,
	MD5,
	DISPOSITION,
	LANGUAGE,
	LOCATION,
	CONTENT_FIELDS,
};

static const char *const field_names[CONTENT_FIELDS] = {
	[TYPE] = "Type",
	[ENCODING] = "Transfer-Encoding",
	[ID] = "ID",
	[DESCRIPTION] = "Description",
	[MD5] = "MD5",
	[DISPOSITION] = "Disposition",
	[LANGUAGE] = "Language",
	[LOCATION] = "Location",
};

/* The unfolded values of the Content-… fields; p is NULL for those that are missing. */
static void find_fields(struct arena *a, struct slice header, struct slice values[CONTENT_FIELDS])
{
	struct mime_fields it = mime_fields_of(header);
	struct slice prefix = SLICE("Content-");
	struct mime_field field;

	while (mime_fields_next(&it, &field)) {
		struct slice name;

		if (!slice_istarts(field.name, prefix))
			continue;
		name = slice_skip(field.name, prefix.n);
		for (int i = 0; i < CONTENT_FIELDS; i++)
			if (!values[i].p && is(name, field_names[i]))
				values[i] = mime_unfold(a, field.value);
	}
}

enum mime_kind mime_kind_of(const struct mime_part *part)
{
	if (is(part->type, "multipart"))
		return MIME_MULTIPART;
	if (mime_part_is(part, SLICE("message"), SLICE("rfc822")) ||
		mime_part_is(part, SLICE("message"), SLICE("global")))
		return MIME_MESSAGE;
	return MIME_LEAF;
}

void mime_part_header_read(struct arena *a, struct slice header, struct mime_part *part)
{
	struct slice values[CONTENT_FIELDS] = { 0 };
	const struct mime_part *parent = part->parent;

	find_fields(a, header, values);
	if (values[TYPE].p)
		read_type(a, values[TYPE], part);
	if (part->type.n == 0)
		mime_part_make_text(part);
	if (!values[TYPE].p && parent &&
		mime_part_is(parent, SLICE("multipart"), SLICE("digest"))) {
		part->type = SLICE("message");
		part->subtype = SLICE("rfc822");
		part->params = (struct mime_params){ NULL, 0 };
	}
	part->kind = mime_kind_of(part);
	if (values[ENCODING].p)
		read_encoding(values[ENCODING], part);
	if (values[DISPOSITION].p)
		mime_disposition_parse(
			a, values[DISPOSITION], &part->disposition, &part->disposition_params);
	if (part->disposition.n == 0) /* parameters of nothing are nothing */
		part->disposition = (struct slice){ NULL, 0 };
	if (values[LANGUAGE].p)
		part->languages = read_languages(a, values[LANGUAGE]);
	part->id = values[ID];
	part->description = values[DESCRIPTION];
	part->md5 = values[MD5];
	part->location = values[LOCATION];
}

void mime_part_make_text(struct mime_part *part)
{
	part->kind = MIME_LEAF;
	part->type = SLICE("text");
	part->subtype = SLICE("plain");
	part->params = (struct mime_params){ us_ascii, 1 };
}

void mime_part_make_opaque(struct mime_part *part)
{
	part->kind = MIME_LEAF;
	part->type = SLICE("application");
	part->subtype = SLICE("octet-stream");
	part->params = (struct mime_params){ NULL, 0 };
}

struct slice mime_part_boundary(const struct mime_part *part)
{
	struct slice boundary = mime_param(&part->params, SLICE("boundary"));

	while (boundary.n && (unsigned char)boundary.p[boundary.n - 1] <= ' ')
		boundary.n--;
	if (boundary.n > MIME_BOUNDARY_MAX)
		boundary.n = 0;
	return boundary;
}
