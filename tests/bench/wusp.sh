#!/usr/bin/env bash
# SyncUpdates against nginx: how many steady calls one second of the server's own CPU
# answers, over keep-alive TLS, beside an nginx that gives the same bytes as a static
# answer.  Both run in turn, round after round; what counts is the ratio.
#
#	tests/bench/wusp.sh [ROUNDS [SECONDS]]
set -euo pipefail
cd "$(dirname "$0")/../.."
. conf/packages.sh
# shellcheck disable=SC2086 # the list is words
packages_need $packages_to_bench
rounds=${1:-5} seconds=${2:-4}
if [ -z "${BIN-}" ]; then
	cmake --preset release >/dev/null
	cmake --build --preset release --target patchyardd patchyard patchyard-agent >/dev/null
	BIN=$PWD/build/release/bin
fi
export BIN PROJECT=$PWD
. tests/process/yard.sh

nginx=
nginx_end() {
	local status=$?
	[ -z "$nginx" ] || kill "$nginx" 2>/dev/null || true
	(exit "$status")
	yard_end
}
trap nginx_end EXIT

# cpu PID: user and system time of a process, in ticks.
cpu() {
	awk '{ print $14 + $15 }' "/proc/$1/stat"
}

# fill COUNT: the first COUNT releases of Windows 11 24H2 on x64 get a payload.
fill() {
	patchyard catalog list -o csv --no-headers --columns product,kb,build,kind,arch |
		tr -d '\r' | awk -F, -v OFS='\t' -v n="$1" '
			$1 == "windows-11-24h2" && $2 != "" && $5 ~ /x64/ && $4 != "hotpatch" &&
			i++ < n { print $1, "client", $2, $3, $4, "x64" }' >"$work/releases"
	"$BIN/patchyard-agent" --make-payloads "$work/releases" --into "$work/payloads" |
		patchyard -q payload import - >/dev/null
}

start_nginx() {
	cat >"$work/nginx.conf" <<END
worker_processes 1;
daemon off;
pid $work/nginx.pid;
error_log $work/nginx.log;
events { worker_connections 256; }
http {
	access_log off;
	client_body_temp_path $work; proxy_temp_path $work; fastcgi_temp_path $work;
	uwsgi_temp_path $work; scgi_temp_path $work;
	keepalive_requests 1000000000;
	default_type "text/xml; charset=utf-8";
	ssl_certificate $work/nginx.crt;
	ssl_certificate_key $work/nginx.key;
	ssl_protocols TLSv1.3;
	server {
		listen 127.0.0.1:$1 ssl;
		location / { return 200 '$(cat "$work/answer")'; }
	}
}
END
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 \
		-subj /CN=localhost -keyout "$work/nginx.key" -out "$work/nginx.crt" 2>/dev/null
	nginx -c "$work/nginx.conf" -p "$work" 2>/dev/null &
	nginx=$!
	for _ in $(seq 100); do
		worker=$(pgrep -P "$nginx" | head -1 || true)
		[ -n "$worker" ] && curl -sk "https://127.0.0.1:$1/" >/dev/null && return
		sleep 0.05
	done
	echo "nginx did not start: $(cat "$work/nginx.log")" >&2
	exit 1
}

# rate PID URL: calls per CPU second of that process; wrk gets the other core.
rate() {
	local before after calls
	before=$(cpu "$1")
	calls=$(wrk -t1 -c16 -d"${seconds}s" -s "$work/post.lua" "$2" |
		tee "$work/wrk.txt" | awk '/requests in/ { print $1 }')
	after=$(cpu "$1")
	! grep -q 'Non-2xx' "$work/wrk.txt" || {
		cat "$work/wrk.txt" >&2
		exit 1
	}
	awk -v c="$calls" -v t="$((after - before))" -v hz="$(getconf CLK_TCK)" \
		'BEGIN { printf "%d\n", c * hz / t }'
}

# compare NAME ATTRIBUTE-BYTES
compare() {
	tests/bench/wusp_scan.py "$url" "$ca" "$(cat /proc/sys/kernel/random/uuid)" \
		"$work/body" "$work/answer" "$2" >"$work/scan.txt"
	cat >"$work/post.lua" <<END
local file = io.open("$work/body")
wrk.method = "POST"
wrk.body = file:read("*a")
wrk.headers["Content-Type"] = "text/xml; charset=utf-8"
wrk.headers["SOAPAction"] = '"http://www.microsoft.com/SoftwareDistribution/Server/ClientWebService/SyncUpdates"'
END
	start_nginx 48443
	echo "$1: $(cat "$work/scan.txt")"
	for round in $(seq "$rounds"); do
		ours=$(rate "$server" "$url/ClientWebService/client.asmx")
		peer=$(rate "$worker" "https://127.0.0.1:48443/")
		echo "$ours $peer" | awk -v r="$round" '
			{ printf "  round %d: %d calls per CPU second, nginx %d, ratio %.2f\n",
				r, $1, $2, $1 / $2 }'
		echo "$ours $peer" >>"$work/rates"
	done
	sort -g <(awk '{ print $1 / $2 }' "$work/rates") | awk -v name="$1" '
		{ r[NR] = $1 } END { printf "%s: ratio %.2f (%.2f to %.2f)\n", name,
			r[int((NR + 1) / 2)], r[1], r[NR] }'
	rm "$work/rates"
	kill "$nginx" && wait "$nginx" || true
	nginx=
}

yard_start --loops 1 --log-level warning
yard_fill
fill 30
compare "3 KB" 1100
fill 70
compare "6 KB" 3400
yard_stop
