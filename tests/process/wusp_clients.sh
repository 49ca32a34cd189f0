#!/usr/bin/env bash
# Two SOAP clients that are not ours, made from the WSDLs that the server itself serves:
# python3-zeep and gSOAP's generated C each do the whole sequence of a Windows Update
# Agent; zeep also fetches the file, by ranges.
. "$(dirname "$0")/yard.sh"
here=$(dirname "$0")/wusp_clients

yard_start --log-level warning
yard_fill
for release in "KB5055523 26100.3775 baseline" "KB5058411 26100.4061 lcu" \
	"KB5060842 26100.4349 lcu" "KB5066835 26100.6899 baseline"; do
	# shellcheck disable=SC2086 # three words
	set -- $release
	yard_payload windows-11-24h2 client "$1" "$2" "$3" x64
done

zeep_id=5ee90000-1111-4222-8333-444455556666
said=$(/usr/bin/python3 "$here/scan.py" "$url" "$ca" "$zeep_id" 10.0.26100.4349 KB5066835) ||
	same "zeep completes the sequence" 0 "$?: $said"
holds "zeep was offered the baseline" "KB5066835.*updates in" "$said"
same "the engine offers the same" KB5066835 \
	"$(patchyard device explain "$zeep_id" -o json | jq -r .decision.kb)"
same "its events moved the flow" restart-pending \
	"$(patchyard device show "$zeep_id" -o json | jq -r .flow.state)"

# gSOAP: stubs from the served WSDLs, then a client of ours upon them.
for name in ClientWebService/client SimpleAuthWebService/SimpleAuth \
	ReportingWebService/ReportingWebService; do
	curl -sS --cacert "$ca" "$url/$name.asmx?wsdl" >"$work/$(basename "$name").wsdl"
done
(
	cd "$work"
	wsdl2h -c -O3 -o services.h client.wsdl SimpleAuth.wsdl ReportingWebService.wsdl
	soapcpp2 -c -C -x -L -wx services.h
	gcc -O1 -w -DWITH_OPENSSL -I. -o client "$here/scan.c" soapC.c soapClient.c \
		-lgsoapssl -lssl -lcrypto -lz
) >"$work/gsoap.txt" 2>&1 || same "gSOAP's client is built" "" "$(tail -20 "$work/gsoap.txt")"
gsoap_id=6504e000-1111-4222-8333-444455556666
said=$("$work/client" "$url" "$ca" "$gsoap_id" KB5066835) ||
	same "gSOAP completes the sequence" 0 "$?: $said"
holds "gSOAP was sent the updates in layers" "^[1-9][0-9]* updates in [3-9] pages" "$said"
same "the engine offers the same to it" KB5066835 \
	"$(patchyard device explain "$gsoap_id" -o json | jq -r .decision.kb)"
yard_stop
