#include "agents/windows.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agents/fact_set.h"
#include "agents/payload.h"
#include "engine/problem.h"
#include "tests/lib/case.h"
#include "tests/unit/agents/machine.h"

/* How a row of the judge's table differs from what would fit. */
struct misfit {
	const char *name;
	void (*machine)(struct windows_model *model);
	void (*update)(struct payload *payload);
	const char *why;
};

static void be_professional(struct windows_model *m)
{
	snprintf(m->edition, sizeof m->edition, "Professional");
}
static void be_unlicensed(struct windows_model *m)
{
	snprintf(m->licence, sizeof m->licence, "no");
}
static void be_without_vbs(struct windows_model *m)
{
	snprintf(m->vbs, sizeof m->vbs, "off");
}
static void have_vbs_configured(struct windows_model *m)
{
	snprintf(m->vbs, sizeof m->vbs, "configured");
}
static void show_no_vbs(struct windows_model *m)
{
	m->vbs[0] = '\0';
}
static void be_arm_with_chpe(struct windows_model *m)
{
	m->arch = ARCH_ARM64;
	snprintf(m->chpe, sizeof m->chpe, "on");
}
static void be_arm(struct windows_model *m)
{
	m->arch = ARCH_ARM64;
	snprintf(m->chpe, sizeof m->chpe, "off");
}
static void be_a_server(struct windows_model *m)
{
	m->family = FAMILY_SERVER;
	snprintf(m->edition, sizeof m->edition, "ServerDatacenter");
}
static void be_an_old_server(struct windows_model *m)
{
	be_a_server(m);
	m->base.build.base = 20348;
}
static void be_on_the_lcu(struct windows_model *m)
{
	m->base = (struct windows_level){ 5058411, { 26100, 4061 }, 0, { 0, 0 } };
}
static void be_on_the_twin(struct windows_model *m)
{
	m->base.kb = 5070881; /* the build of the baseline under another KB */
}
static void be_hotpatched(struct windows_model *m)
{
	m->hotpatch = (struct windows_level){
		5060841, { 26100, 4270 }, 5055523, { 26100, 3775 }
	};
}
static void for_arm(struct payload *p)
{
	p->arch = ARCH_ARM64;
}
static void for_servers(struct payload *p)
{
	p->family = FAMILY_SERVER;
}
static void for_old_servers(struct payload *p)
{
	p->family = FAMILY_SERVER;
	p->build.base = 20348;
	p->baseline_build.base = 20348;
}
static void for_25h2(struct payload *p)
{
	p->build.base = 26200;
}
static void be_an_rtm(struct payload *p)
{
	p->kind = RELEASE_RTM;
}
static void be_last_year(struct payload *p)
{
	p->build.revision = 2605;
}
static void be_installed(struct payload *p)
{
	p->kb = 5055523;
	p->build.revision = 3775;
}

static void check_refusal(const struct misfit *row, enum release_kind kind)
{
	struct windows_model model = machine_model();
	struct payload payload = kind == RELEASE_HOTPATCH
					 ? machine_payload(kind, 5058497, 3981)
					 : machine_payload(kind, 5058411, 4061);
	struct host_result result;

	if (row->machine != NULL)
		row->machine(&model);
	if (row->update != NULL)
		row->update(&payload);
	struct windows *windows = machine_make(&model, NULL, 0);
	struct host host = windows_host(windows);
	if (machine_install(&host, &payload, &result) != HOST_FAILED ||
	    result.code != HRESULT_NOT_APPLICABLE ||
	    strstr(result.text, row->why) == NULL ||
	    windows_tally(windows)->refused != 1 || !windows_in_error(windows))
		fail_msg("%s: 0x%08X %s", row->name, result.code, result.text);
	windows_free(windows);
}

TEST(a_hotpatch_that_does_not_fit_is_not_applicable)
{
	static const struct misfit rows[] = {
		{ "edition", be_professional, NULL, "edition" },
		{ "licence", be_unlicensed, NULL, "licence" },
		{ "no vbs", be_without_vbs, NULL, "not running" },
		{ "vbs only configured", have_vbs_configured, NULL, "not running" },
		{ "vbs not shown", show_no_vbs, NULL, "not running" },
		{ "chpe", be_arm_with_chpe, for_arm, "CHPE" },
		{ "off the track", be_on_the_lcu, NULL, "another baseline" },
		{ "the same build under another KB", be_on_the_twin, NULL,
		  "another baseline" },
		{ "an older hotpatch", be_hotpatched, NULL, "newer one" },
		{ "another architecture", be_arm, NULL, "architecture" },
		{ "for servers", NULL, for_servers, "another product" },
		{ "for clients", be_a_server, NULL, "another product" },
		{ "another version", NULL, for_25h2, "another product" },
		{ "Server 2022 that is not the Azure Edition", be_an_old_server,
		  for_old_servers, "edition" },
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++)
		check_refusal(&rows[i], RELEASE_HOTPATCH);
}

TEST(a_cumulative_update_that_does_not_fit_is_not_applicable)
{
	static const struct misfit rows[] = {
		{ "another architecture", NULL, for_arm, "architecture" },
		{ "for servers", NULL, for_servers, "another product" },
		{ "another version", NULL, for_25h2, "another product" },
		{ "older", NULL, be_last_year, "newer one" },
		{ "the one that runs", NULL, be_installed, "newer one" },
		{ "older than the hotpatch", be_hotpatched, NULL, "newer one" },
		{ "an rtm", NULL, be_an_rtm, "no update" },
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++)
		check_refusal(&rows[i], RELEASE_LCU);
}

TEST(machines_that_take_no_hotpatch_take_the_cumulative_update)
{
	static const struct misfit rows[] = {
		{ "edition", be_professional, NULL, "" },
		{ "licence", be_unlicensed, NULL, "" },
		{ "vbs", be_without_vbs, NULL, "" },
		{ "chpe", be_arm_with_chpe, for_arm, "" },
		{ "twin", be_on_the_twin, NULL, "" },
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct windows_model model = machine_model();
		struct payload payload = machine_payload(RELEASE_LCU, 5058411, 4061);
		struct host_result result;

		rows[i].machine(&model);
		if (rows[i].update != NULL)
			rows[i].update(&payload);
		struct windows *windows = machine_make(&model, NULL, 0);
		struct host host = windows_host(windows);
		if (machine_install(&host, &payload, &result) != HOST_NEEDS_RESTART)
			fail_msg("%s: %s", rows[i].name, result.text);
		windows_free(windows);
	}
}

TEST(a_cumulative_update_can_belong_to_the_quarter_and_its_twin_not)
{
	struct windows_model model = machine_model();
	struct windows *windows = machine_make(&model, NULL, 0);
	struct host host = windows_host(windows);
	struct payload oob = machine_payload(RELEASE_LCU, 5070893, 3800);
	struct payload twin = machine_payload(RELEASE_LCU, 5070881, 3800);
	struct payload hotpatch = machine_payload(RELEASE_HOTPATCH, 5058497, 3981);
	struct host_result result;

	oob.baseline_kb = 5055523;
	oob.baseline_build = (struct build){ 26100, 3775 };
	assert_int_equal(machine_install(&host, &oob, &result), HOST_NEEDS_RESTART);
	machine_restart(&host);
	assert_int_equal(machine_install(&host, &hotpatch, &result), HOST_DONE);
	windows_free(windows);

	windows = machine_make(&model, NULL, 0);
	host = windows_host(windows);
	assert_int_equal(machine_install(&host, &twin, &result), HOST_NEEDS_RESTART);
	machine_restart(&host);
	assert_int_equal(machine_install(&host, &hotpatch, &result), HOST_FAILED);
	/* The other of the two still goes on. */
	assert_int_equal(machine_install(&host, &oob, &result), HOST_NEEDS_RESTART);
	windows_free(windows);
}

TEST(only_what_is_on_top_can_be_removed)
{
	static const struct {
		uint32_t kb;
		uint32_t code;
	} rows[] = {
		{ 5055523, HRESULT_CANNOT_UNINSTALL }, /* a hotpatch stands upon it */
		{ 5058497, HRESULT_NOT_APPLICABLE },   /* not installed */
		{ 5060841, HRESULT_OK },
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct windows_model model = machine_model();
		struct host_result result;
		be_hotpatched(&model);
		struct windows *windows = machine_make(&model, NULL, 0);
		struct host host = windows_host(windows);
		machine_uninstall(&host, rows[i].kb, &result);
		if (result.code != rows[i].code)
			fail_msg("KB%u: 0x%08X", rows[i].kb, result.code);
		windows_free(windows);
	}
}

TEST(a_payload_that_is_not_what_was_offered_is_corrupt)
{
	struct windows_model model = machine_model();
	struct windows *windows = machine_make(&model, NULL, 0);
	struct host host = windows_host(windows);
	struct payload lcu = machine_payload(RELEASE_LCU, 5058411, 4061);
	char text[PAYLOAD_SIZE];
	struct problem p = { 0 };

	payload_write(&lcu, text);
	const struct host_job rows[] = {
		{ .kb = 5058412,
		  .build = lcu.build,
		  .head = text,
		  .head_size = PAYLOAD_SIZE },
		{ .kb = 5058411,
		  .build = { 26100, 1 },
		  .head = text,
		  .head_size = PAYLOAD_SIZE },
		{ .kb = 5058411, .build = lcu.build, .head = text, .head_size = 900 },
		{ .kb = 5058411, .build = lcu.build },
		{ .kb = 5058411, .build = lcu.build, .path = "/nowhere/at/all" },
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct host_result result;
		assert_int_equal(host.begin(host.owner, &rows[i], NOW_S, &p), 0);
		if (machine_end(&host, NOW_S, &result) != HOST_FAILED ||
		    result.code != HRESULT_CORRUPT_PAYLOAD)
			fail_msg("row %zu: 0x%08X", i, result.code);
	}
	windows_free(windows);
}

TEST(a_machine_can_be_described_by_its_facts)
{
	static const struct {
		const char *pair, *why; /* NULL: good */
	} rows[] = {
		{ "os.family=server", NULL },
		{ "os.family=mars", "client or server" },
		{ "os.arch=arm64", NULL },
		{ "os.arch=x86", "x64 or arm64" },
		{ "os.build=26100.1742", NULL },
		{ "os.build=26100", "a build" },
		{ "os.kbs=KB5048667", NULL },
		{ "os.kbs=KB1,KB2", "the one KB" },
		{ "os.kbs=", NULL },
		{ "vbs=", NULL },
		{ "vbs=perhaps", "off, configured" },
		{ "chpe=maybe", "on or off" },
		{ "licence.hotpatch=no", NULL },
		{ "licence.hotpatch=x", "yes, no" },
		{ "os.edition=Professional", NULL },
		{ "os.edition=AnEditionWithANameThatIsTooLongToBeTrue", "EditionID" },
		{ "tz=UTC", NULL },
		{ "site=lab-1", NULL },
		{ "site=a value that is too long for a simulated machine", "no room" },
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct fact_set facts;
		struct windows_model model;
		struct problem p = { 0 };
		fact_set_clear(&facts);
		assert_int_equal(fact_set_put_pair(&facts, rows[i].pair, &p), 0);
		int result_code = windows_model_read(&facts, &model, &p);
		if ((result_code == 0) != (rows[i].why == NULL) ||
		    (result_code < 0 && strstr(p.text, rows[i].why) == NULL))
			fail_msg("%s: %s", rows[i].pair, p.text);
	}
}

TEST(a_machine_without_facts_is_a_client_of_december_2024)
{
	struct fact_set facts;
	struct windows_model model;
	struct problem p = { 0 };

	fact_set_clear(&facts);
	assert_int_equal(windows_model_read(&facts, &model, &p), 0);
	assert_int_equal(model.base.kb, 5048667);
	assert_int_equal(model.base.build.revision, 2605);
	assert_string_equal(model.vbs, "running");
	/* Another build is not that KB. */
	assert_int_equal(fact_set_put(&facts, "os.build", "26100.1742", &p), 0);
	assert_int_equal(windows_model_read(&facts, &model, &p), 0);
	assert_int_equal(model.base.kb, 0);
	for (int i = 0; i <= WINDOWS_TAGS; i++) {
		char name[8];
		snprintf(name, sizeof name, "tag.%d", i);
		assert_int_equal(fact_set_put(&facts, name, "x", &p), 0);
	}
	assert_int_equal(windows_model_read(&facts, &model, &p), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_hotpatch_that_does_not_fit_is_not_applicable),
		cmocka_unit_test(a_cumulative_update_that_does_not_fit_is_not_applicable),
		cmocka_unit_test(
			machines_that_take_no_hotpatch_take_the_cumulative_update),
		cmocka_unit_test(
			a_cumulative_update_can_belong_to_the_quarter_and_its_twin_not),
		cmocka_unit_test(only_what_is_on_top_can_be_removed),
		cmocka_unit_test(a_payload_that_is_not_what_was_offered_is_corrupt),
		cmocka_unit_test(a_machine_can_be_described_by_its_facts),
		cmocka_unit_test(a_machine_without_facts_is_a_client_of_december_2024),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
