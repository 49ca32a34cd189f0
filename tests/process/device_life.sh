#!/usr/bin/env bash
# One device over HTTPS with curl, from enrolment to a verified install; and what a server
# says to wrong tokens, other people's offers and bad files.
. "$(dirname "$0")/yard.sh"

yard_start --clock virtual --clock-from 2025-01-15T00:00:00Z
yard_fill
yard_payload windows-11-24h2 client KB5050009 26100.2894 baseline x64

# Enrolment: the gateway token opens the door once, then the device's own does.
name=pc-1
auth="GatewayToken $token"
device GET ""
same "a new device is answered" 200 "$status"
own=$(jq -r '."x-patchyard".token // ""' <<<"$body")
holds "the first answer carries the device's own token" '^[A-Za-z0-9]{16,}$' "$own"
same "nothing is offered before its facts arrive" "" "$(action_id)"
holds "its facts are asked for" configData "$body"
auth="TargetToken $own"
device GET ""
same "its own token opens" 200 "$status"
same "which is not told again" null "$(jq -c '."x-patchyard".token' <<<"$body")"
auth="GatewayToken $token"
device GET ""
same "from then on the gateway token is refused" 401 "$status"
same "without a word" "" "$body"
for auth in "TargetToken wrong" "" "TargetToken" "Basic eDp5"; do
	device GET ""
	same "'$auth' opens nothing" 401 "$status"
done
auth="TargetToken $own"
name=pc-2 device GET ""
same "a token opens no other device" 401 "$status"

# Facts, then the offer.
facts os.family=client os.arch=x64 os.edition=Enterprise os.build=26100.2605 \
	os.kbs.n=1 os.kbs.0=KB5048667 vbs=running tag.ring=test \
	py.caps=install,uninstall,restart,defer os.boot=2025-01-14T00:00:00Z
same "facts are taken" 200 "$status"
device GET ""
action=$(action_id)
holds "the January baseline is offered" '^[0-9]+$' "$action"
device GET "/deploymentBase/$action"
same "by its KB" KB5050009 "$(jq -r '.deployment.chunks[0].name' <<<"$body")"
file=$(jq -r '.deployment.chunks[0].artifacts[0].filename' <<<"$body")
href=$(jq -r '.deployment.chunks[0].artifacts[0]._links.download.href' <<<"$body")
sha256=$(jq -r '.deployment.chunks[0].artifacts[0].hashes.sha256' <<<"$body")
size=$(jq -r '.deployment.chunks[0].artifacts[0].size' <<<"$body")
holds "under its real name" '^windows11.0-kb5050009-x64.msu$' "$file"

# The payload: whole, in two halves, its size, past its end.
fetch() {
	curl -sS --cacert "$ca" -H "Authorization: $auth" "$@" "$href"
}
fetch -o "$work/whole"
same "the payload is what was announced" "$sha256" "$(sha256sum <"$work/whole" | cut -d' ' -f1)"
fetch -o "$work/first" -r 0-99
fetch -o "$work/rest" -r 100-
cat "$work/first" "$work/rest" >"$work/both"
same "also in two ranges" "$sha256" "$(sha256sum <"$work/both" | cut -d' ' -f1)"
holds "HEAD tells the size" "^content-length: $size" "$(fetch -I | tr -d '\r' | tr A-Z a-z)"
same "past the end is 416" 416 "$(fetch -o /dev/null -w '%{http_code}' -r 99999-)"
same "without a token there is no payload" 401 \
	"$(curl -sS --cacert "$ca" -o /dev/null -w '%{http_code}' "$href")"

# Another device's offer.
auth="GatewayToken $token" name=pc-3
device GET ""
auth="TargetToken $(jq -r '."x-patchyard".token' <<<"$body")"
device GET ""
feedback "$action" closed success
same "a report for another device's offer is no such thing" 404 "$status"
holds "and it is logged" "device=pc-3 .*flow=$action|flow=$action .*device=pc-3" \
	"$(cat "$work/log")"
name=pc-1 auth="TargetToken $own"

# The life of the flow: success is what the device shows afterwards.
state() {
	api devices/pc-1 | jq -r .flow.state
}
feedback "$action" download none '"details":["py:seq=1"]'
feedback "$action" downloaded none '"details":["py:seq=2"]'
feedback "$action" proceeding none '"details":["py:seq=3","py:state=installing"]'
feedback "$action" proceeding none \
	'"code":3010,"details":["py:seq=4","py:state=restart-pending"]'
same "a report is answered" 200 "$status"
same "the restart is awaited" restart-pending "$(state)"
feedback "$action" closed success '"details":["py:seq=5"]'
same "saying so is not enough" restart-pending "$(state)"
facts os.build=26100.2894 os.kbs.n=1 os.kbs.0=KB5050009 os.boot=2025-01-15T01:00:00Z
same "showing it is" verified "$(state)"
device GET ""
same "then nothing is offered" "" "$(action_id)"
same "one restart was seen" 1 "$(api devices/pc-1 | jq .restarts)"
device GET "/installedBase/$action"
same "installedBase is what was installed" 200 "$status"
feedback nonsense closed success
same "an action that is no number is 400" 400 "$status"
feedback "$action" closed maybe
same "an unknown result is 400" 400 "$status"
feedback 2147483000 closed success
same "an action nobody made is 404" 404 "$status"

# Bad files change nothing and name file and line.
sed '0,/kind="hotpatch"/s//kind="hotfix"/' "$PROJECT/conf/catalog/windows-11-24h2.xml" \
	>"$work/bad.xml"
line=$(grep -n 'kind="hotfix"' "$work/bad.xml" | head -1 | cut -d: -f1)
code=0
out=$(patchyard catalog import "$work/bad.xml" 2>&1) || code=$?
same "an invalid catalog is refused" yes "$([ $code -ne 0 ] && echo yes)"
holds "by file and line, with the right word" "bad\.xml:$line: .*hotpatch" "$out"
same "and changes nothing" 255 "$(patchyard status -o json | jq .catalog.releases)"
sed 's/defer-days="9"/defer-days="nine"/' "$PROJECT/conf/plan.xml" >"$work/bad-plan.xml"
line=$(grep -n 'defer-days="nine"' "$work/bad-plan.xml" | cut -d: -f1)
out=$(patchyard plan apply "$work/bad-plan.xml" 2>&1) && code=0 || code=$?
same "an invalid plan is refused" yes "$([ $code -ne 0 ] && echo yes)"
holds "by file and line" "bad-plan\.xml:$line: " "$out"
same "and changes nothing" 1 "$(patchyard status -o json | jq .plan.revision)"

# Malformed requests get their 4xx, and the server goes on.
raw() {
	local host=${url#https://}
	printf "$1" | timeout 10 openssl s_client -quiet -CAfile "$ca" \
		-connect "$host" 2>/dev/null | head -1 | tr -d '\r'
}
holds "a bare LF is refused" '^HTTP/1.1 4[0-9][0-9]' "$(raw 'GET / HTTP/1.1\nHost: a\n\n')"
holds "two lengths are refused" '^HTTP/1.1 4[0-9][0-9]' \
	"$(raw 'POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab')"
holds "length and chunks are refused" '^HTTP/1.1 4[0-9][0-9]' \
	"$(raw 'POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n')"
holds "a body that is no JSON is refused" '^400$' "$(facts x=y >/dev/null
	device PUT /configData -H 'Content-Type: application/json' -d '{"data":'
	echo "$status")"
device GET ""
same "the server goes on" 200 "$status"

# What was acknowledged survives kill -9.
kill -KILL "$server"
{ wait "$server" || true; } 2>/dev/null
yard_start --clock virtual
same "the catalog is still there" 255 "$(patchyard status -o json | jq .catalog.releases)"
same "the device too, as it was" verified "$(state)"
device GET ""
same "with its token" 200 "$status"
yard_stop
