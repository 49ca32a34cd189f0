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

same "what it holds is shown" "200 1 1 true" \
	"$(patchyard update show 6E000000-1111-4222-8333-00000000000B -o json |
		jq -r '"\(.revision) \(.bundles | length) \(.kbs | length) \(.document | contains("UpdateIdentity"))"')"
holds "for people too" "bundles +6e000000-1111-4222-8333-00000000000a" \
	"$(patchyard update show 6e000000-1111-4222-8333-00000000000b)"
said=$(patchyard update show 00000000-1111-4222-8333-00000000000b 2>&1) &&
	same "no such update" refused shown
holds "where they are all listed is said" "patchyard update list" "$said"

# What other releases need is much the same: it may be among a later set.
newer() {
	sed 's/6e000000-1111-4222-8333-00000000000b/6f000000-1111-4222-8333-00000000000b/g
		s/6e000000-1111-4222-8333-00000000000a/6f000000-1111-4222-8333-00000000000a/g
		s/KB5060842/KB5055523/g; s/>5060842</>5055523</g' "$1"
}
mkdir "$work/second"
newer "$work/genuine/root.xml" >"$work/second/root.xml"
newer "$work/genuine/member.xml" >"$work/second/member.xml"
shared=$(patchyard update list -o json | jq -r '[.updates[] | select(.kb == null and .type == "Category")][0].id')
patchyard update show "$shared" -o json | jq -r .document >"$work/second/category.xml"
sed -i 's/ Digest="[^"]*"/ Digest="AAAAAAAAAAAAAAAAAAAAAAAAAAA="/' "$work/second/member.xml"
sed -i 's/\(Algorithm="SHA256">\)[^<]*/\1AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=/' "$work/second/member.xml"
said=$(patchyard update import "$work/second" --product windows-11-24h2 2>&1)
holds "a category that is here is passed over" "for what others need, which is here already" "$said"
holds "files that are not here are told" "not among the payloads" "$said"
same "no category is there twice" 1 \
	"$(patchyard update list -o json | jq --arg id "$shared" '[.updates[] | select(.id == $id)] | length')"
said=$(patchyard update retire "$shared" 2>&1) && same "a made update" refused retired
holds "which would be made again" "the server made this update" "$said"
patchyard -q update retire 6f000000-1111-4222-8333-00000000000b --dry-run
same "a dry run retires nothing" 2 \
	"$(patchyard update list -o json | jq '[.updates[] | select(.id | startswith("6f"))] | length')"
said=$(patchyard update retire 6f000000-1111-4222-8333-00000000000b --reason "no files" 2>&1)
same "its member goes with it" 2 "$(grep -c ^Retired <<<"$said")"
same "both are gone" 0 \
	"$(patchyard update list -o json | jq '[.updates[] | select(.id | startswith("6f"))] | length')"
patchyard -q update import "$work/second" --product windows-11-24h2 2>/dev/null
same "and may come back" 2 \
	"$(patchyard update list -o json | jq '[.updates[] | select(.id | startswith("6f"))] | length')"
patchyard -q update retire 6f000000-1111-4222-8333-00000000000b
holds "all of it is kept" "update.retire" "$(patchyard audit list)"

# What others need is not taken away from under them.
category=$(patchyard update show 6e000000-1111-4222-8333-00000000000b -o json | jq -r '.needs[0][0][:36]')
patchyard update show "$category" -o json | jq -r .document |
	sed "s/$category/6c000000-1111-4222-8333-00000000000c/g" >"$work/second/category.xml"
sed -i "s/$category/6c000000-1111-4222-8333-00000000000c/g" "$work"/second/{root,member}.xml
patchyard -q update import "$work/second" --product windows-11-24h2 2>/dev/null
said=$(patchyard update retire 6c000000-1111-4222-8333-00000000000c 2>&1) &&
	same "a category that others need" refused retired
holds "who needs it is told" "6f000000-1111.* needs what is not here: 6c000000-1111" "$said"
same "and all is as it was" 3 "$(patchyard update list -o json |
	jq '[.updates[] | select(.id | startswith("6f") or startswith("6c"))] | length')"
patchyard -q update retire 6f000000-1111-4222-8333-00000000000b
patchyard -q update retire 6c000000-1111-4222-8333-00000000000c

# Retired ones of a release whose payload is here: the server makes its own again.
patchyard -q update retire 6e000000-1111-4222-8333-00000000000b
same "the made ones are back, with the next revision" "2 made" \
	"$(patchyard update list -o json | jq -r '.updates[] | select(.kb == "KB5060842" and .bundled == false)
		| "\(.revision) \(.origin)"')"
patchyard -q update import "$work/genuine" --product windows-11-24h2

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
holds "a device names its agent" "$client" "$(patchyard device show pc-17 --columns agent,agent_tie)"
same "and so do programs hear it" "hand" "$(patchyard device show pc-17 -o json | jq -r .computer.tie)"
said=$(patchyard computer tie 6e000000-aaaa-4222-8333-00000000000b pc-17 2>&1) &&
	same "two agents of one device" refused taken
holds "which agent it is already is said" "computer untie $client" "$said"
scan pc
holds "what it shows is that device's from now on" 'os.build +26100.4349' \
	"$(patchyard device show pc-17)"
holds "who did it is kept" "computer.tie" "$(patchyard audit list)"

# And back: a device of its own again.
patchyard -q computer untie "$client" --dry-run
same "a dry run unties nothing" "pc-17 hand" \
	"$(patchyard computer show "$client" -o json | jq -r '"\(.device) \(.tie)"')"
patchyard -q computer untie "$client" --reason "reinstalled"
same "it is its own" "$client own" \
	"$(patchyard computer show "$client" -o json | jq -r '"\(.device) \(.tie)"')"
said=$(patchyard computer untie "$client" 2>&1) && same "untied twice" refused done
scan pc
holds "and shows itself as such" 'os.build +26100.4349' "$(patchyard device show "$client")"
patchyard -q computer tie 6e000000-aaaa-4222-8333-00000000000b pc-17
holds "another may be what it was" "computer.untie" "$(patchyard audit list)"

# What an agent does not say an operator may; who and when is told.
patchyard -q device assert pc-17 vbs=running chpe=off --reason "seen on site" >/dev/null
explained=$(patchyard device explain pc-17)
holds "the explanation rests on it" 'VBS is running +running +fact vbs, asserted 2025-06-20' "$explained"
holds "and says who asserted it" "asserted +vbs by $(id -un), 2025-06-20T00:00:00Z" "$explained"
same "an assumption is nobody's assertion" 0 \
	"$(patchyard device explain pc-17 --assume vbs=off | grep -c 'asserted.*vbs by' || true)"
yard_stop
