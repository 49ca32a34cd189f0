#!/usr/bin/python3
"""Scans a server as a Windows Update Agent would, until nothing is new, and writes the
body of the SyncUpdates that then stands: the steady call that the benchmark repeats.

	wusp_scan.py URL CA CLIENT-ID BODY ANSWER [ATTRIBUTE BYTES]
"""
import re
import ssl
import sys
import urllib.request
from datetime import datetime, timezone
from xml.sax.saxutils import escape

url, ca, client_id, body_file, answer_file = sys.argv[1:6]
padding = int(sys.argv[6]) if len(sys.argv) > 6 else 0
SPACE = 'http://www.microsoft.com/SoftwareDistribution/Server/'
CLIENT = (url + '/ClientWebService/client.asmx', SPACE + 'ClientWebService')
AUTH = (url + '/SimpleAuthWebService/SimpleAuth.asmx', SPACE + 'SimpleAuthWebService')
context = ssl.create_default_context(cafile=ca)


def call(service, operation, inner):
    address, space = service
    text = ('<?xml version="1.0" encoding="utf-8"?>'
            '<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Body>'
            f'<{operation} xmlns="{space}">{inner}</{operation}></soap:Body></soap:Envelope>')
    request = urllib.request.Request(address, text.encode(), {
        'Content-Type': 'text/xml; charset=utf-8',
        'SOAPAction': f'"{space}/{operation}"'})
    try:
        with urllib.request.urlopen(request, context=context) as answer:
            return text, answer.read().decode()
    except urllib.error.HTTPError as fault:
        sys.exit(f'{operation}: {fault.code} {fault.read().decode()}')


def first(pattern, text):
    found = re.search(pattern, text, re.S)
    return found.group(1) if found else ''


now = datetime.now(timezone.utc).strftime('%Y-%m-%dT%H:%M:%SZ')
_, text = call(CLIENT, 'GetConfig', '<protocolVersion>2.90</protocolVersion>')
last_change = first('<LastChange>(.*?)</LastChange>', text)
_, text = call(AUTH, 'GetAuthorizationCookie',
               f'<clientId>{client_id}</clientId><targetGroupName></targetGroupName>'
               f'<dnsName>bench.lab</dnsName>')
plug_in, data = first('<PlugInId>(.*?)</', text), first('<CookieData>(.*?)</', text)
_, text = call(CLIENT, 'GetCookie',
               f'<authCookies><AuthorizationCookie><PlugInId>{plug_in}</PlugInId>'
               f'<CookieData>{data}</CookieData></AuthorizationCookie></authCookies>'
               f'<lastChange>{last_change}</lastChange><currentTime>{now}</currentTime>'
               '<protocolVersion>2.90</protocolVersion>')


def cookie_of(text):
    return (f'<cookie><Expiration>{first("<Expiration>(.*?)</", text)}</Expiration>'
            f'<EncryptedData>{first("<EncryptedData>(.*?)</", text)}</EncryptedData></cookie>')


cookie = cookie_of(text)
numbers = {'OSMajorVersion': 10, 'OSMinorVersion': 0, 'OSBuildNumber': 26100,
           'OSServicePackMajorNumber': 0, 'OSServicePackMinorNumber': 0}
more = {'SuiteMask': 256, 'OldProductType': 1, 'NewProductType': 4, 'SystemMetrics': 0,
        'ClientVersionMajorNumber': 1507, 'ClientVersionMinorNumber': 2601,
        'ClientVersionBuildNumber': 30012, 'ClientVersionQfeNumber': 0}
call(CLIENT, 'RegisterComputer', cookie + '<computerInfo><DnsName>bench.lab</DnsName>' +
     ''.join(f'<{k}>{v}</{k}>' for k, v in numbers.items()) +
     '<OSLocale>en-US</OSLocale><ComputerManufacturer>Lab</ComputerManufacturer>'
     '<ComputerModel>Bench</ComputerModel><BiosVersion>1</BiosVersion><BiosName>1</BiosName>'
     '<BiosReleaseDate>2024-01-01T00:00:00Z</BiosReleaseDate>'
     '<ProcessorArchitecture>AMD64</ProcessorArchitecture>' +
     ''.join(f'<{k}>{v}</{k}>' for k, v in more.items()) +
     '<OSDescription>Windows 10 Enterprise</OSDescription></computerInfo>')

attributes = ('OSArchitecture=AMD64;OSSkuId=4;OSVersion=10.0.26100.1742;ProductType=WinNT;'
              'InstallationType=Client;DeviceFamily=Windows.Desktop;App=WU_OS;VBSState=0;'
              'CurrentBranch=ge_release;FlightRing=Retail;')
while padding > len(attributes):
    attributes += f'Padding{len(attributes)}={"x" * 40};'


def ids(name, numbers):
    return f'<{name}>' + ''.join(f'<int>{n}</int>' for n in sorted(numbers)) + f'</{name}>'


installed, cached = set(), set()
while True:
    lists = ids('InstalledNonLeafUpdateIDs', installed) + ids('OtherCachedUpdateIDs', cached)
    inner = (cookie + '<parameters><ExpressQuery>false</ExpressQuery>' + lists +
             '<SkipSoftwareSync>false</SkipSoftwareSync>'
             '<NeedTwoGroupOutOfScopeUpdates>false</NeedTwoGroupOutOfScopeUpdates>'
             '<ProductsParameters><SyncCurrentVersionOnly>false</SyncCurrentVersionOnly>'
             f'<DeviceAttributes>{escape(attributes)}</DeviceAttributes>'
             '<CallerAttributes>Interactive=0;Id=bench;</CallerAttributes>'
             '<Products></Products></ProductsParameters></parameters>')
    sent, text = call(CLIENT, 'SyncUpdates', inner)
    fresh = re.findall(r'<UpdateInfo><ID>(\d+)</ID>.*?<IsLeaf>(\w+)</IsLeaf>',
                       first('<NewUpdates>(.*?)</NewUpdates>', text), re.S)
    if not fresh and '<ChangedUpdates>' not in text:
        break
    cookie = cookie_of(text)
    for number, leaf in fresh:
        (installed if leaf == 'false' else cached).add(int(number))

open(body_file, 'w').write(sent)
open(answer_file, 'w').write(text)
print(f'{len(installed) + len(cached)} ids known, {len(sent)} bytes asked, '
      f'{len(text)} bytes answered')
