/* What the parts of a passage share: passage.c follows polls and facts, passage_report.c
 * what a device says, passage_request.c what a person asked for. */

#ifndef ENGINE_PASSAGE_PRIVATE_H
#define ENGINE_PASSAGE_PRIVATE_H

#include "engine/passage.h"

bool passage_is_running(const struct flow *flow);
/* The facts show the release that `key` names as the level. */
bool passage_shows(const struct decision *d, const struct release_key *key);
/* The facts say for sure that it is not, or no longer, the level. */
bool passage_shows_other(const struct decision *d, const struct release_key *key);
/* They show what lay beneath what was asked to be removed: a level of its line that was
 * published before it. */
bool passage_shows_beneath(const struct device_record *record, const struct decision *d);
bool passage_restart_pending(const struct device_record *record);

/* Enter a state that ends nothing. */
void passage_move(struct device_record *record, enum flow_state to, uint32_t code,
		  const char *note, int64_t now_s, struct outcome *outcome);
/* Enter a final state, and leave its traces: the release's mark, and the request. */
struct ending {
	enum flow_state state;
	uint32_t code;
	const char *note;
};
void passage_end(struct device_record *record, const struct ending *ending,
		 const struct decision *d, int64_t now_s, struct outcome *outcome);
/* What the facts make of the flow: verified, removed, or FLOW_NONE. */
enum flow_state passage_achieved(const struct device_record *record,
				 const struct decision *d);

/* passage_request.c */
void request_move(struct device_record *record, enum recovery_state state,
		  const char *reason, int64_t now_s, struct outcome *outcome);
/* A flow has gone on, or has ended: what that is to the request. */
void request_flow_moved(struct device_record *record, int64_t now_s,
			struct outcome *outcome);
void request_flow_ended(struct device_record *record, enum flow_state ended,
			const struct decision *d, int64_t now_s, struct outcome *outcome);
/* Has the request come to another state, by what the device shows? */
bool request_moves(const struct device_record *record, const struct decision *d);
/* Bring it there. */
void request_follow(struct device_record *record, const struct decision *d, int64_t now_s,
		    struct outcome *outcome);

#endif
