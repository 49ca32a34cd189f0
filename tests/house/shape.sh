#!/usr/bin/env bash
# The shape of the house: the rooms at the top level, files of at most 600 lines, and the
# format that .clang-format says.
set -u
cd "${1:?usage: shape.sh PROJECT}" || exit 1
bad=0

rooms=$(git ls-files 2>/dev/null | cut -d/ -f1 | sort -u |
	grep -vxE 'CMakeLists\.txt|CMakePresets\.json|README\.md|CHANGELOG\.md|LICENSE|engine|protocol|store|agents|tests|conf|\..*')
[ -z "$rooms" ] || { printf 'not one of the rooms at the top level:\n%s\n' "$rooms"; bad=1; }

while read -r lines file; do
	[ "$file" = total ] && continue
	[ "$lines" -le 600 ] || { echo "$file has $lines lines, more than 600"; bad=1; }
done < <(find engine protocol store agents tests -name '*.[ch]' -exec wc -l {} +)

if command -v clang-format >/dev/null; then
	find engine protocol store agents tests -name '*.[ch]' -print0 |
		xargs -0 clang-format --dry-run -Werror || bad=1
fi
exit $bad
