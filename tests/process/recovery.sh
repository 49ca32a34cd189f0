#!/usr/bin/env bash
# The way back from a hotpatch, over HTTPS with the simulated Windows: removal, restart,
# the cumulative update, restart, recovered; with an agent that is killed again and again
# on the way, and with a device that never comes back.
. "$(dirname "$0")/yard.sh"

yard_start --clock virtual --clock-from 2025-05-14T00:00:00Z
yard_fill
yard_payload windows-11-24h2 client KB5058497 26100.3981 hotpatch x64 KB5055523 26100.3775
yard_payload windows-11-24h2 client KB5058411 26100.4061 lcu x64

# A simulated Windows on the April baseline: say_agent NAME sets its command line.
say_agent() {
	line=("$BIN/patchyard-agent" --server "$url" --ca "$ca" --enrol-token "$token"
		--id "$1" --state "$work/$1" --simulate --install-time 0 --once
		--fact os.family=client --fact os.arch=x64 --fact os.edition=Enterprise
		--fact os.build=26100.3775 --fact os.kbs=KB5055523 --fact vbs=running
		--fact licence.hotpatch=yes --fact tag.ring=test)
}
# agent NAME: it does what there is to do.
agent() {
	say_agent "$1"
	"${line[@]}" >>"$work/agent" 2>&1
}
level() {
	api "devices/$1" | jq -r '.level | .kb + " " + .build'
}
request() {
	api "devices/$1" | jq -r '.flow.request.state // "none"'
}

for id in one two; do
	agent $id
	same "$id takes the hotpatch" "KB5058497 26100.3981" "$(level $id)"
done
restarts=$(api devices/one | jq .restarts)

# What it would do is said, and nothing is done.
out=$(patchyard device rollback one --to lcu --dry-run 2>/dev/null)
holds "a rehearsal names what goes and what comes" 'KB5058497.*KB5058411|KB5058411.*KB5058497' \
	"$(tr '\n' ' ' <<<"$out")"
holds "and what it costs" '2 restarts|two restarts|restarts +2|restarts: 2' "${out,,}"
same "and asks for nothing" none "$(request one)"
patchyard -q device rollback one --to lcu --reason "tests fail on it" >/dev/null
for _ in 1 2 3 4; do
	agent one
done
same "the cumulative update is there" "KB5058411 26100.4061" "$(level one)"
same "the device has recovered" recovered "$(request one)"
same "with two restarts" $((restarts + 2)) "$(api devices/one | jq .restarts)"
events=$(api devices/one | jq -r '[.events[] | select(.kind == "flow") | .to] | reverse | join(" ")')
holds "every step is on record" 'removing .*restart-pending .*removed .*offered .*verified$' "$events"
holds "the reason is kept" 'tests fail on it' "$(patchyard audit list)"
agent one
same "it is not offered that hotpatch again" "KB5058411 26100.4061" "$(level one)"
out=$(patchyard device explain one --update KB5058497)
holds "and the explanation says why" 'uninstalled-by-request|blocked|newer than|not newer' "$out"

# The other one's agent is killed all the way; it goes on where it was.
patchyard -q device rollback two --to lcu --reason "the same" >/dev/null
for delay in 0.02 0.04 0.06 0.08 0.1 0.12 0.15 0.2 0.3 0.4; do
	say_agent two
	"${line[@]}" >>"$work/agent" 2>&1 &
	sleep "$delay"
	kill -KILL $! 2>/dev/null || true
	wait $! 2>/dev/null || true
done
for _ in 1 2 3 4 5; do
	agent two
done
same "a killed agent goes on" "KB5058411 26100.4061" "$(level two)"
same "to the same end" recovered "$(request two)"

# One whose device dies in the middle is never forgotten.
agent three
patchyard -q device rollback three --to lcu --reason "and again" >/dev/null
auth="TargetToken $(jq -r '.token? // empty' "$work/three"/*.json 2>/dev/null | head -1)"
[ "$auth" != "TargetToken " ] || auth="TargetToken $(head -1 "$work/three/token")"
name=three
device GET ""
action=$(action_id)
device GET "/deploymentBase/$action"
feedback "$action" proceeding none '"details":["py:state=removing","py:seq=1"]'
same "the removal has begun" removing "$(request three)"
for day in 2025-05-20 2025-06-10 2025-07-20 2025-09-01; do
	patchyard -q clock set ${day}T00:00:00Z >/dev/null
done
row=$(api devices/three)
holds "what became of a dead device is shown" 'stuck|facts-stale|failed|removing' \
	"$(jq -c '[.flow.request, .reasons, .flow]' <<<"$row")"
holds "it is in the list of what waits" three \
	"$(patchyard device list --where 'not standing = up-to-date' -o csv)"
yard_stop
