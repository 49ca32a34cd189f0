/* The time that decisions, leases and windows follow: the real one, or a virtual one.
 *
 * A virtual clock stands still until an admin call moves it, only ever forwards, and
 * the store remembers where it stood.  TLS and timeouts stay on the real clock.  Any
 * thread may read; it is moved on the writer thread after the commit that says so. */

#ifndef PROTOCOL_SERVER_CLOCK_H
#define PROTOCOL_SERVER_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

struct backend;
struct problem;
struct session;

struct clock {
	bool is_virtual;
	int64_t now_s; /* atomic; the virtual one's */
};

/* `remembered_s` and `from_s` may be INSTANT_NONE.  A virtual clock starts at the later
 * of the two, or at the real time.  A real clock that reads less than a virtual one
 * already showed is refused: the store's history would run backwards. */
int clock_init(struct clock *clock, bool is_virtual, int64_t from_s, int64_t remembered_s,
	       struct problem *p);
int64_t clock_now(const struct clock *clock);

/* Where a virtual clock stood, INSTANT_NONE when there never was one. */
int clock_recall(const struct backend *backend, struct session *session, int64_t *at_s,
		 struct problem *p);

/* In two steps: keep the new time, inside a unit of work; then, once that is on the
 * disk, let everybody see it.  PROBLEM_CONFLICT for a real clock and for going back. */
int clock_keep(const struct clock *clock, const struct backend *backend,
	       struct session *session, int64_t to_s, struct problem *p);
void clock_move(struct clock *clock, int64_t to_s);

#endif
