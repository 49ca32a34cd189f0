#include "agents/fleet.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agents/fleet_model.h"
#include "engine/instant.h"
#include "engine/problem.h"
#include "tests/lib/case.h"
#include "tests/unit/agents/fake_server.h"
#include "tests/unit/agents/scratch.h"

enum {
	NEW_YEAR_S = 1735689600,
	OCTOBER_S = 1760000000,
	LAST_S = NEW_YEAR_S + 20 * DAY_S
};

static const char *tag(const struct windows_model *model, const char *name)
{
	for (size_t i = 0; i < model->tag_count; i++) {
		if (strcmp(model->tags[i].name, name) == 0)
			return model->tags[i].value;
	}
	return "";
}

static bool is_same(const struct windows_model *a, const struct windows_model *b)
{
	static const char *const tags[] = { "tag.ring", "tag.hotpatch", "site",
					    "hardware.model" };
	for (size_t i = 0; i < COUNT_OF(tags); i++) {
		if (strcmp(tag(a, tags[i]), tag(b, tags[i])) != 0)
			return false;
	}
	return a->family == b->family && a->arch == b->arch && a->boot_s == b->boot_s &&
	       strcmp(a->edition, b->edition) == 0 && strcmp(a->vbs, b->vbs) == 0 &&
	       strcmp(a->chpe, b->chpe) == 0 && strcmp(a->licence, b->licence) == 0 &&
	       strcmp(a->zone, b->zone) == 0 && a->base.kb == b->base.kb &&
	       build_equal(a->base.build, b->base.build) &&
	       a->hotpatch.kb == b->hotpatch.kb;
}

TEST(the_same_seed_is_the_same_fleet_and_another_seed_another)
{
	size_t different = 0;

	for (size_t i = 0; i < 300; i++) {
		struct windows_model a, b, c;
		char a_id[FLEET_ID], b_id[FLEET_ID], c_id[FLEET_ID];
		assert_int_equal(fleet_model(i, 7, NEW_YEAR_S, a_id, &a),
				 fleet_model(i, 7, NEW_YEAR_S, b_id, &b));
		fleet_model(i, 8, NEW_YEAR_S, c_id, &c);
		assert_string_equal(a_id, b_id);
		assert_true(is_same(&a, &b));
		assert_string_equal(a_id, c_id);
		different += !is_same(&a, &c);
	}
	assert_in_range(different, 250, 300 - fleet_samples());
}

TEST(the_first_devices_are_the_named_samples)
{
	static const struct {
		const char *id;
		enum family family;
		enum arch arch;
		const char *edition, *vbs, *chpe, *ring;
		uint32_t kb;
	} rows[] = {
		{ "sample-test-hotpatch", FAMILY_CLIENT, ARCH_X64, "Enterprise",
		  "running", "", "test", 5048667 },
		{ "sample-test-novbs", FAMILY_CLIENT, ARCH_X64, "Enterprise", "off", "",
		  "test", 5048667 },
		{ "sample-test-chpe", FAMILY_CLIENT, ARCH_ARM64, "Enterprise", "running",
		  "on", "test", 5048667 },
		{ "sample-test-arm64", FAMILY_CLIENT, ARCH_ARM64, "Enterprise", "running",
		  "off", "test", 5048667 },
		{ "sample-broad-hotpatch", FAMILY_CLIENT, ARCH_X64, "Enterprise",
		  "running", "", "broad", 5048667 },
		{ "sample-broad-novbs", FAMILY_CLIENT, ARCH_X64, "Enterprise", "off", "",
		  "broad", 5048667 },
		{ "sample-test-pro", FAMILY_CLIENT, ARCH_X64, "Professional", "running",
		  "", "test", 5048667 },
		{ "sample-server-2025", FAMILY_SERVER, ARCH_X64, "ServerDatacenter",
		  "running", "", "test", 5048667 },
		{ "sample-server-2022", FAMILY_SERVER, ARCH_X64, "ServerTurbine",
		  "running", "", "test", 5048654 },
	};

	assert_int_equal(fleet_samples(), COUNT_OF(rows));
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct windows_model model;
		char id[FLEET_ID];
		assert_true(fleet_model(i, i * 99, OCTOBER_S, id, &model));
		assert_string_equal(id, rows[i].id);
		assert_int_equal(model.family, rows[i].family);
		assert_int_equal(model.arch, rows[i].arch);
		assert_string_equal(model.edition, rows[i].edition);
		assert_string_equal(model.vbs, rows[i].vbs);
		assert_string_equal(model.chpe, rows[i].chpe);
		assert_string_equal(model.licence, "yes");
		assert_string_equal(tag(&model, "tag.ring"), rows[i].ring);
		assert_string_equal(tag(&model, "tag.hotpatch"), "");
		assert_int_equal(model.base.kb, rows[i].kb);
		assert_int_equal(model.base.build.revision,
				 rows[i].kb == 5048654 ? 2966 : 2605);
		assert_int_equal(model.hotpatch.kb, 0);
	}
}

/* Levels that were there on New Year's Day 2025, and one of the October after. */
static bool is_known_level(const struct windows_level *level)
{
	static const struct {
		uint32_t base, revision, kb;
	} levels[] = {
		{ 26100, 1742, 0 },       { 26100, 2033, 5044284 },
		{ 26100, 2314, 5046617 }, { 26100, 2605, 5048667 },
		{ 26100, 2528, 5048794 }, { 20348, 2762, 5044281 },
		{ 20348, 2966, 5048654 }, { 20348, 2908, 5048800 },
		{ 26200, 6584, 0 },
	};
	for (size_t i = 0; i < COUNT_OF(levels); i++) {
		if (levels[i].base == level->build.base &&
		    levels[i].revision == level->build.revision &&
		    levels[i].kb == level->kb)
			return true;
	}
	return false;
}

/* How many of the drawn devices have this value, in a thousand. */
struct spread {
	unsigned test, first, fast, broad, refuse_hotpatch, running, arm64, chpe_on;
	unsigned client_24h2, client_25h2, server_2025, server_2022, hotpatched;
};

static void count(struct spread *spread, const struct windows_model *model)
{
	const char *ring = tag(model, "tag.ring");
	uint32_t base = model->base.build.base;
	bool client = model->family == FAMILY_CLIENT;

	spread->test += strcmp(ring, "test") == 0;
	spread->first += strcmp(ring, "first") == 0;
	spread->fast += strcmp(ring, "fast") == 0;
	spread->broad += strcmp(ring, "broad") == 0;
	spread->refuse_hotpatch += strcmp(tag(model, "tag.hotpatch"), "no") == 0;
	spread->running += strcmp(model->vbs, "running") == 0;
	spread->arm64 += model->arch == ARCH_ARM64;
	spread->chpe_on += strcmp(model->chpe, "on") == 0;
	spread->client_24h2 += client && base == 26100;
	spread->client_25h2 += client && base == 26200;
	spread->server_2025 += !client && base == 26100;
	spread->server_2022 += !client && base == 20348;
	spread->hotpatched += model->hotpatch.kb != 0;
}

static struct spread draw(int64_t start_s)
{
	struct spread spread = { 0 };

	for (size_t i = 0; i < 1000; i++) {
		struct windows_model model;
		char id[FLEET_ID];
		assert_false(fleet_model(fleet_samples() + i, 1, start_s, id, &model));
		assert_true(is_known_level(&model.base));
		if (model.hotpatch.kb != 0)
			assert_true(is_known_level(&model.hotpatch));
		if (model.family == FAMILY_SERVER)
			assert_int_equal(model.arch, ARCH_X64);
		if (model.arch == ARCH_X64)
			assert_string_equal(model.chpe, "");
		assert_true(model.boot_s < start_s);
		count(&spread, &model);
	}
	return spread;
}

TEST(the_others_are_spread_over_products_rings_and_states)
{
	struct spread spread = draw(NEW_YEAR_S);

	assert_in_range(spread.test, 60, 140);
	assert_in_range(spread.first, 110, 190);
	assert_in_range(spread.fast, 200, 300);
	assert_in_range(spread.broad, 440, 560);
	assert_in_range(spread.refuse_hotpatch, 60, 140);
	assert_in_range(spread.running, 700, 800);
	assert_in_range(spread.arm64, 100, 180);
	assert_in_range(spread.chpe_on, 30, 90);
	assert_in_range(spread.client_24h2, 650, 750);
	assert_in_range(spread.server_2025, 130, 230);
	assert_in_range(spread.server_2022, 80, 160);
	assert_in_range(spread.hotpatched, 30, 100);
	assert_int_equal(spread.client_25h2, 0); /* not out yet */
}

TEST(a_version_is_drawn_once_it_is_out)
{
	struct spread spread = draw(OCTOBER_S);

	assert_in_range(spread.client_25h2, 150, 270);
	assert_in_range(spread.client_24h2, 430, 550);
	assert_in_range(spread.server_2025, 130, 230);
}

/* The January baselines, each once it is published. */
enum { PATCH_DAY_S = NEW_YEAR_S + 14 * DAY_S };
#define JANUARY(of_family, of_arch, number, base, revision)                              \
	{                                                                                \
		.part = "os",                                                            \
		.payload = { .product = "p",                                             \
			     .family = (of_family),                                      \
			     .kb = (number),                                             \
			     .build = { (base), (revision) },                            \
			     .kind = RELEASE_BASELINE,                                   \
			     .arch = (of_arch) },                                        \
		.restart = "required", .from_s = PATCH_DAY_S                             \
	}
static const struct fake_step january[] = {
	JANUARY(FAMILY_CLIENT, ARCH_X64, 5050009, 26100, 2894),
	JANUARY(FAMILY_CLIENT, ARCH_ARM64, 5050009, 26100, 2894),
	JANUARY(FAMILY_SERVER, ARCH_X64, 5050009, 26100, 2894),
	JANUARY(FAMILY_SERVER, ARCH_X64, 5049983, 20348, 3091),
};

static struct fleet_options options_of(const struct transport *server,
				       const struct transport *admin)
{
	struct fleet_options options = { .server = FAKE_URL,
					 .enrol_token = "gate",
					 .count = 40,
					 .workers = 2,
					 .seed = 3,
					 .poll_min_s = 1,
					 .poll_max_s = 86400,
					 .admin_socket = "-",
					 .from_s = NEW_YEAR_S,
					 .to_s = LAST_S,
					 .step_s = DAY_S / 4,
					 .stand_in = server,
					 .admin_stand_in = admin,
					 .quiet = true };
	return options;
}

/* A fleet speaks to stdout; a test does not show it. */
static int run(const struct fleet_options *options, struct problem *p)
{
	int kept = dup(STDOUT_FILENO);
	FILE *nowhere = fopen("/dev/null", "w");

	assert_true(kept >= 0);
	assert_non_null(nowhere);
	fflush(stdout);
	dup2(fileno(nowhere), STDOUT_FILENO);
	memset(p, 0, sizeof *p);
	int result = fleet_run(options, p);
	fflush(stdout);
	dup2(kept, STDOUT_FILENO);
	close(kept);
	fclose(nowhere);
	return result;
}

TEST(a_fleet_lives_through_virtual_days_step_by_step)
{
	static struct fake_server server;
	struct transport devices = fake_server_transport(&server);
	struct transport admin = fake_server_admin(&server);
	struct fleet_options options = options_of(&devices, &admin);
	char folder[SCRATCH_PATH], path[SCRATCH_PATH + 20];
	struct problem p;

	fake_server_init(&server, january, COUNT_OF(january));
	server.now_s = NEW_YEAR_S;
	snprintf(path, sizeof path, "%s/report.json", scratch_make(folder));
	options.report = path;
	if (run(&options, &p) != 0)
		fail_msg("%s", p.text);
	assert_int_equal(server.now_s, options.to_s);
	assert_int_equal(server.device_count, 40);
	for (size_t i = 0; i < server.device_count; i++) {
		assert_string_equal(server.devices[i].trail,
				    "accepted downloading downloaded installing "
				    "restart-pending verified |");
		assert_int_equal(server.devices[i].boots, 1);
		/* At the first step after the publication, not before. */
		assert_string_equal(server.devices[i].boot, "2025-01-15T00:00:00Z");
	}
	json_t *json = json_load_file(path, 0, NULL);
	assert_non_null(json);
	json_t *first = json_array_get(json_object_get(json, "devices"), 0);
	json_t *history = json_object_get(first, "history");
	assert_int_equal(json_integer_value(json_object_get(json, "errors")), 0);
	assert_int_equal(json_integer_value(json_object_get(json, "restarts")), 40);
	assert_string_equal(json_string_value(json_object_get(first, "id")),
			    "sample-test-hotpatch");
	assert_int_equal(json_array_size(history), 2);
	assert_string_equal(
		json_string_value(json_object_get(json_array_get(history, 1), "kb")),
		"KB5050009");
	assert_string_equal(
		json_string_value(json_object_get(json_array_get(history, 1), "time")),
		"2025-01-15T00:00:00Z");
	json_decref(json);
	scratch_remove(folder);
}

TEST(a_busy_server_is_asked_again_within_the_step)
{
	static struct fake_server server;
	struct transport devices = fake_server_transport(&server);
	struct transport admin = fake_server_admin(&server);
	struct fleet_options options = options_of(&devices, &admin);
	struct problem p;

	fake_server_init(&server, january, COUNT_OF(january));
	server.now_s = NEW_YEAR_S;
	server.fault_at = "feedback";
	server.fault_count = 90;
	server.fault_status = 503;
	assert_int_equal(run(&options, &p), 0);
	for (size_t i = 0; i < server.device_count; i++)
		assert_string_equal(server.devices[i].boot, "2025-01-15T00:00:00Z");
}

TEST(a_wrong_offer_is_the_end_of_a_fleet)
{
	/* A server's update said to be the client's, and a hotpatch without its baseline.
	 */
	static const struct fake_step script[] = {
		{ .part = "os",
		  .payload = { .product = "p",
			       .family = FAMILY_CLIENT,
			       .kb = 5052105,
			       .build = { 26100, 3107 },
			       .kind = RELEASE_HOTPATCH,
			       .arch = ARCH_X64,
			       .baseline_kb = 5050009,
			       .baseline_build = { 26100, 2894 } },
		  .restart = "none" },
	};
	static struct fake_server server;
	struct transport devices = fake_server_transport(&server);
	struct transport admin = fake_server_admin(&server);
	struct fleet_options options = options_of(&devices, &admin);
	struct problem p;

	fake_server_init(&server, script, COUNT_OF(script));
	server.now_s = NEW_YEAR_S;
	options.to_s = NEW_YEAR_S;
	assert_int_equal(run(&options, &p), 1);
	assert_non_null(strstr(fake_server_device(&server, "sample-test-hotpatch")->trail,
			       "0x80240017"));
}

TEST(failures_that_were_asked_for_are_no_error)
{
	static struct fake_server server;
	struct transport devices = fake_server_transport(&server);
	struct transport admin = fake_server_admin(&server);
	struct fleet_options options = options_of(&devices, &admin);
	struct problem p;

	fake_server_init(&server, january, COUNT_OF(january));
	server.now_s = NEW_YEAR_S;
	options.failure_permille = 1000;
	assert_int_equal(run(&options, &p), 0);
	assert_non_null(strstr(server.devices[0].trail, "0x800F0922 |"));
}

TEST(a_fleet_with_folders_goes_on_where_it_was)
{
	static struct fake_server server;
	struct transport devices = fake_server_transport(&server);
	struct transport admin = fake_server_admin(&server);
	struct fleet_options options = options_of(&devices, &admin);
	char folder[SCRATCH_PATH], path[SCRATCH_PATH + 20];
	struct problem p;

	fake_server_init(&server, january, COUNT_OF(january));
	server.now_s = NEW_YEAR_S;
	scratch_make(folder);
	snprintf(path, sizeof path, "%s/fleet", folder);
	options.state_dir = path;
	options.count = 12;
	options.to_s = NEW_YEAR_S + DAY_S;
	assert_int_equal(run(&options, &p), 0);
	assert_string_equal(server.devices[0].trail, "");
	options.to_s = LAST_S;
	assert_int_equal(run(&options, &p), 0);
	for (size_t i = 0; i < server.device_count; i++)
		assert_int_equal(server.devices[i].boots, 1);
	scratch_remove(folder);
}

TEST(a_clock_that_cannot_be_set_ends_the_run)
{
	static const struct {
		int64_t now_s;
		unsigned fault_count;
		const char *why;
	} rows[] = {
		{ NEW_YEAR_S, 1, "this clock runs by itself" },
		{ NEW_YEAR_S + 400 * DAY_S, 0, "already past the end" },
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		static struct fake_server server;
		struct transport devices = fake_server_transport(&server);
		struct transport admin = fake_server_admin(&server);
		struct fleet_options options = options_of(&devices, &admin);
		struct problem p;
		fake_server_init(&server, NULL, 0);
		server.now_s = rows[i].now_s;
		server.fault_at = "POST http://localhost/api/v1/clock";
		server.fault_count = rows[i].fault_count;
		server.fault_status = 409;
		assert_int_equal(run(&options, &p), -1);
		if (strstr(p.text, rows[i].why) == NULL)
			fail_msg("%s", p.text);
	}
}

TEST(a_fleet_in_real_time_ends_after_its_time)
{
	static struct fake_server server;
	struct transport devices = fake_server_transport(&server);
	struct fleet_options options = options_of(&devices, NULL);
	struct problem p;

	fake_server_init(&server, NULL, 0);
	options.admin_socket = NULL;
	options.run_for_s = 1;
	assert_int_equal(run(&options, &p), 0);
	assert_int_equal(server.device_count, 40);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			the_same_seed_is_the_same_fleet_and_another_seed_another),
		cmocka_unit_test(the_first_devices_are_the_named_samples),
		cmocka_unit_test(the_others_are_spread_over_products_rings_and_states),
		cmocka_unit_test(a_version_is_drawn_once_it_is_out),
		cmocka_unit_test(a_fleet_lives_through_virtual_days_step_by_step),
		cmocka_unit_test(a_busy_server_is_asked_again_within_the_step),
		cmocka_unit_test(a_wrong_offer_is_the_end_of_a_fleet),
		cmocka_unit_test(failures_that_were_asked_for_are_no_error),
		cmocka_unit_test(a_fleet_with_folders_goes_on_where_it_was),
		cmocka_unit_test(a_clock_that_cannot_be_set_ends_the_run),
		/* The last one: it stops all fleets of this process. */
		cmocka_unit_test(a_fleet_in_real_time_ends_after_its_time),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
