#!/usr/bin/env bash
# An older database is put back: agents hold numbers that it never gave out.  The server
# says that it is another one now, and they refresh what they hold.
. "$(dirname "$0")/yard.sh"

# run: the server on one port all along, so that agents find it again.
run() {
	yard_start --port "${port:-0}" --clock virtual --clock-from 2025-06-20T00:00:00Z \
		--log-level warning
	port=${url##*:}
}

# scan: all there is to do now; the numbers of the releases' updates are told.
scan() {
	"$BIN/patchyard-agent" --protocol wusp --server "$url" --ca "$ca" --id pc \
		--state "$work/pc" --simulate --install-time 0s --fact os.build=26100.2605 \
		--fact os.kbs=KB5048667 --fact os.edition=Enterprise --once \
		2>>"$work/agents.txt" || same "the scan ends well" 0 $?
	jq -c '[.updates[] | select(.action != "Evaluate") | .id] | sort' "$work/pc/wusp.json"
}

server_id() {
	sqlite3 "$work/state/patchyard.db" "SELECT value FROM setting WHERE name = 'wusp.server'"
}

# numbers: the same as the server has them.
numbers() {
	patchyard update list -o json | jq -c '[.updates[] | select(.kb) | .number] | sort'
}

# restore [FILE...]: the old database; those files of the state are lost too.
restore() {
	yard_stop
	rm -f "$work"/state/patchyard.db*
	cp "$work/old.db" "$work/state/patchyard.db"
	for file in "$@"; do
		rm "$work/state/$file"
	done
	run
}

run
yard_fill
yard_payload windows-11-24h2 client KB5055523 26100.3775 baseline x64
scan >/dev/null
yard_stop
sqlite3 "$work/state/patchyard.db" ".backup '$work/old.db'"
first=$(server_id)
run
yard_payload windows-11-24h2 client KB5060842 26100.4349 lcu x64
before=$(scan)
same "the agent knows what the server has" "$(numbers)" "$before"

# mark: "server generation" as the database has them.
mark() {
	sqlite3 "$work/state/patchyard.db" "SELECT group_concat(value, ' ') FROM (SELECT value
		FROM setting WHERE name IN ('wusp.server', 'wusp.generation') ORDER BY name DESC)"
}
same "the mark is where the database is" "$(mark)" "$(cat "$work/state/wusp-mark")"
same "for the server's eyes" 600 "$(stat -c %a "$work/state/wusp-mark")"
yard_stop
echo nonsense >"$work/state/wusp-mark"
run
same "one that cannot be read says nothing, and is put right" "0 $(mark)" \
	"$(grep -c wusp-restored "$work/log" || true) $(cat "$work/state/wusp-mark")"

# The mark beside the database is lost too: the first cookie from then tells.
restore wusp-mark
same "nothing is seen at the start" "0 $first" \
	"$(grep -c wusp-restored "$work/log" || true) $(server_id)"
scan >/dev/null
same "the agent's cookie told" yes \
	"$(grep -q wusp-restored "$work/log" && [ "$(server_id)" != "$first" ] && echo yes)"
same "and it recovers" "$(numbers)" "$(scan)"

# Once more, with the mark: it is seen at once.
yard_payload windows-11-24h2 client KB5060842 26100.4349 lcu x64
scan >/dev/null
second=$(server_id)
: >"$work/log"
restore
same "a restore is seen at the start, by the mark beside the database" yes \
	"$(grep -q wusp-restored "$work/log" && [ "$(server_id)" != "$second" ] && echo yes)"
# The numbers that the agent holds are now given to another release.
yard_payload windows-11-24h2 client KB5058411 26100.4061 lcu x64
same "and the agent recovers" "$(numbers)" "$(scan)"
yard_stop
