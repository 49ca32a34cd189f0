/* StartCategoryScan (MS-WUSP 3.1.5.6): which categories a scan should prefer. */

#include <string.h>

#include "protocol/wusp/sync.h"

static const struct update *category(const struct library *library, const struct guid *id)
{
	const struct update_identity identity = { *id, 0 };
	const struct update *update = library_by_identity(library, &identity);

	return update != NULL && update->document.type == UPDATE_CATEGORY ? update : NULL;
}

/* What one group, all of whose categories are wanted, comes down to. */
struct group_sum {
	size_t products, classifications, others;
	bool has_unknown;
	const struct guid *product;
};

static void add(struct group_sum *sum, const struct update *update, const struct guid *id)
{
	if (update == NULL) {
		sum->has_unknown = true;
	} else if (update->document.category == CATEGORY_CLASSIFICATION) {
		sum->classifications++;
	} else if (update->document.category == CATEGORY_NONE) {
		sum->others++;
	} else {
		sum->products++;
		sum->product = id;
	}
}

static bool holds(const struct guid *ids, size_t count, const struct guid *id)
{
	for (size_t i = 0; i < count; i++) {
		if (guid_equal(&ids[i], id))
			return true;
	}
	return false;
}

static bool is_first_of_group(const struct category_wish *wishes, size_t index)
{
	for (size_t i = 0; i < index; i++) {
		if (wishes[i].group == wishes[index].group)
			return false;
	}
	return true;
}

void sync_categories(const struct library *library, const struct category_wish *wishes,
		     size_t count, struct category_answer *answer)
{
	bool prefers = true;

	answer->preferred_count = answer->unknown_count = 0;
	for (size_t i = 0; i < count; i++) {
		if (category(library, &wishes[i].id) == NULL &&
		    !holds(answer->unknown, answer->unknown_count, &wishes[i].id))
			answer->unknown[answer->unknown_count++] = wishes[i].id;
	}
	for (size_t i = 0; prefers && i < count; i++) {
		struct group_sum sum = { 0 };
		if (!is_first_of_group(wishes, i))
			continue;
		for (size_t k = i; k < count; k++) {
			if (wishes[k].group == wishes[i].group)
				add(&sum, category(library, &wishes[k].id),
				    &wishes[k].id);
		}
		if (sum.has_unknown)
			continue;
		/* One product, by itself or with one classification; a scan that wants
		 * anything else is served from everything. */
		prefers =
			sum.products == 1 && sum.classifications <= 1 && sum.others == 0;
		if (prefers &&
		    !holds(answer->preferred, answer->preferred_count, sum.product))
			answer->preferred[answer->preferred_count++] = *sum.product;
	}
	if (!prefers)
		answer->preferred_count = 0;
}
