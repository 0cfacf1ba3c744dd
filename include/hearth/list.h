/*
 * list.h: an intrusive doubly linked list. The node lies inside the thing it links; the list owns
 * nothing. A zeroed node is in no list, and list_remove is legal on it. Pure; a list belongs to one
 * thread, or to who holds the lock it lies behind.
 */
#ifndef HEARTH_LIST_H
#define HEARTH_LIST_H

#include <stdbool.h>
#include <stddef.h>

struct list_node {
	struct list_node *prev, *next; /* both NULL when in no list */
};

struct list {
	struct list_node head; /* circular: head.next is the first */
};

static inline void list_init(struct list *l)
{
	l->head.prev = l->head.next = &l->head;
}

static inline bool list_empty(const struct list *l)
{
	return l->head.next == &l->head;
}

static inline bool list_linked(const struct list_node *n)
{
	return n->next != NULL;
}

static inline void list_insert_(struct list_node *n, struct list_node *prev, struct list_node *next)
{
	n->prev = prev;
	n->next = next;
	prev->next = n;
	next->prev = n;
}

/* Adds at the end; at the front. The node must be in no list. */
static inline void list_push(struct list *l, struct list_node *n)
{
	list_insert_(n, l->head.prev, &l->head);
}

static inline void list_push_front(struct list *l, struct list_node *n)
{
	list_insert_(n, &l->head, l->head.next);
}

static inline void list_remove(struct list_node *n)
{
	if (!n->next)
		return;
	n->prev->next = n->next;
	n->next->prev = n->prev;
	n->prev = n->next = NULL;
}

/* Takes the first node off, or NULL. */
static inline struct list_node *list_pop(struct list *l)
{
	struct list_node *n = l->head.next;

	if (n == &l->head)
		return NULL;
	/* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): whoever frees a node takes it off first */
	list_remove(n);
	return n;
}

/* The struct that holds `node` as its member. */
#define LIST_ENTRY(node, type, member) ((type *)((char *)(node)-offsetof(type, member)))

/* Visits each node; the body may remove the node it is given, and no other. */
/* NOLINTBEGIN(bugprone-macro-parentheses): `it` is the name of a variable. */
#define LIST_FOREACH(l, it)                                                                  \
	for (struct list_node *it = (l)->head.next, *it##_next = it->next; it != &(l)->head; \
		it = it##_next, it##_next = it->next)
/* NOLINTEND(bugprone-macro-parentheses) */

#endif
