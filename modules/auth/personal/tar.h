/*
 * tar.h: what stands between the files of a tar archive (POSIX.1-2001, "pax interchange format"):
 * the headers, the padding, the end. Pure: it appends to a buffer; the bytes of the files are the
 * caller's to send.
 *
 *	tar_add_header │ the file's bytes │ tar_padding zeros │ tar_add_header │ … │ tar_add_end
 *
 * A plain ustar header where that can say it all; in front of it a pax header for a path in other
 * letters than ASCII or too long, and for a size beyond 8 GiB.
 */
#ifndef AUTH_TAR_H
#define AUTH_TAR_H

#include "hearth/str.h"

#define TAR_BLOCK    512
#define TAR_PATH_MAX 4096 /* bytes */

/*
 * Whether a path may stand in an archive: UTF-8 without control characters, of 1 to TAR_PATH_MAX
 * bytes; relative, and no part of it empty, "." or "..": unpacked, it stays below its folder.
 */
bool tar_path_valid(struct slice path);
/*
 * Appends the header of a regular file (mode 0600) whose `size` bytes follow. `mtime_s` is Unix
 * time, not negative. 0, or HEARTH_EINVAL for a path that is not valid: then nothing is appended.
 */
int tar_add_header(struct strbuf *out, struct slice path, uint64_t size, int64_t mtime_s);
/* How many zero bytes stand behind a file of this size: less than TAR_BLOCK. */
size_t tar_padding(uint64_t size);
/* Appends `n` zero bytes. */
void tar_add_zeros(struct strbuf *out, size_t n);
/* Appends the end of the archive. */
void tar_add_end(struct strbuf *out);

#endif
