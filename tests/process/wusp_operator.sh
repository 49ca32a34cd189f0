#!/usr/bin/env bash
# What an operator does for stock Windows Update Agents: genuine metadata in the place of
# made ones, and saying by hand which device an agent is.
. "$(dirname "$0")/yard.sh"

yard_start --clock virtual --clock-from 2025-06-20T00:00:00Z --log-level warning
yard_fill
yard_payload windows-11-24h2 client KB5060842 26100.4349 lcu x64

# scan NAME: all there is to do now.
scan() {
	"$BIN/patchyard-agent" --protocol wusp --server "$url" --ca "$ca" --id "$1" \
		--state "$work/$1" --simulate --install-time 0s --fact os.build=26100.2605 \
		--fact os.kbs=KB5048667 --fact os.edition=Enterprise --once \
		2>>"$work/agents.txt" || same "the scan of $1 ends well" 0 $?
}

# made FILE-OF-KB: the made document whose text holds a word, under other ids.
made() {
	sqlite3 "$work/state/patchyard.db" "SELECT document FROM update_revision
		WHERE document IS NOT NULL AND kb = 5060842 AND document LIKE '%$1%'" |
		sed "s/$bundle/6e000000-1111-4222-8333-00000000000b/g
			s/$member/6e000000-1111-4222-8333-00000000000a/g
			s/RevisionNumber=\"1\"/RevisionNumber=\"200\"/g"
}

ids() {
	patchyard update list -o json | jq -r ".updates[] | select(.kb == \"KB5060842\" and
		.bundled == $1) | .id"
}

bundle=$(ids false)
member=$(ids true)
same "a release has two made documents" 2 "$(patchyard update list -o json |
	jq '[.updates[] | select(.kb == "KB5060842" and .origin == "made")] | length')"

mkdir "$work/genuine"
made BundledUpdates >"$work/genuine/root.xml"
said=$(patchyard update import "$work/genuine" 2>&1) && same "an incomplete set" refused taken
holds "it is asked which product is meant" "windows-11-24h2 on x64, windows-server-2025" "$said"
said=$(patchyard update import "$work/genuine" --product windows-11-24h2 2>&1) &&
	same "a bundle without its member" refused taken
holds "what is missing is named" "bundles what is not here: 6e000000-1111" "$said"
same "and nothing is changed" "$bundle" "$(ids false)"

made OSInstallData >"$work/genuine/member.xml"
patchyard -q update import "$work/genuine" --product windows-11-24h2 --dry-run
same "a dry run changes nothing" "$bundle" "$(ids false)"
patchyard -q update import "$work/genuine" --product windows-11-24h2 \
	--reason "from the vendor"
same "genuine metadata took their place" "6e000000-1111-4222-8333-00000000000b imported" \
	"$(patchyard update list -o json | jq -r '.updates[] | select(.kb == "KB5060842")
		| "\(.id) \(.origin)"')"
said=$(patchyard update import "$work/genuine" --product windows-11-24h2 2>&1) &&
	same "the same revision again" refused taken
holds "for agents would not take it for new" "revision 200 of this update is here already" "$said"
echo '<Update/>' >"$work/bad.xml"
said=$(patchyard update import "$work/bad.xml" 2>&1) && same "no update document" refused taken
holds "it is told by file and line" "bad.xml:1: error" "$said"

scan pc
same "an agent installs by them" KB5060842 \
	"$(patchyard device list -o json | jq -r '.devices[0].level.kb')"

# By hand: the agent is a device that is known from elsewhere.
client=$(jq -r .client "$work/pc/wusp.json")
patchyard -q device add pc-17 >/dev/null
said=$(patchyard computer tie "$client" nobody 2>&1) && same "no such device" refused taken
holds "what to do is said" "device add" "$said"
said=$(patchyard computer tie nonsense pc-17 2>&1) && same "no client id" refused taken
holds "and where the id is found" "SusClientId" "$said"
patchyard -q computer tie "$client" pc-17 --reason "known from DDI" >/dev/null
same "it is tied by hand" "pc-17 hand" \
	"$(patchyard computer list -o json | jq -r '.computers[0] | "\(.device) \(.tie)"')"
scan pc
holds "what it shows is that device's from now on" 'os.build +26100.4349' \
	"$(patchyard device show pc-17)"
holds "who did it is kept" "computer.tie" "$(patchyard audit list)"
yard_stop
