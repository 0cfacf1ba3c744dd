/*
 * log.h: the structured log. One line an event: time, level, where, what happened, then fields
 * `key=value` (quoted where needed) that name the account, connection or match it was about.
 *
 *	log_info("smtp", "message accepted", "conn", "%" PRIu64, id, "size", "%zu", n, NULL);
 *
 * Of warnings and errors with the same words some are written in a minute, and of the rest how many
 * they were (left_out, with the next one).
 *
 * Lines go to standard error whole, from any thread; a line longer than 4 KiB is cut. Control
 * characters from outside never reach the terminal raw. No passwords, tokens or mail text.
 */
#ifndef HEARTH_LOG_H
#define HEARTH_LOG_H

enum log_level {
	LOG_DEBUG,
	LOG_INFO,
	LOG_WARN,
	LOG_ERROR,
};

/* Lines below this level are dropped; LOG_INFO at start. Any thread. */
void log_set_level(enum log_level level);
/* Whether a line of this level would be written: for work done only for the log. */
int log_enabled(enum log_level level);
/* "debug", "info", "warn", "error" to a level; HEARTH_EINVAL for another word. */
int log_level_parse(const char *word, enum log_level *out);

/*
 * Writes a line. `area` is the part of the program ("smtp", "db", "game"); `what` says in plain
 * words what happened. Then triples of key, printf format, and the format's ONE argument or none
 * (a format without % takes no argument; %s %d %u %x %zu %lld %llu %ld %lu %c %p %f %g are
 * understood, with width and precision; %.*s takes SLICE_ARG), closed by NULL. Any thread.
 */
void log_event(enum log_level level, const char *area, const char *what, ...)
	__attribute__((sentinel));

#define log_debug(...) log_event(LOG_DEBUG, __VA_ARGS__)
#define log_info(...)  log_event(LOG_INFO, __VA_ARGS__)
#define log_warn(...)  log_event(LOG_WARN, __VA_ARGS__)
#define log_error(...) log_event(LOG_ERROR, __VA_ARGS__)

/* Logs and ends the process: for what must never happen, at a place where nothing can be saved. */
_Noreturn void log_fatal(const char *area, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* Checks an invariant, also in release builds. */
#define INVARIANT(condition)   \
	((condition) ? (void)0 \
		     : log_fatal("invariant", "%s:%d: %s", __FILE__, __LINE__, #condition))

#endif
