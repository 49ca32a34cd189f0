#!/usr/bin/env bash
# A fleet that mixes both protocols, through a quarter in virtual time over real HTTPS.
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

"$BIN/patchyard-agent" --server "$url" --ca "$ca" --enrol-token "$token" --fleet 12 \
	--wusp-share 50 --seed 1 --admin "$PATCHYARD_SOCKET" --from 2025-01-01 \
	--to 2025-04-01 --step 24h --quiet >"$work/fleet.txt" ||
	same "the fleet ends without an error" 0 $?

same "half of the devices are computers" 6 \
	"$(patchyard computer list -o json | jq '.computers | length')"
same "and all of them devices" 12 "$(patchyard device list -o json | jq '.devices | length')"
# Whoever speaks MS-WUSP names no VBS: nobody of them had a hotpatch.
same "none of them is on a hotpatch" 0 "$(patchyard computer list -o json |
	jq -r '.computers[].device' | while read -r id; do patchyard device show "$id"; done |
	grep -cE 'flow +KB(5052105|5053636) ' || true)"
same "all flows came to a verified end" "verified" "$(patchyard computer list -o json |
	jq -r '.computers[].device' | while read -r id; do
		patchyard device show "$id" -o json | jq -r .flow.state
	done | sort -u)"
yard_stop
