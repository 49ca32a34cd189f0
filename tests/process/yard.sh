# A yard for a test: the real server with a throw-away state, and words to check it with.
# Sourced; BIN (the programs) and PROJECT (the tree) come from ctest's environment.
#
#	yard_start [OPTION...]	starts patchyardd on a port of its own; sets $url $ca $token
#	yard_stop		SIGTERM, and its exit status must be 0
#	yard_fill		imports the real catalog and the sample plan
#	same WHAT EXPECTED GOT, holds WHAT PATTERN TEXT	the checks; all are made, all count
#	device METHOD PATH [CURL OPTION...]	a request of $name with $auth; sets $status $body
set -euo pipefail
PROJECT=${PROJECT:?} BIN=${BIN:?}
work=$(mktemp -d)
server=
bad=0

yard_end() {
	local status=$?
	[ -z "$server" ] || kill -KILL "$server" 2>/dev/null || true
	[ "$status" -eq 0 ] && [ "$bad" -eq 0 ] || sed 's/^/server: /' "$work"/log* | tail -60 >&2 || true
	rm -rf "$work"
	[ "$status" -ne 0 ] || exit $((bad > 0))
}
trap yard_end EXIT

same() {
	[ "$2" = "$3" ] && return
	printf '%s\n  expected: %s\n  got:      %s\n' "$1" "$2" "$3" >&2
	bad=$((bad + 1))
}

holds() {
	grep -qE -- "$2" <<<"$3" && return
	printf '%s\n  expected to hold: %s\n  got: %s\n' "$1" "$2" "$3" >&2
	bad=$((bad + 1))
}

yard_start() {
	: >"$work/patchyardd.conf"
	"$BIN/patchyardd" --config "$work/patchyardd.conf" --port 0 \
		--state-dir "$work/state" "$@" 2>>"$work/log" &
	server=$!
	export PATCHYARD_SOCKET=$work/state/admin.sock
	# The socket is there before the server answers on it: ask until it does.
	until patchyard -q clock show >/dev/null 2>&1; do
		kill -0 "$server" 2>/dev/null || {
			echo "the server did not start" >&2
			exit 1
		}
		sleep 0.05
	done
	url=$(patchyard status -o json | jq -r .address)
	ca=$work/state/ca.crt
	token=$(cat "$work/state/enrolment-token")
}

yard_stop() {
	local status=0
	kill -TERM "$server"
	wait "$server" || status=$?
	server=
	same "SIGTERM ends the server in order" 0 "$status"
}

patchyard() {
	"$BIN/patchyard" "$@"
}

yard_fill() {
	patchyard -q catalog import "$PROJECT"/conf/catalog/*.xml >/dev/null
	patchyard -q plan apply "$PROJECT/conf/plan.xml" >/dev/null
}

# yard_payload PRODUCT FAMILY KB BUILD KIND ARCH [BASELINE_KB BASELINE_BUILD]
yard_payload() {
	local line
	line=$(printf '%s\t' "$@")
	printf '%s\n' "${line%$'\t'}" | "$BIN/patchyard-agent" --make-payloads - \
		--into "$work/payloads" | patchyard -q payload import - >/dev/null
}

api() {
	curl -sS --unix-socket "$PATCHYARD_SOCKET" "http://localhost/api/v1/$1" "${@:2}"
}

name=
auth=
device() {
	local method=$1 path=$2
	shift 2
	[ "$method" = HEAD ] && set -- --head "$@" || set -- -X "$method" "$@"
	status=$(curl -sS --cacert "$ca" -o "$work/body" -D "$work/head" -w '%{http_code}' \
		${auth:+-H "Authorization: $auth"} "$@" \
		"$url/DEFAULT/controller/v1/$name$path")
	body=$(tr -d '\0' <"$work/body" 2>/dev/null || true)
	head=$(tr -d '\r' <"$work/head")
}

# facts NAME=VALUE...: as configData.
facts() {
	local json
	json=$(printf '%s\n' "$@" | jq -Rn '[inputs | capture("(?<key>[^=]*)=(?<value>.*)")]
		| from_entries | { mode: "merge", data: . }')
	device PUT /configData -H 'Content-Type: application/json' -d "$json"
}

# feedback ACTION EXECUTION FINISHED [MORE JSON OF status]
feedback() {
	device POST "/deploymentBase/$1/feedback" -H 'Content-Type: application/json' -d \
		"{\"id\":\"$1\",\"status\":{\"execution\":\"$2\",\"result\":{\"finished\":\"$3\"}${4:+,$4}}}"
}

action_id() {
	jq -r '._links.deploymentBase.href // ""' <<<"$body" |
		sed -n 's#.*/deploymentBase/\([0-9]*\).*#\1#p'
}
