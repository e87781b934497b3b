"""What tests of a running lastbyte share: its UNIX socket, waiting, and its end."""

import http.client
import signal
import socket
import struct
import subprocess
import sys
import time

PATIENCE = 20


class Unix(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost", timeout=PATIENCE)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(PATIENCE)
        self.sock.connect(self.path)


def ask(path, method, target):
    connection = Unix(path)
    connection.request(method, target)
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return answer.status, body


def eventually(condition, what):
    end = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > end:
            sys.exit(f"not in {PATIENCE} s: {what}")
        time.sleep(0.002)


def reset(sock):
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()


def end_of(daemon):
    """Its status after SIGTERM; nothing is left behind."""
    daemon.send_signal(signal.SIGTERM)
    try:
        return daemon.wait(PATIENCE)
    except subprocess.TimeoutExpired:
        daemon.kill()
        return f"none, {PATIENCE} s after SIGTERM"
