#include "tests/unit/agents/machine.h"

#include <string.h>

#include "agents/fact_set.h"
#include "agents/payload.h"
#include "engine/problem.h"
#include "tests/lib/case.h"

/* A client on the April 2025 baseline that takes hotpatches. */
struct windows_model machine_model(void)
{
	struct windows_model model = { .family = FAMILY_CLIENT,
				       .arch = ARCH_X64,
				       .edition = "Enterprise",
				       .vbs = "running",
				       .chpe = "",
				       .licence = "yes",
				       .zone = "Europe/Berlin",
				       .base = { 5055523, { 26100, 3775 }, 0, { 0, 0 } },
				       .boot_s = NOW_S - 1000 };
	return model;
}

struct payload machine_payload(enum release_kind kind, uint32_t kb, uint32_t revision)
{
	struct payload payload = { .product = "windows-11-24h2",
				   .family = FAMILY_CLIENT,
				   .kb = kb,
				   .build = { 26100, revision },
				   .kind = kind,
				   .arch = ARCH_X64 };
	if (kind == RELEASE_HOTPATCH) {
		payload.baseline_kb = 5055523;
		payload.baseline_build = (struct build){ 26100, 3775 };
	}
	return payload;
}

struct windows *machine_make(const struct windows_model *model, const char *folder,
			     int64_t install_s)
{
	struct windows_knobs knobs = { .install_s = install_s, .seed = 1 };
	struct problem p = { 0 };
	struct windows *windows = windows_new(model, &knobs, folder, &p);
	if (windows == NULL)
		fail_msg("%s", p.text);
	return windows;
}

enum host_state machine_end(const struct host *host, int64_t now_s,
			    struct host_result *result)
{
	enum host_state state = host->check(host->owner, now_s, result);
	/* Told once. */
	if (state != HOST_RUNNING)
		assert_int_equal(
			host->check(host->owner, now_s, &(struct host_result){ 0 }),
			HOST_IDLE);
	return state;
}

enum host_state machine_install(const struct host *host, const struct payload *payload,
				struct host_result *result)
{
	char text[PAYLOAD_SIZE];
	struct problem p = { 0 };

	payload_write(payload, text);
	struct host_job job = { .kb = payload->kb,
				.build = payload->build,
				.head = text,
				.head_size = sizeof text };
	assert_int_equal(host->begin(host->owner, &job, NOW_S, &p), 0);
	return machine_end(host, NOW_S, result);
}

enum host_state machine_uninstall(const struct host *host, uint32_t kb,
				  struct host_result *result)
{
	struct host_job job = { .remove = true, .kb = kb };
	struct problem p = { 0 };

	assert_int_equal(host->begin(host->owner, &job, NOW_S, &p), 0);
	return machine_end(host, NOW_S, result);
}

void machine_restart(const struct host *host)
{
	struct problem p = { 0 };
	assert_int_equal(host->restart(host->owner, NOW_S, &p), 0);
}

const char *machine_fact(const struct host *host, const char *name)
{
	static struct fact_set facts;
	struct problem p = { 0 };

	fact_set_clear(&facts);
	assert_int_equal(host->facts(host->owner, &facts, &p), 0);
	return fact_set_find(&facts, name);
}

void machine_check_shows(const struct host *host, const char *build, const char *kbs,
			 const char *pending)
{
	assert_string_equal(machine_fact(host, "os.build"), build);
	assert_string_equal(machine_fact(host, "os.kbs"), kbs);
	assert_string_equal(machine_fact(host, "restart.pending"), pending);
}
