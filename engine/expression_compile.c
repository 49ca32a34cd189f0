/* From text to a tree, by recursive descent over the grammar of expression.h.  Errors
 * name the column, what stands there and what was expected. */

#include <assert.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/ascii.h"
#include "engine/catalog.h"
#include "engine/expression.h"
#include "engine/expression_tree.h"
#include "engine/facts.h"
#include "engine/problem.h"

enum token_kind {
	TOKEN_END,
	TOKEN_WORD,
	TOKEN_QUOTED, /* without its quotes */
	TOKEN_OPEN,
	TOKEN_CLOSE,
	TOKEN_COMMA,
	TOKEN_EQUAL,
	TOKEN_NOT_EQUAL,
	TOKEN_LESS,
	TOKEN_GREATER,
	TOKEN_LIKE,
};

struct token {
	enum token_kind kind;
	const char *at; /* its text, in the source */
	size_t size;
	const char *start; /* with an opening quote: for the column */
};

/* A name or value and its NUL take at most one byte more than in the source, and each
 * is parted from the next by at least one byte. */
enum { POOL_BYTES = 2 * LIMIT_EXPRESSION + 2, SHOWN = 40, NONE = -1 };

struct parser {
	const char *source;
	const char *at; /* behind `token` */
	struct token token;
	int depth;
	size_t count, used;
	struct node nodes[LIMIT_EXPRESSION_NODES];
	char pool[POOL_BYTES];
	struct problem *p;
};

static int parse_or(struct parser *parser);

/* Columns count characters from 1, as editors do. */
static size_t column_of(const struct parser *parser, const char *at)
{
	size_t column = 1;
	for (const char *c = parser->source; c < at; c++)
		column += ((unsigned char)*c & 0xc0) != 0x80;
	return column;
}

__attribute__((format(printf, 3, 4))) static int fail(struct parser *parser,
						      const char *at, const char *fmt,
						      ...)
{
	char text[200];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof text, fmt, args);
	va_end(args);
	return problem_set(parser->p, PROBLEM_BAD_INPUT, "column %zu: %s",
			   column_of(parser, at), text);
}

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static bool ends_word(char c)
{
	return c == '\0' || is_space(c) || strchr("'\"(),=!<>~", c) != NULL;
}

static int read_quoted(struct parser *parser, const char *open)
{
	const char *end = strchr(open + 1, *open);

	if (end == NULL)
		return fail(parser, open, "the quote that opens here is never closed");
	parser->token =
		(struct token){ TOKEN_QUOTED, open + 1, (size_t)(end - open - 1), open };
	parser->at = end + 1;
	return 0;
}

/* Operators of other languages, and what ours are. */
static const char *foreign_operator(const char *at)
{
	static const struct {
		const char *text, *instead;
	} foreign[] = {
		{ "==", "write '=' once" },
		{ "=~", "write '~'" },
		{ "!~", "write 'not' in front of the comparison, and '~'" },
		{ "<>", "write '!='" },
		{ "<=", "write 'not' in front of a comparison with '>'" },
		{ ">=", "write 'not' in front of a comparison with '<'" },
		{ "&&", "write 'and'" },
		{ "||", "write 'or'" },
	};
	for (size_t i = 0; i < sizeof foreign / sizeof foreign[0]; i++) {
		if (strncmp(at, foreign[i].text, 2) == 0)
			return foreign[i].instead;
	}
	return at[0] == '!' && at[1] != '=' ? "write 'not'" : NULL;
}

/* Read the next token. */
static int advance(struct parser *parser)
{
	static const struct {
		const char *text;
		enum token_kind kind;
	} signs[] = {
		{ "(", TOKEN_OPEN },       { ")", TOKEN_CLOSE }, { ",", TOKEN_COMMA },
		{ "!=", TOKEN_NOT_EQUAL }, { "=", TOKEN_EQUAL }, { "<", TOKEN_LESS },
		{ ">", TOKEN_GREATER },    { "~", TOKEN_LIKE },
	};
	const char *at = parser->at;

	while (is_space(*at))
		at++;
	if (*at == '"' || *at == '\'')
		return read_quoted(parser, at);
	const char *instead = foreign_operator(at);
	if (instead != NULL)
		return fail(parser, at, "'%.*s' is no operator here: %s",
			    at[0] == '!' && at[1] != '~' ? 1 : 2, at, instead);
	for (size_t i = 0; i < sizeof signs / sizeof signs[0]; i++) {
		size_t size = strlen(signs[i].text);
		if (strncmp(at, signs[i].text, size) != 0)
			continue;
		parser->token = (struct token){ signs[i].kind, at, size, at };
		parser->at = at + size;
		return 0;
	}
	size_t size = 0;
	while (!ends_word(at[size]))
		size++;
	parser->token =
		(struct token){ size == 0 ? TOKEN_END : TOKEN_WORD, at, size, at };
	parser->at = at + size;
	return 0;
}

static bool is_keyword(const struct token *token, const char *keyword)
{
	if (token->kind != TOKEN_WORD || token->size != strlen(keyword))
		return false;
	for (size_t i = 0; i < token->size; i++) {
		if (ascii_lower(token->at[i]) != keyword[i])
			return false;
	}
	return true;
}

static bool is_any_keyword(const struct token *token)
{
	static const char *const keywords[] = { "and", "or", "not", "in", "any" };
	for (size_t i = 0; i < sizeof keywords / sizeof keywords[0]; i++) {
		if (is_keyword(token, keywords[i]))
			return true;
	}
	return false;
}

/* The present token is not what the grammar wants: say what it is. */
static int unexpected(struct parser *parser, const char *expected)
{
	const struct token *token = &parser->token;

	if (token->kind == TOKEN_END)
		return fail(parser, token->start, "expected %s, found the end", expected);
	return fail(parser, token->start, "expected %s, found '%.*s'", expected,
		    (int)(token->size < SHOWN ? token->size : SHOWN), token->at);
}

/* A copy of `size` bytes; the pool is large enough for all of a source. */
static uint16_t keep(struct parser *parser, const char *at, size_t size)
{
	size_t place = parser->used;

	assert(place + size + 1 <= POOL_BYTES);
	memcpy(parser->pool + place, at, size);
	parser->pool[place + size] = '\0';
	parser->used += size + 1;
	return (uint16_t)place;
}

static int add_node(struct parser *parser, struct node node)
{
	if (parser->count == LIMIT_EXPRESSION_NODES)
		return problem_set(parser->p, PROBLEM_TOO_LARGE,
				   "column %zu: an expression has at most %d parts",
				   column_of(parser, parser->token.start),
				   LIMIT_EXPRESSION_NODES);
	parser->nodes[parser->count] = node;
	return (int)parser->count++;
}

/* One value of a comparison, whose first one is put into the node. */
static int parse_value(struct parser *parser, struct node *node,
		       const char *operator_text)
{
	const struct token *token = &parser->token;
	char expected[60];
	uint32_t kb;

	snprintf(expected, sizeof expected, "a value after '%s'", operator_text);
	if (token->kind != TOKEN_WORD && token->kind != TOKEN_QUOTED)
		return unexpected(parser, expected);
	if (is_any_keyword(token))
		return fail(
			parser, token->start,
			"expected %s, found '%.*s': put it in quotes if it is the value",
			expected, (int)token->size, token->at);
	uint16_t at = keep(parser, token->at, token->size);
	if (node->fact == FACT_OS_KBS && node->kind != NODE_LIKE &&
	    !kb_parse(parser->pool + at, &kb))
		return fail(parser, token->start,
			    "os.kbs is compared with a KB such as KB5055523, not '%.*s'",
			    (int)(token->size < SHOWN ? token->size : SHOWN), token->at);
	if (node->value_count++ == 0)
		node->value_at = at;
	return advance(parser);
}

static int parse_list(struct parser *parser, struct node *node)
{
	if (parser->token.kind != TOKEN_OPEN)
		return unexpected(parser, "'(' after 'in'");
	const char *before = "(";
	do {
		if (advance(parser) < 0 || parse_value(parser, node, before) < 0)
			return -1;
		before = ",";
	} while (parser->token.kind == TOKEN_COMMA);
	if (parser->token.kind != TOKEN_CLOSE)
		return unexpected(parser, "',' or ')' in the list");
	return advance(parser);
}

/* The fact that a comparison begins with. */
static int parse_name(struct parser *parser, struct node *node)
{
	char name[LIMIT_FACT_NAME + 1] = "", folded[LIMIT_FACT_NAME + 1];
	const struct token *token = &parser->token;

	if (token->kind != TOKEN_WORD || is_any_keyword(token))
		return unexpected(parser, "a fact name, 'not', 'any' or '('");
	if (token->size <= LIMIT_FACT_NAME)
		memcpy(name, token->at, token->size);
	name[token->size <= LIMIT_FACT_NAME ? token->size : 0] = '\0';
	if (!fact_name_fold(name, folded))
		return fail(
			parser, token->start,
			"'%.*s' is not a fact name: 1 to %d letters, digits, '.', '_' "
			"and '-'",
			(int)(token->size < SHOWN ? token->size : SHOWN), token->at,
			LIMIT_FACT_NAME);
	node->fact = (uint8_t)fact_id_of(folded);
	node->hash = fact_name_hash(folded);
	node->name_at = keep(parser, folded, strlen(folded));
	return advance(parser);
}

static int parse_comparison(struct parser *parser)
{
	static const struct {
		const char *text;
		enum token_kind token;
		enum node_kind node;
	} operators[] = {
		{ "=", TOKEN_EQUAL, NODE_EQUAL },
		{ "!=", TOKEN_NOT_EQUAL, NODE_NOT_EQUAL },
		{ "<", TOKEN_LESS, NODE_LESS },
		{ ">", TOKEN_GREATER, NODE_GREATER },
		{ "~", TOKEN_LIKE, NODE_LIKE },
	};
	struct node node = { 0 };
	struct token name = parser->token;

	if (parse_name(parser, &node) < 0)
		return NONE;
	if (is_keyword(&parser->token, "in")) {
		node.kind = NODE_IN;
		if (advance(parser) < 0 || parse_list(parser, &node) < 0)
			return NONE;
		return add_node(parser, node);
	}
	for (size_t i = 0; i < sizeof operators / sizeof operators[0]; i++) {
		if (operators[i].token != parser->token.kind)
			continue;
		node.kind = (uint8_t)operators[i].node;
		if (node.fact == FACT_OS_KBS &&
		    (node.kind == NODE_LESS || node.kind == NODE_GREATER))
			return fail(
				parser, parser->token.start,
				"os.kbs is a list: it has no '%s'; use =, !=, ~ or in",
				operators[i].text);
		if (advance(parser) < 0 ||
		    parse_value(parser, &node, operators[i].text) < 0)
			return NONE;
		return add_node(parser, node);
	}
	char expected[120];
	snprintf(expected, sizeof expected, "=, !=, <, >, ~ or in after '%.*s'",
		 (int)(name.size < SHOWN ? name.size : SHOWN), name.at);
	return unexpected(parser, expected);
}

static int parse_parenthesis(struct parser *parser)
{
	const char *open = parser->token.start;

	if (advance(parser) < 0)
		return NONE;
	int inner = parse_or(parser);
	if (inner == NONE)
		return NONE;
	if (parser->token.kind == TOKEN_END)
		return fail(parser, parser->token.start,
			    "the '(' of column %zu is never closed",
			    column_of(parser, open));
	if (parser->token.kind != TOKEN_CLOSE)
		return unexpected(parser, "'and', 'or' or ')'");
	return advance(parser) < 0 ? NONE : inner;
}

static int parse_factor(struct parser *parser);

static int parse_not(struct parser *parser)
{
	if (advance(parser) < 0)
		return NONE;
	int inner = parse_factor(parser);
	if (inner == NONE)
		return NONE;
	return add_node(parser,
			(struct node){ .kind = NODE_NOT, .left = (uint16_t)inner });
}

static int parse_factor(struct parser *parser)
{
	bool negates = is_keyword(&parser->token, "not");

	if (is_keyword(&parser->token, "any"))
		return advance(parser) < 0
			       ? NONE
			       : add_node(parser, (struct node){ .kind = NODE_ANY });
	if (!negates && parser->token.kind != TOKEN_OPEN)
		return parse_comparison(parser);
	if (parser->depth == LIMIT_EXPRESSION_DEPTH)
		return problem_set(
			parser->p, PROBLEM_TOO_LARGE,
			"column %zu: 'not' and '(' are nested more than %d deep",
			column_of(parser, parser->token.start), LIMIT_EXPRESSION_DEPTH);
	parser->depth++;
	int factor = negates ? parse_not(parser) : parse_parenthesis(parser);
	parser->depth--;
	return factor;
}

/* What `keyword` joins, from the left. */
static int parse_chain(struct parser *parser, const char *keyword, enum node_kind kind,
		       int (*parse_part)(struct parser *parser))
{
	int left = parse_part(parser);

	while (left != NONE && is_keyword(&parser->token, keyword)) {
		if (advance(parser) < 0)
			return NONE;
		int right = parse_part(parser);
		if (right == NONE)
			return NONE;
		left = add_node(parser, (struct node){ .kind = (uint8_t)kind,
						       .left = (uint16_t)left,
						       .right = (uint16_t)right });
	}
	return left;
}

static int parse_and(struct parser *parser)
{
	return parse_chain(parser, "and", NODE_AND, parse_factor);
}

static int parse_or(struct parser *parser)
{
	return parse_chain(parser, "or", NODE_OR, parse_and);
}

static int parse(struct parser *parser)
{
	if (advance(parser) < 0)
		return -1;
	if (parser->token.kind == TOKEN_END)
		return fail(parser, parser->token.start,
			    "the expression is empty: 'any' takes every device");
	if (parse_or(parser) == NONE)
		return -1;
	if (parser->token.kind == TOKEN_CLOSE)
		return fail(parser, parser->token.start, "this ')' closes nothing");
	if (parser->token.kind != TOKEN_END)
		return unexpected(parser, "'and', 'or' or the end");
	return 0;
}

static struct expression *build(const struct parser *parser)
{
	size_t nodes_size = parser->count * sizeof(struct node);
	struct expression *expression =
		malloc(sizeof *expression + nodes_size + parser->used);

	if (expression == NULL) {
		problem_set(parser->p, PROBLEM_NO_MEMORY, "out of memory");
		return NULL;
	}
	char *text = (char *)(expression->nodes + parser->count);
	expression->count = parser->count;
	expression->text = text;
	memcpy(expression->nodes, parser->nodes, nodes_size);
	memcpy(text, parser->pool, parser->used);
	return expression;
}

struct expression *expression_compile(const char *text, struct problem *p)
{
	struct parser parser;
	size_t size = strlen(text);

	if (size > LIMIT_EXPRESSION) {
		problem_set(p, PROBLEM_TOO_LARGE,
			    "the expression has %zu bytes; at most %d are read", size,
			    LIMIT_EXPRESSION);
		return NULL;
	}
	parser.source = parser.at = text;
	parser.depth = 0;
	parser.count = parser.used = 0;
	parser.p = p;
	return parse(&parser) < 0 ? NULL : build(&parser);
}
