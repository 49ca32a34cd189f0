/* The writer: one thread, one connection, many units in one commit.
 *
 * Any thread may submit a unit.  The writer takes all that wait, runs each inside a
 * savepoint of one transaction, commits, and then calls done() for each in the order
 * they were submitted.  A unit whose run() fails is undone alone.  When the commit
 * itself fails, or the database gives the whole transaction up, every unit that had run
 * in it gets that problem: nothing is acknowledged that is not on the disk.  While a
 * commit waits for the disk the next group gathers, so a busy store commits larger
 * groups, not more of them. */

#ifndef STORE_GROUP_WRITER_H
#define STORE_GROUP_WRITER_H

struct group_writer;
struct problem;
struct session;
struct work;

enum {
	GROUP_UNITS_MAX = 512,   /* bounds how long the first of a group waits */
	QUEUE_UNITS_MAX = 65536, /* past this, units are answered with PROBLEM_BUSY */
};

/* Takes over the session. */
struct group_writer *group_writer_start(struct session *session, struct problem *p);
/* Runs what is queued, then ends the thread and closes the session. */
void group_writer_stop(struct group_writer *writer);
void group_writer_submit(struct group_writer *writer, struct work *work);

#endif
