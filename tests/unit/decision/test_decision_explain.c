#include <stdio.h>
#include <string.h>

#include "tests/lib/case.h"
#include "yard.h"

TEST(smoke)
{
	static struct yard y;
	static struct explanation e;
	static char room[EXPLANATION_TEXT];
	yard_open(&y, NULL, 0, NULL, 0);
	yard_device(&y, "26100.2000", "KB104", at("2025-05-14"));
	yard_fact(&y, "vbs", "configured", at("2025-05-14"));
	struct situation s = yard_situation(&y, at("2025-05-14"));
	struct explain_question q = { .kb = 105 };
	explain(&s, NULL, &e);
	puts(explanation_text(&e, room, sizeof room));
	explain(&s, &q, &e);
	puts(explanation_text(&e, room, sizeof room));
	yard_close(&y);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(smoke) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
