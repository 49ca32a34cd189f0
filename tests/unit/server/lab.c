#include "tests/unit/server/lab.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/instant.h"
#include "engine/problem.h"
#include "protocol/server/daemon.h"
#include "protocol/server/log.h"
#include "store/content_store.h"
#include "store/store.h"
#include "tests/lib/case.h"
#include "tests/unit/http/http_client.h"

/* One product, one quarter: a baseline, then a hotpatch and the cumulative update of the
 * month after. */
const char lab_catalog[] =
	"<catalog xmlns=\"urn:patchyard:catalog:1\">\n"
	"<product id=\"w24\" name=\"Windows 24\" family=\"client\" base=\"26100\">\n"
	"<hotpatch editions=\"Enterprise\" from=\"26100.2033\"/>\n"
	"<release kb=\"KB5055523\" build=\"26100.3775\" kind=\"baseline\""
	" published=\"2025-04-08T17:00:00Z\" arch=\"x64 arm64\"/>\n"
	"<release kb=\"KB5058497\" build=\"26100.3981\" kind=\"hotpatch\""
	" published=\"2025-05-13T17:00:00Z\" arch=\"x64 arm64\" "
	"baseline=\"KB5055523\"/>\n"
	"<release kb=\"KB5058411\" build=\"26100.4061\" kind=\"lcu\""
	" published=\"2025-05-13T17:00:00Z\" arch=\"x64 arm64\">"
	"<supersedes kb=\"KB5055523\"/></release>\n"
	"</product></catalog>\n";

const char lab_plan[] =
	"<plan xmlns=\"urn:patchyard:plan:1\">\n"
	"<policy name=\"lab\" hotpatch=\"allow\"><match>site = lab</match></policy>\n"
	"<policy name=\"office\" hotpatch=\"block\"><match>site = "
	"office</match></policy>\n"
	"<ring name=\"slow\" defer-days=\"30\"><match>tag.ring = slow</match>"
	"<deadline days=\"3\" grace-days=\"1\"/></ring>\n"
	"<ring name=\"all\" defer-days=\"0\"><match>any</match></ring>\n"
	"</plan>\n";

static int add_content(void *owner, const char *source_path, struct payload *out,
		       struct problem *p)
{
	return content_store_add(owner, source_path, out, p);
}

static bool find_content(void *owner, const char *sha256, char *path, size_t size)
{
	char whole[CONTENT_PATH];

	if (!content_store_path(owner, sha256, whole) || strlen(whole) >= size)
		return false;
	memcpy(path, whole, strlen(whole) + 1);
	return true;
}

static void start(struct lab *lab, bool with_loops)
{
	struct problem p = { 0 };
	char path[256];

	snprintf(path, sizeof path, "%s/state", lab->scratch.folder);
	if (state_dir_open(&lab->state, path, &p) < 0)
		fail_msg("%s", p.text);
	state_dir_file(&lab->state, "patchyard.db", path, sizeof path);
	lab->backend = store_open(path, &p);
	state_dir_file(&lab->state, "content", path, sizeof path);
	lab->content = content_store_open(path, &p);
	if (lab->backend == NULL || lab->content == NULL)
		fail_msg("%s", p.text);
	const struct site_wiring wiring = {
		.backend = lab->backend,
		.content = { lab->content, add_content, find_content },
		.base_url = lab->settings.base_url,
		.enrolment_token = lab->state.enrolment_token,
		.poll_s = 300,
		.seen_flush_s = 1,
		.clock_is_virtual = lab->settings.clock == CLOCK_VIRTUAL,
		.clock_from_s = lab->settings.clock_from_s,
	};
	lab->site = site_open(&wiring, &p);
	if (lab->site == NULL)
		fail_msg("%s", p.text);
	lab->daemon = NULL;
	if (!with_loops)
		return;
	lab->daemon = daemon_start(&lab->settings, &lab->state, lab->site, &p);
	if (lab->daemon == NULL)
		fail_msg("%s", p.text);
}

static void stop(struct lab *lab)
{
	site_stop(lab->site);
	daemon_stop(lab->daemon);
	site_close(lab->site);
	store_close(lab->backend);
	content_store_close(lab->content);
	state_dir_close(&lab->state);
}

static void set_up(struct lab *lab, const char *from)
{
	assert_true(scratch_init(&lab->scratch));
	log_set_level(LOG_LEVEL_ERROR);
	settings_init(&lab->settings);
	lab->settings.port = 0;
	lab->settings.loops = 2;
	if (from != NULL) {
		lab->settings.clock = CLOCK_VIRTUAL;
		assert_true(instant_parse(from, &lab->settings.clock_from_s));
	}
}

void lab_open(struct lab *lab, const char *from)
{
	set_up(lab, from);
	start(lab, true);
}

void lab_open_site(struct lab *lab, const char *from)
{
	set_up(lab, from);
	start(lab, false);
}

void lab_reopen(struct lab *lab)
{
	bool with_loops = lab->daemon != NULL;
	stop(lab);
	start(lab, with_loops);
}

void lab_close(struct lab *lab)
{
	stop(lab);
	settings_fini(&lab->settings);
	scratch_fini(&lab->scratch);
}

struct answer lab_call(struct lab *lab, const char *method, const char *path,
		       const char *body)
{
	struct answer answer = { 0 };
	struct http_client client;
	char head[4096];

	if (!http_client_unix(&client, daemon_socket(lab->daemon)))
		return answer;
	size_t size = body != NULL ? strlen(body) : 0;
	snprintf(head, sizeof head,
		 "%s %s%s HTTP/1.1\r\nHost: localhost\r\nContent-Length: %zu\r\n"
		 "Connection: close\r\n\r\n",
		 method, path[0] == '!' ? "" : "/api/v1",
		 path[0] == '!' ? path + 1 : path, size);
	if (http_client_send(&client, head, strlen(head)) &&
	    (size == 0 || http_client_send(&client, body, size))) {
		struct http_answer got =
			http_client_answer(&client, strcmp(method, "HEAD") == 0);
		answer.status = got.status;
		snprintf(answer.head, sizeof answer.head, "%s",
			 got.head != NULL ? got.head : "");
		if (got.body != NULL) {
			answer.text = strdup(got.body);
			answer.json = json_loads(got.body, 0, NULL);
		}
		http_answer_free(&got);
	}
	http_client_close(&client, true);
	return answer;
}

void answer_free(struct answer *answer)
{
	json_decref(answer->json);
	free(answer->text);
}

json_t *lab_expect(struct lab *lab, int status, const char *method, const char *path,
		   const char *body)
{
	struct answer answer = lab_call(lab, method, path, body);

	if (answer.status != status)
		fail_msg("%s %s: %d, not %d: %s", method, path, answer.status, status,
			 answer.text != NULL ? answer.text : "");
	if (answer.json == NULL)
		fail_msg("%s %s: no JSON", method, path);
	free(answer.text);
	return answer.json;
}

static void add_payload(json_t *list, struct lab *lab, const char *kb, const char *build)
{
	static const char *const archs[] = { "x64", "arm64" };

	for (size_t i = 0; i < COUNT_OF(archs); i++) {
		char name[64];
		snprintf(name, sizeof name, "%s-%s.msu", kb, archs[i]);
		const char *path = scratch_write(&lab->scratch, name, name);
		json_array_append_new(list,
				      json_pack("{s:s, s:s, s:s, s:s, s:s}", "product",
						"w24", "kb", kb, "build", build, "arch",
						archs[i], "path", path));
	}
}

void lab_load(struct lab *lab)
{
	json_t *import = json_pack("{s:[{s:s, s:s}]}", "files", "name", "w24.xml", "text",
				   lab_catalog);
	json_t *list = json_array();
	char *text = json_dumps(import, 0);

	json_decref(lab_expect(lab, 200, "POST", "/catalog", text));
	json_decref(lab_expect(lab, 200, "PUT", "/plan?name=lab.xml", lab_plan));
	free(text);
	json_decref(import);
	add_payload(list, lab, "KB5055523", "26100.3775");
	add_payload(list, lab, "KB5058497", "26100.3981");
	add_payload(list, lab, "KB5058411", "26100.4061");
	json_t *payloads = json_pack("{s:o}", "payloads", list);
	text = json_dumps(payloads, 0);
	json_decref(lab_expect(lab, 200, "POST", "/payloads", text));
	free(text);
	json_decref(payloads);
}

void lab_device(struct lab *lab, const char *id, const char *facts)
{
	char words[1024], path[512];
	json_t *values = json_object();
	char *rest = words, *word;

	snprintf(words, sizeof words, "%s", facts);
	while ((word = strtok_r(rest, " ", &rest)) != NULL) {
		char *value = strchr(word, '=');
		*value++ = '\0';
		for (char *at = value; *at != '\0'; at++) {
			if (*at == ',')
				*at = ' ';
		}
		json_object_set_new(values, word, json_string(value));
	}
	json_t *body = json_pack("{s:s}", "id", id);
	char *text = json_dumps(body, 0);
	json_decref(lab_expect(lab, 201, "POST", "/devices", text));
	free(text);
	json_decref(body);
	body = json_pack("{s:o}", "facts", values);
	text = json_dumps(body, 0);
	snprintf(path, sizeof path, "/devices/%s/facts", id);
	if (json_object_size(values) > 0)
		json_decref(lab_expect(lab, 200, "PUT", path, text));
	free(text);
	json_decref(body);
}
