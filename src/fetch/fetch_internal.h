/*
 * fetch_internal.h: what the files of fetch share.
 *
 *	fetch.c      requests on the loop: names, redirects, the answer
 *	  │ struct transfer, handed to and fro
 *	fetcher.c    the thread on which transfers run, and what waits for it
 *	  │
 *	transfer.c   one transfer: libcurl's names appear here and in fetcher.c alone
 *
 * A struct transfer belongs to one thread at a time: the loop's until it is handed over, the
 * fetcher's until it is handed back. Only `dropped` is looked at by both.
 */
#ifndef HEARTH_SRC_FETCH_INTERNAL_H
#define HEARTH_SRC_FETCH_INTERNAL_H

#include <curl/curl.h>
#include <stdatomic.h>

#include "fetch/fetcher.h"
#include "hearth/exec.h"
#include "hearth/fetch.h"
#include "hearth/list.h"

/* One HTTP request on its way, and what has come of it so far. */
struct transfer {
	struct list_node node;   /* among the fetcher's */
	struct fetch_request rq; /* what it points to outlives the transfer */
	struct arena *arena;     /* for texts of the answer */
	int64_t deadline_us;
	atomic_bool dropped; /* nobody wants it any more */
	exec_fn *done;       /* posted to the loop, when it is handed back */
	void *arg;
	/* inside */
	CURL *curl;
	CURLSH *names; /* its own: what was looked up for one request is not for others */
	struct curl_slist *headers, *resolve;
	struct strbuf head, body;
	bool too_big, forbidden;
	int status;
	CURLcode result;
	char error[CURL_ERROR_SIZE];
};

/* Readies t->curl; false: t->result says why not. */
bool transfer_begin(struct transfer *t);
/* Writes what has come of it; frees what libcurl has of it, and the rest (also alone). */
void transfer_answer(struct transfer *t, struct fetch_answer *out);
void transfer_clear(struct transfer *t);
/* Initialises libcurl, once. */
void transfer_prepare(void);

/*
 * Whether the answer sends on: 1, and *rq asks there, 0, or HEARTH_EIO with *why: it may not.
 * *left counts down. What was meant for one site alone (passwords, addresses) is left behind.
 */
int redirect_follow(struct fetch_request *rq, const struct fetch_answer *answer, int *left,
	struct arena *a, const char **why);

/*
 * Hands a transfer over; it comes back by t->done. False: too many wait. And: look at `dropped` now.
 */
bool fetcher_take(struct fetcher *f, struct transfer *t);
void fetcher_knock(struct fetcher *f);

#endif
