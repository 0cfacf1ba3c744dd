/*
 * file.h: one large blob as a file.
 *
 *	block 0 | block 1 | … | table
 *
 * The bytes are cut into blocks of BLOB_BLOCK (the last may be shorter); each is stored as it is
 * or, for text, compressed on its own, if that shrinks it. The table has an entry of 12 bytes a
 * block: where the block ends (64 bits), and the CRC-32 of what is stored of it (32 bits), both
 * little-endian. So any range can be read, and checked, by reading the blocks it touches.
 *
 * All of it blocks: workers only.
 */
#ifndef HEARTH_SRC_BLOB_FILE_H
#define HEARTH_SRC_BLOB_FILE_H

#include "blob/codec.h"
#include "blob/files/folder.h"
#include "hearth/buf.h"

/* A file being written; one thread at a time. */
struct blob_file;

/* Starts a file; `text`: try to compress. 0, or an error with *out NULL. */
int blob_file_create(
	struct blob_folder *folder, struct blob_codecs *codecs, bool text, struct blob_file **out);
/* Adds bytes. After an error the file is only good for blob_file_abort. */
int blob_file_add(struct blob_file *f, struct slice bytes);
/* Completes the file and makes it durable; it stays the caller's to close. */
int blob_file_end(struct blob_file *f, char name[BLOB_FILE_NAME], uint64_t *size,
	unsigned char hash[BLOB_HASH]);
/* Frees the writer and leaves the file; removes the file too. Legal on NULL, set *f to NULL. */
void blob_file_close(struct blob_file **f);
void blob_file_abort(struct blob_file **f);

/*
 * Reads at most `length` bytes from `offset` of a blob of `size` bytes; every block touched is
 * checked. HEARTH_ENOTFOUND without the file, HEARTH_ECORRUPT, HEARTH_EIO.
 */
int blob_file_read(struct blob_folder *folder, struct blob_codecs *codecs, const char *name,
	uint64_t size, uint64_t offset, size_t length, struct buf **out);

#endif
