/* A survey: how many devices of each ring still may try each release.
 *
 * A gate with fewer devices than its min-samples has to know how many there are, and the
 * store cannot tell: it depends on what would be decided for each.  So the fleet is
 * walked, a portion at a time and never within a poll: on the pool where the clock is
 * real, at once where it is virtual and the next moment may be days away.
 *
 * A device that may still try a release is one that runs it, is offered it, or waits for
 * nothing but time; not one that has gone silent or out of contact, that failed already
 * (it is counted by that), or that a person keeps from it.  One that is busy with
 * something else, or with a restart, counts for what would come next. */

#ifndef PROTOCOL_SERVER_SURVEY_H
#define PROTOCOL_SERVER_SURVEY_H

#include <stdbool.h>
#include <stdint.h>

struct device_record;
struct problem;
struct session;
struct site;
struct view;

struct survey;

/* Borrows nothing; good for views with the catalog and plan of this one.  `heard_s` says
 * until when devices could be heard: `now_s`, but for a virtual clock that is just being
 * moved, where it stood, for nobody fell silent by that.  NULL without memory. */
struct survey *survey_new(const struct view *view, int64_t now_s, int64_t heard_s);
void survey_free(struct survey *survey); /* accepts NULL */
bool survey_fits(const struct survey *survey, const struct view *view);

/* Look at up to `most` further devices.  1 there are more, 0 that was all of them, -1
 * with *p told. */
int survey_walk(struct survey *survey, struct site *site, struct session *session,
		const struct view *view, int most, struct problem *p);

/* The moment it is of. */
int64_t survey_time(const struct survey *survey);
/* Devices that answered by then, or still may. */
int64_t survey_eligible(const struct survey *survey, uint32_t title, int ring);

#endif
