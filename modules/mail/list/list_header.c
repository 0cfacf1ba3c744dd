/*
 * list/list_header.c: the fields of a list (list_header.h). Pure; linear in the header.
 */
#include "list/list_header.h"

#include "mime/header.h"

/* A title in ASCII as a quoted string; others are left out: the identifier is what programs go by. */
static void write_title(struct strbuf *out, struct slice title)
{
	for (size_t i = 0; i < title.n; i++)
		if ((unsigned char)title.p[i] >= 0x7f || (unsigned char)title.p[i] < ' ')
			return;
	if (title.n == 0)
		return;
	strbuf_addc(out, '"');
	for (size_t i = 0; i < title.n; i++) {
		if (title.p[i] == '"' || title.p[i] == '\\')
			strbuf_addc(out, '\\');
		strbuf_addc(out, title.p[i]);
	}
	strbuf_adds(out, "\" ");
}

void list_header_write(struct strbuf *out, const struct mail_list *list, struct slice domain,
	struct slice url, const char *token, struct slice archived_as)
{
	strbuf_adds(out, "List-Id: ");
	write_title(out, list->title);
	strbuf_printf(out, "<%.*s.%.*s>\r\n", SLICE_ARG(list->name), SLICE_ARG(domain));
	if (list->open)
		strbuf_printf(out, "List-Post: <mailto:%.*s@%.*s>\r\n", SLICE_ARG(list->name),
			SLICE_ARG(domain));
	else
		strbuf_adds(out, "List-Post: NO (owners write to it)\r\n");
	strbuf_printf(out, "List-Help: <%.*s#account/groups>\r\n", SLICE_ARG(url));
	if (list->archived)
		strbuf_printf(out, "List-Archive: <%.*s#account/groups/%.*s/archive>\r\n",
			SLICE_ARG(url), SLICE_ARG(list->name));
	if (list->archived && archived_as.n > 0)
		strbuf_printf(out, "Archived-At: <%.*s#account/groups/%.*s/archive/%.*s>\r\n",
			SLICE_ARG(url), SLICE_ARG(list->name), SLICE_ARG(archived_as));
	if (token)
		strbuf_printf(out,
			"List-Unsubscribe: <%.*sapi/mail/lists/leave/%s>\r\n"
			"List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n",
			SLICE_ARG(url), token);
}

/* The last "<…>" of the field (RFC 2919 section 3), against NAME.DOMAIN. */
static bool names(struct slice value, const struct mail_list *list, struct slice domain)
{
	struct slice id = value;

	while (slice_chr(id, '<') >= 0)
		slice_split(&id, '<');
	id = slice_trim(slice_split(&id, '>'));
	return id.n == list->name.n + 1 + domain.n &&
	       slice_ieq(slice_head(id, list->name.n), list->name) && id.p[list->name.n] == '.' &&
	       slice_ieq(slice_skip(id, list->name.n + 1), domain);
}

bool list_header_has(struct slice header, const struct mail_list *list, struct slice domain)
{
	struct mime_fields it = mime_fields_of(header);
	struct mime_field field;

	while (mime_fields_next(&it, &field))
		if (slice_ieq(field.name, SLICE("List-Id")) && names(field.value, list, domain))
			return true;
	return false;
}

bool list_header_is_reply(struct slice header)
{
	struct mime_field field;

	return mime_field_find(header, SLICE("Auto-Submitted"), &field) &&
	       slice_istarts(slice_trim(field.value), SLICE("auto-replied"));
}
