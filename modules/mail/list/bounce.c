/*
 * list/bounce.c: what could not be brought to a member elsewhere (bounce.h). Reading is pure and runs on a worker;
 * of a message the parts that say so are looked into, LIST_BOUNCE_PART_MAX bytes of each.
 */
#include "list/bounce.h"

#include <stdio.h>

#include "hearth/bus.h"
#include "hearth/json.h"
#include "mime/header.h"
#include "mime/structure.h"

/* Of a status what is behind its class: "1.1" of "5.1.1". */
static struct slice detail_of(struct slice status)
{
	return slice_skip(status, 2);
}

/*
 * Said of the mail, of its sender, of a policy, or of how it was handed over (RFC 3463 section 3): anybody there
 * would have had that back, and whoever may write to the group can have it said, day by day.
 */
static bool is_of_mail(struct slice status, bool refused)
{
	static const char *const heads[] = { "6.", "7." };
	static const char *const details[] = { "1.7", "1.8", "2.3", "3.3", "3.4", "4.6", "4.14" };
	struct slice detail = detail_of(status);

	for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++)
		if (slice_starts(detail, slice_str(heads[i])))
			return true;
	for (size_t i = 0; i < sizeof(details) / sizeof(details[0]); i++)
		if (slice_eq(detail, slice_str(details[i])))
			return true;
	return !refused && slice_starts(detail, SLICE("5."));
}

/* No status, or one that says nothing of why. */
static bool is_unclear(struct slice status)
{
	return status.n == 0 || slice_eq(detail_of(status), SLICE("0.0"));
}

/* Of a mailbox that is full, of its system, or of the way there. */
static bool is_of_now(struct slice status)
{
	struct slice detail = detail_of(status);

	return slice_eq(detail, SLICE("2.2")) || slice_starts(detail, SLICE("3.")) ||
	       slice_starts(detail, SLICE("4.")) || slice_starts(detail, SLICE("5."));
}

enum list_bounce list_bounce_of(struct slice status, bool refused)
{
	if (is_unclear(status))
		return refused ? LIST_BOUNCE_HARD : LIST_BOUNCE_NONE;
	if (is_of_mail(status, refused))
		return LIST_BOUNCE_NONE;
	return slice_starts(status, SLICE("5.")) && !is_of_now(status) ? LIST_BOUNCE_HARD
								       : LIST_BOUNCE_SOFT;
}

/* "5.1.1 (nobody is there)": what a report has behind Status. */
static struct slice first_word(struct slice text)
{
	size_t n = 0;

	text = slice_trim(text);
	while (n < text.n && n < LIST_BOUNCE_STATUS_MAX - 1 &&
		((text.p[n] >= '0' && text.p[n] <= '9') || text.p[n] == '.'))
		n++;
	return slice_head(text, n);
}

/* Of one recipient of a report (RFC 3464 section 2.3). */
static enum list_bounce read_group(struct slice group, char status[LIST_BOUNCE_STATUS_MAX])
{
	struct mime_field field;
	struct slice said = { 0 };

	if (!mime_field_find(group, SLICE("Action"), &field) ||
		!slice_istarts(slice_trim(field.value), SLICE("failed")))
		return LIST_BOUNCE_NONE;
	if (mime_field_find(group, SLICE("Status"), &field))
		said = first_word(field.value);
	snprintf(status, LIST_BOUNCE_STATUS_MAX, "%.*s", SLICE_ARG(said));
	return is_unclear(said) ? LIST_BOUNCE_SOFT : list_bounce_of(said, false);
}

/* The fields of the message, then of each recipient, with empty lines between them. */
static enum list_bounce read_part(struct slice text, char status[LIST_BOUNCE_STATUS_MAX])
{
	enum list_bounce worst = LIST_BOUNCE_NONE;
	char said[LIST_BOUNCE_STATUS_MAX];

	while (text.n > 0) {
		size_t n = mime_header_size(text);
		enum list_bounce one = read_group(slice_head(text, n), said);

		if (one > worst) {
			worst = one;
			memcpy(status, said, sizeof(said));
		}
		text = slice_skip(text, n);
	}
	return worst;
}

static enum list_bounce decode_part(
	struct slice message, const struct mime_part *p, char status[LIST_BOUNCE_STATUS_MAX])
{
	struct strbuf text = { 0 };
	struct mime_decoder d;
	enum list_bounce found;

	mime_decoder_init(&d, p->encoding);
	mime_decoder_add(&d, &text, slice_head(mime_part_body(message, p), LIST_BOUNCE_PART_MAX));
	mime_decoder_end(&d, &text);
	found = read_part(strbuf_slice(&text), status);
	strbuf_free(&text);
	return found;
}

/* The report itself, and none that is within what came back. */
enum list_bounce list_bounce_read(struct slice message, char status[LIST_BOUNCE_STATUS_MAX])
{
	struct arena *scratch = arena_new();
	const struct mime_part *root = mime_structure_parse(scratch, message, NULL);
	enum list_bounce found = LIST_BOUNCE_NONE;

	status[0] = '\0';
	if (mime_part_is(root, SLICE("multipart"), SLICE("report")))
		for (const struct mime_part *p = root->child; p && !found; p = p->next)
			if (p->kind == MIME_LEAF &&
				(mime_part_is(p, SLICE("message"), SLICE("delivery-status")) ||
					mime_part_is(p, SLICE("message"),
						SLICE("global-delivery-status"))))
				found = decode_part(message, p, status);
	arena_free(&scratch);
	return found;
}

int list_bounce_publish(struct db_tx *tx, int64_t group, int64_t member, enum list_bounce bounce,
	struct slice status)
{
	struct strbuf out = { 0 };
	struct json_writer w;
	char key[24];
	int rc;

	if (bounce == LIST_BOUNCE_NONE)
		return 0;
	json_writer_init(&w, &out);
	json_open_object(&w);
	json_put_i64(&w, "group", group);
	json_put_i64(&w, "member", member);
	json_put_bool(&w, "hard", bounce == LIST_BOUNCE_HARD);
	json_put_text(&w, "status", slice_head(status, LIST_BOUNCE_STATUS_MAX));
	json_close_object(&w);
	snprintf(key, sizeof(key), "%lld", (long long)group);
	rc = bus_publish(tx, LIST_TOPIC_BOUNCED, slice_str(key), strbuf_slice(&out));
	strbuf_free(&out);
	return rc;
}
