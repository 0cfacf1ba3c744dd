/*
 * mime/structure.h: a message as a tree of parts (RFC 2045, 2046, 2183, 2557), parsed once when the
 * message is stored. What a part says of itself is kept whole, so that IMAP's ENVELOPE, BODY,
 * BODYSTRUCTURE and sections and JMAP's bodyStructure come from the tree alone, without the
 * message; structure_pack.h writes the tree to bytes and back.
 *
 * No message is an error. Every tree keeps these promises:
 *  1. The root covers the whole message; a child lies within the body of its parent; children are
 *     in the order of the message and do not overlap.
 *  2. A leaf has no child, a multipart at least one, a message exactly one. A multipart without
 *     any delimiter has its whole body as its one child.
 *  3. No more than MIME_PARTS_MAX + MIME_DEPTH_MAX parts, no deeper than MIME_DEPTH_MAX, and once
 *     the strings of the parts are longer than MIME_STRINGS_MAX no further part. What would nest
 *     deeper is a leaf application/octet-stream; what would be a part too many stays text of the
 *     part before it. So the tree of a hostile message stays small as well.
 *
 * Pure, any thread; linear in the message.
 */
#ifndef HEARTH_MAIL_MIME_STRUCTURE_H
#define HEARTH_MAIL_MIME_STRUCTURE_H

#include "mime/params.h"
#include "mime/transfer.h"

enum {
	MIME_DEPTH_MAX = 100,
	MIME_PARTS_MAX = 4096,
	MIME_STRINGS_MAX = 4 << 20, /* bytes; one part may go beyond it */
	MIME_LANGUAGES_MAX = 64,
	MIME_BOUNDARY_MAX = 256, /* bytes; RFC 2046 allows 70. A longer one delimits nothing. */
};

/* The numbers are stored in packed structures: never change one. */
enum mime_kind {
	MIME_LEAF = 0,
	MIME_MULTIPART = 1,
	MIME_MESSAGE = 2, /* message/rfc822 or message/global: the one child is that message */
};

struct mime_strings {
	struct slice *v;
	size_t n;
};

/* Strings whose p is NULL were not there. */
struct mime_part {
	struct mime_part *parent, *child, *next; /* NULL: the root, no child, the last child */
	enum mime_kind kind;
	enum mime_encoding encoding;
	size_t offset;              /* where the header begins in the message, in octets */
	size_t header_size;         /* octets of the header with the empty line; the body follows */
	size_t body_size;           /* octets of the body */
	size_t lines;               /* line ends in the body */
	size_t decoded_size;        /* leaf: octets of the body without its transfer encoding */
	struct slice type, subtype; /* as written; text/plain by default; never empty */
	struct mime_params params;  /* of Content-Type */
	struct slice encoding_name; /* Content-Transfer-Encoding as written */
	struct slice id, description, md5; /* Content-ID, -Description, -MD5 */
	struct slice disposition;          /* "inline", "attachment", … as written */
	struct mime_params disposition_params;
	struct mime_strings languages; /* Content-Language */
	struct slice location;         /* Content-Location */
	struct slice envelope; /* root and child of a message: IMAP's ENVELOPE, ready to send */
};

/*
 * The tree of `message`, in time linear in its size. Everything is in `a`, but for strings, which
 * may also point into the message. `envelope` appends what part->envelope is to be of a message's
 * header, in bounded length, for the message and those within it; NULL: there is none. Any thread.
 */
typedef void mime_envelope_fn(struct strbuf *out, struct arena *scratch, struct slice header);
struct mime_part *mime_structure_parse(
	struct arena *a, struct slice message, mime_envelope_fn *envelope);

/* The part after `part` in the order of the message within the tree of `root`; NULL at the end. */
struct mime_part *mime_part_after(const struct mime_part *root, const struct mime_part *part);
/* The part's header with its empty line, and its body, as they stand in the message. */
struct slice mime_part_header(struct slice message, const struct mime_part *part);
struct slice mime_part_body(struct slice message, const struct mime_part *part);
/* True when type and subtype are these, in any case; an empty subtype matches every one. */
bool mime_part_is(const struct mime_part *part, struct slice type, struct slice subtype);
/* The file name for people, as UTF-8 in `a`: filename of the disposition or name of the type;
 * p is NULL without one. */
struct slice mime_part_filename(struct arena *a, const struct mime_part *part);
/*
 * True when people would call the part an attachment: a leaf or message that says so or has a file
 * name, or whose content is neither text, nor shown inline by an HTML text, nor a signature.
 */
bool mime_part_is_attachment(const struct mime_part *part);

#endif
