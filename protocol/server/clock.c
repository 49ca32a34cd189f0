#include "protocol/server/clock.h"

#include <stddef.h>
#include <time.h>

#include "engine/backend.h"
#include "engine/instant.h"
#include "engine/problem.h"

static const char setting[] = "clock";

static int64_t real_now(void)
{
	return (int64_t)time(NULL);
}

int clock_init(struct clock *clock, bool is_virtual, int64_t from_s, int64_t remembered_s,
	       struct problem *p)
{
	char then[INSTANT_TEXT];
	int64_t now_s = real_now();

	if (!is_virtual && remembered_s != INSTANT_NONE && now_s < remembered_s)
		return problem_set(
			p, PROBLEM_CONFLICT,
			"this state directory was used with a virtual clock that "
			"reached %s; start it with --clock virtual, or use "
			"another directory",
			instant_format(remembered_s, then));
	clock->is_virtual = is_virtual;
	clock->now_s = from_s != INSTANT_NONE ? from_s : now_s;
	if (remembered_s != INSTANT_NONE &&
	    (from_s == INSTANT_NONE || remembered_s > from_s))
		clock->now_s = remembered_s;
	return 0;
}

int64_t clock_now(const struct clock *clock)
{
	if (!clock->is_virtual)
		return real_now();
	return __atomic_load_n(&clock->now_s, __ATOMIC_ACQUIRE);
}

int clock_recall(const struct backend *backend, struct session *session, int64_t *at_s,
		 struct problem *p)
{
	char text[INSTANT_TEXT];

	*at_s = INSTANT_NONE;
	int rc = backend->ops->setting_read(session, setting, text, sizeof text, p);
	if (rc == 1 && !instant_parse(text, at_s))
		return problem_set(
			p, PROBLEM_EXTERNAL,
			"the store remembers the clock as '%s', which is no time", text);
	return rc < 0 ? -1 : 0;
}

int clock_keep(const struct clock *clock, const struct backend *backend,
	       struct session *session, int64_t to_s, struct problem *p)
{
	char at[INSTANT_TEXT], to[INSTANT_TEXT];
	int64_t kept_s, now_s = clock_now(clock);

	if (!clock->is_virtual)
		return problem_set(p, PROBLEM_CONFLICT,
				   "the clock is the real one and cannot be moved; start "
				   "patchyardd with --clock virtual");
	/* Another move of the same group may be kept and not yet seen. */
	if (clock_recall(backend, session, &kept_s, p) < 0)
		return -1;
	if (kept_s != INSTANT_NONE && kept_s > now_s)
		now_s = kept_s;
	if (to_s < now_s)
		return problem_set(p, PROBLEM_CONFLICT,
				   "the clock stands at %s and never goes back, to %s",
				   instant_format(now_s, at), instant_format(to_s, to));
	return backend->ops->setting_put(session, setting, instant_format(to_s, to), p);
}

void clock_move(struct clock *clock, int64_t to_s)
{
	if (to_s > clock_now(clock))
		__atomic_store_n(&clock->now_s, to_s, __ATOMIC_RELEASE);
}
