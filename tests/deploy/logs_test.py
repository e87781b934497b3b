#!/usr/bin/env python3
"""Tests deploy/logs: logrotate and rsyslog take the snippets, and a rotation loses no record.

usage: logs_test.py ROOT LASTBYTE    exit status 77 where logrotate or rsyslogd is not installed
"""

import os
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time

PATH = os.environ["PATH"] + ":/usr/sbin:/sbin"
PATIENCE_SECONDS = 60


def run(*command):
    got = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "PATH": PATH})
    if got.returncode != 0 or "error:" in got.stderr:
        sys.exit(f"{' '.join(map(str, command))}\n{got.stdout}{got.stderr}")
    return got.stdout + got.stderr


def until(condition, what):
    end = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        if time.monotonic() > end:
            sys.exit(f"never: {what}")
        time.sleep(0.01)


def serve(listening):
    """Reads each client to its FIN, then sends a FIN."""
    while True:
        try:
            client, _ = listening.accept()
        except OSError:
            return
        with client:
            while client.recv(4096):
                pass


def sessions(port, count):
    for _ in range(count):
        with socket.create_connection(("127.0.0.1", port)) as client:
            client.shutdown(socket.SHUT_WR)
            while client.recv(4096):
                pass


def rotate_under_load(snippet, lastbyte, directory):
    """Rotates a log under load. The snippet is the shipped one except for its paths, its way to signal, and compression."""
    logs = directory / "logs"
    logs.mkdir(mode=0o750)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        threading.Thread(target=serve, args=(listening,), daemon=True).start()
        upstream = listening.getsockname()[1]
        with open(directory / "err", "w", encoding="utf-8") as err:
            proxy = subprocess.Popen([lastbyte, "proxy", "--listen", "tcp:127.0.0.1:0", "--connect",
                                      f"tcp:127.0.0.1:{upstream}", "--log-target", logs / "records.log",
                                      "--admin-listen", "none"], stderr=err)
        try:
            said = lambda: (directory / "err").read_text(encoding="utf-8")
            until(lambda: "records to " in said(), "lastbyte is up")
            port = int(re.search(r"listening on 127\.0\.0\.1:(\d+)", said()).group(1))
            text = snippet.replace("/var/log/lastbyte", str(logs))
            text, signals = re.subn(r"systemctl kill .*--signal=SIG(\w+) lastbyte\.service",
                                    rf"kill -s \1 {proxy.pid}", text)
            if signals != 1:
                sys.exit("the snippet has no signal for lastbyte")
            config = directory / "logrotate.conf"
            config.write_text(text, encoding="utf-8")
            config.chmod(0o644)
            before, during, after = 50, 400, 50
            sessions(port, before)
            until(lambda: (logs / "records.log").stat().st_size > 0, "a record")
            client = threading.Thread(target=sessions, args=(port, during))
            client.start()
            run("logrotate", "--force", "--state", directory / "state", config)
            client.join()
            until((logs / "records.log").exists, "the new file")
            sessions(port, after)
            files = list(logs.iterdir())
            if len(files) != 2:
                sys.exit(f"after a rotation there are {files}")
            ids = lambda: sorted(int(line.split()[1][1:]) for file in files
                                 for line in file.read_text(encoding="utf-8").splitlines())
            until(lambda: len(ids()) >= before + during + after, "all records")
            if ids() != list(range(1, before + during + after + 1)):
                sys.exit("records are lost or doubled")
            if (logs / "records.log").stat().st_mode & 0o777 != 0o640:
                sys.exit("the new file has another mode")
        finally:
            proxy.terminate()
            if proxy.wait() != 0:
                sys.exit(f"lastbyte ended with {proxy.returncode}")


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    here = pathlib.Path(sys.argv[1]) / "deploy/logs"
    if not shutil.which("logrotate", path=PATH) or not shutil.which("rsyslogd", path=PATH):
        print("logrotate or rsyslogd is not installed")
        sys.exit(77)
    with tempfile.TemporaryDirectory() as name:
        directory = pathlib.Path(name)
        plain = directory / "plain"
        shutil.copy(here / "lastbyte.logrotate", plain)
        plain.chmod(0o644)
        run("logrotate", "--debug", "--state", directory / "state", plain)
        run("rsyslogd", "-N1", "-f", here / "lastbyte.rsyslog.conf")
        rotate_under_load((here / "lastbyte.logrotate").read_text(encoding="utf-8"), sys.argv[2], directory)


if __name__ == "__main__":
    main()
