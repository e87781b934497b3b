#!/usr/bin/env python3
"""Sessions of every kind, whose peers count what they sent, read and saw: records, metrics, the interface and the stream
of events of a running lastbyte agree with the peers and with each other, number by number.

usage: numbers_test.py LASTBYTE [SESSIONS [SEED]]    default: 800
"""

import collections
import http.client
import json
import os
import random
import re
import socket
import subprocess
import sys
import tempfile
import threading

sys.dont_write_bytecode = True
from comparison import Facts, by, compare, ending, tally  # noqa: E402
from running import PATIENCE, ask, end_of, eventually, reset  # noqa: E402

PROGRAM = sys.argv[1]
SESSIONS = int(sys.argv[2]) if len(sys.argv) > 2 else 800
SEED = int(sys.argv[3]) if len(sys.argv) > 3 else 1
PLAYERS = 8
SILENCE = "1s"              # ends a session; longer than a busy machine holds up an exchange


def read(sock, size):
    """Exactly so many bytes."""
    got = 0
    while got < size:
        part = sock.recv(min(size - got, 65536))
        assert part, f"an end after {got} of {size} bytes"
        got += len(part)


def read_to_end(sock):
    """How many bytes, and whether the end was a reset."""
    got = 0
    try:
        while part := sock.recv(65536):
            got += len(part)
    except (ConnectionResetError, BrokenPipeError):
        return got, True
    return got, False


class Player(threading.Thread):
    """Plays both peers of one session after the other, on forwardings of its own."""

    def __init__(self, number, sessions, facts):
        super().__init__(daemon=True)
        self.number = number
        self.sessions = sessions
        self.facts = facts
        self.random = random.Random(SEED * 1000 + number)
        self.upstream = socket.create_server(("127.0.0.1", 0))
        self.upstream.settimeout(PATIENCE)
        self.nobody = socket.socket()
        self.nobody.bind(("127.0.0.1", 0))      # bound and not listening: connections are refused
        self.datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.datagrams.bind(("127.0.0.1", 0))
        self.datagrams.settimeout(PATIENCE)
        self.lanes = {}                         # kind of forwarding: where it listens
        self.failure = None
        self.admin = None

    def name(self, kind):
        return f"{kind}-{self.number}"

    def groups(self):
        live = f"tcp:127.0.0.1:{self.upstream.getsockname()[1]}"
        dead = f"tcp:127.0.0.1:{self.nobody.getsockname()[1]}"
        return {self.name("group"): {"policy": "first", "members": [dead, live]}}

    def forwardings(self):
        live = f"tcp:127.0.0.1:{self.upstream.getsockname()[1]}"
        dead = f"tcp:127.0.0.1:{self.nobody.getsockname()[1]}"
        udp = f"udp:127.0.0.1:{self.datagrams.getsockname()[1]}"
        kinds = {
            "plain": {"connect": live},
            "dead": {"connect": dead},
            "idle": {"connect": live, "limits": {"idle": SILENCE}},
            "greeted": {"connect": live, "client": {"proxy-protocol": "required"}},
            "denied": {"connect": live, "client": {"deny": ["127.0.0.0/8"]}},
            "alone": {"connect": live, "max-sessions-per-client": 1},
            "tried": {"connect": "group:" + self.name("group"), "retry": {"retry-on": "connect-failure"}},
            "udp": {"listen": "udp:127.0.0.1:0", "connect": udp, "limits": {"datagram-idle": SILENCE}},
        }
        return [{"name": self.name(kind), "listen": "tcp:127.0.0.1:0", **rest} for kind, rest in kinds.items()]

    def connect(self, kind):
        client = socket.create_connection(self.lanes[kind], timeout=PATIENCE)
        client.settimeout(PATIENCE)
        return client

    def pair(self, kind):
        client = self.connect(kind)
        upstream, _ = self.upstream.accept()
        upstream.settimeout(PATIENCE)
        return client, upstream

    def size(self):
        return self.random.choice([1, 100, 5000, 70_000, 300_000])

    def exchange(self, client, upstream, request, answer):
        """Bytes both ways, all of which have arrived."""
        sender = threading.Thread(target=client.sendall, args=(b"q" * request,))
        sender.start()
        read(upstream, request)
        sender.join()
        sender = threading.Thread(target=upstream.sendall, args=(b"a" * answer,))
        sender.start()
        read(client, answer)
        sender.join()

    # Each kind of session.

    def complete(self, kind="plain", retries=0):
        n, m = self.size(), self.size()
        client, upstream = self.pair(kind)
        self.exchange(client, upstream, n, m)
        first, second = (client, upstream) if self.random.random() < 0.5 else (upstream, client)
        first.shutdown(socket.SHUT_WR)
        assert read_to_end(second) == (0, False)
        late = self.size()                      # the other direction is still open
        sender = threading.Thread(target=second.sendall, args=(b"l" * late,))
        sender.start()
        read(first, late)
        sender.join()
        second.shutdown(socket.SHUT_WR)
        assert read_to_end(first) == (0, False)
        client.close()
        upstream.close()
        n, m = (n, m + late) if first is client else (n + late, m)
        self.facts.session(self.name(kind), "complete", (n, n), (m, m), retries=retries)

    def retried(self):
        self.complete("tried", retries=1)

    def resets(self, by_client):
        n, m = self.size(), self.size()
        client, upstream = self.pair("plain")
        self.exchange(client, upstream, n, m)
        sender, other = (client, upstream) if by_client else (upstream, client)
        reset(sender)
        assert read_to_end(other) == (0, True), "a reset is passed on"
        other.close()
        self.facts.session(self.name("plain"), "reset_by_client" if by_client else "reset_by_upstream", (n, n), (m, m), resets=1)

    def reset_by_client(self):
        self.resets(True)

    def reset_by_upstream(self):
        self.resets(False)

    def refuses(self, by_client):
        """One side closes whole and is sent more: its kernel refuses that."""
        n, m, more = self.size(), self.size(), self.random.choice([1, 1000])
        client, upstream = self.pair("plain")
        self.exchange(client, upstream, n, m)
        gone, other = (client, upstream) if by_client else (upstream, client)
        gone.close()
        assert read_to_end(other) == (0, False)
        other.sendall(b"m" * more)
        other.shutdown(socket.SHUT_WR)
        was_reset = closed_by_reset(other)
        other.close()
        counts = ((n, n), (m + more, m)) if by_client else ((n + more, n), (m, m))
        self.facts.session(self.name("plain"), "refused_by_client" if by_client else "refused_by_upstream", *counts,
                           resets=1 if was_reset else 0)

    def refused_by_client(self):
        self.refuses(True)

    def refused_by_upstream(self):
        self.refuses(False)

    def unreachable(self):
        was_reset = self.is_turned_away("dead")
        self.facts.session(self.name("dead"), "unreachable", (0, 0), (0, 0), resets=1 if was_reset else 0)

    def limit(self):
        n = self.size()
        client, upstream = self.pair("idle")
        self.exchange(client, upstream, n, 1)
        resets = sum(read_to_end(each)[1] for each in (client, upstream))
        client.close()
        upstream.close()
        self.facts.session(self.name("idle"), "limit", (n, n), (1, 1), resets=resets)

    def rejected(self):
        client = self.connect("greeted")
        client.sendall(b"no header at all\r\n")
        _, was_reset = read_to_end(client)
        assert was_reset
        client.close()
        with self.facts.mutex:
            self.facts.refused[self.name("greeted"), "proxy_header"] += 1
        self.facts.session(self.name("greeted"), "rejected", (0, 0), (0, 0), resets=1)

    def denied(self):
        self.turned_away("denied", "denied")

    def turned_away(self, kind, cause):
        assert self.is_turned_away(kind)
        with self.facts.mutex:
            self.facts.refused[self.name(kind), cause] += 1

    def is_turned_away(self, kind):
        """Whether by a reset."""
        try:
            client = self.connect(kind)
        except ConnectionResetError:
            return True                         # so early that connect() itself saw it
        got, was_reset = read_to_end(client)
        assert got == 0
        client.close()
        return was_reset

    def over_limit(self):
        client, upstream = self.pair("alone")
        self.exchange(client, upstream, 1, 1)
        self.turned_away("alone", "over_limit")
        client.shutdown(socket.SHUT_WR)
        assert read_to_end(upstream) == (0, False)
        upstream.close()
        assert read_to_end(client) == (0, False)
        client.close()
        self.facts.session(self.name("alone"), "complete", (1, 1), (1, 1))
        name = self.name("alone")
        eventually(lambda: self.open_sessions(name) == 0, "the place of the only client is free")

    def stopped(self):
        n, m = self.size(), self.size()
        client, upstream = self.pair("plain")
        self.exchange(client, upstream, n, m)
        port = client.getsockname()[1]
        _, body = ask(self.admin, "GET", f"/v1/sessions?client=127.0.0.1:{port}&forwarding={self.name('plain')}")
        found = json.loads(body)["sessions"]
        assert len(found) == 1, found
        flows = found[0]["flows"]
        assert (flows["client"]["received"], flows["upstream"]["received"]) == (n, m), flows
        assert (flows["client"]["sent"], flows["upstream"]["sent"]) == (n, m), flows
        status, _ = ask(self.admin, "POST", f"/v1/sessions/{found[0]['id']}/reset")
        assert status == 204
        assert [read_to_end(each)[1] for each in (client, upstream)] == [True, True]
        client.close()
        upstream.close()
        self.facts.session(self.name("plain"), "stopped", (n, n), (m, m), resets=2)

    def udp(self):
        client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        client.settimeout(PATIENCE)
        client.connect(self.lanes["udp"])
        asked, size = self.random.randint(1, 5), self.random.randint(1, 1000)
        for _ in range(asked):                  # one at a time: none is lost for want of room
            client.send(b"d" * size)
            data, at = self.datagrams.recvfrom(2000)
            assert len(data) == size
            self.datagrams.sendto(b"e" * (size + 1), at)
            assert len(client.recv(2000)) == size + 1
        name = self.name("udp")
        with self.facts.mutex:
            self.facts.datagrams[name, "client"] += asked
            self.facts.datagrams[name, "upstream"] += asked
        self.facts.session(name, "complete", (asked * size, asked * size), (asked * (size + 1),) * 2)
        # The port stays taken until lastbyte has ended the session, so that no other client takes it over.
        eventually(lambda: self.open_sessions(name) == 0, "the session of datagrams ends by silence")
        client.close()

    def open_sessions(self, name):
        return json.loads(ask(self.admin, "GET", f"/v1/sessions?forwarding={name}")[1])["matched"]

    KINDS = [(complete, 20), (retried, 6), (reset_by_client, 8), (reset_by_upstream, 8), (refused_by_client, 6),
             (refused_by_upstream, 6), (unreachable, 6), (limit, 2), (rejected, 4), (denied, 4), (over_limit, 3), (stopped, 3),
             (udp, 1)]

    def run(self):
        try:
            first = [kind for kind, _ in self.KINDS]
            kinds, weights = zip(*self.KINDS)
            for number in range(self.sessions):
                kind = first[number] if number < len(first) else self.random.choices(kinds, weights)[0]
                kind(self)
        except BaseException as failure:        # pylint: disable=broad-except
            self.failure = (kind.__name__, number, failure)
            raise


def closed_by_reset(sock):
    """Waits until a connection is closed both ways, of which nothing can be read any more, and says how."""
    eventually(lambda: sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0] == 7, "the end of a connection")  # TCP_CLOSE
    return sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) != 0


def start(directory, players):
    records = os.path.join(directory, "records.json")
    admin = os.path.join(directory, "admin.sock")
    config = {
        "workers": 2, "log": {"target": records, "format": "json"}, "metrics": {"listen": "tcp:127.0.0.1:0"},
        "admin": {"listen": "unix:" + admin}, "groups": {},
        "forwardings": [each for player in players for each in player.forwardings()],
    }
    for player in players:
        config["groups"].update(player.groups())
        player.admin = admin
    path = os.path.join(directory, "config.yaml")
    with open(path, "w", encoding="utf-8") as file:
        json.dump(config, file)                 # JSON is YAML
    err = open(os.path.join(directory, "err"), "w+", encoding="utf-8")
    daemon = subprocess.Popen([PROGRAM, "proxy", "--config", path], stderr=err)

    def text():
        with open(err.name, encoding="utf-8") as file:
            return file.read()

    def started():
        if daemon.poll() is not None:
            sys.exit(text())
        return "records to" in text() and json.loads(ask(admin, "GET", "/v1/status")[1])["ready"]

    eventually(started, "the start of lastbyte")
    for each in json.loads(ask(admin, "GET", "/v1/forwardings")[1]):
        kind, number = each["name"].rsplit("-", 1)
        host, port = each["listen"][0].rsplit(":", 1)
        players[int(number)].lanes[kind] = (host, int(port))
    metrics = re.search(r"metrics at ([0-9.]+):(\d+)", text())
    return daemon, admin, records, (metrics[1], int(metrics[2])), text


class Events(threading.Thread):
    """Counts what the stream tells, and never falls behind."""

    def __init__(self, admin):
        super().__init__(daemon=True)
        self.counts = collections.Counter()
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(admin)
        self.sock.sendall(b"GET /v1/events HTTP/1.1\r\nHost: localhost\r\n\r\n")
        self.file = self.sock.makefile("rb")
        while self.file.readline() != b"\r\n":
            pass
        # The first event of a session that ends shows that the stream is followed.

    def run(self):
        for line in self.file:
            event = json.loads(line)
            self.counts[event["event"]] += event.get("count", 1)


def scrape(at):
    connection = http.client.HTTPConnection(*at, timeout=PATIENCE)
    connection.request("GET", "/metrics")
    text = connection.getresponse().read().decode()
    connection.close()
    series = {}
    for line in text.splitlines():
        if line and line[0] != "#":
            name, value = line.rsplit(" ", 1)
            family, labels = name.split("{", 1) if "{" in name else (name, "}")
            series[family, tuple(sorted(re.findall(r'(\w+)="((?:[^"\\]|\\.)*)"', labels)))] = float(value)
    return series


def main():
    facts = Facts()
    players = [Player(number, SESSIONS // PLAYERS, facts) for number in range(PLAYERS)]
    with tempfile.TemporaryDirectory() as directory:
        daemon, admin, path, metrics, err = start(directory, players)
        try:
            events = Events(admin)
            events.start()
            for each in players:
                each.start()
            for each in players:
                each.join()
            if failed := [each.failure for each in players if each.failure]:
                sys.exit(f"{failed}\n{err()}")
            eventually(lambda: not by(scrape(metrics), "lastbyte_sessions", "forwarding"), "the end of all sessions")
            expected = sum(facts.sessions.values())

            def lines():
                with open(path, encoding="utf-8") as file:
                    return file.read().splitlines()

            eventually(lambda: len(lines()) >= expected, f"{expected} records")
            eventually(lambda: events.counts["session_ended"] + events.counts["dropped"] >= expected, "the last event")
            records = [json.loads(line) for line in lines()]
            series = scrape(metrics)
            forwardings = json.loads(ask(admin, "GET", "/v1/forwardings")[1])
            comparison = compare(facts, records, series, forwardings, events.counts)
            if comparison.wrong:
                sys.exit("\n".join(comparison.wrong[:40]) + f"\n{len(comparison.wrong)} of {comparison.compared} numbers differ")
            print(f"{expected} sessions and {sum(facts.refused.values())} refused clients; {comparison.compared} pairs of numbers agree: "
                  f"{dict(tally(records, ending))}")
        finally:
            status = end_of(daemon)
        if status != 0:
            sys.exit(f"lastbyte ended with {status}\n{err()}")


if __name__ == "__main__":
    main()
