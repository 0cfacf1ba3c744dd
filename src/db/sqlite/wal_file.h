/*
 * wal_file.h: the write-ahead log as a file that takes a commit in one write. SQLite writes each page
 * of it with two calls, a header of 24 bytes and the page; here they gather, and go to the file in
 * one piece before it is synced, read or measured.
 *
 * What is not synced yet nobody else looks at: the index in shared memory, by which other
 * connections and processes know how far the log goes, is set after the sync. On the thread of the
 * connection that writes; what gathers is one commit.
 */
#ifndef HEARTH_SRC_DB_WAL_FILE_H
#define HEARTH_SRC_DB_WAL_FILE_H

/*
 * Makes it known to SQLite, once a process, over the VFS that is the default by then. Connections
 * opened with the name that is returned have it.
 */
const char *wal_file_register(void);

#endif
