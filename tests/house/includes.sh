#!/usr/bin/env bash
# Who may include whom.  Prints every include that breaks the rule of its room.
#
#	engine		itself and the C library: no I/O, clock, threads or library
#	protocol/xml	engine and itself
#	protocol/soap	engine, protocol/xml and itself
#	protocol/tuf	engine and itself
#	store		engine, protocol/xml, protocol/tuf and itself
#	protocol	engine and itself; only protocol/server/main.c sees store
#	agents		engine, the leaves and the client side of the wires, and itself
set -u
cd "${1:?usage: includes.sh PROJECT}" || exit 1
bad=0

# check FOLDER ALLOWED: project includes of a folder, against an extended expression.
check() {
	local lines
	lines=$(grep -rnE '^[[:space:]]*#[[:space:]]*include[[:space:]]+"' "$1" \
		--include='*.c' --include='*.h' | grep -vE "\"($2)" |
		grep -vE "${3:-^$}")
	[ -z "$lines" ] && return
	printf '%s may include only %s:\n%s\n' "$1" "$2" "$lines"
	bad=1
}

check engine 'engine/'
check protocol/xml 'engine/|protocol/xml/'
check protocol/soap 'engine/|protocol/xml/|protocol/soap/'
check protocol/tuf 'engine/|protocol/tuf/'
check store 'engine/|protocol/(xml|tuf)/|store/'
check protocol 'engine/|protocol/' '^protocol/server/main\.c:|^protocol/command/'
check protocol/command 'engine/|protocol/'
check agents 'engine/|agents/|protocol/(client|xml|soap|tuf)/'

libraries=$(grep -rnE '#[[:space:]]*include[[:space:]]+<' engine |
	grep -vE '<(assert|ctype|errno|float|inttypes|limits|math|stdarg|stdatomic|stdbool|stddef|stdint|stdio|stdlib|string|strings)\.h>')
[ -z "$libraries" ] || { printf 'engine is libc only:\n%s\n' "$libraries"; bad=1; }

calls=$(grep -rnE '\b(time|clock_gettime|gettimeofday|rand|random|fopen|open|read|write|socket|pthread_[a-z]+|getenv|printf|fprintf)\(' \
	engine --include='*.c' | grep -vE '^[^:]+:[0-9]+:[[:space:]]*(/?\*)')
[ -z "$calls" ] || { printf 'engine does no I/O and has no clock:\n%s\n' "$calls"; bad=1; }
exit $bad
