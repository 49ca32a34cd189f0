#!/usr/bin/python3
"""Plays the attacks against a running server and looks at what they cost it.

	drive.py URL CA PID SECRET-FILE ROUNDS CPU-FACTOR

Each attack must get its answer, and cost the server's process no more than so much of its
own CPU time; after each the server answers a good request.  Nothing may fetch what a
message names, nor show the secret file.  Then all of them are played ROUNDS times (those
of many bytes fewer times), and the process may not have grown.  Says every fault it finds, and exits with 1 if there was one.
"""
import os
import re
import socket
import ssl
import sys
import threading
import uuid
from urllib.parse import urlparse

import attacks

url, ca, pid, secret_file, rounds, factor = sys.argv[1:7]
pid, rounds, factor = int(pid), int(rounds), float(factor)
where = urlparse(url)
context = ssl.create_default_context(cafile=ca)
with open(secret_file, 'rb') as file:
    secret = file.read().strip()
LARGE = 50000  # bytes of a body
GROWTH_KB = 1024
TICK_MS = 1000 / os.sysconf('SC_CLK_TCK')
faults = set()


def fault(name, sentence):
    if name not in faults:
        print(f'{name}: {sentence}', file=sys.stderr)
    faults.add(name)


# --- the server's process -------------------------------------------------------------------

def cpu_ms():
    with open(f'/proc/{pid}/stat') as stat:
        fields = stat.read().rsplit(')', 1)[1].split()
    return (int(fields[11]) + int(fields[12])) * TICK_MS


def resident_kb():
    with open(f'/proc/{pid}/status') as status:
        return int(re.search(r'VmRSS:\s+(\d+)', status.read())[1])


# --- requests -------------------------------------------------------------------------------

class Peer:
    """One connection after another: a new one when the server ended the last."""

    def __init__(self):
        self.tls = None

    def close(self):
        if self.tls is not None:
            self.tls.close()
            self.tls = None

    def open(self):
        self.close()
        plain = socket.create_connection((where.hostname, where.port), timeout=60)
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.tls = context.wrap_socket(plain, server_hostname=where.hostname)

    def send(self, data):
        """False when the server would not have all of it: then it has answered."""
        try:
            self.tls.sendall(data)
        except (BrokenPipeError, ConnectionResetError, ssl.SSLError):
            return False
        return True

    def receive(self):
        """(status, head, body) of an answer; status 0 when there is none."""
        data = b''
        try:
            while b'\r\n\r\n' not in data:
                piece = self.tls.recv(65536)
                if not piece:
                    return 0, b'', data
                data += piece
            head, body = data.split(b'\r\n\r\n', 1)
            length = re.search(rb'(?i)content-length: *(\d+)', head)
            while length is not None and len(body) < int(length[1]):
                piece = self.tls.recv(65536)
                if not piece:
                    break
                body += piece
        except (ConnectionResetError, ssl.SSLError):
            return 0, b'', data
        return int(head.split()[1]), head, body

    def ask(self, request):
        """A kept connection may end between two requests; a new one may not."""
        for is_new in (self.tls is None, True):
            if is_new:
                self.open()
            whole = self.send(request)
            status, head, body = self.receive()
            if not whole or status == 0 or b'connection: close' in head.lower():
                self.close()
            if status != 0 or is_new:
                return status, body


def request(one, body=None):
    body = one.body if body is None else body
    usual = {
        'Host': where.netloc, 'Content-Type': 'text/xml; charset=utf-8',
        'User-Agent': 'Windows-Update-Agent/1507.2601.30012.0 Client-Protocol/2.90',
        'SOAPAction': f'"{attacks.CLIENT}/{one.operation}"', 'Content-Length': str(len(body)),
    }
    lines = [f'{one.method} /{one.path} HTTP/1.1'.encode()]
    lines += [f'{k}: {v}'.encode() for k, v in usual.items() if k not in one.drop]
    lines += [line if isinstance(line, bytes) else line.encode() for line in one.head]
    return b'\r\n'.join(lines) + b'\r\n\r\n' + body


peer, witness = Peer(), Peer()


def call(name, content, space=attacks.CLIENT, path='ClientWebService/client.asmx'):
    one = attacks.attack(name, attacks.envelope(attacks.operation(name, content, space)),
                         drop=['SOAPAction'], path=path)
    status, body = peer.ask(request(one))
    if status != 200:
        sys.exit(f'a good {name} was answered {status}: {body[:500]}')
    return body.decode()


def element(name, text):
    return re.search(f'<{name}>(.*?)</{name}>', text, re.S)[1]


def session():
    """The <cookie> of a computer that has registered."""
    simple = attacks.CLIENT.replace('ClientWeb', 'SimpleAuthWeb')
    now = '2026-10-04T13:17:07Z'
    last_change = element('LastChange', call('GetConfig', ''))
    data = element('CookieData', call(
        'GetAuthorizationCookie', f'<clientId>{uuid.uuid4()}</clientId>'
        '<dnsName>attacker.lab</dnsName>', simple, 'SimpleAuthWebService/SimpleAuth.asmx'))
    result = element('GetCookieResult', call(
        'GetCookie', '<authCookies><AuthorizationCookie><PlugInId>SimpleTargeting</PlugInId>'
        f'<CookieData>{data}</CookieData></AuthorizationCookie></authCookies>'
        f'<lastChange>{last_change}</lastChange><currentTime>{now}</currentTime>'
        '<protocolVersion>2.90</protocolVersion>'))
    cookie = f'<cookie>{result}</cookie>'
    call('RegisterComputer', f'{cookie}<computerInfo><DnsName>attacker.lab</DnsName>'
         '<OldProductType>1</OldProductType></computerInfo>')
    return cookie


# --- what is looked at ----------------------------------------------------------------------

class Trap:
    """A web server that nobody may come to."""

    def __init__(self):
        self.socket = socket.create_server(('127.0.0.1', 0))
        self.url = f'http://127.0.0.1:{self.socket.getsockname()[1]}/'
        self.visits = 0
        threading.Thread(target=self.watch, daemon=True).start()

    def watch(self):
        while True:
            self.socket.accept()[0].close()
            self.visits += 1


def is_answered(one, status, body):
    if isinstance(one.answer, int):
        return status == one.answer
    if one.answer is None:
        return status in (200, 500)
    if one.answer == 'ok':
        return status == 200
    if status != 500:
        return False
    code = re.search(rb'<ErrorCode>(.*?)</ErrorCode>', body)
    if one.answer == 'client':
        return code is None and (b'<faultcode>s:Client<' in body or b'>s:Sender<' in body)
    wanted, _, about = one.answer.partition(':')
    return (code is not None and code[1].decode() == wanted and
            (not about or f'<Message>{about}</Message>'.encode() in body))


good = attacks.attack('a good request', attacks.config('2.90'), 'ok')


def is_alive():
    status, body = witness.ask(request(good))
    return status == 200 and b'<Value>3.2</Value>' in body


def play(one, trap):
    status, body = peer.ask(request(one))
    if not is_answered(one, status, body):
        fault(one.name, f'expected {one.answer}, got {status}: {body[:400]}')
    if secret in body:
        fault(one.name, 'the answer shows the secret file')
    if trap.visits:
        trap.visits = 0
        fault(one.name, 'the server fetched what the message names')
    if not is_alive():
        fault(one.name, 'after it the server does not answer a good request')


def bound_ms(one):
    """Of CPU time: a handshake and a fault, and a part for each MiB that has come."""
    return factor * (10 + 60 * len(one.body) / attacks.MIB)


def measure(one, trap):
    times = 3 if len(one.body) >= LARGE else 12
    before = cpu_ms()
    for _ in range(times):
        play(one, trap)
    spent = (cpu_ms() - before - TICK_MS) / times
    if spent > bound_ms(one):
        fault(one.name, f'costs {spent:.1f} ms of CPU time, more than {bound_ms(one):.1f}')
    return spent


def truncate(cookie):
    """A good message that ends at every 100th byte: by its length, and by the line."""
    whole = attacks.attack('a cut message', attacks.good_sync(cookie), operation='SyncUpdates')
    status, body = peer.ask(request(whole._replace(answer='ok')))
    if status != 200 or b'<Truncated>' not in body:
        fault('a whole message', f'was answered {status}: {body[:400]}')
    for size in range(0, len(whole.body), 100):
        status, body = peer.ask(request(whole, whole.body[:size]))
        if not is_answered(whole, status, body):
            fault(f'cut at byte {size}', f'got {status}: {body[:400]}')
        cut = Peer()
        cut.open()
        head = request(whole)
        cut.send(head[:len(head) - len(whole.body) + size])
        cut.close()
    if not is_alive():
        fault('cut messages', 'after them the server does not answer a good request')
    return len(whole.body)


def repeat(what, some, times, trap):
    """How much the process grew: its peak in the second half over that in the first.  What
    it has after one request depends on the one before, so single values say little."""
    resident = []
    for turn in range(times):
        for one in some:
            play(one, trap)
        play(attacks.new_names(turn), trap)
        resident.append(resident_kb())
    grown = max(resident[times // 2:]) - max(resident[:times // 2])
    if grown > factor * GROWTH_KB:
        fault(what, f'{times} rounds of them made the process grow by {grown} KB')
    return grown


def main():
    trap, cookie = Trap(), session()
    table = attacks.table(cookie, secret_file, trap.url)
    costs = sorted(((measure(one, trap), one.name) for one in table), reverse=True)
    size = truncate(cookie)
    small = [one for one in table if len(one.body) < LARGE]
    large = [one for one in table if len(one.body) >= LARGE]
    grown = (repeat('small ones', small, rounds, trap),
             repeat('large ones', large, 4 + rounds // 15, trap))
    print(f'{len(table)} attacks, {len(faults)} faults; a message of {size} bytes cut '
          f'everywhere; {rounds} rounds: {grown[0]:+d} KB, large ones {grown[1]:+d} KB')
    for spent, name in costs[:5]:
        print(f'  {spent:.1f} ms of CPU time: {name}')
    sys.exit(len(faults) > 0)


if __name__ == '__main__':
    main()
