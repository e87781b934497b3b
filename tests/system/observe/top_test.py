#!/usr/bin/env python3
"""lastbyte top on a real (pseudo) terminal, before a real lastbyte: what its user sees and what his keys do.

usage: top_test.py LASTBYTE
"""

import contextlib
import json
import os
import pty
import select
import signal
import socket
import subprocess
import sys
import tempfile
import termios
import threading
import time
import unittest

sys.dont_write_bytecode = True
from terminal import PATIENCE, PROGRAM, Daemon, Top, Upstream, eventually  # noqa: E402


class TopTest(unittest.TestCase):
    def setUp(self):
        self.directory = tempfile.TemporaryDirectory()
        self.addCleanup(self.directory.cleanup)
        self.admin = os.path.join(self.directory.name, "admin.sock")
        self.upstream = Upstream()
        self.addCleanup(self.upstream.close)
        self.daemon = Daemon(self.upstream, self.admin)
        self.addCleanup(lambda: self.daemon.stop())

    def top(self, **options):
        top = Top(self.admin, **options)
        self.addCleanup(top.close)
        return top

    def clients(self, count):
        clients = [self.daemon.connect() for _ in range(count)]
        for client in clients:
            self.addCleanup(client.close)
            client.sendall(b"hello")
        return clients

    def test_it_sorts_and_resets_the_session_that_was_meant_after_a_question(self):
        clients = self.clients(3)
        clients[1].shutdown(socket.SHUT_WR)
        top = self.top()
        top.shows("3 sessions  ", "sort rate  1-3 of 3", "half_closed")
        top.press("h")
        top.shows("sort half-close", "HALF")
        eventually(lambda: "half_closed" in top.rows()[0], top.text)
        address = "127.0.0.1:%d" % clients[1].getsockname()[1]
        self.assertIn(address, top.rows()[0])
        top.press("x")
        top.shows("? y/n", address)
        top.press("n")
        top.shows("nothing was done", "3 sessions  ")
        top.press("xy")
        top.shows("2 sessions  ")
        self.assertNotIn("half_closed", top.text())
        with self.assertRaises(ConnectionResetError):
            while clients[1].recv(100):
                pass
        top.press("q")
        self.assertEqual(top.process.wait(PATIENCE), 0)

    def test_rates_are_of_this_moment(self):
        clients = self.clients(2)
        stop = threading.Event()

        def talk():
            while not stop.is_set():
                clients[0].sendall(b"x" * 10000)
                stop.wait(0.01)
        talker = threading.Thread(target=talk)
        talker.start()
        try:
            top = self.top()
            address = "127.0.0.1:%d" % clients[0].getsockname()[1]
            eventually(lambda: top.rows() and address in top.rows()[0] and "k " in top.rows()[0], top.text)
            top.shows("from clients ")
        finally:
            stop.set()
            talker.join()
        eventually(lambda: "k " not in top.rows()[0], top.text)

    def test_a_filter_pages_and_help(self):
        clients = self.clients(30)
        top = self.top(lines=12)
        top.shows("1-6 of 30")
        top.press("G")
        top.shows("25-30 of 30")
        top.press("g")
        top.shows("1-6 of 30")
        port = str(clients[7].getsockname()[1])
        top.press(f"/127.0.0.1:{port}\r")
        top.shows("1-1 of 1", "filter 127.0.0.1:" + port)
        top.press("\x1b")
        top.shows("1-6 of 30")
        top.press("/state=wrong\r")
        top.shows("expected connecting, open, half_closed")
        top.press("\x1b")
        top.press("?")
        top.shows("Any key returns")
        top.press("q")
        top.shows("1-6 of 30")

    def test_it_follows_the_size_of_its_terminal(self):
        self.clients(3)
        top = self.top()
        top.shows("UPSTREAM")
        top.resize(40, 10)
        eventually(lambda: top.lines()[9].startswith("? help") and "UPSTREAM" not in top.text(), top.text)
        eventually(lambda: len(top.rows()) == 3, top.text)
        top.resize(8, 2)
        top.resize(1, 1)
        top.resize(200, 50)
        top.shows("DEADLINE", "FORWARDING", "web")

    def test_an_instance_that_goes_and_comes_back_is_found_again(self):
        self.clients(1)
        top = self.top()
        top.shows("1 session  ")
        self.daemon.stop()
        top.shows("trying again")
        self.daemon = Daemon(self.upstream, self.admin, "other")
        top.shows("0 sessions  ")
        self.assertNotIn("trying again", top.text())

    def test_an_order_does_not_reach_a_session_of_that_number_in_another_run(self):
        self.clients(1)
        top = self.top(interval="1m")
        top.shows("1 session  ")
        top.press("x")
        top.shows("Reset session 1? y/n")
        self.daemon.stop()
        self.daemon = Daemon(self.upstream, self.admin)
        client, = self.clients(1)
        sessions = [PROGRAM, "sessions", "--socket", self.admin]
        eventually(lambda: subprocess.run(sessions, capture_output=True, text=True).stdout.count("\n") == 2, "no session 1")
        top.press("y")
        top.shows("nothing was done, because lastbyte was restarted")
        ctl = [PROGRAM, "ctl", "--socket", self.admin, "--instance"]
        wrong = subprocess.run([*ctl, "another", "reset", "1"], capture_output=True, text=True)
        self.assertEqual(wrong.returncode, 1)
        self.assertIn("is for the instance 'another'", wrong.stderr)
        self.assertEqual(subprocess.run([*ctl, "another", "session", "1"], capture_output=True).returncode, 2)
        self.assertEqual(select.select([client], [], [], 0)[0], [], "the session goes on")
        listed = json.loads(subprocess.run([*sessions, "--json"], capture_output=True, text=True).stdout)
        self.assertEqual(subprocess.run([*ctl, listed["instance"], "reset", "1"]).returncode, 0)
        with self.assertRaises(ConnectionResetError):
            client.recv(100)

    def test_the_terminal_is_as_before_after_ctrl_c_and_a_stop(self):
        for ends in ("\x03", signal.SIGTERM, signal.SIGHUP, "q"):
            top = self.top()
            top.shows("0 sessions  ")
            self.assertNotEqual(termios.tcgetattr(top.slave)[3], top.before[3])
            if isinstance(ends, str):
                top.press(ends)
            else:
                top.process.send_signal(ends)
            self.assertEqual(top.process.wait(PATIENCE), 0)
            self.assertEqual(termios.tcgetattr(top.slave), top.before)
            eventually(lambda: b"\x1b[?1049l" in top.raw, "the screen of before is not back")
            self.assertIn(b"\x1b[?25h", top.raw.split(b"\x1b[?1049h")[1] + b"\x1b[?12l\x1b[?25h")

    def test_a_terminal_that_is_gone_ends_it(self):
        top = self.top()
        top.shows("0 sessions  ")
        top.reading = False
        top.thread.join()
        os.close(top.master)
        os.close(top.slave)
        top.process.wait(PATIENCE)
        top.master, top.slave = pty.openpty()

    def test_terminals_that_cannot_show_it_are_told(self):
        for term, why in (("dumb", "cannot move its cursor"), ("nonesuch", "not known"), ("", "TERM=''")):
            top = self.top(term=term)
            self.assertEqual(top.process.wait(PATIENCE), 2, term)
            message = top.process.stderr.read().decode()
            self.assertIn(why, message)
            self.assertIn("--once", message)
            self.assertEqual(message.count("\n"), 1)
        for term in ("vt100", "linux", "screen", "xterm-256color", "xterm-mono"):
            if subprocess.run(["infocmp", term], capture_output=True).returncode == 0:
                self.top(term=term).shows("0 sessions  ")

    def test_without_a_terminal_text_is_to_be_asked_for(self):
        clients = self.clients(2)
        refused = subprocess.run([PROGRAM, "top", "--socket", self.admin], stdin=subprocess.DEVNULL,
                                 capture_output=True, text=True, timeout=PATIENCE)
        self.assertEqual(refused.returncode, 2)
        self.assertIn("expected a terminal, or --batch or --once", refused.stderr)
        once = subprocess.run([PROGRAM, "top", "--socket", self.admin, "--once", "--interval", "100ms"],
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=PATIENCE)
        self.assertEqual(once.returncode, 0, once.stderr)
        self.assertIn("begun 0.0/s", once.stdout)
        for client in clients:
            self.assertIn(" 127.0.0.1:%d " % client.getsockname()[1], once.stdout)
        twice = subprocess.run([PROGRAM, "top", "--socket", self.admin, "--count", "2", "--interval", "100ms", "--sort",
                                "age", "--filter", "state=lingering"],
                               capture_output=True, text=True, timeout=PATIENCE)
        self.assertEqual(twice.stdout.count("sort age  0-0 of 0  filter state=lingering"), 2, twice.stdout)
        with open("/dev/full", "w") as full:
            lost = subprocess.run([PROGRAM, "top", "--socket", self.admin, "--batch", "--interval", "100ms"],
                                  stdout=full, stderr=subprocess.PIPE, text=True, timeout=PATIENCE)
        self.assertEqual(lost.returncode, 1)
        self.assertIn("write to standard output", lost.stderr)

    def test_wrong_words_are_told(self):
        for arguments, expected in ((["--sort", "x"], "--sort: 'x': expected rate, half-close"),
                                    (["--interval", "1"], "--interval: '1': "),
                                    (["--count", "0"], "--count: '0': ")):
            wrong = subprocess.run([PROGRAM, "top", *arguments], capture_output=True, text=True, timeout=PATIENCE)
            self.assertEqual(wrong.returncode, 2)
            self.assertIn(expected, wrong.stderr)


class FakeTest(unittest.TestCase):
    """Servers that are none."""

    def serve(self, play):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        path = os.path.join(directory.name, "admin.sock")
        listening = socket.socket(socket.AF_UNIX)
        listening.bind(path)
        listening.listen(16)
        self.addCleanup(listening.close)

        def accept():
            while True:
                try:
                    client, _ = listening.accept()
                except OSError:
                    return
                threading.Thread(target=play, args=(client,), daemon=True).start()
        threading.Thread(target=accept, daemon=True).start()
        return path

    def test_keys_work_while_the_instance_is_silent(self):
        status = {"version": "9", "pid": 1, "instance": "then", "uptime_us": 5, "ready": True, "workers": [{"sessions": 1}],
                  "forwardings": []}
        flow = {"received": 0, "unacknowledged": 0}
        sessions = {"instance": "then", "matched": 1, "sessions": [{
            "id": 4711, "forwarding": "\x1b[31m", "state": "open", "client": "unix:/転送\n/\u0301\udcff", "upstream": None,
            "age_us": 5, "idle_us": -5, "half_close_age_us": None, "deadline": "idle", "fires_in_us": 2**62,
            "flows": {"client": flow, "upstream": flow}}]}
        answered = []

        def play(client):
            asked = client.recv(65536)
            if len(answered) < 2:
                answered.append(asked)
                body = json.dumps(status if b"/v1/status" in asked else sessions).replace("\\udcff", "")
                client.sendall(b"HTTP/1.1 200 OK\r\n\r\n" + body.encode())
                client.close()
            else:
                client.recv(1)  # never
        top = Top(self.serve(play), columns=120)
        self.addCleanup(top.close)
        top.shows("lastbyte 9  1 session  ready", "4711", "unix:/転")
        eventually(lambda: len(answered) >= 2, "not asked")
        time.sleep(0.5)  # the next question is under way
        top.press("?")
        top.shows("Any key returns")
        top.press("q/47")
        top.shows("filter: 47_")
        top.press("\x03")
        self.assertEqual(top.process.wait(PATIENCE), 0)

    def once(self, path):
        return subprocess.run([PROGRAM, "top", "--socket", path, "--once", "--interval", "100ms"],
                              capture_output=True, text=True, timeout=PATIENCE)

    def test_garbage_is_one_message(self):
        for answer in (b"", b"SSH-2.0-OpenSSH_9.2\r\n", b"HTTP/1.1 200 OK\r\n\r\n{}", b"HTTP/1.1 200 OK\r\n\r\n\xff\x00",
                       b"HTTP/1.1 503 Busy\r\n\r\n" + b"\x1b[2J" * 1000, b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{",
                       b"HTTP/1.1 200 OK\r\n\r\n" + b"[" * 100000):
            def play(client):
                with client, contextlib.suppress(OSError):  # it may have left by itself
                    client.recv(65536)
                    client.sendall(answer)
            result = self.once(self.serve(play))
            self.assertEqual(result.returncode, 2, answer[:60])
            self.assertEqual(result.stdout, "")
            self.assertEqual(result.stderr.count("\n"), 1, result.stderr)
            self.assertNotIn("\x1b", result.stderr)


if __name__ == "__main__":
    unittest.main()
