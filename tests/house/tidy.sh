#!/usr/bin/env bash
# clang-tidy over every source file of a build, with the rules of .clang-tidy.  Minutes, not
# seconds, so it is a command of its own: tests/house/tidy.sh [BUILD] [PATTERN]
set -eu
cd "$(dirname "$0")/../.."
build=${1:-build/release}
[ -f "$build/compile_commands.json" ] || cmake --preset release >/dev/null
find engine protocol store agents tests -name '*.c' | grep -E "${2:-.}" | sort |
	xargs -P "$(nproc)" -n 4 clang-tidy -quiet -p "$build" 2>/dev/null
