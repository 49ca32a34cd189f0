#!/usr/bin/env bash
# Our agent as a stock Windows Update Agent, over the other protocol than its own: months
# on a virtual clock, with a simulated Windows that judges the rules it is sent.
. "$(dirname "$0")/yard.sh"

yard_start --clock virtual --clock-from 2025-04-25T00:00:00Z --log-level warning
yard_fill
yard_payload windows-11-24h2 client KB5055523 26100.3775 baseline x64
yard_payload windows-11-24h2 client KB5058411 26100.4061 lcu x64
yard_payload windows-11-24h2 client KB5060842 26100.4349 lcu x64
yard_payload windows-11-24h2 client KB5058497 26100.3981 hotpatch x64 KB5055523 26100.3775
yard_payload windows-11-24h2 client KB5061258 26100.3983 hotpatch x64 KB5055523 26100.3775
yard_payload windows-11-24h2 client KB5060841 26100.4270 hotpatch x64 KB5055523 26100.3775

# scan NAME: all there is to do now, over MS-WUSP.
scan() {
	"$BIN/patchyard-agent" --protocol wusp --server "$url" --ca "$ca" --id "$1" \
		--state "$work/$1" --simulate --install-time 0s --fact os.build=26100.2605 \
		--fact os.kbs=KB5048667 --fact os.edition=Enterprise --fact vbs=running \
		--once 2>>"$work/agents.txt" || same "the scan of $1 ends well" 0 $?
	client=$(jq -r .client "$work/$1/wusp.json")
}

# stands WHAT DEVICE KB BUILD STANDING
stands() {
	same "$1" "$3 $4 $5" "$(patchyard device explain "$2" -o json |
		jq -r '.decision | "\(.level.kb) \(.level.build) \(.standing)"')"
}

# A stock agent names no VBS: it gets the cumulative updates, each with its restart.
scan stock
stock=$client
stands "the newest cumulative update of April" "$stock" KB5055523 26100.3775 up-to-date

# Another one's facts are asserted by the operator: from its baseline on it may have
# hotpatches.
scan hot
hot=$client
patchyard -q device assert "$hot" vbs=running licence.hotpatch=yes --reason "seen on site" \
	>/dev/null
stands "on the baseline" "$hot" KB5055523 26100.3775 up-to-date
patchyard -q clock set 2025-05-25T00:00:00Z >/dev/null
scan hot
stands "the hotpatch of May, as it was repaired" "$hot" KB5061258 26100.3983 up-to-date
patchyard -q clock set 2025-06-20T00:00:00Z >/dev/null
scan hot
stands "and of June" "$hot" KB5060841 26100.4270 up-to-date

same "none of them with a restart" 0 "$(patchyard device show "$hot" |
	grep -cE '(KB5061258|KB5060841).*restart-pending' || true)"

# An optional release that nobody approved is all that both wait for now.
scan stock
stands "the other one has June's cumulative update" "$stock" KB5060842 26100.4349 waiting
holds "for a reason that explain gives" 'VBS is running +not reported' \
	"$(patchyard device explain "$stock")"
same "each install came to a verified end" verified \
	"$(patchyard device show "$stock" -o json | jq -r .flow.state)"

# The way back: removal, restart, the cumulative update, restart.
patchyard -q device rollback "$hot" --to lcu --reason "tests fail" >/dev/null
for _ in 1 2 3 4; do
	scan hot
done
stands "back on the standard line" "$hot" KB5060842 26100.4349 waiting
yard_stop
