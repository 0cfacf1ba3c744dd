/*
 * store_channel.c: channels, their keys and names, and what their accounts have chosen: the tables
 * `channel` and `preference` (store.h). Inside a db_fn; each statement touches one row, but for the
 * list of channels, which has as many as have ever streamed. On a database thread.
 */
#include "store/store.h"

#include <stdio.h>

#include "hearth/error.h"
#include "hearth/log.h"
#include "hearth/rand.h"
#include "personal/preferences.h"
#include "store/store_internal.h"

#define CHANNEL_COLUMNS                                                                         \
	"id, account, name, key, coalesce((SELECT p.title FROM preference p WHERE p.account = " \
	"channel.account), '')"

static void read_channel(struct db_rows *rows, struct video_channel *out)
{
	*out = (struct video_channel){ .id = db_col_int(rows, 0), .account = db_col_int(rows, 1) };
	video_store_copy(out->name, sizeof(out->name), db_col_text(rows, 2));
	video_store_copy(out->key, sizeof(out->key), db_col_text(rows, 3));
	video_store_copy(out->title, sizeof(out->title), db_col_text(rows, 4));
}

/* One channel, of a statement that selects CHANNEL_COLUMNS. */
#define FIND_CHANNEL(tx, out, where, value) \
	find_channel((tx), (out), "SELECT " CHANNEL_COLUMNS " FROM channel WHERE " where, (value))

static int find_channel(
	struct db_tx *tx, struct video_channel *out, const char *sql, struct db_value value)
{
	struct db_rows rows;
	int rc = db_one(tx, &rows, sql, value);

	if (rc < 0)
		return rc;
	read_channel(&rows, out);
	return db_end(&rows);
}

int video_store_channel(struct db_tx *tx, int64_t id, struct video_channel *out)
{
	INVARIANT(id > 0);
	return FIND_CHANNEL(tx, out, "id = $1", db_int(id));
}

int video_store_channel_by_account(struct db_tx *tx, int64_t account, struct video_channel *out)
{
	return FIND_CHANNEL(tx, out, "account = $1", db_int(account));
}

int video_store_channel_by_key(struct db_tx *tx, struct slice key, struct video_channel *out)
{
	return FIND_CHANNEL(tx, out, "key = $1", db_text(key));
}

int video_store_channel_by_name(struct db_tx *tx, struct slice name, struct video_channel *out)
{
	return FIND_CHANNEL(tx, out, "name = $1", db_text(name));
}

/* Some 125 bits in letters and digits that survive being read out. */
static void make_key(char out[64])
{
	static const char letters[] = "abcdefghijkmnpqrstuvwxyz23456789";

	for (int i = 0; i < 25; i++)
		out[i] = letters[rand_below(sizeof(letters) - 1)];
	out[25] = '\0';
}

/* The local part of the address; with a number behind it when another account has that name. */
static int free_name(struct db_tx *tx, const char *address, char out[VIDEO_NAME_MAX])
{
	struct slice local = slice_str(address);
	struct video_channel other;
	int rc = 0;

	local = slice_split(&local, '@');
	for (int n = 1; rc == 0; n++) {
		if (n == 1)
			video_store_copy(out, VIDEO_NAME_MAX, slice_head(local, 50));
		else
			snprintf(out, VIDEO_NAME_MAX, "%.*s-%d", SLICE_ARG(slice_head(local, 50)),
				n);
		for (char *p = out; *p; p++)
			if (*p == '+')
				*p = '-';
		rc = video_store_channel_by_name(tx, slice_str(out), &other);
	}
	return rc == HEARTH_ENOTFOUND ? 0 : rc;
}

int video_store_channel_of(
	struct db_tx *tx, const struct account *account, struct video_channel *out)
{
	int rc = video_store_channel_by_account(tx, account->id, out);

	if (rc != HEARTH_ENOTFOUND)
		return rc;
	rc = video_store_is_forgotten(tx, account->id);
	if (rc < 0)
		return rc;
	INVARIANT(account->id > 0);
	*out = (struct video_channel){ .account = account->id };
	make_key(out->key);
	rc = free_name(tx, account->address, out->name);
	if (rc == 0)
		rc = db_get_int(tx, &out->id,
			"INSERT INTO channel (account, name, key) VALUES ($1, $2, $3) RETURNING id",
			db_int(account->id), db_str(out->name), db_str(out->key));
	return rc;
}

int video_store_new_key(struct db_tx *tx, struct video_channel *channel)
{
	int rc;

	make_key(channel->key);
	rc = db_run(tx, "UPDATE channel SET key = $2 WHERE id = $1", db_int(channel->id),
		db_str(channel->key));
	return rc < 0 ? rc : 0;
}

struct listing {
	video_channel_fn *each;
	void *arg;
};

static int list_channel(struct db_rows *rows, void *arg)
{
	struct listing *l = arg;
	struct video_channel channel;

	read_channel(rows, &channel);
	return l->each(l->arg, &channel, db_col_int(rows, 5) != 0);
}

int video_store_channels(struct db_tx *tx, video_channel_fn *each, void *arg)
{
	struct listing l = { each, arg };

	return db_each(tx, list_channel, &l,
		"SELECT " CHANNEL_COLUMNS
		", EXISTS (SELECT 1 FROM stream s WHERE s.channel = channel.id AND s.ended_at = "
		"0)"
		" FROM channel WHERE account > 0 AND EXISTS"
		" (SELECT 1 FROM stream s WHERE s.channel = channel.id"
		"  AND s.last_sequence >= s.first_sequence AND s.deleted = 0"
		"  AND (s.ended_at = 0 OR EXISTS"
		"  (SELECT 1 FROM rendition r JOIN segment g ON g.rendition = r.id"
		"   WHERE r.stream = s.id))) ORDER BY name");
}

/* ---- what an account has chosen ---- */

int video_store_set_preferences(struct db_tx *tx, const struct video_preferences *p)
{
	int rc = video_store_is_forgotten(tx, p->account);

	if (rc < 0)
		return rc == HEARTH_ENOTFOUND ? 0 : rc;
	rc = db_run(tx,
		"INSERT INTO preference (account, version, title, keep_raw) VALUES ($1, $2, $3, "
		"$4) ON CONFLICT (account) DO UPDATE SET version = $2, title = $3, keep_raw = $4 "
		"WHERE preference.version < $2",
		db_int(p->account), db_int(p->version), db_text(p->title), db_int(p->keep_raw));
	return rc < 0 ? rc : 0;
}
