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
walk 2025-01-20T06:00:00Z 2025-01-24T00:00:00Z
stands sample-broad-hotpatch KB5050009 26100.2894 1
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
yard_stop
