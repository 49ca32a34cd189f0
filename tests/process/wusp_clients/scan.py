#!/usr/bin/python3
"""A Windows Update Agent's whole sequence with python3-zeep, from the server's own WSDLs.

	scan.py URL CA CLIENT-ID OS-VERSION EXPECTED-KB

Prints what it was offered; exits with 1 and a sentence at the first thing that is not as
MS-WUSP has it.
"""
import base64
import datetime
import hashlib
import html
import re
import sys
import uuid

import requests
from zeep import Client, Settings
from zeep.exceptions import Fault
from zeep.transports import Transport

url, ca, client_id, os_version, expected = sys.argv[1:6]
session = requests.Session()
session.verify = ca
session.trust_env = False
transport = Transport(session=session)


def service(path, port):
    client = Client(f'{url}/{path}?wsdl', transport=transport,
                    settings=Settings(strict=True))
    assert client.wsdl.services
    return client.bind(list(client.wsdl.services)[0], port)


def must(condition, sentence):
    if not condition:
        sys.exit(sentence)


def now():
    return datetime.datetime.now(datetime.timezone.utc)


client = service('ClientWebService/client.asmx', 'ClientSoap')
auth = service('simpleauthwebservice/SIMPLEAUTH.ASMX', 'SimpleAuthSoap')
report = service('ReportingWebService/ReportingWebService.asmx', 'WebServiceSoap')

def tell(kind, fault, trace):
    """A fault nobody asked for ends it, with what the server says of it."""
    detail = getattr(fault, 'detail', None)
    words = '' if detail is None else ' '.join(e.text or '' for e in detail.iter())
    if kind is not Fault:
        sys.__excepthook__(kind, fault, trace)
    else:
        print(f'{fault.message}: {words}', file=sys.stderr)


sys.excepthook = tell

config = client.GetConfig(protocolVersion='2.90')
properties = {p.Name: p.Value for p in config.Properties.ConfigurationProperty}
must(properties.get('ProtocolVersion') == '3.2', 'GetConfig names no protocol 3.2')
must(properties.get('IsInventoryRequired') == '0' and
     properties.get('ClientReportingLevel') == '2' and
     'MaxExtendedUpdatesPerRequest' in properties, 'GetConfig lacks a property')
plug_in = config.AuthInfo.AuthPlugInInfo[0]
must(plug_in.ServiceUrl == 'SimpleAuthWebService/SimpleAuth.asmx',
     'the plug-in is not SimpleAuth')

authorization = auth.GetAuthorizationCookie(
    clientId=client_id, targetGroupName='lab', dnsName='zeep.lab')
cookie = client.GetCookie(
    authCookies={'AuthorizationCookie': [
        {'PlugInId': authorization.PlugInId, 'CookieData': authorization.CookieData}]},
    lastChange=config.LastChange,
    currentTime=now(), protocolVersion='2.90')
build = int(os_version.split('.')[2])
client.RegisterComputer(cookie=cookie, computerInfo={
    'DnsName': 'zeep.lab', 'OSMajorVersion': 10, 'OSMinorVersion': 0,
    'OSBuildNumber': build, 'OSServicePackMajorNumber': 0,
    'OSServicePackMinorNumber': 0, 'OSLocale': 'en-US', 'ComputerManufacturer': 'Lab',
    'ComputerModel': 'Zeep & <Co>', 'BiosReleaseDate': now(),
    'ProcessorArchitecture': 'AMD64', 'SuiteMask': 256, 'OldProductType': 1,
    'NewProductType': 4, 'SystemMetrics': 0, 'ClientVersionMajorNumber': 1507,
    'ClientVersionMinorNumber': 2601, 'ClientVersionBuildNumber': 30012,
    'ClientVersionQfeNumber': 0, 'OSDescription': 'Windows 10 Enterprise'})
scan = client.StartCategoryScan(requestedCategories={'CategoryRelationship': [
    {'IndexOfAndGroup': 0, 'CategoryId': '72e7624a-5b00-45d2-b92f-e561c0a6a160'}]})
must(len(scan['preferredCategoryIds'].guid) == 1, 'Windows 11 is no category')

attributes = (f'OSArchitecture=AMD64;OSSkuId=4;OSVersion={os_version};ProductType=WinNT;'
              'InstallationType=Client;VBSState=0;App=WU_OS;')


def sync(installed, cached, drivers=False):
    return client.SyncUpdates(cookie=cookie, parameters={
        'ExpressQuery': False, 'InstalledNonLeafUpdateIDs': {'int': sorted(installed)},
        'OtherCachedUpdateIDs': {'int': sorted(cached)}, 'SkipSoftwareSync': drivers,
        'SystemSpec': {'Device': []} if drivers else None,
        'NeedTwoGroupOutOfScopeUpdates': False,
        'ProductsParameters': {'SyncCurrentVersionOnly': False,
                               'DeviceAttributes': attributes,
                               'CallerAttributes': 'Id=zeep;', 'Products': ''}})


installed, cached, infos = set(), set(), {}
for rounds in range(50):
    page = sync(installed, cached)
    cookie = page.NewCookie
    fresh = page.NewUpdates.UpdateInfo if page.NewUpdates else []
    must(len(fresh) <= 30, 'a page holds more than 30 updates')
    for info in fresh:
        must(info.ID not in infos, f'update {info.ID} comes twice')
        must(info.Deployment is not None, f'update {info.ID} has no deployment')
        must(re.fullmatch(r'\d{4}-\d\d-\d\d', info.Deployment.LastChangeTime),
             'LastChangeTime is no plain date')
        infos[info.ID] = info
        (cached if info.IsLeaf else installed).add(info.ID)
    if not fresh and not page.Truncated:
        break
must(rounds >= 3, 'the updates did not come in layers')
offered = [i for i in infos.values() if i.Deployment.Action == 'Install']
must(len(offered) == 1, f'{len(offered)} updates are to be installed, not one')
page = sync(installed, cached, drivers=True)
must(page.NewUpdates is None and not page.Truncated, 'there are drivers')
cookie = page.NewCookie

root = offered[0]
identity = re.search(r'UpdateID="([0-9a-f-]{36})" RevisionNumber="(\d+)"', root.Xml)
member_guid = re.search(r'<BundledUpdates>.*?UpdateID="([0-9a-f-]{36})"', root.Xml).group(1)
member = [i for i in infos.values()
          if f'<UpdateIdentity UpdateID="{member_guid}"' in i.Xml.split('<Properties')[0]]
must(len(member) == 1 and member[0].Deployment.Action == 'Bundle',
     'the bundle has no member of its own')
ids = sorted([root.ID, member[0].ID])
extended = client.GetExtendedUpdateInfo(
    cookie=cookie, revisionIDs={'int': ids},
    infoTypes={'XmlUpdateFragmentType': ['Extended', 'LocalizedProperties']},
    locales={'string': ['en-US', 'en']}, deviceAttributes=attributes)
must(len(extended.Updates.Update) == 4, 'there are not two fragments for each revision')
texts = [u.Xml for u in extended.Updates.Update]
title = next(re.search('<Title>(.*?)</Title>', t).group(1) for t in texts
             if '<LocalizedProperties>' in t)
must(expected in title, f'{html.unescape(title)} is offered, not {expected}')
second = client.GetExtendedUpdateInfo2(
    cookie=cookie, updateIDs={'UpdateIdentity': [
        {'UpdateID': identity.group(1), 'RevisionNumber': int(identity.group(2))}]},
    infoTypes={'XmlUpdateFragmentType': ['Extended']}, locales={'string': ['en']})
must(len(second.Updates.Update) == 1, 'GetExtendedUpdateInfo2 does not know it')

file = next(re.search(r'<File ([^>]*)>.*?<AdditionalDigest Algorithm="SHA256">(.*?)<', t)
            for t in texts if '<Files>' in t)
size = int(re.search('Size="(\\d+)"', file.group(1)).group(1))
sha1 = base64.b64decode(re.search('Digest="(.*?)"', file.group(1)).group(1))
places = client.GetFileLocations(cookie=cookie, fileDigests={'base64Binary': [sha1]})
place = places.FileLocations.FileLocation[0].Url
must(place == extended.FileLocations.FileLocation[0].Url, 'two places for one file')
whole = b''
for at in range(0, size, 1 << 20):
    end = min(size, at + (1 << 20)) - 1
    piece = session.get(place, headers={'Range': f'bytes={at}-{end}'})
    must(piece.status_code == 206 and
         piece.headers['Content-Range'] == f'bytes {at}-{end}/{size}', 'a range is wrong')
    whole += piece.content
must(hashlib.sha1(whole).digest() == sha1, 'the file has another SHA-1')
must(base64.b64encode(hashlib.sha256(whole).digest()).decode() == file.group(2),
     'the file has another SHA-256')

refreshed = client.RefreshCache(cookie=cookie, globalIDs={'UpdateIdentity': [
    {'UpdateID': identity.group(1), 'RevisionNumber': int(identity.group(2))},
    {'UpdateID': str(uuid.uuid4()), 'RevisionNumber': 1}]})
must([(r.RevisionID, r.Deployment.Action) for r in refreshed] == [(root.ID, 'Install')],
     'RefreshCache does not give what is known and deployed')
printers = client.SyncPrinterCatalog(cookie=cookie)
must(printers.NewUpdates is None, 'there are printers')


def event(number, result=0, update=identity.group(1), misc=()):
    return {'BasicData': {
        'TargetID': {'Sid': client_id}, 'SequenceNumber': 0, 'TimeAtTarget': now(),
        'EventInstanceID': str(uuid.uuid4()), 'NamespaceID': 1, 'EventID': number,
        'SourceID': 101, 'UpdateID': {'UpdateID': update, 'RevisionNumber': 1},
        'Win32HResult': result, 'AppName': 'zeep'},
        'ExtendedData': {'MiscData': {'string': list(misc)},
                         'ProcessorArchitecture': 'Amd64Compatible', 'OSLocaleID': 1033},
        'PrivateData': {}}


# The reporting service has a Cookie type of its own.
cookie = {'Expiration': cookie.Expiration, 'EncryptedData': cookie.EncryptedData}
zero = '00000000-0000-0000-0000-000000000000'
batch = [event(147, update=zero), event(156, update=zero, misc=['U=' + identity.group(1)]),
         event(167), event(162), event(181)]
must(report.ReportEventBatch(cookie=cookie, clientTime=now(),
                             eventBatch={'ReportingEvent': batch}) is True,
     'the events were not taken')
must(report.ReportEventBatch2(computerId=client_id, clientTime=now(), eventBatch={
    'ReportingEvent': [event(201, 0x00240005)]}) is True, 'an event was not taken')
must(report.GetRequiredInventoryType(cookie=cookie, rulesId=zero, rulesVersion='1') == 0,
     'an inventory is wanted')
must(report.ReportInventory(cookie=cookie, clientTime=now(), inventory='') is True,
     'the inventory was not taken')
print(f'{html.unescape(title)}: {len(infos)} updates in {rounds} pages, {size} bytes')
