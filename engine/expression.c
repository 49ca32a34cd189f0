#include "engine/expression.h"

#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "engine/ascii.h"
#include "engine/catalog.h"
#include "engine/expression_tree.h"
#include "engine/facts.h"

/* What one test asks. */
struct question {
	const struct expression *expression;
	const struct facts *facts;
	expression_lookup lookup; /* may be NULL */
	void *owner;
};

void expression_free(struct expression *expression)
{
	free(expression);
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_dotted_number(const char *text)
{
	for (;;) {
		if (!is_digit(*text))
			return false;
		while (is_digit(*text))
			text++;
		if (*text == '\0')
			return true;
		if (*text++ != '.')
			return false;
	}
}

/* Compare two runs of digits by value, of any length; moves both behind them. */
static int compare_digits(const char **a, const char **b)
{
	while (**a == '0')
		(*a)++;
	while (**b == '0')
		(*b)++;
	const char *a_start = *a, *b_start = *b;
	while (is_digit(**a))
		(*a)++;
	while (is_digit(**b))
		(*b)++;
	size_t a_size = (size_t)(*a - a_start), b_size = (size_t)(*b - b_start);
	if (a_size != b_size)
		return a_size < b_size ? -1 : 1;
	return memcmp(a_start, b_start, a_size);
}

/* 26100.9 < 26100.10; what one side lacks counts as 0. */
static int compare_dotted(const char *a, const char *b)
{
	while (*a != '\0' || *b != '\0') {
		int order = compare_digits(&a, &b);
		if (order != 0)
			return order;
		a += *a == '.';
		b += *b == '.';
	}
	return 0;
}

/* An optional sign, digits, an optional fraction. */
static bool is_number(const char *text)
{
	text += *text == '-' || *text == '+';
	if (!is_digit(*text))
		return false;
	while (is_digit(*text))
		text++;
	if (*text == '\0')
		return true;
	if (*text++ != '.' || !is_digit(*text))
		return false;
	while (is_digit(*text))
		text++;
	return *text == '\0';
}

static bool is_negative(const char *number)
{
	return number[0] == '-' && strpbrk(number, "123456789") != NULL;
}

static const char *magnitude(const char *number)
{
	return number + (*number == '-' || *number == '+');
}

static int compare_magnitudes(const char *a, const char *b)
{
	int order = compare_digits(&a, &b);
	if (order != 0)
		return order;
	a += *a == '.';
	b += *b == '.';
	for (; *a != '\0' || *b != '\0'; a += *a != '\0', b += *b != '\0') {
		int one = *a != '\0' ? *a : '0', other = *b != '\0' ? *b : '0';
		if (one != other)
			return one < other ? -1 : 1;
	}
	return 0;
}

static int compare_numbers(const char *a, const char *b)
{
	bool a_negative = is_negative(a), b_negative = is_negative(b);

	if (a_negative != b_negative)
		return a_negative ? -1 : 1;
	int order = compare_magnitudes(magnitude(a), magnitude(b));
	return a_negative ? -order : order;
}

static int compare(const char *a, const char *b)
{
	if (is_dotted_number(a) && is_dotted_number(b))
		return compare_dotted(a, b);
	if (is_number(a) && is_number(b))
		return compare_numbers(a, b);
	return ascii_compare(a, b);
}

static const char *next_character(const char *at)
{
	at++;
	while (((unsigned char)*at & 0xc0) == 0x80)
		at++;
	return at;
}

/* Does `text` contain what `pattern` describes?  A star in front and behind is meant.
 * After a mismatch only the last star need be tried further on. */
static bool is_like(const char *text, const char *pattern)
{
	const char *star = pattern, *from = text;

	while (*pattern != '\0') {
		if (*pattern == '*') {
			star = ++pattern;
			from = text;
		} else if (*text == '\0') {
			return false;
		} else if (*pattern == '?') {
			pattern++;
			text = next_character(text);
		} else if (ascii_lower(*pattern) == ascii_lower(*text)) {
			pattern++;
			text++;
		} else {
			from = next_character(from);
			text = from;
			pattern = star;
		}
	}
	return true;
}

static bool kbs_contain(const char *kbs, const char *wanted_text)
{
	uint32_t wanted, kb;

	if (!kb_parse(wanted_text, &wanted))
		return false;
	while (facts_next_kb(&kbs, &kb)) {
		if (kb == wanted)
			return true;
	}
	return false;
}

/* A build may be written with Windows' own version in front of it. */
static const char *plain_build(const char *build)
{
	return strncmp(build, "10.0.", 5) == 0 ? build + 5 : build;
}

static bool is_equal(const struct node *node, const char *have, const char *wanted)
{
	if (node->fact == FACT_OS_KBS)
		return kbs_contain(have, wanted);
	if (node->fact == FACT_OS_BUILD)
		return ascii_compare(plain_build(have), plain_build(wanted)) == 0;
	return ascii_compare(have, wanted) == 0;
}

static bool is_in(const struct node *node, const char *have, const char *values)
{
	for (int i = 0; i < node->value_count; i++) {
		if (is_equal(node, have, values))
			return true;
		values += strlen(values) + 1;
	}
	return false;
}

static int order(const struct node *node, const char *have, const char *wanted)
{
	if (node->fact == FACT_OS_BUILD)
		return compare(plain_build(have), plain_build(wanted));
	return compare(have, wanted);
}

static const char *value_of(const struct question *question, const struct node *node)
{
	const char *name = question->expression->text + node->name_at;
	const char *value = NULL;

	if (question->lookup != NULL)
		value = question->lookup(question->owner, name);
	if (value != NULL)
		return value;
	if (node->fact != FACT_OTHER)
		return facts_known(question->facts, (enum fact_id)node->fact);
	const struct fact *fact = facts_find_hashed(question->facts, name, node->hash);
	return fact == NULL ? NULL : fact_value(question->facts, fact);
}

static enum truth test_comparison(const struct question *question,
				  const struct node *node)
{
	const char *have = value_of(question, node);
	const char *wanted = question->expression->text + node->value_at;

	if (have == NULL)
		return TRUTH_UNKNOWN;
	switch ((enum node_kind)node->kind) {
	case NODE_EQUAL:
		return is_equal(node, have, wanted) ? TRUTH_TRUE : TRUTH_FALSE;
	case NODE_NOT_EQUAL:
		return is_equal(node, have, wanted) ? TRUTH_FALSE : TRUTH_TRUE;
	case NODE_LESS:
		return order(node, have, wanted) < 0 ? TRUTH_TRUE : TRUTH_FALSE;
	case NODE_GREATER:
		return order(node, have, wanted) > 0 ? TRUTH_TRUE : TRUTH_FALSE;
	case NODE_LIKE:
		return is_like(have, wanted) ? TRUTH_TRUE : TRUTH_FALSE;
	default:
		assert(node->kind == NODE_IN);
		return is_in(node, have, wanted) ? TRUTH_TRUE : TRUTH_FALSE;
	}
}

/* Kleene's logic: a side that decides alone does so whatever the other is; else what
 * is unknown stays unknown. */
static enum truth test(const struct question *question, uint16_t index)
{
	const struct node *node = &question->expression->nodes[index];

	if (node->kind == NODE_ANY)
		return TRUTH_TRUE;
	if (node->kind > NODE_OR)
		return test_comparison(question, node);
	enum truth left = test(question, node->left);
	if (node->kind == NODE_NOT)
		return left == TRUTH_UNKNOWN ? TRUTH_UNKNOWN
		       : left == TRUTH_TRUE  ? TRUTH_FALSE
					     : TRUTH_TRUE;
	enum truth deciding = node->kind == NODE_AND ? TRUTH_FALSE : TRUTH_TRUE;
	if (left == deciding)
		return left;
	enum truth right = test(question, node->right);
	return right == deciding || left != TRUTH_UNKNOWN ? right : TRUTH_UNKNOWN;
}

enum truth expression_test_with(const struct expression *expression,
				const struct facts *facts, expression_lookup lookup,
				void *owner)
{
	const struct question question = { expression, facts, lookup, owner };

	assert(expression->count > 0);
	return test(&question, (uint16_t)(expression->count - 1));
}

enum truth expression_test(const struct expression *expression, const struct facts *facts)
{
	return expression_test_with(expression, facts, NULL, NULL);
}

const char *expression_name_at(const struct expression *expression, size_t n)
{
	for (size_t i = 0; i < expression->count; i++) {
		if (expression->nodes[i].kind > NODE_OR && n-- == 0)
			return expression->text + expression->nodes[i].name_at;
	}
	return NULL;
}
