"""lastbyte top on a (pseudo) terminal, the lastbyte that it watches, and an upstream. The program is the last argument."""

import fcntl
import os
import pty
import select
import socket
import struct
import subprocess
import sys
import termios
import threading
import time

import pyte

PROGRAM = sys.argv.pop()
PATIENCE = 60


def eventually(condition, what):
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if condition():
            return
        time.sleep(0.02)
    raise AssertionError(what() if callable(what) else what)


class Upstream:
    """Accepts and reads until the end; never says anything, never closes first."""

    def __init__(self):
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.port = self.listening.getsockname()[1]
        self.clients = []
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                client, _ = self.listening.accept()
            except OSError:
                return
            self.clients.append(client)
            threading.Thread(target=self.drain, args=(client,), daemon=True).start()

    @staticmethod
    def drain(client):
        try:
            while client.recv(65536):
                pass
        except OSError:
            pass

    def close(self):
        self.listening.close()
        for client in self.clients:
            client.close()


class Daemon:
    def __init__(self, upstream, admin, name="web"):
        self.process = subprocess.Popen(
            [PROGRAM, "proxy", "--listen", "tcp:127.0.0.1:0", "--connect", f"tcp:127.0.0.1:{upstream.port}", "--name",
             name, "--admin-listen", "unix:" + admin, "--workers", "1", "--drain", "0s"],
            stderr=subprocess.PIPE, text=True)
        for line in self.process.stderr:
            if " listening on " in line:
                self.port = int(line.split(" -> ")[0].split()[-1].rsplit(":", 1)[1])
            if " records to " in line:
                break
        eventually(lambda: os.path.exists(admin), "no administration")
        self.records = threading.Thread(target=lambda: [None for _ in self.process.stderr], daemon=True)
        self.records.start()

    def connect(self):
        return socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE)

    def stop(self):
        self.process.terminate()
        self.process.wait(PATIENCE)
        self.records.join()
        self.process.stderr.close()


class Top:
    """The program on a terminal of its own, whose screen a thread keeps."""

    def __init__(self, admin, columns=80, lines=24, term="xterm", interval="200ms", arguments=()):
        self.screen = pyte.Screen(columns, lines)
        self.stream = pyte.ByteStream(self.screen)
        self.raw = b""
        self.lock = threading.Lock()
        self.master, self.slave = pty.openpty()
        self.size(columns, lines)
        self.before = termios.tcgetattr(self.slave)
        environment = {**os.environ, "TERM": term, "LC_ALL": "C.UTF-8"}
        self.process = subprocess.Popen(
            [PROGRAM, "top", "--socket", admin, "--interval", interval, *arguments], stdin=self.slave, stdout=self.slave,
            stderr=subprocess.PIPE, env=environment, start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))
        self.reading = True
        self.thread = threading.Thread(target=self.read, daemon=True)
        self.thread.start()

    def read(self):
        while self.reading:
            if not select.select([self.master], [], [], 0.1)[0]:
                continue
            try:
                got = os.read(self.master, 65536)
            except OSError:
                return
            with self.lock:
                self.raw += got
                self.stream.feed(got)

    def size(self, columns, lines):
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))

    def resize(self, columns, lines):
        with self.lock:
            self.screen.resize(lines, columns)
        self.size(columns, lines)  # the kernel sends SIGWINCH

    def lines(self):
        with self.lock:
            return list(self.screen.display)

    def text(self):
        return "\n".join(line.rstrip() for line in self.lines())

    def rows(self):
        lines = self.lines()
        heading = [index for index, line in enumerate(lines) if " CLIENT" in line]
        return [line for line in lines[heading[0] + 1:-1] if line.strip()] if heading else []

    def press(self, keys):
        os.write(self.master, keys.encode())

    def shows(self, *texts):
        eventually(lambda: all(each in self.text() for each in texts), lambda: f"{texts} not in:\n{self.text()}")

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(PATIENCE)
        self.process.stderr.close()
        self.reading = False
        self.thread.join()
        os.close(self.master)
        os.close(self.slave)
