#include "protocol/wusp/update_document.h"

const char *const update_type_names[UPDATE_TYPES] = { "Detectoid", "Category", "Software",
						      "Driver" };

const char *const category_kind_names[CATEGORY_KINDS] = { "", "Company", "ProductFamily",
							  "Product",
							  "UpdateClassification" };
