/*
 * compute.h: what a pool's worker does for job_compute (job.h), for src/job only.
 */
#ifndef HEARTH_SRC_COMPUTE_H
#define HEARTH_SRC_COMPUTE_H

/* The calling thread is a worker from now on: its job_compute has a thread of its own. */
void compute_begin(void);
/* It is no longer one; ends that thread. */
void compute_end(void);

#endif
