#!/usr/bin/env bash
# The sample devices from January to July 2025 on a virtual clock, over real HTTPS: the
# hand count that anyone can check against the release history.
. "$(dirname "$0")/yard.sh"

yard_start --clock virtual --clock-from 2025-01-01T00:00:00Z --log-level warning
yard_fill
patchyard catalog list -o csv --no-headers --columns product,kb,build,kind,arch,baseline |
	tr -d '\r' | awk -F, -v OFS='\t' '
		$4 == "baseline" { build_of[$1, $2] = $3 }
		$2 != "" {
			n = split($5, archs, " ")
			for (a = 1; a <= n; a++) {
				print $1, ($1 ~ /server/ ? "server" : "client"), $2, $3, $4, archs[a] \
					($6 == "" ? "" : OFS $6 OFS build_of[$1, $6])
			}
		}' >"$work/releases.tsv"
"$BIN/patchyard-agent" --make-payloads "$work/releases.tsv" --into "$work/payloads" \
	>"$work/payloads.tsv"
patchyard -q payload import "$work/payloads.tsv" >/dev/null

# walk TO: all devices up to that day.
walk() {
	"$BIN/patchyard-agent" --server "$url" --ca "$ca" --enrol-token "$token" \
		--state "$work/fleet" --fleet "${FLEET:-9}" --seed 1 --admin "$PATCHYARD_SOCKET" \
		--from "$1" --to "$2" --step 6h --quiet --report "$work/report.json" \
		>"$work/fleet.txt" || same "the fleet ends without an error" 0 $?
}

# said ID [QUERY]: the whole explanation, but for the words on where it comes from.
said() {
	api "devices/$1/explain${2-}" | jq -S 'del(.basis, .notes, .text)'
}

# What is said of every device now, under the time of the clock.
remember() {
	local now id
	now=$(api clock | jq -r .now)
	mkdir "$work/said.$now"
	for id in $(api devices | jq -r '.devices[].id'); do
		said "$id" >"$work/said.$now/$id"
	done
}

# And what is said later of each of those moments.
ask_again() {
	local folder id moments=0
	for folder in "$work"/said.*; do
		for id in "$folder"/*; do
			[ "$(cat "$id")" = "$(said "${id##*/}" "?at=${folder##*/said.}")" ] ||
				same "${id##*/} at ${folder##*/said.}" "$(cat "$id")" \
					"$(said "${id##*/}" "?at=${folder##*/said.}")"
			moments=$((moments + 1))
		done
	done
	same "so many moments were asked about again" $((3 * ${FLEET:-9})) "$moments"
}

# device KB BUILD RESTARTS
stands() {
	local row
	row=$(api "devices/$1")
	same "$1 stands on" "$2 $3" "$(jq -r '.level | .kb + " " + .build' <<<"$row")"
	same "$1 has restarted" "$4" "$(jq .restarts <<<"$row")"
}

walk 2025-01-01T00:00:00Z 2025-01-20T00:00:00Z
stands sample-test-hotpatch KB5050009 26100.2894 1
stands sample-broad-hotpatch KB5048667 26100.2605 0
remember
walk 2025-01-20T06:00:00Z 2025-01-24T00:00:00Z
stands sample-broad-hotpatch KB5050009 26100.2894 1
remember
walk 2025-01-24T06:00:00Z 2025-06-30T00:00:00Z
stands sample-test-hotpatch KB5060841 26100.4270 2
stands sample-test-novbs KB5060842 26100.4349 6
stands sample-test-chpe KB5060842 26100.4349 6
stands sample-test-arm64 KB5060841 26100.4270 2
stands sample-broad-hotpatch KB5060841 26100.4270 2
stands sample-broad-novbs KB5060842 26100.4349 6
stands sample-test-pro KB5060842 26100.4349 6
stands sample-server-2025 KB5060841 26100.4270 2
stands sample-server-2022 KB5060525 20348.3745 2
remember
same "no wrong offer was caught by the simulated Windows" 0 \
	"$(jq '[.. | .refused? // empty] | add // 0' "$work/report.json")"

rows=$(patchyard report distribution -o json)
same "every device is counted once" "${FLEET:-9}" "$(jq '[.rows[].devices] | add' <<<"$rows")"
same "the hotpatch of June" 3 \
	"$(jq '[.rows[] | select(.kb == "KB5060841" and .product == "windows-11-24h2").devices] | add' <<<"$rows")"
same "the cumulative update of June" 4 \
	"$(jq '[.rows[] | select(.kb == "KB5060842").devices] | add' <<<"$rows")"
rows=$(patchyard report hotpatch -o json)
same "five are hotpatched" 5 "$(jq '[.rows[].hotpatched] | add' <<<"$rows")"
same "the columns add up" true \
	"$(jq '[.rows[] | .devices == .up_to_date + .not_up_to_date + .not_ready] | all' <<<"$rows")"
text=$(patchyard device explain sample-test-novbs)
holds "the explanation names what is missing" 'VBS is running +off' "$text"
holds "and when the device can come back" '2025-07-08' "$text"

# The plan changes, a device is forgotten, time goes on: the past stays as it was told.
sed 's/defer-days="[0-9]*"/defer-days="13"/' "$PROJECT/conf/plan.xml" >"$work/later.xml"
patchyard -q clock set 2025-07-01T00:00:00Z >/dev/null
patchyard -q plan apply "$work/later.xml" >/dev/null
patchyard -q device assert sample-test-hotpatch vbs=off
patchyard -q device forget sample-test-pro
patchyard -q clock set 2025-07-02T00:00:00Z >/dev/null
ask_again
text=$(patchyard device explain sample-test-hotpatch --at 2025-06-30T12:00:00Z)
holds "the past is told as such" 'from +the logs' "$text"
text=$(patchyard device explain sample-test-novbs --assume vbs=running)
holds "an assumption is told as such" 'VBS is running +running +fact vbs, assumed' "$text"
yard_stop
