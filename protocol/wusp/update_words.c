#include "protocol/wusp/update_document.h"

const char *const update_type_names[UPDATE_TYPES] = { "Detectoid", "Category", "Software",
						      "Driver" };
