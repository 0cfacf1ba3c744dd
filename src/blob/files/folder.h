/*
 * folder.h: the folder of large blobs: DIR/ab/RUN-NUMBER, in 256 sub-folders.
 *
 * A file's name says nothing about the blob in it: it is made of the run (one opening of the store
 * by one process, a random number) and a number counted within it, and only the row that holds the
 * name makes the file count for anything. So a name is never used twice, and removing the file of
 * a deleted blob can never hit one that was put meanwhile.
 *
 * A file without a row is either being put right now or litter of a process that died. Which of
 * the two, the run tells: as long as its process lives, it holds a lock on DIR/run-RUN. Several
 * processes (the server and a command) may have the folder open.
 */
#ifndef HEARTH_SRC_BLOB_FOLDER_H
#define HEARTH_SRC_BLOB_FOLDER_H

#include <stdbool.h>
#include <stdint.h>

#define BLOB_FILE_NAME  40 /* room for "ab/0123456789abcdef-NUMBER", and a NUL */
#define BLOB_SUBFOLDERS 256

struct blob_folder;

/* Opens DIR, made with its sub-folders if need be, as a new run. 0, or HEARTH_EIO (logged). */
int blob_folder_open(const char *dir, struct blob_folder **out);
/* Ends the run; legal on NULL. */
void blob_folder_close(struct blob_folder **f);

/* A descriptor of DIR, which stays the folder's. Names are relative to it. Any thread. */
int blob_folder_fd(const struct blob_folder *f);
/* A name that was never used. Any thread. */
void blob_folder_name(struct blob_folder *f, char name[BLOB_FILE_NAME]);
/* Makes the entry of a new file durable. Blocks: workers only. */
int blob_folder_sync(struct blob_folder *f, const char *name);
/* Removes a file; one that is gone already is fine. Blocks. */
void blob_folder_remove(struct blob_folder *f, const char *name);
/* Opens a file for reading; one that lies aside is put back first. As blob_disk_open. Blocks. */
int blob_folder_open_file(struct blob_folder *f, const char *name);

/* ---- litter: DIR/litter/ab.RUN-NUMBER, dated when it was moved there ---- */

/* Moves a file aside. 0, or HEARTH_EIO (logged). Blocks. */
int blob_folder_set_aside(struct blob_folder *f, const char *name);
/* Removes what has lain aside for `keep_ms`; returns how many stay, *removed how many went. */
int blob_folder_clear_litter(struct blob_folder *f, int64_t keep_ms, int *removed);

/* Takes away the locks of runs whose processes are dead. Blocks. */
void blob_folder_bury(struct blob_folder *f);
/*
 * Calls each(arg, name) for every file in sub-folder `index` that was made by a run that is over.
 * A result other than 0 ends it. Blocks.
 */
typedef int blob_folder_fn(void *arg, const char *name);
int blob_folder_leftovers(struct blob_folder *f, int index, blob_folder_fn *each, void *arg);

#endif
