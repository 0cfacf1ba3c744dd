/*
 * check.c: what the rows of video keep to (checks.h). Constants: the statements are run by `hearth
 * verify`, on its thread.
 */
#include "hearth/checks.h"
#include "video.h"

static const struct hearth_rule rules[] = {
	{ "a stream is of no channel",
		"SELECT 0, 'stream ' || s.id FROM video.stream s WHERE NOT EXISTS"
		" (SELECT 1 FROM video.channel c WHERE c.id = s.channel)" },
	{ "a rendition is of no stream",
		"SELECT 0, 'rendition ' || r.id FROM video.rendition r WHERE NOT EXISTS"
		" (SELECT 1 FROM video.stream s WHERE s.id = r.stream)" },
	{ "a GOP is of no stream",
		"SELECT 0, 'stream ' || k.stream || ', GOP ' || k.sequence FROM video.chunk k"
		" WHERE NOT EXISTS (SELECT 1 FROM video.stream s WHERE s.id = k.stream)" },
	{ "a segment is of no rendition",
		"SELECT 0, 'rendition ' || g.rendition || ', segment ' || g.sequence"
		" FROM video.segment g WHERE NOT EXISTS"
		" (SELECT 1 FROM video.rendition r WHERE r.id = g.rendition)" },
	{ "the head of a segment is missing",
		"SELECT 0, 'rendition ' || g.rendition || ', segment ' || g.sequence"
		" FROM video.segment g WHERE g.init <> 0 AND NOT EXISTS"
		" (SELECT 1 FROM video.init i WHERE i.id = g.init)" },
	{ NULL, NULL },
};

#define OF_STREAM                                 \
	" JOIN video.stream s ON s.id = x.stream" \
	" JOIN video.channel c ON c.id = s.channel"

const struct hearth_checks video_checks = {
	.database = "video",
	.accounts = "SELECT account FROM video.channel",
	/* A GOP that no rendition needs any more is deleted before its row. */
	.blobs =
		"SELECT x.blob AS key, c.account AS account, 'channel ' || c.name || ', stream ' ||"
		" x.stream || ', raw ' || x.number AS place FROM video.raw x" OF_STREAM
		" UNION ALL SELECT x.blob, c.account, 'channel ' || c.name || ', stream ' ||"
		" x.stream || ', GOP ' || x.sequence FROM video.chunk x" OF_STREAM
		" WHERE x.finished_at = 0"
		" UNION ALL SELECT g.blob, c.account, 'channel ' || c.name || ', ' || x.name ||"
		" ', segment ' || g.sequence FROM video.segment g"
		" JOIN video.rendition x ON x.id = g.rendition" OF_STREAM " WHERE g.blob <> ''",
	.rules = rules,
};
