#include "tests/lib/yard.h"

#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "engine/rollout.h"
#include "protocol/ddi/ddi.h"
#include "protocol/http/tls_context.h"
#include "protocol/http/tls_identity.h"
#include "protocol/server/edit.h"
#include "protocol/server/log.h"
#include "protocol/server/site_private.h"
#include "protocol/server/site_setup.h"
#include "protocol/server/unit.h"
#include "protocol/wusp/wusp.h"
#include "store/content_store.h"
#include "store/store.h"

enum { WAIT_S = 20, PATH = 160 };

static const char catalog[] =
	"<catalog xmlns=\"urn:patchyard:catalog:1\">"
	"<product id=\"windows-11-24h2\" name=\"Windows 11, version 24H2\""
	" family=\"client\" base=\"26100\">"
	"<hotpatch editions=\"Enterprise\" from=\"26100.2033\"/>"
	"<release kb=\"KB5053598\" build=\"26100.3476\" kind=\"lcu\" cadence=\"B\""
	" published=\"2025-03-11T17:00:00Z\" arch=\"x64\"/>"
	"<release kb=\"KB5055523\" build=\"26100.3775\" kind=\"baseline\" cadence=\"B\""
	" published=\"2025-04-08T17:00:00Z\" arch=\"x64\"/>"
	"<release kb=\"KB5058497\" build=\"26100.3981\" kind=\"hotpatch\" cadence=\"B\""
	" published=\"2025-05-13T17:00:00Z\" arch=\"x64\" baseline=\"KB5055523\"/>"
	"<release kb=\"KB5058411\" build=\"26100.4061\" kind=\"lcu\" cadence=\"B\""
	" published=\"2025-05-13T17:00:00Z\" arch=\"x64\"/>"
	"<release kb=\"KB5060842\" build=\"26100.4349\" kind=\"lcu\" cadence=\"B\""
	" published=\"2025-06-10T17:00:00Z\" arch=\"x64\"/>"
	"</product></catalog>";

static const struct {
	uint32_t kb;
	struct build build;
	const char *name, *bytes;
} payloads[] = {
	{ 5055523, { 26100, 3775 }, "kb5055523-x64.msu", "the baseline of April\n" },
	{ 5058497, { 26100, 3981 }, "kb5058497-x64.msu", "the hotpatch of May\n" },
	{ 5058411, { 26100, 4061 }, "kb5058411 x64.swu", "the cumulative one of May\n" },
	{ 5060842, { 26100, 4349 }, "kb5060842-x64.swu", "the cumulative one of June\n" },
};

static struct yard *the_yard; /* of the loop's callbacks; one at a time */

struct wusp_terms *yard_terms(struct yard *yard)
{
	return &yard->site->wusp;
}

const char *yard_payload(uint32_t kb)
{
	for (size_t i = 0; i < sizeof payloads / sizeof payloads[0]; i++) {
		if (payloads[i].kb == kb)
			return payloads[i].bytes;
	}
	return "";
}

static void signal_done(struct yard *yard, const struct problem *problem)
{
	pthread_mutex_lock(&yard->lock);
	yard->done = true;
	yard->failed = problem != NULL;
	if (problem != NULL) {
		yard->problem = *problem;
		fprintf(stderr, "yard: %s\n", problem->text);
	}
	pthread_cond_broadcast(&yard->changed);
	pthread_mutex_unlock(&yard->lock);
}

static bool await_done(struct yard *yard)
{
	struct timespec until;
	int rc = 0;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += WAIT_S;
	pthread_mutex_lock(&yard->lock);
	while (!yard->done && rc == 0)
		rc = pthread_cond_timedwait(&yard->changed, &yard->lock, &until);
	bool ok = yard->done && !yard->failed;
	yard->done = false;
	pthread_mutex_unlock(&yard->lock);
	return ok;
}

static int put_document(const struct backend_ops *ops, struct session *session,
			const char *kind, const char *text, struct problem *p)
{
	struct document document = { .text = text, .size = strlen(text) };

	snprintf(document.kind, sizeof document.kind, "%s", kind);
	snprintf(document.name, sizeof document.name, "%s.xml", kind);
	snprintf(document.by, sizeof document.by, "test");
	document.at_s = YARD_START;
	return ops->document_put(session, &document, p);
}

static int put_payloads(struct yard *yard, struct session *session, struct problem *p)
{
	char path[PATH];

	for (size_t i = 0; i < sizeof payloads / sizeof payloads[0]; i++) {
		struct payload payload = { .arch = ARCH_X64 };
		snprintf(path, sizeof path, "%s/payload", yard->folder);
		FILE *file = fopen(path, "we");
		if (file == NULL || fputs(payloads[i].bytes, file) < 0 ||
		    fclose(file) != 0)
			return problem_set(p, PROBLEM_EXTERNAL, "writing %s", path);
		if (content_store_add(yard->content, path, &payload, p) < 0)
			return -1;
		snprintf(payload.key.product, sizeof payload.key.product,
			 "windows-11-24h2");
		payload.key.kb = payloads[i].kb;
		payload.key.build = payloads[i].build;
		snprintf(payload.name, sizeof payload.name, "%s", payloads[i].name);
		if (yard->backend->ops->payload_put(session, &payload, p) < 0)
			return -1;
	}
	return 0;
}

struct filling {
	struct yard *yard;
	const char *plan;
};

static int fill(void *owner, struct session *session, struct problem *p)
{
	const struct filling *filling = owner;
	const struct backend_ops *ops = filling->yard->backend->ops;

	if (put_document(ops, session, "catalog", catalog, p) < 0 ||
	    put_document(ops, session, "plan", filling->plan, p) < 0)
		return -1;
	return put_payloads(filling->yard, session, p);
}

static bool find_content(void *owner, const char *sha256, char *path, size_t size)
{
	char whole[CONTENT_PATH];

	if (!content_store_path(owner, sha256, whole) || strlen(whole) >= size)
		return false;
	memcpy(path, whole, strlen(whole) + 1);
	return true;
}

static bool open_site(struct yard *yard, const char *plan, struct problem *p)
{
	char path[PATH];
	struct filling filling = { yard, plan };

	snprintf(path, sizeof path, "%s/patchyard.db", yard->folder);
	yard->backend = store_open(path, p);
	snprintf(path, sizeof path, "%s/content", yard->folder);
	yard->content = content_store_open(path, p);
	if (yard->backend == NULL || yard->content == NULL ||
	    unit_run(yard->backend, fill, &filling, p) < 0)
		return false;
	const struct site_wiring wiring = {
		.backend = yard->backend,
		.content = { .owner = yard->content, .path = find_content },
		.base_url = "",
		.enrolment_token = YARD_ENROLMENT,
		.poll_s = 300,
		.seen_flush_s = 60,
		.clock_is_virtual = true,
		.clock_from_s = YARD_START,
		.wusp = { .serves = true,
			  .joins = true,
			  .joins_per_minute = WUSP_JOINS_PER_MINUTE,
			  .cookie_s = 3600 },
	};
	yard->site = site_open(&wiring, p);
	return yard->site != NULL;
}

static bool open_tls(struct yard *yard, struct problem *p)
{
	char path[PATH], key[PATH];

	if (tls_identity_ensure(yard->folder, NULL, 0, p) < 0)
		return false;
	snprintf(path, sizeof path, "%s/server.crt", yard->folder);
	snprintf(key, sizeof key, "%s/server.key", yard->folder);
	yard->tls = tls_context_new(path, key, p);
	yard->client = SSL_CTX_new(TLS_client_method());
	if (yard->tls == NULL || yard->client == NULL)
		return false;
	snprintf(path, sizeof path, "%s/ca.crt", yard->folder);
	SSL_CTX_set_verify(yard->client, SSL_VERIFY_PEER, NULL);
	return SSL_CTX_load_verify_file(yard->client, path) == 1;
}

static void handle(struct exchange *exchange, void *owner)
{
	static const char text[] = "There is nothing at this path.\n";
	struct desk *desk = site_desk(exchange_loop(exchange));
	(void)owner;
	if (!ddi_handle(exchange, desk) && !wusp_handle(exchange, desk))
		exchange_reply(exchange, 404, "text/plain", text, sizeof text - 1, NULL);
}

static size_t body_limit(enum http_method method, const char *path, void *owner)
{
	(void)method;
	(void)owner;
	size_t most = ddi_body_limit(path);
	return most > 0 ? most : wusp_body_limit(path);
}

static int started(struct loop *loop, void *owner, struct problem *p)
{
	(void)owner;
	return desk_open(loop, the_yard->site, p);
}

static void stopped(struct loop *loop, void *owner)
{
	(void)owner;
	desk_close(loop);
}

static void tick(struct loop *loop, void *owner)
{
	(void)owner;
	desk_tick(loop);
}

bool yard_open(struct yard *yard, const char *plan)
{
	struct problem p = { 0 };

	*yard = (struct yard){ .folder = "/tmp/patchyard-yard-XXXXXX" };
	signal(SIGPIPE, SIG_IGN);
	pthread_mutex_init(&yard->lock, NULL);
	pthread_cond_init(&yard->changed, NULL);
	the_yard = yard;
	if (mkdtemp(yard->folder) == NULL)
		return false;
	if (open_site(yard, plan, &p) && open_tls(yard, &p)) {
		const struct loop_settings settings = { .address = "127.0.0.1",
							.tls = yard->tls,
							.handle = handle,
							.body_limit = body_limit,
							.started = started,
							.stopped = stopped,
							.tick = tick };
		yard->loop = loop_start(&settings, &p);
	}
	if (yard->loop == NULL)
		fprintf(stderr, "yard: %s\n", p.text);
	return yard->loop != NULL;
}

static int remove_one(const char *path, const struct stat *found, int kind,
		      struct FTW *where)
{
	(void)found;
	(void)kind;
	(void)where;
	return remove(path);
}

void yard_close(struct yard *yard)
{
	if (yard->loop != NULL) {
		loop_stop(yard->loop);
		loop_join(yard->loop);
	}
	site_close(yard->site);
	store_close(yard->backend);
	content_store_close(yard->content);
	SSL_CTX_free(yard->client);
	tls_context_free(yard->tls);
	pthread_mutex_destroy(&yard->lock);
	pthread_cond_destroy(&yard->changed);
	if (nftw(yard->folder, remove_one, 16, FTW_DEPTH | FTW_PHYS) != 0)
		fprintf(stderr, "yard: '%s' stays\n", yard->folder);
}

/* An edit by the test: what it is about, and the yard that waits for it. */
struct order {
	struct edit edit; /* first: cast back */
	struct yard *yard;
	const char *plan;
	int64_t to_s;
	uint32_t kb;
};

static void answer_edit(struct edit *edit, const struct problem *problem)
{
	struct order *order = (struct order *)edit;
	struct yard *yard = order->yard;

	edit_fini(edit);
	signal_done(yard, problem);
}

/* The edit lives on the caller's stack: it waits. */
static bool carry_out(struct order *order)
{
	order->edit.site = order->yard->site;
	order->edit.loop = order->yard->loop;
	order->edit.answer = answer_edit;
	site_edit(&order->edit);
	return await_done(order->yard);
}

static int apply_plan(struct edit *edit, struct session *session, struct problem *p)
{
	const struct order *order = (struct order *)edit;
	return put_document(edit_ops(edit), session, "plan", order->plan, p);
}

bool yard_plan(struct yard *yard, const char *plan)
{
	struct order order = { .edit = { .apply = apply_plan, .changes_view = true },
			       .yard = yard,
			       .plan = plan };
	return carry_out(&order);
}

static int apply_clock(struct edit *edit, struct session *session, struct problem *p)
{
	return edit_keep_clock(edit, session, ((struct order *)edit)->to_s, p);
}

static void move_clock(struct edit *edit)
{
	edit_move_clock(edit, ((struct order *)edit)->to_s);
}

bool yard_advance(struct yard *yard, int64_t seconds)
{
	struct order order = { .edit = { .apply = apply_clock, .committed = move_clock },
			       .yard = yard,
			       .to_s = site_now(yard->site) + seconds };
	return carry_out(&order);
}

static int apply_withdrawal(struct edit *edit, struct session *session, struct problem *p)
{
	const struct order *order = (struct order *)edit;
	struct rollout_record record = { .withdrawn = true, .changed_s = edit->now_s };

	for (size_t i = 0; i < sizeof payloads / sizeof payloads[0]; i++) {
		if (payloads[i].kb == order->kb)
			record.key.build = payloads[i].build;
	}
	record.key.kb = order->kb;
	snprintf(record.key.product, sizeof record.key.product, "windows-11-24h2");
	return edit_ops(edit)->rollout_put(session, &record, p);
}

bool yard_withdraw(struct yard *yard, uint32_t kb)
{
	struct order order = { .edit = { .apply = apply_withdrawal,
					 .changes_view = true },
			       .yard = yard,
			       .kb = kb };
	return carry_out(&order);
}

/* As an edit, for one device. */
struct errand {
	struct change change; /* first: cast back */
	struct yard *yard;
};

static void answer_change(struct change *change, const struct problem *problem)
{
	signal_done(((struct errand *)change)->yard, problem);
}

bool yard_change(struct yard *yard, const char *device,
		 int (*apply)(struct change *change, struct problem *p))
{
	struct errand errand = { .change = { .site = yard->site,
					     .loop = yard->loop,
					     .apply = apply,
					     .answer = answer_change },
				 .yard = yard };

	snprintf(errand.change.device, sizeof errand.change.device, "%s", device);
	site_change(&errand.change);
	return await_done(yard);
}

static int wait_held(struct work *work, struct session *session, struct problem *p)
{
	struct yard *yard = the_yard;
	(void)work;
	(void)session;
	(void)p;
	pthread_mutex_lock(&yard->lock);
	yard->done = true;
	pthread_cond_broadcast(&yard->changed);
	while (yard->held)
		pthread_cond_wait(&yard->changed, &yard->lock);
	pthread_mutex_unlock(&yard->lock);
	return 0;
}

static void ignore_end(struct work *work, const struct problem *problem)
{
	(void)work;
	(void)problem;
}

bool yard_hold(struct yard *yard)
{
	static struct work work = { .run = wait_held, .done = ignore_end };

	yard->held = true;
	yard->requests_seen = loop_counts(yard->loop).requests;
	yard->backend->ops->submit(yard->backend, &work);
	return await_done(yard);
}

void yard_go_on(struct yard *yard)
{
	pthread_mutex_lock(&yard->lock);
	yard->held = false;
	pthread_cond_broadcast(&yard->changed);
	pthread_mutex_unlock(&yard->lock);
}

bool yard_await_request(struct yard *yard)
{
	const struct timespec pause = { .tv_nsec = 2000000 };

	yard->requests_seen++;
	for (int i = 0; i < WAIT_S * 500; i++) {
		if (loop_counts(yard->loop).requests >= yard->requests_seen)
			return true;
		nanosleep(&pause, NULL);
	}
	return false;
}

static char forgotten_id[LIMIT_DEVICE_ID + 1];

static int forget(struct work *work, struct session *session, struct problem *p)
{
	(void)work;
	return the_yard->backend->ops->device_forget(session, forgotten_id,
						     site_now(the_yard->site), p);
}

void yard_forget(struct yard *yard, const char *device)
{
	static struct work work = { .run = forget, .done = ignore_end };

	snprintf(forgotten_id, sizeof forgotten_id, "%s", device);
	yard->backend->ops->submit(yard->backend, &work);
}

bool yard_device(struct yard *yard, const char *device, struct device_record *record)
{
	const struct backend_ops *ops = yard->backend->ops;
	struct problem p;
	struct session *session = ops->open(yard->backend, &p);

	if (session == NULL)
		return false;
	int rc = ops->device_read(session, device, record, &p);
	ops->close(session);
	return rc == 1;
}

bool yard_events(struct yard *yard, const char *device,
		 int (*each)(void *owner, const struct event *event), void *owner)
{
	const struct backend_ops *ops = yard->backend->ops;
	struct problem p;
	struct session *session = ops->open(yard->backend, &p);

	if (session == NULL)
		return false;
	int rc = ops->events(session, device, INT64_MAX, each, owner, &p);
	ops->close(session);
	return rc >= 0;
}
