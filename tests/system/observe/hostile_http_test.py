#!/usr/bin/env python3
"""Clients that keep no rule of HTTP, at all three doors at once: sessions, health checks, signals and other operators of a
running lastbyte go on as if nothing were there.

usage: hostile_http_test.py LASTBYTE
"""

import http.client
import json
import os
import random
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

sys.dont_write_bytecode = True
from running import PATIENCE, end_of, eventually, reset  # noqa: E402

PROGRAM = sys.argv[1]
SESSIONS = 200
TOKEN = "0123456789abcdef"


class Member(threading.Thread):
    """Echoes, and counts connections that say nothing: health checks."""

    def __init__(self):
        super().__init__(daemon=True)
        self.socket = socket.create_server(("127.0.0.1", 0), backlog=512)
        self.silent = 0
        self.start()

    def run(self):
        while True:
            client, _ = self.socket.accept()
            threading.Thread(target=self.serve, args=(client,), daemon=True).start()

    def serve(self, client):
        with client:
            said = 0
            try:
                while part := client.recv(65536):
                    said += len(part)
                    client.sendall(part)
            except OSError:
                return
            if said == 0:
                self.silent += 1


REQUEST = b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\nGET /v1/sessions?limit=5000 HTTP/1.1\r\nHost: localhost\r\n\r\n"


def slow(sock, stop):
    for byte in REQUEST[:100]:
        if stop.is_set():
            return
        sock.send(bytes([byte]))
        stop.wait(0.02)


def huge(sock, _):
    sock.sendall(b"GET / HTTP/1.1\r\nX: " + b"x" * 1_000_000)


def huge_body(sock, _):
    sock.sendall(b"PUT /v1/log-level HTTP/1.1\r\nHost: localhost\r\nContent-Length: 999999999\r\n\r\n" + b"x" * 1_000_000)


def pipelined(sock, _):
    """Reads nothing of thousands of answers."""
    sock.settimeout(2)
    sock.sendall(REQUEST * 2000)


def half_closed(sock, _):
    sock.sendall(REQUEST)
    sock.shutdown(socket.SHUT_WR)
    while sock.recv(65536):
        pass


def resets(sock, _):
    sock.sendall(REQUEST[: random.randint(1, len(REQUEST))])
    reset(sock)


def garbage(sock, _):
    sock.sendall(random.choice([b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(range(256)) * 2, os.urandom(2000),
                                b"\r\n" * 5000, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"GET /" + b"%2e%2e/" * 900 + b" HTTP/1.1\r\n\r\n"]))
    while sock.recv(65536):
        pass


def unread_events(sock, stop):
    sock.sendall(b"GET /v1/events HTTP/1.1\r\nHost: localhost\r\n\r\n")
    stop.wait(1)


def silent(_, stop):
    stop.wait(0.5)


def wrong_tokens(sock, _):
    for _ in range(50):
        sock.sendall(b'POST /v1/login HTTP/1.1\r\nHost: localhost\r\nContent-Length: 20\r\n\r\n{"token": "wrong!!"}')
        sock.recv(65536)


ATTACKS = [slow, huge, huge_body, pipelined, half_closed, resets, garbage, unread_events, silent, wrong_tokens]


def attack(kind, door, stop, counts):
    while not stop.is_set():
        try:
            with door() as sock:
                sock.settimeout(5)
                kind(sock, stop)
        except OSError:
            pass
        counts[kind.__name__] = counts.get(kind.__name__, 0) + 1
        stop.wait(0.005)


def play(listener, number, done):
    """A session with an answer of its own, from end to end."""
    sent = random.Random(number).randbytes(1 + number * 997 % 100_000)
    with socket.create_connection(listener, timeout=PATIENCE) as sock:
        sender = threading.Thread(target=lambda: (sock.sendall(sent), sock.shutdown(socket.SHUT_WR)), daemon=True)
        sender.start()
        got = b""
        while part := sock.recv(65536):
            got += part
        sender.join()
    assert got == sent, f"session {number}: {len(got)} of {len(sent)} bytes"
    done.append(number)


def get(at, path, headers=None):
    connection = http.client.HTTPConnection(*at, timeout=PATIENCE)
    try:
        connection.request("GET", path, headers=headers or {})
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    except OSError:
        return 0, ""                            # the door is full: an operator tries again
    finally:
        connection.close()


def value(text, series):
    found = re.search("^" + re.escape(series) + r" (\S+)$", text, re.MULTILINE)
    return float(found[1]) if found else None


def play_all(listener, stopped):
    """Sessions one after the other on four threads, while `stopped` is not set and at least SESSIONS."""
    done, failures = [], []
    numbers = iter(range(10**9))
    mutex = threading.Lock()

    def run():
        while not failures and (len(done) < SESSIONS or not stopped()):
            with mutex:
                number = next(numbers)
            try:
                play(listener, number, done)
            except BaseException as failure:    # pylint: disable=broad-except
                failures.append(failure)

    threads = [threading.Thread(target=run) for _ in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    if failures:
        sys.exit(f"a session did not do well beside hostile clients: {failures[0]!r}")
    return len(done)


def main():
    member = Member()
    with tempfile.TemporaryDirectory() as directory:
        admin = os.path.join(directory, "admin.sock")
        token = os.path.join(directory, "token")
        with open(os.open(token, os.O_CREAT | os.O_WRONLY, 0o600), "w", encoding="utf-8") as file:
            file.write(TOKEN + "\n")
        config = {
            "workers": 2, "log": {"target": "off"}, "metrics": {"listen": "tcp:127.0.0.1:0"},
            "admin": {"listen": "unix:" + admin, "token-file": token}, "dashboard": {"listen": "tcp:127.0.0.1:0"},
            "groups": {"echo": {"members": [f"tcp:127.0.0.1:{member.socket.getsockname()[1]}"],
                                "check": {"kind": "tcp", "period": "100ms"}}},
            "forwardings": [{"name": "web", "listen": "tcp:127.0.0.1:0", "connect": "group:echo"}],
        }
        path = os.path.join(directory, "config.yaml")
        with open(path, "w", encoding="utf-8") as file:
            json.dump(config, file)
        err = open(os.path.join(directory, "err"), "w+", encoding="utf-8")
        daemon = subprocess.Popen([PROGRAM, "proxy", "--config", path], stderr=err)

        def text():
            with open(err.name, encoding="utf-8") as file:
                return file.read()

        stop = threading.Event()
        try:
            eventually(lambda: daemon.poll() is not None or "records to" in text(), "the start of lastbyte")
            where = {what: ("127.0.0.1", int(port)) for what, port in
                     re.findall(r"(listening on|metrics at|dashboard at) 127.0.0.1:(\d+)", text())}
            doors = [lambda: socket.create_connection(where["metrics at"], timeout=5),
                     lambda: socket.create_connection(where["dashboard at"], timeout=5), lambda: unix(admin)]
            counts = {}
            attackers = [threading.Thread(target=attack, args=(kind, door, stop, counts), daemon=True)
                         for kind in ATTACKS for door in doors for _ in range(2)]
            for each in attackers:
                each.start()
            checks = member.silent
            os.kill(daemon.pid, signal.SIGHUP)
            everything = lambda: len(counts) == len(ATTACKS) and member.silent > checks + 10 and "reload: " in text()  # noqa: E731
            began = time.monotonic()
            played = play_all(where["listening on"], lambda: everything() or time.monotonic() > began + PATIENCE)
            assert everything(), (counts, member.silent - checks, text())
            # A scrape and an operator find their way in between.
            eventually(lambda: get(where["metrics at"], "/healthz")[0] == 200, "/healthz beside hostile clients")
            right = {"Authorization": f"Bearer {TOKEN}"}
            eventually(lambda: json.loads(get(where["dashboard at"], "/v1/status", right)[1] or "{}").get("may_administer"),
                       "an operator beside hostile clients")
            stop.set()
            for each in attackers:
                each.join()
            metrics = []
            eventually(lambda: metrics.append(get(where["metrics at"], "/metrics")) or metrics[-1][0] == 200, "a scrape")
            numbers = metrics[-1][1]
            at = f'group="echo",member="tcp:127.0.0.1:{member.socket.getsockname()[1]}"'
            wanted = {
                'lastbyte_sessions_begun_total{forwarding="web"}': played,
                f'lastbyte_sessions_ended_total{{forwarding="web",member="{at.split(chr(34))[3]}",ending="complete"}}': played,
                f'lastbyte_health_checks_total{{{at},result="failed"}}': 0,
                "lastbyte_accept_pauses_total": 0,
                "lastbyte_config_reloads_total": 1,
            }
            for series, number in wanted.items():
                if value(numbers, series) != number:
                    sys.exit(f"{series}: {value(numbers, series)} instead of {number}\n{counts}")
            print(f"{played} sessions and {member.silent - checks} health checks beside {counts}")
        finally:
            stop.set()
            status = end_of(daemon)
        if status != 0:
            sys.exit(f"lastbyte ended with {status}\n{text()}")


def unix(path):
    sock = socket.socket(socket.AF_UNIX)
    sock.settimeout(5)
    sock.connect(path)
    return sock


if __name__ == "__main__":
    main()
