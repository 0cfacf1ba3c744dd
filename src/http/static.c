/*
 * static.c: files that are part of the program. On the loop; they lie in the program, nothing is
 * read or allocated for them.
 */
#include "http/http_internal.h"

bool http_reply_file(struct http_request *rq, const struct http_file *files, struct slice path)
{
	struct http_representation r = { 0 };

	while (files->path && !slice_eq(slice_str(files->path), path))
		files++;
	if (!files->path)
		return false;
	if (!reply_claim(rq))
		return true;
	r.type = files->type;
	r.etag = files->etag;
	r.plain = buf_static(files->bytes);
	r.gzip = files->gzip.n ? buf_static(files->gzip) : NULL;
	r.vary = files->gzip.n > 0;
	reply_representation(rq, &r);
	buf_unref(&r.plain);
	buf_unref(&r.gzip);
	return true;
}
