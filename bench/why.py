#!/usr/bin/env python3
"""Measures how much of an early answer arrives: a server answers 2 MB and closes while the client still sends.
./dev bench why runs it.

The client connects to the server directly, or through HAProxy, nginx stream, socat or lastbyte, each with its own
defaults. They take turns within each round, and each run has a fresh proxy. There are two servers:

  closes       sends its answer and closes at once. The server's own kernel drops what it has not sent yet.
  waits        sends its answer, waits until it is acknowledged, and closes: all of it has left the server.

Both leave the rest of the upload unread, so that their close is a reset (RFC 2525, 2.17). The client is patient:
even if its sends fail, it reads until the end of the answer or an error.

A full run writes the table into docs/why.md, the figure into README.md, and docs/why.svg and docs/why.json. With
--quick or --rounds below 5 it only prints the table."""

import argparse
import ctypes
import datetime
import errno
import fcntl
import html
import json
import os
import pathlib
import platform
import re
import select
import shutil
import signal
import socket
import statistics
import struct
import subprocess
import sys
import tempfile
import termios
import textwrap
import time

sys.dont_write_bytecode = True
from processes import BenchError, libc  # noqa: E402
from systems import systems  # noqa: E402

REPOSITORY = pathlib.Path(__file__).resolve().parent.parent
FIGURES = REPOSITORY / "docs/why.json"
CLONE_NEWNET = 0x40000000
PR_SET_PDEATHSIG = 1

ANSWER = 2 * 1024 * 1024
REQUEST_READ = 16 * 1024  # read from the upload before the server answers
CHUNK = 256 * 1024
LIMIT = 20.0  # seconds, for one run
SERVERS = {"closes": "closes at once", "waits": "waits for the acknowledgement, then closes"}
SYSTEMS = ["direct", "haproxy", "nginx", "socat", "lastbyte"]
LEAST_ROUNDS = 5  # fewer rounds do not change the documents


SIOCOUTQNSD = 0x894B


def unacknowledged(connection):
    """Returns the bytes that the peer's kernel has not acknowledged (SIOCOUTQ)."""
    return struct.unpack("i", fcntl.ioctl(connection, termios.TIOCOUTQ, bytes(4)))[0]


def unsent(connection):
    """Returns the bytes that have not left this kernel."""
    return struct.unpack("i", fcntl.ioctl(connection, SIOCOUTQNSD, bytes(4)))[0]


def serve(listener, kind, report):
    """Runs in a process of its own. Writes to `report` how many bytes of the answer had left this kernel at close()."""
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    listener.settimeout(LIMIT)
    connection, _ = listener.accept()
    connection.settimeout(LIMIT)
    received = 0
    while received < REQUEST_READ:
        chunk = connection.recv(REQUEST_READ - received)
        if not chunk:
            return
        received += len(chunk)
    connection.sendall(bytes(ANSWER))
    end = time.monotonic() + LIMIT
    while kind == "waits" and unacknowledged(connection) > 0 and time.monotonic() < end:
        time.sleep(0.0002)
    left = ANSWER - unsent(connection)
    connection.close()
    os.write(report, str(left).encode())


def ask(port):
    """Uploads without end and reads. Returns the number of bytes of the answer, and how it ended."""
    connection = socket.create_connection(("127.0.0.1", port), timeout=LIMIT)
    connection.setblocking(False)
    upload, buffer = bytes(CHUNK), bytearray(CHUNK)
    received, send_error, ending = 0, None, "time limit"
    end = time.monotonic() + LIMIT
    while time.monotonic() < end:
        readable, writable, _ = select.select([connection], [] if send_error else [connection], [], end - time.monotonic())
        if writable:
            try:
                connection.send(upload)
            except BlockingIOError:
                pass
            except OSError as error:
                send_error = errno.errorcode.get(error.errno, "error")
        if readable:
            try:
                count = connection.recv_into(buffer)
            except BlockingIOError:
                continue
            except OSError as error:
                ending = errno.errorcode.get(error.errno, "error")
                break
            if count == 0:
                # The kernel reports an error once: if a send took it, the end looks like a FIN.
                ending = send_error or "FIN"
                break
            received += count
    connection.close()
    return received, ending


def measure(system, kind, directory):
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", 0))
        proxy, port = system.start(listener.getsockname()[1], directory, 100)
        try:
            listener.listen(8)
            told, report = os.pipe()
            server = os.fork()
            if server == 0:
                status = 1
                try:
                    os.close(told)
                    serve(listener, kind, report)
                    status = 0
                finally:
                    os._exit(status)
            os.close(report)
            try:
                received, ending = ask(port)
                left = os.read(told, 64)
            finally:
                os.close(told)
                os.kill(server, signal.SIGKILL)
                os.waitpid(server, 0)
        finally:
            if proxy:
                proxy.stop()
    if not left:
        raise BenchError("the server did not come to its end")
    return {"received": received, "left_the_server": int(left), "ending": ending}


def run(chosen, rounds, directory):
    results = {kind: {system.name: [] for system in chosen} for kind in SERVERS}
    for number in range(rounds):
        turn = number % len(chosen)
        for kind in SERVERS:
            for system in chosen[turn:] + chosen[:turn]:
                one = measure(system, kind, directory)
                results[kind][system.name].append(one)
                print(f"  round {number + 1:<3} server {kind:<7} {system.title:<20} received {one['received']:>9,}"
                      f" of {one['left_the_server']:>9,} that left the server, {one['ending']}", flush=True)
    return results


def summary(runs):
    received = [one["received"] for one in runs]
    lost = [max(0, one["left_the_server"] - one["received"]) for one in runs]
    return {"least": min(received), "median": int(statistics.median(received)), "most": max(received),
            "whole": sum(count == ANSWER for count in received), "lost": max(lost),
            "without_loss": sum(count == 0 for count in lost), "rounds": len(runs)}


def table(data):
    lines = []
    for kind, title in SERVERS.items():
        lines += [f"The server {title}:", "",
                  "| | bytes that arrive: least | median | most | whole answers | at most lost on the way | rounds without loss |",
                  "|---|---:|---:|---:|---:|---:|---:|"]
        for name, runs in data["results"][kind].items():
            one = summary(runs)
            lines.append(f"| {data['titles'][name]} | {one['least']:,} | {one['median']:,} | {one['most']:,} | "
                         f"{one['whole']} of {one['rounds']} | {one['lost']:,} | "
                         f"{one['without_loss']} of {one['rounds']} |")
        lines.append("")
    made = data["machine"]
    lines += [f"Measured by `./dev bench why` on {made['date']}, commit {made['commit']}, Linux {made['kernel']}, "
              f"{made['cores']} cores, over loopback; "
              f"{made['rounds']} rounds, all systems in turn. {'; '.join(made['versions'])}."]
    return "\n".join(lines)


def picture(data):
    """Draws bars from least to most with a mark at the median, one group per server."""
    left, width, row, top = 150, 520, 26, 34
    scale = width / ANSWER
    body, y = [], 16
    for kind, title in SERVERS.items():
        body.append(f'<text x="8" y="{y + 6}" font-weight="600">The server answers 2 MB and {html.escape(title)}</text>')
        y += top - 12
        for name, runs in data["results"][kind].items():
            one = summary(runs)
            begin, end, middle = (left + one[which] * scale for which in ("least", "most", "median"))
            colour = "#3b8c4b" if one["without_loss"] == one["rounds"] else "#c95a4a"
            body.append(f'<text x="{left - 8}" y="{y + 15}" text-anchor="end">{html.escape(data["titles"][name])}</text>')
            body.append(f'<rect x="{left}" y="{y + 3}" width="{width}" height="{row - 8}" fill="#eeeeee"/>')
            body.append(f'<rect x="{left}" y="{y + 3}" width="{begin - left:.1f}" height="{row - 8}" fill="{colour}"/>')
            body.append(f'<rect x="{begin:.1f}" y="{y + 3}" width="{max(end - begin, 0):.1f}" height="{row - 8}" '
                        f'fill="{colour}" fill-opacity="0.35"/>')
            body.append(f'<rect x="{middle - 1:.1f}" y="{y + 1}" width="2" height="{row - 4}" fill="#1a1a1a"/>')
            body.append(f'<text x="{left + width + 8}" y="{y + 15}">{one["whole"]} of {one["rounds"]} whole</text>')
            y += row
        y += 18
    body.append(f'<text x="8" y="{y}" fill="#555">Bytes of the answer that the client receives: full colour in every round, '
                'pale in some; the mark is the median.</text>')
    body.append(f'<text x="8" y="{y + 16}" fill="#555">Green: nothing that had left the server was lost.</text>')
    size = f'width="{left + width + 110}" height="{y + 28}"'
    return (f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="system-ui, sans-serif" font-size="13" '
            f'fill="#1a1a1a">\n<rect {size} fill="#fff"/>\n' + "\n".join(body) + "\n</svg>\n")


def readme(data):
    def of(name, kind):
        one = summary(data["results"][kind][name])
        return f"{one['whole']} of {one['rounds']}"
    text = ("A server answers 2 MB, waits until all of it was acknowledged, and closes while the client still sends. "
            f"Whole answers that arrive: without a proxy {of('direct', 'waits')}, through lastbyte "
            f"{of('lastbyte', 'waits')}, HAProxy {of('haproxy', 'waits')}, nginx {of('nginx', 'waits')}, socat "
            f"{of('socat', 'waits')}. [Why, in five minutes](docs/why.md).")
    return textwrap.fill(text, 120) + "\n\n![bytes of an early answer that arrive](docs/why.svg)"


def put_between(path, text):
    """Replaces the text between the page's two marks."""
    begin, end = "<!-- ./dev bench why writes this -->\n", "\n<!-- to here -->"
    page = path.read_text()
    if begin not in page or end not in page:
        sys.exit(f"bench: {path} has no place for the table")
    before, _, rest = page.partition(begin)
    return before + begin + text + end + rest.partition(end)[2]


def documents(data):
    """Returns the new text of each file."""
    docs = REPOSITORY / "docs"
    return {docs / "why.svg": picture(data), docs / "why.md": put_between(docs / "why.md", table(data)),
            REPOSITORY / "README.md": put_between(REPOSITORY / "README.md", readme(data))}


def check():
    """Checks that the documents agree with docs/why.json."""
    data = json.loads(FIGURES.read_text())
    for path, text in documents(data).items():
        if path.read_text() != text:
            sys.exit(f"{path} does not say what {FIGURES} holds: write it anew by ./dev bench why --render")


def render():
    for path, text in documents(json.loads(FIGURES.read_text())).items():
        path.write_text(text)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="one round: to see that it works")
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--binary", default=str(REPOSITORY / "build/release/lastbyte"))
    parser.add_argument("--render", action="store_true", help="write the documents anew from docs/why.json")
    parser.add_argument("--check", action="store_true", help="whether they say what docs/why.json holds")
    options = parser.parse_args()
    if options.render or options.check:
        return render() if options.render else check()
    rounds = 1 if options.quick else options.rounds
    if not os.access(options.binary, os.X_OK):
        sys.exit(f"bench: {options.binary} is not there: ./dev build first")
    everything = {system.name: system for system in systems(options.binary)}
    chosen = [everything[name] for name in SYSTEMS]

    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGALRM):
        signal.signal(number, lambda *_: sys.exit("bench: stopped"))
    signal.alarm(int(60 + rounds * len(SERVERS) * len(chosen) * (LIMIT + 5)))
    if os.geteuid() == 0 and libc.unshare(ctypes.c_int(CLONE_NEWNET)) == 0:
        subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    directory = tempfile.mkdtemp(prefix="lastbyte-bench-")
    try:
        results = run(chosen, rounds, directory)
    except BenchError as error:
        sys.exit(f"bench: {error}")
    finally:
        shutil.rmtree(directory, ignore_errors=True)
    git = subprocess.run(["git", "-C", REPOSITORY, "rev-parse", "--short", "HEAD"], capture_output=True, text=True)
    versions = [re.sub(r" on .*| - .*| \d{4}/.*", "", system.version()) for system in chosen if system.version()]
    data = {"machine": {"kernel": platform.release(), "cores": len(os.sched_getaffinity(0)), "rounds": rounds,
                        "date": datetime.date.today().isoformat(), "commit": git.stdout.strip(), "versions": versions},
            "titles": {system.name: system.title for system in chosen}, "answer_bytes": ANSWER, "results": results}
    print("\n" + table(data))
    if rounds < LEAST_ROUNDS:
        return
    FIGURES.write_text(json.dumps(data, indent=1) + "\n")
    render()


if __name__ == "__main__":
    main()
