#!/usr/bin/env bash
# Debian's swupdate, an independent client of the same device protocol: it polls,
# downloads, installs and reports over HTTPS.  It reports no build, so what it says it
# installed ends as unverified.  The operator asserts what it cannot report.
. "$(dirname "$0")/yard.sh"
swupdate=$(command -v swupdate) || {
	echo "swupdate is not installed" >&2
	exit 1
}

yard_start --clock virtual --clock-from 2025-01-15T00:00:00Z --poll-interval 1s
yard_fill
name=kiosk
device_token=$(patchyard -q device add $name)
patchyard -q device assert $name os.family=client os.arch=x64 os.edition=Professional \
	os.build=26100.2605 os.kbs=KB5048667 tag.ring=test --reason "swupdate names none" >/dev/null

# A signed image that holds one file, as swupdate wants it.
box=$work/box
mkdir -p "$box/tmp" "$box/root" "$work/image"
(
	cd "$work/image"
	openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=image \
		-addext extendedKeyUsage=emailProtection -addext keyUsage=digitalSignature \
		-keyout key.pem -out "$box/image.pem" 2>/dev/null
	head -c 50000 /dev/urandom >payload.bin
	cat >sw-description <<-END
		software = {
			version = "1.0";
			hardware-compatibility = [ "1.0" ];
			files: ( { filename = "payload.bin"; path = "$box/root/payload.bin";
				sha256 = "$(sha256sum <payload.bin | cut -d' ' -f1)"; } );
		}
	END
	openssl cms -sign -in sw-description -out sw-description.sig -signer "$box/image.pem" \
		-inkey key.pem -outform DER -nosmimecap -binary
	printf 'sw-description\nsw-description.sig\npayload.bin\n' |
		cpio -o -H crc --quiet >kb5050009.swu
)
printf 'windows-11-24h2\tKB5050009\t26100.2894\tx64\t%s\n' "$work/image/kb5050009.swu" |
	patchyard -q payload import - >/dev/null
cp "$ca" "$box/ca.pem"
cat >"$box/swupdate.cfg" <<END
globals: { };
suricatta: {
	tenant = "DEFAULT"; id = "$name"; url = "$url"; polldelay = 1;
	targettoken = "$device_token"; cafile = "$box/ca.pem";
};
END

# As nobody where we are root: it has no business with this machine.
as=()
if [ "$(id -u)" -eq 0 ]; then
	chmod 755 "$work" # the state in it stays closed
	chown -R 65534:65534 "$box"
	as=(setpriv --reuid=65534 --regid=65534 --clear-groups)
fi

client=
run_swupdate() {
	"${as[@]}" env -i PATH=/usr/bin:/bin HOME="$box" TMPDIR="$box/tmp" "$swupdate" \
		-f "$box/swupdate.cfg" -k "$box/image.pem" -H lab:1.0 -u "$1" \
		>>"$work/log.swupdate" 2>&1 &
	client=$!
}
end_swupdate() {
	kill -TERM "$client" 2>/dev/null || true
	wait "$client" 2>/dev/null || true
	client=
}
end_both() {
	[ -z "$client" ] || end_swupdate
	yard_end
}
trap end_both EXIT

# await STATE: of its flow; bounded, and seen rather than hoped for.
await() {
	local got=
	for _ in $(seq 600); do
		got=$(api devices/$name | jq -r '.flow.state // "none"')
		[ "$got" != "$1" ] || return 0
		kill -0 "$client" 2>/dev/null || break
		sleep 0.1
	done
	same "the flow comes to be" "$1" "$got"
}

run_swupdate ""
await restart-pending
same "the payload is in its place" \
	"$(sha256sum <"$work/image/payload.bin")" "$(sha256sum <"$box/root/payload.bin")"
end_swupdate
run_swupdate "-c 2" # after its restart, it says that all is well
await unverified
end_swupdate
events=$(api devices/$name | jq -r '[.events[] | select(.kind == "flow") | .to] | reverse | join(" ")')
holds "its passage is on record" '^offered .*restart-pending unverified$' "$events"
run_swupdate ""
for _ in $(seq 100); do
	grep -q 'No pending action' "$work/log.swupdate" && break
	sleep 0.1
done
end_swupdate
device_row=$(api devices/$name)
same "it is not offered again" none "$(jq -r .action <<<"$device_row")"
holds "and the reason says so" unverified "$(jq -c .reasons <<<"$device_row")"
yard_stop
