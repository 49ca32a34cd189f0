/* SyncUpdates, the pure part (MS-WUSP 3.1.5.7): what a computer has, what it should know,
 * and the next page of the difference.
 *
 * An update is *needed* when it is in the computer's scope and each of its prerequisites
 * is met by what the computer says is installed.  New: needed and not cached.  Out of
 * scope: cached and not needed.  Changed: needed, cached, and deployed otherwise than
 * the computer was told last.  Pages hold SYNC_PAGE new updates; what is left is told by
 * `truncated`.  So layers come one after another, as from the original server.
 *
 * The engine's decision comes in as a deployment: one root that is to be installed or
 * removed.  Everything else is Evaluate (categories, detectoids, what others need),
 * Bundle (members) or PreDeploymentCheck.  Pure, no allocation: the page is the
 * caller's. */

#ifndef PROTOCOL_WUSP_SYNC_H
#define PROTOCOL_WUSP_SYNC_H

#include "protocol/wusp/library.h"

enum {
	SYNC_PAGE = 30,
	SYNC_INSTALLED_MOST = 400, /* InstalledNonLeafUpdateIDs, as the original server */
	SYNC_CACHED_MOST = 20000,  /* OtherCachedUpdateIDs */
	SYNC_CHANGED_MOST = 4096,
};

enum deploy_action {
	DEPLOY_EVALUATE,
	DEPLOY_PRE_CHECK,
	DEPLOY_BUNDLE,
	DEPLOY_INSTALL,
	DEPLOY_UNINSTALL,
	DEPLOY_ACTIONS
};
extern const char *const deploy_action_names[DEPLOY_ACTIONS];

/* What the engine decided, in this protocol's words.  `update` NULL: nothing. */
struct deployment {
	const struct update *update; /* a root */
	enum deploy_action action;   /* INSTALL or UNINSTALL */
	bool is_assigned;            /* install by itself; else the user is asked */
	int64_t deadline_s;          /* INSTANT_NONE for none */
	int64_t changed_s;           /* when it was decided: LastChangeTime */
	int32_t flow;                /* Deployment/ID */
};

/* What the computer was told last; kept in its cookie.  All zero: unknown. */
struct told {
	uint32_t generation; /* of the library */
	int32_t revision_id; /* deployed root, 0 for none */
	uint8_t action;      /* enum deploy_action */
	bool is_assigned;
	int64_t deadline_s;
};

struct sync_question {
	const struct library *library;
	const struct scope *scope;
	struct deployment deployment;
	struct told told;
	bool told_known;
	size_t installed_count, cached_count;
	const int64_t *installed, *cached; /* revision ids as they came */
	size_t filter_count;               /* categories; 0: all */
	const struct guid *filter;
	bool two_group; /* NeedTwoGroupOutOfScopeUpdates */
};

struct sync_item {
	const struct update *update;
	enum deploy_action action;
	bool is_assigned;
	int64_t deadline_s, changed_s;
	int32_t deployment_id;
};

struct sync_page {
	size_t new_count;
	struct sync_item new_items[SYNC_PAGE];
	size_t changed_count;
	struct sync_item changed[SYNC_CHANGED_MOST];
	size_t out_count, deployed_out_count;
	int32_t out[SYNC_INSTALLED_MOST + SYNC_CACHED_MOST];
	int32_t deployed_out[SYNC_CACHED_MOST];
	bool truncated;
	struct told told; /* for the new cookie */
};

void sync_plan(const struct sync_question *question, struct sync_page *page);
/* How one update is deployed to a computer: RefreshCache and ChangedUpdates. */
struct sync_item sync_deployed(const struct update *update,
			       const struct deployment *deployment);

/* StartCategoryScan (MS-WUSP 3.1.5.6): groups of categories that are all wanted.
 * Answers land in the two lists, each with room for `count`. */
struct category_wish {
	int64_t group;
	struct guid id;
};
struct category_answer {
	size_t preferred_count, unknown_count;
	struct guid *preferred, *unknown;
};
void sync_categories(const struct library *library, const struct category_wish *wishes,
		     size_t count, struct category_answer *answer);

#endif
