/* Feedback bodies: whatever the bytes, the reader ends, and what it took is sound. */

#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "engine/problem.h"
#include "protocol/ddi/feedback.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct feedback feedback;
	struct problem p = { 0 };

	if (feedback_read((const char *)data, size, &feedback, &p) < 0) {
		assert(p.kind == PROBLEM_BAD_INPUT && p.text[0] != '\0');
		return 0;
	}
	assert(feedback.execution < EXECUTIONS && feedback.finished < FINISHES);
	assert(memchr(feedback.text, '\0', sizeof feedback.text) != NULL);
	assert(strpbrk(feedback.text, "\r\n\t\x7f") == NULL);
	for (int kind = 0; kind < FLOW_KINDS; kind++) {
		for (int state = FLOW_OFFERED; state < FLOW_STATES; state++) {
			struct flow flow = { .kind = (enum flow_kind)kind,
					     .state = (enum flow_state)state };
			enum flow_state claim = feedback_claim(&feedback, &flow);
			/* Only the server says these. */
			assert(claim != FLOW_OFFERED && claim != FLOW_EXPIRED &&
			       claim != FLOW_WITHDRAWN && claim != FLOW_UNVERIFIED);
		}
	}
	(void)feedback_stop(&feedback);
	return 0;
}
