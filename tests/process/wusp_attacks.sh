#!/usr/bin/env bash
# Messages that no Windows Update Agent sends, against the running server: entities,
# inclusions, encodings, sizes, name spaces, bytes, heads, messages, and a good one cut at
# every 100th byte.  What is looked at: tests/process/wusp_attacks/drive.py.
. "$(dirname "$0")/yard.sh"
here=$(dirname "$0")/wusp_attacks

# A sanitizer takes several times the CPU time, and keeps freed memory for a while.
rounds=300 factor=1
if grep -q __asan_init "$BIN/patchyardd"; then
	rounds=30 factor=8
	export ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}quarantine_size_mb=4
fi

yard_start --log-level warning
yard_fill
yard_payload windows-11-24h2 client KB5066835 26100.6899 baseline x64
echo "what nobody may see $RANDOM$RANDOM" >"$work/secret"
/usr/bin/python3 -B "$here/drive.py" "$url" "$ca" "$server" "$work/secret" \
	"${ROUNDS:-$rounds}" "$factor" || bad=$((bad + 1))
yard_stop
